/** Finds the block to run next, translating it when there is none. */
import {
  CODE_PAGES,
  COUNTER_LOOKUP,
  COUNTER_REGION_REMAPPED,
  COUNTER_TRANSLATED,
  CPU_STATE,
  CPU_TB_ARENA_END,
  PAGE_BITS,
  PAGE_SIZE,
} from '../layout';
import * as B from '../ir/builder';
import { irValidate } from '../ir/validate';
import { ACCESS_FETCH, busError } from '../softmmu/hook';
import {
  FILL_DEVICE,
  FILL_EXCEPTION,
  tlbEntry,
  tlbFill,
  tlbIsGlobal,
  tlbMappingBits,
  tlbProtect,
  TLB_ADDEND,
  TLB_EXECUTE,
  VPAGE_MASK,
} from '../softmmu/tlb';
import { count } from '../vcpu/counters';
import { guestDataMmu, guestEndBlock, guestFetchMmu, guestTranslate } from '../vcpu/guest';
import * as S from '../vcpu/state';
import * as T from './block';
import { blockFlushAll, blockHashBucket, blockPageList } from './invalidate';
import {
  JUMP_BLOCK,
  jumpCacheEntry,
  jumpCacheHas,
  JUMP_FLAGS,
  JUMP_PC,
  noteJumpLocal,
  noteJumpPage,
} from './jump-cache';
import { REGION_D_PAGE_COUNT, regionFirstThreshold, regionPageLinear, regionPageVirtual } from './region';

/** Bytes of a second page that an instruction may reach into, and more: the longest one has 15. */
const FETCH_AHEAD: u32 = 16;

/** The block at STATE_PC; 0 with an exception pending if the guest may not fetch there. */
export function blockNext(cpu: usize): usize {
  const pc = load<u64>(cpu, S.STATE_PC);
  store<u32>(cpu, 0, S.STATE_NO_REGION);
  const cached = jumpCacheEntry(cpu, pc);
  if (jumpCacheHas(cpu, cached, pc)) {
    const known: usize = load<u32>(cached, JUMP_BLOCK);
    chain(cpu, known);
    return known;
  }
  count(cpu, COUNTER_LOOKUP);
  const linear = fetchLinear(cpu, pc);
  if (linear == 0) return 0;
  const cacheable =
    (pc & VPAGE_MASK) ==
    load<u64>(tlbEntry(cpu, pc, guestFetchMmu(cpu, load<u32>(cpu, S.STATE_TB_FLAGS))), TLB_EXECUTE);
  const flags = load<u32>(cpu, S.STATE_TB_FLAGS) & S.BLOCK_FLAGS_MASK;
  let block: usize = load<u32>(blockHashBucket(cpu, linear));
  while (block != 0) {
    if (
      load<u32>(block, T.BLOCK_LINEAR) == linear &&
      load<u64>(block, T.BLOCK_PC) == pc &&
      load<u32>(block, T.BLOCK_FLAGS) == flags &&
      load<u32>(block, T.BLOCK_GUEST_KEY) == load<u32>(cpu, S.STATE_GUEST_KEY) &&
      secondPageHolds(cpu, block, pc)
    )
      break;
    block = load<u32>(block, T.BLOCK_HASH_NEXT);
  }
  if (load<u64>(cpu, S.STATE_EXCEPTION) != 0) return 0;
  if (block == 0) {
    block = translate(cpu, pc, linear, flags, cacheable);
    if (block == 0) return 0;
  }
  const state = load<u32>(block, T.BLOCK_STATE);
  const region: usize = load<u32>(block, T.BLOCK_REGION_DESCRIPTOR);
  if (region != 0 && !regionHolds(cpu, region)) store<u32>(cpu, 1, S.STATE_NO_REGION);
  else if ((state & T.BLOCK_UNCACHED) == 0 && secondPageIsCached(cpu, block, pc)) {
    store<u64>(cached, pc, JUMP_PC);
    store<u32>(cached, <u32>block, JUMP_BLOCK);
    store<u32>(cached, load<u32>(cpu, S.STATE_TB_FLAGS), JUMP_FLAGS);
    notePage(cpu, pc, false);
    const crosses = (state & T.BLOCK_CROSSES) != 0;
    if (crosses) notePage(cpu, pc + PAGE_SIZE, true);
    const isGlobal =
      region != 0
        ? regionIsGlobal(cpu, region)
        : pageIsGlobal(cpu, pc) && (!crosses || pageIsGlobal(cpu, pc + PAGE_SIZE));
    if (!isGlobal) noteJumpLocal(cpu, cached);
    chain(cpu, block);
  }
  store<u32>(cpu, 0, S.STATE_CHAIN_FROM);
  return block;
}

