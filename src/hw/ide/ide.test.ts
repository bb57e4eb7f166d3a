import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CD_SECTORS,
  DISK_SECTORS,
  PROGRAMS,
  pattern,
  program,
} from '../../../scripts/ide-fixtures/programs.mjs';
import { deviceEnv, FakeIrq } from '../../../tests/support/device-env.ts';
import type { BlockNode } from '../../block/block-node.ts';
import type { MmioRegion, ShadowPort } from '../device.ts';
import { failure, success } from '../../block/block-node.ts';
import { MemoryNode } from '../../block/protocol/memory-node.ts';
import { FakeMemory } from '../../../tests/support/device-env.ts';
import { later } from '../../../tests/support/later-node.ts';
import { AtaDisk } from './ata-disk.ts';
import { AtapiDrive } from './atapi-drive.ts';
import { guessGeometry } from './geometry.ts';
import { Piix3Ide } from './piix3-ide.ts';

type Step = ['out' | 'in' | 'ins' | 'outs' | 'wait' | 'idle' | 'put' | 'get', number, ...(number | string)[]];

/** The controller at a PC's ports, with a disk as the first drive and a CD-ROM as the third. */
function machine(
  options: { disk?: BlockNode; cd?: BlockNode; asynchronous?: boolean; reached?: boolean } = {},
) {
  const env = deviceEnv();
  const memory = new FakeMemory(0x40000);
  const irqs = [new FakeIrq(), new FakeIrq()] as const;
  const wrap = options.asynchronous ? later : (node: BlockNode) => node;
  const disk = options.disk ?? wrap(new MemoryNode(pattern(DISK_SECTORS, 512, 3)));
  const cd = options.cd ?? wrap(new MemoryNode(pattern(CD_SECTORS, 2048, 5), { readOnly: true }));
  let cdrom: AtapiDrive | undefined;
  const counts = { exits: 0, breaths: 0 };
  const ide = new Piix3Ide({
    irqs,
    memory,
    breathe: () => {
      counts.breaths++;
      return Promise.resolve(null);
    },
    drive: (channel, place, host) => {
      if (place === 1) return null;
      if (channel === 0) {
        const geometry = guessGeometry(Math.floor(disk.size / 512), null);
        return new AtaDisk({ node: disk, geometry, serial: 'QM00001', host, log: env.log });
      }
      cdrom = new AtapiDrive({ node: cd, serial: 'QM00003', host, log: env.log });
      return cdrom;
    },
  });
  let busMaster: number | null = null;
  const shadows = new Map<MmioRegion, Map<number, number | null>>();
  const shadow = (region: MmioRegion): ShadowPort => ({
    publish: (offset, value) => {
      const values = shadows.get(region) ?? new Map<number, number | null>();
      shadows.set(region, values.set(offset, value));
    },
  });
  ide.connect({
    intx: { set() {} },
    shadows: ide.fixed.map(shadow),
    places: [{ move: (base) => void (busMaster = base), ...shadow(ide.regions.at(-1)!) }],
  });
  const at = (port: number) => {
    const [one, oneControl, two, twoControl] = ide.fixed;
    const places = [
      [0x1f0, one],
      [0x3f6, oneControl],
      [0x170, two],
      [0x376, twoControl],
      [busMaster ?? -1, ide.regions.at(-1)!],
    ] as const;
    const [base, region] = places.find(([base, region]) => port >= base && port < base + region.size)!;
    return { region, offset: port - base };
  };
  let config = 0;
  let ring: { region: MmioRegion; offset: number; size: number; value: number; stale: readonly string[] }[] =
    [];
  const drain = (): void => {
    counts.exits++;
    for (const { region, offset, size, value } of ring) region.write(offset, size, value);
    ring = [];
  };
  /** Whether a vCPU leaves the write in its ring. */
  const waits = (region: MmioRegion, offset: number, size: number, value: number): boolean => {
    const register = region.registers.find((one) => one.offset === offset);
    if (register?.write !== 'deferred' || size > (register.width ?? 1)) return false;
    const changed = (shadows.get(region)?.get(offset) ?? 0) ^ value;
    if (changed & (register.decisive ?? 0)) return false;
    ring.push({ region, offset, size, value, stale: register.stale ?? [] });
    return true;
  };
  const out = (port: number, size: number, value: number): void => {
    if (port === 0xcf8) config = value & 0xff;
    else if (port === 0xcfc) {
      drain();
      ide.configWrite(config, size, value);
    } else {
      const { region, offset } = at(port);
      if (options.reached && waits(region, offset, size, value)) return;
      drain();
      region.write(offset, size, value);
    }
  };
  const inp = (port: number, size: number): number => {
    const { region, offset } = at(port);
    const register = region.registers.find((one) => one.offset === offset);
    const value = register?.read === 'shadow' && size === 1 ? shadows.get(region)?.get(offset) : null;
    const stale = ring.some((one) => one.region === region && one.stale.includes(register!.name));
    if (options.reached && typeof value === 'number' && !stale) return value;
    drain();
    return region.read(offset, size);
  };
  return { ...env, ide, irqs, memory, out, inp, cdrom: cdrom!, cd, disk, counts };
}

