/** Addition, multiplication, division, square root, remainders of the extended format. SDM 2: FADD, FMUL, FDIV, FSQRT, FPREM. */
import { mulHigh, shiftRightJam } from '../wide';
import * as F from './format';
import { roundPack, roundPackBits } from './round';

/** dst = a + b, or a - b if `negate`. dst may be a or b. */
export function f80Add(dst: usize, a: usize, b: usize, negate: bool, control: u32, status: usize): void {
  const signA = F.signOf(a);
  const signB = F.signOf(b) ^ (negate ? 1 : 0);
  if (F.isNormal(a) && F.isNormal(b)) {
    addFinite(
      dst,
      signA,
      F.exponentField(a),
      F.significand(a),
      signB,
      F.exponentField(b),
      F.significand(b),
      control,
      status,
    );
    return;
  }
  if (F.takesNaN(dst, a, b, status)) return;
  const classA = F.classOf(a);
  const classB = F.classOf(b);
  if (classA == F.CLASS_INFINITY || classB == F.CLASS_INFINITY) {
    if (classA == classB && signA != signB) F.invalid(dst, status);
    else F.putInfinity(dst, classA == F.CLASS_INFINITY ? signA : signB);
    return;
  }
  if (classA == F.CLASS_ZERO || classB == F.CLASS_ZERO) {
    addZero(dst, a, b, signA, signB, control, status);
    return;
  }
  const exponentA = F.exponentOf(a);
  const exponentB = F.exponentOf(b);
  addFinite(dst, signA, exponentA, F.normalised(a), signB, exponentB, F.normalised(b), control, status);
}

/** The sum of two numbers other than 0: normalised significands. */
function addFinite(
  dst: usize,
  signA: u32,
  exponent: i32,
  high: u64,
  signB: u32,
  otherExponent: i32,
  other: u64,
  control: u32,
  status: usize,
): void {
  let sign = signA;
  if (otherExponent > exponent || (otherExponent == exponent && other > high)) {
    const e = exponent;
    exponent = otherExponent;
    otherExponent = e;
    const s = high;
    high = other;
    other = s;
    sign = signB;
  }
  const by = exponent - otherExponent;
  let otherLow: u64 = 0;
  if (by > 0) {
    otherLow = by < 64 ? other << (64 - by) : by == 64 ? other : shiftRightJam(other, by - 64);
    other = by < 64 ? other >> by : 0;
  }
  if (signA == signB) {
    let sum = high + other;
    let low = otherLow;
    if (sum < high) {
      low = (low >> 1) | (low & 1) | (sum << 63);
      sum = (sum >> 1) | F.INTEGER_BIT;
      exponent += 1;
    }
    roundPack(dst, sign, exponent, sum, low, control, status);
    return;
  }
  const low = 0 - otherLow;
  const difference = high - other - (otherLow != 0 ? 1 : 0);
  normaliseAndRound(dst, sign, exponent, difference, low, control, status);
}

/** The sum of two operands of which at least one is zero. */
function addZero(dst: usize, a: usize, b: usize, signA: u32, signB: u32, control: u32, status: usize): void {
  const zeroA = F.classOf(a) == F.CLASS_ZERO;
  if (zeroA && F.classOf(b) == F.CLASS_ZERO) {
    F.putZero(dst, signA == signB ? signA : F.roundingOf(control) == F.DOWN ? 1 : 0);
    return;
  }
  const x = zeroA ? b : a;
  roundPack(dst, zeroA ? signB : signA, F.exponentOf(x), F.normalised(x), 0, control, status);
}

/** Rounds high.low, which may have leading zeros; 0 gives the zero of an exact difference. */
function normaliseAndRound(
  dst: usize,
  sign: u32,
  exponent: i32,
  high: u64,
  low: u64,
  control: u32,
  status: usize,
): void {
  if (high == 0) {
    if (low == 0) {
      F.putZero(dst, F.roundingOf(control) == F.DOWN ? 1 : 0);
      return;
    }
    high = low;
    low = 0;
    exponent -= 64;
  }
  const by = <i32>clz(high);
  if (by != 0) {
    high = (high << by) | (low >> (64 - by));
    low <<= by;
  }
  roundPack(dst, sign, exponent - by, high, low, control, status);
}

