// A bare-metal conformance program in the making: assembly text, operand tables, and the description of the
// result words that the program leaves behind. See docs in ../gen-riscv-fixtures.mjs.

/** Where the flat binary is loaded and entered, in M-mode. */
export const PROGRAM_BASE = 0x80000000n;
/** Header of the result buffer: word 0 count, words 1–3 cause, pc and value of an unexpected trap. */
export const RESULT_HEADER = 0x80400000n;
/** First result word. */
export const RESULT_BASE = 0x80400040n;
/** Count stored when a trap arrived that no case expected. */
export const UNEXPECTED_TRAP = 0xffffffffffffffffn;

const MASK64 = (1n << 64n) - 1n;

/** Text of a 64-bit constant for the assembler. */
export function hex64(value) {
  return `0x${(BigInt(value) & MASK64).toString(16)}`;
}

/** Words as a little-endian Buffer. */
export function wordsToBuffer(words) {
  const out = Buffer.alloc(words.length * 8);
  words.forEach((word, index) => out.writeBigUInt64LE(BigInt(word) & MASK64, index * 8));
  return out;
}

export class Program {
  /** @param {string} group fixture name  @param {string} note what a reader must know about the expectations */
  constructor(group, note = '') {
    this.group = group;
    this.note = note;
    this.text = [];
    this.data = [];
    this.sections = [];
    this.tables = new Map();
    this.labelCount = 0;
    this.words = 0;
    this.overrides = new Map();
    this.runsOnQemu = true;
    this.symbols = null;
  }

  label(prefix = 'L') {
    this.labelCount += 1;
    return `${prefix}_${this.labelCount}`;
  }

  emit(asm) {
    this.text.push(asm);
  }

  emitData(asm) {
    this.data.push(asm);
  }

  /**
   * Operand table shared by sections: rows of 64-bit words, stored row by row in the program.
   * @param {string} name label in the program  @param {string[]} labels one per column  @param {bigint[][]} rows
   */
  table(name, labels, rows) {
    if (this.tables.has(name)) return;
    this.tables.set(name, { labels, rows });
    this.emitData(`.balign 16\n${name}:`);
    for (const row of rows) this.emitData(`.dword ${row.map(hex64).join(', ')}`);
  }

  /**
   * Declares the result words of one `it`: `count` cases of `labels.length` words each, in program order.
   * Cases are named by `names`, or by the operand table's row `index % rows`.
   */
  section(title, labels, { names = null, table = null, variants = null, count }) {
    const cases = names ? names.length : count;
    this.sections.push({ title, labels, names, table, variants, count: cases, first: this.words });
    this.words += cases * labels.length;
    if (RESULT_BASE + BigInt(this.words) * 8n > 0x81000000n)
      throw new Error(`${this.group}: result buffer is full`);
  }

  /** Replaces QEMU's word `index` (counted from the first result word) by the specification's: a value, or a function of QEMU's. */
  override(index, value) {
    this.overrides.set(index, typeof value === 'function' ? value : () => BigInt(value) & MASK64);
  }

  /** Address of a label; for overrides, which are applied after the program is assembled. */
  symbol(name) {
    const address = this.symbols?.get(name);
    if (address === undefined) throw new Error(`${this.group}: no label ${name}`);
    return address;
  }

  /** Whole assembly source; `handler` replaces the default handler, which stops the run at the first trap. */
  source({ handler = '', start = '' } = {}) {
    return [
      '.option norelax',
      '.option norvc',
      '.section .text',
      '.globl _start',
      '_start:',
      '  la t0, default_trap',
      '  csrw mtvec, t0',
      '  li t0, 0x6000',
      '  csrs mstatus, t0',
      `  li gp, ${RESULT_BASE}`,
      start,
      ...this.text,
      'finish:',
      `  li t0, ${RESULT_HEADER}`,
      `  li t1, ${RESULT_BASE}`,
      '  sub t1, gp, t1',
      '  srli t1, t1, 3',
      '  sd t1, 0(t0)',
      'power_off:',
      '  li t0, 0x100000',
      '  li t1, 0x7777',
      '  sw t1, 0(t0)',
      '1: wfi',
      '  j 1b',
      '.balign 4',
      'default_trap:',
      `  li t0, ${RESULT_HEADER}`,
      '  li t1, -1',
      '  sd t1, 0(t0)',
      '  csrr t1, mcause',
      '  sd t1, 8(t0)',
      '  csrr t1, mepc',
      '  sd t1, 16(t0)',
      '  csrr t1, mtval',
      '  sd t1, 24(t0)',
      '  j power_off',
      handler,
      '.balign 4096',
      'data_start:',
      ...this.data,
      '',
    ].join('\n');
  }
}

/**
 * Deterministic 64-bit generator (xorshift64*), so that two runs write the same fixtures.
 */
export class Random {
  constructor(seed) {
    this.state = (BigInt(seed) * 0x9e3779b97f4a7c15n) & MASK64 || 1n;
  }

  next() {
    let x = this.state;
    x ^= x >> 12n;
    x = (x ^ (x << 25n)) & MASK64;
    x ^= x >> 27n;
    this.state = x;
    return (x * 0x2545f4914f6cdd1dn) & MASK64;
  }

  below(limit) {
    return Number((this.next() >> 16n) % BigInt(limit));
  }

  pick(list) {
    return list[this.below(list.length)];
  }
}
