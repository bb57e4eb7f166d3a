/**
 * What irqchip-fixtures/recorder.S is to do with the interrupt controllers and timers, scenario by scenario: lists of operations [name, operands …].
 * The line of an IRQ is one of UARTS in gen-irqchip-fixtures.mjs.
 */

const LAPIC = 0xfee00000;
const IOAPIC = 0xfec00000;
const HPET = 0xfed00000;

// ── Writing scripts ─────────────────────────────────────────────────────────────────────────────────────────────
const out = (port, ...values) => values.map((value) => ['out', port, value]);
const read = (port) => [['in', port]];
const write = (address, value) => [['write', address, value]];
const load = (address) => [['read', address]];
const wait = (ns) => [['wait', ns]];
const line = (number, level) => [['line', number, level]];
const count = (counter) => [['count', 0x40 + counter, counter << 6]];
const lapic = (register, value) => write(LAPIC + register, value);
const lapicRead = (register) => load(LAPIC + register);
const ioapic = (register, value) => [...write(IOAPIC, register), ...write(IOAPIC + 0x10, value)];
const ioapicRead = (register) => [...write(IOAPIC, register), ...load(IOAPIC + 0x10)];
const hpet = (register, value) => write(HPET + register, value);
const hpetRead = (register) => load(HPET + register);
const take = [['take']];
const halt = [['halt']];
const times = (n, make) => Array.from({ length: n }, (_, i) => make(i)).flat();

/** The 8259s with vectors 0x20 and 0x28, on LINT0. */
const picInit = (icw4) => [
  ...lapic(0xf0, 0x1ff),
  ...lapic(0x350, 0x700),
  ...out(0x20, 0x11),
  ...out(0x21, 0x20, 4, icw4),
  ...out(0xa0, 0x11),
  ...out(0xa1, 0x28, 2, icw4 & ~0x12),
];
/** The same, with counter 0 of the PIT quiet for 55 ms. */
const picSetup = (icw4 = 1) => [...out(0x43, 0x30), ...out(0x40, 0, 0), ...picInit(icw4)];
const picState = [
  ...out(0x20, 0x0a),
  ...read(0x20),
  ...out(0x20, 0x0b),
  ...read(0x20),
  ...out(0xa0, 0x0a),
  ...read(0xa0),
  ...out(0xa0, 0x0b),
  ...read(0xa0),
  ...read(0x21),
  ...read(0xa1),
];
const picMask = out(0x21, 0xff);
const picUnmask = (irq) =>
  irq < 8 ? out(0x21, 0xff & ~(1 << irq)) : [...out(0x21, 0xfb), ...out(0xa1, 0xff & ~(1 << (irq - 8)))];
const picEnd = [...out(0xa0, 0x20), ...out(0x20, 0x20)];

/** Park and Miller's generator: an integer below n. */
function randomOf(seed) {
  let state = seed;
  return (n) => {
    state = (state * 48271) % 0x7fffffff;
    return state % n;
  };
}

// ── Scenarios ───────────────────────────────────────────────────────────────────────────────────────────────────
/**
 * Left out, because QEMU does not follow the data sheet there: non-specific EOI in special mask mode, automatic EOI of the slave (its second request
 * never reaches the master).
 */
function picRandom(seed, icw4, elcr) {
  const random = randomOf(seed);
  const special = [false, false];
  const levels = {};
  const script = [
    ...out(0x4d0, elcr & 0xff),
    ...out(0x4d1, elcr >> 8),
    ...read(0x4d0),
    ...read(0x4d1),
    ...picSetup(icw4),
  ];
  for (let i = 0; i < 90; i++) {
    const slave = random(2);
    const port = slave ? 0xa0 : 0x20;
    const kind = random(12);
    if (kind < 4) {
      const number = [3, 6, 9, 12][random(4)];
      levels[number] = !levels[number];
      script.push(...line(number, levels[number] ? 1 : 0));
    } else if (kind < 7) script.push(...take);
    else if (kind === 7) script.push(...out(port + 1, random(4) ? random(256) & random(256) : 0));
    else if (kind < 10) {
      const command = random(8);
      if (!special[slave] || (command !== 1 && command !== 5))
        script.push(...out(port, (command << 5) | random(8)));
    } else if (kind === 10) script.push(...out(port, 0x0c), ...read(port + random(2)));
    else {
      special[slave] = random(3) === 0;
      script.push(...out(port, special[slave] ? 0x68 : 0x48));
    }
    script.push(...picState);
  }
  return script;
}

