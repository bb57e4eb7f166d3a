/** The VGA's memory window and the dirty log, from a guest's side: what is mapped as plain memory, what is noted, and when. */
import { describe, expect, it } from 'vitest';
import * as L from '../../../src/memory/layout.gen.ts';
import { createTestCore, type TestTier } from '../harness.ts';
import { RESET_VECTOR, X86 } from './machine.ts';

const PROGRAM = 0x7c00n;
/** While this byte is 0 the program waits. */
const GATE = 0x500n;
/** The harness's RAM lies behind the vCPU's area. */
const VIDEO = L.VCPU_BASE + L.VCPU_STRIDE + (32 << 20);
const VIDEO_BYTES = 1 << 20;
const LOGGED_PAGES = 32;

const GUEST = {
  ...X86,
  local: [
    { base: 0xa0000n, size: 0x20000n, id: L.LOCAL_VGA_WINDOW },
    { base: BigInt(L.IO_PORT_BASE) + 0x3b0n, size: 0x30n, id: L.LOCAL_VGA_PORTS },
  ],
};

const word = (value: number): number[] => [value & 0xff, value >> 8];
/** mov $port, %dx; mov $(value << 8 | index), %ax; out %ax, (%dx) */
const indexed = (port: number, index: number, value: number): number[] => [
  ...[0xba, ...word(port)],
  ...[0xb8, index, value],
  0xef,
];
const CHAIN_4 = [...indexed(0x3c4, 2, 0x0f), ...indexed(0x3c4, 4, 0x0e), ...indexed(0x3ce, 6, 0x05)];
/** movb $value, %es:(address) */
const storeByte = (address: number, value: number): number[] => [0x26, 0xc6, 0x06, ...word(address), value];
/** movw $value, %es:(address) */
const storeWord = (address: number, value: number): number[] => [
  0x26,
  0xc7,
  0x06,
  ...word(address),
  ...word(value),
];
/** mov $0xa000, %ax; mov %ax, %es */
const START = [0xb8, 0x00, 0xa0, 0x8e, 0xc0];
/** cmpb $0, (GATE); je to itself */
const WAIT = [0x80, 0x3e, ...word(Number(GATE)), 0x00, 0x74, 0xf9];
const HALT = [0xf4];

async function start(program: number[], tier: TestTier = 'interp') {
  const core = await createTestCore({ tier, guest: GUEST });
  core.reset();
  const view = new DataView(core.memory.buffer);
  view.setUint32(L.VGA_MEMORY, VIDEO, true);
  view.setUint32(L.VGA_MEMORY_SIZE, VIDEO_BYTES, true);
  view.setUint8(L.VGA_MISC, 1);
  view.setUint32(L.DIRTY_RANGE_COUNT, 1, true);
  view.setUint32(L.DIRTY_RANGES, VIDEO >>> L.PAGE_BITS, true);
  view.setUint32(L.DIRTY_RANGES + 4, LOGGED_PAGES, true);
  const log = new Uint8Array(core.memory.buffer, L.DIRTY_PAGES + (VIDEO >>> L.PAGE_BITS), LOGGED_PAGES);
  log.fill(L.DIRTY_LOGGED);
  // ljmp $0, $0x7c00
  core.load(RESET_VECTOR, Uint8Array.of(0xea, ...word(Number(PROGRAM)), 0, 0));
  core.load(PROGRAM, Uint8Array.from(program));
  const words = new Int32Array(core.memory.buffer);
  return {
    core,
    video: new Uint8Array(core.memory.buffer, VIDEO, VIDEO_BYTES),
    /** Pages whose byte of the log has this bit. */
    pages: (bit: number) => [...log.keys()].filter((page) => (log[page]! & bit) !== 0),
    takeEvents: () => Atomics.exchange(words, L.VM_DISPLAY_EVENTS >> 2, 0),
    harvest: () => {
      Atomics.or(words, (L.VCPU_BASE + L.COMM_REQUEST) >> 2, L.REQUEST_HARVEST);
      core.resume({ maxInstructions: 1000 });
      return Atomics.load(words, (L.VCPU_BASE + L.COMM_REQUEST) >> 2) & L.REQUEST_HARVEST;
    },
    take: () => log.forEach((byte, page) => void (log[page] = byte & ~L.DIRTY_TAKEN)),
  };
}

