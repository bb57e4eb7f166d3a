/** Small ISO 9660 images (ECMA-119), with a boot sector by El Torito (Phoenix and IBM, version 1.0). */

const SECTOR = 2048;
const PRIMARY = 16;
const BOOT_RECORD = 17;
const TERMINATOR = 18;
const BOOT_CATALOG = 19;
const ROOT = 20;
const DATA = 21;

/** 32 bits in both orders. */
function both32(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32LE(value, at);
  buffer.writeUInt32BE(value, at + 4);
}

function both16(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt16LE(value, at);
  buffer.writeUInt16BE(value, at + 2);
}

/** A directory record: 9.1. */
function record(name: Buffer, sector: number, bytes: number, directory: boolean): Buffer {
  const buffer = Buffer.alloc(33 + name.length + ((name.length + 1) & 1));
  buffer[0] = buffer.length;
  both32(buffer, 2, sector);
  both32(buffer, 10, bytes);
  buffer.set([126, 1, 1, 0, 0, 0, 0], 18);
  buffer[25] = directory ? 2 : 0;
  both16(buffer, 28, 1);
  buffer[32] = name.length;
  name.copy(buffer, 33);
  return buffer;
}

/**
 * @param files by name, in capitals: `HELLO.TXT`
 * @param boot a boot sector, started without emulation of a disk
 */
export function isoImage(files: Readonly<Record<string, Buffer>>, boot?: Buffer): Buffer {
  const sectorsOf = (bytes: number): number => Math.ceil(bytes / SECTOR);
  const extents: { name: string; content: Buffer; sector: number }[] = [];
  let next = DATA;
  for (const [name, content] of Object.entries(boot ? { ...files, 'BOOT.BIN': boot } : files).sort()) {
    extents.push({ name: `${name};1`, content, sector: next });
    next += sectorsOf(content.length);
  }
  const image = Buffer.alloc(next * SECTOR);
  const root = Buffer.concat([
    record(Buffer.from([0]), ROOT, SECTOR, true),
    record(Buffer.from([1]), ROOT, SECTOR, true),
    ...extents.map(({ name, content, sector }) => record(Buffer.from(name), sector, content.length, false)),
  ]);
  root.copy(image, ROOT * SECTOR);
  for (const { content, sector } of extents) content.copy(image, sector * SECTOR);

  const descriptor = (sector: number, type: number): Buffer => {
    const buffer = image.subarray(sector * SECTOR, (sector + 1) * SECTOR);
    buffer[0] = type;
    buffer.write('CD001\x01', 1, 'latin1');
    return buffer;
  };
  const primary = descriptor(PRIMARY, 1);
  primary.fill(' ', 8, 72);
  primary.write('SNOWGLOBE', 40);
  both32(primary, 80, next);
  both16(primary, 120, 1);
  both16(primary, 124, 1);
  both16(primary, 128, SECTOR);
  record(Buffer.from([0]), ROOT, SECTOR, true).copy(primary, 156);
  primary.fill(' ', 190, 813);
  primary[881] = 1;
  descriptor(TERMINATOR, 255);
  if (!boot) {
    descriptor(BOOT_RECORD, 255);
    return image;
  }
  const record17 = descriptor(BOOT_RECORD, 0);
  record17.write('EL TORITO SPECIFICATION', 7);
  record17.writeUInt32LE(BOOT_CATALOG, 71);
  const catalog = image.subarray(BOOT_CATALOG * SECTOR, (BOOT_CATALOG + 1) * SECTOR);
  // The validation entry, whose words add up to 0, then the default entry: bootable, no emulation, four sectors of 512 bytes.
  catalog[0] = 1;
  catalog.writeUInt16LE(0xaa55, 30);
  catalog.writeUInt16LE(0x10000 - 0xaa55 - 1, 28);
  catalog[32] = 0x88;
  catalog.writeUInt16LE(4, 38);
  catalog.writeUInt32LE(extents.find(({ name }) => name === 'BOOT.BIN;1')!.sector, 40);
  return image;
}
