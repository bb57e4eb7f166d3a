/**
 * The header of a qcow2 image, versions 2 and 3: fields, extensions, and the bounds within which an image is taken.
 * Specification: QEMU's docs/interop/qcow2.txt, "Header".
 */

export const QCOW2_MAGIC = 0x514649fb;

/** Incompatible features: bits of byte 79. */
export const DIRTY = 1;
export const CORRUPT = 2;
export const DATA_FILE = 4;
export const COMPRESSION_TYPE = 8;
export const EXTENDED_L2 = 16;
/** Compatible features. */
export const LAZY_REFCOUNTS = 1;
/** Features that who does not know them has to clear. */
export const BITMAPS = 1;

const EXT_BACKING_FORMAT = 0xe2792aca;
const EXT_FEATURE_NAMES = 0x6803f857;
export const EXT_BITMAPS = 0x23852875;

const V2_LENGTH = 72;
const V3_LENGTH = 104;
const NEW_LENGTH = 112;

/** QEMU's limits: a hostile header must not make us reserve memory without end. */
export const MAX_L1_BYTES = 32 << 20;
export const MAX_REFTABLE_BYTES = 8 << 20;
export const MAX_SNAPSHOTS = 65536;
export const MAX_BITMAP_BYTES = 512 << 20;
/** 65,535 bitmaps with the longest names, as in QEMU, and no more fields than are known. */
export const MAX_BITMAP_DIRECTORY = 65535 * (24 + 1024);
/** Of the L1 tables of all snapshots together: 4,096 of a disk of 1 TiB in clusters of 64 KiB. A bound of our own, on memory and time. */
export const MAX_INACTIVE_L1_BYTES = 64 << 20;

export type CompressionType = 'zlib' | 'zstd';

export interface Extension {
  type: number;
  bytes: Uint8Array;
}

export interface Header {
  version: 2 | 3;
  clusterBits: number;
  /** Of the disk, bytes. */
  size: number;
  backingFile: string | null;
  backingFormat: string | null;
  /** Entries. */
  l1Size: number;
  l1Offset: number;
  refcountTableOffset: number;
  refcountTableClusters: number;
  snapshots: number;
  snapshotsOffset: number;
  /** Bits of the three fields, 32 of each: higher ones are refused, or cleared. */
  incompatible: number;
  compatible: number;
  autoclear: number;
  refcountOrder: number;
  compressionType: CompressionType;
  /** Fields behind those that are known, kept as they are. */
  moreFields: Uint8Array;
  /** Extensions other than the backing format and the feature names, as they were found. */
  extensions: Extension[];
}

export type Parsed = { header: Header } | { problem: string };

/** Names of the bits that we know, as they are written into images. */
const FEATURES: readonly (readonly [kind: number, bit: number, name: string])[] = [
  [0, 0, 'dirty bit'],
  [0, 1, 'corrupt bit'],
  [0, 2, 'external data file'],
  [0, 3, 'compression type'],
  [0, 4, 'extended L2 entries'],
  [1, 0, 'lazy refcounts'],
  [2, 0, 'bitmaps'],
  [2, 1, 'raw external data'],
];

const HIGH = 2 ** 32;
/** A 64-bit field. Values beyond 2^53 lose bits, and are beyond every bound. */
export const readU64 = (view: DataView, at: number): number =>
  view.getUint32(at) * HIGH + view.getUint32(at + 4);
export const writeU64 = (view: DataView, at: number, value: number): void => {
  view.setUint32(at, Math.floor(value / HIGH));
  view.setUint32(at + 4, value % HIGH);
};
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const text = new TextDecoder();

/** Entries of an L1 table that covers `size` bytes. */
export function l1EntriesFor(size: number, clusterBits: number, extended: boolean): number {
  return Math.ceil(size / (2 ** clusterBits * 2 ** (clusterBits - (extended ? 4 : 3))));
}

