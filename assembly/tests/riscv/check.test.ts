/** Tier `check`: both tiers on the instruction tests with no difference, and a wrong emission found and described. */
import { describe, expect, it } from 'vitest';
import {
  COUNTER_CHECKED,
  COUNTER_INSTRUCTIONS,
  COUNTER_JIT_INSTRUCTIONS,
} from '../../../src/memory/layout.gen.ts';
import { describeDifference } from '../../../src/worker/check-report.ts';
import { createTestCore } from '../harness.ts';
import { assemble } from './program.ts';
import { conformance } from './conformance.ts';

for (const group of [
  'rv64i',
  'rv64a',
  'rv64d',
  'traps',
  'interrupts',
  'mmu-sv39',
  'random-programs',
  'random-traps',
])
  conformance(group, ['check']);

const BASE = 0x8000_0000n;
const LOOP = `
    la s0, data
    li s1, 500000
  region: ld a0, 0(s0)
    xor a1, a1, s1
    sd a1, 0(s0)
    amoadd.w a2, s1, (s0)
    add a3, a3, a2
    addi s1, s1, -1
    bnez s1, region
    wfi
  .org 0x1000
  data: .dword 1`;

async function runLoop(alter?: (code: Uint8Array) => void) {
  const core = await createTestCore({ tier: 'check', alter });
  core.reset();
  const program = assemble(BASE, LOOP);
  core.load(BASE, program.bytes);
  return { core, program, run: core.run({ pc: BASE, maxInstructions: 10_000_000 }) };
}

describe('tier check', () => {
  it('compares nearly all that tier 1 runs', async () => {
    const { core, run } = await runLoop();
    expect(run.reason).toBe('wfi');
    expect(core.counter(COUNTER_CHECKED)).toBe(core.counter(COUNTER_JIT_INSTRUCTIONS));
    expect(core.counter(COUNTER_CHECKED)).toBeGreaterThan(0.9 * core.counter(COUNTER_INSTRUCTIONS));
  });

  it('stops at a wrong result, with both tiers’ registers, the IR and the Wasm', async () => {
    const { core, program, run } = await runLoop((code) => replace(code, 0x85, 0x84));
    expect(run.reason).toBe('difference');
    const text = describeDifference(core.exports, core.memory.buffer, 0, 'riscv64');
    expect(text).toContain(`differ after the region at pc 00000000${program.at('region').toString(16)}`);
    expect(text).toMatch(/^Where tier 1 made: store of 8 bytes at 0000000080001000, value [0-9a-f]{16}$/m);
    expect(text).toMatch(/^tier 0 made: +store of 8 bytes at 0000000080001000/m);
    expect(text).toMatch(/^\* pc /m);
    expect(text).toContain('xor %x11, %x11, %x9');
    expect(text).toContain('i64.xor');
  });

  it('stops at a wrong register that is never stored', async () => {
    const { core, run } = await runLoop((code) => replace(code, 0x7c, 0x7d));
    expect(run.reason).toBe('difference');
    const text = describeDifference(core.exports, core.memory.buffer, 0, 'riscv64');
    expect(text).toMatch(/^\* x13 /m);
    expect(text).toMatch(/^ {2}x11 /m);
    expect(text).not.toContain('Where tier 1 made');
  });
});

/** Puts another operation in the place of one, after two local.get and before a local.set. */
function replace(code: Uint8Array, from: number, to: number): void {
  for (let at = 4; at + 1 < code.length; at += 1) {
    if (code[at] === from && code[at - 2] === 0x20 && code[at - 4] === 0x20 && code[at + 1] === 0x21)
      code[at] = to;
  }
}
