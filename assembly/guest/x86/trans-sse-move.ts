/** Moves of MMX and SSE. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as V from '../../ir/vector-ops';
import * as X from './cpu';
import {
  emit1,
  emitCall,
  emitLinear,
  emitLoadOperand,
  emitStoreOperand,
  emitZext,
  getClean,
  isMemory,
  mmuIndex,
  operandKind,
  operandRegister,
  operandSize,
  setOperand,
} from './emit';
import * as S from './emit-sse';
import { helperMaskmov } from './helpers-mmx';
import * as I from './insn';

function moveVector(e: usize, i: usize, aligned: bool): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  if (isMemory(i, 0)) S.storeVector(e, i, S.xmmOperand(i, 1), aligned);
  else if (isMemory(i, 1)) S.loadVector(e, i, S.xmmOperand(i, 0), aligned);
  else B.emit(e, O.OP_VMOV, S.xmmOperand(i, 0), S.xmmOperand(i, 1), 0, 0);
  return true;
}

/** MOVAPS, MOVAPD, MOVDQA, and the non-temporal moves of 16 bytes. */
export function transMovaps(e: usize, i: usize): bool {
  return moveVector(e, i, true);
}

/** MOVUPS, MOVUPD, MOVDQU, LDDQU. */
export function transMovups(e: usize, i: usize): bool {
  return moveVector(e, i, false);
}

/** MOVSS, MOVSD: between registers the rest stays, from memory it is cleared. */
function moveScalar(e: usize, i: usize, lanes: i64): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  if (isMemory(i, 0)) {
    emitStoreOperand(e, i, S.getLow(e, i, 1), operandSize(i, 0));
  } else {
    const to = S.xmmOperand(i, 0);
    if (isMemory(i, 1)) S.setVector(e, i, 0, S.getVector(e, i, 1));
    else B.emit(e, O.OP_VSHUF, to, to, S.xmmOperand(i, 1), lanes);
  }
  return true;
}

export function transMovss(e: usize, i: usize): bool {
  return moveScalar(e, i, S.lanes32(4, 1, 2, 3));
}

export function transMovsd(e: usize, i: usize): bool {
  return moveScalar(e, i, S.lanes32(4, 5, 2, 3));
}

/** 64 bits between memory and one half of a register. */
function moveHalf(e: usize, i: usize, half: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  if (isMemory(i, 0)) {
    emitStoreOperand(e, i, S.vget(e, S.xmmOperand(i, 1), half), 3);
  } else {
    const to = S.xmmOperand(i, 0);
    B.emit(e, O.OP_VSET64, to, to, emitLoadOperand(e, i, 3), half);
  }
  return true;
}

export function transMovlps(e: usize, i: usize): bool {
  return moveHalf(e, i, 0);
}

export function transMovhps(e: usize, i: usize): bool {
  return moveHalf(e, i, 1);
}

/** destination = b and c shuffled, of which the first is the destination unless `same` says that both are the source. */
function shuffle(e: usize, i: usize, imm: i64, same: bool): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const c = S.getVector(e, i, 1);
  const to = S.xmmOperand(i, 0);
  B.emit(e, O.OP_VSHUF, to, same ? c : to, c, imm);
  return true;
}

export function transMovhlps(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes32(6, 7, 2, 3), false);
}

export function transMovlhps(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes32(0, 1, 4, 5), false);
}

export function transMovsldup(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes32(0, 0, 2, 2), true);
}

export function transMovshdup(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes32(1, 1, 3, 3), true);
}

export function transMovddup(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes32(0, 1, 0, 1), true);
}

export function transUnpcklps(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes32(0, 4, 1, 5), false);
}

export function transUnpckhps(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes32(2, 6, 3, 7), false);
}

export function transUnpcklpd(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes32(0, 1, 4, 5), false);
}

export function transUnpckhpd(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes32(2, 3, 6, 7), false);
}

export function transShufps(e: usize, i: usize): bool {
  const n = S.immediate(i);
  return shuffle(e, i, S.lanes32(n & 3, (n >> 2) & 3, 4 + ((n >> 4) & 3), 4 + (n >> 6)), false);
}

export function transShufpd(e: usize, i: usize): bool {
  const low = (S.immediate(i) & 1) << 1;
  const high = 4 + (S.immediate(i) & 2);
  return shuffle(e, i, S.lanes32(low, low + 1, high, high + 1), false);
}