/** Reads the first cluster of an image, or as much of it as there is. `fileSize` bounds what it points at. */
export function parseHeader(bytes: Uint8Array, fileSize: number): Parsed {
  const problem = (what: string): Parsed => ({ problem: what });
  const view = viewOf(bytes);
  if (bytes.length < V2_LENGTH || view.getUint32(0) !== QCOW2_MAGIC) return problem('it is no qcow2 image');
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3)
    return problem(`qcow2 version ${version} is not known: only 2 and 3 are`);
  if (version === 3 && bytes.length < V3_LENGTH) return problem('its header is cut off');
  const clusterBits = view.getUint32(20);
  if (clusterBits < 9 || clusterBits > 21)
    return problem(`clusters of 2^${clusterBits} bytes are not possible: 9 to 21 are`);
  const clusterSize = 2 ** clusterBits;
  const header: Header = {
    version,
    clusterBits,
    size: readU64(view, 24),
    backingFile: null,
    backingFormat: null,
    l1Size: view.getUint32(36),
    l1Offset: readU64(view, 40),
    refcountTableOffset: readU64(view, 48),
    refcountTableClusters: view.getUint32(56),
    snapshots: view.getUint32(60),
    snapshotsOffset: readU64(view, 64),
    incompatible: 0,
    compatible: 0,
    autoclear: 0,
    refcountOrder: 4,
    compressionType: 'zlib',
    moreFields: new Uint8Array(0),
    extensions: [],
  };
  const crypt = view.getUint32(32);
  if (crypt !== 0)
    return problem(`it is encrypted (${crypt === 1 ? 'AES' : 'LUKS'}), which is not supported`);
  let length = V2_LENGTH;
  let unknown: [number, number][] = [];
  if (version === 3) {
    length = view.getUint32(100);
    if (length < V3_LENGTH || length > clusterSize || length % 8 !== 0 || length > bytes.length)
      return problem(`its header is ${length} bytes long`);
    header.incompatible = view.getUint32(76);
    header.compatible = view.getUint32(84);
    header.autoclear = view.getUint32(92);
    header.refcountOrder = view.getUint32(96);
    if (header.refcountOrder > 6)
      return problem(`reference counts of 2^${header.refcountOrder} bits are not possible: 0 to 6 are`);
    unknown = bitsOf(view.getUint32(72), header.incompatible & ~0x1f);
    header.moreFields = bytes.slice(NEW_LENGTH, length);
    const type = length > V3_LENGTH ? bytes[104] : 0;
    if (type > 1) return problem(`compression type ${type} is not known: only zlib and zstd are`);
    if ((type !== 0) !== ((header.incompatible & COMPRESSION_TYPE) !== 0))
      return problem('its compression type and the bit for it contradict each other');
    header.compressionType = type === 1 ? 'zstd' : 'zlib';
  }
  const backingOffset = readU64(view, 8);
  const backingLength = view.getUint32(16);
  if (backingOffset !== 0) {
    const longest = Math.min(1023, clusterSize - length);
    if (backingLength > longest || backingOffset + backingLength > Math.min(clusterSize, bytes.length))
      return problem('the name of its backing file does not lie in the header');
    header.backingFile = text.decode(bytes.slice(backingOffset, backingOffset + backingLength));
  }
  const names = new Map<string, string>();
  const wrong = parseExtensions(bytes, length, backingOffset || clusterSize, header, names);
  if (wrong) return problem(wrong);
  if (unknown.length > 0) {
    const list = unknown.map(([bit]) => names.get(`0/${bit}`) || `bit ${bit}`);
    return problem(`it needs features that are not known here: ${list.join(', ')}`);
  }
  if (header.incompatible & DATA_FILE)
    return problem('its data lie in a file of their own (external data file), which is not supported');
  const bounds = checkBounds(header, fileSize);
  return bounds ? problem(bounds) : { header };
}

