/**
 * Zicsr, Zifencei and privileged instructions: unprivileged specification, chapters 3 and 9; privileged specification 1.12,
 * sections 3.3 and 4.2. What changes privilege, address space or interrupts ends the block.
 */
import { emit, emitTemp } from '../../ir/builder';
import { OP_GOTOIND } from '../../ir/ops.gen';
import { EXIT_AGAIN, EXIT_HALT } from '../../vcpu/state';
import { csrEndsBlock, helperCsr } from './csr';
import {
  emitCallEffect,
  emitExit,
  emitUnreachable,
  endBlock,
  nextPc,
  slotResult,
  slotRs1,
  slotRs2,
  ZERO,
} from './emit';
import { fieldCsr, fieldUimm } from './fields.gen';
import {
  helperEbreak,
  helperEcall,
  helperFenceI,
  helperMret,
  helperSfenceVma,
  helperSret,
  helperWfi,
} from './trap';

function emitCsr(e: usize, insn: u32, source: u32, ends: bool): bool {
  emitCallEffect(e, slotResult(e, insn), source, ZERO, helperCsr.index, insn);
  if (ends) emitExit(e, EXIT_AGAIN, nextPc(e));
  return true;
}

const SSTATUS: u32 = 0x100;
const MSTATUS: u32 = 0x300;
/** SIE and MIE, in both. */
const INTERRUPT_ENABLES: u32 = 0xa;

/** Clearing SIE or MIE alone, as local_irq_save does, can only keep interrupts from being taken: the block goes on. */
function clearsInterruptEnablesOnly(csr: u32, bits: u32): bool {
  return (csr == SSTATUS || csr == MSTATUS) && (bits & ~INTERRUPT_ENABLES) == 0;
}

/** csrrs and csrrc of x0, csrrsi and csrrci of 0 do not write: the field of rs1 says so for all four. */
function isWrite(insn: u32): bool {
  return fieldUimm(insn) != 0;
}

export function transCsrrw(e: usize, insn: u32): bool {
  return emitCsr(e, insn, slotRs1(insn), csrEndsBlock(fieldCsr(insn), true));
}

export function transCsrrs(e: usize, insn: u32): bool {
  return emitCsr(e, insn, slotRs1(insn), csrEndsBlock(fieldCsr(insn), isWrite(insn)));
}

export function transCsrrc(e: usize, insn: u32): bool {
  return emitCsr(e, insn, slotRs1(insn), csrEndsBlock(fieldCsr(insn), isWrite(insn)));
}

export function transCsrrwi(e: usize, insn: u32): bool {
  return emitCsr(e, insn, ZERO, csrEndsBlock(fieldCsr(insn), true));
}

export function transCsrrsi(e: usize, insn: u32): bool {
  return emitCsr(e, insn, ZERO, csrEndsBlock(fieldCsr(insn), isWrite(insn)));
}

export function transCsrrci(e: usize, insn: u32): bool {
  const csr = fieldCsr(insn);
  const ends = !clearsInterruptEnablesOnly(csr, fieldUimm(insn)) && csrEndsBlock(csr, isWrite(insn));
  return emitCsr(e, insn, ZERO, ends);
}

export function transFenceI(e: usize, insn: u32): bool {
  emitCallEffect(e, emitTemp(e), ZERO, ZERO, helperFenceI.index, insn);
  emitExit(e, EXIT_AGAIN, nextPc(e));
  return true;
}

export function transEcall(e: usize, insn: u32): bool {
  emitCallEffect(e, emitTemp(e), ZERO, ZERO, helperEcall.index, insn);
  emitUnreachable(e);
  return true;
}

export function transEbreak(e: usize, insn: u32): bool {
  emitCallEffect(e, emitTemp(e), ZERO, ZERO, helperEbreak.index, insn);
  emitUnreachable(e);
  return true;
}

/** The helper returns the pc to go on at. */
function emitTrapReturn(e: usize, insn: u32, helper: u32): bool {
  const target = emitTemp(e);
  emitCallEffect(e, target, ZERO, ZERO, helper, insn);
  emit(e, OP_GOTOIND, 1, target, 0, 0);
  endBlock(e);
  return true;
}

export function transSret(e: usize, insn: u32): bool {
  return emitTrapReturn(e, insn, helperSret.index);
}

export function transMret(e: usize, insn: u32): bool {
  return emitTrapReturn(e, insn, helperMret.index);
}

export function transWfi(e: usize, insn: u32): bool {
  emitCallEffect(e, emitTemp(e), ZERO, ZERO, helperWfi.index, insn);
  emitExit(e, EXIT_HALT, nextPc(e));
  return true;
}

export function transSfenceVma(e: usize, insn: u32): bool {
  emitCallEffect(e, emitTemp(e), slotRs1(insn), slotRs2(insn), helperSfenceVma.index, insn);
  emitExit(e, EXIT_AGAIN, nextPc(e));
  return true;
}
