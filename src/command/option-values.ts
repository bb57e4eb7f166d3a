import { UsageError } from './usage-error.ts';

/**
 * Readers of option values in QEMU's notations. Each takes the option's name for its messages and throws UsageError.
 */

/** `a,b=c` as QEMU's option strings: keys and values, where a first item without `=` gets the key `implied`. A comma in a value is written twice. */
export function parseKeyValues(option: string, text: string, implied: string): Map<string, string> {
  const values = new Map<string, string>();
  const items = text.replaceAll(',,', '\0').split(',');
  for (const [index, written] of items.entries()) {
    const item = written.replaceAll('\0', ',');
    const equals = item.indexOf('=');
    if (equals < 0 && index > 0)
      throw new UsageError(`${option} ${text}: "${item}" needs a value: ${item}=VALUE`);
    const key = equals < 0 ? implied : item.slice(0, equals);
    if (values.has(key)) throw new UsageError(`${option} ${text}: "${key}" is given twice`);
    values.set(key, item.slice(equals + 1));
  }
  return values;
}

/** A value as `parseKeyValues` reads it. */
export const escapeCommas = (value: string): string => value.replaceAll(',', ',,');

/** Refuses every key but the allowed; a key that may only have some values names them. */
export function checkKeys(
  option: string,
  values: ReadonlyMap<string, string>,
  allowed: Readonly<Record<string, readonly string[] | 'any'>>,
): void {
  for (const [key, value] of values) {
    const choices = Object.hasOwn(allowed, key) ? allowed[key] : undefined;
    if (choices === undefined)
      throw new UsageError(`${option}: the property "${key}" is not built yet or unknown`);
    if (choices !== 'any' && !choices.includes(value)) {
      throw new UsageError(`${option}: ${key}=${value} is not built yet; use ${key}=${choices.join(' or ')}`);
    }
  }
}

/** A decimal integer in min … max. */
export function parseInteger(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new UsageError(`${option} "${text}": expected a whole number from ${min} to ${max}`);
  }
  return value;
}

const UNITS: Record<string, number> = { B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** A size as -m takes it: a number, in MiB unless it ends in K, M, G or T. Returns MiB. */
export function parseMemorySize(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)([BKMGT]?)$/i.exec(text);
  if (!match) throw new UsageError(`${option} "${text}": expected a size such as 512, 512M or 1G`);
  const mib = (Number(match[1]) * UNITS[match[2].toUpperCase() || 'M']) / 2 ** 20;
  if (mib < 1 || !Number.isInteger(mib))
    throw new UsageError(`${option} "${text}": expected whole MiB, at least 1`);
  return mib;
}

/** A timer takes its milliseconds as a signed number of 32 bits; one beyond that would fire at once. */
const SECONDS_MAX = 2_147_483;

export function parseSeconds(option: string, text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : 0;
  if (!(value > 0 && value <= SECONDS_MAX)) {
    throw new UsageError(`${option} "${text}": expected a number of seconds above 0, at most ${SECONDS_MAX}`);
  }
  return value;
}

/** A JavaScript regular expression. `^` and `$` match at lines. */
export function parseRegex(option: string, text: string): RegExp {
  if (text === '') throw new UsageError(`${option}: the expression is empty and would match at once`);
  try {
    return new RegExp(text, 'mu');
  } catch (error) {
    throw new UsageError(
      `${option} "${text}" is not a regular expression: ${(error as Error).message.split(': ').pop()}`,
    );
  }
}
