/**
 * Lazy flags as the frontend emits them: what an instruction leaves behind (cc.ts), and conditions made from it. The kind of the last flags is
 * tracked while a block is translated (low half of EMIT_GUEST), so that `cmp` and a jump after it become one comparison.
 */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import { emit1, emit2, emitCall, emitConstant, emitMove, emitSext } from './emit';

/** CC_OP if it is known, else UNKNOWN. */
const UNKNOWN: u32 = 0xff;

export function ccKnown(e: usize): u32 {
  const known = <u32>load<u16>(e, B.EMIT_GUEST);
  return known == 0 ? UNKNOWN : known - 1;
}

export function ccIsKnown(e: usize): bool {
  return load<u16>(e, B.EMIT_GUEST) != 0;
}

/** Says how the flags follow from CC_DST and CC_SRC from here on. */
export function setCcOp(e: usize, op: u32): void {
  if (ccKnown(e) != op) B.emit(e, O.OP_MOVI, X.CC_OP, 0, 0, op);
  store<u16>(e, op + 1, B.EMIT_GUEST);
}

/** A helper may have changed it. */
export function forgetCcOp(e: usize): void {
  store<u16>(e, 0, B.EMIT_GUEST);
}

/** Flags of a clean result without carry and overflow. */
export function setCcLogic(e: usize, result: u32, size: u32): void {
  B.emit(e, O.OP_MOV, X.CC_DST, result, 0, 0);
  setCcOp(e, C.CC_LOGIC | size);
}

/** All arithmetic flags in a slot, at their places in EFLAGS. */
export function emitFlags(e: usize): u32 {
  const known = ccKnown(e);
  if (known == C.CC_EFLAGS) return X.CC_SRC;
  const kind = known & C.CC_KIND_MASK;
  let how: u32;
  if (known == UNKNOWN) {
    how = emit2(e, O.OP_OR, emit1(e, O.OP_SHLI, X.CC_SRC2, 8), X.CC_OP);
  } else if (kind == C.CC_ADC || kind == C.CC_SBB) {
    how = emit1(e, O.OP_ORI, emit1(e, O.OP_SHLI, X.CC_SRC2, 8), known);
  } else how = emitConstant(e, known);
  return emitCall(e, O.OP_CALLP, C.helperFlags.index, X.CC_DST, X.CC_SRC, how, 0);
}

/** Computes the flags now, for instructions that change some of them and keep the rest: CC_SRC holds them afterwards. */
export function materialiseFlags(e: usize): void {
  if (ccKnown(e) == C.CC_EFLAGS) return;
  B.emit(e, O.OP_MOV, X.CC_SRC, emitFlags(e), 0, 0);
  setCcOp(e, C.CC_EFLAGS);
}

/** CF as 0 or 1. */
export function emitCarry(e: usize): u32 {
  const known = ccKnown(e);
  if (known != UNKNOWN) {
    const size = known & C.CC_SIZE_MASK;
    switch (known & C.CC_KIND_MASK) {
      case C.CC_ADD:
      case C.CC_SUB:
        return emit2(e, O.OP_LTU, X.CC_DST, X.CC_SRC);
      case C.CC_LOGIC:
        return X.ZERO;
      case C.CC_INC:
      case C.CC_DEC:
        return X.CC_SRC;
      case C.CC_SHL:
        return emit1(e, O.OP_EXTRACT, X.CC_SRC, B.bitField((8 << size) - 1, 1));
      case C.CC_EFLAGS:
      case C.CC_SHR:
      case C.CC_SAR:
        return emit1(e, O.OP_ANDI, X.CC_SRC, 1);
      case C.CC_MUL:
      case C.CC_BLSI:
        return emit1(e, O.OP_NEI, X.CC_SRC, 0);
      case C.CC_BLSR:
        return emit1(e, O.OP_EQI, X.CC_SRC, 0);
    }
  }
  return emit1(e, O.OP_ANDI, emitFlags(e), X.FLAG_CF);
}

