/**
 * The two passes. Pass 1 expands the source into items with sizes and notes every label's offset in its section;
 * then the sections are placed; pass 2 encodes the items with every symbol known.
 */
import { loadConstant } from './constants.mjs';
import { DIRECTIVES, IGNORED_DIRECTIVES } from './directives.mjs';
import { encodeInstruction, isMemoryOperand, MEMORY_KINDS, pcrelHighExpression } from './encode.mjs';
import { AsmError } from './errors.mjs';
import { parseExpression } from './expression.mjs';
import { Preprocessor, splitOperands } from './source.mjs';
import { INSTRUCTIONS, PSEUDOS } from './tables/index.mjs';

/**
 * @typedef {import('./errors.mjs').SourcePosition} SourcePosition
 * @typedef {import('./expression.mjs').Value} Value
 * @typedef {import('./tables/index.mjs').InstructionForm} InstructionForm
 */

/**
 * One statement's contribution to a section.
 * @typedef {object} Item
 * @property {number} offset in its section
 * @property {number} size bytes
 * @property {number} sequence number of the statement, for local labels
 * @property {SourcePosition} position
 * @property {(emit: EmitContext) => Uint8Array | undefined} emit the bytes in pass 2; undefined is zeros
 */

/**
 * @typedef {import('./encode.mjs').EncodeContext & {evaluate: (text: string) => bigint}} EmitContext
 */

/**
 * @typedef {object} Section
 * @property {string} name
 * @property {Item[]} items
 * @property {number} size
 * @property {number} align
 * @property {bigint} address set by the layout
 */

/**
 * @typedef {object} Program
 * @property {bigint} entry address of `_start`, or of the first byte of .text
 * @property {{name: string, address: bigint, bytes: Uint8Array, size: number, align: number}[]} sections in
 *   address order, empty ones left out; `.bss` has no bytes but a size
 * @property {Map<string, bigint>} symbols labels and `.equ` constants
 * @property {{name: string, address: bigint, section: string}[]} labels
 */

/** Sections in the order of their addresses; from `.data` on they are writable. */
export const SECTION_ORDER = ['.text', '.rodata', '.data', '.bss'];
/** Where the writable part starts: a multiple of this, so that the two parts can be mapped with their own rights. */
export const PAGE_SIZE = 0x1000;

export class Assembler {
  /** @param {import('./source.mjs').ReadSource} readSource */
  constructor(readSource) {
    this.preprocessor = new Preprocessor(readSource, (text, position) => this.constant(text, position));
    /** @type {Map<string, Section>} */
    this.sections = new Map(
      SECTION_ORDER.map((name) => [
        name,
        { name, items: [], size: 0, align: name === '.text' ? 4 : 1, address: 0n },
      ]),
    );
    this.section = /** @type {Section} */ (this.sections.get('.text'));
    /** @type {Map<string, {position: SourcePosition, resolve: () => Value}>} */
    this.symbols = new Map();
    /** @type {Map<string, {section: Section, offset: number, sequence: number}[]>} */
    this.localLabels = new Map();
    /** @type {{name: string, section: Section, offset: number}[]} */
    this.labels = [];
    /** @type {Map<bigint, () => bigint>} address of an instruction with %pcrel_hi → what that refers to */
    this.pcrelHigh = new Map();
    this.sequence = 0;
    this.placed = false;
    /** @type {Set<string>} symbols being resolved, to refuse circular definitions */
    this.resolving = new Set();
  }

  /**
   * @param {string} path of the main file
   * @param {bigint} base address of .text
   * @returns {Program}
   */
  assemble(path, base) {
    for (const line of this.preprocessor.expandFile(path)) {
      this.sequence++;
      this.statement(line.text, line.position);
    }
    this.fillSections();
    this.layout(base);
    return this.emit(base);
  }

  /**
   * @param {string} text
   * @param {SourcePosition} position
   */
  statement(text, position) {
    let rest = text;
    for (;;) {
      const label = /^([A-Za-z_.$][\w.$]*|\d+)\s*:\s*/.exec(rest);
      if (!label) break;
      this.defineLabel(label[1], position);
      rest = rest.slice(label[0].length);
    }
    if (rest === '') return;
    const assignment = /^([A-Za-z_.$][\w.$]*)\s*=(?!=)\s*(.*)$/s.exec(rest);
    if (assignment) {
      this.defineConstant(assignment[1], assignment[2], position);
      return;
    }
    const [, name, operandText] = /** @type {RegExpExecArray} */ (/^(\S+)\s*(.*)$/s.exec(rest));
    const operands = splitOperands(operandText);
    if (name.startsWith('.')) {
      if (IGNORED_DIRECTIVES.has(name)) return;
      const directive = DIRECTIVES[name];
      if (!directive) throw new AsmError(position, `unknown directive '${name}'`);
      directive(this, operands, position, name);
    } else {
      this.instruction(name.toLowerCase(), operands, position);
    }
  }

