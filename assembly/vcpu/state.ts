/**
 * The vCPU state struct. The first 4 KiB are the operands of the IR ("slots"): 8-byte values at byte offsets that fit 16 bits.
 * Guests place their registers (the IR's globals) in 0x008-0x1ff and their system state from 0x800 on
 * (assembly/guest/<isa>/cpu.ts); what follows here is common to all guests.
 *
 *   0x000 ┌ the constant 0
 *   0x008 ├ guest registers (globals)
 *   0x200 ├ common state
 *   0x300 ├ temporaries of the IR
 *   0x800 ├ guest system state
 *   0x2000├ scratch of the translator
 *   0x4000└
 */

/** u64. The constant 0, for every guest: operations read it, none may write it, and it is never anything else. */
export const STATE_ZERO: u32 = 0x000;

/** u64. Guest program counter. Valid outside translation blocks only. */
export const STATE_PC: u32 = 0x200;
/** u64. Pending exception: cause + 1, or 0. */
export const STATE_EXCEPTION: u32 = 0x208;
/** u64. Value that goes with it (faulting address, instruction bits). */
export const STATE_EXCEPTION_VALUE: u32 = 0x210;
/** i64. Guest instructions left in this slice; below zero once the slice is over. */
export const STATE_BUDGET: u32 = 0x218;
/** u64. Guest instructions retired up to the start of this slice, plus what the slice was given: retired = ICOUNT - BUDGET. */
export const STATE_ICOUNT: u32 = 0x220;
/** u64. Result of a slow load. */
export const STATE_LOADED: u32 = 0x228;
/**
 * u32. What a translation block is looked up by, besides its address: bits 0-19 flags made by the guest's frontend (privilege,
 * MMU index …), 20-23 number of STATE_GUEST_KEY, 24-30 generation of the jump cache, 31 BLOCK_CHECK. One comparison in the jump cache checks all four.
 */
export const STATE_TB_FLAGS: u32 = 0x230;
export const BLOCK_FLAGS_MASK: u32 = 0xfffff;
export const BLOCK_KEY_MASK: u32 = 0xf00000;
export const BLOCK_KEY_SHIFT: u32 = 20;
export const BLOCK_GENERATION: u32 = 0x1000000;
export const BLOCK_GENERATION_MASK: u32 = 0x7f000000;
/** Something that the run loop must look at (interrupts that may be taken now): no jump-cache entry matches while it is set. */
export const BLOCK_CHECK: u32 = 0x80000000;
/** u32. Address of the `goto` operation that wants to be chained to the block found next, or 0. */
export const STATE_CHAIN_FROM: u32 = 0x234;
/** u32. Reason of the last `exit` operation. */
export const STATE_EXIT_REASON: u32 = 0x238;
/**
 * Reasons: only that the next block is looked up by the block flags as they are now, and BLOCK_CHECK seen if it is set (LEAVE_LOOKUP); that the vCPU waits for
 * an interrupt (WFI, HLT).
 */
