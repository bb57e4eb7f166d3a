// RV64I, M, Zba, Zbb, Zbs: arithmetic, loads and stores, branches and jumps.
import { INT_BOUNDARIES, intPairs, intSingles, randomInt } from './operands.mjs';
import { Program, Random, hex64 } from './program.mjs';

const REGISTER_REGISTER = {
  rv64i: 'add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw',
  rv64m: 'mul mulh mulhsu mulhu div divu rem remu mulw divw divuw remw remuw',
  rv64zb:
    'add.uw sh1add sh2add sh3add sh1add.uw sh2add.uw sh3add.uw andn orn xnor min minu max maxu rol rolw ror rorw ' +
    'bclr bext binv bset',
};
const UNARY = 'clz ctz cpop clzw ctzw cpopw sext.b sext.h zext.h rev8 orc.b'.split(' ');
const IMMEDIATE = 'addi slti sltiu xori ori andi addiw'.split(' ');
const SHIFT = {
  rv64i: { slli: 64, srli: 64, srai: 64, slliw: 32, srliw: 32, sraiw: 32 },
  rv64zb: { 'slli.uw': 64, rori: 64, roriw: 32, bclri: 64, bexti: 64, binvi: 64, bseti: 64 },
};
const IMMEDIATES = [
  0, 1, -1, 2, -2, 7, 8, 31, 32, 63, 64, 127, 128, 255, 256, 1023, 1024, 2046, 2047, -2047, -2048, 0x555,
  -0x556,
];

/** One loop over an operand table; `body` gets its operands in a0, a1, … and stores through gp. */
export function tableLoop(program, table, columns, body, words) {
  const { rows } = program.tables.get(table);
  const loop = program.label('loop');
  program.emit(`  la tp, ${table}\n  li t0, ${rows.length}\n${loop}:`);
  for (let i = 0; i < columns; i += 1) program.emit(`  ld a${i}, ${i * 8}(tp)`);
  program.emit(body);
  program.emit(
    `  addi gp, gp, ${words * 8}\n  addi tp, tp, ${columns * 8}\n  addi t0, t0, -1\n  bnez t0, ${loop}`,
  );
}

/** Registers that cases may use freely: all but gp, tp and the loop counter. */
const FREE = Array.from({ length: 32 }, (_, i) => `x${i}`).filter(
  (name) => !['x3', 'x4', 'x5'].includes(name),
);

/** Straight-line cases with every kind of aliasing: rd = rs1, rd = rs2, all equal, and x0 in each place. */
function aliasing(program, mnemonic, random) {
  const names = [];
  const one = (rd, rs1, rs2) => {
    const [a, b] = [randomInt(random), randomInt(random)];
    program.emit(
      `  la tp, alias_pool\n  ld ${rs1}, ${names.length * 16}(tp)\n  ld ${rs2}, ${names.length * 16 + 8}(tp)`,
    );
    program.emit(
      `  ${mnemonic} ${rd}, ${rs1}, ${rs2}\n  sd ${rd}, 0(gp)\n  sd ${rs1}, 8(gp)\n  sd ${rs2}, 16(gp)\n  addi gp, gp, 24`,
    );
    names.push(`${mnemonic} ${rd}, ${rs1}, ${rs2}`);
    return [a, b];
  };
  const nonzero = FREE.slice(1);
  for (let i = 0; i < 6; i += 1) one(random.pick(nonzero), random.pick(nonzero), random.pick(nonzero));
  const [r, s] = [random.pick(nonzero), random.pick(nonzero)];
  for (const triple of [
    [r, r, s],
    [r, s, r],
    [r, r, r],
    [r, s, s],
    ['x0', r, s],
    [r, 'x0', s],
    [r, s, 'x0'],
    ['x0', 'x0', 'x0'],
  ])
    one(...triple);
  program.section(`${mnemonic}: register aliasing`, ['rd', 'rs1', 'rs2'], { names });
}

