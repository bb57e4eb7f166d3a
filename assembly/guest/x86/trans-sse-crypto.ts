/** AES and PCLMULQDQ. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as X from './cpu';
import { emitCall } from './emit';
import * as S from './emit-sse';
import {
  AES_DECRYPT,
  AES_DECRYPT_LAST,
  AES_ENCRYPT,
  AES_ENCRYPT_LAST,
  helperAesKey,
  helperAesRound,
  helperAesUnmix,
  helperCarrylessProduct,
} from './helpers-sse-crypto';

function round(e: usize, i: usize, kind: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const key = S.getVector(e, i, 1);
  const to = S.xmmOperand(i, 0);
  B.emit(e, O.OP_VMOV, X.SSE_A, to, 0, 0);
  B.emit(e, O.OP_VMOV, X.SSE_B, key, 0, 0);
  emitCall(e, O.OP_CALLX, helperAesRound.index, 0, 0, 0, kind);
  B.emit(e, O.OP_VMOV, to, X.SSE_A, 0, 0);
  return true;
}

export function transAesenc(e: usize, i: usize): bool {
  return round(e, i, AES_ENCRYPT);
}

export function transAesenclast(e: usize, i: usize): bool {
  return round(e, i, AES_ENCRYPT_LAST);
}

export function transAesdec(e: usize, i: usize): bool {
  return round(e, i, AES_DECRYPT);
}

export function transAesdeclast(e: usize, i: usize): bool {
  return round(e, i, AES_DECRYPT_LAST);
}

/** Each half of operand 1 through a helper. */
function halves(e: usize, i: usize, helper: u32, immediate: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const source = S.getVector(e, i, 1);
  const low = emitCall(e, O.OP_CALLP, helper, S.vget(e, source, 0), 0, 0, immediate);
  const high = emitCall(e, O.OP_CALLP, helper, S.vget(e, source, 1), 0, 0, immediate);
  S.setVector(e, i, 0, S.vpair(e, low, high));
  return true;
}

export function transAesimc(e: usize, i: usize): bool {
  return halves(e, i, helperAesUnmix.index, 0);
}

export function transAeskeygenassist(e: usize, i: usize): bool {
  return halves(e, i, helperAesKey.index, S.immediate(i));
}

/** Bit 0 of the immediate chooses the half of operand 0, bit 4 that of operand 1. */
export function transPclmulqdq(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.vget(e, S.getVector(e, i, 1), (S.immediate(i) >> 4) & 1);
  const b = S.vget(e, S.xmmOperand(i, 0), S.immediate(i) & 1);
  const low = emitCall(e, O.OP_CALLP, helperCarrylessProduct.index, b, c, 0, 0);
  const high = emitCall(e, O.OP_CALLP, helperCarrylessProduct.index, b, c, 0, 1);
  S.setVector(e, i, 0, S.vpair(e, low, high));
  return true;
}
