import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  appendToInitrd,
  compareSums,
  engineRows,
  geometricMean,
  isDone,
  readTranscript,
  speedsOf,
  speedTable,
  WORKLOADS,
} from './bench-guest.mjs';
import { DISK_WORKLOADS, diskRows } from './bench-disk.mjs';
import { buildFirmwareGuest, firmwareRows } from './bench-firmware.mjs';
import { VIRTIO_WORKLOADS, virtioRows } from './bench-virtio.mjs';
import { countPresent, descendants, linearMemory, memorySizes, parentPid } from './bench-memory.mjs';
import { timeProcess } from './measure.mjs';
import { root } from './project.mjs';

const TWO = [{ name: 'gzip' }, { name: 'awk' }];

/** Lines of a run in which each workload takes 1 s more than the one before it. */
function transcript(change = {}) {
  const lines = [{ text: 'OpenSBI v1.6', ms: 1 }];
  TWO.forEach(({ name }, index) => {
    const start = 1000 * (index + 1);
    const { status = 0, sum = `${name}-sum` } = change[name] ?? {};
    lines.push({ text: `@@ begin ${name}\r`, ms: start });
    lines.push({ text: `@@ end ${name} ${status}\r`, ms: start + 1000 * (index + 1) });
    lines.push({ text: `@@ sum ${name} ${sum}\r`, ms: start + 5000 });
  });
  return lines;
}

describe('the transcript of a guest', () => {
  it('gives each workload the time between its two lines, and the checksum', () => {
    expect([...readTranscript(transcript(), TWO, 'QEMU')]).toEqual([
      ['gzip', { ms: 1000, sum: 'gzip-sum' }],
      ['awk', { ms: 2000, sum: 'awk-sum' }],
    ]);
  });

  it('is refused when a workload failed or is missing', () => {
    expect(() => readTranscript(transcript({ awk: { status: 1 } }), TWO, 'QEMU')).toThrow(
      'QEMU: awk failed in the guest with status 1',
    );
    expect(() => readTranscript(transcript().slice(0, -1), TWO, 'Snowglobe')).toThrow(
      'Snowglobe: the guest did not finish awk; the last it said: @@ end awk 0',
    );
    expect(() => readTranscript([{ text: '@@ end gzip 0', ms: 1 }], TWO, 'QEMU')).toThrow('before it began');
  });

  it('ends with a line of its own', () => {
    expect(isDone('@@ done\r')).toBe(true);
    expect(isDone('@@ end done 0')).toBe(false);
  });

  it('is written by a script that runs every workload of the table, once, in its order', () => {
    const script = readFileSync(join(root, 'images/bench-guest/init'), 'utf8');
    const names = [...script.matchAll(/^(?:\[.*\] && )?workload (\S+)/gm)].map(([, name]) => name);
    expect(names).toEqual(WORKLOADS.map(({ name }) => name));
  });
});

describe('the disk', () => {
  const run = (ms, sum = 'same') => ({
    lines: DISK_WORKLOADS.flatMap(({ name }, index) => [
      { text: `@@ begin ${name}`, ms: 1000 * index },
      { text: `@@ end ${name} 0`, ms: 1000 * index + ms },
      { text: `@@ sum ${name} ${sum}`, ms: 1000 * index + ms },
    ]),
  });

  it('is measured by a script that runs every workload of the table, once, in its order', () => {
    const script = readFileSync(join(root, 'images/bench-disk/init'), 'utf8');
    const names = [...script.matchAll(/^workload (\S+)/gm)].map(([, name]) => name);
    expect(names).toEqual(DISK_WORKLOADS.map(({ name }) => name));
    expect(script).toContain(`for name in ${names.join(' ')}; do`);
  });

  it('has rows in megabytes a second, with what is asked of the later reads', () => {
    const rows = diskRows([run(200)], [run(500)]);
    expect(rows[1].slice(1)).toEqual(['336 MB/s', '134 MB/s', '0.40 ×', '', '']);
    expect(rows[2].slice(4)).toEqual(['at least 100 MB/s', 'yes']);
    expect(diskRows([run(200)], [run(800)])[2].at(-1)).toBe('**no**');
    expect(() => diskRows([run(200)], [run(500, 'other')])).toThrow('checksums');
  });
});

