/** The words of one line of a .vmtest file. Columns count from 1, in UTF-16 units. */

import { unescapeText } from '../../command/escapes.ts';
import { LineError } from '../../command/shell-words.ts';
import { UsageError } from '../../command/usage-error.ts';

export type Token =
  | { type: 'word'; text: string; column: number }
  | { type: 'string'; bytes: Uint8Array; column: number }
  | { type: 'regex'; regex: RegExp; column: number };

const SPACE = /[ \t]+/y;
const WORD = /[^ \t"/#][^ \t"]*/y;
const STRING = /"((?:[^"\\]|\\.)*)"/y;
const REGEX = /\/((?:[^/\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+)\/(\w*)/y;
/** Flags that a person may give; `m` and `u` are always set, as for --expect. */
const FLAGS = /^[ims]*$/;

function regexOf(source: string, flags: string, column: number): RegExp {
  if (!FLAGS.test(flags))
    throw new LineError(column, `"${flags}" are no flags of an expression: there are i, m and s`);
  try {
    return new RegExp(source, [...new Set(`${flags}mu`)].join(''));
  } catch (error) {
    const reason = (error as Error).message.split(': ').pop();
    throw new LineError(column, `this is not a regular expression: ${reason}`);
  }
}

function stringOf(text: string, column: number): Uint8Array {
  try {
    // A quotation mark can only be written escaped.
    return unescapeText(text.replaceAll('\\"', '"'));
  } catch (error) {
    if (error instanceof UsageError) throw new LineError(column, error.message);
    throw error;
  }
}

/** Words, strings and expressions of a line, up to a `#` that begins a word. @throws LineError */
export function tokens(line: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    const spaced = take(SPACE) !== null || at === 0;
    if (at >= line.length || line[at] === '#') return found;
    const column = at + 1;
    if (!spaced) throw new LineError(column, 'a space is missing here');
    if (line[at] === '"') {
      const match = take(STRING);
      if (!match) throw new LineError(column, 'the closing " of this text is missing');
      found.push({ type: 'string', bytes: stringOf(match[1], column), column });
    } else if (line[at] === '/') {
      const match = take(REGEX);
      if (!match) throw new LineError(column, 'the closing / of this expression is missing');
      found.push({ type: 'regex', regex: regexOf(match[1], match[2], column), column });
    } else {
      const match = take(WORD)!;
      found.push({ type: 'word', text: match[0], column });
    }
  }
}
