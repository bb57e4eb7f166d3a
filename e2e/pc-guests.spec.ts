/** A program of others that needs a whole PC and no operating system, from its CD-ROM as Debian ships it; the doors of GRUB and iPXE promise what those do. Needs the image i386-memtest. */
import type { Page } from 'playwright';
import { displayText, expect, test } from './support/site.ts';

const onScreen = (page: Page, text: string | RegExp) =>
  expect
    .poll(() => displayText(page), { timeout: 60_000 })
    [typeof text === 'string' ? 'toContain' : 'toMatch'](text);

test('Memtest86+ passes, once its settings leave out the test that waits for 160 seconds', async ({
  page,
  site,
}) => {
  await page.goto(`${site.builtUrl}?machine=i386-memtest&m=8`);
  await onScreen(page, '<F1> to configure');
  await page.keyboard.press('F1');
  await onScreen(page, '<F1>  Test selection');
  await page.keyboard.press('F1');
  await onScreen(page, '<F2>  Remove one test');
  await page.keyboard.press('F2');
  await onScreen(page, 'Enter test #');
  await page.evaluate(() => document.querySelector('vm-console')!.vm!.input.type('10\n', 'us'));
  await onScreen(page, '*.********.');
  await page.keyboard.press('F10');
  await onScreen(page, '<F10> Exit menu');
  await page.keyboard.press('F10');
  await onScreen(page, /Memory {2}: +8MB/);
  await page.keyboard.press('Enter');
  await onScreen(page, 'Press any key to remove this banner');
  expect(await displayText(page)).toMatch(/Pass: {2}1 +Errors: 0$/m);
});
