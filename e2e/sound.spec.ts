/** The PC speaker as a person hears it: a guest of our own plays, the page's own audio graph is measured. */
import type { Page } from 'playwright/test';
import { expect, openEmptyPage, test } from './support/site.ts';
import { toneFirmware } from './support/tone-guest.ts';

const SELECTOR = 'vm-console';

/** A page with consoles whose machines wait for bytes. */
async function openConsoles(page: Page, url: string, count = 1, attributes = ''): Promise<void> {
  const one = `<vm-console arch="i386" memory="2" vga="none" ${attributes}></vm-console>`;
  await openEmptyPage(page, url, one.repeat(count));
  await page.evaluate(
    (bytes) => {
      for (const console of document.querySelectorAll('vm-console'))
        console.configure({ bios: new Uint8Array(bytes) });
    },
    [...toneFirmware()],
  );
}

const nth = (page: Page, index = 0) => page.locator(SELECTOR).nth(index);

/** Sends a byte to the guest, once it runs; it answers when it has obeyed. */
const tell = (page: Page, byte: string, index = 0): Promise<void> =>
  nth(page, index).evaluate(async (element: HTMLElementTagNameMap['vm-console'], text) => {
    while (element.state !== 'running') {
      await new Promise((resolve) => element.addEventListener('vm-state', resolve, { once: true }));
    }
    await new Promise<void>((resolve) => {
      const leave = element.serial.onData(() => {
        leave();
        resolve();
      });
      element.sendText(text);
    });
  }, byte);

const soundState = (page: Page, index = 0): Promise<string> =>
  nth(page, index).evaluate((element: HTMLElementTagNameMap['vm-console']) => element.soundState);

/**
 * What is heard now, for 0.34 s: its frequency in Hz, and the loudest sample. The frequency follows from the upward passages through 0, but for gaps: a guest that turns
 * the bit over by itself is not always there to do it on a busy machine.
 */
const hear = (page: Page, index = 0): Promise<{ hz: number; peak: number }> =>
  nth(page, index).evaluate(async (element: HTMLElementTagNameMap['vm-console']) => {
    const node = element.audioNode;
    if (!node) return { hz: 0, peak: 0 };
    const analyser = new AnalyserNode(node.context, { fftSize: 16384 });
    node.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    await new Promise((resolve) =>
      setTimeout(resolve, (1000 * samples.length) / node.context.sampleRate + 100),
    );
    analyser.getFloatTimeDomainData(samples);
    node.disconnect(analyser);
    const lengths: number[] = [];
    let last = Number.NaN;
    for (let i = 1; i < samples.length; i++) {
      const [a, b] = [samples[i - 1], samples[i]];
      if (a >= 0 || b < 0) continue;
      const passage = i - b / (b - a);
      if (!Number.isNaN(last)) lengths.push(passage - last);
      last = passage;
    }
    const median = lengths.toSorted((a, b) => a - b)[lengths.length >> 1] ?? Number.NaN;
    const usual = lengths.filter((length) => Math.abs(length / median - 1) < 0.1);
    const mean = usual.reduce((sum, length) => sum + length, 0) / usual.length;
    return {
      hz: node.context.sampleRate / mean,
      peak: samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0),
    };
  });

/** Waits until this frequency is heard, to so many parts. */
const expectTone = (page: Page, wanted: number, index = 0, tolerance = 0.006): Promise<void> =>
  expect
    .poll(async () => {
      const { hz } = await hear(page, index);
      return Math.abs(hz / wanted - 1) < tolerance ? wanted : hz;
    })
    .toBe(wanted);

const contextState = (page: Page, index = 0): Promise<string | undefined> =>
  nth(page, index).evaluate(
    (element: HTMLElementTagNameMap['vm-console']) => element.audioNode?.context.state,
  );

test('tones of the PC speaker are heard, and nothing runs when it is silent', async ({ page, site }) => {
  await openConsoles(page, site.url);
  await page.getByRole('button', { name: 'Start' }).last().click();
  await expect
    .poll(() => nth(page).evaluate((e: HTMLElementTagNameMap['vm-console']) => e.state))
    .toBe('running');
  expect(await nth(page).evaluate((e: HTMLElementTagNameMap['vm-console']) => e.audioNode)).toBeNull();
  await tell(page, '1');
  await expect.poll(() => soundState(page)).toBe('playing');
  await expectTone(page, 1000.15);
  await tell(page, '2');
  await expectTone(page, 1998.63);
  await tell(page, '0');
  await expect.poll(() => soundState(page)).toBe('silent');
  await expect.poll(() => contextState(page)).toBe('suspended');
  // The data bit, turned over by the program itself.
  await tell(page, 'b');
  await expectTone(page, 1165.2, 0, 0.02);
});

