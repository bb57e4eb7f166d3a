/**
 * The run loop of a vCPU: finds blocks, runs them, delivers traps and interrupts, and looks up at regular intervals.
 *
 * Time is cut into slices of SLICE_MIN guest instructions or more, about 0.1 ms each. Between slices the loop reads the kick word, then what
 * may have changed with it (requests of the page, IRQ lines, timers): so no code of blocks polls, and an interrupt is noticed within a
 * slice. What takes longer than instructions do counts as some (slice.ts), and a kick ends the slice where something has to be looked at anyway.
 * A call returns to JavaScript after CALL_MS, since V8 never replaces a running Wasm frame.
 */
import * as L from '../layout';
import { interpret } from '../backend/interpreter';
import { LEAVE_EXCEPTION, LEAVE_EXIT, LEAVE_HOT } from '../backend/leave';
import { dirtyHarvest } from '../softmmu/dirty';
import { tlbFlush } from '../softmmu/tlb';
import { wakeForDeferred, wakePage } from '../softmmu/device';
import { blockFlushAll, blockTakeStalePages } from '../tb/invalidate';
import { BLOCK_HEAT, BLOCK_PC, BLOCK_REGION, BLOCK_REGION_DESCRIPTOR } from '../tb/block';
import { compileRequest } from '../tb/compile';
import { JUMP_BLOCK, jumpCacheEntry, jumpCacheHas } from '../tb/jump-cache';
import { blockNext, regionHolds } from '../tb/lookup';
import { regionForgetKills } from '../tb/region';
import { checkRegion, LEAVE_DIFFERENCE } from './check';
import { guestNow, hostNow, icountShift, publishVirtualTime, retired } from './clock';
import { count } from './counters';
import { guestDeadline, guestDeliver, guestHasWakeup, guestTakeInterrupt, guestUpdateLines } from './guest';
import { isKicked } from './slice';
import * as S from './state';

/** becomeHot: return to JavaScript, which compiles. */
const LEAVE_COMPILE: u32 = 5;

/**
 * Guest instructions in a slice. Its end reads the host's clock four times, 0.6 µs: at the speed of tier 1 that was an eighth of the time
 * when all slices had SLICE_MIN. So one that was over in less than SLICE_MS / 2 makes the next one twice as long.
 */
const SLICE_MIN: i64 = 16384;
const SLICE_MAX: i64 = 1 << 18;
const SLICE_MS: f64 = 0.1;
/** Less than a step of the clock in an isolated page: a difference below it says nothing. */
const CLOCK_MS: f64 = 0.0045;
const CALL_MS: f64 = 4;
/** Traps in a row that retire no instruction, after which the guest is given up: a handler that faults on its own first instruction. */
const TRAP_LOOP_LIMIT: u32 = 100000;

/**
 * Everything of this vCPU and its blocks as at power-on; the program counter at the board's reset vector. Tier 1 takes blocks after `threshold`
 * runs; 0: never. The guest's own reset has to follow.
 */
export function vcpuReset(cpu: usize, index: u32, pc: u64, threshold: u32): void {
  vcpuResetState(cpu, index, pc, threshold);
  regionForgetKills(cpu);
  blockFlushAll(cpu);
}

/** The same without its blocks. */
export function vcpuResetState(cpu: usize, index: u32, pc: u64, threshold: u32): void {
  memory.fill(cpu, 0, L.CPU_STATE_SIZE);
  store<u32>(cpu, threshold, S.STATE_THRESHOLD);
  store<i64>(cpu, SLICE_MIN, S.STATE_SLICE);
  store<u32>(cpu, <u32>cpu - L.CPU_STATE + L.CPU_REGIONS, S.STATE_REGION_NEXT);
  store<u32>(cpu, index, S.STATE_INDEX);
  store<u32>(cpu, L.REGION_MAX, S.STATE_LAST_REGION);
  store<i64>(cpu, i64.MAX_VALUE, S.STATE_DEVICE_DEADLINE);
  store<u32>(cpu, atomic.load<u32>(L.VM_MAP_GENERATION), S.STATE_MAP_SEEN);
  store<u64>(cpu, pc, S.STATE_PC);
  tlbFlush(cpu);
  for (let i: u32 = 0; i < L.COUNTER_COUNT; i++) store<u64>(cpu - L.CPU_STATE + L.COMM_COUNTERS + i * 8, 0);
}

