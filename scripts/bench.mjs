// npm run bench: Snowglobe, native QEMU and, on a 32-bit PC, v86 side by side in one run, taking turns. Prints Markdown tables;
// --write puts it into docs/benchmarks.md. docs/benchmarks.md says what each line means.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  buildGuest,
  compareSums,
  engineRows,
  GUESTS,
  isDone,
  noCompiler,
  readTranscript,
  speedsOf,
  speedTable,
} from './lib/bench-guest.mjs';
import { compareFirmware } from './lib/bench-firmware.mjs';
import { buildDiskGuest, DISK_IMAGE, diskRows } from './lib/bench-disk.mjs';
import { engineMemory } from './lib/bench-memory.mjs';
import { buildVirtioGuest, VIRTIO_IMAGE, virtioRows } from './lib/bench-virtio.mjs';
import { storageRows } from './lib/bench-storage.mjs';
import { pageRows, typingRows } from './lib/bench-page.mjs';
import { screenRows } from './lib/bench-screen.mjs';
import { main, SetupError, say, step } from './lib/console.mjs';
import { cpuModel, spread, summary, timeProcess } from './lib/measure.mjs';
import { measureIdle, measureMemory } from './lib/measure-page.mjs';
import { buildDir, imagesDir, root } from './lib/project.mjs';
import { findProgram, run } from './lib/run.mjs';
import { v86Obstacle } from './v86.mjs';

const LIMIT_MS = 900_000;
const IDLE_SECONDS = 20;
const BOOTS = 10;
const SECTION = { begin: '<!-- bench:begin -->', end: '<!-- bench:end -->' };

const seconds = (values) => `${spread(values.map((ms) => ms / 1000))} s`;
const times = (values) => `${spread(values, 2)} ×`;
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const verdict = (ok) => (ok ? 'yes' : '**no**');

function findQemu(arch) {
  const { qemu, qemuPackage } = GUESTS[arch];
  const found = findProgram(qemu);
  if (found) return found;
  throw new SetupError(
    `${qemu} is not on the PATH; install it (Debian: apt-get install ${qemuPackage}), or leave out ` +
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
    // A PC starts its kernel without firmware of ours; QEMU takes its own for that.
    ...(manifest.bios && manifest.machine !== 'pc' ? ['-bios', file(manifest.bios)] : []),
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

  async qemu(arch, options, onLine, { vga = 'none' } = {}) {
    const args = [...options, '-monitor', 'none', '-serial', 'stdio'].filter((arg) => arg !== '-nographic');
    // The machines of these runs have neither a screen nor a network card, so its PC has none; where the firmware counts, both have the same VGA.
    const same = ['-display', 'none', '-vga', vga, '-nic', 'none', '-accel', 'tcg'];
    return timeProcess(findQemu(arch), [...args, ...same], { limitMs: LIMIT_MS, onLine });
  }

  async snowglobe(arch, options, onLine) {
    const program = [join(root, 'bin/snowglobe.js'), arch, ...options];
    return this.#reporting(program, onLine);
  }

  /** v86 has one machine, so that what chooses ours is left out. */
  async v86(options, onLine) {
    const own = ['-m', '-kernel', '-initrd', '-append'];
    const args = options.flatMap((option, at) => (own.includes(option) ? [option, options[at + 1]] : []));
    return this.#reporting([join(root, 'scripts/v86.mjs'), ...args], onLine);
  }

  async #reporting(program, onLine) {
    const json = join(this.#folder, 'report.json');
    const limits = { limitMs: LIMIT_MS, onLine };
    const result = await timeProcess(process.execPath, [...program, '--json', json], limits);
    return { ...result, report: JSON.parse(readFileSync(json, 'utf8')) };
  }

  /**
   * Runs all contenders `runs` times in turn; which one goes first changes too. A result has the output's lines as they came: {text, ms}.
   * Without v86 its list is empty.
   */
  async alternate(
    title,
    arch,
    options,
    runs,
    { withV86 = false, onOurLine = () => {}, qemuOptions = [], ourOptions = [] } = {},
  ) {
    const results = { qemu: [], ours: [], v86: [] };
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
        async () =>
          results.qemu.push(await listen((onLine) => this.qemu(arch, [...options, ...qemuOptions], onLine))),
        async () =>
          results.ours.push(
            await listen((onLine) => this.snowglobe(arch, [...options, ...ourOptions], onLine), onOurLine),
          ),
      ];
      if (withV86) {
        turns.push(async () => results.v86.push(await listen((onLine) => this.v86(options, onLine))));
      }
      if (index % 2) turns.reverse();
      await step(`${title}, run ${index + 1} of ${runs}`, async () => {
        for (const turn of turns) await turn();
        const last = { QEMU: results.qemu, Snowglobe: results.ours, ...(withV86 && { v86: results.v86 }) };
        const list = Object.entries(last).map(
          ([name, all]) => `${name} ${(all.at(-1).ms / 1000).toFixed(1)} s`,
        );
        return list.join(', ');
      });
    }
    return results;
  }

  close() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Rows of speedTable for the boot, against QEMU and against v86. */
