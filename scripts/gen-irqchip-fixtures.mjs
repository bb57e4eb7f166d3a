#!/usr/bin/env node
/**
 * Records how QEMU's interrupt controllers and timers behave, as assembly/irqchip/tests/fixtures/qemu.txt: `node scripts/gen-irqchip-fixtures.mjs`.
 *
 * Each scenario is a script that irqchip-fixtures/recorder.S, used as the firmware of a PC, carries out under `-icount shift=0`: nothing
 * else has touched the chips. Needs gcc, binutils and qemu-system-x86_64 (Debian: gcc, qemu-system-x86).
 *
 * The file has a line for each operation: its name and arguments, hexadecimal, then `@` and the TSC before it (in ns, decimal; of `halt` when the
 * handler ran), then what it answered (`-`: nothing).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCENARIOS } from './irqchip-fixtures/scenarios.mjs';
import { root } from './lib/project.mjs';

const ROM_SIZE = 0x10000;
const SCRIPT = 0x2000;
const SCRIPT_END = 0xff00;
const OPERATIONS = ['end', 'out', 'in', 'out32', 'in32', 'write', 'read', 'wait', 'take', 'halt', 'count'];
const SILENT = ['out', 'out32', 'write', 'wait', 'line'];
/** IRQ lines that a script can drive, with the port of the UART that does it: an empty transmitter interrupts while it may. */
const UARTS = { 3: 0x3f8, 6: 0x2f8, 9: 0x3e8, 12: 0x2e8 };

function assemble(folder) {
  const object = join(folder, 'recorder.o');
  const image = join(folder, 'recorder.bin');
  execFileSync('gcc', ['-m32', '-c', join(root, 'scripts/irqchip-fixtures/recorder.S'), '-o', object]);
  execFileSync('ld', [
    '-m',
    'elf_i386',
    '-Ttext',
    '0xffff0000',
    '--oformat',
    'binary',
    '-e',
    '_start',
    object,
    '-o',
    image,
  ]);
  const rom = readFileSync(image);
  if (rom.length !== ROM_SIZE) throw new Error(`the recorder has ${rom.length} bytes`);
  return rom;
}

/** The operation that the recorder knows. */
function lower([name, a = 0, b = 0]) {
  return name === 'line' ? ['out', UARTS[a] + 1, b ? 2 : 0] : [name, a, b];
}

function record(rom, script, folder) {
  if (SCRIPT + (script.length + 1) * 16 > SCRIPT_END)
    throw new Error(`${script.length} operations are too many`);
  const image = Buffer.from(rom);
  script.forEach((operation, i) => {
    const [name, a, b] = lower(operation);
    [OPERATIONS.indexOf(name), a, b].forEach((word, k) => {
      image.writeUInt32LE(Math.round(word) >>> 0, SCRIPT + i * 16 + k * 4);
    });
  });
  const bios = join(folder, 'bios.bin');
  const report = join(folder, 'report');
  writeFileSync(bios, image);
  const uarts = Object.entries(UARTS).flatMap(([irq, port], i) => [
    '-chardev',
    `null,id=c${i}`,
    '-device',
    `isa-serial,index=${i},iobase=${port},irq=${irq},chardev=c${i}`,
  ]);
  const machine = [
    '-M',
    'pc,accel=tcg',
    '-cpu',
    'qemu64',
    '-m',
    '16',
    '-nodefaults',
    '-display',
    'none',
    '-no-reboot',
  ];
  const args = [...machine, '-icount', 'shift=0,sleep=off', '-bios', bios, ...uarts];
  args.push(
    '-chardev',
    `file,id=report,path=${report}`,
    '-device',
    'isa-debugcon,iobase=0xe9,chardev=report',
  );
  args.push('-device', 'isa-debug-exit,iobase=0x501,iosize=1');
  const { signal, stderr } = spawnSync('qemu-system-x86_64', args, { timeout: 20_000, encoding: 'utf8' });
  const bytes = readFileSync(report);
  if (signal || bytes.length !== script.length * 12) {
    throw new Error(`only ${bytes.length / 12} of ${script.length} operations were answered: ${stderr}`);
  }
  return script.map(([name, ...operands], i) => {
    const tsc = bytes.readBigUInt64LE(i * 12);
    const answer = SILENT.includes(name) ? '-' : bytes.readUInt32LE(i * 12 + 8).toString(16);
    return [name, ...operands.map((word) => Math.round(word).toString(16)), `@${tsc}`, answer].join(' ');
  });
}

const folder = mkdtempSync(join(tmpdir(), 'irqchip-'));
try {
  const rom = assemble(folder);
  const version = execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  const lines = [`# Recorded by scripts/gen-irqchip-fixtures.mjs from ${version.replace(/ \(.*/, '')}`];
  for (const [name, script] of Object.entries(SCENARIOS)) {
    try {
      lines.push('', `[${name}]`, ...record(rom, script, folder));
    } catch (error) {
      throw new Error(`${name}: ${error.message}`);
    }
  }
  const target = join(root, 'assembly/irqchip/tests/fixtures');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'qemu.txt'), `${lines.join('\n')}\n`);
  console.log(`${lines.length} lines, ${Object.keys(SCENARIOS).length} scenarios`);
} finally {
  rmSync(folder, { recursive: true });
}
