/** Machines that the person keeps, and the tools for their disks, as they are met on the page; images are held to qemu-img. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { chromium, type Locator, type Page } from 'playwright/test';
import { COLOR_RULES, findings } from './support/axe.ts';
import { bootDisk } from './support/boot-sector.ts';
import { countingDisk } from './support/counting-disk.ts';
import { dropFiles } from './support/drop.ts';
import { write } from './support/files.ts';
import { noise } from './support/noise.ts';
import { setFull, withQuota } from './support/quota.ts';
import { displayText, expect, screenText, test } from './support/site.ts';

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

const dropPath = (page: Page, path: string) =>
  dropFiles(page, [{ name: basename(path), content: readFileSync(path) }]);

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
  // A deleted one goes when its last transaction has ended.
  await expect.poll(() => page.evaluate(async () => (await indexedDB.databases()).length)).toBe(3);
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
  expect(await findings(page, 'html', COLOR_RULES)).toEqual([]);
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

const STARTED = { timeout: 120_000 };

/** Has the counting disk's sector count and write itself again. A click would lock the pointer. */
async function countOn(page: Page, text: string): Promise<void> {
  await page.locator('vm-console').evaluate((element) => element.focus());
  await page.keyboard.press('Space');
  await expect.poll(() => displayText(page), STARTED).toContain(text);
}

test('what the guest writes is there the next time; a second tab is refused; changes are discarded; the disk is resized', async ({
  page,
  site,
}, testInfo) => {
  const disk = countingDisk(testInfo.outputDir);
  await page.goto(site.builtUrl);
  await create(page, { 'Its disk starts as': 'A disk image from this computer', Name: 'Counter' }, disk);
  await expect.poll(() => displayText(page), STARTED).toContain('Started 1');
  await page.getByRole('button', { name: 'Drives', exact: true }).click();
  await expect(page.getByText('is kept in this browser, as the disk of “Counter”')).toBeVisible();

  const second = await page.context().newPage();
  await second.goto(page.url());
  await expect(second.getByRole('alert').filter({ hasText: 'is in use by another machine' })).toBeVisible(
    STARTED,
  );
  const busy = await manage(second, site.builtUrl, 'Counter');
  await busy.getByRole('button', { name: 'Export raw' }).click();
  await expect(busy.getByRole('alert').filter({ hasText: 'is in use by another machine' })).toBeVisible();
  await second.close();

  // The tab goes without a word: what was flushed stays.
  await page.reload();
  await expect.poll(() => displayText(page), STARTED).toContain('Started 2');

  const dialog = await manage(page, site.builtUrl, 'Counter');
  await dialog.getByLabel('New size').fill('3M');
  await dialog.getByRole('button', { name: 'Resize' }).click();
  await expect(dialog.getByRole('status')).toContainText('The disk has 3.0 MB now');
  await expect(dialog.locator('dt + dd').first()).toHaveText('3.0 MB');
  const path = await download(page, dialog.getByRole('button', { name: 'Export raw' }), testInfo.outputDir);
  const bytes = readFileSync(path);
  expect(bytes.length).toBe(3 * MIB);
  expect(bytes.includes('Started 2')).toBe(true);
  await dialog.getByRole('button', { name: 'Discard…' }).click();
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await expect(dialog.getByRole('status')).toContainText('The changes are gone.');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('link', { name: 'Counter' }).click();
  await expect.poll(() => displayText(page), STARTED).toContain('Started 1');

  // Another disk is another machine's: this one has its own.
  await dropPath(page, bootDisk(testInfo.outputDir, 'Dropped'));
  await page.getByRole('button', { name: /Start a machine with it/ }).click();
  await expect(page).toHaveURL(/\?arch=x86_64&m=512$/);
  await expect.poll(() => displayText(page), STARTED).toContain('Dropped');
});

