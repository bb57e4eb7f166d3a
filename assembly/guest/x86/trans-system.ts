/** System instructions: control registers, tables, flags, MSRs, counters, fast system calls, ports. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import { EXIT_HALT } from '../../vcpu/state';
import { helperClts, helperLmsw, helperReadDr, helperWriteCr, helperWriteDr } from './control';
import * as X from './cpu';
import {
  cpuOf,
  emit1,
  emit2,
  emitAgain,
  emitCall,
  emitConstant,
  emitExit,
  emitGoto,
  emitLoad,
  emitPush,
  emitRaise,
  emitRelease,
  emitTop,
  emitEffectiveAddress,
  endBlock,
  getOperand,
  gpr,
  has,
  hasPrefix,
  insnSize,
  isCode64,
  isMemory,
  memAddress,
  memOffset,
  memPin,
  nextPc,
  operandKind,
  operandRegister,
  setOperand,
  setRegister,
} from './emit';
import { emitFlags, forgetCcOp } from './emit-cc';
import { helperSyscall, helperSysenter, helperSysexit, helperSysret } from './fast-call';
import { helperCpuid, modelIsMax } from './features';
import {
  helperIn,
  helperInLong,
  helperIns,
  helperOut,
  helperOutLong,
  helperOuts,
  STRING_ADDRESS_SHIFT,
  STRING_REPEATS,
  STRING_SEGMENT_SHIFT,
  STRING_SINGLE,
} from './helpers-io';
import {
  helperFsgsbase,
  helperInvlpg,
  helperLoadTable,
  helperPopf,
  helperRdtsc,
  helperSetAc,
  helperSti,
  helperStoreTable,
  helperXgetbv,
  helperXsetbv,
} from './helpers-system';
import * as I from './insn';
import { helperHalt, helperReadCr8, helperWriteCr8 } from './irq';
import { helperRdmsr, helperWrmsr } from './msr';
import { helperRsm } from './smm';
import { emitTransfer, emitUmip, inProtected, isPrivileged } from './trans-segment';

/** An instruction of privilege 0 elsewhere: #GP(0). */
function emitForbidden(e: usize): bool {
  return emitRaise(e, X.EXC_GP, 0);
}

// ── Control and debug registers ─────────────────────────────────────────────────────────────────────────────────

/** Slot of a control register that is kept as it is read. */
function controlSlot(number: u32): u32 {
  return number == 0 ? X.X86_CR0 : X.X86_CR2 + (number - 2) * 8;
}

export function transMovCr(e: usize, i: usize): bool {
  const writes = operandKind(i, 0) == I.OPERAND_CR;
  const number = operandRegister(i, writes ? 0 : 1);
  const register = operandRegister(i, writes ? 1 : 0);
  if (number == 1 || number > 8 || (number > 4 && number < 8) || (number == 8 && !isCode64(e))) return false;
  if (!isPrivileged(e)) return emitForbidden(e);
  const size: u32 = isCode64(e) ? 3 : 2;
  if (!writes) {
    const value =
      number == 8 ? emitCall(e, O.OP_CALLX, helperReadCr8.index, 0, 0, 0, 0) : controlSlot(number);
    setRegister(e, register, value, size);
    return true;
  }
  if (number == 8) emitCall(e, O.OP_CALLX, helperWriteCr8.index, gpr(register), 0, 0, 0);
  else emitCall(e, O.OP_CALLG, helperWriteCr.index, gpr(register), 0, 0, number);
  emitAgain(e);
  return true;
}

export function transMovDr(e: usize, i: usize): bool {
  const writes = operandKind(i, 0) == I.OPERAND_DR;
  const number = operandRegister(i, writes ? 0 : 1);
  const register = operandRegister(i, writes ? 1 : 0);
  if (number > 7) return false;
  if (!isPrivileged(e)) return emitForbidden(e);
  if (writes) {
    emitCall(e, O.OP_CALLX, helperWriteDr.index, gpr(register), 0, 0, number);
    emitAgain(e);
  } else {
    const value = emitCall(e, O.OP_CALLX, helperReadDr.index, 0, 0, 0, number);
    setRegister(e, register, value, isCode64(e) ? 3 : 2);
  }
  return true;
}

export function transLmsw(e: usize, i: usize): bool {
  if (!isPrivileged(e)) return emitForbidden(e);
  emitCall(e, O.OP_CALLG, helperLmsw.index, getOperand(e, i, 0), 0, 0, 0);
  emitAgain(e);
  return true;
}

export function transSmsw(e: usize, i: usize): bool {
  emitUmip(e);
  setOperand(e, i, 0, X.X86_CR0);
  return true;
}

