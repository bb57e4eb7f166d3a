/** Helpers of SSE's conversions, roundings and approximations. SDM 2, CVTxxx, ROUNDxx, RCPPS, RSQRTPS. */
import * as F from '../../fpu/index';
import * as X from './cpu';
import {
  laneBegin,
  laneFlags,
  MXCSR_RC_SHIFT,
  roundingOf,
  sseBegin,
  sseCommit,
  sseIsFast,
  sseRaised,
  sseRounding,
} from './helpers-sse';
import { f32IsDenormal, f32Operand, f64End, f64NarrowedEnd, f64Operand } from './helpers-sse-float';

/** Bits of the immediates of conversions to and from integers: 64-bit integer; towards zero whatever MXCSR says. */
export const CONVERT_LONG: u32 = 1;
export const CONVERT_TRUNCATE: u32 = 2;

const TWO_31: f64 = 2147483648.0;
const TWO_63: f64 = 9223372036854775808.0;
const F32_MIN_NORMAL: f64 = 1.1754943508222875e-38;
const HIGH: u64 = 0xffffffff00000000;

function rounding(cpu: usize, immediate: u32): u32 {
  return immediate & CONVERT_TRUNCATE ? roundingOf(3) : sseRounding(cpu);
}

/** Helper (callf) of FLOAT_FROM_I32: the 32-bit integer b as binary64, which is exact. */
export function helperI32ToF64(_cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  return F.i32ToF64(<i32>b);
}

/** Helper (callx): the 64-bit integer c as binary64. */
export function helperI64ToF64(cpu: usize, _b: u64, c: u64, _third: u64, _immediate: u32): u64 {
  sseBegin(cpu);
  const result = F.i64ToF64(<i64>c, sseRounding(cpu), laneBegin(cpu));
  sseRaised(cpu, laneFlags(cpu));
  sseCommit(cpu);
  return result;
}

/** Helper (callx): the integer c as binary32, in b's low half. */
export function helperIntToF32(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  const value = immediate & CONVERT_LONG ? <i64>c : <i64>(<i32>c);
  sseBegin(cpu);
  const result = F.i64ToF32(value, sseRounding(cpu), laneBegin(cpu));
  sseRaised(cpu, laneFlags(cpu));
  sseCommit(cpu);
  return (b & HIGH) | result;
}

/** Helper (callx): the binary64 b as an integer, of 32 bits zero-extended. */
export function helperF64ToInt(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (immediate & CONVERT_TRUNCATE && sseIsFast(cpu)) {
    const x = reinterpret<f64>(b);
    if (abs(x) < (immediate & CONVERT_LONG ? TWO_63 : TWO_31))
      return immediate & CONVERT_LONG ? <u64>(<i64>x) : <u64>(<u32>(<i32>x));
  }
  const flags = laneBegin(cpu);
  const value = f64Operand(cpu, b);
  const rm = rounding(cpu, immediate);
  sseBegin(cpu);
  const result =
    immediate & CONVERT_LONG
      ? <u64>F.f64ToI64(value, rm, flags, F.INVALID_X86)
      : <u64>(<u32>F.f64ToI32(value, rm, flags, F.INVALID_X86));
  sseRaised(cpu, laneFlags(cpu));
  sseCommit(cpu);
  return result;
}

/** Helper (callx): the binary32 b as an integer. */
export function helperF32ToInt(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const flags = laneBegin(cpu);
  const value = f32Operand(cpu, <u32>b);
  const rm = rounding(cpu, immediate);
  sseBegin(cpu);
  const result =
    immediate & CONVERT_LONG
      ? <u64>F.f32ToI64(value, rm, flags, F.INVALID_X86)
      : <u64>(<u32>F.f32ToI32(value, rm, flags, F.INVALID_X86));
  sseRaised(cpu, laneFlags(cpu));
  sseCommit(cpu);
  return result;
}

function laneF32ToF64(cpu: usize, a: u32): u64 {
  const value = f32Operand(cpu, a);
  const flags = laneBegin(cpu);
  return f64End(cpu, F.f32ToF64(value, sseRounding(cpu), flags), f32IsDenormal(value));
}

