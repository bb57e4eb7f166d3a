/** Tier 1's memory stays bounded: the coldest modules go when there are too many, and their table slots are used again. */
import { expect, it } from 'vitest';
import { assembleText } from '../../../scripts/lib/riscv-asm/index.mjs';
import * as L from '../../../src/memory/layout.gen.ts';
import { createTestCore } from '../harness.ts';

const RAM = 0x8000_0000n;
const FUNCTIONS = 600;
const ROUNDS = 200;
/** Small enough that the functions do not fit: one of them is about 150 bytes of Wasm. */
const LIMITS = { modules: 12, bytes: 24 << 10, regions: 8192 };
/** Room for modules and bytes, but not for regions. */
const FEW_REGIONS = { modules: 2048, bytes: 24 << 20, regions: 80 };

/** Each function adds its number in a loop of two; a round calls them all. */
function program(): string {
  const bodies = Array.from(
    { length: FUNCTIONS },
    (_, i) => `f${i}:\n  li t0, 2\n1: addi a0, a0, ${i + 1}\n  addi t0, t0, -1\n  bnez t0, 1b\n  ret\n`,
  );
  const calls = Array.from({ length: FUNCTIONS }, (_, i) => `  call f${i}\n`);
  return `.text\n.globl _start\n_start:\n  li a0, 0\n  li s0, ${ROUNDS}\nround:\n${calls.join('')}  addi s0, s0, -1\n  bnez s0, more\n2: wfi\n  j 2b\nmore: j round\n${bodies.join('')}`;
}

it('keeps no more regions than there may be, though there is room for more modules and bytes', async () => {
  const core = await createTestCore({ tier: 'auto', limits: FEW_REGIONS });
  core.reset();
  core.load(RAM, assembleText(program()).flat);
  let most = 0;
  for (let end = ''; end !== 'wfi'; most = Math.max(most, core.exports.regions(0)))
    end = core.resume({ maxInstructions: 100_000 }).reason;
  expect(core.x(10)).toBe(BigInt(ROUNDS * FUNCTIONS * (FUNCTIONS + 1)));
  expect(most).toBeGreaterThan(40);
  expect(most).toBeLessThanOrEqual(FEW_REGIONS.regions);
  expect(core.counter(L.COUNTER_NO_DESCRIPTOR)).toBe(0);
  expect(core.counter(L.COUNTER_REGION_EVICTED)).toBeGreaterThan(50);
});

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
