/**
 * POPF and CLTS in hot loops: what they change is part of the flags that blocks are made for, so a region must not go on behind them to a block that was made
 * for other flags. POPF may set TF, and then there is a single step after the next instruction (SDM 3, 17.3.1.4); an x87 instruction raises #NM while
 * CR0.TS is set, and none does behind CLTS (SDM 2, CLTS). The program is fixtures/block-flags.s, assembled.
 */
import { describe, expect, it } from 'vitest';
import type { TestTier } from '../harness.ts';
import { createX86Core, RESET_VECTOR } from './machine.ts';

const PROGRAM =
  'fa31c08ed88ed0bc007cc70604005a00c706060000f0c7061c006f00c7061e0000f0dbe331c9b80200f6c1070f94c4509dff0606060f20c024f7f6c10375020c080f22c0bb' +
  '5000f6c1047402ffe30f06d9d04181f9fd0375cdf45589e5ff060006508b4602a30206806607fe585dcf5589e5ff060406834602025dcf';
const IMAGE = 0xf_0000n;
const RESULTS = 0x600n;
/** Far jump to the image. */
const RESET_CODE = Uint8Array.of(0xea, 0x00, 0x00, 0x00, 0xf0);
const STEPPED = 0x35;
const TIERS: readonly TestTier[] = ['interp', 'jit', 'auto'];

describe.each(TIERS)('what changes block flags in a hot loop (%s)', (tier) => {
  it('is seen by the next instruction', async () => {
    const core = await createX86Core({ tier });
    core.load(IMAGE, Buffer.from(PROGRAM, 'hex'));
    core.load(RESET_VECTOR, RESET_CODE);
    expect(core.run({ pc: RESET_VECTOR, maxInstructions: 100_000 }).reason).toBe('wfi');
    const results = Buffer.from(core.bytes(RESULTS, 8));
    const [steps, stepped, lost, rounds] = [0, 2, 4, 6].map((at) => results.readUInt16LE(at));
    expect({ steps, stepped, lost, rounds }).toEqual({
      steps: 128,
      stepped: STEPPED,
      lost: 128,
      rounds: 1021,
    });
  });
});
