import type { Page } from 'playwright/test';

/**
 * Makes commits fail as they do when the quota is full, from the moment when `storageFull` is true in the page. Headless Chromium takes no heed of the
 * quota that the DevTools protocol sets (`Storage.overrideQuotaForOrigin`).
 */
export async function withQuota(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const { commit } = IDBTransaction.prototype;
    IDBTransaction.prototype.commit = function () {
      if (!(window as { storageFull?: boolean }).storageFull || this.mode !== 'readwrite')
        return commit.call(this);
      Object.defineProperty(this, 'error', { value: new DOMException('', 'QuotaExceededError') });
      this.abort();
    };
  });
}

export const setFull = (page: Page, full: boolean): Promise<void> =>
  page.evaluate((storageFull) => void Object.assign(window, { storageFull }), full);
