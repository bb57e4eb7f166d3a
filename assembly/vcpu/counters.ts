import { CPU_STATE } from '../layout';

/** Adds to a counter of the vCPU's communication block. */
export function countMore(cpu: usize, counter: u32, more: u64): void {
  const at = cpu - CPU_STATE + counter;
  store<u64>(at, load<u64>(at) + more);
}

/** Adds one to a counter of the vCPU's communication block. */
export function count(cpu: usize, counter: u32): void {
  const at = cpu - CPU_STATE + counter;
  store<u64>(at, load<u64>(at) + 1);
}
