import type { Page } from 'playwright/test';

/**
 * Makes commits fail as they do when the quota is full, from the moment when `storageFull` is true in the page. Headless Chromium takes no heed of the
 * quota that the DevTools protocol sets (`Storage.overrideQuotaForOrigin`).
 * @param first what fails: the commit, or a request before it, as in Firefox, where the transaction then says no error of its own
 */
export async function withQuota(page: Page, first: 'commit' | 'request' = 'commit'): Promise<void> {
  await page.addInitScript((first) => {
    const { commit } = IDBTransaction.prototype;
    IDBTransaction.prototype.commit = function () {
      if (!(window as { storageFull?: boolean }).storageFull || this.mode !== 'readwrite')
        return commit.call(this);
      const error = new DOMException('', 'QuotaExceededError');
      Object.defineProperty(this, 'error', { value: first === 'commit' ? error : null });
      if (first === 'commit') return this.abort();
      const store = this.objectStore(this.objectStoreNames[0]);
      // There is a header already.
      Object.defineProperty(store.add(0, 'header'), 'error', { value: error });
      commit.call(this);
    };
  }, first);
}

export const setFull = (page: Page, full: boolean): Promise<void> =>
  page.evaluate((storageFull) => void Object.assign(window, { storageFull }), full);
