// Zicsr: the six instructions, WARL fields, access rules of every CSR number in every mode, gating by TVM, TW, TSR,
// counter enables and FS.
import { hex64 } from './program.mjs';
import { EXEC_RUNNER, execSection, MSTATUS, SystemProgram } from './system.mjs';

const CSR = { cycle: 0xc00, time: 0xc01, instret: 0xc02, stimecmp: 0x14d, satp: 0x180 };

const csrrs = (rd, csr, rs1) => ((csr << 20) | (rs1 << 15) | (2 << 12) | (rd << 7) | 0x73) >>> 0;
const csrrw = (rd, csr, rs1) => ((csr << 20) | (rs1 << 15) | (1 << 12) | (rd << 7) | 0x73) >>> 0;
const csrForm = (funct3, rd, csr, rs1) =>
  ((csr << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | 0x73) >>> 0;

/** Counters 3 to 31 and their selectors may read zero, but they exist (1.12, 3.1.10); with pmu-num=0 QEMU lacks them. */
function performanceCounters(program) {
  const numbers = Array.from({ length: 29 }, (_, i) => i + 3);
  const reads = [
    ...numbers.map((n) => 0xb00 + n),
    ...numbers.map((n) => 0x320 + n),
    ...numbers.map((n) => 0xc00 + n),
  ].map((number) => csrrs(10, number, 0));
  const writes = [...numbers.map((n) => 0xb00 + n), ...numbers.map((n) => 0x320 + n)].map((number) =>
    csrrw(0, number, 0),
  );
  const list = [...reads, ...writes];
  const first = execSection(program, 'performance counters can be read and written in M', list, {
    mode: 'M',
  });
  list.forEach((_, i) => [11n, 0n, 4n].forEach((value, at) => program.override(first + i * 3 + at, value)));
}

/** minstret counts what retires, exactly (1.12, 3.1.10); QEMU without -icount counts host time. */
function retired(program) {
  const names = [];
  const one = (name, count, body) => {
    program.emit(
      `  rdinstret a1\n${body}\n  rdinstret a0\n  sub a0, a0, a1\n  sd a0, 0(gp)\n  addi gp, gp, 8`,
    );
    program.override(program.words + names.length, count);
    names.push(name);
  };
  one('nothing between', 1n, '');
  one('five nops', 6n, '  nop\n  nop\n  nop\n  nop\n  nop');
  one('a loop of ten', 22n, '  li a2, 10\n1: addi a2, a2, -1\n  bnez a2, 1b');
  one('a branch taken', 2n, '  beq x0, x0, 1f\n  nop\n1:');
  one('a branch not taken', 3n, '  bne x0, x0, 1f\n  nop\n1:');
  one('a load, a store, an amo', 5n, '  ld a2, 0(gp)\n  sd a2, 0(gp)\n  amoadd.d a2, x0, (gp)\n  fence');
  one(
    'a jump and a return',
    4n,
    '  .option push\n  .option norvc\n  jal x5, 1f\n  j 2f\n1: jr x5\n2:\n  .option pop',
  );
  program.section('instret counts retired instructions', ['delta'], { names });
}

function instructions(program) {
  const names = [];
  const one = (name, body, csr = 'mscratch') => {
    program.emit(
      `  li a0, 0x123456789abcdef0\n  csrw ${csr}, a0\n  li a1, 0x0ff00ff00ff00ff5\n  li a2, 0x77\n${body}\n  csrr a3, ${csr}\n  sd a2, 0(gp)\n  sd a3, 8(gp)\n  sd a1, 16(gp)\n  addi gp, gp, 24`,
    );
    names.push(name);
  };
  for (const csr of ['mscratch', 'sscratch']) {
    for (const form of ['csrrw', 'csrrs', 'csrrc']) {
      one(`${form} ${csr}`, `  ${form} a2, ${csr}, a1`, csr);
      one(`${form} ${csr}, rd = x0`, `  ${form} x0, ${csr}, a1`, csr);
      one(`${form} ${csr}, rs1 = x0`, `  ${form} a2, ${csr}, x0`, csr);
      one(`${form} ${csr}, rd = rs1`, `  ${form} a1, ${csr}, a1`, csr);
      for (const imm of [0, 1, 21, 31]) one(`${form}i ${csr}, ${imm}`, `  ${form}i a2, ${csr}, ${imm}`, csr);
      one(`${form}i x0`, `  ${form}i x0, ${csr}, 10`, csr);
    }
  }
  program.section('csrrw, csrrs, csrrc and their immediate forms', ['rd', 'csr', 'rs1'], { names });
}

/** Writes each value and reads the CSR back under `mask`; `spec` replaces QEMU's answer. */
function warl(program, csr, values, { mask = -1n, spec = null, before = '', after = '' } = {}) {
  const first = program.words;
  program.emit(`  call sys_reset\n${before}`);
  values.forEach((value, i) => {
    program.emit(
      `  li a0, ${hex64(value)}\n  csrw ${csr}, a0\n  csrr a1, ${csr}\n  li a2, ${hex64(mask)}\n  and a1, a1, a2\n  sd a1, 0(gp)\n  addi gp, gp, 8`,
    );
    if (spec) program.override(first + i, spec(BigInt.asUintN(64, BigInt(value))));
  });
  if (after) program.emit(after);
  program.section(`${csr}: what is written and read back`, ['read'], {
    names: values.map((value) => `write ${hex64(value)}`),
  });
}

function fields(program) {
  const bits = (mask) => Array.from({ length: 64 }, (_, i) => 1n << BigInt(i)).filter((bit) => mask & bit);
  const status = 0x7e19aan & ~MSTATUS.MPP;
  const shown = 0x7e19aan | MSTATUS.FS | (1n << 63n) | (0xfn << 32n);
  // MPP = 2 is reserved (WARL) and never written; UXL is written as 2 or 0, of which 0 changes nothing.
  const statusValues = [
    0n,
    ...bits(status),
    ...[0n, 1n, 3n].map((mode) => mode << 11n),
    ...[1n, 2n, 3n].map((fs) => fs << 13n),
    status | MSTATUS.MPP | MSTATUS.FS,
    2n << 32n,
  ];
  warl(program, 'mstatus', statusValues, { mask: shown, after: '  call sys_reset' });
  warl(program, 'sstatus', [0n, ...bits(0xc0122n), 0xc0122n, MSTATUS.FS, status], {
    mask: 0xc0122n | MSTATUS.FS | (1n << 63n) | status | (3n << 32n),
  });
  for (const csr of ['mscratch', 'sscratch', 'mtval', 'stval'])
    warl(program, csr, [0n, -1n, 0x5555555555555555n, 0xaaaaaaaaaaaaaaaan]);
  // Privileged spec 1.12, mepc: bit 0 is always zero; QEMU 7.2 keeps it.
  for (const csr of ['mepc', 'sepc'])
    warl(program, csr, [0n, -1n, -2n, 1n, 2n, 0x80000003n, 0xaaaaaaaaaaaaaaaan], {
      spec: (value) => value & ~1n,
    });
  for (const csr of ['mcause', 'scause'])
    warl(program, csr, [0n, 5n, 15n, (1n << 63n) | 5n, (1n << 63n) | 11n]);
  for (const csr of ['mtvec', 'stvec'])
    warl(program, csr, [0n, 0x80001234n, 0x80001235n, -4n, -3n, 0x40000001n], { after: '  call sys_reset' });
  // medeleg: 1.12 fixes bit 11 (ecall from M) at zero and 10 and 14 are reserved; QEMU 7.2 lets some be written.
  // Bit 0 is left out: with C it cannot occur, and both readings are legal.
  warl(program, 'medeleg', [0n, -1n, ...bits(0xb3fen), 0x5555n, 0xaaaan], {
    mask: 0xfffen,
    spec: (value) => value & 0xb3fen,
  });
  // QEMU 7.2 keeps the hypervisor's interrupt bits 2, 6 and 10 writable without H.
  warl(program, 'mideleg', [0n, -1n, ...bits(0xfffn), 0x555n], {
    mask: 0xfffn,
    spec: (value) => value & 0x222n,
  });
  warl(program, 'mie', [0n, -1n, ...bits(0xfffn)], { mask: 0x1fffn, spec: (value) => value & 0xaaan });
  warl(program, 'mip', [0n, -1n, ...bits(0xfffn)], { mask: 0xfffn, spec: (value) => value & 0x222n });
  for (const deleg of [0, 0x222, 0x2, 0x20, 0x200]) {
    const names = [];
    program.emit(`  call sys_reset\n  li a0, ${deleg}\n  csrw mideleg, a0`);
    for (const value of [-1n, 0n, 0x222n, 0x2n, 0x20n, 0x200n, 0xaaan, 0x888n]) {
      program.emit(
        `  li a0, ${hex64(value)}\n  csrw mie, x0\n  csrw sie, a0\n  csrr a1, sie\n  sd a1, 0(gp)\n  csrr a1, mie\n  sd a1, 8(gp)\n  csrw mie, a0\n  csrr a1, sie\n  sd a1, 16(gp)`,
      );
      program.emit(
        `  li a2, 0x222\n  csrc mip, a2\n  csrw sip, a0\n  csrr a1, sip\n  sd a1, 24(gp)\n  csrr a1, mip\n  sd a1, 32(gp)\n  csrw mie, x0\n  csrs mip, a2\n  csrr a1, sip\n  sd a1, 40(gp)\n  csrc mip, a2\n  addi gp, gp, 48`,
      );
      names.push(`write ${hex64(value)}`);
    }
    program.section(
      `sie, sip through mideleg ${hex64(deleg)}`,
      ['sie', 'mie', 'sie after mie', 'sip', 'mip', 'sip after mip'],
      { names },
    );
  }
  const ppn = 0x80200n;
  warl(program, 'satp', [
    0n,
    (8n << 60n) | ppn,
    (9n << 60n) | ppn,
    (10n << 60n) | ppn,
    (1n << 60n) | 5n,
    (11n << 60n) | 5n,
    (15n << 60n) | 5n,
    (8n << 60n) | (0xffffn << 44n) | ((1n << 44n) - 1n),
    0n,
  ]);
  warl(program, 'pmpcfg0', [0n, 0x1fn, 0x0f0f0f0f0f0f0f0fn, 0x18191b1c1d1f1f1fn, 0x1f00000000000000n], {});
  // Bits 5 and 6 of a pmpcfg byte are zero (1.12, "Physical Memory Protection CSRs").
  warl(program, 'pmpcfg0', [0x7fn, 0x6000000000000060n], { spec: (value) => value & 0x9f9f9f9f9f9f9f9fn });
  // pmpaddr holds address bits 55:2 in its bits 53:0.
  for (const n of [0, 7, 15])
    warl(program, `pmpaddr${n}`, [0n, 0x20000000n, (1n << 54n) - 1n, -1n, 0x5555555555555555n], {
      spec: (value) => value & ((1n << 54n) - 1n),
    });
  for (const csr of ['mcounteren', 'scounteren']) warl(program, csr, [0n, 7n, 1n, 2n, 4n, -1n], { mask: 7n });
  // menvcfg: FIOM, CBIE, CBCFE, CBZE and STCE exist (1.12, Zicbom, Zicboz, Sstc); CBIE = 2 is reserved and not written.
  const envSpec = (legal) => (value) => value & legal;
  warl(program, 'menvcfg', [0n, -1n, 1n, 0x10n, 0x30n, 0x40n, 0x80n, 1n << 63n], {
    mask: ~(1n << 62n),
    spec: envSpec(0x80000000000000f1n),
  });
  warl(program, 'senvcfg', [0n, -1n, 1n, 0x10n, 0x30n, 0x40n, 0x80n], { spec: envSpec(0xf1n) });
  warl(program, 'misa', [0n, -1n]);
  const names = [];
  const value = (name, body) => {
    program.emit(`${body}\n  sd a0, 0(gp)\n  addi gp, gp, 8`);
    names.push(name);
  };
  value('mhartid', '  csrr a0, mhartid');
  value('mconfigptr', '  csrr a0, mconfigptr');
  value(
    'mcycle keeps what is written',
    '  li a0, 0x123400000000\n  csrw mcycle, a0\n  csrr a0, mcycle\n  srli a0, a0, 32',
  );
  value(
    'minstret keeps what is written',
    '  li a0, 0x123400000000\n  csrw minstret, a0\n  csrr a0, minstret\n  srli a0, a0, 32',
  );
  value(
    'cycle is mcycle',
    '  li a0, 0x567800000000\n  csrw mcycle, a0\n  rdcycle a0\n  srli a0, a0, 32\n  csrw mcycle, x0',
  );
  value(
    'instret is minstret',
    '  li a0, 0x567800000000\n  csrw minstret, a0\n  rdinstret a0\n  srli a0, a0, 32\n  csrw minstret, x0',
  );
  value('instret advances', '  rdinstret a1\n  nop\n  nop\n  rdinstret a0\n  sltu a0, a1, a0');
  value('time never runs backwards', '  rdtime a1\n  rdtime a0\n  sltu a0, a0, a1');
  value(
    'time is mtime',
    '  li a2, 0x0200bff8\n  rdtime a1\n  ld a0, 0(a2)\n  rdtime a3\n  sltu a1, a0, a1\n  sltu a3, a3, a0\n  or a0, a1, a3',
  );
  value(
    'mvendorid, marchid, mimpid can be read',
    '  csrr a0, mvendorid\n  csrr a0, marchid\n  csrr a0, mimpid\n  li a0, 1',
  );
  value(
    'FS is dirty after a load',
    '  call sys_reset\n  li a0, 0x6000\n  csrc mstatus, a0\n  li a0, 0x2000\n  csrs mstatus, a0\n  la a1, exec_data\n  fld fa0, 0(a1)\n  csrr a0, mstatus\n  srli a0, a0, 13\n  andi a0, a0, 3',
  );
  value(
    'FS is dirty after fmv.d.x',
    '  li a0, 0x6000\n  csrc mstatus, a0\n  li a0, 0x4000\n  csrs mstatus, a0\n  fmv.d.x fa0, x0\n  csrr a0, mstatus\n  srli a0, a0, 13\n  andi a0, a0, 3',
  );
  value(
    'FS is dirty after a write of fcsr',
    '  li a0, 0x6000\n  csrc mstatus, a0\n  li a0, 0x2000\n  csrs mstatus, a0\n  csrw fcsr, x0\n  csrr a0, mstatus\n  srli a0, a0, 13\n  andi a0, a0, 3',
  );
  value('SD follows FS', '  csrr a0, mstatus\n  srli a0, a0, 63');
  // MPP is WARL and never holds the reserved mode 2 (1.12, 3.1.6.1); QEMU 7.2 keeps it.
  program.override(program.words + names.length, 0n);
  value(
    'MPP never reads 2',
    '  li a0, 0x1800\n  csrc mstatus, a0\n  li a0, 0x1000\n  csrs mstatus, a0\n  csrr a0, mstatus\n  srli a0, a0, 11\n  andi a0, a0, 3\n  addi a0, a0, -2\n  seqz a0, a0\n  li a1, 0x1800\n  csrs mstatus, a1',
  );
  // The FS cases go on from here.
  value(
    'FS clean before',
    '  li a0, 0x6000\n  csrc mstatus, a0\n  li a0, 0x4000\n  csrs mstatus, a0\n  csrr a0, mstatus\n  srli a0, a0, 13\n  andi a0, a0, 3',
  );
  value(
    'SD clear with FS clean',
    '  li a0, 0x6000\n  csrc mstatus, a0\n  li a0, 0x4000\n  csrs mstatus, a0\n  csrr a0, mstatus\n  srli a0, a0, 63\n  csrr a1, sstatus\n  srli a1, a1, 63\n  slli a1, a1, 1\n  or a0, a0, a1',
  );
  program.section('counters, identity, FS', ['value'], { names });
}

/** Numbers whose presence is up to the implementation: counters 3–31, triggers, mcountinhibit, mseccfg. */
function isOptional(csr) {
  return (
    (csr >= 0xb03 && csr <= 0xb1f) ||
    (csr >= 0xc03 && csr <= 0xc1f) ||
    (csr >= 0x320 && csr <= 0x33f) ||
    (csr >= 0x7a0 && csr <= 0x7af) ||
    csr === 0x747 ||
    csr === 0x757 ||
    csr === 0x5a8
  );
}

function access(program) {
  const all = Array.from({ length: 4096 }, (_, csr) => csr).filter((csr) => !isOptional(csr));
  for (const mode of ['M', 'S', 'U']) {
    const first = execSection(
      program,
      `read of every CSR number in ${mode}, all counters enabled`,
      all.map((csr) => csrrs(10, csr, 0)),
      { mode, mcounteren: 7, scounteren: 7, menvcfg: 1n << 63n },
    );
    // vstimecmp belongs to H; QEMU 7.2 shows it to M-mode without.
    const word = csrrs(10, 0x24d, 0);
    [2n, BigInt(word), 0n].forEach((value, at) =>
      program.override(first + all.indexOf(0x24d) * 3 + at, value),
    );
  }
  const readOnly = [0xc00, 0xc01, 0xc02, 0xf11, 0xf12, 0xf13, 0xf14, 0xf15];
  const forms = readOnly.flatMap((csr) => [
    csrrw(0, csr, 0),
    csrrw(10, csr, 11),
    csrrs(10, csr, 0),
    csrrs(0, csr, 11),
    csrForm(3, 0, csr, 11),
    csrForm(3, 10, csr, 0),
    csrForm(5, 0, csr, 0),
    csrForm(6, 10, csr, 0),
    csrForm(6, 10, csr, 1),
    csrForm(7, 10, csr, 0),
    csrForm(7, 0, csr, 1),
  ]);
  execSection(program, 'writes of read-only CSRs in M', forms, { mode: 'M', mcounteren: 7, scounteren: 7 });
  const counters = [csrrs(10, CSR.cycle, 0), csrrs(10, CSR.time, 0), csrrs(10, CSR.instret, 0)];
  for (const mode of ['M', 'S', 'U']) {
    for (const mcounteren of [0, 1, 2, 4, 7]) {
      for (const scounteren of [0, 1, 2, 4, 7]) {
        execSection(
          program,
          `cycle, time, instret in ${mode}, mcounteren ${mcounteren}, scounteren ${scounteren}`,
          counters,
          { mode, mcounteren, scounteren },
        );
      }
    }
  }
  const stimecmp = [csrrs(10, CSR.stimecmp, 0), csrrw(10, CSR.stimecmp, 0)];
  for (const mode of ['M', 'S', 'U']) {
    for (const mcounteren of [0, 2]) {
      for (const menvcfg of [0n, 1n << 63n]) {
        execSection(
          program,
          `stimecmp in ${mode}, mcounteren ${mcounteren}, menvcfg ${hex64(menvcfg)}`,
          stimecmp,
          { mode, mcounteren, menvcfg },
        );
      }
    }
  }
  const privileged = {
    'sfence.vma': 0x12000073,
    'sfence.vma a0, a1': 0x12b50073,
    sret: 0x10200073,
    'csrr satp': csrrs(10, CSR.satp, 0),
    'csrw satp': csrrw(0, CSR.satp, 0),
    mret: 0x30200073,
    'fence.i': 0x0000100f,
  };
  const F = MSTATUS.FS;
  for (const [title, status] of [
    ['none', F],
    ['TVM', F | MSTATUS.TVM],
    ['TSR', F | MSTATUS.TSR],
    ['TW', F | MSTATUS.TW],
    ['TVM, TSR', F | MSTATUS.TVM | MSTATUS.TSR],
  ]) {
    for (const mode of ['M', 'S', 'U']) {
      const list = Object.entries(privileged)
        .filter(([name]) => !(mode === 'M' && name === 'mret'))
        .map(([, word]) => word);
      execSection(program, `sfence.vma, sret, satp, mret in ${mode} with ${title}`, list, { mode, status });
    }
  }
  for (const mode of ['S', 'U'])
    execSection(program, `wfi in ${mode} with TW`, [0x10500073], { mode, status: F | MSTATUS.TW });
  execSection(program, 'wfi in U', [0x10500073], { mode: 'U', status: F });
  const float = [
    0x00052007,
    0x00053007,
    0x00052027,
    0x00053027,
    0x00007053,
    0x02007053,
    0x00007043,
    0x02007043,
    0xe0000553,
    0xe2000553,
    0xa0002553,
    0xe0001553,
    0x20000053,
    csrrs(10, 1, 0),
    csrrs(10, 2, 0),
    csrrs(10, 3, 0),
    csrrw(0, 3, 0),
    0xd0050053,
    0xc0050553,
    0x42000053,
  ];
  for (const mode of ['M', 'S', 'U']) {
    for (const fs of [0n, 1n, 2n, 3n])
      execSection(program, `floating point in ${mode} with FS ${fs}`, float, { mode, status: fs << 13n });
  }
}

export function csr() {
  const program = new SystemProgram(
    'csr',
    'QEMU 7.2 -cpu rv64; from the privileged specification 1.12 where QEMU 7.2 deviates: mepc and sepc bit 0, ' +
      'medeleg bits 10, 11, 14, mideleg, mie and mip bits 2, 6, 10, pmpcfg bits 5 and 6, pmpaddr bits 63:54, menvcfg and senvcfg with the fields of Zicbom and Zicboz, no vstimecmp, counters 3 to 31, instret.',
  );
  program.sourceOptions.handler += EXEC_RUNNER;
  instructions(program);
  performanceCounters(program);
  retired(program);
  fields(program);
  access(program);
  return program;
}
