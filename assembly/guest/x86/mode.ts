/** In which mode the processor is, and the block flags that follow from it. */
import { pcInterruptPending } from '../../irqchip/pc';
import { requestCheck, setBlockFlags } from '../../vcpu/exception';
import { STATE_GUEST_KEY, STATE_PC } from '../../vcpu/state';
import * as X from './cpu';

/** Address of the cache of a segment register. */
export function segmentCache(cpu: usize, segment: u32): usize {
  return cpu + X.X86_SEG + segment * 16;
}

export function segmentAttributes(cpu: usize, segment: u32): u32 {
  return load<u32>(segmentCache(cpu, segment), X.SEG_ATTRIBUTES);
}

export function segmentSelector(cpu: usize, segment: u32): u32 {
  return load<u32>(segmentCache(cpu, segment), X.SEG_SELECTOR);
}

export function segmentBase(cpu: usize, segment: u32): u64 {
  return load<u64>(cpu + X.SEG_BASE + segment * 8);
}

/** Real-address mode (SDM 3, 2.2): virtual-8086 mode does not count. */
export function isReal(cpu: usize): bool {
  return (load<u32>(cpu, X.X86_CR0) & X.CR0_PE) == 0;
}

export function isVirtual8086(cpu: usize): bool {
  return (load<u32>(cpu, X.X86_EFLAGS) & X.FLAG_VM) != 0;
}

/** Protected mode proper: descriptors, privilege levels. */
export function isProtected(cpu: usize): bool {
  return !isReal(cpu) && !isVirtual8086(cpu);
}

/** IA-32e mode: 64-bit or compatibility. */
export function isLongMode(cpu: usize): bool {
  return (load<u32>(cpu, X.X86_EFER) & X.EFER_LMA) != 0;
}

export function isCode64(cpu: usize): bool {
  return isLongMode(cpu) && (segmentAttributes(cpu, X.SEG_CS) & X.SEGMENT_LONG) != 0;
}

export function cplOf(cpu: usize): u32 {
  return load<u32>(cpu, X.X86_CPL);
}

/** Bits of the stack pointer that count: 16, 32 or 64 ones. */
export function stackMask(cpu: usize): u64 {
  if (isCode64(cpu)) return 0xffffffffffffffff;
  return segmentAttributes(cpu, X.SEG_SS) & X.SEGMENT_BIG ? 0xffffffff : 0xffff;
}

/** Whether an address may be used in long mode: bits 48 to 63 are copies of bit 47. */
export function isCanonical(address: u64): bool {
  return <u64>(((<i64>address) << 16) >> 16) == address;
}

/** EIP or RIP between blocks. */
export function currentEip(cpu: usize): u64 {
  const eip = load<u64>(cpu, STATE_PC) - load<u32>(cpu, STATE_GUEST_KEY);
  return isCode64(cpu) ? eip : eip & 0xffffffff;
}

/** Linear address of an instruction in the current code segment. */
export function linearOfEip(cpu: usize, eip: u64): u64 {
  return isCode64(cpu) ? eip : (eip + load<u32>(cpu, STATE_GUEST_KEY)) & 0xffffffff;
}

/** MMU index of explicit data accesses at the current privilege. */
export function dataMmuOf(cpu: usize): u32 {
  if (cplOf(cpu) == 3) return X.MMU_USER;
  return load<u32>(cpu, X.X86_CR4) & X.CR4_SMAP && (load<u32>(cpu, X.X86_EFLAGS) & X.FLAG_AC) == 0
    ? X.MMU_SUPERVISOR
    : X.MMU_SUPERVISOR_NO_SMAP;
}

export function x86FetchMmu(flags: u32): u32 {
  return (flags & X.BLOCK_CPL) == 3 ? X.MMU_USER : X.MMU_SUPERVISOR;
}

export function x86DataMmu(flags: u32): u32 {
  if ((flags & X.BLOCK_CPL) == 3) return X.MMU_USER;
  return flags & X.BLOCK_NO_SMAP ? X.MMU_SUPERVISOR_NO_SMAP : X.MMU_SUPERVISOR;
}

const DATA_RIGHTS: u32 =
  X.SEGMENT_PRESENT | X.SEGMENT_S | X.SEGMENT_CODE | X.SEGMENT_EXPAND_DOWN | X.SEGMENT_WRITABLE;
const DATA_WRITABLE: u32 = X.SEGMENT_PRESENT | X.SEGMENT_S | X.SEGMENT_WRITABLE;
const CODE_RIGHTS: u32 = X.SEGMENT_PRESENT | X.SEGMENT_S | X.SEGMENT_CODE | X.SEGMENT_READABLE;

/** Whether a segment is expand-up data that may be written, up to 4 GiB. */
function isWholeData(cpu: usize, segment: u32): bool {
  const cache = segmentCache(cpu, segment);
  return (
    load<u32>(cache, X.SEG_LIMIT) == 0xffffffff &&
    (load<u32>(cache, X.SEG_ATTRIBUTES) & DATA_RIGHTS) == DATA_WRITABLE
  );
}

