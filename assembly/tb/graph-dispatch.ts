/**
 * Makes irreducible graphs reducible. A loop that is entered at several nodes gets a dispatcher in front of them: whoever goes to one of its
 * entries goes to the dispatcher instead and says which one it meant. The dispatcher then is the loop's only header, and what lies inside is
 * looked at again, without it.
 *
 * A dispatcher for k entries is a chain of k - 1 nodes with two successors each, so that for all passes they are nodes like others, of an
 * empty block. An edge to the chain's first node has the number of its entry + 1 in its NODE_VIA; nothing comes between that edge and the
 * last node of the chain, so the number is in a local that anybody may use elsewhere.
 *
 * The budget is checked at the entries (NODE_ENTRY), because the dispatcher has no pc to leave at.
 */
import * as L from '../layout';
import { EMPTY_BLOCK, EMPTY_BLOCK_SIZE, NODES_MAX, PREDECESSORS, SUCCESSORS } from '../scratch';
import { BLOCK_CODE } from './block';
import {
  END_DISPATCH,
  graphAppend,
  graphCount,
  graphDominates,
  graphNode,
  NODE_END,
  NODE_END_OP,
  NODE_ENTRY,
  NODE_FALL,
  NODE_IDOM,
  NODE_NUMBER,
  NODE_TAKEN,
  NODE_VIA,
} from './graph';

/**
 * SUCCESSORS and PREDECESSORS: u64 for each node, a set of nodes, which has bit i for node i. EMPTY_BLOCK is that of the dispatchers: no
 * operations, no instructions.
 */
if (BLOCK_CODE > EMPTY_BLOCK_SIZE) ERROR('A block without operations does not fit.');

/** To be called when nodes and dominators are known; the nodes have to be numbered again afterwards. */
export function graphDispatch(cpu: usize): void {
  memory.fill(cpu - L.CPU_STATE + EMPTY_BLOCK, 0, BLOCK_CODE);
  let reached: u64 = 0;
  for (let i: u32 = 0; i < graphCount(cpu); i++)
    if (load<i32>(graphNode(cpu, i), NODE_IDOM) >= 0) reached |= bit(i);
  findEdges(cpu, reached);
  structure(cpu, reached, reached);
}

function bit(index: u32): u64 {
  return (<u64>1) << index;
}

function setOf(cpu: usize, sets: u32, index: u32): usize {
  return cpu - L.CPU_STATE + sets + (index << 3);
}

function findEdges(cpu: usize, reached: u64): void {
  memory.fill(setOf(cpu, SUCCESSORS, 0), 0, NODES_MAX << 3);
  memory.fill(setOf(cpu, PREDECESSORS, 0), 0, NODES_MAX << 3);
  for (; reached != 0; reached &= reached - 1) {
    const from = <u32>ctz(reached);
    findEdge(cpu, from, load<i32>(graphNode(cpu, from), NODE_TAKEN));
    findEdge(cpu, from, load<i32>(graphNode(cpu, from), NODE_FALL));
  }
}

function findEdge(cpu: usize, from: u32, to: i32): void {
  if (to < 0) return;
  const successors = setOf(cpu, SUCCESSORS, from);
  store<u64>(successors, load<u64>(successors) | bit(to));
  const predecessors = setOf(cpu, PREDECESSORS, to);
  store<u64>(predecessors, load<u64>(predecessors) | bit(from));
}

/** The nodes of a set that one or more edges lead to from a node, inside the set. */
function reach(cpu: usize, sets: u32, from: u32, inside: u64): u64 {
  let found = load<u64>(setOf(cpu, sets, from)) & inside;
  let fresh = found;
  while (fresh != 0) {
    const next = load<u64>(setOf(cpu, sets, <u32>ctz(fresh))) & inside & ~found;
    found |= next;
    fresh = (fresh & (fresh - 1)) | next;
  }
  return found;
}

/** Gives every loop among the nodes of `inside` one header. Returns `reached` with the nodes that were added. */
function structure(cpu: usize, inside: u64, reached: u64): u64 {
  let rest = inside;
  while (rest != 0) {
    const node = <u32>ctz(rest);
    const loop = reach(cpu, SUCCESSORS, node, inside) & reach(cpu, PREDECESSORS, node, inside);
    rest &= ~(loop | bit(node));
    if (loop == 0) continue;
    const entries = entriesOf(cpu, loop);
    if (popcnt(entries) == 1) {
      reached = structure(cpu, loop & ~entries, reached);
      continue;
    }
    const added = insert(cpu, loop, entries, reached);
    if (added == 0) continue;
    reached |= added;
    findEdges(cpu, reached);
    reached = structure(cpu, loop, reached);
  }
  return reached;
}

/** The nodes of a loop that can be reached from outside it. The region is entered at node 0. */
function entriesOf(cpu: usize, loop: u64): u64 {
  let entries = loop & 1;
  for (let rest = loop; rest != 0; rest &= rest - 1) {
    const node = <u32>ctz(rest);
    if ((load<u64>(setOf(cpu, PREDECESSORS, node)) & ~loop) != 0) entries |= bit(node);
  }
  return entries;
}

/** Puts a dispatcher in front of a loop's entries. Returns the set of its nodes, empty if there is no room for them. */
function insert(cpu: usize, loop: u64, entries: u64, reached: u64): u64 {
  const first = graphCount(cpu);
  const count = <u32>popcnt(entries);
  if (first + count - 1 > NODES_MAX) return 0;
  let added: u64 = 0;
  let number: u32 = 0;
  for (let rest = entries; rest != 0; rest &= rest - 1) {
    const entry = <u32>ctz(rest);
    store<u32>(graphNode(cpu, entry), 1, NODE_ENTRY);
    redirect(cpu, loop, entry, reached, first, number + 1);
    if (number > 0) added |= append(cpu, entry, number + 1);
    number += 1;
  }
  for (let i: u32 = 1; i < count - 1; i++) store<i32>(graphNode(cpu, first + i - 1), first + i, NODE_FALL);
  store<i32>(graphNode(cpu, first + count - 2), <u32>ctz(entries), NODE_FALL);
  return added;
}

/** Adds a node that leads to an entry if the local holds its number. */
function append(cpu: usize, entry: u32, number: u32): u64 {
  const empty = cpu - L.CPU_STATE + EMPTY_BLOCK;
  const index = graphAppend(cpu, empty);
  const node = graphNode(cpu, index);
  store<u32>(node, END_DISPATCH, NODE_END);
  store<u32>(node, <u32>empty + BLOCK_CODE, NODE_END_OP);
  store<i32>(node, entry, NODE_TAKEN);
  store<u32>(node, number, NODE_NUMBER);
  return bit(index);
}

/** The edges to an entry now go to the dispatcher, but for those from a loop of its own: they keep their header. */
function redirect(cpu: usize, loop: u64, entry: u32, reached: u64, dispatcher: u32, number: u32): void {
  for (; reached != 0; reached &= reached - 1) {
    const from = <u32>ctz(reached);
    if ((loop & bit(from)) != 0 && graphDominates(cpu, entry, from)) continue;
    for (let field: usize = NODE_TAKEN; field <= NODE_FALL; field += NODE_FALL - NODE_TAKEN) {
      const edge = graphNode(cpu, from) + field;
      if (load<i32>(edge) != entry) continue;
      store<i32>(edge, dispatcher);
      store<u32>(edge, number, NODE_VIA);
    }
  }
}
