/**
 * Tier `check`: each region that the run loop enters runs in tier 1 first, on the guest's memory and devices, with its accesses logged
 * (softmmu/record.ts). Tier 0 then runs the same instructions from the same registers, with what the log says instead of memory, and both
 * ends are compared. The tags of the TLB are marked (STATE_TLB_MARK), so that both tiers take the slow path for every access.
 *
 * Most regions are kept from chaining to the next one, so that a difference names its region; each CHAIN_EVERY-th entry chains, so that chains
 * are compared too. A run that flushed the TLB or dropped code is not compared: what tier 0 would find is gone.
 */
import * as L from '../layout';
import { interpret } from '../backend/interpreter';
import { LEAVE_BUDGET, LEAVE_EXCEPTION, LEAVE_EXIT, LEAVE_HOT, LEAVE_LOOKUP } from '../backend/leave';
import { recordStart, recordStop, replayStart } from '../softmmu/record';
import { BLOCK_HEAT, BLOCK_LINEAR, BLOCK_REGION } from '../tb/block';
import { blockNext } from '../tb/lookup';
import { regionThreshold } from '../tb/region';
import { setGuestKey } from './exception';
import * as S from './state';

/** The tiers differ. */
export const LEAVE_DIFFERENCE: u32 = 6;

/** Not in any mask that an inline probe applies to an address. */
const MARK: u64 = 0x800;
const CHAIN_EVERY: u64 = 4;
/** Guest registers, and system state: what both tiers change. */
const REGISTERS_SIZE: u32 = 0x200;
const SYSTEM: u32 = 0x800;
const SYSTEM_END: u32 = L.CHECK_STATE_SIZE;

/** Turns the comparison on. To be called right after a reset. */
export function checkStart(cpu: usize): void {
  store<u64>(cpu, MARK, S.STATE_TLB_MARK);
}

/** Calls a region in tier 1, then runs the same in tier 0. Returns LEAVE_* of the region, or LEAVE_DIFFERENCE. */
export function checkRegion(cpu: usize, block: usize, index: u32): u32 {
  const area = cpu - L.CPU_STATE;
  const before = load<i64>(cpu, S.STATE_BUDGET);
  const icount = load<i64>(cpu, S.STATE_ICOUNT);
  const flushes = load<u64>(area, L.COUNTER_FLUSH) + load<u64>(area, L.COUNTER_INVALIDATE);
  memory.copy(area + L.CHECK_BEFORE, cpu, L.CHECK_STATE_SIZE);
  const alone = load<u64>(area, L.COUNTER_REGION_ENTER) % CHAIN_EVERY != 0;
  // No entry of the jump cache matches while the flag is set. The run loop looks for interrupts then, and clears it.
  if (alone) store<u32>(cpu, load<u32>(cpu, S.STATE_TB_FLAGS) | S.BLOCK_CHECK, S.STATE_TB_FLAGS);
  recordStart(cpu);
  const leave = call_indirect<u32>(index, <i32>before);
  recordStop(cpu);
  const after = load<i64>(cpu, S.STATE_BUDGET);
  if (
    load<u64>(area, L.COUNTER_FLUSH) + load<u64>(area, L.COUNTER_INVALIDATE) != flushes ||
    load<u32>(area, L.CHECK_OVERFLOW) != 0
  )
    return leave;
  memory.copy(area + L.CHECK_TIER1, cpu, L.CHECK_STATE_SIZE);
  rewind(cpu, area + L.CHECK_BEFORE);
  const insns = before - after;
  // The instruction that raised an exception may be the first of a block, which tier 0 enters only with some budget left.
  const spare: i64 = leave == LEAVE_EXCEPTION ? 1 : 0;
  store<i64>(cpu, insns + spare, S.STATE_BUDGET);
  store<i64>(cpu, icount - after + spare, S.STATE_ICOUNT);
  replayStart(cpu);
  const replayed = replay(cpu, block);
  recordStop(cpu);
  const left = load<i64>(cpu, S.STATE_BUDGET) - spare;
  store<i64>(cpu, icount, S.STATE_ICOUNT);
  store<i64>(cpu, after, S.STATE_BUDGET);
  const same =
    left == 0 &&
    load<u32>(area, L.CHECK_ODD) == 0 &&
    load<u32>(area, L.CHECK_CURSOR) == load<u32>(area, L.CHECK_LOG_END) &&
    kindOf(leave) == kindOf(replayed) &&
    sameState(cpu, area + L.CHECK_TIER1, leave);
  store<u32>(
    cpu,
    load<u32>(cpu, S.STATE_TB_FLAGS) | (load<u32>(area, L.CHECK_TIER1 + S.STATE_TB_FLAGS) & S.BLOCK_CHECK),
    S.STATE_TB_FLAGS,
  );
  if (same) {
    store<i64>(area, load<i64>(area, L.COUNTER_CHECKED) + insns, L.COUNTER_CHECKED);
    return leave;
  }
  store<u32>(area, <u32>block, L.CHECK_BLOCK);
  store<u32>(area, leave, L.CHECK_LEAVE_1);
  store<u32>(area, replayed, L.CHECK_LEAVE_0);
  store<u32>(area, alone, L.CHECK_ALONE);
  store<i64>(area, insns, L.CHECK_INSNS);
  store<i64>(area, left, L.CHECK_LEFT);
  return LEAVE_DIFFERENCE;
}

