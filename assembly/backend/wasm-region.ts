/**
 * Tier 1: emits one region's graph as a Wasm function with structured control flow, from its dominator tree (Ramsey, "Beyond Relooper",
 * ICFP 2022): a node that several forward edges reach becomes the end of a block, a loop header a loop, and every other node is emitted
 * where its only predecessor leaves for it. Graphs are reducible: tb/graph-dispatch.ts sees to it.
 *
 * The guest's registers are locals in the whole function. Everything that leaves goes through one place at its end, which stores the
 * changed ones and then chains to the next region by a tail call, or returns a LEAVE_* code:
 *
 *   (func (param $budget i32) (result i32)
 *     load the registers
 *     (block $out
 *       (block $fault  …the graph…)
 *       $kind = LEAVE_EXCEPTION)
 *     store the changed registers
 *     $kind = LEAVE_LOOKUP: if the jump cache has a region for $pc, return_call_indirect it
 *     store pc and budget, return $kind)
 */
import * as L from '../layout';
import { BLOCK_LEVELS, LABEL_DEPTH, LOOP_LEVELS } from '../scratch';
import * as O from '../ir/ops.gen';
import { OP_A, OP_B, OP_C, OP_IMM, OP_SIZE } from '../ir/builder';
import { originalOf } from '../ir/passes/region';
import { BLOCK_INSNS, BLOCK_PC, BLOCK_REGION } from '../tb/block';
import * as G from '../tb/graph';
import { JUMP_BLOCK, JUMP_CACHE_ENTRIES, JUMP_FLAGS, JUMP_PC } from '../tb/jump-cache';
import {
  EXIT_AGAIN,
  STATE_BUDGET,
  STATE_EPOCH,
  STATE_EXIT_REASON,
  STATE_PC,
  STATE_TB_FLAGS,
} from '../vcpu/state';
import { REGION_D_EPOCH } from '../tb/region';
import { icountShift } from '../vcpu/clock';
import { LEAVE_BUDGET, LEAVE_EXCEPTION, LEAVE_EXIT } from './leave';
import * as W from './wasm-bytes';
import { hintsBegin, putHinted } from './wasm-hints';
import { IMPORT_COUNT, IMPORT_FAULT, TYPE_REGION } from './wasm-imports';
import {
  LOCAL_BUDGET,
  LOCAL_ENTRY,
  LOCAL_KIND,
  LOCAL_PC,
  LOCAL_FIRST_REGISTER,
  localsAssign,
  localsCount,
  localsLoad,
  localsStore,
  localsStoreTemps,
  localsVectorCount,
} from './wasm-locals';
import { emitOperation } from './wasm-op';
import { getSlot } from './wasm-slots';

const LEVEL_OUT: u32 = 0;
const LEVEL_FAULT: u32 = 1;

/** Labels open at this place. */
function depth(cpu: usize): u32 {
  return load<u32>(cpu - L.CPU_STATE + LABEL_DEPTH);
}

function open(cpu: usize, w: usize, opcode: u32): u32 {
  W.put(w, opcode);
  return opened(cpu, w);
}

/** Opens an `if` whose condition is nearly always true or nearly never. */
function openHinted(cpu: usize, w: usize, likely: bool): void {
  putHinted(cpu, w, W.WASM_IF, likely);
  opened(cpu, w);
}

function opened(cpu: usize, w: usize): u32 {
  W.put(w, W.WASM_VOID);
  const level = depth(cpu);
  store<u32>(cpu - L.CPU_STATE + LABEL_DEPTH, level + 1);
  return level;
}

function close(cpu: usize, w: usize): void {
  W.put(w, W.WASM_END);
  store<u32>(cpu - L.CPU_STATE + LABEL_DEPTH, depth(cpu) - 1);
}

function jump(cpu: usize, w: usize, level: u32): void {
  W.put(w, W.WASM_BR);
  W.putU(w, depth(cpu) - 1 - level);
}

/** How many labels lie between this place and the region's fault exit. */
export function faultLabel(cpu: usize): u32 {
  return depth(cpu) - 1 - LEVEL_FAULT;
}

