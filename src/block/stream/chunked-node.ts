/**
 * A disk that is published in chunks (docs/block.md). A chunk is fetched when something in it is read, compared with its SHA-256,
 * expanded and kept; what the guest is about to read is fetched before it asks. Memory holds so many chunks and no more.
 */
import {
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  DONE,
  type Eventually,
  failure,
  outside,
  success,
} from '../block-node.ts';
import type { DriveStream } from '../../core/vm-api.ts';
import { BootPrefetch } from './boot-prefetch.ts';
import { BufferCount } from './buffer-count.ts';
import { type Chunk, ChunkLoader, type ChunkStore, type LoaderOptions } from './chunk-loader.ts';
import type { Urgency } from './fetch-queue.ts';
import type { ImageManifest } from './manifest.ts';
import { ReadAhead } from './read-ahead.ts';

export interface ChunkedNodeOptions extends LoaderOptions {
  /** Bytes of expanded chunks that are kept in memory. Default 64 MiB. */
  memory?: number | undefined;
  /** That of the manifest. */
  identity?: string;
}

const MEMORY = 64 << 20;

interface Kept {
  bytes: Chunk;
  /** It was fetched for what the guest might read, and nothing in it was read yet. */
  foreseen: Urgency | null;
}

export class ChunkedNode implements BlockNode {
  readonly size: number;
  readonly readOnly = true;
  readonly manifest: ImageManifest;
  readonly identity: string | null;
  /** Called when `state` has changed, which may be often. */
  onChange: (() => void) | null = null;
  private readonly loader: ChunkLoader;
  private readonly memory: number;
  private readonly total: number;
  private readonly readAhead = new ReadAhead();
  private readonly boot: BootPrefetch;
  private readonly booted: ReadonlySet<number>;
  private readonly store: ChunkStore | null;
  /** Expanded chunks by number, the one used last at the end. */
  private readonly chunks = new Map<number, Kept>();
  /** A cache gives several chunks in one buffer. */
  private readonly buffers = new BufferCount();
  private waiting = 0;
  private closed = false;

  constructor({ memory = MEMORY, identity, ...options }: ChunkedNodeOptions) {
    const { manifest } = options;
    this.size = manifest.capacity;
    this.manifest = manifest;
    this.identity = identity ?? null;
    this.memory = Math.max(memory, 2 * manifest.chunkSize);
    this.total = manifest.chunks.reduce((sum, chunk) => sum + (chunk?.bytes ?? 0), 0);
    this.loader = new ChunkLoader(options, () => this.changed());
    this.store = options.store ?? null;
    this.booted = new Set(manifest.boot);
    this.boot = new BootPrefetch(
      manifest.boot.filter((index) => manifest.chunks[index] !== null),
      {
        // Without a cache all of it has to stay in memory until it is read.
        window: options.store ? manifest.chunks.length : Math.floor(this.memory / manifest.chunkSize) >> 1,
        here: (index) => this.chunks.has(index) || (this.store?.has(manifest.chunks[index]!.sha256) ?? false),
        bytes: (index) => manifest.chunks[index]!.bytes,
        load: (index) => this.fetch(index, 'boot'),
        changed: () => this.changed(),
      },
    );
  }

  get state(): DriveStream {
    const { total, waiting } = this;
    return { ...this.loader.state, total, waiting, boot: this.boot.state };
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Fetches what a start of the machine will read. */
  prefetchBoot(): void {
    this.boot.start();
  }

  read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    if (this.closed) return CLOSED;
    const wrong = outside(this.size, offset, length);
    if (wrong) return wrong;
    if (length === 0) return success(new Uint8Array(0));
    const { chunkSize } = this.manifest;
    const first = Math.floor(offset / chunkSize);
    const last = Math.floor((offset + length - 1) / chunkSize);
    const chunks: Eventually<BlockResult<Chunk> | null>[] = [];
    for (let index = first; index <= last; index++) chunks.push(this.wanted(index));
    this.foresee(offset, length);
    const waits = chunks.some((chunk) => chunk instanceof Promise);
    if (!waits) return this.join(offset, length, chunks as (BlockResult<Chunk> | null)[]);
    this.waiting++;
    this.changed();
    return Promise.all(chunks).then((results) => {
      this.waiting--;
      this.changed();
      return this.join(offset, length, results);
    });
  }

