/**
 * A decoded instruction, as x86Decode fills it in and trans functions read it: a record at STATE_GUEST_INSN of the vCPU state.
 *
 * Condition instructions have one number for all conditions (jcc, setcc, cmovcc): the condition is in the low four bits of the
 * opcode. Instructions that exist for MMX and SSE have one number too, and those whose operands have several forms; operand kinds
 * tell them apart. String instructions have no operands: operand size, address size and segment say it all.
 */

/** u16. INSN_*, INSN_UNDEFINED if there is no such instruction; then only the length is valid as well. */
export const INSN_NUMBER: usize = 0x00;
/** u8. Bytes, at most 15. */
export const INSN_LENGTH: usize = 0x02;
/** u8. Logarithm of the operand's bytes, 0 to 3; 0 if general registers and memory operands are bytes. */
export const INSN_OPERAND_SIZE: usize = 0x03;
/** u8. Logarithm of the address's bytes, 1 to 3. */
export const INSN_ADDRESS_SIZE: usize = 0x04;
/** u8. SEG_* of the memory operand (the source's of string instructions), default applied. */
export const INSN_SEGMENT: usize = 0x05;
/** u16. PREFIX_*. */
export const INSN_PREFIXES: usize = 0x06;
/** u8. Operands, the destination first. */
export const INSN_OPERAND_COUNT: usize = 0x08;
/** u8. The opcode's last byte. */
export const INSN_OPCODE: usize = 0x09;
/** u8. General register, NO_REGISTER or BASE_RIP. */
export const INSN_BASE: usize = 0x0a;
/** u8. General register or NO_REGISTER. */
export const INSN_INDEX: usize = 0x0b;
/** u8. Logarithm of what the index is multiplied by. */
export const INSN_SCALE: usize = 0x0c;
/** u8. 0 if the instruction has none. */
export const INSN_MODRM: usize = 0x0d;
/** u8. MAP_*; with PREFIX_VEX the same map under VEX. */
export const INSN_MAP: usize = 0x0e;
/** i64. Of the memory operand, sign-extended; of OPERAND_MOFFS the address, zero-extended. */
export const INSN_DISPLACEMENT: usize = 0x10;
/**
 * i64. Immediate; target of OPERAND_REL, relative to the next instruction; offset of OPERAND_FAR. Sign-extended if the instruction
 * extends it or it has the operand's size; bytes, the counts of RET and ENTER and far offsets are zero-extended.
 */
export const INSN_IMMEDIATE: usize = 0x18;
/** i64. Level of ENTER, selector of OPERAND_FAR. */
export const INSN_IMMEDIATE2: usize = 0x20;
/** Four operands of OPERAND_STRIDE bytes. */
export const INSN_OPERANDS: usize = 0x28;
export const OPERAND_STRIDE: usize = 8;
/** u16. Index in the tables, for the disassembler. */
export const INSN_ENCODING: usize = 0x48;
export const INSN_BYTES: usize = 0x50;

/** u8 each, in an operand. */
export const OPERAND_KIND: usize = 0;
/** Logarithm of the bytes: 0 to 4, SIZE_TBYTE, SIZE_OTHER. Of immediates the bytes in the instruction or, if less, the operand's. Of an XMM register always 4; its memory form has the size of the access. */
export const OPERAND_SIZE: usize = 1;
export const OPERAND_REGISTER: usize = 2;
/** OPERAND_HIGH_BYTE or 0. */
export const OPERAND_FLAGS: usize = 3;

export const OPERAND_NONE: u32 = 0;
export const OPERAND_GPR: u32 = 1;
export const OPERAND_MEM: u32 = 2;
export const OPERAND_IMM: u32 = 3;
export const OPERAND_SEG: u32 = 4;
export const OPERAND_CR: u32 = 5;
export const OPERAND_DR: u32 = 6;
export const OPERAND_XMM: u32 = 7;
export const OPERAND_MMX: u32 = 8;
export const OPERAND_ST: u32 = 9;
export const OPERAND_REL: u32 = 10;
export const OPERAND_FAR: u32 = 11;
export const OPERAND_MOFFS: u32 = 12;
export const OPERAND_IMPLICIT_1: u32 = 13;
export const OPERAND_IMM2: u32 = 14;

/** AH, CH, DH or BH: bits 8 to 15 of the general register OPERAND_REGISTER - 4. */
export const OPERAND_HIGH_BYTE: u32 = 1;

/** 80 bits. */
export const SIZE_TBYTE: u32 = 5;
/** Pointers, bounds, save areas, what LEA computes. */
export const SIZE_OTHER: u32 = 6;

export const PREFIX_LOCK: u32 = 1;
/** F3 and F2; of both only the last one. */
export const PREFIX_REP: u32 = 2;
export const PREFIX_REPNE: u32 = 4;
export const PREFIX_REX: u32 = 8;
export const PREFIX_REX_W: u32 = 16;
export const PREFIX_VEX: u32 = 32;
export const PREFIX_VEX_L: u32 = 64;
export const PREFIX_66: u32 = 128;
/** A segment override that counts. */
export const PREFIX_SEGMENT: u32 = 256;

export const NO_REGISTER: u32 = 16;
/** The address of the next instruction. */
export const BASE_RIP: u32 = 17;

export const MAP_ONE_BYTE: u32 = 0;
export const MAP_0F: u32 = 1;
export const MAP_0F38: u32 = 2;
export const MAP_0F3A: u32 = 3;

/** Longest instruction, in bytes; a longer one is a general-protection fault. */
export const INSN_LENGTH_MAX: u32 = 15;

/** Address of operand `n`. */
export function insnOperand(i: usize, n: u32): usize {
  return i + INSN_OPERANDS + <usize>n * OPERAND_STRIDE;
}
