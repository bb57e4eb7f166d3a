/**
 * QEMU's `isa-debug-exit`: a port through which a test ends its machine. Writing v ends it with status 2 v + 1, which is never 0.
 * Specification: QEMU 7.2, hw/misc/debugexit.c (its documentation is `-device isa-debug-exit,help`).
 */
import type { PowerControl } from '../../core/irq.ts';
import { type Device, type MmioRegion, type SavedState, StateReader } from '../device.ts';

const VERSION = 1;

export class IsaDebugExit implements Device {
  readonly name = 'isa-debug-exit';
  readonly regions: readonly MmioRegion[];

  constructor(options: { power: PowerControl }) {
    this.regions = [
      {
        name: 'debug-exit',
        size: 2,
        accessMin: 1,
        accessMax: 2,
        spacing: 2,
        registers: [{ offset: 0, name: 'STATUS', read: 'exit', write: 'exit' }],
        read: () => 0,
        write: (_offset, _size, value) => options.power.powerOff(value * 2 + 1),
      },
    ];
  }

  /** The register keeps nothing. */
  reset(): void {}

  save(): SavedState {
    return { version: VERSION };
  }

  restore(state: SavedState): void {
    new StateReader(this.name, VERSION, state);
  }
}
