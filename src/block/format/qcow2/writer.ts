/** Writes into a qcow2 image: in place where a cluster is the image's alone, into new clusters otherwise. */
import { fail, type Steps, take } from '../../request.ts';
import type { Image } from './image.ts';
import type { Entry, Mapping } from './mapping.ts';
import type { Qcow2Node } from './qcow2-node.ts';
import type { Table } from './table-cache.ts';

/** Clusters that are allocated together hold at most this, bytes. */
const PIECE = 4 << 20;

/** Bytes to write, which the caller of a request may use again as soon as it waits: they are copied then, and looked at anew. */
export interface Source {
  bytes: Uint8Array;
}

export class Writer {
  /** Behind the compressed data that was written last; 0: the next begins a cluster. */
  packEnd = 0;
  private readonly node: Qcow2Node;
  private readonly image: Image;
  private readonly mapping: Mapping;
  /** Bits of all subclusters. */
  private readonly all: number;

  constructor(node: Qcow2Node) {
    this.node = node;
    this.image = node.image;
    this.mapping = node.mapping;
    this.all = this.maskOf(0, this.mapping.subclusters);
  }

  private maskOf(from: number, to: number): number {
    const below = (bits: number): number => (bits === 32 ? 0xffffffff : 2 ** bits - 1);
    return (below(to) & ~below(from)) >>> 0;
  }

  /** Where bytes that can be written without a change of metadata lie in the file, if all do so in a row; -1 otherwise. */
  inPlace(offset: number, length: number): number {
    const table = this.mapping.peek(offset);
    if (!table) return -1;
    let host = this.mapping.plain(table, offset, length, true);
    if (host < 0) {
      const found = this.direct(table, offset, length);
      if (found.length < length) return -1;
      host = found.host;
    }
    if (host + length > this.image.file.size) return -1;
    return this.image.mayWrite(host, length, null) === null ? host : -1;
  }

  /** The bytes from `offset` on that lie in a row in clusters of this image's own. */
  private direct(table: Table, offset: number, max: number): { host: number; length: number } {
    const { mapping } = this;
    const { clusterSize, subclusterSize } = mapping;
    const found = { host: 0, length: 0 };
    let index = mapping.l2Index(offset);
    let within = offset % clusterSize;
    while (found.length < max && index < this.image.l2Entries) {
      const entry = mapping.entry(table, index);
      if (entry.compressed || !entry.copied || entry.host === 0 || entry.host % clusterSize !== 0) break;
      if (found.length === 0) found.host = entry.host + within;
      else if (found.host + found.length !== entry.host) break;
      while (within < clusterSize && found.length < max) {
        const bit = 1 << Math.floor(within / subclusterSize);
        if (!(entry.allocated & bit) || (entry.zero & bit) !== 0) return found;
        const step = Math.min(subclusterSize - (within % subclusterSize), max - found.length);
        found.length += step;
        within += step;
      }
      within = 0;
      index++;
    }
    return found;
  }

  *write(offset: number, source: Source): Steps<void> {
    const { length } = source.bytes;
    for (let done = 0; done < length; ) done += yield* this.writePart(offset + done, source, done);
  }

  private *writePart(offset: number, source: Source, from: number): Steps<number> {
    const { image, mapping } = this;
    const max = Math.min(source.bytes.length - from, image.l2Coverage - (offset % image.l2Coverage), PIECE);
    const table = yield* mapping.tableForWrite(offset);
    const { host, length } = this.direct(table, offset, max);
    if (length > 0) {
      yield* image.put(host, source.bytes.subarray(from, from + length), null);
      return length;
    }
    const entry = mapping.entry(table, mapping.l2Index(offset));
    yield* this.checkEntry(entry, offset);
    if (this.own(entry)) return yield* this.fill(offset, source, from, max, entry.host, 1, false);
    const { clusterSize } = mapping;
    const within = offset % clusterSize;
    const first = mapping.l2Index(offset);
    let count = 1;
    while (within + max > count * clusterSize) {
      const next = mapping.entry(table, first + count);
      if (this.own(next)) break;
      yield* this.checkEntry(next, offset + count * clusterSize);
      count++;
    }
    const fresh = yield* image.allocate(count);
    try {
      return yield* this.fill(offset, source, from, max, fresh, count, true);
    } catch (error) {
      image.refcounts.free(fresh, count * clusterSize);
      throw error;
    }
  }

