/** Segment registers, far transfers, interrupts, and instructions about descriptors. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as X from './cpu';
import {
  helperArpl,
  helperLldt,
  helperLtr,
  helperQuery,
  QUERY_LAR,
  QUERY_LSL,
  QUERY_VERR,
  QUERY_VERW,
} from './descriptor-query';
import {
  emit1,
  emit2,
  emitAgain,
  emitCall,
  emitConstant,
  emitExit,
  emitLoad,
  emitMove,
  emitPush,
  emitRaise,
  emitRelease,
  emitTop,
  emitZext,
  endBlock,
  getClean,
  getOperand,
  has,
  insnSize,
  isCode64,
  isMemory,
  memAddress,
  memForUpdate,
  memOffset,
  nextEip,
  operandKind,
  operandRegister,
  setOperand,
  setRegister,
} from './emit';
import { emitFlags, forgetCcOp, materialiseFlags } from './emit-cc';
import { helperFarCall, helperFarJump } from './far';
import { helperFarReturn, helperIret } from './far-return';
import { helperInto, helperUmip } from './helpers-system';
import * as I from './insn';
import { helperInterrupt } from './interrupt';
import { EXIT_AGAIN } from '../../vcpu/state';
import { helperLoadSegment, LOAD_IN_SHADOW } from './segment';

/** Protected mode proper: descriptors exist. */
export function inProtected(e: usize): bool {
  return has(e, X.BLOCK_PE) && !has(e, X.BLOCK_VM);
}

/** Whether the block may run instructions of privilege 0; if not, they raise #GP(0). */
export function isPrivileged(e: usize): bool {
  return !has(e, X.BLOCK_CPL);
}

function selectorSlot(segment: u32): u32 {
  return X.X86_SEG + segment * 16;
}

/** Calls a helper that returns the linear address to go on at, and goes there. */
export function emitTransfer(e: usize, helper: u32, b: u32, c: u32, third: u32, immediate: u32): bool {
  const target = emitCall(e, O.OP_CALLG, helper, b, c, third, immediate);
  B.emit(e, O.OP_GOTOIND, 1, target, 0, 0);
  endBlock(e);
  return true;
}

/** Ends the block if a load of this segment may change what blocks depend on: in 64-bit code only SS can, by its shadow. */
function endAfterLoad(e: usize, segment: u32): void {
  if (!(isCode64(e) || isPlainLoad(e, segment)) || segment == X.SEG_SS) emitAgain(e);
}

/**
 * Real and virtual-8086 mode: the selector gives the base and nothing else changes, if limits and rights are those of the mode already. SS has a shadow, and
 * with a flat block the base decides whether it is one.
 */
function isPlainLoad(e: usize, segment: u32): bool {
  return !inProtected(e) && segment != X.SEG_SS && !has(e, X.BLOCK_FLAT | X.BLOCK_STEP);
}

function emitLoadSegment(e: usize, segment: u32, selector: u32): void {
  if (isPlainLoad(e, segment)) {
    const clean = emitZext(e, selector, 1);
    emitMove(e, selectorSlot(segment), clean);
    B.emit(e, O.OP_SHLI, X.SEG_BASE + (segment << 3), clean, 0, 4);
    return;
  }
  const how = segment | (has(e, X.BLOCK_SHADOW) ? LOAD_IN_SHADOW : 0);
  emitCall(e, O.OP_CALLG, helperLoadSegment.index, selector, 0, 0, how);
}

export function transMovSeg(e: usize, i: usize): bool {
  if (operandKind(i, 0) == I.OPERAND_SEG) {
    const segment = operandRegister(i, 0);
    if (segment == X.SEG_CS || segment > X.SEG_GS) return false;
    emitLoadSegment(e, segment, getOperand(e, i, 1));
    endAfterLoad(e, segment);
    return true;
  }
  const segment = operandRegister(i, 1);
  if (segment > X.SEG_GS) return false;
  setOperand(e, i, 0, selectorSlot(segment));
  return true;
}

