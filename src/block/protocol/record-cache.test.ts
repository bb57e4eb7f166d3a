import { describe, expect, it } from 'vitest';
import { RECORD } from '../store/disk-file.ts';
import { CACHED_RECORDS, RecordCache } from './record-cache.ts';

/** How many records of a range are there. */
function count(cache: RecordCache, first: number, end: number): number {
  let there = 0;
  for (let index = first; index < end; index++) if (cache.get(index)) there++;
  return there;
}

describe('the cache of a stored disk', () => {
  it('keeps the records that were used last', () => {
    const cache = new RecordCache();
    for (let index = 0; index < CACHED_RECORDS; index++) cache.set(index, new Uint8Array(RECORD));
    cache.get(0);
    cache.set(CACHED_RECORDS, new Uint8Array(RECORD));
    expect(cache.get(0)).toHaveLength(RECORD);
    expect(cache.get(1)).toBeUndefined();
    expect(count(cache, 0, CACHED_RECORDS + 1)).toBe(CACHED_RECORDS);
  });

  it('keeps fewer where each holds the memory of many', () => {
    const cache = new RecordCache();
    const buffers = 64;
    const size = 32 * RECORD;
    for (let index = 0; index < buffers; index++) cache.set(index, new Uint8Array(size).subarray(0, RECORD));
    // Twice what as many records as it keeps have on their own.
    expect(count(cache, 0, buffers)).toBe((2 * CACHED_RECORDS * RECORD) / size);
    expect(cache.get(buffers - 1)).toHaveLength(RECORD);
  });

  it('counts a buffer until the last record in it is gone', () => {
    const cache = new RecordCache();
    const shared = new Uint8Array(2 * CACHED_RECORDS * RECORD);
    for (let index = 0; index < 4; index++)
      cache.set(index, shared.subarray(index * RECORD, (index + 1) * RECORD));
    for (let index = 0; index < 3; index++) cache.delete(index);
    // One record more is too much as long as the other holds all of it.
    cache.set(4, new Uint8Array(RECORD));
    expect([cache.get(3), cache.get(4)?.length]).toEqual([undefined, RECORD]);
    cache.clear();
    expect(cache.get(4)).toBeUndefined();
  });
});
