import { VmError } from '../core/errors.ts';
import type { MmioRegion } from '../hw/device.ts';
import type { SharedTimers } from '../memory/device-timers.ts';
import {
  COMM_EXIT_DEVICE,
  COMM_EXIT_KIND,
  COMM_EXIT_OFFSET,
  COMM_EXIT_PENDING,
  COMM_EXIT_SIZE,
  COMM_EXIT_VALUE,
  COMM_RING_HEAD,
  COMM_RING_TAIL,
  COMM_RING_WAITING,
  CPU_RING,
  CPU_STRING,
  CPU_STRING_SIZE,
  DOORBELL_BITS,
  EXIT_MMIO_READ,
  EXIT_MMIO_WRITE,
  EXIT_STRING_READ,
  EXIT_STRING_WRITE,
  RING_DEVICE,
  RING_ENTRIES,
  RING_OFFSET,
  RING_SIZE,
  RING_STRIDE,
  RING_VALUE,
  VM_PAGE_AWAKE,
  VM_PAGE_WAKE,
} from '../memory/layout.gen.ts';
import type { VmMemory } from '../memory/vm-memory.ts';
import { WordPoll } from '../memory/word-poll.ts';
import { mmioRead, mmioWrite } from './mmio-access.ts';

/** One turn works at most this long before it gives the page's other tasks a chance: a quarter of a frame at 60 Hz. */
const TURN_MS = 4;
/** The clock is looked at once per so many ring entries: reading it costs about as much as handling a posted byte. */
const ENTRIES_PER_CLOCK = 16;

/** What the server calls. */
export interface ExitHandlers {
  /** Register blocks by device number (REGION_DEVICE). */
  regions: readonly MmioRegion[];
  /** Number of doorbells in use. */
  doorbellCount: number;
  doorbell(number: number): void;
  /** What an exit began that has to be over before its vCPU runs on; null, or absent: nothing. */
  settled?(): Promise<void> | null;
  /** After each turn: hand out what the devices collected. */
  turnEnd(): void;
  /** An assertion of ours failed while a guest access was handled. The access is answered all the same. */
  failed(error: unknown): void;
}

/**
 * Serves the vCPUs from the page: posted writes, doorbells, expired timers and exits (design section 1).
 *
 * Order. A turn first looks which exits are pending, then takes the doorbells and fired timers, then drains every vCPU's
 * ring up to the tail it finds, and only then handles doorbells, timers and exits. A vCPU posts before it rings, and both
 * before it exits; so in this order, the reverse of the vCPU's, whatever came before an exit or a doorbell is found.
 *
 * No lost wake-up. A vCPU makes its work visible, then increments VM_PAGE_WAKE, then reads VM_PAGE_AWAKE, and notifies
 * if that is 0 (an exit always notifies). The page remembers VM_PAGE_WAKE from before its last look at the work, stores
 * 0 to VM_PAGE_AWAKE and waits on the remembered value. All of these are sequentially consistent. If the increment
 * comes before the wait compares, the wait returns at once as not equal. If it comes after, the vCPU's later read of
 * VM_PAGE_AWAKE comes after the page's earlier store of 0, so the vCPU notifies, and the page is already on the list.
 *
 * A doorbell's sender often rings again soon: the page looks for a moment before it sleeps (memory/word-poll.ts), awake as far as the vCPU knows.
 *
 * Fairness. Under a flood a turn ends after TURN_MS and the next one runs as a macrotask, so that input, painting and
 * timers of the page come in between; meanwhile the vCPU fills its ring and waits. That is the back-pressure.
 */
export class ExitServer {
  private readonly vm: VmMemory;
  private readonly timers: SharedTimers;
  private readonly handlers: ExitHandlers;
  private readonly channel = new MessageChannel();
  private readonly poll: WordPoll;
  private state: 'off' | 'turn' | 'yielded' | 'held' | 'waiting' = 'off';
  private disposed = false;
  private holding = false;
  /** The pending waitAsync, until it settles. */
  private wait: Promise<unknown> = Promise.resolve();
  /** Taken from the shared words, not yet handled because draining ran out of time. */
  private takenDoorbells: number[] = [];
  private takenTimers = 0n;
  /** The last look found a doorbell. */
  private rung = false;
  /** vCPUs whose exits are handled, and answered when what they began is over. */
  private readonly settling = new Set<number>();

  /** @throws VmError unsupported where Atomics.waitAsync is missing */
  constructor(vm: VmMemory, timers: SharedTimers, handlers: ExitHandlers) {
    if (typeof Atomics.waitAsync !== 'function') {
      throw new VmError(
        'unsupported',
        'This browser has no Atomics.waitAsync, which a machine needs: use a Chromium 87, Safari 16.4 or Firefox 145 or newer.',
      );
    }
    this.vm = vm;
    this.timers = timers;
    this.handlers = handlers;
    this.poll = new WordPoll(vm.i32, VM_PAGE_WAKE >> 2, globalThis.navigator?.hardwareConcurrency ?? 1);
    this.channel.port1.onmessage = () => this.turn();
  }