/** Emits the function body, with its size, of the region whose graph has been built, as the module's function of that number. */
export function emitRegion(cpu: usize, w: usize, region: usize, number: u32): void {
  store<u32>(cpu - L.CPU_STATE + LABEL_DEPTH, 0);
  localsAssign(cpu);
  const body = W.reserveU(w);
  const vectors = localsVectorCount(cpu);
  hintsBegin(cpu, IMPORT_COUNT + number, load<u32>(w));
  W.putU(w, vectors != 0 ? 3 : 2);
  W.putU(w, LOCAL_PC - 1);
  W.put(w, W.WASM_I32);
  W.putU(w, localsCount(cpu) + LOCAL_FIRST_REGISTER - LOCAL_PC);
  W.put(w, W.WASM_I64);
  if (vectors != 0) {
    W.putU(w, vectors);
    W.put(w, W.WASM_V128);
  }
  W.putI32(w, 0);
  W.putI32(w, 0);
  W.putMemory(w, W.WASM_I32_LOAD, 2, <u32>cpu + STATE_EPOCH);
  W.putMemory(w, W.WASM_I32_STORE, 2, <u32>region + REGION_D_EPOCH);
  localsLoad(cpu, w);
  open(cpu, w, W.WASM_BLOCK);
  open(cpu, w, W.WASM_BLOCK);
  emitTree(cpu, w, 0);
  close(cpu, w);
  W.putI32(w, LEAVE_EXCEPTION);
  W.putLocalSet(w, LOCAL_KIND);
  close(cpu, w);
  localsStore(cpu, w);
  emitChain(cpu, w);
  W.putI32(w, 0);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.put(w, W.WASM_I64_EXTEND_I32_S);
  W.putMemory(w, W.WASM_I64_STORE, 3, <u32>cpu + STATE_BUDGET);
  W.putLocalGet(w, LOCAL_KIND);
  W.putI32(w, LEAVE_EXCEPTION);
  W.put(w, W.WASM_I32_EQ);
  W.put(w, W.WASM_IF);
  W.put(w, W.WASM_VOID);
  localsStoreTemps(cpu, w);
  W.putI32(w, <u32>region);
  W.putCall(w, IMPORT_FAULT);
  W.put(w, W.WASM_RETURN);
  W.put(w, W.WASM_END);
  W.putI32(w, 0);
  W.putLocalGet(w, LOCAL_PC);
  W.putMemory(w, W.WASM_I64_STORE, 3, <u32>cpu + STATE_PC);
  W.putLocalGet(w, LOCAL_KIND);
  W.put(w, W.WASM_END);
  W.patchSize(w, body);
}

/** LEAVE_LOOKUP: goes on in the region that the jump cache knows for $pc, if the budget allows it. */
function emitChain(cpu: usize, w: usize): void {
  const cache = <u32>cpu - L.CPU_STATE + L.CPU_JUMP_CACHE;
  W.putLocalGet(w, LOCAL_KIND);
  W.put(w, W.WASM_I32_EQZ);
  W.put(w, W.WASM_IF);
  W.put(w, W.WASM_VOID);
  W.putLocalGet(w, LOCAL_PC);
  W.put(w, W.WASM_I32_WRAP);
  W.putI32(w, 3);
  W.put(w, W.WASM_I32_SHL);
  W.putI32(w, (JUMP_CACHE_ENTRIES - 1) << 4);
  W.put(w, W.WASM_I32_AND);
  W.putLocalTee(w, LOCAL_ENTRY);
  W.putMemory(w, W.WASM_I64_LOAD, 3, cache + JUMP_PC);
  W.putLocalGet(w, LOCAL_PC);
  W.put(w, W.WASM_I64_EQ);
  W.putLocalGet(w, LOCAL_ENTRY);
  W.putMemory(w, W.WASM_I32_LOAD, 2, cache + JUMP_FLAGS);
  W.putI32(w, 0);
  W.putMemory(w, W.WASM_I32_LOAD, 2, <u32>cpu + STATE_TB_FLAGS);
  W.put(w, W.WASM_I32_EQ);
  W.put(w, W.WASM_I32_AND);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putI32(w, 0);
  W.put(w, W.WASM_I32_GT_S);
  W.put(w, W.WASM_I32_AND);
  W.put(w, W.WASM_IF);
  W.put(w, W.WASM_VOID);
  W.putLocalGet(w, LOCAL_ENTRY);
  W.putMemory(w, W.WASM_I32_LOAD, 2, cache + JUMP_BLOCK);
  W.putMemory(w, W.WASM_I32_LOAD, 2, BLOCK_REGION);
  W.putLocalTee(w, LOCAL_ENTRY);
  W.put(w, W.WASM_IF);
  W.put(w, W.WASM_VOID);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putLocalGet(w, LOCAL_ENTRY);
  W.put(w, W.WASM_RETURN_CALL_INDIRECT);
  W.putU(w, TYPE_REGION);
  W.putU(w, 0);
  W.put(w, W.WASM_END);
  W.put(w, W.WASM_END);
  W.put(w, W.WASM_END);
}

