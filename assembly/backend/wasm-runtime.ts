/**
 * What emitted regions import from the core: slow memory accesses and the way out in the middle of a block. An operation's address says
 * everything about the access, and which vCPU it belongs to.
 */
import { CPU_STATE, VCPU_BASE, VCPU_STRIDE } from '../layout';
import * as O from '../ir/ops.gen';
import { OP_A, OP_C, OP_IMM } from '../ir/builder';
import { memAtomic, memLoad, memStore } from '../softmmu/access';
import { regionBlockOf } from '../tb/region';
import {
  STATE_BUDGET,
  STATE_EXCEPTION,
  STATE_LEAVE,
  STATE_LOADED,
  STATE_STATUS,
  STATE_STATUS_OP,
} from '../vcpu/state';
import { fence, rmw32, rmw64 } from './atomic';
import { leaveAfter, leaveException } from './interpreter';

function cpuOf(op: u32): usize {
  return ((op - VCPU_BASE) & ~(VCPU_STRIDE - 1)) + VCPU_BASE + CPU_STATE;
}

/** The count of retired instructions has to be right when a device or a clock is reached. */
function enterSlow(op: u32, budget: i32): usize {
  const cpu = cpuOf(op);
  store<i64>(cpu, budget, STATE_BUDGET);
  return cpu;
}

/** Tells the region whether it has to leave, and the fault exit why. */
function settle(cpu: usize, op: u32, failed: bool): u32 {
  const leaves: u32 = failed || load<u32>(cpu, STATE_LEAVE) != 0 ? 1 : 0;
  store<u32>(cpu, leaves, STATE_STATUS);
  store<u32>(cpu, op, STATE_STATUS_OP);
  return leaves;
}

/** The value that a load operation gives; STATE_STATUS says whether the region has to leave. */
export function regionLoad(va: u64, op: u32, budget: i32): u64 {
  const cpu = enterSlow(op, budget);
  const code = <u32>load<u16>(op);
  const mmu = <u32>load<u16>(op, OP_C);
  const size: u32 = code <= O.OP_LD8S ? 1 : code <= O.OP_LD16S ? 2 : code <= O.OP_LD32S ? 4 : 8;
  const failed = memLoad(cpu, va, size, mmu) != 0;
  let value = load<u64>(cpu, STATE_LOADED);
  if (code == O.OP_LD8S) value = <u64>(<i64>(<i8>value));
  else if (code == O.OP_LD16S) value = <u64>(<i64>(<i16>value));
  else if (code == O.OP_LD32S) value = <u64>(<i64>(<i32>value));
  store<u64>(cpu, value, STATE_LOADED);
  settle(cpu, op, failed);
  return value;
}

/** Returns 1 if the region has to leave. */
export function regionStore(va: u64, value: u64, op: u32, budget: i32): u32 {
  const cpu = enterSlow(op, budget);
  const code = <u32>load<u16>(op);
  const size: u32 = code == O.OP_ST8 ? 1 : code == O.OP_ST16 ? 2 : code == O.OP_ST32 ? 4 : 8;
  return settle(cpu, op, memStore(cpu, va, value, size, load<u16>(op, OP_C)) != 0);
}

/** The old value; STATE_STATUS says whether the region has to leave. */
export function regionRmw(va: u64, value: u64, op: u32, budget: i32): u64 {
  const cpu = enterSlow(op, budget);
  const kind = <u32>load<u64>(op, OP_IMM);
  const linear = memAtomic(cpu, va, load<u16>(op) == O.OP_RMW_32 ? 4 : 8, kind >> 8);
  let old: u64 = 0;
  if (linear != 0) {
    old =
      load<u16>(op) == O.OP_RMW_32
        ? <u64>(<i64>(<i32>rmw32(linear, kind & 0xff, <u32>value)))
        : rmw64(linear, kind & 0xff, value);
    store<u64>(cpu, old, STATE_LOADED);
  }
  settle(cpu, op, linear == 0);
  return old;
}

/**
 * The fault exit: the region has stored its registers and its budget. Without an exception the instruction is complete, except for a load's
 * result, which the region had no chance to keep.
 */
export function regionFault(region: u32): u32 {
  const op = load<u32>(cpuOf(region), STATE_STATUS_OP);
  const cpu = cpuOf(op);
  const block = regionBlockOf(region, op);
  const budget = load<i64>(cpu, STATE_BUDGET);
  if (load<u64>(cpu, STATE_EXCEPTION) != 0) return leaveException(cpu, block, op, budget);
  const effect = O.irSignature(load<u16>(op)) >> 12;
  if (effect == O.EFFECT_LOAD || effect == O.EFFECT_ATOMIC)
    store<u64>(cpu + load<u16>(op, OP_A), load<u64>(cpu, STATE_LOADED));
  return leaveAfter(cpu, block, op, budget);
}

/** One barrier word serves all vCPUs: see backend/atomic.ts. */
export function regionFence(): void {
  fence(VCPU_BASE + CPU_STATE);
}
