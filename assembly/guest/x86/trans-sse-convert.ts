/** Conversions, roundings and approximations of SSE, and MXCSR. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as V from '../../ir/vector-ops';
import { emitCall, emitLoadOperand, emitStoreOperand, getOperand, operandSize, setOperand } from './emit';
import * as S from './emit-sse';
import { helperLdmxcsr, helperStmxcsr } from './helpers-sse';
import {
  CONVERT_LONG,
  CONVERT_TRUNCATE,
  helperApproximate,
  helperApproximateBoth,
  helperConvert,
  helperF32ToF64,
  helperF32ToInt,
  helperF64ToF32,
  helperF64ToInt,
  helperIntToF32,
  helperI32ToF64,
  helperI64ToF64,
  helperRoundF32,
  helperRoundF32x4,
  helperRoundF64,
  helperRoundF64x2,
  PACKED_F32_TO_F64,
  PACKED_F32_TO_I32,
  PACKED_F64_TO_F32,
  PACKED_F64_TO_I32,
  PACKED_I32_TO_F32,
  PACKED_I32_TO_F64,
  PACKED_TRUNCATE,
  PACKED_TWO,
} from './helpers-sse-convert';

/** The low lane of operand 0 = helper of it and `c`. */
function toScalar(e: usize, i: usize, helper: u32, c: u32, immediate: u32): bool {
  const to = S.xmmOperand(i, 0);
  const result = emitCall(e, O.OP_CALLX, helper, S.vget(e, to, 0), c, 0, immediate);
  B.emit(e, O.OP_VSET64, to, to, result, 0);
  return true;
}

function scalar(e: usize, i: usize, helper: u32, immediate: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  return toScalar(e, i, helper, S.getLow(e, i, 1), immediate);
}

function toInteger(e: usize, i: usize, helper: u32, how: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const immediate = how | (operandSize(i, 0) == 3 ? CONVERT_LONG : 0);
  setOperand(e, i, 0, emitCall(e, O.OP_CALLX, helper, S.getLow(e, i, 1), 0, 0, immediate));
  return true;
}

/** What a packed conversion makes of operand 1. `how`: PACKED_*. */
function convert(e: usize, i: usize, how: u32): u32 {
  const c = S.getVector(e, i, 1);
  // Exact whatever it is.
  if (how == PACKED_I32_TO_F64) return S.vun(e, V.V_F64X2_CONVERT_LOW_I32X4_S, c);
  const to = B.emitTempV(e);
  S.emitPacked(e, to, c, c, helperConvert.index, kindOf(how) | how);
  return to;
}

/** The kind of `callfv`. */
function kindOf(how: u32): u32 {
  const truncated: u32 = how & PACKED_TRUNCATE ? 0x100 : 0;
  switch (how & 7) {
    case PACKED_F32_TO_F64:
      return B.VECTOR_F32_TO_F64;
    case PACKED_F64_TO_F32:
      return B.VECTOR_F64_TO_F32;
    case PACKED_I32_TO_F32:
      return B.VECTOR_I32_TO_F32;
    case PACKED_F32_TO_I32:
      return B.VECTOR_F32_TO_I32 + truncated;
  }
  return B.VECTOR_F64_TO_I32 + truncated;
}

function packed(e: usize, i: usize, how: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  S.setVector(e, i, 0, convert(e, i, how));
  return true;
}

/** Two lanes to an MMX register. */
function packedToMmx(e: usize, i: usize, how: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  S.mmxBegin(e);
  S.setVector(e, i, 0, convert(e, i, how));
  return true;
}

function round(e: usize, i: usize, double: bool): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getVector(e, i, 1);
  const immediate = S.immediate(i);
  // What MXCSR says: inline it is always to nearest.
  const mode = immediate & 4 ? 0 : immediate & 3;
  const kind = (B.VECTOR_ROUND + (mode << 8)) | (double ? 0 : B.FLOAT_SINGLE);
  const helper = double ? helperRoundF64x2.index : helperRoundF32x4.index;
  S.emitPacked(e, S.xmmOperand(i, 0), c, c, helper, kind | immediate);
  return true;
}

export function transCvtsi2ss(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const value = getOperand(e, i, 1);
  return toScalar(e, i, helperIntToF32.index, value, operandSize(i, 1) == 3 ? CONVERT_LONG : 0);
}

export function transCvtsi2sd(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const value = getOperand(e, i, 1);
  if (operandSize(i, 1) == 3) return toScalar(e, i, helperI64ToF64.index, value, 0);
  const to = S.xmmOperand(i, 0);
  const result = emitCall(e, O.OP_CALLF, helperI32ToF64.index, value, 0, 0, B.FLOAT_FROM_I32);
  B.emit(e, O.OP_VSET64, to, to, result, 0);
  return true;
}

export function transCvtss2si(e: usize, i: usize): bool {
  return toInteger(e, i, helperF32ToInt.index, 0);
}

export function transCvttss2si(e: usize, i: usize): bool {
  return toInteger(e, i, helperF32ToInt.index, CONVERT_TRUNCATE);
}

