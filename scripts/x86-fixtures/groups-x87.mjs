// x87: arithmetic, comparisons, loads and stores, control, and the transcendental functions.
import { name } from './operands.mjs';
import { floatTable } from './operands-float.mjs';
import { between, someUnmasked, x87Table } from './operands-x87.mjs';
import { buffer, Program } from './program.mjs';

export const NOTE =
  'The host’s CPU (AMD, x86-64). FIP, FDP and FOP are not compared: AMD’s FNSAVE and FXSAVE store them with a pending exception only.';

/** C1 tells the direction of rounding; C0, C2 and C3 are undefined after most arithmetic, but real CPUs leave them. */
const C1 = 0x200;

/** Declares sections of a program that begins with a control word, ST(1) and ST, and shows the whole state. */
export function group(program) {
  const { bits } = program;
  const ax = name('ax', bits);
  return (
    code,
    {
      table = 'values',
      title = code,
      out = [],
      more = [],
      rows,
      exact = 20,
      masks = {},
      tolerance,
      wait = false,
    } = {},
  ) =>
    program.section({
      title: wait ? `${title}, unmasked` : title,
      code: wait ? `${code}\nfwait` : code,
      in: [['fcw', 'w'], ['st', 'q'], ['st', 'p'], [ax, 'i'], ['flags', 'f'], ...more],
      out: ['x87', ...out],
      table,
      rows,
      exact,
      masks,
      tolerance,
    });
}

export function x87Arithmetic(bits) {
  const program = new Program(`x87-arith${bits}`, bits, NOTE);
  x87Table(program, 'values', 1000, 161);
  x87Table(program, 'short', 240, 162);
  x87Table(program, 'traps', 300, 163, { control: someUnmasked });
  const section = group(program);
  for (const op of ['fadd', 'fsub', 'fsubr', 'fmul', 'fdiv', 'fdivr']) {
    section(`${op} st, st(1)`);
    section(`${op} st(1), st`, { table: 'short' });
    section(`${op}p st(1), st`, { table: 'short' });
    section(`${op} st, st(0)`, { table: 'short' });
    section(`${op} st, st(1)`, { table: 'traps', wait: true });
    section(`${op}p st(1), st`, { table: 'traps', wait: true });
    section(`${op} st, st(3)`, { table: 'short', title: `${op} st, empty` });
    section(`${op} dword ptr ${buffer()}`, { table: 'short', title: `${op} [m32]`, more: [['m0:8', 'i']] });
    section(`${op} qword ptr ${buffer()}`, { table: 'short', title: `${op} [m64]`, more: [['m0:8', 'i']] });
    const integer = op.replace('f', 'fi');
    section(`${integer} dword ptr ${buffer()}`, {
      table: 'short',
      title: `${integer} [m32]`,
      more: [['m0:8', 'i']],
    });
    section(`${integer} word ptr ${buffer()}`, {
      table: 'short',
      title: `${integer} [m16]`,
      more: [['m0:8', 'i']],
    });
  }
  for (const op of [
    'fabs',
    'fchs',
    'fsqrt',
    'frndint',
    'fscale',
    'fxtract',
    'fprem',
    'fprem1',
    'fxam',
    'ftst',
  ]) {
    section(op);
    section(op, { table: 'traps', wait: true });
    section(`fninit\n${op}`, { table: 'short', rows: 4, title: `${op} with an empty stack` });
    section(`ffree st(1)\n${op}`, { table: 'short', rows: 30, title: `${op} with st(1) empty` });
  }
  // Remainders: until C2 is clear, as programs do.
  for (const op of ['fprem', 'fprem1'])
    section(`mov ecx, 600\n1: ${op}\nfnstsw ax\ntest ah, 4\njz 2f\ndec ecx\njnz 1b\n2:`, {
      title: `${op} to the end`,
      rows: 500,
    });
  for (const op of ['fcom', 'fucom']) {
    for (const form of ['st(1)', 'st(0)', 'st(4)'])
      section(`${op} ${form}`, { table: form === 'st(1)' ? 'values' : 'short' });
    section(`${op}p st(1)`, { table: 'short' });
    section(`${op}pp`, { table: 'short' });
    section(`${op} st(1)`, { table: 'traps', wait: true });
  }
  section(`fcom dword ptr ${buffer()}`, { table: 'short', title: 'fcom [m32]', more: [['m0:8', 'i']] });
  section(`fcomp qword ptr ${buffer()}`, { table: 'short', title: 'fcomp [m64]', more: [['m0:8', 'i']] });
  section(`ficom dword ptr ${buffer()}`, { table: 'short', title: 'ficom [m32]', more: [['m0:8', 'i']] });
  section(`ficomp word ptr ${buffer()}`, { table: 'short', title: 'ficomp [m16]', more: [['m0:8', 'i']] });
  for (const op of ['fcomi', 'fucomi', 'fcomip', 'fucomip']) {
    section(`${op} st, st(1)`, {
      out: ['flags'],
      table: op.length === 5 || op === 'fucomi' ? 'values' : 'short',
    });
    section(`${op} st, st(1)`, { out: ['flags'], table: 'traps', wait: true });
    section(`${op} st, st(5)`, { out: ['flags'], table: 'short', rows: 30 });
  }
  for (const condition of ['b', 'e', 'be', 'u', 'nb', 'ne', 'nbe', 'nu']) {
    section(`fcmov${condition} st, st(1)`, { table: 'short' });
    section(`fcmov${condition} st, st(6)`, { table: 'short', rows: 40 });
  }
  return program;
}

