import { expect, it } from 'vitest';
import { randomBelow } from '../../../tests/support/random.ts';
import { addRange, type ByteRanges } from './byte-ranges.ts';

it('are what was added, as few as there can be', () => {
  const random = randomBelow(9);
  for (let round = 0; round < 300; round++) {
    const ranges: ByteRanges = [];
    const all = new Set<number>();
    for (let i = 0; i < 12; i++) {
      const start = random(60);
      const end = start + random(8);
      addRange(ranges, start, end, 60);
      for (let at = start; at < end; at++) all.add(at);
    }
    const covered = ranges.flatMap(([start, end]) =>
      Array.from({ length: end - start }, (_, i) => start + i),
    );
    expect(covered).toEqual([...all].sort((a, b) => a - b));
    for (let i = 1; i < ranges.length; i++) expect(ranges[i][0]).toBeGreaterThan(ranges[i - 1][1]);
  }
});

it('are no more than they may be, and then cover what lies between the nearest', () => {
  const ranges: ByteRanges = [];
  for (const start of [0, 100, 130, 300]) addRange(ranges, start, start + 10, 3);
  expect(ranges).toEqual([
    [0, 10],
    [100, 140],
    [300, 310],
  ]);
});
