// Operand sets: boundary values against boundary values, plus seeded random ones.
import { Random } from './program.mjs';

const MASK64 = (1n << 64n) - 1n;

export const INT_BOUNDARIES = [
  0n,
  1n,
  2n,
  -1n,
  -2n,
  0x1fn,
  0x20n,
  0x3fn,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  -0x80000000n,
  -0x80000001n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0x8000000000000001n,
  0x5555555555555555n,
  0xaaaaaaaaaaaaaaaan,
  0x0123456789abcdefn,
].map((value) => BigInt.asUintN(64, value));

/** Random integers whose width is random too, so that small ones occur. */
export function randomInt(random) {
  const width = BigInt(random.below(64) + 1);
  const value = random.next() & ((1n << width) - 1n);
  return random.below(2) ? value : BigInt.asUintN(64, -value);
}

export function intPairs(seed, randomCount) {
  const random = new Random(seed);
  const rows = [];
  for (const a of INT_BOUNDARIES) for (const b of INT_BOUNDARIES) rows.push([a, b]);
  for (let i = 0; i < randomCount; i += 1) rows.push([randomInt(random), randomInt(random)]);
  return rows;
}

export function intSingles(seed, randomCount) {
  const random = new Random(seed);
  const rows = INT_BOUNDARIES.map((a) => [a]);
  for (let bit = 0n; bit < 64n; bit += 1n) rows.push([1n << bit]);
  for (let i = 0; i < randomCount; i += 1) rows.push([randomInt(random)]);
  return rows;
}

/** The two formats as numbers: exponent bits, fraction bits. */
export const FORMATS = {
  s: { width: 32n, fraction: 23n, exponent: 8n },
  d: { width: 64n, fraction: 52n, exponent: 11n },
};

/** Boundary bit patterns of a floating-point format, negative ones included. */
export function floatBoundaries({ width, fraction, exponent }) {
  const maxExponent = (1n << exponent) - 1n;
  const bias = maxExponent >> 1n;
  const make = (e, f) => (e << fraction) | f;
  const maxFraction = (1n << fraction) - 1n;
  const quiet = 1n << (fraction - 1n);
  const positive = [
    make(0n, 0n),
    make(0n, 1n),
    make(0n, maxFraction),
    make(1n, 0n),
    make(1n, 1n),
    make(bias, 0n),
    make(bias, 1n),
    make(bias - 1n, maxFraction),
    make(bias, quiet),
    make(bias + 1n, 0n),
    make(bias - 1n, 0n),
    make(maxExponent - 1n, maxFraction),
    make(maxExponent - 1n, 0n),
    make(maxExponent, 0n),
    make(maxExponent, quiet),
    make(maxExponent, 1n),
    make(maxExponent, quiet | 5n),
  ];
  const sign = 1n << (width - 1n);
  return [...positive, ...positive.map((bits) => bits | sign)];
}

/** Random pattern: any bits, a moderate exponent, a sparse fraction, or a value near a boundary. */
export function randomFloat(random, format) {
  const { width, fraction, exponent } = format;
  const mask = (1n << width) - 1n;
  const bits = random.next() & mask;
  const bias = (1n << (exponent - 1n)) - 1n;
  const sign = bits & (1n << (width - 1n));
  const near = bias - 8n + BigInt(random.below(16));
  switch (random.below(4)) {
    case 0:
      return bits;
    case 1:
      return sign | (near << fraction) | (bits & ((1n << fraction) - 1n));
    case 2:
      return sign | (near << fraction) | ((bits & 0xfn) << (fraction - 4n)) | BigInt(random.below(2));
    default:
      return (random.pick(floatBoundaries(format)) + BigInt(random.below(5)) - 2n) & mask;
  }
}

/** Single-precision bits as they lie in a 64-bit register. */
export function box(bits) {
  return 0xffffffff00000000n | bits;
}

export function asRegister(format, bits) {
  return format.width === 32n ? box(bits) : bits & MASK64;
}

/** Rows of `arity` operands: the product of the boundaries thinned to `limit`, then random ones. */
export function floatRows(seed, format, arity, { limit, randomCount }) {
  const random = new Random(seed);
  const boundaries = floatBoundaries(format);
  const rows = [];
  const total = boundaries.length ** arity;
  if (total <= limit) {
    for (let i = 0; i < total; i += 1) {
      let rest = i;
      rows.push(
        Array.from({ length: arity }, () => {
          const value = boundaries[rest % boundaries.length];
          rest = Math.floor(rest / boundaries.length);
          return value;
        }),
      );
    }
  } else {
    for (let i = 0; i < limit; i += 1)
      rows.push(Array.from({ length: arity }, () => random.pick(boundaries)));
  }
  for (let i = 0; i < randomCount; i += 1) {
    rows.push(Array.from({ length: arity }, () => randomFloat(random, format)));
  }
  const values = rows.map((row) => row.map((bits) => asRegister(format, bits)));
  if (format.width === 32n) {
    // A value that is not NaN-boxed reads as the canonical NaN (unprivileged spec, "NaN Boxing of Narrower Values").
    for (let i = 0; i < 8; i += 1) {
      values.push(
        Array.from(
          { length: arity },
          (_, at) => (at === i % arity ? 0x3f800000n : box(0x40000000n)) | (BigInt(i) << 40n),
        ),
      );
    }
  }
  return values;
}
