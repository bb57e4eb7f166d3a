/** What the trans functions of F and D share: when they are illegal, and the state they leave dirty. */
import { EMIT_FLAGS, EMIT_GUEST, emit, helperWord } from '../../ir/builder';
import { OP_CALL, OP_CALLF, OP_MOVI } from '../../ir/ops.gen';
import { FLAG_FP_OFF, FLAG_FRM_INVALID, HART_FS } from './cpu';
import { slotFd, slotFs1, slotFs2, slotFs3, slotResult, slotRs1, ZERO } from './emit';
import { fieldRm } from './fields.gen';
import { RM_DYNAMIC } from './helpers-fp';

/** Highest rounding mode of an rm field; 5 and 6 are reserved. */
const RM_LAST: u32 = 4;

const FS_DIRTY: i64 = 3;

/** Bit of EMIT_GUEST: the block has marked the floating-point state dirty. */
const GUEST_DIRTY: u32 = 1;

/** Whether mstatus.FS lets floating-point instructions run. */
export function fpEnabled(e: usize): bool {
  return (load<u32>(e, EMIT_FLAGS) & FLAG_FP_OFF) == 0;
}

/** Whether the instruction's rounding mode, given or taken from frm, is a valid one. */
export function roundingIsValid(e: usize, insn: u32): bool {
  const rm = fieldRm(insn);
  return rm <= RM_LAST || (rm == RM_DYNAMIC && (load<u32>(e, EMIT_FLAGS) & FLAG_FRM_INVALID) == 0);
}

/** To be called after whatever of the instruction may trap. */
export function markDirty(e: usize): void {
  const guest = load<u32>(e, EMIT_GUEST);
  if (guest & GUEST_DIRTY) return;
  emit(e, OP_MOVI, HART_FS, 0, 0, FS_DIRTY);
  store<u32>(e, guest | GUEST_DIRTY, EMIT_GUEST);
}

/** to = helper(b, c, third), rounded as the instruction says. `kind` is a FLOAT_* of ir/builder.ts if the helper does one of these, or 0. */
export function emitRounded(
  e: usize,
  insn: u32,
  to: u32,
  b: u32,
  c: u32,
  third: u32,
  helper: u32,
  kind: u32,
): bool {
  if (!fpEnabled(e) || !roundingIsValid(e, insn)) return false;
  emit(e, kind != 0 ? OP_CALLF : OP_CALL, to, b, c, helperWord(helper, third, kind | fieldRm(insn)));
  markDirty(e);
  return true;
}

/** to = helper(b, c), where no rounding happens; it may raise floating-point flags. */
export function emitUnrounded(e: usize, to: u32, b: u32, c: u32, helper: u32, kind: u32): bool {
  if (!fpEnabled(e)) return false;
  emit(e, kind != 0 ? OP_CALLF : OP_CALL, to, b, c, helperWord(helper, ZERO, kind));
  markDirty(e);
  return true;
}

export function emitArithmetic(e: usize, insn: u32, helper: u32, kind: u32): bool {
  return emitRounded(e, insn, slotFd(insn), slotFs1(insn), slotFs2(insn), ZERO, helper, kind);
}

export function emitFused(e: usize, insn: u32, helper: u32, kind: u32): bool {
  return emitRounded(e, insn, slotFd(insn), slotFs1(insn), slotFs2(insn), slotFs3(insn), helper, kind);
}

export function emitToInteger(e: usize, insn: u32, helper: u32): bool {
  return emitRounded(e, insn, slotResult(e, insn), slotFs1(insn), ZERO, ZERO, helper, 0);
}

export function emitFromInteger(e: usize, insn: u32, helper: u32, kind: u32): bool {
  return emitRounded(e, insn, slotFd(insn), slotRs1(insn), ZERO, ZERO, helper, kind);
}
