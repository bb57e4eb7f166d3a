/** Shifts and rotates. A count of 0 leaves every flag as it was. SDM volume 2: SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD, SHLX, RORX. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import {
  emit1,
  emit2,
  emitCall,
  emitConstant,
  emitMove,
  emitSext,
  emitZext,
  finishResult,
  getClean,
  getOperand,
  gpr,
  maskOf,
  memForUpdate,
  operandKind,
  operandRegister,
  operandSize,
  resultSlot,
  setOperand,
} from './emit';
import {
  ccOpIs,
  emitCarry,
  emitRotatedOp,
  forgetCcOp,
  forgetRotated,
  materialiseFlags,
  setCcOp,
  setRotated,
} from './emit-cc';
import { helperRcl, helperRcr, SHIFT_SIZE } from './helpers-shift';
import * as I from './insn';

/** The operand that counts: -1 if it is CL. */
function constantCount(i: usize, n: u32, size: u32): i32 {
  const kind = operandKind(i, n);
  const mask = size == 3 ? 63 : 31;
  if (kind == I.OPERAND_IMPLICIT_1) return 1;
  if (kind == I.OPERAND_IMM) return <i32>load<i64>(i, I.INSN_IMMEDIATE) & mask;
  return -1;
}

/** CL, cut to what counts, in a slot. */
function variableCount(e: usize, size: u32): u32 {
  return emit1(e, O.OP_ANDI, X.RCX, size == 3 ? 63 : 31);
}

/** Value shifted by a count below 64 in a slot or, if `by` is not negative, by a constant. Not cut to the size. */
function emitShift(e: usize, kind: u32, value: u32, count: u32, by: i32): u32 {
  if (by >= 0) {
    const op = kind == C.CC_SHL ? O.OP_SHLI : kind == C.CC_SHR ? O.OP_SHRI : O.OP_SARI;
    return emit1(e, op, value, by);
  }
  return emit2(e, kind == C.CC_SHL ? O.OP_SHL : kind == C.CC_SHR ? O.OP_SHR : O.OP_SAR, value, count);
}

/** `kind` is CC_SHL, CC_SHR or CC_SAR. */
function shift(e: usize, i: usize, kind: u32): bool {
  const size = operandSize(i, 0);
  const by = constantCount(i, 1, size);
  memForUpdate(e, i, 0);
  if (by == 0) {
    // Memory is read and written, and a 32-bit register zero-extended, all the same.
    setOperand(e, i, 0, getClean(e, i, 0, size));
    return true;
  }
  const value = kind == C.CC_SAR ? emitSext(e, getOperand(e, i, 0), size) : getClean(e, i, 0, size);
  if (by > 0) {
    const before = by == 1 ? copyOf(e, value) : emitShift(e, kind, value, 0, by - 1);
    const result = resultSlot(e, i, 0);
    const shifted = emitShift(e, kind, before, 0, 1);
    emitCut(e, result, shifted, size);
    finishResult(e, i, 0, result);
    B.emit(e, O.OP_MOV, X.CC_DST, result, 0, 0);
    emitMove(e, X.CC_SRC, before);
    setCcOp(e, kind | size);
    return true;
  }
  const count = variableCount(e, size);
  // Shifted by count - 1 with one more place to the right, so that a count of 0 needs no care.
  const less = emit1(e, O.OP_ADDI, count, -1);
  const before = emitShift(e, kind, value, less, -1);
  const shifted = emitShift(e, kind, value, count, -1);
  const result = B.emitTemp(e);
  emitCut(e, result, shifted, size);
  setOperand(e, i, 0, result);
  setFlagsUnlessZero(e, count, kind | size, result, before);
  return true;
}

function copyOf(e: usize, slot: u32): u32 {
  const t = B.emitTemp(e);
  B.emit(e, O.OP_MOV, t, slot, 0, 0);
  return t;
}

function emitCut(e: usize, to: u32, from: u32, size: u32): void {
  if (size == 3) emitMove(e, to, from);
  else if (size == 2) B.emit(e, O.OP_ZEXT32, to, from, 0, 0);
  else B.emit(e, O.OP_ANDI, to, from, 0, maskOf(size));
}

/** Replaces the flags if `count` is not 0. */
function setFlagsUnlessZero(e: usize, count: u32, op: u32, dst: u32, src: u32): void {
  selectInto(e, X.CC_DST, count, dst);
  selectInto(e, X.CC_SRC, count, src);
  if (ccOpIs(e, C.CC_OP_MASK, op)) return;
  selectInto(e, X.CC_OP, count, emitConstant(e, op));
  forgetCcOp(e);
}

/** to = count != 0 ? value : to */
function selectInto(e: usize, to: u32, count: u32, value: u32): void {
  B.emit(e, O.OP_SELECT, to, count, value, B.helperWord(0, to, 0));
}

export function transShl(e: usize, i: usize): bool {
  return shift(e, i, C.CC_SHL);
}

