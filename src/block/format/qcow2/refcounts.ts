/**
 * Reference counts of an image's clusters, and the allocation of clusters. Counts are changed in memory and written by the image's
 * `sync`, before anything refers to what was allocated; what is freed is counted down only after nothing refers to it any more.
 * Specification: qcow2.txt, "Host cluster management".
 */
import { fail, type Steps, take } from '../../request.ts';
import { MAX_REFTABLE_BYTES, readU64, viewOf, writeU64 } from './header.ts';
import type { Image } from './image.ts';
import { type Table, TableCache } from './table-cache.ts';

const CACHE_BYTES = 4 << 20;

/** Reads count number `index` of a block whose counts have 2^order bits. */
export function readCount(view: DataView, order: number, index: number): number {
  switch (order) {
    case 6:
      return readU64(view, index * 8);
    case 5:
      return view.getUint32(index * 4);
    case 4:
      return view.getUint16(index * 2);
    case 3:
      return view.getUint8(index);
    default: {
      const bit = index << order;
      return (view.getUint8(bit >> 3) >> (bit & 7)) & ((1 << (1 << order)) - 1);
    }
  }
}

export function writeCount(view: DataView, order: number, index: number, count: number): void {
  switch (order) {
    case 6:
      return writeU64(view, index * 8, count);
    case 5:
      return view.setUint32(index * 4, count);
    case 4:
      return view.setUint16(index * 2, count);
    case 3:
      return view.setUint8(index, count);
    default: {
      const bit = index << order;
      const mask = ((1 << (1 << order)) - 1) << (bit & 7);
      view.setUint8(bit >> 3, (view.getUint8(bit >> 3) & ~mask) | (count << (bit & 7)));
    }
  }
}

export class Refcounts {
  readonly cache: TableCache;
  /** Offsets of the blocks; 0: there is none, and its clusters are free. */
  table = new Float64Array(0);
  private readonly image: Image;
  private readonly order: number;
  /** A block has 2^blockBits counts. */
  readonly blockBits: number;
  /** No cluster before this one is free. */
  private hint = 0;
  /** Clusters that are not referred to any more, as soon as the tables are written. */
  private freed: number[] = [];

  constructor(image: Image) {
    this.image = image;
    this.order = image.header.refcountOrder;
    this.blockBits = image.header.clusterBits + 3 - this.order;
    this.cache = new TableCache(
      {
        file: image.file,
        putTable: (offset, bytes) => image.put(offset, bytes, 'refcount block'),
      },
      image.clusterSize,
      CACHE_BYTES,
    );
  }

  get max(): number {
    return this.order === 6 ? Number.MAX_SAFE_INTEGER : 2 ** (1 << this.order) - 1;
  }

  *loadTable(): Steps<void> {
    const { header, clusterSize, file } = this.image;
    const length = header.refcountTableClusters * clusterSize;
    if (header.refcountTableOffset + length > file.size)
      fail('io', 'the reference count table lies beyond the end of the image');
    const view = viewOf(yield* take(file.read(header.refcountTableOffset, length)));
    const table = new Float64Array(length / 8);
    for (let i = 0; i < table.length; i++) table[i] = readU64(view, i * 8);
    this.table = table;
  }

  /** The block with the count of a cluster; null: there is none. */
  private *blockOf(cluster: number): Steps<Table | null> {
    const offset = this.table[Math.floor(cluster / 2 ** this.blockBits)] ?? 0;
    if (offset === 0) return null;
    if (offset % this.image.clusterSize !== 0 || offset + this.image.clusterSize > this.image.file.size)
      yield* this.image.corrupt(`the reference count block at ${offset} is not where one can be`);
    return this.cache.peek(offset) ?? (yield* this.cache.load(offset));
  }

  private indexOf(cluster: number): number {
    return cluster % 2 ** this.blockBits;
  }

