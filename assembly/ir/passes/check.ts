/**
 * Holds what the passes made of a region against its blocks, in debug builds: operations with effects are still what and where they were, up to
 * the slots that they read; others write what their originals wrote, or are gone; operands are valid; every temporary is written before it
 * is read.
 */
import { irOperandHolds, irWritesTemp, irWritesVectorTemp } from '../validate';
import { END_BRANCH, graphCount, graphNode, NODE_BLOCK, NODE_END, NODE_OPS } from '../../tb/graph';
import { BLOCK_OPS } from '../../tb/block';
import { OP_A, OP_B, OP_C, OP_IMM, OP_SIZE } from '../builder';
import * as O from '../ops.gen';
import { originalOf } from './region';

/** Returns 0, or the address of the first operation that does not hold. */
export function passesCheck(cpu: usize): usize {
  for (let i: u32 = 0; i < graphCount(cpu); i++) {
    const node = graphNode(cpu, i);
    const ops = <u32>load<u16>(<usize>load<u32>(node, NODE_BLOCK), BLOCK_OPS);
    let written: u64 = 0;
    let vectors: u64 = 0;
    for (let index: u32 = 0; index < ops; index++) {
      const op: usize = load<u32>(node, NODE_OPS) + index * OP_SIZE;
      const code = <u32>load<u16>(op);
      if (code >= O.OP_COUNT || !isFaithful(op, originalOf(node, op), load<u32>(node, NODE_END))) return op;
      const signature = O.irSignature(code);
      if (!irOperandHolds(op, OP_B, (signature >> 3) & 7, written, vectors)) return op;
      if (!irOperandHolds(op, OP_C, (signature >> 6) & 7, written, vectors)) return op;
      if (!irOperandHolds(op, OP_A, signature & 7, written, vectors)) return op;
      if (((signature >> 9) & 7) == O.IMM_SHIFT && load<u64>(op, OP_IMM) > 63) return op;
      const a = <u32>load<u16>(op, OP_A);
      written |= irWritesTemp(signature & 7, a);
      vectors |= irWritesVectorTemp(signature & 7, a);
    }
  }
  return 0;
}

function isFaithful(op: usize, original: usize, end: u32): bool {
  const code = <u32>load<u16>(op);
  const signature = O.irSignature(code);
  const before = O.irSignature(load<u16>(original));
  const effect = before >> 12;
  if (code == O.OP_NOP) {
    // The branch and the exit of a jump that was a branch.
    if (effect == O.EFFECT_BRANCH || effect == O.EFFECT_EXIT) return end != END_BRANCH;
    return effect == O.EFFECT_NONE && load<u16>(original) != O.OP_FENCE;
  }
  if (effect == O.EFFECT_NONE && ((before & 7) == O.OPERAND_WRITE || (before & 7) == O.OPERAND_VWRITE))
    return signature >> 12 == O.EFFECT_NONE && load<u16>(op, OP_A) == load<u16>(original, OP_A);
  if (code != <u32>load<u16>(original) || load<u64>(op, OP_IMM) != load<u64>(original, OP_IMM)) return false;
  if (
    (before & 7) != O.OPERAND_READ &&
    (before & 7) != O.OPERAND_VREAD &&
    load<u16>(op, OP_A) != load<u16>(original, OP_A)
  )
    return false;
  return ((before >> 6) & 7) != O.OPERAND_MMU || load<u16>(op, OP_C) == load<u16>(original, OP_C);
}
