/**
 * Assembles vga-fixtures/modes-boot.s, and records what QEMU's screen shows after each of the modes in vga-fixtures/boot-modes.mjs:
 * e2e/fixtures/video-modes.json. Needs Debian's binutils on x86 and qemu-system-x86. Usage: node scripts/gen-vga-boot-fixtures.mjs
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordPicture } from './lib/qemu-picture.mjs';
import { BOOT_MODES, PARAMETERS_AT } from './vga-fixtures/boot-modes.mjs';

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const TARGET = local('../e2e/fixtures/video-modes.json');
const dir = mkdtempSync(join(tmpdir(), 'vga-boot-'));
const path = (name) => join(dir, name);

function assemble() {
  execFileSync('as', ['--32', '-o', path('s.o'), local('vga-fixtures/modes-boot.s')]);
  execFileSync('ld', [
    '-m',
    'elf_i386',
    '--oformat=binary',
    '-Ttext=0x7c00',
    '-o',
    path('s.bin'),
    path('s.o'),
  ]);
  return readFileSync(path('s.bin'));
}

try {
  const sector = assemble();
  const pictures = {};
  for (const { name, parameters } of BOOT_MODES) {
    const disk = Buffer.alloc(1 << 20);
    sector.copy(disk);
    disk.set(parameters, PARAMETERS_AT);
    pictures[name] = await recordPicture(disk);
  }
  mkdirSync(local('../e2e/fixtures'), { recursive: true });
  writeFileSync(TARGET, `${JSON.stringify({ sector: sector.toString('base64'), pictures }, null, 2)}\n`);
} finally {
  rmSync(dir, { recursive: true });
}
