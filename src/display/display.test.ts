/** What QEMU's screen cannot tell of text modes and panning, and which lines a frame draws. */
import { describe, expect, it } from 'vitest';
import { MODES } from '../../scripts/vga-fixtures/modes.mjs';
import { bareVga, enterMode } from '../../tests/support/vga-mode.ts';
import { type Scanout, sameMemory, scanoutBytes, type TextScanout } from '../core/scanout.ts';
import { ALL_LIT, type BlinkPhase, BLINK_MS, blinkPhase } from './blink.ts';
import { decodeScanout } from './decode.ts';
import { drawable } from './drawable.ts';
import { linesOfPages, sameScanout } from './dirty-lines.ts';
import { lineTable } from './line-table.ts';
import { cursorRectangle } from './text-cursor.ts';
import { randomWords } from '../../tests/support/random.ts';

function inMode(name: string) {
  const machine = bareVga();
  enterMode(machine, MODES.find((mode) => mode.name === name)!);
  const { registers } = machine.vga;
  return {
    ...machine,
    registers,
    scanout: <K extends Scanout['kind']>(): Extract<Scanout, { kind: K }> =>
      machine.vga.scanout() as Extract<Scanout, { kind: K }>,
    pixels: (phase: BlinkPhase = ALL_LIT): ((x: number, y: number) => number) => {
      const scanout = machine.vga.scanout();
      const words = new Uint32Array(scanout.width * scanout.height);
      decodeScanout(scanout, machine.shared, phase, words);
      return (x, y) => words[y * scanout.width + x];
    },
  };
}

/** Puts a character with an attribute at a cell, and a glyph of all ones in its place. */
function solid(video: Uint8Array, cell: number, character: number, attribute: number): void {
  for (let line = 0; line < 32; line++) video[(character * 32 + line) * 4 + 2] = 0xff;
  video[cell * 4] = character;
  video[cell * 4 + 1] = attribute;
}

describe('memory of a picture', () => {
  it('may be the device’s own, or pieces of the shared one', () => {
    const shared = Uint8Array.from({ length: 64 }, (_, i) => i);
    const pieces = [
      { linear: 40, length: 4 },
      { linear: 8, length: 8 },
    ];
    expect([...scanoutBytes({ linear: 0, size: 12, pieces }, shared)]).toEqual([
      40, 41, 42, 43, 8, 9, 10, 11, 12, 13, 14, 15,
    ]);
    const own = Uint8Array.of(7);
    expect(scanoutBytes({ linear: 0, size: 1, own }, shared)).toBe(own);
    expect([...scanoutBytes({ linear: 5, size: 2 }, shared)]).toEqual([5, 6]);
  });

  it('is another one if its bytes lie elsewhere, whatever they are', () => {
    const own = new Uint8Array(8);
    expect(sameMemory({ linear: 0, size: 8, own }, { linear: 0, size: 8, own })).toBe(true);
    expect(sameMemory({ linear: 0, size: 8, own }, { linear: 0, size: 8, own: new Uint8Array(8) })).toBe(
      false,
    );
    expect(sameMemory({ linear: 0, size: 8 }, { linear: 4096, size: 8 })).toBe(false);
  });
});

