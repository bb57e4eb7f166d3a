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
import { STATE_TEMPS, STATE_TEMP_COUNT, STATE_ZERO } from '../vcpu/state';
import { OP_A, OP_B, OP_C, OP_IMM, OP_SIZE } from './builder';
import * as O from './ops.gen';

const OPERAND_END: u32 = 0x1000;

export function irValidate(block: usize): u32 {
  const ops = <u32>load<u16>(block, BLOCK_OPS);
  const insns = <u32>load<u16>(block, BLOCK_INSNS);
  if (ops == 0 || insns == 0) return 1;
  const table: usize = load<u32>(block, BLOCK_INSN_TABLE);
  let insn: u32 = 0;
  let written: u64 = 0;
  for (let i: u32 = 0; i < ops; i++) {
    while (insn < insns && <u32>load<u16>(table + (insn << 2)) <= i) {
      insn += 1;
      written = 0;
    }
    const op = block + BLOCK_CODE + i * OP_SIZE;
    const code = <u32>load<u16>(op);
    if (code >= O.OP_COUNT) return i + 1;
    const signature = O.irSignature(code);
    const effect = signature >> 12;
    if (!irOperandHolds(op, OP_B, (signature >> 3) & 7, written)) return i + 1;
    if (!irOperandHolds(op, OP_C, (signature >> 6) & 7, written)) return i + 1;
    if (!irOperandHolds(op, OP_A, signature & 7, written)) return i + 1;
    const a = <u32>load<u16>(op, OP_A);
    if (irWritesTemp(signature & 7, a)) written |= (<u64>1) << ((a - STATE_TEMPS) >> 3);
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

/** Whether an operand of that kind writes a temporary. */
export function irWritesTemp(kind: u32, slot: u32): bool {
  if (kind != O.OPERAND_WRITE && kind != O.OPERAND_VWRITE) return false;
  return slot >= STATE_TEMPS && slot < STATE_TEMPS + 64 * 8;
}

/** Whether an operand is an aligned slot of the operand area, not slot 0 if it is written, and a temporary that is read one of those written (a bit each). */
export function irOperandHolds(op: usize, field: usize, kind: u32, written: u64): bool {
  const slot = <u32>load<u16>(op + field);
  if (kind == O.OPERAND_NONE || kind == O.OPERAND_MMU || kind == O.OPERAND_NUMBER) return true;
  const isVector = kind == O.OPERAND_VREAD || kind == O.OPERAND_VWRITE;
  if (slot & (isVector ? 15 : 7) || slot >= OPERAND_END) return false;
  if ((kind == O.OPERAND_WRITE || isVector) && slot == STATE_ZERO) return false;
  const isRead = kind == O.OPERAND_READ || kind == O.OPERAND_VREAD;
  if (isRead && slot >= STATE_TEMPS && slot < STATE_TEMPS + 64 * 8)
    return ((written >> ((slot - STATE_TEMPS) >> 3)) & 1) != 0;
  return slot < STATE_TEMPS + 64 * 8 || slot >= STATE_TEMPS + STATE_TEMP_COUNT * 8;
}
