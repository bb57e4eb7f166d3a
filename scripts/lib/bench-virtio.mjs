// The virtio disk of npm run bench: a RISC-V Linux reads what it wrote past its page cache, from memory in both contenders.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendToInitrd, GUESTS } from './bench-guest.mjs';
import { SetupError } from './console.mjs';
import { spread, summary } from './measure.mjs';
import { imagesDir, root } from './project.mjs';
import { findProgram, runOrFail } from './run.mjs';

export const VIRTIO_IMAGE = 'riscv64-disks';
const BYTES = 64 * 2 ** 20;
/** Of each of the two disks that are compared. */
const COMPARED_MIB = 48;
const SOURCES = join(root, 'images/bench-virtio');

/** What images/bench-virtio/disk.c prints: a name, an amount and nanoseconds. Rates are in `unit`, of which the amount has `scale` to one. */
export const VIRTIO_WORKLOADS = [
  {
    name: 'sequential',
    title: 'virtio-blk, riscv64: reading 64 MiB again and again, 1 MiB at once, without the page cache',
    unit: 'MB/s',
    scale: 1e6,
    asked: 400,
  },
  {
    name: 'random',
    title: '4 KiB at random places, one after the other, after a second of the same',
    unit: '/s',
    scale: 1,
  },
  { name: 'random-4', title: 'The same by four processes at once', unit: '/s', scale: 1 },
  {
    name: 'random-32',
    title: 'The same by one process that keeps 32 on their way (`io_submit`)',
    unit: '/s',
    scale: 1,
    asked: 15_000,
  },
];

/** The same work on a raw disk and on a qcow2 one, both in memory: what the program prints after `raw-` and `qcow2-`. */
const COMPARED = [
  { name: 'new', title: 'writing all of it for the first time', unit: 'MB/s', scale: 1e6 },
  { name: 'read', title: 'reading in pieces of 1 MiB', unit: 'MB/s', scale: 1e6 },
  { name: 'write', title: 'writing in pieces of 1 MiB', unit: 'MB/s', scale: 1e6 },
  { name: 'random-read', title: 'reading 4 KiB at random places, 32 on their way', unit: '/s', scale: 1 },
  { name: 'random-write', title: 'writing 4 KiB at random places, 32 on their way', unit: '/s', scale: 1 },
];
/** What qcow2 may add to raw's time. */
const QCOW2_LIMIT = 1.2;

/** What the guest runs with: {initrd, disk, raw, qcow2}, the bytes of files; undefined where there is no compiler. @throws SetupError without the image */
export async function buildVirtioGuest() {
  const path = join(imagesDir, VIRTIO_IMAGE, 'initrd.gz');
  if (!existsSync(path)) {
    throw new SetupError(
      `the image ${VIRTIO_IMAGE} is not built; build it with: npm run images -- ${VIRTIO_IMAGE}`,
    );
  }
  const compiler = findProgram(...GUESTS.riscv64.compilers);
  if (!compiler) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'snowglobe-virtio-'));
  try {
    const output = join(folder, 'disk');
    const options = ['-O2', '-static', '-Wall', '-o', output, join(SOURCES, 'disk.c')];
    await runOrFail('Compiling disk.c for riscv64', compiler, options);
    const program = (name, content) => ({ path: `bench/${name}`, type: 'file', mode: 0o755, content });
    const entries = [
      { path: 'bench', type: 'directory', mode: 0o755 },
      program('init', readFileSync(join(SOURCES, 'init'))),
      program('disk', readFileSync(output)),
    ];
    const qcow2 = join(folder, 'disk.qcow2');
    const create = [
      join(root, 'bin/snowglobe-img.js'),
      'create',
      '-q',
      '-f',
      'qcow2',
      qcow2,
      `${COMPARED_MIB}M`,
    ];
    await runOrFail('Making a qcow2 image', process.execPath, create);
    return {
      initrd: appendToInitrd(readFileSync(path), entries),
      disk: Buffer.alloc(BYTES),
      raw: Buffer.alloc(COMPARED_MIB * 2 ** 20),
      qcow2: readFileSync(qcow2),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Rates by name, and the disk's checksum, from the lines of a run. @throws SetupError for one that is missing */
export function readVirtio(lines, contender) {
  const rates = new Map();
  const find = (pattern, what) => {
    const match = lines.map(({ text }) => pattern.exec(text.trim())).find(Boolean);
    if (!match)
      throw new SetupError(`${contender}: the guest did not say ${what}: ${lines.at(-1)?.text ?? ''}`);
    return match;
  };
  const compared = COMPARED.flatMap((work) =>
    ['raw', 'qcow2'].map((format) => ({ ...work, name: `${format}-${work.name}` })),
  );
  for (const { name, scale } of [...VIRTIO_WORKLOADS, ...compared]) {
    const [, amount, ns] = find(new RegExp(`^${name} (\\d+) (\\d+)$`), name);
    rates.set(name, Number(amount) / scale / (Number(ns) / 1e9));
  }
  return { rates, sum: find(/^sum (\w+)$/, 'sum')[1] };
}

/** Rows of the table. @throws SetupError where the disks differ, or the guest did not finish */
export function virtioRows(qemu, ours) {
  const native = qemu.map(({ lines }) => readVirtio(lines, 'QEMU'));
  const guest = ours.map(({ lines }) => readVirtio(lines, 'Snowglobe'));
  const sums = new Set([...native, ...guest].map(({ sum }) => sum));
  if (sums.size !== 1) throw new SetupError(`the checksums of the disks differ: ${[...sums].join(', ')}`);
  const rows = VIRTIO_WORKLOADS.map(({ name, title, unit, asked }) => {
    const [theirs, own] = [native, guest].map((runs) => runs.map(({ rates }) => rates.get(name)));
    return [
      title,
      `${spread(theirs, 0)} ${unit}`,
      `${spread(own, 0)} ${unit}`,
      `${spread(
        own.map((rate, index) => rate / theirs[index]),
        2,
      )} ×`,
      asked === undefined ? '' : `at least ${asked} ${unit}`,
      asked === undefined ? '' : summary(own).median >= asked ? 'yes' : '**no**',
    ];
  });
  const costs = COMPARED.map(({ name, title, unit }) => {
    const pairs = (runs) => runs.map(({ rates }) => [rates.get(`raw-${name}`), rates.get(`qcow2-${name}`)]);
    const cell = (runs) => {
      const [raw, qcow2] = [0, 1].map((which) => pairs(runs).map((pair) => pair[which]));
      return `${spread(raw, 0)}, ${spread(qcow2, 0)} ${unit}`;
    };
    const added = pairs(guest).map(([raw, qcow2]) => raw / qcow2);
    return [
      `Raw, qcow2: ${title}`,
      cell(native),
      cell(guest),
      `time of qcow2: ${spread(added, 2)} × raw`,
      `at most ${QCOW2_LIMIT} ×`,
      summary(added).median <= QCOW2_LIMIT ? 'yes' : '**no**',
    ];
  });
  return [...rows, ...costs];
}
