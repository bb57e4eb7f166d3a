/**
 * FXSAVE, XSAVE and their likes: x87 and SSE state in memory. SDM 1, 10.5 and chapter 13.
 *
 *   0x000 FCW, FSW, abridged tags, FOP      0x008 FIP (64 bits, or 32 and FCS)      0x010 FDP (the same)      0x018 MXCSR, MXCSR_MASK
 *   0x020 ST0 to ST7, 16 bytes each         0x0a0 XMM0 to XMM15                     0x200 header of XSAVE: XSTATE_BV, XCOMP_BV, 48 zeros
 *
 * The helpers are callg. Each probes its whole area first, so that a fault leaves registers and memory as they were.
 */
import { memLoad, memProbe, memStore } from '../../softmmu/access';
import { ACCESS_LOAD, ACCESS_STORE } from '../../softmmu/hook';
import { raise } from '../../vcpu/exception';
import * as X from './cpu';
import { MXCSR_VALID } from './helpers-sse';
import { CONTROL_FIXED, CONTROL_MASK, STATUS_ES, x87Summarise } from './helpers-x87-control';
import { setX87Status } from './helpers-x87-environment';
import { instructionOffset, instructionOpcode, setInstruction } from './x87';
import { isCode64 } from './mode';
import { fault, loaded } from './system-memory';

/** Bits of the helpers' immediates: MMU index in bits 0 and 1, REX.W, and the kind of XSAVE. */
export const STATE_WIDE: u32 = 4;
export const STATE_OPTIMISED: u32 = 8;
export const STATE_COMPACT: u32 = 16;
const MMU_MASK: u32 = 3;

const COMPONENT_X87: u64 = 1;
const COMPONENT_SSE: u64 = 2;
const COMPONENTS: u64 = COMPONENT_X87 | COMPONENT_SSE;
const XCOMP_COMPACT: u64 = 0x8000000000000000;

const FXSAVE_BYTES: u32 = 512;
const XSAVE_BYTES: u32 = 576;
const AT_MXCSR: u32 = 0x18;
const AT_ST: u32 = 0x20;
const AT_XMM: u32 = 0xa0;
const AT_HEADER: u32 = 0x200;

const FSW_TOP_SHIFT: u32 = 11;
const FSW_WITHOUT_TOP: u32 = 0xc7ff;
const INITIAL_CONTROL: u64 = 0x037f;
const INITIAL_MXCSR: u64 = 0x1f80;

/** Alignment to `alignment` bytes, and both ends of the area. An area of up to 576 bytes lies in two pages at most. */
function reach(cpu: usize, address: u64, bytes: u32, alignment: u32, mmu: u32, access: u32): bool {
  if (address & (alignment - 1)) return fault(cpu, X.EXC_GP, 0);
  if (memProbe(cpu, address, 1, mmu, access) != 0) return false;
  return memProbe(cpu, address + bytes - 1, 1, mmu, access) == 0;
}

/** Reads 8 bytes that were probed. */
function read(cpu: usize, address: u64, mmu: u32): u64 {
  memLoad(cpu, address, 8, mmu);
  return loaded(cpu);
}

function xmmCount(cpu: usize): u32 {
  return isCode64(cpu) ? 16 : 8;
}

/** Tags as a byte: bit n is set if physical register n is not empty. */
function abridgedTags(cpu: usize): u64 {
  let tags: u64 = 0;
  for (let n: u32 = 0; n < 8; n++) {
    if (load<u8>(cpu + n, X.X87_TAGS) != X.TAG_EMPTY) tags |= (<u64>1) << n;
  }
  return tags;
}

/** ST(n) is the physical register TOP + n. */
function stackRegister(cpu: usize, n: u32): usize {
  return cpu + X.X87_REG + (((load<u32>(cpu, X.X87_TOP) + n) & 7) << 4);
}

function saveX87(cpu: usize, at: u64, mmu: u32, wide: bool): void {
  const status =
    (load<u32>(cpu, X.X87_STATUS) & FSW_WITHOUT_TOP) | ((load<u32>(cpu, X.X87_TOP) & 7) << FSW_TOP_SHIFT);
  // AMD's processors save opcode and pointers of a pending exception only, else zeros.
  const pending = (status & STATUS_ES) != 0;
  const opcode: u64 = pending ? instructionOpcode(cpu) : 0;
  const first =
    <u64>load<u16>(cpu, X.X87_CONTROL) | ((<u64>status) << 16) | (abridgedTags(cpu) << 32) | (opcode << 48);
  memStore(cpu, at, first, 8, mmu);
  const instruction = pending ? pointer(instructionOffset(cpu), load<u16>(cpu, X.X87_FCS), wide) : 0;
  const data = pending ? pointer(load<u64>(cpu, X.X87_FDP), load<u16>(cpu, X.X87_FDS), wide) : 0;
  memStore(cpu, at + 8, instruction, 8, mmu);
  memStore(cpu, at + 16, data, 8, mmu);
  for (let n: u32 = 0; n < 8; n++) {
    const register = stackRegister(cpu, n);
    memStore(cpu, at + AT_ST + n * 16, load<u64>(register), 8, mmu);
    memStore(cpu, at + AT_ST + n * 16 + 8, load<u16>(register, 8), 8, mmu);
  }
}

