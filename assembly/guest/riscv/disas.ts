/**
 * Disassembler: the text that GNU objdump gives with `-M no-aliases,numeric`, ASCII. Functions that write take the address to
 * write at and return the one after what they wrote.
 */
import { INSN_ILLEGAL, riscvDecode, riscvDecodeCompressed } from './decode.gen';
import {
  CSR_TEXT,
  CSRS,
  CSRS_END,
  FIELD_BASE,
  FIELD_KINDS,
  KIND_CSR,
  KIND_CUPPER,
  KIND_F,
  KIND_FENCE,
  KIND_H,
  KIND_I,
  KIND_P,
  KIND_RM,
  KIND_U,
  KIND_X,
  riscvFieldValue,
  TEXT,
  TEXT_OFFSETS,
} from './disas.gen';
import { fieldAq, fieldRl } from './fields.gen';
import { RM_DYNAMIC } from './helpers-fp';

const OPCODE_MASK: u32 = 0x7f;
const OPCODE_AMO: u32 = 0x2f;
const FENCE_TSO: u32 = 0x8330000f;
const CSR_SINGLE: u32 = 0xffff;
const CSR_ENTRY_SIZE: usize = 8;

const UNKNOWN: usize = memory.data<u8>([0x75, 0x6e, 0x6b, 0x6e, 0x6f, 0x77, 0x6e, 0]);
const C_UNIMP: usize = memory.data<u8>([0x63, 0x2e, 0x75, 0x6e, 0x69, 0x6d, 0x70, 0]);
const DATA_2: usize = memory.data<u8>([0x2e, 0x32, 0x62, 0x79, 0x74, 0x65, 0x20, 0]);
const DATA_4: usize = memory.data<u8>([0x2e, 0x34, 0x62, 0x79, 0x74, 0x65, 0x20, 0]);
const TSO: usize = memory.data<u8>([0x2e, 0x74, 0x73, 0x6f, 0]);
const AQ: usize = memory.data<u8>([0x2e, 0x61, 0x71, 0]);
const RL: usize = memory.data<u8>([0x2e, 0x72, 0x6c, 0]);
const AQRL: usize = memory.data<u8>([0x2e, 0x61, 0x71, 0x72, 0x6c, 0]);
/** The letters i, o, r, w: bits 3 to 0 of a fence's sets. */
const FENCE_LETTERS: usize = memory.data<u8>([0x69, 0x6f, 0x72, 0x77]);
/** rne, rtz, rdn, rup, rmm, four bytes each. */
const ROUNDING_MODES: usize = memory.data<u8>([
  0x72, 0x6e, 0x65, 0, 0x72, 0x74, 0x7a, 0, 0x72, 0x64, 0x6e, 0, 0x72, 0x75, 0x70, 0, 0x72, 0x6d, 0x6d, 0,
]);

const SPACE: u8 = 0x20;
const COMMA: u8 = 0x2c;
const MINUS: u8 = 0x2d;
const LETTER_F: u8 = 0x66;
const LETTER_X: u8 = 0x78;

/**
 * Writes the text of the instruction `word` at `pc` to `out` (48 bytes are enough) and returns its length in bytes. Of a word
 * whose low bits are not 3 the low 16 bits count. Mnemonic and operands are separated by one blank; a word that is no
 * instruction comes out as data.
 */
export function riscvDisassemble(word: u32, pc: u64, out: usize): u32 {
  const wide = (word & 3) == 3;
  const insn = wide ? word : word & 0xffff;
  const number = wide ? riscvDecode(insn) : riscvDecodeCompressed(insn);
  let at = out;
  if (number != INSN_ILLEGAL) at = writeInstruction(at, number, insn, pc);
  else if (insn == 0) at = writeText(at, C_UNIMP);
  else at = writeHex(writeText(at, wide ? DATA_4 : DATA_2), insn);
  return <u32>(at - out);
}

