/** Keys and pointer by way of the page: a guest of our own tells what reaches its keyboard controller, or VMware's pointer. */
import type { Page } from 'playwright/test';
import { pointerFirmware } from './support/pointer-guest.ts';
import { expect, openEmptyPage, test } from './support/site.ts';

declare global {
  interface Window {
    heard: number[];
    /** Movement that the browser has told of. */
    given: { dx: number; dy: number };
  }
}

const screen = (page: Page) => page.getByRole('application');

/** A page that is longer than the window, with a machine whose screen has the focus after a click. */
async function openMachine(page: Page, url: string, kind: 'ps2' | 'absolute'): Promise<void> {
  await openEmptyPage(
    page,
    url,
    '<vm-console arch="i386" memory="4" style="height: 400px"></vm-console><p style="height: 3000px">Long</p>',
  );
  await page.evaluate(
    async (bios) => {
      const element = document.querySelector('vm-console')!;
      element.configure({ bios: new Uint8Array(bios) });
      window.heard = [];
      element.serial.onData((bytes) => void window.heard.push(...bytes));
      await element.start();
    },
    [...pointerFirmware(kind)],
  );
  await expect(screen(page)).toBeVisible();
  // What comes before the guest listens is lost on it.
  expect(await heard(page, 1)).toEqual([10]);
  if (kind === 'absolute')
    await expect
      .poll(() => page.evaluate(() => document.querySelector('vm-console')!.vm!.input.absolute))
      .toBe(true);
}

/** Bytes that tell of a mouse's packet, and of an absolute pointer's event. */
const PACKET = 8;
const EVENT = 6;

/** What the guest told since the last call, once it has told so many bytes: in whole pieces of `unit` bytes, the rest of another may be on its way. */
async function heard(page: Page, count: number, unit = 1): Promise<number[]> {
  await expect.poll(() => page.evaluate(() => window.heard.length)).toBeGreaterThanOrEqual(count);
  return page.evaluate(
    (unit) => window.heard.splice(0, window.heard.length - (window.heard.length % unit)),
    unit,
  );
}

/** Bytes of the mouse (0x20) or the keyboard (0). */
const bytesOf = (told: readonly number[], source: number): number[] =>
  told.filter((_, i) => i % 2 === 1 && told[i - 1] === source);

/** Packets of an IntelliMouse. */
function packets(told: readonly number[]) {
  const bytes = bytesOf(told, 0x20);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => {
    const [flags, x, y, wheel] = bytes.slice(i * 4);
    return {
      buttons: flags & 7,
      dx: x - (flags & 0x10 ? 256 : 0),
      dy: y - (flags & 0x20 ? 256 : 0),
      wheel: (wheel << 24) >> 24,
    };
  });
}

/** Sums of packets, until the movement is what the browser has told of: it swallows events while the pointer is being caught. */
async function moved(page: Page): Promise<void> {
  let [dx, dy] = [0, 0];
  await expect
    .poll(async () => {
      for (const packet of packets(await heard(page, 0, PACKET))) {
        dx += packet.dx;
        dy += packet.dy;
      }
      const given = await page.evaluate(() => window.given);
      return given.dx > 0 && given.dy > 0 ? { dx: dx - given.dx, dy: -dy - given.dy } : null;
    })
    .toEqual({ dx: 0, dy: 0 });
}

const locked = (page: Page): Promise<boolean> => page.evaluate(() => document.pointerLockElement !== null);

