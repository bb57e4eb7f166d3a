/**
 * State of a local APIC at PC_LAPIC_STATE + index * PC_LAPIC_STRIDE, and its interrupts from request to end. Intel SDM volume 3, chapter 11
 * (10 in older editions). IRR and EVENTS are written by other vCPUs too, IRR and TMR also by the page (machine/pc-msi.ts), with atomics; everything else by its own vCPU only.
 */
import * as L from '../layout';
import { COMM_KICK, PC_LAPIC_STATE, PC_LAPIC_STRIDE, VCPU_BASE, VCPU_STRIDE, VM_VCPU_COUNT } from '../layout';
import { STATE_INDEX } from '../vcpu/state';

/** u64. IA32_APIC_BASE. */
export const BASE: u32 = L.LAPIC_BASE;
/** u32. Number of the vCPU: the APIC's ID. */
export const ID: u32 = L.LAPIC_ID;
export const TPR: u32 = 0x0c;
export const LDR: u32 = L.LAPIC_LDR;
export const DFR: u32 = L.LAPIC_DFR;
export const SVR: u32 = L.LAPIC_SVR;
/** u32. Errors that the guest can read, and those since it last wrote the register. */
export const ESR: u32 = 0x1c;
export const ERRORS: u32 = 0x20;
/** u32. LINT0 as it was. */
export const LINT0_LEVEL: u32 = 0x24;
/** u64. */
export const ICR: u32 = 0x28;
/** u32 each: timer, thermal, performance, LINT0, LINT1, error. */
export const LVT: u32 = 0x30;
export const LVT_TIMER: u32 = LVT;
export const LVT_LINT0: u32 = LVT + 12;
export const LVT_LINT1: u32 = LVT + 16;
export const LVT_ERROR: u32 = LVT + 20;
export const LVT_COUNT: u32 = 6;
export const INITIAL_COUNT: u32 = 0x48;
export const DIVIDE: u32 = 0x4c;
/** i64. Guest ns at which the count was loaded, at which the timer fires next (i64.MAX_VALUE: never), and TSC minus guest ns. */
export const LOADED_AT: u32 = 0x50;
export const FIRES_AT: u32 = 0x58;
export const TSC_OFFSET: u32 = 0x60;
/** u64. IA32_TSC_DEADLINE. */
export const DEADLINE: u32 = 0x68;
/** u32. LAPIC_EVENT_*, and the vector of the last SIPI. */
export const EVENTS: u32 = 0x70;
export const SIPI_VECTOR: u32 = 0x74;
/** 256 bits each. */
export const IRR: u32 = L.LAPIC_IRR;
export const ISR: u32 = 0xa0;
export const TMR: u32 = L.LAPIC_TMR;

export const BASE_BSP: u64 = 0x100;
export const BASE_X2APIC: u64 = L.LAPIC_BASE_X2APIC;
export const BASE_ENABLE: u64 = L.LAPIC_BASE_ENABLE;
export const SVR_ENABLE: u32 = L.LAPIC_SVR_ENABLE;
export const LVT_MASKED: u32 = 0x10000;

export const DELIVER_FIXED: u32 = 0;
export const DELIVER_LOWEST: u32 = 1;
export const DELIVER_SMI: u32 = 2;
export const DELIVER_NMI: u32 = 4;
export const DELIVER_INIT: u32 = 5;
export const DELIVER_SIPI: u32 = 6;
export const DELIVER_EXTINT: u32 = 7;

/** What is not a vector; the vCPU takes them with pcEventTake. */
export const LAPIC_EVENT_INIT: u32 = 1;
export const LAPIC_EVENT_SIPI: u32 = 2;
export const LAPIC_EVENT_NMI: u32 = 4;
export const LAPIC_EVENT_SMI: u32 = 8;
/** The IOAPIC delivered ExtINT: the vector is the 8259s'. */
export const LAPIC_EVENT_EXTINT: u32 = 16;

/** Errors of ESR (11.5.3). */
export const ERROR_SEND_VECTOR: u32 = 0x20;
export const ERROR_RECEIVE_VECTOR: u32 = 0x40;
export const ERROR_REGISTER: u32 = 0x80;

export function lapicOf(index: u32): usize {
  return PC_LAPIC_STATE + index * PC_LAPIC_STRIDE;
}

export function lapicOfCpu(cpu: usize): usize {
  return lapicOf(load<u32>(cpu, STATE_INDEX));
}

export function lapicCount(): u32 {
  return load<u32>(VM_VCPU_COUNT);
}

export function lapicEnabled(apic: usize): bool {
  return (load<u64>(apic, BASE) & BASE_ENABLE) != 0 && (load<u32>(apic, SVR) & SVR_ENABLE) != 0;
}

/** Highest set bit of a 256-bit register, or -1. A bit that another vCPU sets meanwhile is seen after its kick. */
export function highest(register: usize): i32 {
  for (let word: i32 = 3; word >= 0; word--) {
    const bits = load<u64>(register + word * 8);
    if (bits != 0) return word * 64 + 63 - <i32>clz(bits);
  }
  return -1;
}

export function setBit(register: usize, vector: u32): void {
  atomic.or<u32>(register + (vector >> 5) * 4, 1 << (vector & 31));
}

export function clearBit(register: usize, vector: u32): void {
  atomic.and<u32>(register + (vector >> 5) * 4, ~(1 << (vector & 31)));
}