export function transPshufd(e: usize, i: usize): bool {
  const n = S.immediate(i);
  return shuffle(e, i, S.lanes32(n & 3, (n >> 2) & 3, (n >> 4) & 3, n >> 6), true);
}

/** Four 2-bit fields as hexadecimal digits, each plus `base`. */
function wordFields(n: u32, base: u32): u32 {
  return (n & 3) + ((n & 0x0c) << 2) + ((n & 0x30) << 4) + ((n & 0xc0) << 6) + base * 0x1111;
}

export function transPshuflw(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes16(0x76540000 | wordFields(S.immediate(i), 0)), true);
}

export function transPshufhw(e: usize, i: usize): bool {
  return shuffle(e, i, S.lanes16((wordFields(S.immediate(i), 4) << 16) | 0x3210), true);
}

/** Of MMX registers only. */
export function transPshufw(e: usize, i: usize): bool {
  if (S.mmxOff(e)) return S.mmxRaise(e);
  S.mmxBegin(e);
  const b = S.getVector(e, i, 1);
  S.setVector(e, i, 0, S.vshuf(e, b, b, S.lanes16(0x76540000 | wordFields(S.immediate(i), 0))));
  return true;
}

/** 32 or 64 bits between a general register or memory and a vector register. */
export function transMovd(e: usize, i: usize): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const kind = operandKind(i, 0);
  if (kind == I.OPERAND_XMM) {
    S.setVector(e, i, 0, S.vlow(e, getClean(e, i, 1, operandSize(i, 1))));
  } else if (kind == I.OPERAND_MMX) {
    S.setMmx(e, operandRegister(i, 0), getClean(e, i, 1, operandSize(i, 1)));
  } else if (!S.isMmx(i, 1)) {
    setOperand(e, i, 0, S.getLow(e, i, 1));
  } else if (isMemory(i, 0) && operandSize(i, 0) == 3) {
    S.storeMmx(e, i, operandRegister(i, 1));
  } else {
    if (isMemory(i, 0)) S.probeStore(e, i, 4);
    S.mmxEnter(e);
    setOperand(e, i, 0, S.getLow(e, i, 1));
  }
  return true;
}

/** 64 bits between vector registers, or one and memory; MOVNTQ. */
export function transMovq(e: usize, i: usize): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  if (isMemory(i, 0)) {
    if (S.isMmx(i, 1)) S.storeMmx(e, i, operandRegister(i, 1));
    else emitStoreOperand(e, i, S.getLow(e, i, 1), 3);
  } else if (S.isMmx(i, 0)) S.setMmx(e, operandRegister(i, 0), S.getLow(e, i, 1));
  else S.setVector(e, i, 0, S.vlow(e, S.getLow(e, i, 1)));
  return true;
}

export function transMovq2dq(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  S.mmxBegin(e);
  S.mmxEnter(e);
  S.setVector(e, i, 0, S.getVector(e, i, 1));
  return true;
}

export function transMovdq2q(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  S.mmxBegin(e);
  S.setMmx(e, operandRegister(i, 0), S.getLow(e, i, 1));
  return true;
}

/** Sign bits of the lanes of operand 1 to a general register. */
function signs(e: usize, i: usize, number: u32): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const value = S.vtest(e, number, S.getVector(e, i, 1));
  if (S.isMmx(i, 1)) S.mmxEnter(e);
  setOperand(e, i, 0, value);
  return true;
}

export function transMovmskps(e: usize, i: usize): bool {
  return signs(e, i, V.V_I32X4_BITMASK);
}

export function transMovmskpd(e: usize, i: usize): bool {
  return signs(e, i, V.V_I64X2_BITMASK);
}

export function transPmovmskb(e: usize, i: usize): bool {
  return signs(e, i, V.V_I8X16_BITMASK);
}

/** Stores chosen bytes at DS:(R|E)DI. */
function maskmov(e: usize, i: usize): void {
  const small = S.isMmx(i, 0);
  B.emit(e, O.OP_VMOV, X.SSE_A, S.getVector(e, i, 0), 0, 0);
  B.emit(e, O.OP_VMOV, X.SSE_B, S.getVector(e, i, 1), 0, 0);
  const offset = emitZext(e, X.RDI, load<u8>(i, I.INSN_ADDRESS_SIZE));
  const address = emitLinear(e, load<u8>(i, I.INSN_SEGMENT), offset, small ? 3 : 4, true);
  emitCall(e, O.OP_CALLX, helperMaskmov.index, address, 0, 0, mmuIndex(e) | (small ? 256 : 0));
}

