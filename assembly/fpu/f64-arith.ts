/**
 * binary64 arithmetic. A fast path takes the host's Wasm instruction where result and flags are provably the same, and
 * makes no call; everything else, every NaN result included, goes to the soft path.
 *
 * Common to all fast paths: Wasm rounds to nearest even, so a finite result has not overflowed, and a result above the
 * smallest normal number is not tiny. What is left is NX: it is already set, or the result is shown to be exact.
 */
import { F64, F64_HIDDEN, F64_MIN_NORMAL, F64_SIGN } from './format';
import { softAdd } from './soft-add';
import { softDiv, softSqrt } from './soft-div';
import { softFma } from './soft-fma';
import { softMul } from './soft-mul';
import { NX, RNE, ROUNDING_MASK } from './status';

export function f64Add(a: u64, b: u64, rm: u32, flags: usize): u64 {
  if ((rm & ROUNDING_MASK) == RNE) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    const r = x + y;
    // A sum is never tiny and inexact: every sum below twice the smallest normal number is exact.
    if (abs(r) < Infinity) {
      if ((load<u32>(flags) & NX) != 0) return reinterpret<u64>(r);
      // Knuth's 2Sum residual; should an intermediate overflow, it is not zero.
      const t = r - x;
      if (x - (r - t) + (y - t) == 0) return reinterpret<u64>(r);
    }
  }
  return softAdd(a, b, 0, rm, flags, F64);
}

export function f64Sub(a: u64, b: u64, rm: u32, flags: usize): u64 {
  if ((rm & ROUNDING_MASK) == RNE) {
    const x = reinterpret<f64>(a);
    const y = -reinterpret<f64>(b);
    const r = x + y;
    // As in f64Add.
    if (abs(r) < Infinity) {
      if ((load<u32>(flags) & NX) != 0) return reinterpret<u64>(r);
      const t = r - x;
      if (x - (r - t) + (y - t) == 0) return reinterpret<u64>(r);
    }
  }
  return softAdd(a, b, F64_SIGN, rm, flags, F64);
}

export function f64Mul(a: u64, b: u64, rm: u32, flags: usize): u64 {
  if ((rm & ROUNDING_MASK) == RNE) {
    const r = reinterpret<f64>(a) * reinterpret<f64>(b);
    if (abs(r) < Infinity && abs(r) > F64_MIN_NORMAL) {
      if ((load<u32>(flags) & NX) != 0) return reinterpret<u64>(r);
      // Significands of 53 - ctz bits: their product has at most 53 bits if the zeros add up to 53.
      if (ctz(a | F64_HIDDEN) + ctz(b | F64_HIDDEN) >= 53) return reinterpret<u64>(r);
    }
  }
  return softMul(a, b, rm, flags, F64);
}

export function f64Div(a: u64, b: u64, rm: u32, flags: usize): u64 {
  if ((rm & ROUNDING_MASK) == RNE && (load<u32>(flags) & NX) != 0) {
    const r = reinterpret<f64>(a) / reinterpret<f64>(b);
    // Finite and not zero: neither operand is a zero, an infinity or a NaN.
    if (abs(r) < Infinity && abs(r) > F64_MIN_NORMAL) return reinterpret<u64>(r);
  }
  return softDiv(a, b, rm, flags, F64);
}

export function f64Sqrt(a: u64, rm: u32, flags: usize): u64 {
  if ((rm & ROUNDING_MASK) == RNE && (load<u32>(flags) & NX) != 0) {
    const r = sqrt(reinterpret<f64>(a));
    // A root is never tiny; an invalid one is a NaN and fails the comparison.
    if (r < Infinity) return reinterpret<u64>(r);
  }
  return softSqrt(a, rm, flags, F64);
}

/** a × b + c with one rounding. Wasm has no such instruction. */
export function f64Fma(a: u64, b: u64, c: u64, rm: u32, flags: usize): u64 {
  return softFma(a, b, c, rm, flags, F64);
}
