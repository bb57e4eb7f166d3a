// Operand tables for SSE and x87: special values crossed with each other, then values near the ends of rounding, and random ones.
import { EDGES, Random } from './operands.mjs';

const FORMATS = { 32: { fraction: 23, exponent: 8 }, 64: { fraction: 52, exponent: 11 } };

/** Bit patterns of a binary format that a rule has to tell apart. */
function specials(bits) {
  const { fraction, exponent } = FORMATS[bits];
  const f = BigInt(fraction);
  const ones = (1n << BigInt(exponent)) - 1n;
  const bias = ones >> 1n;
  const make = (e, m) => (BigInt(e) << f) | BigInt(m);
  const full = (1n << f) - 1n;
  const quiet = 1n << (f - 1n);
  const positive = [
    0n,
    1n,
    full,
    make(1, 0),
    make(1, full),
    make(bias, 0),
    make(bias, 1),
    make(bias - 1n, full),
    make(bias + 1n, 0),
    make(bias + 1n, quiet),
    make(bias + 30n, full),
    make(bias + 31n, 0),
    make(bias + 52n > ones ? ones - 2n : bias + 52n, 3),
    make(ones - 1n, full),
    make(ones, 0),
    make(ones, quiet),
    make(ones, quiet | 0x1234n),
    make(ones, 1),
    make(ones, quiet - 1n),
    make(bias - BigInt(fraction), 0),
    make(bias - 1n, 0),
  ];
  return positive.flatMap((value) => [value, value | (1n << BigInt(bits - 1))]);
}

/** A pattern near `other`'s exponent, near the ends of the range, a small integer, or any. */
function randomFloat(random, bits, other) {
  const { fraction, exponent } = FORMATS[bits];
  const f = BigInt(fraction);
  const ones = (1n << BigInt(exponent)) - 1n;
  const sign = BigInt(random.below(2)) << BigInt(bits - 1);
  const runs = random.word() & ((1n << f) - 1n);
  const near = (e) => {
    const value = e + BigInt(random.below(2 * fraction + 6) - fraction - 3);
    return value < 0n ? 0n : value >= ones ? ones - 1n : value;
  };
  switch (random.below(7)) {
    case 0:
      return random.next() & ((1n << BigInt(bits)) - 1n);
    case 1:
      return sign | (near((other >> f) & ones) << f) | runs;
    case 2:
      return sign | (near(random.below(2) ? 0n : ones) << f) | runs;
    case 3:
      return sign | (near(ones >> 1n) << f) | runs;
    case 4:
      return (
        sign |
        (((ones >> 1n) + BigInt(random.below(fraction + 2))) << f) |
        (runs & -(1n << BigInt(random.below(fraction))))
      );
    case 5:
      return random.pick(specials(bits));
    default:
      return sign | (((other >> f) & ones) << f) | runs;
  }
}

/** All exceptions masked, all rounding modes, DAZ and FTZ at times, flags that are set already at times. */
function mxcsr(random, at) {
  let value = 0x1f80 | ((at & 3) << 13);
  if (at % 5 === 4) value |= random.pick([0x8000, 0x40, 0x8040]);
  if (at % 7 === 6) value |= random.below(64);
  return BigInt(value);
}

const joined = (lanes, bits) => lanes.reduce((sum, lane, i) => sum | (lane << BigInt(i * bits)), 0n);

/**
 * Columns x and y (16 bytes), a (a number), f (flags), m (MXCSR). Lane 0 crosses all specials; the others are random.
 * @param {number} count rows  @param {(random: Random, at: number) => bigint} control values of m
 */
export function floatTable(program, name, bits, count, seed, control = mxcsr) {
  const random = new Random(seed);
  const lanes = 128 / bits;
  const list = specials(bits);
  const pairs = list.flatMap((x) => list.map((y) => [x, y]));
  // Neighbours in the table cross different specials, so that sections that take the first rows see all of them once.
  const order = pairs.map((pair, i) => [(i * 1201) % 1764, pair]).sort((a, b) => a[0] - b[0]);
  const crossed = order.map(([, pair]) => pair).slice(0, Math.floor((count * 3) / 5));
  const rows = [];
  for (let at = 0; at < count; at += 1) {
    const x = [];
    const y = [];
    for (let lane = 0; lane < lanes; lane += 1) {
      const [p, q] = lane === 0 && at < crossed.length ? crossed[at] : [randomFloat(random, bits, 0n), null];
      x.push(p);
      y.push(q ?? randomFloat(random, bits, p));
    }
    const flags = BigInt((random.below(256) & 0xd5) | (random.below(2) ? 0x800 : 0));
    rows.push([joined(x, bits), joined(y, bits), random.word(), flags, control(random, at)]);
  }
  return program.table(
    name,
    [
      ['x', 16],
      ['y', 16],
      ['a', 8],
      ['f', 8],
      ['m', 4],
    ],
    rows,
  );
}

