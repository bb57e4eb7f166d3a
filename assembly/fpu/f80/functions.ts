/**
 * Transcendental functions of finite operands other than 0, to well below 1 ulp before the last rounding. SDM 1, 8.3.8 to 8.3.10.
 *
 * All work in floats of 128 bits (wide.ts) at `work`, of FUNCTION_BYTES. Arguments of the trigonometric functions are reduced by π as processors hold
 * it, with 66 bits of significand (SDM 1, 8.3.8).
 */
import * as F from './format';
import * as W from './wide';

export const FUNCTION_BYTES: u32 = 384;

const R: usize = 0;
const T: usize = W.WIDE_BYTES;
const SUM: usize = 2 * W.WIDE_BYTES;
const SINE: usize = 3 * W.WIDE_BYTES;
const COSINE: usize = 4 * W.WIDE_BYTES;
const X: usize = 5 * W.WIDE_BYTES;
const Y: usize = 6 * W.WIDE_BYTES;
const S: usize = 7 * W.WIDE_BYTES;
const CONSTANT: usize = 8 * W.WIDE_BYTES;
const SCRATCH: usize = 9 * W.WIDE_BYTES;

/** Terms that leave less than 2^-70 of the sum. */
const SINE_TERMS: u64 = 12;
const EXPONENTIAL_TERMS: u64 = 24;
const ARCTANGENT_TERMS: u64 = 19;
const LOGARITHM_TERMS: u64 = 16;

const PI_HIGH: u64 = 0xc90fdaa22168c234;
const PI_LOW: u64 = 0xc4c6628b80dc1cd1;
/** π/2 × 2^65 of the reduction: 66 bits. */
const HALF_PI_HIGH: u64 = 3;
const HALF_PI_LOW: u64 = 0x243f6a8885a308d3;
const HALF_PI_POINT: i32 = 65;

/** Beyond this exponent sine, cosine and tangent leave the operand as it is (C2). */
export const TRIGONOMETRIC_LIMIT: i32 = 63;

/** Below this exponent a tangent is its argument and a little more. */
const TANGENT_TINY: i32 = -64;

/** R = x - k π/2, within π/4 of 0. Returns k modulo 4, of |x|. */
function reduceAngle(work: usize, a: usize): u32 {
  const r = work + R;
  W.wideFrom(r, a);
  let places = F.exponentOf(a) - F.BIAS - 63 + HALF_PI_POINT;
  if (places < 1) return 0;
  let low = F.normalised(a);
  let high: u64 = 0;
  let k: u32 = 0;
  // Doubled and reduced place by place; the significand alone is below the divisor.
  for (; places > 0; places--) {
    high = (high << 1) | (low >> 63);
    low <<= 1;
    k <<= 1;
    if (high > HALF_PI_HIGH || (high == HALF_PI_HIGH && low >= HALF_PI_LOW)) {
      high -= HALF_PI_HIGH + (low < HALF_PI_LOW ? 1 : 0);
      low -= HALF_PI_LOW;
      k |= 1;
    }
  }
  let sign = F.signOf(a);
  // Above half of the divisor: count from the next multiple.
  const twice = (high << 1) | (low >> 63);
  if (twice > HALF_PI_HIGH || (twice == HALF_PI_HIGH && low << 1 > HALF_PI_LOW)) {
    high = HALF_PI_HIGH - high - (HALF_PI_LOW < low ? 1 : 0);
    low = HALF_PI_LOW - low;
    sign ^= 1;
    k += 1;
  }
  W.wideSet(r, high, low, 128 - HALF_PI_POINT, sign);
  W.wideNormalise(r);
  return k & 3;
}

/** SINE and COSINE of R. */
function sineCosine(work: usize): void {
  const t = work + T;
  W.wideMultiply(t, work + R, work + R);
  W.wideToFraction(t, t);
  const sine = work + SINE;
  const cosine = work + COSINE;
  W.sumSet(sine);
  W.sumSet(cosine);
  for (let n = SINE_TERMS; n >= 1; n--) {
    W.sumStep(sine, t, 2 * n * (2 * n + 1), true);
    W.sumStep(cosine, t, (2 * n - 1) * 2 * n, true);
  }
  W.sumFinish(sine, true);
  W.sumFinish(cosine, true);
  W.wideMultiply(sine, sine, work + R);
}

