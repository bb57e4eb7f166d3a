/** A drive's stored disk (`persist=`) as a person has it on a page. Needs the image riscv64-disks. */
import { createHash } from 'node:crypto';
import type { Page } from 'playwright/test';
import { expect, openEmptyPage, screenText, test } from './support/site.ts';

const MIB = 1048576;
const LONG = { timeout: 60_000 };
/** What the guest writes: 8 MiB, less than the guest may, and more than the quota will allow. */
const WRITTEN = Buffer.from('snow\n'.repeat(Math.ceil((8 * MIB) / 5))).subarray(0, 8 * MIB);

/** Starts Linux with a stored disk over an image of zeros. */
async function start(page: Page, url: string, drive: object): Promise<void> {
  await openEmptyPage(
    page,
    url,
    '<vm-console firmware="images/firmware/opensbi-riscv64/fw_dynamic.bin"></vm-console>',
  );
  await page.evaluate((drive) => {
    const console = document.querySelector('vm-console')!;
    console.config = {
      arch: 'riscv64',
      machine: 'virt',
      memory: 192,
      kernel: 'images/riscv64-disks/vmlinux',
      initrd: 'images/riscv64-disks/initrd.gz',
      append: 'console=ttyS0 quiet',
      drives: [
        { file: new Blob([new Uint8Array(32 << 20)]), interface: 'virtio', persist: 'Kept', ...drive },
      ],
    };
    // A failure is shown.
    console.start().catch(() => {});
  }, drive);
}

const type = (page: Page, text: string): Promise<void> =>
  page.evaluate((text) => document.querySelector('vm-console')!.vm!.serial.write(text), `${text}\n`);

const state = (page: Page): Promise<string> =>
  page.evaluate(() => document.querySelector('vm-console')!.state);

const LOAD = 'for m in /lib/modules/*virtio_mmio.ko /lib/modules/*virtio_blk.ko; do insmod $m; done';

test('what a guest writes is there after a reload; a second tab is refused; a full quota pauses the machine until there is room', async ({
  page,
  context,
  site,
}) => {
  test.setTimeout(400_000);
  const url = site.builtUrl;
  await start(page, url, {});
  await expect.poll(() => screenText(page), LONG).toContain('root@snowglobe:~#');

  const second = await context.newPage();
  await start(second, url, {});
  const refusal = second.locator('vm-console');
  await expect(refusal).toContainText('The disk is in use', LONG);
  await expect(refusal).toContainText(
    '"Kept" is in use by another machine, perhaps in another tab or window',
  );
  await second.close();

  const session = await context.newCDPSession(page);
  const origin = new URL(url).origin;
  const usage = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 3 * MIB });
  await type(
    page,
    `${LOAD}; yes snow | dd of=/dev/vda bs=64k count=128 iflag=fullblock conv=fsync && echo writ""ten`,
  );
  const element = page.locator('vm-console');
  await expect(element).toContainText('gives this site no more room', LONG);
  await expect(element).toContainText('The machine is paused, and nothing is lost');
  await expect.poll(() => state(page)).toBe('paused');
  expect(await screenText(page)).not.toMatch(/written|I\/O error/);
  await session.send('Storage.overrideQuotaForOrigin', { origin });
  await page.evaluate(() => document.querySelector('vm-console')!.resume());
  await expect.poll(() => screenText(page), LONG).toContain('written');
  await expect(element).not.toContainText('no more room');
  expect(await screenText(page)).not.toContain('I/O error');

  // The page goes without a word to the machine.
  await start(page, url, {});
  await expect.poll(() => screenText(page), LONG).toContain('root@snowglobe:~#');
  await type(page, `${LOAD}; head -c 8388608 /dev/vda | sha256sum`);
  const expected = createHash('sha256').update(WRITTEN).digest('hex');
  await expect.poll(async () => (await screenText(page)).replace(/\s/g, ''), LONG).toContain(expected);
});

test('with werror=report a full quota is an error that the guest sees, and the page says so', async ({
  page,
  context,
  site,
}) => {
  test.setTimeout(200_000);
  const url = site.builtUrl;
  await start(page, url, { werror: 'report' });
  await expect.poll(() => screenText(page), LONG).toContain('root@snowglobe:~#');
  const session = await context.newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(url).origin, quotaSize: MIB });
  await type(
    page,
    `${LOAD}; yes snow | dd of=/dev/vda bs=64k count=128 iflag=fullblock conv=fsync || echo refu""sed`,
  );
  await expect.poll(() => screenText(page), LONG).toContain('refused');
  const element = page.locator('vm-console');
  await expect(element).toContainText('no more room');
  await expect(element).toContainText('The guest was told');
  expect(await state(page)).toBe('running');
});
