/**
 * The TLB: one direct-mapped table per MMU index, TLB_ENTRIES entries of 32 bytes:
 *
 *   +0  u64 read tag    +8 u64 write tag    +16 u64 execute tag    +24 u32 addend    +28 u32 size and kind of the mapping
 *
 * A tag is the guest-virtual page, or TLB_INVALID (odd, so that it never equals a masked address). A probe compares
 * `va & (page mask | access size - 1)`, so a misaligned access misses too. On a hit, the linear address is (u32)va + addend.
 * Behind the tables lie a few victims: entries that another page replaced, and that take their place again when they are missed.
 * A page that translated code was read from has no write tag: its stores take the slow path, which invalidates the code. Nor has a page of the
 * dirty log (dirty.ts) until it is written to.
 */
import {
  CODE_PAGES,
  COUNTER_FLUSH,
  COUNTER_FLUSH_JUMPS,
  COUNTER_FLUSH_PAGE,
  COUNTER_FLUSH_SPACE,
  COUNTER_TLB_FILL,
  CPU_STATE,
  CPU_TLB,
  CPU_TLB_LARGE,
  CPU_TLB_LOG,
  CPU_TLB_LOG_END,
  CPU_TLB_PIECES,
  CPU_TLB_PIECES_END,
  DIRTY_LOGGED,
  DIRTY_PAGES,
  DIRTY_WRITTEN,
  LOCAL_VGA_WINDOW,
  PAGE_BITS,
  PAGE_SIZE,
} from '../layout';
import {
  REGION_BASE,
  REGION_KIND,
  REGION_KIND_FLASH,
  REGION_KIND_LOCAL,
  REGION_KIND_RAM,
  REGION_KIND_ROM,
  REGION_LINEAR,
} from '../layout';
import { count } from '../vcpu/counters';
import { BLOCK_GENERATION, BLOCK_GENERATION_MASK, STATE_TB_FLAGS } from '../vcpu/state';
import {
  STATE_ACCESS_LINEAR,
  STATE_ACCESS_PHYSICAL,
  STATE_EXCEPTION,
  STATE_TLB_LARGE,
  STATE_TLB_LOGGED,
  STATE_TLB_MARK,
  STATE_TLB_VICTIM,
  STATE_WALK_GLOBAL,
  STATE_WALK_PERMISSIONS,
  STATE_WALK_PHYSICAL,
  STATE_WALK_SIZE,
} from '../vcpu/state';
import {
  jumpCacheClear,
  jumpCacheForgetLocal,
  jumpCacheForgetPage,
  jumpLogForget,
  jumpPagesForget,
} from '../tb/jump-cache';
import { ACCESS_FETCH, ACCESS_STORE, busError, pageWalk, PERM_EXECUTE, PERM_READ, PERM_WRITE } from './hook';
import { vgaWindowKept, vgaWindowLinear } from '../vga/window';
import { dirtyMark } from './dirty';
import { regionFind } from './region';

export const TLB_BITS: u32 = 10;
export const TLB_ENTRIES: u32 = 1 << TLB_BITS;
export const TLB_ENTRY_SIZE: u32 = 32;
export const TLB_MODE_SHIFT: u32 = TLB_BITS + 5;
export const TLB_MODES: u32 = 4;
export const TLB_INVALID: u64 = 0xffffffffffffffff;
export const TLB_READ: u32 = 0;
export const TLB_WRITE: u32 = 8;
export const TLB_EXECUTE: u32 = 16;
export const TLB_ADDEND: u32 = 24;
/** u32: log2 of the mapping's size in TLB_SIZE_MASK, TLB_GLOBAL, MMU index from TLB_MMU_SHIFT on. */
export const TLB_SIZE_BITS: u32 = 28;
const TLB_SIZE_MASK: u32 = 0xff;
const TLB_GLOBAL: u32 = 0x100;
const TLB_MMU_SHIFT: u32 = 16;
/** In tags for reading and writing: a page of the VGA's window, whose addend leads to the offset in it. No probe matches such a tag. */
export const TLB_WINDOW: u64 = 0x400;
export const VPAGE_MASK: u64 = 0xfffffffffffff000;

