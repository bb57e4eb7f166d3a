/**
 * Shared TLB probes: loads and stores at constant distances from one value are probed once. The first one asks whether all the bytes that the
 * group touches lie in one page that the TLB holds (for writing, if one of them stores); it leaves the linear address of the group's start
 * in a local, or 0, and the others only look at that. With 0 each takes the slow path, in order, so exceptions are as precise as ever.
 *
 * This is sound because a mapping that was probed holds until the region is left or a callx (no callr) runs: slow accesses add to the TLB, or change the
 * map and leave (softmmu/device.ts); flushes, protection and the dirty log's harvest happen in helpers and in the run loop. A write tag
 * implies a read tag (softmmu/tlb.ts).
 *
 * An address is known as a *root*, the unknown value that a slot had at some place, plus an offset. Groups stay open where one block alone leads to
 * the next: what the first one's local holds cannot have changed on the way. Only accesses that follow in the same block make a group one for
 * writing, since they happen too, and a page that is not writable would keep it on the slow path.
 *
 * Addresses cut to 32 bits wrap around, and the group's start is computed from the first access's address without doing so. All bytes of a
 * group that hits lie in the page of that address, so none of them has wrapped.
 */
import * as L from '../../layout';
import {
  PASS_OPS,
  PASS_OPS_END,
  PROBE_BEFORE,
  PROBE_CELLS,
  PROBE_DELTAS,
  PROBE_GROUP_SIZE as GROUP_SIZE,
  PROBE_GROUPS,
  PROBE_GROUPS_MAX as GROUPS_MAX,
  PROBE_LOCALS,
  PROBE_MARKS,
  PROBE_MARKS_SIZE as MARKS_SIZE,
  PROBE_OPEN,
  PROBE_OPEN_SIZE as OPEN_SIZE,
  PROBE_PATH_SIZE as PATH_SIZE,
  PROBE_PATH_SLOTS as PATH_SLOTS,
  PROBE_PATHS,
  PROBE_VALUE_SIZE as VALUE_SIZE,
  PROBE_VALUES,
  SLOT_COUNT,
} from '../../scratch';
import { BLOCK_FLAGS } from '../../tb/block';
import {
  graphAt,
  graphCount,
  graphNode,
  NODE_BLOCK,
  NODE_FALL,
  NODE_FORWARD,
  NODE_HEADER,
  NODE_OPS,
  NODE_TAKEN,
} from '../../tb/graph';
import { STATE_GUEST_WIDE } from '../../vcpu/state';
import { OP_A, OP_B, OP_C, OP_IMM, OP_SIZE } from '../builder';
import * as O from '../ops.gen';
import { nodeOpsEnd, slotNumber, SLOT_NONE } from './region';

/** u16 for each operation: number of its group + 1, and FIRST at the one that probes. */
const MARKS: u32 = PROBE_MARKS;
const FIRST: u32 = 0x8000;
/** i16 for each operation of a group: its offset from the root, less that of the first. */
const DELTAS: u32 = PROBE_DELTAS;
/** Values of slots: u32 root, u32 1: cut to 32 bits after the offset was added, i64 offset. */
const VALUES: u32 = PROBE_VALUES;
const VALUE_ROOT: u32 = 0;
const VALUE_CUT: u32 = 4;
const VALUE_OFFSET: u32 = 8;
/** Groups that are open at the operation being looked at, by local: u32 group + 1, u32 root, u32 key (mode of the address), u32 time of its last use. */
const OPEN: u32 = PROBE_OPEN;
const OPEN_GROUP: u32 = 0;
const OPEN_ROOT: u32 = 4;
const OPEN_KEY: u32 = 8;
const OPEN_TIME: u32 = 12;
/** The same at the ends of nodes, behind the values of the first registers. */
const PATHS: u32 = PROBE_PATHS;
/** i32 for each node: a node that leads to it and was looked at before it, or -1. */
const BEFORE: u32 = PROBE_BEFORE;
/** Groups: i64 start (offset from the first access's slot), u32 bytes, u32 node, u32 1: writes, u32 local, u32 members, u32 first operation, i64 the first access's offset from the root. */
const GROUPS: u32 = PROBE_GROUPS;
/** u32 cells: number of groups, the next root, and a time that goes on with each access. */
const COUNT: u32 = PROBE_CELLS;
const ROOTS: u32 = PROBE_CELLS + 4;
const TIME: u32 = PROBE_CELLS + 8;

