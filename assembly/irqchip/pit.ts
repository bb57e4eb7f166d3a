/**
 * 8254 programmable interval timer, 1.193182 MHz, and port 0x61 of the PC. Intel 8254 data sheet (231164), 82371SB data sheet section 2.5.6.
 *
 *   0x40 + n  counter n        0x43  control word, counter latch, read-back
 *   0x61      bit 0 gate of counter 2, 1 speaker data, 2-3 kept, 4 toggles with each refresh, 5 output of counter 2
 *
 * Nothing ticks. A counter remembers at which tick of the clock its count was loaded; count and output follow from the time. A count is
 * loaded with the write, that is: the write is the clock pulse that loads it.
 *
 * State at PC_PIT_STATE: three counters of COUNTER_STRIDE bytes, then port 0x61 (u8), and of counter 0 what the interrupt controllers have
 * seen: i64 tick up to which rising edges were looked for, u8 output then, u8 a rising edge not yet taken. Then u8: the speaker was heard of last with its
 * data bit set.
 */
import { PC_PIT_STATE } from '../layout';
import { speakerWave } from './speaker';

export const PIT_HZ: i64 = 1193182;
const NS_PER_S: i64 = 1000000000;

const COUNTER_STRIDE: u32 = 48;
const PORT_61: usize = PC_PIT_STATE + 0x90;
const SEEN_TICK: usize = PC_PIT_STATE + 0x98;
const SEEN_OUT: usize = PC_PIT_STATE + 0xa0;
const EDGE: usize = PC_PIT_STATE + 0xa1;
const SPEAKING: usize = PC_PIT_STATE + 0xa2;

const PORT_61_GATE: u32 = 1;
const PORT_61_DATA: u32 = 2;

/** i64. Tick at which the count was loaded; of a counter that stands (STANDS), minus the tick: what has elapsed, negated. */
const START: u32 = 0;
/** u32. Count that is counted down from, 1 to 65536 (10000 in BCD). */
const COUNT: u32 = 8;
/** u32. Count that replaces it at the end of the cycle or at the next trigger, or 0. */
const NEXT: u32 = 12;
/** u16 and u8: latched count and how many bytes of it are left; u8 latched status and whether there is one. */
const LATCH: u32 = 16;
const LATCHED: u32 = 18;
const STATUS: u32 = 19;
const STATUS_LATCHED: u32 = 20;
const MODE: u32 = 21;
const BCD: u32 = 22;
/** u8. 1 low byte, 2 high byte, 3 low then high. */
const ACCESS: u32 = 23;
/** u8. 1: the next access of a pair is to the high byte. */
const READ_HIGH: u32 = 24;
const WRITE_HIGH: u32 = 25;
const WRITE_LOW: u32 = 26;
const GATE: u32 = 27;
/** u8. What the counter does: nothing since the control word, wait for a trigger, count, or stand still in the middle. */
const PHASE: u32 = 28;
/** i64. Tick at which NEXT takes over. */
const NEXT_AT: u32 = 32;

const EMPTY: u8 = 0;
const WAITS: u8 = 1;
const COUNTS: u8 = 2;
const STANDS: u8 = 3;

/** Ticks of 18 to a refresh, as a PC's firmware programs counter 1. */
const REFRESH_TICKS: i64 = 18;

function counterOf(index: u32): usize {
  return PC_PIT_STATE + index * COUNTER_STRIDE;
}

export function pitTick(ns: i64): i64 {
  return (ns / NS_PER_S) * PIT_HZ + ((ns % NS_PER_S) * PIT_HZ) / NS_PER_S;
}

/** Guest ns at which a tick begins. */
function tickNs(tick: i64): i64 {
  return (tick / PIT_HZ) * NS_PER_S + ((tick % PIT_HZ) * NS_PER_S + PIT_HZ - 1) / PIT_HZ;
}

