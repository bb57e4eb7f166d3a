/**
 * A RISC-V assembler for bare-metal guests: RV64IMAFD, Zicsr, Zifencei, Zba, Zbb, Zbs, Zicbom, Zicboz, in the
 * syntax of GNU as (the subset that docs/riscv-asm.md lists). One source tree in, one static executable out.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Assembler } from './assembler.mjs';
import { writeElf, writeFlat } from './elf.mjs';
import { AsmError } from './errors.mjs';

export { AsmError };

/** RAM of the `virt` machine starts here; with `-bios none` so does the guest. */
export const DEFAULT_BASE = 0x80000000n;

/**
 * @typedef {object} Assembled
 * @property {Uint8Array} elf ELF64 executable
 * @property {Uint8Array} flat memory image from the base address, without .bss
 * @property {bigint} entry
 * @property {Map<string, bigint>} symbols labels and constants
 * @property {import('./assembler.mjs').Program['sections']} sections
 */

/**
 * @param {string} path the main file
 * @param {(path: string) => string} readSource text of a file; throws when there is none
 * @param {bigint} [base] address of .text
 * @returns {Assembled}
 * @throws {AsmError} with `file:line:` for anything wrong in the source
 */
export function assembleWith(path, readSource, base = DEFAULT_BASE) {
  const assembler = new Assembler((wanted, from) => {
    const resolved = from ? join(dirname(path), wanted) : wanted;
    try {
      return { text: readSource(resolved), file: resolved };
    } catch (error) {
      if (!from) throw error;
      throw new AsmError(from, `cannot read "${wanted}": ${error instanceof Error ? error.message : error}`);
    }
  });
  const program = assembler.assemble(path, base);
  const { entry, symbols, sections } = program;
  return { elf: writeElf(program), flat: writeFlat(program), entry, symbols, sections };
}

/**
 * Assembles a file on disk. `.include` paths are relative to the main file's folder.
 * @param {string} path
 * @param {{base?: bigint}} [options]
 * @returns {Assembled}
 */
export function assembleFile(path, options = {}) {
  return assembleWith(path, (file) => readFileSync(file, 'utf8'), options.base);
}

/**
 * Assembles a string; it cannot `.include` anything.
 * @param {string} text
 * @param {{base?: bigint, name?: string}} [options]
 * @returns {Assembled}
 */
export function assembleText(text, options = {}) {
  const name = options.name ?? 'input.s';
  return assembleWith(
    name,
    (file) => {
      if (file !== name) throw new Error('no files here');
      return text;
    },
    options.base,
  );
}