describe('characters', () => {
  it('repeat their eighth dot in the ninth from 0xc0 to 0xdf, if the mode has line graphics', () => {
    const { video, registers, pixels, scanout } = inMode('text-80');
    const { palette } = scanout<'text'>();
    [0xbf, 0xc0, 0xdf, 0xe0].forEach((character, cell) => solid(video, cell, character, 0x1f));
    const ninth = () => [0, 1, 2, 3].map((cell) => pixels()(cell * 9 + 8, 3));
    const [off, on] = [palette[1], palette[15]];
    expect(ninth()).toEqual([off, off, off, off]);
    registers.setAr(0x10, 0x04);
    expect(ninth()).toEqual([off, on, on, off]);
  });

  it('are underlined on the line of CR14 if their colours are 1 on 0, blinking and bright ones too', () => {
    const { video, registers, pixels, scanout } = inMode('text-80-8-dots');
    [0x01, 0x09, 0x81, 0x02, 0x11, 0x07].forEach((attribute, cell) => {
      solid(video, cell, 0x20, attribute);
    });
    for (let line = 0; line < 32; line++) video[(0x20 * 32 + line) * 4 + 2] = 0;
    const { palette } = scanout<'text'>();
    const line = (y: number) => [0, 1, 2, 3, 4, 5].map((cell) => pixels()(cell * 8 + 3, y));
    const plain = line(13);
    registers.setCr(0x14, 0x0d);
    expect(line(13)).toEqual([palette[1], palette[9], palette[1], ...plain.slice(3)]);
    expect(line(12)).toEqual(plain);
  });

  it('blink by attribute bit 7, which is the background’s fourth bit otherwise', () => {
    const { video, registers, pixels, scanout } = inMode('text-80-8-dots');
    const { palette } = scanout<'text'>();
    solid(video, 0, 0x41, 0x9e);
    // Half of the glyph.
    for (let line = 0; line < 16; line++) video[(0x41 * 32 + line) * 4 + 2] = 0xf0;
    const dots = (text: boolean) => [
      pixels({ cursor: true, text })(0, 0),
      pixels({ cursor: true, text })(7, 0),
    ];
    expect(dots(false)).toEqual([palette[14], palette[9]]);
    registers.setAr(0x10, 0x08);
    expect([dots(true), dots(false)]).toEqual([
      [palette[14], palette[1]],
      [palette[1], palette[1]],
    ]);
  });

  it('have a cursor that is lit half of the time, on the lines that the CRT controller says', () => {
    const { pixels, scanout, video } = inMode('text-80-cursor');
    const { cursor, palette } = scanout<'text'>();
    const cell = cursor!.address / 4;
    video[cell * 4] = 0x20;
    video[cell * 4 + 1] = 0x2e;
    for (let line = 0; line < 32; line++) video[(0x20 * 32 + line) * 4 + 2] = 0;
    const [x, y] = [(cell % 80) * 9, Math.floor(cell / 80) * 16];
    const column = (lit: boolean) =>
      Array.from(
        { length: 16 },
        (_, line) => pixels({ cursor: lit, text: true })(x, y + line) === palette[14],
      );
    expect(column(true)).toEqual(Array.from({ length: 16 }, (_, line) => line >= 5 && line <= 12));
    expect(column(false)).not.toContain(true);
    expect(cursorRectangle(scanout())).toEqual({ left: x, top: y + 5, right: x + 9, bottom: y + 13 });
    const atStart = { ...scanout<'text'>(), cursor: { address: 10 * 80 * 4, first: 13, last: 14 } };
    expect(cursorRectangle(atStart)).toEqual({ left: 0, top: 173, right: 9, bottom: 175 });
  });

  it('change their phase every 266 ms, text half as often', () => {
    expect([0, 1, 2, 3, 4].map((half) => blinkPhase(half * BLINK_MS + 1))).toEqual([
      { cursor: true, text: true },
      { cursor: false, text: true },
      { cursor: true, text: false },
      { cursor: false, text: false },
      { cursor: true, text: true },
    ]);
  });
});

describe('panning', () => {
  it('moves the picture to the left by pixels, in the lower part of a split screen if AR10 does not forbid it', () => {
    const { registers, pixels } = inMode('vga-12-split');
    const still = pixels();
    registers.setAr(0x13, 3);
    const moved = pixels();
    const below = 310;
    expect([moved(0, 10), moved(100, 10)]).toEqual([still(3, 10), still(103, 10)]);
    expect([moved(0, below), moved(100, below)]).toEqual([still(3, below), still(103, below)]);
    registers.setAr(0x10, 0x21);
    expect([pixels()(0, 10), pixels()(5, below)]).toEqual([still(3, 10), still(5, below)]);
  });

  it('counts from 8 in characters of nine dots', () => {
    const { registers, scanout } = inMode('text-80');
    const panning = (value: number): number => {
      registers.setAr(0x13, value);
      return scanout<'text'>().panning[0];
    };
    expect([8, 0, 1, 7].map(panning)).toEqual([0, 1, 2, 8]);
  });
});

