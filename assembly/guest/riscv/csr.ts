/**
 * Control and status registers: Zicsr's six instructions in one helper. Volume II, chapter 2 lists the addresses; reading and writing
 * go through two switches, so that each register's WARL rules stand once.
 */
import { raise, requestCheck } from '../../vcpu/exception';
import { retired } from '../../vcpu/clock';
import { STATE_FFLAGS } from '../../vcpu/state';
import { aclintTime } from '../../irqchip/aclint';
import { tlbFlush, tlbFlushLocal } from '../../softmmu/tlb';
import * as H from './cpu';
import { ENVCFG_STCE, riscvPending, riscvUpdateLines } from './irq';
import { pmpAddress, pmpWriteAddress, pmpWriteConfig, PMP_ENTRIES } from './pmp';
import { riscvUpdateFlags } from './trap';

const SSTATUS_WRITABLE: u64 = H.MSTATUS_SIE | H.MSTATUS_SPIE | H.MSTATUS_SPP | H.MSTATUS_SUM | H.MSTATUS_MXR;
const MSTATUS_WRITABLE: u64 =
  SSTATUS_WRITABLE |
  H.MSTATUS_MIE |
  H.MSTATUS_MPIE |
  H.MSTATUS_MPRV |
  H.MSTATUS_TVM |
  H.MSTATUS_TW |
  H.MSTATUS_TSR;
const SSTATUS_READABLE: u64 = SSTATUS_WRITABLE | (3 << 32);

const SUPERVISOR_INTERRUPTS: u64 = (1 << H.IRQ_S_SOFT) | (1 << H.IRQ_S_TIMER) | (1 << H.IRQ_S_EXT);
const ALL_INTERRUPTS: u64 =
  SUPERVISOR_INTERRUPTS | (1 << H.IRQ_M_SOFT) | (1 << H.IRQ_M_TIMER) | (1 << H.IRQ_M_EXT);
/** Every synchronous cause but 10, 11 (ecall from M), 14 and those of extensions that are not here. */
const DELEGABLE: u64 = 0xb3ff;
/** FIOM, CBIE, CBCFE, CBZE; menvcfg also STCE. */
const SENVCFG_WRITABLE: u64 = 0xf1;
const ENVCFG_CBIE: u64 = 0x30;

const FUNCT3_IMMEDIATE: u32 = 4;
const OPERATION_WRITE: u32 = 1;
const OPERATION_SET: u32 = 2;

/**
 * Helper of csrrw, csrrs, csrrc and their immediate forms: b is rs1's value; the instruction's own bits say the rest. Returns the old value,
 * or raises an illegal instruction.
 */
export function helperCsr(cpu: usize, b: u64, c: u64, third: u64, insn: u32): u64 {
  const csr = insn >> 20;
  const operation = (insn >> 12) & 3;
  const field = (insn >> 15) & 31;
  const source = (insn >> 12) & FUNCT3_IMMEDIATE ? <u64>field : b;
  const writes = operation == OPERATION_WRITE || field != 0;
  if (!isAllowed(cpu, csr, writes)) {
    raise(cpu, H.CAUSE_ILLEGAL, insn);
    return 0;
  }
  // A csrrw to x0 must not read: reading has no side effect in any register here, so it may.
  const old = csrRead(cpu, csr);
  if (writes) {
    let base = old;
    // Set and clear act on the software bits of mip only: a line that is up must not become a software bit. Section 3.1.9.
    if (csr == 0x344) base = load<u64>(cpu, H.HART_MIP);
    else if (csr == 0x144) base = load<u64>(cpu, H.HART_MIP) & load<u64>(cpu, H.HART_MIDELEG);
    csrWrite(
      cpu,
      csr,
      operation == OPERATION_WRITE ? source : operation == OPERATION_SET ? base | source : base & ~source,
    );
  }
  return old;
}

/**
 * Whether a block has to end after an access to this register: it read a counter, which is exact at a block's end only, or wrote what may change the
 * block flags, the address space, or which interrupts are taken.
 */
export function csrEndsBlock(csr: u32, writes: bool): bool {
  const isCounter = (csr & ~0x1f) == 0xb00 || (csr & ~0x1f) == 0xc00;
  if (isCounter) return true;
  const isScratch =
    csr == 0x001 ||
    (csr >= 0x140 && csr <= 0x143) ||
    (csr >= 0x340 && csr <= 0x343) ||
    csr == 0x105 ||
    csr == 0x305;
  return writes && !isScratch;
}

