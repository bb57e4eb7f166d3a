import { afterEach, describe, expect, it, vi } from 'vitest';
import { later } from '../../tests/support/later-node.ts';
import { BlobNode } from './protocol/blob-node.ts';
import { type BlockNode, type BlockResult, failure } from './block-node.ts';
import { CachedNode } from './filter/cached-node.ts';
import { HttpNode, probeHttp } from './protocol/http-node.ts';
import { MemoryNode } from './protocol/memory-node.ts';
import { OverlayNode } from './filter/overlay-node.ts';
import { randomWords } from '../../tests/support/random.ts';

const KIB = 1024;
const bytes = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 9) * seed) & 0xff);

async function value(
  result: BlockResult<Uint8Array> | Promise<BlockResult<Uint8Array>>,
): Promise<Uint8Array> {
  const got = await result;
  if (!got.ok) throw new Error(got.error.message);
  return got.value.slice();
}

async function kind(result: BlockResult<unknown> | Promise<BlockResult<unknown>>): Promise<string> {
  const got = await result;
  return got.ok ? 'ok' : got.error.kind;
}

afterEach(() => vi.unstubAllGlobals());

describe('bytes in memory', () => {
  it('read like an array that grows, shrinks and is written to', async () => {
    const MAX = 3 << 20;
    const node = new MemoryNode(new Uint8Array(0));
    const model = new Uint8Array(MAX);
    const word = randomWords(2);
    for (let i = 0; i < 300; i++) {
      const size = i % 3 === 0 ? word() % MAX : node.size;
      model.fill(0, size);
      expect(await kind(node.resize(size))).toBe('ok');
      if (size === 0) continue;
      const offset = word() % size;
      const data = bytes(Math.min(1 + (word() % (64 * KIB)), size - offset), i).fill(i + 1);
      expect(await kind(node.write(offset, data))).toBe('ok');
      model.set(data, offset);
      expect(node.size).toBe(size);
      expect(Buffer.compare(node.bytes, model.subarray(0, size))).toBe(0);
    }
  });

  it('have room from the start for what they are expected to come to', () => {
    const node = new MemoryNode(new Uint8Array(2 << 20));
    node.expect(100 << 20);
    const { buffer } = (node.resize(3 << 20), node.bytes);
    node.resize(100 << 20);
    expect(node.bytes.buffer).toBe(buffer);
    expect(node.bytes.at(-1)).toBe(0);
  });

  it.each([
    ['no room for what they are expected to come to', 80],
    ['room for what is needed and no more', 3],
  ])('grow where there is %s', (_, most) => {
    const node = new MemoryNode(new Uint8Array(2 << 20));
    node.write(0, Uint8Array.of(1));
    node.expect(100 << 20);
    vi.stubGlobal(
      'Uint8Array',
      new Proxy(Uint8Array, {
        construct: (real, [length, ...more]) => {
          if (length > most << 20) throw new RangeError('Array buffer allocation failed');
          return Reflect.construct(real, [length, ...more]);
        },
      }),
    );
    const grown = node.resize(3 << 20);
    const refused = node.resize(81 << 20);
    vi.unstubAllGlobals();
    expect(grown.ok).toBe(true);
    expect([node.size, node.bytes[0], node.bytes.at(-1)]).toEqual([3 << 20, 1, 0]);
    expect(refused).toMatchObject({ ok: false, error: { kind: 'space' } });
  });
});

describe('overlay', () => {
  it.each([
    ['a node that is there', (node: BlockNode) => node],
    ['a node that takes its time', later],
  ])('reads like an array that is written to, over %s', async (_name, wrap) => {
    const image = bytes(300 * KIB + 100);
    const model = new Uint8Array(320 * KIB);
    model.set(image);
    const overlay = new OverlayNode(wrap(new MemoryNode(image.slice(), { readOnly: true })), {
      size: model.length,
    });
    const word = randomWords(1);
    const random = (n: number): number => word() % n;
    for (let i = 0; i < 200; i++) {
      const offset = random(model.length - 1);
      const length = Math.min(random(i % 10 === 0 ? 150 * KIB : 5000), model.length - offset);
      if (i % 2 === 0) {
        const data = bytes(length, i);
        expect(await kind(overlay.write(offset, data))).toBe('ok');
        model.set(data, offset);
      }
      const from = random(model.length - 1);
      const count = Math.min(random(200 * KIB), model.length - from);
      expect(Buffer.compare(await value(overlay.read(from, count)), model.subarray(from, from + count))).toBe(
        0,
      );
    }
  });

  it('passes failures on, knows its end, and may be read-only', async () => {
    const broken = later(new MemoryNode(new Uint8Array(1000)));
    broken.read = async () => failure('io', 'gone');
    const overlay = new OverlayNode(broken);
    expect(await kind(overlay.read(0, 10))).toBe('io');
    expect(await kind(overlay.write(5, bytes(10)))).toBe('io');
    expect(await kind(overlay.read(990, 11))).toBe('range');
    const guarded = new OverlayNode(new MemoryNode(new Uint8Array(10)), { readOnly: true });
    expect(await kind(guarded.write(0, bytes(1)))).toBe('read-only');
  });
});

