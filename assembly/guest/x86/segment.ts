/**
 * Segments: descriptors, their checks and their caches. SDM 3, chapters 3 and 5; error codes as in 6.13. A descriptor is a u64 as it lies in
 * memory; its attributes are bits 8 to 23 of the high half, in place.
 */
import { raise, setGuestKey } from '../../vcpu/exception';
import * as X from './cpu';
import {
  cplOf,
  isCode64,
  isLongMode,
  isProtected,
  isVirtual8086,
  segmentCache,
  flagsChanged,
  x86UpdateFlags,
} from './mode';
import { setSegmentRange } from './segment-range';
import { fault, loaded, readSystem, writeSystem } from './system-memory';

export function descriptorBase(descriptor: u64): u64 {
  return ((descriptor >> 16) & 0xffffff) | ((descriptor >> 32) & 0xff000000);
}

/** Limit in bytes. */
export function descriptorLimit(descriptor: u64): u32 {
  const limit = (<u32>descriptor & 0xffff) | (<u32>(descriptor >> 32) & 0xf0000);
  return descriptor & ((<u64>1) << 55) ? (limit << 12) | 0xfff : limit;
}

export function descriptorAttributes(descriptor: u64): u32 {
  return <u32>(descriptor >> 32) & X.SEGMENT_MASK;
}

export function dplOf(attributes: u32): u32 {
  return (attributes >> X.SEGMENT_DPL_SHIFT) & 3;
}

/** Type field, 0 to 15. */
export function typeOf(attributes: u32): u32 {
  return (attributes >> X.SEGMENT_TYPE_SHIFT) & 15;
}

export function isSystem(attributes: u32): bool {
  return (attributes & X.SEGMENT_S) == 0;
}

export function isCode(attributes: u32): bool {
  return (attributes & (X.SEGMENT_S | X.SEGMENT_CODE)) == (X.SEGMENT_S | X.SEGMENT_CODE);
}

export function isConforming(attributes: u32): bool {
  return (attributes & X.SEGMENT_CONFORMING) != 0;
}

/** A data segment that can be a stack. */
export function isWritableData(attributes: u32): bool {
  const mask = X.SEGMENT_S | X.SEGMENT_CODE | X.SEGMENT_WRITABLE;
  return (attributes & mask) == (X.SEGMENT_S | X.SEGMENT_WRITABLE);
}

export function isPresent(attributes: u32): bool {
  return (attributes & X.SEGMENT_PRESENT) != 0;
}

export function isNull(selector: u32): bool {
  return (selector & 0xfffc) == 0;
}

/** Linear address of a selector's descriptor. */
export function descriptorAddress(cpu: usize, selector: u32): u64 {
  const base =
    selector & 4 ? load<u64>(cpu, X.X86_LDTR + X.SYSTEM_BASE) : load<u64>(cpu, X.X86_GDTR + X.TABLE_BASE);
  return base + (selector & 0xfff8);
}

/** Whether `size` bytes of a descriptor lie within its table. */
export function isInTable(cpu: usize, selector: u32, size: u32): bool {
  let limit = load<u32>(cpu, X.X86_GDTR + X.TABLE_LIMIT);
  if (selector & 4) {
    if ((load<u32>(cpu, X.X86_LDTR + X.SEG_ATTRIBUTES) & X.SEGMENT_PRESENT) == 0) return false;
    limit = load<u32>(cpu, X.X86_LDTR + X.SEG_LIMIT);
  }
  return (selector & 0xfff8) + size - 1 <= limit;
}

/** Error code that names a selector; `external` is 0 or 1 (EXT). */
export function selectorError(selector: u32, external: u32): u32 {
  return (selector & 0xfffc) | external;
}

/** Reads a descriptor into loaded(cpu). Outside of its table: `vector` with the selector. */
export function readDescriptor(cpu: usize, selector: u32, vector: u32, external: u32): bool {
  if (!isInTable(cpu, selector, 8)) return fault(cpu, vector, selectorError(selector, external));
  return readSystem(cpu, descriptorAddress(cpu, selector), 8);
}

