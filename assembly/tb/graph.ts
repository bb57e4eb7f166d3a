/**
 * The control-flow graph of a region being compiled: blocks as nodes, found by following the exits that were taken, then numbered in reverse
 * post-order, with immediate dominators (Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm", 2001). An indirect jump has an exit
 * into the graph if it went behind another block of the graph when tier 0 ran it last: a return to a call that the region makes.
 *
 * It lies in the compiler's scratch: u32 node count at GRAPH_COUNT, then nodes of 64 bytes:
 *   +0x00 u32 block          +0x04 i32 node after the (taken) exit, or -1    +0x08 i32 node after the fall-through exit, or -1
 *   +0x0c u32 kind of end (END_*)   +0x10 u32 first operation of the end    +0x14 i32 number in reverse post-order
 *   +0x18 i32 immediate dominator   +0x1c u32 forward edges that arrive     +0x20 u32 1: a back edge arrives (loop header)
 *   +0x24 u32 colour of the depth-first search                          +0x28 u32 first operation of the block's copy (ir/passes/region.ts)
 *   +0x2c u32 1: entry of a dispatcher's loop
 *   +0x30, +0x34 u32 number that the edges to +0x04 and +0x08 give to the dispatcher there, or 0   +0x38 u32 number that a dispatcher waits for
 *   +0x3c u32 small region that the block joined with, or 0
 * After number the nodes' order in GRAPH_ORDER is reverse post-order.
 */
import * as L from '../layout';
import { GRAPH_COUNT, GRAPH_NODES, GRAPH_ORDER, NODE_SIZE, NODES_MAX } from '../scratch';
import * as O from '../ir/ops.gen';
import { OP_A, OP_CHAIN, OP_IMM, OP_SIZE } from '../ir/builder';
import { STATE_TB_FLAGS, STATE_THRESHOLD, BLOCK_GENERATION_MASK } from '../vcpu/state';
import { VPAGE_MASK } from '../softmmu/tlb';
import * as T from './block';
import { graphDispatch } from './graph-dispatch';
import { JUMP_BLOCK, jumpCacheEntry, JUMP_FLAGS, JUMP_PC } from './jump-cache';
import {
  regionAddPage,
  REGION_D_BLOCK_COUNT,
  REGION_D_BLOCKS,
  regionHas,
  regionIsSmall,
  regionThreshold,
} from './region';

export const END_GOTO: u32 = 0;
export const END_BRANCH: u32 = 1;
export const END_INDIRECT: u32 = 2;
export const END_EXIT: u32 = 3;
/** Not the end of a block: a dispatcher goes on at one of two nodes, by the number that the edge to it gave (graph-dispatch.ts). */
export const END_DISPATCH: u32 = 4;

export const NODE_BLOCK: u32 = 0x00;
export const NODE_TAKEN: u32 = 0x04;
export const NODE_FALL: u32 = 0x08;
export const NODE_END: u32 = 0x0c;
export const NODE_END_OP: u32 = 0x10;
export const NODE_RPO: u32 = 0x14;
export const NODE_IDOM: u32 = 0x18;
export const NODE_FORWARD: u32 = 0x1c;
export const NODE_HEADER: u32 = 0x20;
export const NODE_COLOUR: u32 = 0x24;
export const NODE_OPS: u32 = 0x28;
export const NODE_ENTRY: u32 = 0x2c;
/** From NODE_TAKEN and NODE_FALL to the edge's number. */
export const NODE_VIA: u32 = 0x2c;
export const NODE_NUMBER: u32 = 0x38;
const NODE_LEAF: u32 = 0x3c;

/** Guest instructions in a region. */
const REGION_INSNS_MAX: u32 = 320;
/**
 * A block where a large region begins does not join another, nor does one that lies in this many large regions: it is left to a tail call. A
 * small region joins as a whole, being a leaf function or the like. Without these limits a boot of Debian had its code compiled 2.8 times over,
 * and gzip its loop of 60 blocks, which is entered at many, seven times: most of the warm-up was waiting for V8 to optimise the copies. Without
 * any copies, of leaf functions neither, the workloads took up to half as long again.
 */
