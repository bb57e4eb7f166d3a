/**
 * Far jumps, calls and returns: real and virtual-8086 mode, code segments, call gates of 16, 32 and 64 bits, task gates and task segments. SDM 2, JMP, CALL,
 * RET; SDM 3, 5.8. The helpers are called with callg and return the linear address to go on at.
 */
import { STATE_EXCEPTION } from '../../vcpu/state';
import { x86ReadFlags } from './cc';
import * as X from './cpu';
import {
  cplOf,
  isCanonical,
  isCode64,
  isLongMode,
  isProtected,
  linearOfEip,
  segmentCache,
  segmentSelector,
} from './mode';
import {
  descriptorAddress,
  descriptorAttributes,
  descriptorLimit,
  dplOf,
  isCode,
  isConforming,
  isInTable,
  isNull,
  isPresent,
  isSystem,
  markAccessed,
  readDescriptor,
  selectorError,
  setCodeSegment,
  setCodeSegmentReal,
  setSegment,
  typeOf,
} from './segment';
import { stackBegin, stackBeginAt, stackCommit, stackPeek, stackPush } from './stack';
import { fault, loaded, readSystem } from './system-memory';
import { switchTaskInHelper, TASK_CALL, TASK_JUMP } from './task';
import { commitInnerStack, innerStack, levelMmu, readTask, taskIs32 } from './tss';

/** Immediate of helperFarJump and helperFarCall: log2 of the operand's bytes. */
const SIZE_MASK: u32 = 3;

/** Whether an instruction pointer may be used in a code segment; #GP(0) if not. */
export function checkTarget(cpu: usize, eip: u64, limit: u32, attributes: u32): bool {
  const allowed = isLongMode(cpu) && attributes & X.SEGMENT_LONG ? isCanonical(eip) : eip <= limit;
  return allowed ? true : fault(cpu, X.EXC_GP, 0);
}

/** Whether a code segment's L and D bits may be set together: not in long mode. */
export function hasValidWidth(cpu: usize, attributes: u32): bool {
  const both = X.SEGMENT_LONG | X.SEGMENT_BIG;
  return !isLongMode(cpu) || (attributes & both) != both;
}

/** Checks a code segment that is jumped to or called without a gate. */
function checkDirect(cpu: usize, selector: u32, attributes: u32): bool {
  const error = selectorError(selector, 0);
  const dpl = dplOf(attributes);
  const cpl = cplOf(cpu);
  if (isConforming(attributes) ? dpl > cpl : (selector & 3) > cpl || dpl != cpl)
    return fault(cpu, X.EXC_GP, error);
  if (!hasValidWidth(cpu, attributes)) return fault(cpu, X.EXC_GP, error);
  return isPresent(attributes) ? true : fault(cpu, X.EXC_NP, error);
}

/** Operand sizes truncate the offset of a far pointer. */
function truncate(offset: u64, size: u32): u64 {
  return size == 1 ? offset & 0xffff : size == 2 ? offset & 0xffffffff : offset;
}

/** Helper: b = selector, c = offset, third = EIP of the next instruction, immediate = log2 of the operand's bytes. */
export function helperFarJump(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  const selector = <u32>b & 0xffff;
  const eip = truncate(c, immediate & SIZE_MASK);
  if (!isProtected(cpu)) {
    if (eip > load<u32>(segmentCache(cpu, X.SEG_CS), X.SEG_LIMIT)) return failed(cpu, X.EXC_GP, 0);
    setCodeSegmentReal(cpu, selector);
    return linearOfEip(cpu, eip);
  }
  if (isNull(selector)) return failed(cpu, X.EXC_GP, 0);
  if (!readDescriptor(cpu, selector, X.EXC_GP, 0)) return 0;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  if (isSystem(attributes)) return systemTarget(cpu, selector, descriptor, third, true);
  if (!isCode(attributes)) return failed(cpu, X.EXC_GP, selectorError(selector, 0));
  if (!checkDirect(cpu, selector, attributes)) return 0;
  if (!checkTarget(cpu, eip, descriptorLimit(descriptor), attributes)) return 0;
  if (!markAccessed(cpu, selector, descriptor)) return 0;
  setCodeSegment(cpu, selector, descriptor, cplOf(cpu));
  return linearOfEip(cpu, eip);
}