const digest = (hex: string): string =>
  hex.length <= 1024 ? hex : createHash('sha256').update(hex).digest('hex');

/** Runs a program; gives what its steps answer. */
async function run(pc: ReturnType<typeof machine>, steps: readonly Step[]): Promise<(number | string)[]> {
  const answers: (number | string)[] = [];
  for (const [what, at, ...rest] of steps) {
    if (what === 'out') pc.out(at, rest[0] as number, rest[1] as number);
    else if (what === 'in') answers.push(pc.inp(at, rest[0] as number));
    else if (what === 'put') pc.memory.write(at, Buffer.from(rest[0] as string, 'hex'));
    else if (what === 'get') {
      answers.push(digest(Buffer.from(pc.memory.read(at, rest[0] as number)!).toString('hex')));
    } else if (what === 'outs') {
      const bytes = Buffer.from(rest[0] as string, 'hex');
      for (let i = 0; i < bytes.length; i += 2) pc.out(at, 2, bytes.readUInt16LE(i));
    } else if (what === 'ins') {
      const bytes = Buffer.alloc(2 * (rest[0] as number));
      for (let i = 0; i < bytes.length; i += 2) bytes.writeUInt16LE(pc.inp(at, 2), i);
      answers.push(digest(bytes.toString('hex')));
    } else {
      const waits = (): boolean =>
        what === 'wait' ? (pc.inp(at, 1) & 0x80) !== 0 : (pc.inp(at, 1) & 5) === 1;
      for (let turns = 0; waits() && turns < 100; turns++) await Promise.resolve();
      answers.push(pc.inp(at, 1));
    }
  }
  return answers;
}

const FIXTURES = JSON.parse(readFileSync(new URL('fixtures/ide.json', import.meta.url), 'utf8')) as Record<
  string,
  (number | string)[]
>;

const asking = (steps: readonly Step[]) =>
  steps.map((step, i) => [i, step] as const).filter(([, [what]]) => !['out', 'outs', 'put'].includes(what));

/** Each answer beside the step that it belongs to, so that a difference can be read. */
function told(steps: readonly Step[], answers: readonly (number | string)[]): string[] {
  const shown = (value: number | string | undefined) =>
    typeof value === 'number' ? `0x${value.toString(16)}` : value;
  return asking(steps).map(([i, [what, at]], k) => `${i} ${what} 0x${at.toString(16)}: ${shown(answers[k])}`);
}

/** QEMU's answer with no mode selected in word 88. */
const IDENTIFY_WITHOUT_DMA = (FIXTURES['set features'].at(-1) as string).replace(/^(.{352})3f20/, '$13f00');

