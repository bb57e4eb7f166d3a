/** Tier 1's memory stays bounded: the coldest modules go when there are too many, and their table slots are used again. */
import { expect, it } from 'vitest';
import { assembleText } from '../../../scripts/lib/riscv-asm/index.mjs';
import * as L from '../../../src/memory/layout.gen.ts';
import { createTestCore } from '../harness.ts';

const RAM = 0x8000_0000n;
const FUNCTIONS = 600;
const ROUNDS = 200;
/** Small enough that the functions do not fit: one of them is about 150 bytes of Wasm. */
const LIMITS = { modules: 12, bytes: 24 << 10 };

/** Each function adds its number in a loop of two; a round calls them all. */
function program(): string {
  const bodies = Array.from(
    { length: FUNCTIONS },
    (_, i) => `f${i}:\n  li t0, 2\n1: addi a0, a0, ${i + 1}\n  addi t0, t0, -1\n  bnez t0, 1b\n  ret\n`,
  );
  const calls = Array.from({ length: FUNCTIONS }, (_, i) => `  call f${i}\n`);
  return `.text\n.globl _start\n_start:\n  li a0, 0\n  li s0, ${ROUNDS}\nround:\n${calls.join('')}  addi s0, s0, -1\n  bnez s0, more\n2: wfi\n  j 2b\nmore: j round\n${bodies.join('')}`;
}

it('drops cold modules and reuses their slots while hot code keeps running', async () => {
  const core = await createTestCore({ tier: 'auto', limits: LIMITS });
  core.reset();
  core.load(RAM, assembleText(program()).flat);
  const slots = core.exports.table.length;
  expect(core.run({ pc: RAM, maxInstructions: 20_000_000 }).reason).toBe('wfi');
  expect(core.x(10)).toBe(BigInt(ROUNDS * FUNCTIONS * (FUNCTIONS + 1)));
  expect(core.counter(L.COUNTER_REGION_EVICTED)).toBeGreaterThan(0);
  expect(core.counter(L.COUNTER_REGION_BYTES)).toBeGreaterThan(4 * LIMITS.bytes);
  expect(core.counter(L.COUNTER_JIT_INSTRUCTIONS)).toBeGreaterThan(0);
  expect(core.exports.table.length).toBeLessThanOrEqual(slots + 2048);
});
