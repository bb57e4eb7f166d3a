// Shifts, rotates and double shifts at all counts.
import { sizes } from './groups-alu.mjs';
import { integerTable, name, pointer } from './operands.mjs';
import { buffer, Program } from './program.mjs';

const NOTE =
  'The host’s CPU (x86-64). Masked as undefined: OF at counts other than 1, AF of shifts, CF of SHL and SHR from the operand’s size on, ' +
  'all of SHLD and SHRD beyond the operand’s size.';
const [CF, AF, OF] = [1, 0x10, 0x800];

const masked = (count, size) => Number(count & (size === 64 ? 63n : 31n));

/** Defined flags of a shift or rotate of an operand by a count that is a number of the row. */
function flagMask(op, size, count) {
  const c = masked(count, size);
  if (c === 0) return ~0;
  const of = c === 1 ? 0 : OF;
  if (/^(rol|ror|rcl|rcr)$/.test(op)) return ~of;
  return ~(AF | of | (op !== 'sar' && c >= size ? CF : 0));
}

const beyond = (size) => (row) => masked(row.c, size) > size;

export function shift(bits) {
  const program = new Program(`shift${bits}`, bits, NOTE);
  integerTable(program, 'counts', 700, 11, { counts: true });
  integerTable(program, 'short', 160, 12);
  const full = (r) => name(r, bits);
  for (const op of ['shl', 'shr', 'sar', 'rol', 'ror', 'rcl', 'rcr']) {
    for (const size of sizes(bits)) {
      const masks = { flags: (row) => flagMask(op, size, row.c) };
      const targets = bits === 64 ? ['ax', 'r10'] : ['ax', 'dx'];
      for (const target of targets)
        program.section({
          title: `${op} ${name(target, size)}, cl`,
          code: `${op} ${name(target, size)}, cl`,
          in: [
            [full(target), 'a'],
            [full('cx'), 'c'],
            ['flags', 'f'],
          ],
          out: [full(target), full('cx'), 'flags'],
          table: 'counts',
          masks,
        });
      program.section({
        title: `${op} [m], cl (${size})`,
        code: `${op} ${pointer(size)} ptr ${buffer(1)}, cl`,
        in: [
          ['m1', 'a'],
          [full('cx'), 'c'],
          ['flags', 'f'],
        ],
        out: ['m1', 'flags'],
        table: 'counts',
        masks,
        rows: 400,
      });
      program.section({
        title: `${op} cl, cl (${size})`,
        code: `${op} ${name('cx', size)}, cl`,
        in: [
          [full('cx'), 'a'],
          ['flags', 'f'],
        ],
        out: [full('cx'), 'flags'],
        table: 'counts',
        masks: { flags: (row) => flagMask(op, size, row.a) },
        rows: 500,
      });
      const one = { 8: 'd0', 16: 'd1', 32: 'd1', 64: 'd1' }[size];
      const extension = { rol: 0, ror: 1, rcl: 2, rcr: 3, shl: 4, shr: 5, sar: 7 }[op];
      const prefix = { 8: '', 16: '0x66, ', 32: '', 64: '0x48, ' }[size];
      program.section({
        title: `${op} ${name('dx', size)}, 1 (D1)`,
        code: `.byte ${prefix}0x${one}, 0x${(0xc2 | (extension << 3)).toString(16)}`,
        in: [
          [full('dx'), 'a'],
          ['flags', 'f'],
        ],
        out: [full('dx'), 'flags'],
        table: 'short',
        masks: { flags: flagMask(op, size, 1n) },
      });
      const counts = [0, 1, 2, 5, 7, 8, 9, 15, 16, 17, 18, 24, 31, 32, 33, 40, 63, 64, 0x81];
      for (const count of counts)
        program.section({
          title: `${op} ${name('bx', size)}, ${count}`,
          // The assembler would shorten a count of 1 to D1.
          code: `.byte ${prefix}0x${size === 8 ? 'c0' : 'c1'}, 0x${(0xc3 | (extension << 3)).toString(16)}, ${count}`,
          in: [
            [full('bx'), 'a'],
            ['flags', 'f'],
          ],
          out: [full('bx'), 'flags'],
          table: 'short',
          masks: { flags: flagMask(op, size, BigInt(count)) },
          rows: 100,
        });
    }
    program.section({
      title: `${op} bh, cl`,
      code: `${op} bh, cl`,
      in: [
        [full('bx'), 'a'],
        [full('cx'), 'c'],
        ['flags', 'f'],
      ],
      out: [full('bx'), 'flags'],
      table: 'counts',
      masks: { flags: (row) => flagMask(op, 8, row.c) },
      rows: 300,
    });
    program.section({
      title: `${op} ah, 3`,
      code: `${op} ah, 3`,
      in: [
        [full('ax'), 'a'],
        ['flags', 'f'],
      ],
      out: [full('ax'), 'flags'],
      table: 'short',
      masks: { flags: flagMask(op, 8, 3n) },
    });
  }
  for (const op of ['shld', 'shrd']) {
    for (const size of sizes(bits).filter((s) => s > 8)) {
      const flags = (row) => (beyond(size)(row) ? 0 : flagMask('sar', size, row.c));
      const value = (row) => (beyond(size)(row) ? ~((1n << BigInt(size)) - 1n) : -1n);
      for (const [d, s] of bits === 64
        ? [
            ['ax', 'dx'],
            ['r8', 'r9'],
            ['bx', 'bx'],
          ]
        : [
            ['ax', 'dx'],
            ['bx', 'bx'],
          ]) {
        const same = d === s;
        program.section({
          title: `${op} ${name(d, size)}, ${name(s, size)}, cl`,
          code: `${op} ${name(d, size)}, ${name(s, size)}, cl`,
          in: [[full(d), 'a'], ...(same ? [] : [[full(s), 'b']]), [full('cx'), 'c'], ['flags', 'f']],
          out: [full(d), 'flags'],
          table: 'counts',
          masks: { flags, [full(d)]: value },
        });
      }
      program.section({
        title: `${op} [m], ${name('dx', size)}, cl`,
        code: `${op} ${buffer(8)}, ${name('dx', size)}, cl`,
        in: [
          ['m8', 'a'],
          [full('dx'), 'b'],
          [full('cx'), 'c'],
          ['flags', 'f'],
        ],
        out: ['m8', 'flags'],
        table: 'counts',
        masks: { flags, m8: value },
        rows: 400,
      });
      for (const count of [0, 1, 2, 7, 8, 15, 16, 31, 32, 33, 63].filter(
        (c) => masked(BigInt(c), size) <= size,
      ))
        program.section({
          title: `${op} ${name('ax', size)}, ${name('dx', size)}, ${count}`,
          code: `${op} ${name('ax', size)}, ${name('dx', size)}, ${count}`,
          in: [
            [full('ax'), 'a'],
            [full('dx'), 'b'],
            ['flags', 'f'],
          ],
          out: [full('ax'), 'flags'],
          table: 'short',
          masks: { flags: flagMask('sar', size, BigInt(count)) },
          rows: 100,
        });
    }
  }
  return program;
}
