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
  BLOCK_SIZE,
  BLOCK_STATE,
  BLOCK_VALID,
} from './block';
import { JUMP_BLOCK, jumpCacheClear, jumpCacheEntry } from './jump-cache';
import {
  linearPages,
  regionForgetAll,
  regionKillPage,
  regionRaiseSpareLevel,
  regionSpareLevel,
  SPARE_LEVEL_MAX,
} from './region';

export function blockHashBucket(cpu: usize, linear: u32): usize {
  const mask = (L.CPU_TB_HASH_END - L.CPU_TB_HASH) / 4 - 1;
  return cpu + L.CPU_TB_HASH - L.CPU_STATE + (((linear >> 1) ^ (linear >> 18)) & mask) * 4;
}

export function blockPageList(cpu: usize, linear: u32): usize {
  return cpu + L.CPU_TB_PAGES - L.CPU_STATE + (linear >> L.PAGE_BITS) * 4;
}

/**
 * To be called before a slow store of `size` bytes to memory: drops what was translated from that page, if the store changes code. A store beside the
 * code is let through, and the page stays as it is, so that programs that keep variables next to their code are not translated over and over. But each such store is a
 * slow one: a page that was code once and is data now gives up its blocks after a while, one that turns out to be both never does.
 */
export function blockWriteHook(cpu: usize, linear: usize, size: u32): void {
  const flag: usize = L.CODE_PAGES + (<u32>linear >> L.PAGE_BITS);
  if (load<u8>(flag) == 0) return;
  if (touchesCode(cpu, <u32>linear, size) || !spareStore(cpu, <u32>linear, flag))
    blockInvalidatePage(cpu, <u32>linear);
}

function touchesCode(cpu: usize, linear: u32, size: u32): bool {
  const page = linear >> L.PAGE_BITS;
  let block: usize = load<u32>(blockPageList(cpu, linear));
  while (block != 0) {
    let begin = load<u32>(block, BLOCK_LINEAR);
    let bytes = load<u32>(block, BLOCK_SIZE);
    const first = begin >> L.PAGE_BITS == page;
    if (!first) {
      bytes -= L.PAGE_SIZE - (begin & (L.PAGE_SIZE - 1));
      begin = load<u32>(block, BLOCK_LINEAR2);
    }
    if (linear < begin + bytes && begin < linear + size) return true;
    block = first ? load<u32>(block, BLOCK_PAGE_NEXT) : load<u32>(block, BLOCK_PAGE2_NEXT);
  }
  return false;
}

/** Stores that a page's blocks survive at first: counted in its byte of CODE_PAGES, above the 1. Doubled each time that they were used up. */
const SPARED_FIRST: u32 = 16;

/** Whether the page's blocks survive another store beside them. */
function spareStore(cpu: usize, linear: u32, flag: usize): bool {
  const level = regionSpareLevel(cpu, linear);
  if (level == SPARE_LEVEL_MAX) return true;
  const spared = load<u8>(flag);
  if (spared > SPARED_FIRST << level) {
    regionRaiseSpareLevel(cpu, linear);
    return false;
  }
  store<u8>(flag, spared + 1);
  return true;
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
