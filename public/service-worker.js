/**
 * Keeps the page itself, whole and of one version, for starts without network. What machines are made of (kernels, disks) the page keeps in IndexedDB
 * (docs/block.md). A new version is fetched whole beside the old one, and takes its place when the person says so or all tabs are closed. It also isolates
 * the page where the server does not (docs/vm-console.md, "Servers without headers"): a folder has one service worker only.
 */
importScripts('vm-console-isolation.js');
const { isolate } = self.vmConsoleIsolation;

/**
 * What the build has written: a hash of all files, and each one's as Subresource Integrity spells it, by its path below the page's folder. The first is the
 * page's own, "".
 */
const SHELL = { version: 'none', files: {} };

const PREFIX = 'snowglobe-page';
const CACHE = `${PREFIX}-${SHELL.version}`;
/** In the cache once all files are in it: from then on they come from there, and from nowhere else. */
const COMPLETE = 'complete';
/** What changes by itself: the list of machines, and files beside the build's. The network comes first. */
const CHANGING = 'snowglobe-changing';
const CHANGING_MAX = 100;

const IMMUTABLE = /\/assets\/[^/]+-[\w-]{8}\.\w+$/;
const LIST = /\/images\/index\.json$/;

const scope = () => self.registration.scope;
const shellUrls = new Map(
  Object.entries(SHELL.files).map(([path, integrity]) => [new URL(path, scope()).href, integrity]),
);

/** Documents are the same whatever their address says after the question mark. */
const keyOf = ({ url }) => url.replace(/[?#].*$/s, '');

/** Whether a request is for a part of the page. All others go past the worker: what machines are made of, ranges, other sites. */
function isOurs(request) {
  const { method, url, headers } = request;
  if (method !== 'GET' || headers.has('range') || !url.startsWith(scope())) return false;
  return shellUrls.has(keyOf(request)) || isChanging(request);
}

/** Whether a file that the build does not know is worth keeping. */
function isChanging(request) {
  const path = `/${keyOf(request).slice(scope().length)}`;
  return (
    LIST.test(path) || (!path.startsWith('/images/') && /\/$|\.(html|js|css|wasm|svg|json|woff2)$/.test(path))
  );
}

/** A server that answers with its front page what it does not have must not put that in a script's place for ever. */
const keepable = (url, { status, redirected, headers }) =>
  status === 200 &&
  !(IMMUTABLE.test(url) && (redirected || /^\s*text\/html\b/i.test(headers.get('content-type') ?? '')));

/** Fetches all files that are not here; those whose names change with their content are taken from an older version. */
async function fillShell() {
  const cache = await caches.open(CACHE);
  if (await cache.match(COMPLETE)) return;
  for (const [url, integrity] of shellUrls) {
    if (await cache.match(url)) continue;
    const immutable = IMMUTABLE.test(url);
    const old = immutable ? await caches.match(url) : undefined;
    // The server may have another build by now: fetch refuses a file of that.
    const response = old ?? (await fetch(url, { cache: immutable ? 'default' : 'no-cache', integrity }));
    if (!keepable(url, response)) throw new Error(`${url} cannot be kept`);
    await cache.put(url, response);
  }
  // The last one: a version that is not whole is not served.
  if (shellUrls.size > 0) await cache.put(COMPLETE, new Response(''));
}

async function keepChanging(request, response) {
  const cache = await caches.open(CHANGING);
  await cache.put(keyOf(request), response);
  const keys = await cache.keys();
  for (const old of keys.slice(0, Math.max(0, keys.length - CHANGING_MAX))) await cache.delete(old);
}

async function answer(event, request) {
  const url = keyOf(request);
  if (shellUrls.has(url)) {
    const cache = await caches.open(CACHE);
    if (await cache.match(COMPLETE)) {
      const found = await cache.match(url);
      if (found) return found;
    }
  }
  try {
    const response = await fetch(request);
    // A tab of an older version asks for parts that the server has no more.
    if (IMMUTABLE.test(url) && !keepable(url, response)) {
      const old = await caches.match(url);
      if (old) return old;
    }
    // A browser that gives no room keeps nothing.
    if (!shellUrls.has(url) && keepable(url, response))
      event.waitUntil(keepChanging(request, response.clone()).catch(() => {}));
    return response;
  } catch (error) {
    const found = await caches.match(url);
    if (found) return found;
    throw error;
  }
}

/** Versions that nobody uses go; while there are several tabs one may be of an older version. */
async function dropOldVersions() {
  const tabs = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (tabs.length > 1) return;
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)),
  );
}

self.addEventListener('install', (event) => {
  // The first worker may be waited for, by a page that it isolates. A later one comes with all of its files or not at all.
  if (self.registration.active) event.waitUntil(fillShell());
  else self.skipWaiting();
});
self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim().then(dropOldVersions));
});
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const ours = isOurs(request);
  if (ours || request.mode === 'navigate')
    event.respondWith(
      (ours ? answer(event, request) : fetch(request)).then((response) => isolate(request, response)),
    );
});
/**
 * `{keep: [addresses]}`: the page has loaded these, before there was a worker perhaps, so that now the rest may be fetched. `{take: true}`: the new version takes
 * the place of the old one.
 */
self.addEventListener('message', (event) => {
  const { take, keep } = event.data ?? {};
  if (take) void self.skipWaiting();
  if (!Array.isArray(keep)) return;
  const others = keep
    .map((url) => new Request(url))
    .filter((request) => isOurs(request) && !shellUrls.has(keyOf(request)));
  event.waitUntil(
    Promise.allSettled(others.map((request) => answer(event, request)))
      .then(fillShell)
      .then(dropOldVersions, () => {}),
  );
});