  private own(entry: Entry): boolean {
    return !entry.compressed && entry.copied && entry.host !== 0;
  }

  private *checkEntry(entry: Entry, offset: number): Steps<void> {
    const wrong =
      !entry.compressed &&
      (entry.host % this.mapping.clusterSize !== 0 ||
        (this.mapping.subclusters > 1 && (entry.allocated & entry.zero) !== 0) ||
        (entry.allocated !== 0 && entry.host === 0));
    if (wrong) yield* this.image.corrupt(`the mapping of byte ${offset} of the disk makes no sense`);
  }

  /**
   * Writes into `count` clusters at `host`, new ones or one of the image's own whose subclusters are partly unused, with what was
   * there around the bytes; then lets the entries point there. @returns bytes of the source that were written
   */
  private *fill(
    offset: number,
    source: Source,
    from: number,
    max: number,
    host: number,
    count: number,
    fresh: boolean,
  ): Steps<number> {
    const { image, mapping } = this;
    const { clusterSize, subclusterSize, subclusters } = mapping;
    const start = offset % clusterSize;
    const length = Math.min(max, count * clusterSize - start);
    const end = start + length - (count - 1) * clusterSize;
    const first = mapping.l2Index(offset);
    const table = yield* mapping.tableForWrite(offset);
    const head = mapping.entry(table, first);
    const tail = mapping.entry(table, first + count - 1);
    // What else of the old clusters has to be taken along, in subclusters.
    const kept = (entry: Entry): number => (fresh ? (entry.compressed ? this.all : entry.allocated) : 0);
    let low = Math.floor(start / subclusterSize);
    let high = Math.ceil(end / subclusterSize);
    for (let sub = 0; sub < subclusters; sub++) {
      if (kept(head) & (1 << sub)) low = Math.min(low, sub);
      if (kept(tail) & (1 << sub)) high = Math.max(high, sub + 1);
    }
    // A subcluster in use may have writes on their way: nothing but the bytes themselves goes there.
    const used = (entry: Entry, at: number): boolean =>
      !fresh && (entry.allocated & (1 << Math.floor(at / subclusterSize))) !== 0;
    const begin = used(head, start) ? start : low * subclusterSize;
    const stop = used(tail, end - 1) ? end : high * subclusterSize;
    const base = offset - start;
    const lastBase = (count - 1) * clusterSize;
    if (begin === start && stop === end) {
      yield* image.put(host + start, source.bytes.subarray(from, from + length), null);
    } else {
      const piece = new Uint8Array(lastBase + stop - begin);
      if (begin < start) yield* this.node.readInto(piece.subarray(0, start - begin), base + begin);
      if (stop > end) yield* this.node.readInto(piece.subarray(start - begin + length), offset + length);
      piece.set(source.bytes.subarray(from, from + length), start - begin);
      yield* image.put(host + begin, piece, null);
    }
    // Again, since a table that is not changed may leave the cache while something is waited for.
    const target = yield* mapping.tableForWrite(offset);
    for (let i = 0; i < count; i++) {
      const old = mapping.entry(target, first + i);
      const mask = this.maskOf(i === 0 ? low : 0, i === count - 1 ? high : subclusters);
      mapping.setEntry(target, first + i, {
        host: host + i * clusterSize,
        copied: true,
        allocated: (fresh ? 0 : old.allocated) | mask,
        zero: subclusters === 1 ? 0 : old.zero & ~mask,
      });
      if (fresh) this.release(old);
    }
    return length;
  }