/** Entries behind the tables for what was replaced last, of any MMU index. */
const TLB_VICTIMS: u32 = 8;
/** Entries of mappings that are not global, by address, so that a change of address space need not clear the tables. */
const LOG_MAX: u32 = (CPU_TLB_LOG_END - CPU_TLB_LOG) / 4;
/** Mappings larger than MEDIUM_BITS: their first address with log2 of their size in the low bits. Smaller ones are noted by pieces of 2 MiB. */
const LARGE_MAX: u32 = 16;
const PIECE_BITS: u32 = 21;
const MEDIUM_BITS: u32 = 22;
const PIECES: u32 = (CPU_TLB_PIECES_END - CPU_TLB_PIECES) * 8;

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

/** End of the tables and of the victims behind them. */
function tableEnd(cpu: usize): usize {
  return victims(cpu) + TLB_VICTIMS * TLB_ENTRY_SIZE;
}

function victims(cpu: usize): usize {
  return cpu + CPU_TLB - CPU_STATE + (TLB_MODES << TLB_MODE_SHIFT);
}

/** Forgets everything, blocks' addresses included. */
export function tlbFlush(cpu: usize): void {
  count(cpu, COUNTER_FLUSH);
  const start = cpu + CPU_TLB - CPU_STATE;
  memory.fill(start, 0xff, tableEnd(cpu) - start);
  store<u32>(cpu, 0, STATE_TLB_LOGGED);
  store<u32>(cpu, 0, STATE_TLB_LARGE);
  memory.fill(cpu + CPU_TLB_PIECES - CPU_STATE, 0, CPU_TLB_PIECES_END - CPU_TLB_PIECES);
  jumpCacheForget(cpu);
}

/** Forgets what belongs to the current address space and not to all of them. */
export function tlbFlushLocal(cpu: usize): void {
  count(cpu, COUNTER_FLUSH);
  count(cpu, COUNTER_FLUSH_SPACE);
  const logged = load<u32>(cpu, STATE_TLB_LOGGED);
  if (logged > LOG_MAX) forgetLocal(cpu + CPU_TLB - CPU_STATE, tableEnd(cpu));
  else {
    const log = cpu + CPU_TLB_LOG - CPU_STATE;
    for (let i: u32 = 0; i < logged; i++) clearEntry(load<u32>(log + i * 4));
    forgetLocal(victims(cpu), tableEnd(cpu));
  }
  store<u32>(cpu, 0, STATE_TLB_LOGGED);
  if (!jumpCacheForgetLocal(cpu)) jumpCacheForget(cpu);
}

function forgetLocal(entry: usize, end: usize): void {
  for (; entry < end; entry += TLB_ENTRY_SIZE)
    if ((load<u32>(entry, TLB_SIZE_BITS) & TLB_GLOBAL) == 0) clearEntry(entry);
}

/** Three stores: a call of memory.fill costs more. */
function clearEntry(entry: usize): void {
  store<u64>(entry, TLB_INVALID, TLB_READ);
  store<u64>(entry, TLB_INVALID, TLB_WRITE);
  store<u64>(entry, TLB_INVALID, TLB_EXECUTE);
}

/** Forgets what was mapped at one page, through any size of mapping. */
export function tlbFlushPage(cpu: usize, va: u64): void {
  count(cpu, COUNTER_FLUSH);
  count(cpu, COUNTER_FLUSH_PAGE);
  const end = tableEnd(cpu);
  if (hasLarge(cpu, va)) {
    const start = cpu + CPU_TLB - CPU_STATE;
    for (let entry = start; entry < end; entry += TLB_ENTRY_SIZE) flushEntry(entry, va);
  } else {
    for (let mmu: u32 = 0; mmu < TLB_MODES; mmu++) flushEntry(tlbEntry(cpu, va, mmu), va);
    for (let entry = victims(cpu); entry < end; entry += TLB_ENTRY_SIZE) flushEntry(entry, va);
  }
  if (!jumpCacheForgetPage(cpu, va)) jumpCacheForget(cpu);
}

function flushEntry(entry: usize, va: u64): void {
  const tag = entryTag(entry);
  if (tag == TLB_INVALID) return;
  if (((tag & VPAGE_MASK) ^ va) >> (load<u32>(entry, TLB_SIZE_BITS) & TLB_SIZE_MASK) == 0) clearEntry(entry);
}

