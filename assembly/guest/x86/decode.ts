/**
 * The instruction decoder (SDM volume 2, chapter 2): bytes to the record of insn.ts. What it knows of instructions are the tables
 * of decode.gen.ts: an opcode selects, over mode, prefixes and ModRM, an encoding; an encoding has a number and a signature;
 * a signature is a list of operands.
 */
import { STATE_GUEST_INSN } from '../../vcpu/state';
import { BLOCK_CODE32, BLOCK_CODE64, BLOCK_PE, BLOCK_VM, SEG_DS, SEG_SS } from './cpu';
import * as T from './decode.gen';
import * as I from './insn';

const REX_B: u32 = 1;
const REX_X: u32 = 2;
const REX_R: u32 = 4;
const REX_W: u32 = 8;

const GPR_SP: u32 = 4;
const GPR_BP: u32 = 5;
/** MAP_PAGES of VEX maps come after those of the maps without. */
const VEX_MAP: u32 = 2;
const MAP_PAGE_COUNT: usize = 16;

/** Control registers that exist: 0, 2, 3, 4, 8. */
const CONTROL_REGISTERS: u32 = 0x11d;
const DEBUG_REGISTERS: u32 = 0xff;

/** Base and index of the 16-bit addresses (SDM volume 2, table 2-1). */
const BASES_16: usize = memory.data<u8>([3, 3, 5, 5, 6, 7, 5, 3]);
const INDICES_16: usize = memory.data<u8>([6, 7, 6, 7, 16, 16, 16, 16]);

/** Private fields of the record, u8 each. */
const INSN_REX: usize = 0x4a;
/** Cleared by the operand that it names; nothing else may be there. */
const INSN_VVVV: usize = 0x4b;
/** What SELECT_PREFIX goes by: 0 none, 1 66, 2 F3, 3 F2. */
const INSN_SELECTOR: usize = 0x4c;
/** Row of MAP_PAGES, NO_MAP if there is none. */
const INSN_TABLE: usize = 0x4d;
const INSN_HAS_MODRM: usize = 0x4e;
const NO_MAP: u32 = 0xff;

/**
 * Decodes the instruction at linear address `source`, of which `available` bytes may be read, under the block flags `flags`
 * (BLOCK_CODE32, BLOCK_CODE64, BLOCK_PE, BLOCK_VM count). Returns its length; 0 if it is not known yet because more bytes are
 * needed; 16 if it is longer than 15 bytes.
 */
export function x86Decode(cpu: usize, source: usize, available: u32, flags: u32): u32 {
  const i = cpu + STATE_GUEST_INSN;
  const limited = available >= I.INSN_LENGTH_MAX;
  const at = decode(i, source, source + (limited ? I.INSN_LENGTH_MAX : available), flags);
  if (at == 0) return limited ? I.INSN_LENGTH_MAX + 1 : 0;
  store<u8>(i, <u8>(at - source), I.INSN_LENGTH);
  return <u32>(at - source);
}

