/**
 * Operands for gen-fpu-fixtures.mjs: special values, and reproducible random ones that gather where results
 * are exact, tied, cancelled, subnormal or out of range. All are bit patterns in BigInts.
 */

let state = 0x5eed5eed12345678n;
function random64() {
  state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
  return z ^ (z >> 31n);
}
export const below = (n) => Number(random64() % BigInt(n));
const pick = (list) => list[below(list.length)];

/** The formats: width, fraction bits, exponent bias. */
export const F64 = { width: 64, fraction: 52, bias: 1023, float: true };
export const F32 = { width: 32, fraction: 23, bias: 127, float: true };
export const I64 = { width: 64, float: false };
export const I32 = { width: 32, float: false };

export const signOf = (f) => 1n << BigInt(f.width - 1);
const maskOf = (f) => (1n << BigInt(f.fraction)) - 1n;
export const infinityOf = (f) => (signOf(f) - 1n) & ~maskOf(f);
const encode = (f, sign, exponent, fraction) =>
  (sign ? signOf(f) : 0n) | (BigInt(exponent) << BigInt(f.fraction)) | (fraction & maskOf(f));
const power = (f, e) => encode(f, 0, e + f.bias, 0n);
export const encodesNaN = (f, a) => (a & (signOf(f) - 1n)) > infinityOf(f);

export function specials(f) {
  const one = power(f, 0);
  const infinity = infinityOf(f);
  const minNormal = 1n << BigInt(f.fraction);
  const positive = [
    0n,
    1n,
    2n,
    minNormal >> 1n,
    minNormal - 1n,
    minNormal,
    minNormal + 1n,
    minNormal << 1n,
    power(f, -f.bias + f.fraction),
    power(f, -1) - 1n,
    power(f, -1),
    power(f, -1) + 1n,
    one - 1n,
    one,
    one + 1n,
    one | (minNormal >> 1n),
    power(f, 1),
    power(f, 1) | (minNormal >> 1n),
    power(f, 31) - 1n,
    power(f, 31),
    power(f, 63),
    power(f, 64),
    power(f, f.fraction),
    power(f, f.fraction + 1) - 1n,
    power(f, f.fraction + 1) + 1n,
    power(f, f.bias - 1),
    power(f, f.bias),
    infinity - 1n,
    infinity,
  ];
  const quiet = infinity | (minNormal >> 1n);
  return [
    ...positive,
    ...positive.map((a) => a | signOf(f)),
    quiet,
    quiet | signOf(f) | 5n,
    infinity | 1n,
    infinity | signOf(f) | 7n,
  ];
}

/** Values around which conversions to integers change. */
export function integerLimits(f) {
  const list = [];
  for (const e of [7, 8, 15, 16, 30, 31, 32, 33, 52, 53, 62, 63, 64, 65, 23, 24, 25]) {
    for (let d = -3n; d <= 3n; d++) list.push(power(f, e) + d);
    // Halves, quarters and their neighbours next to 2^e, where the format has them.
    for (const under of [1, 2, 3]) {
      const bit = f.fraction - e - under + 1;
      for (const k of [1n, 2n, 3n])
        if (bit >= 0) list.push(power(f, e) + (k << BigInt(bit)), power(f, e) - (k << BigInt(bit)));
    }
  }
  for (const half of [0, 1, 2, 3, 4, 5, 6, 7, 100, 101]) {
    const numerator = BigInt(2 * half + 1);
    const top = numerator.toString(2).length - 1;
    const bits = encode(f, 0, top - 1 + f.bias, numerator << BigInt(f.fraction - top));
    list.push(bits - 1n, bits, bits + 1n);
  }
  return list.flatMap((a) => [a, a | signOf(f)]);
}

/** A fraction: random, or of few ones, or a run of ones, so that exact results and ties are common. */
function randomFraction(f) {
  const n = BigInt(f.fraction);
  const r = random64();
  switch (below(6)) {
    case 0:
    case 1:
      return r & maskOf(f);
    case 2:
      return (1n << BigInt(below(f.fraction))) | (1n << BigInt(below(f.fraction)));
    case 3:
      return maskOf(f) ^ ((1n << BigInt(below(f.fraction))) - 1n);
    case 4:
      return r & maskOf(f) & ~((1n << (n - BigInt(below(f.fraction >> 1)))) - 1n);
    default:
      return (1n << BigInt(below(f.fraction))) - 1n;
  }
}
export function randomAt(f, exponent) {
  const clamped = Math.max(0, Math.min(2 * f.bias, exponent + f.bias));
  return encode(f, below(2), clamped, randomFraction(f));
}
export const anyExponent = (f) => below(2 * f.bias + 1) - f.bias;
const exponentOf = (f, a) => Number((a & infinityOf(f)) >> BigInt(f.fraction)) - f.bias;
/** An exponent at which results overflow, underflow, become subnormal or are ordinary. */
function targetExponent(f) {
  const least = 1 - f.bias;
  return pick([
    below(40) - 20,
    least + below(4) - 2,
    least - below(f.fraction + 3),
    f.bias + below(3) - 1,
    least - f.fraction - below(4),
  ]);
}
export const flip = (f, a, b) => (a & ~signOf(f)) | (below(2) ? b & signOf(f) : ~b & signOf(f));