/** The page of an entry with any permission, or TLB_INVALID. */
function entryTag(entry: usize): u64 {
  return load<u64>(entry, TLB_READ) & load<u64>(entry, TLB_WRITE) & load<u64>(entry, TLB_EXECUTE);
}

/** Word and bit of the 2 MiB piece that an address lies in. */
function pieceWord(cpu: usize, piece: u32): usize {
  return cpu + CPU_TLB_PIECES - CPU_STATE + (piece >> 5) * 4;
}

function pieceOf(va: u64): u32 {
  return <u32>((va >> PIECE_BITS) ^ (va >> (PIECE_BITS + 13))) & (PIECES - 1);
}

/** Notes that a page of a mapping of 2^size bytes was cached: a flush of another of its pages has to find it. */
function noteLarge(cpu: usize, va: u64, size: u32): void {
  const mapping = (va >> size) << size;
  if (size <= MEDIUM_BITS) {
    for (let at: u64 = 0; at >> size == 0; at += (<u64>1) << PIECE_BITS) {
      const piece = pieceOf(mapping + at);
      const word = pieceWord(cpu, piece);
      store<u32>(word, load<u32>(word) | (1 << (piece & 31)));
    }
    return;
  }
  const places = load<u32>(cpu, STATE_TLB_LARGE);
  const large = cpu + CPU_TLB_LARGE - CPU_STATE;
  if (places > LARGE_MAX) return;
  for (let i: u32 = 0; i < places; i++) if (load<u64>(large + i * 8) == (mapping | size)) return;
  if (places < LARGE_MAX) store<u64>(large + places * 8, mapping | size);
  store<u32>(cpu, places + 1, STATE_TLB_LARGE);
}

/** Whether an entry for another page than this one may come from a larger mapping that covers both. */
function hasLarge(cpu: usize, va: u64): bool {
  const piece = pieceOf(va);
  if ((load<u32>(pieceWord(cpu, piece)) & (1 << (piece & 31))) != 0) return true;
  const places = load<u32>(cpu, STATE_TLB_LARGE);
  if (places > LARGE_MAX) return true;
  const large = cpu + CPU_TLB_LARGE - CPU_STATE;
  for (let i: u32 = 0; i < places; i++) {
    const mapping = load<u64>(large + i * 8);
    if ((mapping ^ va) >> (mapping & 0xff) == 0) return true;
  }
  return false;
}

/** log2 of the size of the mapping that an entry came from. */
export function tlbMappingBits(entry: usize): u32 {
  return load<u32>(entry, TLB_SIZE_BITS) & TLB_SIZE_MASK;
}

/** Whether the page of a jump target, which was just fetched from, is mapped alike in every address space. */
export function tlbIsGlobal(entry: usize): bool {
  return (load<u32>(entry, TLB_SIZE_BITS) & TLB_GLOBAL) != 0;
}

/** Makes every jump-cache entry stale: a new generation, and a real clearing when the generations are used up. */
export function jumpCacheForget(cpu: usize): void {
  count(cpu, COUNTER_FLUSH_JUMPS);
  const flags = load<u32>(cpu, STATE_TB_FLAGS);
  let next = (flags + BLOCK_GENERATION) & BLOCK_GENERATION_MASK;
  // Generation 0 is that of cleared entries.
  if (next == 0) {
    jumpCacheClear(cpu);
    next = BLOCK_GENERATION;
  }
  jumpPagesForget(cpu);
  jumpLogForget(cpu);
  store<u32>(cpu, (flags & ~BLOCK_GENERATION_MASK) | next, STATE_TB_FLAGS);
}

/** Takes the write tags from a page of linear memory that code was just translated from. */
export function tlbProtect(cpu: usize, linear: u32): void {
  const page = linear & ~(PAGE_SIZE - 1);
  const start = cpu + CPU_TLB - CPU_STATE;
  const end = tableEnd(cpu);
  for (let entry = start; entry < end; entry += TLB_ENTRY_SIZE) {
    const tag = load<u64>(entry, TLB_WRITE);
    if (tag != TLB_INVALID && <u32>(tag & VPAGE_MASK) + load<u32>(entry, TLB_ADDEND) == page)
      store<u64>(entry, TLB_INVALID, TLB_WRITE);
  }
}

