/** Instructions of SSE4.1 on lanes: extensions, blends, PTEST, and the rare ones that helpers do. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as V from '../../ir/vector-ops';
import * as C from './cc';
import * as X from './cpu';
import { emit1, emit2, emitCall, emitConstant } from './emit';
import { setCcOp } from './emit-cc';
import * as S from './emit-sse';
import { helperMinimumWord, helperSumsOfDifferences } from './helpers-sse-int';

/** Extends the low lanes of operand 1, in up to three steps (0: none). */
function extend(e: usize, i: usize, once: u32, twice: u32, thrice: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  let value = S.vun(e, once, S.getVector(e, i, 1));
  if (twice != 0) value = S.vun(e, twice, value);
  if (thrice != 0) value = S.vun(e, thrice, value);
  S.setVector(e, i, 0, value);
  return true;
}

export function transPmovsxbw(e: usize, i: usize): bool {
  return extend(e, i, V.V_I16X8_EXTEND_LOW_I8X16_S, 0, 0);
}

export function transPmovsxbd(e: usize, i: usize): bool {
  return extend(e, i, V.V_I16X8_EXTEND_LOW_I8X16_S, V.V_I32X4_EXTEND_LOW_I16X8_S, 0);
}

export function transPmovsxbq(e: usize, i: usize): bool {
  return extend(
    e,
    i,
    V.V_I16X8_EXTEND_LOW_I8X16_S,
    V.V_I32X4_EXTEND_LOW_I16X8_S,
    V.V_I64X2_EXTEND_LOW_I32X4_S,
  );
}

export function transPmovsxwd(e: usize, i: usize): bool {
  return extend(e, i, V.V_I32X4_EXTEND_LOW_I16X8_S, 0, 0);
}

export function transPmovsxwq(e: usize, i: usize): bool {
  return extend(e, i, V.V_I32X4_EXTEND_LOW_I16X8_S, V.V_I64X2_EXTEND_LOW_I32X4_S, 0);
}

export function transPmovsxdq(e: usize, i: usize): bool {
  return extend(e, i, V.V_I64X2_EXTEND_LOW_I32X4_S, 0, 0);
}

export function transPmovzxbw(e: usize, i: usize): bool {
  return extend(e, i, V.V_I16X8_EXTEND_LOW_I8X16_U, 0, 0);
}

export function transPmovzxbd(e: usize, i: usize): bool {
  return extend(e, i, V.V_I16X8_EXTEND_LOW_I8X16_U, V.V_I32X4_EXTEND_LOW_I16X8_U, 0);
}

export function transPmovzxbq(e: usize, i: usize): bool {
  return extend(
    e,
    i,
    V.V_I16X8_EXTEND_LOW_I8X16_U,
    V.V_I32X4_EXTEND_LOW_I16X8_U,
    V.V_I64X2_EXTEND_LOW_I32X4_U,
  );
}

export function transPmovzxwd(e: usize, i: usize): bool {
  return extend(e, i, V.V_I32X4_EXTEND_LOW_I16X8_U, 0, 0);
}

export function transPmovzxwq(e: usize, i: usize): bool {
  return extend(e, i, V.V_I32X4_EXTEND_LOW_I16X8_U, V.V_I64X2_EXTEND_LOW_I32X4_U, 0);
}

export function transPmovzxdq(e: usize, i: usize): bool {
  return extend(e, i, V.V_I64X2_EXTEND_LOW_I32X4_U, 0, 0);
}

/** Words of operand 0, or of operand 1 where the immediate's bit is set. */
export function transPblendw(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const n = S.immediate(i);
  let lanes: u32 = 0x76543210;
  for (let lane: u32 = 0; lane < 8; lane++) lanes |= ((n >> lane) & 1) << ((lane << 2) + 3);
  return blendLanes(e, i, S.lanes16(lanes));
}

function blendLanes(e: usize, i: usize, imm: i64): bool {
  const c = S.getVector(e, i, 1);
  const to = S.xmmOperand(i, 0);
  B.emit(e, O.OP_VSHUF, to, to, c, imm);
  return true;
}

export function transBlendps(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const n = S.immediate(i);
  return blendLanes(e, i, S.lanes32(n & 1 ? 4 : 0, n & 2 ? 5 : 1, n & 4 ? 6 : 2, n & 8 ? 7 : 3));
}

export function transBlendpd(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const n = S.immediate(i);
  return blendLanes(e, i, S.lanes32(n & 1 ? 4 : 0, n & 1 ? 5 : 1, n & 2 ? 6 : 2, n & 2 ? 7 : 3));
}

/** The same where the sign bit of the lane of XMM0 is set. */
function blendBySign(e: usize, i: usize, shift: u32, bits: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getVector(e, i, 1);
  const mask = S.vshift(e, shift, X.XMM, emitConstant(e, bits - 1));
  const chosen = S.vbin(e, V.V_V128_AND, c, mask);
  const kept = S.vbin(e, V.V_V128_ANDNOT, S.xmmOperand(i, 0), mask);
  B.emit(e, O.OP_VBIN, S.xmmOperand(i, 0), chosen, kept, V.V_V128_OR);
  return true;
}

export function transPblendvb(e: usize, i: usize): bool {
  return blendBySign(e, i, V.V_I8X16_SHR_S, 8);
}

export function transBlendvps(e: usize, i: usize): bool {
  return blendBySign(e, i, V.V_I32X4_SHR_S, 32);
}

export function transBlendvpd(e: usize, i: usize): bool {
  return blendBySign(e, i, V.V_I64X2_SHR_S, 64);
}

/** ZF: no common bit. CF: no bit of operand 1 outside operand 0. */
export function transPtest(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getVector(e, i, 1);
  const b = S.xmmOperand(i, 0);
  const common = S.vtest(e, V.V_V128_ANY_TRUE, S.vbin(e, V.V_V128_AND, b, c));
  const outside = S.vtest(e, V.V_V128_ANY_TRUE, S.vbin(e, V.V_V128_ANDNOT, c, b));
  const zero = emit1(e, O.OP_SHLI, emit1(e, O.OP_EQI, common, 0), 6);
  B.emit(e, O.OP_MOV, X.CC_SRC, emit2(e, O.OP_OR, zero, emit1(e, O.OP_EQI, outside, 0)), 0, 0);
  setCcOp(e, C.CC_EFLAGS);
  return true;
}

export function transPhminposuw(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getVector(e, i, 1);
  const low = emitCall(e, O.OP_CALLP, helperMinimumWord.index, S.vget(e, c, 0), S.vget(e, c, 1), 0, 0);
  S.setVector(e, i, 0, S.vlow(e, low));
  return true;
}

/** Sums of absolute differences of 4 bytes of operand 1 and those from each of 8 bytes of operand 0 on. */
export function transMpsadbw(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const n = S.immediate(i);
  const c = S.getVector(e, i, 1);
  const b = S.xmmOperand(i, 0);
  const block = emit1(e, O.OP_EXTRACT, S.vget(e, c, (n >> 1) & 1), B.bitField((n & 1) << 5, 32));
  const low = S.vget(e, b, 0);
  const high = S.vget(e, b, 1);
  const first: u32 = n & 4;
  const result0 = emitCall(e, O.OP_CALLP, helperSumsOfDifferences.index, low, high, block, first);
  const result1 = emitCall(e, O.OP_CALLP, helperSumsOfDifferences.index, low, high, block, first + 4);
  S.setVector(e, i, 0, S.vpair(e, result0, result1));
  return true;
}
