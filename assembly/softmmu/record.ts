/**
 * Tier `check`: what tier 1 gets from outside the registers is logged, access by access, and given to tier 0 when that runs the same
 * instructions again (vcpu/check.ts). So a device sees each access once, and memory that tier 1 changed reads as it did.
 *
 * STATE_CHECK_PHASE is 1 while tier 1 runs and 2 in the replay. An access that the replay makes in another order, to another address, of another
 * size or with another value is kept in CHECK_ODD_*, and raises an exception that no guest has, which ends the replay.
 */
import * as L from '../layout';
import {
  STATE_CHECK_PHASE,
  STATE_EXCEPTION,
  STATE_EXCEPTION_VALUE,
  STATE_LEAVE,
  STATE_LOADED,
} from '../vcpu/state';
import { memAtomic, memLoad, memStore, STATUS_EXCEPTION } from './access';

/** STATE_EXCEPTION of a replay that went another way. */
const EXCEPTION_ODD: u64 = 0xffffffff;

/** Starts an empty log. */
export function recordStart(cpu: usize): void {
  const area = cpu - L.CPU_STATE;
  store<u32>(area, <u32>area + L.CPU_MODULE, L.CHECK_CURSOR);
  store<u32>(area, 0, L.CHECK_OVERFLOW);
  store<u32>(area, 0, L.CHECK_ODD);
  store<u32>(cpu, 1, STATE_CHECK_PHASE);
}

/** Starts the replay of what was logged. */
export function replayStart(cpu: usize): void {
  const area = cpu - L.CPU_STATE;
  store<u32>(area, load<u32>(area, L.CHECK_CURSOR), L.CHECK_LOG_END);
  store<u32>(area, <u32>area + L.CPU_MODULE, L.CHECK_CURSOR);
  store<u32>(cpu, 2, STATE_CHECK_PHASE);
}

export function recordStop(cpu: usize): void {
  store<u32>(cpu, 0, STATE_CHECK_PHASE);
}

/** Appends an entry, with the exception and the wish to leave that are pending now. */
function append(cpu: usize, kind: u32, va: u64, size: u32, value: u64, status: u32): void {
  const area = cpu - L.CPU_STATE;
  const entry: usize = load<u32>(area, L.CHECK_CURSOR);
  if (entry + L.RECORD_STRIDE > area + L.CPU_CHECK) {
    store<u32>(area, 1, L.CHECK_OVERFLOW);
    return;
  }
  store<u32>(entry, kind, L.RECORD_KIND);
  store<u32>(entry, size, L.RECORD_SIZE);
  store<u32>(entry, status, L.RECORD_STATUS);
  store<u32>(entry, load<u32>(cpu, STATE_LEAVE), L.RECORD_LEAVE);
  store<u64>(entry, va, L.RECORD_ADDRESS);
  store<u64>(entry, value, L.RECORD_VALUE);
  store<u64>(entry, load<u64>(cpu, STATE_EXCEPTION), L.RECORD_EXCEPTION);
  store<u64>(entry, load<u64>(cpu, STATE_EXCEPTION_VALUE), L.RECORD_EXCEPTION_VALUE);
  store<u32>(area, <u32>entry + L.RECORD_STRIDE, L.CHECK_CURSOR);
}

