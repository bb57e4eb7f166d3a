/**
 * binary32 arithmetic, with the fast paths described in `f64-arith.ts`. Exactness is cheaper to show here,
 * since binary64 holds every product of two binary32 values exactly; an exact result is right in every
 * rounding mode.
 */
import { F32, F32_MIN_NORMAL, F64_SIGN, widen } from './format';
import { softAdd } from './soft-add';
import { softDiv, softSqrt } from './soft-div';
import { softFma } from './soft-fma';
import { softMul } from './soft-mul';
import { NX, RNE, ROUNDING_MASK } from './status';

export function f32Add(a: u32, b: u32, rm: u32, flags: usize): u32 {
  if ((rm & ROUNDING_MASK) == RNE) {
    const x = reinterpret<f32>(a);
    const y = reinterpret<f32>(b);
    const r = x + y;
    // As in f64Add.
    if (abs(r) < <f32>Infinity) {
      if ((load<u32>(flags) & NX) != 0) return reinterpret<u32>(r);
      const t = r - x;
      if (x - (r - t) + (y - t) == 0) return reinterpret<u32>(r);
    }
  }
  return <u32>softAdd(widen(a), widen(b), 0, rm, flags, F32);
}

export function f32Sub(a: u32, b: u32, rm: u32, flags: usize): u32 {
  if ((rm & ROUNDING_MASK) == RNE) {
    const x = reinterpret<f32>(a);
    const y = -reinterpret<f32>(b);
    const r = x + y;
    // As in f64Add.
    if (abs(r) < <f32>Infinity) {
      if ((load<u32>(flags) & NX) != 0) return reinterpret<u32>(r);
      const t = r - x;
      if (x - (r - t) + (y - t) == 0) return reinterpret<u32>(r);
    }
  }
  return <u32>softAdd(widen(a), widen(b), F64_SIGN, rm, flags, F32);
}

export function f32Mul(a: u32, b: u32, rm: u32, flags: usize): u32 {
  // 24 + 24 bits and exponents in [-298, 256): the binary64 product is exact, so demoting it is the only
  // rounding.
  const product = <f64>reinterpret<f32>(a) * <f64>reinterpret<f32>(b);
  const r = <f32>product;
  if (<f64>r == product) return reinterpret<u32>(r);
  if ((rm & ROUNDING_MASK) == RNE && (load<u32>(flags) & NX) != 0) {
    if (abs(r) < <f32>Infinity && abs(r) > F32_MIN_NORMAL) return reinterpret<u32>(r);
  }
  return <u32>softMul(widen(a), widen(b), rm, flags, F32);
}

export function f32Div(a: u32, b: u32, rm: u32, flags: usize): u32 {
  const x = reinterpret<f32>(a);
  const y = reinterpret<f32>(b);
  const r = x / y;
  // Exact if the product, itself exact in binary64, gives x back; a zero divisor makes it a NaN.
  if (<f64>r * <f64>y == <f64>x) return reinterpret<u32>(r);
  if ((rm & ROUNDING_MASK) == RNE && (load<u32>(flags) & NX) != 0) {
    if (abs(r) < <f32>Infinity && abs(r) > F32_MIN_NORMAL) return reinterpret<u32>(r);
  }
  return <u32>softDiv(widen(a), widen(b), rm, flags, F32);
}

export function f32Sqrt(a: u32, rm: u32, flags: usize): u32 {
  const x = reinterpret<f32>(a);
  const r = sqrt(x);
  // Exact if the square, itself exact in binary64, gives x back.
  if (<f64>r * <f64>r == <f64>x) return reinterpret<u32>(r);
  if ((rm & ROUNDING_MASK) == RNE && (load<u32>(flags) & NX) != 0 && r < <f32>Infinity) {
    return reinterpret<u32>(r);
  }
  return <u32>softSqrt(widen(a), rm, flags, F32);
}

/** a × b + c with one rounding. */
export function f32Fma(a: u32, b: u32, c: u32, rm: u32, flags: usize): u32 {
  if ((rm & ROUNDING_MASK) == RNE) {
    // The product is exact, the sum rounded to 53 bits. It lies on the same side of every midpoint between
    // binary32 numbers as the true value unless it is one itself, so demoting it is right; above the smallest
    // normal number, midpoints are the sums whose 29 low bits are 100…0.
    const product = <f64>reinterpret<f32>(a) * <f64>reinterpret<f32>(b);
    const addend = <f64>reinterpret<f32>(c);
    const sum = product + addend;
    const r = <f32>sum;
    if (abs(r) < <f32>Infinity && abs(r) > F32_MIN_NORMAL) {
      if ((load<u32>(flags) & NX) != 0) {
        if ((reinterpret<u64>(sum) & 0x1fffffff) != 0x10000000) return reinterpret<u32>(r);
      } else if (<f64>r == sum) {
        // Exact if the 2Sum residual is zero too; with binary32 operands no intermediate overflows.
        const t = sum - product;
        if (product - (sum - t) + (addend - t) == 0) return reinterpret<u32>(r);
      }
    }
  }
  return <u32>softFma(widen(a), widen(b), widen(c), rm, flags, F32);
}
