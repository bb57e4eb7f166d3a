/**
 * Emits a `callfv`, arithmetic in all lanes of vectors, inline where its result and its flags are provably those of the helper, and calls the helper elsewhere:
 *
 *   value = the Wasm instruction on the operands
 *   operands and value are safe, the state allows it ? value : helper
 *
 * What is safe in a lane:
 *   arithmetic     operands and a value that are no denormal numbers (which raise a flag of their own, or are 0 if the guest wants it so), the value below infinity
 *                  in size; a product or quotient above the least normal number, since a tiny one may have been rounded up to it, unless a factor, or the
 *                  dividend, is 0
 *   comparisons    operands that are neither denormal nor NaNs; they raise nothing then, whatever the state is
 *   roundings      operands that are neither denormal nor NaNs
 *   conversions    to binary64: the same of the operand, and again it is exact; to binary32: a value between the least normal number and infinity, or 0 for 0;
 *                  to integers: what lies in their range
 */
import * as B from '../ir/builder';
import { OP_A, OP_B, OP_C, OP_IMM } from '../ir/builder';
import { STATE_FLOAT_AT, STATE_FLOAT_MASK, STATE_FLOAT_VALUE } from '../vcpu/state';
import * as W from './wasm-bytes';
import { putHinted } from './wasm-hints';
import { localVector } from './wasm-locals';
import { getVector, putVector } from './wasm-vector';

const V128_CONST: u32 = 0x0c;
const V128_AND: u32 = 0x4e;
const V128_OR: u32 = 0x50;
const V128_XOR: u32 = 0x51;
const I32X4_ALL_TRUE: u32 = 0xa3;
const F32X4_DEMOTE: u32 = 0x5e;
const F64X2_PROMOTE: u32 = 0x5f;
const I32X4_TRUNC_F32X4: u32 = 0xf8;
const F32X4_CONVERT_I32X4: u32 = 0xfa;
const I32X4_TRUNC_F64X2: u32 = 0xfc;

/** Instructions of f32x4. Those of f64x2 come as many numbers later: comparisons 6, arithmetic 12. */
const EQ: u32 = 0x41;
const NE: u32 = 0x42;
const LT: u32 = 0x43;
const GT: u32 = 0x44;
const LE: u32 = 0x45;
const GE: u32 = 0x46;
const ABS: u32 = 0xe0;
const SQRT: u32 = 0xe3;
const ADD: u32 = 0xe4;
const SUB: u32 = 0xe5;
const MUL: u32 = 0xe6;
const DIV: u32 = 0xe7;
const PMIN: u32 = 0xea;
const PMAX: u32 = 0xeb;
const COMPARES_64: u32 = 6;
const ARITHMETIC_64: u32 = 12;

const F32X4_CEIL: u32 = 0x67;
const F32X4_FLOOR: u32 = 0x68;
const F32X4_TRUNC: u32 = 0x69;
const F32X4_NEAREST: u32 = 0x6a;
const F64X2_CEIL: u32 = 0x74;
const F64X2_FLOOR: u32 = 0x75;
const F64X2_TRUNC: u32 = 0x7a;
const F64X2_NEAREST: u32 = 0x94;

/** Bits of the least normal number, of infinity, of 2^31 and of the even lanes' signs, in each lane of a half. */
const LEAST_64: u64 = 0x0010000000000000;
const INFINITY_64: u64 = 0x7ff0000000000000;
const TWO_31_64: u64 = 0x41e0000000000000;
const LEAST_32: u64 = 0x0080000000800000;
const INFINITY_32: u64 = 0x7f8000007f800000;
const TWO_31_32: u64 = 0x4f0000004f000000;
const EVEN_32: u64 = 0x0000000080000000;
const EVEN_64: u64 = 0x8000000000000000;
/** The least normal number and the infinity of binary32, as binary64. */
const LEAST_32_AS_64: u64 = 0x3810000000000000;

/** Begins a `callfv`. The helper's call has to follow, its result pushed, then `end`, and the result is on the stack. */
export function emitPacked(cpu: usize, w: usize, op: usize): void {
  const immediate = <u32>(load<u64>(op, OP_IMM) >> 32);
  const kind = immediate & B.FLOAT_KIND;
  const double = (immediate & B.FLOAT_SINGLE) == 0;
  emitValue(cpu, w, op, kind, double);
  W.putLocalSet(w, localVector(cpu));
  emitSafe(cpu, w, op, kind, double);
  // Lanes are all ones or 0, so that those of 32 bits tell of either width.
  putVector(w, I32X4_ALL_TRUE);
  if (asksState(kind)) {
    W.putI32(w, 0);
    W.putMemory(w, W.WASM_I32_LOAD, 2, <u32>cpu + load<u32>(cpu, STATE_FLOAT_AT));
    W.putI32(w, load<u32>(cpu, STATE_FLOAT_MASK));
    W.put(w, W.WASM_I32_AND);
    W.putI32(w, load<u32>(cpu, STATE_FLOAT_VALUE));
    W.put(w, W.WASM_I32_EQ);
    W.put(w, W.WASM_I32_AND);
  }
  putHinted(cpu, w, W.WASM_IF, true);
  W.put(w, W.WASM_V128);
  W.putLocalGet(w, localVector(cpu));
  W.put(w, W.WASM_ELSE);
}

