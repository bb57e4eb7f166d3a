/**
 * Double-precision floating point: unprivileged specification, chapter 12.
 */
import {
  emit,
  emitTemp,
  FLOAT_ADD,
  FLOAT_DIV,
  FLOAT_EQ,
  FLOAT_FMADD,
  FLOAT_FMSUB,
  FLOAT_FNMADD,
  FLOAT_FNMSUB,
  FLOAT_FROM_I32,
  FLOAT_FROM_U32,
  FLOAT_LE,
  FLOAT_LT,
  FLOAT_MUL,
  FLOAT_SQRT,
  FLOAT_SUB,
} from '../../ir/builder';
import { OP_ANDI, OP_LD64, OP_ST64, OP_XNOR, OP_XOR, OP_XORI } from '../../ir/ops.gen';
import {
  emitCall,
  emitMove,
  mmuIndex,
  slotFd,
  slotFs1,
  slotFs2,
  slotRd,
  slotResult,
  slotRs1,
  ZERO,
} from './emit';
import {
  emitArithmetic,
  emitFromInteger,
  emitFused,
  emitRounded,
  emitToInteger,
  emitUnrounded,
  fpEnabled,
  markDirty,
} from './emit-fp';
import { fieldFs1, fieldFs2, fieldImm, fieldSimm } from './fields.gen';
import {
  helperFaddD,
  helperFclassD,
  helperFcvtDL,
  helperFcvtDLu,
  helperFcvtDS,
  helperFcvtDW,
  helperFcvtDWu,
  helperFcvtLD,
  helperFcvtLuD,
  helperFcvtSD,
  helperFcvtWD,
  helperFcvtWuD,
  helperFdivD,
  helperFeqD,
  helperFleD,
  helperFltD,
  helperFmaddD,
  helperFmaxD,
  helperFminD,
  helperFmsubD,
  helperFmulD,
  helperFnmaddD,
  helperFnmsubD,
  helperFsqrtD,
  helperFsubD,
} from './helpers-d';

const SIGN: i64 = i64.MIN_VALUE;

/** fd = fs1 with its sign changed where fs1 op fs2 has the sign bit set. */
function emitSign(e: usize, insn: u32, op: u32): void {
  const sign = emitTemp(e);
  emit(e, op, sign, slotFs1(insn), slotFs2(insn), 0);
  emit(e, OP_ANDI, sign, sign, 0, SIGN);
  emit(e, OP_XOR, slotFd(insn), slotFs1(insn), sign, 0);
}

export function transFld(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  emit(e, OP_LD64, slotFd(insn), slotRs1(insn), mmuIndex(e), <i64>fieldImm(insn));
  markDirty(e);
  return true;
}

export function transFsd(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  emit(e, OP_ST64, slotFs2(insn), slotRs1(insn), mmuIndex(e), <i64>fieldSimm(insn));
  return true;
}

export function transFmaddD(e: usize, insn: u32): bool {
  return emitFused(e, insn, helperFmaddD.index, FLOAT_FMADD);
}

export function transFmsubD(e: usize, insn: u32): bool {
  return emitFused(e, insn, helperFmsubD.index, FLOAT_FMSUB);
}

export function transFnmsubD(e: usize, insn: u32): bool {
  return emitFused(e, insn, helperFnmsubD.index, FLOAT_FNMSUB);
}

export function transFnmaddD(e: usize, insn: u32): bool {
  return emitFused(e, insn, helperFnmaddD.index, FLOAT_FNMADD);
}

export function transFaddD(e: usize, insn: u32): bool {
  return emitArithmetic(e, insn, helperFaddD.index, FLOAT_ADD);
}

export function transFsubD(e: usize, insn: u32): bool {
  return emitArithmetic(e, insn, helperFsubD.index, FLOAT_SUB);
}

export function transFmulD(e: usize, insn: u32): bool {
  return emitArithmetic(e, insn, helperFmulD.index, FLOAT_MUL);
}

export function transFdivD(e: usize, insn: u32): bool {
  return emitArithmetic(e, insn, helperFdivD.index, FLOAT_DIV);
}

