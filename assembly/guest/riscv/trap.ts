/** Traps: taking them, returning from them, and the instructions that raise them. Volume II, 3.1 and 3.3. */
import { raise, requestCheck, setBlockFlags } from '../../vcpu/exception';
import { STATE_EXCEPTION, STATE_EXCEPTION_VALUE, STATE_PC, STATE_CHAIN_FROM } from '../../vcpu/state';
import { tlbFlush, tlbFlushLocal, tlbFlushPage } from '../../softmmu/tlb';
import { COMM_REQUEST, CPU_STATE, REQUEST_INVALIDATE, RESULT_SLICE } from '../../layout';
import { blockTakeStalePages } from '../../tb/invalidate';
import * as H from './cpu';

/** Recomputes the flags that blocks are selected by; to be called after any change of privilege, mstatus, FS or frm. */
export function riscvUpdateFlags(cpu: usize): void {
  const mode = load<u32>(cpu, H.HART_PRIV);
  const mstatus = load<u64>(cpu, H.HART_MSTATUS);
  let dataMode = mode;
  if (mode == H.PRV_M && mstatus & H.MSTATUS_MPRV) dataMode = <u32>(mstatus >> 11) & 3;
  let mmu = dataMode;
  if (dataMode == H.PRV_S && mstatus & H.MSTATUS_SUM) mmu = H.MMU_S_SUM;
  let flags = mode | (mmu << H.FLAG_MMU_SHIFT);
  if (load<u64>(cpu, H.HART_FS) == 0) flags |= H.FLAG_FP_OFF;
  if (load<u64>(cpu, H.HART_FRM) > 4) flags |= H.FLAG_FRM_INVALID;
  setBlockFlags(cpu, flags);
}

/** Enters the trap handler for the pending exception. STATE_PC is the instruction that raised it. */
export function riscvDeliverException(cpu: usize): u32 {
  const cause = <u32>load<u64>(cpu, STATE_EXCEPTION) - 1;
  const value = load<u64>(cpu, STATE_EXCEPTION_VALUE);
  store<u64>(cpu, 0, STATE_EXCEPTION);
  const delegated = load<u32>(cpu, H.HART_PRIV) != H.PRV_M && (load<u64>(cpu, H.HART_MEDELEG) >> cause) & 1;
  enterTrap(cpu, cause, value, delegated != 0, false);
  return RESULT_SLICE;
}

export function riscvTakeInterrupt(cpu: usize, number: u32): void {
  const delegated = load<u32>(cpu, H.HART_PRIV) != H.PRV_M && (load<u64>(cpu, H.HART_MIDELEG) >> number) & 1;
  enterTrap(cpu, number, 0, delegated != 0, true);
}

function enterTrap(cpu: usize, cause: u32, value: u64, toSupervisor: bool, interrupt: bool): void {
  const pc = load<u64>(cpu, STATE_PC);
  const causeRegister = <u64>cause | (interrupt ? (<u64>1) << 63 : 0);
  const mode = load<u32>(cpu, H.HART_PRIV);
  let mstatus = load<u64>(cpu, H.HART_MSTATUS);
  let vector: u64;
  if (toSupervisor) {
    mstatus =
      (mstatus & ~(H.MSTATUS_SPIE | H.MSTATUS_SPP)) |
      ((mstatus & H.MSTATUS_SIE) << 4) |
      ((<u64>(mode & 1)) << 8);
    mstatus &= ~H.MSTATUS_SIE;
    store<u64>(cpu, pc, H.HART_SEPC);
    store<u64>(cpu, causeRegister, H.HART_SCAUSE);
    store<u64>(cpu, value, H.HART_STVAL);
    vector = load<u64>(cpu, H.HART_STVEC);
    store<u32>(cpu, H.PRV_S, H.HART_PRIV);
  } else {
    mstatus =
      (mstatus & ~(H.MSTATUS_MPIE | H.MSTATUS_MPP)) | ((mstatus & H.MSTATUS_MIE) << 4) | ((<u64>mode) << 11);
    mstatus &= ~H.MSTATUS_MIE;
    store<u64>(cpu, pc, H.HART_MEPC);
    store<u64>(cpu, causeRegister, H.HART_MCAUSE);
    store<u64>(cpu, value, H.HART_MTVAL);
    vector = load<u64>(cpu, H.HART_MTVEC);
    store<u32>(cpu, H.PRV_M, H.HART_PRIV);
  }
  store<u64>(cpu, mstatus, H.HART_MSTATUS);
  let target = vector & ~3;
  if (interrupt && vector & 1) target += <u64>cause * 4;
  store<u64>(cpu, target, STATE_PC);
  store<u32>(cpu, 0, STATE_CHAIN_FROM);
  riscvUpdateFlags(cpu);
}

