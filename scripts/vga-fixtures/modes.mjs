/**
 * Video modes as registers, and what fills the video memory: input of the recorder (gen-vga-modes-fixtures.mjs) and of the tests that hold our picture to
 * QEMU's. Registers of the BIOS's modes: IBM VGA XGA Technical Reference Manual; mode X: M. Abrash, Graphics Programming Black Book, chapter 47.
 */

const ATTRIBUTES_16 = [
  ...[0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f],
];
const ATTRIBUTES_256 = Array.from({ length: 16 }, (_, i) => i);
/** Without blinking, which QEMU does not have, and without line graphics, which QEMU takes the characters from 0xb0 on for. */
const TEXT = [...ATTRIBUTES_16, 0x00, 0x00, 0x0f, 0x08, 0x00];
const GRAPHICS = [...ATTRIBUTES_16, 0x01, 0x00, 0x0f, 0x00, 0x00];
const CGA = [0, 0x13, 0x15, 0x17, 2, 4, 6, 7, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 1, 0, 3, 0, 0];
const COLORS_256 = [...ATTRIBUTES_256, 0x41, 0x00, 0x0f, 0x00, 0x00];

const crt = (text) => text.split(' ').map((byte) => Number.parseInt(byte, 16));

/** Rows of 400 and 480 lines. */
const CRT_TEXT = '5f 4f 50 82 55 81 bf 1f 00 4f 2d 0e 00 00 00 00 9c 8e 8f 28 1f 96 b9 a3 ff';
const CRT_TEXT_40 = '2d 27 28 90 2b a0 bf 1f 00 4f 2d 0e 00 00 00 00 9c 8e 8f 14 1f 96 b9 a3 ff';
const CRT_CGA_4 = '2d 27 28 90 2b 80 bf 1f 00 c1 00 00 00 00 00 00 9c 8e 8f 14 00 96 b9 a2 ff';
const CRT_CGA_6 = '5f 4f 50 82 54 80 bf 1f 00 c1 00 00 00 00 00 00 9c 8e 8f 28 00 96 b9 c2 ff';
const CRT_EGA_D = '2d 27 28 90 2b 80 bf 1f 00 c0 00 00 00 00 00 00 9c 8e 8f 14 00 96 b9 e3 ff';
const CRT_EGA_E = '5f 4f 50 82 54 80 bf 1f 00 c0 00 00 00 00 00 00 9c 8e 8f 28 00 96 b9 e3 ff';
const CRT_EGA_10 = '5f 4f 50 82 54 80 bf 1f 00 40 00 00 00 00 00 00 83 85 5d 28 0f 63 ba e3 ff';
const CRT_VGA_12 = '5f 4f 50 82 54 80 0b 3e 00 40 00 00 00 00 00 00 ea 8c df 28 00 e7 04 e3 ff';
const CRT_VGA_13 = '5f 4f 50 82 54 80 bf 1f 00 41 00 00 00 00 00 00 9c 8e 8f 28 40 96 b9 a3 ff';
const CRT_X_240 = '5f 4f 50 82 54 80 0d 3e 00 41 00 00 00 00 00 00 ea ac df 28 00 e7 06 e3 ff';
const CRT_X_360 = '6b 59 5a 8e 5e 8a 0d 3e 00 40 00 00 00 00 00 00 ea ac df 2d 00 e7 06 e3 ff';

const vga = (name, mode) => ({
  name,
  sr: [3, 0, 3, 0, 2],
  gr: [0, 0, 0, 0, 0, 0x10, 0x0e, 0x0f, 0xff],
  ar: TEXT,
  misc: 0x67,
  dispi: null,
  ...mode,
  cr: Object.entries(mode.change ?? {}).reduce(
    (cr, [index, value]) => cr.with(Number(index), value),
    crt(mode.cr),
  ),
});
const planar = (name, cr, sr1, more = {}) =>
  vga(name, {
    sr: [3, sr1, 15, 0, 6],
    gr: [0, 0, 0, 0, 0, 0, 5, 15, 0xff],
    ar: GRAPHICS,
    misc: 0xe3,
    cr,
    ...more,
  });
