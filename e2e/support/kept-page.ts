/** Run in the page: whether the service worker has all of the page's files. */
export const isKept = async (): Promise<boolean> =>
  (await caches.match('complete', { ignoreSearch: true })) !== undefined;
