/**
 * IN, OUT, INS, OUTS: SDM 2; SDM 1, chapter 19. Ports are physical addresses from IO_PORT_BASE on. The helpers of IN and OUT are called with callx, those
 * of 32 bits, where VMware's backdoor reaches all registers, and those of the string instructions, which advance registers as they go, with callg.
 */
import {
  COMM_REGISTERS,
  COMM_REGISTERS_CHANGED,
  CPU_STATE,
  IO_PORT_BASE,
  RECORD_REGISTER,
  REGION_BASE,
  REGION_KIND,
  REGION_KIND_MMIO,
  REGION_REACH_COUNT,
  REGION_SIZE,
} from '../../layout';
import {
  deviceRead,
  deviceReadString,
  deviceWrite,
  deviceWriteString,
  stringData,
} from '../../softmmu/device';
import { checkedValue } from '../../softmmu/record';
import { regionFind } from '../../softmmu/region';
import { STATE_CHECK_PHASE } from '../../vcpu/state';
import * as X from './cpu';
import { breakpointsPort } from './debug';
import { dataMmuOf, isCode64, segmentCache } from './mode';
import {
  checkSegment,
  loaded,
  probeLinearWrite,
  readLinear,
  withinLimit,
  writeLinear,
} from './system-memory';
import { portAllowed } from './tss';

/** Iterations of a repeated string instruction between two looks at interrupts. */
const BATCH: u32 = 512;

/** Fields of the immediate of the string helpers: logarithms of the operand's and address's bytes, segment, whether it repeats, whether once only. */
export const STRING_ADDRESS_SHIFT: u32 = 2;
export const STRING_SEGMENT_SHIFT: u32 = 4;
export const STRING_REPEATS: u32 = 0x80;
export const STRING_SINGLE: u32 = 0x100;

/** Whether a misaligned access lies within a device of the page that answers every one by itself: dispi has a 16-bit register at an odd port. */
function takesWhole(cpu: usize, port: u32, size: u32): bool {
  const region = regionFind(cpu, IO_PORT_BASE + port);
  if (region == 0 || load<u32>(region, REGION_KIND) != REGION_KIND_MMIO) return false;
  if (load<u32>(region, REGION_REACH_COUNT) != 0) return false;
  return IO_PORT_BASE + port + size <= load<u64>(region, REGION_BASE) + load<u64>(region, REGION_SIZE);
}

/** An aligned access, or the bytes of one that is not; where nobody answers, all ones. */
function portRead(cpu: usize, port: u32, size: u32): u64 {
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  if (phase == 2) return checkedValue(cpu, RECORD_REGISTER, 0);
  // What the device reads meanwhile, such as the clock, is not the guest's to replay.
  store<u32>(cpu, 0, STATE_CHECK_PHASE);
  const value = readDevice(cpu, port, size);
  if (phase == 0) return value;
  store<u32>(cpu, phase, STATE_CHECK_PHASE);
  return checkedValue(cpu, RECORD_REGISTER, value);
}

function readDevice(cpu: usize, port: u32, size: u32): u64 {
  if (port & (size - 1) && !takesWhole(cpu, port, size)) {
    let value: u64 = 0;
    for (let i: u32 = 0; i < size; i++) value |= readDevice(cpu, (port + i) & 0xffff, 1) << (i * 8);
    return value;
  }
  const address = IO_PORT_BASE + port;
  if (regionFind(cpu, address) == 0 || !deviceRead(cpu, address, size)) return 0xffffffff >> (32 - size * 8);
  return loaded(cpu);
}

function portWrite(cpu: usize, port: u32, value: u64, size: u32): void {
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  if (phase == 2) return;
  store<u32>(cpu, 0, STATE_CHECK_PHASE);
  writeDevice(cpu, port, value, size);
  store<u32>(cpu, phase, STATE_CHECK_PHASE);
}

function writeDevice(cpu: usize, port: u32, value: u64, size: u32): void {
  if (port & (size - 1) && !takesWhole(cpu, port, size)) {
    for (let i: u32 = 0; i < size; i++) writeDevice(cpu, (port + i) & 0xffff, (value >> (i * 8)) & 0xff, 1);
    return;
  }
  const address = IO_PORT_BASE + port;
  if (regionFind(cpu, address) != 0) deviceWrite(cpu, address, value, size);
}

/** b = port, immediate = bytes. */
export function helperIn(cpu: usize, b: u64, _c: u64, _third: u64, size: u32): u64 {
  const port = <u32>b & 0xffff;
  if (!portAllowed(cpu, port, size)) return 0;
  const value = portRead(cpu, port, size);
  breakpointsPort(cpu, port, size);
  return value;
}

/** b = port, c = value, immediate = bytes. */
export function helperOut(cpu: usize, b: u64, c: u64, _third: u64, size: u32): u64 {
  const port = <u32>b & 0xffff;
  if (!portAllowed(cpu, port, size)) return 0;
  portWrite(cpu, port, c, size);
  breakpointsPort(cpu, port, size);
  return 0;
}

