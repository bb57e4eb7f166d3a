/**
 * What both tiers do for an access of guest memory whose inline probe misses, and for every atomic. The operation says everything about the access
 * but its address. Each returns whether the block has to be left (leave.ts, leaveInside): because of an exception, or of STATE_LEAVE.
 */
import * as O from '../ir/ops.gen';
import { OP_C, OP_IMM } from '../ir/builder';
import { memAtomic, memLoad, memProbe, memStore } from '../softmmu/access';
import { ACCESS_MISALIGNED, ACCESS_STORE, busError } from '../softmmu/hook';
import { STATE_BUDGET, STATE_LEAVE, STATE_LOADED, STATE_VECTOR } from '../vcpu/state';
import { rmw32, rmw64 } from './atomic';

/** Leaves the value, extended as the operation says, in STATE_LOADED. The count of retired instructions has to be right when a device or a clock is reached. */
export function slowLoad(cpu: usize, op: usize, va: u64, budget: i64): bool {
  store<i64>(cpu, budget, STATE_BUDGET);
  const code = <u32>load<u16>(op);
  const size: u32 = code <= O.OP_LD8S ? 1 : code <= O.OP_LD16S ? 2 : code <= O.OP_LD32S ? 4 : 8;
  const status = memLoad(cpu, va, size, load<u16>(op, OP_C));
  let value = load<u64>(cpu, STATE_LOADED);
  if (code == O.OP_LD8S) value = <u64>(<i64>(<i8>value));
  else if (code == O.OP_LD16S) value = <u64>(<i64>(<i16>value));
  else if (code == O.OP_LD32S) value = <u64>(<i64>(<i32>value));
  store<u64>(cpu, value, STATE_LOADED);
  return status != 0 || load<u32>(cpu, STATE_LEAVE) != 0;
}

export function slowStore(cpu: usize, op: usize, va: u64, value: u64, budget: i64): bool {
  store<i64>(cpu, budget, STATE_BUDGET);
  const code = <u32>load<u16>(op);
  const size: u32 = code == O.OP_ST8 ? 1 : code == O.OP_ST16 ? 2 : code == O.OP_ST32 ? 4 : 8;
  const status = memStore(cpu, va, value, size, load<u16>(op, OP_C));
  return status != 0 || load<u32>(cpu, STATE_LEAVE) != 0;
}

/** Leaves the old value, sign-extended, in STATE_LOADED. */
export function slowRmw(cpu: usize, op: usize, va: u64, value: u64, budget: i64): bool {
  store<i64>(cpu, budget, STATE_BUDGET);
  const kind = <u32>load<u64>(op, OP_IMM);
  const word = load<u16>(op) == O.OP_RMW_32;
  const linear = memAtomic(cpu, va, word ? 4 : 8, kind >> 8);
  if (linear == 0) return true;
  const old = word
    ? <u64>(<i64>(<i32>rmw32(linear, kind & 0xff, <u32>value)))
    : rmw64(linear, kind & 0xff, value);
  store<u64>(cpu, old, STATE_LOADED);
  return load<u32>(cpu, STATE_LEAVE) != 0;
}

/** Leaves the 16 bytes in STATE_VECTOR. */
export function slowVectorLoad(cpu: usize, op: usize, va: u64, budget: i64): bool {
  store<i64>(cpu, budget, STATE_BUDGET);
  const mmu = <u32>load<u16>(op, OP_C);
  if (load<u16>(op) == O.OP_VLD128A && (va & 15) != 0) {
    busError(cpu, va, ACCESS_MISALIGNED);
    return true;
  }
  if (memLoad(cpu, va, 8, mmu) != 0) return true;
  store<u64>(cpu, load<u64>(cpu, STATE_LOADED), STATE_VECTOR);
  if (memLoad(cpu, va + 8, 8, mmu) != 0) return true;
  store<u64>(cpu, load<u64>(cpu, STATE_LOADED), STATE_VECTOR + 8);
  return load<u32>(cpu, STATE_LEAVE) != 0;
}

/** Stores the 16 bytes in STATE_VECTOR; all of them or, with an exception, none. */
export function slowVectorStore(cpu: usize, op: usize, va: u64, budget: i64): bool {
  store<i64>(cpu, budget, STATE_BUDGET);
  const mmu = <u32>load<u16>(op, OP_C);
  if (load<u16>(op) == O.OP_VST128A && (va & 15) != 0) {
    busError(cpu, va, ACCESS_MISALIGNED);
    return true;
  }
  if (memProbe(cpu, va, 1, mmu, ACCESS_STORE) != 0 || memProbe(cpu, va + 15, 1, mmu, ACCESS_STORE) != 0)
    return true;
  if (memStore(cpu, va, load<u64>(cpu, STATE_VECTOR), 8, mmu) != 0) return true;
  if (memStore(cpu, va + 8, load<u64>(cpu, STATE_VECTOR + 8), 8, mmu) != 0) return true;
  return load<u32>(cpu, STATE_LEAVE) != 0;
}
