/**
 * Task switches by hardware: SDM 3, chapter 7. Everything that can fault while the old task still runs is done first; from `commit` on, faults belong to the
 * new task, with its instruction pointer.
 */
import { raise, requestCheck } from '../../vcpu/exception';
import { STATE_CHAIN_FROM, STATE_EXCEPTION, STATE_EXCEPTION_VALUE, STATE_PC } from '../../vcpu/state';
import { x86WriteFlags } from './cc';
import { setCr3 } from './control';
import * as X from './cpu';
import { cplOf, isLongMode, linearOfEip, segmentCache, segmentSelector, x86UpdateFlags } from './mode';
import {
  codeSegmentChanged,
  descriptorAddress,
  descriptorAttributes,
  descriptorBase,
  descriptorLimit,
  dplOf,
  isCode,
  isConforming,
  isNull,
  isPresent,
  isSystem,
  isWritableData,
  markAccessed,
  readDescriptor,
  selectorError,
  setSegmentDescriptor,
  setSegmentNull,
  setSegmentVirtual8086,
  typeOf,
} from './segment';
import { stackBegin, stackCommit, stackPush } from './stack';
import { fault, loaded, probeSystemWrite, readSystem, writeSystem } from './system-memory';

/** How a task switch comes about. */
export const TASK_JUMP: u32 = 0;
export const TASK_CALL: u32 = 1;
export const TASK_RETURN: u32 = 2;

/** The new task's state while it is read: u32 each. */
const NEW: u32 = X.X86_TASK + 16;
const NEW_CR3: u32 = NEW;
const NEW_EIP: u32 = NEW + 4;
const NEW_EFLAGS: u32 = NEW + 8;
const NEW_GPR: u32 = NEW + 12;
const NEW_SEGMENTS: u32 = NEW + 44;
const NEW_LDT: u32 = NEW + 68;
const NEW_TRAP: u32 = NEW + 72;
/** u32. 1 once the new task runs. */
const COMMITTED: u32 = NEW + 76;

const BUSY: u64 = 2;

/** Offsets in a 32-bit and in a 16-bit TSS. SDM 3, figures 7-2 and 7-10. */
const TSS32_SIZE: u32 = 0x68;
const TSS16_SIZE: u32 = 0x2c;

/** A task gate in the IDT, with the error code if there is one. */
export function x86InterruptTask(
  cpu: usize,
  selector: u32,
  eip: u64,
  eflags: u32,
  external: u32,
  pushesError: bool,
  error: u32,
): bool {
  const wide = !isNull(selector) && (selector & 4) == 0;
  if (!wide) return fault(cpu, X.EXC_GP, selectorError(selector, external));
  if (!switchTask(cpu, selector, TASK_CALL, eip, eflags, external)) return false;
  if (!pushesError) return true;
  stackBegin(cpu);
  const is32 = (typeOf(load<u32>(cpu, X.X86_TR + X.SEG_ATTRIBUTES)) & 8) != 0;
  if (!stackPush(cpu, error, is32 ? 4 : 2)) return false;
  stackCommit(cpu);
  return true;
}

/**
 * Switches to the task of a TSS selector; eip and eflags are what the old task goes on with. False: an exception is pending, of the old task or, once the
 * switch is committed, of the new one.
 */
