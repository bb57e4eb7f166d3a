/** A PC in an element of its own, with a disk that shows a line on the screen and then what is typed. */
import type { Page } from 'playwright/test';
import { bootDisk } from './boot-sector.ts';
import { displayText, expect, openEmptyPage, type Site } from './site.ts';

/** Serves the disk as images/own.img. @param folder where the test may write */
export async function serveOwnDisk(page: Page, folder: string): Promise<void> {
  await page.route('**/images/own.img', (route) => route.fulfill({ path: bootDisk(folder, 'A picture') }));
}

/** Opens a page with the PC, and waits for its line. @param more attributes of the element */
export async function openPc(page: Page, site: Site, folder: string, more = ''): Promise<void> {
  await serveOwnDisk(page, folder);
  await openEmptyPage(
    page,
    site.builtUrl,
    `<vm-console arch="i386" memory="16" hda="images/own.img" firmware="images/firmware/seabios/bios-256k.bin" autostart ${more}></vm-console>`,
  );
  await expect.poll(() => displayText(page), { timeout: 40_000 }).toContain('A picture');
}
