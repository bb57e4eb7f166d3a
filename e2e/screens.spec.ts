/** A Linux guest's graphics and input devices by way of the page. Needs the image riscv64-screen; scripts/gen-screen-fixtures.mjs recorded QEMU's pictures. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { PICTURES, SETUP } from '../scripts/screen-fixtures/steps.mjs';
import { warmTest as machine } from '../src/playwright/index.ts';
import { image, repository } from './support/images.ts';
import { LONG, PROMPT, shell } from './support/linux-shell.ts';
import { pngDigest } from './support/png.ts';
import { expect, openEmptyPage, test } from './support/site.ts';

declare global {
  interface Window {
    said: string;
  }
}

interface Picture {
  width: number;
  height: number;
  sha256: string;
}

const recorded = JSON.parse(readFileSync(join(repository, 'e2e/fixtures/screens.json'), 'utf8')) as Record<
  string,
  Record<string, Picture>
>;

/** Starts the guest with these devices, and waits for its shell on the serial port. */
async function openLinux(page: Page, url: string, devices: string): Promise<void> {
  await openEmptyPage(
    page,
    url,
    `<vm-console arch="riscv64" memory="512" firmware="images/firmware/opensbi-riscv64/fw_dynamic.bin"
       kernel="images/riscv64-screen/vmlinux" initrd="images/riscv64-screen/initrd.gz" append="console=ttyS0 quiet cryptomgr.notests"
       devices="${devices}" style="height: 600px"></vm-console>`,
  );
  await page.evaluate(async () => {
    const element = document.querySelector('vm-console')!;
    window.said = '';
    const decoder = new TextDecoder();
    element.serial.onData((bytes) => {
      window.said += decoder.decode(new Uint8Array(bytes));
    });
    element.view = 'screen';
    await element.start();
  });
  await says(page, PROMPT);
  await run(page, SETUP);
}

/** Waits until the guest has said something on its serial port, and forgets what it said. */
async function says(page: Page, pattern: RegExp): Promise<string> {
  await expect.poll(() => page.evaluate(() => window.said), LONG).toMatch(pattern);
  return page.evaluate(() => {
    const { said } = window;
    window.said = '';
    return said;
  });
}

/** Runs a command in the guest's shell. @returns what it printed */
async function run(page: Page, command: string): Promise<string> {
  await page.evaluate((text) => {
    document.querySelector('vm-console')!.sendText(text);
  }, `${command}; echo do""ne\r`);
  return says(page, /\bdone\r?\n/);
}

/** What is on the screen's canvas before it is scaled. */
async function drawn(page: Page): Promise<Picture> {
  const { width, height, rgba } = await page.evaluate(async () => {
    const { view } = document.querySelector('vm-console')!.screen!;
    await view.settle();
    const pixels = await view.readPixels();
    let text = '';
    for (let at = 0; at < pixels.length; at += 0x4000)
      text += String.fromCharCode(...pixels.subarray(at, at + 0x4000));
    return { ...view.size, rgba: btoa(text) };
  });
  const rgb = Buffer.from(rgba, 'base64').filter((_, i) => i % 4 !== 3);
  return { width, height, sha256: createHash('sha256').update(rgb).digest('hex') };
}

const SCREENS = {
  'virtio-gpu-pci': 'virtio-gpu-pci',
  // The guest's own memory, without transfers.
  'virtio-gpu-device,blob=on': 'virtio-gpu-device',
  // Drawn from the dirty log.
  'bochs-display': 'bochs-display',
};

for (const [devices, same] of Object.entries(SCREENS)) {
  test(`Linux shows by ${devices} what it shows in QEMU`, async ({ page, site }) => {
    test.setTimeout(240_000);
    await openLinux(page, site.builtUrl, devices);
    for (const { name, command } of PICTURES) {
      await run(page, command);
      // The guest's driver flushes by a timer.
      await expect.poll(() => drawn(page), { timeout: 20_000 }).toEqual(recorded[same][name]);
    }
    expect(await page.evaluate(() => document.querySelector('vm-console')!.screen!.renderer)).toBe('webgpu');
  });
}

/** Of Linux: struct input_event on a 64-bit machine, behind its time. */
interface InputEvent {
  type: number;
  code: number;
  value: number;
}

/** Begins to read events of an input device, whose driver gives it this name. Those that come once it is open are kept. */
const listen = (page: Page, name: string, count: number): Promise<string> =>
  run(
    page,
    `for d in /sys/class/input/event*; do [ "$(cat $d/device/name)" = "${name}" ] && exec 3< /dev/input/\${d##*/}; done; dd bs=24 count=${count} <&3 of=/tmp/events 2>/dev/null & true`,
  );

