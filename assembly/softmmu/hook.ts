/**
 * What the softmmu asks of a guest: function indices in the vCPU state, so that no guest is imported here.
 *
 * Page walk:  walk(cpu, va, access, mmu) → 0, or 1 with the exception raised. It stores the guest-physical page
 *             (STATE_WALK_PHYSICAL), what may be cached (STATE_WALK_PERMISSIONS) and log2 of the mapping's size
 *             (STATE_WALK_SIZE; below PAGE_BITS: the answer holds for this one access only).
 *             STATE_ACCESS_SIZE says how many bytes are accessed, for protection finer than a page.
 * Bus error:  busError(cpu, va, access) raises the exception for an access that no memory and no device answers, or stores what a load
 *             of STATE_ACCESS_SIZE bytes gives (STATE_LOADED). It always raises for a fetch, for an atomic access that is not naturally
 *             aligned (ACCESS_MISALIGNED_ATOMIC), and for a vector that has to be (ACCESS_MISALIGNED).
 */
import { STATE_HOOK_BUS_ERROR, STATE_HOOK_WALK } from '../vcpu/state';

export const ACCESS_LOAD: u32 = 0;
export const ACCESS_STORE: u32 = 1;
export const ACCESS_FETCH: u32 = 2;
export const ACCESS_MISALIGNED_ATOMIC: u32 = 3;
/** A vector access that has to be aligned. */
export const ACCESS_MISALIGNED: u32 = 4;

export const PERM_READ: u32 = 1;
export const PERM_WRITE: u32 = 2;
export const PERM_EXECUTE: u32 = 4;

export function pageWalk(cpu: usize, va: u64, access: u32, mmu: u32): u32 {
  return call_indirect<u32>(load<u32>(cpu, STATE_HOOK_WALK), cpu, va, access, mmu);
}

export function busError(cpu: usize, va: u64, access: u32): void {
  call_indirect<void>(load<u32>(cpu, STATE_HOOK_BUS_ERROR), cpu, va, access);
}