it('The PEL mask chooses among the DAC’s entries', () => {
  const { vga, pixels } = inMode('vga-13');
  const before = pixels()(100, 0);
  const saved = vga.save() as { registers: number[] };
  const mask = saved.registers.with(0x0b, 0);
  vga.restore({ ...saved, registers: mask });
  expect(pixels()(100, 0)).toBe(vga.registers.color(0, false));
  expect(pixels()(100, 0)).not.toBe(before);
});

describe('the lines of a frame', () => {
  it('are those that show a page that was written to', () => {
    const { scanout } = inMode('dispi-32');
    const shown = scanout();
    const table = lineTable(shown as Exclude<Scanout, { kind: 'blank' }>);
    // A line of 1024 pixels is a page.
    expect(linesOfPages(shown, table, [{ first: 100, count: 3 }])).toEqual({ top: 100, bottom: 103 });
    expect(
      linesOfPages(shown, table, [
        { first: 2, count: 1 },
        { first: 700, count: 1 },
      ]),
    ).toEqual({ top: 2, bottom: 701 });
    expect(linesOfPages(shown, table, [{ first: 768, count: 100 }])).toBeNull();
    expect(linesOfPages(shown, table, [])).toBeNull();
  });

  it('are all of them in a text mode whose font was written to', () => {
    const { scanout } = inMode('text-80-two-fonts');
    const shown = scanout<'text'>();
    const page = Math.floor(shown.fonts[1] / 4096);
    expect(linesOfPages(shown, lineTable(shown), [{ first: page + 1, count: 1 }])).toEqual({
      top: 0,
      bottom: 400,
    });
  });

  it('are all of them when the scan-out is another one', () => {
    const { registers, scanout } = inMode('vga-12');
    const before = scanout();
    expect(sameScanout(before, scanout())).toBe(true);
    registers.setAr(3, 9);
    expect(sameScanout(before, scanout())).toBe(false);
    expect(sameScanout(null, scanout())).toBe(false);
  });
});

it('A picture that no screen has shows nothing, and every other one is left as it is', () => {
  const scanout = inMode('text-80').scanout<'text'>();
  expect(drawable(scanout)).toBe(scanout);
  expect(drawable({ ...scanout, width: 4096, height: 4096 })).toHaveProperty('kind', 'text');
  expect(drawable({ ...scanout, memory: { linear: 0, size: 2 ** 27 } })).toHaveProperty('kind', 'text');
  expect(drawable({ ...scanout, memory: { linear: 0, size: 2 ** 27 + 4096 } })).toHaveProperty(
    'kind',
    'blank',
  );
  expect(drawable({ ...scanout, width: 4097 })).toEqual({ kind: 'blank', width: 4096, height: 400 });
  expect(drawable({ ...scanout, height: 65_535 })).toEqual({ kind: 'blank', width: 720, height: 4096 });
});

it('No registers make a scan-out that cannot be drawn', () => {
  const word = randomWords(1);
  const random = (): number => word() >>> 24;
  const { vga, shared } = bareVga();
  for (let round = 0; round < 300; round++) {
    const { registers } = vga;
    for (let i = 0; i < 25; i++) registers.setCr(i, random());
    for (let i = 0; i < 9; i++) registers.setGr(i, random());
    for (let i = 0; i < 5; i++) registers.setSr(i, random());
    for (let i = 0; i < 21; i++) registers.setAr(i, random());
    registers.setAttributeIndex(random() | 0x20);
    const scanout = vga.scanout();
    expect(scanout.width).toBeGreaterThan(0);
    expect(scanout.width * scanout.height).toBeLessThan(8192 * 8192);
    if (scanout.kind !== 'text' || round % 10) continue;
    decodeScanout(scanout, shared, ALL_LIT, new Uint32Array(scanout.width * scanout.height));
    expect((scanout as TextScanout).tops.at(-1)).toBe(scanout.height);
  }
});