export function transPushSeg(e: usize, i: usize): bool {
  emitPush(e, selectorSlot(operandRegister(i, 0)), insnSize(i));
  return true;
}

export function transPopSeg(e: usize, i: usize): bool {
  const segment = operandRegister(i, 0);
  const selector = emitTop(e, insnSize(i));
  emitLoadSegment(e, segment, selector);
  emitRelease(e, (<i64>1) << insnSize(i));
  endAfterLoad(e, segment);
  return true;
}

/** A far pointer in memory: the slot of its offset; that of its selector is the next result of emitSelector. */
function emitFarOffset(e: usize, i: usize): u32 {
  const size = insnSize(i);
  const address = memAddress(e, i, (1 << size) + 2, false);
  return emitLoad(e, address, memOffset(i), size);
}

function emitSelector(e: usize, i: usize): u32 {
  const size = insnSize(i);
  return emitLoad(e, memAddress(e, i, (1 << size) + 2, false), memOffset(i) + ((<i64>1) << size), 1);
}

function emitFarLoad(e: usize, i: usize, segment: u32): bool {
  const offset = emitFarOffset(e, i);
  emitLoadSegment(e, segment, emitSelector(e, i));
  setRegister(e, operandRegister(i, 0), offset, insnSize(i));
  endAfterLoad(e, segment);
  return true;
}

export function transLes(e: usize, i: usize): bool {
  return emitFarLoad(e, i, X.SEG_ES);
}

export function transLds(e: usize, i: usize): bool {
  return emitFarLoad(e, i, X.SEG_DS);
}

export function transLss(e: usize, i: usize): bool {
  return emitFarLoad(e, i, X.SEG_SS);
}

export function transLfs(e: usize, i: usize): bool {
  return emitFarLoad(e, i, X.SEG_FS);
}

export function transLgs(e: usize, i: usize): bool {
  return emitFarLoad(e, i, X.SEG_GS);
}

function emitFar(e: usize, i: usize, helper: u32): bool {
  let offset: u32;
  let selector: u32;
  if (isMemory(i, 0)) {
    offset = emitFarOffset(e, i);
    selector = emitSelector(e, i);
  } else {
    offset = emitConstant(e, load<u64>(i, I.INSN_IMMEDIATE));
    selector = emitConstant(e, load<u64>(i, I.INSN_IMMEDIATE2));
  }
  return emitTransfer(e, helper, selector, offset, emitConstant(e, nextEip(e)), insnSize(i));
}

export function transCallFar(e: usize, i: usize): bool {
  return emitFar(e, i, helperFarCall.index);
}

export function transJmpFar(e: usize, i: usize): bool {
  return emitFar(e, i, helperFarJump.index);
}

export function transRetf(e: usize, i: usize): bool {
  const release: u64 = operandKind(i, 0) == I.OPERAND_IMM ? load<u64>(i, I.INSN_IMMEDIATE) & 0xffff : 0;
  return emitTransfer(e, helperFarReturn.index, emitConstant(e, release), 0, 0, insnSize(i));
}

export function transIret(e: usize, i: usize): bool {
  return emitTransfer(e, helperIret.index, emitConstant(e, nextEip(e)), 0, 0, insnSize(i));
}

function emitInterrupt(e: usize, vector: u32, kind: u32): bool {
  const how = kind | (load<u32>(e, B.EMIT_LENGTH) << 8);
  emitCall(e, O.OP_CALLX, helperInterrupt.index, emitConstant(e, vector), 0, 0, how);
  emitExit(e, EXIT_AGAIN, load<u64>(e, B.EMIT_PC));
  return true;
}

export function transInt(e: usize, i: usize): bool {
  return emitInterrupt(e, <u32>load<u64>(i, I.INSN_IMMEDIATE) & 0xff, X.SOFT_INT);
}

export function transInt3(e: usize, i: usize): bool {
  return emitInterrupt(e, X.EXC_BP, X.SOFT_INT3);
}

