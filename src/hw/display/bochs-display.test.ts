import { describe, expect, it } from 'vitest';
import type { GraphicsScanout } from '../../core/scanout.ts';
import { BochsDisplay } from './bochs-display.ts';
import { makeEdid } from './edid.ts';

const MEMORY = { linear: 0x10000, size: 0x100_0000 };

function display() {
  let changes = 0;
  const device = new BochsDisplay({
    memory: MEMORY,
    slot: 'video',
    changed: () => void changes++,
    preferred: { width: 1280, height: 800 },
  });
  const [, window] = device.windows;
  if (!('region' in window)) throw new Error('BAR 2 has no registers');
  const mmio = window.region;
  return {
    device,
    mmio,
    set: (index: number, value: number) => mmio.write(0x500 + 2 * index, 2, value),
    get: (index: number) => mmio.read(0x500 + 2 * index, 2),
    get changes() {
      return changes;
    },
  };
}

/** As Linux's driver sets a mode: size, depth, virtual size, then the enable bits. */
function mode(set: (index: number, value: number) => void, width: number, height: number, bpp: number): void {
  const values = [
    [3, bpp],
    [1, width],
    [2, height],
    [6, width],
    [7, height],
    [4, 0x41],
  ];
  for (const [index, value] of values) set(index, value);
}

describe('bochs-display', () => {
  // As `info pci` of QEMU 7.2 shows it.
  it('is 1234:1111, another display, with 16 MiB of memory', () => {
    const { device } = display();
    expect([device.configRead(0, 4), device.configRead(8, 4) >>> 8]).toEqual([0x11111234, 0x038000]);
    device.configWrite(0x10, 4, 0xffff_ffff);
    device.configWrite(0x18, 4, 0xffff_ffff);
    expect([device.configRead(0x10, 4), device.configRead(0x18, 4)]).toEqual([0xff000008, 0xfffff000]);
  });

  it('has an EDID, dispi’s version and how much memory there is', () => {
    const { mmio, get } = display();
    const edid = Uint8Array.from({ length: 256 }, (_, at) => mmio.read(at, 1));
    expect(edid).toEqual(makeEdid({ width: 1280, height: 800 }));
    expect([get(0), get(10), mmio.read(0x600, 4)]).toEqual([0xb0c5, 256, 8]);
  });

  it('shows modes of 16 and 32 bits, wherever they begin', () => {
    const { device, set } = display();
    expect(device.scanout()).toEqual({ kind: 'blank', width: 1280, height: 800 });
    mode(set, 800, 600, 32);
    let scanout = device.scanout() as GraphicsScanout;
    expect([scanout.width, scanout.height, scanout.format, scanout.lines[1]]).toEqual([
      800,
      600,
      'rgb32',
      3200,
    ]);
    set(6, 1024);
    set(9, 600);
    set(8, 8);
    scanout = device.scanout() as GraphicsScanout;
    expect([scanout.lines[0], scanout.lines[1] - scanout.lines[0]]).toEqual([600 * 4096 + 32, 4096]);
    mode(set, 640, 480, 16);
    set(8, 0);
    set(9, 0);
    scanout = device.scanout() as GraphicsScanout;
    expect([scanout.format, scanout.lines[479]]).toEqual(['rgb16', 479 * 1280]);
  });

  it.each([
    ['another depth', 640, 480, 24],
    ['too small a picture', 32, 480, 32],
    ['more than its memory holds', 4096, 4096, 32],
    ['the largest numbers', 0xffff, 0xffff, 32],
  ])('keeps its picture for %s', (_, width, height, bpp) => {
    const { device, set } = display();
    mode(set, 800, 600, 32);
    const before = device.scanout();
    set(4, 0);
    mode(set, width, height, bpp);
    expect(device.scanout()).toBe(before);
  });

  it('is off after a reset, and goes on from a saved state', () => {
    const { device, set } = display();
    mode(set, 800, 600, 32);
    const saved = device.save();
    device.reset();
    expect(device.scanout().kind).toBe('blank');
    device.restore(saved);
    expect(device.save()).toEqual(saved);
    expect(device.scanout()).toMatchObject({ kind: 'graphics', width: 800 });
    expect(() => device.restore({ ...saved, values: [1] })).toThrow(/values/);
  });
});
