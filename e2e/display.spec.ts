import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { MODES, PATTERN_BYTES, patternByte } from '../scripts/vga-fixtures/modes.mjs';
import type { Scanout, VmScreen } from '../src/core/scanout.ts';
import type { ScreenView } from '../src/display/screen-view.ts';
import { VGA_MEMORY_BYTES } from '../src/hw/display/std-vga.ts';
import { test as machine } from '../src/playwright/index.ts';
import { bareVga, enterMode } from '../tests/support/vga-mode.ts';
import { repository } from './support/images.ts';
import { displayText, expect, openEmptyPage, test } from './support/site.ts';

type Console = HTMLElement & {
  vm: { screen: VmScreen } | null;
  view: 'screen' | 'serial';
  screen: { renderer: string | null; view: ScreenView } | null;
  screenshot(): Promise<Blob>;
  pause(): Promise<void>;
};

const BODY =
  '<vm-console arch="i386" memory="16" firmware="images/firmware/seabios/bios-256k.bin" autostart></vm-console>';
const NOTHING = 'No bootable device.';

/** Opens a PC without disks, and waits until its BIOS has said so on the screen. */
async function openBios(page: Page, url: string): Promise<void> {
  await openEmptyPage(page, url, BODY);
  await waitForText(page, NOTHING);
}

const waitForText = (page: Page, text: string) =>
  expect.poll(() => displayText(page), { timeout: 60_000 }).toContain(text);

const rendererOf = (page: Page) =>
  page.evaluate(() => document.querySelector<Console>('vm-console')?.screen?.renderer);

/** Share of the canvas's pixels that are not black. */
const litShare = (page: Page) =>
  page.evaluate(async () => {
    const { view } = document.querySelector<Console>('vm-console')!.screen!;
    await view.settle();
    const pixels = new Uint32Array((await view.readPixels()).buffer);
    return pixels.filter((pixel) => (pixel & 0xff_ffff) !== 0).length / pixels.length;
  });

test('A PC shows its BIOS on the screen by WebGPU, and its serial console behind a button', async ({
  page,
  site,
}) => {
  await openBios(page, site.builtUrl);
  expect(await litShare(page)).toBeGreaterThan(0.005);
  expect(await rendererOf(page)).toBe('webgpu');
  const canvas = page.locator('vm-console canvas');
  expect(await canvas.evaluate((element: HTMLCanvasElement) => [element.width, element.height])).toEqual([
    720, 400,
  ]);
  // What screen readers are told.
  await expect(page.locator('vm-console .spoken')).toContainText(NOTHING);

  await page.getByRole('button', { name: 'Show the serial console' }).click();
  await expect(canvas).toBeHidden();
  await page.getByRole('button', { name: 'Show the screen' }).click();
  await expect(canvas).toBeVisible();
});