/** Sine to `sine` and cosine to `cosine`, either of which may be 0. */
export function f80SineCosine(
  sine: usize,
  cosine: usize,
  a: usize,
  work: usize,
  control: u32,
  status: usize,
): void {
  const negative = F.signOf(a);
  const k = reduceAngle(work, a);
  sineCosine(work);
  // k counts quarters from 0 in the direction of the operand.
  const odd = (k & 1) != 0;
  const s = work + (odd ? COSINE : SINE);
  const c = work + (odd ? SINE : COSINE);
  const sinSign = W.signOf(s) ^ (odd ? negative : 0) ^ (k >> 1);
  const cosSign = W.signOf(c) ^ (odd ? negative ^ 1 : 0) ^ (k >> 1);
  if (sine != 0) {
    W.setSign(s, sinSign);
    W.wideRound(sine, s, true, control, status);
  }
  if (cosine != 0) {
    W.setSign(c, cosSign);
    W.wideRound(cosine, c, true, control, status);
  }
}

export function f80Tangent(dst: usize, a: usize, work: usize, control: u32, status: usize): void {
  const k = reduceAngle(work, a);
  if (k == 0 && W.exponentOf(work + R) < TANGENT_TINY) {
    W.wideRound(dst, work + R, true, control, status);
    return;
  }
  sineCosine(work);
  const t = work + T;
  if (k & 1) {
    W.wideDivide(t, work + COSINE, work + SINE);
    W.setSign(t, W.signOf(work + SINE) ^ 1);
  } else W.wideDivide(t, work + SINE, work + COSINE);
  W.wideRound(dst, t, true, control, status);
}

/** Angle of the point (x, y), with the sign of y. */
export function f80Arctangent(
  dst: usize,
  y: usize,
  x: usize,
  work: usize,
  control: u32,
  status: usize,
): void {
  const wx = work + X;
  const wy = work + Y;
  const t = work + R;
  W.wideFrom(wx, x);
  W.wideFrom(wy, y);
  const left = W.signOf(wx) != 0;
  W.setSign(wx, 0);
  W.setSign(wy, 0);
  W.wideDivide(t, wy, wx);
  const steep = W.exponentOf(t) > 1 || (W.exponentOf(t) == 1 && !isOne(t));
  if (steep) W.wideDivide(t, wx, wy);
  arctangent(work);
  const result = work + SUM;
  if (steep) subtractFrom(work, PI_HIGH, PI_LOW, 1);
  if (left) subtractFrom(work, PI_HIGH, PI_LOW, 2);
  W.setSign(result, F.signOf(y));
  W.wideRound(dst, result, true, control, status);
}

function isOne(t: usize): bool {
  return W.highOf(t) == F.INTEGER_BIT && load<u64>(t) == 0;
}

/** SUM = constant - SUM */
function subtractFrom(work: usize, high: u64, low: u64, exponent: i32): void {
  const sum = work + SUM;
  W.wideSet(work + CONSTANT, high, low, exponent, 0);
  W.setSign(sum, 1);
  W.wideAdd(sum, work + CONSTANT, sum);
}

/** SUM = arctangent of R, from 0 to 1: of (R - c) / (1 + c R) for a near c, and of c. */
function arctangent(work: usize): void {
  const t = work + R;
  const sum = work + SUM;
  const constant = work + CONSTANT;
  const exponent = W.exponentOf(t);
  // 2: c = 1; 1: c = 1/2
  let near: u32 = 0;
  if (exponent > 0 || (exponent == 0 && W.highOf(t) >= 0xc000000000000000)) near = 2;
  else if (exponent >= -1) near = 1;
  if (near != 0) {
    const above = work + X;
    const below = work + Y;
    // For 1/2 everything is doubled.
    if (near == 1) W.setExponent(t, exponent + 1);
    W.wideInteger(constant, -1);
    W.wideAdd(above, t, constant);
    if (near == 1) W.setExponent(t, exponent);
    W.wideInteger(constant, near == 1 ? 2 : 1);
    W.wideAdd(below, t, constant);
    W.wideDivide(t, above, below);
  }
  W.wideMultiply(work + T, t, t);
  W.wideToFraction(work + T, work + T);
  W.sumClear(sum);
  for (let n = ARCTANGENT_TERMS; n > 0; n--)
    W.sumReciprocalStep(sum, work + T, 2 * n - 1, true, work + SCRATCH);
  W.sumFinish(sum, true);
  W.wideMultiply(sum, sum, t);
  if (near == 0) return;
  if (near == 2) W.wideSet(constant, PI_HIGH, PI_LOW, 0, 0);
  else W.wideSet(constant, 0xed63382b0dda7b45, 0x6fe445ecbc3a8d03, -1, 0);
  W.wideAdd(sum, constant, sum);
}

