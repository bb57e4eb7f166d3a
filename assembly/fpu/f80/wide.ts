/**
 * Floats with 128 bits of significand, for the transcendental functions: more than twice what a result needs, so that rounding on the way does not
 * matter. Results are cut off, not rounded.
 *
 *   0x00 u64 low   0x08 u64 high     significand, normalised: a fraction of 2^128 in [1/2, 1), or 0
 *   0x10 i32 exponent   0x14 u32 sign
 *
 * The same 16 bytes hold fixed-point numbers: fractions of 2^128, and in series *sums*, with 126 bits behind the point.
 */
import { mulHigh } from '../wide';
import * as F from './format';
import { roundPackBits } from './round';

export const WIDE_BYTES: usize = 32;
const HIGH: usize = 8;
const EXPONENT: usize = 16;
const SIGN: usize = 20;

/** 1 as a sum. */
const SUM_ONE: u64 = 0x4000000000000000;

export function highOf(a: usize): u64 {
  return load<u64>(a, HIGH);
}

export function exponentOf(a: usize): i32 {
  return load<i32>(a, EXPONENT);
}

export function signOf(a: usize): u32 {
  return load<u32>(a, SIGN);
}

export function setSign(a: usize, sign: u32): void {
  store<u32>(a, sign, SIGN);
}

export function setExponent(a: usize, exponent: i32): void {
  store<i32>(a, exponent, EXPONENT);
}

export function isZero(a: usize): bool {
  return load<u64>(a, HIGH) == 0;
}

export function wideSet(dst: usize, high: u64, low: u64, exponent: i32, sign: u32): void {
  store<u64>(dst, low);
  store<u64>(dst, high, HIGH);
  store<i32>(dst, exponent, EXPONENT);
  store<u32>(dst, sign, SIGN);
}

/** A small whole number, not 0. */
export function wideInteger(dst: usize, value: i32): void {
  const magnitude: u64 = value < 0 ? <u64>-value : <u64>value;
  const by = clz(magnitude);
  wideSet(dst, magnitude << by, 0, 64 - <i32>by, value < 0 ? 1 : 0);
}

export function wideCopy(dst: usize, a: usize): void {
  wideSet(dst, load<u64>(a, HIGH), load<u64>(a), exponentOf(a), signOf(a));
}

/** Of a finite number other than 0. */
export function wideFrom(dst: usize, a: usize): void {
  wideSet(dst, F.normalised(a), 0, F.exponentOf(a) - F.BIAS + 1, F.signOf(a));
}

/** Rounds to the extended format by the rounding control; `inexact` says that the value goes on behind its last bit. */
export function wideRound(dst: usize, a: usize, inexact: bool, control: u32, status: usize): void {
  if (isZero(a)) {
    F.putZero(dst, signOf(a));
    return;
  }
  const low = load<u64>(a) | (inexact ? 1 : 0);
  roundPackBits(dst, signOf(a), exponentOf(a) + F.BIAS - 1, highOf(a), low, 64, control, status);
}

export function wideNormalise(a: usize): void {
  let high = load<u64>(a, HIGH);
  let low = load<u64>(a);
  let exponent = exponentOf(a);
  if (high == 0) {
    if (low == 0) return;
    high = low;
    low = 0;
    exponent -= 64;
  }
  const by = <u64>clz(high);
  if (by != 0) {
    high = (high << by) | (low >> (64 - by));
    low <<= by;
  }
  wideSet(a, high, low, exponent - <i32>by, signOf(a));
}

/** High 128 bits of the product of two fractions, to within 3 in the last place. */
function mulFraction(dst: usize, a: usize, b: usize): void {
  const a1 = load<u64>(a, HIGH);
  const b1 = load<u64>(b, HIGH);
  const first = a1 * b1;
  const second = mulHigh(a1, load<u64>(b));
  const third = mulHigh(load<u64>(a), b1);
  let high = mulHigh(a1, b1);
  let low = first + second;
  if (low < first) high += 1;
  low += third;
  if (low < third) high += 1;
  store<u64>(dst, low);
  store<u64>(dst, high, HIGH);
}

export function wideMultiply(dst: usize, a: usize, b: usize): void {
  const exponent = exponentOf(a) + exponentOf(b);
  const sign = signOf(a) ^ signOf(b);
  mulFraction(dst, a, b);
  store<i32>(dst, exponent, EXPONENT);
  store<u32>(dst, sign, SIGN);
  wideNormalise(dst);
}

/** dst = a / b, b not 0: one bit of the quotient after the other. */
export function wideDivide(dst: usize, a: usize, b: usize): void {
  const b1 = load<u64>(b, HIGH);
  const b0 = load<u64>(b);
  let high = load<u64>(a, HIGH);
  let low = load<u64>(a);
  const sign = signOf(a) ^ signOf(b);
  let exponent = exponentOf(a) - exponentOf(b);
  if (high == 0) {
    wideSet(dst, 0, 0, 0, sign);
    return;
  }
  if (high > b1 || (high == b1 && low >= b0)) {
    low = (low >> 1) | (high << 63);
    high >>= 1;
    exponent += 1;
  }
  let q1: u64 = 0;
  let q0: u64 = 0;
  for (let i = 0; i < 128; i++) {
    const over = high >> 63 != 0;
    high = (high << 1) | (low >> 63);
    low <<= 1;
    q1 = (q1 << 1) | (q0 >> 63);
    q0 <<= 1;
    if (over || high > b1 || (high == b1 && low >= b0)) {
      high -= b1 + (low < b0 ? 1 : 0);
      low -= b0;
      q0 |= 1;
    }
  }
  wideSet(dst, q1, q0, exponent, sign);
  wideNormalise(dst);
}

