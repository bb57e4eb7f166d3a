/**
 * The IR's validator, run on every block in debug builds. Returns 0, or the index of the first bad operation + 1.
 *
 * Checked: known operation; operands are aligned slots inside the operand area, and slot 0 is not written; shift counts in range; branches land inside
 * the block and go forward; `goto` stays in the block's page; the block ends with an exit; a temporary is written
 * before it is read within its instruction.
 */
import { PAGE_SIZE } from '../layout';
import {
  BLOCK_CODE,
  BLOCK_CROSSES,
  BLOCK_INSN_TABLE,
  BLOCK_INSNS,
  BLOCK_OPS,
  BLOCK_PC,
  BLOCK_STATE,
} from '../tb/block';
import {
  STATE_TEMPS,
  STATE_TEMP_COUNT,
  STATE_VECTOR_TEMP_COUNT,
  STATE_VECTOR_TEMPS,
  STATE_ZERO,
} from '../vcpu/state';
import { OP_A, OP_B, OP_C, OP_IMM, OP_SIZE } from './builder';
import * as O from './ops.gen';

const OPERAND_END: u32 = 0x1000;
const TEMPS_END: u32 = STATE_TEMPS + STATE_TEMP_COUNT * 8;
const VECTOR_TEMPS_END: u32 = STATE_VECTOR_TEMPS + STATE_VECTOR_TEMP_COUNT * 16;

export function irValidate(block: usize): u32 {
  const ops = <u32>load<u16>(block, BLOCK_OPS);
  const insns = <u32>load<u16>(block, BLOCK_INSNS);
  if (ops == 0 || insns == 0) return 1;
  const table: usize = load<u32>(block, BLOCK_INSN_TABLE);
  let insn: u32 = 0;
  let written: u64 = 0;
  let vectors: u64 = 0;
  for (let i: u32 = 0; i < ops; i++) {
    while (insn < insns && <u32>load<u16>(table + (insn << 2)) <= i) {
      insn += 1;
      written = 0;
      vectors = 0;
    }
    const op = block + BLOCK_CODE + i * OP_SIZE;
    const code = <u32>load<u16>(op);
    if (code >= O.OP_COUNT) return i + 1;
    const signature = O.irSignature(code);
    const effect = signature >> 12;
    if (!irOperandHolds(op, OP_B, (signature >> 3) & 7, written, vectors)) return i + 1;
    if (!irOperandHolds(op, OP_C, (signature >> 6) & 7, written, vectors)) return i + 1;
    if (!irOperandHolds(op, OP_A, signature & 7, written, vectors)) return i + 1;
    const a = <u32>load<u16>(op, OP_A);
    written |= irWritesTemp(signature & 7, a);
    vectors |= irWritesVectorTemp(signature & 7, a);
    const immediate = load<i64>(op, OP_IMM);
    const kind = (signature >> 9) & 7;
    if (kind == O.IMM_SHIFT && <u64>immediate > 63) return i + 1;
    if (kind == O.IMM_SKIP && (<u64>immediate >= ops || i + 1 + <u32>immediate >= ops)) return i + 1;
    if (
      code == O.OP_GOTO &&
      (load<u32>(block, BLOCK_STATE) & BLOCK_CROSSES) == 0 &&
      (<u64>immediate ^ load<u64>(block, BLOCK_PC)) >= PAGE_SIZE
    )
      return i + 1;
    if (i == ops - 1 && effect != O.EFFECT_EXIT) return i + 1;
  }
  return insn == insns ? 0 : ops;
}

/** The bit of the temporary that an operand of that kind writes, or 0. */
export function irWritesTemp(kind: u32, slot: u32): u64 {
  if (kind != O.OPERAND_WRITE || slot < STATE_TEMPS || slot >= TEMPS_END) return 0;
  return (<u64>1) << ((slot - STATE_TEMPS) >> 3);
}

/** The same of temporaries of 16 bytes. */
export function irWritesVectorTemp(kind: u32, slot: u32): u64 {
  if (kind != O.OPERAND_VWRITE || slot < STATE_VECTOR_TEMPS || slot >= VECTOR_TEMPS_END) return 0;
  return (<u64>1) << ((slot - STATE_VECTOR_TEMPS) >> 4);
}

/**
 * Whether an operand is an aligned slot of the operand area, not slot 0 if it is written, and a temporary of its type that was written before if
 * it is read (`written` and `vectors` have a bit for each).
 */
export function irOperandHolds(op: usize, field: usize, kind: u32, written: u64, vectors: u64): bool {
  const slot = <u32>load<u16>(op + field);
  if (kind == O.OPERAND_NONE || kind == O.OPERAND_MMU || kind == O.OPERAND_NUMBER) return true;
  const isVector = kind == O.OPERAND_VREAD || kind == O.OPERAND_VWRITE;
  if (slot & (isVector ? 15 : 7) || slot >= OPERAND_END) return false;
  if ((kind == O.OPERAND_WRITE || isVector) && slot == STATE_ZERO) return false;
  if (slot < STATE_TEMPS || slot >= VECTOR_TEMPS_END) return true;
  if (isVector != slot >= STATE_VECTOR_TEMPS) return false;
  if (kind == O.OPERAND_READ) return ((written >> ((slot - STATE_TEMPS) >> 3)) & 1) != 0;
  if (kind == O.OPERAND_VREAD) return ((vectors >> ((slot - STATE_VECTOR_TEMPS) >> 4)) & 1) != 0;
  return true;
}