export function transCvtsd2si(e: usize, i: usize): bool {
  return toInteger(e, i, helperF64ToInt.index, 0);
}

export function transCvttsd2si(e: usize, i: usize): bool {
  return toInteger(e, i, helperF64ToInt.index, CONVERT_TRUNCATE);
}

export function transCvtss2sd(e: usize, i: usize): bool {
  return scalar(e, i, helperF32ToF64.index, 0);
}

export function transCvtsd2ss(e: usize, i: usize): bool {
  return scalar(e, i, helperF64ToF32.index, 0);
}

export function transCvtps2pd(e: usize, i: usize): bool {
  return packed(e, i, PACKED_F32_TO_F64);
}

export function transCvtpd2ps(e: usize, i: usize): bool {
  return packed(e, i, PACKED_F64_TO_F32);
}

export function transCvtdq2ps(e: usize, i: usize): bool {
  return packed(e, i, PACKED_I32_TO_F32);
}

export function transCvtdq2pd(e: usize, i: usize): bool {
  return packed(e, i, PACKED_I32_TO_F64);
}

export function transCvtps2dq(e: usize, i: usize): bool {
  return packed(e, i, PACKED_F32_TO_I32);
}

export function transCvttps2dq(e: usize, i: usize): bool {
  return packed(e, i, PACKED_F32_TO_I32 | PACKED_TRUNCATE);
}

export function transCvtpd2dq(e: usize, i: usize): bool {
  return packed(e, i, PACKED_F64_TO_I32);
}

export function transCvttpd2dq(e: usize, i: usize): bool {
  return packed(e, i, PACKED_F64_TO_I32 | PACKED_TRUNCATE);
}

export function transCvtps2pi(e: usize, i: usize): bool {
  return packedToMmx(e, i, PACKED_F32_TO_I32 | PACKED_TWO);
}

export function transCvttps2pi(e: usize, i: usize): bool {
  return packedToMmx(e, i, PACKED_F32_TO_I32 | PACKED_TWO | PACKED_TRUNCATE);
}

export function transCvtpd2pi(e: usize, i: usize): bool {
  return packedToMmx(e, i, PACKED_F64_TO_I32);
}

export function transCvttpd2pi(e: usize, i: usize): bool {
  return packedToMmx(e, i, PACKED_F64_TO_I32 | PACKED_TRUNCATE);
}

/** The high half of the destination stays. */
export function transCvtpi2ps(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  S.mmxBegin(e);
  const value = S.vget(e, convert(e, i, PACKED_I32_TO_F32 | PACKED_TWO), 0);
  S.mmxEnter(e);
  const to = S.xmmOperand(i, 0);
  B.emit(e, O.OP_VSET64, to, to, value, 0);
  return true;
}

/** From memory it leaves the x87 alone. */
export function transCvtpi2pd(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const fromRegister = S.isMmx(i, 1);
  if (fromRegister) S.mmxBegin(e);
  const value = convert(e, i, PACKED_I32_TO_F64);
  if (fromRegister) S.mmxEnter(e);
  S.setVector(e, i, 0, value);
  return true;
}

export function transRoundss(e: usize, i: usize): bool {
  return scalar(e, i, helperRoundF32.index, S.immediate(i));
}

export function transRoundsd(e: usize, i: usize): bool {
  return scalar(e, i, helperRoundF64.index, S.immediate(i));
}

export function transRoundps(e: usize, i: usize): bool {
  return round(e, i, false);
}

export function transRoundpd(e: usize, i: usize): bool {
  return round(e, i, true);
}

function approximate(e: usize, i: usize, root: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getLow(e, i, 1);
  const to = S.xmmOperand(i, 0);
  const result = emitCall(e, O.OP_CALLP, helperApproximate.index, S.vget(e, to, 0), c, 0, root);
  B.emit(e, O.OP_VSET64, to, to, result, 0);
  return true;
}

function approximateAll(e: usize, i: usize, root: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getVector(e, i, 1);
  const low = emitCall(e, O.OP_CALLP, helperApproximateBoth.index, 0, S.vget(e, c, 0), 0, root);
  const high = emitCall(e, O.OP_CALLP, helperApproximateBoth.index, 0, S.vget(e, c, 1), 0, root);
  S.setVector(e, i, 0, S.vpair(e, low, high));
  return true;
}

export function transRcpss(e: usize, i: usize): bool {
  return approximate(e, i, 0);
}

export function transRcpps(e: usize, i: usize): bool {
  return approximateAll(e, i, 0);
}

export function transRsqrtss(e: usize, i: usize): bool {
  return approximate(e, i, 1);
}

export function transRsqrtps(e: usize, i: usize): bool {
  return approximateAll(e, i, 1);
}

export function transLdmxcsr(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  emitCall(e, O.OP_CALLX, helperLdmxcsr.index, emitLoadOperand(e, i, 2), 0, 0, 0);
  return true;
}

export function transStmxcsr(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  emitStoreOperand(e, i, emitCall(e, O.OP_CALLX, helperStmxcsr.index, 0, 0, 0, 0), 2);
  return true;
}
