/**
 * Conversions between binary32, binary64 and integers, and rounding to an integral value. Wasm's trunc,
 * floor, ceil, nearest, promote and the exact integer conversions raise nothing and round as IEEE says, so
 * they do the work here in every rounding mode; NX is raised by comparing with the operand.
 */
import {
  F32,
  F32_MIN_NORMAL,
  F64,
  f32IsNaN,
  f64Exponent,
  f64IsNaN,
  f64Sign,
  f64Significand,
  widen,
} from './format';
import { propagateNaN } from './nan';
import { roundPack } from './round-pack';
import { NV, NX, RDN, RMM, RNE, ROUNDING_MASK, RTZ, RUP, raise } from './status';

/**
 * What an invalid conversion to an integer (NaN or out of range, raising NV) gives. RISC-V: saturated, a NaN
 * as +infinity.
 */
export const INVALID_RISCV: u32 = 0;
/** Arm: saturated, a NaN gives 0. */
export const INVALID_ARM: u32 = 1;
/** x86: the integer indefinite, 100…0 for a signed and all ones for an unsigned integer. */
export const INVALID_X86: u32 = 2;

const TWO_31: f64 = 2147483648.0;
const TWO_32: f64 = 4294967296.0;
const TWO_63: f64 = TWO_32 * TWO_31;
const TWO_64: f64 = TWO_32 * TWO_32;

/** x rounded to an integral value, sign of zero kept. */
function integral(x: f64, rm: u32): f64 {
  const mode = rm & ROUNDING_MASK;
  if (mode == RTZ) return trunc(x);
  if (mode == RNE) return nearest(x);
  if (mode == RDN) return floor(x);
  if (mode == RUP) return ceil(x);
  // The difference is exact, and an x with a fraction is below 2^52, where adding one is exact too.
  const t = trunc(x);
  return abs(x - t) >= 0.5 ? t + copysign<f64>(1, x) : t;
}

/** Result of an invalid conversion of `a` to an integer in [least, greatest]; raises NV. */
function invalidInteger(a: u64, least: u64, greatest: u64, invalid: u32, flags: usize): u64 {
  raise(flags, NV);
  if (invalid == INVALID_X86) return least != 0 ? least : greatest;
  if (f64IsNaN(a)) return invalid == INVALID_ARM ? 0 : greatest;
  return f64Sign(a) != 0 ? least : greatest;
}

/** `invalid`, here and below, is one of INVALID_*. */
export function f64ToI32(a: u64, rm: u32, flags: usize, invalid: u32): i32 {
  const x = reinterpret<f64>(a);
  const t = integral(x, rm);
  if (t >= -TWO_31 && t < TWO_31) {
    if (t != x) raise(flags, NX);
    return <i32>t;
  }
  return <i32>invalidInteger(a, <u64>i32.MIN_VALUE, <u64>i32.MAX_VALUE, invalid, flags);
}

export function f64ToU32(a: u64, rm: u32, flags: usize, invalid: u32): u32 {
  const x = reinterpret<f64>(a);
  const t = integral(x, rm);
  if (t >= 0 && t < TWO_32) {
    if (t != x) raise(flags, NX);
    return <u32>t;
  }
  return <u32>invalidInteger(a, 0, <u64>u32.MAX_VALUE, invalid, flags);
}

export function f64ToI64(a: u64, rm: u32, flags: usize, invalid: u32): i64 {
  const x = reinterpret<f64>(a);
  const t = integral(x, rm);
  if (t >= -TWO_63 && t < TWO_63) {
    if (t != x) raise(flags, NX);
    return <i64>t;
  }
  return <i64>invalidInteger(a, <u64>i64.MIN_VALUE, <u64>i64.MAX_VALUE, invalid, flags);
}

export function f64ToU64(a: u64, rm: u32, flags: usize, invalid: u32): u64 {
  const x = reinterpret<f64>(a);
  const t = integral(x, rm);
  if (t >= 0 && t < TWO_64) {
    if (t != x) raise(flags, NX);
    return <u64>t;
  }
  return invalidInteger(a, 0, u64.MAX_VALUE, invalid, flags);
}

export function f32ToI32(a: u32, rm: u32, flags: usize, invalid: u32): i32 {
  return f64ToI32(widen(a), rm, flags, invalid);
}

export function f32ToU32(a: u32, rm: u32, flags: usize, invalid: u32): u32 {
  return f64ToU32(widen(a), rm, flags, invalid);
}

export function f32ToI64(a: u32, rm: u32, flags: usize, invalid: u32): i64 {
  return f64ToI64(widen(a), rm, flags, invalid);
}

export function f32ToU64(a: u32, rm: u32, flags: usize, invalid: u32): u64 {
  return f64ToU64(widen(a), rm, flags, invalid);
}

