/** Zba, Zbb and Zbs: bit-manipulation extensions 1.0.0, chapter 2. */
import { emit, emitTemp } from '../../ir/builder';
import {
  OP_ANDI,
  OP_ANDN,
  OP_BSWAP,
  OP_CLZ,
  OP_CLZ_32,
  OP_CTZ,
  OP_CTZ_32,
  OP_MAXS,
  OP_MAXU,
  OP_MINS,
  OP_MINU,
  OP_OR,
  OP_ORCB,
  OP_ORI,
  OP_ORN,
  OP_POPCNT,
  OP_POPCNT_32,
  OP_ROL,
  OP_ROL_32,
  OP_ROR,
  OP_RORI,
  OP_RORI_32,
  OP_ROR_32,
  OP_SEXT16,
  OP_SEXT8,
  OP_SHADD,
  OP_SHADDUW,
  OP_SHL,
  OP_SHLIUW,
  OP_SHR,
  OP_SHRI,
  OP_XNOR,
  OP_XOR,
  OP_XORI,
} from '../../ir/ops.gen';
import { emitConstant, slotRd, slotRs1, slotRs2, ZERO } from './emit';
import { fieldShift, fieldShiftw } from './fields.gen';
import { emitBinary, emitImmediate } from './trans-i';

/** rd = (rs1 or its low half << shift) + rs2. */
function emitShiftAdd(e: usize, insn: u32, op: u32, shift: i64): bool {
  const rd = slotRd(insn);
  if (rd != ZERO) emit(e, op, rd, slotRs1(insn), slotRs2(insn), shift);
  return true;
}

/** rd = op rs1. */
function emitUnary(e: usize, insn: u32, op: u32): bool {
  return emitImmediate(e, insn, op, 0);
}

/** rd = rs1 op 1 << rs2. */
function emitBit(e: usize, insn: u32, op: u32): bool {
  const rd = slotRd(insn);
  if (rd == ZERO) return true;
  const bit = emitTemp(e);
  emitConstant(e, bit, 1);
  emit(e, OP_SHL, bit, bit, slotRs2(insn), 0);
  emit(e, op, rd, slotRs1(insn), bit, 0);
  return true;
}

function bitOfImmediate(insn: u32): i64 {
  return (<i64>1) << fieldShift(insn);
}

export function transAddUw(e: usize, insn: u32): bool {
  return emitShiftAdd(e, insn, OP_SHADDUW, 0);
}

export function transSh1add(e: usize, insn: u32): bool {
  return emitShiftAdd(e, insn, OP_SHADD, 1);
}

export function transSh2add(e: usize, insn: u32): bool {
  return emitShiftAdd(e, insn, OP_SHADD, 2);
}

export function transSh3add(e: usize, insn: u32): bool {
  return emitShiftAdd(e, insn, OP_SHADD, 3);
}

export function transSh1addUw(e: usize, insn: u32): bool {
  return emitShiftAdd(e, insn, OP_SHADDUW, 1);
}

export function transSh2addUw(e: usize, insn: u32): bool {
  return emitShiftAdd(e, insn, OP_SHADDUW, 2);
}

export function transSh3addUw(e: usize, insn: u32): bool {
  return emitShiftAdd(e, insn, OP_SHADDUW, 3);
}

export function transAndn(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_ANDN);
}

export function transOrn(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_ORN);
}

export function transXnor(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_XNOR);
}

export function transMax(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_MAXS);
}

export function transMaxu(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_MAXU);
}

export function transMin(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_MINS);
}

export function transMinu(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_MINU);
}

export function transRol(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_ROL);
}

export function transRor(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_ROR);
}

export function transRolw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_ROL_32);
}

export function transRorw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_ROR_32);
}

export function transClz(e: usize, insn: u32): bool {
  return emitUnary(e, insn, OP_CLZ);
}

export function transCtz(e: usize, insn: u32): bool {
  return emitUnary(e, insn, OP_CTZ);
}

export function transCpop(e: usize, insn: u32): bool {
  return emitUnary(e, insn, OP_POPCNT);
}

export function transSextB(e: usize, insn: u32): bool {
  return emitUnary(e, insn, OP_SEXT8);
}

export function transSextH(e: usize, insn: u32): bool {
  return emitUnary(e, insn, OP_SEXT16);
}

export function transClzw(e: usize, insn: u32): bool {
  return emitUnary(e, insn, OP_CLZ_32);
}

export function transCtzw(e: usize, insn: u32): bool {
  return emitUnary(e, insn, OP_CTZ_32);
}

export function transCpopw(e: usize, insn: u32): bool {
  return emitUnary(e, insn, OP_POPCNT_32);
}

export function transOrcB(e: usize, insn: u32): bool {
  return emitUnary(e, insn, OP_ORCB);
}

export function transRev8(e: usize, insn: u32): bool {
  return emitUnary(e, insn, OP_BSWAP);
}

export function transSlliUw(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_SHLIUW, fieldShift(insn));
}

export function transRori(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_RORI, fieldShift(insn));
}

export function transRoriw(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_RORI_32, fieldShiftw(insn));
}

export function transZextH(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_ANDI, 0xffff);
}

export function transBclri(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_ANDI, ~bitOfImmediate(insn));
}

export function transBinvi(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_XORI, bitOfImmediate(insn));
}

export function transBseti(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_ORI, bitOfImmediate(insn));
}

export function transBclr(e: usize, insn: u32): bool {
  return emitBit(e, insn, OP_ANDN);
}

export function transBinv(e: usize, insn: u32): bool {
  return emitBit(e, insn, OP_XOR);
}

export function transBset(e: usize, insn: u32): bool {
  return emitBit(e, insn, OP_OR);
}

export function transBext(e: usize, insn: u32): bool {
  const rd = slotRd(insn);
  if (rd == ZERO) return true;
  emit(e, OP_SHR, rd, slotRs1(insn), slotRs2(insn), 0);
  emit(e, OP_ANDI, rd, rd, 0, 1);
  return true;
}

export function transBexti(e: usize, insn: u32): bool {
  const rd = slotRd(insn);
  if (rd == ZERO) return true;
  emit(e, OP_SHRI, rd, slotRs1(insn), 0, fieldShift(insn));
  emit(e, OP_ANDI, rd, rd, 0, 1);
  return true;
}
