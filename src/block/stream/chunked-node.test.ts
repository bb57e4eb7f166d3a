import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  CHUNK,
  openPublished as open,
  publishBytes as published,
  sha256 as hash,
} from '../../../tests/support/published.ts';
import type { Chunk, ChunkStore } from './chunk-loader.ts';
import type { ChunkedNode } from './chunked-node.ts';

/** A disk of three and a half chunks, the second of which is zeros. */
function disk(): Uint8Array {
  const bytes = new Uint8Array(3 * CHUNK + CHUNK / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8)) & 0xff;
  bytes.fill(0, CHUNK, 2 * CHUNK);
  return bytes;
}

/** A disk of chunks that all differ. */
const chunks = (count: number): Uint8Array =>
  Uint8Array.from({ length: count * CHUNK }, (_, i) => (i >> 12) + 1 + (i & 15));

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

  it('counts what it keeps by buffers, of which a cache may fill one with several chunks', async () => {
    const bytes = chunks(8);
    const image = await published(bytes, 'none');
    const buffer = new Uint8Array(bytes);
    const others = [0, 1, 2, 3].map((i) => bytes.slice((4 + i) * CHUNK, (5 + i) * CHUNK));
    const gets: number[] = [];
    const index = (sha256: string): number =>
      image.manifest.chunks.findIndex((chunk) => chunk?.sha256 === sha256);
    const store: ChunkStore = {
      has: () => true,
      get: async (sha256) => {
        const at = index(sha256) % 4;
        gets.push(index(sha256));
        // The first four lie in one buffer, and so do the others.
        return index(sha256) < 4 ? buffer.subarray(at * CHUNK, (at + 1) * CHUNK) : others[at];
      },
      put: () => {},
    };
    const node = open(image, { store, memory: 10 * CHUNK });
    const read = (at: number) => value<Uint8Array>(node.read(at * CHUNK, CHUNK));
    for (const at of [0, 4, 5, 6])
      expect(await read(at)).toEqual(bytes.subarray(at * CHUNK, (at + 1) * CHUNK));
    // One chunk of the first buffer keeps eight in memory, and has gone for the third of the others.
    expect(gets).toEqual([0, 4, 5, 6]);
    await read(5);
    await read(0);
    expect(gets).toEqual([0, 4, 5, 6, 0]);
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
  it.each<[string, (stored: Uint8Array) => Uint8Array | null, string]>([
    ['another content', (stored) => stored.map((byte, i) => (i === 40 ? byte ^ 1 : byte)), 'SHA-256'],
    ['too long', (stored) => Uint8Array.from([...stored, 0]), 'longer than'],
  ])('%s', async (_, change, reason) => {
    const image = await published(disk());
    const url = image.address(0);
    image.files.set(url, change(image.files.get(url)!)!);
    const node = open(image);
    expect(await problem(node.read(0, 10))).toContain(reason);
    // A damaged copy on the way is passed by, once.
    expect(image.inits.map(({ cache }) => cache)).toEqual(['default', 'reload']);
    expect(await problem(node.read(2 * CHUNK, 10))).toBe('');
  });

  it('unpacks to another length', async () => {
    const image = await published(disk());
    const { manifest } = image;
    for (const length of [CHUNK - 1, CHUNK + 1, 100 * CHUNK]) {
      const stored = gzipSync(new Uint8Array(length));
      const file = { sha256: hash(stored), bytes: stored.length };
      image.answers.push(() => new Response(stored));
      const node = open({ ...image, manifest: { ...manifest, chunks: [file, ...manifest.chunks.slice(1)] } });
      expect(await problem(node.read(0, 10))).toContain('does not unpack to 4096 bytes');
    }
  });

  it('was damaged on the way: what comes past the caches counts', async () => {
    const image = await published(disk());
    image.answers.push(() => new Response(new Uint8Array(image.manifest.chunks[0]!.bytes)));
    expect(await value(open(image).read(0, 10))).toEqual(disk().subarray(0, 10));
  });
});

