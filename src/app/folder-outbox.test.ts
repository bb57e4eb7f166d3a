import { expect, it } from 'vitest';
import type { FolderChange } from '../core/vm-api.ts';
import { FolderOutbox } from './folder-outbox.ts';

const file = (path: string, length: number, fill = 1): FolderChange => ({
  kind: 'file',
  path,
  bytes: new Uint8Array(length).fill(fill),
  executable: false,
});

it('gives a batch again until it is taken, and then what comes after it', () => {
  const looks: FolderChange[][] = [[{ kind: 'folder', path: '/a' }, file('/a/b', 3)], [file('/c', 0)], []];
  const outbox = new FolderOutbox(() => looks.shift()!);
  const first = outbox.next(0);
  expect(first.changes.map(({ path }) => path)).toEqual(['/a', '/a/b']);
  expect([outbox.next(0), looks.length]).toEqual([first, 2]);
  const second = outbox.next(first.number);
  expect(second.changes.map(({ path }) => path)).toEqual(['/c']);
  expect(outbox.next(second.number).changes).toEqual([]);
});

it('gives large files in pieces, with small ones around them', () => {
  const size = 10_000_000;
  const looks = [[file('/small', 5), file('/large', size, 2), file('/last', 5)], []];
  const outbox = new FolderOutbox(() => looks.shift()!);
  const whole = new Map<string, number>();
  let [taken, batches] = [0, 0];
  for (let more = true; more; batches++) {
    const batch = outbox.next(taken);
    let bytes = 0;
    for (const change of batch.changes) {
      if (change.kind !== 'file') continue;
      expect(change.offset).toBe(whole.get(change.path) ?? 0);
      whole.set(change.path, change.offset + change.bytes.length);
      bytes += change.bytes.length;
    }
    expect(bytes).toBeLessThanOrEqual(4 << 20);
    ({ more, number: taken } = batch);
  }
  expect([...whole]).toEqual([
    ['/small', 5],
    ['/large', size],
    ['/last', 5],
  ]);
  expect(batches).toBe(3);
});

it('loses nothing when a look fails', () => {
  let fails = true;
  const outbox = new FolderOutbox(() => {
    if (!fails) return [file('/a', 1)];
    fails = false;
    throw new RangeError('no memory');
  });
  expect(() => outbox.next(0)).toThrow('no memory');
  expect(outbox.next(0).changes).toHaveLength(1);
});
