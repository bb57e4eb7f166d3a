/** Emits the operations of the IR that compute a result from slots and constants: no memory, no helper, no branch. */
import * as O from '../ir/ops.gen';
import * as W from './wasm-bytes';
import * as I from './wasm-imports';
import { getB, getC, getSlot, immediate, setA } from './wasm-slots';

/** a = b ∘ c and a = b ∘ imm for operators that Wasm has. */
export function emitBinary(cpu: usize, w: usize, op: usize, code: u32): bool {
  let opcode: u32 = 0;
  let register = true;
  switch (code) {
    case O.OP_ADD:
      opcode = W.WASM_I64_ADD;
      break;
    case O.OP_SUB:
      opcode = W.WASM_I64_SUB;
      break;
    case O.OP_AND:
      opcode = W.WASM_I64_AND;
      break;
    case O.OP_OR:
      opcode = W.WASM_I64_OR;
      break;
    case O.OP_XOR:
      opcode = W.WASM_I64_XOR;
      break;
    case O.OP_SHL:
      opcode = W.WASM_I64_SHL;
      break;
    case O.OP_SHR:
      opcode = W.WASM_I64_SHR_U;
      break;
    case O.OP_SAR:
      opcode = W.WASM_I64_SHR_S;
      break;
    case O.OP_ROL:
      opcode = W.WASM_I64_ROTL;
      break;
    case O.OP_ROR:
      opcode = W.WASM_I64_ROTR;
      break;
    case O.OP_MUL:
      opcode = W.WASM_I64_MUL;
      break;
    default:
      register = false;
  }
  if (!register) {
    switch (code) {
      case O.OP_ADDI:
        opcode = W.WASM_I64_ADD;
        break;
      case O.OP_ANDI:
        opcode = W.WASM_I64_AND;
        break;
      case O.OP_ORI:
        opcode = W.WASM_I64_OR;
        break;
      case O.OP_XORI:
        opcode = W.WASM_I64_XOR;
        break;
      case O.OP_SHLI:
        opcode = W.WASM_I64_SHL;
        break;
      case O.OP_SHRI:
        opcode = W.WASM_I64_SHR_U;
        break;
      case O.OP_SARI:
        opcode = W.WASM_I64_SHR_S;
        break;
      case O.OP_RORI:
        opcode = W.WASM_I64_ROTR;
        break;
      default:
        return false;
    }
  }
  getB(cpu, w, op);
  if (register) getC(cpu, w, op);
  else W.putI64(w, immediate(op));
  W.put(w, opcode);
  setA(cpu, w, op);
  return true;
}

/** The same for 32-bit operators. */
export function emitBinary32(cpu: usize, w: usize, op: usize, code: u32): bool {
  let opcode: u32 = 0;
  let register = true;
  switch (code) {
    case O.OP_ADD_32:
    case O.OP_ADDU_32:
      opcode = W.WASM_I32_ADD;
      break;
    case O.OP_SUB_32:
    case O.OP_SUBU_32:
      opcode = W.WASM_I32_SUB;
      break;
    case O.OP_MUL_32:
    case O.OP_MULU_32:
      opcode = W.WASM_I32_MUL;
      break;
    case O.OP_SHL_32:
    case O.OP_SHLU_32:
      opcode = W.WASM_I32_SHL;
      break;
    case O.OP_SHR_32:
    case O.OP_SHRU_32:
      opcode = W.WASM_I32_SHR_U;
      break;
    case O.OP_SAR_32:
    case O.OP_SARU_32:
      opcode = W.WASM_I32_SHR_S;
      break;
    case O.OP_ROL_32:
    case O.OP_ROLU_32:
      opcode = W.WASM_I32_ROTL;
      break;
    case O.OP_ROR_32:
    case O.OP_RORU_32:
      opcode = W.WASM_I32_ROTR;
      break;
    default:
      register = false;
  }
  if (!register) {
    switch (code) {
      case O.OP_ADDI_32:
      case O.OP_ADDIU_32:
        opcode = W.WASM_I32_ADD;
        break;
      case O.OP_SHLI_32:
      case O.OP_SHLIU_32:
        opcode = W.WASM_I32_SHL;
        break;
      case O.OP_SHRI_32:
      case O.OP_SHRIU_32:
        opcode = W.WASM_I32_SHR_U;
        break;
      case O.OP_SARI_32:
      case O.OP_SARIU_32:
        opcode = W.WASM_I32_SHR_S;
        break;
      case O.OP_RORI_32:
      case O.OP_RORIU_32:
        opcode = W.WASM_I32_ROTR;
        break;
      default:
        return false;
    }
  }
  getB(cpu, w, op);
  W.put(w, W.WASM_I32_WRAP);
  if (register) {
    getC(cpu, w, op);
    W.put(w, W.WASM_I32_WRAP);
  } else W.putI32(w, <u32>immediate(op));
  W.put(w, opcode);
  const unsigned = code >= O.OP_ADDU_32 && code <= O.OP_RORIU_32;
  W.put(w, unsigned ? W.WASM_I64_EXTEND_I32_U : W.WASM_I64_EXTEND_I32_S);
  setA(cpu, w, op);
  return true;
}

