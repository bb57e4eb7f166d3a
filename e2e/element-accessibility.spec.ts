/** `<vm-console>` in each of its states, light and dark, wide and narrow, held to axe's rules of accessibility. */
import type { Page } from 'playwright/test';
import type { VmConsole } from '../src/element/index.ts';
import { expectAccessible } from './support/axe.ts';
import { assembleGuest } from './support/images.ts';
import { openPc } from './support/own-pc.ts';
import { displayText, expect, openEmptyPage, screenText, test } from './support/site.ts';

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };

const machine = (kernel: string, more = ''): string =>
  `<vm-console arch="riscv64" bios="none" memory="64" theme="auto" kernel="images/${kernel}.elf" ${more}></vm-console>`;

async function check(page: Page, state: string): Promise<void> {
  for (const size of [WIDE, NARROW]) {
    await page.setViewportSize(size);
    await expectAccessible(page, `${state}, ${size.width} pixels wide`, 'vm-console');
  }
}

const more = (page: Page) => page.getByRole('button', { name: 'More', exact: true });

test('axe finds nothing wrong from the start button to the end of a machine', async ({ page, site }) => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/images/echo.elf', async (route) => {
    await held;
    await route.continue();
  });
  await openEmptyPage(page, site.url, machine('echo', 'label="Echo"'));
  await check(page, 'created');
  await page.getByRole('button', { name: 'Start Echo' }).click();
  await expect(page.getByRole('progressbar').first()).toBeVisible();
  await check(page, 'loading');
  release();
  await expect.poll(() => screenText(page)).toBe('ready');
  await more(page).click();
  await check(page, 'the menu');
  await page.getByRole('menuitemcheckbox', { name: 'Keys below the picture' }).click();
  await page.getByRole('button', { name: 'Fn' }).click();
  await page.getByRole('button', { name: 'Ctrl', exact: true }).click();
  await page.getByRole('button', { name: 'Alt', exact: true }).dblclick();
  await check(page, 'the keys');
  await page.getByRole('button', { name: 'Pause' }).click();
  await check(page, 'paused');
  await page.getByRole('button', { name: 'Power off' }).click();
  await expect(page.getByRole('heading', { name: 'The machine is switched off' })).toBeVisible();
  await check(page, 'ended');
});

test('axe finds nothing wrong with failures, panics and hints', async ({ page, site }) => {
  assembleGuest('panic', site.images);
  await openEmptyPage(page, site.url, machine('panic', 'autostart'));
  await expect(page.getByRole('alert')).toContainText('The guest’s kernel has panicked');
  await check(page, 'a panic');
  await page.evaluate(() => {
    window.open = () => null;
  });
  await more(page).click();
  await page.getByRole('menuitem', { name: 'Window of its own' }).click();
  await expect(page.getByText('The browser has blocked the window')).toBeVisible();
  await check(page, 'a hint');
  await openEmptyPage(page, site.url, machine('trap-loop', 'autostart'));
  await expect(page.getByRole('heading', { name: 'The guest is stuck' })).toBeVisible();
  await check(page, 'a failure');
});

test('axe finds nothing wrong with screen and terminal side by side, their menu, and a window of its own', async ({
  page,
  site,
}, info) => {
  await openPc(page, site, info.outputDir, 'theme="auto"');
  await check(page, 'a screen');
  await page.locator('vm-console').evaluate((element: VmConsole) => {
    element.view = 'both';
  });
  await more(page).click();
  await check(page, 'the menu of a screen');
  await page.keyboard.press('Escape');
  await page.setViewportSize(WIDE);
  const opened = page.waitForEvent('popup');
  await more(page).click();
  await page.getByRole('menuitem', { name: 'Window of its own' }).click();
  const own = await opened;
  await expect(own.getByRole('application')).toBeVisible();
  await check(page, 'the page without its machine');
  await check(own, 'a window of its own');
});

