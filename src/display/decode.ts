/**
 * Scan-outs made into RGBA pixels by the processor: for screenshots, for browsers without WebGPU, and as what the shaders (shaders.ts) are held to.
 * Specification of the formats: core/scanout.ts.
 */
import { type GraphicsScanout, type Scanout, scanoutBytes, type TextScanout } from '../core/scanout.ts';
import type { BlinkPhase } from './blink.ts';
import { GLYPH_LINE_MASK, LINE_WORDS, lineTable, PANNING_SHIFT } from './line-table.ts';

const BLACK = 0xff00_0000;
const GLYPH_BYTES = 128;
const GLYPH_LINE_BYTES = 4;

/** Characters whose ninth pixel repeats the eighth. */
const isLineGraphics = (character: number): boolean => character >= 0xc0 && character <= 0xdf;

/**
 * @param shared all of the machine's memory
 * @param pixels width * height words, 0xAABBGGRR
 * @param top first line to be made, and the one after the last
 */
export function decodeScanout(
  scanout: Scanout,
  shared: Uint8Array,
  phase: BlinkPhase,
  pixels: Uint32Array,
  top = 0,
  bottom: number = scanout.height,
): void {
  if (scanout.kind === 'blank') {
    pixels.fill(BLACK, top * scanout.width, bottom * scanout.width);
    return;
  }
  const memory = scanoutBytes(scanout.memory, shared);
  const table = lineTable(scanout);
  for (let y = top; y < bottom; y++) {
    const [address, word] = table.subarray(y * LINE_WORDS);
    const line = { address, panning: word >> PANNING_SHIFT, glyphLine: word & GLYPH_LINE_MASK };
    const out = pixels.subarray(y * scanout.width, (y + 1) * scanout.width);
    if (scanout.kind === 'text') textLine(scanout, memory, line, phase, out);
    else graphicsLine(scanout, memory, line, out);
  }
}

interface Line {
  address: number;
  panning: number;
  glyphLine: number;
}

function textLine(s: TextScanout, memory: Uint8Array, line: Line, phase: BlinkPhase, out: Uint32Array): void {
  const mask = s.wrap - 1;
  const { cursor, cellWidth } = s;
  for (let x = 0; x < s.width; x++) {
    const at = x + line.panning;
    const column = Math.floor(at / cellWidth);
    let dot = at % cellWidth;
    const cell = (line.address + column * 4) & mask;
    const character = memory[cell];
    const attribute = memory[cell + 1];
    const foreground = attribute & 15;
    const background = s.blinking ? (attribute >> 4) & 7 : attribute >> 4;
    const glyph =
      memory[s.fonts[(attribute >> 3) & 1] + character * GLYPH_BYTES + line.glyphLine * GLYPH_LINE_BYTES];
    if (cellWidth === 16) dot >>= 1;
    let lit: boolean;
    if (dot < 8) lit = ((glyph >> (7 - dot)) & 1) !== 0;
    else lit = s.lineGraphics && isLineGraphics(character) && (glyph & 1) !== 0;
    if (line.glyphLine === s.underline && (attribute & 0x77) === 1) lit = true;
    if (s.blinking && attribute & 0x80 && !phase.text) lit = false;
    if (cursor && phase.cursor && cell === (cursor.address & mask)) {
      if (line.glyphLine >= cursor.first && line.glyphLine <= cursor.last) lit = true;
    }
    out[x] = s.palette[lit ? foreground : background];
  }
}

function graphicsLine(s: GraphicsScanout, memory: Uint8Array, line: Line, out: Uint32Array): void {
  const mask = s.wrap - 1;
  const pixel = PIXELS[s.format];
  for (let x = 0; x < s.width; x++) {
    out[x] = pixel(s, memory, line.address, mask, (x >> s.doubling) + line.panning);
  }
}

type PixelReader = (
  s: GraphicsScanout,
  memory: Uint8Array,
  address: number,
  mask: number,
  x: number,
) => number;

const PIXELS: Record<GraphicsScanout['format'], PixelReader> = {
  planar: (s, memory, address, mask, x) => {
    const at = (address + (x >> 3) * 4) & mask;
    const bit = 7 - (x & 7);
    let color = 0;
    for (let plane = 0; plane < 4; plane++) color |= ((memory[at + plane] >> bit) & 1) << plane;
    return s.palette[color & s.planes];
  },
  cga: (s, memory, address, mask, x) => {
    const plane = (x >> 2) & 1;
    const at = (address + (x >> 3) * 4) & mask;
    const shift = 6 - 2 * (x & 3);
    const bits = (p: number): number => ((s.planes >> p) & 1 ? (memory[at + p] >> shift) & 3 : 0);
    return s.palette[bits(plane) | (bits(plane + 2) << 2)];
  },
  indexed: (s, memory, address, mask, x) => s.palette[memory[(address + x) & mask]],
  rgb15: (_, memory, address, mask, x) => {
    const at = (address + 2 * x) & mask;
    const value = memory[at] | (memory[at + 1] << 8);
    return rgb(widen5(value >> 10), widen5(value >> 5), widen5(value));
  },
  rgb16: (_, memory, address, mask, x) => {
    const at = (address + 2 * x) & mask;
    const value = memory[at] | (memory[at + 1] << 8);
    const green = (value >> 5) & 0x3f;
    return rgb(widen5(value >> 11), (green << 2) | (green >> 4), widen5(value));
  },
  rgb24: (_, memory, address, mask, x) => {
    const at = address + 3 * x;
    return rgb(memory[(at + 2) & mask], memory[(at + 1) & mask], memory[at & mask]);
  },
  rgb32: (_, memory, address, mask, x) => {
    const at = (address + 4 * x) & mask;
    return rgb(memory[at + 2], memory[at + 1], memory[at]);
  },
  rgbx: (_, memory, address, mask, x) => {
    const at = (address + 4 * x) & mask;
    return rgb(memory[at], memory[at + 1], memory[at + 2]);
  },
  xrgb: (_, memory, address, mask, x) => {
    const at = (address + 4 * x) & mask;
    return rgb(memory[at + 1], memory[at + 2], memory[at + 3]);
  },
  xbgr: (_, memory, address, mask, x) => {
    const at = (address + 4 * x) & mask;
    return rgb(memory[at + 3], memory[at + 2], memory[at + 1]);
  },
};

const widen5 = (value: number): number => ((value & 31) << 3) | ((value & 31) >> 2);
const rgb = (red: number, green: number, blue: number): number =>
  (BLACK | (blue << 16) | (green << 8) | red) >>> 0;
