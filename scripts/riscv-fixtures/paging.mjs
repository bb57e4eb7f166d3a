// Page tables as a list of entry writes, and the probe runner: one access under given tables, mode and mstatus.
import { hex64 } from './program.mjs';
import { amoCause, MODE, USER_ALIAS } from './system.mjs';

export const PTE = { V: 1n, R: 2n, W: 4n, X: 8n, U: 16n, G: 32n, A: 64n, D: 128n };
export const RWX = PTE.R | PTE.W | PTE.X;
/** A leaf that needs no update by hardware. */
export const READY = PTE.V | PTE.A | PTE.D;

/** Physical pages: tables at TABLES, data at DATA, the program at 0x80000000, results from 0x80400000 on. */
export const TABLES = 0x80200000n;
export const DATA = 0x80300000n;

/** The page that most cases map. */
export const PAGE_VA = 0x20000000n;
/** Nothing answers here on the virt board. */
export const HOLE = 0x18000000n;

export const SCHEMES = {
  sv39: { mode: 8n, levels: 3 },
  sv48: { mode: 9n, levels: 4 },
  sv57: { mode: 10n, levels: 5 },
};

export function pteFor(pa, flags) {
  return ((pa >> 12n) << 10n) | flags;
}

export class PageTables {
  /** @param {'sv39'|'sv48'|'sv57'} scheme @param {bigint} first physical address of the root table */
  constructor(scheme, first = TABLES) {
    this.scheme = SCHEMES[scheme];
    this.next = first;
    this.entries = new Map();
    this.root = this.allocate();
    // The program for S-mode, its alias for U-mode, tables and results for S-mode.
    this.map(0x80000000n, 0x80000000n, 1, READY | RWX);
    this.map(0x80200000n, 0x80200000n, 1, READY | PTE.R | PTE.W);
    this.map(0x80400000n, 0x80400000n, 1, READY | PTE.R | PTE.W);
    this.map(USER_ALIAS, 0x80000000n, 1, READY | RWX | PTE.U);
  }

  allocate() {
    const table = this.next;
    this.next += 4096n;
    return table;
  }

  get satp() {
    return (this.scheme.mode << 60n) | (this.root >> 12n);
  }

  /** Physical address of the entry of `va` at `level`; tables in between are made. */
  entryAddress(va, level) {
    let table = this.root;
    for (let at = this.scheme.levels - 1; ; at -= 1) {
      const address = table + ((va >> BigInt(12 + 9 * at)) & 511n) * 8n;
      if (at === level) return address;
      let pte = this.entries.get(address);
      if (pte === undefined) {
        pte = pteFor(this.allocate(), PTE.V);
        this.entries.set(address, pte);
      }
      table = (pte >> 10n) << 12n;
    }
  }

  /** @returns physical address of the leaf */
  map(va, pa, level, flags) {
    const address = this.entryAddress(va, level);
    this.entries.set(address, pteFor(pa, flags));
    return address;
  }

  /** Table of (address, entry) pairs for `pt_load`. */
  emit(program, label) {
    program.emitData(`.balign 8\n${label}:`);
    for (const [address, pte] of this.entries) program.emitData(`.dword ${hex64(address)}, ${hex64(pte)}`);
    program.emitData('.dword 0');
  }
}

/** Accesses that a probe can make; a0 takes what was loaded, a2 what is stored. */
export const ACCESSES = [
  'lb a0, 0(a1)',
  'lhu a0, 0(a1)',
  'lw a0, 0(a1)',
  'ld a0, 0(a1)',
  'sb a2, 0(a1)',
  'sh a2, 0(a1)',
  'sw a2, 0(a1)',
  'sd a2, 0(a1)',
  'jalr a0, 0(a1)',
  'amoadd.d a0, a2, (a1)',
  'lr.d a0, (a1)',
  'fld fa0, 0(a1)',
  'fsd fa1, 0(a1)',
  'amoswap.w a0, a2, (a1)',
];
export const accessIndex = (mnemonic) => {
  const index = ACCESSES.findIndex((text) => text.startsWith(`${mnemonic} `));
  if (index < 0) throw new Error(`no access ${mnemonic}`);
  return BigInt(index);
};

export const PROBE_LABELS = ['cause', 'epc', 'tval', 'a0', 'entry', 'second entry', 'memory'];
export const PROBE_OPERANDS = [
  'satp',
  'entry address',
  'entry',
  'second entry address',
  'second entry',
  'mstatus',
  'va',
  'access',
  'memory at',
];

/**
 * Zeroed tables, data pages of a known pattern that execute as `li a0, 77; ecall` at their start and middle; then
 * probe_run(a0 = first row, a1 = end).
 */