function isAllowed(cpu: usize, csr: u32, writes: bool): bool {
  const mode = load<u32>(cpu, H.HART_PRIV);
  if (mode < ((csr >> 8) & 3)) return false;
  if (writes && csr >> 10 == 3) return false;
  if (csr >= 0x001 && csr <= 0x003) return load<u64>(cpu, H.HART_FS) != 0;
  if (csr >= 0xc00 && csr <= 0xc1f) {
    const bit = (<u64>1) << (csr & 31);
    if (mode < H.PRV_M && (load<u64>(cpu, H.HART_MCOUNTEREN) & bit) == 0) return false;
    return mode != H.PRV_U || (load<u64>(cpu, H.HART_SCOUNTEREN) & bit) != 0;
  }
  if (csr == 0x180) return mode != H.PRV_S || (load<u64>(cpu, H.HART_MSTATUS) & H.MSTATUS_TVM) == 0;
  if (csr == 0x14d) {
    return (
      mode == H.PRV_M ||
      ((load<u64>(cpu, H.HART_MCOUNTEREN) & 2) != 0 && (load<u64>(cpu, H.HART_MENVCFG) & ENVCFG_STCE) != 0)
    );
  }
  return exists(csr);
}

function exists(csr: u32): bool {
  if (csr >= 0x3b0 && csr < 0x3b0 + PMP_ENTRIES) return true;
  if (csr >= 0xb00 && csr <= 0xb1f) return csr != 0xb01;
  if (csr >= 0x323 && csr <= 0x33f) return true;
  if (csr >= 0xf11 && csr <= 0xf15) return true;
  switch (csr) {
    case 0x100:
    case 0x104:
    case 0x105:
    case 0x106:
    case 0x10a:
    case 0x140:
    case 0x141:
    case 0x142:
    case 0x143:
    case 0x144:
    case 0x300:
    case 0x301:
    case 0x302:
    case 0x303:
    case 0x304:
    case 0x305:
    case 0x306:
    case 0x30a:
    case 0x320:
    case 0x340:
    case 0x341:
    case 0x342:
    case 0x343:
    case 0x344:
    case 0x3a0:
    case 0x3a2:
      return true;
  }
  return false;
}

/** mstatus with the fields that are kept elsewhere. */
function mstatus(cpu: usize): u64 {
  const fs = load<u64>(cpu, H.HART_FS);
  return load<u64>(cpu, H.HART_MSTATUS) | H.MSTATUS_XL | (fs << 13) | (fs == 3 ? H.MSTATUS_SD : 0);
}

function csrRead(cpu: usize, csr: u32): u64 {
  if (csr >= 0x3b0 && csr < 0x3b0 + PMP_ENTRIES) return pmpAddress(cpu, csr - 0x3b0);
  switch (csr) {
    case 0x001:
      return load<u32>(cpu, STATE_FFLAGS);
    case 0x002:
      return load<u64>(cpu, H.HART_FRM);
    case 0x003:
      return (load<u64>(cpu, H.HART_FRM) << 5) | load<u32>(cpu, STATE_FFLAGS);
    case 0x100:
      return mstatus(cpu) & (SSTATUS_READABLE | H.MSTATUS_FS | H.MSTATUS_SD);
    case 0x104:
      return load<u64>(cpu, H.HART_MIE) & load<u64>(cpu, H.HART_MIDELEG);
    case 0x105:
      return load<u64>(cpu, H.HART_STVEC);
    case 0x106:
      return load<u64>(cpu, H.HART_SCOUNTEREN);
    case 0x10a:
      return load<u64>(cpu, H.HART_SENVCFG);
    case 0x140:
      return load<u64>(cpu, H.HART_SSCRATCH);
    case 0x141:
      return load<u64>(cpu, H.HART_SEPC);
    case 0x142:
      return load<u64>(cpu, H.HART_SCAUSE);
    case 0x143:
      return load<u64>(cpu, H.HART_STVAL);
    case 0x144:
      return pending(cpu) & load<u64>(cpu, H.HART_MIDELEG);
    case 0x14d:
      return load<u64>(cpu, H.HART_STIMECMP);
    case 0x180:
      return load<u64>(cpu, H.HART_SATP);
    case 0x300:
      return mstatus(cpu);
    case 0x301:
      return load<u64>(cpu, H.HART_MISA);
    case 0x302:
      return load<u64>(cpu, H.HART_MEDELEG);
    case 0x303:
      return load<u64>(cpu, H.HART_MIDELEG);
    case 0x304:
      return load<u64>(cpu, H.HART_MIE);
    case 0x305:
      return load<u64>(cpu, H.HART_MTVEC);
    case 0x306:
      return load<u64>(cpu, H.HART_MCOUNTEREN);
    case 0x30a:
      return load<u64>(cpu, H.HART_MENVCFG);
    case 0x320:
      return load<u64>(cpu, H.HART_MCOUNTINHIBIT);
    case 0x340:
      return load<u64>(cpu, H.HART_MSCRATCH);
    case 0x341:
      return load<u64>(cpu, H.HART_MEPC);
    case 0x342:
      return load<u64>(cpu, H.HART_MCAUSE);
    case 0x343:
      return load<u64>(cpu, H.HART_MTVAL);
    case 0x344:
      return pending(cpu);
    case 0x3a0:
      return load<u64>(cpu, H.HART_PMPCFG);
    case 0x3a2:
      return load<u64>(cpu, H.HART_PMPCFG + 8);
    case 0xb00:
    case 0xc00:
      return counter(cpu, H.HART_MCYCLE_OFFSET, 1);
    case 0xb02:
    case 0xc02:
      return counter(cpu, H.HART_MINSTRET_OFFSET, 4);
    case 0xc01:
      return aclintTime(cpu);
    case 0xf14:
      return load<u64>(cpu, H.HART_ID);
  }
  // mvendorid, marchid, mimpid, mconfigptr: not a commercial implementation. Event counters count nothing.
  return 0;
}