/** Makes the exit that led here lead here directly next time; not to a block in two pages, of which one may go without the other. */
function chain(cpu: usize, block: usize): void {
  const from: usize = load<u32>(cpu, S.STATE_CHAIN_FROM);
  if (from != 0 && (load<u32>(block, T.BLOCK_STATE) & T.BLOCK_CROSSES) == 0)
    store<u32>(from, <u32>block, B.OP_CHAIN);
  store<u32>(cpu, 0, S.STATE_CHAIN_FROM);
}

/** Notes that the jump cache depends on a page that was just fetched from. */
function notePage(cpu: usize, pc: u64, isFurther: bool): void {
  noteJumpPage(
    cpu,
    pc,
    tlbMappingBits(tlbEntry(cpu, pc, guestFetchMmu(cpu, load<u32>(cpu, S.STATE_TB_FLAGS)))),
    isFurther,
  );
}

/** Whether a page that was just fetched from is mapped alike in every address space. */
function pageIsGlobal(cpu: usize, pc: u64): bool {
  const entry = tlbEntry(cpu, pc, guestFetchMmu(cpu, load<u32>(cpu, S.STATE_TB_FLAGS)));
  return (pc & VPAGE_MASK) == load<u64>(entry, TLB_EXECUTE) && tlbIsGlobal(entry);
}

function regionIsGlobal(cpu: usize, region: usize): bool {
  for (let i: u32 = 0; i < load<u32>(region, REGION_D_PAGE_COUNT); i++) {
    if (!pageIsGlobal(cpu, regionPageVirtual(region, i))) return false;
  }
  return true;
}

/** Whether all pages of a region are still mapped where its code came from. The first one is the entry's own. */
export function regionHolds(cpu: usize, region: usize): bool {
  for (let i: u32 = 1; i < load<u32>(region, REGION_D_PAGE_COUNT); i++) {
    const page = regionPageVirtual(region, i);
    if (fetchLinear(cpu, page) != regionPageLinear(region, i)) {
      store<u64>(cpu, 0, S.STATE_EXCEPTION);
      count(cpu, COUNTER_REGION_REMAPPED);
      return false;
    }
    notePage(cpu, page, true);
  }
  return true;
}

/** Linear address of the code at pc, or 0 with an exception pending. */
function fetchLinear(cpu: usize, pc: u64): u32 {
  const mmu = guestFetchMmu(cpu, load<u32>(cpu, S.STATE_TB_FLAGS));
  const entry = tlbEntry(cpu, pc, mmu);
  if ((pc & VPAGE_MASK) == load<u64>(entry, TLB_EXECUTE)) return <u32>pc + load<u32>(entry, TLB_ADDEND);
  const fill = tlbFill(cpu, pc, ACCESS_FETCH, mmu);
  if (fill == FILL_EXCEPTION) return 0;
  if (fill == FILL_DEVICE) {
    busError(cpu, pc, ACCESS_FETCH);
    return 0;
  }
  return load<u32>(cpu, S.STATE_ACCESS_LINEAR);
}

/** Whether a crossing block's second page is still where it was. May raise the fetch's exception. */
function secondPageHolds(cpu: usize, block: usize, pc: u64): bool {
  const linear2 = load<u32>(block, T.BLOCK_LINEAR2);
  return linear2 == 0 || fetchLinear(cpu, (pc & VPAGE_MASK) + PAGE_SIZE) == linear2;
}

/** Whether the TLB holds the page that a crossing block, just found, goes on in. */
function secondPageIsCached(cpu: usize, block: usize, pc: u64): bool {
  if (load<u32>(block, T.BLOCK_LINEAR2) == 0) return true;
  const page = (pc & VPAGE_MASK) + PAGE_SIZE;
  const entry = tlbEntry(cpu, page, guestFetchMmu(cpu, load<u32>(cpu, S.STATE_TB_FLAGS)));
  return page == load<u64>(entry, TLB_EXECUTE);
}

