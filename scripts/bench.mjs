// npm run bench: Snowglobe and native QEMU side by side in one run, the contenders taking turns. Prints a Markdown table;
// --write puts it into docs/benchmarks.md. docs/benchmarks.md says what each line means.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  BASE_IMAGE,
  buildGuest,
  compareSums,
  engineRows,
  isDone,
  NO_COMPILER,
  readTranscript,
  speedsOf,
  speedTable,
} from './lib/bench-guest.mjs';
import { engineMemory } from './lib/bench-memory.mjs';
import { main, SetupError, say, step } from './lib/console.mjs';
import { cpuModel, spread, summary, timeProcess } from './lib/measure.mjs';
import { measureIdle, measureMemory } from './lib/measure-page.mjs';
import { buildDir, imagesDir, root } from './lib/project.mjs';
import { findProgram, run } from './lib/run.mjs';

const LIMIT_MS = 300_000;
const IDLE_SECONDS = 20;
const BOOTS = 10;
/** Asked of the boot: our time as a multiple of QEMU's. */
const BOOT_LIMIT = 1.5;
const SECTION = { begin: '<!-- bench:begin -->', end: '<!-- bench:end -->' };

const seconds = (values) => `${spread(values.map((ms) => ms / 1000))} s`;
const times = (values) => `${spread(values, 2)} ×`;
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const verdict = (ok) => (ok ? 'yes' : '**no**');

function findQemu() {
  const qemu = findProgram('qemu-system-riscv64');
  if (qemu) return qemu;
  throw new SetupError(
    'qemu-system-riscv64 is not on the PATH; install it (Debian: apt-get install qemu-system-misc), or leave out ' +
      'what needs it: npm run bench -- --only idle,memory,size',
  );
}

/** An image's files as options that QEMU and Snowglobe both take. */
function imageOptions(name, append) {
  const folder = join(imagesDir, name);
  if (!existsSync(join(folder, 'manifest.json'))) {
    throw new SetupError(`the image ${name} is not built; build it with: npm run images -- ${name}`);
  }
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const file = (path) => (path === 'none' ? path : join(folder, path));
  const commandLine = [manifest.append, append].filter(Boolean).join(' ');
  return [
    ...['-M', manifest.machine ?? 'virt', '-m', String(manifest.memory ?? 128), '-nographic'],
    ...(manifest.bios ? ['-bios', file(manifest.bios)] : []),
    ...['-kernel', file(manifest.kernel)],
    ...(manifest.initrd ? ['-initrd', file(manifest.initrd)] : []),
    ...(commandLine ? ['-append', commandLine] : []),
  ];
}

class Contest {
  #folder = mkdtempSync(join(tmpdir(), 'snowglobe-bench-'));

