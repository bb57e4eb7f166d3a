/** Integer multiplication and division: unprivileged specification, chapter 7. Division by zero and overflow do not trap. */
import {
  OP_DIVS,
  OP_DIVS_32,
  OP_DIVU,
  OP_DIVU_32,
  OP_MUL,
  OP_MULHS,
  OP_MULHSU,
  OP_MULHU,
  OP_MUL_32,
  OP_REMS,
  OP_REMS_32,
  OP_REMU,
  OP_REMU_32,
} from '../../ir/ops.gen';
import { emitBinary } from './trans-i';

export function transMul(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_MUL);
}

export function transMulh(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_MULHS);
}

export function transMulhsu(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_MULHSU);
}

export function transMulhu(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_MULHU);
}

export function transDiv(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_DIVS);
}

export function transDivu(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_DIVU);
}

export function transRem(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_REMS);
}

export function transRemu(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_REMU);
}

export function transMulw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_MUL_32);
}

export function transDivw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_DIVS_32);
}

export function transDivuw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_DIVU_32);
}

export function transRemw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_REMS_32);
}

export function transRemuw(e: usize, insn: u32): bool {
  return emitBinary(e, insn, OP_REMU_32);
}
