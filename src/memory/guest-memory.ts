import { copyShared } from './copy.ts';
import {
  CODE_PAGES,
  DIRTY_PAGES,
  DIRTY_TAKEN,
  DISPLAY_WRITTEN,
  PAGE_BITS,
  REQUEST_INVALIDATE,
  STALE_PAGES,
  VM_DISPLAY_EVENTS,
} from './layout.gen.ts';
import type { MemorySlot } from './slots.ts';
import type { VmMemory } from './vm-memory.ts';

/** Guest memory as a device's DMA sees it: guest-physical addresses, bounded to the machine's slots. */
export interface GuestMemory {
  /** Copies `length` bytes out, or null if any of them lies outside of RAM and ROM. */
  read(address: number, length: number): Uint8Array<ArrayBuffer> | null;
  /** Copies bytes in; false, with nothing written, if any of them would lie outside of RAM. */
  write(address: number, bytes: Uint8Array): boolean;
}

/** Guest memory as a virtqueue sees it, whose rings the driver uses at the same time: the bytes themselves, no copies. */
export interface DmaMemory extends GuestMemory {
  /**
   * The bytes from a guest-physical address on, as long as the machine lives; null if they do not all lie within one slot of RAM (or of ROM,
   * unless they are to be written). After plain writes into them, call `written`.
   */
  view(address: number, length: number, writable: boolean): Uint8Array | null;
  /** Bytes of a view were written. */
  written(bytes: Uint8Array): void;
}

/**
 * Guest memory on the machine's shared memory. A write is noted in the dirty log, and tells the vCPUs when it hit a page
 * that code was translated from.
 */
export class SlotGuestMemory implements DmaMemory {
  private readonly vm: VmMemory;

  constructor(vm: VmMemory) {
    this.vm = vm;
  }

  read(address: number, length: number): Uint8Array<ArrayBuffer> | null {
    const linear = this.locate(address, length, false);
    return linear === null ? null : copyShared(this.vm.u8.subarray(linear, linear + length));
  }

  write(address: number, bytes: Uint8Array): boolean {
    const linear = this.locate(address, bytes.length, true);
    if (linear === null) return false;
    this.store(linear, bytes);
    return true;
  }

  view(address: number, length: number, writable: boolean): Uint8Array | null {
    const linear = this.locate(address, length, writable);
    return linear === null ? null : this.vm.u8.subarray(linear, linear + length);
  }

  written(bytes: Uint8Array): void {
    this.mark(bytes.byteOffset, bytes.length);
  }

  /** As `write`, for the machine's loaders: reaches ROM too. */
  load(address: number, bytes: Uint8Array): boolean {
    const linear = this.locate(address, bytes.length, false);
    if (linear === null) return false;
    this.store(linear, bytes);
    return true;
  }

  /** Fills `length` bytes with zero; as `load`. */
  clear(address: number, length: number): boolean {
    const linear = this.locate(address, length, false);
    if (linear === null) return false;
    this.vm.u8.fill(0, linear, linear + length);
    this.mark(linear, length);
    return true;
  }

  private locate(address: number, length: number, writable: boolean): number | null {
    if (!Number.isSafeInteger(address) || !Number.isSafeInteger(length) || length < 0) return null;
    const slot = this.vm.slots.find((s) => contains(s, address, length));
    if (!slot || (writable && slot.kind === 'rom')) return null;
    return slot.linear + (address - slot.guestBase!);
  }

  private store(linear: number, bytes: Uint8Array): void {
    this.vm.u8.set(bytes, linear);
    this.mark(linear, bytes.length);
  }

  private mark(linear: number, length: number): void {
    if (length === 0) return;
    const { u8, i32 } = this.vm;
    const first = linear >>> PAGE_BITS;
    const last = (linear + length - 1) >>> PAGE_BITS;
    // A read-modify-write is a full fence: the bytes are visible before CODE_PAGES is looked at. A vCPU that translates
    // the page sets its CODE_PAGES byte before it reads the code, so one of the two sees the other.
    Atomics.or(i32, STALE_PAGES >> 2, 0);
    let stale = false;
    let logged = false;
    for (let page = first; page <= last; page++) {
      if (Atomics.load(u8, DIRTY_PAGES + page) !== 0) {
        Atomics.or(u8, DIRTY_PAGES + page, DIRTY_TAKEN);
        logged = true;
      }
      if (Atomics.load(u8, CODE_PAGES + page) === 0) continue;
      Atomics.or(i32, (STALE_PAGES >> 2) + (page >>> 5), 1 << (page & 31));
      stale = true;
    }
    if (stale) this.vm.requestAll(REQUEST_INVALIDATE);
    if (logged) Atomics.or(i32, VM_DISPLAY_EVENTS >> 2, DISPLAY_WRITTEN);
  }
}

function contains(slot: MemorySlot, address: number, length: number): boolean {
  const { guestBase: base, size } = slot;
  return base !== null && address >= base && address + length <= base + size;
}