/** Runs until something has to be decided outside; returns RESULT_*. */
export function vcpuRun(cpu: usize): u32 {
  const comm = cpu - L.CPU_STATE;
  const start = hostNow();
  let last = start;
  while (true) {
    const requests = lookUp(cpu);
    if (requests & L.REQUEST_STOP) return L.RESULT_STOP;
    if (requests & L.REQUEST_PAUSE) return L.RESULT_PAUSE;
    const slice = sliceLength(cpu);
    store<i64>(cpu, load<i64>(cpu, S.STATE_ICOUNT) + slice - load<i64>(cpu, S.STATE_BUDGET), S.STATE_ICOUNT);
    store<i64>(cpu, slice, S.STATE_BUDGET);
    store<i64>(cpu, 0, S.STATE_CHARGED);
    const result = runSlice(cpu);
    store<i64>(comm, retired(cpu), L.COUNTER_INSTRUCTIONS);
    if (result != L.RESULT_SLICE) return result;
    const now = hostNow();
    if (isUsedUp(cpu)) adaptSlice(cpu, now - last);
    last = now;
    if (now - start > CALL_MS) {
      wakeForDeferred(cpu);
      return L.RESULT_SLICE;
    }
  }
}

/** Makes slices longer or shorter after one that took `ms`. */
function adaptSlice(cpu: usize, ms: f64): void {
  const length = load<i64>(cpu, S.STATE_SLICE);
  if (ms > SLICE_MS * 2) store<i64>(cpu, max(SLICE_MIN, <i64>(<f64>length * (SLICE_MS / ms))), S.STATE_SLICE);
  else if (ms > CLOCK_MS && ms < SLICE_MS / 2 && length < SLICE_MAX)
    store<i64>(cpu, length << 1, S.STATE_SLICE);
}

/** Under -icount a slice ends at the instruction at which the next timer is due; otherwise its length is what adaptSlice found. */
function sliceLength(cpu: usize): i64 {
  const shift = icountShift();
  // What tier check logs of a slice is bounded.
  if (shift < 0) return load<u64>(cpu, S.STATE_TLB_MARK) != 0 ? SLICE_MIN : load<i64>(cpu, S.STATE_SLICE);
  const left = instructionsLeft(cpu, shift);
  return left < 1 ? 1 : left < SLICE_MIN ? left : SLICE_MIN;
}

/** Instructions from now to the next deadline under -icount. */
function instructionsLeft(cpu: usize, shift: i32): i64 {
  return (load<i64>(cpu, S.STATE_DEADLINE) - guestNow(cpu) + (((<i64>1) << shift) - 1)) >> shift;
}

/** Reads the kick word, then whatever a kick may stand for. Returns the requests that the caller has to obey. */
function lookUp(cpu: usize): u32 {
  const comm = cpu - L.CPU_STATE;
  const kick = atomic.load<i32>(comm, L.COMM_KICK);
  const kicked = kick != load<i32>(cpu, S.STATE_KICK_SEEN);
  store<i32>(cpu, kick, S.STATE_KICK_SEEN);
  const requests = atomic.load<u32>(comm, L.COMM_REQUEST);
  if (requests & L.REQUEST_INVALIDATE) blockTakeStalePages(cpu);
  if (requests & L.REQUEST_HARVEST) dirtyHarvest(cpu);
  if (load<u32>(cpu, S.STATE_INDEX) == 0) deviceTimers(cpu, kicked);
  guestUpdateLines(cpu);
  checkInterrupt(cpu);
  noteDeadline(cpu);
  return requests;
}

function noteDeadline(cpu: usize): void {
  const deadline = guestDeadline(cpu);
  const device = load<i64>(cpu, S.STATE_DEVICE_DEADLINE);
  store<i64>(cpu, deadline < device ? deadline : device, S.STATE_DEADLINE);
}

/** Expires the devices' timers and wakes the page for them. The earliest deadline is found anew after every kick. */
function deviceTimers(cpu: usize, kicked: bool): void {
  const now = guestNow(cpu);
  if (!kicked && load<i64>(cpu, S.STATE_DEVICE_DEADLINE) > now) return;
  let earliest = i64.MAX_VALUE;
  let fired = false;
  for (let timer: u32 = 0; timer < L.TIMER_COUNT; timer++) {
    const deadline = atomic.load<i64>(L.TIMER_DEADLINES + timer * 8);
    if (deadline < 0) continue;
    if (deadline > now) {
      if (deadline < earliest) earliest = deadline;
      continue;
    }
    // The page may have armed it anew in between: then it stays armed.
    if (atomic.cmpxchg<i64>(L.TIMER_DEADLINES + timer * 8, deadline, -1) != deadline) {
      earliest = now;
      continue;
    }
    atomic.or<u32>(L.TIMER_FIRED + (timer >> 5) * 4, 1 << (timer & 31));
    fired = true;
  }
  store<i64>(cpu, earliest, S.STATE_DEVICE_DEADLINE);
  if (fired) {
    publishVirtualTime(cpu);
    wakePage(true);
  }
}

