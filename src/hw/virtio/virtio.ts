/**
 * What all virtio devices share: bits, and the seams between a type of device (block, console …), the common part, and a transport
 * (MMIO, PCI). Specification: OASIS Virtual I/O Device (VIRTIO) 1.2.
 */
import type { DmaMemory } from '../../memory/guest-memory.ts';
import type { SavedState, StateReader } from '../device.ts';
import type { Ring } from './ring.ts';

/** Device status (2.1). */
export const STATUS_DRIVER_OK = 4;
export const STATUS_FEATURES_OK = 8;
export const STATUS_NEEDS_RESET = 64;
/** What a driver can set: ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK, FAILED. */
export const STATUS_WRITABLE = 0x8f;

/** Reserved feature bits (6). */
export const F_INDIRECT_DESC = 1n << 28n;
export const F_EVENT_IDX = 1n << 29n;
export const F_VERSION_1 = 1n << 32n;
export const F_RING_PACKED = 1n << 34n;
export const F_RING_RESET = 1n << 40n;

/** Bits of the interrupt status (4.1.4.5, 4.2.2). */
export const INTERRUPT_QUEUE = 1;
export const INTERRUPT_CONFIG = 2;

/** A type of device (5), without rings and registers. */
export interface VirtioType {
  /** As in QEMU: `virtio-blk`. */
  readonly name: string;
  /** Device ID (5). */
  readonly id: number;
  /** Class code on PCI. */
  readonly pciClass: number;
  /** The type's own feature bits. */
  readonly features: bigint;
  /** The largest size of each queue, a power of two up to 32768. */
  readonly queues: readonly number[];
  /** Bytes of the configuration space. */
  readonly configBytes: number;
  /** Before anything else. */
  connect(host: VirtioHost): void;
  /** A byte of the configuration space. */
  readConfig(offset: number): number;
  /** The driver wrote the configuration space: `value` has `size` (1, 2, 4) bytes. Many types have nothing that can be written. */
  writeConfig?(offset: number, size: number, value: number): void;
  /** The driver set DRIVER_OK: queues and features are as they stay. */
  start?(): void;
  /** The driver notified a queue that is enabled, while DRIVER_OK is set. */
  notify(queue: number): void;
  /** Forgets everything; its rings are gone already, and chains of theirs are dead. */
  reset(): void;
  save(): SavedState;
  /** Reads and checks a saved state; the function it gives takes it over. Requests that were on their way are popped again. */
  restorer(reader: StateReader): () => void;
}

/** What a type of device is given. */
export interface VirtioHost {
  readonly memory: DmaMemory;
  /** Features that the driver accepted. */
  readonly driverFeatures: bigint;
  /** The driver has set DRIVER_OK, and the device needs no reset. */
  readonly running: boolean;
  /** The ring of a queue; null while the driver has not enabled it. */
  ring(queue: number): Ring | null;
  /** Interrupts the driver if it wants to know of the chains that were pushed. */
  signal(queue: number): void;
  /** Notifies the type of a queue once more when the page's other work had its turn. False: it has to go on now (-icount). */
  again(queue: number): boolean;
  /** The configuration space is another one (2.5). */
  configChanged(): void;
  /** The driver broke the rules in a way that cannot be answered: the device stops and asks for a reset (2.1.2). */
  fail(message: string): void;
}
