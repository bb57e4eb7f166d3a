/**
 * System management mode: SDM 3, chapter 31. The state save area has AMD's 64-bit form for models with long mode (APM 2, table 10-1) and Intel's
 * 32-bit form for the others, as QEMU's and as SeaBIOS expects. While X86_SMM is set, the page walk sees SMRAM (mmu.ts).
 */
import { tlbFlush } from '../../softmmu/tlb';
import { raise, requestCheck, setGuestKey } from '../../vcpu/exception';
import { STATE_CHAIN_FROM, STATE_EXCEPTION, STATE_PC } from '../../vcpu/state';
import { x86ReadFlags, x86WriteFlags } from './cc';
import { setCr3 } from './control';
import * as X from './cpu';
import { modelHasLongMode } from './features';
import { currentEip, linearOfEip, segmentCache, x86UpdateFlags } from './mode';
import { codeSegmentChanged, setSegment } from './segment';
import { setSegmentRanges } from './segment-range';
import { loaded, readSystem, writeSystem } from './system-memory';

/** The save area ends at SMBASE + 0x10000; the handler begins at SMBASE + 0x8000. */
const SAVE_AREA: u64 = 0x8000;
const HANDLER_EIP: u32 = 0x8000;
/** Revision: SMBASE can be relocated; 0x64 of AMD's form. */
const REVISION_64: u32 = 0x00020064;
const REVISION_32: u32 = 0x00020000;

/** Attributes of every segment in SMM: 4 GiB, read and write. */
const SMM_ATTRIBUTES: u32 =
  X.SEGMENT_PRESENT | X.SEGMENT_S | X.SEGMENT_WRITABLE | X.SEGMENT_ACCESSED | X.SEGMENT_GRANULAR;

function put(cpu: usize, at: u32, value: u64, size: u32): void {
  writeSystem(cpu, load<u64>(cpu, X.X86_SMBASE) + SAVE_AREA + at, value, size);
}

function get(cpu: usize, at: u32, size: u32): u64 {
  readSystem(cpu, load<u64>(cpu, X.X86_SMBASE) + SAVE_AREA + at, size);
  return loaded(cpu);
}

/** Enters the handler at SMBASE. Accesses to the save area are physical: paging is off already. */
export function enterSmm(cpu: usize): void {
  const eip = currentEip(cpu);
  const eflags = x86ReadFlags(cpu);
  const cr0 = load<u32>(cpu, X.X86_CR0);
  const cr4 = load<u32>(cpu, X.X86_CR4);
  const efer = load<u32>(cpu, X.X86_EFER);
  store<u32>(cpu, 1, X.X86_SMM);
  store<u64>(cpu, cr0 & ~(X.CR0_PE | X.CR0_EM | X.CR0_TS | X.CR0_PG), X.X86_CR0);
  store<u64>(cpu, 0, X.X86_CR4);
  store<u64>(cpu, 0, X.X86_EFER);
  tlbFlush(cpu);
  if (modelHasLongMode(cpu)) save64(cpu, eip, eflags, cr0, cr4, efer);
  else save32(cpu, eip, eflags, cr0, cr4);
  store<u64>(cpu, 0, STATE_EXCEPTION);
  x86WriteFlags(cpu, 0, X.FLAGS_ALL);
  store<u64>(cpu, X.DR7_FIXED, X.X86_DR7);
  store<u32>(cpu, 0, X.X86_CPL);
  store<u32>(cpu, 0, X.X86_SHADOW);
  const base = load<u32>(cpu, X.X86_SMBASE);
  for (let segment: u32 = 0; segment < 6; segment++)
    setSegment(cpu, segment, 0, 0, 0xffffffff, SMM_ATTRIBUTES);
  setSegment(cpu, X.SEG_CS, (base >> 4) & 0xffff, base, 0xffffffff, SMM_ATTRIBUTES);
  setGuestKey(cpu, base);
  store<u64>(cpu, <u64>base + HANDLER_EIP, STATE_PC);
  store<u32>(cpu, 0, STATE_CHAIN_FROM);
  x86UpdateFlags(cpu);
}

