/**
 * x86 processor: registers and system state at their offsets in the vCPU state, and the numbers of the architecture.
 * SDM is Intel's Software Developer's Manual, APM is AMD's Architecture Programmer's Manual.
 *
 *   0x000 ┌ constant 0, general registers, lazy flags, DF, segment bases, XMM        (locals of tier 1)
 *   0x200 ├ common state (vcpu/state.ts)
 *   0x800 ├ x87, MXCSR
 *   0x900 ├ EFLAGS, segment caches, control and debug registers, MSRs that instructions use
 *   0x1000├ the rest, which no operation names: machine-check banks, memory types, page-directory pointers
 */
import { STATE_VECTOR_B, STATE_VECTOR_C } from '../../vcpu/state';

// ── Registers that are locals of tier 1 ─────────────────────────────────────────────────────────────────────────

/** Slot 0 always holds 0. */
export const ZERO: u32 = 0x000;
/** RAX RCX RDX RBX RSP RBP RSI RDI R8 to R15, at GPR + 8 * n. Outside 64-bit code the high halves are 0 after 32-bit writes. */
export const GPR: u32 = 0x008;
export const RAX: u32 = 0x008;
export const RCX: u32 = 0x010;
export const RDX: u32 = 0x018;
export const RBX: u32 = 0x020;
export const RSP: u32 = 0x028;
export const RBP: u32 = 0x030;
export const RSI: u32 = 0x038;
export const RDI: u32 = 0x040;
/** Lazy flags: see cc.ts. */
export const CC_OP: u32 = 0x088;
export const CC_DST: u32 = 0x090;
export const CC_SRC: u32 = 0x098;
export const CC_SRC2: u32 = 0x0a0;
/** i64. EFLAGS.DF as the step of string instructions: 1 or -1. */
export const DF: u32 = 0x0a8;
/** u64. Base of segment s at SEG_BASE + 8 * s. */
export const SEG_BASE: u32 = 0x0b0;
/** Lazy flags again: results of INC or DEC, and of a rotate. */
export const CC_STEP: u32 = 0x0e0;
export const CC_ROTATED: u32 = 0x0e8;
/** 16 bytes each. */
export const XMM: u32 = 0x100;

export const SEG_ES: u32 = 0;
export const SEG_CS: u32 = 1;
export const SEG_SS: u32 = 2;
export const SEG_DS: u32 = 3;
export const SEG_FS: u32 = 4;
export const SEG_GS: u32 = 5;

// ── x87 and SSE ─────────────────────────────────────────────────────────────────────────────────────────────────

/** Physical registers, 16 bytes each: u64 significand (also the MMX register), u16 sign and exponent. */
export const X87_REG: u32 = 0x800;
/** u64 slots from 0x880 to 0x8bf: control, status without TOP, TOP, tags, instruction and operand pointers with their selectors. */
export const X87_CONTROL: u32 = 0x880;
export const X87_STATUS: u32 = 0x888;
export const X87_TOP: u32 = 0x890;
/** u8 for each physical register: empty, holding a normal number, or holding whatever there is (maybe a normal number). */
export const X87_TAGS: u32 = 0x898;
export const TAG_NORMAL: u8 = 0;
export const TAG_EMPTY: u8 = 1;
export const TAG_ANY: u8 = 2;
/** The same for all registers at once. */
export const TAGS_EMPTY: u64 = 0x0101010101010101;
export const TAGS_ANY: u64 = 0x0202020202020202;
/** The instruction's offset in 48 bits, which are enough for every address, and its opcode (FOP) above: one store notes both. */
export const X87_FIP: u32 = 0x8a0;
export const X87_FDP: u32 = 0x8a8;
/** u16 each, in slots of their own; what lies above is of no meaning. */
export const X87_FCS: u32 = 0x8b0;
export const X87_FDS: u32 = 0x8b8;
/** u64 slot. */
export const MXCSR: u32 = 0x8c0;
/** Scratch of an x87 instruction: u32 exceptions found so far, result and converted operand. */
export const X87_FOUND: u32 = 0x8c8;
export const X87_RESULT: u32 = 0x8e0;
export const X87_OPERAND: u32 = 0x8f0;

