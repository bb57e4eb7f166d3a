import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, type Page } from 'playwright/test';
import { startServer } from '../../src/cli/static-server.ts';
import { assembleGuest, repository } from './images.ts';
import { serveIsolated } from './isolated-page.ts';

export { expect } from 'playwright/test';

/** Guests of e2e/guests that the tests of the page list. */
const LISTED = [
  { name: 'echo', title: 'Echo', description: 'Answers every key.', memory: 64 },
  { name: 'flood', title: 'Flood', description: 'Writes without end.', memory: 64 },
] as const;

export interface Site {
  /** The built page with a list of small guests of our own; ends in a slash. */
  url: string;
  /** The same page with the images that `npm start` has built. */
  builtUrl: string;
  /** Folder behind images/ of `url`. */
  images: string;
}

/** Images that a machine must refuse, and guests it boots, below one folder. */
function writeImages(folder: string): void {
  for (const name of ['echo', 'flood', 'spin', 'trap-loop']) assembleGuest(name, folder);
  const elf = readFileSync(join(folder, 'echo.elf'));
  writeFileSync(join(folder, 'truncated.elf'), elf.subarray(0, elf.length / 2));
  const x86 = Buffer.from(elf);
  x86.writeUInt16LE(62, 18); // e_machine: EM_X86_64
  writeFileSync(join(folder, 'x86.elf'), x86);
  writeFileSync(join(folder, 'large.cpio'), Buffer.alloc(40 * 1024 * 1024));
  const machines = LISTED.map((machine) => ({
    ...machine,
    arch: 'riscv64',
    machine: 'virt',
    kernel: `${machine.name}.elf`,
    firmware: 'none',
    append: '',
    download: 12_345,
  }));
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ machines }));
}

export const test = base.extend<{ failOnPageErrors: undefined }, { site: Site }>({
  site: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's dependencies from this pattern
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), 'snowglobe-e2e-'));
      const images = join(folder, 'images');
      mkdirSync(images);
      writeImages(images);
      const dir = join(repository, 'build/site');
      const built = join(repository, '.cache/images');
      const own = await startServer({
        roots: [
          { prefix: '/', dir },
          { prefix: '/images/', dir: images },
        ],
      });
      const real = await startServer({
        roots: [
          { prefix: '/', dir },
          { prefix: '/images/', dir: built },
        ],
      });
      await use({ url: own.url, builtUrl: real.url, images });
      await Promise.all([own.close(), real.close()]);
      rmSync(folder, { recursive: true });
    },
    { scope: 'worker' },
  ],
  failOnPageErrors: [
    async ({ page }, use) => {
      const errors: Error[] = [];
      page.on('pageerror', (error) => errors.push(error));
      await use(undefined);
      if (errors.length > 0) throw errors[0];
    },
    { auto: true },
  ],
});

/** The text on the terminal of the first console, or of the one that `selector` names. */
export function screenText(page: Page, selector = 'vm-console'): Promise<string> {
  return page
    .locator(selector)
    .evaluate((element: HTMLElement & { screenshotText(): string }) => element.screenshotText());
}

/** The text on the screen of the first console's machine; empty without one. */
export function displayText(page: Page): Promise<string> {
  return page.evaluate(() => {
    const console = document.querySelector<Element & { vm?: { screen?: { text(): string } } }>('vm-console');
    return console?.vm?.screen?.text() ?? '';
  });
}

/** Serves the page without the headers that isolate it. */
export async function withoutIsolation(page: Page, url: string): Promise<void> {
  await page.route(
    ({ href, pathname }) => href.startsWith(url) && (pathname === '/' || pathname.endsWith('.html')),
    async (route) => {
      const response = await route.fetch();
      const headers = Object.entries(response.headers()).filter(
        ([name]) => !name.startsWith('cross-origin-'),
      );
      await route.fulfill({ response, headers: Object.fromEntries(headers) });
    },
  );
}

/** An empty page of the site's origin that has the component (from the site at `component`), isolated as the site is. */
export async function openEmptyPage(page: Page, url: string, body = '', component = url): Promise<void> {
  const script = `<script type="module" src="${component}vm-console.js"></script>`;
  await serveIsolated(page, `${url}empty.html`, `<title>Test</title>${script}<body>${body}</body>`);
  await page.goto(`${url}empty.html`);
  await page.waitForFunction(() => customElements.get('vm-console') !== undefined);
}
