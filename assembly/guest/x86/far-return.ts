/**
 * RET far and IRET in all modes: SDM 2, RET and IRET. The helpers are called with callg and return the linear address to go on at.
 */
import { requestCheck } from '../../vcpu/exception';
import { x86ReadFlags, x86WriteFlags } from './cc';
import * as X from './cpu';
import { checkTarget, hasValidWidth } from './far';
import {
  cplOf,
  interruptFlagChanged,
  isCode64,
  isLongMode,
  isProtected,
  isReal,
  isVirtual8086,
  linearOfEip,
  segmentCache,
  x86UpdateFlags,
} from './mode';
import {
  descriptorAttributes,
  descriptorLimit,
  dplOf,
  dropInnerSegments,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isWritableData,
  markAccessed,
  readDescriptor,
  selectorError,
  setCodeSegment,
  setCodeSegmentReal,
  setSegment,
  setSegmentDescriptor,
  setSegmentVirtual8086,
} from './segment';
import { codeSegmentChanged } from './segment';
import { stackBegin, stackCommit, stackPop, stackPointer, stackSkip } from './stack';
import { fault, loaded, readSystem } from './system-memory';
import { switchTaskInHelper, TASK_RETURN } from './task';

/** What was popped: u64 each. */
const EIP: u32 = X.X86_PARAMETERS;
const CODE: u32 = X.X86_PARAMETERS + 8;
const FLAGS: u32 = X.X86_PARAMETERS + 16;
const POINTER: u32 = X.X86_PARAMETERS + 24;
const STACK: u32 = X.X86_PARAMETERS + 32;
/** ES, DS, FS, GS of a return to virtual-8086 mode. */
const DATA: u32 = X.X86_PARAMETERS + 40;

function popInto(cpu: usize, bytes: u32, at: u32): bool {
  if (!stackPop(cpu, bytes)) return false;
  store<u64>(cpu + at, loaded(cpu));
  return true;
}

/** Helper of RET far: b = bytes to release, immediate = log2 of the operand's bytes. */
export function helperFarReturn(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const bytes: u32 = 1 << immediate;
  const release = <u32>b & 0xffff;
  stackBegin(cpu);
  if (!popInto(cpu, bytes, EIP) || !popInto(cpu, bytes, CODE)) return 0;
  if (isProtected(cpu)) return returnProtected(cpu, bytes, false, release);
  return returnReal(cpu, release);
}

function returnReal(cpu: usize, release: u32): u64 {
  const eip = load<u64>(cpu, EIP);
  if (eip > load<u32>(segmentCache(cpu, X.SEG_CS), X.SEG_LIMIT)) return failed(cpu, X.EXC_GP, 0);
  stackSkip(cpu, release);
  stackCommit(cpu);
  setCodeSegmentReal(cpu, load<u32>(cpu, CODE) & 0xffff);
  return linearOfEip(cpu, eip);
}

/** Helper of IRET: b = EIP of the next instruction, for a return to another task; immediate = log2 of the operand's bytes. */
export function helperIret(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const bytes: u32 = 1 << immediate;
  const eflags = x86ReadFlags(cpu);
  if (isProtected(cpu) && eflags & X.FLAG_NT) return returnToTask(cpu, b, eflags);
  if (isVirtual8086(cpu) && (eflags & X.FLAG_IOPL) != X.FLAG_IOPL) {
    fault(cpu, X.EXC_GP, 0);
    return 0;
  }
  const before = load<u32>(cpu, X.X86_EFLAGS);
  stackBegin(cpu);
  if (!popInto(cpu, bytes, EIP) || !popInto(cpu, bytes, CODE) || !popInto(cpu, bytes, FLAGS)) return 0;
  const flags = load<u32>(cpu, FLAGS);
  let target: u64;
  if (isProtected(cpu)) {
    const toVirtual = bytes == 4 && (flags & X.FLAG_VM) != 0 && cplOf(cpu) == 0 && !isLongMode(cpu);
    target = toVirtual ? returnToVirtual(cpu) : returnProtected(cpu, bytes, true, 0);
  } else {
    const real = isReal(cpu);
    target = returnReal(cpu, 0);
    if (!hasFaulted(target)) {
      let mask = X.FLAGS_ALL & ~(X.FLAG_VM | X.FLAG_VIF | X.FLAG_VIP);
      if (!real) mask &= ~X.FLAG_IOPL;
      if (bytes == 2) mask &= 0xffff;
      x86WriteFlags(cpu, flags, mask);
      x86UpdateFlags(cpu);
    }
  }
  if (hasFaulted(target)) return 0;
  if (load<u32>(cpu, X.X86_NMI_BLOCKED) != 0) {
    store<u32>(cpu, 0, X.X86_NMI_BLOCKED);
    requestCheck(cpu);
  }
  interruptFlagChanged(cpu, before);
  return target;
}

