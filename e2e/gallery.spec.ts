/** The gallery: its calendar, when doors open, what is behind them, and what is said when something is missing. */
import type { Page } from 'playwright/test';
import { expectAccessible } from './support/axe.ts';
import { testDoors } from './support/doors.ts';
import { expect, screenText, test } from './support/site.ts';

/** A gallery of the test's own: its machines are the small ones of the test's list. */
const DOORS = [
  {
    ...{ number: 1, slug: 'echo', title: 'Echo', image: 'echo', imageTitle: 'Echo', story: 'It answers.' },
    ready: 'ready',
    try: [
      { text: 'Say a', type: 'a' },
      { text: 'Say b', type: 'b', ready: '\\[a\\]$' },
      { text: 'Begin', type: 'c', ready: 'ready$', reset: true },
      { text: 'Run d e', type: 'd e\n', ready: 'ready[^]*$' },
    ],
    options: { m: '128' },
    picture: '01-snowfall/picture.svg',
  },
  {
    ...{ number: 2, slug: 'flood', title: 'Flood', image: 'flood', imageTitle: 'Flood', story: 'It writes.' },
    ready: 'never shown',
    try: [{ text: 'Look' }, { text: 'Stop it', type: 's' }],
    picture: '01-snowfall/picture.svg',
  },
  {
    ...{
      number: 3,
      slug: 'none',
      title: 'Not built',
      image: 'none',
      imageTitle: 'None',
      story: 'It is away.',
    },
    try: [{ text: 'Look' }, { text: 'Listen' }],
    picture: '01-snowfall/picture.svg',
  },
  {
    ...{ number: 4, slug: 'large', title: 'Large', image: 'echo', imageTitle: 'Echo', story: 'It is large.' },
    try: [{ text: 'Look' }, { text: 'Listen' }],
    options: { m: '1024' },
    picture: '01-snowfall/picture.svg',
  },
];

async function openGallery(page: Page, url: string, now: Date, address = '?gallery'): Promise<void> {
  await page.route('**/gallery/index.json', (route) => route.fulfill({ json: { doors: DOORS } }));
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.clock.install({ time: now });
  await page.goto(`${url}${address}`);
}

/** A machine starts: on a machine that does other things too, that takes its time. */
const LONG = { timeout: 60_000 };

const shows = (page: Page, text: string, selector?: string) =>
  expect.poll(() => screenText(page, selector), LONG).toContain(text);

const state = (page: Page, door: number) => page.locator(`li:has([data-door="${door}"])`);
const doors = (page: Page, name: string) => page.locator(`[data-state="${name}"]`);

test('doors open by date, at midnight too; in November none, in spring all; a closed one says when', async ({
  page,
  site,
}) => {
  await openGallery(page, site.url, new Date(2026, 10, 22, 12));
  await expect(page.getByText('In 9 days the first of 24 doors opens.')).toBeVisible();
  await expect(doors(page, 'closed')).toHaveCount(24);
  const second = page.getByRole('link', { name: 'Door 2, closed: it opens on 2 December, in 10 days' });
  await second.click();
  await expect(page.getByRole('status')).toHaveText(/it opens on 2 December, in 10 days\.$/);
  await expect(page).toHaveURL(/\?gallery$/);
  await page.clock.setSystemTime(new Date(2026, 11, 1, 12));
  await page.reload();
  await expect(doors(page, 'closed')).toHaveCount(23, LONG);
  await expect(state(page, 1)).toHaveAttribute('data-today', '');
  await expect(page.getByRole('link', { name: "Door 1, today's, to be opened" })).toBeVisible();

  await page.goto(`${site.url}?door=2`);
  await expect(page.getByText('This door opens on 2 December, tomorrow.')).toBeVisible();
  await page.getByRole('link', { name: 'All doors' }).click();
  await expect(doors(page, 'closed')).toHaveCount(23);
  // The page is left open over midnight.
  await page.clock.fastForward('12:01:00');
  await expect(doors(page, 'closed')).toHaveCount(22);
  await expect(state(page, 2)).toHaveAttribute('data-state', 'ready');

  await page.clock.setSystemTime(new Date(2027, 3, 1));
  await page.reload();
  await expect(page.getByText('All 24 doors may be opened.')).toBeVisible();
  await expect(page.getByRole('switch')).toBeHidden();
  await expect(doors(page, 'ready')).toHaveCount(4);
  await expect(doors(page, 'empty')).toHaveCount(20);
});

