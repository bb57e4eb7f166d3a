/** Emits reads and writes of the IR's slots: a local of the region, the constant 0, or a field of the vCPU state. */
import { OP_A, OP_B, OP_C, OP_IMM } from '../ir/builder';
import { STATE_ZERO } from '../vcpu/state';
import * as W from './wasm-bytes';
import { LOCAL_VALUE, localOf } from './wasm-locals';

export function getSlot(cpu: usize, w: usize, slot: u32): void {
  const local = localOf(cpu, slot);
  if (local != 0) W.putLocalGet(w, local);
  else if (slot == STATE_ZERO) W.putI64(w, 0);
  else {
    W.putI32(w, 0);
    W.putMemory(w, W.WASM_I64_LOAD, 3, <u32>cpu + slot);
  }
}

/** Stores the value on the stack into a slot. */
export function setSlot(cpu: usize, w: usize, slot: u32): void {
  const local = localOf(cpu, slot);
  if (local != 0) W.putLocalSet(w, local);
  else {
    W.putLocalSet(w, LOCAL_VALUE);
    W.putI32(w, 0);
    W.putLocalGet(w, LOCAL_VALUE);
    W.putMemory(w, W.WASM_I64_STORE, 3, <u32>cpu + slot);
  }
}

export function getB(cpu: usize, w: usize, op: usize): void {
  getSlot(cpu, w, load<u16>(op, OP_B));
}

export function getC(cpu: usize, w: usize, op: usize): void {
  getSlot(cpu, w, load<u16>(op, OP_C));
}

export function setA(cpu: usize, w: usize, op: usize): void {
  setSlot(cpu, w, load<u16>(op, OP_A));
}

export function immediate(op: usize): i64 {
  return load<i64>(op, OP_IMM);
}
