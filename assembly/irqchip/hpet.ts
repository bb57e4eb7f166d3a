/**
 * HPET: IA-PC HPET Specification 1.0a, as QEMU's PC has it: a 64-bit counter at 100 MHz and three timers, all of them periodic if wanted,
 * routed to IOAPIC pin 2 or by legacy replacement (2.3.5, timer 0 to IRQ 0, timer 1 to IRQ 8); no FSB delivery.
 *
 *   0x000 capabilities   0x010 configuration   0x020 interrupt status   0x0f0 main counter
 *   0x100 + 0x20 * n  configuration of timer n, +8 comparator, +0x10 FSB route (reads 0)
 *
 * A comparator that is set to a value less than half its range behind the counter matches at once, as QEMU's does: a guest whose
 * processor is slower than its clock would wait for the counter to wrap.
 *
 * State at PC_HPET_STATE: u64 configuration, u64 status, u64 counter while it stands, i64 guest ns of counter 0 while it runs; u32 lines
 * that are up, u32 lines that rose; then the timers, TIMER_STRIDE each.
 */
import { PC_HPET_STATE } from '../layout';

const PERIOD_NS: i64 = 10;
const TIMERS: u32 = 3;
const TIMER_STRIDE: u32 = 40;

const CONFIG: usize = PC_HPET_STATE;
const STATUS: usize = PC_HPET_STATE + 8;
const COUNTER: usize = PC_HPET_STATE + 16;
const ZERO_AT: usize = PC_HPET_STATE + 24;
const LEVELS: usize = PC_HPET_STATE + 32;
const ROSE: usize = PC_HPET_STATE + 36;

const T_CONFIG: u32 = 0;
const T_COMPARATOR: u32 = 8;
const T_PERIOD: u32 = 16;
/** u64. Counter value at which the timer fires next, all 64 bits, and u32 whether it will. */
const T_FIRES_AT: u32 = 24;
const T_ARMED: u32 = 32;

/** 10 ns in fs; vendor 8086, legacy replacement, 64 bits, three timers, revision 1. */
const CAPABILITIES: u64 = 0x009896808086a201;

const ENABLE: u64 = 1;
const LEGACY: u64 = 2;

const T_LEVEL: u64 = 2;
const T_ENABLE: u64 = 4;
const T_PERIODIC: u64 = 8;
const T_SET_VALUE: u64 = 0x40;
const T_32: u64 = 0x100;
const T_ROUTE: u64 = 0x3e00;
const T_WRITABLE: u64 = 0x3f4e;
/** Periodic mode and 64 bits; routes to pin 2. */
const T_CAPABILITIES: u64 = 0x0000000400000030;

function timerOf(index: u32): usize {
  return PC_HPET_STATE + 0x28 + index * TIMER_STRIDE;
}

export function hpetReset(): void {
  memory.fill(PC_HPET_STATE, 0, 0x28 + TIMERS * TIMER_STRIDE);
  for (let i: u32 = 0; i < TIMERS; i++) {
    store<u64>(timerOf(i), T_CAPABILITIES, T_CONFIG);
    store<u64>(timerOf(i), u64.MAX_VALUE, T_COMPARATOR);
  }
}

function enabled(): bool {
  return (load<u64>(CONFIG) & ENABLE) != 0;
}

/** Legacy replacement: the PIT and the RTC interrupt no more. */
export function hpetIsLegacy(): bool {
  return (load<u64>(CONFIG) & (ENABLE | LEGACY)) == (ENABLE | LEGACY);
}

/** Main counter at a guest time in ns. */
function counterAt(now: i64): u64 {
  return enabled() ? load<u64>(COUNTER) + <u64>((now - load<i64>(ZERO_AT)) / PERIOD_NS) : load<u64>(COUNTER);
}

function isPeriodic(t: usize): bool {
  return (load<u64>(t, T_CONFIG) & T_PERIODIC) != 0;
}

function is32(t: usize): bool {
  return (load<u64>(t, T_CONFIG) & T_32) != 0;
}

/** Finds when the comparator matches next. */
function arm(t: usize, now: i64): void {
  store<u32>(t, 0, T_ARMED);
  if (!enabled()) return;
  const counter = counterAt(now);
  const comparator = load<u64>(t, T_COMPARATOR);
  let ahead: i64 = is32(t) ? <i64>(<i32>(<u32>comparator - <u32>counter)) : <i64>(comparator - counter);
  if (ahead < 0) ahead = 0;
  store<u64>(t, counter + <u64>ahead, T_FIRES_AT);
  store<u32>(t, 1, T_ARMED);
}