/** Where we follow the specification rather than QEMU 7.2, and what is answered there: by program, step of the program, and answer. */
const DEVIATIONS: Record<string, { why: string; answers: Record<number, number | string> }[]> = {
  'registers after power-on': [
    {
      why: 'a drive that is not there answers zeros (ATA/ATAPI-7 volume 2, 9.16.1)',
      answers: { 18: 0, 19: 0, 20: 0, 21: 0, 38: 0, 39: 0, 40: 0, 41: 0 },
    },
    { why: 'the bus master answers wide reads', answers: { 43: 0xff00ff00 } },
  ],
  'software reset': [{ why: 'a software reset raises no interrupt', answers: { 29: 0 } }],
  diagnostic: [
    { why: 'EXECUTE DEVICE DIAGNOSTIC interrupts, whatever drives there are', answers: { 31: 4 } },
  ],
  'packets of a new medium': [
    {
      why: 'GET CONFIGURATION has the mandatory features Core and Removable Medium',
      answers: {
        144: 0x28,
        147: '000000240000000800000308001000000008010000010b0800000002010000000003030429000000',
        155: 0x28,
      },
    },
    {
      why: 'a locked medium is MEDIUM REMOVAL PREVENTED',
      answers: { 372: 0x50, 400: 'f00005000000000a00000000530200000000' },
    },
    {
      why: 'a tray that was closed is told of once',
      answers: { 544: 0x41, 545: 0x41, 546: 0x41, 548: 0x60 },
    },
  ],
  'mode pages': [
    {
      why: 'the audio page is all zeros; QEMU answers with what lies behind it',
      answers: { 92: '00167000000000000e0e0000000000000000000000000000' },
    },
  ],
  'table of contents': [
    { why: 'the first track of the last session is track 1', answers: { 147: '000a01010014010000000000' } },
    {
      why: 'the raw table has minutes, seconds and frames in any case (MMC-6, 6.25.3.4)',
      answers: {
        180: '002e0101011400a000000000010000011400a100000000010000011400a200000000000b190114000100000000000200',
      },
    },
  ],
  'set features': [
    {
      why: 'a PIO mode takes the place of the DMA mode; QEMU goes on naming the one it began with',
      answers: { 181: IDENTIFY_WITHOUT_DMA },
    },
  ],
  'device reset': [
    { why: 'DEVICE RESET gives diagnostics: passed', answers: { 17: 1 } },
    {
      why: 'IDLE IMMEDIATE is mandatory for packet devices',
      answers: { 64: 0x40, 65: 0x40, 66: 0x40, 68: 0 },
    },
  ],
};

describe.each([
  ['from memory', {}],
  ['from a node that takes its time', { asynchronous: true }],
  ['with shadows and deferred writes', { reached: true }],
  [
    'with shadows and deferred writes, from a node that takes its time',
    { reached: true, asynchronous: true },
  ],
])('the programs recorded from QEMU, %s', (_name, options) => {
  it.each(Object.keys(PROGRAMS))('%s', async (name) => {
    const steps = program(name) as Step[];
    const answers = await run(machine(options), steps);
    const changed = Object.assign({}, ...(DEVIATIONS[name] ?? []).map(({ answers }) => answers));
    const numbers = asking(steps).map(([i]) => i);
    const expected = FIXTURES[name].map((answer, k) => changed[numbers[k]] ?? answer);
    expect(told(steps, answers)).toEqual(told(steps, expected));
    for (const step of Object.keys(changed)) {
      const k = numbers.indexOf(Number(step));
      expect(FIXTURES[name][k], `step ${step} deviates from QEMU`).not.toBe(changed[step]);
    }
  });
});

