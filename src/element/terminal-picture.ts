/** A small picture of a terminal: its characters in their colours, block characters as areas. */
import type { IBufferCell, Terminal } from '@xterm/xterm';
import type { TerminalLook } from './theme.ts';

const ANSI = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;
const bright = (name: string): string => `bright${name[0].toUpperCase()}${name.slice(1)}`;

/** Parts of a cell that block characters fill: left, top, width and height as shares of it. */
const BLOCKS: Readonly<Record<string, readonly [number, number, number, number]>> = {
  '█': [0, 0, 1, 1],
  '▀': [0, 0, 1, 0.5],
  '▄': [0, 0.5, 1, 0.5],
  '▌': [0, 0, 0.5, 1],
  '▐': [0.5, 0, 0.5, 1],
};

/** Cells that are shown at least, so that a line of text does not fill the picture. */
const COLUMNS_MIN = 60;
const ROWS_MIN = 18;
/** Width of a character to its height, in a monospaced font. */
const NARROW = 0.6;

const hex = (value: number): string => `#${value.toString(16).padStart(6, '0')}`;

/** A colour of xterm's palette of 256: the theme's sixteen, a cube of 6 by 6 by 6, and 24 greys. */
export function paletteColor(index: number, theme: Readonly<Record<string, string>>): string {
  if (index < 8) return theme[ANSI[index]];
  if (index < 16) return theme[bright(ANSI[index - 8])];
  if (index >= 232) return hex((8 + (index - 232) * 10) * 0x010101);
  const cube = index - 16;
  const level = (step: number): number => (step === 0 ? 0 : 55 + step * 40);
  return hex((level(Math.floor(cube / 36)) << 16) | (level(Math.floor(cube / 6) % 6) << 8) | level(cube % 6));
}

function colorsOf(
  cell: IBufferCell,
  theme: Readonly<Record<string, string>>,
): [text: string, ground: string] {
  const color = (palette: boolean, rgb: boolean, value: number, fallback: string): string =>
    rgb ? hex(value) : palette ? paletteColor(value, theme) : fallback;
  const text = color(!!cell.isFgPalette(), !!cell.isFgRGB(), cell.getFgColor(), theme['foreground']);
  const ground = color(!!cell.isBgPalette(), !!cell.isBgRGB(), cell.getBgColor(), theme['background']);
  return cell.isInverse() ? [ground, text] : [text, ground];
}

/** Draws the part of a terminal's screen that is in use, as large as fits; null if it is blank. */
export function terminalPicture(
  terminal: Terminal,
  { theme, fontFamily }: TerminalLook,
  width: number,
  height: number,
): OffscreenCanvas | null {
  const buffer = terminal.buffer.active;
  const lines = Array.from({ length: terminal.rows }, (_, row) => buffer.getLine(buffer.baseY + row));
  const used = lines.map((line) => line?.translateToString(true).length ?? 0);
  const rows = used.findLastIndex((length) => length > 0) + 1;
  if (rows === 0) return null;
  const shown = { columns: Math.max(COLUMNS_MIN, ...used), rows: Math.max(ROWS_MIN, rows) };
  const size = Math.min(width / shown.columns / NARROW, height / shown.rows);
  const cellWidth = size * NARROW;
  const left = (width - cellWidth * shown.columns) / 2;
  const top = (height - size * shown.rows) / 2;
  const canvas = new OffscreenCanvas(width, height);
  const drawing = canvas.getContext('2d')!;
  drawing.fillStyle = theme['background'];
  drawing.fillRect(0, 0, width, height);
  drawing.font = `${size * 0.98}px ${fontFamily}`;
  drawing.textBaseline = 'middle';
  const fill = (color: string, x: number, y: number, wide: number, high: number): void => {
    drawing.fillStyle = color;
    // Neighbours meet without a seam.
    drawing.fillRect(x, y, wide + 0.3, high + 0.3);
  };
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < shown.columns; column++) {
      const cell = lines[row]?.getCell(column);
      if (!cell || cell.getWidth() === 0) continue;
      const [text, ground] = colorsOf(cell, theme);
      const [x, y] = [left + column * cellWidth, top + row * size];
      if (ground !== theme['background']) fill(ground, x, y, cellWidth, size);
      const chars = cell.getChars();
      const block = BLOCKS[chars];
      if (block) {
        const [fromLeft, fromTop, wide, high] = block;
        fill(text, x + fromLeft * cellWidth, y + fromTop * size, wide * cellWidth, high * size);
      } else if (chars.trim() !== '') {
        drawing.fillStyle = text;
        drawing.fillText(chars, x, y + size / 2);
      }
    }
  }
  return canvas;
}
