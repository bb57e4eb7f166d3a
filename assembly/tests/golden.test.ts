/**
 * Golden text of emitted Wasm, with its operations and bytes per guest instruction: assembly/tests/golden/<name>.wat. UPDATE_GOLDEN=1 rewrites
 * the files; a missing one fails.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createTestCore } from './harness.ts';
import { assemble } from './riscv/program.ts';
import { wasmText } from '../../src/worker/wasm-text.ts';

const BASE = 0x8000_0000n;
const FOLDER = new URL('./golden/', import.meta.url);

/** Each has a label `region`, where the region begins; it must run to its end in the interpreter and stop in a wfi. */
const SNIPPETS: Record<string, string> = {
  arithmetic: `
    region: add a0, a1, a2
      addiw a0, a0, 5
      slli a3, a0, 3
      srliw a4, a3, 2
      mulhu a5, a3, a4
      divw a6, a5, a0
      sltiu a7, a6, 9
      sh2add t0, a7, a0
      xor t1, t0, t0
      wfi`,
  memory: `
      la s0, data
      j region
    region: lbu a0, 0(s0)
      lw a1, 4(s0)
      ld a2, 8(s0)
      sb a0, 16(s0)
      sd a2, 24(s0)
      addi s0, s0, 8
      wfi
    .org 0x1000
    data: .dword 1
    .skip 64`,
  loop: `
      la s0, data
      li s1, 64
    region: ld a0, 0(s0)
      add a1, a1, a0
      addi s0, s0, 8
      addi s1, s1, -1
      bnez s1, region
      wfi
    .org 0x1000
    data: .skip 512`,
  'if-else': `
      li s1, 64
    region: andi t0, s1, 1
      beqz t0, even
      addi a0, a0, 1
      j next
    even: addi a1, a1, 1
    next: addi s1, s1, -1
      bnez s1, region
      wfi`,
  'nested-loops': `
      li s1, 20
    region: li s2, 20
    inner: add a0, a0, s2
      addi s2, s2, -1
      bnez s2, inner
      addi s1, s1, -1
      bnez s1, region
      wfi`,
  'call-return': `
      li s1, 40
    region: mv a0, s1
      jal double
      add s2, s2, a0
      addi s1, s1, -1
      bnez s1, region
      wfi
    double: slli a0, a0, 1
      ret`,
  'float-double': `
      li t0, 0x6000
      csrs mstatus, t0
      li s1, 20
      fcvt.d.l fa0, s1
    region: fadd.d fa1, fa1, fa0
      fmul.d fa2, fa1, fa0
      flt.d t0, fa1, fa2
      fmv.x.d t1, fa2
      addi s1, s1, -1
      bnez s1, region
      wfi`,
  atomics: `
      la s0, data
      li s1, 20
    region: amoadd.d a0, s1, (s0)
      amomaxu.w a1, s1, (s0)
      lr.d a2, (s0)
      sc.d a3, a2, (s0)
      fence
      addi s1, s1, -1
      bnez s1, region
      wfi
    .org 0x1000
    data: .dword 0`,
  // The loop of left and right is entered at both.
  irreducible: `
      li s1, 41
      j region
    region: andi t0, s1, 1
      addi s1, s1, -1
      beqz t0, right
    left: addi a0, a0, 1
      addi s1, s1, -1
      bltz s1, out
    right: addi a1, a1, 1
      addi s1, s1, -1
      bgez s1, left
    out: wfi`,
  system: `
      li s1, 20
    region: csrr a0, mscratch
      addi s1, s1, -1
      csrw mscratch, s1
      bnez s1, region
      wfi`,
};

describe('emitted Wasm', () => {
  for (const [name, source] of Object.entries(SNIPPETS)) {
    it(name, async () => {
      const core = await createTestCore({ tier: 'interp' });
      core.reset();
      const program = assemble(BASE, source);
      core.load(BASE, program.bytes);
      expect(core.run({ pc: BASE, maxInstructions: 100_000 }).reason).toBe('wfi');
      const { module, instructions } = core.emit(program.at('region'));
      expect(() => new WebAssembly.Module(new Uint8Array(module))).not.toThrow();
      const [{ text, operations, bytes }] = wasmText(module);
      const per = (count: number) => (count / instructions).toFixed(1);
      const actual = [
        ...source
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '')
          .map((line) => `;; ${line}`),
        `;; ${instructions} guest instructions: ${operations} operations, ${bytes} bytes; each ${per(operations)} and ${per(bytes)}`,
        text,
        '',
      ].join('\n');
      const file = new URL(`${name}.wat`, FOLDER);
      if (process.env.UPDATE_GOLDEN === '1') {
        mkdirSync(FOLDER, { recursive: true });
        writeFileSync(file, actual);
      }
      expect(existsSync(file), `${name}.wat is missing: UPDATE_GOLDEN=1 writes it`).toBe(true);
      expect(actual).toBe(readFileSync(file, 'utf8'));
    });
  }
});
