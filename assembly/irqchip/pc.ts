/**
 * The interrupt controllers and timers of a PC together: what the vCPU asks, what the softmmu reaches, and how the chips are wired.
 *
 *   PIT counter 0 or HPET timer 0 ─┬─ 8259 input 0       lines 0–15 ─┬─ 8259 inputs        lines 0–23 ─── IOAPIC pins (not 0, 2)
 *                                  └─ IOAPIC pin 2                    └─ IOAPIC pins        8259 INTR ─── LINT0 of the first local APIC
 *
 * pcIrqchipUpdate is the one place where time and lines become requests. A rising edge is what IRQ_EDGE or a timer latched, never a difference of
 * levels: the page sets IRQ_LEVEL first and IRQ_EDGE after it, and one edge must not count twice. The chips of the machine belong to vCPU 0; a local APIC to its
 * own vCPU, except for what lapic-state.ts says. With several vCPUs, accesses to the machine's chips will need a lock.
 */
import * as L from '../layout';
import { checkedValue } from '../softmmu/record';
import { guestNow, guestTicks } from '../vcpu/clock';
import { requestCheck } from '../vcpu/exception';
import { vgaRead, vgaWrite } from '../vga/local';
import { STATE_CHECK_PHASE, STATE_INDEX, STATE_LEAVE, STATE_LOADED } from '../vcpu/state';
import { hpetDeadline, hpetIsLegacy, hpetLevels, hpetRead, hpetReset, hpetSync, hpetTakeEdges } from './hpet';
import { hpetWrite } from './hpet';
import { IOAPIC_PINS, ioapicPinMasked, ioapicRead, ioapicReset, ioapicSetLines, ioapicWrite } from './ioapic';
import {
  lapicBaseGet,
  lapicBaseSet,
  lapicInMemory,
  lapicInit,
  lapicRead,
  lapicReset,
  lapicWrite,
} from './lapic';
import { lapicMsrRead, lapicMsrReadable, lapicMsrWrite } from './lapic';
import * as A from './lapic-state';
import { lapicSetTscOffset, lapicTimerDeadline, lapicTimerSync } from './lapic-timer';
import { picAcknowledge, picAsserts, picElcrRead, picElcrWrite, picLineMasked } from './pic';
import { picRead, picReset, picSetLines, picWrite } from './pic';
import { pitDeadline, pitOutput, pitRead, pitReset, pitSync, pitTakeEdge, pitWrite } from './pit';
import { port61Read, port61Write } from './pit';
import { pmTimerCount, pmTimerReset } from './pm-timer';

const TIMER_LINE: u32 = 1;
const TIMER_PIN: u32 = 2;
const RTC_LINE: u32 = 1 << 8;
const ISA_LINES: u32 = 0xffff;
const PINS: u32 = (1 << IOAPIC_PINS) - 1;

const EOI_OFFSET: u32 = 0xb0;

/** i64. Guest ns before which no timer moves a line; 0: not known. */
const QUIET_UNTIL: usize = L.PC_IRQCHIP_BASE + 0x5c0;
/** u32. IRQ_LEVEL as last seen. */
const LEVEL_SEEN: usize = L.PC_IRQCHIP_BASE + 0x5c8;

/** Power-on of all chips and of every vCPU's APIC. */
export function pcIrqchipReset(): void {
  picReset();
  pitReset();
  ioapicReset();
  hpetReset();
  pmTimerReset();
  atomic.store<u32>(L.IRQ_EDGE, 0);
  store<i64>(QUIET_UNTIL, 0);
  for (let i: u32 = 0; i < A.lapicCount(); i++) lapicReset(i);
}

/** The vCPU got INIT: its APIC as after reset, but for its ID and IA32_APIC_BASE. */
export function pcLocalApicInit(cpu: usize): void {
  lapicInit(load<u32>(cpu, STATE_INDEX));
}

/** Brings timers and lines up to date. In the replay of tier check nothing happens twice. */
export function pcIrqchipUpdate(cpu: usize): void {
  if (load<u32>(cpu, STATE_CHECK_PHASE) == 2) return;
  const now = guestNow(cpu);
  const apic = A.lapicOfCpu(cpu);
  lapicTimerSync(apic, now);
  if (load<u32>(cpu, STATE_INDEX) != 0) return;
  const level = atomic.load<u32>(L.IRQ_LEVEL);
  if (atomic.load<u32>(L.IRQ_EDGE) == 0 && level == load<u32>(LEVEL_SEEN) && now < load<i64>(QUIET_UNTIL))
    return;
  store<u32>(LEVEL_SEEN, level);
  updateLines(now, level);
  updateLint0(apic);
  const pit = pitDeadline();
  const hpet = hpetDeadline();
  store<i64>(QUIET_UNTIL, pit < hpet ? pit : hpet);
}