export const PROBE_RUNNER = `
.balign 4096
probe_state: .skip 64
.balign 4096
# Clears 64 tables, then writes the pairs at a0.
pt_load:
  li t0, ${hex64(TABLES)}
  li t1, ${hex64(TABLES + 0x40000n)}
1: sd x0, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, 1b
2: ld t0, 0(a0)
  beqz t0, 3f
  ld t1, 8(a0)
  sd t1, 0(t0)
  addi a0, a0, 16
  j 2b
3: sfence.vma
  ret
data_fill:
  li t0, ${hex64(DATA)}
  li t1, ${hex64(DATA + 0x8000n)}
  li t2, 0x0000007304d00513
  li t3, 0x0101010101010101
1: sd t2, 0(t0)
  add t2, t2, x0
  addi t0, t0, 8
  sd t3, 0(t0)
  li t4, 0x1001
  add t3, t3, t4
  addi t0, t0, 8
  bltu t0, t1, 1b
  fence.i
  ret
probe_run:
  la t0, probe_state
  sd a0, 0(t0)
  sd a1, 8(t0)
  sd ra, 16(t0)
  sd gp, 24(t0)
probe_next:
  call sys_reset
  call data_fill
  la t0, probe_state
  ld t1, 0(t0)
  ld t2, 8(t0)
  bgeu t1, t2, probe_done
  la t2, probe_trap
  csrw mtvec, t2
  ld t3, 8(t1)
  beqz t3, 1f
  ld t4, 16(t1)
  sd t4, 0(t3)
1: ld t3, 24(t1)
  beqz t3, 1f
  ld t4, 32(t1)
  sd t4, 0(t3)
1: ld t2, 0(t1)
  csrw satp, t2
  sfence.vma
  ld t3, 56(t1)
  slli t3, t3, 3
  la t4, probe_code
  add t4, t4, t3
  li t3, 0x1800
  csrc mstatus, t3
  ld t3, 40(t1)
  srli t5, t3, 11
  andi t5, t5, 3
  bnez t5, 1f
  beqz t2, 1f
  li t5, ${hex64(USER_ALIAS - 0x80000000n)}
  add t4, t4, t5
1: csrw mepc, t4
  ld a1, 48(t1)
  li a2, 0x1122334455667788
  fmv.d.x fa1, a2
  li a0, 0
  csrs mstatus, t3
  mret
.balign 4
probe_trap:
  li t5, 0x20000
  csrc mstatus, t5
  la t0, probe_state
  ld gp, 24(t0)
  ld t1, 0(t0)
  csrr t2, mcause
  sd t2, 0(gp)
  csrr t2, mepc
  sd t2, 8(gp)
  csrr t2, mtval
  sd t2, 16(gp)
  sd a0, 24(gp)
  ld t2, 8(t1)
  beqz t2, 1f
  ld t2, 0(t2)
1: sd t2, 32(gp)
  ld t2, 24(t1)
  beqz t2, 1f
  ld t2, 0(t2)
1: sd t2, 40(gp)
  ld t2, 64(t1)
  beqz t2, 1f
  ld t2, 0(t2)
1: sd t2, 48(gp)
  addi gp, gp, 56
  sd gp, 24(t0)
  addi t1, t1, 72
  sd t1, 0(t0)
  li t2, 0x1800
  csrs mstatus, t2
  j probe_next
probe_done:
  ld ra, 16(t0)
  ld gp, 24(t0)
  ret
.balign 8
probe_code:
${ACCESSES.map((text) => `  ${text}\n  ecall`).join('\n')}
`;

/**
 * A section of probes. Rows: { entryAddress, entry, secondAddress, second, mode, status, va, access, memory }.
 * @returns index of the section's first word
 */
export function probeSection(program, title, tables, rows) {
  const n = program.sections.length;
  const first = program.words;
  if (tables) {
    tables.emit(program, `tables_${n}`);
    program.emit(`  call sys_reset\n  la a0, tables_${n}\n  call pt_load`);
  }
  program.table(
    `probes_${n}`,
    PROBE_OPERANDS,
    rows.map((row) => [
      row.satp ?? tables?.satp ?? 0n,
      row.entryAddress ?? 0n,
      row.entry ?? 0n,
      row.secondAddress ?? 0n,
      row.second ?? 0n,
      (MODE[row.mode] << 11n) | (row.status ?? 0n),
      row.va,
      accessIndex(row.access),
      row.memory ?? 0n,
    ]),
  );
  program.emit(
    `${program.probeSetup ?? ''}\n  la a0, probes_${n}\n  li a1, ${rows.length * PROBE_OPERANDS.length * 8}\n  add a1, a1, a0\n  call probe_run`,
  );
  program.section(title, PROBE_LABELS, { table: `probes_${n}`, count: rows.length });
  rows.forEach((row, i) => {
    if (!row.access.startsWith('amo')) return;
    const word = first + i * PROBE_LABELS.length;
    let faulted = false;
    program.override(word, (cause) => {
      faulted = cause < 8n || cause > 11n;
      return amoCause(cause);
    });
    // The load that QEMU makes of an AMO sets A before the store faults.
    program.override(word + 4, (entry) => (faulted && row.entryAddress ? row.entry : entry));
  });
  return first;
}
