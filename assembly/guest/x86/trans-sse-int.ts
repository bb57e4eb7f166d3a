/** Integer instructions of MMX and SSE that take several Wasm instructions: packing, interleaving, shifts, products, sums. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import { SHUFFLE_HIGH, SHUFFLE_LOW } from '../../ir/shuffle';
import * as V from '../../ir/vector-ops';
import { emitConstant, emit1, emit2, operandKind, operandRegister } from './emit';
import * as S from './emit-sse';
import * as X from './cpu';
import * as I from './insn';

/** Even and odd words, double words and bytes of two vectors. */
const EVEN_WORDS: u32 = 0xeca86420;
const ODD_WORDS: u32 = 0xfdb97531;

/**
 * Both operands as one: of SSE the pair (b, c) as it is, of MMX both registers in one vector, which is b and c. What takes the low half of a result from b
 * and the high half from c then has MMX's result in the low half.
 */
function first(e: usize, i: usize, c: u32): u32 {
  if (!S.isMmx(i, 0)) return S.xmmOperand(i, 0);
  return S.vpair(e, S.mmx(operandRegister(i, 0)), S.vget(e, c, 0));
}

/** destination = b ∘ c of both operands. */
function joined(e: usize, i: usize, number: u32): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const c = S.getVector(e, i, 1);
  const b = first(e, i, c);
  S.setVector(e, i, 0, S.vbin(e, number, b, S.isMmx(i, 0) ? b : c));
  return true;
}

export function transPacksswb(e: usize, i: usize): bool {
  return joined(e, i, V.V_I8X16_NARROW_I16X8_S);
}

export function transPackuswb(e: usize, i: usize): bool {
  return joined(e, i, V.V_I8X16_NARROW_I16X8_U);
}

export function transPackssdw(e: usize, i: usize): bool {
  return joined(e, i, V.V_I16X8_NARROW_I32X4_S);
}

export function transPackusdw(e: usize, i: usize): bool {
  return joined(e, i, V.V_I16X8_NARROW_I32X4_U);
}

/** Sums or differences of neighbours: even lanes ∘ odd lanes. */
function horizontal(e: usize, i: usize, number: u32, even: i64, odd: i64): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const source = S.getVector(e, i, 1);
  const b = first(e, i, source);
  const c = S.isMmx(i, 0) ? b : source;
  S.setVector(e, i, 0, S.vbin(e, number, S.vshuf(e, b, c, even), S.vshuf(e, b, c, odd)));
  return true;
}

function horizontalWords(e: usize, i: usize, number: u32): bool {
  return horizontal(e, i, number, S.lanes16(EVEN_WORDS), S.lanes16(ODD_WORDS));
}

function horizontalDoubles(e: usize, i: usize, number: u32): bool {
  return horizontal(e, i, number, S.lanes32(0, 2, 4, 6), S.lanes32(1, 3, 5, 7));
}

export function transPhaddw(e: usize, i: usize): bool {
  return horizontalWords(e, i, V.V_I16X8_ADD);
}

export function transPhaddsw(e: usize, i: usize): bool {
  return horizontalWords(e, i, V.V_I16X8_ADD_SAT_S);
}

export function transPhsubw(e: usize, i: usize): bool {
  return horizontalWords(e, i, V.V_I16X8_SUB);
}

export function transPhsubsw(e: usize, i: usize): bool {
  return horizontalWords(e, i, V.V_I16X8_SUB_SAT_S);
}

export function transPhaddd(e: usize, i: usize): bool {
  return horizontalDoubles(e, i, V.V_I32X4_ADD);
}

export function transPhsubd(e: usize, i: usize): bool {
  return horizontalDoubles(e, i, V.V_I32X4_SUB);
}