/** Operands and results of helpers of SSE, 16 bytes each. */
export const SSE_A: u32 = STATE_VECTOR_B;
export const SSE_B: u32 = STATE_VECTOR_C;
/**
 * u32. RAISED_* of helpers-sse.ts: what the lanes of an instruction raised so far; and the cell in which fpu/ collects flags of one lane. Tier 1 may do without the
 * helper, so that they lie where tier check does not compare.
 */
export const SSE_RAISED: u32 = 0x10f8;
export const SSE_LANE: u32 = 0x10fc;

// ── System state that operations may name (u64 slots unless said otherwise) ─────────────────────────────────────

/** EFLAGS without the arithmetic flags (CC_*) and without DF: FLAGS_SYSTEM; bit 1 is 0 here. */
export const X86_EFLAGS: u32 = 0x900;
/** u32. SHADOW_*: the next instruction is in the shadow of STI, or of a load of SS. */
export const X86_SHADOW: u32 = 0x908;
/** u32. SOFT_*: the pending exception comes from an INT instruction. */
export const X86_SOFT_INT: u32 = 0x90c;
/** u32. Length of that instruction in bytes. */
export const X86_SOFT_LENGTH: u32 = 0x910;
/** u32. Debug traps that are due after the instruction, as bits of DR6. */
export const X86_DEBUG_PENDING: u32 = 0x914;
/** u32. EVENT_*: what waits besides maskable interrupts. */
export const X86_EVENTS: u32 = 0x918;
/** u32. 1 between an NMI and the next IRET. */
export const X86_NMI_BLOCKED: u32 = 0x91c;
/** u32. Current privilege level; 0 in real mode, 3 in virtual-8086 mode. */
export const X86_CPL: u32 = 0x920;
/** u32. 1 in system management mode. */
export const X86_SMM: u32 = 0x924;
/** u32. 1 after a triple fault: the machine has to be reset. */
export const X86_SHUTDOWN: u32 = 0x928;
/** u32. MODEL_*: which processor CPUID describes. Set by the creator after reset. */
export const X86_MODEL: u32 = 0x92c;
/** u32 each. Exception of a task that was just switched to, vector + 1, and its error code: due before its first instruction. */
export const X86_LATE_EXCEPTION: u32 = 0x934;
export const X86_LATE_ERROR: u32 = 0x938;
/** u32. 1 while a processor other than the first waits for a SIPI. */
export const X86_WAIT_SIPI: u32 = 0x93c;

/**
 * Segment caches, 16 bytes each: u64 selector, u32 limit (in bytes, granularity applied), u32 attributes (SEGMENT_*). The base is at
 * SEG_BASE.
 */
export const X86_SEG: u32 = 0x940;
/** LDTR and TR: the same, and u64 base. */
export const X86_LDTR: u32 = 0x9a0;
export const X86_TR: u32 = 0x9c0;
export const SEG_SELECTOR: u32 = 0;
export const SEG_LIMIT: u32 = 8;
export const SEG_ATTRIBUTES: u32 = 12;
/** Of LDTR and TR only. */
export const SYSTEM_BASE: u32 = 16;
/** u32. 1 at a HLT that waits: STATE_PC is the instruction's own. X86_HALT_NEXT, u64, is the linear address of the next, where an interrupt returns to. */
export const X86_HALTED: u32 = 0x9d8;
export const X86_HALT_NEXT: u32 = 0x9b8;
/** u64 base, u32 limit. */
export const X86_GDTR: u32 = 0x9e0;
export const X86_IDTR: u32 = 0x9f0;
export const TABLE_BASE: u32 = 0;
export const TABLE_LIMIT: u32 = 8;