function arithmetic(program, mnemonics, seed) {
  const random = new Random(seed);
  program.table('pairs', ['rs1', 'rs2'], intPairs(seed, 120));
  program.table(
    'alias_pool',
    ['rs1', 'rs2'],
    Array.from({ length: 16 }, () => [randomInt(random), randomInt(random)]),
  );
  for (const mnemonic of mnemonics) {
    tableLoop(program, 'pairs', 2, `  ${mnemonic} a2, a0, a1\n  sd a2, 0(gp)`, 1);
    program.section(mnemonic, ['rd'], { table: 'pairs', count: program.tables.get('pairs').rows.length });
    aliasing(program, mnemonic, random);
  }
}

function immediates(program, mnemonics, values) {
  program.table(
    'bounds',
    ['rs1'],
    INT_BOUNDARIES.map((a) => [a]),
  );
  for (const mnemonic of mnemonics) {
    const list = values(mnemonic);
    const body = list.map((imm, i) => `  ${mnemonic} a2, a0, ${imm}\n  sd a2, ${i * 8}(gp)`).join('\n');
    tableLoop(program, 'bounds', 1, body, list.length);
    program.section(
      mnemonic,
      list.map((imm) => `imm ${imm}`),
      { table: 'bounds', count: INT_BOUNDARIES.length },
    );
    const names = [];
    for (const [rd, rs1] of [
      ['x0', 'a0'],
      ['a0', 'x0'],
      ['a0', 'a0'],
      ['x31', 'x1'],
      ['x16', 'x16'],
    ]) {
      const imm = list[list.length - 2];
      program.emit(
        `  li a0, 0x1234\n  li ${rs1}, -0x765432\n  ${mnemonic} ${rd}, ${rs1}, ${imm}\n  sd ${rd}, 0(gp)\n  sd ${rs1}, 8(gp)\n  addi gp, gp, 16`,
      );
      names.push(`${mnemonic} ${rd}, ${rs1}, ${imm}`);
    }
    program.section(`${mnemonic}: register aliasing`, ['rd', 'rs1'], { names });
  }
}

const shifts = (table) => [
  Object.keys(table),
  (mnemonic) => Array.from({ length: table[mnemonic] }, (_, i) => i),
];

export function rv64i() {
  const program = new Program('rv64i', 'QEMU 7.2, RV64I arithmetic.');
  arithmetic(program, REGISTER_REGISTER.rv64i.split(' '), 11);
  immediates(program, IMMEDIATE, () => IMMEDIATES);
  immediates(program, ...shifts(SHIFT.rv64i));
  const names = [];
  for (const value of [0, 1, 0x7ffff, 0x80000, 0xfffff, 0x12345]) {
    program.emit(
      `  lui a0, ${value}\n  sd a0, 0(gp)\n  auipc a1, ${value}\n  sd a1, 8(gp)\n  lui x0, ${value}\n  auipc x0, ${value}\n  sd x0, 16(gp)\n  addi gp, gp, 24`,
    );
    names.push(`imm ${hex64(value)}`);
  }
  program.section('lui, auipc', ['lui', 'auipc', 'x0'], { names });
  return program;
}

export function rv64m() {
  const program = new Program(
    'rv64m',
    'QEMU 7.2, RV64M; division by zero and overflow among the boundary pairs.',
  );
  arithmetic(program, REGISTER_REGISTER.rv64m.split(' '), 12);
  return program;
}

/** ctzw as the specification has it (bit-manipulation 1.0, "ctzw"): 32 when the low word is zero. */
function ctzw(value) {
  for (let bit = 0n; bit < 32n; bit += 1n) if ((value >> bit) & 1n) return bit;
  return 32n;
}