describe('the virtio disk', () => {
  const run = (ns, sum = 'abc') => ({
    lines: [
      ...VIRTIO_WORKLOADS.map(({ name }) => ({
        text: `${name} ${name === 'sequential' ? 1e9 : 20_000} ${ns}\r`,
      })),
      ...['new', 'read', 'write', 'random-read', 'random-write'].flatMap((name) => [
        { text: `raw-${name} 1000000 1000000000` },
        { text: `qcow2-${name} 1000000 ${name === 'new' ? 1_500_000_000 : 1_100_000_000}` },
      ]),
      { text: `sum ${sum}` },
    ],
  });

  it('has rates by the guest’s clock, with what is asked of them', () => {
    const rows = virtioRows([run(1e9)], [run(2e9)]);
    expect(rows[0].slice(1)).toEqual(['1000 MB/s', '500 MB/s', '0.50 ×', 'at least 400 MB/s', 'yes']);
    expect(rows[1].slice(1)).toEqual(['20000 /s', '10000 /s', '0.50 ×', '', '']);
    expect(rows[3].slice(1)).toEqual(['20000 /s', '10000 /s', '0.50 ×', 'at least 15000 /s', '**no**']);
    const costs = rows.slice(4).map((row) => row.slice(2));
    expect(costs[0]).toEqual(['1, 1 MB/s', 'time of qcow2: 1.50 × raw', 'at most 1.2 ×', '**no**']);
    expect(costs[3]).toEqual(['1000000, 909091 /s', 'time of qcow2: 1.10 × raw', 'at most 1.2 ×', 'yes']);
    expect(() => virtioRows([run(1e9)], [run(1e9, 'def')])).toThrow('checksums');
    expect(() => virtioRows([run(1e9)], [{ lines: [{ text: 'Kernel panic' }] }])).toThrow('Kernel panic');
  });
});

it('checksums that differ between any two runs are an error that names them', () => {
  const run = (contender, change) => ({
    contender,
    results: readTranscript(transcript(change), TWO, contender),
  });
  expect(() => compareSums([run('QEMU'), run('Snowglobe')], TWO)).not.toThrow();
  expect(() => compareSums([run('QEMU'), run('Snowglobe', { awk: { sum: 'wrong' } })], TWO)).toThrow(
    'the checksums of awk differ: QEMU awk-sum, Snowglobe wrong',
  );
});

describe('the table of speeds', () => {
  const results = (gzip, awk) => new Map([...Object.entries({ gzip: { ms: gzip }, awk: { ms: awk } })]);
  const workloads = [
    { name: 'gzip', title: 'gzip', asked: 0.8 },
    { name: 'awk', title: 'awk' },
  ];
  const rows = speedsOf(
    workloads,
    [results(1000, 2000), results(1000, 2000)],
    [results(2000, 1000), results(1000, 1000)],
  );

  it('compares pair by pair', () => {
    expect(rows.map(({ speeds }) => speeds)).toEqual([
      [0.5, 1],
      [2, 2],
    ]);
  });

  it('says what is met, and takes the mean of each pair over all rows', () => {
    expect(speedTable(rows, undefined, { guest: 'riscv64', mean: 0.6 }).split('\n').slice(2)).toEqual([
      '| gzip | 1.00 (1.00–1.00) | 1.50 (1.00–2.00) | 0.75 (0.50–1.00) | ≥ 0.80 | **no** |',
      '| awk | 2.00 (2.00–2.00) | 1.00 (1.00–1.00) | 2.00 (2.00–2.00) |  |  |',
      '| Geometric mean, without the boot |  |  | 1.21 (1.00–1.41) | ≥ 0.60 | yes |',
    ]);
  });

  it('counts the boot if it was measured', () => {
    const boot = { title: 'Boot', asked: 1 / 1.5, native: [1000], guest: [2000], speeds: [0.125] };
    expect(speedTable(rows, boot, { guest: 'riscv64', mean: 0.6 }).split('\n').slice(4)).toEqual([
      '| Boot | 1.00 | 2.00 | 0.13 | ≥ 0.67 | **no** |',
      '| Geometric mean |  |  | 0.50 | ≥ 0.60 | **no** |',
    ]);
  });

  it('names the guest and whom it is compared with', () => {
    const [header] = speedTable(rows, undefined, { guest: 'i386', contender: 'v86', mean: 3 }).split('\n');
    expect(header).toBe('| i386 guest | v86, s | Snowglobe, s | speed, v86 = 1 | asked | met |');
  });

  it('asks nothing of a workload where only the mean is asked for', () => {
    const runs = [results(1000, 2000)];
    expect(speedsOf(workloads, runs, runs, false).map(({ asked }) => asked)).toEqual([undefined, undefined]);
  });

  it('has a geometric mean that a ratio and its inverse cancel out of', () => {
    expect(geometricMean([4, 0.25, 1])).toBeCloseTo(1, 12);
  });
});

it('rows about the engine hold bytes for each instruction and memory beyond RAM against what is asked', () => {
  const report = {
    instructions: 2e9,
    tiers: { interp: 5e8, jit: 15e8 },
    regions: { compiled: 10, bytes: 6100, compileMs: 7, evicted: 0 },
    events: { regionInstructions: 100 },
  };
  const memory = { ram: 150e6, resident: 399e6, proportional: 300e6, own: 270e6, browser: 500e6 };
  const rows = engineRows([report], [memory]);
  expect(rows[0].slice(1)).toEqual(['61.0', 'under 60', '**no**']);
  expect(rows[2].slice(0, 2)).toEqual(['of them in tier 1', '75.00 %']);
  expect(rows.at(-5).slice(1)).toEqual(['249 MB', 'under 250 MB', 'yes']);
  expect(rows.slice(-4).map(([, value]) => value)).toEqual(['150 MB', '120 MB', '350 MB', '150 MB']);
});

