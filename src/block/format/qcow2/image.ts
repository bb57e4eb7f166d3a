/**
 * What is known of an open qcow2 image, and how its metadata reach the file.
 *
 * After a power cut an image may have lost clusters, but never uses one twice: a reference is in the file after the count of what it refers to,
 * and after its contents; a count goes down after the reference is gone. `sync` keeps this order.
 */
import type { BlockNode, Eventually } from '../../block-node.ts';
import { fail, type Steps, take, wait } from '../../request.ts';
import {
  CORRUPT,
  DIRTY,
  EXTENDED_L2,
  encodeHeader,
  type Header,
  LAZY_REFCOUNTS,
  viewOf,
  writeU64,
} from './header.ts';
import { Refcounts } from './refcounts.ts';
import { TableCache } from './table-cache.ts';

export type MetadataKind =
  | 'header'
  | 'active L1 table'
  | 'active L2 table'
  | 'refcount table'
  | 'refcount block'
  | 'snapshot table'
  | 'inactive L1 table';

/** Bits of the upper half of an L1 or L2 entry. */
export const COPIED_HIGH = 0x80000000;
export const COMPRESSED_HIGH = 0x40000000;

const L1_SECTOR = 512;

export class Image {
  readonly file: BlockNode;
  readonly header: Header;
  readonly readOnly: boolean;
  readonly clusterSize: number;
  readonly extended: boolean;
  /** Entries of an L2 table. */
  readonly l2Entries: number;
  readonly l2Cache: TableCache;
  readonly refcounts: Refcounts;
  /** Clusters that hold metadata, where nothing else may be written. Kept only for images that are written. */
  readonly metadata = new Map<number, MetadataKind>();
  /** Entries as they are in the file. */
  l1: DataView = new DataView(new ArrayBuffer(0));
  private readonly l1Dirty = new Set<number>();
  /** Clusters are about to be used for something else. */
  onFree: () => void = () => {};
  /** Waits for writes that are on their way to clusters which may be freed now. */
  drain: () => Eventually<unknown> = () => null;
  /** Why the image can no longer be used. */
  private broken: string | null = null;

  constructor(file: BlockNode, header: Header, options: { readOnly: boolean; cacheBytes: number }) {
    this.file = file;
    this.header = header;
    this.readOnly = options.readOnly;
    this.clusterSize = 2 ** header.clusterBits;
    this.extended = (header.incompatible & EXTENDED_L2) !== 0;
    this.l2Entries = this.clusterSize / (this.extended ? 16 : 8);
    this.l2Cache = new TableCache(
      { file, putTable: (offset, bytes) => this.put(offset, bytes, 'active L2 table') },
      this.clusterSize,
      options.cacheBytes,
    );
    this.refcounts = new Refcounts(this);
  }

  /** Bytes of the disk that an L2 table maps. */
  get l2Coverage(): number {
    return this.l2Entries * this.clusterSize;
  }

  // Metadata in the file

  *readTable(offset: number, length: number, what: string): Steps<Uint8Array> {
    if (offset % this.clusterSize !== 0 || offset + length > this.file.size)
      fail('io', `${what} lies beyond the end of the image`);
    return (yield* take(this.file.read(offset, length))).slice();
  }

  *loadL1(): Steps<void> {
    const { l1Size, l1Offset } = this.header;
    this.l1 = viewOf(yield* this.readTable(l1Offset, l1Size * 8, 'the L1 table'));
    this.l1Dirty.clear();
  }

  /** The offset of an L2 table; 0: there is none. */
  l2Offset(index: number): number {
    const high = this.l1.getUint32(index * 8) & 0x00ffffff;
    return high * 2 ** 32 + ((this.l1.getUint32(index * 8 + 4) & 0xfffffe00) >>> 0);
  }

  l2Copied(index: number): boolean {
    return (this.l1.getUint32(index * 8) & COPIED_HIGH) !== 0;
  }

  setL1(index: number, offset: number, copied: boolean): void {
    writeU64(this.l1, index * 8, offset);
    if (copied) this.l1.setUint32(index * 8, (this.l1.getUint32(index * 8) | COPIED_HIGH) >>> 0);
    this.l1Dirty.add(Math.floor((index * 8) / L1_SECTOR));
  }

  /** Another L1 table is the active one; its entries are in the file. */
  replaceL1(l1: DataView): void {
    this.l1 = l1;
    this.l1Dirty.clear();
  }

  claim(offset: number, length: number, kind: MetadataKind): void {
    // Beyond exact numbers there is no place that anything could be written to; who follows such a reference finds it out.
    if (this.readOnly || !Number.isSafeInteger(offset + length)) return;
    const last = Math.floor((offset + length - 1) / this.clusterSize);
    for (let cluster = Math.floor(offset / this.clusterSize); cluster <= last; cluster++)
      this.metadata.set(cluster, kind);
  }

  unclaim(offset: number, length: number): void {
    const last = Math.floor((offset + length - 1) / this.clusterSize);
    for (let cluster = Math.floor(offset / this.clusterSize); cluster <= last; cluster++)
      this.metadata.delete(cluster);
  }

