/** Browsers that lack something, or keep nothing: machines run all the same, and what is missing is said. */
import { readFileSync } from 'node:fs';
import { expectAccessible } from './support/axe.ts';
import { countingDisk } from './support/counting-disk.ts';
import { displayText, expect, screenText, test } from './support/site.ts';

const STARTED = { timeout: 40_000 };

test('without IndexedDB, WebGPU, service workers, caches and localStorage machines run, and the page says that none is kept', async ({
  page,
  site,
}) => {
  await page.addInitScript(() => {
    const hide = (on: object, name: string) => Object.defineProperty(on, name, { value: undefined });
    const block = (on: object, name: string) =>
      Object.defineProperty(on, name, {
        get() {
          throw new DOMException('Access is denied for this document.', 'SecurityError');
        },
      });
    hide(window, 'indexedDB');
    hide(Navigator.prototype, 'gpu');
    block(Navigator.prototype, 'serviceWorker');
    for (const name of ['localStorage', 'sessionStorage', 'caches']) block(window, name);
  });
  await page.goto(site.url);
  await expect(page.getByRole('alert')).toContainText(
    'This browser keeps no disks for this page: it has no IndexedDB.',
  );
  await page.getByRole('link', { name: /Echo/ }).click();
  await expect.poll(() => screenText(page), STARTED).toBe('ready');
  await page.goto(`${site.builtUrl}?machine=vga-plasma`);
  await expect.poll(() => displayText(page).then((text) => text.length), STARTED).toBeGreaterThan(0);
  await page.goto(`${site.url}?mine=12345678`);
  await expect(page.getByRole('heading', { name: 'The machine cannot be found', level: 1 })).toBeVisible();
});

test('an IndexedDB that may not even be named is as none: machines run, and the page says that none is kept', async ({
  page,
  site,
}) => {
  await page.addInitScript(() =>
    Object.defineProperty(window, 'indexedDB', {
      get() {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
    }),
  );
  await page.goto(site.url);
  await expect(page.getByRole('alert')).toContainText('This browser keeps no disks for this page');
  await page.getByRole('link', { name: /Echo/ }).click();
  await expect.poll(() => screenText(page), STARTED).toBe('ready');
});

test('an address with wrong options names each of them and starts nothing; one of a kept machine says so on its page', async ({
  page,
  site,
}) => {
  await page.goto(`${site.url}?machine=echo&m=lots&tier=fast&kernle=x`);
  const panel = page.getByRole('alert');
  await expect(panel).toContainText('Option “m” in the address: "lots" is not a memory size');
  await expect(panel).toContainText('Option “tier” in the address: "fast" is not a tier');
  await expect(panel).toContainText('There is no option “kernle”');
  expect(page.workers()).toHaveLength(0);

  // Machines as versions of this page kept them that named disks in addresses, and one whose address is damaged.
  await page.evaluate(async () => {
    const request = indexedDB.open('snowglobe-machines');
    request.onupgradeneeded = () => request.result.createObjectStore('machines');
    const db = await new Promise<IDBDatabase>((resolve) => {
      request.onsuccess = () => resolve(request.result);
    });
    const store = db.transaction('machines', 'readwrite').objectStore('machines');
    const put = (id: string, address: string) =>
      store.put({ id, name: `Old ${id}`, address, disks: [], created: 1, used: 1 }, id);
    const machine = '?arch=riscv64&bios=none&m=64&kernel=images/echo.elf';
    put('disk0001', `${machine}&drive=if=virtio,persist=gone`);
    put('wrong001', `${machine}&icount=many`);
    await new Promise((resolve) => {
      store.transaction.oncomplete = resolve;
    });
    db.close();
  });
  await page.goto(`${site.url}?mine=disk0001`);
  await expect(page.getByRole('alert')).toContainText(/no stored disk|no disk/i);
  await page.goto(`${site.url}?mine=wrong001`);
  await expect(
    page.getByRole('heading', { name: '“Old wrong001” cannot be started', level: 1 }),
  ).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('Option “icount” in the address: "many"');
});

test('a machine of the moment whose disk was written to is not left without a question', async ({
  page,
  site,
}, testInfo) => {
  const image = readFileSync(countingDisk(testInfo.outputDir));
  await page.route('**/count.img', (route) => route.fulfill({ body: image }));
  const leaves = () => page.evaluate(() => dispatchEvent(new Event('beforeunload', { cancelable: true })));
  await page.goto(site.builtUrl);
  expect(await leaves()).toBe(true);
  await page.goto(`${site.builtUrl}?arch=x86_64&m=64&hda=count.img`);
  await expect.poll(() => displayText(page), STARTED).toContain('Started 1');
  expect(await leaves()).toBe(false);
  const question = page.getByRole('dialog', { name: 'Leave this machine?' });
  await page.getByRole('link', { name: 'Snowglobe: all machines' }).click();
  await expect(question).toContainText('in memory only');
  await expectAccessible(page, 'the question');
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => displayText(page)).toContain('Started 1');
  await page.getByRole('link', { name: 'Snowglobe: all machines' }).click();
  await question.getByRole('button', { name: 'Leave it' }).click();
  await expect(page.getByRole('link', { name: /Debian Linux on RISC-V/ })).toBeVisible();
});
