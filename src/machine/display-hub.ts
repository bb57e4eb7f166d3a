/** The page's end of a machine's screen: hears of changes, asks the vCPUs for the dirty log. */
import type { PageRun } from '../core/scanout.ts';
import {
  COMM_RUN_STATE,
  DISPLAY_HARVESTED,
  DISPLAY_REGISTERS,
  DISPLAY_WRITTEN,
  REQUEST_HARVEST,
  RUN_STATE_PAUSED,
  RUN_STATE_STOPPED,
  VM_DISPLAY_EVENTS,
} from '../memory/layout.gen.ts';
import type { VmMemory } from '../memory/vm-memory.ts';
import type { BoardDisplay } from './board.ts';

export class DisplayHub {
  /** The one that is looked at. */
  display: BoardDisplay;
  private readonly vm: VmMemory;
  private readonly changed: () => void;
  private waiting: ((runs: PageRun[]) => void)[] = [];
  private closed = false;

  /** @param changed called when there is something to draw */
  constructor(vm: VmMemory, display: BoardDisplay, changed: () => void) {
    this.vm = vm;
    this.display = display;
    this.changed = changed;
  }

  /** To be called when a vCPU has woken the page, and when one has come to a stop. */
  look(): void {
    const events = Atomics.exchange(this.vm.i32, VM_DISPLAY_EVENTS >> 2, 0);
    if (this.waiting.length > 0 && (events & DISPLAY_HARVESTED || this.standsStill())) this.answer();
    if (events & (DISPLAY_WRITTEN | DISPLAY_REGISTERS)) this.changed();
  }

  /** The pages that were written to since the last call; see VmScreen.frame. */
  harvest(): Promise<PageRun[]> {
    if (this.closed) return Promise.resolve([]);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      // One that stands still answers when it runs on, and writes nothing before.
      if (this.display.logged) this.vm.requestAll(REQUEST_HARVEST);
      if (!this.display.logged || this.standsStill()) this.answer();
    });
  }

  /** Whoever waits gets what there is. */
  close(): void {
    this.closed = true;
    this.answer();
  }

  private answer(): void {
    if (this.waiting.length === 0) return;
    const runs = this.display.dirty.take();
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve(runs);
  }

  private standsStill(): boolean {
    for (let i = 0; i < this.vm.vcpus; i++) {
      const state = this.vm.load(this.vm.vcpu(i) + COMM_RUN_STATE);
      if (state !== RUN_STATE_PAUSED && state !== RUN_STATE_STOPPED) return false;
    }
    return true;
  }
}
