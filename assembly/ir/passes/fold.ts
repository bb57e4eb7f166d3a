/**
 * Constant folding, copy propagation, strength reduction and branch folding: one walk in reverse post-order with facts about slots
 * (facts.ts). Facts flow along an edge into a node that nothing else leads to; elsewhere nothing is known.
 *
 * What operations write is left alone where the region may be left in the middle of one: a load's or atomic's result goes to the slot that
 * the original operation names.
 */
import * as L from '../../layout';
import { FOLD_FROM } from '../../scratch';
import {
  END_BRANCH,
  END_GOTO,
  END_INDIRECT,
  graphAt,
  graphCount,
  graphNode,
  graphRenumber,
  NODE_END,
  NODE_END_OP,
  NODE_FALL,
  NODE_FORWARD,
  NODE_HEADER,
  NODE_OPS,
  NODE_TAKEN,
  NODE_VIA,
} from '../../tb/graph';
import { OP_A, OP_B, OP_C, OP_IMM, OP_SIZE } from '../builder';
import * as O from '../ops.gen';
import { canEvaluate, evaluate, evaluateBranch, isPure } from './evaluate';
import * as F from './facts';
import { noteLoad, noteResult } from './range';
import { helperThird, mayLeave, nodeOpsEnd, remove, rewrite, slotNumber, slotOf, SLOT_NONE } from './region';
import { simplify } from './simplify';

/** Whether a constant takes no more room in an instruction than the register that holds it, or nearly so. */
function isShort(value: i64): bool {
  return value >= -0x2000 && value < 0x2000;
}

export function passFold(cpu: usize): void {
  const nodes = graphCount(cpu);
  // i32 for each node: a node that leads to it and was looked at before it, or -1.
  const from = cpu - L.CPU_STATE + FOLD_FROM;
  memory.fill(from, 0xff, nodes << 2);
  let folded = false;
  for (let rpo: u32 = 0; rpo < nodes; rpo++) {
    const index = graphAt(cpu, rpo);
    const node = graphNode(cpu, index);
    const before = load<i32>(from + (index << 2));
    if (before >= 0 && load<u32>(node, NODE_FORWARD) == 1 && load<u32>(node, NODE_HEADER) == 0)
      F.factsRestore(cpu, before);
    else F.factsClear(cpu);
    const end = nodeOpsEnd(node);
    for (let op: usize = load<u32>(node, NODE_OPS); op < end; op += OP_SIZE) foldOperation(cpu, op);
    if (load<u32>(node, NODE_END) == END_BRANCH) folded = foldBranch(cpu, node) || folded;
    else if (load<u32>(node, NODE_END) == END_INDIRECT) foldIndirect(cpu, node);
    F.factsSave(cpu, index);
    noteEdge(from, load<i32>(node, NODE_TAKEN), index);
    noteEdge(from, load<i32>(node, NODE_FALL), index);
  }
  if (folded) graphRenumber(cpu);
}

/** Not the immediate dominator, which edges that were cut may have moved. */
function noteEdge(from: usize, to: i32, index: u32): void {
  if (to >= 0) store<u32>(from + (to << 2), index);
}

function foldOperation(cpu: usize, op: usize): void {
  const code = <u32>load<u16>(op);
  const signature = O.irSignature(code);
  const effect = signature >> 12;
  const writes = (signature & 7) == O.OPERAND_WRITE;
  if ((signature & 7) == O.OPERAND_READ) propagate(cpu, op, OP_A);
  const readsB = ((signature >> 3) & 7) == O.OPERAND_READ;
  const readsC = ((signature >> 6) & 7) == O.OPERAND_READ;
  if (readsB) propagate(cpu, op, OP_B);
  if (readsC) propagate(cpu, op, OP_C);
  if (isPure(code)) {
    foldPure(cpu, op, readsB, readsC);
    return;
  }
  if (readsB) observe(cpu, load<u16>(op, OP_B));
  if (readsC) observe(cpu, load<u16>(op, OP_C));
  if ((signature & 7) == O.OPERAND_READ) observe(cpu, load<u16>(op, OP_A));
  if (((signature >> 9) & 7) == O.IMM_HELPER) observe(cpu, helperThird(op));
  if (mayLeave(effect)) F.pendingForget(cpu);
  if (effect == O.EFFECT_CALLX || effect == O.EFFECT_CALLG || effect == O.EFFECT_CALLR)
    F.systemSet(cpu, 0, 0);
  if (effect == O.EFFECT_CALLG) F.factsForgetGlobals(cpu);
  if (!writes) return;
  const a = slotNumber(load<u16>(op, OP_A));
  if (a == SLOT_NONE) {
    F.systemSet(cpu, 0, 0);
    return;
  }
  F.factWrite(cpu, a);
  F.pendingSet(cpu, a, 0);
  noteLoad(cpu, a, code);
}