test('The picture of every video mode by WebGPU is QEMU’s', async ({ page, site }) => {
  test.setTimeout(180_000);
  const recorded = JSON.parse(
    readFileSync(join(repository, 'src/hw/display/fixtures/modes.json'), 'utf8'),
  ) as Record<string, { sha256: string }>;
  await openBios(page, site.builtUrl);
  await page.evaluate(
    ([bytes, pattern]) => {
      const memory = new Uint8Array(new SharedArrayBuffer(bytes as number));
      memory.set(Uint8Array.from(atob(pattern as string), (character) => character.charCodeAt(0)));
      Object.assign(window, { memory });
    },
    [
      VGA_MEMORY_BYTES,
      Buffer.from(Uint8Array.from({ length: PATTERN_BYTES }, (_, at) => patternByte(at))).toString('base64'),
    ] as const,
  );
  const differing: string[] = [];
  for (const mode of MODES) {
    const vga = bareVga();
    enterMode(vga, mode);
    const scanout = vga.vga.scanout() as Exclude<Scanout, { kind: 'blank' }>;
    // Typed arrays do not travel as such.
    const plain = JSON.parse(
      JSON.stringify(scanout, (_, value) =>
        ArrayBuffer.isView(value) ? [...(value as Uint32Array)] : value,
      ),
    );
    const pixels = await page.evaluate(async (given) => {
      const { memory } = window as unknown as { memory: Uint8Array };
      const View = document.querySelector<Console>('vm-console')!.screen!.view
        .constructor as new () => ScreenView;
      const view = new View();
      const words = (list: number[]) => Uint32Array.from(list);
      const bytes = (list: number[] | undefined) => list && Uint8Array.from(list);
      const shown = {
        ...given,
        memory: { linear: 0, size: memory.length },
        lines: words(given.lines),
        palette: words(given.palette),
        panning: bytes(given.panning),
        tops: given.tops && words(given.tops),
        firsts: bytes(given.firsts),
      } as Scanout;
      view.show({
        memory,
        scanout: () => shown,
        onChange: () => () => {},
        frame: async () => [],
        text: () => '',
      });
      await view.settle();
      const rgba = await view.readPixels();
      const kind = view.rendererKind;
      view.dispose();
      let text = '';
      for (let at = 0; at < rgba.length; at += 0x4000)
        text += String.fromCharCode(...rgba.subarray(at, at + 0x4000));
      return { kind, rgba: btoa(text) };
    }, plain);
    expect(pixels.kind).toBe('webgpu');
    const kept = mode.name === 'dispi-15' ? 0xf8 : 0xff;
    const rgb = Buffer.from(pixels.rgba, 'base64')
      .filter((_, i) => i % 4 !== 3)
      .map((value) => value & kept);
    if (createHash('sha256').update(rgb).digest('hex') !== recorded[mode.name].sha256)
      differing.push(mode.name);
  }
  expect(differing).toEqual([]);
});

test('Without WebGPU a 2D canvas shows the screen, and the element says so', async ({ page, site }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }));
  await openBios(page, site.builtUrl);
  expect(await litShare(page)).toBeGreaterThan(0.005);
  expect(await rendererOf(page)).toBe('canvas');
  await expect(page.locator('vm-console').getByText('Drawn without WebGPU')).toBeVisible();
});

test('A graphics device that is lost is made anew, and the picture comes back', async ({ page, site }) => {
  await openBios(page, site.builtUrl);
  const before = await litShare(page);
  await page.evaluate(() => {
    const { view } = document.querySelector<Console>('vm-console')!.screen!;
    Object.assign(window, { old: view.element.firstElementChild });
    view.loseDevice();
  });
  await page.waitForFunction(() => {
    const { view } = document.querySelector<Console>('vm-console')!.screen!;
    const canvas = view.element.firstElementChild;
    return canvas && canvas !== (window as unknown as { old: Element }).old;
  });
  expect(await rendererOf(page)).toBe('webgpu');
  expect(Math.abs((await litShare(page)) - before)).toBeLessThan(0.002);
});

test('A picture of the screen is a PNG file in the guest’s own pixels', async ({ page, site }) => {
  await openBios(page, site.builtUrl);
  const png = await page.evaluate(async () => {
    const blob = await document.querySelector<Console>('vm-console')!.screenshot();
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  const bytes = Buffer.from(png);
  expect(bytes.toString('latin1', 1, 4)).toBe('PNG');
  expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([720, 400]);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save a picture of the screen' }).click();
  expect((await download).suggestedFilename()).toBe('screen.png');
});

machine('The fixture reads the screen’s text and takes its picture, also after the end', async ({ vm }) => {
  await vm.boot({ arch: 'i386', memory: 16 });
  const text = await vm.waitForScreen(NOTHING);
  expect(text).toMatch(/^SeaBIOS \(version 1\./);
  const png = await vm.screenshot();
  expect([png!.readUInt32BE(16), png!.readUInt32BE(20)]).toEqual([720, 400]);
  await vm.powerOff();
  expect(await vm.screenText()).toContain(NOTHING);
  expect(await vm.screenshot()).not.toBeNull();
});

machine('A PC without a graphics card has no screen', async ({ vm }) => {
  await vm.boot({ arch: 'i386', memory: 16, vga: 'none' });
  await vm.waitForSerial(NOTHING);
  expect(await vm.screenText()).toBe('');
  expect(await vm.screenshot()).toBeNull();
});