/** IOAPIC pin of a timer; legacy replacement says 0 for pin 2 with IRQ 0, and 8. */
function lineOf(index: u32): u32 {
  if (hpetIsLegacy() && index < 2) return index == 0 ? 0 : 8;
  return <u32>(load<u64>(timerOf(index), T_CONFIG) & T_ROUTE) >> 9;
}

/** Recomputes the lines that level-triggered timers hold up. */
function updateLevels(): void {
  let levels: u32 = 0;
  for (let i: u32 = 0; i < TIMERS; i++) {
    const config = load<u64>(timerOf(i), T_CONFIG);
    if (enabled() && (config & (T_ENABLE | T_LEVEL)) == (T_ENABLE | T_LEVEL) && (load<u64>(STATUS) >> i) & 1)
      levels |= 1 << lineOf(i);
  }
  store<u32>(ROSE, load<u32>(ROSE) | (levels & ~load<u32>(LEVELS)));
  store<u32>(LEVELS, levels);
}

function fire(index: u32): void {
  const config = load<u64>(timerOf(index), T_CONFIG);
  if (config & T_LEVEL) {
    store<u64>(STATUS, load<u64>(STATUS) | ((<u64>1) << index));
    updateLevels();
  } else if (config & T_ENABLE) store<u32>(ROSE, load<u32>(ROSE) | (1 << lineOf(index)));
}

/** Fires what is due. Periods that passed unseen are one interrupt, and move the comparator on. */
export function hpetSync(now: i64): void {
  if (!enabled()) return;
  const counter = counterAt(now);
  for (let i: u32 = 0; i < TIMERS; i++) {
    const t = timerOf(i);
    if (load<u32>(t, T_ARMED) == 0 || <i64>(counter - load<u64>(t, T_FIRES_AT)) < 0) continue;
    const period = load<u64>(t, T_PERIOD);
    if (isPeriodic(t) && period != 0) {
      const comparator = load<u64>(t, T_COMPARATOR);
      const behind = is32(t) ? <u64>(<u32>counter - <u32>comparator) : counter - comparator;
      const next = comparator + (behind / period + 1) * period;
      store<u64>(t, is32(t) ? <u64>(<u32>next) : next, T_COMPARATOR);
      store<u64>(t, counter + (is32(t) ? <u64>(<u32>next - <u32>counter) : next - counter), T_FIRES_AT);
    } else if (is32(t) && !isPeriodic(t)) {
      // The low half of the counter comes round.
      const rounds = ((counter - load<u64>(t, T_FIRES_AT)) >> 32) + 1;
      store<u64>(t, load<u64>(t, T_FIRES_AT) + (rounds << 32), T_FIRES_AT);
    } else store<u32>(t, 0, T_ARMED);
    fire(i);
  }
}

/** Lines that timers hold up, by IRQ number (0 and 8 of legacy replacement) or IOAPIC pin. */
export function hpetLevels(): u32 {
  return load<u32>(LEVELS);
}

/** Lines that rose since the last call. */
export function hpetTakeEdges(): u32 {
  const rose = load<u32>(ROSE);
  store<u32>(ROSE, 0);
  return rose;
}

/** Guest ns of the next interrupt, or i64.MAX_VALUE. */
export function hpetDeadline(): i64 {
  let deadline = i64.MAX_VALUE;
  if (!enabled()) return deadline;
  for (let i: u32 = 0; i < TIMERS; i++) {
    const t = timerOf(i);
    if (load<u32>(t, T_ARMED) == 0 || !(load<u64>(t, T_CONFIG) & T_ENABLE)) continue;
    const ahead = load<u64>(t, T_FIRES_AT) - load<u64>(COUNTER);
    if (ahead > <u64>(i64.MAX_VALUE / (2 * PERIOD_NS))) continue;
    const at = load<i64>(ZERO_AT) + <i64>ahead * PERIOD_NS;
    if (at < deadline) deadline = at;
  }
  return deadline;
}

