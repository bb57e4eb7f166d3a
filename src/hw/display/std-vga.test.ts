import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bareVga } from '../../../tests/support/vga-mode.ts';
import { RestoreError, type SavedState } from '../device.ts';
import { makeEdid } from './edid.ts';
import { VGA_MEMORY_SLOT, VGA_ROM_SLOT } from './std-vga.ts';

/** Recorded by scripts/gen-vga-device-fixtures.mjs. */
const qemu: {
  pci: { reset: string[]; ones: string[] };
  edid: Record<string, string>;
  dispi: number[][];
} = JSON.parse(readFileSync(new URL('./fixtures/device.json', import.meta.url), 'utf8'));

const hex = (value: number): string => value.toString(16).padStart(8, '0');

function connected() {
  const machine = bareVga({ rom: true });
  const places: (number | null)[] = [];
  const { vga } = machine;
  vga.connect({
    intx: { set() {} },
    places: vga.windows.map((_, i) => ({ move: (to: number | null) => void (places[i] = to) })),
  });
  const mmio = vga.regions.find(({ name }) => name === 'vga.mmio')!;
  const dispi = {
    write: (index: number, value: number) => mmio.write(0x500 + 2 * index, 2, value),
    read: (index: number) => mmio.read(0x500 + 2 * index, 2),
  };
  return { ...machine, places, mmio, dispi };
}

describe('std VGA', () => {
  it('has the configuration space of QEMU’s', () => {
    const { vga } = connected();
    expect(qemu.pci.reset.map((_, i) => hex(vga.configRead(4 * i, 4)))).toEqual(qemu.pci.reset);
    qemu.pci.reset.forEach((_, i) => vga.configWrite(4 * i, 4, 0xffff_ffff));
    expect(qemu.pci.ones.map((_, i) => hex(vga.configRead(4 * i, 4)))).toEqual(qemu.pci.ones);
  });

  it('maps memory, registers and ROM where its BARs say', () => {
    const { vga, places } = connected();
    expect(vga.windows.map((window) => ('slot' in window ? window.slot : window.region.name))).toEqual([
      VGA_MEMORY_SLOT,
      'vga.mmio',
      VGA_ROM_SLOT,
    ]);
    expect(places).toEqual([null, null, null]);
    vga.configWrite(0x10, 4, 0xfd00_0000);
    vga.configWrite(0x18, 4, 0xfeb0_0000);
    vga.configWrite(0x30, 4, 0xfeb1_0001);
    expect(places).toEqual([null, null, null]);
    vga.configWrite(0x04, 2, 3);
    expect(places).toEqual([0xfd00_0000, 0xfeb0_0000, 0xfeb1_0000]);
    vga.configWrite(0x30, 4, 0xfeb1_0000);
    expect(places).toEqual([0xfd00_0000, 0xfeb0_0000, null]);
    vga.reset();
    expect(places).toEqual([null, null, null]);
  });

  it.each(Object.entries(qemu.edid))('has the EDID of QEMU’s monitor of %s', (size, bytes) => {
    const [width, height] = size.split('x').map(Number);
    expect(Buffer.from(makeEdid({ width, height })).toString('hex')).toBe(bytes);
  });

  it('shows the EDID in BAR 2, and QEMU’s own registers', () => {
    const { mmio } = connected();
    const bytes = Array.from({ length: 256 }, (_, at) => mmio.read(at, 1));
    expect(Buffer.from(bytes).toString('hex')).toBe(qemu.edid['1280x800']);
    expect([mmio.read(0, 4), mmio.read(0x600, 4), mmio.read(0x604, 4)]).toEqual([0xffffff00, 8, 0x1e1e1e1e]);
    mmio.write(0x604, 4, 0xbebebebe);
    mmio.write(0x604, 4, 0x12345678);
    expect(mmio.read(0x604, 4)).toBe(0xbebebebe);
    expect(mmio.read(0x700, 2)).toBe(0xffff);
  });

  it('takes dispi’s registers as QEMU does, whatever is written', () => {
    const { dispi } = connected();
    const differences = qemu.dispi.flatMap(([index, value, ...expected], i) => {
      dispi.write(index, value);
      const found = expected.map((_, register) => dispi.read(register));
      return found.join() === expected.join()
        ? []
        : [`${i}: [${index}] = ${value}: ${found}, not ${expected}`];
    });
    expect(differences.slice(0, 3)).toEqual([]);
  });

  it('answers at dispi’s ports, the data at an odd port or beside it', () => {
    const { vga } = connected();
    const [ports] = vga.fixed;
    ports.write(0, 2, 0);
    expect([ports.read(0, 2), ports.read(1, 2), ports.read(2, 2)]).toEqual([0, 0xb0c5, 0xb0c5]);
    ports.write(1, 2, 0xb0c2);
    expect(ports.read(2, 2)).toBe(0xb0c2);
    expect([ports.read(0, 1), ports.read(3, 1)]).toEqual([0xff, 0xff]);
  });

  it('clears the memory that a mode shows, unless it is told not to, and says so', () => {
    const { dispi, video, events } = connected();
    video.fill(0xaa);
    for (const [index, value] of [
      [1, 320],
      [2, 200],
      [3, 32],
    ])
      dispi.write(index, value);
    dispi.write(4, 0xc1);
    expect(video[0]).toBe(0xaa);
    dispi.write(4, 0);
    events.length = 0;
    dispi.write(4, 0x41);
    expect([video[0], video[320 * 200 * 4 - 1], video[320 * 200 * 4]]).toEqual([0, 0, 0xaa]);
    expect(events).toEqual([`written ${320 * 200 * 4}`, 'changed']);
  });

  it('keeps its state over save and restore, and refuses what is no state of it', () => {
    const { vga, dispi } = connected();
    for (const [index, value] of [
      [1, 800],
      [2, 600],
      [3, 16],
      [4, 0x41],
      [9, 5],
    ])
      dispi.write(index, value);
    vga.registers.setCr(0x13, 0x77);
    const saved = JSON.parse(JSON.stringify(vga.save())) as SavedState;
    const other = connected();
    other.vga.restore(saved);
    expect(other.vga.save()).toEqual(saved);
    expect([other.dispi.read(1), other.dispi.read(9)]).toEqual([800, 5]);
    const damages: SavedState[] = [
      { registers: [1] },
      { dispi: '{' },
      { dispi: '{"version":1}' },
      { order: 5 },
    ];
    for (const damage of damages) {
      expect(() => other.vga.restore({ ...saved, ...damage })).toThrow(RestoreError);
      expect(other.vga.save()).toEqual(saved);
    }
  });
});
