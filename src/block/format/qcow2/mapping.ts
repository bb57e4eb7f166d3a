/**
 * Where the disk's bytes lie: L2 entries, standard and extended, read and changed. Specification: qcow2.txt, "Cluster mapping" and
 * "Extended L2 Entries".
 */
import type { Steps } from '../../request.ts';
import { COMPRESSED_HIGH, COPIED_HIGH, entryOffset, type Image } from './image.ts';
import type { Table } from './table-cache.ts';
import { writeU64 } from './header.ts';

export type RunKind = 'unallocated' | 'zero' | 'data' | 'compressed' | 'invalid';

/** Bytes of the disk that are stored alike and, if they are, in a row. */
export interface Run {
  kind: RunKind;
  length: number;
  /** Of data: where they begin in the file. Of a compressed cluster: where its data begin. */
  host: number;
  /** Of a compressed cluster: how many bytes it may take up there. */
  stored: number;
}

/** Subclusters of an extended entry. */
export const SUBCLUSTERS = 32;

/** An L2 entry, taken apart. */
export interface Entry {
  compressed: boolean;
  /** The count of its cluster is 1. */
  copied: boolean;
  /** A cluster's offset, 0: none; of a compressed one: where its data begin. */
  host: number;
  stored: number;
  /** Subclusters whose bytes are stored, a bit each. A standard entry counts as one subcluster. */
  allocated: number;
  /** Subclusters that read as zeros. */
  zero: number;
}

export class Mapping {
  private readonly image: Image;
  readonly clusterSize: number;
  /** 1 or 32. */
  readonly subclusters: number;
  readonly subclusterSize: number;
  private readonly entryBytes: number;
  /** Bits of a compressed entry that are an offset. */
  private readonly offsetBits: number;

  constructor(image: Image) {
    this.image = image;
    this.clusterSize = image.clusterSize;
    this.subclusters = image.extended ? SUBCLUSTERS : 1;
    this.subclusterSize = this.clusterSize / this.subclusters;
    this.entryBytes = image.extended ? 16 : 8;
    this.offsetBits = 62 - (image.header.clusterBits - 8);
  }

  l1Index(offset: number): number {
    return Math.floor(offset / this.image.l2Coverage);
  }

  l2Index(offset: number): number {
    return Math.floor(offset / this.clusterSize) % this.image.l2Entries;
  }

  /** The L2 table that maps `offset`; null: there is none; undefined: it is not in memory. */
  peek(offset: number): Table | null | undefined {
    const at = this.image.l2Offset(this.l1Index(offset));
    return at === 0 ? null : this.image.l2Cache.peek(at);
  }

  *table(offset: number): Steps<Table | null> {
    const there = this.peek(offset);
    if (there !== undefined) return there;
    const at = this.image.l2Offset(this.l1Index(offset));
    if (at % this.clusterSize !== 0)
      yield* this.image.corrupt(`the L2 table at ${at} does not begin at a cluster`);
    return yield* this.image.l2Cache.load(at);
  }

  /** The L2 table that maps `offset`, made or copied if it is not this image's alone. */
  *tableForWrite(offset: number): Steps<Table> {
    const { image } = this;
    const index = this.l1Index(offset);
    const old = yield* this.table(offset);
    if (old && image.l2Copied(index)) return old;
    const at = yield* image.allocate(1);
    const table = image.l2Cache.add(at, old ? old.bytes.slice() : new Uint8Array(this.clusterSize));
    table.changed(0, this.clusterSize);
    image.claim(at, this.clusterSize, 'active L2 table');
    image.setL1(index, at, true);
    if (old) {
      image.unclaim(old.offset, this.clusterSize);
      image.l2Cache.forget(old.offset);
      image.refcounts.free(old.offset, this.clusterSize);
    }
    return table;
  }

  entry(table: Table, index: number): Entry {
    const at = index * this.entryBytes;
    const high = table.view.getUint32(at);
    const low = table.view.getUint32(at + 4);
    const copied = (high & COPIED_HIGH) !== 0;
    if (high & COMPRESSED_HIGH) {
      const { offsetBits } = this;
      // Of 62 bits, the lower ones are the offset, the others count sectors after the first.
      const host = (high & (2 ** (offsetBits - 32) - 1)) * 2 ** 32 + low;
      const sectors = ((high & 0x3fffffff) >>> (offsetBits - 32)) + 1;
      return {
        compressed: true,
        copied,
        host,
        stored: sectors * 512 - (host % 512),
        allocated: 0,
        zero: 0,
      };
    }
    const host = entryOffset(high, low);
    if (this.subclusters === 1) {
      const zero = low & 1;
      return { compressed: false, copied, host, stored: 0, allocated: host !== 0 && !zero ? 1 : 0, zero };
    }
    return {
      compressed: false,
      copied,
      host,
      stored: 0,
      allocated: table.view.getUint32(at + 12),
      zero: table.view.getUint32(at + 8),
    };
  }