function readRegister(offset: u32, now: i64): u64 {
  if (offset >= 0x100) {
    const index = (offset - 0x100) >> 5;
    if (index >= TIMERS) return 0;
    const t = timerOf(index);
    if ((offset & 0x18) == 0) return load<u64>(t, T_CONFIG);
    return (offset & 0x18) == 8 ? load<u64>(t, T_COMPARATOR) : 0;
  }
  switch (offset) {
    case 0x000:
      return CAPABILITIES;
    case 0x010:
      return load<u64>(CONFIG);
    case 0x020:
      return load<u64>(STATUS);
    case 0x0f0:
      return counterAt(now);
    default:
      return 0;
  }
}

/** A read of 4 or 8 bytes; narrower ones see their part. */
export function hpetRead(offset: u32, size: u32, now: i64): u64 {
  hpetSync(now);
  const value = readRegister(offset & ~7, now) >> ((offset & 7) * 8);
  return size == 8 ? value : value & (((<u64>1) << (size * 8)) - 1);
}

/** A write of 4 or 8 bytes. */
export function hpetWrite(offset: u32, value: u64, size: u32, now: i64): void {
  if (size < 4) return;
  hpetSync(now);
  const shift = (offset & 4) * 8;
  const written: u64 = size == 8 ? u64.MAX_VALUE : (<u64>0xffffffff) << shift;
  const bits = size == 8 ? value : (value & 0xffffffff) << shift;
  const register = offset & ~7;
  if (register >= 0x100) writeTimer(register, bits, written, now);
  else if (register == 0x010) writeConfig((load<u64>(CONFIG) & ~written) | bits, now);
  else if (register == 0x020) store<u64>(STATUS, load<u64>(STATUS) & ~bits);
  else if (register == 0x0f0 && !enabled()) store<u64>(COUNTER, (load<u64>(COUNTER) & ~written) | bits);
  updateLevels();
}

function writeConfig(value: u64, now: i64): void {
  const was = enabled();
  if (was && !(value & ENABLE)) store<u64>(COUNTER, counterAt(now));
  store<u64>(CONFIG, value & (ENABLE | LEGACY));
  if (was == enabled()) return;
  store<i64>(ZERO_AT, now);
  for (let i: u32 = 0; i < TIMERS; i++) arm(timerOf(i), now);
}

function writeTimer(register: u32, bits: u64, written: u64, now: i64): void {
  const index = (register - 0x100) >> 5;
  if (index >= TIMERS) return;
  const t = timerOf(index);
  if ((register & 0x18) == 8) return writeComparator(t, bits, written, now);
  if ((register & 0x18) != 0) return;
  const old = load<u64>(t, T_CONFIG);
  const mask = T_WRITABLE & written;
  let config = (old & ~mask) | (bits & mask);
  // A route that is not offered does not stick (2.3.8, Tn_INT_ROUTE_CNF).
  if (((T_CAPABILITIES >> (32 + ((config & T_ROUTE) >> 9))) & 1) == 0)
    config = (config & ~T_ROUTE) | (old & T_ROUTE);
  store<u64>(t, config, T_CONFIG);
  if (config & T_32) {
    store<u64>(t, load<u64>(t, T_COMPARATOR) & 0xffffffff, T_COMPARATOR);
    store<u64>(t, load<u64>(t, T_PERIOD) & 0xffffffff, T_PERIOD);
  }
  // An edge leaves no status behind.
  if ((config & T_LEVEL) == 0) store<u64>(STATUS, load<u64>(STATUS) & ~((<u64>1) << index));
  if ((config ^ old) & (T_32 | T_PERIODIC)) arm(t, now);
}

/** In periodic mode a write sets the period, and the comparator too if T_SET_VALUE was set before (2.3.9.2.2). */
function writeComparator(t: usize, bits: u64, written: u64, now: i64): void {
  const config = load<u64>(t, T_CONFIG);
  const valid: u64 = is32(t) ? 0xffffffff : u64.MAX_VALUE;
  if (!isPeriodic(t) || config & T_SET_VALUE)
    store<u64>(t, ((load<u64>(t, T_COMPARATOR) & ~written) | bits) & valid, T_COMPARATOR);
  if (isPeriodic(t)) store<u64>(t, ((load<u64>(t, T_PERIOD) & ~written) | bits) & valid, T_PERIOD);
  store<u64>(t, config & ~T_SET_VALUE, T_CONFIG);
  arm(t, now);
}
