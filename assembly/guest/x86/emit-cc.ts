/**
 * Lazy flags as the frontend emits them: what an instruction leaves behind (cc.ts), and conditions made from it. What is known of CC_OP is
 * tracked while a block is translated (low half of EMIT_GUEST), so that `cmp` and a jump after it become one comparison.
 */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import { emit1, emit2, emitCall, emitConstant, emitMove, emitSext } from './emit';

/** In EMIT_GUEST, beside the bits of CC_OP that are known: which fields they are. */
const KNOWN_ALL: u32 = 1 << 24;
const KNOWN_STEP: u32 = 1 << 25;
const KNOWN_ROTATE: u32 = 1 << 26;
const KNOWN_STEPPED: u32 = 1 << 27;

/** Ones where bits of CC_OP are known. */
function knownMask(e: usize): u32 {
  const known = load<u32>(e, B.EMIT_GUEST);
  let mask: u32 = 0;
  if (known & KNOWN_ALL) mask |= C.CC_ALL_MASK;
  if (known & KNOWN_STEP) mask |= C.CC_STEP_MASK;
  if (known & KNOWN_ROTATE) mask |= C.CC_ROTATE_MASK;
  if (known & KNOWN_STEPPED) mask |= C.CC_STEPPED;
  return mask;
}

function isKnown(e: usize, mask: u32): bool {
  return (knownMask(e) & mask) == mask;
}

/** The known bits of CC_OP. */
function knownOp(e: usize): u32 {
  return load<u32>(e, B.EMIT_GUEST) & C.CC_OP_MASK;
}

/** Whether these bits of CC_OP are known, and to be `op`. */
export function ccOpIs(e: usize, mask: u32, op: u32): bool {
  return isKnown(e, mask) && (knownOp(e) & mask) == op;
}

/** Stores CC_OP with some fields replaced in `to`. */
function emitFields(e: usize, to: u32, mask: u32, fields: u32): void {
  const rest = C.CC_OP_MASK & ~mask;
  if (isKnown(e, rest)) {
    B.emit(e, O.OP_MOVI, to, 0, 0, (knownOp(e) & rest) | fields);
    return;
  }
  let op = X.CC_OP;
  if (!ccOpIs(e, mask & ~fields, 0)) op = emit1(e, O.OP_ANDI, op, rest | fields);
  if (fields != 0) B.emit(e, O.OP_ORI, to, op, 0, fields);
  else emitMove(e, to, op);
}

/** Replaces fields of CC_OP, of which `mask` has all bits. */
function setFields(e: usize, mask: u32, fields: u32): void {
  if (ccOpIs(e, mask, fields)) return;
  emitFields(e, X.CC_OP, mask, fields);
  let known = (load<u32>(e, B.EMIT_GUEST) & ~mask) | fields;
  if (mask & C.CC_ALL_MASK) known |= KNOWN_ALL;
  if (mask & C.CC_STEP_MASK) known |= KNOWN_STEP;
  if (mask & C.CC_ROTATE_MASK) known |= KNOWN_ROTATE;
  if (mask & C.CC_STEPPED) known |= KNOWN_STEPPED;
  store<u32>(e, known, B.EMIT_GUEST);
}

/** Says how all flags follow from CC_DST and CC_SRC from here on. */
export function setCcOp(e: usize, op: u32): void {
  setFields(e, C.CC_OP_MASK, op);
}

/** A helper may have changed it. */
export function forgetCcOp(e: usize): void {
  store<u32>(e, 0, B.EMIT_GUEST);
}

/** After INC or DEC (`how` with a size): all flags but CF follow from the clean result. */
export function setStep(e: usize, result: u32, how: u32): void {
  B.emit(e, O.OP_MOV, X.CC_STEP, result, 0, 0);
  setFields(e, C.CC_STEP_MASK | C.CC_STEPPED, (how << C.CC_STEP_SHIFT) | C.CC_STEPPED);
}

/** CF, and OF after a rotate, follow from a slot: CC_CARRY, CC_LEFT or CC_RIGHT in `how`. */
export function setRotated(e: usize, value: u32, how: u32): void {
  emitMove(e, X.CC_ROTATED, value);
  setFields(e, C.CC_ROTATE_MASK | C.CC_STEPPED, how);
}

