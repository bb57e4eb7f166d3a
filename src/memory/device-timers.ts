import type { DeviceTimer, TimerFactory } from '../core/clock.ts';
import { TIMER_COUNT, TIMER_DEADLINES, TIMER_FIRED } from './layout.gen.ts';
import type { VmMemory } from './vm-memory.ts';

const UNARMED = -1n;
const DEADLINE_MAX = 0x7fff_ffff_ffff_ffffn;

/**
 * Device timers in the shared memory. The page arms them, vCPU 0 expires them: it exchanges a deadline that has passed
 * for -1, sets the bit in TIMER_FIRED and wakes the page. So they run on time when the page is hidden and its own
 * timers are throttled.
 */
export class SharedTimers implements TimerFactory {
  private readonly vm: VmMemory;
  private readonly timers: SharedTimer[] = [];

  constructor(vm: VmMemory) {
    this.vm = vm;
  }

  create(onExpire: () => void): DeviceTimer {
    if (this.timers.length >= TIMER_COUNT) throw new RangeError('more device timers than TIMER_COUNT');
    const timer = new SharedTimer(this.vm, this.timers.length, onExpire);
    this.timers.push(timer);
    return timer;
  }

  /** Takes the bits of the timers that fired since the last call. */
  take(): bigint {
    const low = Atomics.exchange(this.vm.i32, TIMER_FIRED >> 2, 0) >>> 0;
    const high = Atomics.exchange(this.vm.i32, (TIMER_FIRED >> 2) + 1, 0) >>> 0;
    return BigInt(low) | (BigInt(high) << 32n);
  }

  /** Calls the timers of a bit set of `take`. */
  expire(fired: bigint): void {
    for (let i = 0; fired !== 0n; i++, fired >>= 1n) {
      if (fired & 1n) this.timers[i]?.fired();
    }
  }
}

class SharedTimer implements DeviceTimer {
  private readonly vm: VmMemory;
  private readonly word: number;
  private readonly onExpire: () => void;
  deadline: bigint | null = null;

  constructor(vm: VmMemory, index: number, onExpire: () => void) {
    this.vm = vm;
    this.word = TIMER_DEADLINES / 8 + index;
    this.onExpire = onExpire;
  }

  arm(deadline: bigint): void {
    this.deadline = deadline < 0n ? 0n : deadline > DEADLINE_MAX ? DEADLINE_MAX : deadline;
    Atomics.store(this.vm.i64, this.word, this.deadline);
    this.vm.kick(0);
  }

  disarm(): void {
    this.deadline = null;
    Atomics.store(this.vm.i64, this.word, UNARMED);
  }

  /** The word says which expiry this is: it is -1 only if the deadline armed last has passed; else it was armed anew since. */
  fired(): void {
    if (this.deadline === null || Atomics.load(this.vm.i64, this.word) !== UNARMED) return;
    this.deadline = null;
    this.onExpire();
  }
}
