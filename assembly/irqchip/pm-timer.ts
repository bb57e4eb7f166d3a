/**
 * ACPI power management timer: ACPI 6.5, 4.8.3.3. 24 bits at 3.579545 MHz. TMR_STS of PM1 is set when the highest bit changes.
 *
 * State at PC_PM_TIMER_STATE: i64 number of the half period in which TMR_STS was last cleared.
 */
import { PC_PM_TIMER_STATE } from '../layout';

const PM_TIMER_HZ: i64 = 3579545;
const NS_PER_S: i64 = 1000000000;
const HALF_BITS: i64 = 23;

export function pmTimerReset(): void {
  store<i64>(PC_PM_TIMER_STATE, 0);
}

function pmTick(ns: i64): i64 {
  return (ns / NS_PER_S) * PM_TIMER_HZ + ((ns % NS_PER_S) * PM_TIMER_HZ) / NS_PER_S;
}

/** The counter at a guest time in ns. */
export function pmTimerCount(now: i64): u32 {
  return <u32>pmTick(now) & 0xffffff;
}

/** TMR_STS. */
export function pmTimerStatus(now: i64): bool {
  return pmTick(now) >> HALF_BITS != load<i64>(PC_PM_TIMER_STATE);
}

/** PM1_STS was written with TMR_STS set. */
export function pmTimerClearStatus(now: i64): void {
  store<i64>(PC_PM_TIMER_STATE, pmTick(now) >> HALF_BITS);
}

/** Guest ns at which TMR_STS is set next; `now` if it is. */
export function pmTimerDeadline(now: i64): i64 {
  if (pmTimerStatus(now)) return now;
  const tick = ((pmTick(now) >> HALF_BITS) + 1) << HALF_BITS;
  return (tick / PM_TIMER_HZ) * NS_PER_S + ((tick % PM_TIMER_HZ) * NS_PER_S + PM_TIMER_HZ - 1) / PM_TIMER_HZ;
}