test('a machine of an address is kept after its end, with all its disks and what was written; committed, it does not need their image any more', async ({
  page,
  site,
}, testInfo) => {
  const image = readFileSync(countingDisk(testInfo.outputDir));
  let isThere = true;
  await page.route('**/count.img', (route) => route.fulfill(isThere ? { body: image } : { status: 404 }));
  await page.goto(`${site.builtUrl}?arch=x86_64&m=64&hda=count.img&hdb=count.img`);
  await expect.poll(() => displayText(page), STARTED).toContain('Started 1');
  await countOn(page, 'Started 2');
  await page.getByRole('button', { name: 'Power off' }).click();
  // What it has written is not left without a question, either.
  await page.getByRole('link', { name: 'Snowglobe: all machines' }).click();
  const question = page.getByRole('dialog', { name: 'Leave this machine?' });
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText('What the guest has written (1.0 KB) is still in memory.')).toBeVisible();
  await page.getByRole('button', { name: 'Keep this machine' }).click();
  await expect(page).toHaveURL(/\?mine=\w+$/);
  await expect(page.getByText('is still in memory')).toHaveCount(0);
  await page.getByRole('button', { name: 'Drives', exact: true }).click();
  await expect(page.getByText('is kept in this browser, as 2 disks of “x86_64 machine”')).toBeVisible();
  await page.getByRole('button', { name: 'Start again' }).first().click();
  await expect.poll(() => displayText(page), STARTED).toContain('Started 3');
  const url = page.url();
  // Nothing would be lost: nobody is asked.
  await page.getByRole('link', { name: 'Snowglobe: all machines' }).click();
  await page.getByRole('link', { name: 'x86_64 machine', exact: true }).click();
  await expect(page).toHaveURL(url);
  await expect.poll(() => displayText(page), STARTED).toContain('Started 4');
  await page.getByText('Options', { exact: true }).click();
  await expect(page.getByTestId('command-line')).toHaveValue(
    /-drive file=x86_64-machine\.qcow2,index=0,snapshot=off/,
  );

  // The image is gone: so is the machine, until it is back. Committed, it stands by itself.
  isThere = false;
  await page.reload();
  await expect(page.getByRole('alert').filter({ hasText: 'count.img' })).toBeVisible();
  isThere = true;
  const dialog = await manage(page, site.builtUrl, 'x86_64 machine');
  await expect(dialog).toContainText('Made over count.img.');
  for (const disk of [0, 1]) {
    await dialog.getByLabel('Disk', { exact: true }).selectOption({ index: disk });
    await dialog.getByRole('button', { name: 'Commit' }).click();
    await expect(dialog.getByRole('status')).toContainText('The disk stands by itself now.');
  }
  isThere = false;
  await page.goto(url);
  await expect.poll(() => displayText(page), STARTED).toContain('Started 5');
});

test('a disk of the person’s own is copied while its machine runs; cut off or without room, the machine goes on and nothing is kept', async ({
  page,
  site,
}, testInfo) => {
  await withQuota(page);
  await page.goto(site.builtUrl);
  await dropPath(page, countingDisk(testInfo.outputDir));
  await expect.poll(() => displayText(page), STARTED).toContain('Started 1');
  await page.getByRole('button', { name: 'Drives', exact: true }).click();
  const keep = page.getByRole('button', { name: 'Keep this machine' });
  await setFull(page, true);
  await keep.click();
  await expect(page.getByRole('alert').filter({ hasText: 'gives this site no more room' })).toBeVisible();
  const stored = () =>
    page.evaluate(async () =>
      (await indexedDB.databases()).flatMap(({ name }) =>
        name?.startsWith('snowglobe-disk-') ? [name] : [],
      ),
    );
  await expect.poll(stored).toEqual([]);
  await expect(page).toHaveURL(/\?arch=x86_64&m=512$/);
  await countOn(page, 'Started 2');
  // What it has written is not lost to another disk without a question.
  await dropPath(page, bootDisk(testInfo.outputDir, 'Dropped'));
  const question = page.getByRole('dialog', { name: /^“.+”$/ });
  await expect(
    question.getByRole('button', { name: /^Start a machine with it.*written to its disk is lost/ }),
  ).toBeVisible();
  await question.getByRole('button', { name: 'Close' }).click();
  expect(await displayText(page)).toContain('Started 2');

  await setFull(page, false);
  await keep.click();
  await expect(page).toHaveURL(/\?mine=\w+$/);
  // The tab goes without a word; the file is not needed any more.
  await page.reload();
  await expect.poll(() => displayText(page), STARTED).toContain('Started 3');
  const dialog = await manage(page, site.builtUrl, 'counting-disk.img');
  // What it was made of and what was written are told apart.
  const allocation = dialog.locator('dt + dd').nth(2);
  await expect(allocation).toHaveText('128 KB');
  await dialog.getByRole('button', { name: 'Discard…' }).click();
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await expect(allocation).toHaveText('64.0 KB');
});

