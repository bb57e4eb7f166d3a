/** Moves, extensions, exchanges, conditional moves, the stack. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as X from './cpu';
import {
  cleanRegister,
  emit1,
  emit2,
  emitCall,
  emitConstant,
  emitEffectiveAddress,
  emitLinear,
  emitLoad,
  emitMove,
  emitPop,
  emitPush,
  emitRelease,
  emitSext,
  emitStore,
  emitTop,
  emitZext,
  getClean,
  getOperand,
  gpr,
  has,
  hasPrefix,
  insnSize,
  isCode64,
  isMemory,
  loadOp,
  memAddress,
  memForUpdate,
  memOffset,
  mmuIndex,
  operandKind,
  operandRegister,
  operandSize,
  setOperand,
  setRegister,
  setStack,
  stackOffset,
} from './emit';
import { emitConditionValue } from './emit-cc';
import { helperProbeStore } from './helpers-mmx';
import { ENTER_SIZE_SHIFT, helperEnter } from './helpers-stack';
import * as I from './insn';

/** Scratch of transPopa behind the emit context: eight u16 slots. */
const POPPED: usize = B.EMIT_END;

export function transMov(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  // Straight into the register.
  if (operandKind(i, 0) == I.OPERAND_GPR && size >= 2) {
    const to = gpr(operandRegister(i, 0));
    if (isMemory(i, 1)) {
      const address = memAddress(e, i, 1 << size, false);
      B.emit(e, loadOp(size), to, address, mmuIndex(e), memOffset(i));
      return true;
    }
    if (operandKind(i, 1) == I.OPERAND_IMM) {
      const value = load<i64>(i, I.INSN_IMMEDIATE);
      B.emit(e, O.OP_MOVI, to, 0, 0, size == 2 ? value & 0xffffffff : value);
      return true;
    }
    if (size == 2 && !isCode64(e)) {
      emitMove(e, to, gpr(operandRegister(i, 1)));
      return true;
    }
  }
  setOperand(e, i, 0, getOperand(e, i, 1));
  return true;
}

/** Extends operand 1 into operand 0. */
function extend(e: usize, i: usize, signed: bool): bool {
  const from = operandSize(i, 1);
  const size = operandSize(i, 0);
  const value = signed ? emitSext(e, getOperand(e, i, 1), from) : getClean(e, i, 1, from);
  if (!signed && size == 2) emitMove(e, gpr(operandRegister(i, 0)), value);
  else setOperand(e, i, 0, value);
  return true;
}

export function transMovzx(e: usize, i: usize): bool {
  return extend(e, i, false);
}

export function transMovsx(e: usize, i: usize): bool {
  return extend(e, i, true);
}

export function transMovsxd(e: usize, i: usize): bool {
  return extend(e, i, true);
}

export function transLea(e: usize, i: usize): bool {
  setRegister(e, operandRegister(i, 0), emitEffectiveAddress(e, i), operandSize(i, 0));
  return true;
}

export function transXchg(e: usize, i: usize): bool {
  memForUpdate(e, i, 0);
  memForUpdate(e, i, 1);
  const t = B.emitTemp(e);
  B.emit(e, O.OP_MOV, t, getOperand(e, i, 0), 0, 0);
  const other = B.emitTemp(e);
  B.emit(e, O.OP_MOV, other, getOperand(e, i, 1), 0, 0);
  // Memory first, since that may fault.
  if (isMemory(i, 1)) {
    setOperand(e, i, 1, t);
    setOperand(e, i, 0, other);
  } else {
    setOperand(e, i, 0, other);
    setOperand(e, i, 1, t);
  }
  return true;
}

export function transNop(e: usize, i: usize): bool {
  return true;
}

export function transPause(e: usize, i: usize): bool {
  return true;
}

/** CBW, CWDE, CDQE. */
export function transCbw(e: usize, i: usize): bool {
  const size = insnSize(i);
  setRegister(e, 0, emitSext(e, X.RAX, size - 1), size);
  return true;
}

/** CWD, CDQ, CQO. */
export function transCwd(e: usize, i: usize): bool {
  const size = insnSize(i);
  setRegister(e, 2, emit1(e, O.OP_SARI, emitSext(e, X.RAX, size), 63), size);
  return true;
}

export function transSetcc(e: usize, i: usize): bool {
  const value = emitConditionValue(e, i, load<u8>(i, I.INSN_OPCODE));
  setOperand(e, i, 0, value);
  return true;
}

/** The source is read, and may fault, whatever the condition; a 32-bit destination is always zero-extended. */
export function transCmovcc(e: usize, i: usize): bool {
  const source = getOperand(e, i, 1);
  const condition = emitConditionValue(e, i, load<u8>(i, I.INSN_OPCODE));
  const t = B.emitTemp(e);
  B.emit(e, O.OP_SELECT, t, condition, source, B.helperWord(0, gpr(operandRegister(i, 0)), 0));
  setOperand(e, i, 0, t);
  return true;
}

/** Of 16 bits undefined; processors clear the register's low half. */
export function transBswap(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const register = gpr(operandRegister(i, 0));
  if (size == 1) {
    B.emit(e, O.OP_DEPOSIT, register, register, X.ZERO, B.bitField(0, 16));
    return true;
  }
  const t = emit1(e, O.OP_BSWAP, register, 0);
  if (size == 2) B.emit(e, O.OP_SHRI, register, t, 0, 32);
  else emitMove(e, register, t);
  return true;
}