export function transClts(e: usize, i: usize): bool {
  if (!isPrivileged(e)) return emitForbidden(e);
  emitCall(e, O.OP_CALLX, helperClts.index, 0, 0, 0, 0);
  emitAgain(e);
  return true;
}

// ── Tables and pages ────────────────────────────────────────────────────────────────────────────────────────────

function emitLoadTable(e: usize, i: usize, register: u32): bool {
  if (!isPrivileged(e)) return emitForbidden(e);
  const size: u32 = isCode64(e) ? 3 : 2;
  const address = memAddress(e, i, (1 << size) + 2, false);
  const limit = emitLoad(e, address, memOffset(i), 1);
  let base = emitLoad(e, address, memOffset(i) + 2, size);
  if (!isCode64(e) && insnSize(i) == 1) base = emit1(e, O.OP_ANDI, base, 0xffffff);
  emitCall(e, O.OP_CALLX, helperLoadTable.index, limit, base, 0, register);
  return true;
}

export function transLgdt(e: usize, i: usize): bool {
  return emitLoadTable(e, i, X.X86_GDTR);
}

export function transLidt(e: usize, i: usize): bool {
  return emitLoadTable(e, i, X.X86_IDTR);
}

function emitStoreTable(e: usize, i: usize, register: u32): bool {
  emitUmip(e);
  const bytes: u32 = isCode64(e) ? 8 : 4;
  memPin(e, i, bytes + 2, true);
  const address = memAddress(e, i, bytes + 2, true);
  emitCall(e, O.OP_CALLX, helperStoreTable.index, address, emitConstant(e, bytes), 0, register);
  emitAgain(e);
  return true;
}

export function transSgdt(e: usize, i: usize): bool {
  return emitStoreTable(e, i, X.X86_GDTR);
}

export function transSidt(e: usize, i: usize): bool {
  return emitStoreTable(e, i, X.X86_IDTR);
}

/** The address is not accessed, so neither limits nor rights of the segment are checked. */
export function transInvlpg(e: usize, i: usize): bool {
  if (!isPrivileged(e)) return emitForbidden(e);
  const segment = <u32>load<u8>(i, I.INSN_SEGMENT);
  let address = emitEffectiveAddress(e, i);
  if (!isCode64(e) || segment >= X.SEG_FS) address = emit2(e, O.OP_ADD, address, X.SEG_BASE + (segment << 3));
  emitCall(e, O.OP_CALLX, helperInvlpg.index, address, 0, 0, 0);
  emitAgain(e);
  return true;
}

/** CPUID does not offer it. */
export function transInvpcid(_e: usize, _i: usize): bool {
  return false;
}

/** There is no cache whose contents could differ from memory. */
export function transInvd(e: usize, _i: usize): bool {
  return isPrivileged(e) ? true : emitForbidden(e);
}

export function transWbinvd(e: usize, _i: usize): bool {
  return isPrivileged(e) ? true : emitForbidden(e);
}

// ── Flags, halting, shadows ─────────────────────────────────────────────────────────────────────────────────────

/** Virtual-8086 mode with IOPL below 3: PUSHF, POPF, CLI and STI are the monitor's. */
function isTrapped(e: usize): bool {
  return has(e, X.BLOCK_VM) && !has(e, X.BLOCK_IOPL_OK);
}

export function transPushf(e: usize, i: usize): bool {
  if (isTrapped(e)) return emitForbidden(e);
  const kept = emit1(e, O.OP_ANDI, X.X86_EFLAGS, X.FLAGS_SYSTEM & ~(X.FLAG_VM | X.FLAG_RF));
  const direction = emit1(e, O.OP_ANDI, emit1(e, O.OP_SARI, X.DF, 63), X.FLAG_DF);
  const rest = emit1(e, O.OP_ORI, emit2(e, O.OP_OR, kept, direction), X.FLAG_FIXED);
  emitPush(e, emit2(e, O.OP_OR, emitFlags(e), rest), insnSize(i));
  return true;
}

export function transPopf(e: usize, i: usize): bool {
  if (isTrapped(e)) return emitForbidden(e);
  const size = insnSize(i);
  const value = emitTop(e, size);
  emitCall(e, O.OP_CALLG, helperPopf.index, value, 0, 0, size);
  forgetCcOp(e);
  emitRelease(e, (<i64>1) << size);
  emitAgain(e);
  return true;
}

export function transCli(e: usize, _i: usize): bool {
  if (!has(e, X.BLOCK_IOPL_OK) && has(e, X.BLOCK_PE)) return emitForbidden(e);
  B.emit(e, O.OP_ANDI, X.X86_EFLAGS, X.X86_EFLAGS, 0, ~X.FLAG_IF);
  return true;
}