/** What setRotated would make of CC_OP, in a slot. */
export function emitRotatedOp(e: usize, how: u32): u32 {
  const t = B.emitTemp(e);
  emitFields(e, t, C.CC_ROTATE_MASK | C.CC_STEPPED, how);
  return t;
}

/** It may have happened, or not. */
export function forgetRotated(e: usize): void {
  const fields = C.CC_ROTATE_MASK | C.CC_STEPPED | KNOWN_ROTATE | KNOWN_STEPPED;
  store<u32>(e, load<u32>(e, B.EMIT_GUEST) & ~fields, B.EMIT_GUEST);
}

/** Flags of a clean result without carry and overflow. */
export function setCcLogic(e: usize, result: u32, size: u32): void {
  B.emit(e, O.OP_MOV, X.CC_DST, result, 0, 0);
  setCcOp(e, C.CC_LOGIC | size);
}

/** Flags in a slot, at their places in EFLAGS, as the first field of CC_OP says. */
function emitUnchanged(e: usize): u32 {
  if (ccOpIs(e, C.CC_ALL_MASK, C.CC_EFLAGS)) return X.CC_SRC;
  const known = knownOp(e) & C.CC_ALL_MASK;
  const kind = known & C.CC_KIND_MASK;
  let how: u32;
  if (!isKnown(e, C.CC_ALL_MASK)) {
    how = emit2(e, O.OP_OR, emit1(e, O.OP_SHLI, X.CC_SRC2, 32), X.CC_OP);
  } else if (kind == C.CC_ADC || kind == C.CC_SBB) {
    how = emit1(e, O.OP_ORI, emit1(e, O.OP_SHLI, X.CC_SRC2, 32), known);
  } else how = emitConstant(e, known);
  return emitCall(e, O.OP_CALLP, C.helperFlags.index, X.CC_DST, X.CC_SRC, how, 0);
}

/** All arithmetic flags in a slot, at their places in EFLAGS. */
export function emitFlags(e: usize): u32 {
  const changes = C.CC_STEP_MASK | C.CC_ROTATE_MASK;
  const flags = emitUnchanged(e);
  if (ccOpIs(e, changes, 0)) return flags;
  const high = emit1(e, O.OP_SHLI, flags, 32);
  const how = isKnown(e, changes | C.CC_STEPPED)
    ? emit1(e, O.OP_ORI, high, knownOp(e))
    : emit2(e, O.OP_OR, high, X.CC_OP);
  return emitCall(e, O.OP_CALLP, C.helperChangedFlags.index, X.CC_STEP, X.CC_ROTATED, how, 0);
}

/** Computes the flags now, for instructions that change some of them and keep the rest: CC_SRC holds them afterwards. */
export function materialiseFlags(e: usize): void {
  if (ccOpIs(e, C.CC_OP_MASK, C.CC_EFLAGS)) return;
  B.emit(e, O.OP_MOV, X.CC_SRC, emitFlags(e), 0, 0);
  setCcOp(e, C.CC_EFLAGS);
}

/** CF as 0 or 1. */
export function emitCarry(e: usize): u32 {
  if (!isKnown(e, C.CC_ROTATE_MASK)) return emit1(e, O.OP_ANDI, emitFlags(e), X.FLAG_CF);
  const rotate = knownOp(e) & C.CC_ROTATE_MASK;
  const rotated: u32 = (rotate >> C.CC_ROTATE_SHIFT) & C.CC_SIZE_MASK;
  switch (rotate & C.CC_RIGHT) {
    case C.CC_CARRY:
      return X.CC_ROTATED;
    case C.CC_LEFT:
      return emit1(e, O.OP_ANDI, X.CC_ROTATED, 1);
    case C.CC_RIGHT:
      return emit1(e, O.OP_EXTRACT, X.CC_ROTATED, B.bitField((8 << rotated) - 1, 1));
  }
  if (!isKnown(e, C.CC_ALL_MASK)) return emit1(e, O.OP_ANDI, emitUnchanged(e), X.FLAG_CF);
  const known = knownOp(e) & C.CC_ALL_MASK;
  const size = known & C.CC_SIZE_MASK;
  switch (known & C.CC_KIND_MASK) {
    case C.CC_ADD:
    case C.CC_SUB:
      return emit2(e, O.OP_LTU, X.CC_DST, X.CC_SRC);
    case C.CC_ADC:
    case C.CC_SBB: {
      const equal = emit2(e, O.OP_EQ, X.CC_DST, X.CC_SRC);
      return emit2(e, O.OP_OR, emit2(e, O.OP_LTU, X.CC_DST, X.CC_SRC), emit2(e, O.OP_AND, equal, X.CC_SRC2));
    }
    case C.CC_LOGIC:
      return X.ZERO;
    case C.CC_SHL:
      return emit1(e, O.OP_EXTRACT, X.CC_SRC, B.bitField((8 << size) - 1, 1));
    case C.CC_MUL:
    case C.CC_BLSI:
      return emit1(e, O.OP_NEI, X.CC_SRC, 0);
    case C.CC_BLSR:
      return emit1(e, O.OP_EQI, X.CC_SRC, 0);
  }
  // CC_EFLAGS, CC_SHR, CC_SAR.
  return emit1(e, O.OP_ANDI, X.CC_SRC, 1);
}

