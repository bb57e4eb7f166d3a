/** The statements of a .vmtest file: docs/vmtest.md follows this table. */
import { KEYBOARD_LAYOUTS, type KeyboardLayout } from '../../core/keyboard-layouts.ts';
import type { VmOutcome } from '../../core/vm-api.ts';
import { chordCodes } from '../keys.ts';
import { LineError } from '../../command/shell-words.ts';
import type { Token } from './tokens.ts';

export type Pattern = RegExp | string;

export type Action =
  | { do: 'expect'; pattern: Pattern }
  | { do: 'fail-on'; pattern: Pattern }
  | { do: 'send'; bytes: Uint8Array }
  | { do: 'console'; name: string | null }
  | { do: 'screen-expect'; pattern: Pattern }
  | { do: 'screen-match'; name: string }
  | { do: 'screen-size'; width: number; height: number }
  | { do: 'screen-changes' }
  | { do: 'screenshot'; name: string }
  | { do: 'type'; text: string; layout: KeyboardLayout }
  | { do: 'key'; chord: string }
  | { do: 'click'; x: number; y: number; button: 'left' | 'right' | 'middle' }
  | { do: 'mouse-move'; dx: number; dy: number }
  | { do: 'timeout'; ms: number }
  | { do: 'reset' | 'restart' | 'power-off' }
  | { do: 'change'; drive: string; file: string }
  | { do: 'eject'; drive: string }
  | { do: 'expect-end'; outcome: VmOutcome; code: number | null };

/** Takes the arguments of a statement one by one. */
class Arguments {
  readonly #tokens: readonly Token[];
  readonly #end: number;
  readonly #usage: string;
  #next = 0;

  constructor(tokens: readonly Token[], end: number, usage: string) {
    this.#tokens = tokens;
    this.#end = end;
    this.#usage = usage;
  }

  get more(): boolean {
    return this.#next < this.#tokens.length;
  }

  wrong(column: number, message: string): LineError {
    return new LineError(column, `${message}: ${this.#usage}`);
  }