/** Emits a node and everything that it dominates. Recursion is as deep as the dominator tree, at most NODES_MAX. */
function emitTree(cpu: usize, w: usize, index: u32): void {
  const node = G.graphNode(cpu, index);
  const isHeader = load<u32>(node, G.NODE_HEADER) != 0;
  if (isHeader) store<u32>(cpu - L.CPU_STATE + LOOP_LEVELS + index * 4, open(cpu, w, W.WASM_LOOP));
  const first = load<i32>(node, G.NODE_RPO) + 1;
  const nodes = <i32>G.graphCount(cpu);
  // Merge nodes that this one dominates, the last in reverse post-order outermost.
  for (let rpo = nodes - 1; rpo >= first; rpo--) {
    const merge = G.graphAt(cpu, rpo);
    if (isMergeUnder(cpu, merge, index))
      store<u32>(cpu - L.CPU_STATE + BLOCK_LEVELS + merge * 4, open(cpu, w, W.WASM_BLOCK));
  }
  if (load<u32>(node, G.NODE_END) == G.END_DISPATCH) emitDispatch(cpu, w, node);
  else emitNode(cpu, w, index);
  for (let rpo = first; rpo < nodes; rpo++) {
    const merge = G.graphAt(cpu, rpo);
    if (!isMergeUnder(cpu, merge, index)) continue;
    close(cpu, w);
    emitTree(cpu, w, merge);
  }
  if (isHeader) close(cpu, w);
}

function isMergeUnder(cpu: usize, merge: u32, index: u32): bool {
  const node = G.graphNode(cpu, merge);
  return load<i32>(node, G.NODE_IDOM) == <i32>index && load<u32>(node, G.NODE_FORWARD) > 1;
}

/** The edge that led here left its number in LOCAL_ENTRY. */
function emitDispatch(cpu: usize, w: usize, node: usize): void {
  W.putLocalGet(w, LOCAL_ENTRY);
  W.putI32(w, load<u32>(node, G.NODE_NUMBER));
  W.put(w, W.WASM_I32_EQ);
  open(cpu, w, W.WASM_IF);
  emitEdge(cpu, w, node, G.NODE_TAKEN, 0);
  W.put(w, W.WASM_ELSE);
  emitEdge(cpu, w, node, G.NODE_FALL, 0);
  close(cpu, w);
  W.put(w, W.WASM_UNREACHABLE);
}

