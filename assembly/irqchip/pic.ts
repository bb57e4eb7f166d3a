/**
 * Pair of 8259A interrupt controllers as in a PC, with the edge/level control registers of the PIIX. Intel 8259A data sheet (231468),
 * 82371SB data sheet section 2.5 (ICW1's LTIM is ignored: ELCR decides).
 *
 *   0x20, 0xa0  command: ICW1, OCW2, OCW3; reads IRR or ISR, or polls      0x21, 0xa1  ICW2 to ICW4, OCW1; reads IMR
 *   0x4d0, 0x4d1  ELCR: bit n makes input n level-triggered
 *
 * An edge stays latched when its line falls before it is acknowledged: devices on the page pulse their lines faster than a vCPU
 * looks. (The chip would answer with IRQ 7.) A level that falls does give the spurious IRQ 7 or 15.
 *
 * State at PC_PIC_STATE: two chips of PIC_STRIDE bytes, u8 each, then u32 inputs as last seen.
 */
import { PC_PIC_STATE } from '../layout';

const PIC_STRIDE: u32 = 32;
const MASTER: usize = PC_PIC_STATE;
const SLAVE: usize = PC_PIC_STATE + PIC_STRIDE;

const IRR: u32 = 0;
const IMR: u32 = 1;
const ISR: u32 = 2;
/** Input of highest priority. */
const TOP: u32 = 3;
const VECTOR: u32 = 4;
/** What a read of the command port gives: 0 IRR, 1 ISR. */
const SELECT: u32 = 5;
const POLL: u32 = 6;
const SPECIAL_MASK: u32 = 7;
/** Number of the ICW that is expected, 0: initialised. */
const EXPECTED_ICW: u32 = 8;
const AUTO_EOI: u32 = 9;
const ROTATE_AUTO_EOI: u32 = 10;
const NESTED: u32 = 11;
const WANTS_ICW4: u32 = 12;
const SINGLE: u32 = 13;
const ELCR: u32 = 14;
/** Inputs as they are. */
const LEVELS: u32 = 15;

const CASCADE_BIT: u8 = 4;
const ICW1: u32 = 0x10;
const OCW3: u32 = 0x08;
/** Inputs that cannot be level-triggered: timer, keyboard, cascade; RTC, coprocessor. */
const ELCR_MASTER_MASK: u32 = 0xf8;
const ELCR_SLAVE_MASK: u32 = 0xde;

export function picReset(): void {
  memory.fill(MASTER, 0, 2 * PIC_STRIDE);
}

/** Priority of the first of the requests, 0 the highest, or 8. */
function priorityOf(chip: usize, requests: u32): u32 {
  if (requests == 0) return 8;
  const top = load<u8>(chip, TOP);
  return <u32>ctz(((requests | (requests << 8)) >> top) & 0xff);
}

/** The input that the chip raises INT for, or -1. */
function requestOf(chip: usize): i32 {
  const mask = load<u8>(chip, IMR);
  const request = priorityOf(chip, load<u8>(chip, IRR) & ~mask);
  if (request == 8) return -1;
  let served: u32 = load<u8>(chip, ISR);
  if (load<u8>(chip, SPECIAL_MASK)) served &= ~mask;
  if (load<u8>(chip, NESTED) && chip == MASTER) served &= ~CASCADE_BIT;
  return request < priorityOf(chip, served) ? <i32>((request + load<u8>(chip, TOP)) & 7) : -1;
}

/** Drives inputs of a chip; `rose` are those that rose since, however they are now. */
function drive(chip: usize, levels: u32, rose: u32, which: u32): void {
  const elcr: u32 = load<u8>(chip, ELCR);
  const irr = (load<u8>(chip, IRR) & ~(elcr & which)) | (((levels & elcr) | (rose & ~elcr)) & which);
  store<u8>(chip, <u8>irr, IRR);
  store<u8>(chip, <u8>((load<u8>(chip, LEVELS) & ~which) | (levels & which)), LEVELS);
}

function driveCascade(): void {
  const level: u32 = requestOf(SLAVE) >= 0 ? CASCADE_BIT : 0;
  drive(MASTER, level, level & ~load<u8>(MASTER, LEVELS), CASCADE_BIT);
}

/** Drives IRQ 0 to 15 (bit 2, the cascade, is ignored). `rose` has those that rose since the last call. */
export function picSetLines(levels: u32, rose: u32): void {
  drive(SLAVE, (levels >> 8) & 0xff, (rose >> 8) & 0xff, 0xff);
  drive(MASTER, levels & 0xff, rose & 0xff, 0xff & ~CASCADE_BIT);
  driveCascade();
}

/** Whether the master raises INTR. */
export function picAsserts(): bool {
  return requestOf(MASTER) >= 0;
}

export function picLineMasked(irq: u32): bool {
  return ((load<u8>(irq < 8 ? MASTER : SLAVE, IMR) >> (irq & 7)) & 1) != 0;
}

function serve(chip: usize, input: i32): void {
  const bit: u8 = 1 << (<u8>input);
  if (load<u8>(chip, AUTO_EOI)) {
    if (load<u8>(chip, ROTATE_AUTO_EOI)) store<u8>(chip, <u8>((input + 1) & 7), TOP);
  } else store<u8>(chip, load<u8>(chip, ISR) | bit, ISR);
  if ((load<u8>(chip, ELCR) & bit) == 0) store<u8>(chip, load<u8>(chip, IRR) & ~bit, IRR);
  // INT falls after an acknowledge, so what the slave still wants is a new edge for the master.
  if (chip == SLAVE) {
    drive(MASTER, 0, 0, CASCADE_BIT);
    driveCascade();
  }
}

