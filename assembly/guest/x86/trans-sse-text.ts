/** String comparisons of SSE4.2. SDM 2, 4.1. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as C from './cc';
import * as X from './cpu';
import { emit1, emitCall, hasPrefix, isMemory, setRegister } from './emit';
import { setCcOp } from './emit-cc';
import * as S from './emit-sse';
import { helperText, TEXT_EXPLICIT, TEXT_MASK, TEXT_WIDE } from './helpers-sse-text';
import * as I from './insn';

/** Memory operands may lie anywhere. */
function compare(e: usize, i: usize, kind: u32): bool {
  if (S.sseOff(e)) return S.sseRaise(e);
  if (isMemory(i, 1)) {
    const t = B.emitTempV(e);
    S.loadVector(e, i, t, false);
    B.emit(e, O.OP_VMOV, X.SSE_B, t, 0, 0);
  } else B.emit(e, O.OP_VMOV, X.SSE_B, S.xmmOperand(i, 1), 0, 0);
  B.emit(e, O.OP_VMOV, X.SSE_A, S.xmmOperand(i, 0), 0, 0);
  const how = S.immediate(i) | kind | (hasPrefix(i, I.PREFIX_REX_W) ? TEXT_WIDE : 0);
  const result = emitCall(e, O.OP_CALLX, helperText.index, X.RAX, X.RDX, 0, how);
  if (kind & TEXT_MASK) B.emit(e, O.OP_VMOV, X.XMM, X.SSE_A, 0, 0);
  else setRegister(e, 1, result, 2);
  B.emit(e, O.OP_MOV, X.CC_SRC, emit1(e, O.OP_SHRI, result, 32), 0, 0);
  setCcOp(e, C.CC_EFLAGS);
  return true;
}

/** The mask goes to XMM0. */
export function transPcmpestrm(e: usize, i: usize): bool {
  return compare(e, i, TEXT_EXPLICIT | TEXT_MASK);
}

/** The index goes to ECX. */
export function transPcmpestri(e: usize, i: usize): bool {
  return compare(e, i, TEXT_EXPLICIT);
}

export function transPcmpistrm(e: usize, i: usize): bool {
  return compare(e, i, TEXT_MASK);
}

export function transPcmpistri(e: usize, i: usize): bool {
  return compare(e, i, 0);
}