export function transSti(e: usize, _i: usize): bool {
  if (!has(e, X.BLOCK_IOPL_OK) && has(e, X.BLOCK_PE)) return emitForbidden(e);
  const inShadow: u32 = has(e, X.BLOCK_SHADOW) ? 1 : 0;
  emitCall(e, O.OP_CALLX, helperSti.index, emitConstant(e, nextPc(e)), 0, 0, inShadow);
  emitAgain(e);
  return true;
}

export function transHlt(e: usize, _i: usize): bool {
  if (!isPrivileged(e)) return emitForbidden(e);
  emitCall(e, O.OP_CALLX, helperHalt.index, emitConstant(e, nextPc(e)), 0, 0, 0);
  emitExit(e, EXIT_HALT, load<u64>(e, B.EMIT_PC));
  return true;
}

/** CPUID does not offer MONITOR and MWAIT. */
export function transMonitor(_e: usize, _i: usize): bool {
  return false;
}

export function transMwait(_e: usize, _i: usize): bool {
  return false;
}

function emitSetAc(e: usize, value: u32): bool {
  if (!isPrivileged(e) || !modelIsMax(cpuOf(e))) return false;
  emitCall(e, O.OP_CALLX, helperSetAc.index, 0, 0, 0, value);
  emitAgain(e);
  return true;
}

export function transClac(e: usize, _i: usize): bool {
  return emitSetAc(e, 0);
}

export function transStac(e: usize, _i: usize): bool {
  return emitSetAc(e, X.FLAG_AC);
}

// ── MSRs, counters, features ────────────────────────────────────────────────────────────────────────────────────

/** Ends the block after a clock was read: instructions are counted exactly at the ends of blocks only. */
function emitAfterClock(e: usize): void {
  emitGoto(e, 0, nextPc(e));
  endBlock(e);
}

/** EDX:EAX from a slot. */
function emitSplit(e: usize, value: u32): void {
  setRegister(e, 0, value, 2);
  B.emit(e, O.OP_SHRI, X.RDX, value, 0, 32);
}

export function transRdmsr(e: usize, _i: usize): bool {
  if (!isPrivileged(e)) return emitForbidden(e);
  emitCall(e, O.OP_CALLG, helperRdmsr.index, X.RCX, 0, 0, 0);
  emitAfterClock(e);
  return true;
}

export function transWrmsr(e: usize, _i: usize): bool {
  if (!isPrivileged(e)) return emitForbidden(e);
  emitCall(e, O.OP_CALLG, helperWrmsr.index, X.RCX, X.RAX, X.RDX, 0);
  emitAgain(e);
  return true;
}

export function transRdtsc(e: usize, _i: usize): bool {
  emitSplit(e, emitCall(e, O.OP_CALLX, helperRdtsc.index, 0, 0, 0, 0));
  emitAfterClock(e);
  return true;
}

export function transRdtscp(e: usize, _i: usize): bool {
  if (!modelIsMax(cpuOf(e))) return false;
  emitSplit(e, emitCall(e, O.OP_CALLX, helperRdtsc.index, 0, 0, 0, 0));
  setRegister(e, 1, X.X86_TSC_AUX, 2);
  emitAfterClock(e);
  return true;
}

/** CPUID does not offer it; RDTSCP is how its value is read. */
export function transRdpid(_e: usize, _i: usize): bool {
  return false;
}

/** There are no counters. */
export function transRdpmc(e: usize, _i: usize): bool {
  return emitForbidden(e);
}

export function transCpuid(e: usize, _i: usize): bool {
  emitCall(e, O.OP_CALLG, helperCpuid.index, 0, 0, 0, 0);
  return true;
}

export function transXgetbv(e: usize, _i: usize): bool {
  emitSplit(e, emitCall(e, O.OP_CALLX, helperXgetbv.index, X.RCX, 0, 0, 0));
  return true;
}

export function transXsetbv(e: usize, _i: usize): bool {
  emitCall(e, O.OP_CALLX, helperXsetbv.index, X.RCX, X.RAX, X.RDX, 0);
  return true;
}

export function transSwapgs(e: usize, _i: usize): bool {
  if (!isPrivileged(e)) return emitForbidden(e);
  const base = X.SEG_BASE + X.SEG_GS * 8;
  const t = B.emitTemp(e);
  B.emit(e, O.OP_MOV, t, base, 0, 0);
  B.emit(e, O.OP_MOV, base, X.X86_KERNEL_GS_BASE, 0, 0);
  B.emit(e, O.OP_MOV, X.X86_KERNEL_GS_BASE, t, 0, 0);
  return true;
}

function emitReadBase(e: usize, i: usize, segment: u32): bool {
  emitCall(e, O.OP_CALLX, helperFsgsbase.index, 0, 0, 0, 0);
  setRegister(e, operandRegister(i, 0), X.SEG_BASE + segment * 8, insnSize(i));
  return true;
}

