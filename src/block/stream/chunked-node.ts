/**
 * A disk that is published in chunks (docs/block.md). A chunk is fetched when something in it is read, compared with its SHA-256,
 * expanded and kept; as many as `memory` says are kept in memory.
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
import { type Fetch, fetchFile } from './chunk-fetch.ts';
import { decodeChunk } from './decode.ts';
import { chunkLength, chunkPath, type ImageManifest } from './manifest.ts';

export interface ChunkedNodeOptions {
  manifest: ImageManifest;
  /** Absolute address of the manifest. */
  url: string;
  /** Default: the one of page or worker. */
  fetch?: Fetch;
  /** Bytes of expanded chunks that are kept in memory. Default 64 MiB. */
  memory?: number;
}

const MEMORY = 64 << 20;

type Chunk = Uint8Array<ArrayBuffer>;

export class ChunkedNode implements BlockNode {
  readonly size: number;
  readonly readOnly = true;
  readonly manifest: ImageManifest;
  private readonly url: string;
  private readonly fetch: Fetch;
  private readonly kept: number;
  private readonly abort = new AbortController();
  /** Expanded chunks by number, the one used last at the end. */
  private readonly chunks = new Map<number, Chunk>();
  private readonly pending = new Map<number, Promise<BlockResult<Chunk>>>();

  constructor({ manifest, url, fetch, memory = MEMORY }: ChunkedNodeOptions) {
    this.size = manifest.capacity;
    this.manifest = manifest;
    this.url = url;
    this.fetch = fetch ?? ((address, init) => globalThis.fetch(address, init));
    this.kept = Math.max(1, Math.floor(memory / manifest.chunkSize));
  }

  /** Of the chunks' hashes. */
  get identity(): string {
    let low = 0;
    let high = 0;
    for (const chunk of this.manifest.chunks) {
      for (let i = 0; i < 64; i += 8) {
        const word = chunk ? Number.parseInt(chunk.sha256.slice(i, i + 8), 16) : i;
        low = Math.imul(low ^ word, 0x01000193) ^ (high >>> 7);
        high = Math.imul(high + word, 0x85ebca6b) ^ (low >>> 13);
      }
    }
    return [low, high].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
  }

  read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    if (this.abort.signal.aborted) return CLOSED;
    const wrong = outside(this.size, offset, length);
    if (wrong) return wrong;
    if (length === 0) return success(new Uint8Array(0));
    const { chunkSize } = this.manifest;
    const first = Math.floor(offset / chunkSize);
    const last = Math.floor((offset + length - 1) / chunkSize);
    if (first === last) {
      const at = offset - first * chunkSize;
      const chunk = this.chunk(first);
      if (chunk === null) return success(new Uint8Array(length));
      if (!(chunk instanceof Promise)) return success(chunk.subarray(at, at + length));
      return chunk.then((result) => (result.ok ? success(result.value.subarray(at, at + length)) : result));
    }
    const parts = [];
    for (let index = first; index <= last; index++) parts.push(this.chunk(index));
    const bytes = new Uint8Array(length);
    const put = (index: number, chunk: Chunk | null): void => {
      const start = index * chunkSize;
      const from = Math.max(offset - start, 0);
      if (chunk) bytes.set(chunk.subarray(from, offset + length - start), start + from - offset);
    };
    const waits: Promise<BlockResult>[] = [];
    for (const [i, part] of parts.entries()) {
      if (!(part instanceof Promise)) {
        put(first + i, part);
        continue;
      }
      waits.push(
        part.then((result) => {
          if (!result.ok) return result;
          put(first + i, result.value);
          return DONE;
        }),
      );
    }
    if (waits.length === 0) return success(bytes);
    return Promise.all(waits).then(
      (results) => results.find((result) => !result.ok) ?? success(bytes),
    ) as Promise<BlockResult<Uint8Array>>;
  }

  /** A chunk, if it is in memory; null: it is zeros. */
  private chunk(index: number): Chunk | null | Promise<BlockResult<Chunk>> {
    const file = this.manifest.chunks[index];
    if (file === null) return null;
    const kept = this.chunks.get(index);
    if (kept) {
      this.chunks.delete(index);
      this.chunks.set(index, kept);
      return kept;
    }
    let pending = this.pending.get(index);
    if (!pending) {
      pending = this.load(index).then((result) => {
        this.pending.delete(index);
        if (result.ok) this.keep(index, result.value);
        return result;
      });
      this.pending.set(index, pending);
    }
    return pending;
  }

  private keep(index: number, chunk: Chunk): void {
    if (this.abort.signal.aborted) return;
    this.chunks.set(index, chunk);
    if (this.chunks.size > this.kept) this.chunks.delete(this.chunks.keys().next().value!);
  }

  private async load(index: number): Promise<BlockResult<Chunk>> {
    const { manifest } = this;
    const file = manifest.chunks[index]!;
    const url = new URL(chunkPath(manifest.url, file.sha256), this.url).href;
    const answer = await fetchFile(this.fetch, {
      ...file,
      url,
      signal: this.abort.signal,
      background: false,
      reload: false,
      received: () => {},
    });
    if ('problem' in answer) return failure('io', answer.problem);
    const length = chunkLength(manifest, index);
    const chunk = await decodeChunk(answer.bytes, manifest.compression, length);
    return chunk ? success(chunk) : failure('io', `${url}: it does not unpack to ${length} bytes`);
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
    this.abort.abort();
    this.chunks.clear();
    return DONE;
  }
}

const CLOSED = failure('io', 'the image is closed');
const FIXED = failure('read-only', 'a published image takes no writes');
