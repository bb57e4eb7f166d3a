/**
 * The std VGA of QEMU's `pc`: PCI 1234:1111, revision 2.
 * Specification: QEMU, docs/specs/standard-vga.rst. BAR 0 is the video memory, BAR 2 registers: EDID at 0, the VGA's ports from 0x3c0 on at 0x400,
 * dispi's registers at 0x500, QEMU's own at 0x600. The VGA's ports and its memory window are answered by the vCPU's worker (assembly/vga/).
 *
 * Not there: big-endian frame buffers; the register that chooses the byte order keeps its value.
 */
import type { Scanout, ScanoutMemory } from '../../core/scanout.ts';
import type { MmioRegion, SavedState } from '../device.ts';
import { PciFunction } from '../pci/pci-function.ts';
import { Dispi } from './dispi.ts';
import { makeEdid } from './edid.ts';
import { VgaRegisters } from './vga-registers.ts';
import { vgaScanout } from './vga-scanout.ts';

export const VGA_MEMORY_BYTES = 0x100_0000;
export const VGA_ROM_BYTES = 0x10000;
/** Names of the memory slots. */
export const VGA_MEMORY_SLOT = 'vga';
export const VGA_ROM_SLOT = 'vga.rom';

/** Windows by number, and where BAR 2 has the VGA's ports. */
export const VGA_WINDOW_MMIO = 1;
export const VGA_MMIO_PORTS = { offset: 0x400, size: 0x20 } as const;

const MMIO_BYTES = 0x1000;
const EDID_AREA = 0x100;
const DISPI_OFFSET = 0x500;
const DISPI_BYTES = 0x16;
const EXTENSION_OFFSET = 0x600;
const EXTENSION_BYTES = 8;
const EXTENSION_ORDER = 4;
const LITTLE_ENDIAN = 0x1e1e1e1e;
const BIG_ENDIAN = 0xbebebebe;

/** The size of a screen that was never on. */
const FIRST_SIZE = { width: 720, height: 400 };

export interface StdVgaOptions {
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
  /** There is an option ROM. */
  rom: boolean;
}

export class StdVga extends PciFunction {
  readonly name = 'std-vga';
  override readonly fixed: readonly MmioRegion[];
  readonly registers: VgaRegisters;
  private readonly dispi: Dispi;
  private readonly memory: ScanoutMemory;
  private readonly edid: Uint8Array;
  private readonly changed: () => void;
  private order = LITTLE_ENDIAN;
  private size = FIRST_SIZE;

  constructor(options: StdVgaOptions) {
    super({
      vendor: 0x1234,
      device: 0x1111,
      revision: 2,
      classCode: 0x030000,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
    });
    const { shared, memory, changed } = options;
    this.memory = memory;
    this.changed = changed;
    this.registers = new VgaRegisters(shared);
    this.registers.reset();
    this.dispi = new Dispi({
      registers: this.registers,
      memory: shared.subarray(memory.linear, memory.linear + memory.size),
      changed,
      cleared: options.written,
    });
    this.edid = makeEdid(options.preferred);
    this.addMemoryBar({ index: 0, size: memory.size, prefetchable: true }, VGA_MEMORY_SLOT);
    this.addBar(
      { index: 2, space: 'memory', size: MMIO_BYTES },
      {
        name: 'vga.mmio',
        size: MMIO_BYTES,
        accessMin: 1,
        accessMax: 4,
        spacing: 1,
        registers: [],
        read: (offset, size) => this.readMmio(offset, size),
        write: (offset, size, value) => this.writeMmio(offset, size, value),
      },
    );
    if (options.rom) this.addRom(VGA_ROM_BYTES, VGA_ROM_SLOT);
    // The index at the first port; the data at the second, and at the third for those who want it aligned.
    const { dispi } = this;
    this.fixed = [
      {
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
      },
    ];
  }

  /** What is on the screen. */
  scanout(): Scanout {
    const scanout = vgaScanout(this.registers, this.dispi, this.memory, this.size);
    this.size = { width: scanout.width, height: scanout.height };
    return scanout;
  }

  private readMmio(offset: number, size: number): number {
    if (offset < EDID_AREA) {
      let value = 0;
      for (let i = 0; i < size; i++) value += (this.edid[offset + i] ?? 0) * 2 ** (8 * i);
      return value;
    }
    const dispi = offset - DISPI_OFFSET;
    if (dispi >= 0 && dispi < DISPI_BYTES) return this.narrow(this.dispi.read(dispi >> 1), dispi & 1, size);
    const extension = offset - EXTENSION_OFFSET;
    if (extension >= 0 && extension < EXTENSION_BYTES) {
      const value = extension < EXTENSION_ORDER ? EXTENSION_BYTES : this.order;
      return this.narrow(value, extension & 3, size);
    }
    return 2 ** (8 * size) - 1;
  }

  private narrow(value: number, byte: number, size: number): number {
    return Math.floor(value / 2 ** (8 * byte)) % 2 ** (8 * size);
  }

  private writeMmio(offset: number, size: number, value: number): void {
    const dispi = offset - DISPI_OFFSET;
    // Registers of 16 bits: other sizes are none.
    if (dispi >= 0 && dispi < DISPI_BYTES && size === 2 && dispi % 2 === 0)
      this.dispi.write(dispi >> 1, value);
    if (offset === EXTENSION_OFFSET + EXTENSION_ORDER && (value === LITTLE_ENDIAN || value === BIG_ENDIAN))
      this.order = value;
  }

  override reset(): void {
    super.reset();
    this.registers.reset();
    this.dispi.reset();
    this.order = LITTLE_ENDIAN;
    this.size = FIRST_SIZE;
    this.changed();
  }

  override save(): SavedState {
    return {
      ...super.save(),
      registers: this.registers.save(),
      dispi: JSON.stringify(this.dispi.save()),
      order: this.order,
    };
  }

  override restore(state: SavedState): void {
    const reader = this.reader(state);
    const registers = reader.bytes('registers', VgaRegisters.BYTES);
    if (registers.length !== VgaRegisters.BYTES)
      throw reader.error('registers', `${VgaRegisters.BYTES} bytes`);
    const order = reader.uint('order', 32);
    if (order !== LITTLE_ENDIAN && order !== BIG_ENDIAN) throw reader.error('order', 'a byte order');
    const dispi = state['dispi'];
    if (typeof dispi !== 'string') throw reader.error('dispi', 'the state of dispi');
    const before = this.dispi.save();
    try {
      this.dispi.restore(JSON.parse(dispi));
      super.restore(state);
    } catch (error) {
      this.dispi.restore(before);
      throw error instanceof SyntaxError ? reader.error('dispi', 'the state of dispi') : error;
    }
    this.registers.restore(registers);
    this.order = order;
    this.changed();
  }
}