function isFlat(cpu: usize): bool {
  const code = segmentCache(cpu, X.SEG_CS);
  return (
    (segmentBase(cpu, X.SEG_ES) |
      segmentBase(cpu, X.SEG_CS) |
      segmentBase(cpu, X.SEG_SS) |
      segmentBase(cpu, X.SEG_DS)) ==
      0 &&
    isWholeData(cpu, X.SEG_ES) &&
    isWholeData(cpu, X.SEG_SS) &&
    isWholeData(cpu, X.SEG_DS) &&
    load<u32>(code, X.SEG_LIMIT) == 0xffffffff &&
    (load<u32>(code, X.SEG_ATTRIBUTES) & CODE_RIGHTS) == CODE_RIGHTS
  );
}

/**
 * Recomputes the flags that blocks are selected by: to be called after any change of segments, CR0, CR4, EFER, DR7, EFLAGS (others than
 * arithmetic flags and DF), privilege or interrupt shadow.
 */
export function x86UpdateFlags(cpu: usize): void {
  const cr0 = load<u32>(cpu, X.X86_CR0);
  const cr4 = load<u32>(cpu, X.X86_CR4);
  const steps = (load<u32>(cpu, X.X86_DR7) & 0xff) != 0;
  let eflags = load<u32>(cpu, X.X86_EFLAGS);
  // RF lasts for one instruction. Without breakpoints nobody sees that one, and nothing that runs before it would clear it.
  if (!steps && eflags & X.FLAG_RF) {
    eflags &= ~X.FLAG_RF;
    store<u64>(cpu, eflags, X.X86_EFLAGS);
  }
  const cpl = cplOf(cpu);
  let flags = cpl;
  if (isCode64(cpu)) flags |= X.BLOCK_CODE64 | X.BLOCK_FLAT | X.BLOCK_FS_WHOLE | X.BLOCK_GS_WHOLE;
  else {
    if (segmentAttributes(cpu, X.SEG_CS) & X.SEGMENT_BIG) flags |= X.BLOCK_CODE32;
    if (segmentAttributes(cpu, X.SEG_SS) & X.SEGMENT_BIG) flags |= X.BLOCK_STACK32;
    if (isFlat(cpu)) flags |= X.BLOCK_FLAT;
    if (isWholeData(cpu, X.SEG_FS)) flags |= X.BLOCK_FS_WHOLE;
    // A 32-bit kernel leaves GS to its programs: some have one and some have none, and its own blocks should be the same for all.
    if (cpl == 3 && isWholeData(cpu, X.SEG_GS)) flags |= X.BLOCK_GS_WHOLE;
    const codeLimit = load<u32>(segmentCache(cpu, X.SEG_CS), X.SEG_LIMIT);
    if (codeLimit >= (flags & X.BLOCK_CODE32 ? 0xffffffff : 0xffff)) flags |= X.BLOCK_CODE_WHOLE;
    if (codeLimit == 0xffff && (flags & X.BLOCK_CODE32) == 0) flags |= X.BLOCK_CODE_64K;
    if (
      min(load<u64>(cpu, X.X86_STORE_END), load<u64>(cpu + X.SEG_SS * 8, X.X86_STORE_END)) >= 0x10000 &&
      load<u64>(cpu + X.SEG_DS * 8, X.X86_STORE_END) >= 0x10000
    )
      flags |= X.BLOCK_DATA_64K;
  }
  if (cr0 & X.CR0_PE) flags |= X.BLOCK_PE;
  if (eflags & X.FLAG_VM) flags |= X.BLOCK_VM;
  if (cr0 & (X.CR0_EM | X.CR0_TS)) flags |= X.BLOCK_FPU_NM;
  if (cr0 & X.CR0_EM || (cr4 & X.CR4_OSFXSR) == 0) flags |= X.BLOCK_SSE_UD;
  if (cr0 & X.CR0_TS) flags |= X.BLOCK_SSE_NM;
  if (steps || eflags & X.FLAG_TF) flags |= X.BLOCK_STEP;
  if (load<u32>(cpu, X.X86_SHADOW) != 0) flags |= X.BLOCK_SHADOW;
  if ((cr4 & X.CR4_SMAP) == 0 || eflags & X.FLAG_AC) flags |= X.BLOCK_NO_SMAP;
  if (cpl <= (eflags & X.FLAG_IOPL) >> X.FLAG_IOPL_SHIFT) flags |= X.BLOCK_IOPL_OK;
  setBlockFlags(cpu, flags);
}

/**
 * After a write of EFLAGS, whose system part was `before`: the run loop has to look if IF was set and an interrupt waits for it. What has come up since the
 * lines were read last is noticed at the end of the slice, as if IF had been 1 all the time.
 */
export function interruptFlagChanged(cpu: usize, before: u32): void {
  if ((load<u32>(cpu, X.X86_EFLAGS) & ~before & X.FLAG_IF) != 0 && pcInterruptPending(cpu)) requestCheck(cpu);
}

/** After a change of IF, or of anything else that interrupts wait for. */
export function flagsChanged(cpu: usize): void {
  x86UpdateFlags(cpu);
  requestCheck(cpu);
}
