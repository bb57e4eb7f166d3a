/** The page's panels for a machine with keyboard and drives. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { bootDisk, busyDisk } from './support/boot-sector.ts';
import { write } from './support/files.ts';
import { isoImage } from './support/iso.ts';
import { LOAD } from './support/linux-shell.ts';
import { displayText, expect, screenText, test } from './support/site.ts';

const STARTED = { timeout: 120_000 };

async function open(page: Page, url: string, folder: string): Promise<void> {
  await page.goto(url);
  await page.getByTestId('pick').setInputFiles(bootDisk(folder, 'Panels'));
  await expect.poll(() => displayText(page), STARTED).toContain('Panels');
}

test('keys that the browser keeps to itself, and text that is typed with progress until it is cancelled', async ({
  page,
  site,
}, testInfo) => {
  await open(page, site.builtUrl, testInfo.outputDir);
  await page.getByRole('button', { name: 'Keys', exact: true }).click();
  // The boot sector takes some letters for commands: none of q, r, k, p and t.
  const text = page.getByRole('textbox', { name: 'Text to type' });
  const layout = page.getByRole('combobox', { name: 'Keyboard layout of the guest' });
  const type = page.getByRole('button', { name: 'Type', exact: true });
  await text.fill('Snow "globe"');
  await type.click();
  await expect.poll(() => displayText(page)).toContain('Snow "globe"');
  // The places of German keys, which this BIOS reads as American ones.
  await layout.selectOption({ label: 'German' });
  await text.fill('zoo-y');
  await type.click();
  await expect.poll(() => displayText(page)).toContain('yoo/z');
  await text.fill('no 漢');
  await type.click();
  await expect(page.getByText('The keyboard layout “German” has no key for: 漢')).toBeVisible();
  await layout.selectOption({ label: 'English (US)' });
  await text.fill('0123456789'.repeat(400));
  await type.click();
  await expect(page.getByText(/^Typing: \d+ of 4000 keys$/)).toBeVisible();
  await expect(type).toBeDisabled();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText(/^Typing/)).toBeHidden();
  await expect(type).toBeEnabled();
  await text.fill('<end>');
  await type.click();
  await expect.poll(() => displayText(page)).toContain('<end>');
  expect((await displayText(page)).replaceAll('\n', '').match(/\d/g)!.length).toBeLessThan(4000);
  // The BIOS starts the machine again.
  await page.getByRole('button', { name: 'Ctrl+Alt+Del' }).click();
  await expect.poll(async () => (await displayText(page)).includes('<end>'), STARTED).toBe(false);
  await expect.poll(() => displayText(page), STARTED).toContain('Panels');
});

test('what was copied is typed on the screen, with progress and a way to end it', async ({
  page,
  site,
}, testInfo) => {
  await open(page, site.builtUrl, testInfo.outputDir);
  await page.locator('vm-console').evaluate((element: HTMLElement) => element.focus());
  await page.evaluate(() => navigator.clipboard.writeText('Halo ~ "one"'));
  await page.getByRole('button', { name: 'Type what was copied (Ctrl+Shift+V)' }).click();
  await expect.poll(() => displayText(page)).toContain('Halo ~ "one"');
  await page.evaluate(() => navigator.clipboard.writeText('x'.repeat(4000)));
  await page.keyboard.press('Control+Shift+V');
  await expect(page.getByText(/^Typing: \d+ of 4000 keys$/)).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByText(/^Typing/)).toBeHidden();
});

test('media are exchanged in the panel for drives', async ({ page, site }, testInfo) => {
  await open(page, site.builtUrl, testInfo.outputDir);
  await page.getByRole('button', { name: 'Drives', exact: true }).click();
  const drive = page.getByRole('listitem').filter({ hasText: 'CD-ROM (ide1-cd0)' });
  await expect(drive).toContainText('empty');
  await expect(page.getByRole('listitem').filter({ hasText: 'Disk (ide0-hd0)' })).toContainText('1.0 MB');
  const folder = testInfo.outputDir;
  const iso = join(folder, 'cd.iso');
  writeFileSync(iso, isoImage({ 'A.TXT': Buffer.alloc(123_456) }));
  await drive.locator('input[type=file]').setInputFiles(iso);
  await expect(drive).toContainText(/\d KB/);
  await drive.getByRole('button', { name: 'Eject' }).click();
  await expect(drive).toContainText('empty');
  await expect(drive.getByRole('button', { name: 'Eject' })).toBeHidden();
  // An image that cannot be one: the reason is said, the drive stays empty.
  const empty = join(folder, 'empty.iso');
  writeFileSync(empty, '');
  await drive.locator('input[type=file]').setInputFiles(empty);
  await expect(page.getByRole('alert').filter({ hasText: /empty/ })).toBeVisible();
  await expect(drive).toContainText('empty');
});

test('a size that is being typed stays while the guest uses the disk', async ({ page, site }, testInfo) => {
  await page.route('**/busy.img', (route) => route.fulfill({ path: busyDisk(testInfo.outputDir) }));
  await page.goto(`${site.builtUrl}?arch=x86_64&drive=file=busy.img,if=virtio`);
  await page.getByRole('button', { name: 'Drives', exact: true }).click();
  const size = page.getByRole('textbox', { name: 'New size of virtio0' });
  await size.fill('3 M');
  const reads = () =>
    page.evaluate(
      () => document.querySelector('vm-console')!.vm!.drives.find(({ io }) => io)?.io?.reads ?? 0,
    );
  await expect.poll(reads, STARTED).toBeGreaterThan(100);
  const before = await reads();
  // The panel looks at the drives once a second.
  await page.waitForTimeout(2500);
  expect(await reads()).toBeGreaterThan(before);
  await expect(size).toBeFocused();
  await expect(size).toHaveValue('3 M');
  await size.press('Enter');
  await expect(page.getByRole('listitem').filter({ hasText: 'virtio0' })).toContainText('3.0 MB');
});

