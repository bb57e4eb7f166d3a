/**
 * Bochs's dispi interface: linear modes of the std VGA.
 * Specification: QEMU, docs/specs/standard-vga.rst; Bochs, "VBE display interface"; values that do not fit become the nearest that do, as in QEMU 7.2.
 */
import type { PixelFormat } from '../../core/scanout.ts';
import { type SavedState, StateReader } from '../device.ts';
import type { VgaRegisters } from './vga-registers.ts';

export const DISPI_INDEX = {
  ID: 0,
  XRES: 1,
  YRES: 2,
  BPP: 3,
  ENABLE: 4,
  BANK: 5,
  VIRT_WIDTH: 6,
  VIRT_HEIGHT: 7,
  X_OFFSET: 8,
  Y_OFFSET: 9,
  VIDEO_MEMORY_64K: 10,
} as const;
const I = DISPI_INDEX;
const REGISTERS = 10;

const ID_FIRST = 0xb0c0;
const ID_NEWEST = 0xb0c5;

const ENABLED = 0x01;
const GET_CAPABILITIES = 0x02;
const DAC_8_BITS = 0x20;
const KEEP_MEMORY = 0x80;

const WIDTH_MAX = 16000;
const HEIGHT_MAX = 12000;
const BPP_MAX = 32;
const BANK = 0x10000;

export interface DispiOptions {
  registers: VgaRegisters;
  /** The video memory. */
  memory: Uint8Array;
  /** The guest is in an exit: what is shown, and what the window shows, is another one. */
  changed: () => void;
  /** Bytes of video memory that the host has cleared, from its start. */
  cleared: (bytes: number) => void;
}

export class Dispi {
  private readonly options: DispiOptions;
  private index = 0;
  private readonly values = new Uint16Array(REGISTERS);

  constructor(options: DispiOptions) {
    this.options = options;
    this.values[I.ID] = ID_NEWEST;
  }

  get enabled(): boolean {
    return (this.values[I.ENABLE] & ENABLED) !== 0;
  }

  get width(): number {
    return this.values[I.XRES];
  }

  get height(): number {
    return this.values[I.YRES];
  }

  /** The DAC's colours have 8 bits. */
  get wideDac(): boolean {
    return (this.values[I.ENABLE] & DAC_8_BITS) !== 0;
  }

  get format(): PixelFormat {
    const bpp = this.values[I.BPP];
    if (bpp === 15) return 'rgb15';
    if (bpp === 16) return 'rgb16';
    if (bpp === 24) return 'rgb24';
    return bpp === 32 ? 'rgb32' : 'indexed';
  }

  get lineBytes(): number {
    return (this.values[I.VIRT_WIDTH] * this.bits) >> 3;
  }

  /** Address of the first pixel, a multiple of 4. */
  get start(): number {
    const offset = ((this.values[I.X_OFFSET] * this.bits) >> 3) + this.values[I.Y_OFFSET] * this.lineBytes;
    return offset & ~3;
  }

  /** Bits that a pixel takes. */
  private get bits(): number {
    const bpp = this.values[I.BPP];
    return bpp === 15 ? 16 : bpp;
  }

  readIndex(): number {
    return this.index;
  }

  writeIndex(value: number): void {
    this.index = value & 0xffff;
  }

  readData(): number {
    return this.read(this.index);
  }

  writeData(value: number): void {
    this.write(this.index, value & 0xffff);
  }

  read(index: number): number {
    if (index === I.VIDEO_MEMORY_64K) return this.options.memory.length / BANK;
    if (index >= REGISTERS) return 0;
    if (this.values[I.ENABLE] & GET_CAPABILITIES) {
      if (index === I.XRES) return WIDTH_MAX;
      if (index === I.YRES) return HEIGHT_MAX;
      if (index === I.BPP) return BPP_MAX;
    }
    return this.values[index];
  }

  write(index: number, value: number): void {
    const { values, options } = this;
    switch (index) {
      case I.ID:
        if (value >= ID_FIRST && value <= ID_NEWEST) values[I.ID] = value;
        return;
      case I.XRES:
      case I.YRES:
      case I.BPP:
      case I.VIRT_WIDTH:
      case I.X_OFFSET:
      case I.Y_OFFSET:
        values[index] = value;
        this.fit();
        break;
      case I.BANK: {
        const banks = options.memory.length / BANK;
        values[I.BANK] = value & ((values[I.BPP] === 4 ? banks >> 2 : banks) - 1);
        options.registers.bank = values[I.BANK] * BANK;
        break;
      }
      case I.ENABLE:
        this.enable(value);
        break;
      default:
        return;
    }
    options.changed();
  }