/** SUM = 2 / ln 2 × artanh(S), S small. */
function logarithm(work: usize): void {
  const sum = work + SUM;
  W.wideMultiply(work + T, work + S, work + S);
  W.wideToFraction(work + T, work + T);
  W.sumClear(sum);
  for (let n = LOGARITHM_TERMS; n > 0; n--)
    W.sumReciprocalStep(sum, work + T, 2 * n - 1, false, work + SCRATCH);
  W.sumFinish(sum, false);
  W.wideMultiply(sum, sum, work + S);
  W.wideSet(work + CONSTANT, 0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89, 2, 0);
  W.wideMultiply(sum, sum, work + CONSTANT);
}

/** SUM = log2 of the positive X. False: it is exact. */
function logarithmOf(work: usize): bool {
  const x = work + X;
  const sum = work + SUM;
  // The power of two that leaves a significand between √½ and √2.
  const exponent = W.exponentOf(x) - (W.highOf(x) < 0xb504f333f9de6484 ? 1 : 0);
  W.setExponent(x, W.exponentOf(x) - exponent);
  if (W.exponentOf(x) == 1 && isOne(x)) {
    if (exponent == 0) W.wideSet(sum, 0, 0, 0, 0);
    else W.wideInteger(sum, exponent);
    return false;
  }
  W.wideInteger(work + CONSTANT, -1);
  W.wideAdd(work + R, x, work + CONSTANT);
  W.setSign(work + CONSTANT, 0);
  W.wideAdd(work + T, x, work + CONSTANT);
  W.wideDivide(work + S, work + R, work + T);
  logarithm(work);
  if (exponent != 0) {
    W.wideInteger(work + CONSTANT, exponent);
    W.wideAdd(sum, work + CONSTANT, sum);
  }
  return true;
}

/** dst = y log2(x), x positive. */
export function f80Logarithm(dst: usize, y: usize, x: usize, work: usize, control: u32, status: usize): void {
  W.wideFrom(work + X, x);
  finishLogarithm(dst, y, logarithmOf(work), work, control, status);
}

/** dst = y log2(x + 1), x above -1. */
export function f80LogarithmNear1(
  dst: usize,
  y: usize,
  x: usize,
  work: usize,
  control: u32,
  status: usize,
): void {
  const wx = work + X;
  W.wideFrom(wx, x);
  // The series wants |x| below 1 - √½; further out 1 + x loses nothing.
  if (W.exponentOf(wx) < -1) {
    W.wideInteger(work + CONSTANT, 2);
    W.wideAdd(work + T, wx, work + CONSTANT);
    W.wideDivide(work + S, wx, work + T);
    logarithm(work);
    finishLogarithm(dst, y, true, work, control, status);
    return;
  }
  W.wideInteger(work + CONSTANT, 1);
  W.wideAdd(wx, wx, work + CONSTANT);
  finishLogarithm(dst, y, logarithmOf(work), work, control, status);
}

function finishLogarithm(
  dst: usize,
  y: usize,
  inexact: bool,
  work: usize,
  control: u32,
  status: usize,
): void {
  W.wideFrom(work + Y, y);
  const sum = work + SUM;
  if (W.isZero(sum)) F.putZero(dst, F.signOf(y));
  else {
    W.wideMultiply(sum, sum, work + Y);
    W.wideRound(dst, sum, inexact, control, status);
    // Processors do not find out that a result is exact.
    F.note(status, F.classOf(dst) == F.CLASS_DENORMAL ? F.PE | F.UE : F.PE);
  }
}

/** dst = 2^a - 1, |a| below 1. */
export function f80Exponential(dst: usize, a: usize, work: usize, control: u32, status: usize): void {
  const r = work + R;
  W.wideFrom(work + X, a);
  W.wideSet(work + CONSTANT, 0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af, 0, 0);
  W.wideMultiply(r, work + X, work + CONSTANT);
  W.wideToFraction(work + T, r);
  const sum = work + SUM;
  W.sumSet(sum);
  const negative = F.signOf(a) != 0;
  for (let n = EXPONENTIAL_TERMS; n > 1; n--) W.sumStep(sum, work + T, n, negative);
  W.sumFinish(sum, negative);
  W.wideMultiply(sum, sum, r);
  W.wideRound(dst, sum, true, control, status);
}
