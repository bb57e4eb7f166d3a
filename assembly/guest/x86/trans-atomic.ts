/**
 * Exchanges that compare or add: CMPXCHG CMPXCHG8B CMPXCHG16B XADD. SDM volume 2. LOCK is a fence before the instruction (translate.ts) and nothing else: a machine has one
 * vCPU, which is interrupted between instructions only, and devices do not take part in its atomics.
 */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import {
  cleanRegister,
  emit1,
  emit2,
  emitCall,
  emitLoad,
  emitMove,
  emitStore,
  emitZext,
  getClean,
  getOperand,
  isCode64,
  isMemory,
  memAddress,
  memForUpdate,
  memOffset,
  memPin,
  operandSize,
  setOperand,
  setRegister,
} from './emit';
import { materialiseFlags, setCcOp } from './emit-cc';
import { helperAligned16 } from './helpers-atomic';

/** condition != 0 ? yes : no */
function emitSelect(e: usize, condition: u32, yes: u32, no: u32): u32 {
  const t = B.emitTemp(e);
  B.emit(e, O.OP_SELECT, t, condition, yes, B.helperWord(0, no, 0));
  return t;
}

function emitCopy(e: usize, from: u32): u32 {
  const t = B.emitTemp(e);
  B.emit(e, O.OP_MOV, t, from, 0, 0);
  return t;
}

/** The destination is written in any case, with its old value if the comparison fails. */
export function transCmpxchg(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  memForUpdate(e, i, 0);
  const old = emitCopy(e, getClean(e, i, 0, size));
  const expected = cleanRegister(e, 0, size);
  const equal = emit2(e, O.OP_EQ, expected, old);
  const value = emitSelect(e, equal, getOperand(e, i, 1), old);
  if (isMemory(i, 0)) setOperand(e, i, 0, value);
  emitMove(e, X.CC_DST, expected);
  emitMove(e, X.CC_SRC, old);
  setCcOp(e, C.CC_SUB | size);
  // An accumulator that was equal may be written as well, but for its high half.
  if (size == 2 && isCode64(e)) emitMove(e, X.RAX, emitSelect(e, equal, X.RAX, old));
  else setRegister(e, 0, old, size);
  if (!isMemory(i, 0)) setOperand(e, i, 0, value);
  return true;
}

/** Of the flags ZF alone changes. */
function setZero(e: usize, equal: u32): void {
  materialiseFlags(e);
  B.emit(e, O.OP_DEPOSIT, X.CC_SRC, X.CC_SRC, equal, B.bitField(6, 1));
}

export function transCmpxchg8b(e: usize, i: usize): bool {
  const address = memAddress(e, i, 8, true);
  const old = emitLoad(e, address, memOffset(i), 3);
  const expected = B.emitTemp(e);
  B.emit(e, O.OP_DEPOSIT, expected, X.RAX, X.RDX, B.bitField(32, 32));
  const wanted = B.emitTemp(e);
  B.emit(e, O.OP_DEPOSIT, wanted, X.RBX, X.RCX, B.bitField(32, 32));
  const equal = emit2(e, O.OP_EQ, expected, old);
  emitStore(e, address, memOffset(i), emitSelect(e, equal, wanted, old), 3);
  emitMove(e, X.RAX, emitSelect(e, equal, X.RAX, emitZext(e, old, 2)));
  emitMove(e, X.RDX, emitSelect(e, equal, X.RDX, emit1(e, O.OP_SHRI, old, 32)));
  setZero(e, equal);
  return true;
}

export function transCmpxchg16b(e: usize, i: usize): bool {
  memPin(e, i, 16, true);
  const address = memAddress(e, i, 16, true);
  emitCall(e, O.OP_CALLX, helperAligned16.index, address, 0, 0, 0);
  const low = emitLoad(e, address, 0, 3);
  const high = emitLoad(e, address, 8, 3);
  const differs = emit2(e, O.OP_OR, emit2(e, O.OP_XOR, low, X.RAX), emit2(e, O.OP_XOR, high, X.RDX));
  const equal = emit1(e, O.OP_EQI, differs, 0);
  // Aligned: if the first store does not fault, the second one will not.
  emitStore(e, address, 0, emitSelect(e, equal, X.RBX, low), 3);
  emitStore(e, address, 8, emitSelect(e, equal, X.RCX, high), 3);
  emitMove(e, X.RAX, low);
  emitMove(e, X.RDX, high);
  setZero(e, equal);
  return true;
}

/** The destination gets the sum, the source the old destination; of one register that is both, the sum stays. */
export function transXadd(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  memForUpdate(e, i, 0);
  const old = emitCopy(e, getClean(e, i, 0, size));
  const added = emitCopy(e, getClean(e, i, 1, size));
  const sum = emitZext(e, emit2(e, O.OP_ADD, old, added), size);
  if (isMemory(i, 0)) setOperand(e, i, 0, sum);
  setOperand(e, i, 1, old);
  if (!isMemory(i, 0)) setOperand(e, i, 0, sum);
  B.emit(e, O.OP_MOV, X.CC_DST, sum, 0, 0);
  emitMove(e, X.CC_SRC, added);
  setCcOp(e, C.CC_ADD | size);
  return true;
}
