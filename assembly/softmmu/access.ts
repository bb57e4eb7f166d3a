/**
 * Slow paths of guest memory accesses: what tier 0 and tier 1 call when the inline probe of the TLB misses, and what
 * helpers use. Status 0 is success; STATUS_EXCEPTION means that an exception is pending.
 */
import { COUNTER_LOCAL, PAGE_SIZE } from '../layout';
import {
  STATE_ACCESS_LINEAR,
  STATE_ACCESS_PHYSICAL,
  STATE_ACCESS_SIZE,
  STATE_ACCESS_WHOLE,
  STATE_CHECK_PHASE,
  STATE_EXCEPTION,
  STATE_LOADED,
  STATE_TLB_MARK,
} from '../vcpu/state';
import { blockWriteHook } from '../tb/invalidate';
import { count } from '../vcpu/counters';
import { CHARGE_WINDOW, sliceCharge } from '../vcpu/slice';
import { vgaWindowRead, vgaWindowWrite } from '../vga/window';
import { deviceRead, deviceWrite } from './device';
import { ACCESS_LOAD, ACCESS_MISALIGNED_ATOMIC, ACCESS_STORE, busError } from './hook';
import { checkedAtomic, checkedLoad, checkedStore } from './record';
import {
  FILL_DEVICE,
  FILL_EXCEPTION,
  FILL_MEMORY,
  FILL_READ_ONLY,
  tlbEntry,
  tlbFill,
  TLB_ADDEND,
  TLB_READ,
  TLB_WINDOW,
  TLB_WRITE,
  VPAGE_MASK,
} from './tlb';

export const STATUS_OK: u32 = 0;
export const STATUS_EXCEPTION: u32 = 1;
export const STATUS_MISMATCH: u32 = 2;

function crossesPage(va: u64, size: u32): bool {
  return (<u32>va % PAGE_SIZE) + size > PAGE_SIZE;
}

/** The tag of an entry that answers for this address. */
function tagOf(cpu: usize, va: u64): u64 {
  return (va & VPAGE_MASK) | load<u64>(cpu, STATE_TLB_MARK);
}

/** The tag of an entry that leads to the VGA's window. */
function windowTag(va: u64): u64 {
  return (va & VPAGE_MASK) | TLB_WINDOW;
}

function chargeWindow(cpu: usize): void {
  count(cpu, COUNTER_LOCAL);
  sliceCharge(cpu, CHARGE_WINDOW);
}

/** Loads size (1, 2, 4, 8) bytes, zero-extended, into STATE_LOADED. Any alignment. */
export function memLoad(cpu: usize, va: u64, size: u32, mmu: u32): u32 {
  if (load<u32>(cpu, STATE_CHECK_PHASE) != 0) return checkedLoad(cpu, va, size, mmu);
  if (crossesPage(va, size)) return loadBytes(cpu, va, size, mmu);
  const entry = tlbEntry(cpu, va, mmu);
  let linear: usize;
  if (tagOf(cpu, va) == load<u64>(entry, TLB_READ)) linear = <u32>va + load<u32>(entry, TLB_ADDEND);
  else {
    if (load<u64>(entry, TLB_READ) == windowTag(va)) {
      store<u64>(cpu, vgaWindowRead(<u32>va + load<u32>(entry, TLB_ADDEND), size), STATE_LOADED);
      chargeWindow(cpu);
      return STATUS_OK;
    }
    store<u32>(cpu, size, STATE_ACCESS_SIZE);
    const fill = tlbFill(cpu, va, ACCESS_LOAD, mmu);
    if (fill == FILL_EXCEPTION) return STATUS_EXCEPTION;
    if (fill == FILL_DEVICE) return loadDevice(cpu, va, size, mmu);
    linear = load<u32>(cpu, STATE_ACCESS_LINEAR);
  }
  store<u64>(cpu, loadLinear(linear, size), STATE_LOADED);
  return STATUS_OK;
}

function loadLinear(linear: usize, size: u32): u64 {
  if (size == 8) return load<u64>(linear);
  if (size == 4) return load<u32>(linear);
  if (size == 2) return load<u16>(linear);
  return load<u8>(linear);
}

