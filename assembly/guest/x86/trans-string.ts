/** String instructions: MOVS STOS LODS CMPS SCAS. Without a repeat straight operations, with one a helper that runs until it says that it is done. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import {
  cleanRegister,
  emit1,
  emit2,
  emitCall,
  emitGoto,
  emitLinear,
  emitLoad,
  emitMove,
  emitStore,
  endBlock,
  has,
  hasPrefix,
  insnSize,
  isCode64,
  mmuIndex,
  nextPc,
  setRegister,
} from './emit';
import { forgetCcOp, setCcOp } from './emit-cc';
import {
  helperRepCmps,
  helperRepLods,
  helperRepMovs,
  helperRepScas,
  helperRepStos,
  STRING_ADDRESS_SHIFT,
  STRING_CODE64,
  STRING_MMU_SHIFT,
  STRING_REPNE,
  STRING_SEGMENT_SHIFT,
  STRING_SOURCE_FLAT,
  STRING_STEP,
  STRING_TARGET_FLAT,
} from './helpers-string';
import * as I from './insn';

const SI: u32 = 6;
const DI: u32 = 7;

function addressSize(i: usize): u32 {
  return load<u8>(i, I.INSN_ADDRESS_SIZE);
}

function isRepeated(i: usize): bool {
  return hasPrefix(i, I.PREFIX_REP | I.PREFIX_REPNE);
}

/** One execution of a repeated instruction; then the next instruction, or the same again. */
function repeat(e: usize, i: usize, helper: u32): bool {
  const segment = <u32>load<u8>(i, I.INSN_SEGMENT);
  const flat = has(e, X.BLOCK_FLAT);
  let how = insnSize(i) | (addressSize(i) << STRING_ADDRESS_SHIFT);
  how |= (segment << STRING_SEGMENT_SHIFT) | (mmuIndex(e) << STRING_MMU_SHIFT);
  if (flat) how |= STRING_TARGET_FLAT;
  const whole =
    segment == X.SEG_FS ? X.BLOCK_FS_WHOLE : segment == X.SEG_GS ? X.BLOCK_GS_WHOLE : X.BLOCK_FLAT;
  if (has(e, whole)) how |= STRING_SOURCE_FLAT;
  if (isCode64(e)) how |= STRING_CODE64;
  if (has(e, X.BLOCK_STEP)) how |= STRING_STEP;
  if (hasPrefix(i, I.PREFIX_REPNE)) how |= STRING_REPNE;
  const again = emitCall(e, O.OP_CALLG, helper, 0, 0, 0, how);
  forgetCcOp(e);
  B.emit(e, O.OP_BNE, 0, again, X.ZERO, 1);
  emitGoto(e, 1, nextPc(e));
  emitGoto(e, 0, load<u64>(e, B.EMIT_PC));
  endBlock(e);
  return true;
}

/** Linear address of the element at SI, in the segment that a prefix may have named. */
function source(e: usize, i: usize): u32 {
  return emitLinear(e, load<u8>(i, I.INSN_SEGMENT), cleanRegister(e, SI, addressSize(i)), insnSize(i), false);
}

/** Of the element at ES:DI. */
function target(e: usize, i: usize, write: bool): u32 {
  return emitLinear(e, X.SEG_ES, cleanRegister(e, DI, addressSize(i)), insnSize(i), write);
}

function loadAt(e: usize, i: usize, address: u32): u32 {
  return emitLoad(e, address, 0, insnSize(i));
}

/** What an index register changes by. */
function stride(e: usize, i: usize): u32 {
  const size = insnSize(i);
  return size == 0 ? X.DF : emit1(e, O.OP_SHLI, X.DF, size);
}

function advance(e: usize, i: usize, register: u32, by: u32): void {
  const size = addressSize(i);
  setRegister(e, register, emit2(e, O.OP_ADD, X.GPR + (register << 3), by), size);
}

export function transMovs(e: usize, i: usize): bool {
  if (isRepeated(i)) return repeat(e, i, helperRepMovs.index);
  const value = loadAt(e, i, source(e, i));
  emitStore(e, target(e, i, true), 0, value, insnSize(i));
  const by = stride(e, i);
  advance(e, i, SI, by);
  advance(e, i, DI, by);
  return true;
}

export function transStos(e: usize, i: usize): bool {
  if (isRepeated(i)) return repeat(e, i, helperRepStos.index);
  emitStore(e, target(e, i, true), 0, X.RAX, insnSize(i));
  advance(e, i, DI, stride(e, i));
  return true;
}

export function transLods(e: usize, i: usize): bool {
  if (isRepeated(i)) return repeat(e, i, helperRepLods.index);
  const value = loadAt(e, i, source(e, i));
  setRegister(e, 0, value, insnSize(i));
  advance(e, i, SI, stride(e, i));
  return true;
}

/** Flags of a - b. */
function compare(e: usize, i: usize, a: u32, b: u32): void {
  emitMove(e, X.CC_DST, a);
  emitMove(e, X.CC_SRC, b);
  setCcOp(e, C.CC_SUB | insnSize(i));
}

export function transCmps(e: usize, i: usize): bool {
  if (isRepeated(i)) return repeat(e, i, helperRepCmps.index);
  const a = loadAt(e, i, source(e, i));
  const b = loadAt(e, i, target(e, i, false));
  compare(e, i, a, b);
  const by = stride(e, i);
  advance(e, i, SI, by);
  advance(e, i, DI, by);
  return true;
}

export function transScas(e: usize, i: usize): bool {
  if (isRepeated(i)) return repeat(e, i, helperRepScas.index);
  const b = loadAt(e, i, target(e, i, false));
  compare(e, i, cleanRegister(e, 0, insnSize(i)), b);
  advance(e, i, DI, stride(e, i));
  return true;
}
