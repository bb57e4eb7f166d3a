/**
 * QEMU's bochs-display: a linear frame buffer without a VGA, PCI 1234:1111, class "other display".
 * Specification: QEMU, docs/specs/standard-vga.rst and hw/display/bochs-display.c (7.2). BAR 0 is the video memory, BAR 2 the registers. They keep whatever is
 * written; a mode that does not fit shows what was shown before. Not there: the option ROM for SeaBIOS, frame buffers in big-endian order.
 */
import type { Scanout, ScanoutMemory } from '../../core/scanout.ts';
import type { SavedState } from '../device.ts';
import { PciFunction } from '../pci/pci-function.ts';
import { BOCHS_MMIO_BYTES, BochsMmio, isByteOrder } from './bochs-mmio.ts';
import { DISPI_INDEX as I } from './dispi.ts';
import { makeEdid } from './edid.ts';

export const BOCHS_MEMORY_BYTES = 0x100_0000;

const REGISTERS = 10;
const ID = 0xb0c5;
const NO_REGISTER = 0xffff;
const ENABLED = 1;
const SIZE_MIN = 64;
const UNIT = 0x10000;

export interface BochsDisplayOptions {
  /** Where the video memory lies in the machine's memory, and the name of its slot. */
  memory: ScanoutMemory;
  slot: string;
  /** The guest is in an exit: the picture is another one. */
  changed(): void;
  /** Size that the monitor likes best, in pixels. */
  preferred: { width: number; height: number };
}

export class BochsDisplay extends PciFunction {
  readonly name = 'bochs-display';
  private readonly values = new Uint16Array(REGISTERS);
  private readonly mmio: BochsMmio;
  private readonly options: BochsDisplayOptions;
  private shown: Scanout;

  constructor(options: BochsDisplayOptions) {
    super({
      vendor: 0x1234,
      device: 0x1111,
      revision: 0,
      classCode: 0x038000,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
    });
    this.options = options;
    this.shown = { kind: 'blank', ...options.preferred };
    this.mmio = new BochsMmio('bochs-display', makeEdid(options.preferred), {
      read: (index) => this.read(index),
      write: (index, value) => this.write(index, value),
    });
    this.addMemoryBar({ index: 0, size: options.memory.size, prefetchable: true }, options.slot);
    this.addBar({ index: 2, space: 'memory', size: BOCHS_MMIO_BYTES }, this.mmio.region);
  }

  private read(index: number): number {
    if (index === I.ID) return ID;
    if (index === I.VIDEO_MEMORY_64K) return this.options.memory.size / UNIT;
    return index < REGISTERS ? this.values[index] : NO_REGISTER;
  }

  private write(index: number, value: number): void {
    if (index >= REGISTERS) return;
    this.values[index] = value;
    this.show();
  }

  private show(): void {
    const next = this.mode();
    if (!next) return;
    this.shown = next;
    this.options.changed();
  }

  /** What the registers show; null: nothing that there could be. */
  private mode(): Scanout | null {
    const { values } = this;
    const { memory } = this.options;
    const [width, height] = [values[I.XRES], values[I.YRES]];
    const bytes = { 16: 2, 32: 4 }[values[I.BPP]];
    if (!(values[I.ENABLE] & ENABLED) || !bytes || width < SIZE_MIN || height < SIZE_MIN) return null;
    const stride = Math.max(values[I.VIRT_WIDTH], width) * bytes;
    const start = values[I.X_OFFSET] * bytes + values[I.Y_OFFSET] * stride;
    if (start + height * stride > memory.size) return null;
    return {
      kind: 'graphics',
      width,
      height,
      memory,
      wrap: memory.size,
      format: bytes === 2 ? 'rgb16' : 'rgb32',
      lines: Uint32Array.from({ length: height }, (_, y) => start + y * stride),
      doubling: 0,
      panning: new Uint8Array(height),
      planes: 0,
      palette: NO_PALETTE,
    };
  }

  /** What is on the screen. */
  scanout(): Scanout {
    return this.shown;
  }

  override reset(): void {
    super.reset();
    this.values.fill(0);
    this.mmio.reset();
    this.shown = { kind: 'blank', ...this.options.preferred };
    this.options.changed();
  }

  override save(): SavedState {
    return { ...super.save(), values: [...this.values], order: this.mmio.order };
  }

  override restore(state: SavedState): void {
    const reader = this.reader(state);
    const values = reader.uints('values', 16, REGISTERS);
    const order = reader.uint('order', 32);
    if (values.length !== REGISTERS) throw reader.error('values', `${REGISTERS} registers`);
    if (!isByteOrder(order)) throw reader.error('order', 'a byte order');
    super.restore(state);
    this.values.set(values);
    this.mmio.order = order;
    this.shown = { kind: 'blank', ...this.options.preferred };
    this.show();
  }
}

const NO_PALETTE = new Uint32Array(256);
