/** Folders on servers of their own, each with the headers that a test gives it. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { test as base } from 'playwright/test';

export { expect } from 'playwright/test';

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};
/** What a server of files for other sites sends. */
export const SHARED = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };

export interface Folder {
  /** With a trailing slash. */
  url: string;
  /** Names of the files that were fetched. */
  fetched: string[];
}

export const test = base.extend<{
  serve: (folder: string, headers: Record<string, string>) => Promise<Folder>;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's dependencies from this pattern
  serve: async ({}, use) => {
    const servers: Server[] = [];
    await use(async (folder, headers) => {
      const fetched: string[] = [];
      const server = createServer((request, response) => {
        const { pathname } = new URL(request.url!, 'http://localhost');
        const name = pathname === '/' ? 'index.html' : pathname.slice(1);
        try {
          const bytes = readFileSync(join(folder, name));
          fetched.push(name);
          const type = TYPES[extname(name)] ?? 'application/octet-stream';
          response.writeHead(200, { ...headers, 'Content-Type': type }).end(bytes);
        } catch {
          response.writeHead(404, headers).end();
        }
      });
      servers.push(server);
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, fetched };
    });
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  },
});
