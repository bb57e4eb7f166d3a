/**
 * Arithmetic of the extended format as programs do it nearly always: normal numbers and zeros, rounded to normal numbers. Straight-line code where
 * round.ts and arith.ts look at every case; those say what the results are.
 *
 * Operands are values: `t…` sign and exponent as in the second word of a register, `m…` significand. A function stores its result and returns the
 * exceptions, PE and C1 or none; or it stores nothing and returns NOT_QUICK. Sums and products are composed from the parts here by their one caller
 * (guest/x86/quick-x87.ts): as functions they would be too large for the compiler to inline, and a call costs as much as the arithmetic.
 */
import { mulHigh, shiftRightJam } from '../wide';
import { quotient } from './arith';
import * as F from './format';
import { precisionBits } from './round';

export const NOT_QUICK: i32 = -1;

/** Rounding and precision of the control word; to nearest, with 64 bits. */
const CONTROL_ROUNDS: u32 = 0xf00;
const CONTROL_USUAL: u32 = 0x300;

export const SIGN: u32 = 0x8000;
const BIAS: i32 = F.BIAS;
export const MASK: u32 = F.EXPONENT_MASK;
const TWO_64: f64 = 18446744073709551616.0;

export function isNormal(t: u32, m: u64): bool {
  return <i64>m < 0 && isMiddle(t);
}

export function isZero(t: u32, m: u64): bool {
  return ((t & MASK) | <u32>(m != 0)) == 0;
}

export function put(to: usize, t: u32, m: u64): i32 {
  store<u64>(to, m);
  store<u16>(to, <u16>t, 8);
  return 0;
}

/** Whether the exponent is neither the lowest nor the highest one. */
export function isMiddle(t: u32): bool {
  return ((t + 1) & (MASK - 1)) != 0;
}

/** Rounds high.low, `high` normalised; `sign` is 0 or SIGN. */
export function round(to: usize, sign: u32, exponent: i32, high: u64, low: u64): i32 {
  // Rounding may count the exponent up once.
  if (<u32>(exponent - 1) >= MASK - 2) return NOT_QUICK;
  // Half of the last place, less one unless that place is odd: what carries is rounded up.
  const up = <u64>(low + (0x7fffffffffffffff + (high & 1)) < low);
  high += up;
  if (high == 0) {
    high = F.INTEGER_BIT;
    exponent += 1;
  }
  store<u64>(to, high);
  store<u16>(to, <u16>(sign | <u32>exponent), 8);
  return ((<i32>(low != 0)) << 5) | ((<i32>up) << 9);
}

/** The same as a control word says; the last bit of `low` is sticky. */
export function roundAs(control: u32, to: usize, sign: u32, exponent: i32, high: u64, low: u64): i32 {
  if ((control & CONTROL_ROUNDS) == CONTROL_USUAL) return round(to, sign, exponent, high, low);
  if (<u32>(exponent - 1) >= MASK - 2) return NOT_QUICK;
  const drop = <u64>(64 - precisionBits(control));
  // What is dropped, its first bit on top.
  const rest = drop == 0 ? low : (high << (64 - drop)) | (low >> drop) | <u64>(low != 0);
  const unit = (<u64>1) << drop;
  const up = roundsUp(control, sign, rest, (high >> drop) & 1);
  high = (high & ~(unit - 1)) + (up << drop);
  if (high == 0) {
    high = F.INTEGER_BIT;
    exponent += 1;
  }
  store<u64>(to, high);
  store<u16>(to, <u16>(sign | <u32>exponent), 8);
  return ((<i32>(rest != 0)) << 5) | ((<i32>up) << 9);
}

/** 1 if the magnitude of a number of that sign (0 or SIGN) counts up in the last place that is kept, which is `odd`; `rest` is what is behind it. */
export function roundsUp(control: u32, sign: u32, rest: u64, odd: u64): u64 {
  const rounding = F.roundingOf(control);
  if (rounding == F.NEAREST) return (rest >> 63) & <u64>(((rest << 1) | odd) != 0);
  return <u64>(rest != 0) & <u64>(rounding == (sign != 0 ? F.DOWN : F.UP));
}

