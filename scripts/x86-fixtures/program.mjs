// A fixture's program in the making: one loop per section, which takes the rows of an operand table, sets registers, flags and memory from the
// row, runs the section's instructions and stores a row of results.
import {
  BUFFER,
  COUNT,
  CURSOR_IN,
  CURSOR_OUT,
  FAULT,
  MEMORY_END,
  RESULT_BASE,
  RESUME,
  SAVED_BP,
  SAVED_FLAGS,
  SAVED_SP,
  STACK,
  TABLE_BASE,
} from './layout.mjs';

/** OF SF ZF AF PF CF and DF: what user code can set and both rings agree on. */
export const FLAGS = 0xcd5;

const X87_IMAGE = [
  ...[
    ['fcw', 2],
    ['-', 2],
    ['fsw', 2],
    ['-', 2],
    ['ftw', 2],
    ['-', 2],
    ['fip', 4],
    ['fcs', 4],
    ['fdp', 4],
    ['fds', 4],
  ],
  ...Array.from({ length: 8 }, (_, i) => [`st${i}`, 10]),
];

/** Bytes of a result or operand kind. */
function sizeOf(target, bits) {
  const memory = /^m(\d+)(?::(\d+))?$/.exec(target);
  if (memory) return Number(memory[2] ?? bits / 8);
  if (/^xmm/.test(target)) return 16;
  if (/^mm\d/.test(target)) return 8;
  if (/^st\d/.test(target)) return 10;
  if (target === 'flags') return 2;
  if (target === 'fault') return 1;
  if (target === 'mxcsr') return 4;
  if (target === 'fcw' || target === 'fsw') return 2;
  return bits / 8;
}

export class Program {
  /**
   * @param {string} group fixture name  @param {32 | 64} bits of the code
   * @param {string} note what a reader must know about the expectations
   */
  constructor(group, bits, note = '') {
    Object.assign(this, { group, bits, note });
    this.text = [];
    this.sections = [];
    this.tables = new Map();
    this.tableBytes = 0;
    this.resultBytes = 0;
    this.data = [];
  }

  /** Name of a legacy register in the code's full width: full('ax') is rax or eax. */
  full(name) {
    return (this.bits === 64 ? 'r' : 'e') + name;
  }

  /**
   * Operand table shared by sections.
   * @param {string} name  @param {[string, number][]} columns name and bytes  @param {bigint[][]} rows
   */
  table(name, columns, rows) {
    const stride = columns.reduce((sum, [, size]) => sum + size, 0);
    const data = Buffer.alloc(rows.length * stride);
    const offsets = {};
    let offset = 0;
    for (const [index, [column, size]] of columns.entries()) {
      offsets[column] = { offset, size, index };
      rows.forEach((row, at) => {
        for (let byte = 0; byte < size; byte += 1)
          data[at * stride + offset + byte] = Number(
            (BigInt.asUintN(size * 8, row[index]) >> BigInt(byte * 8)) & 255n,
          );
      });
      offset += size;
    }
    this.tables.set(name, {
      name,
      columns,
      offsets,
      rows,
      stride,
      data,
      address: TABLE_BASE + this.tableBytes,
    });
    this.tableBytes = (this.tableBytes + data.length + 63) & ~63;
    return name;
  }