function lapicRandom(seed) {
  const random = randomOf(seed);
  const script = [...picMask, ...lapic(0xf0, 0x1ff)];
  for (let i = 0; i < 150; i++) {
    const kind = random(8);
    if (kind < 3) script.push(...lapic(0x300, 0x44000 | (32 + random(224))));
    else if (kind < 5) script.push(...take);
    else if (kind === 5) script.push(...lapic(0x80, random(2) ? random(256) : 0));
    else script.push(...lapic(0xb0, 0));
    script.push(...lapicRead(0xa0), ...lapicRead(0x80));
    const word = random(8) * 16;
    script.push(...lapicRead(0x100 + word), ...lapicRead(0x180 + word), ...lapicRead(0x200 + word));
  }
  return script;
}

/** A pin's trigger changes while its line is low only: QEMU takes no notice of a line that was up before. */
function ioapicRandom(seed) {
  const random = randomOf(seed);
  const pins = [3, 6, 9, 12];
  const levels = {};
  const triggers = { 3: 0, 6: 0, 9: 0, 12: 0 };
  const script = [...picSetup(), ...picMask, ...lapic(0xf0, 0x1ff)];
  for (const pin of pins)
    script.push(...ioapic(0x11 + 2 * pin, 0), ...ioapic(0x10 + 2 * pin, 0x30 + pin * 16));
  for (let i = 0; i < 130; i++) {
    const pin = pins[random(4)];
    const kind = random(8);
    if (kind < 3) {
      levels[pin] = !levels[pin];
      script.push(...line(pin, levels[pin] ? 1 : 0));
    } else if (kind < 5) script.push(...take);
    else if (kind === 5) {
      if (!levels[pin]) triggers[pin] = random(2) ? 0x8000 : 0;
      script.push(...ioapic(0x10 + 2 * pin, (random(3) ? 0 : 0x10000) | triggers[pin] | (0x30 + pin * 16)));
    } else script.push(...lapic(0xb0, 0));
    for (const each of pins) script.push(...ioapicRead(0x10 + 2 * each));
    script.push(...lapicRead(0xa0));
  }
  return script;
}

/** Counts and outputs of a mode, at times that lie away from the edges. QEMU's output in mode 2 is the inverse of the data sheet's: not asked for. */
function pitMode(mode, value, period) {
  const control = 0x30 | (mode << 1);
  const status = mode === 2 ? [] : [...out(0x43, 0xe2), ...read(0x40)];
  return [
    ...picSetup(),
    ...out(0x43, control),
    ...out(0x40, value & 0xff, value >> 8),
    ...count(0),
    ...status,
    ...times(6, () => [...wait(Math.round(period * 0.29)), ...count(0), ...status]),
  ];
}

const PIT_NS = 1e9 / 1193182;