/** What has been read. */
async function events(page: Page, count: number): Promise<InputEvent[]> {
  const printed = await run(
    page,
    `while [ $(wc -c < /tmp/events) -lt ${24 * count} ]; do sleep 0.2; done; od -An -v -t u2 -w24 /tmp/events`,
  );
  return [...printed.matchAll(/^((?: +\d+){12})\r?$/gm)].map(([line]) => {
    const words = line.trim().split(/\s+/).map(Number);
    return { type: words[8], code: words[9], value: words[10] | (words[11] << 16) };
  });
}

test('the clipboard is shared with a guest whose agent takes part, when a person pastes or has copied', async ({
  page,
  site,
  context,
}) => {
  test.setTimeout(240_000);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openLinux(
    page,
    site.builtUrl,
    'virtio-gpu-pci virtio-keyboard-pci virtserialport,chardev=vdagent,name=com.redhat.spice.0',
  );
  // An agent of the shell's: it can do by demand (bit 5), and asks what the host can.
  const words = (...values: number[]): string =>
    values
      .map((value) =>
        [0, 8, 16, 24].map((by) => `\\x${((value >> by) & 255).toString(16).padStart(2, '0')}`).join(''),
      )
      .join('');
  const message = (type: number, size: number, ...values: number[]): string =>
    words(1, 20 + size, 1, type, 0, 0, size, ...values);

  await run(
    page,
    `exec 5<>$(echo /dev/vport*p1); cat <&5 > /tmp/heard & printf '${message(6, 8, 0, 1 << 5)}' >&5`,
  );
  await expect
    .poll(() => page.evaluate(() => document.querySelector('vm-console')!.vm!.clipboard!.ready))
    .toBe(true);

  await page.evaluate(() => navigator.clipboard.writeText('snow\nis coming'));
  await run(page, '(read line < /dev/tty1; echo "typed: $line" > /dev/console) & true');
  await page.getByRole('application').focus();
  await page.keyboard.press('Control+v');
  await page.keyboard.type('v\n');
  // The terminal takes Ctrl+V for "what follows is text": the key came once, and before the others.
  await expect.poll(() => run(page, 'tail -c 4 /tmp/heard | od -An -t d4')).toMatch(/^ +1\r?$/m);
  await run(page, `printf '${message(8, 4, 1)}' >&5`);
  await expect.poll(() => run(page, 'tail -c 14 /tmp/heard; echo')).toMatch(/^snow\r?\nis coming/m);

  // The guest copies: it says so, is asked, and tells.
  const copies = async (text: string): Promise<void> => {
    await run(page, `printf '${message(7, 4, 1)}' >&5`);
    await expect.poll(() => run(page, 'tail -c 8 /tmp/heard | od -An -t d4')).toMatch(/^ +4 +1\r?$/m);
    await run(page, `printf '${message(4, 4 + text.length, 1)}${text}' >&5`);
  };
  const host = (): Promise<string> => page.evaluate(() => navigator.clipboard.readText());
  const offer = page.getByRole('button', { name: 'Copy it here too' });
  // Playwright's evaluate() counts as a person's gesture. A guest needs more than that: it has to be allowed to, once.
  const told = page.evaluate(
    () =>
      new Promise<string>((resolve) =>
        document.querySelector('vm-console')!.vm!.on('clipboard', ({ text }) => resolve(text)),
      ),
  );
  await copies('door 24');
  expect(await told).toBe('door 24');
  await expect(offer).toBeVisible();
  expect(await host()).toBe('snow\nis coming');
  await offer.click();
  await expect.poll(host).toBe('door 24');
  await copies('door 23');
  await expect.poll(host).toBe('door 23');
  await expect(offer).toBeHidden();
  await page.evaluate(() =>
    Object.defineProperty(navigator, 'userActivation', { value: { isActive: false } }),
  );
  await copies('door 22');
  await expect(offer).toBeVisible();
  expect(await host()).toBe('door 23');
  await offer.click();
  await expect.poll(host).toBe('door 22');
});

