/**
 * What ends a slice before its instructions are used up: work that takes longer than instructions do (string instructions, devices), and a kick.
 * Slow paths and helpers say so here; nothing else inside a slice looks. Not under -icount, where a slice ends by the count of
 * instructions alone.
 */
import { COMM_KICK, CPU_STATE, VM_ICOUNT_SHIFT } from '../layout';
import { requestCheck } from './exception';
import { STATE_BUDGET, STATE_CHARGED, STATE_KICK_SEEN, STATE_LEAVE, STATE_TLB_MARK } from './state';

/** About as many instructions as the worker, and the page, take for an access to a device. */
export const CHARGE_LOCAL: u32 = 64;
export const CHARGE_EXIT: u32 = 4096;
export const CHARGE_WINDOW: u32 = 16;

/** Whether somebody kicked since the run loop looked last. */
export function isKicked(cpu: usize): bool {
  return atomic.load<i32>(cpu - CPU_STATE, COMM_KICK) != load<i32>(cpu, STATE_KICK_SEEN);
}

/** Charges the slice with work that takes as long as so many instructions. If the slice should end, the block is left after its instruction. */
export function sliceCharge(cpu: usize, instructions: u32): void {
  if (load<i32>(VM_ICOUNT_SHIFT) >= 0) return;
  const charged = load<i64>(cpu, STATE_CHARGED) + instructions;
  store<i64>(cpu, charged, STATE_CHARGED);
  if (charged >= load<i64>(cpu, STATE_BUDGET) || isKicked(cpu)) leaveSoon(cpu);
}

/** Goes back to the run loop after this instruction. Not under tier check, whose replay of a helper would not. */
export function leaveSoon(cpu: usize): void {
  if (load<u64>(cpu, STATE_TLB_MARK) != 0) return;
  store<u32>(cpu, 1, STATE_LEAVE);
  requestCheck(cpu);
}