/** Some exceptions unmasked: what remains masked is still delivered as a result. */
export const unmasked = (random, at) =>
  BigInt((random.below(64) << 7) | ((at & 3) << 13) | (random.below(6) ? 0 : 0x8040));

/** To nearest, all masked and inexact already, DAZ and FTZ at times: what is computed without a helper. */
const quick = (random, at) =>
  BigInt(0x1fa0 | (at % 5 ? 0 : random.below(32)) | (at & 4 ? random.pick([0x8000, 0x40, 0x8040]) : 0));

/**
 * The columns of floatTable under that MXCSR. One lane crosses all that ends a quick path, the others are plain, so that a lane decides alone; after that there are
 * numbers of any kind in it.
 */
export function quickTable(program, name, bits, seed) {
  const random = new Random(seed);
  const lanes = 128 / bits;
  const { fraction, exponent } = FORMATS[bits];
  const f = BigInt(fraction);
  const ones = (1n << BigInt(exponent)) - 1n;
  const bias = ones >> 1n;
  const full = (1n << f) - 1n;
  const quiet = 1n << (f - 1n);
  const edges = [
    [0n, 0n],
    [0n, 1n],
    [0n, full],
    [1n, 0n],
    [1n, full],
    [bias - 1n, full],
    [bias, 0n],
    [bias, 1n],
    [bias + 1n, 0n],
    [bias + 30n, full],
    [bias + 31n, 0n],
    [ones - 1n, full],
    [ones, 0n],
    [ones, quiet],
    [ones, 1n],
    // The ends of the range of single precision.
    ...(bits === 64
      ? [
          [bias - 127n, full],
          [bias - 126n, 0n],
          [bias + 127n, full],
        ]
      : []),
  ]
    .map(([e, m]) => (e << f) | m)
    .flatMap((value) => [value, value | (1n << BigInt(bits - 1))]);
  const pairs = edges.flatMap((x) => edges.map((y) => [x, y]));
  const any = Array.from({ length: 116 }, () => {
    const x = randomFloat(random, bits, 0n);
    return [x, randomFloat(random, bits, x)];
  });
  const plain = () => ((bias + BigInt(random.below(4))) << f) | (random.word() & full);
  const rows = [...pairs, ...any].map(([p, q], at) => {
    const x = Array.from({ length: lanes }, plain);
    const y = Array.from({ length: lanes }, plain);
    x[at % lanes] = p;
    y[at % lanes] = q;
    return [joined(x, bits), joined(y, bits), random.word(), 0n, quick(random, at)];
  });
  return program.table(
    name,
    [
      ['x', 16],
      ['y', 16],
      ['a', 8],
      ['f', 8],
      ['m', 4],
    ],
    rows,
  );
}

/** Integer lanes of all sizes in x and y (16 bytes), a, f and the shift counts n. */
export function vectorTable(program, name, count, seed) {
  const random = new Random(seed);
  const lane = () => {
    const size = random.pick([8, 16, 32, 64]);
    let value = 0n;
    for (let at = 0; at < 64; at += size)
      value |=
        BigInt.asUintN(size, random.below(3) ? random.word() : EDGES[random.below(EDGES.length)]) <<
        BigInt(at);
    return value;
  };
  const rows = [];
  for (let at = 0; at < count; at += 1) {
    const x = [lane(), lane()];
    const y =
      at % 4 === 3
        ? x.map((v) => (random.below(2) ? v : v ^ (1n << BigInt(random.below(64)))))
        : [lane(), lane()];
    const shift = BigInt(random.below(4) ? random.below(72) : Number(random.next() >> 34n));
    const flags = BigInt((random.below(256) & 0xd5) | (random.below(2) ? 0x800 : 0));
    rows.push([joined(x, 64), joined(y, 64), random.word(), flags, shift]);
  }
  return program.table(
    name,
    [
      ['x', 16],
      ['y', 16],
      ['a', 8],
      ['f', 8],
      ['n', 16],
    ],
    rows,
  );
}
