/** Disks that the browser stores: what only IndexedDB and Web Locks can show, without a machine. */
import { openModulePage } from './support/bundle.ts';
import { expect, test } from './support/site.ts';

type Store = typeof import('./browser/store.ts');
declare const store: Store;

const ENTRY = 'e2e/browser/store.ts';

test.beforeEach(async ({ page, site }) => {
  await openModulePage(page, site.url, ENTRY);
  await page.addScriptTag({ type: 'module', content: "window.store = await import('./module.js')" });
  await page.waitForFunction(() => 'store' in window);
});

for (const [what, base] of [
  ['of its own', 0],
  ['over a base', 1_234_567],
] as const) {
  test(`a stored disk ${what} answers random requests as an array would`, async ({ page }) => {
    const run = (seed: number) => ({ seed, requests: 250, size: 3_000_320, base });
    for (const seed of [1, 2, 3])
      expect(
        await page.evaluate((options) => store.compareRandomly(options), run(seed)),
        `seed ${seed}`,
      ).toBe('same');
  });
}

test('a disk in use is refused to a second tab, with a reason, and given to it when the first one ends', async ({
  page,
  context,
  site,
}) => {
  const id = await page.evaluate(async () => {
    const disks = new store.Disks();
    const { id } = await store.take(disks.createDisk({ name: 'Mine', capacity: 1 << 20 }));
    await store.take(disks.openDisk(id));
    return id;
  });
  const second = await context.newPage();
  await openModulePage(second, site.url, ENTRY);
  await second.addScriptTag({ type: 'module', content: "window.store = await import('./module.js')" });
  await second.waitForFunction(() => 'store' in window);
  const open = () =>
    second.evaluate(async (id) => {
      const disk = await new store.Disks().openDisk(id);
      if (!disk.ok) return disk.error.message;
      await disk.value.close();
      return 'opened';
    }, id);
  expect(await open()).toMatch(/"Mine" is in use by another machine.*tab.*shut that one down/);
  expect(await second.evaluate((id) => new store.Disks().removeDisk(id), id)).toMatchObject({ ok: false });
  await page.close();
  await expect.poll(open).toBe('opened');
});
