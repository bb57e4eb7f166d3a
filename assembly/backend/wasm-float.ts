/**
 * Emits binary64 arithmetic inline where its result and its flags are provably those of the helper, and calls the helper elsewhere:
 *
 *   value = the Wasm instruction on the operands
 *   value's range is safe, inexact is already accrued, rounding is to nearest ? value : helper
 *
 * Why a range is safe is said in fpu/f64-arith.ts, which does the same. Comparisons need two operands that are no NaNs; with them they raise
 * nothing. Conversions from 32-bit integers are exact.
 */
import * as B from '../ir/builder';
import {
  STATE_FFLAGS,
  STATE_FLOAT_AT,
  STATE_FLOAT_MASK,
  STATE_FLOAT_VALUE,
  STATE_HOST_FMA,
  STATE_ROUNDING_AT,
} from '../vcpu/state';
import * as W from './wasm-bytes';
import { putHinted } from './wasm-hints';
import { LOCAL_VALUE } from './wasm-locals';
import { getB, getC, getSlot, setA } from './wasm-slots';
import { putVector } from './wasm-vector';

const NX: u32 = 1;

/** Twice the bits of infinity, and of the first number above the smallest normal one: the sign is shifted out. */
const INFINITY: u64 = 0xffe0000000000000;
const LEAST: u64 = 0x0020000000000002;
const EXPONENT: u64 = 0x7ff0000000000000;
/** The same of binary32, in the high half. */
const INFINITY_32: u64 = 0xff00000000000000;
const LEAST_32: u64 = 0x0100000200000000;
const EXPONENT_32: u64 = 0x7f800000;
const HIGH_HALF: u64 = 0xffffffff00000000;

const F32_SQRT: u32 = 0x91;
const I32_REINTERPRET_F32: u32 = 0xbc;
const F32_REINTERPRET_I32: u32 = 0xbe;
const F64_EQ: u32 = 0x61;
const F64_LT: u32 = 0x63;
const F64_LE: u32 = 0x65;
const F64_NEG: u32 = 0x9a;
const F64_SQRT: u32 = 0x9f;
const F64_ADD: u32 = 0xa0;
const F64_SUB: u32 = 0xa1;
const F64_MUL: u32 = 0xa2;
const F64_DIV: u32 = 0xa3;
const F64_CONVERT_I32_S: u32 = 0xb7;
const F64_CONVERT_I32_U: u32 = 0xb8;
const I64_REINTERPRET_F64: u32 = 0xbd;
const F64_REINTERPRET_I64: u32 = 0xbf;
const F64X2_SPLAT: u32 = 0x14;
const F64X2_EXTRACT_LANE: u32 = 0x21;
const F64X2_RELAXED_MADD: u32 = 0x107;

/** What emitFloat did. */
export const FLOAT_NONE: u32 = 0;
export const FLOAT_ELSE: u32 = 1;
export const FLOAT_DONE: u32 = 2;