  /** Notes where all metadata lie, but for snapshots' L2 tables. Snapshots are claimed by who reads them. */
  claimAll(): void {
    const { header, clusterSize } = this;
    this.metadata.clear();
    this.claim(0, clusterSize, 'header');
    this.claim(header.refcountTableOffset, header.refcountTableClusters * clusterSize, 'refcount table');
    for (const offset of this.refcounts.table)
      if (offset !== 0) this.claim(offset, clusterSize, 'refcount block');
    if (header.l1Size > 0) this.claim(header.l1Offset, header.l1Size * 8, 'active L1 table');
    for (let i = 0; i < header.l1Size; i++) {
      const offset = this.l2Offset(i);
      if (offset !== 0) this.claim(offset, clusterSize, 'active L2 table');
    }
  }

  /** Whether bytes of a kind (null: the disk's) may be written there. */
  mayWrite(offset: number, length: number, kind: MetadataKind | null): MetadataKind | null {
    if (this.metadata.size === 0) return null;
    const last = Math.floor((offset + length - 1) / this.clusterSize);
    for (let cluster = Math.floor(offset / this.clusterSize); cluster <= last; cluster++) {
      const found = this.metadata.get(cluster);
      if (found !== undefined && found !== kind) return found;
    }
    return null;
  }

  /** Writes into the file, which grows as far as it must; never over metadata of another kind. */
  *put(offset: number, bytes: Uint8Array, kind: MetadataKind | null): Steps<void> {
    const hit = this.mayWrite(offset, bytes.length, kind);
    if (hit) yield* this.corrupt(`a write of ${kind ?? 'data'} to ${offset} would hit the ${hit}`);
    const end = offset + bytes.length;
    let data = bytes;
    if (end > this.file.size) {
      const grown = this.file.resize(end);
      // The caller may use its buffer again as soon as something is waited for.
      if (grown instanceof Promise) data = bytes.slice();
      yield* take(grown);
    }
    yield* take(this.file.write(offset, data));
  }

  /** Writes `length` bytes of the header, from byte `at` on, as its fields are now. */
  *patchHeader(at: number, length: number): Steps<void> {
    const bytes = encodeHeader(this.header);
    if (!bytes) return fail('unsupported', "the image's header has no room for it");
    yield* this.put(at, bytes.subarray(at, at + length), 'header');
  }

  /** Writes the whole header: extensions and the name of the backing file too. */
  *writeHeader(): Steps<void> {
    yield* this.patchHeader(0, this.clusterSize);
    yield* take(this.file.flush());
  }

  /** Ends the request, and marks the image so that nobody writes to it before it is repaired. */
  *corrupt(message: string): Steps<never> {
    if (!this.readOnly && !this.broken && this.header.version === 3) {
      this.broken = message;
      this.header.incompatible |= CORRUPT;
      yield* this.patchHeader(72, 8);
      yield* take(this.file.flush());
    }
    this.broken ??= message;
    return fail('io', `the qcow2 image is corrupt: ${message}; repair it with: snowglobe-img check -r all`);
  }

  /** Nothing is written any more: what the file says is not known. */
  giveUp(message: string): void {
    this.broken ??= message;
  }

  /** The failure that every write meets after the image was found to be corrupt. */
  get unusable(): string | null {
    return this.broken;
  }

  // Order

  get lazy(): boolean {
    return (this.header.compatible & LAZY_REFCOUNTS) !== 0;
  }

  /** With lazy counts an image says that its counts are out of date before any is. */
  *markDirty(): Steps<void> {
    if (!this.lazy || this.header.incompatible & DIRTY) return;
    this.header.incompatible |= DIRTY;
    yield* this.patchHeader(72, 8);
    yield* take(this.file.flush());
  }

  /** Writes all metadata in their order. The file has everything afterwards, but may not have flushed the last of it. */
  *sync(options: { final?: boolean } = {}): Steps<void> {
    const lazy = this.lazy && !options.final;
    const tables = this.l2Cache.dirty || this.l1Dirty.size > 0;
    if (!lazy) yield* this.refcounts.cache.writeBack();
    if (tables) {
      yield* take(this.file.flush());
      const any = yield* this.l2Cache.writeBack();
      if (this.l1Dirty.size > 0) {
        if (any) yield* take(this.file.flush());
        for (const sector of this.l1Dirty) {
          const at = sector * L1_SECTOR;
          const length = Math.min(L1_SECTOR, this.l1.byteLength - at);
          const bytes = new Uint8Array(this.l1.buffer, this.l1.byteOffset + at, length);
          yield* this.put(this.header.l1Offset + at, bytes, 'active L1 table');
        }
        this.l1Dirty.clear();
      }
    }
    if (this.refcounts.anyFreed) {
      yield* take(this.file.flush());
      yield* wait(this.drain());
      this.onFree();
      yield* this.refcounts.applyFreed();
      if (!lazy) yield* this.refcounts.cache.writeBack();
    }
    if (options.final && this.header.incompatible & DIRTY) {
      yield* take(this.file.flush());
      this.header.incompatible &= ~DIRTY;
      yield* this.patchHeader(72, 8);
    }
  }

  /** Allocates clusters in a row. @returns offset in the file */
  *allocate(clusters: number): Steps<number> {
    yield* this.markDirty();
    return (yield* this.refcounts.allocate(clusters)) * this.clusterSize;
  }
}

/** The offset that a standard entry of an L1 or L2 table holds. */
export function entryOffset(high: number, low: number): number {
  return (high & 0x00ffffff) * 2 ** 32 + ((low & 0xfffffe00) >>> 0);
}
