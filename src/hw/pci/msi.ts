/**
 * MSI: messages whose one address and data lie in the configuration space. Specification: PCI Local Bus Specification 3.0, section 6.8.1.
 *
 * A vector that is masked waits in the pending bits until it is not.
 */
import type { PciConfigSpace } from './config-space.ts';

const CAPABILITY_ID = 0x05;
const CONTROL = 2;
const CONTROL_ENABLE = 0x0001;
const CONTROL_CAPABLE_SHIFT = 1;
const CONTROL_ENABLED_SHIFT = 4;
const CONTROL_64_BIT = 0x0080;
const CONTROL_MASKABLE = 0x0100;
const ADDRESS = 4;
const ADDRESS_HIGH = 8;

export interface MsiOptions {
  config: PciConfigSpace;
  /** A power of two, at most 32. */
  vectors: number;
  /** Addresses of 64 bits. */
  is64?: boolean;
  /** Vectors can be masked, each by itself. */
  maskable?: boolean;
  send(address: number, data: number): void;
}

export class Msi {
  private readonly config: PciConfigSpace;
  private readonly send: MsiOptions['send'];
  private readonly is64: boolean;
  private readonly log2Vectors: number;
  private readonly capability: number;
  /** Offsets in the capability; `mask` null: there is none, and the pending bits follow it. */
  private readonly data: number;
  private readonly mask: number | null;

  constructor({ config, vectors, is64 = false, maskable = false, send }: MsiOptions) {
    this.config = config;
    this.send = send;
    this.is64 = is64;
    this.log2Vectors = Math.log2(vectors);
    this.data = is64 ? 12 : 8;
    this.mask = maskable ? this.data + 4 : null;
    this.capability = config.addCapability(CAPABILITY_ID, maskable ? this.data + 12 : this.data + 2, 'first');
    const flags = (is64 ? CONTROL_64_BIT : 0) | (maskable ? CONTROL_MASKABLE : 0);
    config.define(this.capability + CONTROL, 2, flags | (this.log2Vectors << CONTROL_CAPABLE_SHIFT));
    config.allow(this.capability + CONTROL, 2, CONTROL_ENABLE | (7 << CONTROL_ENABLED_SHIFT));
    config.allow(this.capability + ADDRESS, 4, 0xffff_fffc);
    if (is64) config.allow(this.capability + ADDRESS_HIGH, 4, 0xffff_ffff);
    config.allow(this.capability + this.data, 2, 0xffff);
    if (this.mask !== null) config.allow(this.capability + this.mask, 4, 2 ** vectors - 1);
  }

  /** The driver uses messages; the interrupt pin is silent then. */
  get enabled(): boolean {
    return (this.get(CONTROL, 2) & CONTROL_ENABLE) !== 0;
  }

  /** Vectors that the driver has given the function, as many as it can have at most. */
  private get enabledVectors(): number {
    return 1 << Math.min((this.get(CONTROL, 2) >> CONTROL_ENABLED_SHIFT) & 7, this.log2Vectors);
  }

  /** Interrupts by a vector, now or when it is no longer masked. One that the driver has not given does nothing. */
  notify(vector: number): void {
    if (!this.enabled || vector >= this.enabledVectors) return;
    if (this.mask !== null && (this.get(this.mask, 4) >>> vector) & 1) {
      this.setPending(vector, true);
      return;
    }
    const high = this.is64 ? this.get(ADDRESS_HIGH, 4) : 0;
    const data = this.get(this.data, 2);
    this.send(high * 2 ** 32 + this.get(ADDRESS, 4), (data & ~(this.enabledVectors - 1)) | vector);
  }

  /** The configuration space is another one: what waited for a mask may go out. */
  configChanged(): void {
    if (this.mask === null || !this.enabled) return;
    const ready = this.get(this.mask + 4, 4) & ~this.get(this.mask, 4);
    for (let vector = 0; vector < this.enabledVectors; vector++) {
      if (((ready >>> vector) & 1) === 0) continue;
      this.setPending(vector, false);
      this.notify(vector);
    }
  }

  private setPending(vector: number, pending: boolean): void {
    const at = this.capability + this.mask! + 4;
    const others = this.config.get(at, 4) & ~(1 << vector);
    this.config.set(at, 4, (others | (pending ? 1 << vector : 0)) >>> 0);
  }

  private get(offset: number, size: number): number {
    return this.config.get(this.capability + offset, size);
  }
}