describe('cache', () => {
  it('asks for large pieces once, and again after a write or a failure', async () => {
    const image = bytes(600 * KIB);
    const base = later(new MemoryNode(image.slice()));
    const cached = new CachedNode(base);
    const reads = await Promise.all([
      value(cached.read(10, 20)),
      value(cached.read(100, 50)),
      value(cached.read(255 * KIB, 2 * KIB)),
    ]);
    expect(reads.map((read) => read.length)).toEqual([20, 50, 2048]);
    expect(reads[2]).toEqual(image.slice(255 * KIB, 257 * KIB));
    expect(base.asked).toEqual(['0+262144', '262144+262144']);
    await cached.write(300 * KIB, Uint8Array.of(1, 2, 3));
    expect(await value(cached.read(300 * KIB, 3))).toEqual(Uint8Array.of(1, 2, 3));
    // The last piece is what is left.
    await value(cached.read(599 * KIB, KIB));
    expect(base.asked.slice(2)).toEqual(['262144+262144', '524288+90112']);
  });
});

describe('files', () => {
  it('are read in parts; one that cannot be read any more says so', async () => {
    const image = bytes(5000);
    const node = new BlobNode(new Blob([image as Uint8Array<ArrayBuffer>]));
    expect(await value(node.read(1000, 70))).toEqual(image.slice(1000, 1070));
    expect(await kind(node.read(4999, 2))).toBe('range');
    const gone = {
      size: 100,
      slice: () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadableError')) }),
    };
    expect(await kind(new BlobNode(gone as unknown as Blob).read(0, 10))).toBe('io');
  });
});

