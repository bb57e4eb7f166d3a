/** Helpers of SSE's arithmetic: one lane at a time, scalar and packed. SDM 1, 11.5; SDM 2. */
import { f32IsNaN, f64IsNaN } from '../../fpu/format';
import * as F from '../../fpu/index';
import * as X from './cpu';
import {
  laneBegin,
  laneFlags,
  MXCSR_DAZ,
  MXCSR_DE,
  MXCSR_FTZ,
  MXCSR_IE,
  MXCSR_OM,
  MXCSR_PE,
  MXCSR_UE,
  MXCSR_UM,
  MXCSR_ZE,
  sseBegin,
  sseCommit,
  sseIsFast,
  sseRaised,
  sseRounding,
} from './helpers-sse';

/** Operations; they are immediates of the helpers. */
export const SSE_ADD: u32 = 0;
export const SSE_SUB: u32 = 1;
export const SSE_MUL: u32 = 2;
export const SSE_DIV: u32 = 3;
export const SSE_SQRT: u32 = 4;
export const SSE_MIN: u32 = 5;
export const SSE_MAX: u32 = 6;
/** Subtracts in even lanes and adds in odd ones. */
export const SSE_ADDSUB: u32 = 7;
/** Comparisons: the predicate is added. */
export const SSE_CMP: u32 = 8;

const F64_EXPONENT: u64 = 0x7ff0000000000000;
const F32_EXPONENT: u32 = 0x7f800000;
const F64_FRACTION: u64 = 0x000fffffffffffff;
const F32_FRACTION: u32 = 0x007fffff;
const F64_HIDDEN: u64 = 0x0010000000000000;
const F32_HIDDEN: u32 = 0x00800000;
const F64_ONE: u64 = 0x3ff0000000000000;
const F32_ONE: u32 = 0x3f800000;
const F64_SIGN: u64 = 0x8000000000000000;
const F32_SIGN: u32 = 0x80000000;
const F64_MIN_NORMAL: f64 = 2.2250738585072014e-308;
const F32_MIN_NORMAL: f32 = 1.1754943508222875e-38;

export function f64IsDenormal(a: u64): bool {
  return (a & F64_EXPONENT) == 0 && a << 1 != 0;
}

export function f32IsDenormal(a: u32): bool {
  return (a & F32_EXPONENT) == 0 && a << 1 != 0;
}

/** A denormal operand as DAZ has it: a zero of its sign. */
export function f64Operand(cpu: usize, a: u64): u64 {
  return f64IsDenormal(a) && load<u32>(cpu, X.MXCSR) & MXCSR_DAZ ? a & F64_SIGN : a;
}

export function f32Operand(cpu: usize, a: u32): u32 {
  return f32IsDenormal(a) && load<u32>(cpu, X.MXCSR) & MXCSR_DAZ ? a & F32_SIGN : a;
}

/**
 * What a lane raised. DE comes after what NaNs, invalid operations and divisions by zero raise. A tiny result, exact or not, underflows if that is
 * not masked, and is flushed with FTZ if it is: returns whether it has to be.
 */
function laneEnd(cpu: usize, denormal: bool, tiny: bool): bool {
  let raised = laneFlags(cpu);
  if (denormal && (raised & (MXCSR_IE | MXCSR_ZE)) == 0) raised |= MXCSR_DE;
  let flush = false;
  if (tiny || raised & MXCSR_UE) {
    const control = load<u32>(cpu, X.MXCSR);
    if ((control & MXCSR_UM) == 0) raised |= MXCSR_UE;
    else if (control & MXCSR_FTZ) {
      raised |= MXCSR_UE | MXCSR_PE;
      flush = true;
    }
  }
  sseRaised(cpu, raised);
  return flush;
}

/** Ends a lane with a binary64 result. */
export function f64End(cpu: usize, result: u64, denormal: bool): u64 {
  return laneEnd(cpu, denormal, f64IsDenormal(result)) ? result & F64_SIGN : result;
}

export function f32End(cpu: usize, result: u32, denormal: bool): u32 {
  return laneEnd(cpu, denormal, f32IsDenormal(result)) ? result & F32_SIGN : result;
}

/** Whether the lane overflowed or its result is tiny, and that is not masked. */
function escapes(cpu: usize, tiny: bool): bool {
  const flags = load<u32>(cpu, X.SSE_LANE);
  const control = load<u32>(cpu, X.MXCSR);
  if (flags & F.OF && (control & MXCSR_OM) == 0) return true;
  return (tiny || (flags & F.UF) != 0) && (control & MXCSR_UM) == 0;
}

