/**
 * Expressions of the GNU assembler: integers, characters, symbols, `.`, parentheses, unary `- ~ + !`, binary
 * `* / % << >> | & ^ + - == != < > <= >= && ||` with C's grouping except that `| & ^` bind tighter than `+ -`
 * (as in GNU as). Values are BigInt, wrapped to 64 bits when they are emitted.
 */
import { AsmError } from './errors.mjs';

/**
 * A value is absolute (`section` null) or an offset into a section whose address is not yet known.
 * @typedef {{value: bigint, section: string | null}} Value
 * @typedef {(name: string) => Value} Lookup resolves a symbol, a local label (`1f`, `1b`) or `.`; throws AsmError
 * @typedef {(lookup: Lookup) => Value} Expression
 */

const TOKEN =
  /\s*(?:(0[xX][0-9a-fA-F]+|0[bB][01]+(?![0-9a-zA-Z])|\d+[bf](?![0-9a-zA-Z_.$])|\d+)|'((?:\\.|[^\\]))'?|([A-Za-z_.$][\w.$]*)|(<<|>>|==|!=|<=|>=|&&|\|\||[-+*/%&|^~!()<>]))/y;

const ESCAPES = /** @type {Record<string, number>} */ ({
  n: 10,
  t: 9,
  r: 13,
  b: 8,
  f: 12,
  '\\': 92,
  "'": 39,
  '"': 34,
  0: 0,
});

/** GNU as: each level binds tighter than the one before. */
const BINARY_LEVELS = [['||'], ['&&'], ['==', '!=', '<', '>', '<=', '>='], ['+', '-'], ['|', '&', '^']];
const TIGHTEST = ['*', '/', '%', '<<', '>>'];

/**
 * @param {string} text
 * @param {import('./errors.mjs').SourcePosition} position
 */
function tokenize(text, position) {
  /** @type {{kind: 'number' | 'name' | 'op', text: string, value: bigint}[]} */
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    if (/^\s*$/.test(text.slice(TOKEN.lastIndex))) break;
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match)
      throw new AsmError(position, `cannot read '${text.slice(at).trim()}' in expression '${text}'`);
    const [, number, character, name, operator] = match;
    if (number !== undefined) {
      if (/^\d+[bf]$/.test(number) && !/^0[bB]/.test(number)) {
        tokens.push({ kind: 'name', text: number, value: 0n });
      } else {
        const octal = /^0[0-7]+$/.test(number);
        tokens.push({ kind: 'number', text: number, value: BigInt(octal ? `0o${number.slice(1)}` : number) });
      }
    } else if (character !== undefined) {
      const code = character.startsWith('\\') ? ESCAPES[character[1]] : character.codePointAt(0);
      if (code === undefined) throw new AsmError(position, `unknown escape '${character}'`);
      tokens.push({ kind: 'number', text: character, value: BigInt(code) });
    } else if (name !== undefined) {
      tokens.push({ kind: 'name', text: name, value: 0n });
    } else {
      tokens.push({ kind: 'op', text: operator, value: 0n });
    }
  }
  return tokens;
}

/** @param {boolean} condition GNU as: a true comparison is -1 */
const truth = (condition) => (condition ? -1n : 0n);

/** @type {Record<string, (a: bigint, b: bigint) => bigint>} */
const OPERATIONS = {
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '<<': (a, b) => BigInt.asIntN(64, a << b),
  '>>': (a, b) => BigInt.asUintN(64, a) >> b,
  '|': (a, b) => a | b,
  '&': (a, b) => a & b,
  '^': (a, b) => a ^ b,
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '==': (a, b) => truth(a === b),
  '!=': (a, b) => truth(a !== b),
  '<': (a, b) => truth(a < b),
  '>': (a, b) => truth(a > b),
  '<=': (a, b) => truth(a <= b),
  '>=': (a, b) => truth(a >= b),
  '&&': (a, b) => (a !== 0n && b !== 0n ? 1n : 0n),
  '||': (a, b) => (a !== 0n || b !== 0n ? 1n : 0n),
};

/**
 * @param {string} operator
 * @param {Value} a
 * @param {Value} b
 * @param {import('./errors.mjs').SourcePosition} position
 * @returns {Value}
 */
