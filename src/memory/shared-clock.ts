import { type GuestClock, hostTimeMs } from '../core/clock.ts';
import { VM_CLOCK_EPOCH, VM_ICOUNT_SHIFT, VM_VIRTUAL_NS } from './layout.gen.ts';
import type { VmMemory } from './vm-memory.ts';

/**
 * The machine's clock. With the host's clock, guest time is host time since an epoch in the shared memory; a pause
 * moves the epoch, while the vCPUs stand still. Under `-icount` it is the virtual time that the vCPU publishes.
 */
export class SharedClock implements GuestClock {
  private readonly vm: VmMemory;
  private readonly hostMs: () => number;
  private readonly virtual: boolean;
  /** Host time at which the clock was stopped, or null while it runs. */
  private stoppedAt: number | null;
  private last = 0n;

  /** The clock is stopped at 0 until `start`. */
  constructor(vm: VmMemory, hostMs: () => number = hostTimeMs) {
    this.vm = vm;
    this.hostMs = hostMs;
    this.virtual = vm.load(VM_ICOUNT_SHIFT) >= 0;
    this.stoppedAt = hostMs();
    this.epoch = this.stoppedAt;
  }

  now(): bigint {
    const now = this.virtual
      ? Atomics.load(this.vm.i64, VM_VIRTUAL_NS / 8)
      : BigInt(Math.floor(this.hostElapsedMs() * 1e6));
    // The host's clock is monotonic, the conversion to floating point need not be.
    if (now > this.last) this.last = now;
    return this.last;
  }

  /** Host time that the machine has run, in ms, pauses left out; also under -icount. */
  hostElapsedMs(): number {
    return Math.max(0, (this.stoppedAt ?? this.hostMs()) - this.epoch);
  }

  /** Lets the clock run (on); the vCPUs must stand still. */
  start(): void {
    if (this.stoppedAt === null) return;
    this.epoch += this.hostMs() - this.stoppedAt;
    this.stoppedAt = null;
  }

  /** Stops the clock; the vCPUs must stand still, or they would see it run on. */
  stop(): void {
    this.stoppedAt ??= this.hostMs();
  }

  /** Virtual time starts at 0 again with the vCPU's instruction count; host time goes on over a reset. */
  reset(): void {
    if (!this.virtual) return;
    Atomics.store(this.vm.i64, VM_VIRTUAL_NS / 8, 0n);
    this.last = 0n;
  }

  private get epoch(): number {
    return this.vm.view.getFloat64(VM_CLOCK_EPOCH, true);
  }

  private set epoch(ms: number) {
    this.vm.view.setFloat64(VM_CLOCK_EPOCH, ms, true);
  }
}
