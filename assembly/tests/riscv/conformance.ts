/** Runs a fixture's program on the core and compares its result words, section by section. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  COUNTER_CHECKED,
  COUNTER_INSTRUCTIONS,
  COUNTER_JIT_INSTRUCTIONS,
} from '../../../src/memory/layout.gen.ts';
import { describeDifference } from '../../../src/worker/check-report.ts';
import { createTestCore, TEST_TIERS, type TestTier } from '../harness.ts';
import {
  hex,
  loadFixture,
  PROGRAM_BASE,
  RESULT_BASE,
  RESULT_HEADER,
  type Section,
  UNEXPECTED_TRAP,
} from './fixture.ts';

const MAX_INSTRUCTIONS = 400_000_000;
const SHOWN_MISMATCHES = 5;

/** Differences of one section as readable lines, at most `SHOWN_MISMATCHES` of them and a count. */
function mismatches(section: Section, readWord: (index: number) => bigint): string[] {
  const lines: string[] = [];
  let count = 0;
  for (let index = 0; index < section.count; index += 1) {
    for (const [column, label] of section.labels.entries()) {
      const expected = section.expected(index, column);
      const actual = readWord(section.firstWord + index * section.labels.length + column);
      if (actual === expected) continue;
      count += 1;
      if (lines.length < SHOWN_MISMATCHES) {
        lines.push(
          `case ${index} (${section.describe(index)}): ${label} is ${hex(actual)}, expected ${hex(expected)}`,
        );
      }
    }
  }
  if (count > lines.length) lines.push(`${count} words differ in all`);
  return lines;
}

/** What tier 1 has to retire of a program's instructions, so that none falls out of it unnoticed. Around interrupts, blocks begin anywhere. */
const SHARE_FLOOR = 0.95;
/**
 * What tier check has to compare of a program. The replay warms blocks that are inside regions, so the rounds of the harness end with fewer entries
 * than for `jit`; and a region that flushes the TLB or drops code is not compared.
 */
const CHECKED_FLOOR = 0.8;

/** Declares the tests of one fixture on each tier: the program ran to its end, then one test a section. */
export function conformance(group: string, tiers: readonly TestTier[] = TEST_TIERS): void {
  describe.each(tiers)(`${group} (%s)`, (tier) => {
    const fixture = loadFixture(group);
    let readWord: (index: number) => bigint = () => 0n;
    let end = '';
    let share = 0;
    let checked = 0;

    beforeAll(async () => {
      const core = await createTestCore({ tier });
      core.reset();
      core.load(PROGRAM_BASE, fixture.program);
      const { reason } = core.run({ pc: PROGRAM_BASE, maxInstructions: MAX_INSTRUCTIONS });
      share = core.counter(COUNTER_JIT_INSTRUCTIONS) / core.counter(COUNTER_INSTRUCTIONS);
      checked = core.counter(COUNTER_CHECKED) / core.counter(COUNTER_INSTRUCTIONS);
      const count = core.readU64(RESULT_HEADER);
      const [cause, pc, value] = [8n, 16n, 24n].map((offset) => hex(core.readU64(RESULT_HEADER + offset)));
      if (count === UNEXPECTED_TRAP) end = `unexpected trap: mcause ${cause}, mepc ${pc}, mtval ${value}`;
      else if (reason === 'difference')
        end = describeDifference(core.exports, core.memory.buffer, 0, 'riscv64');
      else if (reason !== 'wfi') end = `the run ended by '${reason}' at pc ${hex(core.pc())}`;
      else if (count !== BigInt(fixture.words))
        end = `${count} result words at pc ${hex(core.pc())}, expected ${fixture.words}`;
      readWord = (index) => core.readU64(RESULT_BASE + BigInt(index * 8));
    }, 120_000);

    it('runs to its end', () => {
      expect(end).toBe('');
    });

    if (tier === 'check') {
      it('is the same in both tiers', () => {
        expect(checked).toBeGreaterThan(CHECKED_FLOOR);
      });
    }

    if (tier === 'jit') {
      it('runs in tier 1', () => {
        expect(share).toBeGreaterThan(SHARE_FLOOR);
      });
    }

    for (const section of fixture.sections) {
      it(section.title, () => {
        expect(mismatches(section, readWord)).toEqual([]);
      });
    }
  });
}