const bootSpeeds = (native, guest, asked) => ({
  title: 'Boot to power-off',
  asked,
  native,
  guest,
  speeds: native.map((ms, index) => ms / guest[index]),
});

async function boot({ contest, runs, arches, shared }) {
  const rows = [];
  for (const arch of arches) rows.push(...(await bootOf({ contest, runs, arch, shared })));
  return rows;
}

async function bootOf({ contest, runs, arch, shared }) {
  const { image, boot: limit, v86: asksV86 } = GUESTS[arch];
  const options = imageOptions(image, 'snowglobe.poweroff');
  const withV86 = shared.v86.includes(arch);
  const { qemu, ours, v86 } = await contest.alternate(`${arch}: boot to power-off`, arch, options, runs, {
    withV86,
  });
  const native = qemu.map(({ ms }) => ms);
  const guest = ours.map(({ report }) => report.guestMs);
  const ratios = guest.map((ms, index) => ms / native[index]);
  shared.boots[arch] = { qemu: bootSpeeds(native, guest, 1 / limit) };
  const rate = (list) => `${spread(list, 0)} MIPS`;
  const mips = ours.map(({ report }) => report.instructions / report.guestMs / 1000);
  const sleeping = ours.map(({ report }) => report.sleepMs);
  const instructions = (summary(ours.map(({ report }) => report.instructions)).median / 1e9).toFixed(2);
  const rows = [
    [
      `Debian boot to power-off on ${arch}: first instruction to the end, against the whole process of QEMU`,
      seconds(native),
      seconds(guest),
      times(ratios),
      `at most ${limit} ×`,
      verdict(summary(ratios).median <= limit),
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
  if (withV86) {
    const other = v86.map(({ report }) => report.guestMs);
    shared.boots[arch].v86 = bootSpeeds(other, guest, asksV86.boot);
    const faster = other.map((ms, index) => ms / guest[index]);
    rows.push([
      `The same boot in v86: ${seconds(other)}, start of the processor to the end; its time over ours`,
      '',
      seconds(guest),
      times(faster),
      `at least ${asksV86.boot} ×`,
      verdict(summary(faster).median >= asksV86.boot),
    ]);
  }
  return rows;
}

/** The guest measures itself, so the start of a process or a browser is not in the number. */
const LOOP_RESULT = /rate (\d+) MIPS checksum (\w+)/;

async function loop({ contest, runs }) {
  const { qemu, ours } = await contest.alternate(
    'Integer loop',
    'riscv64',
    imageOptions('riscv64-bench-loop'),
    runs,
  );
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
      const result = await contest.snowglobe('riscv64', [
        ...imageOptions('riscv64-bench-loop'),
        ...['--tier', 'interp'],
      ]);
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
async function guest({ contest, runs, arches, shared }) {
  for (const arch of arches) await guestOf({ contest, runs, arch, shared });
  return [];
}

async function guestOf({ contest, runs, arch, shared }) {
  const { image, mean, asksWorkloads = false, v86: asksV86 } = GUESTS[arch];
  const { initrd, workloads } = await buildGuest(arch);
  if (workloads.every(({ kernel }) => !kernel)) {
    shared.remarks.push(noCompiler(arch));
    say(noCompiler(arch));
  }
  const options = imageOptions(image, 'quiet rdinit=/bench/init');
  options[options.indexOf('-initrd') + 1] = contest.file('bench-initrd.gz', initrd);
  const ramBytes = Number(options[options.indexOf('-m') + 1]) * 2 ** 20;
  const looks = [];
  const { qemu, ours, v86 } = await contest.alternate(`${arch}: guest workloads`, arch, options, runs, {
    withV86: shared.v86.includes(arch),
    onOurLine(line, pid) {
      if (isDone(line)) looks.push(attempt(() => engineMemory(pid, ramBytes)));
    },
  });
  const read = (contender) => (run) => readTranscript(run.lines, workloads, contender);
  const native = qemu.map(read('QEMU'));
  const emulated = ours.map(read('Snowglobe'));
  const other = v86.map(read('v86'));
  const named = (contender) => (results) => ({ contender, results });
  const everyone = [
    ...native.map(named('QEMU')),
    ...emulated.map(named('Snowglobe')),
    ...other.map(named('v86')),
  ];
  compareSums(everyone, workloads);
  const boots = shared.boots[arch];
  const speeds = speedsOf(workloads, native, emulated, asksWorkloads);
  shared.tables.push(speedTable(speeds, boots?.qemu, { guest: arch, mean }));
  if (other.length > 0) {
    const against = speedsOf(workloads, other, emulated, false);
    const about = { guest: arch, contender: 'v86', mean: asksV86.mean };
    shared.tables.push(speedTable(against, boots?.v86, about));
  }
  const reports = ours.map(({ report }) => report);
  const memories = looks.map((look) => look());
  shared.tables.push(
    table(
      [`the engine over the boot and the workloads, ${arch}`, 'Snowglobe', 'asked', 'met'],
      engineRows(reports, memories),
    ),
  );
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

/** A disk in memory, by IDE's DMA. */
async function disk({ contest, runs }) {
  const { initrd, disk: bytes } = buildDiskGuest();
  const options = imageOptions(DISK_IMAGE, 'quiet rdinit=/bench/init');
  options[options.indexOf('-initrd') + 1] = contest.file('disk-initrd.gz', initrd);
  const image = contest.file('disk.img', bytes);
  options.push('-drive', `file=${image},format=raw,snapshot=on,if=ide,index=0`);
  const { qemu, ours } = await contest.alternate('IDE disk', 'i386', options, runs);
  return diskRows(qemu, ours);
}

/** A virtio disk in memory. */
async function virtio({ contest, runs, shared }) {
  const files = await buildVirtioGuest();
  if (!files) {
    shared.remarks.push(noCompiler('riscv64'));
    return [];
  }
  const options = imageOptions(VIRTIO_IMAGE, 'quiet rdinit=/bench/init');
  options[options.indexOf('-initrd') + 1] = contest.file('virtio-initrd.gz', files.initrd);
  const image = contest.file('virtio.img', files.disk);
  const [raw, qcow2] = [contest.file('raw.img', files.raw), contest.file('virtio.qcow2', files.qcow2)];
  options.push('-drive', `file=${image},format=raw,snapshot=on,if=none,id=disk`);
  options.push('-device', 'virtio-blk-device,drive=disk,serial=first');
  /** The two that are compared are written to themselves: QEMU's in the host's page cache, ours in memory. */
  const compared = (more) =>
    Object.entries({ raw, qcow2 }).flatMap(([format, file]) => [
      ...['-drive', `file=${file},format=${format},snapshot=off,if=none,id=${format}${more}`],
      ...['-device', `virtio-blk-device,drive=${format},serial=${format}`],
    ]);
  const { qemu, ours } = await contest.alternate('virtio disk', 'riscv64', options, runs, {
    qemuOptions: compared(''),
    ourOptions: compared(',preload=on'),
  });
  return virtioRows(qemu, ours);
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

async function screen({ runs, shared }) {
  const rows = await screenRows({ runs, step, verdict });
  shared.tables.push(table(['the screen, in Chromium with SwiftShader', 'Snowglobe', 'asked', 'met'], rows));
  return [];
}

const firmware = ({ contest, runs }) => compareFirmware({ contest, runs, step });
const page = ({ runs, arches }) => pageRows({ runs, arches, step, qemu: findQemu, imageOptions });
const typing = () => typingRows({ step });
const storage = ({ runs }) => storageRows({ runs, step, verdict });

async function size() {
  const { stdout, stderr } = await run(process.execPath, [join(root, 'scripts/size.mjs')]);
  const totals = [...stdout.matchAll(/([\d.]+ kB) of ([\d.]+ kB) for/g)];
  if (totals.length !== 2) throw new SetupError(`npm run size: ${(stderr || stdout).trim()}`);
  const names = [
    'JavaScript and Wasm that a boot can load, without xterm.js, gzipped',
    'all of the site’s, gzipped',
  ];
  return totals.map(([, total, limit], index) => [
    names[index],
    '',
    total,
    '',
    `at most ${limit}`,
    verdict(Number.parseFloat(total) <= Number.parseFloat(limit)),
  ]);
}

const PARTS = {
  boot,
  guest,
  page,
  typing,
  firmware,
  disk,
  virtio,
  storage,
  loop,
  idle,
  memory,
  screen,
  size,
};
const NEED_QEMU = ['boot', 'guest', 'page', 'firmware', 'disk', 'virtio', 'loop'];
/** These parts are about the page and the engine, and need one guest only. */
const RISCV_ONLY = ['virtio', 'storage', 'loop', 'idle', 'memory'];
/** And these need a PC with 32 bits. */
const I386_ONLY = ['firmware', 'disk', 'screen'];

const v86Version = () =>
  JSON.parse(readFileSync(join(root, 'node_modules/v86/package.json'), 'utf8')).version;

async function versions(withV86) {
  const { chromiumLaunchOptions } = await import(join(buildDir, 'ts/cli/chromium.js'));
  const first = async (program, args) => (await run(program, args)).stdout.split('\n')[0].trim();
  return [
    `${cpuModel()}, ${cpus().length} cores`,
    `Node ${process.version.slice(1)}`,
    await first(chromiumLaunchOptions().executablePath, ['--version', '--no-sandbox']),
    (await qemuVersion(first)) ?? 'no QEMU',
    ...(withV86 ? [`v86 ${v86Version()}`] : []),
  ];
}

async function qemuVersion(first) {
  const qemu = findProgram(...Object.values(GUESTS).map((guest) => guest.qemu));
  return qemu && (await first(qemu, ['--version']));
}

/** The guests that v86 takes part on. Where it does not run, the tables lack it, and a remark says why. */
function v86Guests(arches, remarks) {
  const wanted = arches.filter((arch) => GUESTS[arch].v86);
  const obstacle = wanted.length > 0 ? v86Obstacle() : undefined;
  if (!obstacle) return wanted;
  remarks.push(`v86 is left out: ${obstacle}`);
  say(remarks.at(-1));
  return [];
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
      arch: { type: 'string', default: Object.keys(GUESTS).join(',') },
      write: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    say(
      `npm run bench [-- --runs N] [--only ${Object.keys(PARTS).join(',')}] [--arch ${values.arch}] [--write]`,
    );
    return 0;
  }
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new SetupError('--runs takes a whole number above 0');
  const arches = values.arch.split(',');
  const stranger = arches.find((arch) => !Object.hasOwn(GUESTS, arch));
  if (stranger) throw new SetupError(`there is no guest "${stranger}": ${Object.keys(GUESTS).join(', ')}`);
  const missing = [
    ...(arches.includes('riscv64') ? [] : RISCV_ONLY),
    ...(arches.includes('i386') ? [] : I386_ONLY),
  ];
  const all = Object.keys(PARTS).filter((part) => !missing.includes(part));
  const parts = values.only?.split(',') ?? all;
  const unknown = parts.find((part) => !Object.hasOwn(PARTS, part));
  if (unknown) throw new SetupError(`there is no part "${unknown}": ${Object.keys(PARTS).join(', ')}`);
  if (!existsSync(join(buildDir, 'ts/cli/main.js')) || !existsSync(join(buildDir, 'site/runner.html'))) {
    throw new SetupError('nothing is built yet: npm run build');
  }
  if (parts.some((part) => NEED_QEMU.includes(part))) {
    for (const arch of arches) findQemu(arch);
  }

  const load = loadavg()[0];
  const contest = new Contest();
  const rows = [];
  const shared = { boots: {}, tables: [], remarks: [], v86: [] };
  if (parts.includes('boot') || parts.includes('guest')) shared.v86 = v86Guests(arches, shared.remarks);
  try {
    for (const part of Object.keys(PARTS).filter((name) => parts.includes(name))) {
      rows.push(...(await PARTS[part]({ contest, runs, arches, shared })));
    }
  } finally {
    contest.close();
  }
  const facts = [
    new Date().toISOString().slice(0, 10),
    ...(await versions(shared.v86.length > 0)),
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