export function transFsqrtD(e: usize, insn: u32): bool {
  return emitRounded(e, insn, slotFd(insn), slotFs1(insn), ZERO, ZERO, helperFsqrtD.index, FLOAT_SQRT);
}

/** Covers the pseudo-instruction fmv.d. */
export function transFsgnjD(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  if (fieldFs1(insn) == fieldFs2(insn)) emitMove(e, slotFd(insn), slotFs1(insn));
  else emitSign(e, insn, OP_XOR);
  markDirty(e);
  return true;
}

/** Covers the pseudo-instruction fneg.d. */
export function transFsgnjnD(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  if (fieldFs1(insn) == fieldFs2(insn)) emit(e, OP_XORI, slotFd(insn), slotFs1(insn), 0, SIGN);
  else emitSign(e, insn, OP_XNOR);
  markDirty(e);
  return true;
}

/** Covers the pseudo-instruction fabs.d. */
export function transFsgnjxD(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  if (fieldFs1(insn) == fieldFs2(insn)) {
    emit(e, OP_ANDI, slotFd(insn), slotFs1(insn), 0, ~SIGN);
  } else {
    const sign = emitTemp(e);
    emit(e, OP_ANDI, sign, slotFs2(insn), 0, SIGN);
    emit(e, OP_XOR, slotFd(insn), slotFs1(insn), sign, 0);
  }
  markDirty(e);
  return true;
}

export function transFminD(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotFd(insn), slotFs1(insn), slotFs2(insn), helperFminD.index, 0);
}

export function transFmaxD(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotFd(insn), slotFs1(insn), slotFs2(insn), helperFmaxD.index, 0);
}

export function transFleD(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotResult(e, insn), slotFs1(insn), slotFs2(insn), helperFleD.index, FLOAT_LE);
}

export function transFltD(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotResult(e, insn), slotFs1(insn), slotFs2(insn), helperFltD.index, FLOAT_LT);
}

export function transFeqD(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotResult(e, insn), slotFs1(insn), slotFs2(insn), helperFeqD.index, FLOAT_EQ);
}

export function transFclassD(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  emitCall(e, slotResult(e, insn), slotFs1(insn), ZERO, helperFclassD.index, 0);
  return true;
}

export function transFcvtWD(e: usize, insn: u32): bool {
  return emitToInteger(e, insn, helperFcvtWD.index);
}

export function transFcvtWuD(e: usize, insn: u32): bool {
  return emitToInteger(e, insn, helperFcvtWuD.index);
}

export function transFcvtLD(e: usize, insn: u32): bool {
  return emitToInteger(e, insn, helperFcvtLD.index);
}

export function transFcvtLuD(e: usize, insn: u32): bool {
  return emitToInteger(e, insn, helperFcvtLuD.index);
}

export function transFcvtDW(e: usize, insn: u32): bool {
  return emitFromInteger(e, insn, helperFcvtDW.index, FLOAT_FROM_I32);
}

export function transFcvtDWu(e: usize, insn: u32): bool {
  return emitFromInteger(e, insn, helperFcvtDWu.index, FLOAT_FROM_U32);
}

export function transFcvtDL(e: usize, insn: u32): bool {
  return emitFromInteger(e, insn, helperFcvtDL.index, 0);
}

export function transFcvtDLu(e: usize, insn: u32): bool {
  return emitFromInteger(e, insn, helperFcvtDLu.index, 0);
}

export function transFmvXD(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  const rd = slotRd(insn);
  if (rd != ZERO) emitMove(e, rd, slotFs1(insn));
  return true;
}

export function transFmvDX(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  emitMove(e, slotFd(insn), slotRs1(insn));
  markDirty(e);
  return true;
}

export function transFcvtSD(e: usize, insn: u32): bool {
  return emitRounded(e, insn, slotFd(insn), slotFs1(insn), ZERO, ZERO, helperFcvtSD.index, 0);
}

export function transFcvtDS(e: usize, insn: u32): bool {
  return emitRounded(e, insn, slotFd(insn), slotFs1(insn), ZERO, ZERO, helperFcvtDS.index, 0);
}