export function transMovbe(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const t = emit1(e, O.OP_BSWAP, getOperand(e, i, 1), 0);
  setOperand(e, i, 0, size == 3 ? t : emit1(e, O.OP_SHRI, t, 64 - (8 << size)));
  return true;
}

/** AL = byte at (R)BX + AL. */
export function transXlat(e: usize, i: usize): bool {
  const size = <u32>load<u8>(i, I.INSN_ADDRESS_SIZE);
  const offset = emitZext(e, emit2(e, O.OP_ADD, X.RBX, emit1(e, O.OP_ANDI, X.RAX, 0xff)), size);
  const address = emitLinear(e, load<u8>(i, I.INSN_SEGMENT), offset, 0, false);
  B.emit(e, O.OP_DEPOSIT, X.RAX, X.RAX, emitLoad(e, address, 0, 0), B.bitField(0, 8));
  return true;
}

export function transPush(e: usize, i: usize): bool {
  emitPush(e, getOperand(e, i, 0), insnSize(i));
  return true;
}

export function transPop(e: usize, i: usize): bool {
  const size = insnSize(i);
  if (!isMemory(i, 0)) {
    const value = emitTop(e, size);
    // POP of the stack pointer itself: the value wins.
    emitRelease(e, (<i64>1) << size);
    setRegister(e, operandRegister(i, 0), value, size);
    return true;
  }
  const value = emitTop(e, size);
  // An address by the stack pointer sees it after the increment; the increment itself waits for the store.
  if (load<u8>(i, I.INSN_BASE) == 4)
    store<i64>(i, load<i64>(i, I.INSN_DISPLACEMENT) + ((<i64>1) << size), I.INSN_DISPLACEMENT);
  setOperand(e, i, 0, value);
  emitRelease(e, (<i64>1) << size);
  return true;
}

/** PUSHA: AX CX DX BX, the old SP, BP SI DI. */
export function transPusha(e: usize, i: usize): bool {
  const size = insnSize(i);
  const bytes = (<i64>1) << size;
  // The lowest address first: if anything faults, all of it may.
  for (let n = 7; n >= 0; n--) {
    const offset = stackOffset(e, -bytes * (n + 1));
    emitStore(e, emitLinear(e, X.SEG_SS, offset, size, true), 0, gpr(n), size);
  }
  emitRelease(e, -bytes * 8);
  return true;
}

/** POPA: the stored SP is skipped. Everything is loaded before anything is written, so that a fault leaves the registers as they were. */
export function transPopa(e: usize, i: usize): bool {
  const size = insnSize(i);
  const bytes = (<i64>1) << size;
  const values = e + POPPED;
  for (let n = 7; n >= 0; n--) {
    if (n == 4) continue;
    const address = emitLinear(e, X.SEG_SS, stackOffset(e, bytes * (7 - n)), size, false);
    store<u16>(values + (n << 1), emitLoad(e, address, 0, size));
  }
  for (let n = 7; n >= 0; n--) if (n != 4) setRegister(e, n, load<u16>(values + (n << 1)), size);
  emitRelease(e, bytes * 8);
  return true;
}

export function transLeave(e: usize, i: usize): bool {
  const size = insnSize(i);
  const bytes = (<i64>1) << size;
  if (isCode64(e)) {
    const value = emitLoad(e, X.RBP, 0, size);
    B.emit(e, O.OP_ADDI, X.RSP, X.RBP, 0, bytes);
    setRegister(e, 5, value, size);
    return true;
  }
  const width: u32 = has(e, X.BLOCK_STACK32) ? 2 : 1;
  const offset = cleanRegister(e, 5, width);
  const value = emitLoad(e, emitLinear(e, X.SEG_SS, offset, size, false), 0, size);
  setStack(e, emitZext(e, emit1(e, O.OP_ADDI, offset, bytes), width));
  setRegister(e, 5, value, size);
  return true;
}

/** ENTER: pushes BP, copies `level` - 1 frame pointers, makes room. SDM 2, ENTER. */
export function transEnter(e: usize, i: usize): bool {
  const size = insnSize(i);
  const bytes = (<i64>1) << size;
  const room = load<i64>(i, I.INSN_IMMEDIATE) & 0xffff;
  const level = <i64>(load<i64>(i, I.INSN_IMMEDIATE2) & 31);
  if (level > 0) {
    emitCall(
      e,
      O.OP_CALLG,
      helperEnter.index,
      emitConstant(e, room),
      0,
      0,
      <u32>level | (size << ENTER_SIZE_SHIFT),
    );
    return true;
  }
  const frame = stackOffset(e, -bytes);
  emitStore(e, emitLinear(e, X.SEG_SS, frame, size, true), 0, X.RBP, size);
  const top = stackOffset(e, -bytes - room);
  // The new top has to be writable as well.
  const address = emitLinear(e, X.SEG_SS, top, size, true);
  emitCall(e, O.OP_CALLX, helperProbeStore.index, address, emitConstant(e, bytes), 0, mmuIndex(e));
  setStack(e, top);
  setRegister(e, 5, frame, size);
  return true;
}
