/**
 * What the VGA's registers make of its memory: text, planar, CGA and 256-colour modes, and dispi's linear ones.
 * Specification: IBM VGA XGA Technical Reference Manual, chapter 2; sizes of the picture as in QEMU 7.2 (hw/display/vga.c). As there, a pixel is a dot
 * of 25 or 28 MHz: mode 13h is 640 by 400.
 */
import type {
  GraphicsScanout,
  PixelFormat,
  Scanout,
  ScanoutMemory,
  TextScanout,
} from '../../core/scanout.ts';
import type { Dispi } from './dispi.ts';
import type { VgaRegisters } from './vga-registers.ts';

/** Addresses of the planes have 16 bits. */
const PLANES_BYTES = 0x40000;
const TEXT_CELLS_MAX = 160 * 100;
const FONT_BYTES = 0x8000;
const FONT_PLANE = 2;

export function vgaScanout(
  registers: VgaRegisters,
  dispi: Dispi,
  memory: ScanoutMemory,
  last: { width: number; height: number },
): Scanout {
  if (!registers.isOn) return { kind: 'blank', ...last };
  if (registers.gr(6) & 1) return graphics(registers, dispi, memory);
  return text(registers, memory) ?? { kind: 'blank', ...last };
}

/** Bits 8 and 9 of a vertical register, which lie in CR7. */
function overflow(registers: VgaRegisters, bit8: number, bit9: number): number {
  const high = registers.cr(7);
  return (((high >> bit8) & 1) << 8) | (((high >> bit9) & 1) << 9);
}

const shownLines = (r: VgaRegisters): number => (r.cr(0x12) | overflow(r, 1, 6)) + 1;
const startAddress = (r: VgaRegisters): number => ((r.cr(0x0c) << 8) | r.cr(0x0d)) * 4;
const lineBytes = (r: VgaRegisters): number => r.cr(0x13) * 8;
const lineCompare = (r: VgaRegisters): number =>
  r.cr(0x18) | ((r.cr(7) & 0x10) << 4) | ((r.cr(9) & 0x40) << 3);

/** Pixels of panning in the upper part, and below the split, where AR10 may keep it from moving. */
function pans(r: VgaRegisters, modulo: number): [number, number] {
  const pan = r.ar(0x13) % modulo;
  return [pan, r.ar(0x10) & 0x20 ? 0 : pan];
}

function palette(r: VgaRegisters): Uint32Array {
  const colors = new Uint32Array(256);
  for (let i = 0; i < 16; i++) colors[i] = r.color(r.attribute(i), false);
  return colors;
}

function text(r: VgaRegisters, memory: ScanoutMemory): TextScanout | null {
  const cellHeight = (r.cr(9) & 0x1f) + 1;
  const wide = (r.sr(1) & 8) !== 0;
  const cellWidth = wide ? 16 : r.sr(1) & 1 ? 8 : 9;
  const columns = r.cr(1) + 1;
  const height = shownLines(r);
  const split = lineCompare(r);
  if (columns * Math.ceil(height / cellHeight) > TEXT_CELLS_MAX) return null;
  const [pan, panBelow] = cellWidth === 9 ? pans(r, 16).map((p) => (p >= 8 ? 0 : p + 1)) : pans(r, 8);
  const skew = (r.cr(8) >> 5) & 3;
  const lines: number[] = [];
  const tops: number[] = [];
  const firsts: number[] = [];
  const panning: number[] = [];
  let address = startAddress(r) + skew * 4;
  let glyphLine = r.cr(8) & 0x1f;
  for (let y = 0; y < height; ) {
    const below = y > split;
    lines.push(address);
    tops.push(y);
    firsts.push(glyphLine);
    panning.push(below ? panBelow : pan);
    const next = y + Math.max(1, cellHeight - glyphLine);
    // The line after the one that is compared starts over at address 0.
    if (y <= split && next > split + 1) {
      y = split + 1;
      address = 0;
    } else {
      address = y <= split && next === split + 1 ? 0 : address + lineBytes(r);
      y = next;
    }
    glyphLine = 0;
  }
  tops.push(height);
  const maps = r.sr(3);
  const font = (low: number, high: number): number => ((low * 2) | high) * FONT_BYTES + FONT_PLANE;
  // Colour modes put it below the character.
  const underline = r.cr(0x14) & 0x1f;
  const cursorFirst = r.cr(0x0a) & 0x1f;
  const cursorLast = Math.min(r.cr(0x0b) & 0x1f, cellHeight - 1);
  return {
    kind: 'text',
    width: columns * cellWidth,
    height,
    memory,
    wrap: PLANES_BYTES,
    columns,
    rows: lines.length,
    cellWidth,
    cellHeight,
    lines: Uint32Array.from(lines),
    tops: Uint32Array.from(tops),
    firsts: Uint8Array.from(firsts),
    panning: Uint8Array.from(panning),
    fonts: [font(maps & 3, (maps >> 4) & 1), font((maps >> 2) & 3, (maps >> 5) & 1)],
    lineGraphics: (r.ar(0x10) & 4) !== 0,
    blinking: (r.ar(0x10) & 8) !== 0,
    underline: underline < cellHeight ? underline : null,
    palette: palette(r),
    cursor:
      r.cr(0x0a) & 0x20 || cursorFirst > cursorLast
        ? null
        : { address: ((r.cr(0x0e) << 8) | r.cr(0x0f)) * 4, first: cursorFirst, last: cursorLast },
  };
}

