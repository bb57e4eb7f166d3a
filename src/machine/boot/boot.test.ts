import { describe, expect, it } from 'vitest';
import { failure } from '../../../tests/support/vm-error.ts';
import { elf64, riscvImage } from '../../../tests/support/boot-files.ts';
import { EM_RISCV, parseElf } from './elf.ts';
import { type BootImages, placeFdt, planBoot, riscvResetVector } from './riscv-boot.ts';
import { parseRawKernel } from './riscv-image.ts';

const MIB = 1048576;
const RAM = 0x8000_0000;
const NONE: BootImages = { firmware: null, kernel: null, initrd: null };

const plan = (images: Partial<BootImages>, mib = 512) => planBoot({ ...NONE, ...images }, RAM, mib * MIB);
const places = (images: Partial<BootImages>, mib = 512) =>
  plan(images, mib).pieces.map((p) => `${p.what} ${p.address.toString(16)}+${p.bytes.length}+${p.zeros}`);

describe('places', () => {
  it('of firmware, kernel and initrd are those of QEMU 7.2 (-m 512)', () => {
    const images = {
      firmware: new Uint8Array(273472),
      kernel: riscvImage(8192),
      initrd: new Uint8Array(8192),
    };
    expect(places(images)).toEqual([
      'firmware 80000000+273472+0',
      'kernel 80200000+8192+0',
      'initrd 88200000+8192+0',
    ]);
    expect(plan(images)).toMatchObject({
      start: RAM,
      kernelEntry: 0x8020_0000,
      initrd: { start: 0x8820_0000, end: 0x8820_2000 },
    });
  });

  it('of a kernel move up behind a firmware larger than 2 MiB', () => {
    expect(places({ firmware: new Uint8Array(2 * MIB + 1), kernel: new Uint8Array(4) })[1]).toBe(
      'kernel 80400000+4+0',
    );
  });

  it('of an initrd are halfway up in little RAM, and behind a kernel that reaches further', () => {
    const kernel = riscvImage(8192);
    expect(places({ kernel, initrd: new Uint8Array(1) }, 64)[1]).toBe('initrd 82000000+1+0');
    const long = riscvImage(8192, { imageSize: 140 * MIB });
    expect(places({ kernel: long, initrd: new Uint8Array(1) })[1]).toBe('initrd 88c00000+1+0');
  });

  it('without firmware: a raw kernel runs at the base of RAM, an ELF file at its entry', () => {
    expect(plan({ kernel: Uint8Array.of(1, 2, 3, 4) })).toMatchObject({ start: RAM, kernelEntry: RAM });
    const elf = elf64(RAM + 0x104, [{ address: RAM + 0x100, bytes: new Uint8Array(16), memory: 64 }]);
    expect(plan({ kernel: elf }).start).toBe(RAM + 0x104);
    expect(places({ kernel: elf })).toEqual(['kernel 80000100+16+48']);
  });

  it('of an ELF kernel behind firmware leave the start with the firmware', () => {
    const kernel = elf64(RAM + 0x20_0010, [{ address: RAM + 0x20_0000, bytes: new Uint8Array(32) }]);
    expect(plan({ firmware: new Uint8Array(4), kernel })).toMatchObject({
      start: RAM,
      kernelEntry: RAM + 0x20_0010,
    });
  });

  it('of an ELF firmware are its own, and its entry is where the machine starts', () => {
    const firmware = elf64(RAM + 0x1004, [{ address: RAM + 0x1000, bytes: new Uint8Array(8) }]);
    expect(plan({ firmware }).start).toBe(RAM + 0x1004);
  });

  it('leave out what an ELF file has below RAM', () => {
    const kernel = elf64(RAM + 8, [
      { address: 0x10000, bytes: new Uint8Array(64) },
      { address: RAM - 0x1000, bytes: new Uint8Array(0x1010).fill(7), memory: 0x1020 },
    ]);
    expect(places({ kernel })).toEqual(['kernel 80000000+16+16']);
    const zeros = elf64(RAM + 8, [{ address: RAM - 0x1000, bytes: new Uint8Array(16), memory: 0x1020 }]);
    expect(places({ kernel: zeros })).toEqual(['kernel 80000000+0+32']);
  });
});

