/** Opens doors of the gallery as a person does, and holds them to their promises. */
import { checkedGallery, parsePromise } from '../../scripts/lib/gallery-checks.ts';
import { timeLimit, VmTestRun } from '../../src/playwright/vmtest.ts';
import { PageMachine } from './page-machine.ts';
import { expect, test } from './site.ts';

/** A test for each door of this repository that is `long`, or not. */
export function testDoors(long: boolean): void {
  for (const door of checkedGallery().filter((one) => (one.long ?? false) === long)) {
    test(`Door ${door.number}, ${door.title}, keeps its promise`, async ({ page, site }, info) => {
      const steps = parsePromise(door.promise).filter((step) => 'action' in step);
      let limit = 30_000;
      info.setTimeout(timeLimit({ steps }));
      // Snow that falls for nobody would take the guest's time where there is no graphics processor.
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.goto(`${site.builtUrl}?gallery`);
      const all = page.getByRole('switch', { name: 'Open all doors now' });
      // Depending on the day there is nothing left for the switch to open.
      await expect(page.getByRole('list', { name: 'Doors' })).toBeVisible();
      if (await all.isVisible()) await all.click();
      const machine = await PageMachine.follow(page);
      const began = Date.now();
      await page.locator(`[data-door="${door.number}"]`).click();
      await expect(page.getByRole('heading', { level: 2, name: door.title, exact: true })).toBeVisible({
        timeout: 30_000,
      });
      const run = new VmTestRun(machine, info, 'doors');
      let isThere = false;
      for (const { text, action } of steps) {
        if (action.do === 'timeout') limit = action.ms;
        await test.step(text, async () => {
          if (action.do !== 'try') return await run.do(action);
          const button = page
            .locator('.tries > li')
            .nth(action.entry - 1)
            .getByRole('button');
          await expect(button).toHaveAttribute('aria-disabled', 'false', { timeout: limit });
          await button.click();
        });
        if (isThere || action.do === 'timeout') continue;
        isThere = true;
        // What the manifest's `seconds` tell, on a machine that does nothing else.
        const description = `${((Date.now() - began) / 1000).toFixed(1)} s after the click`;
        info.annotations.push({ type: 'there', description });
      }
      run.check();
    });
  }
}