function pending(cpu: usize): u64 {
  riscvUpdateLines(cpu);
  return riscvPending(cpu);
}

/** A counter that is inhibited stands still: its offset then holds the value itself. */
function counter(cpu: usize, offset: u32, inhibit: u64): u64 {
  const value = load<u64>(cpu + offset);
  return load<u64>(cpu, H.HART_MCOUNTINHIBIT) & inhibit ? value : value + <u64>retired(cpu);
}

function setCounter(cpu: usize, offset: u32, inhibit: u64, value: u64): void {
  store<u64>(
    cpu + offset,
    load<u64>(cpu, H.HART_MCOUNTINHIBIT) & inhibit ? value : value - <u64>retired(cpu),
  );
}

function csrWrite(cpu: usize, csr: u32, value: u64): void {
  if (csr >= 0x3b0 && csr < 0x3b0 + PMP_ENTRIES) {
    pmpWriteAddress(cpu, csr - 0x3b0, value);
    tlbFlush(cpu);
    return;
  }
  switch (csr) {
    case 0x001:
      setFloat(cpu, load<u64>(cpu, H.HART_FRM), value);
      break;
    case 0x002:
      setFloat(cpu, value & 7, load<u32>(cpu, STATE_FFLAGS));
      break;
    case 0x003:
      setFloat(cpu, (value >> 5) & 7, value);
      break;
    case 0x100:
      setStatus(cpu, value, SSTATUS_WRITABLE);
      break;
    case 0x104:
      setEnabled(cpu, value, load<u64>(cpu, H.HART_MIDELEG));
      break;
    case 0x105:
      setVector(cpu, H.HART_STVEC, value);
      break;
    case 0x106:
      store<u64>(cpu, value & 0xffffffff, H.HART_SCOUNTEREN);
      break;
    case 0x10a:
      store<u64>(
        cpu,
        legalEnvironment(value & SENVCFG_WRITABLE, load<u64>(cpu, H.HART_SENVCFG)),
        H.HART_SENVCFG,
      );
      break;
    case 0x140:
      store<u64>(cpu, value, H.HART_SSCRATCH);
      break;
    case 0x141:
      store<u64>(cpu, value & ~1, H.HART_SEPC);
      break;
    case 0x142:
      store<u64>(cpu, value, H.HART_SCAUSE);
      break;
    case 0x143:
      store<u64>(cpu, value, H.HART_STVAL);
      break;
    case 0x144:
      setPending(cpu, value, (1 << H.IRQ_S_SOFT) & load<u64>(cpu, H.HART_MIDELEG));
      break;
    case 0x14d:
      store<u64>(cpu, value, H.HART_STIMECMP);
      requestCheck(cpu);
      break;
    case 0x180:
      setSatp(cpu, value);
      break;
    case 0x300:
      setMachineStatus(cpu, value);
      break;
    case 0x302:
      store<u64>(cpu, value & DELEGABLE, H.HART_MEDELEG);
      break;
    case 0x303:
      store<u64>(cpu, value & SUPERVISOR_INTERRUPTS, H.HART_MIDELEG);
      requestCheck(cpu);
      break;
    case 0x304:
      setEnabled(cpu, value, ALL_INTERRUPTS);
      break;
    case 0x305:
      setVector(cpu, H.HART_MTVEC, value);
      break;
    case 0x306:
      store<u64>(cpu, value & 0xffffffff, H.HART_MCOUNTEREN);
      break;
    case 0x30a:
      store<u64>(
        cpu,
        legalEnvironment(value & (SENVCFG_WRITABLE | ENVCFG_STCE), load<u64>(cpu, H.HART_MENVCFG)),
        H.HART_MENVCFG,
      );
      requestCheck(cpu);
      break;
    case 0x320:
      setInhibit(cpu, value & 5);
      break;
    case 0x340:
      store<u64>(cpu, value, H.HART_MSCRATCH);
      break;
    case 0x341:
      store<u64>(cpu, value & ~1, H.HART_MEPC);
      break;
    case 0x342:
      store<u64>(cpu, value, H.HART_MCAUSE);
      break;
    case 0x343:
      store<u64>(cpu, value, H.HART_MTVAL);
      break;
    case 0x344:
      setPending(
        cpu,
        value,
        load<u64>(cpu, H.HART_MENVCFG) & ENVCFG_STCE
          ? SUPERVISOR_INTERRUPTS & ~(1 << H.IRQ_S_TIMER)
          : SUPERVISOR_INTERRUPTS,
      );
      break;
    case 0x3a0:
      setProtection(cpu, 0, value);
      break;
    case 0x3a2:
      setProtection(cpu, 8, value);
      break;
    case 0xb00:
      setCounter(cpu, H.HART_MCYCLE_OFFSET, 1, value);
      break;
    case 0xb02:
      setCounter(cpu, H.HART_MINSTRET_OFFSET, 4, value);
      break;
  }
}