/** Takes the write tags from pages of the dirty log that nobody wrote to since it was armed. */
export function tlbDropWritable(cpu: usize): void {
  const start = cpu + CPU_TLB - CPU_STATE;
  const end = tableEnd(cpu);
  for (let entry = start; entry < end; entry += TLB_ENTRY_SIZE) {
    const tag = load<u64>(entry, TLB_WRITE);
    if (tag == TLB_INVALID) continue;
    const linear = <u32>(tag & VPAGE_MASK) + load<u32>(entry, TLB_ADDEND);
    const dirty = load<u8>(DIRTY_PAGES + (linear >> PAGE_BITS));
    if ((dirty & (DIRTY_LOGGED | DIRTY_WRITTEN)) == DIRTY_LOGGED) store<u64>(entry, TLB_INVALID, TLB_WRITE);
  }
}

/** Linear address of what backs a guest-physical address in this region, or 0: not memory. */
function linearOf(region: usize, physical: u64): u32 {
  const kind = load<u32>(region, REGION_KIND);
  const offset = <u32>(physical - load<u64>(region, REGION_BASE));
  if (kind == REGION_KIND_RAM || kind == REGION_KIND_ROM || kind == REGION_KIND_FLASH)
    return load<u32>(region, REGION_LINEAR) + offset;
  return isWindow(region) ? vgaWindowLinear(offset) : 0;
}

/**
 * Finds what backs an access that lies within one page, and fills the TLB where it may be cached. FILL_MEMORY and FILL_READ_ONLY
 * leave the linear address in STATE_ACCESS_LINEAR; every result but FILL_EXCEPTION the physical one in STATE_ACCESS_PHYSICAL.
 */
export function tlbFill(cpu: usize, va: u64, access: u32, mmu: u32): u32 {
  if (takeVictim(cpu, va, access, mmu)) return FILL_MEMORY;
  count(cpu, COUNTER_TLB_FILL);
  if (pageWalk(cpu, va, access, mmu) != 0) return FILL_EXCEPTION;
  const page = load<u64>(cpu, STATE_WALK_PHYSICAL);
  const physical = page | (va & ~VPAGE_MASK);
  store<u64>(cpu, physical, STATE_ACCESS_PHYSICAL);
  const region = regionFind(cpu, physical);
  if (region == 0) {
    busError(cpu, va, access);
    return load<u64>(cpu, STATE_EXCEPTION) != 0 ? FILL_EXCEPTION : FILL_DEVICE;
  }
  const kind = load<u32>(region, REGION_KIND);
  if (kind == REGION_KIND_FLASH && access == ACCESS_STORE) return FILL_DEVICE;
  const linear = linearOf(region, physical);
  if (linear == 0) {
    if (isWindow(region)) cacheWindow(cpu, va, mmu, <u32>(physical - load<u64>(region, REGION_BASE)));
    return FILL_DEVICE;
  }
  store<u32>(cpu, linear, STATE_ACCESS_LINEAR);
  if (access == ACCESS_STORE) dirtyMark(linear);
  const size = load<u32>(cpu, STATE_WALK_SIZE);
  if (size >= PAGE_BITS) {
    let permissions = load<u32>(cpu, STATE_WALK_PERMISSIONS);
    const dirty = load<u8>(DIRTY_PAGES + (linear >> PAGE_BITS));
    if (
      kind == REGION_KIND_ROM ||
      kind == REGION_KIND_FLASH ||
      load<u8>(CODE_PAGES + (linear >> PAGE_BITS)) != 0 ||
      (dirty & (DIRTY_LOGGED | DIRTY_WRITTEN)) == DIRTY_LOGGED
    )
      permissions &= ~PERM_WRITE;
    cache(cpu, va, mmu, permissions, load<u64>(cpu, STATE_TLB_MARK), linear);
  }
  return access == ACCESS_STORE && kind == REGION_KIND_ROM ? FILL_READ_ONLY : FILL_MEMORY;
}

