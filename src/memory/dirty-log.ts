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

/** The dirty log of one slot, from the page's side (assembly/softmmu/dirty.ts). */
export class DirtyLog {
  private readonly vm: VmMemory;
  private readonly first: number;
  private readonly pages: number;
  private readonly words: BigUint64Array;

  /** Starts to log the slot. The vCPUs must not have started. */
  constructor(vm: VmMemory, slot: MemorySlot) {
    const count = vm.load(DIRTY_RANGE_COUNT);
    if (count >= DIRTY_RANGE_MAX) throw new RangeError('more ranges of the dirty log than DIRTY_RANGE_MAX');
    this.vm = vm;
    this.first = slot.linear >>> PAGE_BITS;
    this.pages = slot.size >>> PAGE_BITS;
    if (this.first % GROUP !== 0 || this.pages % GROUP !== 0)
      throw new RangeError('the dirty log wants whole groups of 8 pages');
    vm.store(DIRTY_RANGES + count * DIRTY_RANGE_STRIDE, this.first);
    vm.store(DIRTY_RANGES + count * DIRTY_RANGE_STRIDE + 4, this.pages);
    vm.store(DIRTY_RANGE_COUNT, count + 1);
    this.words = new BigUint64Array(vm.memory.buffer, DIRTY_PAGES + this.first, this.pages / GROUP);
    for (let page = 0; page < this.pages; page++) {
      Atomics.or(vm.u8, DIRTY_PAGES + this.first + page, DIRTY_LOGGED);
    }
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
