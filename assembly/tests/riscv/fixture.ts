/**
 * The conformance fixtures: a bare-metal program and the words that it must leave in its result buffer.
 *
 * A file is gzip of one JSON object (`FixtureFile`). Words are 64 bits, hexadecimal, little-endian, column by column:
 * all first words of a section's cases, then all second ones. `scripts/gen-riscv-fixtures.mjs` writes the files.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Where the program is loaded and entered. */
export const PROGRAM_BASE = 0x80000000n;
/** Count of result words; all ones after a trap that no case expected, whose cause, pc and value follow. */
export const RESULT_HEADER = 0x80400000n;
export const RESULT_BASE = 0x80400040n;
export const UNEXPECTED_TRAP = 0xffffffffffffffffn;

interface TableFile {
  readonly labels: string[];
  readonly count: number;
  readonly data: string;
}

interface SectionFile {
  readonly title: string;
  readonly labels: string[];
  readonly names: string[] | null;
  readonly table: string | null;
  readonly count: number;
  readonly expected: string;
}

interface FixtureFile {
  readonly group: string;
  readonly note: string;
  readonly program: string;
  readonly tables: Record<string, TableFile>;
  readonly sections: SectionFile[];
}

/** The cases of one instruction or subject. */
export interface Section {
  readonly title: string;
  /** What each word of a case is. */
  readonly labels: readonly string[];
  readonly count: number;
  /** Index of the section's first word among the program's result words. */
  readonly firstWord: number;
  /** Expected word `column` of case `index`. */
  expected(index: number, column: number): bigint;
  /** The case in words: its name, or its operands. */
  describe(index: number): string;
}

export interface Fixture {
  readonly group: string;
  /** Where expectations do not come from QEMU 7.2, and why. */
  readonly note: string;
  readonly program: Uint8Array;
  readonly words: number;
  readonly sections: readonly Section[];
}

function wordReader(hex: string): (index: number) => bigint {
  const bytes = Buffer.from(hex, 'hex');
  return (index) => bytes.readBigUInt64LE(index * 8);
}

export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** Reads `fixtures/<group>.json.gz`; throws when it is missing, since a missing expectation is a failure. */
export function loadFixture(group: string): Fixture {
  const path = new URL(`./fixtures/${group}.json.gz`, import.meta.url);
  const file = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as FixtureFile;
  let words = 0;
  const sections = file.sections.map((section): Section => {
    const firstWord = words;
    words += section.count * section.labels.length;
    const expected = wordReader(section.expected);
    const table = section.table === null ? null : file.tables[section.table];
    const operand = table ? wordReader(table.data) : null;
    return {
      title: section.title,
      labels: section.labels,
      count: section.count,
      firstWord,
      expected: (index, column) => expected(column * section.count + index),
      describe: (index) => {
        if (section.names) return section.names[index];
        if (!table || !operand) return `case ${index}`;
        return table.labels
          .map((label, column) => `${label} = ${hex(operand(column * table.count + index))}`)
          .join(', ');
      },
    };
  });
  const program = new Uint8Array(Buffer.from(file.program, 'hex'));
  return { group: file.group, note: file.note, program, words, sections };
}