  /**
   * @param {string} name
   * @param {string[]} operands
   * @param {SourcePosition} position
   */
  instruction(name, operands, position) {
    const form = INSTRUCTIONS.get(name)?.find((candidate) => fits(candidate, operands));
    if (form) {
      if (this.section.name === '.bss') throw new AsmError(position, 'instructions cannot be in .bss');
      const high = operands.map(pcrelHighExpression).find((expression) => expression !== undefined);
      this.add(4, position, (context) => {
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setUint32(0, encodeInstruction(form, operands, context), true);
        return bytes;
      });
      const item = /** @type {Item} */ (this.section.items.at(-1));
      if (high !== undefined) this.noteHigh(this.section, item, high);
      return;
    }
    if (name === 'li' && operands.length === 2) {
      for (const line of loadConstant(operands[0], this.constant(operands[1], position))) {
        this.statement(line, position);
      }
      return;
    }
    const expansion = PSEUDOS.get(`${name}/${operands.length}`);
    if (expansion) {
      for (const line of expansion) {
        this.statement(
          line.replaceAll(/\$(\d)/g, (_, index) => operands[index - 1]),
          position,
        );
      }
      return;
    }
    const known =
      INSTRUCTIONS.has(name) ||
      name === 'li' ||
      [...PSEUDOS.keys()].some((key) => key.startsWith(`${name}/`));
    throw new AsmError(
      position,
      known
        ? `'${name}' does not take the operands '${operands.join(', ')}'`
        : `unknown instruction '${name}'`,
    );
  }

  /**
   * @param {Section} section
   * @param {Item} item
   * @param {string} expression
   */
  noteHigh(section, item, expression) {
    const { offset, sequence, position } = item;
    const parsed = parseExpression(expression, position);
    this.pcrelHigh.set(
      BigInt(offset) | (BigInt(SECTION_ORDER.indexOf(section.name)) << 64n),
      () => parsed((name) => this.lookup(name, { section, offset, sequence, position })).value,
    );
  }

  /**
   * Appends an item to the current section.
   * @param {number} size bytes
   * @param {SourcePosition} position
   * @param {Item['emit']} emit
   */
  add(size, position, emit) {
    this.section.items.push({ offset: this.section.size, size, sequence: this.sequence, position, emit });
    this.section.size += size;
  }

  /**
   * @param {string} name
   * @param {SourcePosition} position
   */
  defineLabel(name, position) {
    const { section } = this;
    const offset = section.size;
    if (/^\d/.test(name)) {
      const list = this.localLabels.get(name) ?? [];
      list.push({ section, offset, sequence: this.sequence });
      this.localLabels.set(name, list);
      return;
    }
    this.defineSymbol(name, position, () => this.sectionValue(section, offset));
    this.labels.push({ name, section, offset });
  }

  /**
   * `.equ`: evaluated where it is used, with `.` and local labels as seen here.
   * @param {string} name
   * @param {string} text
   * @param {SourcePosition} position
   */
  defineConstant(name, text, position) {
    const expression = parseExpression(text, position);
    const place = { section: this.section, offset: this.section.size, sequence: this.sequence, position };
    this.defineSymbol(name, position, () => {
      if (this.resolving.has(name)) throw new AsmError(position, `'${name}' is defined by itself`);
      this.resolving.add(name);
      try {
        return expression((symbol) => this.lookup(symbol, place));
      } finally {
        this.resolving.delete(name);
      }
    });
  }

  /**
   * @param {string} name
   * @param {SourcePosition} position
   * @param {() => Value} resolve
   */
  defineSymbol(name, position, resolve) {
    const earlier = this.symbols.get(name);
    if (earlier) {
      const { file, line } = earlier.position;
      throw new AsmError(position, `'${name}' is already defined at ${file}:${line}`);
    }
    this.symbols.set(name, { position, resolve });
  }

  /**
   * @param {Section} section
   * @param {number} offset
   * @returns {Value}
   */
  sectionValue(section, offset) {
    if (this.placed) return { value: section.address + BigInt(offset), section: null };
    return { value: BigInt(offset), section: section.name };
  }