  /** Assembly that copies `size` bytes from [from] to [to] through the accumulator. */
  #copy(to, from, size) {
    const lines = [];
    const steps = this.bits === 64 ? [8, 4, 2, 1] : [4, 2, 1];
    for (let at = 0; at < size; ) {
      const step = steps.find((bytes) => bytes <= size - at);
      const register = { 8: 'rax', 4: 'eax', 2: 'ax', 1: 'al' }[step];
      lines.push(`mov ${register}, [${from}+${at}]`, `mov [${to}+${at}], ${register}`);
      at += step;
    }
    return lines;
  }

  #load(inputs, table) {
    const bp = this.full('bp');
    const early = [];
    const late = [];
    let last = [];
    for (const [target, source] of inputs) {
      const column = typeof source === 'string' ? table.offsets[source] : null;
      if (typeof source === 'string' && !column) throw new Error(`${this.group}: no column ${source}`);
      const from = column ? `${bp}+${column.offset}` : null;
      const memory = /^m(\d+)(?::(\d+))?$/.exec(target);
      if (memory)
        early.push(...this.#copy(BUFFER + Number(memory[1]), from, Number(memory[2] ?? column.size)));
      else if (target === 'flags') early.push(`push ${this.ptr} ptr [${from}]`, 'popf');
      else if (target === 'mxcsr') early.push(`ldmxcsr [${from}]`);
      else if (target === 'fcw')
        // All registers empty, and zero: an empty register's contents are seen by FINCSTP and FNSAVE.
        early.push('fninit', ...Array(8).fill('fldz'), 'fninit', `fldcw [${from}]`);
      else if (/^st/.test(target)) {
        // The last one pushed is ST(0).
        early.push(`fld tbyte ptr [${from}]`);
      } else if (/^xmm/.test(target)) early.push(`movups ${target}, [${from}]`);
      else if (/^mm/.test(target)) early.push(`movq ${target}, [${from}]`);
      else {
        const value = column ? `[${from}]` : `0x${BigInt(source).toString(16)}`;
        const line = `mov ${target}, ${value}`;
        if (target === bp) last = [line];
        else late.push(line);
      }
    }
    return [...early, ...late, ...last];
  }

  /** Where the epilogue finds a register after it moved the stack and base pointers. */
  #store(target, at) {
    const bp = this.full('bp');
    const ax = this.full('ax');
    const memory = /^m(\d+)(?::(\d+))?$/.exec(target);
    const to = `${bp}+${at}`;
    if (memory) return this.#copy(to, BUFFER + Number(memory[1]), Number(memory[2] ?? this.bits / 8));
    if (target === bp) return [`mov ${ax}, [${SAVED_BP}]`, `mov [${to}], ${ax}`];
    if (target === this.full('sp')) return [`mov ${ax}, [${SAVED_SP}]`, `mov [${to}], ${ax}`];
    if (target === 'flags') return [`mov eax, [${SAVED_FLAGS}]`, `mov [${to}], ax`];
    if (target === 'fault') return [`mov al, [${FAULT}]`, `mov [${to}], al`, `mov byte ptr [${FAULT}], 0`];
    if (target === 'mxcsr') return [`stmxcsr [${to}]`];
    if (target === 'x87') return [`fnsave [${to}]`];
    if (/^xmm/.test(target)) return [`movups [${to}], ${target}`];
    if (/^mm/.test(target)) return [`movq [${to}], ${target}`];
    return [`mov [${to}], ${target}`];
  }

  get ptr() {
    return this.bits === 64 ? 'qword' : 'dword';
  }

  /**
   * Adds a section.
   * @param {object} options
   * @param {string} options.title the instruction in words, unique in the group
   * @param {string} options.code Intel syntax; numbered local labels are free from 1 to 8
   * @param {[string, string | number][]} options.in targets (register, flags, mxcsr, m<offset in the buffer>[:bytes], fcw, st…) and the
   *   table's column or a constant; ST registers are pushed in this order
   * @param {string[]} options.out targets to store; `fault` is always stored; `x87` is an FNSAVE image
   * @param {string} options.table  @param {number} [options.rows] only the first ones
   * @param {Record<string, number | bigint | ((row: Record<string, bigint>) => number | bigint)>} [options.masks] defined bits of a result
   * @param {number} [options.exact] rows whose results are kept in full; of the others a hash is kept
   * @param {{ columns: string[], format: string, ulp: number }} [options.tolerance] for results that the manual gives to a tolerance
   */
  section({ title, code, in: inputs, out, table, rows, masks = {}, exact, tolerance }) {
    const source = this.tables.get(table);
    if (!source) throw new Error(`${this.group}: no table ${table}`);
    if (this.sections.some((other) => other.title === title))
      throw new Error(`${this.group}: two of ${title}`);
    const count = Math.min(rows ?? source.rows.length, source.rows.length);
    const columns = [];
    let offset = 0;
    const stores = [];
    // FNINIT's sibling FNSAVE clears the x87 state, and memory goes through the accumulator: registers first.
    const order = [
      ...out.filter((x) => !/^(m\d|flags)/.test(x)),
      ...out.filter((x) => /^(m\d|flags)/.test(x)),
      'fault',
    ];
    const sp = order.indexOf(this.full('sp'));
    if (sp >= 0) order.push(...order.splice(sp, 1));
    const bp = order.indexOf(this.full('bp'));
    if (bp >= 0) order.push(...order.splice(bp, 1));
    for (const target of order) {
      stores.push(...this.#store(target, offset));
      const list = target === 'x87' ? X87_IMAGE : [[target, sizeOf(target, this.bits)]];
      for (const [name, size] of list) {
        let mask = masks[name];
        if (name === 'flags') {
          const given = mask ?? FLAGS;
          mask =
            typeof given === 'function'
              ? (row) => BigInt(given(row)) & BigInt(FLAGS)
              : BigInt(given) & BigInt(FLAGS);
        }
        // FIP and FDP depend on the CPU's make (AMD saves them only with a pending exception).
        if (/^(-|fip|fcs|fdp|fds)$/.test(name)) mask ??= 0n;
        columns.push({ name, size, mask });
        offset += size;
      }
    }
    const stride = offset;
    const id = this.sections.length;
    const bpName = this.full('bp');
    this.text.push(
      `section_${id}:`,
      `mov ${this.ptr} ptr [${CURSOR_IN}], ${source.address}`,
      `mov ${this.ptr} ptr [${CURSOR_OUT}], ${RESULT_BASE + this.resultBytes}`,
      `mov dword ptr [${COUNT}], ${count}`,
      `mov ${this.ptr} ptr [${RESUME}], offset resume_${id}`,
      `loop_${id}:`,
      `mov ${bpName}, [${CURSOR_IN}]`,
      ...this.#load(inputs, source),
      code,
      `resume_${id}:`,
      `mov [${SAVED_SP}], ${this.full('sp')}`,
      `mov ${this.full('sp')}, ${STACK}`,
      'pushf',
      `pop ${this.ptr} ptr [${SAVED_FLAGS}]`,
      'cld',
      `mov [${SAVED_BP}], ${bpName}`,
      `mov ${bpName}, [${CURSOR_OUT}]`,
      ...stores,
      `add dword ptr [${CURSOR_OUT}], ${stride}`,
      `add dword ptr [${CURSOR_IN}], ${source.stride}`,
      `dec dword ptr [${COUNT}]`,
      `jnz loop_${id}`,
    );
    this.sections.push({
      title,
      code,
      table,
      count,
      columns,
      stride,
      at: this.resultBytes,
      exact,
      tolerance,
    });
    this.resultBytes += stride * count;
    if (RESULT_BASE + this.resultBytes > MEMORY_END) throw new Error(`${this.group}: results do not fit`);
  }

  source() {
    return [
      '.intel_syntax noprefix',
      `.code${this.bits}`,
      '.globl _start',
      '_start:',
      `mov ${this.full('sp')}, ${STACK}`,
      ...this.text,
      'hlt',
      '.balign 64',
      ...this.data,
      '',
    ].join('\n');
  }

  /** Table rows as records of their columns. */
  rows(section) {
    const { columns, rows } = this.tables.get(section.table);
    return rows
      .slice(0, section.count)
      .map((row) => Object.fromEntries(columns.map(([name], i) => [name, row[i]])));
  }

  tableImage() {
    const image = Buffer.alloc(this.tableBytes);
    for (const { address, data } of this.tables.values()) data.copy(image, address - TABLE_BASE);
    return image;
  }
}

/** Stores of 8 bytes at addresses below 2 GiB need no base register; Intel syntax wants a number in brackets. */
export const buffer = (offset = 0) => `[${BUFFER + offset}]`;
