/**
 * Random control-flow graphs: blocks that compute a little and go on at one of two random others, most of them in loops with several entries. All
 * tiers must end with the same registers and memory after the same number of instructions; under -icount a timer interrupts at
 * instruction-determined places and hashes where it did, so that leaving in the middle of any loop is compared too.
 */
import { describe, expect, it } from 'vitest';
import { COUNTER_INSTRUCTIONS, COUNTER_JIT_INSTRUCTIONS } from '../../../src/memory/layout.gen.ts';
import { wasmText } from '../../../src/worker/wasm-text.ts';
import { createTestCore, type TestCore, type TestTier } from '../harness.ts';
import { assemble } from './program.ts';
import { randomBelow } from '../../../tests/support/random.ts';

const BASE = 0x8000_0000n;
const SEEDS = 20;
/** Blocks that run before a program ends. */
const STEPS = 40_000;
/** Longer than any program. */
const MAX = 4_000_000;
const TIERS: readonly TestTier[] = ['interp', 'jit', 'auto'];

const STATEMENTS = [
  'addi a0, a0, 1',
  'add a1, a1, a0',
  'xor a2, a2, a1',
  'slli a3, a0, 3',
  'mv a4, a2',
  'sub a0, a4, a3',
  'li a5, 0',
  'addw a5, a5, a1',
  'sd a1, 8(s4)',
  'ld a2, 8(s4)',
  'sw a0, 20(s4)',
  'lbu a3, 9(s4)',
  'sd a2, 24(s5)',
  'ld a0, 16(s5)',
] as const;

/** s0 counts the blocks down, s1 is a generator of the guest's own whose bits decide at each branch. */
function program(seed: number): string {
  const random = randomBelow(seed);
  // Every fourth has more blocks than a region takes.
  const blocks = seed % 4 === 0 ? 30 + random(20) : 3 + random(20);
  const bodies = Array.from({ length: blocks }, (_, i) => {
    const statements = Array.from({ length: random(5) }, () => STATEMENTS[random(STATEMENTS.length)]);
    const step = random(3) === 0 ? ['mul s1, s1, s2', 'addi s1, s1, 1013'] : ['addi s1, s1, 77'];
    return [
      `b${i}: addi s0, s0, -1`,
      'blez s0, done',
      ...statements,
      ...step,
      `srli t0, s1, ${random(30)}`,
      'andi t0, t0, 1',
      `beqz t0, b${random(blocks)}`,
      // Falling through now and then.
      ...(random(3) === 0 && i + 1 < blocks ? [] : [`j b${random(blocks)}`]),
    ].join('\n');
  });
  return `
    la t0, handler
    csrw mtvec, t0
    la s4, data
    addi s5, s4, 8
    li s0, ${STEPS}
    li s1, ${seed * 7919}
    li s2, 1664525
    li s6, 0x02004000
    li s7, 0x0200bff8
    call arm
    li t0, 0x80
    csrw mie, t0
    csrsi mstatus, 8
    j b0
  ${bodies.join('\n')}
  done: csrw mie, zero
    wfi
    j done
    .balign 4
  handler: csrr t5, mepc
    csrr t6, minstret
    xor t5, t5, t6
    add s8, s8, t5
    xor s8, s8, a0
    mul s8, s8, s2
    addi s9, s9, 1
    csrw mscratch, t1
    call arm
    csrr t1, mscratch
    mret
  arm: ld t5, 0(s7)
    addi t5, t5, 1501
    sd t5, 0(s6)
    ret
    .org 0x2000
    data: .space 64`;
}

async function run(source: string, tier: TestTier, icount: number): Promise<TestCore> {
  const core = await createTestCore({ tier, icount });
  core.reset();
  core.load(BASE, assemble(BASE, source).bytes);
  expect(core.run({ pc: BASE, maxInstructions: MAX }).reason).toBe('wfi');
  return core;
}

function endOf(core: TestCore) {
  const registers = Array.from({ length: 32 }, (_, i) => core.x(i));
  return {
    registers,
    pc: core.pc(),
    data: Buffer.from(core.bytes(BASE + 0x2000n, 64)).toString('hex'),
    instructions: core.counter(COUNTER_INSTRUCTIONS),
  };
}

/** An edge to a dispatcher: it sets the number of the entry that it means. */
const DISPATCH = /i32\.const \d+\n\s*local\.set 1\n/;

describe('random graphs', () => {
  let dispatched = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`number ${seed} ends the same on all tiers, and is interrupted at the same instructions`, async () => {
      const source = program(seed);
      const first = await run(source, 'interp', 3);
      // 1501 ticks of 100 ns, 8 ns an instruction, up to a slice late.
      expect(Number(first.x(25))).toBeGreaterThan(first.counter(COUNTER_INSTRUCTIONS) / 40_000);
      for (const tier of TIERS.slice(1)) {
        const core = await run(source, tier, 3);
        expect(endOf(core)).toEqual(endOf(first));
        expect(core.counter(COUNTER_JIT_INSTRUCTIONS)).toBeGreaterThan(
          0.5 * core.counter(COUNTER_INSTRUCTIONS),
        );
      }
      const { module } = first.emit(assemble(BASE, source).at('b0'));
      if (DISPATCH.test(wasmText(module)[0].text)) dispatched += 1;
    });
  }
  it('have loops with several entries', () => {
    expect(dispatched).toBeGreaterThan(SEEDS / 4);
  });
});