/** Replaces CF by a slot with 0 or 1, and keeps ZF; the other flags are undefined, for bit tests. */
export function setCarry(e: usize, carry: u32): void {
  const known = ccKnown(e);
  const kind = known & C.CC_KIND_MASK;
  const size = known & C.CC_SIZE_MASK;
  if (known == UNKNOWN || kind == C.CC_EFLAGS || kind == C.CC_SBB) {
    materialiseFlags(e);
    B.emit(e, O.OP_DEPOSIT, X.CC_SRC, X.CC_SRC, carry, B.bitField(0, 1));
    return;
  }
  // As after an increment: ZF from the result in CC_DST, CF in CC_SRC.
  if (kind == C.CC_SUB) B.emit(e, O.OP_XOR, X.CC_DST, X.CC_DST, X.CC_SRC, 0);
  emitMove(e, X.CC_SRC, carry);
  setCcOp(e, C.CC_INC | size);
}

/** A condition is a comparison of two slots: operation of a branch, b, c. */
const COND_OP: usize = 0x70;
const COND_B: usize = 0x72;
const COND_C: usize = 0x74;

function compare(i: usize, op: u32, b: u32, c: u32): void {
  store<u16>(i, op, COND_OP);
  store<u16>(i, b, COND_B);
  store<u16>(i, c, COND_C);
}

/** Conditions without their lowest bit, which negates them. */
const OVERFLOW: u32 = 0;
const BELOW: u32 = 1;
const EQUAL: u32 = 2;
const BELOW_EQUAL: u32 = 3;
const SIGN: u32 = 4;
const PARITY: u32 = 5;
const LESS: u32 = 6;
const LESS_EQUAL: u32 = 7;

/** Emits what a condition (the low four bits of Jcc, SETcc and CMOVcc) needs, and notes the comparison in the record. */
function emitCondition(e: usize, i: usize, condition: u32): void {
  const base = (condition >> 1) & 7;
  if (!fromOperands(e, i, base)) fromFlags(e, i, base);
  if (condition & 1) store<u16>(i, opposite(load<u16>(i, COND_OP)), COND_OP);
}

function opposite(op: u32): u32 {
  switch (op) {
    case O.OP_BEQ:
      return O.OP_BNE;
    case O.OP_BNE:
      return O.OP_BEQ;
    case O.OP_BLTS:
      return O.OP_BGES;
    case O.OP_BGES:
      return O.OP_BLTS;
    case O.OP_BLTU:
      return O.OP_BGEU;
  }
  return O.OP_BLTU;
}

/** The comparison without the flags, where there is one. */
function fromOperands(e: usize, i: usize, base: u32): bool {
  const known = ccKnown(e);
  if (known == UNKNOWN) return false;
  const kind = known & C.CC_KIND_MASK;
  const size = known & C.CC_SIZE_MASK;
  if (kind == C.CC_SUB) return fromSubtraction(e, i, base, size);
  if (kind == C.CC_EFLAGS || kind == C.CC_SBB) return false;
  if (base == EQUAL) {
    compare(i, O.OP_BEQ, X.CC_DST, X.ZERO);
    return true;
  }
  if (base == SIGN) {
    compare(i, O.OP_BLTS, emitSext(e, X.CC_DST, size), X.ZERO);
    return true;
  }
  if (base == BELOW) {
    if (kind == C.CC_ADD) compare(i, O.OP_BLTU, X.CC_DST, X.CC_SRC);
    else if (kind == C.CC_ADC) return false;
    else compare(i, O.OP_BNE, emitCarry(e), X.ZERO);
    return true;
  }
  if (kind != C.CC_LOGIC) return false;
  switch (base) {
    case OVERFLOW:
      compare(i, O.OP_BNE, X.ZERO, X.ZERO);
      return true;
    case BELOW_EQUAL:
      compare(i, O.OP_BEQ, X.CC_DST, X.ZERO);
      return true;
    case LESS:
      compare(i, O.OP_BLTS, emitSext(e, X.CC_DST, size), X.ZERO);
      return true;
    case LESS_EQUAL:
      compare(i, O.OP_BGES, X.ZERO, emitSext(e, X.CC_DST, size));
      return true;
  }
  return false;
}

