/**
 * Dead stores: an operation without effects whose result nobody reads is removed. Temporaries are dead outside their block. A guest register
 * is alive wherever the region may be left: at its exits, at every load, store, atomic and callx, and where a loop's header may leave because
 * the budget is used up; between such points one that is overwritten before it is read is dead, across blocks too.
 */
import * as L from '../../layout';
import { DEAD_CELLS, DEAD_LIVE, SLOT_GLOBALS } from '../../scratch';
import {
  END_BRANCH,
  END_GOTO,
  graphAt,
  graphChecksBudget,
  graphCount,
  graphNode,
  NODE_END,
  NODE_FALL,
  NODE_OPS,
  NODE_TAKEN,
} from '../../tb/graph';
import { icountShift } from '../../vcpu/clock';
import { OP_A, OP_B, OP_C, OP_SIZE } from '../builder';
import * as O from '../ops.gen';
import { helperThird, mayLeave, nodeOpsEnd, remove, slotNumber, SLOT_NONE } from './region';

const ALL: u64 = 0xffffffffffffffff;
/** u64 for each node: guest registers alive where it begins. */
const LIVE: u32 = DEAD_LIVE;
/** u64 cells: guest registers and temporaries alive at the operation being looked at. */
const GLOBALS: u32 = DEAD_CELLS;
const TEMPS: u32 = DEAD_CELLS + 8;

/** Returns the number of operations removed. */
export function passDead(cpu: usize): u32 {
  const area = cpu - L.CPU_STATE;
  const nodes = graphCount(cpu);
  let removed: u32 = 0;
  // Loops leave at their headers or at all their entries, so everything is alive there and one walk against the order is enough.
  memory.fill(area + LIVE, 0xff, nodes << 3);
  for (let rpo = <i32>nodes - 1; rpo >= 0; rpo--) {
    const index = graphAt(cpu, rpo);
    const node = graphNode(cpu, index);
    let live = ALL;
    const kind = load<u32>(node, NODE_END);
    if (kind == END_GOTO) live = liveAt(area, load<i32>(node, NODE_TAKEN));
    else if (kind == END_BRANCH)
      live = liveAt(area, load<i32>(node, NODE_TAKEN)) | liveAt(area, load<i32>(node, NODE_FALL));
    store<u64>(area, live, GLOBALS);
    store<u64>(area, 0, TEMPS);
    removed += deadIn(area, node);
    // Under -icount every block may leave where it begins.
    if (!graphChecksBudget(node) && icountShift() < 0)
      store<u64>(area + LIVE + (index << 3), load<u64>(area, GLOBALS));
  }
  return removed;
}

function liveAt(area: usize, index: i32): u64 {
  return index < 0 ? ALL : load<u64>(area + LIVE + ((<u32>index) << 3));
}

function deadIn(area: usize, node: usize): u32 {
  let removed: u32 = 0;
  const first: usize = load<u32>(node, NODE_OPS);
  for (let op = nodeOpsEnd(node) - OP_SIZE; op >= first; op -= OP_SIZE) {
    const signature = O.irSignature(load<u16>(op));
    const effect = signature >> 12;
    if ((signature & 7) == O.OPERAND_WRITE || (signature & 7) == O.OPERAND_VWRITE) {
      const number = slotNumber(load<u16>(op, OP_A));
      if (number != SLOT_NONE) {
        const cell = area + (number < SLOT_GLOBALS ? GLOBALS : TEMPS);
        const bit = (<u64>1) << (number & 63);
        const live = load<u64>(cell);
        if (effect == O.EFFECT_NONE && (live & bit) == 0) {
          remove(op);
          removed += 1;
          continue;
        }
        store<u64>(cell, live & ~bit);
      }
    } else if (isRead(signature & 7)) read(area, load<u16>(op, OP_A));
    // The exits that end a block leave the region only where the graph says so.
    if (mayLeave(effect) && effect != O.EFFECT_EXIT) {
      store<u64>(area, ALL, GLOBALS);
      // What is left of the instruction runs in tier 0 then, from the temporaries.
      store<u64>(area, ALL, TEMPS);
    }
    if (isRead((signature >> 3) & 7)) read(area, load<u16>(op, OP_B));
    if (isRead((signature >> 6) & 7)) read(area, load<u16>(op, OP_C));
    if (((signature >> 9) & 7) == O.IMM_HELPER) read(area, helperThird(op));
  }
  return removed;
}

function isRead(kind: u32): bool {
  return kind == O.OPERAND_READ || kind == O.OPERAND_VREAD;
}

function read(area: usize, slot: u32): void {
  const number = slotNumber(slot);
  if (number == SLOT_NONE) return;
  const cell = area + (number < SLOT_GLOBALS ? GLOBALS : TEMPS);
  store<u64>(cell, load<u64>(cell) | ((<u64>1) << (number & 63)));
}