/** Lanes of both operands in turn, from their low or high halves; MMX's high halves are in the high half of what SSE makes of the low ones. */
function interleave(e: usize, i: usize, low: i64, high: i64, wantHigh: bool): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const c = S.getVector(e, i, 1);
  const b = S.getVector(e, i, 0);
  if (!S.isMmx(i, 0)) {
    B.emit(e, O.OP_VSHUF, b, b, c, wantHigh ? high : low);
    return true;
  }
  S.setMmx(e, operandRegister(i, 0), S.vget(e, S.vshuf(e, b, c, low), wantHigh ? 1 : 0));
  return true;
}

function interleaveWords(e: usize, i: usize, wantHigh: bool): bool {
  return interleave(e, i, S.lanes16(0xb3a29180), S.lanes16(0xf7e6d5c4), wantHigh);
}

function interleaveDoubles(e: usize, i: usize, wantHigh: bool): bool {
  return interleave(e, i, S.lanes32(0, 4, 1, 5), S.lanes32(2, 6, 3, 7), wantHigh);
}

function interleaveQuads(e: usize, i: usize, wantHigh: bool): bool {
  return interleave(e, i, S.lanes32(0, 1, 4, 5), S.lanes32(2, 3, 6, 7), wantHigh);
}

export function transPunpcklbw(e: usize, i: usize): bool {
  return interleave(e, i, SHUFFLE_LOW, SHUFFLE_HIGH, false);
}

export function transPunpckhbw(e: usize, i: usize): bool {
  return interleave(e, i, SHUFFLE_LOW, SHUFFLE_HIGH, true);
}

export function transPunpcklwd(e: usize, i: usize): bool {
  return interleaveWords(e, i, false);
}

export function transPunpckhwd(e: usize, i: usize): bool {
  return interleaveWords(e, i, true);
}

export function transPunpckldq(e: usize, i: usize): bool {
  return interleaveDoubles(e, i, false);
}

export function transPunpckhdq(e: usize, i: usize): bool {
  return interleaveDoubles(e, i, true);
}

export function transPunpcklqdq(e: usize, i: usize): bool {
  return interleaveQuads(e, i, false);
}

export function transPunpckhqdq(e: usize, i: usize): bool {
  return interleaveQuads(e, i, true);
}

// ── Shifts ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Lanes of `width` bits; counts of the width or more give 0, or all sign bits. The count is an immediate or the low 64 bits of operand 1. */
function shift(e: usize, i: usize, number: u32, width: u32, arithmetic: bool): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  if (operandKind(i, 1) == I.OPERAND_IMM) {
    const count = S.immediate(i);
    const value = S.getVector(e, i, 0);
    if (count >= width && !arithmetic) S.setVector(e, i, 0, S.vzero(e));
    else S.setVector(e, i, 0, S.vshift(e, number, value, emitConstant(e, min<u32>(count, width - 1))));
    return true;
  }
  // The source is read in full, so that memory has to be aligned.
  const count = S.isMmx(i, 1) ? S.mmx(operandRegister(i, 1)) : S.vget(e, S.getVector(e, i, 1), 0);
  const value = S.getVector(e, i, 0);
  if (arithmetic) {
    const limited = emit2(e, O.OP_MINU, count, emitConstant(e, width - 1));
    S.setVector(e, i, 0, S.vshift(e, number, value, limited));
    return true;
  }
  const mask = emit2(e, O.OP_SUB, X.ZERO, emit1(e, O.OP_LTUI, count, width));
  const shifted = S.vshift(e, number, value, count);
  S.setVector(e, i, 0, S.vbin(e, V.V_V128_AND, shifted, S.vpair(e, mask, mask)));
  return true;
}

export function transPsllw(e: usize, i: usize): bool {
  return shift(e, i, V.V_I16X8_SHL, 16, false);
}

export function transPslld(e: usize, i: usize): bool {
  return shift(e, i, V.V_I32X4_SHL, 32, false);
}

export function transPsllq(e: usize, i: usize): bool {
  return shift(e, i, V.V_I64X2_SHL, 64, false);
}

export function transPsrlw(e: usize, i: usize): bool {
  return shift(e, i, V.V_I16X8_SHR_U, 16, false);
}

export function transPsrld(e: usize, i: usize): bool {
  return shift(e, i, V.V_I32X4_SHR_U, 32, false);
}

