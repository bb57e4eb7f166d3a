// The guest workloads of npm run bench: builds the guest's initrd, reads what it says on the serial port, and makes rows of it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { SetupError } from './console.mjs';
import { encodeCpio } from './cpio.mjs';
import { spread, summary } from './measure.mjs';
import { imagesDir, root } from './project.mjs';
import { findProgram, runOrFail } from './run.mjs';

/**
 * What npm run bench compares, by guest architecture: the image (its kernel, firmware and busybox), QEMU's program and its Debian package, the
 * compiler of the C kernels with its packages, and what is asked: of the geometric mean of all workloads and the boot, as a fraction of QEMU's
 * speed, and of the boot, our time as a multiple of QEMU's. `v86` where v86 takes part: the least speed asked as a multiple of its own.
 */
export const GUESTS = {
  riscv64: {
    image: 'riscv64-debian',
    qemu: 'qemu-system-riscv64',
    qemuPackage: 'qemu-system-misc',
    compilers: ['riscv64-linux-gnu-gcc'],
    compilerPackages: 'gcc-riscv64-linux-gnu libc6-dev-riscv64-cross',
    mean: 0.6,
    boot: 1.5,
    asksWorkloads: true,
  },
  i386: {
    image: 'i386-debian',
    qemu: 'qemu-system-i386',
    qemuPackage: 'qemu-system-x86',
    compilers: ['i686-linux-gnu-gcc'],
    compilerPackages: 'gcc-i686-linux-gnu',
    mean: 0.5,
    boot: 2,
    v86: { mean: 3, boot: 2.5 },
  },
  x86_64: {
    image: 'x86_64-debian',
    qemu: 'qemu-system-x86_64',
    qemuPackage: 'qemu-system-x86',
    compilers: ['x86_64-linux-gnu-gcc'],
    compilerPackages: 'gcc-x86-64-linux-gnu',
    mean: 0.5,
    boot: 2,
  },
};

/** What npm run bench says where there is no compiler for a guest. */
export const noCompiler = (arch) =>
  `${GUESTS[arch].compilers[0]} is not on the PATH, so the integer and the floating-point kernel are left out on ${arch}; ` +
  `Debian: apt-get install ${GUESTS[arch].compilerPackages}`;

/**
 * The workloads in the order in which images/bench-guest/init runs them. `asked` is the least speed that is wanted, as a fraction
 * of QEMU's, on riscv64; those without one count in the geometric mean only. `kernel` is a C program of ours that has to be compiled.
 */
export const WORKLOADS = [
  { name: 'sha256sum', title: 'sha256sum of 25 MiB', asked: 0.8 },
  { name: 'gzip', title: 'gzip -9 of 2 MB', asked: 0.8 },
  { name: 'awk', title: 'awk, 400,000 floating-point steps' },
  { name: 'sh-loop', title: 'sh loop, 30,000 steps', asked: 0.4 },
  { name: 'fork-exec', title: '300 × fork and exec', asked: 0.4 },
  { name: 'memory-copy', title: 'Memory copy, 4 × 25 MiB from file to file' },
  { name: 'integer', title: 'Integer kernel (C)', asked: 0.8, kernel: true },
  { name: 'float', title: 'Floating-point kernel (C)', asked: 0.8, kernel: true },
];

const SOURCES = join(root, 'images/bench-guest');

