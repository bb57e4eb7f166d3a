// Multiplication, division with #DE, and in 32-bit code the decimal adjustments.
import { sizes } from './groups-alu.mjs';
import { divisionTable, integerTable, name, pointer } from './operands.mjs';
import { buffer, Program } from './program.mjs';

const NOTE =
  'The host’s CPU (x86-64). MUL and IMUL define CF and OF only, DIV and IDIV no flag; fault is 0x80 | vector.';
const [CF, PF, AF, ZF, SF, OF] = [1, 4, 0x10, 0x40, 0x80, 0x800];

export function multiply(bits) {
  const program = new Program(`muldiv${bits}`, bits, NOTE);
  integerTable(program, 'wide', 700, 21);
  integerTable(program, 'short', 200, 22);
  const full = (r) => name(r, bits);
  const [ax, cx, dx, bx] = ['ax', 'cx', 'dx', 'bx'].map(full);
  const masks = { flags: CF | OF };
  for (const size of sizes(bits)) {
    for (const op of ['mul', 'imul']) {
      for (const r of bits === 64 ? ['cx', 'r11'] : ['cx'])
        program.section({
          title: `${op} ${name(r, size)}`,
          code: `${op} ${name(r, size)}`,
          in: [
            [ax, 'a'],
            [full(r), 'b'],
            [dx, 'c'],
            ['flags', 'f'],
          ],
          out: [ax, dx, 'flags'],
          table: 'wide',
          masks,
        });
      program.section({
        title: `${op} [m] (${size})`,
        code: `${op} ${pointer(size)} ptr ${buffer(2)}`,
        in: [
          ['m2', 'b'],
          [ax, 'a'],
          [dx, 'c'],
          ['flags', 'f'],
        ],
        out: [ax, dx, 'flags'],
        table: 'short',
        masks,
      });
    }
    if (size > 8) {
      const two = [
        [ax, 'a'],
        [cx, 'b'],
        ['flags', 'f'],
      ];
      const out = [ax, cx, 'flags'];
      const [a, c] = [name('ax', size), name('cx', size)];
      program.section({
        title: `imul ${a}, ${c}`,
        code: `imul ${a}, ${c}`,
        in: two,
        out,
        table: 'wide',
        masks,
      });
      program.section({
        title: `imul ${a}, [m]`,
        code: `imul ${a}, ${buffer(3)}`,
        in: [
          ['m3', 'b'],
          [ax, 'a'],
          ['flags', 'f'],
        ],
        out: [ax, 'flags'],
        table: 'short',
        masks,
      });
      for (const immediate of ['3', '-128', '0x4321', ...(size > 16 ? ['-0x76543210'] : [])])
        program.section({
          title: `imul ${a}, ${c}, ${immediate}`,
          code: `imul ${a}, ${c}, ${immediate}`,
          in: two,
          out,
          table: 'short',
          masks,
        });
    }
    divisionTable(program, `div${size}`, size, 500, 23 + size);
    for (const op of ['div', 'idiv']) {
      for (const [r, table, rows] of [
        ['cx', `div${size}`, 500],
        ['bx', 'short', 100],
        ...(bits === 64 ? [['r8', `div${size}`, 300]] : []),
      ])
        program.section({
          title: `${op} ${name(r, size)}`,
          code: `${op} ${name(r, size)}`,
          in: [
            [ax, 'a'],
            [dx, 'b'],
            [full(r), 'c'],
            ['flags', 'f'],
          ],
          out: [ax, dx, 'flags'],
          table,
          rows,
          masks: { flags: 0 },
        });
      program.section({
        title: `${op} [m] (${size})`,
        code: `${op} ${pointer(size)} ptr ${buffer(1)}`,
        in: [
          ['m1', 'c'],
          [ax, 'a'],
          [dx, 'b'],
          ['flags', 'f'],
        ],
        out: [ax, dx, 'flags'],
        table: `div${size}`,
        rows: 200,
        masks: { flags: 0 },
      });
    }
  }
  for (const op of ['mul', 'imul', 'div', 'idiv'])
    program.section({
      title: `${op} bh`,
      code: `${op} bh`,
      in: [
        [ax, 'a'],
        [bx, 'b'],
        ['flags', 'f'],
      ],
      out: [ax, 'flags'],
      table: 'short',
      masks: { flags: /div/.test(op) ? 0 : CF | OF },
    });
  return program;
}

export function decimal() {
  const program = new Program(
    'decimal32',
    32,
    'The host’s CPU in 32-bit code, each AX with each CF and AF; undefined flags are masked.',
  );
  const rows = [];
  for (let al = 0; al < 256; al += 1)
    for (const f of [0n, 1n, 0x10n, 0x11n, 0x8d5n])
      rows.push([BigInt(al) | (BigInt((al * 0x9e3779) & 0xffffff) * 256n), f]);
  program.table(
    'ax',
    [
      ['a', 4],
      ['f', 4],
    ],
    rows,
  );
  const section = (code, mask, masks = {}) =>
    program.section({
      title: code,
      code,
      in: [
        ['eax', 'a'],
        ['flags', 'f'],
      ],
      out: ['eax', 'flags'],
      table: 'ax',
      masks: { flags: mask, ...masks },
    });
  for (const op of ['daa', 'das']) section(op, ~OF);
  for (const op of ['aaa', 'aas']) section(op, AF | CF);
  for (const base of [10, 16, 7, 1, 255, 0]) section(`aam ${base}`, base === 0 ? 0 : SF | ZF | PF);
  for (const base of [10, 16, 7, 0, 255]) section(`aad ${base}`, SF | ZF | PF);
  return program;
}
