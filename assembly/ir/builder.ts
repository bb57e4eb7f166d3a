/**
 * Appends operations of the IR (ops.def) to the block being built.
 *
 * An emit context lies in linear memory, so that the builder has no state of its own and several vCPUs can build at
 * once. It is the translator's view of one block: where the next operation goes, which temporary is free, and where each
 * guest instruction begins.
 *
 *   EMIT_CURSOR  u32 address of the next operation      EMIT_START u32 address of the first one
 *   EMIT_TEMP    u32 slot of the next free temporary    EMIT_CPU   u32 address of the vCPU state
 */
import { STATE_TEMPS, STATE_TEMP_COUNT, STATE_VECTOR_TEMPS, STATE_VECTOR_TEMP_COUNT } from '../vcpu/state';

export const OP_SIZE: u32 = 16;
export const OP_CODE: u32 = 0;
export const OP_A: u32 = 2;
export const OP_B: u32 = 4;
export const OP_C: u32 = 6;
export const OP_IMM: u32 = 8;
/** u32 over b and c: address of the chained block of a `goto`, or 0. */
export const OP_CHAIN: u32 = 4;

export const EMIT_CURSOR: u32 = 0x00;
export const EMIT_START: u32 = 0x04;
export const EMIT_TEMP: u32 = 0x08;
export const EMIT_CPU: u32 = 0x0c;
/** u64. Address of the guest instruction being translated, and of the block's first one. */
export const EMIT_PC: u32 = 0x10;
export const EMIT_BLOCK_PC: u32 = 0x18;
/** u32. Bytes of the guest instruction being translated. */
export const EMIT_LENGTH: u32 = 0x20;
/** u32. Block flags (STATE_TB_FLAGS) that the block is built for. */
export const EMIT_FLAGS: u32 = 0x24;
/** u32. The frontend sets this to 1 when the instruction ends the block. */
export const EMIT_ENDED: u32 = 0x28;
/** u64. Scratch of the frontend for facts about the block so far. */
export const EMIT_GUEST: u32 = 0x40;
/** u64. MMU index that data accesses of this block use. */
export const EMIT_MMU: u32 = 0x30;

/** u32. Slot of the next free temporary of 16 bytes. */
export const EMIT_VECTOR_TEMP: u32 = 0x38;
/** u32. The frontend sets this to 1 if the run loop has to look at the vCPU after every execution of the block: tier 1 leaves it alone. */
export const EMIT_ALONE: u32 = 0x3c;

/** Frontends may keep more of their own from here on. */
export const EMIT_END: u32 = 0x48;

/** Kinds of the `rmw` operations. */
export const RMW_SWAP: u32 = 0;
export const RMW_ADD: u32 = 1;
export const RMW_XOR: u32 = 2;
export const RMW_AND: u32 = 3;
export const RMW_OR: u32 = 4;
export const RMW_MINS: u32 = 5;
export const RMW_MAXS: u32 = 6;
export const RMW_MINU: u32 = 7;
export const RMW_MAXU: u32 = 8;

/** Appends one operation and returns its address. */
export function emit(e: usize, op: u32, a: u32, b: u32, c: u32, imm: i64): usize {
  const at: usize = load<u32>(e, EMIT_CURSOR);
  store<u16>(at, op, OP_CODE);
  store<u16>(at, a, OP_A);
  store<u16>(at, b, OP_B);
  store<u16>(at, c, OP_C);
  store<i64>(at, imm, OP_IMM);
  store<u32>(e, at + OP_SIZE, EMIT_CURSOR);
  return at;
}

/** A fresh temporary. Temporaries live within one guest instruction: the translator starts over at each. */
export function emitTemp(e: usize): u32 {
  const slot = load<u32>(e, EMIT_TEMP);
  assert(slot < STATE_TEMPS + STATE_TEMP_COUNT * 8);
  store<u32>(e, slot + 8, EMIT_TEMP);
  return slot;
}