export function transPsrlq(e: usize, i: usize): bool {
  return shift(e, i, V.V_I64X2_SHR_U, 64, false);
}

export function transPsraw(e: usize, i: usize): bool {
  return shift(e, i, V.V_I16X8_SHR_S, 16, true);
}

export function transPsrad(e: usize, i: usize): bool {
  return shift(e, i, V.V_I32X4_SHR_S, 32, true);
}

/** By bytes. */
export function transPsrldq(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const to = S.xmmOperand(i, 0);
  B.emit(e, O.OP_VSHUF, to, to, S.vzero(e), S.bytesFrom(min<u32>(S.immediate(i), 16)));
  return true;
}

export function transPslldq(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const to = S.xmmOperand(i, 0);
  B.emit(e, O.OP_VSHUF, to, S.vzero(e), to, S.bytesFrom(16 - min<u32>(S.immediate(i), 16)));
  return true;
}

/** The bytes from byte `immediate` on of operand 1 and, behind it, operand 0. */
export function transPalignr(e: usize, i: usize): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const n = S.immediate(i);
  const low = S.getVector(e, i, 1);
  if (S.isMmx(i, 0)) {
    const both = S.vpair(e, S.vget(e, low, 0), S.mmx(operandRegister(i, 0)));
    S.setVector(e, i, 0, S.vshuf(e, both, S.vzero(e), S.bytesFrom(min<u32>(n, 16))));
    return true;
  }
  const to = S.xmmOperand(i, 0);
  if (n <= 16) B.emit(e, O.OP_VSHUF, to, low, to, S.bytesFrom(n));
  else B.emit(e, O.OP_VSHUF, to, to, S.vzero(e), S.bytesFrom(min<u32>(n - 16, 16)));
  return true;
}

/** Bytes of operand 0 chosen by those of operand 1; 0 where their highest bit is set. */
export function transPshufb(e: usize, i: usize): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const c = S.getVector(e, i, 1);
  const b = S.getVector(e, i, 0);
  const mask = S.vsplat(e, S.isMmx(i, 0) ? 0x8787878787878787 : 0x8f8f8f8f8f8f8f8f);
  S.setVector(e, i, 0, S.vbin(e, V.V_I8X16_SWIZZLE, b, S.vbin(e, V.V_V128_AND, c, mask)));
  return true;
}

// ── Products and sums ───────────────────────────────────────────────────────────────────────────────────────────

/** High words of the products of words. */
function multiplyHigh(e: usize, i: usize, low: u32, high: u32): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const c = S.getVector(e, i, 1);
  const b = S.getVector(e, i, 0);
  S.setVector(e, i, 0, S.vshuf(e, S.vbin(e, low, b, c), S.vbin(e, high, b, c), S.lanes16(ODD_WORDS)));
  return true;
}

export function transPmulhw(e: usize, i: usize): bool {
  return multiplyHigh(e, i, V.V_I32X4_EXTMUL_LOW_I16X8_S, V.V_I32X4_EXTMUL_HIGH_I16X8_S);
}

export function transPmulhuw(e: usize, i: usize): bool {
  return multiplyHigh(e, i, V.V_I32X4_EXTMUL_LOW_I16X8_U, V.V_I32X4_EXTMUL_HIGH_I16X8_U);
}

/** 64-bit products of the even double words. */
function multiplyEven(e: usize, i: usize, number: u32): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const c = S.getVector(e, i, 1);
  const b = S.getVector(e, i, 0);
  const even = S.lanes32(0, 2, 0, 2);
  S.setVector(e, i, 0, S.vbin(e, number, S.vshuf(e, b, b, even), S.vshuf(e, c, c, even)));
  return true;
}

export function transPmuludq(e: usize, i: usize): bool {
  return multiplyEven(e, i, V.V_I64X2_EXTMUL_LOW_I32X4_U);
}

export function transPmuldq(e: usize, i: usize): bool {
  return multiplyEven(e, i, V.V_I64X2_EXTMUL_LOW_I32X4_S);
}

