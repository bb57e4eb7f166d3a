/** RV64I: unprivileged specification, chapters 2 and 5. */
import { EMIT_PC, emit, emitTemp } from '../../ir/builder';
import {
  OP_ADD,
  OP_ADD_32,
  OP_ADDI,
  OP_ADDI_32,
  OP_AND,
  OP_ANDI,
  OP_BEQ,
  OP_BGES,
  OP_BGEU,
  OP_BLTS,
  OP_BLTU,
  OP_BNE,
  OP_FENCE,
  OP_GOTOIND,
  OP_LD8S,
  OP_LD8U,
  OP_LD16S,
  OP_LD16U,
  OP_LD32S,
  OP_LD32U,
  OP_LD64,
  OP_LTS,
  OP_LTSI,
  OP_LTU,
  OP_LTUI,
  OP_OR,
  OP_ORI,
  OP_SAR,
  OP_SAR_32,
  OP_SARI,
  OP_SARI_32,
  OP_SEXT32,
  OP_SHL,
  OP_SHL_32,
  OP_SHLI,
  OP_SHLI_32,
  OP_SHR,
  OP_SHR_32,
  OP_SHRI,
  OP_SHRI_32,
  OP_ST8,
  OP_ST16,
  OP_ST32,
  OP_ST64,
  OP_SUB,
  OP_SUB_32,
  OP_XOR,
  OP_XORI,
} from '../../ir/ops.gen';
import {
  constantAt,
  emitConstant,
  emitGoto,
  emitMove,
  emittedConstant,
  endBlock,
  mmuIndex,
  nextPc,
  replaceConstant,
  slotRd,
  slotResult,
  slotRs1,
  slotRs2,
  ZERO,
} from './emit';
import {
  fieldBranch,
  fieldImm,
  fieldJump,
  fieldShift,
  fieldShiftw,
  fieldSimm,
  fieldUpper,
} from './fields.gen';

/** rd = rs1 op rs2. */
export function emitBinary(e: usize, insn: u32, op: u32): bool {
  const rd = slotRd(insn);
  if (rd != ZERO) emit(e, op, rd, slotRs1(insn), slotRs2(insn), 0);
  return true;
}

/** rd = rs1 op value. */
export function emitImmediate(e: usize, insn: u32, op: u32, value: i64): bool {
  const rd = slotRd(insn);
  if (rd != ZERO) emit(e, op, rd, slotRs1(insn), 0, value);
  return true;
}

/** rd = value. */
function emitLoadConstant(e: usize, insn: u32, value: i64): bool {
  const rd = slotRd(insn);
  if (rd != ZERO) emitConstant(e, rd, value);
  return true;
}

function emitLoad(e: usize, insn: u32, op: u32): bool {
  emit(e, op, slotResult(e, insn), slotRs1(insn), mmuIndex(e), <i64>fieldImm(insn));
  return true;
}

function emitStore(e: usize, insn: u32, op: u32): bool {
  emit(e, op, slotRs2(insn), slotRs1(insn), mmuIndex(e), <i64>fieldSimm(insn));
  return true;
}

/** The operation skips the exit of the branch that is not taken. */
function emitBranch(e: usize, insn: u32, op: u32): bool {
  emit(e, op, 0, slotRs1(insn), slotRs2(insn), 1);
  emitGoto(e, 0, nextPc(e));
  emitGoto(e, 1, load<u64>(e, EMIT_PC) + <u64>(<i64>fieldBranch(insn)));
  endBlock(e);
  return true;
}

export function transLui(e: usize, insn: u32): bool {
  return emitLoadConstant(e, insn, <i64>(<i32>(fieldUpper(insn) << 12)));
}

export function transAuipc(e: usize, insn: u32): bool {
  return emitLoadConstant(e, insn, load<i64>(e, EMIT_PC) + <i64>(<i32>(fieldUpper(insn) << 12)));
}

export function transJal(e: usize, insn: u32): bool {
  emitLoadConstant(e, insn, <i64>nextPc(e));
  emitGoto(e, 0, load<u64>(e, EMIT_PC) + <u64>(<i64>fieldJump(insn)));
  endBlock(e);
  return true;
}

/** After auipc or lui the target is known: the usual far call. */
export function transJalr(e: usize, insn: u32): bool {
  const rs1 = slotRs1(insn);
  const offset = <i64>fieldImm(insn);
  const constant = emittedConstant(e, rs1);
  endBlock(e);
  if (constant != 0) {
    const target = <u64>(constantAt(constant) + offset) & ~1;
    if (slotRd(insn) == rs1) replaceConstant(constant, <i64>nextPc(e));
    else emitLoadConstant(e, insn, <i64>nextPc(e));
    emitGoto(e, 0, target);
    return true;
  }
  const target = emitTemp(e);
  if (offset != 0) emit(e, OP_ADDI, target, rs1, 0, offset);
  emit(e, OP_ANDI, target, offset != 0 ? target : rs1, 0, -2);
  emitLoadConstant(e, insn, <i64>nextPc(e));
  emit(e, OP_GOTOIND, 0, target, 0, 0);
  return true;
}

export function transBeq(e: usize, insn: u32): bool {
  return emitBranch(e, insn, OP_BEQ);
}

export function transBne(e: usize, insn: u32): bool {
  return emitBranch(e, insn, OP_BNE);
}