/** Begins a `callf`. FLOAT_ELSE: the helper's call has to follow, then `end`, and the result is on the stack. FLOAT_DONE: it is complete. */
export function emitFloat(cpu: usize, w: usize, op: usize): u32 {
  const immediate = <u32>(load<u64>(op, B.OP_IMM) >> 32);
  const kind = immediate & B.FLOAT_KIND;
  switch (kind) {
    case B.FLOAT_FROM_I32:
    case B.FLOAT_FROM_U32:
      getB(cpu, w, op);
      W.put(w, W.WASM_I32_WRAP);
      W.put(w, kind == B.FLOAT_FROM_I32 ? F64_CONVERT_I32_S : F64_CONVERT_I32_U);
      W.put(w, I64_REINTERPRET_F64);
      setA(cpu, w, op);
      return FLOAT_DONE;
    case B.FLOAT_EQ:
      return emitFloatCompare(cpu, w, op, F64_EQ);
    case B.FLOAT_LT:
      return emitFloatCompare(cpu, w, op, F64_LT);
    case B.FLOAT_LE:
      return emitFloatCompare(cpu, w, op, F64_LE);
  }
  const rounding = immediate & 7;
  if (rounding != 0 && rounding != B.FLOAT_DYNAMIC) return FLOAT_NONE;
  let tiny = false;
  switch (kind) {
    case B.FLOAT_ADD:
      emitBoth(cpu, w, op, F64_ADD);
      break;
    case B.FLOAT_SUB:
      emitBoth(cpu, w, op, F64_SUB);
      break;
    case B.FLOAT_MUL:
      emitBoth(cpu, w, op, F64_MUL);
      tiny = true;
      break;
    case B.FLOAT_DIV:
      emitBoth(cpu, w, op, F64_DIV);
      tiny = true;
      break;
    case B.FLOAT_SQRT:
      getB(cpu, w, op);
      W.put(w, F64_REINTERPRET_I64);
      W.put(w, F64_SQRT);
      break;
    default:
      if (load<u32>(cpu, STATE_HOST_FMA) == 0) return FLOAT_NONE;
      emitFused(cpu, w, op, kind);
      tiny = true;
  }
  W.put(w, I64_REINTERPRET_F64);
  emitSafeRange(w, 1, tiny ? LEAST : 0, INFINITY);
  W.putI32(w, 0);
  W.putMemory(w, W.WASM_I32_LOAD, 2, <u32>cpu + STATE_FFLAGS);
  W.putI32(w, NX);
  W.put(w, W.WASM_I32_AND);
  W.put(w, W.WASM_I32_AND);
  if (rounding == B.FLOAT_DYNAMIC) {
    W.putI32(w, 0);
    W.putMemory(w, W.WASM_I32_LOAD, 2, <u32>cpu + load<u32>(cpu, STATE_ROUNDING_AT));
    W.put(w, W.WASM_I32_EQZ);
    W.put(w, W.WASM_I32_AND);
  }
  putHinted(cpu, w, W.WASM_IF, true);
  W.put(w, W.WASM_I64);
  W.putLocalGet(w, LOCAL_VALUE);
  W.put(w, W.WASM_ELSE);
  return FLOAT_ELSE;
}

/**
 * Begins a `callfx`: the helper's call has to follow, then `end`, and the result is on the stack. Inline are numbers that are normal and whose
 * result is in the safe range, while STATE_FLOAT_AT allows it: an operand that is denormal would raise a flag of its own, one that is
 * infinite or a NaN makes the result one, but for a quotient, which is tiny. A sum that is denormal is exact, but a guest may want 0 for it.
 */
export function emitFloatGuard(cpu: usize, w: usize, op: usize): void {
  const immediate = <u32>(load<u64>(op, B.OP_IMM) >> 32);
  const kind = immediate & B.FLOAT_KIND;
  const single = (immediate & B.FLOAT_SINGLE) != 0;
  const root = kind == B.FLOAT_SQRT;
  getB(cpu, w, op);
  emitAsFloat(w, single);
  if (!root) {
    getC(cpu, w, op);
    emitAsFloat(w, single);
  }
  W.put(w, single ? opcodeOf(kind) - F64_SQRT + F32_SQRT : opcodeOf(kind));
  if (single) {
    W.put(w, I32_REINTERPRET_F32);
    W.put(w, W.WASM_I64_EXTEND_I32_U);
    emitSafeRange(w, 33, root ? 0 : LEAST_32, INFINITY_32);
  } else {
    W.put(w, I64_REINTERPRET_F64);
    emitSafeRange(w, 1, root ? 0 : LEAST, INFINITY);
  }
  W.putI32(w, 0);
  W.putMemory(w, W.WASM_I32_LOAD, 2, <u32>cpu + load<u32>(cpu, STATE_FLOAT_AT));
  W.putI32(w, load<u32>(cpu, STATE_FLOAT_MASK));
  W.put(w, W.WASM_I32_AND);
  W.putI32(w, load<u32>(cpu, STATE_FLOAT_VALUE));
  W.put(w, W.WASM_I32_EQ);
  W.put(w, W.WASM_I32_AND);
  getB(cpu, w, op);
  emitHasExponent(w, single);
  if (!root) {
    getC(cpu, w, op);
    emitHasExponent(w, single);
  }
  putHinted(cpu, w, W.WASM_IF, true);
  W.put(w, W.WASM_I64);
  W.putLocalGet(w, LOCAL_VALUE);
  if (single) {
    if (root) getSlot(cpu, w, <u32>(load<u64>(op, B.OP_IMM) >> 16) & 0xffff);
    else getB(cpu, w, op);
    W.putI64(w, HIGH_HALF);
    W.put(w, W.WASM_I64_AND);
    W.put(w, W.WASM_I64_OR);
  }
  W.put(w, W.WASM_ELSE);
}

