import { CPU_STATE } from '../layout';

/** Adds one to a counter of the vCPU's communication block. */
export function count(cpu: usize, counter: u32): void {
  const at = cpu - CPU_STATE + counter;
  store<u64>(at, load<u64>(at) + 1);
}
