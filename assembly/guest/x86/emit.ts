/**
 * What the trans functions share: operands, memory addresses, the stack, the ways out of a block.
 *
 * A value in a slot is *clean* if it is zero-extended from the operand's size, else its high bits are anything. Outside 64-bit code the registers
 * RAX to RDI are clean as 32-bit values.
 */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import { EXIT_AGAIN, STATE_GUEST_KEY } from '../../vcpu/state';
import * as X from './cpu';
import * as I from './insn';
import { helperCheckTarget } from './helpers-flow';
import { helperRaise } from './segment';
import { MARK_SHIFT } from './segment-range';

/** Fields of the frontend behind the decoder's record: u16 slot of the memory operand's linear address, or 0; i64 what is to be added to it. */
export const INSN_LINEAR: usize = I.INSN_BYTES;
const INSN_OFFSET: usize = I.INSN_BYTES + 8;

const MASK_32: u64 = 0xffffffff;

export function blockFlags(e: usize): u32 {
  return load<u32>(e, B.EMIT_FLAGS);
}

export function has(e: usize, flag: u32): bool {
  return (blockFlags(e) & flag) != 0;
}

export function isCode64(e: usize): bool {
  return has(e, X.BLOCK_CODE64);
}

export function mmuIndex(e: usize): u32 {
  return load<u32>(e, B.EMIT_MMU);
}

export function cpuOf(e: usize): usize {
  return load<u32>(e, B.EMIT_CPU);
}

// ── Addresses of code ───────────────────────────────────────────────────────────────────────────────────────────

export function codeBase(e: usize): u64 {
  return load<u32>(cpuOf(e), STATE_GUEST_KEY);
}

/** EIP or RIP of this instruction and of the next. */
export function thisEip(e: usize): u64 {
  return eipOf(e, load<u64>(e, B.EMIT_PC));
}

export function nextEip(e: usize): u64 {
  return eipOf(e, nextPc(e));
}

/** Linear address of the next instruction. */
export function nextPc(e: usize): u64 {
  return load<u64>(e, B.EMIT_PC) + load<u32>(e, B.EMIT_LENGTH);
}

function eipOf(e: usize, pc: u64): u64 {
  return isCode64(e) ? pc : (pc - codeBase(e)) & MASK_32;
}

export function pcOfEip(e: usize, eip: u64): u64 {
  return isCode64(e) ? eip : (eip + codeBase(e)) & MASK_32;
}

// ── Operands ────────────────────────────────────────────────────────────────────────────────────────────────────

export function operandKind(i: usize, n: u32): u32 {
  return load<u8>(I.insnOperand(i, n), I.OPERAND_KIND);
}

/** Logarithm of its bytes. */
export function operandSize(i: usize, n: u32): u32 {
  return load<u8>(I.insnOperand(i, n), I.OPERAND_SIZE);
}

export function operandRegister(i: usize, n: u32): u32 {
  return load<u8>(I.insnOperand(i, n), I.OPERAND_REGISTER);
}

export function isHighByte(i: usize, n: u32): bool {
  return (load<u8>(I.insnOperand(i, n), I.OPERAND_FLAGS) & I.OPERAND_HIGH_BYTE) != 0;
}

export function isMemory(i: usize, n: u32): bool {
  const kind = operandKind(i, n);
  return kind == I.OPERAND_MEM || kind == I.OPERAND_MOFFS;
}

/** Logarithm of the instruction's operand size in bytes. */
export function insnSize(i: usize): u32 {
  return load<u8>(i, I.INSN_OPERAND_SIZE);
}

export function hasPrefix(i: usize, prefix: u32): bool {
  return (load<u16>(i, I.INSN_PREFIXES) & prefix) != 0;
}

export function gpr(number: u32): u32 {
  return X.GPR + (number << 3);
}

/** Ones in the bits of an operand of so many bytes. */
export function maskOf(size: u32): u64 {
  return 0xffffffffffffffff >> (64 - ((<u64>8) << size));
}

export function emitMove(e: usize, to: u32, from: u32): void {
  if (to != from) B.emit(e, O.OP_MOV, to, from, 0, 0);
}

export function emitConstant(e: usize, value: u64): u32 {
  if (value == 0) return X.ZERO;
  const t = B.emitTemp(e);
  B.emit(e, O.OP_MOVI, t, 0, 0, value);
  return t;
}

