// Bit tests with memory offsets, bit scans and counts, BMI1, BMI2, ADX, MOVBE, CRC32, and the compare-and-exchange family.
import { sizes } from './groups-alu.mjs';
import { integerTable, name, pointer } from './operands.mjs';
import { buffer, Program } from './program.mjs';

const NOTE = 'The host’s CPU (x86-64); flags that the manual leaves undefined are masked.';
const [CF, PF, AF, ZF, OF] = [1, 4, 0x10, 0x40, 0x800];

function bitTests(program) {
  const { bits } = program;
  const full = (r) => name(r, bits);
  const [ax, cx] = [full('ax'), full('cx')];
  const masks = { flags: CF | ZF };
  for (const op of ['bt', 'bts', 'btr', 'btc']) {
    for (const size of sizes(bits).filter((s) => s > 8)) {
      const [a, c] = [name('ax', size), name('cx', size)];
      program.section({
        title: `${op} ${a}, ${c}`,
        code: `${op} ${a}, ${c}`,
        in: [
          [ax, 'a'],
          [cx, 'b'],
          ['flags', 'f'],
        ],
        out: [ax, 'flags'],
        table: 'wide',
        masks,
      });
      for (const count of [0, 1, 7, 15, 16, 31, 33, 63, 200])
        program.section({
          title: `${op} ${a}, ${count}`,
          code: `${op} ${a}, ${count}`,
          in: [
            [ax, 'a'],
            ['flags', 'f'],
          ],
          out: [ax, 'flags'],
          table: 'short',
          masks,
          rows: 60,
        });
      program.section({
        title: `${op} [m], 0x2b (${size})`,
        code: `${op} ${pointer(size)} ptr ${buffer(3)}, 0x2b`,
        in: [
          ['m3', 'a'],
          ['m11', 'b'],
          ['flags', 'f'],
        ],
        out: ['m3', 'm11', 'flags'],
        table: 'short',
        masks,
      });
      // The bit offset is signed and reaches beyond the operand: here up to 64 bytes both ways.
      for (const lock of op === 'bt' ? [''] : ['', 'lock '])
        program.section({
          title: `${lock}${op} [m], ${c}`,
          code: `${lock}${op} [${full('bx')}+64], ${c}`,
          in: [
            ...Array.from({ length: 144 / (bits / 8) }, (_, i) => [`m${(i * bits) / 8}`, i % 2 ? 'b' : 'a']),
            [full('bx'), 0x100800],
            [cx, 'o'],
            ['flags', 'f'],
          ],
          out: ['m0:144', 'flags'],
          table: 'offsets',
          masks,
          exact: 8,
        });
    }
  }
}

