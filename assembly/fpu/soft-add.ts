/** Addition on binary64 patterns with any destination format, rounding mode and flags. */
import {
  F64_SIGN,
  f64Exponent,
  f64IsInfinite,
  f64IsNaN,
  f64IsZero,
  f64Sign,
  f64Significand,
  infinity,
  zero,
} from './format';
import { invalidOperation, propagateNaN } from './nan';
import { roundPack } from './round-pack';
import { RDN, ROUNDING_MASK } from './status';
import { shiftRightJam } from './wide';

/** Sign of an exact zero sum of two values with opposite signs (IEEE 754-2019, 6.3). */
export function cancelledSign(rm: u32): u32 {
  return (rm & ROUNDING_MASK) == RDN ? 1 : 0;
}

/** a + b, or a - b where `negate` is F64_SIGN instead of 0. */
export function softAdd(a: u64, b: u64, negate: u64, rm: u32, flags: usize, format: u32): u64 {
  if (f64IsNaN(a) || f64IsNaN(b)) return propagateNaN(a, b, 0, rm, flags, format);
  b ^= negate;
  const opposite = (a ^ b) >> 63 != 0;
  if (f64IsInfinite(a)) {
    if (opposite && f64IsInfinite(b)) return invalidOperation(rm, flags, format);
    return infinity(f64Sign(a), format);
  }
  if (f64IsInfinite(b)) return infinity(f64Sign(b), format);

  if ((a & ~F64_SIGN) < (b & ~F64_SIGN)) {
    const larger = b;
    b = a;
    a = larger;
  }
  const sign = f64Sign(a);
  if (f64IsZero(a)) return zero(opposite ? cancelledSign(rm) : sign, format);
  const exp = f64Exponent(a);
  const sigA = f64Significand(a);
  if (f64IsZero(b)) return roundPack(sign, exp, sigA, rm, flags, format);

  // The ten low bits of both are zero: one makes room for the carry, the others hold what alignment shifts
  // out.
  const distance = exp - f64Exponent(b);
  const sigB = shiftRightJam(f64Significand(b), distance + 1);
  const sum = opposite ? (sigA >> 1) - sigB : (sigA >> 1) + sigB;
  if (sum == 0) return zero(cancelledSign(rm), format);
  const shift = clz(sum) - 1;
  return roundPack(sign, exp + 1 - <i32>shift, sum << shift, rm, flags, format);
}
