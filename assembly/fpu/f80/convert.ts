/** Comparison, rounding to integers, and conversions between the extended format and others. SDM 2: FCOM, FRNDINT, FLD, FST, FILD, FIST, FSCALE, FXTRACT. */
import * as F from './format';
import { ADJUST, increments, roundPackBits } from './round';

/** Orders of f80Compare: condition codes C3, C2, C0. */
export const GREATER: u32 = 0;
export const LESS: u32 = F.C0;
export const EQUAL: u32 = F.C3;
export const UNORDERED: u32 = F.C3 | F.C2 | F.C0;

/** `quiet`: FUCOM, for which a quiet NaN is no mistake. */
export function f80Compare(a: usize, b: usize, quiet: bool, status: usize): u32 {
  const classA = F.classOf(a);
  const classB = F.classOf(b);
  if (classA >= F.CLASS_QUIET || classB >= F.CLASS_QUIET) {
    if (!quiet || classA > F.CLASS_QUIET || classB > F.CLASS_QUIET) F.note(status, F.IE);
    return UNORDERED;
  }
  if (classA == F.CLASS_DENORMAL || classB == F.CLASS_DENORMAL) F.note(status, F.DE);
  const zeroA = classA == F.CLASS_ZERO;
  const zeroB = classB == F.CLASS_ZERO;
  if (zeroA && zeroB) return EQUAL;
  const signA = F.signOf(a);
  const signB = F.signOf(b);
  if (zeroA) return signB != 0 ? GREATER : LESS;
  if (zeroB) return signA != 0 ? LESS : GREATER;
  if (signA != signB) return signA != 0 ? LESS : GREATER;
  const ea = F.exponentOf(a);
  const eb = F.exponentOf(b);
  const sa = F.normalised(a);
  const sb = F.normalised(b);
  if (ea == eb && sa == sb) return EQUAL;
  const isGreater = ea > eb || (ea == eb && sa > sb);
  return isGreater == (signA == 0) ? GREATER : LESS;
}

/** An integer of 64 bits is exact in the extended format. */
export function f80FromInteger(dst: usize, value: i64): void {
  if (value == 0) {
    F.putZero(dst, 0);
    return;
  }
  const magnitude: u64 = value < 0 ? 0 - <u64>value : <u64>value;
  const by = <i32>clz(magnitude);
  F.put(dst, value < 0 ? 1 : 0, F.BIAS + 63 - by, magnitude << by);
}

/** Rounds to an integer of `bits` bits; beyond its range, and of NaNs, IE and the lowest integer. `truncate`: FISTTP. */
export function f80ToInteger(a: usize, bits: u32, truncate: bool, control: u32, status: usize): i64 {
  const lowest = <i64>0x8000000000000000 >> (64 - bits);
  const kind = F.classOf(a);
  if (kind == F.CLASS_ZERO) return 0;
  const exponent = kind >= F.CLASS_INFINITY ? 64 : F.exponentOf(a) - F.BIAS;
  if (exponent > 63) {
    F.note(status, F.IE);
    return lowest;
  }
  if (truncate) control |= F.ZERO << 10;
  const sign = F.signOf(a);
  const value = F.normalised(a);
  // 64 bits before the point, 64 behind it.
  const by = 63 - exponent;
  let whole: u64 = by < 64 ? value >> by : 0;
  let fraction: u64 = by == 0 ? 0 : by < 64 ? value << (64 - by) : by == 64 ? value : 1;
  const up = increments(sign, whole, fraction, 0, control);
  if (up) whole += 1;
  const limit = sign != 0 ? 0 - <u64>lowest : ~(<u64>lowest);
  if (whole > limit || (up && whole == 0)) {
    F.note(status, F.IE);
    return lowest;
  }
  if (fraction != 0) F.note(status, F.PE | (up ? F.C1 : 0));
  return sign != 0 ? 0 - <i64>whole : <i64>whole;
}

