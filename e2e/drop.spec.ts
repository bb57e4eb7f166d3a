/** Files that are dropped on the page or on its machine: what they are, and what becomes of them. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { riscvImage } from '../tests/support/boot-files.ts';
import { expectAccessible } from './support/axe.ts';
import { bootDisk } from './support/boot-sector.ts';
import { CONSOLE, dropFiles, dropPaths } from './support/drop.ts';
import { write } from './support/files.ts';
import { displayText, expect, screenText, test } from './support/site.ts';

const NOISE = Buffer.from(
  Uint8Array.from({ length: 8192 }, (_, at) => (Math.imul(at + 7, 2654435761) >>> 13) & 0xff),
);
const STARTED = { timeout: 30_000 };
const drives = (page: Page) =>
  page.evaluate(() => document.querySelector('vm-console')!.vm!.drives.map(({ name, size }) => [name, size]));

test('a file that nobody can tell is asked for, and starts as what the person says', async ({
  page,
  site,
}) => {
  await page.goto(site.url);
  await page.getByTestId('pick').setInputFiles([{ name: 'mystery', mimeType: '', buffer: NOISE }]);
  const dialog = page.getByRole('dialog', { name: 'What is “mystery”?' });
  await expect(dialog.getByRole('button', { name: /A hard disk/ })).toBeFocused();
  await expectAccessible(page, 'what a file is', 'dialog');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page.locator('vm-console')).toHaveCount(0);

  await page.getByTestId('pick').setInputFiles([{ name: 'mystery', mimeType: '', buffer: NOISE }]);
  await dialog.getByRole('button', { name: /A kernel for RISC-V/ }).click();
  await expect(page).toHaveURL(/\?arch=riscv64$/);
  await expect(page.locator('vm-console')).toHaveCount(1);
});

test('nothing that is dropped ends a machine that runs unasked', async ({ page, site }) => {
  await page.goto(`${site.url}?machine=echo`);
  await expect.poll(() => screenText(page)).toBe('ready');
  const typed = async (key: string, shown: string) => {
    await page.locator('vm-console').evaluate((element) => (element as HTMLElement).focus());
    await page.keyboard.press(key);
    await expect.poll(() => screenText(page)).toBe(shown);
  };
  // What no machine starts is said; a folder for it would take another start.
  await dropFiles(page, [{ name: 'note.txt', content: Buffer.from('Dear all\n') }], CONSOLE);
  await expect(page.getByRole('dialog')).toContainText('“note.txt” is a text. No machine starts it.');
  await page.keyboard.press('Escape');
  await typed('a', 'ready\n[a]');

  const kernel = { name: 'Image', content: Buffer.from(riscvImage(4096)) };
  await dropFiles(page, [kernel], CONSOLE);
  const dialog = page.getByRole('dialog', { name: '“Image”' });
  await expect(dialog).toContainText('A machine is running.');
  await expectAccessible(page, 'what becomes of a file', 'dialog');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await typed('b', 'ready\n[a][b]');

  const own = { name: 'own.elf', content: readFileSync(join(site.images, 'echo.elf')) };
  await dropFiles(page, [own]);
  // Enter alone ends nothing.
  await expect(page.getByRole('button', { name: 'Close', exact: true })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: /Start a machine with it.*ends the machine/ })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect.poll(() => screenText(page)).toBe('ready');
  await expect.poll(() => page.workers().length).toBe(1);
});

test('a medium that is dropped goes into the drive of the machine that runs, or starts another one', async ({
  page,
  site,
}, testInfo) => {
  await page.goto(site.builtUrl);
  const disk = { name: 'system.img', content: readFileSync(bootDisk(testInfo.outputDir, 'First')) };
  await dropFiles(page, [disk]);
  await expect.poll(() => displayText(page), STARTED).toContain('First');

  const disc = Buffer.alloc(64 * 1024);
  disc.write('CD001', 0x8001);
  await dropFiles(page, [{ name: 'data.bin', content: disc }], CONSOLE);
  await page.getByRole('button', { name: /Insert it into the CD-ROM drive/ }).click();
  await expect.poll(() => drives(page)).toContainEqual([expect.stringContaining('cd'), disc.length]);
  expect(await displayText(page)).toContain('First');

  // What it is only the person knows: all the drives there are take it. The smallest floppy has 160 KiB.
  await dropFiles(page, [{ name: 'mystery', content: NOISE }], CONSOLE);
  await page.getByRole('button', { name: /Insert it into the floppy drive/ }).click();
  await expect.poll(() => drives(page)).toContainEqual(['floppy0', 160 * 1024]);

  const second = { name: 'second.img', content: readFileSync(bootDisk(testInfo.outputDir, 'Second')) };
  await dropFiles(page, [second]);
  await page.getByRole('button', { name: /Start a machine with it/ }).click();
  await expect.poll(() => displayText(page), STARTED).toContain('Second');
});

test('a machine gets a folder for what is dropped; from then on files and folders go there without another start', async ({
  page,
  site,
}, testInfo) => {
  const folders = () =>
    page.evaluate(() =>
      document.querySelector('vm-console')!.vm!.folders.map(({ tag, list }) => [tag, list()]),
    );
  await page.goto(`${site.url}?machine=echo`);
  await expect.poll(() => screenText(page)).toBe('ready');
  await dropFiles(page, [{ name: 'note.txt', content: Buffer.from('Dear all\n') }], CONSOLE);
  await page.getByRole('button', { name: /Start this machine again, with it in a shared folder/ }).click();
  // The machine before it said the same.
  await expect
    .poll(() => folders().catch(() => null), { timeout: 30_000 })
    .toEqual([['shared', ['/note.txt']]]);
  await expect.poll(() => screenText(page)).toBe('ready');
  await expect(page).toHaveURL(/\?machine=echo$/);

  await page.locator('vm-console').evaluate((element) => (element as HTMLElement).focus());
  await page.keyboard.press('a');
  await expect.poll(() => screenText(page)).toBe('ready\n[a]');
  write(join(testInfo.outputDir, 'photos'), 'snow.txt', 'white');
  mkdirSync(join(testInfo.outputDir, 'photos', 'none'));
  await dropPaths(page, [join(testInfo.outputDir, 'photos')]);
  const said = page.getByRole('dialog', { name: 'In the shared folder' });
  await expect(said).toContainText('“photos/snow.txt” (5 bytes) lies in the shared folder “shared”.');
  await expect(said).toContainText('mount -t 9p -o trans=virtio shared /mnt');
  await expectAccessible(page, 'where it lies', 'dialog');
  await page.keyboard.press('Escape');
  expect(await folders()).toEqual([['shared', ['/note.txt', '/photos/snow.txt']]]);
  expect(await screenText(page)).toBe('ready\n[a]');

  // What a machine could start with may lie there, too: that is asked.
  const kernel = { name: 'Image', content: Buffer.from(riscvImage(4096)) };
  await dropFiles(page, [kernel], CONSOLE);
  await page.getByRole('button', { name: /Put it into the shared folder/ }).click();
  await expect(said).toContainText('“Image” (4.0 KB)');
  expect(await screenText(page)).toBe('ready\n[a]');
  await page.keyboard.press('Escape');

  // A guest that ends while the question is open has no use for the answer.
  await dropFiles(page, [kernel], CONSOLE);
  const put = page.getByRole('button', { name: /Put it into the shared folder/ });
  await expect(put).toBeVisible();
  await page.evaluate(() => document.querySelector('vm-console')!.powerOff());
  await put.click();
  await expect(page.getByRole('dialog', { name: 'Too late' })).toContainText('has ended meanwhile');
});
