/**
 * The jump cache: guest pc → block, direct-mapped, 16 bytes an entry: u64 pc, u32 block, u32 STATE_TB_FLAGS at the time. The
 * flags carry the cache's generation, so forgetting everything is one addition (softmmu/tlb.ts).
 */
import { CPU_JUMP_CACHE, CPU_STATE } from '../layout';

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
