/** Multiplication, division and decimal adjustments: MUL IMUL MULX DIV IDIV AAA AAS AAM AAD DAA DAS. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import {
  cleanRegister,
  emit1,
  emit2,
  emitCall,
  emitMove,
  emitRaise,
  emitSext,
  emitZextTo,
  getClean,
  getOperand,
  operandKind,
  operandRegister,
  operandSize,
  setOperand,
  setRegister,
} from './emit';
import { forgetCcOp, setCcOp } from './emit-cc';
import {
  ADJUST_AAA,
  ADJUST_AAD,
  ADJUST_AAM,
  ADJUST_AAS,
  ADJUST_BASE_SHIFT,
  ADJUST_DAA,
  ADJUST_DAS,
  helperAdjust,
  helperDivide,
  helperDivide128,
  helperDivideSigned,
  helperDivideSigned128,
} from './helpers-mul';
import * as I from './insn';

/** CF and OF say whether `lost`, a slot, is other than 0. */
function setCcMul(e: usize, result: u32, lost: u32, size: u32): void {
  emitZextTo(e, X.CC_DST, result, size);
  emitMove(e, X.CC_SRC, lost);
  setCcOp(e, C.CC_MUL | size);
}

/** What the sign-extended low part of a signed product leaves out: 0 if it is all of it. */
function lostOfSigned(e: usize, product: u32, high: u32, size: u32): u32 {
  if (size == 3) return emit2(e, O.OP_XOR, high, emit1(e, O.OP_SARI, product, 63));
  return emit2(e, O.OP_XOR, product, emitSext(e, product, size));
}

/** AX, DX:AX, EDX:EAX or RDX:RAX = AL, AX, EAX or RAX times the operand. */
function wide(e: usize, i: usize, signed: bool): bool {
  const size = operandSize(i, 0);
  let a: u32;
  let b: u32;
  if (signed) {
    b = emitSext(e, getOperand(e, i, 0), size);
    a = emitSext(e, X.RAX, size);
  } else {
    b = getClean(e, i, 0, size);
    a = cleanRegister(e, 0, size);
  }
  const product = emit2(e, O.OP_MUL, a, b);
  let high: u32;
  if (size == 3) high = emit2(e, signed ? O.OP_MULHS : O.OP_MULHU, a, b);
  else high = emit1(e, O.OP_SHRI, product, 8 << size);
  setCcMul(e, product, signed ? lostOfSigned(e, product, high, size) : high, size);
  setRegister(e, 0, product, size == 0 ? 1 : size);
  if (size != 0) setRegister(e, 2, high, size);
  return true;
}

export function transMul(e: usize, i: usize): bool {
  return wide(e, i, false);
}

export function transImulWide(e: usize, i: usize): bool {
  return wide(e, i, true);
}

/** Two operands, or three: the product of the last two. */
export function transImul(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const first: u32 = load<u8>(i, I.INSN_OPERAND_COUNT) == 3 ? 1 : 0;
  const a = emitSext(e, getOperand(e, i, first), size);
  let b = getOperand(e, i, first + 1);
  if (operandKind(i, first + 1) != I.OPERAND_IMM) b = emitSext(e, b, size);
  const product = emit2(e, O.OP_MUL, a, b);
  const high = size == 3 ? emit2(e, O.OP_MULHS, a, b) : product;
  setCcMul(e, product, lostOfSigned(e, product, high, size), size);
  setOperand(e, i, 0, product);
  return true;
}

/** High and low half of EDX or RDX times operand 2, without flags. If both go to one register, it gets the high half. */
export function transMulx(e: usize, i: usize): bool {
  const size = operandSize(i, 0);
  const a = cleanRegister(e, 2, size);
  const b = getClean(e, i, 2, size);
  const product = emit2(e, O.OP_MUL, a, b);
  const high = size == 3 ? emit2(e, O.OP_MULHU, a, b) : emit1(e, O.OP_SHRI, product, 32);
  setRegister(e, operandRegister(i, 1), product, size);
  setRegister(e, operandRegister(i, 0), high, size);
  return true;
}

/** The dividend of up to 64 bits: AX, DX:AX or EDX:EAX. */
function dividend(e: usize, size: u32, signed: bool): u32 {
  if (size == 0) return signed ? emitSext(e, X.RAX, 1) : cleanRegister(e, 0, 1);
  const width = 8 << size;
  const low = size == 1 ? cleanRegister(e, 0, 1) : X.RAX;
  const both = B.emitTemp(e);
  B.emit(e, O.OP_DEPOSIT, both, low, X.RDX, B.bitField(width, width));
  return signed ? emitSext(e, both, size + 1) : both;
}

/** A helper finds the quotient, or raises; the remainder follows from it. */
function divide(e: usize, i: usize, signed: bool): bool {
  const size = operandSize(i, 0);
  const divisor = signed ? emitSext(e, getOperand(e, i, 0), size) : getClean(e, i, 0, size);
  let low: u32 = X.RAX;
  let quotient: u32;
  if (size == 3) {
    const helper = signed ? helperDivideSigned128.index : helperDivide128.index;
    quotient = emitCall(e, O.OP_CALLX, helper, low, X.RDX, divisor, 0);
  } else {
    low = dividend(e, size, signed);
    const helper = signed ? helperDivideSigned.index : helperDivide.index;
    quotient = emitCall(e, O.OP_CALLX, helper, low, divisor, 0, size);
  }
  const remainder = emit2(e, O.OP_SUB, low, emit2(e, O.OP_MUL, quotient, divisor));
  setRegister(e, 0, quotient, size);
  if (size == 0) B.emit(e, O.OP_DEPOSIT, X.RAX, X.RAX, remainder, B.bitField(8, 8));
  else setRegister(e, 2, remainder, size);
  return true;
}

export function transDiv(e: usize, i: usize): bool {
  return divide(e, i, false);
}

export function transIdiv(e: usize, i: usize): bool {
  return divide(e, i, true);
}

function adjust(e: usize, how: u32): bool {
  emitCall(e, O.OP_CALLG, helperAdjust.index, 0, 0, 0, how);
  forgetCcOp(e);
  return true;
}

export function transDaa(e: usize, i: usize): bool {
  return adjust(e, ADJUST_DAA);
}

export function transDas(e: usize, i: usize): bool {
  return adjust(e, ADJUST_DAS);
}

export function transAaa(e: usize, i: usize): bool {
  return adjust(e, ADJUST_AAA);
}

export function transAas(e: usize, i: usize): bool {
  return adjust(e, ADJUST_AAS);
}

export function transAam(e: usize, i: usize): bool {
  const base = load<u32>(i, I.INSN_IMMEDIATE) & 0xff;
  return base == 0 ? emitRaise(e, X.EXC_DE, 0) : adjust(e, ADJUST_AAM | (base << ADJUST_BASE_SHIFT));
}

export function transAad(e: usize, i: usize): bool {
  const base = load<u32>(i, I.INSN_IMMEDIATE) & 0xff;
  return adjust(e, ADJUST_AAD | (base << ADJUST_BASE_SHIFT));
}