  *get(cluster: number): Steps<number> {
    const block = yield* this.blockOf(cluster);
    return block ? readCount(block.view, this.order, this.indexOf(cluster)) : 0;
  }

  private store(block: Table, cluster: number, count: number): void {
    const index = this.indexOf(cluster);
    writeCount(block.view, this.order, index, count);
    block.changed((index << this.order) >> 3, Math.max(1, (1 << this.order) >> 3));
  }

  /** Sets a count; its block is made if there is none. */
  *set(cluster: number, count: number): Steps<void> {
    let block = yield* this.blockOf(cluster);
    if (!block) {
      yield* this.addBlock(Math.floor(cluster / 2 ** this.blockBits), null);
      block = yield* this.blockOf(cluster);
    }
    this.store(block!, cluster, count);
  }

  *add(cluster: number, difference: number): Steps<number> {
    const count = (yield* this.get(cluster)) + difference;
    if (count < 0) yield* this.image.corrupt(`cluster ${cluster} is freed, but was free already`);
    if (count > this.max)
      fail('unsupported', `the image has no room to count more than ${this.max} uses of a cluster`);
    yield* this.set(cluster, count);
    if (count === 0) this.hint = Math.min(this.hint, cluster);
    return count;
  }

  /** Allocates clusters in a row. @returns the first one's number */
  *allocate(count: number): Steps<number> {
    for (;;) {
      let start = this.hint;
      let at = start;
      while (at - start < count) {
        const block = yield* this.blockOf(at);
        const end = (Math.floor(at / 2 ** this.blockBits) + 1) * 2 ** this.blockBits;
        if (!block) {
          at = Math.min(end, start + count);
          continue;
        }
        for (; at < end && at - start < count; at++)
          if (readCount(block.view, this.order, this.indexOf(at)) !== 0) start = at + 1;
      }
      let complete = true;
      for (let block = Math.floor(start / 2 ** this.blockBits); block * 2 ** this.blockBits < at; block++) {
        if ((this.table[block] ?? 0) !== 0) continue;
        yield* this.addBlock(block, start);
        complete = false;
        break;
      }
      // A new block lies where there was room: the search begins again.
      if (!complete) continue;
      for (let cluster = start; cluster < at; cluster++) {
        if (this.image.metadata.has(cluster))
          yield* this.image.corrupt(`cluster ${cluster} counts as free, but holds a table`);
        this.store((yield* this.blockOf(cluster))!, cluster, 1);
      }
      this.hint = at;
      return start;
    }
  }

  /**
   * Makes the block with number `number` within the clusters that it counts, all of which are free: at `start` if that is one of
   * them. The block is in the file before the table refers to it.
   */
  private *addBlock(number: number, start: number | null): Steps<void> {
    if (number >= this.table.length) yield* this.growTable(number + 1);
    if (this.table[number] !== 0) return;
    const { image } = this;
    const first = number * 2 ** this.blockBits;
    const cluster = start !== null && start >= first ? start : first;
    if (image.metadata.has(cluster))
      yield* image.corrupt(`cluster ${cluster} counts as free, but holds a table`);
    const offset = cluster * image.clusterSize;
    const block = this.cache.add(offset, new Uint8Array(image.clusterSize));
    this.store(block, cluster, 1);
    image.claim(offset, image.clusterSize, 'refcount block');
    try {
      yield* image.put(offset, block.bytes, 'refcount block');
      block.dirtyTo = 0;
      yield* take(image.file.flush());
      this.table[number] = offset;
      yield* this.writeEntry(number);
    } catch (error) {
      // The table in the file need not name it: who needs it next makes it anew.
      this.table[number] = 0;
      image.unclaim(offset, image.clusterSize);
      this.cache.forget(offset);
      throw error;
    }
  }

  private *writeEntry(number: number): Steps<void> {
    const bytes = new Uint8Array(8);
    writeU64(viewOf(bytes), 0, this.table[number]);
    yield* this.image.put(this.image.header.refcountTableOffset + number * 8, bytes, 'refcount table');
  }

