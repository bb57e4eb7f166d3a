// SSE to SSE4.1 floating point: arithmetic, comparisons, conversions, rounding; MXCSR with all rounding modes, DAZ, FTZ, masked and unmasked
// exceptions.
import { name } from './operands.mjs';
import { floatTable, quickTable, unmasked, vectorTable } from './operands-float.mjs';
import { buffer, Program } from './program.mjs';

const NOTE =
  'The host’s CPU (x86-64). RCPPS and RSQRTPS are approximations with a relative error of at most 1.5 × 2⁻¹²: their results are compared to that.';

const ARITHMETIC = ['add', 'sub', 'mul', 'div', 'min', 'max', 'sqrt'];

function tables(program, bits) {
  floatTable(program, 'floats', bits, 900, 140 + bits);
  floatTable(program, 'short', bits, 160, 141 + bits);
  floatTable(program, 'traps', bits, 240, 142 + bits, unmasked);
}

function sections(program) {
  const { bits } = program;
  const ax = name('ax', bits);
  const base = [
    ['xmm0', 'x'],
    ['xmm1', 'y'],
    ['m0:16', 'y'],
    [ax, 'a'],
    ['mxcsr', 'm'],
    ['flags', 'f'],
  ];
  return (
    code,
    { out = ['xmm0'], table = 'floats', title = code, exact, tolerance, more = [], masks } = {},
  ) =>
    program.section({
      title: table === 'traps' ? `${title}, unmasked` : title,
      code,
      in: [...more, ...base],
      out: [...out, 'mxcsr', 'flags'],
      table,
      exact: exact ?? (table === 'floats' ? 40 : 10),
      tolerance,
      masks,
    });
}

export function sseFloat(bits, format) {
  const program = new Program(`sse-f${format}-${bits}`, bits, NOTE);
  tables(program, format);
  const section = sections(program);
  const [p, s] = format === 32 ? ['ps', 'ss'] : ['pd', 'sd'];
  const memory = `${format === 32 ? 'dword' : 'qword'} ptr ${buffer()}`;
  const ax = name('ax', bits);
  const everywhere = (op, scalar, options = {}) => {
    section(`${op} xmm0, xmm1`, options);
    section(`${op} xmm0, ${scalar ? memory : buffer()}`, {
      ...options,
      title: `${op} xmm0, [m]`,
      table: 'short',
    });
    section(`${op} xmm0, xmm1`, { ...options, table: 'traps' });
  };
  for (const op of ARITHMETIC) {
    everywhere(op + p, false);
    everywhere(op + s, true);
    section(`${op}${s} xmm0, xmm0`, { table: 'short' });
  }
  for (const op of ['haddp', 'hsubp', 'addsubp']) everywhere(`${op}${p[1]}`, false);
  for (let predicate = 0; predicate < 8; predicate += 1) {
    section(`cmp${p} xmm0, xmm1, ${predicate}`, { table: predicate % 4 ? 'short' : 'floats' });
    section(`cmp${s} xmm0, xmm1, ${predicate}`);
    section(`cmp${s} xmm0, ${memory}, ${predicate}`, {
      title: `cmp${s} xmm0, [m], ${predicate}`,
      table: 'short',
    });
    section(`cmp${p} xmm0, xmm1, ${predicate}`, { table: 'traps' });
  }
  for (const op of ['comi', 'ucomi']) everywhere(op + s, true, { out: ['xmm0'] });
  for (let mode = 0; mode < 16; mode += 1) {
    section(`round${p} xmm0, xmm1, ${mode}`, { table: mode % 5 ? 'short' : 'floats' });
    section(`round${s} xmm0, xmm1, ${mode}`, { table: mode % 3 ? 'short' : 'floats' });
  }
  section(`round${p} xmm0, xmm1, 4`, { table: 'traps', title: `round${p} xmm0, xmm1, 4` });
  section(`round${s} xmm0, xmm1, 9`, { table: 'traps', title: `round${s} xmm0, xmm1, 9` });
  const dots = format === 32 ? [0, 0x11, 0x71, 0xff, 0xf1, 0x3f, 0x5a] : [0, 0x11, 0x31, 0x33, 0x12];
  for (const immediate of dots)
    section(`dp${p} xmm0, xmm1, ${immediate}`, { table: immediate === dots.at(-2) ? 'floats' : 'short' });
  // A conversion to a narrower or wider type leaves or clears the rest of the destination.
  const toInteger = format === 32 ? ['cvtps2dq', 'cvttps2dq'] : ['cvtpd2dq', 'cvttpd2dq'];
  for (const op of [...toInteger, format === 32 ? 'cvtps2pd' : 'cvtpd2ps']) everywhere(op, false);
  everywhere(format === 32 ? 'cvtss2sd' : 'cvtsd2ss', true);
  for (const op of [`cvt${s}2si`, `cvtt${s}2si`])
    for (const to of bits === 64 ? ['eax', 'rax'] : ['eax']) {
      section(`${op} ${to}, xmm1`, { out: [ax] });
      section(`${op} ${to}, ${memory}`, { out: [ax], table: 'short', title: `${op} ${to}, [m]` });
      section(`${op} ${to}, xmm1`, { out: [ax], table: 'traps' });
    }
  for (const op of [`cvt${p}2pi`, `cvtt${p}2pi`]) {
    section(`${op} mm0, xmm1`, { out: ['mm0'] });
    section(`${op} mm0, xmm1`, { out: ['mm0'], table: 'traps', more: [['mm0', 'a']] });
  }
  if (format === 32) {
    const approximation = { columns: ['xmm0'], relative: 1.5 / 4096 };
    for (const op of ['rcpps', 'rsqrtps', 'rcpss', 'rsqrtss'])
      section(`${op} xmm0, xmm1`, { table: 'short', tolerance: approximation });
  }
  return program;
}