/** What the functions here return with an exception pending; no return goes to it, since it is not canonical. */
const FAULTED: u64 = 0x8000000000000000;

function hasFaulted(target: u64): bool {
  return target == FAULTED;
}

/** NT: the back link of the task segment says where to. */
function returnToTask(cpu: usize, eip: u64, eflags: u32): u64 {
  if (isLongMode(cpu)) {
    fault(cpu, X.EXC_GP, 0);
    return 0;
  }
  if (!readSystem(cpu, load<u64>(cpu, X.X86_TR + X.SYSTEM_BASE), 2)) return 0;
  const target = switchTaskInHelper(cpu, <u32>loaded(cpu), TASK_RETURN, eip, eflags);
  store<u32>(cpu, 0, X.X86_NMI_BLOCKED);
  return target;
}

/** SDM 3, 20.2.4; the stack holds EIP, CS, EFLAGS, ESP, SS, ES, DS, FS, GS. */
function returnToVirtual(cpu: usize): u64 {
  if (!popInto(cpu, 4, POINTER) || !popInto(cpu, 4, STACK)) return FAULTED;
  for (let i: u32 = 0; i < 4; i++) if (!popInto(cpu, 4, DATA + i * 8)) return FAULTED;
  const eip = load<u64>(cpu, EIP) & 0xffff;
  x86WriteFlags(cpu, load<u32>(cpu, FLAGS), X.FLAGS_ALL);
  store<u32>(cpu, 3, X.X86_CPL);
  setSegmentVirtual8086(cpu, X.SEG_CS, load<u32>(cpu, CODE));
  setSegmentVirtual8086(cpu, X.SEG_SS, load<u32>(cpu, STACK));
  setSegmentVirtual8086(cpu, X.SEG_ES, load<u32>(cpu, DATA));
  setSegmentVirtual8086(cpu, X.SEG_DS, load<u32>(cpu, DATA + 8));
  setSegmentVirtual8086(cpu, X.SEG_FS, load<u32>(cpu, DATA + 16));
  setSegmentVirtual8086(cpu, X.SEG_GS, load<u32>(cpu, DATA + 24));
  store<u64>(cpu, load<u64>(cpu, POINTER), X.RSP);
  codeSegmentChanged(cpu);
  return linearOfEip(cpu, eip);
}

/** Flags that IRET may change at a privilege level. */
function iretMask(cpu: usize, bytes: u32, cpl: u32, iopl: u32): u32 {
  let mask = X.FLAGS_ALL & ~(X.FLAG_VM | X.FLAG_IOPL | X.FLAG_IF | X.FLAG_VIF | X.FLAG_VIP);
  if (cpl == 0) mask |= X.FLAG_IOPL | X.FLAG_VIF | X.FLAG_VIP;
  if (cpl <= iopl) mask |= X.FLAG_IF;
  return bytes == 2 ? mask & 0xffff : mask;
}

