/**
 * Playwright fixtures that boot guests in the test's own browser page. docs/playwright.md shows their use.
 */
import { test as base } from 'playwright/test';
import { RunnerPage } from '../cli/runner-page.ts';
import { type SiteServer, startSiteServer } from '../cli/site-server.ts';
import { VirtualMachine } from './virtual-machine.ts';

export { expect } from 'playwright/test';
export { chromiumLaunchOptions } from '../cli/chromium.ts';
export type { GuestConfig } from '../cli/runner-page.ts';
export type { SiteServer } from '../cli/site-server.ts';
export { type BootOptions, VirtualMachine, type WaitOptions } from './virtual-machine.ts';
export type { VmErrorCode, VmOutcome, VmReport, VmState } from '../core/vm-api.ts';

export interface SnowglobeFixtures {
  /** A machine in the test's page, not booted yet. */
  vm: VirtualMachine;
  /** Makes further machines in the same page. */
  newVm: () => VirtualMachine;
}

export interface SnowglobeWorkerFixtures {
  /** The built site, served with the headers for cross-origin isolation. */
  snowglobeSite: SiteServer;
}

export const test = base.extend<SnowglobeFixtures, SnowglobeWorkerFixtures>({
  snowglobeSite: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's dependencies from this pattern
    async ({}, use) => {
      const site = await startSiteServer();
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],

  newVm: async ({ page, snowglobeSite }, use, testInfo) => {
    const pageErrors: Error[] = [];
    page.on('pageerror', (error) => pageErrors.push(error));
    const runner = await RunnerPage.open(page, snowglobeSite);
    const machines: VirtualMachine[] = [];
    await use(() => {
      const machine = new VirtualMachine(page, runner.createVm());
      machines.push(machine);
      return machine;
    });
    for (const [index, machine] of machines.entries()) {
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach(`serial-${index}.txt`, { body: machine.serialText, contentType: 'text/plain' });
      }
      await machine.destroy();
    }
    if (pageErrors.length > 0) throw pageErrors[0];
  },

  vm: async ({ newVm }, use) => {
    await use(newVm());
  },
});
