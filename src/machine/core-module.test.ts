import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadCore, warmUpOnce } from './core-module.ts';

const EMPTY = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

let server: Server;
let base: string;
const asked = new Map<string, number>();

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url!;
    const times = (asked.get(path) ?? 0) + 1;
    asked.set(path, times);
    if (path === '/late.wasm' && times === 1) response.writeHead(503).end();
    else if (path === '/truncated.wasm') response.end(EMPTY.subarray(0, 6));
    else if (path === '/typed.wasm') response.setHeader('Content-Type', 'application/wasm').end(EMPTY);
    else if (path === '/typed-page.wasm')
      response.setHeader('Content-Type', 'application/wasm').end('<!doctype html>');
    else if (path === '/missing.wasm') response.writeHead(404).end();
    else response.end(EMPTY);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

describe('the core', () => {
  it.each(['typed', 'plain'])(
    'is compiled once for all machines, whatever type the server names: %s',
    async (name) => {
      const url = `${base}/${name}.wasm`;
      const [one, two] = await Promise.all([loadCore(url), loadCore(url)]);
      expect(one).toBeInstanceOf(WebAssembly.Module);
      expect(two).toBe(one);
      expect(asked.get(`/${name}.wasm`)).toBe(1);
    },
  );

  it('that is compiled already is taken as it is', async () => {
    const module = new WebAssembly.Module(EMPTY);
    expect(await loadCore(module)).toBe(module);
  });

  it('is asked for again after a failure', async () => {
    await expect(loadCore(`${base}/late.wasm`)).rejects.toMatchObject({ code: 'not-found' });
    expect(await loadCore(`${base}/late.wasm`)).toBeInstanceOf(WebAssembly.Module);
  });

  it.each([
    ['missing', 'not-found', 'could not be loaded'],
    ['truncated', 'internal', 'no valid WebAssembly'],
    ['typed-page', 'internal', 'no valid WebAssembly'],
  ])('that is %s fails by name', async (name, code, text) => {
    await expect(loadCore(`${base}/${name}.wasm`)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text),
    });
  });

  it('is warmed up by the first worker that takes it', () => {
    const module = new WebAssembly.Module(EMPTY);
    const worker = (takes: boolean) => ({ warmUp: vi.fn(() => takes) });
    const [terminated, first, second] = [worker(false), worker(true), worker(true)];
    for (const vcpu of [terminated, first, second]) warmUpOnce(module, 'i386', vcpu);
    expect(terminated.warmUp).toHaveBeenCalledWith({ module, arch: 'i386' });
    expect(first.warmUp).toHaveBeenCalledOnce();
    expect(second.warmUp).not.toHaveBeenCalled();
  });
});
