/**
 * What split and packed virtqueues have in common: descriptor chains taken from the driver and given back.
 * Specification: VIRTIO 1.2, sections 2.6 to 2.8. The driver is a guest, so nothing in a ring is trusted: sizes and addresses are checked when a chain
 * is taken, loops end at the table's size, and what breaks the rules stops the device.
 */
import type { DmaMemory } from '../../memory/guest-memory.ts';

/** Bytes of a descriptor, in all its forms. */
export const DESCRIPTOR_BYTES = 16;
/** Descriptor flags (2.7.5, 2.8). */
export const DESC_NEXT = 1;
export const DESC_WRITE = 2;
export const DESC_INDIRECT = 4;

/** Descriptors in one chain, indirect ones included: QEMU's limit. */
const CHAIN_MAX = 1024;
/** Bytes of an indirect table that a chain can have. */
export const INDIRECT_MAX = CHAIN_MAX * DESCRIPTOR_BYTES;

/** Words of a saved ring, and for each of its entries. */
export const RING_WORDS = 8;
export const RING_ENTRY_WORDS = 5;

/** Addresses of a queue's three areas (2.6). */
export interface RingAddresses {
  descriptors: number;
  /** Available ring, or driver event suppression. */
  driver: number;
  /** Used ring, or device event suppression. */
  device: number;
}

export interface RingOptions extends RingAddresses {
  memory: DmaMemory;
  size: number;
  /** VIRTIO_F_EVENT_IDX was negotiated. */
  eventIndex: boolean;
  /** VIRTIO_F_INDIRECT_DESC was negotiated. */
  indirect: boolean;
  /** The rules were broken. */
  fail(message: string): void;
}

/** Where a queue stands, for people: as QEMU's `info virtio-queue-status`. */
export interface RingStatus {
  size: number;
  /** Chains that the driver offers and the device has not seen. */
  unseen: number;
  /** Chains that wait in the device. */
  inDevice: number;
  /** Next positions in the available and the used ring, modulo 2^16. */
  available: number;
  used: number;
}

export abstract class Ring {
  protected readonly options: RingOptions;
  protected readonly size: number;
  /** What `save` said of each chain that a restored queue had given to its device, to be taken once more. */
  protected again: number[][] = [];
  protected readonly outstanding = new Set<Chain>();

  protected constructor(options: RingOptions) {
    this.options = options;
    this.size = options.size;
  }

  /** Takes the next chain; null: there is none. */
  abstract pop(): Chain | null;
  /** Gives a chain back, of which the device has written the first `written` bytes. A dead chain goes nowhere. */
  push(chain: Chain, written: number): void {
    if (chain.live && this.outstanding.delete(chain)) this.giveBack(chain, written);
  }

  /** Asks the driver for no notifications: the device is looking anyway. */
  abstract mute(): void;
  /** Asks for notifications. True: there are chains already, which nobody will notify of. */
  abstract listen(): boolean;
  /** Whether the driver wants an interrupt for what was pushed since this was asked last. */
  abstract takeInterrupt(): boolean;
  abstract status(): RingStatus;
  /** The queue is no more: its chains are dead. */
  close(): void {
    for (const chain of this.outstanding) chain.live = false;
    this.outstanding.clear();
    this.again = [];
  }

  /** Numbers below 2^32, at most RING_WORDS and so many for each entry of the queue. */
  abstract save(): number[];
  /** Takes over what `save` of such a ring has given. */
  abstract restore(words: readonly number[]): void;

  /** Writes a chain that the device had into the ring, for the driver. */
  protected abstract giveBack(chain: Chain, written: number): void;

  /** Whether the device has as many chains as there can be: one more breaks the rules, and is reported. */
  protected refusesMore(): boolean {
    if (this.outstanding.size < this.size) return false;
    this.options.fail('more chains than the queue has descriptors');
    return true;
  }

  /** Chains that wait in the device. */
  protected get inDevice(): number {
    return this.outstanding.size + this.again.length;
  }
}

/** A request: bytes from the driver, then room for bytes to it. */
export class Chain {
  readonly ring: Ring;
  /** What the driver knows it by. */
  readonly id: number;
  /** How many entries it took in the ring. */
  entries = 1;
  /** What the driver sends, in its own memory. It may change at any time. */
  readonly out: Uint8Array[] = [];
  /** Where the driver wants the answer. */
  readonly in: Uint8Array[] = [];
  outBytes = 0;
  inBytes = 0;
  /** False: its queue was reset, and nothing of it may be touched. */
  live = true;
  private readonly memory: DmaMemory;

  constructor(ring: Ring, memory: DmaMemory, id: number) {
    this.ring = ring;
    this.memory = memory;
    this.id = id;
  }

  /** Adds a descriptor's buffer. @returns what is wrong with it */
  add(address: number, length: number, writable: boolean): string | null {
    if (length === 0) return 'a buffer of 0 bytes';
    if (!writable && this.in.length > 0) return 'a buffer to read behind one to write';
    if (this.in.length + this.out.length >= CHAIN_MAX) return `a chain of more than ${CHAIN_MAX} descriptors`;
    const bytes = this.memory.view(address, length, writable);
    if (!bytes) return `a buffer outside of RAM: ${length} bytes at 0x${address.toString(16)}`;
    if (writable) {
      this.in.push(bytes);
      this.inBytes += length;
    } else {
      this.out.push(bytes);
      this.outBytes += length;
    }
    return null;
  }

  /** Copies bytes from what the driver sends. @param from with `length`, within `outBytes` */
  read(from: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    each(this.out, from, length, (part, at) => bytes.set(part, at));
    return bytes;
  }

  /** Writes bytes for the driver. @param at with their length, within `inBytes` */
  write(at: number, bytes: Uint8Array): void {
    each(this.in, at, bytes.length, (part, from) => {
      part.set(bytes.length === part.length ? bytes : bytes.subarray(from, from + part.length));
      this.memory.written(part);
    });
  }

  /** Fills a part of the room with zeros. */
  clear(at: number, length: number): void {
    each(this.in, at, length, (part) => {
      part.fill(0);
      this.memory.written(part);
    });
  }
}

/** Calls back with the parts of a range of buffers, and where in the range each begins. */
function each(
  buffers: readonly Uint8Array[],
  from: number,
  length: number,
  use: (part: Uint8Array, at: number) => void,
): void {
  let skip = from;
  let done = 0;
  for (const buffer of buffers) {
    if (done === length) return;
    if (skip >= buffer.length) {
      skip -= buffer.length;
      continue;
    }
    const count = Math.min(buffer.length - skip, length - done);
    use(count === buffer.length ? buffer : buffer.subarray(skip, skip + count), done);
    done += count;
    skip = 0;
  }
}

/** Typed views of a queue's area. @returns null if it does not lie in RAM, or not at a multiple of `alignment` */
export function area(
  memory: DmaMemory,
  address: number,
  bytes: number,
  alignment: number,
): { u16: Uint16Array; u32: Uint32Array } | null {
  const view = address % alignment === 0 ? memory.view(address, bytes, true) : null;
  if (!view) return null;
  const { buffer, byteOffset } = view;
  return {
    u16: new Uint16Array(buffer, byteOffset, bytes >> 1),
    u32: new Uint32Array(buffer, byteOffset - (byteOffset % 4), bytes >> 2),
  };
}
