/**
 * What the trans functions of MMX and SSE share: checks, operands, results.
 *
 * An XMM register is a slot of 16 bytes; an MMX register is the significand of the x87 register of that number, and is computed with in the low
 * half of a vector whose high half is 0.
 */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import { SHUFFLE_16, SHUFFLE_32, SHUFFLE_ALIGN } from '../../ir/shuffle';
import * as V from '../../ir/vector-ops';
import { EXIT_AGAIN } from '../../vcpu/state';
import * as X from './cpu';
import {
  emitCall,
  emitConstant,
  emitExit,
  emitLoadOperand,
  emitRaise,
  getClean,
  has,
  isMemory,
  memAddress,
  memOffset,
  mmuIndex,
  operandKind,
  operandRegister,
  operandSize,
} from './emit';
import { helperMmxBegin, helperMmxUnavailable, helperProbeStore } from './helpers-mmx';
import * as I from './insn';

/** Logarithm of 16 bytes. */
export const SIZE_VECTOR: u32 = 4;

export function xmm(number: u32): u32 {
  return X.XMM + (number << 4);
}

export function mmx(number: u32): u32 {
  return X.X87_REG + (number << 4);
}

/** Slot of the XMM register that is operand `n`. */
export function xmmOperand(i: usize, n: u32): u32 {
  return xmm(operandRegister(i, n));
}

export function isMmx(i: usize, n: u32): bool {
  return operandKind(i, n) == I.OPERAND_MMX;
}

// ── Checks ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether SSE instructions raise here. SDM 3, 13.1.4. */
export function sseOff(e: usize): bool {
  return has(e, X.BLOCK_SSE_UD | X.BLOCK_SSE_NM);
}

/** What a trans function returns then: #UD before #NM. */
export function sseRaise(e: usize): bool {
  return !has(e, X.BLOCK_SSE_UD) && emitRaise(e, X.EXC_NM, 0);
}

export function mmxOff(e: usize): bool {
  return has(e, X.BLOCK_FPU_NM);
}

export function mmxRaise(e: usize): bool {
  emitCall(e, O.OP_CALLX, helperMmxUnavailable.index, 0, 0, 0, 0);
  emitExit(e, EXIT_AGAIN, load<u64>(e, B.EMIT_PC));
  return true;
}

/** Whether the instruction is MMX's: one of its first two operands is an MMX register. */
export function usesMmx(i: usize): bool {
  return isMmx(i, 0) || isMmx(i, 1);
}

/** Whether an instruction of MMX or SSE, by its operands, raises here. */
export function vectorOff(e: usize, i: usize): bool {
  return usesMmx(i) ? mmxOff(e) : sseOff(e);
}

export function vectorRaise(e: usize, i: usize): bool {
  return usesMmx(i) ? mmxRaise(e) : sseRaise(e);
}

/** Pending x87 exceptions, before anything else that an MMX instruction does. */
export function mmxBegin(e: usize): void {
  emitCall(e, O.OP_CALLX, helperMmxBegin.index, 0, 0, 0, 0);
}

/** MMX instructions make all registers valid and the first the top of the stack. SDM 1, 9.5.1. After all that may raise. */
export function mmxEnter(e: usize): void {
  B.emit(e, O.OP_MOVI, X.X87_TOP, 0, 0, 0);
  B.emit(e, O.OP_MOVI, X.X87_TAGS, 0, 0, X.TAGS_ANY);
}

/** Writes an MMX register, whose exponent becomes all ones. */
export function setMmx(e: usize, number: u32, value: u32): void {
  mmxEnter(e);
  B.emit(e, O.OP_MOV, mmx(number), value, 0, 0);
  B.emit(e, O.OP_MOVI, mmx(number) + 8, 0, 0, 0xffff);
}

/** Raises now what a store to the memory operand would raise, so that the state can change before it. */
export function probeStore(e: usize, i: usize, bytes: u32): void {
  const at = B.emitTemp(e);
  B.emit(e, O.OP_ADDI, at, memAddress(e, i, bytes, true), 0, memOffset(i));
  emitCall(e, O.OP_CALLX, helperProbeStore.index, at, emitConstant(e, bytes), 0, mmuIndex(e));
}

/** Stores an MMX register to the memory operand. */
export function storeMmx(e: usize, i: usize, number: u32): void {
  probeStore(e, i, 8);
  mmxEnter(e);
  B.emit(e, O.OP_ST64, mmx(number), memAddress(e, i, 8, true), mmuIndex(e), memOffset(i));
}

// ── Vectors ─────────────────────────────────────────────────────────────────────────────────────────────────────

export function vbin(e: usize, number: u32, b: u32, c: u32): u32 {
  const t = B.emitTempV(e);
  B.emit(e, O.OP_VBIN, t, b, c, number);
  return t;
}

export function vun(e: usize, number: u32, b: u32): u32 {
  const t = B.emitTempV(e);
  B.emit(e, O.OP_VUN, t, b, 0, number);
  return t;
}

export function vshift(e: usize, number: u32, b: u32, count: u32): u32 {
  const t = B.emitTempV(e);
  B.emit(e, O.OP_VSHIFT, t, b, count, number);
  return t;
}

