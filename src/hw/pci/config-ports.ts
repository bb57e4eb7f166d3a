/**
 * Configuration mechanism #1: an address port and a data port through which a PC reaches PCI's configuration space.
 * Specification: PCI Local Bus Specification 3.0, section 3.2.2.3.2.
 */
import { type Device, type MmioRegion, type SavedState, StateReader } from '../device.ts';
import type { PciBus } from './pci-bus.ts';

const ENABLE = 0x8000_0000;
/** The address without the two bits that the data port's own address gives. */
const ADDRESS = 0x80ff_fffc;
const VERSION = 1;

export class PciConfigPorts implements Device {
  readonly name = 'pci-config';
  /** CONFIG_ADDRESS (0xcf8) and CONFIG_DATA (0xcfc). */
  readonly regions: readonly MmioRegion[];
  private readonly bus: PciBus;
  /** CONFIG_ADDRESS, which the vCPU writes too. */
  private readonly latch: { value: number };

  constructor(options: { bus: PciBus; latch?: { value: number } }) {
    this.bus = options.bus;
    this.latch = options.latch ?? { value: 0 };
    const ports = { size: 4, accessMin: 1, accessMax: 4 };
    this.regions = [
      {
        ...ports,
        name: 'pci-config-address',
        config: 'address',
        spacing: 4,
        // Who answers at the data port finds what was written before: the vCPU keeps the address, and an exit waits for deferred writes.
        registers: [{ offset: 0, name: 'CONFIG_ADDRESS', read: 'exit', write: 'deferred' }],
        read: (offset, size) => part(this.latch.value, offset, size),
        // Narrower writes are no configuration accesses but I/O accesses to whatever lies there: nothing.
        write: (_offset, size, value) => {
          if (size === 4) this.latch.value = (value & ADDRESS) >>> 0;
        },
      },
      {
        ...ports,
        name: 'pci-config-data',
        config: 'data',
        spacing: 1,
        registers: [0, 1, 2, 3].map((offset) => ({
          offset,
          name: `CONFIG_DATA_${offset}`,
          read: 'exit' as const,
          write: 'exit' as const,
        })),
        read: (offset, size) => {
          const target = this.target();
          if (target === undefined || offset + size > 4) return 2 ** (8 * size) - 1;
          return target.configRead((this.latch.value & 0xfc) + offset, size);
        },
        write: (offset, size, value) => {
          if (offset + size <= 4) this.target()?.configWrite((this.latch.value & 0xfc) + offset, size, value);
        },
      },
    ];
  }

  /** The function that the address names; there is one bus, number 0. */
  private target() {
    const address = this.latch.value;
    if (address < ENABLE || (address & 0xff0000) !== 0) return undefined;
    return this.bus.at((address >>> 8) & 0xff);
  }

  reset(): void {
    this.latch.value = 0;
  }

  save(): SavedState {
    return { version: VERSION, address: this.latch.value };
  }

  restore(state: SavedState): void {
    this.latch.value = (new StateReader(this.name, VERSION, state).uint('address', 32) & ADDRESS) >>> 0;
  }
}

function part(value: number, offset: number, size: number): number {
  return Math.floor(value / 2 ** (8 * offset)) % 2 ** (8 * size);
}