/** Sets the accessed bit of a descriptor that lies in memory, if it is clear. */
export function markAccessed(cpu: usize, selector: u32, descriptor: u64): bool {
  if (descriptor & ((<u64>X.SEGMENT_ACCESSED) << 32)) return true;
  return writeSystem(cpu, descriptorAddress(cpu, selector) + 5, (descriptor >> 40) | 1, 1);
}

/** Fills a cache; the caller recomputes the block flags. */
export function setSegment(
  cpu: usize,
  segment: u32,
  selector: u32,
  base: u64,
  limit: u32,
  attributes: u32,
): void {
  const cache = segmentCache(cpu, segment);
  store<u64>(cache, selector & 0xffff, X.SEG_SELECTOR);
  store<u32>(cache, limit, X.SEG_LIMIT);
  store<u32>(cache, attributes, X.SEG_ATTRIBUTES);
  store<u64>(cpu + X.SEG_BASE + segment * 8, base);
  setSegmentRange(cpu, segment);
}

/** The same from a descriptor. Its accessed bit counts as set. */
export function setSegmentDescriptor(cpu: usize, segment: u32, selector: u32, descriptor: u64): void {
  setSegment(
    cpu,
    segment,
    selector,
    descriptorBase(descriptor),
    descriptorLimit(descriptor),
    descriptorAttributes(descriptor) | X.SEGMENT_ACCESSED,
  );
}

/** Marks a data segment as unusable. */
export function setSegmentNull(cpu: usize, segment: u32, selector: u32): void {
  setSegment(cpu, segment, selector, 0, 0, 0);
}

/** Attributes of all segments in virtual-8086 mode: present, DPL 3, read and write, accessed. SDM 3, 20.2.1. */
export const ATTRIBUTES_VIRTUAL8086: u32 =
  X.SEGMENT_PRESENT | (3 << X.SEGMENT_DPL_SHIFT) | X.SEGMENT_S | X.SEGMENT_WRITABLE | X.SEGMENT_ACCESSED;

export function setSegmentVirtual8086(cpu: usize, segment: u32, selector: u32): void {
  setSegment(cpu, segment, selector, (selector & 0xffff) << 4, 0xffff, ATTRIBUTES_VIRTUAL8086);
}

/** Changes CS with the privilege level and what depends on it; block flags included. */
export function setCodeSegment(cpu: usize, selector: u32, descriptor: u64, cpl: u32): void {
  setSegmentDescriptor(cpu, X.SEG_CS, (selector & 0xfffc) | cpl, descriptor);
  store<u32>(cpu, cpl, X.X86_CPL);
  codeSegmentChanged(cpu);
}

/** Real and virtual-8086 mode: base from the selector; limit and attributes stay. */
export function setCodeSegmentReal(cpu: usize, selector: u32): void {
  store<u64>(segmentCache(cpu, X.SEG_CS), selector & 0xffff, X.SEG_SELECTOR);
  store<u64>(cpu + X.SEG_BASE + X.SEG_CS * 8, (selector & 0xffff) << 4);
  codeSegmentChanged(cpu);
}

/** After any change of CS's cache. In 64-bit code its base counts as 0. */
export function codeSegmentChanged(cpu: usize): void {
  const base = cpu + X.SEG_BASE + X.SEG_CS * 8;
  if (isCode64(cpu)) store<u64>(base, 0);
  setGuestKey(cpu, <u32>load<u64>(base));
  x86UpdateFlags(cpu);
}

/** Loads ES, SS, DS, FS or GS as MOV and POP do. SDM 2, MOV, "Protected Mode Exceptions". */
export function loadSegment(cpu: usize, segment: u32, selector: u32): bool {
  if (!isProtected(cpu)) {
    if (isVirtual8086(cpu)) setSegmentVirtual8086(cpu, segment, selector);
    else {
      store<u64>(segmentCache(cpu, segment), selector & 0xffff, X.SEG_SELECTOR);
      store<u64>(cpu + X.SEG_BASE + segment * 8, (selector & 0xffff) << 4);
    }
    x86UpdateFlags(cpu);
    return true;
  }
  if (isNull(selector)) {
    if (segment == X.SEG_SS && (!isCode64(cpu) || cplOf(cpu) == 3 || (selector & 3) != cplOf(cpu)))
      return fault(cpu, X.EXC_GP, 0);
    setSegmentNull(cpu, segment, selector);
    x86UpdateFlags(cpu);
    return true;
  }
  if (!readDescriptor(cpu, selector, X.EXC_GP, 0)) return false;
  const descriptor = loaded(cpu);
  if (!checkDataSegment(cpu, segment, selector, descriptor)) return false;
  if (!markAccessed(cpu, selector, descriptor)) return false;
  setSegmentDescriptor(cpu, segment, selector, descriptor);
  x86UpdateFlags(cpu);
  return true;
}