it('a read by DMA takes the exits that it has to: command, start, stop and acknowledgement', async () => {
  const pc = machine({ reached: true });
  const setup = (program('registers after power-on') as Step[]).slice(0, 4);
  await run(pc, [...setup, ['put', 0x8000, '0000010000020080']]);
  pc.counts.exits = 0;
  // What Linux 6.1 does for a sector (drivers/ata/libata-sff.c): ata_bmdma_qc_issue, then ata_bmdma_interrupt.
  const selected: Step[] = [
    ['in', 0x1f7, 1],
    ['out', 0x1f6, 1, 0xa0],
    ['in', 0x3f6, 1],
    ['in', 0x1f7, 1],
  ];
  const taskFile = [0, 1, 4, 0, 0, 0xe0].map((value, i): Step => ['out', 0x1f1 + i, 1, value]);
  const start: Step[] = [
    ['in', 0x1f7, 1],
    ['out', 0xc044, 4, 0x8000],
    ['in', 0xc040, 1],
    ['out', 0xc040, 1, 0x08],
    ['out', 0x1f7, 1, 0xc8],
    ['in', 0x3f6, 1],
    ['in', 0xc040, 1],
    ['out', 0xc040, 1, 0x09],
  ];
  const interrupt: Step[] = [
    ['in', 0xc042, 1],
    ['in', 0xc040, 1],
    ['out', 0xc040, 1, 0x08],
    ['in', 0x3f6, 1],
    ['in', 0x3f6, 1],
    ['in', 0x1f7, 1],
    ['in', 0xc042, 1],
    ['out', 0xc042, 1, 0x04],
  ];
  const answers = await run(pc, [...selected, ...taskFile, ...start]);
  expect(answers).toEqual([...[0x50, 0x50, 0x50], ...[0x50, 0, 0x58, 8]]);
  expect(pc.irqs[0].level).toBe(true);
  expect(await run(pc, interrupt)).toEqual([4, 9, 0x50, 0x50, 0x50, 4]);
  expect([pc.irqs[0].level, pc.counts.exits]).toEqual([false, 4]);
  expect(await run(pc, [['in', 0xc042, 1]])).toEqual([0]);
});