  /** Gives every cluster that has none its place. The bytes there are zeros if the file is new. */
  *preallocate(full: boolean, from: number): Steps<void> {
    const { image, mapping, node } = this;
    const { clusterSize } = mapping;
    // What begins before is the old disk's.
    for (let at = Math.ceil(from / clusterSize) * clusterSize; at < node.size; ) {
      const first = mapping.l2Index(at);
      const count = Math.min(
        Math.ceil((node.size - at) / clusterSize),
        image.l2Entries - first,
        PIECE / clusterSize,
      );
      const host = yield* image.allocate(count);
      if (full) yield* image.put(host, new Uint8Array(count * clusterSize), null);
      else if (host + count * clusterSize > image.file.size)
        yield* take(image.file.resize(host + count * clusterSize));
      const table = yield* mapping.tableForWrite(at);
      for (let i = 0; i < count; i++) {
        const old = mapping.entry(table, first + i);
        mapping.setEntry(table, first + i, {
          host: host + i * clusterSize,
          copied: true,
          allocated: this.all,
          zero: 0,
        });
        this.release(old);
      }
      at += count * clusterSize;
    }
  }

  /** The cluster of an entry that was overwritten has one use less. */
  private release(entry: Entry): void {
    if (entry.host !== 0)
      this.image.refcounts.free(entry.host, entry.compressed ? entry.stored : this.mapping.clusterSize);
  }

  *writeCompressed(offset: number, bytes: Uint8Array): Steps<void> {
    const { image, mapping, node } = this;
    const { clusterSize } = mapping;
    if (offset % clusterSize !== 0 || bytes.length > clusterSize)
      fail('unsupported', 'only whole clusters can be written compressed');
    if (bytes.length < clusterSize && offset + bytes.length !== node.size)
      fail('unsupported', 'only whole clusters can be written compressed');
    const { compressionType } = image.header;
    const compress = compressionType === 'zstd' ? node.compressor.zstd : node.compressor.deflate;
    if (!compress) return fail('unsupported', `there is no compressor for ${compressionType} here`);
    const whole = new Uint8Array(clusterSize);
    whole.set(bytes);
    const packed = compress(whole);
    if (packed.length >= clusterSize) return yield* this.write(offset, { bytes });
    const host = yield* this.allocateBytes(packed.length);
    yield* image.put(host, packed, null);
    const table = yield* mapping.tableForWrite(offset);
    const index = mapping.l2Index(offset);
    const old = mapping.entry(table, index);
    mapping.setCompressed(table, index, host, packed.length);
    this.release(old);
  }

  /** Room for compressed data, less than a cluster: behind the last one's, on into the next cluster if that is free. */
  private *allocateBytes(size: number): Steps<number> {
    const { image } = this;
    const { clusterSize } = this.mapping;
    const used = this.packEnd % clusterSize;
    let host = this.packEnd;
    const cluster = Math.floor(host / clusterSize);
    const shared = used !== 0 && (yield* image.refcounts.get(cluster)) < image.refcounts.max;
    if (!shared || used + size > clusterSize) {
      const next = yield* image.allocate(1);
      if (!shared || next !== (cluster + 1) * clusterSize) host = next;
    }
    if (host === this.packEnd) yield* image.refcounts.add(cluster, 1);
    this.packEnd = host + size;
    return host;
  }

  *discard(offset: number, length: number): Steps<void> {
    const { clusterSize } = this.mapping;
    const first = Math.ceil(offset / clusterSize) * clusterSize;
    const end = offset + length === this.node.size ? offset + length : floorTo(offset + length, clusterSize);
    // Version 2 cannot say that a cluster is zeros: what is below would show.
    if (this.node.backing && this.image.header.version < 3) return;
    yield* this.clear(first, end, this.node.backing ? this.all : 0);
  }