  private enable(value: number): void {
    const { values, options } = this;
    if (!(value & ENABLED)) options.registers.bank = 0;
    else if (!this.enabled) {
      values[I.VIRT_WIDTH] = 0;
      values[I.X_OFFSET] = 0;
      values[I.Y_OFFSET] = 0;
      values[I.ENABLE] |= ENABLED;
      this.fit();
      if (!(value & KEEP_MEMORY)) {
        const bytes = values[I.YRES] * this.lineBytes;
        options.memory.fill(0, 0, bytes);
        options.cleared(bytes);
      }
      this.setVga();
    }
    values[I.ENABLE] = value;
  }

  /** Puts the VGA itself into a graphics mode of this size, which drivers of the VGA may look at. */
  private setVga(): void {
    const { registers: r } = this.options;
    const last = this.height - 1;
    r.setGr(6, (r.gr(6) & ~0x0c) | 0x05);
    r.setCr(0x17, r.cr(0x17) | 3);
    r.setCr(0x13, (this.lineBytes >> 3) & 0xff);
    r.setCr(0x01, ((this.width >> 3) - 1) & 0xff);
    r.setCr(0x12, last & 0xff);
    r.setCr(0x07, (r.cr(0x07) & ~0x42) | ((last >> 7) & 0x02) | ((last >> 3) & 0x40) | 0x10);
    r.setCr(0x18, 0xff);
    r.setCr(0x09, (r.cr(0x09) & ~0x9f) | 0x40);
    if (this.values[I.BPP] === 4) r.setSr(1, r.sr(1) & ~8);
    else {
      r.setSr(4, r.sr(4) | 0x08);
      r.setSr(2, r.sr(2) | 0x0f);
    }
    r.setGr(5, (r.gr(5) & ~0x60) | (this.values[I.BPP] === 4 ? 0 : 0x40));
  }

  /** Makes the mode one that exists and fits the memory. */
  private fit(): void {
    if (!this.enabled) return;
    const { values, options } = this;
    if (![4, 8, 15, 16, 24, 32].includes(values[I.BPP])) values[I.BPP] = 8;
    values[I.XRES] = Math.min(Math.max(values[I.XRES] & ~7, 8), WIDTH_MAX);
    values[I.VIRT_WIDTH] = Math.max(Math.min(values[I.VIRT_WIDTH] & ~7, WIDTH_MAX), values[I.XRES]);
    const rows = Math.floor(options.memory.length / this.lineBytes);
    values[I.YRES] = Math.min(Math.max(values[I.YRES], 1), HEIGHT_MAX, rows);
    values[I.X_OFFSET] = Math.min(values[I.X_OFFSET], WIDTH_MAX);
    values[I.Y_OFFSET] = Math.min(values[I.Y_OFFSET], HEIGHT_MAX);
    const fits = (): boolean => {
      const x = (values[I.X_OFFSET] * this.bits) >> 3;
      return x + (values[I.Y_OFFSET] + values[I.YRES]) * this.lineBytes <= options.memory.length;
    };
    if (!fits()) values[I.Y_OFFSET] = 0;
    if (!fits()) values[I.X_OFFSET] = 0;
    values[I.VIRT_HEIGHT] = rows;
  }

  reset(): void {
    this.index = 0;
    this.values.fill(0);
    this.values[I.ID] = ID_NEWEST;
  }

  save(): SavedState {
    return { version: 1, index: this.index, values: [...this.values] };
  }

  restore(state: SavedState): void {
    const reader = new StateReader('dispi', 1, state);
    const index = reader.uint('index', 16);
    const values = state['values'];
    const fine =
      Array.isArray(values) &&
      values.length === REGISTERS &&
      values.every((value) => Number.isInteger(value) && value >= 0 && value <= 0xffff);
    if (!fine) throw reader.error('values', `${REGISTERS} numbers of 16 bits`);
    this.index = index;
    this.values.set(values as number[]);
    this.fit();
  }
}