function pointer(offset: u64, selector: u64, wide: bool): u64 {
  return wide ? offset : (offset & 0xffffffff) | (selector << 32);
}

function saveMxcsr(cpu: usize, at: u64, mmu: u32): void {
  memStore(cpu, at + AT_MXCSR, <u64>load<u32>(cpu, X.MXCSR) | ((<u64>MXCSR_VALID) << 32), 8, mmu);
}

function saveXmm(cpu: usize, at: u64, mmu: u32): void {
  const bytes = xmmCount(cpu) << 4;
  for (let n: u32 = 0; n < bytes; n += 8) memStore(cpu, at + AT_XMM + n, load<u64>(cpu + n, X.XMM), 8, mmu);
}

function restoreX87(cpu: usize, at: u64, mmu: u32, wide: bool): void {
  const first = read(cpu, at, mmu);
  store<u64>(cpu, (first & CONTROL_MASK) | CONTROL_FIXED, X.X87_CONTROL);
  setX87Status(cpu, <u32>(first >> 16));
  x87Summarise(cpu);
  for (let n: u32 = 0; n < 8; n++)
    store<u8>(cpu + n, (first >> (32 + n)) & 1 ? X.TAG_ANY : X.TAG_EMPTY, X.X87_TAGS);
  const instruction = read(cpu, at + 8, mmu);
  const data = read(cpu, at + 16, mmu);
  setInstruction(cpu, wide ? instruction : instruction & 0xffffffff, <u32>(first >> 48) & 0x7ff);
  store<u64>(cpu, wide ? data : data & 0xffffffff, X.X87_FDP);
  store<u16>(cpu, wide ? 0 : <u16>(instruction >> 32), X.X87_FCS);
  store<u16>(cpu, wide ? 0 : <u16>(data >> 32), X.X87_FDS);
  for (let n: u32 = 0; n < 8; n++) {
    const register = stackRegister(cpu, n);
    store<u64>(register, read(cpu, at + AT_ST + n * 16, mmu));
    store<u64>(register, read(cpu, at + AT_ST + n * 16 + 8, mmu) & 0xffff, 8);
  }
}

function restoreXmm(cpu: usize, at: u64, mmu: u32): void {
  const bytes = xmmCount(cpu) << 4;
  for (let n: u32 = 0; n < bytes; n += 8) store<u64>(cpu + n, read(cpu, at + AT_XMM + n, mmu), X.XMM);
}

function initialiseX87(cpu: usize): void {
  store<u64>(cpu, INITIAL_CONTROL, X.X87_CONTROL);
  store<u64>(cpu, 0, X.X87_STATUS);
  store<u64>(cpu, 0, X.X87_TOP);
  store<u64>(cpu, X.TAGS_EMPTY, X.X87_TAGS);
  store<u64>(cpu, 0, X.X87_FIP);
  store<u64>(cpu, 0, X.X87_FDP);
  store<u16>(cpu, 0, X.X87_FCS);
  store<u16>(cpu, 0, X.X87_FDS);
  memory.fill(cpu + X.X87_REG, 0, 128);
}

/** Helper (callg) of FXSAVE at the linear address b. */
export function helperFxsave(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const mmu = immediate & MMU_MASK;
  if (!reach(cpu, b, FXSAVE_BYTES, 16, mmu, ACCESS_STORE)) return 0;
  saveX87(cpu, b, mmu, (immediate & STATE_WIDE) != 0);
  saveMxcsr(cpu, b, mmu);
  saveXmm(cpu, b, mmu);
  return 0;
}

/** Helper (callg) of FXRSTOR. */
export function helperFxrstor(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const mmu = immediate & MMU_MASK;
  if (!reach(cpu, b, FXSAVE_BYTES, 16, mmu, ACCESS_LOAD)) return 0;
  const mxcsr = <u32>read(cpu, b + AT_MXCSR, mmu);
  if (mxcsr & ~MXCSR_VALID) {
    raise(cpu, X.EXC_GP, 0);
    return 0;
  }
  restoreX87(cpu, b, mmu, (immediate & STATE_WIDE) != 0);
  store<u32>(cpu, mxcsr, X.MXCSR);
  restoreXmm(cpu, b, mmu);
  return 0;
}

/** #UD without CR4.OSXSAVE, before #NM with CR0.TS. */
function xsaveAllowed(cpu: usize): bool {
  if ((load<u32>(cpu, X.X86_CR4) & X.CR4_OSXSAVE) == 0) return fault(cpu, X.EXC_UD, 0);
  return load<u32>(cpu, X.X86_CR0) & X.CR0_TS ? fault(cpu, X.EXC_NM, 0) : true;
}

