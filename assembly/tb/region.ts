/**
 * Regions: hot control-flow graphs compiled to one Wasm function each (tier 1). This file holds their descriptors, how a page finds the
 * regions that have code in it, and their end.
 *
 * A region begins at one block, its entry; BLOCK_REGION of that block is the function's index in the shared table. It may have code in
 * several guest pages. The entry's own address is checked by whoever looks the block up; the others' mappings are checked by
 * regionHolds when a lookup puts the entry into the jump cache, and every change of mappings empties the jump cache.
 *
 *   +0x00 u32 entry block         +0x04 u32 table index        +0x08 u32 state (REGION_LIVE, or 0)   +0x0c u32 next free descriptor
 *   +0x10 u32 number of pages     +0x14 u32 number of blocks   +0x18 u32 module number               +0x1c u32 epoch of the last entry, written by the emitted code
 *   +0x20 pages: u64 guest-virtual page, u32 linear page, u32 next in that page's list (address of such a record), REGION_PAGES_MAX of them
 *   +0xa0 blocks: u32 each
 */
import * as L from '../layout';
import { MODULE_LIVE, MODULE_USED, NODES_MAX, REGION_MODULES_MAX, REGIONS_USED } from '../scratch';
import { count, countMore } from '../vcpu/counters';
import {
  STATE_EPOCH,
  STATE_LEAVE,
  STATE_REGION_FREE,
  STATE_REGION_NEXT,
  STATE_THRESHOLD,
} from '../vcpu/state';
import {
  BLOCK_ASKED,
  BLOCK_CODE,
  BLOCK_COPIES,
  BLOCK_HEAT,
  BLOCK_LINEAR,
  BLOCK_OPS,
  BLOCK_PC,
  BLOCK_REGION,
  BLOCK_REGION_DESCRIPTOR,
  BLOCK_STATE,
} from './block';
import { JUMP_BLOCK, jumpCacheEntry } from './jump-cache';

export const REGION_D_ENTRY: u32 = 0x00;
export const REGION_D_INDEX: u32 = 0x04;
export const REGION_D_STATE: u32 = 0x08;
export const REGION_D_FREE_NEXT: u32 = 0x0c;
export const REGION_D_PAGE_COUNT: u32 = 0x10;
export const REGION_D_BLOCK_COUNT: u32 = 0x14;
export const REGION_D_MODULE: u32 = 0x18;
export const REGION_D_EPOCH: u32 = 0x1c;
export const REGION_D_PAGES: u32 = 0x20;
export const REGION_D_BLOCKS: u32 = 0xa0;
export const REGION_D_SIZE: u32 = 0x200;
if (REGION_D_BLOCKS + NODES_MAX * 4 > REGION_D_SIZE)
  ERROR('A region’s blocks do not fit into its descriptor.');

export const REGION_PAGES_MAX: u32 = 8;
export const REGION_LIVE: u32 = 1;

const PAGE_RECORD: u32 = 16;
const PAGE_VIRTUAL: u32 = 0;
const PAGE_LINEAR: u32 = 8;
const PAGE_NEXT: u32 = 12;

/** Descriptors in use: of live regions, and of those that are being compiled. */
export function regionsUsed(cpu: usize): u32 {
  return load<u32>(cpu - L.CPU_STATE + REGIONS_USED);
}

function used(cpu: usize, change: i32): void {
  const cell = cpu - L.CPU_STATE + REGIONS_USED;
  store<i32>(cell, load<i32>(cell) + change);
}

/** A descriptor to be filled in, or 0 if all are in use. */
export function regionAllocate(cpu: usize): usize {
  const region = takeDescriptor(cpu);
  if (region == 0) return 0;
  memory.fill(region, 0, REGION_D_SIZE);
  used(cpu, 1);
  return region;
}

/** A region of more blocks is large: its blocks are not copied into others. */
const SMALL_BLOCKS: u32 = 8;

export function regionIsSmall(region: usize): bool {
  return load<u32>(region, REGION_D_BLOCK_COUNT) <= SMALL_BLOCKS;
}

