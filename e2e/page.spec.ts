/** The page: the list of machines, one machine, and what is said when something is missing or wrong. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { riscvImage } from '../tests/support/boot-files.ts';
import { dropFiles } from './support/drop.ts';
import { displayText, expect, screenText, test, withoutIsolation } from './support/site.ts';

const ECHO = '?arch=riscv64&bios=none&m=64&kernel=images/echo.elf';

test('the list shows the machines; a click boots one, keys reach it, and it can be started again', async ({
  page,
  site,
}) => {
  await page.goto(site.url);
  await expect(page.getByRole('heading', { name: 'Snowglobe' })).toBeVisible();
  const card = page.getByRole('link', { name: /Echo/ });
  await expect(card).toContainText('Answers every key.');
  await expect(card).toContainText('RISC-V 64-bit');
  await expect(card).toContainText('64 MB of memory');
  await expect(card).toContainText('12.1 KB to load');
  await card.click();
  await expect(page).toHaveURL(/\?machine=echo$/);
  await expect(page).toHaveTitle('Echo · Snowglobe');
  await expect.poll(() => screenText(page)).toBe('ready');
  // The terminal has the focus without another click.
  await page.keyboard.type('ab');
  await expect.poll(() => screenText(page)).toBe('ready\n[a][b]');
  await page.keyboard.press('q');
  await expect(page.getByRole('heading', { name: 'The guest has powered off' })).toBeVisible();
  expect(await screenText(page)).toBe('ready\n[a][b]');
  await expect.poll(() => page.workers().length).toBe(0);
  await page.getByRole('button', { name: 'Start again' }).last().click();
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.keyboard.type('c');
  await expect.poll(() => screenText(page)).toBe('ready\n[c]');
});

test('a machine that is still being built is announced, and appears without a reload', async ({
  page,
  site,
}) => {
  let isBuilt = false;
  let failures = 0;
  await page.route('**/images/index.json', async (route) => {
    if (isBuilt && failures++ === 0) return route.fulfill({ status: 503 });
    const response = await route.fetch();
    const { machines } = (await response.json()) as { machines: { title: string }[] };
    const list = isBuilt ? { machines } : { machines: machines.slice(1), coming: [machines[0].title] };
    await route.fulfill({ response, json: list });
  });
  await page.goto(site.url);
  await expect(page.getByRole('status')).toContainText('On the way: Echo.');
  await expect(page.getByRole('link', { name: /Echo/ })).toHaveCount(0);
  await expect(page.getByRole('link', { name: /Flood/ })).toBeVisible();
  // A server that fails once is asked again.
  isBuilt = true;
  await expect(page.getByRole('link', { name: /Echo/ })).toBeVisible();
  expect(failures).toBeGreaterThan(1);
  await expect(page.getByRole('status')).toHaveCount(0);
});

test('the back button returns to the list and ends the machine', async ({ page, site }) => {
  await page.goto(site.url);
  await page.getByRole('link', { name: /Echo/ }).click();
  await expect.poll(() => page.workers().length).toBe(1);
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.goBack();
  await expect(page.getByRole('link', { name: /Flood/ })).toBeVisible();
  await expect.poll(() => page.workers().length).toBe(0);
  await page.goForward();
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.getByRole('link', { name: 'All machines' }).click();
  await expect(page.getByRole('link', { name: /Flood/ })).toBeVisible();
  await expect.poll(() => page.workers().length).toBe(0);
});

test('an address with a machine and options boots it and shows the command line', async ({ page, site }) => {
  await page.goto(`${site.url}?machine=echo&m=128&append=a%20b&tier=interp`);
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.getByText('Options', { exact: true }).click();
  await expect(page.getByTestId('command-line')).toHaveValue(
    "npx snowglobe riscv64 -M virt -m 128 -bios none -kernel .cache/images/echo.elf -append 'a b' --tier interp -nographic",
  );
  /** What the button of that name copies; it says so for a moment. */
  const copied = async (name: string): Promise<string> => {
    const button = (await page.getByRole('button', { name, exact: true }).elementHandle())!;
    await button.click();
    await page.waitForFunction((button) => button.textContent === 'Copied', button);
    return page.evaluate(() => navigator.clipboard.readText());
  };
  expect(await copied('Copy')).toContain('npx snowglobe riscv64');
  expect(await copied('Copy link')).toBe(`${site.url}?machine=echo&m=128&append=a+b&tier=interp`);
  await expect(page.getByRole('button', { name: 'Copied' })).toHaveCount(0);
});

