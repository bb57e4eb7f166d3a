// Decoder and disassembler against GNU objdump and against a processor, as recorded by scripts/gen-x86-disas-fixtures.mjs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { folder, loadFrontend } from './tests/module.mjs';

const CPU = 0x8_0000;
const SOURCE = 0x10_0000;
const OUT = 0x20_0000;
/** BLOCK_PE with the size of code. */
const FLAGS = { 16: 0x80, 32: 0x84, 64: 0x88 };
const AVAILABLE = 15;

let exports;
let memory;
beforeAll(async () => {
  ({ exports, memory } = await loadFrontend());
});

const lines = (name) =>
  readFileSync(join(folder, 'fixtures', name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));

function place(text) {
  const ram = new Uint8Array(memory.buffer);
  ram.fill(0x90, SOURCE, SOURCE + 32);
  ram.set(Buffer.from(text, 'hex'), SOURCE);
}

it('prints what objdump prints', () => {
  const recorded = lines('objdump.txt');
  expect(recorded.length).toBeGreaterThan(5000);
  const different = [];
  for (const [bits, pc, bytes, text] of recorded) {
    place(bytes);
    const length = exports.x86Disassemble(CPU, SOURCE, AVAILABLE, FLAGS[bits], BigInt(`0x${pc}`), OUT);
    const printed = Buffer.from(new Uint8Array(memory.buffer).slice(OUT, OUT + length)).toString('latin1');
    const size = exports.x86Decode(CPU, SOURCE, AVAILABLE, FLAGS[bits]);
    // What LOCK does not go with is undefined; objdump prints it.
    if (printed === '(bad)' && text.startsWith('lock ')) continue;
    if (printed !== text || size !== bytes.length / 2)
      different.push(`${bits} ${bytes}: ${printed} (${size}), not ${text}`);
  }
  expect(different).toEqual([]);
});

it('wants every byte of an instruction, and none behind it', () => {
  const wrong = [];
  for (const [bits, bytes, length] of lines('native.txt')) {
    if (length === '0') continue;
    place(bytes);
    new Uint8Array(memory.buffer).fill(0xff, SOURCE + Number(length), SOURCE + 32);
    const sizes = [Number(length) - 1, Number(length)].map((available) =>
      exports.x86Decode(CPU, SOURCE, available, FLAGS[bits]),
    );
    if (sizes[0] !== 0 || sizes[1] !== Number(length)) wrong.push(`${bits} ${bytes}: ${sizes}`);
  }
  expect(wrong).toEqual([]);
});

it('finds the instructions and lengths that a processor finds', () => {
  const recorded = lines('native.txt');
  expect(recorded.filter(([, , length]) => length !== '0').length).toBeGreaterThan(2000);
  expect(recorded.filter(([, , length]) => length === '0').length).toBeGreaterThan(1000);
  const different = [];
  for (const [bits, bytes, length] of recorded) {
    place(bytes);
    const size = exports.x86Decode(CPU, SOURCE, AVAILABLE, FLAGS[bits]);
    const defined = new DataView(memory.buffer).getUint16(CPU + 0x2a00, true) !== 0;
    const found = defined ? size : 0;
    if (found !== Number(length)) different.push(`${bits} ${bytes}: ${found}, not ${length}`);
  }
  expect(different).toEqual([]);
});
