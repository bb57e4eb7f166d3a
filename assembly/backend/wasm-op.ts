/** Emits single operations of the IR as Wasm: ir/ops.def states the meaning, backend/interpreter.ts is the other tier. */
import * as L from '../layout';
import * as O from '../ir/ops.gen';
import { OP_A, OP_B, OP_C, OP_IMM } from '../ir/builder';
import {
  accessLog,
  probeAlign,
  probeBytes,
  probeGroup,
  probeIsFirst,
  probeLocal,
  probeStart,
  probeWrites,
} from '../ir/passes/probe';
import { TLB_ADDEND, TLB_ENTRIES, TLB_MODE_SHIFT, TLB_READ, TLB_WRITE } from '../softmmu/tlb';
import { STATE_BUDGET, STATE_EXCEPTION, STATE_LEAVE, STATE_STATUS, STATE_STATUS_OP } from '../vcpu/state';
import * as W from './wasm-bytes';
import * as I from './wasm-imports';
import {
  LOCAL_ADDRESS,
  LOCAL_BUDGET,
  LOCAL_ENTRY,
  LOCAL_PROBES,
  LOCAL_VALUE,
  localOf,
  ZERO_SLOT,
} from './wasm-locals';
import { faultLabel } from './wasm-region';

export function getSlot(cpu: usize, w: usize, slot: u32): void {
  const local = localOf(cpu, slot);
  if (local != 0) W.putLocalGet(w, local);
  else if (slot == ZERO_SLOT) W.putI64(w, 0);
  else {
    W.putI32(w, 0);
    W.putMemory(w, W.WASM_I64_LOAD, 3, <u32>cpu + slot);
  }
}

/** Stores the value on the stack into a slot. */
function setSlot(cpu: usize, w: usize, slot: u32): void {
  const local = localOf(cpu, slot);
  if (local != 0) W.putLocalSet(w, local);
  else {
    W.putLocalSet(w, LOCAL_VALUE);
    W.putI32(w, 0);
    W.putLocalGet(w, LOCAL_VALUE);
    W.putMemory(w, W.WASM_I64_STORE, 3, <u32>cpu + slot);
  }
}

function getB(cpu: usize, w: usize, op: usize): void {
  getSlot(cpu, w, load<u16>(op, OP_B));
}

function getC(cpu: usize, w: usize, op: usize): void {
  getSlot(cpu, w, load<u16>(op, OP_C));
}

function setA(cpu: usize, w: usize, op: usize): void {
  setSlot(cpu, w, load<u16>(op, OP_A));
}

function immediate(op: usize): i64 {
  return load<i64>(op, OP_IMM);
}

/** Emits an operation of the passes' copy; slow paths get the address of the original, which says where in the guest they are. */
export function emitOperation(cpu: usize, w: usize, op: usize, original: usize): void {
  const code = <u32>load<u16>(op);
  if (code == O.OP_NOP) return;
  const signature = O.irSignature(code);
  const effect = signature >> 12;
  if (effect == O.EFFECT_LOAD) emitLoad(cpu, w, op, original, code);
  else if (effect == O.EFFECT_STORE) emitStore(cpu, w, op, original, code);
  else if (effect == O.EFFECT_ATOMIC) emitAtomic(cpu, w, op, original);
  else if (effect == O.EFFECT_CALL || effect == O.EFFECT_CALLX)
    emitHelper(cpu, w, op, original, effect == O.EFFECT_CALLX);
  else if (code == O.OP_FENCE) W.putCall(w, I.IMPORT_FENCE);
  else if (!emitBinary(cpu, w, op, code) && !emitBinary32(cpu, w, op, code)) emitRest(cpu, w, op, code);
}

