import {
  STATE_EXCEPTION,
  STATE_EXCEPTION_VALUE,
  STATE_TB_FLAGS,
  BLOCK_CHECK,
  BLOCK_FLAGS_MASK,
  BLOCK_KEY_MASK,
  BLOCK_KEY_SHIFT,
  GUEST_KEY_COUNT,
  STATE_CHAIN_FROM,
  STATE_GUEST_KEY,
  STATE_GUEST_KEYS,
  STATE_GUEST_KEY_NEXT,
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
  const number = keyNumber(cpu, key);
  const flags = load<u32>(cpu, STATE_TB_FLAGS) & ~BLOCK_KEY_MASK;
  store<u32>(cpu, flags | (number << BLOCK_KEY_SHIFT), STATE_TB_FLAGS);
}

/** A key that has no number takes the oldest one's, whose entries in the jump cache go with all others. */
function keyNumber(cpu: usize, key: u32): u32 {
  for (let number: u32 = 0; number < GUEST_KEY_COUNT; number++)
    if (load<u32>(cpu + STATE_GUEST_KEYS + number * 4) == key) return number;
  const number = load<u32>(cpu, STATE_GUEST_KEY_NEXT);
  store<u32>(cpu, (number + 1) % GUEST_KEY_COUNT, STATE_GUEST_KEY_NEXT);
  store<u32>(cpu + STATE_GUEST_KEYS + number * 4, key);
  jumpCacheForget(cpu);
  return number;
}
