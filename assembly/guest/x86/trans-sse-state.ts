/** FXSAVE, FXRSTOR, XSAVE, XSAVEOPT, XSAVEC, XRSTOR. SDM volume 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as X from './cpu';
import { emit1, emit2, emitCall, emitRaise, has, hasPrefix, memAddress, memOffset, mmuIndex } from './emit';
import { forgetPointers } from './emit-x87';
import {
  helperFxrstor,
  helperFxsave,
  helperXrstor,
  helperXsave,
  STATE_COMPACT,
  STATE_OPTIMISED,
  STATE_WIDE,
} from './helpers-sse-state';
import * as I from './insn';

function areaBytes(isXsave: bool): u32 {
  return isXsave ? 576 : 512;
}

/** Calls a helper with the area's address; of XSAVE's instructions also with EDX:EAX. */
function area(e: usize, i: usize, helper: u32, write: bool, isXsave: bool, kind: u32): bool {
  if (!isXsave && has(e, X.BLOCK_FPU_NM)) return emitRaise(e, X.EXC_NM, 0);
  const address = B.emitTemp(e);
  B.emit(e, O.OP_ADDI, address, memAddress(e, i, areaBytes(isXsave), write), 0, memOffset(i));
  let mask: u32 = X.ZERO;
  if (isXsave) {
    const high = emit1(e, O.OP_SHLI, X.RDX, 32);
    mask = emit2(e, O.OP_OR, high, emit1(e, O.OP_ZEXT32, X.RAX, 0));
  }
  const wide: u32 = hasPrefix(i, I.PREFIX_REX_W) ? STATE_WIDE : 0;
  emitCall(e, O.OP_CALLG, helper, address, mask, 0, mmuIndex(e) | wide | kind);
  forgetPointers(e);
  return true;
}

export function transFxsave(e: usize, i: usize): bool {
  return area(e, i, helperFxsave.index, true, false, 0);
}

export function transFxrstor(e: usize, i: usize): bool {
  return area(e, i, helperFxrstor.index, false, false, 0);
}

export function transXsave(e: usize, i: usize): bool {
  return area(e, i, helperXsave.index, true, true, 0);
}

export function transXsaveopt(e: usize, i: usize): bool {
  return area(e, i, helperXsave.index, true, true, STATE_OPTIMISED);
}

export function transXsavec(e: usize, i: usize): bool {
  return area(e, i, helperXsave.index, true, true, STATE_COMPACT);
}

export function transXrstor(e: usize, i: usize): bool {
  return area(e, i, helperXrstor.index, false, true, 0);
}
