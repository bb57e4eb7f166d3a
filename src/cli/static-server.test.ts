import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HttpNode } from '../block/protocol/http-node.ts';
import { parseRange, type StaticServer, startServer } from './static-server.ts';

let dir: string;
let server: StaticServer;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'static-server-'));
  for (const path of ['site/assets', 'images/guest', 'disk']) mkdirSync(join(dir, path), { recursive: true });
  writeFileSync(join(dir, 'site/index.html'), '<title>site</title>');
  writeFileSync(join(dir, 'site/assets/core-AbCd1234.wasm'), 'wasm');
  writeFileSync(join(dir, 'images/guest/kernel'), '0123456789');
  writeFileSync(join(dir, 'images/guest/empty'), '');
  writeFileSync(join(dir, 'disk/disk.img'), 'abcdef');
  writeFileSync(join(dir, 'disk/other.img'), 'abcdef');
  writeFileSync(join(dir, 'secret.txt'), 'secret');
  symlinkSync(join(dir, 'secret.txt'), join(dir, 'site/link.txt'));
  server = await startServer({
    roots: [
      { prefix: '/', dir: join(dir, 'site') },
      { prefix: '/images/', dir: join(dir, 'images') },
      { prefix: '/disk/', dir: join(dir, 'disk'), writable: 'disk.img' },
    ],
  });
});

afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});

it.runIf(process.platform === 'linux')(
  'serves a file whose name is no text, and nothing beside it',
  async () => {
    const file = Buffer.concat([Buffer.from(join(dir, 'disk/odd')), Buffer.from([0xff])]);
    writeFileSync(file, 'odd');
    const roots = [{ prefix: '/odd/', dir: join(dir, 'disk'), only: { name: 'odd\ufffd', file } }];
    const odd = await startServer({ roots });
    const answers = ['odd/odd%EF%BF%BD', 'odd/disk.img', 'odd/'].map((path) => fetch(new URL(path, odd.url)));
    const [own, ...others] = await Promise.all(answers);
    expect([await own.text(), ...others.map(({ status }) => status)]).toEqual(['odd', 404, 404]);
    await odd.close();
  },
);

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(new URL(path, server.url), { headers, method });