/** FRNDINT. */
export function f80RoundToInteger(dst: usize, a: usize, control: u32, status: usize): void {
  if (F.takesOneNaN(dst, a, status)) return;
  const kind = F.classOf(a);
  const exponent = kind == F.CLASS_ZERO || kind == F.CLASS_INFINITY ? 64 : F.exponentOf(a) - F.BIAS;
  if (exponent >= 63) {
    F.copy(dst, a);
    return;
  }
  const sign = F.signOf(a);
  const value = F.normalised(a);
  const by = 63 - exponent;
  let whole: u64 = by < 64 ? value >> by : 0;
  const fraction: u64 = by < 64 ? value << (64 - by) : by == 64 ? value : 1;
  const up = increments(sign, whole, fraction, 0, control);
  if (up) whole += 1;
  if (fraction != 0) F.note(status, F.PE | (up ? F.C1 : 0));
  if (whole == 0) F.putZero(dst, sign);
  else {
    const places = <i32>clz(whole);
    F.put(dst, sign, F.BIAS + 63 - places, whole << places);
  }
}

/** Widens a binary32 or binary64 as an operand of arithmetic: a signalling NaN stays one. Returns DE of a denormal, which is a normal number now. */
export function f80WidenDouble(dst: usize, value: u64): u32 {
  return widen754(dst, <u32>(value >> 63), <i32>(value >> 52) & 0x7ff, value << 12, 0x7ff);
}

export function f80WidenSingle(dst: usize, value: u32): u32 {
  return widen754(dst, value >> 31, <i32>(value >> 23) & 0xff, (<u64>value) << 41, 0xff);
}

/** `fraction` is at the top of its word. */
function widen754(dst: usize, sign: u32, exponent: i32, fraction: u64, highest: i32): u32 {
  if (exponent != 0) {
    const wide = exponent == highest ? <i32>F.EXPONENT_MASK : exponent - (highest >> 1) + F.BIAS;
    F.put(dst, sign, wide, F.INTEGER_BIT | (fraction >> 1));
    return 0;
  }
  if (fraction == 0) {
    F.putZero(dst, sign);
    return 0;
  }
  const by = <i32>clz(fraction);
  F.put(dst, sign, F.BIAS - (highest >> 1) - by, fraction << by);
  return F.DE;
}

/** Loads a binary32 or binary64: DE of a denormal, IE of a signalling NaN. */
export function f80FromDouble(dst: usize, value: u64, status: usize): void {
  F.note(status, f80WidenDouble(dst, value));
  quieten(dst, status);
}

export function f80FromSingle(dst: usize, value: u32, status: usize): void {
  F.note(status, f80WidenSingle(dst, value));
  quieten(dst, status);
}

function quieten(at: usize, status: usize): void {
  if (F.classOf(at) != F.CLASS_SIGNALLING) return;
  F.note(status, F.IE);
  store<u64>(at, F.significand(at) | F.QUIET_BIT);
}

/** Stores as binary64 or binary32, rounded by the control word. */
export function f80ToDouble(a: usize, control: u32, status: usize): u64 {
  return store754(a, 52, 0x7ff, control, status);
}

export function f80ToSingle(a: usize, control: u32, status: usize): u32 {
  return <u32>store754(a, 23, 0xff, control, status);
}