function save64(cpu: usize, eip: u64, eflags: u32, cr0: u32, cr4: u32, efer: u32): void {
  for (let segment: u32 = 0; segment < 6; segment++) {
    const at: u32 = 0x7e00 + segment * 16;
    const cache = segmentCache(cpu, segment);
    put(cpu, at, load<u64>(cache, X.SEG_SELECTOR), 2);
    put(cpu, at + 2, (load<u32>(cache, X.SEG_ATTRIBUTES) >> 8) & 0xf0ff, 2);
    put(cpu, at + 4, load<u32>(cache, X.SEG_LIMIT), 4);
    put(cpu, at + 8, load<u64>(cpu + X.SEG_BASE + segment * 8), 8);
  }
  put(cpu, 0x7e64, load<u32>(cpu, X.X86_GDTR + X.TABLE_LIMIT), 4);
  put(cpu, 0x7e68, load<u64>(cpu, X.X86_GDTR + X.TABLE_BASE), 8);
  saveSystem64(cpu, 0x7e70, X.X86_LDTR);
  put(cpu, 0x7e84, load<u32>(cpu, X.X86_IDTR + X.TABLE_LIMIT), 4);
  put(cpu, 0x7e88, load<u64>(cpu, X.X86_IDTR + X.TABLE_BASE), 8);
  saveSystem64(cpu, 0x7e90, X.X86_TR);
  put(cpu, 0x7ed0, efer, 8);
  // RAX, RCX, RDX, RBX, RSP and so on, from the top down.
  for (let i: u32 = 0; i < 16; i++) put(cpu, 0x7ff8 - i * 8, load<u64>(cpu + X.GPR + i * 8), 8);
  put(cpu, 0x7f78, eip, 8);
  put(cpu, 0x7f70, eflags, 4);
  put(cpu, 0x7f68, load<u32>(cpu, X.X86_DR6), 4);
  put(cpu, 0x7f60, load<u32>(cpu, X.X86_DR7), 4);
  put(cpu, 0x7f48, cr4, 4);
  put(cpu, 0x7f50, load<u64>(cpu, X.X86_CR3), 8);
  put(cpu, 0x7f58, cr0, 4);
  put(cpu, 0x7efc, REVISION_64, 4);
  put(cpu, 0x7f00, load<u32>(cpu, X.X86_SMBASE), 4);
}

function saveSystem64(cpu: usize, at: u32, register: u32): void {
  put(cpu, at, load<u64>(cpu + register, X.SEG_SELECTOR), 2);
  put(cpu, at + 2, (load<u32>(cpu + register, X.SEG_ATTRIBUTES) >> 8) & 0xf0ff, 2);
  put(cpu, at + 4, load<u32>(cpu + register, X.SEG_LIMIT), 4);
  put(cpu, at + 8, load<u64>(cpu + register, X.SYSTEM_BASE), 8);
}

function save32(cpu: usize, eip: u64, eflags: u32, cr0: u32, cr4: u32): void {
  put(cpu, 0x7ffc, cr0, 4);
  put(cpu, 0x7ff8, load<u64>(cpu, X.X86_CR3), 4);
  put(cpu, 0x7ff4, eflags, 4);
  put(cpu, 0x7ff0, eip, 4);
  // EDI, ESI, EBP, ESP, EBX, EDX, ECX, EAX.
  for (let i: u32 = 0; i < 8; i++) put(cpu, 0x7fec - (7 - i) * 4, load<u64>(cpu + X.GPR + i * 8), 4);
  put(cpu, 0x7fcc, load<u32>(cpu, X.X86_DR6), 4);
  put(cpu, 0x7fc8, load<u32>(cpu, X.X86_DR7), 4);
  put(cpu, 0x7fc4, load<u32>(cpu, X.X86_TR + X.SEG_SELECTOR), 4);
  saveSystem32(cpu, 0x7f64, X.X86_TR);
  put(cpu, 0x7fc0, load<u32>(cpu, X.X86_LDTR + X.SEG_SELECTOR), 4);
  saveSystem32(cpu, 0x7f80, X.X86_LDTR);
  put(cpu, 0x7f74, load<u64>(cpu, X.X86_GDTR + X.TABLE_BASE), 4);
  put(cpu, 0x7f70, load<u32>(cpu, X.X86_GDTR + X.TABLE_LIMIT), 4);
  put(cpu, 0x7f58, load<u64>(cpu, X.X86_IDTR + X.TABLE_BASE), 4);
  put(cpu, 0x7f54, load<u32>(cpu, X.X86_IDTR + X.TABLE_LIMIT), 4);
  for (let segment: u32 = 0; segment < 6; segment++) {
    const cache = segmentCache(cpu, segment);
    const at = segment32(segment);
    put(cpu, 0x7fa8 + segment * 4, load<u64>(cache, X.SEG_SELECTOR), 4);
    put(cpu, at + 8, load<u64>(cpu + X.SEG_BASE + segment * 8), 4);
    put(cpu, at + 4, load<u32>(cache, X.SEG_LIMIT), 4);
    put(cpu, at, (load<u32>(cache, X.SEG_ATTRIBUTES) >> 8) & 0xf0ff, 4);
  }
  put(cpu, 0x7f14, cr4, 4);
  put(cpu, 0x7efc, REVISION_32, 4);
  put(cpu, 0x7ef8, load<u32>(cpu, X.X86_SMBASE), 4);
}

