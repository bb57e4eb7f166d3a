import type { DeviceTimer, GuestClock, TimerFactory } from '../../src/core/clock.ts';
import type { IrqLine } from '../../src/core/irq.ts';
import { Log } from '../../src/core/log.ts';
import type { IrqLatch, ShadowPort } from '../../src/hw/device.ts';
import type { DmaMemory } from '../../src/memory/guest-memory.ts';

/** Clock and timers that a test moves by hand. */
export class FakeTime implements GuestClock, TimerFactory {
  private time = 0n;
  private readonly timers: { deadline: bigint | null; onExpire: () => void }[] = [];

  now(): bigint {
    return this.time;
  }

  create(onExpire: () => void): DeviceTimer {
    const timer = {
      deadline: null as bigint | null,
      onExpire,
      arm(deadline: bigint) {
        timer.deadline = deadline;
      },
      disarm() {
        timer.deadline = null;
      },
    };
    this.timers.push(timer);
    return timer;
  }

  /** Lets `ns` pass; expires timers in the order of their deadlines, each at its own time. */
  advance(ns: bigint): void {
    const end = this.time + ns;
    for (;;) {
      const due = this.timers.filter((t) => t.deadline !== null && t.deadline <= end);
      if (due.length === 0) break;
      const next = due.reduce((a, b) => (b.deadline! < a.deadline! ? b : a));
      if (next.deadline! > this.time) this.time = next.deadline!;
      next.deadline = null;
      next.onExpire();
    }
    this.time = end;
  }
}

export class FakeIrq implements IrqLine {
  level = false;
  edges = 0;

  set(level: boolean): void {
    if (level && !this.level) this.edges++;
    this.level = level;
  }
}

/** An interrupt status that drives a line. */
export class FakeLatch implements IrqLatch {
  bits = 0;
  private readonly irq: FakeIrq;
  private readonly publish: (bits: number) => void;

  constructor(irq: FakeIrq, publish: (bits: number) => void = () => {}) {
    this.irq = irq;
    this.publish = publish;
  }

  raise(bits: number): void {
    this.set(this.bits | bits);
  }

  acknowledge(bits: number): void {
    this.set(this.bits & ~bits);
  }

  private set(bits: number): void {
    this.bits = bits >>> 0;
    this.irq.set(bits !== 0);
    this.publish(this.bits);
  }
}

export class FakeShadow implements ShadowPort {
  readonly values = new Map<number, number | null>();

  publish(offset: number, value: number | null): void {
    this.values.set(offset, value);
  }
}

/** RAM from address 0. */
export class FakeMemory implements DmaMemory {
  readonly bytes: Uint8Array;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  read(address: number, length: number): Uint8Array<ArrayBuffer> | null {
    return this.inside(address, length)
      ? (this.bytes.slice(address, address + length) as Uint8Array<ArrayBuffer>)
      : null;
  }

  write(address: number, bytes: Uint8Array): boolean {
    if (!this.inside(address, bytes.length)) return false;
    this.bytes.set(bytes, address);
    return true;
  }

  view(address: number, length: number): Uint8Array | null {
    return this.inside(address, length) ? this.bytes.subarray(address, address + length) : null;
  }

  written(): void {}

  private inside(address: number, length: number): boolean {
    return (
      Number.isSafeInteger(address) && address >= 0 && length >= 0 && address + length <= this.bytes.length
    );
  }
}

/** Everything a device may be given. */
export function deviceEnv() {
  const time = new FakeTime();
  return {
    time,
    irq: new FakeIrq(),
    shadow: new FakeShadow(),
    log: new Log(),
    memory: new FakeMemory(0x10000),
  };
}