describe('what goes wrong', () => {
  const LBA = (lba: number, count: number): Step[] => [
    ['out', 0x1f6, 1, 0xe0 | (lba >> 24)],
    ['out', 0x1f2, 1, count],
    ['out', 0x1f3, 1, lba & 0xff],
    ['out', 0x1f4, 1, (lba >> 8) & 0xff],
    ['out', 0x1f5, 1, (lba >> 16) & 0xff],
  ];
  const command = (code: number): Step[] => [
    ['out', 0x1f7, 1, code],
    ['wait', 0x3f6],
    ['in', 0x1f1, 1],
  ];
  /** A disk whose sectors from `from` on cannot be read or written. */
  const broken = (from: number): BlockNode => {
    const node = new MemoryNode(pattern(1000, 512, 3));
    const fails = (offset: number, length: number) => offset + length > from * 512;
    return Object.assign(later(node), {
      read: async (offset: number, length: number) =>
        fails(offset, length) ? failure('io', 'scratched') : node.read(offset, length),
      write: async (offset: number, bytes: Uint8Array) =>
        fails(offset, bytes.length) ? failure('io', 'scratched') : node.write(offset, bytes),
    });
  };
  const busMaster = (table: string, toMemory: boolean): Step[] => [
    ...(program('registers after power-on') as Step[]).slice(0, 4),
    ['put', 0x8000, table],
    ['out', 0xc044, 4, 0x8000],
    ['out', 0xc040, 1, toMemory ? 8 : 0],
  ];
  const go = (toMemory: boolean): Step[] => [
    ['out', 0xc040, 1, toMemory ? 9 : 1],
    ['idle', 0xc042],
    ['in', 0x3f6, 1],
    ['in', 0x1f1, 1],
  ];

  it('an address beyond the end is not found: IDNF', async () => {
    const pc = machine();
    expect(await run(pc, [...LBA(DISK_SECTORS, 1), ...command(0x20)])).toEqual([0x41, 0x10]);
    expect(await run(pc, [...LBA(DISK_SECTORS, 1), ...command(0xc8)])).toEqual([0x41, 0x10]);
    expect(await run(pc, [...LBA(DISK_SECTORS - 1, 2), ...command(0x40)])).toEqual([0x41, 0x10]);
    // Sectors before the end are given, then the command fails.
    expect(
      await run(pc, [...LBA(DISK_SECTORS - 1, 2), ...command(0x20), ['ins', 0x1f0, 256], ...command(0)]),
    ).toHaveLength(5);
  });

  it('a sector that cannot be read is UNC, at its address; one that cannot be written is a fault', async () => {
    const pc = machine({ disk: broken(40) });
    const where: Step[] = [3, 4, 5].map((i): Step => ['in', 0x1f0 + i, 1]);
    expect(await run(pc, [...LBA(39, 2), ...command(0x20)])).toEqual([0x58, 0]);
    expect(await run(pc, [['ins', 0x1f0, 256], ['wait', 0x3f6], ['in', 0x1f1, 1], ...where])).toEqual([
      expect.any(String),
      ...[0x41, 0x40, 40, 0, 0],
    ]);
    expect(
      await run(pc, [...LBA(40, 1), ...command(0x30), ['outs', 0x1f0, '00'.repeat(512)], ['wait', 0x3f6]]),
    ).toEqual([...[0x58, 0, 0x61]]);
    expect(pc.irqs[0].level).toBe(true);
  });

  it('a sector that cannot be read by DMA is an error of the drive alone', async () => {
    const pc = machine({ disk: broken(40) });
    await run(pc, [...busMaster('0000010000040080', true), ...LBA(39, 2), ['out', 0x1f7, 1, 0xc8]]);
    expect(await run(pc, go(true))).toEqual([0x04, 0x41, 0x40]);
  });

  it('a read-only disk aborts writes', async () => {
    const disk = new MemoryNode(new Uint8Array(512 * 100), { readOnly: true });
    const answers = await run(machine({ disk }), [
      ...LBA(4, 1),
      ...command(0x30),
      ['outs', 0x1f0, '00'.repeat(512)],
      ['wait', 0x3f6],
      ['in', 0x1f1, 1],
    ]);
    expect(answers).toEqual([0x58, 0, 0x41, 4]);
  });

  it.each([
    ['the data', 'f0ffffff00020080'],
    ['the descriptors', null],
  ])('DMA outside of memory, of %s, is an error of both bus master and drive', async (_what, table) => {
    for (const [code, toMemory] of [
      [0xc8, true],
      [0xca, false],
    ] as const) {
      const pc = machine();
      const setup = busMaster(table ?? '00', toMemory);
      if (table === null) setup.push(['out', 0xc044, 4, 0xfffffff0]);
      await run(pc, [...setup, ...LBA(4, 1), ['out', 0x1f7, 1, code]]);
      expect(await run(pc, go(toMemory))).toEqual([0x06, 0x41, 0x04]);
      expect(pc.log.guestErrors('ide')).toBe(1);
    }
  });

  it.each([
    ['disk', 0x1f0, 0xc040, 240],
    ['CD-ROM', 0x170, 0xc048, 16],
  ])('a table of the smallest descriptors holds nobody up: %s', async (_what, port, bm, count) => {
    const pc = machine();
    const bytes = count * (port === 0x1f0 ? 512 : 2048);
    // All of them lead to the same two bytes; the table wraps around in its 64 KiB.
    const table = new Uint8Array(0x10000);
    const view = new DataView(table.buffer);
    for (let at = 0; at < table.length; at += 8) {
      view.setUint32(at, 0x8000, true);
      view.setUint16(at + 4, 2, true);
    }
    pc.memory.write(0x10000, table);
    const command: Step[] =
      port === 0x1f0
        ? [...LBA(0, count), ['out', 0x1f7, 1, 0xc8]]
        : [
            ['out', 0x171, 1, 1],
            ['out', 0x177, 1, 0xa0],
            ['outs', 0x170, `28000000000000${count.toString(16).padStart(4, '0')}000000`],
          ];
    await run(pc, [
      ...(program('registers after power-on') as Step[]).slice(0, 4),
      ['out', bm + 4, 4, 0x10000],
      ...command,
      ['out', bm, 1, 9],
    ]);
    for (let i = 0; i < 1000 && pc.inp(port + 7, 1) & 0x80; i++) await Promise.resolve();
    expect(pc.inp(port + 7, 1)).toBe(0x50);
    expect(pc.counts.breaths).toBeGreaterThan(bytes / 2 / 2048 - 20);
    const source = port === 0x1f0 ? pattern(DISK_SECTORS, 512, 3) : pattern(CD_SECTORS, 2048, 5);
    expect(pc.memory.read(0x8000, 2)).toEqual(source.slice(bytes - 2, bytes));
  });

  it('a CD-ROM reads as much as a packet can ask for in one command', async () => {
    const count = 0xffff;
    const sectors = new Uint8Array(64 * 2048);
    const cd = Object.assign(new MemoryNode(sectors, { readOnly: true }), {
      read: (_offset: number, length: number) => success(sectors.subarray(0, length)),
    });
    Object.defineProperty(cd, 'size', { value: count * 2048 });
    const pc = machine({ cd });
    const table = new DataView(new ArrayBuffer(8 * Math.ceil((count * 2048) / 0x10000)));
    let left = count * 2048;
    for (let at = 0; left > 0; at += 8) {
      const bytes = Math.min(left, 0x10000);
      left -= bytes;
      table.setUint32(at, 0x20000, true);
      table.setUint16(at + 4, bytes & 0xffff, true);
      table.setUint16(at + 6, left === 0 ? 0x8000 : 0, true);
    }
    pc.memory.write(0x10000, new Uint8Array(table.buffer));
    await run(pc, [
      ...(program('registers after power-on') as Step[]).slice(0, 4),
      ['out', 0xc048 + 4, 4, 0x10000],
      ['out', 0x171, 1, 1],
      ['out', 0x177, 1, 0xa0],
      ['outs', 0x170, '28000000000000ffff000000'],
      ['out', 0xc048, 1, 9],
    ]);
    expect([pc.inp(0x177, 1), pc.inp(0xc048 + 2, 1)]).toEqual([0x50, 0x04]);
  });

  it('without a write cache what was written is safe when the command ends', async () => {
    const events: string[] = [];
    const node = new MemoryNode(new Uint8Array(512 * 100));
    const disk = Object.assign(later(node), {
      write: async (offset: number, bytes: Uint8Array) => {
        events.push('write');
        return node.write(offset, bytes);
      },
      flush: async () => {
        events.push('flush');
        return node.flush();
      },
    });
    const pc = machine({ disk });
    const write: Step[] = [
      ...LBA(4, 1),
      ...command(0x30),
      ['outs', 0x1f0, '00'.repeat(512)],
      ['wait', 0x3f6],
    ];
    const dma: Step[] = [...busMaster('0000010000020080', false), ...LBA(4, 1), ['out', 0x1f7, 1, 0xca]];
    expect((await run(pc, write)).at(-1)).toBe(0x50);
    expect(events.splice(0)).toEqual(['write']);
    await run(pc, [['out', 0x1f1, 1, 0x82], ...command(0xef)]);
    expect(events.splice(0)).toEqual(['flush']);
    expect((await run(pc, write)).at(-1)).toBe(0x50);
    await run(pc, dma);
    await run(pc, [...go(false), ['wait', 0x3f6]]);
    expect([pc.inp(0x1f7, 1), ...events.splice(0)]).toEqual([0x50, 'write', 'flush', 'write', 'flush']);
  });

  it('a count of 0 or 1 is 64 KiB, and another odd one is rounded down', async () => {
    for (const [descriptors, length] of [
      ['00000100 0000 0080', 0x10000],
      ['00000100 0300 0000 02000100 fe01 0080', 512],
      ['00000100 0100 0080', 0x10000],
    ] as const) {
      const pc = machine();
      const count = length / 512;
      await run(pc, [
        ...busMaster(descriptors.replaceAll(' ', ''), true),
        ...LBA(1, count),
        ['out', 0x1f7, 1, 0xc8],
      ]);
      expect(await run(pc, go(true))).toEqual([0x04, 0x50, 0]);
      const read = pattern(DISK_SECTORS, 512, 3).slice(512, 512 + length);
      expect(pc.memory.read(0x10000, length)).toEqual(read);
    }
  });

  it('a reset forgets what is on its way', async () => {
    const pc = machine({ asynchronous: true });
    await run(pc, [...LBA(4, 1), ['out', 0x1f7, 1, 0x20], ['out', 0x3f6, 1, 4], ['out', 0x3f6, 1, 0]]);
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(pc.inp(0x1f7, 1)).toBe(0x50);
    expect(pc.irqs[0].edges).toBe(0);
  });

  it('a bus master that is stopped half-way moves no more', async () => {
    const pc = machine({ asynchronous: true });
    await run(pc, [
      ...busMaster('0000010000020080', true),
      ...LBA(4, 1),
      ['out', 0x1f7, 1, 0xc8],
      ['out', 0xc040, 1, 9],
      ['out', 0xc040, 1, 0],
    ]);
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(pc.memory.read(0x10000, 8)).toEqual(new Uint8Array(8));
    expect(pc.inp(0xc042, 1) & 1).toBe(0);
  });
});