export function f80Multiply(dst: usize, a: usize, b: usize, control: u32, status: usize): void {
  const sign = F.signOf(a) ^ F.signOf(b);
  if (F.isNormal(a) && F.isNormal(b)) {
    const exponent = F.exponentField(a) + F.exponentField(b) - F.BIAS + 1;
    multiplyFinite(dst, sign, exponent, F.significand(a), F.significand(b), control, status);
    return;
  }
  if (F.takesNaN(dst, a, b, status)) return;
  const classA = F.classOf(a);
  const classB = F.classOf(b);
  const anyZero = classA == F.CLASS_ZERO || classB == F.CLASS_ZERO;
  if (classA == F.CLASS_INFINITY || classB == F.CLASS_INFINITY) {
    if (anyZero) F.invalid(dst, status);
    else F.putInfinity(dst, sign);
    return;
  }
  if (anyZero) {
    F.putZero(dst, sign);
    return;
  }
  const exponent = F.exponentOf(a) + F.exponentOf(b) - F.BIAS + 1;
  multiplyFinite(dst, sign, exponent, F.normalised(a), F.normalised(b), control, status);
}

function multiplyFinite(
  dst: usize,
  sign: u32,
  exponent: i32,
  x: u64,
  y: u64,
  control: u32,
  status: usize,
): void {
  let high = mulHigh(x, y);
  let low = x * y;
  if ((high & F.INTEGER_BIT) == 0) {
    high = (high << 1) | (low >> 63);
    low <<= 1;
    exponent -= 1;
  }
  roundPack(dst, sign, exponent, high, low, control, status);
}

/** dst = a / b */
export function f80Divide(dst: usize, a: usize, b: usize, control: u32, status: usize): void {
  if (F.takesNaN(dst, a, b, status)) return;
  const sign = F.signOf(a) ^ F.signOf(b);
  const classA = F.classOf(a);
  const classB = F.classOf(b);
  if (classA == F.CLASS_INFINITY) {
    if (classB == F.CLASS_INFINITY) F.invalid(dst, status);
    else F.putInfinity(dst, sign);
    return;
  }
  if (classB == F.CLASS_INFINITY) {
    F.putZero(dst, sign);
    return;
  }
  if (classB == F.CLASS_ZERO) {
    if (classA == F.CLASS_ZERO) F.invalid(dst, status);
    else {
      // A denormal dividend is not looked at any more.
      store<u32>(status, load<u32>(status) & ~F.DE);
      F.note(status, F.ZE);
      F.putInfinity(dst, sign);
    }
    return;
  }
  if (classA == F.CLASS_ZERO) {
    F.putZero(dst, sign);
    return;
  }
  let exponent = F.exponentOf(a) - F.exponentOf(b) + F.BIAS;
  const divisor = F.normalised(b);
  let rest = F.normalised(a);
  if (rest < divisor) exponent -= 1;
  else {
    // The quotient has one more bit: keep its first one apart.
    const difference = rest - divisor;
    const high = quotient(difference, divisor);
    const sticky: u64 = remainderOf(divisor, high) != 0 ? 1 : 0;
    roundPack(dst, sign, exponent, F.INTEGER_BIT | (high >> 1), (high << 63) | sticky, control, status);
    return;
  }
  const high = quotient(rest, divisor);
  rest = remainderOf(divisor, high);
  // The next bit of the quotient, and whether there are more.
  const more = rest >> 63 != 0 || rest << 1 >= divisor;
  const low: u64 = (more ? F.INTEGER_BIT : 0) | (rest != 0 ? 1 : 0);
  roundPack(dst, sign, exponent, high, low, control, status);
}

/** floor(high × 2^64 / divisor), for high < divisor and a normalised divisor: two digits of 32 bits (Knuth, volume 2, algorithm D). */
export function quotient(high: u64, divisor: u64): u64 {
  const d1 = divisor >> 32;
  const d0 = divisor & 0xffffffff;
  let q1 = high / d1;
  let r = high - q1 * d1;
  while (q1 >> 32 != 0 || q1 * d0 > r << 32) {
    q1 -= 1;
    r += d1;
    if (r >> 32 != 0) break;
  }
  const middle = (high << 32) - q1 * divisor;
  let q0 = middle / d1;
  r = middle - q0 * d1;
  while (q0 >> 32 != 0 || q0 * d0 > r << 32) {
    q0 -= 1;
    r += d1;
    if (r >> 32 != 0) break;
  }
  return (q1 << 32) | q0;
}

/** What is left of high × 2^64 then: it is below the divisor, so the low word says it. */
function remainderOf(divisor: u64, q: u64): u64 {
  return 0 - q * divisor;
}

