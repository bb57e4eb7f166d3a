import { describe, expect, it } from 'vitest';
import { FakeIrq, FakeMemory } from '../../../tests/support/device-env.ts';
import { Log } from '../../core/log.ts';
import { VirtioGpu } from '../virtio/virtio-gpu.ts';
import { VIRTIO_VGA_MEMORY_BYTES, VirtioVga } from './virtio-vga.ts';

const MEMORY = { linear: 0, size: VIRTIO_VGA_MEMORY_BYTES };

function card() {
  const log = new Log();
  const preferred = { width: 1280, height: 800 };
  const gpu = new VirtioGpu({
    log,
    preferred,
    outputs: 1,
    hostMemory: 1 << 20,
    edid: true,
    blob: false,
    random: () => {},
    changed: () => {},
  });
  const shared = new Uint8Array(VIRTIO_VGA_MEMORY_BYTES + 0x20_0000);
  const memory = new FakeMemory(0x10000);
  const vga = { shared, memory: MEMORY, changed: () => {}, written: () => {}, preferred };
  const device = new VirtioVga({ gpu, vga, rom: true, memory, log, messages: true });
  const places = new Map<number, number | null>();
  device.connect({
    intx: new FakeIrq(),
    shadows: [{ publish() {} }],
    places: device.windows.map((_, i) => ({ move: (to) => void places.set(i, to) })),
  });
  return { device, gpu, places };
}

describe('virtio-vga', () => {
  // `info pci` and `info mtree` of QEMU 7.2.
  it('is 1af4:1050, a VGA, with BARs as QEMU’s', () => {
    const { device } = card();
    expect([device.configRead(0, 4), device.configRead(8, 4) >>> 8]).toEqual([0x10501af4, 0x030000]);
    const size = (at: number): number => {
      device.configWrite(at, 4, 0xffff_ffff);
      return device.configRead(at, 4);
    };
    expect([0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x30].map(size)).toEqual([
      0xff800008, 0, 0xffffc00c, 0xffff_ffff, 0xfffff000, 0, 0xffff0001,
    ]);
  });

  // As the source of QEMU 7.2 places them: the VGA's registers first, the others at the end of 16 KiB.
  it('has the registers of the VGA before those of virtio', () => {
    const { device, places } = card();
    device.configWrite(0x18, 4, 0xfe00_0000);
    device.configWrite(0x04, 2, 6);
    const found = new Map<string, number>();
    device.windows.forEach((window, i) => {
      if ('region' in window && places.get(i)) found.set(window.region.name, places.get(i)! - 0xfe00_0000);
    });
    expect(Object.fromEntries(found)).toMatchObject({
      'vga.mmio': 0,
      'virtio-common': 0x1000,
      'virtio-isr': 0x1800,
      'virtio-device': 0x2000,
      'virtio-notify': 0x3000,
    });
  });

  it('shows the VGA, whose log counts, until a driver shows something', () => {
    const { device, gpu } = card();
    const log = { take: () => [{ first: 1, count: 2 }] };
    expect([gpu.enabled, device.scanout().kind]).toEqual([false, 'blank']);
    expect(device.takeDamage(log)).toEqual([{ first: 1, count: 2 }]);
  });

  it('keeps its state over save and restore', () => {
    const { device } = card();
    device.registers.setCr(0x13, 0x77);
    const saved = device.save();
    const other = card().device;
    other.restore(saved);
    expect(other.save()).toEqual(saved);
    expect(() => other.restore({ ...saved, dispi: '{' })).toThrow(/dispi/);
    expect(other.save()).toEqual(saved);
  });
});
