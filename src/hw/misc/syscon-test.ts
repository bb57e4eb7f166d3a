/**
 * SiFive test finisher, as QEMU's `virt` board has it: one 32-bit register through which the guest ends the machine.
 * The flattened device tree names it as `syscon`, so the generic poweroff and reboot drivers use it.
 * Specification: QEMU documentation of the `virt` board; Linux bindings `power/reset/syscon-poweroff.yaml`.
 */
import type { PowerControl } from '../../core/irq.ts';
import type { Log } from '../../core/log.ts';
import { type Device, type MmioRegion, type SavedState, StateReader } from '../device.ts';

const FINISHER = 0x0;

/** Values of bits 15:0; bits 31:16 carry the exit status of FAIL. */
export const FINISHER_FAIL = 0x3333;
export const FINISHER_PASS = 0x5555;
export const FINISHER_RESET = 0x7777;

const VERSION = 1;

export class SysconTest implements Device {
  readonly name = 'syscon-test';
  readonly regions: readonly MmioRegion[];
  private readonly power: PowerControl;
  private readonly log: Log;

  constructor(options: { power: PowerControl; log: Log }) {
    this.power = options.power;
    this.log = options.log;
    this.regions = [
      {
        name: 'test',
        size: 0x1000,
        accessMin: 2,
        accessMax: 4,
        spacing: 4,
        registers: [{ offset: FINISHER, name: 'FINISHER', read: 'exit', write: 'exit' }],
        read: () => 0,
        write: (offset, _size, value) => this.write(offset, value),
      },
    ];
  }

  private write(offset: number, value: number): void {
    const command = value & 0xffff;
    const code = (value >>> 16) & 0xffff;
    if (offset === FINISHER && command === FINISHER_PASS) this.power.powerOff(0);
    else if (offset === FINISHER && command === FINISHER_FAIL) this.power.powerOff(code);
    else if (offset === FINISHER && command === FINISHER_RESET) this.power.reset();
    else
      this.log.guestError(
        this.name,
        `unknown command 0x${value.toString(16)} at offset 0x${offset.toString(16)}`,
      );
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
