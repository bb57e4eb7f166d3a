/**
 * Runs the programs of segment loads, limits and privilege: code at CPL 0 that logs 32-bit words, case by case, compared with what QEMU's processor logged. What an exception
 * logs is 0xec000000 | vector, error code, EIP, CS, EFLAGS, in virtual-8086 mode ES DS FS GS, from an outer level SS and ESP, CR2 of a page fault,
 * DR6 of a debug exception.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { TEST_TIERS, type TestTier } from '../harness.ts';
import { MODE, PROGRAM_BASE, RESULT_BASE, unpack } from './fixture.ts';
import { KNOWN_FAILURES } from './known-failures.ts';
import { createX86Core, RESET_VECTOR } from './machine.ts';

interface ProtectionFile {
  readonly group: string;
  readonly note: string;
  readonly titles: string[];
  /** For cases where the manual decides: what the log begins with; null is any word. */
  readonly manual: Record<number, (number | null)[]>;
  readonly program: string;
  readonly log: string;
}

const CASE_MARK = 0xca5e;
const MAX_INSTRUCTIONS = 20_000_000;
const SHOWN = 5;

/** The words that each case logged, as text. */
export function byCase(words: Uint32Array): Map<number, string> {
  const cases = new Map<number, string>();
  let id = -1;
  for (const word of words) {
    if (word >>> 16 === CASE_MARK) {
      id = word & 0xffff;
      cases.set(id, '');
    } else cases.set(id, `${cases.get(id) ?? ''} ${word.toString(16)}`);
  }
  return cases;
}

function agrees(
  actual: string | undefined,
  expected: string | undefined,
  manual?: (number | null)[],
): boolean {
  if (!manual) return actual === expected;
  const words = actual?.trim().split(' ') ?? [];
  return manual.every((word, at) => word === null || word.toString(16) === words[at]);
}

const wordsOf = (bytes: Uint8Array) => new Uint32Array(Uint8Array.from(bytes).buffer);

/** Declares the tests of one program on each tier: one for each subject, which is what its cases' titles begin with. */
export function protectionProgram(group: string, tiers: readonly TestTier[] = TEST_TIERS): void {
  describe.each(tiers)(`${group} (%s)`, (tier) => {
    const file = unpack<ProtectionFile>(group);
    const expected = byCase(wordsOf(Buffer.from(file.log, 'hex')));
    let actual = new Map<number, string>();

    beforeAll(async () => {
      const core = await createX86Core({ tier });
      core.load(PROGRAM_BASE, Buffer.from(file.program, 'hex'));
      core.load(MODE, Uint8Array.of(32));
      core.run({ pc: RESET_VECTOR, maxInstructions: MAX_INSTRUCTIONS });
      // The program stores the count when it ends; without it, what cases have logged so far is compared.
      const count = Number(core.readU64(RESULT_BASE) & 0xffff_ffffn) || file.log.length / 8;
      actual = byCase(wordsOf(core.bytes(RESULT_BASE + 4n, count * 4)));
    }, 300_000);

    const subjects = new Map<string, number[]>();
    file.titles.forEach((title, id) => {
      const subject = /^[^:,]*?(?=:|,| at | of |$)/.exec(title)?.[0] ?? title;
      subjects.set(subject, [...(subjects.get(subject) ?? []), id]);
    });
    for (const [subject, ids] of subjects) {
      const known = KNOWN_FAILURES.has(`${group}: ${subject}`);
      it(known ? `${subject} still fails` : subject, () => {
        const lines = ids
          .filter((id) => !agrees(actual.get(id), expected.get(id), file.manual[id]))
          .map((id) => {
            const manual = file.manual[id]
              ?.map((word) => ` ${word === null ? '*' : word.toString(16)}`)
              .join('');
            return `${file.titles[id]}: logged${actual.get(id) ?? ' nothing'}, expected${manual ?? expected.get(id)}`;
          });
        if (known) expect(lines.length, 'passes: take it off known-failures.ts').toBeGreaterThan(0);
        else expect(lines.slice(0, SHOWN)).toEqual([]);
      });
    }
  });
}