test('a switch opens all doors at once, and is remembered; a door that was opened stays open and shows what was behind it', async ({
  page,
  site,
}) => {
  await openGallery(page, site.url, new Date(2026, 10, 22), '');
  await page.getByRole('link', { name: 'The advent calendar' }).click();
  await expect(page).toHaveTitle('Advent calendar · Snowglobe');
  const all = page.getByRole('switch', { name: 'Open all doors now' });
  await expect(all).not.toBeChecked();
  await all.click();
  await expect(all).toBeChecked();
  await expect(page.getByText('All 24 doors may be opened.')).toBeVisible();
  const door = page.getByRole('link', { name: 'Door 1, to be opened' });
  await door.focus();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\?door=1$/);
  await expect(page).toHaveTitle('Door 1: Echo · Snowglobe', LONG);
  await shows(page, 'ready');
  expect(await page.evaluate(() => document.querySelector('vm-console')?.config.memory)).toBe(128);
  await page.getByRole('button', { name: 'Say a' }).click();
  await shows(page, 'ready\n[a]');
  // The focus is in the terminal.
  await page.keyboard.type('b');
  await shows(page, 'ready\n[a][b]');

  // The picture that the door will show: letters on their ground.
  const picture = await page.evaluate(() => {
    const canvas = document.querySelector('vm-console')!.terminalPicture(160, 100)!;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, 160, 100);
    return { width: canvas.width, colors: new Set(new Uint32Array(data.buffer)).size };
  });
  expect(picture.width).toBe(160);
  expect(picture.colors).toBeGreaterThan(2);

  await page.goBack();
  await expect(state(page, 1)).toHaveAttribute('data-state', 'opened');
  await expect(state(page, 1).locator('img')).toHaveAttribute('src', /^blob:/);
  await expect.poll(() => page.workers().length).toBe(0);
  await expect(page.locator('[data-door="1"]')).toBeFocused();
  await page.reload();
  await expect(page.getByRole('switch')).toBeChecked();
  await expect(page.getByRole('link', { name: 'Door 1: Echo' })).toBeVisible();
  await expect(state(page, 1).locator('img')).toHaveAttribute('src', /^blob:/);
  await expect(state(page, 2)).toHaveAttribute('data-state', 'ready');
});

test('one machine runs at a time, unless the person keeps it running behind its door', async ({
  page,
  site,
}) => {
  await openGallery(page, site.url, new Date(2026, 11, 24), '?door=1');
  await shows(page, 'ready');
  await page.getByRole('button', { name: 'Keep it running' }).click();
  await page.getByRole('link', { name: 'All doors' }).click();
  await expect(page.getByRole('link', { name: 'Door 1: Echo (running)' })).toBeVisible();
  await page.locator('[data-door="2"]').click();
  await shows(page, '0123456789', '.room vm-console');
  expect(page.workers()).toHaveLength(2);
  await page.goBack();
  // The other one was not kept.
  await expect.poll(() => page.workers().length).toBe(1);
  await page.locator('[data-door="1"]').click();
  await page.getByRole('button', { name: 'Say a' }).click();
  await shows(page, 'ready\n[a]');
  await page.getByRole('link', { name: 'Open in the workshop' }).click();
  await expect(page).toHaveURL(/\?machine=echo&m=128$/);
  await shows(page, 'ready');
  await expect.poll(() => page.workers().length).toBe(1);
});

test('what is tried waits until the machine can hear it, after a reset too, and says why', async ({
  page,
  site,
}) => {
  await openGallery(page, site.url, new Date(2026, 11, 24), '?door=2');
  const stop = page.getByRole('button', { name: 'Stop it' });
  await shows(page, '0123456789');
  await expect(page.getByRole('heading', { name: 'Try starting…' })).toBeVisible();
  await expect(stop).toHaveAttribute('aria-disabled', 'true');
  await stop.dispatchEvent('click');
  await expect(page.getByText('The machine is starting; it would not hear this yet.')).toBeVisible();

  await page.goto(`${site.url}?door=1`);
  const a = page.getByRole('button', { name: 'Say a' });
  const b = page.getByRole('button', { name: 'Say b' });
  const begin = page.getByRole('button', { name: 'Begin' });
  await expect(a).toHaveAttribute('aria-disabled', 'false', LONG);
  await expect(page.getByRole('heading', { name: 'Try', exact: true })).toBeVisible();
  await expect(b).toHaveAttribute('aria-disabled', 'true');
  await b.dispatchEvent('click');
  await expect(page.getByText('Not now: it would go astray')).toBeVisible();
  await a.click();
  await expect(b).toHaveAttribute('aria-disabled', 'false');
  await b.click();
  await shows(page, 'ready\n[a][b]');
  // Nothing is reset while the machine hears something else.
  await expect(begin).toHaveAttribute('aria-disabled', 'true');
  await page.evaluate(() => document.querySelector('vm-console')!.reset());
  await expect(b).toHaveAttribute('aria-disabled', 'true');
  await expect(a).toHaveAttribute('aria-disabled', 'false', LONG);
  await begin.click();
  await shows(page, 'ready\n[c]');
  // A busy page was late for what passes: the machine starts once more.
  await page.evaluate(() => {
    const console = document.querySelector('vm-console')!;
    const { reset, screenshotText } = console;
    let resets = 0;
    console.reset = () => {
      resets++;
      return reset.call(console);
    };
    console.screenshotText = () => (resets < 2 ? 'past it' : screenshotText.call(console));
  });
  await begin.click();
  await expect(page.getByText('The machine starts again for it…')).toBeVisible();
  await page.clock.fastForward(21_000);
  await shows(page, 'ready\n[c]');
  await expect(page.getByText('The machine starts again for it…')).toBeHidden();
  // A shell that has said nothing since the command that it echoed, which its terminal broke.
  const run = page.getByRole('button', { name: 'Run d e' });
  const pretend = (text: string) =>
    page.evaluate((shown) => {
      document.querySelector('vm-console')!.screenshotText = () => shown;
    }, text);
  await pretend('ready# ');
  await run.click();
  await pretend('ready# d \ne\n');
  await expect(run).toHaveAttribute('aria-disabled', 'true');
  await pretend('ready# d \ne\nready# ');
  await expect(run).toHaveAttribute('aria-disabled', 'false');
  await page.getByRole('button', { name: 'Keep it running' }).click();
  await page.evaluate(() => document.querySelector('vm-console')!.powerOff());
  // There is nothing to be kept, nor to be tried.
  await expect(page.getByRole('button', { name: 'Keep it running' })).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Try switched off' })).toBeVisible();
  await page.getByRole('link', { name: 'All doors' }).click();
  await expect(page.getByRole('link', { name: 'Door 1: Echo', exact: true })).toBeVisible();
});

