/**
 * The dirty log: which pages of some ranges of memory (video memory) were written to.
 *
 * A page of a range that is armed (DIRTY_LOGGED alone) has no write tag in the TLB, so its first store takes the slow path, which notes it and gives the
 * tag. The page asks for the log with REQUEST_HARVEST; the vCPU hands it over and takes the tags again, before it runs on. So what is written after the
 * answer is in the next log, and what the page reads after the answer is at least as new as this one.
 */
import * as L from '../layout';
import { COMM_REQUEST, CPU_STATE, PAGE_BITS } from '../layout';
import { wakePage } from './device';
import { tlbDropWritable } from './tlb';

const WRITTEN_EIGHT: u64 = 0x0202020202020202;

/** Tells the page that there is something to draw, once until it has taken notice. */
export function displayEvent(event: u32): void {
  if ((atomic.or<u32>(L.VM_DISPLAY_EVENTS, event) & event) == 0) wakePage(false);
}

/** Notes that a page of linear memory is about to be written to. Nothing happens to pages that are not logged. */
export function dirtyMark(linear: usize): void {
  const at = L.DIRTY_PAGES + (<u32>linear >> PAGE_BITS);
  if ((load<u8>(at) & (L.DIRTY_LOGGED | L.DIRTY_WRITTEN)) != L.DIRTY_LOGGED) return;
  atomic.or<u8>(at, <u8>L.DIRTY_WRITTEN);
  displayEvent(L.DISPLAY_WRITTEN);
}

/** Answers REQUEST_HARVEST. */
export function dirtyHarvest(cpu: usize): void {
  atomic.and<u32>(cpu - CPU_STATE + COMM_REQUEST, ~L.REQUEST_HARVEST);
  let any = false;
  for (let i: u32 = 0, count = load<u32>(L.DIRTY_RANGE_COUNT); i < count; i++) {
    const range = L.DIRTY_RANGES + i * L.DIRTY_RANGE_STRIDE;
    let at: usize = L.DIRTY_PAGES + load<u32>(range);
    const end = at + load<u32>(range, 4);
    for (; at < end; at += 8) {
      const written = load<u64>(at) & WRITTEN_EIGHT;
      if (written == 0) continue;
      any = true;
      // Handed over first: a reader that sees neither would lose the page.
      atomic.or<u64>(at, written << 1);
      atomic.and<u64>(at, ~written);
    }
  }
  if (any) tlbDropWritable(cpu);
  displayEvent(L.DISPLAY_HARVESTED);
}