/** Exact: raises nothing. */
export function i32ToF64(value: i32): u64 {
  return reinterpret<u64>(<f64>value);
}

/** Exact: raises nothing. */
export function u32ToF64(value: u32): u64 {
  return reinterpret<u64>(<f64>value);
}

export function i64ToF64(value: i64, rm: u32, flags: usize): u64 {
  const magnitude = value < 0 ? 0 - <u64>value : <u64>value;
  if (significantBits(magnitude) <= 53 || isInexactNearest(rm, flags)) return reinterpret<u64>(<f64>value);
  return roundInteger(<u32>(value < 0), magnitude, rm, flags, F64);
}

export function u64ToF64(value: u64, rm: u32, flags: usize): u64 {
  if (significantBits(value) <= 53 || isInexactNearest(rm, flags)) return reinterpret<u64>(<f64>value);
  return roundInteger(0, value, rm, flags, F64);
}

export function i32ToF32(value: i32, rm: u32, flags: usize): u32 {
  return i64ToF32(<i64>value, rm, flags);
}

export function u32ToF32(value: u32, rm: u32, flags: usize): u32 {
  return u64ToF32(<u64>value, rm, flags);
}

export function i64ToF32(value: i64, rm: u32, flags: usize): u32 {
  const magnitude = value < 0 ? 0 - <u64>value : <u64>value;
  if (significantBits(magnitude) <= 24 || isInexactNearest(rm, flags)) return reinterpret<u32>(<f32>value);
  return <u32>roundInteger(<u32>(value < 0), magnitude, rm, flags, F32);
}

export function u64ToF32(value: u64, rm: u32, flags: usize): u32 {
  if (significantBits(value) <= 24 || isInexactNearest(rm, flags)) return reinterpret<u32>(<f32>value);
  return <u32>roundInteger(0, value, rm, flags, F32);
}

/** Distance between the highest and the lowest one of `magnitude`, both counted; not positive for 0. */
function significantBits(magnitude: u64): i32 {
  return 64 - <i32>clz(magnitude) - <i32>ctz(magnitude);
}

/** Whether the host's rounding and the flags already set are all that an inexact result needs. */
function isInexactNearest(rm: u32, flags: usize): bool {
  return (rm & ROUNDING_MASK) == RNE && (load<u32>(flags) & NX) != 0;
}

/** ±magnitude, which is not 0, rounded to `format`. */
function roundInteger(sign: u32, magnitude: u64, rm: u32, flags: usize, format: u32): u64 {
  const shift = <i32>clz(magnitude) - 1;
  const sig = shift < 0 ? (magnitude >> 1) | (magnitude & 1) : magnitude << shift;
  return roundPack(sign, 62 - shift, sig, rm, flags, format);
}

/** Exact but for NaNs. */
export function f32ToF64(a: u32, rm: u32, flags: usize): u64 {
  if (f32IsNaN(a)) return propagateNaN(widen(a), 0, 0, rm, flags, F64);
  return reinterpret<u64>(<f64>reinterpret<f32>(a));
}

export function f64ToF32(a: u64, rm: u32, flags: usize): u32 {
  const x = reinterpret<f64>(a);
  const r = <f32>x;
  // Exact, and so right in every rounding mode; an exact subnormal raises nothing.
  if (<f64>r == x) return reinterpret<u32>(r);
  if (isInexactNearest(rm, flags) && abs(r) < <f32>Infinity && abs(r) > F32_MIN_NORMAL) {
    return reinterpret<u32>(r);
  }
  if (f64IsNaN(a)) return <u32>propagateNaN(a, 0, 0, rm, flags, F32);
  return <u32>roundPack(f64Sign(a), f64Exponent(a), f64Significand(a), rm, flags, F32);
}

/** `a` rounded to an integral value in the same format; `exact` != 0 raises NX where that changes it. */
export function f64RoundToIntegral(a: u64, rm: u32, exact: u32, flags: usize): u64 {
  if (f64IsNaN(a)) return propagateNaN(a, 0, 0, rm, flags, F64);
  const x = reinterpret<f64>(a);
  const t = integral(x, rm);
  if (exact != 0 && t != x) raise(flags, NX);
  return reinterpret<u64>(t);
}

/** As f64RoundToIntegral; an integral value next to a binary32 one fits in binary32. */
export function f32RoundToIntegral(a: u32, rm: u32, exact: u32, flags: usize): u32 {
  if (f32IsNaN(a)) return <u32>propagateNaN(widen(a), 0, 0, rm, flags, F32);
  const x = <f64>reinterpret<f32>(a);
  const t = integral(x, rm);
  if (exact != 0 && t != x) raise(flags, NX);
  return reinterpret<u32>(<f32>t);
}
