// The generated decoders against the tables they come from, and the tables against the project's assembler, which states the
// encodings on its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { INSTRUCTIONS } from '../../../scripts/lib/riscv-asm/tables/index.mjs';
import {
  checkOverlaps,
  extractField,
  matches,
  parseFields,
  parsePatterns,
  readTables,
} from '../../../scripts/lib/riscv-decode.mjs';
import { folder, loadFrontend } from './tests/module.mjs';
import { randomWords } from '../../../tests/support/random.ts';

const { fields, wide, compressed } = readTables(folder);
const hex = (word) => `0x${(word >>> 0).toString(16)}`;

let frontend;
beforeAll(async () => {
  ({ exports: frontend } = await loadFrontend());
});

/** Mnemonic of an instruction's number. */
const nameOf = (number) => [{ name: 'illegal' }, ...wide, ...compressed][number].name;

const word = randomWords(1);
function random() {
  const state = word();
  return ((state >>> 16) | (state << 16)) >>> 0;
}

describe('32-bit instructions', () => {
  it('decodes every mnemonic as itself, whatever its operands', () => {
    const wrong = [];
    for (const pattern of wide) {
      for (const operands of [0, 0xffffffff, random(), random()]) {
        const word = (pattern.value | (operands & ~pattern.mask)) >>> 0;
        const name = nameOf(frontend.riscvDecode(word));
        if (name !== pattern.name) wrong.push(`${hex(word)} is ${pattern.name}, decoded as ${name}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('decodes random words as the tables say', () => {
    for (let i = 0; i < 20_000; i++) {
      // Half of them differ from an instruction in one bit, where decoders go wrong.
      const pattern = wide[random() % wide.length];
      const near = (pattern.value | (random() & ~pattern.mask)) ^ (1 << (random() % 32));
      const word = ((i & 1 ? random() : near) | 3) >>> 0;
      const expected = wide.find((candidate) => matches(candidate, word, fields))?.name ?? 'illegal';
      expect(nameOf(frontend.riscvDecode(word)), hex(word)).toBe(expected);
    }
  });

  it('agrees with the assembler on every instruction, and lists the same ones', () => {
    const decoded = new Set();
    for (const [name, forms] of INSTRUCTIONS) {
      for (const { bits } of forms) {
        // Settings of an instruction that have a name of their own.
        const expected = name.replace(/^(fence\.tso|pause)$/, 'fence').replace(/\.(aq|rl|aqrl)$/, '');
        expect(nameOf(frontend.riscvDecode(bits)), `${name} ${hex(bits)}`).toBe(expected);
        decoded.add(expected);
      }
    }
    expect(wide.map(({ name }) => name).filter((name) => !decoded.has(name))).toEqual([]);
  });

  it('has one trans function for every mnemonic, and none besides', () => {
    const names = (list) =>
      list.map(({ name }) => name.replace(/(^|\.)(\w)/g, (_, __, c) => c.toUpperCase())).sort();
    for (const extension of new Set(wide.map((pattern) => pattern.extension))) {
      const source = readFileSync(join(folder, `trans-${extension}.ts`), 'utf8');
      const found = [...source.matchAll(/^export function trans(\w+)\(/gm)].map((match) => match[1]).sort();
      expect(found).toEqual(names(wide.filter((pattern) => pattern.extension === extension)));
    }
  });
});

describe('compressed instructions', () => {
  it('decodes all 65,536 half-words as the table says', () => {
    for (let word = 0; word < 0x10000; word++) {
      const expected = compressed.find((candidate) => matches(candidate, word, fields))?.name ?? 'illegal';
      const actual = nameOf(frontend.riscvDecodeCompressed(word));
      if (actual !== expected) throw new Error(`${hex(word)} is ${expected}, decoded as ${actual}`);
    }
  });

  it('expands to instructions that exist, or to 0', () => {
    for (let word = 0; word < 0x10000; word++) {
      const legal = frontend.riscvDecodeCompressed(word) !== 0;
      const expansion = frontend.riscvExpand(word);
      if (legal ? frontend.riscvDecode(expansion) === 0 : expansion !== 0)
        throw new Error(`${hex(word)} expands to ${hex(expansion)}`);
    }
  });
});

describe('the tables', () => {
  it('extracts scattered and signed operands', () => {
    // beq x0, x0, -4 and addi4spn x8, x2, 1020 carry their immediates in scattered bits.
    expect(extractField(fields.get('branch'), 0xfe000ee3)).toBe(-4);
    expect(extractField(fields.get('caddi4'), 0x1fe0)).toBe(1020);
    expect(extractField(fields.get('crd3'), 0x1fe0)).toBe(8);
  });

  it('refuses overlapping patterns, unknown operands and wrong widths', () => {
    const some = parseFields('%rd x 11:7>0');
    const overlapping =
      'a | 0000000 ..... ..... 000 ..... 0110011 | rd\nb | ....... ..... ..... 000 ..... 0110011 | rd';
    expect(() => checkOverlaps(parsePatterns(overlapping, 't', 32, some))).toThrow('a and b overlap');
    expect(() => parsePatterns('a | 0000000 ..... ..... 000 ..... 0110011 | rx', 't', 32, some)).toThrow(
      'rx',
    );
    expect(() => parsePatterns('a | 0101 | rd', 't', 32, some)).toThrow('32 bits');
  });
});
