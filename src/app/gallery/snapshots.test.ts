import { describe, expect, it } from 'vitest';
import { isPlain } from './snapshots.ts';

describe('a picture', () => {
  it('of one colour, or with no more than a cursor on it, shows nothing', () => {
    const pixels = new Uint32Array(320 * 200).fill(0xff00_0000);
    expect(isPlain(pixels)).toBe(true);
    pixels.fill(0xffaa_aaaa, 0, 16);
    expect(isPlain(pixels)).toBe(true);
  });

  it('with a word on it shows something, also in its middle', () => {
    const pixels = new Uint32Array(320 * 200).fill(0xff00_0000);
    pixels.fill(0xffaa_aaaa, 31_900, 32_100);
    expect(isPlain(pixels)).toBe(false);
  });
});
