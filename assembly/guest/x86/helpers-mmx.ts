/** Helpers of MMX: what it shares with the x87. SDM 1, chapter 9. */
import { memProbe, memStore } from '../../softmmu/access';
import { ACCESS_STORE } from '../../softmmu/hook';
import { raise } from '../../vcpu/exception';
import * as X from './cpu';

/** Exception flags and masks have the same bits in the status and in the control word. */
const X87_EXCEPTIONS: u32 = 0x3f;

/** Helper (callx): #UD with CR0.EM, else #NM. */
export function helperMmxUnavailable(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  raise(cpu, load<u32>(cpu, X.X86_CR0) & X.CR0_EM ? X.EXC_UD : X.EXC_NM, 0);
  return 0;
}

/** Helper (callx): #MF if an x87 exception is pending. */
export function helperMmxBegin(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (load<u32>(cpu, X.X87_STATUS) & ~load<u32>(cpu, X.X87_CONTROL) & X87_EXCEPTIONS) raise(cpu, X.EXC_MF, 0);
  return 0;
}

/** Helper (callx): raises what a store of c bytes at the linear address b would raise; immediate = MMU index. */
export function helperProbeStore(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  if (memProbe(cpu, b, 1, immediate, ACCESS_STORE) == 0) memProbe(cpu, b + c - 1, 1, immediate, ACCESS_STORE);
  return 0;
}

/**
 * Helper (callx) of MASKMOVDQU and MASKMOVQ: stores the bytes of SSE_A whose bytes in SSE_B have their highest bit set, at the linear address b. immediate =
 * MMU index, with 256 added for 8 bytes instead of 16.
 */
export function helperMaskmov(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const bytes: u32 = immediate & 256 ? 8 : 16;
  const mmu = immediate & 0xff;
  // Nothing is stored if any byte faults.
  for (let n: u32 = 0; n < bytes; n++) {
    if (load<i8>(cpu + n, X.SSE_B) < 0 && memProbe(cpu, b + n, 1, mmu, ACCESS_STORE) != 0) return 0;
  }
  for (let n: u32 = 0; n < bytes; n++) {
    if (load<i8>(cpu + n, X.SSE_B) < 0) memStore(cpu, b + n, load<u8>(cpu + n, X.SSE_A), 1, mmu);
  }
  return 0;
}