/** As QEMU's after reset: all in mode 3 with a full count, the gate of counter 2 closed. */
export function pitReset(): void {
  memory.fill(PC_PIT_STATE, 0, 0x100);
  for (let i: u32 = 0; i < 3; i++) {
    const c = counterOf(i);
    store<u8>(c, 3, MODE);
    store<u8>(c, 3, ACCESS);
    store<u32>(c, 0x10000, COUNT);
    store<u8>(c, i < 2 ? 1 : 0, GATE);
    store<u8>(c, i < 2 ? COUNTS : WAITS, PHASE);
  }
  store<u8>(SEEN_OUT, 1);
}

function elapsed(c: usize, tick: i64): i64 {
  const start = load<i64>(c, START);
  const ticks = load<u8>(c, PHASE) == STANDS ? -start : tick - start;
  return ticks < 0 ? 0 : ticks;
}

/** Ticks of a mode 3 cycle in which the output is high. */
function highTicks(count: i64): i64 {
  return (count + 1) >> 1;
}

/** Lets a count that was written take over if its time has come. */
function advance(c: usize, tick: i64): void {
  if (load<u32>(c, NEXT) == 0 || load<u8>(c, PHASE) != COUNTS) return;
  const mode = load<u8>(c, MODE);
  const at = load<i64>(c, NEXT_AT);
  if ((mode != 2 && mode != 3) || at > tick) return;
  const next = load<u32>(c, NEXT);
  // In mode 3 the half that begins may be the low one: then the high half lies before it.
  const low = mode == 3 && at != cycleStart(c, at);
  store<i64>(c, low ? at - highTicks(next) : at, START);
  store<u32>(c, next, COUNT);
  store<u32>(c, 0, NEXT);
}

function cycleStart(c: usize, tick: i64): i64 {
  return tick - (elapsed(c, tick) % load<u32>(c, COUNT));
}

function outputOf(c: usize, tick: i64): bool {
  advance(c, tick);
  const mode = load<u8>(c, MODE);
  const phase = load<u8>(c, PHASE);
  if (phase == EMPTY || phase == WAITS) return mode != 0;
  const d = elapsed(c, tick);
  const count: i64 = load<u32>(c, COUNT);
  if (mode <= 1) return d >= count;
  if (mode == 2) return d % count != count - 1;
  if (mode == 3) return d % count < highTicks(count);
  return d != count;
}

function modulus(c: usize): i64 {
  return load<u8>(c, BCD) ? 10000 : 0x10000;
}

function countOf(c: usize, tick: i64): u32 {
  advance(c, tick);
  const phase = load<u8>(c, PHASE);
  const count: i64 = load<u32>(c, COUNT);
  const d = phase == EMPTY || phase == WAITS ? 0 : elapsed(c, tick);
  const mode = load<u8>(c, MODE);
  let value: i64;
  if (mode == 2) value = count - (d % count);
  else if (mode == 3) {
    // Counts by two, from the even number below an odd count (data sheet, mode 3).
    const high = highTicks(count);
    const at = d % count;
    value = (count & ~1) - 2 * (at < high ? at : at - high);
  } else value = count - d;
  const most = modulus(c);
  value = ((value % most) + most) % most;
  if (load<u8>(c, BCD) == 0) return <u32>value;
  const v = <u32>value;
  return (v % 10) | (((v / 10) % 10) << 4) | (((v / 100) % 10) << 8) | ((v / 1000) << 12);
}

/** A written count as a number of ticks. */
function ticksOf(c: usize, raw: u32): u32 {
  let count = raw;
  if (load<u8>(c, BCD))
    count = (raw & 15) + ((raw >> 4) & 15) * 10 + ((raw >> 8) & 15) * 100 + (raw >> 12) * 1000;
  return count == 0 ? <u32>modulus(c) : count;
}

function begin(c: usize, tick: i64): void {
  if (load<u32>(c, NEXT) != 0) store<u32>(c, load<u32>(c, NEXT), COUNT);
  store<u32>(c, 0, NEXT);
  store<i64>(c, tick, START);
  store<u8>(c, COUNTS, PHASE);
}