function segment32(segment: u32): u32 {
  return segment < 3 ? 0x7f84 + segment * 12 : 0x7f2c + (segment - 3) * 12;
}

function saveSystem32(cpu: usize, baseAt: u32, register: u32): void {
  put(cpu, baseAt, load<u64>(cpu + register, X.SYSTEM_BASE), 4);
  put(cpu, baseAt - 4, load<u32>(cpu + register, X.SEG_LIMIT), 4);
  put(cpu, baseAt - 8, (load<u32>(cpu + register, X.SEG_ATTRIBUTES) >> 8) & 0xf0ff, 4);
}

/** Helper (callg) of RSM: returns the linear address to go on at. SDM 3, 31.7. */
export function helperRsm(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (load<u32>(cpu, X.X86_SMM) == 0) {
    raise(cpu, X.EXC_UD, 0);
    return 0;
  }
  const eip = modelHasLongMode(cpu) ? restore64(cpu) : restore32(cpu);
  store<u32>(cpu, 0, X.X86_SMM);
  store<u64>(cpu, 0, STATE_EXCEPTION);
  tlbFlush(cpu);
  setCr3(cpu, load<u64>(cpu, X.X86_CR3));
  setSegmentRanges(cpu);
  codeSegmentChanged(cpu);
  requestCheck(cpu);
  return linearOfEip(cpu, eip);
}

function restoreFlags(cpu: usize, eflags: u32): void {
  x86WriteFlags(cpu, eflags, X.FLAGS_ALL);
}

/** Privilege: 3 in virtual-8086 mode, 0 in real mode, else SS's. */
function restorePrivilege(cpu: usize): void {
  const attributes = load<u32>(segmentCache(cpu, X.SEG_SS), X.SEG_ATTRIBUTES);
  let cpl = (attributes >> X.SEGMENT_DPL_SHIFT) & 3;
  if (load<u32>(cpu, X.X86_EFLAGS) & X.FLAG_VM) cpl = 3;
  else if ((load<u32>(cpu, X.X86_CR0) & X.CR0_PE) == 0) cpl = 0;
  store<u32>(cpu, cpl, X.X86_CPL);
}

function restore64(cpu: usize): u64 {
  for (let segment: u32 = 0; segment < 6; segment++) {
    const at: u32 = 0x7e00 + segment * 16;
    const attributes = ((<u32>get(cpu, at + 2, 2)) << 8) & X.SEGMENT_MASK;
    const limit = <u32>get(cpu, at + 4, 4);
    const base = get(cpu, at + 8, 8);
    setSegment(cpu, segment, <u32>get(cpu, at, 2), base, limit, attributes);
  }
  store<u32>(cpu, <u32>get(cpu, 0x7e64, 4), X.X86_GDTR + X.TABLE_LIMIT);
  store<u64>(cpu, get(cpu, 0x7e68, 8), X.X86_GDTR + X.TABLE_BASE);
  restoreSystem64(cpu, 0x7e70, X.X86_LDTR);
  store<u32>(cpu, <u32>get(cpu, 0x7e84, 4), X.X86_IDTR + X.TABLE_LIMIT);
  store<u64>(cpu, get(cpu, 0x7e88, 8), X.X86_IDTR + X.TABLE_BASE);
  restoreSystem64(cpu, 0x7e90, X.X86_TR);
  for (let i: u32 = 0; i < 16; i++) store<u64>(cpu + X.GPR + i * 8, get(cpu, 0x7ff8 - i * 8, 8));
  restoreFlags(cpu, <u32>get(cpu, 0x7f70, 4));
  store<u64>(cpu, get(cpu, 0x7f68, 4), X.X86_DR6);
  store<u64>(cpu, get(cpu, 0x7f60, 4), X.X86_DR7);
  const eip = get(cpu, 0x7f78, 8);
  const cr0 = get(cpu, 0x7f58, 4);
  const cr3 = get(cpu, 0x7f50, 8);
  const cr4 = get(cpu, 0x7f48, 4);
  const efer = get(cpu, 0x7ed0, 8);
  const base = get(cpu, 0x7f00, 4);
  store<u64>(cpu, base, X.X86_SMBASE);
  store<u64>(cpu, efer, X.X86_EFER);
  store<u64>(cpu, cr4, X.X86_CR4);
  store<u64>(cpu, cr3, X.X86_CR3);
  store<u64>(cpu, cr0, X.X86_CR0);
  restorePrivilege(cpu);
  return eip;
}

