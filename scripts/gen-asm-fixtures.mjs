/**
 * Records what GNU as makes of every golden case, so that the assembler's tests need no binutils.
 * Needs Debian's binutils-riscv64-linux-gnu. Usage: node scripts/gen-asm-fixtures.mjs
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GOLDEN_PRELUDE, goldenCases } from './lib/riscv-asm/golden-cases.mjs';

const OUTPUT = fileURLToPath(new URL('./lib/riscv-asm/fixtures/golden.json', import.meta.url));
const MARCH = 'rv64imafd_zicsr_zifencei_zba_zbb_zbs_zicbom_zicboz_zihintpause';

/**
 * One file for all cases: each is preceded by its length, and padded so that the next length is aligned.
 * @param {string[]} cases
 */
function combinedSource(cases) {
  const parts = ['.option norelax\n', GOLDEN_PRELUDE, '.text\n'];
  cases.forEach((source, index) => {
    parts.push(`.balign 8\n.8byte .Lend${index} - .Lstart${index}\n`);
    parts.push(`.Lstart${index}:\n${source}\n.Lend${index}:\n`);
  });
  return parts.join('');
}

/** Whole programs: their flat image must have the digest that GNU as, ld and objcopy give. */
const PROGRAMS = [
  'images/demo/snowfall.s',
  'images/device-tree/device-tree.s',
  'images/aurora/aurora.s',
  'images/bench-loop/bench-loop.s',
  'scripts/lib/riscv-asm/fixtures/org.s',
];
/** The layout that docs/riscv-asm.md promises. */
const LINKER_SCRIPT = `SECTIONS {
  . = 0x80000000;
  .text : { *(.text) } .rodata : { *(.rodata) } . = ALIGN(0x1000);
  .data : { *(.data) } .bss : { *(.bss) }
}`;

/**
 * @param {string} program path relative to the root
 * @param {(name: string) => string} path in the work folder
 * @returns {string} SHA-256 of the flat image, in hex
 */
function programDigest(program, path) {
  const source = fileURLToPath(new URL(`../${program}`, import.meta.url));
  writeFileSync(path('link.ld'), LINKER_SCRIPT);
  const flags = [`-march=${MARCH}`, '-mabi=lp64d', '-mno-relax'];
  execFileSync('riscv64-linux-gnu-as', [...flags, '-o', path('p.o'), source], {
    cwd: dirname(source),
    stdio: 'inherit',
  });
  execFileSync('riscv64-linux-gnu-ld', [
    '--no-relax',
    '-T',
    path('link.ld'),
    '-o',
    path('p.elf'),
    path('p.o'),
  ]);
  execFileSync('riscv64-linux-gnu-objcopy', ['-O', 'binary', path('p.elf'), path('p.bin')]);
  return createHash('sha256')
    .update(readFileSync(path('p.bin')))
    .digest('hex');
}

const cases = goldenCases();
const folder = mkdtempSync(join(tmpdir(), 'asm-fixtures-'));
try {
  const path = (/** @type {string} */ name) => join(folder, name);
  writeFileSync(path('all.s'), combinedSource(cases));
  execFileSync(
    'riscv64-linux-gnu-as',
    [`-march=${MARCH}`, '-mabi=lp64d', '-mno-relax', '-o', path('all.o'), path('all.s')],
    {
      stdio: 'inherit',
    },
  );
  const link = ['--no-relax', '-Ttext=0x80000000', '-e', '0x80000000', '-o', path('all.elf'), path('all.o')];
  execFileSync('riscv64-linux-gnu-ld', link, { stdio: 'inherit' });
  execFileSync('riscv64-linux-gnu-objcopy', [
    '-O',
    'binary',
    '-j',
    '.text',
    path('all.elf'),
    path('all.bin'),
  ]);
  const image = readFileSync(path('all.bin'));
  let at = 0;
  const golden = cases.map((source) => {
    at = (at + 7) & ~7;
    const length = Number(image.readBigUInt64LE(at));
    const hex = image.subarray(at + 8, at + 8 + length).toString('hex');
    at += 8 + length;
    return [source, hex];
  });
  const version = execFileSync('riscv64-linux-gnu-as', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  const rows = golden.map((row) => `    ${JSON.stringify(row)}`).join(',\n');
  const digests = PROGRAMS.map((name) => `    ${JSON.stringify(name)}: "${programDigest(name, path)}"`);
  const programs = `  "programs": {\n${digests.join(',\n')}\n  },\n`;
  writeFileSync(
    OUTPUT,
    `{\n  "recordedFrom": ${JSON.stringify(version)},\n${programs}  "cases": [\n${rows}\n  ]\n}\n`,
  );
  console.log(`${golden.length} cases recorded from ${version}`);
} finally {
  rmSync(folder, { recursive: true });
}
