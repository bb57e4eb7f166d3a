/** What `<vm-console>` holds of its page: nothing any more once it was removed, however often it comes and goes. */
import type { CDPSession, Page } from 'playwright/test';
import type { VmConsole } from '../src/element/index.ts';
import { expect, openEmptyPage, test } from './support/site.ts';
import { toneFirmware } from './support/tone-guest.ts';

const FIRMWARE = [...toneFirmware()];
const MARKUP = '<vm-console arch="i386" memory="4" view="both" theme="auto" follow-size></vm-console>';

/** What nothing is left of without an element on the page. */
const GONE = [
  'Worker',
  'WebAssembly.Memory',
  'AudioContext',
  'GPUDevice',
  'GPUCanvasContext',
  'OffscreenCanvas',
  'ResizeObserver',
  'IntersectionObserver',
] as const;
/** What the page and its test have some of, too. */
const KEPT = ['MutationObserver', 'MediaQueryList'] as const;

/** How many objects are alive that have what the expression gives as their prototype; garbage is collected first. Chromium keeps a closed AudioContext for a while. */
async function count(cdp: CDPSession, prototype: string): Promise<number> {
  const objectGroup = 'count';
  const { result } = await cdp.send('Runtime.evaluate', { expression: prototype, objectGroup });
  const { objects } = await cdp.send('Runtime.queryObjects', {
    prototypeObjectId: result.objectId!,
    objectGroup,
  });
  const { result: length } = await cdp.send('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: 'function () { return this.filter(({ state }) => state !== "closed").length; }',
    returnByValue: true,
  });
  await cdp.send('Runtime.releaseObjectGroup', { objectGroup });
  return length.value;
}

async function counts(cdp: CDPSession, names: readonly string[]): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const name of names) found[name] = await count(cdp, `${name}.prototype`);
  return found;
}

/** What must not grow: elements, observers, and what the browser counts itself. */
async function kept(cdp: CDPSession): Promise<Record<string, number>> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const own = metrics.filter(({ name }) =>
    ['JSEventListeners', 'Nodes', 'Documents', 'Frames'].includes(name),
  );
  return {
    elements: await count(cdp, `customElements.get('vm-console').prototype`),
    ...(await counts(cdp, KEPT)),
    ...Object.fromEntries(own.map(({ name, value }) => [name, value])),
  };
}

async function inspect(page: Page): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  await cdp.send('HeapProfiler.enable');
  return cdp;
}

const machine = (page: Page) => page.locator('vm-console');

/** Starts a machine with a screen, a serial console and a sound, uses each, and waits until it plays. */
async function play(page: Page): Promise<void> {
  await machine(page).evaluate(async (element: VmConsole, bios) => {
    element.configure({ bios: new Uint8Array(bios) });
    await element.start();
  }, FIRMWARE);
  await page.getByRole('application').focus();
  await page.keyboard.press('a');
  await machine(page).evaluate((element: VmConsole) => element.sendText('1'));
  await expect.poll(() => machine(page).evaluate((element: VmConsole) => element.soundState)).toBe('playing');
}

async function popOutAndIn(page: Page): Promise<void> {
  const opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Window of its own' }).click();
  await (await opened).close();
  await expect(page.getByRole('application')).toBeVisible();
}

/** One class after the other: each look at the heap collects its garbage, which takes long. */
async function nothingLeft(cdp: CDPSession): Promise<void> {
  for (const name of GONE)
    await expect.poll(() => count(cdp, `${name}.prototype`), { message: name, timeout: 60_000 }).toBe(0);
}

test('elements that come and go leave no worker, sound, picture, observer, listener or node behind', async ({
  page,
  site,
}) => {
  await openEmptyPage(page, site.url);
  const cdp = await inspect(page);
  let first: Record<string, number> | null = null;
  for (let round = 0; round < 2; round++) {
    await page.evaluate((html) => document.body.insertAdjacentHTML('beforeend', html), MARKUP);
    await play(page);
    await popOutAndIn(page);
    if (round === 0) {
      const { Worker, AudioContext } = await counts(cdp, ['Worker', 'AudioContext']);
      expect([Worker, AudioContext]).toEqual([1, 1]);
    }
    await machine(page).evaluate((element) => element.remove());
    await nothingLeft(cdp);
    first ??= await kept(cdp);
  }
  await expect.poll(() => kept(cdp)).toEqual({ ...first, elements: 0 });
});

test('an element that is removed, put back, started and destroyed again and again holds what it held the first time', async ({
  page,
  site,
}) => {
  await openEmptyPage(page, site.url, MARKUP);
  const cdp = await inspect(page);
  let first: Record<string, number> | null = null;
  for (let round = 0; round < 2; round++) {
    await play(page);
    if (round === 1) {
      await machine(page).evaluate((element: VmConsole) => element.destroy());
      await play(page);
    }
    const element = await machine(page).evaluateHandle((node) => {
      node.remove();
      return node;
    });
    await nothingLeft(cdp);
    first ??= await kept(cdp);
    if (round === 1) await expect.poll(() => kept(cdp)).toEqual({ ...first, elements: 1 });
    await element.evaluate((node) => document.body.append(node));
    await element.dispose();
  }
});
