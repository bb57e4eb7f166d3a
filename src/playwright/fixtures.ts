import type { Browser, Page } from 'playwright';
import { type TestInfo, test as base } from 'playwright/test';
import { type GuestConfig, RunnerPage } from '../cli/runner-page.ts';
import { type SiteServer, startSiteServer } from '../cli/site-server.ts';
import { VirtualMachine } from './virtual-machine.ts';

export interface SnowglobeOptions {
  /** What `vm` boots before the test begins, if anything. Relative paths start at the folder in which the tests are run. */
  guest: GuestConfig | undefined;
}

export interface SnowglobeFixtures extends SnowglobeOptions {
  /** A machine, booted with `guest`; without it the test boots it. */
  vm: VirtualMachine;
  /** Makes further machines in the same page, not booted. */
  newVm: () => VirtualMachine;
  /** The page in which machines run, and whether it is kept for the next test. */
  machinePage: MachinePage;
}

export interface SnowglobeWorkerFixtures {
  /** The built site, served with the headers for cross-origin isolation. */
  snowglobeSite: SiteServer;
  /** The page of `warmTest`. @internal */
  warmPage: WarmPage;
}

export interface MachinePage {
  runner: RunnerPage;
  kept: boolean;
}

/** A runner page that a worker keeps over its tests, made when it is first wanted. */
export class WarmPage {
  readonly #browser: Browser;
  readonly #site: SiteServer;
  #runner: Promise<RunnerPage> | null = null;

  constructor(browser: Browser, site: SiteServer) {
    this.#browser = browser;
    this.#site = site;
  }

  async get(): Promise<RunnerPage> {
    if ((await this.#runner)?.gone) await this.drop();
    this.#runner ??= this.#open();
    return this.#runner;
  }

  /** The next test gets another page: this one may have come to harm. */
  async drop(): Promise<void> {
    const runner = await this.#runner?.catch(() => null);
    this.#runner = null;
    // A browser that has crashed has closed it already.
    await runner?.page
      .context()
      .close()
      .catch(() => {});
  }

  async #open(): Promise<RunnerPage> {
    const context = await this.#browser.newContext();
    return RunnerPage.open(await context.newPage(), this.#site);
  }
}

/** Whether what is recorded of this test shows its page. */
function isRecorded({ project, retry }: TestInfo): boolean {
  const { trace, video, headless } = project.use;
  if (headless === false) return true;
  return [trace, video].some((option) => {
    const mode = typeof option === 'object' && option !== null ? option.mode : option;
    if (mode === undefined || mode === 'off') return false;
    if (mode === 'on-first-retry' || mode === 'retry-with-trace' || mode === 'retry-with-video')
      return retry === 1;
    return mode !== 'on-all-retries' || retry > 0;
  });
}

async function attachWhatIsSeen(
  machine: VirtualMachine,
  index: number,
  shown: boolean,
  info: TestInfo,
): Promise<void> {
  const text = async (name: string, body: string) => {
    if (body !== '') await info.attach(name, { body, contentType: 'text/plain' });
  };
  await text(`serial-${index}.txt`, machine.serial.text);
  for (const port of machine.ports) await text(`${port.label}-${index}.txt`, port.text);
  // A machine that has failed, or a page that is gone, has no screen any more.
  const screen = await machine.screen.screenshot().catch(() => null);
  if (screen) await info.attach(`screen-${index}.png`, { body: screen, contentType: 'image/png' });
  else if (shown && index === 0) {
    const page = await machine.page.screenshot().catch(() => null);
    if (page) await info.attach('terminal.png', { body: page, contentType: 'image/png' });
  }
  await text(`screen-${index}.txt`, await machine.screen.text().catch(() => ''));
}

export const test = base.extend<SnowglobeFixtures, SnowglobeWorkerFixtures>({
  guest: [undefined, { option: true }],

  snowglobeSite: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's dependencies from this pattern
    async ({}, use) => {
      const site = await startSiteServer();
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],

  warmPage: [
    async ({ browser, snowglobeSite }, use) => {
      const page = new WarmPage(browser, snowglobeSite);
      await use(page);
      await page.drop();
    },
    { scope: 'worker' },
  ],

  machinePage: async ({ page, snowglobeSite }, use) => {
    await use({ runner: await RunnerPage.open(page, snowglobeSite), kept: false });
  },

  newVm: async ({ machinePage }, use, testInfo) => {
    const { runner, kept } = machinePage;
    const pageErrors: Error[] = [];
    const listen = (error: Error) => void pageErrors.push(error);
    const page: Page = runner.page.on('pageerror', listen);
    const machines: VirtualMachine[] = [];
    const screen = isRecorded(testInfo);
    await use(() => {
      const machine = new VirtualMachine({ page, create: () => runner.createVm(), keep: kept, screen });
      machines.push(machine);
      return machine;
    });
    for (const [index, machine] of machines.entries()) {
      if (testInfo.status !== testInfo.expectedStatus)
        await attachWhatIsSeen(machine, index, screen, testInfo);
      await machine.destroy();
    }
    page.off('pageerror', listen);
    runner.forgetVms();
    if (pageErrors.length > 0) throw pageErrors[0];
  },

  vm: async ({ newVm, guest }, use) => {
    const vm = newVm();
    if (guest) await vm.boot(guest);
    await use(vm);
  },
});

/**
 * A `test` whose machines all run in one page that the worker keeps, with the compiled cores and the boot images: a machine starts several times as
 * fast as in a page of its own. A test that fails ends the page, and the next one gets another. There is no `page` to look at but `vm.page`.
 */
export const warmTest = test.extend({
  machinePage: async ({ warmPage }, use, testInfo) => {
    await use({ runner: await warmPage.get(), kept: true });
    if (testInfo.status !== testInfo.expectedStatus) await warmPage.drop();
  },
});
