import type { PageRun } from '../core/scanout.ts';
import {
  DIRTY_LOGGED,
  DIRTY_PAGES,
  DIRTY_RANGE_COUNT,
  DIRTY_RANGE_MAX,
  DIRTY_RANGE_STRIDE,
  DIRTY_RANGES,
  DIRTY_TAKEN,
  DIRTY_WRITTEN,
  PAGE_BITS,
} from './layout.gen.ts';
import type { MemorySlot } from './slots.ts';
import type { VmMemory } from './vm-memory.ts';

/** The dirty log is handed out eight pages at a time. */
const GROUP = 8;

/** The dirty log of a range of memory, from the page's side (assembly/softmmu/dirty.ts). */
export class DirtyLog {
  private readonly vm: VmMemory;
  private readonly entry: number;
  private first = 0;
  private pages = 0;
  private words = new BigUint64Array();

  /**
   * Takes one of the ranges, before the vCPUs start.
   * @param slot what is logged; null: nothing yet
   */
  constructor(vm: VmMemory, slot: Pick<MemorySlot, 'linear' | 'size'> | null) {
    const count = vm.load(DIRTY_RANGE_COUNT);
    if (count >= DIRTY_RANGE_MAX) throw new RangeError('more ranges of the dirty log than DIRTY_RANGE_MAX');
    this.vm = vm;
    this.entry = DIRTY_RANGES + count * DIRTY_RANGE_STRIDE;
    this.watch(slot ?? { linear: 0, size: 0 });
    vm.store(DIRTY_RANGE_COUNT, count + 1);
  }

  /** Logs this range from now on, instead of another one. The vCPUs have not started, or are in an exit after which the memory map is read anew (mapChanged). */
  watch({ linear, size }: { linear: number; size: number }): void {
    const { vm } = this;
    const first = linear >>> PAGE_BITS;
    const pages = size >>> PAGE_BITS;
    if (first % GROUP !== 0 || pages % GROUP !== 0)
      throw new RangeError('the dirty log wants whole groups of 8 pages');
    for (let page = 0; page < this.pages; page++) Atomics.store(vm.u8, DIRTY_PAGES + this.first + page, 0);
    this.first = first;
    this.pages = pages;
    vm.store(this.entry, first);
    vm.store(this.entry + 4, pages);
    this.words = new BigUint64Array(vm.memory.buffer, DIRTY_PAGES + first, pages / GROUP);
    for (let page = 0; page < pages; page++) Atomics.or(vm.u8, DIRTY_PAGES + first + page, DIRTY_LOGGED);
  }

  /**
   * Takes the pages that were handed over, and those that are written to while the vCPU has not handed them over: they come again with the next log.
   * @returns runs in ascending order
   */
  take(): PageRun[] {
    const { u8 } = this.vm;
    const runs: PageRun[] = [];
    let last: PageRun | null = null;
    for (let group = 0; group < this.words.length; group++) {
      if ((this.words[group] & 0x0606060606060606n) === 0n) continue;
      for (let page = group * GROUP; page < (group + 1) * GROUP; page++) {
        const at = DIRTY_PAGES + this.first + page;
        if ((Atomics.and(u8, at, ~DIRTY_TAKEN) & (DIRTY_TAKEN | DIRTY_WRITTEN)) === 0) continue;
        if (last && last.first + last.count === page) last.count++;
        else runs.push((last = { first: page, count: 1 }));
      }
    }
    return runs;
  }

  /** Notes pages that the host itself has written to. */
  mark(offset: number, length: number): void {
    for (let page = offset >>> PAGE_BITS; page << PAGE_BITS < offset + length; page++) {
      Atomics.or(this.vm.u8, DIRTY_PAGES + this.first + page, DIRTY_TAKEN);
    }
  }
}