/** Bytes from a group's start to its end at most: how far apart accesses may be, before a page's end between them becomes likely. */
const SPAN_MAX: i64 = 128;

const GROUP_START: u32 = 0;
const GROUP_BYTES: u32 = 8;
const GROUP_NODE: u32 = 12;
const GROUP_WRITES: u32 = 16;
const GROUP_LOCAL: u32 = 20;
const GROUP_MEMBERS: u32 = 24;
const GROUP_FIRST: u32 = 28;
const GROUP_OFFSET: u32 = 32;

/** Forgets all groups: to be called for each region, whether or not the pass runs. */
export function probesClear(cpu: usize): void {
  store<u32>(cpu - L.CPU_STATE + COUNT, 0);
  memory.fill(cpu - L.CPU_STATE + MARKS, 0, MARKS_SIZE);
}

function markOf(cpu: usize, op: usize): usize {
  return cpu - L.CPU_STATE + MARKS + (((<u32>op - (<u32>cpu - L.CPU_STATE + PASS_OPS)) / OP_SIZE) << 1);
}

function deltaOf(cpu: usize, op: usize): usize {
  return markOf(cpu, op) + (DELTAS - MARKS);
}

function groupAt(cpu: usize, index: u32): usize {
  return cpu - L.CPU_STATE + GROUPS + index * GROUP_SIZE;
}

/** The group of a load or store, or 0. */
export function probeGroup(cpu: usize, op: usize): usize {
  if (<u32>op - (<u32>cpu - L.CPU_STATE + PASS_OPS) >= PASS_OPS_END - PASS_OPS) return 0;
  const mark = <u32>load<u16>(markOf(cpu, op)) & ~FIRST;
  return mark == 0 ? 0 : groupAt(cpu, mark - 1);
}

/** Whether the operation is the one that probes for its group. */
export function probeIsFirst(cpu: usize, op: usize): bool {
  return (<u32>load<u16>(markOf(cpu, op)) & FIRST) != 0;
}

/** For the access that probes: offset of the group's first byte from its slot. */
export function probeStart(group: usize): i64 {
  return load<i64>(group, GROUP_START);
}

/** How far behind the group's first byte an access is. */
export function probeBehind(cpu: usize, group: usize, op: usize): u32 {
  const first: usize = load<u32>(group, GROUP_FIRST);
  return <u32>(load<i64>(first, OP_IMM) - probeStart(group) + load<i16>(deltaOf(cpu, op)));
}

export function probeBytes(group: usize): u32 {
  return load<u32>(group, GROUP_BYTES);
}

export function probeWrites(group: usize): bool {
  return load<u32>(group, GROUP_WRITES) != 0;
}

/** Which of the PROBE_LOCALS holds the linear address of the group's start. */
export function probeLocal(group: usize): u32 {
  return load<u32>(group, GROUP_LOCAL);
}

/** log2 of the size of a load or store. */
export function accessLog(code: u32): u32 {
  switch (code) {
    case O.OP_LD8U:
    case O.OP_LD8S:
    case O.OP_ST8:
      return 0;
    case O.OP_LD16U:
    case O.OP_LD16S:
    case O.OP_ST16:
      return 1;
    case O.OP_LD32U:
    case O.OP_LD32S:
    case O.OP_ST32:
      return 2;
    case O.OP_VLD128:
    case O.OP_VST128:
    case O.OP_VLD128A:
    case O.OP_VST128A:
      return 4;
  }
  return 3;
}

