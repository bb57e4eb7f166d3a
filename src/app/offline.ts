/** Has the browser keep this page for starts without network, and says when a new version of it is there. public/service-worker.js says what is kept. */
import { h } from '../element/dom.ts';

/** How long the page leaves the network to what it has to load itself, ms. */
const IDLE_MS = 4000;

/** A line in the corner of the window. */
function note(text: string, action: string, act: () => void): void {
  document.querySelector('.update')?.remove();
  const go = h('button', { type: 'button', class: 'primary' }, action);
  const later = h('button', { type: 'button', class: 'quiet' }, 'Later');
  const line = h('div', { class: 'update', role: 'status' }, h('span', {}, text), go, later);
  go.addEventListener('click', act);
  later.addEventListener('click', () => line.remove());
  document.body.append(line);
}

/** Tells of a version that is here, whole, and waits. */
function offer(container: ServiceWorkerContainer, waiting: ServiceWorker): void {
  note('A new version of this page is here.', 'Reload', () => {
    container.addEventListener('controllerchange', () => location.reload(), { once: true });
    waiting.postMessage({ take: true });
  });
}

const idle = (): Promise<void> =>
  new Promise((resolve) => {
    if ('requestIdleCallback' in globalThis) requestIdleCallback(() => resolve(), { timeout: IDLE_MS });
    else setTimeout(resolve, IDLE_MS);
  });

export async function keepPage(): Promise<void> {
  // A server for development changes its files without changing their names.
  if (!import.meta.url.includes('/assets/')) return;
  try {
    // Where site data is blocked, asking for it may throw.
    const container = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (!container) return;
    await idle();
    const registration = await container.register(new URL('service-worker.js', document.baseURI));
    if (registration.waiting && container.controller) offer(container, registration.waiting);
    registration.addEventListener('updatefound', () => {
      const { installing } = registration;
      installing?.addEventListener('statechange', () => {
        if (installing.state === 'installed' && container.controller) offer(container, installing);
      });
    });
    const { active } = await container.ready;
    active?.postMessage({ keep: performance.getEntriesByType('resource').map(({ name }) => name) });
  } catch {
    // Without it the page needs the network, as any other.
  }
}
