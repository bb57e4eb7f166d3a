/**
 * Tier 1's compiler: the queue of hot blocks, and batches of regions in one module. A batch is emitted here, made into a module by the
 * worker's JavaScript, and then installed; no guest code runs in between.
 */
import * as L from '../layout';
import {
  BATCH,
  BATCH_MAX,
  MODULE_CODE as CODE_START,
  MODULE_HEAD as HEAD_START,
  QUEUE,
  QUEUE_MAX,
  REGION_BYTES_MAX,
  WRITERS,
} from '../scratch';
import { emitRegion } from '../backend/wasm-region';
import { hintsClear } from '../backend/wasm-hints';
import { wasmModuleHead } from '../backend/wasm-imports';
import { irPrintRegion } from '../ir/print';
import { optimise } from '../ir/passes/index';
import { count, countMore } from '../vcpu/counters';
import { STATE_QUEUED, STATE_THRESHOLD } from '../vcpu/state';
import * as T from './block';
import { graphBuild, graphCount, graphNode, graphRefusal, NODE_BLOCK } from './graph';
import { regionAllocate, regionCountCopies, regionInstall, regionRelease, REGION_D_ENTRY } from './region';

/** u32 cells: writers of the module's head and of its code, number of regions. */
const HEAD: u32 = WRITERS;
const CODE: u32 = WRITERS + 4;
const COUNT: u32 = WRITERS + 8;
const RECENT: u32 = 64;

/** Executions of a refused block from one count of its instructions to the next. */
const REFUSED_STEP: u32 = 4096;

/** A block has run as often as the threshold says: queues it for tier 1, unless it cannot or need not be taken. Returns whether it did. */
export function compileRequest(cpu: usize, block: usize): bool {
  const threshold = load<u32>(cpu, STATE_THRESHOLD);
  const state = load<u32>(block, T.BLOCK_STATE);
  if (threshold == 0) {
    store<u32>(block, 0xffffffff, T.BLOCK_HEAT);
    return false;
  }
  const insns: u64 = load<u16>(block, T.BLOCK_INSNS);
  if (state & T.BLOCK_REFUSED) {
    store<u32>(block, REFUSED_STEP, T.BLOCK_HEAT);
    countMore(cpu, L.COUNTER_REFUSED_INSNS, insns * REFUSED_STEP);
    return false;
  }
  store<u32>(block, threshold, T.BLOCK_HEAT);
  if (state & T.BLOCK_ASKED) countMore(cpu, L.COUNTER_WAITING_INSNS, insns * threshold);
  if (state & T.BLOCK_QUEUED) return false;
  if (load<u32>(cpu, STATE_QUEUED) == QUEUE_MAX) forgetOlderHalf(cpu);
  const queued = load<u32>(cpu, STATE_QUEUED);
  mark(block, T.BLOCK_QUEUED | T.BLOCK_ASKED, 0);
  store<u32>(cpu - L.CPU_STATE + QUEUE + queued * 4, <u32>block);
  store<u32>(cpu, queued + 1, STATE_QUEUED);
  return true;
}

/** The queue is full: what is still hot asks again. */
function forgetOlderHalf(cpu: usize): void {
  const queue = cpu - L.CPU_STATE + QUEUE;
  for (let i: u32 = 0; i < QUEUE_MAX / 2; i++) mark(load<u32>(queue + i * 4), 0, T.BLOCK_QUEUED);
  memory.copy(queue, queue + QUEUE_MAX * 2, QUEUE_MAX * 2);
  store<u32>(cpu, QUEUE_MAX / 2, STATE_QUEUED);
  count(cpu, L.COUNTER_QUEUE_FULL);
}

function mark(block: usize, set: u32, clear: u32): void {
  store<u32>(block, (load<u32>(block, T.BLOCK_STATE) & ~clear) | set, T.BLOCK_STATE);
}

/** Leaves a block to tier 0 for good; `reason` is a counter. */
function refuse(cpu: usize, block: usize, reason: u32): void {
  mark(block, T.BLOCK_REFUSED, 0);
  store<u32>(block, REFUSED_STEP, T.BLOCK_HEAT);
  count(cpu, L.COUNTER_REGION_REFUSED);
  count(cpu, reason);
}

/**
 * Emits a module of regions for the oldest of the RECENT newest requests, at most `most`, for table slots from `base` on: what became hot first is the
 * better entry, but a guest that generates code faster than it is compiled has left the old ones behind. Returns the number of regions, 0 for
 * no module.
 */
