/**
 * Text mode 3, 80 by 25 characters, as a VGA BIOS leaves it for a kernel that starts without firmware.
 * Specification: IBM VGA XGA Technical Reference Manual, chapter 2, "BIOS modes"; Linux, include/uapi/linux/screen_info.h.
 */
import type { VgaRegisters } from '../../hw/display/vga-registers.ts';

const SEQUENCER = [0x03, 0x00, 0x03, 0x00, 0x02];
const GRAPHICS = [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff];
const CRT = [
  ...[0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00],
  ...[0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff],
];
const ATTRIBUTE = [
  ...[0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f],
  ...[0x0c, 0x00, 0x0f, 0x08, 0x00],
];
const MISC = 0x67;
const SCREEN_ON = 0x20;

const COLUMNS = 80;
const ROWS = 25;
const CELL_HEIGHT = 16;
const CHARACTERS = 256;
const GLYPH_LINES = 32;
const BLANK = 0x20;
const GREY_ON_BLACK = 0x07;

/** The capital A of the 8 by 16 font that every VGA BIOS carries: it finds the font in the ROM. */
const LETTER_A = [
  0x00, 0x00, 0x10, 0x38, 0x6c, 0xc6, 0xc6, 0xfe, 0xc6, 0xc6, 0xc6, 0xc6, 0x00, 0x00, 0x00, 0x00,
];
const LETTER_A_CODE = 0x41;

/** The 8 by 16 font in a VGA BIOS, 16 bytes a character; null: it has none. */
export function findFont(rom: Uint8Array): Uint8Array | null {
  const bytes = CHARACTERS * CELL_HEIGHT;
  const letter = LETTER_A_CODE * CELL_HEIGHT;
  for (let at = 0; at + bytes <= rom.length; at++) {
    if (LETTER_A.every((value, i) => rom[at + letter + i] === value)) return rom.slice(at, at + bytes);
  }
  return null;
}

/** The 64 colours of the EGA: two bits for each of red, green and blue. */
function dac(): Uint8Array {
  const colors = new Uint8Array(256 * 3);
  for (let i = 0; i < 64; i++) {
    const level = (high: number, low: number): number => (((i >> high) & 1) * 2 + ((i >> low) & 1)) * 0x15;
    colors.set([level(2, 5), level(1, 4), level(0, 3)], i * 3);
  }
  return colors;
}

/**
 * Sets the mode, loads the font and clears the screen.
 * @param memory the video memory
 */
export function setTextMode(registers: VgaRegisters, memory: Uint8Array, font: Uint8Array): void {
  SEQUENCER.forEach((value, i) => registers.setSr(i, value));
  GRAPHICS.forEach((value, i) => registers.setGr(i, value));
  CRT.forEach((value, i) => registers.setCr(i, value));
  ATTRIBUTE.forEach((value, i) => registers.setAr(i, value));
  registers.setMisc(MISC);
  registers.setAttributeIndex(SCREEN_ON);
  registers.setDac(dac());
  for (let cell = 0; cell < COLUMNS * ROWS; cell++) {
    memory[cell * 4] = BLANK;
    memory[cell * 4 + 1] = GREY_ON_BLACK;
  }
  for (let character = 0; character < CHARACTERS; character++) {
    for (let line = 0; line < CELL_HEIGHT; line++) {
      memory[(character * GLYPH_LINES + line) * 4 + 2] = font[character * CELL_HEIGHT + line];
    }
  }
}

/** What Linux's boot_params say of it, from their start on (struct screen_info). */
export function textScreenInfo(): { offset: number; value: number }[] {
  return [
    { offset: 0x06, value: 3 },
    { offset: 0x07, value: COLUMNS },
    { offset: 0x0e, value: ROWS },
    // orig_video_isVGA
    { offset: 0x0f, value: 1 },
    { offset: 0x10, value: CELL_HEIGHT },
  ];
}
