// Reads the x86 opcode tables, assembly/guest/x86/opcodes/*.def (one-byte.def explains their notation), checks them and turns
// each opcode map into a graph of selections: see gen-x86-decode.mjs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Row an encoding
 * @property {string} where file and line
 * @property {number} first @property {number} last opcodes
 * @property {string} mnemonic as printed @property {string} name of the instruction
 * @property {string[]} operands
 * @property {Set<string>} attributes
 * @property {Record<string, number[] | undefined>} only values that each dimension of selection may have
 */

/** The opcode maps: what the decoder numbers them, and the tables that fill them. */
export const MAPS = [
  { name: 'one-byte', files: ['one-byte', 'x87'] },
  { name: 'two-byte', files: ['two-byte'] },
  { name: '0f38', files: ['0f38'] },
  { name: '0f3a', files: ['0f3a'] },
  { name: 'vex-0f38', files: ['vex-0f38'] },
  { name: 'vex-0f3a', files: ['vex-0f3a'] },
];

/** What rows are told apart by, in the order in which the decoder looks: how many values each has. */
export const DIMENSIONS = { mode: 2, b: 2, mod: 2, reg: 8, rm: 8, prefix: 4, w: 2, l: 2 };

const PREFIXES = ['np', '66', 'f3', 'f2'];
const ATTRIBUTES = ['lock', 'd64', 'f64', 'o32', 'asize'];

const SELECTORS = {
  i64: { mode: [0] },
  o64: { mode: [1] },
  mem: { mod: [0] },
  reg: { mod: [1] },
  nfx: { prefix: [0, 1] },
  w0: { w: [0] },
  w1: { w: [1] },
  b0: { b: [0] },
  b1: { b: [1] },
  l0: { l: [0] },
};

const OPERAND =
  /^(?:s?I[b]|I[wzv]|J[bz]|[EGMRB][bwdqvzynopsxat]|Z[bv]|[CDR]n|Sw|[VWU][bwdqx]|[PQN][dq]|[XYO][bvz]|Ap|Tb|AL|AX|eAX|rAX|CL|DX|1|[ECSDFG]S|ST0|STi|XMM0)$/;

/** Constraints that come with an operand: a letter that only means memory, or only a register. */
const OPERAND_MOD = { M: 0, U: 1, N: 1 };

/** @returns {Row[]} @param {string} text @param {string} file name, for messages */
export function parseRows(text, file) {
  const rows = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const where = `${file}.def:${index + 1}`;
    const fields = line.split('|').map((part) => part.trim());
    if (fields.length !== 4) throw new Error(`${where}: four fields are needed`);
    rows.push(...rowsOf(where, ...fields));
  }
  return rows;
}

function rowsOf(where, selectorText, mnemonic, operandText, attributeText) {
  const [opcode, ...selectors] = selectorText.split(/\s+/);
  const range = /^([0-9a-f]{2})(?:-([0-9a-f]{2}))?$/.exec(opcode);
  if (!range) throw new Error(`${where}: not an opcode: ${opcode}`);
  const attributes = new Set();
  let name = mnemonic.replace(/\/.*$|\*/, '').replace('%', 'cc');
  for (const attribute of attributeText.split(/\s+/).filter(Boolean)) {
    if (attribute.startsWith('as=')) name = attribute.slice(3);
    else if (ATTRIBUTES.includes(attribute)) attributes.add(attribute);
    else throw new Error(`${where}: not an attribute: ${attribute}`);
  }
  if (!/^[a-z][a-z0-9/%*.]*$/.test(mnemonic)) throw new Error(`${where}: not a mnemonic: ${mnemonic}`);
  const base = {
    where,
    first: Number.parseInt(range[1], 16),
    last: Number.parseInt(range[2] ?? range[1], 16),
    mnemonic,
    name,
    operands: operandText === '' ? [] : operandText.split(','),
    attributes,
    only: selectorsOf(where, selectors),
  };
  return forms(base);
}

