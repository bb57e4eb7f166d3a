/**
 * Whether an image's reference counts and references agree, and their repair. Every reference is followed and counted; then the counts are
 * compared with those in the file. A count that is too high loses room (a leak); one that is too low will lose data.
 */
import { fail, request, type Steps, take, wait } from '../../request.ts';
import { bitmapClusters, bitmapDirectory, dropBitmaps, parseBitmaps } from './bitmaps.ts';
import { Counts } from './counts.ts';
import {
  BITMAPS,
  CORRUPT,
  DIRTY,
  MAX_BITMAP_BYTES,
  MAX_BITMAP_DIRECTORY,
  MAX_INACTIVE_L1_BYTES,
  MAX_L1_BYTES,
  viewOf,
  writeU64,
} from './header.ts';
import { COPIED_HIGH, type Image } from './image.ts';
import type { Qcow2Node } from './qcow2-node.ts';
import { readCount, writeCount } from './refcounts.ts';
import type { Table } from './table-cache.ts';

/** `leaks` gives lost clusters back, `all` repairs everything that can be. */
export type Repair = 'none' | 'leaks' | 'all';

export interface CheckResult {
  /** What is wrong with the data's references, as it was found before repairs. */
  corruptions: number;
  leaks: number;
  /** Tables that could not be read. */
  errors: number;
  corruptionsFixed: number;
  leaksFixed: number;
  /** Clusters of the disk: all, with data, not behind their predecessor, compressed. */
  totalClusters: number;
  allocatedClusters: number;
  fragmentedClusters: number;
  compressedClusters: number;
  /** Behind the last cluster in use, bytes. */
  imageEnd: number;
  /** What was found, at most 100 lines. */
  messages: string[];
}

/** An L2 table of snapshots. */
interface SharedTable {
  offset: number;
  /** Which it is of its disk's. */
  number: number;
  /** Snapshots that have it. */
  times: number;
}

const MAX_MESSAGES = 100;

class Checker {
  readonly result: CheckResult;
  readonly counts = new Counts();
  /** The reference counts' own structure is damaged: it has to be made anew. */
  rebuild = false;
  private readonly node: Qcow2Node;
  private readonly image: Image;
  private readonly repair: Repair;
  private readonly end: number;
  private readonly walked = new Set<number>();
  /** What is looked at now counts so many times: snapshots share tables. */
  private times = 1;
  private previous = 0;

  constructor(node: Qcow2Node, repair: Repair) {
    this.node = node;
    this.image = node.image;
    this.repair = repair;
    const { clusterSize, file } = node.image;
    this.end = Math.ceil(file.size / clusterSize) * clusterSize;
    this.result = {
      corruptions: 0,
      leaks: 0,
      errors: 0,
      corruptionsFixed: 0,
      leaksFixed: 0,
      totalClusters: Math.ceil(node.size / clusterSize),
      allocatedClusters: 0,
      fragmentedClusters: 0,
      compressedClusters: 0,
      imageEnd: 0,
      messages: [],
    };
  }

  private say(message: string): void {
    if (this.result.messages.length < MAX_MESSAGES) this.result.messages.push(message);
  }

  private corruption(message: string): void {
    this.result.corruptions += this.times;
    this.say(`ERROR ${message}`);
  }

  /** Counts a reference. @returns false: it leads out of the file */
  private refer(offset: number, length: number, what: string): boolean {
    if (length === 0) return true;
    if (offset + length > this.end) {
      this.corruption(`${what} at ${offset} lies beyond the end of the image`);
      return false;
    }
    const { clusterSize } = this.image;
    const last = Math.floor((offset + length - 1) / clusterSize);
    for (let cluster = Math.floor(offset / clusterSize); cluster <= last; cluster++)
      this.counts.add(cluster, this.times);
    return true;
  }

  private referTable(offset: number, length: number, what: string): boolean {
    if (offset % this.image.clusterSize === 0) return this.refer(offset, length, what);
    this.corruption(`${what} at ${offset} does not begin at a cluster`);
    return false;
  }

