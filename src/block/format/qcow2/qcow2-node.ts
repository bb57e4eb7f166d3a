/** A qcow2 image as a disk. Specification: QEMU's docs/interop/qcow2.txt. */
import {
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  DONE,
  type Eventually,
  failure,
  outside,
  refused,
  success,
  type ZeroOptions,
} from '../../block-node.ts';
import { fail, request, type Steps, Turnstile, take, wait } from '../../request.ts';
import { type Compressor, inflate, unzstd } from '../codecs.ts';
import {
  BITMAPS,
  CORRUPT,
  DIRTY,
  type Header,
  l1EntriesFor,
  MAX_INACTIVE_L1_BYTES,
  MAX_L1_BYTES,
  parseHeader,
  viewOf,
} from './header.ts';
import { Image } from './image.ts';
import { Mapping, type Run } from './mapping.ts';
import { resizeImage } from './resize.ts';
import { readSnapshots, type Snapshot } from './snapshots.ts';
import { Writer } from './writer.ts';

export interface Qcow2Options {
  readOnly?: boolean;
  /** What shows through; closed with the image. The opener finds it by `backingFile`. */
  backing?: BlockNode | null;
  /** Guests' discards free clusters (default), or do nothing. */
  discard?: 'unmap' | 'ignore';
  /** Memory for L2 tables, bytes. Default 8 MiB, which maps 64 GiB in clusters of 64 KiB. */
  cacheBytes?: number;
  compressor?: Compressor;
  /** Opens what is marked as corrupt or dirty as it is, for `check`. */
  asIs?: boolean;
}

const CACHE_BYTES = 8 << 20;
/** Expanded clusters kept: 1 MiB, at least one. */
const EXPANDED_BYTES = 1 << 20;
const HEADER_BYTES = 65536;

/** Reads the header of the image in `file`. */
export function* readHeader(file: BlockNode): Steps<Header> {
  let length = Math.min(file.size, HEADER_BYTES);
  let bytes = yield* take(file.read(0, length));
  const bits = length >= 24 ? viewOf(bytes).getUint32(20) : 0;
  if (bits > 16 && bits <= 21 && file.size > length) {
    length = Math.min(file.size, 2 ** bits);
    bytes = yield* take(file.read(0, length));
  }
  const parsed = parseHeader(bytes, file.size);
  return 'problem' in parsed ? fail('io', parsed.problem) : parsed.header;
}

export class Qcow2Node implements BlockNode {
  readonly image: Image;
  /** Changed only while nobody asks for anything. */
  backing: BlockNode | null;
  readonly mapping: Mapping;
  /** Read once, and kept as they are in the file. */
  snapshotList: Snapshot[] = [];
  readonly compressor: Compressor;
  private readonly writer: Writer;
  /** Lets in one request at a time that changes metadata. */
  readonly turn = new Turnstile();
  private readonly discardUnmaps: boolean;
  private readonly expanded = new Map<number, Uint8Array>();
  /** Writes on their way into clusters that are there already. */
  private inPlace = 0;
  private drained: (() => void)[] = [];
  private closed = false;

  private constructor(image: Image, options: Qcow2Options) {
    this.image = image;
    this.backing = options.backing ?? null;
    this.mapping = new Mapping(image);
    this.discardUnmaps = options.discard !== 'ignore';
    this.compressor = options.compressor ?? { deflate: null, zstd: null };
    this.writer = new Writer(this);
    image.onFree = () => {
      this.expanded.clear();
      this.writer.packEnd = 0;
    };
    image.drain = () =>
      this.inPlace === 0 ? null : new Promise<void>((resolve) => void this.drained.push(resolve));
  }

  /** Opens the image in `file`, which is the node's from then on. */
  static open(file: BlockNode, options: Qcow2Options = {}): Eventually<BlockResult<Qcow2Node>> {
    return request(Qcow2Node.opening(file, options));
  }

  private static *opening(file: BlockNode, options: Qcow2Options): Steps<Qcow2Node> {
    const header = yield* readHeader(file);
    const readOnly = (options.readOnly ?? false) || file.readOnly;
    const image = new Image(file, header, { readOnly, cacheBytes: options.cacheBytes ?? CACHE_BYTES });
    if (!readOnly && !options.asIs && header.incompatible & CORRUPT) {
      fail(
        'io',
        'the image is marked as corrupt: repair it with snowglobe-img check -r all, or open it read-only',
      );
    }
    if (header.l1Size > 0) yield* image.loadL1();
    yield* image.refcounts.loadTable();
    const node = new Qcow2Node(image, options);
    node.snapshotList = yield* readSnapshots(image);
    if (readOnly || options.asIs) return node;
    file.expect?.(header.size);
    node.claimAll();
    if (header.incompatible & DIRTY || header.autoclear & BITMAPS) {
      // Few images are so: a boot of others does without this part of the page.
      const check = yield* wait(import('./check.ts').catch(() => null));
      if (!check) fail('io', 'the part that repairs images could not be loaded');
      yield* check.makeReady(node);
    }
    // Features of the file that who writes to it must know, or give up.
    if (header.autoclear !== 0) {
      header.autoclear = 0;
      yield* image.patchHeader(88, 8);
    }
    return node;
  }

