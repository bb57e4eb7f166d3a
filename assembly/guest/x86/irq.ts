/**
 * What interrupts a processor: order of priority, halting and waking. SDM 3, 6.9 and table 6-2. The interrupt controllers are irqchip/pc.ts.
 */
import { RESULT_RESET, VM_X86_EVENTS } from '../../layout';
import {
  LAPIC_EVENT_INIT,
  LAPIC_EVENT_NMI,
  LAPIC_EVENT_SIPI,
  LAPIC_EVENT_SMI,
} from '../../irqchip/lapic-state';
import {
  pcCr8Read,
  pcCr8Write,
  pcEventsPending,
  pcEventTake,
  pcInterruptAcknowledge,
  pcInterruptPending,
  pcIrqchipDeadline,
  pcNmi,
  pcSipiVector,
} from '../../irqchip/pc';
import { raise, requestCheck } from '../../vcpu/exception';
import { STATE_CHAIN_FROM, STATE_EXCEPTION, STATE_INDEX, STATE_PC } from '../../vcpu/state';
import * as X from './cpu';
import { setDr6 } from './debug';
import { SOURCE_EXTERNAL, x86Deliver } from './interrupt';
import { currentEip } from './mode';
import { x86Init, x86Startup } from './reset';
import { beginShadow } from './segment';
import { enterSmm } from './smm';
import { fault } from './system-memory';

/** Collects what the page and other processors sent. Returns EVENT_*. */
function events(cpu: usize): u32 {
  if (load<u32>(cpu, STATE_INDEX) == 0 && atomic.load<u32>(VM_X86_EVENTS) != 0) {
    const sent = atomic.xchg<u32>(VM_X86_EVENTS, 0);
    // An NMI of the board goes through LINT1, which the guest may have masked.
    if (sent & X.EVENT_NMI) pcNmi(cpu);
    store<u32>(cpu, load<u32>(cpu, X.X86_EVENTS) | (sent & ~X.EVENT_NMI), X.X86_EVENTS);
  }
  let waiting = load<u32>(cpu, X.X86_EVENTS);
  const apic = pcEventsPending(cpu);
  if (apic != 0) {
    if (apic & LAPIC_EVENT_NMI && pcEventTake(cpu, LAPIC_EVENT_NMI)) waiting |= X.EVENT_NMI;
    if (apic & LAPIC_EVENT_SMI && pcEventTake(cpu, LAPIC_EVENT_SMI)) waiting |= X.EVENT_SMI;
    if (apic & LAPIC_EVENT_INIT && pcEventTake(cpu, LAPIC_EVENT_INIT)) waiting |= X.EVENT_INIT;
    if (apic & LAPIC_EVENT_SIPI && pcEventTake(cpu, LAPIC_EVENT_SIPI)) waiting |= X.EVENT_SIPI;
    store<u32>(cpu, waiting, X.X86_EVENTS);
  }
  return waiting;
}

/** Events that would be taken now, whatever IF says. */
function takeable(cpu: usize): u32 {
  let waiting = events(cpu);
  if (load<u32>(cpu, X.X86_NMI_BLOCKED) != 0) waiting &= ~X.EVENT_NMI;
  // In system management mode INIT, SMI and NMI wait for RSM. SDM 3, 31.3 and 31.8.
  if (load<u32>(cpu, X.X86_SMM) != 0) waiting &= ~(X.EVENT_SMI | X.EVENT_INIT | X.EVENT_NMI);
  if (load<u32>(cpu, X.X86_WAIT_SIPI) == 0) waiting &= ~X.EVENT_SIPI;
  else waiting &= X.EVENT_SIPI | X.EVENT_INIT;
  return waiting;
}

function interruptsEnabled(cpu: usize): bool {
  return (load<u32>(cpu, X.X86_EFLAGS) & X.FLAG_IF) != 0 && load<u32>(cpu, X.X86_WAIT_SIPI) == 0;
}

/** Handler of STATE_GUEST_HAS_WAKEUP. */
export function x86HasWakeup(cpu: usize): u32 {
  if (takeable(cpu) != 0 || load<u32>(cpu, X.X86_DEBUG_PENDING) != 0) return 1;
  return interruptsEnabled(cpu) && pcInterruptPending(cpu) ? 1 : 0;
}

/** Handler of STATE_GUEST_DEADLINE: no timer wakes a processor that halted with interrupts disabled. */
export function x86Deadline(cpu: usize): i64 {
  return load<u32>(cpu, X.X86_HALTED) != 0 && !interruptsEnabled(cpu)
    ? i64.MAX_VALUE
    : pcIrqchipDeadline(cpu);
}