export const X86_CR0: u32 = 0xa00;
export const X86_CR2: u32 = 0xa08;
export const X86_CR3: u32 = 0xa10;
export const X86_CR4: u32 = 0xa18;
export const X86_XCR0: u32 = 0xa20;
export const X86_EFER: u32 = 0xa28;
/** DR0 to DR7. */
export const X86_DR: u32 = 0xa40;
export const X86_DR6: u32 = 0xa70;
export const X86_DR7: u32 = 0xa78;
export const X86_STAR: u32 = 0xa80;
export const X86_LSTAR: u32 = 0xa88;
export const X86_CSTAR: u32 = 0xa90;
export const X86_FMASK: u32 = 0xa98;
export const X86_KERNEL_GS_BASE: u32 = 0xaa0;
export const X86_SYSENTER_CS: u32 = 0xaa8;
export const X86_SYSENTER_ESP: u32 = 0xab0;
export const X86_SYSENTER_EIP: u32 = 0xab8;
export const X86_TSC_AUX: u32 = 0xac0;
/** i64. What the time-stamp counter differs by from the guest's clock in ns. */
export const X86_TSC_OFFSET: u32 = 0xac8;
export const X86_TSC_ADJUST: u32 = 0xad0;
export const X86_MCG_CTL: u32 = 0xad8;
export const X86_PAT: u32 = 0xae0;
export const X86_MISC_ENABLE: u32 = 0xae8;
export const X86_SMBASE: u32 = 0xaf0;
export const X86_MCG_STATUS: u32 = 0xaf8;
export const X86_SPEC_CTRL: u32 = 0xb00;
export const X86_MICROCODE: u32 = 0xb08;
/** Page-directory-pointer entries of PAE paging, as loaded with CR3. */
export const X86_PDPTE: u32 = 0xb10;

/**
 * u64 for each segment: what offset and size of an access may add up to outside 64-bit code; 0 where only a closer look tells whether it is
 * allowed (segment-range.ts). For loads, and for stores.
 */
export const X86_LOAD_END: u32 = 0xb40;
export const X86_STORE_END: u32 = 0xb70;

/**
 * u64. Linear address of the instruction behind an STI that set IF with no interrupt waiting, or 0. The shadow of such an STI begins only if the
 * run loop looks at interrupts right there: see helperSti.
 */
export const X86_STI_NEXT: u32 = 0xba0;

/** u64. State of the generator behind RDRAND and RDSEED: see helpers-bit.ts. */
export const X86_RANDOM: u32 = 0xbf8;

// ── System state that no operation names ────────────────────────────────────────────────────────────────────────

export const X86_DEBUG_CTL: u32 = 0x10e8;
/**
 * u64. Linear address of the last page fault that was raised; CR2 once it is delivered. Not where tier check compares: its replay in tier 0 walks
 * no tables, so only tier 1 stores it.
 */
export const X86_FAULT_ADDRESS: u32 = 0x10f0;
/** u64 default type; 11 fixed ranges; 8 pairs of base and mask. */
export const X86_MTRR_DEFAULT: u32 = 0x1000;
export const X86_MTRR_FIXED: u32 = 0x1008;
export const X86_MTRR_VARIABLE: u32 = 0x1060;
/** 10 banks of control, status, address, miscellaneous; u64 each. */
export const X86_MC_BANKS: u32 = 0x1100;
/** Scratch of stack.ts, 64 bytes, of task.ts, 128 bytes, and of far.ts and far-return.ts, 128 bytes. */
export const X86_STACK: u32 = 0x1280;
export const X86_TASK: u32 = 0x12c0;
export const X86_PARAMETERS: u32 = 0x1340;
/** Scratch of x87's transcendental functions, 384 bytes: see fpu/f80/functions.ts. */
export const X87_WORK: u32 = 0x1400;
export const MC_BANK_COUNT: u32 = 10;
export const MTRR_VARIABLE_COUNT: u32 = 8;

// ── Values ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** Vectors of exceptions. SDM 3, table 6-1. */
export const EXC_DE: u32 = 0;
export const EXC_DB: u32 = 1;
export const EXC_NMI: u32 = 2;
export const EXC_BP: u32 = 3;
export const EXC_OF: u32 = 4;
export const EXC_BR: u32 = 5;
export const EXC_UD: u32 = 6;
export const EXC_NM: u32 = 7;
export const EXC_DF: u32 = 8;
export const EXC_TS: u32 = 10;
export const EXC_NP: u32 = 11;
export const EXC_SS: u32 = 12;
export const EXC_GP: u32 = 13;
export const EXC_PF: u32 = 14;
export const EXC_MF: u32 = 16;
export const EXC_AC: u32 = 17;
export const EXC_MC: u32 = 18;
export const EXC_XM: u32 = 19;