/** Drives the inputs of the 8259s and of the IOAPIC. Legacy replacement of the HPET takes the place of PIT and RTC. */
function updateLines(now: i64, lines: u32): void {
  pitSync(now);
  hpetSync(now);
  const pitRose = pitTakeEdge();
  let rose: u32 = atomic.xchg<u32>(L.IRQ_EDGE, 0) & ~(TIMER_LINE | (1 << TIMER_PIN));
  let levels: u32 = lines & ~(TIMER_LINE | (1 << TIMER_PIN));
  let timerUp = false;
  let timerRose = false;
  if (hpetIsLegacy()) {
    rose &= ~RTC_LINE;
    levels &= ~RTC_LINE;
  } else {
    timerUp = pitOutput();
    timerRose = pitRose;
  }
  const hpetRose = hpetTakeEdges();
  const hpetUp = hpetLevels();
  if (hpetIsLegacy()) {
    timerUp = (hpetUp & TIMER_LINE) != 0;
    timerRose = (hpetRose & TIMER_LINE) != 0;
  }
  levels |= hpetUp & ~TIMER_LINE;
  rose |= hpetRose & ~TIMER_LINE;
  const line: u32 = timerUp ? TIMER_LINE : 0;
  const lineRose: u32 = timerRose ? TIMER_LINE : 0;
  picSetLines((levels & ISA_LINES) | line, (rose & ISA_LINES) | lineRose);
  ioapicSetLines((levels & PINS) | (line << TIMER_PIN), (rose & PINS) | (lineRose << TIMER_PIN));
}

/** LINT0 in the modes fixed and NMI; ExtINT is asked for by pcInterruptPending. */
function updateLint0(apic: usize): void {
  const level: u32 = picAsserts() ? 1 : 0;
  const before = load<u32>(apic, A.LINT0_LEVEL);
  store<u32>(apic, level, A.LINT0_LEVEL);
  const lvt = load<u32>(apic, A.LVT_LINT0);
  const mode = (lvt >> 8) & 7;
  if (level == 0 || before != 0 || lvt & A.LVT_MASKED || !A.lapicEnabled(apic)) return;
  if (mode != A.DELIVER_EXTINT) A.lapicAccept(apic, mode, lvt & 0xff, (lvt & 0x8000) != 0);
}

/** LINT1: NMI, where the guest wants it. For a device that reports an NMI. */
export function pcNmi(cpu: usize): void {
  const apic = A.lapicOfCpu(cpu);
  const lvt = load<u32>(apic, A.LVT_LINT1);
  if ((load<u64>(apic, A.BASE) & A.BASE_ENABLE) == 0) A.lapicEvent(apic, A.LAPIC_EVENT_NMI);
  else if ((lvt & A.LVT_MASKED) == 0) A.lapicAccept(apic, (lvt >> 8) & 7, lvt & 0xff, false);
}

/** Whether INTR of the 8259s reaches this vCPU: LINT0 is ExtINT, or the APIC is off (11.4.3). */
function acceptsExtInt(cpu: usize, apic: usize): bool {
  if (load<u32>(apic, A.EVENTS) & A.LAPIC_EVENT_EXTINT) return true;
  if (load<u32>(cpu, STATE_INDEX) != 0) return false;
  if ((load<u64>(apic, A.BASE) & A.BASE_ENABLE) == 0) return true;
  return (load<u32>(apic, A.LVT_LINT0) & (A.LVT_MASKED | 0x700)) == A.DELIVER_EXTINT << 8;
}

function interruptWaits(cpu: usize): bool {
  const apic = A.lapicOfCpu(cpu);
  return A.lapicPending(apic) >= 0 || (acceptsExtInt(cpu, apic) && picAsserts());
}

/** Whether a maskable interrupt waits for the vCPU, as of the last pcIrqchipUpdate. */
export function pcInterruptPending(cpu: usize): bool {
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  if (phase == 0) return interruptWaits(cpu);
  const waits: u64 = phase == 1 && interruptWaits(cpu) ? 1 : 0;
  return checkedValue(cpu, L.RECORD_LINES, waits) != 0;
}

/** The vCPU takes the interrupt: its vector. If none waits any more it is the spurious one of the APIC, or IRQ 7 of the 8259s. Not under tier check. */
export function pcInterruptAcknowledge(cpu: usize): i32 {
  const apic = A.lapicOfCpu(cpu);
  const blocked = !picAsserts() && A.highest(apic + A.IRR) >= 0;
  if (A.lapicPending(apic) >= 0 || blocked || !acceptsExtInt(cpu, apic)) return A.lapicAcknowledge(apic);
  atomic.and<u32>(apic + A.EVENTS, ~A.LAPIC_EVENT_EXTINT);
  const vector = <i32>picAcknowledge();
  updateLint0(apic);
  return vector;
}