/** Wasm's instruction for binary64. Those for binary32 have the same order. */
function opcodeOf(kind: u32): u32 {
  if (kind == B.FLOAT_ADD) return F64_ADD;
  if (kind == B.FLOAT_SUB) return F64_SUB;
  if (kind == B.FLOAT_MUL) return F64_MUL;
  return kind == B.FLOAT_DIV ? F64_DIV : F64_SQRT;
}

function emitAsFloat(w: usize, single: bool): void {
  if (single) W.put(w, W.WASM_I32_WRAP);
  W.put(w, single ? F32_REINTERPRET_I32 : F64_REINTERPRET_I64);
}

/** With a condition and a number on the stack: pushes whether it holds and the number is neither denormal nor 0. */
function emitHasExponent(w: usize, single: bool): void {
  W.putI64(w, single ? EXPONENT_32 : EXPONENT);
  W.put(w, W.WASM_I64_AND);
  W.putI64(w, 0);
  W.put(w, W.WASM_I64_NE);
  W.put(w, W.WASM_I32_AND);
}

/**
 * With a number's bits on the stack: leaves them in LOCAL_VALUE and pushes whether they, shifted to the left so that the sign is gone, are from `least` on and
 * below `infinity`.
 */
function emitSafeRange(w: usize, shift: i64, least: u64, infinity: u64): void {
  W.putLocalTee(w, LOCAL_VALUE);
  W.putI64(w, shift);
  W.put(w, W.WASM_I64_SHL);
  if (least != 0) {
    W.putI64(w, least);
    W.put(w, W.WASM_I64_SUB);
  }
  W.putI64(w, infinity - least);
  W.put(w, W.WASM_I64_LT_U);
}

function pushB(cpu: usize, w: usize, op: usize): void {
  getB(cpu, w, op);
  W.put(w, F64_REINTERPRET_I64);
}

function pushC(cpu: usize, w: usize, op: usize): void {
  getC(cpu, w, op);
  W.put(w, F64_REINTERPRET_I64);
}

function emitBoth(cpu: usize, w: usize, op: usize, opcode: u32): void {
  pushB(cpu, w, op);
  pushC(cpu, w, op);
  W.put(w, opcode);
}

/** ±b × c ± third */
function emitFused(cpu: usize, w: usize, op: usize, kind: u32): void {
  pushB(cpu, w, op);
  if (kind == B.FLOAT_FNMSUB || kind == B.FLOAT_FNMADD) W.put(w, F64_NEG);
  putVector(w, F64X2_SPLAT);
  pushC(cpu, w, op);
  putVector(w, F64X2_SPLAT);
  getSlot(cpu, w, <u32>(load<u64>(op, B.OP_IMM) >> 16) & 0xffff);
  W.put(w, F64_REINTERPRET_I64);
  if (kind == B.FLOAT_FMSUB || kind == B.FLOAT_FNMADD) W.put(w, F64_NEG);
  putVector(w, F64X2_SPLAT);
  putVector(w, F64X2_RELAXED_MADD);
  putVector(w, F64X2_EXTRACT_LANE);
  W.put(w, 0);
}

function emitFloatCompare(cpu: usize, w: usize, op: usize, opcode: u32): u32 {
  pushB(cpu, w, op);
  pushB(cpu, w, op);
  W.put(w, F64_EQ);
  pushC(cpu, w, op);
  pushC(cpu, w, op);
  W.put(w, F64_EQ);
  W.put(w, W.WASM_I32_AND);
  putHinted(cpu, w, W.WASM_IF, true);
  W.put(w, W.WASM_I64);
  emitBoth(cpu, w, op, opcode);
  W.put(w, W.WASM_I64_EXTEND_I32_U);
  W.put(w, W.WASM_ELSE);
  return FLOAT_ELSE;
}