/** a = import(b, c) */
function emitImported(cpu: usize, w: usize, op: usize, index: u32): void {
  getB(cpu, w, op);
  getC(cpu, w, op);
  W.putCall(w, index);
  setA(cpu, w, op);
}

function emitUnary(cpu: usize, w: usize, op: usize, opcode: u32): void {
  getB(cpu, w, op);
  W.put(w, opcode);
  setA(cpu, w, op);
}

function emitUnary32(cpu: usize, w: usize, op: usize, opcode: u32): void {
  getB(cpu, w, op);
  W.put(w, W.WASM_I32_WRAP);
  W.put(w, opcode);
  W.put(w, W.WASM_I64_EXTEND_I32_U);
  setA(cpu, w, op);
}

/** a = b ∘ c ? 1 : 0, or the lesser or greater of both. */
function emitCompare(cpu: usize, w: usize, op: usize, opcode: u32, select: bool): void {
  if (select) {
    getB(cpu, w, op);
    getC(cpu, w, op);
  }
  getB(cpu, w, op);
  getC(cpu, w, op);
  W.put(w, opcode);
  W.put(w, select ? W.WASM_SELECT : W.WASM_I64_EXTEND_I32_U);
  setA(cpu, w, op);
}

function emitCompareImmediate(cpu: usize, w: usize, op: usize, opcode: u32): void {
  getB(cpu, w, op);
  W.putI64(w, immediate(op));
  W.put(w, opcode);
  W.put(w, W.WASM_I64_EXTEND_I32_U);
  setA(cpu, w, op);
}

/** a = (b combined with the first operator's constant) << imm, + c if there is one. */
function emitShiftAdd(cpu: usize, w: usize, op: usize, unsignedWord: bool, add: bool): void {
  getB(cpu, w, op);
  if (unsignedWord) {
    W.put(w, W.WASM_I32_WRAP);
    W.put(w, W.WASM_I64_EXTEND_I32_U);
  }
  W.putI64(w, immediate(op));
  W.put(w, W.WASM_I64_SHL);
  if (add) {
    getC(cpu, w, op);
    W.put(w, W.WASM_I64_ADD);
  }
  setA(cpu, w, op);
}

/** a = b with the first operand of the operator negated: b ∘ ~c, ~(b ^ c). */
function emitNegated(cpu: usize, w: usize, op: usize, opcode: u32, after: bool): void {
  getB(cpu, w, op);
  getC(cpu, w, op);
  if (!after) {
    W.putI64(w, -1);
    W.put(w, W.WASM_I64_XOR);
  }
  W.put(w, opcode);
  if (after) {
    W.putI64(w, -1);
    W.put(w, W.WASM_I64_XOR);
  }
  setA(cpu, w, op);
}

/** Ones in as many low bits as the operation's bit field has. */
function fieldMask(op: usize): i64 {
  return ((<i64>1) << (immediate(op) >> 8)) - 1;
}

function emitDeposit(cpu: usize, w: usize, op: usize): void {
  const first = immediate(op) & 63;
  getB(cpu, w, op);
  W.putI64(w, ~(fieldMask(op) << first));
  W.put(w, W.WASM_I64_AND);
  getC(cpu, w, op);
  W.putI64(w, fieldMask(op));
  W.put(w, W.WASM_I64_AND);
  if (first != 0) {
    W.putI64(w, first);
    W.put(w, W.WASM_I64_SHL);
  }
  W.put(w, W.WASM_I64_OR);
  setA(cpu, w, op);
}

