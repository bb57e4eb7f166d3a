/** x87 arithmetic and comparisons. SDM 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import { emitLoadOperand, isMemory, operandRegister, operandSize } from './emit';
import { setCcOp } from './emit-cc';
import { emitX87, emitX87Quick } from './emit-x87';
import * as H from './helpers-x87-arith';
import * as Q from './quick-x87';
import { x87Unavailable } from './trans-x87-control';
import * as S from './x87';

/** FORMAT_* of a memory operand. */
function format(i: usize, integer: bool): u32 {
  const size = operandSize(i, 0);
  if (integer) return size == 1 ? S.FORMAT_INT16 : S.FORMAT_INT32;
  return size == 2 ? S.FORMAT_SINGLE : S.FORMAT_DOUBLE;
}

function arithmetic(e: usize, i: usize, operation: u32, pops: u32): bool {
  if (x87Unavailable(e)) return true;
  if (isMemory(i, 0)) return withMemory(e, i, operation, false);
  const to = operandRegister(i, 0) << S.IMM_TO;
  const from = operandRegister(i, 1) << S.IMM_FROM;
  const how = operation | to | from | (pops << S.IMM_POPS);
  emitX87Quick(e, i, H.helperX87Arith.index, quickOf(operation), 0, 0, how);
  return true;
}

function quickOf(operation: u32): u32 {
  if (operation == H.MULTIPLY) return Q.quickX87Multiply.index;
  return operation >= H.DIVIDE ? Q.quickX87Divide.index : Q.quickX87Add.index;
}

function withMemory(e: usize, i: usize, operation: u32, integer: bool): bool {
  const value = emitLoadOperand(e, i, operandSize(i, 0));
  const how = operation | S.IMM_MEMORY | (format(i, integer) << S.IMM_FORMAT);
  emitX87Quick(e, i, H.helperX87ArithMemory.index, quickOf(operation), value, 0, how);
  return true;
}

function withInteger(e: usize, i: usize, operation: u32): bool {
  return x87Unavailable(e) || withMemory(e, i, operation, true);
}

export function transFadd(e: usize, i: usize): bool {
  return arithmetic(e, i, H.ADD, 0);
}

export function transFmul(e: usize, i: usize): bool {
  return arithmetic(e, i, H.MULTIPLY, 0);
}

export function transFsub(e: usize, i: usize): bool {
  return arithmetic(e, i, H.SUBTRACT, 0);
}

export function transFsubr(e: usize, i: usize): bool {
  return arithmetic(e, i, H.SUBTRACT_REVERSED, 0);
}

export function transFdiv(e: usize, i: usize): bool {
  return arithmetic(e, i, H.DIVIDE, 0);
}

export function transFdivr(e: usize, i: usize): bool {
  return arithmetic(e, i, H.DIVIDE_REVERSED, 0);
}

export function transFaddp(e: usize, i: usize): bool {
  return arithmetic(e, i, H.ADD, 1);
}

export function transFmulp(e: usize, i: usize): bool {
  return arithmetic(e, i, H.MULTIPLY, 1);
}

export function transFsubp(e: usize, i: usize): bool {
  return arithmetic(e, i, H.SUBTRACT, 1);
}

export function transFsubrp(e: usize, i: usize): bool {
  return arithmetic(e, i, H.SUBTRACT_REVERSED, 1);
}

export function transFdivp(e: usize, i: usize): bool {
  return arithmetic(e, i, H.DIVIDE, 1);
}

export function transFdivrp(e: usize, i: usize): bool {
  return arithmetic(e, i, H.DIVIDE_REVERSED, 1);
}

export function transFiadd(e: usize, i: usize): bool {
  return withInteger(e, i, H.ADD);
}

export function transFimul(e: usize, i: usize): bool {
  return withInteger(e, i, H.MULTIPLY);
}

export function transFisub(e: usize, i: usize): bool {
  return withInteger(e, i, H.SUBTRACT);
}

export function transFisubr(e: usize, i: usize): bool {
  return withInteger(e, i, H.SUBTRACT_REVERSED);
}

export function transFidiv(e: usize, i: usize): bool {
  return withInteger(e, i, H.DIVIDE);
}

export function transFidivr(e: usize, i: usize): bool {
  return withInteger(e, i, H.DIVIDE_REVERSED);
}

function emitCompare(e: usize, i: usize, helper: u32, value: u32, how: u32): u32 {
  return emitX87Quick(e, i, helper, Q.quickX87Compare.index, value, 0, how);
}

