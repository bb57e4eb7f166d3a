// Sweeps: thousands of encodings, legal and illegal ones, each run once from the same register file; one result word
// each tells cause, pc and a hash of all registers.
//
//   63        48 47      40 39      32 31                    0
//  | mtval is    | mepc −   | mcause   | hash of x, f and fcsr |
//  | instruction | slot     |          |                       |

const HASH_FACTOR = '0x9e3779b97f4a7c15';
const EBREAK = 0x00100073n;
const C_EBREAK = 0x9002n;

/** A slot of 8 bytes: the instruction, then ebreak in the length that follows. */
export function slot(instruction) {
  const word = BigInt(instruction);
  return (word & 3n) === 3n ? word | (EBREAK << 32n) : word | (C_EBREAK << 16n) | (EBREAK << 32n);
}

/**
 * Adds the sweep's runner; call once, then `sweep` for each set. The runner takes over mtvec.
 * @param {import('./program.mjs').Program} program
 * @param {{ registers: bigint[], floats: bigint[], mstatusFs: number }} options x1–x31, f0–f31
 */
export function sweepRunner(program, { registers, floats }) {
  program.emitData('.balign 16\nsweep_regs:');
  for (const value of registers) program.emitData(`.dword 0x${value.toString(16)}`);
  for (const value of floats) program.emitData(`.dword 0x${value.toString(16)}`);
  program.emitData('sweep_save: .skip 512\nsweep_state: .skip 64\n.balign 4096');
  const restore = Array.from({ length: 30 }, (_, i) => `  ld x${i + 1}, ${i * 8}(x31)`);
  const save = Array.from({ length: 30 }, (_, i) => `  sd x${i + 1}, ${i * 8}(x31)`);
  const floatRestore = Array.from({ length: 32 }, (_, i) => `  fld f${i}, ${248 + i * 8}(x31)`);
  const floatSave = Array.from({ length: 32 }, (_, i) => `  fsd f${i}, ${248 + i * 8}(x31)`);
  return [
    // sweep_run(a0 = first slot, a1 = end, a2 = fcsr): clobbers everything but gp and ra's saved copy.
    'sweep_run:',
    '  la t0, sweep_state',
    '  sd a0, 0(t0)\n  sd a1, 8(t0)\n  sd a2, 16(t0)\n  sd ra, 24(t0)\n  sd gp, 32(t0)',
    '  la t1, sweep_trap\n  csrw mtvec, t1',
    'sweep_next:',
    '  la t0, sweep_state\n  ld t1, 0(t0)\n  ld t2, 8(t0)\n  bgeu t1, t2, sweep_done',
    '  li t2, 0x7800\n  csrs mstatus, t2\n  ld t2, 16(t0)\n  csrw fcsr, t2\n  csrw mepc, t1',
    '  la x31, sweep_regs',
    ...floatRestore,
    ...restore,
    '  ld x31, 240(x31)',
    '  mret',
    '.balign 4',
    'sweep_trap:',
    '  csrw mscratch, x31\n  la x31, sweep_save',
    ...save,
    '  csrr x1, mscratch\n  sd x1, 240(x31)',
    ...floatSave,
    '  csrr a0, fcsr',
    `  li a1, ${HASH_FACTOR}\n  li a2, 63\n  mv a4, x31`,
    '1: ld a3, 0(a4)\n  xor a0, a0, a3\n  mul a0, a0, a1\n  srli a3, a0, 29\n  xor a0, a0, a3\n  addi a4, a4, 8\n  addi a2, a2, -1\n  bnez a2, 1b',
    '  slli a0, a0, 32\n  srli a0, a0, 32',
    '  csrr a1, mcause\n  slli a1, a1, 32\n  or a0, a0, a1',
    '  la t0, sweep_state\n  ld t1, 0(t0)\n  csrr a1, mepc\n  sub a1, a1, t1\n  slli a1, a1, 40\n  or a0, a0, a1',
    '  csrr a1, mtval\n  lwu a2, 0(t1)\n  andi a3, a2, 3\n  addi a3, a3, -3\n  beqz a3, 2f\n  slli a2, a2, 48\n  srli a2, a2, 48',
    '2: sub a1, a1, a2\n  seqz a1, a1\n  csrr a3, mcause\n  addi a3, a3, -3\n  snez a3, a3\n  and a1, a1, a3\n  slli a1, a1, 48\n  or a0, a0, a1',
    '  ld gp, 32(t0)\n  sd a0, 0(gp)\n  addi gp, gp, 8\n  sd gp, 32(t0)\n  addi t1, t1, 8\n  sd t1, 0(t0)\n  j sweep_next',
    'sweep_done:',
    '  ld ra, 24(t0)\n  ld gp, 32(t0)\n  ret',
  ].join('\n');
}

/** Runs each of `encodings` once; `title` names the set. */
export function sweep(program, title, encodings, fcsr = 0) {
  const table = `sweep_${program.sections.length}`;
  program.table(
    table,
    ['slot (instruction, ebreak)'],
    encodings.map((encoding) => [slot(encoding)]),
  );
  program.emit(
    `  la a0, ${table}\n  li a1, ${encodings.length * 8}\n  add a1, a1, a0\n  li a2, ${fcsr}\n  call sweep_run`,
  );
  program.section(title, ['mtval ok | pc | cause | hash'], { table, count: encodings.length });
}
