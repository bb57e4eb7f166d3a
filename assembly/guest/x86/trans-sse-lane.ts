/** Integer and bitwise instructions of MMX and SSE that are one Wasm instruction, and minima, maxima and averages. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as V from '../../ir/vector-ops';
import * as S from './emit-sse';

/** operand 0 = operand 0 ∘ operand 1. */
function binary(e: usize, i: usize, number: u32): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const c = S.getVector(e, i, 1);
  if (S.isMmx(i, 0)) S.setVector(e, i, 0, S.vbin(e, number, S.getVector(e, i, 0), c));
  else B.emit(e, O.OP_VBIN, S.xmmOperand(i, 0), S.xmmOperand(i, 0), c, number);
  return true;
}

/** operand 0 = ∘ operand 1. */
function unary(e: usize, i: usize, number: u32): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  S.setVector(e, i, 0, S.vun(e, number, S.getVector(e, i, 1)));
  return true;
}

/** operand 0 = ~operand 0 & operand 1. */
function andNot(e: usize, i: usize): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const b = S.getVector(e, i, 1);
  S.setVector(e, i, 0, S.vbin(e, V.V_V128_ANDNOT, b, S.getVector(e, i, 0)));
  return true;
}

export function transPandn(e: usize, i: usize): bool {
  return andNot(e, i);
}

export function transAndnps(e: usize, i: usize): bool {
  return andNot(e, i);
}

export function transPcmpeqb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_EQ);
}

export function transPcmpeqw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_EQ);
}

export function transPcmpeqd(e: usize, i: usize): bool {
  return binary(e, i, V.V_I32X4_EQ);
}

export function transPcmpeqq(e: usize, i: usize): bool {
  return binary(e, i, V.V_I64X2_EQ);
}

export function transPcmpgtb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_GT_S);
}

export function transPcmpgtw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_GT_S);
}

export function transPcmpgtd(e: usize, i: usize): bool {
  return binary(e, i, V.V_I32X4_GT_S);
}

export function transPcmpgtq(e: usize, i: usize): bool {
  return binary(e, i, V.V_I64X2_GT_S);
}

export function transPaddb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_ADD);
}

export function transPaddw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_ADD);
}

export function transPaddd(e: usize, i: usize): bool {
  return binary(e, i, V.V_I32X4_ADD);
}

export function transPaddq(e: usize, i: usize): bool {
  return binary(e, i, V.V_I64X2_ADD);
}

export function transPsubb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_SUB);
}

export function transPsubw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_SUB);
}

export function transPsubd(e: usize, i: usize): bool {
  return binary(e, i, V.V_I32X4_SUB);
}

export function transPsubq(e: usize, i: usize): bool {
  return binary(e, i, V.V_I64X2_SUB);
}

export function transPaddsb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_ADD_SAT_S);
}

export function transPaddsw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_ADD_SAT_S);
}

export function transPaddusb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_ADD_SAT_U);
}

export function transPaddusw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_ADD_SAT_U);
}

export function transPsubsb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_SUB_SAT_S);
}

export function transPsubsw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_SUB_SAT_S);
}

export function transPsubusb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_SUB_SAT_U);
}

export function transPsubusw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_SUB_SAT_U);
}

export function transPmullw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_MUL);
}

export function transPmulld(e: usize, i: usize): bool {
  return binary(e, i, V.V_I32X4_MUL);
}

export function transPmaddwd(e: usize, i: usize): bool {
  return binary(e, i, V.V_I32X4_DOT_I16X8_S);
}

export function transPavgb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_AVGR_U);
}

export function transPavgw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_AVGR_U);
}

export function transPminub(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_MIN_U);
}

export function transPminsw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_MIN_S);
}

export function transPmaxub(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_MAX_U);
}

export function transPmaxsw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_MAX_S);
}

export function transPminsb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_MIN_S);
}

export function transPminsd(e: usize, i: usize): bool {
  return binary(e, i, V.V_I32X4_MIN_S);
}

export function transPminuw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_MIN_U);
}

export function transPminud(e: usize, i: usize): bool {
  return binary(e, i, V.V_I32X4_MIN_U);
}

export function transPmaxsb(e: usize, i: usize): bool {
  return binary(e, i, V.V_I8X16_MAX_S);
}

export function transPmaxsd(e: usize, i: usize): bool {
  return binary(e, i, V.V_I32X4_MAX_S);
}

export function transPmaxuw(e: usize, i: usize): bool {
  return binary(e, i, V.V_I16X8_MAX_U);
}

export function transPmaxud(e: usize, i: usize): bool {
  return binary(e, i, V.V_I32X4_MAX_U);
}

export function transPand(e: usize, i: usize): bool {
  return binary(e, i, V.V_V128_AND);
}

export function transPor(e: usize, i: usize): bool {
  return binary(e, i, V.V_V128_OR);
}

export function transPxor(e: usize, i: usize): bool {
  return binary(e, i, V.V_V128_XOR);
}

export function transAndps(e: usize, i: usize): bool {
  return binary(e, i, V.V_V128_AND);
}

export function transOrps(e: usize, i: usize): bool {
  return binary(e, i, V.V_V128_OR);
}

export function transXorps(e: usize, i: usize): bool {
  return binary(e, i, V.V_V128_XOR);
}

export function transPabsb(e: usize, i: usize): bool {
  return unary(e, i, V.V_I8X16_ABS);
}

export function transPabsw(e: usize, i: usize): bool {
  return unary(e, i, V.V_I16X8_ABS);
}

export function transPabsd(e: usize, i: usize): bool {
  return unary(e, i, V.V_I32X4_ABS);
}
