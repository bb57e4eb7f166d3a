// F and D: every operation in every rounding mode, with the flags it raises.
import { tableLoop } from './groups-int.mjs';
import { asRegister, floatRows, FORMATS, intSingles } from './operands.mjs';
import { Program, Random } from './program.mjs';

const STATIC_MODES = ['rne', 'rtz', 'rdn', 'rup', 'rmm'];

function bitsOf(value, format) {
  const view = new DataView(new ArrayBuffer(8));
  if (format.width === 32n) {
    view.setFloat32(0, value);
    return BigInt(view.getUint32(0));
  }
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** Values around the limits of the integer types, and halves that round differently in each mode. */
function conversionRows(format) {
  const values = [];
  for (const power of [0, 7, 8, 15, 16, 23, 24, 30, 31, 32, 33, 51, 52, 53, 62, 63, 64, 65]) {
    for (const delta of [-1, -0.5, 0, 0.5, 1, 1.5]) values.push(2 ** power + delta, -(2 ** power) + delta);
    values.push(
      2 ** power * (1 - 2 ** -24),
      -(2 ** power) * (1 - 2 ** -24),
      2 ** power * (1 - 2 ** -53),
      2 ** power * (1 + 2 ** -23),
    );
  }
  values.push(0.25, 0.5, 0.75, -0.25, -0.5, -0.75, 1.25, 2.5, -2.5, 3.5, 1e-300, -1e-300, 1e300, -1e300);
  return values.map((value) => [asRegister(format, bitsOf(value, format))]);
}

/**
 * One section per rounding mode; `op(mode)` is the instruction on fa0, fa1, fa2 (or a0) to fa3 (or a2).
 * `modes` empty: the instruction has no rounding mode.
 */
function operation(
  program,
  mnemonic,
  table,
  { arity = 1, modes = STATIC_MODES, toInt = false, fromInt = false },
) {
  const { rows } = program.tables.get(table);
  const sources = fromInt ? 'a0' : ['fa0', 'fa1', 'fa2'].slice(0, arity).join(', ');
  const destination = toInt ? 'a4' : 'fa3';
  const loads = fromInt ? '' : Array.from({ length: arity }, (_, i) => `  fmv.d.x fa${i}, a${i}`).join('\n');
  const result = toInt ? '  sd a4, 0(gp)' : '  fsd fa3, 0(gp)';
  const body = (mode) =>
    `${loads}\n  csrw fflags, x0\n  ${mnemonic} ${destination}, ${sources}${mode ? `, ${mode}` : ''}\n  csrr a5, fflags\n${result}\n  sd a5, 8(gp)`;
  const add = (title, before, text) => {
    program.emit(before);
    tableLoop(program, table, arity, text, 2);
    program.section(title, ['rd', 'fflags'], { table, count: rows.length });
  };
  if (modes.length === 0) {
    add(mnemonic, '  csrwi frm, 1', body(''));
    return;
  }
  modes.forEach((mode, i) => {
    add(`${mnemonic}, ${mode}`, `  csrwi frm, ${(STATIC_MODES.indexOf(mode) + 1 + i) % 5}`, body(mode));
  });
  add(
    `${mnemonic}, dyn: frm cycles 0 to 4`,
    '  li a6, 0\n  li a7, 5',
    `  csrw frm, a6\n  addi a6, a6, 1\n  bne a6, a7, 7f\n  li a6, 0\n7:\n${body('dyn')}`,
  );
}

function tables(program, letter, seed) {
  const format = FORMATS[letter];
  program.table(
    'one',
    ['rs1'],
    [...floatRows(seed, format, 1, { limit: 100, randomCount: 200 }), ...conversionRows(format)],
  );
  program.table('two', ['rs1', 'rs2'], floatRows(seed + 1, format, 2, { limit: 520, randomCount: 260 }));
  program.table('three', ['rs1', 'rs2', 'rs3'], fusedRows(seed + 2, format));
}

/** Triples, of which a third nearly cancel: the addend is the negated rounded product. */
function fusedRows(seed, format) {
  const rows = floatRows(seed, format, 3, { limit: 320, randomCount: 200 });
  const random = new Random(seed + 7);
  const round = format.width === 32n ? Math.fround : (x) => x;
  for (let i = 0; i < 140; i += 1) {
    const [a, b] = [0, 1].map(() =>
      round((Number(random.next() >> 11n) / 2 ** 53 + 0.5) * 2 ** (random.below(20) - 10)),
    );
    const c = round(a * b) * (random.below(4) ? -1 : 1);
    rows.push([a, b, c].map((value) => asRegister(format, bitsOf(value, format))));
  }
  return rows;
}

function arithmetic(letter, seed) {
  const program = new Program(
    `rv64${letter === 's' ? 'f' : 'd'}`,
    `QEMU 7.2, ${letter === 's' ? 'F' : 'D'}: arithmetic, comparison, sign injection, classification.`,
  );
  tables(program, letter, seed);
  for (const name of ['fadd', 'fsub', 'fmul', 'fdiv'])
    operation(program, `${name}.${letter}`, 'two', { arity: 2 });
  operation(program, `fsqrt.${letter}`, 'one', {});
  for (const name of ['fsgnj', 'fsgnjn', 'fsgnjx', 'fmin', 'fmax'])
    operation(program, `${name}.${letter}`, 'two', { arity: 2, modes: [] });
  for (const name of ['feq', 'flt', 'fle'])
    operation(program, `${name}.${letter}`, 'two', { arity: 2, modes: [], toInt: true });
  operation(program, `fclass.${letter}`, 'one', { modes: [], toInt: true });
  return program;
}

function fused(letter, seed) {
  const program = new Program(
    `rv64${letter === 's' ? 'f' : 'd'}-fused`,
    'QEMU 7.2: fused multiply-add family.',
  );
  tables(program, letter, seed);
  for (const name of ['fmadd', 'fmsub', 'fnmsub', 'fnmadd']) {
    operation(program, `${name}.${letter}`, 'three', {
      arity: 3,
      modes: name === 'fmadd' ? STATIC_MODES : ['rne', 'rup'],
    });
  }
  return program;
}

function conversions(letter, seed) {
  const program = new Program(
    `rv64${letter === 's' ? 'f' : 'd'}-convert`,
    'QEMU 7.2: conversions, moves, loads and stores.',
  );
  tables(program, letter, seed);
  program.table(
    'ints',
    ['rs1'],
    [
      ...intSingles(seed + 3, 160),
      ...Array.from({ length: 12 }, (_, i) => [(1n << BigInt(24 + i * 3)) + (1n << BigInt(i))]),
    ],
  );
  for (const type of ['w', 'wu', 'l', 'lu'])
    operation(program, `fcvt.${type}.${letter}`, 'one', { toInt: true });
  for (const type of ['w', 'wu', 'l', 'lu']) {
    const exact = letter === 'd' && type.startsWith('w');
    operation(program, `fcvt.${letter}.${type}`, 'ints', { fromInt: true, modes: exact ? [] : STATIC_MODES });
  }
  if (letter === 'd') operation(program, 'fcvt.s.d', 'one', {});
  else operation(program, 'fcvt.d.s', 'one', { modes: [] });
  const width = letter === 's' ? 'w' : 'd';
  operation(program, `fmv.x.${width}`, 'one', { modes: [], toInt: true });
  operation(program, `fmv.${width}.x`, 'ints', { modes: [], fromInt: true });
  program.emitData(
    '.balign 4096\n.skip 4080\nfloat_area: .dword 0x0123456789abcdef, 0xfedcba9876543210, 0x7ff0000000000001, 0xffc00000ff800001, 0x3ff0000000000000\nfloat_out: .skip 64',
  );
  const names = [];
  const [load, store] = letter === 's' ? ['flw', 'fsw'] : ['fld', 'fsd'];
  for (let offset = 0; offset <= 24; offset += 1) {
    program.emit(
      `  la a0, float_area\n  li a1, -1\n  fmv.d.x fa0, a1\n  ${load} fa0, ${offset}(a0)\n  fsd fa0, 0(gp)`,
    );
    program.emit(
      `  la a2, float_out\n  sd a1, 0(a2)\n  sd a1, 8(a2)\n  fld fa1, ${(offset * 8) % 32}(a0)\n  ${store} fa1, ${offset % 8}(a2)\n  ld a3, 0(a2)\n  sd a3, 8(gp)\n  ld a3, 8(a2)\n  sd a3, 16(gp)\n  addi gp, gp, 24`,
    );
    names.push(`offset ${offset}`);
  }
  program.section(`${load}, ${store}`, ['loaded', 'stored, doubleword 0', 'stored, doubleword 1'], { names });
  registers(program);
  return program;
}

/** Flags accumulate; fcsr, frm and fflags are views of one register; every f register holds its own value. */
function registers(program) {
  const names = [];
  const record = (name, body) => {
    program.emit(`${body}\n  sd a0, 0(gp)\n  addi gp, gp, 8`);
    names.push(name);
  };
  record(
    'flags accumulate',
    '  csrw fcsr, x0\n  li a1, 3\n  fcvt.d.l fa0, a1\n  fmv.d.x fa1, x0\n  fdiv.d fa2, fa0, fa1\n  fcvt.d.l fa1, a1\n  li a1, 10\n  fcvt.d.l fa0, a1\n  fdiv.d fa2, fa0, fa1\n  csrr a0, fflags',
  );
  record('fcsr upper bits read zero', '  li a1, -1\n  csrw fcsr, a1\n  csrr a0, fcsr');
  record('frm of fcsr', '  li a1, 0x7f\n  csrw fcsr, a1\n  csrr a0, frm');
  record('write frm keeps fflags', '  li a1, 0x1f\n  csrw fcsr, a1\n  csrwi frm, 2\n  csrr a0, fcsr');
  record('write fflags keeps frm', '  li a1, 0x60\n  csrw fcsr, a1\n  csrwi fflags, 0x15\n  csrr a0, fcsr');
  record('frm takes three bits', '  li a1, 0xfa\n  csrw fcsr, x0\n  csrw frm, a1\n  csrr a0, fcsr');
  record('fflags takes five bits', '  li a1, 0xfa\n  csrw fcsr, x0\n  csrw fflags, a1\n  csrr a0, fcsr');
  record('fsrmi returns the old mode', '  csrwi frm, 3\n  csrrwi a0, frm, 1');
  record('csrrc fflags', '  csrwi fflags, 0x1f\n  csrrci a0, fflags, 0x5\n  csrr a0, fflags');
  program.emit(
    Array.from(
      { length: 32 },
      (_, i) => `  li a0, 0x4000${(i * 7).toString(16).padStart(2, '0')}0000000000\n  fmv.d.x f${i}, a0`,
    ).join('\n'),
  );
  for (let i = 0; i < 32; i += 1) record(`f${i}`, `  fmv.x.d a0, f${i}`);
  for (const mnemonic of [
    'fadd.d f7, f7, f7',
    'fmul.d f31, f0, f31',
    'fmadd.d f3, f3, f3, f3',
    'fsub.d f0, f1, f0',
    'fsgnj.d f9, f8, f8',
  ]) {
    record(mnemonic, `  ${mnemonic}\n  fmv.x.d a0, ${mnemonic.split(' ')[1].replace(',', '')}`);
  }
  program.emit('  csrw fcsr, x0');
  program.section('fcsr, frm, fflags, the register file', ['value'], { names });
}

export const rv64f = () => arithmetic('s', 51);
export const rv64d = () => arithmetic('d', 61);
export const rv64fFused = () => fused('s', 71);
export const rv64dFused = () => fused('d', 81);
export const rv64fConvert = () => conversions('s', 91);
export const rv64dConvert = () => conversions('d', 101);
