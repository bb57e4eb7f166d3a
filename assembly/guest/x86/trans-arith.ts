/** Addition, subtraction, comparison, logic: ADD ADC SUB SBB CMP AND OR XOR TEST INC DEC NEG NOT, ADCX ADOX. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import {
  emit1,
  emit2,
  emitConstant,
  emitMove,
  emitZextTo,
  finishResult,
  getClean,
  getOperand,
  maskOf,
  memForUpdate,
  operandSize,
  resultSlot,
  setOperand,
} from './emit';
import { emitCarry, emitFlags, materialiseFlags, setCcLogic, setCcOp, setStep } from './emit-cc';

/** a = clean result of an operation that has a form for 32 bits. */
function emitSized(e: usize, to: u32, op: u32, op32: u32, b: u32, c: u32, size: u32): void {
  if (size == 2) B.emit(e, op32, to, b, c, 0);
  else if (size == 3) B.emit(e, op, to, b, c, 0);
  else emitZextTo(e, to, emit2(e, op, b, c), size);
}

/** The second operand, in a slot that the result does not overwrite. */
function secondOperand(e: usize, i: usize, size: u32, result: u32): u32 {
  const b = getClean(e, i, 1, size);
  if (b != result) return b;
  const t = B.emitTemp(e);
  B.emit(e, O.OP_MOV, t, b, 0, 0);
  return t;
}

export function transAdd(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  memForUpdate(e, i, 0);
  const result = resultSlot(e, i, 0);
  const b = secondOperand(e, i, size, result);
  emitSized(e, result, O.OP_ADD, O.OP_ADDU_32, getOperand(e, i, 0), b, size);
  finishResult(e, i, 0, result);
  B.emit(e, O.OP_MOV, X.CC_DST, result, 0, 0);
  emitMove(e, X.CC_SRC, b);
  setCcOp(e, C.CC_ADD | size);
  return true;
}

export function transAdc(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  memForUpdate(e, i, 0);
  const carry = emitCarry(e);
  const result = resultSlot(e, i, 0);
  const b = secondOperand(e, i, size, result);
  const part = emit2(e, O.OP_ADD, getOperand(e, i, 0), carry);
  emitSized(e, result, O.OP_ADD, O.OP_ADDU_32, part, b, size);
  finishResult(e, i, 0, result);
  emitMove(e, X.CC_SRC2, carry);
  B.emit(e, O.OP_MOV, X.CC_DST, result, 0, 0);
  emitMove(e, X.CC_SRC, b);
  setCcOp(e, C.CC_ADC | size);
  return true;
}

/** Leaves the operands of a subtraction for the flags. */
function setCcSub(e: usize, a: u32, b: u32, op: u32): void {
  emitMove(e, X.CC_DST, a);
  emitMove(e, X.CC_SRC, b);
  setCcOp(e, op);
}

/** A copy of the first operand, if the result overwrites it. */
function firstOperand(e: usize, i: usize, size: u32, result: u32): u32 {
  const a = getClean(e, i, 0, size);
  if (a != result) return a;
  const t = B.emitTemp(e);
  B.emit(e, O.OP_MOV, t, a, 0, 0);
  return t;
}

export function transSub(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  memForUpdate(e, i, 0);
  const result = resultSlot(e, i, 0);
  const b = secondOperand(e, i, size, result);
  const a = firstOperand(e, i, size, result);
  emitSized(e, result, O.OP_SUB, O.OP_SUBU_32, a, b, size);
  finishResult(e, i, 0, result);
  setCcSub(e, a, b, C.CC_SUB | size);
  return true;
}

export function transSbb(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  memForUpdate(e, i, 0);
  const carry = emitCarry(e);
  const result = resultSlot(e, i, 0);
  const b = secondOperand(e, i, size, result);
  const a = firstOperand(e, i, size, result);
  const part = emit2(e, O.OP_SUB, a, carry);
  emitSized(e, result, O.OP_SUB, O.OP_SUBU_32, part, b, size);
  finishResult(e, i, 0, result);
  emitMove(e, X.CC_SRC2, carry);
  setCcSub(e, a, b, C.CC_SBB | size);
  return true;
}

export function transCmp(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const a = getClean(e, i, 0, size);
  setCcSub(e, a, getClean(e, i, 1, size), C.CC_SUB | size);
  return true;
}

function logic(e: usize, i: usize, op: u32): bool {
  const size = operandSize(i, 0);
  memForUpdate(e, i, 0);
  const result = resultSlot(e, i, 0);
  const b = getClean(e, i, 1, size);
  B.emit(e, op, result, getClean(e, i, 0, size), b, 0);
  finishResult(e, i, 0, result);
  setCcLogic(e, result, size);
  return true;
}

export function transAnd(e: usize, i: usize): bool {
  return logic(e, i, O.OP_AND);
}

export function transOr(e: usize, i: usize): bool {
  return logic(e, i, O.OP_OR);
}

export function transXor(e: usize, i: usize): bool {
  return logic(e, i, O.OP_XOR);
}

export function transTest(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const a = getClean(e, i, 0, size);
  const b = getClean(e, i, 1, size);
  if (a == b) emitMove(e, X.CC_DST, a);
  else B.emit(e, O.OP_AND, X.CC_DST, a, b, 0);
  setCcOp(e, C.CC_LOGIC | size);
  return true;
}

