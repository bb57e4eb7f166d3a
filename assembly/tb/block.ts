/**
 * A translation block (TB): the IR of a straight run of guest instructions, in the vCPU's block arena.
 *
 *   +0x00 u64 guest-virtual pc      +0x08 u32 linear address of its code   +0x0c u32 flags (BLOCK_FLAGS_MASK bits)
 *   +0x10 u32 next in its hash bucket   +0x14 u32 next block of its (first) page   +0x18 u32 next block of its second page
 *   +0x1c u16 guest instructions    +0x1e u16 operations               +0x20 u32 address of the instruction table
 *   +0x24 u32 bytes of guest code   +0x28 u16 state bits, u16 copies: large regions that it lies in and does not begin   +0x2c u32 linear address of the second page's code, or 0
 *   +0x30 u32 table index of the region that begins here, or 0   +0x34 u32 heat: executions left until the block counts as hot
 *   +0x38 u32 descriptor of that region   +0x3c u32 STATE_GUEST_KEY that it was made for
 *   +0x40 operations (16 bytes each), then the instruction table: one u32 for each guest instruction,
 *         index of its first operation in the low half, offset of its address from the block's pc in the high half
 *
 * A block lies in one page, except one that consists of a single instruction across a page's end (BLOCK_CROSSES). Blocks are
 * chained (`goto`) only within a page and never to or from a crossing one, and pages are invalidated whole: so no chain
 * outlives its target, and chains need no list of who points here.
 */
export const BLOCK_PC: u32 = 0x00;
export const BLOCK_LINEAR: u32 = 0x08;
export const BLOCK_FLAGS: u32 = 0x0c;
export const BLOCK_HASH_NEXT: u32 = 0x10;
export const BLOCK_PAGE_NEXT: u32 = 0x14;
export const BLOCK_PAGE2_NEXT: u32 = 0x18;
export const BLOCK_INSNS: u32 = 0x1c;
export const BLOCK_OPS: u32 = 0x1e;
export const BLOCK_INSN_TABLE: u32 = 0x20;
export const BLOCK_SIZE: u32 = 0x24;
export const BLOCK_STATE: u32 = 0x28;
export const BLOCK_COPIES: u32 = 0x2a;
export const BLOCK_LINEAR2: u32 = 0x2c;
export const BLOCK_REGION: u32 = 0x30;
export const BLOCK_HEAT: u32 = 0x34;
export const BLOCK_REGION_DESCRIPTOR: u32 = 0x38;
export const BLOCK_GUEST_KEY: u32 = 0x3c;
export const BLOCK_CODE: u32 = 0x40;

export const BLOCK_VALID: u32 = 1;
export const BLOCK_CROSSES: u32 = 2;
/** Its page may not be cached in the TLB (PMP boundary): look it up every time. */
export const BLOCK_UNCACHED: u32 = 4;
/** Waits in the compiler's queue. */
export const BLOCK_QUEUED: u32 = 8;
/** Went into a region that begins elsewhere, and has not been asked for since. */
export const BLOCK_INCLUDED: u32 = 16;
/** Tier 1 cannot take it as an entry. */
export const BLOCK_REFUSED: u32 = 32;

/** Has been asked for since it was last compiled. */
export const BLOCK_ASKED: u32 = 64;

/** The run loop looks at the vCPU after each execution (EMIT_ALONE). */
export const BLOCK_ALONE: u32 = 128;

/** Longest block, in guest instructions and in operations. */
export const BLOCK_MAX_INSNS: u32 = 64;
export const BLOCK_MAX_OPS: u32 = 640;
/** Most operations of one guest instruction, the end of its block included (x86's PUSHA with checked segments). */
export const BLOCK_INSN_OPS: u32 = 160;
export const BLOCK_MAX_BYTES: u32 = BLOCK_CODE + BLOCK_MAX_OPS * 16 + BLOCK_MAX_INSNS * 4 + 16;

/** Index of the guest instruction that the operation at `op` belongs to. */
export function blockInsnAt(block: usize, op: usize): u32 {
  const index = <u32>(op - block - BLOCK_CODE) >> 4;
  const table: usize = load<u32>(block, BLOCK_INSN_TABLE);
  let insn: u32 = load<u16>(block, BLOCK_INSNS) - 1;
  while (insn > 0 && load<u16>(table + (insn << 2)) > index) insn -= 1;
  return insn;
}

/** Address behind the last operation of the block's instruction of that index. */
export function blockInsnEnd(block: usize, insn: u32): usize {
  const isLast = insn + 1 >= <u32>load<u16>(block, BLOCK_INSNS);
  const operations = isLast
    ? <u32>load<u16>(block, BLOCK_OPS)
    : <u32>load<u16>(load<u32>(block, BLOCK_INSN_TABLE) + ((insn + 1) << 2));
  return block + BLOCK_CODE + (operations << 4);
}

/** Guest-virtual address of the block's instruction of that index; that of the block's end for the index past the last. */
export function blockInsnPc(block: usize, insn: u32): u64 {
  const pc = load<u64>(block, BLOCK_PC);
  if (insn >= <u32>load<u16>(block, BLOCK_INSNS)) return pc + load<u32>(block, BLOCK_SIZE);
  return pc + load<u16>(load<u32>(block, BLOCK_INSN_TABLE) + (insn << 2), 2);
}
