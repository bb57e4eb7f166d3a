// Writes the x86 instruction fixtures, assembly/tests/x86/fixtures/<group>.json.gz.
//
//   node scripts/gen-x86-fixtures.mjs [group …]
//   node scripts/gen-x86-fixtures.mjs --show GROUP SECTION ROW
//
// Each group is a program that runs natively on this host, which has to be an x86-64 machine with BMI, ADX, AES and PCLMULQDQ, in 64-bit or in
// 32-bit code: what the CPU does is the expectation, less the bits that the manual leaves undefined. The same bytes run in the guest.
// Groups that begin with `protection-` are programs at CPL 0 whose log comes from qemu-system-x86_64, except where the program's note says otherwise.
// Needs Debian's gcc, binutils and qemu-system-x86; the tests need neither. Two runs write the same bytes. --show prints one case in full: files keep most
// results as hashes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodeFixture, packed } from './x86-fixtures/fixture-file.mjs';
import { GROUPS } from './x86-fixtures/groups.mjs';
import { PROGRAM_BASE } from './x86-fixtures/layout.mjs';
import { frame16, frame32, frame64, frameReal } from './x86-fixtures/hostile.mjs';
import { assemble, runNatively } from './x86-fixtures/native.mjs';
import { logFromQemu } from './x86-fixtures/qemu.mjs';
import { romSource } from './x86-fixtures/rom.mjs';
import { PROTECTION_GROUPS } from './x86-fixtures/protection-groups.mjs';

const OUT_DIR = fileURLToPath(new URL('../assembly/tests/x86/fixtures/', import.meta.url));

function record(name) {
  const program = GROUPS[name]();
  const binary = assemble(program.source(), PROGRAM_BASE, program.bits);
  return {
    program,
    binary,
    results: runNatively(binary, program.tableImage(), program.bits, program.resultBytes),
  };
}

function generate(name) {
  const { program, binary, results } = record(name);
  const file = encodeFixture(program, binary, results);
  writeFileSync(`${OUT_DIR}${name}.json.gz`, file);
  const cases = program.sections.reduce((sum, section) => sum + section.count, 0);
  console.log(
    `${name}: ${program.sections.length} sections, ${cases} cases, ${binary.length} bytes of program, ${file.length} bytes`,
  );
}

async function generateProtection(name, rom) {
  const program = PROTECTION_GROUPS[name]();
  const binary = assemble(program.source(), PROGRAM_BASE, 32);
  const log = await logFromQemu(rom, binary, program.cpu);
  const words = Buffer.alloc(log.length * 4);
  log.forEach((word, at) => {
    words.writeUInt32LE(word, at * 4);
  });
  const { note, titles, manual } = program;
  const file = packed({
    group: name,
    note,
    titles,
    manual,
    program: binary.toString('hex'),
    log: words.toString('hex'),
  });
  writeFileSync(`${OUT_DIR}${name}.json.gz`, file);
  console.log(
    `${name}: ${titles.length} cases, ${log.length} words, ${binary.length} bytes of program, ${file.length} bytes`,
  );
}

const hex = (bytes) => `0x${Buffer.from(bytes).reverse().toString('hex')}`;

function show(name, title, index) {
  const { program, results } = record(name);
  const section = program.sections.find((one) => one.title === title);
  if (!section) throw new Error(`no section '${title}' in ${name}`);
  console.log(section.code);
  for (const [column, value] of Object.entries(program.rows(section)[index]))
    console.log(`  in  ${column} 0x${value.toString(16)}`);
  let at = section.at + index * section.stride;
  for (const { name: column, size } of section.columns) {
    console.log(`  out ${column} ${hex(results.subarray(at, at + size))}`);
    at += size;
  }
}

const args = process.argv.slice(2);
if (args[0] === '--show') show(args[1], args[2], Number(args[3]));
else {
  const unknown = args.filter((name) => !(name in GROUPS || name in PROTECTION_GROUPS));
  if (unknown.length > 0) {
    console.error(
      `no group '${unknown[0]}'; there are: ${[...Object.keys(GROUPS), ...Object.keys(PROTECTION_GROUPS)].join(', ')}`,
    );
    process.exit(2);
  }
  mkdirSync(OUT_DIR, { recursive: true });
  const rom = assemble(romSource(), 0, 64);
  writeFileSync(`${OUT_DIR}rom.json.gz`, packed({ rom: rom.toString('hex') }));
  const frames = [frame16, frame32, frame64, frameReal].map((source) =>
    assemble(source, PROGRAM_BASE, 64).toString('hex'),
  );
  writeFileSync(
    `${OUT_DIR}hostile.json.gz`,
    packed({ frame16: frames[0], frame32: frames[1], frame64: frames[2], frameReal: frames[3] }),
  );
  for (const name of args.length > 0 ? args : [...Object.keys(GROUPS), ...Object.keys(PROTECTION_GROUPS)])
    if (name in GROUPS) generate(name);
    else await generateProtection(name, rom);
}