/** Whether the result or the flags depend on more than the operands. */
function asksState(kind: u32): bool {
  return (kind < B.VECTOR_MIN || kind >= B.VECTOR_ROUND) && kind != B.VECTOR_F32_TO_F64;
}

function getB(cpu: usize, w: usize, op: usize): void {
  getVector(cpu, w, load<u16>(op, OP_B));
}

function getC(cpu: usize, w: usize, op: usize): void {
  getVector(cpu, w, load<u16>(op, OP_C));
}

function getValue(cpu: usize, w: usize): void {
  W.putLocalGet(w, localVector(cpu));
}

function putConstant(w: usize, low: u64, high: u64): void {
  putVector(w, V128_CONST);
  store<u64>(load<u32>(w), low);
  store<u64>(load<u32>(w), high, 8);
  store<u32>(w, load<u32>(w) + 16);
}

function putSplat(w: usize, half: u64): void {
  putConstant(w, half, half);
}

function putArithmetic(w: usize, number: u32, double: bool): void {
  putVector(w, number + (double ? ARITHMETIC_64 : 0));
}

function putCompare(w: usize, number: u32, double: bool): void {
  putVector(w, number + (double ? COMPARES_64 : 0));
}

/** Pushes the value. */
function emitValue(cpu: usize, w: usize, op: usize, kind: u32, double: bool): void {
  if (kind >= B.VECTOR_COMPARE && kind < B.VECTOR_ROUND)
    return emitComparison(cpu, w, op, (kind - B.VECTOR_COMPARE) >> 8, double);
  // Wasm's pmin(x, y) is y < x ? y : x.
  const swapped = kind == B.VECTOR_MIN || kind == B.VECTOR_MAX;
  if (swapped) getC(cpu, w, op);
  if (kind < B.VECTOR_ROUND && kind != B.FLOAT_SQRT) getB(cpu, w, op);
  if (!swapped) getC(cpu, w, op);
  switch (kind) {
    case B.FLOAT_ADD:
      return putArithmetic(w, ADD, double);
    case B.FLOAT_SUB:
      return putArithmetic(w, SUB, double);
    case B.FLOAT_MUL:
      return putArithmetic(w, MUL, double);
    case B.FLOAT_DIV:
      return putArithmetic(w, DIV, double);
    case B.FLOAT_SQRT:
      return putArithmetic(w, SQRT, double);
    case B.VECTOR_ADDSUB:
      putConstant(w, double ? EVEN_64 : EVEN_32, double ? 0 : EVEN_32);
      putVector(w, V128_XOR);
      return putArithmetic(w, ADD, double);
    case B.VECTOR_MIN:
      return putArithmetic(w, PMIN, double);
    case B.VECTOR_MAX:
      return putArithmetic(w, PMAX, double);
    case B.VECTOR_F32_TO_F64:
      return putVector(w, F64X2_PROMOTE);
    case B.VECTOR_F64_TO_F32:
      return putVector(w, F32X4_DEMOTE);
    case B.VECTOR_I32_TO_F32:
      return putVector(w, F32X4_CONVERT_I32X4);
    case B.VECTOR_F32_TO_I32:
      putVector(w, F32X4_NEAREST);
      return putVector(w, I32X4_TRUNC_F32X4);
    case B.VECTOR_F32_TO_I32 + 0x100:
      return putVector(w, I32X4_TRUNC_F32X4);
    case B.VECTOR_F64_TO_I32:
      putVector(w, F64X2_NEAREST);
      return putVector(w, I32X4_TRUNC_F64X2);
    case B.VECTOR_F64_TO_I32 + 0x100:
      return putVector(w, I32X4_TRUNC_F64X2);
  }
  const mode = (kind - B.VECTOR_ROUND) >> 8;
  if (mode == 0) return putVector(w, double ? F64X2_NEAREST : F32X4_NEAREST);
  if (mode == 1) return putVector(w, double ? F64X2_FLOOR : F32X4_FLOOR);
  if (mode == 2) return putVector(w, double ? F64X2_CEIL : F32X4_CEIL);
  putVector(w, double ? F64X2_TRUNC : F32X4_TRUNC);
}

