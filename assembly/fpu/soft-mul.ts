/** Multiplication on binary64 patterns with any destination format, rounding mode and flags. */
import { f64Exponent, f64IsInfinite, f64IsNaN, f64IsZero, f64Significand, infinity, zero } from './format';
import { invalidOperation, propagateNaN } from './nan';
import { roundPack } from './round-pack';
import { mulHigh } from './wide';

export function softMul(a: u64, b: u64, rm: u32, flags: usize, format: u32): u64 {
  if (f64IsNaN(a) || f64IsNaN(b)) return propagateNaN(a, b, 0, rm, flags, format);
  const sign = <u32>((a ^ b) >> 63);
  const anyZero = f64IsZero(a) || f64IsZero(b);
  if (f64IsInfinite(a) || f64IsInfinite(b)) {
    return anyZero ? invalidOperation(rm, flags, format) : infinity(sign, format);
  }
  if (anyZero) return zero(sign, format);

  // Leading ones at bit 63 put the product's at bit 126 or 127 of 128.
  const sigA = f64Significand(a) << 1;
  const sigB = f64Significand(b) << 1;
  const low: u64 = sigA * sigB != 0 ? 1 : 0;
  let high = mulHigh(sigA, sigB) | low;
  let exp = f64Exponent(a) + f64Exponent(b);
  if (<i64>high < 0) {
    high = (high >> 1) | (high & 1);
    exp++;
  }
  return roundPack(sign, exp, high, rm, flags, format);
}
