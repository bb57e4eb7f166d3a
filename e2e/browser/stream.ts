/** What the tests of published images have in their page. */
import { BrowserCache } from '../../src/block/stream/browser-cache.ts';
import type { ChunkedNode } from '../../src/block/stream/chunked-node.ts';
import { openChunked } from '../../src/block/stream/open-chunked.ts';
import { MemoryNode } from '../../src/block/protocol/memory-node.ts';
import { sha256Hex } from '../../src/block/stream/manifest.ts';
import { openDatabase } from '../../src/block/store/database.ts';
import { entries, set } from 'idb-keyval';
import { take } from './take.ts';

export { BrowserCache, take };

export interface Opened {
  node: ChunkedNode;
  cache: BrowserCache | null;
}

/** The image that is published at `url`; `cacheBytes` may be kept. */
export async function open(url: string, cacheBytes = 0, giveUpMs?: number): Promise<Opened> {
  const address = new URL(url, location.href).href;
  const cache = cacheBytes > 0 ? await take(BrowserCache.open(cacheBytes)) : null;
  const key = `file/${address}`;
  const bytes = await fetch(address)
    .then(async (response) => new Uint8Array(await response.arrayBuffer()))
    .catch(() => cache?.get(key));
  if (!bytes) throw new Error('there is no manifest');
  cache?.put(key, bytes);
  const { node } = await take(
    openChunked(new MemoryNode(bytes, { readOnly: true }), { url: address, store: cache, giveUpMs }),
  );
  return { node, cache };
}

export async function close({ node, cache }: Opened): Promise<void> {
  node.close();
  await cache?.close();
}

/** SHA-256 of a disk, read from its beginning to its end; a failure's message in its place. */
export async function hashDisk(node: ChunkedNode, piece = 128 << 10): Promise<string> {
  const bytes = new Uint8Array(node.size);
  for (let at = 0; at < node.size; at += piece) {
    const part = await node.read(at, Math.min(piece, node.size - at));
    if (!part.ok) return part.error.message;
    bytes.set(part.value, at);
  }
  return sha256Hex(bytes);
}

/** Opens, reads and closes an image. */
export async function hashAt(url: string, cacheBytes = 0, giveUpMs?: number) {
  const opened = await open(url, cacheBytes, giveUpMs);
  const hash = await hashDisk(opened.node);
  const { state } = opened.node;
  await opened.cache?.settled();
  const kept = opened.cache?.bytes ?? 0;
  await close(opened);
  return { hash, state, kept };
}

/** Has other bytes take the place of a pack's. @returns how many packs there are */
export async function changePacks(change: (pack: Blob) => Promise<Blob>): Promise<number> {
  const database = await take(openDatabase('snowglobe-cache'));
  const store = database.store('relaxed');
  const packs = (await entries<string, Blob>(store)).filter(([key]) => key.startsWith('pack/'));
  for (const [key, pack] of packs) await set(key, await change(pack), store);
  database.close();
  return packs.length;
}
