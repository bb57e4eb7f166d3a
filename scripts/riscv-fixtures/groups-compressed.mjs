// RV64C: loads, stores, branches and jumps; the arithmetic ones are swept exhaustively in rv64c-sweep.
import { Program, Random, hex64 } from './program.mjs';

const COMPACT = ['s0', 's1', 'a0', 'a1', 'a2', 'a3', 'a4', 'a5'];
const FULL = Array.from({ length: 32 }, (_, i) => `x${i}`).filter(
  (name) => !['x0', 'x2', 'x3', 'x4', 'x5'].includes(name),
);

function compressed(text) {
  return `  .option push\n  .option rvc\n${text}\n  .option pop`;
}

function memoryAccess(program, random) {
  const isFloat = (mnemonic) => mnemonic.startsWith('c.f');
  const width = (mnemonic) => (mnemonic.includes('w') ? 4 : 8);
  for (const mnemonic of [
    'c.lw',
    'c.ld',
    'c.fld',
    'c.sw',
    'c.sd',
    'c.fsd',
    'c.lwsp',
    'c.ldsp',
    'c.fldsp',
    'c.swsp',
    'c.sdsp',
    'c.fsdsp',
  ]) {
    const names = [];
    const size = width(mnemonic);
    const toStack = mnemonic.endsWith('sp');
    const store = /^c\.f?s/.test(mnemonic);
    const limit = toStack ? 64 : 32;
    for (let i = 0; i < 40; i += 1) {
      const offset = (i < 2 ? [0, limit - 1][i] : random.below(limit)) * size;
      const misalign = i >= 36 ? i - 35 : 0;
      const base = toStack ? 'sp' : random.pick(COMPACT);
      const file = toStack
        ? isFloat(mnemonic)
          ? Array.from({ length: 32 }, (_, at) => `f${at}`)
          : FULL
        : isFloat(mnemonic)
          ? ['fs0', 'fs1', 'fa0', 'fa1', 'fa2', 'fa3', 'fa4', 'fa5']
          : COMPACT;
      const value = i % 5 === 0 && !isFloat(mnemonic) && !toStack ? base : random.pick(file);
      const set = hex64(random.next());
      program.emit(`  la tp, c_area\n  li t0, ${set}\n  sd x0, ${offset}(tp)\n  sd x0, ${offset + 8}(tp)`);
      if (!store) program.emit(`  sd t0, ${offset + misalign}(tp)`);
      program.emit(isFloat(mnemonic) ? `  fmv.d.x ${value}, t0` : `  mv ${value}, t0`);
      program.emit(`  addi ${base}, tp, ${misalign}`);
      program.emit(compressed(`  ${mnemonic} ${value}, ${offset}(${base})`));
      program.emit(isFloat(mnemonic) ? `  fmv.x.d t0, ${value}` : `  mv t0, ${value}`);
      program.emit(`  ld tp, ${offset}(tp)\n  sd t0, 0(gp)\n  sd tp, 8(gp)\n  addi gp, gp, 16`);
      names.push(
        `${mnemonic} ${value}, ${offset}(${base})${misalign ? `, base misaligned by ${misalign}` : ''}`,
      );
    }
    program.section(mnemonic, ['register', 'memory'], { names });
  }
}

