/**
 * Debug registers: breakpoints on instructions, data and ports, single step. SDM 3, chapter 17. While a breakpoint is enabled or TF is set,
 * blocks have BLOCK_STEP: one instruction each, with helperStepBegin before it. Traps are noted in X86_DEBUG_PENDING and taken before the
 * next instruction, as interrupts are.
 */
import { ACCESS_FETCH, ACCESS_STORE } from '../../softmmu/hook';
import { raise, requestCheck } from '../../vcpu/exception';
import { STATE_ACCESS_SIZE } from '../../vcpu/state';
import * as X from './cpu';
import { flagsChanged } from './mode';

/** Fields R/W of DR7. */
const BREAK_EXECUTE: u32 = 0;
const BREAK_WRITE: u32 = 1;
const BREAK_PORT: u32 = 2;

function isEnabled(dr7: u32, index: u32): bool {
  return (dr7 & (3 << (index * 2))) != 0;
}

function kindOf(dr7: u32, index: u32): u32 {
  return (dr7 >> (16 + index * 4)) & 3;
}

/** Bytes that a breakpoint covers: LEN 0 to 3 is 1, 2, 8, 4. */
function lengthOf(dr7: u32, index: u32): u64 {
  const field = (dr7 >> (18 + index * 4)) & 3;
  return field == 0 ? 1 : field == 1 ? 2 : field == 3 ? 4 : 8;
}

function addressOf(cpu: usize, index: u32): u64 {
  return load<u64>(cpu + X.X86_DR + index * 8);
}

function overlaps(start: u64, length: u64, address: u64, size: u64): bool {
  return address < start + length && start < address + size;
}

/** Notes a trap for after the running instruction. */
function noteTrap(cpu: usize, bits: u32): void {
  store<u32>(cpu, load<u32>(cpu, X.X86_DEBUG_PENDING) | bits, X.X86_DEBUG_PENDING);
  requestCheck(cpu);
}

/**
 * Notes the data breakpoints that an access meets (softmmu's walk for it, STATE_ACCESS_SIZE bytes), and returns whether any lies in the page, so that
 * the page must not be cached for data.
 */
export function breakpointsWatch(cpu: usize, va: u64, access: u32): bool {
  const dr7 = load<u32>(cpu, X.X86_DR7);
  let watched = false;
  for (let i: u32 = 0; i < 4; i++) {
    const kind = kindOf(dr7, i);
    if (!isEnabled(dr7, i) || kind == BREAK_EXECUTE || kind == BREAK_PORT) continue;
    const length = lengthOf(dr7, i);
    const start = addressOf(cpu, i) & ~(length - 1);
    if (!overlaps(start, length, va & ~0xfff, 4096)) continue;
    watched = true;
    if (access == ACCESS_FETCH || (kind == BREAK_WRITE && access != ACCESS_STORE)) continue;
    if (overlaps(start, length, va, load<u32>(cpu, STATE_ACCESS_SIZE))) noteTrap(cpu, 1 << i);
  }
  return watched;
}

/** Notes the breakpoints that an access to a port meets. They need CR4.DE. */
export function breakpointsPort(cpu: usize, port: u32, size: u32): void {
  const dr7 = load<u32>(cpu, X.X86_DR7);
  if ((dr7 & 0xff) == 0 || (load<u32>(cpu, X.X86_CR4) & X.CR4_DE) == 0) return;
  for (let i: u32 = 0; i < 4; i++) {
    if (!isEnabled(dr7, i) || kindOf(dr7, i) != BREAK_PORT) continue;
    const length = lengthOf(dr7, i);
    if (overlaps(addressOf(cpu, i) & ~(length - 1), length, port, size)) noteTrap(cpu, 1 << i);
  }
}

/**
 * Helper (callx), before the only instruction of a block with BLOCK_STEP: b = its linear address. Raises the fault of an instruction
 * breakpoint unless RF is set, and notes the trap of single step.
 */
export function helperStepBegin(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  const dr7 = load<u32>(cpu, X.X86_DR7);
  const eflags = load<u32>(cpu, X.X86_EFLAGS);
  if (dr7 & 0xff && (eflags & X.FLAG_RF) == 0) {
    let hit: u32 = 0;
    for (let i: u32 = 0; i < 4; i++)
      if (isEnabled(dr7, i) && kindOf(dr7, i) == BREAK_EXECUTE && addressOf(cpu, i) == b) hit |= 1 << i;
    if (hit != 0) {
      debugFault(cpu, hit);
      return 0;
    }
  }
  store<u32>(cpu, eflags & ~X.FLAG_RF, X.X86_EFLAGS);
  if (eflags & X.FLAG_TF) noteTrap(cpu, X.DR6_BS);
  flagsChanged(cpu);
  return 0;
}

/** Raises #DB as a fault with these bits in DR6. */
export function debugFault(cpu: usize, bits: u32): void {
  setDr6(cpu, bits);
  raise(cpu, X.EXC_DB, 0);
}

/** Adds to DR6 what a debug exception reports. Bits 0 to 3 tell of this exception only, the others are sticky. SDM 3, 17.2.3. */
export function setDr6(cpu: usize, bits: u32): void {
  const old = load<u32>(cpu, X.X86_DR6) & ~0xf;
  store<u64>(cpu, old | bits, X.X86_DR6);
}
