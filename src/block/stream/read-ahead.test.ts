import { describe, expect, it } from 'vitest';
import { ReadAhead } from './read-ahead.ts';

const KIB = 1024;
const MIB = 1 << 20;

/** Reads `total` bytes from `at` on in pieces. @returns the end of what was fetched ahead at last */
function readOn(planner: ReadAhead, at: number, total: number, piece = 64 * KIB): number {
  let end = 0;
  for (let done = 0; done < total; done += piece) end = planner.note(at + done, piece)?.end ?? end;
  return end;
}

describe('read-ahead', () => {
  it('leaves reads alone that lead nowhere', () => {
    const planner = new ReadAhead();
    for (let i = 0; i < 1000; i++) expect(planner.note(((i * 7919) % 1000) * 10 * MIB, 4 * KIB)).toBeNull();
  });

  it('goes ahead of a stream, further the longer it is, and asks for nothing twice', () => {
    const planner = new ReadAhead();
    const asked: { start: number; end: number }[] = [];
    for (let at = 0; at < 32 * MIB; at += 64 * KIB) {
      const range = planner.note(at, 64 * KIB);
      if (!range) continue;
      expect(range.start).toBeGreaterThanOrEqual(asked.at(-1)?.end ?? 0);
      asked.push(range);
    }
    expect(asked[0].end).toBeLessThan(MIB);
    expect(asked.at(-1)!.end - 32 * MIB).toBeGreaterThan(4 * MIB);
    expect(asked.at(-1)!.end - 32 * MIB).toBeLessThanOrEqual(16 * MIB);
  });

  it('asks for much at once where a stream is long, and never lets it run dry', () => {
    const planner = new ReadAhead();
    let end = 0;
    let asked = 0;
    for (let at = 0; at < 256 * MIB; at += MIB) {
      const range = planner.note(at, MIB);
      if (range) asked++;
      end = range?.end ?? end;
      if (at > 16 * MIB) expect(end - (at + MIB)).toBeGreaterThanOrEqual(4 * MIB);
    }
    expect(asked).toBeLessThan(256 / 3);
  });

  it('follows several streams at once, with other reads in between', () => {
    const planner = new ReadAhead();
    const ends = new Map<number, number>();
    for (let done = 0; done < 4 * MIB; done += 32 * KIB) {
      for (const start of [0, 100, 200, 300]) {
        const range = planner.note(start * MIB + done, 32 * KIB);
        if (range) ends.set(start, range.end - start * MIB);
      }
      planner.note(900 * MIB + ((done * 13) % (50 * MIB)), 4 * KIB);
    }
    for (const start of [0, 100, 200, 300]) expect(ends.get(start)).toBeGreaterThan(4 * MIB);
  });

  it('takes requests that come out of order, or leave small gaps, for one stream', () => {
    const planner = new ReadAhead();
    let end = 0;
    for (let at = 0; at < 4 * MIB; at += 128 * KIB) {
      end = planner.note(at + 64 * KIB, 60 * KIB)?.end ?? end;
      end = planner.note(at, 64 * KIB)?.end ?? end;
    }
    expect(end).toBeGreaterThan(4 * MIB);
  });

  it('learns from what was not read, and from what was', () => {
    const planner = new ReadAhead();
    const ahead = (at: number): number => readOn(planner, at, 64 * MIB) - (at + 64 * MIB);
    const before = ahead(0);
    for (let i = 0; i < 10; i++) planner.learn(false);
    expect(ahead(1000 * MIB)).toBeLessThan(before / 4);
    for (let i = 0; i < 100; i++) planner.learn(true);
    expect(ahead(2000 * MIB)).toBeGreaterThan(before);
  });
});
