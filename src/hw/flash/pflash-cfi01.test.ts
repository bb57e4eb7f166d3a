import { describe, expect, it } from 'vitest';
import { deviceEnv } from '../../../tests/support/device-env.ts';
import { MemoryNode } from '../../block/protocol/memory-node.ts';
import { PflashCfi01 } from './pflash-cfi01.ts';

const SIZE = 64 * 1024;

function create({ readOnly = false } = {}) {
  const contents = new Uint8Array(SIZE).fill(0xff);
  const image = new Uint8Array(SIZE).fill(0xff);
  const shown: boolean[] = [];
  const device = new PflashCfi01({
    name: 'pflash0',
    memory: {
      size: SIZE,
      read: (offset, length) => contents.slice(offset, offset + length),
      write: (offset, bytes) => contents.set(bytes, offset),
      show: (on) => void shown.push(on),
    },
    node: new MemoryNode(image, { readOnly }),
    log: deviceEnv().log,
  });
  const [region] = device.regions;
  const write = (offset: number, ...values: number[]): void => {
    for (const value of values) region.write(offset, 1, value);
  };
  return { device, contents, image, shown, write, read: (offset: number) => region.read(offset, 1) };
}

describe('pflash (CFI 01)', () => {
  it('shows its contents, then its status while a command is on, then its contents again', () => {
    const { write, read, shown } = create();
    expect(read(5)).toBe(0xff);
    write(5, 0x70);
    expect(read(5)).toBe(0x80);
    expect(shown.at(-1)).toBe(false);
    write(5, 0xff);
    expect(shown.at(-1)).toBe(true);
  });

  it('is found by OVMF: a cleared status reads as 0', () => {
    const { write, read } = create();
    write(0, 0x50);
    expect(read(0)).toBe(0xff);
    write(0, 0x70);
    expect(read(0)).toBe(0x00);
    write(0, 0xff);
  });

  it('programs bytes and erases blocks, and gives the image both when its contents are shown again', () => {
    const { write, read, contents, image } = create();
    write(0x1234, 0x10, 0xab);
    expect(read(0)).toBe(0x80);
    write(0x1235, 0x40, 0xcd);
    expect(image[0x1234]).toBe(0xff);
    write(0, 0xff);
    expect([...image.subarray(0x1233, 0x1237)]).toEqual([0xff, 0xab, 0xcd, 0xff]);
    write(0x1800, 0x20, 0xd0, 0xff);
    expect(contents.every((byte) => byte === 0xff)).toBe(true);
    expect(image.every((byte) => byte === 0xff)).toBe(true);
  });

  it('programs a buffer: count less one, bytes, confirmation', () => {
    const { write, image } = create();
    write(0x200, 0xe8, 2);
    for (const [i, byte] of [1, 2, 3].entries()) write(0x200 + i, byte);
    write(0x200, 0xd0, 0xff);
    expect([...image.subarray(0x200, 0x204)]).toEqual([1, 2, 3, 0xff]);
  });

  it('answers a program and an erase of a read-only image with an error', () => {
    const { write, read, contents } = create({ readOnly: true });
    write(0, 0x10, 0x00);
    expect(read(0)).toBe(0x90);
    write(0, 0x50, 0x20, 0xd0);
    expect(read(0)).toBe(0xa0);
    expect(contents[0]).toBe(0xff);
  });

  it('says what it is: Intel, and a CFI table with its size and blocks', () => {
    const { write, read } = create();
    write(0, 0x90);
    expect([read(0), read(1)]).toEqual([0x89, 0x18]);
    write(0, 0xff, 0x98);
    expect(String.fromCharCode(read(0x10), read(0x11), read(0x12))).toBe('QRY');
    expect(2 ** read(0x27)).toBe(SIZE);
    const blocks = 1 + read(0x2d) + (read(0x2e) << 8);
    expect(blocks * ((read(0x2f) + (read(0x30) << 8)) << 8)).toBe(SIZE);
  });

  it('goes back to its contents at a command that there is not, or a confirmation that is none', () => {
    const { write, shown } = create();
    write(0, 0x33);
    expect(shown.at(-1)).toBe(true);
    write(0, 0x60, 0x12);
    expect(shown.at(-1)).toBe(true);
  });
});
