/**
 * I/O APIC: 82093AA data sheet (290566), with the EOI register of its successors (ICH9 data sheet 13.5.5). 24 inputs, version 0x20.
 *
 *   0x00 IOREGSEL (selects a register)   0x10 IOWIN (its 32 bits)   0x40 EOI
 *   registers: 0 ID, 1 version, 2 arbitration ID, 0x10 + 2n and 0x11 + 2n redirection entry n
 *
 * Lines are logical levels: the polarity bit is kept and otherwise without effect. An edge on a masked input is lost (3.2.4).
 *
 * State at PC_IOAPIC_STATE: u32 IOREGSEL, ID, levels, requests that wait, then u64 entries.
 */
import { PC_IOAPIC_STATE } from '../layout';
import { lapicDeliver } from './lapic-state';

const SELECT: usize = PC_IOAPIC_STATE;
const ID: usize = PC_IOAPIC_STATE + 4;
const LEVELS: usize = PC_IOAPIC_STATE + 8;
const REQUESTS: usize = PC_IOAPIC_STATE + 12;
const ENTRIES: usize = PC_IOAPIC_STATE + 16;

export const IOAPIC_PINS: u32 = 24;
const VERSION: u32 = 0x20 | ((IOAPIC_PINS - 1) << 16);

const LOGICAL: u64 = 0x800;
const REMOTE_IRR: u64 = 0x4000;
const LEVEL: u64 = 0x8000;
const MASKED: u64 = 0x10000;
/** Destination, mask, trigger, polarity, destination mode, delivery mode, vector. */
const WRITABLE: u64 = 0xff0000000001afff;

export function ioapicReset(): void {
  memory.fill(PC_IOAPIC_STATE, 0, 16 + IOAPIC_PINS * 8);
  for (let pin: u32 = 0; pin < IOAPIC_PINS; pin++) store<u64>(ENTRIES + pin * 8, MASKED);
}

function entryOf(pin: u32): u64 {
  return load<u64>(ENTRIES + pin * 8);
}

export function ioapicPinMasked(pin: u32): bool {
  return (entryOf(pin) & MASKED) != 0;
}

/** Sends the requests of a pin that may go out. */
function service(pin: u32): void {
  const bit = (<u32>1) << pin;
  const entry = entryOf(pin);
  if (entry & MASKED || (load<u32>(REQUESTS) & bit) == 0) return;
  const level = (entry & LEVEL) != 0;
  if (level && entry & REMOTE_IRR) return;
  if (level) store<u64>(ENTRIES + pin * 8, entry | REMOTE_IRR);
  else store<u32>(REQUESTS, load<u32>(REQUESTS) & ~bit);
  lapicDeliver(<u32>(entry >> 56), (entry & LOGICAL) != 0, <u32>(entry >> 8) & 7, <u32>entry & 0xff, level);
}

/** Drives all pins. `rose` has those that rose since the last call, however they are now. */
export function ioapicSetLines(levels: u32, rose: u32): void {
  const before = load<u32>(LEVELS);
  let changed = (levels ^ before) | rose;
  store<u32>(LEVELS, levels);
  while (changed != 0) {
    const pin = <u32>ctz(changed);
    changed &= changed - 1;
    if (pin >= IOAPIC_PINS) return;
    const bit = (<u32>1) << pin;
    const entry = entryOf(pin);
    const requests = load<u32>(REQUESTS);
    if (entry & LEVEL) store<u32>(REQUESTS, levels & bit ? requests | bit : requests & ~bit);
    else if (rose & bit && (entry & MASKED) == 0) store<u32>(REQUESTS, requests | bit);
    service(pin);
  }
}

/** EOI of a vector: pins whose line is still up interrupt again. */
export function ioapicEndOfInterrupt(vector: u32): void {
  for (let pin: u32 = 0; pin < IOAPIC_PINS; pin++) {
    const entry = entryOf(pin);
    if ((entry & 0xff) != vector || (entry & (LEVEL | REMOTE_IRR)) != (LEVEL | REMOTE_IRR)) continue;
    store<u64>(ENTRIES + pin * 8, entry & ~REMOTE_IRR);
    service(pin);
  }
}

function writeEntry(pin: u32, entry: u64): void {
  const bit = (<u32>1) << pin;
  const old = entryOf(pin);
  // Edge-triggered entries have no remote IRR; Linux clears a stuck one by switching to edge and back.
  if ((entry & LEVEL) == 0) entry &= ~REMOTE_IRR;
  store<u64>(ENTRIES + pin * 8, entry);
  if ((entry ^ old) & LEVEL || entry & LEVEL) {
    const up = entry & LEVEL && load<u32>(LEVELS) & bit;
    store<u32>(REQUESTS, up ? load<u32>(REQUESTS) | bit : load<u32>(REQUESTS) & ~bit);
  }
  service(pin);
}

/** A read of 32 bits. */
export function ioapicRead(offset: u32): u32 {
  const select = load<u32>(SELECT);
  if (offset == 0) return select;
  if (offset != 0x10) return 0;
  if (select == 0 || select == 2) return load<u32>(ID);
  if (select == 1) return VERSION;
  const pin = (select - 0x10) >> 1;
  if (select < 0x10 || pin >= IOAPIC_PINS) return 0;
  return <u32>(entryOf(pin) >> ((select & 1) * 32));
}

export function ioapicWrite(offset: u32, value: u32): void {
  if (offset == 0) store<u32>(SELECT, value & 0xff);
  else if (offset == 0x40) ioapicEndOfInterrupt(value & 0xff);
  if (offset != 0x10) return;
  const select = load<u32>(SELECT);
  if (select == 0) store<u32>(ID, value & 0xf000000);
  const pin = (select - 0x10) >> 1;
  if (select < 0x10 || pin >= IOAPIC_PINS) return;
  const mask = WRITABLE & (select & 1 ? 0xffffffff00000000 : 0xffffffff);
  writeEntry(pin, (entryOf(pin) & ~mask) | (((<u64>value) << ((select & 1) * 32)) & mask));
}