export function helperIllegal(cpu: usize, b: u64, c: u64, third: u64, bits: u32): u64 {
  raise(cpu, H.CAUSE_ILLEGAL, bits);
  return 0;
}

export function helperEcall(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  raise(cpu, H.CAUSE_ECALL_U + load<u32>(cpu, H.HART_PRIV), 0);
  return 0;
}

/** mtval of a breakpoint is b: 0 from the translator, as in QEMU 7.2; the address would be legal too (volume II, 3.1.16). */
export function helperEbreak(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  raise(cpu, H.CAUSE_BREAKPOINT, b);
  return 0;
}

/** Returns the pc to go on at. */
export function helperMret(cpu: usize, b: u64, c: u64, third: u64, bits: u32): u64 {
  if (load<u32>(cpu, H.HART_PRIV) != H.PRV_M) return helperIllegal(cpu, 0, 0, 0, bits);
  let mstatus = load<u64>(cpu, H.HART_MSTATUS);
  const mode = <u32>(mstatus >> 11) & 3;
  mstatus = (mstatus & ~(H.MSTATUS_MIE | H.MSTATUS_MPP)) | ((mstatus & H.MSTATUS_MPIE) >> 4) | H.MSTATUS_MPIE;
  if (mode != H.PRV_M) mstatus &= ~H.MSTATUS_MPRV;
  return returnTo(cpu, mstatus, mode, load<u64>(cpu, H.HART_MEPC));
}

export function helperSret(cpu: usize, b: u64, c: u64, third: u64, bits: u32): u64 {
  let mstatus = load<u64>(cpu, H.HART_MSTATUS);
  const current = load<u32>(cpu, H.HART_PRIV);
  if (current == H.PRV_U || (current == H.PRV_S && mstatus & H.MSTATUS_TSR))
    return helperIllegal(cpu, 0, 0, 0, bits);
  const mode = <u32>(mstatus >> 8) & 1;
  mstatus =
    (mstatus & ~(H.MSTATUS_SIE | H.MSTATUS_SPP | H.MSTATUS_MPRV)) |
    ((mstatus & H.MSTATUS_SPIE) >> 4) |
    H.MSTATUS_SPIE;
  return returnTo(cpu, mstatus, mode, load<u64>(cpu, H.HART_SEPC));
}

function returnTo(cpu: usize, mstatus: u64, mode: u32, pc: u64): u64 {
  store<u64>(cpu, mstatus, H.HART_MSTATUS);
  store<u32>(cpu, mode, H.HART_PRIV);
  store<u64>(cpu, 0xffffffffffffffff, H.HART_RESERVATION);
  riscvUpdateFlags(cpu);
  requestCheck(cpu);
  return pc;
}

/** Raises what WFI may raise; the `exit` after it does the waiting. TW with a time limit of 0; from U mode always illegal, as in QEMU. */
export function helperWfi(cpu: usize, b: u64, c: u64, third: u64, bits: u32): u64 {
  const mode = load<u32>(cpu, H.HART_PRIV);
  if (mode == H.PRV_U || (mode == H.PRV_S && load<u64>(cpu, H.HART_MSTATUS) & H.MSTATUS_TW))
    return helperIllegal(cpu, 0, 0, 0, bits);
  return 0;
}

/**
 * b = rs1 (virtual address), c = rs2 (ASID). The TLB holds the current address space only, so a fence for another ASID has nothing to forget;
 * one for any ASID leaves global mappings alone (4.2.1).
 */
export function helperSfenceVma(cpu: usize, b: u64, c: u64, third: u64, bits: u32): u64 {
  const mode = load<u32>(cpu, H.HART_PRIV);
  if (mode == H.PRV_U || (mode == H.PRV_S && load<u64>(cpu, H.HART_MSTATUS) & H.MSTATUS_TVM))
    return helperIllegal(cpu, 0, 0, 0, bits);
  const anyAsid = ((bits >> 20) & 31) == 0;
  if (!anyAsid && (c & 0xffff) != ((load<u64>(cpu, H.HART_SATP) >> 44) & 0xffff)) return 0;
  if (((bits >> 15) & 31) != 0) tlbFlushPage(cpu, b);
  else if (anyAsid) tlbFlush(cpu);
  else tlbFlushLocal(cpu);
  return 0;
}

/** Stores of this hart into translated code are noticed at once; what devices wrote is taken in here. */
export function helperFenceI(cpu: usize, b: u64, c: u64, third: u64, bits: u32): u64 {
  if (atomic.load<u32>(cpu - CPU_STATE + COMM_REQUEST) & REQUEST_INVALIDATE) blockTakeStalePages(cpu);
  return 0;
}
