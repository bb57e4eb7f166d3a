import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { MODES, PATTERN_BYTES, patternByte } from '../scripts/vga-fixtures/modes.mjs';
import type { Scanout, VmScreen } from '../src/core/scanout.ts';
import { ALL_LIT } from '../src/display/blink.ts';
import { decodeScanout } from '../src/display/decode.ts';
import type { ScreenView } from '../src/display/screen-view.ts';
import { VGA_MEMORY_BYTES } from '../src/hw/display/std-vga.ts';
import { test as machine } from '../src/playwright/index.ts';
import { bareVga, enterMode } from '../tests/support/vga-mode.ts';
import { repository } from './support/images.ts';
import { pngPixels } from './support/png.ts';
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

  await page.getByRole('button', { name: 'Show the serial console' }).click();
  await expect(canvas).toBeHidden();
  await page.getByRole('button', { name: 'Show the screen' }).click();
  await expect(canvas).toBeVisible();
  // What screen readers are told, now that the screen has the keyboard.
  await expect(page.locator('vm-console .screen .spoken')).toContainText(NOTHING);
});

test('The picture of every video mode by WebGPU is QEMU’s', async ({ page, site }) => {
  test.setTimeout(180_000);
  const recorded = JSON.parse(
    readFileSync(join(repository, 'src/hw/display/fixtures/modes.json'), 'utf8'),
  ) as Record<string, { sha256: string }>;
  // Nothing blinks, however long a picture takes.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await openBios(page, site.builtUrl);
  await page.evaluate(
    ([bytes, pattern]) => {
      const memory = new Uint8Array(new SharedArrayBuffer(bytes as number));
      memory.set(Uint8Array.from(atob(pattern as string), (character) => character.charCodeAt(0)));
      const View = document.querySelector<Console>('vm-console')!.screen!.view
        .constructor as new () => ScreenView;
      Object.assign(window, { memory, view: new View() });
    },
    [
      VGA_MEMORY_BYTES,
      Buffer.from(Uint8Array.from({ length: PATTERN_BYTES }, (_, at) => patternByte(at))).toString('base64'),
    ] as const,
  );
  const differing: string[] = [];
  // QEMU underlines nothing: here the decoder says what it looks like.
  const text = MODES.find(({ name }) => name === 'text-80')!;
  const underlined = { ...text, name: 'underlined', cr: text.cr.with(0x14, 0x0d) };
  for (const mode of [...MODES, underlined]) {
    const vga = bareVga();
    enterMode(vga, mode);
    if (mode === underlined) {
      const picture = vga.vga.scanout();
      const pixels = new Uint32Array(picture.width * picture.height);
      decodeScanout(picture, vga.shared, ALL_LIT, pixels);
      const bytes = Buffer.from(pixels.buffer).filter((_, i) => i % 4 !== 3);
      recorded[mode.name] = { sha256: createHash('sha256').update(bytes).digest('hex') };
    }
    const scanout = vga.vga.scanout() as Exclude<Scanout, { kind: 'blank' }>;
    // Typed arrays do not travel as such.
    const plain = JSON.parse(
      JSON.stringify(scanout, (_, value) =>
        ArrayBuffer.isView(value) ? [...(value as Uint32Array)] : value,
      ),
    );
    const kept = mode.name === 'dispi-15' ? 0xf8 : 0xff;
    const drawn = await page.evaluate(
      async ({ given, kept }) => {
        const { memory, view } = window as unknown as { memory: Uint8Array; view: ScreenView };
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
        const rgb = new Uint8Array((rgba.length / 4) * 3);
        for (let from = 0, to = 0; from < rgba.length; from++)
          if (from % 4 !== 3) rgb[to++] = rgba[from] & kept;
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', rgb));
        return {
          kind: view.rendererKind,
          sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''),
        };
      },
      { given: plain, kept },
    );
    expect(drawn.kind).toBe('webgpu');
    if (drawn.sha256 !== recorded[mode.name].sha256) differing.push(mode.name);
  }
  expect(differing).toEqual([]);
});