test('a click catches the pointer; movement, buttons and wheel reach the mouse until Ctrl+Alt', async ({
  page,
  site,
}) => {
  await openMachine(page, site.url, 'ps2');
  const box = (await screen(page).boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.wheel(0, 100);
  // Nobody has caught the pointer: the page scrolls, and the guest hears nothing.
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(100);
  await page.evaluate(() => scrollTo(0, 0));
  await page.mouse.click(x, y);
  await expect.poll(() => locked(page)).toBe(true);
  await page.evaluate(() => {
    window.given = { dx: 0, dy: 0 };
    document.addEventListener('pointermove', ({ movementX, movementY }) => {
      window.given.dx += movementX;
      window.given.dy += movementY;
    });
  });
  await page.mouse.move(x + 40, y + 25, { steps: 4 });
  await moved(page);
  expect(await page.evaluate(() => window.heard)).toEqual([]);
  await page.mouse.down({ button: 'right' });
  expect(packets(await heard(page, PACKET, PACKET))).toEqual([{ buttons: 2, dx: 0, dy: 0, wheel: 0 }]);
  await page.mouse.up({ button: 'right' });
  expect(packets(await heard(page, PACKET, PACKET))).toEqual([{ buttons: 0, dx: 0, dy: 0, wheel: 0 }]);
  await page.mouse.wheel(0, 300);
  expect(packets(await heard(page, PACKET, PACKET)).reduce((sum, { wheel }) => sum + wheel, 0)).toBe(3);
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await page.keyboard.press('Control+Alt+a');
  await expect.poll(() => locked(page)).toBe(false);
  // Set 1: the left Control and Alt, and A, go down and up.
  expect(bytesOf(await heard(page, 12), 0)).toEqual([0x1d, 0x38, 0x1e, 0x9e, 0xb8, 0x9d]);
  await page.mouse.move(x, y);
  await page.mouse.wheel(0, 100);
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(100);
  expect(await page.evaluate(() => window.heard)).toEqual([]);
});

test('a guest that follows an absolute pointer needs no pointer lock', async ({ page, site }) => {
  await openMachine(page, site.url, 'absolute');
  const canvas = (await page.locator('vm-console canvas').boundingBox())!;
  const at = (x: number, y: number): [number, number] => [
    canvas.x + canvas.width * x,
    canvas.y + canvas.height * y,
  ];
  /** The last event that the guest told: buttons, place from 0 to 1, wheel. */
  const last = async (): Promise<number[]> => {
    const told = await heard(page, EVENT, EVENT);
    const [buttons, x0, x1, y0, y1, wheel] = told.slice(-EVENT);
    return [buttons, (x0 | (x1 << 8)) / 0xfffe, (y0 | (y1 << 8)) / 0xfffe, wheel];
  };
  await page.mouse.move(...at(0.25, 0.75));
  let [buttons, x, y, wheel] = await last();
  expect([buttons, wheel]).toEqual([0, 0]);
  expect(x).toBeCloseTo(0.25, 2);
  expect(y).toBeCloseTo(0.75, 2);
  await page.mouse.down();
  [buttons] = await last();
  expect(buttons).toBe(0x20);
  await page.mouse.move(...at(0.5, 0.5), { steps: 3 });
  await page.mouse.up();
  await expect.poll(async () => (await heard(page, 0, EVENT)).at(-EVENT)).toBe(0);
  await page.mouse.wheel(0, 100);
  [, x, y, wheel] = await last();
  expect(wheel).toBe(1);
  expect(x).toBeCloseTo(0.5, 2);
  expect(await page.evaluate(() => scrollY)).toBe(0);
  expect(await locked(page)).toBe(false);
});

test.describe('with fingers', () => {
  test.use({ hasTouch: true });

  /** Touches in the middle of the picture: each step is the fingers' places from there. By the events' own time 10 ms lie between them, as of a tap. */
  async function touch(
    page: Page,
    steps: readonly (readonly (readonly [number, number])[])[],
  ): Promise<void> {
    const canvas = (await page.locator('vm-console canvas').boundingBox())!;
    const client = await page.context().newCDPSession(page);
    const [x, y] = [canvas.x + canvas.width / 2, canvas.y + canvas.height / 2];
    const began = Date.now() / 1000;
    for (const [i, fingers] of steps.entries()) {
      const points = fingers.map(([dx, dy], id) => ({ x: x + dx, y: y + dy, id }));
      const before = steps[i - 1]?.length ?? 0;
      const type = points.length > before ? 'touchStart' : points.length < before ? 'touchEnd' : 'touchMove';
      await client.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: points,
        timestamp: began + i / 100,
      });
    }
    await client.detach();
  }

  test('a finger is a trackpad, a tap clicks, one of two fingers clicks right', async ({ page, site }) => {
    await openMachine(page, site.url, 'ps2');
    await touch(page, [[[0, 0]], [[30, 10]], [[60, 20]], []]);
    // The first movement of a finger is where the browser makes up its mind; what is told is told in counts of pixels.
    const told = packets(await heard(page, PACKET, PACKET));
    expect(told.every(({ buttons }) => buttons === 0)).toBe(true);
    // To the right and down, where a mouse counts upwards.
    expect(told.every(({ dx, dy }) => dx > 0 && dy < 0)).toBe(true);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await touch(page, [[[0, 0]], []]);
    const tap: number[] = [];
    await expect
      .poll(async () => {
        tap.push(...packets(await heard(page, 0, PACKET)).map(({ buttons }) => buttons));
        return tap;
      })
      .toEqual(expect.arrayContaining([1, 0]));
    await touch(page, [
      [[0, 0]],
      [
        [0, 0],
        [40, 0],
      ],
      [[0, 0]],
      [],
    ]);
    const second: number[] = [];
    await expect
      .poll(async () => {
        second.push(...packets(await heard(page, 0, PACKET)).map(({ buttons }) => buttons));
        return second;
      })
      .toEqual(expect.arrayContaining([2, 0]));
  });

  test('a finger is where the absolute pointer is', async ({ page, site }) => {
    await openMachine(page, site.url, 'absolute');
    await touch(page, [[[100, 50]], []]);
    const told = await heard(page, 18);
    const canvas = (await page.locator('vm-console canvas').boundingBox())!;
    const events = Array.from({ length: 3 }, (_, i) => told.slice(i * 6, i * 6 + 6));
    expect(events.map(([buttons]) => buttons)).toEqual([0, 0x20, 0]);
    for (const [, x0, x1, y0, y1] of events) {
      expect((x0 | (x1 << 8)) / 0xfffe).toBeCloseTo(0.5 + 100 / canvas.width, 2);
      expect((y0 | (y1 << 8)) / 0xfffe).toBeCloseTo(0.5 + 50 / canvas.height, 2);
    }
  });
});
