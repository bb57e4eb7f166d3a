/**
 * Delivery of exceptions and interrupts: real mode, protected and virtual-8086 mode, long mode. SDM 3, chapter 6; 20.3 for virtual-8086 mode. Nothing of the
 * processor's state changes before every check has passed, so that what faults on the way finds it as it was.
 */
import { RESULT_RESET, RESULT_SLICE } from '../../layout';
import { raise, requestCheck } from '../../vcpu/exception';
import { STATE_CHAIN_FROM, STATE_EXCEPTION, STATE_EXCEPTION_VALUE, STATE_PC } from '../../vcpu/state';
import { canonicalVector } from './canonical';
import { x86ReadFlags } from './cc';
import * as X from './cpu';
import {
  cplOf,
  currentEip,
  isCanonical,
  isLongMode,
  isReal,
  isVirtual8086,
  linearOfEip,
  segmentAttributes,
  segmentSelector,
} from './mode';
import {
  descriptorAttributes,
  descriptorLimit,
  dplOf,
  isCode,
  isConforming,
  isNull,
  isPresent,
  markAccessed,
  readDescriptor,
  selectorError,
  setCodeSegment,
  setCodeSegmentReal,
  setSegment,
  setSegmentNull,
} from './segment';
import { stackBegin, stackBeginAt, stackCommit, stackPush } from './stack';
import { fault, loaded, readSystem } from './system-memory';
import { x86InterruptTask } from './task';
import { commitInnerStack, innerStack, levelMmu, readTask } from './tss';

/** Event that is no exception of the instruction: interrupts, NMI, debug traps. */
export const SOURCE_EXTERNAL: u32 = 0x100;

/** Handler of STATE_GUEST_DELIVER: enters the handler of the pending exception. */
export function x86DeliverException(cpu: usize): u32 {
  let vector = <u32>load<u64>(cpu, STATE_EXCEPTION) - 1;
  const value = load<u64>(cpu, STATE_EXCEPTION_VALUE);
  const error = <u32>value;
  const soft = load<u32>(cpu, X.X86_SOFT_INT);
  store<u64>(cpu, 0, STATE_EXCEPTION);
  store<u32>(cpu, 0, X.X86_SOFT_INT);
  // A fault undoes the instruction; INT clears TF before the trap of single step would come.
  store<u32>(cpu, 0, X.X86_DEBUG_PENDING);
  if (load<u32>(cpu, X.X86_SHUTDOWN) != 0) return RESULT_RESET;
  if (vector == X.EXC_GP) vector = canonicalVector(cpu, value);
  let eip = currentEip(cpu);
  if (soft != 0) eip = nextEip(cpu, eip + load<u32>(cpu, X.X86_SOFT_LENGTH));
  return x86Deliver(cpu, vector, error, soft, eip);
}

/** Instruction pointers wrap in 16-bit code. */
function nextEip(cpu: usize, eip: u64): u64 {
  if (isLongMode(cpu)) return eip;
  return eip & (segmentAttributes(cpu, X.SEG_CS) & X.SEGMENT_BIG ? 0xffffffff : 0xffff);
}

/**
 * Delivers an event; `source` is 0 for an exception of the instruction, SOFT_* or SOURCE_EXTERNAL; eip is where the handler returns to. What the
 * delivery itself raises is delivered instead, as double fault where table 6-5 says so. RESULT_RESET after the third.
 */
export function x86Deliver(cpu: usize, vector: u32, error: u32, source: u32, eip: u64): u32 {
  store<u32>(cpu, 0, X.X86_SHADOW);
  store<u64>(cpu, 0, X.X86_STI_NEXT);
  if (vector == X.EXC_PF && source == 0) setCr2(cpu);
  while (!enter(cpu, vector, error, source, eip)) {
    const second = <u32>load<u64>(cpu, STATE_EXCEPTION) - 1;
    const secondError = <u32>load<u64>(cpu, STATE_EXCEPTION_VALUE);
    store<u64>(cpu, 0, STATE_EXCEPTION);
    if (second == X.EXC_PF) setCr2(cpu);
    if (source == 0 && vector == X.EXC_DF) return shutdown(cpu);
    if (source == 0 && makesDoubleFault(vector, second)) {
      vector = X.EXC_DF;
      error = 0;
    } else {
      vector = second;
      error = secondError;
    }
    source = 0;
    eip = currentEip(cpu);
  }
  return RESULT_SLICE;
}