/** Counts a region, if it is large, at the blocks that it has besides its entry. */
export function regionCountCopies(region: usize, change: i32): void {
  if (regionIsSmall(region)) return;
  for (let i: u32 = 1; i < load<u32>(region, REGION_D_BLOCK_COUNT); i++) {
    const block: usize = load<u32>(region + REGION_D_BLOCKS + i * 4);
    store<u16>(block, <u16>(load<u16>(block, BLOCK_COPIES) + change), BLOCK_COPIES);
  }
}

/** Whether a block lies in a region. */
export function regionHas(region: usize, block: usize): bool {
  for (let i: u32 = 0; i < load<u32>(region, REGION_D_BLOCK_COUNT); i++)
    if (load<u32>(region + REGION_D_BLOCKS + i * 4) == <u32>block) return true;
  return false;
}

function takeDescriptor(cpu: usize): usize {
  const free: usize = load<u32>(cpu, STATE_REGION_FREE);
  if (free != 0) {
    store<u32>(cpu, load<u32>(free, REGION_D_FREE_NEXT), STATE_REGION_FREE);
    return free;
  }
  const next: usize = load<u32>(cpu, STATE_REGION_NEXT);
  if (next + REGION_D_SIZE > cpu - L.CPU_STATE + L.CPU_REGIONS_END) return 0;
  store<u32>(cpu, <u32>next + REGION_D_SIZE, STATE_REGION_NEXT);
  return next;
}

export function regionRelease(cpu: usize, region: usize): void {
  store<u32>(region, 0, REGION_D_STATE);
  store<u32>(region, load<u32>(cpu, STATE_REGION_FREE), REGION_D_FREE_NEXT);
  store<u32>(cpu, <u32>region, STATE_REGION_FREE);
  used(cpu, -1);
}

/** Notes that a region has code at this guest-virtual page. False if it has code in too many already. */
export function regionAddPage(region: usize, virtualPage: u64, linearPage: u32): bool {
  const pages = load<u32>(region, REGION_D_PAGE_COUNT);
  for (let i: u32 = 0; i < pages; i++)
    if (load<u64>(region + REGION_D_PAGES + i * PAGE_RECORD, PAGE_VIRTUAL) == virtualPage) return true;
  if (pages == REGION_PAGES_MAX) return false;
  const record = region + REGION_D_PAGES + pages * PAGE_RECORD;
  store<u64>(record, virtualPage, PAGE_VIRTUAL);
  store<u32>(record, linearPage, PAGE_LINEAR);
  store<u32>(region, pages + 1, REGION_D_PAGE_COUNT);
  return true;
}

export function regionPageVirtual(region: usize, index: u32): u64 {
  return load<u64>(region + REGION_D_PAGES + index * PAGE_RECORD, PAGE_VIRTUAL);
}

export function regionPageLinear(region: usize, index: u32): u32 {
  return load<u32>(region + REGION_D_PAGES + index * PAGE_RECORD, PAGE_LINEAR);
}

function pageList(cpu: usize, linear: u32): usize {
  return cpu - L.CPU_STATE + L.CPU_REGION_PAGES + (linear >> L.PAGE_BITS) * 4;
}

/** Makes a compiled region reachable: its entry block leads to it from now on. */
export function regionInstall(cpu: usize, region: usize, index: u32, module: u32): void {
  const block: usize = load<u32>(region, REGION_D_ENTRY);
  store<u32>(region, index, REGION_D_INDEX);
  store<u32>(region, REGION_LIVE, REGION_D_STATE);
  store<u32>(region, module, REGION_D_MODULE);
  store<u32>(region, load<u32>(cpu, STATE_EPOCH), REGION_D_EPOCH);
  moduleCount(cpu, module, 1);
  store<u32>(block, index, BLOCK_REGION);
  store<u32>(block, <u32>region, BLOCK_REGION_DESCRIPTOR);
  store<u32>(block, 1, BLOCK_HEAT);
  store<u32>(block, load<u32>(block, BLOCK_STATE) & ~BLOCK_ASKED, BLOCK_STATE);
  for (let i: u32 = 0; i < load<u32>(region, REGION_D_PAGE_COUNT); i++) {
    const record = region + REGION_D_PAGES + i * PAGE_RECORD;
    const list = pageList(cpu, load<u32>(record, PAGE_LINEAR));
    store<u32>(record, load<u32>(list), PAGE_NEXT);
    store<u32>(list, <u32>record);
  }
  // The next lookup checks the other pages' mappings before the entry is cached again.
  const cached = jumpCacheEntry(cpu, load<u64>(block, BLOCK_PC));
  if (load<u32>(cached, JUMP_BLOCK) == <u32>block) memory.fill(cached, 0, 16);
}