const COPIES_MAX: u32 = 2;
/** Instructions of a region that begins in the middle of a large one: it is there to lead back to where that begins. */
const BRIDGE_INSNS_MAX: u32 = 64;
/** A successor joins the region if it ran at least this fraction of the threshold. */
const WARM_SHIFT: u32 = 5;

export function graphCount(cpu: usize): u32 {
  return load<u32>(cpu - L.CPU_STATE + GRAPH_COUNT);
}

export function graphNode(cpu: usize, index: u32): usize {
  return cpu - L.CPU_STATE + GRAPH_NODES + index * NODE_SIZE;
}

/** The node that comes at a place in reverse post-order. */
export function graphAt(cpu: usize, rpo: u32): u32 {
  return load<u32>(cpu - L.CPU_STATE + GRAPH_ORDER + rpo * 4);
}

/** Whether tier 1 can take a block: every branch inside it is the conditional exit at its end. */
function isSupported(block: usize): bool {
  const ops = <u32>load<u16>(block, T.BLOCK_OPS);
  for (let i: u32 = 0; i < ops; i++) {
    const op = block + T.BLOCK_CODE + i * OP_SIZE;
    if (O.irSignature(load<u16>(op)) >> 12 == O.EFFECT_BRANCH)
      return i + 3 == ops && load<u32>(op, OP_IMM) == 1;
  }
  return true;
}

/** Why tier 1 cannot take a block, as the counter of that reason; 0 if it can. */
export function graphRefusal(block: usize): u32 {
  const state = load<u32>(block, T.BLOCK_STATE);
  if (state & (T.BLOCK_UNCACHED | T.BLOCK_ALONE)) return L.COUNTER_REFUSED_UNCACHED;
  return isSupported(block) ? 0 : L.COUNTER_REFUSED_BRANCH;
}

function isJump(op: usize): bool {
  const code = <u32>load<u16>(op);
  return code == O.OP_GOTO || code == O.OP_GOTOFAR;
}

/** The block that a static exit leads to, if it has been looked up and is still the one; 0 if not. */
function targetOf(cpu: usize, op: usize): usize {
  if (load<u16>(op) == O.OP_GOTO && load<u32>(op, OP_CHAIN) != 0) return load<u32>(op, OP_CHAIN);
  const pc = load<u64>(op, OP_IMM);
  const entry = jumpCacheEntry(cpu, pc);
  if (
    load<u64>(entry, JUMP_PC) != pc ||
    ((load<u32>(entry, JUMP_FLAGS) ^ load<u32>(cpu, STATE_TB_FLAGS)) & BLOCK_GENERATION_MASK) != 0
  )
    return 0;
  return load<u32>(entry, JUMP_BLOCK);
}

/** Builds the graph around an entry block and notes its pages and blocks in the region. False if the entry itself is not supported. */
export function graphBuild(cpu: usize, entry: usize, region: usize): bool {
  store<u32>(cpu - L.CPU_STATE + GRAPH_COUNT, 0);
  if (addNode(cpu, entry, region) < 0) return false;
  let insns: u32 = load<u16>(entry, T.BLOCK_INSNS);
  for (let i: u32 = 0; i < graphCount(cpu); i++) {
    const node = graphNode(cpu, i);
    if (load<u32>(node, NODE_END) > END_INDIRECT) continue;
    const op: usize = load<u32>(node, NODE_END_OP);
    if (load<u32>(node, NODE_END) == END_INDIRECT) {
      if (load<u16>(op, OP_A) == 0 && isBehindNode(cpu, load<u64>(op, OP_IMM)))
        insns += follow(cpu, entry, region, node, NODE_TAKEN, op, insns);
      continue;
    }
    const taken = load<u32>(node, NODE_END) == END_BRANCH ? op + 2 * OP_SIZE : op;
    insns += follow(cpu, entry, region, node, NODE_TAKEN, taken, insns);
    if (load<u32>(node, NODE_END) == END_BRANCH)
      insns += follow(cpu, entry, region, node, NODE_FALL, op + OP_SIZE, insns);
  }
  const nodes = graphCount(cpu);
  for (let i: u32 = 0; i < nodes; i++)
    store<u32>(region + REGION_D_BLOCKS + i * 4, load<u32>(graphNode(cpu, i), NODE_BLOCK));
  store<u32>(region, nodes, REGION_D_BLOCK_COUNT);
  number(cpu);
  if (!isReducible(cpu)) {
    graphDispatch(cpu);
    graphRenumber(cpu);
  } else classifyAll(cpu);
  return true;
}