/** Reads the register that a copy was made from, and slot 0 for 0. */
function propagate(cpu: usize, op: usize, field: usize): void {
  const number = slotNumber(load<u16>(op + field));
  if (number == SLOT_NONE || number == 0) return;
  if (F.isFrom(cpu, number, F.FACT_COPY)) store<u16>(op + field, slotOf(F.sourceOf(cpu, number)));
  else if (F.isConstant(cpu, number) && F.constantOf(cpu, number) == 0) store<u16>(op + field, 0);
}

function observe(cpu: usize, slot: u32): void {
  const number = slotNumber(slot);
  if (number != SLOT_NONE) F.pendingSet(cpu, number, 0);
}

function constantAt(cpu: usize, slot: u32): bool {
  const number = slotNumber(slot);
  return number != SLOT_NONE && F.isConstant(cpu, number);
}

function foldPure(cpu: usize, op: usize, readsB: bool, readsC: bool): void {
  const slot = load<u16>(op, OP_A);
  const a = slotNumber(slot);
  const constantB = !readsB || constantAt(cpu, load<u16>(op, OP_B));
  const constantC = !readsC || constantAt(cpu, load<u16>(op, OP_C));
  if (constantB && constantC && canEvaluate(load<u16>(op))) {
    const b: u64 = readsB ? F.constantOf(cpu, slotNumber(load<u16>(op, OP_B))) : 0;
    const c: u64 = readsC ? F.constantOf(cpu, slotNumber(load<u16>(op, OP_C))) : 0;
    rewrite(op, O.OP_MOVI, 0, 0, evaluate(load<u16>(op), b, c, load<u64>(op, OP_IMM)));
  } else {
    if (readsC && constantC) {
      const value = F.constantOf(cpu, slotNumber(load<u16>(op, OP_C)));
      if (isShort(value)) immediateForm(op, load<u16>(op, OP_B), value);
    } else if (readsC && constantB && isCommutative(load<u16>(op))) {
      const value = F.constantOf(cpu, slotNumber(load<u16>(op, OP_B)));
      if (isShort(value)) immediateForm(op, load<u16>(op, OP_C), value);
    }
    simplify(cpu, op);
  }
  const signature = O.irSignature(load<u16>(op));
  const number = slotNumber(load<u16>(op, OP_B));
  if (((signature >> 9) & 7) == O.IMM_HELPER) observe(cpu, helperThird(op));
  if (((signature >> 3) & 7) == O.OPERAND_READ) observe(cpu, load<u16>(op, OP_B));
  if (((signature >> 6) & 7) == O.OPERAND_READ) observe(cpu, load<u16>(op, OP_C));
  if (a == SLOT_NONE) {
    foldSystem(cpu, op, slot);
    return;
  }
  if (load<u16>(op) == O.OP_MOV && number == a) remove(op);
  if (load<u16>(op) != O.OP_NOP) noteResult(cpu, op, a);
}

/** System state that is stored again with the constant that it holds. */
function foldSystem(cpu: usize, op: usize, slot: u32): void {
  if (load<u16>(op) != O.OP_MOVI) F.systemSet(cpu, 0, 0);
  else if (F.systemHolds(cpu, slot, load<i64>(op, OP_IMM))) remove(op);
  else F.systemSet(cpu, slot, load<i64>(op, OP_IMM));
}

function isCommutative(code: u32): bool {
  return (
    code == O.OP_ADD ||
    code == O.OP_AND ||
    code == O.OP_OR ||
    code == O.OP_XOR ||
    code == O.OP_MUL ||
    code == O.OP_ADD_32 ||
    code == O.OP_ADDU_32 ||
    code == O.OP_EQ ||
    code == O.OP_NE
  );
}

