import { afterEach, describe, expect, it, vi } from 'vitest';
import { retryDelay, untilRetry } from './retry.ts';

afterEach(() => vi.useRealTimers());

describe('trying again', () => {
  it('waits twice as long each time up to 30 s, half of it by chance', () => {
    expect([1, 2, 3, 4, 5, 6, 40].map((failures) => retryDelay(failures, 1))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
    ]);
    expect(retryDelay(3, 0)).toBe(2000);
    expect(retryDelay(3, 0.5)).toBe(3000);
  });

  it('ends when it is no use any more', async () => {
    vi.useFakeTimers();
    const abort = new AbortController();
    const waits = untilRetry(1e6, abort.signal);
    abort.abort();
    await waits;
    await untilRetry(1e6, abort.signal);
    expect(vi.getTimerCount()).toBe(0);
  });
});