/** Fills the entry of a page that was just walked to, of a mapping that is not smaller. `at` is what its addend leads to at `va`. */
function cache(cpu: usize, va: u64, mmu: u32, permissions: u32, mark: u64, at: u32): void {
  const size = load<u32>(cpu, STATE_WALK_SIZE);
  const entry = tlbEntry(cpu, va, mmu);
  const tag = va & VPAGE_MASK;
  const marked = tag | mark;
  retire(cpu, entry, tag);
  const global: u32 = load<u32>(cpu, STATE_WALK_GLOBAL) != 0 ? TLB_GLOBAL : 0;
  if (global == 0) log(cpu, entry);
  if (size > PAGE_BITS) noteLarge(cpu, va, size);
  store<u64>(entry, permissions & PERM_READ ? marked : TLB_INVALID, TLB_READ);
  // A write tag implies a read tag: groups of accesses rely on it (ir/passes/probe.ts).
  const writable = (permissions & (PERM_READ | PERM_WRITE)) == (PERM_READ | PERM_WRITE);
  store<u64>(entry, writable ? marked : TLB_INVALID, TLB_WRITE);
  store<u64>(entry, permissions & PERM_EXECUTE ? tag : TLB_INVALID, TLB_EXECUTE);
  store<u32>(entry, at - <u32>va, TLB_ADDEND);
  store<u32>(entry, size | global | (mmu << TLB_MMU_SHIFT), TLB_SIZE_BITS);
}

function isWindow(region: usize): bool {
  return (
    load<u32>(region, REGION_KIND) == REGION_KIND_LOCAL &&
    load<u32>(region, REGION_LINEAR) == LOCAL_VGA_WINDOW
  );
}

/** Keeps where a page leads to in the VGA's window. Under tier check it is a device as any other. */
function cacheWindow(cpu: usize, va: u64, mmu: u32, offset: u32): void {
  if (load<u32>(cpu, STATE_WALK_SIZE) < PAGE_BITS || load<u64>(cpu, STATE_TLB_MARK) != 0) return;
  vgaWindowKept();
  cache(cpu, va, mmu, load<u32>(cpu, STATE_WALK_PERMISSIONS) & ~PERM_EXECUTE, TLB_WINDOW, offset);
}

function log(cpu: usize, entry: usize): void {
  const logged = load<u32>(cpu, STATE_TLB_LOGGED);
  if (logged > LOG_MAX) return;
  if (logged < LOG_MAX) store<u32>(cpu + CPU_TLB_LOG - CPU_STATE + logged * 4, <u32>entry);
  store<u32>(cpu, logged + 1, STATE_TLB_LOGGED);
}

/** Moves an entry that is about to be replaced by another page's to the victims. */
function retire(cpu: usize, entry: usize, tag: u64): void {
  const old = entryTag(entry);
  if (old == TLB_INVALID || (old & VPAGE_MASK) == tag) return;
  const next = load<u32>(cpu, STATE_TLB_VICTIM);
  store<u32>(cpu, (next + 1) % TLB_VICTIMS, STATE_TLB_VICTIM);
  memory.copy(victims(cpu) + next * TLB_ENTRY_SIZE, entry, TLB_ENTRY_SIZE);
}

/** Exchanges the entry with a victim that answers the access: two pages that share an entry would else walk each time. */
function takeVictim(cpu: usize, va: u64, access: u32, mmu: u32): bool {
  const field: usize = access == ACCESS_STORE ? TLB_WRITE : access == ACCESS_FETCH ? TLB_EXECUTE : TLB_READ;
  const end = tableEnd(cpu);
  const page = va & VPAGE_MASK;
  for (let victim = victims(cpu); victim < end; victim += TLB_ENTRY_SIZE) {
    if (load<u64>(victim + field) != page || load<u32>(victim, TLB_SIZE_BITS) >> TLB_MMU_SHIFT != mmu)
      continue;
    const entry = tlbEntry(cpu, va, mmu);
    for (let at: usize = 0; at < TLB_ENTRY_SIZE; at += 8) {
      const old = load<u64>(entry + at);
      store<u64>(entry + at, load<u64>(victim + at));
      store<u64>(victim + at, old);
    }
    if (!tlbIsGlobal(entry)) log(cpu, entry);
    store<u32>(cpu, <u32>va + load<u32>(entry, TLB_ADDEND), STATE_ACCESS_LINEAR);
    return true;
  }
  return false;
}