/** What is computed without a helper, at its edges. */
export function sseQuick(bits) {
  const program = new Program(`sse-quick${bits}`, bits, NOTE);
  quickTable(program, 'ps', 32, 161);
  quickTable(program, 'pd', 64, 162);
  for (const p of ['ps', 'pd']) {
    const section = (code) =>
      program.section({
        title: code,
        code,
        in: [
          ['xmm0', 'x'],
          ['xmm1', 'y'],
          ['mxcsr', 'm'],
        ],
        out: ['xmm0', 'mxcsr'],
        table: p,
        exact: 10,
      });
    const s = p.replace('p', 's');
    for (const op of ARITHMETIC) for (const lanes of [p, s]) section(`${op}${lanes} xmm0, xmm1`);
    for (const op of ['hadd', 'hsub', 'addsub']) section(`${op}${p} xmm0, xmm1`);
    for (let predicate = 0; predicate < 8; predicate += 1) section(`cmp${p} xmm0, xmm1, ${predicate}`);
    for (let mode = 0; mode < 5; mode += 1) section(`round${p} xmm0, xmm1, ${mode}`);
    section(`dp${p} xmm0, xmm1, ${p === 'ps' ? 0xf5 : 0x31}`);
    const conversions =
      p === 'ps' ? ['cvtps2pd', 'cvtps2dq', 'cvttps2dq', 'cvtdq2ps'] : ['cvtpd2ps', 'cvtpd2dq', 'cvttpd2dq'];
    for (const op of conversions) section(`${op} xmm0, xmm1`);
  }
  return program;
}

