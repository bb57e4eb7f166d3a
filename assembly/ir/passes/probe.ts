/**
 * Shared TLB probes: loads and stores of one block through the same register, which nothing writes in between, are probed once. The first one
 * asks whether all the bytes that the group touches lie in one page that the TLB holds (for writing, if one of them stores); it leaves the linear address of the group's start in a local, or 0, and the others only look at that. With 0 each takes
 * the slow path, in order, so exceptions are as precise as ever.
 *
 * This is sound because a mapping that was probed holds until the region is left or a callx runs: slow accesses add to the TLB, or change the
 * map and leave (softmmu/device.ts); flushes, protection and the dirty log's harvest happen in helpers and in the run loop. A write tag
 * implies a read tag (softmmu/tlb.ts).
 */
import * as L from '../../layout';
import {
  PASS_OPS,
  PASS_OPS_END,
  PROBE_CELLS,
  PROBE_GROUP_SIZE as GROUP_SIZE,
  PROBE_GROUPS,
  PROBE_GROUPS_MAX as GROUPS_MAX,
  PROBE_LOCALS,
  PROBE_MARKS,
  PROBE_MARKS_SIZE as MARKS_SIZE,
  PROBE_OPEN,
  SLOT_GLOBALS,
} from '../../scratch';
import { graphCount, graphNode, NODE_OPS } from '../../tb/graph';
import { OP_A, OP_B, OP_C, OP_IMM, OP_SIZE } from '../builder';
import * as O from '../ops.gen';
import { nodeOpsEnd, slotNumber, SLOT_NONE } from './region';

/** u16 for each operation: number of its group + 1, and FIRST at the one that probes. */
const MARKS: u32 = PROBE_MARKS;
const FIRST: u32 = 0x8000;
/** Groups: i64 start (offset from the register), u32 bytes, u32 unused, u32 1: writes, u32 local, u32 members, u32 first operation. */
const GROUPS: u32 = PROBE_GROUPS;
/** Groups that are open at the operation being looked at, by local: u32 group + 1, u32 slot and MMU index. */
const OPEN: u32 = PROBE_OPEN;
/** u32 cells: number of groups, and the local that the next one takes. */
const COUNT: u32 = PROBE_CELLS;
const NEXT: u32 = PROBE_CELLS + 4;

/** Bytes from a group's start to its end at most: how far apart accesses may be, before a page's end between them becomes likely. */
const SPAN_MAX: i64 = 256;

const GROUP_START: u32 = 0;
const GROUP_BYTES: u32 = 8;
const GROUP_WRITES: u32 = 16;
const GROUP_LOCAL: u32 = 20;
const GROUP_MEMBERS: u32 = 24;
const GROUP_FIRST: u32 = 28;

/** Forgets all groups: to be called for each region, whether or not the pass runs. */
export function probesClear(cpu: usize): void {
  store<u32>(cpu - L.CPU_STATE + COUNT, 0);
  memory.fill(cpu - L.CPU_STATE + MARKS, 0, MARKS_SIZE);
}