describe('a server that fails', () => {
  afterEach(() => vi.useRealTimers());
  const down = (): Response => {
    throw new TypeError('Failed to fetch');
  };
  const cut = (): Response => new Response(new Uint8Array(5));
  const busy = (): Response => new Response('', { status: 503 });

  it('is asked again until it answers, ever later, and the state says so', async () => {
    vi.useFakeTimers({ now: 0 });
    const image = await published(disk());
    image.answers.push(down, cut, busy);
    const node = open(image, { random: () => 1 });
    const read = Promise.resolve(node.read(0, 10));
    const seen: unknown[] = [];
    for (let i = 0; i < 7; i++) {
      await vi.advanceTimersByTimeAsync(i === 0 ? 0 : 1000);
      const { problem: why, retryAt, waiting } = node.state;
      seen.push([why?.replace(/.*: /, '') ?? null, retryAt, waiting]);
    }
    expect(seen).toEqual([
      ['the server cannot be reached', 1000, 1],
      [expect.stringContaining('5 of'), 3000, 1],
      [expect.stringContaining('5 of'), 3000, 1],
      ['the server answered 503', 7000, 1],
      ['the server answered 503', 7000, 1],
      ['the server answered 503', 7000, 1],
      ['the server answered 503', 7000, 1],
    ]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await value(read)).toEqual(disk().subarray(0, 10));
    expect(node.state).toMatchObject({ problem: null, retryAt: null, waiting: 0, loading: 0 });
  });

  it('fails the read after as long as was agreed', async () => {
    vi.useFakeTimers();
    const image = await published(disk());
    image.answers.push(...Array(100).fill(down));
    const read = problem(open(image, { giveUpMs: 10_000 }).read(0, 10));
    await vi.advanceTimersByTimeAsync(10_001);
    expect(await read).toMatch(/cannot be reached; it was given up after 10 s/);
  });

  it('is asked by all who wait at the same times', async () => {
    vi.useFakeTimers({ now: 0 });
    const image = await published(chunks(5));
    image.answers.push(...Array(10).fill(down));
    const node = open(image, { random: () => 1 });
    const reads = [0, 1, 2, 3, 4].map((index) => node.read(index * CHUNK, 1));
    await vi.advanceTimersByTimeAsync(900);
    expect(image.asked).toHaveLength(5);
    await vi.advanceTimersByTimeAsync(1900);
    expect(image.asked).toHaveLength(10);
    await vi.advanceTimersByTimeAsync(200);
    for (const read of reads) await value(read);
    expect(image.asked).toHaveLength(15);
  });

  it('is waited for by one whose attempt failed after another one had succeeded', async () => {
    vi.useFakeTimers({ now: 0 });
    const image = await published(chunks(2));
    // The second attempt for the second chunk comes back after that for the first one.
    image.answers.push(
      down,
      down,
      () => new Response(image.files.get(image.address(0)) as Uint8Array<ArrayBuffer>),
    );
    image.answers.push(
      () => new Promise((_, reject) => setTimeout(() => reject(new TypeError('late')), 500)),
    );
    const node = open(image, { random: () => 1 });
    const reads = [node.read(0, 1), node.read(CHUNK, 1)];
    await vi.advanceTimersByTimeAsync(1400);
    // A chunk is hashed in another thread, which does not follow the clock here.
    expect(await value(reads[0])).toEqual(chunks(2).subarray(0, 1));
    await vi.advanceTimersByTimeAsync(2000);
    expect(await value(reads[1])).toEqual(chunks(2).subarray(CHUNK, CHUNK + 1));
  });

  it('is asked three times for a file that it does not have', async () => {
    vi.useFakeTimers();
    const image = await published(disk());
    image.files.delete(image.address(0));
    const read = problem(open(image).read(0, 10));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await read).toContain('the server answered 404');
    expect(image.asked).toHaveLength(3);
  });

  it('that falls silent is given up and asked again', async () => {
    vi.useFakeTimers();
    const image = await published(disk());
    image.fetch = (
      (serve) => (url, init) =>
        image.asked.length > 0
          ? serve(url, init)
          : new Promise((_, reject) => {
              image.asked.push(url);
              init.signal!.addEventListener('abort', () => reject(new Error('aborted')));
            })
    )(image.fetch);
    const read = open(image).read(0, 10);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(await value(read)).toEqual(disk().subarray(0, 10));
  });

  it('ends a read that waits when the disk is closed', async () => {
    const image = await published(disk());
    image.answers.push(...Array(10).fill(down));
    const node = open(image);
    const read = problem(node.read(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 10));
    node.close();
    expect(await read).toContain('closed');
  });
});

/** A cache that keeps all. */
class Kept implements ChunkStore {
  readonly chunks = new Map<string, Chunk>();
  has = (sha256: string): boolean => this.chunks.has(sha256);
  get = async (sha256: string): Promise<Chunk | null> => this.chunks.get(sha256) ?? null;
  put = (sha256: string, chunk: Chunk): void => void this.chunks.set(sha256, chunk);
}

