// Operand tables for x87: 80-bit values of all classes, control words with all precisions and roundings.
import { Random } from './operands.mjs';

export const INTEGER_BIT = 1n << 63n;
const ONES = 0x7fff;
export const BIAS = 0x3fff;
export const make = (exponent, significand, sign = 0) =>
  (BigInt(exponent | (sign << 15)) << 64n) | BigInt.asUintN(64, significand);

/** Zeros, denormals, pseudo-denormals, normals at ends, infinities, NaNs, and the encodings that the 387 and its successors refuse. */
function specials() {
  const list = [
    make(0, 0n),
    make(0, 1n),
    make(0, INTEGER_BIT - 1n),
    make(0, INTEGER_BIT),
    make(0, INTEGER_BIT + 12345n),
    make(1, INTEGER_BIT),
    make(1, INTEGER_BIT + 1n),
    make(BIAS - 1, INTEGER_BIT),
    make(BIAS - 1, -1n),
    make(BIAS, INTEGER_BIT),
    make(BIAS, INTEGER_BIT + 1n),
    make(BIAS, 0xc000000000000000n),
    make(BIAS + 1, 0xc90fdaa22168c235n),
    make(BIAS + 14, 0xfffe000000000000n),
    make(BIAS + 15, INTEGER_BIT),
    make(BIAS + 31, INTEGER_BIT),
    make(BIAS + 30, 0xffffffff00000000n),
    make(BIAS + 62, -1n),
    make(BIAS + 63, INTEGER_BIT),
    make(BIAS + 59, 0xde0b6b3a763fffffn),
    make(BIAS + 64, 0xabcdef0123456789n),
    make(BIAS + 127, -1n),
    make(BIAS - 127, 0x8000000000000001n),
    make(BIAS + 1023, -1n),
    make(BIAS - 1023, 0xc000000000000001n),
    make(ONES - 1, -1n),
    make(ONES, INTEGER_BIT),
    make(ONES, 0xc000000000000000n),
    make(ONES, 0xc000000000001234n),
    make(ONES, 0x8000000000000001n),
    make(ONES, 0xbfffffffffffffffn),
    // Pseudo-infinity, pseudo-NaN, unnormal.
    make(ONES, 0n),
    make(ONES, 0x4000000000000000n),
    make(BIAS, 0x4000000000000000n),
    make(1, 1n),
  ];
  return list.flatMap((value) => [value, value | (1n << 79n)]);
}

function random80(random, other) {
  const sign = random.below(2);
  const significand =
    (random.below(3) ? random.word() : random.next() & ~0n & -(1n << BigInt(random.below(63)))) | INTEGER_BIT;
  const near = (e) => Math.min(ONES - 1, Math.max(0, e + random.below(140) - 70));
  switch (random.below(6)) {
    case 0:
      return make(near(Number((other >> 64n) & 0x7fffn)), significand, sign);
    case 1:
      return make(Number((other >> 64n) & 0x7fffn), significand, sign);
    case 2:
      return make(near(random.below(2) ? 0 : ONES), significand, sign);
    case 3:
      return make(random.below(ONES), significand, sign);
    case 4:
      return random.pick(specials());
    default:
      return make(near(BIAS), significand, sign);
  }
}

/** FCW: all exceptions masked, all combinations of precision and rounding, extended most often. */
export const masked = (random) =>
  BigInt(0x7f | ((random.below(3) ? 3 : random.pick([0, 2])) << 8) | (random.below(4) << 10));
export const someUnmasked = (random) =>
  BigInt(0x40 | random.below(64) | (random.pick([0, 2, 3]) << 8) | (random.below(4) << 10));

/** Columns p and q (10 bytes), w (FCW), i (8 bytes: integers or a narrower float), f (flags). */
export function x87Table(program, name, count, seed, { control = masked, values = random80 } = {}) {
  const random = new Random(seed);
  const list = specials();
  const pairs = list
    .flatMap((p) => list.map((q) => [p, q]))
    .map((pair, i) => [(i * 3137) % (list.length * list.length), pair]);
  pairs.sort((a, b) => a[0] - b[0]);
  const rows = [];
  for (let at = 0; at < count; at += 1) {
    const crossed = values === random80 && at < (count * 3) / 5 && at < pairs.length;
    const p = crossed ? pairs[at][1][0] : values(random, 0n);
    const q = crossed ? pairs[at][1][1] : values(random, p);
    const flags = BigInt((random.below(256) & 0xd5) | (random.below(2) ? 0x800 : 0));
    rows.push([p, q, control(random), random.word(), flags]);
  }
  return program.table(
    name,
    [
      ['p', 10],
      ['q', 10],
      ['w', 4],
      ['i', 8],
      ['f', 8],
    ],
    rows,
  );
}

/** Normal numbers whose exponents lie between two bounds, for functions with a domain. */
export const between = (low, high) => (random) =>
  make(BIAS + low + random.below(high - low + 1), random.word() | INTEGER_BIT, random.below(2));