function combine(operator, a, b, position) {
  if ((operator === '/' || operator === '%') && b.section === null && b.value === 0n) {
    throw new AsmError(position, 'division by zero');
  }
  if ((operator === '<<' || operator === '>>') && (b.value < 0n || b.value > 63n)) {
    throw new AsmError(position, `shift count ${b.value} is outside 0..63`);
  }
  const value = OPERATIONS[operator](a.value, b.value);
  if (a.section === null && b.section === null) return { value, section: null };
  if (operator === '+' && (a.section === null || b.section === null)) {
    return { value, section: a.section ?? b.section };
  }
  if (operator === '-' && b.section === null) return { value, section: a.section };
  if (a.section === b.section && !['+', '*', '/', '%', '<<', '>>'].includes(operator)) {
    return { value, section: null };
  }
  throw new AsmError(position, `'${operator}' of addresses is not known until the sections are placed`);
}

/**
 * Parses an expression once; the result is evaluated with the symbols known at that time.
 * @param {string} text
 * @param {import('./errors.mjs').SourcePosition} position for error messages
 * @returns {Expression}
 */
export function parseExpression(text, position) {
  const tokens = tokenize(text, position);
  let next = 0;

  /** @returns {Expression} */
  function primary() {
    const token = tokens[next++];
    if (!token)
      throw new AsmError(position, `expression expected${text.trim() ? ` after '${text.trim()}'` : ''}`);
    if (token.kind === 'number') return () => ({ value: token.value, section: null });
    if (token.kind === 'name') return (lookup) => lookup(token.text);
    if (token.text === '(') {
      const inner = level(0);
      if (tokens[next++]?.text !== ')') throw new AsmError(position, `')' expected in '${text.trim()}'`);
      return inner;
    }
    const operand = ['-', '~', '+', '!'].includes(token.text) ? primary() : undefined;
    if (!operand) throw new AsmError(position, `unexpected '${token.text}' in '${text.trim()}'`);
    return (lookup) => {
      const { value, section } = operand(lookup);
      if (token.text === '+') return { value, section };
      if (section !== null) throw new AsmError(position, `'${token.text}' of an address is not a constant`);
      if (token.text === '-') return { value: -value, section };
      return { value: token.text === '~' ? ~value : BigInt(value === 0n), section };
    };
  }

  /** @param {number} depth @returns {Expression} */
  function level(depth) {
    const operators = BINARY_LEVELS[depth] ?? TIGHTEST;
    const parse = depth < BINARY_LEVELS.length ? () => level(depth + 1) : primary;
    let left = parse();
    while (tokens[next]?.kind === 'op' && operators.includes(tokens[next].text)) {
      const operator = tokens[next++].text;
      const a = left;
      const b = parse();
      left = (lookup) => combine(operator, a(lookup), b(lookup), position);
    }
    return left;
  }

  const expression = level(0);
  if (next < tokens.length) {
    throw new AsmError(position, `unexpected '${tokens[next].text}' in '${text.trim()}'`);
  }
  return expression;
}

/**
 * Bytes of a quoted string with C's escapes (`\n \t \r \b \f \\ \" \NNN \xNN`), UTF-8.
 * @param {string} text the literal with its quotes
 * @param {import('./errors.mjs').SourcePosition} position
 * @returns {number[]}
 */
export function parseString(text, position) {
  const literal = /^"((?:\\.|[^"\\])*)"$/s.exec(text.trim());
  if (!literal) throw new AsmError(position, `quoted string expected, not '${text.trim()}'`);
  /** @type {number[]} */
  const bytes = [];
  const encoder = new TextEncoder();
  for (const [, hex, octal, escaped, plain] of literal[1].matchAll(
    /\\[xX]([0-9a-fA-F]+)|\\([0-7]{1,3})|\\(.)|([^\\]+)/gsu,
  )) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex.slice(-2), 16));
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 255);
    else if (plain !== undefined) bytes.push(...encoder.encode(plain));
    else if (escaped in ESCAPES) bytes.push(ESCAPES[escaped]);
    else throw new AsmError(position, `unknown escape '\\${escaped}' in a string`);
  }
  return bytes;
}