test.describe('with fingers', () => {
  test.use({ hasTouch: true });

  test('keys, pointer and fingers reach Linux; the element lays a pointer over the picture; Linux hears of the screen’s size and density', async ({
    page,
    site,
  }) => {
    test.setTimeout(240_000);
    await openLinux(
      page,
      site.builtUrl,
      'virtio-gpu-pci virtio-keyboard-pci virtio-tablet-pci virtio-multitouch-pci',
    );
    await run(page, '(read line < /dev/tty1; echo "typed: $line" > /dev/console) & true');
    await page.getByRole('application').focus();
    await page.keyboard.type('snow, and 24 doors of it\n');
    await says(page, /typed: snow, and 24 doors of it/);

    const canvas = (await page.locator('vm-console canvas').first().boundingBox())!;
    const at = (x: number, y: number) => ({
      x: canvas.x + canvas.width * x,
      y: canvas.y + canvas.height * y,
    });
    await listen(page, 'QEMU Virtio Tablet', 3);
    const { x, y } = at(0.25, 0.75);
    await page.mouse.move(x, y);
    const [across, down, end] = await events(page, 3);
    expect([across.type, across.code, down.type, down.code, end.type]).toEqual([3, 0, 3, 1, 0]);
    expect(across.value / 0x7fff).toBeCloseTo(0.25, 2);
    expect(down.value / 0x7fff).toBeCloseTo(0.75, 2);

    await listen(page, 'QEMU Virtio MultiTouch', 8);
    const client = await page.context().newCDPSession(page);
    await client.send('Input.dispatchTouchEvent', {
      type: 'touchStart',
      touchPoints: [
        { ...at(0.5, 0.5), id: 1 },
        { ...at(0.1, 0.9), id: 2 },
      ],
    });
    const touched = await events(page, 8);
    // The first finger, with a number and a place, in slot 0, where Linux is already; that something touches; then the second begins in the next slot.
    expect(touched.map(({ type, code }) => [type, code])).toEqual([
      [3, 0x39],
      [3, 0x35],
      [3, 0x36],
      [1, 0x14a],
      [0, 0],
      [3, 0x2f],
      [3, 0x39],
      [3, 0x35],
    ]);
    await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });

    // How the element shows one. The way there from a guest's driver: src/machine/display-devices.test.ts.
    await page.evaluate(() => {
      const element = document.querySelector('vm-console')!;
      const pixels = new Uint8ClampedArray(64 * 64 * 4).fill(255);
      const { view } = element.screen!;
      const { width, height } = view.size;
      const cursor = { x: width / 2, y: height / 4, width: 64, height: 64, pixels };
      element.vm!.screen!.cursor = () => cursor;
      view.redraw();
    });
    const pointer = page.locator('vm-console .pointer canvas');
    await expect(pointer).toBeVisible();
    const [picture, place] = [
      await page.locator('vm-console canvas').first().boundingBox(),
      await pointer.boundingBox(),
    ];
    expect((place!.x - picture!.x) / picture!.width).toBeCloseTo(0.5, 2);
    expect((place!.y - picture!.y) / picture!.height).toBeCloseTo(0.25, 2);

    await page.evaluate(() => document.querySelector('vm-console')!.toggleAttribute('follow-size', true));
    const box = (await page.getByRole('application').boundingBox())!;
    const follows = (density: number, what: string): Promise<void> =>
      expect
        .poll(() => run(page, what), { timeout: 30_000 })
        .toContain(`${Math.floor((box.width * density) / 8) * 8}x${Math.floor(box.height * density)}`);
    await follows(1, 'head -n 1 /sys/class/drm/card*-Virtual-1/modes');
    // The list has no modes that Linux's console has no room for; the monitor says what it likes best all the same (E-EDID 1.4, section 3.10.2).
    const likes =
      'set -- $(od -An -tu1 -j54 -N8 /sys/class/drm/card*-Virtual-1/edid); echo $(($3 + ($5 >> 4 << 8)))x$(($6 + ($8 >> 4 << 8)))';
    // A display of more pixels in the same place: the guest gets them when it is to.
    await client.send('Emulation.setDeviceMetricsOverride', {
      ...page.viewportSize()!,
      deviceScaleFactor: 2,
      mobile: false,
    });
    await expect.poll(() => page.evaluate(() => devicePixelRatio)).toBe(2);
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitemcheckbox', { name: 'It gets all the display’s pixels' }).click();
    await follows(2, likes);
    await page.evaluate(() => document.querySelector('vm-console')!.setAttribute('follow-size', ''));
    await follows(1, likes);
  });
});

machine('virtio-vga is a VGA until Linux’s driver shows something on it', async ({ vm }) => {
  machine.setTimeout(240_000);
  await vm.boot({
    ...image('x86_64-screen'),
    append: 'console=tty0 console=ttyS0 cryptomgr.notests',
    vga: 'virtio',
  });
  await vm.waitForSerial(PROMPT, { timeout: 120_000 });
  expect(await vm.screenText()).toContain('Run /init as init process');
  await shell(vm, `${SETUP}; echo set""up`, 'setup');
  expect(await vm.screenText()).toBe('');
  const [{ name, command }] = PICTURES;
  await shell(vm, `${command}; echo sho""wn`, 'shown');
  await expect.poll(async () => pngDigest(await vm.screenshot())).toEqual(recorded['virtio-gpu-pci'][name]);
  // A reset gives the VGA back.
  await vm.reset();
  await expect.poll(() => vm.screenText(), { timeout: 60_000 }).not.toBe('');
});
