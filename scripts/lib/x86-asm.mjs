// Assembles boot disks for a PC with GNU as and ld, from Debian's binutils on x86 and binutils-i686-linux-gnu elsewhere.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError } from './console.mjs';
import { root } from './project.mjs';
import { findProgram, runOrFail } from './run.mjs';

/** What the sources of all boot disks may include. */
export const BOOT_DISK_LIBRARY = 'images/vga-lib';
/** The BIOS loads a boot sector there. */
const LOAD_ADDRESS = '0x7c00';
const DISK_BYTES = 0x10000;

const native = arch() === 'x64' || arch() === 'ia32';
/** Debian's package with as and ld for x86. */
export const ASSEMBLER_PACKAGE = native ? 'binutils' : 'binutils-i686-linux-gnu';

/** Paths of as and ld for x86: {as, ld}, or undefined. */
export function findAssembler() {
  for (const prefix of ['i686-linux-gnu-', 'x86_64-linux-gnu-', ...(native ? [''] : [])]) {
    const [as, ld] = [findProgram(`${prefix}as`), findProgram(`${prefix}ld`)];
    if (as && ld) return { as, ld };
  }
  return undefined;
}

/** Why no boot disk can be assembled here, in words, or undefined. */
export function assemblerObstacle() {
  if (findAssembler()) return undefined;
  return `the demos for a PC's screen need GNU as and ld for x86; Debian: apt-get install ${ASSEMBLER_PACKAGE}`;
}

/**
 * A raw disk that begins with a program, which begins with its boot sector.
 * @param source its main file, relative to the root
 * @returns {Promise<Buffer>} 64 KiB
 * @throws {SetupError} when there is no assembler, or what it says
 */
export async function assembleBootDisk(source) {
  const tools = findAssembler();
  if (!tools) throw new SetupError(assemblerObstacle());
  const dir = mkdtempSync(join(tmpdir(), 'boot-disk-'));
  const [object, program] = [join(dir, 'program.o'), join(dir, 'program.bin')];
  try {
    const title = `Assembling ${source}`;
    await runOrFail(title, tools.as, [
      ...['--32', '-I', join(root, BOOT_DISK_LIBRARY), '-o', object],
      join(root, source),
    ]);
    await runOrFail(title, tools.ld, [
      ...['-m', 'elf_i386', '--oformat=binary', `-Ttext=${LOAD_ADDRESS}`, '-o', program],
      object,
    ]);
    const disk = Buffer.alloc(DISK_BYTES);
    readFileSync(program).copy(disk);
    return disk;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