  /** Notes where all metadata lie. A step of requests. */
  claimAll(): void {
    const { image } = this;
    image.claimAll();
    const { snapshotsOffset } = image.header;
    const length = this.snapshotList.reduce((sum, { bytes }) => sum + bytes, 0);
    if (length > 0) image.claim(snapshotsOffset, length, 'snapshot table');
    let tables = 0;
    for (const { l1Offset, l1Size } of this.snapshotList) {
      const bytes = l1Size * 8;
      // A table that is none is refused when somebody asks for its snapshot.
      if (bytes === 0 || bytes > MAX_L1_BYTES || l1Offset + bytes > image.file.size) continue;
      tables += bytes;
      if (tables > MAX_INACTIVE_L1_BYTES && !image.readOnly)
        fail('unsupported', 'the L1 tables of its snapshots are too large for an image that is written');
      image.claim(l1Offset, bytes, 'inactive L1 table');
    }
  }

  get size(): number {
    return this.image.header.size;
  }

  get readOnly(): boolean {
    return this.image.readOnly;
  }

  // Reading

  read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    const wrong = this.closed ? CLOSED : outside(this.size, offset, length);
    if (wrong) return wrong;
    if (length === 0) return success(new Uint8Array(0));
    const table = this.mapping.peek(offset);
    if (table) {
      const host = this.mapping.plain(table, offset, length, false);
      if (host >= 0 && host + length <= this.image.file.size) return this.image.file.read(host, length);
    }
    return request(this.reading(offset, length));
  }

  private *reading(offset: number, length: number): Steps<Uint8Array> {
    const bytes = new Uint8Array(length);
    yield* this.readInto(bytes, offset);
    return bytes;
  }

  /** Fills `bytes`, which are zeros, with the disk's from `offset` on; zeros behind its end. */
  *readInto(bytes: Uint8Array, offset: number): Steps<void> {
    const length = Math.min(bytes.length, Math.max(this.size - offset, 0));
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const run = this.mapping.run(yield* this.mapping.table(at), at, length - done);
      yield* this.readRun(run, at, bytes.subarray(done, done + run.length));
      done += run.length;
    }
  }

  private *readRun(run: Run, offset: number, into: Uint8Array): Steps<void> {
    switch (run.kind) {
      case 'data': {
        const there = Math.min(Math.max(this.image.file.size - run.host, 0), run.length);
        if (there > 0) into.set(yield* take(this.image.file.read(run.host, there)));
        return;
      }
      case 'unallocated': {
        const there = Math.min(Math.max((this.backing?.size ?? 0) - offset, 0), run.length);
        if (there > 0) into.set(yield* take(this.backing!.read(offset, there)));
        return;
      }
      case 'compressed': {
        const cluster = yield* this.expand(run.host, run.stored);
        const within = offset % this.mapping.clusterSize;
        into.set(cluster.subarray(within, within + run.length));
        return;
      }
      case 'invalid':
        return yield* this.image.corrupt(`the mapping of byte ${offset} of the disk makes no sense`);
    }
  }

  private *expand(host: number, stored: number): Steps<Uint8Array> {
    const kept = this.expanded.get(host);
    if (kept) return kept;
    const { clusterSize } = this.mapping;
    // The last sector may lie beyond the end, since the data need not fill it.
    const there = Math.min(stored, this.image.file.size - host);
    if (there <= 0) fail('io', 'a compressed cluster lies beyond the end of the image');
    const bytes = yield* take(this.image.file.read(host, there));
    const expand = this.image.header.compressionType === 'zstd' ? unzstd : inflate;
    const cluster = expand(bytes, clusterSize);
    if (!cluster) return fail('io', 'a compressed cluster is damaged');
    while (this.expanded.size >= Math.max(1, EXPANDED_BYTES / clusterSize))
      this.expanded.delete(this.expanded.keys().next().value!);
    this.expanded.set(host, cluster);
    return cluster;
  }

  blockStatus(offset: number, length: number): Eventually<BlockResult<BlockStatus>> {
    if (this.closed) return CLOSED;
    return outside(this.size, offset, Math.max(length, 1)) ?? request(this.status(offset, length));
  }

  private *status(offset: number, length: number): Steps<BlockStatus> {
    let status: BlockStatus | null = null;
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const run = this.mapping.run(yield* this.mapping.table(at), at, length - done);
      if (run.kind === 'invalid')
        yield* this.image.corrupt(`the mapping of byte ${at} of the disk makes no sense`);
      const next: BlockStatus = {
        length: run.length,
        allocated: run.kind !== 'unallocated',
        data: run.kind === 'data' || run.kind === 'compressed',
        zero: run.kind === 'zero' || (run.kind === 'unallocated' && !this.backing),
        offset: run.kind === 'data' ? run.host : null,
        compressed: run.kind === 'compressed',
      };
      if (!status) status = next;
      else if (
        next.allocated !== status.allocated ||
        next.data !== status.data ||
        next.compressed !== status.compressed ||
        next.offset !== (status.offset === null ? null : status.offset + status.length)
      )
        break;
      else status.length += run.length;
      done += run.length;
    }
    return status!;
  }

  // Writing

  write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    const wrong = this.refuse(offset, bytes.length);
    if (wrong) return wrong;
    if (bytes.length === 0) return DONE;
    if (this.turn.free) {
      const host = this.writer.inPlace(offset, bytes.length);
      if (host >= 0) return this.track(this.image.file.write(host, bytes));
    }
    const source = { bytes };
    const result = this.exclusive(() => this.writer.write(offset, source));
    // The caller may use its buffer again.
    if (result instanceof Promise) source.bytes = bytes.slice();
    return result;
  }

  /** Writes a whole cluster, or the last part of the disk, compressed; as it is if that makes it no smaller. */
  writeCompressed(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    const wrong = this.refuse(offset, bytes.length);
    if (wrong) return wrong;
    const kept = bytes.slice();
    return this.exclusive(() => this.writer.writeCompressed(offset, kept));
  }

  private track(result: Eventually<BlockResult>): Eventually<BlockResult> {
    if (!(result instanceof Promise)) return result;
    this.inPlace++;
    return result.finally(() => {
      this.inPlace--;
      if (this.inPlace > 0) return;
      for (const resolve of this.drained.splice(0)) resolve();
    });
  }

  private refuse(offset: number, length: number): BlockResult<never> | null {
    if (this.closed) return CLOSED;
    if (this.image.unusable && !this.readOnly) return failure('io', this.image.unusable);
    return refused(this, offset, length);
  }

  discard(offset: number, length: number): Eventually<BlockResult> {
    const wrong = this.refuse(offset, length);
    if (wrong || !this.discardUnmaps || length === 0) return wrong ?? DONE;
    return this.exclusive(() => this.writer.discard(offset, length));
  }

  writeZeroes(offset: number, length: number, options: ZeroOptions = {}): Eventually<BlockResult> {
    const wrong = this.refuse(offset, length);
    if (wrong || length === 0) return wrong ?? DONE;
    return this.exclusive(() => this.writer.writeZeroes(offset, length, options.unmap ?? true));
  }

  resize(size: number): Eventually<BlockResult> {
    const wrong = this.refuse(0, 0);
    return wrong ?? this.exclusive(() => resizeImage(this, size));
  }

  /** Frees all clusters from `first` to before `end`. A step of requests that run alone. */
  clear(first: number, end: number): Steps<void> {
    return this.writer.clear(first, end, 0);
  }

  /** Writes zeros. A step of requests that run alone. */
  zero(offset: number, length: number): Steps<void> {
    return this.writer.writeZeroes(offset, length, true);
  }

  /** Gives every cluster of the disk from byte `from` on its place in the file, and writes zeros there if that is asked for. */
  preallocate(full: boolean, from = 0): Eventually<BlockResult> {
    return this.refuse(0, 0) ?? this.exclusive(() => this.writer.preallocate(full, from));
  }

  /** Runs steps that change metadata, alone. Their value is not the request's. */
  exclusive(steps: () => Steps<unknown>): Eventually<BlockResult> {
    const { image, turn } = this;
    return request(
      turn.alone(function* (): Steps<null> {
        yield* steps();
        if (image.l2Cache.crowded || image.refcounts.cache.crowded) yield* image.sync();
        return null;
      }),
    );
  }

  flush(): Eventually<BlockResult> {
    if (this.closed) return CLOSED;
    if (this.readOnly) return DONE;
    const { image, turn } = this;
    return request(
      turn.alone(function* (): Steps<null> {
        yield* image.sync();
        return yield* take(image.file.flush());
      }),
    );
  }

  close(): Eventually<BlockResult> {
    if (this.closed) return DONE;
    this.closed = true;
    return request(this.closing());
  }

  private *closing(): Steps<null> {
    const { image, backing, turn } = this;
    let failed: BlockResult | null = null;
    if (!this.readOnly && !image.unusable) {
      const result = yield* wait(
        request(
          turn.alone(function* (): Steps<null> {
            yield* image.sync({ final: true });
            return yield* take(image.file.flush());
          }),
        ),
      );
      if (!result.ok) failed = result;
    }
    const file = yield* wait(image.file.close());
    const below = backing ? yield* wait(backing.close()) : DONE;
    this.expanded.clear();
    image.l2Cache.clear();
    return yield* take(failed ?? (file.ok ? below : file));
  }

  /** Entries that an L1 table for a disk of `size` bytes needs. */
  l1EntriesFor(size: number): number {
    return l1EntriesFor(size, this.image.header.clusterBits, this.image.extended);
  }
}

const CLOSED = failure('io', 'the image is closed');