test('options can be changed: the address follows and the machine starts with them', async ({
  page,
  site,
}) => {
  await page.goto(`${site.url}?machine=echo`);
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.getByText('Options', { exact: true }).click();
  await page.getByLabel('Memory').fill('lots');
  await page.getByRole('button', { name: 'Restart with these options' }).click();
  await expect(page.getByText('"lots" is not a memory size')).toBeVisible();
  await page.getByLabel('Memory').fill('256');
  await page.getByLabel('Kernel command line').fill('quiet');
  await page.getByRole('button', { name: 'Restart with these options' }).click();
  await expect(page).toHaveURL(/\?machine=echo&m=256&append=quiet$/);
  await expect.poll(() => screenText(page)).toBe('ready');
  const config = await page.evaluate(() => document.querySelector('vm-console')?.vm?.config);
  expect(config).toMatchObject({ memory: 256, append: 'quiet' });
  await expect.poll(() => page.workers().length).toBe(1);
});

test('every option is in the form, a mistake is told at its field, and the command line can be edited', async ({
  page,
  site,
}) => {
  await page.goto(`${site.url}?machine=echo`);
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.getByText('Options', { exact: true }).click();
  const line = page.getByTestId('command-line');
  await page.getByText('Screen, sound and devices').click();
  await page.getByLabel('Add a device').selectOption('virtio-rng');
  await expect(line).toHaveValue(/-device virtio-rng/);
  await page.getByLabel('Device 1', { exact: true }).fill('virtio-rgn');
  await expect(
    page.getByRole('alert').filter({ hasText: /There is no device "virtio-rgn"|virtio-rgn/ }),
  ).toBeVisible();
  await page.getByLabel('Memory').fill('9999');
  await expect(page.getByLabel('Memory')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.locator('.field', { has: page.getByLabel('Memory') })).toContainText(
    '9999 MiB of RAM (-m) is not possible',
  );
  await page.getByRole('button', { name: 'Restart with these options' }).click();
  await expect(page).toHaveURL(/\?machine=echo$/);

  // A row that cannot be read is not left out silently.
  await page.getByLabel('Memory').fill('128');
  const device = page.getByLabel('Device 1', { exact: true });
  await device.fill('virtio-rng');
  await device.fill('');
  await expect(device).toHaveAttribute('aria-invalid', 'true');
  await page.getByRole('button', { name: 'Restart with these options' }).click();
  await expect(device).toBeFocused();
  await expect(device).toHaveAccessibleDescription('A device needs a driver, such as virtio-rng.');
  await expect(page).toHaveURL(/\?machine=echo$/);

  await line.fill('qemu-system-riscv64 -m 96 -bios none -kernel .cache/images/echo.elf -wrong');
  await expect(page.locator('#command-problem')).toHaveText(
    '-wrong is not an option; snowglobe --help lists them',
  );
  await page.getByLabel('Memory').fill('127');
  await expect(page.locator('#command-problem')).toBeEmpty();
  await expect(line).not.toHaveAttribute('aria-invalid');
  await line.fill(
    "qemu-system-riscv64 -m 96 -bios none -kernel .cache/images/echo.elf -append 'x y' -device virtio-balloon,id=b,,1",
  );
  await expect(page.locator('#command-problem')).toBeEmpty();
  await expect(page.getByLabel('Memory')).toHaveValue('96');
  await expect(page.getByLabel('Device 1', { exact: true })).toHaveValue('virtio-balloon,id=b,,1');
  await line.press('Enter');
  await expect(page).toHaveURL(/\?machine=echo&m=96&append=x\+y&device=virtio-balloon,id=b%252C1$/);
  await expect.poll(() => screenText(page)).toBe('ready');
  const config = () => page.evaluate(() => document.querySelector('vm-console')?.vm?.config);
  expect(await config()).toMatchObject({
    memory: 96,
    append: 'x y',
    devices: [{ driver: 'virtio-balloon' }],
  });
  await page.reload();
  await expect.poll(() => screenText(page)).toBe('ready');
  expect(await config()).toMatchObject({
    devices: [{ driver: 'virtio-balloon', properties: { id: 'b,1' } }],
  });
});

