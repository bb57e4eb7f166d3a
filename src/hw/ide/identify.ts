/** What IDENTIFY DEVICE and IDENTIFY PACKET DEVICE answer: ATA/ATAPI-7 volume 1, 6.17 and 6.18. The devices are QEMU's, by name and by what they promise. */
import type { Geometry } from './geometry.ts';

export interface DiskIdentity {
  sectors: number;
  /** Geometry by default, and the one that INITIALIZE DEVICE PARAMETERS set. */
  geometry: Geometry;
  current: Geometry;
  /** Sectors of one DRQ block of READ MULTIPLE; 0: the command is off. */
  multiple: number;
  /** Transfer modes that SET FEATURES chose: one bit each of words 63 and 88. */
  multiwordMode: number | null;
  ultraMode: number | null;
  writeCache: boolean;
  serial: string;
}

const MULTIPLE_MAX = 16;
/** Capacity that 28 bits can address. */
const LBA28_MAX = 0x0fffffff;

class Words {
  readonly bytes = new Uint8Array(512);

  set(index: number, value: number): void {
    this.bytes[2 * index] = value & 0xff;
    this.bytes[2 * index + 1] = (value >> 8) & 0xff;
  }

  set32(index: number, value: number): void {
    this.set(index, value % 0x10000);
    this.set(index + 1, Math.floor(value / 0x10000) % 0x10000);
  }

  /** Two characters a word, the first one in the high byte. */
  text(index: number, words: number, text: string): void {
    const padded = text.padEnd(2 * words, ' ');
    for (let i = 0; i < words; i++) {
      this.set(index + i, (padded.charCodeAt(2 * i) << 8) | padded.charCodeAt(2 * i + 1));
    }
  }
}

const bitOf = (mode: number | null): number => (mode === null ? 0 : 1 << mode);

export function identifyDisk(disk: DiskIdentity): Uint8Array {
  const words = new Words();
  const { geometry, current, sectors } = disk;
  words.set(0, 0x0040);
  words.set(1, geometry.cylinders);
  words.set(3, geometry.heads);
  words.set(4, 512 * geometry.sectors);
  words.set(5, 512);
  words.set(6, geometry.sectors);
  words.text(10, 10, disk.serial);
  words.set(20, 3);
  words.set(21, 512);
  words.set(22, 4);
  words.text(23, 4, '2.5+');
  words.text(27, 20, 'QEMU HARDDISK');
  words.set(47, 0x8000 | MULTIPLE_MAX);
  words.set(48, 1);
  words.set(49, 0x0b00);
  words.set(51, 0x0200);
  words.set(52, 0x0200);
  words.set(53, 0x0007);
  words.set(54, current.cylinders);
  words.set(55, current.heads);
  words.set(56, current.sectors);
  words.set32(57, current.cylinders * current.heads * current.sectors);
  if (disk.multiple > 0) words.set(59, 0x0100 | disk.multiple);
  words.set32(60, Math.min(sectors, LBA28_MAX));
  words.set(62, 0x0007);
  words.set(63, 0x0007 | (bitOf(disk.multiwordMode) << 8));
  words.set(64, 0x0003);
  for (let i = 65; i <= 68; i++) words.set(i, 120);
  // TRIM, after which sectors read the same each time.
  words.set(69, 0x4000);
  words.set(80, 0x00f0);
  words.set(81, 0x0016);
  words.set(82, 0x4021);
  words.set(83, 0x7400);
  words.set(84, 0x4000);
  words.set(85, 0x4001 | (disk.writeCache ? 0x20 : 0));
  words.set(86, 0x3400);
  words.set(87, 0x4000);
  words.set(88, 0x003f | (bitOf(disk.ultraMode) << 8));
  words.set(93, 0x6001);
  words.set32(100, sectors);
  words.set(102, Math.floor(sectors / 2 ** 32));
  words.set(106, 0x6000);
  words.set(169, 0x0001);
  return words.bytes;
}

export function identifyCdrom(options: { serial: string }): Uint8Array {
  const words = new Words();
  // ATAPI, CD-ROM, removable, DRQ within 50 µs, packets of 12 bytes.
  words.set(0, 0x85c0);
  words.text(10, 10, options.serial);
  words.set(20, 3);
  words.set(21, 512);
  words.set(22, 4);
  words.text(23, 4, '2.5+');
  words.text(27, 20, 'QEMU DVD-ROM');
  words.set(48, 1);
  words.set(49, 0x0300);
  words.set(53, 0x0007);
  words.set(62, 0x0007);
  words.set(63, 0x0007);
  words.set(64, 0x0003);
  words.set(65, 0x00b4);
  words.set(66, 0x00b4);
  words.set(67, 0x012c);
  words.set(68, 0x00b4);
  words.set(71, 30);
  words.set(72, 30);
  words.set(80, 0x001e);
  words.set(88, 0x203f);
  return words.bytes;
}
