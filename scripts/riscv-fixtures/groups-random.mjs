// Random programs: straight lines, forward branches and short loops over all user instructions, compared by hashes of
// the registers and of the memory they touched. They find what the tables by instruction cannot: how instructions
// share registers, flags and blocks.
import { asRegister, floatBoundaries, FORMATS, randomFloat, randomInt } from './operands.mjs';
import { DATA, PageTables, PROBE_RUNNER, PTE, READY, RWX } from './paging.mjs';
import { hex64, Program, Random } from './program.mjs';
import { SystemProgram, USER_ALIAS } from './system.mjs';

const THREE = (
  'add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw mul mulh mulhsu mulhu div divu rem remu mulw divw divuw remw remuw ' +
  'add.uw sh1add sh2add sh3add sh1add.uw sh2add.uw sh3add.uw andn orn xnor min minu max maxu rol rolw ror rorw bclr bext binv bset'
).split(' ');
// ctzw is left out: QEMU 7.2 has it wrong.
const TWO = 'clz ctz cpop clzw cpopw sext.b sext.h zext.h rev8 orc.b'.split(' ');
const IMMEDIATE = 'addi slti sltiu xori ori andi addiw'.split(' ');
const SHIFT64 = 'slli srli srai rori bclri bexti binvi bseti slli.uw'.split(' ');
const SHIFT32 = 'slliw srliw sraiw roriw'.split(' ');
const FLOAT_TWO = 'fadd fsub fmul fdiv fsgnj fsgnjn fsgnjx fmin fmax'.split(' ');
const FLOAT_THREE = 'fmadd fmsub fnmsub fnmadd'.split(' ');
const ROUNDED = new Set(['fadd', 'fsub', 'fmul', 'fdiv']);
const MODES = ['rne', 'rtz', 'rdn', 'rup', 'rmm', 'dyn'];
const LOADS = { lb: 1, lbu: 1, lh: 2, lhu: 2, lw: 4, lwu: 4, ld: 8 };
const STORES = { sb: 1, sh: 2, sw: 4, sd: 8 };
const AMOS = 'amoswap amoadd amoand amoor amoxor amomax amomaxu amomin amominu'.split(' ');
const BRANCHES = 'beq bne blt bge bltu bgeu'.split(' ');
const MEMORY_BYTES = 256;

/** x2 points to the memory, x3 and x4 belong to the runner, x31 counts loops; few registers make many dependencies. */
const X = ['x0', 'x1', 'x5', 'x6', 'x7', 'x8', 'x9', 'x10', 'x11', 'x12', 'x13', 'x14', 'x15'];
const F = Array.from({ length: 10 }, (_, i) => `f${i}`);

class Generator {
  /** @param {string[]} traps instructions of four bytes that raise exceptions, to be mixed in */
  constructor(program, random, traps = []) {
    this.program = program;
    this.random = random;
    this.traps = traps;
  }

  x() {
    return this.random.pick(X);
  }

  f() {
    return this.random.pick(F);
  }

  instruction() {
    const { random } = this;
    const letter = random.pick(['s', 'd']);
    switch (random.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return `${random.pick(THREE)} ${this.x()}, ${this.x()}, ${this.x()}`;
      case 4:
        return `${random.pick(TWO)} ${this.x()}, ${this.x()}`;
      case 5:
        return `${random.pick(IMMEDIATE)} ${this.x()}, ${this.x()}, ${random.below(4096) - 2048}`;
      case 6:
        return random.below(2)
          ? `${random.pick(SHIFT64)} ${this.x()}, ${this.x()}, ${random.below(64)}`
          : `${random.pick(SHIFT32)} ${this.x()}, ${this.x()}, ${random.below(32)}`;
      case 7:
        return `lui ${this.x()}, ${random.below(1 << 20)}`;
      case 8:
      case 9: {
        const [mnemonic, size] = random.pick(Object.entries(LOADS));
        return `${mnemonic} ${this.x()}, ${random.below(MEMORY_BYTES - size)}(x2)`;
      }
      case 10: {
        const [mnemonic, size] = random.pick(Object.entries(STORES));
        return `${mnemonic} ${this.x()}, ${random.below(MEMORY_BYTES - size)}(x2)`;
      }
      case 11: {
        const mnemonic = random.pick(FLOAT_TWO);
        return `${mnemonic}.${letter} ${this.f()}, ${this.f()}, ${this.f()}${ROUNDED.has(mnemonic) ? `, ${random.pick(MODES)}` : ''}`;
      }
      case 12:
        return random.below(2)
          ? `${random.pick(FLOAT_THREE)}.${letter} ${this.f()}, ${this.f()}, ${this.f()}, ${this.f()}, ${random.pick(MODES)}`
          : `fsqrt.${letter} ${this.f()}, ${this.f()}, ${random.pick(MODES)}`;
      case 13:
        return this.conversion(letter);
      case 14:
        return random.below(2)
          ? `${random.pick(AMOS)}.${random.pick(['w', 'd'])} ${this.x()}, ${this.x()}, (x2)`
          : `${random.pick(letter === 's' ? ['flw', 'fsw'] : ['fld', 'fsd'])} ${this.f()}, ${random.below(MEMORY_BYTES - 8)}(x2)`;
      default:
        return random.pick([
          `csrr ${this.x()}, fflags`,
          `csrrw ${this.x()}, mscratch, ${this.x()}`,
          `csrwi frm, ${random.below(5)}`,
          `csrrs ${this.x()}, mscratch, ${this.x()}`,
          `csrci fflags, ${random.below(32)}`,
        ]);
    }
  }

