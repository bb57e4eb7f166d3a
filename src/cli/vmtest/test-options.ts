/** The command line of `snowglobe test`. */
import { cpus } from 'node:os';
import { parseInteger, parseRegex, parseSeconds } from '../../command/option-values.ts';
import { UsageError } from '../../command/usage-error.ts';
import { TRACE_MODES, type TraceMode, type VmTestRunPlan } from './plan.ts';

export interface TestOptions extends Omit<VmTestRunPlan, 'root' | 'generated'> {
  /** Files and folders. */
  paths: string[];
  grep: string | null;
  grepInvert: string | null;
  list: boolean;
  updateSnapshots: boolean;
  passWithNoTests: boolean;
  help: boolean;
}

interface TestOption {
  name: string;
  alias?: string;
  /** Absent: it takes none. */
  value?: string;
  help: string;
  set(options: TestOptions, value: string): void;
}

/** Playwright's own, by its names. */
const REPORTERS = ['list', 'line', 'dot', 'json', 'junit', 'html', 'blob', 'github', 'null'];

function addReporter(options: TestOptions, text: string): void {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  if (!REPORTERS.includes(name))
    throw new UsageError(`--reporter ${name} is unknown; there is ${REPORTERS.join(', ')}`);
  options.reporters.push({ name, file: equals < 0 ? null : text.slice(equals + 1) });
}

function setShard(options: TestOptions, text: string): void {
  const [, current, total] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  if (!(current >= 1 && current <= total))
    throw new UsageError(`--shard "${text}": expected a part and how many there are, such as 1/4`);
  options.shard = { current, total };
}

const COUNT_MAX = 1000;

