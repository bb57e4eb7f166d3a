/**
 * Repeated string instructions. One execution handles a bounded number of elements, which depends on the registers alone, and says whether the
 * instruction has to run again: so interrupts come between, and -icount counts alike whatever the TLB holds. Where memory can be accessed
 * directly, the elements up to the end of a page go at once; else one goes through memLoad and memStore, which raises what there is to raise. A
 * fault leaves the registers at the element that faulted. SDM 2, REP/REPE/REPZ/REPNE/REPNZ; SDM 1, 7.3.9.3.
 */
import { memDirect, memLoad, memStore, memWindow, STATUS_OK } from '../../softmmu/access';
import { ACCESS_LOAD, ACCESS_STORE } from '../../softmmu/hook';
import { COUNTER_LOCAL, PAGE_SIZE } from '../../layout';
import { vgaWindowCopy, vgaWindowFill } from '../../vga/window';
import { countMore } from '../../vcpu/counters';
import { sliceCharge } from '../../vcpu/slice';
import { STATE_CHECK_PHASE, STATE_LOADED } from '../../vcpu/state';
import { CC_SUB } from './cc';
import * as X from './cpu';
import { segmentBase, segmentCache } from './mode';
import { checkSegment, withinLimit } from './system-memory';

/** Bits of the helpers' immediate: logarithms of operand and address size, segment of the source, MMU index. */
export const STRING_ADDRESS_SHIFT: u32 = 2;
export const STRING_SEGMENT_SHIFT: u32 = 4;
export const STRING_MMU_SHIFT: u32 = 7;
/** Source and destination need no checks by their segments. */
export const STRING_SOURCE_FLAT: u32 = 1 << 9;
export const STRING_TARGET_FLAT: u32 = 1 << 10;
export const STRING_CODE64: u32 = 1 << 11;
/** One element at a time: single step. */
export const STRING_STEP: u32 = 1 << 12;
export const STRING_REPNE: u32 = 1 << 13;

/** Bytes that one execution handles; elements, while they are logged one by one. */
const PORTION: u32 = 8192;
const PORTION_LOGGED: u64 = 64;
/** log2 of the bytes that are copied or filled in the time of an instruction. */
const COPY_RATE: u32 = 3;

function sizeOf(how: u32): u32 {
  return how & 3;
}

function addressMask(how: u32): u64 {
  return 0xffffffffffffffff >> (64 - ((<u64>8) << ((how >> STRING_ADDRESS_SHIFT) & 3)));
}

function mmuOf(how: u32): u32 {
  return (how >> STRING_MMU_SHIFT) & 3;
}

function sourceOf(how: u32): u32 {
  return (how >> STRING_SEGMENT_SHIFT) & 7;
}

function linearOf(cpu: usize, how: u32, segment: u32, offset: u64): u64 {
  if (how & STRING_CODE64) return segment >= X.SEG_FS ? segmentBase(cpu, segment) + offset : offset;
  return (segmentBase(cpu, segment) + offset) & 0xffffffff;
}

/** Writes a register back, by the address size. */
function setIndex(cpu: usize, how: u32, slot: u32, value: u64): void {
  if (((how >> STRING_ADDRESS_SHIFT) & 3) == 1) store<u16>(cpu + slot, value);
  else store<u64>(cpu + slot, value);
}

/** Elements of this execution. */
function portion(cpu: usize, how: u32, count: u64): u64 {
  if (how & STRING_STEP) return 1;
  if (load<u32>(cpu, STATE_CHECK_PHASE) != 0) return min(count, PORTION_LOGGED);
  return min(count, PORTION >> sizeOf(how));
}

/** How many of `count` elements lie in one page with the first one, none of them across its end, before the offset wraps around. */
function roomOf(how: u32, offset: u64, linear: u64, down: bool, count: u64): u64 {
  const size = sizeOf(how);
  const inPage = <u32>linear & (PAGE_SIZE - 1);
  if (inPage + ((<u32>1) << size) > PAGE_SIZE) return 0;
  const inSegment = (down ? offset : addressMask(how) - offset) >> size;
  const room = min<u64>(down ? (inPage >> size) + 1 : (PAGE_SIZE - inPage) >> size, count);
  return inSegment < room ? inSegment + 1 : room;
}

/** Checks the first element by its segment, and cuts their number to those that pass. 0: an exception is pending. */
function allowed(cpu: usize, how: u32, segment: u32, offset: u64, down: bool, count: u64, write: bool): u64 {
  if (how & (write ? STRING_TARGET_FLAT : STRING_SOURCE_FLAT)) return count;
  const size = sizeOf(how);
  if (!checkSegment(cpu, segment, offset, segmentBase(cpu, segment), 1 << size, write)) return 0;
  if (count <= 1) return 1;
  const cache = segmentCache(cpu, segment);
  const first = down ? offset - ((count - 1) << size) : offset;
  const limit = load<u32>(cache, X.SEG_LIMIT);
  return withinLimit(first, <u32>(count << size), limit, load<u32>(cache, X.SEG_ATTRIBUTES)) ? count : 1;
}