/** The next entry if it is this access, with its exception and wish to leave made pending again; else 0, with an exception pending. */
function next(cpu: usize, kind: u32, va: u64, size: u32, value: u64): usize {
  const area = cpu - L.CPU_STATE;
  const entry: usize = load<u32>(area, L.CHECK_CURSOR);
  if (
    entry == load<u32>(area, L.CHECK_LOG_END) ||
    load<u32>(entry, L.RECORD_KIND) != kind ||
    load<u64>(entry, L.RECORD_ADDRESS) != va ||
    load<u32>(entry, L.RECORD_SIZE) != size ||
    (kind == L.RECORD_STORE && load<u64>(entry, L.RECORD_VALUE) != value)
  ) {
    store<u32>(area, kind, L.CHECK_ODD);
    store<u32>(area, size, L.CHECK_ODD_SIZE);
    store<u64>(area, va, L.CHECK_ODD_ADDRESS);
    store<u64>(area, value, L.CHECK_ODD_VALUE);
    store<u64>(cpu, EXCEPTION_ODD, STATE_EXCEPTION);
    return 0;
  }
  store<u32>(area, <u32>entry + L.RECORD_STRIDE, L.CHECK_CURSOR);
  if (load<u32>(entry, L.RECORD_LEAVE) != 0) store<u32>(cpu, 1, STATE_LEAVE);
  store<u64>(cpu, load<u64>(entry, L.RECORD_EXCEPTION), STATE_EXCEPTION);
  if (load<u64>(entry, L.RECORD_EXCEPTION) != 0)
    store<u64>(cpu, load<u64>(entry, L.RECORD_EXCEPTION_VALUE), STATE_EXCEPTION_VALUE);
  return entry;
}

/** memLoad of both phases. */
export function checkedLoad(cpu: usize, va: u64, size: u32, mmu: u32): u32 {
  if (load<u32>(cpu, STATE_CHECK_PHASE) == 1) {
    recordStop(cpu);
    const status = memLoad(cpu, va, size, mmu);
    append(cpu, L.RECORD_LOAD, va, size, load<u64>(cpu, STATE_LOADED), status);
    store<u32>(cpu, 1, STATE_CHECK_PHASE);
    return status;
  }
  const entry = next(cpu, L.RECORD_LOAD, va, size, 0);
  if (entry == 0) return STATUS_EXCEPTION;
  store<u64>(cpu, load<u64>(entry, L.RECORD_VALUE), STATE_LOADED);
  return load<u32>(entry, L.RECORD_STATUS);
}

/** memStore of both phases. Only the stored bytes of the value count. */
export function checkedStore(cpu: usize, va: u64, value: u64, size: u32, mmu: u32): u32 {
  const stored = size == 8 ? value : value & (((<u64>1) << (size * 8)) - 1);
  if (load<u32>(cpu, STATE_CHECK_PHASE) == 1) {
    recordStop(cpu);
    const status = memStore(cpu, va, value, size, mmu);
    append(cpu, L.RECORD_STORE, va, size, stored, status);
    store<u32>(cpu, 1, STATE_CHECK_PHASE);
    return status;
  }
  const entry = next(cpu, L.RECORD_STORE, va, size, stored);
  return entry == 0 ? STATUS_EXCEPTION : load<u32>(entry, L.RECORD_STATUS);
}

/** memAtomic of both phases: in the replay the operation works on the copy of the memory's old value in the log. */
export function checkedAtomic(cpu: usize, va: u64, size: u32, mmu: u32): usize {
  if (load<u32>(cpu, STATE_CHECK_PHASE) == 1) {
    recordStop(cpu);
    const linear = memAtomic(cpu, va, size, mmu);
    let old: u64 = 0;
    if (linear != 0) old = size == 8 ? load<u64>(linear) : load<u32>(linear);
    append(cpu, L.RECORD_ATOMIC, va, size, old, linear == 0 ? STATUS_EXCEPTION : 0);
    store<u32>(cpu, 1, STATE_CHECK_PHASE);
    return linear;
  }
  const entry = next(cpu, L.RECORD_ATOMIC, va, size, 0);
  return entry == 0 || load<u32>(entry, L.RECORD_STATUS) != 0 ? 0 : entry + L.RECORD_VALUE;
}

/** A reading that is not a memory access: `value` is what there was to read in the first phase. */
export function checkedValue(cpu: usize, kind: u32, value: u64): u64 {
  if (load<u32>(cpu, STATE_CHECK_PHASE) == 1) {
    append(cpu, kind, 0, 0, value, 0);
    return value;
  }
  const entry = next(cpu, kind, 0, 0, 0);
  return entry == 0 ? 0 : load<u64>(entry, L.RECORD_VALUE);
}
