/** What the trans functions share: slots of operands, results that may be discarded, the ways out of a block. */
import {
  EMIT_BLOCK_PC,
  EMIT_CURSOR,
  EMIT_ENDED,
  EMIT_LENGTH,
  EMIT_MMU,
  EMIT_PC,
  EMIT_START,
  emit,
  emitTemp,
  helperWord,
  OP_A,
  OP_CODE,
  OP_IMM,
  OP_SIZE,
} from '../../ir/builder';
import { OP_CALL, OP_CALLX, OP_EXIT, OP_GOTO, OP_GOTOFAR, OP_MOV, OP_MOVI } from '../../ir/ops.gen';
import { EXIT_AGAIN } from '../../vcpu/state';
import { F, X } from './cpu';
import { fieldFd, fieldFs1, fieldFs2, fieldFs3, fieldRd, fieldRs1, fieldRs2 } from './fields.gen';

/** Slot of x0, which always holds 0. */
export const ZERO: u32 = X;

export function slotRd(insn: u32): u32 {
  return X + (fieldRd(insn) << 3);
}

export function slotRs1(insn: u32): u32 {
  return X + (fieldRs1(insn) << 3);
}

export function slotRs2(insn: u32): u32 {
  return X + (fieldRs2(insn) << 3);
}

export function slotFd(insn: u32): u32 {
  return F + (fieldFd(insn) << 3);
}

export function slotFs1(insn: u32): u32 {
  return F + (fieldFs1(insn) << 3);
}

export function slotFs2(insn: u32): u32 {
  return F + (fieldFs2(insn) << 3);
}

export function slotFs3(insn: u32): u32 {
  return F + (fieldFs3(insn) << 3);
}

/** Slot for a result that has to be computed even if rd is x0: a temporary then. */
export function slotResult(e: usize, insn: u32): u32 {
  const rd = slotRd(insn);
  return rd == ZERO ? emitTemp(e) : rd;
}

/** MMU index of this block's data accesses. */
export function mmuIndex(e: usize): u32 {
  return load<u32>(e, EMIT_MMU);
}

/** Address of the guest instruction that follows. */
export function nextPc(e: usize): u64 {
  return load<u64>(e, EMIT_PC) + <u64>load<u32>(e, EMIT_LENGTH);
}

export function emitMove(e: usize, to: u32, from: u32): void {
  if (to != from) emit(e, OP_MOV, to, from, 0, 0);
}

export function emitConstant(e: usize, to: u32, value: i64): void {
  emit(e, OP_MOVI, to, 0, 0, value);
}

/**
 * Address of the last operation of the block if it loads a constant into `slot`, else 0. Nothing can branch past it: the
 * operation after it is about to be emitted, and no instruction ends with a constant that it may skip.
 */
export function emittedConstant(e: usize, slot: u32): usize {
  const last: usize = load<u32>(e, EMIT_CURSOR) - OP_SIZE;
  if (last < <usize>load<u32>(e, EMIT_START)) return 0;
  return load<u16>(last, OP_CODE) == OP_MOVI && load<u16>(last, OP_A) == slot ? last : 0;
}

/** Value of the constant at `at`, an address from emittedConstant. */
export function constantAt(at: usize): i64 {
  return load<i64>(at, OP_IMM);
}

/**
 * The result of an instruction that changes the register `slot`, just loaded with the constant at `at`, to another constant: the
 * intermediate value is never observable, since nothing that traps lies between.
 */
export function replaceConstant(at: usize, value: i64): void {
  store<i64>(at, value, OP_IMM);
}

/** Calls a helper that cannot raise and touches nothing but its operands and the accrued floating-point flags. */
export function emitCall(e: usize, to: u32, b: u32, c: u32, helper: u32, immediate: u32): void {
  emit(e, OP_CALL, to, b, c, helperWord(helper, 0, immediate));
}

/** Calls a helper that may raise or change any state. */
export function emitCallEffect(e: usize, to: u32, b: u32, c: u32, helper: u32, immediate: u32): void {
  emit(e, OP_CALLX, to, b, c, helperWord(helper, 0, immediate));
}

/** Goes on at `pc` through this block's exit 0 or 1, which can be chained while `pc` lies in the block's first page. */
export function emitGoto(e: usize, exitIndex: u32, pc: u64): void {
  if ((pc ^ load<u64>(e, EMIT_BLOCK_PC)) >> 12 == 0) emit(e, OP_GOTO, exitIndex, 0, 0, <i64>pc);
  else emit(e, OP_GOTOFAR, 0, 0, 0, <i64>pc);
}

/** Ends the block: the run loop looks at interrupts and flags, then goes on at `pc`. */
export function emitExit(e: usize, reason: u32, pc: u64): void {
  emit(e, OP_EXIT, reason, 0, 0, <i64>pc);
  store<u32>(e, 1, EMIT_ENDED);
}

/** Ends the block after a helper that always raises. */
export function emitUnreachable(e: usize): void {
  emitExit(e, EXIT_AGAIN, load<u64>(e, EMIT_PC));
}

export function endBlock(e: usize): void {
  store<u32>(e, 1, EMIT_ENDED);
}
