// The runtime of the privileged groups: a trap handler in M and one in S that record what they see, and a builder of
// cases that each run a piece of code in one mode until it traps back to M.
//
// A case has a slot of 16 words: up to three trap records (cause, epc, tval, status, a0), then one extra word.
// Registers: gp next free word of the slot, tp the slot, t5 and t6 belong to the handlers.
import { hex64, Program } from './program.mjs';

export const MODE = { U: 0n, S: 1n, M: 3n };
export const MSTATUS = {
  SIE: 1n << 1n,
  MIE: 1n << 3n,
  SPIE: 1n << 5n,
  MPIE: 1n << 7n,
  SPP: 1n << 8n,
  MPP: 3n << 11n,
  FS: 3n << 13n,
  MPRV: 1n << 17n,
  SUM: 1n << 18n,
  MXR: 1n << 19n,
  TVM: 1n << 20n,
  TW: 1n << 21n,
  TSR: 1n << 22n,
};
/** Fields that a record shows; FS and SD are left to their own cases, since an implementation may set Dirty early. */
const STATUS_SHOWN = 0x7e19aan;
const SSTATUS_SHOWN = 0xc0122n;
const CLINT_MTIMECMP = 0x02004000n;

const RECORD = ['cause', 'epc', 'tval', 'status', 'a0'];
export const SLOT_LABELS = [1, 2, 3]
  .flatMap((n) => RECORD.map((name) => (n === 1 ? name : `${name} of trap ${n}`)))
  .concat('extra');
const SLOT_BYTES = SLOT_LABELS.length * 8;

/** In paged cases U-mode code runs at this alias of the program. */
export const USER_ALIAS = 0x10000000n;

const RUNTIME = `
.balign 64
m_trap:
  csrr t6, mstatus
  li t5, ${hex64(MSTATUS.MPRV)}
  csrc mstatus, t5
  csrr t5, mcause
  sd t5, 0(gp)
  csrr t5, mepc
  sd t5, 8(gp)
  csrr t5, mtval
  sd t5, 16(gp)
  li t5, ${hex64(STATUS_SHOWN)}
  and t6, t6, t5
  sd t6, 24(gp)
  sd a0, 32(gp)
  addi gp, gp, 40
  la t5, resume_pc
  ld t5, 0(t5)
  csrw mepc, t5
  li t5, 0x1800
  csrs mstatus, t5
  li t5, 0x80
  csrc mstatus, t5
  mret

.balign 64
s_trap:
  csrr t5, scause
  sd t5, 0(gp)
  csrr t5, sepc
  sd t5, 8(gp)
  csrr t5, stval
  sd t5, 16(gp)
  csrr t6, sstatus
  li t5, ${hex64(SSTATUS_SHOWN)}
  and t6, t6, t5
  sd t6, 24(gp)
  sd a0, 32(gp)
  addi gp, gp, 40
s_trap_done:
  ecall

# Back to a known state; locked PMP entries excepted.
sys_reset:
  csrw mie, x0
  csrw mideleg, x0
  csrw medeleg, x0
  csrw satp, x0
  sfence.vma
  li t0, ${hex64(0x7fffffn & ~0x1800n)}
  csrc mstatus, t0
  li t0, 0x7800
  csrs mstatus, t0
  csrw fcsr, x0
  la t0, m_trap
  csrw mtvec, t0
  la t0, s_trap
  csrw stvec, t0
  csrw mcounteren, x0
  csrw scounteren, x0
  li t0, -1
  slli t0, t0, 63
  csrw menvcfg, t0
  li t1, -1
  csrw stimecmp, t1
  csrw menvcfg, x0
  csrw senvcfg, x0
  li t0, ${hex64(CLINT_MTIMECMP)}
  sd t1, 0(t0)
  li t0, 0x02000000
  sw x0, 0(t0)
  li t0, 0x222
  csrc mip, t0
  csrw pmpcfg0, x0
  li t0, 0x1f
  slli t0, t0, 56
  csrw pmpcfg2, t0
  srli t1, t1, 10
  csrw pmpaddr15, t1
  csrw mscratch, x0
  csrw sscratch, x0
  csrw sepc, x0
  csrw scause, x0
  csrw stval, x0
  li a0, 0
  ret
# What a program writes lies in pages of its own: a store into a page of code drops what was translated from it.
.balign 4096
resume_pc: .dword 0
.balign 4096
`;

export class SystemProgram extends Program {
  constructor(group, note) {
    super(group, note);
    this.sourceOptions = { handler: RUNTIME };
    this.pending = [];
  }

