import { describe, expect, it } from 'vitest';
import { bzImage, riscvImage } from '../../tests/support/boot-files.ts';
import { HEADER_SIZE, imageKind, kernelArch, SNIFF_SIZE } from './file-kind.ts';

const header = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, HEADER_SIZE);

describe('kernelArch', () => {
  it('tells 32-bit and 64-bit x86 kernels apart, and says nothing of others', () => {
    expect(kernelArch(header(bzImage(4096)))).toBe('i386');
    expect(kernelArch(header(bzImage(4096, { is64: true })))).toBe('x86_64');
    expect(kernelArch(header(riscvImage(4096)))).toBeUndefined();
    expect(kernelArch(new Uint8Array(8))).toBeUndefined();
  });
});

describe('imageKind', () => {
  const bytes = (size: number, marks: Record<number, string>): Uint8Array => {
    const all = new Uint8Array(Math.min(size, SNIFF_SIZE));
    for (const [at, text] of Object.entries(marks)) {
      [...text].forEach((character, i) => {
        all[Number(at) + i] = character.charCodeAt(0);
      });
    }
    return all;
  };
  const signature = { 510: '\x55\xaa' };

  it.each([
    ['a disc', 'x.bin', 1 << 20, { 32769: 'CD001' }, 'cdrom'],
    ['a hybrid disc, which a disk is too', 'x.img', 1 << 20, { ...signature, 32769: 'CD001' }, 'cdrom'],
    ['a UDF disc', 'x', 1 << 20, { 32769: 'BEA01' }, 'cdrom'],
    ['a floppy', 'x', 1474560, signature, 'fda'],
    ['a floppy that does not boot', 'data.img', 737280, {}, 'fda'],
    ['a disk', 'x', 20 << 20, signature, 'hda'],
    ['a disk of another format', 'x', 1 << 16, { 0: 'QFI\xfb' }, 'hda'],
    ['a disc by its name alone', 'x.iso', 1 << 20, {}, 'cdrom'],
    ['an ELF kernel', 'vmlinux', 1 << 20, { 0: '\x7fELF' }, 'kernel'],
    ['ELF firmware', 'opensbi.elf', 1 << 20, { 0: '\x7fELF' }, 'bios'],
    ['an initrd', 'initrd.gz', 1 << 20, { 0: '\x1f\x8b' }, 'initrd'],
    ['something cut short', 'x', 3, {}, 'kernel'],
  ] as const)('%s', (_what, name, size, marks, kind) => {
    expect(imageKind(name, size, bytes(size, marks))).toBe(kind);
  });

  it('a kernel with a boot signature is a kernel', () => {
    expect(imageKind('vmlinuz', 8192, bzImage(8192))).toBe('kernel');
  });
});
