/** BMI1 and BMI2 but for shifts and MULX, and CRC32, RDRAND, RDSEED, BOUND, UD. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import {
  cleanRegister,
  cpuOf,
  emit1,
  emit2,
  emitCall,
  emitConstant,
  emitGoto,
  emitLoad,
  emitLoadOperand,
  emitMove,
  emitSext,
  endBlock,
  getClean,
  getOperand,
  gpr,
  memAddress,
  memOffset,
  nextPc,
  operandRegister,
  operandSize,
  setOperand,
} from './emit';
import { setCcLogic, setCcOp } from './emit-cc';
import { modelIsMax } from './features';
import { helperBound, helperCrc32, helperPdep, helperPext, helperRandom } from './helpers-bit';

/** A condition's slot, and two others to choose from. */
function emitSelect(e: usize, condition: u32, yes: u32, no: u32): u32 {
  const t = B.emitTemp(e);
  B.emit(e, O.OP_SELECT, t, condition, yes, B.helperWord(0, no, 0));
  return t;
}

export function transAndn(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const inverted = cleanRegister(e, operandRegister(i, 1), size);
  const result = emit2(e, O.OP_ANDN, getClean(e, i, 2, size), inverted);
  setCcLogic(e, result, size);
  setOperand(e, i, 0, result);
  return true;
}

/** Result and source, clean, that the flags follow from. */
function lowest(e: usize, i: usize, source: u32, result: u32, kind: u32): bool {
  emitMove(e, X.CC_SRC, source);
  emitMove(e, X.CC_DST, result);
  setCcOp(e, kind | operandSize(i, 0));
  setOperand(e, i, 0, result);
  return true;
}

export function transBlsr(e: usize, i: usize): bool {
  const source = getClean(e, i, 1, operandSize(i, 0));
  const result = emit2(e, O.OP_AND, source, emit1(e, O.OP_ADDI, source, -1));
  return lowest(e, i, source, result, C.CC_BLSR);
}

export function transBlsmsk(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const source = getClean(e, i, 1, size);
  const less = emit1(e, size == 3 ? O.OP_ADDI : O.OP_ADDIU_32, source, -1);
  return lowest(e, i, source, emit2(e, O.OP_XOR, source, less), C.CC_BLSR);
}

export function transBlsi(e: usize, i: usize): bool {
  const source = getClean(e, i, 1, operandSize(i, 0));
  const result = emit2(e, O.OP_AND, source, emit2(e, O.OP_SUB, X.ZERO, source));
  return lowest(e, i, source, result, C.CC_BLSI);
}

/** Clears the bits from a number on; 64 and more leave all. */
function keepBelow(e: usize, value: u32, bits: u32): u32 {
  const kept = emit2(e, O.OP_ANDN, value, emit2(e, O.OP_SHL, emitConstant(e, -1), bits));
  return emitSelect(e, emit1(e, O.OP_LTUI, bits, 64), kept, value);
}

/** CF says that the number of bits is beyond the operand. */
export function transBzhi(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const source = getClean(e, i, 1, size);
  const bits = emit1(e, O.OP_ANDI, gpr(operandRegister(i, 2)), 0xff);
  const result = keepBelow(e, source, bits);
  return lowest(e, i, emit1(e, O.OP_LTUI, bits, 8 << size), result, C.CC_BLSR);
}

/** First bit in bits 0 to 7 of the control, number of bits in 8 to 15. */
export function transBextr(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const source = getClean(e, i, 1, size);
  const control = gpr(operandRegister(i, 2));
  const first = emit1(e, O.OP_ANDI, control, 0xff);
  const bits = emit1(e, O.OP_EXTRACT, control, B.bitField(8, 8));
  const shifted = emit2(e, O.OP_SHR, source, first);
  const above = emitSelect(e, emit1(e, O.OP_LTUI, first, 64), shifted, X.ZERO);
  const result = keepBelow(e, above, bits);
  setCcLogic(e, result, size);
  setOperand(e, i, 0, result);
  return true;
}

/** Source in operand 1, mask in operand 2. */
function parallel(e: usize, i: usize, helper: u32): bool {
  const size = operandSize(i, 0);
  const source = cleanRegister(e, operandRegister(i, 1), size);
  const mask = getClean(e, i, 2, size);
  setOperand(e, i, 0, emitCall(e, O.OP_CALLP, helper, source, mask, 0, 0));
  return true;
}

export function transPext(e: usize, i: usize): bool {
  return parallel(e, i, helperPext.index);
}

export function transPdep(e: usize, i: usize): bool {
  return parallel(e, i, helperPdep.index);
}

export function transCrc32(e: usize, i: usize): bool {
  const register = gpr(operandRegister(i, 0));
  const data = getOperand(e, i, 1);
  const sum = emitCall(e, O.OP_CALLP, helperCrc32.index, register, data, 0, operandSize(i, 1));
  emitMove(e, register, sum);
  return true;
}

/** There is always a number: CF is set, the other flags are clear. Ends the block, since the clock is read. */
export function transRdrand(e: usize, i: usize): bool {
  if (!modelIsMax(cpuOf(e))) return false;
  const value = emitCall(e, O.OP_CALLX, helperRandom.index, 0, 0, 0, 0);
  setOperand(e, i, 0, value);
  B.emit(e, O.OP_MOVI, X.CC_SRC, 0, 0, X.FLAG_CF);
  setCcOp(e, C.CC_EFLAGS);
  emitGoto(e, 0, nextPc(e));
  endBlock(e);
  return true;
}

export function transRdseed(e: usize, i: usize): bool {
  return transRdrand(e, i);
}

/** Two bounds lie in memory, the lower one first. */
export function transBound(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const address = memAddress(e, i, 2 << size, false);
  const lower = emitSext(e, emitLoadOperand(e, i, size), size);
  const upper = emitSext(e, emitLoad(e, address, memOffset(i) + ((<i64>1) << size), size), size);
  const index = emitSext(e, getOperand(e, i, 0), size);
  emitCall(e, O.OP_CALLX, helperBound.index, index, lower, upper, 0);
  return true;
}

/** UD0, UD1, UD2: undefined for ever. */
export function transUd(e: usize, i: usize): bool {
  return false;
}
