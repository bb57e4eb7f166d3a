/**
 * The IR as text, ASCII, one operation a line: `add %x5, %x6, %x7`. Functions that write take the address to write at and return the one after
 * what they wrote.
 *
 * Slots are %t0 … for temporaries, [0x810] for system state, and guest registers by `letters`: the letter of the first 32 in the low byte, that
 * of the next 32 above it; 0 is %g0 to %g63. Branches show the operations that they skip; helpers their number in the function table. In a region,
 * `; probe r 8 from 0 as 1` marks the access that probes the TLB for a group (reading, 8 bytes from offset 0, kept in local
 * 1 of the probes'), and `; as 1` the others. `dispatch 9: if 2 taken 0x1000 fall 0x2000` is a dispatcher (tb/graph-dispatch.ts); an edge
 * `taken dispatch 9 as 2` gives it the number 2.
 */
import { BLOCK_OPS, BLOCK_PC } from '../tb/block';
import {
  END_BRANCH,
  END_DISPATCH,
  END_EXIT,
  END_INDIRECT,
  graphAt,
  graphCount,
  graphNode,
  NODE_BLOCK,
  NODE_END,
  NODE_FALL,
  NODE_IDOM,
  NODE_NUMBER,
  NODE_OPS,
  NODE_TAKEN,
  NODE_VIA,
} from '../tb/graph';
import { STATE_TEMP_COUNT, STATE_TEMPS } from '../vcpu/state';
import { OP_A, OP_B, OP_C, OP_IMM, OP_SIZE } from './builder';
import { OP_NAME_SIZE, OP_NAMES } from './names.gen';
import * as O from './ops.gen';
import { probeBytes, probeGroup, probeIsFirst, probeLocal, probeStart, probeWrites } from './passes/probe';
import { SLOT_GLOBALS } from '../scratch';

const NEWLINE: u32 = 0x0a;
const SPACE: u32 = 0x20;
const PERCENT: u32 = 0x25;
const COMMA: u32 = 0x2c;
const MINUS: u32 = 0x2d;
const ZERO: u32 = 0x30;
const COLON: u32 = 0x3a;
const SEMICOLON: u32 = 0x3b;
const LETTER_A: u32 = 0x61;
const LETTER_G: u32 = 0x67;
const LETTER_R: u32 = 0x72;
const LETTER_T: u32 = 0x74;
const LETTER_W: u32 = 0x77;
const LETTER_X: u32 = 0x78;
const OPEN: u32 = 0x5b;
const CLOSE: u32 = 0x5d;

const BLOCK_TEXT: usize = memory.data<u8>([0x62, 0x6c, 0x6f, 0x63, 0x6b, 0x20, 0]);
const MMU_TEXT: usize = memory.data<u8>([0x6d, 0x6d, 0x75, 0]);
const HELPER_TEXT: usize = memory.data<u8>([0x68, 0x65, 0x6c, 0x70, 0x65, 0x72, 0]);
const TAKEN_TEXT: usize = memory.data<u8>([0x20, 0x74, 0x61, 0x6b, 0x65, 0x6e, 0x20, 0]);
const FALL_TEXT: usize = memory.data<u8>([0x20, 0x66, 0x61, 0x6c, 0x6c, 0x20, 0]);
const DISPATCH_TEXT: usize = memory.data<u8>([0x64, 0x69, 0x73, 0x70, 0x61, 0x74, 0x63, 0x68, 0x20, 0]);
const IF_TEXT: usize = memory.data<u8>([0x20, 0x69, 0x66, 0x20, 0]);
const OUT_TEXT: usize = memory.data<u8>([0x6f, 0x75, 0x74, 0]);
const PROBE_TEXT: usize = memory.data<u8>([0x20, 0x70, 0x72, 0x6f, 0x62, 0x65, 0x20, 0]);
const FROM_TEXT: usize = memory.data<u8>([0x20, 0x66, 0x72, 0x6f, 0x6d, 0x20, 0]);
const AS_TEXT: usize = memory.data<u8>([0x20, 0x61, 0x73, 0x20, 0]);

function byte(out: usize, value: u32): usize {
  store<u8>(out, value);
  return out + 1;
}

function text(out: usize, from: usize): usize {
  for (let value: u32 = load<u8>(from); value != 0; value = load<u8>(++from)) out = byte(out, value);
  return out;
}

function decimal(out: usize, value: u64): usize {
  if (value >= 10) out = decimal(out, value / 10);
  return byte(out, ZERO + <u32>(value % 10));
}

function digits(out: usize, value: u64): usize {
  if (value >= 16) out = digits(out, value >> 4);
  const digit = <u32>value & 15;
  return byte(out, digit < 10 ? ZERO + digit : LETTER_A + digit - 10);
}

function hex(out: usize, value: u64): usize {
  return digits(byte(byte(out, ZERO), LETTER_X), value);
}

/** Small numbers in decimal, others in hexadecimal. */
function number(out: usize, value: i64): usize {
  if (value <= -0x10000 || value >= 0x10000) return hex(out, value);
  if (value >= 0) return decimal(out, value);
  return decimal(byte(out, MINUS), -value);
}