function stand(c: usize, tick: i64): void {
  if (load<u8>(c, PHASE) != COUNTS) return;
  store<i64>(c, -elapsed(c, tick), START);
  store<u8>(c, STANDS, PHASE);
}

/** A complete count was written. */
function loadCount(c: usize, raw: u32, tick: i64): void {
  advance(c, tick);
  const mode = load<u8>(c, MODE);
  const phase = load<u8>(c, PHASE);
  store<u32>(c, ticksOf(c, raw), NEXT);
  if (mode == 1 || mode == 5) {
    if (phase == EMPTY) store<u8>(c, WAITS, PHASE);
    return;
  }
  if (mode == 0 || mode == 4) {
    begin(c, tick);
    if (load<u8>(c, GATE) == 0) stand(c, tick);
    return;
  }
  if (load<u8>(c, GATE) == 0) store<u8>(c, WAITS, PHASE);
  else if (phase != COUNTS) begin(c, tick);
  else {
    const count = load<u32>(c, COUNT);
    const start = cycleStart(c, tick);
    const high = highTicks(count);
    store<i64>(c, mode == 3 && tick - start < high ? start + high : start + count, NEXT_AT);
  }
}

/** Drives the gate of a counter (data sheet, figure 21, "Gate pin operations summary"). */
function setGate(c: usize, gate: bool, tick: i64): void {
  const rises = gate && load<u8>(c, GATE) == 0;
  const falls = !gate && load<u8>(c, GATE) != 0;
  advance(c, tick);
  store<u8>(c, gate ? 1 : 0, GATE);
  const mode = load<u8>(c, MODE);
  const phase = load<u8>(c, PHASE);
  if (phase == EMPTY) return;
  if (mode == 0 || mode == 4) {
    if (falls) stand(c, tick);
    else if (rises && phase == STANDS) {
      store<i64>(c, tick + load<i64>(c, START), START);
      store<u8>(c, COUNTS, PHASE);
    }
  } else if (rises) begin(c, tick);
  else if (falls && (mode == 2 || mode == 3)) store<u8>(c, WAITS, PHASE);
}

function writeControl(value: u32, tick: i64): void {
  const select = value >> 6;
  if (select == 3) return readBack(value, tick);
  const c = counterOf(select);
  const access = <u8>((value >> 4) & 3);
  if (access == 0) return latchCount(c, tick);
  const count = countOf(c, tick);
  const mode = <u8>((value >> 1) & 7);
  store<u8>(c, mode > 5 ? mode & 3 : mode, MODE);
  store<u8>(c, <u8>(value & 1), BCD);
  store<u8>(c, access, ACCESS);
  store<u8>(c, 0, READ_HIGH);
  store<u8>(c, 0, WRITE_HIGH);
  store<u8>(c, 0, LATCHED);
  store<u8>(c, 0, STATUS_LATCHED);
  store<u8>(c, EMPTY, PHASE);
  // The counting element keeps its number until a count is written.
  store<u32>(c, ticksOf(c, count), COUNT);
  store<u32>(c, 0, NEXT);
}

function latchCount(c: usize, tick: i64): void {
  if (load<u8>(c, LATCHED) != 0) return;
  const access = load<u8>(c, ACCESS);
  store<u16>(c, <u16>countOf(c, tick), LATCH);
  store<u8>(c, access == 3 ? 2 : 1, LATCHED);
}