export function passProbe(cpu: usize): void {
  const area = cpu - L.CPU_STATE;
  const nodes = graphCount(cpu);
  store<u32>(area, 1, ROOTS);
  store<u32>(area, 0, TIME);
  memory.fill(area + BEFORE, 0xff, nodes << 2);
  for (let rpo: u32 = 0; rpo < nodes; rpo++) {
    const index = graphAt(cpu, rpo);
    const node = graphNode(cpu, index);
    begin(cpu, node, load<i32>(area + BEFORE + (index << 2)));
    const end = nodeOpsEnd(node);
    for (let op: usize = load<u32>(node, NODE_OPS); op < end; op += OP_SIZE) {
      const effect = O.irSignature(load<u16>(op)) >> 12;
      if (effect == O.EFFECT_LOAD || effect == O.EFFECT_STORE) join(cpu, op, index, effect == O.EFFECT_STORE);
      if (effect == O.EFFECT_CALLX || effect == O.EFFECT_CALLG) closeAll(cpu);
      follow(cpu, op);
    }
    memory.copy(pathOf(cpu, index), valueOf(cpu, 0), PATH_SLOTS * VALUE_SIZE);
    memory.copy(pathOf(cpu, index) + PATH_SLOTS * VALUE_SIZE, area + OPEN, PROBE_LOCALS * OPEN_SIZE);
    noteEdge(cpu, load<i32>(node, NODE_TAKEN), index);
    noteEdge(cpu, load<i32>(node, NODE_FALL), index);
  }
  // One member alone is probed as if there were no group.
  for (let i: u32 = 0; i < load<u32>(area, COUNT); i++)
    if (load<u32>(groupAt(cpu, i), GROUP_MEMBERS) == 1)
      store<u16>(markOf(cpu, load<u32>(groupAt(cpu, i), GROUP_FIRST)), 0);
}

function pathOf(cpu: usize, node: u32): usize {
  return cpu - L.CPU_STATE + PATHS + node * PATH_SIZE;
}

function noteEdge(cpu: usize, to: i32, index: u32): void {
  if (to >= 0) store<u32>(cpu - L.CPU_STATE + BEFORE + (to << 2), index);
}

/** Goes on where the node before ended, if there is only that; temporaries do not outlive it. */
function begin(cpu: usize, node: usize, before: i32): void {
  let from: u32 = 0;
  if (before >= 0 && load<u32>(node, NODE_FORWARD) == 1 && load<u32>(node, NODE_HEADER) == 0) {
    from = PATH_SLOTS;
    const path = pathOf(cpu, before);
    memory.copy(valueOf(cpu, 0), path, PATH_SLOTS * VALUE_SIZE);
    memory.copy(cpu - L.CPU_STATE + OPEN, path + PATH_SLOTS * VALUE_SIZE, PROBE_LOCALS * OPEN_SIZE);
  } else closeAll(cpu);
  for (let number = from; number < SLOT_COUNT; number++) setRoot(cpu, number);
}

function valueOf(cpu: usize, number: u32): usize {
  return cpu - L.CPU_STATE + VALUES + number * VALUE_SIZE;
}

function setValue(cpu: usize, number: u32, root: u32, cut: u32, offset: i64): void {
  const value = valueOf(cpu, number);
  store<u32>(value, root, VALUE_ROOT);
  store<u32>(value, cut, VALUE_CUT);
  store<i64>(value, offset, VALUE_OFFSET);
}

/** The slot holds something unknown. */
function setRoot(cpu: usize, number: u32): void {
  const cell = cpu - L.CPU_STATE + ROOTS;
  const root = load<u32>(cell);
  store<u32>(cell, root + 1);
  setValue(cpu, number, root, 0, 0);
}

/** Notes what the operation writes. */
function follow(cpu: usize, op: usize): void {
  const code = <u32>load<u16>(op);
  if (O.irSignature(code) >> 12 == O.EFFECT_CALLG) {
    for (let number: u32 = 1; number < SLOT_COUNT; number++) setRoot(cpu, number);
    return;
  }
  if ((O.irSignature(code) & 7) != O.OPERAND_WRITE) return;
  const a = slotNumber(load<u16>(op, OP_A));
  if (a == SLOT_NONE) return;
  const b = slotNumber(load<u16>(op, OP_B));
  if (b != SLOT_NONE && b != 0) {
    const root = load<u32>(valueOf(cpu, b), VALUE_ROOT);
    const cut = load<u32>(valueOf(cpu, b), VALUE_CUT);
    const offset = load<i64>(valueOf(cpu, b), VALUE_OFFSET);
    const imm = load<i64>(op, OP_IMM);
    if (code == O.OP_MOV) return setValue(cpu, a, root, cut, offset);
    if (code == O.OP_ADDI && cut == 0) return setValue(cpu, a, root, 0, offset + imm);
    if (code == O.OP_ADDIU_32) return setValue(cpu, a, root, 1, offset + imm);
    if (code == O.OP_ZEXT32) return setValue(cpu, a, root, 1, offset);
  }
  setRoot(cpu, a);
}

function closeAll(cpu: usize): void {
  memory.fill(cpu - L.CPU_STATE + OPEN, 0, PROBE_LOCALS * OPEN_SIZE);
}

