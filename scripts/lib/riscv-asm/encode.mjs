/**
 * Operand kinds: each turns an operand's text into its bits of the 32-bit instruction word.
 * Source: RISC-V unprivileged ISA 20191213, section 2.2 (formats), 2.3 (immediates).
 */
import { AsmError } from './errors.mjs';
import { parseExpression } from './expression.mjs';
import { CSRS, FP_REGISTERS, INT_REGISTERS, ROUNDING_MODES } from './registers.mjs';

/**
 * What an operand needs to know when it is encoded.
 * @typedef {object} EncodeContext
 * @property {import('./errors.mjs').SourcePosition} position
 * @property {bigint} pc address of this instruction
 * @property {import('./expression.mjs').Lookup} lookup symbols, all absolute now
 * @property {(pc: bigint) => bigint | undefined} pcrelTarget what the `%pcrel_hi` at that address refers to
 */

/** @typedef {(text: string, context: EncodeContext) => number} OperandEncoder */

/** `offset(register)`: [1] the offset or '', [2] the register. */
const MEMORY_OPERAND = /^(.*?)\(\s*([a-z]\w*)\s*\)$/s;

/**
 * @param {string} text
 * @param {EncodeContext} context
 * @param {Map<string, number>} [registers]
 */
function register(text, context, registers = INT_REGISTERS) {
  const number = registers.get(text);
  if (number === undefined) {
    const kind = registers === FP_REGISTERS ? 'floating-point register' : 'register';
    throw new AsmError(context.position, `${kind} expected, not '${text}'`);
  }
  return number;
}

/**
 * @param {string} text
 * @param {EncodeContext} context
 * @returns {bigint}
 */
export function evaluate(text, context) {
  return parseExpression(text, context.position)(context.lookup).value;
}

/**
 * @param {string} text
 * @param {EncodeContext} context
 * @param {bigint} low
 * @param {bigint} high
 * @param {string} what
 */
function ranged(text, context, low, high, what) {
  const value = evaluate(text, context);
  if (value < low || value > high) {
    throw new AsmError(context.position, `${what} ${value} is outside ${low}..${high}`);
  }
  return Number(value);
}

/** `%modifier(expression)` */
const MODIFIER = /^%(\w+)\s*\((.*)\)$/s;

/** @param {bigint} value low 12 bits, sign-extended: what `addi` adds after `lui`/`auipc` of the rounded high part */
const lowPart = (value) => Number(BigInt.asIntN(12, value));
/** @param {bigint} value */
const highPart = (value) => Number(BigInt.asUintN(20, (value + 0x800n) >> 12n));

/**
 * @param {bigint} distance
 * @param {EncodeContext} context
 */
function checkReach(distance, context) {
  if (distance < -0x80000800n || distance > 0x7ffff7ffn) {
    throw new AsmError(
      context.position,
      `target is ${distance} bytes away, beyond the reach of auipc (2 GiB)`,
    );
  }
  return distance;
}

/**
 * Signed 12-bit immediate, or the low part of an address.
 * @param {string} text
 * @param {EncodeContext} context
 * @returns {number}
 */
function immediate12(text, context) {
  const modifier = MODIFIER.exec(text.trim());
  if (!modifier) return ranged(text, context, -2048n, 2047n, 'immediate');
  const [, name, inner] = modifier;
  if (name === 'lo') return lowPart(evaluate(inner, context));
  if (name === 'pcrel_lo_here')
    return lowPart(checkReach(evaluate(inner, context) - (context.pc - 4n), context));
  if (name === 'pcrel_lo') {
    const label = evaluate(inner, context);
    const target = context.pcrelTarget(label);
    if (target === undefined) {
      throw new AsmError(context.position, `'${inner}' is not the label of an instruction with %pcrel_hi`);
    }
    return lowPart(target - label);
  }
  throw new AsmError(context.position, `%${name} cannot be used here`);
}

/**
 * @param {string} text
 * @param {EncodeContext} context
 * @returns {number}
 */
function immediate20(text, context) {
  const modifier = MODIFIER.exec(text.trim());
  if (!modifier) return ranged(text, context, 0n, 0xfffffn, 'upper immediate');
  const [, name, inner] = modifier;
  const value = evaluate(inner, context);
  if (name === 'hi') {
    if (BigInt.asIntN(64, value) !== BigInt.asIntN(32, value)) {
      throw new AsmError(
        context.position,
        `%hi(${inner}) = 0x${BigInt.asUintN(64, value).toString(16)} does not fit lui; use la`,
      );
    }
    return highPart(value);
  }
  if (name === 'pcrel_hi') return highPart(checkReach(value - context.pc, context));
  throw new AsmError(context.position, `%${name} cannot be used here`);
}

/**
 * The expression inside `%pcrel_hi(...)`, for `%pcrel_lo`.
 * @param {string} text an operand
 * @returns {string | undefined}
 */
export function pcrelHighExpression(text) {
  const modifier = MODIFIER.exec(text.trim());
  return modifier?.[1] === 'pcrel_hi' ? modifier[2] : undefined;
}

/**
 * @param {string} text
 * @param {EncodeContext} context
 * @param {bigint} reach
 */
