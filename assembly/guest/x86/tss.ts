/** The task segment as protection uses it: stacks of inner levels and the I/O permission bitmap. SDM 3, 7.2 and 7.7; SDM 1, 19.5.2. */
import * as X from './cpu';
import {
  descriptorAttributes,
  descriptorBase,
  descriptorLimit,
  dplOf,
  isNull,
  isPresent,
  isWritableData,
  markAccessed,
  readDescriptor,
  selectorError,
  setSegmentDescriptor,
  typeOf,
} from './segment';
import { cplOf } from './mode';
import { stackBeginAt, stackPointer } from './stack';
import { fault, loaded, readSystem } from './system-memory';

/** u64 each: the stack that innerStack found. */
const NEW_SS: u32 = X.X86_TASK;
const NEW_DESCRIPTOR: u32 = X.X86_TASK + 8;

export function taskIs32(cpu: usize): bool {
  return (typeOf(load<u32>(cpu, X.X86_TR + X.SEG_ATTRIBUTES)) & 8) != 0;
}

/** Reads a field of the current task segment; outside of its limit: #TS with TR's selector. */
export function readTask(cpu: usize, offset: u32, size: u32, external: u32): bool {
  if (offset + size - 1 > load<u32>(cpu, X.X86_TR + X.SEG_LIMIT))
    return fault(cpu, X.EXC_TS, selectorError(load<u32>(cpu, X.X86_TR + X.SEG_SELECTOR), external));
  return readSystem(cpu, load<u64>(cpu, X.X86_TR + X.SYSTEM_BASE) + offset, size);
}

/** MMU index of the stack of a level that is being entered. */
export function levelMmu(cpu: usize, level: u32): u32 {
  if (level == 3) return X.MMU_USER;
  return load<u32>(cpu, X.X86_EFLAGS) & X.FLAG_AC ? X.MMU_SUPERVISOR_NO_SMAP : X.MMU_SUPERVISOR;
}

/** Finds and checks the stack for an inner level in the task segment, and begins on it. SDM 3, 6.12.1; SDM 2, CALL. */
export function innerStack(cpu: usize, level: u32, external: u32): bool {
  const wide = taskIs32(cpu);
  const at: u32 = wide ? 4 + level * 8 : 2 + level * 4;
  const width: u32 = wide ? 4 : 2;
  if (!readTask(cpu, at, width, external)) return false;
  const pointer = loaded(cpu);
  if (!readTask(cpu, at + width, 2, external)) return false;
  const selector = <u32>loaded(cpu);
  if (!stackSelector(cpu, selector, level, external)) return false;
  const descriptor = load<u64>(cpu, NEW_DESCRIPTOR);
  const attributes = descriptorAttributes(descriptor);
  stackBeginAt(
    cpu,
    pointer,
    descriptorBase(descriptor),
    attributes & X.SEGMENT_BIG ? 0xffffffff : 0xffff,
    descriptorLimit(descriptor),
    attributes,
    levelMmu(cpu, level),
    selectorError(selector, external),
  );
  return true;
}

/** Checks a stack selector for a level; its descriptor is kept for commitInnerStack. */
function stackSelector(cpu: usize, selector: u32, level: u32, external: u32): bool {
  if (isNull(selector)) return fault(cpu, X.EXC_TS, external);
  const error = selectorError(selector, external);
  if ((selector & 3) != level) return fault(cpu, X.EXC_TS, error);
  if (!readDescriptor(cpu, selector, X.EXC_TS, external)) return false;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  if (!isWritableData(attributes) || dplOf(attributes) != level) return fault(cpu, X.EXC_TS, error);
  if (!isPresent(attributes)) return fault(cpu, X.EXC_SS, error);
  if (!markAccessed(cpu, selector, descriptor)) return false;
  store<u64>(cpu, selector, NEW_SS);
  store<u64>(cpu, descriptor, NEW_DESCRIPTOR);
  return true;
}

/** Makes the stack of innerStack the current one. */
export function commitInnerStack(cpu: usize): void {
  setSegmentDescriptor(cpu, X.SEG_SS, load<u32>(cpu, NEW_SS), load<u64>(cpu, NEW_DESCRIPTOR));
  store<u64>(cpu, stackPointer(cpu), X.RSP);
}

/** Whether the privilege level or the task's bitmap allows `size` ports from `port` on; else #GP(0). */
export function portAllowed(cpu: usize, port: u32, size: u32): bool {
  const eflags = load<u32>(cpu, X.X86_EFLAGS);
  if ((load<u32>(cpu, X.X86_CR0) & X.CR0_PE) == 0) return true;
  const isVirtual = (eflags & X.FLAG_VM) != 0;
  if (!isVirtual && cplOf(cpu) <= (eflags & X.FLAG_IOPL) >> X.FLAG_IOPL_SHIFT) return true;
  const attributes = load<u32>(cpu, X.X86_TR + X.SEG_ATTRIBUTES);
  const limit = load<u32>(cpu, X.X86_TR + X.SEG_LIMIT);
  if (!isPresent(attributes) || !taskIs32(cpu) || limit < 103) return fault(cpu, X.EXC_GP, 0);
  const base = load<u64>(cpu, X.X86_TR + X.SYSTEM_BASE);
  if (!readSystem(cpu, base + 102, 2)) return false;
  const at = <u32>loaded(cpu) + (port >> 3);
  // Two bytes are always read, so the last byte of the map must be one of ones.
  if (at + 1 > limit) return fault(cpu, X.EXC_GP, 0);
  if (!readSystem(cpu, base + at, 2)) return false;
  const mask = ((1 << size) - 1) << (port & 7);
  return (<u32>loaded(cpu) & mask) == 0 ? true : fault(cpu, X.EXC_GP, 0);
}
