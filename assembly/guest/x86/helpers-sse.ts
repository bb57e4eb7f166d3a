/**
 * Floating-point exceptions of SSE: MXCSR, its rounding and its flags, on top of fpu/. SDM 1, 10.2.3 and 11.5.
 *
 * An instruction's lanes collect what they raise in SSE_RAISED, in the bits of MXCSR; sseCommit then sets the flags and, where one of them is not
 * masked, raises #XM. Helpers of instructions that may raise are callx, and do not write their results then.
 */
import { DZ, NAN_X86, NV, NX, OF, RDN, RNE, RTZ, RUP, UF } from '../../fpu/status';
import { raise } from '../../vcpu/exception';
import { STATE_FLOAT_AT, STATE_FLOAT_MASK, STATE_FLOAT_VALUE } from '../../vcpu/state';
import * as X from './cpu';

/** Flags; their masks are 7 bits above. */
export const MXCSR_IE: u32 = 1 << 0;
export const MXCSR_DE: u32 = 1 << 1;
export const MXCSR_ZE: u32 = 1 << 2;
export const MXCSR_OE: u32 = 1 << 3;
export const MXCSR_UE: u32 = 1 << 4;
export const MXCSR_PE: u32 = 1 << 5;
export const MXCSR_DAZ: u32 = 1 << 6;
export const MXCSR_MASK_SHIFT: u32 = 7;
export const MXCSR_OM: u32 = MXCSR_OE << MXCSR_MASK_SHIFT;
export const MXCSR_UM: u32 = MXCSR_UE << MXCSR_MASK_SHIFT;
export const MXCSR_RC_SHIFT: u32 = 13;
export const MXCSR_FTZ: u32 = 1 << 15;
/** What can be set: MXCSR_MASK of FXSAVE. */
export const MXCSR_VALID: u32 = 0xffff;

const FLAGS: u32 = 0x3f;
/** Those that are found before the result is computed. */
const FLAGS_BEFORE: u32 = MXCSR_IE | MXCSR_DE | MXCSR_ZE;

/** What hardware arithmetic is right under where no operand and no result is denormal, whatever DAZ and FTZ are: nearest, all masked, inexact already set. */
const FAST_MASK: u32 = 0x7fa0;
const FAST: u32 = 0x1fa0;

/** Tells the backend when it may compute inline. */
export function sseFastSetup(cpu: usize): void {
  store<u32>(cpu, X.MXCSR, STATE_FLOAT_AT);
  store<u32>(cpu, FAST_MASK, STATE_FLOAT_MASK);
  store<u32>(cpu, FAST, STATE_FLOAT_VALUE);
}

/** Whether a result that is a normal number or exactly 0, of operands that are normal or 0, needs no more than the host's arithmetic. */
export function sseIsFast(cpu: usize): bool {
  return (load<u32>(cpu, X.MXCSR) & FAST_MASK) == FAST;
}

/** `rm` of fpu/ for a rounding control of MXCSR or an immediate. */
export function roundingOf(control: u32): u32 {
  const rc = control & 3;
  return NAN_X86 | (rc == 0 ? RNE : rc == 1 ? RDN : rc == 2 ? RUP : RTZ);
}

export function sseRounding(cpu: usize): u32 {
  return roundingOf(load<u32>(cpu, X.MXCSR) >> MXCSR_RC_SHIFT);
}

export function sseBegin(cpu: usize): void {
  store<u32>(cpu, 0, X.SSE_RAISED);
}

export function sseRaised(cpu: usize, flags: u32): void {
  store<u32>(cpu, load<u32>(cpu, X.SSE_RAISED) | flags, X.SSE_RAISED);
}

/** Begins a lane: the cell in which fpu/ collects its flags. */
export function laneBegin(cpu: usize): usize {
  store<u32>(cpu, 0, X.SSE_LANE);
  return cpu + X.SSE_LANE;
}

/** The flags of fpu/ as those of MXCSR. */
export function laneFlags(cpu: usize): u32 {
  const flags = load<u32>(cpu, X.SSE_LANE);
  let result: u32 = 0;
  if (flags & NV) result |= MXCSR_IE;
  if (flags & DZ) result |= MXCSR_ZE;
  if (flags & OF) result |= MXCSR_OE;
  if (flags & UF) result |= MXCSR_UE;
  if (flags & NX) result |= MXCSR_PE;
  return result;
}

/** Sets the flags that were raised. True if one of them is not masked: #XM is pending, or #UD where the system does not know it. */
export function sseCommit(cpu: usize): bool {
  let raised = load<u32>(cpu, X.SSE_RAISED);
  if (raised == 0) return false;
  const control = load<u32>(cpu, X.MXCSR);
  const unmasked = ~(control >> MXCSR_MASK_SHIFT) & FLAGS;
  // Nothing is computed then, in no lane.
  if (raised & unmasked & FLAGS_BEFORE) raised &= FLAGS_BEFORE;
  store<u32>(cpu, control | raised, X.MXCSR);
  if ((raised & unmasked) == 0) return false;
  raise(cpu, load<u32>(cpu, X.X86_CR4) & X.CR4_OSXMMEXCPT ? X.EXC_XM : X.EXC_UD, 0);
  return true;
}

/** Helper (callx) of LDMXCSR: #GP(0) for a reserved bit. */
export function helperLdmxcsr(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (<u32>b & ~MXCSR_VALID) raise(cpu, X.EXC_GP, 0);
  else store<u32>(cpu, <u32>b, X.MXCSR);
  return 0;
}

/** Helper (callx), because other helpers change it. */
export function helperStmxcsr(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  return load<u32>(cpu, X.MXCSR);
}