function markOf(cpu: usize, op: usize): usize {
  return cpu - L.CPU_STATE + MARKS + (((<u32>op - (<u32>cpu - L.CPU_STATE + PASS_OPS)) / OP_SIZE) << 1);
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

/** Offset of the group's first byte from the register. */
export function probeStart(group: usize): i64 {
  return load<i64>(group, GROUP_START);
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
  store<u32>(area, 0, NEXT);
  for (let i: u32 = 0; i < graphCount(cpu); i++) {
    const node = graphNode(cpu, i);
    memory.fill(area + OPEN, 0, PROBE_LOCALS * 8);
    const end = nodeOpsEnd(node);
    for (let op: usize = load<u32>(node, NODE_OPS); op < end; op += OP_SIZE) {
      const signature = O.irSignature(load<u16>(op));
      const effect = signature >> 12;
      if (effect == O.EFFECT_LOAD || effect == O.EFFECT_STORE) join(cpu, op, effect == O.EFFECT_STORE);
      if (effect == O.EFFECT_CALLX || effect == O.EFFECT_CALLG) closeAll(cpu);
      else if ((signature & 7) == O.OPERAND_WRITE) closeSlot(cpu, load<u16>(op, OP_A));
    }
    closeAll(cpu);
  }
}

function closeAll(cpu: usize): void {
  for (let local: u32 = 0; local < PROBE_LOCALS; local++) close(cpu, local);
}

function closeSlot(cpu: usize, slot: u32): void {
  for (let local: u32 = 0; local < PROBE_LOCALS; local++)
    if (<u32>load<u16>(cpu - L.CPU_STATE + OPEN + local * 8, 4) == slot) close(cpu, local);
}

/** Nothing joins the group any more. One member alone is probed as if there were no group. */
function close(cpu: usize, local: u32): void {
  const entry = cpu - L.CPU_STATE + OPEN + local * 8;
  const index = load<u32>(entry);
  store<u64>(entry, 0);
  if (index == 0) return;
  const group = groupAt(cpu, index - 1);
  if (load<u32>(group, GROUP_MEMBERS) > 1) return;
  store<u16>(markOf(cpu, load<u32>(group, GROUP_FIRST)), 0);
  if (index == load<u32>(cpu - L.CPU_STATE, COUNT)) store<u32>(cpu - L.CPU_STATE, index - 1, COUNT);
}

function join(cpu: usize, op: usize, writes: bool): void {
  const area = cpu - L.CPU_STATE;
  const slot = <u32>load<u16>(op, OP_B);
  const number = slotNumber(slot);
  const code = <u32>load<u16>(op);
  // Aligned ones check that for themselves.
  if (code == O.OP_VLD128A || code == O.OP_VST128A) return;
  const log = accessLog(code);
  // Bases that are no locals: constants through slot 0. Temporaries do not outlive an instruction's one access.
  if (number == 0 || number == SLOT_NONE || number >= SLOT_GLOBALS) return;
  const key = slot | ((<u32>load<u16>(op, OP_C)) << 16);
  for (let local: u32 = 0; local < PROBE_LOCALS; local++) {
    const entry = area + OPEN + local * 8;
    if (load<u32>(entry) == 0 || load<u32>(entry, 4) != key) continue;
    const index = load<u32>(entry);
    if (extend(groupAt(cpu, index - 1), load<i64>(op, OP_IMM), log, writes))
      store<u16>(markOf(cpu, op), <u16>index);
    return;
  }
  const index = load<u32>(area, COUNT);
  if (index == GROUPS_MAX) return;
  const local = load<u32>(area, NEXT);
  store<u32>(area, (local + 1) % PROBE_LOCALS, NEXT);
  close(cpu, local);
  open(cpu, op, local, key, log, writes);
}

function open(cpu: usize, op: usize, local: u32, key: u32, log: u32, writes: bool): void {
  const area = cpu - L.CPU_STATE;
  const index = load<u32>(area, COUNT);
  const entry = area + OPEN + local * 8;
  store<u32>(entry, index + 1);
  store<u32>(entry, key, 4);
  const group = groupAt(cpu, index);
  store<i64>(group, load<i64>(op, OP_IMM), GROUP_START);
  store<u32>(group, 1 << log, GROUP_BYTES);
  store<u32>(group, writes ? 1 : 0, GROUP_WRITES);
  store<u32>(group, local, GROUP_LOCAL);
  store<u32>(group, 1, GROUP_MEMBERS);
  store<u32>(group, <u32>op, GROUP_FIRST);
  store<u16>(markOf(cpu, op), <u16>((index + 1) | FIRST));
  store<u32>(area, index + 1, COUNT);
}

/** Takes an access at an offset into the group, unless it is too far away. */
function extend(group: usize, offset: i64, log: u32, writes: bool): bool {
  const start = load<i64>(group, GROUP_START);
  const first = min<i64>(start, offset);
  const end = max<i64>(start + load<u32>(group, GROUP_BYTES), offset + ((<i64>1) << log));
  if (end - first > SPAN_MAX) return false;
  store<i64>(group, first, GROUP_START);
  store<u32>(group, <u32>(end - first), GROUP_BYTES);
  if (writes) store<u32>(group, 1, GROUP_WRITES);
  store<u32>(group, load<u32>(group, GROUP_MEMBERS) + 1, GROUP_MEMBERS);
  return true;
}