  take(what: string): Token {
    const token = this.#tokens[this.#next++];
    if (!token) throw this.wrong(this.#end, `${what} is missing`);
    return token;
  }

  /** A text or an expression. */
  pattern(): Pattern {
    const token = this.take('what to look for');
    if (token.type === 'regex') return token.regex;
    if (token.type !== 'string')
      throw this.wrong(token.column, `"${token.text}" is neither "text" nor /expression/`);
    if (token.bytes.length === 0) throw this.wrong(token.column, 'the text is empty and would match at once');
    return Buffer.from(token.bytes).toString('utf8');
  }

  bytes(): Uint8Array {
    const token = this.take('the text');
    if (token.type === 'string') return token.bytes;
    throw this.wrong(token.column, 'a text is written between quotation marks');
  }

  /** A word, or a text where it has spaces. */
  name(what: string): { text: string; column: number } {
    const token = this.take(what);
    if (token.type === 'word') return token;
    if (token.type === 'string' && token.bytes.length > 0)
      return { text: Buffer.from(token.bytes).toString('utf8'), column: token.column };
    throw this.wrong(token.column, `${what} is missing`);
  }

  number(what: string, pattern: RegExp): number {
    const { text, column } = this.name(what);
    if (pattern.test(text)) return Number(text);
    throw this.wrong(column, `"${text}" is not ${what}`);
  }

  choice<T extends string>(what: string, choices: readonly T[]): T {
    const { text, column } = this.name(what);
    const found = choices.find((choice) => choice === text);
    if (found) return found;
    throw this.wrong(column, `"${text}" is not ${what} (${choices.join(', ')})`);
  }

  done(): void {
    const token = this.#tokens[this.#next];
    if (token) throw this.wrong(token.column, 'this is too much');
  }
}

const BUTTONS = ['left', 'right', 'middle'] as const;
const OUTCOMES = ['poweroff', 'reset', 'panic', 'stopped'] as const;
const LAYOUTS = Object.keys(KEYBOARD_LAYOUTS) as KeyboardLayout[];
const COUNT = /^\d+$/;
const SIGNED = /^-?\d+$/;
/** From a millisecond to what a timer takes. */
const SECONDS = /^(?=.*[1-9])\d{1,6}(\.\d{1,3})?$/;

/** A picture's name is a file's name. */
function pictureName(args: Arguments): string {
  const { text, column } = args.name('a name');
  if (!/^[\w][\w .-]*$/.test(text)) throw args.wrong(column, `"${text}" is not a file's name`);
  return text.endsWith('.png') ? text : `${text}.png`;
}

interface Statement {
  usage: string;
  read(args: Arguments): Action;
}

export const STATEMENTS: Readonly<Record<string, Statement>> = {
  expect: {
    usage: 'expect /EXPRESSION/ or "TEXT"',
    read: (args) => ({ do: 'expect', pattern: args.pattern() }),
  },
  'fail-on': {
    usage: 'fail-on /EXPRESSION/ or "TEXT"',
    read: (args) => ({ do: 'fail-on', pattern: args.pattern() }),
  },
  send: { usage: 'send "TEXT\\n"', read: (args) => ({ do: 'send', bytes: args.bytes() }) },
  console: {
    usage: 'console serial, or the name or number of a virtio port',
    read: (args) => {
      const { text } = args.name('the name of a port');
      return { do: 'console', name: text === 'serial' ? null : text };
    },
  },
  'screen-expect': {
    usage: 'screen-expect /EXPRESSION/ or "TEXT"',
    read: (args) => ({ do: 'screen-expect', pattern: args.pattern() }),
  },
  'screen-match': {
    usage: 'screen-match NAME',
    read: (args) => ({ do: 'screen-match', name: pictureName(args) }),
  },
  'screen-size': {
    usage: 'screen-size WIDTH HEIGHT',
    read: (args) => ({
      do: 'screen-size',
      width: args.number('a number of pixels', COUNT),
      height: args.number('a number of pixels', COUNT),
    }),
  },
  'screen-changes': { usage: 'screen-changes', read: () => ({ do: 'screen-changes' }) },
  screenshot: {
    usage: 'screenshot NAME',
    read: (args) => ({ do: 'screenshot', name: pictureName(args) }),
  },
  type: {
    usage: 'type "TEXT" [LAYOUT]',
    read: (args) => ({
      do: 'type',
      text: Buffer.from(args.bytes()).toString('utf8'),
      layout: args.more ? args.choice('a layout', LAYOUTS) : 'us',
    }),
  },
  key: {
    usage: 'key ctrl-alt-delete',
    read: (args) => {
      const { text, column } = args.name('a key');
      try {
        chordCodes(text);
      } catch (error) {
        throw args.wrong(column, (error as Error).message);
      }
      return { do: 'key', chord: text };
    },
  },
  click: {
    usage: 'click X Y [left|right|middle]',
    read: (args) => ({
      do: 'click',
      x: args.number('a column of pixels', COUNT),
      y: args.number('a row of pixels', COUNT),
      button: args.more ? args.choice('a button', BUTTONS) : 'left',
    }),
  },
  'mouse-move': {
    usage: 'mouse-move DX DY',
    read: (args) => ({
      do: 'mouse-move',
      dx: args.number('a number of counts', SIGNED),
      dy: args.number('a number of counts', SIGNED),
    }),
  },
  timeout: {
    usage: 'timeout SECONDS',
    read: (args) => {
      const ms = args.number('a number of seconds', SECONDS) * 1000;
      return { do: 'timeout', ms };
    },
  },
  reset: { usage: 'reset', read: () => ({ do: 'reset' }) },
  restart: { usage: 'restart', read: () => ({ do: 'restart' }) },
  'power-off': { usage: 'power-off', read: () => ({ do: 'power-off' }) },
  change: {
    usage: 'change DRIVE FILE',
    read: (args) => ({ do: 'change', drive: args.name('a drive').text, file: args.name('a file').text }),
  },
  eject: { usage: 'eject DRIVE', read: (args) => ({ do: 'eject', drive: args.name('a drive').text }) },
  'expect-end': {
    usage: `expect-end ${OUTCOMES.join('|')} [CODE]`,
    read: (args) => ({
      do: 'expect-end',
      outcome: args.choice('an outcome', OUTCOMES),
      code: args.more ? args.number('a code', COUNT) : null,
    }),
  },
};

/** Reads one statement. @throws LineError at the word that is wrong */
export function readStatement([first, ...rest]: readonly Token[], length: number): Action {
  const name = first.type === 'word' ? first.text : '';
  if (!Object.hasOwn(STATEMENTS, name)) {
    const known = ['test', ...Object.keys(STATEMENTS)].join(', ');
    throw new LineError(
      first.column,
      `${name ? `"${name}" is no statement` : 'a statement begins with a word'}; there is ${known}`,
    );
  }
  const { usage, read } = STATEMENTS[name];
  const args = new Arguments(rest, length + 1, usage);
  const action = read(args);
  args.done();
  return action;
}
