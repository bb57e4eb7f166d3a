/** Near jumps, calls, returns and loops. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as X from './cpu';
import {
  cleanRegister,
  emit1,
  emitCheckTarget,
  emitConstant,
  emitGoto,
  emitGotoEip,
  emitLinear,
  emitPush,
  emitRelease,
  emitStore,
  emitTop,
  emitZext,
  endBlock,
  getClean,
  gpr,
  has,
  insnSize,
  isCode64,
  maskOf,
  nextEip,
  nextPc,
  operandKind,
  pcOfEip,
  setRegister,
  setStack,
  stackOffset,
} from './emit';
import { emitConditionBranch, emitConditionValue } from './emit-cc';
import * as I from './insn';

/** EIP of a relative jump's target. */
function targetEip(e: usize, i: usize): u64 {
  return (nextEip(e) + load<u64>(i, I.INSN_IMMEDIATE)) & maskOf(insnSize(i));
}

/** After a branch that skips one operation if the jump is taken: both ways out. */
function emitBothWays(e: usize, i: usize, eip: u64): void {
  emitGoto(e, 1, nextPc(e));
  emitGoto(e, 0, pcOfEip(e, eip));
  endBlock(e);
}

export function transJcc(e: usize, i: usize): bool {
  const eip = targetEip(e, i);
  const condition = <u32>load<u8>(i, I.INSN_OPCODE);
  if (isFar(e, eip)) return conditionalExit(e, i, eip, emitConditionValue(e, i, condition));
  emitConditionBranch(e, i, condition);
  emitBothWays(e, i, eip);
  return true;
}

/** Whether the target of a jump has to be checked against the limit of CS. */
function isFar(e: usize, eip: u64): bool {
  return !has(e, X.BLOCK_FLAT) && eip > 0xffff;
}

/** Jumps if a slot is not 0, to a target that may be outside CS. */
function conditionalExit(e: usize, i: usize, eip: u64, condition: u32): bool {
  const t = B.emitTemp(e);
  B.emit(e, O.OP_SELECT, t, condition, emitConstant(e, eip), B.helperWord(0, emitConstant(e, nextEip(e)), 0));
  emitGotoEip(e, t, 2);
  return true;
}

export function transJmp(e: usize, i: usize): bool {
  if (operandKind(i, 0) == I.OPERAND_REL) {
    const eip = targetEip(e, i);
    emitCheckTarget(e, eip);
    emitGoto(e, 0, pcOfEip(e, eip));
    endBlock(e);
  } else emitGotoEip(e, getClean(e, i, 0, insnSize(i)), insnSize(i));
  return true;
}

export function transCall(e: usize, i: usize): bool {
  const size = insnSize(i);
  const back = nextEip(e) & maskOf(size);
  if (operandKind(i, 0) == I.OPERAND_REL) {
    const eip = targetEip(e, i);
    emitCheckTarget(e, eip);
    emitPush(e, emitConstant(e, back), size);
    emitGoto(e, 0, pcOfEip(e, eip));
    endBlock(e);
    return true;
  }
  const target = B.emitTemp(e);
  B.emit(e, O.OP_MOV, target, getClean(e, i, 0, size), 0, 0);
  emitPush(e, emitConstant(e, back), size);
  emitGotoEip(e, target, size);
  return true;
}

export function transRet(e: usize, i: usize): bool {
  const size = insnSize(i);
  const eip = emitTop(e, size);
  const release = operandKind(i, 0) == I.OPERAND_IMM ? load<i64>(i, I.INSN_IMMEDIATE) & 0xffff : 0;
  emitRelease(e, ((<i64>1) << size) + release);
  emitGotoEip(e, eip, size);
  return true;
}

/** Counts (R)CX down, by the address size, and returns it clean. */
function countDown(e: usize, i: usize): u32 {
  const size = <u32>load<u8>(i, I.INSN_ADDRESS_SIZE);
  const t = emitZext(e, emit1(e, O.OP_ADDI, X.RCX, -1), size);
  setRegister(e, 1, t, size);
  return t;
}

/** Jumps if the counter is not 0 and `condition`, a slot with 0 or 1, holds; 0 stands for none. */
function loopBack(e: usize, i: usize, condition: u32): bool {
  const count = countDown(e, i);
  const eip = targetEip(e, i);
  let again = count;
  if (condition != 0) {
    again = emit1(e, O.OP_NEI, count, 0);
    const both = B.emitTemp(e);
    B.emit(e, O.OP_AND, both, again, condition, 0);
    again = both;
  }
  if (isFar(e, eip)) return conditionalExit(e, i, eip, again);
  B.emit(e, O.OP_BNE, 0, again, X.ZERO, 1);
  emitBothWays(e, i, eip);
  return true;
}

/** Of the condition codes: ZF clear is 5, ZF set is 4. */
export function transLoopne(e: usize, i: usize): bool {
  return loopBack(e, i, emitConditionValue(e, i, 5));
}

export function transLoope(e: usize, i: usize): bool {
  return loopBack(e, i, emitConditionValue(e, i, 4));
}

export function transLoop(e: usize, i: usize): bool {
  return loopBack(e, i, 0);
}

export function transJcxz(e: usize, i: usize): bool {
  const count = cleanRegister(e, 1, load<u8>(i, I.INSN_ADDRESS_SIZE));
  const eip = targetEip(e, i);
  if (isFar(e, eip)) return conditionalExit(e, i, eip, emit1(e, O.OP_EQI, count, 0));
  B.emit(e, O.OP_BEQ, 0, count, X.ZERO, 1);
  emitBothWays(e, i, eip);
  return true;
}