export function randomAddends(f) {
  const e = pick([anyExponent(f), 1 - f.bias + below(5), f.bias - below(3), below(8)]);
  const a = randomAt(f, e);
  switch (below(5)) {
    case 0:
      return [a, flip(f, a + BigInt(below(9) - 4), a)];
    case 1:
      return [a, randomAt(f, e - f.fraction - 2 + below(5))];
    case 2:
      return [a, randomAt(f, e + below(3) - 1)];
    default:
      return [a, randomAt(f, e - below(f.fraction + 6))];
  }
}
export function randomFactors(f) {
  const e = pick([below(20) - 10, anyExponent(f)]);
  return [randomAt(f, e), randomAt(f, targetExponent(f) - e)];
}
export function randomQuotient(f) {
  const e = pick([below(20) - 10, anyExponent(f)]);
  const divisor = randomAt(f, e);
  return [randomAt(f, targetExponent(f) + e), divisor];
}
/** Addends at, near and far from the product's magnitude, often cancelling it. */
export function randomFused(f) {
  const [a, b] = below(3) ? randomFactors(f) : [randomAt(f, below(9) - 4), randomAt(f, below(9) - 4)];
  const product = exponentOf(f, a) + exponentOf(f, b);
  if (below(4) === 0 && product > 2 - f.bias && product < f.bias - 1) return [a, b, cancelling(f, a, b)];
  const distance = pick([
    below(3) - 1,
    below(2 * f.fraction + 10) - f.fraction - 5,
    below(4 * f.fraction) - 2 * f.fraction,
  ]);
  return [a, b, randomAt(f, product + distance)];
}
/**
 * Minus the product of two normal numbers, cut to the format: the sum is what was cut off, or off by a unit
 * from it.
 */
function cancelling(f, a, b) {
  const significand = (value) => (value & maskOf(f)) | (1n << BigInt(f.fraction));
  const exact = significand(a) * significand(b);
  const top = exact.toString(2).length - 1;
  const exponent = exponentOf(f, a) + exponentOf(f, b) + top - 2 * f.fraction + f.bias;
  const cut = encode(f, 0, exponent, exact >> BigInt(top - f.fraction)) + BigInt(pick([0, 0, 0, 1, -1, 2]));
  return cut | (~(a ^ b) & signOf(f));
}
export function randomBits(f) {
  return random64() & ((1n << BigInt(f.width)) - 1n);
}

export const repeat = (n, make) => Array.from({ length: n }, make);
export const pairs = (list) => list.flatMap((a) => list.map((b) => [a, b]));
export function triples(f) {
  const all = specials(f);
  const half = (all.length - 4) / 2;
  const chosen = [0, 1, 4, 5, 12, 13, 14, 15, half - 2, half - 1].flatMap((i) => [all[i], all[i + half]]);
  const list = [...chosen.filter((_, i) => i !== 5 && i !== 15), ...all.slice(-4)];
  return list.flatMap((a) => pairs(list).map(([b, c]) => [a, b, c]));
}
export function integers(i) {
  const list = [];
  for (let e = 0; e <= i.width; e++) {
    for (const d of [-2n, -1n, 0n, 1n, 2n]) list.push((1n << BigInt(e)) + d);
    for (const fraction of [23, 24, 25, 52, 53, 54])
      if (e >= fraction)
        list.push(
          (1n << BigInt(e)) + (1n << BigInt(e - fraction)),
          (1n << BigInt(e)) + (3n << BigInt(e - fraction)),
        );
  }
  list.push(...repeat(600, () => random64() >> BigInt(below(i.width) + 64 - i.width)));
  return list.flatMap((a) => [a, -a]).map((a) => BigInt.asUintN(i.width, a));
}

/** A value with an exact root, or next to one. */
export function square(f) {
  const root = BigInt(below(1 << ((f.fraction + 1) >> 1))) + 1n;
  const value = root * root;
  const top = value.toString(2).length - 1;
  const bits = encode(
    f,
    0,
    f.bias + top + 2 * (below(20) - 10),
    (value << BigInt(f.fraction)) >> BigInt(top),
  );
  return bits + BigInt(below(3) - 1);
}
/** Around the smallest and largest binary32 numbers: halves of units and their neighbours. */
export function narrowingLimits() {
  const list = [];
  for (const [exponent, lost] of [
    [-150, 52n],
    [-149, 52n],
    [-148, 51n],
    [-127, 30n],
    [-126, 29n],
    [128, 29n],
  ]) {
    const half = 1n << (lost - 1n);
    for (let k = -4n; k <= 4n; k++) {
      for (const d of [-1n, 0n, 1n]) list.push(power(F64, exponent) + k * (half >> 1n) + d);
    }
  }
  return list.flatMap((a) => [a, a | signOf(F64)]);
}
/** A binary64 value near a binary32 one, a midpoint, or where binary32 overflows or underflows. */
export function narrowing() {
  const exponent = pick([below(20), targetExponent(F32), -127 - below(24)]);
  const a = randomAt(F64, exponent);
  const lost = BigInt(29 + Math.max(0, Math.min(23, -126 - exponent)));
  const cut = a & ~((1n << lost) - 1n);
  return pick([
    a,
    cut,
    cut + (1n << (lost - 1n)),
    cut + (1n << (lost - 1n)) + 1n,
    cut + (1n << (lost - 1n)) - 1n,
    cut | 1n,
    cut | ((1n << lost) - 1n),
  ]);
}