/** The same significand with exponent 0; of a number that is not 0. */
function f64Scaled(a: u64): u64 {
  const fraction = (a & F64_EXPONENT) == 0 ? a << (clz(a << 1) - 10) : a;
  return (fraction & F64_FRACTION) | F64_ONE;
}

function f32Scaled(a: u32): u32 {
  const fraction = (a & F32_EXPONENT) == 0 ? a << (clz<u32>(a << 1) - 7) : a;
  return (fraction & F32_FRACTION) | F32_ONE;
}

/** A quarter, but for numbers so small that their sum with one that overflows is inexact whatever they are. */
function f64Quarter(a: u64): u64 {
  return (a & F64_EXPONENT) > F64_HIDDEN << 1 ? a - (F64_HIDDEN << 1) : a;
}

function f32Quarter(a: u32): u32 {
  return (a & F32_EXPONENT) > F32_HIDDEN << 1 ? a - (F32_HIDDEN << 1) : a;
}

/**
 * With an overflow or underflow that is not masked, inexact is said of the result as it would be with an unbounded exponent (SDM 1, 4.9.1.4 and
 * 4.9.1.5): that of the operation on operands brought to the middle of the range. Tiny sums are exact.
 */
function f64Rescaled(cpu: usize, x: u64, y: u64, op: u32): void {
  const rest = load<u32>(cpu, X.SSE_LANE) & ~F.NX;
  const flags = laneBegin(cpu);
  if (op == SSE_MUL) F.f64Mul(f64Scaled(x), f64Scaled(y), F.RNE, flags);
  else if (op == SSE_DIV) F.f64Div(f64Scaled(x), f64Scaled(y), F.RNE, flags);
  else if ((rest & F.OF) == 0) store<u32>(flags, 0);
  else if (op == SSE_ADD) F.f64Add(f64Quarter(x), f64Quarter(y), F.RNE, flags);
  else F.f64Sub(f64Quarter(x), f64Quarter(y), F.RNE, flags);
  store<u32>(flags, (load<u32>(flags) & F.NX) | rest);
}

function f32Rescaled(cpu: usize, x: u32, y: u32, op: u32): void {
  const rest = load<u32>(cpu, X.SSE_LANE) & ~F.NX;
  const flags = laneBegin(cpu);
  if (op == SSE_MUL) F.f32Mul(f32Scaled(x), f32Scaled(y), F.RNE, flags);
  else if (op == SSE_DIV) F.f32Div(f32Scaled(x), f32Scaled(y), F.RNE, flags);
  else if ((rest & F.OF) == 0) store<u32>(flags, 0);
  else if (op == SSE_ADD) F.f32Add(f32Quarter(x), f32Quarter(y), F.RNE, flags);
  else F.f32Sub(f32Quarter(x), f32Quarter(y), F.RNE, flags);
  store<u32>(flags, (load<u32>(flags) & F.NX) | rest);
}

/** The lane of a binary64 value rounded to binary32: ends with f32End. */
export function f64NarrowedEnd(cpu: usize, value: u64, result: u32): u32 {
  if (escapes(cpu, f32IsDenormal(result))) {
    const rest = load<u32>(cpu, X.SSE_LANE) & ~F.NX;
    const flags = laneBegin(cpu);
    F.f64ToF32(f64Scaled(value), F.RNE, flags);
    store<u32>(flags, (load<u32>(flags) & F.NX) | rest);
  }
  return f32End(cpu, result, f64IsDenormal(value));
}

function f64Lane(cpu: usize, b: u64, c: u64, op: u32): u64 {
  const x = f64Operand(cpu, b);
  const y = f64Operand(cpu, c);
  if (op >= SSE_MIN) return f64Compared(cpu, x, y, op);
  const flags = laneBegin(cpu);
  const rm = sseRounding(cpu);
  let result: u64 = 0;
  switch (op) {
    case SSE_ADD:
      result = F.f64Add(x, y, rm, flags);
      break;
    case SSE_SUB:
      result = F.f64Sub(x, y, rm, flags);
      break;
    case SSE_MUL:
      result = F.f64Mul(x, y, rm, flags);
      break;
    case SSE_DIV:
      result = F.f64Div(x, y, rm, flags);
      break;
    default:
      result = F.f64Sqrt(y, rm, flags);
      return f64End(cpu, result, f64IsDenormal(y));
  }
  if (escapes(cpu, f64IsDenormal(result))) f64Rescaled(cpu, x, y, op);
  return f64End(cpu, result, (f64IsDenormal(x) || f64IsDenormal(y)) && !f64IsNaN(x) && !f64IsNaN(y));
}

