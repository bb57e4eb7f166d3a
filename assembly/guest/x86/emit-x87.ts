/** What the trans functions of x87 share. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as X from './cpu';
import { emit2, emitCall, has, isCode64, memAddress, memOffset, thisEip } from './emit';
import * as I from './insn';
import { noteOf } from './x87';

/**
 * u16: whose selectors the block has noted already: bit s for FDS of segment s, NOTED_CODE for FCS. Far transfers and loads of segment registers end blocks;
 * instructions that write the pointers themselves call forgetPointers.
 */
const NOTED: u32 = B.EMIT_GUEST + 4;
const NOTED_CODE: u32 = 0x100;
const NOTED_DATA: u32 = 0xff;

/** Calls a helper, then notes the instruction's pointers: a helper that raises #MF leaves those of the instruction that is to blame. */
export function emitX87(e: usize, i: usize, helper: u32, b: u32, c: u32, immediate: u32): u32 {
  const result = emitCall(e, O.OP_CALLX, helper, b, c, 0, immediate);
  emitPointers(e, i);
  return result;
}

/** The same for an instruction that nearly always is one of quick-x87.ts. */
export function emitX87Quick(
  e: usize,
  i: usize,
  helper: u32,
  quick: u32,
  b: u32,
  c: u32,
  immediate: u32,
): u32 {
  const result = B.emitTemp(e);
  B.emit(e, O.OP_CALLQ, result, b, c, B.quickWord(helper, quick, immediate));
  emitPointers(e, i);
  return result;
}

/** Opcode, address and operand's address, with their selectors. Without a memory operand its pointer stays. SDM 1, 8.1.8. */
function emitPointers(e: usize, i: usize): void {
  const modrm = <u32>load<u8>(i, I.INSN_MODRM);
  const opcode = ((<u32>load<u8>(i, I.INSN_OPCODE) & 7) << 8) | modrm;
  B.emit(e, O.OP_MOVI, X.X87_FIP, 0, 0, noteOf(thisEip(e), opcode));
  emitSelector(e, X.X87_FCS, X.SEG_CS, NOTED_CODE, NOTED_CODE);
  if (modrm >= 0xc0) return;
  const segment = <u32>load<u8>(i, I.INSN_SEGMENT);
  emitSelector(e, X.X87_FDS, segment, NOTED_DATA, 1 << segment);
  const address = memAddress(e, i, 1, false);
  if (segment >= X.SEG_FS || (!isCode64(e) && !has(e, X.BLOCK_FLAT))) {
    const offset = emit2(e, O.OP_SUB, address, X.SEG_BASE + (segment << 3));
    B.emit(e, O.OP_ADDI, X.X87_FDP, offset, 0, memOffset(i));
  } else B.emit(e, O.OP_ADDI, X.X87_FDP, address, 0, memOffset(i));
}

/** After an instruction that changed the pointers of the last one. */
export function forgetPointers(e: usize): void {
  store<u16>(e, 0, NOTED);
}

/** Copies a selector unless the block's last x87 instruction did. In 64-bit code blocks go on behind a load of a data segment register. */
function emitSelector(e: usize, to: u32, segment: u32, all: u32, bit: u32): void {
  const noted = <u32>load<u16>(e, NOTED);
  if ((noted & all) == bit && !isCode64(e)) return;
  B.emit(e, O.OP_MOV, to, X.X86_SEG + (segment << 4), 0, 0);
  store<u16>(e, <u16>((noted & ~all) | bit), NOTED);
}
