// Records what QEMU's processor does with the system programs under assembly/tests/x86/system/: their images and logs become fixtures. Needs
// binutils for x86, qemu-system-x86_64 and qemu-system-i386; run it after a program changed. `--check` only says whether the images are those of the sources.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../assembly/tests/x86/system/', import.meta.url));
const fixtures = fileURLToPath(new URL('../assembly/tests/x86/fixtures/', import.meta.url));

/** QEMU is asked only for programs that log nothing that it gets wrong; checks.S and limits16.S are judged by the manual. */
const PROGRAMS = [
  { name: 'protected', cpu: 'max' },
  { name: 'long', cpu: 'max,vendor=GenuineIntel' },
  { name: 'events', cpu: 'max' },
  { name: 'state', cpu: 'max' },
  { name: 'real', cpu: 'max' },
  { name: 'gates16', cpu: 'max' },
  { name: 'init', cpu: 'max' },
  { name: 'smm32', cpu: 'max', qemu: 'qemu-system-i386' },
  { name: 'model', cpu: 'qemu64' },
  { name: 'a20', cpu: 'max', prints: true },
  { name: 'checks' },
  { name: 'limits16' },
];
const IMAGE_BASE = '0x10000';
const ROM_BYTES = 0x10000;
const QEMU_SECONDS = 20;

function assemble(name, folder) {
  const object = join(folder, `${name}.o`);
  const image = join(folder, `${name}.bin`);
  execFileSync('as', ['--64', '-I', sources, '-o', object, join(sources, `${name}.S`)]);
  const flags = ['-m', 'elf_x86_64', `-Ttext=${IMAGE_BASE}`, '--oformat', 'binary', '-e', IMAGE_BASE];
  execFileSync('ld', [...flags, '-o', image, object]);
  return readFileSync(image);
}

/** The image below 1 MiB, and at the reset vector a far jump to it. */
function romOf(image) {
  const rom = Buffer.alloc(ROM_BYTES);
  image.copy(rom);
  Buffer.from([0xea, 0x00, 0x00, 0x00, 0xf0]).copy(rom, ROM_BYTES - 16);
  return rom;
}

/** The program writes its log to the debug console: a count and as many double words. */
function record(rom, cpu, qemu, folder) {
  const file = join(folder, 'rom');
  const log = join(folder, 'log');
  writeFileSync(file, rom);
  const machine = ['-M', 'pc,accel=tcg', '-cpu', cpu, '-m', '64', '-bios', file, '-no-reboot'];
  const devices = ['-debugcon', `file:${log}`, '-device', 'isa-debug-exit,iobase=0xf4'];
  const quiet = ['-display', 'none', '-nic', 'none', '-serial', 'none'];
  spawnSync(qemu, [...machine, ...devices, ...quiet], { timeout: QEMU_SECONDS * 1000 });
  const bytes = readFileSync(log);
  if (bytes.length < 4) throw new Error('the program did not finish in QEMU');
  return Array.from({ length: bytes.readUInt32LE(0) }, (_, i) => bytes.readUInt32LE(4 + i * 4).toString(16));
}

/** What the program prints on COM1, up to the end of its line. */
async function recordSerial(rom, cpu, qemu, folder) {
  const file = join(folder, 'rom');
  writeFileSync(file, rom);
  const machine = ['-M', 'pc,accel=tcg', '-cpu', cpu, '-m', '64', '-bios', file, '-no-reboot'];
  const quiet = ['-display', 'none', '-nic', 'none', '-monitor', 'none', '-serial', 'stdio'];
  const child = spawn(qemu, [...machine, ...quiet], { stdio: ['ignore', 'pipe', 'inherit'] });
  const timer = setTimeout(() => child.kill(), QEMU_SECONDS * 1000);
  let text = '';
  try {
    for await (const chunk of child.stdout) {
      text += chunk;
      if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
    }
    throw new Error('the program did not finish in QEMU');
  } finally {
    clearTimeout(timer);
    child.kill();
  }
}

const check = process.argv.includes('--check');
const folder = mkdtempSync(join(tmpdir(), 'x86-system-'));
try {
  for (const { name, cpu, prints, qemu = 'qemu-system-x86_64' } of PROGRAMS) {
    const image = assemble(name, folder);
    const target = join(fixtures, `system-${name}.json`);
    if (check) {
      const known = existsSync(target) ? JSON.parse(readFileSync(target, 'utf8')).image : '';
      if (known !== image.toString('hex')) throw new Error(`${target} is not of ${name}.S: run this script`);
      continue;
    }
    if (prints) {
      const serial = await recordSerial(romOf(image), cpu, qemu, folder);
      writeFileSync(target, `${JSON.stringify({ image: image.toString('hex'), cpu, serial }, null, 1)}\n`);
      console.log(`${name}: ${image.length} bytes, prints "${serial}"`);
      continue;
    }
    const log = cpu ? record(romOf(image), cpu, qemu, folder) : undefined;
    writeFileSync(target, `${JSON.stringify({ image: image.toString('hex'), cpu, log }, null, 1)}\n`);
    console.log(
      `${name}: ${image.length} bytes, ${log ? `${log.length} values from QEMU` : 'by the manual'}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