export function testBit(register: usize, vector: u32): bool {
  return ((atomic.load<u32>(register + (vector >> 5) * 4) >> (vector & 31)) & 1) != 0;
}

/** Wakes a vCPU after its APIC changed. A vCPU that is alone has changed it itself, and looks before it goes on. */
function kick(apic: usize): void {
  if (lapicCount() == 1) return;
  const word = VCPU_BASE + load<u32>(apic, ID) * VCPU_STRIDE + COMM_KICK;
  atomic.add<i32>(word, 1);
  atomic.notify(word, 1);
}

/** Notes an error and raises the interrupt of LVT error. */
export function lapicError(apic: usize, error: u32): void {
  store<u32>(apic, load<u32>(apic, ERRORS) | error, ERRORS);
  const lvt = load<u32>(apic, LVT_ERROR);
  if ((lvt & LVT_MASKED) == 0 && (lvt & 0xff) >= 16) lapicRequest(apic, lvt & 0xff, false);
}

/** Accepts a fixed interrupt. An APIC that is disabled by software accepts none (11.4.7.2). */
export function lapicRequest(apic: usize, vector: u32, level: bool): void {
  if (!lapicEnabled(apic)) return;
  if (vector < 16) return lapicError(apic, ERROR_RECEIVE_VECTOR);
  if (level) setBit(apic + TMR, vector);
  else clearBit(apic + TMR, vector);
  setBit(apic + IRR, vector);
  kick(apic);
}

export function lapicEvent(apic: usize, event: u32): void {
  atomic.or<u32>(apic + EVENTS, event);
  kick(apic);
}

/** Delivers one interrupt to one APIC by its delivery mode. */
export function lapicAccept(apic: usize, mode: u32, vector: u32, level: bool): void {
  if (mode == DELIVER_FIXED || mode == DELIVER_LOWEST) lapicRequest(apic, vector, level);
  else if (mode == DELIVER_SMI) lapicEvent(apic, LAPIC_EVENT_SMI);
  else if (mode == DELIVER_NMI) lapicEvent(apic, LAPIC_EVENT_NMI);
  else if (mode == DELIVER_INIT) lapicEvent(apic, LAPIC_EVENT_INIT);
  else if (mode == DELIVER_SIPI) {
    atomic.store<u32>(apic + SIPI_VECTOR, vector);
    lapicEvent(apic, LAPIC_EVENT_SIPI);
  } else if (mode == DELIVER_EXTINT) lapicEvent(apic, LAPIC_EVENT_EXTINT);
}

/** Processor priority (11.8.3.1). */
export function lapicPpr(apic: usize): u32 {
  const tpr = load<u32>(apic, TPR);
  const served = highest(apic + ISR);
  const class_: u32 = served < 0 ? 0 : <u32>served & 0xf0;
  return (tpr & 0xf0) >= class_ ? tpr : class_;
}

/** The vector that waits for service and is above the processor's priority, or -1. */
export function lapicPending(apic: usize): i32 {
  if (!lapicEnabled(apic)) return -1;
  const vector = highest(apic + IRR);
  return vector >= 0 && (<u32>vector & 0xf0) > (lapicPpr(apic) & 0xf0) ? vector : -1;
}

/** Takes the pending vector into service. */
export function lapicAcknowledge(apic: usize): u32 {
  const vector = lapicPending(apic);
  if (vector < 0) return load<u32>(apic, SVR) & 0xff;
  clearBit(apic + IRR, vector);
  setBit(apic + ISR, vector);
  return vector;
}

/** Whether an APIC is meant by a destination. In x2APIC mode it is 32 bits wide (11.12.9, 11.12.10), else 8 (11.6.2). */
export function lapicMatches(apic: usize, destination: u32, logical: bool): bool {
  const id = load<u32>(apic, ID);
  if ((load<u64>(apic, BASE) & BASE_ENABLE) == 0) return false;
  if (load<u64>(apic, BASE) & BASE_X2APIC) {
    if (destination == 0xffffffff || destination == 0xff) return true;
    if (!logical) return id == destination;
    return destination >> 16 == id >> 4 && (destination & (1 << (id & 15))) != 0;
  }
  if (destination == 0xff || destination == 0xffffffff) return true;
  if (!logical) return id == destination;
  const mine = load<u32>(apic, LDR) >> 24;
  if (load<u32>(apic, DFR) >> 28 == 15) return (mine & destination) != 0;
  return (destination >> 4 == 15 || mine >> 4 == destination >> 4) && (mine & destination & 15) != 0;
}

/** Delivers to all that a destination means; in mode lowest priority to the one whose priority is lowest. Returns whether there was one. */
export function lapicDeliver(destination: u32, logical: bool, mode: u32, vector: u32, level: bool): bool {
  let found: usize = 0;
  for (let i: u32 = 0; i < lapicCount(); i++) {
    const apic = lapicOf(i);
    if (!lapicMatches(apic, destination, logical)) continue;
    if (mode != DELIVER_LOWEST) {
      lapicAccept(apic, mode, vector, level);
      found = apic;
    } else if (lapicEnabled(apic) && (found == 0 || lapicPpr(apic) < lapicPpr(found))) found = apic;
  }
  if (mode == DELIVER_LOWEST && found != 0) lapicAccept(found, mode, vector, level);
  return found != 0;
}
