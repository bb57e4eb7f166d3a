/** Arithmetic and comparisons of SSE: helpers compute them, one lane or all. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import { emitCall } from './emit';
import { setCcOp } from './emit-cc';
import * as S from './emit-sse';
import {
  helperComisd,
  helperComiss,
  helperDotProduct,
  helperF32,
  helperF32x4,
  helperF64,
  helperF64x2,
  SSE_ADD,
  SSE_ADDSUB,
  SSE_CMP,
  SSE_DIV,
  SSE_MAX,
  SSE_MIN,
  SSE_MUL,
  SSE_SQRT,
  SSE_SUB,
} from './helpers-sse-float';

/** The low lane of both operands; the rest of operand 0 stays. */
function scalar(e: usize, i: usize, helper: u32, op: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getLow(e, i, 1);
  const to = S.xmmOperand(i, 0);
  const result = emitCall(e, O.OP_CALLX, helper, S.vget(e, to, 0), c, 0, op);
  B.emit(e, O.OP_VSET64, to, to, result, 0);
  return true;
}

/** The same of what the backend computes inline where it can. */
function arithmetic(e: usize, i: usize, helper: u32, immediate: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getLow(e, i, 1);
  const to = S.xmmOperand(i, 0);
  const old = S.vget(e, to, 0);
  const b = (immediate & B.FLOAT_KIND) == B.FLOAT_SQRT ? c : old;
  const result = emitCall(e, O.OP_CALLFX, helper, b, c, old, immediate);
  B.emit(e, O.OP_VSET64, to, to, result, 0);
  return true;
}

/** All lanes, in SSE_A and SSE_B. */
function packed(e: usize, i: usize, helper: u32, op: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  return packedOn(e, i, S.xmmOperand(i, 0), S.getVector(e, i, 1), helper, op);
}

function packedOn(e: usize, i: usize, b: u32, c: u32, helper: u32, op: u32): bool {
  B.emit(e, O.OP_VMOV, X.SSE_A, b, 0, 0);
  B.emit(e, O.OP_VMOV, X.SSE_B, c, 0, 0);
  emitCall(e, O.OP_CALLX, helper, 0, 0, 0, op);
  B.emit(e, O.OP_VMOV, S.xmmOperand(i, 0), X.SSE_A, 0, 0);
  return true;
}

/** Neighbours of both operands: even lanes ∘ odd lanes. */
function horizontal(e: usize, i: usize, helper: u32, op: u32, even: i64, odd: i64): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getVector(e, i, 1);
  const b = S.xmmOperand(i, 0);
  return packedOn(e, i, S.vshuf(e, b, c, even), S.vshuf(e, b, c, odd), helper, op);
}

function ordered(e: usize, i: usize, helper: u32, quiet: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getLow(e, i, 1);
  const flags = emitCall(e, O.OP_CALLX, helper, S.vget(e, S.xmmOperand(i, 0), 0), c, 0, quiet);
  B.emit(e, O.OP_MOV, X.CC_SRC, flags, 0, 0);
  setCcOp(e, C.CC_EFLAGS);
  return true;
}

export function transUcomiss(e: usize, i: usize): bool {
  return ordered(e, i, helperComiss.index, 1);
}

export function transComiss(e: usize, i: usize): bool {
  return ordered(e, i, helperComiss.index, 0);
}

export function transUcomisd(e: usize, i: usize): bool {
  return ordered(e, i, helperComisd.index, 1);
}

export function transComisd(e: usize, i: usize): bool {
  return ordered(e, i, helperComisd.index, 0);
}

export function transAddss(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF32.index, B.FLOAT_SINGLE | B.FLOAT_ADD | SSE_ADD);
}

export function transAddsd(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF64.index, B.FLOAT_ADD | SSE_ADD);
}

export function transAddps(e: usize, i: usize): bool {
  return packed(e, i, helperF32x4.index, SSE_ADD);
}

export function transAddpd(e: usize, i: usize): bool {
  return packed(e, i, helperF64x2.index, SSE_ADD);
}

export function transSubss(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF32.index, B.FLOAT_SINGLE | B.FLOAT_SUB | SSE_SUB);
}

export function transSubsd(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF64.index, B.FLOAT_SUB | SSE_SUB);
}

export function transSubps(e: usize, i: usize): bool {
  return packed(e, i, helperF32x4.index, SSE_SUB);
}

export function transSubpd(e: usize, i: usize): bool {
  return packed(e, i, helperF64x2.index, SSE_SUB);
}

export function transMulss(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF32.index, B.FLOAT_SINGLE | B.FLOAT_MUL | SSE_MUL);
}

