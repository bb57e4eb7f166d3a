/** The command line as qemu-img's: options in any order, short ones with their value behind them or next. */

/** Ends the command with a message and a status. */
export class CommandError extends Error {
  readonly status: number;
  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

export interface Arguments {
  /** Values by option: `-f`, `--output`. An option that takes none has an empty one. */
  values: ReadonlyMap<string, string[]>;
  names: string[];
}

/** Options that each command takes: a colon behind those with a value. Some change nothing here, and are taken for QEMU's sake. */
const COMMON = ['-h', '--help', '-q', '-U', '--force-share', '-p'];
/** Options of qemu-img that are known and refused. */
const REFUSED = ['--object', '--image-opts', '--target-image-opts', '--bitmaps', '--salvage'];

/** @throws CommandError for options that the command does not take */
export function parseArguments(args: readonly string[], options: readonly string[]): Arguments {
  const all = [...COMMON, ...options];
  const values = new Map<string, string[]>();
  const names: string[] = [];
  const add = (name: string, value: string): void =>
    void values.set(name, [...(values.get(name) ?? []), value]);
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === '--') {
      names.push(...args.slice(i + 1));
      break;
    }
    // A size like -1M is none of the options.
    if (!arg.startsWith('-') || arg === '-' || /^-\d/.test(arg)) {
      names.push(arg);
      continue;
    }
    const long = arg.startsWith('--');
    const [name, inline] = long ? split(arg) : [arg.slice(0, 2), arg.length > 2 ? arg.slice(2) : undefined];
    if (REFUSED.includes(name)) throw new CommandError(`${name} is not supported`);
    if (all.includes(`${name}:`)) {
      const value = inline ?? args[++i];
      if (value === undefined) throw usage(`option requires an argument -- '${name.replace(/^-+/, '')}'`);
      add(name, value);
    } else if (all.includes(name)) {
      add(name, '');
      // Several in one word.
      if (!long && inline !== undefined) args = [...args.slice(0, i + 1), `-${inline}`, ...args.slice(i + 1)];
    } else throw usage(`unrecognized option '${name}'`);
  }
  return { values, names };
}

const split = (arg: string): [string, string | undefined] => {
  const at = arg.indexOf('=');
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
};

export const usage = (message: string): CommandError =>
  new CommandError(`${message}\nTry 'snowglobe-img --help' for more information`);

const SUFFIXES = 'bkmgtpe';

/** A number of bytes: `10`, `64k`, `1.5G`. @returns null: it is none */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?|0x[\da-f]+)([bkmgtpe])?$/i.exec(text);
  if (!match) return null;
  const bytes = Number(match[1]) * 1024 ** Math.max(0, SUFFIXES.indexOf((match[2] ?? 'b').toLowerCase()));
  return Number.isSafeInteger(Math.floor(bytes)) ? Math.floor(bytes) : null;
}

/** @throws CommandError */
export function sizeArgument(text: string): number {
  const size = parseSize(text);
  if (size !== null) return size;
  throw new CommandError(
    'Invalid image size specified. You may use k, M, G, T, P or E suffixes for\nkilobytes, megabytes, gigabytes, terabytes, petabytes and exabytes.',
  );
}

/** `name=value,…` of one or several `-o`; a comma in a value is written twice. */
export function parseOptions(texts: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (const text of texts) {
    for (const part of text.replaceAll(',,', '\0').split(',')) {
      if (part === '') continue;
      const at = part.indexOf('=');
      const [name, value] = at < 0 ? [part, 'on'] : [part.slice(0, at), part.slice(at + 1)];
      options.set(name, value.replaceAll('\0', ','));
    }
  }
  return options;
}

const CACHE_MODES = ['none', 'writeback', 'unsafe', 'directsync', 'writethrough'];

/**
 * The options of all commands that say how a host should work: `-t` and `-T` name a cache mode, `-m` a number of coroutines. The host's
 * cache is always used, one request is made at a time, and what is written is flushed at the end.
 * @throws CommandError for values that mean nothing
 */
export function checkHostOptions(args: Arguments): void {
  for (const [option, what] of [
    ['-t', 'cache'],
    ['-T', 'source cache'],
  ]) {
    const mode = last(args, option);
    if (mode !== undefined && !CACHE_MODES.includes(mode))
      throw new CommandError(`Invalid ${what} option: ${mode}`);
  }
  const count = last(args, '-m');
  if (count !== undefined && !/^(0*[1-9]|0*1[0-6])$/.test(count))
    throw new CommandError('Invalid number of coroutines. Allowed number of coroutines is between 1 and 16');
}

/** Bytes per second that `-r` lets through; null: all there are. @throws CommandError */
export function rateLimit(args: Arguments): number | null {
  const text = last(args, '-r');
  if (text === undefined) return null;
  const rate = parseSize(text);
  if (rate !== null) return rate === 0 ? null : rate;
  throw new CommandError(
    'Invalid rate limit specified. You may use k, M, G, T, P or E suffixes for\nkilobytes, megabytes, gigabytes, terabytes, petabytes and exabytes.',
  );
}

/** @throws CommandError unless the format for people, or JSON, was asked for */
export function wantsJson({ values }: Arguments): boolean {
  const output = values.get('--output')?.at(-1) ?? 'human';
  if (output !== 'human' && output !== 'json')
    throw new CommandError('--output must be used with human or json as argument.');
  return output === 'json';
}

export const last = ({ values }: Arguments, name: string): string | undefined => values.get(name)?.at(-1);
export const has = ({ values }: Arguments, name: string): boolean => values.has(name);