test('what is missing or wrong is said, with what to do', async ({ page, site }) => {
  await openGallery(page, site.url, new Date(2026, 11, 24), '?door=3');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('npm run images -- none');
  await page.route('**/images/index.json', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), coming: ['None'] } });
  });
  await page.reload();
  await expect(alert).toContainText('“None” is being built just now.');
  // It is there.
  await page.unroute('**/images/index.json');
  await page.route('**/images/index.json', async (route) => {
    const response = await route.fetch();
    const { machines } = (await response.json()) as { machines: { name: string }[] };
    const none = { ...machines.find(({ name }) => name === 'echo'), name: 'none', title: 'None' };
    await route.fulfill({ response, json: { machines: [...machines, none] } });
  });
  await page.clock.fastForward(5000);
  await shows(page, 'ready');

  for (const number of ['25', 'x']) {
    await page.goto(`${site.url}?door=${number}`);
    await expect(alert).toContainText(`There is no door “${number}”: they are numbered from 1 to 24.`);
  }
  await page.goto(`${site.url}?door=9`);
  await expect(page.getByText('There is nothing behind this door yet.')).toBeVisible();

  await page.route('**/images/index.json', (route) => route.fulfill({ status: 503 }));
  await page.goto(`${site.url}?door=3`);
  await expect(alert).toContainText('the server answered 503');
  await page.unroute('**/images/index.json');
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect(alert).toContainText('npm run images -- none');

  await page.route('**/gallery/index.json', (route) => route.fulfill({ status: 503 }));
  await page.goto(`${site.url}?gallery`);
  await expect(alert).toContainText('the server answered 503');
  await page.route('**/gallery/index.json', (route) => route.fulfill({ status: 404 }));
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect(alert).toContainText('This site has no list of its doors');
  await page.route('**/gallery/index.json', (route) => route.fulfill({ json: { doors: [{}] } }));
  await page.reload();
  await expect(alert).toContainText('cannot be read: an entry is no door');
  await page.unroute('**/gallery/index.json');
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect(page.getByRole('list', { name: 'Doors' })).toBeVisible();
});

test('a device with little memory is offered a smaller machine', async ({ page, site }) => {
  await page.addInitScript(() => {
    const { Memory } = WebAssembly;
    WebAssembly.Memory = new Proxy(Memory, {
      construct(target, [descriptor]) {
        // Pages of 64 KiB: a machine of 1 GB is too much.
        if (descriptor.initial > 16_000)
          throw new RangeError('WebAssembly.Memory(): could not allocate memory');
        return new target(descriptor);
      },
    });
  });
  await openGallery(page, site.url, new Date(2026, 11, 24), '?door=4');
  await expect(
    page.getByText('This machine has 1 GB of memory, more than the browser gives here.'),
  ).toBeVisible();
  await page.getByRole('button', { name: 'Try with 512 MB' }).click();
  await shows(page, 'ready');
  await expect(page.getByText('more than the browser gives here')).toBeHidden();
});

test('axe finds nothing wrong with the calendar and a door', async ({ page, site }) => {
  await openGallery(page, site.url, new Date(2026, 11, 2));
  await expect(page.getByRole('list', { name: 'Doors' })).toBeVisible();
  await expectAccessible(page, 'the calendar');
  await page.locator('[data-door="1"]').click();
  await shows(page, 'ready');
  await expectAccessible(page, 'a door');
  await page.goto(`${site.url}?door=5`);
  await expect(page.getByText('This door opens on 5 December')).toBeVisible();
  await expectAccessible(page, 'a door that is closed');
});

testDoors(false);
