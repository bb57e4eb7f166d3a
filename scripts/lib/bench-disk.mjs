// The disk of npm run bench: a PC's Linux reads what it wrote by IDE's DMA, from memory in both contenders.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendToInitrd, compareSums, readTranscript } from './bench-guest.mjs';
import { SetupError } from './console.mjs';
import { spread, summary } from './measure.mjs';
import { imagesDir, root } from './project.mjs';

export const DISK_IMAGE = 'i386-disks';
const BYTES = 64 * 2 ** 20;
const ASKED = 100;

/** What images/bench-disk/init runs, in its order. */
export const DISK_WORKLOADS = [
  { name: 'write', title: 'IDE DMA, i386: writing 64 MiB with `dd bs=1M conv=fsync`' },
  { name: 'read-first', title: 'Reading them from memory for the first time, `dd bs=128k`' },
  { name: 'read', title: 'The same for the second time', asked: ASKED },
  { name: 'read-again', title: 'The same for the third time', asked: ASKED },
  { name: 'direct', title: 'The same without the page cache, `dd bs=1M iflag=direct`', asked: ASKED },
];

/** What the disk's guest runs with: {initrd, disk}, the bytes of two files. @throws SetupError where the image is not built */
export function buildDiskGuest() {
  const path = join(imagesDir, DISK_IMAGE, 'initrd.gz');
  if (!existsSync(path)) {
    throw new SetupError(
      `the image ${DISK_IMAGE} is not built; build it with: npm run images -- ${DISK_IMAGE}`,
    );
  }
  const init = readFileSync(join(root, 'images/bench-disk/init'));
  const entries = [
    { path: 'bench', type: 'directory', mode: 0o755 },
    { path: 'bench/init', type: 'file', mode: 0o755, content: init },
  ];
  return { initrd: appendToInitrd(readFileSync(path), entries), disk: Buffer.alloc(BYTES) };
}

/** Rows of the table in megabytes (10^6 bytes) a second, from the lines of both contenders' runs. @throws SetupError as readTranscript */
export function diskRows(qemu, ours) {
  const read = (contender) => (run) => readTranscript(run.lines, DISK_WORKLOADS, contender);
  const native = qemu.map(read('QEMU'));
  const guest = ours.map(read('Snowglobe'));
  compareSums(
    [
      ...native.map((results) => ({ contender: 'QEMU', results })),
      ...guest.map((results) => ({ contender: 'Snowglobe', results })),
    ],
    DISK_WORKLOADS,
  );
  return DISK_WORKLOADS.map(({ name, title, asked }) => {
    const rates = (runs) => runs.map((run) => BYTES / 1000 / run.get(name).ms);
    const [theirs, own] = [rates(native), rates(guest)];
    return [
      title,
      `${spread(theirs, 0)} MB/s`,
      `${spread(own, 0)} MB/s`,
      `${spread(
        own.map((rate, index) => rate / theirs[index]),
        2,
      )} ×`,
      asked ? `at least ${asked} MB/s` : '',
      asked ? (summary(own).median >= asked ? 'yes' : '**no**') : '',
    ];
  });
}
