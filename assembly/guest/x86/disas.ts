/**
 * Disassembler: the text that GNU objdump gives with `-M intel`, ASCII, mnemonic and operands separated by one blank, without prefixes
 * that mean nothing. Functions that write take the address to write at and return the one after what they wrote.
 */
import { STATE_GUEST_INSN } from '../../vcpu/state';
import { BLOCK_CODE32, BLOCK_CODE64, SEG_ES } from './cpu';
import { x86Decode } from './decode';
import * as T from './decode.gen';
import * as D from './disas.gen';
import * as I from './insn';

const BLANK: u8 = 0x20;
const COMMA: u8 = 0x2c;
const PLUS: u8 = 0x2b;
const MINUS: u8 = 0x2d;
const STAR: u8 = 0x2a;
const SLASH: u8 = 0x2f;
const COLON: u8 = 0x3a;
const AT: u8 = 0x40;
const PERCENT: u8 = 0x25;
const LEFT_BRACKET: u8 = 0x5b;
const RIGHT_BRACKET: u8 = 0x5d;

/**
 * Writes the text of the instruction at linear address `source`, which the guest has at `pc` (relative to CS's base), to `out` (80
 * bytes are enough) and returns its length in bytes. `available` and `flags` as in x86Decode, whose record is overwritten. What is
 * undefined or incomplete comes out as "(bad)".
 */
export function x86Disassemble(
  cpu: usize,
  source: usize,
  available: u32,
  flags: u32,
  pc: u64,
  out: usize,
): u32 {
  const i = cpu + STATE_GUEST_INSN;
  const length = x86Decode(cpu, source, available, flags);
  if (length == 0 || length > I.INSN_LENGTH_MAX || load<u16>(i, I.INSN_NUMBER) == T.INSN_UNDEFINED) {
    return <u32>(writeText(out, D.MNEMONICS) - out);
  }
  const code64 = (flags & BLOCK_CODE64) != 0;
  const encoding: usize = load<u16>(i, I.INSN_ENCODING);
  const signature = T.SIGNATURES + ((<usize>load<u8>(T.ENCODINGS + (encoding << 2), 3)) << 2);
  let at = writePrefixes(out, i, signature);
  at = writeMnemonic(at, i, flags, D.MNEMONICS + load<u16>(D.MNEMONIC_OFFSETS + (encoding << 1)));
  let operand: u32 = 0;
  for (let n: usize = 0; n < 4; n++) {
    const entry = T.OPERANDS + ((<usize>load<u8>(signature + n)) << 2);
    const method: u32 = load<u8>(entry);
    if (method == T.METHOD_NONE) break;
    at = writeByte(at, n == 0 ? BLANK : COMMA);
    if (isString(method)) {
      at = writeStringOperand(at, i, entry);
    } else {
      at = writeOperand(at, i, I.insnOperand(i, operand++), method, pc, code64);
    }
  }
  return <u32>(at - out);
}

function isString(method: u32): bool {
  return method == T.METHOD_STRING_SOURCE || method == T.METHOD_STRING_DESTINATION;
}

function writePrefixes(out: usize, i: usize, signature: usize): usize {
  const prefixes: u32 = load<u16>(i, I.INSN_PREFIXES);
  let at = out;
  if (prefixes & I.PREFIX_LOCK) at = writeText(at, D.PIECES + D.PIECE_LOCK);
  const first: u32 = load<u8>(T.OPERANDS + ((<usize>load<u8>(signature)) << 2));
  const second: u32 = load<u8>(T.OPERANDS + ((<usize>load<u8>(signature, 1)) << 2));
  const number: u32 = load<u16>(i, I.INSN_NUMBER);
  if ((!isString(first) && !isString(second)) || number == T.INSN_XLAT) return at;
  const compares = number == T.INSN_CMPS || number == T.INSN_SCAS;
  if (prefixes & I.PREFIX_REPNE) at = writeText(at, D.PIECES + D.PIECE_REPNZ);
  else if (prefixes & I.PREFIX_REP) at = writeText(at, D.PIECES + (compares ? D.PIECE_REPZ : D.PIECE_REP));
  return at;
}

/** Logarithm of the bytes that the instruction would have without prefixes. */
function usualSize(i: usize, flags: u32): u32 {
  if (!(flags & BLOCK_CODE64)) return flags & BLOCK_CODE32 ? 2 : 1;
  const traits: u32 = load<u16>(T.ENCODINGS + ((<usize>load<u16>(i, I.INSN_ENCODING)) << 2), 2);
  return traits & (T.ENCODING_D64 | T.ENCODING_F64) ? 3 : 2;
}