  /** Writes a standard entry; host 0: it has no cluster. */
  setEntry(
    table: Table,
    index: number,
    entry: { host: number; copied: boolean; allocated: number; zero: number },
  ): void {
    const at = index * this.entryBytes;
    writeU64(table.view, at, entry.host);
    if (entry.host !== 0 && entry.copied)
      table.view.setUint32(at, (table.view.getUint32(at) | COPIED_HIGH) >>> 0);
    if (this.subclusters === 1) {
      if (entry.zero) table.view.setUint32(at + 4, table.view.getUint32(at + 4) | 1);
    } else {
      table.view.setUint32(at + 8, entry.zero >>> 0);
      table.view.setUint32(at + 12, entry.allocated >>> 0);
    }
    table.changed(at, this.entryBytes);
  }

  setCompressed(table: Table, index: number, host: number, stored: number): void {
    const at = index * this.entryBytes;
    const sectors = Math.floor((host + stored - 1) / 512) - Math.floor(host / 512);
    writeU64(table.view, at, host);
    const high = table.view.getUint32(at) | (sectors << (this.offsetBits - 32)) | COMPRESSED_HIGH;
    table.view.setUint32(at, high >>> 0);
    if (this.subclusters > 1) writeU64(table.view, at + 8, 0);
    table.changed(at, this.entryBytes);
  }

  /**
   * Where bytes lie that are stored as they are and in a row; -1: some are not, or it takes a closer look. What most requests want to know.
   * @param own only in clusters of this image's own
   */
  plain(table: Table, offset: number, length: number, own: boolean): number {
    if (this.subclusters > 1) return -1;
    const { clusterSize } = this;
    const { view } = table;
    const cluster = Math.floor(offset / clusterSize);
    const within = offset - cluster * clusterSize;
    let at = (cluster % this.image.l2Entries) * 8;
    const flags = own ? COMPRESSED_HIGH | COPIED_HIGH : COMPRESSED_HIGH;
    const wanted = own ? COPIED_HIGH : 0;
    const high = view.getUint32(at);
    const low = view.getUint32(at + 4);
    // A bit below the cluster's size: all zeros, or damaged.
    if ((high & flags) >>> 0 !== wanted || (low & (clusterSize - 1)) !== 0) return -1;
    const host = (high & 0x00ffffff) * 2 ** 32 + low;
    if (host === 0) return -1;
    let next = host;
    for (let left = length - (clusterSize - within); left > 0; left -= clusterSize) {
      at += 8;
      next += clusterSize;
      if (at >= view.byteLength) return -1;
      const more = view.getUint32(at);
      if ((more & flags) >>> 0 !== wanted) return -1;
      if ((more & 0x00ffffff) * 2 ** 32 + view.getUint32(at + 4) !== next) return -1;
    }
    return host + within;
  }

  /** How the bytes from `offset` on are stored: at most `max` of them, and none beyond what the table maps. */
  run(table: Table | null, offset: number, max: number): Run {
    if (!table) {
      const { l2Coverage } = this.image;
      return {
        kind: 'unallocated',
        length: Math.min(max, l2Coverage - (offset % l2Coverage)),
        host: 0,
        stored: 0,
      };
    }
    const { clusterSize, subclusterSize } = this;
    const run: Run = { kind: 'unallocated', length: 0, host: 0, stored: 0 };
    let index = this.l2Index(offset);
    let within = offset % clusterSize;
    while (run.length < max && index < this.image.l2Entries) {
      const entry = this.entry(table, index);
      if (entry.compressed) {
        if (run.length > 0) break;
        return {
          kind: 'compressed',
          length: Math.min(max, clusterSize - within),
          host: entry.host,
          stored: entry.stored,
        };
      }
      while (within < clusterSize && run.length < max) {
        const kind = this.kindOf(entry, Math.floor(within / subclusterSize));
        if (run.length === 0) {
          run.kind = kind;
          if (kind === 'data') run.host = entry.host + within;
        } else if (run.kind !== kind || (kind === 'data' && run.host + run.length !== entry.host + within)) {
          return run;
        }
        const step = Math.min(subclusterSize - (within % subclusterSize), max - run.length);
        run.length += step;
        within += step;
      }
      within = 0;
      index++;
    }
    return run;
  }

  private kindOf(entry: Entry, subcluster: number): RunKind {
    const bit = 1 << subcluster;
    const zero = (entry.zero & bit) !== 0;
    if (entry.host % this.clusterSize !== 0) return 'invalid';
    if (entry.allocated & bit) return (this.subclusters > 1 && zero) || entry.host === 0 ? 'invalid' : 'data';
    if (zero) return this.image.header.version < 3 ? 'invalid' : 'zero';
    return 'unallocated';
  }
}