function slot(out: usize, value: u32, letters: u32): usize {
  if (value < SLOT_GLOBALS << 3) {
    const index = value >> 3;
    if (letters == 0) return decimal(byte(byte(out, PERCENT), LETTER_G), index);
    return decimal(byte(byte(out, PERCENT), index < 32 ? letters & 0xff : letters >> 8), index & 31);
  }
  if (value >= STATE_TEMPS && value < STATE_TEMPS + STATE_TEMP_COUNT * 8)
    return decimal(byte(byte(out, PERCENT), LETTER_T), (value - STATE_TEMPS) >> 3);
  return byte(hex(byte(out, OPEN), value), CLOSE);
}

function separator(out: usize, first: bool): usize {
  if (first) return byte(out, SPACE);
  return byte(byte(out, COMMA), SPACE);
}

/** Writes one operation, without a newline: at most 100 bytes. */
export function irPrintOperation(out: usize, op: usize, letters: u32): usize {
  const code = <u32>load<u16>(op);
  const signature = O.irSignature(code);
  const name = OP_NAMES + code * OP_NAME_SIZE;
  for (let i: u32 = 0; i < OP_NAME_SIZE && load<u8>(name + i) != 0; i++) out = byte(out, load<u8>(name + i));
  let first = true;
  for (let i: u32 = 0; i < 3; i++) {
    const kind = (signature >> (i * 3)) & 7;
    if (kind == O.OPERAND_NONE) continue;
    const value = <u32>load<u16>(op + OP_A + i * 2);
    out = separator(out, first);
    first = false;
    if (kind == O.OPERAND_MMU) out = decimal(text(out, MMU_TEXT), value);
    else if (kind == O.OPERAND_NUMBER) out = decimal(out, value);
    else out = slot(out, value, letters);
  }
  const kind = (signature >> 9) & 7;
  if (kind == O.IMM_NONE) return out;
  out = separator(out, first);
  const imm = load<i64>(op, OP_IMM);
  if (kind == O.IMM_PC) return hex(out, imm);
  if (kind != O.IMM_HELPER) return number(out, imm);
  out = decimal(text(out, HELPER_TEXT), <u32>imm & 0xffff);
  out = slot(separator(out, false), <u32>(imm >> 16) & 0xffff, letters);
  return hex(separator(out, false), <u64>imm >> 32);
}

function probe(out: usize, cpu: usize, op: usize): usize {
  const group = probeGroup(cpu, op);
  if (group == 0) return out;
  out = byte(byte(out, SPACE), SEMICOLON);
  if (probeIsFirst(cpu, op)) {
    out = byte(text(out, PROBE_TEXT), probeWrites(group) ? LETTER_W : LETTER_R);
    out = decimal(byte(out, SPACE), probeBytes(group));
    out = number(text(out, FROM_TEXT), probeStart(group));
  }
  return decimal(text(out, AS_TEXT), probeLocal(group));
}

function operations(out: usize, cpu: usize, op: usize, count: u32, letters: u32): usize {
  for (let i: u32 = 0; i < count; i++) {
    out = byte(byte(out, SPACE), SPACE);
    out = irPrintOperation(out, op + i * OP_SIZE, letters);
    out = byte(probe(out, cpu, op + i * OP_SIZE), NEWLINE);
  }
  return out;
}

/** Writes the graph of the region being compiled, its nodes in reverse post-order and their operations as the passes left them. */
export function irPrintRegion(out: usize, cpu: usize, letters: u32): usize {
  for (let rpo: u32 = 0; rpo < graphCount(cpu); rpo++) {
    const node = graphNode(cpu, graphAt(cpu, rpo));
    // A folded branch leads to it no more.
    if (load<i32>(node, NODE_IDOM) < 0) continue;
    const block: usize = load<u32>(node, NODE_BLOCK);
    const kind = load<u32>(node, NODE_END);
    out = byte(name(out, cpu, graphAt(cpu, rpo)), COLON);
    if (kind == END_DISPATCH) out = decimal(text(out, IF_TEXT), load<u32>(node, NODE_NUMBER));
    if ((kind != END_INDIRECT && kind != END_EXIT) || load<i32>(node, NODE_TAKEN) >= 0)
      out = target(text(out, TAKEN_TEXT), cpu, node, NODE_TAKEN);
    if (kind == END_BRANCH || kind == END_DISPATCH) out = target(text(out, FALL_TEXT), cpu, node, NODE_FALL);
    out = operations(
      byte(out, NEWLINE),
      cpu,
      load<u32>(node, NODE_OPS),
      load<u16>(block, BLOCK_OPS),
      letters,
    );
  }
  return out;
}

function name(out: usize, cpu: usize, index: u32): usize {
  const node = graphNode(cpu, index);
  if (load<u32>(node, NODE_END) == END_DISPATCH) return decimal(text(out, DISPATCH_TEXT), index);
  return hex(text(out, BLOCK_TEXT), load<u64>(load<u32>(node, NODE_BLOCK), BLOCK_PC));
}

/** Where an edge leads: a block's address, `out`, or a dispatcher and the number that it gets. */
function target(out: usize, cpu: usize, from: usize, field: usize): usize {
  const index = load<i32>(from + field);
  if (index < 0) return text(out, OUT_TEXT);
  const node = graphNode(cpu, index);
  if (load<u32>(node, NODE_END) != END_DISPATCH)
    return hex(out, load<u64>(load<u32>(node, NODE_BLOCK), BLOCK_PC));
  out = name(out, cpu, index);
  const number = load<u32>(from + field, NODE_VIA);
  return number == 0 ? out : decimal(text(out, AS_TEXT), number);
}