export function vshuf(e: usize, b: u32, c: u32, imm: i64): u32 {
  const t = B.emitTempV(e);
  B.emit(e, O.OP_VSHUF, t, b, c, imm);
  return t;
}

export function vtest(e: usize, number: u32, b: u32): u32 {
  const t = B.emitTemp(e);
  B.emit(e, O.OP_VTEST, t, b, 0, number);
  return t;
}

/** A 64-bit lane. */
export function vget(e: usize, b: u32, lane: u32): u32 {
  const t = B.emitTemp(e);
  B.emit(e, O.OP_VGET64, t, b, 0, lane);
  return t;
}

export function vzero(e: usize): u32 {
  return vbin(e, V.V_V128_XOR, X.XMM, X.XMM);
}

/** A vector of two slots of 64 bits. */
export function vpair(e: usize, low: u32, high: u32): u32 {
  const t = B.emitTempV(e);
  B.emit(e, O.OP_VSET64, t, X.XMM, low, 0);
  B.emit(e, O.OP_VSET64, t, t, high, 1);
  return t;
}

/** A slot in the low half, 0 in the high one. */
export function vlow(e: usize, low: u32): u32 {
  const t = vzero(e);
  B.emit(e, O.OP_VSET64, t, t, low, 0);
  return t;
}

/** A constant in both halves. */
export function vsplat(e: usize, value: u64): u32 {
  const t = emitConstant(e, value);
  return vpair(e, t, t);
}

/** Immediates of vshuf: double words of b (0-3) and c (4-7). */
export function lanes32(l0: u32, l1: u32, l2: u32, l3: u32): i64 {
  return SHUFFLE_32 | ((l0 | (l1 << 3) | (l2 << 6) | (l3 << 9)) << 8);
}

/** Words of b (0-7) and c (8-15), a hexadecimal digit each from the lowest. */
export function lanes16(lanes: u32): i64 {
  return SHUFFLE_16 | ((<i64>lanes) << 8);
}

/** The 16 bytes from byte `first` on of b and, behind it, c. */
export function bytesFrom(first: u32): i64 {
  return SHUFFLE_ALIGN | (first << 8);
}

/** to = b ∘ c in all lanes; `immediate` has the kind of the `callfv` and what the helper needs to know. */
export function emitPacked(e: usize, to: u32, b: u32, c: u32, helper: u32, immediate: u32): void {
  B.emit(e, O.OP_CALLFV, to, b, c, B.helperWord(helper, 0, immediate));
}

// ── Operands ────────────────────────────────────────────────────────────────────────────────────────────────────

/** Loads 16 bytes from the memory operand. */
export function loadVector(e: usize, i: usize, to: u32, aligned: bool): void {
  const address = memAddress(e, i, 16, false);
  B.emit(e, aligned ? O.OP_VLD128A : O.OP_VLD128, to, address, mmuIndex(e), memOffset(i));
}

export function storeVector(e: usize, i: usize, from: u32, aligned: bool): void {
  const address = memAddress(e, i, 16, true);
  B.emit(e, aligned ? O.OP_VST128A : O.OP_VST128, from, address, mmuIndex(e), memOffset(i));
}

/**
 * An operand as a vector: an XMM register's own slot, an MMX register or a memory operand of up to 8 bytes zero-extended, or 16 bytes of memory,
 * which have to be aligned.
 */
export function getVector(e: usize, i: usize, n: u32): u32 {
  const kind = operandKind(i, n);
  if (kind == I.OPERAND_XMM) return xmmOperand(i, n);
  if (kind == I.OPERAND_MMX) return vlow(e, mmx(operandRegister(i, n)));
  if (isMemory(i, n) && operandSize(i, n) == SIZE_VECTOR) {
    const t = B.emitTempV(e);
    loadVector(e, i, t, true);
    return t;
  }
  return vlow(e, getClean(e, i, n, operandSize(i, n)));
}

/** The low 64 bits of an XMM or MMX register, or a memory operand of up to 8 bytes, zero-extended. */
export function getLow(e: usize, i: usize, n: u32): u32 {
  const kind = operandKind(i, n);
  if (kind == I.OPERAND_XMM) return vget(e, xmmOperand(i, n), 0);
  if (kind == I.OPERAND_MMX) return mmx(operandRegister(i, n));
  return emitLoadOperand(e, i, operandSize(i, n));
}

/** Writes a vector to operand `n`, an XMM register or, of its low half, an MMX register. */
export function setVector(e: usize, i: usize, n: u32, value: u32): void {
  if (isMmx(i, n)) setMmx(e, operandRegister(i, n), vget(e, value, 0));
  else B.emit(e, O.OP_VMOV, xmmOperand(i, n), value, 0, 0);
}

export function immediate(i: usize): u32 {
  return <u32>load<u8>(i, I.INSN_IMMEDIATE);
}

/** What instructions with two operands begin with, if they do not raise: vectorOff is false. */
export function vectorBegin(e: usize, i: usize): void {
  if (usesMmx(i)) mmxBegin(e);
}