describe('a change of medium', () => {
  const packet = (bytes: string): Step[] => [
    ['out', 0x171, 1, 0],
    ['out', 0x174, 1, 0xfe],
    ['out', 0x175, 1, 0xff],
    ['out', 0x177, 1, 0xa0],
    ['wait', 0x376],
    ['outs', 0x170, bytes.padEnd(24, '0')],
    ['wait', 0x376],
  ];
  const sense: Step[] = [...packet('030000001200'), ['ins', 0x170, 9]];
  const keyOf = (answers: (number | string)[]) => {
    const bytes = Buffer.from(answers.at(-1) as string, 'hex');
    return [bytes[2], bytes[12]];
  };

  it('is no medium at first, then another one; then it is read', async () => {
    const pc = machine();
    expect((await run(pc, packet('00'))).at(-1)).toBe(0x50);
    pc.cdrom.changeMedium(new MemoryNode(pattern(20, 2048, 9), { readOnly: true }));
    expect((await run(pc, packet('00'))).at(-1)).toBe(0x41);
    expect(keyOf(await run(pc, sense))).toEqual([2, 0x3a]);
    expect((await run(pc, packet('00'))).at(-1)).toBe(0x41);
    expect(keyOf(await run(pc, sense))).toEqual([6, 0x28]);
    expect((await run(pc, packet('00'))).at(-1)).toBe(0x50);
    expect((await run(pc, [...packet('25'), ['ins', 0x170, 4]])).at(-1)).toBe('0000001300000800');
  });

  it('is another medium at once for a guest that has seen the drive empty', async () => {
    const pc = machine();
    pc.cdrom.changeMedium(null);
    expect((await run(pc, packet('00'))).at(-1)).toBe(0x41);
    expect(keyOf(await run(pc, sense))).toEqual([2, 0x3a]);
    pc.cdrom.changeMedium(pc.cd);
    expect((await run(pc, packet('00'))).at(-1)).toBe(0x41);
    expect(keyOf(await run(pc, sense))).toEqual([6, 0x28]);
    expect((await run(pc, packet('00'))).at(-1)).toBe(0x50);
  });

  it('fails what the guest was reading', async () => {
    const pc = machine({ asynchronous: true });
    const reading = packet('2800000000100000010000').slice(0, -1);
    // Synchronous as far as it goes: the sector is still on its way.
    const started = run(pc, reading);
    pc.cdrom.changeMedium(null);
    expect(pc.inp(0x177, 1)).toBe(0x41);
    await started;
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(pc.inp(0x177, 1)).toBe(0x41);
    expect((await run(pc, packet('00'))).at(-1)).toBe(0x41);
    expect(keyOf(await run(pc, sense))).toEqual([2, 0x3a]);
  });

  it('waits for the guest where the guest has locked the door', async () => {
    const pc = machine();
    await run(pc, packet('1e0000000100'));
    expect(pc.cdrom.pressEject()).toBe(false);
    expect((await run(pc, [...packet('4a010000100000000800'), ['ins', 0x170, 4]])).at(-1)).toBe(
      '0004041001020000',
    );
    await run(pc, packet('1e0000000000'));
    expect(pc.cdrom.pressEject()).toBe(true);
    expect((await run(pc, packet('00'))).at(-1)).toBe(0x41);
  });
});
