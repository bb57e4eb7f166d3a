/** Which keys a person with a given keyboard would press to write a text: for pasting into guests that know keys only. */

export interface Stroke {
  /** KeyboardEvent.code. */
  key: string;
  shift: boolean;
  altGr: boolean;
  /** The key writes nothing until the next one: a space makes it write itself. */
  dead: boolean;
}

/** The keys that differ from layout to layout, by rows from the top left. */
const ROWS: readonly (readonly string[])[] = [
  ['Backquote', ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 0].map((digit) => `Digit${digit}`), 'Minus', 'Equal'],
  [...[...'QWERTYUIOP'].map((letter) => `Key${letter}`), 'BracketLeft', 'BracketRight'],
  [...[...'ASDFGHJKL'].map((letter) => `Key${letter}`), 'Semicolon', 'Quote', 'Backslash'],
  ['IntlBackslash', ...[...'ZXCVBNM'].map((letter) => `Key${letter}`), 'Comma', 'Period', 'Slash'],
];

/** What the keys of each row write alone, with Shift, and with AltGr; a space: nothing that is wanted. Then the dead keys among them. */
interface Layout {
  plain: readonly string[];
  shift: readonly string[];
  altGr: readonly string[];
  dead: string;
}

const NONE = ['', '', '', ''];

const LAYOUTS = {
  us: {
    plain: ['`1234567890-=', 'qwertyuiop[]', "asdfghjkl;'\\", ' zxcvbnm,./'],
    shift: ['~!@#$%^&*()_+', 'QWERTYUIOP{}', 'ASDFGHJKL:"|', ' ZXCVBNM<>?'],
    altGr: NONE,
    dead: '',
  },
  uk: {
    plain: ['`1234567890-=', 'qwertyuiop[]', "asdfghjkl;'#", '\\zxcvbnm,./'],
    shift: ['¬!"£$%^&*()_+', 'QWERTYUIOP{}', 'ASDFGHJKL:@~', '|ZXCVBNM<>?'],
    altGr: ['¦   €', '', '', ''],
    dead: '',
  },
  de: {
    plain: ['^1234567890ß´', 'qwertzuiopü+', 'asdfghjklöä#', '<yxcvbnm,.-'],
    shift: ['°!"§$%&/()=?`', 'QWERTZUIOPÜ*', "ASDFGHJKLÖÄ'", '>YXCVBNM;:_'],
    altGr: ['  ²³   {[]}\\', '@ €        ~', '', '|      µ'],
    dead: '^´`',
  },
  fr: {
    plain: ['²&é"\'(-è_çà)=', 'azertyuiop $', 'qsdfghjklmù*', '<wxcvbn,;:!'],
    shift: [' 1234567890°+', 'AZERTYUIOP £', 'QSDFGHJKLM%µ', '>WXCVBN?./§'],
    altGr: ['  ~#{[|`\\^@]}', '  €        ¤', '', ''],
    dead: '',
  },
} as const satisfies Record<string, Layout>;

export type LayoutName = keyof typeof LAYOUTS;
export const LAYOUT_NAMES = Object.keys(LAYOUTS) as LayoutName[];

/** Keys that write the same everywhere. */
const COMMON: readonly (readonly [string, string])[] = [
  [' ', 'Space'],
  ['\n', 'Enter'],
  ['\t', 'Tab'],
  ['\b', 'Backspace'],
  ['\u001b', 'Escape'],
];

const tables = new Map<LayoutName, Map<string, Stroke>>();

function tableOf(name: LayoutName): Map<string, Stroke> {
  const known = tables.get(name);
  if (known) return known;
  const layout: Layout = LAYOUTS[name];
  const table = new Map<string, Stroke>();
  for (const level of ['altGr', 'shift', 'plain'] as const) {
    layout[level].forEach((row, y) => {
      [...row].forEach((character, x) => {
        if (character === ' ') return;
        table.set(character, {
          key: ROWS[y][x],
          shift: level === 'shift',
          altGr: level === 'altGr',
          dead: layout.dead.includes(character),
        });
      });
    });
  }
  for (const [character, key] of COMMON)
    table.set(character, { key, shift: false, altGr: false, dead: false });
  tables.set(name, table);
  return table;
}

/** The strokes that write a text, and the characters that the layout has no key for. Line ends of all kinds are Enter. */
export function strokesFor(text: string, layout: LayoutName): { strokes: Stroke[]; missing: string[] } {
  const table = tableOf(layout);
  const strokes: Stroke[] = [];
  const missing = new Set<string>();
  for (const character of text.replace(/\r\n?/g, '\n')) {
    const stroke = table.get(character);
    if (!stroke) missing.add(character);
    else {
      strokes.push(stroke);
      if (stroke.dead) strokes.push(table.get(' ')!);
    }
  }
  return { strokes, missing: [...missing] };
}
