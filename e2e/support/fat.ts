/** Small FAT16 disks without partitions (Microsoft, FAT32 File System Specification 1.03, which describes FAT16 too), as UEFI firmware boots them. */

const SECTOR = 512;
const CLUSTER = 4 * SECTOR;
const SECTORS = 32_768;
const RESERVED = 1;
const ROOT_ENTRIES = 512;
const FAT_SECTORS = 32;
const FATS_AT = RESERVED * SECTOR;
const ROOT_AT = FATS_AT + 2 * FAT_SECTORS * SECTOR;
const DATA_AT = ROOT_AT + ROOT_ENTRIES * 32;
const MEDIA = 0xf8;
const END_OF_CHAIN = 0xffff;
const DIRECTORY = 0x10;
const ARCHIVE = 0x20;

/** A folder's name → its content; names in capitals, 8.3. */
export interface FatFolder {
  [name: string]: FatFolder | Buffer;
}

/** An image of 16 MiB. */
export function fatImage(files: FatFolder): Buffer {
  const image = Buffer.alloc(SECTORS * SECTOR);
  image.set([0xeb, 0x3c, 0x90]);
  image.write('MSDOS5.0', 3, 'latin1');
  image.writeUInt16LE(SECTOR, 11);
  image[13] = CLUSTER / SECTOR;
  image.writeUInt16LE(RESERVED, 14);
  image[16] = 2;
  image.writeUInt16LE(ROOT_ENTRIES, 17);
  image.writeUInt16LE(SECTORS, 19);
  image[21] = MEDIA;
  image.writeUInt16LE(FAT_SECTORS, 22);
  image.writeUInt16LE(63, 24);
  image.writeUInt16LE(255, 26);
  image[36] = 0x80;
  image[38] = 0x29;
  image.write('SNOWGLOBE  FAT16   ', 43, 'latin1');
  image.writeUInt16LE(0xaa55, SECTOR - 2);

  const setNext = (cluster: number, next: number): void => {
    for (const fat of [0, 1]) image.writeUInt16LE(next, FATS_AT + fat * FAT_SECTORS * SECTOR + cluster * 2);
  };
  setNext(0, 0xff00 | MEDIA);
  setNext(1, END_OF_CHAIN);
  let free = 2;
  /** Puts bytes into clusters of their own, and returns the first. */
  const put = (bytes: Buffer): number => {
    const first = free;
    free += Math.max(1, Math.ceil(bytes.length / CLUSTER));
    for (let cluster = first; cluster < free; cluster++) {
      setNext(cluster, cluster + 1 < free ? cluster + 1 : END_OF_CHAIN);
    }
    bytes.copy(image, DATA_AT + (first - 2) * CLUSTER);
    return first;
  };
  const entry = (name: string, attributes: number, cluster: number, bytes: number): Buffer => {
    const record = Buffer.alloc(32);
    record.write(name, 'latin1');
    record[11] = attributes;
    record.writeUInt16LE(cluster, 26);
    record.writeUInt32LE(bytes, 28);
    return record;
  };
  const shortName = (name: string): string => {
    const [stem, extension = ''] = name.split('.');
    return stem.padEnd(8) + extension.padEnd(3);
  };
  /** The records of what is in a folder whose own cluster is `own`, 0 for the root. */
  const records = (folder: FatFolder, own: number): Buffer =>
    Buffer.concat(
      Object.entries(folder).map(([name, content]) => {
        if (Buffer.isBuffer(content)) return entry(shortName(name), ARCHIVE, put(content), content.length);
        const cluster = put(Buffer.alloc(CLUSTER));
        const dots = [
          entry('.'.padEnd(11), DIRECTORY, cluster, 0),
          entry('..'.padEnd(11), DIRECTORY, own, 0),
        ];
        Buffer.concat([...dots, records(content, cluster)]).copy(image, DATA_AT + (cluster - 2) * CLUSTER);
        return entry(shortName(name), DIRECTORY, cluster, 0);
      }),
    );
  records(files, 0).copy(image, ROOT_AT);
  return image;
}