export function emit2(e: usize, op: u32, b: u32, c: u32): u32 {
  const t = B.emitTemp(e);
  B.emit(e, op, t, b, c, 0);
  return t;
}

export function emit1(e: usize, op: u32, b: u32, imm: i64): u32 {
  const t = B.emitTemp(e);
  B.emit(e, op, t, b, 0, imm);
  return t;
}

/** Stores the zero-extension of a slot's low bytes in `to`. */
export function emitZextTo(e: usize, to: u32, from: u32, size: u32): void {
  if (size == 3) emitMove(e, to, from);
  else if (size == 2) B.emit(e, O.OP_ZEXT32, to, from, 0, 0);
  else B.emit(e, O.OP_ANDI, to, from, 0, size == 1 ? 0xffff : 0xff);
}

export function emitZext(e: usize, from: u32, size: u32): u32 {
  if (size == 3 || from == X.ZERO) return from;
  const t = B.emitTemp(e);
  emitZextTo(e, t, from, size);
  return t;
}

export function emitSext(e: usize, from: u32, size: u32): u32 {
  if (size == 3 || from == X.ZERO) return from;
  const op = size == 2 ? O.OP_SEXT32 : size == 1 ? O.OP_SEXT16 : O.OP_SEXT8;
  return emit1(e, op, from, 0);
}

/** The operand's value, clean only if `clean`. */
function operandValue(e: usize, i: usize, n: u32, clean: bool): u32 {
  const size = operandSize(i, n);
  switch (operandKind(i, n)) {
    case I.OPERAND_GPR: {
      const register = operandRegister(i, n);
      if (isHighByte(i, n)) return emit1(e, O.OP_EXTRACT, gpr(register - 4), B.bitField(8, 8));
      return clean ? cleanRegister(e, register, size) : gpr(register);
    }
    case I.OPERAND_MEM:
    case I.OPERAND_MOFFS:
      return emitLoadOperand(e, i, size);
    case I.OPERAND_IMPLICIT_1:
      return emitConstant(e, 1);
    case I.OPERAND_IMM2:
      return emitConstant(e, load<u64>(i, I.INSN_IMMEDIATE2));
  }
  return emitConstant(e, load<u64>(i, I.INSN_IMMEDIATE));
}

/** A general register's low bytes, clean. */
export function cleanRegister(e: usize, register: u32, size: u32): u32 {
  if (size == 3 || (size == 2 && !isCode64(e))) return gpr(register);
  return emitZext(e, gpr(register), size);
}

/** A slot with the operand's value in its low bits; a register's own slot where that does. */
export function getOperand(e: usize, i: usize, n: u32): u32 {
  return operandValue(e, i, n, false);
}

/** The same, zero-extended from `size`, which is the instruction's. Immediates are cut to it. */
export function getClean(e: usize, i: usize, n: u32, size: u32): u32 {
  if (operandKind(i, n) == I.OPERAND_IMM)
    return emitConstant(e, load<u64>(i, I.INSN_IMMEDIATE) & maskOf(size));
  return operandValue(e, i, n, true);
}

/** Writes the low bytes of a slot to an operand: a general register or memory. */
export function setOperand(e: usize, i: usize, n: u32, value: u32): void {
  if (isMemory(i, n)) emitStoreOperand(e, i, value, operandSize(i, n));
  else if (isHighByte(i, n)) {
    const register = gpr(operandRegister(i, n) - 4);
    B.emit(e, O.OP_DEPOSIT, register, register, value, B.bitField(8, 8));
  } else setRegister(e, operandRegister(i, n), value, operandSize(i, n));
}

/** Writes a general register: 32 bits clear the high half, fewer leave the rest alone. */
export function setRegister(e: usize, register: u32, value: u32, size: u32): void {
  const slot = gpr(register);
  if (size == 3) emitMove(e, slot, value);
  else if (size == 2) B.emit(e, O.OP_ZEXT32, slot, value, 0, 0);
  else B.emit(e, O.OP_DEPOSIT, slot, slot, value, B.bitField(0, 8 << size));
}

/** Where a clean result of the operand's size can be computed: the register itself, or a temporary that finishResult writes from. */
export function resultSlot(e: usize, i: usize, n: u32): u32 {
  if (operandKind(i, n) == I.OPERAND_GPR && operandSize(i, n) >= 2) return gpr(operandRegister(i, n));
  return B.emitTemp(e);
}

