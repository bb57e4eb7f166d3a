/**
 * Comparison, minimum, maximum and class. Wasm's float comparisons are exact and false on a NaN; only NaNs
 * need flags. Results of comparisons are 1 or 0.
 */
import {
  F32_INFINITY,
  F32_QUIET,
  F64_INFINITY,
  F64_QUIET,
  f32IsNaN,
  f32IsSignalling,
  f64IsNaN,
  f64IsSignalling,
} from './format';
import { NV, raise } from './status';

/** a == b; NV on a signalling NaN only. */
export function f64Eq(a: u64, b: u64, flags: usize): u32 {
  if (reinterpret<f64>(a) == reinterpret<f64>(b)) return 1;
  if (f64IsSignalling(a) || f64IsSignalling(b)) raise(flags, NV);
  return 0;
}

/** a < b; NV on any NaN. */
export function f64Lt(a: u64, b: u64, flags: usize): u32 {
  if (reinterpret<f64>(a) < reinterpret<f64>(b)) return 1;
  if (f64IsNaN(a) || f64IsNaN(b)) raise(flags, NV);
  return 0;
}

/** a <= b; NV on any NaN. */
export function f64Le(a: u64, b: u64, flags: usize): u32 {
  if (reinterpret<f64>(a) <= reinterpret<f64>(b)) return 1;
  if (f64IsNaN(a) || f64IsNaN(b)) raise(flags, NV);
  return 0;
}

/** a < b; NV on a signalling NaN only. */
export function f64LtQuiet(a: u64, b: u64, flags: usize): u32 {
  if (reinterpret<f64>(a) < reinterpret<f64>(b)) return 1;
  if (f64IsSignalling(a) || f64IsSignalling(b)) raise(flags, NV);
  return 0;
}

/** a <= b; NV on a signalling NaN only. */
export function f64LeQuiet(a: u64, b: u64, flags: usize): u32 {
  if (reinterpret<f64>(a) <= reinterpret<f64>(b)) return 1;
  if (f64IsSignalling(a) || f64IsSignalling(b)) raise(flags, NV);
  return 0;
}

/** a == b; NV on a signalling NaN only. */
export function f32Eq(a: u32, b: u32, flags: usize): u32 {
  if (reinterpret<f32>(a) == reinterpret<f32>(b)) return 1;
  if (f32IsSignalling(a) || f32IsSignalling(b)) raise(flags, NV);
  return 0;
}

/** a < b; NV on any NaN. */
export function f32Lt(a: u32, b: u32, flags: usize): u32 {
  if (reinterpret<f32>(a) < reinterpret<f32>(b)) return 1;
  if (f32IsNaN(a) || f32IsNaN(b)) raise(flags, NV);
  return 0;
}

/** a <= b; NV on any NaN. */
export function f32Le(a: u32, b: u32, flags: usize): u32 {
  if (reinterpret<f32>(a) <= reinterpret<f32>(b)) return 1;
  if (f32IsNaN(a) || f32IsNaN(b)) raise(flags, NV);
  return 0;
}

/** a < b; NV on a signalling NaN only. */
export function f32LtQuiet(a: u32, b: u32, flags: usize): u32 {
  if (reinterpret<f32>(a) < reinterpret<f32>(b)) return 1;
  if (f32IsSignalling(a) || f32IsSignalling(b)) raise(flags, NV);
  return 0;
}

/** a <= b; NV on a signalling NaN only. */
export function f32LeQuiet(a: u32, b: u32, flags: usize): u32 {
  if (reinterpret<f32>(a) <= reinterpret<f32>(b)) return 1;
  if (f32IsSignalling(a) || f32IsSignalling(b)) raise(flags, NV);
  return 0;
}

/** minimumNumber (IEEE 754-2019, 9.6): a number beats a NaN, -0 < +0, two NaNs give the canonical one. */
export function f64Min(a: u64, b: u64, flags: usize): u64 {
  const r = reinterpret<u64>(min(reinterpret<f64>(a), reinterpret<f64>(b)));
  return f64IsNaN(r) ? f64NumberBeatsNaN(a, b, flags) : r;
}

/** maximumNumber, the counterpart of f64Min. */
export function f64Max(a: u64, b: u64, flags: usize): u64 {
  const r = reinterpret<u64>(max(reinterpret<f64>(a), reinterpret<f64>(b)));
  return f64IsNaN(r) ? f64NumberBeatsNaN(a, b, flags) : r;
}

/** minimumNumber of binary32 values, as f64Min. */
export function f32Min(a: u32, b: u32, flags: usize): u32 {
  const r = reinterpret<u32>(min(reinterpret<f32>(a), reinterpret<f32>(b)));
  return f32IsNaN(r) ? f32NumberBeatsNaN(a, b, flags) : r;
}

/** maximumNumber of binary32 values, as f64Max. */
export function f32Max(a: u32, b: u32, flags: usize): u32 {
  const r = reinterpret<u32>(max(reinterpret<f32>(a), reinterpret<f32>(b)));
  return f32IsNaN(r) ? f32NumberBeatsNaN(a, b, flags) : r;
}

function f64NumberBeatsNaN(a: u64, b: u64, flags: usize): u64 {
  if (f64IsSignalling(a) || f64IsSignalling(b)) raise(flags, NV);
  if (!f64IsNaN(a)) return a;
  return f64IsNaN(b) ? F64_INFINITY | F64_QUIET : b;
}

function f32NumberBeatsNaN(a: u32, b: u32, flags: usize): u32 {
  if (f32IsSignalling(a) || f32IsSignalling(b)) raise(flags, NV);
  if (!f32IsNaN(a)) return a;
  return f32IsNaN(b) ? F32_INFINITY | F32_QUIET : b;
}

/**
 * One bit of ten, as RISC-V's FCLASS: 0 -infinity, 1 negative normal, 2 negative subnormal, 3 -0, 4 +0, 5
 * positive subnormal, 6 positive normal, 7 +infinity, 8 signalling NaN, 9 quiet NaN.
 */
export function f64Classify(a: u64): u32 {
  if (f64IsNaN(a)) return f64IsSignalling(a) ? 1 << 8 : 1 << 9;
  const exponent = a & F64_INFINITY;
  return classOf(<u32>(a >> 63), a << 1 == 0, exponent == 0, exponent == F64_INFINITY);
}

/** Class of a binary32 value, as f64Classify. */
export function f32Classify(a: u32): u32 {
  if (f32IsNaN(a)) return f32IsSignalling(a) ? 1 << 8 : 1 << 9;
  const exponent = a & F32_INFINITY;
  return classOf(a >> 31, a << 1 == 0, exponent == 0, exponent == F32_INFINITY);
}

function classOf(negative: u32, isZero: bool, isTiny: bool, isInfinite: bool): u32 {
  const size: u32 = isZero ? 0 : isTiny ? 1 : isInfinite ? 3 : 2;
  return negative != 0 ? 8 >> size : 16 << size;
}
