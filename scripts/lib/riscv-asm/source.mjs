/**
 * From text to statements: comments, several statements on a line, `.include`, `.macro`, `.rept`, `.if`.
 */
import { AsmError } from './errors.mjs';

/**
 * @typedef {import('./errors.mjs').SourcePosition} SourcePosition
 * @typedef {{text: string, position: SourcePosition}} Line one statement with its labels, without comments
 * @typedef {(path: string, from: SourcePosition | null) => {text: string, file: string}} ReadSource the text of a source
 *   file and the path to name it by; `from` is where it is included, null for the main file
 * @typedef {{name: string, parameters: {name: string, fallback?: string}[], body: Line[]}} Macro
 */

/**
 * Removes comments and splits at `;` and line ends, leaving quoted text alone.
 * @param {string} text
 * @param {string} file
 * @returns {Line[]}
 */
export function splitStatements(text, file) {
  /** @type {Line[]} */
  const lines = [];
  let line = 1;
  let statement = '';
  const flush = () => {
    if (statement.trim() !== '') lines.push({ text: statement.trim(), position: { file, line } });
    statement = '';
  };
  const pieces = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^\\\n])'?|\/\*[\s\S]*?\*\/|#[^\n]*|\n|;|[\s\S]/g;
  for (const [piece] of text.matchAll(pieces)) {
    if (piece === '\n') {
      flush();
      line++;
    } else if (piece === ';') {
      flush();
    } else if (piece.startsWith('/*')) {
      statement += ' ';
      line += piece.split('\n').length - 1;
    } else if (piece[0] !== '#') {
      statement += piece;
    }
  }
  flush();
  return lines;
}

/**
 * Splits operands at commas outside parentheses and quotes.
 * @param {string} text
 * @returns {string[]}
 */
export function splitOperands(text) {
  if (text.trim() === '') return [];
  const operands = [''];
  let depth = 0;
  for (const [piece] of text.matchAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^\\])'?|[\s\S]/g)) {
    if (piece === '(') depth++;
    else if (piece === ')') depth--;
    if (piece === ',' && depth === 0) operands.push('');
    else operands[operands.length - 1] += piece;
  }
  return operands.map((operand) => operand.trim());
}

/**
 * Splits macro arguments, which blanks may separate as well as commas.
 * @param {string} text
 */
function splitArguments(text) {
  return splitOperands(text.includes(',') ? text : text.trim().replaceAll(/\s+/g, ','));
}

/** Most levels of `.include`, macro and `.rept` inside each other. */
const MAX_NESTING = 32;
/** Most statements after expansion: a runaway `.rept` is an error, not a full disk. */
const MAX_STATEMENTS = 1_000_000;

export class Preprocessor {
  /**
   * @param {ReadSource} readSource
   * @param {(text: string, position: SourcePosition) => bigint} evaluateConstant for `.rept` and `.if`
   */
  constructor(readSource, evaluateConstant) {
    this.readSource = readSource;
    this.evaluateConstant = evaluateConstant;
    /** @type {Map<string, Macro>} */
    this.macros = new Map();
    this.expansions = 0;
    this.statements = 0;
  }

  /**
   * Yields the statements of a file with everything expanded. Statements are yielded one by one so that `.if` and
   * `.rept` see the symbols that earlier statements defined.
   * @param {string} path
   * @returns {Generator<Line>}
   */
  *expandFile(path) {
    const { text, file } = this.readSource(path, null);
    const lines = splitStatements(text, file);
    if (lines.length > 0) yield* this.expand(lines, 0);
  }