/** Whether registers that are not cut to 32 bits hold such values all the same. */
function isNarrow(cpu: usize): bool {
  const block: usize = load<u32>(graphNode(cpu, 0), NODE_BLOCK);
  const wide = load<u32>(cpu, STATE_GUEST_WIDE);
  return wide != 0 && (load<u32>(block, BLOCK_FLAGS) & wide) == 0;
}

function join(cpu: usize, op: usize, node: u32, writes: bool): void {
  const area = cpu - L.CPU_STATE;
  const number = slotNumber(load<u16>(op, OP_B));
  const code = <u32>load<u16>(op);
  // Bases that are no locals: constants through slot 0.
  if (number == 0 || number == SLOT_NONE) return;
  const log = accessLog(code);
  const value = valueOf(cpu, number);
  const imm = load<i64>(op, OP_IMM);
  let cut = load<u32>(value, VALUE_CUT);
  if (cut != 0 && imm != 0) return;
  const offset = load<i64>(value, VALUE_OFFSET) + imm;
  if (cut == 0 && offset == 0 && isNarrow(cpu)) cut = 1;
  const key = <u32>load<u16>(op, OP_C) | (cut << 16);
  const root = load<u32>(value, VALUE_ROOT);
  const time = load<u32>(area, TIME) + 1;
  store<u32>(area, time, TIME);
  let oldest: u32 = 0;
  for (let local: u32 = 0; local < PROBE_LOCALS; local++) {
    const entry = area + OPEN + local * OPEN_SIZE;
    const index = load<u32>(entry, OPEN_GROUP);
    if (load<u32>(entry, OPEN_TIME) < load<u32>(area + OPEN + oldest * OPEN_SIZE, OPEN_TIME)) oldest = local;
    if (index == 0 || load<u32>(entry, OPEN_ROOT) != root || load<u32>(entry, OPEN_KEY) != key) continue;
    const group = groupAt(cpu, index - 1);
    if (!extend(group, offset, log, writes, node)) continue;
    store<u32>(entry, time, OPEN_TIME);
    store<u16>(markOf(cpu, op), <u16>index);
    store<i16>(deltaOf(cpu, op), <i16>(offset - load<i64>(group, GROUP_OFFSET)));
    return;
  }
  const index = load<u32>(area, COUNT);
  if (index == GROUPS_MAX) return;
  const entry = area + OPEN + oldest * OPEN_SIZE;
  store<u32>(entry, index + 1, OPEN_GROUP);
  store<u32>(entry, root, OPEN_ROOT);
  store<u32>(entry, key, OPEN_KEY);
  store<u32>(entry, time, OPEN_TIME);
  const group = groupAt(cpu, index);
  store<i64>(group, imm, GROUP_START);
  store<u32>(group, 1 << log, GROUP_BYTES);
  store<u32>(group, node, GROUP_NODE);
  store<u32>(group, writes ? 1 : 0, GROUP_WRITES);
  store<u32>(group, oldest, GROUP_LOCAL);
  store<u32>(group, 1, GROUP_MEMBERS);
  store<u32>(group, <u32>op, GROUP_FIRST);
  store<i64>(group, offset, GROUP_OFFSET);
  store<u16>(markOf(cpu, op), <u16>((index + 1) | FIRST));
  store<i16>(deltaOf(cpu, op), 0);
  store<u32>(area, index + 1, COUNT);
}

/** Takes an access at an offset from the root into the group, unless it is too far away, or a store that may not happen. */
function extend(group: usize, offset: i64, log: u32, writes: bool, node: u32): bool {
  if (writes && load<u32>(group, GROUP_WRITES) == 0 && load<u32>(group, GROUP_NODE) != node) return false;
  // From the root to the first access's slot.
  const slot = load<i64>(group, GROUP_OFFSET) - load<i64>(<usize>load<u32>(group, GROUP_FIRST), OP_IMM);
  const start = load<i64>(group, GROUP_START) + slot;
  const first = min<i64>(start, offset);
  const end = max<i64>(start + load<u32>(group, GROUP_BYTES), offset + ((<i64>1) << log));
  if (end - first > SPAN_MAX) return false;
  store<i64>(group, first - slot, GROUP_START);
  store<u32>(group, <u32>(end - first), GROUP_BYTES);
  if (writes) store<u32>(group, 1, GROUP_WRITES);
  store<u32>(group, load<u32>(group, GROUP_MEMBERS) + 1, GROUP_MEMBERS);
  return true;
}
