/** Helper of PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM. SDM 2, 4.1. */
import * as X from './cpu';

/** Added to the instruction's immediate: lengths are given in b and c; they are 64 bits wide; the result is a mask. */
export const TEXT_EXPLICIT: u32 = 1 << 8;
export const TEXT_WIDE: u32 = 1 << 9;
export const TEXT_MASK: u32 = 1 << 10;

const EQUAL_ANY: u32 = 0;
const RANGES: u32 = 1;
const EQUAL_EACH: u32 = 2;

/** Flags of the result are in its high half. */
const FLAGS_SHIFT: u64 = 32;

/** Element `n` of the vector at `at`, in the format of the immediate's bits 0 and 1: 16-bit elements, signed. */
function element(at: usize, n: u32, format: u32): i32 {
  if (format & 1) return format & 2 ? <i32>load<i16>(at + (n << 1)) : <i32>load<u16>(at + (n << 1));
  return format & 2 ? <i32>load<i8>(at + n) : <i32>load<u8>(at + n);
}

/** Elements before the first 0. */
function implicitLength(at: usize, format: u32, count: u32): u32 {
  for (let n: u32 = 0; n < count; n++) if (element(at, n, format) == 0) return n;
  return count;
}

/** The magnitude of a length, at most `count`. */
function explicitLength(value: u64, isWide: bool, count: u32): u32 {
  const signed = isWide ? <i64>value : <i64>(<i32>value);
  const magnitude = signed < 0 ? 0 - <u64>signed : <u64>signed;
  return <u32>min<u64>(magnitude, count);
}

/**
 * Helper (callx): operands in SSE_A and SSE_B; b, c = their lengths if they are explicit. Returns the index in the low half and the flags in the
 * high one; with TEXT_MASK the mask is in SSE_A.
 */
export function helperText(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  const format = immediate & 3;
  const count: u32 = format & 1 ? 8 : 16;
  const first = cpu + X.SSE_A;
  const second = cpu + X.SSE_B;
  const isWide = (immediate & TEXT_WIDE) != 0;
  const isExplicit = (immediate & TEXT_EXPLICIT) != 0;
  const length1 = isExplicit ? explicitLength(b, isWide, count) : implicitLength(first, format, count);
  const length2 = isExplicit ? explicitLength(c, isWide, count) : implicitLength(second, format, count);

  let found: u32 = 0;
  for (let j: u32 = 0; j < count; j++) {
    if (holdsAt(first, second, length1, length2, j, count, immediate)) found |= 1 << j;
  }
  const all: u32 = (1 << count) - 1;
  if (immediate & 16) found ^= immediate & 32 ? (1 << length2) - 1 : all;

  let flags: u64 = 0;
  if (found != 0) flags |= X.FLAG_CF;
  if (length2 < count) flags |= X.FLAG_ZF;
  if (length1 < count) flags |= X.FLAG_SF;
  if (found & 1) flags |= X.FLAG_OF;
  if (immediate & TEXT_MASK) storeMask(first, found, format, (immediate & 64) != 0);
  const index = found == 0 ? count : immediate & 64 ? 31 - clz<u32>(found) : ctz<u32>(found);
  return (flags << FLAGS_SHIFT) | index;
}

/** The aggregated comparison of element j of the second operand. Elements beyond a length are invalid: SDM 2, table 4-7. */
function holdsAt(
  first: usize,
  second: usize,
  length1: u32,
  length2: u32,
  j: u32,
  count: u32,
  immediate: u32,
): bool {
  const format = immediate & 3;
  const how = (immediate >> 2) & 3;
  if (how == EQUAL_EACH) {
    if (j >= length1 || j >= length2) return j >= length1 && j >= length2;
    return element(first, j, format) == element(second, j, format);
  }
  if (how == EQUAL_ANY || how == RANGES) {
    if (j >= length2) return false;
    const value = element(second, j, format);
    if (how == EQUAL_ANY) {
      for (let i: u32 = 0; i < length1; i++) if (element(first, i, format) == value) return true;
      return false;
    }
    for (let i: u32 = 0; i + 1 < length1; i += 2) {
      if (value >= element(first, i, format) && value <= element(first, i + 1, format)) return true;
    }
    return false;
  }
  // Equal, ordered: the first operand begins at j, as far as it goes.
  for (let i: u32 = 0; i < length1 && j + i < count; i++) {
    if (j + i >= length2 || element(first, i, format) != element(second, j + i, format)) return false;
  }
  return true;
}

function storeMask(at: usize, found: u32, format: u32, expand: bool): void {
  if (!expand) {
    store<u64>(at, found);
    store<u64>(at, 0, 8);
    return;
  }
  for (let n: u32 = 0; n < 16; n++) store<u8>(at + n, (found >> (format & 1 ? n >> 1 : n)) & 1 ? 0xff : 0);
}
