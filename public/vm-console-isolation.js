/**
 * Cross-origin isolation for pages whose server cannot send its headers: docs/vm-console.md, "Servers without headers".
 * One file is both the page's script and the service worker that it registers, which adds the headers to documents and workers on their way to the browser.
 * Another service worker may `importScripts` it and call `vmConsoleIsolation.isolate`.
 */
(() => {
  const POLICIES = ['require-corp', 'credentialless'];

  /** What needs the headers: a document, and the workers it starts (HTML, "Checking a global object's embedder policy"). */
  const DESTINATIONS = new Set(['document', 'iframe', 'frame', 'worker', 'sharedworker']);

  /**
   * A response with the headers of isolation, where the request needs them; else the response itself. Redirects and opaque responses cannot be changed.
   * @param {Request} request
   * @param {Response} response
   * @param {string} policy `require-corp` or `credentialless`
   */
  function isolate(request, response, policy = 'require-corp') {
    if (response.status === 0 || !DESTINATIONS.has(request.destination)) return response;
    const headers = new Headers(response.headers);
    headers.set('Cross-Origin-Opener-Policy', 'same-origin');
    headers.set('Cross-Origin-Embedder-Policy', policy);
    const { status, statusText } = response;
    return new Response(response.body, { status, statusText, headers });
  }

  if (typeof document === 'undefined') {
    globalThis.vmConsoleIsolation = { isolate };
    // The page's script names the policy in the worker's address. Without it, this is a part of another worker.
    const policy = new URLSearchParams(globalThis.location.search).get('isolate');
    if (!policy) return;
    globalThis.addEventListener('install', () => globalThis.skipWaiting());
    globalThis.addEventListener('activate', (event) => event.waitUntil(globalThis.clients.claim()));
    globalThis.addEventListener('fetch', (event) => {
      const { request } = event;
      // All others go past the worker: ranges, downloads and images cost nothing.
      if (!DESTINATIONS.has(request.destination)) return;
      event.respondWith(fetch(request).then((response) => isolate(request, response, policy)));
    });
    return;
  }

  /** In the session's storage while a page that is to be isolated loads again. */
  const RELOADED = 'vm-console-isolation';
  /** A worker that takes longer to come up does not come up, ms. */
  const PATIENCE = 10_000;
  const script = document.currentScript;

  /** Whether the page has loaded again for this; with `set` it is noted. Pages without storage tell by the kind of their navigation. */
  function reloaded(set) {
    try {
      if (set) sessionStorage.setItem(RELOADED, '1');
      return sessionStorage.getItem(RELOADED) === '1';
    } catch {
      return performance.getEntriesByType('navigation')[0]?.type === 'reload';
    }
  }

  function forget() {
    try {
      sessionStorage.removeItem(RELOADED);
    } catch {
      // Nothing was noted either.
    }
  }

  /** The worker's address. One of the page's own (`data-worker`) has its own way to isolate. */
  function workerUrl() {
    const own = script?.dataset.worker;
    if (own) return new URL(own, document.baseURI);
    const url = new URL(script?.src ?? 'vm-console-isolation.js', document.baseURI);
    const policy = script?.dataset.policy;
    url.search = new URLSearchParams({ isolate: POLICIES.includes(policy) ? policy : POLICIES[0] });
    return url;
  }

  /** Waits until the page has a worker that will answer its next navigation. @returns {Promise<boolean>} false: it does not come up */
  function comesUp(container) {
    return Promise.race([
      container.ready.then(() => true),
      new Promise((resolve) => setTimeout(resolve, PATIENCE, false)),
    ]);
  }

  /** @returns {Promise<string | null>} why the page cannot be isolated, for people; null: it is. Stays pending while the page loads again. */
  async function arrange() {
    if (globalThis.crossOriginIsolated) {
      forget();
      return null;
    }
    if (!globalThis.isSecureContext)
      return 'A service worker could isolate it, but browsers run none on plain http: open the page by https, or on localhost.';
    if (globalThis.top !== globalThis)
      return 'It is shown in a frame, and only the page around it can be isolated: open this page in a tab of its own.';
    const container = navigator.serviceWorker;
    if (!container)
      return 'A service worker could isolate it, but this browser has none here: leave the private window, or allow the site to store data.';
    const worker = workerUrl();
    if (worker.origin !== location.origin)
      return `vm-console-isolation.js comes from ${worker.host}: copy it to this site, beside the page, since browsers run no service worker of another site.`;
    let registration;
    try {
      registration = await container.register(worker);
    } catch (error) {
      return `The browser refused the service worker ${worker.pathname} that would isolate it (${error?.message ?? error}). Allow the site to store data, and check that the file is there.`;
    }
    if (!registration)
      return 'A service worker could isolate it, but the browser blocks them: allow the site to store data.';
    if (!location.href.startsWith(registration.scope))
      return `vm-console-isolation.js lies in ${new URL(registration.scope).pathname}, but must lie in the page's folder or above it.`;
    if (!(await comesUp(container)))
      return 'The service worker that would isolate the page has not started. Load the page again.';
    // Once: a page that is not isolated by then never will be.
    if (reloaded(false)) {
      forget();
      return 'The service worker runs, but the browser has not isolated the page: use a current version of Chrome, Edge, Firefox or Safari.';
    }
    reloaded(true);
    location.reload();
    return new Promise(() => {});
  }

  const ready = arrange();
  globalThis.vmConsoleIsolation = { isolate, ready };
  ready.then((reason) => {
    if (reason) console.warn(`vm-console: this page is not cross-origin isolated. ${reason}`);
  });
})();