export const EXIT_AGAIN: u32 = 0;
export const EXIT_HALT: u32 = 1;
/** u32. Function index of the guest's handler for physical accesses that nobody answers: see softmmu/hook.ts. */
export const STATE_HOOK_BUS_ERROR: u32 = 0x23c;
/** u32. Accrued floating-point exception flags, NX 1, UF 2, OF 4, DZ 8, NV 16. */
export const STATE_FFLAGS: u32 = 0x240;
/** u32. Function index of the guest's page walk: see softmmu/hook.ts. */
export const STATE_HOOK_WALK: u32 = 0x244;
/** Results of a page walk: u64 guest-physical page, u32 permissions (PERM_*), u32 log2 of the mapping's size. */
export const STATE_WALK_PHYSICAL: u32 = 0x248;
export const STATE_WALK_PERMISSIONS: u32 = 0x250;
export const STATE_WALK_SIZE: u32 = 0x254;
/** u64. Guest-physical address of the last slow access. */
export const STATE_ACCESS_PHYSICAL: u32 = 0x258;
/** u32. 1: the running block must be left after its instruction (its code changed, or an interrupt controller was written). */
export const STATE_LEAVE: u32 = 0x260;
/** u32. Next free byte of the block arena. */
export const STATE_TB_CURSOR: u32 = 0x264;
/** u32. COMM_KICK as last seen. */
export const STATE_KICK_SEEN: u32 = 0x268;
/** u32. VM_MAP_GENERATION as last seen. */
export const STATE_MAP_SEEN: u32 = 0x26c;
/** u64. Guest clock in ns as last handed to the guest; later readings are never below it. */
export const STATE_CLOCK_LAST: u32 = 0x270;
/** i64. Guest ns of the next timer that this vCPU has to notice. */
export const STATE_DEADLINE: u32 = 0x278;
/** u32. Index of the region that the last physical address was found in. */
export const STATE_LAST_REGION: u32 = 0x280;
/** u32. Index of this vCPU. */
export const STATE_INDEX: u32 = 0x284;
/** u64. ICOUNT - BUDGET at the last exception, to recognise a trap that loops on itself. */
export const STATE_LAST_TRAP_COUNT: u32 = 0x288;
export const STATE_TRAP_REPEATS: u32 = 0x290;
/** u32. Bytes that the slow access in progress wants (loads and stores; a fetch asks for a page). */
export const STATE_ACCESS_SIZE: u32 = 0x2b4;
/** u32. Bytes of an access that crosses a page's end while its first byte is looked at; else 0. */
export const STATE_ACCESS_WHOLE: u32 = 0x2ac;
/**
 * u32. What else a block is made for that its flags have no room for (x86: the base of CS): equal for all blocks that reach each other through
 * the jump cache, where its number in STATE_GUEST_KEYS stands for it. See vcpu/exception.ts, setGuestKey.
 */
export const STATE_GUEST_KEY: u32 = 0x2a8;
/** u32 each: keys that have a number, 0 to GUEST_KEY_COUNT - 1; and the number that the next new one takes. */
export const STATE_GUEST_KEYS: u32 = 0x720;
export const GUEST_KEY_COUNT: u32 = 16;
export const STATE_GUEST_KEY_NEXT: u32 = 0x760;
/** 16 bytes each. Operands of the helper of a `callfv`; its result is in the place of the first. */
export const STATE_VECTOR_B: u32 = 0x770;
export const STATE_VECTOR_C: u32 = 0x780;
/** u32. Word that memory fences write: see backend/atomic.ts. */
export const STATE_FENCE: u32 = 0x2b0;
/** u32. Linear address of the last slow access that hit memory. */
export const STATE_ACCESS_LINEAR: u32 = 0x294;
/** i64. Guest ns that -icount's virtual clock is ahead of the instruction count (sleeps). */
export const STATE_CLOCK_WARP: u32 = 0x298;
/** i64. Earliest deadline of the device timers. */
export const STATE_DEVICE_DEADLINE: u32 = 0x2a0;

/** u32. 1 if the last slow access of tier 1 has to leave the region (an exception, or STATE_LEAVE); the operation that did it. */
export const STATE_STATUS: u32 = 0x2b8;
export const STATE_STATUS_OP: u32 = 0x2bc;
/** u32. Executions of a block before tier 1 takes it; 0: never. */
export const STATE_THRESHOLD: u32 = 0x2c0;
/** u32. Hot blocks waiting in the compiler's queue. */
export const STATE_QUEUED: u32 = 0x2c4;
/** u32. Region descriptors: head of the free list, and the first that was never used. */
export const STATE_REGION_FREE: u32 = 0x2c8;
export const STATE_REGION_NEXT: u32 = 0x2cc;

/** u32. The block that LEAVE_HOT is about. */
export const STATE_HOT: u32 = 0x2d0;
/** u32. 1: the block that was looked up must be interpreted, because a page of its region is mapped elsewhere now. */
export const STATE_NO_REGION: u32 = 0x2d4;

/** u32. Counts up about once a second while the vCPU runs; regions note it when they are entered, so that cold ones can be told. */
export const STATE_EPOCH: u32 = 0x2d8;