export const FLAG_CF: u32 = 0x0001;
export const FLAG_FIXED: u32 = 0x0002;
export const FLAG_PF: u32 = 0x0004;
export const FLAG_AF: u32 = 0x0010;
export const FLAG_ZF: u32 = 0x0040;
export const FLAG_SF: u32 = 0x0080;
export const FLAG_TF: u32 = 0x0100;
export const FLAG_IF: u32 = 0x0200;
export const FLAG_DF: u32 = 0x0400;
export const FLAG_OF: u32 = 0x0800;
export const FLAG_IOPL: u32 = 0x3000;
export const FLAG_IOPL_SHIFT: u32 = 12;
export const FLAG_NT: u32 = 0x4000;
export const FLAG_RF: u32 = 0x10000;
export const FLAG_VM: u32 = 0x20000;
export const FLAG_AC: u32 = 0x40000;
export const FLAG_VIF: u32 = 0x80000;
export const FLAG_VIP: u32 = 0x100000;
export const FLAG_ID: u32 = 0x200000;
export const FLAGS_ARITHMETIC: u32 = 0x08d5;
/** What X86_EFLAGS holds. */
export const FLAGS_SYSTEM: u32 = 0x3f7300;
/** Every flag that exists, without the fixed one. */
export const FLAGS_ALL: u32 = 0x3f7fd5;

export const CR0_PE: u32 = 0x00000001;
export const CR0_MP: u32 = 0x00000002;
export const CR0_EM: u32 = 0x00000004;
export const CR0_TS: u32 = 0x00000008;
export const CR0_ET: u32 = 0x00000010;
export const CR0_NE: u32 = 0x00000020;
export const CR0_WP: u32 = 0x00010000;
export const CR0_AM: u32 = 0x00040000;
export const CR0_NW: u32 = 0x20000000;
export const CR0_CD: u32 = 0x40000000;
export const CR0_PG: u32 = 0x80000000;

export const CR4_VME: u32 = 1 << 0;
export const CR4_PVI: u32 = 1 << 1;
export const CR4_TSD: u32 = 1 << 2;
export const CR4_DE: u32 = 1 << 3;
export const CR4_PSE: u32 = 1 << 4;
export const CR4_PAE: u32 = 1 << 5;
export const CR4_MCE: u32 = 1 << 6;
export const CR4_PGE: u32 = 1 << 7;
export const CR4_PCE: u32 = 1 << 8;
export const CR4_OSFXSR: u32 = 1 << 9;
export const CR4_OSXMMEXCPT: u32 = 1 << 10;
export const CR4_UMIP: u32 = 1 << 11;
export const CR4_FSGSBASE: u32 = 1 << 16;
export const CR4_OSXSAVE: u32 = 1 << 18;
export const CR4_SMEP: u32 = 1 << 20;
export const CR4_SMAP: u32 = 1 << 21;

export const EFER_SCE: u32 = 1 << 0;
export const EFER_LME: u32 = 1 << 8;
export const EFER_LMA: u32 = 1 << 10;
export const EFER_NXE: u32 = 1 << 11;
export const EFER_FFXSR: u32 = 1 << 14;

/** Attributes of a segment: bits 8 to 23 of its descriptor's second double word, in place. SDM 3, 3.4.5. */
export const SEGMENT_ACCESSED: u32 = 1 << 8;
/** Of data: writable. Of code: readable. */
export const SEGMENT_WRITABLE: u32 = 1 << 9;
export const SEGMENT_READABLE: u32 = 1 << 9;
/** Of data: expand-down. Of code: conforming. */
export const SEGMENT_EXPAND_DOWN: u32 = 1 << 10;
export const SEGMENT_CONFORMING: u32 = 1 << 10;
export const SEGMENT_CODE: u32 = 1 << 11;
/** Code or data, not a system segment. */
export const SEGMENT_S: u32 = 1 << 12;
export const SEGMENT_DPL_SHIFT: u32 = 13;
export const SEGMENT_PRESENT: u32 = 1 << 15;
export const SEGMENT_LONG: u32 = 1 << 21;
/** D of code, B of data. */
export const SEGMENT_BIG: u32 = 1 << 22;
export const SEGMENT_GRANULAR: u32 = 1 << 23;
export const SEGMENT_TYPE_SHIFT: u32 = 8;
/** Bits that a cache keeps; 0 marks a segment that was loaded with a null selector. */
export const SEGMENT_MASK: u32 = 0x00f0ff00;

