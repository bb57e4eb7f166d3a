/** Cylinders, heads and sectors of a disk. */
export interface Geometry {
  cylinders: number;
  heads: number;
  /** Sectors per track, counted from 1. */
  sectors: number;
}

const HEADS = 16;
const SECTORS = 63;
/** What a partition table's entry looks like. */
const TABLE = 0x1be;
const ENTRY = 16;
const CYLINDERS_MAX = 16383;

/**
 * A disk's geometry: the one that its partition table was written for, if that has as few heads as an ATA disk can have, else 16 heads
 * and 63 sectors. BIOSes and partition tools guess it in the same way (QEMU: hw/block/hd-geometry.c).
 * @param first the disk's first sector
 */
export function guessGeometry(total: number, first: Uint8Array | null): Geometry {
  const standard = {
    cylinders: Math.min(Math.max(Math.floor(total / (HEADS * SECTORS)), 2), CYLINDERS_MAX),
    heads: HEADS,
    sectors: SECTORS,
  };
  if (!first || first.length < 512 || first[510] !== 0x55 || first[511] !== 0xaa) return standard;
  for (let i = 0; i < 4; i++) {
    const entry = first.subarray(TABLE + i * ENTRY, TABLE + (i + 1) * ENTRY);
    const size = entry[12] + entry[13] * 0x100 + entry[14] * 0x10000 + entry[15] * 0x1000000;
    if (size === 0 || entry[5] === 0) continue;
    // The last sector of a partition has the highest head and the highest sector.
    const heads = entry[5] + 1;
    const sectors = entry[6] & 63;
    if (sectors === 0) continue;
    const cylinders = Math.floor(total / (heads * sectors));
    if (cylinders < 1 || cylinders > CYLINDERS_MAX) continue;
    return heads > HEADS ? standard : { cylinders, heads, sectors };
  }
  return standard;
}