export function rv64zb() {
  const program = new Program(
    'rv64zb',
    'QEMU 7.2, Zba, Zbb, Zbs; ctzw is wrong in QEMU 7.2, so its results are computed ' +
      'from the bit-manipulation specification 1.0 in the generator.',
  );
  arithmetic(program, REGISTER_REGISTER.rv64zb.split(' '), 13);
  immediates(program, ...shifts(SHIFT.rv64zb));
  program.table('singles', ['rs1'], intSingles(14, 120));
  const { rows } = program.tables.get('singles');
  for (const mnemonic of UNARY) {
    const first = program.words;
    tableLoop(
      program,
      'singles',
      1,
      `  ${mnemonic} a2, a0\n  sd a2, 0(gp)\n  ${mnemonic} a0, a0\n  sd a0, 8(gp)`,
      2,
    );
    program.section(mnemonic, ['rd', 'rd = rs1'], { table: 'singles', count: rows.length });
    if (mnemonic === 'ctzw') {
      rows.forEach(([value], i) => {
        program.override(first + i * 2, ctzw(value));
        program.override(first + i * 2 + 1, ctzw(value));
      });
    }
  }
  return program;
}

function loadsAndStores(program) {
  const random = new Random(21);
  program.emitData(
    '.balign 4096\n.skip 4064\nload_area:\n' +
      Array.from({ length: 16 }, () => `.dword ${hex64(random.next())}`).join('\n'),
  );
  program.emitData('.balign 4096\n.skip 4064\nstore_area: .skip 128');
  const offsets = Array.from({ length: 16 }, (_, i) => i).concat([24, 25, 26, 27, 28, 29, 30, 31, 32]);
  for (const mnemonic of 'lb lbu lh lhu lw lwu ld'.split(' ')) {
    const names = [];
    for (const offset of offsets) {
      program.emit(`  la a0, load_area\n  ${mnemonic} a1, ${offset}(a0)\n  sd a1, 0(gp)\n  addi gp, gp, 8`);
      names.push(`${mnemonic} ${offset}(load_area)${offset % 8 ? ' misaligned' : ''}`);
    }
    for (const [bias, offset] of [
      [2048, -2048],
      [-2047, 2047],
      [1, -1],
      [100, -100],
      [0x1000, -1024],
    ]) {
      program.emit(
        `  la a0, load_area\n  li a1, ${bias}\n  add a0, a0, a1\n  ${mnemonic} a0, ${offset}(a0)\n  sd a0, 0(gp)\n  addi gp, gp, 8`,
      );
      names.push(`${mnemonic} rd = rs1, base + ${bias}, offset ${offset}`);
    }
    program.emit(`  la a0, load_area\n  ${mnemonic} x0, 0(a0)\n  sd x0, 0(gp)\n  addi gp, gp, 8`);
    names.push(`${mnemonic} x0`);
    program.section(mnemonic, ['rd'], { names });
  }
  for (const mnemonic of 'sb sh sw sd'.split(' ')) {
    const names = [];
    const record =
      '  ld a2, 0(a0)\n  ld a3, 8(a0)\n  ld a4, 32(a0)\n  sd a2, 0(gp)\n  sd a3, 8(gp)\n  sd a4, 16(gp)\n  addi gp, gp, 24';
    for (const offset of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 25, 26, 27, 28, 29, 30, 31, 32]) {
      const background = hex64(random.next());
      program.emit(
        `  la a0, store_area\n  li a1, ${background}\n  sd a1, 0(a0)\n  sd a1, 8(a0)\n  sd a1, 24(a0)\n  sd a1, 32(a0)`,
      );
      program.emit(`  li a1, ${hex64(random.next())}\n  ${mnemonic} a1, ${offset}(a0)`);
      program.emit(offset >= 24 ? record.replace('ld a3, 8(a0)', 'ld a3, 24(a0)') : record);
      names.push(`${mnemonic} to store_area + ${offset}`);
    }
    for (const offset of [-2048, 2047, -1]) {
      program.emit(
        `  la a0, store_area\n  li a1, ${-offset}\n  add a1, a1, a0\n  ${mnemonic} a1, ${offset}(a1)\n${record}`,
      );
      names.push(`${mnemonic} of its own base, offset ${offset}: low half of the address`);
    }
    program.emit(`  la a0, store_area\n  ${mnemonic} x0, 1(a0)\n${record}`);
    names.push(`${mnemonic} x0`);
    program.section(mnemonic, ['doubleword 0', 'doubleword 1', 'next page'], { names });
  }
}

