/**
 * System control port A (port 0x92) of the PS/2: the fast A20 gate and the fast reset.
 * Specification: IBM PS/2 Hardware Interface Technical Reference, "System control port A".
 */
import { type Device, type MmioRegion, type SavedState, type ShadowPort, StateReader } from '../device.ts';

const FAST_RESET = 0x01;
const FAST_A20 = 0x02;
const VERSION = 1;

/** The A20 line, which several devices drive and none owns: it has the level that was set last. */
export interface A20Gate {
  enabled: boolean;
  /** Calls back after each change. */
  onChange(listener: () => void): void;
}

export class Port92 implements Device {
  readonly name = 'port92';
  readonly regions: readonly MmioRegion[];
  private readonly a20: A20Gate;
  private readonly shadow: ShadowPort;
  private value = 0;

  constructor(options: { a20: A20Gate; reset: () => void; shadow: ShadowPort }) {
    this.a20 = options.a20;
    this.shadow = options.shadow;
    this.regions = [
      {
        name: 'port92',
        size: 1,
        accessMin: 1,
        accessMax: 1,
        spacing: 1,
        // The A20 line changes the memory map, which it may only inside an exit. A BIOS reads it at each of its calls.
        registers: [{ offset: 0, name: 'CONTROL_A', read: 'shadow', write: 'exit' }],
        read: () => this.read(),
        write: (_offset, _size, value) => {
          const rising = value & ~this.value & FAST_RESET;
          this.value = value & 0xff;
          this.a20.enabled = (value & FAST_A20) !== 0;
          this.publish();
          if (rising) options.reset();
        },
      },
    ];
    this.a20.onChange(() => this.publish());
    this.publish();
  }

  private read(): number {
    return (this.value & ~FAST_A20) | (this.a20.enabled ? FAST_A20 : 0);
  }

  private publish(): void {
    this.shadow.publish(0, this.read());
  }

  reset(): void {
    this.value = 0;
    this.publish();
  }

  save(): SavedState {
    return { version: VERSION, value: this.value };
  }

  restore(saved: SavedState): void {
    this.value = new StateReader(this.name, VERSION, saved).uint('value', 8);
    this.publish();
  }
}