describe('HTTP', () => {
  const server = (file: Uint8Array, etag = '"1"') =>
    vi.fn(
      async (_url: string, { method, headers, body }: RequestInit & { headers: Record<string, string> }) => {
        if (method === 'PUT') {
          const [, first] = /bytes (\d+)-/.exec(headers['Content-Range'])!;
          file.set(body as Uint8Array, Number(first));
          return new Response(null, { status: 204 });
        }
        const [, first, last] = /bytes=(\d+)-(\d+)/.exec(headers['Range'])!.map(Number);
        return new Response(file.slice(first, last + 1) as Uint8Array<ArrayBuffer>, {
          status: 206,
          headers: { 'Content-Range': `bytes ${first}-${last}/${file.length}`, ETag: etag },
        });
      },
    );

  it('reads ranges, writes where that is asked for, and notices another file', async () => {
    const file = bytes(5000);
    vi.stubGlobal('fetch', server(file));
    expect(await probeHttp('x')).toEqual({ size: 5000, etag: '"1"', modified: null, ranges: true });
    const node = new HttpNode({ url: 'x', size: 5000, etag: '"1"', writable: true });
    expect(await value(node.read(100, 50))).toEqual(file.slice(100, 150));
    const written = node.write(200, Uint8Array.of(9, 9));
    expect(await value(node.read(199, 4))).toEqual(Uint8Array.of(file[199], 9, 9, file[202]));
    expect(await kind(written)).toBe('ok');
    const reader = new HttpNode({ url: 'x', size: 5000, etag: '"0"', writable: false });
    expect([await kind(reader.read(0, 1)), await kind(reader.write(0, bytes(1)))]).toEqual([
      'io',
      'read-only',
    ]);
  });

  it('turns a lost network and a refusing server into failures', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    const node = new HttpNode({ url: 'x', size: 10, etag: null, writable: true });
    expect([await kind(node.read(0, 1)), await kind(node.write(0, bytes(1)))]).toEqual(['io', 'io']);
    vi.stubGlobal('fetch', async () => new Response('no', { status: 404 }));
    expect(await kind(node.read(0, 1))).toBe('io');
    expect(await probeHttp('x')).toHaveProperty('problem');
  });

  const reader = (giveUpMs?: number) =>
    new HttpNode({ url: 'x', size: 5000, etag: '"1"', writable: false, giveUpMs });
  const problemOf = async (node: HttpNode): Promise<string> => {
    const result = await node.read(0, 10);
    return result.ok ? '' : result.error.message;
  };

  it('a reader waits for a network that is down, and says so', async () => {
    vi.useFakeTimers({ now: 0 });
    const file = bytes(5000);
    const up = server(file);
    let failures = 3;
    vi.stubGlobal('fetch', (url: string, init: never) =>
      failures-- > 0 ? Promise.reject(new TypeError('Failed to fetch')) : up(url, init),
    );
    const node = reader();
    const read = node.read(100, 50);
    await vi.advanceTimersByTimeAsync(0);
    expect(node.state).toMatchObject({ waiting: 1, problem: 'x: the server cannot be reached' });
    expect(node.state.retryAt).toBeGreaterThanOrEqual(500);
    await vi.advanceTimersByTimeAsync(7000);
    expect(await value(read)).toEqual(file.slice(100, 150));
    expect(node.state).toMatchObject({ waiting: 0, problem: null, fetched: 50 });
    failures = 100;
    const late = problemOf(reader(5000));
    await vi.advanceTimersByTimeAsync(5001);
    expect(await late).toBe('x: the server cannot be reached; it was given up after 5 s');
    const closed = reader();
    const ended = problemOf(closed);
    await vi.advanceTimersByTimeAsync(10);
    closed.close();
    await vi.advanceTimersByTimeAsync(10);
    expect(await ended).not.toBe('');
    vi.useRealTimers();
  });

  it.each([5, 100])('a server that sends %i bytes for 10 fails the read', async (count) => {
    vi.useFakeTimers({ now: 0 });
    let asked = 0;
    vi.stubGlobal('fetch', async () => {
      asked++;
      const body = bytes(count) as Uint8Array<ArrayBuffer>;
      return new Response(body, { status: 206, headers: { ETag: '"1"' } });
    });
    const problem = problemOf(reader());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await problem).toContain('bytes came');
    expect(asked).toBe(3);
    vi.useRealTimers();
  });

  it('a server that falls silent is asked again', async () => {
    vi.useFakeTimers({ now: 0 });
    const file = bytes(5000);
    const up = server(file);
    let asked = 0;
    vi.stubGlobal('fetch', (url: string, init: never) => {
      if (asked++ > 0) return up(url, init);
      const { signal } = init as { signal: AbortSignal };
      const silent = new ReadableStream({
        start: (body) => signal.addEventListener('abort', () => body.error(new Error('aborted'))),
      });
      return Promise.resolve(new Response(silent, { status: 206, headers: { ETag: '"1"' } }));
    });
    const read = reader().read(100, 50);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(await value(read)).toEqual(file.slice(100, 150));
    vi.useRealTimers();
  });

  it('a server without tags tells versions apart by their dates', async () => {
    const date = (day: number): string => `Thu, 0${day} Jan 2026 00:00:00 GMT`;
    const serve = (day: number) => async () =>
      new Response(bytes(10) as Uint8Array<ArrayBuffer>, {
        status: 206,
        headers: { 'Content-Range': 'bytes 0-9/5000', 'Last-Modified': date(day) },
      });
    vi.stubGlobal('fetch', serve(1));
    const probe = await probeHttp('x');
    if ('problem' in probe) throw new Error(probe.problem);
    const node = new HttpNode({ url: 'x', ...probe, writable: false });
    expect(node.identity).toBe(date(1));
    expect(await problemOf(node)).toBe('');
    vi.stubGlobal('fetch', serve(2));
    expect(await problemOf(node)).toContain('another one now');
  });

  it.each<[string, ResponseInit & { body?: number }, string]>([
    [
      'that is longer now',
      { headers: { ETag: '"1"', 'Content-Range': 'bytes 0-9/6000' } },
      'another one now',
    ],
    ['with another tag', { headers: { ETag: '"2"', 'Content-Range': 'bytes 0-9/5000' } }, 'another one now'],
    ['that is too short now', { status: 416 }, 'another one now'],
    ['from another place', { headers: { ETag: '"1"', 'Content-Range': 'bytes 5-14/5000' } }, 'begins at 5'],
    ['as a whole', { status: 200 }, 'all of the file'],
    ['that is gone', { status: 410 }, 'answered 410'],
  ])('a file %s fails reads with a reason', async (_, init, reason) => {
    vi.stubGlobal(
      'fetch',
      async () => new Response(bytes(10) as Uint8Array<ArrayBuffer>, { status: 206, ...init }),
    );
    expect(await problemOf(reader())).toContain(reason);
  });
});
