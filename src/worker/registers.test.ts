import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeRegisters, REGISTERS } from './registers.ts';

/** Constants of an AssemblyScript source, by name. */
function constants(path: string): Record<string, number> {
  const text = readFileSync(new URL(`../../assembly/${path}`, import.meta.url), 'utf8');
  const found = text.matchAll(/export const (\w+): u32 = (0x[0-9a-f]+|\d+);/g);
  return Object.fromEntries([...found].map(([, name, value]) => [name, Number(value)]));
}

const offsetOf = (arch: string, name: string): number | undefined =>
  [...REGISTERS[arch].general, ...REGISTERS[arch].system].find((one) => one.name === name)?.offset;

describe('the registers', () => {
  it('of x86 lie where its frontend has them', () => {
    const x = constants('guest/x86/cpu.ts');
    const expected: Record<string, number> = {
      rax: x.RAX,
      rcx: x.RCX,
      rsp: x.RSP,
      rdi: x.RDI,
      r8: x.GPR + 64,
      r15: x.GPR + 120,
      'cc.op': x.CC_OP,
      'cc.src2': x.CC_SRC2,
      'cc.step': x.CC_STEP,
      'cc.rotated': x.CC_ROTATED,
      df: x.DF,
      'es.base': x.SEG_BASE,
      'gs.base': x.SEG_BASE + 8 * x.SEG_GS,
      eflags: x.X86_EFLAGS,
      cpl: x.X86_CPL,
      es: x.X86_SEG + x.SEG_SELECTOR,
      'gs.lim': x.X86_SEG + 16 * x.SEG_GS + x.SEG_LIMIT,
      'cs.attr': x.X86_SEG + 16 * x.SEG_CS + x.SEG_ATTRIBUTES,
      ldtr: x.X86_LDTR,
      'tr.lim': x.X86_TR + x.SEG_LIMIT,
      gdtr: x.X86_GDTR,
      idtr: x.X86_IDTR,
      cr0: x.X86_CR0,
      cr2: x.X86_CR2,
      cr3: x.X86_CR3,
      cr4: x.X86_CR4,
      xcr0: x.X86_XCR0,
      efer: x.X86_EFER,
    };
    for (const [name, offset] of Object.entries(expected))
      expect(offsetOf('x86_64', name), name).toBe(offset);
    expect(REGISTERS['i386']).toBe(REGISTERS['x86_64']);
  });

  it('of every architecture have names and places of their own', () => {
    for (const { general, system } of Object.values(REGISTERS)) {
      const all = [...general, ...system];
      expect(new Set(all.map((one) => one.name)).size).toBe(all.length);
      expect(new Set(all.map((one) => one.offset)).size).toBe(all.length);
    }
  });

  it('are shown with the digits of their size', () => {
    const view = new DataView(new ArrayBuffer(0x2000));
    view.setBigUint64(0x1000 + 0x200, 0xffff_fff0n, true);
    view.setBigUint64(0x1000 + 0x008, 0x1234n, true);
    view.setUint32(0x1000 + 0x950, 0xf000, true);
    const lines = describeRegisters('i386', view, 0x1000, () => 0n);
    expect(lines[0]).toBe('pc      00000000fffffff0');
    expect(lines[1]).toMatch(/^rax {5}0000000000001234 {2}rcx /);
    expect(lines).toContain('cs      0000f000');
    const riscv = describeRegisters('riscv64', view, 0x1000, (csr) => BigInt(csr));
    expect(riscv).toContain('mepc    0000000000000341');
    // The core gives them as signed numbers.
    expect(describeRegisters('riscv64', view, 0x1000, () => -4096n)).toContain('satp    fffffffffffff000');
  });
});