const chunky = (name, cr, more = {}) =>
  vga(name, {
    sr: [3, 1, 15, 0, 0x0e],
    gr: [0, 0, 0, 0, 0, 0x40, 5, 15, 0xff],
    ar: COLORS_256,
    misc: 0x63,
    cr,
    ...more,
  });
/** @param registers of dispi, by index, in the order in which they are written */
const linear = (name, registers) => chunky(name, CRT_VGA_13, { dispi: registers });
const size = (width, height, bpp, ...more) => [[1, width], [2, height], [3, bpp], [4, 0xc1], ...more];

export const MODES = [
  vga('text-80', { cr: CRT_TEXT }),
  vga('text-80-cursor', { cr: CRT_TEXT, change: { 10: 0x05, 11: 0x0c, 14: 0x01, 15: 0x9a } }),
  vga('text-80-8-dots', { cr: CRT_TEXT, sr: [3, 1, 3, 0, 2] }),
  vga('text-80-50-rows', { cr: CRT_TEXT, change: { 9: 0x47 } }),
  vga('text-80-two-fonts', { cr: CRT_TEXT, sr: [3, 0, 3, 0x05, 2] }),
  vga('text-80-start', { cr: CRT_TEXT, change: { 12: 0x01, 13: 0x23, 19: 0x2c } }),
  vga('text-40', { cr: CRT_TEXT_40, sr: [3, 8, 3, 0, 2] }),
  vga('cga-4', {
    cr: CRT_CGA_4,
    sr: [3, 9, 3, 0, 2],
    gr: [0, 0, 0, 0, 0, 0x30, 0x0f, 15, 0xff],
    ar: CGA,
    misc: 0x63,
  }),
  planar('cga-6', CRT_CGA_6, 1, {
    gr: [0, 0, 0, 0, 0, 0, 0x0d, 15, 0xff],
    ar: [...CGA.slice(0, 18), 1, 0, 0],
  }),
  planar('ega-0d', CRT_EGA_D, 9),
  planar('ega-0e', CRT_EGA_E, 1),
  planar('ega-10', CRT_EGA_10, 1),
  planar('vga-11', CRT_VGA_12, 1, { ar: [...GRAPHICS.slice(0, 18), 1, 0, 0] }),
  planar('vga-12', CRT_VGA_12, 1),
  planar('vga-12-start', CRT_VGA_12, 1, { change: { 12: 0x20, 13: 0x41, 19: 0x30 } }),
  planar('vga-12-split', CRT_VGA_12, 1, { change: { 12: 0x30, 24: 0x2c, 7: 0x2e, 9: 0x00 } }),
  planar('vga-12-color-page', CRT_VGA_12, 1, { ar: [...ATTRIBUTES_16, 0x81, 0, 0x0b, 0, 0x05] }),
  chunky('vga-13', CRT_VGA_13),
  chunky('vga-13-split', CRT_VGA_13, { change: { 12: 0x10, 24: 0xc7, 7: 0x0f, 9: 0x01 } }),
  chunky('mode-x-240', CRT_X_240, { sr: [3, 1, 15, 0, 6], misc: 0xe3, change: { 20: 0, 23: 0xe3 } }),
  chunky('mode-x-360', CRT_X_360, { sr: [3, 1, 15, 0, 6], misc: 0xe7 }),
  linear('dispi-8', size(640, 480, 8)),
  linear('dispi-8-bits-of-dac', [...size(640, 480, 8), [4, 0xe1]]),
  linear('dispi-15', size(800, 600, 15)),
  linear('dispi-16', size(800, 600, 16)),
  linear('dispi-24', size(640, 480, 24)),
  linear('dispi-32', size(1024, 768, 32)),
  linear('dispi-32-offsets', size(640, 400, 32, [6, 720], [8, 24], [9, 17])),
  linear('dispi-4', size(640, 480, 4)),
];

/** Bytes of video memory that the pattern fills. */
export const PATTERN_BYTES = 0x40_0000;

/** Some structure and every value. */
export function patternByte(at) {
  return ((Math.imul(at >> 5, 0x9e37_79b1) >>> 24) + Math.imul(at, 13) + (at >> 11)) & 0xff;
}

/** Red, green and blue of the DAC's entries. */
export const DAC = Array.from({ length: 256 }, (_, i) => [
  (i * 7 + 3) & 63,
  (i * 13) & 63,
  (i * 29 + 1) & 63,
]);