function f32Lane(cpu: usize, b: u32, c: u32, op: u32): u32 {
  const x = f32Operand(cpu, b);
  const y = f32Operand(cpu, c);
  if (op >= SSE_MIN) return f32Compared(cpu, x, y, op);
  const flags = laneBegin(cpu);
  const rm = sseRounding(cpu);
  let result: u32 = 0;
  switch (op) {
    case SSE_ADD:
      result = F.f32Add(x, y, rm, flags);
      break;
    case SSE_SUB:
      result = F.f32Sub(x, y, rm, flags);
      break;
    case SSE_MUL:
      result = F.f32Mul(x, y, rm, flags);
      break;
    case SSE_DIV:
      result = F.f32Div(x, y, rm, flags);
      break;
    default:
      result = F.f32Sqrt(y, rm, flags);
      return f32End(cpu, result, f32IsDenormal(y));
  }
  if (escapes(cpu, f32IsDenormal(result))) f32Rescaled(cpu, x, y, op);
  return f32End(cpu, result, (f32IsDenormal(x) || f32IsDenormal(y)) && !f32IsNaN(x) && !f32IsNaN(y));
}

/**
 * Whether comparison `predicate` (0 equal, 1 less, 2 less or equal, 3 unordered; 4 added: not) holds. SDM 2, CMPPD: those by size raise IE on
 * any NaN, the others on a signalling one.
 */
function predicateHolds(predicate: u32, unordered: bool, equal: bool, less: bool): bool {
  const base = predicate & 3;
  const holds = base == 0 ? equal : base == 1 ? less : base == 2 ? less || equal : unordered;
  return holds != predicate > 3;
}

/** Raises what a comparison of these operands raises; `quiet`: quiet NaNs raise nothing. */
function f64CompareRaise(cpu: usize, x: u64, y: u64, quiet: bool): void {
  if (f64IsNaN(x) || f64IsNaN(y)) {
    if (!quiet || f64IsSignalling(x) || f64IsSignalling(y)) sseRaised(cpu, MXCSR_IE);
  } else if (f64IsDenormal(x) || f64IsDenormal(y)) sseRaised(cpu, MXCSR_DE);
}

function f32CompareRaise(cpu: usize, x: u32, y: u32, quiet: bool): void {
  if (f32IsNaN(x) || f32IsNaN(y)) {
    if (!quiet || f32IsSignalling(x) || f32IsSignalling(y)) sseRaised(cpu, MXCSR_IE);
  } else if (f32IsDenormal(x) || f32IsDenormal(y)) sseRaised(cpu, MXCSR_DE);
}

function f64IsSignalling(a: u64): bool {
  return f64IsNaN(a) && (a & 0x0008000000000000) == 0;
}

function f32IsSignalling(a: u32): bool {
  return f32IsNaN(a) && (a & 0x00400000) == 0;
}

function isQuiet(predicate: u32): bool {
  return (predicate & 3) == 0 || (predicate & 3) == 3;
}

/** Minimum and maximum give the second operand if they are equal or not ordered. */
function f64Compared(cpu: usize, x: u64, y: u64, op: u32): u64 {
  f64CompareRaise(cpu, x, y, op >= SSE_CMP && isQuiet(op - SSE_CMP));
  const a = reinterpret<f64>(x);
  const b = reinterpret<f64>(y);
  if (op == SSE_MIN) return a < b ? x : y;
  if (op == SSE_MAX) return a > b ? x : y;
  return predicateHolds(op - SSE_CMP, f64IsNaN(x) || f64IsNaN(y), a == b, a < b) ? 0xffffffffffffffff : 0;
}

function f32Compared(cpu: usize, x: u32, y: u32, op: u32): u32 {
  f32CompareRaise(cpu, x, y, op >= SSE_CMP && isQuiet(op - SSE_CMP));
  const a = reinterpret<f32>(x);
  const b = reinterpret<f32>(y);
  if (op == SSE_MIN) return a < b ? x : y;
  if (op == SSE_MAX) return a > b ? x : y;
  return predicateHolds(op - SSE_CMP, f32IsNaN(x) || f32IsNaN(y), a == b, a < b) ? 0xffffffff : 0;
}

/** What the host's arithmetic gives. */
function f64Host(x: f64, y: f64, op: u32): f64 {
  if (op == SSE_ADD) return x + y;
  if (op == SSE_MUL) return x * y;
  if (op == SSE_SUB) return x - y;
  return op == SSE_DIV ? x / y : sqrt(y);
}