  *references(): Steps<void> {
    const { node, image } = this;
    const { header, clusterSize } = image;
    this.refer(0, clusterSize, 'the header');
    if (header.l1Size > 0 && this.referTable(header.l1Offset, header.l1Size * 8, 'the active L1 table'))
      yield* this.l1(image.l1, null);
    const snapshotBytes = node.snapshotList.reduce((sum, { bytes }) => sum + bytes, 0);
    this.refer(header.snapshotsOffset, snapshotBytes, 'the snapshot table');
    const shared = new Map<number, SharedTable>();
    let tables = 0;
    for (const { id, l1Offset, l1Size } of node.snapshotList) {
      const what = `the L1 table of snapshot ${id}`;
      if (l1Size * 8 > MAX_L1_BYTES) {
        this.corruption(`${what} is too large`);
        continue;
      }
      if (l1Size === 0 || !this.referTable(l1Offset, l1Size * 8, what)) continue;
      tables += l1Size * 8;
      // Together they are longer than the file only where they lie over one another.
      if (this.walked.has(l1Offset) || tables > this.end) {
        this.corruption(`${what} is another's too`);
        continue;
      }
      if (tables > MAX_INACTIVE_L1_BYTES) fail('unsupported', 'the L1 tables of the snapshots are too large');
      this.walked.add(l1Offset);
      const bytes = yield* this.read(l1Offset, l1Size * 8, what);
      if (bytes) yield* this.l1(viewOf(bytes), shared);
    }
    // Each is looked at once, however many snapshots have it.
    for (const { offset, number, times } of shared.values()) {
      this.times = times;
      yield* this.l2At(offset, number, false);
      this.times = 1;
    }
    yield* this.bitmaps();
  }

  private *read(offset: number, length: number, what: string): Steps<Uint8Array | null> {
    const there = Math.min(length, this.image.file.size - offset);
    const result = yield* wait(this.image.file.read(offset, Math.max(there, 0)));
    if (result.ok && there === length) return result.value.slice();
    this.result.errors++;
    this.say(`ERROR ${what} cannot be read`);
    return null;
  }

  /** @param shared takes a snapshot's L2 tables; null: the tables are the active ones, and looked at */
  private *l1(l1: DataView, shared: Map<number, SharedTable> | null): Steps<void> {
    const { clusterSize } = this.image;
    const active = shared === null;
    const seen = new Set<number>();
    for (let i = 0; i < l1.byteLength / 8; i++) {
      const high = l1.getUint32(i * 8);
      const offset = (high & 0x00ffffff) * 2 ** 32 + ((l1.getUint32(i * 8 + 4) & 0xfffffe00) >>> 0);
      if (offset === 0) continue;
      const what = `L2 table ${i}`;
      if (seen.has(offset) || !this.referTable(offset, clusterSize, what)) {
        if (seen.has(offset)) this.corruption(`${what} at ${offset} is another's too`);
        if (this.repair === 'all' && active) {
          this.image.setL1(i, 0, false);
          this.result.corruptionsFixed++;
        }
        continue;
      }
      seen.add(offset);
      const known = shared?.get(offset);
      if (known) known.times++;
      else if (shared) shared.set(offset, { offset, number: i, times: 1 });
      else yield* this.l2At(offset, i, true);
    }
  }

  private *l2At(offset: number, number: number, active: boolean): Steps<void> {
    const loaded = yield* wait(request(this.image.l2Cache.load(offset)));
    if (loaded.ok) return this.l2(loaded.value, number, active);
    this.result.errors += this.times;
    this.say(`ERROR L2 table ${number} cannot be read`);
  }

