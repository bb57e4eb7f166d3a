/** Debian's installer comes to its first question in the frame buffer, with the picture that QEMU shows (fixtures/installer.json). Needs the image i386-installer. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { repository } from './support/images.ts';
import { pngPixels } from './support/png.ts';
import { displayText, expect, test } from './support/site.ts';

const recorded: { versions: Record<string, string>; width: number; height: number; sha256: string } =
  JSON.parse(readFileSync(join(repository, 'e2e/fixtures/installer.json'), 'utf8'));
/** Background of the line that is chosen, as red, green and blue. */
const CHOSEN = Buffer.from([0xaa, 0, 0]);
const ROW_PIXELS = 16;

/** What the page's own button saves. */
async function picture(page: Page): Promise<ReturnType<typeof pngPixels>> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save a picture of the screen' }).click();
  return pngPixels(readFileSync(await (await download).path()));
}

/** Row of text in which most pixels have the colour of what is chosen. */
async function chosenRow(page: Page): Promise<number> {
  const { width, height, rgb } = await picture(page);
  const counts = Array.from({ length: height / ROW_PIXELS }, (_, row) => {
    let count = 0;
    const end = (row + 1) * ROW_PIXELS * width * 3;
    for (let at = row * ROW_PIXELS * width * 3; at < end; at += 3) {
      if (rgb.compare(CHOSEN, 0, 3, at, at + 3) === 0) count++;
    }
    return count;
  });
  return counts.indexOf(Math.max(...counts));
}

test('Debian’s installer asks for a language, and keys move through the list', async ({ page, site }) => {
  await page.goto(site.builtUrl);
  await page.getByRole('link', { name: /Debian's installer/ }).click();
  // Before its driver for the VGA is loaded, the kernel writes to the text screen that it found.
  await expect.poll(() => displayText(page), { timeout: 120_000 }).toMatch(/^\[ +\d+\.\d{6}\] /m);
  const look = async () => {
    const { width, height, rgb } = await picture(page);
    return { width, height, sha256: createHash('sha256').update(rgb).digest('hex') };
  };
  const { versions, ...expected } = recorded;
  await expect
    .poll(look, {
      message: `the picture recorded of ${JSON.stringify(versions)}`,
      timeout: 300_000,
      intervals: [2000],
    })
    .toEqual(expected);
  const english = await chosenRow(page);
  // The button has the focus.
  const press = async (key: string) => {
    await page.locator('vm-console').evaluate((element) => (element as HTMLElement).focus());
    await page.keyboard.press(key);
  };
  await press('ArrowDown');
  await expect.poll(() => chosenRow(page)).toBe(english + 1);
  await press('ArrowUp');
  await expect.poll(look).toEqual(expected);
});
