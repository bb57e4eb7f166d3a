/** Runs a fixture's program on the core and compares its results, instruction by instruction. */
import { beforeAll, describe, expect, it } from 'vitest';
import { COUNTER_INSTRUCTIONS, COUNTER_JIT_INSTRUCTIONS } from '../../../src/memory/layout.gen.ts';
import { TEST_TIERS, type TestTier } from '../harness.ts';
import {
  FAULT,
  type Fixture,
  loadFixture,
  MODE,
  PROGRAM_BASE,
  RESULT_BASE,
  type Section,
  VECTOR,
} from './fixture.ts';
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

interface FixtureRun {
  readonly results: Uint8Array;
  /** How it ended otherwise than at its end; empty if it did. */
  readonly end: string;
  /** Share of the instructions that tier 1 retired. */
  readonly share: number;
}

async function runFixture(fixture: Fixture, tier: TestTier): Promise<FixtureRun> {
  const core = await createX86Core({ tier });
  core.load(PROGRAM_BASE, fixture.program);
  for (const { address, data } of fixture.tables) core.load(address, data);
  core.load(MODE, Uint8Array.of(fixture.bits));
  const { reason } = core.run({ pc: RESET_VECTOR, maxInstructions: MAX_INSTRUCTIONS });
  const pc = core.pc();
  const [[fault], [vector]] = [core.bytes(FAULT, 1), core.bytes(VECTOR, 1)];
  // The program ends with HLT; the firmware's handler of an exception in the harness does so outside it.
  const finished = reason === 'wfi' && pc >= PROGRAM_BASE && pc < RESULT_BASE;
  const where = fault ? 'in the harness' : 'in a case';
  return {
    results: core.bytes(
      RESULT_BASE,
      fixture.sections.reduce((sum, section) => sum + section.bytes, 0),
    ),
    end: finished
      ? ''
      : `the run ended by '${reason}' at 0x${pc.toString(16)}, vector ${vector & 0x7f}, ${where}`,
    share: core.counter(COUNTER_JIT_INSTRUCTIONS) / core.counter(COUNTER_INSTRUCTIONS),
  };
}

const resultsOf = (section: Section, results: Uint8Array) =>
  results.subarray(section.at, section.at + section.bytes);

/** Declares the tests of one fixture on each tier: the program ran to its end, then one test an instruction. */
export function conformance(group: string, tiers: readonly TestTier[] = TEST_TIERS): void {
  describe.each(tiers)(`${group} (%s)`, (tier) => {
    const fixture = loadFixture(group);
    let run: FixtureRun = { results: new Uint8Array(0), end: '', share: 0 };

    beforeAll(async () => {
      run = await runFixture(fixture, tier);
    }, 300_000);

    it('runs to its end', () => {
      expect(run.end).toBe('');
    });

    if (tier === 'jit') {
      it('runs in tier 1', () => {
        expect(run.share).toBeGreaterThan(SHARE_FLOOR);
      });
    }

    for (const [name, sections] of byInstruction(fixture.sections)) {
      const known = KNOWN_FAILURES.has(`${group}: ${name}`);
      it(known ? `${name} still fails` : name, () => {
        const lines: string[] = [];
        let count = 0;
        for (const section of sections) {
          const own = section.mismatches(resultsOf(section, run.results), SHOWN_MISMATCHES);
          count += own.count;
          lines.push(...own.lines.slice(0, SHOWN_MISMATCHES - lines.length));
        }
        if (known) expect(count, 'passes: take it off known-failures.ts').toBeGreaterThan(0);
        else expect(count > 0 ? [...lines, `${count} cases differ in all`] : []).toEqual([]);
      });
    }
  });
}