/** The same for elements at ES:DI that are only read. */
function allowedTarget(cpu: usize, how: u32, offset: u64, down: bool, count: u64): u64 {
  if (how & STRING_TARGET_FLAT) return count;
  return allowed(cpu, how & ~STRING_SOURCE_FLAT, X.SEG_ES, offset, down, count, false);
}

function read(address: usize, size: u32): u64 {
  if (size == 0) return load<u8>(address);
  if (size == 1) return load<u16>(address);
  return size == 2 ? load<u32>(address) : load<u64>(address);
}

function write(address: usize, value: u64, size: u32): void {
  if (size == 0) store<u8>(address, value);
  else if (size == 1) store<u16>(address, value);
  else if (size == 2) store<u32>(address, value);
  else store<u64>(address, value);
}

/**
 * Copies elements one after the other, as far as anybody can tell. Where the destination begins within what is still to be read, each element
 * may be one that was written before; memory.copy, which reads everything first, does not do then.
 */
function copyElements(from: usize, to: usize, count: u32, size: u32, down: bool): void {
  const bytes = count << size;
  const ahead = down ? from - to : to - from;
  if (ahead == 0 || ahead >= bytes) {
    const back = down ? bytes - ((<u32>1) << size) : 0;
    memory.copy(to - back, from - back, bytes);
    return;
  }
  const step = down ? -((<i32>1) << size) : (<i32>1) << size;
  for (let i: u32 = 0; i < count; i++) {
    write(to, read(from, size), size);
    from += step;
    to += step;
  }
}

/** Hands `count` elements to the VGA's window at once: what lies at `source`, or if that is 0 the same value again and again. */
function writeWindowRow(cpu: usize, offset: u32, source: usize, value: u64, count: u32, size: u32): void {
  const bytes = count << size;
  if (source != 0) vgaWindowCopy(offset, source, bytes);
  else vgaWindowFill(offset, value, 1 << size, bytes);
  countMore(cpu, COUNTER_LOCAL, count);
  sliceCharge(cpu, bytes);
}

/** Helper (callg) of REP MOVS. All of these return 1 if the instruction has to run again. */
export function helperRepMovs(cpu: usize, _b: u64, _c: u64, _third: u64, how: u32): u64 {
  const mask = addressMask(how);
  const size = sizeOf(how);
  const segment = sourceOf(how);
  const mmu = mmuOf(how);
  let count = load<u64>(cpu, X.RCX) & mask;
  if (count == 0) return 0;
  const down = load<i64>(cpu, X.DF) < 0;
  let from = load<u64>(cpu, X.RSI) & mask;
  let to = load<u64>(cpu, X.RDI) & mask;
  const all = count;
  let left = portion(cpu, how, count);
  while (left != 0) {
    const source = linearOf(cpu, how, segment, from);
    const target = linearOf(cpu, how, X.SEG_ES, to);
    let n = roomOf(how, from, source, down, roomOf(how, to, target, down, left));
    const sourceAt = n == 0 ? <usize>0 : memDirect(cpu, source, mmu, ACCESS_LOAD);
    const targetAt = sourceAt == 0 ? <usize>0 : memDirect(cpu, target, mmu, ACCESS_STORE);
    const row = sourceAt == 0 || targetAt != 0 || down ? -1 : memWindow(cpu, target, mmu);
    if (targetAt == 0 && row < 0) n = 1;
    n = allowed(cpu, how, segment, from, down, n, false);
    if (n == 0) break;
    if (targetAt == 0 && row < 0 && memLoad(cpu, source, 1 << size, mmu) != STATUS_OK) break;
    n = allowed(cpu, how, X.SEG_ES, to, down, n, true);
    if (n == 0) break;
    if (targetAt != 0) copyElements(sourceAt, targetAt, <u32>n, size, down);
    else if (row >= 0) writeWindowRow(cpu, row, sourceAt, 0, <u32>n, size);
    else if (memStore(cpu, target, load<u64>(cpu, STATE_LOADED), 1 << size, mmu) != STATUS_OK) break;
    const distance = (down ? -n : n) << size;
    from = (from + distance) & mask;
    to = (to + distance) & mask;
    count -= n;
    left -= n;
  }
  setIndex(cpu, how, X.RSI, from);
  setIndex(cpu, how, X.RDI, to);
  setIndex(cpu, how, X.RCX, count);
  sliceCharge(cpu, <u32>(((all - count) << size) >> COPY_RATE));
  return count != 0 ? 1 : 0;
}

