/** Which lines of the picture have to be drawn again. */
import { type PageRun, type Scanout, type ScanoutMemory, sameMemory } from '../core/scanout.ts';
import { LINE_WORDS, lineBytes } from './line-table.ts';

const PAGE = 4096;
/** Both fonts of a text mode lie in this much memory. */
const FONT_BYTES = 0x8000;

/** From `top` up to, not including, `bottom`. */
export interface LineRange {
  top: number;
  bottom: number;
}

const touches = (runs: readonly PageRun[], from: number, to: number): boolean =>
  runs.some(({ first, count }) => first * PAGE < to && (first + count) * PAGE > from);

/**
 * The lines that show something of these pages, as one range; null: none do.
 * @param table of lineTable()
 */
export function linesOfPages(
  scanout: Scanout,
  table: Uint32Array,
  runs: readonly PageRun[],
): LineRange | null {
  if (scanout.kind === 'blank' || runs.length === 0) return null;
  const { height } = scanout;
  if (scanout.kind === 'text') {
    // Text shares its words with the fonts: bytes 0 and 1 are the characters, byte 2 the glyphs.
    for (const font of scanout.fonts)
      if (touches(runs, font, font + FONT_BYTES)) return { top: 0, bottom: height };
  }
  const bytes = lineBytes(scanout);
  const isDirty = (y: number): boolean => {
    const address = table[y * LINE_WORDS];
    if (touches(runs, address, address + bytes)) return true;
    return address + bytes > scanout.wrap && touches(runs, 0, address + bytes - scanout.wrap);
  };
  let top = 0;
  while (top < height && !isDirty(top)) top++;
  if (top === height) return null;
  let bottom = height;
  while (!isDirty(bottom - 1)) bottom--;
  return { top, bottom };
}

/** Whether two scan-outs make the same picture of the same memory. */
export function sameScanout(a: Scanout | null, b: Scanout): boolean {
  if (a === b) return true;
  if (!a || a.kind !== b.kind) return false;
  return Object.entries(b).every(([key, value]) => {
    const before = (a as unknown as Record<string, unknown>)[key];
    // Its bytes are not looked at: that they changed is said by pages.
    return key === 'memory'
      ? sameMemory(value as ScanoutMemory, before as ScanoutMemory)
      : same(value, before);
  });
}

function same(a: unknown, b: unknown): boolean {
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    const left = a as Uint8Array | Uint32Array;
    const right = b as Uint8Array | Uint32Array;
    if (left.length !== right.length) return false;
    for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
    return true;
  }
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b;
  const right = b as Record<string, unknown>;
  const entries = Object.entries(a);
  return entries.length === Object.keys(b).length && entries.every(([key, value]) => same(value, right[key]));
}
