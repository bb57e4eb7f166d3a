/** What drawing a line of a scan-out takes, in the form that decoders and shaders read. */
import type { Scanout } from '../core/scanout.ts';

/** Words a line: address of its first pixel or cell; line of the glyphs, with the panning from bit 8 on. */
export const LINE_WORDS = 2;
export const PANNING_SHIFT = 8;
export const GLYPH_LINE_MASK = 0xff;

export function lineTable(scanout: Exclude<Scanout, { kind: 'blank' }>): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(scanout.height * LINE_WORDS);
  const set = (y: number, address: number, panning: number, glyphLine: number): void => {
    table[y * LINE_WORDS] = address & (scanout.wrap - 1);
    table[y * LINE_WORDS + 1] = glyphLine | (panning << PANNING_SHIFT);
  };
  if (scanout.kind === 'graphics') {
    for (let y = 0; y < scanout.height; y++) set(y, scanout.lines[y], scanout.panning[y], 0);
    return table;
  }
  for (let row = 0; row < scanout.rows; row++) {
    const top = scanout.tops[row];
    const end = Math.min(scanout.tops[row + 1], scanout.height);
    for (let y = top; y < end; y++)
      set(y, scanout.lines[row], scanout.panning[row], scanout.firsts[row] + y - top);
  }
  return table;
}

/** Bytes of memory that a line is made of. */
export function lineBytes(scanout: Exclude<Scanout, { kind: 'blank' }>): number {
  if (scanout.kind === 'text') return (scanout.columns + 2) * 4;
  // What panning moves in at the right, at most a word of 8 pixels.
  const panned = scanout.panning.some((pixels) => pixels > 0) ? 8 : 0;
  const pixels = (scanout.width >> scanout.doubling) + panned;
  switch (scanout.format) {
    case 'planar':
    case 'cga':
      return ((pixels + 7) >> 3) * 4;
    case 'indexed':
      return pixels;
    case 'rgb15':
    case 'rgb16':
      return pixels * 2;
    case 'rgb24':
      return pixels * 3;
    case 'rgb32':
    case 'rgbx':
    case 'xrgb':
    case 'xbgr':
      return pixels * 4;
  }
}