/** a = b ∘ c and a = b ∘ imm for operators that Wasm has. */
function emitBinary(cpu: usize, w: usize, op: usize, code: u32): bool {
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
function emitBinary32(cpu: usize, w: usize, op: usize, code: u32): bool {
  let opcode: u32 = 0;
  let register = true;
  switch (code) {
    case O.OP_ADD_32:
      opcode = W.WASM_I32_ADD;
      break;
    case O.OP_SUB_32:
      opcode = W.WASM_I32_SUB;
      break;
    case O.OP_MUL_32:
      opcode = W.WASM_I32_MUL;
      break;
    case O.OP_SHL_32:
      opcode = W.WASM_I32_SHL;
      break;
    case O.OP_SHR_32:
      opcode = W.WASM_I32_SHR_U;
      break;
    case O.OP_SAR_32:
      opcode = W.WASM_I32_SHR_S;
      break;
    case O.OP_ROL_32:
      opcode = W.WASM_I32_ROTL;
      break;
    case O.OP_ROR_32:
      opcode = W.WASM_I32_ROTR;
      break;
    default:
      register = false;
  }
  if (!register) {
    switch (code) {
      case O.OP_ADDI_32:
        opcode = W.WASM_I32_ADD;
        break;
      case O.OP_SHLI_32:
        opcode = W.WASM_I32_SHL;
        break;
      case O.OP_SHRI_32:
        opcode = W.WASM_I32_SHR_U;
        break;
      case O.OP_SARI_32:
        opcode = W.WASM_I32_SHR_S;
        break;
      case O.OP_RORI_32:
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
  W.put(w, W.WASM_I64_EXTEND_I32_S);
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

function emitRest(cpu: usize, w: usize, op: usize, code: u32): void {
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

function memoryOpcode(code: u32): u32 {
  switch (code) {
    case O.OP_LD8U:
      return W.WASM_I64_LOAD8_U;
    case O.OP_LD8S:
      return W.WASM_I64_LOAD8_S;
    case O.OP_LD16U:
      return W.WASM_I64_LOAD16_U;
    case O.OP_LD16S:
      return W.WASM_I64_LOAD16_S;
    case O.OP_LD32U:
      return W.WASM_I64_LOAD32_U;
    case O.OP_LD32S:
      return W.WASM_I64_LOAD32_S;
    case O.OP_ST8:
      return W.WASM_I64_STORE8;
    case O.OP_ST16:
      return W.WASM_I64_STORE16;
    case O.OP_ST32:
      return W.WASM_I64_STORE32;
    case O.OP_ST64:
      return W.WASM_I64_STORE;
  }
  return W.WASM_I64_LOAD;
}

/** Leaves the address at an offset from the operation's base in LOCAL_ADDRESS and the TLB entry's offset in LOCAL_ENTRY. */
function emitEntry(cpu: usize, w: usize, op: usize, offset: i64): void {
  emitAddress(cpu, w, op, offset);
  W.putLocalTee(w, LOCAL_ADDRESS);
  W.put(w, W.WASM_I32_WRAP);
  W.putI32(w, L.PAGE_BITS - 5);
  W.put(w, W.WASM_I32_SHR_U);
  W.putI32(w, (TLB_ENTRIES - 1) << 5);
  W.put(w, W.WASM_I32_AND);
}

function emitAddress(cpu: usize, w: usize, op: usize, offset: i64): void {
  getB(cpu, w, op);
  if (offset == 0) return;
  W.putI64(w, offset);
  W.put(w, W.WASM_I64_ADD);
}

function tlbTable(cpu: usize, op: usize): u32 {
  return <u32>cpu - L.CPU_STATE + L.CPU_TLB + ((<u32>load<u16>(op, OP_C)) << TLB_MODE_SHIFT);
}

/** With the entry's offset on the stack: pushes whether its tag is that of LOCAL_ADDRESS, which has to be aligned. */
function emitTagCheck(cpu: usize, w: usize, op: usize, tag: u32, log: u32): void {
  W.putMemory(w, W.WASM_I64_LOAD, 3, tlbTable(cpu, op) + tag);
  W.putLocalGet(w, LOCAL_ADDRESS);
  W.putI64(w, -4096 | ((1 << log) - 1));
  W.put(w, W.WASM_I64_AND);
  W.put(w, W.WASM_I64_EQ);
}

/** Pushes whether the access may be made at its linear address: its page is in the TLB, and it is aligned. */
function emitProbe(cpu: usize, w: usize, op: usize, tag: u32, log: u32): void {
  const group = probeGroup(cpu, op);
  if (group == 0) {
    emitEntry(cpu, w, op, immediate(op));
    W.putLocalTee(w, LOCAL_ENTRY);
    emitTagCheck(cpu, w, op, tag, log);
    return;
  }
  const local = LOCAL_PROBES + probeLocal(group);
  if (!probeIsFirst(cpu, op)) {
    W.putLocalGet(w, local);
    return;
  }
  emitEntry(cpu, w, op, probeStart(group));
  W.putLocalSet(w, LOCAL_ENTRY);
  emitLinear(cpu, w, op);
  W.putI32(w, 0);
  W.putLocalGet(w, LOCAL_ENTRY);
  emitTagCheck(cpu, w, op, probeWrites(group) ? TLB_WRITE : TLB_READ, probeAlign(group));
  const bytes = probeBytes(group);
  if (bytes > (<u32>1) << probeAlign(group)) {
    W.putLocalGet(w, LOCAL_ADDRESS);
    W.put(w, W.WASM_I32_WRAP);
    W.putI32(w, L.PAGE_SIZE - 1);
    W.put(w, W.WASM_I32_AND);
    W.putI32(w, L.PAGE_SIZE - bytes);
    W.put(w, W.WASM_I32_LE_U);
    W.put(w, W.WASM_I32_AND);
  }
  W.put(w, W.WASM_SELECT);
  W.putLocalTee(w, local);
}

function emitLinear(cpu: usize, w: usize, op: usize): void {
  W.putLocalGet(w, LOCAL_ADDRESS);
  W.put(w, W.WASM_I32_WRAP);
  W.putLocalGet(w, LOCAL_ENTRY);
  W.putMemory(w, W.WASM_I32_LOAD, 2, tlbTable(cpu, op) + TLB_ADDEND);
  W.put(w, W.WASM_I32_ADD);
}

/** After a hit: pushes a linear address, and returns how far behind it the access is. */
function emitPlace(cpu: usize, w: usize, op: usize): u32 {
  const group = probeGroup(cpu, op);
  if (group == 0) {
    emitLinear(cpu, w, op);
    return 0;
  }
  W.putLocalGet(w, LOCAL_PROBES + probeLocal(group));
  return <u32>(immediate(op) - probeStart(group));
}

/** After a miss: pushes the guest's address. */
function emitMissed(cpu: usize, w: usize, op: usize): void {
  if (probeGroup(cpu, op) == 0) W.putLocalGet(w, LOCAL_ADDRESS);
  else emitAddress(cpu, w, op, immediate(op));
}

/** Inside one more label than the caller's: goes to the fault exit if the slow path says so. */
function emitStatusCheck(cpu: usize, w: usize, extra: u32): void {
  W.putI32(w, 0);
  W.putMemory(w, W.WASM_I32_LOAD, 2, <u32>cpu + STATE_STATUS);
  W.put(w, W.WASM_BR_IF);
  W.putU(w, faultLabel(cpu) + extra);
}

function emitLoad(cpu: usize, w: usize, op: usize, original: usize, code: u32): void {
  const log = accessLog(code);
  emitProbe(cpu, w, op, TLB_READ, log);
  W.put(w, W.WASM_IF);
  W.put(w, W.WASM_I64);
  const behind = emitPlace(cpu, w, op);
  W.putMemory(w, memoryOpcode(code), log, behind);
  W.put(w, W.WASM_ELSE);
  emitMissed(cpu, w, op);
  W.putI32(w, <u32>original);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putCall(w, I.IMPORT_LOAD);
  emitStatusCheck(cpu, w, 1);
  W.put(w, W.WASM_END);
  setA(cpu, w, op);
}

function emitStore(cpu: usize, w: usize, op: usize, original: usize, code: u32): void {
  const log = accessLog(code);
  emitProbe(cpu, w, op, TLB_WRITE, log);
  W.put(w, W.WASM_IF);
  W.put(w, W.WASM_VOID);
  const behind = emitPlace(cpu, w, op);
  getSlot(cpu, w, load<u16>(op, OP_A));
  W.putMemory(w, memoryOpcode(code), log, behind);
  W.put(w, W.WASM_ELSE);
  emitMissed(cpu, w, op);
  getSlot(cpu, w, load<u16>(op, OP_A));
  W.putI32(w, <u32>original);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putCall(w, I.IMPORT_STORE);
  W.put(w, W.WASM_BR_IF);
  W.putU(w, faultLabel(cpu) + 1);
  W.put(w, W.WASM_END);
}

/** The import does the whole access. */
function emitAtomic(cpu: usize, w: usize, op: usize, original: usize): void {
  getB(cpu, w, op);
  getC(cpu, w, op);
  W.putI32(w, <u32>original);
  W.putLocalGet(w, LOCAL_BUDGET);
  W.putCall(w, I.IMPORT_RMW);
  emitStatusCheck(cpu, w, 0);
  setA(cpu, w, op);
}

/** A helper that may raise names its operation first, since the fault exit asks which one it was. */
function emitHelper(cpu: usize, w: usize, op: usize, original: usize, mayRaise: bool): void {
  const word = load<u64>(op, OP_IMM);
  if (mayRaise) {
    W.putI32(w, 0);
    W.putI32(w, <u32>original);
    W.putMemory(w, W.WASM_I32_STORE, 2, <u32>cpu + STATE_STATUS_OP);
    W.putI32(w, 0);
    W.putLocalGet(w, LOCAL_BUDGET);
    W.put(w, W.WASM_I64_EXTEND_I32_S);
    W.putMemory(w, W.WASM_I64_STORE, 3, <u32>cpu + STATE_BUDGET);
  }
  W.putI32(w, <u32>cpu);
  getB(cpu, w, op);
  getC(cpu, w, op);
  getSlot(cpu, w, <u32>(word >> 16) & 0xffff);
  W.putI32(w, <u32>(word >> 32));
  W.putI32(w, <u32>word & 0xffff);
  W.put(w, W.WASM_CALL_INDIRECT);
  W.putU(w, I.TYPE_HELPER);
  W.putU(w, 0);
  if (mayRaise) {
    W.putLocalSet(w, LOCAL_VALUE);
    W.putI32(w, 0);
    W.putMemory(w, W.WASM_I64_LOAD, 3, <u32>cpu + STATE_EXCEPTION);
    W.putI64(w, 0);
    W.put(w, W.WASM_I64_NE);
    W.put(w, W.WASM_BR_IF);
    W.putU(w, faultLabel(cpu));
    W.putLocalGet(w, LOCAL_VALUE);
  }
  setA(cpu, w, op);
  if (mayRaise) {
    W.putI32(w, 0);
    W.putMemory(w, W.WASM_I32_LOAD, 2, <u32>cpu + STATE_LEAVE);
    W.put(w, W.WASM_BR_IF);
    W.putU(w, faultLabel(cpu));
  }
}