/** Functions that take `at` and `end` return the address after what they read, or 0 if that lies beyond `end`. */
function decode(i: usize, source: usize, end: usize, flags: u32): usize {
  memory.fill(i, 0, I.INSN_BYTES);
  const code64 = (flags & BLOCK_CODE64) != 0;
  let at = readPrefixes(i, source, end, flags);
  if (at == 0) return 0;
  at = readOpcode(i, at, end, flags);
  if (at == 0 || load<u8>(i, INSN_TABLE) == NO_MAP) return at;
  at = selectEncoding(i, at, end, code64);
  if (at == 0 || load<u16>(i, I.INSN_ENCODING) == 0) return at;
  const encoding = T.ENCODINGS + ((<usize>load<u16>(i, I.INSN_ENCODING)) << 2);
  const traits: u32 = load<u16>(encoding, 2);
  const prefixes: u32 = load<u16>(i, I.INSN_PREFIXES);
  store<u16>(i, load<u16>(encoding), I.INSN_NUMBER);
  store<u8>(i, <u8>operandSizeOf(i, traits, flags), I.INSN_OPERAND_SIZE);
  store<u8>(i, <u8>I.NO_REGISTER, I.INSN_BASE);
  store<u8>(i, <u8>I.NO_REGISTER, I.INSN_INDEX);
  if (traits & T.ENCODING_MODRM) {
    at = readModrm(i, at, end);
    if (at == 0) return 0;
    if (traits & T.ENCODING_RM_REG) store<u8>(i, load<u8>(i, I.INSN_MODRM) | 0xc0, I.INSN_MODRM);
    const modrm: u32 = load<u8>(i, I.INSN_MODRM);
    if (modrm < 0xc0) {
      const narrow = load<u8>(i, I.INSN_ADDRESS_SIZE) == 1;
      at = narrow ? decodeAddress16(i, modrm, at, end) : decodeAddress(i, modrm, at, end, code64);
      if (at == 0) return 0;
    }
  }
  const signature = T.SIGNATURES + ((<usize>(traits >> 8)) << 2);
  for (let n: usize = 0; n < 4; n++) {
    const operand: usize = load<u8>(signature + n);
    if (operand == 0) break;
    at = decodeOperand(i, T.OPERANDS + (operand << 2), at, end, code64);
    if (at == 0) return 0;
  }
  if (load<u8>(i, INSN_VVVV) != 0) undefine(i);
  if (prefixes & I.PREFIX_LOCK && !(traits & T.ENCODING_LOCK && operandKind(i, 0) == I.OPERAND_MEM))
    undefine(i);
  return at;
}

/** Reads prefixes and the byte after them, which is left in INSN_OPCODE. */
function readPrefixes(i: usize, source: usize, end: usize, flags: u32): usize {
  const code64 = (flags & BLOCK_CODE64) != 0;
  const wide = (flags & BLOCK_CODE32) != 0;
  let at = source;
  let prefixes: u32 = 0;
  let segment = SEG_DS;
  let rex: u32 = 0;
  let otherAddress = false;
  let byte: u32 = 0;
  let scanning = true;
  while (scanning) {
    if (at == end) return 0;
    byte = load<u8>(at++);
    // A REX prefix counts if it comes last only.
    const last = rex;
    rex = 0;
    switch (byte) {
      case 0x26:
      case 0x2e:
      case 0x36:
      case 0x3e:
        if (code64) break;
        segment = (byte >> 3) & 3;
        prefixes |= I.PREFIX_SEGMENT;
        break;
      case 0x64:
      case 0x65:
        segment = byte - 0x60;
        prefixes |= I.PREFIX_SEGMENT;
        break;
      case 0x66:
        prefixes |= I.PREFIX_66;
        break;
      case 0x67:
        otherAddress = true;
        break;
      case 0xf0:
        prefixes |= I.PREFIX_LOCK;
        break;
      case 0xf2:
        prefixes = (prefixes & ~I.PREFIX_REP) | I.PREFIX_REPNE;
        break;
      case 0xf3:
        prefixes = (prefixes & ~I.PREFIX_REPNE) | I.PREFIX_REP;
        break;
      default:
        scanning = code64 && (byte & 0xf0) == 0x40;
        rex = scanning ? byte : last;
    }
  }
  if (rex != 0) prefixes |= I.PREFIX_REX | (rex & REX_W ? I.PREFIX_REX_W : 0);
  const addressSize: u32 = code64 ? (otherAddress ? 2 : 3) : wide != otherAddress ? 2 : 1;
  const selector: u32 =
    prefixes & I.PREFIX_REPNE ? 3 : prefixes & I.PREFIX_REP ? 2 : prefixes & I.PREFIX_66 ? 1 : 0;
  store<u16>(i, <u16>prefixes, I.INSN_PREFIXES);
  store<u8>(i, <u8>segment, I.INSN_SEGMENT);
  store<u8>(i, <u8>rex, INSN_REX);
  store<u8>(i, <u8>addressSize, I.INSN_ADDRESS_SIZE);
  store<u8>(i, <u8>selector, INSN_SELECTOR);
  store<u8>(i, <u8>byte, I.INSN_OPCODE);
  return at;
}

