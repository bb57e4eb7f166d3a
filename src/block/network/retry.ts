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

/** What is known of a server. All who were refused wait together, and ask again at the same times. */
export class ServerWatch {
  /** Why nothing comes; null: it does, as far as is known. */
  problem: string | null = null;
  /** When it is asked again, ms as by Date.now(); null: nobody waits for it. */
  retryAt: number | null = null;
  private outage: { failures: number; over: Promise<void> } | null = null;
  private readonly signal: AbortSignal;
  private readonly changed: () => void;
  private readonly random: (() => number) | undefined;

  /**
   * @param signal ends waits
   * @param changed is called when `problem` or `retryAt` is another
   */
  constructor(signal: AbortSignal, changed: () => void, random?: () => number) {
    this.signal = signal;
    this.changed = changed;
    this.random = random;
  }

  /** It answered. */
  reached(): void {
    this.outage = null;
    this.show(null, null);
  }

  /** It did not answer somebody who does not wait for it. */
  missed(problem: string): void {
    this.show(problem, this.retryAt);
  }

  /**
   * Makes an attempt again and again until it succeeds, fails for good, or `giveUpMs` after its first failure are over.
   * @param attempt gives a problem that may pass, or anything else, which is the result
   */
  async insist<T>(
    attempt: () => Promise<{ passing: string } | { result: T }>,
    giveUpMs = Number.POSITIVE_INFINITY,
  ): Promise<{ result: T } | { problem: string }> {
    let since: number | null = null;
    for (;;) {
      const { outage } = this;
      const answer = await attempt();
      if ('result' in answer) return answer;
      since ??= Date.now();
      const left = since + giveUpMs - Date.now();
      if (left <= 0)
        return { problem: `${answer.passing}; it was given up after ${Math.round(giveUpMs / 1000)} s` };
      // Whoever is the first to fail says when all try again.
      if (this.outage === null || this.outage === outage) this.refused(answer.passing, left);
      await this.outage!.over;
      if (this.signal.aborted) return { problem: answer.passing };
    }
  }

  private refused(problem: string, left: number): void {
    const failures = (this.outage?.failures ?? 0) + 1;
    const delay = Math.min(retryDelay(failures, this.random?.()), left);
    this.outage = { failures, over: untilRetry(delay, this.signal) };
    this.show(problem, Date.now() + delay);
  }

  private show(problem: string | null, retryAt: number | null): void {
    if (this.problem === problem && this.retryAt === retryAt) return;
    this.problem = problem;
    this.retryAt = retryAt;
    this.changed();
  }
}
