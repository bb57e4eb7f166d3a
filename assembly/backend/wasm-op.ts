/** Emits single operations of the IR as Wasm: ir/ops.def states the meaning, backend/interpreter.ts is the other tier. */
import * as O from '../ir/ops.gen';
import { OP_A, OP_B, OP_C, OP_IMM } from '../ir/builder';
import { COUNTER_REGION_HELPERS } from '../layout';
import { count } from '../vcpu/counters';
import {
  STATE_BUDGET,
  STATE_EXCEPTION,
  STATE_LEAVE,
  STATE_STATUS_OP,
  STATE_VECTOR_B,
  STATE_VECTOR_C,
} from '../vcpu/state';
import { emitBinary, emitBinary32, emitRest } from './wasm-arith';
import * as W from './wasm-bytes';
import { emitFloat, emitFloatGuard, FLOAT_ELSE, FLOAT_NONE } from './wasm-float';
import { putHinted } from './wasm-hints';
import * as I from './wasm-imports';
import { LOCAL_BUDGET, LOCAL_VALUE, localsLoad, localsStore } from './wasm-locals';
import { emitAtomic, emitLoad, emitStore } from './wasm-memory';
import { emitPacked } from './wasm-packed';
import { faultLabel } from './wasm-region';
import { getB, getC, getSlot, setA } from './wasm-slots';
import { emitVector, getVector, putVectorLoad, putVectorStore, setVector } from './wasm-vector';

/** Emits an operation of the passes' copy; slow paths get the address of the original, which says where in the guest they are. */
export function emitOperation(cpu: usize, w: usize, op: usize, original: usize): void {
  const code = <u32>load<u16>(op);
  if (code == O.OP_NOP) return;
  const signature = O.irSignature(code);
  const effect = signature >> 12;
  if (effect == O.EFFECT_LOAD) emitLoad(cpu, w, op, original, code);
  else if (effect == O.EFFECT_STORE) emitStore(cpu, w, op, original, code);
  else if (effect == O.EFFECT_ATOMIC) emitAtomic(cpu, w, op, original);
  else if (code == O.OP_CALLF) emitCallFloat(cpu, w, op, original);
  else if (code == O.OP_CALLFX) emitRaisingFloat(cpu, w, op, original);
  else if (code == O.OP_CALLFV) emitVectorFloat(cpu, w, op, original);
  else if (code == O.OP_CALLQ) emitQuick(cpu, w, op, original);
  else if (effect == O.EFFECT_CALL || code == O.OP_CALLP) emitHelper(cpu, w, op, original, false);
  else if (effect == O.EFFECT_CALLX || effect == O.EFFECT_CALLG) emitHelper(cpu, w, op, original, true);
  else if (code == O.OP_FENCE) W.putCall(w, I.IMPORT_FENCE);
  else if (emitVector(cpu, w, op, code)) return;
  else if (!emitBinary(cpu, w, op, code) && !emitBinary32(cpu, w, op, code)) emitRest(cpu, w, op, code);
}

function emitCallFloat(cpu: usize, w: usize, op: usize, original: usize): void {
  const done = emitFloat(cpu, w, op);
  if (done == FLOAT_NONE) emitHelper(cpu, w, op, original, false);
  if (done != FLOAT_ELSE) return;
  emitHelperCall(cpu, w, op);
  W.put(w, W.WASM_END);
  setA(cpu, w, op);
}

/** Its helper raises nothing but exceptions: it never sets STATE_LEAVE. */
function emitRaisingFloat(cpu: usize, w: usize, op: usize, original: usize): void {
  emitFloatGuard(cpu, w, op);
  count(cpu, COUNTER_REGION_HELPERS);
  emitWhere(cpu, w, original);
  emitHelperCall(cpu, w, op);
  W.putLocalSet(w, LOCAL_VALUE);
  emitExceptionCheck(cpu, w, 1);
  W.putLocalGet(w, LOCAL_VALUE);
  W.put(w, W.WASM_END);
  setA(cpu, w, op);
}

/** The same with vectors, which the helper finds in memory. */
function emitVectorFloat(cpu: usize, w: usize, op: usize, original: usize): void {
  emitPacked(cpu, w, op);
  count(cpu, COUNTER_REGION_HELPERS);
  emitWhere(cpu, w, original);
  W.putI32(w, 0);
  getVector(cpu, w, load<u16>(op, OP_B));
  putVectorStore(w, <u32>cpu + STATE_VECTOR_B);
  W.putI32(w, 0);
  getVector(cpu, w, load<u16>(op, OP_C));
  putVectorStore(w, <u32>cpu + STATE_VECTOR_C);
  W.putI32(w, <u32>cpu);
  for (let i = 0; i < 3; i++) W.putI64(w, 0);
  emitCallIndirect(w, op, <u32>load<u64>(op, OP_IMM) & 0xffff);
  W.putLocalSet(w, LOCAL_VALUE);
  emitExceptionCheck(cpu, w, 1);
  W.putI32(w, 0);
  putVectorLoad(w, <u32>cpu + STATE_VECTOR_B);
  W.put(w, W.WASM_END);
  setVector(cpu, w, load<u16>(op, OP_A));
}