test.describe('on a phone', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

  test("keys that its keyboard lacks, and what it writes, reach the machine's keyboard", async ({
    page,
    site,
  }, testInfo) => {
    await open(page, site.builtUrl, testInfo.outputDir);
    const keys = page.getByRole('group', { name: 'Keys' });
    await keys.getByRole('button', { name: 'Keyboard' }).click();
    await page.keyboard.insertText('Snow ');
    await page.keyboard.insertText('abc');
    await page.keyboard.press('Backspace');
    await page.keyboard.insertText('xyz');
    // The boot sector shows a backspace as the BIOS does: the cursor goes back.
    await expect.poll(() => displayText(page)).toContain('Snow abxyz');
    await keys.getByRole('button', { name: 'Ctrl' }).click();
    // Ctrl+I is a tab to the BIOS: nothing that is shown, and no i.
    await page.keyboard.insertText('i');
    await page.keyboard.insertText('o');
    await expect.poll(() => displayText(page)).toMatch(/xyz\W*o/);
    // Nor is Ctrl+[, which is Escape; and Control holds for one key.
    await keys.getByRole('button', { name: 'Ctrl' }).click();
    await page.keyboard.insertText('[');
    await page.keyboard.insertText('w');
    await expect.poll(() => displayText(page)).toMatch(/o[^[]*w/);
    await keys.getByRole('button', { name: 'Keyboard' }).click();
    await expect(page.getByRole('textbox', { name: 'Keys for the screen' })).not.toBeFocused();
    // Nothing of the bar lies over anything else.
    const boxes = await page
      .getByRole('toolbar')
      .getByRole('button')
      .evaluateAll((buttons) =>
        buttons.map((button) => button.getBoundingClientRect()).map(({ left, right }) => [left, right]),
      );
    for (const [i, [left]] of boxes.entries())
      if (i > 0) expect(left).toBeGreaterThanOrEqual(boxes[i - 1][1]);
  });
});

test('a disc that the guest has locked is asked for, and taken by force only when told so', async ({
  page,
  site,
}, testInfo) => {
  const folder = 'images/i386-disks';
  await page.goto(
    `${site.builtUrl}?arch=i386&m=256&kernel=${folder}/vmlinuz&initrd=${folder}/initrd.gz&append=console=ttyS0+quiet+cryptomgr.notests&cdrom=images/i386-grub/grub-rescue-cdrom.iso`,
  );
  const says = async (command: string, answer: string): Promise<void> => {
    await page
      .locator('vm-console')
      .evaluate((element: HTMLElement & { sendText(text: string): void }, text) => {
        element.sendText(`${text}\r`);
      }, command);
    await expect.poll(() => screenText(page), STARTED).toContain(answer);
  };
  await expect.poll(() => screenText(page), STARTED).toContain('root@snowglobe:~#');
  await says(LOAD, 'loaded');
  await says(
    'until [ -e /dev/sr0 ]; do sleep 0.1; done; mount -t iso9660 -o ro /dev/sr0 /mnt && echo mount""ed',
    'mounted',
  );
  await page.getByRole('button', { name: 'Drives', exact: true }).click();
  const drive = page.getByRole('listitem').filter({ hasText: 'CD-ROM (ide1-cd0)' });
  await expect(drive).toContainText('in use');
  await drive.getByRole('button', { name: 'Eject' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'has locked it' })).toBeVisible();
  await expect(drive).toContainText('in use');
  // The same for a disc in its place; the guest lets go meanwhile, and the offer goes with the lock.
  const iso = write(testInfo.outputDir, 'cd.iso', isoImage({ 'A.TXT': Buffer.alloc(123_456) }));
  await drive.locator('input[type=file]').setInputFiles(iso);
  await expect(page.getByRole('button', { name: 'Force it out' })).toBeVisible();
  await says('umount /mnt; echo unmount""ed', 'unmounted');
  await expect(page.getByRole('button', { name: 'Force it out' })).toBeHidden();
  await says('mount -t iso9660 -o ro /dev/sr0 /mnt && echo aga""in', 'again');
  await expect(drive).toContainText('in use');
  await drive.getByRole('button', { name: 'Eject' }).click();
  await page.getByRole('button', { name: 'Force it out' }).click();
  await expect(drive).toContainText('empty');
});