function isInitialX87(cpu: usize): bool {
  if (load<u64>(cpu, X.X87_CONTROL) != INITIAL_CONTROL || load<u64>(cpu, X.X87_TAGS) != X.TAGS_EMPTY)
    return false;
  let rest = load<u64>(cpu, X.X87_STATUS) | load<u64>(cpu, X.X87_TOP) | load<u64>(cpu, X.X87_FIP);
  rest |= load<u64>(cpu, X.X87_FDP) | load<u16>(cpu, X.X87_FCS) | load<u16>(cpu, X.X87_FDS);
  for (let n: u32 = 0; n < 128; n += 8) rest |= load<u64>(cpu + n, X.X87_REG);
  return rest == 0;
}

function isInitialXmm(cpu: usize): bool {
  let all: u64 = 0;
  for (let n: u32 = 0; n < 256; n += 8) all |= load<u64>(cpu + n, X.XMM);
  return all == 0;
}

/** Helper (callg) of XSAVE, XSAVEOPT and XSAVEC at the linear address b. c = EDX:EAX. SDM 1, 13.7 to 13.10. */
export function helperXsave(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  if (!xsaveAllowed(cpu)) return 0;
  const mmu = immediate & MMU_MASK;
  const compact = (immediate & STATE_COMPACT) != 0;
  if (!reach(cpu, b, XSAVE_BYTES, 64, mmu, ACCESS_STORE)) return 0;
  const wanted = c & load<u64>(cpu, X.X86_XCR0) & COMPONENTS;
  // XSAVE itself takes both components as used, which it may.
  let used = COMPONENTS;
  if (immediate & (STATE_OPTIMISED | STATE_COMPACT)) {
    if (isInitialX87(cpu)) used &= ~COMPONENT_X87;
    if (isInitialXmm(cpu)) used &= ~COMPONENT_SSE;
    // MXCSR belongs to the component where the form is compact.
    if (compact && load<u32>(cpu, X.MXCSR) != <u32>INITIAL_MXCSR) used |= COMPONENT_SSE;
  }
  const saved = wanted & used;
  if (saved & COMPONENT_X87) saveX87(cpu, b, mmu, (immediate & STATE_WIDE) != 0);
  if ((compact ? saved : wanted) & COMPONENT_SSE) saveMxcsr(cpu, b, mmu);
  if (saved & COMPONENT_SSE) saveXmm(cpu, b, mmu);
  const before = compact ? 0 : read(cpu, b + AT_HEADER, mmu) & ~wanted;
  memStore(cpu, b + AT_HEADER, before | saved, 8, mmu);
  if (compact) memStore(cpu, b + AT_HEADER + 8, wanted | XCOMP_COMPACT, 8, mmu);
  return 0;
}

/** Helper (callg) of XRSTOR. SDM 1, 13.8. */
export function helperXrstor(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  if (!xsaveAllowed(cpu)) return 0;
  const mmu = immediate & MMU_MASK;
  if (!reach(cpu, b, XSAVE_BYTES, 64, mmu, ACCESS_LOAD)) return 0;
  const enabled = load<u64>(cpu, X.X86_XCR0);
  const wanted = c & enabled & COMPONENTS;
  const present = read(cpu, b + AT_HEADER, mmu);
  const format = read(cpu, b + AT_HEADER + 8, mmu);
  const compact = (format & XCOMP_COMPACT) != 0;
  if (!headerHolds(cpu, b, mmu, present, format, enabled)) {
    raise(cpu, X.EXC_GP, 0);
    return 0;
  }
  let mxcsr = <u64>load<u32>(cpu, X.MXCSR);
  if (wanted & COMPONENT_SSE) {
    mxcsr =
      compact && (present & COMPONENT_SSE) == 0 ? INITIAL_MXCSR : read(cpu, b + AT_MXCSR, mmu) & 0xffffffff;
    if (mxcsr & ~(<u64>MXCSR_VALID)) {
      raise(cpu, X.EXC_GP, 0);
      return 0;
    }
  }
  if (wanted & COMPONENT_X87) {
    if (present & COMPONENT_X87) restoreX87(cpu, b, mmu, (immediate & STATE_WIDE) != 0);
    else initialiseX87(cpu);
  }
  if (wanted & COMPONENT_SSE) {
    store<u32>(cpu, <u32>mxcsr, X.MXCSR);
    if (present & COMPONENT_SSE) restoreXmm(cpu, b, mmu);
    else memory.fill(cpu + X.XMM, 0, xmmCount(cpu) << 4);
  }
  return 0;
}

/** What must hold of an XSAVE header, of the standard or the compact form. */
function headerHolds(cpu: usize, at: u64, mmu: u32, present: u64, format: u64, enabled: u64): bool {
  if (present & ~enabled) return false;
  if (format != 0) {
    if ((format & XCOMP_COMPACT) == 0 || (format & ~XCOMP_COMPACT & ~enabled) != 0) return false;
    if (present & ~format) return false;
    for (let n: u32 = 24; n < 64; n += 8) if (read(cpu, at + AT_HEADER + n, mmu) != 0) return false;
  }
  return read(cpu, at + AT_HEADER + 16, mmu) == 0;
}
