/** Names and places of each guest architecture's registers, for reports. registers.test.ts holds them against assembly/guest. */

/** The program counter of every architecture (assembly/vcpu/state.ts). */
export const STATE_PC = 0x200;

/** A register in the vCPU state: byte offset and size (4 or 8 bytes). */
export interface StateRegister {
  name: string;
  offset: number;
  size: 4 | 8;
}

export interface RegisterFile {
  /** Shown four to a line. */
  general: readonly StateRegister[];
  /** Shown one to a line. */
  system: readonly StateRegister[];
  /** Control registers that only the core can put together: name and number. */
  csrs: readonly (readonly [string, number])[];
}

const register = (name: string, offset: number, size: 4 | 8 = 8): StateRegister => ({ name, offset, size });
const series = (names: readonly string[], base: number): StateRegister[] =>
  names.map((name, i) => register(name, base + 8 * i));
const numbers = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

const RISCV: RegisterFile = {
  general: series([...numbers('x', 32), ...numbers('f', 32)], 0),
  system: [],
  csrs: [
    ['mstatus', 0x300],
    ['mepc', 0x341],
    ['mcause', 0x342],
    ['mtval', 0x343],
    ['mtvec', 0x305],
    ['sepc', 0x141],
    ['scause', 0x142],
    ['stval', 0x143],
    ['stvec', 0x105],
    ['satp', 0x180],
  ],
};

const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

const X86: RegisterFile = {
  general: [
    ...series(['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'], 0x008),
    ...numbers('r', 16)
      .slice(8)
      .map((name, i) => register(name, 0x048 + 8 * i)),
    ...series(['cc.op', 'cc.dst', 'cc.src', 'cc.src2', 'df'], 0x088),
    ...SEGMENTS.map((name, i) => register(`${name}.base`, 0x0b0 + 8 * i)),
    ...series(['cc.step', 'cc.rotated'], 0x0e0),
  ],
  system: [
    register('eflags', 0x900),
    register('cpl', 0x920, 4),
    // Selector, limit and attributes of each segment.
    ...[...SEGMENTS, 'ldtr', 'tr'].flatMap((name, i) => {
      const at = i < 6 ? 0x940 + 16 * i : 0x9a0 + 32 * (i - 6);
      return [
        register(name, at, 4),
        register(`${name}.lim`, at + 8, 4),
        register(`${name}.attr`, at + 12, 4),
      ];
    }),
    register('gdtr', 0x9e0),
    register('idtr', 0x9f0),
    ...['cr0', 'cr2', 'cr3', 'cr4', 'xcr0', 'efer'].map((name, i) => register(name, 0xa00 + 8 * i)),
  ],
  csrs: [],
};

/** By the architecture's name in the configuration. */
export const REGISTERS: Readonly<Record<string, RegisterFile>> = { riscv64: RISCV, i386: X86, x86_64: X86 };

/** The registers of a vCPU whose state lies at `state`, as lines of text. */
export function describeRegisters(
  arch: string,
  view: DataView,
  state: number,
  peekCsr: (csr: number) => bigint,
): string[] {
  const { general, system, csrs } = REGISTERS[arch];
  const text = ({ name, offset, size }: StateRegister): string => {
    const at = state + offset;
    const value = size === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));
    return `${name.padEnd(7)} ${value.toString(16).padStart(2 * size, '0')}`;
  };
  const lines = [text(register('pc', STATE_PC))];
  for (let i = 0; i < general.length; i += 4)
    lines.push(
      general
        .slice(i, i + 4)
        .map(text)
        .join('  '),
    );
  lines.push(...system.map(text));
  lines.push(
    ...csrs.map(
      ([name, csr]) => `${name.padEnd(7)} ${BigInt.asUintN(64, peekCsr(csr)).toString(16).padStart(16, '0')}`,
    ),
  );
  return lines;
}
