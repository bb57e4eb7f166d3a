/** The demos for a PC's screen (images/vga-*): at the frames that were recorded the picture is QEMU's (fixtures/vga-demos.json). */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEMOS, pictureName, stopAt } from '../scripts/vga-fixtures/demos.mjs';
import { expect, warmTest as test } from '../src/playwright/index.ts';
import { image, repository } from './support/images.ts';
import { pngPixels } from './support/png.ts';
import { test as pageTest } from './support/site.ts';

const recorded: Record<string, { width: number; height: number; sha256: string }> = JSON.parse(
  readFileSync(join(repository, 'e2e/fixtures/vga-demos.json'), 'utf8'),
);

for (const demo of DEMOS) {
  for (const frame of demo.frames) {
    test(`Frame ${frame} of ${demo.name} is QEMU’s`, async ({ vm }, testInfo) => {
      mkdirSync(testInfo.outputDir, { recursive: true });
      const file = join(testInfo.outputDir, 'disk.img');
      writeFileSync(file, stopAt(readFileSync(image(demo.name).hda as string), frame));
      await vm.boot({ arch: 'i386', memory: 16, drives: [{ file, index: 0, format: 'raw' }] });
      const picture = async () => {
        const png = await vm.screenshot();
        if (!png) return null;
        const { width, height, rgb } = pngPixels(png);
        const kept = rgb.map((value) => value & demo.kept);
        return { width, height, sha256: createHash('sha256').update(kept).digest('hex') };
      };
      await expect.poll(picture, { timeout: 60_000 }).toEqual(recorded[pictureName(demo, frame)]);
    });
  }
}

pageTest('A demo starts from its card on the page', async ({ page, site }) => {
  await page.goto(site.builtUrl);
  await page.locator('[data-machine="vga-moire"]').click();
  const size = () =>
    page.evaluate(() => {
      const console = document.querySelector<
        HTMLElement & { screen: { size: { width: number; height: number }; renderer: string } | null }
      >('vm-console');
      return console?.screen && { ...console.screen.size, renderer: console.screen.renderer };
    });
  await expect.poll(size, { timeout: 60_000 }).toEqual({ width: 640, height: 480, renderer: 'webgpu' });
});