function f32Host(x: f32, y: f32, op: u32): f32 {
  if (op == SSE_ADD) return x + y;
  if (op == SSE_MUL) return x * y;
  if (op == SSE_SUB) return x - y;
  return op == SSE_DIV ? x / y : sqrt(y);
}

/** Whether a comparison raises nothing and DAZ changes nothing. */
function f64IsPlain(a: u64): bool {
  return !f64IsDenormal(a) && !f64IsNaN(a);
}

function f32IsPlain(a: u32): bool {
  return !f32IsDenormal(a) && !f32IsNaN(a);
}

/** Bits of the helpers' immediates that are SSE_*; the others are for callfx and callfv. */
const SSE_OP: u32 = 0xff;

/** Helper (callx, callfx): b, c = operands, immediate = SSE_* in the low byte. The square root is that of c. */
export function helperF64(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  const op = immediate & SSE_OP;
  if (op <= SSE_SQRT) {
    if (sseIsFast(cpu) && !f64IsDenormal(b) && !f64IsDenormal(c)) {
      const r = f64Host(reinterpret<f64>(b), reinterpret<f64>(c), op);
      if (abs(r) < Infinity && abs(r) > F64_MIN_NORMAL) return reinterpret<u64>(r);
      // A sum is 0 only exactly.
      if (r == 0 && op <= SSE_SUB) return reinterpret<u64>(r);
    }
  } else if (f64IsPlain(b) && f64IsPlain(c)) return f64Compared(cpu, b, c, op);
  sseBegin(cpu);
  const result = f64Lane(cpu, b, c, op);
  sseCommit(cpu);
  return result;
}

/** Helper (callx, callfx): the same of the low halves of b and c; the rest is b's, of a square root third's. */
export function helperF32(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  const op = immediate & SSE_OP;
  const x = <u32>b;
  const y = <u32>c;
  const high = (op == SSE_SQRT ? third : b) & 0xffffffff00000000;
  if (op <= SSE_SQRT) {
    if (sseIsFast(cpu) && !f32IsDenormal(x) && !f32IsDenormal(y)) {
      const r = f32Host(reinterpret<f32>(x), reinterpret<f32>(y), op);
      if (abs(r) < <f32>Infinity && abs(r) > F32_MIN_NORMAL) return high | reinterpret<u32>(r);
      if (r == 0 && op <= SSE_SUB) return high | reinterpret<u32>(r);
    }
  } else if (f32IsPlain(x) && f32IsPlain(y)) return high | f32Compared(cpu, x, y, op);
  sseBegin(cpu);
  const result = f32Lane(cpu, x, y, op);
  sseCommit(cpu);
  return high | result;
}

/** Operation of a lane of SSE_ADDSUB. */
function laneOp(op: u32, lane: u32): u32 {
  if (op != SSE_ADDSUB) return op;
  return lane & 1 ? SSE_ADD : SSE_SUB;
}

/** Whether all lanes are normal numbers, or 0. */
function f64x2IsNormal(a: v128): bool {
  const size = f64x2.abs(a);
  const normal = v128.and(f64x2.ge(size, f64x2.splat(F64_MIN_NORMAL)), f64x2.lt(size, f64x2.splat(Infinity)));
  return i64x2.all_true(v128.or(normal, f64x2.eq(a, f64x2.splat(0))));
}

function f32x4IsNormal(a: v128): bool {
  const size = f32x4.abs(a);
  const normal = v128.and(
    f32x4.ge(size, f32x4.splat(F32_MIN_NORMAL)),
    f32x4.lt(size, f32x4.splat(<f32>Infinity)),
  );
  return i32x4.all_true(v128.or(normal, f32x4.eq(a, f32x4.splat(0))));
}

/**
 * SSE_A = SSE_A ∘ SSE_B by the host, if all is masked and no lane can raise more than what is set already: operands and results are normal or 0, and a product
 * or quotient is 0 only with an operand. False: nothing was done.
 */
function f64x2Fast(cpu: usize, op: u32): bool {
  if (op > SSE_SQRT || !sseIsFast(cpu)) return false;
  const x = v128.load(cpu, X.SSE_A);
  const y = v128.load(cpu, X.SSE_B);
  if (!f64x2IsNormal(y)) return false;
  if (op == SSE_SQRT) {
    const root = f64x2.sqrt(y);
    if (!f64x2IsNormal(root)) return false;
    v128.store(cpu, root, X.SSE_A);
    return true;
  }
  if (!f64x2IsNormal(x)) return false;
  let r = f64x2.add(x, y);
  if (op == SSE_SUB) r = f64x2.sub(x, y);
  else if (op != SSE_ADD) {
    r = op == SSE_MUL ? f64x2.mul(x, y) : f64x2.div(x, y);
    const zero = f64x2.splat(0);
    const factors = op == SSE_MUL ? v128.or(f64x2.eq(x, zero), f64x2.eq(y, zero)) : f64x2.eq(x, zero);
    // Tiny results may round up to the least normal number.
    const large = f64x2.gt(f64x2.abs(r), f64x2.splat(F64_MIN_NORMAL));
    if (!i64x2.all_true(v128.or(factors, large))) return false;
  }
  if (!f64x2IsNormal(r)) return false;
  v128.store(cpu, r, X.SSE_A);
  return true;
}

