/**
 * Registers of the local APIC, at 16-byte steps in memory (xAPIC) and as MSRs from 0x800 on (x2APIC): SDM volume 3, 11.4 and 11.12. The
 * version is that of QEMU's TCG (0x14, six LVT entries, no suppression of EOI broadcasts). Writes to IA32_APIC_BASE change the
 * mode; the memory window stays where the board put it.
 */
import { ioapicEndOfInterrupt } from './ioapic';
import * as A from './lapic-state';
import {
  lapicDeadlineRead,
  lapicDeadlineWrite,
  lapicTimerCurrent,
  lapicTimerSync,
  lapicTimerWriteDivide,
  lapicTimerWriteInitial,
  lapicTimerWriteLvt,
} from './lapic-timer';

const VERSION: u32 = 0x50014;
const DEFAULT_BASE: u64 = 0xfee00000;
/** Of IA32_APIC_BASE: flags and the 28 address bits that a processor with 40 has. */
const BASE_VALID: u64 = 0xfffffff000 | 0xd00;

const MSR_TSC_DEADLINE: u32 = 0x6e0;
const MSR_X2APIC: u32 = 0x800;

// Numbers of the registers: offset / 16.
const R_ID: u32 = 0x02;
const R_VERSION: u32 = 0x03;
const R_TPR: u32 = 0x08;
const R_APR: u32 = 0x09;
const R_PPR: u32 = 0x0a;
const R_EOI: u32 = 0x0b;
const R_LDR: u32 = 0x0d;
const R_DFR: u32 = 0x0e;
const R_SVR: u32 = 0x0f;
const R_ISR: u32 = 0x10;
const R_ESR: u32 = 0x28;
const R_ICR: u32 = 0x30;
const R_ICR_HIGH: u32 = 0x31;
const R_LVT: u32 = 0x32;
const R_INITIAL: u32 = 0x38;
const R_CURRENT: u32 = 0x39;
const R_DIVIDE: u32 = 0x3e;
const R_SELF_IPI: u32 = 0x3f;

/** Bits of the LVT entries that can be written: timer, thermal, performance, LINT0, LINT1, error. */
function lvtMask(index: u32): u32 {
  if (index == 0) return 0x700ff;
  if (index == 5) return 0x100ff;
  return index >= 3 ? 0x1a7ff : 0x107ff;
}

function lvtOf(apic: usize, index: u32): usize {
  return apic + A.LVT + index * 4;
}

/** Power-on of one APIC. LINT0 is ExtINT, as firmware leaves it on the first processor, so that the 8259s reach a kernel that was booted directly. */
export function lapicReset(index: u32): void {
  const apic = A.lapicOf(index);
  memory.fill(apic, 0, 0x200);
  store<u32>(apic, index, A.ID);
  store<u64>(apic, DEFAULT_BASE | A.BASE_ENABLE | (index == 0 ? A.BASE_BSP : 0), A.BASE);
  resetRegisters(apic);
  if (index == 0) store<u32>(apic, A.DELIVER_EXTINT << 8, A.LVT_LINT0);
}

/** State after INIT (11.4.7.3): everything but the ID and IA32_APIC_BASE. */
export function lapicInit(index: u32): void {
  resetRegisters(A.lapicOf(index));
}

function resetRegisters(apic: usize): void {
  const base = load<u64>(apic, A.BASE);
  const id = load<u32>(apic, A.ID);
  const offset = load<i64>(apic, A.TSC_OFFSET);
  const lint0 = load<u32>(apic, A.LINT0_LEVEL);
  memory.fill(apic, 0, A.EVENTS);
  memory.fill(apic + A.IRR, 0, 96);
  store<u64>(apic, base, A.BASE);
  store<u32>(apic, id, A.ID);
  store<i64>(apic, offset, A.TSC_OFFSET);
  store<u32>(apic, lint0, A.LINT0_LEVEL);
  store<u32>(apic, 0xffffffff, A.DFR);
  store<u32>(apic, 0xff, A.SVR);
  store<i64>(apic, i64.MAX_VALUE, A.FIRES_AT);
  for (let i: u32 = 0; i < A.LVT_COUNT; i++) store<u32>(lvtOf(apic, i), A.LVT_MASKED);
}

