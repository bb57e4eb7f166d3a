import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as L from '../memory/layout.gen.ts';
import { warmUp } from './warm-up.ts';
import { WARM_UP_GUESTS } from './warm-up-guests.ts';

const core = (name: string) =>
  new WebAssembly.Module(readFileSync(new URL(`../../build/${name}.debug.wasm`, import.meta.url)));
const modules = { riscv64: core('core'), x86: core('core-x86') };
const moduleOf = (arch: string) => (arch === 'riscv64' ? modules.riscv64 : modules.x86);

/** Copies of the routine that each guest makes, and the blocks and accesses of each. */
const COPIES = 400;
const BLOCKS = 9;
const PAGES = 12;

describe.each(Object.keys(WARM_UP_GUESTS))('the guest that warms up %s', (arch) => {
  it('runs to its end, and keeps translator and TLB busy', async () => {
    const { result, counter } = await warmUp(moduleOf(arch), arch, () => true);
    expect(result).toBe(L.RESULT_HALT);
    expect(counter(L.COUNTER_EXCEPTION)).toBe(0);
    expect(counter(L.COUNTER_TRANSLATED)).toBeGreaterThan(COPIES * BLOCKS);
    expect(counter(L.COUNTER_TLB_FILL)).toBeGreaterThan(COPIES * PAGES);
  });

  it('ends early when it is no longer wanted', async () => {
    let slices = 2;
    const { result } = await warmUp(moduleOf(arch), arch, () => slices-- > 0);
    expect(result).toBe(L.RESULT_SLICE);
  });
});