/** Sends the path as it is, where fetch would tidy it up first. */
function rawStatus(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('the static server', () => {
  it('isolates every answer, errors included', async () => {
    for (const path of ['', 'images/guest/kernel', 'nothing']) {
      const { headers } = await get(path);
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  });

  it('names types, and lets a browser keep only what is named after its content', async () => {
    const page = await get('');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(await page.text()).toBe('<title>site</title>');
    const core = await get('assets/core-AbCd1234.wasm');
    expect(core.headers.get('content-type')).toBe('application/wasm');
    expect(core.headers.get('cache-control')).toContain('immutable');
    const kernel = await get('images/guest/kernel');
    expect(kernel.headers.get('content-type')).toBe('application/octet-stream');
    expect(kernel.headers.get('cache-control')).toBe('no-cache');
  });

  it('serves ranges', async () => {
    const part = await get('images/guest/kernel', { Range: 'bytes=2-4' });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe('bytes 2-4/10');
    expect(part.headers.get('content-length')).toBe('3');
    expect(await part.text()).toBe('234');
    const outside = await get('images/guest/kernel', { Range: 'bytes=10-' });
    expect(outside.status).toBe(416);
    expect(outside.headers.get('content-range')).toBe('bytes */10');
    const changed = await get('images/guest/kernel', { Range: 'bytes=2-4', 'If-Range': '"other"' });
    expect([changed.status, await changed.text()]).toEqual([200, '0123456789']);
  });

  it('answers 304 to the tag it gave', async () => {
    const etag = (await get('images/guest/kernel')).headers.get('etag') ?? '';
    expect((await get('images/guest/kernel', { 'If-None-Match': etag })).status).toBe(304);
    expect((await get('images/guest/kernel', { 'If-None-Match': '"other"' })).status).toBe(200);
  });

  it('answers HEAD without a body and refuses other methods', async () => {
    const head = await get('images/guest/kernel', {}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
    expect((await get('images/guest/kernel', {}, 'POST')).status).toBe(405);
    expect(await (await get('images/guest/empty')).text()).toBe('');
  });

  it.each([
    '/../secret.txt',
    '/images/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/images/..%2f..%2fsecret.txt',
  ])('does not leave its roots: %s', async (path) => expect(await rawStatus(path)).toBe(400));

  it.each(['/link.txt', '/nothing', '/assets', '/assets/'])('answers 404 to %s', async (path) =>
    expect(await rawStatus(path)).toBe(404),
  );

  it.each(['/%', '/%00'])('answers 400 to the broken address %s', async (path) =>
    expect(await rawStatus(path)).toBe(400),
  );

  it('serves a folder that is added while it runs', async () => {
    const roots = [{ prefix: '/', dir: join(dir, 'site') }];
    const growing = await startServer({ roots });
    const status = async () => (await fetch(`${growing.url}late/kernel`)).status;
    expect(await status()).toBe(404);
    roots.push({ prefix: '/late/', dir: join(dir, 'images/guest') });
    expect(await status()).toBe(200);
    await growing.close();
  });

  it('takes the first free port of a list, and says when there is none', async () => {
    const roots = [{ prefix: '/', dir }];
    const second = await startServer({ roots, port: [server.port, 0] });
    expect(second.port).not.toBe(server.port);
    await second.close();
    await expect(startServer({ roots, port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('the Range header', () => {
  it.each([
    [undefined, undefined],
    ['bytes=0-', { first: 0, last: 9 }],
    ['bytes=3-3', { first: 3, last: 3 }],
    ['bytes=8-99', { first: 8, last: 9 }],
    ['bytes=-4', { first: 6, last: 9 }],
    ['bytes=-40', { first: 0, last: 9 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=4-3', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,3-4', undefined],
    ['lines=0-1', undefined],
  ])('%s of ten bytes', (header, expected) => {
    expect(parseRange(header, 10)).toEqual(expected);
  });
});

describe('a writable file', () => {
  const node = (name: string) =>
    new HttpNode({ url: new URL(`disk/${name}`, server.url).href, size: 6, etag: null, writable: true });

  it('is on the disk when the block layer has flushed it, however little a write takes', async () => {
    const file = join(dir, 'disk/disk.img');
    writeFileSync(file, 'abcdef');
    const handle = await open(file, 'r');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const write = prototype.write as unknown as (...args: unknown[]) => never;
    const short = vi.spyOn(prototype, 'write').mockImplementation(function (this: FileHandle, ...args) {
      const [bytes, offset, , position] = args as unknown as [Uint8Array, number, number, number];
      return write.call(this, bytes, offset, 1, position);
    });
    const datasync = vi.spyOn(prototype, 'datasync');
    const disk = node('disk.img');
    expect(await disk.flush()).toMatchObject({ ok: true });
    expect(datasync).not.toHaveBeenCalled();
    expect(await disk.write(1, Uint8Array.of(0x58, 0x59, 0x5a))).toMatchObject({ ok: true });
    expect(await disk.flush()).toMatchObject({ ok: true });
    expect(datasync).toHaveBeenCalledTimes(1);
    expect(readFileSync(file, 'latin1')).toBe('aXYZef');
    short.mockImplementation(async () => ({ bytesWritten: 0, buffer: '' }) as never);
    expect(await disk.write(0, Uint8Array.of(1))).toMatchObject({ ok: false, error: { kind: 'space' } });
    vi.restoreAllMocks();
    writeFileSync(file, 'abcdef');
  });

  it('takes writes and another length from the block layer', async () => {
    const disk = node('disk.img');
    expect(await disk.write(2, Uint8Array.of(0x58, 0x59))).toMatchObject({ ok: true });
    expect(await disk.resize(8)).toMatchObject({ ok: true });
    expect(await disk.write(7, Uint8Array.of(0x5a))).toMatchObject({ ok: true });
    expect(readFileSync(join(dir, 'disk/disk.img'), 'latin1')).toBe('abXYef\0Z');
    expect(await disk.resize(3)).toMatchObject({ ok: true });
    expect(readFileSync(join(dir, 'disk/disk.img'), 'latin1')).toBe('abX');
  });

  it('is the only one of its folder', async () => {
    expect(await node('other.img').write(0, Uint8Array.of(1))).toMatchObject({ ok: false });
    expect(await node('other.img').resize(1)).toMatchObject({ ok: false });
    expect(readFileSync(join(dir, 'disk/other.img'), 'latin1')).toBe('abcdef');
  });
});