/** dst = a + b */
export function wideAdd(dst: usize, a: usize, b: usize): void {
  if (isZero(a) || isZero(b)) {
    wideCopy(dst, isZero(a) ? b : a);
    return;
  }
  if (isLess(a, b)) {
    const other = a;
    a = b;
    b = other;
  }
  const by = <u64>(exponentOf(a) - exponentOf(b));
  const high = load<u64>(b, HIGH);
  const low = load<u64>(b);
  const same = signOf(a) == signOf(b);
  if (by >= 128) addShifted(dst, a, 0, 0, same);
  else if (by >= 64) addShifted(dst, a, 0, high >> (by - 64), same);
  else if (by > 0) addShifted(dst, a, high >> by, (low >> by) | (high << (64 - by)), same);
  else addShifted(dst, a, high, low, same);
}

function addShifted(dst: usize, a: usize, high: u64, low: u64, same: bool): void {
  const a1 = load<u64>(a, HIGH);
  const a0 = load<u64>(a);
  let exponent = exponentOf(a);
  if (same) {
    low += a0;
    const carry: u64 = low < a0 ? 1 : 0;
    const sum = a1 + high + carry;
    const over = sum < a1 || (carry != 0 && sum == a1);
    high = sum;
    if (over) {
      low = (low >> 1) | (high << 63);
      high = (high >> 1) | 0x8000000000000000;
      exponent += 1;
    }
  } else {
    high = a1 - high - (a0 < low ? 1 : 0);
    low = a0 - low;
  }
  wideSet(dst, high, low, exponent, signOf(a));
  wideNormalise(dst);
}

/** Whether the magnitude of a is less. */
function isLess(a: usize, b: usize): bool {
  if (exponentOf(a) != exponentOf(b)) return exponentOf(a) < exponentOf(b);
  if (highOf(a) != highOf(b)) return highOf(a) < highOf(b);
  return load<u64>(a) < load<u64>(b);
}

function shiftRight(dst: usize, high: u64, low: u64, by: u64): void {
  if (by >= 128) {
    high = 0;
    low = 0;
  } else if (by >= 64) {
    low = high >> (by - 64);
    high = 0;
  } else if (by > 0) {
    low = (low >> by) | (high << (64 - by));
    high >>= by;
  }
  store<u64>(dst, low);
  store<u64>(dst, high, HIGH);
}

/** A number below 1 as a fraction of 2^128; its sign is left out. */
export function wideToFraction(dst: usize, a: usize): void {
  shiftRight(dst, load<u64>(a, HIGH), load<u64>(a), <u64>-exponentOf(a));
}

// ── Series, evaluated from their last term in sums ──────────────────────────────────────────────────────────────

export function sumSet(dst: usize): void {
  store<u64>(dst, 0);
  store<u64>(dst, SUM_ONE, HIGH);
}

export function sumClear(dst: usize): void {
  store<u64>(dst, 0);
  store<u64>(dst, 0, HIGH);
}

/** sum = 1 ± sum × t / n, t a fraction. */
export function sumStep(sum: usize, t: usize, n: u64, minus: bool): void {
  mulFraction(sum, sum, t);
  divideSmall(sum, n);
  sumAdd(sum, SUM_ONE, 0, minus);
}

/** sum = 1/n ± sum × t */
export function sumReciprocalStep(sum: usize, t: usize, n: u64, minus: bool, scratch: usize): void {
  mulFraction(sum, sum, t);
  sumSet(scratch);
  divideSmall(scratch, n);
  sumAdd(sum, load<u64>(scratch, HIGH), load<u64>(scratch), minus);
}

/** sum = high.low ± sum */
function sumAdd(sum: usize, high: u64, low: u64, minus: bool): void {
  const s1 = load<u64>(sum, HIGH);
  const s0 = load<u64>(sum);
  if (minus) {
    store<u64>(sum, high - s1 - (low < s0 ? 1 : 0), HIGH);
    store<u64>(sum, low - s0);
  } else {
    const total = low + s0;
    store<u64>(sum, high + s1 + (total < low ? 1 : 0), HIGH);
    store<u64>(sum, total);
  }
}

/** n below 2^32. */
function divideSmall(at: usize, n: u64): void {
  const high = load<u64>(at, HIGH);
  const low = load<u64>(at);
  const q = high / n;
  let r = ((high - q * n) << 32) | (low >> 32);
  const q1 = r / n;
  r = ((r - q1 * n) << 32) | (low & 0xffffffff);
  store<u64>(at, q, HIGH);
  store<u64>(at, (q1 << 32) | (r / n));
}

/** Makes a sum a float. `below`: of a series that falls short of its first term, 1, by less than a sum holds. */
export function sumFinish(sum: usize, below: bool): void {
  if (below && highOf(sum) == SUM_ONE && load<u64>(sum) == 0) {
    store<u64>(sum, 0xffffffffffffffff);
    store<u64>(sum, SUM_ONE - 1, HIGH);
  }
  store<i32>(sum, 2, EXPONENT);
  store<u32>(sum, 0, SIGN);
  wideNormalise(sum);
}