  conversion(letter) {
    const { random } = this;
    const type = random.pick(['w', 'wu', 'l', 'lu']);
    const bits = letter === 's' ? 'w' : 'd';
    return random.pick([
      `fcvt.${type}.${letter} ${this.x()}, ${this.f()}, ${random.pick(MODES)}`,
      letter === 'd' && type.startsWith('w')
        ? `fcvt.d.${type} ${this.f()}, ${this.x()}`
        : `fcvt.${letter}.${type} ${this.f()}, ${this.x()}, ${random.pick(MODES)}`,
      `fcvt.s.d ${this.f()}, ${this.f()}, ${random.pick(MODES)}`,
      `fcvt.d.s ${this.f()}, ${this.f()}`,
      `fmv.x.${bits} ${this.x()}, ${this.f()}`,
      `fmv.${bits}.x ${this.f()}, ${this.x()}`,
      `${random.pick(['feq', 'flt', 'fle'])}.${letter} ${this.x()}, ${this.f()}, ${this.f()}`,
      `fclass.${letter} ${this.x()}, ${this.f()}`,
    ]);
  }

  /** `count` instructions with forward branches among them, some in a loop; half of them may be compressed. */
  body(count) {
    const { random, program } = this;
    const lines = [];
    const open = [];
    let loop = null;
    for (let i = 0; i < count; i += 1) {
      for (let at = open.length - 1; at >= 0; at -= 1)
        if (open[at].until <= i) lines.push(`${open.splice(at, 1)[0].label}:`);
      const kind = random.below(12);
      if (kind === 0) {
        const label = program.label('r');
        lines.push(`  ${random.pick(BRANCHES)} ${this.x()}, ${this.x()}, ${label}`);
        open.push({ label, until: i + 2 + random.below(6) });
      } else if (kind === 1 && !loop && open.length === 0) {
        loop = { label: program.label('r'), until: i + 2 + random.below(8) };
        lines.push(`  li x31, ${2 + random.below(5)}\n${loop.label}:`);
      } else {
        const trap = this.traps.length > 0 && random.below(6) === 0;
        lines.push(`  ${trap ? random.pick(this.traps).replaceAll('REG', this.x()) : this.instruction()}`);
      }
      if (loop && i >= loop.until && open.length === 0) {
        lines.push(`  addi x31, x31, -1\n  bnez x31, ${loop.label}`);
        loop = null;
      }
    }
    for (const { label } of open) lines.push(`${label}:`);
    if (loop) lines.push(`  addi x31, x31, -1\n  bnez x31, ${loop.label}`);
    return `  .option push\n  .option ${random.below(2) ? 'rvc' : 'norvc'}\n${lines.join('\n')}\n  .option pop`;
  }
}

const HASH = '0x9e3779b97f4a7c15';