function pcRelative(text, context, reach) {
  const distance = evaluate(text, context) - context.pc;
  if (distance < -reach || distance >= reach || distance & 1n) {
    throw new AsmError(
      context.position,
      distance & 1n
        ? `target '${text}' is at an odd distance`
        : `target '${text}' is ${distance} bytes away; the limit is ${reach}`,
    );
  }
  return Number(distance);
}

/**
 * @param {string} text
 * @param {EncodeContext} context
 * @returns {[offset: string, register: number]}
 */
function memory(text, context) {
  const match = MEMORY_OPERAND.exec(text);
  if (!match) throw new AsmError(context.position, `'offset(register)' expected, not '${text}'`);
  return [match[1].trim() || '0', register(match[2], context)];
}

/** @param {string} text @returns {boolean} whether it has the shape `offset(register)` */
export function isMemoryOperand(text) {
  const match = MEMORY_OPERAND.exec(text);
  return match !== null && INT_REGISTERS.has(match[2]);
}

/** @param {string} text @param {EncodeContext} context */
function fenceSet(text, context) {
  if (!/^i?o?r?w?$/.test(text) || text === '') {
    throw new AsmError(
      context.position,
      `fence set expected (letters of 'iorw' in that order), not '${text}'`,
    );
  }
  return [...text].reduce((bits, letter) => bits | (8 >> 'iorw'.indexOf(letter)), 0);
}

/** @param {string} text @param {EncodeContext} context */
function csr(text, context) {
  const number = CSRS.get(text);
  if (number !== undefined) return number;
  if (/^[a-z]\w*$/.test(text) && INT_REGISTERS.has(text)) {
    throw new AsmError(context.position, `CSR expected, not '${text}'`);
  }
  return ranged(text, context, 0n, 0xfffn, 'CSR number');
}

/** @param {string} text @param {EncodeContext} context */
function roundingMode(text, context) {
  const mode = ROUNDING_MODES.get(text);
  if (mode === undefined) {
    throw new AsmError(
      context.position,
      `rounding mode expected (${[...ROUNDING_MODES.keys()].join(' ')}), not '${text}'`,
    );
  }
  return mode;
}

/** @type {Record<string, OperandEncoder>} */
export const OPERAND_ENCODERS = {
  rd: (text, context) => register(text, context) << 7,
  rs1: (text, context) => register(text, context) << 15,
  rs2: (text, context) => register(text, context) << 20,
  frd: (text, context) => register(text, context, FP_REGISTERS) << 7,
  frs1: (text, context) => register(text, context, FP_REGISTERS) << 15,
  frs2: (text, context) => register(text, context, FP_REGISTERS) << 20,
  frs3: (text, context) => register(text, context, FP_REGISTERS) << 27,
  rm: (text, context) => roundingMode(text, context) << 12,
  csr: (text, context) => csr(text, context) << 20,
  zimm: (text, context) => ranged(text, context, 0n, 31n, 'immediate') << 15,
  pred: (text, context) => fenceSet(text, context) << 24,
  succ: (text, context) => fenceSet(text, context) << 20,
  shamt5: (text, context) => ranged(text, context, 0n, 31n, 'shift amount') << 20,
  shamt6: (text, context) => ranged(text, context, 0n, 63n, 'shift amount') << 20,
  i12: (text, context) => immediate12(text, context) << 20,
  u20: (text, context) => immediate20(text, context) << 12,
  mem: (text, context) => {
    const [offset, base] = memory(text, context);
    return (immediate12(offset, context) << 20) | (base << 15);
  },
  memstore: (text, context) => {
    const [offset, base] = memory(text, context);
    const imm = immediate12(offset, context);
    return ((imm >> 5) << 25) | ((imm & 31) << 7) | (base << 15);
  },
  memamo: (text, context) => {
    const [offset, base] = memory(text, context);
    if (evaluate(offset, context) !== 0n)
      throw new AsmError(context.position, 'this instruction takes no offset');
    return base << 15;
  },
  branch: (text, context) => {
    const d = pcRelative(text, context, 0x1000n);
    return (
      (((d >> 12) & 1) << 31) | (((d >> 5) & 63) << 25) | (((d >> 1) & 15) << 8) | (((d >> 11) & 1) << 7)
    );
  },
  jump: (text, context) => {
    const d = pcRelative(text, context, 0x100000n);
    return (
      (((d >> 20) & 1) << 31) |
      (((d >> 1) & 0x3ff) << 21) |
      (((d >> 11) & 1) << 20) |
      (((d >> 12) & 0xff) << 12)
    );
  },
};

/** Kinds whose operand has the shape `offset(register)`. */
export const MEMORY_KINDS = new Set(['mem', 'memstore', 'memamo']);

/**
 * Encodes one instruction.
 * @param {import('./tables/index.mjs').InstructionForm} form
 * @param {string[]} operands as many as the form has, or one fewer when its last is `rm`
 * @param {EncodeContext} context
 * @returns {number} unsigned 32-bit word
 */
export function encodeInstruction(form, operands, context) {
  let word = form.bits;
  form.operands.forEach((kind, index) => {
    const text = operands[index] ?? (kind === 'rm' ? 'dyn' : '');
    word |= OPERAND_ENCODERS[kind](text, context);
  });
  return word >>> 0;
}