function isX2apic(apic: usize): bool {
  return (load<u64>(apic, A.BASE) & A.BASE_X2APIC) != 0;
}

/** Whether the registers are in memory: enabled, and not in x2APIC mode. */
export function lapicInMemory(apic: usize): bool {
  return (load<u64>(apic, A.BASE) & (A.BASE_ENABLE | A.BASE_X2APIC)) == A.BASE_ENABLE;
}

export function lapicBaseGet(apic: usize): u64 {
  return load<u64>(apic, A.BASE);
}

/** IA32_APIC_BASE. False: #GP (reserved bits, or a transition that figure 11-27 does not have). `hasX2apic` as CPUID says. */
export function lapicBaseSet(apic: usize, value: u64, hasX2apic: bool): bool {
  const old = load<u64>(apic, A.BASE);
  if (value & ~BASE_VALID) return false;
  const mode = value & (A.BASE_ENABLE | A.BASE_X2APIC);
  const oldMode = old & (A.BASE_ENABLE | A.BASE_X2APIC);
  if (mode == A.BASE_X2APIC) return false;
  if (mode & A.BASE_X2APIC && (!hasX2apic || oldMode == 0)) return false;
  if (mode == A.BASE_ENABLE && oldMode & A.BASE_X2APIC) return false;
  store<u64>(apic, value, A.BASE);
  if (mode == 0 && oldMode != 0) resetRegisters(apic);
  if (mode & A.BASE_X2APIC && !(oldMode & A.BASE_X2APIC)) store<u64>(apic, 0, A.ICR);
  return true;
}

/** A register that exists in both modes; unknown ones set ESR's illegal register address. */
function readRegister(apic: usize, register: u32, now: i64): u32 {
  if (register >= R_ISR && register < R_ISR + 24) return load<u32>(apic + A.ISR + lane(register));
  if (register >= R_LVT && register < R_LVT + A.LVT_COUNT) return load<u32>(lvtOf(apic, register - R_LVT));
  switch (register) {
    case R_VERSION:
      return VERSION;
    case R_TPR:
      return load<u32>(apic, A.TPR);
    case R_PPR:
      return A.lapicPpr(apic);
    case R_SVR:
      return load<u32>(apic, A.SVR);
    case R_ESR:
      return load<u32>(apic, A.ESR);
    case R_INITIAL:
      return load<u32>(apic, A.INITIAL_COUNT);
    case R_CURRENT:
      return lapicTimerCurrent(apic, now);
    case R_DIVIDE:
      return load<u32>(apic, A.DIVIDE);
    default:
      A.lapicError(apic, A.ERROR_REGISTER);
      return 0;
  }
}

/** Where a word of ISR, TMR or IRR lies from ISR on. The state has IRR before ISR and TMR. */
function lane(register: u32): i32 {
  const word = register - R_ISR;
  return word < 16 ? <i32>word * 4 : <i32>(A.IRR - A.ISR) + <i32>(word - 16) * 4;
}

function writeRegister(apic: usize, register: u32, value: u32, now: i64): void {
  if (register >= R_LVT && register < R_LVT + A.LVT_COUNT)
    return writeLvt(apic, register - R_LVT, value, now);
  switch (register) {
    case R_TPR:
      return store<u32>(apic, value & 0xff, A.TPR);
    case R_EOI:
      return endOfInterrupt(apic);
    case R_SVR:
      store<u32>(apic, value & 0x1ff, A.SVR);
      if ((value & A.SVR_ENABLE) == 0)
        for (let i: u32 = 0; i < A.LVT_COUNT; i++)
          store<u32>(lvtOf(apic, i), load<u32>(lvtOf(apic, i)) | A.LVT_MASKED);
      return;
    case R_ESR:
      store<u32>(apic, load<u32>(apic, A.ERRORS), A.ESR);
      return store<u32>(apic, 0, A.ERRORS);
    case R_INITIAL:
      return lapicTimerWriteInitial(apic, value, now);
    case R_DIVIDE:
      return lapicTimerWriteDivide(apic, value, now);
    default:
      A.lapicError(apic, A.ERROR_REGISTER);
  }
}