it('an initrd with an archive appended is the one and then the other', () => {
  const both = appendToInitrd(gzipSync('first'), [{ path: 'bench', type: 'directory', mode: 0o755 }]);
  const text = gunzipSync(both).toString('latin1');
  expect(text.startsWith('first070701')).toBe(true);
  expect(text).toContain('bench\0');
});

describe('the memory of a process', () => {
  it('is found below the one that started it, whatever the command is called', () => {
    expect(parentPid('17 (a) b) c) S 4 17 4 0')).toBe(4);
    const processes = [
      { pid: 4, parent: 3 },
      { pid: 3, parent: 2 },
      { pid: 5, parent: 1 },
    ];
    expect(descendants(processes, 2)).toEqual([2, 3, 4]);
  });

  it('has the linear memory in the smallest anonymous mapping that can hold RAM', () => {
    const maps = [
      '100000-200000 rw-p 00000000 00:00 0 ',
      '300000-400000 rw-p 00000000 00:00 0',
      '500000-5a0000 rw-p 00000000 00:00 0 ',
      '600000-690000 r--p 00000000 00:00 0 ',
      '700000-790000 rw-p 00000000 fe:00 77   /usr/lib/chromium/chromium',
    ].join('\n');
    expect(linearMemory(maps, 0x80000)).toEqual({ start: 0x500000, end: 0x5a0000 });
    expect(linearMemory(maps, 0x200000)).toBeUndefined();
  });

  it('is resident, shared in proportion, or its own', () => {
    const rollup = [
      '56070d23c000-7ffcb55d9000 ---p 00000000 00:00 0                          [rollup]',
      'Rss:                1000 kB',
      'Pss:                 700 kB',
      'Pss_Dirty:           600 kB',
      'Private_Clean:        50 kB',
      'Private_Dirty:       600 kB',
    ].join('\n');
    expect(memorySizes(rollup)).toEqual({ resident: 1024000, proportional: 716800, own: 665600 });
  });

  it('is present where bit 63 of a pagemap entry says so', () => {
    const entries = Buffer.alloc(24);
    entries.writeBigUInt64LE(1n << 63n, 0);
    entries.writeBigUInt64LE(1n << 62n, 8);
    entries.writeBigUInt64LE((1n << 63n) | 5n, 16);
    expect(countPresent(entries)).toBe(2);
  });
});

it('a timed process hands over whole lines as they come, with the time', async () => {
  const program = "process.stdout.write('a'); setTimeout(() => process.stdout.write('b\\nc\\nrest'), 50)";
  const lines = [];
  const { ms } = await timeProcess(process.execPath, ['-e', program], {
    onLine: (text, at, pid) => lines.push({ text, at, pid }),
  });
  expect(lines.map(({ text }) => text)).toEqual(['ab', 'c']);
  expect(lines[0].at).toBeGreaterThanOrEqual(50);
  expect(lines[0].at).toBeLessThanOrEqual(ms);
  expect(lines[0].pid).toBeGreaterThan(0);
});

describe('the rows of the firmware', () => {
  const run = (ms) => ({ stdout: '', lines: [{ text: '\u001bc@@ boot', ms }] });
  const ours = (ms) => ({ report: { expectMs: [ms] } });

  it('compare with the whole process, and with what it needs beyond its start', () => {
    const [whole, bare] = firmwareRows([run(100), run(120)], [run(40), run(40)], [ours(120), ours(160)]);
    expect(whole.slice(1)).toEqual([
      '110 (100–120) ms',
      '140 (120–160) ms',
      '1.27 (1.20–1.33) ×',
      'at most 1.5 ×',
      'yes',
    ]);
    expect(bare.slice(1, 4)).toEqual(['70 (60–80) ms', '140 (120–160) ms', '2.00 (2.00–2.00) ×']);
  });

  it('say so when QEMU did not come to the boot sector', () => {
    expect(() =>
      firmwareRows([{ stdout: 'No bootable device.', lines: [] }], [run(40)], [ours(120)]),
    ).toThrow('No bootable device.');
  });

  it('come from a sector that is one, and from a ROM that begins with the same program', () => {
    const { disk, rom } = buildFirmwareGuest();
    expect(disk.readUInt16LE(510)).toBe(0xaa55);
    expect(rom.length).toBe(0x10000);
    // From the reset vector, 0xfff0, a jump of three bytes to 0.
    expect((0xfff3 + rom.readInt16LE(0xfff1)) & 0xffff).toBe(0);
    expect(rom.subarray(0, 64)).toEqual(disk.subarray(0, 64));
  });
});
