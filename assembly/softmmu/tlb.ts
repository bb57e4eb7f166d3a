/**
 * The TLB: one direct-mapped table per MMU index, TLB_ENTRIES entries of 32 bytes:
 *
 *   +0  u64 read tag    +8 u64 write tag    +16 u64 execute tag    +24 u32 addend    +28 u32 log2 of the mapping's size
 *
 * A tag is the guest-virtual page, or TLB_INVALID (odd, so that it never equals a masked address). A probe compares
 * `va & (page mask | access size - 1)`, so a misaligned access misses too. On a hit, the linear address is (u32)va + addend.
 * A page that translated code was read from has no write tag: its stores take the slow path, which invalidates the code.
 */
import {
  CODE_PAGES,
  COUNTER_FLUSH,
  COUNTER_TLB_FILL,
  CPU_STATE,
  CPU_TLB,
  PAGE_BITS,
  PAGE_SIZE,
} from '../layout';
import { REGION_BASE, REGION_KIND, REGION_KIND_RAM, REGION_KIND_ROM, REGION_LINEAR } from '../layout';
import { count } from '../vcpu/counters';
import { BLOCK_GENERATION, BLOCK_GENERATION_MASK, STATE_TB_FLAGS } from '../vcpu/state';
import {
  STATE_ACCESS_LINEAR,
  STATE_ACCESS_PHYSICAL,
  STATE_WALK_PERMISSIONS,
  STATE_WALK_PHYSICAL,
  STATE_WALK_SIZE,
} from '../vcpu/state';
import { jumpCacheClear, jumpPageIsNoted, jumpPagesForget } from '../tb/jump-cache';
import { ACCESS_STORE, busError, pageWalk, PERM_EXECUTE, PERM_READ, PERM_WRITE } from './hook';
import { regionFind } from './region';

export const TLB_BITS: u32 = 9;
export const TLB_ENTRIES: u32 = 1 << TLB_BITS;
export const TLB_ENTRY_SIZE: u32 = 32;
export const TLB_MODE_SHIFT: u32 = TLB_BITS + 5;
export const TLB_MODES: u32 = 4;
export const TLB_INVALID: u64 = 0xffffffffffffffff;
export const TLB_READ: u32 = 0;
export const TLB_WRITE: u32 = 8;
export const TLB_EXECUTE: u32 = 16;
export const TLB_ADDEND: u32 = 24;
export const TLB_SIZE_BITS: u32 = 28;
export const VPAGE_MASK: u64 = 0xfffffffffffff000;

/** Results of tlbFill. */
export const FILL_MEMORY: u32 = 0;
export const FILL_EXCEPTION: u32 = 1;
export const FILL_DEVICE: u32 = 2;
/** Store to read-only memory: ignored. */
export const FILL_READ_ONLY: u32 = 3;

export function tlbEntry(cpu: usize, va: u64, mmu: u32): usize {
  return (
    cpu +
    CPU_TLB -
    CPU_STATE +
    (mmu << TLB_MODE_SHIFT) +
    ((<usize>(va >> PAGE_BITS) & (TLB_ENTRIES - 1)) << 5)
  );
}

/** Forgets everything, blocks' addresses included. */
export function tlbFlush(cpu: usize): void {
  count(cpu, COUNTER_FLUSH);
  memory.fill(cpu + CPU_TLB - CPU_STATE, 0xff, TLB_MODES << TLB_MODE_SHIFT);
  jumpCacheForget(cpu);
}

/** Forgets what was mapped at one page, through any size of mapping. */
export function tlbFlushPage(cpu: usize, va: u64): void {
  count(cpu, COUNTER_FLUSH);
  let forget = jumpPageIsNoted(cpu, va);
  const start = cpu + CPU_TLB - CPU_STATE;
  const end = start + (TLB_MODES << TLB_MODE_SHIFT);
  for (let entry = start; entry < end; entry += TLB_ENTRY_SIZE) {
    let tag = load<u64>(entry, TLB_READ) & load<u64>(entry, TLB_WRITE) & load<u64>(entry, TLB_EXECUTE);
    if (tag == TLB_INVALID) continue;
    tag &= VPAGE_MASK;
    if ((tag ^ va) >> load<u32>(entry, TLB_SIZE_BITS) != 0) continue;
    // A mapping larger than a page may hold code anywhere in it.
    if (load<u32>(entry, TLB_SIZE_BITS) != PAGE_BITS) forget = true;
    memory.fill(entry, 0xff, 24);
  }
  if (forget) jumpCacheForget(cpu);
}