/** Only now: a walk whose fault is not delivered, as when the pages of a region are looked at, must not change it. */
function setCr2(cpu: usize): void {
  store<u64>(cpu, load<u64>(cpu, X.X86_FAULT_ADDRESS), X.X86_CR2);
}

/** SDM 3, 6.15, "Shutdown": a PC's chipset answers with a reset. The exception keeps the vCPU from running on. */
function shutdown(cpu: usize): u32 {
  store<u32>(cpu, 1, X.X86_SHUTDOWN);
  raise(cpu, X.EXC_DF, 0);
  requestCheck(cpu);
  return RESULT_RESET;
}

function isContributory(vector: u32): bool {
  return vector == X.EXC_DE || (vector >= X.EXC_TS && vector <= X.EXC_GP);
}

/** SDM 3, table 6-5. */
function makesDoubleFault(first: u32, second: u32): bool {
  if (isContributory(first)) return isContributory(second);
  return first == X.EXC_PF && (isContributory(second) || second == X.EXC_PF);
}

function hasErrorCode(vector: u32): bool {
  return vector == X.EXC_DF || (vector >= X.EXC_TS && vector <= X.EXC_PF) || vector == X.EXC_AC;
}

/** Fault-class exceptions are pushed with RF, so that the instruction is not stopped at again. SDM 3, 17.3.1.1. */
function isFaultClass(vector: u32): bool {
  return !(
    vector == X.EXC_DB ||
    vector == X.EXC_NMI ||
    vector == X.EXC_BP ||
    vector == X.EXC_OF ||
    vector == X.EXC_DF ||
    vector == X.EXC_MC
  );
}

function enter(cpu: usize, vector: u32, error: u32, source: u32, eip: u64): bool {
  if (isReal(cpu)) return enterReal(cpu, vector, eip);
  const eflags = x86ReadFlags(cpu) | (source == 0 && isFaultClass(vector) ? X.FLAG_RF : 0);
  return isLongMode(cpu)
    ? enterLong(cpu, vector, error, source, eip, eflags)
    : enterProtected(cpu, vector, error, source, eip, eflags);
}

/** The handler's first instruction, after CS and the flags were changed. */
function goTo(cpu: usize, eip: u64): void {
  store<u64>(cpu, linearOfEip(cpu, eip), STATE_PC);
  store<u32>(cpu, 0, STATE_CHAIN_FROM);
}

function clearFlags(cpu: usize, mask: u32): void {
  store<u64>(cpu, load<u32>(cpu, X.X86_EFLAGS) & ~mask, X.X86_EFLAGS);
}

/** SDM 3, 20.1.4. */
function enterReal(cpu: usize, vector: u32, eip: u64): bool {
  if (vector * 4 + 3 > load<u32>(cpu, X.X86_IDTR + X.TABLE_LIMIT)) return fault(cpu, X.EXC_GP, 0);
  if (!readSystem(cpu, load<u64>(cpu, X.X86_IDTR + X.TABLE_BASE) + vector * 4, 4)) return false;
  const target = <u32>loaded(cpu);
  stackBegin(cpu);
  if (
    !stackPush(cpu, x86ReadFlags(cpu), 2) ||
    !stackPush(cpu, segmentSelector(cpu, X.SEG_CS), 2) ||
    !stackPush(cpu, eip, 2)
  )
    return false;
  stackCommit(cpu);
  clearFlags(cpu, X.FLAG_IF | X.FLAG_TF | X.FLAG_AC | X.FLAG_RF);
  setCodeSegmentReal(cpu, target >> 16);
  goTo(cpu, target & 0xffff);
  return true;
}

/** Whether the instruction that asked for the interrupt has to be privileged enough for the gate: INT n, INT3 and INTO. */
function isSoftware(source: u32): bool {
  return source == X.SOFT_INT || source == X.SOFT_INT3 || source == X.SOFT_INTO;
}