/** While the APIC is disabled by software every entry stays masked (11.4.7.2). */
function writeLvt(apic: usize, index: u32, value: u32, now: i64): void {
  let entry = value & lvtMask(index);
  if ((load<u32>(apic, A.SVR) & A.SVR_ENABLE) == 0) entry |= A.LVT_MASKED;
  if (index == 0) lapicTimerWriteLvt(apic, entry, now);
  else store<u32>(lvtOf(apic, index), entry);
}

/** 11.8.5. The IOAPIC is told of level-triggered interrupts. */
function endOfInterrupt(apic: usize): void {
  const vector = A.highest(apic + A.ISR);
  if (vector < 0) return;
  A.clearBit(apic + A.ISR, vector);
  if (A.testBit(apic + A.TMR, vector)) ioapicEndOfInterrupt(vector);
}

/** Sends an interprocessor interrupt (11.6.1). */
function send(apic: usize, destination: u32): void {
  const icr = <u32>load<u64>(apic, A.ICR);
  const mode = (icr >> 8) & 7;
  const vector = icr & 0xff;
  const shorthand = (icr >> 18) & 3;
  // INIT level de-assert only set arbitration IDs, on processors that had them.
  if (mode == A.DELIVER_INIT && (icr & 0xc000) == 0x8000) return;
  if (mode <= A.DELIVER_LOWEST && vector < 16) return A.lapicError(apic, A.ERROR_SEND_VECTOR);
  if (shorthand == 0) {
    A.lapicDeliver(destination, (icr & 0x800) != 0, mode, vector, false);
    return;
  }
  for (let i: u32 = 0; i < A.lapicCount(); i++) {
    const target = A.lapicOf(i);
    if (target == apic ? shorthand != 3 : shorthand != 1) A.lapicAccept(target, mode, vector, false);
  }
}

/** A read in memory: registers are 32 bits at multiples of 16; what lies between them reads 0. */
export function lapicRead(apic: usize, offset: u32, size: u32, now: i64): u64 {
  if ((offset & 15) + size > 4) return 0;
  const register = offset >> 4;
  let value: u32;
  if (register == R_ID) value = load<u32>(apic, A.ID) << 24;
  else if (register == R_APR) value = 0;
  else if (register == R_LDR) value = load<u32>(apic, A.LDR);
  else if (register == R_DFR) value = load<u32>(apic, A.DFR);
  else if (register == R_ICR) value = <u32>load<u64>(apic, A.ICR);
  else if (register == R_ICR_HIGH) value = <u32>(load<u64>(apic, A.ICR) >> 32);
  else if (register == R_EOI) value = 0;
  else {
    lapicTimerSync(apic, now);
    value = readRegister(apic, register, now);
  }
  return (<u64>value >> ((offset & 3) * 8)) & (((<u64>1) << (size * 8)) - 1);
}

/** A write in memory: whole registers only. The ID cannot be changed. */
export function lapicWrite(apic: usize, offset: u32, value: u32, size: u32, now: i64): void {
  if ((offset & 15) != 0 || size < 4) return;
  const register = offset >> 4;
  if (register == R_EOI) return endOfInterrupt(apic);
  lapicTimerSync(apic, now);
  const icr = load<u64>(apic, A.ICR);
  if (register == R_ID) return;
  if (register == R_LDR) store<u32>(apic, value & 0xff000000, A.LDR);
  else if (register == R_DFR) store<u32>(apic, value | 0xfffffff, A.DFR);
  else if (register == R_ICR_HIGH)
    store<u64>(apic, (icr & 0xffffffff) | ((<u64>(value & 0xff000000)) << 32), A.ICR);
  else if (register == R_ICR) {
    store<u64>(apic, (icr & 0xffffffff00000000) | (value & 0xccfff), A.ICR);
    send(apic, <u32>(icr >> 56));
  } else writeRegister(apic, register, value, now);
}