export function transBlt(e: usize, insn: u32): bool {
  return emitBranch(e, insn, OP_BLTS);
}

export function transBge(e: usize, insn: u32): bool {
  return emitBranch(e, insn, OP_BGES);
}

export function transBltu(e: usize, insn: u32): bool {
  return emitBranch(e, insn, OP_BLTU);
}

export function transBgeu(e: usize, insn: u32): bool {
  return emitBranch(e, insn, OP_BGEU);
}

export function transLb(e: usize, insn: u32): bool {
  return emitLoad(e, insn, OP_LD8S);
}

export function transLh(e: usize, insn: u32): bool {
  return emitLoad(e, insn, OP_LD16S);
}

export function transLw(e: usize, insn: u32): bool {
  return emitLoad(e, insn, OP_LD32S);
}

export function transLd(e: usize, insn: u32): bool {
  return emitLoad(e, insn, OP_LD64);
}

export function transLbu(e: usize, insn: u32): bool {
  return emitLoad(e, insn, OP_LD8U);
}

export function transLhu(e: usize, insn: u32): bool {
  return emitLoad(e, insn, OP_LD16U);
}

export function transLwu(e: usize, insn: u32): bool {
  return emitLoad(e, insn, OP_LD32U);
}

export function transSb(e: usize, insn: u32): bool {
  return emitStore(e, insn, OP_ST8);
}

export function transSh(e: usize, insn: u32): bool {
  return emitStore(e, insn, OP_ST16);
}

export function transSw(e: usize, insn: u32): bool {
  return emitStore(e, insn, OP_ST32);
}

export function transSd(e: usize, insn: u32): bool {
  return emitStore(e, insn, OP_ST64);
}

/** Covers the pseudo-instructions li, mv and la. */
export function transAddi(e: usize, insn: u32): bool {
  const rd = slotRd(insn);
  const rs1 = slotRs1(insn);
  const value = <i64>fieldImm(insn);
  if (rd == ZERO) return true;
  if (rs1 == ZERO) {
    emitConstant(e, rd, value);
    return true;
  }
  if (value == 0) {
    emitMove(e, rd, rs1);
    return true;
  }
  const constant = rd == rs1 ? emittedConstant(e, rd) : 0;
  if (constant != 0) replaceConstant(constant, constantAt(constant) + value);
  else emit(e, OP_ADDI, rd, rs1, 0, value);
  return true;
}

export function transSlti(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_LTSI, <i64>fieldImm(insn));
}

export function transSltiu(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_LTUI, <i64>fieldImm(insn));
}

export function transXori(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_XORI, <i64>fieldImm(insn));
}

export function transOri(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_ORI, <i64>fieldImm(insn));
}

export function transAndi(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_ANDI, <i64>fieldImm(insn));
}

export function transSlli(e: usize, insn: u32): bool {
  const rd = slotRd(insn);
  const constant = rd != ZERO && rd == slotRs1(insn) ? emittedConstant(e, rd) : 0;
  if (constant == 0) return emitImmediate(e, insn, OP_SHLI, fieldShift(insn));
  replaceConstant(constant, constantAt(constant) << fieldShift(insn));
  return true;
}

export function transSrli(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_SHRI, fieldShift(insn));
}

export function transSrai(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_SARI, fieldShift(insn));
}

export function transAdd(e: usize, insn: u32): bool {
  const rd = slotRd(insn);
  const rs1 = slotRs1(insn);
  const rs2 = slotRs2(insn);
  if (rd == ZERO) return true;
  if (rs1 == ZERO) emitMove(e, rd, rs2);
  else if (rs2 == ZERO) emitMove(e, rd, rs1);
  else emit(e, OP_ADD, rd, rs1, rs2, 0);
  return true;
}

export function transSub(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_SUB);
}

export function transSll(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_SHL);
}

export function transSlt(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_LTS);
}

export function transSltu(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_LTU);
}

export function transXor(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_XOR);
}

export function transSrl(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_SHR);
}

export function transSra(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_SAR);
}

export function transOr(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_OR);
}

export function transAnd(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_AND);
}

/** Covers the pseudo-instruction sext.w. */
export function transAddiw(e: usize, insn: u32): bool {
  const rd = slotRd(insn);
  const rs1 = slotRs1(insn);
  const value = fieldImm(insn);
  if (rd == ZERO) return true;
  const constant = rd == rs1 ? emittedConstant(e, rd) : 0;
  if (constant != 0) replaceConstant(constant, <i64>(<i32>constantAt(constant) + value));
  else if (value == 0) emit(e, OP_SEXT32, rd, rs1, 0, 0);
  else emit(e, OP_ADDI_32, rd, rs1, 0, <i64>value);
  return true;
}

export function transSlliw(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_SHLI_32, fieldShiftw(insn));
}

export function transSrliw(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_SHRI_32, fieldShiftw(insn));
}

export function transSraiw(e: usize, insn: u32): bool {
  return emitImmediate(e, insn, OP_SARI_32, fieldShiftw(insn));
}

export function transAddw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_ADD_32);
}

export function transSubw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_SUB_32);
}

export function transSllw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_SHL_32);
}

export function transSrlw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_SHR_32);
}

export function transSraw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_SAR_32);
}

export function transFence(e: usize, insn: u32): bool {
  emit(e, OP_FENCE, 0, 0, 0, 0);
  return true;
}
