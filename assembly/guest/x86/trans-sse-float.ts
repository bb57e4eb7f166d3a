/** Arithmetic and comparisons of SSE: helpers compute them, one lane or all. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as V from '../../ir/vector-ops';
import * as C from './cc';
import * as X from './cpu';
import { emitCall, emitConstant } from './emit';
import { setCcOp } from './emit-cc';
import * as S from './emit-sse';
import {
  helperComisd,
  helperComiss,
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

/** All lanes of both operands. */
function packed(e: usize, i: usize, double: bool, op: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getVector(e, i, 1);
  const to = S.xmmOperand(i, 0);
  lanes(e, to, to, c, double, op);
  return true;
}

/** to = b ∘ c in all lanes. `op` is an SSE_* operation. */
function lanes(e: usize, to: u32, b: u32, c: u32, double: bool, op: u32): void {
  S.emitPacked(
    e,
    to,
    b,
    c,
    double ? helperF64x2.index : helperF32x4.index,
    kindOf(op) | (double ? 0 : B.FLOAT_SINGLE) | op,
  );
}

/** The kind of `callfv`. */
function kindOf(op: u32): u32 {
  if (op <= SSE_SQRT) return B.FLOAT_ADD + (op << 8);
  if (op == SSE_MIN) return B.VECTOR_MIN;
  if (op == SSE_MAX) return B.VECTOR_MAX;
  return op == SSE_ADDSUB ? B.VECTOR_ADDSUB : B.VECTOR_COMPARE + ((op - SSE_CMP) << 8);
}

/** Neighbours of both operands: even lanes ∘ odd lanes. */
function horizontal(e: usize, i: usize, double: bool, op: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getVector(e, i, 1);
  const to = S.xmmOperand(i, 0);
  neighbours(e, to, to, c, double, op);
  return true;
}

function neighbours(e: usize, to: u32, b: u32, c: u32, double: bool, op: u32): void {
  const even = S.vshuf(e, b, c, double ? S.lanes32(0, 1, 4, 5) : S.lanes32(0, 2, 4, 6));
  const odd = S.vshuf(e, b, c, double ? S.lanes32(2, 3, 6, 7) : S.lanes32(1, 3, 5, 7));
  lanes(e, to, even, odd, double, op);
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
  return packed(e, i, false, SSE_ADD);
}

export function transAddpd(e: usize, i: usize): bool {
  return packed(e, i, true, SSE_ADD);
}

export function transSubss(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF32.index, B.FLOAT_SINGLE | B.FLOAT_SUB | SSE_SUB);
}

export function transSubsd(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF64.index, B.FLOAT_SUB | SSE_SUB);
}

export function transSubps(e: usize, i: usize): bool {
  return packed(e, i, false, SSE_SUB);
}

export function transSubpd(e: usize, i: usize): bool {
  return packed(e, i, true, SSE_SUB);
}

export function transMulss(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF32.index, B.FLOAT_SINGLE | B.FLOAT_MUL | SSE_MUL);
}

export function transMulsd(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF64.index, B.FLOAT_MUL | SSE_MUL);
}

export function transMulps(e: usize, i: usize): bool {
  return packed(e, i, false, SSE_MUL);
}

export function transMulpd(e: usize, i: usize): bool {
  return packed(e, i, true, SSE_MUL);
}

export function transDivss(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF32.index, B.FLOAT_SINGLE | B.FLOAT_DIV | SSE_DIV);
}

export function transDivsd(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF64.index, B.FLOAT_DIV | SSE_DIV);
}

export function transDivps(e: usize, i: usize): bool {
  return packed(e, i, false, SSE_DIV);
}

export function transDivpd(e: usize, i: usize): bool {
  return packed(e, i, true, SSE_DIV);
}

export function transSqrtss(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF32.index, B.FLOAT_SINGLE | B.FLOAT_SQRT | SSE_SQRT);
}

export function transSqrtsd(e: usize, i: usize): bool {
  return arithmetic(e, i, helperF64.index, B.FLOAT_SQRT | SSE_SQRT);
}

export function transSqrtps(e: usize, i: usize): bool {
  return packed(e, i, false, SSE_SQRT);
}

