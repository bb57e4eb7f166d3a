/** A std VGA without a machine, put into a mode of scripts/vga-fixtures/modes.mjs. */
import { DAC, type Mode, PATTERN_BYTES, patternByte } from '../../scripts/vga-fixtures/modes.mjs';
import { StdVga, VGA_MEMORY_BYTES } from '../../src/hw/display/std-vga.ts';

const LINEAR = 0x0040_0000;

export function bareVga(options: { rom?: boolean } = {}) {
  const shared = new Uint8Array(LINEAR + VGA_MEMORY_BYTES);
  const events: string[] = [];
  const vga = new StdVga({
    shared,
    memory: { linear: LINEAR, size: VGA_MEMORY_BYTES },
    changed: () => void events.push('changed'),
    written: (bytes) => void events.push(`written ${bytes}`),
    preferred: { width: 1280, height: 800 },
    rom: options.rom ?? false,
  });
  return { vga, shared, video: shared.subarray(LINEAR), events };
}

/** Sets the mode's registers, and fills the video memory with the pattern. */
export function enterMode({ vga, video }: ReturnType<typeof bareVga>, mode: Mode): void {
  const { registers } = vga;
  mode.sr.forEach((value, i) => registers.setSr(i, value));
  mode.cr.forEach((value, i) => registers.setCr(i, value));
  mode.gr.forEach((value, i) => registers.setGr(i, value));
  registers.setMisc(mode.misc);
  const [ports] = vga.fixed;
  for (const [index, value] of mode.dispi ?? []) {
    ports.write(0, 2, index);
    ports.write(2, 2, value);
  }
  registers.setDac(Uint8Array.from(DAC.flat()));
  mode.ar.forEach((value, i) => registers.setAr(i, value));
  registers.setAttributeIndex(0x20);
  for (let at = 0; at < PATTERN_BYTES; at++) video[at] = patternByte(at);
}
