/** Invalidation of translated code: stores by the guest, writes by devices, and a full arena. */
import * as L from '../layout';
import { count } from '../vcpu/counters';
import { STATE_LEAVE, STATE_QUEUED, STATE_TB_CURSOR } from '../vcpu/state';
import {
  BLOCK_FLAGS,
  BLOCK_HASH_NEXT,
  BLOCK_LINEAR,
  BLOCK_LINEAR2,
  BLOCK_PAGE2_NEXT,
  BLOCK_PAGE_NEXT,
  BLOCK_PC,
  BLOCK_STATE,
  BLOCK_VALID,
} from './block';
import { JUMP_BLOCK, jumpCacheClear, jumpCacheEntry } from './jump-cache';
import { linearPages, regionForgetAll, regionKillPage } from './region';

export function blockHashBucket(cpu: usize, linear: u32): usize {
  const mask = (L.CPU_TB_HASH_END - L.CPU_TB_HASH) / 4 - 1;
  return cpu + L.CPU_TB_HASH - L.CPU_STATE + (((linear >> 1) ^ (linear >> 18)) & mask) * 4;
}

export function blockPageList(cpu: usize, linear: u32): usize {
  return cpu + L.CPU_TB_PAGES - L.CPU_STATE + (linear >> L.PAGE_BITS) * 4;
}

/** To be called before a slow store to memory: drops what was translated from that page. */
export function blockWriteHook(cpu: usize, linear: usize): void {
  const page = linear >> L.PAGE_BITS;
  if (load<u8>(L.CODE_PAGES + <u32>page) != 0) blockInvalidatePage(cpu, <u32>linear);
}

/** Drops every block that has code in this page of linear memory. The running block stays readable, and is left soon. */
export function blockInvalidatePage(cpu: usize, linear: u32): void {
  count(cpu, L.COUNTER_INVALIDATE);
  regionKillPage(cpu, linear);
  const page = linear >> L.PAGE_BITS;
  const list = blockPageList(cpu, linear);
  let block: usize = load<u32>(list);
  store<u32>(list, 0);
  while (block != 0) {
    const first = load<u32>(block, BLOCK_LINEAR) >> L.PAGE_BITS == page;
    if (load<u32>(block, BLOCK_STATE) & BLOCK_VALID) {
      store<u32>(block, load<u32>(block, BLOCK_STATE) & ~BLOCK_VALID, BLOCK_STATE);
      unhash(cpu, block);
      const cached = jumpCacheEntry(cpu, load<u64>(block, BLOCK_PC));
      if (load<u32>(cached, JUMP_BLOCK) == <u32>block) memory.fill(cached, 0, 16);
    }
    block = first ? load<u32>(block, BLOCK_PAGE_NEXT) : load<u32>(block, BLOCK_PAGE2_NEXT);
  }
  store<u8>(L.CODE_PAGES + page, 0);
  store<u32>(cpu, 1, STATE_LEAVE);
}

function unhash(cpu: usize, block: usize): void {
  let link = blockHashBucket(cpu, load<u32>(block, BLOCK_LINEAR));
  while (load<u32>(link) != <u32>block) link = load<u32>(link) + BLOCK_HASH_NEXT;
  store<u32>(link, load<u32>(block, BLOCK_HASH_NEXT));
}

/** Drops the code of every page that a device wrote into (STALE_PAGES), and takes back the request. */
export function blockTakeStalePages(cpu: usize): void {
  atomic.and<u32>(cpu - L.CPU_STATE + L.COMM_REQUEST, ~L.REQUEST_INVALIDATE);
  for (let word = L.STALE_PAGES; word < L.STALE_PAGES_END; word += 8) {
    if (load<u64>(word) == 0) continue;
    let bits = atomic.xchg<u64>(word, 0);
    while (bits != 0) {
      const page = (word - L.STALE_PAGES) * 8 + <u32>ctz(bits);
      bits &= bits - 1;
      blockInvalidatePage(cpu, page << L.PAGE_BITS);
    }
  }
}

/** Throws every block away and starts the arena over. Only from the run loop, with no block running. */
export function blockFlushAll(cpu: usize): void {
  const area = cpu - L.CPU_STATE;
  memory.fill(area + L.CPU_TB_HASH, 0, L.CPU_TB_HASH_END - L.CPU_TB_HASH);
  memory.fill(area + L.CPU_TB_PAGES, 0, linearPages() * 4);
  memory.fill(L.CODE_PAGES, 0, linearPages());
  jumpCacheClear(cpu);
  regionForgetAll(cpu);
  store<u32>(cpu, 0, STATE_QUEUED);
  store<u32>(cpu, <u32>area + L.CPU_TB_ARENA, STATE_TB_CURSOR);
}
