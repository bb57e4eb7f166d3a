/** A machine that was started once starts again without network, from a new page. */
import { join } from 'node:path';
import { runProgram } from '../src/img/program.ts';
import { bootDisk } from './support/boot-sector.ts';
import { displayText, expect, test } from './support/site.ts';

test.use({ serviceWorkers: 'allow' });

const STARTED = { timeout: 40_000 };

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
  await expect
    .poll(() => page.evaluate(async () => (await (await caches.open('snowglobe-page')).keys()).length))
    .toBeGreaterThan(5);
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
      (await (await caches.open('snowglobe-page')).keys()).flatMap(
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
  await console.evaluate((element: HTMLElement & { start(): Promise<void> }) => void element.start());
  const line = page.locator('vm-console [part="banner network"]');
  await expect(line).toContainText(
    /The guest waits for the network: ide0-hd0 cannot be read now, trying again/,
  );
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
