/** The VGA's registers in the shared memory, which the vCPU's worker answers (assembly/vga/registers.ts). */
import * as L from '../../memory/layout.gen.ts';

const BYTES = L.VGA_SAVED_END - L.VGA_BASE;
/** 6 bits of the DAC to 8: the lowest bit is repeated, as in QEMU. */
const widen = (value: number): number => ((value & 0x3f) << 2) | ((value & 1) * 3);
const OPAQUE = 0xff00_0000;

export class VgaRegisters {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  /** @param shared all of the machine's memory */
  constructor(shared: Uint8Array) {
    this.bytes = shared.subarray(L.VGA_BASE, L.VGA_SAVED_END);
    this.view = new DataView(shared.buffer, shared.byteOffset + L.VGA_BASE, BYTES);
  }

  private at(address: number): number {
    return this.bytes[address - L.VGA_BASE];
  }

  sr(index: number): number {
    return this.at(L.VGA_SR + index);
  }

  gr(index: number): number {
    return this.at(L.VGA_GR + index);
  }

  ar(index: number): number {
    return this.at(L.VGA_AR + index);
  }

  cr(index: number): number {
    return this.at(L.VGA_CR + index);
  }

  /** The palette belongs to the screen: the picture is on. */
  get isOn(): boolean {
    return (this.at(L.VGA_AR_INDEX) & 0x20) !== 0;
  }

  setSr(index: number, value: number): void {
    this.bytes[L.VGA_SR - L.VGA_BASE + index] = value;
  }

  setGr(index: number, value: number): void {
    this.bytes[L.VGA_GR - L.VGA_BASE + index] = value;
  }

  setAr(index: number, value: number): void {
    this.bytes[L.VGA_AR - L.VGA_BASE + index] = value;
  }

  setCr(index: number, value: number): void {
    this.bytes[L.VGA_CR - L.VGA_BASE + index] = value;
  }

  setMisc(value: number): void {
    this.bytes[L.VGA_MISC - L.VGA_BASE] = value;
  }

  setAttributeIndex(value: number): void {
    this.bytes[L.VGA_AR_INDEX - L.VGA_BASE] = value;
  }

  /** @param colors red, green and blue of each entry */
  setDac(colors: Uint8Array): void {
    this.bytes.set(colors, L.VGA_DAC - L.VGA_BASE);
  }

  set bank(bytes: number) {
    this.view.setUint32(L.VGA_BANK - L.VGA_BASE, bytes, true);
  }

  /** One colour of the DAC, after the PEL mask. */
  color(index: number, wide: boolean): number {
    const { bytes } = this;
    const at = L.VGA_DAC - L.VGA_BASE + (index & this.at(L.VGA_DAC_MASK)) * 3;
    const red = bytes[at];
    const green = bytes[at + 1];
    const blue = bytes[at + 2];
    return wide
      ? (OPAQUE | (blue << 16) | (green << 8) | red) >>> 0
      : (OPAQUE | (widen(blue) << 16) | (widen(green) << 8) | widen(red)) >>> 0;
  }

  /** The DAC's entry that a colour of the attribute controller stands for (IBM, "Color Select Register"). */
  attribute(color: number): number {
    const value = this.ar(color);
    const select = this.ar(0x14);
    return this.ar(0x10) & 0x80
      ? ((select & 0x0f) << 4) | (value & 0x0f)
      : ((select & 0x0c) << 4) | (value & 0x3f);
  }

  /** Power-on. */
  reset(): void {
    this.bytes.fill(0);
    this.bytes[L.VGA_DAC_MASK - L.VGA_BASE] = 0xff;
  }

  save(): number[] {
    return [...this.bytes];
  }

  restore(bytes: readonly number[]): void {
    this.bytes.set(bytes);
  }

  static readonly BYTES = BYTES;
}
