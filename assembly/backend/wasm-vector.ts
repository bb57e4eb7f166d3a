/** Emits the vector operations of the IR: the Wasm SIMD instructions that they name (ir/vector-ops.ts), on locals of type v128. */
import * as O from '../ir/ops.gen';
import { OP_A, OP_B, OP_C } from '../ir/builder';
import { shuffleByte } from '../ir/shuffle';
import * as W from './wasm-bytes';
import { localOf, localVector } from './wasm-locals';
import { getC, immediate, setA } from './wasm-slots';

const PREFIX: u32 = 0xfd;
const V128_LOAD: u32 = 0x00;
const V128_STORE: u32 = 0x0b;
const I8X16_SHUFFLE: u32 = 0x0d;
const I64X2_EXTRACT_LANE: u32 = 0x1d;
const I64X2_REPLACE_LANE: u32 = 0x1e;

export function putVector(w: usize, number: u32): void {
  W.put(w, PREFIX);
  W.putU(w, number);
}

export function putVectorLoad(w: usize, offset: u32): void {
  putVector(w, V128_LOAD);
  W.putU(w, 4);
  W.putU(w, offset);
}

export function putVectorStore(w: usize, offset: u32): void {
  putVector(w, V128_STORE);
  W.putU(w, 4);
  W.putU(w, offset);
}

export function getVector(cpu: usize, w: usize, slot: u32): void {
  const local = localOf(cpu, slot);
  if (local != 0) W.putLocalGet(w, local);
  else {
    W.putI32(w, 0);
    putVectorLoad(w, <u32>cpu + slot);
  }
}

/** Stores the vector on the stack into a slot. */
export function setVector(cpu: usize, w: usize, slot: u32): void {
  const local = localOf(cpu, slot);
  if (local != 0) W.putLocalSet(w, local);
  else {
    W.putLocalSet(w, localVector(cpu));
    W.putI32(w, 0);
    W.putLocalGet(w, localVector(cpu));
    putVectorStore(w, <u32>cpu + slot);
  }
}

/** Emits a vector operation that touches no memory. False if it is none. */
export function emitVector(cpu: usize, w: usize, op: usize, code: u32): bool {
  if (code < O.OP_VMOV || code > O.OP_VSHUF) return false;
  getVector(cpu, w, load<u16>(op, OP_B));
  const number = <u32>immediate(op);
  if (code == O.OP_VTEST || code == O.OP_VGET64) {
    putVector(w, code == O.OP_VTEST ? number : I64X2_EXTRACT_LANE);
    W.put(w, code == O.OP_VTEST ? W.WASM_I64_EXTEND_I32_U : number);
    setA(cpu, w, op);
    return true;
  }
  switch (code) {
    case O.OP_VBIN:
      getVector(cpu, w, load<u16>(op, OP_C));
      putVector(w, number);
      break;
    case O.OP_VUN:
      putVector(w, number);
      break;
    case O.OP_VSHIFT:
      getC(cpu, w, op);
      W.put(w, W.WASM_I32_WRAP);
      putVector(w, number);
      break;
    case O.OP_VSET64:
      getC(cpu, w, op);
      putVector(w, I64X2_REPLACE_LANE);
      W.put(w, number);
      break;
    case O.OP_VSHUF:
      getVector(cpu, w, load<u16>(op, OP_C));
      putVector(w, I8X16_SHUFFLE);
      for (let i: u32 = 0; i < 16; i++) W.put(w, shuffleByte(immediate(op), i));
      break;
  }
  setVector(cpu, w, load<u16>(op, OP_A));
  return true;
}
