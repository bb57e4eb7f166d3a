/** A machine that was started once starts again without network, from a new page. */
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../src/cli/static-server.ts';
import { runProgram } from '../src/img/program.ts';
import { expectAccessible } from './support/axe.ts';
import { isKept } from './support/kept-page.ts';
import { bootDisk } from './support/boot-sector.ts';
import { repository } from './support/images.ts';
import { displayText, expect, test } from './support/site.ts';

test.use({ serviceWorkers: 'allow' });

const STARTED = { timeout: 120_000 };

test('the page, its machine, firmware and published disk come from what the browser keeps', async ({
  page,
  context,
  site,
}, testInfo) => {
  const disk = bootDisk(testInfo.outputDir, 'From the cache');
  const manifest = join(testInfo.outputDir, 'published', 'disk.json');
  expect(await runProgram(['publish', '-q', disk, manifest])).toBe(0);
  const published = '**/images/published/**';
  await page.route(published, (route) =>
    route.fulfill({
      path: join(testInfo.outputDir, new URL(route.request().url()).pathname.slice('/images'.length)),
    }),
  );
  await page.goto(`${site.builtUrl}?arch=i386&hda=images/published/disk.json`);
  const console = page.locator('vm-console');
  await console.evaluate((element: HTMLElement & { start(): Promise<void> }) => element.start());
  await expect.poll(() => displayText(page), STARTED).toContain('From the cache');
  const drive = () =>
    page.evaluate(
      () =>
        document.querySelector('vm-console')!.vm!.drives.find(({ stream }) => stream !== undefined)!.stream,
    );
  expect((await drive())!.fetched).toBeGreaterThan(0);
  // What the service worker keeps, and the cache in IndexedDB, are written behind the machine's back.
  await expect.poll(() => page.evaluate(isKept), { timeout: 60_000 }).toBe(true);
  await console.evaluate((element: HTMLElement & { vm: { destroy(): Promise<void> } }) =>
    element.vm.destroy(),
  );
  await page.unroute(published);
  await context.setOffline(true);
  await page.reload();
  await console.evaluate((element: HTMLElement & { start(): Promise<void> }) => element.start());
  await expect.poll(() => displayText(page), STARTED).toContain('From the cache');
  expect(await drive()).toMatchObject({ fetched: 0, cached: 1, problem: null });
});

test('a page that a server sends in a script’s place is not kept as the script', async ({
  page,
  context,
  site,
}) => {
  await context.route('**/assets/*-12345678.js', (route) =>
    route.fulfill(
      route.request().url().includes('there')
        ? { contentType: 'text/javascript', body: '0;' }
        : { contentType: 'text/html; charset=utf-8', body: '<!doctype html>' },
    ),
  );
  await page.goto(site.builtUrl);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  for (const name of ['gone', 'there'])
    await page.evaluate(async (name) => void (await fetch(`assets/${name}-12345678.js`)), name);
  const kept = () =>
    page.evaluate(async () =>
      (await (await caches.open('snowglobe-changing')).keys()).flatMap(
        ({ url }) => /(\w+)-12345678/.exec(url)?.[1] ?? [],
      ),
    );
  await expect.poll(kept).toEqual(['there']);
});

test('a line says that the guest waits for the network, and goes when it is back', async ({
  page,
  site,
}, testInfo) => {
  const manifest = join(testInfo.outputDir, 'published', 'disk.json');
  expect(await runProgram(['publish', '-q', bootDisk(testInfo.outputDir, 'Here again'), manifest])).toBe(0);
  let down = true;
  await page.route('**/images/published/**', (route) => {
    const { pathname } = new URL(route.request().url());
    if (down && pathname.includes('/chunks/')) return route.abort('internetdisconnected');
    return route.fulfill({ path: join(testInfo.outputDir, pathname.slice('/images'.length)) });
  });
  await page.goto(`${site.builtUrl}?arch=i386&hda=images/published/disk.json`);
  const console = page.locator('vm-console');
  await page.evaluate(() =>
    document.addEventListener('vm-stream', (event) => {
      const { detail } = event as CustomEvent<{ drive: string; stream: { waiting: number } }>;
      document.title = `${detail.drive} waits: ${detail.stream.waiting > 0}`;
    }),
  );
  await console.evaluate((element: HTMLElement & { start(): Promise<void> }) => void element.start());
  const line = page.locator('vm-console [part="banner network"]');
  await expect(line).toContainText(
    /The guest waits for the network: ide0-hd0 cannot be read now, trying again/,
  );
  expect(await page.title()).toBe('ide0-hd0 waits: true');
  await page.screenshot({ path: testInfo.outputPath('waiting.png') });
  // The line goes with its machine.
  await console.evaluate((element: HTMLElement & { destroy(): Promise<void> }) => element.destroy());
  await expect(line).toHaveCount(0);
  await console.evaluate((element: HTMLElement & { start(): Promise<void> }) => void element.start());
  await expect(line).toContainText('The guest waits for the network');
  down = false;
  await expect.poll(() => displayText(page), STARTED).toContain('Here again');
  await expect(line).toHaveCount(0);
});