/** Bits that are set in a field of 64, as [bit, 1]. */
function bitsOf(high: number, low: number): [number, number][] {
  const bits: [number, number][] = [];
  for (let bit = 0; bit < 64; bit++)
    if (((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) !== 0) bits.push([bit, 1]);
  return bits;
}

function parseExtensions(
  bytes: Uint8Array,
  start: number,
  end: number,
  header: Header,
  names: Map<string, string>,
): string | null {
  const view = viewOf(bytes);
  const limit = Math.min(end, bytes.length);
  for (let at = start; at + 8 <= limit; ) {
    const type = view.getUint32(at);
    const length = view.getUint32(at + 4);
    if (type === 0) return null;
    at += 8;
    if (at + length > limit) return 'a header extension is longer than the header';
    const data = bytes.slice(at, at + length);
    if (type === EXT_BACKING_FORMAT) header.backingFormat = text.decode(data);
    else if (type === EXT_FEATURE_NAMES) {
      for (let entry = 0; entry + 48 <= length; entry += 48) {
        const name = text.decode(data.subarray(entry + 2, entry + 48)).replace(/\0.*$/s, '');
        names.set(`${data[entry]}/${data[entry + 1]}`, name);
      }
    } else header.extensions.push({ type, bytes: data });
    at += Math.ceil(length / 8) * 8;
  }
  return null;
}

function checkBounds(header: Header, fileSize: number): string | null {
  const clusterSize = 2 ** header.clusterBits;
  const extended = (header.incompatible & EXTENDED_L2) !== 0;
  if (extended && header.clusterBits < 14) return 'extended L2 entries need clusters of at least 16 KiB';
  // Sizes stay exact in a double, and sectors in 32 bits are not asked for.
  if (header.size > Number.MAX_SAFE_INTEGER) return 'its disk is larger than 8 PiB';
  const aligned = (offset: number): boolean => offset % clusterSize === 0;
  const inside = (offset: number, length: number): boolean => aligned(offset) && offset + length <= fileSize;
  if (header.l1Size * 8 > MAX_L1_BYTES) return 'its active L1 table is too large';
  if (header.l1Size < l1EntriesFor(header.size, header.clusterBits, extended))
    return 'its L1 table is too small';
  if (header.l1Size > 0 && !inside(header.l1Offset, 0)) return 'its L1 table is not where one can be';
  if (header.refcountTableClusters === 0) return 'it has no reference count table';
  if (header.refcountTableClusters * clusterSize > MAX_REFTABLE_BYTES)
    return 'its reference count table is too large';
  if (!inside(header.refcountTableOffset, 0)) return 'its reference count table is not where one can be';
  if (header.snapshots > MAX_SNAPSHOTS) return 'it has too many snapshots';
  if (header.snapshots > 0 && !inside(header.snapshotsOffset, header.snapshots * 40))
    return 'its snapshot table is not where one can be';
  return null;
}

/** The first cluster's beginning, with extensions and the backing file's name. @returns null: they do not fit into a cluster */
export function encodeHeader(header: Header): Uint8Array | null {
  const clusterSize = 2 ** header.clusterBits;
  const bytes = new Uint8Array(clusterSize);
  const view = viewOf(bytes);
  const v3 = header.version === 3;
  const length = v3 ? NEW_LENGTH + header.moreFields.length : V2_LENGTH;
  view.setUint32(0, QCOW2_MAGIC);
  view.setUint32(4, header.version);
  view.setUint32(20, header.clusterBits);
  writeU64(view, 24, header.size);
  view.setUint32(36, header.l1Size);
  writeU64(view, 40, header.l1Offset);
  writeU64(view, 48, header.refcountTableOffset);
  view.setUint32(56, header.refcountTableClusters);
  view.setUint32(60, header.snapshots);
  writeU64(view, 64, header.snapshotsOffset);
  if (v3) {
    view.setUint32(76, header.incompatible);
    view.setUint32(84, header.compatible);
    view.setUint32(92, header.autoclear);
    view.setUint32(96, header.refcountOrder);
    view.setUint32(100, length);
    bytes[104] = header.compressionType === 'zstd' ? 1 : 0;
    bytes.set(header.moreFields, NEW_LENGTH);
  }
  const encoder = new TextEncoder();
  const extensions: Extension[] = [];
  if (header.backingFormat !== null)
    extensions.push({ type: EXT_BACKING_FORMAT, bytes: encoder.encode(header.backingFormat) });
  if (v3) extensions.push({ type: EXT_FEATURE_NAMES, bytes: featureNames() });
  extensions.push(...header.extensions);
  let at = length;
  const name = header.backingFile === null ? new Uint8Array(0) : encoder.encode(header.backingFile);
  const total = extensions.reduce((sum, { bytes: data }) => sum + 8 + Math.ceil(data.length / 8) * 8, at);
  // Small clusters may have no room for the names of features, which nothing but messages needs.
  if (total + 8 + name.length > clusterSize) {
    const place = extensions.findIndex(({ type }) => type === EXT_FEATURE_NAMES);
    if (place >= 0) extensions.splice(place, 1);
  }
  for (const { type, bytes: data } of extensions) {
    if (at + 16 + data.length > clusterSize) return null;
    view.setUint32(at, type);
    view.setUint32(at + 4, data.length);
    bytes.set(data, at + 8);
    at += 8 + Math.ceil(data.length / 8) * 8;
  }
  at += 8;
  if (name.length > 0) {
    if (name.length > 1023 || at + name.length > clusterSize) return null;
    writeU64(view, 8, at);
    view.setUint32(16, name.length);
    bytes.set(name, at);
  }
  return bytes;
}

function featureNames(): Uint8Array {
  const bytes = new Uint8Array(FEATURES.length * 48);
  FEATURES.forEach(([kind, bit, name], index) => {
    bytes.set([kind, bit], index * 48);
    bytes.set(new TextEncoder().encode(name), index * 48 + 2);
  });
  return bytes;
}
