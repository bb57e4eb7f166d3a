/** Which CSR accesses have to end a translation block (privileged specification 1.12, chapter 2). */

const FFLAGS: u32 = 0x001;
const SSTATUS: u32 = 0x100;
const MSTATUS: u32 = 0x300;

/** Counters are exact at the end of a block only: mcycle to mhpmcounter31, cycle to hpmcounter31. */
function isCounter(csr: u32): bool {
  return (csr & ~0x1f) == 0xb00 || (csr & ~0x1f) == 0xc00;
}

/** CSRs that nothing in a block depends on: scratch registers, what a trap saves, where it goes, flags. */
function isInert(csr: u32): bool {
  switch (csr) {
    case FFLAGS:
    case 0x105: // stvec
    case 0x140: // sscratch
    case 0x141: // sepc
    case 0x142: // scause
    case 0x143: // stval
    case 0x305: // mtvec
    case 0x340: // mscratch
    case 0x341: // mepc
    case 0x342: // mcause
    case 0x343: // mtval
      return true;
  }
  return false;
}

/**
 * Whether the block has to end after an access to `csr`: it read a counter, or wrote what may change the block flags, the
 * address space or which interrupts are taken.
 */
export function csrEndsBlock(csr: u32, isWrite: bool): bool {
  return isCounter(csr) || (isWrite && !isInert(csr));
}

/** Clearing SIE or MIE alone, as local_irq_save does, can only keep interrupts from being taken. */
export function csrClearIsInert(csr: u32, bits: u32): bool {
  return (csr == SSTATUS || csr == MSTATUS) && (bits & ~0xa) == 0;
}