/** What is left of a significand that is shifted right by 64 places and more, in 64 bits. */
export function farRest(m: u64, by: i32): u64 {
  return by == 64 ? m : shiftRightJam(m, by - 64);
}

/** A sum of which one operand is zero. */
export function addZero(control: u32, to: usize, ta: u32, ma: u64, tb: u32, mb: u64): i32 {
  if (isZero(ta, ma)) {
    if (isNormal(tb, mb)) return roundAs(control, to, tb & SIGN, tb & MASK, mb, 0);
    if (!isZero(tb, mb) || (ta != tb && F.roundingOf(control) == F.DOWN)) return NOT_QUICK;
    return put(to, ta & tb, 0);
  }
  if (!isZero(tb, mb) || !isNormal(ta, ma)) return NOT_QUICK;
  return roundAs(control, to, ta & SIGN, ta & MASK, ma, 0);
}

/** A product of which one factor is zero. */
export function multiplyZero(to: usize, ta: u32, ma: u64, tb: u32, mb: u64): i32 {
  const zeroA = isZero(ta, ma);
  const zeroB = isZero(tb, mb);
  if ((zeroA && (zeroB || isNormal(tb, mb))) || (zeroB && isNormal(ta, ma)))
    return put(to, (ta ^ tb) & SIGN, 0);
  return NOT_QUICK;
}

/** a / b */
export function quickDivide(control: u32, to: usize, ta: u32, ma: u64, tb: u32, mb: u64): i32 {
  const sign = (ta ^ tb) & SIGN;
  if (!isNormal(tb, mb)) return NOT_QUICK;
  if (!isNormal(ta, ma)) return isZero(ta, ma) ? put(to, sign, 0) : NOT_QUICK;
  const exponent = <i32>(ta & MASK) - <i32>(tb & MASK) + BIAS;
  if (ma < mb) {
    const high = quotient(ma, mb);
    const rest = 0 - high * mb;
    const more = rest >> 63 != 0 || rest << 1 >= mb;
    return roundAs(control, to, sign, exponent - 1, high, ((<u64>more) << 63) | <u64>(rest != 0));
  }
  const high = quotient(ma - mb, mb);
  const low = (high << 63) | <u64>(0 - high * mb != 0);
  return roundAs(control, to, sign, exponent, F.INTEGER_BIT | (high >> 1), low);
}

/** The root of a: an estimate in binary64, corrected by its exact remainder. */
export function quickSquareRoot(control: u32, to: usize, ta: u32, ma: u64): i32 {
  if (ta & SIGN || !isNormal(ta, ma)) return NOT_QUICK;
  const exponent = <i32>ta - BIAS;
  // Radicand of 128 bits in [2^126, 2^128): its root has 64 bits.
  const even = <u64>(exponent & 1) ^ 1;
  const high = ma >> even;
  const low = (ma & even) << 63;
  const estimate = sqrt<f64>(<f64>high) * 4294967296.0;
  let root: u64 = estimate >= TWO_64 ? 0xffffffffffffffff : <u64>estimate;
  // The estimate is off by less than 2^13, so the remainder has fewer than 79 bits, and the correction is right to within 1.
  let square = root * root;
  let rest = low - square;
  let restHigh = <i64>(high - mulHigh(root, root) - <u64>(low < square));
  const change = (<f64>restHigh * TWO_64 + <f64>rest) / (2.0 * <f64>root);
  const near = root + <u64>(<i64>floor<f64>(change));
  // Beyond 64 bits the root is the largest there is.
  root = change > 0.0 && near < root ? 0xffffffffffffffff : near;
  square = root * root;
  rest = low - square;
  restHigh = <i64>(high - mulHigh(root, root) - <u64>(low < square));
  while (restHigh < 0) {
    root -= 1;
    const step = (root << 1) | 1;
    rest += step;
    restHigh += <i64>((root >> 63) + <u64>(rest < step));
  }
  // Too small while the remainder exceeds twice the root.
  while (restHigh > <i64>(root >> 63) || (restHigh == <i64>(root >> 63) && rest > root << 1)) {
    const step = (root << 1) | 1;
    restHigh -= <i64>((root >> 63) + <u64>(rest < step));
    rest -= step;
    root += 1;
  }
  // The 65th bit of the root decides the rounding: it is set if the remainder is greater than the root.
  const more = restHigh != 0 || rest > root;
  const tail = ((<u64>more) << 63) | <u64>(restHigh != 0 || rest != 0);
  return roundAs(control, to, 0, (exponent >> 1) + BIAS, root, tail);
}