/** LAPIC_EVENT_* that wait: INIT, SIPI, NMI, SMI. */
export function pcEventsPending(cpu: usize): u32 {
  return atomic.load<u32>(A.lapicOfCpu(cpu) + A.EVENTS) & ~A.LAPIC_EVENT_EXTINT;
}

/** Takes one of them. Returns whether it was there. */
export function pcEventTake(cpu: usize, event: u32): bool {
  return (atomic.and<u32>(A.lapicOfCpu(cpu) + A.EVENTS, ~event) & event) != 0;
}

/** Vector of the SIPI: the vCPU starts at vector << 12. */
export function pcSipiVector(cpu: usize): u32 {
  return atomic.load<u32>(A.lapicOfCpu(cpu) + A.SIPI_VECTOR);
}

/** Guest ns of the next timer event that may interrupt, or i64.MAX_VALUE. */
export function pcIrqchipDeadline(cpu: usize): i64 {
  let deadline = lapicTimerDeadline(A.lapicOfCpu(cpu));
  if (load<u32>(cpu, STATE_INDEX) != 0) return deadline;
  const hpet = hpetDeadline();
  if (hpet < deadline) deadline = hpet;
  // An edge of the PIT that both controllers mask is found in time by the access that unmasks it.
  if (hpetIsLegacy() || (picLineMasked(0) && ioapicPinMasked(TIMER_PIN))) return deadline;
  const pit = pitDeadline();
  return pit < deadline ? pit : deadline;
}

/** Guest ns as the guest reads clocks: two readings differ. */
function reading(cpu: usize): i64 {
  return guestTicks(cpu, 1);
}

/** A read of a LOCAL_* device of a PC into STATE_LOADED; false: nobody answers. */
export function pcLocalRead(cpu: usize, id: u32, offset: u32, size: u32): bool {
  let value: u64;
  if (id >= L.LOCAL_VGA_PORTS) value = vgaRead(cpu, id, offset, size);
  else if (id == L.LOCAL_LAPIC) {
    const apic = A.lapicOfCpu(cpu);
    if (!lapicInMemory(apic)) return false;
    value = lapicRead(apic, offset & 0xfff, size, reading(cpu));
  } else if (id == L.LOCAL_IOAPIC) {
    pcIrqchipUpdate(cpu);
    value =
      (offset & 3) + size <= 4 ? <u64>ioapicRead(offset & ~3) >> ((offset & 3) * 8) : ioapicRead(offset);
    if (size < 4) value &= ((<u64>1) << (size * 8)) - 1;
  } else if (id == L.LOCAL_HPET) value = hpetRead(offset, size, reading(cpu));
  else if (id == L.LOCAL_PM_TIMER) {
    value = <u64>pmTimerCount(reading(cpu)) >> (offset * 8);
    if (size < 4) value &= ((<u64>1) << (size * 8)) - 1;
  } else if (id >= L.LOCAL_PIC_MASTER && id <= L.LOCAL_PORT_61) {
    // Ports of one byte: a wider access is one access to each.
    pcIrqchipUpdate(cpu);
    value = 0;
    for (let i: u32 = 0; i < size; i++) value |= (<u64>readPort(cpu, id, offset + i)) << (i * 8);
    requestCheck(cpu);
  } else return false;
  store<u64>(cpu, value, STATE_LOADED);
  return true;
}

function readPort(cpu: usize, id: u32, offset: u32): u32 {
  if (id == L.LOCAL_PIC_MASTER || id == L.LOCAL_PIC_SLAVE)
    return picRead(id == L.LOCAL_PIC_SLAVE, offset & 1);
  if (id == L.LOCAL_PIC_ELCR) return picElcrRead((offset & 1) != 0);
  return id == L.LOCAL_PIT ? pitRead(offset & 3, reading(cpu)) : port61Read(reading(cpu));
}

