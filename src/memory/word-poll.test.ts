import { describe, expect, it } from 'vitest';
import { WordPoll } from './word-poll.ts';

const STEP_MS = 0.001;

/** A poll whose clock goes on a little each time it is read. */
function poll(cores = 2) {
  const words = new Int32Array(new SharedArrayBuffer(8));
  let ms = 100;
  let due = Number.POSITIVE_INFINITY;
  const tested = new WordPoll(words, 1, cores, () => {
    ms += STEP_MS;
    if (ms >= due) Atomics.store(words, 1, 1);
    return ms;
  });
  /** A wait of which the end comes so many ms after its beginning, if need be while asleep. @returns ms that were spent looking */
  const wait = (length: number, limit?: number): number => {
    Atomics.store(words, 1, 0);
    const before = ms;
    due = before + length;
    const over = tested.look(0, limit);
    const looked = ms - before;
    if (!over) {
      ms = Math.max(ms, due);
      tested.slept();
    }
    return looked;
  };
  return { wait };
}

describe('looking at a word before sleeping on it', () => {
  it('looks not at all at first, then longer and longer, until it sees the ends of short waits', () => {
    const { wait } = poll();
    const looked = Array.from({ length: 8 }, () => wait(0.05));
    expect(looked[0]).toBeLessThan(2 * STEP_MS);
    for (let i = 1; i < 4; i++) expect(looked[i]).toBeGreaterThan(looked[i - 1]);
    for (let i = 4; i < 8; i++) expect(looked[i]).toBeCloseTo(0.05, 2);
  });

  it('gives up after one long wait, of which it has looked for 0.1 ms at most', () => {
    const { wait } = poll();
    for (let i = 0; i < 8; i++) wait(0.09);
    expect(wait(4)).toBeLessThan(0.11);
    expect(wait(4)).toBeLessThan(2 * STEP_MS);
  });

  it('stays ready for waits of any short length', () => {
    const { wait } = poll();
    for (let i = 0; i < 8; i++) wait(0.09);
    for (let i = 0; i < 8; i++) expect(wait(0.01)).toBeCloseTo(0.01, 2);
    expect(wait(0.08)).toBeCloseTo(0.08, 2);
  });

  it('does not outlast a timer', () => {
    const { wait } = poll();
    for (let i = 0; i < 8; i++) wait(0.09);
    expect(wait(0.09, 0.02)).toBeCloseTo(0.02, 2);
  });

  it('never looks on a host with one core', () => {
    const { wait } = poll(1);
    for (let i = 0; i < 6; i++) expect(wait(0.05)).toBeLessThan(2 * STEP_MS);
  });
});