export function bitGroup(bits) {
  const program = new Program(`bits${bits}`, bits, NOTE);
  integerTable(program, 'wide', 700, 31);
  integerTable(program, 'short', 200, 32);
  const source = program.tables.get('wide').rows;
  const size = bits / 8;
  program.table(
    'offsets',
    [
      ['a', size],
      ['b', size],
      ['o', size],
      ['f', size],
    ],
    source.slice(0, 240).map(([a, b, c, f]) => [a, b, BigInt.asIntN(64, BigInt.asIntN(10, c)), f]),
  );
  bitTests(program);
  const full = (r) => name(r, bits);
  const [ax, cx] = [full('ax'), full('cx')];
  const truncated = (row, operand) => BigInt.asUintN(operand, row.b);
  for (const op of ['bsf', 'bsr', 'tzcnt', 'lzcnt', 'popcnt']) {
    for (const operand of sizes(bits).filter((s) => s > 8)) {
      const [a, c] = [name('ax', operand), name('cx', operand)];
      const scan = /^bs/.test(op);
      const flags = scan ? ZF : op === 'popcnt' ? ~0 : CF | ZF;
      // A source of zero leaves the destination of BSF and BSR; whether a 32-bit one loses its upper half differs between makes.
      const masks = {
        flags,
        [ax]: (row) => (scan && operand === 32 && truncated(row, operand) === 0n ? 0xffffffffn : -1n),
      };
      program.section({
        title: `${op} ${a}, ${c}`,
        code: `${op} ${a}, ${c}`,
        in: [
          [ax, 'a'],
          [cx, 'b'],
          ['flags', 'f'],
        ],
        out: [ax, 'flags'],
        table: 'wide',
        masks,
      });
      program.section({
        title: `${op} ${a}, [m]`,
        code: `${op} ${a}, ${buffer(6)}`,
        in: [
          ['m6', 'b'],
          [ax, 'a'],
          ['flags', 'f'],
        ],
        out: [ax, 'flags'],
        table: 'short',
        masks,
      });
    }
  }
  for (const operand of sizes(bits).filter((s) => s > 8)) {
    const a = name('ax', operand);
    const common = {
      in: [
        ['m1', 'b'],
        [ax, 'a'],
        ['flags', 'f'],
      ],
      out: [ax, 'm1', 'flags'],
      table: 'short',
    };
    program.section({ ...common, title: `movbe ${a}, [m]`, code: `movbe ${a}, ${buffer(1)}` });
    program.section({ ...common, title: `movbe [m], ${a}`, code: `movbe ${buffer(1)}, ${a}` });
  }
  for (const operand of sizes(bits)) {
    for (const to of operand === 64 ? ['rax'] : bits === 64 && operand === 8 ? ['eax', 'rax'] : ['eax']) {
      const c = name('cx', operand);
      program.section({
        title: `crc32 ${to}, ${c}`,
        code: `crc32 ${to}, ${c}`,
        in: [
          [ax, 'a'],
          [cx, 'b'],
          ['flags', 'f'],
        ],
        out: [ax, 'flags'],
        table: 'short',
      });
    }
    program.section({
      title: `crc32 ${operand === 64 ? 'rax' : 'eax'}, [m] (${operand})`,
      code: `crc32 ${operand === 64 ? 'rax' : 'eax'}, ${pointer(operand)} ptr ${buffer(1)}`,
      in: [
        ['m1', 'b'],
        [ax, 'a'],
        ['flags', 'f'],
      ],
      out: [ax, 'flags'],
      table: 'short',
    });
  }
  return program;
}

export function bmi(bits) {
  const program = new Program(`bmi${bits}`, bits, NOTE);
  integerTable(program, 'wide', 600, 41);
  integerTable(program, 'short', 200, 42);
  const full = (r) => name(r, bits);
  const [ax, bx, cx, dx] = ['ax', 'bx', 'cx', 'dx'].map(full);
  const registers = [
    [ax, 'c'],
    [bx, 'a'],
    [cx, 'b'],
    [dx, 'c'],
    ['flags', 'f'],
  ];
  const words = bits === 64 ? [32, 64] : [32];
  for (const size of words) {
    const [a, b, c] = ['ax', 'bx', 'cx'].map((r) => name(r, size));
    const rest = ~(AF | PF);
    const table = [
      ...['andn'].map((op) => [`${op} ${a}, ${b}, ${c}`, rest]),
      ...['bextr', 'bzhi', 'sarx', 'shlx', 'shrx'].map((op) => [
        `${op} ${a}, ${b}, ${c}`,
        op === 'bextr' ? ZF | CF | OF : op === 'bzhi' ? rest : ~0,
      ]),
      ...['blsi', 'blsmsk', 'blsr'].map((op) => [`${op} ${a}, ${b}`, rest]),
      ...['pdep', 'pext'].map((op) => [`${op} ${a}, ${b}, ${c}`, ~0]),
      [`mulx ${a}, ${c}, ${b}`, ~0],
      [`mulx ${c}, ${c}, ${b}`, ~0],
      ...[0, 1, 17, size - 1, size + 3].map((count) => [`rorx ${a}, ${b}, ${count}`, ~0]),
      ...['adcx', 'adox'].map((op) => [`${op} ${a}, ${c}`, ~0]),
    ];
    for (const [code, flags] of table) {
      program.section({
        title: code,
        code,
        in: registers,
        out: [ax, bx, cx, dx, 'flags'],
        table: 'wide',
        masks: { flags },
      });
      const memory = /^(bextr|bzhi|s..x)/.test(code)
        ? code.replace(b, buffer(4))
        : code.replace(/\b[re]?[bc]x(?=(, \d+)?$)/, buffer(4));
      program.section({
        title: `${code.split(' ')[0]} with memory: ${memory.replace(buffer(4), '[m]')}`,
        code: memory,
        in: [['m4', 'b'], ...registers],
        out: [ax, bx, cx, dx, 'flags'],
        table: 'short',
        masks: { flags },
      });
    }
    if (bits === 64) {
      for (const code of [
        `andn ${name('r8', size)}, ${name('r9', size)}, ${a}`,
        `pdep ${name('r15', size)}, ${a}, ${name('r9', size)}`,
      ])
        program.section({
          title: code,
          code,
          in: [
            ['rax', 'a'],
            ['r8', 'c'],
            ['r9', 'b'],
            ['flags', 'f'],
          ],
          out: ['r8', 'r9', 'r15'].filter((r) => r !== 'r15' || /r15/.test(code)).concat('flags'),
          table: 'short',
          masks: { flags: /andn/.test(code) ? rest : ~0 },
        });
    }
  }
  return program;
}

