/** Runs .vmtest files (docs/vmtest.md) by Playwright Test: each of their tests is a test there, each line a step at its place in the file. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { Script } from 'node:vm';
import type { TestInfo } from 'playwright/test';
import { describeProblem, type Place, parseVmTest, type VmTestStep } from '../cli/vmtest/parse.ts';
import { warmTest } from './fixtures.ts';
import { expect } from './matchers.ts';
import type { SerialConsole } from './serial-console.ts';
import { step } from './steps.ts';
import type { VirtualMachine } from './virtual-machine.ts';

/** What a statement waits for at most unless the file says otherwise, ms. */
const DEFAULT_TIMEOUT = 30_000;
/** For everything that has no time of its own: browser, page, images. */
const ALLOWANCE = 60_000;

export interface RegisterOptions {
  /** Path of the file for people, and before its snapshots' folder. */
  name: string;
  /** Sources of expressions on the name and the title. */
  grep: string | null;
  grepInvert: string | null;
}

type Body = Parameters<typeof warmTest>[2];

/** Declares a test as if at a place in a file that is no program: Playwright's reports name the caller's place. */
function declareAt(file: string, { line, column }: Place, title: string, body: Body): void {
  const source = '(test, title, body) => ';
  const script = new Script(`${source}test(title, body)`, {
    filename: file,
    lineOffset: line - 1,
    columnOffset: column - 1 - source.length,
  });
  (script.runInThisContext() as (test: typeof warmTest, title: string, body: Body) => void)(
    warmTest,
    title,
    body,
  );
}

/** Tells Playwright of the tests in a file. @throws Error with all that is wrong with it */
export function registerVmTests(path: string, { name, grep, grepInvert }: RegisterOptions): void {
  const file = parseVmTest(path, readFileSync(path, 'utf8'));
  if (Array.isArray(file)) throw new Error(file.map((problem) => describeProblem(path, problem)).join('\n'));
  for (const test of file.tests) {
    const title = test.title || basename(path, '.vmtest');
    const full = `${name} ${title}`;
    if (grep !== null && !new RegExp(grep, 'u').test(full)) continue;
    if (grepInvert !== null && new RegExp(grepInvert, 'u').test(full)) continue;
    declareAt(path, test, title, async ({ newVm }, info) => {
      info.setTimeout(timeLimit(test));
      const vm = newVm();
      const at = ({ line, column }: Place) => ({ file: path, line, column });
      await step('boot', () => vm.boot(file.guest), at(test));
      const run = new VmTestRun(vm, info, `${name}-snapshots`);
      for (const one of test.steps) await step(one.text, () => run.do(one.action), at(one));
      // What came after the last wait counts, too.
      run.check();
    });
  }
}

/** Every statement's time together, ms: none of them may be cut off by the test's own. */
export function timeLimit({
  steps,
}: {
  steps: readonly { action: VmTestStep['action'] | { do: 'try' } }[];
}): number {
  let limit = DEFAULT_TIMEOUT;
  let sum = ALLOWANCE;
  for (const { action } of steps) {
    if (action.do === 'timeout') limit = action.ms;
    else sum += limit;
  }
  return sum;
}

/** What statements are done to: a machine of the fixtures, or one on a page. */
export type StatementMachine = Pick<
  VirtualMachine,
  | 'serial'
  | 'ports'
  | 'port'
  | 'screen'
  | 'keyboard'
  | 'reset'
  | 'restart'
  | 'powerOff'
  | 'changeMedium'
  | 'eject'
  | 'waitForPanic'
  | 'waitForExit'
>;

/** Does the statements of one test, one after another. */
export class VmTestRun {
  readonly #vm: StatementMachine;
  readonly #info: TestInfo;
  readonly #snapshots: string;
  #timeout = DEFAULT_TIMEOUT;
  #console: string | null = null;
  readonly #failing: { console: string | null; pattern: RegExp | string }[] = [];

  /** @param snapshots folder of the pictures of `screen-match`, below Playwright's */
  constructor(vm: StatementMachine, info: TestInfo, snapshots: string) {
    this.#vm = vm;
    this.#info = info;
    this.#snapshots = snapshots;
  }

  /** The port of `expect` and `send`: a machine that was made anew has others. */
  get #port(): SerialConsole {
    return this.#portOf(this.#console);
  }

  #portOf(name: string | null): SerialConsole {
    if (name === null) return this.#vm.serial;
    return this.#vm.port(/^\d+$/.test(name) ? Number(name) : name);
  }

  /** @throws Error if something was written that `fail-on` names */
  check(): void {
    for (const port of [this.#vm.serial, ...this.#vm.ports]) port.check();
  }

  async do(action: VmTestStep['action']): Promise<void> {
    const vm = this.#vm;
    const limit = { timeout: this.#timeout };
    switch (action.do) {
      case 'expect':
        await this.#port.waitFor(action.pattern, limit);
        break;
      case 'fail-on':
        this.#port.failOn(action.pattern);
        this.#failing.push({ console: this.#console, pattern: action.pattern });
        break;
      case 'send':
        await this.#port.send(action.bytes);
        break;
      case 'console':
        this.#console = action.name;
        // Says what there is, if not this.
        void this.#port;
        break;
      case 'screen-expect':
        await vm.screen.waitForText(action.pattern, limit);
        break;
      case 'screen-match':
        await expect(vm.screen).toMatchScreenshot([this.#snapshots, action.name], limit);
        break;
      case 'screen-size':
        await expect
          .poll(async () => {
            const state = await vm.screen.state();
            return state && `${state.width} × ${state.height}`;
          }, limit)
          .toBe(`${action.width} × ${action.height}`);
        break;
      case 'screen-changes': {
        const before = await vm.screen.screenshot();
        await expect
          .poll(
            async () => {
              const now = await vm.screen.screenshot();
              return now !== null && (before === null || !now.equals(before));
            },
            { ...limit, message: 'the picture on the screen changes' },
          )
          .toBe(true);
        break;
      }
      case 'screenshot':
        await this.#attach(action.name);
        break;
      case 'type':
        await vm.keyboard.type(action.text, action.layout);
        break;
      case 'key':
        await vm.keyboard.press(action.chord);
        break;
      case 'click':
        await vm.screen.click(action.x, action.y, { button: action.button });
        break;
      case 'mouse-move':
        await vm.screen.mouse.moveBy(action.dx, action.dy);
        break;
      case 'timeout':
        this.#timeout = action.ms;
        break;
      case 'reset':
        await vm.reset();
        break;
      case 'restart':
        this.check();
        await vm.restart();
        for (const { console, pattern } of this.#failing) this.#portOf(console).failOn(pattern);
        break;
      case 'power-off':
        await vm.powerOff();
        break;
      case 'change':
        await vm.changeMedium(action.drive, action.file);
        break;
      case 'eject':
        if (!(await vm.eject(action.drive))) throw new Error(`the guest has locked ${action.drive}`);
        break;
      case 'expect-end': {
        // A kernel that panics need not end the machine.
        if (action.outcome === 'panic') {
          await vm.waitForPanic(limit);
          break;
        }
        const { outcome, code } = await vm.waitForExit(limit);
        const wanted = action.code ?? code;
        if (outcome !== action.outcome || code !== wanted)
          throw new Error(`the guest ended with ${outcome} ${code}, not with ${action.outcome} ${wanted}`);
        break;
      }
    }
  }

  async #attach(name: string): Promise<void> {
    const body = await this.#vm.screen.screenshot();
    if (!body) throw new Error('the machine has no screen, or it is off');
    await this.#info.attach(name, { body, contentType: 'image/png' });
  }
}