/** Conversions from integers, and MXCSR itself. */
export function sseConvert(bits) {
  const program = new Program(`sse-convert${bits}`, bits, NOTE);
  vectorTable(program, 'integers', 300, 151);
  floatTable(program, 'floats', 32, 40, 152);
  const controls = program.tables.get('floats').rows.map((row) => row[4]);
  const rows = program.tables.get('integers').rows.map((row, at) => [...row.slice(0, 4), controls[at % 40]]);
  program.table(
    'mixed',
    [
      ['x', 16],
      ['y', 16],
      ['a', 8],
      ['f', 8],
      ['m', 4],
    ],
    rows,
  );
  const ax = name('ax', bits);
  const section = (code, more = [], out = ['xmm0'], title = code, masks = undefined) =>
    program.section({
      title,
      code,
      in: [['xmm0', 'x'], ['xmm1', 'y'], ['m0:16', 'y'], [ax, 'a'], ...more, ['mxcsr', 'm'], ['flags', 'f']],
      out: [...out, 'mxcsr', 'flags'],
      table: 'mixed',
      masks,
    });
  for (const op of ['cvtdq2ps', 'cvtdq2pd']) {
    section(`${op} xmm0, xmm1`);
    section(`${op} xmm0, ${buffer()}`, [], ['xmm0'], `${op} xmm0, [m]`);
  }
  for (const op of ['cvtpi2ps', 'cvtpi2pd']) {
    section(`${op} xmm0, mm1`, [['mm1', 'y']]);
    section(`${op} xmm0, ${buffer()}`, [], ['xmm0'], `${op} xmm0, [m]`);
  }
  for (const op of ['cvtsi2ss', 'cvtsi2sd'])
    for (const from of bits === 64 ? ['eax', 'rax'] : ['eax']) {
      section(`${op} xmm0, ${from}`);
      section(
        `${op} xmm0, ${from === 'eax' ? 'dword' : 'qword'} ptr ${buffer(4)}`,
        [],
        ['xmm0'],
        `${op} xmm0, [m] (${from})`,
      );
    }
  section(`stmxcsr ${buffer(3)}`.replace(`[`, 'dword ptr ['), [], ['m0:16'], 'stmxcsr [m]');
  // Reserved bits of MXCSR raise #GP.
  section(
    `and eax, 0x1ffff\nmov ${buffer()}, eax\nldmxcsr dword ptr ${buffer()}`,
    [],
    [],
    'ldmxcsr with any bits',
  );
  imagesTable(program);
  // FXSAVE: an image of 512 bytes; AMD stores FIP, FDP and FOP with a pending exception only.
  program.section({
    title: 'fxsave [m]',
    code: `fninit\nfldcw word ptr ${buffer(0x400)}\nfldpi\nfld1\nfxsave ${buffer(0x200)}\nfninit`,
    in: [
      ['m1024:4', 'c'],
      ['xmm0', 'x'],
      ['xmm1', 'y'],
      ...[2, 3, 4, 5, 6, 7].map((i) => [`xmm${i}`, i % 2 ? 'x' : 'y']),
      ['mxcsr', 'm'],
    ],
    out: ['m512:8', 'm536:8', 'm544:26', 'm560:10', 'm672:128'],
    table: 'images',
    // MXCSR_MASK as of CPUs without AMD’s misaligned mode.
    masks: { 'm536:8': 0xffffffffffffn },
  });
  program.section({
    title: 'fxrstor [m]',
    code: `fxrstor ${buffer(0x200)}`,
    in: [
      ['m512:2', 'c'],
      ['m514:2', 's'],
      ['m516:4', 'g'],
      ['m520:4', 'z'],
      ['m524:4', 'z'],
      ['m528:8', 'z'],
      ['m536:4', 'm'],
      ['m540:4', 'z'],
      ['m544:10', 'x'],
      ['m560:10', 'y'],
      ['m576:10', 'x'],
      ['m672:16', 'y'],
      ['m688:16', 'x'],
    ],
    out: ['xmm0', 'xmm1', 'mxcsr', 'x87'],
    table: 'images',
  });
  return program;
}

/** Control words for FXSAVE and FXRSTOR: c FCW, s FSW, g tags of the abridged form, z zero. */
function imagesTable(program) {
  const source = program.tables.get('mixed').rows;
  program.table(
    'images',
    [
      ['x', 16],
      ['y', 16],
      ['m', 4],
      ['c', 4],
      ['s', 2],
      ['g', 4],
      ['z', 8],
    ],
    source
      .slice(0, 40)
      .map(([x, y, a, , m]) => [x, y, m, (a & 0xf00n) | 0x7fn, (a >> 16n) & 0x7f00n, (a >> 32n) & 0xffn, 0n]),
  );
}
