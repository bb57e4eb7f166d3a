/**
 * Accesses to devices, the vCPU's side of the boundary: shadow registers, posted writes, doorbells, exits, and the devices
 * that are answered right here (irqchip/).
 *
 * Ordering. The page drains every ring before it handles an exit or a doorbell, so a device sees one vCPU's writes in
 * program order. A shadow register may be read while posted writes are on their way only if none of them declared to make it
 * stale: each posted write records, for each register it makes stale, the ring position after itself, and a read of such a
 * register becomes an exit until the page has drained that far.
 */
import * as L from '../layout';
import { count } from '../vcpu/counters';
import { STATE_EXITED, STATE_LAST_REGION, STATE_LEAVE, STATE_MAP_SEEN } from '../vcpu/state';
import { icountShift, publishVirtualTime } from '../vcpu/clock';
import { guestLocalRead, guestLocalWrite } from '../vcpu/guest';
import { CHARGE_EXIT, CHARGE_LOCAL, leaveSoon, sliceCharge } from '../vcpu/slice';
import { blockTakeStalePages } from '../tb/invalidate';
import { STATE_LOADED } from '../vcpu/state';
import { pciConfigRead, pciConfigWrite } from './pci-config';
import { regionFind } from './region';
import { tlbFlush } from './tlb';

/** Reads an aligned 1, 2, 4 or 8 bytes into STATE_LOADED; false: nobody answers there. */
export function deviceRead(cpu: usize, physical: u64, size: u32): bool {
  const region = regionFind(cpu, physical);
  if (region == 0) return false;
  sliceCharge(cpu, CHARGE_LOCAL);
  const offset = physical - load<u64>(region, L.REGION_BASE);
  if (load<u32>(region, L.REGION_KIND) == L.REGION_KIND_LOCAL) {
    count(cpu, L.COUNTER_LOCAL);
    return guestLocalRead(cpu, load<u32>(region, L.REGION_LINEAR), <u32>offset, size) != 0;
  }
  const config = load<u32>(region, L.REGION_CONFIG);
  if (config != 0 && pciConfigRead(cpu, config, offset, size)) {
    count(cpu, L.COUNTER_LOCAL);
    return true;
  }
  const reach = reachRecord(region, offset);
  if (
    reach != 0 &&
    load<u8>(reach, L.REACH_READ) == L.REACH_SHADOW &&
    size <= load<u32>(region, L.REGION_SPACING) &&
    !isStale(cpu, reach)
  ) {
    count(cpu, L.COUNTER_SHADOW);
    let value = atomic.load<u64>(reach, L.REACH_SHADOW_VALUE);
    value >>= (offset & (load<u32>(region, L.REGION_SPACING) - 1)) * 8;
    if (size < 8) value &= ((<u64>1) << (size * 8)) - 1;
    store<u64>(cpu, value, STATE_LOADED);
    return true;
  }
  count(cpu, L.COUNTER_EXIT_MMIO_READ);
  exitToPage(cpu, L.EXIT_MMIO_READ, load<u32>(region, L.REGION_DEVICE), offset, size, 0);
  store<u64>(cpu, load<u64>(commOf(cpu), L.COMM_EXIT_VALUE), STATE_LOADED);
  return true;
}

/** Writes an aligned 1, 2, 4 or 8 bytes; false: nobody answers there. */
export function deviceWrite(cpu: usize, physical: u64, value: u64, size: u32): bool {
  const region = regionFind(cpu, physical);
  if (region == 0) return false;
  sliceCharge(cpu, CHARGE_LOCAL);
  const offset = physical - load<u64>(region, L.REGION_BASE);
  if (size < 8) value &= ((<u64>1) << (size * 8)) - 1;
  if (load<u32>(region, L.REGION_KIND) == L.REGION_KIND_LOCAL) {
    count(cpu, L.COUNTER_LOCAL);
    return guestLocalWrite(cpu, load<u32>(region, L.REGION_LINEAR), <u32>offset, value, size) != 0;
  }
  const config = load<u32>(region, L.REGION_CONFIG);
  if (config != 0 && pciConfigWrite(config, offset, value, size)) {
    count(cpu, L.COUNTER_LOCAL);
    return true;
  }
  const reach = reachRecord(region, offset);
  if (reach != 0) {
    const kind = load<u8>(reach, L.REACH_WRITE);
    if (kind == L.REACH_POSTED || (kind == L.REACH_DEFERRED && mayWait(reach, value, size))) {
      post(cpu, load<u32>(region, L.REGION_DEVICE), offset, size, value, kind == L.REACH_POSTED);
      markStale(cpu, region, reach);
      count(cpu, L.COUNTER_POSTED);
      return true;
    }
    if (kind == L.REACH_DOORBELL) {
      ring(reach, value);
      count(cpu, L.COUNTER_DOORBELL);
      return true;
    }
    if (kind == L.REACH_ACKNOWLEDGE) {
      acknowledge(reach, <u32>value);
      count(cpu, L.COUNTER_LOCAL);
      return true;
    }
  }
  count(cpu, L.COUNTER_EXIT_MMIO_WRITE);
  exitToPage(cpu, L.EXIT_MMIO_WRITE, load<u32>(region, L.REGION_DEVICE), offset, size, value);
  return true;
}