function loadDevice(cpu: usize, va: u64, size: u32, mmu: u32): u32 {
  if (va & (size - 1)) return loadBytes(cpu, va, size, mmu);
  if (deviceRead(cpu, load<u64>(cpu, STATE_ACCESS_PHYSICAL), size)) return STATUS_OK;
  return unanswered(cpu, va, ACCESS_LOAD);
}

/** One byte at a time, so that a fault names the first byte that faults. */
function loadBytes(cpu: usize, va: u64, size: u32, mmu: u32): u32 {
  let value: u64 = 0;
  if (crossesPage(va, size)) store<u32>(cpu, size, STATE_ACCESS_WHOLE);
  for (let i: u32 = 0; i < size; i++) {
    const status = memLoad(cpu, va + i, 1, mmu);
    store<u32>(cpu, 0, STATE_ACCESS_WHOLE);
    if (status != STATUS_OK) return STATUS_EXCEPTION;
    value |= load<u64>(cpu, STATE_LOADED) << (i * 8);
  }
  store<u64>(cpu, value, STATE_LOADED);
  return STATUS_OK;
}

/** Stores the low size (1, 2, 4, 8) bytes of value. Any alignment; a fault in the second of two pages changes neither. */
export function memStore(cpu: usize, va: u64, value: u64, size: u32, mmu: u32): u32 {
  if (load<u32>(cpu, STATE_CHECK_PHASE) != 0) return checkedStore(cpu, va, value, size, mmu);
  if (crossesPage(va, size)) return storeBytes(cpu, va, value, size, mmu);
  const entry = tlbEntry(cpu, va, mmu);
  let linear: usize;
  if (tagOf(cpu, va) == load<u64>(entry, TLB_WRITE)) linear = <u32>va + load<u32>(entry, TLB_ADDEND);
  else {
    if (load<u64>(entry, TLB_WRITE) == windowTag(va)) {
      vgaWindowWrite(<u32>va + load<u32>(entry, TLB_ADDEND), value, size);
      chargeWindow(cpu);
      return STATUS_OK;
    }
    store<u32>(cpu, size, STATE_ACCESS_SIZE);
    const fill = tlbFill(cpu, va, ACCESS_STORE, mmu);
    if (fill == FILL_EXCEPTION) return STATUS_EXCEPTION;
    if (fill == FILL_DEVICE) return storeDevice(cpu, va, value, size, mmu);
    if (fill == FILL_READ_ONLY) return STATUS_OK;
    linear = load<u32>(cpu, STATE_ACCESS_LINEAR);
    blockWriteHook(cpu, linear, size);
  }
  if (size == 8) store<u64>(linear, value);
  else if (size == 4) store<u32>(linear, <u32>value);
  else if (size == 2) store<u16>(linear, <u16>value);
  else store<u8>(linear, <u8>value);
  return STATUS_OK;
}

function storeDevice(cpu: usize, va: u64, value: u64, size: u32, mmu: u32): u32 {
  if (va & (size - 1)) return storeBytes(cpu, va, value, size, mmu);
  if (deviceWrite(cpu, load<u64>(cpu, STATE_ACCESS_PHYSICAL), value, size)) return STATUS_OK;
  return unanswered(cpu, va, ACCESS_STORE);
}

/** Asks the guest what an access is that nobody answers: an exception, or a value in STATE_LOADED. */
function unanswered(cpu: usize, va: u64, access: u32): u32 {
  busError(cpu, va, access);
  return load<u64>(cpu, STATE_EXCEPTION) != 0 ? STATUS_EXCEPTION : STATUS_OK;
}

function storeBytes(cpu: usize, va: u64, value: u64, size: u32, mmu: u32): u32 {
  if (crossesPage(va, size)) {
    // In order: a fault in the first page leaves the second page's A and D alone.
    store<u32>(cpu, size, STATE_ACCESS_WHOLE);
    const status = memProbe(cpu, va, 1, mmu, ACCESS_STORE);
    store<u32>(cpu, 0, STATE_ACCESS_WHOLE);
    if (status != STATUS_OK) return STATUS_EXCEPTION;
    if (memProbe(cpu, (va + size - 1) & VPAGE_MASK, 1, mmu, ACCESS_STORE) != STATUS_OK)
      return STATUS_EXCEPTION;
  }
  for (let i: u32 = 0; i < size; i++) {
    if (memStore(cpu, va + i, value >> (i * 8), 1, mmu) != STATUS_OK) return STATUS_EXCEPTION;
  }
  return STATUS_OK;
}

