/** `info registers` in QEMU's words. */
import type { Registers } from './target.ts';

const hex = (value: bigint, digits: number): string =>
  BigInt.asUintN(digits * 4, value)
    .toString(16)
    .padStart(digits, '0');

const RISCV_NAMES = [
  ...['zero', 'ra', 'sp', 'gp', 'tp', 't0', 't1', 't2', 's0', 's1'],
  ...['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'],
  ...['s2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', 's10', 's11', 't3', 't4', 't5', 't6'],
];
const RISCV_FLOATS = [
  ...['ft0', 'ft1', 'ft2', 'ft3', 'ft4', 'ft5', 'ft6', 'ft7', 'fs0', 'fs1'],
  ...['fa0', 'fa1', 'fa2', 'fa3', 'fa4', 'fa5', 'fa6', 'fa7'],
  ...['fs2', 'fs3', 'fs4', 'fs5', 'fs6', 'fs7', 'fs8', 'fs9', 'fs10', 'fs11'],
  ...['ft8', 'ft9', 'ft10', 'ft11'],
];
const RISCV_CSRS = [
  'mstatus',
  'mtvec',
  'stvec',
  'mepc',
  'sepc',
  'mcause',
  'scause',
  'mtval',
  'stval',
  'satp',
];

function four(items: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i < items.length; i += 4) lines.push(` ${items.slice(i, i + 4).join(' ')}`);
  return lines;
}

function riscv(of: (name: string) => bigint): string[] {
  const file = (prefix: string, names: readonly string[]): string[] =>
    four(names.map((name, i) => `${`${prefix}${i}/${name}`.padEnd(8)} ${hex(of(`${prefix}${i}`), 16)}`));
  return [
    ...['pc', ...RISCV_CSRS].map((name) => ` ${name.padEnd(8)} ${hex(of(name), 16)}`),
    ...file('x', RISCV_NAMES),
    ...file('f', RISCV_FLOATS),
  ];
}

const FLAGS: readonly (readonly [letter: string, bit: number])[] = [
  ['D', 10],
  ['O', 11],
  ['S', 7],
  ['Z', 6],
  ['A', 4],
  ['P', 2],
  ['C', 0],
];

/** EFER.LMA: the processor is in long mode, where registers are shown with 64 bits. */
const LONG_MODE = 0x400n;

function x86(of: (name: string) => bigint): string[] {
  const long = (of('efer') & LONG_MODE) !== 0n;
  const wide = long ? 16 : 8;
  const reg = (name: string): string => {
    const label = long ? `r${name}`.toUpperCase().padEnd(3) : `E${name}`.toUpperCase();
    return `${label}=${hex(of(`r${name}`), wide)}`;
  };
  const numbered = (n: number): string => `${`R${n}`.padEnd(3)}=${hex(of(`r${n}`), 16)}`;
  const flags = of('rflags') || of('eflags');
  const letters = FLAGS.map(([letter, bit]) => ((flags >> BigInt(bit)) & 1n ? letter : '-')).join('');
  const segment = (label: string, name: string): string =>
    `${label.padEnd(3)}=${hex(of(name), 4)} ${hex(of(`${name}.base`), wide)} ${hex(of(`${name}.lim`), 8)} ${hex(of(`${name}.attr`), 8)}`;
  return [
    ['ax', 'bx', 'cx', 'dx'].map(reg).join(' '),
    ['si', 'di', 'bp', 'sp'].map(reg).join(' '),
    ...(long ? [[8, 9, 10, 11].map(numbered).join(' '), [12, 13, 14, 15].map(numbered).join(' ')] : []),
    `${long ? 'RIP' : 'EIP'}=${hex(of('pc') - of('cs.base'), wide)} ${long ? 'RFL' : 'EFL'}=${hex(flags, 8)} [${letters}] CPL=${of('cpl')}`,
    ...['es', 'cs', 'ss', 'ds', 'fs', 'gs'].map((name) => segment(name.toUpperCase(), name)),
    `CR0=${hex(of('cr0'), 8)} CR2=${hex(of('cr2'), wide)} CR3=${hex(of('cr3'), wide)} CR4=${hex(of('cr4'), 8)}`,
    `EFER=${hex(of('efer'), 16)}`,
  ];
}

export function registersText(arch: string, registers: Registers): string {
  const of = (name: string): bigint => registers.get(name) ?? 0n;
  return ['', 'CPU#0', ...(arch.startsWith('riscv') ? riscv(of) : x86(of))].join('\n');
}
