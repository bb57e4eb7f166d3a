// Reads the RISC-V decode tables, assembly/guest/riscv/*.decode, and checks them: see gen-riscv-decode.mjs.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * @typedef {object} BitRange
 * @property {number} high @property {number} low bits of the instruction
 * @property {number} to lowest bit of the operand
 * @property {boolean} sign
 *
 * @typedef {object} Field an operand
 * @property {string} name @property {string} kind @property {BitRange[]} ranges @property {number} add
 *
 * @typedef {object} Pattern an instruction
 * @property {string} name mnemonic @property {string} extension name of its file
 * @property {number} mask @property {number} value unsigned, of the fixed bits
 * @property {string} operands @property {string} [expansion]
 * @property {{field: string, not: number}[]} restrictions
 */

/** Names in an operand string, in order. @param {string} operands */
export const operandNames = (operands) => operands.split(/[,()]/).filter((part) => part !== '');

/**
 * @param {string} text of fields.decode @returns {Map<string, Field>}
 */
export function parseFields(text) {
  const fields = new Map();
  for (const line of contentLines(text)) {
    const [, name, kind, rest] = /^%(\w+)\s+(\w+)\s+(.+)$/.exec(line.text) ?? fail(line, 'not a field');
    const [bits, add = '0'] = rest.split(/\s*\+\s*/);
    const ranges = bits
      .trim()
      .split(/\s+/)
      .map((part) => {
        const match = /^(s?)(\d+)(?::(\d+))?>(\d+)$/.exec(part) ?? fail(line, `not a bit range: ${part}`);
        const high = Number(match[2]);
        const low = Number(match[3] ?? match[2]);
        if (low > high) fail(line, `empty bit range: ${part}`);
        return { sign: match[1] === 's', high, low, to: Number(match[4]) };
      });
    if (fields.has(name)) fail(line, `%${name} is declared twice`);
    fields.set(name, { name, kind, ranges, add: Number(add) });
  }
  return fields;
}

/**
 * @param {string} text of one table @param {string} extension @param {number} width bits of an instruction
 * @param {Map<string, Field>} fields @returns {Pattern[]}
 */
export function parsePatterns(text, extension, width, fields) {
  return contentLines(text).map((line) => {
    const [name, bitText, operands = '', expansion = '', restrictionText = ''] = line.text
      .split('|')
      .map((part) => part.trim());
    const bits = (bitText ?? '').replaceAll(' ', '');
    if (!/^[01.]+$/.test(bits) || bits.length !== width) fail(line, `${name}: ${width} bits are needed`);
    for (const operand of operandNames(operands)) {
      if (!fields.has(operand) && !/^x\d+$/.test(operand)) fail(line, `${name}: unknown operand ${operand}`);
    }
    const restrictions = restrictionText
      .split(/\s+/)
      .filter((part) => part !== '')
      .map((part) => {
        const match = /^(\w+)!(\d+)$/.exec(part) ?? fail(line, `${name}: not a restriction: ${part}`);
        if (!fields.has(match[1])) fail(line, `${name}: unknown operand ${match[1]}`);
        return { field: match[1], not: Number(match[2]) };
      });
    return {
      name,
      extension,
      mask: Number.parseInt(bits.replace(/[01]/g, '1').replaceAll('.', '0'), 2),
      value: Number.parseInt(bits.replaceAll('.', '0'), 2),
      operands,
      expansion,
      restrictions,
    };
  });
}

/** Reads every table of `folder`. @param {string} folder */
export function readTables(folder) {
  const read = (name) => readFileSync(join(folder, `${name}.decode`), 'utf8');
  const fields = parseFields(read('fields'));
  const extensions = readdirSync(folder)
    .filter((file) => file.endsWith('.decode'))
    .map((file) => basename(file, '.decode'))
    .filter((name) => name !== 'fields' && name !== 'c')
    .sort();
  const wide = extensions.flatMap((name) => parsePatterns(read(name), name, 32, fields));
  const compressed = parsePatterns(read('c'), 'c', 16, fields);
  checkNames([...wide, ...compressed]);
  checkOverlaps(wide);
  checkCompressed(compressed, fields);
  return { fields, wide, compressed };
}

/** Names of CSRs; `index` is 0xffff unless they are a numbered series. @param {string} path of csrs.def */
export function readCsrNames(path) {
  return contentLines(readFileSync(path, 'utf8')).map((line) => {
    const match =
      /^(0x\w+)(?:\s*-\s*(0x\w+))?\s*\|\s*(\w+)(?:\s+(\d+))?$/.exec(line.text) ?? fail(line, 'not a CSR');
    const [, first, last = first, name, index = '0xffff'] = match;
    return { first: Number(first), last: Number(last), name, index: Number(index) };
  });
}

/** Value of an operand, as a signed 32-bit number. @param {Field} field @param {number} word */
export function extractField(field, word) {
  let value = 0;
  for (const { sign, high, low, to } of field.ranges) {
    const length = high - low + 1;
    const part = sign ? (word << (31 - high)) >> (32 - length) : (word >>> low) & (2 ** length - 1);
    value |= part << to;
  }
  return (value + field.add) | 0;
}

/** Whether `word` is this instruction. @param {Pattern} pattern @param {number} word @param {Map<string, Field>} fields */
export const matches = (pattern, word, fields) =>
  (word & pattern.mask) >>> 0 === pattern.value &&
  pattern.restrictions.every(({ field, not }) => extractField(fields.get(field), word) !== not);

function checkNames(patterns) {
  const seen = new Set();
  for (const { name } of patterns) {
    if (seen.has(name)) throw new Error(`${name} is declared twice`);
    seen.add(name);
  }
}

/** @param {Pattern[]} patterns */
export function checkOverlaps(patterns) {
  for (const [index, a] of patterns.entries()) {
    for (const b of patterns.slice(index + 1)) {
      if (((a.value ^ b.value) & a.mask & b.mask) === 0) throw new Error(`${a.name} and ${b.name} overlap`);
    }
  }
}

/** Restrictions make the patterns of 16 bits distinct, so every half-word is tried. */
function checkCompressed(patterns, fields) {
  for (let word = 0; word < 0x10000; word++) {
    const found = patterns.filter((pattern) => matches(pattern, word, fields));
    if (found.length > 1)
      throw new Error(`${found.map((p) => p.name).join(' and ')} overlap at 0x${word.toString(16)}`);
  }
}

function contentLines(text) {
  return text
    .split('\n')
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
}

/** @returns {never} */
function fail(line, why) {
  throw new Error(`line ${line.number}: ${why}`);
}
