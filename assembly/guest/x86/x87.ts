/**
 * x87: the register stack, and the exceptions of an instruction. SDM 1, 8.1 and 8.5.
 *
 * An instruction collects its exceptions in X87_FOUND, as bits of the status word, and reports them at its end. Its helper's immediate has the
 * fields IMM_*.
 */
import * as F from '../../fpu/f80/format';
import * as X from './cpu';
import { STATUS_B, STATUS_C1, STATUS_ES, STATUS_EXCEPTIONS } from './helpers-x87-control';

/** What the instruction does, 3 bits; destination and source below the top of the stack; pops at its end, 2 bits; FORMAT_*, 2 bits. */
export const IMM_OPERATION: u32 = 0;
export const IMM_TO: u32 = 3;
export const IMM_FROM: u32 = 6;
export const IMM_POPS: u32 = 9;
export const IMM_FORMAT: u32 = 11;
/** The other operand is in memory, of FORMAT. */
export const IMM_MEMORY: u32 = 1 << 13;
/** Comparisons: a quiet NaN is no mistake. Stores: towards zero. */
export const IMM_FLAG: u32 = 1 << 27;
/** Stores: MMU index, 2 bits. */
export const IMM_MMU: u32 = 28;

/** Formats of memory operands, other than the extended one. */
export const FORMAT_SINGLE: u32 = 0;
export const FORMAT_DOUBLE: u32 = 1;
export const FORMAT_INT16: u32 = 2;
export const FORMAT_INT32: u32 = 3;

/** Exceptions that are found before the operation: unmasked, they leave the destination and the stack alone. */
const BEFORE: u32 = F.IE | F.DE | F.ZE;
/** Those that do so to a store. */
export const PREVENT_STORE: u32 = BEFORE | F.OE | F.UE;

export function field(immediate: u32, at: u32): u32 {
  return (immediate >> at) & 7;
}

export function popsOf(immediate: u32): u32 {
  return (immediate >> IMM_POPS) & 3;
}

export function controlOf(cpu: usize): u32 {
  return load<u32>(cpu, X.X87_CONTROL);
}

function physical(cpu: usize, n: u32): usize {
  return (load<u32>(cpu, X.X87_TOP) + n) & 7;
}

/** Address of ST(n). */
export function st(cpu: usize, n: u32): usize {
  return cpu + X.X87_REG + (physical(cpu, n) << 4);
}

export function isEmpty(cpu: usize, n: u32): bool {
  return load<u8>(cpu + physical(cpu, n), X.X87_TAGS) == X.TAG_EMPTY;
}

export function setEmpty(cpu: usize, n: u32): void {
  store<u8>(cpu + physical(cpu, n), X.TAG_EMPTY, X.X87_TAGS);
}

/** Whoever writes ST(n) says so. */
export function setUsed(cpu: usize, n: u32): void {
  store<u8>(cpu + physical(cpu, n), X.TAG_ANY, X.X87_TAGS);
}

export function pop(cpu: usize, count: u32): void {
  for (; count != 0; count--) {
    setEmpty(cpu, 0);
    store<u64>(cpu, (load<u32>(cpu, X.X87_TOP) + 1) & 7, X.X87_TOP);
  }
}

/** Pushes the value at an address, which may be a register. */
export function push(cpu: usize, value: usize): void {
  store<u64>(cpu, (load<u32>(cpu, X.X87_TOP) + 7) & 7, X.X87_TOP);
  setUsed(cpu, 0);
  F.copy(st(cpu, 0), value);
}

/** Where exceptions are noted. */
export function foundAt(cpu: usize): usize {
  return cpu + X.X87_FOUND;
}

export function resultAt(cpu: usize): usize {
  return cpu + X.X87_RESULT;
}

export function operandAt(cpu: usize): usize {
  return cpu + X.X87_OPERAND;
}

export function noteFound(cpu: usize, bits: u32): void {
  F.note(foundAt(cpu), bits);
}

export function clearFound(cpu: usize): void {
  store<u32>(cpu, 0, X.X87_FOUND);
}

/** Adds what was found to the status word, with C1 as found. False: the result is not to be written, and nothing popped. */
export function report(cpu: usize): bool {
  return reportUnless(cpu, BEFORE);
}

/** The same for a store to memory, which an unmasked overflow or underflow prevents too. */
export function reportStore(cpu: usize): bool {
  return reportUnless(cpu, PREVENT_STORE);
}

function reportUnless(cpu: usize, preventing: u32): bool {
  let found = load<u32>(cpu, X.X87_FOUND);
  const status = load<u32>(cpu, X.X87_STATUS) & ~STATUS_C1;
  if (found == 0) {
    store<u64>(cpu, status, X.X87_STATUS);
    return true;
  }
  const unmasked = found & STATUS_EXCEPTIONS & ~controlOf(cpu);
  if (unmasked == 0) {
    store<u64>(cpu, status | found, X.X87_STATUS);
    return true;
  }
  if (unmasked & BEFORE) found &= found & F.SF ? BEFORE | F.SF | F.C1 : BEFORE;
  else if (unmasked & preventing) found &= ~(F.PE | F.C1);
  store<u64>(cpu, status | found | STATUS_ES | STATUS_B, X.X87_STATUS);
  return (unmasked & preventing) == 0;
}

/** Offset of the last instruction. */
export function instructionOffset(cpu: usize): u64 {
  return <u64>(<i64>(load<u64>(cpu, X.X87_FIP) << 16) >> 16);
}

/** Its opcode, 11 bits. */
export function instructionOpcode(cpu: usize): u32 {
  return load<u16>(cpu, X.X87_FIP + 6);
}

export function setInstruction(cpu: usize, offset: u64, opcode: u32): void {
  store<u64>(cpu, noteOf(offset, opcode), X.X87_FIP);
}

/** The slot X87_FIP of an instruction. */
export function noteOf(offset: u64, opcode: u32): u64 {
  return (offset & 0xffffffffffff) | ((<u64>opcode) << 48);
}

/** An empty register is read. True if IE is masked: then the result is the default NaN. */
export function underflow(cpu: usize): bool {
  store<u32>(cpu, F.IE | F.SF, X.X87_FOUND);
  return report(cpu);
}

/** A push onto a register that is in use. True if IE is masked: then the default NaN is pushed. */
export function overflow(cpu: usize): bool {
  store<u32>(cpu, F.IE | F.SF | F.C1, X.X87_FOUND);
  return report(cpu);
}

/** Pushes the value, unless the register is in use. */
export function pushChecked(cpu: usize, value: usize): void {
  if (!isEmpty(cpu, 7)) {
    if (!overflow(cpu)) return;
    F.putIndefinite(resultAt(cpu));
    push(cpu, resultAt(cpu));
  } else if (report(cpu)) push(cpu, value);
}
