/**
 * PLIC: RISC-V Platform-Level Interrupt Controller Specification 1.0.0, as QEMU's virt has it: 95 sources, 7 priorities, for each
 * hart context 2h (M mode) and 2h + 1 (S mode).
 *
 *   0x000000 + 4 * source    priority (3 bits)         0x001000 + 4 * word   pending
 *   0x002000 + 0x80 * context + 4 * word   enable      0x200000 + 0x1000 * context   threshold, +4 claim / complete
 *
 * Sources are the VM's IRQ lines of the same number. A source is pending while its level is up or its edge is latched and its gateway
 * is open, that is, no claim of it waits for completion.
 *
 * State at PLIC_BASE: u32 priority[128]; from +0x200 u32 claimed[4]; from +0x400 for each context 32 bytes: u32 enable[4], u32 threshold.
 * One vCPU runs it today; with more, the claim must become a compare-exchange on `claimed`.
 */
import { IRQ_EDGE, IRQ_LEVEL, PLIC_BASE, VM_VCPU_COUNT } from '../layout';

export const PLIC_SOURCES: u32 = 96;
const PRIORITY_MASK: u32 = 7;
const WORDS: u32 = PLIC_SOURCES / 32;

const STATE_PRIORITY: u32 = PLIC_BASE;
const STATE_CLAIMED: u32 = PLIC_BASE + 0x200;
const STATE_CONTEXTS: u32 = PLIC_BASE + 0x400;
const CONTEXT_STRIDE: u32 = 32;
const CONTEXT_THRESHOLD: u32 = 16;

const PENDING_BASE: u32 = 0x1000;
const ENABLE_BASE: u32 = 0x2000;
const ENABLE_STRIDE: u32 = 0x80;
const CONTEXT_BASE: u32 = 0x200000;

function contexts(): u32 {
  return load<u32>(VM_VCPU_COUNT) * 2;
}

export function plicReset(): void {
  memory.fill(PLIC_BASE, 0, 0x400 + contexts() * CONTEXT_STRIDE);
  for (let word: u32 = 0; word < WORDS; word++) atomic.store<u32>(IRQ_EDGE + word * 4, 0);
}

function pendingWord(word: u32): u32 {
  const lines = atomic.load<u32>(IRQ_LEVEL + word * 4) | atomic.load<u32>(IRQ_EDGE + word * 4);
  const pending = lines & ~load<u32>(STATE_CLAIMED + word * 4);
  return word == 0 ? pending & ~1 : pending;
}

/** The pending and enabled source of highest priority above `floor` for a context, lowest number first; 0: none. */
function best(context: u32, floor: u32): u32 {
  const state = STATE_CONTEXTS + context * CONTEXT_STRIDE;
  let found: u32 = 0;
  let priority = floor;
  for (let word: u32 = 0; word < WORDS; word++) {
    let bits = pendingWord(word) & load<u32>(state + word * 4);
    while (bits != 0) {
      const source = word * 32 + <u32>ctz(bits);
      bits &= bits - 1;
      const level = load<u32>(STATE_PRIORITY + source * 4);
      if (level > priority) {
        priority = level;
        found = source;
      }
    }
  }
  return found;
}

/** Whether the controller asserts a context's external interrupt. */
export function plicAsserts(context: u32): bool {
  return best(context, load<u32>(STATE_CONTEXTS + context * CONTEXT_STRIDE, CONTEXT_THRESHOLD)) != 0;
}

/** Registers are 32 bits wide; a wider read sees two of them, a narrower one its part. */
export function plicRead(cpu: usize, offset: u32, size: u32): u64 {
  const low = <u64>readRegister(offset & ~3) >> ((offset & 3) * 8);
  if (size == 8) return low | ((<u64>readRegister(offset + 4)) << 32);
  return low & (((<u64>1) << (size * 8)) - 1);
}

function readRegister(offset: u32): u32 {
  if (offset < PLIC_SOURCES * 4) return load<u32>(STATE_PRIORITY + offset);
  if (offset >= PENDING_BASE && offset < PENDING_BASE + WORDS * 4)
    return pendingWord((offset - PENDING_BASE) / 4);
  if (offset >= ENABLE_BASE && offset < ENABLE_BASE + contexts() * ENABLE_STRIDE) {
    const word = (offset % ENABLE_STRIDE) / 4;
    return word < WORDS
      ? load<u32>(STATE_CONTEXTS + ((offset - ENABLE_BASE) / ENABLE_STRIDE) * CONTEXT_STRIDE + word * 4)
      : 0;
  }
  if (offset >= CONTEXT_BASE && offset < CONTEXT_BASE + contexts() * 0x1000) {
    const context = (offset - CONTEXT_BASE) >> 12;
    const register = offset & 0xfff;
    if (register == 0) return load<u32>(STATE_CONTEXTS + context * CONTEXT_STRIDE, CONTEXT_THRESHOLD);
    if (register == 4) return claim(context);
  }
  return 0;
}

/** A claim ignores the threshold (section 9) and closes the source's gateway until it is completed. */
function claim(context: u32): u32 {
  const source = best(context, 0);
  if (source != 0) {
    const word = (source >> 5) * 4;
    const bit = (<u32>1) << (source & 31);
    store<u32>(STATE_CLAIMED + word, load<u32>(STATE_CLAIMED + word) | bit);
    atomic.and<u32>(IRQ_EDGE + word, ~bit);
  }
  return source;
}

export function plicWrite(cpu: usize, offset: u32, value: u64, size: u32): void {
  if (size < 4) return;
  writeRegister(offset, <u32>value);
  if (size == 8) writeRegister(offset + 4, <u32>(value >> 32));
}

function writeRegister(offset: u32, value: u32): void {
  if (offset < PLIC_SOURCES * 4) {
    if (offset != 0) store<u32>(STATE_PRIORITY + offset, value & PRIORITY_MASK);
  } else if (offset >= ENABLE_BASE && offset < ENABLE_BASE + contexts() * ENABLE_STRIDE) {
    const word = (offset % ENABLE_STRIDE) / 4;
    if (word < WORDS)
      store<u32>(
        STATE_CONTEXTS + ((offset - ENABLE_BASE) / ENABLE_STRIDE) * CONTEXT_STRIDE + word * 4,
        word == 0 ? value & ~1 : value,
      );
  } else if (offset >= CONTEXT_BASE && offset < CONTEXT_BASE + contexts() * 0x1000) {
    const context = (offset - CONTEXT_BASE) >> 12;
    const register = offset & 0xfff;
    if (register == 0)
      store<u32>(STATE_CONTEXTS + context * CONTEXT_STRIDE, value & PRIORITY_MASK, CONTEXT_THRESHOLD);
    else if (register == 4) complete(context, value);
  }
}

/** A completion counts only if the source is enabled for the context (section 10). */
function complete(context: u32, source: u32): void {
  if (source >= PLIC_SOURCES) return;
  const word = (source >> 5) * 4;
  const bit = (<u32>1) << (source & 31);
  if (load<u32>(STATE_CONTEXTS + context * CONTEXT_STRIDE + word) & bit) {
    store<u32>(STATE_CLAIMED + word, load<u32>(STATE_CLAIMED + word) & ~bit);
  }
}
