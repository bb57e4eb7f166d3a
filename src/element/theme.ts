/** Colours and fonts of the terminal, from the element's CSS custom properties (docs/vm-console.md lists them). */

export interface TerminalLook {
  fontFamily: string;
  /** CSS pixels. */
  fontSize: number;
  lineHeight: number;
  theme: Record<string, string>;
}

/** The custom property behind each colour of the terminal, without its `--vm-console-` prefix, and the defaults: dark, light. */
export const COLORS = {
  background: ['background', '#0b1220', '#fbfcfe'],
  foreground: ['foreground', '#d7e0ee', '#1c2636'],
  cursor: ['cursor', '#8ecbff', '#1d5fa8'],
  cursorAccent: ['background', '#0b1220', '#fbfcfe'],
  selectionBackground: ['selection', '#33517a', '#b9d6f5'],
  black: ['black', '#3d4b63', '#1c2636'],
  red: ['red', '#ff7b85', '#b3202f'],
  green: ['green', '#7fd99b', '#1c6f38'],
  yellow: ['yellow', '#f0c674', '#7d5800'],
  blue: ['blue', '#7db4ff', '#1d5fa8'],
  magenta: ['magenta', '#d3a4ff', '#7a37b5'],
  cyan: ['cyan', '#6fd6e0', '#0b6a75'],
  white: ['white', '#d7e0ee', '#5b6880'],
  brightBlack: ['bright-black', '#66758f', '#5b6880'],
  brightRed: ['bright-red', '#ff9aa2', '#c92a3c'],
  brightGreen: ['bright-green', '#a1ecb7', '#22803f'],
  brightYellow: ['bright-yellow', '#ffdf9b', '#8a6200'],
  brightBlue: ['bright-blue', '#a5ccff', '#2b74c7'],
  brightMagenta: ['bright-magenta', '#e4c6ff', '#8c4ac6'],
  brightCyan: ['bright-cyan', '#9debf2', '#0f7a86'],
  brightWhite: ['bright-white', '#ffffff', '#3a475c'],
} as const satisfies Record<string, readonly [property: string, dark: string, light: string]>;

const MONOSPACE =
  'ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace';

/**
 * @param property reads a custom property by its full name; an empty string where it is not set
 * @param light whether what is not set is light
 */
export function terminalLook(property: (name: string) => string, light = false): TerminalLook {
  const read = (name: string) => property(`--vm-console-${name}`).trim();
  const theme: Record<string, string> = {};
  for (const [key, [name, dark, bright]] of Object.entries(COLORS))
    theme[key] = read(name) || (light ? bright : dark);
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
