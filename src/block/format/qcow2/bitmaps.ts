/**
 * Persistent bitmaps of an image: what programs that make backups have noted of changed blocks. They are shown and counted, and given up
 * when somebody writes to the image, since nobody here keeps them up to date. Specification: qcow2.txt, "Bitmaps extension" and "Bitmaps".
 */
import { type Steps, take } from '../../request.ts';
import type { Counts } from './counts.ts';
import {
  BITMAPS,
  EXT_BITMAPS,
  type Header,
  MAX_BITMAP_BYTES,
  MAX_BITMAP_DIRECTORY,
  readU64,
  viewOf,
} from './header.ts';
import { entryOffset, type Image } from './image.ts';

const ENTRY = 24;
const EXTENSION = 24;

/** An entry of the directory. */
export interface Bitmap {
  name: string;
  /** Bytes of the disk for each bit. */
  granularity: number;
  /** Nobody has finished what he did to it: it may be wrong. */
  inUse: boolean;
  /** Is to be kept up to date by who writes. */
  auto: boolean;
  /** Of its table. */
  offset: number;
  entries: number;
}

/** Where the directory lies, if the image has bitmaps that are up to date. */
export function bitmapDirectory(header: Header): { count: number; offset: number; length: number } | null {
  const found = header.extensions.find(({ type }) => type === EXT_BITMAPS);
  if (!found || found.bytes.length < EXTENSION || (header.autoclear & BITMAPS) === 0) return null;
  const view = viewOf(found.bytes);
  return { count: view.getUint32(0), length: readU64(view, 8), offset: readU64(view, 16) };
}

/** The entries of a directory, as far as they lie in it. */
export function parseBitmaps(directory: Uint8Array, count: number): Bitmap[] {
  const view = viewOf(directory);
  const bitmaps: Bitmap[] = [];
  for (let at = 0; bitmaps.length < count && at + ENTRY <= directory.length; ) {
    const flags = view.getUint32(at + 12);
    const [nameLength, extra] = [view.getUint16(at + 18), view.getUint32(at + 20)];
    const name = at + ENTRY + extra;
    bitmaps.push({
      name: new TextDecoder().decode(directory.slice(name, name + nameLength)),
      granularity: 2 ** view.getUint8(at + 17),
      inUse: (flags & 1) !== 0,
      auto: (flags & 2) !== 0,
      offset: readU64(view, at),
      entries: view.getUint32(at + 8),
    });
    at += Math.ceil((ENTRY + extra + nameLength) / 8) * 8;
  }
  return bitmaps;
}

/** The clusters with a bitmap's bits, by its table. */
export function bitmapClusters(table: Uint8Array): number[] {
  const view = viewOf(table);
  const offsets: number[] = [];
  for (let at = 0; at + 8 <= table.length; at += 8) {
    const offset = entryOffset(view.getUint32(at), view.getUint32(at + 4));
    if (offset !== 0) offsets.push(offset);
  }
  return offsets;
}

/** The bitmaps of an image. A directory that is damaged has none. */
export function* readBitmaps(image: Image): Steps<Bitmap[]> {
  const directory = bitmapDirectory(image.header);
  if (!directory || directory.length > MAX_BITMAP_DIRECTORY) return [];
  if (directory.offset + directory.length > image.file.size) return [];
  return parseBitmaps(yield* take(image.file.read(directory.offset, directory.length)), directory.count);
}

/** Bytes that bitmaps of a disk take in an image with such clusters, all of their bits counted, as QEMU's `measure` has it. */
export function bitmapRoom(bitmaps: readonly Bitmap[], diskSize: number, clusterSize: number): number {
  const clusters = (bytes: number): number => Math.ceil(bytes / clusterSize);
  let [room, directory] = [0, 0];
  for (const { name, granularity, inUse } of bitmaps) {
    if (inUse) continue;
    const data = clusters(Math.ceil(diskSize / granularity / 8));
    room += data + clusters(8 * data);
    directory += Math.ceil((ENTRY + new TextEncoder().encode(name).length) / 8) * 8;
  }
  return (room + clusters(directory)) * clusterSize;
}

/**
 * Gives up the bitmaps of an image that is about to be written: the header names them no more, and their clusters become free, but for
 * those that something else refers to as well.
 * @param references counts how often clusters are referred to without bitmaps; null: that cannot be known
 */
export function* dropBitmaps(image: Image, references: () => Steps<Counts | null>): Steps<void> {
  const { header, clusterSize, refcounts } = image;
  const ranges = yield* placesOf(image);
  yield* image.markDirty();
  header.autoclear = 0;
  header.extensions = header.extensions.filter(({ type }) => type !== EXT_BITMAPS);
  yield* image.writeHeader();
  const others = ranges.length > 0 ? yield* references() : null;
  const freed = new Set<number>();
  for (const [offset, length] of others ? ranges : []) {
    if (offset % clusterSize !== 0 || length === 0 || offset + length > image.file.size) continue;
    for (let cluster = offset / clusterSize; cluster * clusterSize < offset + length; cluster++) {
      if (freed.has(cluster) || others!.get(cluster) > 0 || (yield* refcounts.get(cluster)) !== 1) continue;
      freed.add(cluster);
      refcounts.free(cluster * clusterSize, clusterSize);
    }
  }
}

/** Where directory, tables and bits say that they lie. */
function* placesOf(image: Image): Steps<[offset: number, length: number][]> {
  const { header, file, clusterSize } = image;
  const directory = bitmapDirectory(header);
  const bitmaps = yield* readBitmaps(image);
  if (!directory || bitmaps.length === 0) return [];
  const ranges: [offset: number, length: number][] = [[directory.offset, directory.length]];
  let left = file.size;
  for (const { offset, entries } of bitmaps) {
    const length = entries * 8;
    left -= length;
    // Tables that are longer than the file only lie over one another.
    if (entries * clusterSize > MAX_BITMAP_BYTES || left < 0 || offset + length > file.size) continue;
    ranges.push([offset, length]);
    for (const host of bitmapClusters(yield* take(file.read(offset, length))))
      ranges.push([host, clusterSize]);
  }
  return ranges;
}