/** Whether a pc is that behind a node's block, where a call that the node makes returns to. */
function isBehindNode(cpu: usize, pc: u64): bool {
  if (pc == 0) return false;
  for (let i: u32 = 0; i < graphCount(cpu); i++) {
    const block: usize = load<u32>(graphNode(cpu, i), NODE_BLOCK);
    if (load<u64>(block, T.BLOCK_PC) + load<u32>(block, T.BLOCK_SIZE) == pc) return true;
  }
  return false;
}

/** Resolves one exit of a node, adding its target if it belongs in. Returns the instructions added. */
function follow(
  cpu: usize,
  entry: usize,
  region: usize,
  node: usize,
  field: usize,
  op: usize,
  insns: u32,
): u32 {
  const target = targetOf(cpu, op);
  if (target == 0 || load<u32>(target, T.BLOCK_FLAGS) != load<u32>(entry, T.BLOCK_FLAGS)) return 0;
  if (load<u32>(target, T.BLOCK_GUEST_KEY) != load<u32>(entry, T.BLOCK_GUEST_KEY)) return 0;
  const nodes = graphCount(cpu);
  for (let i: u32 = 0; i < nodes; i++) {
    if (load<u32>(graphNode(cpu, i), NODE_BLOCK) == <u32>target) {
      store<i32>(node + field, <i32>i);
      return 0;
    }
  }
  const own: usize = load<u32>(target, T.BLOCK_REGION_DESCRIPTOR);
  const isBridge = load<u16>(entry, T.BLOCK_COPIES) != 0;
  let leaf: usize = load<u32>(node, NODE_LEAF);
  if (leaf == 0 || !regionHas(leaf, target)) {
    leaf = own;
    if (own != 0 && (isBridge || !regionIsSmall(own))) return 0;
  }
  const length = <u32>load<u16>(target, T.BLOCK_INSNS);
  if (!isWarm(cpu, target)) return 0;
  if (
    isBridge
      ? insns + length > BRIDGE_INSNS_MAX
      : leaf == 0 && <u32>load<u16>(target, T.BLOCK_COPIES) >= COPIES_MAX
  ) {
    // It lies in the middle of another region, and is asked for when it runs next, to be a way into it.
    const state = load<u32>(target, T.BLOCK_STATE);
    if ((state & T.BLOCK_REFUSED) == 0) store<u32>(target, 1, T.BLOCK_HEAT);
    store<u32>(target, state & ~T.BLOCK_INCLUDED, T.BLOCK_STATE);
    return 0;
  }
  if (insns + length > REGION_INSNS_MAX) return 0;
  const added = addNode(cpu, target, region);
  if (added < 0) return 0;
  store<i32>(node + field, added);
  store<u32>(graphNode(cpu, added), <u32>leaf, NODE_LEAF);
  return length;
}

/** Whether a block runs often enough to belong in a region. */
function isWarm(cpu: usize, block: usize): bool {
  if (load<u32>(block, T.BLOCK_REGION) != 0 || (load<u32>(block, T.BLOCK_STATE) & T.BLOCK_ASKED) != 0)
    return true;
  const runs = regionThreshold(cpu, load<u32>(block, T.BLOCK_LINEAR)) - load<u32>(block, T.BLOCK_HEAT);
  return runs >= load<u32>(cpu, STATE_THRESHOLD) >> WARM_SHIFT;
}

