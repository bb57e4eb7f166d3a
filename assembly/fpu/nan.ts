/**
 * What a NaN result looks like: the only place that knows. Arithmetic, square root, fused multiply-add and
 * conversions between formats all end here when an operand is a NaN or the operation is invalid.
 */
import { F32_INFINITY, F32_QUIET, F64, F64_INFINITY, F64_QUIET, f64IsNaN, f64IsSignalling } from './format';
import { NAN_POLICY_MASK, NAN_X86, NV, raise } from './status';

/** Result in `format` of an operation that is invalid without a NaN operand; raises NV. */
export function invalidOperation(rm: u32, flags: usize, format: u32): u64 {
  raise(flags, NV);
  return defaultNaN(rm, format);
}

/**
 * Result in `format` of an operation with at least one NaN among its operands (binary64 patterns; an
 * operation with fewer than three passes zeros). A signalling one raises NV.
 */
export function propagateNaN(a: u64, b: u64, c: u64, rm: u32, flags: usize, format: u32): u64 {
  if (f64IsSignalling(a) || f64IsSignalling(b) || f64IsSignalling(c)) raise(flags, NV);
  if ((rm & NAN_POLICY_MASK) != NAN_X86) return defaultNaN(rm, format);
  const nan = (f64IsNaN(a) ? a : f64IsNaN(b) ? b : c) | F64_QUIET;
  if (format == F64) return nan;
  return ((nan >> 32) & 0x80000000) | <u64>F32_INFINITY | ((nan >> 29) & 0x7fffff);
}

function defaultNaN(rm: u32, format: u32): u64 {
  const sign: u64 = (rm & NAN_POLICY_MASK) == NAN_X86 ? 1 : 0;
  return (
    (sign << (format - 1)) | (format == F64 ? F64_INFINITY | F64_QUIET : <u64>(F32_INFINITY | F32_QUIET))
  );
}
