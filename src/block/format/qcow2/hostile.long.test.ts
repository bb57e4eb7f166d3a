import { expect, it } from 'vitest';
import { fuzzQcow2 } from '../../../../tests/support/qcow2-fuzz.ts';
import { randomBelow } from '../../../../tests/support/random.ts';

it('nothing that is damaged at random throws, hangs, or outgrows its disk: 8,000 images', async () => {
  let repaired = 0;
  for (let seed = 1000; seed < 9000; seed++) {
    const outcome = await fuzzQcow2(randomBelow(Math.imul(seed, 2654435761)));
    repaired += Number(outcome.repaired);
  }
  expect(repaired).toBeGreaterThan(1000);
});