/** u32. Entries in the logs of the TLB and of the jump cache, places in CPU_TLB_LARGE, and the next victim to be replaced. */
export const STATE_TLB_LOGGED: u32 = 0x2dc;
export const STATE_JUMPS_LOGGED: u32 = 0x2e0;
export const STATE_TLB_LARGE: u32 = 0x2e4;
export const STATE_TLB_VICTIM: u32 = 0x2e8;
/** u32. Result of a page walk: 1 if the mapping is the same in every address space. */
export const STATE_WALK_GLOBAL: u32 = 0x2ec;
/** u32. Places used in CPU_JUMP_LARGE. */
export const STATE_JUMP_LARGE: u32 = 0x2f0;
/** u32. Tier check: 1 while tier 1 runs and its accesses are logged, 2 while tier 0 replays them. */
export const STATE_CHECK_PHASE: u32 = 0x2f4;
/** u64. What tags of the TLB for reading and writing are marked with: 0, or under tier check a bit that makes every inline probe miss. */
export const STATE_TLB_MARK: u32 = 0x2f8;

export const STATE_TEMPS: u32 = 0x300;
export const STATE_TEMP_COUNT: u32 = 64;
/** Temporaries of 16 bytes. */
export const STATE_VECTOR_TEMPS: u32 = 0x500;
export const STATE_VECTOR_TEMP_COUNT: u32 = 32;

/** i64. Guest instructions in the next slice: see vcpu/run.ts. */
export const STATE_SLICE: u32 = 0x700;
/** i64. Instructions that this slice lost to work that takes longer than they do: see vcpu/slice.ts. */
export const STATE_CHARGED: u32 = 0x768;
/** u32. 1: since the run loop looked last the page answered an exit, in which devices may have armed timers. */
export const STATE_EXITED: u32 = 0x764;
/** u32. Offset in the state of the rounding mode that `callf` takes at run time (u32, numbered as in fpu/status.ts). */
export const STATE_ROUNDING_AT: u32 = 0x708;
/**
 * u32 each. What a `callfx` needs to be computed inline: the word at that offset in the state has, under the mask, that value. It says that
 * rounding is to nearest, that nothing raises, and that inexact is accrued.
 */
export const STATE_FLOAT_AT: u32 = 0x710;
export const STATE_FLOAT_MASK: u32 = 0x714;
export const STATE_FLOAT_VALUE: u32 = 0x718;
/** u32. 1: the host multiplies and adds with one rounding (fpu/host-fma.ts). */
export const STATE_HOST_FMA: u32 = 0x70c;

/** Scratch for the translator: one u32 per guest instruction of the block being built (see tb/block.ts). */
export const STATE_INSN_TABLE: u32 = 0x2000;
/** Scratch of the guest's decoder, 256 bytes; and the bytes of an instruction that crosses pages, gathered from both. */
export const STATE_GUEST_INSN: u32 = 0x2a00;
export const STATE_FETCH_BUFFER: u32 = 0x2b00;

/** u32 function indices of the guest: see guest.ts. */
export const STATE_GUEST: u32 = 0x2c00;
export const STATE_GUEST_TRANSLATE: u32 = STATE_GUEST + 0x00;
export const STATE_GUEST_END_BLOCK: u32 = STATE_GUEST + 0x04;
export const STATE_GUEST_FETCH_MMU: u32 = STATE_GUEST + 0x08;
export const STATE_GUEST_DATA_MMU: u32 = STATE_GUEST + 0x0c;
export const STATE_GUEST_UPDATE_LINES: u32 = STATE_GUEST + 0x10;
export const STATE_GUEST_TAKE_INTERRUPT: u32 = STATE_GUEST + 0x14;
export const STATE_GUEST_HAS_WAKEUP: u32 = STATE_GUEST + 0x18;
export const STATE_GUEST_DEADLINE: u32 = STATE_GUEST + 0x1c;
export const STATE_GUEST_DELIVER: u32 = STATE_GUEST + 0x20;
export const STATE_GUEST_LOCAL_READ: u32 = STATE_GUEST + 0x24;
export const STATE_GUEST_LOCAL_WRITE: u32 = STATE_GUEST + 0x28;
/** u32. Block flags of which one is set where addresses have 64 bits: without them registers that addresses are made of are zero-extended. 0: they always have. */
export const STATE_GUEST_WIDE: u32 = STATE_GUEST + 0x2c;
/** 16 bytes. Result of a slow vector load, or what a slow vector store stores. */
export const STATE_VECTOR: u32 = 0x2c40;
/** A block of its own for what is left of an instruction that the vCPU leaves after: see backend/leave.ts, leaveAfter. */
export const STATE_REST: u32 = 0x3000;
/** The emit context of ir/builder.ts. */
export const STATE_EMIT: u32 = 0x2800;
