/** Entry of build/core.debug.wasm: every export of the core of RISC-V guests, and what only tests call. */
import { stateOf } from './core';
import { riscvReset } from './guest/riscv/reset';
import { aclintReset } from './irqchip/aclint';
import { plicReset } from './irqchip/plic';
import { restartState } from './testing-core';

export * from './index';
export { queueBlock, queueInterpreted } from './testing-core';
export * from './ir/testing';

/**
 * Resets the vCPU and the machine's interrupt controllers as reset() does, but keeps blocks and regions. Whoever changes RAM before it says so
 * in STALE_PAGES.
 */
export function restart(index: u32, pc: u64, hart: u64): void {
  if (index == 0) {
    aclintReset();
    plicReset();
  }
  restartState(stateOf(index), index, pc);
  riscvReset(stateOf(index), hart);
}