/** Read-back: bits 1-3 counters, 4 (low) latches status, 5 (low) latches counts. */
function readBack(value: u32, tick: i64): void {
  for (let i: u32 = 0; i < 3; i++) {
    if ((value & (2 << i)) == 0) continue;
    const c = counterOf(i);
    if ((value & 0x20) == 0) latchCount(c, tick);
    if (value & 0x10 || load<u8>(c, STATUS_LATCHED)) continue;
    const out: u32 = outputOf(c, tick) ? 0x80 : 0;
    const empty: u32 = load<u8>(c, PHASE) == EMPTY || load<u32>(c, NEXT) != 0 ? 0x40 : 0;
    const access: u32 = load<u8>(c, ACCESS);
    const mode: u32 = load<u8>(c, MODE);
    store<u8>(c, <u8>(out | empty | (access << 4) | (mode << 1) | load<u8>(c, BCD)), STATUS);
    store<u8>(c, 1, STATUS_LATCHED);
  }
}

function readCounter(c: usize, tick: i64): u32 {
  if (load<u8>(c, STATUS_LATCHED)) {
    store<u8>(c, 0, STATUS_LATCHED);
    return load<u8>(c, STATUS);
  }
  const left = load<u8>(c, LATCHED);
  const count: u32 = left != 0 ? load<u16>(c, LATCH) : countOf(c, tick);
  if (left != 0) store<u8>(c, left - 1, LATCHED);
  const access = load<u8>(c, ACCESS);
  let high = access == 2;
  if (access == 3) {
    high = load<u8>(c, READ_HIGH) != 0;
    store<u8>(c, high ? 0 : 1, READ_HIGH);
  }
  return high ? count >> 8 : count & 0xff;
}

function writeCounter(c: usize, value: u32, tick: i64): void {
  const access = load<u8>(c, ACCESS);
  if (access == 1) return loadCount(c, value, tick);
  if (access == 2) return loadCount(c, value << 8, tick);
  if (load<u8>(c, WRITE_HIGH)) {
    store<u8>(c, 0, WRITE_HIGH);
    return loadCount(c, load<u8>(c, WRITE_LOW) | (value << 8), tick);
  }
  store<u8>(c, 1, WRITE_HIGH);
  store<u8>(c, <u8>value, WRITE_LOW);
  // Mode 0: the first byte stops the count and lowers the output.
  if (load<u8>(c, MODE) == 0) {
    store<u32>(c, ticksOf(c, countOf(c, tick)), COUNT);
    store<u8>(c, EMPTY, PHASE);
  }
}

/** Port 0x40 + offset, one byte. `now` in guest ns. */
export function pitRead(offset: u32, now: i64): u32 {
  return offset < 3 ? readCounter(counterOf(offset), pitTick(now)) : 0;
}

export function pitWrite(offset: u32, value: u32, now: i64): void {
  const tick = pitTick(now);
  pitSync(now);
  if (offset == 3) writeControl(value, tick);
  else writeCounter(counterOf(offset), value, tick);
  noteOutput(outputOf(counterOf(0), tick));
  if (offset == 2 || (offset == 3 && value >> 6 == 2 && value & 0x30)) tellSpeaker(tick);
}

export function port61Read(now: i64): u32 {
  const tick = pitTick(now);
  const refresh: u32 = <u32>(tick / REFRESH_TICKS) & 1;
  const out: u32 = outputOf(counterOf(2), tick) ? 1 : 0;
  return load<u8>(PORT_61) | (refresh << 4) | (out << 5);
}

export function port61Write(value: u32, now: i64): void {
  const tick = pitTick(now);
  const changed = load<u8>(PORT_61) ^ value;
  store<u8>(PORT_61, <u8>(value & 15));
  setGate(counterOf(2), (value & PORT_61_GATE) != 0, tick);
  if (changed & (PORT_61_GATE | PORT_61_DATA)) tellSpeaker(tick);
}