/** Types of system segments and gates. SDM 3, table 3-2. */
export const TYPE_TSS16: u32 = 1;
export const TYPE_LDT: u32 = 2;
export const TYPE_TSS16_BUSY: u32 = 3;
export const TYPE_CALL_GATE16: u32 = 4;
export const TYPE_TASK_GATE: u32 = 5;
export const TYPE_INTERRUPT_GATE16: u32 = 6;
export const TYPE_TRAP_GATE16: u32 = 7;
export const TYPE_TSS32: u32 = 9;
export const TYPE_TSS32_BUSY: u32 = 11;
export const TYPE_CALL_GATE32: u32 = 12;
export const TYPE_INTERRUPT_GATE32: u32 = 14;
export const TYPE_TRAP_GATE32: u32 = 15;

export const SHADOW_STI: u32 = 1;
export const SHADOW_SS: u32 = 2;

export const SOFT_INT: u32 = 1;
export const SOFT_INT3: u32 = 2;
export const SOFT_INTO: u32 = 3;
export const SOFT_ICEBP: u32 = 4;

export const EVENT_NMI: u32 = 1;
export const EVENT_SMI: u32 = 2;
export const EVENT_INIT: u32 = 4;
export const EVENT_SIPI: u32 = 8;

export const MODEL_QEMU64: u32 = 0;
export const MODEL_MAX: u32 = 1;
export const MODEL_QEMU32: u32 = 2;
/** As MODEL_MAX, without long mode. */
export const MODEL_MAX32: u32 = 3;

export const DR6_BS: u32 = 1 << 14;
export const DR6_BD: u32 = 1 << 13;
export const DR6_BT: u32 = 1 << 15;
export const DR6_FIXED: u32 = 0xffff0ff0;
export const DR7_FIXED: u32 = 0x400;
export const DR7_GD: u32 = 1 << 13;

/** MMU indices: which TLB an access uses. */
export const MMU_SUPERVISOR: u32 = 0;
export const MMU_USER: u32 = 1;
/** Supervisor accesses that SMAP does not concern: with EFLAGS.AC, without CR4.SMAP, and those to descriptor tables and task segments. */
export const MMU_SUPERVISOR_NO_SMAP: u32 = 2;

/** Flags that select translation blocks; see x86UpdateFlags. */
export const BLOCK_CPL: u32 = 3;
/** CS.D: 32-bit code. */
export const BLOCK_CODE32: u32 = 1 << 2;
export const BLOCK_CODE64: u32 = 1 << 3;
/** SS.B: the stack is 32 bits wide. */
export const BLOCK_STACK32: u32 = 1 << 4;
/** ES, CS, SS and DS have base 0 and limit 4 GiB and allow every access; always in 64-bit code. */
export const BLOCK_FLAT: u32 = 1 << 5;
/** FS has limit 4 GiB and allows data accesses; always in 64-bit code. BLOCK_GS_WHOLE is the same of GS, at CPL 3 only. */
export const BLOCK_FS_WHOLE: u32 = 1 << 6;
export const BLOCK_PE: u32 = 1 << 7;
export const BLOCK_VM: u32 = 1 << 8;
/** x87 and MMX instructions raise #NM. */
export const BLOCK_FPU_NM: u32 = 1 << 9;
export const BLOCK_SSE_UD: u32 = 1 << 10;
export const BLOCK_SSE_NM: u32 = 1 << 11;
/** Single step or breakpoints: one instruction a block, with helperStepBegin before it. */
export const BLOCK_STEP: u32 = 1 << 12;
/** Interrupt shadow: one instruction a block, with helperShadowBegin before it. */
export const BLOCK_SHADOW: u32 = 1 << 13;
export const BLOCK_NO_SMAP: u32 = 1 << 14;
export const BLOCK_IOPL_OK: u32 = 1 << 15;
export const BLOCK_GS_WHOLE: u32 = 1 << 16;
/** Outside 64-bit code: CS reaches to 64 KiB at least, or of 32-bit code to 4 GiB, so that no near jump of the code's own width leaves it. */
export const BLOCK_CODE_WHOLE: u32 = 1 << 17;
/** 16-bit code whose segment ends at 64 KiB, as in real mode: beyond is nothing to be fetched. */
export const BLOCK_CODE_64K: u32 = 1 << 19;
/** Outside 64-bit code: ES, SS and DS allow loads and stores up to 64 KiB at least. */
export const BLOCK_DATA_64K: u32 = 1 << 18;

/** Physical addresses have 40 bits, as CPUID says. */
export const PHYSICAL_BITS: u32 = 40;
