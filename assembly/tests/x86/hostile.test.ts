import { describe, expect, it } from 'vitest';
import { compareHostile } from './hostile.ts';

/** Seeds in one test: its cores are dropped after it. */
const STEP = 10;

describe('hostile x86 programs end the same on both tiers', () => {
  for (let first = 0; first < 60; first += STEP) {
    it(`seeds ${first} to ${first + STEP - 1}`, async () => {
      const seeds = Array.from({ length: STEP }, (_, index) => first + index);
      expect(await compareHostile(seeds)).toBeGreaterThan(0.05);
    }, 120_000);
  }
});
