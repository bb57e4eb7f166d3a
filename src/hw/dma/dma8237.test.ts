import { describe, expect, it } from 'vitest';
import { deviceEnv } from '../../../tests/support/device-env.ts';
import { Dma8237 } from './dma8237.ts';

function create() {
  const { memory, log } = deviceEnv();
  const dma = new Dma8237({ memory, log });
  const out = (port: number, ...values: number[]): void => {
    const i = Dma8237.PORTS.findIndex((base, n) => port >= base && port < base + dma.regions[n].size);
    for (const value of values) dma.regions[i].write(port - Dma8237.PORTS[i], 1, value);
  };
  const inb = (port: number): number => {
    const i = Dma8237.PORTS.findIndex((base, n) => port >= base && port < base + dma.regions[n].size);
    return dma.regions[i].read(port - Dma8237.PORTS[i], 1);
  };
  return { dma, memory, out, inb };
}

/** Channel 2 as a BIOS sets it up for a floppy's sector: address, count less one, page, mode; unmasked. */
function floppy(
  out: (port: number, ...values: number[]) => void,
  mode: number,
  address: number,
  length: number,
) {
  out(0x0a, 6);
  out(0x0c, 0);
  out(0x04, address & 0xff, (address >> 8) & 0xff);
  out(0x05, (length - 1) & 0xff, (length - 1) >> 8);
  out(0x81, address >> 16);
  out(0x0b, mode);
  out(0x0a, 2);
}

describe('dma8237', () => {
  it('moves a sector to memory, and masks the channel at the terminal count', () => {
    const { dma, memory, out, inb } = create();
    const channel = dma.channel(2);
    expect(channel.ready).toBe(false);
    floppy(out, 0x46, 0x1200, 512);
    expect(channel.ready).toBe(true);
    const sector = Uint8Array.from({ length: 512 }, (_, i) => i & 0xff);
    expect(channel.toMemory(sector.subarray(0, 500))).toEqual({ moved: 500, terminal: false });
    out(0x0c, 0);
    expect([inb(0x05), inb(0x05)]).toEqual([11, 0]);
    expect(channel.toMemory(sector.subarray(500))).toEqual({ moved: 12, terminal: true });
    expect(memory.read(0x1200, 512)).toEqual(sector);
    expect(channel.ready).toBe(false);
    expect(inb(0x08)).toBe(0x04);
    expect(inb(0x08)).toBe(0);
    expect(channel.toMemory(sector)).toEqual({ moved: 0, terminal: false });
  });

  it('moves from memory no more than the count says', () => {
    const { dma, memory, out } = create();
    memory.write(0x800, Uint8Array.of(1, 2, 3, 4, 5));
    floppy(out, 0x4a, 0x800, 4);
    expect(dma.channel(2).fromMemory(512)).toEqual({ bytes: Uint8Array.of(1, 2, 3, 4), terminal: true });
  });

  it('counts a verify and leaves memory alone', () => {
    const { dma, memory, out } = create();
    floppy(out, 0x42, 0x800, 4);
    expect(dma.channel(2).toMemory(Uint8Array.of(9, 9, 9, 9))).toEqual({ moved: 4, terminal: true });
    expect(memory.read(0x800, 4)).toEqual(new Uint8Array(4));
  });

  it('wraps addresses within 64 KiB, and counts downwards where it is told to', () => {
    const { dma, memory, out } = create();
    floppy(out, 0x46, 0xfffe, 4);
    dma.channel(2).toMemory(Uint8Array.of(1, 2, 3, 4));
    expect(memory.read(0xfffe, 2)).toEqual(Uint8Array.of(1, 2));
    expect(memory.read(0, 2)).toEqual(Uint8Array.of(3, 4));
    floppy(out, 0x66, 0x102, 3);
    dma.channel(2).toMemory(Uint8Array.of(5, 6, 7));
    expect(memory.read(0x100, 3)).toEqual(Uint8Array.of(7, 6, 5));
  });

  it('starts anew by itself in autoinitialize mode', () => {
    const { dma, out } = create();
    floppy(out, 0x56, 0x100, 2);
    const channel = dma.channel(2);
    expect(channel.toMemory(Uint8Array.of(1, 2))).toEqual({ moved: 2, terminal: true });
    expect(channel.ready).toBe(true);
    expect(channel.toMemory(Uint8Array.of(3))).toEqual({ moved: 1, terminal: false });
  });

  it('moves words on the second controller, page bit 0 ignored', () => {
    const { dma, memory, out } = create();
    out(0xd4, 5);
    out(0xd8, 0);
    out(0xc4, 0x00, 0x01);
    out(0xc6, 1, 0);
    out(0x8b, 1);
    out(0xd6, 0x45);
    out(0xd4, 1);
    expect(dma.channel(5).toMemory(Uint8Array.of(1, 2, 3, 4, 5, 6))).toEqual({ moved: 4, terminal: true });
    expect(memory.read(0x200, 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
  });

  it('tells a device that its channel has been let go', () => {
    const { dma, out } = create();
    let calls = 0;
    dma.channel(2).onReady(() => calls++);
    floppy(out, 0x46, 0x100, 2);
    expect(calls).toBe(1);
    out(0x08, 4);
    expect(dma.channel(2).ready).toBe(false);
    out(0x08, 0);
    expect(calls).toBe(2);
  });
});