  /**
   * One case. `pre` and `post` run in M-mode; `code` in `mode`, entered by mret with `status` bits set in mstatus
   * (MPIE and the interrupt enables among them); it ends by an ecall unless it trapped before.
   * @param {string} name
   * @param {{ pre?: string, mode?: 'U'|'S'|'M', code: string, post?: string, paged?: boolean, status?: bigint }} body
   */
  trapCase(name, { pre = '', mode = 'M', code, post = '', paged = false, status = 0n }) {
    const [start, resume] = [this.label('case'), this.label('resume')];
    this.emit(
      [
        `# ${name}`,
        '  mv tp, gp',
        '  call sys_reset',
        pre,
        `  la t0, ${resume}`,
        '  la t1, resume_pc',
        '  sd t0, 0(t1)',
        `  la t0, ${start}`,
        mode === 'U' && paged ? `  li t1, ${hex64(USER_ALIAS - 0x80000000n)}\n  add t0, t0, t1` : '',
        '  csrw mepc, t0',
        `  li t0, ${hex64(MSTATUS.MPP)}`,
        '  csrc mstatus, t0',
        `  li t0, ${hex64((MODE[mode] << 11n) | status)}`,
        '  csrs mstatus, t0',
        '  mret',
        `${start}:`,
        code,
        '  ecall',
        '.balign 4',
        `${resume}:`,
        post,
        `  addi gp, tp, ${SLOT_BYTES}`,
      ].join('\n'),
    );
    this.pending.push(name);
  }

  /** Closes a section of trap cases. @returns index of its first word */
  trapSection(title) {
    const first = this.words;
    this.section(title, SLOT_LABELS, { names: this.pending });
    this.pending = [];
    return first;
  }

  /** Slot word for `post`: stores register `register` as the case's extra word. */
  static extra(register) {
    return `  sd ${register}, 120(tp)`;
  }
}

/**
 * The exec runner: runs each slot [instruction, ecall] of a table once in a given mode and stores
 * (cause, mtval, mepc − slot).
 */
export const EXEC_RUNNER = `
.balign 4096
exec_state: .skip 96
.balign 4096
# a0 first slot, a1 end, a2 mstatus bits to set, a3 mcounteren, a4 scounteren, a5 menvcfg, a6 senvcfg
exec_run:
  la t0, exec_state
  sd a0, 0(t0)
  sd a1, 8(t0)
  sd a2, 16(t0)
  sd a3, 24(t0)
  sd a4, 32(t0)
  sd a5, 40(t0)
  sd a6, 48(t0)
  sd ra, 56(t0)
  sd gp, 64(t0)
exec_next:
  call sys_reset
  la t0, exec_state
  ld t1, 0(t0)
  ld t2, 8(t0)
  bgeu t1, t2, exec_done
  la t2, exec_trap
  csrw mtvec, t2
  ld t2, 24(t0)
  csrw mcounteren, t2
  ld t2, 32(t0)
  csrw scounteren, t2
  ld t2, 40(t0)
  csrw menvcfg, t2
  ld t2, 48(t0)
  csrw senvcfg, t2
  li t2, 0x7800
  csrc mstatus, t2
  ld t2, 16(t0)
  csrs mstatus, t2
  csrw mepc, t1
  la t2, exec_landing
  csrw sepc, t2
  la a0, exec_data
  la a1, exec_data
  li a2, 1
  mret
.balign 4
exec_landing:
  ecall
.balign 4
exec_trap:
  la t0, exec_state
  ld gp, 64(t0)
  ld t1, 0(t0)
  csrr t2, mcause
  sd t2, 0(gp)
  csrr t2, mtval
  sd t2, 8(gp)
  csrr t2, mepc
  sub t2, t2, t1
  sd t2, 16(gp)
  addi gp, gp, 24
  sd gp, 64(t0)
  addi t1, t1, 8
  sd t1, 0(t0)
  li t2, 0x1800
  csrs mstatus, t2
  j exec_next
exec_done:
  ld ra, 56(t0)
  ld gp, 64(t0)
  ret
.balign 4096
exec_data: .skip 128
.balign 4096
`;

const ECALL = 0x73n;

/** Runs `instructions` (32-bit words) in `mode`. @returns index of the section's first word */
export function execSection(
  program,
  title,
  instructions,
  { mode, status = MSTATUS.FS, mcounteren = 0, scounteren = 0, menvcfg = 0n, senvcfg = 0n },
) {
  const table = `exec_${program.sections.length}`;
  const first = program.words;
  program.table(
    table,
    ['slot (instruction, ecall)'],
    instructions.map((word) => [BigInt(word) | (ECALL << 32n)]),
  );
  program.emit(
    [
      `  la a0, ${table}`,
      `  li a1, ${instructions.length * 8}`,
      '  add a1, a1, a0',
      `  li a2, ${hex64((MODE[mode] << 11n) | status)}`,
      `  li a3, ${mcounteren}`,
      `  li a4, ${scounteren}`,
      `  li a5, ${hex64(menvcfg)}`,
      `  li a6, ${hex64(senvcfg)}`,
      '  call exec_run',
    ].join('\n'),
  );
  program.section(title, ['cause', 'mtval', 'mepc − slot'], { table, count: instructions.length });
  return first;
}

/**
 * Cause of a faulting AMO: the privileged specification's table of mcause has AMOs raise the store exceptions 6, 7 and
 * 15; QEMU 7.2 with one hart runs them as a load and a store and raises the load's.
 */
export function amoCause(cause) {
  return { 4: 6n, 5: 7n, 13: 15n }[cause] ?? cause;
}

/** Applies `amoCause` to the cases of a trap section whose name mentions an AMO. */
export function overrideAmoCauses(program, first, names) {
  names.forEach((name, i) => {
    if (/ amo(add|swap|max)\.| amo\b/.test(name)) program.override(first + i * SLOT_LABELS.length, amoCause);
  });
}