function addNode(cpu: usize, block: usize, region: usize): i32 {
  const index = graphCount(cpu);
  if (
    index == NODES_MAX ||
    (load<u32>(block, T.BLOCK_STATE) & T.BLOCK_VALID) == 0 ||
    graphRefusal(block) != 0
  )
    return -1;
  if (
    !regionAddPage(
      region,
      load<u64>(block, T.BLOCK_PC) & VPAGE_MASK,
      load<u32>(block, T.BLOCK_LINEAR) & ~(L.PAGE_SIZE - 1),
    )
  )
    return -1;
  const second = load<u32>(block, T.BLOCK_LINEAR2);
  const secondPage = (load<u64>(block, T.BLOCK_PC) & VPAGE_MASK) + L.PAGE_SIZE;
  if (second != 0 && !regionAddPage(region, secondPage, second)) return -1;
  const node = graphNode(cpu, graphAppend(cpu, block));
  const last = block + T.BLOCK_CODE + (<usize>load<u16>(block, T.BLOCK_OPS) - 1) * OP_SIZE;
  let end = last;
  let kind = END_EXIT;
  if (load<u16>(last) == O.OP_GOTOIND) kind = END_INDIRECT;
  else if (isJump(last)) {
    kind = END_GOTO;
    if (
      <u32>load<u16>(block, T.BLOCK_OPS) >= 3 &&
      O.irSignature(load<u16>(last - 2 * OP_SIZE)) >> 12 == O.EFFECT_BRANCH
    ) {
      kind = END_BRANCH;
      end = last - 2 * OP_SIZE;
    }
  }
  store<u32>(node, kind, NODE_END);
  store<u32>(node, <u32>end, NODE_END_OP);
  return <i32>index;
}

/** Adds a node that leads nowhere. The caller knows that there is room. */
export function graphAppend(cpu: usize, block: usize): u32 {
  const index = graphCount(cpu);
  const node = graphNode(cpu, index);
  memory.fill(node, 0, NODE_SIZE);
  store<u32>(node, <u32>block, NODE_BLOCK);
  store<i32>(node, -1, NODE_TAKEN);
  store<i32>(node, -1, NODE_FALL);
  store<u32>(cpu - L.CPU_STATE + GRAPH_COUNT, index + 1);
  return index;
}

/** Whether the region may be left where a node begins, because the budget is used up: at least one node of every loop. */
export function graphChecksBudget(node: usize): bool {
  return (
    load<u32>(node, NODE_END) != END_DISPATCH &&
    (load<u32>(node, NODE_HEADER) != 0 || load<u32>(node, NODE_ENTRY) != 0)
  );
}

/** Reverse post-order and dominators. */
function number(cpu: usize): void {
  const nodes = graphCount(cpu);
  const order = cpu - L.CPU_STATE + GRAPH_ORDER;
  const after = visit(cpu, 0, nodes);
  memory.copy(order, order + after * 4, (nodes - after) * 4);
  // Nodes that a folded branch no longer leads to come last, with no dominator and no edges.
  let reached = nodes - after;
  for (let i: u32 = 0; i < nodes && reached < nodes; i++) {
    if (load<u32>(graphNode(cpu, i), NODE_COLOUR) != 0) continue;
    store<u32>(order + reached * 4, i);
    reached += 1;
  }
  for (let i: u32 = 0; i < nodes; i++) {
    store<i32>(graphNode(cpu, graphAt(cpu, i)), <i32>i, NODE_RPO);
    store<i32>(graphNode(cpu, i), -1, NODE_IDOM);
  }
  store<i32>(graphNode(cpu, 0), 0, NODE_IDOM);
  let changed = true;
  while (changed) {
    changed = false;
    for (let at: u32 = 1; at < nodes; at++) {
      const index = graphAt(cpu, at);
      let dominator = -1;
      for (let i: u32 = 0; i < nodes; i++) {
        const from = graphNode(cpu, i);
        if (load<i32>(from, NODE_TAKEN) != <i32>index && load<i32>(from, NODE_FALL) != <i32>index) continue;
        if (load<i32>(from, NODE_IDOM) < 0) continue;
        dominator = dominator < 0 ? <i32>i : intersect(cpu, <i32>i, dominator);
      }
      if (load<i32>(graphNode(cpu, index), NODE_IDOM) != dominator) {
        store<i32>(graphNode(cpu, index), dominator, NODE_IDOM);
        changed = true;
      }
    }
  }
}