/** VMware's backdoor: the one port whose device sees and changes registers, if it is reached by 32 bits. */
const BACKDOOR_PORT: u32 = 0x5658;

/** Slot of one of the registers at COMM_REGISTERS. */
function backdoorRegister(index: u32): u32 {
  if (index == 0) return X.RAX;
  if (index == 1) return X.RBX;
  if (index == 2) return X.RCX;
  if (index == 3) return X.RDX;
  return index == 4 ? X.RSI : X.RDI;
}

function showRegisters(cpu: usize): void {
  const area = cpu - CPU_STATE;
  for (let i: u32 = 0; i < 6; i++)
    store<u32>(area + i * 4, load<u32>(cpu + backdoorRegister(i)), COMM_REGISTERS);
  store<u32>(area, 0, COMM_REGISTERS_CHANGED);
}

/** Takes over what the device changed; the replay of tier check, what it changed then. */
function takeRegisters(cpu: usize): void {
  const area = cpu - CPU_STATE;
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  let changed = load<u32>(area, COMM_REGISTERS_CHANGED);
  if (phase != 0) changed = <u32>checkedValue(cpu, RECORD_REGISTER, changed);
  for (let i: u32 = 0; i < 6; i++) {
    if ((changed & (1 << i)) == 0) continue;
    let value: u64 = load<u32>(area + i * 4, COMM_REGISTERS);
    if (phase != 0) value = checkedValue(cpu, RECORD_REGISTER, value);
    store<u64>(cpu + backdoorRegister(i), value);
  }
}

/** IN of 32 bits, which may change registers (callg): b = port. */
export function helperInLong(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  const port = <u32>b & 0xffff;
  if (port != BACKDOOR_PORT) return helperIn(cpu, b, 0, 0, 4);
  if (!portAllowed(cpu, port, 4)) return 0;
  showRegisters(cpu);
  const value = portRead(cpu, port, 4);
  takeRegisters(cpu);
  breakpointsPort(cpu, port, 4);
  return value;
}

/** OUT of 32 bits (callg): b = port, c = value. */
export function helperOutLong(cpu: usize, b: u64, c: u64, _third: u64, _immediate: u32): u64 {
  const port = <u32>b & 0xffff;
  if (port != BACKDOOR_PORT) return helperOut(cpu, b, c, 0, 4);
  if (!portAllowed(cpu, port, 4)) return 0;
  showRegisters(cpu);
  portWrite(cpu, port, c, 4);
  takeRegisters(cpu);
  breakpointsPort(cpu, port, 4);
  return 0;
}

function addressMask(immediate: u32): u64 {
  const log = (immediate >> STRING_ADDRESS_SHIFT) & 3;
  return 0xffffffffffffffff >> (64 - ((<u64>8) << log));
}

/** Writes an index or count register by the address size: 32 bits clear the high half, 16 leave it. */
function setCounter(cpu: usize, register: u32, value: u64, mask: u64): void {
  const old = load<u64>(cpu + register);
  store<u64>(cpu + register, mask == 0xffff ? (old & ~mask) | (value & mask) : value & mask);
}

function linearOf(cpu: usize, segment: u32, offset: u64): u64 {
  const base = load<u64>(cpu + X.SEG_BASE + segment * 8);
  if (isCode64(cpu)) return segment >= X.SEG_FS ? base + offset : offset;
  return (base + offset) & 0xffffffff;
}

/**
 * How many iterations of a repeated string instruction can be one exit: they go upwards, stay within one page and within the segment, and nobody
 * records or replays single accesses. At most BATCH, so that the data fit CPU_STRING.
 */
function stringRun(cpu: usize, port: u32, segment: u32, offset: u64, size: u32, mask: u64, batch: u32): u32 {
  if (load<u32>(cpu, STATE_CHECK_PHASE) != 0 || load<i64>(cpu, X.DF) != 1 || (port & (size - 1)) != 0)
    return 1;
  let run = load<u64>(cpu, X.RCX) & mask;
  if (run > batch) run = batch;
  const room = (0x1000 - (linearOf(cpu, segment, offset) & 0xfff)) / size;
  if (run > room) run = room;
  if (run < 2 || offset + run * size - 1 > mask) return 1;
  if (isCode64(cpu)) return <u32>run;
  const cache = segmentCache(cpu, segment);
  const inside = withinLimit(
    offset,
    <u32>run * size,
    load<u32>(cache, X.SEG_LIMIT),
    load<u32>(cache, X.SEG_ATTRIBUTES),
  );
  return inside ? <u32>run : 1;
}

/** An item of CPU_STRING. */
function stringItem(cpu: usize, index: u32, size: u32): u64 {
  const at = stringData(cpu) + index * size;
  if (size == 1) return load<u8>(at);
  return size == 2 ? load<u16>(at) : load<u32>(at);
}

