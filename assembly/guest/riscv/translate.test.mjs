// Golden text of the IR of RISC-V instructions: fixtures/ir.txt. `UPDATE_GOLDEN=1 npx vitest run translate` rewrites it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { assembleWith } from '../../../scripts/lib/riscv-asm/index.mjs';
import { folder, loadFrontend } from './tests/module.mjs';

/** Where the emit context, the operations and text go; the context's offsets are those of ir/builder.ts. */
const CONTEXT = 0x10_0000;
const OPS = 0x11_0000;
const OUT = 0x12_0000;
const EMIT = {
  cursor: 0,
  start: 4,
  temp: 8,
  pc: 16,
  blockPc: 24,
  length: 32,
  flags: 36,
  ended: 40,
  guest: 64,
  mmu: 48,
};
const TEMPS = 0x300;
const OP_SIZE = 16;
const FLAG_FP_OFF = 1 << 4;
const FLAG_FRM_INVALID = 1 << 5;
const MMU_S = 1;

/** Block address: 16 bytes before the end of a page. */
const BASE = 0x8000_0ff0n;

/** @type {{name: string, kinds: string[]}[]} */
const operations = readFileSync(join(folder, '../../ir/ops.def'), 'utf8')
  .split('\n')
  .filter((line) => line.includes('|') && !line.startsWith('#'))
  .map((line) => line.split('|').map((part) => part.trim()))
  .map(([name, signature]) => ({ name, kinds: signature.split(' ') }));

let exports;
let memory;
beforeAll(async () => {
  ({ exports, memory } = await loadFrontend());
});

function slotName(slot) {
  if (slot < 0x100) return `x${slot / 8}`;
  if (slot < 0x200) return `f${(slot - 0x100) / 8}`;
  if (slot >= TEMPS && slot < TEMPS + 0x400) return `t${(slot - TEMPS) / 8}`;
  return `[0x${slot.toString(16)}]`;
}

function immediateText(kind, value) {
  if (kind === 'p') return `0x${BigInt.asUintN(64, value).toString(16)}`;
  // A helper's function index depends on the build: not shown.
  if (kind === 'h')
    return `helper third=${slotName(Number((value >> 16n) & 0xffffn))} imm=0x${(BigInt.asUintN(64, value) >> 32n).toString(16)}`;
  return value > -0x10000n && value < 0x10000n ? `${value}` : `0x${BigInt.asUintN(64, value).toString(16)}`;
}

function operationText(view, at) {
  const { name, kinds } = operations[view.getUint16(at, true)];
  const texts = kinds.flatMap((kind, index) => {
    if (kind === '-') return [];
    if (index === 3) return [immediateText(kind, view.getBigInt64(at + 8, true))];
    const value = view.getUint16(at + 2 + index * 2, true);
    return [kind === 'r' || kind === 'w' ? slotName(value) : `${kind === 'm' ? 'mmu' : ''}${value}`];
  });
  return `${name} ${texts.join(', ')}`.trim();
}

/** Translates one block of assembly source. Lines: each instruction, and the operations it adds or changes. */
function translate(source, flags = 0) {
  const { flat } = assembleWith('block.s', () => `.text\n.globl _start\n_start:\n${source}\n`, BASE);
  const code = new DataView(flat.buffer, flat.byteOffset);
  const view = new DataView(memory.buffer);
  const set32 = (field, value) => view.setUint32(CONTEXT + field, value, true);
  set32(EMIT.cursor, OPS);
  set32(EMIT.start, OPS);
  set32(EMIT.flags, flags);
  set32(EMIT.mmu, MMU_S);
  set32(EMIT.ended, 0);
  set32(EMIT.guest, 0);
  view.setBigUint64(CONTEXT + EMIT.blockPc, BASE, true);
  const lines = [];
  let before = [];
  for (let at = 0; at < flat.length; ) {
    const wide = (flat[at] & 3) === 3;
    const word = wide ? code.getUint32(at, true) : code.getUint16(at, true);
    const pc = BASE + BigInt(at);
    set32(EMIT.length, wide ? 4 : 2);
    set32(EMIT.temp, TEMPS);
    view.setBigUint64(CONTEXT + EMIT.pc, pc, true);
    if (view.getUint32(CONTEXT + EMIT.ended, true)) {
      // The assembler pads with zeros.
      if (flat.subarray(at).every((byte) => byte === 0)) break;
      throw new Error(`instructions after the block's end in: ${source}`);
    }
    exports.riscvTranslateWord(CONTEXT, word);
    const length = exports.riscvDisassemble(word, pc, OUT);
    lines.push(Buffer.from(new Uint8Array(memory.buffer).slice(OUT, OUT + length)).toString('latin1'));
    const after = [];
    for (let op = OPS; op < view.getUint32(CONTEXT, true); op += OP_SIZE) after.push(operationText(view, op));
    after.forEach((text, index) => {
      if (before[index] !== text) lines.push(`    ${index < before.length ? 'instead: ' : ''}${text}`);
    });
    before = after;
    at += wide ? 4 : 2;
  }
  return { lines, ops: before, ended: view.getUint32(CONTEXT + EMIT.ended, true) === 1 };
}