/** The C kernels as static programs: [{name, bytes}], or undefined where no compiler for this guest is installed. */
async function compileKernels(arch) {
  const compiler = findProgram(...GUESTS[arch].compilers);
  if (!compiler) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'snowglobe-kernels-'));
  try {
    const kernels = [];
    for (const { name } of WORKLOADS.filter(({ kernel }) => kernel)) {
      const output = join(folder, name);
      const source = join(SOURCES, `${name}.c`);
      const options = ['-O2', '-static', '-Wall', '-o', output, source, '-lm'];
      const needed = `it needs ${GUESTS[arch].compilerPackages}`;
      await runOrFail(`Compiling ${name}.c for ${arch} (${needed})`, compiler, options);
      kernels.push({ name, bytes: readFileSync(output) });
    }
    return kernels;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the kernel unpacks over `base`, a gzipped initrd: one archive after another. */
export function appendToInitrd(base, entries) {
  return Buffer.concat([base, gzipSync(encodeCpio(entries), { level: 9 })]);
}

/**
 * The benchmark's initrd: that of the base image, and /bench after it. Resolves to {initrd, workloads}: the file's bytes and the
 * workloads it runs. Throws SetupError when the base image is not built.
 */
export async function buildGuest(arch) {
  const { image } = GUESTS[arch];
  const path = join(imagesDir, image, 'initrd.gz');
  if (!existsSync(path)) {
    throw new SetupError(`the image ${image} is not built; build it with: npm run images -- ${image}`);
  }
  const kernels = await compileKernels(arch);
  const program = (name, content) => ({ path: `bench/${name}`, type: 'file', mode: 0o755, content });
  const entries = [
    { path: 'bench', type: 'directory', mode: 0o755 },
    program('init', readFileSync(join(SOURCES, 'init'))),
    ...(kernels ?? []).map(({ name, bytes }) => program(name, bytes)),
  ];
  return {
    initrd: appendToInitrd(readFileSync(path), entries),
    workloads: WORKLOADS.filter(({ kernel }) => kernels || !kernel),
  };
}

const MARKER = /^@@ (begin|end|sum|done|ready)\b ?(\S*) ?(\S*)$/;

/** Whether a line of the serial port says that the workloads are over. */
export const isDone = (line) => MARKER.exec(line.trim())?.[1] === 'done';

/**
 * Reads a run's lines, [{text, ms}] with the host's time of each line's arrival. Returns name → {ms, sum} for `workloads`.
 * Throws SetupError for one that failed in the guest or is missing: its time would mean nothing.
 */
export function readTranscript(lines, workloads, contender) {
  const begun = new Map();
  const results = new Map();
  for (const { text, ms } of lines) {
    const [, kind, name, value] = MARKER.exec(text.trim()) ?? [];
    if (kind === 'begin') begun.set(name, ms);
    if (kind === 'end') {
      if (!begun.has(name)) throw new SetupError(`${contender}: ${name} ended before it began`);
      if (value !== '0')
        throw new SetupError(`${contender}: ${name} failed in the guest with status ${value}`);
      results.set(name, { ms: ms - begun.get(name) });
    }
    if (kind === 'sum' && results.has(name)) results.get(name).sum = value;
  }
  for (const { name } of workloads) {
    if (!results.get(name)?.sum) {
      const last = lines.at(-1)?.text ?? 'nothing';
      throw new SetupError(`${contender}: the guest did not finish ${name}; the last it said: ${last}`);
    }
  }
  return results;
}

/** Throws SetupError if any two of the runs (maps of readTranscript) computed something different. */
export function compareSums(runs, workloads) {
  for (const { name } of workloads) {
    const sums = new Set(runs.map(({ results }) => results.get(name).sum));
    if (sums.size === 1) continue;
    const list = runs.map(({ contender, results }) => `${contender} ${results.get(name).sum.slice(0, 16)}`);
    throw new SetupError(`the checksums of ${name} differ: ${list.join(', ')}`);
  }
}

export const geometricMean = (values) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/**
 * Speeds as fractions of QEMU's, or of another contender whose runs come first, pair by pair: [{title, asked, native, guest, speeds}], times
 * in ms. What is asked is left out without `asks`.
 */
export function speedsOf(workloads, qemuRuns, ourRuns, asks = true) {
  return workloads.map(({ name, title, asked }) => {
    const native = qemuRuns.map((run) => run.get(name).ms);
    const guest = ourRuns.map((run) => run.get(name).ms);
    const speeds = native.map((ms, index) => ms / guest[index]);
    return { title, asked: asks ? asked : undefined, native, guest, speeds };
  });
}

/**
 * The table of speeds. `boot` has the shape of speedsOf's items, or is undefined when it was not measured. The mean of each pair
 * of runs is taken over all rows, so that it has a spread too. `guest` names the architecture, `contender` whom we are compared with.
 */
export function speedTable(rows, boot, { guest: arch, contender = 'QEMU', mean: askedMean }) {
  const all = boot ? [...rows, boot] : rows;
  const seconds = (values) =>
    spread(
      values.map((ms) => ms / 1000),
      2,
    );
  const pairs = Math.min(...all.map(({ speeds }) => speeds.length));
  const means = Array.from({ length: pairs }, (_, index) =>
    geometricMean(all.map(({ speeds }) => speeds[index])),
  );
  const verdict = (speeds, asked) =>
    asked === undefined ? '' : summary(speeds).median >= asked ? 'yes' : '**no**';
  const cells = all.map(({ title, native, guest, speeds, asked }) => [
    title,
    seconds(native),
    seconds(guest),
    spread(speeds, 2),
    asked === undefined ? '' : `≥ ${asked.toFixed(2)}`,
    verdict(speeds, asked),
  ]);
  cells.push([
    `Geometric mean${boot ? '' : ', without the boot'}`,
    ...['', '', spread(means, 2), `≥ ${askedMean.toFixed(2)}`, verdict(means, askedMean)],
  ]);
  const header = [
    ...[`${arch} guest`, `${contender}, s`, 'Snowglobe, s', `speed, ${contender} = 1`, 'asked', 'met'],
  ];
  return [header, header.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Rows about the engine, from the reports (--json) and the memory of the runs: [what, value, asked, met]. */
export function engineRows(reports, memories) {
  const list = (read, digits = 0, unit = '') => `${spread(reports.map(read), digits)}${unit}`;
  const bytesEach = reports.map(({ regions, events }) => regions.bytes / events.regionInstructions);
  const megabytes = (bytes) => bytes.map((value) => value / 1e6);
  const beyond = (name) => megabytes(memories.map((memory) => memory[name] - memory.ram));
  return [
    [
      'Wasm bytes emitted for each guest instruction translated',
      spread(bytesEach, 1),
      'under 60',
      summary(bytesEach).median < 60 ? 'yes' : '**no**',
    ],
    ['Instructions retired', list(({ instructions }) => instructions / 1e9, 2, ' G'), '', ''],
    [
      'of them in tier 1',
      list(({ tiers, instructions }) => (100 * tiers.jit) / instructions, 2, ' %'),
      '',
      '',
    ],
    ['Regions compiled', list(({ regions }) => regions.compiled), '', ''],
    ['Wasm emitted', list(({ regions }) => regions.bytes / 1e6, 2, ' MB'), '', ''],
    ['Time in the browser’s compiler', list(({ regions }) => regions.compileMs, 0, ' ms'), '', ''],
    ['Regions evicted', list(({ regions }) => regions.evicted), '', ''],
    [
      'Engine memory at the end of the suite: the renderer beyond guest RAM, all that is resident',
      `${spread(beyond('resident'), 0)} MB`,
      'under 250 MB',
      summary(beyond('resident')).median < 250 ? 'yes' : '**no**',
    ],
    [
      'the same, each page that processes share divided among them (PSS)',
      `${spread(beyond('proportional'), 0)} MB`,
      '',
      '',
    ],
    ['the same, without pages that another process has too', `${spread(beyond('own'), 0)} MB`, '', ''],
    [
      'All processes of the browser beyond guest RAM, shared pages counted once (PSS)',
      `${spread(beyond('browser'), 0)} MB`,
      '',
      '',
    ],
    ['guest RAM that was touched', `${spread(megabytes(memories.map(({ ram }) => ram)), 0)} MB`, '', ''],
  ];
}
