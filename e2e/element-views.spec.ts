/** `<vm-console>`: its views, menu, zoom, screens, keys on the screen, looks, slots, and its window. */
import type { Page } from 'playwright/test';
import type { VmConsole } from '../src/element/index.ts';
import { openPc } from './support/own-pc.ts';
import { pngPixels } from './support/png.ts';
import { displayText, expect, openEmptyPage, screenText, test } from './support/site.ts';

const STARTED = { timeout: 40_000 };

const echo = (more = '', inside = ''): string =>
  `<vm-console arch="riscv64" bios="none" memory="64" kernel="images/echo.elf" ${more}>${inside}</vm-console>`;

/** Chooses an item of the element's menu. */
async function choose(page: Page, role: 'menuitemradio' | 'menuitemcheckbox' | 'menuitem', name: string) {
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole(role, { name, exact: true }).click();
}

const element = (page: Page) => page.locator('vm-console');

const boxes = async (page: Page) => ({
  screen: (await page.locator('vm-console').getByRole('application').boundingBox())!,
  terminal: (await page.locator('vm-console .xterm').boundingBox())!,
});

test('screen and serial console stand side by side, or one above the other where it is narrow, and both take keys', async ({
  page,
  site,
}, info) => {
  await openPc(page, site, info.outputDir, 'style="height: 500px"');
  await choose(page, 'menuitemradio', 'Side by side');
  expect(await element(page).evaluate((console: VmConsole) => console.view)).toBe('both');
  await expect(async () => {
    const { screen, terminal } = await boxes(page);
    expect(terminal.x).toBeGreaterThanOrEqual(screen.x + screen.width);
    expect(terminal.height).toBeGreaterThan(300);
  }).toPass();
  await page.getByRole('application').focus();
  await page.keyboard.type('snow');
  await expect.poll(() => displayText(page)).toContain('snow');
  await element(page).evaluate((console: VmConsole & { heard: string }) => {
    console.heard = '';
    const { serial } = console.vm!;
    const { write } = serial;
    serial.write = (data) => {
      console.heard += data;
      write.call(serial, data);
    };
  });
  await page.locator('vm-console .xterm').click();
  await page.keyboard.type('hello');
  await expect
    .poll(() => element(page).evaluate((console: VmConsole & { heard: string }) => console.heard))
    .toBe('hello');
  expect(await displayText(page)).not.toContain('hello');
  await page.setViewportSize({ width: 420, height: 800 });
  await expect(async () => {
    const { screen, terminal } = await boxes(page);
    expect(terminal.y).toBeGreaterThanOrEqual(screen.y + screen.height);
  }).toPass();
  await expect(element(page)).toHaveAttribute('view', 'both');
  await element(page).evaluate((console) => console.setAttribute('view', 'serial'));
  await expect(page.getByRole('application')).toBeHidden();
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole('button', { name: 'Show the screen' }).click();
  await expect(element(page)).toHaveAttribute('view', 'screen');
  await page.getByRole('button', { name: 'Scaling' }).click();
  await expect(element(page)).toHaveAttribute('scaling', 'fit');
  expect(await element(page).evaluate((console: VmConsole) => console.screen!.scaling)).toBe('fit');
});

test('a zoomed picture has that size, can be scrolled, and the pointer’s place is right', async ({
  page,
  site,
}, info) => {
  await openPc(page, site, info.outputDir, 'style="height: 400px; width: 700px"');
  const picture = page.locator('vm-console .picture');
  const fitted = (await picture.boundingBox())!;
  expect(fitted.width).toBeLessThanOrEqual(700);
  await choose(page, 'menuitemradio', '200 %');
  await expect(element(page)).toHaveAttribute('zoom', '2');
  await expect.poll(async () => (await picture.boundingBox())!.width).toBe(1440);
  const seen = await element(page).evaluate((console: VmConsole) => {
    const { screen } = console;
    const { element } = screen!;
    element.scrollLeft = 300;
    const { left, top } = element.getBoundingClientRect();
    return screen!.guestPoint(new MouseEvent('click', { clientX: left + 100, clientY: top + 40 }));
  });
  expect(seen).toEqual({ x: 200, y: 20 });
  await element(page).evaluate((console) => console.setAttribute('zoom', '50%'));
  await expect.poll(async () => (await picture.boundingBox())!.width).toBe(360);
  await element(page).evaluate((console) => console.setAttribute('zoom', 'enormous'));
  await expect.poll(async () => (await picture.boundingBox())!.width).toBe(fitted.width);
});

test('each of a machine’s screens can be chosen, in the menu and by attribute', async ({ page, site }) => {
  await openEmptyPage(
    page,
    site.url,
    echo('devices="virtio-gpu-pci,max_outputs=2 bochs-display" view="screen" console="1" autostart'),
  );
  await expect.poll(() => screenText(page), STARTED).toBe('ready');
  const now = () =>
    element(page).evaluate((console: VmConsole) => [console.console, console.vm!.screen!.console]);
  expect(await now()).toEqual([1, 1]);
  await page.getByRole('button', { name: 'More', exact: true }).click();
  const screens = page.getByRole('group', { name: 'Screen', exact: true }).getByRole('menuitemradio');
  await expect(screens).toHaveCount(3);
  await expect(screens.nth(1)).toHaveAttribute('aria-checked', 'true');
  await screens.nth(2).click();
  expect(await now()).toEqual([2, 2]);
  await element(page).evaluate((console: VmConsole) => {
    console.console = 0;
  });
  expect(await now()).toEqual([0, 0]);
});