function emitWriteBase(e: usize, i: usize, segment: u32): bool {
  let value = gpr(operandRegister(i, 0));
  if (insnSize(i) == 2) value = emit1(e, O.OP_ZEXT32, value, 0);
  emitCall(e, O.OP_CALLX, helperFsgsbase.index, value, 0, 0, 0);
  B.emit(e, O.OP_MOV, X.SEG_BASE + segment * 8, value, 0, 0);
  return true;
}

export function transRdfsbase(e: usize, i: usize): bool {
  return emitReadBase(e, i, X.SEG_FS);
}

export function transRdgsbase(e: usize, i: usize): bool {
  return emitReadBase(e, i, X.SEG_GS);
}

export function transWrfsbase(e: usize, i: usize): bool {
  return emitWriteBase(e, i, X.SEG_FS);
}

export function transWrgsbase(e: usize, i: usize): bool {
  return emitWriteBase(e, i, X.SEG_GS);
}

// ── Fast system calls and SMM ───────────────────────────────────────────────────────────────────────────────────

export function transSyscall(e: usize, _i: usize): bool {
  if (!isCode64(e)) return false;
  return emitTransfer(e, helperSyscall.index, emitConstant(e, nextPc(e)), 0, 0, 0);
}

export function transSysret(e: usize, i: usize): bool {
  if (!isCode64(e)) return false;
  return emitTransfer(e, helperSysret.index, 0, 0, 0, insnSize(i) == 3 ? 1 : 0);
}

export function transSysenter(e: usize, _i: usize): bool {
  return emitTransfer(e, helperSysenter.index, 0, 0, 0, 0);
}

export function transSysexit(e: usize, i: usize): bool {
  if (!inProtected(e)) return emitForbidden(e);
  return emitTransfer(e, helperSysexit.index, 0, 0, 0, hasPrefix(i, I.PREFIX_REX_W) ? 1 : 0);
}

export function transRsm(e: usize, _i: usize): bool {
  return emitTransfer(e, helperRsm.index, 0, 0, 0, 0);
}

// ── Ports ───────────────────────────────────────────────────────────────────────────────────────────────────────

function portSlot(e: usize, i: usize, n: u32): u32 {
  return operandKind(i, n) == I.OPERAND_IMM ? emitConstant(e, load<u64>(i, I.INSN_IMMEDIATE) & 0xff) : X.RDX;
}

export function transIn(e: usize, i: usize): bool {
  const size = insnSize(i);
  const port = portSlot(e, i, 1);
  // An immediate port is never the one that changes registers.
  const value =
    size == 2 && port == X.RDX
      ? emitCall(e, O.OP_CALLG, helperInLong.index, port, 0, 0, 0)
      : emitCall(e, O.OP_CALLX, helperIn.index, port, 0, 0, 1 << size);
  setRegister(e, 0, value, size);
  emitAgain(e);
  return true;
}

export function transOut(e: usize, i: usize): bool {
  const size = insnSize(i);
  const port = portSlot(e, i, 0);
  if (size == 2 && port == X.RDX) emitCall(e, O.OP_CALLG, helperOutLong.index, port, X.RAX, 0, 0);
  else emitCall(e, O.OP_CALLX, helperOut.index, port, X.RAX, 0, 1 << size);
  emitAgain(e);
  return true;
}

/** Runs a batch, then goes on, or to this instruction again. */
function emitPortString(e: usize, i: usize, helper: u32): bool {
  const repeats = hasPrefix(i, I.PREFIX_REP | I.PREFIX_REPNE);
  let how = insnSize(i) | ((<u32>load<u8>(i, I.INSN_ADDRESS_SIZE)) << STRING_ADDRESS_SHIFT);
  how |= (<u32>load<u8>(i, I.INSN_SEGMENT)) << STRING_SEGMENT_SHIFT;
  if (repeats) how |= STRING_REPEATS;
  if (has(e, X.BLOCK_STEP)) how |= STRING_SINGLE;
  const again = emitCall(e, O.OP_CALLG, helper, 0, 0, 0, how);
  if (!repeats) {
    emitAgain(e);
    return true;
  }
  const pc = B.emitTemp(e);
  const here = emitConstant(e, load<u64>(e, B.EMIT_PC));
  B.emit(e, O.OP_SELECT, pc, again, here, B.helperWord(0, emitConstant(e, nextPc(e)), 0));
  B.emit(e, O.OP_GOTOIND, 0, pc, 0, 0);
  endBlock(e);
  return true;
}

export function transIns(e: usize, i: usize): bool {
  return emitPortString(e, i, helperIns.index);
}

export function transOuts(e: usize, i: usize): bool {
  return emitPortString(e, i, helperOuts.index);
}