  start(): void {
    if (this.state === 'off' && !this.disposed) this.turn();
  }

  /** Leaves the guest's work lying from the next entry on, so that the vCPUs come to wait. */
  hold(): void {
    this.holding = true;
  }

  release(): void {
    this.holding = false;
    if (this.state === 'held') this.later();
  }

  /** Handles every posted write there is, without a limit of time: at most a ring per vCPU, when the vCPUs are stopped. */
  drainAll(): void {
    this.drain(Number.POSITIVE_INFINITY, true);
    this.handlers.turnEnd();
  }

  /** Forgets doorbells and timers that were taken: the machine is being reset. */
  forget(): void {
    this.takeDoorbells();
    this.timers.take();
    this.takenDoorbells = [];
    this.takenTimers = 0n;
  }

  /** Ends the service. Resolves when no wait on the shared memory is pending, without which it would never be freed. */
  async dispose(): Promise<void> {
    this.disposed = true;
    this.channel.port1.close();
    this.channel.port2.close();
    Atomics.add(this.vm.i32, VM_PAGE_WAKE >> 2, 1);
    Atomics.notify(this.vm.i32, VM_PAGE_WAKE >> 2);
    await this.wait;
    this.state = 'off';
  }

  private turn(): void {
    if (this.disposed) return;
    this.state = 'turn';
    this.vm.store(VM_PAGE_AWAKE, 1);
    const deadline = performance.now() + TURN_MS;
    for (;;) {
      const seen = this.vm.load(VM_PAGE_WAKE);
      const done = this.step(deadline);
      this.handlers.turnEnd();
      if (this.disposed) return;
      if (this.holding) {
        // Stays awake: release() starts the next turn.
        this.state = 'held';
        return;
      }
      if (!done || performance.now() >= deadline) {
        this.later();
        return;
      }
      if (this.vm.load(VM_PAGE_WAKE) !== seen) continue;
      // A driver that has just been answered often comes back at once; others' waits are long.
      if (this.rung && this.poll.look(seen)) continue;
      if (this.sleep(seen)) return;
    }
  }

  private later(): void {
    this.state = 'yielded';
    this.channel.port2.postMessage(null);
  }

  /** Waits for the next wake-up; false if there has been one since `seen`. */
  private sleep(seen: number): boolean {
    this.vm.store(VM_PAGE_AWAKE, 0);
    const result = Atomics.waitAsync(this.vm.i32, VM_PAGE_WAKE >> 2, seen);
    if (!result.async) {
      this.vm.store(VM_PAGE_AWAKE, 1);
      return false;
    }
    this.state = 'waiting';
    const { rung } = this;
    this.wait = result.value.then(() => {
      if (rung) this.poll.slept();
      this.turn();
    });
    return true;
  }

  /** One look at everything; false if time ran out before all that was found is handled. */
  private step(deadline: number): boolean {
    const exits = this.pendingExits();
    this.takeDoorbells();
    this.takenTimers |= this.timers.take();
    if (!this.drain(deadline, false)) return false;
    const doorbells = this.takenDoorbells;
    this.takenDoorbells = [];
    this.rung = doorbells.length > 0;
    const timers = this.takenTimers;
    this.takenTimers = 0n;
    for (const number of doorbells) this.guarded(() => this.handlers.doorbell(number));
    if (timers !== 0n) this.guarded(() => this.timers.expire(timers));
    for (const vcpu of exits) this.answer(vcpu);
    return true;
  }