test('a keyboard gets through a machine’s life, with a toolbar that is narrow and without one', async ({
  page,
  site,
}) => {
  let held = true;
  await page.route('**/images/echo.elf', (route) => (held ? undefined : route.continue()));
  await page.setViewportSize(NARROW);
  await openEmptyPage(page, site.url, `${machine('echo', 'label="Echo"')}<a href="#after">After</a>`);
  const said = page.locator('vm-console').getByRole('status');
  const start = page.getByRole('button', { name: 'Start Echo' });
  await start.focus();
  await page.keyboard.press('Enter');
  // The panel that took the button's place has the keyboard.
  await expect(said).toHaveText('Echo: Starting…');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(start).toBeFocused();
  held = false;
  await page.keyboard.press('Enter');
  await expect.poll(() => screenText(page)).toBe('ready');
  await expect(said).toHaveText('Echo: Running');
  await page.keyboard.press('a');
  await expect.poll(() => screenText(page)).toBe('ready\n[a]');
  // Each button that is to be seen, and no other.
  await page.keyboard.press('Control+F6');
  const buttons = page.getByRole('toolbar').getByRole('button');
  const count = await buttons.count();
  for (let i = 1; i < count; i++) {
    await page.keyboard.press('ArrowRight');
    await expect(buttons.nth(i)).toBeFocused();
  }
  await expect(more(page)).toBeFocused();
  await page.locator('vm-console').evaluate((element) => element.setAttribute('toolbar', 'none'));
  await page.locator('vm-console').evaluate((element: VmConsole) => element.focus());
  await page.keyboard.press('Control+F6');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'After' })).toBeFocused();
});

test('a screen reader finds the terminal’s lines where it is wanted, and is told of a screen’s while it is there', async ({
  page,
  site,
}, info) => {
  await openEmptyPage(page, site.url, machine('echo', 'autostart screen-reader'));
  const lines = page.locator('vm-console .xterm-accessibility').getByRole('listitem');
  await expect(lines.first()).toHaveText('ready');
  await more(page).click();
  await page.getByRole('menuitemcheckbox', { name: 'Screen readers read the terminal' }).click();
  await expect(lines).toHaveCount(0);
  await openPc(page, site, info.outputDir);
  const told = page.locator('vm-console .screen .spoken');
  await expect(told).toBeEmpty();
  await page.getByRole('application').focus();
  await expect(told).toContainText('A picture');
  await page.keyboard.type('snow');
  await expect.poll(() => displayText(page)).toContain('snow');
  // Who has left is told nothing, however late: longer than it would have taken.
  const later = await told.evaluate(async (node) => {
    (node.getRootNode() as ShadowRoot).querySelector<HTMLElement>('.screen')!.blur();
    node.textContent = '';
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return node.textContent;
  });
  expect(later).toBe('');
});

test('where the system forces its colours, states and choices are still told apart', async ({
  page,
  site,
}) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await openEmptyPage(page, site.url, machine('echo', 'autostart'));
  await expect.poll(() => screenText(page)).toBe('ready');
  const background = (selector: string) =>
    page.locator(`vm-console ${selector}`).evaluate((node) => getComputedStyle(node).backgroundColor);
  const plain = await background('.toolbar');
  const running = await background('.dot');
  expect(running).not.toBe(plain);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(() => background('.dot')).not.toBe(running);
  expect(await background('.dot')).not.toBe(plain);
  await page.getByRole('button', { name: 'Resume' }).click();
  await more(page).click();
  await page.getByRole('menuitemcheckbox', { name: 'Keys below the picture' }).click();
  await page.getByRole('button', { name: 'Ctrl', exact: true }).click();
  expect(await background('.control')).not.toBe(await background('.alt'));
  // The guest's colours are its own.
  const cell = page.locator('vm-console .xterm-rows > div').first();
  expect(await cell.evaluate((node) => getComputedStyle(node).color)).toBe('rgb(28, 38, 54)');
});
