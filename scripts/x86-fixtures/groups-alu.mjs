// Two- and one-operand arithmetic and logic, all sizes and forms.
import { integerTable, name, pointer } from './operands.mjs';
import { buffer, Program } from './program.mjs';

const NOTE = 'The host’s CPU (x86-64); flags that the manual leaves undefined are masked.';
const NO_AF = ~0x10;
const LOGIC = new Set(['and', 'or', 'xor', 'test']);

export const sizes = (bits) => (bits === 64 ? [8, 16, 32, 64] : [8, 16, 32]);

/** The operand registers of the 64-bit code are those with and without REX in turn. */
function pairs(program, size) {
  const legacy = ['ax', 'cx'];
  if (program.bits === 32) return [legacy, ...(size === 8 ? [] : [['si', 'di']])];
  return [legacy, ['r8', 'dx'], ['di', 'r15']];
}

export function alu(bits) {
  const program = new Program(`alu${bits}`, bits, NOTE);
  integerTable(program, 'wide', 1000, 1);
  integerTable(program, 'short', 240, 2);
  for (const op of ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp', 'test']) {
    const masks = LOGIC.has(op) ? { flags: NO_AF } : {};
    for (const size of sizes(bits)) {
      for (const [at, [first, second]] of pairs(program, size).entries()) {
        const [d, s] = [name(first, size), name(second, size)];
        const [fullD, fullS] = [name(first, bits), name(second, bits)];
        const registers = [
          [fullD, 'a'],
          [fullS, 'b'],
          ['flags', 'f'],
        ];
        const table = at === 0 ? 'wide' : 'short';
        program.section({
          title: `${op} ${d}, ${s}`,
          code: `${op} ${d}, ${s}`,
          in: registers,
          out: [fullD, fullS, 'flags'],
          table,
          masks,
        });
      }
      const [a, c] = [name('ax', size), name('cx', size)];
      const [fullA, fullC] = [name('ax', bits), name('cx', bits)];
      const common = { table: 'short', masks };
      if (op !== 'test')
        program.section({
          ...common,
          title: `${op} ${c}, [m] (${size})`,
          code: `${op} ${c}, ${buffer()}`,
          in: [
            ['m0', 'a'],
            [fullC, 'b'],
            ['flags', 'f'],
          ],
          out: [fullC, 'flags'],
        });
      program.section({
        ...common,
        title: `${op} [m], ${c} (${size})`,
        code: `${op} ${buffer()}, ${c}`,
        in: [
          ['m0', 'a'],
          [fullC, 'b'],
          ['flags', 'f'],
        ],
        out: ['m0', 'flags'],
      });
      if (!['cmp', 'test'].includes(op))
        program.section({
          ...common,
          title: `lock ${op} [m], ${c} (${size})`,
          code: `lock ${op} ${buffer()}, ${c}`,
          in: [
            ['m0', 'a'],
            [fullC, 'b'],
            ['flags', 'f'],
          ],
          out: ['m0', 'flags'],
        });
      const wide = { 8: '0x9d', 16: '0x8765', 32: '0x87654321', 64: '-0x789abcdf' }[size];
      for (const immediate of ['0x5a', '-1', wide]) {
        for (const target of [a, name('dx', size)]) {
          const full = target === a ? fullA : name('dx', bits);
          program.section({
            ...common,
            title: `${op} ${target}, ${immediate}`,
            code: `${op} ${target}, ${immediate}`,
            in: [
              [full, 'a'],
              ['flags', 'f'],
            ],
            out: [full, 'flags'],
            rows: 160,
          });
        }
      }
      program.section({
        ...common,
        title: `${op} [m], 0x71 (${size})`,
        code: `${op} ${pointer(size)} ptr ${buffer(8)}, 0x71`,
        in: [
          ['m8', 'a'],
          ['flags', 'f'],
        ],
        out: ['m8', 'flags'],
      });
      program.section({
        ...common,
        title: `${op} ${a}, ${a} (same register)`,
        code: `${op} ${a}, ${a}`,
        in: [
          [fullA, 'a'],
          ['flags', 'f'],
        ],
        out: [fullA, 'flags'],
      });
    }
    for (const [d, s] of [
      ['ah', 'cl'],
      ['dl', 'bh'],
      ['ch', 'dh'],
      ['al', 'ah'],
    ]) {
      const [fullD, fullS] = [d, s].map((r) => name(`${r[0]}x`, bits));
      const same = fullD === fullS;
      program.section({
        title: `${op} ${d}, ${s}`,
        code: `${op} ${d}, ${s}`,
        in: [[fullD, 'a'], ...(same ? [] : [[fullS, 'b']]), ['flags', 'f']],
        out: same ? [fullD, 'flags'] : [fullD, fullS, 'flags'],
        table: 'short',
        masks,
      });
    }
    program.section({
      title: `${op} bh, 0x83`,
      code: `${op} bh, 0x83`,
      in: [
        [name('bx', bits), 'a'],
        ['flags', 'f'],
      ],
      out: [name('bx', bits), 'flags'],
      table: 'short',
      masks,
    });
  }
  return program;
}

