import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { VmProgress } from '../../core/vm-api.ts';
import { gunzip, loadImage } from './image-source.ts';

const BODY = Buffer.from('0123456789'.repeat(10_000));

let server: Server;
let base: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    switch (request.url) {
      case '/image':
        response.setHeader('Content-Length', BODY.length).end(BODY);
        break;
      case '/chunked':
        response.write(BODY);
        response.end();
        break;
      case '/coded':
        response.setHeader('Content-Encoding', 'gzip').end(gzipSync(BODY));
        break;
      case '/page':
        response.setHeader('Content-Type', 'text/html; charset=utf-8').end('<!doctype html>');
        break;
      case '/broken':
        response.setHeader('Content-Length', BODY.length);
        response.write(BODY.subarray(0, 500));
        setTimeout(() => response.destroy(), 20);
        break;
      case '/down':
        response.writeHead(503).end();
        break;
      default:
        response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

function options() {
  const progress: VmProgress[] = [];
  return { what: 'kernel', onProgress: (p: VmProgress) => void progress.push(p), progress };
}

describe('loadImage', () => {
  it('fetches with progress against the content length', async () => {
    const o = options();
    expect(Buffer.from(await loadImage(`${base}/image`, o)).equals(BODY)).toBe(true);
    expect(o.progress[0]).toEqual({ step: 'Downloading kernel', loaded: 0, total: BODY.length });
    expect(o.progress.at(-1)).toEqual({
      step: 'Downloading kernel',
      loaded: BODY.length,
      total: BODY.length,
    });
    expect(o.progress.map((p) => p.loaded)).toEqual(
      [...o.progress.map((p) => p.loaded)].sort((a, b) => a - b),
    );
  });

  it.each(['chunked', 'coded'])('fetches without a known length: %s', async (path) => {
    const o = options();
    expect(Buffer.from(await loadImage(`${base}/${path}`, o)).equals(BODY)).toBe(true);
    expect(o.progress.at(-1)).toEqual({ step: 'Downloading kernel', loaded: BODY.length });
  });

  it.each([
    ['missing', 'not-found', 'answered 404'],
    ['down', 'not-found', 'answered 503 for the kernel'],
    ['page', 'not-found', 'web page'],
    ['broken', 'not-found', 'broke off'],
  ])('fails for a file that is %s', async (path, code, text) => {
    await expect(loadImage(`${base}/${path}`, options())).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
    });
  });

  it('fails for a server that is not there', async () => {
    await expect(loadImage('http://127.0.0.1:1/kernel', options())).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('check the address'),
    });
  });

  it('refuses a file that no machine can hold before reading any of it', async () => {
    let read = false;
    const iso = {
      size: 3 * 2 ** 30,
      stream: () => new ReadableStream({ pull: () => void (read = true) }, { highWaterMark: 0 }),
    } as unknown as Blob;
    await expect(loadImage(iso, options())).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining('larger than 2048 MiB'),
    });
    expect(read).toBe(false);
  });

  it('names what the browser has no memory for', async () => {
    const { Uint8Array: real } = globalThis;
    vi.stubGlobal(
      'Uint8Array',
      new Proxy(real, {
        construct(target, args) {
          if (args[0] === 2 ** 30) throw new RangeError('Array buffer allocation failed');
          return Reflect.construct(target, args);
        },
      }),
    );
    try {
      const large = { size: 2 ** 30, stream: () => new ReadableStream() } as unknown as Blob;
      await expect(loadImage(large, options())).rejects.toMatchObject({
        code: 'out-of-memory',
        message: expect.stringContaining('1024 MiB to load the kernel'),
      });
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('takes bytes as they are and reads blobs', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(await loadImage(bytes, options())).toBe(bytes);
    const o = options();
    expect([...(await loadImage(new Blob([bytes]), o))]).toEqual([1, 2, 3]);
    expect(o.progress.at(-1)).toEqual({ step: 'Reading kernel', loaded: 3, total: 3 });
  });
});

describe('gunzip', () => {
  it('unpacks gzip and leaves everything else alone', async () => {
    const o = options();
    expect(Buffer.from(await gunzip(gzipSync(BODY), o)).equals(BODY)).toBe(true);
    expect(o.progress.at(-1)).toEqual({ step: 'Unpacking kernel', loaded: BODY.length });
    const plain = Uint8Array.of(1, 2, 3);
    expect(await gunzip(plain, options())).toBe(plain);
  });

  it('fails for a truncated or damaged file', async () => {
    const packed = gzipSync(BODY);
    const expected = { code: 'bad-image', message: expect.stringContaining('damaged or truncated gzip') };
    await expect(gunzip(packed.subarray(0, packed.length - 10), options())).rejects.toMatchObject(expected);
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, 20, 60);
    await expect(gunzip(damaged, options())).rejects.toMatchObject(expected);
  });
});
