import { describe, expect, it, vi } from 'vitest';
import { parseRtcOptions, rtcClock } from './rtc-options.ts';

const SECOND = 1_000_000_000n;
const START = BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n;

/** A machine that has run for 5 s of the 8 since its start: it was paused for 3. */
function read(text: string | undefined): bigint {
  let wall = START;
  let guest = 0n;
  const rtc = rtcClock(parseRtcOptions(text), { now: () => wall }, { now: () => guest });
  wall += 8n * SECOND;
  guest += 5n * SECOND;
  return rtc.now();
}

describe('-rtc', () => {
  it('begins with the time of day unless it is told another one', () => {
    expect(read(undefined)).toBe(START + 8n * SECOND);
    expect(read('base=utc,driftfix=none,clock=rt')).toBe(START + 8n * SECOND);
    const date = BigInt(Date.UTC(2006, 5, 17)) * 1_000_000n;
    expect(read('base=2006-06-17')).toBe(date + 8n * SECOND);
    expect(read('base=2006-06-17T16:01:21')).toBe(date + 57681n * SECOND + 8n * SECOND);
  });

  it('stands still with a paused machine by clock=vm', () => {
    expect(read('clock=vm')).toBe(START + 5n * SECOND);
    expect(read('clock=vm,base=1999-12-31T23:59:58')).toBe(
      BigInt(Date.UTC(1999, 11, 31, 23, 59, 58)) * 1_000_000n + 5n * SECOND,
    );
  });

  it('shows what a clock on the wall shows by base=localtime', () => {
    // India's, of 5:30 h, wherever the test runs.
    const zone = vi.spyOn(Date.prototype, 'getTimezoneOffset').mockReturnValue(-330);
    expect(read('base=localtime')).toBe(START + (330n * 60n + 8n) * SECOND);
    expect(read('base=localtime,clock=vm')).toBe(START + (330n * 60n + 5n) * SECOND);
    zone.mockRestore();
  });

  it.each([
    'base=2006-02-30',
    'base=2006-06-17T24:00:00',
    'base=1969-12-31',
    'base=9999-01-01',
    'base=now',
    'base=',
  ])('%s is no time', (text) => {
    expect(() => parseRtcOptions(text)).toThrow(
      /is no time; write utc, localtime, or one such as 2006-06-17T16/,
    );
  });

  it.each(['driftfix=slew', 'clock=sun', 'utc', '', 'base=utc,'])('“%s” is refused by name', (text) => {
    expect(() => parseRtcOptions(text)).toThrow(/is not built yet or unknown/);
  });
});
