import {
  type BlockResult,
  type Eventually,
  outside,
  success,
  whenDone,
  type ZeroOptions,
} from '../block-node.ts';
import { FilterNode } from './filter-node.ts';

/** What is fetched at once, bytes. */
const CHUNK = 256 * 1024;
/** Chunks kept: 32 MiB. */
const CHUNKS = 128;

/**
 * Reads another node in large chunks and keeps those used last, since guests read single sectors of images that answer requests,
 * not bytes. A node of which several chunks are wanted at once is asked once for all that are missing in a row.
 */
export class CachedNode extends FilterNode {
  /** Chunks by number, the one used last at the end. */
  private readonly chunks = new Map<number, Uint8Array>();
  private readonly pending = new Map<number, Promise<BlockResult>>();
  /** Counts writes: a chunk that was on its way meanwhile may be out of date. */
  private generation = 0;

  override read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    const wrong = outside(this.size, offset, length);
    if (wrong) return wrong;
    return this.cached(offset, length) ?? this.fetchAndRead(offset, length);
  }

  private cached(offset: number, length: number): BlockResult<Uint8Array> | null {
    if (length === 0) return success(new Uint8Array(0));
    const first = Math.floor(offset / CHUNK);
    const last = Math.floor((offset + length - 1) / CHUNK);
    if (first === last) {
      const chunk = this.use(first);
      return chunk ? success(chunk.subarray(offset - first * CHUNK, offset - first * CHUNK + length)) : null;
    }
    for (let index = first; index <= last; index++) if (!this.chunks.has(index)) return null;
    const bytes = new Uint8Array(length);
    for (let index = first; index <= last; index++) {
      const start = index * CHUNK;
      const from = Math.max(offset - start, 0);
      bytes.set(this.use(index)!.subarray(from, offset + length - start), start + from - offset);
    }
    return success(bytes);
  }

  private use(index: number): Uint8Array | null {
    const chunk = this.chunks.get(index);
    if (!chunk) return null;
    this.chunks.delete(index);
    this.chunks.set(index, chunk);
    return chunk;
  }

  private async fetchAndRead(offset: number, length: number): Promise<BlockResult<Uint8Array>> {
    const first = Math.floor(offset / CHUNK);
    const last = Math.floor((offset + length - 1) / CHUNK);
    // More than the cache holds goes past it.
    if (last - first >= CHUNKS / 2) return this.file.read(offset, length);
    for (;;) {
      for (let index = first; index <= last; ) {
        let end = index;
        while (end <= last && !this.chunks.has(end) && !this.pending.has(end)) end++;
        if (end > index) this.fetch(index, end);
        index = end + 1;
      }
      const waits = [];
      for (let index = first; index <= last; index++) waits.push(this.pending.get(index));
      for (const result of await Promise.all(waits)) if (result && !result.ok) return result;
      const bytes = this.cached(offset, length);
      if (bytes) return bytes;
    }
  }

  /** Fetches the chunks from `first` to before `end`. */
  private fetch(first: number, end: number): void {
    const start = first * CHUNK;
    const length = Math.min(end * CHUNK, this.size) - start;
    const { generation } = this;
    const done = (result: BlockResult<Uint8Array>): BlockResult => {
      for (let index = first; index < end; index++) this.pending.delete(index);
      if (!result.ok) return result;
      if (generation === this.generation) {
        for (let index = first; index < end; index++) {
          const at = (index - first) * CHUNK;
          // A copy of its own: a part would keep all of the answer alive.
          this.chunks.set(index, result.value.slice(at, at + CHUNK));
        }
        while (this.chunks.size > CHUNKS) this.chunks.delete(this.chunks.keys().next().value!);
      }
      return { ok: true, value: null };
    };
    const fetched = Promise.resolve(this.file.read(start, length)).then(done);
    for (let index = first; index < end; index++) this.pending.set(index, fetched);
  }

  override write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    return this.changing(offset, bytes.length, () => this.file.write(offset, bytes));
  }

  override discard(offset: number, length: number): Eventually<BlockResult> {
    return this.changing(offset, length, () => this.file.discard(offset, length));
  }

  override writeZeroes(offset: number, length: number, options?: ZeroOptions): Eventually<BlockResult> {
    return this.changing(offset, length, () => this.file.writeZeroes(offset, length, options));
  }

  override resize(size: number): Eventually<BlockResult> {
    // The last chunk is as long as the file was.
    const from = Math.min(size, this.size);
    return this.changing(from, Math.max(size, this.size) - from + 1, () => this.file.resize(size));
  }

  private changing(
    offset: number,
    length: number,
    change: () => Eventually<BlockResult>,
  ): Eventually<BlockResult> {
    const forget = (): void => {
      this.generation++;
      const first = Math.floor(offset / CHUNK);
      const last = Math.floor((offset + length - 1) / CHUNK);
      if (last - first > CHUNKS) this.chunks.clear();
      else for (let index = first; index <= last; index++) this.chunks.delete(index);
    };
    forget();
    return whenDone(change(), (result) => {
      forget();
      return result;
    }) as Eventually<BlockResult>;
  }

  override close(): Eventually<BlockResult> {
    this.chunks.clear();
    return this.file.close();
  }
}