/** The speaker is at counter 2's output while the data bit is set, and low otherwise. */
function tellSpeaker(tick: i64): void {
  const speaks = (load<u8>(PORT_61) & PORT_61_DATA) != 0;
  // Counter 2 is what many guests measure other clocks with: nobody hears that.
  if (!speaks && load<u8>(SPEAKING) == 0) return;
  store<u8>(SPEAKING, speaks ? 1 : 0);
  if (!speaks) return speakerWave(tick, 0, 0, 0, 0);
  const c = counterOf(2);
  const mode = load<u8>(c, MODE);
  const out: u32 = outputOf(c, tick) ? 1 : 0;
  const count: i64 = load<u32>(c, COUNT);
  const d = elapsed(c, tick);
  if (load<u8>(c, PHASE) != COUNTS) return speakerWave(tick, out, 0, 0, 0);
  if (mode == 2 || mode == 3) {
    const low = mode == 2 ? 1 : count >> 1;
    tellCycle(tick, out != 0, count, low, d % count);
    const next: i64 = load<u32>(c, NEXT);
    if (next == 0) return;
    const at = load<i64>(c, NEXT_AT);
    const nextLow = mode == 2 ? 1 : next >> 1;
    const halfway = mode == 3 && at != cycleStart(c, at);
    return tellCycle(at, !halfway, next, nextLow, halfway ? next - nextLow : 0);
  }
  // One edge; or one strobe, a tick long.
  if (d < count) speakerWave(tick, out, <u32>(count - d), mode >= 4 ? 1 : 0, 0);
  else speakerWave(tick, out, out == 0 ? 1 : 0, 0, 0);
}

/** A cycle of which `at` ticks are over: high, then `low` ticks low. */
function tellCycle(tick: i64, out: bool, count: i64, low: i64, at: i64): void {
  const high = count - low;
  if (high == 0 || low == 0) speakerWave(tick, out ? 1 : 0, 0, 0, 0);
  else if (out) speakerWave(tick, 1, <u32>(high - at), <u32>low, <u32>high);
  else speakerWave(tick, 0, <u32>(count - at), <u32>high, <u32>low);
}

/** Tick of the first rising edge of counter 0's output after `tick`, or i64.MAX_VALUE. */
function nextRise(tick: i64): i64 {
  const c = counterOf(0);
  advance(c, tick);
  if (load<u8>(c, PHASE) != COUNTS) return i64.MAX_VALUE;
  const mode = load<u8>(c, MODE);
  const count: i64 = load<u32>(c, COUNT);
  const start = load<i64>(c, START);
  if (mode == 2 || mode == 3) {
    const rise = cycleStart(c, tick) + count;
    // A count that takes over with the low half of mode 3 moves the edge that ends this half.
    if (load<u32>(c, NEXT) != 0 && load<i64>(c, NEXT_AT) < rise)
      return load<i64>(c, NEXT_AT) + (load<u32>(c, NEXT) >> 1);
    return rise;
  }
  const rise = start + count + (mode >= 4 ? 1 : 0);
  return rise > tick ? rise : i64.MAX_VALUE;
}

function noteOutput(out: bool): void {
  if (out && load<u8>(SEEN_OUT) == 0) store<u8>(EDGE, 1);
  store<u8>(SEEN_OUT, out ? 1 : 0);
}

/** Finds the edges of counter 0 up to `now`. */
export function pitSync(now: i64): void {
  const tick = pitTick(now);
  const seen = load<i64>(SEEN_TICK);
  if (tick <= seen) return;
  if (nextRise(seen) <= tick) store<u8>(EDGE, 1);
  store<i64>(SEEN_TICK, tick);
  store<u8>(SEEN_OUT, outputOf(counterOf(0), tick) ? 1 : 0);
}

/** Output of counter 0 as of the last pitSync. */
export function pitOutput(): bool {
  return load<u8>(SEEN_OUT) != 0;
}

/** Whether the output rose since the last call. */
export function pitTakeEdge(): bool {
  const edge = load<u8>(EDGE) != 0;
  store<u8>(EDGE, 0);
  return edge;
}

/** Guest ns of the next rising edge of counter 0, or i64.MAX_VALUE. */
export function pitDeadline(): i64 {
  const rise = nextRise(load<i64>(SEEN_TICK));
  return rise == i64.MAX_VALUE ? rise : tickNs(rise);
}
