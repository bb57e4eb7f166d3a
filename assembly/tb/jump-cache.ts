/**
 * The jump cache: guest pc → block, direct-mapped, 16 bytes an entry: u64 pc, u32 block, u32 STATE_TB_FLAGS at the time. The
 * flags carry the cache's generation, so forgetting everything is one addition (softmmu/tlb.ts).
 */
import {
  CPU_JUMP_CACHE,
  CPU_JUMP_FURTHER,
  CPU_JUMP_FURTHER_END,
  CPU_JUMP_LARGE,
  CPU_JUMP_LOG,
  CPU_JUMP_LOG_END,
  CPU_JUMP_PAGES,
  CPU_STATE,
  PAGE_BITS,
} from '../layout';
import { STATE_JUMP_LARGE, STATE_JUMPS_LOGGED, STATE_TB_FLAGS } from '../vcpu/state';

/** A kernel and a program at work run some ten thousand blocks; a miss costs a hundred times what a hit does. */
export const JUMP_CACHE_ENTRIES: u32 = 65536;
export const JUMP_ENTRY_SIZE: u32 = 16;
export const JUMP_PC: u32 = 0;
export const JUMP_BLOCK: u32 = 8;
export const JUMP_FLAGS: u32 = 12;

export function jumpCacheEntry(cpu: usize, pc: u64): usize {
  return cpu + CPU_JUMP_CACHE - CPU_STATE + ((<usize>(pc >> 1) & (JUMP_CACHE_ENTRIES - 1)) << 4);
}

/** Whether the entry for a pc has the block of that pc under the flags of now. */
export function jumpCacheHas(cpu: usize, entry: usize, pc: u64): bool {
  return load<u64>(entry, JUMP_PC) == pc && load<u32>(entry, JUMP_FLAGS) == load<u32>(cpu, STATE_TB_FLAGS);
}

export function jumpCacheClear(cpu: usize): void {
  memory.fill(cpu + CPU_JUMP_CACHE - CPU_STATE, 0, JUMP_CACHE_ENTRIES << 4);
}

/** Entries that the addresses of one page have, one behind the other. */
const ENTRIES_IN_PAGE: u32 = 1 << (PAGE_BITS - 1);

/**
 * Which guest pages the cache has entries for, and which pages entries of other pages depend on: a bit for each page, hashed. Without
 * the former every flush of a data page would have to search the cache; the latter are few, and a flush of one makes the whole cache stale.
 */
const PAGES: u32 = (CPU_JUMP_FURTHER - CPU_JUMP_PAGES) * 8;

function pageWord(cpu: usize, set: u32, pc: u64): usize {
  return cpu - CPU_STATE + set + (pageNumber(pc) >> 5) * 4;
}

function pageNumber(pc: u64): u32 {
  return <u32>((pc >> PAGE_BITS) ^ (pc >> (PAGE_BITS + 16))) & (PAGES - 1);
}

function pageIsIn(cpu: usize, set: u32, pc: u64): bool {
  return (load<u32>(pageWord(cpu, set, pc)) & (1 << (pageNumber(pc) & 31))) != 0;
}

/** Mappings larger than a page that code was run from: their first address with log2 of their size in the low bits. */
const LARGE_MAX: u32 = 64;

/** Notes a page of code, mapped by 2^size bytes: the page of an entry itself, or a further one that an entry depends on. */
export function noteJumpPage(cpu: usize, pc: u64, size: u32, isFurther: bool): void {
  const word = pageWord(cpu, isFurther ? CPU_JUMP_FURTHER : CPU_JUMP_PAGES, pc);
  store<u32>(word, load<u32>(word) | (1 << (pageNumber(pc) & 31)));
  if (size == PAGE_BITS) return;
  const places = load<u32>(cpu, STATE_JUMP_LARGE);
  if (places > LARGE_MAX) return;
  const large = cpu - CPU_STATE + CPU_JUMP_LARGE;
  const mapping = ((pc >> size) << size) | size;
  for (let i: u32 = 0; i < places; i++) if (load<u64>(large + i * 8) == mapping) return;
  if (places < LARGE_MAX) store<u64>(large + places * 8, mapping);
  store<u32>(cpu, places + 1, STATE_JUMP_LARGE);
}

/** Forgets what a change of this page's mapping concerns. False if that may be more than the entries of the page itself. */
export function jumpCacheForgetPage(cpu: usize, pc: u64): bool {
  if (pageIsIn(cpu, CPU_JUMP_FURTHER, pc) || isInLarge(cpu, pc)) return false;
  if (!pageIsIn(cpu, CPU_JUMP_PAGES, pc)) return true;
  const page = (pc >> PAGE_BITS) << PAGE_BITS;
  const first = jumpCacheEntry(cpu, page);
  for (let entry = first; entry < first + ENTRIES_IN_PAGE * JUMP_ENTRY_SIZE; entry += JUMP_ENTRY_SIZE)
    if ((load<u64>(entry, JUMP_PC) ^ page) >> PAGE_BITS == 0) store<u32>(entry, 0, JUMP_FLAGS);
  return true;
}

function isInLarge(cpu: usize, pc: u64): bool {
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
  memory.fill(cpu - CPU_STATE + CPU_JUMP_PAGES, 0, CPU_JUMP_FURTHER_END - CPU_JUMP_PAGES);
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