export function emitRest(cpu: usize, w: usize, op: usize, code: u32): void {
  switch (code) {
    case O.OP_MOV:
      getB(cpu, w, op);
      setA(cpu, w, op);
      break;
    case O.OP_MOVI:
      W.putI64(w, immediate(op));
      setA(cpu, w, op);
      break;
    case O.OP_ANDN:
      emitNegated(cpu, w, op, W.WASM_I64_AND, false);
      break;
    case O.OP_ORN:
      emitNegated(cpu, w, op, W.WASM_I64_OR, false);
      break;
    case O.OP_XNOR:
      emitNegated(cpu, w, op, W.WASM_I64_XOR, true);
      break;
    case O.OP_MULHU:
      emitImported(cpu, w, op, I.IMPORT_MULHU);
      break;
    case O.OP_MULHS:
      emitImported(cpu, w, op, I.IMPORT_MULHS);
      break;
    case O.OP_MULHSU:
      emitImported(cpu, w, op, I.IMPORT_MULHSU);
      break;
    case O.OP_DIVS:
      emitImported(cpu, w, op, I.IMPORT_DIVS);
      break;
    case O.OP_DIVU:
      emitImported(cpu, w, op, I.IMPORT_DIVU);
      break;
    case O.OP_REMS:
      emitImported(cpu, w, op, I.IMPORT_REMS);
      break;
    case O.OP_REMU:
      emitImported(cpu, w, op, I.IMPORT_REMU);
      break;
    case O.OP_DIVS_32:
      emitImported(cpu, w, op, I.IMPORT_DIVS_32);
      break;
    case O.OP_DIVU_32:
      emitImported(cpu, w, op, I.IMPORT_DIVU_32);
      break;
    case O.OP_REMS_32:
      emitImported(cpu, w, op, I.IMPORT_REMS_32);
      break;
    case O.OP_REMU_32:
      emitImported(cpu, w, op, I.IMPORT_REMU_32);
      break;
    case O.OP_LTS:
      emitCompare(cpu, w, op, W.WASM_I64_LT_S, false);
      break;
    case O.OP_LTU:
      emitCompare(cpu, w, op, W.WASM_I64_LT_U, false);
      break;
    case O.OP_MINS:
      emitCompare(cpu, w, op, W.WASM_I64_LT_S, true);
      break;
    case O.OP_MINU:
      emitCompare(cpu, w, op, W.WASM_I64_LT_U, true);
      break;
    case O.OP_MAXS:
      emitCompare(cpu, w, op, W.WASM_I64_GT_S, true);
      break;
    case O.OP_MAXU:
      emitCompare(cpu, w, op, W.WASM_I64_GT_U, true);
      break;
    case O.OP_LTSI:
      emitCompareImmediate(cpu, w, op, W.WASM_I64_LT_S);
      break;
    case O.OP_LTUI:
      emitCompareImmediate(cpu, w, op, W.WASM_I64_LT_U);
      break;
    case O.OP_EQ:
      emitCompare(cpu, w, op, W.WASM_I64_EQ, false);
      break;
    case O.OP_NE:
      emitCompare(cpu, w, op, W.WASM_I64_NE, false);
      break;
    case O.OP_EQI:
      emitCompareImmediate(cpu, w, op, W.WASM_I64_EQ);
      break;
    case O.OP_NEI:
      emitCompareImmediate(cpu, w, op, W.WASM_I64_NE);
      break;
    case O.OP_SELECT:
      getC(cpu, w, op);
      getSlot(cpu, w, <u32>(immediate(op) >> 16) & 0xffff);
      getB(cpu, w, op);
      W.putI64(w, 0);
      W.put(w, W.WASM_I64_NE);
      W.put(w, W.WASM_SELECT);
      setA(cpu, w, op);
      break;
    case O.OP_DEPOSIT:
      emitDeposit(cpu, w, op);
      break;
    case O.OP_EXTRACT:
      getB(cpu, w, op);
      if (immediate(op) & 63) {
        W.putI64(w, immediate(op) & 63);
        W.put(w, W.WASM_I64_SHR_U);
      }
      W.putI64(w, fieldMask(op));
      W.put(w, W.WASM_I64_AND);
      setA(cpu, w, op);
      break;
    case O.OP_SHADD:
      emitShiftAdd(cpu, w, op, false, true);
      break;
    case O.OP_SHADDUW:
      emitShiftAdd(cpu, w, op, true, true);
      break;
    case O.OP_SHLIUW:
      emitShiftAdd(cpu, w, op, true, false);
      break;
    case O.OP_SEXT8:
      emitUnary(cpu, w, op, W.WASM_I64_EXTEND8_S);
      break;
    case O.OP_SEXT16:
      emitUnary(cpu, w, op, W.WASM_I64_EXTEND16_S);
      break;
    case O.OP_SEXT32:
      emitUnary(cpu, w, op, W.WASM_I64_EXTEND32_S);
      break;
    case O.OP_ZEXT32:
      getB(cpu, w, op);
      W.put(w, W.WASM_I32_WRAP);
      W.put(w, W.WASM_I64_EXTEND_I32_U);
      setA(cpu, w, op);
      break;
    case O.OP_CLZ:
      emitUnary(cpu, w, op, W.WASM_I64_CLZ);
      break;
    case O.OP_CTZ:
      emitUnary(cpu, w, op, W.WASM_I64_CTZ);
      break;
    case O.OP_POPCNT:
      emitUnary(cpu, w, op, W.WASM_I64_POPCNT);
      break;
    case O.OP_CLZ_32:
      emitUnary32(cpu, w, op, W.WASM_I32_CLZ);
      break;
    case O.OP_CTZ_32:
      emitUnary32(cpu, w, op, W.WASM_I32_CTZ);
      break;
    case O.OP_POPCNT_32:
      emitUnary32(cpu, w, op, W.WASM_I32_POPCNT);
      break;
    case O.OP_BSWAP:
      getB(cpu, w, op);
      W.putCall(w, I.IMPORT_BSWAP);
      setA(cpu, w, op);
      break;
    case O.OP_ORCB:
      getB(cpu, w, op);
      W.putCall(w, I.IMPORT_ORCB);
      setA(cpu, w, op);
      break;
    default:
      unreachable();
  }
}
