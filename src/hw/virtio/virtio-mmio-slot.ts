/**
 * A virtio-mmio transport with no device behind it.
 * Specification: virtio 1.2, section 4.2.2; register layout version 1 ("legacy"), which is what QEMU's boards have.
 *
 * DeviceID 0 tells the driver that the slot is empty; it then touches nothing else. Every other register reads as 0
 * and ignores writes.
 */
import type { Log } from '../../core/log.ts';
import { type Device, type MmioRegion, type SavedState, type ShadowPort, StateReader } from '../device.ts';

const MAGIC_VALUE = 0x000;
const VERSION_REGISTER = 0x004;
const DEVICE_ID = 0x008;
const VENDOR_ID = 0x00c;

const VALUES = new Map([
  [MAGIC_VALUE, 0x74726976], // "virt"
  [VERSION_REGISTER, 1],
  [DEVICE_ID, 0],
  [VENDOR_ID, 0x554d4551], // "QEMU"
]);

const VERSION = 1;

export class VirtioMmioSlot implements Device {
  readonly name = 'virtio-mmio';
  readonly regions: readonly MmioRegion[];

  constructor(options: { shadow: ShadowPort; log: Log }) {
    this.regions = [
      {
        name: 'virtio-mmio',
        size: 0x200,
        accessMin: 4,
        accessMax: 4,
        spacing: 4,
        registers: [
          { offset: MAGIC_VALUE, name: 'MAGIC_VALUE', read: 'shadow', write: 'exit' },
          { offset: VERSION_REGISTER, name: 'VERSION', read: 'shadow', write: 'exit' },
          { offset: DEVICE_ID, name: 'DEVICE_ID', read: 'shadow', write: 'exit' },
          { offset: VENDOR_ID, name: 'VENDOR_ID', read: 'shadow', write: 'exit' },
        ],
        read: (offset) => VALUES.get(offset) ?? 0,
        write: (offset) =>
          options.log.guestError(this.name, `write to an empty slot at 0x${offset.toString(16)}`),
      },
    ];
    for (const [offset, value] of VALUES) options.shadow.publish(offset, value);
  }

  /** The slot has no state. */
  reset(): void {}

  save(): SavedState {
    return { version: VERSION };
  }

  restore(state: SavedState): void {
    new StateReader(this.name, VERSION, state);
  }
}
