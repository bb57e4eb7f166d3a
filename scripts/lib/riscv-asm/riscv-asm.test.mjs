import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { GOLDEN_PRELUDE, goldenCases } from './golden-cases.mjs';
import { assembleFile, assembleText, assembleWith } from './index.mjs';
import { EXTENSIONS } from './tables/index.mjs';
import { PSEUDO_INSTRUCTIONS } from './tables/pseudo.mjs';

/** @type {{programs: Record<string, string>, cases: [source: string, hex: string][]}} */
const golden = JSON.parse(readFileSync(new URL('./fixtures/golden.json', import.meta.url), 'utf8'));

/** @param {string} source */
const hexOf = (source) => Buffer.from(assembleText(source).flat).toString('hex');

/** @param {string} source @param {Record<string, string>} [files] @returns {string} the error's message */
function failure(source, files = {}) {
  try {
    assembleWith('main.s', (path) => {
      if (path === 'main.s') return source;
      if (files[path] === undefined) throw new Error('no such file');
      return files[path];
    });
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
  return 'assembled without an error';
}

describe('encodings recorded from GNU as', () => {
  it('has a recording of every case the tables call for', () => {
    expect(golden.cases.map(([source]) => source)).toEqual(goldenCases());
  });

  it('covers every mnemonic', () => {
    const used = new Set(
      golden.cases
        .flatMap(([source]) => source.split('\n'))
        .map(
          (line) =>
            line
              .replace(/^\s*\d:/, '')
              .trim()
              .split(/\s/)[0],
        ),
    );
    const names = [...Object.values(EXTENSIONS).flat(), ...PSEUDO_INSTRUCTIONS].map(([name]) => name);
    expect(names.filter((name) => !used.has(name))).toEqual([]);
  });

  it('assembles every case to the same bytes', () => {
    const different = golden.cases
      .map(([source, hex]) => ({ source, hex, ours: hexOf(GOLDEN_PRELUDE + source) }))
      .filter(({ hex, ours }) => hex !== ours);
    expect(different).toEqual([]);
  });
});

describe('whole programs', () => {
  it.each(Object.entries(golden.programs))('%s is what GNU as and ld make of it', (program, digest) => {
    const path = fileURLToPath(new URL(`../../../${program}`, import.meta.url));
    const { flat, entry } = assembleFile(path);
    expect(createHash('sha256').update(flat).digest('hex')).toBe(digest);
    expect(entry).toBe(0x80000000n);
  });
});

describe('program structure', () => {
  it('places .text, .rodata, .data and .bss, with the writable part on its own page', () => {
    const { symbols, sections, entry, elf } = assembleText(`
      .bss
      zeros: .space 100
      .data
      value: .dword text
      .rodata
      text: .asciz "hello"
      .text
      nop
      _start: la a0, value
    `);
    expect(entry).toBe(0x80000004n);
    expect(sections.map(({ name }) => name)).toEqual(['.text', '.rodata', '.data', '.bss']);
    expect(symbols.get('text')).toBe(0x8000000cn);
    expect(symbols.get('value')).toBe(0x80001000n);
    expect(symbols.get('zeros')).toBe(0x80001008n);
    const view = new DataView(elf.buffer);
    const header = (/** @type {number} */ index, /** @type {number} */ field) =>
      view.getBigUint64(64 + 56 * index + field, true);
    expect([view.getUint16(18, true), view.getUint16(56, true), view.getBigUint64(24, true)]).toEqual([
      243,
      2,
      entry,
    ]);
    expect([header(0, 24), header(0, 32), header(0, 40)]).toEqual([0x80000000n, 18n, 18n]);
    expect([header(1, 24), header(1, 32), header(1, 40)]).toEqual([0x80001000n, 8n, 108n]);
    expect(view.getBigUint64(Number(header(1, 8)), true)).toBe(0x8000000cn);
  });

  it('expands macros with arguments, defaults and unique labels', () => {
    const source = `
      .macro clear reg, count=2
        li \\reg, \\count
      loop\\@:
        addi \\reg, \\reg, -1
        bnez \\reg, loop\\@
      .endm
      clear t0
      clear t1, 7`;
    const plain = `
      li t0, 2
      1: addi t0, t0, -1
      bnez t0, 1b
      li t1, 7
      1: addi t1, t1, -1
      bnez t1, 1b`;
    expect(hexOf(source)).toBe(hexOf(plain));
  });

  it('chooses between .if and .else', () => {
    expect(hexOf('.equ A, 1\n.if A == 1\n.byte 1\n.else\n.byte 2\n.endif\n.if A > 1\n.byte 3\n.endif')).toBe(
      '01',
    );
  });

  it('resolves constants that are defined later, where the value is not needed for sizes', () => {
    expect(hexOf('addi a0, a0, LATER\n.equ LATER, 5')).toBe(hexOf('addi a0, a0, 5'));
  });

  it('includes files relative to the main file', () => {
    const { flat } = assembleWith('dir/main.s', (path) => {
      if (path === 'dir/main.s') return '.include "part.s"\n.byte 2';
      if (path === 'dir/part.s') return '.byte 1';
      throw new Error(path);
    });
    expect([...flat]).toEqual([1, 2]);
  });
});

describe('errors name file and line', () => {
  it.each([
    ['nop\nfrobnicate a0', "main.s:2: unknown instruction 'frobnicate'"],
    ['add a0, a1', "main.s:1: 'add' does not take the operands 'a0, a1'"],
    ['add a0, a1, q9', "main.s:1: register expected, not 'q9'"],
    ['fadd.s fa0, fa1, a2', "main.s:1: floating-point register expected, not 'a2'"],
    ['addi a0, a0, 2048', 'main.s:1: immediate 2048 is outside -2048..2047'],
    ['slli a0, a0, 64', 'main.s:1: shift amount 64 is outside 0..63'],
    ['/* two\nlines */ j nowhere', "main.s:2: undefined symbol 'nowhere'"],
    ['beq a0, a1, far\n.space 4096\nfar:', "main.s:1: target 'far' is 4100 bytes away; the limit is 4096"],
    ['j 1f\n1: j 2b', "main.s:2: no local label '2:' before this line"],
    ['a: nop\na: nop', "main.s:2: 'a' is already defined at main.s:1"],
    ['.equ a, b\n.equ b, a\n.word a', "main.s:1: 'a' is defined by itself"],
    ['a: li a0, a', "main.s:1: 'a' is an address, not a constant; use la"],
    ['.byte 256', 'main.s:1: 256 does not fit 1 bytes'],
    ['.bogus 1', "main.s:1: unknown directive '.bogus'"],
    ['.section .init', "main.s:1: unknown section '.init' (known: .text .rodata .data .bss)"],
    ['.align 3, 4', 'main.s:1: .align takes one operand'],
    ['.balign 3', 'main.s:1: alignment 3 is no power of two'],
    ['nop\n.org 2', 'main.s:2: .org 2 would go back from 4'],
    ['.bss\n.word 1', 'main.s:2: .bss holds no values; use .space'],
    ['.space 1 << 40', 'main.s:1: size 1099511627776 is outside 0..268435456'],
    ['.word 1 +', "main.s:1: expression expected after '1 +'"],
    ['.word (1', "main.s:1: ')' expected in '(1'"],
    ['.word 1 / 0', 'main.s:1: division by zero'],
    ['.ascii hello', "main.s:1: quoted string expected, not 'hello'"],
    ['.macro m\nnop', 'main.s:1: .macro without .endm'],
    ['.macro m a:req\n.endm\nm', "main.s:3: macro 'm' needs an argument for 'a'"],
    ['.macro m\nbad\n.endm\nnop\nm', "main.s:2: unknown instruction 'bad' (in macro m used at main.s:5)"],
    ['.macro m\nm\n.endm\nm', 'main.s:2: nested more than 32 levels deep (in macro m used at main.s:2)'],
    ['.include "none.s"', 'main.s:1: cannot read "none.s": no such file'],
    ['fence x, w', "main.s:1: fence set expected (letters of 'iorw' in that order), not 'x'"],
    ['csrr a0, mfoo', "main.s:1: undefined symbol 'mfoo'"],
    ['amoadd.w a0, a1, 4(a2)', 'main.s:1: this instruction takes no offset'],
    ['lw a0, %pcrel_lo(x)(a0)\nx: nop', "main.s:1: 'x' is not the label of an instruction with %pcrel_hi"],
  ])('%j', (source, message) => {
    expect(failure(source)).toBe(message);
  });
});
