/** Programs of others that need a whole PC and no operating system, from their CD-ROMs as Debian ships them. Needs the images i386-memtest, i386-grub and i386-ipxe. */
import type { Page } from 'playwright';
import { displayText, expect, test } from './support/site.ts';

const LONG = { timeout: 60_000 };

const onScreen = (page: Page, text: string | RegExp) =>
  expect.poll(() => displayText(page), LONG)[typeof text === 'string' ? 'toContain' : 'toMatch'](text);

/** Types for an American layout, as fast as the guest reads. */
const type = (page: Page, text: string) =>
  page.evaluate((keys) => document.querySelector('vm-console')!.vm!.input.type(keys, 'us'), text);

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
  await type(page, '10\n');
  await onScreen(page, '*.********.');
  await page.keyboard.press('F10');
  await onScreen(page, '<F10> Exit menu');
  await page.keyboard.press('F10');
  await onScreen(page, /Memory {2}: +8MB/);
  await page.keyboard.press('Enter');
  await onScreen(page, 'Press any key to remove this banner');
  expect(await displayText(page)).toMatch(/Pass: {2}1 +Errors: 0$/m);
});

test('GRUB reaches its command line, lists drives and PCI devices, and reads its CD-ROM', async ({
  page,
  site,
}) => {
  await page.goto(site.builtUrl);
  await page.getByRole('link', { name: /GRUB/ }).click();
  await onScreen(page, 'GNU GRUB  version 2.');
  await page.keyboard.press('c');
  await onScreen(page, 'grub>');
  await type(page, 'ls\n');
  await onScreen(page, '(cd) (cd,msdos1) (fd0)\n');
  await type(page, 'echo "$grub_platform" {snow}\n');
  await onScreen(page, '\npc {snow}\n');
  await type(page, 'ls (cd)/boot/grub/\n');
  await onScreen(page, 'fonts/ grub.cfg i386-pc/ locale/ roms/');
  await type(page, 'lspci\n');
  await onScreen(page, '00:01.1 8086:7010 [0101] IDE Controller [PI 80]');
  await type(page, 'smbios --type 1 --get-string 4\n');
  await onScreen(page, '\nSnowglobe\n');
});

test('iPXE finds no network card, and its shell computes', async ({ page, site }) => {
  await page.goto(site.builtUrl);
  await page.getByRole('link', { name: /iPXE/ }).click();
  // It asks for the key for two seconds, which a busy machine may not look at; the BIOS keeps one that comes early.
  await expect(async () => {
    await page.keyboard.press('Control+b');
    expect(await displayText(page)).toContain('iPXE>');
  }).toPass(LONG);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: iPXE's own settings
  await type(page, 'echo ${platform}, ${buildarch}\n');
  await onScreen(page, '\npcbios, i386\n');
  await type(page, 'inc counter 41 && inc counter && show counter\n');
  await onScreen(page, '\ncounter:int32 = 42\n');
  await type(page, 'cpuid --ext 29 && echo 64 bits || echo 32 bits\n');
  await onScreen(page, '\n32 bits\n');
});