function laneF64ToF32(cpu: usize, a: u64): u32 {
  const value = f64Operand(cpu, a);
  const flags = laneBegin(cpu);
  return f64NarrowedEnd(cpu, value, F.f64ToF32(value, sseRounding(cpu), flags));
}

/** Helper (callx): the binary32 c as binary64. */
export function helperF32ToF64(cpu: usize, _b: u64, c: u64, _third: u64, _immediate: u32): u64 {
  const x = <f64>reinterpret<f32>(<u32>c);
  // Exact, and nothing to raise: normal numbers and zeros.
  if (abs(x) >= F32_MIN_NORMAL || x == 0) {
    if (abs(x) < Infinity) return reinterpret<u64>(x);
  }
  sseBegin(cpu);
  const result = laneF32ToF64(cpu, <u32>c);
  sseCommit(cpu);
  return result;
}

/** Helper (callx): the binary64 c as binary32, in b's low half. */
export function helperF64ToF32(cpu: usize, b: u64, c: u64, _third: u64, _immediate: u32): u64 {
  const x = <f32>reinterpret<f64>(c);
  if (sseIsFast(cpu) && abs(x) > <f32>F32_MIN_NORMAL && abs(x) < <f32>Infinity)
    return (b & HIGH) | reinterpret<u32>(x);
  sseBegin(cpu);
  const result = laneF64ToF32(cpu, c);
  sseCommit(cpu);
  return (b & HIGH) | result;
}

/** Kinds of packed conversions, from SSE_B to SSE_A. */
export const PACKED_F32_TO_F64: u32 = 0;
export const PACKED_F64_TO_F32: u32 = 1;
export const PACKED_I32_TO_F32: u32 = 2;
/** Which no helper has to see. */
export const PACKED_I32_TO_F64: u32 = 3;
export const PACKED_F32_TO_I32: u32 = 4;
export const PACKED_F64_TO_I32: u32 = 5;
/** Added to the last two: towards zero. */
export const PACKED_TRUNCATE: u32 = 8;
/** Added for two lanes of PACKED_I32_TO_F32 and PACKED_F32_TO_I32 instead of four. */
export const PACKED_TWO: u32 = 16;

/** Helper (callfv): converts the lanes of SSE_B; what is left of SSE_A is 0. */
export function helperConvert(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  sseBegin(cpu);
  store<u64>(cpu, 0, X.SSE_A);
  store<u64>(cpu, 0, X.SSE_A + 8);
  const kind = immediate & 7;
  const rm = immediate & PACKED_TRUNCATE ? roundingOf(3) : sseRounding(cpu);
  const four = (kind == PACKED_I32_TO_F32 || kind == PACKED_F32_TO_I32) && (immediate & PACKED_TWO) == 0;
  const lanes: u32 = four ? 4 : 2;
  for (let lane: u32 = 0; lane < lanes; lane++) convertLane(cpu, kind, lane, rm);
  sseCommit(cpu);
  return 0;
}

function convertLane(cpu: usize, kind: u32, lane: u32, rm: u32): void {
  const at4 = cpu + (lane << 2);
  const at8 = cpu + (lane << 3);
  const flags = laneBegin(cpu);
  switch (kind) {
    case PACKED_F32_TO_F64:
      store<u64>(at8, laneF32ToF64(cpu, load<u32>(at4, X.SSE_B)), X.SSE_A);
      return;
    case PACKED_F64_TO_F32:
      store<u32>(at4, laneF64ToF32(cpu, load<u64>(at8, X.SSE_B)), X.SSE_A);
      return;
    case PACKED_I32_TO_F32:
      store<u32>(at4, F.i32ToF32(load<i32>(at4, X.SSE_B), rm, flags), X.SSE_A);
      break;
    case PACKED_F32_TO_I32: {
      const value = f32Operand(cpu, load<u32>(at4, X.SSE_B));
      store<i32>(at4, F.f32ToI32(value, rm, flags, F.INVALID_X86), X.SSE_A);
      break;
    }
    default: {
      const value = f64Operand(cpu, load<u64>(at8, X.SSE_B));
      store<i32>(at4, F.f64ToI32(value, rm, flags, F.INVALID_X86), X.SSE_A);
    }
  }
  sseRaised(cpu, laneFlags(cpu));
}

