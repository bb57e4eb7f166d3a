/** Colours and fonts of the terminal, from the element's CSS custom properties (docs/vm-console.md lists them). */

export interface TerminalLook {
  fontFamily: string;
  /** CSS pixels. */
  fontSize: number;
  lineHeight: number;
  theme: Record<string, string>;
}

/** The custom property behind each colour of the terminal, without its `--vm-console-` prefix, and the default. */
export const COLORS = {
  background: ['background', '#0b1220'],
  foreground: ['foreground', '#d7e0ee'],
  cursor: ['cursor', '#8ecbff'],
  cursorAccent: ['background', '#0b1220'],
  selectionBackground: ['selection', '#33517a'],
  black: ['black', '#3d4b63'],
  red: ['red', '#ff7b85'],
  green: ['green', '#7fd99b'],
  yellow: ['yellow', '#f0c674'],
  blue: ['blue', '#7db4ff'],
  magenta: ['magenta', '#d3a4ff'],
  cyan: ['cyan', '#6fd6e0'],
  white: ['white', '#d7e0ee'],
  brightBlack: ['bright-black', '#66758f'],
  brightRed: ['bright-red', '#ff9aa2'],
  brightGreen: ['bright-green', '#a1ecb7'],
  brightYellow: ['bright-yellow', '#ffdf9b'],
  brightBlue: ['bright-blue', '#a5ccff'],
  brightMagenta: ['bright-magenta', '#e4c6ff'],
  brightCyan: ['bright-cyan', '#9debf2'],
  brightWhite: ['bright-white', '#ffffff'],
} as const satisfies Record<string, readonly [property: string, fallback: string]>;

const MONOSPACE =
  'ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace';

/** @param property reads a custom property by its full name; an empty string where it is not set */
export function terminalLook(property: (name: string) => string): TerminalLook {
  const read = (name: string) => property(`--vm-console-${name}`).trim();
  const theme: Record<string, string> = {};
  for (const [key, [name, fallback]] of Object.entries(COLORS)) theme[key] = read(name) || fallback;
  return {
    fontFamily: read('font-family') || MONOSPACE,
    fontSize: Number.parseFloat(read('font-size')) || 14,
    // Above 1, box and block characters of neighbouring lines do not meet.
    lineHeight: Number.parseFloat(read('line-height')) || 1,
    theme,
  };
}

/** `80x24` → 80 columns and 24 rows; null for anything else, and for sizes no terminal has. */
export function parseTerminalSize(text: string | null): { columns: number; rows: number } | null {
  const match = /^\s*(\d{1,3})\s*[x×]\s*(\d{1,3})\s*$/.exec(text ?? '');
  if (!match) return null;
  const [columns, rows] = [Number(match[1]), Number(match[2])];
  return columns >= 2 && rows >= 1 ? { columns, rows } : null;
}