  private l2(table: Table, number: number, active: boolean): void {
    // As QEMU has it: what follows what is asked within a table.
    this.previous = 0;
    const { image, result } = this;
    const { clusterSize } = image;
    const { mapping } = this.node;
    const clear = (index: number): void => {
      if (this.repair !== 'all' || !active) return;
      mapping.setEntry(table, index, { host: 0, copied: false, allocated: 0, zero: 0 });
      result.corruptionsFixed++;
    };
    for (let index = 0; index < image.l2Entries; index++) {
      const entry = mapping.entry(table, index);
      const inDisk = active && (number * image.l2Entries + index) * clusterSize < this.node.size;
      const where = `cluster ${number * image.l2Entries + index} of the disk`;
      if (entry.compressed) {
        if (entry.copied) {
          this.corruption(`${where} is compressed, and marked as the image's alone`);
          clear(index);
          continue;
        }
        if (inDisk) {
          result.allocatedClusters++;
          result.compressedClusters++;
          // Compressed clusters never follow one another as others do.
          result.fragmentedClusters++;
        }
        const first = entry.host - (entry.host % 512);
        if (!this.refer(first, entry.stored + (entry.host % 512), where)) clear(index);
        continue;
      }
      const wrong =
        mapping.subclusters > 1
          ? (entry.allocated & entry.zero) !== 0 || (entry.allocated !== 0 && entry.host === 0)
          : entry.zero !== 0 && image.header.version < 3;
      if (wrong) {
        this.corruption(`the bits of ${where} contradict each other`);
        clear(index);
        continue;
      }
      if (entry.host === 0) continue;
      if (!this.referTable(entry.host, clusterSize, where)) {
        clear(index);
        continue;
      }
      if (inDisk) {
        result.allocatedClusters++;
        if (this.previous !== 0 && this.previous + clusterSize !== entry.host) result.fragmentedClusters++;
        this.previous = entry.host;
      }
    }
  }

  /** Bitmaps are only counted: directory, tables, and the clusters with bits. */
  private *bitmaps(): Steps<void> {
    const directory = bitmapDirectory(this.image.header);
    if (!directory) return;
    if (directory.length > MAX_BITMAP_DIRECTORY) return this.corruption('the bitmap directory is too large');
    if (!this.referTable(directory.offset, directory.length, 'the bitmap directory')) return;
    const bytes = yield* this.read(directory.offset, directory.length, 'the bitmap directory');
    if (!bytes) return;
    let tables = 0;
    for (const { offset, entries } of parseBitmaps(bytes, directory.count)) {
      tables += entries * 8;
      if (entries * this.image.clusterSize > MAX_BITMAP_BYTES || tables > this.end) {
        this.corruption('a bitmap table is too large');
        continue;
      }
      if (!this.referTable(offset, entries * 8, 'a bitmap table')) continue;
      const table = yield* this.read(offset, entries * 8, 'a bitmap table');
      for (const host of table ? bitmapClusters(table) : [])
        this.referTable(host, this.image.clusterSize, 'a bitmap');
    }
  }

  /** Counts the reference counts themselves. */
  structure(): void {
    const { image } = this;
    const { header, clusterSize, refcounts } = image;
    this.referTable(
      header.refcountTableOffset,
      header.refcountTableClusters * clusterSize,
      'the refcount table',
    );
    refcounts.table.forEach((offset, number) => {
      if (offset === 0) return;
      const what = `refcount block ${number}`;
      if (!this.referTable(offset, clusterSize, what)) this.rebuild = true;
      else if (this.counts.get(offset / clusterSize) > 1) {
        this.corruption(`${what} at ${offset} is used for something else too`);
        this.rebuild = true;
      }
    });
  }

