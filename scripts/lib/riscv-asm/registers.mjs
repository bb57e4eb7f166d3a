/**
 * Register, CSR and rounding-mode names.
 * Sources: RISC-V ABIs specification (register names); privileged specification 1.12, tables 2.2-2.6 (CSRs);
 * Sstc extension (stimecmp).
 */

const INT_ABI_NAMES = [
  'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5',
  'a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6',
];
const FP_ABI_NAMES = [
  'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5',
  'fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11',
];

/**
 * @param {string} prefix
 * @param {string[]} abiNames
 */
function numberRegisters(prefix, abiNames) {
  const names = abiNames.join(' ').split(' ');
  /** @type {Map<string, number>} */
  const map = new Map();
  names.forEach((name, index) => {
    map.set(name, index).set(`${prefix}${index}`, index);
  });
  return map;
}

/** Integer register name → number 0..31. */
export const INT_REGISTERS = numberRegisters('x', INT_ABI_NAMES).set('fp', 8);
/** Floating-point register name → number 0..31. */
export const FP_REGISTERS = numberRegisters('f', FP_ABI_NAMES);

/** Rounding-mode name → the `rm` field (F extension, table 11.1). */
export const ROUNDING_MODES = new Map(Object.entries({ rne: 0, rtz: 1, rdn: 2, rup: 3, rmm: 4, dyn: 7 }));

/** [name, number] of single CSRs. */
const SINGLE_CSRS = {
  fflags: 0x001,
  frm: 0x002,
  fcsr: 0x003,
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  scounteren: 0x106,
  senvcfg: 0x10a,
  sscratch: 0x140,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  sip: 0x144,
  stimecmp: 0x14d,
  satp: 0x180,
  mstatus: 0x300,
  misa: 0x301,
  medeleg: 0x302,
  mideleg: 0x303,
  mie: 0x304,
  mtvec: 0x305,
  mcounteren: 0x306,
  menvcfg: 0x30a,
  mcountinhibit: 0x320,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  mseccfg: 0x747,
  tselect: 0x7a0,
  tdata1: 0x7a1,
  tdata2: 0x7a2,
  tdata3: 0x7a3,
  mcycle: 0xb00,
  minstret: 0xb02,
  mvendorid: 0xf11,
  marchid: 0xf12,
  mimpid: 0xf13,
  mhartid: 0xf14,
  mconfigptr: 0xf15,
};

/** CSR name → number. On RV64 only the even `pmpcfg` registers exist. */
export const CSRS = new Map(Object.entries(SINGLE_CSRS));
for (let i = 3; i < 32; i++) {
  CSRS.set(`hpmcounter${i}`, 0xc00 + i);
  CSRS.set(`mhpmcounter${i}`, 0xb00 + i);
  CSRS.set(`mhpmevent${i}`, 0x320 + i);
}
for (let i = 0; i < 16; i += 2) CSRS.set(`pmpcfg${i}`, 0x3a0 + i);
for (let i = 0; i < 64; i++) CSRS.set(`pmpaddr${i}`, 0x3b0 + i);