/** A write; false: nobody answers. The block is left after it, and the run loop looks at interrupts. */
export function pcLocalWrite(cpu: usize, id: u32, offset: u32, value: u64, size: u32): bool {
  if (id >= L.LOCAL_VGA_PORTS) {
    vgaWrite(cpu, id, offset, value, size);
    return true;
  }
  if (id == L.LOCAL_LAPIC) {
    const apic = A.lapicOfCpu(cpu);
    if (!lapicInMemory(apic)) return false;
    // The hot one: an EOI needs no clock.
    const now = offset == EOI_OFFSET ? 0 : guestNow(cpu);
    lapicWrite(apic, offset & 0xfff, <u32>value, size, now);
    store<u32>(cpu, 1, STATE_LEAVE);
    requestCheck(cpu);
    return true;
  }
  const now = guestNow(cpu);
  if (id == L.LOCAL_IOAPIC) {
    pcIrqchipUpdate(cpu);
    if (size >= 4) ioapicWrite(offset, <u32>value);
  } else if (id == L.LOCAL_HPET) hpetWrite(offset, value, size, now);
  else if (id >= L.LOCAL_PIC_MASTER && id <= L.LOCAL_PORT_61) {
    pcIrqchipUpdate(cpu);
    for (let i: u32 = 0; i < size; i++) writePort(id, offset + i, <u32>(value >> (i * 8)) & 0xff, now);
  } else if (id != L.LOCAL_PM_TIMER) return false;
  store<i64>(QUIET_UNTIL, 0);
  pcIrqchipUpdate(cpu);
  store<u32>(cpu, 1, STATE_LEAVE);
  requestCheck(cpu);
  return true;
}

function writePort(id: u32, offset: u32, value: u32, now: i64): void {
  if (id == L.LOCAL_PIC_MASTER || id == L.LOCAL_PIC_SLAVE)
    picWrite(id == L.LOCAL_PIC_SLAVE, offset & 1, value);
  else if (id == L.LOCAL_PIC_ELCR) picElcrWrite((offset & 1) != 0, value);
  else if (id == L.LOCAL_PIT) pitWrite(offset & 3, value, now);
  else port61Write(value, now);
}

// Registers that an instruction reaches without a memory access: in tier check the replay is given what the first run saw, and writes nothing.

/** RDMSR of a number that lapicHasMsr knows, into STATE_LOADED; false: #GP. */
export function pcMsrRead(cpu: usize, msr: u32): bool {
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  const apic = A.lapicOfCpu(cpu);
  // Readability depends on IA32_APIC_BASE alone, which the replay finds as it was left: it is logged as well.
  let readable = phase != 2 && lapicMsrReadable(apic, msr);
  if (phase != 0) readable = checkedValue(cpu, L.RECORD_REGISTER, readable ? 1 : 0) != 0;
  if (!readable) return false;
  let value: u64 = 0;
  if (phase != 2) value = lapicMsrRead(apic, msr, guestNow(cpu));
  if (phase != 0) value = checkedValue(cpu, L.RECORD_REGISTER, value);
  store<u64>(cpu, value, STATE_LOADED);
  return true;
}

/** WRMSR; false: #GP. */
export function pcMsrWrite(cpu: usize, msr: u32, value: u64): bool {
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  let good = phase != 2 && lapicMsrWrite(A.lapicOfCpu(cpu), msr, value, guestNow(cpu));
  if (phase != 0) good = checkedValue(cpu, L.RECORD_REGISTER, good ? 1 : 0) != 0;
  if (good) requestCheck(cpu);
  return good;
}

/** IA32_APIC_BASE. */
export function lapicBaseRead(cpu: usize): u64 {
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  const value = phase == 2 ? 0 : lapicBaseGet(A.lapicOfCpu(cpu));
  return phase == 0 ? value : checkedValue(cpu, L.RECORD_REGISTER, value);
}

/** False: #GP. `hasX2apic` as CPUID says. */
export function lapicBaseWrite(cpu: usize, value: u64, hasX2apic: bool): bool {
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  let good = phase != 2 && lapicBaseSet(A.lapicOfCpu(cpu), value, hasX2apic);
  if (phase != 0) good = checkedValue(cpu, L.RECORD_REGISTER, good ? 1 : 0) != 0;
  if (good) requestCheck(cpu);
  return good;
}

/** CR8: bits 7-4 of the TPR. */
export function pcCr8Read(cpu: usize): u32 {
  const phase = load<u32>(cpu, STATE_CHECK_PHASE);
  const value: u32 = phase == 2 ? 0 : load<u32>(A.lapicOfCpu(cpu), A.TPR) >> 4;
  return phase == 0 ? value : <u32>checkedValue(cpu, L.RECORD_REGISTER, value);
}

export function pcCr8Write(cpu: usize, value: u32): void {
  if (load<u32>(cpu, STATE_CHECK_PHASE) != 2) store<u32>(A.lapicOfCpu(cpu), (value & 15) << 4, A.TPR);
  requestCheck(cpu);
}

/** The guest wrote its TSC, which is guest ns plus this from now on: TSC-deadline timers follow. */
export function pcSetTscOffset(cpu: usize, offset: i64): void {
  if (load<u32>(cpu, STATE_CHECK_PHASE) != 2) lapicSetTscOffset(A.lapicOfCpu(cpu), offset, guestNow(cpu));
}