/** The integer next to a. */
export function quickRoundToInteger(control: u32, to: usize, ta: u32, ma: u64): i32 {
  if (!isNormal(ta, ma)) return isZero(ta, ma) ? 0 : NOT_QUICK;
  const by = BIAS + 63 - <i32>(ta & MASK);
  if (by <= 0) return 0;
  const whole: u64 = by < 64 ? ma >> by : 0;
  const rest: u64 = by < 64 ? ma << (64 - by) : by < 127 ? farRest(ma, by) : 1;
  const up = roundsUp(control, ta & SIGN, rest, whole & 1);
  const value = whole + up;
  const places = <u32>clz(value);
  put(to, (ta & SIGN) | (value == 0 ? 0 : BIAS + 63 - places), value == 0 ? 0 : value << places);
  return ((<i32>(rest != 0)) << 5) | ((<i32>up) << 9);
}

/** C3, C2, C0 of a comparison, or NOT_QUICK. */
export function quickCompare(ta: u32, ma: u64, tb: u32, mb: u64): i32 {
  const zeroA = isZero(ta, ma);
  const zeroB = isZero(tb, mb);
  if (!((zeroA || isNormal(ta, ma)) && (zeroB || isNormal(tb, mb)))) return NOT_QUICK;
  if (zeroA && zeroB) return <i32>F.C3;
  const ea = ta & MASK;
  const eb = tb & MASK;
  if ((ta ^ tb) & SIGN) return ta & SIGN ? <i32>F.C0 : 0;
  if (ea == eb && ma == mb) return <i32>F.C3;
  const isGreater = ea > eb || (ea == eb && ma > mb);
  return isGreater == ((ta & SIGN) == 0) ? 0 : <i32>F.C0;
}

// ── Operands in memory: a denormal one, an infinity or a NaN becomes one that is neither normal nor zero ────────

export const BIAS_DOUBLE: u32 = 16383 - 1023;
export const BIAS_SINGLE: u32 = 16383 - 127;

export function doubleTop(value: u64): u32 {
  const e = <u32>(value >> 52) & 0x7ff;
  return (<u32>(value >> 48) & SIGN) | (e == 0 ? 0 : e == 0x7ff ? MASK : e + BIAS_DOUBLE);
}

export function doubleSignificand(value: u64): u64 {
  return (value << 11) | ((<u64>((value & 0x7ff0000000000000) != 0)) << 63);
}

export function singleTop(value: u32): u32 {
  const e = (value >> 23) & 0xff;
  return ((value >> 16) & SIGN) | (e == 0 ? 0 : e == 0xff ? MASK : e + BIAS_SINGLE);
}

export function singleSignificand(value: u32): u64 {
  return ((<u64>value) << 40) | ((<u64>((value & 0x7f800000) != 0)) << 63);
}

export function integerTop(value: i64): u32 {
  const sign: u32 = value < 0 ? SIGN : 0;
  const magnitude: u64 = value < 0 ? 0 - <u64>value : <u64>value;
  return magnitude == 0 ? 0 : sign | (BIAS + 63 - <u32>clz(magnitude));
}

export function integerSignificand(value: i64): u64 {
  const magnitude: u64 = value < 0 ? 0 - <u64>value : <u64>value;
  return magnitude << clz(magnitude);
}

/** Whether a normal number rounds to a normal one of a narrower format: its bias, and its exponent field of infinities. */
export function isWithin(t: u32, bias: u32, highest: u32): bool {
  return (t & MASK) - bias - 1 < highest - 2;
}