test('a kernel from disk boots, chosen or dropped', async ({ page, site }) => {
  await page.goto(site.url);
  await page.getByTestId('pick').setInputFiles(join(site.images, 'echo.elf'));
  await expect.poll(() => screenText(page)).toBe('ready');
  await expect(page).toHaveURL(/\?arch=riscv64&bios=none$/);

  await page.goto(`${site.url}?machine=flood&m=96`);
  await expect.poll(() => screenText(page)).toContain('0123456789');
  await dropFiles(page, [{ name: 'my kernel.elf', content: readFileSync(join(site.images, 'echo.elf')) }]);
  await page.getByRole('button', { name: /Start a machine with it/ }).click();
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.getByText('Options', { exact: true }).click();
  await expect(page.getByTestId('command-line')).toHaveValue(
    "npx snowglobe riscv64 -M virt -m 96 -bios none -kernel 'my kernel.elf' -nographic",
  );
  await expect.poll(() => page.workers().length).toBe(1);
});

test('a file that no machine can start is told apart by its content, and what could be is said', async ({
  page,
  site,
}) => {
  await page.goto(site.url);
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  await page
    .getByTestId('pick')
    .setInputFiles([{ name: 'kernel.img', mimeType: 'application/octet-stream', buffer: png }]);
  const dialog = page.getByRole('dialog', { name: 'Not to be started' });
  await expect(dialog).toContainText('“kernel.img” is a picture.');
  await expect(dialog).toContainText('a disk image (raw, qcow2, VMDK, VDI, VHD)');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('link', { name: /Echo/ })).toBeVisible();
});

test('a PC with nothing to boot runs SeaBIOS and says so', async ({ page, site }) => {
  const warnings: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'warning') warnings.push(message.text());
  });
  await page.goto(`${site.builtUrl}?arch=i386&m=64`);
  await expect.poll(() => displayText(page), { timeout: 20_000 }).toContain('No bootable device.');
  expect(await displayText(page)).toContain('SeaBIOS (version 1.');
  expect(warnings.join()).toContain('give the machine a disk');
});

test('a kernel that wants firmware, on a site that has none, is told so', async ({ page, site }) => {
  await page.goto(site.url);
  await page.getByTestId('pick').setInputFiles({
    name: 'Image',
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(riscvImage(4096)),
  });
  await expect(page.getByRole('alert')).toContainText('The default firmware (OpenSBI) is not here');
});

