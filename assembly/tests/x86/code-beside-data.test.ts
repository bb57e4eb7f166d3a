/**
 * Code with variables in its own page: stores beside the code leave its blocks alone, stores into it change what runs. What the program computes
 * follows from its listing.
 */
import { describe, expect, it } from 'vitest';
import { COUNTER_INVALIDATE } from '../../../src/memory/layout.gen.ts';
import type { TestTier } from '../harness.ts';
import { createX86Core, RESET_VECTOR } from './machine.ts';

const BASE = 0x1_0000n;
/**
 *        cli; mov ax,0x1000; mov ds,ax; mov cx,20000
 *   1:   inc word [counter]
 *  patch: mov ax,0x1111
 *        add [total],ax
 *        test cl,0xff; jnz 2f
 *        inc word [patch+1]
 *   2:   loop 1b; hlt
 *  counter, total: words
 */
const PROGRAM = 'fab800108ed8b9204eff062000b8111101062200f6c1ff7504ff060e00e2eaf400000000';
const PATCH = 0x0en;
const COUNTER = 0x20n;
const ROUNDS = 20_000;
/** Far jump to 1000:0000. */
const RESET_CODE = Uint8Array.of(0xea, 0x00, 0x00, 0x00, 0x10);

function expected(): { counter: number; total: number; patch: number } {
  let total = 0;
  let patch = 0x1111;
  for (let cx = ROUNDS; cx > 0; cx--) {
    total = (total + patch) & 0xffff;
    if ((cx & 0xff) === 0) patch++;
  }
  return { counter: ROUNDS, total, patch };
}

describe.each<TestTier>(['interp', 'auto', 'eager'])('variables beside code (%s)', (tier) => {
  it('cost no translation, and code that is changed runs as changed', async () => {
    const core = await createX86Core({ tier });
    core.load(BASE, Buffer.from(PROGRAM, 'hex'));
    core.load(RESET_VECTOR, RESET_CODE);
    const { reason } = core.run({ pc: RESET_VECTOR, maxInstructions: 1_000_000 });
    expect(reason).toBe('wfi');
    const word = (at: bigint) => Number(core.readU64(BASE + at) & 0xffffn);
    expect({ counter: word(COUNTER), total: word(COUNTER + 2n), patch: word(PATCH) }).toEqual(expected());
    // One for each change of the code, and a few before the page is known to be both.
    expect(core.counter(COUNTER_INVALIDATE)).toBeLessThan(ROUNDS / 256 + 20);
  });
});