/** RET far and IRET in protected and long mode, with EIP, CS and the flags popped; `release` bytes of parameters are skipped on both stacks. */
function returnProtected(cpu: usize, bytes: u32, isIret: bool, release: u32): u64 {
  const selector = load<u32>(cpu, CODE) & 0xffff;
  const eip = load<u64>(cpu, EIP);
  const error = selectorError(selector, 0);
  const cpl = cplOf(cpu);
  if (isNull(selector)) return failed(cpu, X.EXC_GP, 0);
  if (!readDescriptor(cpu, selector, X.EXC_GP, 0)) return FAULTED;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  const rpl = selector & 3;
  const dpl = dplOf(attributes);
  if (!isCode(attributes) || rpl < cpl || !hasValidWidth(cpu, attributes))
    return failed(cpu, X.EXC_GP, error);
  if (isConforming(attributes) ? dpl > rpl : dpl != rpl) return failed(cpu, X.EXC_GP, error);
  if (!isPresent(attributes)) return failed(cpu, X.EXC_NP, error);
  const outer = rpl > cpl;
  // IRET in 64-bit code always loads SS and RSP.
  const loadsStack = outer || (isIret && isCode64(cpu));
  let stackSelector: u32 = 0;
  let stackDescriptor: u64 = 0;
  stackSkip(cpu, release);
  if (loadsStack) {
    if (!popInto(cpu, bytes, POINTER) || !popInto(cpu, bytes, STACK)) return FAULTED;
    stackSelector = load<u32>(cpu, STACK) & 0xffff;
    if (!checkOuterStack(cpu, stackSelector, rpl, attributes)) return FAULTED;
    stackDescriptor = loaded(cpu);
  }
  if (!checkTarget(cpu, eip, descriptorLimit(descriptor), attributes)) return FAULTED;
  if (!markAccessed(cpu, selector, descriptor)) return FAULTED;
  if (loadsStack && !isNull(stackSelector) && !markAccessed(cpu, stackSelector, stackDescriptor))
    return FAULTED;

  const iopl = (load<u32>(cpu, X.X86_EFLAGS) & X.FLAG_IOPL) >> X.FLAG_IOPL_SHIFT;
  if (isIret) x86WriteFlags(cpu, load<u32>(cpu, FLAGS), iretMask(cpu, bytes, cpl, iopl));
  if (loadsStack) {
    if (isNull(stackSelector))
      setSegment(cpu, X.SEG_SS, stackSelector, 0, 0, X.SEGMENT_PRESENT | (rpl << X.SEGMENT_DPL_SHIFT));
    else setSegmentDescriptor(cpu, X.SEG_SS, stackSelector, stackDescriptor);
    setOuterPointer(cpu, attributes, load<u64>(cpu, POINTER) + release);
  } else stackCommit(cpu);
  setCodeSegment(cpu, selector, descriptor, rpl);
  if (outer) {
    dropInnerSegments(cpu);
    x86UpdateFlags(cpu);
  }
  return linearOfEip(cpu, eip);
}

/** RSP of the level that is returned to: 16 bits of it, if its stack is that wide. */
function setOuterPointer(cpu: usize, codeAttributes: u32, pointer: u64): void {
  if (isLongMode(cpu) && codeAttributes & X.SEGMENT_LONG) store<u64>(cpu, pointer, X.RSP);
  else if (load<u32>(segmentCache(cpu, X.SEG_SS), X.SEG_ATTRIBUTES) & X.SEGMENT_BIG)
    store<u64>(cpu, pointer & 0xffffffff, X.RSP);
  else store<u64>(cpu, (load<u64>(cpu, X.RSP) & ~0xffff) | (pointer & 0xffff), X.RSP);
}

function failed(cpu: usize, vector: u32, error: u32): u64 {
  fault(cpu, vector, error);
  return FAULTED;
}

/** The stack selector of the level that is returned to; leaves its descriptor in loaded(cpu). A null one is for 64-bit code below level 3. */
function checkOuterStack(cpu: usize, selector: u32, rpl: u32, codeAttributes: u32): bool {
  if (isNull(selector)) {
    const allowed = isLongMode(cpu) && codeAttributes & X.SEGMENT_LONG && rpl != 3 && (selector & 3) == rpl;
    return allowed ? true : fault(cpu, X.EXC_GP, 0);
  }
  const error = selectorError(selector, 0);
  if (!readDescriptor(cpu, selector, X.EXC_GP, 0)) return false;
  const attributes = descriptorAttributes(loaded(cpu));
  if ((selector & 3) != rpl || !isWritableData(attributes) || dplOf(attributes) != rpl)
    return fault(cpu, X.EXC_GP, error);
  return isPresent(attributes) ? true : fault(cpu, X.EXC_SS, error);
}
