/**
 * Encodings. The soft path computes on binary64 patterns only: a binary32 operand is embedded with `widen`,
 * which is exact, and the destination format matters in the last step (`round-pack.ts`).
 *
 *   63 62        52 51                  0        31 30     23 22          0
 *   s  exponent     fraction                     s  exponent  fraction
 */

/** Destination formats: the number of bits in the encoding, so that the sign is bit `format - 1`. */
export const F64: u32 = 64;
export const F32: u32 = 32;

export const F64_SIGN: u64 = 0x8000000000000000;
export const F64_INFINITY: u64 = 0x7ff0000000000000;
export const F64_FRACTION: u64 = 0x000fffffffffffff;
export const F64_HIDDEN: u64 = 0x0010000000000000;
export const F64_QUIET: u64 = 0x0008000000000000;
export const F32_SIGN: u32 = 0x80000000;
export const F32_INFINITY: u32 = 0x7f800000;
export const F32_FRACTION: u32 = 0x007fffff;
export const F32_QUIET: u32 = 0x00400000;

/** Smallest positive normal numbers. */
export const F64_MIN_NORMAL: f64 = 2.2250738585072014e-308;
export const F32_MIN_NORMAL: f32 = 1.1754943508222875e-38;

export function f64Sign(a: u64): u32 {
  return <u32>(a >> 63);
}

export function f64IsNaN(a: u64): bool {
  return (a & ~F64_SIGN) > F64_INFINITY;
}

export function f64IsSignalling(a: u64): bool {
  return (a & (F64_INFINITY | F64_QUIET)) == F64_INFINITY && (a & F64_FRACTION) != 0;
}

export function f64IsInfinite(a: u64): bool {
  return (a & ~F64_SIGN) == F64_INFINITY;
}

export function f64IsZero(a: u64): bool {
  return (a & ~F64_SIGN) == 0;
}

export function f32IsNaN(a: u32): bool {
  return (a & ~F32_SIGN) > F32_INFINITY;
}

export function f32IsSignalling(a: u32): bool {
  return (a & (F32_INFINITY | F32_QUIET)) == F32_INFINITY && (a & F32_FRACTION) != 0;
}

/** Exponent e of a finite, nonzero value in [2^e, 2^(e+1)). */
export function f64Exponent(a: u64): i32 {
  const field = <i32>(a >> 52) & 0x7ff;
  return field != 0 ? field - 1023 : -1011 - <i32>clz(a & F64_FRACTION);
}

/** Significand of a finite, nonzero value with its leading one at bit 62. */
export function f64Significand(a: u64): u64 {
  const fraction = a & F64_FRACTION;
  return (a & F64_INFINITY) != 0 ? (fraction | F64_HIDDEN) << 10 : fraction << (clz(fraction) - 1);
}

/** The binary64 pattern of a binary32 value. Raises nothing; a NaN keeps its sign, payload and quiet bit. */
export function widen(a: u32): u64 {
  if (f32IsNaN(a)) return ((<u64>(a & F32_SIGN)) << 32) | F64_INFINITY | ((<u64>(a & F32_FRACTION)) << 29);
  return reinterpret<u64>(<f64>reinterpret<f32>(a));
}

/** Zero of the given sign in `format`. */
export function zero(sign: u32, format: u32): u64 {
  return (<u64>sign) << (format - 1);
}

/** Infinity of the given sign in `format`. */
export function infinity(sign: u32, format: u32): u64 {
  return zero(sign, format) | (format == F64 ? F64_INFINITY : <u64>F32_INFINITY);
}
