import type { Page } from 'playwright/test';

declare const store: typeof import('../browser/store.ts');

/** Downloads a stored disk from a page of `e2e/browser/store.ts`. @returns `path` */
export async function exportDisk(
  page: Page,
  id: string,
  format: 'raw' | 'qcow2',
  path: string,
): Promise<string> {
  const downloading = page.waitForEvent('download');
  await page.evaluate(
    async ([id, format]) => {
      const blob = await store.take(store.storedDisks().exportBlob(id, format));
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = 'disk';
      link.click();
    },
    [id, format] as const,
  );
  await (await downloading).saveAs(path);
  return path;
}
