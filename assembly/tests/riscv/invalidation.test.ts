/**
 * Code that changes, moves, faults or is interrupted while it runs hot. Each program runs on every tier: its result is stated here, and
 * registers, pc and count of retired instructions must be the same on all tiers.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { COUNTER_INSTRUCTIONS, COUNTER_JIT_INSTRUCTIONS } from '../../../src/memory/layout.gen.ts';
import { createTestCore, type TestCore, type TestTier } from '../harness.ts';
import { assemble, type Program } from './program.ts';

const BASE = 0x8000_0000n;
const ROOT = 0x8010_0000n;
const MIDDLE = 0x8010_1000n;
const LEAF = 0x8010_2000n;
/** Guest-virtual address that LEAF's first entry maps; code pages of the programs lie at offset 0x1000 and up. */
const WINDOW = 0x4000_0000n;
const TIERS: readonly TestTier[] = ['interp', 'eager', 'auto'];
const MAX = 5_000_000;
/** Times that a loop runs; half of them before something happens. */
const RUNS = 40_000;
const HALF = RUNS / 2;
/** With one module for each block, changes at every turn take their time. */
const CHANGES = 60;

/** What a program ends with after a trap: s5 mcause, s6 mepc, s7 mtval, s8 minstret. */
const TRAP = `
  .balign 4
  trap: csrr s8, minstret
    csrr s5, mcause
    csrr s6, mepc
    csrr s7, mtval
    stop: wfi
    j stop`;
/** Goes on in S-mode with Sv39: RAM mapped as it is, WINDOW as LEAF says. */
const TO_SUPERVISOR = `
    la t0, trap
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li t0, 0x8000000000080100
    csrw satp, t0
    sfence.vma
    li t0, 0x800
    csrs mstatus, t0
    la t0, supervisor
    csrw mepc, t0
    mret
    supervisor:`;
const leafPte = (page: bigint) => ((page >> 12n) << 10n) | 0xcfn;

