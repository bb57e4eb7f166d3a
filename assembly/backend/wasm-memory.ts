/**
 * Emits accesses to guest memory: the probe of the TLB inline, the access itself where it hits, a call of the core's slow path where it
 * does not. Accesses of one group (ir/passes/probe.ts) share a probe: its result, the linear address or 0, stays in a local.
 */
import * as L from '../layout';
import * as O from '../ir/ops.gen';
import { OP_A, OP_C } from '../ir/builder';
import {
  accessLog,
  probeBehind,
  probeBytes,
  probeGroup,
  probeIsFirst,
  probeLocal,
  probeStart,
  probeWrites,
} from '../ir/passes/probe';
import { TLB_ADDEND, TLB_ENTRIES, TLB_MODE_SHIFT, TLB_READ, TLB_WRITE } from '../softmmu/tlb';
import { STATE_STATUS, STATE_VECTOR } from '../vcpu/state';
import * as W from './wasm-bytes';
import { putHinted } from './wasm-hints';
import * as I from './wasm-imports';
import { LOCAL_ADDRESS, LOCAL_BUDGET, LOCAL_ENTRY, LOCAL_PROBES } from './wasm-locals';
import { faultLabel } from './wasm-region';
import { getB, getC, getSlot, immediate, setA } from './wasm-slots';
import { getVector, putVectorLoad, putVectorStore, setVector } from './wasm-vector';

/** log2 of a vector's bytes. */
const VECTOR_LOG: u32 = 4;

function memoryOpcode(code: u32): u32 {
  switch (code) {
    case O.OP_LD8U:
      return W.WASM_I64_LOAD8_U;
    case O.OP_LD8S:
      return W.WASM_I64_LOAD8_S;
    case O.OP_LD16U:
      return W.WASM_I64_LOAD16_U;
    case O.OP_LD16S:
      return W.WASM_I64_LOAD16_S;
    case O.OP_LD32U:
      return W.WASM_I64_LOAD32_U;
    case O.OP_LD32S:
      return W.WASM_I64_LOAD32_S;
    case O.OP_ST8:
      return W.WASM_I64_STORE8;
    case O.OP_ST16:
      return W.WASM_I64_STORE16;
    case O.OP_ST32:
      return W.WASM_I64_STORE32;
    case O.OP_ST64:
      return W.WASM_I64_STORE;
  }
  return W.WASM_I64_LOAD;
}

/** Leaves the address at an offset from the operation's base in LOCAL_ADDRESS and the TLB entry's offset in LOCAL_ENTRY. */
function emitEntry(cpu: usize, w: usize, op: usize, offset: i64): void {
  emitAddress(cpu, w, op, offset);
  W.putLocalTee(w, LOCAL_ADDRESS);
  W.put(w, W.WASM_I32_WRAP);
  W.putI32(w, L.PAGE_BITS - 5);
  W.put(w, W.WASM_I32_SHR_U);
  W.putI32(w, (TLB_ENTRIES - 1) << 5);
  W.put(w, W.WASM_I32_AND);
}

function emitAddress(cpu: usize, w: usize, op: usize, offset: i64): void {
  getB(cpu, w, op);
  if (offset == 0) return;
  W.putI64(w, offset);
  W.put(w, W.WASM_I64_ADD);
}

function tlbTable(cpu: usize, op: usize): u32 {
  return <u32>cpu - L.CPU_STATE + L.CPU_TLB + ((<u32>load<u16>(op, OP_C)) << TLB_MODE_SHIFT);
}

/**
 * With the entry's offset on the stack: pushes whether its tag is the page of the last of so many bytes at LOCAL_ADDRESS. An access that reaches
 * into the next page misses by that, since the entry is that of the first one. `mask` has ones where the address must have none.
 */