/** Takes back what a region changed of the guest's state. Caches, logs and counters go on. */
function rewind(cpu: usize, from: usize): void {
  memory.copy(cpu, from, REGISTERS_SIZE);
  memory.copy(cpu + SYSTEM, from + SYSTEM, SYSTEM_END - SYSTEM);
  store<u64>(cpu, load<u64>(from, S.STATE_PC), S.STATE_PC);
  store<u64>(cpu, load<u64>(from, S.STATE_EXCEPTION), S.STATE_EXCEPTION);
  store<u64>(cpu, load<u64>(from, S.STATE_EXCEPTION_VALUE), S.STATE_EXCEPTION_VALUE);
  store<u32>(cpu, load<u32>(from, S.STATE_FFLAGS), S.STATE_FFLAGS);
  store<u32>(cpu, load<u32>(from, S.STATE_EXIT_REASON), S.STATE_EXIT_REASON);
  const caches = S.BLOCK_GENERATION_MASK | S.BLOCK_KEY_MASK;
  const flags = load<u32>(from, S.STATE_TB_FLAGS) & ~caches;
  store<u32>(cpu, flags | (load<u32>(cpu, S.STATE_TB_FLAGS) & caches), S.STATE_TB_FLAGS);
  setGuestKey(cpu, load<u32>(from, S.STATE_GUEST_KEY));
  store<u32>(cpu, 0, S.STATE_LEAVE);
  store<u32>(cpu, 0, S.STATE_CHAIN_FROM);
}

/** Runs tier 0 from a block on until the budget is used up, or until it leaves as a region would. */
function replay(cpu: usize, block: usize): u32 {
  let check: u32 = 0;
  let leave = interpret(cpu, block);
  while (load<i64>(cpu, S.STATE_BUDGET) > 0) {
    let next: usize = 0;
    if (leave == LEAVE_HOT) {
      next = load<u32>(cpu, S.STATE_HOT);
      const heat =
        load<u32>(next, BLOCK_REGION) != 0 ? 1 : regionThreshold(cpu, load<u32>(next, BLOCK_LINEAR));
      store<u32>(next, heat, BLOCK_HEAT);
    } else if (leave == LEAVE_LOOKUP) {
      // No entry of the jump cache may be made with the flag set.
      const flags = load<u32>(cpu, S.STATE_TB_FLAGS);
      check |= flags & S.BLOCK_CHECK;
      store<u32>(cpu, flags & ~S.BLOCK_CHECK, S.STATE_TB_FLAGS);
      store<u32>(cpu, 0, S.STATE_LEAVE);
      next = blockNext(cpu);
      if (next == 0) {
        leave = LEAVE_EXCEPTION;
        break;
      }
    } else break;
    leave = interpret(cpu, next);
  }
  store<u32>(cpu, 0, S.STATE_CHAIN_FROM);
  store<u32>(cpu, load<u32>(cpu, S.STATE_TB_FLAGS) | check, S.STATE_TB_FLAGS);
  return leave;
}

/** The end of the budget is a look-up to a region that ends there. */
function kindOf(leave: u32): u32 {
  return leave == LEAVE_BUDGET ? LEAVE_LOOKUP : leave;
}

function sameState(cpu: usize, other: usize, leave: u32): bool {
  for (let at: u32 = 0; at < REGISTERS_SIZE; at += 8)
    if (load<u64>(cpu + at) != load<u64>(other + at)) return false;
  for (let at: u32 = SYSTEM; at < SYSTEM_END; at += 8)
    if (load<u64>(cpu + at) != load<u64>(other + at)) return false;
  const exception = load<u64>(cpu, S.STATE_EXCEPTION);
  return (
    load<u64>(cpu, S.STATE_PC) == load<u64>(other, S.STATE_PC) &&
    exception == load<u64>(other, S.STATE_EXCEPTION) &&
    (exception == 0 ||
      load<u64>(cpu, S.STATE_EXCEPTION_VALUE) == load<u64>(other, S.STATE_EXCEPTION_VALUE)) &&
    load<u32>(cpu, S.STATE_FFLAGS) == load<u32>(other, S.STATE_FFLAGS) &&
    (leave != LEAVE_EXIT || load<u32>(cpu, S.STATE_EXIT_REASON) == load<u32>(other, S.STATE_EXIT_REASON)) &&
    (load<u32>(cpu, S.STATE_TB_FLAGS) & S.BLOCK_FLAGS_MASK) ==
      (load<u32>(other, S.STATE_TB_FLAGS) & S.BLOCK_FLAGS_MASK)
  );
}