/**
 * Linear address of memory that may be read, or written, from here to the end of its page without more ado, or 0: then memLoad or memStore of an
 * element finds out, and may make it so. Raises nothing. Accesses that have to be logged are not direct.
 */
export function memDirect(cpu: usize, va: u64, mmu: u32, access: u32): usize {
  if (load<u32>(cpu, STATE_CHECK_PHASE) != 0) return 0;
  const entry = tlbEntry(cpu, va, mmu);
  if (tagOf(cpu, va) != load<u64>(entry + (access == ACCESS_STORE ? TLB_WRITE : TLB_READ))) return 0;
  return <u32>va + load<u32>(entry, TLB_ADDEND);
}

/** Offset in the VGA's window of bytes that may be written from here to the end of their page, or -1. As memDirect. */
export function memWindow(cpu: usize, va: u64, mmu: u32): i32 {
  if (load<u32>(cpu, STATE_CHECK_PHASE) != 0) return -1;
  const entry = tlbEntry(cpu, va, mmu);
  return load<u64>(entry, TLB_WRITE) == windowTag(va) ? <i32>(<u32>va + load<u32>(entry, TLB_ADDEND)) : -1;
}

/** Raises what an access of this kind would raise, and touches nothing. Within one page. */
export function memProbe(cpu: usize, va: u64, size: u32, mmu: u32, access: u32): u32 {
  const entry = tlbEntry(cpu, va, mmu);
  const tag = load<u64>(entry + (access == ACCESS_STORE ? TLB_WRITE : TLB_READ));
  if (tag == tagOf(cpu, va) || tag == windowTag(va)) return STATUS_OK;
  store<u32>(cpu, size, STATE_ACCESS_SIZE);
  return tlbFill(cpu, va, access, mmu) == FILL_EXCEPTION ? STATUS_EXCEPTION : STATUS_OK;
}

/**
 * Linear address of naturally aligned memory of size 4 or 8 bytes to be read and written atomically, or 0 with an exception
 * pending. Devices and read-only memory take no atomics: bus error.
 */
export function memAtomic(cpu: usize, va: u64, size: u32, mmu: u32): usize {
  if (load<u32>(cpu, STATE_CHECK_PHASE) != 0) return checkedAtomic(cpu, va, size, mmu);
  if (va & (size - 1)) {
    busError(cpu, va, ACCESS_MISALIGNED_ATOMIC);
    return 0;
  }
  const entry = tlbEntry(cpu, va, mmu);
  if (tagOf(cpu, va) == load<u64>(entry, TLB_WRITE)) return <u32>va + load<u32>(entry, TLB_ADDEND);
  store<u32>(cpu, size, STATE_ACCESS_SIZE);
  const fill = tlbFill(cpu, va, ACCESS_STORE, mmu);
  if (fill == FILL_EXCEPTION) return 0;
  if (fill != FILL_MEMORY) {
    busError(cpu, va, ACCESS_STORE);
    return 0;
  }
  const linear = load<u32>(cpu, STATE_ACCESS_LINEAR);
  blockWriteHook(cpu, linear, size);
  return linear;
}

/** Stores value if the naturally aligned memory holds expected (4 or 8 bytes, compared in full). */
export function memCompareExchange(cpu: usize, va: u64, expected: u64, value: u64, size: u32, mmu: u32): u32 {
  const linear = memAtomic(cpu, va, size, mmu);
  if (linear == 0) return STATUS_EXCEPTION;
  if (size == 8)
    return atomic.cmpxchg<u64>(linear, expected, value) == expected ? STATUS_OK : STATUS_MISMATCH;
  return atomic.cmpxchg<u32>(linear, <u32>expected, <u32>value) == <u32>expected
    ? STATUS_OK
    : STATUS_MISMATCH;
}