export function transShr(e: usize, i: usize): bool {
  return shift(e, i, C.CC_SHR);
}

export function transSar(e: usize, i: usize): bool {
  return shift(e, i, C.CC_SAR);
}

/** The value rotated left or right by a count in a slot, clean. Counts of 8 and 16 bits are taken modulo the width. */
function emitRotated(e: usize, value: u32, count: u32, size: u32, left: bool): u32 {
  if (size == 3) return emit2(e, left ? O.OP_ROL : O.OP_ROR, value, count);
  if (size == 2) return emit2(e, left ? O.OP_ROLU_32 : O.OP_RORU_32, value, count);
  // Copies side by side fill 32 bits.
  let wide = emit2(e, O.OP_OR, value, emit1(e, O.OP_SHLI, value, 8 << size));
  if (size == 0) wide = emit2(e, O.OP_OR, wide, emit1(e, O.OP_SHLI, wide, 16));
  return emitZext(e, emit2(e, left ? O.OP_ROLU_32 : O.OP_RORU_32, wide, count), size);
}

/** CF: the bit that was moved last. OF: of a left rotate CF exclusive-or the highest bit, of a right one the two highest bits. */
function rotate(e: usize, i: usize, left: bool): bool {
  const size = operandSize(i, 0);
  const by = constantCount(i, 1, size);
  memForUpdate(e, i, 0);
  const value = getClean(e, i, 0, size);
  if (by == 0) {
    setOperand(e, i, 0, value);
    return true;
  }
  const count = by > 0 ? emitConstant(e, by) : variableCount(e, size);
  const result = emitRotated(e, value, count, size, left);
  setOperand(e, i, 0, result);
  const how = (left ? C.CC_LEFT : C.CC_RIGHT) | (size << C.CC_ROTATE_SHIFT);
  if (by > 0) setRotated(e, result, how);
  else setRotatedUnlessZero(e, count, result, how);
  return true;
}

/** The same, if the count is not 0. */
function setRotatedUnlessZero(e: usize, count: u32, result: u32, how: u32): void {
  const known = ccOpIs(e, C.CC_ROTATE_MASK | C.CC_STEPPED, how);
  selectInto(e, X.CC_ROTATED, count, result);
  if (known) return;
  const op = emitRotatedOp(e, how);
  selectInto(e, X.CC_OP, count, op);
  forgetRotated(e);
}

/** Puts a bit into the flags, unless the count is a variable that is 0. */
function putFlag(e: usize, bit: u32, position: u32, count: u32, by: i32): void {
  const field = B.bitField(position, 1);
  if (by > 0) {
    B.emit(e, O.OP_DEPOSIT, X.CC_SRC, X.CC_SRC, bit, field);
    return;
  }
  const t = B.emitTemp(e);
  B.emit(e, O.OP_DEPOSIT, t, X.CC_SRC, bit, field);
  selectInto(e, X.CC_SRC, count, t);
}

export function transRol(e: usize, i: usize): bool {
  return rotate(e, i, true);
}

export function transRor(e: usize, i: usize): bool {
  return rotate(e, i, false);
}

/** Through the carry flag: a rotate of one bit more. The helper gives the result; CF and OF follow from result and operand. */
function rotateThroughCarry(e: usize, i: usize, left: bool): bool {
  const size = operandSize(i, 0);
  const bits = (<u32>8) << size;
  const by = constantCount(i, 1, size);
  memForUpdate(e, i, 0);
  const value = copyOf(e, getClean(e, i, 0, size));
  if (by == 0) {
    setOperand(e, i, 0, value);
    return true;
  }
  const carry = emitCarry(e);
  const count = by > 0 ? emitConstant(e, by) : variableCount(e, size);
  let result: u32;
  let out: u32;
  if (by == 1) {
    const moved = left ? emit1(e, O.OP_SHLI, value, 1) : emit1(e, O.OP_SHRI, value, 1);
    result = B.emitTemp(e);
    B.emit(e, O.OP_DEPOSIT, result, moved, carry, B.bitField(left ? 0 : bits - 1, 1));
    out = left ? emit1(e, O.OP_EXTRACT, value, B.bitField(bits - 1, 1)) : emit1(e, O.OP_ANDI, value, 1);
    if (size < 3) result = emitZext(e, result, size);
  } else {
    const packed = emit2(e, O.OP_OR, emit1(e, O.OP_SHLI, count, 1), carry);
    const helper = left ? helperRcl.index : helperRcr.index;
    result = emitCall(e, O.OP_CALLP, helper, value, packed, 0, size);
    out = emitCall(e, O.OP_CALLP, helper, value, packed, 0, size | CARRY_OUT);
  }
  setOperand(e, i, 0, result);
  materialiseFlags(e);
  const high = emit1(e, O.OP_EXTRACT, result, B.bitField(bits - 1, 1));
  const overflow = emit2(
    e,
    O.OP_XOR,
    high,
    left ? out : emit1(e, O.OP_EXTRACT, result, B.bitField(bits - 2, 1)),
  );
  putFlag(e, out, 0, count, by);
  putFlag(e, overflow, 11, count, by);
  return true;
}