describe('the VGA’s window', () => {
  it.each(['interp', 'eager'] as const)(
    'is plain memory in chain-4 with all planes, and follows the map mask (%s)',
    async (tier) => {
      const { core, video } = await start(
        [
          ...START,
          ...CHAIN_4,
          ...storeByte(0x0003, 0x11),
          ...storeWord(0x1004, 0x2233),
          ...[0xbf, 0, 0x20, 0xb9, 0, 0x10, 0xb8, 0x77, 0x66, 0xfc, 0xf3, 0xab], // rep stosw: 4,096 words at 0x2000
          ...indexed(0x3c4, 2, 0x01),
          ...storeWord(0x0008, 0x5544),
          ...indexed(0x3c4, 2, 0x0f),
          ...storeWord(0x0010, 0x7766),
          ...HALT,
        ],
        tier,
      );
      expect(core.run({ pc: RESET_VECTOR, maxInstructions: 100_000 }).reason).toBe('wfi');
      expect([...video.subarray(0, 18)]).toEqual([
        0, 0, 0, 0x11, 0, 0, 0, 0, 0x44, 0, 0, 0, 0, 0, 0, 0, 0x66, 0x77,
      ]);
      expect([video[0x1004], video[0x1005], video[0x2000], video[0x3fff], video[0x4000]]).toEqual([
        0x33, 0x22, 0x77, 0x66, 0,
      ]);
      // Ports, and the one store through the mask.
      expect(core.counter(L.COUNTER_LOCAL)).toBeLessThan(10);
    },
  );

  it('shows the 64 KiB that dispi’s bank chooses', async () => {
    const { core, video } = await start([...START, ...CHAIN_4, ...storeByte(0, 0xaa), ...HALT]);
    new DataView(core.memory.buffer).setUint32(L.VGA_BANK, 0x10000, true);
    core.run({ pc: RESET_VECTOR, maxInstructions: 10_000 });
    expect([video[0], video[0x10000]]).toEqual([0, 0xaa]);
  });
});

describe('rows that string instructions hand over at once', () => {
  const planar = [...indexed(0x3c4, 4, 0x06), ...indexed(0x3ce, 6, 0x05)];
  const modes: [string, number[]][] = [
    ['plain', [...planar, ...indexed(0x3c4, 2, 0x0f), ...indexed(0x3ce, 8, 0xff)]],
    ['map mask', [...planar, ...indexed(0x3c4, 2, 0x0a), ...indexed(0x3ce, 8, 0xff)]],
    [
      'set/reset',
      [
        ...planar,
        ...indexed(0x3c4, 2, 0x0f),
        ...indexed(0x3ce, 8, 0xff),
        ...indexed(0x3ce, 0, 0x06),
        ...indexed(0x3ce, 1, 0x0c),
      ],
    ],
    [
      'rotation, XOR, bit mask',
      [...planar, ...indexed(0x3c4, 2, 0x0f), ...indexed(0x3ce, 3, 0x1d), ...indexed(0x3ce, 8, 0x7e)],
    ],
    ['write mode 1', [...planar, ...indexed(0x3c4, 2, 0x0f), ...indexed(0x3ce, 5, 0x01)]],
    [
      'write mode 2, AND',
      [
        ...planar,
        ...indexed(0x3c4, 2, 0x0f),
        ...indexed(0x3ce, 5, 0x02),
        ...indexed(0x3ce, 3, 0x08),
        ...indexed(0x3ce, 8, 0xf3),
      ],
    ],
    [
      'write mode 3',
      [
        ...planar,
        ...indexed(0x3c4, 2, 0x0f),
        ...indexed(0x3ce, 5, 0x03),
        ...indexed(0x3ce, 0, 0x05),
        ...indexed(0x3ce, 8, 0xdb),
      ],
    ],
    [
      'odd/even',
      [
        ...indexed(0x3c4, 4, 0x02),
        ...indexed(0x3ce, 5, 0x10),
        ...indexed(0x3ce, 6, 0x0e),
        ...indexed(0x3c4, 2, 0x03),
      ],
    ],
    [
      'chain-4 with a map mask',
      [...indexed(0x3c4, 4, 0x0e), ...indexed(0x3ce, 6, 0x05), ...indexed(0x3c4, 2, 0x06)],
    ],
  ];
  /** Source at 0x600; from 0xf85 on, in two pages of the window: bytes, then words, then one word again and again. */
  const rows = (repeated: boolean): number[] => {
    const element = (moves: number[], count: number) =>
      repeated
        ? [0xb9, ...word(count), 0xf3, ...moves]
        : [0xb9, ...word(count), ...moves, 0xe2, 0xfe - moves.length];
    return [
      ...[0xfc, 0x31, 0xc0, 0x8e, 0xd8, 0xbe, ...word(0x600), 0xbf, ...word(0x8f85)],
      ...[0x26, 0x8a, 0x05], // mov %es:(%di), %al: fills the latch
      ...element([0xa4], 321),
      ...element([0xa5], 77),
      ...[0xb8, ...word(0x3ca5)],
      ...element([0xab], 99),
      ...HALT,
    ];
  };

  describe.each(['interp', 'eager'] as const)('%s', (tier) => {
    it.each(modes)('are what single stores write: %s', async (_name, mode) => {
      const memories = [];
      for (const repeated of [true, false]) {
        const { core, video } = await start([...START, ...mode, ...rows(repeated)], tier);
        core.load(
          0x600n,
          Uint8Array.from({ length: 600 }, (_, i) => (i * 73 + (i >> 3)) & 0xff),
        );
        for (let i = 0; i < video.length; i++) video[i] = (i * 29 + (i >> 5)) & 0xff;
        const before = core.counter(L.COUNTER_LOCAL);
        expect(core.run({ pc: RESET_VECTOR, maxInstructions: 100_000 }).reason).toBe('wfi');
        expect(core.counter(L.COUNTER_LOCAL) - before).toBeGreaterThan(400);
        memories.push(Buffer.from(video).toString('latin1'));
      }
      expect(memories[0] === memories[1]).toBe(true);
    });
  });

  it('come to memory again when the window becomes plain memory', async () => {
    const { core, video } = await start([
      ...START,
      ...[...planar, ...indexed(0x3c4, 2, 0x0f), ...indexed(0x3ce, 8, 0xff), ...storeByte(0x10, 0x55)],
      ...CHAIN_4,
      ...[0xbf, 0, 0x00, 0xb9, 0, 0x10, 0xb0, 0x77, 0xfc, 0xf3, 0xaa], // rep stosb: 4,096 bytes at 0
      ...HALT,
    ]);
    expect(core.run({ pc: RESET_VECTOR, maxInstructions: 100_000 }).reason).toBe('wfi');
    expect([video[0x0f], video[0x10], video[0xfff], video[0x1000]]).toEqual([0x77, 0x77, 0x77, 0]);
    expect(core.counter(L.COUNTER_LOCAL)).toBeLessThan(12);
  });
});

