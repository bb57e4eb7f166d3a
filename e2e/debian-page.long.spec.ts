/** The Debian machines on the page, as a person starts them. Needs the images riscv64-trixie and x86_64-bookworm. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { repository } from './support/images.ts';
import { displayText, expect, screenText, test } from './support/site.ts';

const LOGIN = { timeout: 200_000 };

interface Chunk {
  sha256: string;
  bytes: number;
}

/** Bytes of an image's chunks by their hash. */
function chunksOf(name: string): Map<string, number> {
  const path = join(repository, '.cache/images', name, 'disk.json');
  const { chunks } = JSON.parse(readFileSync(path, 'utf8')) as { chunks: (Chunk | null)[] };
  return new Map(chunks.flatMap((chunk) => (chunk ? [[chunk.sha256, chunk.bytes]] : [])));
}

const sum = (bytes: Iterable<number>): number => [...bytes].reduce((total, one) => total + one, 0);

const choose = (page: Page, name: string): Promise<void> =>
  page.locator(`[data-machine="${name}"]`).click({ timeout: 30_000 });

/** Where each machine shows its login. */
const STARTS = { 'riscv64-trixie': screenText, 'x86_64-bookworm': displayText } as const;

for (const [name, text] of Object.entries(STARTS)) {
  test(`${name} comes to its login with less than 15 % of its disk, and again without network`, async ({
    page,
    context,
    site,
  }, testInfo) => {
    test.setTimeout(480_000);
    const chunks = chunksOf(name);
    const fetched = new Set<string>();
    page.on('request', (request) => {
      const hash = /\/([0-9a-f]{64})[^/]*$/.exec(request.url())?.[1];
      if (hash) fetched.add(hash);
    });
    await page.goto(site.builtUrl);
    await choose(page, name);
    await expect.poll(() => text(page), LOGIN).toContain('snowglobe login:');
    const share = sum([...fetched].map((hash) => chunks.get(hash)!)) / sum(chunks.values());
    testInfo.annotations.push({ type: 'share of the disk', description: `${(share * 100).toFixed(1)} %` });
    expect(fetched.size).toBeGreaterThan(0);
    expect(share).toBeLessThan(0.15);

    await context.setOffline(true);
    await page.goBack();
    // It has written to its disk, which is in memory.
    await page
      .getByRole('dialog', { name: 'Leave this machine?' })
      .getByRole('button', { name: 'Leave it' })
      .click();
    await choose(page, name);
    await expect.poll(() => text(page)).not.toContain('login:');
    await expect.poll(() => text(page), LOGIN).toContain('snowglobe login:');
  });
}