/** In the immediate of the helpers of RCL and RCR: give the carry. */
const CARRY_OUT: u32 = SHIFT_SIZE + 1;

export function transRcl(e: usize, i: usize): bool {
  return rotateThroughCarry(e, i, true);
}

export function transRcr(e: usize, i: usize): bool {
  return rotateThroughCarry(e, i, false);
}

/**
 * SHLD and SHRD shift in bits of operand 1. Of 16 bits with a count above 16 the result is undefined: it is what processors give, which rotate the
 * destination in behind the source.
 */
function doubleShift(e: usize, i: usize, left: bool): bool {
  const size = operandSize(i, 0);
  const bits = (<i64>8) << size;
  const by = constantCount(i, 2, size);
  memForUpdate(e, i, 0);
  const value = copyOf(e, getClean(e, i, 0, size));
  const fill = getClean(e, i, 1, size);
  if (by == 0) {
    setOperand(e, i, 0, value);
    return true;
  }
  const count = by > 0 ? emitConstant(e, by) : variableCount(e, size);
  const less = by > 0 ? emitConstant(e, by - 1) : emit1(e, O.OP_ADDI, count, -1);
  const kind = left ? C.CC_SHL : C.CC_SHR;
  let before: u32;
  let result: u32;
  if (size == 3) {
    before = emitShift(e, kind, value, less, -1);
    const moved = emitShift(e, kind, value, count, -1);
    // By 64 - count, in two steps, so that a count of 0 shifts everything out.
    const rest = emit1(e, O.OP_XORI, count, 63);
    const opposite = left ? C.CC_SHR : C.CC_SHL;
    const near = emitShift(e, opposite, fill, 0, 1);
    result = emit2(e, O.OP_OR, moved, emitShift(e, opposite, near, rest, -1));
  } else {
    // Side by side in 64 bits: destination high and source low to the left, the other way round to the right.
    const wide = concatenated(e, value, fill, size, left);
    before = emitShift(e, kind, wide, less, -1);
    const moved = emitShift(e, kind, wide, count, -1);
    if (left) {
      const at = size == 1 ? 32 : bits;
      before = emit1(e, O.OP_SHRI, before, at);
      result = emitZext(e, emit1(e, O.OP_SHRI, moved, at), size);
    } else result = emitZext(e, moved, size);
  }
  setOperand(e, i, 0, result);
  if (by > 0) {
    emitMove(e, X.CC_DST, result);
    emitMove(e, X.CC_SRC, before);
    setCcOp(e, kind | size);
  } else setFlagsUnlessZero(e, count, kind | size, result, before);
  return true;
}

function concatenated(e: usize, value: u32, fill: u32, size: u32, left: bool): u32 {
  if (size == 2) {
    const high = left ? value : fill;
    return emit2(e, O.OP_OR, emit1(e, O.OP_SHLI, high, 32), left ? fill : value);
  }
  // 16 bits: destination, source, destination.
  if (left) {
    const top = emit2(e, O.OP_OR, emit1(e, O.OP_SHLI, value, 32), emit1(e, O.OP_SHLI, fill, 16));
    return emit2(e, O.OP_OR, top, value);
  }
  const top = emit2(e, O.OP_OR, emit1(e, O.OP_SHLI, value, 32), emit1(e, O.OP_SHLI, fill, 16));
  return emit2(e, O.OP_OR, top, value);
}

export function transShld(e: usize, i: usize): bool {
  return doubleShift(e, i, true);
}

export function transShrd(e: usize, i: usize): bool {
  return doubleShift(e, i, false);
}

/** Without flags; the count is a register. */
function shiftOnly(e: usize, i: usize, kind: u32): bool {
  const size = operandSize(i, 0);
  const count = emit1(e, O.OP_ANDI, getOperand(e, i, 2), size == 3 ? 63 : 31);
  const operand = getOperand(e, i, 1);
  const value = kind == C.CC_SAR ? emitSext(e, operand, size) : emitZext(e, operand, size);
  setOperand(e, i, 0, emitShift(e, kind, value, count, -1));
  return true;
}

export function transShlx(e: usize, i: usize): bool {
  return shiftOnly(e, i, C.CC_SHL);
}

export function transShrx(e: usize, i: usize): bool {
  return shiftOnly(e, i, C.CC_SHR);
}

export function transSarx(e: usize, i: usize): bool {
  return shiftOnly(e, i, C.CC_SAR);
}

export function transRorx(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const by = load<i64>(i, I.INSN_IMMEDIATE) & (size == 3 ? 63 : 31);
  const value = emit1(e, size == 3 ? O.OP_RORI : O.OP_RORIU_32, getOperand(e, i, 1), by);
  B.emit(e, O.OP_MOV, gpr(operandRegister(i, 0)), value, 0, 0);
  return true;
}
