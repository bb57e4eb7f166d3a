/** Has the browser keep this page for a start without network. public/service-worker.js says what is kept. */
export async function keepPage(): Promise<void> {
  const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  // A server for development changes its files without changing their names.
  if (!container || !import.meta.url.includes('/assets/')) return;
  const first = container.controller === null;
  try {
    await container.register(new URL('service-worker.js', document.baseURI));
    if (!first) return;
    const { active } = await container.ready;
    const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
    active?.postMessage({ files: [location.href, ...loaded] });
  } catch {
    // Without it the page needs the network, as any other.
  }
}