function translate(cpu: usize, pc: u64, linear: u32, flags: u32, cacheable: bool): usize {
  const area = cpu - CPU_STATE;
  if (load<u32>(cpu, S.STATE_TB_CURSOR) + T.BLOCK_MAX_BYTES > <u32>area + CPU_TB_ARENA_END) {
    blockFlushAll(cpu);
    store<u32>(cpu, 0, S.STATE_CHAIN_FROM);
  }
  count(cpu, COUNTER_TRANSLATED);
  const block: usize = load<u32>(cpu, S.STATE_TB_CURSOR);
  const code = block + T.BLOCK_CODE;
  // Before the code is read: a device that writes there from now on sees the flag, and marks the page stale.
  protectCode(cpu, linear);
  const e = cpu + S.STATE_EMIT;
  store<u32>(e, <u32>code, B.EMIT_START);
  store<u32>(e, <u32>code, B.EMIT_CURSOR);
  store<u32>(e, <u32>cpu, B.EMIT_CPU);
  store<u64>(e, pc, B.EMIT_BLOCK_PC);
  store<u32>(e, flags, B.EMIT_FLAGS);
  store<u64>(e, guestDataMmu(cpu, flags), B.EMIT_MMU);
  store<u32>(e, 0, B.EMIT_ENDED);
  store<u64>(e, 0, B.EMIT_GUEST);
  store<u32>(e, 0, B.EMIT_ALONE);
  let state = T.BLOCK_VALID;
  if (!cacheable) state |= T.BLOCK_UNCACHED;
  let linear2: u32 = 0;
  let insns: u32 = 0;
  let at = pc;
  const pageEnd = (pc & VPAGE_MASK) + PAGE_SIZE;
  for (;;) {
    store<u32>(
      cpu + S.STATE_INSN_TABLE + (insns << 2),
      ((load<u32>(e, B.EMIT_CURSOR) - <u32>code) >> 4) | ((<u32>(at - pc)) << 16),
    );
    const begins = load<u32>(e, B.EMIT_CURSOR);
    store<u64>(e, at, B.EMIT_PC);
    store<u32>(e, S.STATE_TEMPS, B.EMIT_TEMP);
    store<u32>(e, S.STATE_VECTOR_TEMPS, B.EMIT_VECTOR_TEMP);
    const source: usize = linear + <u32>(at - pc);
    const available = <u32>(pageEnd - at);
    let length = guestTranslate(cpu, e, source, available);
    if (length == 0) {
      // It goes on in the next page: a block of its own.
      if (insns != 0) break;
      linear2 = fetchLinear(cpu, pageEnd);
      if (linear2 == 0) return 0;
      state |= T.BLOCK_CROSSES;
      protectCode(cpu, linear2);
      memory.copy(cpu + S.STATE_FETCH_BUFFER, source, available);
      memory.copy(cpu + S.STATE_FETCH_BUFFER + available, linear2, FETCH_AHEAD);
      length = guestTranslate(cpu, e, cpu + S.STATE_FETCH_BUFFER, available + FETCH_AHEAD);
    }
    assert(load<u32>(e, B.EMIT_CURSOR) - begins <= T.BLOCK_INSN_OPS * 16);
    insns += 1;
    at += length;
    if (load<u32>(e, B.EMIT_ENDED) != 0) break;
    if (
      at >= pageEnd ||
      insns == T.BLOCK_MAX_INSNS ||
      !cacheable ||
      load<u32>(e, B.EMIT_CURSOR) > <u32>code + (T.BLOCK_MAX_OPS - T.BLOCK_INSN_OPS) * 16
    )
      break;
  }
  if (load<u32>(e, B.EMIT_ENDED) == 0) {
    store<u64>(e, at, B.EMIT_PC);
    guestEndBlock(cpu, e);
  }
  if (load<u32>(e, B.EMIT_ALONE) != 0) state |= T.BLOCK_ALONE;
  const end: usize = load<u32>(e, B.EMIT_CURSOR);
  memory.copy(end, cpu + S.STATE_INSN_TABLE, insns << 2);
  store<u64>(block, pc, T.BLOCK_PC);
  store<u32>(block, linear, T.BLOCK_LINEAR);
  store<u32>(block, flags, T.BLOCK_FLAGS);
  store<u32>(block, load<u32>(cpu, S.STATE_GUEST_KEY), T.BLOCK_GUEST_KEY);
  store<u16>(block, <u16>insns, T.BLOCK_INSNS);
  store<u16>(block, <u16>((end - code) >> 4), T.BLOCK_OPS);
  store<u32>(block, <u32>end, T.BLOCK_INSN_TABLE);
  store<u32>(block, <u32>(at - pc), T.BLOCK_SIZE);
  store<u32>(block, state, T.BLOCK_STATE);
  store<u32>(block, linear2, T.BLOCK_LINEAR2);
  store<u32>(block, 0, T.BLOCK_REGION);
  store<u32>(block, 0, T.BLOCK_REGION_DESCRIPTOR);
  store<u32>(block, regionFirstThreshold(cpu, linear), T.BLOCK_HEAT);
  if (!ASC_NO_ASSERT) assert(irValidate(block) == 0);
  store<u32>(cpu, (<u32>end + (insns << 2) + 15) & ~15, S.STATE_TB_CURSOR);
  const bucket = blockHashBucket(cpu, linear);
  store<u32>(block, load<u32>(bucket), T.BLOCK_HASH_NEXT);
  store<u32>(bucket, <u32>block);
  addToPage(cpu, block, linear, T.BLOCK_PAGE_NEXT);
  if (linear2 != 0) addToPage(cpu, block, linear2, T.BLOCK_PAGE2_NEXT);
  return block;
}

function addToPage(cpu: usize, block: usize, linear: u32, link: u32): void {
  const list = blockPageList(cpu, linear);
  store<u32>(block + link, load<u32>(list));
  store<u32>(list, <u32>block);
}

function protectCode(cpu: usize, linear: u32): void {
  const flag = CODE_PAGES + (linear >> PAGE_BITS);
  if (load<u8>(flag) == 0) {
    atomic.store<u8>(flag, 1);
    tlbProtect(cpu, linear);
  }
}
