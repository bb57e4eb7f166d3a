/** What regions are made of: code that is entered at many places is not compiled anew for each of them. */
import { expect, it } from 'vitest';
import * as L from '../../../src/memory/layout.gen.ts';
import { createTestCore } from '../harness.ts';
import { assemble } from './program.ts';

const RAM = 0x8000_0000n;
const PARTS = 24;
const ROUNDS = 20_000;
/** Instructions of a part: see below. */
const PART_INSNS = 5;

/** A ring of parts, each of two blocks. A round enters it at one part, runs once around and leaves there; the next one begins elsewhere. */
function ring(): string {
  const parts = Array.from(
    { length: PARTS },
    (_, i) =>
      `part${i}:\n  beq s2, s3, leave\n  addi s3, s3, 1\n  add a0, a0, s4\n  beqz a0, leave\n  addi s4, s4, ${i}\n`,
  );
  return `
    li s0, ${ROUNDS}
    li s1, 0
    li a0, 1
    li s4, 0
    li s2, ${PARTS}
    la s5, part0
  round:
    li s3, 0
    addi s1, s1, 7
    li t0, ${PARTS}
    remu s1, s1, t0
    li t0, ${PART_INSNS * 4}
    mul t0, t0, s1
    add t0, t0, s5
    jr t0
  ${parts.join('')}
    j part0
  leave:
    addi s0, s0, -1
    bnez s0, round
  end: wfi
    j end
  `;
}

it('does not compile a loop anew for each of the places where it is entered', async () => {
  const program = assemble(RAM, ring());
  const core = await createTestCore({ tier: 'auto' });
  core.reset();
  core.load(RAM, program.bytes);
  expect(core.run({ pc: RAM, maxInstructions: 100_000_000 }).reason).toBe('wfi');
  let [sum, step] = [1n, 0n];
  for (let round = 1; round <= ROUNDS; round++) {
    for (let part = 0; part < PARTS; part++) {
      sum = BigInt.asUintN(64, sum + step);
      step += BigInt((round * 7 + part) % PARTS);
    }
  }
  expect(core.x(10)).toBe(sum);
  const instructions = core.counter(L.COUNTER_INSTRUCTIONS);
  expect(core.counter(L.COUNTER_JIT_INSTRUCTIONS) / instructions).toBeGreaterThan(0.8);
  expect(core.counter(L.COUNTER_REGION_INSNS)).toBeLessThan((PARTS / 2) * PARTS * PART_INSNS);
});