  /** Moves the table behind everything else, with room for `entries` blocks and more. */
  private *growTable(entries: number): Steps<void> {
    const { image } = this;
    const { clusterSize, header } = image;
    const perBlock = 2 ** this.blockBits;
    const first = Math.max(this.table.length, Math.ceil(image.file.size / clusterSize / perBlock));
    let length = Math.max(entries, first, Math.ceil(this.table.length * 1.5));
    let blocks = 1;
    for (;;) {
      length = Math.ceil((Math.max(length, first + blocks) * 8) / clusterSize) * (clusterSize / 8);
      const needed = Math.ceil(((length * 8) / clusterSize + blocks) / perBlock);
      if (needed <= blocks) break;
      blocks = needed;
    }
    const tableClusters = (length * 8) / clusterSize;
    if (length * 8 > MAX_REFTABLE_BYTES)
      fail('space', 'the image cannot count more clusters: make one with larger ones');
    const at = first * perBlock;
    const table = new Float64Array(length);
    table.set(this.table);
    for (let i = 0; i < blocks; i++) {
      const offset = (at + i) * clusterSize;
      table[first + i] = offset;
      const block = this.cache.add(offset, new Uint8Array(clusterSize));
      const used = Math.min(Math.max(blocks + tableClusters - i * perBlock, 0), perBlock);
      for (let index = 0; index < used; index++) writeCount(block.view, this.order, index, 1);
      image.claim(offset, clusterSize, 'refcount block');
      yield* image.put(offset, block.bytes, 'refcount block');
    }
    const bytes = new Uint8Array(length * 8);
    const view = viewOf(bytes);
    table.forEach((offset, index) => void writeU64(view, index * 8, offset));
    const tableOffset = (at + blocks) * clusterSize;
    const old = { offset: header.refcountTableOffset, clusters: header.refcountTableClusters };
    image.claim(tableOffset, bytes.length, 'refcount table');
    yield* image.put(tableOffset, bytes, 'refcount table');
    yield* take(image.file.flush());
    header.refcountTableOffset = tableOffset;
    header.refcountTableClusters = tableClusters;
    try {
      yield* image.patchHeader(48, 12);
      yield* take(image.file.flush());
    } catch (error) {
      yield* this.keepTable(old);
      image.unclaim(at * clusterSize, (blocks + tableClusters) * clusterSize);
      for (let i = 0; i < blocks; i++) this.cache.forget((at + i) * clusterSize);
      throw error;
    }
    this.table = table;
    image.unclaim(old.offset, old.clusters * clusterSize);
    for (let i = 0; i < old.clusters; i++) yield* this.add(old.offset / clusterSize + i, -1);
  }

  /** The header could not be written, or not flushed: lets it name the old table again, which is as good. */
  private *keepTable(old: { offset: number; clusters: number }): Steps<void> {
    const { image } = this;
    image.header.refcountTableOffset = old.offset;
    image.header.refcountTableClusters = old.clusters;
    try {
      yield* image.patchHeader(48, 12);
      yield* take(image.file.flush());
    } catch {
      // Which of the two the file names is not known, and only one of them will be up to date.
      image.giveUp('the header could not be written while the refcount table grew');
    }
  }

  /** The clusters of `length` bytes from `offset` on have one use less, once the tables say so. */
  free(offset: number, length: number): void {
    const { clusterSize } = this.image;
    const last = Math.floor((offset + length - 1) / clusterSize);
    for (let cluster = Math.floor(offset / clusterSize); cluster <= last; cluster++) this.freed.push(cluster);
  }

  get anyFreed(): boolean {
    return this.freed.length > 0;
  }

  /** Counts down what was freed. Nothing in the file refers to it any more. */
  *applyFreed(): Steps<void> {
    const freed = this.freed;
    this.freed = [];
    for (const cluster of freed) yield* this.add(cluster, -1);
  }
}
