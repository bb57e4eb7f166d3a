/**
 * How translated code outside 64-bit mode checks a segment without asking: it compares the end of the access with X86_LOAD_END or X86_STORE_END,
 * and if it is beyond, sets a bit of the linear address that no address has, by the segment's number. The TLB has no entry for such an address, so the access
 * comes to the page walk, which looks closer.
 */
import { ACCESS_STORE } from '../../softmmu/hook';
import { STATE_ACCESS_SIZE } from '../../vcpu/state';
import * as X from './cpu';
import { isCode64, isReal, segmentBase, segmentCache } from './mode';
import { checkSegment, segmentFault, typeAllows } from './system-memory';

/** Bit MARK_SHIFT + s of a linear address: the access through segment s is to be checked. With it the address is not canonical. */
export const MARK_SHIFT: u32 = 56;

const LINEAR_MASK: u64 = 0xffffffff;
const WHOLE: u32 = 0xffffffff;

/** After a change of a segment's cache: recomputes its ends. */
export function setSegmentRange(cpu: usize, segment: u32): void {
  const cache = segmentCache(cpu, segment);
  const attributes = load<u32>(cache, X.SEG_ATTRIBUTES);
  const limit = load<u32>(cache, X.SEG_LIMIT);
  const slot = cpu + segment * 8;
  let end: u64 = limit == WHOLE ? 0xffffffffffffffff : <u64>limit + 1;
  if ((attributes & (X.SEGMENT_CODE | X.SEGMENT_EXPAND_DOWN)) == X.SEGMENT_EXPAND_DOWN) end = 0;
  const real = isReal(cpu);
  store<u64>(slot, real || typeAllows(attributes, false) ? end : 0, X.X86_LOAD_END);
  store<u64>(slot, real || typeAllows(attributes, true) ? end : 0, X.X86_STORE_END);
}

/** After a change between real and protected mode: in real mode a segment's type does not matter. */
export function setSegmentRanges(cpu: usize): void {
  for (let segment: u32 = 0; segment < 6; segment++) setSegmentRange(cpu, segment);
}

/** Whether a linear address carries a mark. */
export function isMarked(cpu: usize, address: u64): bool {
  return address >> MARK_SHIFT != 0 && address >> 62 == 0 && !isCode64(cpu);
}

/** Looks closer at an access of STATE_ACCESS_SIZE bytes at a marked address; false: #GP(0) or #SS(0) is pending. */
export function checkMarked(cpu: usize, address: u64, access: u32): bool {
  const segment = <u32>ctz<u64>(address >> MARK_SHIFT);
  const write = access == ACCESS_STORE;
  const end = load<u64>(cpu + segment * 8 + (write ? X.X86_STORE_END : X.X86_LOAD_END));
  // The bytes before the limit are no less forbidden.
  if (end != 0) return segmentFault(cpu, segment);
  const base = segmentBase(cpu, segment);
  const offset = (address - base) & LINEAR_MASK;
  return checkSegment(cpu, segment, offset, base, load<u32>(cpu, STATE_ACCESS_SIZE), write);
}

export function unmarked(address: u64): u64 {
  return address & LINEAR_MASK;
}