function f32x4Fast(cpu: usize, op: u32): bool {
  if (op > SSE_SQRT || !sseIsFast(cpu)) return false;
  const x = v128.load(cpu, X.SSE_A);
  const y = v128.load(cpu, X.SSE_B);
  if (!f32x4IsNormal(y)) return false;
  if (op == SSE_SQRT) {
    const root = f32x4.sqrt(y);
    if (!f32x4IsNormal(root)) return false;
    v128.store(cpu, root, X.SSE_A);
    return true;
  }
  if (!f32x4IsNormal(x)) return false;
  let r = f32x4.add(x, y);
  if (op == SSE_SUB) r = f32x4.sub(x, y);
  else if (op != SSE_ADD) {
    r = op == SSE_MUL ? f32x4.mul(x, y) : f32x4.div(x, y);
    const zero = f32x4.splat(0);
    const factors = op == SSE_MUL ? v128.or(f32x4.eq(x, zero), f32x4.eq(y, zero)) : f32x4.eq(x, zero);
    const large = f32x4.gt(f32x4.abs(r), f32x4.splat(F32_MIN_NORMAL));
    if (!i32x4.all_true(v128.or(factors, large))) return false;
  }
  if (!f32x4IsNormal(r)) return false;
  v128.store(cpu, r, X.SSE_A);
  return true;
}

/** Helper (callfv): SSE_A = SSE_A ∘ SSE_B in two lanes, immediate = SSE_* in the low byte. */
export function helperF64x2(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const op = immediate & SSE_OP;
  if (f64x2Fast(cpu, op)) return 0;
  sseBegin(cpu);
  const low = f64Lane(cpu, load<u64>(cpu, X.SSE_A), load<u64>(cpu, X.SSE_B), laneOp(op, 0));
  const high = f64Lane(cpu, load<u64>(cpu, X.SSE_A + 8), load<u64>(cpu, X.SSE_B + 8), laneOp(op, 1));
  sseCommit(cpu);
  store<u64>(cpu, low, X.SSE_A);
  store<u64>(cpu, high, X.SSE_A + 8);
  return 0;
}

/** Helper (callfv): the same in four lanes. */
export function helperF32x4(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const op = immediate & SSE_OP;
  if (f32x4Fast(cpu, op)) return 0;
  sseBegin(cpu);
  for (let lane: u32 = 0; lane < 4; lane++) {
    const at = cpu + (lane << 2);
    store<u32>(at, f32Lane(cpu, load<u32>(at, X.SSE_A), load<u32>(at, X.SSE_B), laneOp(op, lane)), X.SSE_A);
  }
  sseCommit(cpu);
  return 0;
}

/** Helper (callx) of (U)COMISD: the flags ZF, PF and CF. immediate: 1 if quiet NaNs raise nothing. */
export function helperComisd(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  if (f64IsPlain(b) && f64IsPlain(c)) return orderFlags(reinterpret<f64>(b), reinterpret<f64>(c));
  sseBegin(cpu);
  const x = f64Operand(cpu, b);
  const y = f64Operand(cpu, c);
  f64CompareRaise(cpu, x, y, immediate != 0);
  sseCommit(cpu);
  return orderFlags(reinterpret<f64>(x), reinterpret<f64>(y));
}

/** Helper (callx) of (U)COMISS. */
export function helperComiss(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  sseBegin(cpu);
  const x = f32Operand(cpu, <u32>b);
  const y = f32Operand(cpu, <u32>c);
  f32CompareRaise(cpu, x, y, immediate != 0);
  sseCommit(cpu);
  return orderFlags(<f64>reinterpret<f32>(x), <f64>reinterpret<f32>(y));
}

function orderFlags(a: f64, b: f64): u64 {
  if (a > b) return 0;
  if (a < b) return X.FLAG_CF;
  return a == b ? X.FLAG_ZF : X.FLAG_ZF | X.FLAG_PF | X.FLAG_CF;
}