/** Reads the rest of the opcode, whose first byte is in INSN_OPCODE. */
function readOpcode(i: usize, at: usize, end: usize, flags: u32): usize {
  const first: u32 = load<u8>(i, I.INSN_OPCODE);
  if (first == 0x0f) {
    if (at == end) return 0;
    const second: u32 = load<u8>(at);
    if (second != 0x38 && second != 0x3a) return readLastByte(i, at, end, I.MAP_0F, I.MAP_0F);
    const map = second == 0x38 ? I.MAP_0F38 : I.MAP_0F3A;
    return readLastByte(i, at + 1, end, map, map);
  }
  if ((first & 0xfe) != 0xc4) return at;
  if (at == end) return 0;
  // Outside 64-bit mode LES and LDS have memory operands, and VEX exists in protected mode only.
  const vex = load<u8>(at) >= 0xc0 && (flags & (BLOCK_PE | BLOCK_VM)) == BLOCK_PE;
  return vex || flags & BLOCK_CODE64 ? readVex(i, at, end, flags) : at;
}

function readLastByte(i: usize, at: usize, end: usize, map: u32, table: u32): usize {
  if (at == end) return 0;
  store<u8>(i, load<u8>(at), I.INSN_OPCODE);
  store<u8>(i, <u8>map, I.INSN_MAP);
  store<u8>(i, <u8>table, INSN_TABLE);
  return at + 1;
}

/** VEX prefix, C4 or C5 in INSN_OPCODE (SDM volume 2, 2.3.5), and opcode. */
function readVex(i: usize, at: usize, end: usize, flags: u32): usize {
  const prefixes: u32 = load<u16>(i, I.INSN_PREFIXES);
  const refused = I.PREFIX_LOCK | I.PREFIX_66 | I.PREFIX_REP | I.PREFIX_REPNE | I.PREFIX_REX;
  store<u8>(i, <u8>NO_MAP, INSN_TABLE);
  const second: u32 = load<u8>(at);
  let next = at + 1;
  if (prefixes & refused) return next;
  let last = second;
  let map = I.MAP_0F;
  let rex = (~second >> 5) & REX_R;
  if (load<u8>(i, I.INSN_OPCODE) == 0xc4) {
    if (next == end) return 0;
    last = load<u8>(next++);
    map = second & 0x1f;
    rex = ((~second >> 5) & 7) | ((last >> 4) & REX_W);
  }
  if (!(flags & BLOCK_CODE64)) rex = 0;
  const vex = I.PREFIX_VEX | (last & 4 ? I.PREFIX_VEX_L : 0) | (rex & REX_W ? I.PREFIX_REX_W : 0);
  store<u16>(i, <u16>(prefixes | vex), I.INSN_PREFIXES);
  store<u8>(i, <u8>rex, INSN_REX);
  store<u8>(i, <u8>((~last >> 3) & 15), INSN_VVVV);
  store<u8>(i, <u8>(last & 3), INSN_SELECTOR);
  if (map != I.MAP_0F38 && map != I.MAP_0F3A) return next;
  return readLastByte(i, next, end, map, map + VEX_MAP);
}

function readModrm(i: usize, at: usize, end: usize): usize {
  if (load<u8>(i, INSN_HAS_MODRM)) return at;
  if (at == end) return 0;
  store<u8>(i, load<u8>(at), I.INSN_MODRM);
  store<u8>(i, 1, INSN_HAS_MODRM);
  return at + 1;
}

