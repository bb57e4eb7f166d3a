/** Entry of build/core-x86.wasm, the core of i386 and x86_64 guests: every Wasm export of it, nothing else. */
import { stateOf } from './core';
import { x86ReadFlags } from './guest/x86/cc';
import { x86Reset } from './guest/x86/reset';
import { pcIrqchipReset } from './irqchip/pc';
import { vcpuReset } from './vcpu/run';

export * from './core';

/**
 * Resets a vCPU, with the MODEL_* that CPUID describes and the executions after which tier 1 takes a block (0: never);
 * the one with index 0 also resets the interrupt controllers and timers of the machine. The program counter is the reset vector's own.
 */
export function reset(index: u32, pc: u64, model: u64, threshold: u32): void {
  if (index == 0) pcIrqchipReset();
  vcpuReset(stateOf(index), index, pc, threshold);
  x86Reset(stateOf(index), <u32>model);
}

/** Reads EFLAGS, whose arithmetic flags lie in the state as what they are made of, for a dump. */
export function peekFlags(index: u32): u32 {
  return x86ReadFlags(stateOf(index));
}
