/**
 * When doors open, by the local date: door N on 1 to 24 December. They stay open until the end of October; in November the calendar is hung up anew, and all
 * doors are closed until the first of December.
 */

/** The month in which a calendar is hung up, from 0. */
const NOVEMBER = 10;
const DAY_MS = 86_400_000;

/** The year of the December that the calendar of this moment is for. */
export function seasonOf(now: Date): number {
  return now.getMonth() >= NOVEMBER ? now.getFullYear() : now.getFullYear() - 1;
}

/** The first moment of a door's day. */
export function opensAt(door: number, season: number): Date {
  return new Date(season, 11, door);
}

export function isOpenByDate(door: number, now: Date): boolean {
  return now >= opensAt(door, seasonOf(now));
}

/** Days until a door opens, 0 for a door that is open. Days are those of a calendar: one of 23 hours is one, too. */
export function daysUntil(door: number, now: Date): number {
  const opens = opensAt(door, seasonOf(now));
  const today = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  const day = Date.UTC(opens.getFullYear(), opens.getMonth(), opens.getDate());
  return Math.max(0, Math.round((day - today) / DAY_MS));
}

/** `on 7 December, in 15 days`. */
export function opensText(door: number, now: Date): string {
  const days = daysUntil(door, now);
  return `on ${door} December, ${days === 1 ? 'tomorrow' : `in ${days} days`}`;
}

/** ms until the local date changes. */
export function untilMidnight(now: Date): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime();
}
