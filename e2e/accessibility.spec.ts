/** The page's states, light and dark, held to axe's rules of accessibility. */
import { expectAccessible as check } from './support/axe.ts';
import { displayText, expect, screenText, test, withoutIsolation } from './support/site.ts';

test('axe finds nothing wrong with the list of machines, on a desktop and on a phone', async ({
  page,
  site,
}) => {
  await page.goto(site.builtUrl);
  await expect(page.getByRole('link', { name: /Debian Linux on RISC-V/ })).toBeVisible();
  await check(page, 'the list');
  await page.setViewportSize({ width: 390, height: 844 });
  await check(page, 'the list on a phone');
});

test('axe finds nothing wrong where something is wrong', async ({ page, site }) => {
  await page.route('**/images/index.json', (route) => route.fulfill({ status: 404 }));
  await withoutIsolation(page, site.url);
  await page.goto(site.url);
  await expect(page.getByRole('alert').first()).toBeVisible();
  await check(page, 'no list');
  await page.goto(`${site.url}?machine=pdp11`);
  await check(page, 'no such machine');
  await page.goto(`${site.url}?arch=riscv64&kernel=images/echo.elf`);
  await expect(page.getByRole('heading', { name: 'This page may not share memory' })).toBeVisible();
  await check(page, 'a failure');
});

test('axe finds nothing wrong with a machine on the serial port, its options and statistics', async ({
  page,
  site,
}) => {
  await page.goto(`${site.url}?machine=echo`);
  await expect.poll(() => screenText(page)).toBe('ready');
  await page.getByRole('button', { name: 'Options' }).click();
  await page.getByRole('button', { name: 'Statistics' }).click();
  await expect(page.getByRole('table').first()).toBeVisible();
  await check(page, 'a machine');
  await page.getByRole('button', { name: 'Power off' }).click();
  await expect(page.getByRole('heading', { name: 'The machine is switched off' })).toBeVisible();
  await check(page, 'an ended machine');
});

test('axe finds nothing wrong with a PC, its drives, keys and monitor', async ({ page, site }) => {
  await page.goto(`${site.builtUrl}?machine=vga-plasma`);
  await expect.poll(() => displayText(page).then((text) => text.length)).toBeGreaterThan(0);
  for (const name of ['Options', 'Drives', 'Keys', 'Monitor'])
    await page.getByRole('button', { name, exact: true }).click();
  await expect(page.getByText('Floppy (floppy0)')).toBeVisible();
  await expect(page.getByRole('log')).toBeVisible();
  await expect(page.getByTestId('command-line')).toBeVisible();
  await page.locator('details.option-group').evaluateAll((groups) => {
    for (const group of groups as HTMLDetailsElement[]) group.open = true;
  });
  await page.getByRole('button', { name: 'Add a drive' }).click();
  await page.getByLabel('Add a device').selectOption('virtio-rng');
  await page.getByLabel('Memory', { exact: true }).fill('9999');
  await expect(page.getByLabel('Memory', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await check(page, 'a PC');
  await page.setViewportSize({ width: 390, height: 844 });
  await check(page, 'a PC on a phone');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});