/** Chooses among the alternatives of `text` and fills in condition and suffix. */
function writeMnemonic(out: usize, i: usize, flags: u32, text: usize): usize {
  const size: u32 = load<u8>(i, I.INSN_OPERAND_SIZE);
  const byAddress = load<u8>(text) == AT;
  let skip: u32 = load<u8>(i + (byAddress ? I.INSN_ADDRESS_SIZE : I.INSN_OPERAND_SIZE));
  let from = text + <usize>byAddress;
  let hasAlternatives = false;
  for (let p = from; load<u8>(p) != 0; p++) hasAlternatives = hasAlternatives || load<u8>(p) == SLASH;
  if (!hasAlternatives) skip = 1;
  for (; skip > 1; skip--) {
    while (load<u8>(from) != SLASH && load<u8>(from) != 0) from++;
    from++;
  }
  let at = out;
  for (; load<u8>(from) != 0 && load<u8>(from) != SLASH; from++) {
    const byte = load<u8>(from);
    if (byte == PERCENT) at = writeName(at, D.CONDITIONS, load<u8>(i, I.INSN_OPCODE) & 15);
    else if (byte != STAR) at = writeByte(at, byte);
    else if (size != usualSize(i, flags)) at = writeByte(at, size == 1 ? 0x77 : size == 2 ? 0x64 : 0x71);
  }
  return at;
}

function writeOperand(out: usize, i: usize, operand: usize, method: u32, pc: u64, code64: bool): usize {
  const size: u32 = load<u8>(operand, I.OPERAND_SIZE);
  const register: u32 = load<u8>(operand, I.OPERAND_REGISTER);
  switch (<u32>load<u8>(operand, I.OPERAND_KIND)) {
    case I.OPERAND_GPR:
      if (load<u8>(operand, I.OPERAND_FLAGS) & I.OPERAND_HIGH_BYTE)
        return writeName(out, D.HIGH_BYTES, register - 4);
      return writeGeneral(out, size, register);
    case I.OPERAND_MEM:
      return writeAddress(writePointer(out, i, size), i, code64);
    case I.OPERAND_IMM:
      return writeImmediate(out, i, load<i64>(i, I.INSN_IMMEDIATE), size, method);
    case I.OPERAND_IMM2:
      return writeHex(out, load<i64>(i, I.INSN_IMMEDIATE2));
    case I.OPERAND_SEG:
      return writeName(out, D.SEGMENTS, register);
    case I.OPERAND_CR:
      return writeNumbered(out, D.PIECE_CR, register);
    case I.OPERAND_DR:
      return writeNumbered(out, D.PIECE_DR, register);
    case I.OPERAND_XMM:
      return writeNumbered(out, D.PIECE_XMM, register);
    case I.OPERAND_MMX:
      return writeNumbered(out, D.PIECE_MM, register);
    case I.OPERAND_ST: {
      const at = writeText(out, D.PIECES + D.PIECE_ST);
      if (method == T.METHOD_FIXED_ST) return at;
      return writeByte(writeDecimal(writeByte(at, 0x28), register), 0x29);
    }
    case I.OPERAND_REL:
      return writeHex(out, targetOf(i, pc));
    case I.OPERAND_FAR: {
      const at = writeByte(writeHex(out, load<i64>(i, I.INSN_IMMEDIATE2)), COLON);
      return writeHex(at, load<i64>(i, I.INSN_IMMEDIATE));
    }
    case I.OPERAND_MOFFS: {
      const at = writeByte(writeName(out, D.SEGMENTS, load<u8>(i, I.INSN_SEGMENT)), COLON);
      return writeHex(at, load<i64>(i, I.INSN_DISPLACEMENT));
    }
    case I.OPERAND_IMPLICIT_1:
      return writeByte(out, 0x31);
  }
  return out;
}

/** Target of a relative branch, at the width of the instruction pointer. */
function targetOf(i: usize, pc: u64): u64 {
  const target = pc + load<u8>(i, I.INSN_LENGTH) + load<i64>(i, I.INSN_IMMEDIATE);
  return truncate(target, load<u8>(i, I.INSN_OPERAND_SIZE));
}

function truncate(value: u64, size: u32): u64 {
  return size == 3 ? value : value & (((<u64>1) << (8 << size)) - 1);
}

function writeImmediate(out: usize, i: usize, value: i64, size: u32, method: u32): usize {
  const operandSize: u32 = load<u8>(i, I.INSN_OPERAND_SIZE);
  const extended = method == T.METHOD_SIGNED || (size == 2 && value < 0);
  return writeHex(out, truncate(value, extended ? operandSize : size));
}

