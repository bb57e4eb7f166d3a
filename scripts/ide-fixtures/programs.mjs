// What a guest does to an IDE controller, step by step. gen-ide-fixtures.mjs has QEMU's devices answer; the tests ask ours the same.
// A step: ['out', port, size, value] · ['in', port, size] · ['ins', port, words] · ['outs', port, hex] · ['wait', port]: the status once BSY is 0 ·
// ['idle', port]: the bus master's status once it has stopped or raised its interrupt ·
// ['put', address, hex] and ['get', address, bytes]: memory.

/** Disk image: sectors that differ from each other. */
export const DISK_SECTORS = 40_000;
export const CD_SECTORS = 700;

export function pattern(sectors, size, seed) {
  const bytes = new Uint8Array(sectors * size);
  for (let i = 0; i < sectors; i++) {
    for (let j = 0; j < size; j++) bytes[i * size + j] = (i * 7 + j * 13 + (i >> 5) * seed) & 0xff;
  }
  return bytes;
}

const out = (port, value, size = 1) => ['out', port, size, value];
const read = (port, size = 1) => ['in', port, size];
const hex = (bytes) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** A channel's registers. */
function channel(base, control, busMaster) {
  const registers = () => [1, 2, 3, 4, 5, 6].map((offset) => read(base + offset));
  const status = () => [read(control), read(base + 7), read(busMaster + 2)];
  const wait = () => ['wait', control];
  const select = (device) => out(base + 6, device);
  /** Writes feature, count and address, low to high, then the command. */
  const command = (code, { feature = 0, count = 0, lba = [0, 0, 0], device }) => [
    ...(device === undefined ? [] : [select(device)]),
    out(base + 1, feature),
    out(base + 2, count),
    out(base + 3, lba[0]),
    out(base + 4, lba[1]),
    out(base + 5, lba[2]),
    out(base + 7, code),
    wait(),
  ];
  const all = () => [...status(), ...registers()];
  const ins = (words) => ['ins', base, words];
  const outs = (bytes) => ['outs', base, bytes];
  /** A packet by PIO, and its answer of at most `words` words in one DRQ block. */
  const packet = (bytes, { words = 0, limit = 0xfffe, blocks = words > 0 ? 1 : 0, feature = 0 } = {}) => [
    ...command(0xa0, { feature, lba: [0, limit & 0xff, limit >> 8] }),
    ...status(),
    read(base + 2),
    outs(hex([...bytes, ...new Array(12 - bytes.length).fill(0)])),
    wait(),
    ...all(),
    ...Array.from({ length: blocks }, () => [ins(words), wait(), ...all()]).flat(),
  ];
  return { base, control, busMaster, registers, status, wait, select, command, all, ins, outs, packet };
}

const BUS_MASTER = 0xc040;
const one = channel(0x1f0, 0x3f6, BUS_MASTER);
const two = channel(0x170, 0x376, BUS_MASTER + 8);

/** The bus master is switched on as firmware does it. */
const SETUP = [
  out(0xcf8, 0x80000920, 4),
  out(0xcfc, BUS_MASTER, 4),
  out(0xcf8, 0x80000904, 4),
  out(0xcfc, 5, 2),
];

const sector = (seed) => hex(Array.from({ length: 512 }, (_, i) => (i * seed + 3) & 0xff));

/** Descriptors: [address, bytes] pairs, the last one marked. */
function descriptors(pairs) {
  const bytes = [];
  pairs.forEach(([address, count], i) => {
    for (const [value, size] of [
      [address, 4],
      [count & 0xffff, 2],
      [i === pairs.length - 1 ? 0x8000 : 0, 2],
    ]) {
      for (let k = 0; k < size; k++) bytes.push(Math.floor(value / 2 ** (8 * k)) & 0xff);
    }
  });
  return hex(bytes);
}

