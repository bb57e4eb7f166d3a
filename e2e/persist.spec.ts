/** A drive's stored disk (`persist=`) as a person has it on a page. Needs the image riscv64-disks. */
import type { Page } from 'playwright/test';
import { DISKS_GUEST, openDisksPage } from './support/disks-guest.ts';
import { setFull, withQuota } from './support/quota.ts';
import { expect, screenText, test } from './support/site.ts';
import { LOAD, LOAD_DISKS, LONG, typeLine } from './support/linux-shell.ts';

/** Starts Linux with a stored disk over an image of zeros. */
async function start(page: Page, url: string, drive: object): Promise<void> {
  await openDisksPage(page, url);
  await page.evaluate(
    ([guest, drive]) => {
      const console = document.querySelector('vm-console')!;
      console.config = {
        ...guest,
        drives: [
          { file: new Blob([new Uint8Array(32 << 20)]), interface: 'virtio', persist: 'Kept', ...drive },
        ],
      };
      // A failure is shown.
      console.start().catch(() => {});
    },
    [DISKS_GUEST, drive] as const,
  );
}

const state = (page: Page): Promise<string> =>
  page.evaluate(() => document.querySelector('vm-console')!.state);

/** Four copies of a program of some 2 MB, each flushed; and whether they are there. */
const WRITE =
  'for i in 0 40 80 120; do dd if=/bin/busybox of=/dev/vda bs=64k seek=$i conv=notrunc,fsync 2>/dev/null || echo refu""sed; done; echo writ""ten';
const COMPARE =
  'n=$(wc -c </bin/busybox); for i in 0 40 80 120; do dd if=/dev/vda bs=64k skip=$i 2>/dev/null | head -c $n | cmp - /bin/busybox && echo sa""me$i; done';

test('what a guest writes is there after a reload; a second tab is refused; a full quota pauses the machine until there is room, or is an error with werror=report', async ({
  page,
  context,
  site,
}) => {
  test.setTimeout(400_000);
  const url = site.builtUrl;
  await withQuota(page);
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

  await setFull(page, true);
  await typeLine(page, `${LOAD_DISKS}; ${WRITE}`);
  const element = page.locator('vm-console');
  await expect(element).toContainText('gives this site no more room', LONG);
  await expect(element).toContainText('The machine is paused, and nothing is lost');
  await expect.poll(() => state(page)).toBe('paused');
  expect(await screenText(page)).not.toMatch(/written|I\/O error/);
  await setFull(page, false);
  await page.evaluate(() => document.querySelector('vm-console')!.resume());
  await expect.poll(() => screenText(page), LONG).toContain('written');
  await expect(element).not.toContainText('no more room');
  expect(await screenText(page)).not.toContain('I/O error');

  // The page goes without a word to the machine.
  await start(page, url, { werror: 'report' });
  await expect.poll(() => screenText(page), LONG).toContain('root@snowglobe:~#');
  await typeLine(page, `${LOAD_DISKS}; ${COMPARE}`);
  await expect.poll(() => screenText(page), LONG).toMatch(/same0\s+same40\s+same80\s+same120/);

  await setFull(page, true);
  await typeLine(page, WRITE);
  await expect.poll(() => screenText(page), LONG).toContain('refused');
  await expect(element).toContainText('no more room');
  await expect(element).toContainText('The guest was told');
  expect(await state(page)).toBe('running');
});

/** Copies of a program, each with another end; the second list over and over again until it is told to stop. */
const FILES = 'w() { cat /bin/busybox > /d/$1; echo $2 >> /d/$1; }; for i in 1 2 3 4; do w a$i $i; done';
const GO_ON =
  '(i=0; while [ ! -e /stop ]; do i=$((i+1)); w b$((i%4)) $i; [ $i = 4 ] && echo writ""ing; done; cd /d; sha256sum a* b* > sums; sync; echo stopp""ed) &';

test('a machine of the moment that is kept while its guest writes has all files after a reload', async ({
  page,
  site,
}) => {
  test.setTimeout(400_000);
  const image = Buffer.alloc(32 << 20);
  await page.route('**/blank.img', (route) => route.fulfill({ body: image }));
  const guest = 'kernel=images/riscv64-disks/vmlinux&initrd=images/riscv64-disks/initrd.gz';
  const append = 'append=console=ttyS0+quiet+cryptomgr.notests';
  await page.goto(`${site.builtUrl}?arch=riscv64&m=192&${guest}&${append}&drive=file=blank.img,if=virtio`);
  const shows = (text: string | RegExp) => expect.poll(() => screenText(page), LONG).toMatch(text);
  await shows(/root@snowglobe:~#/);
  await typeLine(
    page,
    `${LOAD}; mke2fs /dev/vda >/dev/null 2>&1; mkdir /d; mount -t ext4 /dev/vda /d && echo mount""ed`,
  );
  await shows('mounted');
  await typeLine(page, `${FILES}; ${GO_ON}`);
  await shows('writing');
  await page.getByRole('button', { name: 'Drives', exact: true }).click();
  await page.getByRole('button', { name: 'Keep this machine' }).click();
  await expect(page).toHaveURL(/\?mine=\w+$/, LONG);
  await typeLine(page, 'touch /stop');
  await shows('stopped');

  await page.reload();
  await shows(/root@snowglobe:~#/);
  await typeLine(
    page,
    `${LOAD}; mkdir /d; mount -t ext4 /dev/vda /d; cd /d; sha256sum -c sums | sed s/:/.../; ls | wc -l`,
  );
  await shows(/b3\.\.\. OK/);
  const text = await screenText(page);
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b0', 'b1', 'b2', 'b3'])
    expect(text).toContain(`${name}... OK`);
});
