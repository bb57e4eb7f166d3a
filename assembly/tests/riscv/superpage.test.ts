/**
 * A fence for one address of a mapping larger than a page concerns every page of it that the TLB may have: sfence.vma orders what was written to
 * the leaf entry that the address corresponds to (privileged specification, 12.2.1), and that is the same one.
 */
import { describe, expect, it } from 'vitest';
import { createTestCore, TEST_TIERS } from '../harness.ts';
import { assemble } from './program.ts';

const BASE = 0x8000_0000n;
const ROOT = 0x8010_0000n;
const SV48 = (9n << 60n) | (ROOT >> 12n);
const LOAD_PAGE_FAULT = 13n;
const MPRV = 1 << 17;

const pointer = (table: bigint) => ((table >> 12n) << 10n) | 1n;
/** Valid, readable, writable, accessed, dirty. */
const leaf = (physical: bigint) => ((physical >> 12n) << 10n) | 0xc7n;

/** Tables for one leaf at address 0 of the third gigabyte, of the given level: 1 is 2 MiB, 2 is 1 GiB, 3 is 512 GiB at address 0. */
function tables(level: number) {
  const entries = new Map<bigint, bigint>();
  const l2 = ROOT + 0x1000n;
  const l1 = ROOT + 0x2000n;
  if (level === 3) {
    entries.set(ROOT, leaf(0n));
    return { entries, at: ROOT };
  }
  entries.set(ROOT, pointer(l2));
  if (level === 2) {
    entries.set(l2 + 16n, leaf(BASE));
    return { entries, at: l2 + 16n };
  }
  entries.set(l2 + 16n, pointer(l1));
  entries.set(l1, leaf(BASE));
  return { entries, at: l1 };
}

/** Loads through the mapping, takes it away, fences `fenced`, loads again. */
const program = (leafAt: bigint, loaded: bigint, fenced: bigint) => `
    la t0, trap
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li t0, ${SV48}
    csrw satp, t0
    sfence.vma
    li s0, ${loaded}
    li s1, ${fenced}
    li s2, ${leafAt}
    li s3, ${MPRV}
    li t0, 0x1800
    csrc mstatus, t0
    li t0, 0x800
    csrs mstatus, t0
    csrs mstatus, s3
    ld a0, 0(s0)
    csrc mstatus, s3
    sd zero, 0(s2)
    sfence.vma s1, zero
    csrs mstatus, s3
    ld a1, 0(s0)
    li a2, 1
    j stop
    .balign 4
  trap: csrr a3, mcause
    csrr a4, mtval
  stop: wfi
    j stop`;

const CASES = [
  { size: '2 MiB', level: 1, loaded: BASE + 0x5000n, fenced: BASE + 0x1f_f000n },
  { size: '1 GiB', level: 2, loaded: BASE + 0x5000n, fenced: BASE + 0x3fff_f000n },
  { size: '512 GiB', level: 3, loaded: BASE + 0x5000n, fenced: 0x7f_ffff_f000n },
];

describe.each(TEST_TIERS)('a mapping taken away and another of its pages fenced (%s)', (tier) => {
  it.each(CASES)('$size', async ({ level, loaded, fenced }) => {
    const { entries, at } = tables(level);
    const core = await createTestCore({ tier });
    core.reset();
    core.load(BASE, assemble(BASE, program(at, loaded, fenced)).bytes);
    for (const [address, entry] of entries)
      core.load(address, new Uint8Array(BigUint64Array.of(entry).buffer));
    core.load(loaded, new Uint8Array(BigUint64Array.of(0x1234n).buffer));
    expect(core.run({ pc: BASE, maxInstructions: 10_000 }).reason).toBe('wfi');
    expect([core.x(10), core.x(12)]).toEqual([0x1234n, 0n]);
    expect([core.x(13), core.x(14)]).toEqual([LOAD_PAGE_FAULT, loaded]);
  });
});