function fillElements(to: usize, value: u64, count: u32, size: u32, down: bool): void {
  const bytes = count << size;
  if (down) to -= bytes - (1 << size);
  const unused = 64 - ((<u64>8) << size);
  if (((value & 0xff) * 0x0101010101010101) << unused == value << unused) {
    memory.fill(to, <u8>value, bytes);
    return;
  }
  const end = to + bytes;
  for (; to != end; to += 1 << size) write(to, value, size);
}

/** Helper (callg) of REP STOS. */
export function helperRepStos(cpu: usize, _b: u64, _c: u64, _third: u64, how: u32): u64 {
  const mask = addressMask(how);
  const size = sizeOf(how);
  const mmu = mmuOf(how);
  let count = load<u64>(cpu, X.RCX) & mask;
  if (count == 0) return 0;
  const down = load<i64>(cpu, X.DF) < 0;
  const value = load<u64>(cpu, X.RAX);
  let to = load<u64>(cpu, X.RDI) & mask;
  const all = count;
  let left = portion(cpu, how, count);
  while (left != 0) {
    const target = linearOf(cpu, how, X.SEG_ES, to);
    let n = roomOf(how, to, target, down, left);
    const targetAt = n == 0 ? <usize>0 : memDirect(cpu, target, mmu, ACCESS_STORE);
    const row = n == 0 || targetAt != 0 || down ? -1 : memWindow(cpu, target, mmu);
    if (targetAt == 0 && row < 0) n = 1;
    n = allowed(cpu, how, X.SEG_ES, to, down, n, true);
    if (n == 0) break;
    if (targetAt != 0) fillElements(targetAt, value, <u32>n, size, down);
    else if (row >= 0) writeWindowRow(cpu, row, 0, value, <u32>n, size);
    else if (memStore(cpu, target, value, 1 << size, mmu) != STATUS_OK) break;
    to = (to + ((down ? -n : n) << size)) & mask;
    count -= n;
    left -= n;
  }
  setIndex(cpu, how, X.RDI, to);
  setIndex(cpu, how, X.RCX, count);
  sliceCharge(cpu, <u32>(((all - count) << size) >> COPY_RATE));
  return count != 0 ? 1 : 0;
}

/** Helper (callg) of REP LODS: of elements that can be read directly only the last one counts. */
export function helperRepLods(cpu: usize, _b: u64, _c: u64, _third: u64, how: u32): u64 {
  const mask = addressMask(how);
  const size = sizeOf(how);
  const segment = sourceOf(how);
  const mmu = mmuOf(how);
  let count = load<u64>(cpu, X.RCX) & mask;
  if (count == 0) return 0;
  const down = load<i64>(cpu, X.DF) < 0;
  let from = load<u64>(cpu, X.RSI) & mask;
  let left = portion(cpu, how, count);
  while (left != 0) {
    const source = linearOf(cpu, how, segment, from);
    let n = roomOf(how, from, source, down, left);
    const sourceAt = n == 0 ? <usize>0 : memDirect(cpu, source, mmu, ACCESS_LOAD);
    if (sourceAt == 0) n = 1;
    n = allowed(cpu, how, segment, from, down, n, false);
    if (n == 0) break;
    let value: u64;
    if (sourceAt != 0) {
      const last = (<u32>n - 1) << size;
      value = read(down ? sourceAt - last : sourceAt + last, size);
    } else {
      if (memLoad(cpu, source, 1 << size, mmu) != STATUS_OK) break;
      value = load<u64>(cpu, STATE_LOADED);
    }
    if (size >= 2) store<u64>(cpu, value, X.RAX);
    else write(cpu + X.RAX, value, size);
    from = (from + ((down ? -n : n) << size)) & mask;
    count -= n;
    left -= n;
  }
  setIndex(cpu, how, X.RSI, from);
  setIndex(cpu, how, X.RCX, count);
  return count != 0 ? 1 : 0;
}

/** Leaves the operands of the last comparison for the flags. */
function compared(cpu: usize, a: u64, b: u64, size: u32): void {
  store<u64>(cpu, a, X.CC_DST);
  store<u64>(cpu, b, X.CC_SRC);
  store<u64>(cpu, CC_SUB | size, X.CC_OP);
}

