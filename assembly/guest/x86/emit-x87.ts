/** What the trans functions of x87 share. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as X from './cpu';
import { emit1, emit2, emitCall, has, isCode64, memAddress, memOffset, thisEip } from './emit';
import * as I from './insn';
import * as S from './x87';

/** Calls a helper, then notes the instruction's address and its operand's: a helper that raises #MF leaves those of the instruction that is to blame. */
export function emitX87(e: usize, i: usize, helper: u32, b: u32, c: u32, immediate: u32): u32 {
  const modrm = <u32>load<u8>(i, I.INSN_MODRM);
  const opcode = ((<u32>load<u8>(i, I.INSN_OPCODE) & 7) << 8) | modrm;
  const segment = <u32>load<u8>(i, I.INSN_SEGMENT);
  const where = (opcode << S.IMM_OPCODE) | ((segment & 7) << S.IMM_SEGMENT);
  const result = emitCall(e, O.OP_CALLX, helper, b, c, 0, immediate | where);
  B.emit(e, O.OP_MOVI, X.X87_FIP, 0, 0, thisEip(e));
  if (modrm < 0xc0) emitPointer(e, i, segment);
  return result;
}

/** FDP: the memory operand's offset in its segment. */
function emitPointer(e: usize, i: usize, segment: u32): void {
  const address = memAddress(e, i, 1, false);
  const outer = segment >= X.SEG_FS;
  if (outer || (!isCode64(e) && !has(e, X.BLOCK_FLAT))) {
    const offset = emit2(e, O.OP_SUB, address, X.SEG_BASE + (segment << 3));
    B.emit(e, O.OP_ADDI, X.X87_FDP, offset, 0, memOffset(i));
  } else B.emit(e, O.OP_ADDI, X.X87_FDP, address, 0, memOffset(i));
}
