/** `snowglobe-img`: qemu-img's commands on files, with its spelling, and one of our own. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Arguments, CommandError, parseArguments } from './arguments.ts';
import {
  COMMIT_OPTIONS,
  commit,
  REBASE_OPTIONS,
  RESIZE_OPTIONS,
  rebase,
  resize,
  SNAPSHOT_OPTIONS,
  snapshot,
} from './commands/changing.ts';
import { CHECK_OPTIONS, check } from './commands/check.ts';
import { COMPARE_OPTIONS, compare, MAP_OPTIONS, MEASURE_OPTIONS, map, measure } from './commands/copying.ts';
import { CONVERT_OPTIONS, convert } from './commands/convert.ts';
import { CREATE_OPTIONS, create } from './commands/create.ts';
import { INFO_OPTIONS, info } from './commands/info.ts';
import { PUBLISH_OPTIONS, publish } from './commands/publish.ts';
import { print } from './output.ts';

const COMMANDS: Readonly<
  Record<string, { options: readonly string[]; run: (args: Arguments) => Promise<number>; usage: string }>
> = {
  check: {
    options: CHECK_OPTIONS,
    run: check,
    usage: '[-q] [-f fmt] [--output=ofmt] [-r leaks|all] filename',
  },
  commit: {
    options: COMMIT_OPTIONS,
    run: commit,
    usage: '[-q] [-f fmt] [-b base] [-d] [-r rate] [-p] filename',
  },
  compare: {
    options: COMPARE_OPTIONS,
    run: compare,
    usage: '[-f fmt] [-F fmt] [-p] [-q] [-s] filename1 filename2',
  },
  convert: {
    options: CONVERT_OPTIONS,
    run: convert,
    usage:
      '[-c] [-p] [-q] [-n] [-f fmt] [-O output_fmt] [-B backing_file [-F backing_fmt]] [-o options] [-l snapshot] [-S sparse_size] [-r rate] filename [filename2 […]] output_filename',
  },
  create: {
    options: CREATE_OPTIONS,
    run: create,
    usage: '[-q] [-f fmt] [-b backing_file [-F backing_fmt]] [-u] [-o options] filename [size]',
  },
  info: { options: INFO_OPTIONS, run: info, usage: '[-f fmt] [--output=ofmt] [--backing-chain] filename' },
  map: {
    options: MAP_OPTIONS,
    run: map,
    usage: '[-f fmt] [--start-offset=offset] [--max-length=len] [--output=ofmt] filename',
  },
  measure: {
    options: MEASURE_OPTIONS,
    run: measure,
    usage: '[--output=ofmt] [-O output_fmt] [-o options] [--size N | [-f fmt] [-l snapshot] filename]',
  },
  publish: {
    options: PUBLISH_OPTIONS,
    run: publish,
    usage:
      '[-q] [-p] [-f fmt] [--chunk-size=size] [--compression=gzip|zstd|none] [--boot=recording [--boot-drive=name]] [--output=ofmt] filename manifest',
  },
  rebase: {
    options: REBASE_OPTIONS,
    run: rebase,
    usage: '[-q] [-f fmt] [-p] [-u] [-b backing_file [-F backing_fmt]] filename',
  },
  resize: {
    options: RESIZE_OPTIONS,
    run: resize,
    usage: '[-f fmt] [-q] [--shrink] [--preallocation=mode] filename [+ | -]size',
  },
  snapshot: {
    options: SNAPSHOT_OPTIONS,
    run: snapshot,
    usage: '[-q] [-l | -a snapshot | -c snapshot | -d snapshot] filename',
  },
};

/** Commands of qemu-img that are not here, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  amend: 'convert the image with the options that it shall have',
  bench: 'use fio in a guest',
  bitmap: 'info shows bitmaps, and who writes to an image gives them up',
  dd: 'use convert, or dd on a raw image',
};

const version = (): string => JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')).version;

/** The folder of the package, above this program wherever it was built to. */
function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

const help = (): string =>
  [
    'usage: snowglobe-img command [options]',
    '',
    ...Object.entries(COMMANDS).map(([name, command]) => `  ${name} ${command.usage}`),
    '',
    'Formats: raw, qcow2 (read and written), vmdk, vdi, vpc (read). Sizes take the suffixes k, M, G, T, P, E.',
    'ofmt is human or json. docs/block.md says what each format can do.',
    '',
  ].join('\n');

async function main([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined)
    throw new CommandError("Not enough arguments\nTry 'snowglobe-img --help' for more information");
  if (name === '-h' || name === '--help') {
    process.stdout.write(help());
    return 0;
  }
  if (name === '-V' || name === '--version') {
    print(`snowglobe-img version ${version()}`);
    return 0;
  }
  if (Object.hasOwn(REFUSED, name)) throw new CommandError(`${name} is not supported: ${REFUSED[name]}`);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw new CommandError(`Command not found: ${name}\nTry 'snowglobe-img --help' for more information`);
  const args = parseArguments(rest, command.options);
  if (args.values.has('-h') || args.values.has('--help')) {
    process.stdout.write(`usage: snowglobe-img ${name} ${command.usage}\n`);
    return 0;
  }
  return command.run(args);
}

/** Runs a command. @returns the status to leave with; failures are on stderr */
export async function runProgram(argv: readonly string[]): Promise<number> {
  try {
    return await main(argv);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`snowglobe-img: ${error.message}\n`);
    return error.status;
  }
}
