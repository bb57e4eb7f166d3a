/** Interrupts of a hart: what is pending, what may be taken, and when the next timer is due. */
import { guestNow } from '../../vcpu/clock';
import { RECORD_LINES } from '../../layout';
import { checkedValue } from '../../softmmu/record';
import { STATE_CHECK_PHASE, STATE_INDEX } from '../../vcpu/state';
import { aclintDeadline, aclintMtimecmp, aclintSoftware, aclintTimeNow } from '../../irqchip/aclint';
import { plicAsserts } from '../../irqchip/plic';
import * as H from './cpu';
import { riscvTakeInterrupt } from './trap';

export const ENVCFG_STCE: u64 = 0x8000000000000000;

/** Reads the lines of ACLINT and PLIC and the comparators of the timers into HART_MIP_LINES. */
export function riscvUpdateLines(cpu: usize): void {
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  let lines: u64 = phase == 2 ? 0 : readLines(cpu);
  if (phase != 0) lines = checkedValue(cpu, RECORD_LINES, lines);
  store<u64>(cpu, lines, H.HART_MIP_LINES);
}

function readLines(cpu: usize): u64 {
  const time = aclintTimeNow(cpu);
  const hart = load<u32>(cpu, STATE_INDEX);
  let lines: u64 = 0;
  if (aclintSoftware(cpu)) lines |= 1 << H.IRQ_M_SOFT;
  if (time >= aclintMtimecmp(cpu)) lines |= 1 << H.IRQ_M_TIMER;
  if (load<u64>(cpu, H.HART_MENVCFG) & ENVCFG_STCE && time >= load<u64>(cpu, H.HART_STIMECMP))
    lines |= 1 << H.IRQ_S_TIMER;
  if (plicAsserts(hart * 2)) lines |= 1 << H.IRQ_M_EXT;
  if (plicAsserts(hart * 2 + 1)) lines |= 1 << H.IRQ_S_EXT;
  return lines;
}

/** mip as the hardware sees it. */
export function riscvPending(cpu: usize): u64 {
  return load<u64>(cpu, H.HART_MIP) | load<u64>(cpu, H.HART_MIP_LINES);
}

/** Handler of STATE_GUEST_TAKE_INTERRUPT: see vcpu/guest.ts. */
export function riscvTryInterrupt(cpu: usize): u32 {
  const interrupt = riscvInterrupt(cpu);
  if (interrupt < 0) return 0;
  riscvTakeInterrupt(cpu, interrupt);
  return 1;
}

/** Whether WFI has a reason to go on: pending and enabled in mie, whatever mstatus and mideleg say. */
export function riscvHasWakeup(cpu: usize): u32 {
  return (riscvPending(cpu) & load<u64>(cpu, H.HART_MIE)) != 0 ? 1 : 0;
}

/** Guest ns of the earliest timer that has not fired. */
export function riscvDeadline(cpu: usize): i64 {
  const now = guestNow(cpu);
  let deadline = aclintDeadline(aclintMtimecmp(cpu));
  if (deadline <= now) deadline = i64.MAX_VALUE;
  if (load<u64>(cpu, H.HART_MENVCFG) & ENVCFG_STCE) {
    const supervisor = aclintDeadline(load<u64>(cpu, H.HART_STIMECMP));
    if (supervisor > now && supervisor < deadline) deadline = supervisor;
  }
  return deadline;
}

/** Number of the interrupt to take now, or -1. Order of volume II, 3.1.9: MEI, MSI, MTI, SEI, SSI, STI. */
export function riscvInterrupt(cpu: usize): i32 {
  const pending = riscvPending(cpu) & load<u64>(cpu, H.HART_MIE);
  if (pending == 0) return -1;
  const mode = load<u32>(cpu, H.HART_PRIV);
  const mstatus = load<u64>(cpu, H.HART_MSTATUS);
  const mideleg = load<u64>(cpu, H.HART_MIDELEG);
  let take: u64 = 0;
  if (mode < H.PRV_M || mstatus & H.MSTATUS_MIE) take = pending & ~mideleg;
  if (take == 0 && (mode < H.PRV_S || (mode == H.PRV_S && mstatus & H.MSTATUS_SIE))) take = pending & mideleg;
  if (take == 0) return -1;
  if (take & (1 << H.IRQ_M_EXT)) return H.IRQ_M_EXT;
  if (take & (1 << H.IRQ_M_SOFT)) return H.IRQ_M_SOFT;
  if (take & (1 << H.IRQ_M_TIMER)) return H.IRQ_M_TIMER;
  if (take & (1 << H.IRQ_S_EXT)) return H.IRQ_S_EXT;
  if (take & (1 << H.IRQ_S_SOFT)) return H.IRQ_S_SOFT;
  return H.IRQ_S_TIMER;
}
