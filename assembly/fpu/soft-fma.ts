/** Fused multiply-add on binary64 patterns with any destination format, rounding mode and flags. */
import {
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
import { cancelledSign } from './soft-add';
import { NAN_CANONICAL, NAN_POLICY_MASK, NV, raise } from './status';
import { mulHigh } from './wide';

/** a × b + c with one rounding. */
export function softFma(a: u64, b: u64, c: u64, rm: u32, flags: usize, format: u32): u64 {
  const productInvalid = (f64IsInfinite(a) && f64IsZero(b)) || (f64IsZero(a) && f64IsInfinite(b));
  if (f64IsNaN(a) || f64IsNaN(b) || f64IsNaN(c)) {
    // IEEE 754-2019, 7.2 c leaves infinity × 0 + quiet NaN open: RISC-V raises NV, x86 does not.
    if (productInvalid && (rm & NAN_POLICY_MASK) == NAN_CANONICAL) raise(flags, NV);
    return propagateNaN(a, b, c, rm, flags, format);
  }
  if (productInvalid) return invalidOperation(rm, flags, format);
  const signP = <u32>((a ^ b) >> 63);
  const signC = f64Sign(c);
  if (f64IsInfinite(a) || f64IsInfinite(b)) {
    if (f64IsInfinite(c) && signC != signP) return invalidOperation(rm, flags, format);
    return infinity(signP, format);
  }
  if (f64IsInfinite(c)) return infinity(signC, format);
  if (f64IsZero(a) || f64IsZero(b)) {
    if (f64IsZero(c)) return zero(signP == signC ? signP : cancelledSign(rm), format);
    return roundPack(signC, f64Exponent(c), f64Significand(c), rm, flags, format);
  }

  // The product as high:low with its leading one at bit 126; its 20 low bits are zero, so no shift here loses
  // a bit.
  const sigA = f64Significand(a) << 1;
  const sigB = f64Significand(b) << 1;
  let high = mulHigh(sigA, sigB);
  let low = sigA * sigB;
  let exp = f64Exponent(a) + f64Exponent(b);
  if (<i64>high < 0) {
    low = (low >> 1) | (high << 63);
    high >>= 1;
    exp++;
  }
  if (f64IsZero(c)) return roundPack(signP, exp, high | (low != 0 ? 1 : 0), rm, flags, format);

  // Both move down one bit to leave room for the carry. `high:low` becomes the larger, `otherHigh:otherLow`
  // the smaller.
  low = (low >> 1) | (high << 63);
  high >>= 1;
  let otherHigh = f64Significand(c) >> 1;
  let otherLow: u64 = 0;
  let distance = exp - f64Exponent(c);
  let sign = signP;
  if (distance < 0 || (distance == 0 && high < otherHigh)) {
    const productHigh = high;
    otherLow = low;
    high = otherHigh;
    low = 0;
    otherHigh = productHigh;
    exp -= distance;
    distance = -distance;
    sign = signC;
  }
  if (distance > 127) {
    otherLow = 1;
    otherHigh = 0;
  } else if (distance > 63) {
    const lost = otherLow | (distance > 64 ? otherHigh << (128 - distance) : 0);
    otherLow = (otherHigh >> (distance - 64)) | (lost != 0 ? 1 : 0);
    otherHigh = 0;
  } else if (distance > 0) {
    const lost = otherLow << (64 - distance);
    otherLow = (otherLow >> distance) | (otherHigh << (64 - distance)) | (lost != 0 ? 1 : 0);
    otherHigh >>= distance;
  }
  if (signP == signC) {
    low += otherLow;
    high += otherHigh + (low < otherLow ? 1 : 0);
  } else {
    high -= otherHigh + (low < otherLow ? 1 : 0);
    low -= otherLow;
    if ((high | low) == 0) return zero(cancelledSign(rm), format);
  }
  exp++;
  if (high == 0) {
    // 64 leading zeros take a cancellation, which has no sticky bit: `low` is exact and its bit 0 is zero.
    high = low >> 1;
    low = 0;
    exp -= 63;
  }
  const shift = <i32>clz(high) - 1;
  if (shift > 0) {
    high = (high << shift) | (low >> (64 - shift));
    low <<= shift;
  }
  return roundPack(sign, exp - shift, high | (low != 0 ? 1 : 0), rm, flags, format);
}
