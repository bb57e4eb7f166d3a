/** The picture of every video mode against QEMU's: fixtures/modes.json, recorded by scripts/gen-vga-modes-fixtures.mjs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MODES } from '../../../scripts/vga-fixtures/modes.mjs';
import { bareVga, enterMode } from '../../../tests/support/vga-mode.ts';
import { ALL_LIT } from '../../display/blink.ts';
import { decodeScanout } from '../../display/decode.ts';

interface Picture {
  width: number;
  height: number;
  sha256: string;
}
const recorded: Record<string, Picture> = JSON.parse(
  readFileSync(new URL('./fixtures/modes.json', import.meta.url), 'utf8'),
);

describe('the picture of a video mode is QEMU’s', () => {
  it.each(MODES.map((mode) => [mode.name, mode] as const))('%s', (name, mode) => {
    const machine = bareVga();
    enterMode(machine, mode);
    const scanout = machine.vga.scanout();
    const pixels = new Uint32Array(scanout.width * scanout.height);
    decodeScanout(scanout, machine.shared, ALL_LIT, pixels);
    const rgba = new Uint8Array(pixels.buffer);
    // QEMU leaves the low bits of 15-bit colours 0, so its white is none; ours repeats the high ones.
    const kept = name === 'dispi-15' ? 0xf8 : 0xff;
    const rgb = Buffer.from(rgba.filter((_, i) => i % 4 !== 3).map((value) => value & kept));
    expect({
      width: scanout.width,
      height: scanout.height,
      sha256: createHash('sha256').update(rgb).digest('hex'),
    }).toEqual(recorded[name]);
  });
});
