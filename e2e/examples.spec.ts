/** The examples of `<vm-console>` in pages of others: plain HTML, React and Vue. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { ISOLATION_HEADERS } from '../src/cli/static-server.ts';
import type { VmConsole } from '../src/element/index.ts';
import { bundle } from './support/bundle.ts';
import { repository } from './support/images.ts';
import { expect, test } from './support/site.ts';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');

/** Opens an example as if it lay beside the component and the images. */
async function open(page: Page, url: string, name: string, script?: string): Promise<void> {
  const body = read(`examples/${name}/index.html`);
  await page.route(`${url}${name}.html`, (route) =>
    route.fulfill({ contentType: 'text/html', headers: ISOLATION_HEADERS, body }),
  );
  if (script) {
    const code = await bundle(`examples/${name}/${script}`);
    await page.route(`${url}${script}`, (route) =>
      route.fulfill({ contentType: 'text/javascript', body: code }),
    );
  }
  await page.goto(`${url}${name}.html`);
  await page.waitForFunction(() => document.querySelector('vm-console:defined'));
}

/** Waits for the firmware's greeting, which soon leaves the screen for the scrollback. */
const boots = (page: Page) =>
  expect
    .poll(
      () =>
        page
          .locator('vm-console')
          .evaluate((element: VmConsole) => element.screenshotText({ scrollback: true })),
      { timeout: 60_000 },
    )
    .toContain('OpenSBI');

/** Lines without what they are indented by. */
const trimmed = (text: string): string[] => text.split('\n').map((line) => line.trim());

test('the README’s lines are those of the plain example, which boots', async ({ page, site }) => {
  const [, embedded] = /```html\n([\s\S]*?)```/.exec(read('README.md'))!;
  const lines = trimmed(embedded).filter((line) => line !== '');
  expect(lines.length).toBeLessThanOrEqual(5);
  expect(trimmed(read('examples/plain/index.html'))).toEqual(expect.arrayContaining(lines));
  await open(page, site.builtUrl, 'plain');
  await boots(page);
});

for (const [name, script] of [
  ['react', 'main.tsx'],
  ['vue', 'main.ts'],
] as const)
  test(`the example in ${name} follows the machine’s state, boots it, and takes it away`, async ({
    page,
    site,
  }) => {
    await open(page, site.builtUrl, name, script);
    await expect(page.getByText('The machine is created.')).toBeVisible();
    await expect(page.locator('vm-console')).toHaveAttribute('memory', '512');
    await page.getByRole('button', { name: 'Boot', exact: true }).click();
    await boots(page);
    await expect(page.getByText('The machine is running.')).toBeVisible();
    expect(page.workers()).toHaveLength(1);
    await page.getByRole('button', { name: 'Remove the machine' }).click();
    await expect.poll(() => page.workers().length).toBe(0);
    await page.getByRole('button', { name: 'Show the machine' }).click();
    await expect(page.getByText('The machine is created.')).toBeVisible();
  });