function selectorsOf(where, selectors) {
  const only = {};
  const add = (dimension, values) => {
    if (dimension in only) throw new Error(`${where}: two selections of ${dimension}`);
    only[dimension] = values;
  };
  for (const selector of selectors) {
    const numbers = /^\/([0-7])(?:-([0-7]))?(?:,([0-7])(?:-([0-7]))?)?$/.exec(selector);
    const byte = /^=([cdef][0-9a-f])$/.exec(selector);
    if (numbers) {
      const [, a, b = a, c, d = c] = numbers;
      add('reg', [...span(a, b), ...(c === undefined ? [] : span(c, d))]);
    } else if (byte) {
      const value = Number.parseInt(byte[1], 16);
      add('mod', [1]);
      add('reg', [(value >> 3) & 7]);
      add('rm', [value & 7]);
    } else if (PREFIXES.includes(selector)) add('prefix', [PREFIXES.indexOf(selector)]);
    else if (selector in SELECTORS) {
      for (const [dimension, values] of Object.entries(SELECTORS[selector])) add(dimension, values);
    } else throw new Error(`${where}: not a selector: ${selector}`);
  }
  return only;
}

const span = (from, to) => {
  const values = [];
  for (let value = Number(from); value <= Number(to); value++) values.push(value);
  return values;
};

/** The row, or two if an operand is a register of one size or memory of another. */
function forms(row) {
  const split = row.operands.findIndex((operand) => operand.includes('/'));
  const variants =
    split < 0
      ? [row]
      : row.operands[split].split('/').map((operand, index) => ({
          ...row,
          operands: row.operands.with(split, operand),
          only: { ...row.only, mod: [1 - index] },
        }));
  if (split >= 0 && 'mod' in row.only) throw new Error(`${row.where}: ModRM.mod is selected twice`);
  return variants.map((variant) => {
    const only = { ...variant.only };
    for (const operand of variant.operands) {
      if (!OPERAND.test(operand)) throw new Error(`${row.where}: not an operand: ${operand}`);
      const mod = OPERAND_MOD[operand[0]];
      if (mod === undefined || !/^[A-Z][a-z]$/.test(operand)) continue;
      if (only.mod && only.mod[0] !== mod)
        throw new Error(`${row.where}: ${operand} does not go with ModRM.mod`);
      only.mod = [mod];
    }
    return { ...variant, only };
  });
}

/**
 * The selections of one opcode: a row, undefined, or { dimension, choices }. Throws if two rows claim the same encoding.
 * @param {Row[]} rows
 */
export function selectionOf(rows, dimensions = Object.keys(DIMENSIONS)) {
  if (rows.length === 0) return undefined;
  const [dimension, ...rest] = dimensions;
  if (dimension === undefined) {
    if (rows.length > 1) throw new Error(`${rows.map(({ where }) => where).join(' and ')} overlap`);
    return rows[0];
  }
  if (!rows.some(({ only }) => only[dimension])) return selectionOf(rows, rest);
  const choices = span(0, DIMENSIONS[dimension] - 1).map((value) => {
    // A row without a prefix of its own takes the prefixes that nobody wants.
    const taken = dimension === 'prefix' && rows.some(({ only }) => only.prefix?.includes(value));
    const left = rows.filter(({ only }) => (only[dimension] ? only[dimension].includes(value) : !taken));
    return selectionOf(left, rest);
  });
  return choices.every((choice) => choice === choices[0]) ? choices[0] : { dimension, choices };
}

/** Selections of the 256 opcodes of a map. @param {Row[]} rows */
export const mapOf = (rows) =>
  span(0, 255).map((opcode) =>
    selectionOf(rows.filter(({ first, last }) => first <= opcode && opcode <= last)),
  );

/** All tables. @param {string} folder of the *.def @returns {{rows: Row[], maps: {name: string, opcodes: object[]}[]}} */
export function readOpcodes(folder) {
  const all = [];
  const maps = MAPS.map(({ name, files }) => {
    const rows = files.flatMap((file) => parseRows(readFileSync(join(folder, `${file}.def`), 'utf8'), file));
    all.push(...rows);
    return { name, opcodes: mapOf(rows) };
  });
  return { rows: all, maps };
}

export const PREFIX_66 = PREFIXES.indexOf('66');
