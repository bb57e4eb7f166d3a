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
    title: '4 KiB at random places, one after the other',
    unit: '/s',
    scale: 1,
    asked: 15_000,
  },
  { name: 'random-4', title: 'The same by four processes at once', unit: '/s', scale: 1, asked: 15_000 },
];

/** What the guest runs with: {initrd, disk}, the bytes of two files; undefined where there is no compiler. @throws SetupError without the image */
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
    return { initrd: appendToInitrd(readFileSync(path), entries), disk: Buffer.alloc(BYTES) };
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
  for (const { name, scale } of VIRTIO_WORKLOADS) {
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
  return VIRTIO_WORKLOADS.map(({ name, title, unit, asked }) => {
    const [theirs, own] = [native, guest].map((runs) => runs.map(({ rates }) => rates.get(name)));
    return [
      title,
      `${spread(theirs, 0)} ${unit}`,
      `${spread(own, 0)} ${unit}`,
      `${spread(
        own.map((rate, index) => rate / theirs[index]),
        2,
      )} ×`,
      `at least ${asked} ${unit}`,
      summary(own).median >= asked ? 'yes' : '**no**',
    ];
  });
}