function graphics(r: VgaRegisters, dispi: Dispi, memory: ScanoutMemory): GraphicsScanout {
  const shift = (r.gr(5) >> 5) & 3;
  const linear = dispi.enabled;
  const doubled = (r.sr(1) & 8) !== 0;
  let format: PixelFormat;
  let doubling = 0;
  if (shift === 0) format = 'planar';
  else if (shift === 1) format = 'cga';
  else format = linear ? dispi.format : 'indexed';
  if (shift < 2) doubling = doubled ? 1 : 0;
  else if (!linear) doubling = 1;
  const shown = linear ? dispi.width : (r.cr(1) + 1) * 8;
  const width = shift < 2 ? shown << doubling : shown;
  const height = linear ? dispi.height : shownLines(r);
  const [pan, panBelow] = linear ? [0, 0] : format === 'indexed' ? pans(r, 8).map((p) => p >> 1) : pans(r, 8);
  const { lines, below } = lineAddresses(r, {
    height,
    rows: (r.cr(9) & 0x1f) + 1,
    repeat: 1 << (r.cr(9) >> 7),
    start: linear ? dispi.start : startAddress(r) + ((r.cr(8) >> 5) & 3) * 4,
    bytes: linear ? dispi.lineBytes : lineBytes(r),
    split: linear ? height : lineCompare(r),
    presetRow: linear ? 0 : r.cr(8) & 0x1f,
  });
  const indexed = format === 'indexed';
  // Made for each frame: filled, not computed line by line.
  const panning = new Uint8Array(height).fill(pan).fill(panBelow, below + 1);
  return {
    kind: 'graphics',
    format,
    width,
    height,
    memory,
    wrap: linear ? memory.size : PLANES_BYTES,
    lines,
    doubling,
    panning,
    planes: r.ar(0x12) & 15,
    palette: indexed ? Uint32Array.from({ length: 256 }, (_, i) => r.color(i, dispi.wideDac)) : palette(r),
  };
}

interface LineRules {
  height: number;
  /** Lines that share an address: the row counter runs through them. */
  rows: number;
  /** How often each of them is shown. */
  repeat: number;
  start: number;
  bytes: number;
  /** Line after which the address starts over at 0. */
  split: number;
  presetRow: number;
}

/** The address of each line. CR17's bits 0 and 1, when clear, take address bits from the row counter: CGA's and Hercules's interleaving. */
function lineAddresses(r: VgaRegisters, rules: LineRules): { lines: Uint32Array; below: number } {
  const mode = r.cr(0x17);
  const lines = new Uint32Array(rules.height);
  let address = rules.start;
  let row = rules.presetRow % rules.rows;
  let left = rules.repeat;
  for (let y = 0; y < rules.height; y++) {
    let at = address;
    if (!(mode & 1)) {
      const bit = 14 + ((mode >> 6) & 1);
      at = (at & ~(1 << bit)) | ((row & 1) << bit);
    }
    if (!(mode & 2)) at = (at & ~0x8000) | ((row & 2) << 14);
    lines[y] = at;
    if (--left === 0) {
      left = rules.repeat;
      row++;
      if (row === rules.rows) {
        row = 0;
        address += rules.bytes;
      }
    }
    if (y === rules.split) {
      address = 0;
      row = 0;
      left = rules.repeat;
    }
  }
  return { lines, below: rules.split };
}

/** The characters of a text mode, as far as ASCII goes and with the line graphics of code page 437; each line without its trailing blanks. */
export function scanoutText(scanout: Scanout, shared: Uint8Array): string {
  if (scanout.kind !== 'text') return '';
  const { linear, size } = scanout.memory;
  const memory = shared.subarray(linear, linear + size);
  const rows = Array.from(scanout.lines, (line) => {
    let row = '';
    for (let column = 0; column < scanout.columns; column++) {
      row += CODE_PAGE_437[memory[(line + column * 4) % scanout.wrap]];
    }
    return row.trimEnd();
  });
  return rows.join('\n').trimEnd();
}

const CODE_PAGE_437 = [
  ...' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼',
  ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)),
  ...'⌂ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐',
  ...'└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ',
];