/** SDM 3, 6.12 and 20.3.1. */
function enterProtected(cpu: usize, vector: u32, error: u32, source: u32, eip: u64, eflags: u32): bool {
  const external: u32 = isSoftware(source) ? 0 : 1;
  const gateError = vector * 8 + 2 + external;
  if (vector * 8 + 7 > load<u32>(cpu, X.X86_IDTR + X.TABLE_LIMIT)) return fault(cpu, X.EXC_GP, gateError);
  if (!readSystem(cpu, load<u64>(cpu, X.X86_IDTR + X.TABLE_BASE) + vector * 8, 8)) return false;
  const gate = loaded(cpu);
  const gateHigh = <u32>(gate >> 32);
  const type = (gateHigh >> 8) & 31;
  if (type != X.TYPE_TASK_GATE && (type & ~9) != X.TYPE_INTERRUPT_GATE16)
    return fault(cpu, X.EXC_GP, gateError);
  const cpl = cplOf(cpu);
  if (isSoftware(source) && dplOf(gateHigh) < cpl) return fault(cpu, X.EXC_GP, gateError);
  if (!isPresent(gateHigh)) return fault(cpu, X.EXC_NP, gateError);
  const pushesError = source == 0 && hasErrorCode(vector);
  const selector = <u32>(gate >> 16) & 0xffff;
  if (type == X.TYPE_TASK_GATE)
    return x86InterruptTask(cpu, selector, eip, eflags, external, pushesError, error);

  if (isNull(selector)) return fault(cpu, X.EXC_GP, external);
  if (!readDescriptor(cpu, selector, X.EXC_GP, external)) return false;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  const selectorCode = selectorError(selector, external);
  const dpl = dplOf(attributes);
  if (!isCode(attributes) || dpl > cpl) return fault(cpu, X.EXC_GP, selectorCode);
  if (!isPresent(attributes)) return fault(cpu, X.EXC_NP, selectorCode);
  const virtual = isVirtual8086(cpu);
  const isInner = !isConforming(attributes) && dpl < cpl;
  if (virtual && (!isInner || dpl != 0)) return fault(cpu, X.EXC_GP, selectorCode);
  const size: u32 = type & 8 ? 4 : 2;
  if (isInner) {
    if (!innerStack(cpu, dpl, external)) return false;
    if (
      virtual &&
      (!stackPush(cpu, segmentSelector(cpu, X.SEG_GS), size) ||
        !stackPush(cpu, segmentSelector(cpu, X.SEG_FS), size) ||
        !stackPush(cpu, segmentSelector(cpu, X.SEG_DS), size) ||
        !stackPush(cpu, segmentSelector(cpu, X.SEG_ES), size))
    )
      return false;
    if (!stackPush(cpu, segmentSelector(cpu, X.SEG_SS), size) || !stackPush(cpu, load<u64>(cpu, X.RSP), size))
      return false;
  } else stackBegin(cpu);
  if (
    !stackPush(cpu, eflags, size) ||
    !stackPush(cpu, segmentSelector(cpu, X.SEG_CS), size) ||
    !stackPush(cpu, eip, size) ||
    (pushesError && !stackPush(cpu, error, size))
  )
    return false;
  const offset: u64 = (gate & 0xffff) | (size == 4 ? (gate >> 32) & 0xffff0000 : 0);
  if (offset > descriptorLimit(descriptor)) return fault(cpu, X.EXC_GP, external);
  if (!markAccessed(cpu, selector, descriptor)) return false;

  if (isInner) commitInnerStack(cpu);
  else stackCommit(cpu);
  if (virtual) {
    setSegmentNull(cpu, X.SEG_GS, 0);
    setSegmentNull(cpu, X.SEG_FS, 0);
    setSegmentNull(cpu, X.SEG_DS, 0);
    setSegmentNull(cpu, X.SEG_ES, 0);
  }
  clearFlags(cpu, X.FLAG_TF | X.FLAG_NT | X.FLAG_VM | X.FLAG_RF | (type & 1 ? 0 : X.FLAG_IF));
  setCodeSegment(cpu, selector, descriptor, isInner ? dpl : cpl);
  goTo(cpu, offset);
  return true;
}

