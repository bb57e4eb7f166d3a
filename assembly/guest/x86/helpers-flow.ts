/** Helpers of near jumps. */
import { raise } from '../../vcpu/exception';
import * as X from './cpu';
import { segmentCache } from './mode';

/** Helper (callx): b = EIP of a near jump outside 64-bit code. #GP(0) if it is beyond the limit of CS. SDM 2, JMP. */
export function helperCheckTarget(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (b > <u64>load<u32>(segmentCache(cpu, X.SEG_CS), X.SEG_LIMIT)) raise(cpu, X.EXC_GP, 0);
  return 0;
}