export function compileBatch(cpu: usize, base: u32, most: u32): u32 {
  const area = cpu - L.CPU_STATE;
  const queued = load<u32>(cpu, STATE_QUEUED);
  const code = area + CODE;
  store<u32>(code, <u32>area + CODE_START);
  hintsClear(cpu);
  let regions: u32 = 0;
  const first: u32 = queued > RECENT ? queued - RECENT : 0;
  let taken: u32 = 0;
  while (
    first + taken < queued &&
    regions < most &&
    regions < BATCH_MAX &&
    load<u32>(code) + REGION_BYTES_MAX < <u32>area + L.CPU_MODULE_END
  ) {
    const block: usize = load<u32>(area + QUEUE + (first + taken) * 4);
    taken += 1;
    const state = load<u32>(block, T.BLOCK_STATE);
    mark(block, 0, T.BLOCK_QUEUED | T.BLOCK_INCLUDED);
    if ((state & T.BLOCK_VALID) == 0 || load<u32>(block, T.BLOCK_REGION) != 0) continue;
    // It went into another region in the meantime. If it is still entered by itself, it will be asked for again.
    if (state & T.BLOCK_INCLUDED) continue;
    const region = regionAllocate(cpu);
    if (region == 0) {
      // The worker keeps a whole batch of descriptors free; this block is asked for again when it has become hot again.
      count(cpu, L.COUNTER_NO_DESCRIPTOR);
      break;
    }
    if (!graphBuild(cpu, block, region)) {
      regionRelease(cpu, region);
      refuse(cpu, block, graphRefusal(block));
      continue;
    }
    store<u32>(region, <u32>block, REGION_D_ENTRY);
    // The batch's next regions see that one begins here.
    store<u32>(block, <u32>region, T.BLOCK_REGION_DESCRIPTOR);
    optimise(cpu);
    emitRegion(cpu, code, region, regions);
    regionCountCopies(region, 1);
    const nodes = graphCount(cpu);
    let insns: u64 = 0;
    for (let i: u32 = 0; i < nodes; i++) {
      const member: usize = load<u32>(graphNode(cpu, i), NODE_BLOCK);
      insns += load<u16>(member, T.BLOCK_INSNS);
      if (i != 0) mark(member, T.BLOCK_INCLUDED, 0);
    }
    store<u64>(area, load<u64>(area, L.COUNTER_REGION_INSNS) + insns, L.COUNTER_REGION_INSNS);
    store<u32>(area + BATCH + regions * 4, <u32>region);
    regions += 1;
  }
  const left = area + QUEUE + first * 4;
  memory.copy(left, left + taken * 4, (queued - first - taken) * 4);
  store<u32>(cpu, queued - taken, STATE_QUEUED);
  store<u32>(area, regions, COUNT);
  if (regions == 0) return 0;
  emitHead(cpu, regions, base);
  store<u64>(area, load<u64>(area, L.COUNTER_REGIONS) + regions, L.COUNTER_REGIONS);
  store<u64>(
    area,
    load<u64>(area, L.COUNTER_REGION_BYTES) + compileHeadSize(cpu) + compileCodeSize(cpu),
    L.COUNTER_REGION_BYTES,
  );
  return regions;
}

/** Completes the module whose regions have been emitted. */
function emitHead(cpu: usize, regions: u32, base: u32): void {
  const area = cpu - L.CPU_STATE;
  store<u32>(area, <u32>area + HEAD_START, HEAD);
  wasmModuleHead(cpu, area + HEAD, regions, base, load<u32>(area, CODE) - (<u32>area + CODE_START));
}

/** The letters of RISC-V's registers for ir/print.ts. */
const RISCV: u32 = 0x6678;

/**
 * Emits the region of CHECK_BLOCK again, in a module of its own that is not to be installed, and writes its optimised IR to CHECK_TEXT. Returns
 * the text's length, or 0 if tier 1 does not take the block any more.
 */
export function compileReport(cpu: usize): u32 {
  const area = cpu - L.CPU_STATE;
  const region = regionAllocate(cpu);
  if (region == 0) return 0;
  store<u32>(area, <u32>area + CODE_START, CODE);
  hintsClear(cpu);
  let length: u32 = 0;
  if (graphBuild(cpu, load<u32>(area, L.CHECK_BLOCK), region)) {
    optimise(cpu);
    const text = area + L.CHECK_TEXT;
    length = <u32>(irPrintRegion(text, cpu, RISCV) - text);
    emitRegion(cpu, area + CODE, region, 0);
    emitHead(cpu, 1, 0);
  }
  regionRelease(cpu, region);
  return length;
}

export function compileHeadSize(cpu: usize): u32 {
  return load<u32>(cpu - L.CPU_STATE, HEAD) - <u32>cpu + L.CPU_STATE - HEAD_START;
}

export function compileCodeSize(cpu: usize): u32 {
  return load<u32>(cpu - L.CPU_STATE, CODE) - <u32>cpu + L.CPU_STATE - CODE_START;
}

export function compileHeadStart(cpu: usize): u32 {
  return <u32>cpu - L.CPU_STATE + HEAD_START;
}

export function compileCodeStart(cpu: usize): u32 {
  return <u32>cpu - L.CPU_STATE + CODE_START;
}

/** Makes the regions of the last batch reachable. */
export function compileInstall(cpu: usize, base: u32, module: u32): void {
  const area = cpu - L.CPU_STATE;
  const regions = load<u32>(area, COUNT);
  for (let i: u32 = 0; i < regions; i++)
    regionInstall(cpu, load<u32>(area + BATCH + i * 4), base + i, module);
  store<u32>(area, 0, COUNT);
}

/** Gives up the regions of the last batch, because the engine would not take their module: their blocks stay in tier 0. */
export function compileDiscard(cpu: usize): void {
  const area = cpu - L.CPU_STATE;
  const regions = load<u32>(area, COUNT);
  for (let i: u32 = 0; i < regions; i++) {
    const region: usize = load<u32>(area + BATCH + i * 4);
    const block: usize = load<u32>(region, REGION_D_ENTRY);
    store<u32>(block, 0, T.BLOCK_REGION_DESCRIPTOR);
    regionCountCopies(region, -1);
    refuse(cpu, block, L.COUNTER_REFUSED_MODULE);
    regionRelease(cpu, region);
  }
  store<u32>(area, 0, COUNT);
}
