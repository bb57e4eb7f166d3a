/** Keys as a person reads them. */
const LABELS: Readonly<Record<string, string>> = {
  ...{
    spc: 'Space',
    ret: 'Enter',
    esc: 'Esc',
    tab: 'Tab',
    backspace: 'Backspace',
    delete: 'Del',
    insert: 'Ins',
  },
  ...{
    up: '↑',
    down: '↓',
    left: '←',
    right: '→',
    home: 'Home',
    end: 'End',
    pgup: 'Page Up',
    pgdn: 'Page Down',
  },
  ...{
    ctrl: 'Ctrl',
    ctrl_r: 'Right Ctrl',
    shift: 'Shift',
    shift_r: 'Right Shift',
    alt: 'Alt',
    alt_r: 'AltGr',
  },
  ...{ meta_l: 'Win', meta_r: 'Win', menu: 'Menu', print: 'Print Screen', pause: 'Pause' },
  ...{ minus: '-', equal: '=', comma: ',', dot: '.', slash: '/', semicolon: ';', apostrophe: "'" },
  ...{ grave_accent: '`', backslash: '\\', bracket_left: '[', bracket_right: ']' },
};

/** The label of keys that are pressed together: `ctrl-b` is `Ctrl+B`. */
export const chordLabel = (keys: string): string =>
  keys
    .split('-')
    .map((key) => LABELS[key.toLowerCase()] ?? key.toUpperCase())
    .join('+');

/** The label of text that is one key, or null: `\x1b` is `Esc`, `\x02` is `Ctrl+B`, `?` is itself. */
export function typedKeyLabel(text: string): string | null {
  if (text.length !== 1) return null;
  const code = text.charCodeAt(0);
  if (text === ' ') return 'Space';
  if (text === '\x1b') return 'Esc';
  if (text === '\t') return 'Tab';
  if (text === '\r' || text === '\n') return 'Enter';
  return code < 0x1b ? `Ctrl+${String.fromCharCode(code + 0x40)}` : text;
}