function fromSubtraction(e: usize, i: usize, base: u32, size: u32): bool {
  switch (base) {
    case BELOW:
      compare(i, O.OP_BLTU, X.CC_DST, X.CC_SRC);
      return true;
    case EQUAL:
      compare(i, O.OP_BEQ, X.CC_DST, X.CC_SRC);
      return true;
    case BELOW_EQUAL:
      compare(i, O.OP_BGEU, X.CC_SRC, X.CC_DST);
      return true;
    case SIGN:
      compare(i, O.OP_BLTS, emitSext(e, emit2(e, O.OP_SUB, X.CC_DST, X.CC_SRC), size), X.ZERO);
      return true;
    case LESS:
      compare(i, O.OP_BLTS, emitSext(e, X.CC_DST, size), emitSext(e, X.CC_SRC, size));
      return true;
    case LESS_EQUAL:
      compare(i, O.OP_BGES, emitSext(e, X.CC_SRC, size), emitSext(e, X.CC_DST, size));
      return true;
  }
  return false;
}

function fromFlags(e: usize, i: usize, base: u32): void {
  const flags = emitFlags(e);
  let bits: u32;
  switch (base) {
    case LESS:
      bits = emit1(e, O.OP_ANDI, signAgainstOverflow(e, flags), X.FLAG_SF);
      break;
    case LESS_EQUAL: {
      const less = emit1(e, O.OP_ANDI, signAgainstOverflow(e, flags), X.FLAG_SF);
      bits = emit2(e, O.OP_OR, less, emit1(e, O.OP_ANDI, flags, X.FLAG_ZF));
      break;
    }
    default:
      bits = emit1(e, O.OP_ANDI, flags, flagsOf(base));
  }
  compare(i, O.OP_BNE, bits, X.ZERO);
}

/** SF exclusive-or OF at the place of SF. */
function signAgainstOverflow(e: usize, flags: u32): u32 {
  return emit2(e, O.OP_XOR, flags, emit1(e, O.OP_SHRI, flags, 4));
}

function flagsOf(base: u32): u32 {
  switch (base) {
    case OVERFLOW:
      return X.FLAG_OF;
    case BELOW:
      return X.FLAG_CF;
    case EQUAL:
      return X.FLAG_ZF;
    case BELOW_EQUAL:
      return X.FLAG_CF | X.FLAG_ZF;
    case SIGN:
      return X.FLAG_SF;
  }
  return X.FLAG_PF;
}

/** Emits a branch that skips one operation if the condition holds. */
export function emitConditionBranch(e: usize, i: usize, condition: u32): void {
  emitCondition(e, i, condition);
  B.emit(e, load<u16>(i, COND_OP), 0, load<u16>(i, COND_B), load<u16>(i, COND_C), 1);
}

/** The condition as 0 or 1. */
export function emitConditionValue(e: usize, i: usize, condition: u32): u32 {
  emitCondition(e, i, condition);
  const b = <u32>load<u16>(i, COND_B);
  const c = <u32>load<u16>(i, COND_C);
  switch (<u32>load<u16>(i, COND_OP)) {
    case O.OP_BEQ:
      return emit2(e, O.OP_EQ, b, c);
    case O.OP_BNE:
      return emit2(e, O.OP_NE, b, c);
    case O.OP_BLTS:
      return emit2(e, O.OP_LTS, b, c);
    case O.OP_BLTU:
      return emit2(e, O.OP_LTU, b, c);
    case O.OP_BGES:
      return emit1(e, O.OP_XORI, emit2(e, O.OP_LTS, b, c), 1);
  }
  return emit1(e, O.OP_XORI, emit2(e, O.OP_LTU, b, c), 1);
}
