/** x87's environment and its whole state in memory: FLDENV, FNSTENV, FRSTOR, FNSAVE. SDM 2. */
import * as O from '../../ir/ops.gen';
import * as X from './cpu';
import { emit1, emitCall, has, insnSize, memAddress, memOffset, mmuIndex } from './emit';
import { forgetPointers } from './emit-x87';
import * as H from './helpers-x87-environment';
import { x87Unavailable } from './trans-x87-control';

function withEnvironment(e: usize, i: usize, helper: u32, how: u32, write: bool): bool {
  if (x87Unavailable(e)) return true;
  how |= mmuIndex(e);
  if (insnSize(i) >= 2) how |= H.ENVIRONMENT_WIDE;
  if (has(e, X.BLOCK_PE) && !has(e, X.BLOCK_VM)) how |= H.ENVIRONMENT_PROTECTED;
  const address = memAddress(e, i, H.environmentBytes(how), write);
  const offset = memOffset(i);
  const at = offset == 0 ? address : emit1(e, O.OP_ADDI, address, offset);
  emitCall(e, O.OP_CALLX, helper, at, 0, 0, how);
  forgetPointers(e);
  return true;
}

export function transFnstenv(e: usize, i: usize): bool {
  return withEnvironment(e, i, H.helperX87StoreEnvironment.index, 0, true);
}

export function transFnsave(e: usize, i: usize): bool {
  return withEnvironment(e, i, H.helperX87StoreEnvironment.index, H.ENVIRONMENT_REGISTERS, true);
}

export function transFldenv(e: usize, i: usize): bool {
  return withEnvironment(e, i, H.helperX87LoadEnvironment.index, 0, false);
}

export function transFrstor(e: usize, i: usize): bool {
  return withEnvironment(e, i, H.helperX87LoadEnvironment.index, H.ENVIRONMENT_REGISTERS, false);
}
