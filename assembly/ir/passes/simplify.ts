/** Strength reduction of one operation: a cheaper one with the same result, from what is known about its operands. */
import { OP_A, OP_B, OP_C, OP_IMM } from '../builder';
import * as O from '../ops.gen';
import * as F from './facts';
import { remove, rewrite, slotNumber, slotOf, SLOT_NONE } from './region';

/** Rewrites the pure operation in place, as often as there is something simpler. */
export function simplify(cpu: usize, op: usize): void {
  const b = <u32>load<u16>(op, OP_B);
  const c = <u32>load<u16>(op, OP_C);
  const imm = load<i64>(op, OP_IMM);
  const number = slotNumber(b);
  const known = number != SLOT_NONE;
  const sext = known ? F.sextOf(cpu, number) : 64;
  const width = known ? F.widthOf(cpu, number) : 64;
  switch (<u32>load<u16>(op)) {
    case O.OP_ADDI:
    case O.OP_ORI:
    case O.OP_XORI:
    case O.OP_RORI:
      if (imm == 0) move(op, b);
      return;
    case O.OP_ANDI:
      if (imm == -1 || (imm > 0 && (imm & (imm + 1)) == 0 && width <= <u32>(64 - clz<i64>(imm)))) move(op, b);
      else if (imm == 0) rewrite(op, O.OP_MOVI, 0, 0, 0);
      else if (imm == 0xffffffff) rewrite(op, O.OP_ZEXT32, b, 0, 0);
      return;
    case O.OP_SHLI:
    case O.OP_SHRI:
    case O.OP_SARI:
      if (imm == 0) move(op, b);
      else if (known) shiftOfShift(cpu, op, number, <u32>imm);
      return;
    case O.OP_SEXT8:
      if (sext <= 8) move(op, b);
      return;
    case O.OP_SEXT16:
      if (sext <= 16) move(op, b);
      return;
    case O.OP_SEXT32:
      if (sext <= 32) move(op, b);
      return;
    case O.OP_ZEXT32:
      if (width <= 32) move(op, b);
      return;
    case O.OP_ADDI_32:
    case O.OP_SHLI_32:
    case O.OP_SHRI_32:
    case O.OP_SARI_32:
    case O.OP_RORI_32:
      if (imm != 0) return;
      if (sext <= 32) move(op, b);
      else rewrite(op, O.OP_SEXT32, b, 0, 0);
      return;
    case O.OP_SHLIUW:
      if (width > 32 && imm != 0) return;
      if (imm == 0) rewrite(op, O.OP_ZEXT32, b, 0, 0);
      else rewrite(op, O.OP_SHLI, b, 0, imm);
      return;
    case O.OP_SHADDUW:
      if (width > 32) return;
      rewrite(op, imm == 0 ? O.OP_ADD : O.OP_SHADD, b, c, imm);
      return;
    case O.OP_SUB:
    case O.OP_XOR:
    case O.OP_LTS:
    case O.OP_LTU:
      if (b == c) rewrite(op, O.OP_MOVI, 0, 0, 0);
      return;
    case O.OP_AND:
    case O.OP_OR:
    case O.OP_MINS:
    case O.OP_MINU:
    case O.OP_MAXS:
    case O.OP_MAXU:
      if (b == c) move(op, b);
      return;
  }
}

function move(op: usize, b: u32): void {
  rewrite(op, O.OP_MOV, b, 0, 0);
}

/**
 * A shift of a value that was shifted left: of its source, if that still holds it; or of the slot itself, if the first shift changed it in
 * place and nobody can have seen the result, so that the first shift goes away.
 */
function shiftOfShift(cpu: usize, op: usize, number: u32, second: u32): void {
  const first = F.pendingOf(cpu, number);
  let source = slotOf(number);
  let shift: u32;
  if (first != 0) shift = <u32>load<u64>(first, OP_IMM);
  else if (F.isFrom(cpu, number, F.FACT_SHIFTED)) {
    shift = F.shiftOf(cpu, number);
    source = slotOf(F.sourceOf(cpu, number));
  } else return;
  // In place: the slot must be overwritten here, or its shifted value would be missed.
  if (first != 0 && load<u16>(op, OP_A) != source) return;
  let code = O.OP_NOP;
  let imm: i64 = 0;
  switch (<u32>load<u16>(op)) {
    case O.OP_SHLI:
      if (shift + second > 63) return;
      code = O.OP_SHLI;
      imm = shift + second;
      break;
    case O.OP_SHRI:
      if (shift == 32 && second == 32) code = O.OP_ZEXT32;
      else if (shift == 32 && second < 32) {
        code = O.OP_SHLIUW;
        imm = 32 - second;
      } else if (shift == second && shift > 50) {
        code = O.OP_ANDI;
        imm = ((<i64>1) << (64 - shift)) - 1;
      } else return;
      break;
    default:
      if (shift != second) return;
      if (shift == 32) code = O.OP_SEXT32;
      else if (shift == 48) code = O.OP_SEXT16;
      else if (shift == 56) code = O.OP_SEXT8;
      else return;
  }
  if (first != 0) remove(first);
  rewrite(op, code, source, 0, imm);
}
