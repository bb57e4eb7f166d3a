// Integer SIMD: MMX, and SSE2 to SSE4.2 on XMM registers, AES, PCLMULQDQ.
import { BUFFER } from './layout.mjs';
import { name } from './operands.mjs';
import { vectorTable } from './operands-float.mjs';
import { buffer, Program } from './program.mjs';

const NOTE = 'The host’s CPU (x86-64).';
const WIDTHS = (op, letters) => [...letters].map((letter) => op + letter);

/** Two operands, both register files. */
const COMMON = [
  ...WIDTHS('padd', 'bwdq'),
  ...WIDTHS('psub', 'bwdq'),
  ...['paddsb', 'paddsw', 'paddusb', 'paddusw', 'psubsb', 'psubsw', 'psubusb', 'psubusw'],
  ...['pand', 'pandn', 'por', 'pxor', 'pavgb', 'pavgw', 'pmaxub', 'pmaxsw', 'pminub', 'pminsw', 'psadbw'],
  ...WIDTHS('pcmpeq', 'bwd'),
  ...WIDTHS('pcmpgt', 'bwd'),
  ...['pmullw', 'pmulhw', 'pmulhuw', 'pmuludq', 'pmaddwd'],
  ...[
    'packsswb',
    'packssdw',
    'packuswb',
    'punpcklbw',
    'punpcklwd',
    'punpckldq',
    'punpckhbw',
    'punpckhwd',
    'punpckhdq',
  ],
  ...['pshufb', 'phaddw', 'phaddd', 'phaddsw', 'phsubw', 'phsubd', 'phsubsw', 'pmaddubsw', 'pmulhrsw'],
  ...['psignb', 'psignw', 'psignd', 'pabsb', 'pabsw', 'pabsd'],
];
const SHIFTS = ['psllw', 'pslld', 'psllq', 'psrlw', 'psrld', 'psrlq', 'psraw', 'psrad'];

export function mmx(bits) {
  const program = new Program(`mmx${bits}`, bits, NOTE);
  vectorTable(program, 'vectors', 300, 111);
  const inputs = [
    ['mm0', 'x'],
    ['mm1', 'y'],
    ['m0:8', 'y'],
    [name('ax', bits), 'a'],
    ['flags', 'f'],
  ];
  const section = (code, out = ['mm0'], more = [], title = code) =>
    program.section({
      title,
      code,
      in: [...inputs, ...more],
      out: [...out, 'flags'],
      table: 'vectors',
      exact: 24,
    });
  for (const op of COMMON) {
    section(`${op} mm0, mm1`);
    section(`${op} mm0, ${buffer()}`, ['mm0'], [], `${op} mm0, [m]`);
  }
  for (const op of SHIFTS) {
    section(`${op} mm0, mm1`, ['mm0'], [['mm1', 'n']]);
    for (const count of [0, 1, 7, 15, 16, 31, 32, 63, 64, 255]) section(`${op} mm0, ${count}`);
  }
  for (const immediate of [0, 0x1b, 0xe4, 0x93, 0xff]) section(`pshufw mm0, mm1, ${immediate}`);
  for (const immediate of [0, 3, 8, 15, 16, 200]) section(`palignr mm0, mm1, ${immediate}`);
  for (const immediate of [0, 2, 7]) {
    section(`pinsrw mm0, eax, ${immediate}`);
    section(`pextrw eax, mm0, ${immediate}`, [name('ax', bits)]);
  }
  section('movd mm0, eax');
  section('movd eax, mm0', [name('ax', bits)]);
  section('movq mm0, mm1');
  section(
    `movd [m], mm0`.replace('[m]', `dword ptr ${buffer(3)}`),
    ['m0:8', 'm8:8'],
    [['m8:8', 'x']],
    'movd [m], mm0',
  );
  section(`movq ${buffer(5)}, mm0`, ['m0:8', 'm8:8'], [['m8:8', 'x']], 'movq [m], mm0');
  section(`movntq ${buffer(8)}, mm0`, ['m8:8'], [], 'movntq [m], mm0');
  section('pmovmskb eax, mm0', [name('ax', bits)]);
  section('movq2dq xmm0, mm0', ['xmm0'], [['xmm0', 'y']]);
  section('movdq2q mm0, xmm0', ['mm0'], [['xmm0', 'y']]);
  section('maskmovq mm0, mm1', ['m0:8', 'mm0'], [[name('di', bits), BUFFER]]);
  if (bits === 64) {
    section('movq mm0, rax');
    section('movq rax, mm0', ['rax']);
  }
  // What MMX instructions leave of the x87 state: tags valid, TOP 0, exponents all ones; EMMS empties.
  for (const [title, code] of [
    ['paddb and the x87 state', 'fninit\nfld1\nfldpi\npaddb mm3, mm1'],
    ['movd and the x87 state', 'fninit\nfld1\nmovd mm2, eax'],
    ['emms and the x87 state', 'fld1\nmovq mm3, mm1\nemms'],
    ['movq from memory and the x87 state', `fninit\nfldz\nmovq mm5, ${buffer()}`],
    ['movd eax, mm and the x87 state', 'fninit\nfld1\nfldpi\nmovd eax, mm7'],
  ])
    program.section({
      title,
      code: `fninit\n${['mm0', 'mm1', 'mm2', 'mm3', 'mm4', 'mm5', 'mm6', 'mm7'].map((r) => `movq ${r}, ${buffer()}`).join('\n')}\n${code}`,
      in: [
        ['m0:8', 'x'],
        [name('ax', bits), 'a'],
      ],
      out: ['x87'],
      table: 'vectors',
      rows: 20,
      // The exponents of stale registers that FNINIT left in place are real; condition codes are not touched.
      exact: 20,
    });
  return program;
}