export function switchTask(cpu: usize, selector: u32, kind: u32, eip: u64, eflags: u32, external: u32): bool {
  store<u32>(cpu, 0, COMMITTED);
  const vector: u32 = kind == TASK_RETURN ? X.EXC_TS : X.EXC_GP;
  const error = selectorError(selector, external);
  if (isNull(selector) || selector & 4) return fault(cpu, vector, error);
  if (!readDescriptor(cpu, selector, vector, external)) return false;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  const type = typeOf(attributes);
  const available: u32 = kind == TASK_RETURN ? X.TYPE_TSS16_BUSY : X.TYPE_TSS16;
  if (!isSystem(attributes) || (type & ~8) != available) return fault(cpu, vector, error);
  if (!isPresent(attributes)) return fault(cpu, X.EXC_NP, error);
  const wide = (type & 8) != 0;
  if (descriptorLimit(descriptor) < (wide ? TSS32_SIZE : TSS16_SIZE) - 1) return fault(cpu, X.EXC_TS, error);

  const oldSelector = load<u32>(cpu, X.X86_TR + X.SEG_SELECTOR);
  const oldBase = load<u64>(cpu, X.X86_TR + X.SYSTEM_BASE);
  const oldWide = (typeOf(load<u32>(cpu, X.X86_TR + X.SEG_ATTRIBUTES)) & 8) != 0;
  const newBase = descriptorBase(descriptor);
  if (!readNewState(cpu, newBase, wide)) return false;
  if (!probeSystemWrite(cpu, oldBase, oldWide ? TSS32_SIZE : TSS16_SIZE)) return false;
  if (!probeSystemWrite(cpu, newBase, 2)) return false;
  if (!probeSystemWrite(cpu, descriptorAddress(cpu, selector), 8)) return false;
  if (kind != TASK_CALL && !setBusy(cpu, oldSelector, false)) return false;
  if (kind == TASK_RETURN) eflags &= ~X.FLAG_NT;
  if (!saveOldState(cpu, oldBase, oldWide, <u32>eip, eflags)) return false;
  if (kind == TASK_CALL) {
    if (!writeSystem(cpu, newBase, oldSelector, 2)) return false;
    store<u32>(cpu, load<u32>(cpu, NEW_EFLAGS) | X.FLAG_NT, NEW_EFLAGS);
  }
  if (kind != TASK_RETURN && !setBusy(cpu, selector, true)) return false;
  store<u64>(cpu, selector, X.X86_TR + X.SEG_SELECTOR);
  store<u32>(cpu, descriptorLimit(descriptor), X.X86_TR + X.SEG_LIMIT);
  store<u32>(cpu, attributes | ((<u32>BUSY) << X.SEGMENT_TYPE_SHIFT), X.X86_TR + X.SEG_ATTRIBUTES);
  store<u64>(cpu, newBase, X.X86_TR + X.SYSTEM_BASE);
  return commit(cpu, wide, external);
}

function setBusy(cpu: usize, selector: u32, busy: bool): bool {
  const address = descriptorAddress(cpu, selector & ~4) + 5;
  if (!readSystem(cpu, address, 1)) return false;
  return writeSystem(cpu, address, busy ? loaded(cpu) | BUSY : loaded(cpu) & ~BUSY, 1);
}

function readInto(cpu: usize, address: u64, size: u32, at: u32): bool {
  if (!readSystem(cpu, address, size)) return false;
  store<u32>(cpu + at, <u32>loaded(cpu));
  return true;
}

function readNewState(cpu: usize, base: u64, wide: bool): bool {
  const size: u32 = wide ? 4 : 2;
  const first: u32 = wide ? 0x20 : 0x0e;
  store<u32>(cpu, load<u32>(cpu, X.X86_CR3), NEW_CR3);
  store<u32>(cpu, 0, NEW_TRAP);
  if (wide && (!readInto(cpu, base + 0x1c, 4, NEW_CR3) || !readInto(cpu, base + 0x64, 2, NEW_TRAP)))
    return false;
  // EIP, EFLAGS, eight registers: consecutive in the TSS as they are here.
  for (let i: u32 = 0; i < 10; i++)
    if (!readInto(cpu, base + first + i * size, size, NEW_EIP + i * 4)) return false;
  const segments: u32 = wide ? 6 : 4;
  for (let i: u32 = 0; i < 6; i++) {
    store<u32>(cpu + NEW_SEGMENTS + i * 4, 0);
    if (i < segments && !readInto(cpu, base + first + (10 + i) * size, 2, NEW_SEGMENTS + i * 4)) return false;
  }
  return readInto(cpu, base + (wide ? 0x60 : 0x2a), 2, NEW_LDT);
}

