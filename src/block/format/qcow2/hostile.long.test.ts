import { expect, it } from 'vitest';
import { fuzzQcow2 } from '../../../../tests/support/qcow2-fuzz.ts';

it('nothing that is damaged at random throws, hangs, or outgrows its disk: 8,000 images', () => {
  let repaired = 0;
  for (let seed = 1000; seed < 9000; seed++) {
    let state = Math.imul(seed, 2654435761) >>> 0;
    const outcome = fuzzQcow2((n) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    });
    repaired += Number(outcome.repaired);
  }
  expect(repaired).toBeGreaterThan(1000);
});