/** INS: returns 1 if the instruction has to be run again, for the rest of the count. What was transferred is in the registers, also when it faults. */
export function helperIns(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const size: u32 = 1 << (immediate & 3);
  const mask = addressMask(immediate);
  const repeats = (immediate & STRING_REPEATS) != 0;
  const port = load<u32>(cpu, X.RDX) & 0xffff;
  const mmu = dataMmuOf(cpu);
  if (repeats && (load<u64>(cpu, X.RCX) & mask) == 0) return 0;
  if (!portAllowed(cpu, port, size)) return 0;
  let batch: u32 = immediate & STRING_SINGLE ? 1 : BATCH;
  while (true) {
    const offset = load<u64>(cpu, X.RDI) & mask;
    const base = load<u64>(cpu, X.SEG_BASE + X.SEG_ES * 8);
    if (!checkSegment(cpu, X.SEG_ES, offset, base, size, true)) return 0;
    const linear = linearOf(cpu, X.SEG_ES, offset);
    // Before the port is read: what it gave could not be read again.
    if (!probeLinearWrite(cpu, linear, size, mmu)) return 0;
    const run = repeats ? stringRun(cpu, port, X.SEG_ES, offset, size, mask, batch) : 1;
    if (run > 1 && deviceReadString(cpu, IO_PORT_BASE + port, size, run)) {
      for (let i: u32 = 0; i < run; i++) {
        if (!writeLinear(cpu, linear + i * size, stringItem(cpu, i, size), size, mmu)) return 0;
      }
      breakpointsPort(cpu, port, size);
      setCounter(cpu, X.RDI, offset + run * size, mask);
      if (!countDown(cpu, mask, run)) return 0;
      batch -= run;
      if (batch == 0) return 1;
      continue;
    }
    if (!writeLinear(cpu, linear, portRead(cpu, port, size), size, mmu)) return 0;
    breakpointsPort(cpu, port, size);
    setCounter(cpu, X.RDI, offset + load<u64>(cpu, X.DF) * size, mask);
    if (!repeats) return 0;
    if (!countDown(cpu, mask, 1)) return 0;
    batch -= 1;
    if (batch == 0) return 1;
  }
}

/** Writes items of one page in one exit; false: they have to be written one by one. */
function stringOut(cpu: usize, port: u32, linear: u64, size: u32, run: u32, mmu: u32): bool {
  const data = stringData(cpu);
  for (let i: u32 = 0; i < run; i++) {
    // The first was read already, and the others lie in its page.
    if (!readLinear(cpu, linear + i * size, size, mmu)) return false;
    const value = loaded(cpu);
    const at = data + i * size;
    if (size == 1) store<u8>(at, <u8>value);
    else if (size == 2) store<u16>(at, <u16>value);
    else store<u32>(at, <u32>value);
  }
  return deviceWriteString(cpu, IO_PORT_BASE + port, size, run);
}

/** OUTS: as helperIns. */
export function helperOuts(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const size: u32 = 1 << (immediate & 3);
  const mask = addressMask(immediate);
  const segment = (immediate >> STRING_SEGMENT_SHIFT) & 7;
  const repeats = (immediate & STRING_REPEATS) != 0;
  const port = load<u32>(cpu, X.RDX) & 0xffff;
  const mmu = dataMmuOf(cpu);
  if (repeats && (load<u64>(cpu, X.RCX) & mask) == 0) return 0;
  if (!portAllowed(cpu, port, size)) return 0;
  let batch: u32 = immediate & STRING_SINGLE ? 1 : BATCH;
  while (true) {
    const offset = load<u64>(cpu, X.RSI) & mask;
    const base = load<u64>(cpu + X.SEG_BASE + segment * 8);
    if (!checkSegment(cpu, segment, offset, base, size, false)) return 0;
    const linear = linearOf(cpu, segment, offset);
    if (!readLinear(cpu, linear, size, mmu)) return 0;
    const run = repeats ? stringRun(cpu, port, segment, offset, size, mask, batch) : 1;
    if (run > 1 && stringOut(cpu, port, linear, size, run, mmu)) {
      breakpointsPort(cpu, port, size);
      setCounter(cpu, X.RSI, offset + run * size, mask);
      if (!countDown(cpu, mask, run)) return 0;
      batch -= run;
      if (batch == 0) return 1;
      continue;
    }
    // Looking for a run read further ahead.
    if (run > 1 && !readLinear(cpu, linear, size, mmu)) return 0;
    portWrite(cpu, port, loaded(cpu), size);
    breakpointsPort(cpu, port, size);
    setCounter(cpu, X.RSI, offset + load<u64>(cpu, X.DF) * size, mask);
    if (!repeats) return 0;
    if (!countDown(cpu, mask, 1)) return 0;
    batch -= 1;
    if (batch == 0) return 1;
  }
}

/** Counts (R)CX down by so many iterations; whether it is not 0 yet. */
function countDown(cpu: usize, mask: u64, iterations: u32): bool {
  const left = ((load<u64>(cpu, X.RCX) & mask) - iterations) & mask;
  setCounter(cpu, X.RCX, left, mask);
  return left != 0;
}
