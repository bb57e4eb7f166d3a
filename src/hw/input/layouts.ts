/** Which keys a person with a given keyboard would press to write a text: for pasting into guests that know keys only. */
import type { KeyboardLayout } from '../../core/keyboard-layouts.ts';
import { LAYOUT_TABLE } from './layout-table.ts';

export interface Stroke {
  /** KeyboardEvent.code. */
  key: string;
  shift: boolean;
  altGr: boolean;
}

/** The keys that differ from layout to layout, by rows from the top left. */
const ROWS: readonly (readonly string[])[] = [
  ['Backquote', ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 0].map((digit) => `Digit${digit}`), 'Minus', 'Equal'],
  [...[...'QWERTYUIOP'].map((letter) => `Key${letter}`), 'BracketLeft', 'BracketRight'],
  [...[...'ASDFGHJKL'].map((letter) => `Key${letter}`), 'Semicolon', 'Quote', 'Backslash'],
  ['IntlBackslash', ...[...'ZXCVBNM'].map((letter) => `Key${letter}`), 'Comma', 'Period', 'Slash'],
];

/** Keys that write the same everywhere. */
const COMMON: readonly (readonly [string, string])[] = [
  [' ', 'Space'],
  ['\n', 'Enter'],
  ['\t', 'Tab'],
  ['\b', 'Backspace'],
  ['\u001b', 'Escape'],
];

/** Dead keys, as the table writes them, and what they write themselves before a space. */
const DEAD: Readonly<Record<string, string>> = {
  '\u0300': '`',
  '\u0301': '\u00b4',
  '\u0302': '^',
  '\u0303': '~',
  '\u0304': '\u00af',
  '\u0306': '\u02d8',
  '\u0307': '\u02d9',
  '\u0308': '\u00a8',
  '\u030a': '\u02da',
  '\u030b': '\u02dd',
  '\u030c': '\u02c7',
  '\u0327': '\u00b8',
  '\u0328': '\u02db',
};

const tables = new Map<KeyboardLayout, Map<string, Stroke>>();

/**
 * The keys of a layout by what they write. What several write is written by the one with the fewest modifiers; by the key beside the left Shift, which some keyboards
 * lack, only where the others need AltGr; else by the first: with AltGr other systems know fewer.
 */
function tableOf(name: KeyboardLayout): Map<string, Stroke> {
  const known = tables.get(name);
  if (known) return known;
  const [plain, shift, altGr, both] = LAYOUT_TABLE[name];
  const table = new Map<string, Stroke>();
  const add = (
    rows: readonly string[],
    wanted: (key: string) => boolean,
    shifted: boolean,
    third: boolean,
  ) => {
    rows.forEach((row, y) => {
      [...row].forEach((character, x) => {
        const key = ROWS[y][x];
        if (character === ' ' || !wanted(key) || table.has(character)) return;
        table.set(character, { key, shift: shifted, altGr: third });
      });
    });
  };
  const isExtra = (key: string): boolean => key === 'IntlBackslash';
  const isUsual = (key: string): boolean => !isExtra(key);
  for (const wanted of [isUsual, isExtra]) {
    add(plain, wanted, false, false);
    add(shift, wanted, true, false);
  }
  add(altGr, () => true, false, true);
  add(both, () => true, true, true);
  for (const [character, key] of COMMON) table.set(character, { key, shift: false, altGr: false });
  tables.set(name, table);
  return table;
}

/** The strokes of a character; null: the layout has no key for it. */
function strokesOf(character: string, table: ReadonlyMap<string, Stroke>): Stroke[] | null {
  const direct = table.get(character);
  if (direct) return [direct];
  const [base, mark, ...rest] = character.normalize('NFD');
  if (mark !== undefined) {
    const [dead, letter] = [table.get(mark), table.get(base)];
    return dead && letter && rest.length === 0 ? [dead, letter] : null;
  }
  for (const [mark, itself] of Object.entries(DEAD)) {
    const dead = table.get(mark);
    if (itself === character && dead) return [dead, table.get(' ')!];
  }
  return null;
}

/** The strokes that write a text, and the characters that the layout has no key for. Line ends of all kinds are Enter. */
export function strokesFor(text: string, layout: KeyboardLayout): { strokes: Stroke[]; missing: string[] } {
  const table = tableOf(layout);
  const strokes: Stroke[] = [];
  const missing = new Set<string>();
  for (const character of text.replace(/\r\n?/g, '\n').normalize('NFC')) {
    const found = strokesOf(character, table);
    if (found) strokes.push(...found);
    else missing.add(character);
  }
  return { strokes, missing: [...missing] };
}
