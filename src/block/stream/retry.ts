/** When to try again: after 0.5 to 1 s at first, twice as long each time, 30 s at most; at once when the browser says that it is online again. */

const FIRST_MS = 1000;
const MAX_MS = 30_000;

/**
 * Milliseconds until the next attempt. Half of it is chance, so that the clients of a server that comes back do not come all at once.
 * @param failures in a row, at least 1
 * @param random from 0 to 1
 */
export function retryDelay(failures: number, random = Math.random()): number {
  const full = Math.min(FIRST_MS * 2 ** (failures - 1), MAX_MS);
  return full * (0.5 + random / 2);
}

/** Waits `ms`, or until the browser is online again or `signal` is aborted. */
export function untilRetry(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      globalThis.removeEventListener?.('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    globalThis.addEventListener?.('online', done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