/** SDM 3, 6.14. */
function enterLong(cpu: usize, vector: u32, error: u32, source: u32, eip: u64, eflags: u32): bool {
  const external: u32 = isSoftware(source) ? 0 : 1;
  const gateError = vector * 8 + 2 + external;
  if (vector * 16 + 15 > load<u32>(cpu, X.X86_IDTR + X.TABLE_LIMIT)) return fault(cpu, X.EXC_GP, gateError);
  const address = load<u64>(cpu, X.X86_IDTR + X.TABLE_BASE) + vector * 16;
  if (!readSystem(cpu, address + 8, 8)) return false;
  const offsetHigh = loaded(cpu) << 32;
  if (!readSystem(cpu, address, 8)) return false;
  const gate = loaded(cpu);
  const gateHigh = <u32>(gate >> 32);
  const type = (gateHigh >> 8) & 31;
  if ((type & ~1) != X.TYPE_INTERRUPT_GATE32) return fault(cpu, X.EXC_GP, gateError);
  const cpl = cplOf(cpu);
  if (isSoftware(source) && dplOf(gateHigh) < cpl) return fault(cpu, X.EXC_GP, gateError);
  if (!isPresent(gateHigh)) return fault(cpu, X.EXC_NP, gateError);

  const selector = <u32>(gate >> 16) & 0xffff;
  if (isNull(selector)) return fault(cpu, X.EXC_GP, external);
  if (!readDescriptor(cpu, selector, X.EXC_GP, external)) return false;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  const selectorCode = selectorError(selector, external);
  const dpl = dplOf(attributes);
  if (!isCode(attributes) || dpl > cpl) return fault(cpu, X.EXC_GP, selectorCode);
  if ((attributes & (X.SEGMENT_LONG | X.SEGMENT_BIG)) != X.SEGMENT_LONG)
    return fault(cpu, X.EXC_GP, selectorCode);
  if (!isPresent(attributes)) return fault(cpu, X.EXC_NP, selectorCode);
  const isInner = !isConforming(attributes) && dpl < cpl;
  const newCpl = isInner ? dpl : cpl;
  const ist = gateHigh & 7;
  let pointer = load<u64>(cpu, X.RSP);
  if (ist != 0 || isInner) {
    if (!readTask(cpu, ist != 0 ? 28 + ist * 8 : 4 + dpl * 8, 8, external)) return false;
    pointer = loaded(cpu);
    if (!isCanonical(pointer)) return fault(cpu, X.EXC_SS, external);
  }
  stackBeginAt(cpu, pointer & ~0xf, 0, 0xffffffffffffffff, 0, 0, levelMmu(cpu, newCpl), external);
  if (
    !stackPush(cpu, segmentSelector(cpu, X.SEG_SS), 8) ||
    !stackPush(cpu, load<u64>(cpu, X.RSP), 8) ||
    !stackPush(cpu, eflags, 8) ||
    !stackPush(cpu, segmentSelector(cpu, X.SEG_CS), 8) ||
    !stackPush(cpu, eip, 8) ||
    (source == 0 && hasErrorCode(vector) && !stackPush(cpu, error, 8))
  )
    return false;
  const offset = offsetHigh | ((gate >> 32) & 0xffff0000) | (gate & 0xffff);
  if (!isCanonical(offset)) return fault(cpu, X.EXC_GP, external);
  if (!markAccessed(cpu, selector, descriptor)) return false;

  stackCommit(cpu);
  if (isInner) setSegment(cpu, X.SEG_SS, newCpl, 0, 0, X.SEGMENT_PRESENT | (newCpl << X.SEGMENT_DPL_SHIFT));
  clearFlags(cpu, X.FLAG_TF | X.FLAG_NT | X.FLAG_VM | X.FLAG_RF | (type & 1 ? 0 : X.FLAG_IF));
  setCodeSegment(cpu, selector, descriptor, newCpl);
  goTo(cpu, offset);
  return true;
}

/**
 * Helper (callx) of INT n, INT3, INTO and ICEBP: b = vector, immediate = SOFT_* and the instruction's length from bit 8 on. In virtual-8086
 * mode INT n needs IOPL 3. SDM 2, INT.
 */
export function helperInterrupt(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const kind = immediate & 0xff;
  const iopl = load<u32>(cpu, X.X86_EFLAGS) & X.FLAG_IOPL;
  if (kind == X.SOFT_INT && isVirtual8086(cpu) && iopl != X.FLAG_IOPL) {
    raise(cpu, X.EXC_GP, 0);
    return 0;
  }
  store<u32>(cpu, kind, X.X86_SOFT_INT);
  store<u32>(cpu, immediate >> 8, X.X86_SOFT_LENGTH);
  raise(cpu, <u32>b, 0);
  return 0;
}
