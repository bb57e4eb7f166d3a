/**
 * Pushes and pops of the system side, through the cache of a stack segment and a stack pointer that is committed at the end only, so that a fault on
 * the way changes no register.
 */
import * as X from './cpu';
import { dataMmuOf, isCode64, isCanonical, segmentCache, stackMask } from './mode';
import { fault, readLinear, withinLimit, writeLinear } from './system-memory';

/** The stack being worked on: in the vCPU state, since a helper has one at a time. */
const AT: u32 = X.X86_STACK;
const POINTER: u32 = AT;
const BASE: u32 = AT + 8;
const MASK: u32 = AT + 16;
const LIMIT: u32 = AT + 24;
const ATTRIBUTES: u32 = AT + 28;
const MMU: u32 = AT + 32;
/** u32. Error code of #SS. */
const ERROR: u32 = AT + 36;

/** Begins at the current stack pointer. */
export function stackBegin(cpu: usize): void {
  const cache = segmentCache(cpu, X.SEG_SS);
  stackBeginAt(
    cpu,
    load<u64>(cpu, X.RSP),
    isCode64(cpu) ? 0 : load<u64>(cpu + X.SEG_BASE + X.SEG_SS * 8),
    stackMask(cpu),
    load<u32>(cache, X.SEG_LIMIT),
    load<u32>(cache, X.SEG_ATTRIBUTES),
    dataMmuOf(cpu),
    0,
  );
}

/** Begins on another stack; a mask of all ones means one of 64-bit code. A limit violation is #SS(error). */
export function stackBeginAt(
  cpu: usize,
  pointer: u64,
  base: u64,
  mask: u64,
  limit: u32,
  attributes: u32,
  mmu: u32,
  error: u32,
): void {
  store<u64>(cpu, pointer, POINTER);
  store<u64>(cpu, base, BASE);
  store<u64>(cpu, mask, MASK);
  store<u32>(cpu, limit, LIMIT);
  store<u32>(cpu, attributes, ATTRIBUTES);
  store<u32>(cpu, mmu, MMU);
  store<u32>(cpu, error, ERROR);
}

export function stackPointer(cpu: usize): u64 {
  return load<u64>(cpu, POINTER);
}

function linearOf(cpu: usize, offset: u64): u64 {
  return load<u64>(cpu, MASK) == 0xffffffffffffffff ? offset : load<u64>(cpu, BASE) + offset;
}

function isWithin(cpu: usize, offset: u64, size: u32): bool {
  if (load<u64>(cpu, MASK) == 0xffffffffffffffff)
    return isCanonical(offset) && isCanonical(offset + size - 1);
  return withinLimit(offset, size, load<u32>(cpu, LIMIT), load<u32>(cpu, ATTRIBUTES));
}

/** Pushes `size` bytes (2, 4, 8). */
export function stackPush(cpu: usize, value: u64, size: u32): bool {
  const mask = load<u64>(cpu, MASK);
  const pointer = load<u64>(cpu, POINTER);
  const offset = (pointer - size) & mask;
  if (!isWithin(cpu, offset, size)) return fault(cpu, X.EXC_SS, load<u32>(cpu, ERROR));
  if (!writeLinear(cpu, linearOf(cpu, offset), value, size, load<u32>(cpu, MMU))) return false;
  store<u64>(cpu, (pointer & ~mask) | offset, POINTER);
  return true;
}

/** Pops `size` bytes into loaded(cpu). */
export function stackPop(cpu: usize, size: u32): bool {
  if (!stackPeek(cpu, 0, size)) return false;
  stackSkip(cpu, size);
  return true;
}

/** Reads `size` bytes that lie `at` bytes above the pointer into loaded(cpu). */
export function stackPeek(cpu: usize, at: u32, size: u32): bool {
  return stackRead(cpu, load<u64>(cpu, POINTER) + at, size);
}

/** Reads at an address of the stack, which wraps as the pointer does, into loaded(cpu). */
export function stackRead(cpu: usize, address: u64, size: u32): bool {
  const offset = address & load<u64>(cpu, MASK);
  if (!isWithin(cpu, offset, size)) return fault(cpu, X.EXC_SS, load<u32>(cpu, ERROR));
  return readLinear(cpu, linearOf(cpu, offset), size, load<u32>(cpu, MMU));
}

export function stackSkip(cpu: usize, bytes: u32): void {
  const mask = load<u64>(cpu, MASK);
  const pointer = load<u64>(cpu, POINTER);
  store<u64>(cpu, (pointer & ~mask) | ((pointer + bytes) & mask), POINTER);
}

/** Moves the pointer down; it has to be on the stack for `size` bytes. */
export function stackReserve(cpu: usize, bytes: u32, size: u32): bool {
  const mask = load<u64>(cpu, MASK);
  const pointer = load<u64>(cpu, POINTER);
  const offset = (pointer - bytes) & mask;
  if (!isWithin(cpu, offset, size)) return fault(cpu, X.EXC_SS, load<u32>(cpu, ERROR));
  store<u64>(cpu, (pointer & ~mask) | offset, POINTER);
  return true;
}

/** Makes the pointer RSP. */
export function stackCommit(cpu: usize): void {
  store<u64>(cpu, load<u64>(cpu, POINTER), X.RSP);
}
