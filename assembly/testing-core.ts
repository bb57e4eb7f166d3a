/** What the tests call in the debug cores of all guests, besides the exports of the cores. */
import * as L from './layout';
import * as T from './tb/block';
import { compileRequest } from './tb/compile';
import { jumpCacheClear } from './tb/jump-cache';
import {
  STATE_QUEUED,
  STATE_REGION_FREE,
  STATE_REGION_NEXT,
  STATE_TB_CURSOR,
  STATE_THRESHOLD,
} from './vcpu/state';
import { vcpuResetState } from './vcpu/run';
import { stateOf } from './core';

/** Heat of a block that was not interpreted since the last restart: no run of a test counts it down to 0. Also reset()'s threshold for it. */
const UNTOUCHED: u32 = 0x80000000;
/** Below QUEUE_MAX of tb/compile.ts. */
const QUEUE_STEP: u32 = 512;

function blockAfter(block: usize): usize {
  const table = load<u32>(block, T.BLOCK_INSN_TABLE);
  return (table + ((<u32>load<u16>(block, T.BLOCK_INSNS)) << 2) + 15) & ~15;
}

/** The state of a vCPU as at power-on, but with its blocks and regions. */
export function restartState(cpu: usize, index: u32, pc: u64): void {
  const cursor = load<u32>(cpu, STATE_TB_CURSOR);
  const free = load<u32>(cpu, STATE_REGION_FREE);
  const next = load<u32>(cpu, STATE_REGION_NEXT);
  vcpuResetState(cpu, index, pc, UNTOUCHED);
  jumpCacheClear(cpu);
  store<u32>(cpu, cursor, STATE_TB_CURSOR);
  store<u32>(cpu, free, STATE_REGION_FREE);
  store<u32>(cpu, next, STATE_REGION_NEXT);
  for (let block: usize = cpu - L.CPU_STATE + L.CPU_TB_ARENA; block < cursor; block = blockAfter(block))
    if (load<u32>(block, T.BLOCK_REGION) == 0) store<u32>(block, UNTOUCHED, T.BLOCK_HEAT);
}

/**
 * Queues blocks that were interpreted at least `runs` times since the last restart, every one of them an entry that tier 1 should have. Returns
 * how many wait, at most QUEUE_STEP.
 */
export function queueInterpreted(index: u32, runs: u32): u32 {
  const cpu = stateOf(index);
  const area = cpu - L.CPU_STATE;
  const cursor = load<u32>(cpu, STATE_TB_CURSOR);
  // Every successor counts as warm.
  store<u32>(cpu, 1, STATE_THRESHOLD);
  let queued = load<u32>(cpu, STATE_QUEUED);
  for (
    let block: usize = area + L.CPU_TB_ARENA;
    block < cursor && queued < QUEUE_STEP;
    block = blockAfter(block)
  ) {
    const state = load<u32>(block, T.BLOCK_STATE);
    if (
      (state & (T.BLOCK_VALID | T.BLOCK_QUEUED | T.BLOCK_REFUSED)) != T.BLOCK_VALID ||
      load<u32>(block, T.BLOCK_REGION) != 0 ||
      UNTOUCHED - load<u32>(block, T.BLOCK_HEAT) < runs
    )
      continue;
    if (compileRequest(cpu, block)) queued += 1;
    store<u32>(block, UNTOUCHED, T.BLOCK_HEAT);
  }
  return load<u32>(cpu, STATE_QUEUED);
}

/** Queues the block that begins at a pc, whatever its heat, for a look at what tier 1 makes of it. Returns whether there is one. */
export function queueBlock(index: u32, pc: u64): bool {
  const cpu = stateOf(index);
  const cursor = load<u32>(cpu, STATE_TB_CURSOR);
  store<u32>(cpu, 1, STATE_THRESHOLD);
  for (let block: usize = cpu - L.CPU_STATE + L.CPU_TB_ARENA; block < cursor; block = blockAfter(block)) {
    if ((load<u32>(block, T.BLOCK_STATE) & T.BLOCK_VALID) == 0 || load<u64>(block, T.BLOCK_PC) != pc)
      continue;
    return compileRequest(cpu, block);
  }
  return false;
}
