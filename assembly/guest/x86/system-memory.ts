/**
 * Memory accesses of the system side: descriptor tables, task segments and stacks, outside translated code. Each returns whether it
 * succeeded; if not, an exception is pending and nothing was changed.
 */
import { memLoad, memProbe, memStore, STATUS_OK } from '../../softmmu/access';
import { ACCESS_STORE } from '../../softmmu/hook';
import { raise } from '../../vcpu/exception';
import { STATE_LOADED } from '../../vcpu/state';
import * as X from './cpu';
import { isCanonical, isCode64, isLongMode, isProtected, segmentCache } from './mode';

/** Raises, and returns false: for `return fault(…)` in whatever reports success. */
export function fault(cpu: usize, vector: u32, errorCode: u32): bool {
  raise(cpu, vector, errorCode);
  return false;
}

/** The value that the last successful read gave, zero-extended. */
export function loaded(cpu: usize): u64 {
  return load<u64>(cpu, STATE_LOADED);
}

/** 32 bits, and the marks of segment-range.ts. */
const NARROW_MASK: u64 = 0x3f000000ffffffff;

function linearAddress(cpu: usize, address: u64): u64 {
  return isLongMode(cpu) ? address : address & NARROW_MASK;
}

/** Reads what the processor itself looks up: descriptors and TSS. Such accesses are the supervisor's at any privilege. SDM 3, 4.6. */
export function readSystem(cpu: usize, address: u64, size: u32): bool {
  return memLoad(cpu, linearAddress(cpu, address), size, X.MMU_SUPERVISOR) == STATUS_OK;
}

export function writeSystem(cpu: usize, address: u64, value: u64, size: u32): bool {
  return memStore(cpu, linearAddress(cpu, address), value, size, X.MMU_SUPERVISOR) == STATUS_OK;
}

/** Raises what a write of `size` bytes would raise. */
export function probeSystemWrite(cpu: usize, address: u64, size: u32): bool {
  const first = linearAddress(cpu, address);
  const last = linearAddress(cpu, address + size - 1);
  if (memProbe(cpu, first, 1, X.MMU_SUPERVISOR, ACCESS_STORE) != STATUS_OK) return false;
  return (first ^ last) >> 12 == 0 || memProbe(cpu, last, 1, X.MMU_SUPERVISOR, ACCESS_STORE) == STATUS_OK;
}

export function readLinear(cpu: usize, address: u64, size: u32, mmu: u32): bool {
  return memLoad(cpu, linearAddress(cpu, address), size, mmu) == STATUS_OK;
}

export function writeLinear(cpu: usize, address: u64, value: u64, size: u32, mmu: u32): bool {
  return memStore(cpu, linearAddress(cpu, address), value, size, mmu) == STATUS_OK;
}

/** Raises what a write of `size` bytes would raise. */
export function probeLinearWrite(cpu: usize, address: u64, size: u32, mmu: u32): bool {
  const first = linearAddress(cpu, address);
  const last = linearAddress(cpu, address + size - 1);
  if (memProbe(cpu, first, 1, mmu, ACCESS_STORE) != STATUS_OK) return false;
  return (first ^ last) >> 12 == 0 || memProbe(cpu, last, 1, mmu, ACCESS_STORE) == STATUS_OK;
}

/**
 * Whether `size` bytes at `offset` lie within a segment. SDM 3, 5.3: the limit of an expand-down segment is the last address that is not in it. An
 * access that wraps around the end of a 4 GiB segment is allowed.
 */
export function withinLimit(offset: u64, size: u32, limit: u32, attributes: u32): bool {
  const last = offset + size - 1;
  if ((attributes & (X.SEGMENT_CODE | X.SEGMENT_EXPAND_DOWN)) == X.SEGMENT_EXPAND_DOWN) {
    const top: u64 = attributes & X.SEGMENT_BIG ? 0xffffffff : 0xffff;
    return offset > limit && last <= top;
  }
  return limit == 0xffffffff || last <= limit;
}

/** #GP(0), or for the stack segment #SS(0). */
export function segmentFault(cpu: usize, segment: u32): bool {
  return fault(cpu, segment == X.SEG_SS ? X.EXC_SS : X.EXC_GP, 0);
}

/** Checks type, limit and, in 64-bit code, form of an address of `size` bytes in a segment; raises #GP(0) or #SS(0). SDM 3, 5.3 and 5.5. */
export function checkSegment(cpu: usize, segment: u32, offset: u64, base: u64, size: u32, write: bool): bool {
  const cache = segmentCache(cpu, segment);
  const attributes = load<u32>(cache, X.SEG_ATTRIBUTES);
  if (isCode64(cpu)) {
    const address = segment >= X.SEG_FS ? base + offset : offset;
    return isCanonical(address) && isCanonical(address + size - 1) ? true : segmentFault(cpu, segment);
  }
  if (isProtected(cpu) && !typeAllows(attributes, write)) return segmentFault(cpu, segment);
  return withinLimit(offset, size, load<u32>(cache, X.SEG_LIMIT), attributes)
    ? true
    : segmentFault(cpu, segment);
}

/** Whether a segment's type allows an access, in protected mode. */
export function typeAllows(attributes: u32, write: bool): bool {
  if ((attributes & X.SEGMENT_PRESENT) == 0) return false;
  if (attributes & X.SEGMENT_CODE) return !write && (attributes & X.SEGMENT_READABLE) != 0;
  return !write || (attributes & X.SEGMENT_WRITABLE) != 0;
}