/** Goes from the opcode over the selections of its map to INSN_ENCODING, which stays 0 if nothing is there. */
function selectEncoding(i: usize, at: usize, end: usize, code64: bool): usize {
  const opcode: u32 = load<u8>(i, I.INSN_OPCODE);
  const rex: u32 = load<u8>(i, INSN_REX);
  let next = at;
  const page: usize = load<u8>(T.MAP_PAGES + <usize>load<u8>(i, INSN_TABLE) * MAP_PAGE_COUNT + (opcode >> 4));
  let reference: u32 = load<u16>(T.PAGES + (((page << 4) | (opcode & 15)) << 1));
  for (let select = reference >> T.REFERENCE_BITS; select != 0; select = reference >> T.REFERENCE_BITS) {
    if (select >= T.SELECT_MOD && select <= T.SELECT_RM) {
      next = readModrm(i, next, end);
      if (next == 0) return 0;
    }
    const modrm: u32 = load<u8>(i, I.INSN_MODRM);
    let value: u32 = 0;
    switch (select) {
      case T.SELECT_MODE:
        value = code64 ? 1 : 0;
        break;
      case T.SELECT_B:
        value = rex & REX_B;
        break;
      case T.SELECT_MOD:
        value = modrm >= 0xc0 ? 1 : 0;
        break;
      case T.SELECT_REG:
        value = (modrm >> 3) & 7;
        break;
      case T.SELECT_RM:
        value = modrm & 7;
        break;
      case T.SELECT_PREFIX:
        value = load<u8>(i, INSN_SELECTOR);
        break;
      case T.SELECT_W:
        value = (rex >> 3) & 1;
        break;
      case T.SELECT_L:
        value = load<u16>(i, I.INSN_PREFIXES) & I.PREFIX_VEX_L ? 1 : 0;
        break;
    }
    const choice: usize = (reference & ((1 << T.REFERENCE_BITS) - 1)) + value;
    reference = load<u16>(T.CHOICES + (choice << 1));
  }
  store<u16>(i, <u16>reference, I.INSN_ENCODING);
  return next;
}

/** Logarithm of the operand's bytes for an encoding with these ENCODING_*. */
function operandSizeOf(i: usize, traits: u32, flags: u32): u32 {
  if (traits & T.ENCODING_BYTE) return 0;
  const code64 = (flags & BLOCK_CODE64) != 0;
  let size: u32 = code64 || flags & BLOCK_CODE32 ? 2 : 1;
  if (load<u16>(i, I.INSN_PREFIXES) & I.PREFIX_66 && !(traits & T.ENCODING_NO66)) size = 3 - size;
  if (code64) {
    if (load<u8>(i, INSN_REX) & REX_W || traits & T.ENCODING_F64) size = 3;
    else if (traits & T.ENCODING_D64 && size == 2) size = 3;
  }
  return traits & T.ENCODING_O32 && size == 3 ? 2 : size;
}

function operandKind(i: usize, n: u32): u32 {
  return load<u8>(I.insnOperand(i, n), I.OPERAND_KIND);
}

function undefine(i: usize): void {
  store<u16>(i, <u16>T.INSN_UNDEFINED, I.INSN_NUMBER);
}

/** Memory operand with 16-bit addresses. */
function decodeAddress16(i: usize, modrm: u32, at: usize, end: usize): usize {
  const mod = modrm >> 6;
  const rm: usize = modrm & 7;
  if (mod == 0 && rm == 6) return readDisplacement(i, at, end, 1);
  const base: u32 = load<u8>(BASES_16 + rm);
  setBase(i, base);
  store<u8>(i, load<u8>(INDICES_16 + rm), I.INSN_INDEX);
  return mod == 0 ? at : readDisplacement(i, at, end, mod - 1);
}

/** Memory operand with 32-bit or 64-bit addresses. */
function decodeAddress(i: usize, modrm: u32, at: usize, end: usize, code64: bool): usize {
  const mod = modrm >> 6;
  const rex: u32 = load<u8>(i, INSN_REX);
  let base = modrm & 7;
  let next = at;
  if (base == GPR_SP) {
    if (next == end) return 0;
    const sib: u32 = load<u8>(next++);
    const index = ((sib >> 3) & 7) | (rex & REX_X ? 8 : 0);
    if (index != GPR_SP) {
      store<u8>(i, <u8>index, I.INSN_INDEX);
      store<u8>(i, <u8>(sib >> 6), I.INSN_SCALE);
    }
    base = sib & 7;
    if (base == GPR_BP && mod == 0) return readDisplacement(i, next, end, 2);
  } else if (base == GPR_BP && mod == 0) {
    if (code64) store<u8>(i, <u8>I.BASE_RIP, I.INSN_BASE);
    return readDisplacement(i, next, end, 2);
  }
  setBase(i, base | (rex & REX_B ? 8 : 0));
  return mod == 0 ? next : readDisplacement(i, next, end, mod == 1 ? 0 : 2);
}

