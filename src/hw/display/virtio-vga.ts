/**
 * QEMU's virtio-vga: a VGA, which firmware and early kernels use, with a virtio-gpu behind it, which takes the screen over as soon as a driver shows something
 * there, until it is reset. PCI 1af4:1050, class VGA. BAR 0 is the VGA's memory; BAR 2 has its registers before those of virtio.
 * Specification: QEMU 7.2, hw/display/virtio-vga.c and docs/specs/standard-vga.rst; VIRTIO 1.2, section 5.7.
 */
import type { PageRun, Scanout } from '../../core/scanout.ts';
import type { MmioRegion, SavedState } from '../device.ts';
import type { VirtioGpu } from '../virtio/virtio-gpu.ts';
import { LAYOUT_BESIDE_VGA, VirtioPci, type VirtioPciOptions } from '../virtio/virtio-pci.ts';
import { VGA_MEMORY_SLOT, VGA_ROM_BYTES, VGA_ROM_SLOT } from './std-vga.ts';
import { VgaCore, type VgaCoreOptions } from './vga-core.ts';
import type { VgaRegisters } from './vga-registers.ts';

export const VIRTIO_VGA_MEMORY_BYTES = 0x80_0000;

export interface VirtioVgaOptions extends Omit<VirtioPciOptions, 'type' | 'layout' | 'classCode' | 'beside'> {
  gpu: VirtioGpu;
  vga: VgaCoreOptions;
  /** There is an option ROM. */
  rom: boolean;
}

export class VirtioVga extends VirtioPci {
  override readonly name = 'virtio-vga';
  override readonly fixed: readonly MmioRegion[];
  /** Number of the window with the VGA's registers in memory. */
  readonly mmioWindow = 0;
  readonly gpu: VirtioGpu;
  private readonly vga: VgaCore;

  constructor({ gpu, vga: options, rom, ...rest }: VirtioVgaOptions) {
    const vga = new VgaCore(options, LAYOUT_BESIDE_VGA.common.offset);
    super({
      ...rest,
      type: gpu,
      layout: LAYOUT_BESIDE_VGA,
      classCode: 0x030000,
      beside: [{ offset: 0, region: vga.mmio }],
    });
    this.vga = vga;
    this.gpu = gpu;
    this.addMemoryBar({ index: 0, size: options.memory.size, prefetchable: true }, VGA_MEMORY_SLOT);
    if (rom) this.addRom(VGA_ROM_BYTES, VGA_ROM_SLOT);
    this.fixed = [vga.ports];
  }

  get registers(): VgaRegisters {
    return this.vga.registers;
  }

  /** What is on the screen. */
  scanout(): Scanout {
    return this.gpu.enabled ? this.gpu.scanout(0) : this.vga.scanout();
  }

  /** @param log of the VGA's memory */
  takeDamage(log: { take(): PageRun[] }): PageRun[] {
    return this.gpu.enabled ? this.gpu.takeDamage(0) : log.take();
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