/** Whether every edge back goes to a node that dominates where it comes from: to the header of a loop. */
function isReducible(cpu: usize): bool {
  for (let i: u32 = 0; i < graphCount(cpu); i++) {
    const node = graphNode(cpu, i);
    if (load<i32>(node, NODE_IDOM) < 0) continue;
    if (isIntoLoop(cpu, i, load<i32>(node, NODE_TAKEN)) || isIntoLoop(cpu, i, load<i32>(node, NODE_FALL)))
      return false;
  }
  return true;
}

/** Finds loop headers, and counts the forward edges. */
function classifyAll(cpu: usize): void {
  for (let i: u32 = 0; i < graphCount(cpu); i++) {
    if (load<i32>(graphNode(cpu, i), NODE_IDOM) < 0) continue;
    classify(cpu, i, NODE_TAKEN);
    classify(cpu, i, NODE_FALL);
  }
}

/** Numbers the nodes anew after edges changed. */
export function graphRenumber(cpu: usize): void {
  for (let i: u32 = 0; i < graphCount(cpu); i++) {
    const node = graphNode(cpu, i);
    store<u32>(node, 0, NODE_FORWARD);
    store<u32>(node, 0, NODE_HEADER);
    store<u32>(node, 0, NODE_COLOUR);
  }
  number(cpu);
  classifyAll(cpu);
}

/** Depth-first search; writes the order from its end backwards and returns the first place used. Depth is at most the node count. */
function visit(cpu: usize, index: u32, place: u32): u32 {
  const node = graphNode(cpu, index);
  store<u32>(node, 1, NODE_COLOUR);
  const fall = load<i32>(node, NODE_FALL);
  const taken = load<i32>(node, NODE_TAKEN);
  if (taken >= 0 && load<u32>(graphNode(cpu, taken), NODE_COLOUR) == 0) place = visit(cpu, taken, place);
  if (fall >= 0 && load<u32>(graphNode(cpu, fall), NODE_COLOUR) == 0) place = visit(cpu, fall, place);
  place -= 1;
  store<u32>(cpu - L.CPU_STATE + GRAPH_ORDER + place * 4, index);
  return place;
}

function rpoOf(cpu: usize, index: i32): i32 {
  return load<i32>(graphNode(cpu, index), NODE_RPO);
}

function intersect(cpu: usize, a: i32, b: i32): i32 {
  while (a != b) {
    while (rpoOf(cpu, a) > rpoOf(cpu, b)) a = load<i32>(graphNode(cpu, a), NODE_IDOM);
    while (rpoOf(cpu, b) > rpoOf(cpu, a)) b = load<i32>(graphNode(cpu, b), NODE_IDOM);
  }
  return a;
}

export function graphDominates(cpu: usize, a: i32, b: i32): bool {
  while (rpoOf(cpu, b) > rpoOf(cpu, a)) b = load<i32>(graphNode(cpu, b), NODE_IDOM);
  return a == b;
}

/** An edge into a loop that the loop's header does not dominate. */
function isIntoLoop(cpu: usize, from: i32, to: i32): bool {
  return to >= 0 && rpoOf(cpu, to) <= rpoOf(cpu, from) && !graphDominates(cpu, to, from);
}

/** An edge into a loop is cut: it leaves the region instead. There is none, unless the graph had no room for a dispatcher. */
function classify(cpu: usize, from: u32, field: usize): void {
  const node = graphNode(cpu, from);
  const to = load<i32>(node + field);
  if (to < 0) return;
  const target = graphNode(cpu, to);
  if (isIntoLoop(cpu, from, to)) store<i32>(node + field, -1);
  else if (rpoOf(cpu, to) > rpoOf(cpu, from))
    store<u32>(target, load<u32>(target, NODE_FORWARD) + 1, NODE_FORWARD);
  else store<u32>(target, 1, NODE_HEADER);
}