/**
 * The register that `count` accesses of one string instruction may reach in one exit; 0: they have to be made one by one, since the worker
 * answers them, or posts them, or nobody does.
 */
function stringRegion(cpu: usize, physical: u64, write: bool): usize {
  const region = regionFind(cpu, physical);
  if (region == 0 || load<u32>(region, L.REGION_KIND) == L.REGION_KIND_LOCAL) return 0;
  const reach = reachRecord(region, physical - load<u64>(region, L.REGION_BASE));
  if (reach == 0) return region;
  const kind = write ? load<u8>(reach, L.REACH_WRITE) : load<u8>(reach, L.REACH_READ);
  return kind == L.REACH_EXIT ? region : 0;
}

/** Reads a register so many times into CPU_STRING in one exit; false: it has to be done one by one. `items * size` fits CPU_STRING. */
export function deviceReadString(cpu: usize, physical: u64, size: u32, items: u32): bool {
  const region = stringRegion(cpu, physical, false);
  if (region == 0) return false;
  count(cpu, L.COUNTER_EXIT_MMIO_READ);
  const offset = physical - load<u64>(region, L.REGION_BASE);
  exitToPage(cpu, L.EXIT_STRING_READ, load<u32>(region, L.REGION_DEVICE), offset, size, items);
  return true;
}

/** Writes values from CPU_STRING to a register in one exit; false as above. */
export function deviceWriteString(cpu: usize, physical: u64, size: u32, items: u32): bool {
  const region = stringRegion(cpu, physical, true);
  if (region == 0) return false;
  count(cpu, L.COUNTER_EXIT_MMIO_WRITE);
  const offset = physical - load<u64>(region, L.REGION_BASE);
  exitToPage(cpu, L.EXIT_STRING_WRITE, load<u32>(region, L.REGION_DEVICE), offset, size, items);
  return true;
}

/** Where the data of a string exit lie. */
export function stringData(cpu: usize): usize {
  return commOf(cpu) + L.CPU_STRING;
}

function commOf(cpu: usize): usize {
  return cpu - L.CPU_STATE;
}

function reachRecord(region: usize, offset: u64): usize {
  const spacing = load<u32>(region, L.REGION_SPACING);
  if (spacing == 0) return 0;
  const index = offset / spacing;
  if (index >= load<u32>(region, L.REGION_REACH_COUNT)) return 0;
  return load<u32>(region, L.REGION_REACH) + <u32>index * L.REACH_STRIDE;
}

/** Where this vCPU remembers how far the ring must be drained before a register is fresh. */
function staleUntil(cpu: usize, reach: usize): usize {
  return cpu - L.CPU_STATE + L.CPU_STALE_UNTIL + ((<u32>reach - L.REACH_TABLES) / L.REACH_STRIDE) * 4;
}

function isStale(cpu: usize, reach: usize): bool {
  const head = atomic.load<u32>(commOf(cpu), L.COMM_RING_HEAD);
  return <i32>(load<u32>(staleUntil(cpu, reach)) - head) > 0;
}

function markStale(cpu: usize, region: usize, reach: usize): void {
  let mask = load<u64>(reach, L.REACH_STALE_MASK);
  const table = load<u32>(region, L.REGION_REACH);
  const tail = load<u32>(commOf(cpu), L.COMM_RING_TAIL);
  while (mask != 0) {
    const index = <u32>ctz(mask);
    mask &= mask - 1;
    store<u32>(staleUntil(cpu, table + index * L.REACH_STRIDE), tail);
  }
}

/** Whether a deferred write is one: as narrow as the register, and changing none of the bits that something depends on. */
function mayWait(reach: usize, value: u64, size: u32): bool {
  const changed = atomic.load<u64>(reach, L.REACH_SHADOW_VALUE) ^ value;
  return (
    size <= load<u8>(reach, L.REACH_DEFERRED_WIDTH) && (changed & load<u32>(reach, L.REACH_DECISIVE)) == 0
  );
}

function post(cpu: usize, device: u32, offset: u64, size: u32, value: u64, wake: bool): void {
  const comm = commOf(cpu);
  const tail = load<u32>(comm, L.COMM_RING_TAIL);
  let head = atomic.load<u32>(comm, L.COMM_RING_HEAD);
  if (tail - head >= L.RING_ENTRIES) {
    atomic.store<i32>(comm, L.RUN_STATE_EXIT, L.COMM_RUN_STATE);
    while (tail - head >= L.RING_ENTRIES) {
      atomic.store<i32>(comm, 1, L.COMM_RING_WAITING);
      wakePage(true);
      // The page moves the head first and looks at RING_WAITING after it, so one of the two sees the other.
      head = atomic.load<u32>(comm, L.COMM_RING_HEAD);
      if (tail - head >= L.RING_ENTRIES) atomic.wait<i32>(comm + L.COMM_RING_HEAD, <i32>head, -1);
      head = atomic.load<u32>(comm, L.COMM_RING_HEAD);
    }
    atomic.store<i32>(comm, 0, L.COMM_RING_WAITING);
    atomic.store<i32>(comm, L.RUN_STATE_RUNNING, L.COMM_RUN_STATE);
  }
  const entry = comm + L.CPU_RING + (tail & (L.RING_ENTRIES - 1)) * L.RING_STRIDE;
  store<u32>(entry, device, L.RING_DEVICE);
  store<u32>(entry, size, L.RING_SIZE);
  store<u64>(entry, offset, L.RING_OFFSET);
  store<u64>(entry, value, L.RING_VALUE);
  publishVirtualTime(cpu);
  atomic.store<u32>(comm, tail + 1, L.COMM_RING_TAIL);
  if (wake) wakePage(false);
}