/** Ends a region: its entry block is interpreted again, and may become hot again. The function, if it is running, leaves soon. */
export function regionKill(cpu: usize, region: usize): void {
  const block: usize = load<u32>(region, REGION_D_ENTRY);
  store<u32>(block, 0, BLOCK_REGION);
  store<u32>(block, 0, BLOCK_REGION_DESCRIPTOR);
  store<u32>(block, regionThreshold(cpu, load<u32>(block, BLOCK_LINEAR)), BLOCK_HEAT);
  for (let i: u32 = 0; i < load<u32>(region, REGION_D_PAGE_COUNT); i++) {
    const record = region + REGION_D_PAGES + i * PAGE_RECORD;
    let link = pageList(cpu, load<u32>(record, PAGE_LINEAR));
    while (load<u32>(link) != <u32>record) link = load<u32>(link) + PAGE_NEXT;
    store<u32>(link, load<u32>(record, PAGE_NEXT));
  }
  moduleCount(cpu, load<u32>(region, REGION_D_MODULE), -1);
  regionCountCopies(region, -1);
  regionRelease(cpu, region);
}

/** Doublings of the threshold at most for code in pages that keep being rewritten. */
const KILLS_MAX: u32 = 12;
/** CPU_REGION_KILLS has the kills in the low half of a page's byte and the level of tb/invalidate.ts in the high half. */
const KILLS_MASK: u32 = 15;
const SPARE_SHIFT: u32 = 4;
export const SPARE_LEVEL_MAX: u32 = 4;

/** Executions after which a block in this page is compiled: twice as many each time that compiled code there was thrown away. */
export function regionThreshold(cpu: usize, linear: u32): u32 {
  const threshold = load<u32>(cpu, STATE_THRESHOLD);
  if (threshold == 0) return 0xffffffff;
  if (threshold == 1) return 1;
  return threshold << (<u32>load<u8>(killsOf(cpu, linear)) & KILLS_MASK);
}

function killsOf(cpu: usize, linear: u32): usize {
  return cpu - L.CPU_STATE + L.CPU_REGION_KILLS + (linear >> L.PAGE_BITS);
}

/** How often the stores that the page's code survives were used up (tb/invalidate.ts), to SPARE_LEVEL_MAX. */
export function regionSpareLevel(cpu: usize, linear: u32): u32 {
  return <u32>load<u8>(killsOf(cpu, linear)) >> SPARE_SHIFT;
}

export function regionRaiseSpareLevel(cpu: usize, linear: u32): void {
  const cell = killsOf(cpu, linear);
  store<u8>(cell, <u8>(<u32>load<u8>(cell) + ((<u32>1) << SPARE_SHIFT)));
}

/** The same for a block that was just translated; counts those whose threshold is raised. */
export function regionFirstThreshold(cpu: usize, linear: u32): u32 {
  const threshold = regionThreshold(cpu, linear);
  if (threshold != 0xffffffff && threshold > load<u32>(cpu, STATE_THRESHOLD))
    count(cpu, L.COUNTER_BACKED_OFF);
  return threshold;
}

/** Ends every region that has code in this page of linear memory. */
export function regionKillPage(cpu: usize, linear: u32): void {
  const list = pageList(cpu, linear);
  const kills = killsOf(cpu, linear);
  if (load<u32>(list) != 0 && (<u32>load<u8>(kills) & KILLS_MASK) < KILLS_MAX)
    store<u8>(kills, load<u8>(kills) + 1);
  while (load<u32>(list) != 0) {
    const offset = load<u32>(list) - (<u32>cpu - L.CPU_STATE + L.CPU_REGIONS);
    count(cpu, L.COUNTER_REGION_KILLED);
    regionKill(cpu, cpu - L.CPU_STATE + L.CPU_REGIONS + (offset / REGION_D_SIZE) * REGION_D_SIZE);
    store<u32>(cpu, 1, STATE_LEAVE);
  }
}

