/**
 * Bochs's debug console, port 0xE9: what is written is text for the host; a read answers 0xE9, by which programs find it.
 * Specification: Bochs documentation, "port_e9_hack"; QEMU `-device isa-debugcon`.
 */
import { type Device, type MmioRegion, type SavedState, type ShadowPort, StateReader } from '../device.ts';

const READBACK = 0xe9;
/** A line without an end is given out in pieces of so many characters. */
const LINE_MAX = 1024;
const VERSION = 1;

export class DebugCon implements Device {
  readonly name = 'debugcon';
  readonly regions: readonly MmioRegion[];
  private readonly line: (text: string) => void;
  private text = '';

  /** @param options.line takes each line, without its end */
  constructor(options: { shadow: ShadowPort; line: (text: string) => void }) {
    this.line = options.line;
    this.regions = [
      {
        name: 'debugcon',
        size: 1,
        accessMin: 1,
        accessMax: 1,
        spacing: 1,
        // Firmware writes thousands of characters: each would wake the page.
        registers: [{ offset: 0, name: 'DATA', read: 'shadow', write: 'deferred' }],
        read: () => READBACK,
        write: (_offset, _size, value) => this.put(value & 0xff),
      },
    ];
    options.shadow.publish(0, READBACK);
  }

  private put(byte: number): void {
    if (byte !== 0x0a) this.text += String.fromCharCode(byte);
    if (byte !== 0x0a && this.text.length < LINE_MAX) return;
    this.line(this.text.replace(/\r$/, ''));
    this.text = '';
  }

  reset(): void {
    this.text = '';
  }

  save(): SavedState {
    return { version: VERSION, text: [...this.text].map((character) => character.charCodeAt(0)) };
  }

  restore(saved: SavedState): void {
    const reader = new StateReader(this.name, VERSION, saved);
    this.text = String.fromCharCode(...reader.bytes('text', LINE_MAX));
  }
}
