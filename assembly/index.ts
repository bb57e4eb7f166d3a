/** Entry of build/core.wasm, the core of RISC-V guests: every Wasm export of it, nothing else. */
import { stateOf } from './core';
import { csrPeek } from './guest/riscv/csr';
import { riscvReset } from './guest/riscv/reset';
import { aclintReset } from './irqchip/aclint';
import { plicReset } from './irqchip/plic';
import { vcpuReset } from './vcpu/run';

export * from './core';

/**
 * Resets a vCPU, with the executions after which tier 1 takes a block (0: never); the one with index 0 also resets the interrupt controllers and
 * timers of the machine.
 */
export function reset(index: u32, pc: u64, hart: u64, threshold: u32): void {
  if (index == 0) {
    aclintReset();
    plicReset();
  }
  vcpuReset(stateOf(index), index, pc, threshold);
  riscvReset(stateOf(index), hart);
}

/** Reads a control and status register for a dump. */
export function peekCsr(index: u32, csr: u32): u64 {
  return csrPeek(stateOf(index), csr);
}