function restoreSystem64(cpu: usize, at: u32, register: u32): void {
  store<u64>(cpu + register, get(cpu, at, 2), X.SEG_SELECTOR);
  store<u32>(cpu + register, ((<u32>get(cpu, at + 2, 2)) << 8) & X.SEGMENT_MASK, X.SEG_ATTRIBUTES);
  store<u32>(cpu + register, <u32>get(cpu, at + 4, 4), X.SEG_LIMIT);
  store<u64>(cpu + register, get(cpu, at + 8, 8), X.SYSTEM_BASE);
}

function restore32(cpu: usize): u64 {
  for (let i: u32 = 0; i < 8; i++) store<u64>(cpu + X.GPR + i * 8, get(cpu, 0x7fec - (7 - i) * 4, 4));
  store<u64>(cpu, get(cpu, 0x7fcc, 4), X.X86_DR6);
  store<u64>(cpu, get(cpu, 0x7fc8, 4), X.X86_DR7);
  store<u64>(cpu, get(cpu, 0x7fc4, 4) & 0xffff, X.X86_TR + X.SEG_SELECTOR);
  restoreSystem32(cpu, 0x7f64, X.X86_TR);
  store<u64>(cpu, get(cpu, 0x7fc0, 4) & 0xffff, X.X86_LDTR + X.SEG_SELECTOR);
  restoreSystem32(cpu, 0x7f80, X.X86_LDTR);
  store<u64>(cpu, get(cpu, 0x7f74, 4), X.X86_GDTR + X.TABLE_BASE);
  store<u32>(cpu, <u32>get(cpu, 0x7f70, 4), X.X86_GDTR + X.TABLE_LIMIT);
  store<u64>(cpu, get(cpu, 0x7f58, 4), X.X86_IDTR + X.TABLE_BASE);
  store<u32>(cpu, <u32>get(cpu, 0x7f54, 4), X.X86_IDTR + X.TABLE_LIMIT);
  for (let segment: u32 = 0; segment < 6; segment++) {
    const at = segment32(segment);
    const selector = <u32>get(cpu, 0x7fa8 + segment * 4, 4);
    const base = get(cpu, at + 8, 4);
    const limit = <u32>get(cpu, at + 4, 4);
    setSegment(cpu, segment, selector, base, limit, ((<u32>get(cpu, at, 4)) << 8) & X.SEGMENT_MASK);
  }
  restoreFlags(cpu, <u32>get(cpu, 0x7ff4, 4));
  const eip = get(cpu, 0x7ff0, 4);
  const cr0 = get(cpu, 0x7ffc, 4);
  const cr3 = get(cpu, 0x7ff8, 4);
  const cr4 = get(cpu, 0x7f14, 4);
  const base = get(cpu, 0x7ef8, 4);
  store<u64>(cpu, base, X.X86_SMBASE);
  store<u64>(cpu, cr4, X.X86_CR4);
  store<u64>(cpu, cr3, X.X86_CR3);
  store<u64>(cpu, cr0, X.X86_CR0);
  restorePrivilege(cpu);
  return eip;
}

function restoreSystem32(cpu: usize, baseAt: u32, register: u32): void {
  store<u64>(cpu + register, get(cpu, baseAt, 4), X.SYSTEM_BASE);
  store<u32>(cpu + register, <u32>get(cpu, baseAt - 4, 4), X.SEG_LIMIT);
  store<u32>(cpu + register, ((<u32>get(cpu, baseAt - 8, 4)) << 8) & X.SEGMENT_MASK, X.SEG_ATTRIBUTES);
}
