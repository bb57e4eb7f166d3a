import { type CliOptions, ListRequest } from './cli-options.ts';
import { ARCHITECTURES, PLANNED } from './architectures.ts';
import { NOT_BUILT, OPTIONS, type Option } from './option-table.ts';
import { UsageError } from './usage-error.ts';

export type ParsedCommand =
  | { kind: 'run'; options: CliOptions }
  | { kind: 'help' | 'version' }
  /** An option's own list, as in `-M help`. */
  | { kind: 'text'; text: string };

/**
 * Reads a command line: the architecture, then QEMU's options (one dash or two) and our own (two dashes; value also
 * after `=`). Throws UsageError for anything unknown, malformed or not built yet, naming it.
 */
export function parseCommand(argv: readonly string[]): ParsedCommand {
  const args = [...argv];
  const options: CliOptions = {
    arch: '',
    machine: '',
    drives: [],
    throttleGroups: {},
    chardevs: {},
    noReboot: false,
    serial: 'stdio',
    script: [],
    headed: false,
  };
  if (args.length === 0) {
    throw new UsageError(
      'which machine? Try: snowglobe riscv64 -kernel FILE (snowglobe --help lists all options)',
    );
  }
  if (!args[0].startsWith('-')) {
    options.arch = parseArchitecture(args.shift() as string);
    options.machine = ARCHITECTURES[options.arch].boards.at(-1) as string;
  }
  while (args.length > 0) {
    const arg = args.shift() as string;
    if (!arg.startsWith('-') || arg === '-') {
      if (arg === '-')
        throw new UsageError('"-": give the guest a kernel with -kernel FILE or a disk with -hda FILE');
      // As in QEMU: a name alone is the first disk.
      options.drives.push({ option: '-hda', file: arg, index: 0 });
      continue;
    }
    const { option, inlineValue } = findOption(arg);
    if (option.name === 'help' || option.name === 'version') return { kind: option.name };
    let value = '';
    if (option.value !== undefined) {
      const given = inlineValue ?? args.shift();
      if (given === undefined) throw new UsageError(`${arg} needs a value: ${arg} ${option.value}`);
      value = given;
    } else if (inlineValue !== undefined) {
      throw new UsageError(`--${option.name} takes no value`);
    }
    try {
      option.set?.(options, value);
    } catch (error) {
      if (error instanceof ListRequest) return { kind: 'text', text: error.message };
      throw error;
    }
  }
  if (options.arch === '') {
    throw new UsageError(
      `the first argument is the guest's architecture: ${Object.keys(ARCHITECTURES).join(', ')}`,
    );
  }
  return { kind: 'run', options };
}

function parseArchitecture(name: string): string {
  const arch = name.replace(/^qemu-system-/, '');
  if (Object.hasOwn(ARCHITECTURES, arch)) return arch;
  const planned = PLANNED.includes(arch) ? `${arch} is not built yet` : `"${name}" is unknown`;
  throw new UsageError(
    `the first argument is the guest's architecture: ${planned}; there is ${Object.keys(ARCHITECTURES).join(', ')}`,
  );
}

function findOption(arg: string): { option: Option; inlineValue?: string } {
  const twoDashes = arg.startsWith('--');
  const name = arg.slice(twoDashes ? 2 : 1);
  const equals = name.indexOf('=');
  const own = twoDashes && equals > 0 ? name.slice(0, equals) : name;
  const option = OPTIONS.find((entry) => entry.name === own || entry.aliases?.includes(own));
  if (option?.own && twoDashes) {
    return { option, inlineValue: own === name ? undefined : name.slice(equals + 1) };
  }
  if (option && !option.own && own === name) return { option };
  if (option?.own)
    throw new UsageError(`${arg}: this option is our own and has two dashes: --${option.name}`);
  const notBuilt = NOT_BUILT[own];
  if (notBuilt !== undefined) throw new UsageError(`-${own}: ${notBuilt}`);
  throw new UsageError(`${arg} is not an option; snowglobe --help lists them`);
}

/** The text of `--help`, made of the option table. */
export function helpText(): string {
  const line = (option: Option) => {
    const dashes = option.own ? '--' : '-';
    const names = [option.name, ...(option.aliases ?? [])].map((name) => dashes + name).join(', ');
    const left = option.value === undefined ? names : `${names} ${option.value}`;
    const gap = left.length > 26 ? `\n${' '.repeat(30)}` : ' '.repeat(28 - left.length);
    return `  ${left}${gap}${option.help.replaceAll('\n', `\n${' '.repeat(30)}`)}`;
  };
  return `Usage: snowglobe ARCHITECTURE [QEMU's options] [our own options]
       snowglobe test [FILE or FOLDER …] [options]     (snowglobe test --help)

Boots a guest in headless Chromium; its serial port is stdin and stdout.
Architectures: ${Object.keys(ARCHITECTURES).join(', ')}

QEMU's options, with one dash or two:
${OPTIONS.filter((option) => !option.own)
  .map(line)
  .join('\n')}

Our own, with two dashes:
${OPTIONS.filter((option) => option.own)
  .map(line)
  .join('\n')}

Keys, on a terminal: Ctrl-A x quits, Ctrl-A h lists the others; Ctrl-C goes to the guest.
Exit status: 0 the guest powered off or every --expect matched; 1 the guest failed or an
expectation was not met; 2 wrong usage or unreadable input; 124 the time was up.
Environment: SNOWGLOBE_CHROMIUM is the browser to use (default: chromium on the PATH).

Example:
  snowglobe riscv64 -M virt -m 512 -kernel vmlinux -initrd tiny.img \\
      -append 'console=ttyS0 quiet' --expect '# ' --send 'uname -a\\n' --expect riscv64
`;
}