test('underscores are seen at the size of text that the terminal has by itself', async ({ page, site }) => {
  await openEmptyPage(page, site.url, echo('autostart'));
  await expect.poll(() => screenText(page)).toBe('ready');
  const send = (text: string) =>
    element(page).evaluate((console: VmConsole, sent) => console.sendText(sent), text);
  const light = async () => {
    const { rgb } = pngPixels(await page.locator('vm-console .xterm-rows').screenshot());
    return rgb.reduce((sum, value) => sum + value, 0);
  };
  // The guest answers with brackets around what it hears.
  const ready = await light();
  await send('    ');
  await expect.poll(() => screenText(page)).toContain('[ ][ ][ ][ ]');
  const blanks = await light();
  await send('____');
  await expect.poll(() => screenText(page)).toContain('[_][_][_][_]');
  // Each is some eight pixels wide, a pixel has three values, and the letters are pale.
  await expect.poll(light).toBeGreaterThan(blanks + (blanks - ready) + 4 * 6 * 3 * 50);
});

test('the menu is used with keys, and Escape leads back to its button', async ({ page, site }) => {
  await openEmptyPage(page, site.url, echo('autostart'));
  await expect.poll(() => screenText(page)).toBe('ready');
  await element(page).evaluate((console: VmConsole) => console.focus());
  await expect(page.getByText('Ctrl+F6 leaves')).toBeAttached();
  await page.keyboard.press('Control+F6');
  await page.keyboard.press('End');
  const button = page.getByRole('button', { name: 'More', exact: true });
  await expect(button).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(button).toHaveAttribute('aria-expanded', 'true');
  await page.keyboard.press('End');
  await page.keyboard.press('Home');
  await expect(page.getByRole('menuitemcheckbox', { name: 'Keys below the picture' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(button).toBeFocused();
  await expect(button).toHaveAttribute('aria-expanded', 'false');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('group', { name: 'Keys' })).toBeVisible();
});

test('modifiers stick for one key, or until they are tapped again', async ({ page, site }) => {
  await openEmptyPage(page, site.url, echo('autostart'));
  await expect.poll(() => screenText(page)).toBe('ready');
  await element(page).evaluate((console: VmConsole & { heard: string }) => {
    console.heard = '';
    const { serial } = console.vm!;
    serial.write = (data) => {
      console.heard += data;
    };
  });
  const heard = () => element(page).evaluate((console: VmConsole & { heard: string }) => console.heard);
  await choose(page, 'menuitemcheckbox', 'Keys below the picture');
  const key = (name: string) => page.getByRole('button', { name, exact: true });
  await element(page).evaluate((console: VmConsole) => console.focus());
  await key('Ctrl').click();
  await expect(key('Ctrl')).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.type('cc');
  await expect.poll(heard).toBe('\x03c');
  await key('Alt').dblclick();
  await page.keyboard.type('x');
  await key('Up').click();
  await expect.poll(heard).toBe('\x03c\x1bx\x1b[1;3A');
  await key('Alt').click();
  await key('Shift').click();
  await key('Tab').click();
  await key('Fn').click();
  await key('F5').click();
  await expect.poll(heard).toBe('\x03c\x1bx\x1b[1;3A\x1b[Z\x1b[15~');
});

test('theme, custom properties, parts, states and slots reach what they are for', async ({ page, site }) => {
  await openEmptyPage(
    page,
    site.url,
    `<style>
      vm-console { --vm-console-red: rgb(1, 2, 3); }
      vm-console::part(toolbar) { border-bottom: 5px solid rgb(4, 5, 6); }
      vm-console:state(running) { outline: 3px solid rgb(7, 8, 9); }
    </style>` +
      echo(
        'theme="light" label="Themed"',
        `<img slot="poster" alt="A poster" src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>">
         <button slot="start">Go!</button><a slot="toolbar" href="#help">Help</a><p slot="overlay">Look here</p><em>not shown</em>`,
      ),
  );
  await expect(page.getByRole('img', { name: 'A poster' })).toBeVisible();
  await expect(page.getByRole('group', { name: 'Machine: Themed' })).toBeVisible();
  await expect(page.getByText('not shown')).toBeHidden();
  await page.getByRole('button', { name: 'Go!' }).click();
  await expect.poll(() => screenText(page)).toBe('ready');
  await expect(page.getByRole('img', { name: 'A poster' })).toBeHidden();
  await expect(page.getByText('Look here')).toBeVisible();
  const bar = (await page.getByRole('toolbar').boundingBox())!;
  const link = (await page.getByRole('link', { name: 'Help' }).boundingBox())!;
  expect(link.y + link.height).toBeLessThan(bar.y + bar.height);
  const colour = (selector: string, property: string) =>
    page.locator(selector).evaluate((node, name) => getComputedStyle(node).getPropertyValue(name), property);
  expect(await colour('vm-console .toolbar', 'border-bottom-color')).toBe('rgb(4, 5, 6)');
  expect(await colour('vm-console', 'outline-color')).toBe('rgb(7, 8, 9)');
  const terminal = () => colour('vm-console .xterm-scrollable-element', 'background-color');
  expect(await terminal()).toBe('rgb(251, 252, 254)');
  await element(page).evaluate((console) => console.setAttribute('theme', 'auto'));
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect.poll(terminal).toBe('rgb(11, 18, 32)');
  await page.emulateMedia({ colorScheme: 'light' });
  await expect.poll(terminal).toBe('rgb(251, 252, 254)');
});

test('the machine goes into a window of its own, works there, and comes back', async ({
  page,
  site,
}, info) => {
  await openPc(page, site, info.outputDir, 'label="A PC" style="--vm-console-chrome: rgb(10, 20, 30)"');
  await page.evaluate(() => {
    const rule = (colour: string): string => `vm-console::part(status) { outline-color: ${colour}; }`;
    const [adopted, disabled] = [new CSSStyleSheet(), document.createElement('style')];
    adopted.replaceSync(rule('rgb(1, 2, 3)'));
    document.adoptedStyleSheets.push(adopted);
    disabled.textContent = rule('rgb(9, 9, 9) !important');
    document.head.append(disabled);
    disabled.sheet!.disabled = true;
  });
  const opened = page.waitForEvent('popup');
  await choose(page, 'menuitem', 'Window of its own');
  const own = await opened;
  expect(await own.title()).toBe('A PC');
  await expect(page.getByText('The machine is in a window of its own.')).toBeVisible();
  await own.getByRole('application').focus();
  await own.keyboard.type('snow');
  await expect.poll(() => displayText(page)).toContain('snow');
  // Letters are drawn there, and as large as the window allows.
  await own.setViewportSize({ width: 1000, height: 700 });
  const picture = own.locator('.picture');
  await expect.poll(async () => (await picture.boundingBox())!.width).toBeGreaterThan(900);
  const lit = async () => {
    const { rgb } = pngPixels(await picture.screenshot());
    return rgb.filter((value) => value > 150).length;
  };
  await expect.poll(lit).toBeGreaterThan(1000);
  const before = await lit();
  await own.keyboard.type('some of us and all in one column');
  await expect.poll(lit).toBeGreaterThan(before);
  const chrome = () => own.getByRole('toolbar').evaluate((bar) => getComputedStyle(bar).backgroundColor);
  expect(await chrome()).toBe('rgb(10, 20, 30)');
  expect(
    await own.locator('vm-console .status').evaluate((status) => getComputedStyle(status).outlineColor),
  ).toBe('rgb(1, 2, 3)');
  // The page changes its colours meanwhile, on something around the element.
  await page.evaluate(() => {
    document.querySelector('vm-console')!.style.removeProperty('--vm-console-chrome');
    document.documentElement.style.setProperty('--vm-console-chrome', 'rgb(30, 20, 10)');
  });
  await expect.poll(chrome).toBe('rgb(30, 20, 10)');
  await own.getByRole('button', { name: 'Show the serial console' }).click();
  await expect(own.locator('.xterm')).toBeVisible();
  await own.getByRole('button', { name: 'Show the screen' }).click();
  await own.close();
  await expect(page.getByRole('application')).toBeVisible();
  expect(await element(page).evaluate((console: VmConsole) => [console.poppedOut, console.state])).toEqual([
    false,
    'running',
  ]);
  await page.getByRole('application').focus();
  await page.keyboard.type(' and home');
  await expect.poll(() => displayText(page)).toContain(' and home');
});

test('removal closes the window, a blocked window is said, and the page’s button brings it back', async ({
  page,
  site,
}) => {
  await openEmptyPage(page, site.url, echo('autostart'));
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.evaluate(() => {
    const { open } = window;
    window.open = () => {
      window.open = open;
      return null;
    };
  });
  await choose(page, 'menuitem', 'Window of its own');
  await expect(
    page.getByRole('status').filter({ hasText: 'The browser has blocked the window' }),
  ).toBeVisible();
  let opened = page.waitForEvent('popup');
  await choose(page, 'menuitem', 'Window of its own');
  let own = await opened;
  await own.locator('.xterm').click();
  await own.keyboard.type('w');
  await expect.poll(() => screenText(page)).toBe('ready\n[w]');
  let closed = own.waitForEvent('close');
  await page.getByRole('button', { name: 'Bring it back' }).click();
  await closed;
  await page.locator('vm-console .xterm').click();
  await page.keyboard.type('p');
  await expect.poll(() => screenText(page)).toBe('ready\n[w][p]');
  opened = page.waitForEvent('popup');
  await choose(page, 'menuitem', 'Window of its own');
  own = await opened;
  closed = own.waitForEvent('close');
  await element(page).evaluate((console) => console.remove());
  await closed;
  await expect.poll(() => page.workers().length).toBe(0);
});