/** Handler of STATE_GUEST_TAKE_INTERRUPT: STATE_PC is the next instruction. Afterwards an exception is pending only if the processor shut down. */
export function x86TakeInterrupt(cpu: usize): u32 {
  const late = load<u32>(cpu, X.X86_LATE_EXCEPTION);
  if (late != 0) {
    store<u32>(cpu, 0, X.X86_LATE_EXCEPTION);
    return deliver(cpu, late - 1, load<u32>(cpu, X.X86_LATE_ERROR), 0);
  }
  const shadow = load<u32>(cpu, X.X86_SHADOW);
  const debug = load<u32>(cpu, X.X86_DEBUG_PENDING);
  if (debug != 0 && shadow != X.SHADOW_SS) {
    store<u32>(cpu, 0, X.X86_DEBUG_PENDING);
    setDr6(cpu, debug);
    return deliver(cpu, X.EXC_DB, 0, SOURCE_EXTERNAL);
  }
  if (shadow != 0 || shadowBegins(cpu)) return 0;
  const waiting = takeable(cpu);
  if (waiting != 0) return takeEvent(cpu, waiting);
  if (!interruptsEnabled(cpu) || !pcInterruptPending(cpu)) return 0;
  const vector = pcInterruptAcknowledge(cpu);
  return vector < 0 ? 0 : deliver(cpu, <u32>vector, 0, SOURCE_EXTERNAL);
}

/** Between an STI that left its shadow out and the next instruction the shadow begins after all: interrupts wait for one instruction. */
function shadowBegins(cpu: usize): bool {
  const next = load<u64>(cpu, X.X86_STI_NEXT);
  if (next == 0) return false;
  store<u64>(cpu, 0, X.X86_STI_NEXT);
  if (next != load<u64>(cpu, STATE_PC) || !interruptsEnabled(cpu)) return false;
  beginShadow(cpu, X.SHADOW_STI);
  return true;
}

function takeEvent(cpu: usize, waiting: u32): u32 {
  leaveHalt(cpu);
  // INIT before SMI before NMI; SIPI comes to a processor that waits for nothing else.
  const event =
    waiting & X.EVENT_INIT
      ? X.EVENT_INIT
      : waiting & X.EVENT_SIPI
        ? X.EVENT_SIPI
        : waiting & X.EVENT_SMI
          ? X.EVENT_SMI
          : X.EVENT_NMI;
  store<u32>(cpu, load<u32>(cpu, X.X86_EVENTS) & ~event, X.X86_EVENTS);
  requestCheck(cpu);
  if (event == X.EVENT_INIT) x86Init(cpu);
  else if (event == X.EVENT_SIPI) x86Startup(cpu, pcSipiVector(cpu));
  else if (event == X.EVENT_SMI) enterSmm(cpu);
  else {
    store<u32>(cpu, 1, X.X86_NMI_BLOCKED);
    deliver(cpu, X.EXC_NMI, 0, SOURCE_EXTERNAL);
  }
  return 1;
}

function deliver(cpu: usize, vector: u32, error: u32, source: u32): u32 {
  leaveHalt(cpu);
  const result = x86Deliver(cpu, vector, error, source, currentEip(cpu));
  // The run loop is told by way of an exception, which only says again that the processor shut down.
  if (result == RESULT_RESET) raise(cpu, X.EXC_DF, 0);
  else store<u64>(cpu, 0, STATE_EXCEPTION);
  return 1;
}

/** A HLT that waits is over: what interrupts it returns behind it. */
function leaveHalt(cpu: usize): void {
  if (load<u32>(cpu, X.X86_HALTED) == 0) return;
  store<u32>(cpu, 0, X.X86_HALTED);
  store<u64>(cpu, load<u64>(cpu, X.X86_HALT_NEXT), STATE_PC);
  store<u32>(cpu, 0, STATE_CHAIN_FROM);
}

/**
 * Helper (callx) of HLT: b = linear address of the next instruction. The processor stays at the HLT, so that a kick that brings no interrupt only
 * makes it wait again.
 */
export function helperHalt(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  store<u32>(cpu, 1, X.X86_HALTED);
  store<u64>(cpu, 0, X.X86_STI_NEXT);
  store<u64>(cpu, b, X.X86_HALT_NEXT);
  requestCheck(cpu);
  return 0;
}

/** Helper (callx). */
export function helperReadCr8(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  return pcCr8Read(cpu);
}

/** Helper (callx): b = value. */
export function helperWriteCr8(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (b >> 4) fault(cpu, X.EXC_GP, 0);
  else pcCr8Write(cpu, <u32>b);
  return 0;
}
