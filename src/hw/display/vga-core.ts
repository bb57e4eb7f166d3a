/** What a graphics card with a VGA in it has: the VGA's registers and dispi over one video memory, and their pictures. */
import type { Scanout, ScanoutMemory } from '../../core/scanout.ts';
import type { MmioRegion, SavedState, SavedValue, StateReader } from '../device.ts';
import { BochsMmio, isByteOrder } from './bochs-mmio.ts';
import { Dispi } from './dispi.ts';
import { makeEdid } from './edid.ts';
import { VgaRegisters } from './vga-registers.ts';
import { vgaScanout } from './vga-scanout.ts';

/** The size of a screen that was never on. */
const FIRST_SIZE = { width: 720, height: 400 };

export interface VgaCoreOptions {
  /** All of the machine's memory. */
  shared: Uint8Array;
  /** Where the video memory lies in it. */
  memory: ScanoutMemory;
  /** The guest is in an exit: picture and memory window are others. */
  changed: () => void;
  /** The host wrote to so many bytes of video memory from its start on. */
  written: (bytes: number) => void;
  /** Size that the monitor likes best, in pixels. */
  preferred: { width: number; height: number };
}

export class VgaCore {
  readonly registers: VgaRegisters;
  /** Registers in memory, and dispi's ports: the index at the first; the data at the second, and at the third for those who want it aligned. */
  readonly mmio: MmioRegion;
  readonly ports: MmioRegion;
  private readonly dispi: Dispi;
  private readonly block: BochsMmio;
  private readonly options: VgaCoreOptions;
  private size = FIRST_SIZE;

  /** @param mmioBytes of the registers in memory, where they have not the usual size */
  constructor(options: VgaCoreOptions, mmioBytes?: number) {
    this.options = options;
    const { shared, memory, changed } = options;
    this.registers = new VgaRegisters(shared);
    this.registers.reset();
    const dispi = new Dispi({
      registers: this.registers,
      memory: shared.subarray(memory.linear, memory.linear + memory.size),
      changed,
      cleared: options.written,
    });
    this.dispi = dispi;
    this.block = new BochsMmio('vga.mmio', makeEdid(options.preferred), dispi, mmioBytes);
    this.mmio = this.block.region;
    this.ports = {
      name: 'dispi',
      size: 4,
      accessMin: 1,
      accessMax: 2,
      spacing: 1,
      registers: [],
      read: (offset, size) => {
        if (size !== 2) return 0xff;
        return offset === 0 ? dispi.readIndex() : offset <= 2 ? dispi.readData() : 0xffff;
      },
      write: (offset, size, value) => {
        if (size !== 2) return;
        if (offset === 0) dispi.writeIndex(value);
        else if (offset <= 2) dispi.writeData(value);
      },
    };
  }

  /** What is on the screen. */
  scanout(): Scanout {
    const scanout = vgaScanout(this.registers, this.dispi, this.options.memory, this.size);
    this.size = { width: scanout.width, height: scanout.height };
    return scanout;
  }

  reset(): void {
    this.registers.reset();
    this.dispi.reset();
    this.block.reset();
    this.size = FIRST_SIZE;
    this.options.changed();
  }

  save(): Record<string, SavedValue> {
    return {
      registers: this.registers.save(),
      dispi: JSON.stringify(this.dispi.save()),
      order: this.block.order,
    };
  }

  /**
   * Takes over what `save` gave.
   * @param others restores what the card has beside it, and may refuse it
   * @throws RestoreError, with nothing changed
   */
  restore(reader: StateReader, others: () => void): void {
    const registers = reader.bytes('registers', VgaRegisters.BYTES);
    if (registers.length !== VgaRegisters.BYTES)
      throw reader.error('registers', `${VgaRegisters.BYTES} bytes`);
    const order = reader.uint('order', 32);
    if (!isByteOrder(order)) throw reader.error('order', 'a byte order');
    const dispi = reader.text('dispi');
    const before = this.dispi.save();
    try {
      this.dispi.restore(JSON.parse(dispi) as SavedState);
      others();
    } catch (error) {
      this.dispi.restore(before);
      throw error instanceof SyntaxError ? reader.error('dispi', 'the state of dispi') : error;
    }
    this.registers.restore(registers);
    this.block.order = order;
    this.options.changed();
  }
}
