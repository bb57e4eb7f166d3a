/** What the result of an operation is known to be: a constant, a copy, a shifted slot, and how many of its bits matter. */
import { OP_B, OP_C, OP_IMM } from '../builder';
import * as O from '../ops.gen';
import * as F from './facts';
import { slotNumber, SLOT_NONE } from './region';

function note(cpu: usize, a: u32, sext: u32, width: u32): void {
  if (width < sext) sext = width + 1 < 64 ? width + 1 : 64;
  F.factRange(cpu, a, sext < 64 ? sext : 64, width < 64 ? width : 64);
}

/** After an operation with effects: ranges of loaded values. */
export function noteLoad(cpu: usize, a: u32, code: u32): void {
  switch (code) {
    case O.OP_LD8U:
      return note(cpu, a, 9, 8);
    case O.OP_LD8S:
      return note(cpu, a, 8, 64);
    case O.OP_LD16U:
      return note(cpu, a, 17, 16);
    case O.OP_LD16S:
      return note(cpu, a, 16, 64);
    case O.OP_LD32U:
      return note(cpu, a, 33, 32);
    case O.OP_LD32S:
    case O.OP_RMW_32:
      return note(cpu, a, 32, 64);
  }
}

/** After a pure operation that writes the slot of number `a`: notes the write and what is known. */
export function noteResult(cpu: usize, op: usize, a: u32): void {
  const code = <u32>load<u16>(op);
  const imm = load<i64>(op, OP_IMM);
  const b = slotNumber(load<u16>(op, OP_B));
  const c = slotNumber(load<u16>(op, OP_C));
  const sextB = b != SLOT_NONE ? F.sextOf(cpu, b) : 64;
  const widthB = b != SLOT_NONE ? F.widthOf(cpu, b) : 64;
  const sextC = c != SLOT_NONE ? F.sextOf(cpu, c) : 64;
  const widthC = c != SLOT_NONE ? F.widthOf(cpu, c) : 64;
  const again = b == a || c == a;
  F.factWrite(cpu, a);
  F.pendingSet(cpu, a, code == O.OP_SHLI && b == a ? op : 0);
  switch (code) {
    case O.OP_MOVI:
      F.factConstant(cpu, a, imm);
      return;
    case O.OP_MOV:
      if (b != SLOT_NONE && !again) F.factSource(cpu, a, F.FACT_COPY, b, 0);
      return note(cpu, a, sextB, widthB);
    case O.OP_SHLI:
      if (b != SLOT_NONE && !again) F.factSource(cpu, a, F.FACT_SHIFTED, b, <u32>imm);
      return note(cpu, a, sextB + <u32>imm, widthB + <u32>imm);
    case O.OP_AND:
      return note(cpu, a, max<u32>(sextB, sextC), min<u32>(widthB, widthC));
    case O.OP_OR:
    case O.OP_XOR:
      return note(cpu, a, max<u32>(sextB, sextC), max<u32>(widthB, widthC));
    case O.OP_ANDI:
      if (imm < 0) return note(cpu, a, 64, widthB);
      return note(cpu, a, 64, min<u32>(widthB, <u32>(64 - clz<i64>(imm))));
    case O.OP_SHRI:
      return note(cpu, a, 64, widthB > <u32>imm ? widthB - <u32>imm : 0);
    case O.OP_SARI:
      return note(cpu, a, sextB > <u32>imm ? sextB - <u32>imm : 1, 64);
    case O.OP_LTS:
    case O.OP_LTU:
    case O.OP_LTSI:
    case O.OP_LTUI:
    case O.OP_EQ:
    case O.OP_NE:
    case O.OP_EQI:
    case O.OP_NEI:
      return note(cpu, a, 2, 1);
    case O.OP_SEXT8:
      return note(cpu, a, min<u32>(sextB, 8), widthB < 8 ? widthB : 64);
    case O.OP_SEXT16:
      return note(cpu, a, min<u32>(sextB, 16), widthB < 16 ? widthB : 64);
    case O.OP_SEXT32:
      return note(cpu, a, min<u32>(sextB, 32), widthB < 32 ? widthB : 64);
    case O.OP_ZEXT32:
      return note(cpu, a, 64, min<u32>(widthB, 32));
    case O.OP_EXTRACT:
      return note(cpu, a, 64, <u32>(imm >> 8));
    case O.OP_SHRIU_32:
      return note(cpu, a, 64, 32 - (<u32>imm & 31));
    case O.OP_VTEST:
      return note(cpu, a, 64, 32);
    case O.OP_SHLIUW:
      return note(cpu, a, 64, min<u32>(widthB, 32) + <u32>imm);
    case O.OP_CLZ:
    case O.OP_CTZ:
    case O.OP_POPCNT:
    case O.OP_CLZ_32:
    case O.OP_CTZ_32:
    case O.OP_POPCNT_32:
      return note(cpu, a, 64, 7);
  }
  if (code >= O.OP_ADD_32 && code <= O.OP_RORI_32) note(cpu, a, 32, 64);
  else if (code >= O.OP_ADDU_32 && code <= O.OP_RORIU_32) note(cpu, a, 64, 32);
}