test('a listed machine is started with its changes kept, and its running disk is made larger', async ({
  page,
  site,
}, testInfo) => {
  const image = readFileSync(bootDisk(testInfo.outputDir, 'Listed'));
  await page.route('**/listed.img', (route) => route.fulfill({ body: image }));
  await page.route('**/images/index.json', async (route) => {
    const response = await route.fetch();
    const list = (await response.json()) as { machines: unknown[] };
    const drives = [{ file: '../listed.img', interface: 'virtio' }];
    const about = { title: 'A whole system', group: 'system', arch: 'x86_64', machine: 'pc', memory: 64 };
    list.machines.push({ name: 'whole', ...about, drives });
    await route.fulfill({ response, json: list });
  });
  await page.goto(site.builtUrl);
  const group = page.getByRole('region', { name: 'Whole systems' });
  await group.getByRole('button', { name: 'Keep changes of A whole system' }).click();
  await expect(page).toHaveTitle('A whole system · Snowglobe');
  await expect.poll(() => displayText(page), STARTED).toContain('Listed');
  await page.getByRole('button', { name: 'Drives', exact: true }).click();
  const drive = page.getByRole('listitem').filter({ hasText: 'Disk (virtio0)' });
  await drive.getByRole('textbox', { name: 'New size of virtio0' }).fill('16 KB');
  await drive.getByRole('button', { name: 'Resize' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'would cut off' })).toBeVisible();
  await drive.getByRole('textbox').fill('64M');
  await drive.getByRole('button', { name: 'Resize' }).click();
  await expect(drive).toContainText('64.0 MB');
  await page.goto(site.builtUrl);
  const shelf = page.getByRole('region', { name: 'Your machines' });
  await expect(shelf.getByText(/of 64\.0 MB$/)).toBeVisible();
  await expect(shelf.getByText('over listed.img')).toBeVisible();
});

test('where the browser has no more room, nothing half is left, and the reason is said', async ({
  page,
  site,
}, testInfo) => {
  const image = write(testInfo.outputDir, 'image.img', noise(24 * MIB, 5));
  await page.goto(site.url);
  const session = await page.context().newCDPSession(page);
  const origin = new URL(site.url).origin;
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 8 * MIB });
  await create(page, { 'Its disk starts as': 'A disk image from this computer', Name: 'Full' }, image);
  const dialog = page.getByRole('dialog', { name: 'New machine' });
  await expect(dialog.getByRole('alert').filter({ hasText: 'gives this site no more room' })).toBeVisible();
  await session.send('Storage.overrideQuotaForOrigin', { origin });
  await dialog.getByRole('button', { name: 'Create and start' }).click();
  await expect(page).toHaveURL(/\?mine=\w+$/);
  await page.goto(site.url);
  const shelf = page.getByRole('region', { name: 'Your machines' });
  await expect(shelf.getByRole('heading', { level: 3 })).toHaveText(['Full']);
  await expect(shelf.getByText(/^\d+\.\d MB of .* in use by this site\.$/)).toBeVisible();
  await shelf.getByRole('button', { name: 'Ask the browser to keep it' }).click();
  await expect(shelf.getByText(/^The browser (has promised|did not agree)/)).toBeVisible();
});

test('a browser that keeps nothing says so, and machines run all the same', async ({ site }, testInfo) => {
  const profile = testInfo.outputPath('profile');
  // Chromium's setting "never allow sites to save data on this device".
  write(
    join(profile, 'Default'),
    'Preferences',
    Buffer.from(JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } })),
  );
  const context = await chromium.launchPersistentContext(profile, testInfo.project.use.launchOptions);
  const page = await context.newPage();
  await page.goto(site.url);
  await expect(page.getByRole('alert')).toContainText('This browser keeps no disks for this page:');
  await expect(page.getByRole('alert')).toContainText('with cookies and site data blocked');
  await expect(page.getByRole('button', { name: 'New machine…' })).toBeDisabled();
  await page.goto(`${site.url}?mine=12345678`);
  await expect(page.getByRole('alert')).toContainText('This browser keeps no disks for this page:');
  await page.goto(`${site.url}?machine=echo`);
  await expect.poll(() => screenText(page)).toBe('ready');
  await context.close();
});