/** Addresses based on SP or BP are in the stack segment. */
function setBase(i: usize, base: u32): void {
  store<u8>(i, <u8>base, I.INSN_BASE);
  if ((base == GPR_SP || base == GPR_BP) && !(load<u16>(i, I.INSN_PREFIXES) & I.PREFIX_SEGMENT)) {
    store<u8>(i, <u8>SEG_SS, I.INSN_SEGMENT);
  }
}

function readDisplacement(i: usize, at: usize, end: usize, size: u32): usize {
  if (at + (1 << size) > end) return 0;
  store<i64>(i, readSigned(at, size), I.INSN_DISPLACEMENT);
  return at + (1 << size);
}

function readSigned(at: usize, size: u32): i64 {
  if (size == 0) return load<i8>(at);
  if (size == 1) return load<i16>(at);
  return size == 2 ? load<i32>(at) : load<i64>(at);
}

function readUnsigned(at: usize, size: u32): i64 {
  if (size == 0) return load<u8>(at);
  if (size == 1) return load<u16>(at);
  return size == 2 ? load<u32>(at) : load<i64>(at);
}

/** Appends an operand to the record. */
function addOperand(i: usize, kind: u32, size: u32, register: u32, flags: u32): void {
  const count: u32 = load<u8>(i, I.INSN_OPERAND_COUNT);
  store<u8>(i, <u8>(count + 1), I.INSN_OPERAND_COUNT);
  store<u32>(I.insnOperand(i, count), kind | (size << 8) | (register << 16) | (flags << 24));
}

function addGeneral(i: usize, size: u32, register: u32): void {
  // Without a REX prefix byte registers 4 to 7 are AH, CH, DH and BH.
  const high = size == 0 && (register & 12) == 4 && !(load<u16>(i, I.INSN_PREFIXES) & I.PREFIX_REX);
  addOperand(i, I.OPERAND_GPR, size, register, high ? I.OPERAND_HIGH_BYTE : 0);
}

