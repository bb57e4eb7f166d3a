import { describe, expect, it } from 'vitest';
import type { DriveStream } from '../core/vm-api.ts';
import { networkText } from './network-line.ts';

const stream = (changes: Partial<DriveStream>): DriveStream => ({
  total: 1000,
  fetched: 10,
  cached: 0,
  loading: 1,
  waiting: 1,
  problem: 'http://x/y: the server cannot be reached',
  retryAt: null,
  boot: { total: 0, done: 0 },
  ...changes,
});

const text = (...streams: Partial<DriveStream>[]): string => {
  const found = networkText(new Map(streams.map((each, i) => [`virtio${i}`, stream(each)])), 10_000);
  return found ? found.what + found.when : '';
};

describe('the line about the network', () => {
  it('is there while the guest waits for a server that does not answer', () => {
    expect(text({})).toBe('The guest waits for the network: virtio0 cannot be read now, trying again');
    expect(text({ waiting: 0 })).toBe('');
    expect(text({ problem: null })).toBe('');
    expect(text()).toBe('');
  });

  it('says when it is tried again, whichever drive comes first', () => {
    expect(text({ retryAt: 13_200 })).toMatch(/trying again in 4 s$/);
    expect(text({ retryAt: 9000 })).toMatch(/trying again$/);
    expect(text({ retryAt: 30_000 }, { retryAt: 11_000 })).toMatch(/virtio0, virtio1 .* in 1 s$/);
  });
});