function emitTagCheck(cpu: usize, w: usize, op: usize, tag: u32, bytes: u32, mask: i64): void {
  W.putMemory(w, W.WASM_I64_LOAD, 3, tlbTable(cpu, op) + tag);
  W.putLocalGet(w, LOCAL_ADDRESS);
  if (bytes > 1 && mask == 0) {
    W.putI64(w, bytes - 1);
    W.put(w, W.WASM_I64_ADD);
  }
  W.putI64(w, -4096 | mask);
  W.put(w, W.WASM_I64_AND);
  W.put(w, W.WASM_I64_EQ);
}

/** Pushes whether the access may be made at its linear address: its page is in the TLB, and it lies in it. */
function emitProbe(cpu: usize, w: usize, op: usize, tag: u32, log: u32): void {
  const group = probeGroup(cpu, op);
  const code = <u32>load<u16>(op);
  const aligned = code == O.OP_VLD128A || code == O.OP_VST128A;
  if (group == 0) {
    emitEntry(cpu, w, op, immediate(op));
    W.putLocalTee(w, LOCAL_ENTRY);
    emitTagCheck(cpu, w, op, tag, 1 << log, aligned ? (1 << log) - 1 : 0);
    return;
  }
  if (!aligned) {
    emitGroupProbe(cpu, w, op, group);
    return;
  }
  // 0 as well if it is not aligned.
  W.putI32(w, 0);
  emitGroupProbe(cpu, w, op, group);
  W.putLocalGet(w, LOCAL_PROBES + probeLocal(group));
  W.putI32(w, probeBehind(cpu, group, op));
  W.put(w, W.WASM_I32_ADD);
  W.putI32(w, (1 << log) - 1);
  W.put(w, W.WASM_I32_AND);
  W.put(w, W.WASM_SELECT);
}

/** Pushes the linear address of a group's start, or 0. */
function emitGroupProbe(cpu: usize, w: usize, op: usize, group: usize): void {
  const local = LOCAL_PROBES + probeLocal(group);
  if (!probeIsFirst(cpu, op)) {
    W.putLocalGet(w, local);
    return;
  }
  emitEntry(cpu, w, op, probeStart(group));
  W.putLocalSet(w, LOCAL_ENTRY);
  emitLinear(cpu, w, op);
  W.putI32(w, 0);
  W.putLocalGet(w, LOCAL_ENTRY);
  emitTagCheck(cpu, w, op, probeWrites(group) ? TLB_WRITE : TLB_READ, probeBytes(group), 0);
  W.put(w, W.WASM_SELECT);
  W.putLocalTee(w, local);
}

function emitLinear(cpu: usize, w: usize, op: usize): void {
  W.putLocalGet(w, LOCAL_ADDRESS);
  W.put(w, W.WASM_I32_WRAP);
  W.putLocalGet(w, LOCAL_ENTRY);
  W.putMemory(w, W.WASM_I32_LOAD, 2, tlbTable(cpu, op) + TLB_ADDEND);
  W.put(w, W.WASM_I32_ADD);
}

/** After a hit: pushes a linear address, and returns how far behind it the access is. */
function emitPlace(cpu: usize, w: usize, op: usize): u32 {
  const group = probeGroup(cpu, op);
  if (group == 0) {
    emitLinear(cpu, w, op);
    return 0;
  }
  W.putLocalGet(w, LOCAL_PROBES + probeLocal(group));
  return probeBehind(cpu, group, op);
}

/** After a miss: pushes the guest's address. */
function emitMissed(cpu: usize, w: usize, op: usize): void {
  if (probeGroup(cpu, op) == 0) W.putLocalGet(w, LOCAL_ADDRESS);
  else emitAddress(cpu, w, op, immediate(op));
}

/** Inside one more label than the caller's: goes to the fault exit if the slow path says so. */
function emitStatusCheck(cpu: usize, w: usize, extra: u32): void {
  W.putI32(w, 0);
  W.putMemory(w, W.WASM_I32_LOAD, 2, <u32>cpu + STATE_STATUS);
  putHinted(cpu, w, W.WASM_BR_IF, false);
  W.putU(w, faultLabel(cpu) + extra);
}

