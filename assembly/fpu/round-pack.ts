/**
 * The last step of every soft operation: round a normalised significand to the destination format, raise
 * flags.
 */
import { F64 } from './format';
import { NX, OF, RDN, RMM, RNE, ROUNDING_MASK, RTZ, UF, raise } from './status';
import { shiftRightJam } from './wide';

/**
 * Rounds the value ±sig × 2^(exp - 62), where 2^62 <= sig < 2^63 and bit 0 of sig is sticky, to `format`.
 * Raises NX, OF and UF; tininess is detected after rounding (IEEE 754-2019, 7.5).
 */
export function roundPack(sign: u32, exp: i32, sig: u64, rm: u32, flags: usize, format: u32): u64 {
  return format == F64
    ? ((<u64>sign) << 63) | roundMagnitude(sign, exp + 1023, sig, rm & ROUNDING_MASK, flags, 10, 0x7ff)
    : ((<u64>sign) << 31) | roundMagnitude(sign, exp + 127, sig, rm & ROUNDING_MASK, flags, 39, 0xff);
}

/**
 * `drop` low bits of sig are rounded away; `exp` is biased and `infinite` is the exponent field of infinity.
 */
function roundMagnitude(
  sign: u32,
  exp: i32,
  sig: u64,
  mode: u32,
  flags: usize,
  drop: u64,
  infinite: i32,
): u64 {
  const low = ((<u64>1) << drop) - 1;
  const half = (<u64>1) << (drop - 1);
  let increment: u64 = 0;
  if (mode == RNE || mode == RMM) increment = half;
  else if (mode != RTZ && (mode == RDN) == (sign != 0)) increment = low;

  let raised: u32 = 0;
  if (exp <= 0) {
    // With an unbounded exponent the value would round up to the smallest normal number only from just below
    // it.
    if (exp < 0 || sig + increment < (<u64>1) << 63) raised = UF;
    sig = shiftRightJam(sig, 1 - exp);
    exp = 1;
  } else if (exp >= infinite - 1 && (exp >= infinite || sig + increment >= (<u64>1) << 63)) {
    raise(flags, OF | NX);
    const magnitude = (<u64>infinite) << (62 - drop);
    return increment != 0 ? magnitude : magnitude - 1;
  }

  const rest = sig & low;
  let rounded = (sig + increment) >> drop;
  if (rest != 0) {
    raise(flags, raised | NX);
    if (rest == half && mode == RNE) rounded &= ~1;
  }
  // The hidden bit of `rounded`, or its carry into the next binade, adds to the exponent field.
  return ((<u64>(exp - 1)) << (62 - drop)) + rounded;
}