export function x87Memory(bits) {
  const program = new Program(`x87-memory${bits}`, bits, NOTE);
  x87Table(program, 'values', 700, 171);
  x87Table(program, 'short', 200, 172);
  x87Table(program, 'traps', 260, 173, { control: someUnmasked });
  for (const format of [32, 64]) {
    floatTable(program, `f${format}`, format, 200, 174 + format);
    const floats = program.tables.get(`f${format}`).rows.map((row) => BigInt.asUintN(format, row[0]));
    const rows = program.tables.get('short').rows.map(([p, q, w, , f], at) => [p, q, w, floats[at], f]);
    program.table(
      `m${format}`,
      [
        ['p', 10],
        ['q', 10],
        ['w', 4],
        ['i', 8],
        ['f', 8],
      ],
      rows,
    );
    program.tables.delete(`f${format}`);
  }
  const section = group(program);
  const input = { more: [['m0:8', 'i']] };
  section(`fld dword ptr ${buffer()}`, { ...input, table: 'm32', title: 'fld [m32]' });
  section(`fld qword ptr ${buffer()}`, { ...input, table: 'm64', title: 'fld [m64]' });
  section(`fld dword ptr ${buffer()}\nfwait`, {
    ...input,
    table: 'm32',
    title: 'fld [m32] with fwait',
    more: [['m0:8', 'i']],
  });
  for (const [op, size] of [
    ['fild', 'word'],
    ['fild', 'dword'],
    ['fild', 'qword'],
  ])
    section(`${op} ${size} ptr ${buffer()}`, { ...input, table: 'short', title: `${op} ${size}` });
  section(`fld tbyte ptr ${buffer()}`, { table: 'short', title: 'fld [m80]', more: [['m0:10', 'p']] });
  for (const st of ['st(0)', 'st(1)', 'st(2)', 'st(7)']) section(`fld ${st}`, { table: 'short', rows: 60 });
  const stored = {
    out: ['m0:12'],
    more: [
      ['m0:8', 'i'],
      ['m8:4', 'w'],
    ],
  };
  for (const [op, size] of [
    ['fst', 'dword'],
    ['fst', 'qword'],
    ['fstp', 'dword'],
    ['fstp', 'qword'],
    ['fstp', 'tbyte'],
    ['fist', 'word'],
    ['fist', 'dword'],
    ['fistp', 'word'],
    ['fistp', 'dword'],
    ['fistp', 'qword'],
    ['fisttp', 'word'],
    ['fisttp', 'dword'],
    ['fisttp', 'qword'],
    ['fbstp', 'tbyte'],
  ]) {
    const text = `${op} ${size} ptr ${buffer()}`;
    section(text, {
      ...stored,
      title: `${op} ${size}`,
      table: /fstp|fist /.test(`${op} `) ? 'short' : 'values',
    });
    section(text, { ...stored, title: `${op} ${size}`, table: 'traps', wait: true });
    section(`fninit\n${text}`, {
      ...stored,
      title: `${op} ${size} of an empty register`,
      table: 'short',
      rows: 3,
    });
    section(`fstp st(0)\nfstp st(0)\n${text}\nfwait`, {
      ...stored,
      title: `${op} ${size} of an empty register, unmasked`,
      table: 'traps',
      rows: 40,
    });
  }
  // Packed decimal: an image with a nibble above 9 is undefined, so images are made by FBSTP.
  for (const sign of ['', 'fchs\n'])
    section(
      `and dword ptr ${buffer(4)}, 0x07ffffff\nfild qword ptr ${buffer()}\n${sign}fbstp tbyte ptr ${buffer(16)}\nfbld tbyte ptr ${buffer(16)}`,
      {
        table: 'short',
        title: sign ? 'fbld of a negative number' : 'fbld of a positive number',
        more: [['m0:8', 'i']],
        out: ['m16:10'],
      },
    );
  for (const op of ['fld1', 'fldl2t', 'fldl2e', 'fldpi', 'fldlg2', 'fldln2', 'fldz'])
    section(op, { table: 'short', rows: 40, exact: 40 });
  // Overflow of the stack, masked and not.
  const fill = `${'fldz\n'.repeat(6)}`;
  for (const [title, code] of [
    ['fld1', 'fld1'],
    ['fld st(3)', 'fld st(3)'],
    ['fild', `fild dword ptr ${buffer()}`],
    ['fld [m32]', `fld dword ptr ${buffer()}`],
    ['fxtract', 'fxtract'],
    ['fincstp', 'fincstp'],
  ]) {
    section(`${fill}${code}`, { ...input, table: 'short', rows: 30, title: `${title} with a full stack` });
    section(`${fill}${code}`, {
      ...input,
      table: 'traps',
      rows: 60,
      title: `${title} with a full stack`,
      wait: true,
    });
  }
  for (const code of [
    'fxch',
    'fxch st(3)',
    'ffree st(0)',
    'ffree st(1)',
    'fincstp',
    'fdecstp',
    'fnop',
    'fnclex',
    'fninit',
    'fstp st(1)',
    'fst st(3)',
    'fstp st(0)',
    'fnstsw ax',
    'fst st(1)',
  ]) {
    section(code, { table: 'short', out: /ax/.test(code) ? [name('ax', bits)] : [] });
    section(code, { table: 'traps', wait: true, rows: 60 });
  }
  section(`fdiv st, st(1)\nfnstcw ${buffer()}\nfnstsw ${buffer(2)}`, {
    table: 'traps',
    out: ['m0:4'],
    title: 'fnstcw, fnstsw with a pending exception',
  });
  section(`fdiv st, st(1)\nfnclex\nfwait\nfld1`, { table: 'traps', title: 'fnclex after an exception' });
  section(`fdiv st, st(1)\nfninit\nfwait\nfld1`, { table: 'traps', title: 'fninit after an exception' });
  section(`fdiv st, st(1)\nfld1`, {
    table: 'traps',
    title: 'a pending exception stops the next instruction',
  });
  section(
    `fdiv st, st(1)\nfnstcw ${buffer()}\nor word ptr ${buffer()}, 0x3f\nfldcw ${buffer()}`
      .replaceAll('fnstcw [', 'fnstcw word ptr [')
      .replaceAll('fldcw [', 'fldcw word ptr ['),
    { table: 'traps', title: 'fldcw with a pending exception' },
  );
  // Environments and images, in the operand sizes of 32 and 16 bits; the pointers are overwritten.
  const skip = (at, step) =>
    [3, 4, 5, 6]
      .map((n) => `mov ${step === 4 ? 'dword' : 'word'} ptr ${buffer(at + n * step)}, 0`)
      .join('\n');
  section(`fdiv st, st(1)\nfnstenv ${buffer(64)}\n${skip(64, 4)}`, {
    out: ['m64:28'],
    table: 'short',
    title: 'fnstenv',
  });
  section(`fdiv st, st(1)\n.byte 0x66\nfnstenv ${buffer(64)}\n${skip(64, 2)}`, {
    out: ['m64:14'],
    table: 'short',
    title: 'fnstenv, 16 bits',
  });
  section(`fsub st, st(1)\nfnsave ${buffer(64)}\n${skip(64, 4)}`, {
    out: ['m64:108'],
    table: 'short',
    title: 'fnsave',
  });
  section(`fsub st, st(1)\n.byte 0x66\nfnsave ${buffer(64)}\n${skip(64, 2)}`, {
    out: ['m64:94'],
    table: 'short',
    title: 'fnsave, 16 bits',
  });
  section(`fsub st, st(1)\nfnsave ${buffer(64)}\nfrstor ${buffer(64)}`, { table: 'short', title: 'frstor' });
  section(`fsub st, st(1)\n.byte 0x66\nfnsave ${buffer(64)}\nfld1\n.byte 0x66\nfrstor ${buffer(64)}`, {
    table: 'short',
    title: 'frstor, 16 bits',
  });
  // Any status and tag word: TOP and tags are taken, tags of full registers follow from their contents.
  section(
    `fnstenv ${buffer(64)}\nmov ${buffer(68)}, ax\nshr eax, 16\nmov ${buffer(72)}, ax\nfldenv ${buffer(64)}`,
    { table: 'values', title: 'fldenv with any status and tags' },
  );
  section(
    `fnstenv ${buffer(64)}\nmov ${buffer(68)}, ax\nshr eax, 16\nmov ${buffer(72)}, ax\nfldenv ${buffer(64)}\nfwait`,
    { table: 'traps', title: 'fldenv with pending exceptions' },
  );
  section(`mov ${buffer()}, ax\nfldcw word ptr ${buffer()}\nfnstcw ${buffer(4)}\nfninit`, {
    table: 'short',
    out: ['m4:2'],
    title: 'fldcw with any bits',
    more: [['m4:4', 'w']],
  });
  return program;
}

