/**
 * Directives that make data or move between sections (GNU as manual, chapter 7; RISC-V: section 9.41.2).
 */
import { AsmError } from './errors.mjs';
import { parseString } from './expression.mjs';

/**
 * @typedef {import('./assembler.mjs').Assembler} Assembler
 * @typedef {import('./errors.mjs').SourcePosition} SourcePosition
 * @typedef {(assembler: Assembler, operands: string[], position: SourcePosition, name: string) => void} Directive
 */

/** Accepted for GNU as and without effect here: this assembler links statically and never relaxes. */
export const IGNORED_DIRECTIVES = new Set([
  '.globl',
  '.global',
  '.type',
  '.size',
  '.option',
  '.attribute',
  '.file',
]);

/** Largest size of one section: bare-metal guests are small, a wrong `.space` should not take the host's memory. */
const MAX_SECTION_SIZE = 256 * 1024 * 1024;
/** addi x0, x0, 0 */
const NOP = 0x00000013;
/** Pads two bytes as GNU as does. Such padding is never run here: all instructions are four bytes long. */
const C_NOP = 0x0001;

/**
 * @param {Assembler} assembler
 * @param {bigint} size
 * @param {SourcePosition} position
 */
function checkedSize(assembler, size, position) {
  if (size < 0n || size + BigInt(assembler.section.size) > MAX_SECTION_SIZE) {
    throw new AsmError(position, `size ${size} is outside 0..${MAX_SECTION_SIZE}`);
  }
  return Number(size);
}

/** @param {number} width bytes @returns {Directive} */
function integers(width) {
  const bits = BigInt(width * 8);
  return (assembler, operands, position, name) => {
    if (operands.length === 0) throw new AsmError(position, `${name} needs a value`);
    refuseInBss(assembler, position);
    for (const text of operands) {
      assembler.add(width, position, (context) => {
        const value = context.evaluate(text);
        if (value < -(1n << (bits - 1n)) || value >= 1n << bits) {
          throw new AsmError(position, `${value} does not fit ${width} bytes`);
        }
        return littleEndian(value, width);
      });
    }
  };
}