export function f80SquareRoot(dst: usize, a: usize, control: u32, status: usize): void {
  if (F.takesOneNaN(dst, a, status)) return;
  const kind = F.classOf(a);
  if (kind == F.CLASS_ZERO) {
    F.copy(dst, a);
    return;
  }
  if (F.signOf(a) != 0) {
    store<u32>(status, load<u32>(status) & ~F.DE);
    F.invalid(dst, status);
    return;
  }
  if (kind == F.CLASS_INFINITY) {
    F.putInfinity(dst, 0);
    return;
  }
  const exponent = F.exponentOf(a) - F.BIAS;
  // Radicand of 128 bits in [2^126, 2^128): its root has 64 bits; two at a time come down into the remainder.
  let high = F.normalised(a);
  let low: u64 = 0;
  if ((exponent & 1) == 0) {
    low = high << 63;
    high >>= 1;
  }
  let root: u64 = 0;
  let restHigh: u64 = 0;
  let rest: u64 = 0;
  for (let i = 0; i < 64; i++) {
    restHigh = (restHigh << 2) | (rest >> 62);
    rest = (rest << 2) | (high >> 62);
    high = (high << 2) | (low >> 62);
    low <<= 2;
    // Trial subtrahend 4 × root + 1, of up to 66 bits.
    const trialHigh = root >> 62;
    const trial = (root << 2) | 1;
    root <<= 1;
    if (restHigh > trialHigh || (restHigh == trialHigh && rest >= trial)) {
      restHigh -= trialHigh + (rest < trial ? 1 : 0);
      rest -= trial;
      root |= 1;
    }
  }
  // The 65th bit of the root decides the rounding: it is set if the remainder is greater than the root.
  const more = restHigh != 0 || rest > root;
  const nonzero = restHigh != 0 || rest != 0;
  const tail: u64 = (more ? F.INTEGER_BIT : 0) | (nonzero ? 1 : 0);
  roundPack(dst, 0, (exponent >> 1) + F.BIAS, root, tail, control, status);
}

/**
 * Partial remainder of a by b: truncating, or to nearest if `nearest` (FPREM1). Returns the low three bits of the quotient, or -1 if the exponents
 * differ by 64 or more and only part of the reduction is done (C2). Exact.
 */
export function f80Remainder(
  dst: usize,
  a: usize,
  b: usize,
  nearest: bool,
  control: u32,
  status: usize,
): i32 {
  if (F.takesNaN(dst, a, b, status)) return 0;
  const classA = F.classOf(a);
  const classB = F.classOf(b);
  if (classA == F.CLASS_INFINITY || classB == F.CLASS_ZERO) {
    store<u32>(status, load<u32>(status) & ~F.DE);
    F.invalid(dst, status);
    return 0;
  }
  if (classA == F.CLASS_ZERO || classB == F.CLASS_INFINITY) {
    F.copy(dst, a);
    return 0;
  }
  let sign = F.signOf(a);
  const exponentB = F.exponentOf(b);
  const divisor = F.normalised(b);
  let rest = F.normalised(a);
  let exponent = F.exponentOf(a);
  const difference = exponent - exponentB;
  if (difference >= 64) {
    // As processors do: reduce by a number of bits between 32 and 63.
    const steps = 32 + (difference & 31);
    rest = reduce(rest, divisor, steps);
    exponent -= steps;
    packExact(dst, sign, exponent, rest, control, status);
    return -1;
  }
  let q: u64 = 0;
  if (difference >= 0) {
    let over = false;
    for (let i = difference; i >= 0; i--) {
      q <<= 1;
      // What was doubled may have 65 bits; the subtraction brings it back.
      if (over || rest >= divisor) {
        rest -= divisor;
        q |= 1;
      }
      if (i == 0) break;
      over = rest >> 63 != 0;
      rest <<= 1;
    }
    exponent = exponentB;
  }
  if (nearest && rest != 0) {
    // Twice the rest against the divisor; of a rest that stands one place lower, the rest itself.
    const other = exponent == exponentB ? divisor - rest : divisor - (rest - divisor);
    const compared = exponent == exponentB ? other : divisor;
    if (exponent >= exponentB - 1 && (rest > compared || (rest == compared && (q & 1) != 0))) {
      rest = other;
      sign ^= 1;
      q += 1;
    }
  }
  packExact(dst, sign, exponent, rest, control, status);
  return <i32>(q & 7);
}

/** rest × 2^steps modulo divisor. */
function reduce(rest: u64, divisor: u64, steps: i32): u64 {
  let over = false;
  for (let i = 0; i <= steps; i++) {
    if (over || rest >= divisor) rest -= divisor;
    if (i == steps) break;
    over = rest >> 63 != 0;
    rest <<= 1;
  }
  return rest;
}

/** A value that needs no rounding, with leading zeros. An unmasked underflow adjusts its exponent. */
function packExact(dst: usize, sign: u32, exponent: i32, value: u64, control: u32, status: usize): void {
  const by = <i32>clz(value);
  if (value == 0) F.putZero(dst, sign);
  else roundPackBits(dst, sign, exponent - by, value << by, 0, 64, control, status);
}
