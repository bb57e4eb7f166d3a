/** What QEMU has otherwise: the beam's place, the PEL mask. IBM VGA XGA Technical Reference Manual, chapter 2. */
import { beforeAll, describe, expect, it } from 'vitest';
import * as L from '../../src/memory/layout.gen.ts';
import { loadVga, type TestVga } from './tests/module.ts';

let vga: TestVga;
beforeAll(async () => {
  vga = await loadVga();
}, 120_000);

/** The timing of text mode 3: 100 characters of 9 dots a line, 449 lines, 28.322 MHz. */
function textMode(): void {
  vga.out8(0x3c2, 0x67);
  vga.out16(0x3d4, 0x0011);
  for (const [index, value] of [
    [0x00, 0x5f],
    [0x01, 0x4f],
    [0x06, 0xbf],
    [0x07, 0x1f],
    [0x10, 0x9c],
    [0x11, 0x8e],
    [0x12, 0x8f],
  ] as const)
    vga.out16(0x3d4, index | (value << 8));
  vga.out16(0x3c4, 0x0001);
}

const LINE_NS = (900 * 1e6) / 28322;
const FRAME_NS = 449 * LINE_NS;

describe('input status 1', () => {
  /** Bits 0 (no display) and 3 (retrace) at a place of the beam, in lines of the third frame. */
  const at = (line: number): number => {
    vga.at(BigInt(Math.floor(2 * FRAME_NS + line * LINE_NS)));
    return vga.in8(0x3da) & 9;
  };

  it('follows the guest’s clock through a frame of 14.27 ms', () => {
    textMode();
    at(0.1);
    expect(at(0.3)).toBe(0);
    // Columns 80 to 99 are the horizontal blanking.
    expect(at(0.9)).toBe(1);
    expect(at(399.3)).toBe(0);
    expect(at(400.3)).toBe(1);
    // The retrace lasts from line 412 to 413.
    expect(at(411.3)).toBe(1);
    expect(at(412.3)).toBe(9);
    expect(at(413.8)).toBe(9);
    expect(at(414.3)).toBe(1);
    expect(at(448.3)).toBe(1);
    expect(at(449.3)).toBe(0);
  });

  it('shows a retrace that nobody saw with the next look, once', () => {
    textMode();
    at(500.3);
    expect(at(510.3)).toBe(0);
    expect(at(449 + 430.3)).toBe(9);
    expect(at(449 + 430.4)).toBe(1);
    expect(at(449 * 2 + 5.3)).toBe(0);
  });

  it('never divides by nothing, whatever the registers hold', () => {
    for (const value of [0, 0xff]) {
      for (let index = 0; index < 0x19; index++) vga.out16(0x3d4, index | (value << 8));
      expect(vga.in8(0x3da) & ~9).toBe(0);
    }
    textMode();
  });
});

describe('registers', () => {
  it('has a PEL mask, all ones at the start', () => {
    vga.bytes[L.VGA_DAC_MASK] = 0xff;
    expect(vga.in8(0x3c6)).toBe(0xff);
    vga.out8(0x3c6, 0x0f);
    expect(vga.in8(0x3c6)).toBe(0x0f);
  });

  it('tells the page of what changes the picture, and of nothing else', () => {
    const events = (): number => {
      const seen = vga.view.getUint32(L.VM_DISPLAY_EVENTS, true);
      vga.view.setUint32(L.VM_DISPLAY_EVENTS, 0, true);
      return seen;
    };
    vga.out16(0x3d4, 0x120c);
    events();
    vga.out16(0x3d4, 0x120c);
    vga.out16(0x3c4, 0x0502);
    vga.out16(0x3ce, 0x7708);
    vga.out8(0x3c8, 5);
    expect(events()).toBe(0);
    vga.out16(0x3d4, 0x130c);
    expect(events()).toBe(L.DISPLAY_REGISTERS);
    for (const component of [1, 2, 3]) vga.out8(0x3c9, component);
    expect(events()).toBe(L.DISPLAY_REGISTERS);
    vga.in8(0x3da);
    vga.out8(0x3c0, 0x20);
    expect(events()).toBe(L.DISPLAY_REGISTERS);
  });
});
