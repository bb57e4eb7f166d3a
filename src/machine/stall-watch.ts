import {
  COMM_COUNTERS,
  COMM_EXIT_PENDING,
  COMM_REQUEST,
  COMM_RING_HEAD,
  COMM_RING_TAIL,
  COMM_RUN_STATE,
  COUNTER_COUNT,
  REQUEST_PAUSE,
  RING_ENTRIES,
  RUN_STATE_PAUSED,
} from '../memory/layout.gen.ts';
import type { VmMemory } from '../memory/vm-memory.ts';

/** How often to look, ms: less often than the longest sleep of a vCPU (LONGEST_SLEEP_MS of the worker), which it counts when it wakes. */
export const STALL_LOOK_MS = 1500;
/**
 * Looks in a row without a sign of life after which a vCPU counts as dead. A count and not a duration: a host that was
 * suspended, or a hidden page whose timers are throttled, looks less often.
 */
export const STALL_LOOKS = 8;

/**
 * Finds vCPUs whose worker was ended from outside, by the browser for want of memory or by a debugger: no event tells
 * the page. A vCPU that lives counts something: instructions while it runs, its sleep at least once a second while it is
 * halted. One that stands still because the page keeps it waiting, or asked it to pause, is not suspected. A debugger that holds the
 * worker looks like death too.
 */
export class StallWatch {
  private readonly vm: VmMemory;
  private readonly seen: { counts: bigint; looks: number }[];

  constructor(vm: VmMemory) {
    this.vm = vm;
    this.seen = Array.from({ length: vm.vcpus }, () => ({ counts: -1n, looks: 0 }));
  }

  /** To be called every STALL_LOOK_MS. @returns whether a vCPU has given no sign of life for STALL_LOOKS looks */
  look(): boolean {
    return this.seen.some((seen, index) => {
      const counts = this.counts(index);
      seen.looks = counts === seen.counts && !this.waits(index) ? seen.looks + 1 : 0;
      seen.counts = counts;
      return seen.looks >= STALL_LOOKS;
    });
  }

  /** All counters in one number; they only grow, and start again at a reset. */
  private counts(index: number): bigint {
    const first = (this.vm.vcpu(index) + COMM_COUNTERS) / 8;
    let sum = 0n;
    for (let i = 0; i < COUNTER_COUNT; i++) sum += Atomics.load(this.vm.i64, first + i);
    return sum;
  }

  /** Whether the vCPU waits for the page: paused as asked, in an exit, or before a full ring. */
  private waits(index: number): boolean {
    const { vm } = this;
    const area = vm.vcpu(index);
    const paused =
      vm.load(area + COMM_RUN_STATE) === RUN_STATE_PAUSED &&
      (vm.load(area + COMM_REQUEST) & REQUEST_PAUSE) !== 0;
    const queued = (vm.load(area + COMM_RING_TAIL) - vm.load(area + COMM_RING_HEAD)) >>> 0;
    return paused || vm.load(area + COMM_EXIT_PENDING) === 1 || queued >= RING_ENTRIES;
  }
}
