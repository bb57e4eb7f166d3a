/**
 * A host bridge whose configuration space is memory: QEMU's generic PCI Express host with bus 0 only.
 * Specification: PCI Express Base Specification 4.0, section 7.2.2 (enhanced configuration access mechanism). Functions have the conventional 256 bytes.
 */
import { type Device, type MmioRegion, type SavedState, StateReader } from '../device.ts';
import { CONFIG_BYTES } from './config-space.ts';
import type { PciBus } from './pci-bus.ts';
import { PciFunction } from './pci-function.ts';

const BUS_BYTES = 0x100000;
const FUNCTION_BYTES = 0x1000;
const VERSION = 1;

export class EcamHost implements Device {
  readonly name = 'pci-ecam';
  readonly regions: readonly MmioRegion[];

  /** @param options.size bytes of the window: 1 MiB for each bus */
  constructor({ bus, size }: { bus: PciBus; size: number }) {
    const reach = (offset: number): { target: PciFunction; at: number } | null => {
      const target = offset < BUS_BYTES ? bus.at(Math.floor(offset / FUNCTION_BYTES)) : undefined;
      const at = offset % FUNCTION_BYTES;
      return target && at < CONFIG_BYTES ? { target, at } : null;
    };
    this.regions = [
      {
        name: 'pci-ecam',
        config: 'ecam',
        size,
        accessMin: 1,
        accessMax: 4,
        spacing: 4,
        registers: [],
        read: (offset, bytes) => {
          const found = reach(offset);
          return found ? found.target.configRead(found.at, bytes) : 2 ** (8 * bytes) - 1;
        },
        write: (offset, bytes, value) => {
          const found = reach(offset);
          found?.target.configWrite(found.at, bytes, value);
        },
      },
    ];
  }

  /** It has no state of its own. */
  reset(): void {}

  save(): SavedState {
    return { version: VERSION };
  }

  restore(state: SavedState): void {
    new StateReader(this.name, VERSION, state);
  }
}

/** The bridge as a function of its own bus: QEMU's `gpex-root`. */
export class EcamRoot extends PciFunction {
  readonly name = 'gpex-root';

  constructor() {
    super({
      vendor: 0x1b36,
      device: 0x0008,
      revision: 0,
      classCode: 0x060000,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
    });
  }
}
