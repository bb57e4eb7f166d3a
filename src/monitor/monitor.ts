/**
 * The monitor: commands as QEMU's human monitor (HMP) has them, one line each, answered in text. What a command cannot do it says in its answer, as
 * QEMU does; nothing is thrown for what a person types.
 */
import { dump, parseFormat } from './dump.ts';
import { INFO } from './info.ts';
import { translate } from './page-tables.ts';
import { qkeyCodes } from './sendkey.ts';
import type { MonitorTarget } from './target.ts';

interface Command {
  names: readonly string[];
  /** After the name. */
  parameters: string;
  about: string;
  run(target: MonitorTarget, argument: string): string | Promise<string>;
}

const ADDRESS_DIGITS = 16;
const PAGE = 4096;
/** `sendkey` holds keys this long at most: a timer of the browser takes 31 bits. */
const HOLD_LIMIT_MS = 0x7fff_ffffn;

/** `0x8000`, `4096`; null: it is no number. */
function parseNumber(text: string): bigint | null {
  return /^(0x[\da-f]+|\d+)$/i.test(text) ? BigInt.asUintN(64, BigInt(text)) : null;
}

/** As QEMU's `o` arguments: MiB, or with a suffix from B to T. Null: it is no size. */
function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([bkmgt])?$/i.exec(text);
  if (!match) return null;
  const power = { b: 0, k: 1, m: 2, g: 3, t: 4 }[(match[2] ?? 'm').toLowerCase()]!;
  return Math.round(Number(match[1]) * 1024 ** power);
}

/** An address, of `$pc` or another register too. */
async function parseAddress(target: MonitorTarget, text: string): Promise<bigint | null> {
  if (!text.startsWith('$')) return parseNumber(text);
  const registers = await target.registers();
  const name = text.slice(1).toLowerCase();
  return registers.get(name) ?? registers.get(`r${name.slice(1)}`) ?? null;
}

async function examine(target: MonitorTarget, argument: string, virtual: boolean): Promise<string> {
  const [first = '', second] = argument.split(/\s+/);
  const [format, where] = first.startsWith('/') ? [first, second] : ['', first];
  const parsed = parseFormat(format);
  const name = virtual ? 'x' : 'xp';
  const advice = `Try "help ${name}" for more information`;
  if (!parsed) return `invalid format: '${format}'\n${advice}`;
  const start = where ? await parseAddress(target, where) : null;
  if (start === null)
    return `${where ? `invalid address: '${where}'` : 'unexpected end of expression'}\n${advice}`;
  const physical = (at: bigint, length: number): Uint8Array | null => target.read(Number(at), length);
  if (!virtual) return dump(parsed, start, physical, ADDRESS_DIGITS).join('\n');
  const registers = await target.registers();
  // A line may lie on two pages, which may be anywhere.
  const read = (at: bigint, length: number): Uint8Array | null => {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const from = BigInt.asUintN(64, at + BigInt(done));
      const part = Math.min(length - done, PAGE - Number(from % BigInt(PAGE)));
      const found = translate(target.arch, registers, (table, count) => target.read(table, count), from);
      const piece = found === null ? null : physical(found, part);
      if (!piece) return null;
      bytes.set(piece, done);
      done += part;
    }
    return bytes;
  };
  return dump(parsed, start, read, ADDRESS_DIGITS).join('\n');
}

async function eject(target: MonitorTarget, argument: string): Promise<string> {
  const words = argument.split(/\s+/).filter(Boolean);
  const force = words.includes('-f');
  const name = words.find((word) => word !== '-f');
  if (!name) return 'eject: a device is missing';
  const drive = target.drives.find((one) => one.name === name);
  if (!drive) return `Error: Device '${name}' not found`;
  if (!drive.removable) return `Error: Device '${name}' is not removable`;
  if (force) {
    await target.remove(name);
    return '';
  }
  return (await target.eject(name))
    ? ''
    : `Error: Device '${name}' is locked and force was not specified, wait for tray to open and try again`;
}

