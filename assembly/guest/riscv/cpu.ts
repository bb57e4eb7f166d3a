/**
 * RISC-V hart: registers and system state at their offsets in the vCPU state, and the numbers of the privileged
 * architecture (volume II, version 1.12).
 */

/** x0 to x31 at X + 8 * i; the slot of x0 always holds 0. f0 to f31 follow. */
export const X: u32 = 0x000;
export const F: u32 = 0x100;

/** u32. PRV_U, PRV_S or PRV_M. */
export const HART_PRIV: u32 = 0x800;
/** u64. mstatus without FS and SD, which are kept in HART_FS. */
export const HART_MSTATUS: u32 = 0x808;
/** u64 slot. FS field (0 off, 1 initial, 2 clean, 3 dirty); translated code stores 3 here when it writes floating-point state. */
export const HART_FS: u32 = 0x810;
export const HART_MISA: u32 = 0x818;
export const HART_MEDELEG: u32 = 0x820;
export const HART_MIDELEG: u32 = 0x828;
export const HART_MIE: u32 = 0x830;
/** u64. Software-writable bits of mip. */
export const HART_MIP: u32 = 0x838;
/** u64. Bits of mip driven by ACLINT, PLIC and stimecmp. */
export const HART_MIP_LINES: u32 = 0x840;
export const HART_MTVEC: u32 = 0x848;
export const HART_MSCRATCH: u32 = 0x850;
export const HART_MEPC: u32 = 0x858;
export const HART_MCAUSE: u32 = 0x860;
export const HART_MTVAL: u32 = 0x868;
export const HART_MCOUNTEREN: u32 = 0x870;
export const HART_MCOUNTINHIBIT: u32 = 0x878;
export const HART_MENVCFG: u32 = 0x880;
export const HART_STVEC: u32 = 0x888;
export const HART_SSCRATCH: u32 = 0x890;
export const HART_SEPC: u32 = 0x898;
export const HART_SCAUSE: u32 = 0x8a0;
export const HART_STVAL: u32 = 0x8a8;
export const HART_SCOUNTEREN: u32 = 0x8b0;
export const HART_SENVCFG: u32 = 0x8b8;
export const HART_SATP: u32 = 0x8c0;
export const HART_STIMECMP: u32 = 0x8c8;
export const HART_FRM: u32 = 0x8d0;
export const HART_ID: u32 = 0x8d8;
/** u64. What mcycle and minstret differ by from the count of retired instructions (they are writable). */
export const HART_MCYCLE_OFFSET: u32 = 0x8e0;
export const HART_MINSTRET_OFFSET: u32 = 0x8e8;
/** u64. Reservation of lr: virtual address, or all ones; value that was read. */
export const HART_RESERVATION: u32 = 0x8f0;
export const HART_RESERVED_VALUE: u32 = 0x8f8;
/** 16 PMP entries: u8 configuration each, u64 address register each, then a count of entries that are on. */
export const HART_PMPCFG: u32 = 0x900;
export const HART_PMPADDR: u32 = 0x910;
export const HART_PMP_ACTIVE: u32 = 0x990;

export const PRV_U: u32 = 0;
export const PRV_S: u32 = 1;
export const PRV_M: u32 = 3;

/** MMU indices: which TLB an access uses. */
export const MMU_U: u32 = 0;
export const MMU_S: u32 = 1;
/** Supervisor accesses with SUM set. */
export const MMU_S_SUM: u32 = 2;
export const MMU_M: u32 = 3;

export const MSTATUS_SIE: u64 = 1 << 1;
export const MSTATUS_MIE: u64 = 1 << 3;
export const MSTATUS_SPIE: u64 = 1 << 5;
export const MSTATUS_MPIE: u64 = 1 << 7;
export const MSTATUS_SPP: u64 = 1 << 8;
export const MSTATUS_MPP: u64 = 3 << 11;
export const MSTATUS_FS: u64 = 3 << 13;
export const MSTATUS_MPRV: u64 = 1 << 17;
export const MSTATUS_SUM: u64 = 1 << 18;
export const MSTATUS_MXR: u64 = 1 << 19;
export const MSTATUS_TVM: u64 = 1 << 20;
export const MSTATUS_TW: u64 = 1 << 21;
export const MSTATUS_TSR: u64 = 1 << 22;
/** UXL and SXL read as 2 (64 bits) and are fixed. */
export const MSTATUS_XL: u64 = 0xa << 32;
export const MSTATUS_SD: u64 = 0x8000000000000000;

export const IRQ_S_SOFT: u32 = 1;
export const IRQ_M_SOFT: u32 = 3;
export const IRQ_S_TIMER: u32 = 5;
export const IRQ_M_TIMER: u32 = 7;
export const IRQ_S_EXT: u32 = 9;
export const IRQ_M_EXT: u32 = 11;

export const CAUSE_FETCH_ACCESS: u32 = 1;
export const CAUSE_ILLEGAL: u32 = 2;
export const CAUSE_BREAKPOINT: u32 = 3;
export const CAUSE_LOAD_MISALIGNED: u32 = 4;
export const CAUSE_LOAD_ACCESS: u32 = 5;
export const CAUSE_STORE_MISALIGNED: u32 = 6;
export const CAUSE_STORE_ACCESS: u32 = 7;
export const CAUSE_ECALL_U: u32 = 8;
export const CAUSE_ECALL_S: u32 = 9;
export const CAUSE_ECALL_M: u32 = 11;
export const CAUSE_FETCH_PAGE: u32 = 12;
export const CAUSE_LOAD_PAGE: u32 = 13;
export const CAUSE_STORE_PAGE: u32 = 15;

/**
 * Flags that select translation blocks: bits 0-1 privilege, 2-3 MMU index of data accesses, 4 floating point is off,
 * 5 the dynamic rounding mode in frm is invalid.
 */
export const FLAG_PRIV_MASK: u32 = 3;
export const FLAG_MMU_SHIFT: u32 = 2;
export const FLAG_FP_OFF: u32 = 1 << 4;
export const FLAG_FRM_INVALID: u32 = 1 << 5;
