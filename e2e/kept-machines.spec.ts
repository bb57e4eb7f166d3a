/** Machines that the person keeps, and the tools for their disks, as they are met on the page; images are held to qemu-img. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright/test';
import { findings } from './support/axe.ts';
import { write } from './support/files.ts';
import { noise } from './support/noise.ts';
import { expect, test } from './support/site.ts';

const MIB = 1 << 20;

const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });

/** Fills in the form for a new machine and sends it. */
async function create(page: Page, values: Record<string, string>, file?: string): Promise<void> {
  await page.getByRole('button', { name: 'New machine…' }).click();
  const dialog = page.getByRole('dialog', { name: 'New machine' });
  for (const [label, value] of Object.entries(values)) {
    const control = dialog.getByLabel(label, { exact: true });
    if ((await control.evaluate((element) => element.localName)) === 'select')
      await control.selectOption({ label: value });
    else await control.fill(value);
  }
  if (file) await dialog.getByLabel('Disk image').setInputFiles(file);
  await dialog.getByRole('button', { name: 'Create and start' }).click();
}

/** Goes back to the list and opens a machine's tools. */
async function manage(page: Page, url: string, name: string): Promise<Locator> {
  await page.goto(url);
  await page.getByRole('button', { name: `Manage ${name}`, exact: true }).click();
  return page.getByRole('dialog', { name, exact: true });
}

async function download(page: Page, button: Locator, folder: string): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent('download'), button.click()]);
  const path = join(folder, file.suggestedFilename());
  await file.saveAs(path);
  return path;
}

/** 24 MiB with holes, in qcow2, as the person has it on disk. */
function makeImage(folder: string): { raw: string; qcow2: string } {
  const bytes = Buffer.alloc(24 * MIB);
  for (const at of [0, 5, 6, 17]) noise(MIB, at + 1).copy(bytes, at * MIB + 4096);
  const raw = write(folder, 'original.img', bytes);
  const qcow2 = join(folder, 'original.qcow2');
  qemuImg('convert', '-c', '-O', 'qcow2', raw, qcow2);
  return { raw, qcow2 };
}

test('an image is imported and exported as it was; the machine is renamed, duplicated and deleted', async ({
  page,
  site,
}, testInfo) => {
  const folder = testInfo.outputDir;
  const { raw, qcow2 } = makeImage(folder);
  await page.goto(site.url);
  await expect(page.getByText('None so far.')).toBeVisible();
  await create(page, { 'Its disk starts as': 'A disk image from this computer', Name: 'Old laptop' }, qcow2);
  await expect(page).toHaveURL(/\?mine=\w+$/);
  await expect(page).toHaveTitle('Old laptop · Snowglobe');

  const dialog = await manage(page, site.url, 'Old laptop');
  await expect(dialog.getByRole('term')).toHaveText(['Capacity', 'Length', 'Allocation', 'Commitment']);
  const sizes = dialog.locator('dt + dd');
  // Pieces of 64 KiB: noise that begins 4 KiB into one touches seventeen.
  await expect(sizes).toHaveText(['24.0 MB', '18.1 MB', '4.2 MB', '24.0 MB']);
  for (const format of ['qcow2', 'raw']) {
    const path = await download(page, dialog.getByRole('button', { name: `Export ${format}` }), folder);
    expect(path).toMatch(format === 'raw' ? /Old-laptop\.img$/ : /Old-laptop\.qcow2$/);
    expect(qemuImg('compare', '-f', format, '-F', 'raw', path, raw)).toContain('identical');
    if (format === 'qcow2') expect(qemuImg('check', path)).toContain('No errors');
    if (format === 'raw') expect(readFileSync(path).equals(readFileSync(raw))).toBe(true);
    else expect(statSync(path).size).toBeLessThan(6 * MIB);
    await expect(dialog.getByRole('status')).toContainText('were exported');
  }

  await dialog.getByLabel('Name').fill('Attic');
  await dialog.getByRole('button', { name: 'Rename' }).click();
  const renamed = page.getByRole('dialog', { name: 'Attic', exact: true });
  await renamed.getByRole('button', { name: 'Duplicate' }).click();
  await expect(renamed.getByRole('status')).toContainText('“Attic (copy)” is in the list.');
  await page.keyboard.press('Escape');
  await expect(renamed).toBeHidden();
  const shelf = page.getByRole('region', { name: 'Your machines' });
  await expect(shelf.getByRole('heading', { level: 3 })).toHaveText(['Attic (copy)', 'Attic']);

  const first = await manage(page, site.url, 'Attic');
  await first.getByRole('button', { name: 'Delete…' }).click();
  const question = page.getByRole('dialog', { name: 'Delete “Attic”?' });
  await question.getByRole('button', { name: 'Cancel' }).click();
  await first.getByRole('button', { name: 'Delete…' }).click();
  await question.getByRole('button', { name: 'Delete' }).click();
  await expect(shelf.getByRole('heading', { level: 3 })).toHaveText(['Attic (copy)']);
  const copy = await manage(page, site.url, 'Attic (copy)');
  const path = await download(page, copy.getByRole('button', { name: 'Export qcow2' }), folder);
  expect(qemuImg('compare', path, raw)).toContain('identical');
  expect(await page.evaluate(async () => (await indexedDB.databases()).length)).toBe(3);
});

test('an empty disk takes no room; what is wrong in the forms is said, and axe finds nothing in them', async ({
  page,
  site,
}) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(site.url);
  await create(page, { Name: 'Big', 'Size of the disk': 'lots' });
  await expect(page.getByRole('alert').filter({ hasText: '“lots” is no size of a disk' })).toBeVisible();
  expect(await findings(page)).toEqual([]);
  await page.getByLabel('Size of the disk').fill('64G');
  await page.getByRole('button', { name: 'Create and start' }).click();
  await expect(page).toHaveURL(/\?mine=\w+$/);
  const dialog = await manage(page, site.url, 'Big');
  await expect(dialog.locator('dt + dd')).toHaveText(['64.0 GB', '0 bytes', '0 bytes', '64.0 GB']);
  expect(await findings(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await findings(page)).toEqual([]);
  await page.setViewportSize({ width: 390, height: 700 });
  expect(await dialog.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(
    0,
  );
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await page.keyboard.press('Escape');
  expect(await findings(page)).toEqual([]);
});

test('copying an image shows its progress until it is cancelled, and leaves nothing; the page goes on', async ({
  page,
  site,
}, testInfo) => {
  const image = write(testInfo.outputDir, 'large.img', Buffer.concat(Array(48).fill(noise(8 * MIB, 3))));
  await page.goto(site.url);
  await create(page, { 'Its disk starts as': 'A disk image from this computer', Name: 'Large' }, image);
  await expect(page.getByText(/ of 384 MB$/)).toBeVisible();
  // Neither Escape nor a click beside it ends what goes on.
  await page.keyboard.press('Escape');
  await expect(page.getByRole('progressbar', { name: 'Copying the image' })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('progressbar')).toHaveCount(0);
  await page.getByRole('button', { name: 'Close' }).click();
  await page.reload();
  await expect(page.getByText('None so far.')).toBeVisible();
  const left = await page.evaluate(async () =>
    (await indexedDB.databases()).filter(({ name }) => name?.startsWith('snowglobe-disk-')),
  );
  expect(left).toEqual([]);
});