const BLOCKS = [
  [
    'results',
    'add x5, x6, x7\n addi x5, x6, -1\n sub x5, x0, x6\n mulhsu x5, x6, x7\n sraiw x5, x6, 3\n sltiu x5, x6, 1',
  ],
  [
    'moves and constants',
    'addi x5, x6, 0\n add x5, x0, x6\n addi x5, x0, -5\n lui x5, 0xfffff\n auipc x5, 1\n addiw x5, x6, 0',
  ],
  [
    'constants in several steps',
    'lui x5, 0x12345\n addiw x5, x5, 0x678\n slli x5, x5, 12\n addi x5, x5, 9\n addi x6, x5, 1',
  ],
  ['address of data', 'auipc x10, 2\n addi x10, x10, 16\n ld x11, 8(x10)'],
  ['discarded results', 'add x0, x6, x7\n auipc x0, 1\n lw x0, 4(x6)\n amoadd.w x0, x7, (x6)\n clz x0, x6'],
  [
    'memory',
    'lb x5, -1(x6)\n lhu x5, 2(x6)\n lwu x5, 0(x6)\n ld x5, 2047(x6)\n sb x5, 1(x6)\n sd x0, -8(x6)\n fence',
  ],
  [
    'bits',
    'bset x5, x6, x7\n bext x5, x6, x7\n bclri x5, x6, 63\n bexti x5, x6, 3\n zext.h x5, x6\n sh2add x5, x6, x7\n add.uw x5, x6, x7',
  ],
  ['branch within the page', 'beq x5, x6, _start'],
  ['branch out of the page', 'bltu x5, x6, _start + 16'],
  ['jump and link', 'jal x1, _start'],
  ['far call', 'auipc x1, 0x10\n jalr x1, -3(x1)'],
  ['near call through auipc', 'auipc x6, 0\n jalr x1, -16(x6)'],
  ['indirect jump', 'jalr x0, 0(x1)'],
  ['indirect call that overwrites its operand', 'jalr x1, 8(x1)'],
  ['atomics', 'lr.w x5, (x6)\n sc.d x5, x7, (x6)\n amomaxu.d x5, x7, (x6)'],
  [
    'doubles',
    'fadd.d f1, f2, f3, rtz\n fmadd.d f1, f2, f3, f4\n fld f5, 8(x6)\n fsgnj.d f1, f2, f2\n fsgnjn.d f1, f2, f3\n fsgnjx.d f1, f2, f2\n feq.d x0, f1, f2\n fmv.x.d x5, f1',
  ],
  ['singles', 'flw f1, 4(x6)\n fsw f1, 8(x6)\n fmv.w.x f2, x5\n fmv.x.w x5, f2\n fcvt.w.s x0, f1, rne'],
  [
    'CSRs that leave the block going',
    'csrrw x5, sscratch, x6\n csrrs x5, sstatus, x0\n csrrci x5, sstatus, 2\n csrrs x0, sepc, x7',
  ],
  ['interrupts enabled', 'csrrsi x0, sstatus, 2'],
  ['time', 'csrrs x5, time, x0'],
  ['ecall', 'ecall'],
  ['sret', 'sret'],
  ['wfi', 'wfi'],
  ['sfence.vma', 'sfence.vma x5, x6'],
  ['fence.i', 'fence.i'],
  ['cbo.zero', 'cbo.zero (x6)'],
  ['illegal', '.word 0xffffffff'],
  ['illegal compressed', '.half 0'],
];

describe('IR', () => {
  it('is the golden one', () => {
    const text = BLOCKS.map(([title, source]) => `# ${title}\n${translate(source).lines.join('\n')}\n`).join(
      '\n',
    );
    const path = join(folder, 'fixtures/ir.txt');
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
    expect(existsSync(path), 'fixtures/ir.txt is missing').toBe(true);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  it('ends the block where the run loop has to look', () => {
    const ending = [
      'jal x0, _start',
      'csrrw x0, satp, x5',
      'csrrs x5, cycle, x0',
      'csrrw x0, frm, x5',
      'ebreak',
      'mret',
      '.half 0',
    ];
    expect(ending.filter((source) => !translate(source).ended)).toEqual([]);
    const going = [
      'csrrw x0, mscratch, x5',
      'csrrs x5, fflags, x0',
      'fence',
      'lr.d x5, (x6)',
      'cbo.clean (x6)',
      'addi x0, x0, 0',
    ];
    expect(going.filter((source) => translate(source).ended)).toEqual([]);
  });

  it('refuses floating point while it is off, whatever the instruction', () => {
    const all = [
      'flw f1, 0(x5)',
      'fsd f1, 0(x5)',
      'fadd.s f1, f2, f3',
      'fmv.x.w x5, f1',
      'fmv.d.x f1, x5',
      'fclass.d x5, f1',
      'fsgnj.d f1, f2, f2',
    ];
    for (const source of all) {
      expect(translate(source, FLAG_FP_OFF).ended, source).toBe(true);
      expect(translate(source).ended, source).toBe(false);
    }
  });

  it('refuses invalid rounding modes', () => {
    expect(translate('fadd.d f1, f2, f3, dyn', FLAG_FRM_INVALID).ended).toBe(true);
    expect(translate('fcvt.d.w f1, x5', FLAG_FRM_INVALID).ended).toBe(false);
    expect(translate('fadd.d f1, f2, f3, rup', FLAG_FRM_INVALID).ended).toBe(false);
    expect(translate('fmin.d f1, f2, f3', FLAG_FRM_INVALID).ended).toBe(false);
    // fadd.d and fcvt.d.w with the reserved rm = 5.
    expect(translate('.word 0x023150d3').ended).toBe(true);
    expect(translate('.word 0xd20050d3').ended).toBe(true);
  });
});