/** CF stays. */
function step(e: usize, i: usize, change: i64, op: u32): bool {
  const size = operandSize(i, 0);
  memForUpdate(e, i, 0);
  const result = resultSlot(e, i, 0);
  const a = getOperand(e, i, 0);
  if (size == 2) B.emit(e, O.OP_ADDIU_32, result, a, 0, change);
  else if (size == 3) B.emit(e, O.OP_ADDI, result, a, 0, change);
  else emitZextTo(e, result, emit1(e, O.OP_ADDI, a, change), size);
  finishResult(e, i, 0, result);
  setStep(e, result, op | size);
  return true;
}

export function transInc(e: usize, i: usize): bool {
  return step(e, i, 1, C.CC_INC);
}

export function transDec(e: usize, i: usize): bool {
  return step(e, i, -1, C.CC_DEC);
}

export function transNeg(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  memForUpdate(e, i, 0);
  const result = resultSlot(e, i, 0);
  const b = firstOperand(e, i, size, result);
  emitSized(e, result, O.OP_SUB, O.OP_SUBU_32, X.ZERO, b, size);
  finishResult(e, i, 0, result);
  setCcSub(e, X.ZERO, b, C.CC_SUB | size);
  return true;
}

export function transNot(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  memForUpdate(e, i, 0);
  const result = resultSlot(e, i, 0);
  const a = getClean(e, i, 0, size);
  B.emit(e, O.OP_XORI, result, a, 0, maskOf(size));
  finishResult(e, i, 0, result);
  return true;
}

/** Adds with one flag as carry in and out; the other flags stay. */
function addWithFlag(e: usize, i: usize, flag: u32, position: u32): bool {
  const size = operandSize(i, 0);
  materialiseFlags(e);
  const carry = emit1(e, O.OP_EXTRACT, X.CC_SRC, B.bitField(position, 1));
  const a = getClean(e, i, 0, size);
  const b = getClean(e, i, 1, size);
  const part = emit2(e, O.OP_ADD, a, b);
  const sum = emit2(e, O.OP_ADD, part, carry);
  let out: u32;
  if (size == 3) out = emit2(e, O.OP_OR, emit2(e, O.OP_LTU, part, a), emit2(e, O.OP_LTU, sum, part));
  else out = emit1(e, O.OP_SHRI, sum, 32);
  setOperand(e, i, 0, sum);
  B.emit(e, O.OP_DEPOSIT, X.CC_SRC, X.CC_SRC, out, B.bitField(position, 1));
  return true;
}

export function transAdcx(e: usize, i: usize): bool {
  return addWithFlag(e, i, X.FLAG_CF, 0);
}

export function transAdox(e: usize, i: usize): bool {
  return addWithFlag(e, i, X.FLAG_OF, 11);
}

/** CLC, STC and CMC change CF alone. */
export function transClc(e: usize, i: usize): bool {
  materialiseFlags(e);
  B.emit(e, O.OP_ANDI, X.CC_SRC, X.CC_SRC, 0, ~(<i64>X.FLAG_CF));
  return true;
}

export function transStc(e: usize, i: usize): bool {
  materialiseFlags(e);
  B.emit(e, O.OP_ORI, X.CC_SRC, X.CC_SRC, 0, X.FLAG_CF);
  return true;
}

export function transCmc(e: usize, i: usize): bool {
  materialiseFlags(e);
  B.emit(e, O.OP_XORI, X.CC_SRC, X.CC_SRC, 0, X.FLAG_CF);
  return true;
}

export function transLahf(e: usize, i: usize): bool {
  const flags = emit1(e, O.OP_ANDI, emitFlags(e), X.FLAG_SF | X.FLAG_ZF | X.FLAG_AF | X.FLAG_PF | X.FLAG_CF);
  const ah = emit1(e, O.OP_ORI, flags, X.FLAG_FIXED);
  B.emit(e, O.OP_DEPOSIT, X.RAX, X.RAX, ah, B.bitField(8, 8));
  return true;
}

export function transSahf(e: usize, i: usize): bool {
  const flags = emitFlags(e);
  const overflow = emit1(e, O.OP_ANDI, flags, X.FLAG_OF);
  const ah = emit1(e, O.OP_EXTRACT, X.RAX, B.bitField(8, 8));
  const low = emit1(e, O.OP_ANDI, ah, X.FLAG_SF | X.FLAG_ZF | X.FLAG_AF | X.FLAG_PF | X.FLAG_CF);
  B.emit(e, O.OP_OR, X.CC_SRC, low, overflow, 0);
  setCcOp(e, C.CC_EFLAGS);
  return true;
}

/** SALC: AL = CF ? 0xff : 0; not documented, but every processor has it. */
export function transSalc(e: usize, i: usize): bool {
  const value = emit2(e, O.OP_SUB, X.ZERO, emitCarry(e));
  B.emit(e, O.OP_DEPOSIT, X.RAX, X.RAX, value, B.bitField(0, 8));
  return true;
}

export function transCld(e: usize, i: usize): bool {
  B.emit(e, O.OP_MOVI, X.DF, 0, 0, 1);
  return true;
}

export function transStd(e: usize, i: usize): bool {
  B.emit(e, O.OP_MOVI, X.DF, 0, 0, -1);
  return true;
}
