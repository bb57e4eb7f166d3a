/** Rules of accessibility (axe-core: WCAG 2.2 A and AA, and good practice), checked on a page as it is. */
import { createRequire } from 'node:module';
import { expect, type Page } from 'playwright/test';

const script = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Finding {
  id: string;
  help: string;
  nodes: { target: unknown; failureSummary?: string }[];
}

/** What axe finds wrong on the page, or within what a selector names: each rule with the places that break it. */
export async function findings(page: Page, within = 'html'): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.addScriptTag({ path: script });
  const violations = await page.evaluate(async (context) => {
    const { axe } = globalThis as unknown as {
      axe: { run(context: string): Promise<{ violations: Finding[] }> };
    };
    return (await axe.run(context)).violations;
  }, within);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${help}: ${JSON.stringify(target)} ${failureSummary ?? ''}`,
    ),
  );
}

/**
 * Expects nothing wrong on the page, light and dark.
 * @param state what the page shows, for the message
 * @param within selector of what is looked at; default: all of it
 */
export async function expectAccessible(page: Page, state: string, within?: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect.soft(await findings(page, within), `${state}, ${colorScheme}`).toEqual([]);
  }
}