/** The manual states the error of the transcendental functions: below 1 ulp of the extended format. Two CPUs that keep it differ by less than 2. */
export function x87Functions(bits) {
  const program = new Program(
    `x87-functions${bits}`,
    bits,
    `${NOTE} Results within 1 ulp of the exact one are right (SDM vol. 1, 8.3.10), so ours may lie 2 ulp from this CPU’s; C1 is not compared.`,
  );
  x87Table(program, 'special', 300, 181);
  x87Table(program, 'unit', 300, 182, { values: between(-40, -3) });
  x87Table(program, 'angles', 300, 183, { values: between(-40, 4) });
  x87Table(program, 'logs', 300, 184, { values: between(-60, 60) });
  const section = group(program);
  const tolerance = { columns: ['st0', 'st1'], ulp: 2 };
  const masks = { fsw: 0xffff & ~C1 };
  // Between 16 and 2⁶³ results hang on how many bits of π the CPU reduces by; outside their domains F2XM1 and FYL2XP1 are undefined.
  const exponent = (row) => Number((row.p >> 64n) & 0x7fffn) - 0x3fff;
  const within = (low, high) => (row) => (exponent(row) >= low && exponent(row) < high ? 0n : -1n);
  const special = (low, high) => {
    const mask = within(low, high);
    return {
      table: 'special',
      tolerance,
      masks: { fsw: (row) => (mask(row) ? masks.fsw : 0), ftw: mask, st0: mask, st1: mask },
    };
  };
  for (const op of ['fsin', 'fcos', 'fsincos', 'fptan']) {
    section(op, { table: 'angles', tolerance, masks });
    section(op, { ...special(4, 63), title: `${op} of special values` });
  }
  for (const op of ['fpatan', 'fyl2x']) section(op, { ...special(0, 0), title: `${op} of special values` });
  section('f2xm1', { ...special(0, 0x4000), title: 'f2xm1 of special values' });
  section('fyl2xp1', { ...special(-2, 0x4000), title: 'fyl2xp1 of special values' });
  section('fpatan', { table: 'logs', tolerance, masks });
  section('f2xm1', { table: 'unit', tolerance, masks });
  section('fabs\nfyl2x', { table: 'logs', tolerance, masks, title: 'fyl2x' });
  section('fyl2xp1', { table: 'unit', tolerance, masks });
  return program;
}