  /** Compares, and repairs counts that can be. */
  *compare(): Steps<void> {
    const { image, result, repair } = this;
    const { refcounts, clusterSize } = image;
    const perBlock = 2 ** refcounts.blockBits;
    // Clusters that are to be repaired, each with its count behind it.
    const wrong: number[] = [];
    const seen = new Set<number>();
    let last = -1;
    for (let number = 0; number < refcounts.table.length; number++) {
      const offset = refcounts.table[number];
      if (offset === 0 || offset % clusterSize !== 0 || offset + clusterSize > image.file.size) continue;
      // The structure has been found to be wrong, and is made anew.
      if (seen.has(offset)) continue;
      seen.add(offset);
      const block = yield* refcounts.cache.load(offset);
      for (let index = 0; index < perBlock; index++) {
        const stored = readCount(block.view, image.header.refcountOrder, index);
        const cluster = number * perBlock + index;
        const counted = this.counts.get(cluster);
        if (stored > 0 || counted > 0) last = cluster;
        if (stored === counted) continue;
        if (repair !== 'none') wrong.push(cluster, counted);
        if (stored > counted) {
          result.leaks++;
          this.say(`Leaked cluster ${cluster} refcount=${stored} reference=${counted}`);
          if (repair !== 'none') result.leaksFixed++;
        } else {
          this.corruption(`cluster ${cluster} refcount=${stored} reference=${counted}`);
          if (repair === 'all') result.corruptionsFixed++;
        }
      }
    }
    for (const cluster of this.counts.used()) {
      const number = Math.floor(cluster / perBlock);
      const offset = refcounts.table[number] ?? 0;
      if (offset !== 0 && offset % clusterSize === 0 && offset + clusterSize <= image.file.size) continue;
      last = Math.max(last, cluster);
      this.rebuild = true;
      this.corruption(`cluster ${cluster} refcount=0 reference=${this.counts.get(cluster)}`);
      if (repair === 'all') result.corruptionsFixed++;
    }
    result.imageEnd = (last + 1) * clusterSize;
    if (this.rebuild && repair === 'all') return;
    for (let i = 0; i < wrong.length; i += 2) {
      const [cluster, counted] = [wrong[i], wrong[i + 1]];
      const leak = (yield* refcounts.get(cluster)) > counted;
      if (repair === 'all' || (repair === 'leaks' && leak)) yield* refcounts.set(cluster, counted);
    }
  }

  /** Marks of the active tables that say that a cluster is the image's alone. */
  *copied(): Steps<void> {
    const { image, result, counts, rebuild } = this;
    const { mapping } = this.node;
    // By the counts as the file has them now; where they lost uses only, and those were given back, all is known.
    const safe = result.corruptions + result.errors === 0;
    const repair = this.repair === 'leaks' && safe ? 'all' : this.repair;
    const count = function* (cluster: number): Steps<number> {
      return rebuild ? counts.get(cluster) : yield* image.refcounts.get(cluster);
    };
    const seen = new Set<number>();
    for (let i = 0; i < image.header.l1Size; i++) {
      const at = image.l2Offset(i);
      if (at === 0 || at % image.clusterSize !== 0 || at + image.clusterSize > this.end) continue;
      // That two entries have it has been found out.
      if (seen.has(at)) continue;
      seen.add(at);
      const alone = (yield* count(at / image.clusterSize)) === 1;
      if (alone !== image.l2Copied(i)) {
        this.corruption(`OFLAG_COPIED of L2 table ${i} is ${alone ? 'missing' : 'wrong'}`);
        if (repair === 'all') {
          image.setL1(i, at, alone);
          result.corruptionsFixed++;
        }
      }
      const loaded = yield* wait(request(image.l2Cache.load(at)));
      if (!loaded.ok) continue;
      const table = loaded.value;
      for (let index = 0; index < image.l2Entries; index++) {
        const entry = mapping.entry(table, index);
        if (entry.compressed || entry.host === 0 || entry.host % image.clusterSize !== 0) continue;
        const own = (yield* count(entry.host / image.clusterSize)) === 1;
        if (own === entry.copied) continue;
        this.corruption(
          `OFLAG_COPIED of cluster ${i * image.l2Entries + index} is ${own ? 'missing' : 'wrong'}`,
        );
        if (repair !== 'all') continue;
        const byte = index * (image.extended ? 16 : 8);
        table.view.setUint32(byte, (table.view.getUint32(byte) ^ COPIED_HIGH) >>> 0);
        table.changed(byte, 4);
        result.corruptionsFixed++;
      }
    }
  }

