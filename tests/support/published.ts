/** A small published image behind a server that a test has in its hand. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { MemoryNode } from '../../src/block/protocol/memory-node.ts';
import { ChunkedNode, type ChunkedNodeOptions } from '../../src/block/stream/chunked-node.ts';
import type { ImageManifest } from '../../src/block/stream/manifest.ts';
import { publishDisk } from '../../src/block/stream/publish.ts';

export const CHUNK = 4096;
export const FOLDER = 'http://images.test/a/';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export interface Published {
  manifest: ImageManifest;
  /** By address. */
  files: Map<string, Uint8Array>;
  /** Addresses in the order in which they were asked for. */
  asked: string[];
  inits: RequestInit[];
  /** Answers of the server that come before those with files. */
  answers: (() => Response | Promise<Response>)[];
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Address of a chunk. */
  address(index: number): string;
}

export async function publishBytes(
  bytes: Uint8Array,
  compression: 'gzip' | 'none' = 'gzip',
): Promise<Published> {
  const files = new Map<string, Uint8Array>();
  const address = (hash: string): string => `${FOLDER}chunks/${hash}${compression === 'gzip' ? '.gz' : ''}`;
  const result = await publishDisk(new MemoryNode(bytes, { readOnly: true }), {
    chunkSize: CHUNK,
    compression,
    compress: compression === 'gzip' ? gzipSync : (part) => part.slice(),
    hash: sha256,
    store: (file, stored) => void files.set(address(file.sha256), stored),
  });
  if (!result.ok) throw new Error(result.error.message);
  const manifest = result.value;
  const image: Published = {
    manifest,
    files,
    asked: [],
    inits: [],
    answers: [],
    async fetch(url, init) {
      image.asked.push(url);
      image.inits.push(init);
      const answer = image.answers.shift();
      if (answer) return answer();
      const file = files.get(url);
      return file ? new Response(file as Uint8Array<ArrayBuffer>) : new Response('', { status: 404 });
    },
    address: (index) => address(manifest.chunks[index]!.sha256),
  };
  return image;
}

export const openPublished = (
  { manifest, fetch }: Pick<Published, 'manifest' | 'fetch'>,
  options: Partial<ChunkedNodeOptions> = {},
): ChunkedNode => new ChunkedNode({ manifest, url: `${FOLDER}disk.json`, fetch, ...options });
