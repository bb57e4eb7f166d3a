/** `<vm-console>` as a library: build/lib on a server of its own, a plain page on another one (docs/vm-console.md). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ISOLATION_HEADERS } from '../src/cli/static-server.ts';
import { assembleGuest, repository } from './support/images.ts';
import { pcEcho } from './support/pc-guest.ts';
import { expect, SHARED, test } from './support/folders.ts';
import { screenText } from './support/site.ts';

const LIBRARY = join(repository, 'build/lib');
/** JavaScript and Wasm to the first boot, gzipped. */
const BUDGET = 700_000;

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
  const site = await serve(folder, ISOLATION_HEADERS);
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
  const site = await serve(folder, ISOLATION_HEADERS);
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
