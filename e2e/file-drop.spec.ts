/** Files and folders that are dropped on `<vm-console>` itself: a guest that runs finds them in its shared folder. */
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import type { FileDrop, VmConsole } from '../src/element/index.ts';
import { CONSOLE, dropFiles, dropPaths } from './support/drop.ts';
import { sha256, write } from './support/files.ts';
import { LOAD, LONG, PROMPT } from './support/linux-shell.ts';
import { noise } from './support/noise.ts';
import { PageMachine } from './support/page-machine.ts';
import { expect, openEmptyPage, screenText, test } from './support/site.ts';

const ECHO = 'arch="riscv64" bios="none" memory="64" kernel="images/echo.elf"';
const LINUX = `arch="riscv64" memory="256" kernel="images/riscv64-disks/vmlinux" initrd="images/riscv64-disks/initrd.gz"
  firmware="images/firmware/opensbi-riscv64/fw_dynamic.bin" append="console=ttyS0 quiet cryptomgr.notests"`;

const machine = (page: Page) => page.locator('vm-console');
const banner = (page: Page) => page.locator('vm-console .banner');

/** Starts the element's machine with a folder that holds one file. */
const start = (page: Page): Promise<void> =>
  machine(page).evaluate((element: VmConsole) => {
    element.configure({
      folders: [{ tag: 'snow', files: { old: new TextEncoder().encode('the old one, and longer') } }],
    });
    return element.start();
  });

test('Linux reads what is dropped while it runs: a file, a folder, another file in place of one', async ({
  page,
  site,
}, testInfo) => {
  const [file, inside] = [noise(200_000, 7), noise(70_000, 8)];
  const path = write(testInfo.outputDir, 'noise.bin', file);
  const folder = join(testInfo.outputDir, 'photos');
  write(join(folder, 'deep er'), 'snow é.png', inside);
  write(folder, 'empty.txt', '');
  await openEmptyPage(page, site.builtUrl, `<vm-console ${LINUX}></vm-console>`);
  const { serial } = await PageMachine.follow(page);
  await start(page);
  const ask = async (command: string, answer: string | RegExp): Promise<void> => {
    await serial.send(`${command}\n`);
    await serial.waitFor(answer, LONG);
    await serial.waitFor(PROMPT, LONG);
  };
  await serial.waitFor(PROMPT, LONG);
  await ask(LOAD, 'loaded');
  await ask('mount -t 9p -o trans=virtio snow /mnt && cat /mnt/old', 'the old one, and longer');

  await dropPaths(page, [path]);
  await expect(banner(page)).toContainText('“noise.bin” (195 KB) lies in the shared folder “snow”.');
  await expect(banner(page)).toContainText('mount -t 9p -o trans=virtio snow /mnt');
  await ask('sha256sum /mnt/noise.bin', sha256(file));

  await dropPaths(page, [folder, write(testInfo.outputDir, 'old', 'new')]);
  await expect(banner(page)).toContainText(
    '3 files (68.4 KB) lie in the shared folder “snow”, 1 of them in place of older ones.',
  );
  await ask('sha256sum "/mnt/photos/deep er/"*', sha256(inside));
  await ask('echo "[$(cat /mnt/old)]" $(stat -c %s /mnt/photos/empty.txt /mnt/old)', '[new] 0 3');
});

test('what a machine cannot take is said in the element, and what is there stays', async ({
  page,
  site,
}, testInfo) => {
  await openEmptyPage(page, site.url, `<vm-console ${ECHO}></vm-console>`);
  const content = Buffer.from('x');
  await dropFiles(page, [{ name: 'early', content }], CONSOLE);
  await expect(banner(page)).toContainText('The machine does not run');
  await machine(page).evaluate((element: VmConsole) => element.start());
  await expect.poll(() => screenText(page)).toBe('ready');
  await dropFiles(page, [{ name: 'homeless', content }], CONSOLE);
  await expect(banner(page)).toContainText(
    'This machine shares no folder with its guest: start it with one (-virtfs)',
  );

  await machine(page).evaluate((element: VmConsole) => element.destroy());
  await start(page);
  await expect.poll(() => screenText(page)).toBe('ready');
  const large = openSync(write(testInfo.outputDir, 'large', ''), 'r+');
  ftruncateSync(large, 600 * 2 ** 20);
  closeSync(large);
  await dropPaths(page, [join(testInfo.outputDir, 'large')]);
  await expect(banner(page)).toContainText(
    'What was dropped (600 MB) has no room in the shared folder “snow”',
  );
  // A file where the guest has a folder.
  await machine(page).evaluate((element: VmConsole) => element.vm!.folders[0].mkdir('taken'));
  await dropFiles(page, [{ name: 'taken', content }], CONSOLE);
  await expect(banner(page)).toContainText(
    '“taken” was not put into the folder snow: a folder has that name.',
  );
  await machine(page).evaluate((element) => element.setAttribute('readonly', ''));
  await dropFiles(page, [{ name: 'refused', content }], CONSOLE);
  await expect(banner(page)).toContainText('This machine is looked at only');
  expect(await machine(page).evaluate((element: VmConsole) => element.vm!.folders[0].list())).toEqual([
    '/old',
  ]);
});

test('a page takes what is dropped by cancelling vm-filedrop, and file-drop="off" leaves drops alone', async ({
  page,
  site,
}, testInfo) => {
  await openEmptyPage(page, site.url, `<vm-console ${ECHO}></vm-console>`);
  await start(page);
  await page.evaluate(() => {
    const told: unknown[] = [];
    Object.assign(window, { told });
    document.addEventListener('vm-filedrop', (event) => {
      event.preventDefault();
      const { files, folders }: FileDrop = event.detail;
      told.push([files.map(({ path, file }) => [path, file.size]), folders]);
    });
  });
  const told = () => page.evaluate(() => (window as unknown as { told: unknown[] }).told);
  write(join(testInfo.outputDir, 'a', 'b'), 'c', 'text');
  await dropPaths(page, [join(testInfo.outputDir, 'a')]);
  await expect.poll(told).toEqual([[[['a/b/c', 4]], ['a', 'a/b']]]);
  await expect(banner(page)).toHaveCount(0);
  expect(await machine(page).evaluate((element: VmConsole) => element.vm!.folders[0].list())).toEqual([
    '/old',
  ]);

  await machine(page).evaluate((element) => element.setAttribute('file-drop', 'off'));
  const taken = await page.locator(CONSOLE).evaluate((stage) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['x'], 'x'));
    const init = { dataTransfer, bubbles: true, composed: true, cancelable: true };
    return ['dragover', 'drop'].map((type) => !stage.dispatchEvent(new DragEvent(type, init)));
  });
  expect(taken).toEqual([false, false]);
  expect(await told()).toHaveLength(1);
});
