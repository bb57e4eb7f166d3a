/** Keys that touch keyboards lack, as the bytes a serial terminal sends. */

export type TouchKey =
  | 'esc'
  | 'tab'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'page-up'
  | 'page-down'
  | 'insert'
  | 'delete'
  | `f${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}`;

/** Modifiers that are held. */
export interface Held {
  control: boolean;
  alt: boolean;
  shift: boolean;
}

const NONE: Held = { control: false, alt: false, shift: false };

/** Final letters of xterm's sequences CSI … and, without modifiers, SS3 … (ctlseqs, "PC-Style Function Keys"). */
const LETTERS: Partial<Record<TouchKey, string>> = {
  up: 'A',
  down: 'B',
  right: 'C',
  left: 'D',
  home: 'H',
  end: 'F',
  f1: 'P',
  f2: 'Q',
  f3: 'R',
  f4: 'S',
};
/** Numbers of the sequences CSI … ~. */
const NUMBERS: Partial<Record<TouchKey, number>> = {
  insert: 2,
  delete: 3,
  'page-up': 5,
  'page-down': 6,
  f5: 15,
  f6: 17,
  f7: 18,
  f8: 19,
  f9: 20,
  f10: 21,
  f11: 23,
  f12: 24,
};

/** @param application whether the guest asked for application cursor keys (DECCKM) */
export function touchKeySequence(key: TouchKey, application: boolean, held: Held = NONE): string {
  const modifier = 1 + (held.shift ? 1 : 0) + (held.alt ? 2 : 0) + (held.control ? 4 : 0);
  const letter = LETTERS[key];
  if (letter) {
    if (modifier > 1) return `\x1b[1;${modifier}${letter}`;
    return `\x1b${application || /^f\d/.test(key) ? 'O' : '['}${letter}`;
  }
  const number = NUMBERS[key];
  if (number) return `\x1b[${number}${modifier > 1 ? `;${modifier}` : ''}~`;
  if (key === 'tab' && held.shift) return '\x1b[Z';
  return `${held.alt ? '\x1b' : ''}${key === 'esc' ? '\x1b' : '\t'}`;
}

/** What Ctrl makes of typed text: `c` → 0x03. Text that has no control code passes unchanged. */
export function withControl(text: string): string {
  if (text.length !== 1) return text;
  const code = text.toUpperCase().charCodeAt(0);
  if (code === 0x3f) return '\x7f';
  if (code === 0x20) return '\0';
  return code >= 0x40 && code <= 0x5f ? String.fromCharCode(code & 0x1f) : text;
}

/** What held modifiers make of one typed character, as terminals send it; longer texts pass unchanged. */
export function withModifiers(text: string, held: Held): string {
  if (text.length !== 1) return text;
  const shifted = held.shift ? text.toUpperCase() : text;
  return `${held.alt ? '\x1b' : ''}${held.control ? withControl(shifted) : shifted}`;
}
