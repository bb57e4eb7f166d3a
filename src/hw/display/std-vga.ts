/**
 * The std VGA of QEMU's `pc`: PCI 1234:1111, revision 2.
 * Specification: QEMU, docs/specs/standard-vga.rst. BAR 0 is the video memory, BAR 2 registers: EDID at 0, the VGA's ports from 0x3c0 on at 0x400,
 * dispi's registers at 0x500, QEMU's own at 0x600. The VGA's ports and its memory window are answered by the vCPU's worker (assembly/vga/).
 *
 * Not there: big-endian frame buffers; the register that chooses the byte order keeps its value.
 */
import type { Scanout } from '../../core/scanout.ts';
import type { MmioRegion, SavedState } from '../device.ts';
import { PciFunction } from '../pci/pci-function.ts';
import { BOCHS_MMIO_BYTES } from './bochs-mmio.ts';
import { VgaCore, type VgaCoreOptions } from './vga-core.ts';
import type { VgaRegisters } from './vga-registers.ts';

export const VGA_MEMORY_BYTES = 0x100_0000;
export const VGA_ROM_BYTES = 0x10000;
/** Names of the memory slots. */
export const VGA_MEMORY_SLOT = 'vga';
export const VGA_ROM_SLOT = 'vga.rom';

/** Where the registers in memory have the VGA's ports. */
export const VGA_MMIO_PORTS = { offset: 0x400, size: 0x20 } as const;

export interface StdVgaOptions extends VgaCoreOptions {
  /** There is an option ROM. */
  rom: boolean;
}

export class StdVga extends PciFunction {
  readonly name = 'std-vga';
  override readonly fixed: readonly MmioRegion[];
  /** Number of the window with the registers in memory. */
  readonly mmioWindow = 1;
  private readonly vga: VgaCore;

  constructor(options: StdVgaOptions) {
    super({
      vendor: 0x1234,
      device: 0x1111,
      revision: 2,
      classCode: 0x030000,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
    });
    this.vga = new VgaCore(options);
    this.addMemoryBar({ index: 0, size: options.memory.size, prefetchable: true }, VGA_MEMORY_SLOT);
    this.addBar({ index: 2, space: 'memory', size: BOCHS_MMIO_BYTES }, this.vga.mmio);
    if (options.rom) this.addRom(VGA_ROM_BYTES, VGA_ROM_SLOT);
    this.fixed = [this.vga.ports];
  }

  get registers(): VgaRegisters {
    return this.vga.registers;
  }

  /** What is on the screen. */
  scanout(): Scanout {
    return this.vga.scanout();
  }

  override reset(): void {
    super.reset();
    this.vga.reset();
  }

  override save(): SavedState {
    return { ...super.save(), ...this.vga.save() };
  }

  override restore(state: SavedState): void {
    this.vga.restore(this.reader(state), () => super.restore(state));
  }
}
