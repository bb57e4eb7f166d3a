/** Control and debug registers: SDM 3, 2.5 and 17.2; SDM 2, MOV to and from control and debug registers, LMSW, CLTS. */
import { tlbFlush, tlbFlushLocal } from '../../softmmu/tlb';
import * as X from './cpu';
import { debugFault } from './debug';
import { cr4Allowed } from './features';
import { isCode64, isLongMode, segmentAttributes, x86UpdateFlags } from './mode';
import { loadPdptes } from './mmu';
import { codeSegmentChanged } from './segment';
import { setSegmentRanges } from './segment-range';
import { fault } from './system-memory';

const CR0_WRITABLE: u32 =
  X.CR0_PE | X.CR0_MP | X.CR0_EM | X.CR0_TS | X.CR0_NE | X.CR0_WP | X.CR0_AM | X.CR0_NW | X.CR0_CD | X.CR0_PG;

/** Bits of CR3 that must be 0 in long mode: address bits that do not exist. */
const CR3_RESERVED: u64 = 0xffffff0000000000;

/** Whether the current or new registers mean PAE paging outside of long mode, which has its pointers loaded with CR3. */
function usesPdptes(cr0: u32, cr4: u32, efer: u32): bool {
  return (cr0 & X.CR0_PG) != 0 && (cr4 & X.CR4_PAE) != 0 && (efer & X.EFER_LMA) == 0;
}

/** SDM 3, 2.5 and 9.8.5; false with #GP(0) pending. */
export function setCr0(cpu: usize, value: u64): bool {
  const old = load<u32>(cpu, X.X86_CR0);
  const cr4 = load<u32>(cpu, X.X86_CR4);
  let efer = load<u32>(cpu, X.X86_EFER);
  if (value >> 32) return fault(cpu, X.EXC_GP, 0);
  const next = (<u32>value & CR0_WRITABLE) | X.CR0_ET;
  if ((next & (X.CR0_PG | X.CR0_PE)) == X.CR0_PG) return fault(cpu, X.EXC_GP, 0);
  if ((next & (X.CR0_NW | X.CR0_CD)) == X.CR0_NW) return fault(cpu, X.EXC_GP, 0);
  const turnsOn = (next & ~old & X.CR0_PG) != 0;
  const turnsOff = (old & ~next & X.CR0_PG) != 0;
  if (turnsOn && efer & X.EFER_LME) {
    if ((cr4 & X.CR4_PAE) == 0 || segmentAttributes(cpu, X.SEG_CS) & X.SEGMENT_LONG)
      return fault(cpu, X.EXC_GP, 0);
    efer |= X.EFER_LMA;
  }
  if (turnsOff && isLongMode(cpu)) {
    if (isCode64(cpu)) return fault(cpu, X.EXC_GP, 0);
    efer &= ~X.EFER_LMA;
  }
  if (
    usesPdptes(next, cr4, efer) &&
    (next ^ old) & (X.CR0_PG | X.CR0_CD | X.CR0_NW) &&
    !loadPdptes(cpu, load<u64>(cpu, X.X86_CR3))
  )
    return fault(cpu, X.EXC_GP, 0);
  store<u64>(cpu, next, X.X86_CR0);
  store<u64>(cpu, efer, X.X86_EFER);
  // PE alone changes while paging is off on both sides, when nothing is translated.
  if ((next ^ old) & (X.CR0_PG | X.CR0_WP)) tlbFlush(cpu);
  if ((next ^ old) & X.CR0_PE) {
    // Into real mode and out of it the privilege level is 0; the caches keep what they hold.
    store<u32>(cpu, 0, X.X86_CPL);
    if ((next & X.CR0_PE) == 0) store<u64>(cpu, load<u32>(cpu, X.X86_EFLAGS) & ~X.FLAG_VM, X.X86_EFLAGS);
    setSegmentRanges(cpu);
  }
  codeSegmentChanged(cpu);
  return true;
}

/** CR3 of any mode; false, and nothing changed, if the page-directory pointers have reserved bits set. */
export function setCr3(cpu: usize, value: u64): bool {
  const cr4 = load<u32>(cpu, X.X86_CR4);
  if (usesPdptes(load<u32>(cpu, X.X86_CR0), cr4, load<u32>(cpu, X.X86_EFER)) && !loadPdptes(cpu, value))
    return false;
  store<u64>(cpu, value, X.X86_CR3);
  tlbFlushLocal(cpu);
  return true;
}

