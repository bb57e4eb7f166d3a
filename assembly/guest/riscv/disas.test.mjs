// The disassembler against GNU objdump, as recorded by scripts/gen-riscv-disas-fixtures.mjs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folder, loadFrontend } from './tests/module.mjs';

const OUT = 0x10_0000;

it('prints what objdump prints', async () => {
  const { exports, memory } = await loadFrontend();
  const lines = readFileSync(join(folder, 'fixtures/objdump.txt'), 'utf8').trim().split('\n');
  expect(lines.length).toBeGreaterThan(300);
  const printed = lines.map((line) => {
    const [pc, word] = line.split('\t');
    const length = exports.riscvDisassemble(Number.parseInt(word, 16), BigInt(`0x${pc}`), OUT);
    const text = Buffer.from(new Uint8Array(memory.buffer).slice(OUT, OUT + length)).toString('latin1');
    return `${pc}\t${word}\t${text}`;
  });
  expect(printed).toEqual(lines);
});