const COMMANDS: readonly Command[] = [
  {
    names: ['balloon'],
    parameters: 'target',
    about: 'request VM to change its memory allocation (in MB)',
    run(target, argument) {
      const mib = parseNumber(argument);
      if (mib === 0n) return "Error: Parameter 'target' expects a size";
      if (mib === null) return `balloon: "${argument}" is no number`;
      if (target.balloon === null) return 'Error: No balloon device has been activated';
      target.setBalloon(Number(mib));
      return '';
    },
  },
  {
    names: ['block_resize'],
    parameters: 'device size',
    about: 'resize a block image',
    async run(target, argument) {
      const [drive = '', size = ''] = argument.split(/\s+/);
      const bytes = parseSize(size);
      if (bytes === null)
        return `block_resize: "${size}" is no size\nTry "help block_resize" for more information`;
      await target.resize(drive, bytes);
      return '';
    },
  },
  {
    names: ['cont', 'c'],
    parameters: '',
    about: 'resume emulation',
    run: (target) => target.resume().then(() => ''),
  },
  {
    names: ['eject'],
    parameters: '[-f] device',
    about: 'eject a removable medium (use -f to force it)',
    run: eject,
  },
  {
    names: ['help', '?'],
    parameters: '[cmd]',
    about: 'show the help',
    run: (_, argument) => help(argument),
  },
  {
    names: ['info'],
    parameters: '[subcommand]',
    about: 'show various information about the system state',
    run(target, argument) {
      const [what = '', ...rest] = argument.split(/\s+/);
      if (what === '') return infoHelp();
      const found = Object.hasOwn(INFO, what) ? INFO[what] : undefined;
      return found ? found[1](target, rest.join(' ')) : `unknown command: 'info ${what}'`;
    },
  },
  {
    names: ['quit', 'q'],
    parameters: '',
    about: 'quit the emulator',
    run: (target) => target.powerOff().then(() => ''),
  },
  {
    names: ['sendkey'],
    parameters: 'keys [hold_ms]',
    about: "send keys to the VM (e.g. 'sendkey ctrl-alt-f1', default hold time=0 ms)",
    run(target, argument) {
      const [names, hold = '0', ...more] = argument.split(/\s+/);
      const keys = qkeyCodes(names);
      if (typeof keys === 'string') return `invalid parameter: ${keys}`;
      const ms = parseNumber(hold);
      if (ms === null || ms > HOLD_LIMIT_MS || more.length > 0)
        return `invalid parameter: ${[hold, ...more].join(' ')}`;
      target.press(keys, Number(ms));
      return '';
    },
  },
  {
    names: ['stop', 's'],
    parameters: '',
    about: 'stop emulation',
    run: (target) => target.pause().then(() => ''),
  },
  {
    names: ['system_reset'],
    parameters: '',
    about: 'reset the system',
    run: (target) => target.reset().then(() => ''),
  },
  {
    names: ['x'],
    parameters: '/fmt addr',
    about: "virtual memory dump starting at 'addr'",
    run: (target, argument) => examine(target, argument, true),
  },
  {
    names: ['xp'],
    parameters: '/fmt addr',
    about: "physical memory dump starting at 'addr'",
    run: (target, argument) => examine(target, argument, false),
  },
];

function usage({ names, parameters, about }: Command): string {
  return `${[names.join('|'), parameters].filter(Boolean).join(' ')} -- ${about}`;
}

function infoHelp(): string {
  return Object.entries(INFO)
    .map(([name, [about]]) => `info ${name} ${about.startsWith('[') ? about : `-- ${about}`}`)
    .join('\n');
}

function help(which: string): string {
  if (which === 'info') return infoHelp();
  const found = which === '' ? COMMANDS : COMMANDS.filter(({ names }) => names.includes(which));
  return found.length === 0 ? `unknown command: '${which}'` : found.map(usage).join('\n');
}

/** Carries out one command and gives its answer, without a line break at its end; empty where QEMU says nothing. */
export async function runCommand(target: MonitorTarget, line: string): Promise<string> {
  const match = /^\s*([\w?]+)\s*(.*?)\s*$/s.exec(line);
  if (!match) return line.trim() === '' ? '' : `unknown command: '${line.trim()}'`;
  const [, name, argument] = match;
  const command = COMMANDS.find(({ names }) => names.includes(name));
  if (!command) return `unknown command: '${name}'`;
  try {
    return await command.run(target, argument);
  } catch (error) {
    return `Error: ${error instanceof Error ? error.message : String(error)}`;
  }
}