function compare(e: usize, i: usize, how: u32, pops: u32, integer: bool): bool {
  if (x87Unavailable(e)) return true;
  how |= pops << S.IMM_POPS;
  if (isMemory(i, 0)) {
    const value = emitLoadOperand(e, i, operandSize(i, 0));
    const form = S.IMM_MEMORY | (format(i, integer) << S.IMM_FORMAT);
    emitCompare(e, i, H.helperX87CompareMemory.index, value, how | form);
  } else emitCompare(e, i, H.helperX87Compare.index, 0, how | (operandRegister(i, 0) << S.IMM_FROM));
  return true;
}

export function transFcom(e: usize, i: usize): bool {
  return compare(e, i, 0, 0, false);
}

export function transFcomp(e: usize, i: usize): bool {
  return compare(e, i, 0, 1, false);
}

export function transFucom(e: usize, i: usize): bool {
  return compare(e, i, S.IMM_FLAG, 0, false);
}

export function transFucomp(e: usize, i: usize): bool {
  return compare(e, i, S.IMM_FLAG, 1, false);
}

export function transFicom(e: usize, i: usize): bool {
  return compare(e, i, 0, 0, true);
}

export function transFicomp(e: usize, i: usize): bool {
  return compare(e, i, 0, 1, true);
}

/** With ST(1), and pops both. */
function compareBoth(e: usize, i: usize, how: u32): bool {
  if (!x87Unavailable(e))
    emitCompare(e, i, H.helperX87Compare.index, 0, how | (1 << S.IMM_FROM) | (2 << S.IMM_POPS));
  return true;
}

export function transFcompp(e: usize, i: usize): bool {
  return compareBoth(e, i, 0);
}

export function transFucompp(e: usize, i: usize): bool {
  return compareBoth(e, i, S.IMM_FLAG);
}

function compareFlags(e: usize, i: usize, how: u32, pops: u32): bool {
  if (x87Unavailable(e)) return true;
  how |= H.TO_FLAGS | (operandRegister(i, 1) << S.IMM_FROM) | (pops << S.IMM_POPS);
  const flags = emitCompare(e, i, H.helperX87CompareFlags.index, 0, how);
  B.emit(e, O.OP_MOV, X.CC_SRC, flags, 0, 0);
  setCcOp(e, C.CC_EFLAGS);
  return true;
}

export function transFcomi(e: usize, i: usize): bool {
  return compareFlags(e, i, 0, 0);
}

export function transFcomip(e: usize, i: usize): bool {
  return compareFlags(e, i, 0, 1);
}

export function transFucomi(e: usize, i: usize): bool {
  return compareFlags(e, i, S.IMM_FLAG, 0);
}

export function transFucomip(e: usize, i: usize): bool {
  return compareFlags(e, i, S.IMM_FLAG, 1);
}

/** Instructions without operands. */
function plain(e: usize, i: usize, helper: u32, how: u32): bool {
  if (!x87Unavailable(e)) emitX87(e, i, helper, 0, 0, how);
  return true;
}

export function transFtst(e: usize, i: usize): bool {
  // With zero, which an operand of 0 in memory is too.
  if (!x87Unavailable(e))
    emitCompare(e, i, H.helperX87Test.index, 0, S.IMM_MEMORY | (S.FORMAT_INT32 << S.IMM_FORMAT));
  return true;
}

export function transFxam(e: usize, i: usize): bool {
  return plain(e, i, H.helperX87Examine.index, 0);
}

function unary(e: usize, i: usize, operation: u32): bool {
  if (!x87Unavailable(e)) emitX87Quick(e, i, H.helperX87Unary.index, Q.quickX87Unary.index, 0, 0, operation);
  return true;
}

export function transFchs(e: usize, i: usize): bool {
  return unary(e, i, H.CHANGE_SIGN);
}

export function transFabs(e: usize, i: usize): bool {
  return unary(e, i, H.ABSOLUTE);
}

export function transFsqrt(e: usize, i: usize): bool {
  return unary(e, i, H.SQUARE_ROOT);
}

export function transFrndint(e: usize, i: usize): bool {
  return unary(e, i, H.ROUND);
}

export function transFscale(e: usize, i: usize): bool {
  return plain(e, i, H.helperX87Scale.index, 0);
}

export function transFprem(e: usize, i: usize): bool {
  return plain(e, i, H.helperX87Remainder.index, 0);
}

export function transFprem1(e: usize, i: usize): bool {
  return plain(e, i, H.helperX87Remainder.index, S.IMM_FLAG);
}

export function transFxtract(e: usize, i: usize): bool {
  return plain(e, i, H.helperX87Extract.index, 0);
}