/** Helper: as helperFarJump; pushes CS and the next EIP. */
export function helperFarCall(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  const selector = <u32>b & 0xffff;
  const size = immediate & SIZE_MASK;
  const eip = truncate(c, size);
  if (!isProtected(cpu)) {
    stackBegin(cpu);
    if (!pushReturn(cpu, third, 1 << size)) return 0;
    if (eip > load<u32>(segmentCache(cpu, X.SEG_CS), X.SEG_LIMIT)) return failed(cpu, X.EXC_GP, 0);
    stackCommit(cpu);
    setCodeSegmentReal(cpu, selector);
    return linearOfEip(cpu, eip);
  }
  if (isNull(selector)) return failed(cpu, X.EXC_GP, 0);
  if (!readDescriptor(cpu, selector, X.EXC_GP, 0)) return 0;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  if (isSystem(attributes)) return systemTarget(cpu, selector, descriptor, third, false);
  if (!isCode(attributes)) return failed(cpu, X.EXC_GP, selectorError(selector, 0));
  if (!checkDirect(cpu, selector, attributes)) return 0;
  stackBegin(cpu);
  if (!pushReturn(cpu, third, 1 << size)) return 0;
  if (!checkTarget(cpu, eip, descriptorLimit(descriptor), attributes)) return 0;
  if (!markAccessed(cpu, selector, descriptor)) return 0;
  stackCommit(cpu);
  setCodeSegment(cpu, selector, descriptor, cplOf(cpu));
  return linearOfEip(cpu, eip);
}

function failed(cpu: usize, vector: u32, error: u32): u64 {
  fault(cpu, vector, error);
  return 0;
}

function pushReturn(cpu: usize, eip: u64, bytes: u32): bool {
  return stackPush(cpu, segmentSelector(cpu, X.SEG_CS), bytes) && stackPush(cpu, eip, bytes);
}

/** Call gates, task gates and task segments. */
function systemTarget(cpu: usize, selector: u32, descriptor: u64, next: u64, isJump: bool): u64 {
  const attributes = descriptorAttributes(descriptor);
  const type = typeOf(attributes);
  const error = selectorError(selector, 0);
  const cpl = cplOf(cpu);
  const allowed = dplOf(attributes) >= cpl && dplOf(attributes) >= (selector & 3);
  const kind = isJump ? TASK_JUMP : TASK_CALL;
  const long = isLongMode(cpu);
  switch (type) {
    case X.TYPE_TSS16:
    case X.TYPE_TSS32:
    case X.TYPE_TSS16_BUSY:
    case X.TYPE_TSS32_BUSY: {
      if (long || !allowed) return failed(cpu, X.EXC_GP, error);
      return switchTaskInHelper(cpu, selector, kind, next, x86ReadFlags(cpu));
    }
    case X.TYPE_TASK_GATE: {
      if (long || !allowed) return failed(cpu, X.EXC_GP, error);
      if (!isPresent(attributes)) return failed(cpu, X.EXC_NP, error);
      return switchTaskInHelper(cpu, <u32>(descriptor >> 16) & 0xffff, kind, next, x86ReadFlags(cpu));
    }
    case X.TYPE_CALL_GATE16:
    case X.TYPE_CALL_GATE32: {
      if (!allowed || (long && type == X.TYPE_CALL_GATE16)) return failed(cpu, X.EXC_GP, error);
      if (!isPresent(attributes)) return failed(cpu, X.EXC_NP, error);
      return throughGate(cpu, selector, descriptor, next, isJump);
    }
    default:
      return failed(cpu, X.EXC_GP, error);
  }
}