function saveOldState(cpu: usize, base: u64, wide: bool, eip: u32, eflags: u32): bool {
  const size: u32 = wide ? 4 : 2;
  const first: u32 = wide ? 0x20 : 0x0e;
  if (!writeSystem(cpu, base + first, eip, size) || !writeSystem(cpu, base + first + size, eflags, size))
    return false;
  for (let i: u32 = 0; i < 8; i++)
    if (!writeSystem(cpu, base + first + (2 + i) * size, load<u64>(cpu + X.GPR + i * 8), size)) return false;
  const segments: u32 = wide ? 6 : 4;
  for (let i: u32 = 0; i < segments; i++)
    if (!writeSystem(cpu, base + first + (10 + i) * size, segmentSelector(cpu, i), 2)) return false;
  return true;
}

/** SDM 3, 7.3, steps 9 to 14. */
function commit(cpu: usize, wide: bool, external: u32): bool {
  store<u32>(cpu, 1, COMMITTED);
  const eflags = load<u32>(cpu, NEW_EFLAGS);
  const virtual = wide && (eflags & X.FLAG_VM) != 0;
  store<u64>(cpu, load<u32>(cpu, X.X86_CR0) | X.CR0_TS, X.X86_CR0);
  // The local breakpoints belong to the task. SDM 3, 17.2.4.
  store<u64>(cpu, load<u32>(cpu, X.X86_DR7) & ~0x155, X.X86_DR7);
  for (let i: u32 = 0; i < 8; i++) {
    const register = cpu + X.GPR + i * 8;
    // A task of 16 bits leaves the high halves alone.
    if (wide) store<u64>(register, load<u32>(cpu + NEW_GPR + i * 4));
    else store<u16>(register, load<u16>(cpu + NEW_GPR + i * 4));
  }
  x86WriteFlags(cpu, eflags, wide ? X.FLAGS_ALL & ~X.FLAG_RF : X.FLAGS_ALL & 0x7fff);
  if (wide && eflags & X.FLAG_RF) store<u64>(cpu, load<u32>(cpu, X.X86_EFLAGS) | X.FLAG_RF, X.X86_EFLAGS);
  if (!wide) store<u64>(cpu, load<u32>(cpu, X.X86_EFLAGS) & ~(X.FLAG_VM | X.FLAG_RF), X.X86_EFLAGS);
  const code = load<u32>(cpu, NEW_SEGMENTS + X.SEG_CS * 4);
  store<u32>(cpu, virtual ? 3 : code & 3, X.X86_CPL);
  for (let i: u32 = 0; i < 6; i++) {
    const selector = load<u32>(cpu + NEW_SEGMENTS + i * 4);
    if (virtual) setSegmentVirtual8086(cpu, i, selector);
    else setSegmentNull(cpu, i, selector);
  }
  store<u64>(cpu, load<u32>(cpu, NEW_LDT), X.X86_LDTR + X.SEG_SELECTOR);
  store<u32>(cpu, 0, X.X86_LDTR + X.SEG_ATTRIBUTES);
  codeSegmentChanged(cpu);
  const eip = load<u32>(cpu, NEW_EIP);
  setPc(cpu, eip);
  requestCheck(cpu);
  const cr3 = load<u32>(cpu, NEW_CR3);
  if (wide && load<u32>(cpu, X.X86_CR0) & X.CR0_PG && cr3 != load<u32>(cpu, X.X86_CR3)) {
    if (!setCr3(cpu, cr3)) return fault(cpu, X.EXC_TS, external);
  }
  if (!loadTaskLdt(cpu, load<u32>(cpu, NEW_LDT), external)) return false;
  if (!virtual && !loadTaskSegments(cpu, external)) return false;
  if (load<u32>(cpu, NEW_TRAP) & 1) {
    store<u32>(cpu, load<u32>(cpu, X.X86_DEBUG_PENDING) | X.DR6_BT, X.X86_DEBUG_PENDING);
    requestCheck(cpu);
  }
  if (eip > load<u32>(segmentCache(cpu, X.SEG_CS), X.SEG_LIMIT)) return fault(cpu, X.EXC_GP, external);
  return true;
}

function setPc(cpu: usize, eip: u32): void {
  store<u64>(cpu, linearOfEip(cpu, eip), STATE_PC);
  store<u32>(cpu, 0, STATE_CHAIN_FROM);
}

