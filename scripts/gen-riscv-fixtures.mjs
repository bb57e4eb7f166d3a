// Writes the RISC-V conformance fixtures, assembly/tests/riscv/fixtures/<group>.json.gz.
//
//   node scripts/gen-riscv-fixtures.mjs [group …]
//
// Each group is a bare-metal M-mode program that stores result words from RESULT_BASE on, their count at RESULT_HEADER,
// and asks the test device for a reset. The expected words are QEMU's (qemu-system-riscv64 -M virt), except where the fixture's note says
// that they come from the specification. Needs Debian's qemu-system-misc and binutils-riscv64-linux-gnu; the tests
// need neither. Two runs write the same bytes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodeFixture } from './riscv-fixtures/fixture-file.mjs';
import { GROUPS } from './riscv-fixtures/groups.mjs';
import { assemble, resultsFromQemu } from './riscv-fixtures/oracle.mjs';

const OUT_DIR = fileURLToPath(new URL('../assembly/tests/riscv/fixtures/', import.meta.url));

async function generate(name) {
  const program = GROUPS[name]();
  const assembled = assemble(program.source(program.sourceOptions));
  program.symbols = assembled.symbols;
  try {
    const expected = program.runsOnQemu
      ? await resultsFromQemu(assembled, program.words)
      : Array.from({ length: program.words }, () => 0n);
    for (const [index, value] of program.overrides) expected[index] = value(expected[index]);
    const file = encodeFixture(program, assembled.binary, expected);
    writeFileSync(`${OUT_DIR}${name}.json.gz`, file);
    const cases = program.sections.reduce((sum, section) => sum + section.count * section.labels.length, 0);
    console.log(
      `${name}: ${program.sections.length} sections, ${cases} words, ${assembled.binary.length} bytes of program, ${file.length} bytes`,
    );
  } finally {
    assembled.dispose();
  }
}

const names = process.argv.slice(2);
for (const name of names) {
  if (!(name in GROUPS)) {
    console.error(`no group '${name}'; there are: ${Object.keys(GROUPS).join(', ')}`);
    process.exit(2);
  }
}
mkdirSync(OUT_DIR, { recursive: true });
for (const name of names.length > 0 ? names : Object.keys(GROUPS)) await generate(name);