/** MODULE_LIVE, u32 for each module: its live regions; MODULE_USED, while one is being chosen for eviction: its last use. */
function moduleCount(cpu: usize, module: u32, change: i32): void {
  const cell = cpu - L.CPU_STATE + MODULE_LIVE + module * 4;
  store<i32>(cell, load<i32>(cell) + change);
}

/** Regions of a module that are still reachable; at 0 its table slots are free. */
export function regionModuleLive(cpu: usize, module: u32): u32 {
  return load<u32>(cpu - L.CPU_STATE + MODULE_LIVE + module * 4);
}

/** Ends the regions of the module that has not been entered for the longest time. Returns the module, or -1 if there is none. */
export function regionEvictModule(cpu: usize): i32 {
  const area = cpu - L.CPU_STATE;
  const end: usize = load<u32>(cpu, STATE_REGION_NEXT);
  memory.fill(area + MODULE_USED, 0, REGION_MODULES_MAX * 4);
  for (let region: usize = area + L.CPU_REGIONS; region < end; region += REGION_D_SIZE) {
    if (load<u32>(region, REGION_D_STATE) != REGION_LIVE) continue;
    const used = area + MODULE_USED + load<u32>(region, REGION_D_MODULE) * 4;
    if (load<u32>(region, REGION_D_EPOCH) > load<u32>(used))
      store<u32>(used, load<u32>(region, REGION_D_EPOCH));
  }
  let coldest = -1;
  let oldest: u32 = 0xffffffff;
  for (let module: u32 = 0; module < REGION_MODULES_MAX; module++) {
    if (regionModuleLive(cpu, module) == 0 || load<u32>(area + MODULE_USED + module * 4) >= oldest) continue;
    oldest = load<u32>(area + MODULE_USED + module * 4);
    coldest = <i32>module;
  }
  if (coldest < 0) return -1;
  for (let region: usize = area + L.CPU_REGIONS; region < end; region += REGION_D_SIZE) {
    if (load<u32>(region, REGION_D_STATE) != REGION_LIVE || load<i32>(region, REGION_D_MODULE) != coldest)
      continue;
    count(cpu, L.COUNTER_REGION_EVICTED);
    regionKill(cpu, region);
  }
  return coldest;
}

/**
 * Pages of linear memory that this machine has. Tables with an entry for each page have room for 4 GiB: clearing what lies beyond
 * would only make the host back it with memory.
 */
export function linearPages(): u32 {
  return (<u32>memory.size()) << (16 - L.PAGE_BITS);
}

/** Forgets that code was thrown away: all of it is compiled at the plain threshold again. */
export function regionForgetKills(cpu: usize): void {
  memory.fill(cpu - L.CPU_STATE + L.CPU_REGION_KILLS, 0, linearPages());
}

/** Forgets all regions, with the blocks that they were made of. */
export function regionForgetAll(cpu: usize): void {
  const area = <u32>cpu - L.CPU_STATE;
  memory.fill(area + L.CPU_REGION_PAGES, 0, linearPages() * 4);
  store<u32>(cpu, 0, STATE_REGION_FREE);
  memory.fill(area + MODULE_LIVE, 0, REGION_MODULES_MAX * 4);
  countMore(cpu, L.COUNTER_REGION_EVICTED, regionsUsed(cpu));
  store<u32>(area, 0, REGIONS_USED);
  store<u32>(cpu, area + L.CPU_REGIONS, STATE_REGION_NEXT);
}

/** The block of a region that holds an operation. */
export function regionBlockOf(region: usize, op: u32): usize {
  const blocks = load<u32>(region, REGION_D_BLOCK_COUNT);
  for (let i: u32 = 0; i < blocks; i++) {
    const block = load<u32>(region + REGION_D_BLOCKS + i * 4);
    if (op - block - BLOCK_CODE < <u32>load<u16>(block, BLOCK_OPS) * 16) return block;
  }
  unreachable();
  return 0;
}