export function exchange(bits) {
  const program = new Program(`cmpxchg${bits}`, bits, NOTE);
  integerTable(program, 'short', 400, 51);
  const size = bits / 8;
  // Half of the rows compare equal, at some of the sizes.
  const rows = program.tables
    .get('short')
    .rows.map(([a, b, c, f], i) => [a, i % 2 ? a : i % 4 ? a ^ (1n << BigInt(i % 64)) : b, c, b, f]);
  program.table(
    'equal',
    [
      ['a', size],
      ['b', size],
      ['c', size],
      ['d', size],
      ['f', size],
    ],
    rows,
  );
  const full = (r) => name(r, bits);
  const [ax, bx, cx, dx] = ['ax', 'bx', 'cx', 'dx'].map(full);
  for (const operand of sizes(bits)) {
    const [c, b] = [name('cx', operand), name('bx', operand)];
    program.section({
      title: `cmpxchg ${b}, ${c}`,
      code: `cmpxchg ${b}, ${c}`,
      in: [
        [ax, 'a'],
        [bx, 'b'],
        [cx, 'c'],
        ['flags', 'f'],
      ],
      // Real CPUs differ in whether a failing 32-bit compare clears the upper half of the destination register.
      out: [ax, bx, 'flags'],
      table: 'equal',
      masks: operand === 32 && bits === 64 ? { [ax]: 0xffffffffn, [bx]: 0xffffffffn } : {},
    });
    for (const lock of ['', 'lock '])
      program.section({
        title: `${lock}cmpxchg [m], ${c}`,
        code: `${lock}cmpxchg ${buffer(3)}, ${c}`,
        in: [
          ['m3', 'b'],
          [ax, 'a'],
          [cx, 'c'],
          ['flags', 'f'],
        ],
        out: [ax, cx, 'm3', 'flags'],
        table: 'equal',
        masks: operand === 32 && bits === 64 ? { [ax]: 0xffffffffn } : {},
      });
  }
  for (const [op, half, at] of [['cmpxchg8b', 4, 8], ...(bits === 64 ? [['cmpxchg16b', 8, 16]] : [])])
    for (const lock of ['', 'lock '])
      program.section({
        title: `${lock}${op} [m]`,
        code: `${lock}${op} ${half === 4 ? 'qword' : 'xmmword'} ptr ${buffer(at)}`,
        in: [
          [`m${at}:${half}`, 'b'],
          [`m${at + half}:${half}`, 'c'],
          [ax, 'a'],
          [dx, 'c'],
          [bx, 'd'],
          [cx, 'c'],
          ['flags', 'f'],
        ],
        out: [ax, dx, `m${at}:${half}`, `m${at + half}:${half}`, 'flags'],
        table: 'equal',
        masks: half === 4 && bits === 64 ? { [ax]: 0xffffffffn, [dx]: 0xffffffffn } : {},
      });
  if (bits === 64)
    program.section({
      title: 'cmpxchg16b on a misaligned operand',
      code: `cmpxchg16b xmmword ptr ${buffer(8)}`,
      in: [
        ['m8', 'b'],
        ['m16', 'c'],
        ['rax', 'a'],
        ['rdx', 'c'],
        ['rbx', 'd'],
        ['rcx', 'c'],
        ['flags', 'f'],
      ],
      out: ['rax', 'rdx', 'm8', 'm16', 'flags'],
      table: 'equal',
      rows: 8,
    });
  return program;
}