  /**
   * @param {Line[]} lines
   * @param {number} depth
   * @returns {Generator<Line>}
   */
  *expand(lines, depth) {
    if (depth > MAX_NESTING)
      throw new AsmError(lines[0].position, `nested more than ${MAX_NESTING} levels deep`);
    for (let i = 0; i < lines.length; i++) {
      const { text, position } = lines[i];
      const directive = /^(?:[\w.$]+\s*:\s*)*(\.?[\w.$]+)\s*(.*)$/s.exec(text);
      const name = directive?.[1] ?? '';
      const rest = directive?.[2] ?? '';
      if (name === '.macro') {
        i = this.defineMacro(lines, i, rest);
      } else if (name === '.rept') {
        const end = findEnd(lines, i, '.rept', '.endr');
        const count = this.evaluateConstant(rest, position);
        for (let n = 0n; n < count; n++) yield* this.expand(lines.slice(i + 1, end), depth + 1);
        i = end;
      } else if (name === '.if') {
        const end = findEnd(lines, i, '.if', '.endif');
        const middle = findElse(lines, i, end);
        const chosen =
          this.evaluateConstant(rest, position) !== 0n
            ? lines.slice(i + 1, middle)
            : lines.slice(Math.min(middle + 1, end), end);
        if (chosen.length > 0) yield* this.expand(chosen, depth + 1);
        i = end;
      } else if (name === '.include') {
        const path = /^"(.*)"$/.exec(rest.trim())?.[1];
        if (path === undefined) throw new AsmError(position, `.include takes a quoted path, not '${rest}'`);
        const source = this.readSource(path, position);
        const included = splitStatements(source.text, source.file);
        if (included.length > 0) yield* this.expand(included, depth + 1);
      } else if (['.endm', '.endr', '.endif', '.else'].includes(name)) {
        throw new AsmError(position, `${name} without its beginning`);
      } else if (this.macros.has(name)) {
        const label = text.slice(0, text.lastIndexOf(name, text.length - rest.length - name.length)).trim();
        if (label !== '') yield { text: label, position };
        const body = this.instantiate(/** @type {Macro} */ (this.macros.get(name)), rest, position);
        if (body.length > 0) yield* this.expand(body, depth + 1);
      } else {
        if (++this.statements > MAX_STATEMENTS) {
          throw new AsmError(position, `more than ${MAX_STATEMENTS} statements after expansion`);
        }
        yield lines[i];
      }
    }
  }

  /**
   * @param {Line[]} lines
   * @param {number} start index of `.macro`
   * @param {string} header
   * @returns {number} index of `.endm`
   */
  defineMacro(lines, start, header) {
    const { position } = lines[start];
    const match = /^([\w.$]+)\s*,?\s*(.*)$/s.exec(header);
    if (!match) throw new AsmError(position, '.macro needs a name');
    const [, name, parameterText] = match;
    if (this.macros.has(name)) throw new AsmError(position, `macro '${name}' is already defined`);
    const parameters = splitArguments(parameterText).map((parameter) => {
      const [parameterName, fallback] = parameter.split('=', 2);
      return {
        name: parameterName.replace(/:req$/, ''),
        fallback: fallback ?? (/:req$/.test(parameterName) ? undefined : ''),
      };
    });
    const end = findEnd(lines, start, '.macro', '.endm');
    this.macros.set(name, { name, parameters, body: lines.slice(start + 1, end) });
    return end;
  }

  /**
   * @param {Macro} macro
   * @param {string} argumentText
   * @param {SourcePosition} position of the use
   * @returns {Line[]}
   */
  instantiate(macro, argumentText, position) {
    const given = splitArguments(argumentText);
    if (given.length > macro.parameters.length) {
      throw new AsmError(
        position,
        `macro '${macro.name}' takes ${macro.parameters.length} arguments, not ${given.length}`,
      );
    }
    /** @type {Map<string, string>} */
    const values = new Map();
    macro.parameters.forEach(({ name, fallback }, index) => {
      const value = given[index] || fallback;
      if (value === undefined)
        throw new AsmError(position, `macro '${macro.name}' needs an argument for '${name}'`);
      values.set(name, value);
    });
    const serial = String(this.expansions++);
    const within = `in macro ${macro.name} used at ${position.file}:${position.line}`;
    return macro.body.map((line) => ({
      text: line.text.replaceAll(/\\(?:([A-Za-z_][\w$]*)|(@)|\(\))/g, (whole, name, at) => {
        if (at) return serial;
        if (name === undefined) return '';
        return values.get(name) ?? whole;
      }),
      position: { ...line.position, within },
    }));
  }
}

/**
 * @param {Line[]} lines
 * @param {number} start
 * @param {string} open
 * @param {string} close
 * @returns {number} index of the `close` that belongs to `lines[start]`
 */
function findEnd(lines, start, open, close) {
  let depth = 0;
  for (let i = start; i < lines.length; i++) {
    const word = /^(?:[\w.$]+\s*:\s*)*(\.?\w+)/.exec(lines[i].text)?.[1];
    if (word === open) depth++;
    if (word === close && --depth === 0) return i;
  }
  throw new AsmError(lines[start].position, `${open} without ${close}`);
}

/**
 * @param {Line[]} lines
 * @param {number} start index of `.if`
 * @param {number} end index of its `.endif`
 * @returns {number} index of its `.else`, or `end`
 */
function findElse(lines, start, end) {
  let depth = 0;
  for (let i = start; i < end; i++) {
    if (/^\.if\b/.test(lines[i].text)) depth++;
    else if (/^\.endif\b/.test(lines[i].text)) depth--;
    else if (depth === 1 && /^\.else\b/.test(lines[i].text)) return i;
  }
  return end;
}