  /** Makes table and blocks of reference counts anew, behind everything else. */
  *rebuildCounts(): Steps<void> {
    const { image, counts } = this;
    const { clusterSize, header, refcounts } = image;
    const perBlock = 2 ** refcounts.blockBits;
    const start = Math.ceil(image.file.size / clusterSize);
    const used = new Set<number>();
    for (const cluster of counts.used()) used.add(Math.floor(cluster / perBlock));
    // The new blocks and the table count themselves too.
    let total = 0;
    let entries = 0;
    for (;;) {
      const blocks = new Set(used);
      for (let cluster = start; cluster < start + total; cluster++)
        blocks.add(Math.floor(cluster / perBlock));
      entries = Math.ceil(((Math.max(...blocks) + 1) * 8) / clusterSize) * (clusterSize / 8);
      const needed = blocks.size + (entries * 8) / clusterSize;
      if (needed <= total) {
        for (const block of blocks) used.add(block);
        break;
      }
      total = needed;
    }
    for (let cluster = start; cluster < start + total; cluster++) counts.add(cluster);
    const table = new Float64Array(entries);
    let at = start;
    for (const number of [...used].sort((a, b) => a - b)) {
      const bytes = new Uint8Array(clusterSize);
      const view = viewOf(bytes);
      for (let index = 0; index < perBlock; index++)
        writeCount(view, header.refcountOrder, index, counts.get(number * perBlock + index));
      table[number] = at * clusterSize;
      yield* image.put(table[number], bytes, 'refcount block');
      at++;
    }
    const bytes = new Uint8Array(entries * 8);
    table.forEach((offset, index) => void writeU64(viewOf(bytes), index * 8, offset));
    // What the search for a size left over lies before the table, and is counted: one cluster at most.
    const tableOffset = (start + total) * clusterSize - bytes.length;
    yield* image.put(tableOffset, bytes, 'refcount table');
    yield* take(image.file.flush());
    header.refcountTableOffset = tableOffset;
    header.refcountTableClusters = bytes.length / clusterSize;
    yield* image.patchHeader(48, 12);
    yield* take(image.file.flush());
    refcounts.cache.clear();
    refcounts.table = table;
  }
}

/** Makes an image ready to be written that was not closed, or has bitmaps. */
export function* makeReady(node: Qcow2Node): Steps<void> {
  const { header } = node.image;
  if (header.incompatible & DIRTY) {
    const result = yield* checkImage(node, 'all');
    if (result.corruptions > result.corruptionsFixed || result.errors > 0)
      fail('io', 'the image was not closed, and could not be repaired');
  }
  if ((header.autoclear & BITMAPS) === 0) return;
  yield* dropBitmaps(node.image, function* () {
    const checker = new Checker(node, 'none');
    yield* checker.references();
    checker.structure();
    return checker.result.errors > 0 ? null : checker.counts;
  });
}

/** Checks an image, and repairs it. The node is open for writing if anything is to be repaired. */
export function* checkImage(node: Qcow2Node, repair: Repair): Steps<CheckResult> {
  const { image } = node;
  if (repair !== 'none' && image.readOnly) return fail('read-only', 'the image takes no writes');
  if (repair !== 'none') image.metadata.clear();
  const checker = new Checker(node, repair);
  yield* checker.references();
  if (checker.rebuild === false) checker.structure();
  yield* checker.compare();
  yield* checker.copied();
  const { result } = checker;
  if (repair === 'none') return result;
  if (checker.rebuild && repair === 'all') {
    // Without the old structure, whose clusters become free.
    const again = new Checker(node, 'none');
    yield* again.references();
    yield* again.rebuildCounts();
  }
  yield* image.sync({ final: repair === 'all' && (image.header.incompatible & CORRUPT) === 0 });
  if (repair === 'all' && result.errors === 0 && image.header.incompatible & (CORRUPT | DIRTY)) {
    yield* take(image.file.flush());
    image.header.incompatible &= ~(CORRUPT | DIRTY);
    yield* image.patchHeader(72, 8);
  }
  yield* take(image.file.flush());
  node.claimAll();
  return result;
}
