import { describe, expect, it } from 'vitest';
import type { MmioRegion } from '../hw/device.ts';
import { mmioRead, mmioWrite } from './mmio-access.ts';

/** A region over plain bytes that records how it is accessed. */
function region(accessMin: number, accessMax: number) {
  const bytes = Uint8Array.from([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
  const log: string[] = [];
  const mmio: MmioRegion = {
    name: 'bytes',
    size: 8,
    accessMin,
    accessMax,
    spacing: 1,
    registers: [],
    read(offset, size) {
      log.push(`r${size}@${offset}`);
      let value = 0;
      for (let i = 0; i < size; i++) value += bytes[offset + i] * 2 ** (8 * i);
      return value;
    },
    write(offset, size, value) {
      log.push(`w${size}@${offset}=${value.toString(16)}`);
    },
  };
  return { mmio, log };
}

describe('mmio accesses', () => {
  it('pass through in a width that the device takes', () => {
    const { mmio, log } = region(1, 4);
    expect(mmioRead(mmio, 4, 4)).toBe(0x88776655n);
    mmioWrite(mmio, 2, 2, 0xffff_1234n);
    expect(log).toEqual(['r4@4', 'w2@2=1234']);
  });

  it('are split, lowest address first, when wider than the device takes', () => {
    const { mmio, log } = region(1, 2);
    expect(mmioRead(mmio, 0, 8)).toBe(0x8877665544332211n);
    mmioWrite(mmio, 4, 4, 0xdeadbeefn);
    expect(log).toEqual(['r2@0', 'r2@2', 'r2@4', 'r2@6', 'w2@4=beef', 'w2@6=dead']);
  });

  it('are widened and cut when narrower than the device takes', () => {
    const { mmio, log } = region(4, 4);
    expect(mmioRead(mmio, 6, 1)).toBe(0x77n);
    expect(mmioRead(mmio, 2, 2)).toBe(0x4433n);
    mmioWrite(mmio, 5, 1, 0xabn);
    expect(log).toEqual(['r4@4', 'r4@0', 'w4@4=ab00']);
  });

  it('read 0 and write nothing beyond the region', () => {
    const { mmio, log } = region(4, 4);
    expect(mmioRead(mmio, 4, 8)).toBe(0x88776655n);
    mmioWrite(mmio, 4, 8, 1n);
    expect(log).toEqual(['r4@4', 'w4@4=1']);
  });
});
