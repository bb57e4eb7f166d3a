/** Entry of build/core-x86.debug.wasm: every export of the core of x86 guests, and what only tests call. */
import { stateOf } from './core';
import { x86Reset } from './guest/x86/reset';
import { pcIrqchipReset } from './irqchip/pc';
import { restartState } from './testing-core';

export * from './index-x86';
export { queueBlock, queueInterpreted } from './testing-core';
export * from './ir/testing';

/**
 * Resets the vCPU and the machine's interrupt controllers as reset() does, but keeps blocks and regions. Whoever changes RAM before it says so
 * in STALE_PAGES.
 */
export function restart(index: u32, pc: u64, model: u64): void {
  if (index == 0) pcIrqchipReset();
  restartState(stateOf(index), index, pc);
  x86Reset(stateOf(index), <u32>model);
}
