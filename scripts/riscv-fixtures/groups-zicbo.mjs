// Zicboz and Zicbom, which QEMU 7.2 lacks: all expectations come from the CMO specification 1.0 (blocks of 64 bytes).
import { EXEC_RUNNER, execSection, MSTATUS, SystemProgram } from './system.mjs';
import { hex64 } from './program.mjs';
import { DATA, PageTables, PROBE_RUNNER, PTE, READY } from './paging.mjs';

const CBO = { inval: 0x0005200f, clean: 0x0015200f, flush: 0x0025200f, zero: 0x0045200f };
const CAUSE_ECALL = { U: 8n, S: 9n, M: 11n };
const CBIE = (n) => BigInt(n) << 4n;
const [CBCFE, CBZE] = [0x40n, 0x80n];

/** Whether the operation is legal in `mode` (CMO spec, "Control and Status Register Access Control"). */
function allowed(operation, mode, menvcfg, senvcfg) {
  const open = (env) =>
    (operation === 'zero' ? env & CBZE : operation === 'inval' ? env & CBIE(3) : env & CBCFE) !== 0n;
  if (mode === 'M') return true;
  if (!open(menvcfg)) return false;
  return mode === 'S' || open(senvcfg);
}

function gating(program) {
  const values = [0n, CBIE(1), CBIE(3), CBCFE, CBZE, CBCFE | CBZE | CBIE(1), CBCFE | CBZE | CBIE(3)];
  for (const mode of ['M', 'S', 'U']) {
    for (const menvcfg of mode === 'M' ? [0n] : values) {
      for (const senvcfg of mode === 'U' ? values : [0n]) {
        const first = execSection(
          program,
          `cbo in ${mode}, menvcfg ${hex64(menvcfg)}, senvcfg ${hex64(senvcfg)}`,
          Object.values(CBO),
          { mode, menvcfg, senvcfg },
        );
        Object.entries(CBO).forEach(([operation, word], i) => {
          const words = allowed(operation, mode, menvcfg, senvcfg)
            ? [CAUSE_ECALL[mode], 0n, 4n]
            : [2n, BigInt(word), 0n];
          words.forEach((value, at) => program.override(first + i * 3 + at, value));
        });
      }
    }
  }
}

/** cbo.zero clears the 64-byte block that holds the address, whole, wherever in it the address lies. */
function zero(program) {
  const names = [];
  for (const offset of [0, 1, 8, 63, 64, 100, 127, 128, 191]) {
    const first = program.words + names.length * 24;
    program.emit(
      `  la t0, cbo_area\n  li t1, 24\n  li t2, -1\n1: sd t2, 0(t0)\n  addi t0, t0, 8\n  addi t1, t1, -1\n  bnez t1, 1b\n  la a0, cbo_area + ${offset}\n  .word ${CBO.zero}\n  la t0, cbo_area\n  li t1, 24\n1: ld t2, 0(t0)\n  sd t2, 0(gp)\n  addi t0, t0, 8\n  addi gp, gp, 8\n  addi t1, t1, -1\n  bnez t1, 1b`,
    );
    for (let word = 0; word < 24; word += 1)
      program.override(first + word, word >> 3 === offset >> 6 ? 0n : -1n);
    names.push(`cbo.zero at offset ${offset} of three blocks of ones`);
  }
  program.section(
    'cbo.zero',
    Array.from({ length: 24 }, (_, i) => `doubleword ${i}`),
    { names },
  );
  const same = [];
  for (const operation of ['inval', 'clean', 'flush']) {
    program.override(program.words + same.length * 2, 0x123456789abcdef0n);
    program.override(program.words + same.length * 2 + 1, 0n);
    program.emit(
      `  la a0, cbo_area\n  li t1, 0x123456789abcdef0\n  sd t1, 0(a0)\n  .word ${CBO[operation]}\n  ld t1, 0(a0)\n  la t0, cbo_area\n  sub a0, a0, t0\n  sd t1, 0(gp)\n  sd a0, 8(gp)\n  addi gp, gp, 16`,
    );
    same.push(`cbo.${operation}`);
  }
  program.section('cbo.inval, cbo.clean, cbo.flush leave memory and registers alone', ['memory', 'a0'], {
    names: same,
  });
}

/** cbo.zero is a store; the others need any permission of the page; all of them raise store/AMO faults with the address. */
function faults(program) {
  const va = 0x20000000n;
  const address = va + 0x48n;
  const maps = [
    ['no mapping', 0n, []],
    ['read only', READY | PTE.R, ['inval', 'clean', 'flush']],
    ['read and write', READY | PTE.R | PTE.W, Object.keys(CBO)],
    ['U page', READY | PTE.R | PTE.W | PTE.U, []],
  ];
  const names = [];
  for (const [label, flags, legal] of maps) {
    const n = program.label('cbo_tables');
    const tables = new PageTables('sv39');
    tables.map(va, DATA, 0, flags);
    tables.emit(program, n);
    for (const [operation, word] of Object.entries(CBO)) {
      const resume = program.label('cbo_resume');
      program.emit(
        [
          '  mv tp, gp',
          '  call sys_reset',
          '  call data_fill',
          `  la a0, ${n}`,
          '  call pt_load',
          `  li t0, ${hex64(tables.satp)}`,
          '  csrw satp, t0',
          '  sfence.vma',
          '  li t0, 0xf0',
          '  csrw menvcfg, t0',
          `  la t0, ${resume}`,
          '  la t1, resume_pc',
          '  sd t0, 0(t1)',
          '  la t0, 8f',
          '  csrw mepc, t0',
          `  li t0, ${hex64(MSTATUS.MPP)}`,
          '  csrc mstatus, t0',
          '  li t0, 0x800',
          '  csrs mstatus, t0',
          `  li a0, ${hex64(address)}`,
          '  mret',
          `8: .word ${word}`,
          '  ecall',
          '.balign 4',
          `${resume}:`,
          '  ld t0, 16(tp)',
          '  sd t0, 8(tp)',
          '  addi gp, tp, 16',
        ].join('\n'),
      );
      const words = legal.includes(operation) ? [CAUSE_ECALL.S, 0n] : [15n, address];
      words.forEach((value, at) => program.override(program.words + names.length * 2 + at, value));
      names.push(`${label}: cbo.${operation}`);
    }
  }
  program.section('page faults of cbo', ['cause', 'tval'], { names });
}

export function zicbo() {
  const program = new SystemProgram(
    'zicbo',
    'From the CMO specification 1.0, since QEMU 7.2 has neither Zicboz nor Zicbom.',
  );
  program.runsOnQemu = false;
  program.sourceOptions.handler += EXEC_RUNNER + PROBE_RUNNER;
  program.emitData('.balign 64\ncbo_area: .skip 256');
  gating(program);
  zero(program);
  faults(program);
  return program;
}