test.describe('images and options that cannot work', () => {
  const cases = [
    [
      'a kernel that is not there',
      '&kernel=images/nothing.elf',
      'An image could not be loaded',
      /nothing\.elf.*404/,
    ],
    ['a kernel for x86', '&kernel=images/x86.elf', 'An image is not usable', /x86/i],
    [
      'a truncated kernel',
      '&kernel=images/truncated.elf',
      'An image is not usable',
      /truncated|cut short|ends/i,
    ],
    [
      'an initrd larger than memory',
      '&kernel=images/echo.elf&initrd=images/large.cpio&m=32',
      'An image does not fit into the guest’s memory',
      /initrd/,
    ],
    [
      'more memory than a machine can have',
      '&kernel=images/echo.elf&m=64G',
      'The machine cannot be built like this',
      /memory|-m/i,
    ],
    [
      'a board that does not exist',
      '&kernel=images/echo.elf&M=pdp11',
      'The machine cannot be built like this',
      /pdp11/,
    ],
  ] as const;
  for (const [name, options, title, message] of cases) {
    test(name, async ({ page, site }) => {
      await page.goto(`${site.url}?arch=riscv64&bios=none${options}`);
      const panel = page.getByRole('alert');
      await expect(panel.getByRole('heading')).toHaveText(title);
      await expect(panel).toContainText(message);
      await expect.poll(() => page.workers().length).toBe(0);
      await panel.getByRole('button', { name: 'Copy details' }).click();
      await expect(panel.getByRole('button', { name: 'Copied' })).toBeVisible();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('arch: riscv64');
      await panel.getByRole('button', { name: 'Try again' }).click();
      await expect(page.getByRole('alert').getByRole('heading')).toHaveText(title);
    });
  }

  test('more memory than the browser gives', async ({ page, site }) => {
    await page.addInitScript(() => {
      const { Memory } = WebAssembly;
      WebAssembly.Memory = new Proxy(Memory, {
        construct(target, [descriptor]) {
          // As Chromium does for an address space or a container that is too small.
          if (descriptor.initial > 16_384)
            throw new RangeError('WebAssembly.Memory(): could not allocate memory');
          return new target(descriptor);
        },
      });
    });
    await page.goto(`${site.url}?machine=echo&m=2G`);
    await expect(
      page.getByRole('heading', { name: 'The browser would not give that much memory' }),
    ).toBeVisible();
    await expect.poll(() => page.workers().length).toBe(0);
    // What is proposed can be had.
    const message = await page.getByRole('alert').first().textContent();
    const proposed = Number(/such as (\d+)/.exec(message ?? '')?.[1]);
    expect(proposed).toBeGreaterThan(256);
    await page.goto(`${site.url}?machine=echo&m=${proposed}`);
    await expect.poll(() => screenText(page)).toBe('ready');
  });

  test('a truncated download, and trying again once it is whole', async ({ page, site }) => {
    await page.route('**/images/echo.elf', async (route) => {
      const response = await route.fetch();
      const body = await response.body();
      await route.fulfill({ response, body: body.subarray(0, body.length / 2) });
    });
    await page.goto(site.url + ECHO);
    await expect(page.getByRole('alert')).toContainText('An image is not usable');
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => screenText(page)).toBe('ready');
  });

  test('a machine that no list has, and an option that cannot be read', async ({ page, site }) => {
    await page.goto(`${site.url}?machine=pdp11`);
    await expect(page.getByRole('alert')).toContainText('There is no machine called “pdp11” here.');
    await page.goto(`${site.url}?machine=echo&m=lots`);
    await expect(page.getByRole('alert')).toContainText(
      'Option “m” in the address: "lots" is not a memory size',
    );
    await page.getByRole('link', { name: 'All machines' }).last().click();
    await expect(page.getByRole('link', { name: /Echo/ })).toBeVisible();
  });
});

test('a list that is not there says how to build one; a broken one says what is wrong', async ({
  page,
  site,
}) => {
  await page.route('**/images/index.json', (route) => route.fulfill({ status: 404 }));
  await page.goto(site.url);
  await expect(page.getByRole('alert')).toContainText('npm start');
  await page.unrouteAll();
  await page.route('**/images/index.json', (route) =>
    route.fulfill({ contentType: 'application/json', body: '{"machines": [' }),
  );
  await page.reload();
  await expect(page.getByRole('alert')).toContainText('index.json cannot be read');
});

test('a page that is not cross-origin isolated says which headers it lacks', async ({ page, site }) => {
  await withoutIsolation(page, site.url);
  await page.goto(site.url);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  await expect(page.getByRole('alert')).toContainText('Cross-Origin-Opener-Policy: same-origin');
  await page.getByRole('link', { name: /Echo/ }).click();
  await expect(page.getByRole('heading', { name: 'This page may not share memory' })).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('Cross-Origin-Embedder-Policy: require-corp');
});

test('the demo of this repository draws and answers its keys', async ({ page, site }) => {
  await page.goto(`${site.builtUrl}?machine=riscv64-demo`);
  await expect.poll(() => screenText(page).then((text) => text.length)).toBeGreaterThan(200);
  const before = await screenText(page);
  await expect.poll(() => screenText(page)).not.toBe(before);
  await page.keyboard.press('q');
  await expect(page.getByRole('heading', { name: 'The guest has powered off' })).toBeVisible();
});

test('Debian boots to a shell that answers, and its panic is announced without hiding the terminal', async ({
  page,
  site,
}) => {
  await page.goto(site.builtUrl);
  await page.getByRole('link', { name: /Debian Linux on RISC-V/ }).click();
  await expect.poll(() => screenText(page), { timeout: 120_000 }).toContain('root@snowglobe:~#');
  await page.keyboard.type('echo $((6 * 7)) $(uname -m)\n');
  await expect.poll(() => screenText(page)).toContain('\n42 riscv64');
  // One character in two batches.
  await page.keyboard.type("printf 'caf\\303'; usleep 200000; printf '\\251.\\n'\n");
  await expect.poll(() => screenText(page)).toContain('\ncafé.');
  await page.keyboard.type('echo c > /proc/sysrq-trigger\n');
  await expect(page.getByRole('alert')).toContainText(
    'The guest’s kernel has panicked: sysrq triggered crash',
  );
  await expect.poll(() => screenText(page)).toContain('Kernel panic');
  await page.getByRole('button', { name: 'Power off' }).click();
  await expect.poll(() => page.workers().length).toBe(0);
});

