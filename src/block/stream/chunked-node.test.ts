import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MemoryNode } from '../protocol/memory-node.ts';
import { ChunkedNode } from './chunked-node.ts';
import type { ImageManifest } from './manifest.ts';
import { publishDisk } from './publish.ts';

const CHUNK = 4096;
const FOLDER = 'http://images.test/a/';

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A disk of three and a half chunks, the second of which is zeros. */
function disk(): Uint8Array {
  const bytes = new Uint8Array(3 * CHUNK + CHUNK / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8)) & 0xff;
  bytes.fill(0, CHUNK, 2 * CHUNK);
  return bytes;
}

interface Published {
  manifest: ImageManifest;
  files: Map<string, Uint8Array>;
  asked: string[];
  fetch: (url: string) => Promise<Response>;
}

async function published(bytes: Uint8Array, compression: 'gzip' | 'none' = 'gzip'): Promise<Published> {
  const files = new Map<string, Uint8Array>();
  const result = await publishDisk(new MemoryNode(bytes, { readOnly: true }), {
    chunkSize: CHUNK,
    compression,
    compress: compression === 'gzip' ? gzipSync : (part) => part.slice(),
    hash,
    store: ({ sha256 }, stored) =>
      void files.set(`${FOLDER}chunks/${sha256}${compression === 'gzip' ? '.gz' : ''}`, stored),
  });
  if (!result.ok) throw new Error(result.error.message);
  const asked: string[] = [];
  const fetch = async (url: string): Promise<Response> => {
    asked.push(url);
    const file = files.get(url);
    return file ? new Response(file as Uint8Array<ArrayBuffer>) : new Response('', { status: 404 });
  };
  return { manifest: result.value, files, asked, fetch };
}

const open = ({ manifest, fetch }: Published, options: object = {}): ChunkedNode =>
  new ChunkedNode({ manifest, url: `${FOLDER}disk.json`, fetch, ...options });

async function value<T>(result: unknown): Promise<T> {
  const got = (await result) as { ok: boolean; value: T; error?: { message: string } };
  if (!got.ok) throw new Error(got.error!.message);
  return got.value;
}

async function problem(result: unknown): Promise<string> {
  const got = (await result) as { ok: boolean; error?: { message: string } };
  return got.ok ? '' : got.error!.message;
}

describe('a published disk', () => {
  it.each(['gzip', 'none'] as const)('has the bytes that were published, %s', async (compression) => {
    const bytes = disk();
    const node = open(await published(bytes, compression));
    expect(node.size).toBe(bytes.length);
    expect(await value(node.read(0, bytes.length))).toEqual(bytes);
    for (const [offset, length] of [
      [0, 0],
      [10, 100],
      [CHUNK - 1, 2],
      [CHUNK + 5, 10],
      [2 * CHUNK - 3, CHUNK + 6],
      [bytes.length - 1, 1],
    ])
      expect(await value(node.read(offset, length))).toEqual(bytes.subarray(offset, offset + length));
    expect(await problem(node.read(bytes.length - 1, 2))).toContain('bytes');
  });

  it('is fetched once, and zeros are not', async () => {
    const image = await published(disk());
    const node = open(image);
    expect(node.read(CHUNK, CHUNK)).toMatchObject({ ok: true });
    expect(image.asked).toEqual([]);
    await Promise.all([node.read(0, 10), node.read(5, 10), node.read(0, 2 * CHUNK)]);
    expect(image.asked).toHaveLength(1);
    // What is in memory needs no turn of the event loop.
    expect(node.read(0, 512)).not.toBeInstanceOf(Promise);
  });

  it('keeps as many chunks in memory as it may, those used last', async () => {
    const image = await published(disk());
    const node = open(image, { memory: 2 * CHUNK });
    for (const index of [0, 2, 0, 3]) await node.read(index * CHUNK, 1);
    expect(node.read(0, 1)).not.toBeInstanceOf(Promise);
    expect(node.read(2 * CHUNK, 1)).toBeInstanceOf(Promise);
  });

  it('knows which of its bytes are zeros', async () => {
    const node = open(await published(disk()));
    expect(await value(node.blockStatus(100, 10_000))).toMatchObject({ length: CHUNK - 100, data: true });
    expect(await value(node.blockStatus(CHUNK + 1, 10_000))).toMatchObject({ length: CHUNK - 1, zero: true });
    expect(await value(node.blockStatus(2 * CHUNK, 6144))).toMatchObject({ length: 6144, zero: false });
  });

  it('takes no writes, and no reads once it is closed', async () => {
    const node = open(await published(disk()));
    expect(await problem(node.write())).toContain('takes no writes');
    node.close();
    expect(await problem(node.read(0, 1))).toContain('closed');
  });

  it('ends on a whole sector', async () => {
    const { manifest, ...rest } = await published(new Uint8Array(CHUNK + 100).fill(3));
    expect(manifest.capacity).toBe(CHUNK + 512);
    const tail = await value<Uint8Array>(open({ manifest, ...rest }).read(CHUNK, 512));
    expect(tail).toEqual(Uint8Array.from({ length: 512 }, (_, i) => (i < 100 ? 3 : 0)));
  });
});

describe('a chunk that is not what the manifest says fails the read, and only it', () => {
  const first = (files: Map<string, Uint8Array>): [string, Uint8Array] => [...files][0];

  it.each<[string, (stored: Uint8Array) => Uint8Array | null, string]>([
    ['another content', (stored) => stored.map((byte, i) => (i === 40 ? byte ^ 1 : byte)), 'SHA-256'],
    ['missing', () => null, '404'],
    ['too long', (stored) => Uint8Array.from([...stored, 0]), 'longer than'],
  ])('%s', async (_, change, reason) => {
    const image = await published(disk());
    const [url, stored] = first(image.files);
    const changed = change(stored);
    if (changed) image.files.set(url, changed);
    else image.files.delete(url);
    const node = open(image);
    expect(await problem(node.read(0, 10))).toContain(reason);
    expect(await problem(node.read(2 * CHUNK, 10))).toBe('');
  });

  it('that unpacks to another length', async () => {
    const image = await published(disk());
    const long = gzipSync(new Uint8Array(CHUNK + 1));
    const { manifest } = image;
    const file = { sha256: hash(long), bytes: long.length };
    image.files.set(`${FOLDER}chunks/${file.sha256}.gz`, long);
    const node = open({ ...image, manifest: { ...manifest, chunks: [file, ...manifest.chunks.slice(1)] } });
    expect(await problem(node.read(0, 10))).toContain('does not unpack to 4096 bytes');
  });
});