/** Whether RDMSR and WRMSR of a number are the APIC's: 0x6e0 and 0x800 to 0x8ff. */
export function lapicHasMsr(msr: u32): bool {
  return msr == MSR_TSC_DEADLINE || msr >> 8 == MSR_X2APIC >> 8;
}

/** RDMSR: whether an MSR can be read; else #GP (table 11-6). */
export function lapicMsrReadable(apic: usize, msr: u32): bool {
  if (msr == MSR_TSC_DEADLINE) return true;
  if (!isX2apic(apic)) return false;
  const register = msr - MSR_X2APIC;
  if (register >= R_ISR && register < R_ISR + 24) return true;
  if (register >= R_LVT && register < R_LVT + A.LVT_COUNT) return true;
  return (
    register == R_ID ||
    register == R_VERSION ||
    register == R_TPR ||
    register == R_PPR ||
    register == R_LDR ||
    register == R_SVR ||
    register == R_ESR ||
    register == R_ICR ||
    register == R_INITIAL ||
    register == R_CURRENT ||
    register == R_DIVIDE
  );
}

export function lapicMsrRead(apic: usize, msr: u32, now: i64): u64 {
  lapicTimerSync(apic, now);
  if (msr == MSR_TSC_DEADLINE) return lapicDeadlineRead(apic);
  const register = msr - MSR_X2APIC;
  const id = load<u32>(apic, A.ID);
  if (register == R_ID) return id;
  if (register == R_LDR) return ((id >> 4) << 16) | (1 << (id & 15));
  if (register == R_ICR) return load<u64>(apic, A.ICR);
  return readRegister(apic, register, now);
}

/** WRMSR. False: #GP, for registers that are not there or read-only, and for reserved bits. */
export function lapicMsrWrite(apic: usize, msr: u32, value: u64, now: i64): bool {
  lapicTimerSync(apic, now);
  if (msr == MSR_TSC_DEADLINE) {
    lapicDeadlineWrite(apic, value, now);
    return true;
  }
  if (!isX2apic(apic)) return false;
  const register = msr - MSR_X2APIC;
  if (register == R_ICR) {
    if (value & 0xfff33000) return false;
    store<u64>(apic, value, A.ICR);
    send(apic, <u32>(value >> 32));
    return true;
  }
  if (value >> 32 != 0) return false;
  const low = <u32>value;
  if (register == R_SELF_IPI) {
    if (low & ~0xff) return false;
    if (low < 16) A.lapicError(apic, A.ERROR_SEND_VECTOR);
    else A.lapicRequest(apic, low, false);
    return true;
  }
  if (low & ~msrWritable(register)) return false;
  if (!isWritable(register)) return false;
  writeRegister(apic, register, low, now);
  return true;
}

function isWritable(register: u32): bool {
  if (register >= R_LVT && register < R_LVT + A.LVT_COUNT) return true;
  return (
    register == R_TPR ||
    register == R_EOI ||
    register == R_SVR ||
    register == R_ESR ||
    register == R_INITIAL ||
    register == R_DIVIDE
  );
}

/** Bits of a register that are not reserved in x2APIC mode. Read-only bits of the LVT may be written as they are. */
function msrWritable(register: u32): u32 {
  if (register >= R_LVT && register < R_LVT + A.LVT_COUNT) return lvtMask(register - R_LVT) | 0x5000;
  if (register == R_TPR) return 0xff;
  if (register == R_SVR) return 0x1ff;
  if (register == R_DIVIDE) return 11;
  return register == R_INITIAL ? 0xffffffff : 0;
}
