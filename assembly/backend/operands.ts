/** Operands of an operation as tier 0 reads and writes them. */
import { CPU_STATE, CPU_TLB, PAGE_BITS } from '../layout';
import { OP_A, OP_B, OP_C, OP_IMM } from '../ir/builder';
import { TLB_ENTRIES, TLB_MODE_SHIFT } from '../softmmu/tlb';
import { STATE_VECTOR_B, STATE_VECTOR_C } from '../vcpu/state';

export function rb(cpu: usize, op: usize): u64 {
  return load<u64>(cpu + load<u16>(op, OP_B));
}

export function rc(cpu: usize, op: usize): u64 {
  return load<u64>(cpu + load<u16>(op, OP_C));
}

export function imm(op: usize): u64 {
  return load<u64>(op, OP_IMM);
}

export function wa(cpu: usize, op: usize, value: u64): void {
  store<u64>(cpu + load<u16>(op, OP_A), value);
}

/** Addresses of the 16 bytes of a vector operand. */
export function rv(cpu: usize, op: usize, field: usize): usize {
  return cpu + load<u16>(op + field);
}

export function wv(cpu: usize, op: usize): usize {
  return cpu + load<u16>(op, OP_A);
}

/** `field` is as ir/builder.ts, bitField makes it: fewer than 64 bits. */
export function deposit(value: u64, part: u64, field: u32): u64 {
  const first = field & 63;
  const mask = ((<u64>1) << (field >> 8)) - 1;
  return (value & ~(mask << first)) | ((part & mask) << first);
}

export function extract(value: u64, field: u32): u64 {
  return (value >> (field & 63)) & (((<u64>1) << (field >> 8)) - 1);
}

export function sext32(value: u64): u64 {
  return <u64>(<i64>(<i32>value));
}

/** The TLB entry that may hold the page of a guest-virtual address, for the operation's MMU index. */
export function tlbAt(cpu: usize, op: usize, va: u64): usize {
  return (
    cpu +
    (CPU_TLB - CPU_STATE) +
    ((<usize>load<u16>(op, OP_C)) << TLB_MODE_SHIFT) +
    ((<usize>(va >> PAGE_BITS) & (TLB_ENTRIES - 1)) << 5)
  );
}

/** Calls the helper that the operation names: see ir/builder.ts, helperWord. */
export function callHelper(cpu: usize, op: usize): u64 {
  const word = load<u64>(op, OP_IMM);
  const third = load<u64>(cpu + (<usize>(word >> 16) & 0xffff));
  return call_indirect<u64>(<u32>word & 0xffff, cpu, rb(cpu, op), rc(cpu, op), third, <u32>(word >> 32));
}

/** A `callfv`; its result is in STATE_VECTOR_B. */
export function callVector(cpu: usize, op: usize): void {
  v128.store(cpu, v128.load(rv(cpu, op, OP_B)), STATE_VECTOR_B);
  v128.store(cpu, v128.load(rv(cpu, op, OP_C)), STATE_VECTOR_C);
  const word = load<u64>(op, OP_IMM);
  call_indirect<u64>(<u32>word & 0xffff, cpu, <u64>0, <u64>0, <u64>0, <u32>(word >> 32));
}

/** A `callq`: the quick function, or else the helper. */
export function callQuick(cpu: usize, op: usize): u64 {
  const word = load<u64>(op, OP_IMM);
  const immediate = <u32>(word >> 32);
  const b = rb(cpu, op);
  const c = rc(cpu, op);
  const quick = call_indirect<u64>(<u32>(word >> 16) & 0xffff, cpu, b, c, <u64>0, immediate);
  if (<i64>quick >= 0) return quick;
  return call_indirect<u64>(<u32>word & 0xffff, cpu, b, c, <u64>0, immediate);
}
