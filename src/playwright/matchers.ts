/** Playwright's `expect` with what is to be expected of machines. */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { expect as base, type ExpectMatcherState, type MatcherReturnType, test } from 'playwright/test';
import type { MachineScreen } from './machine-screen.ts';
import { SerialConsole } from './serial-console.ts';
import { searching } from '../core/waits.ts';

/** How often an expectation looks again, ms. */
const LOOK_MS = 100;
const TAIL_LINES = 25;

export interface ExpectTextOptions {
  /** ms; default: `expect.timeout` of the configuration */
  timeout?: number;
}

export interface MatchScreenshotOptions {
  /** ms until the picture has to match; default: `expect.timeout` of the configuration */
  timeout?: number;
  /** As in Playwright's `toMatchSnapshot`. */
  maxDiffPixels?: number;
  maxDiffPixelRatio?: number;
  threshold?: number;
}

/** Waits until a text matches, or with `.not` until it does not. */
async function expectText(
  state: ExpectMatcherState,
  name: string,
  read: () => Promise<string> | string,
  pattern: RegExp | string,
  options: ExpectTextOptions,
): Promise<MatcherReturnType> {
  const timeout = options.timeout ?? state.timeout;
  const deadline = Date.now() + timeout;
  const regex = searching(pattern);
  let text = '';
  let pass: boolean;
  for (;;) {
    text = await read();
    regex.lastIndex = 0;
    pass = regex.test(text);
    if (pass !== state.isNot || Date.now() >= deadline) break;
    await wait(LOOK_MS);
  }
  const end = text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  return {
    name,
    pass,
    expected: pattern,
    actual: text,
    message: () =>
      `${state.utils.matcherHint(name, undefined, undefined, { isNot: state.isNot })}\n\n` +
      `Expected ${state.isNot ? 'no' : 'a'} match of ${state.utils.printExpected(pattern)} within ${timeout} ms, and the text ends in:\n${end || '(nothing)'}`,
  };
}

export const expect = base.extend({
  /** The text on a screen in a text mode, or a serial port's output, contains or matches what is given. Waits until it does. */
  async toShowText(
    received: MachineScreen | SerialConsole,
    pattern: RegExp | string,
    options: ExpectTextOptions = {},
  ) {
    const read = () => (received instanceof SerialConsole ? received.text : received.text());
    return expectText(this, 'toShowText', read, pattern, options);
  },

  /** All output of a serial port so far contains or matches what is given. Waits until it does. Of a Locator it is Playwright's own. */
  async toContainText(received: SerialConsole, pattern: RegExp | string, options: ExpectTextOptions = {}) {
    if (received instanceof SerialConsole)
      return expectText(this, 'toContainText', () => received.text, pattern, options);
    const own = base(received as unknown) as unknown as { not: LocatorText } & LocatorText;
    await (this.isNot ? own.not : own).toContainText(pattern, options);
    return { pass: !this.isNot, message: () => '' };
  },

  /**
   * The picture on a screen is the one in Playwright's snapshot of that name, once it stands still. Waits until it is. `--update-snapshots`
   * writes the first picture that stands still: wait for what it shows before.
   */
  async toMatchScreenshot(
    received: MachineScreen,
    name: string | readonly string[],
    options: MatchScreenshotOptions = {},
  ) {
    if (this.isNot) throw new Error('toMatchScreenshot cannot be negated: expect what the screen shows');
    const { timeout = this.timeout, ...comparing } = options;
    return matchScreenshot(received, name, timeout, comparing);
  },
});

/** Playwright's matcher, whose type a value other than a Locator does not have. */
interface LocatorText {
  toContainText(pattern: RegExp | string, options: ExpectTextOptions): Promise<void>;
}

async function matchScreenshot(
  screen: MachineScreen,
  name: string | readonly string[],
  timeout: number,
  options: Omit<MatchScreenshotOptions, 'timeout'>,
): Promise<MatcherReturnType> {
  const info = test.info();
  const path = info.snapshotPath(...(typeof name === 'string' ? [name] : name));
  const expected = existsSync(path) ? readFileSync(path) : null;
  const deadline = Date.now() + timeout;
  const attachments = info.attachments.length;
  let before: Buffer | null = null;
  let compared: Buffer = Buffer.alloc(0);
  for (;;) {
    const picture = await screen.screenshot();
    const late = Date.now() >= deadline;
    const still = picture !== null && before !== null && picture.equals(before);
    if (picture !== null && ((expected !== null && picture.equals(expected)) || late || still)) {
      if (!compared.equals(picture) || late) {
        compared = picture;
        // What an attempt before this one left in the report is not the result.
        info.attachments.splice(attachments);
        try {
          base(picture).toMatchSnapshot(name, options);
          return { pass: true, message: () => '' };
        } catch (error) {
          // Without a snapshot Playwright has written one, and says so.
          if (late || expected === null) throw error;
        }
      }
    }
    if (late)
      throw new Error('toMatchScreenshot: the machine has no screen, or nothing was ever shown on it');
    before = picture;
    await wait(LOOK_MS);
  }
}
