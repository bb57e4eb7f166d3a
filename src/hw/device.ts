/**
 * The shape of a device model. A device sees register offsets, never where it is mapped; its IRQ line, clock, timers,
 * guest memory and backend are given to its constructor. It runs on the page or in a worker alike.
 *
 * Guest mistakes never throw: the device logs a guest error and does what hardware does.
 */

import type { QueueState } from '../core/vm-api.ts';
import type { PciConfigAccess } from '../memory/region-table.ts';

/** How one register is reached from the vCPU (design section 1). */
export interface RegisterSpec {
  /** Byte offset in the region, a multiple of the region's spacing. */
  offset: number;
  /** Name in the datasheet. */
  name: string;
  /** `shadow`: the vCPU reads the published value, with no exit. `exit`: the device answers. */
  read: 'shadow' | 'exit';
  /** What a `shadow` shows until the device publishes something else; 0 if absent. */
  value?: number;
  /**
   * `posted`: queued, the vCPU runs on; never for a write that can lower an IRQ. `doorbell`: only wakes the page, the
   * value's bit is kept. `acknowledge`: the vCPU clears the bits that are written in the status register `acknowledges`, and drives the device's IRQ line
   * by what is left (IrqLatch). `exit`: the vCPU waits. `deferred`: queued like a posted write, but the page is not woken for it: for a register
   * that only means something to a later access, which is an exit, and comes after it, or that can wait some milliseconds: until then at the latest it is handled.
   */
  write: 'posted' | 'deferred' | 'doorbell' | 'acknowledge' | 'exit';
  /** Bits of a `deferred` register that cannot wait: a write that changes one of them, as against the value published last, is an exit. */
  decisive?: number;
  /** Bytes of the widest write to a `deferred` register that is deferred, the spacing if absent. A wider one is an exit. */
  width?: number;
  /** Names of registers whose shadow a posted or deferred write makes stale: until it is handled, reading them is an exit. */
  stale?: readonly string[];
  /** Number of doorbells of a `doorbell` register. */
  doorbells?: number;
  /** Name of the status register of an `acknowledge` register; it is the shadow of an IrqLatch. */
  acknowledges?: string;
}

/** A block of registers. */
export interface MmioRegion {
  name: string;
  /** Bytes. */
  size: number;
  /** Access widths in bytes that the device accepts; others are split or widened (machine/mmio-access.ts). */
  accessMin: number;
  accessMax: number;
  /** Distance of registers in bytes, a power of two. */
  spacing: number;
  registers: readonly RegisterSpec[];
  /** It leads to PCI's configuration spaces, of which the vCPU answers what has no further effect by itself (assembly/softmmu/pci-config.ts). */
  config?: PciConfigAccess;
  /** @returns the register's value, an unsigned number of `size` bytes */
  read(offset: number, size: number): number;
  /** @param value unsigned, `size` bytes */
  write(offset: number, size: number, value: number): void;
  /**
   * For registers through which data stream: as so many reads of `size` bytes as fill `into`, for string instructions. Without it the reads are
   * made one by one.
   */
  readString?(offset: number, size: number, into: Uint8Array): void;
  /** The same for writes. */
  writeString?(offset: number, size: number, from: Uint8Array): void;
}

/** Where a device publishes the registers whose reads have no side effect. */
export interface ShadowPort {
  /**
   * Publishes what a read of the register at byte `offset` returns. Null: a read would have a side effect just now,
   * so until the next value is published it becomes an exit.
   */
  publish(offset: number, value: number | null): void;
}

/**
 * An interrupt status register in the shared memory, whose IRQ line is up while any of its bits is set. The vCPU reads and acknowledges it with no
 * exit, at the same time as the device sets bits.
 */
export interface IrqLatch {
  readonly bits: number;
  /** Sets bits. */
  raise(bits: number): void;
  /** Clears bits. */
  acknowledge(bits: number): void;
}

/** Saved state: plain data that survives structured clone and JSON. */
export type SavedState = { readonly [key: string]: SavedValue };
export type SavedValue = number | string | boolean | null | readonly number[];

export interface Device {
  readonly name: string;
  readonly regions: readonly MmioRegion[];
  /** Power-on state. The constructor leaves the device in the same state. */
  reset(): void;
  /** Everything the guest could observe, queues included. */
  save(): SavedState;
  /** Takes over a saved state: validates it, re-arms timers, drives the IRQ. @throws RestoreError, with nothing changed */
  restore(state: SavedState): void;
  /** A doorbell of the register at byte `offset` rang with `value`. */
  doorbell?(offset: number, value: number): void;
  /** Where its virtqueues stand. */
  queueStates?(): QueueState[];
}

/** A saved state does not fit the device: from another version, or damaged. */
export class RestoreError extends Error {
  override readonly name = 'RestoreError';
}

/** Reads fields of a saved state and checks them. */
export class StateReader {
  private readonly device: string;
  private readonly state: SavedState;

  constructor(device: string, version: number, state: SavedState) {
    this.device = device;
    this.state = state;
    if (typeof state !== 'object' || state === null) throw this.error('state', 'an object');
    if (state['version'] !== version) throw this.error('version', String(version));
  }

  /** An unsigned integer of at most `bits` (up to 53) bits. */
  uint(key: string, bits: number): number {
    const value = this.state[key];
    if (!isUint(value, bits)) throw this.error(key, `an unsigned ${bits}-bit number`);
    return value;
  }

  bool(key: string): boolean {
    const value = this.state[key];
    if (typeof value !== 'boolean') throw this.error(key, 'a boolean');
    return value;
  }

  text(key: string): string {
    const value = this.state[key];
    if (typeof value !== 'string') throw this.error(key, 'a text');
    return value;
  }

  /** A 64-bit signed number, kept as a decimal string. */
  int64(key: string): bigint {
    const value = this.state[key];
    if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) throw this.error(key, 'a decimal string');
    const number = BigInt(value);
    if (BigInt.asIntN(64, number) !== number) throw this.error(key, 'a 64-bit number');
    return number;
  }

  /** As `int64`, or null. */
  optionalInt64(key: string): bigint | null {
    return this.state[key] === null ? null : this.int64(key);
  }

  /** Bytes, at most `max`. */
  bytes(key: string, max: number): number[] {
    const value = this.state[key];
    if (!Array.isArray(value) || value.length > max || !value.every((byte) => isUint(byte, 8))) {
      throw this.error(key, `at most ${max} bytes`);
    }
    return [...value];
  }

  /** Unsigned integers of at most `bits` bits, at most `max` of them. */
  uints(key: string, bits: number, max: number): number[] {
    const value = this.state[key];
    if (!Array.isArray(value) || value.length > max || !value.every((number) => isUint(number, bits))) {
      throw this.error(key, `at most ${max} unsigned ${bits}-bit numbers`);
    }
    return [...value];
  }

  /** The error for a field that is not what it must be. */
  error(key: string, expected: string): RestoreError {
    return new RestoreError(`${this.device}: saved field "${key}" must be ${expected}`);
  }
}

function isUint(value: unknown, bits: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 2 ** bits;
}
