// Published images of npm run bench: how fast a guest reads what the browser keeps, and how much of an image a cold start fetches.
import { randomFillSync } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spread, summary } from './measure.mjs';
import { openRunner } from './measure-page.mjs';
import { imagesDir } from './project.mjs';
import { publishDisk } from './publish.mjs';

const IMAGE = 'riscv64-disks';
const MIB = 2 ** 20;
const SIZE = 256 * MIB;
/** Four times what a stored disk keeps in memory. */
const STORED = 128 * MIB;
const LIMIT = { timeout: 180_000 };
/** What is asked: of the cache's speed in MB/s, and of the bytes that a cold start of the Debian machines may fetch. */
const ASKED = { rate: 300, share: 0.15, machines: ['riscv64-trixie', 'x86_64-bookworm'] };

/** A built image's machine, as the runner's page takes it. */
function machineOf(name) {
  const folder = join(imagesDir, name);
  const { arch, machine, memory, append, kernel, initrd } = JSON.parse(
    readFileSync(join(folder, 'manifest.json'), 'utf8'),
  );
  return {
    ...{ arch, machine, memory, append },
    ...{ kernel: join(folder, kernel), initrd: join(folder, initrd) },
  };
}

const streamOf = async (vm) => (await vm.drives()).find(({ stream }) => stream)?.stream;

const LOAD = 'for m in /lib/modules/*-virtio_mmio.ko /lib/modules/*-virtio_blk.ko; do insmod $m; done\n';

/** Seconds that a command takes in the guest, whose clock has hundredths. What the guest types back must not match. */
async function timed(vm, command) {
  const uptime = "$(cut -d' ' -f1 /proc/uptime)";
  await vm.type(`a=${uptime}; ${command}; b=${uptime}; echo do""ne $a $b\n`);
  const [, from, to] = await vm.waitForSerial(/done ([\d.]+) ([\d.]+)\s/, LIMIT);
  return to - from;
}

const READ = 'dd if=/dev/vda of=/dev/null bs=1M iflag=direct 2>/dev/null';

/** A guest writes all of a stored disk and flushes it; others read it past their page cache: all of it comes from IndexedDB. MB/s each. */
async function storedRates(runs) {
  const folder = mkdtempSync(join(tmpdir(), 'snowglobe-stored-'));
  const runner = await openRunner({ profile: join(folder, 'profile') });
  try {
    const file = join(folder, 'base.img');
    writeFileSync(file, Buffer.alloc(STORED));
    const config = { ...machineOf(IMAGE), drives: [{ file, interface: 'virtio', persist: 'bench' }] };
    const rates = [];
    for (let run = 0; run <= runs; run++) {
      const vm = await runner.boot({ config });
      await vm.type(LOAD);
      const program = 'while cat /bin/busybox; do :; done';
      const write = `${program} | dd of=/dev/vda bs=1M count=${STORED / MIB} iflag=fullblock conv=fsync 2>/dev/null`;
      rates.push(STORED / 1e6 / (await timed(vm, run === 0 ? write : READ)));
      await vm.destroy();
    }
    return { write: rates[0], read: rates.slice(1) };
  } finally {
    await runner.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A guest reads all of a published image past its page cache: from the server the first time, from IndexedDB the others. MB/s each. */
async function readRates(runs) {
  const folder = mkdtempSync(join(tmpdir(), 'snowglobe-storage-'));
  const runner = await openRunner({ profile: join(folder, 'profile') });
  try {
    const image = join(folder, 'noise.img');
    writeFileSync(image, randomFillSync(Buffer.allocUnsafe(SIZE)));
    const manifest = join(folder, 'noise.json');
    await publishDisk(image, manifest, { compression: 'none' });
    const config = {
      ...machineOf(IMAGE),
      drives: [{ file: manifest, interface: 'virtio' }],
      cache: 1024,
    };
    const rates = [];
    for (let run = 0; run <= runs; run++) {
      const vm = await runner.boot({ config });
      await vm.type(LOAD);
      const seconds = await timed(vm, READ);
      const { fetched, total } = await streamOf(vm);
      if (fetched !== (run === 0 ? total : 0)) throw new Error(`start ${run + 1} fetched ${fetched} bytes`);
      rates.push(SIZE / 1e6 / seconds);
      await vm.destroy();
    }
    return { server: rates[0], cache: rates.slice(1) };
  } finally {
    await runner.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Built images with a published disk. */
const published = () =>
  readdirSync(imagesDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(imagesDir, entry.name, 'disk.json')))
    .map(({ name }) => name);

/** Bytes that the start of an image's machine fetches of its disk before it asks who is there, and the disk's bytes. */
async function coldStart(name) {
  const runner = await openRunner();
  try {
    const drives = [{ file: join(imagesDir, name, 'disk.json'), interface: 'virtio' }];
    const vm = await runner.boot({ config: { ...machineOf(name), drives, cache: 1024 }, until: /login: / });
    const { fetched, total } = await streamOf(vm);
    return { fetched, total };
  } finally {
    await runner.close();
  }
}

/** Rows of the table. */
export async function storageRows({ runs, step, verdict }) {
  const { server, cache } = await step('Reading a published image', () => readRates(runs));
  const rows = [
    [
      'A published image, virtio-blk, riscv64: 256 MiB in pieces of 1 MiB from a local server, the first time',
      '',
      `${server.toFixed(0)} MB/s`,
      '',
      '',
      '',
    ],
    [
      'The same from the browser’s cache, in a new machine each time',
      '',
      `${spread(cache, 0)} MB/s`,
      '',
      `at least ${ASKED.rate} MB/s`,
      verdict(summary(cache).median >= ASKED.rate),
    ],
  ];
  const stored = await step('Reading a stored disk', () => storedRates(runs));
  rows.push([
    `A stored disk: writing ${STORED / MIB} MiB by the page cache, and flushing it`,
    '',
    `${stored.write.toFixed(0)} MB/s`,
    '',
    '',
    '',
  ]);
  rows.push([
    'Reading it in pieces of 1 MiB, in a new machine each time',
    '',
    `${spread(stored.read, 0)} MB/s`,
    '',
    '',
    '',
  ]);
  for (const name of published()) {
    const { fetched, total } = await step(`Cold start of ${name}`, () => coldStart(name));
    const asked = ASKED.machines.includes(name);
    rows.push([
      `${name}: fetched of its disk before login, of ${(total / MIB).toFixed(0)} MiB`,
      '',
      `${(fetched / MIB).toFixed(1)} MiB`,
      `${((100 * fetched) / total).toFixed(1)} %`,
      asked ? `under ${100 * ASKED.share} %` : '',
      asked ? verdict(fetched / total < ASKED.share) : '',
    ]);
  }
  return rows;
}