function dword(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

function loadProgram(core: TestCore, program: Program, pages: readonly bigint[]): void {
  core.load(BASE, program.bytes);
  core.load(ROOT + 16n, dword(leafPte(BASE)));
  core.load(ROOT + 8n, dword(((MIDDLE >> 12n) << 10n) | 1n));
  core.load(MIDDLE, dword(((LEAF >> 12n) << 10n) | 1n));
  pages.forEach((page, index) => core.load(LEAF + BigInt(index) * 8n, dword(leafPte(page))));
}

interface Case {
  source: string;
  /** Physical pages that WINDOW shows at first. */
  window?: readonly bigint[];
  /** Expected a0, or what to expect of the end. */
  a0?: bigint;
  check?: (core: TestCore, program: Program) => void;
  /** Runs the program; by default to its end. */
  drive?: (core: TestCore, program: Program) => void;
}

const ONE = 0x00150513; // addi a0, a0, 1
const TWO = 0x00250513; // addi a0, a0, 2

/** A loop of RUNS turns that calls `part`, and does `change` once in the middle. */
const changedOnce = (part: string, change: string) => `
    li s1, ${RUNS}
    li s2, ${HALF}
  loop: ${part}
    bne s1, s2, next
    ${change}
  next: addi s1, s1, -1
    bnez s1, loop
    j stop
    ${TRAP}`;
const patch = (label: string, word: number) => `
    la t0, ${label}
    li t1, ${word}
    sw t1, 0(t0)
    fence.i`;
const CASES: Record<string, Case> = {
  'a store into its own loop, ahead': {
    source: `
    li s1, ${RUNS}
    li s2, ${HALF}
  loop: bne s1, s2, target
    ${patch('target', TWO)}
  target: addi a0, a0, 1
    addi s1, s1, -1
    bnez s1, loop
    ${TRAP}`,
    a0: BigInt(HALF + HALF * 2),
  },
  'a store into its own loop, behind': {
    source: changedOnce('target: addi a0, a0, 1', patch('target', TWO)),
    a0: BigInt(HALF + 1 + (HALF - 1) * 2),
  },
  'a store into a function in another page': {
    source: `${changedOnce('call target', patch('target', TWO))}
    .org 0x3000
    target: addi a0, a0, 1
    ret`,
    a0: BigInt(HALF + 1 + (HALF - 1) * 2),
  },
  'a loop that rewrites itself at every turn': {
    source: `
    li s1, ${CHANGES}
    li s2, ${ONE}
    li s3, ${TWO}
    la s4, target
  loop: andi t0, s1, 1
    mv t1, s2
    beqz t0, write
    mv t1, s3
  write: sw t1, 0(s4)
    fence.i
  target: addi a0, a0, 7
    addi s1, s1, -1
    bnez s1, loop
    ${TRAP}`,
    a0: BigInt((CHANGES / 2) * 3),
  },
  'data next to its code': {
    source: `
    li s1, 300
    la s2, word
  loop: sd s1, 0(s2)
    ld t0, 0(s2)
    add a0, a0, t0
    addi s1, s1, -1
    bnez s1, loop
    ${TRAP}
    .balign 8
    word: .dword 0`,
    a0: (300n * 301n) / 2n,
  },
  'a page remapped, sfence.vma of its address': {
    window: [BASE + 0x3000n],
    source: `${TO_SUPERVISOR}
    li s3, ${WINDOW}
    ${changedOnce(
      'jalr ra, 0(s3)',
      `li t0, ${LEAF}
      li t1, ${leafPte(BASE + 0x4000n)}
      sd t1, 0(t0)
      sfence.vma s3, zero`,
    )}
    .org 0x3000
    addi a0, a0, 1
    ret
    .org 0x4000
    addi a0, a0, 2
    ret`,
    a0: BigInt(HALF + 1 + (HALF - 1) * 2),
  },
  'a page remapped, sfence.vma of everything': {
    window: [BASE + 0x3000n],
    source: `${TO_SUPERVISOR}
    li s3, ${WINDOW}
    ${changedOnce(
      'jalr ra, 0(s3)',
      `li t0, ${LEAF}
      li t1, ${leafPte(BASE + 0x4000n)}
      sd t1, 0(t0)
      sfence.vma`,
    )}
    .org 0x3000
    addi a0, a0, 1
    ret
    .org 0x4000
    addi a0, a0, 2
    ret`,
    a0: BigInt(HALF + 1 + (HALF - 1) * 2),
  },
  'pages remapped after more entries of the TLB than a flush of one address space has room to note': {
    window: [BASE + 0x3000n, BASE + 0x5000n],
    source: `${TO_SUPERVISOR}
    li s3, ${WINDOW}
    li s9, ${WINDOW + 0x1000n}
    li s4, ${LEAF}
    li s1, 1500
  fill: sfence.vma s9, zero
    ld t0, 0(s9)
    jalr ra, 0(s3)
    addi s1, s1, -1
    bnez s1, fill
    add a0, a0, t0
    li t1, ${leafPte(BASE + 0x4000n)}
    sd t1, 0(s4)
    li t1, ${leafPte(BASE + 0x6000n)}
    sd t1, 8(s4)
    li t0, 0
    sfence.vma zero, t0
    jalr ra, 0(s3)
    ld t0, 0(s9)
    add a0, a0, t0
    j stop
    ${TRAP}
    .org 0x3000
    addi a0, a0, 1
    ret
    .org 0x4000
    addi a0, a0, 2
    ret
    .org 0x5000
    .dword 10000
    .org 0x6000
    .dword 500000`,
    a0: 1500n + 10000n + 2n + 500000n,
  },
  'the second page of a loop remapped and back': {
    window: [BASE + 0x3000n, BASE + 0x4000n],
    source: `${TO_SUPERVISOR}
    li s1, ${RUNS}
    li s2, ${HALF}
    li s3, ${HALF / 2}
    li s4, ${LEAF}
    li s9, ${WINDOW + 0x1000n}
    li t6, ${WINDOW + 0xff0n}
    jr t6
    ${TRAP}
    .org 0x2000
    # The change itself lies in a third page, called from the loop.
    remap: li t1, ${leafPte(BASE + 0x5000n)}
    beq s1, s2, set
    li t1, ${leafPte(BASE + 0x4000n)}
    set: sd t1, 8(s4)
    sfence.vma s9, zero
    jr t5
    .org 0x3ff0
    addi a1, a1, 1
    nop
    nop
    nop
    .org 0x4000
    addi a0, a0, 1
    j tail
    .org 0x4100
    tail: addi s1, s1, -1
    beqz s1, end
    beq s1, s2, go
    beq s1, s3, go
    jr t6
    go: auipc t5, 0
    addi t5, t5, 24
    li t4, 0x80002000
    jr t4
    jr t6
    end: ecall
    .org 0x5000
    addi a0, a0, 2
    j tail2
    .org 0x5100
    tail2: addi s1, s1, -1
    beqz s1, end2
    beq s1, s2, go2
    beq s1, s3, go2
    jr t6
    go2: auipc t5, 0
    addi t5, t5, 24
    li t4, 0x80002000
    jr t4
    jr t6
    end2: ecall`,
    a0: BigInt(HALF + (HALF / 2) * 2 + HALF / 2),
  },
  'the second page of a loop unmapped': {
    window: [BASE + 0x3000n, BASE + 0x4000n],
    source: `${TO_SUPERVISOR}
    li s1, ${RUNS}
    li s2, ${HALF}
    li s4, ${LEAF}
    li t6, ${WINDOW + 0xff0n}
    jr t6
    ${TRAP}
    .org 0x3fe0
    unmap: sd zero, 8(s4)
    sfence.vma
    j go
    nop
    .org 0x3ff0
    addi a0, a0, 1
    beq s1, s2, unmap
    go: addi s1, s1, -1
    nop
    .org 0x4000
    jr t6`,
    check: (core) => {
      expect(core.x(10)).toBe(BigInt(HALF + 1));
      expect([core.x(21), core.x(22), core.x(23)]).toEqual([12n, WINDOW + 0x1000n, WINDOW + 0x1000n]);
    },
  },
  'code written through an alias': {
    window: [BASE + 0x3000n, BASE + 0x3000n],
    source: `${TO_SUPERVISOR}
    li s3, ${WINDOW}
    li s4, ${WINDOW + 0x1000n}
    ${changedOnce(
      `jalr ra, 0(s3)
      jalr ra, 0(s4)`,
      `li t1, ${TWO}
      sw t1, 0(s4)
      fence.i`,
    )}
    .org 0x3000
    addi a0, a0, 1
    ret`,
    a0: BigInt(2 * (HALF + 1) + 2 * (HALF - 1) * 2),
  },
  'code written by a device': {
    source: `
    li s1, 10000000
  loop: addi a0, a0, 1
    target: beqz zero, skip
    skip: addi s1, s1, -1
    bnez s1, loop
    ${TRAP}`,
    drive: (core, program) => {
      expect(core.run({ pc: BASE, maxInstructions: 200_000 }).reason).toBe('budget');
      // `target` becomes a jump over the end of the loop, to the wfi.
      core.dma(program.at('target'), assemble(program.at('target'), 'j . + 16').bytes);
      expect(core.resume({ maxInstructions: 100_000 }).reason).toBe('wfi');
    },
    check: (core, program) => {
      expect(core.x(10)).toBeGreaterThan(1000n);
      expect(core.x(9) + core.x(10)).toBe(10_000_001n);
      expect(core.pc()).toBe(program.at('stop') + 4n);
    },
  },
  'an exception in the middle of a hot loop': {
    source: `
    la t0, trap
    csrw mtvec, t0
    li s1, ${RUNS}
    li s2, ${HALF}
    la s3, data
  loop: addi a0, a0, 1
    addi a1, a1, 3
  faulting: ld t1, 0(s3)
    add a0, a0, t1
    addi a1, a1, 4
    addi s1, s1, -1
    bne s1, s2, skip
    li s3, 0x40000008
    skip: bnez s1, loop
    ${TRAP}
    .org 0x2000
    data: .dword 5`,
    check: (core, program) => {
      expect([core.x(21), core.x(22), core.x(23)]).toEqual([5n, program.at('faulting'), 0x40000008n]);
      expect(core.x(10)).toBe(BigInt(HALF * 6 + 1));
      expect(core.x(11)).toBe(BigInt(HALF * 7 + 3));
    },
  },
};

interface End {
  registers: bigint[];
  instructions: number;
}

function endOf(core: TestCore): End {
  const registers = Array.from({ length: 32 }, (_, index) => core.x(index)).concat(core.pc());
  return { registers, instructions: core.counter(COUNTER_INSTRUCTIONS) };
}

describe('code that changes, moves or faults while it is hot', () => {
  for (const [name, { source, window = [], a0, check, drive }] of Object.entries(CASES)) {
    describe(name, () => {
      const ends = new Map<TestTier, End>();
      const program = assemble(BASE, source);
      for (const tier of TIERS) {
        it(tier, async () => {
          const core = await createTestCore({ tier });
          core.reset();
          loadProgram(core, program, window);
          if (drive) drive(core, program);
          else expect(core.run({ pc: BASE, maxInstructions: MAX }).reason).toBe('wfi');
          if (a0 !== undefined) expect(core.x(10)).toBe(a0);
          check?.(core, program);
          ends.set(tier, endOf(core));
          const total = core.counter(COUNTER_INSTRUCTIONS);
          if (tier !== 'interp' && total > RUNS)
            expect(core.counter(COUNTER_JIT_INSTRUCTIONS) / total).toBeGreaterThan(0.3);
        });
      }
      it('ends the same on all tiers', () => {
        if (drive) return expect(ends.size).toBe(TIERS.length);
        for (const tier of TIERS) expect(ends.get(tier)).toEqual(ends.get('interp'));
      });
    });
  }
});

describe('interrupts of a hot loop', () => {
  /** Counts turns in a0 until the handler has seen 20 timer interrupts, each `period` ticks of 100 ns after the last, and notes minstret of each. */
  const timer = (period: number) =>
    assemble(
      BASE,
      `
    la t0, handler
    csrw mtvec, t0
    la s2, log
    li s3, 20
    li s4, 0x02004000
    li s5, 0x0200bff8
    call arm
    li t0, 0x80
    csrw mie, t0
    csrrsi zero, mstatus, 8
  loop: addi a0, a0, 1
    andi t0, a0, 3
    beqz t0, loop
    add a1, a1, a0
    j loop
    .balign 4
  handler: csrr t1, minstret
    sd t1, 0(s2)
    sd a0, 8(s2)
    addi s2, s2, 16
    addi s3, s3, -1
    beqz s3, end
    call arm
    mret
  arm: ld t1, 0(s5)
    li t2, ${period}
    add t1, t1, t2
    sd t1, 0(s4)
    ret
  end: csrw mie, zero
    stop: wfi
    j stop
    .org 0x1000
    log: .skip 512`,
    );

  describe('under -icount', () => {
    const logs = new Map<TestTier, unknown>();
    const program = timer(10_007);
    for (const tier of TIERS) {
      it(tier, async () => {
        const core = await createTestCore({ tier, icount: 3 });
        core.reset();
        core.load(BASE, program.bytes);
        expect(core.run({ pc: BASE, maxInstructions: 50_000_000 }).reason).toBe('wfi');
        const log = Array.from({ length: 40 }, (_, i) => core.readU64(program.at('log') + BigInt(i * 8)));
        logs.set(tier, { log, end: endOf(core) });
        // 10007 ticks are 1000700 ns, 8 ns an instruction.
        for (let i = 1; i < 20; i++)
          expect(Math.abs(Number(log[2 * i] - log[2 * i - 2]) - 1_000_700 / 8)).toBeLessThan(100);
        if (tier !== 'interp')
          expect(core.counter(COUNTER_JIT_INSTRUCTIONS)).toBeGreaterThan(
            0.9 * core.counter(COUNTER_INSTRUCTIONS),
          );
      });
    }
    it('come at the same instruction on all tiers', () => {
      for (const tier of TIERS) expect(logs.get(tier)).toEqual(logs.get('interp'));
    });
  });

  describe('by the host clock, within two slices', () => {
    let core: TestCore;
    describe.each(TIERS)('%s', (tier) => {
      beforeAll(async () => {
        // Four readings a slice: so slices seem to take the time that they should, and keep their length.
        core = await createTestCore({ tier, stepMs: 0.03 });
      });
      it('is noticed', () => {
        core.reset();
        core.load(BASE, timer(100_000_000).bytes);
        expect(core.run({ pc: BASE, maxInstructions: 1000 }).reason).toBe('budget');
        for (let i = 0; i < 19; i++) {
          core.advanceTime(10_000);
          const before = core.x(19);
          core.resume({ maxInstructions: 2 * 16384 });
          expect(core.x(19)).toBeLessThan(before);
        }
      });
    });
  });
});
