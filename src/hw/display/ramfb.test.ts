import { describe, expect, it } from 'vitest';
import { FakeMemory } from '../../../tests/support/device-env.ts';
import { type GraphicsScanout, scanoutBytes } from '../../core/scanout.ts';
import { Log } from '../../core/log.ts';
import { RAMFB_BYTES, Ramfb } from './ramfb.ts';

const XR24 = 0x34325258;
const RG24 = 0x34324752;

function ramfb(ramBytes = 4 << 20) {
  const memory = new FakeMemory(ramBytes);
  const watched: [number, number][] = [];
  const messages: string[] = [];
  const device = new Ramfb({
    memory,
    log: new Log(({ message }) => void messages.push(message)),
    watch: (linear, bytes) => void watched.push([linear, bytes]),
  });
  /** As firmware writes it: big-endian. */
  const write = (address: bigint, format: number, width: number, height: number, stride: number): void => {
    const view = new DataView(new ArrayBuffer(RAMFB_BYTES));
    view.setBigUint64(0, address);
    [format, 0, width, height, stride].forEach((value, i) => view.setUint32(8 + 4 * i, value));
    device.written(new Uint8Array(view.buffer));
  };
  return { device, memory, watched, messages, write };
}

describe('ramfb', () => {
  it('shows a part of RAM, and has it logged', () => {
    const { device, memory, watched, write } = ramfb();
    expect(device.scanout().kind).toBe('blank');
    write(0x123000n, XR24, 320, 200, 2048);
    expect(watched).toEqual([[0x120000, 0x68000]]);
    const scanout = device.scanout() as GraphicsScanout;
    expect([scanout.width, scanout.height, scanout.format]).toEqual([320, 200, 'rgb32']);
    memory.bytes[0x123000 + 5 * 2048 + 7] = 0x5a;
    expect(scanoutBytes(scanout.memory, memory.bytes)[scanout.lines[5] + 7]).toBe(0x5a);
    write(0x200000n, RG24, 320, 200, 0);
    expect((device.scanout() as GraphicsScanout).lines[1]).toBe(960);
    device.reset();
    expect(device.scanout().kind).toBe('blank');
    expect(watched.at(-1)).toEqual([0, 0]);
    const count = watched.length;
    device.reset();
    expect(watched.length).toBe(count);
  });

  it('refuses lines so far apart that no host would copy what lies between them', () => {
    const { device, watched, messages, write } = ramfb(160 << 20);
    write(0x1000n, XR24, 4096, 4096, 0x8800);
    expect([device.scanout().kind, watched.length, messages.length]).toEqual(['blank', 0, 1]);
    write(0x1000n, XR24, 4096, 4096, 0);
    expect([device.scanout().kind, watched.length, messages.length]).toEqual(['graphics', 1, 1]);
  });

  it.each<[string, bigint, number, number, number, number]>([
    ['an unknown format', 0x1000n, 0x34325258 + 1, 320, 200, 0],
    ['no size', 0x1000n, XR24, 0, 200, 0],
    ['sizes that overflow', 0x1000n, XR24, 0xffff_ffff, 0xffff_ffff, 0],
    ['lines that lie in each other', 0x1000n, XR24, 320, 200, 640],
    ['more than there is RAM', 0x3f_f000n, XR24, 320, 200, 0],
    ['the end of all addresses', 0xffff_ffff_ffff_f000n, XR24, 320, 200, 0],
    ['a stride beyond all bounds', 0x1000n, XR24, 320, 200, 0xffff_fffc],
    ['an odd address', 0x1001n, XR24, 320, 200, 0],
  ])('refuses %s, and shows what it showed', (_, address, format, width, height, stride) => {
    const { device, watched, messages, write } = ramfb();
    write(0x1000n, XR24, 64, 64, 0);
    const before = device.scanout();
    write(address, format, width, height, stride);
    expect([device.scanout() === before, watched.length, messages.length]).toEqual([true, 1, 1]);
  });
});