/** Makes a operation on two registers one on a register and a constant, if there is such a one. */
function immediateForm(op: usize, b: u32, value: i64): void {
  const shift = <i64>(value & 63);
  const power = value > 0 && (value & (value - 1)) == 0 ? ctz<i64>(value) : -1;
  switch (<u32>load<u16>(op)) {
    case O.OP_ADD:
      return rewrite(op, O.OP_ADDI, b, 0, value);
    case O.OP_SUB:
      return rewrite(op, O.OP_ADDI, b, 0, -value);
    case O.OP_AND:
      return rewrite(op, O.OP_ANDI, b, 0, value);
    case O.OP_OR:
      return rewrite(op, O.OP_ORI, b, 0, value);
    case O.OP_XOR:
      return rewrite(op, O.OP_XORI, b, 0, value);
    case O.OP_ANDN:
      return rewrite(op, O.OP_ANDI, b, 0, ~value);
    case O.OP_ORN:
      return rewrite(op, O.OP_ORI, b, 0, ~value);
    case O.OP_XNOR:
      return rewrite(op, O.OP_XORI, b, 0, ~value);
    case O.OP_SHL:
      return rewrite(op, O.OP_SHLI, b, 0, shift);
    case O.OP_SHR:
      return rewrite(op, O.OP_SHRI, b, 0, shift);
    case O.OP_SAR:
      return rewrite(op, O.OP_SARI, b, 0, shift);
    case O.OP_ROL:
      return rewrite(op, O.OP_RORI, b, 0, (64 - shift) & 63);
    case O.OP_ROR:
      return rewrite(op, O.OP_RORI, b, 0, shift);
    case O.OP_LTS:
      return rewrite(op, O.OP_LTSI, b, 0, value);
    case O.OP_LTU:
      return rewrite(op, O.OP_LTUI, b, 0, value);
    case O.OP_ADD_32:
      return rewrite(op, O.OP_ADDI_32, b, 0, value);
    case O.OP_SUB_32:
      return rewrite(op, O.OP_ADDI_32, b, 0, -value);
    case O.OP_ADDU_32:
      return rewrite(op, O.OP_ADDIU_32, b, 0, value);
    case O.OP_SUBU_32:
      return rewrite(op, O.OP_ADDIU_32, b, 0, -value);
    case O.OP_SHLU_32:
      return rewrite(op, O.OP_SHLIU_32, b, 0, value & 31);
    case O.OP_SHRU_32:
      return rewrite(op, O.OP_SHRIU_32, b, 0, value & 31);
    case O.OP_SARU_32:
      return rewrite(op, O.OP_SARIU_32, b, 0, value & 31);
    case O.OP_ROLU_32:
      return rewrite(op, O.OP_RORIU_32, b, 0, (32 - value) & 31);
    case O.OP_RORU_32:
      return rewrite(op, O.OP_RORIU_32, b, 0, value & 31);
    case O.OP_EQ:
      return rewrite(op, O.OP_EQI, b, 0, value);
    case O.OP_NE:
      return rewrite(op, O.OP_NEI, b, 0, value);
    case O.OP_SHL_32:
      return rewrite(op, O.OP_SHLI_32, b, 0, value & 31);
    case O.OP_SHR_32:
      return rewrite(op, O.OP_SHRI_32, b, 0, value & 31);
    case O.OP_SAR_32:
      return rewrite(op, O.OP_SARI_32, b, 0, value & 31);
    case O.OP_ROL_32:
      return rewrite(op, O.OP_RORI_32, b, 0, (32 - value) & 31);
    case O.OP_ROR_32:
      return rewrite(op, O.OP_RORI_32, b, 0, value & 31);
  }
  if (power >= 0) immediatePower(op, b, value, power);
}

/** Multiplications and divisions by powers of two. */
function immediatePower(op: usize, b: u32, value: i64, power: i64): void {
  switch (<u32>load<u16>(op)) {
    case O.OP_MUL:
      return rewrite(op, O.OP_SHLI, b, 0, power);
    case O.OP_DIVU:
      return rewrite(op, O.OP_SHRI, b, 0, power);
    case O.OP_REMU:
      return rewrite(op, O.OP_ANDI, b, 0, value - 1);
    case O.OP_DIVU_32:
      return rewrite(op, O.OP_SHRI_32, b, 0, power);
    case O.OP_REMU_32:
      return rewrite(op, O.OP_ANDI, b, 0, value - 1);
  }
}

/** An indirect jump that always goes where it is predicted to becomes a jump: a return to the one call of a function. */
function foldIndirect(cpu: usize, node: usize): void {
  const op: usize = load<u32>(node, NODE_END_OP);
  const b = load<u16>(op, OP_B);
  if (load<i32>(node, NODE_TAKEN) < 0 || !constantAt(cpu, b)) return;
  if (F.constantOf(cpu, slotNumber(b)) != load<i64>(op, OP_IMM)) return;
  store<u32>(node, END_GOTO, NODE_END);
  store<u16>(op, 0, OP_B);
}

/** A branch that always goes the same way becomes a jump. Returns whether it did. */
function foldBranch(cpu: usize, node: usize): bool {
  const op: usize = load<u32>(node, NODE_END_OP);
  const b = load<u16>(op, OP_B);
  const c = load<u16>(op, OP_C);
  let taken: bool;
  if (b == c) taken = evaluateBranch(load<u16>(op), 0, 0);
  else if (constantAt(cpu, b) && constantAt(cpu, c))
    taken = evaluateBranch(load<u16>(op), F.constantOf(cpu, slotNumber(b)), F.constantOf(cpu, slotNumber(c)));
  else return false;
  store<u32>(node, END_GOTO, NODE_END);
  if (!taken) {
    store<i32>(node, load<i32>(node, NODE_FALL), NODE_TAKEN);
    store<u32>(node, load<u32>(node, NODE_FALL + NODE_VIA), NODE_TAKEN + NODE_VIA);
  }
  store<i32>(node, -1, NODE_FALL);
  store<u32>(node, <u32>op + (taken ? 2 : 1) * OP_SIZE, NODE_END_OP);
  remove(op);
  remove(op + (taken ? 1 : 2) * OP_SIZE);
  return true;
}
