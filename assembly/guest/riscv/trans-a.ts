/** Atomic instructions: unprivileged specification, chapter 8. */
import { emit } from '../../ir/builder';
import {
  RMW_ADD,
  RMW_AND,
  RMW_MAXS,
  RMW_MAXU,
  RMW_MINS,
  RMW_MINU,
  RMW_OR,
  RMW_SWAP,
  RMW_XOR,
} from '../../ir/builder';
import { OP_RMW_32, OP_RMW_64 } from '../../ir/ops.gen';
import { emitCallEffect, mmuIndex, slotResult, slotRs1, slotRs2, ZERO } from './emit';
import { helperLoadReserved, helperStoreConditional } from './helpers-atomic';

function emitLoadReserved(e: usize, insn: u32, size: u32): bool {
  const word = size | (mmuIndex(e) << 8);
  emitCallEffect(e, slotResult(e, insn), slotRs1(insn), ZERO, helperLoadReserved.index, word);
  return true;
}

function emitStoreConditional(e: usize, insn: u32, size: u32): bool {
  const word = size | (mmuIndex(e) << 8);
  emitCallEffect(e, slotResult(e, insn), slotRs1(insn), slotRs2(insn), helperStoreConditional.index, word);
  return true;
}

function emitAmo(e: usize, insn: u32, op: u32, kind: u32): bool {
  emit(e, op, slotResult(e, insn), slotRs1(insn), slotRs2(insn), kind | (mmuIndex(e) << 8));
  return true;
}

export function transLrW(e: usize, insn: u32): bool {
  return emitLoadReserved(e, insn, 4);
}

export function transScW(e: usize, insn: u32): bool {
  return emitStoreConditional(e, insn, 4);
}

export function transAmoswapW(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_32, RMW_SWAP);
}

export function transAmoaddW(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_32, RMW_ADD);
}

export function transAmoxorW(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_32, RMW_XOR);
}

export function transAmoandW(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_32, RMW_AND);
}

export function transAmoorW(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_32, RMW_OR);
}

export function transAmominW(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_32, RMW_MINS);
}

export function transAmomaxW(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_32, RMW_MAXS);
}

export function transAmominuW(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_32, RMW_MINU);
}

export function transAmomaxuW(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_32, RMW_MAXU);
}

export function transLrD(e: usize, insn: u32): bool {
  return emitLoadReserved(e, insn, 8);
}

export function transScD(e: usize, insn: u32): bool {
  return emitStoreConditional(e, insn, 8);
}

export function transAmoswapD(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_64, RMW_SWAP);
}

export function transAmoaddD(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_64, RMW_ADD);
}

export function transAmoxorD(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_64, RMW_XOR);
}

export function transAmoandD(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_64, RMW_AND);
}

export function transAmoorD(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_64, RMW_OR);
}

export function transAmominD(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_64, RMW_MINS);
}

export function transAmomaxD(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_64, RMW_MAXS);
}

export function transAmominuD(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_64, RMW_MINU);
}

export function transAmomaxuD(e: usize, insn: u32): bool {
  return emitAmo(e, insn, OP_RMW_64, RMW_MAXU);
}