test('a new version is fetched beside the old one, is announced, and takes its place whole', async ({
  page,
  context,
}, testInfo) => {
  const folder = testInfo.outputPath('site');
  cpSync(join(repository, 'build/site'), folder, { recursive: true });
  const server = await startServer({ roots: [{ prefix: '/', dir: folder }] });
  const edit = (file: string, from: string | RegExp, to: string): void => {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    const edited = text.replace(from, to);
    expect(edited).not.toBe(text);
    writeFileSync(path, edited);
  };
  const integrity = (file: string): string =>
    `sha256-${createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('base64')}`;
  const description = () => page.locator('meta[name=description]').getAttribute('content');
  await page.goto(server.url);
  await expect.poll(() => page.evaluate(isKept), { timeout: 60_000 }).toBe(true);
  const first = await description();
  const other = await context.newPage();
  await other.goto(server.url);
  const front = integrity('index.html');
  edit('index.html', 'A whole computer', 'Version two of a computer');
  edit('service-worker.js', /"version":"\w+"/, '"version":"half"');
  // A server that is half-way to another build: its worker comes with a front page of its own or not at all.
  const outcome = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
    const worker = registration.installing ?? registration.waiting;
    while (worker?.state === 'installing')
      await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }));
    return worker?.state;
  });
  expect(outcome).toBe('redundant');
  const gone = readdirSync(join(folder, 'assets')).find((name) => /^form-.*\.js$/.test(name))!;
  rmSync(join(folder, 'assets', gone));
  edit('service-worker.js', new RegExp(`,"assets/${gone}":"[^"]*"`), '');
  edit('service-worker.js', '"version":"half"', '"version":"two"');
  edit('service-worker.js', front, integrity('index.html'));
  await page.reload();
  // Whole and old: the document of the new version comes with its scripts or not at all.
  expect(await description()).toBe(first);
  const note = page.getByRole('status').filter({ hasText: 'A new version of this page is here.' });
  await expect(note).toBeVisible({ timeout: 60_000 });
  await expectAccessible(page, 'a new version');
  await note.getByRole('button', { name: 'Reload' }).click();
  await expect
    .poll(() => description().catch(() => ''), { timeout: 60_000 })
    .toContain('Version two of a computer');
  await expect(note).toHaveCount(0);
  // The other tab shows the old version still, and has its parts, where the browser's own cache has forgotten them.
  const fetched = (name: string) => fetch(`assets/${name}`, { cache: 'reload' }).then(({ status }) => status);
  expect(await other.evaluate(fetched, gone)).toBe(200);
  await other.close();
  await expect
    .poll(() =>
      page.evaluate(async () => {
        navigator.serviceWorker.controller?.postMessage({ keep: [] });
        return (await caches.keys()).filter((name) => name.startsWith('snowglobe-page'));
      }),
    )
    .toEqual(['snowglobe-page-two']);
  await server.close();
});

test('the page can be installed: its manifest, icons and worker are what Chromium asks for', async ({
  page,
  site,
}) => {
  await page.goto(site.url);
  const cdp = await page.context().newCDPSession(page);
  const { errors, manifest } = (await cdp.send('Page.getAppManifest')) as {
    errors: unknown[];
    manifest?: unknown;
    data?: string;
  };
  expect(errors).toEqual([]);
  expect(manifest).toMatchObject({ name: 'Snowglobe', display: 'kStandalone' });
  // A test's browser keeps nothing, which is the only thing in the way.
  const obstacles = async () => (await cdp.send('Page.getInstallabilityErrors')).installabilityErrors;
  await expect
    .poll(async () => (await obstacles()).filter(({ errorId }) => errorId !== 'in-incognito'))
    .toEqual([]);
});