describe('too much for the RAM', () => {
  it.each<[string, Partial<BootImages>, number, RegExp]>([
    [
      'firmware',
      { firmware: new Uint8Array(2 * MIB) },
      1,
      /^too-large: The firmware needs 2.0 MiB at 0x80000000.*\(-m\)/,
    ],
    [
      'kernel with its zeroed data',
      { kernel: riscvImage(4096, { imageSize: 9 * MIB }) },
      8,
      /^too-large: The kernel needs 9.0 MiB/,
    ],
    [
      'ELF kernel',
      { kernel: elf64(RAM, [{ address: RAM, bytes: new Uint8Array(8), memory: 3 * MIB }]) },
      2,
      /^too-large: The kernel needs 3.0 MiB/,
    ],
    [
      'initrd',
      { kernel: riscvImage(4096), initrd: new Uint8Array(5 * MIB) },
      8,
      /^too-large: The initrd needs 5.0 MiB/,
    ],
    [
      'overlap',
      {
        firmware: new Uint8Array(8192),
        kernel: elf64(RAM + 0x1000, [{ address: RAM + 0x1000, bytes: new Uint8Array(8) }]),
      },
      8,
      /^too-large: The firmware and the kernel overlap at 0x80001000/,
    ],
  ])('is refused: %s', (_name, images, mib, message) => {
    expect(failure(() => plan(images, mib))).toMatch(message);
  });

  it('is refused: an empty initrd', () => {
    expect(failure(() => plan({ kernel: riscvImage(64), initrd: new Uint8Array(0) }))).toMatch(
      /^bad-image: The initrd is empty/,
    );
  });

  it('is refused: no room for the device tree', () => {
    const { pieces } = plan(
      { kernel: riscvImage(4096, { imageSize: 7 * MIB }), initrd: new Uint8Array(512 * 1024) },
      8,
    );
    expect(failure(() => placeFdt(4096, pieces, RAM, 8 * MIB))).toMatch(
      /^too-large: The images leave no room for the device tree/,
    );
    expect(failure(() => placeFdt(4096, [], RAM, 1024))).toMatch(/^too-large/);
  });
});

describe('placeFdt', () => {
  it('goes as high as QEMU 7.2 does', () => {
    expect(placeFdt(6000, [], RAM, 512 * MIB)).toBe(0x9fe0_0000);
    expect(placeFdt(6000, [], RAM, 2048 * MIB)).toBe(0xbfe0_0000);
    expect(placeFdt(6000, [], RAM, 128 * MIB)).toBe(0x87e0_0000);
  });
});

describe('the reset vector', () => {
  it("is QEMU 7.2's, word for word (xp /24wx 0x1000)", () => {
    const bytes = riscvResetVector(RAM, 0x9fe0_0000, 0x8020_0000);
    const words = Array.from({ length: 22 }, (_, i) => new DataView(bytes.buffer).getUint32(i * 4, true));
    expect(words).toEqual([
      ...[0x00000297, 0x02828613, 0xf1402573, 0x0202b583, 0x0182b283, 0x00028067, 0x80000000, 0x00000000],
      ...[0x9fe00000, 0x00000000, 0x4942534f, 0x00000000, 0x00000002, 0x00000000, 0x80200000, 0x00000000],
      ...[0x00000001, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000],
    ]);
  });
});

