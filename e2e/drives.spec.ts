/** Disks, keys and pointer as a person meets them on the page. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootDisk } from './support/boot-sector.ts';
import { dropFiles } from './support/drop.ts';
import { displayText, expect, test } from './support/site.ts';

const STARTED = { timeout: 120_000 };

test('a disk image that is dropped on the page boots, and keys reach it by their place', async ({
  page,
  site,
}, testInfo) => {
  await page.goto(site.builtUrl);
  const content = readFileSync(bootDisk(testInfo.outputDir, 'Dropped'));
  await dropFiles(page, [{ name: 'system.img', content }]);
  await expect.poll(() => displayText(page), STARTED).toContain('Dropped');
  await page.locator('vm-console').click();
  await page.keyboard.type('snow ');
  await page.keyboard.press('Shift+Digit1');
  await page.keyboard.press('Digit4');
  await expect.poll(() => displayText(page)).toContain('snow !4');
  // Shift is let go of when the focus leaves the screen.
  await page.keyboard.down('Shift');
  await page.keyboard.press('Control+F6');
  await page.locator('vm-console').evaluate((element) => (element as HTMLElement).focus());
  await page.keyboard.up('Shift');
  await page.keyboard.press('x');
  await expect.poll(() => displayText(page)).toContain('!4x');
});

test('a qcow2 image is recognised by its content', async ({ page, site }, testInfo) => {
  await page.goto(site.builtUrl);
  const image = join(testInfo.outputDir, 'image');
  execFileSync('qemu-img', ['convert', '-c', '-O', 'qcow2', bootDisk(testInfo.outputDir, 'Unpacked'), image]);
  await page.getByTestId('pick').setInputFiles(image);
  await expect.poll(() => displayText(page), STARTED).toContain('Unpacked');
});

test('text is typed for the layout of the guest', async ({ page, site }, testInfo) => {
  await page.goto(site.builtUrl);
  await page.getByTestId('pick').setInputFiles(bootDisk(testInfo.outputDir, 'Type here'));
  await expect.poll(() => displayText(page), STARTED).toContain('Type here');
  const typed = await page.evaluate(() =>
    document.querySelector('vm-console')!.vm!.input.type('echo "A|b~{3}" > c:\\d; é', 'us'),
  );
  expect(typed).toEqual({ missing: ['é'], done: true });
  await expect.poll(() => displayText(page)).toContain('echo "A|b~{3}" > c:\\d;');
  // A keyboard of another layout: the places of its keys, which this BIOS reads as American ones.
  await page.evaluate(() => document.querySelector('vm-console')!.vm!.input.type('yz-', 'de'));
  await expect.poll(() => displayText(page)).toContain('; zy/');
});
