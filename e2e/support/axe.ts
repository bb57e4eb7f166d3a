/** Rules of accessibility (axe-core: WCAG 2.2 A and AA, and good practice), checked on a page as it is. */
import { createRequire } from 'node:module';
import { expect, type Page } from 'playwright/test';

const script = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Finding {
  id: string;
  help: string;
  nodes: { target: unknown; failureSummary?: string }[];
}

/** The rules that look at colours. */
export const COLOR_RULES = ['color-contrast', 'link-in-text-block'] as const;

/** What axe finds wrong on the page, or within what a selector names, by all rules or these: each rule with the places that break it. */
export async function findings(page: Page, within = 'html', rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.addScriptTag({ path: script });
  const violations = await page.evaluate(
    async ({ within, rules }) => {
      const { axe } = globalThis as unknown as {
        axe: { run(context: string, options: object): Promise<{ violations: Finding[] }> };
      };
      return (await axe.run(within, rules ? { runOnly: { type: 'rule', values: rules } } : {})).violations;
    },
    { within, rules },
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id}: ${help}: ${JSON.stringify(target)} ${failureSummary ?? ''}`,
    ),
  );
}

/**
 * Expects nothing wrong on the page: by all rules where it is light, and by those about colours where it is dark.
 * @param state what the page shows, for the message
 * @param within selector of what is looked at; default: all of it
 */
export async function expectAccessible(page: Page, state: string, within?: string): Promise<void> {
  for (const [colorScheme, rules] of [['light'], ['dark', COLOR_RULES]] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect.soft(await findings(page, within, rules), `${state}, ${colorScheme}`).toEqual([]);
  }
}