/** Two INTA cycles: the vector. Without a request that of input 7. */
export function picAcknowledge(): u32 {
  const input = requestOf(MASTER);
  if (input < 0) return load<u8>(MASTER, VECTOR) + 7;
  if (input != 2 || load<u8>(MASTER, SINGLE)) {
    serve(MASTER, input);
    return load<u8>(MASTER, VECTOR) + input;
  }
  serve(MASTER, 2);
  const behind = requestOf(SLAVE);
  if (behind < 0) return load<u8>(SLAVE, VECTOR) + 7;
  serve(SLAVE, behind);
  return load<u8>(SLAVE, VECTOR) + behind;
}

/** Port 0 or 1 of the master (slave false) or slave. */
export function picRead(slave: bool, port: u32): u32 {
  const chip = slave ? SLAVE : MASTER;
  if (load<u8>(chip, POLL)) {
    store<u8>(chip, 0, POLL);
    const input = requestOf(chip);
    if (input < 0) return 0;
    serve(chip, input);
    return 0x80 | input;
  }
  if (port != 0) return load<u8>(chip, IMR);
  return load<u8>(chip, SELECT) ? load<u8>(chip, ISR) : load<u8>(chip, IRR);
}

export function picWrite(slave: bool, port: u32, value: u32): void {
  const chip = slave ? SLAVE : MASTER;
  if (port != 0) writeData(chip, value);
  else if (value & ICW1) initialise(chip, value);
  else if (value & OCW3) {
    if (value & 4) store<u8>(chip, 1, POLL);
    if (value & 2) store<u8>(chip, <u8>(value & 1), SELECT);
    if (value & 0x40) store<u8>(chip, <u8>((value >> 5) & 1), SPECIAL_MASK);
  } else command(chip, value >> 5, value & 7);
  driveCascade();
}

/** ICW1: edge-triggered inputs must rise anew. */
function initialise(chip: usize, value: u32): void {
  const elcr = load<u8>(chip, ELCR);
  const levels = load<u8>(chip, LEVELS);
  const irr = load<u8>(chip, IRR) & elcr;
  memory.fill(chip, 0, PIC_STRIDE);
  store<u8>(chip, elcr, ELCR);
  store<u8>(chip, levels, LEVELS);
  store<u8>(chip, irr, IRR);
  store<u8>(chip, <u8>(value & 1), WANTS_ICW4);
  store<u8>(chip, <u8>((value >> 1) & 1), SINGLE);
  store<u8>(chip, 2, EXPECTED_ICW);
}

function writeData(chip: usize, value: u32): void {
  const expected = load<u8>(chip, EXPECTED_ICW);
  const last: u8 = load<u8>(chip, WANTS_ICW4) ? 4 : 0;
  if (expected == 0) store<u8>(chip, <u8>value, IMR);
  else if (expected == 2) {
    store<u8>(chip, <u8>(value & 0xf8), VECTOR);
    store<u8>(chip, load<u8>(chip, SINGLE) ? last : 3, EXPECTED_ICW);
  } else if (expected == 3) store<u8>(chip, last, EXPECTED_ICW);
  else {
    store<u8>(chip, <u8>((value >> 4) & 1), NESTED);
    store<u8>(chip, <u8>((value >> 1) & 1), AUTO_EOI);
    store<u8>(chip, 0, EXPECTED_ICW);
  }
}

/** OCW2: bits R, SL, EOI. */
function command(chip: usize, kind: u32, level: u32): void {
  const isr: u32 = load<u8>(chip, ISR);
  if (kind == 0 || kind == 4) store<u8>(chip, <u8>(kind >> 2), ROTATE_AUTO_EOI);
  else if (kind == 1 || kind == 5) {
    // Data sheet, "Special mask mode": a non-specific EOI leaves inputs in service that are masked then.
    const priority = priorityOf(chip, load<u8>(chip, SPECIAL_MASK) ? isr & ~load<u8>(chip, IMR) : isr);
    if (priority == 8) return;
    const input = (priority + load<u8>(chip, TOP)) & 7;
    store<u8>(chip, <u8>(isr & ~(1 << input)), ISR);
    if (kind == 5) store<u8>(chip, <u8>((input + 1) & 7), TOP);
  } else if (kind == 3 || kind == 7) {
    store<u8>(chip, <u8>(isr & ~(1 << level)), ISR);
    if (kind == 7) store<u8>(chip, <u8>((level + 1) & 7), TOP);
  } else if (kind == 6) store<u8>(chip, <u8>((level + 1) & 7), TOP);
}

export function picElcrRead(slave: bool): u32 {
  return load<u8>(slave ? SLAVE : MASTER, ELCR);
}

export function picElcrWrite(slave: bool, value: u32): void {
  const chip = slave ? SLAVE : MASTER;
  const elcr = value & (slave ? ELCR_SLAVE_MASK : ELCR_MASTER_MASK);
  const changed = elcr ^ load<u8>(chip, ELCR);
  store<u8>(chip, <u8>elcr, ELCR);
  // What becomes level-triggered follows its line from now on; what ceases to be keeps no request of its level.
  const irr = load<u8>(chip, IRR) & ~changed;
  store<u8>(chip, <u8>(irr | (changed & elcr & load<u8>(chip, LEVELS))), IRR);
  driveCascade();
}