/** Replaces CF by a slot with 0 or 1, and keeps ZF; the other flags are undefined, for bit tests. */
export function setCarry(e: usize, carry: u32): void {
  setRotated(e, carry, C.CC_CARRY);
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
  if (!isKnown(e, C.CC_STEP_MASK)) return base == BELOW && fromCarry(e, i);
  const step = (knownOp(e) & C.CC_STEP_MASK) >> C.CC_STEP_SHIFT;
  if (base == BELOW) {
    // One comparison is shorter than the carry.
    if (!ccOpIs(e, C.CC_ROTATE_MASK, 0) || step != 0) return fromCarry(e, i);
  } else if (step != 0) return fromStep(e, i, base, step);
  if (!isKnown(e, C.CC_ALL_MASK)) return false;
  // CF, and OF after a rotate, may be another's.
  if (base != EQUAL && base != SIGN && !ccOpIs(e, C.CC_ROTATE_MASK, 0)) return false;
  const known = knownOp(e) & C.CC_ALL_MASK;
  const kind = known & C.CC_KIND_MASK;
  const size = known & C.CC_SIZE_MASK;
  if (kind == C.CC_SUB) return fromSubtraction(e, i, base, size);
  if (base == BELOW) {
    if (kind != C.CC_ADD) return fromCarry(e, i);
    compare(i, O.OP_BLTU, X.CC_DST, X.CC_SRC);
    return true;
  }
  if (kind == C.CC_EFLAGS || kind == C.CC_SBB) return false;
  if (base == EQUAL) {
    compare(i, O.OP_BEQ, X.CC_DST, X.ZERO);
    return true;
  }
  if (base == SIGN) {
    compare(i, O.OP_BLTS, emitSext(e, X.CC_DST, size), X.ZERO);
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

/** CF, if it is known whose it is. */
function fromCarry(e: usize, i: usize): bool {
  if (!isKnown(e, C.CC_ROTATE_MASK)) return false;
  if (ccOpIs(e, C.CC_ROTATE_MASK, 0) && !isKnown(e, C.CC_ALL_MASK)) return false;
  compare(i, O.OP_BNE, emitCarry(e), X.ZERO);
  return true;
}

/** After INC or DEC. SF differs from OF if the exact result is negative: that follows from the operand. */
function fromStep(e: usize, i: usize, base: u32, step: u32): bool {
  const size = step & C.CC_SIZE_MASK;
  const isInc = (step & C.CC_KIND_MASK) == C.CC_INC;
  const highest = (<u64>1) << ((8 << size) - 1);
  switch (base) {
    case EQUAL:
      compare(i, O.OP_BEQ, X.CC_STEP, X.ZERO);
      return true;
    case SIGN:
      compare(i, O.OP_BLTS, emitSext(e, X.CC_STEP, size), X.ZERO);
      return true;
    case OVERFLOW:
      if (!ccOpIs(e, C.CC_STEPPED, C.CC_STEPPED)) return false;
      compare(i, O.OP_BEQ, X.CC_STEP, emitConstant(e, isInc ? highest : highest - 1));
      return true;
    case LESS:
    case LESS_EQUAL: {
      if (!ccOpIs(e, C.CC_STEPPED, C.CC_STEPPED)) return false;
      const operand = emitSext(e, emit1(e, O.OP_ADDI, X.CC_STEP, isInc ? -1 : 1), size);
      const limit = (isInc ? -1 : 1) + (base == LESS_EQUAL ? 1 : 0);
      compare(i, O.OP_BLTS, operand, emitConstant(e, <i64>limit));
      return true;
    }
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