export function sseInteger(bits) {
  const program = new Program(`sse-int${bits}`, bits, NOTE);
  vectorTable(program, 'vectors', 320, 121);
  vectorTable(program, 'short', 80, 122);
  const ax = name('ax', bits);
  const inputs = [
    ['xmm0', 'x'],
    ['xmm1', 'y'],
    ['m0:16', 'y'],
    [ax, 'a'],
    ['flags', 'f'],
  ];
  const section = (code, out = ['xmm0'], more = [], title = code, table = 'vectors') =>
    program.section({
      title,
      code,
      in: [...inputs, ...more],
      out: [...out, 'flags'],
      table,
      exact: table === 'short' ? 8 : 24,
    });
  const two = (op) => {
    section(`${op} xmm0, xmm1`);
    section(`${op} xmm0, ${buffer()}`, ['xmm0'], [], `${op} xmm0, [m]`, 'short');
    if (bits === 64)
      section(
        `${op} xmm9, xmm14`,
        ['xmm9'],
        [
          ['xmm9', 'x'],
          ['xmm14', 'y'],
        ],
        `${op} xmm9, xmm14`,
        'short',
      );
  };
  for (const op of COMMON) two(op);
  for (const op of ['punpcklqdq', 'punpckhqdq', 'pcmpeqq', 'pcmpgtq', 'pmuldq', 'pmulld', 'packusdw'])
    two(op);
  for (const op of [
    'pmaxsb',
    'pmaxsd',
    'pmaxud',
    'pmaxuw',
    'pminsb',
    'pminsd',
    'pminud',
    'pminuw',
    'phminposuw',
    'ptest',
  ])
    two(op);
  for (const op of ['bw', 'bd', 'bq', 'wd', 'wq', 'dq'])
    for (const sign of ['s', 'z'])
      two(`pmov${sign}x${op}`.replace('pmovs', 'pmovs').replace('pmovz', 'pmovz'));
  for (const op of [
    'movdqa',
    'movdqu',
    'movaps',
    'movups',
    'movapd',
    'movupd',
    'movq',
    'movss',
    'movsd',
    'andps',
    'andnps',
    'orps',
    'xorps',
    'andpd',
    'andnpd',
    'orpd',
    'xorpd',
  ])
    two(op);
  for (const op of [
    'unpcklps',
    'unpckhps',
    'unpcklpd',
    'unpckhpd',
    'movddup',
    'movsldup',
    'movshdup',
    'aesenc',
    'aesenclast',
    'aesdec',
    'aesdeclast',
    'aesimc',
  ])
    two(op);
  for (const op of SHIFTS) {
    section(`${op} xmm0, xmm1`, ['xmm0'], [['xmm1', 'n']]);
    section(`${op} xmm0, ${buffer()}`, ['xmm0'], [['m0:16', 'n']], `${op} xmm0, [m]`, 'short');
    for (const count of [0, 1, 7, 15, 16, 31, 32, 63, 64, 255])
      section(`${op} xmm0, ${count}`, ['xmm0'], [], undefined, 'short');
  }
  for (const op of ['pslldq', 'psrldq'])
    for (const count of [0, 1, 5, 8, 15, 16, 200])
      section(`${op} xmm0, ${count}`, ['xmm0'], [], undefined, 'short');
  const immediates = (op, list, { memory = true } = {}) => {
    for (const immediate of list) {
      section(`${op} xmm0, xmm1, ${immediate}`, ['xmm0'], [], undefined, 'short');
      if (memory)
        section(
          `${op} xmm0, ${buffer()}, ${immediate}`,
          ['xmm0'],
          [],
          `${op} xmm0, [m], ${immediate}`,
          'short',
        );
    }
  };
  const shuffles = [0, 0x1b, 0xe4, 0x93, 0x4e, 0xff];
  for (const op of ['pshufd', 'pshuflw', 'pshufhw', 'shufps']) immediates(op, shuffles);
  immediates('shufpd', [0, 1, 2, 3, 0xfe]);
  immediates('palignr', [0, 1, 7, 15, 16, 17, 31, 32, 200]);
  immediates('pblendw', [0, 0x5a, 0xff, 0x81]);
  immediates('blendps', [0, 5, 10, 15, 0xf3]);
  immediates('blendpd', [0, 1, 2, 3, 0xfd]);
  immediates('pclmulqdq', [0, 1, 0x10, 0x11, 0xee]);
  immediates('mpsadbw', [0, 1, 2, 3, 4, 5, 6, 7, 0xf9]);
  immediates('aeskeygenassist', [0, 1, 0x1b, 0x80]);
  immediates('insertps', [0, 0x10, 0x20, 0x30, 0x47, 0x8c, 0xd1, 0xff], { memory: false });
  for (const immediate of [0, 0x10, 0x47, 0xd1, 0xff])
    section(
      `insertps xmm0, dword ptr ${buffer(4)}, ${immediate}`,
      ['xmm0'],
      [],
      `insertps xmm0, [m], ${immediate}`,
      'short',
    );
  for (const op of ['pblendvb', 'blendvps', 'blendvpd']) {
    section(`${op} xmm2, xmm1, xmm0`, ['xmm2'], [['xmm2', 'n']]);
    section(`${op} xmm2, ${buffer()}, xmm0`, ['xmm2'], [['xmm2', 'n']], `${op} xmm2, [m], xmm0`, 'short');
  }
  const memory32 = `dword ptr ${buffer(3)}`;
  for (const index of [0, 1, 3, 7, 12, 15]) {
    section(`pinsrb xmm0, eax, ${index}`, ['xmm0'], [], undefined, 'short');
    section(
      `pinsrb xmm0, byte ptr ${buffer(3)}, ${index}`,
      ['xmm0'],
      [],
      `pinsrb xmm0, [m], ${index}`,
      'short',
    );
    section(`pextrb eax, xmm0, ${index}`, [ax], [], undefined, 'short');
    section(
      `pextrb byte ptr ${buffer(3)}, xmm0, ${index}`,
      ['m0:16'],
      [],
      `pextrb [m], xmm0, ${index}`,
      'short',
    );
    section(`pinsrw xmm0, eax, ${index}`, ['xmm0'], [], undefined, 'short');
    section(
      `pinsrw xmm0, word ptr ${buffer(3)}, ${index}`,
      ['xmm0'],
      [],
      `pinsrw xmm0, [m], ${index}`,
      'short',
    );
    section(`pextrw eax, xmm0, ${index}`, [ax], [], undefined, 'short');
    section(
      `pextrw word ptr ${buffer(3)}, xmm0, ${index}`,
      ['m0:16'],
      [],
      `pextrw [m], xmm0, ${index}`,
      'short',
    );
    section(`pinsrd xmm0, eax, ${index}`, ['xmm0'], [], undefined, 'short');
    section(`pextrd eax, xmm0, ${index}`, [ax], [], undefined, 'short');
    section(`pextrd ${memory32}, xmm0, ${index}`, ['m0:16'], [], `pextrd [m], xmm0, ${index}`, 'short');
    section(`extractps eax, xmm0, ${index}`, [ax], [], undefined, 'short');
    section(`extractps ${memory32}, xmm0, ${index}`, ['m0:16'], [], `extractps [m], xmm0, ${index}`, 'short');
    if (bits === 64) {
      section(`pinsrq xmm0, rax, ${index}`, ['xmm0'], [], undefined, 'short');
      section(`pextrq rax, xmm0, ${index}`, [ax], [], undefined, 'short');
      section(
        `pextrq qword ptr ${buffer(3)}, xmm0, ${index}`,
        ['m0:16'],
        [],
        `pextrq [m], xmm0, ${index}`,
        'short',
      );
    }
  }
  for (const op of ['movmskps', 'movmskpd', 'pmovmskb'])
    section(`${op} eax, xmm0`, [ax], [], undefined, 'short');
  for (const op of ['movdqa', 'movaps', 'movapd', 'movntdq', 'movntps', 'movntpd'])
    section(`${op} ${buffer()}, xmm0`, ['m0:16'], [], `${op} [m], xmm0`, 'short');
  for (const op of ['movdqu', 'movups', 'movupd'])
    section(`${op} ${buffer(3)}, xmm0`, ['m0:32'], [['m16:16', 'x']], `${op} [m], xmm0`, 'short');
  for (const op of ['movq', 'movsd', 'movlps', 'movhps', 'movlpd', 'movhpd'])
    section(`${op} qword ptr ${buffer(3)}, xmm0`, ['m0:16'], [], `${op} [m], xmm0`, 'short');
  for (const op of ['movlps', 'movhps', 'movlpd', 'movhpd'])
    section(`${op} xmm0, qword ptr ${buffer(3)}`, ['xmm0'], [], `${op} xmm0, [m]`, 'short');
  section(`movss ${memory32}, xmm0`, ['m0:16'], [], 'movss [m], xmm0', 'short');
  section(`movntdqa xmm0, ${buffer()}`, ['xmm0'], [], 'movntdqa xmm0, [m]', 'short');
  section(`lddqu xmm0, ${buffer(3)}`, ['xmm0'], [['m16:16', 'x']], 'lddqu xmm0, [m]', 'short');
  for (const code of [
    'movhlps xmm0, xmm1',
    'movlhps xmm0, xmm1',
    'movd xmm0, eax',
    ...(bits === 64 ? ['movq xmm0, rax', 'movq xmm12, r8'] : []),
  ])
    section(
      code,
      [/xmm12/.test(code) ? 'xmm12' : 'xmm0'],
      /r8/.test(code) ? [['r8', 'a']] : [],
      undefined,
      'short',
    );
  section('movd eax, xmm0', [ax], [], undefined, 'short');
  if (bits === 64) section('movq rax, xmm0', [ax], [], undefined, 'short');
  section(
    `maskmovdqu xmm0, xmm1`,
    ['m16:16'],
    [
      ['m16:16', 'n'],
      [name('di', bits), BUFFER + 16],
    ],
  );
  section(`movnti ${memory32}, eax`, ['m0:16'], [], 'movnti [m], eax', 'short');
  // Only MOVUPS and its like take misaligned operands: the others raise #GP and change nothing.
  for (const op of ['paddb', 'movaps', 'movdqa', 'pand', 'pshufb', 'aesenc', 'pcmpestri'])
    section(
      op === 'pcmpestri' ? `${op} xmm0, ${buffer(8)}, 0` : `${op} xmm0, ${buffer(8)}`,
      ['xmm0'],
      op === 'pcmpestri'
        ? [
            [name('dx', bits), 3],
            [ax, 4],
          ]
        : [],
      `${op} xmm0, misaligned`,
      'short',
    );
  section(`movaps ${buffer(4)}, xmm0`, ['m0:16'], [], 'movaps misaligned, xmm0', 'short');
  return program;
}

