/**
 * Keeps the page itself for a start without network: its documents, scripts, cores and list of machines. What machines are made of (kernels, disks) the
 * page keeps in IndexedDB (docs/block.md). The network comes first, except for files whose names change with their content. It also isolates the page where the
 * server does not (docs/vm-console.md, "Servers without headers"): a folder has one service worker only.
 */
importScripts('vm-console-isolation.js');
const { isolate } = self.vmConsoleIsolation;

const CACHE = 'snowglobe-page';
/** Files kept; old builds leave theirs behind. */
const FILES_MAX = 150;

const IMMUTABLE = /\/assets\/[^/]+-[\w-]{8}\.\w+$/;
const LIST = /\/images\/index\.json$/;

/** Whether a request is for a part of the page. */
function ours({ method, url, headers }) {
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== self.location.origin || headers.has('range')) return false;
  const page = new URL(self.registration.scope).pathname;
  if (!pathname.startsWith(page)) return false;
  const path = pathname.slice(page.length - 1);
  return (
    LIST.test(path) || (!path.startsWith('/images/') && /\/$|\.(html|js|css|wasm|svg|json|woff2)$/.test(path))
  );
}

/** Documents are the same whatever their address says after the question mark. */
const keyOf = ({ url }) => url.replace(/[?#].*$/s, '');

async function keep(request, response) {
  const cache = await caches.open(CACHE);
  await cache.put(keyOf(request), response);
  const keys = await cache.keys();
  for (const old of keys.slice(0, Math.max(0, keys.length - FILES_MAX))) await cache.delete(old);
}

/** A server that answers with its front page what it does not have must not put that in a script's place for ever. */
const keepable = (immutable, { status, redirected, headers }) =>
  status === 200 &&
  !(immutable && (redirected || /^\s*text\/html\b/i.test(headers.get('content-type') ?? '')));

async function answer(event, request) {
  const immutable = IMMUTABLE.test(new URL(request.url).pathname);
  const kept = () => caches.match(keyOf(request), { cacheName: CACHE });
  if (immutable) {
    const found = await kept();
    if (found) return found;
  }
  try {
    const response = await fetch(request);
    // A browser that gives no room keeps nothing.
    if (keepable(immutable, response)) event.waitUntil(keep(request, response.clone()).catch(() => {}));
    return response;
  } catch (error) {
    const found = await kept();
    if (found) return found;
    throw error;
  }
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (ours(request) || request.mode === 'navigate')
    event.respondWith(
      (ours(request) ? answer(event, request) : fetch(request)).then((response) =>
        isolate(request, response),
      ),
    );
});
/** What the page had loaded before there was a service worker: {files: [addresses]}. */
self.addEventListener('message', (event) => {
  const requests = (event.data?.files ?? []).map((url) => new Request(url)).filter(ours);
  event.waitUntil(Promise.allSettled(requests.map((request) => answer(event, request))));
});
