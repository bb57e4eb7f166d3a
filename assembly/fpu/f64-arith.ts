/**
 * binary64 arithmetic. A fast path takes the host's Wasm instruction where result and flags are provably the
 * same, and makes no call; everything else, every NaN result included, goes to the soft path.
 *
 * Common to all fast paths: Wasm rounds to nearest even, so a finite result has not overflowed, and a result
 * above the smallest normal number is not tiny. What is left is NX: it is already set, or the result is shown
 * to be exact.
 */
import { F64, F64_HIDDEN, F64_MIN_NORMAL, F64_SIGN } from './format';
import { hostFma } from './host-fma';
import { softAdd } from './soft-add';
import { softDiv, softSqrt } from './soft-div';
import { softFma } from './soft-fma';
import { softMul } from './soft-mul';
import { NX, RNE, ROUNDING_MASK } from './status';

/** 2^-960, 2^990 and 2^27 + 1. */
const FMA_LEAST_PRODUCT: f64 = 1.0261342003245941e-289;
const FMA_FACTOR_LIMIT: f64 = 1.0463951242053392e298;
const FMA_SPLITTER: f64 = 134217729.0;

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

/** a × b + c with one rounding. */
export function f64Fma(a: u64, b: u64, c: u64, rm: u32, flags: usize): u64 {
  if ((rm & ROUNDING_MASK) == RNE) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    const z = reinterpret<f64>(c);
    if ((load<u32>(flags) & NX) != 0) {
      const fused = hostFma(x, y, z);
      if (abs(fused) < Infinity && abs(fused) > F64_MIN_NORMAL) return reinterpret<u64>(fused);
    }
    const product = x * y;
    if (abs(product) > FMA_LEAST_PRODUCT && abs(x) < FMA_FACTOR_LIMIT && abs(y) < FMA_FACTOR_LIMIT) {
      // Dekker's product: x × y is product + tail exactly, since no step overflows and the tail has no bit
      // below 2^-1074.
      const splitX = x * FMA_SPLITTER;
      const splitY = y * FMA_SPLITTER;
      const highX = splitX - (splitX - x);
      const highY = splitY - (splitY - y);
      const lowX = x - highX;
      const lowY = y - highY;
      const tail = lowX * lowY - (product - highX * highY - lowX * highY - highX * lowY);
      // 2Sum: product + z is sum + error exactly; should an intermediate overflow, r below is not finite.
      const sum = product + z;
      const t = sum - product;
      const error = product - (sum - t) + (z - t);
      // The true value is sum + error + tail. `rest` is within half a unit of error + tail, and exact below
      // 2^-1021, so that rest ± rest × 2^-52 enclose it; rounding is monotonic, so r is right where both give
      // it.
      const rest = error + tail;
      const margin = rest * 2.220446049250313e-16;
      const r = sum + (rest - margin);
      if (r == sum + (rest + margin) && abs(r) < Infinity && abs(r) > F64_MIN_NORMAL) {
        if (rest == 0 || (load<u32>(flags) & NX) != 0) return reinterpret<u64>(r);
      }
    }
  }
  return softFma(a, b, c, rm, flags, F64);
}
