/**
 * What the passes over a region work on: a copy of its blocks' operations in the compiler's scratch, since the blocks themselves are tier 0's
 * and an operation's address in its block names the guest instruction that it belongs to. Passes rewrite operations of the copy in place and
 * turn removed ones into `nop`, so an operation and its original have the same index.
 *
 * After passCopy NODE_OPS is the address of a node's first operation in the copy, and NODE_END_OP lies in the copy too.
 */
import * as L from '../../layout';
import { PASS_OPS, PASS_OPS_END, SLOT_COUNT, SLOT_GLOBALS } from '../../scratch';
import { BLOCK_CODE, BLOCK_OPS } from '../../tb/block';
import { graphCount, graphNode, NODE_BLOCK, NODE_END_OP, NODE_OPS } from '../../tb/graph';
import { STATE_TEMPS } from '../../vcpu/state';
import { OP_A, OP_B, OP_C, OP_CODE, OP_IMM, OP_SIZE } from '../builder';
import * as O from '../ops.gen';

export const SLOT_NONE: u32 = 0xffff;

/** Number of a slot among those that passes know about, or SLOT_NONE. Slot 0, which always reads 0, is number 0. */
export function slotNumber(slot: u32): u32 {
  if (slot < SLOT_GLOBALS << 3) return slot >> 3;
  if (slot >= STATE_TEMPS && slot < STATE_TEMPS + ((SLOT_COUNT - SLOT_GLOBALS) << 3))
    return SLOT_GLOBALS + ((slot - STATE_TEMPS) >> 3);
  return SLOT_NONE;
}

export function slotOf(number: u32): u32 {
  return number < SLOT_GLOBALS ? number << 3 : STATE_TEMPS + ((number - SLOT_GLOBALS) << 3);
}

/** Copies the graph's operations. False if they do not fit: the nodes' operations are then the blocks' own, and passes must not run. */
export function passCopy(cpu: usize): bool {
  const nodes = graphCount(cpu);
  let at = cpu - L.CPU_STATE + PASS_OPS;
  const end = cpu - L.CPU_STATE + PASS_OPS_END;
  let fits = true;
  for (let i: u32 = 0; i < nodes; i++) {
    const block: usize = load<u32>(graphNode(cpu, i), NODE_BLOCK);
    at += <usize>load<u16>(block, BLOCK_OPS) * OP_SIZE;
    store<u32>(graphNode(cpu, i), <u32>block + BLOCK_CODE, NODE_OPS);
  }
  fits = at <= end;
  if (!fits) return false;
  at = cpu - L.CPU_STATE + PASS_OPS;
  for (let i: u32 = 0; i < nodes; i++) {
    const node = graphNode(cpu, i);
    const block: usize = load<u32>(node, NODE_BLOCK);
    const bytes = <usize>load<u16>(block, BLOCK_OPS) * OP_SIZE;
    memory.copy(at, block + BLOCK_CODE, bytes);
    store<u32>(node, <u32>at, NODE_OPS);
    store<u32>(node, load<u32>(node, NODE_END_OP) - <u32>block - BLOCK_CODE + <u32>at, NODE_END_OP);
    at += bytes;
  }
  return true;
}

/** Address after a node's last operation. */
export function nodeOpsEnd(node: usize): usize {
  const block: usize = load<u32>(node, NODE_BLOCK);
  return load<u32>(node, NODE_OPS) + <u32>load<u16>(block, BLOCK_OPS) * OP_SIZE;
}

/** Address in its block of an operation of the copy. */
export function originalOf(node: usize, op: usize): usize {
  return op - load<u32>(node, NODE_OPS) + load<u32>(node, NODE_BLOCK) + BLOCK_CODE;
}

/** Whether control may leave the region at this operation, so that every guest register has to be exact there. */
export function mayLeave(effect: u32): bool {
  return (
    effect == O.EFFECT_LOAD ||
    effect == O.EFFECT_STORE ||
    effect == O.EFFECT_ATOMIC ||
    effect == O.EFFECT_CALLX ||
    effect == O.EFFECT_CALLG ||
    effect == O.EFFECT_CALLR ||
    effect == O.EFFECT_EXIT
  );
}

export function rewrite(op: usize, code: u32, b: u32, c: u32, imm: i64): void {
  store<u16>(op, code, OP_CODE);
  store<u16>(op, b, OP_B);
  store<u16>(op, c, OP_C);
  store<i64>(op, imm, OP_IMM);
}

export function remove(op: usize): void {
  store<u16>(op, 0, OP_A);
  rewrite(op, O.OP_NOP, 0, 0, 0);
}

/** Slot of a helper's third argument. */
export function helperThird(op: usize): u32 {
  return <u32>(load<u64>(op, OP_IMM) >> 16) & 0xffff;
}