  private takeDoorbells(): void {
    const words = Math.ceil(this.handlers.doorbellCount / 32);
    for (let word = 0; word < words; word++) {
      let bits = Atomics.exchange(this.vm.i32, (DOORBELL_BITS >> 2) + word, 0);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const number = word * 32 + bit;
        if (!this.takenDoorbells.includes(number)) this.takenDoorbells.push(number);
      }
    }
  }

  private pendingExits(): number[] {
    const pending: number[] = [];
    for (let i = 0; i < this.vm.vcpus; i++) {
      if (this.vm.load(this.vm.vcpu(i) + COMM_EXIT_PENDING) === 1 && !this.settling.has(i)) pending.push(i);
    }
    return pending;
  }

  /** Handles the posted writes of all vCPUs up to the tails found; false if stopped before the end, by time or by hold(). */
  private drain(deadline: number, evenIfHeld: boolean): boolean {
    let entries = 0;
    for (let i = 0; i < this.vm.vcpus; i++) {
      const area = this.vm.vcpu(i);
      const tail = this.vm.load(area + COMM_RING_TAIL);
      let head = this.vm.load(area + COMM_RING_HEAD);
      // The indices are the vCPU's business too: a wrong tail of a broken core must not make this loop run for ever.
      let left = Math.min((tail - head) >>> 0, RING_ENTRIES);
      for (; left > 0; left--) {
        if (this.holding && !evenIfHeld) return false;
        if (++entries % ENTRIES_PER_CLOCK === 0 && performance.now() >= deadline) return false;
        const entry = area + CPU_RING + ((head >>> 0) % RING_ENTRIES) * RING_STRIDE;
        try {
          this.posted(entry);
        } catch (error) {
          this.handlers.failed(error);
        }
        head = (head + 1) | 0;
        this.vm.store(area + COMM_RING_HEAD, head);
        if (this.vm.load(area + COMM_RING_WAITING) === 1) {
          Atomics.notify(this.vm.i32, (area + COMM_RING_HEAD) >> 2);
        }
      }
    }
    return true;
  }

  private posted(entry: number): void {
    const { view } = this.vm;
    const region = this.handlers.regions[view.getUint32(entry + RING_DEVICE, true)];
    const size = view.getUint32(entry + RING_SIZE, true);
    const offset = view.getUint32(entry + RING_OFFSET, true);
    if (size >= region.accessMin && size <= region.accessMax && size <= 4) {
      region.write(
        offset,
        size,
        size === 4 ? view.getUint32(entry + RING_VALUE, true) : narrow(view, entry, size),
      );
    } else {
      mmioWrite(region, offset, size, view.getBigUint64(entry + RING_VALUE, true));
    }
  }

  private answer(vcpu: number): void {
    const { view } = this.vm;
    const area = this.vm.vcpu(vcpu);
    const kind = view.getUint32(area + COMM_EXIT_KIND, true);
    const region = this.handlers.regions[view.getUint32(area + COMM_EXIT_DEVICE, true)];
    const offset = view.getUint32(area + COMM_EXIT_OFFSET, true);
    const size = view.getUint32(area + COMM_EXIT_SIZE, true);
    let value = 0n;
    this.guarded(() => {
      if (kind === EXIT_MMIO_READ) value = mmioRead(region, offset, size);
      else if (kind === EXIT_MMIO_WRITE) {
        mmioWrite(region, offset, size, view.getBigUint64(area + COMM_EXIT_VALUE, true));
      } else if (kind === EXIT_STRING_READ || kind === EXIT_STRING_WRITE) {
        this.string(area, kind, region, offset, size);
      } else throw new Error(`unknown exit kind ${kind}`);
    });
    if (kind === EXIT_MMIO_READ) view.setBigUint64(area + COMM_EXIT_VALUE, value, true);
    const settled = this.handlers.settled?.() ?? null;
    if (settled === null) return this.resume(area);
    this.settling.add(vcpu);
    void settled.then(() => {
      this.settling.delete(vcpu);
      if (this.disposed) return;
      this.handlers.turnEnd();
      this.resume(area);
    });
  }

  private resume(area: number): void {
    this.vm.store(area + COMM_EXIT_PENDING, 0);
    Atomics.notify(this.vm.i32, (area + COMM_EXIT_PENDING) >> 2);
  }

  /** The accesses of a string instruction to one register. */
  private string(area: number, kind: number, region: MmioRegion, offset: number, size: number): void {
    const { u8, view } = this.vm;
    const bytes = Math.min(view.getUint32(area + COMM_EXIT_VALUE, true) * size, CPU_STRING_SIZE);
    const shared = u8.subarray(area + CPU_STRING, area + CPU_STRING + bytes);
    if (kind === EXIT_STRING_READ) {
      const data = new Uint8Array(bytes);
      if (region.readString) region.readString(offset, size, data);
      else {
        for (let at = 0; at < bytes; at += size) place(data, at, size, mmioRead(region, offset, size));
      }
      shared.set(data);
      return;
    }
    const data = shared.slice();
    if (region.writeString) region.writeString(offset, size, data);
    else {
      for (let at = 0; at < bytes; at += size) mmioWrite(region, offset, size, taken(data, at, size));
    }
  }

  private guarded(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.handlers.failed(error);
    }
  }
}

function narrow(view: DataView, entry: number, size: number): number {
  return size === 1 ? view.getUint8(entry + RING_VALUE) : view.getUint16(entry + RING_VALUE, true);
}

function place(data: Uint8Array, at: number, size: number, value: bigint): void {
  for (let i = 0; i < size; i++) data[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

function taken(data: Uint8Array, at: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(data[at + i]);
  return value;
}