export function finishResult(e: usize, i: usize, n: u32, slot: u32): void {
  if (operandKind(i, n) == I.OPERAND_GPR && operandSize(i, n) >= 2 && slot == gpr(operandRegister(i, n)))
    return;
  setOperand(e, i, n, slot);
}

// ── Memory ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Effective address: base + index * scale + displacement, cut to the address size. Stores what is left to add in INSN_OFFSET. */
function emitOffset(e: usize, i: usize, mayLeaveOffset: bool): u32 {
  const size = <u32>load<u8>(i, I.INSN_ADDRESS_SIZE);
  const base = <u32>load<u8>(i, I.INSN_BASE);
  const index = <u32>load<u8>(i, I.INSN_INDEX);
  let displacement = load<i64>(i, I.INSN_DISPLACEMENT);
  store<i64>(i, 0, INSN_OFFSET);
  if (base == I.BASE_RIP || (base == I.NO_REGISTER && index == I.NO_REGISTER)) {
    if (base == I.BASE_RIP) displacement += nextEip(e);
    return emitConstant(e, <u64>displacement & maskOf(size));
  }
  let slot = base == I.NO_REGISTER ? X.ZERO : gpr(base);
  let isClean = size == 3 || (size == 2 && !isCode64(e));
  if (index != I.NO_REGISTER) {
    const scale = <u32>load<u8>(i, I.INSN_SCALE);
    const t = B.emitTemp(e);
    if (slot == X.ZERO) B.emit(e, O.OP_SHLI, t, gpr(index), 0, scale);
    else if (scale == 0) B.emit(e, O.OP_ADD, t, gpr(index), slot, 0);
    else B.emit(e, O.OP_SHADD, t, gpr(index), slot, scale);
    slot = t;
    isClean = size == 3;
  }
  if (size == 3) {
    if (displacement == 0) return slot;
    if (mayLeaveOffset) {
      store<i64>(i, displacement, INSN_OFFSET);
      return slot;
    }
    return emit1(e, O.OP_ADDI, slot, displacement);
  }
  if (size == 2) {
    if (displacement == 0 && isClean) return slot;
    return displacement == 0 ? emitZext(e, slot, 2) : emit1(e, O.OP_ADDIU_32, slot, displacement);
  }
  if (displacement != 0) slot = emit1(e, O.OP_ADDI, slot, displacement);
  return emitZext(e, slot, 1);
}

/** The effective address in a slot, without a segment: what LEA computes, before it is cut to the operand size. */
export function emitEffectiveAddress(e: usize, i: usize): u32 {
  return emitOffset(e, i, false);
}

/** Adds a segment's base to a clean offset, and checks its limit and rights where it may have any. `size` is the logarithm of the bytes. */
export function emitLinear(e: usize, segment: u32, offset: u32, size: u32, write: bool): u32 {
  return emitLinearBytes(e, segment, offset, 1 << size, write);
}

/** Whether the segment reaches to 4 GiB and allows the access. A code segment is never written. */
function isWhole(e: usize, segment: u32, write: bool): bool {
  if (segment == X.SEG_FS) return has(e, X.BLOCK_FS_WHOLE);
  if (segment == X.SEG_GS) return has(e, X.BLOCK_GS_WHOLE);
  return has(e, X.BLOCK_FLAT) && (segment != X.SEG_CS || !write);
}

function emitLinearBytes(e: usize, segment: u32, offset: u32, bytes: u32, write: bool): u32 {
  const outer = segment >= X.SEG_FS;
  const base = X.SEG_BASE + (segment << 3);
  if (isCode64(e)) return outer ? emit2(e, O.OP_ADD, offset, base) : offset;
  if (isWhole(e, segment, write)) return outer ? emit2(e, O.OP_ADDU_32, offset, base) : offset;
  const linear = emit2(e, O.OP_ADDU_32, offset, base);
  const end = (write ? X.X86_STORE_END : X.X86_LOAD_END) + (segment << 3);
  const isBeyond = emit2(e, O.OP_LTU, end, emit1(e, O.OP_ADDI, offset, bytes));
  return emit2(e, O.OP_OR, linear, emit1(e, O.OP_SHLI, isBeyond, MARK_SHIFT + segment));
}

/**
 * Linear address of the memory operand for an access of so many bytes: the slot to which memOffset has to be added. It is computed once for an
 * instruction; `write` says whether it will be written, at its first use.
 */
