/** `<vm-console>` on a page of its own: attributes, methods, events, several at once, and what removal frees. */
import type { Page } from 'playwright/test';
import type { VmConsole } from '../src/element/index.ts';
import { FREEZE_MS, longestGap } from './support/responsiveness.ts';
import { expect, openEmptyPage, screenText, test } from './support/site.ts';

const markup = (kernel: string, more = '') =>
  `<vm-console arch="riscv64" bios="none" memory="64" kernel="images/${kernel}.elf" ${more}></vm-console>`;

const state = (page: Page, selector = 'vm-console') =>
  page.locator(selector).evaluate((element: VmConsole) => element.state);

test('attributes configure it, autostart starts it, events tell its life', async ({ page, site }) => {
  await openEmptyPage(page, site.url);
  await page.evaluate(
    (html) => {
      const log: string[] = [];
      Object.assign(window, { log });
      for (const type of ['vm-state', 'vm-exit', 'vm-error'] as const) {
        document.addEventListener(type, (event) =>
          log.push(`${type} ${JSON.stringify((event as CustomEvent).detail)}`),
        );
      }
      document.addEventListener('vm-progress', () => !log.includes('vm-progress') && log.push('vm-progress'));
      document.body.insertAdjacentHTML('beforeend', html);
    },
    markup('echo', 'autostart label="Echo"'),
  );
  await expect.poll(() => screenText(page)).toBe('ready');
  const element = page.locator('vm-console');
  await element.evaluate((console: VmConsole) => console.sendText('x'));
  await expect.poll(() => screenText(page)).toBe('ready\n[x]');
  await element.evaluate((console: VmConsole) => console.sendBytes(new Uint8Array([0x79])));
  await expect.poll(() => screenText(page)).toBe('ready\n[x][y]');
  const report = await element.evaluate((console: VmConsole) => console.report);
  expect(report?.instructions).toBeGreaterThan(10);
  await element.evaluate((console: VmConsole) => console.sendText('f'));
  await expect.poll(() => state(page)).toBe('stopped');
  await expect(page.getByRole('heading', { name: 'The guest has powered off with status 5' })).toBeVisible();
  expect(await page.evaluate(() => (window as unknown as { log: string[] }).log)).toEqual([
    'vm-state "loading"',
    'vm-progress',
    'vm-state "running"',
    'vm-state "stopped"',
    'vm-exit {"outcome":"poweroff","code":5}',
  ]);
});

test('bytes as configuration, the serial stream, and methods before there is a machine', async ({
  page,
  site,
}) => {
  await openEmptyPage(page, site.url, '<vm-console arch="riscv64"></vm-console>');
  const result = await page.evaluate(async () => {
    const element = document.querySelector('vm-console')!;
    let early = '';
    try {
      element.sendText('x');
    } catch (error) {
      early = (error as Error).message;
    }
    early += await element.waitForText('x').catch((error: Error) => error.message);
    const kernel = await (await fetch('images/echo.elf')).blob();
    element.configure({ kernel, bios: 'none', memory: 64 });
    let text = '';
    const decoder = new TextDecoder();
    element.serial.onData((bytes) => {
      text += decoder.decode(bytes, { stream: true });
    });
    await element.start();
    const { index } = await element.waitForText(/ready/);
    element.serial.write('k');
    await element.waitForText('[k]');
    const never = element.waitForText('never', { on: 'screen' }).catch((error: Error) => error.message);
    await element.powerOff();
    return { early, text, state: element.state, size: element.terminalSize, index, never: await never };
  });
  expect(result.early).toContain('call start() first');
  expect(result.early).toContain('waitForText(): there is no machine');
  expect(result.index).toBe(0);
  expect(result.never).toContain('waiting for never on the screen: the machine has ended');
  expect(result.text).toBe('ready\r\n[k]');
  expect(result.state).toBe('stopped');
  expect(result.size?.columns).toBeGreaterThanOrEqual(80);
});

