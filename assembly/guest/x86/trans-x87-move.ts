/** x87 loads, stores, moves and constants. SDM 2. */
import * as B from '../../ir/builder';
import * as O from '../../ir/ops.gen';
import * as X from './cpu';
import {
  emit1,
  emitConstant,
  emitLoadOperand,
  isMemory,
  memAddress,
  memOffset,
  mmuIndex,
  operandRegister,
  operandSize,
} from './emit';
import { emitConditionValue } from './emit-cc';
import { emitX87, emitX87Quick } from './emit-x87';
import * as H from './helpers-x87-move';
import * as I from './insn';
import * as Q from './quick-x87';
import { x87Unavailable } from './trans-x87-control';
import * as S from './x87';

function loadMemory(e: usize, i: usize, operation: u32): bool {
  if (x87Unavailable(e)) return true;
  const size = operandSize(i, 0);
  if (size == I.SIZE_TBYTE) {
    const address = memAddress(e, i, 10, false);
    const low = B.emitTemp(e);
    const high = B.emitTemp(e);
    B.emit(e, O.OP_LD64, low, address, mmuIndex(e), memOffset(i));
    B.emit(e, O.OP_LD16U, high, address, mmuIndex(e), memOffset(i) + 8);
    emitX87Quick(e, i, H.helperX87Load.index, Q.quickX87Load.index, low, high, operation);
    return true;
  }
  const value = emitLoadOperand(e, i, size);
  const double = operation == H.AS_FLOAT && size == 3;
  const quick = double ? Q.quickX87LoadDouble.index : Q.quickX87Load.index;
  emitX87Quick(e, i, H.helperX87Load.index, quick, value, 0, operation | (size << S.IMM_FROM));
  return true;
}

export function transFld(e: usize, i: usize): bool {
  if (isMemory(i, 0)) return loadMemory(e, i, operandSize(i, 0) == I.SIZE_TBYTE ? H.AS_EXTENDED : H.AS_FLOAT);
  if (!x87Unavailable(e)) {
    const from = operandRegister(i, 0) << S.IMM_FROM;
    emitX87Quick(e, i, H.helperX87Duplicate.index, Q.quickX87Duplicate.index, 0, 0, from);
  }
  return true;
}

export function transFild(e: usize, i: usize): bool {
  return loadMemory(e, i, H.AS_INTEGER);
}

export function transFbld(e: usize, i: usize): bool {
  return loadMemory(e, i, H.AS_DECIMAL);
}

function storeMemory(e: usize, i: usize, how: u32, pops: u32): bool {
  if (x87Unavailable(e)) return true;
  const size = operandSize(i, 0);
  how |= (pops << S.IMM_POPS) | (mmuIndex(e) << S.IMM_MMU);
  if (size != I.SIZE_TBYTE) how |= size << S.IMM_FROM;
  const address = memAddress(e, i, size == I.SIZE_TBYTE ? 10 : 1 << size, true);
  const offset = memOffset(i);
  const at = offset == 0 ? address : emit1(e, O.OP_ADDI, address, offset);
  const quick = (how & 7) == H.AS_FLOAT && size == 3 ? Q.quickX87StoreDouble.index : Q.quickX87Store.index;
  emitX87Quick(e, i, H.helperX87Store.index, quick, at, 0, how);
  return true;
}

function copyTo(e: usize, i: usize, pops: u32): bool {
  if (!x87Unavailable(e)) {
    const to = operandRegister(i, 0) << S.IMM_TO;
    const how = to | (pops << S.IMM_POPS);
    emitX87Quick(e, i, H.helperX87Copy.index, Q.quickX87Copy.index, 0, 0, how);
  }
  return true;
}

export function transFst(e: usize, i: usize): bool {
  return isMemory(i, 0) ? storeMemory(e, i, H.AS_FLOAT, 0) : copyTo(e, i, 0);
}

export function transFstp(e: usize, i: usize): bool {
  if (!isMemory(i, 0)) return copyTo(e, i, 1);
  return storeMemory(e, i, operandSize(i, 0) == I.SIZE_TBYTE ? H.AS_EXTENDED : H.AS_FLOAT, 1);
}

