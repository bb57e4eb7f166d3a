import { expect, it } from 'vitest';
import { roundTop } from './chart.ts';

it.each([
  [10, 'count', 10],
  [10.5, 'count', 20],
  [201, 'count', 500],
  [812, 'count', 1000],
  [102_400, 'bytes', 102_400],
  [198 * 1024, 'bytes', 200 * 1024],
  [900 * 1024, 'bytes', 1000 * 1024],
  [1024 * 1024, 'bytes', 1024 * 1024],
  [74.1 * 2 ** 20, 'bytes', 100 * 2 ** 20],
] as const)('a chart of values up to %d (%s) ends at %d', (value, unit, top) => {
  expect(roundTop(value, unit)).toBe(top);
});
