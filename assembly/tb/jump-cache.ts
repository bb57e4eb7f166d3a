/**
 * The jump cache: guest pc → block, direct-mapped, 16 bytes an entry: u64 pc, u32 block, u32 STATE_TB_FLAGS at the time. The
 * flags carry the cache's generation, so forgetting everything is one addition (softmmu/tlb.ts).
 */
import {
  CPU_JUMP_CACHE,
  CPU_JUMP_LARGE,
  CPU_JUMP_LOG,
  CPU_JUMP_LOG_END,
  CPU_JUMP_PAGES,
  CPU_STATE,
  PAGE_BITS,
} from '../layout';
import { STATE_JUMP_LARGE, STATE_JUMPS_LOGGED } from '../vcpu/state';

export const JUMP_CACHE_ENTRIES: u32 = 8192;
export const JUMP_PC: u32 = 0;
export const JUMP_BLOCK: u32 = 8;
export const JUMP_FLAGS: u32 = 12;

export function jumpCacheEntry(cpu: usize, pc: u64): usize {
  return cpu + CPU_JUMP_CACHE - CPU_STATE + ((<usize>(pc >> 1) & (JUMP_CACHE_ENTRIES - 1)) << 4);
}

export function jumpCacheClear(cpu: usize): void {
  memory.fill(cpu + CPU_JUMP_CACHE - CPU_STATE, 0, JUMP_CACHE_ENTRIES << 4);
}

/**
 * Which guest pages the cache has entries for, or that entries depend on: a bit for each page, hashed. Without it, every flush of one
 * data page would make the whole cache stale.
 */
const PAGE_BITS_COUNT: u32 = 8192;

function pageBit(pc: u64): u32 {
  return <u32>((pc >> 12) ^ (pc >> 25)) & (PAGE_BITS_COUNT - 1);
}

/** Mappings larger than a page that code was run from: their first address with log2 of their size in the low bits. */
const LARGE_MAX: u32 = 64;

/** Notes a page of code, mapped by 2^size bytes. */
export function noteJumpPage(cpu: usize, pc: u64, size: u32): void {
  const bit = pageBit(pc);
  const word = cpu - CPU_STATE + CPU_JUMP_PAGES + (bit >> 5) * 4;
  store<u32>(word, load<u32>(word) | (1 << (bit & 31)));
  if (size == PAGE_BITS) return;
  const places = load<u32>(cpu, STATE_JUMP_LARGE);
  if (places > LARGE_MAX) return;
  const large = cpu - CPU_STATE + CPU_JUMP_LARGE;
  const mapping = ((pc >> size) << size) | size;
  for (let i: u32 = 0; i < places; i++) if (load<u64>(large + i * 8) == mapping) return;
  if (places < LARGE_MAX) store<u64>(large + places * 8, mapping);
  store<u32>(cpu, places + 1, STATE_JUMP_LARGE);
}

/** Whether a change of this page's mapping may concern code that the cache knows. */
export function jumpPageIsNoted(cpu: usize, pc: u64): bool {
  const bit = pageBit(pc);
  if ((load<u32>(cpu - CPU_STATE + CPU_JUMP_PAGES + (bit >> 5) * 4) & (1 << (bit & 31))) != 0) return true;
  const places = load<u32>(cpu, STATE_JUMP_LARGE);
  if (places > LARGE_MAX) return true;
  const large = cpu - CPU_STATE + CPU_JUMP_LARGE;
  for (let i: u32 = 0; i < places; i++) {
    const mapping = load<u64>(large + i * 8);
    if ((mapping ^ pc) >> (mapping & 0xff) == 0) return true;
  }
  return false;
}

/** To be called when all entries have become stale. */
export function jumpPagesForget(cpu: usize): void {
  memory.fill(cpu - CPU_STATE + CPU_JUMP_PAGES, 0, PAGE_BITS_COUNT / 8);
  store<u32>(cpu, 0, STATE_JUMP_LARGE);
}

/** Entries of code that is not mapped alike in every address space, by address. */
const LOG_MAX: u32 = (CPU_JUMP_LOG_END - CPU_JUMP_LOG) / 4;

/** Notes that an entry has to go when the address space changes. */
export function noteJumpLocal(cpu: usize, entry: usize): void {
  const logged = load<u32>(cpu, STATE_JUMPS_LOGGED);
  if (logged > LOG_MAX) return;
  if (logged < LOG_MAX) store<u32>(cpu + CPU_JUMP_LOG - CPU_STATE + logged * 4, <u32>entry);
  store<u32>(cpu, logged + 1, STATE_JUMPS_LOGGED);
}

/** Clears the entries that belong to the current address space. False if there were too many to note. */
export function jumpCacheForgetLocal(cpu: usize): bool {
  const logged = load<u32>(cpu, STATE_JUMPS_LOGGED);
  if (logged > LOG_MAX) return false;
  const log = cpu + CPU_JUMP_LOG - CPU_STATE;
  for (let i: u32 = 0; i < logged; i++) store<u32>(load<u32>(log + i * 4), 0, JUMP_FLAGS);
  store<u32>(cpu, 0, STATE_JUMPS_LOGGED);
  return true;
}

export function jumpLogForget(cpu: usize): void {
  store<u32>(cpu, 0, STATE_JUMPS_LOGGED);
}
