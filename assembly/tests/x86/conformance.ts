/** Runs a fixture's program on the core and compares its results, instruction by instruction. */
import { beforeAll, describe, expect, it } from 'vitest';
import { COUNTER_INSTRUCTIONS, COUNTER_JIT_INSTRUCTIONS } from '../../../src/memory/layout.gen.ts';
import { TEST_TIERS, type TestTier } from '../harness.ts';
import { FAULT, loadFixture, MODE, PROGRAM_BASE, RESULT_BASE, type Section, VECTOR } from './fixture.ts';
import { KNOWN_FAILURES } from './known-failures.ts';
import { createX86Core, RESET_VECTOR } from './machine.ts';

const MAX_INSTRUCTIONS = 400_000_000;
const SHOWN_MISMATCHES = 5;
/** What tier 1 has to retire of a program's instructions, so that none falls out of it unnoticed. */
const SHARE_FLOOR = 0.95;

/** The instruction of a section: what its title begins with, prefixes included. */
function instruction(title: string): string {
  return /^((?:lock|rep|repe|repne) )?[a-z0-9]+/.exec(title)?.[0] ?? title;
}

function byInstruction(sections: readonly Section[]): Map<string, Section[]> {
  const groups = new Map<string, Section[]>();
  for (const section of sections) {
    const name = instruction(section.title);
    groups.set(name, [...(groups.get(name) ?? []), section]);
  }
  return groups;
}

/** Declares the tests of one fixture on each tier: the program ran to its end, then one test an instruction. */
export function conformance(group: string, tiers: readonly TestTier[] = TEST_TIERS): void {
  describe.each(tiers)(`${group} (%s)`, (tier) => {
    const fixture = loadFixture(group);
    const bytes = fixture.sections.reduce((sum, section) => sum + section.bytes, 0);
    let results = new Uint8Array(0);
    let end = '';
    let share = 0;

    beforeAll(async () => {
      const core = await createX86Core({ tier });
      core.load(PROGRAM_BASE, fixture.program);
      for (const { address, data } of fixture.tables) core.load(address, data);
      core.load(MODE, Uint8Array.of(fixture.bits));
      const { reason } = core.run({ pc: RESET_VECTOR, maxInstructions: MAX_INSTRUCTIONS });
      share = core.counter(COUNTER_JIT_INSTRUCTIONS) / core.counter(COUNTER_INSTRUCTIONS);
      results = core.bytes(RESULT_BASE, bytes);
      const pc = core.pc();
      const last = core.bytes(pc - 1n, 1)[0];
      const [fault] = core.bytes(FAULT, 1);
      const [vector] = core.bytes(VECTOR, 1);
      if (reason !== 'wfi' || last !== 0xf4 || pc < PROGRAM_BASE || pc >= RESULT_BASE)
        end = `the run ended by '${reason}' at 0x${pc.toString(16)}, vector ${vector & 0x7f}, ${fault ? 'in the harness' : 'in a case'}`;
    }, 120_000);

    it('runs to its end', () => {
      expect(end).toBe('');
    });

    if (tier === 'jit') {
      it('runs in tier 1', () => {
        expect(share).toBeGreaterThan(SHARE_FLOOR);
      });
    }

    for (const [name, sections] of byInstruction(fixture.sections)) {
      const known = KNOWN_FAILURES.has(`${group}: ${name}`);
      it(known ? `${name} still fails` : name, () => {
        const lines: string[] = [];
        let count = 0;
        for (const section of sections) {
          const own = section.mismatches(
            results.subarray(section.at, section.at + section.bytes),
            SHOWN_MISMATCHES,
          );
          count += own.count;
          lines.push(...own.lines.slice(0, SHOWN_MISMATCHES - lines.length));
        }
        if (known) expect(count, 'passes: take it off known-failures.ts').toBeGreaterThan(0);
        else expect(count > 0 ? [...lines, `${count} cases differ in all`] : []).toEqual([]);
      });
    }
  });
}