/** SDM 3, 5.8.4 and 5.8.3.1. */
function throughGate(cpu: usize, gateSelector: u32, gate: u64, next: u64, isJump: bool): u64 {
  const long = isLongMode(cpu);
  const wide = typeOf(descriptorAttributes(gate)) == X.TYPE_CALL_GATE32;
  let eip: u64 = (gate & 0xffff) | (wide ? (gate >> 32) & 0xffff0000 : 0);
  if (long) {
    // A gate of 16 bytes; the type field of its upper half must be 0.
    const error = selectorError(gateSelector, 0);
    if (!isInTable(cpu, gateSelector, 16)) return failed(cpu, X.EXC_GP, error);
    if (!readSystem(cpu, descriptorAddress(cpu, gateSelector) + 8, 8)) return 0;
    if ((loaded(cpu) >> 40) & 0x1f) return failed(cpu, X.EXC_GP, error);
    eip |= loaded(cpu) << 32;
  }
  const selector = <u32>(gate >> 16) & 0xffff;
  if (isNull(selector)) return failed(cpu, X.EXC_GP, 0);
  if (!readDescriptor(cpu, selector, X.EXC_GP, 0)) return 0;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  const error = selectorError(selector, 0);
  const cpl = cplOf(cpu);
  const dpl = dplOf(attributes);
  if (!isCode(attributes) || dpl > cpl) return failed(cpu, X.EXC_GP, error);
  if (long && (attributes & (X.SEGMENT_LONG | X.SEGMENT_BIG)) != X.SEGMENT_LONG)
    return failed(cpu, X.EXC_GP, error);
  if (isJump && !isConforming(attributes) && dpl != cpl) return failed(cpu, X.EXC_GP, error);
  if (!isPresent(attributes)) return failed(cpu, X.EXC_NP, error);
  if (isJump) {
    if (!checkTarget(cpu, eip, descriptorLimit(descriptor), attributes)) return 0;
    if (!markAccessed(cpu, selector, descriptor)) return 0;
    setCodeSegment(cpu, selector, descriptor, cpl);
    return linearOfEip(cpu, eip);
  }
  const isInner = !isConforming(attributes) && dpl < cpl;
  const bytes: u32 = long ? 8 : wide ? 4 : 2;
  if (isInner) {
    const pushed = long ? pushInnerLong(cpu, dpl) : pushInner(cpu, dpl, bytes, <u32>(gate >> 32) & 31);
    if (!pushed) return 0;
  } else if (long) {
    const pointer = load<u64>(cpu, X.RSP);
    stackBeginAt(cpu, pointer, 0, 0xffffffffffffffff, 0, 0, levelMmu(cpu, cpl), 0);
  } else stackBegin(cpu);
  if (!pushReturn(cpu, next, bytes)) return 0;
  if (!checkTarget(cpu, eip, descriptorLimit(descriptor), attributes)) return 0;
  if (!markAccessed(cpu, selector, descriptor)) return 0;
  if (!isInner || long) stackCommit(cpu);
  else commitInnerStack(cpu);
  if (isInner && long) setSegment(cpu, X.SEG_SS, dpl, 0, 0, X.SEGMENT_PRESENT | (dpl << X.SEGMENT_DPL_SHIFT));
  setCodeSegment(cpu, selector, descriptor, isInner ? dpl : cpl);
  return linearOfEip(cpu, eip);
}

/** The inner stack of a 16- or 32-bit gate: old SS and ESP, and `count` parameters of the caller's stack. */
function pushInner(cpu: usize, level: u32, bytes: u32, count: u32): bool {
  // The parameters are read first, through the old stack, into the scratch behind the new one's.
  stackBegin(cpu);
  const parameters = cpu + X.X86_PARAMETERS;
  for (let i: u32 = 0; i < count; i++) {
    if (!stackPeek(cpu, i * bytes, bytes)) return false;
    store<u32>(parameters + i * 4, <u32>loaded(cpu));
  }
  if (!innerStack(cpu, level, 0)) return false;
  if (!stackPush(cpu, segmentSelector(cpu, X.SEG_SS), bytes) || !stackPush(cpu, load<u64>(cpu, X.RSP), bytes))
    return false;
  for (let i = count; i > 0; i--)
    if (!stackPush(cpu, load<u32>(parameters + (i - 1) * 4), bytes)) return false;
  return true;
}

function pushInnerLong(cpu: usize, level: u32): bool {
  if (!readTask(cpu, 4 + level * 8, 8, 0)) return false;
  const pointer = loaded(cpu);
  if (!isCanonical(pointer)) return fault(cpu, X.EXC_SS, 0);
  stackBeginAt(cpu, pointer, 0, 0xffffffffffffffff, 0, 0, levelMmu(cpu, level), 0);
  return stackPush(cpu, segmentSelector(cpu, X.SEG_SS), 8) && stackPush(cpu, load<u64>(cpu, X.RSP), 8);
}
