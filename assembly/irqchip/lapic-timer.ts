/**
 * Timer of the local APIC: SDM volume 3, 11.5.4. It counts ns of the guest's clock, divided; so does QEMU's, and a count of n lasts n + 1 of them.
 * In TSC-deadline mode the TSC is guest ns plus an offset.
 */
import {
  DEADLINE,
  DIVIDE,
  FIRES_AT,
  INITIAL_COUNT,
  LOADED_AT,
  LVT_MASKED,
  LVT_TIMER,
  lapicRequest,
  TSC_OFFSET,
} from './lapic-state';

const MODE_MASK: u32 = 0x60000;
const MODE_PERIODIC: u32 = 0x20000;
const MODE_DEADLINE: u32 = 0x40000;

function timerMode(apic: usize): u32 {
  return load<u32>(apic, LVT_TIMER) & MODE_MASK;
}

/** log2 of the divisor: 000 is 2, 111 is 1. */
function divideShift(apic: usize): u32 {
  const divide = load<u32>(apic, DIVIDE);
  return (((divide & 3) | ((divide >> 1) & 4)) + 1) & 7;
}

/** Finds the next time to fire after `now`. */
function schedule(apic: usize, now: i64): void {
  let at = i64.MAX_VALUE;
  const initial = <i64>load<u32>(apic, INITIAL_COUNT);
  const mode = timerMode(apic);
  if (mode == MODE_DEADLINE) {
    const deadline = load<u64>(apic, DEADLINE);
    if (deadline != 0) {
      const relative = deadline - <u64>load<i64>(apic, TSC_OFFSET);
      if (deadline < <u64>load<i64>(apic, TSC_OFFSET)) at = now;
      else at = relative > <u64>i64.MAX_VALUE ? i64.MAX_VALUE : <i64>relative;
    }
  } else if (mode <= MODE_PERIODIC && initial != 0) {
    const shift = divideShift(apic);
    const start = load<i64>(apic, LOADED_AT);
    const done = now > start ? (now - start) >> shift : 0;
    if (mode == MODE_PERIODIC) at = start + (((done / (initial + 1) + 1) * (initial + 1)) << shift);
    else if (done <= initial) at = start + ((initial + 1) << shift);
  }
  store<i64>(apic, at, FIRES_AT);
}

/** Fires what is due. Several periods that passed unseen are one interrupt. */
export function lapicTimerSync(apic: usize, now: i64): void {
  if (load<i64>(apic, FIRES_AT) > now) return;
  const lvt = load<u32>(apic, LVT_TIMER);
  if (timerMode(apic) == MODE_PERIODIC) schedule(apic, now);
  else {
    store<u64>(apic, 0, DEADLINE);
    store<i64>(apic, i64.MAX_VALUE, FIRES_AT);
  }
  if ((lvt & LVT_MASKED) == 0) lapicRequest(apic, lvt & 0xff, false);
}

/** A write of LVT timer. Changing from or to TSC-deadline mode disarms the timer. */
export function lapicTimerWriteLvt(apic: usize, value: u32, now: i64): void {
  const old = timerMode(apic);
  store<u32>(apic, value, LVT_TIMER);
  if (old != timerMode(apic) && (old == MODE_DEADLINE || timerMode(apic) == MODE_DEADLINE)) {
    store<u32>(apic, 0, INITIAL_COUNT);
    store<u64>(apic, 0, DEADLINE);
  }
  schedule(apic, now);
}

export function lapicTimerWriteInitial(apic: usize, value: u32, now: i64): void {
  if (timerMode(apic) == MODE_DEADLINE) return;
  store<u32>(apic, value, INITIAL_COUNT);
  store<i64>(apic, now, LOADED_AT);
  schedule(apic, now);
}

/** The count goes on from where it is. */
export function lapicTimerWriteDivide(apic: usize, value: u32, now: i64): void {
  const done = <i64>(load<u32>(apic, INITIAL_COUNT) - lapicTimerCurrent(apic, now));
  const running = load<i64>(apic, FIRES_AT) != i64.MAX_VALUE;
  store<u32>(apic, value & 11, DIVIDE);
  if (!running) return;
  store<i64>(apic, now - (done << divideShift(apic)), LOADED_AT);
  schedule(apic, now);
}

export function lapicTimerCurrent(apic: usize, now: i64): u32 {
  const mode = timerMode(apic);
  const initial = <i64>load<u32>(apic, INITIAL_COUNT);
  if (mode > MODE_PERIODIC || initial == 0) return 0;
  const start = load<i64>(apic, LOADED_AT);
  const done = now > start ? (now - start) >> divideShift(apic) : 0;
  if (mode == MODE_PERIODIC) return <u32>(initial - (done % (initial + 1)));
  return done >= initial ? 0 : <u32>(initial - done);
}

/** IA32_TSC_DEADLINE reads 0 once it passed, and in other modes. */
export function lapicDeadlineRead(apic: usize): u64 {
  return timerMode(apic) == MODE_DEADLINE ? load<u64>(apic, DEADLINE) : 0;
}

export function lapicDeadlineWrite(apic: usize, value: u64, now: i64): void {
  if (timerMode(apic) != MODE_DEADLINE) return;
  store<u64>(apic, value, DEADLINE);
  schedule(apic, now);
}

/** The guest wrote its TSC: TSC = guest ns + offset from now on. */
export function lapicSetTscOffset(apic: usize, offset: i64, now: i64): void {
  store<i64>(apic, offset, TSC_OFFSET);
  if (timerMode(apic) == MODE_DEADLINE) schedule(apic, now);
}

/** Guest ns at which the timer next interrupts, or i64.MAX_VALUE. */
export function lapicTimerDeadline(apic: usize): i64 {
  return load<u32>(apic, LVT_TIMER) & LVT_MASKED ? i64.MAX_VALUE : load<i64>(apic, FIRES_AT);
}