function loadTaskLdt(cpu: usize, selector: u32, external: u32): bool {
  if (isNull(selector)) return true;
  const error = selectorError(selector, external);
  if (selector & 4) return fault(cpu, X.EXC_TS, error);
  if (!readDescriptor(cpu, selector, X.EXC_TS, external)) return false;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  if (!isSystem(attributes) || typeOf(attributes) != X.TYPE_LDT || !isPresent(attributes))
    return fault(cpu, X.EXC_TS, error);
  store<u32>(cpu, descriptorLimit(descriptor), X.X86_LDTR + X.SEG_LIMIT);
  store<u32>(cpu, attributes, X.X86_LDTR + X.SEG_ATTRIBUTES);
  store<u64>(cpu, descriptorBase(descriptor), X.X86_LDTR + X.SYSTEM_BASE);
  return true;
}

/** CS first, then SS, then the others, as table 7-1 orders the checks. */
function loadTaskSegments(cpu: usize, external: u32): bool {
  if (!loadTaskSegment(cpu, X.SEG_CS, external)) return false;
  codeSegmentChanged(cpu);
  setPc(cpu, load<u32>(cpu, NEW_EIP));
  if (!loadTaskSegment(cpu, X.SEG_SS, external)) return false;
  for (let i = X.SEG_ES; i <= X.SEG_GS; i++)
    if (i != X.SEG_CS && i != X.SEG_SS && !loadTaskSegment(cpu, i, external)) return false;
  x86UpdateFlags(cpu);
  return true;
}

function loadTaskSegment(cpu: usize, segment: u32, external: u32): bool {
  const selector = load<u32>(cpu + NEW_SEGMENTS + segment * 4);
  const error = selectorError(selector, external);
  if (isNull(selector))
    return segment == X.SEG_CS || segment == X.SEG_SS ? fault(cpu, X.EXC_TS, error) : true;
  if (!readDescriptor(cpu, selector, X.EXC_TS, external)) return false;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  const rpl = selector & 3;
  const dpl = dplOf(attributes);
  let allowed = !isSystem(attributes);
  if (segment == X.SEG_CS)
    allowed = isCode(attributes) && (isConforming(attributes) ? dpl <= rpl : dpl == rpl);
  else if (segment == X.SEG_SS)
    allowed = isWritableData(attributes) && dpl == cplOf(cpu) && rpl == cplOf(cpu);
  else if (isCode(attributes))
    allowed =
      (attributes & X.SEGMENT_READABLE) != 0 &&
      (isConforming(attributes) || (dpl >= cplOf(cpu) && dpl >= rpl));
  else allowed = allowed && dpl >= cplOf(cpu) && dpl >= rpl;
  if (!allowed) return fault(cpu, X.EXC_TS, error);
  if (!isPresent(attributes)) return fault(cpu, segment == X.SEG_SS ? X.EXC_SS : X.EXC_NP, error);
  if (!markAccessed(cpu, selector, descriptor)) return false;
  setSegmentDescriptor(cpu, segment, selector, descriptor);
  return true;
}

/**
 * switchTask for JMP, CALL and IRET, which are helpers: returns the linear address to go on at. A fault of the new task is not this instruction's, so it is kept
 * for the run loop, which delivers it before the next instruction.
 */
export function switchTaskInHelper(cpu: usize, selector: u32, kind: u32, eip: u64, eflags: u32): u64 {
  if (isLongMode(cpu)) {
    raise(cpu, X.EXC_GP, selectorError(selector, 0));
    return 0;
  }
  if (!switchTask(cpu, selector, kind, eip, eflags, 0)) {
    if (load<u32>(cpu, COMMITTED) == 0) return 0;
    store<u32>(cpu, <u32>load<u64>(cpu, STATE_EXCEPTION), X.X86_LATE_EXCEPTION);
    store<u32>(cpu, <u32>load<u64>(cpu, STATE_EXCEPTION_VALUE), X.X86_LATE_ERROR);
    store<u64>(cpu, 0, STATE_EXCEPTION);
    requestCheck(cpu);
  }
  return load<u64>(cpu, STATE_PC);
}