function checkDataSegment(cpu: usize, segment: u32, selector: u32, descriptor: u64): bool {
  const attributes = descriptorAttributes(descriptor);
  const error = selectorError(selector, 0);
  const cpl = cplOf(cpu);
  const rpl = selector & 3;
  const dpl = dplOf(attributes);
  if (segment == X.SEG_SS) {
    if (!isWritableData(attributes) || rpl != cpl || dpl != cpl) return fault(cpu, X.EXC_GP, error);
    return isPresent(attributes) ? true : fault(cpu, X.EXC_SS, error);
  }
  if (isSystem(attributes)) return fault(cpu, X.EXC_GP, error);
  if (isCode(attributes) && (attributes & X.SEGMENT_READABLE) == 0) return fault(cpu, X.EXC_GP, error);
  if (!(isCode(attributes) && isConforming(attributes)) && (rpl > dpl || cpl > dpl))
    return fault(cpu, X.EXC_GP, error);
  return isPresent(attributes) ? true : fault(cpu, X.EXC_NP, error);
}

/** After a return to an outer level: segments that it may not use become null. SDM 3, 5.8.6. */
export function dropInnerSegments(cpu: usize): void {
  const cpl = cplOf(cpu);
  for (let segment = X.SEG_ES; segment <= X.SEG_GS; segment++) {
    if (segment == X.SEG_CS || segment == X.SEG_SS) continue;
    const attributes = load<u32>(segmentCache(cpu, segment), X.SEG_ATTRIBUTES);
    if (attributes == 0) continue;
    if (!(isCode(attributes) && isConforming(attributes)) && dplOf(attributes) < cpl) {
      // In long mode the bases of FS and GS stay: the selector was null or is made so, and the base is an MSR of its own.
      const base = load<u64>(cpu + X.SEG_BASE + segment * 8);
      setSegmentNull(cpu, segment, 0);
      if (isLongMode(cpu) && segment >= X.SEG_FS) store<u64>(cpu + X.SEG_BASE + segment * 8, base);
    }
  }
}

/** Set in the immediate of helperLoadSegment if the instruction is in a shadow itself: of several in a row, only the first counts. */
export const LOAD_IN_SHADOW: u32 = 8;

/** Helper (callg): b = selector, immediate = segment (not CS). A load of SS begins an interrupt shadow. SDM 3, 6.8.3. */
export function helperLoadSegment(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const segment = immediate & 7;
  if (!loadSegment(cpu, segment, <u32>b & 0xffff)) return 0;
  if (segment == X.SEG_SS && (immediate & LOAD_IN_SHADOW) == 0) beginShadow(cpu, X.SHADOW_SS);
  return 0;
}

/** The next instruction runs before an interrupt is taken. */
export function beginShadow(cpu: usize, kind: u32): void {
  store<u32>(cpu, kind, X.X86_SHADOW);
  x86UpdateFlags(cpu);
}

/** Helper (callx) of instructions that do not exist, or not in this mode. */
export function helperUndefined(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  raise(cpu, X.EXC_UD, 0);
  return 0;
}

/** Helper (callx): raises vector `immediate` with error code b. */
export function helperRaise(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  raise(cpu, immediate, b);
  return 0;
}

/** Helper (callx): ends the interrupt shadow. Emitted before the only instruction of a block with BLOCK_SHADOW. */
export function helperShadowBegin(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  store<u32>(cpu, 0, X.X86_SHADOW);
  flagsChanged(cpu);
  return 0;
}
