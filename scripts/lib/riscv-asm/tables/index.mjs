import { PSEUDO_INSTRUCTIONS } from './pseudo.mjs';
import { RV64A } from './rv64a.mjs';
import { RV64FD } from './rv64fd.mjs';
import { RV64I } from './rv64i.mjs';
import { RV64M } from './rv64m.mjs';
import { ZBA, ZBB, ZBS } from './zb.mjs';
import { ZICBO } from './zicbo.mjs';
import { ZICSR } from './zicsr.mjs';

/**
 * One form of one instruction: mnemonic, operand kinds separated by blanks (names of encode.mjs), and the 32-bit
 * encoding with every operand field zero.
 * @typedef {readonly [name: string, operands: string, bits: number]} InstructionRow
 */

/** Every extension's table, by name. */
export const EXTENSIONS = { RV64I, RV64M, RV64A, ZICSR, RV64FD, ZBA, ZBB, ZBS, ZICBO };

/**
 * @typedef {object} InstructionForm
 * @property {string[]} operands operand kinds
 * @property {number} bits
 */

/** @type {Map<string, InstructionForm[]>} */
export const INSTRUCTIONS = new Map();
for (const [extension, rows] of Object.entries(EXTENSIONS)) {
  for (const [name, operands, bits] of rows) {
    const forms = INSTRUCTIONS.get(name) ?? [];
    const kinds = operands === '' ? [] : operands.split(' ');
    if (forms.some((form) => form.operands.join(' ') === operands)) {
      throw new Error(`duplicate row in ${extension}: ${name} ${operands}`);
    }
    forms.push({ operands: kinds, bits });
    INSTRUCTIONS.set(name, forms);
  }
}

/** Key: `mnemonic/number of operands`. @type {Map<string, string[]>} */
export const PSEUDOS = new Map();
for (const [name, count, expansion] of PSEUDO_INSTRUCTIONS) {
  const key = `${name}/${count}`;
  if (PSEUDOS.has(key)) throw new Error(`duplicate pseudo-instruction: ${key}`);
  PSEUDOS.set(key, expansion);
}