export const SCENARIOS = {
  'pic: fully nested': [
    ...picSetup(),
    ...times(4, (i) => [...line([12, 3, 9, 6][i], 1), ...picState]),
    ...times(4, () => [...take, ...picState, ...take, ...picEnd, ...picState]),
    ...times(4, (i) => line([12, 3, 9, 6][i], 0)),
    ...picState,
  ],
  'pic: random, edges': picRandom(11, 0x01, 0),
  'pic: random, levels': picRandom(12, 0x01, 0x1248),
  'pic: random, special fully nested': picRandom(13, 0x11, 0x0200),
  'pic: random, automatic EOI of the master': picRandom(14, 0x03, 0),
  'pic: random, edges again': picRandom(15, 0x01, 0),
  'pit: mode 2': pitMode(2, 5000, 5000 * PIT_NS),
  'pit: mode 3': pitMode(3, 5000, 5000 * PIT_NS),
  'pit: mode 0': [...pitMode(0, 5000, 5000 * PIT_NS)],
  'pit: one byte of the count': [
    ...picSetup(),
    ...out(0x43, 0x16),
    ...out(0x40, 200),
    ...out(0x43, 0xe2),
    ...read(0x40),
    ...out(0x43, 0x64),
    ...out(0x41, 0x20),
    ...wait(100 * PIT_NS),
    ...read(0x41),
    ...out(0x43, 0x40),
    ...read(0x41),
    ...wait(2000 * PIT_NS),
    ...out(0x43, 0x40),
    ...read(0x41),
  ],
  'pit: latches hold': [
    ...picSetup(),
    ...out(0x43, 0x76),
    ...out(0x41, 0x00, 0x80),
    ...wait(300 * PIT_NS),
    ...count(1),
    ...out(0x43, 0xc4),
    ...wait(5000 * PIT_NS),
    ...read(0x41),
    ...wait(5000 * PIT_NS),
    // Status, then the latched bytes.
    ...out(0x43, 0xe4),
    ...read(0x41),
    ...wait(300 * PIT_NS),
    ...count(1),
  ],
  // The mode is set before the 8259s are: its output rises then, which QEMU's does not.
  'pit: periodic interrupts': [
    ...out(0x43, 0x34),
    ...picInit(1),
    ...picUnmask(0),
    ...out(0x40, 0xa9, 4),
    ...times(5, () => [...halt, ...out(0x20, 0x20)]),
    ...out(0x43, 0x36),
    ...out(0x40, 0x52, 9),
    ...times(4, () => [...halt, ...out(0x20, 0x20)]),
    ...out(0x43, 0x30),
    ...out(0x40, 0xe8, 3),
    ...halt,
    ...out(0x20, 0x20),
    ...wait(3e6),
    ...take,
  ],
  'pit: counter 2 and port 61': [
    ...picSetup(),
    ...out(0x61, 1),
    ...out(0x43, 0xb0),
    ...out(0x42, 0x88, 0x13),
    ...count(2),
    ...wait(2500 * PIT_NS),
    ...count(2),
    ...read(0x61),
    ...wait(3000 * PIT_NS),
    ...read(0x61),
    ...count(2),
    ...out(0x43, 0xb6),
    ...out(0x42, 0x88, 0x13),
    ...times(8, () => [...wait(1150 * PIT_NS), ...read(0x61)]),
    ...out(0x61, 3),
    ...read(0x61),
  ],
  'lapic: registers': [
    ...[
      0x20, 0x30, 0x80, 0xa0, 0xd0, 0xe0, 0xf0, 0x320, 0x330, 0x340, 0x360, 0x370, 0x380, 0x390, 0x3e0,
    ].flatMap(lapicRead),
    ...lapic(0xf0, 0x1ff),
    ...lapic(0xd0, 0x55aa55aa),
    ...lapic(0xe0, 0),
    ...lapic(0x80, 0x37),
    ...lapic(0x310, 0x12000000),
    ...lapic(0x350, 0x10700),
    ...lapic(0x360, 0x400),
    ...lapic(0x370, 0xfe),
    ...lapic(0x3e0, 0xb),
    ...[0xd0, 0xe0, 0xf0, 0x80, 0xa0, 0x310, 0x350, 0x360, 0x370, 0x3e0].flatMap(lapicRead),
  ],
  'lapic: one-shot timer': [
    ...picMask,
    ...lapic(0xf0, 0x1ff),
    ...lapic(0x3e0, 0xb),
    ...lapic(0x320, 0x41),
    ...lapic(0x380, 50000),
    ...lapicRead(0x390),
    ...wait(20000),
    ...lapicRead(0x390),
    ...halt,
    ...lapicRead(0x390),
    ...lapicRead(0x120),
    ...lapic(0xb0, 0),
    ...lapicRead(0x120),
    ...wait(200000),
    ...take,
    ...times(7, (shift) => [
      ...lapic(0x3e0, (shift & 3) | ((shift & 4) << 1)),
      ...lapic(0x380, 1000),
      ...lapicRead(0x390),
      ...wait(700),
      ...lapicRead(0x390),
      ...halt,
      ...lapic(0xb0, 0),
    ]),
  ],
  'lapic: periodic timer': [
    ...picMask,
    ...lapic(0xf0, 0x1ff),
    ...lapic(0x3e0, 0),
    ...lapic(0x320, 0x20042),
    ...lapic(0x380, 30000),
    ...times(4, () => [...halt, ...lapicRead(0x390), ...lapic(0xb0, 0)]),
    ...wait(250000),
    ...take,
    ...lapic(0xb0, 0),
    ...take,
    ...lapic(0x320, 0x30042),
    ...wait(250000),
    ...take,
    ...lapicRead(0x390),
    ...lapic(0x320, 0x20042),
    ...halt,
    ...lapic(0xb0, 0),
    ...lapic(0x380, 0),
    ...wait(250000),
    ...take,
    ...lapicRead(0x390),
  ],
  'lapic: destinations': [
    ...picMask,
    ...lapic(0xf0, 0x1ff),
    ...lapic(0xd0, 0x04000000),
    // Physical 0, 1 and all; logical flat 4, 3, all; cluster.
    ...[0, 1, 0xff].flatMap((id, i) => [
      ...lapic(0x310, id << 24),
      ...lapic(0x300, 0x4040 + i),
      ...take,
      ...lapic(0xb0, 0),
    ]),
    ...[4, 3, 0xfc].flatMap((id, i) => [
      ...lapic(0x310, id << 24),
      ...lapic(0x300, 0x4850 + i),
      ...take,
      ...lapic(0xb0, 0),
    ]),
    ...lapic(0xe0, 0x0fffffff),
    ...lapic(0xd0, 0x24000000),
    ...[0x24, 0x14, 0x22, 0x26].flatMap((id, i) => [
      ...lapic(0x310, id << 24),
      ...lapic(0x300, 0x4860 + i),
      ...take,
      ...lapic(0xb0, 0),
    ]),
    // Shorthands self, all, all but self; lowest priority.
    ...lapic(0x300, 0x44070),
    ...take,
    ...lapic(0xb0, 0),
    ...lapic(0x300, 0x84071),
    ...take,
    ...lapic(0xb0, 0),
    ...lapic(0x300, 0xc4072),
    ...take,
    ...lapic(0x310, 0x24000000),
    ...lapic(0x300, 0x4973),
    ...take,
    ...lapic(0xb0, 0),
    ...lapicRead(0x300),
  ],
  'lapic: random': lapicRandom(21),
  'lapic: random again': lapicRandom(22),
  'ioapic: registers': [
    ...[0, 1, 2, 0x10, 0x11, 0x3e, 0x3f].flatMap(ioapicRead),
    ...ioapic(0, 0xff000000),
    ...ioapicRead(0),
    ...ioapicRead(2),
    ...ioapic(0x20, 0x1ffff),
    ...ioapic(0x21, 0xff000000),
    ...ioapicRead(0x20),
    ...ioapicRead(0x21),
    ...ioapic(0x10, 0x10000),
    ...load(IOAPIC),
  ],
  'ioapic: the PIT on pin 2': [
    ...picMask,
    ...lapic(0xf0, 0x1ff),
    ...out(0x43, 0x34),
    ...out(0x40, 0xa9, 4),
    ...ioapic(0x15, 0),
    ...ioapic(0x14, 0x55),
    ...times(3, () => [...halt, ...lapic(0xb0, 0)]),
    ...ioapic(0x14, 0x10055),
    ...wait(3e6),
    ...ioapic(0x14, 0x55),
    ...halt,
  ],
  'ioapic: random': ioapicRandom(31),
  'ioapic: random again': ioapicRandom(32),
  'hpet: registers': [
    ...[0, 4, 0x10, 0x20, 0xf0, 0xf4, 0x100, 0x104, 0x108, 0x10c, 0x120, 0x140, 0x144].flatMap(hpetRead),
    ...hpet(0xf0, 0x12345678),
    ...hpet(0xf4, 0x9abc),
    ...wait(1000),
    ...hpetRead(0xf0),
    ...hpet(0x10, 1),
    ...wait(1000),
    ...hpetRead(0xf0),
    ...hpetRead(0xf4),
    ...wait(12345),
    ...hpetRead(0xf0),
    ...hpet(0x10, 0),
    ...hpetRead(0xf0),
    ...wait(12345),
    ...hpetRead(0xf0),
    ...hpet(0x10, 3),
    ...hpetRead(0x10),
    ...hpetRead(0xf0),
    ...hpet(0x108, 0x1000),
    ...hpet(0x10c, 5),
    ...hpetRead(0x108),
    ...hpetRead(0x10c),
    ...hpet(0x100, 0x0000010c),
    ...hpetRead(0x100),
  ],
  'hpet: legacy replacement, one-shot': [
    ...picSetup(),
    ...picUnmask(0),
    ...hpet(0x100, 4),
    ...hpet(0x108, 20000),
    ...hpet(0x10c, 0),
    ...hpet(0x10, 3),
    ...halt,
    ...hpetRead(0xf0),
    ...picEnd,
    ...hpet(0x108, 30000),
    ...halt,
    ...hpetRead(0xf0),
    ...picEnd,
    ...wait(300000),
    ...take,
    ...picUnmask(8),
    ...hpet(0x12c, 0),
    ...hpet(0x128, 100000),
    ...hpet(0x120, 4),
    ...halt,
    ...hpetRead(0xf0),
    ...picEnd,
    ...wait(60e6),
    ...take,
  ],
  'hpet: legacy replacement, periodic': [
    ...picSetup(),
    ...picUnmask(0),
    ...hpet(0x10c, 0),
    ...hpet(0x10, 3),
    ...hpet(0x100, 0x4c),
    ...hpet(0x108, 10000),
    ...hpet(0x108, 5000),
    ...times(5, () => [...halt, ...hpetRead(0x108), ...hpetRead(0xf0), ...picEnd]),
    ...hpet(0x10, 2),
    ...wait(200000),
    ...take,
    ...hpet(0x10, 3),
    ...halt,
    ...hpetRead(0xf0),
  ],
  'hpet: level-triggered on pin 2': [
    ...picSetup(),
    ...picMask,
    ...lapic(0xf0, 0x1ff),
    ...ioapic(0x15, 0),
    ...ioapic(0x14, 0x8066),
    ...hpet(0x140, 0x406),
    ...hpet(0x14c, 0),
    ...hpet(0x148, 10000),
    ...hpet(0x10, 1),
    ...hpetRead(0x140),
    ...halt,
    ...hpetRead(0x20),
    ...ioapicRead(0x14),
    ...lapic(0xb0, 0),
    ...take,
    ...hpet(0x20, 4),
    ...hpetRead(0x20),
    ...lapic(0xb0, 0),
    ...take,
    ...ioapicRead(0x14),
  ],
  'hpet: 32 bits, periodic': [
    ...picSetup(),
    ...picUnmask(0),
    ...hpet(0xf0, 0xffffe000),
    ...hpet(0x100, 0x14c),
    ...hpet(0x108, 0xfffff000),
    ...hpet(0x108, 0x2000),
    ...hpet(0x10, 3),
    ...times(3, () => [...halt, ...hpetRead(0x108), ...hpetRead(0x10c), ...hpetRead(0xf0), ...picEnd]),
  ],
  // The power management function of the PIIX4 gets its ports first.
  'pm timer': [
    ['out32', 0xcf8, 0x80000b40],
    ['out32', 0xcfc, 0x601],
    ['out32', 0xcf8, 0x80000b80],
    ['out32', 0xcfc, 1],
    ...times(12, () => [['in32', 0x608], ...wait(7654321)]),
  ],
};
