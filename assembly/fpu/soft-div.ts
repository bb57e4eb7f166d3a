/**
 * Division and square root on binary64 patterns with any destination format, rounding mode and flags. Both
 * take the host's result, correctly rounded to 53 bits, as an estimate and read the direction of its error
 * off the exact remainder, which is small enough that arithmetic modulo 2^64 yields it.
 */
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
import { DZ, raise } from './status';

export function softDiv(a: u64, b: u64, rm: u32, flags: usize, format: u32): u64 {
  if (f64IsNaN(a) || f64IsNaN(b)) return propagateNaN(a, b, 0, rm, flags, format);
  const sign = <u32>((a ^ b) >> 63);
  if (f64IsInfinite(a)) {
    return f64IsInfinite(b) ? invalidOperation(rm, flags, format) : infinity(sign, format);
  }
  if (f64IsInfinite(b)) return zero(sign, format);
  if (f64IsZero(b)) {
    if (f64IsZero(a)) return invalidOperation(rm, flags, format);
    raise(flags, DZ);
    return infinity(sign, format);
  }
  if (f64IsZero(a)) return zero(sign, format);

  let exp = f64Exponent(a) - f64Exponent(b);
  let dividend = f64Significand(a) >> 10;
  const divisor = f64Significand(b) >> 10;
  if (dividend < divisor) {
    dividend <<= 1;
    exp--;
  }
  // 1 <= dividend / divisor < 2: the estimate, in units of 2^-53, is even and off by less than 1 (a quotient
  // never lies midway between 53-bit numbers). Hence |remainder| < divisor < 2^53, and its sign is the
  // direction of the error.
  const quotient = <u64>((<f64>dividend / <f64>divisor) * 9007199254740992.0);
  const remainder = <i64>((dividend << 53) - quotient * divisor);
  return roundPack(sign, exp, (quotient << 9) + <u64>direction(remainder), rm, flags, format);
}

export function softSqrt(a: u64, rm: u32, flags: usize, format: u32): u64 {
  if (f64IsNaN(a)) return propagateNaN(a, 0, 0, rm, flags, format);
  if (f64IsZero(a)) return zero(f64Sign(a), format);
  if (f64Sign(a) != 0) return invalidOperation(rm, flags, format);
  if (f64IsInfinite(a)) return infinity(0, format);

  const exp = f64Exponent(a);
  const radicand = f64Significand(a) >> (10 - (exp & 1));
  // 2^52 <= radicand < 2^54: the estimate, in units of 2^-28, is a multiple of 4 and off by less than 2 (a
  // root never lies midway between 53-bit numbers). Hence |remainder| < 2^58, and its sign is the direction
  // of the error.
  const root = <u64>(sqrt(<f64>radicand) * 268435456.0);
  const remainder = <i64>((radicand << 56) - root * root);
  return roundPack(0, exp >> 1, (root << 8) + <u64>direction(remainder), rm, flags, format);
}

function direction(remainder: i64): i64 {
  return remainder > 0 ? 1 : remainder >> 63;
}