function checkInterrupt(cpu: usize): void {
  if (guestTakeInterrupt(cpu) != 0) count(cpu, L.COUNTER_INTERRUPT);
}

/** Under -icount: timers that were set since the slice began may be due before its end, which moves to there. */
function noticeTimers(cpu: usize): void {
  const shift = icountShift();
  if (shift < 0) return;
  if (load<u32>(cpu, S.STATE_EXITED) != 0) {
    store<u32>(cpu, 0, S.STATE_EXITED);
    store<i64>(cpu, earliestTimer(), S.STATE_DEVICE_DEADLINE);
  }
  noteDeadline(cpu);
  const left = max<i64>(instructionsLeft(cpu, shift), 0);
  const budget = load<i64>(cpu, S.STATE_BUDGET);
  if (left >= budget) return;
  store<i64>(cpu, load<i64>(cpu, S.STATE_ICOUNT) - (budget - left), S.STATE_ICOUNT);
  store<i64>(cpu, left, S.STATE_BUDGET);
}

/** Guest ns of the device timer that is due first. */
function earliestTimer(): i64 {
  let earliest = i64.MAX_VALUE;
  for (let timer: u32 = 0; timer < L.TIMER_COUNT; timer++) {
    const deadline = atomic.load<i64>(L.TIMER_DEADLINES + timer * 8);
    if (deadline >= 0 && deadline < earliest) earliest = deadline;
  }
  return earliest;
}

/** Whether the slice has had its instructions, or work that took as long. */
function isUsedUp(cpu: usize): bool {
  return load<i64>(cpu, S.STATE_BUDGET) <= load<i64>(cpu, S.STATE_CHARGED);
}

/** Whether the page wants the run to end: at the very instruction that asked for a reset, with -icount too. */
function isStopped(cpu: usize): bool {
  return (atomic.load<u32>(cpu - L.CPU_STATE, L.COMM_REQUEST) & L.REQUEST_STOP) != 0;
}

/** Runs blocks until the slice is over (RESULT_SLICE) or the guest cannot go on. */
function runSlice(cpu: usize): u32 {
  while (!isUsedUp(cpu)) {
    if (load<u32>(cpu, S.STATE_TB_FLAGS) & S.BLOCK_CHECK) {
      store<u32>(cpu, load<u32>(cpu, S.STATE_TB_FLAGS) & ~S.BLOCK_CHECK, S.STATE_TB_FLAGS);
      guestUpdateLines(cpu);
      checkInterrupt(cpu);
      noticeTimers(cpu);
      if (isUsedUp(cpu)) break;
    }
    store<u32>(cpu, 0, S.STATE_LEAVE);
    // Entering an interrupt may have ended in an exception, too.
    const block: usize = load<u64>(cpu, S.STATE_EXCEPTION) != 0 ? <usize>0 : blockNext(cpu);
    let leave = LEAVE_EXCEPTION;
    if (block != 0)
      leave = load<u32>(cpu, S.STATE_NO_REGION) != 0 ? interpret(cpu, block) : enter(cpu, block);
    // A block that the interpreter came to by a chain: its own page is right, the others of its region have to be looked at.
    while (leave == LEAVE_HOT) leave = enterHot(cpu, load<u32>(cpu, S.STATE_HOT));
    if (leave == LEAVE_COMPILE) return L.RESULT_COMPILE;
    if (leave == LEAVE_DIFFERENCE) return L.RESULT_DIFFERENCE;
    if (leave == LEAVE_EXCEPTION) {
      count(cpu, L.COUNTER_EXCEPTION);
      if (trapLoops(cpu)) return L.RESULT_TRAP_LOOP;
      const result = guestDeliver(cpu);
      if (result != L.RESULT_SLICE) return result;
    } else if (leave == LEAVE_EXIT && load<u32>(cpu, S.STATE_EXIT_REASON) == S.EXIT_HALT) {
      guestUpdateLines(cpu);
      if (guestHasWakeup(cpu) == 0) return halt(cpu);
    }
    if (isKicked(cpu) && (icountShift() < 0 || isStopped(cpu))) break;
  }
  return L.RESULT_SLICE;
}

/** Runs a block that was just looked up: its region if it has one. */
function enter(cpu: usize, block: usize): u32 {
  const region = load<u32>(block, BLOCK_REGION);
  if (region != 0) return enterRegion(cpu, block, region);
  const heat = load<u32>(block, BLOCK_HEAT) - 1;
  store<u32>(block, heat, BLOCK_HEAT);
  return heat == 0 ? becomeHot(cpu, block) : interpret(cpu, block);
}

