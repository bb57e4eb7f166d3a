// RV64A: AMOs with every ordering bit, LR/SC pairs that succeed and fail.
import { tableLoop } from './groups-int.mjs';
import { INT_BOUNDARIES, intPairs } from './operands.mjs';
import { Program } from './program.mjs';

const OPERATIONS = 'amoswap amoadd amoand amoor amoxor amomax amomaxu amomin amominu'.split(' ');

function reservations(program) {
  const names = [];
  const record = '  sd a2, 0(gp)\n  sd a3, 8(gp)\n  ld a4, 0(s0)\n  sd a4, 16(gp)\n  addi gp, gp, 24';
  const one = (name, body) => {
    program.emit(
      `  la s0, amo_cell\n  la s1, amo_far\n  li a0, 0x8877665544332211\n  sd a0, 0(s0)\n  sd a0, 0(s1)\n  li a1, 0x123456789abcdef0\n  li a2, 0\n  li a3, 0x55\n${body}\n${record}`,
    );
    names.push(name);
  };
  for (const width of ['w', 'd']) {
    for (const [lr, sc] of [
      ['', ''],
      ['.aq', '.rl'],
      ['.aqrl', '.aqrl'],
    ]) {
      one(
        `lr.${width}${lr}, sc.${width}${sc}`,
        `  lr.${width}${lr} a2, (s0)\n  sc.${width}${sc} a3, a1, (s0)`,
      );
    }
    one(
      `sc.${width} without a reservation`,
      `  sc.${width} a3, a1, (s1)\n  lr.${width} a2, (s0)\n  sc.${width} a3, a1, (s0)\n  sc.${width} a3, a0, (s0)`,
    );
    one(`sc.${width} to another page`, `  lr.${width} a2, (s1)\n  sc.${width} a3, a1, (s0)`);
    one(
      `sc.${width} after a failed sc`,
      `  lr.${width} a2, (s0)\n  sc.${width} a3, a1, (s1)\n  sc.${width} a3, a1, (s0)`,
    );
    one(
      `second lr.${width} replaces the first reservation`,
      `  lr.${width} a2, (s1)\n  lr.${width} a2, (s0)\n  sc.${width} a3, a1, (s0)`,
    );
    one(
      `lr.${width} rd = rs1, sc.${width} rd = rs2`,
      `  mv a2, s0\n  lr.${width} a2, (a2)\n  mv a3, a1\n  sc.${width} a3, a3, (s0)`,
    );
    one(`lr.${width} x0, sc.${width} x0`, `  lr.${width} x0, (s0)\n  sc.${width} x0, a1, (s0)`);
    one(`sc.${width} rd = rs1`, `  lr.${width} a2, (s0)\n  mv a3, s0\n  sc.${width} a3, a1, (a3)`);
    one(
      `sc.${width} after an sc that succeeded`,
      `  lr.${width} a2, (s0)\n  sc.${width} a3, a1, (s0)\n  sc.${width} a3, x0, (s0)`,
    );
  }
  one('lr.w, sc.w at the upper half', '  addi s2, s0, 4\n  lr.w a2, (s2)\n  sc.w a3, a1, (s2)');
  program.section('lr, sc', ['lr rd', 'sc rd', 'memory'], { names });
}

export function rv64a() {
  const program = new Program(
    'rv64a',
    'QEMU 7.2, RV64A on aligned addresses; misaligned ones are in the group traps.',
  );
  program.emitData('.balign 4096\namo_cell: .dword 0, 0\n.balign 4096\namo_far: .dword 0, 0');
  program.table(
    'cells',
    ['memory', 'rs2'],
    intPairs(41, 80).filter((_, i) => i >= INT_BOUNDARIES.length ** 2 || i % 2 === 0),
  );
  const { rows } = program.tables.get('cells');
  program.emit('  la s0, amo_cell');
  for (const operation of OPERATIONS) {
    for (const width of ['w', 'd']) {
      const at = width === 'w' ? '  addi s1, s0, 4' : '  addi s1, s0, 8';
      tableLoop(
        program,
        'cells',
        2,
        [
          `  sd a0, 0(s0)\n  ${operation}.${width} a2, a1, (s0)\n  sd a2, 0(gp)\n  ld a3, 0(s0)\n  sd a3, 8(gp)`,
          `  sd a0, 0(s0)\n  sd a0, 8(s0)\n${at}\n  mv a4, a1\n  ${operation}.${width}.aqrl a4, a4, (s1)\n  sd a4, 16(gp)`,
          `  ld a3, 0(s0)\n  ld a4, 8(s0)\n  xor a3, a3, a4\n  sd a3, 24(gp)`,
        ].join('\n'),
        4,
      );
      program.section(
        `${operation}.${width}`,
        ['rd', 'memory', 'rd = rs2 (.aqrl, next cell)', 'memory xor next'],
        { table: 'cells', count: rows.length },
      );
    }
  }
  const names = [];
  for (const operation of OPERATIONS) {
    for (const width of ['w', 'd']) {
      for (const order of ['', '.aq', '.rl']) {
        program.emit(
          `  li a0, 0x80000000ffffffff\n  sd a0, 0(s0)\n  li a1, 0x7fffffff00000001\n  mv a2, s0\n  ${operation}.${width}${order} x0, a1, (s0)\n  ld a3, 0(s0)\n  sd a3, 0(gp)`,
        );
        program.emit(
          `  ${operation}.${width}${order} a2, a2, (a2)\n  sd a2, 8(gp)\n  ld a3, 0(s0)\n  sd a3, 16(gp)\n  addi gp, gp, 24`,
        );
        names.push(`${operation}.${width}${order}`);
      }
    }
  }
  program.section('AMOs with rd = x0, rd = rs1 = rs2', ['memory', 'rd', 'memory after'], { names });
  reservations(program);
  return program;
}