test('What a guest writes while its screen is off is there when it is on, and nothing of another guest', async ({
  page,
  site,
}) => {
  await openBios(page, site.builtUrl);
  const seen = await page.evaluate(async () => {
    const View = document.querySelector<Console>('vm-console')!.screen!.view
      .constructor as new () => ScreenView;
    const view = new View();
    const [width, height] = [64, 16];
    const memory = new Uint8Array(new SharedArrayBuffer(0x10000));
    const picture: Scanout = {
      kind: 'graphics',
      ...{ width, height, format: 'rgb32', doubling: 0, planes: 15, wrap: memory.length },
      memory: { linear: 0, size: memory.length },
      lines: Uint32Array.from({ length: height }, (_, y) => y * width * 4),
      panning: new Uint8Array(height),
      palette: new Uint32Array(256),
    };
    const blank: Scanout = { kind: 'blank', width, height };
    let [shown, runs]: [Scanout, { first: number; count: number }[]] = [picture, []];
    const screen = (of: Uint8Array): VmScreen => ({
      memory: of,
      scanout: () => shown,
      onChange: () => () => {},
      frame: async () => runs.splice(0),
      text: () => '',
    });
    view.show(screen(memory));
    const frame = async (): Promise<number> => {
      await view.settle();
      return (await view.readPixels())[0];
    };
    const red = [await frame()];
    shown = blank;
    memory.fill(0xff, 0, 0x1000);
    runs = [{ first: 0, count: 1 }];
    red.push(await frame());
    shown = picture;
    red.push(await frame());
    view.show(screen(new Uint8Array(new SharedArrayBuffer(memory.length))));
    red.push(await frame());
    const kind = view.rendererKind;
    view.dispose();
    return { kind, red };
  });
  expect(seen).toEqual({ kind: 'webgpu', red: [0, 0, 0xff, 0] });
});

/** Red, green and blue of a picture as large as the canvas, computed from the guest's pixels: hard edges, or the mean of what a pixel covers. */
function scaled(
  guest: { width: number; height: number; pixels: Uint8Array },
  { width, height, hard }: { width: number; height: number; hard: boolean },
): number[] {
  /** What pixel `at` of `to` covers of `from` pixels: [index, share]. */
  const covered = (at: number, to: number, from: number): [number, number][] => {
    if (hard) return [[Math.floor(((at + 0.5) * from) / to), 1]];
    const [low, high] = [(at * from) / to, ((at + 1) * from) / to];
    const shares: [number, number][] = [];
    for (let i = Math.floor(low); i < high && i < from; i++)
      shares.push([i, (Math.min(high, i + 1) - Math.max(low, i)) / (high - low)]);
    return shares;
  };
  const columns = Array.from({ length: width }, (_, x) => covered(x, width, guest.width));
  const rgb: number[] = [];
  for (let y = 0; y < height; y++) {
    const rows = covered(y, height, guest.height);
    for (const column of columns) {
      for (let component = 0; component < 3; component++) {
        let sum = 0;
        for (const [row, tall] of rows) {
          for (const [x, wide] of column)
            sum += tall * wide * guest.pixels[(row * guest.width + x) * 4 + component];
        }
        rgb.push(sum);
      }
    }
  }
  return rgb;
}