/** Asks for a region, and goes on without one; at the threshold of the tests, 1, waits for it. */
function becomeHot(cpu: usize, block: usize): u32 {
  if (compileRequest(cpu, block) && load<u32>(cpu, S.STATE_THRESHOLD) == 1) return LEAVE_COMPILE;
  return interpret(cpu, block);
}

function enterHot(cpu: usize, block: usize): u32 {
  const region: usize = load<u32>(block, BLOCK_REGION_DESCRIPTOR);
  if (region == 0) return becomeHot(cpu, block);
  store<u32>(block, 1, BLOCK_HEAT);
  return isCached(cpu, block) || regionHolds(cpu, region)
    ? enterRegion(cpu, block, load<u32>(block, BLOCK_REGION))
    : interpret(cpu, block);
}

/** Whether the jump cache leads to this block now: then all pages of its region are where they were. */
function isCached(cpu: usize, block: usize): bool {
  const pc = load<u64>(block, BLOCK_PC);
  const entry = jumpCacheEntry(cpu, pc);
  return jumpCacheHas(cpu, entry, pc) && load<u32>(entry, JUMP_BLOCK) == <u32>block;
}

/** Calls a region; it runs on through others until one of them leaves. */
function enterRegion(cpu: usize, block: usize, index: u32): u32 {
  const area = cpu - L.CPU_STATE;
  count(cpu, L.COUNTER_REGION_ENTER);
  const before = load<i64>(cpu, S.STATE_BUDGET);
  const leave =
    load<u64>(cpu, S.STATE_TLB_MARK) != 0
      ? checkRegion(cpu, block, index)
      : call_indirect<u32>(index, <i32>before);
  store<i64>(
    area,
    load<i64>(area, L.COUNTER_JIT_INSTRUCTIONS) + before - load<i64>(cpu, S.STATE_BUDGET),
    L.COUNTER_JIT_INSTRUCTIONS,
  );
  return leave;
}

/** Whether the guest has trapped again and again without retiring one instruction. */
function trapLoops(cpu: usize): bool {
  const now = retired(cpu);
  if (now != load<i64>(cpu, S.STATE_LAST_TRAP_COUNT)) {
    store<i64>(cpu, now, S.STATE_LAST_TRAP_COUNT);
    store<u32>(cpu, 0, S.STATE_TRAP_REPEATS);
    return false;
  }
  const repeats = load<u32>(cpu, S.STATE_TRAP_REPEATS) + 1;
  store<u32>(cpu, repeats, S.STATE_TRAP_REPEATS);
  return repeats >= TRAP_LOOP_LIMIT;
}

/** Gives the rest of the slice back, so that the count of retired instructions stands still while the vCPU sleeps. */
function halt(cpu: usize): u32 {
  count(cpu, L.COUNTER_HALT);
  store<i64>(cpu, load<i64>(cpu, S.STATE_ICOUNT) - load<i64>(cpu, S.STATE_BUDGET), S.STATE_ICOUNT);
  store<i64>(cpu, 0, S.STATE_BUDGET);
  publishVirtualTime(cpu);
  wakeForDeferred(cpu);
  return L.RESULT_HALT;
}

/**
 * How long a halted vCPU may sleep, in ms; infinity without a timer. The caller waits on COMM_KICK with the value in STATE_KICK_SEEN, which
 * was read before everything that led to the halt, so a wake-up in between is not lost.
 */
export function vcpuSleepMs(cpu: usize): f64 {
  const device = load<i64>(cpu, S.STATE_DEVICE_DEADLINE);
  let deadline = guestDeadline(cpu);
  if (device < deadline) deadline = device;
  if (deadline == i64.MAX_VALUE) return Infinity;
  const left = deadline - guestNow(cpu);
  return left <= 0 ? 0 : <f64>left / 1e6;
}

/** Moves virtual time on after a sleep under -icount: to the deadline if nothing woke the vCPU before it, else by the time slept. */
export function vcpuSlept(cpu: usize, ms: f64, timedOut: bool): void {
  const comm = cpu - L.CPU_STATE;
  store<i64>(comm, load<i64>(comm, L.COUNTER_SLEEP_NS) + <i64>(ms * 1e6), L.COUNTER_SLEEP_NS);
  if (icountShift() < 0) return;
  const left = vcpuSleepMs(cpu);
  const step = timedOut || ms > left ? left : ms;
  if (step < Infinity)
    store<i64>(cpu, load<i64>(cpu, S.STATE_CLOCK_WARP) + <i64>ceil(step * 1e6), S.STATE_CLOCK_WARP);
}