test('the toolbar starts, pauses, resumes, resets and powers off, from the keyboard too', async ({
  page,
  site,
}) => {
  await openEmptyPage(page, site.url, markup('echo'));
  await page
    .getByRole('button', { name: 'Start the machine' })
    .or(page.getByRole('button', { name: 'Start riscv64' }))
    .click();
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.keyboard.type('a');
  await expect.poll(() => screenText(page)).toBe('ready\n[a]');

  // Ctrl+F6 is the way out of the terminal, which takes Tab for the guest.
  await page.keyboard.press('Control+F6');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect.poll(() => state(page)).toBe('paused');
  await expect(page.getByRole('button', { name: 'Resume' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect.poll(() => state(page)).toBe('running');
  await page.keyboard.type('b');
  await expect.poll(() => screenText(page)).toBe('ready\n[a][b]');

  await page.keyboard.press('Control+F6');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('button', { name: 'Reset the machine' })).toBeFocused();
  await page.evaluate(() =>
    document.addEventListener('vm-reset', ({ detail }) => document.body.append(JSON.stringify(detail))),
  );
  await page.keyboard.press('Enter');
  await expect(page.getByText('{"guest":false}')).toBeVisible();
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.keyboard.type('c');
  await expect.poll(() => screenText(page)).toBe('ready\n[c]');

  await page.getByRole('button', { name: 'Power off' }).click();
  await expect(page.getByRole('heading', { name: 'The machine is switched off' })).toBeVisible();
  await expect.poll(() => page.workers().length).toBe(0);
});

test('copy takes the selection, paste reaches the guest', async ({ page, site }) => {
  await openEmptyPage(page, site.url, markup('echo', 'autostart'));
  await expect.poll(() => screenText(page)).toBe('ready');
  const screen = await page.locator('.xterm-screen').boundingBox();
  await page.mouse.dblclick(screen!.x + 12, screen!.y + 8);
  await page.keyboard.press('Control+Shift+C');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('ready');
  await page.evaluate(() => navigator.clipboard.writeText('hi'));
  await page.getByRole('button', { name: 'Paste into the terminal (Ctrl+Shift+V)' }).click();
  await expect.poll(() => screenText(page)).toBe('ready\n[h][i]');
});

test('several on one page are machines of their own, and removal frees each', async ({ page, site }) => {
  await openEmptyPage(
    page,
    site.url,
    `${markup('echo', 'id="one" autostart')}<p></p>${markup('echo', 'id="two" autostart')}`,
  );
  await expect.poll(() => screenText(page, '#one')).toBe('ready');
  await expect.poll(() => screenText(page, '#two')).toBe('ready');
  expect(page.workers()).toHaveLength(2);
  await page.locator('#one').evaluate((element: VmConsole) => element.sendText('1'));
  await page.locator('#two').evaluate((element: VmConsole) => element.sendText('2'));
  await expect.poll(() => screenText(page, '#one')).toBe('ready\n[1]');
  await expect.poll(() => screenText(page, '#two')).toBe('ready\n[2]');
  await page.evaluate(() => document.querySelector('#one')?.remove());
  await expect.poll(() => page.workers().length).toBe(1);
  await page.locator('#two').evaluate((element: VmConsole) => element.sendText('3'));
  await expect.poll(() => screenText(page, '#two')).toBe('ready\n[2][3]');
  await page.evaluate(() => document.body.replaceChildren());
  await expect.poll(() => page.workers().length).toBe(0);
});

test('a move within the document keeps the machine; removed and put back, it starts anew', async ({
  page,
  site,
}) => {
  await openEmptyPage(page, site.url, `<div id="there"></div>${markup('echo', 'autostart')}`);
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.locator('vm-console').evaluate((element: VmConsole) => {
    document.querySelector('#there')!.append(element);
  });
  await page.locator('vm-console').evaluate((element: VmConsole) => element.sendText('m'));
  await expect.poll(() => screenText(page)).toBe('ready\n[m]');
  await page.evaluate(async () => {
    const element = document.querySelector('vm-console')!;
    element.remove();
    await new Promise((resolve) => setTimeout(resolve, 0));
    document.body.append(element);
  });
  await expect.poll(() => screenText(page)).toBe('ready');
  await expect.poll(() => page.workers().length).toBe(1);
});

test('removal in the middle of loading leaves nothing behind', async ({ page, site }) => {
  await openEmptyPage(page, site.url);
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/images/echo.elf', async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  const requested = page.waitForRequest('**/images/echo.elf');
  await page.evaluate(
    (html) => document.body.insertAdjacentHTML('beforeend', html),
    markup('echo', 'autostart'),
  );
  await requested;
  await expect(page.getByRole('progressbar', { name: 'Preparing' })).toBeVisible();
  await page.evaluate(() => document.querySelector('vm-console')!.remove());
  release();
  await page.evaluate(
    (html) => document.body.insertAdjacentHTML('beforeend', html),
    markup('echo', 'autostart'),
  );
  await expect.poll(() => screenText(page)).toBe('ready');
  expect(page.workers()).toHaveLength(1);
});

test('loading can be cancelled and started again', async ({ page, site }) => {
  let held = true;
  await page.route('**/images/echo.elf', (route) => (held ? undefined : route.continue()));
  await openEmptyPage(page, site.url, markup('echo', 'autostart'));
  await expect(page.getByRole('heading', { name: 'Starting riscv64' })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  held = false;
  await page.getByRole('button', { name: 'Start riscv64' }).click();
  await expect.poll(() => screenText(page)).toBe('ready');
});

test('a guest that floods its console does not freeze the page and can be stopped', async ({
  page,
  site,
}) => {
  await openEmptyPage(page, site.url, markup('flood', 'autostart scrollback="100"'));
  await expect.poll(() => screenText(page)).toContain('0123456789');
  const received = () =>
    page
      .locator('vm-console')
      .evaluate((element: VmConsole) => (element as unknown as { received: number }).received);
  await page.locator('vm-console').evaluate((element: VmConsole) => {
    const count = element as unknown as { received: number };
    count.received = 0;
    element.serial.onData((bytes) => {
      count.received += bytes.length;
    });
  });
  const gap = await longestGap(page, () =>
    expect.poll(received, { timeout: 60_000 }).toBeGreaterThan(1_000_000),
  );
  expect(gap).toBeLessThan(FREEZE_MS);
  await page.getByRole('button', { name: 'Power off' }).click();
  await expect(page.getByRole('heading', { name: 'The machine is switched off' })).toBeVisible({
    timeout: 5000,
  });
  await expect.poll(() => page.workers().length).toBe(0);
});

test('a listener that digests nothing holds the guest back, and the guest can still be stopped', async ({
  page,
  site,
}) => {
  await openEmptyPage(page, site.url, markup('flood'));
  const element = page.locator('vm-console');
  await element.evaluate((console: VmConsole) => {
    const count = console as unknown as { received: number };
    count.received = 0;
    console.serial.onData((bytes) => {
      count.received += bytes.length;
      return new Promise(() => {});
    });
    return console.start();
  });
  const received = () =>
    element.evaluate((console: VmConsole) => (console as unknown as { received: number }).received);
  let before = -1;
  await expect
    .poll(async () => {
      const now = await received();
      const still = now === before;
      before = now;
      return still;
    })
    .toBe(true);
  expect(before).toBeGreaterThanOrEqual(65_536);
  expect(before).toBeLessThan(262_144);
  await page.getByRole('button', { name: 'Power off' }).click();
  await expect(page.getByRole('heading', { name: 'The machine is switched off' })).toBeVisible({
    timeout: 5000,
  });
});

test('a guest that spins can be paused and stopped', async ({ page, site }) => {
  await openEmptyPage(page, site.url, markup('spin', 'autostart'));
  await expect.poll(() => screenText(page)).toContain('spinning');
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(() => state(page)).toBe('paused');
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('button', { name: 'Power off' }).click();
  await expect(page.getByRole('heading', { name: 'The machine is switched off' })).toBeVisible({
    timeout: 5000,
  });
});

test('a guest that traps for ever gets a panel with its registers', async ({ page, site }) => {
  await openEmptyPage(page, site.url, markup('trap-loop', 'autostart'));
  await expect(page.getByRole('heading', { name: 'The guest is stuck' })).toBeVisible();
  await expect(page.getByRole('alert').locator('pre')).toContainText(/pc/i);
  expect(await screenText(page)).toBe('about to trap');
});

test('a worker that dies gets a panel, and trying again works', async ({ page, site }) => {
  await page.route(/\/entry-[^/]*\.js$/, (route) => route.abort());
  await openEmptyPage(page, site.url, markup('echo', 'autostart'));
  await expect(
    page.getByRole('heading', { name: 'The machine’s processor stopped unexpectedly' }),
  ).toBeVisible();
  expect(await page.locator('vm-console').evaluate((element: VmConsole) => element.failure?.code)).toBe(
    'worker-died',
  );
  await page.unroute(/\/entry-[^/]*\.js$/);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect.poll(() => screenText(page)).toBe('ready');
});

test('an attribute that cannot be read is named', async ({ page, site }) => {
  await openEmptyPage(page, site.url, '<vm-console arch="riscv64" memory="lots" autostart></vm-console>');
  await expect(page.getByRole('alert')).toContainText('Attribute memory: "lots" is not a memory size');
  await page.locator('vm-console').evaluate((element) => element.removeAttribute('arch'));
  await page.locator('vm-console').evaluate((element) => element.removeAttribute('memory'));
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('alert')).toContainText('Set the attribute arch');
});

test('a page may take the component from another site', async ({ page, site }) => {
  await page.route(`${site.builtUrl}**`, async (route) => {
    const response = await route.fetch();
    const headers = {
      ...response.headers(),
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    };
    await route.fulfill({ response, headers });
  });
  await openEmptyPage(page, site.url, markup('echo', 'autostart'), site.builtUrl);
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.locator('vm-console').evaluate((element: VmConsole) => element.sendText('x'));
  await expect.poll(() => screenText(page)).toBe('ready\n[x]');
});

test('a guest that draws for one size gets it, in a font that fills the element', async ({ page, site }) => {
  await openEmptyPage(
    page,
    site.url,
    markup('echo', 'autostart terminal-size="40x10" style="width: 900px; height: 500px"'),
  );
  await expect.poll(() => screenText(page)).toBe('ready');
  const size = () => page.locator('vm-console').evaluate((element: VmConsole) => element.terminalSize);
  const width = async () => (await page.locator('.xterm-screen').boundingBox())!.width;
  expect(await size()).toEqual({ columns: 40, rows: 10 });
  const before = await width();
  expect(before).toBeGreaterThan(600);
  await page.locator('vm-console').evaluate((element: VmConsole) => {
    element.style.width = '450px';
  });
  await expect.poll(width).toBeLessThan(450);
  expect(await size()).toEqual({ columns: 40, rows: 10 });
});