  /**
   * @param {string} name symbol, `.`, or `1f`/`1b`
   * @param {{section: Section, offset: number, sequence: number, position: SourcePosition}} place of the reference
   * @returns {Value}
   */
  lookup(name, place) {
    if (name === '.') return this.sectionValue(place.section, place.offset);
    const local = /^(\d+)([bf])$/.exec(name);
    if (local) {
      const list = this.localLabels.get(local[1]) ?? [];
      const found =
        local[2] === 'b'
          ? list.findLast((label) => label.sequence <= place.sequence)
          : list.find((label) => label.sequence > place.sequence);
      if (!found) {
        const direction = local[2] === 'b' ? 'before' : 'after';
        throw new AsmError(place.position, `no local label '${local[1]}:' ${direction} this line`);
      }
      return this.sectionValue(found.section, found.offset);
    }
    const symbol = this.symbols.get(name);
    if (!symbol) throw new AsmError(place.position, `undefined symbol '${name}'`);
    return symbol.resolve();
  }

  /**
   * A value that must be known in pass 1 (`li`, `.space`, `.align`, `.rept`).
   * @param {string} text
   * @param {SourcePosition} position
   * @returns {bigint}
   */
  constant(text, position) {
    const place = { section: this.section, offset: this.section.size, sequence: this.sequence, position };
    const { value, section } = parseExpression(text, position)((name) => this.lookup(name, place));
    if (section !== null) throw new AsmError(position, `'${text}' is an address, not a constant; use la`);
    return value;
  }

  /** GNU as fills code up to its own alignment with NOPs, and no other section: so what follows lies where it would put it. */
  fillSections() {
    const used = [...this.sections.values()].filter((section) => section.size > 0);
    const text = used.slice(0, -1).find((section) => section.name === '.text');
    if (!text) return;
    this.section = text;
    const last = /** @type {Item} */ (text.items.at(-1));
    DIRECTIVES['.balign'](this, [String(text.align)], last.position, '.balign');
  }

  /** @param {bigint} base */
  layout(base) {
    let address = base;
    for (const section of this.sections.values()) {
      const align = BigInt(section.name === '.data' ? Math.max(PAGE_SIZE, section.align) : section.align);
      address = ((address + align - 1n) / align) * align;
      section.address = address;
      address += BigInt(section.size);
    }
    this.placed = true;
  }

  /**
   * @param {bigint} base
   * @returns {Program}
   */
  emit(base) {
    /** @type {Map<bigint, () => bigint>} */
    const pcrelTargets = new Map();
    for (const [key, resolve] of this.pcrelHigh) {
      const section = /** @type {Section} */ (this.sections.get(SECTION_ORDER[Number(key >> 64n)]));
      pcrelTargets.set(section.address + BigInt.asUintN(64, key), resolve);
    }
    const sections = [...this.sections.values()].filter((section) => section.size > 0);
    const program = sections.map((section) => {
      const bytes = new Uint8Array(section.name === '.bss' ? 0 : section.size);
      for (const item of section.items) {
        const place = { section, offset: item.offset, sequence: item.sequence, position: item.position };
        /** @param {string} name */
        const lookup = (name) => this.lookup(name, place);
        const data = item.emit({
          position: item.position,
          pc: section.address + BigInt(item.offset),
          lookup,
          pcrelTarget: (pc) => pcrelTargets.get(pc)?.(),
          evaluate: (text) => parseExpression(text, item.position)(lookup).value,
        });
        if (data) bytes.set(data, item.offset);
      }
      const { name, address, size, align } = section;
      return { name, address, bytes, size, align };
    });
    const start = this.symbols.get('_start');
    return {
      entry: start ? start.resolve().value : base,
      sections: program,
      symbols: new Map([...this.symbols].map(([name, symbol]) => [name, symbol.resolve().value])),
      labels: this.labels.map(({ name, section, offset }) => ({
        name,
        address: section.address + BigInt(offset),
        section: section.name,
      })),
    };
  }
}

/**
 * @param {InstructionForm} form
 * @param {string[]} operands
 */
function fits(form, operands) {
  const kinds = form.operands;
  const optional = kinds.at(-1) === 'rm' ? 1 : 0;
  if (operands.length > kinds.length || operands.length < kinds.length - optional) return false;
  return operands.every((operand, index) => !MEMORY_KINDS.has(kinds[index]) || isMemoryOperand(operand));
}