export const TEST_OPTIONS: readonly TestOption[] = [
  {
    name: 'workers',
    alias: 'j',
    value: 'N',
    help: 'guests at once; default: one for two processor cores',
    set: (options, value) => {
      options.workers = parseInteger('--workers', value, 1, COUNT_MAX);
    },
  },
  {
    name: 'shard',
    value: 'I/N',
    help: 'run part I of N, for several computers',
    set: setShard,
  },
  {
    name: 'grep',
    alias: 'g',
    value: 'REGEX',
    help: "tests whose file's name and title match",
    set: (options, value) => {
      options.grep = parseRegex('--grep', value).source;
    },
  },
  {
    name: 'grep-invert',
    value: 'REGEX',
    help: 'tests whose name does not match',
    set: (options, value) => {
      options.grepInvert = parseRegex('--grep-invert', value).source;
    },
  },
  {
    name: 'retries',
    value: 'N',
    help: 'try a test that failed again, up to N times',
    set: (options, value) => {
      options.retries = parseInteger('--retries', value, 0, COUNT_MAX);
    },
  },
  {
    name: 'repeat-each',
    value: 'N',
    help: 'run each test N times',
    set: (options, value) => {
      options.repeatEach = parseInteger('--repeat-each', value, 1, COUNT_MAX);
    },
  },
  {
    name: 'max-failures',
    alias: 'x',
    value: 'N',
    help: 'stop after N failures',
    set: (options, value) => {
      options.maxFailures = parseInteger('--max-failures', value, 1, COUNT_MAX);
    },
  },
  {
    name: 'reporter',
    value: 'NAME[=FILE]',
    help: `${REPORTERS.slice(0, 4).join(', ')},\n${REPORTERS.slice(4).join(', ')}; may repeat. Default list`,
    set: addReporter,
  },
  {
    name: 'output',
    value: 'FOLDER',
    help: 'traces, pictures and logs of what failed; default test-results',
    set: (options, value) => {
      options.output = value;
    },
  },
  {
    name: 'trace',
    value: 'MODE',
    help: `${TRACE_MODES.slice(0, 3).join(', ')} (default),\n${TRACE_MODES.slice(3).join(', ')}`,
    set: (options, value) => {
      const mode = TRACE_MODES.find((candidate): candidate is TraceMode => candidate === value);
      if (!mode) throw new UsageError(`--trace ${value} is unknown; there is ${TRACE_MODES.join(', ')}`);
      options.trace = mode;
    },
  },
  {
    name: 'update-snapshots',
    alias: 'u',
    help: 'write the pictures of screen-match anew',
    set: (options) => {
      options.updateSnapshots = true;
    },
  },
  {
    name: 'timeout',
    value: 'SECONDS',
    help: 'for the whole run; then status 124',
    set: (options, value) => {
      options.seconds = parseSeconds('--timeout', value);
    },
  },
  {
    name: 'connect',
    value: 'URL',
    help: "a Playwright server's ws:// address, whose browsers to use;\nalso from PW_TEST_CONNECT_WS_ENDPOINT",
    set: (options, value) => {
      if (!/^wss?:\/\//.test(value))
        throw new UsageError(`--connect ${value}: expected an address that begins with ws:// or wss://`);
      options.connect = value;
    },
  },
  {
    name: 'headed',
    help: "show the browser's window",
    set: (options) => {
      options.headed = true;
    },
  },
  {
    name: 'list',
    help: 'list the tests, run none',
    set: (options) => {
      options.list = true;
    },
  },
  {
    name: 'pass-with-no-tests',
    help: 'no test is no failure',
    set: (options) => {
      options.passWithNoTests = true;
    },
  },
  {
    name: 'help',
    alias: 'h',
    help: 'this text',
    set: (options) => {
      options.help = true;
    },
  },
];

/** @throws UsageError */
export function parseTestOptions(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): TestOptions {
  const options: TestOptions = {
    paths: [],
    output: 'test-results',
    workers: Math.max(1, Math.floor(cpus().length / 2)),
    retries: 0,
    repeatEach: 1,
    maxFailures: null,
    shard: null,
    seconds: null,
    trace: 'retain-on-failure',
    headed: false,
    connect: env['PW_TEST_CONNECT_WS_ENDPOINT'] || null,
    reporters: [],
    grep: null,
    grepInvert: null,
    list: false,
    updateSnapshots: false,
    passWithNoTests: false,
    help: false,
  };
  const args = [...argv];
  while (args.length > 0) {
    const arg = args.shift()!;
    if (!arg.startsWith('-')) {
      options.paths.push(arg);
      continue;
    }
    const [, name, inline] = /^--?([^=]*)(?:=([\s\S]*))?$/.exec(arg)!;
    const option = TEST_OPTIONS.find((entry) =>
      arg.startsWith('--') ? entry.name === name : entry.alias === name,
    );
    if (!option)
      throw new UsageError(`${arg} is no option of snowglobe test; snowglobe test --help lists them`);
    if (option.value === undefined) {
      if (inline !== undefined) throw new UsageError(`--${option.name} takes no value`);
      option.set(options, '');
      continue;
    }
    const value = inline ?? args.shift();
    if (value === undefined || value === '')
      throw new UsageError(`${arg} needs a value: --${option.name} ${option.value}`);
    option.set(options, value);
  }
  if (options.paths.length === 0) options.paths.push('.');
  if (options.reporters.length === 0) options.reporters.push({ name: 'list', file: null });
  return options;
}

export function testHelpText(): string {
  const line = ({ name, alias, value, help }: TestOption) => {
    const left = `${alias ? `-${alias}, ` : ''}--${name}${value ? ` ${value}` : ''}`;
    const gap = left.length > 26 ? `\n${' '.repeat(30)}` : ' '.repeat(28 - left.length);
    return `  ${left}${gap}${help.replaceAll('\n', `\n${' '.repeat(30)}`)}`;
  };
  return `Usage: snowglobe test [FILE or FOLDER …] [options]

Runs the tests in .vmtest files: a guest's command line, and what to expect of it and to send to it
(docs/vmtest.md). Without a name: those below this folder. Playwright Test runs them.

${TEST_OPTIONS.map(line).join('\n')}

Exit status: 0 all tests passed; 1 some failed; 2 wrong usage, or a test file or an image that
cannot be used; 124 the time was up; 128 + n ended by signal n.
`;
}