/** Tables and subroutines of all random programs; `memory` loads the address of the programs' memory into x2. */
function prepare(program, random, memory) {
  const [s, d] = [FORMATS.s, FORMATS.d];
  program.emitData('.balign 4096\nrandom_memory: .skip 512\nrandom_save: .skip 256\nrandom_seed:');
  for (let i = 0; i < 96; i += 1) program.emitData(`.dword ${hex64(randomInt(random))}`);
  program.emitData('random_floats:');
  for (let i = 0; i < 64; i += 1) {
    const format = i % 2 ? s : d;
    program.emitData(
      `.dword ${hex64(asRegister(format, random.below(3) ? randomFloat(random, format) : random.pick(floatBoundaries(format))))}`,
    );
  }
  const fill = Array.from(
    { length: MEMORY_BYTES / 8 },
    (_, i) => `  ld x5, ${i * 8}(x6)\n  sd x5, ${i * 8}(x2)`,
  ).join('\n');
  return `
random_setup:
  ${memory}
  la x6, random_seed
${fill}
  csrw fcsr, x0
  ret
# Folds the words at x6 up to x7 into x5.
random_hash:
  li x9, ${HASH}
1: ld x8, 0(x6)
  xor x5, x5, x8
  mul x5, x5, x9
  srli x8, x5, 29
  xor x5, x5, x8
  addi x6, x6, 8
  bltu x6, x7, 1b
  ret
`;
}

/** One program: registers from the tables, `generator`'s instructions, three hashes; gp advances by `words` words. */
function emitProgram(program, random, generator, words) {
  const first = random.below(60);
  program.emit(
    `  call random_setup\n  la x1, random_floats\n${F.map((f) => `  fld ${f}, ${random.below(64) * 8}(x1)`).join('\n')}\n  la x1, random_seed + ${first * 8}`,
  );
  program.emit(
    X.slice(2)
      .map((x, at) => `  ld ${x}, ${at * 8}(x1)`)
      .join('\n'),
  );
  program.emit(generator.body(16 + random.below(40)));
  // The registers go to memory behind the area that the program may change, then three hashes.
  const saveX = X.slice(1).map((x, at) => `  sd ${x}, ${at * 8}(x4)`);
  const saveF = F.map((f, at) => `  fsd ${f}, ${at * 8}(x4)`);
  program.emit(
    [
      '  la x4, random_save',
      ...saveX,
      `  li x5, 1\n  mv x6, x4\n  addi x7, x4, ${saveX.length * 8}\n  call random_hash\n  sd x5, 0(gp)`,
      ...saveF,
      `  csrr x5, fcsr\n  mv x6, x4\n  addi x7, x4, ${F.length * 8}\n  call random_hash\n  sd x5, 8(gp)`,
      `  mv x6, x2\n  addi x7, x6, ${MEMORY_BYTES}\n  li x5, 3\n  call random_hash\n  sd x5, 16(gp)\n  addi gp, gp, ${words * 8}`,
    ].join('\n'),
  );
}

function sections(program, labels, count) {
  for (let at = 0; at < count; at += 50) {
    const names = Array.from({ length: 50 }, (_, i) => `program ${at + i}`);
    program.section(`programs ${at} to ${at + 49}`, labels, { names });
  }
}

const LABELS = ['hash of x', 'hash of f and fcsr', 'hash of memory'];

/** In M-mode, untranslated. `seed` chooses another set of programs, for longer runs by hand. */
export function randomPrograms(seed = 1101) {
  const program = new Program(
    'random-programs',
    'QEMU 7.2: hashes of the integer registers, of the floating-point registers with fcsr, and of the memory.',
  );
  const random = new Random(seed);
  program.sourceOptions = { handler: prepare(program, random, 'la x2, random_memory') };
  const generator = new Generator(program, random);
  program.emit('  csrw mscratch, x0');
  for (let i = 0; i < 500; i += 1) emitProgram(program, random, generator, LABELS.length);
  sections(program, LABELS, 500);
  return program;
}

/** Where U-mode sees its memory: across two pages that are not neighbours in physical memory; nothing follows them. */
const MEMORY_VA = 0x20001000n - BigInt(MEMORY_BYTES / 2);
const RESULTS_VA = 0x30000000n;

const TRAPS = [
  'ld REG, 0(x27)',
  'sw REG, 4(x27)',
  'sd REG, -4(x25)',
  'ld REG, -3(x25)',
  'lw REG, 0(x25)',
  'lr.d REG, (x23)',
  '.word 0xffffffff',
  '.word 0x0000200b',
  'csrrw REG, mhartid, REG',
  'csrrs REG, sstatus, x0',
  'ecall',
  '.word 0x00100073',
  'sret',
  'sfence.vma',
];

