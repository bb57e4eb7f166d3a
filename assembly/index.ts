/** Every Wasm export of the core, nothing else. All state lies in the memory that the creator passes in: see layout.ts. */
import { CPU_STATE, VCPU_BASE, VCPU_STRIDE } from './layout';
import { aclintReset } from './irqchip/aclint';
import { plicReset } from './irqchip/plic';
import { csrPeek } from './guest/riscv/csr';
import { vcpuReset, vcpuRun, vcpuSleepMs, vcpuSlept } from './vcpu/run';

/** Linear address of a vCPU's state struct. */
export function stateOf(index: u32): usize {
  return VCPU_BASE + index * VCPU_STRIDE + CPU_STATE;
}

/** Resets a vCPU; the one with index 0 also resets the interrupt controllers and timers of the machine. */
export function reset(index: u32, pc: u64, hart: u64): void {
  if (index == 0) {
    aclintReset();
    plicReset();
  }
  vcpuReset(stateOf(index), index, pc, hart);
}

/** Runs a vCPU for a few ms; returns RESULT_*. */
export function run(index: u32): u32 {
  return vcpuRun(stateOf(index));
}

/** After RESULT_HALT: how long to sleep, in ms. */
export function sleepMs(index: u32): f64 {
  return vcpuSleepMs(stateOf(index));
}

/** After the sleep: how long it was, in ms, and whether it ended by time-out. */
export function slept(index: u32, ms: f64, timedOut: bool): void {
  vcpuSlept(stateOf(index), ms, timedOut);
}

/** Reads a control and status register for a dump. */
export function peekCsr(index: u32, csr: u32): u64 {
  return csrPeek(stateOf(index), csr);
}
