import type { MmioRegion } from '../hw/device.ts';

/**
 * Carries out an access of any width on a region that accepts only some: wider ones are split into accesses of the
 * largest width, lowest address first; narrower ones become one of the smallest width, of which the bytes in question
 * are taken (reads) or at which they are placed, the others being 0 (writes). This is what QEMU's memory core does for
 * little-endian regions, except that it hands a narrow access's own offset to the device. Bytes beyond the region read
 * as 0 and ignore writes.
 *
 * @param size 1, 2, 4 or 8
 */
export function mmioRead(region: MmioRegion, offset: number, size: number): bigint {
  const width = clamp(size, region.accessMin, region.accessMax);
  if (width > size) {
    const aligned = offset - (offset % width);
    const value = BigInt(region.read(aligned, width)) >> BigInt(8 * (offset - aligned));
    return BigInt.asUintN(8 * size, value);
  }
  let value = 0n;
  for (let i = 0; i < size && offset + i < region.size; i += width) {
    value |= BigInt.asUintN(8 * width, BigInt(region.read(offset + i, width))) << BigInt(8 * i);
  }
  return value;
}

/** See {@link mmioRead}. */
export function mmioWrite(region: MmioRegion, offset: number, size: number, value: bigint): void {
  const width = clamp(size, region.accessMin, region.accessMax);
  if (width > size) {
    const aligned = offset - (offset % width);
    const placed = BigInt.asUintN(8 * size, value) << BigInt(8 * (offset - aligned));
    region.write(aligned, width, Number(BigInt.asUintN(8 * width, placed)));
    return;
  }
  for (let i = 0; i < size && offset + i < region.size; i += width) {
    region.write(offset + i, width, Number(BigInt.asUintN(8 * width, value >> BigInt(8 * i))));
  }
}

function clamp(size: number, min: number, max: number): number {
  return Math.min(Math.max(size, min), max);
}