export function transInt1(e: usize, i: usize): bool {
  return emitInterrupt(e, X.EXC_DB, X.SOFT_ICEBP);
}

export function transInto(e: usize, i: usize): bool {
  const length = load<u32>(e, B.EMIT_LENGTH);
  emitCall(e, O.OP_CALLX, helperInto.index, emitFlags(e), 0, 0, length);
  return true;
}

function emitQuery(e: usize, i: usize, query: u32): bool {
  if (!inProtected(e)) return false;
  const source: u32 = query >= QUERY_VERR ? 0 : 1;
  const selector = getOperand(e, i, source);
  const old = source == 1 ? getOperand(e, i, 0) : X.ZERO;
  const result = emitCall(e, O.OP_CALLG, helperQuery.index, selector, old, 0, query);
  forgetCcOp(e);
  if (source == 1) emitKeep(e, i, result, old);
  return true;
}

/** Writes the result to the destination, which keeps all its bits if ZF is clear: the result is its old value then. */
function emitKeep(e: usize, i: usize, result: u32, old: u32): void {
  if (insnSize(i) != 2 || !isCode64(e)) {
    setOperand(e, i, 0, result);
    return;
  }
  const zero = emit1(e, O.OP_ANDI, X.CC_SRC, X.FLAG_ZF);
  const t = B.emitTemp(e);
  B.emit(e, O.OP_SELECT, t, zero, emit1(e, O.OP_ANDI, result, 0xffffffff), B.helperWord(0, old, 0));
  setRegister(e, operandRegister(i, 0), t, 3);
}

export function transLar(e: usize, i: usize): bool {
  return emitQuery(e, i, QUERY_LAR);
}

export function transLsl(e: usize, i: usize): bool {
  return emitQuery(e, i, QUERY_LSL);
}

export function transVerr(e: usize, i: usize): bool {
  return emitQuery(e, i, QUERY_VERR);
}

export function transVerw(e: usize, i: usize): bool {
  return emitQuery(e, i, QUERY_VERW);
}

export function transArpl(e: usize, i: usize): bool {
  if (!inProtected(e)) return false;
  memForUpdate(e, i, 0);
  const destination = getClean(e, i, 0, 1);
  const result = emitCall(e, O.OP_CALLX, helperArpl.index, destination, getOperand(e, i, 1), 0, 0);
  const changed = emit1(e, O.OP_NEI, emit2(e, O.OP_XOR, result, destination), 0);
  setOperand(e, i, 0, result);
  materialiseFlags(e);
  B.emit(e, O.OP_DEPOSIT, X.CC_SRC, X.CC_SRC, changed, B.bitField(6, 1));
  return true;
}

function emitLoadSystem(e: usize, i: usize, helper: u32): bool {
  if (!inProtected(e)) return false;
  if (!isPrivileged(e)) return emitRaise(e, X.EXC_GP, 0);
  emitCall(e, O.OP_CALLG, helper, getOperand(e, i, 0), 0, 0, 0);
  return true;
}

export function transLldt(e: usize, i: usize): bool {
  return emitLoadSystem(e, i, helperLldt.index);
}

export function transLtr(e: usize, i: usize): bool {
  return emitLoadSystem(e, i, helperLtr.index);
}

/** Above privilege 0 UMIP may forbid to look. */
export function emitUmip(e: usize): void {
  if (!isPrivileged(e)) emitCall(e, O.OP_CALLX, helperUmip.index, 0, 0, 0, 0);
}

function emitStoreSystem(e: usize, i: usize, register: u32): bool {
  if (!inProtected(e)) return false;
  emitUmip(e);
  setOperand(e, i, 0, register + X.SEG_SELECTOR);
  return true;
}

export function transSldt(e: usize, i: usize): bool {
  return emitStoreSystem(e, i, X.X86_LDTR);
}

export function transStr(e: usize, i: usize): bool {
  return emitStoreSystem(e, i, X.X86_TR);
}