function writePointer(out: usize, i: usize, size: u32): usize {
  if (size != I.SIZE_OTHER) return writeName(out, D.POINTERS, size);
  const number: u32 = load<u16>(i, I.INSN_NUMBER);
  let far =
    number == T.INSN_JMP_FAR || number == T.INSN_CALL_FAR || number == T.INSN_LES || number == T.INSN_LDS;
  far = far || number == T.INSN_LSS || number == T.INSN_LFS || number == T.INSN_LGS;
  if (!far) return out;
  if (load<u8>(i, I.INSN_OPERAND_SIZE) == 1) return writeName(out, D.POINTERS, 2);
  return writeText(out, D.PIECES + D.PIECE_FWORD_PTR);
}

/** The memory operand without its size. */
function writeAddress(out: usize, i: usize, code64: bool): usize {
  const size: u32 = load<u8>(i, I.INSN_ADDRESS_SIZE);
  const base: u32 = load<u8>(i, I.INSN_BASE);
  const index: u32 = load<u8>(i, I.INSN_INDEX);
  const displacement = load<i64>(i, I.INSN_DISPLACEMENT);
  const absolute = base == I.NO_REGISTER && index == I.NO_REGISTER;
  let at = out;
  if (absolute || load<u16>(i, I.INSN_PREFIXES) & I.PREFIX_SEGMENT) {
    at = writeByte(writeName(at, D.SEGMENTS, load<u8>(i, I.INSN_SEGMENT)), COLON);
  }
  if (absolute) return writeHex(at, truncate(displacement, code64 ? 3 : size));
  at = writeByte(at, LEFT_BRACKET);
  if (base == I.BASE_RIP) {
    at = writeText(writeByte(at, size == 3 ? 0x72 : 0x65), D.PIECES + D.PIECE_IP);
    return writeByte(writeHex(writeByte(at, PLUS), displacement), RIGHT_BRACKET);
  }
  if (base != I.NO_REGISTER) at = writeGeneral(at, size, base);
  if (index != I.NO_REGISTER) {
    if (base != I.NO_REGISTER) at = writeByte(at, PLUS);
    at = writeGeneral(at, size, index);
    if (size != 1) at = writeDecimal(writeByte(at, STAR), 1 << load<u8>(i, I.INSN_SCALE));
  }
  if (base == I.NO_REGISTER || load<u8>(i, I.INSN_MODRM) >= 0x40) at = writeDisplacement(at, displacement);
  return writeByte(at, RIGHT_BRACKET);
}

function writeDisplacement(out: usize, value: i64): usize {
  if (value >= 0) return writeHex(writeByte(out, PLUS), value);
  return writeHex(writeByte(out, MINUS), -value);
}

/** A memory operand that only the tables' `entry` describes. */
function writeStringOperand(out: usize, i: usize, entry: usize): usize {
  const code: u32 = load<u8>(entry, 1);
  const source = load<u8>(entry) == T.METHOD_STRING_SOURCE;
  let at = writeName(out, D.POINTERS, code < T.SIZE_V ? code : <u32>load<u8>(i, I.INSN_OPERAND_SIZE));
  at = writeByte(writeName(at, D.SEGMENTS, source ? <u32>load<u8>(i, I.INSN_SEGMENT) : SEG_ES), COLON);
  at = writeGeneral(writeByte(at, LEFT_BRACKET), load<u8>(i, I.INSN_ADDRESS_SIZE), load<u8>(entry, 2));
  return writeByte(at, RIGHT_BRACKET);
}

function writeGeneral(out: usize, size: u32, register: u32): usize {
  return writeName(out, D.REGISTERS, size * 16 + register);
}

function writeNumbered(out: usize, piece: usize, register: u32): usize {
  return writeDecimal(writeText(out, D.PIECES + piece), register);
}

function writeName(out: usize, names: usize, index: u32): usize {
  return writeText(out, names + <usize>index * D.NAME_ROOM);
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

function writeDecimal(out: usize, value: u32): usize {
  const at = value >= 10 ? writeDecimal(out, value / 10) : out;
  return writeByte(at, <u8>(0x30 + (value % 10)));
}

function writeHex(out: usize, value: u64): usize {
  return writeHexDigits(writeByte(writeByte(out, 0x30), 0x78), value);
}

function writeHexDigits(out: usize, value: u64): usize {
  const at = value >= 16 ? writeHexDigits(out, value >> 4) : out;
  const digit = <u8>(value & 15);
  return writeByte(at, digit < 10 ? 0x30 + digit : 0x57 + digit);
}