export function emitLoad(cpu: usize, w: usize, op: usize, original: usize, code: u32): void {
  if (code == O.OP_VLD128 || code == O.OP_VLD128A) {
    emitVectorLoad(cpu, w, op, original);
    return;
  }
  const log = accessLog(code);
  emitProbe(cpu, w, op, TLB_READ, log);
  putHinted(cpu, w, W.WASM_IF, true);
  W.put(w, W.WASM_I64);
  const behind = emitPlace(cpu, w, op);
  W.putMemory(w, memoryOpcode(code), log, behind);
  W.put(w, W.WASM_ELSE);
  emitMissed(cpu, w, op);
  W.putI32(w, <u32>original);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putCall(w, I.IMPORT_LOAD);
  emitStatusCheck(cpu, w, 1);
  W.put(w, W.WASM_END);
  setA(cpu, w, op);
}

export function emitStore(cpu: usize, w: usize, op: usize, original: usize, code: u32): void {
  if (code == O.OP_VST128 || code == O.OP_VST128A) {
    emitVectorStore(cpu, w, op, original);
    return;
  }
  const log = accessLog(code);
  emitProbe(cpu, w, op, TLB_WRITE, log);
  putHinted(cpu, w, W.WASM_IF, true);
  W.put(w, W.WASM_VOID);
  const behind = emitPlace(cpu, w, op);
  getSlot(cpu, w, load<u16>(op, OP_A));
  W.putMemory(w, memoryOpcode(code), log, behind);
  W.put(w, W.WASM_ELSE);
  emitMissed(cpu, w, op);
  getSlot(cpu, w, load<u16>(op, OP_A));
  W.putI32(w, <u32>original);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putCall(w, I.IMPORT_STORE);
  putHinted(cpu, w, W.WASM_BR_IF, false);
  W.putU(w, faultLabel(cpu) + 1);
  W.put(w, W.WASM_END);
}

function emitVectorLoad(cpu: usize, w: usize, op: usize, original: usize): void {
  emitProbe(cpu, w, op, TLB_READ, VECTOR_LOG);
  putHinted(cpu, w, W.WASM_IF, true);
  W.put(w, W.WASM_V128);
  putVectorLoad(w, emitPlace(cpu, w, op));
  W.put(w, W.WASM_ELSE);
  emitMissed(cpu, w, op);
  W.putI32(w, <u32>original);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putCall(w, I.IMPORT_VECTOR_LOAD);
  putHinted(cpu, w, W.WASM_BR_IF, false);
  W.putU(w, faultLabel(cpu) + 1);
  W.putI32(w, 0);
  putVectorLoad(w, <u32>cpu + STATE_VECTOR);
  W.put(w, W.WASM_END);
  setVector(cpu, w, load<u16>(op, OP_A));
}

function emitVectorStore(cpu: usize, w: usize, op: usize, original: usize): void {
  emitProbe(cpu, w, op, TLB_WRITE, VECTOR_LOG);
  putHinted(cpu, w, W.WASM_IF, true);
  W.put(w, W.WASM_VOID);
  const behind = emitPlace(cpu, w, op);
  getVector(cpu, w, load<u16>(op, OP_A));
  putVectorStore(w, behind);
  W.put(w, W.WASM_ELSE);
  W.putI32(w, 0);
  getVector(cpu, w, load<u16>(op, OP_A));
  putVectorStore(w, <u32>cpu + STATE_VECTOR);
  emitMissed(cpu, w, op);
  W.putI32(w, <u32>original);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putCall(w, I.IMPORT_VECTOR_STORE);
  putHinted(cpu, w, W.WASM_BR_IF, false);
  W.putU(w, faultLabel(cpu) + 1);
  W.put(w, W.WASM_END);
}

/** The import does the whole access. */
export function emitAtomic(cpu: usize, w: usize, op: usize, original: usize): void {
  getB(cpu, w, op);
  getC(cpu, w, op);
  W.putI32(w, <u32>original);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putCall(w, I.IMPORT_RMW);
  emitStatusCheck(cpu, w, 0);
  setA(cpu, w, op);
}
