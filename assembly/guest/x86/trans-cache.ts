/** Fences and cache control. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import { emitLoadOperand } from './emit';

/** LFENCE, MFENCE, SFENCE. */
export function transFence(e: usize, i: usize): bool {
  B.emit(e, O.OP_FENCE, 0, 0, 0, 0);
  return true;
}

/** CLFLUSH, CLFLUSHOPT, CLWB: there is no cache to flush, but they raise what a load of a byte raises. */
export function transClflush(e: usize, i: usize): bool {
  emitLoadOperand(e, i, 0);
  return true;
}