/** Waits until all of what a start reads is here, or as much as there is room for. */
const settle = (node: ChunkedNode) =>
  vi.waitFor(() => expect([node.state.loading, node.state.fetched > 0]).toEqual([0, true]));

describe('what a start reads', () => {
  const boot = [7, 3, 5, 1, 0, 2];

  it('is fetched in its order before it is read', async () => {
    const image = await published(chunks(10));
    const node = open({ ...image, manifest: { ...image.manifest, boot } });
    node.prefetchBoot();
    await settle(node);
    expect(image.asked).toEqual(boot.map((index) => image.address(index)));
    expect(node.read(5 * CHUNK, 10)).not.toBeInstanceOf(Promise);
    const bytes = boot.reduce((sum, index) => sum + image.manifest.chunks[index]!.bytes, 0);
    expect(node.state.boot).toEqual({ total: bytes, done: bytes });
  });

  it('is not read beyond: its list knows better than what lies behind it on the disk', async () => {
    // Chunks of 4 KiB: 192 KiB in a row are 48 of them.
    const image = await published(chunks(100));
    const listed = Array.from({ length: 60 }, (_, i) => i);
    const node = open({ ...image, manifest: { ...image.manifest, boot: listed } });
    for (const index of listed) await node.read(index * CHUNK, CHUNK);
    await settle(node);
    expect(new Set(image.asked)).toEqual(new Set(listed.map((index) => image.address(index))));
    // Who goes on behind it is read ahead of again.
    for (const index of [60, 61]) await node.read(index * CHUNK, CHUNK);
    await settle(node);
    expect(image.asked.length).toBeGreaterThan(70);
  });

  it('goes as far ahead as memory reaches, and on as it is read', async () => {
    const image = await published(chunks(10));
    const node = open({ ...image, manifest: { ...image.manifest, boot } }, { memory: 4 * CHUNK });
    node.prefetchBoot();
    await settle(node);
    expect(image.asked).toHaveLength(2);
    await node.read(7 * CHUNK, 1);
    await settle(node);
    expect(image.asked).toHaveLength(3);
    for (const index of boot) await node.read(index * CHUNK, 1);
    expect(image.asked).toHaveLength(6);
  });

  it('with a cache all of it is fetched, but what is there', async () => {
    const image = await published(chunks(10));
    const store = new Kept();
    const manifest = { ...image.manifest, boot };
    await open(image, { store }).read(3 * CHUNK, 1);
    const node = open({ ...image, manifest }, { store, memory: 4 * CHUNK });
    node.prefetchBoot();
    await settle(node);
    expect(image.asked).toHaveLength(6);
    // The next start needs no server.
    const next = open({ manifest, fetch: () => Promise.reject(new TypeError('offline')) }, { store });
    for (const index of boot)
      expect(await value(next.read(index * CHUNK, CHUNK))).toEqual(
        chunks(10).subarray(index * CHUNK, (index + 1) * CHUNK),
      );
    expect(next.state).toMatchObject({ fetched: 0, cached: 6, problem: null });
  });

  it('does not stand in the way of what the guest waits for, and survives a failing server', async () => {
    vi.useFakeTimers();
    const image = await published(chunks(10));
    image.answers.push(() => Promise.reject(new TypeError('offline')));
    const node = open({ ...image, manifest: { ...image.manifest, boot } });
    node.prefetchBoot();
    await vi.advanceTimersByTimeAsync(5000);
    vi.useRealTimers();
    await settle(node);
    expect(node.state).toMatchObject({ problem: null, boot: { done: node.state.boot.total } });
    expect(await value(node.read(7 * CHUNK, 1))).toEqual(chunks(10).subarray(7 * CHUNK, 7 * CHUNK + 1));
  });
});

describe('a cache', () => {
  it('that lost a chunk, or has another length, is passed by', async () => {
    const image = await published(disk());
    const store = new Kept();
    store.get = async () => null;
    store.has = () => true;
    expect(await value(open(image, { store }).read(0, 10))).toEqual(disk().subarray(0, 10));
    store.get = async () => new Uint8Array(3);
    expect(await value(open(image, { store }).read(0, 10))).toEqual(disk().subarray(0, 10));
    expect(image.asked).toHaveLength(2);
  });
});
