/** Cuts a disk into chunks for publishing. Who calls writes the files, and brings what compresses and hashes. */
import { type BlockNode, type BlockResult, success } from '../block-node.ts';
import { isZero } from '../tools/copy.ts';
import { layeredStatus } from '../tools/layers.ts';
import { type ChunkFile, type Compression, chunkTemplate, type ImageManifest } from './manifest.ts';

export interface PublishOptions {
  /** A power of two. */
  chunkSize: number;
  compression: Compression;
  /** Makes a file of a chunk's bytes. */
  compress(bytes: Uint8Array): Uint8Array;
  /** SHA-256 in hex. */
  hash(bytes: Uint8Array): string;
  /** Stores a chunk under its hash; it may be there already. */
  store(file: ChunkFile, bytes: Uint8Array): void | Promise<void>;
  /** Bytes of the disk that a start of the machine reads, in their order. */
  boot?: Iterable<{ offset: number; length: number }>;
  progress?: ((done: number, total: number) => void) | undefined;
}

/** Stores all chunks of a disk that are not zeros. What lies behind its last whole sector is filled up with zeros. */
export async function publishDisk(
  node: BlockNode,
  options: PublishOptions,
): Promise<BlockResult<ImageManifest>> {
  const { chunkSize, compression } = options;
  const capacity = Math.ceil(node.size / 512) * 512;
  const chunks: (ChunkFile | null)[] = [];
  for (let start = 0; start < capacity; start += chunkSize) {
    options.progress?.(start, capacity);
    const length = Math.min(chunkSize, capacity - start);
    const there = Math.min(length, node.size - start);
    const status = await layeredStatus(node, start, there);
    if (!status.ok) return status;
    if (status.value.zero && status.value.length === there) {
      chunks.push(null);
      continue;
    }
    const read = await node.read(start, there);
    if (!read.ok) return read;
    let bytes = read.value;
    if (isZero(bytes)) {
      chunks.push(null);
      continue;
    }
    if (there < length) {
      bytes = new Uint8Array(length);
      bytes.set(read.value);
    }
    const stored = options.compress(bytes);
    const file = { sha256: options.hash(stored), bytes: stored.length };
    await options.store(file, stored);
    chunks.push(file);
  }
  options.progress?.(capacity, capacity);
  const boot = bootChunks(options.boot ?? [], chunkSize, chunks);
  return success({ capacity, chunkSize, compression, url: chunkTemplate(compression), chunks, boot });
}

/** The chunks that reads touch, each once, in the order of the first touch; zeros and what lies outside are left out. */
export function bootChunks(
  reads: Iterable<{ offset: number; length: number }>,
  chunkSize: number,
  chunks: readonly (ChunkFile | null)[],
): number[] {
  const found = new Set<number>();
  for (const { offset, length } of reads) {
    const last = Math.floor((offset + length - 1) / chunkSize);
    for (let index = Math.floor(offset / chunkSize); index <= last; index++)
      if (chunks[index]) found.add(index);
  }
  return [...found];
}