for (const density of [1, 2]) {
  test.describe(`On a display of density ${density}`, () => {
    test.use({ deviceScaleFactor: density });

    test('the picture is scaled in the display’s own pixels, in three ways', async ({ page, site }) => {
      // Nothing blinks.
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await openBios(page, site.builtUrl);
      for (const [scaling, room, factor] of [
        ['integer', 900, density === 1 ? 1 : 2],
        ['fit', 900, (900 * density) / 720],
        ['smooth', 900, (900 * density) / 720],
        ['smooth', 432, (432 * density) / 720],
        // All but a whole multiple.
        ['smooth', 727, density],
      ] as const) {
        const { guest, shown, output } = await page.evaluate(
          async ([way, width]) => {
            const element = document.querySelector<Console>('vm-console')!;
            Object.assign(element.style, { width: `${width}px`, height: '700px' });
            element.setAttribute('scaling', way);
            await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            const { view } = element.screen!;
            await view.settle();
            const text = (pixels: Uint8ClampedArray): string => {
              let all = '';
              for (let at = 0; at < pixels.length; at += 0x4000)
                all += String.fromCharCode(...pixels.subarray(at, at + 0x4000));
              return btoa(all);
            };
            return {
              guest: { ...view.size, pixels: text(await view.readPixels()) },
              shown: text(await view.readCanvas()),
              output: view.output!,
            };
          },
          [scaling, room] as const,
        );
        expect(output).toEqual({
          width: Math.round(720 * factor),
          height: Math.round(400 * factor),
          hard: scaling !== 'smooth',
        });
        const expected = scaled({ ...guest, pixels: Buffer.from(guest.pixels, 'base64') }, output);
        const actual = Buffer.from(shown, 'base64').filter((_, i) => i % 4 !== 3);
        expect(actual.length).toBe(expected.length);
        expect(actual.findIndex((value, i) => Math.abs(value - expected[i]) > 1.01)).toBe(-1);
        // The browser does not scale it once more.
        const place = (await page.locator('vm-console canvas').boundingBox())!;
        const [left, top] = [place.x * density, place.y * density];
        expect([left % 1, top % 1]).toEqual([0, 0]);
        const seen = pngPixels(await page.screenshot({ scale: 'device' }));
        const isThere = (right: number, down: number): boolean =>
          actual.every((value, i) => {
            const [x, y] = [Math.floor(i / 3) % output.width, Math.floor(i / 3 / output.width)];
            const at = ((top + down + y) * seen.width + left + right + x) * 3 + (i % 3);
            return Math.abs(value - seen.rgb[at]) <= 1;
          });
        // With an emulated density the browser puts it on a whole CSS pixel.
        const shifts = Array.from({ length: density ** 2 }, (_, i) => [i % density, Math.floor(i / density)]);
        expect(shifts.some(([right, down]) => isThere(right, down))).toBe(true);
      }
    });
  });
}

test('The cursor blinks over the picture, where the text mode has it', async ({ page, site }) => {
  await openBios(page, site.builtUrl);
  const png = await page.evaluate(async () => {
    const element = document.querySelector<Console>('vm-console')!;
    Object.assign(element.style, { width: '900px', height: '700px' });
    element.setAttribute('scaling', 'integer');
    await element.screen!.view.settle();
    return [...new Uint8Array(await (await element.screenshot()).arrayBuffer())];
  });
  // With the cursor, by the decoder.
  const { width, rgb } = pngPixels(Buffer.from(png));
  const differing = async (): Promise<{ x: number; y: number }[]> => {
    const place = (await page.locator('vm-console canvas').boundingBox())!;
    const seen = pngPixels(await page.screenshot());
    const points: { x: number; y: number }[] = [];
    for (let i = 0; i < rgb.length; i++) {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      const at = ((place.y + y) * seen.width + place.x + x) * 3 + (i % 3);
      if (Math.abs(rgb[i] - seen.rgb[at]) > 1 && i % 3 === 0) points.push({ x, y });
    }
    return points;
  };
  await expect.poll(async () => (await differing()).length, { timeout: 30_000 }).toBe(0);
  let dark: { x: number; y: number }[] = [];
  await expect.poll(async () => (dark = await differing()).length, { timeout: 30_000 }).toBeGreaterThan(0);
  const cell = dark.map(({ x, y }) => `${Math.floor(x / 9)} ${Math.floor(y / 16)}`);
  expect(new Set(cell).size).toBe(1);
});

test('Without WebGPU a 2D canvas shows the screen, and the element says so', async ({ page, site }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }));
  await openBios(page, site.builtUrl);
  expect(await litShare(page)).toBeGreaterThan(0.005);
  expect(await rendererOf(page)).toBe('canvas');
  const notice = page.locator('vm-console').getByText('Drawn without WebGPU');
  await expect(notice).toBeVisible();
  // What the guest has under it can be clicked, and is seen again after a while.
  const underneath = await notice.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const root = element.getRootNode() as ShadowRoot;
    return root.elementFromPoint(left + width / 2, top + height / 2) !== element;
  });
  expect(underneath).toBe(true);
  await notice.evaluate((element) => {
    for (const animation of element.getAnimations()) animation.finish();
  });
  await expect(notice).toHaveCSS('opacity', '0');
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
