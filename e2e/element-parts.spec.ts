/** Every part, state and custom property of `<vm-console>` that docs/vm-console.md lists, where it is to be seen. */
import type { Page } from 'playwright/test';
import type { VmConsole } from '../src/element/index.ts';
import { openPc } from './support/own-pc.ts';
import { assembleGuest } from './support/images.ts';
import { expect, openEmptyPage, screenText, test } from './support/site.ts';

const GUEST = 'arch="riscv64" bios="none" memory="64"';

/** Waits until all of these parts are there, shown or not. */
async function there(page: Page, parts: readonly string[]): Promise<void> {
  for (const part of parts) await expect(page.locator(`[part~="${part}"]`).first(), part).toBeAttached();
}

const matches = (page: Page, selector: string) =>
  expect
    .poll(() => page.locator('vm-console').evaluate((node, text) => node.matches(text), selector))
    .toBe(true);

test('parts and states through a machine’s life', async ({ page, site }) => {
  assembleGuest('panic', site.images);
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/images/echo.elf', async (route) => {
    await held;
    await route.continue();
  });
  await openEmptyPage(page, site.url, `<vm-console ${GUEST} kernel="images/echo.elf"></vm-console>`);
  await matches(page, ':state(created)');
  await there(page, [
    'frame',
    'stage',
    'terminal',
    'toolbar',
    'status-dot',
    'label',
    'status',
    'stats',
    'volume',
  ]);
  await there(page, [
    'button',
    'button-start',
    'button-reset',
    'button-power-off',
    'button-paste',
    'button-size',
  ]);
  await there(page, ['button-scale', 'button-screenshot', 'button-view', 'button-mute', 'button-fullscreen']);
  await there(page, ['button-menu', 'menu', 'panel', 'start-button', 'poster', 'leave-hint', 'keys', 'key']);
  await page.getByRole('button', { name: 'Start riscv64' }).click();
  await matches(page, ':state(loading)');
  await there(page, ['progress', 'panel-button']);
  release();
  await matches(page, ':state(running)');
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await there(page, ['menu-item']);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Pause' }).click();
  await matches(page, ':state(paused)');
  await page.getByRole('button', { name: 'Power off' }).click();
  await matches(page, ':state(stopped)');
  await there(page, ['ended']);
  await page.locator('vm-console').evaluate(async (console: VmConsole) => {
    console.configure({ kernel: 'images/panic.elf' });
    await console.start();
  });
  await there(page, ['banner', 'panic']);
  const opened = page.waitForEvent('popup');
  await page.locator('vm-console').evaluate((console: VmConsole) => console.popOut());
  await opened;
  await there(page, ['away']);
  await page.getByRole('button', { name: 'Bring it back' }).click();
  await page.locator('vm-console').evaluate((console: VmConsole) => {
    console.configure({ kernel: 'images/trap-loop.elf' });
    return console.destroy().then(() => console.start());
  });
  await matches(page, ':state(error)');
  await there(page, ['failure', 'failure-message', 'failure-advice', 'failure-more']);
});

test('parts of a screen, of a text that is typed, and of a hint', async ({ page, site }, info) => {
  await openPc(page, site, info.outputDir);
  await there(page, ['screen', 'screen-notice']);
  await page.evaluate(() => navigator.clipboard.writeText('x'.repeat(4000)));
  await page.getByRole('button', { name: /^Type what was copied/ }).click();
  await there(page, ['typing']);
  await page.evaluate(() => {
    window.open = () => null;
  });
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Window of its own' }).click();
  await there(page, ['hint']);
});

/** Where each custom property is to be seen: selectors in the shadow tree, and a property of their style. */
const SEEN = {
  '--vm-console-background': ['.xterm-scrollable-element', 'background-color'],
  '--vm-console-chrome': ['.toolbar', 'background-color'],
  '--vm-console-accent': ['.primary', 'background-color'],
  '--vm-console-on-accent': ['.primary', 'color'],
} as const;

test('custom properties colour what they are for', async ({ page, site }) => {
  const colours = Object.keys(SEEN).map((name, i) => `${name}: rgb(${i + 1}, 20, 30);`);
  const sizes =
    '--vm-console-font-family: serif; --vm-console-font-size: 20px; --vm-console-line-height: 1.5; --vm-console-ui-font: cursive; --vm-console-radius: 3px; --vm-console-split: 30%; --vm-console-screen: rgb(50, 60, 70);';
  await openEmptyPage(
    page,
    site.url,
    `<vm-console ${GUEST} kernel="images/echo.elf" style="${colours.join(' ')} ${sizes} width: 1000px" devices="bochs-display" view="both" min-columns="20" min-rows="5" autostart></vm-console>`,
  );
  await expect.poll(() => screenText(page)).toBe('ready');
  const style = (selector: string, property: string) =>
    page
      .locator(selector === '' ? 'vm-console' : `vm-console ${selector}`)
      .first()
      .evaluate((node, name) => getComputedStyle(node).getPropertyValue(name), property);
  expect(await style('.frame', 'font-family')).toBe('cursive');
  expect(await style('', 'border-radius')).toBe('3px');
  expect(await style('.screen', 'background-color')).toBe('rgb(50, 60, 70)');
  expect((await page.locator('vm-console .screen').boundingBox())!.width).toBeCloseTo(300, 0);
  expect([await style('.xterm-rows', 'font-family'), await style('.xterm-rows', 'font-size')]).toEqual([
    'serif',
    '20px',
  ]);
  const rows = (await page.locator('vm-console .xterm-screen').boundingBox())!.height;
  const { rows: count } = (await page
    .locator('vm-console')
    .evaluate((node: VmConsole) => node.terminalSize))!;
  // No font is lower than its size.
  expect(rows / count).toBeGreaterThanOrEqual(1.5 * 20);
  await page.locator('vm-console').evaluate((console: VmConsole) => console.powerOff());
  for (const [i, [selector, property]] of Object.values(SEEN).entries())
    expect(await style(selector, property), selector).toBe(`rgb(${i + 1}, 20, 30)`);
});
