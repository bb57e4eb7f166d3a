/**
 * What a screen shows: where its pixels lie in the machine's memory, and how to read them. Graphics devices describe it, src/display/ draws it.
 * Addresses are bytes from the start of the device's memory; colours are RGBA bytes, read as little-endian words (0xAABBGGRR).
 */
export interface ScanoutMemory {
  /** Linear address in the shared memory; 0 where one of the others says where the bytes are. */
  linear: number;
  /** Bytes. */
  size: number;
  /** The device's own memory, which is no part of the shared one. */
  own?: Uint8Array;
  /** Parts of the shared memory, one behind the other, each a multiple of 4 bytes long. */
  pieces?: readonly MemoryPiece[];
}

/** Bytes of the shared memory. */
export interface MemoryPiece {
  linear: number;
  length: number;
}

/** Sides of a monitor, pixels: what an EDID can say, and drivers take. */
export const MONITOR_MIN = 64;
export const MONITOR_MAX = 4095;

/** The largest memory of a picture, bytes: 4096 by 4096 pixels with as much again between the lines, and what WebGPU binds at least ("maxStorageBufferBindingSize"). */
export const SCANOUT_BYTES_MAX = 128 << 20;

/** Whether it is the same memory, whatever is in it. */
export function sameMemory(a: ScanoutMemory, b: ScanoutMemory): boolean {
  if (a === b) return true;
  const own = a.own?.buffer === b.own?.buffer && a.own?.byteOffset === b.own?.byteOffset;
  return a.linear === b.linear && a.size === b.size && own && a.pieces === b.pieces;
}

/** The bytes of a scan-out's memory: they themselves where they lie in one piece, else a copy. */
export function scanoutBytes({ linear, size, own, pieces }: ScanoutMemory, shared: Uint8Array): Uint8Array {
  if (own) return own;
  if (!pieces) return shared.subarray(linear, linear + size);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(shared.subarray(piece.linear, piece.linear + piece.length), at);
    at += piece.length;
  }
  return bytes;
}

/** How the bytes of a line make pixels. */
export type PixelFormat =
  /** VGA: four planes side by side in each word, 8 pixels a word, the highest bit first. */
  | 'planar'
  /** VGA, CGA's shift mode: 4 pixels of two bits from planes 0 and 2, then 4 from planes 1 and 3. */
  | 'cga'
  | 'indexed'
  /** Little-endian, red in the high bits. */
  | 'rgb15'
  | 'rgb16'
  /** Bytes blue, green, red, and in `rgb32` one that is not used. */
  | 'rgb24'
  | 'rgb32'
  /** Bytes in this order, `x` not used. */
  | 'rgbx'
  | 'xrgb'
  | 'xbgr';

interface ScanoutBase {
  /** Size in pixels. */
  width: number;
  height: number;
  memory: ScanoutMemory;
  /** Addresses are taken modulo this power of two. */
  wrap: number;
}

/** Nothing: the screen is off. */
export interface BlankScanout {
  kind: 'blank';
  width: number;
  height: number;
}

export interface GraphicsScanout extends ScanoutBase {
  kind: 'graphics';
  format: PixelFormat;
  /** Address of each line's first pixel. */
  lines: Uint32Array;
  /** log2 of how often each pixel is repeated to the right. */
  doubling: number;
  /** Pixels that are skipped at the left: lines start that much earlier. One for each line. */
  panning: Uint8Array;
  /** Of `planar` and `cga`: the planes that count, bits 0 to 3. */
  planes: number;
  /** 256 colours; `planar` and `cga` use the first 16. */
  palette: Uint32Array;
}

export interface TextScanout extends ScanoutBase {
  kind: 'text';
  columns: number;
  rows: number;
  /** 8, 9 or 16 (8 doubled). */
  cellWidth: number;
  cellHeight: number;
  /** Address of each row's first cell. A cell is a word: character, attribute. */
  lines: Uint32Array;
  /** Where each row of characters starts to be seen, in pixels from the top; one more than there are rows. */
  tops: Uint32Array;
  /** First line of the glyph that is seen of each row. */
  firsts: Uint8Array;
  /** Pixels that are skipped at the left, for each row. */
  panning: Uint8Array;
  /** Addresses of the two fonts' first bytes, for attribute bit 3 clear and set. A glyph has 32 lines, one every 4 bytes. */
  fonts: readonly [number, number];
  /** The ninth pixel repeats the eighth in the characters 0xc0 to 0xdf. */
  lineGraphics: boolean;
  /** Attribute bit 7 blinks; otherwise it is the background's fourth bit. */
  blinking: boolean;
  /** Line of the glyphs that is lit in underlined characters: attributes with 1 as foreground and 0 as background; null: none is underlined. */
  underline: number | null;
  /** 16 colours. */
  palette: Uint32Array;
  /** Address of the cell with the cursor, and the lines of it that are lit; null: there is none. */
  cursor: { address: number; first: number; last: number } | null;
}

export type Scanout = BlankScanout | GraphicsScanout | TextScanout;

/** Runs of pages of 4 KiB, from the start of the device's memory. */
export interface PageRun {
  first: number;
  count: number;
}

/** A pointer that a graphics device draws over its picture by itself. */
export interface ScreenCursor {
  /** Place of its first pixel in the guest's pixels; it may lie outside. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** RGBA bytes, not multiplied by their alpha. Another array whenever the shape is another one. */
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** A machine's screen, as the host sees it. */
export interface VmScreen {
  /** All of the machine's memory, shared with the guest. Null before the machine is loaded, and after its end. */
  readonly memory: Uint8Array | null;
  /** What is shown at this moment. */
  scanout(): Scanout;
  /** Calls back once when there is something new to draw; again after the next `frame()`. */
  onChange(listener: () => void): () => void;
  /** Pages that were written to since the last call. What is read from them after it resolves is at least as new. */
  frame(): Promise<PageRun[]>;
  /** The characters of a text mode, lines without their trailing blanks; empty in other modes. */
  text(): string;
  /** The pointer over the picture; null, or absent: there is none. */
  cursor?(): ScreenCursor | null;
  /** Asks the guest for a picture of this size, in whole pixels, or for the nearest that a monitor has (MONITOR_MIN to MONITOR_MAX). A guest whose graphics device cannot tell it, or that does not care, keeps its own. */
  resize?(width: number, height: number): void;
}

/** A machine with several screens: one of them is looked at. */
export interface ScreenConsoles {
  /** Their devices' names, in QEMU's order. */
  readonly consoles: readonly string[];
  /** Number of the one that is looked at. */
  console: number;
}