  /** Frees all clusters from `first` to before `end`; they become zeros where `zero` says so, or unallocated ones. */
  *clear(first: number, end: number, zero: number): Steps<void> {
    const { image, mapping } = this;
    const { clusterSize } = mapping;
    for (let at = first; at < end; at += clusterSize) {
      const there = yield* mapping.table(at);
      if (!there) {
        at = floorTo(at, image.l2Coverage) + image.l2Coverage - clusterSize;
        continue;
      }
      const index = mapping.l2Index(at);
      const before = mapping.entry(there, index);
      if (!before.compressed && before.host === 0 && (before.zero === 0 || zero !== 0)) continue;
      yield* image.markDirty();
      const table = yield* mapping.tableForWrite(at);
      mapping.setEntry(table, index, { host: 0, copied: false, allocated: 0, zero });
      this.release(before);
    }
  }

  *writeZeroes(offset: number, length: number, unmap: boolean): Steps<void> {
    const { image, mapping, node } = this;
    const end = offset + length;
    const granule = image.header.version < 3 ? mapping.clusterSize : mapping.subclusterSize;
    const first = Math.min(Math.ceil(offset / granule) * granule, end);
    const last = end === node.size ? end : Math.max(floorTo(end, granule), first);
    if (first > offset) yield* this.zeroBytes(offset, first - offset);
    if (image.header.version >= 3) yield* this.zeroEntries(first, last, unmap);
    else if (node.backing || !unmap) yield* this.zeroBytes(first, last - first);
    else yield* this.clear(first, last, 0);
    if (last < end) yield* this.zeroBytes(last, end - last);
  }

  /** Writes zeros as data, where there are none. */
  private *zeroBytes(offset: number, length: number): Steps<void> {
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const run = this.mapping.run(yield* this.mapping.table(at), at, Math.min(length - done, PIECE));
      const zero = run.kind === 'zero' || (run.kind === 'unallocated' && !this.node.backing);
      if (!zero) yield* this.write(at, { bytes: new Uint8Array(run.length) });
      done += run.length;
    }
  }

  /** Marks whole subclusters as zeros. */
  private *zeroEntries(first: number, end: number, unmap: boolean): Steps<void> {
    const { image, mapping, node } = this;
    const { clusterSize, subclusterSize } = mapping;
    for (let at = first; at < end; at = floorTo(at, clusterSize) + clusterSize) {
      const there = yield* mapping.table(at);
      if (!there && !node.backing) {
        at = floorTo(at, image.l2Coverage) + image.l2Coverage - clusterSize;
        continue;
      }
      const stop = Math.min(end, floorTo(at, clusterSize) + clusterSize);
      const mask = this.maskOf(
        (at % clusterSize) / subclusterSize,
        Math.ceil((stop - floorTo(at, clusterSize)) / subclusterSize),
      );
      const index = mapping.l2Index(at);
      const before = there ? mapping.entry(there, index) : null;
      if (before && !before.compressed) {
        const unallocated = node.backing ? 0 : ~before.allocated & ~before.zero;
        const zeros = (before.zero & ~(mapping.subclusters > 1 ? before.allocated : 0)) | unallocated;
        if ((zeros & mask) >>> 0 === mask && (before.host === 0 || !unmap || before.allocated !== 0))
          continue;
      }
      if (before?.compressed && mask !== this.all) {
        yield* this.zeroBytes(at, stop - at);
        continue;
      }
      yield* image.markDirty();
      const table = yield* mapping.tableForWrite(at);
      const old = mapping.entry(table, index);
      if (mapping.subclusters > 1 && old.compressed) old.allocated = 0;
      const allocated = (old.allocated & ~mask) >>> 0;
      const zero = ((mapping.subclusters === 1 ? 0 : old.zero) | mask) >>> 0;
      const keep = allocated !== 0 || (!unmap && this.own(old));
      if (keep) mapping.setEntry(table, index, { host: old.host, copied: old.copied, allocated, zero });
      else {
        mapping.setEntry(table, index, { host: 0, copied: false, allocated: 0, zero });
        this.release(old);
      }
    }
  }
}

const floorTo = (value: number, unit: number): number => value - (value % unit);
