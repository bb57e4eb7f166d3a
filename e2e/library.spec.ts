/** `<vm-console>` as a library: build/lib on a server of its own, a plain page on another one (docs/vm-console.md). */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test as base } from 'playwright/test';
import { assembleGuest, repository } from './support/images.ts';
import { pcEcho } from './support/pc-guest.ts';
import { screenText } from './support/site.ts';

const LIBRARY = join(repository, 'build/lib');
/** JavaScript and Wasm to the first boot, gzipped. */
const BUDGET = 700_000;

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};
/** What a server of files for other sites sends. */
const SHARED = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };
/** What a page needs for shared memory. */
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

interface Folder {
  /** With a trailing slash. */
  url: string;
  /** Names of the files that were fetched. */
  fetched: string[];
}

const test = base.extend<{ serve: (folder: string, headers: Record<string, string>) => Promise<Folder> }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's dependencies from this pattern
  serve: async ({}, use) => {
    const servers: Server[] = [];
    await use(async (folder, headers) => {
      const fetched: string[] = [];
      const server = createServer((request, response) => {
        const name = request.url!.slice(1);
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

const html = (script: string, element: string): string =>
  `<!doctype html><title>A page</title><script type="module" src="${script}"></script>${element}`;

const writePage = (folder: string, text: string): void => writeFileSync(join(folder, 'index.html'), text);

test('a plain page takes the component, its worker and its core from another site', async ({
  page,
  serve,
}, info) => {
  const library = await serve(LIBRARY, SHARED);
  const folder = info.outputPath('page');
  const kernel = pcEcho('x86_64', folder).kernel!;
  const element = `<vm-console arch="x86_64" memory="16" kernel="${kernel.split('/').at(-1)}" autostart></vm-console>`;
  const site = await serve(folder, ISOLATED);
  writePage(folder, html(`${library.url}vm-console.js`, element));
  await page.goto(`${site.url}index.html`);
  await page
    .getByRole('button', { name: /serial/i })
    .first()
    .click();
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.locator('vm-console').pressSequentially('x');
  // The guest's line ends have no carriage return.
  await expect.poll(() => screenText(page)).toMatch(/^ready\n +\[x\]$/);

  expect(library.fetched).toEqual(
    expect.arrayContaining(['vm-console.js', 'vcpu-worker.js', 'core-x86.wasm']),
  );
  expect(site.fetched.filter((name) => /\.(js|wasm)$/.test(name))).toEqual([]);
  const total = [...new Set(library.fetched)].reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(LIBRARY, name)), { level: 9 }).length,
    0,
  );
  expect(total).toBeLessThan(BUDGET);
});

test('the attribute assets says where core and worker are, if not beside the component', async ({
  page,
  serve,
}, info) => {
  const library = await serve(LIBRARY, SHARED);
  const elsewhere = await serve(join(repository, 'build'), SHARED);
  const folder = info.outputPath('page');
  assembleGuest('echo', folder);
  const element = `<vm-console arch="riscv64" bios="none" kernel="echo.elf" assets="${elsewhere.url}lib" autostart></vm-console>`;
  const site = await serve(folder, ISOLATED);
  writePage(folder, html(`${library.url}vm-console.js`, element));
  await page.goto(`${site.url}index.html`);
  await expect.poll(() => screenText(page)).toBe('ready');
  expect(elsewhere.fetched.sort()).toEqual(['lib/core.wasm', 'lib/vcpu-worker.js']);
  expect(library.fetched).not.toContain('core.wasm');
});

test('a page that is not isolated is told what to send', async ({ page, serve }, info) => {
  const library = await serve(LIBRARY, SHARED);
  const folder = info.outputPath('page');
  assembleGuest('echo', folder);
  const site = await serve(folder, {});
  const element = '<vm-console arch="riscv64" bios="none" kernel="echo.elf" autostart></vm-console>';
  writePage(folder, html(`${library.url}vm-console.js`, element));
  await page.goto(`${site.url}index.html`);
  await expect(page.getByRole('alert')).toContainText('Cross-Origin-Opener-Policy');
});
