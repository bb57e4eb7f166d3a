/** x87: control and status words, exceptions, initialisation. SDM 1, chapter 8. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as X from './cpu';
import { emit1, emit2, emitCall, emitRaise, getOperand, has, setOperand } from './emit';
import { quickX87Control } from './quick-x87';
import { forgetPointers } from './emit-x87';
import { helperX87Check, helperX87Clear, helperX87Control, helperX87Init } from './helpers-x87-control';

/** #NM if the unit is off or belongs to another task. True if the instruction has been dealt with. */
export function x87Unavailable(e: usize): bool {
  return has(e, X.BLOCK_FPU_NM) && emitRaise(e, X.EXC_NM, 0);
}

/** An unmasked exception of an earlier instruction is reported before a waiting instruction runs: #MF. */
export function emitX87Check(e: usize): void {
  emitCall(e, O.OP_CALLX, helperX87Check.index, X.X87_STATUS, 0, 0, 0);
}

export function transFnop(e: usize, i: usize): bool {
  if (!x87Unavailable(e)) emitX87Check(e);
  return true;
}

/** Waits: #NM only if CR0.MP says so as well, which the helper finds out. */
export function transFwait(e: usize, i: usize): bool {
  emitCall(e, O.OP_CALLX, helperX87Check.index, X.X87_STATUS, 0, 0, 1);
  return true;
}

export function transFninit(e: usize, i: usize): bool {
  if (x87Unavailable(e)) return true;
  emitCall(e, O.OP_CALLX, helperX87Init.index, 0, 0, 0, 0);
  forgetPointers(e);
  return true;
}

export function transFnclex(e: usize, i: usize): bool {
  if (!x87Unavailable(e)) emitCall(e, O.OP_CALLX, helperX87Clear.index, 0, 0, 0, 0);
  return true;
}

export function transFnstcw(e: usize, i: usize): bool {
  if (!x87Unavailable(e)) setOperand(e, i, 0, X.X87_CONTROL);
  return true;
}

export function transFldcw(e: usize, i: usize): bool {
  if (x87Unavailable(e)) return true;
  const word = B.quickWord(helperX87Control.index, quickX87Control.index, 0);
  B.emit(e, O.OP_CALLQ, B.emitTemp(e), getOperand(e, i, 0), 0, word);
  return true;
}

export function transFnstsw(e: usize, i: usize): bool {
  if (x87Unavailable(e)) return true;
  setOperand(e, i, 0, emit2(e, O.OP_OR, X.X87_STATUS, emit1(e, O.OP_SHLI, X.X87_TOP, 11)));
  return true;
}