export function textCompare(bits) {
  const program = new Program(`sse-text${bits}`, bits, NOTE);
  vectorTable(program, 'vectors', 60, 131);
  const [ax, cx, dx] = ['ax', 'cx', 'dx'].map((r) => name(r, bits));
  // Strings of few letters, with terminators at times, so that ranges, sets and substrings match now and then.
  const rows = program.tables.get('vectors').rows.map(([x, y, a, f], at) => {
    const letters = (v) =>
      (at % 3 === 2
        ? v
        : v & (at % 3 ? 0x0303030303030303_0303030303030303n : 0x0003000300030003_0003000300030003n)) |
      (at % 4 ? 0n : 0x0101010101010101_0101010101010101n);
    const length = BigInt.asUintN(64, BigInt((at * 7) % 41) - 20n);
    return [letters(x), letters(y), length, f, at % 5 ? BigInt(at % 19) : a];
  });
  program.table(
    'strings',
    [
      ['x', 16],
      ['y', 16],
      ['a', 8],
      ['f', 8],
      ['d', 8],
    ],
    rows,
  );
  for (const op of ['pcmpistri', 'pcmpistrm', 'pcmpestri', 'pcmpestrm']) {
    for (let immediate = 0; immediate < 128; immediate += 1)
      program.section({
        title: `${op} xmm0, xmm1, ${immediate}`,
        code: `${op} ${immediate % 8 === 7 ? `xmm1, ${buffer()}` : 'xmm1, xmm2'}, ${immediate}`,
        in: [
          ['xmm1', 'x'],
          ['xmm2', 'y'],
          ['m0:16', 'y'],
          [ax, 'a'],
          [dx, 'd'],
          [cx, 'f'],
          ['flags', 'f'],
          ['xmm0', 'd'],
        ].filter(([r]) => r !== 'xmm0'),
        out: [...(op.endsWith('i') ? [cx] : ['xmm0']), 'flags'],
        table: 'strings',
        exact: 6,
      });
    if (bits === 64 && op.includes('estr'))
      program.section({
        title: `${op} with REX.W: 64-bit lengths`,
        code: `.byte 0x66, 0x48, 0x0f, 0x3a, 0x${op.endsWith('i') ? '61' : '60'}, 0xca, 0x0c`,
        in: [
          ['xmm1', 'x'],
          ['xmm2', 'y'],
          [ax, 'a'],
          [dx, 'd'],
          [cx, 'f'],
          ['flags', 'f'],
        ],
        out: [...(op.endsWith('i') ? [cx] : ['xmm0']), 'flags'],
        table: 'strings',
        exact: 6,
      });
  }
  return program;
}
