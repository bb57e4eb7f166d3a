/** `-rtc`: what time the machine's real-time clock begins with, and what moves it on. Spelled as in QEMU. */
import type { GuestClock, WallClock } from '../core/clock.ts';
import { VmError } from '../core/errors.ts';

export interface RtcOptions {
  /** Of the time that it begins with: now, now in this computer's time zone, or a given one (ns since 1970, in no zone). */
  base: 'utc' | 'localtime' | bigint;
  /** `host`: it goes on while the machine is paused. `vm`: it does not. */
  clock: 'host' | 'vm';
}

const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:T(\d{1,2}):(\d{1,2}):(\d{1,2}))?$/;
/** The goldfish RTC counts nanoseconds in 64 bits, which end in 2554; the guests' own times begin in 1970. */
const YEARS = [1970, 2553] as const;
const NS_PER_MS = 1_000_000n;
const NS_PER_MINUTE = 60_000_000_000n;

const bad = (message: string): VmError => new VmError('bad-config', `-rtc: ${message}.`);

function timeOf(text: string): bigint {
  const [, year, month, day, hours = 0, minutes = 0, seconds = 0] = DATE.exec(text)?.map(Number) ?? [];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hours || 0, minutes || 0, seconds || 0);
  const real =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === (hours || 0) &&
    date.getUTCMinutes() === (minutes || 0) &&
    date.getUTCSeconds() === (seconds || 0);
  if (!real || year < YEARS[0] || year > YEARS[1]) {
    throw bad(
      `base=${text} is no time; write utc, localtime, or one such as 2006-06-17T16:01:21 or 2006-06-17, from ${YEARS[0]} to ${YEARS[1]}`,
    );
  }
  return BigInt(date.getTime()) * NS_PER_MS;
}

/**
 * Reads `base=utc|localtime|2006-06-17T16:01:21,clock=host|rt|vm`.
 * @throws VmError bad-config
 */
export function parseRtcOptions(text: string | undefined): RtcOptions {
  const options: RtcOptions = { base: 'utc', clock: 'host' };
  if (text === undefined) return options;
  for (const part of text.split(',')) {
    const [key, value = ''] = part.split(/=(.*)/s);
    if (key === 'base') options.base = value === 'utc' || value === 'localtime' ? value : timeOf(value);
    // A host has no clock here that is set while it runs: QEMU's two others are one.
    else if (key === 'clock' && /^(host|rt|vm)$/.test(value)) options.clock = value === 'vm' ? 'vm' : 'host';
    else if (part !== 'driftfix=none')
      throw bad(`"${part}" is not built yet or unknown; there are base=, clock=host|rt|vm and driftfix=none`);
  }
  return options;
}

/** What a machine's real-time clock reads: `wall` is the time of day, `clock` the guest's own. */
export function rtcClock({ base, clock: source }: RtcOptions, wall: WallClock, clock: GuestClock): WallClock {
  const began = wall.now() - clock.now();
  const passing = source === 'vm' ? { now: () => began + clock.now() } : wall;
  if (base === 'utc') return passing;
  if (base === 'localtime') {
    return {
      now() {
        const now = passing.now();
        const west = new Date(Number(now / NS_PER_MS)).getTimezoneOffset();
        return now - BigInt(west) * NS_PER_MINUTE;
      },
    };
  }
  return { now: () => passing.now() - began + base };
}
