/**
 * Single-precision floating point: unprivileged specification, chapter 11. Operands in f registers are NaN-boxed.
 */
import { emit } from '../../ir/builder';
import { OP_LD32U, OP_ORI, OP_SEXT32, OP_ST32 } from '../../ir/ops.gen';
import { emitCall, mmuIndex, slotFd, slotFs1, slotFs2, slotRd, slotResult, slotRs1, ZERO } from './emit';
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
import { fieldImm, fieldSimm } from './fields.gen';
import {
  helperFaddS,
  helperFclassS,
  helperFcvtLS,
  helperFcvtLuS,
  helperFcvtSL,
  helperFcvtSLu,
  helperFcvtSW,
  helperFcvtSWu,
  helperFcvtWS,
  helperFcvtWuS,
  helperFdivS,
  helperFeqS,
  helperFleS,
  helperFltS,
  helperFmaddS,
  helperFmaxS,
  helperFminS,
  helperFmsubS,
  helperFmulS,
  helperFnmaddS,
  helperFnmsubS,
  helperFsgnjnS,
  helperFsgnjS,
  helperFsgnjxS,
  helperFsqrtS,
  helperFsubS,
} from './helpers-f';

/** The high half of a NaN-boxed single. */
const BOX: i64 = -0x100000000;

export function transFlw(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  const fd = slotFd(insn);
  emit(e, OP_LD32U, fd, slotRs1(insn), mmuIndex(e), <i64>fieldImm(insn));
  emit(e, OP_ORI, fd, fd, 0, BOX);
  markDirty(e);
  return true;
}

export function transFsw(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  emit(e, OP_ST32, slotFs2(insn), slotRs1(insn), mmuIndex(e), <i64>fieldSimm(insn));
  return true;
}

export function transFmaddS(e: usize, insn: u32): bool {
  return emitFused(e, insn, helperFmaddS.index, 0);
}

export function transFmsubS(e: usize, insn: u32): bool {
  return emitFused(e, insn, helperFmsubS.index, 0);
}

export function transFnmsubS(e: usize, insn: u32): bool {
  return emitFused(e, insn, helperFnmsubS.index, 0);
}

export function transFnmaddS(e: usize, insn: u32): bool {
  return emitFused(e, insn, helperFnmaddS.index, 0);
}

export function transFaddS(e: usize, insn: u32): bool {
  return emitArithmetic(e, insn, helperFaddS.index, 0);
}

export function transFsubS(e: usize, insn: u32): bool {
  return emitArithmetic(e, insn, helperFsubS.index, 0);
}

export function transFmulS(e: usize, insn: u32): bool {
  return emitArithmetic(e, insn, helperFmulS.index, 0);
}

export function transFdivS(e: usize, insn: u32): bool {
  return emitArithmetic(e, insn, helperFdivS.index, 0);
}

export function transFsqrtS(e: usize, insn: u32): bool {
  return emitRounded(e, insn, slotFd(insn), slotFs1(insn), ZERO, ZERO, helperFsqrtS.index, 0);
}

export function transFsgnjS(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotFd(insn), slotFs1(insn), slotFs2(insn), helperFsgnjS.index, 0);
}

export function transFsgnjnS(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotFd(insn), slotFs1(insn), slotFs2(insn), helperFsgnjnS.index, 0);
}

export function transFsgnjxS(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotFd(insn), slotFs1(insn), slotFs2(insn), helperFsgnjxS.index, 0);
}

export function transFminS(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotFd(insn), slotFs1(insn), slotFs2(insn), helperFminS.index, 0);
}

export function transFmaxS(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotFd(insn), slotFs1(insn), slotFs2(insn), helperFmaxS.index, 0);
}

export function transFleS(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotResult(e, insn), slotFs1(insn), slotFs2(insn), helperFleS.index, 0);
}

export function transFltS(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotResult(e, insn), slotFs1(insn), slotFs2(insn), helperFltS.index, 0);
}

export function transFeqS(e: usize, insn: u32): bool {
  return emitUnrounded(e, slotResult(e, insn), slotFs1(insn), slotFs2(insn), helperFeqS.index, 0);
}

export function transFclassS(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  emitCall(e, slotResult(e, insn), slotFs1(insn), ZERO, helperFclassS.index, 0);
  return true;
}

export function transFcvtWS(e: usize, insn: u32): bool {
  return emitToInteger(e, insn, helperFcvtWS.index);
}

export function transFcvtWuS(e: usize, insn: u32): bool {
  return emitToInteger(e, insn, helperFcvtWuS.index);
}

export function transFcvtLS(e: usize, insn: u32): bool {
  return emitToInteger(e, insn, helperFcvtLS.index);
}

export function transFcvtLuS(e: usize, insn: u32): bool {
  return emitToInteger(e, insn, helperFcvtLuS.index);
}

export function transFcvtSW(e: usize, insn: u32): bool {
  return emitFromInteger(e, insn, helperFcvtSW.index, 0);
}

export function transFcvtSWu(e: usize, insn: u32): bool {
  return emitFromInteger(e, insn, helperFcvtSWu.index, 0);
}

export function transFcvtSL(e: usize, insn: u32): bool {
  return emitFromInteger(e, insn, helperFcvtSL.index, 0);
}

export function transFcvtSLu(e: usize, insn: u32): bool {
  return emitFromInteger(e, insn, helperFcvtSLu.index, 0);
}

export function transFmvXW(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  const rd = slotRd(insn);
  if (rd != ZERO) emit(e, OP_SEXT32, rd, slotFs1(insn), 0, 0);
  return true;
}

export function transFmvWX(e: usize, insn: u32): bool {
  if (!fpEnabled(e)) return false;
  emit(e, OP_ORI, slotFd(insn), slotRs1(insn), 0, BOX);
  markDirty(e);
  return true;
}