/** A fresh temporary of 16 bytes. They have slots of their own, since a slot has one type in all of a region. */
export function emitTempV(e: usize): u32 {
  const slot = load<u32>(e, EMIT_VECTOR_TEMP);
  assert(slot < STATE_VECTOR_TEMPS + STATE_VECTOR_TEMP_COUNT * 16);
  store<u32>(e, slot + 16, EMIT_VECTOR_TEMP);
  return slot;
}

/** Immediate of `deposit` and `extract`. */
export function bitField(first: u32, bits: u32): i64 {
  return first | (bits << 8);
}

/** A helper's word: its function, the slot of a third argument and an immediate that it gets as they are. */
export function helperWord(index: u32, third: u32, immediate: u32): i64 {
  return <i64>(<u64>index | ((<u64>third) << 16) | ((<u64>immediate) << 32));
}

/**
 * Word of a `callq`. The quick function has a helper's signature; its third argument is 0. It raises nothing, and a negative result says that it
 * changed nothing either.
 */
export function quickWord(index: u32, quick: u32, immediate: u32): i64 {
  return helperWord(index, quick, immediate);
}

/**
 * Immediate of a `callf`: the rounding mode, numbered as in fpu/status.ts, in the low three bits, and what the helper computes from its arguments
 * in FLOAT_KIND. FLOAT_DYNAMIC: the mode is in the word at STATE_ROUNDING_AT. A backend may compute it itself where it can tell that the
 * helper would give the same result and raise no flag that is not accrued.
 */
export const FLOAT_DYNAMIC: u32 = 7;
export const FLOAT_KIND: u32 = 0xff00;
export const FLOAT_ADD: u32 = 0x100;
export const FLOAT_SUB: u32 = 0x200;
export const FLOAT_MUL: u32 = 0x300;
export const FLOAT_DIV: u32 = 0x400;
export const FLOAT_SQRT: u32 = 0x500;
/** b × c + third, b × c - third, third - b × c, -b × c - third, rounded once. */
export const FLOAT_FMADD: u32 = 0x600;
export const FLOAT_FMSUB: u32 = 0x700;
export const FLOAT_FNMSUB: u32 = 0x800;
export const FLOAT_FNMADD: u32 = 0x900;
/** 1 or 0. A quiet NaN is invalid for lt and le only. */
export const FLOAT_EQ: u32 = 0xa00;
export const FLOAT_LT: u32 = 0xb00;
export const FLOAT_LE: u32 = 0xc00;
/** The low half of b, signed or unsigned, as a number. */
export const FLOAT_FROM_I32: u32 = 0xd00;
export const FLOAT_FROM_U32: u32 = 0xe00;
/** Added to the kinds of a `callfx`: binary32 in the low halves; the result's high half is that of b, of a root that of third. */
export const FLOAT_SINGLE: u32 = 0x10000;
/** Kinds of a `callfv` besides FLOAT_ADD to FLOAT_SQRT (of c); without FLOAT_SINGLE its two lanes are binary64. b - c in even lanes, b + c in odd ones. */
export const VECTOR_ADDSUB: u32 = 0x1000;
/** b < c ? b : c; b > c ? b : c. */
export const VECTOR_MIN: u32 = 0x1100;
export const VECTOR_MAX: u32 = 0x1200;
/** All ones or 0; added << 8: equal 0, less 1, less or equal 2, not ordered 3, and 4 for the opposite. */
export const VECTOR_COMPARE: u32 = 0x1800;
/** c rounded to integers; added << 8: to nearest 0, down 1, up 2, towards zero 3. */
export const VECTOR_ROUND: u32 = 0x2000;
/** Conversions of the lanes of c: its low two, or all, with 0 in the lanes that are left. */
export const VECTOR_F32_TO_F64: u32 = 0x2800;
export const VECTOR_F64_TO_F32: u32 = 0x2900;
export const VECTOR_I32_TO_F32: u32 = 0x2a00;
/** To signed integers of 32 bits; 0x100 added: towards zero. */
export const VECTOR_F32_TO_I32: u32 = 0x2c00;
export const VECTOR_F64_TO_I32: u32 = 0x2e00;
