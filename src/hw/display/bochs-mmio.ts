import type { MmioRegion } from '../device.ts';

export const BOCHS_MMIO_BYTES = 0x1000;
const EDID_AREA = 0x100;
const DISPI_OFFSET = 0x500;
const DISPI_BYTES = 0x16;
const EXTENSION_OFFSET = 0x600;
const EXTENSION_BYTES = 8;
const EXTENSION_ORDER = 4;
const LITTLE_ENDIAN = 0x1e1e1e1e;
const BIG_ENDIAN = 0xbebebebe;

/** Whether a saved byte order is one. */
export const isByteOrder = (value: number): boolean => value === LITTLE_ENDIAN || value === BIG_ENDIAN;

/** Dispi's registers, by their numbers. */
export interface DispiRegisters {
  read(index: number): number;
  write(index: number, value: number): void;
}

/**
 * The registers in memory that QEMU's displays have: EDID at 0, dispi's at 0x500, QEMU's own at 0x600.
 * Specification: QEMU, docs/specs/standard-vga.rst. The register that chooses the byte order keeps its value, which is all it does.
 */
export class BochsMmio {
  order = LITTLE_ENDIAN;
  readonly region: MmioRegion;
  private readonly edid: Uint8Array;
  private readonly dispi: DispiRegisters;

  /** @param size bytes of the block */
  constructor(name: string, edid: Uint8Array, dispi: DispiRegisters, size = BOCHS_MMIO_BYTES) {
    this.edid = edid;
    this.dispi = dispi;
    this.region = {
      name,
      size,
      accessMin: 1,
      accessMax: 4,
      spacing: 1,
      // Firmware reads the EDID byte by byte.
      registers: [...edid.subarray(0, EDID_AREA)].map((value, offset) => ({
        offset,
        name: `EDID_${offset}`,
        read: 'shadow',
        write: 'exit',
        value,
      })),
      read: (offset, width) => this.read(offset, width),
      write: (offset, width, value) => this.write(offset, width, value),
    };
  }

  private read(offset: number, size: number): number {
    if (offset < EDID_AREA) {
      let value = 0;
      for (let i = 0; i < size; i++) value += (this.edid[offset + i] ?? 0) * 2 ** (8 * i);
      return value;
    }
    const dispi = offset - DISPI_OFFSET;
    if (dispi >= 0 && dispi < DISPI_BYTES) return narrow(this.dispi.read(dispi >> 1), dispi & 1, size);
    const extension = offset - EXTENSION_OFFSET;
    if (extension >= 0 && extension < EXTENSION_BYTES) {
      const value = extension < EXTENSION_ORDER ? EXTENSION_BYTES : this.order;
      return narrow(value, extension & 3, size);
    }
    return 2 ** (8 * size) - 1;
  }

  private write(offset: number, size: number, value: number): void {
    const dispi = offset - DISPI_OFFSET;
    // Registers of 16 bits: other sizes are none.
    if (dispi >= 0 && dispi < DISPI_BYTES && size === 2 && dispi % 2 === 0)
      this.dispi.write(dispi >> 1, value);
    if (offset === EXTENSION_OFFSET + EXTENSION_ORDER && isByteOrder(value)) this.order = value;
  }

  reset(): void {
    this.order = LITTLE_ENDIAN;
  }
}

const narrow = (value: number, byte: number, size: number): number =>
  Math.floor(value / 2 ** (8 * byte)) % 2 ** (8 * size);
