/** Time of day in the registers of an MC146818A: binary or BCD, 24 or 12 hours (datasheet, table 2). */

export interface TimeFormat {
  binary: boolean;
  hours24: boolean;
}

/** Register values. */
export interface CalendarTime {
  seconds: number;
  minutes: number;
  hours: number;
  /** 1 is Sunday. */
  weekday: number;
  day: number;
  month: number;
  /** Year within the century. */
  year: number;
  century: number;
}

const HOURS_PM = 0x80;
/** Alarm values from here on match everything. */
const DONT_CARE = 0xc0;
const MINUTE = 60n;
const HOUR = 3600n;
const DAY = 86400n;

const toField = (value: number, binary: boolean): number =>
  binary ? value : Math.floor(value / 10) * 16 + (value % 10);
const fromField = (field: number, binary: boolean): number =>
  binary ? field : (field >> 4) * 10 + (field & 15);

function hoursToField(hours: number, { binary, hours24 }: TimeFormat): number {
  if (hours24) return toField(hours, binary);
  return toField(hours % 12 === 0 ? 12 : hours % 12, binary) | (hours >= 12 ? HOURS_PM : 0);
}

function hoursFromField(field: number, { binary, hours24 }: TimeFormat): number {
  if (hours24) return fromField(field, binary);
  const hours = fromField(field & ~HOURS_PM, binary);
  return (hours % 12) + (field & HOURS_PM ? 12 : 0);
}

/** Registers for a second since 1970. */
export function encodeTime(second: bigint, format: TimeFormat): CalendarTime {
  const date = new Date(Number(second) * 1000);
  const field = (value: number): number => toField(value, format.binary);
  const year = date.getUTCFullYear();
  return {
    seconds: field(date.getUTCSeconds()),
    minutes: field(date.getUTCMinutes()),
    hours: hoursToField(date.getUTCHours(), format),
    weekday: field(date.getUTCDay() + 1),
    day: field(date.getUTCDate()),
    month: field(date.getUTCMonth() + 1),
    year: field(year % 100),
    // IBM's byte is BCD in either format.
    century: toField(Math.floor(year / 100) % 100, false),
  };
}

/** The second since 1970 that the registers mean; null if they hold no date. */
export function decodeTime(time: CalendarTime, format: TimeFormat): bigint | null {
  const field = (value: number): number => fromField(value, format.binary);
  const [month, day, hours] = [field(time.month), field(time.day), hoursFromField(time.hours, format)];
  const [minutes, seconds] = [field(time.minutes), field(time.seconds)];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hours > 23 || minutes > 59 || seconds > 59)
    return null;
  const date = new Date(0);
  date.setUTCFullYear(fromField(time.century, false) * 100 + field(time.year), month - 1, day);
  date.setUTCHours(hours, minutes, seconds);
  return BigInt(date.getTime() / 1000);
}

/** The first second after `second` at which the alarm's registers match; null if they never do. */
export function nextAlarm(
  second: bigint,
  alarm: { seconds: number; minutes: number; hours: number },
  format: TimeFormat,
): bigint | null {
  const wants = (field: number, value: number): number | null => (field >= DONT_CARE ? null : value);
  const seconds = wants(alarm.seconds, fromField(alarm.seconds, format.binary));
  const minutes = wants(alarm.minutes, fromField(alarm.minutes, format.binary));
  const hours = wants(alarm.hours, hoursFromField(alarm.hours, format));
  const end = second + DAY;
  for (let at = second + 1n; at <= end; ) {
    if (hours !== null && Number((at % DAY) / HOUR) !== hours) at += HOUR - (at % HOUR);
    else if (minutes !== null && Number((at % HOUR) / MINUTE) !== minutes) at += MINUTE - (at % MINUTE);
    else if (seconds !== null && Number(at % MINUTE) !== seconds) at += 1n;
    else return at;
  }
  return null;
}