function ring(reach: usize, value: u64): void {
  const last = load<u32>(reach, L.REACH_DOORBELL_COUNT) - 1;
  const bit = load<u32>(reach, L.REACH_DOORBELL_FIRST) + <u32>(value < last ? value : last);
  atomic.or<u32>(L.DOORBELL_BITS + (bit >> 5) * 4, 1 << (bit & 31));
  wakePage(false);
}

/**
 * Clears bits of an interrupt status that the page sets bits of meanwhile, and drives the line by it. Both sides change the status first, then the line by
 * what they read, and look again: whoever looks last leaves the line as the status says (memory/irq-latch.ts).
 */
function acknowledge(reach: usize, bits: u32): void {
  const status = load<u32>(reach, L.REACH_ACK_STATUS);
  const line = load<u32>(reach, L.REACH_ACK_LINE);
  const word = L.IRQ_LEVEL + (line >> 5) * 4;
  const bit = (<u32>1) << (line & 31);
  atomic.and<u32>(status, ~bits);
  let up: bool;
  do {
    up = atomic.load<u32>(status) != 0;
    if (!up) atomic.and<u32>(word, ~bit);
    else if ((atomic.or<u32>(word, bit) & bit) == 0) atomic.or<u32>(L.IRQ_EDGE + (line >> 5) * 4, bit);
  } while (up != (atomic.load<u32>(status) != 0));
}

/** Tells the page that there is work. Skips the notify while the page says that it is going to look again anyway. */
export function wakePage(always: bool): void {
  atomic.add<i32>(L.VM_PAGE_WAKE, 1);
  if (always || atomic.load<i32>(L.VM_PAGE_AWAKE) == 0) atomic.notify(L.VM_PAGE_WAKE, 1);
}

/** Wakes the page for deferred writes that no later access has brought to it. */
export function wakeForDeferred(cpu: usize): void {
  const comm = commOf(cpu);
  if (atomic.load<u32>(comm, L.COMM_RING_HEAD) != load<u32>(comm, L.COMM_RING_TAIL)) wakePage(false);
}

/** Hands an access to the page and sleeps until it is answered. Afterwards the memory map may be another one. */
function exitToPage(cpu: usize, kind: u32, device: u32, offset: u64, size: u32, value: u64): void {
  const comm = commOf(cpu);
  store<u32>(comm, kind, L.COMM_EXIT_KIND);
  store<u32>(comm, device, L.COMM_EXIT_DEVICE);
  store<u64>(comm, offset, L.COMM_EXIT_OFFSET);
  store<u32>(comm, size, L.COMM_EXIT_SIZE);
  store<u64>(comm, value, L.COMM_EXIT_VALUE);
  publishVirtualTime(cpu);
  atomic.store<i32>(comm, L.RUN_STATE_EXIT, L.COMM_RUN_STATE);
  atomic.store<i32>(comm, 1, L.COMM_EXIT_PENDING);
  wakePage(true);
  while (atomic.load<i32>(comm, L.COMM_EXIT_PENDING) != 0)
    atomic.wait<i32>(comm + L.COMM_EXIT_PENDING, 1, -1);
  atomic.store<i32>(comm, L.RUN_STATE_RUNNING, L.COMM_RUN_STATE);
  const generation = atomic.load<u32>(L.VM_MAP_GENERATION);
  if (generation != load<u32>(cpu, STATE_MAP_SEEN)) {
    store<u32>(cpu, generation, STATE_MAP_SEEN);
    // The region found last may have moved, or be hidden by another one now.
    store<u32>(cpu, L.REGION_MAX, STATE_LAST_REGION);
    tlbFlush(cpu);
    store<u32>(cpu, 1, STATE_LEAVE);
  }
  if (atomic.load<i32>(comm, L.COMM_REQUEST) & L.REQUEST_INVALIDATE) blockTakeStalePages(cpu);
  sliceCharge(cpu, CHARGE_EXIT);
  store<u32>(cpu, 1, STATE_EXITED);
  // What the exit itself brought about is taken right after it, with -icount too: an SMI, interrupts and timers of devices.
  if (icountShift() >= 0 || atomic.load<u32>(L.VM_X86_EVENTS) != 0) leaveSoon(cpu);
}