export function memAddress(e: usize, i: usize, bytes: u32, write: bool): u32 {
  const known = <u32>load<u16>(i, INSN_LINEAR);
  if (known != 0) return known;
  const segment = <u32>load<u8>(i, I.INSN_SEGMENT);
  const offset = emitOffset(e, i, isCode64(e));
  // No byte within 64 KiB is beyond the limit.
  const isNear =
    bytes == 1 && load<u8>(i, I.INSN_ADDRESS_SIZE) == 1 && segment < X.SEG_FS && segment != X.SEG_CS;
  let slot =
    isNear && has(e, X.BLOCK_DATA_64K)
      ? emit2(e, O.OP_ADDU_32, offset, X.SEG_BASE + (segment << 3))
      : emitLinearBytes(e, segment, offset, bytes, write);
  // What the instruction changes must not move the address.
  if (slot == X.ZERO) {
    slot = B.emitTemp(e);
    B.emit(e, O.OP_MOVI, slot, 0, 0, 0);
  }
  store<u16>(i, slot, INSN_LINEAR);
  return slot;
}

export function memOffset(i: usize): i64 {
  return load<i64>(i, INSN_OFFSET);
}

/** Makes the address a value of its own, for instructions that change a register of it before they use it again. */
export function memPin(e: usize, i: usize, bytes: u32, write: bool): void {
  const slot = memAddress(e, i, bytes, write);
  const t = B.emitTemp(e);
  B.emit(e, O.OP_ADDI, t, slot, 0, memOffset(i));
  store<u16>(i, t, INSN_LINEAR);
  store<i64>(i, 0, INSN_OFFSET);
}

export function loadOp(size: u32): u32 {
  return size == 0 ? O.OP_LD8U : size == 1 ? O.OP_LD16U : size == 2 ? O.OP_LD32U : O.OP_LD64;
}

export function storeOp(size: u32): u32 {
  return size == 0 ? O.OP_ST8 : size == 1 ? O.OP_ST16 : size == 2 ? O.OP_ST32 : O.OP_ST64;
}

/** Loads from the memory operand, clean. */
export function emitLoadOperand(e: usize, i: usize, size: u32): u32 {
  const address = memAddress(e, i, 1 << size, false);
  const t = B.emitTemp(e);
  B.emit(e, loadOp(size), t, address, mmuIndex(e), memOffset(i));
  return t;
}

export function emitStoreOperand(e: usize, i: usize, value: u32, size: u32): void {
  const address = memAddress(e, i, 1 << size, true);
  B.emit(e, storeOp(size), value, address, mmuIndex(e), memOffset(i));
}

/** For instructions that read, then write their memory operand: the segment has to allow both. */
export function memForUpdate(e: usize, i: usize, n: u32): void {
  if (isMemory(i, n)) memAddress(e, i, 1 << operandSize(i, n), true);
}

/** Loads size bytes at a linear address in a slot, clean. */
export function emitLoad(e: usize, address: u32, offset: i64, size: u32): u32 {
  const t = B.emitTemp(e);
  B.emit(e, loadOp(size), t, address, mmuIndex(e), offset);
  return t;
}

export function emitStore(e: usize, address: u32, offset: i64, value: u32, size: u32): void {
  B.emit(e, storeOp(size), value, address, mmuIndex(e), offset);
}

// ── The stack ───────────────────────────────────────────────────────────────────────────────────────────────────

/** The stack pointer changed by a constant, cut to the stack's width: a new clean slot. RSP keeps its value. */
export function stackOffset(e: usize, change: i64): u32 {
  if (isCode64(e)) return change == 0 ? X.RSP : emit1(e, O.OP_ADDI, X.RSP, change);
  if (has(e, X.BLOCK_STACK32)) return change == 0 ? X.RSP : emit1(e, O.OP_ADDIU_32, X.RSP, change);
  return emitZext(e, change == 0 ? X.RSP : emit1(e, O.OP_ADDI, X.RSP, change), 1);
}

/** Makes a slot of stackOffset the stack pointer. */
export function setStack(e: usize, offset: u32): void {
  if (isCode64(e) || has(e, X.BLOCK_STACK32)) emitMove(e, X.RSP, offset);
  else B.emit(e, O.OP_DEPOSIT, X.RSP, X.RSP, offset, B.bitField(0, 16));
}