export function transMaskmovq(e: usize, i: usize): bool {
  if (S.mmxOff(e)) return S.mmxRaise(e);
  S.mmxBegin(e);
  maskmov(e, i);
  S.mmxEnter(e);
  return true;
}

export function transMaskmovdqu(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  maskmov(e, i);
  return true;
}

export function transEmms(e: usize, i: usize): bool {
  if (S.mmxOff(e)) return S.mmxRaise(e);
  S.mmxBegin(e);
  B.emit(e, O.OP_MOVI, X.X87_TAGS, 0, 0, X.TAGS_EMPTY);
  return true;
}

// ── Single lanes ────────────────────────────────────────────────────────────────────────────────────────────────

/** Puts the low bits of operand 1 into the lane of 1 << size bytes that the immediate names. */
function insertLane(e: usize, i: usize, size: u32): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const value = isMemory(i, 1) ? emitLoadOperand(e, i, size) : getClean(e, i, 1, operandSize(i, 1));
  const count: u32 = S.isMmx(i, 0) ? 8 : 16;
  const at = (S.immediate(i) << size) & (count - 1);
  const bits = B.bitField((at & 7) << 3, 8 << size);
  if (S.isMmx(i, 0)) {
    const number = operandRegister(i, 0);
    const t = B.emitTemp(e);
    B.emit(e, O.OP_DEPOSIT, t, S.mmx(number), value, bits);
    S.setMmx(e, number, t);
    return true;
  }
  const to = S.xmmOperand(i, 0);
  let lane = value;
  if (size != 3) {
    lane = S.vget(e, to, at >> 3);
    B.emit(e, O.OP_DEPOSIT, lane, lane, value, bits);
  }
  B.emit(e, O.OP_VSET64, to, to, lane, at >> 3);
  return true;
}

export function transPinsrb(e: usize, i: usize): bool {
  return insertLane(e, i, 0);
}

export function transPinsrw(e: usize, i: usize): bool {
  return insertLane(e, i, 1);
}

/** PINSRD, PINSRQ. */
export function transPinsrd(e: usize, i: usize): bool {
  return insertLane(e, i, operandSize(i, 1));
}

/** Moves a lane of operand 1, zero-extended, to a general register or memory. */
function extractLane(e: usize, i: usize, size: u32): bool {
  if (S.vectorOff(e, i)) return S.vectorRaise(e, i);
  S.vectorBegin(e, i);
  const small = S.isMmx(i, 1);
  const at = (S.immediate(i) << size) & (small ? 7 : 15);
  const half = small ? S.mmx(operandRegister(i, 1)) : S.vget(e, S.xmmOperand(i, 1), at >> 3);
  const value = size == 3 ? half : emit1(e, O.OP_EXTRACT, half, B.bitField((at & 7) << 3, 8 << size));
  if (small) S.mmxEnter(e);
  if (isMemory(i, 0)) emitStoreOperand(e, i, value, size);
  else setOperand(e, i, 0, value);
  return true;
}

export function transPextrb(e: usize, i: usize): bool {
  return extractLane(e, i, 0);
}

export function transPextrw(e: usize, i: usize): bool {
  return extractLane(e, i, 1);
}

/** PEXTRD, PEXTRQ, EXTRACTPS. */
export function transPextrd(e: usize, i: usize): bool {
  return extractLane(e, i, operandSize(i, 0));
}

/** One double word, chosen by the immediate's bits 6 and 7, to the one of bits 4 and 5; those of bits 0 to 3 are cleared. */
export function transInsertps(e: usize, i: usize): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  const n = S.immediate(i);
  const from = isMemory(i, 1) ? 0 : n >> 6;
  const c = S.getVector(e, i, 1);
  const to = S.xmmOperand(i, 0);
  const lane = (n >> 4) & 3;
  B.emit(
    e,
    O.OP_VSHUF,
    to,
    to,
    c,
    S.lanes32(
      lane == 0 ? 4 + from : 0,
      lane == 1 ? 4 + from : 1,
      lane == 2 ? 4 + from : 2,
      lane == 3 ? 4 + from : 3,
    ),
  );
  if (n & 15) {
    const zero = S.vzero(e);
    const imm = S.lanes32(n & 1 ? 4 : 0, n & 2 ? 5 : 1, n & 4 ? 6 : 2, n & 8 ? 7 : 3);
    B.emit(e, O.OP_VSHUF, to, to, zero, imm);
  }
  return true;
}
