/** The kinds of the IR's `rmw` operations on memory that other vCPUs and devices see. */
import { STATE_FENCE } from '../vcpu/state';
import {
  RMW_ADD,
  RMW_AND,
  RMW_MAXS,
  RMW_MAXU,
  RMW_MINS,
  RMW_MINU,
  RMW_OR,
  RMW_SWAP,
  RMW_XOR,
} from '../ir/builder';

/** Applies a read-modify-write to naturally aligned memory; returns the old value. */
export function rmw32(linear: usize, kind: u32, value: u32): u32 {
  switch (kind) {
    case RMW_SWAP:
      return atomic.xchg<u32>(linear, value);
    case RMW_ADD:
      return atomic.add<u32>(linear, value);
    case RMW_XOR:
      return atomic.xor<u32>(linear, value);
    case RMW_AND:
      return atomic.and<u32>(linear, value);
    case RMW_OR:
      return atomic.or<u32>(linear, value);
  }
  while (true) {
    const old = atomic.load<u32>(linear);
    let next = value;
    if (kind == RMW_MINS) next = <i32>old < <i32>value ? old : value;
    else if (kind == RMW_MAXS) next = <i32>old > <i32>value ? old : value;
    else if (kind == RMW_MINU) next = old < value ? old : value;
    else if (kind == RMW_MAXU) next = old > value ? old : value;
    if (atomic.cmpxchg<u32>(linear, old, next) == old) return old;
  }
}

/** Applies a read-modify-write to naturally aligned memory; returns the old value. */
export function rmw64(linear: usize, kind: u32, value: u64): u64 {
  switch (kind) {
    case RMW_SWAP:
      return atomic.xchg<u64>(linear, value);
    case RMW_ADD:
      return atomic.add<u64>(linear, value);
    case RMW_XOR:
      return atomic.xor<u64>(linear, value);
    case RMW_AND:
      return atomic.and<u64>(linear, value);
    case RMW_OR:
      return atomic.or<u64>(linear, value);
  }
  while (true) {
    const old = atomic.load<u64>(linear);
    let next = value;
    if (kind == RMW_MINS) next = <i64>old < <i64>value ? old : value;
    else if (kind == RMW_MAXS) next = <i64>old > <i64>value ? old : value;
    else if (kind == RMW_MINU) next = old < value ? old : value;
    else if (kind == RMW_MAXU) next = old > value ? old : value;
    if (atomic.cmpxchg<u64>(linear, old, next) == old) return old;
  }
}

/**
 * Orders earlier accesses before later ones. AssemblyScript 0.28 emits an atomic.fence that Wasm engines reject, so this is a sequentially
 * consistent read-modify-write of a word that nobody else uses, which is a full barrier on every host.
 */
export function fence(cpu: usize): void {
  atomic.or<u32>(cpu + STATE_FENCE, 0);
}
