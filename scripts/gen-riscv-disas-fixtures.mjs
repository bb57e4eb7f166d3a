// Makes assembly/guest/riscv/fixtures/objdump.txt: what GNU objdump prints for instructions that the decode tables
// describe, one line each: pc, word, text, separated by tabs. Run by hand; needs binutils for riscv64-linux-gnu.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { matches, readCsrNames, readTables } from './lib/riscv-decode.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'assembly/guest/riscv');
const ARCH = 'rv64gc_zba_zbb_zbs_zicbom_zicboz';
const START = 0x80000000;

const { fields, wide, compressed } = readTables(folder);
const csrs = readCsrNames(join(folder, 'csrs.def'));

/** Numbers that look random and are the same in every run (xorshift32). */
let state = 0x2545f491;
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

/** A word of this instruction. Bits that objdump wants clear though they mean nothing here are clear. */
function sample(pattern, width) {
  for (;;) {
    let word = ((random() & ~pattern.mask & (width === 16 ? 0xffff : ~0)) | pattern.value) >>> 0;
    if (pattern.name === 'fence') word = (word & 0x0ff0007f) >>> 0;
    if (pattern.name === 'fence.i') word = pattern.value;
    // The exact conversions have an rm field that objdump knows as 0 only.
    if (/^fcvt\.d\.(w|wu|s)$/.test(pattern.name)) word = (word & ~0x7000) >>> 0;
    if (pattern.name.startsWith('csr'))
      word = ((word & 0xfffff) | (csrs[random() % csrs.length].first << 20)) >>> 0;
    if (matches(pattern, word, fields)) return word;
  }
}

const extra = [0x8330000f, 0x7c0110f3, 0x00003217, 0xb1f022f3, 0xfffff0b7, 0x0000, 0x0001, 0x6001, 0x9c41];
const words = [
  ...wide.flatMap((pattern) => [sample(pattern, 32), sample(pattern, 32)]),
  ...compressed.flatMap((pattern) => [sample(pattern, 16), sample(pattern, 16)]),
  ...extra,
];

const scratch = mkdtempSync(join(tmpdir(), 'riscv-disas-'));
try {
  const source = words.map((word) =>
    (word & 3) === 3 ? `.insn 4, 0x${word.toString(16)}` : `.insn 2, 0x${word.toString(16)}`,
  );
  writeFileSync(join(scratch, 'a.s'), `${source.join('\n')}\n`);
  execFileSync('riscv64-linux-gnu-as', [`-march=${ARCH}`, '-o', 'a.o', 'a.s'], { cwd: scratch });
  const dump = execFileSync(
    'riscv64-linux-gnu-objdump',
    ['-d', '-z', '-M', 'no-aliases,numeric', `--adjust-vma=${START}`, 'a.o'],
    { cwd: scratch, encoding: 'utf8' },
  );
  const lines = [];
  for (const line of dump.split('\n')) {
    const match = /^\s*([0-9a-f]+):\t([0-9a-f]+)\s+(.*)$/.exec(line);
    if (!match) continue;
    const text = match[3].replace(/\s*(<.*>|# .*)$/, '').replace('\t', ' ');
    lines.push(`${match[1]}\t${match[2]}\t${text.trim()}`);
  }
  if (lines.length !== words.length) throw new Error(`objdump printed ${lines.length} of ${words.length}`);
  const target = join(folder, 'fixtures/objdump.txt');
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `${lines.join('\n')}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