/** Reads what the operand with the table entry `entry` needs besides ModRM. */
function decodeOperand(i: usize, entry: usize, at: usize, end: usize, code64: bool): usize {
  const rex: u32 = load<u8>(i, INSN_REX);
  const modrm: u32 = load<u8>(i, I.INSN_MODRM);
  const isRegister = modrm >= 0xc0;
  const reg = ((modrm >> 3) & 7) | (rex & REX_R ? 8 : 0);
  const rm = (modrm & 7) | (rex & REX_B ? 8 : 0);
  const size = sizeOf(i, load<u8>(entry, 1), rex, code64);
  const fixed: u32 = load<u8>(entry, 2);
  switch (<u32>load<u8>(entry)) {
    case T.METHOD_RM:
      if (isRegister) addGeneral(i, size, rm);
      else addOperand(i, I.OPERAND_MEM, size, 0, 0);
      break;
    case T.METHOD_REG:
      addGeneral(i, size, reg);
      break;
    case T.METHOD_RM_REG:
      addGeneral(i, size, rm);
      break;
    case T.METHOD_VVVV:
      addGeneral(i, size, load<u8>(i, INSN_VVVV) & (code64 ? 15 : 7));
      store<u8>(i, 0, INSN_VVVV);
      break;
    case T.METHOD_OPCODE:
      addGeneral(i, size, (load<u8>(i, I.INSN_OPCODE) & 7) | (rex & REX_B ? 8 : 0));
      break;
    case T.METHOD_FIXED:
      addGeneral(i, size, fixed);
      break;
    case T.METHOD_CR:
      addOperand(i, I.OPERAND_CR, size, reg, 0);
      if (!((CONTROL_REGISTERS >> reg) & 1)) undefine(i);
      break;
    case T.METHOD_DR:
      addOperand(i, I.OPERAND_DR, size, reg, 0);
      if (!((DEBUG_REGISTERS >> reg) & 1)) undefine(i);
      break;
    case T.METHOD_SEG:
      addOperand(i, I.OPERAND_SEG, size, (modrm >> 3) & 7, 0);
      break;
    case T.METHOD_FIXED_SEG:
      addOperand(i, I.OPERAND_SEG, size, fixed, 0);
      break;
    case T.METHOD_XMM:
      addOperand(i, I.OPERAND_XMM, 4, reg, 0);
      break;
    case T.METHOD_XMM_RM:
      if (isRegister) addOperand(i, I.OPERAND_XMM, 4, rm, 0);
      else addOperand(i, I.OPERAND_MEM, size, 0, 0);
      break;
    case T.METHOD_FIXED_XMM:
      addOperand(i, I.OPERAND_XMM, 4, fixed, 0);
      break;
    case T.METHOD_MMX:
      addOperand(i, I.OPERAND_MMX, 3, reg & 7, 0);
      break;
    case T.METHOD_MMX_RM:
      if (isRegister) addOperand(i, I.OPERAND_MMX, 3, rm & 7, 0);
      else addOperand(i, I.OPERAND_MEM, size, 0, 0);
      break;
    case T.METHOD_IMMEDIATE:
      // Bytes and the 16 bits of RET and ENTER are counts and controls.
      return readImmediate(i, at, end, load<u8>(entry, 1) >= T.SIZE_V, size);
    case T.METHOD_SIGNED:
      if (at == end) return 0;
      addOperand(i, I.OPERAND_IMM, size, 0, 0);
      store<i64>(i, load<i8>(at), I.INSN_IMMEDIATE);
      return at + 1;
    case T.METHOD_RELATIVE:
      if (at + (1 << size) > end) return 0;
      addOperand(i, I.OPERAND_REL, size, 0, 0);
      store<i64>(i, readSigned(at, size), I.INSN_IMMEDIATE);
      return at + (1 << size);
    case T.METHOD_FAR:
      if (at + (1 << size) + 2 > end) return 0;
      addOperand(i, I.OPERAND_FAR, I.SIZE_OTHER, 0, 0);
      store<i64>(i, readUnsigned(at, size), I.INSN_IMMEDIATE);
      store<i64>(i, load<u16>(at + (1 << size)), I.INSN_IMMEDIATE2);
      return at + (1 << size) + 2;
    case T.METHOD_MOFFS: {
      const addressSize: u32 = load<u8>(i, I.INSN_ADDRESS_SIZE);
      if (at + (1 << addressSize) > end) return 0;
      addOperand(i, I.OPERAND_MOFFS, size, 0, 0);
      store<i64>(i, readUnsigned(at, addressSize), I.INSN_DISPLACEMENT);
      return at + (1 << addressSize);
    }
    case T.METHOD_ONE:
      addOperand(i, I.OPERAND_IMPLICIT_1, size, 0, 0);
      break;
    case T.METHOD_ST:
      addOperand(i, I.OPERAND_ST, I.SIZE_TBYTE, modrm & 7, 0);
      break;
    case T.METHOD_FIXED_ST:
      addOperand(i, I.OPERAND_ST, I.SIZE_TBYTE, fixed, 0);
      break;
  }
  return at;
}

function readImmediate(i: usize, at: usize, end: usize, signed: bool, size: u32): usize {
  if (at + (1 << size) > end) return 0;
  const count: u32 = load<u8>(i, I.INSN_OPERAND_COUNT);
  const second = count > 0 && operandKind(i, count - 1) == I.OPERAND_IMM;
  addOperand(i, second ? I.OPERAND_IMM2 : I.OPERAND_IMM, size, 0, 0);
  const value = signed ? readSigned(at, size) : readUnsigned(at, size);
  store<i64>(i + (second ? I.INSN_IMMEDIATE2 : I.INSN_IMMEDIATE), value);
  return at + (1 << size);
}

/** Logarithm of an operand's bytes, or SIZE_TBYTE, SIZE_OTHER. */
function sizeOf(i: usize, code: u32, rex: u32, code64: bool): u32 {
  const operandSize: u32 = load<u8>(i, I.INSN_OPERAND_SIZE);
  switch (code) {
    case T.SIZE_V:
      return operandSize;
    case T.SIZE_Z:
      return operandSize < 2 ? operandSize : 2;
    case T.SIZE_Y:
      return rex & REX_W ? 3 : 2;
    case T.SIZE_N:
      return code64 ? 3 : 2;
  }
  return code;
}