function writeInstruction(out: usize, number: u32, insn: u32, pc: u64): usize {
  const mnemonic = TEXT + load<u16>(TEXT_OFFSETS + ((<usize>number) << 1));
  let at = writeText(out, mnemonic);
  let operands = mnemonic + (at - out) + 1;
  if (insn == FENCE_TSO) return writeText(at, TSO);
  if ((insn & OPCODE_MASK) == OPCODE_AMO) at = writeOrdering(at, insn);
  if (load<u8>(operands) == 0) return at;
  at = writeByte(at, SPACE);
  for (let byte: u32 = load<u8>(operands); byte != 0; byte = load<u8>(operands)) {
    operands++;
    if (byte >= FIELD_BASE) at = writeField(at, byte - FIELD_BASE, insn, pc);
    else if (byte != COMMA || !isDynamicRounding(load<u8>(operands), insn)) at = writeByte(at, <u8>byte);
    else operands++;
  }
  return at;
}

function isDynamicRounding(byte: u32, insn: u32): bool {
  if (byte < FIELD_BASE || load<u8>(FIELD_KINDS + byte - FIELD_BASE) != KIND_RM) return false;
  return riscvFieldValue(byte - FIELD_BASE, insn) == RM_DYNAMIC;
}

function writeOrdering(out: usize, insn: u32): usize {
  if (fieldAq(insn)) return writeText(out, fieldRl(insn) ? AQRL : AQ);
  return fieldRl(insn) ? writeText(out, RL) : out;
}

function writeField(out: usize, field: u32, insn: u32, pc: u64): usize {
  const value = riscvFieldValue(field, insn);
  switch (<u32>load<u8>(FIELD_KINDS + field)) {
    case KIND_X:
      return writeDecimal(writeByte(out, LETTER_X), value);
    case KIND_F:
      return writeDecimal(writeByte(out, LETTER_F), value);
    case KIND_I:
    case KIND_U:
      return writeDecimal(out, value);
    case KIND_H:
      return writeHex(out, <u32>value);
    case KIND_CUPPER:
      return writeHex(out, value & 0xfffff);
    case KIND_P:
      return writeHexDigits(out, pc + <u64>(<i64>value));
    case KIND_CSR:
      return writeCsr(out, value);
    case KIND_FENCE:
      return writeFence(out, value);
    case KIND_RM:
      return writeText(out, <u32>value <= 4 ? ROUNDING_MODES + ((<usize>value) << 2) : UNKNOWN);
  }
  return out;
}

function writeCsr(out: usize, csr: u32): usize {
  for (let entry = CSRS; entry < CSRS_END; entry += CSR_ENTRY_SIZE) {
    const first: u32 = load<u16>(entry);
    if (csr < first || csr > <u32>load<u16>(entry, 2)) continue;
    const at = writeText(out, CSR_TEXT + load<u16>(entry, 4));
    const index: u32 = load<u16>(entry, 6);
    return index == CSR_SINGLE ? at : writeDecimal(at, index + csr - first);
  }
  return writeHex(out, csr);
}

function writeFence(out: usize, set: u32): usize {
  if (set == 0) return writeText(out, UNKNOWN);
  let at = out;
  for (let i: u32 = 0; i < 4; i++) {
    if (set & (8 >> i)) at = writeByte(at, load<u8>(FENCE_LETTERS + i));
  }
  return at;
}

function writeByte(out: usize, byte: u8): usize {
  store<u8>(out, byte);
  return out + 1;
}

/** Up to the 0 that ends `text`, which is not written. */
function writeText(out: usize, text: usize): usize {
  let at = out;
  for (let from = text; load<u8>(from) != 0; from++) at = writeByte(at, load<u8>(from));
  return at;
}

function writeDecimal(out: usize, value: i32): usize {
  if (value < 0) return writeDecimal(writeByte(out, MINUS), -value);
  const at = value >= 10 ? writeDecimal(out, value / 10) : out;
  return writeByte(at, <u8>(0x30 + (value % 10)));
}

function writeHex(out: usize, value: u32): usize {
  return writeHexDigits(writeByte(writeByte(out, 0x30), LETTER_X), value);
}

function writeHexDigits(out: usize, value: u64): usize {
  const at = value >= 16 ? writeHexDigits(out, value >> 4) : out;
  const digit = <u8>(value & 15);
  return writeByte(at, digit < 10 ? 0x30 + digit : 0x57 + digit);
}