/** Rounding of ROUNDxx: bits 0 and 1, or with bit 2 MXCSR's. Bit 3: inexact is not raised. */
function roundMode(cpu: usize, immediate: u32): u32 {
  return roundingOf(immediate & 4 ? load<u32>(cpu, X.MXCSR) >> MXCSR_RC_SHIFT : immediate);
}

function roundF64(cpu: usize, a: u64, immediate: u32): u64 {
  const flags = laneBegin(cpu);
  const exact: u32 = immediate & 8 ? 0 : 1;
  const result = F.f64RoundToIntegral(f64Operand(cpu, a), roundMode(cpu, immediate), exact, flags);
  sseRaised(cpu, laneFlags(cpu));
  return result;
}

function roundF32(cpu: usize, a: u32, immediate: u32): u32 {
  const flags = laneBegin(cpu);
  const exact: u32 = immediate & 8 ? 0 : 1;
  const result = F.f32RoundToIntegral(f32Operand(cpu, a), roundMode(cpu, immediate), exact, flags);
  sseRaised(cpu, laneFlags(cpu));
  return result;
}

/** Helper (callx) of ROUNDSD: of c; immediate as the instruction's. */
export function helperRoundF64(cpu: usize, _b: u64, c: u64, _third: u64, immediate: u32): u64 {
  sseBegin(cpu);
  const result = roundF64(cpu, c, immediate);
  sseCommit(cpu);
  return result;
}

/** Helper (callx) of ROUNDSS: of c, in b's low half. */
export function helperRoundF32(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  sseBegin(cpu);
  const result = roundF32(cpu, <u32>c, immediate);
  sseCommit(cpu);
  return (b & HIGH) | result;
}

/** Helper (callfv) of ROUNDPD: SSE_A = SSE_B rounded. */
export function helperRoundF64x2(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  sseBegin(cpu);
  for (let at = cpu; at < cpu + 16; at += 8)
    store<u64>(at, roundF64(cpu, load<u64>(at, X.SSE_B), immediate), X.SSE_A);
  sseCommit(cpu);
  return 0;
}

/** Helper (callfv) of ROUNDPS. */
export function helperRoundF32x4(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  sseBegin(cpu);
  for (let at = cpu; at < cpu + 16; at += 4)
    store<u32>(at, roundF32(cpu, load<u32>(at, X.SSE_B), immediate), X.SSE_A);
  sseCommit(cpu);
  return 0;
}

const F32_SIGN: u32 = 0x80000000;
const F32_INFINITY: u32 = 0x7f800000;
const F32_QUIET: u32 = 0x00400000;
const F32_INDEFINITE: u32 = 0xffc00000;

/**
 * 1 / x, or 1 / sqrt(x), rounded to 12 bits of fraction: the relative error is below 2^-12, where 1.5 * 2^-12 is allowed and processors
 * differ. Nothing is raised; denormal operands and results are zeros. SDM 2, RCPPS and RSQRTPS.
 */
function approximate(a: u32, root: bool): u32 {
  const sign = a & F32_SIGN;
  const magnitude = a & ~F32_SIGN;
  if (magnitude > F32_INFINITY) return a | F32_QUIET;
  if (magnitude < 0x00800000) return sign | F32_INFINITY;
  if (root && sign != 0) return F32_INDEFINITE;
  if (magnitude == F32_INFINITY) return sign;
  const x = <f64>reinterpret<f32>(a);
  const result = reinterpret<u32>(<f32>(root ? 1 / sqrt(x) : 1 / x));
  const rounded = (result + 0x400) & 0xfffff800;
  return (rounded & F32_INFINITY) == 0 ? sign : rounded;
}

/** Helper (callp): of the low half of c, in b's; immediate = 1 for the reciprocal square root. */
export function helperApproximate(_cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  return (b & HIGH) | approximate(<u32>c, immediate != 0);
}

/** Helper (callp): of both halves of c. */
export function helperApproximateBoth(_cpu: usize, _b: u64, c: u64, _third: u64, immediate: u32): u64 {
  const high = approximate(<u32>(c >> 32), immediate != 0);
  return ((<u64>high) << 32) | approximate(<u32>c, immediate != 0);
}