/** Helper (callg) of REPE and REPNE SCAS. The flags are those of the last comparison once the instruction is over, and stay until then. */
export function helperRepScas(cpu: usize, _b: u64, _c: u64, _third: u64, how: u32): u64 {
  const mask = addressMask(how);
  const size = sizeOf(how);
  const mmu = mmuOf(how);
  let count = load<u64>(cpu, X.RCX) & mask;
  if (count == 0) return 0;
  const down = load<i64>(cpu, X.DF) < 0;
  const step: i32 = down ? -(1 << size) : 1 << size;
  const wanted = read(cpu + X.RAX, size);
  const whileEqual = (how & STRING_REPNE) == 0;
  let value: u64 = 0;
  let over = false;
  let to = load<u64>(cpu, X.RDI) & mask;
  const all = count;
  let left = portion(cpu, how, count);
  while (left != 0 && !over) {
    const target = linearOf(cpu, how, X.SEG_ES, to);
    let n = roomOf(how, to, target, down, left);
    const targetAt = n == 0 ? <usize>0 : memDirect(cpu, target, mmu, ACCESS_LOAD);
    if (targetAt == 0) n = 1;
    n = allowedTarget(cpu, how, to, down, n);
    if (n == 0) break;
    let done: u64 = 1;
    if (targetAt != 0) {
      let at = targetAt;
      value = read(at, size);
      while ((value == wanted) == whileEqual && done != n) {
        at += step;
        done += 1;
        value = read(at, size);
      }
    } else {
      if (memLoad(cpu, target, 1 << size, mmu) != STATUS_OK) break;
      value = load<u64>(cpu, STATE_LOADED);
    }
    over = (value == wanted) != whileEqual;
    to = (to + done * <i64>step) & mask;
    count -= done;
    left -= done;
  }
  setIndex(cpu, how, X.RDI, to);
  setIndex(cpu, how, X.RCX, count);
  sliceCharge(cpu, <u32>(all - count));
  over = over || count == 0;
  if (over || how & STRING_STEP) compared(cpu, wanted, value, size);
  return over ? 0 : 1;
}

/** Helper (callg) of REPE and REPNE CMPS; flags as for SCAS. */
export function helperRepCmps(cpu: usize, _b: u64, _c: u64, _third: u64, how: u32): u64 {
  const mask = addressMask(how);
  const size = sizeOf(how);
  const segment = sourceOf(how);
  const mmu = mmuOf(how);
  let count = load<u64>(cpu, X.RCX) & mask;
  if (count == 0) return 0;
  const down = load<i64>(cpu, X.DF) < 0;
  const step: i32 = down ? -(1 << size) : 1 << size;
  const whileEqual = (how & STRING_REPNE) == 0;
  let a: u64 = 0;
  let b: u64 = 0;
  let over = false;
  let from = load<u64>(cpu, X.RSI) & mask;
  let to = load<u64>(cpu, X.RDI) & mask;
  const all = count;
  let left = portion(cpu, how, count);
  while (left != 0 && !over) {
    const source = linearOf(cpu, how, segment, from);
    const target = linearOf(cpu, how, X.SEG_ES, to);
    let n = roomOf(how, from, source, down, roomOf(how, to, target, down, left));
    const sourceAt = n == 0 ? <usize>0 : memDirect(cpu, source, mmu, ACCESS_LOAD);
    const targetAt = sourceAt == 0 ? <usize>0 : memDirect(cpu, target, mmu, ACCESS_LOAD);
    if (targetAt == 0) n = 1;
    n = allowed(cpu, how, segment, from, down, n, false);
    if (n == 0) break;
    let done: u64 = 1;
    if (targetAt != 0) {
      n = allowedTarget(cpu, how, to, down, n);
      if (n == 0) break;
      let at = sourceAt;
      const distance = targetAt - sourceAt;
      a = read(at, size);
      b = read(at + distance, size);
      while ((a == b) == whileEqual && done != n) {
        at += step;
        done += 1;
        a = read(at, size);
        b = read(at + distance, size);
      }
    } else {
      if (memLoad(cpu, source, 1 << size, mmu) != STATUS_OK) break;
      const first = load<u64>(cpu, STATE_LOADED);
      if (allowedTarget(cpu, how, to, down, 1) == 0) break;
      if (memLoad(cpu, target, 1 << size, mmu) != STATUS_OK) break;
      a = first;
      b = load<u64>(cpu, STATE_LOADED);
    }
    over = (a == b) != whileEqual;
    const distance = done * <i64>step;
    from = (from + distance) & mask;
    to = (to + distance) & mask;
    count -= done;
    left -= done;
  }
  setIndex(cpu, how, X.RSI, from);
  setIndex(cpu, how, X.RDI, to);
  setIndex(cpu, how, X.RCX, count);
  sliceCharge(cpu, <u32>(all - count));
  over = over || count == 0;
  if (over || how & STRING_STEP) compared(cpu, a, b, size);
  return over ? 0 : 1;
}