/** Saturated sums of the products of neighbours: unsigned bytes of operand 0, signed ones of operand 1. A product fits a word. */
export function transPmaddubsw(e: usize, i: usize): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const c = S.getVector(e, i, 1);
  const b = S.getVector(e, i, 0);
  const low = S.vbin(
    e,
    V.V_I16X8_MUL,
    S.vun(e, V.V_I16X8_EXTEND_LOW_I8X16_U, b),
    S.vun(e, V.V_I16X8_EXTEND_LOW_I8X16_S, c),
  );
  const high = S.vbin(
    e,
    V.V_I16X8_MUL,
    S.vun(e, V.V_I16X8_EXTEND_HIGH_I8X16_U, b),
    S.vun(e, V.V_I16X8_EXTEND_HIGH_I8X16_S, c),
  );
  const even = S.vshuf(e, low, high, S.lanes16(EVEN_WORDS));
  const odd = S.vshuf(e, low, high, S.lanes16(ODD_WORDS));
  S.setVector(e, i, 0, S.vbin(e, V.V_I16X8_ADD_SAT_S, even, odd));
  return true;
}

/** Rounded products, shifted right by 15. Wasm's saturates -1 * -1, which is the only way to 0x7fff; here it wraps. */
export function transPmulhrsw(e: usize, i: usize): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const c = S.getVector(e, i, 1);
  const product = S.vbin(e, V.V_I16X8_Q15MULR_SAT_S, S.getVector(e, i, 0), c);
  const wraps = S.vbin(e, V.V_I16X8_EQ, product, S.vsplat(e, 0x7fff7fff7fff7fff));
  S.setVector(e, i, 0, S.vbin(e, V.V_V128_XOR, product, wraps));
  return true;
}

/** Sums of the absolute differences of 8 bytes each. */
export function transPsadbw(e: usize, i: usize): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const c = S.getVector(e, i, 1);
  const b = S.getVector(e, i, 0);
  const above = S.vbin(e, V.V_I8X16_SUB_SAT_U, b, c);
  const below = S.vbin(e, V.V_I8X16_SUB_SAT_U, c, b);
  const words = S.vun(e, V.V_I16X8_EXTADD_PAIRWISE_I8X16_U, S.vbin(e, V.V_V128_OR, above, below));
  const doubles = S.vun(e, V.V_I32X4_EXTADD_PAIRWISE_I16X8_U, words);
  const high = S.vshift(e, V.V_I64X2_SHR_U, doubles, emitConstant(e, 32));
  const sum = S.vbin(e, V.V_I32X4_ADD, doubles, high);
  S.setVector(e, i, 0, S.vbin(e, V.V_V128_AND, sum, S.vsplat(e, 0xffffffff)));
  return true;
}

/** Lanes of operand 0 negated, kept or cleared by the signs of operand 1. */
function signed(e: usize, i: usize, subtract: u32, greater: u32, equal: u32): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const c = S.getVector(e, i, 1);
  const zero = S.vzero(e);
  const negative = S.vbin(e, greater, zero, c);
  const isZero = S.vbin(e, equal, c, zero);
  const flipped = S.vbin(e, V.V_V128_XOR, S.getVector(e, i, 0), negative);
  const result = S.vbin(e, subtract, flipped, negative);
  S.setVector(e, i, 0, S.vbin(e, V.V_V128_ANDNOT, result, isZero));
  return true;
}

export function transPsignb(e: usize, i: usize): bool {
  return signed(e, i, V.V_I8X16_SUB, V.V_I8X16_GT_S, V.V_I8X16_EQ);
}

export function transPsignw(e: usize, i: usize): bool {
  return signed(e, i, V.V_I16X8_SUB, V.V_I16X8_GT_S, V.V_I16X8_EQ);
}

export function transPsignd(e: usize, i: usize): bool {
  return signed(e, i, V.V_I32X4_SUB, V.V_I32X4_GT_S, V.V_I32X4_EQ);
}