export function emitPush(e: usize, value: u32, size: u32): void {
  const bytes = (<i64>1) << size;
  if (isCode64(e)) {
    emitStore(e, X.RSP, -bytes, value, size);
    B.emit(e, O.OP_ADDI, X.RSP, X.RSP, 0, -bytes);
    return;
  }
  const offset = stackOffset(e, -bytes);
  emitStore(e, emitLinear(e, X.SEG_SS, offset, size, true), 0, value, size);
  setStack(e, offset);
}

/** Loads from the top of the stack, clean, and leaves the stack pointer alone. */
export function emitTop(e: usize, size: u32): u32 {
  return emitLoad(e, emitLinear(e, X.SEG_SS, stackOffset(e, 0), size, false), 0, size);
}

export function emitRelease(e: usize, bytes: i64): void {
  setStack(e, stackOffset(e, bytes));
}

export function emitPop(e: usize, size: u32): u32 {
  const value = emitTop(e, size);
  emitRelease(e, (<i64>1) << size);
  return value;
}

// ── Helpers and ways out ────────────────────────────────────────────────────────────────────────────────────────

/** Calls a helper with all its arguments; `op` is OP_CALL, OP_CALLP, OP_CALLX or OP_CALLG. Returns the slot of its result. */
export function emitCall(e: usize, op: u32, helper: u32, b: u32, c: u32, third: u32, immediate: u32): u32 {
  const t = B.emitTemp(e);
  B.emit(e, op, t, b, c, B.helperWord(helper, third, immediate));
  return t;
}

/** Raises an exception here, always; ends the block. */
export function emitRaise(e: usize, vector: u32, error: u32): bool {
  emitCall(e, O.OP_CALLX, helperRaise.index, emitConstant(e, error), 0, 0, vector);
  emitExit(e, EXIT_AGAIN, load<u64>(e, B.EMIT_PC));
  return true;
}

export function endBlock(e: usize): void {
  store<u32>(e, 1, B.EMIT_ENDED);
}

/** Ends the block: the run loop looks at interrupts and flags, then goes on at a linear address. */
export function emitExit(e: usize, reason: u32, pc: u64): void {
  B.emit(e, O.OP_EXIT, reason, 0, 0, pc);
  endBlock(e);
}

/** After an instruction that changed what blocks depend on. */
export function emitAgain(e: usize): void {
  emitExit(e, EXIT_AGAIN, nextPc(e));
}

/** Goes on at a linear address, by the block's exit 0 or 1. From a block of one instruction nothing is chained: the run loop may have to look before the next. */
export function emitGoto(e: usize, exit: u32, pc: u64): void {
  if (!has(e, X.BLOCK_STEP | X.BLOCK_SHADOW) && (pc ^ load<u64>(e, B.EMIT_BLOCK_PC)) >> 12 == 0)
    B.emit(e, O.OP_GOTO, exit, 0, 0, pc);
  else B.emit(e, O.OP_GOTOFAR, 0, 0, 0, pc);
}

/** Whether the target of a near jump may be beyond the limit of CS; `size` is the logarithm of its bytes. */
function mayLeaveCode(e: usize, size: u32): bool {
  if (has(e, X.BLOCK_FLAT)) return false;
  return !has(e, X.BLOCK_CODE_WHOLE) || (size > 1 && !has(e, X.BLOCK_CODE32));
}

/** Before a jump to a constant EIP: #GP(0) if it is beyond the limit of CS. */
export function emitCheckTarget(e: usize, eip: u64): void {
  if (!mayLeaveCode(e, eip > 0xffff ? 2 : 1)) return;
  emitCall(e, O.OP_CALLX, helperCheckTarget.index, emitConstant(e, eip), 0, 0, 0);
}

/**
 * Goes on at the EIP or RIP in a clean slot of 1 << size bytes; ends the block. A target in 64-bit code that is not canonical raises #GP where it is fetched, not at the
 * jump: checking it here would cost every return.
 */
export function emitGotoEip(e: usize, eip: u32, size: u32): void {
  let pc = eip;
  if (!isCode64(e)) {
    if (mayLeaveCode(e, size)) emitCall(e, O.OP_CALLX, helperCheckTarget.index, eip, 0, 0, 0);
    const base = codeBase(e);
    if (base != 0) pc = emit1(e, O.OP_ADDIU_32, eip, base);
  }
  B.emit(e, O.OP_GOTOIND, 0, pc, 0, 0);
  endBlock(e);
}