describe('the dirty log', () => {
  it.each([
    ['plain memory', CHAIN_4],
    [
      'planes',
      [
        ...indexed(0x3c4, 2, 0x0f),
        ...indexed(0x3c4, 4, 0x06),
        ...indexed(0x3ce, 6, 0x05),
        ...indexed(0x3ce, 8, 0xff),
      ],
    ],
  ])(
    'notes the first write to a page of %s, is handed over on request, and notes the next',
    async (_name, mode) => {
      const program = [...START, ...mode, ...storeByte(0x0010, 1), ...WAIT, ...storeByte(0x0011, 2), ...HALT];
      const { core, pages, takeEvents, harvest, take } = await start(program);
      expect(pages(L.DIRTY_WRITTEN)).toEqual([]);
      core.run({ pc: RESET_VECTOR, maxInstructions: 10_000 });
      expect(pages(L.DIRTY_WRITTEN)).toEqual([0]);
      expect(takeEvents() & L.DISPLAY_WRITTEN).toBe(L.DISPLAY_WRITTEN);

      expect(harvest()).toBe(0);
      expect([pages(L.DIRTY_WRITTEN), pages(L.DIRTY_TAKEN)]).toEqual([[], [0]]);
      expect(takeEvents()).toBe(L.DISPLAY_HARVESTED);
      take();

      core.load(GATE, Uint8Array.of(1));
      core.resume({ maxInstructions: 10_000 });
      expect([pages(L.DIRTY_WRITTEN), pages(L.DIRTY_TAKEN)]).toEqual([[0], []]);
      expect(takeEvents()).toBe(L.DISPLAY_WRITTEN);
    },
  );

  it('notes nothing for reads, and tells the page once until it has taken notice', async () => {
    // mov %es:0x3000, %al
    const program = [
      ...START,
      ...CHAIN_4,
      0x26,
      0xa0,
      ...word(0x3000),
      ...WAIT,
      ...storeByte(0x1000, 1),
      ...storeByte(0x2000, 1),
      ...HALT,
    ];
    const { core, pages, takeEvents } = await start(program);
    core.run({ pc: RESET_VECTOR, maxInstructions: 10_000 });
    expect(pages(L.DIRTY_WRITTEN)).toEqual([]);
    takeEvents();
    const view = new DataView(core.memory.buffer);
    const wakes = view.getInt32(L.VM_PAGE_WAKE, true);
    core.load(GATE, Uint8Array.of(1));
    core.resume({ maxInstructions: 10_000 });
    expect(pages(L.DIRTY_WRITTEN)).toEqual([1, 2]);
    expect(view.getInt32(L.VM_PAGE_WAKE, true)).toBe(wakes + 1);
  });
});