export function transFist(e: usize, i: usize): bool {
  return storeMemory(e, i, H.AS_INTEGER, 0);
}

export function transFistp(e: usize, i: usize): bool {
  return storeMemory(e, i, H.AS_INTEGER, 1);
}

export function transFisttp(e: usize, i: usize): bool {
  return storeMemory(e, i, H.AS_INTEGER | S.IMM_FLAG, 1);
}

export function transFbstp(e: usize, i: usize): bool {
  return storeMemory(e, i, H.AS_DECIMAL, 1);
}

export function transFxch(e: usize, i: usize): bool {
  if (!x87Unavailable(e)) {
    const from = operandRegister(i, 0) << S.IMM_FROM;
    emitX87Quick(e, i, H.helperX87Exchange.index, Q.quickX87Exchange.index, 0, 0, from);
  }
  return true;
}

/** The condition is that of Jcc: B, E, BE, U, and their negations in the other opcode. */
export function transFcmovcc(e: usize, i: usize): bool {
  if (x87Unavailable(e)) return true;
  const which = (<u32>load<u8>(i, I.INSN_MODRM) >> 3) & 3;
  const negated: u32 = load<u8>(i, I.INSN_OPCODE) & 1;
  const condition = (which == 3 ? 10 : 2 + 2 * which) | negated;
  const value = emitConditionValue(e, i, condition);
  emitX87(e, i, H.helperX87ConditionalMove.index, value, 0, operandRegister(i, 1) << S.IMM_FROM);
  return true;
}

function free(e: usize, i: usize, pops: u32): bool {
  if (!x87Unavailable(e)) {
    const how = (operandRegister(i, 0) << S.IMM_FROM) | (pops << S.IMM_POPS);
    emitX87(e, i, H.helperX87Free.index, 0, 0, how);
  }
  return true;
}

export function transFfree(e: usize, i: usize): bool {
  return free(e, i, 0);
}

export function transFfreep(e: usize, i: usize): bool {
  return free(e, i, 1);
}

function turn(e: usize, i: usize, by: u32): bool {
  if (!x87Unavailable(e)) emitX87(e, i, H.helperX87Turn.index, 0, 0, by);
  return true;
}

export function transFincstp(e: usize, i: usize): bool {
  return turn(e, i, 1);
}

export function transFdecstp(e: usize, i: usize): bool {
  return turn(e, i, 7);
}

/** Values of a constant relative to the number it stands for. SDM 2, FLD1. */
const EXACT: u32 = 0;
const BELOW: u32 = 1;
const ABOVE: u32 = 1 | S.IMM_FLAG;

function constant(e: usize, i: usize, exponent: u64, significand: u64, how: u32): bool {
  if (x87Unavailable(e)) return true;
  const m = emitConstant(e, significand);
  const t = emitConstant(e, exponent);
  emitX87Quick(e, i, H.helperX87Constant.index, Q.quickX87Constant.index, m, t, how);
  return true;
}

export function transFldz(e: usize, i: usize): bool {
  return constant(e, i, 0, 0, EXACT);
}

export function transFld1(e: usize, i: usize): bool {
  return constant(e, i, 0x3fff, 0x8000000000000000, EXACT);
}

export function transFldpi(e: usize, i: usize): bool {
  return constant(e, i, 0x4000, 0xc90fdaa22168c235, ABOVE);
}

export function transFldl2t(e: usize, i: usize): bool {
  return constant(e, i, 0x4000, 0xd49a784bcd1b8afe, BELOW);
}

export function transFldl2e(e: usize, i: usize): bool {
  return constant(e, i, 0x3fff, 0xb8aa3b295c17f0bc, ABOVE);
}

export function transFldlg2(e: usize, i: usize): bool {
  return constant(e, i, 0x3ffd, 0x9a209a84fbcff799, ABOVE);
}

export function transFldln2(e: usize, i: usize): bool {
  return constant(e, i, 0x3ffe, 0xb17217f7d1cf79ac, ABOVE);
}