function branches(program) {
  program.table('branch_pairs', ['rs1', 'rs2'], intPairs(22, 60));
  for (const mnemonic of 'beq bne blt bge bltu bgeu'.split(' ')) {
    const [forward, done, back, out] = ['f', 'd', 'b', 'o'].map((kind) => program.label(kind));
    tableLoop(
      program,
      'branch_pairs',
      2,
      [
        '  li a2, 0',
        `  ${mnemonic} a0, a1, ${forward}`,
        `  addi a2, a2, 1`,
        `${forward}:`,
        `  addi a2, a2, 2`,
        `  ${mnemonic} a0, a0, ${done}`,
        '  addi a2, a2, 16',
        `  j ${done}`,
        `${back}:`,
        '  addi a2, a2, 4',
        `  j ${out}`,
        `${done}:`,
        `  ${mnemonic} a1, a0, ${back}`,
        '  addi a2, a2, 8',
        `${out}:`,
        '  sd a2, 0(gp)',
      ].join('\n'),
      1,
    );
    program.section(mnemonic, ['path'], {
      table: 'branch_pairs',
      count: program.tables.get('branch_pairs').rows.length,
    });
  }
  const names = [];
  const far = (text, name) => {
    program.emit(text);
    program.emit('  sd a0, 0(gp)\n  sd ra, 8(gp)\n  addi gp, gp, 16');
    names.push(name);
  };
  for (const distance of [4084, 2048, 4]) {
    const [target, end] = [program.label('t'), program.label('e')];
    far(
      `  li a0, 1\n  li ra, 0\n  j ${end}\n${target}: addi a0, a0, 8\n  j ${end}9\n  .skip ${distance - 4}\n${end}:\n  beq x0, x0, ${target}\n  addi a0, a0, 16\n${end}9:`,
      `beq backward over ${distance} bytes`,
    );
  }
  for (const distance of [4088, 2048, 4]) {
    const target = program.label('t');
    far(
      `  li a0, 1\n  li ra, 0\n  bne gp, x0, ${target}\n  .skip ${distance}\n${target}: addi a0, a0, 2`,
      `bne forward over ${distance} bytes`,
    );
  }
  for (const distance of [0xffff8, 0x1000, 8]) {
    const target = program.label('t');
    far(
      `  li a0, 1\n  jal ra, ${target}\n  .skip ${distance}\n${target}: addi a0, a0, 2`,
      `jal over ${distance} bytes`,
    );
  }
  for (const bits of [0, 1]) {
    const target = program.label('t');
    far(
      `  li a0, 1\n  la a1, ${target}\n  ori a1, a1, ${bits}\n  jalr ra, 0(a1)\n  addi a0, a0, 4\n${target}: addi a0, a0, 2`,
      `jalr with bit 0 = ${bits}`,
    );
    const other = program.label('t');
    far(
      `  li a0, 1\n  la ra, ${other}-2047\n  jalr ra, 2047(ra)\n  addi a0, a0, 4\n${other}: addi a0, a0, 2`,
      'jalr rd = rs1',
    );
    const third = program.label('t');
    far(
      `  li a0, 1\n  li ra, 5\n  la a1, ${third}+2048+${bits}\n  jalr x0, -2048(a1)\n  addi a0, a0, 4\n${third}: addi a0, a0, 2`,
      'jalr x0, negative offset',
    );
  }
  program.section('far branches, jal, jalr', ['path', 'ra'], { names });
}

export function rv64iMemory() {
  const program = new Program(
    'rv64i-memory',
    'QEMU 7.2 on virt: misaligned loads and stores succeed, also across pages.',
  );
  loadsAndStores(program);
  branches(program);
  program.emit(
    '  fence\n  fence rw, w\n  fence.tso\n  fence.i\n  .word 0x0100000f\n  .word 0x0ff5850f\n  .word 0x8ff0000f\n  .word 0x00c5950f\n  li a0, 1\n  sd a0, 0(gp)\n  addi gp, gp, 8',
  );
  program.section('fence, fence.tso, pause, fence.i, with reserved fields ignored', ['reached'], {
    names: ['all'],
  });
  return program;
}
