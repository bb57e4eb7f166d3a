import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bzImage, riscvImage } from '../../tests/support/boot-files.ts';
import { foreignKind, HEADER_SIZE, imageKind, kernelArch, SNIFF_SIZE } from './file-kind.ts';
import { sniff } from './sniff.ts';

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
    ['an unpacked initrd, whatever it is called', 'x', 1 << 20, { 0: '070701' }, 'initrd'],
    ['a VDI disk', 'x', 1 << 20, { 64: '\x7f\x10\xda\xbe' }, 'hda'],
    ['a kernel that UEFI can start, too', 'initrd.efi', 1 << 20, { 0: 'MZ', 56: 'RSC\x05' }, 'kernel'],
    ['something cut short', 'x', 3, {}, 'kernel'],
  ] as const)('%s', (_what, name, size, marks, kind) => {
    expect(imageKind(name, size, bytes(size, marks))).toBe(kind);
  });

  it.each([
    ['a picture', { 0: '\x89PNG\r\n' }, /picture/],
    ['an archive', { 0: 'PK\x03\x04' }, /ZIP archive: unpack/],
    ['a web page', { 0: '<!doctype html>' }, /web page/],
    ['a manifest', { 0: '{\n  "type": "snowglobe-image",' }, /manifest of a published disk/],
    ['a program for UEFI', { 0: 'MZ' }, /UEFI/],
  ] as const)('%s is of no use', (_what, marks, reason) => {
    expect(foreignKind(bytes(1 << 16, marks))).toMatch(reason);
  });

  it('what may be of use is not refused', () => {
    expect(foreignKind(bzImage(8192))).toBeNull();
    expect(foreignKind(riscvImage(4096))).toBeNull();
    for (const magic of ['\x7fELF', 'QFI\xfb', '070701', '']) {
      expect(foreignKind(bytes(1 << 16, { ...signature, 0: magic }))).toBeNull();
    }
  });

  it('a compressed file is what it holds', async () => {
    const file = (name: string, inside: Uint8Array) => new File([gzipSync(inside)], name);
    expect(await sniff(file('x.gz', bytes(1 << 16, { 0: '070701' })))).toEqual({ kind: 'initrd' });
    expect(await sniff(file('Image.gz', riscvImage(4096)))).toEqual({ kind: 'kernel' });
    expect(await sniff(file('disk.img.gz', bytes(1 << 16, { 0: 'QFI\xfb' })))).toHaveProperty('problem');
    expect(await sniff(new File([gzipSync(bytes(4096, {})).subarray(0, 12)], 'initrd.gz'))).toEqual({
      kind: 'initrd',
    });
    expect(await sniff(new File([], 'x'))).toEqual({ problem: '“x” is empty.' });
  });

  it('a text is nothing to start, whatever it is called; a disk’s description is a disk', async () => {
    for (const name of ['notes.txt', 'vmlinuz', 'initrd', 'bios.bin'])
      expect(await sniff(new File(['Grüße\r\n\tan alle\n'], name))).toEqual({
        problem: `“${name}” is a text: no machine starts from one.`,
      });
    expect(await sniff(new File(['# Disk DescriptorFile\nversion=1\n'], 'a.vmdk'))).toEqual({ kind: 'hda' });
    expect(await sniff(new File([Uint8Array.of(0x41, 0x90, 0x42)], 'a.bin'))).toEqual({ kind: 'kernel' });
  });

  it('what cannot be read, as a folder that was dropped, is named', async () => {
    const folder = new (class extends File {
      override slice(): Blob {
        throw new DOMException('', 'NotFoundError');
      }
    })([''], 'photos');
    expect(await sniff(folder)).toEqual({
      problem: expect.stringMatching(/^“photos” cannot be read. If it is a folder:/),
    });
  });

  it('a kernel with a boot signature is a kernel', () => {
    expect(imageKind('vmlinuz', 8192, bzImage(8192))).toBe('kernel');
  });
});
