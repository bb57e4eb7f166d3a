/** Helpers of compare and exchange. */
import { raise } from '../../vcpu/exception';
import * as X from './cpu';

/** Helper (callx): #GP(0) if the linear address b is not a multiple of 16. SDM 2, CMPXCHG16B. */
export function helperAligned16(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (b & 15) raise(cpu, X.EXC_GP, 0);
  return 0;
}
