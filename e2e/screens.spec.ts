/** A Linux guest's graphics and input devices by way of the page. Needs the image riscv64-screen; scripts/gen-screen-fixtures.mjs recorded QEMU's pictures. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { PICTURES, SETUP } from '../scripts/screen-fixtures/steps.mjs';
import { repository } from './support/images.ts';
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

const LONG = { timeout: 120_000 };
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
       kernel="images/riscv64-screen/vmlinux" initrd="images/riscv64-screen/initrd.gz" append="console=ttyS0 quiet"
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
  await says(page, /root@snowglobe:\S+# /);
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
  'virtio-gpu-device,blob=on': 'virtio-gpu-pci',
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
