/** Bugs that were found in other ways than by comparing instructions, each under the name of what went wrong. */
import { describe, expect, it } from 'vitest';
import { assembleText } from '../../../scripts/lib/riscv-asm/index.mjs';
import { createTestCore } from '../harness.ts';

const RAM = 0x8000_0000n;

describe.each(['interp', 'eager'] as const)('on tier %s', (tier) => {
  /**
   * The page walk of the load sets A in a page table that shares its page with translated code, so the block has to be left after the load:
   * its instruction still has to box the value and to mark the floating-point state dirty. Specification: volume I, 11.2.
   */
  it('flw is complete when its page walk invalidates the running code', async () => {
    const { flat } = assembleText(`
      .text
      .globl _start
      _start:
        li t0, -1
        csrw pmpaddr0, t0
        li t0, 0x1f
        csrw pmpcfg0, t0
        li t1, 0x80001000
        li t2, 0x2000000f
        sd t2, 16(t1)
        li t0, 0x80002000
        li t2, 0x3f800000
        sw t2, 0(t0)
        li t2, 0x80001
        li t3, 8
        slli t3, t3, 60
        or t2, t2, t3
        csrw satp, t2
        li t2, 0x4000
        csrs mstatus, t2
        li a5, 0x80001800
        jr a5
      .space 0x1800 - (. - _start)
        li t2, 0x20800
        csrs mstatus, t2
        flw f0, 0(t0)
        li t2, 0x20000
        csrc mstatus, t2
        csrr a1, mstatus
        fmv.x.d a0, f0
      1: wfi
        j 1b
    `);
    const core = await createTestCore({ tier });
    core.reset();
    core.load(RAM, flat);
    expect(core.run({ pc: RAM, maxInstructions: 1000 }).reason).toBe('wfi');
    expect(core.x(10)).toBe(0xffff_ffff_3f80_0000n);
    expect((core.x(11) >> 13n) & 3n).toBe(3n);
  });
});