export function transMulsd(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF64.index, B.FLOAT_MUL | SSE_MUL);
}

export function transMulps(e: usize, i: usize): bool {
  return packed(e, i, helperF32x4.index, SSE_MUL);
}

export function transMulpd(e: usize, i: usize): bool {
  return packed(e, i, helperF64x2.index, SSE_MUL);
}

export function transDivss(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF32.index, B.FLOAT_SINGLE | B.FLOAT_DIV | SSE_DIV);
}

export function transDivsd(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF64.index, B.FLOAT_DIV | SSE_DIV);
}

export function transDivps(e: usize, i: usize): bool {
  return packed(e, i, helperF32x4.index, SSE_DIV);
}

export function transDivpd(e: usize, i: usize): bool {
  return packed(e, i, helperF64x2.index, SSE_DIV);
}

export function transSqrtss(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF32.index, B.FLOAT_SINGLE | B.FLOAT_SQRT | SSE_SQRT);
}

export function transSqrtsd(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF64.index, B.FLOAT_SQRT | SSE_SQRT);
}

export function transSqrtps(e: usize, i: usize): bool {
  return packed(e, i, helperF32x4.index, SSE_SQRT);
}

export function transSqrtpd(e: usize, i: usize): bool {
  return packed(e, i, helperF64x2.index, SSE_SQRT);
}

export function transMinss(e: usize, i: usize): bool {
  return scalar(e, i, helperF32.index, SSE_MIN);
}

export function transMinsd(e: usize, i: usize): bool {
  return scalar(e, i, helperF64.index, SSE_MIN);
}

export function transMinps(e: usize, i: usize): bool {
  return packed(e, i, helperF32x4.index, SSE_MIN);
}

export function transMinpd(e: usize, i: usize): bool {
  return packed(e, i, helperF64x2.index, SSE_MIN);
}

export function transMaxss(e: usize, i: usize): bool {
  return scalar(e, i, helperF32.index, SSE_MAX);
}

export function transMaxsd(e: usize, i: usize): bool {
  return scalar(e, i, helperF64.index, SSE_MAX);
}

export function transMaxps(e: usize, i: usize): bool {
  return packed(e, i, helperF32x4.index, SSE_MAX);
}

export function transMaxpd(e: usize, i: usize): bool {
  return packed(e, i, helperF64x2.index, SSE_MAX);
}

/** Predicates 0 to 7; the immediate's other bits mean nothing without VEX. */
export function transCmpss(e: usize, i: usize): bool {
  return scalar(e, i, helperF32.index, SSE_CMP + (S.immediate(i) & 7));
}

export function transCmpsd(e: usize, i: usize): bool {
  return scalar(e, i, helperF64.index, SSE_CMP + (S.immediate(i) & 7));
}

export function transCmpps(e: usize, i: usize): bool {
  return packed(e, i, helperF32x4.index, SSE_CMP + (S.immediate(i) & 7));
}

export function transCmppd(e: usize, i: usize): bool {
  return packed(e, i, helperF64x2.index, SSE_CMP + (S.immediate(i) & 7));
}

export function transAddsubps(e: usize, i: usize): bool {
  return packed(e, i, helperF32x4.index, SSE_ADDSUB);
}

export function transAddsubpd(e: usize, i: usize): bool {
  return packed(e, i, helperF64x2.index, SSE_ADDSUB);
}

export function transHaddps(e: usize, i: usize): bool {
  return horizontal(e, i, helperF32x4.index, SSE_ADD, S.lanes32(0, 2, 4, 6), S.lanes32(1, 3, 5, 7));
}

export function transHsubps(e: usize, i: usize): bool {
  return horizontal(e, i, helperF32x4.index, SSE_SUB, S.lanes32(0, 2, 4, 6), S.lanes32(1, 3, 5, 7));
}

export function transHaddpd(e: usize, i: usize): bool {
  return horizontal(e, i, helperF64x2.index, SSE_ADD, S.lanes32(0, 1, 4, 5), S.lanes32(2, 3, 6, 7));
}

export function transHsubpd(e: usize, i: usize): bool {
  return horizontal(e, i, helperF64x2.index, SSE_SUB, S.lanes32(0, 1, 4, 5), S.lanes32(2, 3, 6, 7));
}

export function transDpps(e: usize, i: usize): bool {
  return packed(e, i, helperDotProduct.index, S.immediate(i));
}

export function transDppd(e: usize, i: usize): bool {
  return packed(e, i, helperDotProduct.index, S.immediate(i) | 256);
}