export function unary(bits) {
  const program = new Program(`unary${bits}`, bits, NOTE);
  integerTable(program, 'short', 400, 3);
  const full = (r) => name(r, bits);
  for (const op of ['inc', 'dec', 'neg', 'not']) {
    for (const size of sizes(bits)) {
      for (const r of bits === 64 ? ['ax', 'r9', 'si'] : size === 8 ? ['ax', 'dx'] : ['ax', 'si'])
        program.section({
          title: `${op} ${name(r, size)}`,
          code: `${op} ${name(r, size)}`,
          in: [
            [full(r), 'a'],
            ['flags', 'f'],
          ],
          out: [full(r), 'flags'],
          table: 'short',
        });
      for (const lock of ['', 'lock '])
        program.section({
          title: `${lock}${op} [m] (${size})`,
          code: `${lock}${op} ${pointer(size)} ptr ${buffer(4)}`,
          in: [
            ['m4', 'a'],
            ['flags', 'f'],
          ],
          out: ['m4', 'flags'],
          table: 'short',
        });
    }
    program.section({
      title: `${op} ch`,
      code: `${op} ch`,
      in: [
        [full('cx'), 'a'],
        ['flags', 'f'],
      ],
      out: [full('cx'), 'flags'],
      table: 'short',
    });
  }
  const plain = (title, code, inputs, out, rows) =>
    program.section({
      title,
      code,
      in: [...inputs, ['flags', 'f']],
      out: [...out, 'flags'],
      table: 'short',
      rows,
    });
  const [ax, bx, cx, dx] = ['ax', 'bx', 'cx', 'dx'].map(full);
  for (const [op, size] of [
    ['movzx', 8],
    ['movzx', 16],
    ['movsx', 8],
    ['movsx', 16],
  ]) {
    for (const to of sizes(bits).filter((s) => s > size)) {
      plain(
        `${op} ${name('ax', to)}, ${name('cx', size)}`,
        `${op} ${name('ax', to)}, ${name('cx', size)}`,
        [
          [ax, 'a'],
          [cx, 'b'],
        ],
        [ax],
      );
      plain(
        `${op} ${name('dx', to)}, [m] (${size})`,
        `${op} ${name('dx', to)}, ${pointer(size)} ptr ${buffer(3)}`,
        [
          ['m3', 'a'],
          [dx, 'b'],
        ],
        [dx],
      );
    }
  }
  plain(
    'movzx edx, ah',
    'movzx edx, ah',
    [
      [ax, 'a'],
      [dx, 'b'],
    ],
    [dx],
  );
  plain(
    'movsx ebx, ch',
    'movsx ebx, ch',
    [
      [cx, 'a'],
      [bx, 'b'],
    ],
    [bx],
  );
  if (bits === 64) {
    plain(
      'movsxd rax, ecx',
      'movsxd rax, ecx',
      [
        [ax, 'a'],
        [cx, 'b'],
      ],
      [ax],
    );
    plain('movsxd rax, [m]', `movsxd rax, dword ptr ${buffer(5)}`, [['m5', 'a']], [ax]);
    plain(
      'movzx r10, sil',
      'movzx r10, sil',
      [
        ['rsi', 'a'],
        ['r10', 'b'],
      ],
      ['r10'],
    );
    plain('cdqe', 'cdqe', [[ax, 'a']], [ax]);
    plain(
      'cqo',
      'cqo',
      [
        [ax, 'a'],
        [dx, 'b'],
      ],
      [ax, dx],
    );
    plain(
      'mov eax, ecx (upper half)',
      'mov eax, ecx',
      [
        [ax, 'a'],
        [cx, 'b'],
      ],
      [ax],
    );
    plain('mov rax, imm64', 'movabs rax, 0xfedcba9876543210', [[ax, 'a']], [ax], 4);
    plain('mov rax, imm32 (sign-extended)', 'mov rax, -0x12345678', [[ax, 'a']], [ax], 4);
    plain('mov r11d, imm32', 'mov r11d, 0x87654321', [['r11', 'a']], ['r11'], 4);
    plain('mov rax, moffs64', `movabs rax, [${0x100800}]`, [['m0', 'a']], [ax], 40);
    plain(
      'mov moffs64, al',
      `movabs [${0x100803}], al`,
      [
        ['m0', 'b'],
        [ax, 'a'],
      ],
      ['m0'],
      40,
    );
    plain(
      'xchg rax, r8',
      'xchg rax, r8',
      [
        ['rax', 'a'],
        ['r8', 'b'],
      ],
      ['rax', 'r8'],
    );
    plain(
      'xchg eax, r8d',
      'xchg eax, r8d',
      [
        ['rax', 'a'],
        ['r8', 'b'],
      ],
      ['rax', 'r8'],
    );
    plain('bswap r12', 'bswap r12', [['r12', 'a']], ['r12']);
    plain('bswap rax', 'bswap rax', [['rax', 'a']], ['rax']);
    plain('nop (90), no zero-extension', 'nop', [['rax', 'a']], ['rax']);
    plain('xchg eax, eax (87 C0) zero-extends', '.byte 0x87, 0xc0', [['rax', 'a']], ['rax']);
  }
  plain('cbw', 'cbw', [[ax, 'a']], [ax]);
  plain('cwde', 'cwde', [[ax, 'a']], [ax]);
  plain(
    'cwd',
    'cwd',
    [
      [ax, 'a'],
      [dx, 'b'],
    ],
    [ax, dx],
  );
  plain(
    'cdq',
    'cdq',
    [
      [ax, 'a'],
      [dx, 'b'],
    ],
    [ax, dx],
  );
  plain('bswap ecx', 'bswap ecx', [[cx, 'a']], [cx]);
  for (const size of sizes(bits)) {
    const [a, c, b] = [name('ax', size), name('cx', size), name('bx', size)];
    plain(
      `mov ${a}, ${c}`,
      `mov ${a}, ${c}`,
      [
        [ax, 'a'],
        [cx, 'b'],
      ],
      [ax],
    );
    plain(
      `mov [m], ${b}`,
      `mov ${buffer(1)}, ${b}`,
      [
        ['m0', 'a'],
        ['m8', 'a'],
        [bx, 'b'],
      ],
      ['m0', 'm8'],
    );
    plain(
      `mov ${b}, [m]`,
      `mov ${b}, ${buffer(1)}`,
      [
        ['m0', 'a'],
        ['m8', 'a'],
        [bx, 'b'],
      ],
      [bx],
    );
    plain(`mov [m], imm (${size})`, `mov ${pointer(size)} ptr ${buffer(2)}, -7`, [['m0', 'a']], ['m0'], 20);
    plain(
      `xchg ${a}, ${c}`,
      `xchg ${a}, ${c}`,
      [
        [ax, 'a'],
        [cx, 'b'],
      ],
      [ax, cx],
    );
    plain(
      `xchg [m], ${c}`,
      `xchg ${buffer(3)}, ${c}`,
      [
        ['m3', 'a'],
        [cx, 'b'],
      ],
      ['m3', cx],
    );
    plain(
      `xadd ${a}, ${c}`,
      `xadd ${a}, ${c}`,
      [
        [ax, 'a'],
        [cx, 'b'],
      ],
      [ax, cx],
    );
    plain(`xadd ${c}, ${c}`, `xadd ${c}, ${c}`, [[cx, 'b']], [cx]);
    for (const lock of ['', 'lock '])
      plain(
        `${lock}xadd [m], ${c}`,
        `${lock}xadd ${buffer(3)}, ${c}`,
        [
          ['m3', 'a'],
          [cx, 'b'],
        ],
        ['m3', cx],
      );
  }
  plain(
    'mov ah, cl',
    'mov ah, cl',
    [
      [ax, 'a'],
      [cx, 'b'],
    ],
    [ax],
  );
  plain(
    'mov dl, bh',
    'mov dl, bh',
    [
      [dx, 'a'],
      [bx, 'b'],
    ],
    [dx],
  );
  plain('mov ch, 0x42', 'mov ch, 0x42', [[cx, 'a']], [cx]);
  plain('xchg ah, al', 'xchg ah, al', [[ax, 'a']], [ax]);
  plain(
    'xchg ch, [m]',
    `xchg ch, ${buffer(1)}`,
    [
      ['m0', 'a'],
      [cx, 'b'],
    ],
    ['m0', cx],
  );
  for (const op of ['lahf', 'sahf', 'clc', 'stc', 'cmc', 'std', 'cld', 'salc'])
    if (op !== 'salc' || bits === 32) plain(op, op === 'salc' ? '.byte 0xd6' : op, [[ax, 'a']], [ax]);
  return program;
}
