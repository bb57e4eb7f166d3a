/** How both tiers leave the code they run: the codes that they return to the run loop, and the way out in the middle of a block. */
import * as O from '../ir/ops.gen';
import { OP_A, OP_IMM, OP_SIZE } from '../ir/builder';
import {
  BLOCK_CODE,
  BLOCK_HEAT,
  BLOCK_INSN_TABLE,
  BLOCK_INSNS,
  BLOCK_OPS,
  BLOCK_PC,
  BLOCK_SIZE,
  blockInsnAt,
  blockInsnEnd,
  blockInsnPc,
} from '../tb/block';
import * as S from '../vcpu/state';
import { interpret } from './interpreter';

/** The block at STATE_PC has to be looked up. */
export const LEAVE_LOOKUP: u32 = 0;
/** The slice is over. */
export const LEAVE_BUDGET: u32 = 1;
/** An exception is pending; STATE_PC is the instruction that raised it. */
export const LEAVE_EXCEPTION: u32 = 2;
/** An `exit` operation; its reason is in STATE_EXIT_REASON. */
export const LEAVE_EXIT: u32 = 3;
/** The block in STATE_HOT is the next one, and its heat has run out: it has a region, or should get one. */
export const LEAVE_HOT: u32 = 4;

/** Counts an execution of a block; true when its heat runs out. */
export function isHot(block: usize): bool {
  const heat = load<u32>(block, BLOCK_HEAT) - 1;
  store<u32>(block, heat, BLOCK_HEAT);
  return heat == 0;
}

/** Leaves at the end of a block, where the guest goes on at `pc`. */
export function leaveTo(cpu: usize, pc: u64, budget: i64, leave: u32): u32 {
  store<u64>(cpu, pc, S.STATE_PC);
  store<i64>(cpu, budget, S.STATE_BUDGET);
  return leave;
}

/** Leaves where a block begins whose heat has run out. */
export function leaveHot(cpu: usize, block: usize, budget: i64): u32 {
  store<u32>(cpu, <u32>block, S.STATE_HOT);
  return leaveTo(cpu, load<u64>(block, BLOCK_PC), budget, LEAVE_HOT);
}

/**
 * Leaves at an operation that raised an exception, or else after its instruction because STATE_LEAVE is set. The slot of a load's result may
 * not have been written yet; STATE_LOADED has it. `budget` counts the whole block as run. Returns LEAVE_*.
 */
export function leaveInside(cpu: usize, block: usize, op: usize, budget: i64): u32 {
  if (load<u64>(cpu, S.STATE_EXCEPTION) != 0) return leaveException(cpu, block, op, budget);
  const signature = O.irSignature(load<u16>(op));
  const effect = signature >> 12;
  const result = cpu + load<u16>(op, OP_A);
  if ((signature & 7) == O.OPERAND_VWRITE) {
    if (effect == O.EFFECT_LOAD) v128.store(result, v128.load(cpu, S.STATE_VECTOR));
  } else if (effect == O.EFFECT_LOAD || effect == O.EFFECT_ATOMIC)
    store<u64>(result, load<u64>(cpu, S.STATE_LOADED));
  return leaveAfter(cpu, block, op, budget);
}

/** Leaves in the middle of a block because the operation's instruction raised an exception. */
function leaveException(cpu: usize, block: usize, op: usize, budget: i64): u32 {
  const insn = blockInsnAt(block, op);
  store<u64>(cpu, blockInsnPc(block, insn), S.STATE_PC);
  store<i64>(cpu, budget + load<u16>(block, BLOCK_INSNS) - insn, S.STATE_BUDGET);
  return LEAVE_EXCEPTION;
}

/**
 * Leaves after the operation's instruction. What the instruction still has to do runs from a copy, since the block's own code may be stale: a
 * block of this one instruction, whose ways out are `exit` operations.
 */
function leaveAfter(cpu: usize, block: usize, op: usize, budget: i64): u32 {
  const insn = blockInsnAt(block, op);
  const pc = blockInsnPc(block, insn);
  const nextPc = blockInsnPc(block, insn + 1);
  const left = budget + load<u16>(block, BLOCK_INSNS) - insn - 1;
  store<u64>(cpu, nextPc, S.STATE_PC);
  store<i64>(cpu, left, S.STATE_BUDGET);
  store<u32>(cpu, 0, S.STATE_LEAVE);
  store<u32>(cpu, 0, S.STATE_CHAIN_FROM);
  const end = blockInsnEnd(block, insn);
  const copy = cpu + S.STATE_REST;
  let at = copy + BLOCK_CODE;
  for (let rest = op + OP_SIZE; rest < end; rest += OP_SIZE) {
    const code = <u32>load<u16>(rest);
    memory.copy(at, rest, OP_SIZE);
    if (code == O.OP_GOTO || code == O.OP_GOTOFAR) putExit(at, load<u64>(rest, OP_IMM));
    at += OP_SIZE;
  }
  if (at == copy + BLOCK_CODE) return LEAVE_LOOKUP;
  putExit(at, nextPc);
  at += OP_SIZE;
  store<u64>(copy, pc, BLOCK_PC);
  store<u16>(copy, 1, BLOCK_INSNS);
  store<u16>(copy, <u16>((at - copy - BLOCK_CODE) >> 4), BLOCK_OPS);
  store<u32>(copy, <u32>at, BLOCK_INSN_TABLE);
  store<u32>(copy, <u32>(nextPc - pc), BLOCK_SIZE);
  store<u32>(at, 0);
  store<i64>(cpu, left + 1, S.STATE_BUDGET);
  return interpret(cpu, copy);
}

function putExit(at: usize, pc: u64): void {
  store<u16>(at, <u16>O.OP_EXIT);
  store<u16>(at, <u16>S.EXIT_AGAIN, OP_A);
  store<u64>(at, pc, OP_IMM);
}