test('the statistics follow a running machine while they are open, and most of a busy guest runs in tier 1', async ({
  page,
  site,
}) => {
  await page.goto(`${site.url}?arch=riscv64&bios=none&m=64&kernel=images/spin.elf`);
  await expect.poll(() => screenText(page)).toBe('spinning');
  const button = page.getByRole('button', { name: 'Statistics' });
  await expect(button).toHaveAttribute('aria-expanded', 'false');
  await button.click();
  await expect(button).toHaveAttribute('aria-expanded', 'true');
  /** Column 0: last second; 1: since start. */
  const cell = (row: string, column: number) =>
    page
      .getByRole('row', { name: new RegExp(`^${row} `) })
      .getByRole('cell')
      .nth(column);
  // Such as "97.3 %", and "> 99.9 %" for what is not quite all.
  const number = async (row: string, column = 0) =>
    Number.parseFloat(((await cell(row, column).textContent()) ?? '').replace('>', ''));
  await expect.poll(() => number('Tier 1')).toBeGreaterThan(90);
  await expect(page.getByRole('img', { name: /Tier 1 runs .*% of the instructions/ })).toBeVisible();
  expect(await number('Speed, MIPS')).toBeGreaterThan(1);
  const chart = (name: RegExp) => page.getByRole('img', { name });
  await expect(chart(/^Speed, last minute: now [1-9]\d* MIPS/)).toBeVisible();
  await expect(chart(/^Processor, last minute: now busy 100 %/)).toBeVisible();
  await expect(chart(/^Tiers, last minute: now compiled (9\d|100) %/)).toBeVisible();
  await expect(chart(/^Exits to the page, last minute: now \d+\/s/)).toBeVisible();
  await expect(chart(/^Disks, last minute: now read 0 bytes\/s, written 0 bytes\/s/)).toBeVisible();
  // Of 64 MB the guest has its code and nothing else.
  await expect(chart(/^Memory in use, last minute: now about \d+(\.\d)? (bytes|KB)/)).toBeVisible();
  await expect(cell('Regions compiled', 1)).toHaveText(/^[1-9]/);
  await expect(cell('Blocks refused', 1)).toHaveText('0');
  await expect(page.getByRole('table')).toHaveCount(5);
  const time = cell('Time', 1);
  const before = (await time.textContent()) ?? '';
  await expect(time).not.toHaveText(before);

  // Closed, they stand still; opened again, they go on.
  await button.click();
  await expect(page.getByRole('table')).toHaveCount(0);
  const hidden = page.locator('tr').filter({ hasText: /^Time/ }).locator('td').nth(1);
  const closed = await hidden.textContent();
  await page.waitForTimeout(1500);
  expect(await hidden.textContent()).toBe(closed);
  await button.click();
  await expect(time).not.toHaveText(closed ?? '');

  // The last numbers of a machine that has ended stay.
  await page.getByRole('button', { name: 'Power off' }).click();
  await expect(page.getByRole('heading', { name: 'The machine is switched off' })).toBeVisible();
  await expect(cell('Speed, MIPS', 0)).toHaveText('–');
  await expect(cell('Speed, MIPS', 1)).toHaveText(/^[1-9]/);
});

test('on a phone nothing is wider than the screen, and a console line has its 80 columns', async ({
  page,
  site,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await page.goto(site.url);
  await expect(page.getByRole('link', { name: /Echo/ })).toBeVisible();
  expect(await overflow()).toBeLessThanOrEqual(0);
  await page.goto(`${site.url}?machine=echo`);
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.getByText('Options', { exact: true }).click();
  expect(await overflow()).toBeLessThanOrEqual(0);
  await page.getByRole('button', { name: 'Statistics' }).click();
  await expect(page.getByRole('table').first()).toBeVisible();
  expect(await overflow()).toBeLessThanOrEqual(0);
  const columns = await page.evaluate(() => document.querySelector('vm-console')?.terminalSize?.columns);
  expect(columns).toBeGreaterThanOrEqual(80);
});
