import {
  STATE_EXCEPTION,
  STATE_EXCEPTION_VALUE,
  STATE_TB_FLAGS,
  BLOCK_CHECK,
  BLOCK_FLAGS_MASK,
  STATE_CHAIN_FROM,
  STATE_GUEST_KEY,
} from './state';
import { jumpCacheForget } from '../softmmu/tlb';

/** Makes an exception pending; whoever called must return to the run loop, which delivers it. */
export function raise(cpu: usize, cause: u32, value: u64): void {
  store<u64>(cpu, <u64>cause + 1, STATE_EXCEPTION);
  store<u64>(cpu, value, STATE_EXCEPTION_VALUE);
}

/** Makes the run loop look at interrupts before the next block that is not chained. */
export function requestCheck(cpu: usize): void {
  store<u32>(cpu, load<u32>(cpu, STATE_TB_FLAGS) | BLOCK_CHECK, STATE_TB_FLAGS);
}

/** Replaces the frontend's part of the block flags. */
export function setBlockFlags(cpu: usize, flags: u32): void {
  store<u32>(cpu, (load<u32>(cpu, STATE_TB_FLAGS) & ~BLOCK_FLAGS_MASK) | flags, STATE_TB_FLAGS);
}

/** Replaces the guest's key of blocks. Whoever calls leaves the block, not by a `goto`. */
export function setGuestKey(cpu: usize, key: u32): void {
  if (load<u32>(cpu, STATE_GUEST_KEY) == key) return;
  store<u32>(cpu, key, STATE_GUEST_KEY);
  store<u32>(cpu, 0, STATE_CHAIN_FROM);
  jumpCacheForget(cpu);
}
