import { describe, expect, it } from 'vitest';
import { checkHostile, compareHostile } from './hostile.ts';

const STEP = 50;
/** SNOWGLOBE_SEED begins elsewhere. */
const FIRST = Number(process.env.SNOWGLOBE_SEED ?? 10_000);

describe('hostile x86 programs end the same on both tiers', () => {
  for (let first = FIRST; first < FIRST + 2000; first += STEP) {
    it(`seeds ${first} to ${first + STEP - 1}`, async () => {
      const seeds = Array.from({ length: STEP }, (_, index) => first + index);
      expect(await compareHostile(seeds)).toBeGreaterThan(0.05);
    });
  }
});

/** Each access is logged and compared: some twenty times as slow. */
const CHECK_STEP = 10;

describe('hostile x86 programs under tier check', () => {
  for (let first = FIRST; first < FIRST + 200; first += CHECK_STEP) {
    it(`seeds ${first} to ${first + CHECK_STEP - 1}`, async () => {
      await checkHostile(Array.from({ length: CHECK_STEP }, (_, index) => first + index));
    });
  }
});