describe('ELF files that cannot run', () => {
  const good = elf64(RAM, [{ address: RAM, bytes: new Uint8Array(100) }]);
  const parse = (bytes: Uint8Array): string => failure(() => parseElf(bytes, EM_RISCV, 'kernel'));

  it.each([
    ['in the ELF header', 10],
    ['in the ELF header', 40],
    ['in the program headers', 100],
    ['in a segment', good.length - 1],
  ])('are cut off %s', (_where, length) => {
    expect(parse(good.slice(0, length))).toMatch(/^bad-image: The kernel is truncated: /);
  });

  it.each([
    [62, 'x86-64'],
    [183, 'aarch64'],
    [3, 'i386'],
    [4711, 'ELF machine 4711'],
  ])('are for machine %i, which is named', (machine, name) => {
    const message = parse(elf64(RAM, [{ address: RAM, bytes: new Uint8Array(4) }], { machine }));
    expect(message).toMatch(/^bad-image: /);
    expect(message).toContain(name);
    expect(message).toContain('RISC-V');
  });

  it('are of 32 bits', () => {
    const bytes = good.slice();
    bytes[4] = 1;
    expect(parse(bytes)).toMatch(/^bad-image: The kernel is a 32-bit/);
  });

  it('are object files', () => {
    expect(parse(elf64(0, [], { type: 1 }))).toMatch(/^bad-image: .*not an executable/);
  });

  it('have nothing to load', () => {
    expect(parse(elf64(RAM, [{ address: RAM, bytes: new Uint8Array(4), type: 2 }]))).toMatch(
      /^bad-image: .*nothing to load/,
    );
  });

  it('are larger in the file than in memory', () => {
    expect(parse(elf64(RAM, [{ address: RAM, bytes: new Uint8Array(4), memory: 2 }]))).toMatch(
      /^bad-image: .*damaged/,
    );
  });

  it('start outside of what they load, or load nothing into RAM', () => {
    const elsewhere = elf64(0x1000, [{ address: RAM, bytes: new Uint8Array(4) }]);
    expect(failure(() => plan({ kernel: elsewhere }))).toMatch(/^bad-image: The kernel starts at 0x1000/);
    const outside = elf64(0x1000, [{ address: 0x1000, bytes: new Uint8Array(4) }]);
    expect(failure(() => plan({ kernel: outside }))).toMatch(/^bad-image: The kernel starts at 0x1000/);
  });
});

describe('raw kernels', () => {
  const parse = (bytes: Uint8Array): string => failure(() => parseRawKernel(bytes));
  const withBytes = (size: number, at: number, text: string): Uint8Array => {
    const bytes = new Uint8Array(size);
    bytes.set(Buffer.from(text, 'latin1'), at);
    return bytes;
  };

  it('are taken as they are without a header, as QEMU takes them', () => {
    expect(parseRawKernel(Uint8Array.of(0x6f, 0, 0, 0)).memoryBytes).toBe(4);
  });

  it('take the memory that their header says', () => {
    expect(parseRawKernel(riscvImage(4096, { imageSize: 65536 })).memoryBytes).toBe(65536);
    expect(parseRawKernel(riscvImage(4096, { imageSize: 0 })).memoryBytes).toBe(4096);
    expect(parseRawKernel(riscvImage(4096, { pe: true })).memoryBytes).toBe(4096);
  });

  it('are found truncated by the sections of their EFI header', () => {
    const image = riscvImage(4096, { pe: true });
    expect(parse(image.slice(0, 4095))).toMatch(
      /^bad-image: The kernel is truncated: it has 4095 bytes of at least 4096/,
    );
    expect(parse(image.slice(0, 80))).toMatch(/^bad-image: The kernel is truncated/);
    expect(parse(image.slice(0, 40))).toMatch(/^bad-image: The kernel is truncated/);
  });

  it.each([
    ['an x86 kernel', withBytes(1024, 0x202, 'HdrS'), 'x86 kernel'],
    ['an arm64 kernel', withBytes(64, 56, 'ARM\x64'), 'aarch64'],
    ['xz', withBytes(64, 0, '\xfd7zXZ\0'), 'xz'],
    ['zstd', withBytes(64, 0, '\x28\xb5\x2f\xfd'), 'zstd'],
    ['bzip2', withBytes(64, 0, 'BZh9'), 'bzip2'],
    ['a uImage', withBytes(64, 0, '\x27\x05\x19\x56'), 'uImage'],
    ['an EFI zboot image', withBytes(64, 0, 'MZ\0\0zimg'), 'vmlinuz.efi'],
    ['a web page', withBytes(64, 0, '\n<!DOCTYPE html>'), 'web page'],
    ['nothing', new Uint8Array(0), 'empty'],
  ])('are refused when they are %s', (_name, bytes, word) => {
    const message = parse(bytes);
    expect(message).toMatch(/^bad-image: /);
    expect(message).toContain(word);
  });
});