/** Of operands that are ordered. */
function emitComparison(cpu: usize, w: usize, op: usize, predicate: u32, double: bool): void {
  if ((predicate & 3) == 3) return putSplat(w, predicate == 3 ? 0 : <u64>-1);
  getB(cpu, w, op);
  getC(cpu, w, op);
  if (predicate == 0) putCompare(w, EQ, double);
  else if (predicate == 1) putCompare(w, LT, double);
  else if (predicate == 2) putCompare(w, LE, double);
  else if (predicate == 4) putCompare(w, NE, double);
  else putCompare(w, predicate == 5 ? GE : GT, double);
}

/** Pushes lanes of all ones where it is safe, and of 0 where it is not. */
function emitSafe(cpu: usize, w: usize, op: usize, kind: u32, double: bool): void {
  if (kind == B.VECTOR_I32_TO_F32) return putSplat(w, <u64>-1);
  if (kind == B.VECTOR_F32_TO_F64) return emitPlainValue(cpu, w);
  if (kind == B.VECTOR_F64_TO_F32) return emitNarrow(cpu, w, op);
  if (kind >= B.VECTOR_F32_TO_I32) return emitFits(cpu, w, op, kind);
  emitPlain(cpu, w, load<u16>(op, OP_C), double);
  if (kind >= B.VECTOR_ROUND) return;
  if (kind != B.FLOAT_SQRT) {
    emitPlain(cpu, w, load<u16>(op, OP_B), double);
    putVector(w, V128_AND);
  }
  if (kind >= B.VECTOR_MIN) return;
  getValue(cpu, w);
  putArithmetic(w, ABS, double);
  putSplat(w, double ? INFINITY_64 : INFINITY_32);
  putCompare(w, LT, double);
  putVector(w, V128_AND);
  if (kind == B.FLOAT_SQRT) return;
  getValue(cpu, w);
  putArithmetic(w, ABS, double);
  putSplat(w, double ? LEAST_64 : LEAST_32);
  const product = kind == B.FLOAT_MUL || kind == B.FLOAT_DIV;
  putCompare(w, product ? GT : GE, double);
  if (product) emitIsZero(cpu, w, load<u16>(op, OP_B), double);
  else {
    getValue(cpu, w);
    putSplat(w, 0);
    putCompare(w, EQ, double);
  }
  putVector(w, V128_OR);
  if (kind == B.FLOAT_MUL) {
    emitIsZero(cpu, w, load<u16>(op, OP_C), double);
    putVector(w, V128_OR);
  }
  putVector(w, V128_AND);
}

/** Pushes where an operand is neither denormal nor a NaN. */
function emitPlain(cpu: usize, w: usize, slot: u32, double: bool): void {
  getVector(cpu, w, slot);
  putArithmetic(w, ABS, double);
  putSplat(w, double ? LEAST_64 : LEAST_32);
  putCompare(w, GE, double);
  emitIsZero(cpu, w, slot, double);
  putVector(w, V128_OR);
}

function emitIsZero(cpu: usize, w: usize, slot: u32, double: bool): void {
  getVector(cpu, w, slot);
  putSplat(w, 0);
  putCompare(w, EQ, double);
}

/** Pushes where a binary32 number that the value shows as binary64 is neither denormal nor a NaN. */
function emitPlainValue(cpu: usize, w: usize): void {
  getValue(cpu, w);
  putArithmetic(w, ABS, true);
  putSplat(w, LEAST_32_AS_64);
  putCompare(w, GE, true);
  getValue(cpu, w);
  putSplat(w, 0);
  putCompare(w, EQ, true);
  putVector(w, V128_OR);
}

/** Pushes where the binary32 value is above the least normal number and below infinity in size, or was made of a 0. */
function emitNarrow(cpu: usize, w: usize, op: usize): void {
  getValue(cpu, w);
  putVector(w, F64X2_PROMOTE);
  putArithmetic(w, ABS, true);
  putSplat(w, LEAST_32_AS_64);
  putCompare(w, GT, true);
  getValue(cpu, w);
  putVector(w, F64X2_PROMOTE);
  putArithmetic(w, ABS, true);
  putSplat(w, INFINITY_64);
  putCompare(w, LT, true);
  putVector(w, V128_AND);
  emitIsZero(cpu, w, load<u16>(op, OP_C), true);
  putVector(w, V128_OR);
}

/** Pushes where an integer of 32 bits holds what c is rounded to. */
function emitFits(cpu: usize, w: usize, op: usize, kind: u32): void {
  const double = kind >= B.VECTOR_F64_TO_I32;
  getC(cpu, w, op);
  if (kind == B.VECTOR_F32_TO_I32) putVector(w, F32X4_NEAREST);
  if (kind == B.VECTOR_F64_TO_I32) putVector(w, F64X2_NEAREST);
  putArithmetic(w, ABS, double);
  putSplat(w, double ? TWO_31_64 : TWO_31_32);
  putCompare(w, LT, double);
}