function control(program) {
  for (const mnemonic of ['c.beqz', 'c.bnez']) {
    const names = [];
    for (const register of COMPACT) {
      for (const value of [0n, 1n, -1n, 1n << 63n, 1n << 32n]) {
        const [over, end] = [program.label('c'), program.label('c')];
        program.emit(`  li ${register}, ${hex64(value)}\n  li t0, 1`);
        program.emit(
          compressed(
            `  ${mnemonic} ${register}, ${over}\n  c.addi t0, 2\n  c.j ${end}\n${over}:\n  c.addi t0, 4\n${end}:`,
          ),
        );
        program.emit('  sd t0, 0(gp)\n  addi gp, gp, 8');
        names.push(`${mnemonic} ${register} = ${hex64(value)}`);
      }
    }
    for (const distance of [250, 128, 64, 2]) {
      const [target, jump, end] = [program.label('c'), program.label('c'), program.label('c')];
      const value = mnemonic === 'c.beqz' ? 0 : 5;
      program.emit(`  li a0, ${value}\n  li t0, 1`);
      program.emit(
        compressed(
          `  c.j ${jump}\n${target}:\n  c.addi t0, 4\n  c.j ${end}\n  .skip ${distance - 4 > 0 ? distance - 4 : 0}\n${jump}:\n  ${mnemonic} a0, ${target}\n  c.addi t0, 8\n${end}:`,
        ),
      );
      program.emit('  sd t0, 0(gp)\n  addi gp, gp, 8');
      names.push(`${mnemonic} backward over ${distance} bytes`);
    }
    program.section(mnemonic, ['path'], { names });
  }
  const names = [];
  for (const distance of [2044, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2]) {
    const target = program.label('c');
    program.emit('  li t0, 1');
    program.emit(compressed(`  c.j ${target}\n  .skip ${distance}\n${target}:\n  c.addi t0, 2`));
    program.emit('  sd t0, 0(gp)\n  sd x0, 8(gp)\n  addi gp, gp, 16');
    names.push(`c.j forward over ${distance} bytes`);
  }
  for (const distance of [2040, 1000, 500, 30]) {
    const [target, jump, end] = [program.label('c'), program.label('c'), program.label('c')];
    program.emit('  li t0, 1');
    program.emit(
      compressed(
        `  c.j ${jump}\n${target}:\n  c.addi t0, 4\n  c.j ${end}\n  .skip ${distance - 4}\n${jump}:\n  c.j ${target}\n  c.addi t0, 8\n${end}:`,
      ),
    );
    program.emit('  sd t0, 0(gp)\n  sd x0, 8(gp)\n  addi gp, gp, 16');
    names.push(`c.j backward over ${distance} bytes`);
  }
  for (const register of FULL.filter((name) => name !== 'x31')) {
    for (const mnemonic of ['c.jr', 'c.jalr']) {
      for (const bit of [0, 1]) {
        const target = program.label('c');
        program.emit(
          `  li ra, 0x77\n  li x31, 1\n  la ${register}, ${target}\n  ori ${register}, ${register}, ${bit}`,
        );
        program.emit(compressed(`  ${mnemonic} ${register}\n  c.addi x31, 2\n${target}:\n  c.addi x31, 4`));
        // ra is the register itself in c.jr x1: an address of this program, the same everywhere.
        program.emit('  sd x31, 0(gp)\n  sd ra, 8(gp)\n  addi gp, gp, 16');
        names.push(`${mnemonic} ${register}, bit 0 = ${bit}`);
      }
    }
  }
  program.section('c.j, c.jr, c.jalr', ['path', 'ra'], { names });
  const arithmetic = [];
  const values = [
    0n,
    1n,
    -1n,
    0x7fffffffn,
    0x80000000n,
    0x7fffffffffffffffn,
    0x8000000000000000n,
    0x0123456789abcdefn,
  ];
  for (const operation of ['c.sub', 'c.xor', 'c.or', 'c.and', 'c.subw', 'c.addw', 'c.add', 'c.mv']) {
    for (const a of values) {
      for (const b of values) {
        program.emit(`  li a0, ${hex64(a)}\n  li a1, ${hex64(b)}`);
        program.emit(compressed(`  ${operation} a0, a1`));
        program.emit('  sd a0, 0(gp)\n  addi gp, gp, 8');
        arithmetic.push(`${operation} ${hex64(a)}, ${hex64(b)}`);
      }
    }
  }
  for (const operation of ['c.addi', 'c.addiw', 'c.andi', 'c.li']) {
    for (const a of values) {
      for (const imm of [-32, -1, 1, 31]) {
        program.emit(`  li a0, ${hex64(a)}`);
        program.emit(compressed(`  ${operation} a0, ${imm}`));
        program.emit('  sd a0, 0(gp)\n  addi gp, gp, 8');
        arithmetic.push(`${operation} ${hex64(a)}, ${imm}`);
      }
    }
  }
  for (const operation of ['c.slli', 'c.srli', 'c.srai']) {
    for (const a of values) {
      for (const imm of [1, 31, 32, 63]) {
        program.emit(`  li a0, ${hex64(a)}`);
        program.emit(compressed(`  ${operation} a0, ${imm}`));
        program.emit('  sd a0, 0(gp)\n  addi gp, gp, 8');
        arithmetic.push(`${operation} ${hex64(a)}, ${imm}`);
      }
    }
  }
  program.section('compressed arithmetic on boundary values', ['rd'], { names: arithmetic });
}

/** A 32-bit instruction that crosses a page, an odd mixture of lengths, and jumps into the middle of an instruction. */
function mixture(program) {
  const names = [];
  const [target, second] = [program.label('c'), program.label('c')];
  program.emit(`  li t0, 1\n  j ${target}\n  .balign 4096\n  .skip 4094`);
  program.emit(
    compressed(`  .option norvc\n${target}: addi t0, t0, 100\n  addi t0, t0, 1000\n  .option rvc\n  c.nop`),
  );
  program.emit('  sd t0, 0(gp)\n  addi gp, gp, 8');
  names.push('a 32-bit instruction across two pages');
  program.emit(`  li t0, 1\n  j ${second}\n  .balign 4096\n  .skip 4092`);
  program.emit(
    compressed(`${second}: c.addi t0, 2\n  .option norvc\n  lui t0, 0x12345\n  .option rvc\n  c.addi t0, 4`),
  );
  program.emit('  sd t0, 0(gp)\n  addi gp, gp, 8');
  names.push('the same after a compressed one');
  // lui t1, 0x00050 has c.addi t0, … encodings in its upper half: 0x0505 is c.addi a0, 1.
  program.emit('  li a0, 5\n  la a1, 1f + 2\n  jr a1\n1: .word 0x05050337\n  sd a0, 0(gp)\n  addi gp, gp, 8');
  names.push('a jump into the upper half of an instruction');
  program.section('lengths mixed', ['value'], { names });
}

export function rv64c() {
  const program = new Program('rv64c', 'QEMU 7.2, RV64C.');
  const random = new Random(35);
  program.emitData('.balign 4096\nc_area: .skip 1024');
  memoryAccess(program, random);
  control(program);
  mixture(program);
  return program;
}