const TABLE = 0x8000;
/** Runs a DMA command with these descriptors; `toMemory` for reads of the disk. */
function dma(at, code, pairs, toMemory, registers) {
  return [
    ['put', TABLE, descriptors(pairs)],
    out(at.busMaster + 4, TABLE, 4),
    out(at.busMaster, toMemory ? 8 : 0),
    out(at.busMaster + 2, 6),
    ...at.command(code, registers),
    read(at.control),
    out(at.busMaster, toMemory ? 9 : 1),
    ['idle', at.busMaster + 2],
    read(at.busMaster),
    ...at.all(),
    out(at.busMaster, 0),
    out(at.busMaster + 2, 6),
    read(at.busMaster + 2),
  ];
}

export const PROGRAMS = {
  'registers after power-on': [
    ...one.all(),
    one.select(0xb0),
    ...one.all(),
    one.select(0xa0),
    ...two.all(),
    two.select(0x10),
    ...two.all(),
    read(BUS_MASTER, 4),
    read(BUS_MASTER + 4, 4),
  ],
  'identify disk': [...one.command(0xec, { device: 0xa0 }), ...one.status(), one.ins(256), ...one.all()],
  'identify absent slave': [...one.command(0xec, { device: 0xb0 }), ...one.all()],
  'identify cdrom': [
    ...two.command(0xec, { device: 0xa0 }),
    ...two.all(),
    ...two.command(0xa1, { device: 0xa0 }),
    ...two.status(),
    two.ins(256),
    ...two.all(),
  ],
  'read sectors by lba28': [
    ...one.command(0x20, { count: 2, lba: [5, 1, 0], device: 0xe0 }),
    ...one.all(),
    one.ins(256),
    one.wait(),
    ...one.all(),
    one.ins(256),
    one.wait(),
    ...one.all(),
    read(0x1f0, 2),
  ],
  'read sectors by chs': [
    ...one.command(0x20, { count: 2, lba: [63, 1, 0], device: 0xa3 }),
    one.ins(256),
    one.wait(),
    ...one.all(),
    one.ins(256),
    one.wait(),
    ...one.all(),
    ...one.command(0x91, { count: 17, device: 0xa3 }),
    ...one.all(),
    ...one.command(0x20, { count: 1, lba: [3, 2, 0], device: 0xa1 }),
    one.ins(256),
    one.wait(),
    ...one.all(),
  ],
  'read sectors by lba48': [
    one.select(0xe0),
    ...[out(0x1f2, 0), out(0x1f3, 0), out(0x1f4, 0), out(0x1f5, 0)],
    ...one.command(0x24, { count: 1, lba: [0x34, 0x12, 0] }),
    one.ins(256),
    one.wait(),
    ...one.all(),
    out(0x3f6, 0x80),
    ...one.registers(),
    out(0x3f6, 0),
  ],
  'read multiple': [
    ...one.command(0xc4, { count: 20, lba: [9, 0, 0], device: 0xe0 }),
    one.ins(16 * 256),
    one.wait(),
    ...one.all(),
    one.ins(4 * 256),
    one.wait(),
    ...one.all(),
    ...one.command(0xc6, { count: 8, device: 0xe0 }),
    ...one.all(),
    ...one.command(0xc6, { count: 3, device: 0xe0 }),
    ...one.all(),
    ...one.command(0xc6, { count: 32, device: 0xe0 }),
    ...one.all(),
    ...one.command(0xec, {}),
    one.ins(256),
  ],
  'write sectors': [
    ...one.command(0x30, { count: 2, lba: [10, 0, 0], device: 0xe0 }),
    ...one.all(),
    one.outs(sector(3)),
    one.wait(),
    ...one.all(),
    one.outs(sector(5)),
    one.wait(),
    ...one.all(),
    ...one.command(0xc5, { count: 2, lba: [12, 0, 0], device: 0xe0 }),
    ...one.status(),
    one.outs(sector(7) + sector(9)),
    one.wait(),
    ...one.all(),
    ...one.command(0xc4, { count: 5, lba: [9, 0, 0], device: 0xe0 }),
    one.ins(5 * 256),
    one.wait(),
    ...one.all(),
  ],
  'commands without data': [
    0xe7, 0xea, 0x70, 0x10, 0xe0, 0xe1, 0xe2, 0xe3, 0xe5, 0x98, 0x95, 0x00, 0xfb, 0x08, 0xa0, 0xa1, 0x40,
  ].flatMap((code) => [...one.command(code, { count: 1, lba: [1, 0, 0], device: 0xe0 }), ...one.all()]),
  'read native max': [
    ...one.command(0xf8, { device: 0xe0 }),
    ...one.all(),
    ...one.command(0x27, { device: 0xe0 }),
    ...one.all(),
    out(0x3f6, 0x80),
    ...one.registers(),
    out(0x3f6, 0),
  ],
  'set features': [
    [0x03, 0x42],
    [0x03, 0x22],
    [0x03, 0x0c],
    [0x03, 0x00],
    [0x02, 0],
    [0x82, 0],
    [0xaa, 0],
    [0x55, 0],
    [0x66, 0],
    [0x77, 0],
  ]
    .flatMap(([feature, count]) => [...one.command(0xef, { feature, count, device: 0xe0 }), ...one.all()])
    .concat(one.command(0xec, {}), [one.ins(256)]),
  'software reset': [
    ...one.command(0x20, { count: 2, lba: [5, 1, 0], device: 0xe0 }),
    out(0x3f6, 4),
    out(0x3f6, 0),
    one.wait(),
    ...one.all(),
    out(0x376, 4),
    out(0x376, 0),
    two.wait(),
    ...two.all(),
  ],
  diagnostic: [
    ...one.command(0x90, { device: 0xa0 }),
    ...one.all(),
    ...two.command(0x90, { device: 0xa0 }),
    ...two.all(),
  ],
  'interrupts switched off': [
    out(0x3f6, 2),
    ...one.command(0x20, { count: 1, lba: [5, 1, 0], device: 0xe0 }),
    read(BUS_MASTER + 2),
    one.ins(256),
    out(0x3f6, 0),
  ],
  'dma read': [
    ...dma(
      one,
      0xc8,
      [
        [0x10000, 0x400],
        [0x12000, 0x600],
      ],
      true,
      { count: 5, lba: [7, 0, 0], device: 0xe0 },
    ),
    ['get', 0x10000, 0x400],
    ['get', 0x12000, 0x600],
    ...[0x1f2, 0x1f3, 0x1f4, 0x1f5].map((port) => out(port, 0)),
    ...dma(one, 0x25, [[0x10000, 0x1000]], true, { count: 2, lba: [3, 0, 0], device: 0xe0 }),
    ['get', 0x10000, 0x400],
    ...dma(one, 0xc8, [[0x10000, 0x200]], true, { count: 2, lba: [4, 0, 0], device: 0xe0 }),
  ],
  'dma write': [
    ['put', 0x10000, sector(11) + sector(13)],
    ...dma(one, 0xca, [[0x10000, 0x400]], false, { count: 2, lba: [30, 0, 0], device: 0xe0 }),
    ...one.command(0xc4, { count: 4, lba: [29, 0, 0], device: 0xe0 }),
    one.ins(4 * 256),
    one.wait(),
    ...one.all(),
  ],
  'packets of a new medium': [
    ...two.packet([0x00]),
    ...two.packet([0x03, 0, 0, 0, 18], { words: 9 }),
    ...two.packet([0x12, 0, 0, 0, 36], { words: 18 }),
    ...two.packet([0x25], { words: 4 }),
    ...two.packet([0x46, 0, 0, 0, 0, 0, 0, 0, 64], { words: 20 }),
    ...two.packet([0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8], { words: 4 }),
    ...two.packet([0x4a, 0, 0, 0, 0x10, 0, 0, 0, 8]),
    ...two.packet([0x51, 0, 0, 0, 0, 0, 0, 0, 34], { words: 17 }),
    ...two.packet([0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 8], { words: 4 }),
    ...two.packet([0xff]),
    ...two.packet([0x03, 0, 0, 0, 18], { words: 9 }),
    ...two.packet([0x1e, 0, 0, 0, 1]),
    ...two.packet([0x1b, 0, 0, 0, 2]),
    ...two.packet([0x03, 0, 0, 0, 18], { words: 9 }),
    ...two.packet([0x1e, 0, 0, 0, 0]),
    ...two.packet([0x1b, 0, 0, 0, 2]),
    ...two.packet([0x00]),
    ...two.packet([0x03, 0, 0, 0, 18], { words: 9 }),
    ...two.packet([0x1b, 0, 0, 0, 3]),
    ...two.packet([0x2b, 0, 0, 0, 0, 5]),
  ],
  'table of contents': [
    ...two.packet([0x43, 0, 0, 0, 0, 0, 0, 0, 40], { words: 10 }),
    ...two.packet([0x43, 2, 0, 0, 0, 0, 0, 0, 40], { words: 10 }),
    ...two.packet([0x43, 0, 0, 0, 0, 0, 0xaa, 0, 40], { words: 6 }),
    ...two.packet([0x43, 0, 0, 0, 0, 0, 5, 0, 40]),
    ...two.packet([0x43, 0, 0, 0, 0, 0, 0, 0, 40, 0x40], { words: 6 }),
    ...two.packet([0x43, 0, 0, 0, 0, 0, 0, 0, 80, 0x80], { words: 24 }),
    ...two.packet([0x43, 0, 0, 0, 0, 0, 0, 0, 4], { words: 2 }),
  ],
  'mode pages': [
    ...two.packet([0x5a, 0, 0x01, 0, 0, 0, 0, 0, 60], { words: 8 }),
    ...two.packet([0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 60], { words: 15 }),
    ...two.packet([0x5a, 0, 0x0e, 0, 0, 0, 0, 0, 60], { words: 12 }),
    ...two.packet([0x5a, 0, 0x05, 0, 0, 0, 0, 0, 60]),
    ...two.packet([0x5a, 0, 0xea, 0, 0, 0, 0, 0, 60]),
  ],
  'reading a cdrom': [
    ...two.packet([0x28, 0, 0, 0, 0, 16, 0, 0, 2], { words: 1024, limit: 2048, blocks: 2 }),
    ...two.packet([0xa8, 0, 0, 0, 0, 17, 0, 0, 0, 1], { words: 500, limit: 1000, blocks: 2 }),
    two.ins(24),
    two.wait(),
    ...two.all(),
    ...two.packet([0x28, 0, 0, 0, 0xff, 16, 0, 0, 2]),
    ...two.packet([0x03, 0, 0, 0, 18], { words: 9 }),
    ...two.packet([0xbe, 0, 0, 0, 0, 16, 0, 0, 1, 0x10], { words: 1024 }),
    ...two.packet([0x28, 0, 0, 0, 0, 16, 0, 0, 0]),
    [
      'put',
      TABLE,
      descriptors([
        [0x20000, 0x800],
        [0x30000, 0x800],
      ]),
    ],
    out(two.busMaster + 4, TABLE, 4),
    out(two.busMaster, 8),
    out(two.busMaster + 2, 6),
    ...two.command(0xa0, { feature: 1 }),
    two.outs('280000000014000002000000'),
    read(two.control),
    out(two.busMaster, 9),
    ['idle', two.busMaster + 2],
    ...two.all(),
    ['get', 0x20000, 0x800],
    ['get', 0x30000, 0x800],
  ],
  'device reset': [
    ...two.command(0xa0, { device: 0xa0 }),
    out(0x177, 0x08),
    two.wait(),
    ...two.all(),
    ...two.command(0x20, { device: 0xa0 }),
    ...two.all(),
    ...two.command(0xef, { feature: 3, count: 0x42, device: 0xa0 }),
    ...two.all(),
    ...two.command(0xe1, { device: 0xa0 }),
    ...two.all(),
  ],
};

/** What every program begins with: it runs on a controller that was just switched on. */
export const program = (name) => [...SETUP, ...PROGRAMS[name]];
