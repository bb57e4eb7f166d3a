/**
 * Makes src/hw/input/layout-table.ts from xkeyboard-config: what each key of a layout writes. Needs Debian's xkb-data and x11proto-dev (names of keysyms).
 * Usage: node scripts/gen-keyboard-fixtures.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SYMBOLS = '/usr/share/X11/xkb/symbols';
const KEYSYMS = '/usr/include/X11/keysymdef.h';
const TARGET = fileURLToPath(new URL('../src/hw/input/layout-table.ts', import.meta.url));

/** Our names, after QEMU's -k, and what xkeyboard-config calls them. */
const LAYOUTS = {
  us: 'us',
  uk: 'gb',
  de: 'de',
  'de-ch': 'ch',
  fr: 'fr',
  'fr-be': 'be',
  'fr-ch': 'ch(fr)',
  'fr-ca': 'ca(fr)',
  es: 'es',
  'es-la': 'latam',
  it: 'it',
  pt: 'pt',
  'pt-br': 'br',
  nl: 'nl',
  da: 'dk',
  no: 'no',
  sv: 'se',
  fi: 'fi',
  is: 'is',
  pl: 'pl',
  cs: 'cz',
  hu: 'hu',
  tr: 'tr',
};

const numbered = (prefix, count) =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i + 1).padStart(2, '0')}`);
/** The keys in the order of the table's rows. */
const ROWS = [
  ['TLDE', ...numbered('AE', 12)],
  numbered('AD', 12),
  [...numbered('AC', 11), 'BKSL'],
  ['LSGT', ...numbered('AB', 10)],
];
const LEVELS = 4;

/** Dead keys are written as the combining characters that they stand for. */
const DEAD = {
  dead_grave: '\u0300',
  dead_acute: '\u0301',
  dead_circumflex: '\u0302',
  dead_tilde: '\u0303',
  dead_macron: '\u0304',
  dead_breve: '\u0306',
  dead_abovedot: '\u0307',
  dead_diaeresis: '\u0308',
  dead_abovering: '\u030a',
  dead_doubleacute: '\u030b',
  dead_caron: '\u030c',
  dead_cedilla: '\u0327',
  dead_ogonek: '\u0328',
};

const unicode = new Map();
for (const [, name, code] of readFileSync(KEYSYMS, 'utf8').matchAll(
  /^#define XK_(\w+)\s+0x[0-9a-f]+\s*\/\*[ (]U\+([0-9A-F]+)/gm,
))
  unicode.set(name, String.fromCodePoint(Number.parseInt(code, 16)));

/** What a keysym writes; a space: nothing. */
function character(keysym) {
  if (DEAD[keysym]) return DEAD[keysym];
  const code = /^U([0-9A-Fa-f]{4,5})$/.exec(keysym)?.[1];
  const text = code ? String.fromCodePoint(Number.parseInt(code, 16)) : (unicode.get(keysym) ?? ' ');
  return text.length === 1 && text > ' ' && !/\p{M}|\s/u.test(text) ? text : ' ';
}

const files = new Map();
function symbolsFile(name) {
  if (!files.has(name)) files.set(name, readFileSync(`${SYMBOLS}/${name}`, 'utf8').replace(/\/\/.*$/gm, ''));
  return files.get(name);
}

/** The body of a part of a symbols file; without a name, that of its default. */
function section(file, part) {
  const text = symbolsFile(file);
  const heads = [...text.matchAll(/^((?:\s*\b\w+)*)\s*xkb_symbols\s+"([^"]+)"\s*\{/gm)];
  const head =
    heads.find(([, flags, name]) => (part ? name === part : /\bdefault\b/.test(flags))) ?? heads[0];
  let depth = 1;
  let end = head.index + head[0].length;
  const start = end;
  for (; depth > 0; end++) depth += text[end] === '{' ? 1 : text[end] === '}' ? -1 : 0;
  return text.slice(start, end - 1);
}

/** Reads `file(part)` into a map of keys to their keysyms by level. */
function read(reference, keys, own = new Set()) {
  const [, file, part] = /^(\w+)(?:\(([^)]+)\))?$/.exec(reference);
  for (const [, include, key, body] of section(file, part).matchAll(
    /include\s+"([^"]+)"|key(?:\.\w+)?\s*<(\w+)>\s*\{([^}]*)\}/g,
  )) {
    if (include) {
      for (const one of include.split(/[+|]/)) {
        // Modifiers and shortcuts of other keys.
        if (!/^(level[35]|eurosign|kpdl|keypad|nbsp|shift|compose)\b/.test(one))
          read(one.replace(/:\d$/, ''), keys);
      }
      continue;
    }
    const groups = [...body.matchAll(/\[([^\]]*)\]/g)].map(([, list]) =>
      list.split(',').map((name) => name.trim()),
    );
    // type[Group1] has brackets too.
    const symbols = groups.find((list) => !/^group\d$/i.test(list[0]));
    if (symbols) {
      own.add(key);
      const before = keys.get(key) ?? [];
      keys.set(
        key,
        Array.from({ length: LEVELS }, (_, i) =>
          symbols[i] && symbols[i] !== 'NoSymbol' ? symbols[i] : before[i],
        ),
      );
    }
  }
  return keys;
}

function rows(reference) {
  // What a layout leaves out is as in the American one; the key beside the left Shift, which an American keyboard lacks, as xkeyboard-config's `pc` says.
  const keys = read('us', new Map());
  if (reference !== 'us') keys.set('LSGT', ['less', 'greater', 'bar', 'brokenbar']);
  const own = new Set();
  read(reference, keys, own);
  // With AltGr, what a layout puts on a key itself counts, and not where the common part of Latin layouts has it: other systems do not know that.
  const said = new Set([...own].flatMap((key) => keys.get(key).slice(2)));
  for (const [key, symbols] of keys) {
    if (!own.has(key))
      keys.set(
        key,
        symbols.map((symbol, level) => (level > 1 && said.has(symbol) ? undefined : symbol)),
      );
  }
  return Array.from({ length: LEVELS }, (_, level) =>
    ROWS.map((row) =>
      row
        .map((key) => character(keys.get(key)?.[level] ?? ''))
        .join('')
        .trimEnd(),
    ),
  );
}

const literal = (text) =>
  `'${text.replace(/[\\']/g, '\\$&').replace(/\p{M}/gu, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;

const tables = Object.entries(LAYOUTS).map(([name, reference]) => {
  const levels = rows(reference).map((level) => `    [${level.map(literal).join(', ')}],\n`);
  return `  ${/^\w+$/.test(name) ? name : `'${name}'`}: [\n${levels.join('')}  ],\n`;
});

writeFileSync(
  TARGET,
  `/**
 * Made by scripts/gen-keyboard-fixtures.mjs from xkeyboard-config. Of each layout what its keys write alone, with Shift, with AltGr, with both, in four rows from the top left. A space is
 * nothing; a combining character is a dead key.
 */
import type { KeyboardLayout } from '../../core/keyboard-layouts.ts';

type Rows = readonly [string, string, string, string];

export const LAYOUT_TABLE: Readonly<Record<KeyboardLayout, readonly [plain: Rows, shift: Rows, altGr: Rows, both: Rows]>> = {
${tables.join('')}};
`,
);