test('volume, mute, pause, reset and destruction', async ({ page, site }) => {
  await openConsoles(page, site.url);
  const element = nth(page);
  const told = await page.evaluateHandle(() => {
    const states: string[] = [];
    document.addEventListener('vm-sound', ({ detail }) => states.push(detail));
    return states;
  });
  await page.getByRole('button', { name: 'Start' }).last().click();
  await tell(page, '1');
  await expect
    .poll(async () => (await soundState(page)) === 'playing' && (await hear(page)).peak > 0.02)
    .toBe(true);
  const slider = page.getByRole('slider', { name: 'Volume' });
  const { peak } = await hear(page);
  await slider.fill('100');
  await expect.poll(async () => (await hear(page)).peak / peak).toBeGreaterThan(3.5);
  await page.getByRole('button', { name: 'Mute' }).click();
  await expect.poll(() => contextState(page)).toBe('suspended');
  expect(await soundState(page)).toBe('muted');
  // A guest that plays on while it is muted is heard as it is then.
  await tell(page, '2');
  await page.getByRole('button', { name: 'Unmute' }).click();
  await expectTone(page, 1998.63);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(() => contextState(page)).toBe('suspended');
  await page.getByRole('button', { name: 'Resume' }).click();
  await expectTone(page, 1998.63);
  // The guest resets the machine itself, which comes back and is silent.
  await element.evaluate((e: HTMLElementTagNameMap['vm-console']) => e.sendText('r'));
  await expect.poll(() => contextState(page)).toBe('suspended');
  await tell(page, '1');
  await expectTone(page, 1000.15);
  await element.evaluate((e: HTMLElementTagNameMap['vm-console']) => e.destroy());
  await expect.poll(() => contextState(page)).toBe('suspended');
  expect(await soundState(page)).toBe('none');
  const states = await told.jsonValue();
  expect(states.slice(0, 2)).toEqual(['silent', 'playing']);
  expect(states).toContain('muted');
  expect(states.at(-1)).toBe('none');
});

test('a machine that is powered off, or whose element is taken away, in the middle of a tone', async ({
  page,
  site,
}) => {
  await openConsoles(page, site.url);
  await page.getByRole('button', { name: 'Start' }).last().click();
  await tell(page, '1');
  await expectTone(page, 1000.15);
  await page.getByRole('button', { name: 'Power off' }).click();
  await expect.poll(() => contextState(page)).toBe('suspended');
  expect(await soundState(page)).toBe('silent');
  await nth(page).evaluate((element: HTMLElementTagNameMap['vm-console']) => element.start());
  await tell(page, '1');
  await expectTone(page, 1000.15);
  // The last element takes the page's context with it, and makes another one when it is back.
  const states = await nth(page).evaluate(async (element: HTMLElementTagNameMap['vm-console']) => {
    const { context } = element.audioNode!;
    const { parentElement } = element;
    element.remove();
    for (let waited = 0; context.state !== 'closed' && waited < 5000; waited += 50)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const state = context.state;
    parentElement!.append(element);
    await element.start();
    return { state, sound: element.soundState };
  });
  expect(states).toEqual({ state: 'closed', sound: 'silent' });
  await tell(page, '1');
  await expectTone(page, 1000.15);
  await tell(page, '0');
  await expect.poll(() => soundState(page)).toBe('silent');
  await expect.poll(() => contextState(page)).toBe('suspended');
});

test('two consoles sound at once, each by itself', async ({ page, site }) => {
  await openConsoles(page, site.url, 2);
  for (const index of [0, 1]) await nth(page, index).getByRole('button', { name: 'Start' }).last().click();
  await tell(page, '1', 0);
  await tell(page, 'b', 1);
  await expectTone(page, 1000.15);
  await expectTone(page, 1165.2, 1, 0.02);
  await tell(page, '0', 0);
  await expect.poll(() => soundState(page, 0)).toBe('silent');
  expect(await soundState(page, 1)).toBe('playing');
  expect(await contextState(page, 0)).toBe('running');
});

test('a machine that started by itself is heard once the person has done something, and says so', async ({
  page,
  site,
}) => {
  // Whatever the test asks the page counts as something that the person did: until then the page speaks by its console.
  const said = page.waitForEvent('console', (message) => message.text() === 'sound: blocked');
  await openEmptyPage(page, site.url, '<p>Nothing</p>');
  await page.addInitScript(
    (bytes) => {
      addEventListener('DOMContentLoaded', async () => {
        await customElements.whenDefined('vm-console');
        const element = document.createElement('vm-console');
        element.configure({ arch: 'i386', memory: 2, vga: 'none', bios: new Uint8Array(bytes) });
        element.addEventListener('vm-state', ({ detail }) => detail === 'running' && element.sendText('1'));
        document.body.append(element);
        const timer = setInterval(() => {
          if (element.soundState === 'none' || element.soundState === 'silent') return;
          clearInterval(timer);
          console.log(`sound: ${element.soundState}`);
        }, 50);
        await element.start();
      });
    },
    [...toneFirmware()],
  );
  await page.goto(`${site.url}empty.html`);
  await said;
  const button = page.getByRole('button', { name: 'The sound waits for a click or a key on this page' });
  await expect(button).toBeVisible();
  await button.click();
  await expectTone(page, 1000.15);
  await expect(page.getByRole('button', { name: 'Mute' })).toBeVisible();
});

test('without an audio device there is neither sound nor a control for it', async ({ page, site }) => {
  await openConsoles(page, site.url, 1, 'audiodev="none"');
  await page.getByRole('button', { name: 'Start' }).last().click();
  await tell(page, '1');
  expect(await soundState(page)).toBe('none');
  await expect(page.getByRole('slider', { name: 'Volume' })).toBeHidden();
});
