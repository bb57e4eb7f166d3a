/** Floppy formats by the size of their images. */
export interface FloppyGeometry {
  tracks: number;
  heads: number;
  sectors: number;
  /** Data rates at which it can be read, as in the rate registers: 0 500 kbit/s, 1 300, 2 250, 3 1000. */
  rates: readonly number[];
  /** Type of the drive that takes it, as in CMOS byte 0x10: 2 5.25" 1.2 MB, 4 3.5" 1.44 MB, 5 3.5" 2.88 MB. */
  drive: number;
}

const SECTOR = 512;
const DRIVE_1200 = 2;
const DRIVE_1440 = 4;
const DRIVE_2880 = 5;
const HIGH = [0];
const LOW = [1, 2];
const EXTRA = [3];

const FORMATS: readonly (readonly [number, number, number, readonly number[], number])[] = [
  [40, 1, 8, LOW, DRIVE_1200],
  [40, 1, 9, LOW, DRIVE_1200],
  [40, 2, 8, LOW, DRIVE_1200],
  [40, 2, 9, LOW, DRIVE_1200],
  [80, 2, 9, LOW, DRIVE_1440],
  [80, 2, 15, HIGH, DRIVE_1200],
  [80, 2, 18, HIGH, DRIVE_1440],
  [80, 2, 21, HIGH, DRIVE_1440],
  [82, 2, 21, HIGH, DRIVE_1440],
  [80, 2, 36, EXTRA, DRIVE_2880],
];

export const floppyBytes = ({ tracks, heads, sectors }: FloppyGeometry): number =>
  tracks * heads * sectors * SECTOR;

/** The format of an image: the smallest that it fits into. Null: it is larger than any floppy. */
export function floppyGeometry(size: number): FloppyGeometry | null {
  for (const [tracks, heads, sectors, rates, drive] of FORMATS) {
    const geometry = { tracks, heads, sectors, rates, drive };
    if (size <= floppyBytes(geometry)) return geometry;
  }
  return null;
}
