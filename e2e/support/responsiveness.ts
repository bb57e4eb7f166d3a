import type { Page } from 'playwright/test';

/** A page that runs no timer for so long is frozen, ms. Much less may be the fault of a busy machine. */
export const FREEZE_MS = 1000;

/**
 * The longest time that the page went without running a timer while `work` ran, ms: what a user would feel as a freeze.
 */
export async function longestGap(page: Page, work: () => Promise<unknown>): Promise<number> {
  await page.evaluate(() => {
    const probe = { longest: 0, last: performance.now(), timer: 0 };
    probe.timer = window.setInterval(() => {
      const now = performance.now();
      probe.longest = Math.max(probe.longest, now - probe.last);
      probe.last = now;
    }, 10);
    (window as unknown as { probe: typeof probe }).probe = probe;
  });
  await work();
  return page.evaluate(() => {
    const { probe } = window as unknown as { probe: { longest: number; last: number; timer: number } };
    clearInterval(probe.timer);
    return Math.max(probe.longest, performance.now() - probe.last);
  });
}
