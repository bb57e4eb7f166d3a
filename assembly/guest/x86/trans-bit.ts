/** Bit tests, bit scans and counts: BT BTS BTR BTC, BSF BSR TZCNT LZCNT POPCNT. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import {
  emit1,
  emit2,
  emitConstant,
  emitEffectiveAddress,
  emitLinear,
  emitLoad,
  emitMove,
  emitSext,
  emitStore,
  emitZext,
  getClean,
  getOperand,
  gpr,
  isMemory,
  memForUpdate,
  operandKind,
  operandRegister,
  operandSize,
  setOperand,
  cpuOf,
} from './emit';
import { setCarry, setCcLogic, setCcOp } from './emit-cc';
import { modelIsMax } from './features';
import * as I from './insn';

/** `op` makes the new value from the old one and the bit's mask; 0 for BT, which changes nothing. */
function bitTest(e: usize, i: usize, op: u32): bool {
  const size = operandSize(i, 0);
  if (operandKind(i, 1) == I.OPERAND_IMM) return bitTestConstant(e, i, op, size);
  if (isMemory(i, 0)) return bitTestMemory(e, i, op, size);
  const index = emit1(e, O.OP_ANDI, gpr(operandRegister(i, 1)), (8 << size) - 1);
  const value = gpr(operandRegister(i, 0));
  const bit = emit1(e, O.OP_ANDI, emit2(e, O.OP_SHR, value, index), 1);
  if (op != 0) setOperand(e, i, 0, emit2(e, op, value, emit2(e, O.OP_SHL, emitConstant(e, 1), index)));
  setCarry(e, bit);
  return true;
}

function bitTestConstant(e: usize, i: usize, op: u32, size: u32): bool {
  const index = load<u32>(i, I.INSN_IMMEDIATE) & ((8 << size) - 1);
  if (op != 0) memForUpdate(e, i, 0);
  const value = getOperand(e, i, 0);
  const bit = emit1(e, O.OP_EXTRACT, value, B.bitField(index, 1));
  if (op != 0) setOperand(e, i, 0, emit2(e, op, value, emitConstant(e, (<u64>1) << index)));
  setCarry(e, bit);
  return true;
}

/** The index in a register is signed, and counts bits from the operand's address on: it names another word of the operand's size. */
function bitTestMemory(e: usize, i: usize, op: u32, size: u32): bool {
  const wide = emitSext(e, gpr(operandRegister(i, 1)), size);
  const words = emit1(e, O.OP_SARI, wide, 3 + size);
  const distance = emit1(e, O.OP_SHLI, words, size);
  const sum = emit2(e, O.OP_ADD, emitEffectiveAddress(e, i), distance);
  const offset = emitZext(e, sum, load<u8>(i, I.INSN_ADDRESS_SIZE));
  const address = emitLinear(e, load<u8>(i, I.INSN_SEGMENT), offset, size, op != 0);
  const value = emitLoad(e, address, 0, size);
  const index = emit1(e, O.OP_ANDI, wide, (8 << size) - 1);
  const bit = emit1(e, O.OP_ANDI, emit2(e, O.OP_SHR, value, index), 1);
  if (op != 0) {
    const mask = emit2(e, O.OP_SHL, emitConstant(e, 1), index);
    emitStore(e, address, 0, emit2(e, op, value, mask), size);
  }
  setCarry(e, bit);
  return true;
}

export function transBt(e: usize, i: usize): bool {
  return bitTest(e, i, 0);
}

export function transBts(e: usize, i: usize): bool {
  return bitTest(e, i, O.OP_OR);
}

export function transBtr(e: usize, i: usize): bool {
  return bitTest(e, i, O.OP_ANDN);
}

export function transBtc(e: usize, i: usize): bool {
  return bitTest(e, i, O.OP_XOR);
}

/** Writes the number of a bit, but leaves the whole register as it was if the source is 0. ZF says that it is. */
function scan(e: usize, i: usize, source: u32, bit: u32): bool {
  const t = B.emitTemp(e);
  const register = gpr(operandRegister(i, 0));
  const size = operandSize(i, 0);
  B.emit(e, O.OP_SELECT, t, source, bit, B.helperWord(0, register, 0));
  setCcLogic(e, source, size);
  if (size == 1) setOperand(e, i, 0, t);
  else emitMove(e, register, t);
  return true;
}

export function transBsf(e: usize, i: usize): bool {
  const source = getClean(e, i, 1, operandSize(i, 0));
  return scan(e, i, source, emit1(e, O.OP_CTZ, source, 0));
}

export function transBsr(e: usize, i: usize): bool {
  const source = getClean(e, i, 1, operandSize(i, 0));
  return scan(e, i, source, emit1(e, O.OP_XORI, emit1(e, O.OP_CLZ, source, 0), 63));
}

/** CF if the source is 0, ZF if the result is. */
function counted(e: usize, i: usize, source: u32, result: u32): bool {
  emitMove(e, X.CC_SRC, source);
  emitMove(e, X.CC_DST, result);
  setCcOp(e, C.CC_BLSR | operandSize(i, 0));
  setOperand(e, i, 0, result);
  return true;
}

/** Processors that lack it ignore the prefix: BSF. */
export function transTzcnt(e: usize, i: usize): bool {
  if (!modelIsMax(cpuOf(e))) return transBsf(e, i);
  const size = operandSize(i, 0);
  const source = getClean(e, i, 1, size);
  // A bit above the operand ends the count.
  const bounded = size == 3 ? source : emit1(e, O.OP_ORI, source, (<i64>1) << (8 << size));
  return counted(e, i, source, emit1(e, O.OP_CTZ, bounded, 0));
}

/** Processors that lack it ignore the prefix: BSR. */
export function transLzcnt(e: usize, i: usize): bool {
  if (!modelIsMax(cpuOf(e))) return transBsr(e, i);
  const size = operandSize(i, 0);
  const source = getClean(e, i, 1, size);
  const zeros = emit1(e, size == 3 ? O.OP_CLZ : O.OP_CLZ_32, source, 0);
  return counted(e, i, source, size == 1 ? emit1(e, O.OP_ADDI, zeros, -16) : zeros);
}

/** Of the flags ZF alone may be set. */
export function transPopcnt(e: usize, i: usize): bool {
  if (!modelIsMax(cpuOf(e))) return false;
  const source = getClean(e, i, 1, operandSize(i, 0));
  const result = emit1(e, O.OP_POPCNT, source, 0);
  B.emit(e, O.OP_SHLI, X.CC_SRC, emit1(e, O.OP_EQI, source, 0), 0, 6);
  setCcOp(e, C.CC_EFLAGS);
  setOperand(e, i, 0, result);
  return true;
}