function setFloat(cpu: usize, frm: u64, flags: u64): void {
  store<u64>(cpu, frm, H.HART_FRM);
  store<u32>(cpu, <u32>flags & 31, STATE_FFLAGS);
  store<u64>(cpu, 3, H.HART_FS);
  riscvUpdateFlags(cpu);
}

/** Changes some bits of mstatus, and FS. SUM and privilege select another TLB; MXR changes what is cached in all of them. */
function setStatus(cpu: usize, value: u64, writable: u64): void {
  const old = load<u64>(cpu, H.HART_MSTATUS);
  const next = (old & ~writable) | (value & writable);
  store<u64>(cpu, next, H.HART_MSTATUS);
  store<u64>(cpu, (value >> 13) & 3, H.HART_FS);
  if ((old ^ next) & H.MSTATUS_MXR) tlbFlush(cpu);
  riscvUpdateFlags(cpu);
  requestCheck(cpu);
}

/** MPP is WARL: 2 names no mode, so writing it changes nothing. */
function setMachineStatus(cpu: usize, value: u64): void {
  const writable =
    (value & H.MSTATUS_MPP) == (<u64>2) << 11 ? MSTATUS_WRITABLE : MSTATUS_WRITABLE | H.MSTATUS_MPP;
  setStatus(cpu, value, writable);
}

function setEnabled(cpu: usize, value: u64, writable: u64): void {
  store<u64>(cpu, (load<u64>(cpu, H.HART_MIE) & ~writable) | (value & writable), H.HART_MIE);
  requestCheck(cpu);
}

function setPending(cpu: usize, value: u64, writable: u64): void {
  store<u64>(cpu, (load<u64>(cpu, H.HART_MIP) & ~writable) | (value & writable), H.HART_MIP);
  requestCheck(cpu);
}

/** Modes: 0 direct, 1 vectored; a write of another one is ignored. */
function setVector(cpu: usize, register: u32, value: u64): void {
  if ((value & 3) < 2) store<u64>(cpu + register, value);
}

/** CBIE = 2 is reserved and keeps the old value. */
function legalEnvironment(value: u64, old: u64): u64 {
  return (value & ENVCFG_CBIE) == 0x20 ? (value & ~ENVCFG_CBIE) | (old & ENVCFG_CBIE) : value;
}

/** A mode that is not supported makes the whole write void. ASIDs are 16 bits wide; the TLB holds one address space. */
function setSatp(cpu: usize, value: u64): void {
  const mode = <u32>(value >> 60);
  if (mode != 0 && (mode < 8 || mode > 10)) return;
  const old = load<u64>(cpu, H.HART_SATP);
  if (value == old) return;
  store<u64>(cpu, value, H.HART_SATP);
  // What was cached without paging, or with another number of levels, is no global mapping.
  if (value >> 60 == old >> 60) tlbFlushLocal(cpu);
  else tlbFlush(cpu);
}

function setInhibit(cpu: usize, value: u64): void {
  const cycles = counter(cpu, H.HART_MCYCLE_OFFSET, 1);
  const instructions = counter(cpu, H.HART_MINSTRET_OFFSET, 4);
  store<u64>(cpu, value, H.HART_MCOUNTINHIBIT);
  setCounter(cpu, H.HART_MCYCLE_OFFSET, 1, cycles);
  setCounter(cpu, H.HART_MINSTRET_OFFSET, 4, instructions);
}

function setProtection(cpu: usize, from: u32, value: u64): void {
  for (let i: u32 = 0; i < 8; i++) pmpWriteConfig(cpu, from + i, <u32>(value >> (i * 8)) & 0xff);
  tlbFlush(cpu);
}

/** For dumps: the registers' values by their addresses. */
export function csrPeek(cpu: usize, csr: u32): u64 {
  return csrRead(cpu, csr);
}