/** Names the operation and stores the budget, for a helper that may raise. */
function emitWhere(cpu: usize, w: usize, original: usize): void {
  W.putI32(w, 0);
  W.putI32(w, <u32>original);
  W.putMemory(w, W.WASM_I32_STORE, 2, <u32>cpu + STATE_STATUS_OP);
  W.putI32(w, 0);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.put(w, W.WASM_I64_EXTEND_I32_S);
  W.putMemory(w, W.WASM_I64_STORE, 3, <u32>cpu + STATE_BUDGET);
}

/** Inside `extra` more labels: goes to the fault exit if an exception is pending. */
function emitExceptionCheck(cpu: usize, w: usize, extra: u32): void {
  W.putI32(w, 0);
  W.putMemory(w, W.WASM_I64_LOAD, 3, <u32>cpu + STATE_EXCEPTION);
  W.putI64(w, 0);
  W.put(w, W.WASM_I64_NE);
  putHinted(cpu, w, W.WASM_BR_IF, false);
  W.putU(w, faultLabel(cpu) + extra);
}

/**
 * A helper that may raise names its operation first, since the fault exit asks which one it was. One that may touch guest registers finds them
 * in memory, and what it leaves there, even with an exception, is what the region goes on with.
 */
function emitHelper(cpu: usize, w: usize, op: usize, original: usize, mayRaise: bool): void {
  count(cpu, COUNTER_REGION_HELPERS);
  if (mayRaise) emitWhere(cpu, w, original);
  const registers = load<u16>(op) == O.OP_CALLG;
  if (registers) localsStore(cpu, w);
  emitHelperCall(cpu, w, op);
  if (mayRaise) {
    W.putLocalSet(w, LOCAL_VALUE);
    if (registers) localsLoad(cpu, w);
    emitExceptionCheck(cpu, w, 0);
    W.putLocalGet(w, LOCAL_VALUE);
  }
  setA(cpu, w, op);
  if (mayRaise) emitLeaveCheck(cpu, w, 0);
}

/** Inside `extra` more labels. */
function emitLeaveCheck(cpu: usize, w: usize, extra: u32): void {
  W.putI32(w, 0);
  W.putMemory(w, W.WASM_I32_LOAD, 2, <u32>cpu + STATE_LEAVE);
  putHinted(cpu, w, W.WASM_BR_IF, false);
  W.putU(w, faultLabel(cpu) + extra);
}

/** Tries the quick function first: what the helper needs, and may leave behind, is no matter then. */
function emitQuick(cpu: usize, w: usize, op: usize, original: usize): void {
  count(cpu, COUNTER_REGION_HELPERS);
  const word = load<u64>(op, OP_IMM);
  emitCallOf(cpu, w, op, <u32>(word >> 16) & 0xffff, 0);
  W.putLocalTee(w, LOCAL_VALUE);
  W.putI64(w, 0);
  W.put(w, W.WASM_I64_LT_S);
  putHinted(cpu, w, W.WASM_IF, false);
  W.put(w, W.WASM_VOID);
  emitWhere(cpu, w, original);
  emitCallOf(cpu, w, op, <u32>word & 0xffff, 0);
  W.putLocalSet(w, LOCAL_VALUE);
  emitExceptionCheck(cpu, w, 1);
  W.putLocalGet(w, LOCAL_VALUE);
  setA(cpu, w, op);
  emitLeaveCheck(cpu, w, 1);
  W.put(w, W.WASM_END);
  W.putLocalGet(w, LOCAL_VALUE);
  setA(cpu, w, op);
}

/** Calls the operation's helper; its result is left on the stack. */
function emitHelperCall(cpu: usize, w: usize, op: usize): void {
  const word = load<u64>(op, OP_IMM);
  emitCallOf(cpu, w, op, <u32>word & 0xffff, <u32>(word >> 16) & 0xffff);
}

function emitCallOf(cpu: usize, w: usize, op: usize, index: u32, third: u32): void {
  W.putI32(w, <u32>cpu);
  getB(cpu, w, op);
  getC(cpu, w, op);
  getSlot(cpu, w, third);
  emitCallIndirect(w, op, index);
}

/** With all arguments pushed but the immediate. */
function emitCallIndirect(w: usize, op: usize, index: u32): void {
  W.putI32(w, load<u32>(op, OP_IMM + 4));
  W.putI32(w, index);
  W.put(w, W.WASM_CALL_INDIRECT);
  W.putU(w, I.TYPE_HELPER);
  W.putU(w, 0);
}