/** In U-mode under Sv39 with exceptions in their midst: the handler folds (cause, tval, epc) into x26 and skips four bytes. */
export function randomTraps(seed = 1201) {
  const program = new SystemProgram(
    'random-traps',
    'QEMU 7.2, as random-programs, and a hash of all exceptions; AMOs that fault are not among them, since QEMU 7.2 gives them the wrong cause.',
  );
  const random = new Random(seed);
  const tables = new PageTables('sv39');
  tables.map(0x20000000n, DATA + 0x2000n, 0, READY | RWX | PTE.U);
  tables.map(0x20001000n, DATA + 0x5000n, 0, READY | RWX | PTE.U);
  tables.map(RESULTS_VA, 0x80400000n, 1, READY | PTE.R | PTE.W | PTE.U);
  tables.emit(program, 'random_tables');
  program.sourceOptions.handler += PROBE_RUNNER + prepare(program, random, `li x2, ${hex64(MEMORY_VA)}`);
  program.sourceOptions.handler += `
.balign 4
random_trap:
  csrr x28, mcause
  bnez x24, random_exit
  li x29, ${HASH}
  xor x26, x26, x28
  mul x26, x26, x29
  csrr x28, mtval
  xor x26, x26, x28
  mul x26, x26, x29
  csrr x28, mepc
  xor x26, x26, x28
  mul x26, x26, x29
  srli x29, x26, 31
  xor x26, x26, x29
  addi x28, x28, 4
  csrw mepc, x28
  mret
random_exit:
  li x28, ${hex64(RESULTS_VA - 0x80400000n)}
  sub gp, gp, x28
  j finish
`;
  program.emit(
    `  call sys_reset\n  la a0, random_tables\n  call pt_load\n  li t0, ${hex64(tables.satp)}\n  csrw satp, t0\n  sfence.vma\n  la t0, random_trap\n  csrw mtvec, t0\n  li t0, 0x1800\n  csrc mstatus, t0`,
  );
  program.emit(
    `  li t0, ${hex64(RESULTS_VA - 0x80400000n)}\n  add gp, gp, t0\n  la t0, 1f\n  li t1, ${hex64(USER_ALIAS - 0x80000000n)}\n  add t0, t0, t1\n  csrw mepc, t0\n  mret\n1:\n  li x24, 0\n  li x27, 0x60000000\n  li x25, 0x20002000\n  li x23, 0x20000004`,
  );
  const generator = new Generator(program, random, TRAPS);
  for (let i = 0; i < 300; i += 1) {
    program.emit('  li x26, 7');
    emitProgram(program, random, generator, LABELS.length + 1);
    program.emit('  sd x26, -8(gp)');
  }
  program.emit('  li x24, 1\n  ecall');
  sections(program, [...LABELS, 'hash of exceptions'], 300);
  return program;
}

/**
 * The same under a timer that interrupts every 3 µs: what an interrupt does to the programs must not show. The handler
 * uses x28 to x30 only; the last word says that there were interrupts.
 */
export function randomInterrupts(seed = 1301) {
  const program = new Program('random-interrupts', 'QEMU 7.2, as random-programs, interrupted by the timer.');
  const random = new Random(seed);
  program.sourceOptions = {
    handler: `${prepare(program, random, 'la x2, random_memory')}
.balign 4
timer_trap:
  csrr x28, mcause
  bgez x28, default_trap
  li x28, 0x0200bff8
  ld x29, 0(x28)
  addi x29, x29, 30
  li x28, 0x02004000
  sd x29, 0(x28)
  la x28, timer_count
  ld x29, 0(x28)
  addi x29, x29, 1
  sd x29, 0(x28)
  mret
.balign 4096
timer_count: .dword 0
.balign 4096
`,
  };
  const generator = new Generator(program, random);
  program.emit(
    '  la t0, timer_trap\n  csrw mtvec, t0\n  li t0, 0x80\n  csrw mie, t0\n  li t0, 0x02004000\n  sd x0, 0(t0)\n  csrsi mstatus, 8',
  );
  const loop = program.label('again');
  // Twenty rounds over the same programs, the last of which counts.
  program.emit(`  li x27, 20\n  mv x26, gp\n${loop}:\n  mv gp, x26`);
  for (let i = 0; i < 150; i += 1) emitProgram(program, random, generator, LABELS.length);
  program.emit(`  addi x27, x27, -1\n  beqz x27, 1f\n  la x28, ${loop}\n  jr x28\n1:`);
  program.emit(
    '  csrci mstatus, 8\n  csrw mie, x0\n  la t0, timer_count\n  ld t0, 0(t0)\n  snez t0, t0\n  sd t0, 0(gp)\n  addi gp, gp, 8',
  );
  sections(program, LABELS, 150);
  program.section('the timer interrupted them', ['taken'], { names: ['at least one interrupt'] });
  return program;
}