function setCr4(cpu: usize, value: u64): bool {
  const old = load<u32>(cpu, X.X86_CR4);
  const next = <u32>value;
  if (value >> 32 || next & ~cr4Allowed(cpu)) return fault(cpu, X.EXC_GP, 0);
  if (isLongMode(cpu) && (next & X.CR4_PAE) == 0) return fault(cpu, X.EXC_GP, 0);
  const paging = X.CR4_PSE | X.CR4_PAE | X.CR4_PGE | X.CR4_SMEP | X.CR4_SMAP;
  if (
    (next ^ old) & paging &&
    usesPdptes(load<u32>(cpu, X.X86_CR0), next, load<u32>(cpu, X.X86_EFER)) &&
    !loadPdptes(cpu, load<u64>(cpu, X.X86_CR3))
  )
    return fault(cpu, X.EXC_GP, 0);
  store<u64>(cpu, next, X.X86_CR4);
  if ((next ^ old) & paging) tlbFlush(cpu);
  x86UpdateFlags(cpu);
  return true;
}

/** Helper (callg): b = value, immediate = number: 0, 2, 3 or 4. */
export function helperWriteCr(cpu: usize, b: u64, _c: u64, _third: u64, number: u32): u64 {
  if (!isCode64(cpu)) b &= 0xffffffff;
  if (number == 0) setCr0(cpu, b);
  else if (number == 2) store<u64>(cpu, b, X.X86_CR2);
  else if (number == 3) {
    if ((isLongMode(cpu) && b & CR3_RESERVED) || !setCr3(cpu, b)) fault(cpu, X.EXC_GP, 0);
  } else setCr4(cpu, b);
  return 0;
}

/** Helper (callg) of LMSW: b = source. Sets PE, MP, EM, TS, and cannot clear PE. */
export function helperLmsw(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  const old = load<u32>(cpu, X.X86_CR0);
  setCr0(cpu, (old & ~0xe) | (<u32>b & 0xf));
  return 0;
}

/** Helper (callx). */
export function helperClts(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  store<u64>(cpu, load<u32>(cpu, X.X86_CR0) & ~X.CR0_TS, X.X86_CR0);
  x86UpdateFlags(cpu);
  return 0;
}

/** Which debug register a number means: DR4 and DR5 are DR6 and DR7 without CR4.DE, and undefined with it. */
function debugRegister(cpu: usize, number: u32): i32 {
  if (number > 7) return -1;
  if (number != 4 && number != 5) return <i32>number;
  return load<u32>(cpu, X.X86_CR4) & X.CR4_DE ? -1 : <i32>number + 2;
}

/** Raises #UD or, with DR7.GD, #DB; returns the register, or -1. */
function checkedDebugRegister(cpu: usize, number: u32): i32 {
  const register = debugRegister(cpu, number);
  if (register < 0) {
    fault(cpu, X.EXC_UD, 0);
    return -1;
  }
  const dr7 = load<u32>(cpu, X.X86_DR7);
  if (dr7 & X.DR7_GD) {
    // The handler may use the registers: GD is cleared on entry. SDM 3, 17.2.4.
    store<u64>(cpu, dr7 & ~X.DR7_GD, X.X86_DR7);
    debugFault(cpu, X.DR6_BD);
    return -1;
  }
  return register;
}

/** Helper (callx): immediate = number. */
export function helperReadDr(cpu: usize, _b: u64, _c: u64, _third: u64, number: u32): u64 {
  const register = checkedDebugRegister(cpu, number);
  return register < 0 ? 0 : load<u64>(cpu + X.X86_DR + <u32>register * 8);
}

/** Helper (callx): b = value, immediate = number. */
export function helperWriteDr(cpu: usize, b: u64, _c: u64, _third: u64, number: u32): u64 {
  const register = checkedDebugRegister(cpu, number);
  if (register < 0) return 0;
  if (!isCode64(cpu)) b &= 0xffffffff;
  if (register >= 4 && b >> 32) {
    fault(cpu, X.EXC_GP, 0);
    return 0;
  }
  if (register == 6) b = (b & 0xe00f) | X.DR6_FIXED;
  else if (register == 7) b = (b & 0xffff2fff) | X.DR7_FIXED;
  store<u64>(cpu + X.X86_DR + <u32>register * 8, b);
  // Pages with breakpoints must not stay cached.
  tlbFlush(cpu);
  x86UpdateFlags(cpu);
  return 0;
}