function store754(a: usize, places: u64, highest: i32, control: u32, status: usize): u64 {
  const exponentBits: u64 = places == 52 ? 11 : 8;
  const sign = (<u64>F.signOf(a)) << (places + exponentBits);
  const infinity = (<u64>highest) << places;
  const kind = F.classOf(a);
  if (kind == F.CLASS_ZERO) return sign;
  if (kind == F.CLASS_INFINITY) return sign | infinity;
  if (kind == F.CLASS_UNSUPPORTED) {
    F.note(status, F.IE);
    return ((<u64>1) << (places + exponentBits)) | infinity | ((<u64>1) << (places - 1));
  }
  if (kind >= F.CLASS_QUIET) {
    if (kind == F.CLASS_SIGNALLING) F.note(status, F.IE);
    return sign | infinity | (((F.significand(a) | F.QUIET_BIT) << 1) >> (64 - places));
  }
  const bias = highest >> 1;
  let exponent = F.exponentOf(a) - F.BIAS + bias;
  let value = F.normalised(a);
  let low: u64 = 0;
  const drop: u64 = 63 - places;
  const negative = F.signOf(a);
  let tiny = false;
  if (exponent <= 0) {
    tiny =
      exponent < 0 ||
      value >> drop != 0xffffffffffffffff >> drop ||
      !increments(negative, value, 0, drop, control);
    const by = 1 - exponent;
    low = by < 64 ? value << (64 - by) : by == 64 ? value : 1;
    value = by < 64 ? value >> by : 0;
    exponent = 1;
  }
  const up = increments(negative, value, low, drop, control);
  const inexact = low != 0 || value << (64 - drop) != 0;
  let fraction = value >> drop;
  if (up) fraction += 1;
  // The integer bit, or the carry out of it, counts the exponent up.
  const result = exponent < highest ? ((<u64>(exponent - 1)) << places) + fraction : infinity;
  if (result >= infinity) {
    F.note(status, F.OE | F.PE);
    const mode = F.roundingOf(control);
    if (mode == F.NEAREST || mode == (negative != 0 ? F.DOWN : F.UP)) {
      F.note(status, F.C1);
      return sign | infinity;
    }
    return sign | (infinity - 1);
  }
  // An unmasked underflow is reported even if the result is exact; nothing is stored then.
  if (tiny && (inexact || (control & F.UE) == 0)) F.note(status, F.UE);
  if (inexact) F.note(status, F.PE | (up ? F.C1 : 0));
  return sign | result;
}

/** FSCALE: dst = a × 2^(b truncated). */
export function f80Scale(dst: usize, a: usize, b: usize, control: u32, status: usize): void {
  if (F.takesNaN(dst, a, b, status)) return;
  const kind = F.classOf(a);
  const by = F.classOf(b);
  const down = F.signOf(b) != 0;
  if (by == F.CLASS_INFINITY) {
    if (down ? kind == F.CLASS_INFINITY : kind == F.CLASS_ZERO) F.invalid(dst, status);
    else if (down) F.putZero(dst, F.signOf(a));
    else F.putInfinity(dst, F.signOf(a));
    return;
  }
  if (kind == F.CLASS_ZERO || kind == F.CLASS_INFINITY) {
    F.copy(dst, a);
    return;
  }
  let scale = 0;
  if (by != F.CLASS_ZERO) {
    const places = F.exponentOf(b) - F.BIAS;
    if (places > 16) scale = 0x20000;
    else if (places >= 0) scale = <i32>(F.normalised(b) >> (63 - places));
  }
  const exponent = F.exponentOf(a) + (down ? -scale : scale);
  const value = F.normalised(a);
  // Unmasked, what is beyond the adjusted exponents as well becomes infinity or zero whatever the rounding.
  if (exponent >= ADJUST + <i32>F.EXPONENT_MASK && (control & F.OE) == 0) {
    F.note(status, F.OE | F.PE | F.C1);
    F.putInfinity(dst, F.signOf(a));
  } else if (exponent <= -ADJUST && (control & F.UE) == 0) {
    F.note(status, F.UE | F.PE);
    F.putZero(dst, F.signOf(a));
  } else roundPackBits(dst, F.signOf(a), exponent, value, 0, 64, control, status);
}

/** FXTRACT: exponent as a number to `exponentTo`, significand with exponent 0 to `significandTo`. */
export function f80Extract(exponentTo: usize, significandTo: usize, a: usize, status: usize): void {
  if (F.takesOneNaN(significandTo, a, status)) {
    F.copy(exponentTo, significandTo);
    return;
  }
  const kind = F.classOf(a);
  const sign = F.signOf(a);
  if (kind == F.CLASS_ZERO) {
    F.note(status, F.ZE);
    F.putZero(significandTo, sign);
    F.putInfinity(exponentTo, 1);
    return;
  }
  if (kind == F.CLASS_INFINITY) {
    F.putInfinity(significandTo, sign);
    F.putInfinity(exponentTo, 0);
    return;
  }
  const exponent = F.exponentOf(a) - F.BIAS;
  F.put(significandTo, sign, F.BIAS, F.normalised(a));
  f80FromInteger(exponentTo, exponent);
}
