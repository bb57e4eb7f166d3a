/**
 * The guest's clock, in ns since the machine started. Either the host's monotonic clock (epoch in the VM block, moved forward by
 * pauses), or under -icount the count of retired instructions shifted left, plus the time slept.
 */
import { RECORD_CLOCK, VM_CLOCK_EPOCH, VM_ICOUNT_SHIFT, VM_VIRTUAL_NS } from '../layout';
import { checkedValue } from '../softmmu/record';
import { STATE_BUDGET, STATE_CHECK_PHASE, STATE_CLOCK_LAST, STATE_CLOCK_WARP, STATE_ICOUNT } from './state';

/** Host time in ms, performance.timeOrigin + performance.now(): the same on the page and in every worker. */
@external("env", "now")
export declare function hostNow(): f64;

/** Guest instructions retired by this vCPU. */
export function retired(cpu: usize): i64 {
  return load<i64>(cpu, STATE_ICOUNT) - load<i64>(cpu, STATE_BUDGET);
}

export function icountShift(): i32 {
  return load<i32>(VM_ICOUNT_SHIFT);
}

export function guestNow(cpu: usize): i64 {
  const shift = icountShift();
  if (shift >= 0) return (retired(cpu) << shift) + load<i64>(cpu, STATE_CLOCK_WARP);
  return <i64>((hostNow() - load<f64>(VM_CLOCK_EPOCH)) * 1e6);
}

/**
 * A reading for the guest, in ticks of `period` ns: never lower than an earlier one, and higher than the last where the host's
 * clock is too coarse to tell two readings apart (5 µs steps in an isolated page).
 */
export function guestTicks(cpu: usize, period: i64): i64 {
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  if (phase == 0) return readTicks(cpu, period);
  return <i64>checkedValue(cpu, RECORD_CLOCK, phase == 1 ? <u64>readTicks(cpu, period) : 0);
}

function readTicks(cpu: usize, period: i64): i64 {
  let ticks = guestNow(cpu) / period;
  if (icountShift() >= 0) return ticks;
  const last = load<i64>(cpu, STATE_CLOCK_LAST);
  if (ticks <= last) ticks = last + 1;
  store<i64>(cpu, ticks, STATE_CLOCK_LAST);
  return ticks;
}

/** Publishes virtual time for the page, which stands still while it answers an exit. */
export function publishVirtualTime(cpu: usize): void {
  if (icountShift() >= 0) store<i64>(VM_VIRTUAL_NS, guestNow(cpu));
}
