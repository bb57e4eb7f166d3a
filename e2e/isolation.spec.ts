/** Pages of servers that send no headers: a service worker isolates them (docs/vm-console.md, "Servers without headers"). */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { ISOLATION_HEADERS } from '../src/cli/static-server.ts';
import { isKept } from './support/kept-page.ts';
import { expect, SHARED, test } from './support/folders.ts';
import { assembleGuest, repository } from './support/images.ts';
import { screenText } from './support/site.ts';

test.use({ serviceWorkers: 'allow' });

const LIBRARY = join(repository, 'build/lib');
const SCRIPT = 'vm-console-isolation.js';
const MACHINE = '<vm-console arch="riscv64" bios="none" kernel="echo.elf" autostart></vm-console>';

const htmlOf = (component: string, script = `<script src="${SCRIPT}"></script>`): string =>
  `<!doctype html><title>A page</title>${script}<script type="module" src="${component}"></script><body>${MACHINE}`;

/** Counts how often the page loads. One that is loaded again at once may never have come as far as DOMContentLoaded. */
function loads(page: Page): () => number {
  let count = 0;
  page.on('framenavigated', (frame) => {
    if (frame === page.mainFrame()) count++;
  });
  return () => count;
}

/** A folder with the guest, the script and a page. */
function folderOf(path: string, html: string): string {
  assembleGuest('echo', path);
  cpSync(join(LIBRARY, SCRIPT), join(path, SCRIPT));
  writeFileSync(join(path, 'index.html'), html);
  return path;
}

/** Waits for the isolated page's machine: the first page may go at any moment. */
async function ready(page: Page): Promise<void> {
  await page.waitForFunction(() => crossOriginIsolated && document.querySelector('vm-console:defined'));
  await expect.poll(() => screenText(page), { timeout: 40_000 }).toBe('ready');
}

for (const policy of ['require-corp', 'credentialless'])
  test(`one script and one reload isolate a page (${policy}), whose component comes from another site`, async ({
    page,
    serve,
  }, info) => {
    const library = await serve(LIBRARY, SHARED);
    const html = htmlOf(
      `${library.url}vm-console.js`,
      `<script src="${SCRIPT}" data-policy="${policy}"></script>`,
    );
    const site = await serve(folderOf(info.outputPath('page'), html), {});
    const loaded = loads(page);
    await page.goto(site.url);
    await ready(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    expect(loaded()).toBe(2);
    await page.reload();
    await ready(page);
    expect(loaded()).toBe(3);
  });

test('a page whose server sends the headers gets no service worker', async ({ page, serve }, info) => {
  const library = await serve(LIBRARY, SHARED);
  const site = await serve(
    folderOf(info.outputPath('page'), htmlOf(`${library.url}vm-console.js`)),
    ISOLATION_HEADERS,
  );
  const loaded = loads(page);
  await page.goto(site.url);
  await ready(page);
  expect(loaded()).toBe(1);
  expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
});

test('where it cannot isolate, the element says why and what to do, and the page does not load for ever', async ({
  page,
  serve,
}, info) => {
  const library = await serve(LIBRARY, SHARED);
  const component = `${library.url}vm-console.js`;
  const folder = folderOf(info.outputPath('page'), '');
  const write = (name: string, script: string): void =>
    writeFileSync(join(folder, name), htmlOf(component, script));
  mkdirSync(join(folder, 'deeper'));
  cpSync(join(folder, SCRIPT), join(folder, 'deeper', SCRIPT));
  write('deeper.html', `<script src="deeper/${SCRIPT}"></script>`);
  write('elsewhere.html', `<script src="${library.url}${SCRIPT}"></script>`);
  write('missing.html', `<script src="${SCRIPT}" data-worker="missing.js"></script>`);
  writeFileSync(join(folder, 'idle.js'), "self.addEventListener('install', () => self.skipWaiting());");
  write('idle.html', `<script src="${SCRIPT}" data-worker="idle.js"></script>`);
  writeFileSync(
    join(folder, 'frame.html'),
    '<!doctype html><title>A frame</title><iframe src="index.html" title="x"></iframe>',
  );
  write('index.html', `<script src="${SCRIPT}"></script>`);
  const site = await serve(folder, {});
  const cases = [
    ['deeper.html', /must lie in the page's folder or above it/, 1],
    ['elsewhere.html', /copy it to this site, beside the page/, 1],
    ['missing.html', /refused the service worker \/missing\.js/, 1],
    ['idle.html', /has not isolated the page/, 2],
    ['frame.html', /open this page in a tab of its own/, 1],
  ] as const;
  for (const [name, text, times] of cases) {
    const loaded = loads(page);
    await page.goto(`${site.url}${name}`);
    const alert =
      name === 'frame.html' ? page.frameLocator('iframe').getByRole('alert') : page.getByRole('alert');
    await expect(alert, name).toContainText(text);
    await expect(alert).toContainText('Cross-Origin-Opener-Policy: same-origin');
    expect(loaded(), name).toBe(times);
    await page.evaluate(async () => {
      for (const registration of await navigator.serviceWorker.getRegistrations())
        await registration.unregister();
    });
  }
});

test('on plain http it says that browsers need https', async ({ page }, info) => {
  const folder = folderOf(info.outputPath('page'), '');
  await page.route('http://page.test/**', (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    return name === ''
      ? route.fulfill({ contentType: 'text/html', body: htmlOf('vm-console.js') })
      : route.fulfill({ path: join(name === 'echo.elf' ? folder : LIBRARY, name) });
  });
  await page.goto('http://page.test/');
  await expect(page.getByRole('alert')).toContainText('open the page by https, or on localhost');
});

test('the page’s one service worker isolates it and keeps it for a start without network', async ({
  page,
  context,
  serve,
}, info) => {
  const site = await serve(join(repository, 'build/site'), {});
  const folder = info.outputPath('images');
  assembleGuest('echo', folder);
  await context.route('**/images/echo.elf', (route) => route.fulfill({ path: join(folder, 'echo.elf') }));
  const loaded = loads(page);
  const url = `${site.url}?arch=riscv64&bios=none&kernel=images/echo.elf`;
  await page.goto(url);
  await ready(page);
  expect(loaded()).toBe(2);
  const workers = await page.evaluate(async () =>
    (await navigator.serviceWorker.getRegistrations()).map(
      ({ active }) => new URL(active!.scriptURL).pathname,
    ),
  );
  expect(workers).toEqual(['/service-worker.js']);
  await expect.poll(() => page.evaluate(isKept), { timeout: 60_000 }).toBe(true);
  await context.setOffline(true);
  await page.reload();
  await ready(page);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});