export function transSqrtpd(e: usize, i: usize): bool {
  return packed(e, i, true, SSE_SQRT);
}

export function transMinss(e: usize, i: usize): bool {
  return scalar(e, i, helperF32.index, SSE_MIN);
}

export function transMinsd(e: usize, i: usize): bool {
  return scalar(e, i, helperF64.index, SSE_MIN);
}

export function transMinps(e: usize, i: usize): bool {
  return packed(e, i, false, SSE_MIN);
}

export function transMinpd(e: usize, i: usize): bool {
  return packed(e, i, true, SSE_MIN);
}

export function transMaxss(e: usize, i: usize): bool {
  return scalar(e, i, helperF32.index, SSE_MAX);
}

export function transMaxsd(e: usize, i: usize): bool {
  return scalar(e, i, helperF64.index, SSE_MAX);
}

export function transMaxps(e: usize, i: usize): bool {
  return packed(e, i, false, SSE_MAX);
}

export function transMaxpd(e: usize, i: usize): bool {
  return packed(e, i, true, SSE_MAX);
}

/** Predicates 0 to 7; the immediate's other bits mean nothing without VEX. */
export function transCmpss(e: usize, i: usize): bool {
  return scalar(e, i, helperF32.index, SSE_CMP + (S.immediate(i) & 7));
}

export function transCmpsd(e: usize, i: usize): bool {
  return scalar(e, i, helperF64.index, SSE_CMP + (S.immediate(i) & 7));
}

export function transCmpps(e: usize, i: usize): bool {
  return packed(e, i, false, SSE_CMP + (S.immediate(i) & 7));
}

export function transCmppd(e: usize, i: usize): bool {
  return packed(e, i, true, SSE_CMP + (S.immediate(i) & 7));
}

export function transAddsubps(e: usize, i: usize): bool {
  return packed(e, i, false, SSE_ADDSUB);
}

export function transAddsubpd(e: usize, i: usize): bool {
  return packed(e, i, true, SSE_ADDSUB);
}

export function transHaddps(e: usize, i: usize): bool {
  return horizontal(e, i, false, SSE_ADD);
}

export function transHsubps(e: usize, i: usize): bool {
  return horizontal(e, i, false, SSE_SUB);
}

export function transHaddpd(e: usize, i: usize): bool {
  return horizontal(e, i, true, SSE_ADD);
}

export function transHsubpd(e: usize, i: usize): bool {
  return horizontal(e, i, true, SSE_SUB);
}

/** A lane of all ones for each bit. */
function laneMask(e: usize, bits: u32, double: bool): u32 {
  const width: u32 = double ? 64 : 32;
  const ones = <u64>-1 >> (64 - width);
  const low = double ? (bits & 1 ? ones : 0) : (bits & 1 ? ones : 0) | (bits & 2 ? ones << 32 : 0);
  const high = double ? (bits & 2 ? ones : 0) : (bits & 4 ? ones : 0) | (bits & 8 ? ones << 32 : 0);
  return S.vpair(e, emitConstant(e, low), emitConstant(e, high));
}

/** Products that are not asked for are 0 times 0; those that are raise before the sums do. SDM 2, DPPS. */
function dotProduct(e: usize, i: usize, double: bool): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getVector(e, i, 1);
  const to = S.xmmOperand(i, 0);
  const wanted = laneMask(e, S.immediate(i) >> 4, double);
  const sum = B.emitTempV(e);
  lanes(e, sum, S.vbin(e, V.V_V128_AND, to, wanted), S.vbin(e, V.V_V128_AND, c, wanted), double, SSE_MUL);
  neighbours(e, sum, sum, sum, double, SSE_ADD);
  if (!double) neighbours(e, sum, sum, sum, double, SSE_ADD);
  S.setVector(e, i, 0, S.vbin(e, V.V_V128_AND, sum, laneMask(e, S.immediate(i), double)));
  return true;
}

export function transDpps(e: usize, i: usize): bool {
  return dotProduct(e, i, false);
}

export function transDppd(e: usize, i: usize): bool {
  return dotProduct(e, i, true);
}
