/**
 * A PCI function's configuration space: 256 bytes, of which masks say what the guest can change.
 * Specification: PCI Local Bus Specification 3.0, chapter 6.
 */
import { PCI_CONFIG_LIVE, PCI_CONFIG_PLACE, PCI_CONFIG_PLAIN } from '../../memory/layout.gen.ts';
import type { PciConfigPlace } from '../../memory/pci-config.ts';

export const CONFIG_BYTES = 256;

export const VENDOR_ID = 0x00;
export const DEVICE_ID = 0x02;
export const COMMAND = 0x04;
export const STATUS = 0x06;
export const REVISION_ID = 0x08;
/** Three bytes: programming interface, subclass, class. */
export const CLASS_CODE = 0x09;
export const CACHE_LINE_SIZE = 0x0c;
export const HEADER_TYPE = 0x0e;
export const BAR_0 = 0x10;
export const SUBSYSTEM_VENDOR_ID = 0x2c;
export const SUBSYSTEM_ID = 0x2e;
export const ROM_BAR = 0x30;
export const CAPABILITIES = 0x34;
export const INTERRUPT_LINE = 0x3c;
export const INTERRUPT_PIN = 0x3d;
/** The header's end: what follows is the function's own. */
export const HEADER_END = 0x40;

export const COMMAND_IO = 0x0001;
export const COMMAND_MEMORY = 0x0002;
export const COMMAND_MASTER = 0x0004;
export const COMMAND_SERR = 0x0100;
export const COMMAND_INTX_DISABLE = 0x0400;
export const STATUS_INTERRUPT = 0x0008;
export const STATUS_CAPABILITIES = 0x0010;

/** What the vCPU may not take for bytes, or may: see PCI_CONFIG_* of assembly/layout.ts. */
const FLAGS = { live: PCI_CONFIG_LIVE, plain: PCI_CONFIG_PLAIN, place: PCI_CONFIG_PLACE } as const;

export class PciConfigSpace {
  private bytes: Uint8Array = new Uint8Array(CONFIG_BYTES);
  private readonly initial = new Uint8Array(CONFIG_BYTES);
  private writable: Uint8Array = new Uint8Array(CONFIG_BYTES);
  private flags: Uint8Array = new Uint8Array(CONFIG_BYTES);
  private readonly clearable = new Uint8Array(CONFIG_BYTES);
  private lastCapability = 0;
  private capabilityEnd = HEADER_END;

  /** Moves the space to where the vCPU reads it. Before the machine starts. */
  share(place: PciConfigPlace): void {
    place.writable.set(this.writable);
    place.flags.set(this.flags);
    // Last: with its vendor the function is there.
    place.bytes.set(this.bytes);
    this.bytes = place.bytes;
    this.writable = place.writable;
    this.flags = place.flags;
  }

  /**
   * Says what bytes are to the vCPU. `live`: a read has an effect, so the page answers. `plain`: a write changes them and nothing else, so the vCPU makes
   * it. `place`: the same while the function decodes neither space. Before the machine starts.
   */
  mark(offset: number, size: number, kind: keyof typeof FLAGS): void {
    for (let i = 0; i < size; i++) this.flags[offset + i] |= FLAGS[kind];
  }

  /** @param offset of `size` (1, 2, 4) bytes, within the space */
  get(offset: number, size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value += this.bytes[offset + i] * 2 ** (8 * i);
    return value;
  }

  /** Sets bytes from the device's side, whatever the masks say. */
  set(offset: number, size: number, value: number): void {
    for (let i = 0; i < size; i++) this.bytes[offset + i] = Math.floor(value / 2 ** (8 * i)) & 0xff;
  }

  /** As `set`, and the value after reset. Before the machine starts. */
  define(offset: number, size: number, value: number): void {
    this.set(offset, size, value);
    for (let i = 0; i < size; i++) this.initial[offset + i] = this.bytes[offset + i];
  }

  /** Makes bits writable, or (`clear`) such that a written 1 makes them 0. */
  allow(offset: number, size: number, mask: number, kind: 'write' | 'clear' = 'write'): void {
    const masks = kind === 'write' ? this.writable : this.clearable;
    for (let i = 0; i < size; i++) masks[offset + i] = Math.floor(mask / 2 ** (8 * i)) & 0xff;
  }

  /** A write of the guest. */
  write(offset: number, size: number, value: number): void {
    for (let i = 0; i < size && offset + i < CONFIG_BYTES; i++) {
      const at = offset + i;
      const byte = Math.floor(value / 2 ** (8 * i)) & 0xff;
      const kept = this.bytes[at] & ~this.writable[at] & ~(this.clearable[at] & byte);
      this.bytes[at] = kept | (byte & this.writable[at]);
    }
  }

  /**
   * Links a capability of `size` bytes into the list, and returns its offset: behind the one before it, or at 0x40.
   * @param where in the list: `first`, as QEMU's devices do, or `last`
   * @throws RangeError if there is no room
   */
  addCapability(id: number, size: number, where: 'first' | 'last' = 'last'): number {
    const at = (this.capabilityEnd + 3) & ~3;
    if (at + size > CONFIG_BYTES) throw new RangeError('no room for another PCI capability');
    this.define(at, 1, id);
    const first = where === 'first' || this.lastCapability === 0;
    this.define(at + 1, 1, first ? this.get(CAPABILITIES, 1) : 0);
    if (first) this.define(CAPABILITIES, 1, at);
    else this.define(this.lastCapability + 1, 1, at);
    this.define(STATUS, 2, this.get(STATUS, 2) | STATUS_CAPABILITIES);
    if (!first || this.lastCapability === 0) this.lastCapability = at;
    this.capabilityEnd = at + size;
    return at;
  }

  reset(): void {
    this.bytes.set(this.initial);
  }

  save(): number[] {
    return [...this.bytes];
  }

  /** Takes over saved bytes. Bits that neither the guest nor the device can change keep their own value. */
  restore(bytes: readonly number[]): void {
    this.bytes.set(bytes);
  }
}
