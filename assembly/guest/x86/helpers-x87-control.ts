/** x87's control and status words. SDM 1, 8.1. STATUS holds everything but TOP; ES and B follow from exceptions and masks. */
import { raise } from '../../vcpu/exception';
import * as X from './cpu';

export const STATUS_EXCEPTIONS: u32 = 0x3f;
export const STATUS_ES: u32 = 0x80;
export const STATUS_C1: u32 = 0x200;
export const STATUS_B: u32 = 0x8000;
const CONTROL_INIT: u64 = 0x37f;
/** Bit 6 is always set; the bits above 12 do not exist. */
export const CONTROL_FIXED: u64 = 0x40;
export const CONTROL_MASK: u64 = 0x1f3f;

/** After a change of exceptions or masks: ES and B. */
export function x87Summarise(cpu: usize): void {
  const status = load<u32>(cpu, X.X87_STATUS) & ~(STATUS_ES | STATUS_B);
  const unmasked = status & STATUS_EXCEPTIONS & ~load<u32>(cpu, X.X87_CONTROL);
  store<u64>(cpu, unmasked != 0 ? status | STATUS_ES | STATUS_B : status, X.X87_STATUS);
}

/** Helper (callx): #MF if an exception is pending; immediate 1: FWAIT, which raises #NM if CR0.TS and MP are set. With CR0.NE only, as every kernel has it. */
export function helperX87Check(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const cr0 = load<u32>(cpu, X.X86_CR0);
  if (immediate != 0 && (cr0 & (X.CR0_TS | X.CR0_MP)) == (X.CR0_TS | X.CR0_MP)) raise(cpu, X.EXC_NM, 0);
  else if (load<u32>(cpu, X.X87_STATUS) & STATUS_ES && cr0 & X.CR0_NE) raise(cpu, X.EXC_MF, 0);
  return 0;
}

export function x87Init(cpu: usize): void {
  store<u64>(cpu, CONTROL_INIT, X.X87_CONTROL);
  store<u64>(cpu, 0, X.X87_STATUS);
  store<u64>(cpu, 0, X.X87_TOP);
  store<u64>(cpu, X.TAGS_EMPTY, X.X87_TAGS);
  store<u64>(cpu, 0, X.X87_FIP);
  store<u64>(cpu, 0, X.X87_FDP);
  store<u16>(cpu, 0, X.X87_FCS);
  store<u16>(cpu, 0, X.X87_FDS);
}

export function helperX87Init(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  x87Init(cpu);
  return 0;
}

/** FNCLEX: exceptions, SF, ES and B. */
export function helperX87Clear(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  store<u64>(cpu, load<u32>(cpu, X.X87_STATUS) & 0x7f00, X.X87_STATUS);
  return 0;
}

/** Helper (callx): b = new control word. Waits. */
export function helperX87Control(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (load<u32>(cpu, X.X87_STATUS) & STATUS_ES && load<u32>(cpu, X.X86_CR0) & X.CR0_NE) {
    raise(cpu, X.EXC_MF, 0);
    return 0;
  }
  store<u64>(cpu, (b & CONTROL_MASK) | CONTROL_FIXED, X.X87_CONTROL);
  x87Summarise(cpu);
  return 0;
}
