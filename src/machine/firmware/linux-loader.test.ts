import { describe, expect, it } from 'vitest';
import { bzImage } from '../../../tests/support/boot-files.ts';
import { deviceEnv } from '../../../tests/support/device-env.ts';
import { FwCfg } from '../../hw/firmware/fw-cfg.ts';
import { addLinux, type LinuxFiles } from './linux-loader.ts';

const MIB = 1048576;

function load(files: Partial<LinuxFiles> = {}) {
  const { memory, shadow, log } = deviceEnv();
  const fwCfg = new FwCfg({ memory, shadow, log, ramBytes: 64 * MIB, vcpus: 1, layout: 'ports' });
  const kernel = bzImage(8192, { initSize: 4 * MIB, is64: false });
  addLinux(fwCfg, {
    ...{ kernel, initrd: null, commandLine: 'quiet', arch: 'i386', ramBytes: 64 * MIB },
    ...files,
  });
  const [ports] = fwCfg.regions;
  const item = (number: number, length: number): Uint8Array => {
    ports.write(0, 2, number);
    return Uint8Array.from({ length }, () => ports.read(1, 1));
  };
  const number = (at: number): number => new DataView(item(at, 4).buffer).getUint32(0, true);
  return { kernel, item, number };
}

describe('a kernel for linuxboot', () => {
  it('has its parts where QEMU 7.2 puts them', () => {
    const { kernel, item, number } = load();
    expect([0x16, 0x07, 0x13].map(number)).toEqual([0x10000, 0x100000, 0x20000]);
    const setupBytes = number(0x17);
    expect(setupBytes % 512).toBe(0);
    expect(setupBytes + number(0x08)).toBe(kernel.length);
    expect(item(0x11, number(0x08))).toEqual(kernel.subarray(setupBytes));
    expect(Buffer.from(item(0x15, number(0x14))).toString()).toBe('quiet\0');
  });

  it('finds in its header who loads it, its command line and the end of its heap', () => {
    const { item, number } = load({ commandLine: 'vga=0x317' });
    const header = new DataView(item(0x18, number(0x17)).buffer);
    expect(header.getUint8(0x210)).toBe(0xb0);
    expect(header.getUint8(0x211) & 0x80).toBe(0x80);
    expect(header.getUint16(0x224, true)).toBe(0xfe00);
    expect(header.getUint32(0x228, true)).toBe(0x20000);
    expect(header.getUint16(0x1fa, true)).toBe(0x317);
  });

  it('has its initrd on a page below the end of RAM', () => {
    const initrd = Uint8Array.of(1, 2, 3);
    const { item, number } = load({ initrd });
    const at = number(0x0a);
    expect(at % 4096).toBe(0);
    expect(at + initrd.length).toBeLessThanOrEqual(64 * MIB - 0x28000);
    expect(item(0x12, number(0x0b))).toEqual(initrd);
    const header = new DataView(item(0x18, number(0x17)).buffer);
    expect([header.getUint32(0x218, true), header.getUint32(0x21c, true)]).toEqual([at, 3]);
  });

  it.each<[string, Partial<LinuxFiles>, string]>([
    ['an empty initrd', { initrd: new Uint8Array(0) }, 'bad-image'],
    ['an initrd that leaves no room', { initrd: new Uint8Array(63 * MIB) }, 'too-large'],
    ['a command line that the kernel does not take', { commandLine: 'x'.repeat(5000) }, 'bad-config'],
  ])('refuses %s', (_, files, code) => {
    expect(() => load(files)).toThrow(expect.objectContaining({ code }));
  });
});