/** @param {bigint} value @param {number} width */
function littleEndian(value, width) {
  const all = new Uint8Array(8);
  new DataView(all.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return all.slice(0, width);
}

/** @param {4 | 8} width bytes @returns {Directive} */
function floats(width) {
  return (assembler, operands, position) => {
    refuseInBss(assembler, position);
    for (const text of operands) {
      const value = Number(text);
      if (text === '' || Number.isNaN(value)) throw new AsmError(position, `'${text}' is not a number`);
      const bytes = new Uint8Array(width);
      const view = new DataView(bytes.buffer);
      if (width === 4) view.setFloat32(0, value, true);
      else view.setFloat64(0, value, true);
      assembler.add(width, position, () => bytes);
    }
  };
}

/** @param {boolean} terminated @returns {Directive} */
function strings(terminated) {
  return (assembler, operands, position) => {
    refuseInBss(assembler, position);
    for (const text of operands) {
      const bytes = parseString(text, position);
      if (terminated) bytes.push(0);
      assembler.add(bytes.length, position, () => Uint8Array.from(bytes));
    }
  };
}

/** @type {Directive} */
function space(assembler, operands, position, name) {
  if (operands.length < 1 || operands.length > 2)
    throw new AsmError(position, `${name} takes a size and a fill byte`);
  const size = checkedSize(assembler, assembler.constant(operands[0], position), position);
  const fill = operands[1] === undefined ? 0 : Number(assembler.constant(operands[1], position) & 255n);
  if (fill !== 0) refuseInBss(assembler, position);
  assembler.add(size, position, () => (fill === 0 ? undefined : new Uint8Array(size).fill(fill)));
}

/** `.org offset, fill`: goes on at an offset from the section's beginning, never backwards. @type {Directive} */
function org(assembler, operands, position, name) {
  if (operands.length < 1 || operands.length > 2)
    throw new AsmError(position, `${name} takes an offset and a fill byte`);
  const offset = assembler.constant(operands[0], position);
  const size = offset - BigInt(assembler.section.size);
  if (size < 0n)
    throw new AsmError(position, `${name} ${offset} would go back from ${assembler.section.size}`);
  space(assembler, [String(size), ...operands.slice(1)], position, name);
}

/** `.fill repeat, size, value` @type {Directive} */
function fillDirective(assembler, operands, position) {
  const repeat = checkedSize(assembler, assembler.constant(operands[0] ?? '', position), position);
  const width = operands[1] === undefined ? 1 : Number(assembler.constant(operands[1], position));
  if (width < 1 || width > 8)
    throw new AsmError(position, `.fill takes a size of 1 to 8 bytes, not ${width}`);
  const value = operands[2] ?? '0';
  checkedSize(assembler, BigInt(repeat * width), position);
  refuseInBss(assembler, position);
  assembler.add(repeat * width, position, (context) => {
    const unit = littleEndian(context.evaluate(value), width);
    const bytes = new Uint8Array(repeat * width);
    for (let i = 0; i < repeat; i++) bytes.set(unit, i * width);
    return bytes;
  });
}

/** @param {boolean} power whether the operand is the exponent of two @returns {Directive} */
function alignment(power) {
  return (assembler, operands, position, name) => {
    if (operands.length !== 1) throw new AsmError(position, `${name} takes one operand`);
    const operand = assembler.constant(operands[0], position);
    if (operand < 0n || operand > (power ? 20n : 1n << 20n)) {
      throw new AsmError(position, `alignment ${operand} is too large (the limit is 1 MiB)`);
    }
    const align = power ? 2 ** Number(operand) : Math.max(1, Number(operand));
    if (!Number.isInteger(Math.log2(align)))
      throw new AsmError(position, `alignment ${align} is no power of two`);
    const { section } = assembler;
    section.align = Math.max(section.align, align);
    const padding = -section.size & (align - 1);
    if (padding === 0) return;
    const code = section.name === '.text';
    assembler.add(padding, position, () => {
      if (!code) return undefined;
      const bytes = new Uint8Array(padding);
      const view = new DataView(bytes.buffer);
      if (padding & 2) view.setUint16(padding & 1, C_NOP, true);
      for (let at = padding & 3; at < padding; at += 4) view.setUint32(at, NOP, true);
      return bytes;
    });
  };
}

/** @param {Assembler} assembler @param {SourcePosition} position */
function refuseInBss(assembler, position) {
  if (assembler.section.name === '.bss') throw new AsmError(position, '.bss holds no values; use .space');
}

/** @type {Directive} */
function section(assembler, operands, position, name) {
  const wanted = name === '.section' ? operands[0] : name;
  const base = /^\.(text|rodata|data|bss)\b/.exec(wanted ?? '')?.[0].replace(/^\.(\w+).*/, '.$1');
  const found = base === undefined ? undefined : assembler.sections.get(base);
  if (!found) throw new AsmError(position, `unknown section '${wanted}' (known: .text .rodata .data .bss)`);
  assembler.section = found;
}

/** @type {Directive} */
function equate(assembler, operands, position, name) {
  if (operands.length !== 2) throw new AsmError(position, `${name} takes a name and a value`);
  assembler.defineConstant(operands[0], operands[1], position);
}

/** @type {Record<string, Directive>} */
export const DIRECTIVES = {
  '.text': section,
  '.rodata': section,
  '.data': section,
  '.bss': section,
  '.section': section,
  '.align': alignment(true),
  '.p2align': alignment(true),
  '.balign': alignment(false),
  '.byte': integers(1),
  '.half': integers(2),
  '.hword': integers(2),
  '.short': integers(2),
  '.2byte': integers(2),
  '.word': integers(4),
  '.long': integers(4),
  '.4byte': integers(4),
  '.dword': integers(8),
  '.quad': integers(8),
  '.8byte': integers(8),
  '.float': floats(4),
  '.double': floats(8),
  '.ascii': strings(false),
  '.asciz': strings(true),
  '.string': strings(true),
  '.space': space,
  '.skip': space,
  '.zero': space,
  '.fill': fillDirective,
  '.org': org,
  '.equ': equate,
  '.set': equate,
};