  /** A file for both to read; returns its path. */
  file(name, bytes) {
    const path = join(this.#folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  async qemu(options, onLine) {
    const args = [...options, '-monitor', 'none', '-serial', 'stdio'].filter((arg) => arg !== '-nographic');
    return timeProcess(findQemu(), [...args, '-display', 'none'], { limitMs: LIMIT_MS, onLine });
  }

  async snowglobe(options, onLine) {
    const json = join(this.#folder, 'report.json');
    const program = [join(root, 'bin/snowglobe.js'), 'riscv64', ...options, '--json', json];
    const result = await timeProcess(process.execPath, program, { limitMs: LIMIT_MS, onLine });
    return { ...result, report: JSON.parse(readFileSync(json, 'utf8')) };
  }

  /** Runs both `runs` times in turn; which one goes first changes too. A result has the output's lines as they came: {text, ms}. */
  async alternate(title, options, runs, onOurLine = () => {}) {
    const results = { qemu: [], ours: [] };
    const listen = async (start, onLine = () => {}) => {
      const lines = [];
      const result = await start((text, ms, pid) => {
        lines.push({ text, ms });
        onLine(text, pid);
      });
      return { ...result, lines };
    };
    for (let index = 0; index < runs; index++) {
      const turns = [
        async () => results.qemu.push(await listen((onLine) => this.qemu(options, onLine))),
        async () => results.ours.push(await listen((onLine) => this.snowglobe(options, onLine), onOurLine)),
      ];
      if (index % 2) turns.reverse();
      await step(`${title}, run ${index + 1} of ${runs}`, async () => {
        for (const turn of turns) await turn();
        return `QEMU ${(results.qemu.at(-1).ms / 1000).toFixed(1)} s, Snowglobe ${(results.ours.at(-1).ms / 1000).toFixed(1)} s`;
      });
    }
    return results;
  }

  close() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function boot({ contest, runs, shared }) {
  const options = imageOptions('riscv64-debian', 'snowglobe.poweroff');
  const { qemu, ours } = await contest.alternate('Boot to power-off', options, runs);
  const native = qemu.map(({ ms }) => ms);
  const guest = ours.map(({ report }) => report.guestMs);
  const ratios = guest.map((ms, index) => ms / native[index]);
  shared.boot = {
    title: 'Boot to power-off',
    asked: 1 / BOOT_LIMIT,
    native,
    guest,
    speeds: ratios.map((ratio) => 1 / ratio),
  };
  const rate = (list) => `${spread(list, 0)} MIPS`;
  const mips = ours.map(({ report }) => report.instructions / report.guestMs / 1000);
  const sleeping = ours.map(({ report }) => report.sleepMs);
  const instructions = (summary(ours.map(({ report }) => report.instructions)).median / 1e9).toFixed(2);
  return [
    [
      'Debian boot to power-off: first instruction to the end, against the whole process of QEMU',
      seconds(native),
      seconds(guest),
      times(ratios),
      `at most ${BOOT_LIMIT} ×, aim 1 ×`,
      verdict(summary(ratios).median <= BOOT_LIMIT),
    ],
    [
      'The same, whole process with the browser',
      seconds(native),
      seconds(ours.map(({ ms }) => ms)),
      '',
      '',
      '',
    ],
    [
      `Rate over that boot (${instructions} G instructions, ${(summary(sleeping).median / 1000).toFixed(1)} s of it asleep)`,
      '',
      rate(mips),
      '',
      'reported',
      '',
    ],
  ];
}

/** The guest measures itself, so the start of a process or a browser is not in the number. */
const LOOP_RESULT = /rate (\d+) MIPS checksum (\w+)/;

async function loop({ contest, runs }) {
  const { qemu, ours } = await contest.alternate('Integer loop', imageOptions('riscv64-bench-loop'), runs);
  const checksums = new Set();
  const read = ({ stdout }) => {
    const match = LOOP_RESULT.exec(stdout);
    if (!match) throw new SetupError(`the loop guest printed no result: ${stdout.slice(-200)}`);
    checksums.add(match[2]);
    return Number(match[1]);
  };
  const native = qemu.map(read);
  const guest = ours.map(read);
  const interpreted = [];
  for (let index = 0; index < runs; index++) {
    await step(`Integer loop on the interpreter alone, run ${index + 1} of ${runs}`, async () => {
      const result = await contest.snowglobe([...imageOptions('riscv64-bench-loop'), '--tier', 'interp']);
      interpreted.push(read(result));
    });
  }
  if (checksums.size !== 1)
    throw new SetupError(`the checksums of the loop differ: ${[...checksums].join(', ')}`);
  return [
    [
      'Integer loop, by the guest’s own clock',
      `${spread(native, 0)} MIPS`,
      `${spread(guest, 0)} MIPS`,
      times(guest.map((mips, index) => mips / native[index])),
      '',
      '',
    ],
    [
      'The same on the interpreter alone (`--tier interp`)',
      '',
      `${spread(interpreted, 0)} MIPS`,
      times(interpreted.map((mips, index) => mips / native[index])),
      'at least 200 MIPS',
      verdict(summary(interpreted).median >= 200),
    ],
  ];
}

/** Workloads under Linux, timed by our clock between lines of the guest's serial port. */
async function guest({ contest, runs, shared }) {
  const { initrd, workloads } = await buildGuest();
  if (workloads.every(({ kernel }) => !kernel)) {
    shared.remarks.push(NO_COMPILER);
    say(NO_COMPILER);
  }
  const options = imageOptions(BASE_IMAGE, 'quiet rdinit=/bench/init');
  options[options.indexOf('-initrd') + 1] = contest.file('bench-initrd.gz', initrd);
  const ramBytes = Number(options[options.indexOf('-m') + 1]) * 2 ** 20;
  const looks = [];
  const { qemu, ours } = await contest.alternate('Guest workloads', options, runs, (line, pid) => {
    if (isDone(line)) looks.push(attempt(() => engineMemory(pid, ramBytes)));
  });
  const read = (contender) => (run) => readTranscript(run.lines, workloads, contender);
  const native = qemu.map(read('QEMU'));
  const emulated = ours.map(read('Snowglobe'));
  const named = (contender) => (results) => ({ contender, results });
  compareSums([...native.map(named('QEMU')), ...emulated.map(named('Snowglobe'))], workloads);
  shared.tables.push(
    speedTable(speedsOf(workloads, native, emulated), shared.boot),
    table(
      ['the engine over the boot and the workloads', 'Snowglobe', 'asked', 'met'],
      [
        ...engineRows(
          ours.map(({ report }) => report),
          looks.map((look) => look()),
        ),
      ],
    ),
  );
  return [];
}

/** What `work` gives, or throws, when it is asked for: it runs now, inside a listener that must not throw. */
function attempt(work) {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

async function idle() {
  const { renderer, browser } = await step(`Idle prompt, ${IDLE_SECONDS} s`, () => measureIdle(IDLE_SECONDS));
  return [
    [
      'Idle prompt: renderer',
      '',
      `${percent(renderer)} of a core`,
      '',
      'under 3 %',
      verdict(renderer < 0.03),
    ],
    ['Idle prompt: all of the browser', '', `${percent(browser)} of a core`, '', '', ''],
  ];
}

async function memory() {
  const { first, last } = await step(`${BOOTS} boots in one page`, (progress) =>
    measureMemory(BOOTS, progress),
  );
  const growth = last / first - 1;
  const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return [
    [
      `Renderer’s resident size after boot 1 and boot ${BOOTS}`,
      '',
      `${mib(first)}, ${mib(last)}`,
      `${growth < 0 ? '−' : '+'}${percent(Math.abs(growth))}`,
      'within 10 %',
      verdict(growth <= 0.1),
    ],
  ];
}

async function size() {
  const { status, stdout, stderr } = await run(process.execPath, [join(root, 'scripts/size.mjs')]);
  const total = /([\d.]+ kB) of ([\d.]+ kB)\s*$/.exec(stdout);
  if (!total) throw new SetupError(`npm run size: ${(stderr || stdout).trim()}`);
  return [
    [
      'JavaScript and Wasm without xterm.js, gzipped',
      '',
      total[1],
      '',
      `at most ${total[2]}`,
      verdict(status === 0),
    ],
  ];
}

const PARTS = { boot, guest, loop, idle, memory, size };
const NEED_QEMU = ['boot', 'guest', 'loop'];

async function versions() {
  const { chromiumLaunchOptions } = await import(join(buildDir, 'ts/cli/chromium.js'));
  const first = async (program, args) => (await run(program, args)).stdout.split('\n')[0].trim();
  return [
    `${cpuModel()}, ${cpus().length} cores`,
    `Node ${process.version.slice(1)}`,
    await first(chromiumLaunchOptions().executablePath, ['--version', '--no-sandbox']),
    findProgram('qemu-system-riscv64') ? await first('qemu-system-riscv64', ['--version']) : 'no QEMU',
  ];
}

const HEADER = ['', 'native QEMU', 'Snowglobe', 'ratio', 'goal', 'met'];

function table(header, rows) {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function writeDocument(text) {
  const path = join(root, 'docs/benchmarks.md');
  const document = readFileSync(path, 'utf8');
  const [from, to] = [document.indexOf(SECTION.begin), document.indexOf(SECTION.end)];
  if (from < 0 || to < from)
    throw new SetupError(`docs/benchmarks.md has no ${SECTION.begin} … ${SECTION.end}`);
  writeFileSync(path, `${document.slice(0, from)}${SECTION.begin}\n${text}\n${document.slice(to)}`);
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '3' },
      only: { type: 'string' },
      write: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    say(`npm run bench [-- --runs N] [--only ${Object.keys(PARTS).join(',')}] [--write]`);
    return 0;
  }
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new SetupError('--runs takes a whole number above 0');
  const parts = values.only?.split(',') ?? Object.keys(PARTS);
  const unknown = parts.find((part) => !Object.hasOwn(PARTS, part));
  if (unknown) throw new SetupError(`there is no part "${unknown}": ${Object.keys(PARTS).join(', ')}`);
  if (!existsSync(join(buildDir, 'ts/cli/main.js')) || !existsSync(join(buildDir, 'site/runner.html'))) {
    throw new SetupError('nothing is built yet: npm run build');
  }
  if (parts.some((part) => NEED_QEMU.includes(part))) findQemu();

  const load = loadavg()[0];
  const contest = new Contest();
  const rows = [];
  const shared = { boot: undefined, tables: [], remarks: [] };
  try {
    for (const part of Object.keys(PARTS).filter((name) => parts.includes(name))) {
      rows.push(...(await PARTS[part]({ contest, runs, shared })));
    }
  } finally {
    contest.close();
  }
  const facts = [
    new Date().toISOString().slice(0, 10),
    ...(await versions()),
    `${runs} ${runs === 1 ? 'run' : 'runs'}: median (least–greatest)`,
    `load before: ${load.toFixed(1)}`,
  ];
  const tables = [...shared.tables, ...(rows.length > 0 ? [table(HEADER, rows)] : [])];
  const text = [`${facts.join('; ')}.`, ...shared.remarks.map((remark) => `${remark}.`), ...tables].join(
    '\n\n',
  );
  say(`\n${text}`);
  if (load > 0.5) say('\nThe machine was busy before the run; the numbers suffer from it.');
  if (values.write) writeDocument(text);
  return 0;
});