  /** The bytes of a read from its chunks; null are zeros. */
  private join(
    offset: number,
    length: number,
    chunks: readonly (BlockResult<Chunk> | null)[],
  ): BlockResult<Uint8Array> {
    const { chunkSize } = this.manifest;
    const first = Math.floor(offset / chunkSize);
    for (const chunk of chunks) if (chunk && !chunk.ok) return chunk;
    const at = offset - first * chunkSize;
    if (chunks.length === 1 && chunks[0]?.ok) return success(chunks[0].value.subarray(at, at + length));
    const bytes = new Uint8Array(length);
    for (const [i, chunk] of chunks.entries()) {
      const start = (first + i) * chunkSize;
      const from = Math.max(offset - start, 0);
      if (chunk?.ok) bytes.set(chunk.value.subarray(from, offset + length - start), start + from - offset);
    }
    return success(bytes);
  }

  /** A chunk that the guest reads; null: it is zeros. */
  private wanted(index: number): Eventually<BlockResult<Chunk> | null> {
    if (this.manifest.chunks[index] === null) return null;
    const kept = this.chunks.get(index);
    if (!kept) return this.fetch(index, 'demand');
    this.chunks.delete(index);
    this.chunks.set(index, kept);
    this.used(index, kept);
    return success(kept.bytes);
  }

  private used(index: number, kept: Kept): void {
    if (kept.foreseen === 'ahead') this.readAhead.learn(true);
    if (kept.foreseen === 'boot') this.boot.released(index);
    kept.foreseen = null;
  }

  private foresee(offset: number, length: number): void {
    const range = this.readAhead.note(offset, length);
    if (!range || !this.loader.online) return;
    const { store } = this;
    const { chunkSize, chunks } = this.manifest;
    // What a start reads next is in its list, and not behind this.
    const listed = this.booted.has(Math.floor((offset + length - 1) / chunkSize));
    const end = Math.min(Math.ceil(range.end / chunkSize), chunks.length);
    for (let index = Math.floor(range.start / chunkSize); index < end; index++) {
      const file = chunks[index];
      if (file === null || this.chunks.has(index)) continue;
      const remote = !store?.has(file.sha256);
      if (remote && (store?.busy || (listed && !this.booted.has(index)))) {
        this.readAhead.stoppedAt(index * chunkSize);
        return;
      }
      void this.fetch(index, 'ahead');
    }
  }

  private async fetch(index: number, urgency: Urgency): Promise<BlockResult<Chunk>> {
    const result = await this.loader.load(index, urgency);
    if (!result.ok || this.closed) return result;
    const kept = this.chunks.get(index);
    if (!kept) this.keep(index, { bytes: result.value, foreseen: urgency === 'demand' ? null : urgency });
    else if (urgency === 'demand') this.used(index, kept);
    else if (urgency === 'boot') this.boot.released(index);
    return result;
  }

  private keep(index: number, kept: Kept): void {
    this.buffers.add(kept.bytes);
    this.chunks.set(index, kept);
    while (this.buffers.bytes > this.memory && this.chunks.size > 2) {
      const [oldest, gone] = this.chunks.entries().next().value!;
      this.chunks.delete(oldest);
      this.buffers.remove(gone.bytes);
      if (gone.foreseen === 'ahead') this.readAhead.learn(false);
      if (gone.foreseen === 'boot') this.boot.released(oldest);
    }
  }

  private changed(): void {
    this.onChange?.();
  }

  write(): BlockResult {
    return FIXED;
  }

  flush(): BlockResult {
    return DONE;
  }

  discard(): BlockResult {
    return FIXED;
  }

  writeZeroes(): BlockResult {
    return FIXED;
  }

  blockStatus(offset: number, length: number): BlockResult<BlockStatus> {
    const wrong = outside(this.size, offset, length);
    if (wrong) return wrong;
    const { chunkSize, chunks } = this.manifest;
    const first = Math.floor(offset / chunkSize);
    const zero = chunks[first] === null;
    let end = first + 1;
    while (end * chunkSize < offset + length && (chunks[end] === null) === zero) end++;
    const found = Math.min(end * chunkSize - offset, length);
    return success({ length: found, allocated: true, data: !zero, zero, offset: null, compressed: !zero });
  }

  resize(): BlockResult {
    return FIXED;
  }

  close(): BlockResult {
    this.closed = true;
    this.onChange = null;
    this.boot.stop();
    this.loader.close();
    this.chunks.clear();
    this.buffers.clear();
    return DONE;
  }
}

const CLOSED = failure('io', 'the image is closed');
const FIXED = failure('read-only', 'a published image takes no writes');
