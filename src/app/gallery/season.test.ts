import { describe, expect, test } from 'vitest';
import { daysUntil, isOpenByDate, opensText, seasonOf, untilMidnight } from './season.ts';

/** The doors that are open, as a count: they open in their order. */
const open = (now: Date): number => {
  const doors = Array.from({ length: 24 }, (_, at) => isOpenByDate(at + 1, now));
  expect(doors).toEqual(doors.toSorted((a, b) => Number(b) - Number(a)));
  return doors.filter(Boolean).length;
};

describe('the doors', () => {
  test.each([
    ['in October, those of last year', new Date(2026, 9, 31, 23, 59, 59), 2025, 24],
    ['in November, of a new calendar', new Date(2026, 10, 1), 2026, 0],
    ['at the end of November', new Date(2026, 10, 30, 23, 59, 59, 999), 2026, 0],
    ['on the first of December', new Date(2026, 11, 1), 2026, 1],
    ['a moment before the seventh', new Date(2026, 11, 6, 23, 59, 59, 999), 2026, 6],
    ['on the seventh', new Date(2026, 11, 7), 2026, 7],
    ['on the last day', new Date(2026, 11, 24), 2026, 24],
    ['after it', new Date(2026, 11, 31, 23), 2026, 24],
    ['in the new year', new Date(2027, 0, 1), 2026, 24],
    ['in a leap year', new Date(2028, 1, 29), 2027, 24],
  ])('%s', (_, now, season, count) => {
    expect(seasonOf(now)).toBe(season);
    expect(open(now)).toBe(count);
  });
});

test('days until a door opens are those of a calendar', () => {
  expect(daysUntil(1, new Date(2026, 10, 22, 23, 59))).toBe(9);
  expect(daysUntil(1, new Date(2026, 10, 1))).toBe(30);
  expect(daysUntil(7, new Date(2026, 11, 7))).toBe(0);
  expect(daysUntil(7, new Date(2027, 5, 1))).toBe(0);
  expect(opensText(2, new Date(2026, 11, 1, 12))).toBe('on 2 December, tomorrow');
  expect(opensText(24, new Date(2026, 11, 1))).toBe('on 24 December, in 23 days');
});

test('midnight is the next one', () => {
  expect(untilMidnight(new Date(2026, 11, 6, 23, 59, 59, 999))).toBe(1);
  expect(untilMidnight(new Date(2026, 11, 31, 12))).toBe(12 * 3_600_000);
});