/** Makes every jump-cache entry stale: a new generation, and a real clearing when the generations are used up. */
function jumpCacheForget(cpu: usize): void {
  const flags = load<u32>(cpu, STATE_TB_FLAGS);
  const next = (flags + BLOCK_GENERATION) & BLOCK_GENERATION_MASK;
  if (next == 0) jumpCacheClear(cpu);
  jumpPagesForget(cpu);
  store<u32>(cpu, (flags & ~BLOCK_GENERATION_MASK) | next, STATE_TB_FLAGS);
}

/** Takes the write tags from a page of linear memory that code was just translated from. */
export function tlbProtect(cpu: usize, linear: u32): void {
  const page = linear & ~(PAGE_SIZE - 1);
  const start = cpu + CPU_TLB - CPU_STATE;
  const end = start + (TLB_MODES << TLB_MODE_SHIFT);
  for (let entry = start; entry < end; entry += TLB_ENTRY_SIZE) {
    const tag = load<u64>(entry, TLB_WRITE);
    if (tag != TLB_INVALID && <u32>tag + load<u32>(entry, TLB_ADDEND) == page)
      store<u64>(entry, TLB_INVALID, TLB_WRITE);
  }
}

/**
 * Finds what backs an access that lies within one page, and fills the TLB where it may be cached. FILL_MEMORY and FILL_READ_ONLY
 * leave the linear address in STATE_ACCESS_LINEAR; every result but FILL_EXCEPTION the physical one in STATE_ACCESS_PHYSICAL.
 */
export function tlbFill(cpu: usize, va: u64, access: u32, mmu: u32): u32 {
  count(cpu, COUNTER_TLB_FILL);
  if (pageWalk(cpu, va, access, mmu) != 0) return FILL_EXCEPTION;
  const page = load<u64>(cpu, STATE_WALK_PHYSICAL);
  const physical = page | (va & ~VPAGE_MASK);
  store<u64>(cpu, physical, STATE_ACCESS_PHYSICAL);
  const region = regionFind(cpu, physical);
  if (region == 0) {
    busError(cpu, va, access);
    return FILL_EXCEPTION;
  }
  const kind = load<u32>(region, REGION_KIND);
  if (kind != REGION_KIND_RAM && kind != REGION_KIND_ROM) return FILL_DEVICE;
  const linear = load<u32>(region, REGION_LINEAR) + <u32>(physical - load<u64>(region, REGION_BASE));
  store<u32>(cpu, linear, STATE_ACCESS_LINEAR);
  const size = load<u32>(cpu, STATE_WALK_SIZE);
  if (size >= PAGE_BITS) {
    let permissions = load<u32>(cpu, STATE_WALK_PERMISSIONS);
    if (kind == REGION_KIND_ROM || load<u8>(CODE_PAGES + (linear >> PAGE_BITS)) != 0)
      permissions &= ~PERM_WRITE;
    const entry = tlbEntry(cpu, va, mmu);
    const tag = va & VPAGE_MASK;
    store<u64>(entry, permissions & PERM_READ ? tag : TLB_INVALID, TLB_READ);
    store<u64>(entry, permissions & PERM_WRITE ? tag : TLB_INVALID, TLB_WRITE);
    store<u64>(entry, permissions & PERM_EXECUTE ? tag : TLB_INVALID, TLB_EXECUTE);
    store<u32>(entry, linear - <u32>va, TLB_ADDEND);
    store<u32>(entry, size, TLB_SIZE_BITS);
  }
  return access == ACCESS_STORE && kind == REGION_KIND_ROM ? FILL_READ_ONLY : FILL_MEMORY;
}
