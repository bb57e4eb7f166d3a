/**
 * What emitted regions import from the core: slow memory accesses and the way out in the middle of a block. An operation's address says
 * everything about the access, and which vCPU it belongs to.
 */
import { COUNTER_SLOW_ACCESS, CPU_STATE, VCPU_BASE, VCPU_STRIDE } from '../layout';
import { OP_C } from '../ir/builder';
import * as O from '../ir/ops.gen';
import { accessLog } from '../ir/passes/probe';
import { tlbEntry, TLB_ADDEND, TLB_READ, TLB_WRITE, VPAGE_MASK } from '../softmmu/tlb';
import { regionBlockOf } from '../tb/region';
import { count } from '../vcpu/counters';
import { STATE_BUDGET, STATE_LOADED, STATE_STATUS, STATE_STATUS_OP } from '../vcpu/state';
import { fence } from './atomic';
import { leaveInside } from './leave';
import { slowLoad, slowRmw, slowStore, slowVectorLoad, slowVectorStore } from './slow';

function cpuOf(op: u32): usize {
  return ((op - VCPU_BASE) & ~(VCPU_STRIDE - 1)) + VCPU_BASE + CPU_STATE;
}

/** Tells the region whether it has to leave, and the fault exit where. */
function settle(cpu: usize, op: u32, leaves: bool): void {
  count(cpu, COUNTER_SLOW_ACCESS);
  store<u32>(cpu, leaves, STATE_STATUS);
  store<u32>(cpu, op, STATE_STATUS_OP);
}

/**
 * Linear address of an access whose page the TLB holds, or 0. It missed because its group reaches into another page (ir/passes/probe.ts): a
 * stack frame there makes that frequent.
 */
function linearOf(cpu: usize, op: u32, va: u64, tag: u32): u32 {
  const entry = tlbEntry(cpu, va, load<u16>(op, OP_C));
  const last = va + ((<u64>1) << accessLog(load<u16>(op))) - 1;
  return load<u64>(entry + tag) == (last & VPAGE_MASK) ? <u32>va + load<u32>(entry, TLB_ADDEND) : 0;
}

function loadAs(linear: usize, code: u32): u64 {
  switch (code) {
    case O.OP_LD8U:
      return load<u8>(linear);
    case O.OP_LD8S:
      return load<i8>(linear);
    case O.OP_LD16U:
      return load<u16>(linear);
    case O.OP_LD16S:
      return load<i16>(linear);
    case O.OP_LD32U:
      return load<u32>(linear);
    case O.OP_LD32S:
      return load<i32>(linear);
  }
  return load<u64>(linear);
}

/** The value that a load operation gives; STATE_STATUS says whether the region has to leave. */
export function regionLoad(va: u64, op: u32, budget: i32): u64 {
  const cpu = cpuOf(op);
  const linear = linearOf(cpu, op, va, TLB_READ);
  if (linear != 0) {
    settle(cpu, op, false);
    return loadAs(linear, load<u16>(op));
  }
  settle(cpu, op, slowLoad(cpu, op, va, budget));
  return load<u64>(cpu, STATE_LOADED);
}

/** Returns 1 if the region has to leave. */
export function regionStore(va: u64, value: u64, op: u32, budget: i32): u32 {
  const cpu = cpuOf(op);
  const linear = linearOf(cpu, op, va, TLB_WRITE);
  if (linear != 0) {
    settle(cpu, op, false);
    switch (accessLog(load<u16>(op))) {
      case 0:
        store<u8>(linear, <u8>value);
        break;
      case 1:
        store<u16>(linear, <u16>value);
        break;
      case 2:
        store<u32>(linear, <u32>value);
        break;
      default:
        store<u64>(linear, value);
    }
    return 0;
  }
  const leaves = slowStore(cpu, op, va, value, budget);
  settle(cpu, op, leaves);
  return leaves;
}

/** Loads into STATE_VECTOR. Returns 1 if the region has to leave. */
export function regionVectorLoad(va: u64, op: u32, budget: i32): u32 {
  const cpu = cpuOf(op);
  const leaves = slowVectorLoad(cpu, op, va, budget);
  settle(cpu, op, leaves);
  return leaves;
}

/** Stores what is in STATE_VECTOR. Returns 1 if the region has to leave. */
export function regionVectorStore(va: u64, op: u32, budget: i32): u32 {
  const cpu = cpuOf(op);
  const leaves = slowVectorStore(cpu, op, va, budget);
  settle(cpu, op, leaves);
  return leaves;
}

/** The old value; STATE_STATUS says whether the region has to leave. */
export function regionRmw(va: u64, value: u64, op: u32, budget: i32): u64 {
  const cpu = cpuOf(op);
  settle(cpu, op, slowRmw(cpu, op, va, value, budget));
  return load<u64>(cpu, STATE_LOADED);
}

/** The fault exit: the region has stored its registers and its budget. Returns LEAVE_*. */
export function regionFault(region: u32): u32 {
  const op = load<u32>(cpuOf(region), STATE_STATUS_OP);
  const cpu = cpuOf(op);
  return leaveInside(cpu, regionBlockOf(region, op), op, load<i64>(cpu, STATE_BUDGET));
}

/** One barrier word serves all vCPUs: see backend/atomic.ts. */
export function regionFence(): void {
  fence(VCPU_BASE + CPU_STATE);
}