function emitNode(cpu: usize, w: usize, index: u32): void {
  const node = G.graphNode(cpu, index);
  const block: usize = load<u32>(node, G.NODE_BLOCK);
  // Under -icount both tiers must stop at the same block.
  if (G.graphChecksBudget(node) || (icountShift() >= 0 && index != 0)) {
    W.putLocalGet(w, LOCAL_BUDGET);
    W.putI32(w, 0);
    W.put(w, W.WASM_I32_LE_S);
    openHinted(cpu, w, false);
    W.putI32(w, LEAVE_BUDGET);
    W.putLocalSet(w, LOCAL_KIND);
    emitLeave(cpu, w, load<u64>(block, BLOCK_PC));
    close(cpu, w);
  }
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putI32(w, load<u16>(block, BLOCK_INSNS));
  W.put(w, W.WASM_I32_SUB);
  W.putLocalSet(w, LOCAL_BUDGET);
  const end: usize = load<u32>(node, G.NODE_END_OP);
  for (let op: usize = load<u32>(node, G.NODE_OPS); op < end; op += OP_SIZE)
    emitOperation(cpu, w, op, originalOf(node, op));
  const kind = load<u32>(node, G.NODE_END);
  if (kind == G.END_GOTO) emitEdge(cpu, w, node, G.NODE_TAKEN, end);
  else if (kind == G.END_BRANCH) {
    emitCondition(cpu, w, end);
    const leavesTaken = load<i32>(node, G.NODE_TAKEN) < 0;
    // The region was built around what runs often.
    if (leavesTaken != load<i32>(node, G.NODE_FALL) < 0) openHinted(cpu, w, !leavesTaken);
    else open(cpu, w, W.WASM_IF);
    emitEdge(cpu, w, node, G.NODE_TAKEN, end + 2 * OP_SIZE);
    W.put(w, W.WASM_ELSE);
    emitEdge(cpu, w, node, G.NODE_FALL, end + OP_SIZE);
    close(cpu, w);
    // Both arms leave; Wasm's validator has to be told.
    W.put(w, W.WASM_UNREACHABLE);
  } else if (kind == G.END_INDIRECT) {
    if (load<i32>(node, G.NODE_TAKEN) >= 0) {
      getSlot(cpu, w, load<u16>(end, OP_B));
      W.putI64(w, load<u64>(end, OP_IMM));
      W.put(w, W.WASM_I64_EQ);
      open(cpu, w, W.WASM_IF);
      emitEdge(cpu, w, node, G.NODE_TAKEN, end);
      close(cpu, w);
    }
    getSlot(cpu, w, load<u16>(end, OP_B));
    W.putLocalSet(w, LOCAL_PC);
    jump(cpu, w, LEVEL_OUT);
  } else {
    if (load<u16>(end, OP_A) != EXIT_AGAIN) {
      W.putI32(w, 0);
      W.putI32(w, load<u16>(end, OP_A));
      W.putMemory(w, W.WASM_I32_STORE, 2, <u32>cpu + STATE_EXIT_REASON);
      W.putI32(w, LEAVE_EXIT);
      W.putLocalSet(w, LOCAL_KIND);
    }
    emitLeave(cpu, w, load<u64>(end, OP_IMM));
  }
}

function emitLeave(cpu: usize, w: usize, pc: u64): void {
  W.putI64(w, pc);
  W.putLocalSet(w, LOCAL_PC);
  jump(cpu, w, LEVEL_OUT);
}

/** Goes where an edge (NODE_TAKEN or NODE_FALL) of a node leads; `op` is its exit. */
function emitEdge(cpu: usize, w: usize, from: usize, field: usize, op: usize): void {
  const to = load<i32>(from + field);
  if (to < 0) {
    emitLeave(cpu, w, load<u64>(op, OP_IMM));
    return;
  }
  const number = load<u32>(from + field, G.NODE_VIA);
  if (number != 0) {
    W.putI32(w, number);
    W.putLocalSet(w, LOCAL_ENTRY);
  }
  const target = G.graphNode(cpu, to);
  if (load<i32>(target, G.NODE_RPO) <= load<i32>(from, G.NODE_RPO))
    jump(cpu, w, load<u32>(cpu - L.CPU_STATE + LOOP_LEVELS + to * 4));
  else if (load<u32>(target, G.NODE_FORWARD) > 1)
    jump(cpu, w, load<u32>(cpu - L.CPU_STATE + BLOCK_LEVELS + to * 4));
  else emitTree(cpu, w, to);
}

function emitCondition(cpu: usize, w: usize, op: usize): void {
  getSlot(cpu, w, load<u16>(op, OP_B));
  getSlot(cpu, w, load<u16>(op, OP_C));
  let opcode = W.WASM_I64_GE_U;
  switch (<u32>load<u16>(op)) {
    case O.OP_BEQ:
      opcode = W.WASM_I64_EQ;
      break;
    case O.OP_BNE:
      opcode = W.WASM_I64_NE;
      break;
    case O.OP_BLTS:
      opcode = W.WASM_I64_LT_S;
      break;
    case O.OP_BGES:
      opcode = W.WASM_I64_GE_S;
      break;
    case O.OP_BLTU:
      opcode = W.WASM_I64_LT_U;
      break;
  }
  W.put(w, opcode);
}
