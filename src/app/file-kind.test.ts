import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bzImage, elf64, riscvImage } from '../../tests/support/boot-files.ts';
import { workFolder } from '../../tests/support/qemu-img.ts';
import { type FileUse, fileUse, HEADER_SIZE, kernelArch, SNIFF_SIZE, TAIL_SIZE } from './file-kind.ts';
import { lookAt } from './incoming.ts';
import { sniff } from './sniff.ts';

const path = workFolder();
const header = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, HEADER_SIZE);

/** A header with texts of Latin-1 at offsets of it. */
function bytes(size: number, marks: Record<number, string>): Uint8Array {
  const all = Buffer.alloc(Math.min(size, SNIFF_SIZE));
  for (const [at, text] of Object.entries(marks)) all.write(text, Number(at), 'latin1');
  return all;
}

const signature = { 510: '\x55\xaa' };
const ext = { 1080: '\x53\xef', 1048: '\x02' };
const UNKNOWN: FileUse = { unknown: true };

describe('kernelArch', () => {
  it('tells kernels apart by their headers, and says nothing of others', () => {
    expect(kernelArch(header(bzImage(4096)))).toBe('i386');
    expect(kernelArch(header(bzImage(4096, { is64: true })))).toBe('x86_64');
    expect(kernelArch(header(riscvImage(4096)))).toBe('riscv64');
    expect(kernelArch(elf64(0, []))).toBe('riscv64');
    expect(kernelArch(elf64(0, [], { machine: 62 }))).toBeUndefined();
    expect(kernelArch(new Uint8Array(8))).toBeUndefined();
  });
});

describe('what a file is, by its content', () => {
  it.each([
    ['a disc', 'x.bin', 1 << 20, { 32769: 'CD001' }, 'cdrom'],
    ['a hybrid disc, which a disk is too', 'x.img', 1 << 20, { ...signature, 32769: 'CD001' }, 'cdrom'],
    ['a UDF disc', 'x', 1 << 20, { 32769: 'BEA01' }, 'cdrom'],
    ['a floppy', 'x', 1474560, signature, 'fda'],
    ['a floppy that does not boot', 'data.img', 737280, {}, 'fda'],
    ['a floppy with Linux’s file system', 'x', 1474560, ext, 'fda'],
    ['a disk', 'x', 20 << 20, signature, 'hda'],
    ['a disk of another format', 'x', 1 << 16, { 0: 'QFI\xfb' }, 'hda'],
    ['a VDI disk', 'x', 1 << 20, { 64: '\x7f\x10\xda\xbe' }, 'hda'],
    ['ext4', 'fs', 1 << 20, ext, 'hda'],
    ['a GPT without a protective MBR', 'x', 1 << 20, { 512: 'EFI PART' }, 'hda'],
    ['FAT16', 'x', 16 << 20, { 54: 'FAT16   ' }, 'hda'],
    ['FAT32', 'x', 64 << 20, { 82: 'FAT32   ' }, 'hda'],
    ['XFS', 'x', 1 << 20, { 0: 'XFSB' }, 'hda'],
    ['Btrfs', 'x', 128 << 20, { 65600: '_BHRfS_M' }, 'hda'],
    ['SquashFS', 'x', 1 << 20, { 0: 'hsqs' }, 'hda'],
    ['LUKS', 'x', 1 << 20, { 0: 'LUKS\xba\xbe' }, 'hda'],
    ['a raw disk by its name alone', 'fs.img', 1 << 20, {}, 'hda'],
    ['a disc by its name alone', 'x.iso', 1 << 20, {}, 'cdrom'],
    ['an unpacked initrd, whatever it is called', 'x', 1 << 20, { 0: '070701' }, 'initrd'],
    ['a packed initrd', 'initrd.img-6.1', 1 << 20, { 0: '\x28\xb5\x2f\xfd' }, 'initrd'],
    ['flat firmware by its name', 'fw_jump.bin', 1 << 18, {}, 'bios'],
  ] as const)('%s', (_what, name, size, marks, kind) => {
    expect(fileUse(name, size, bytes(size, marks))).toEqual({ kind });
  });

  it('kernels, and firmware that is made as they are', () => {
    expect(fileUse('vmlinuz', 8192, bzImage(8192))).toEqual({ kind: 'kernel', arch: 'i386' });
    expect(fileUse('x.img', 4096, riscvImage(4096))).toEqual({ kind: 'kernel', arch: 'riscv64' });
    const efi = riscvImage(4096, { pe: true });
    expect(fileUse('initrd.efi', 4096, efi)).toEqual({ kind: 'kernel', arch: 'riscv64' });
    expect(fileUse('vmlinux', 64, elf64(0, []))).toEqual({ kind: 'kernel', arch: 'riscv64' });
    expect(fileUse('opensbi.elf', 64, elf64(0, []))).toEqual({ kind: 'bios', arch: 'riscv64' });
  });

  it('a PC’s firmware by what it starts with, at its end', () => {
    const end = (vector: string) => bytes(TAIL_SIZE, { [TAIL_SIZE - 16]: vector });
    const bios = { kind: 'bios', arch: 'x86_64' };
    expect(fileUse('x.bin', 1 << 18, bytes(1 << 18, {}), end('\xea\x5b\xe0\0\xf0'))).toEqual(bios);
    const volume = bytes(1 << 20, { 40: '_FVH' });
    expect(fileUse('x.fd', 1 << 20, volume, end('\x90\x90\xe9'))).toEqual(bios);
    // A volume of variables has nothing there.
    expect(fileUse('x.fd', 1 << 20, volume, bytes(TAIL_SIZE, {}))).toEqual(UNKNOWN);
  });

  it('marks at the end: a fixed VHD, an image of macOS', () => {
    const none = bytes(1 << 20, {});
    expect(fileUse('x', 1 << 20, none, bytes(TAIL_SIZE, { 0: 'conectix' }))).toEqual({ kind: 'hda' });
    expect(fileUse('x', 1 << 20, none, bytes(TAIL_SIZE, { 0: 'koly' }))).toHaveProperty('foreign');
  });

  it.each([
    ['a PNG', { 0: '\x89PNG\r\n' }, /picture/],
    ['a JPEG', { 0: '\xff\xd8\xff\xe0' }, /picture/],
    ['a BMP', { 0: 'BM\x36\x10' }, /picture/],
    ['a WebP', { 0: 'RIFF', 8: 'WEBP' }, /picture/],
    ['an MP3 with a title', { 0: 'ID3\x04' }, /music/],
    ['an MP3 without one', { 0: '\xff\xfb\x90' }, /music/],
    ['FLAC', { 0: 'fLaC' }, /music/],
    ['WAV', { 0: 'RIFF', 8: 'WAVE' }, /sound/],
    ['Ogg', { 0: 'OggS' }, /sound or video/],
    ['MP4', { 4: 'ftypisom' }, /video/],
    ['WebM', { 0: '\x1aE\xdf\xa3' }, /video/],
    ['AVI', { 0: 'RIFF', 8: 'AVI ' }, /video/],
    ['a PDF', { 0: '%PDF-1.7' }, /PDF/],
    ['a ZIP', { 0: 'PK\x03\x04' }, /ZIP archive: unpack/],
    ['a text document', { 0: 'PK\x03\x04', 30: '[Content_Types].xml' }, /Office/],
    ['a document of LibreOffice', { 0: 'PK\x03\x04', 30: 'mimetypeapplication/vnd.oasis' }, /Office/],
    ['an old document', { 0: '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' }, /Office/],
    ['a JAR', { 0: 'PK\x03\x04', 30: 'META-INF/' }, /Java/],
    ['7z', { 0: '7z\xbc\xaf\x27\x1c' }, /7z archive: unpack/],
    ['RAR', { 0: 'Rar!\x1a\x07' }, /RAR archive: unpack/],
    ['tar', { 0: 'a.txt', 257: 'ustar' }, /tar archive: unpack/],
    ['xz', { 0: '\xfd7zXZ\0' }, /compressed with xz: unpack/],
    ['a Debian package', { 0: '!<arch>\ndebian-binary' }, /Debian package/],
    ['an RPM package', { 0: '\xed\xab\xee\xdb' }, /RPM package/],
    ['SQLite', { 0: 'SQLite format 3\0' }, /database/],
    ['a device tree', { 0: '\xd0\x0d\xfe\xed' }, /device tree/],
    ['a kernel for Arm', { 0: 'MZ', 56: 'ARM\x64' }, /64-bit Arm/],
    ['a kernel for U-Boot', { 0: '\x27\x05\x19\x56' }, /uImage/],
    ['a program for macOS', { 0: '\xcf\xfa\xed\xfe' }, /macOS/],
    ['WebAssembly', { 0: '\0asm\x01' }, /WebAssembly/],
    ['a program for DOS', { 0: 'MZ' }, /DOS/],
    ['a program for UEFI', { 0: 'MZ', 60: '\x80', 128: 'PE\0\0', 220: '\x0a' }, /UEFI.*put it on a disk/],
    ['a program for Windows', { 0: 'MZ', 60: '\x80', 128: 'PE\0\0', 220: '\x03' }, /program for Windows/],
    ['a packed kernel for UEFI', { 0: 'MZ\0\0zimg' }, /vmlinuz\.efi/],
  ] as const)('%s is of no use', (_what, marks, reason) => {
    expect(fileUse('kernel.img', 1 << 16, bytes(1 << 16, marks))).toEqual({
      foreign: expect.stringMatching(reason),
    });
  });

  it.each([
    ['x86-64', { machine: 62 }, /x86-64 \(ELF\).*vmlinuz/],
    ['Arm', { machine: 183 }, /64-bit Arm/],
    ['an object file', { type: 1 }, /object file/],
    ['a memory dump', { type: 4 }, /memory dump/],
  ])('an ELF file that cannot be started: %s', (_what, options, reason) => {
    expect(fileUse('x', 64, elf64(0, [], options))).toEqual({ foreign: expect.stringMatching(reason) });
  });

  it('an ELF file of 32 bits, and one that is cut short', () => {
    const small = elf64(0, []);
    small[4] = 1;
    expect(fileUse('x', 64, small)).toEqual({ foreign: expect.stringMatching(/32-bit RISC-V/) });
    expect(fileUse('x', 6, elf64(0, []).subarray(0, 6))).toEqual({
      foreign: expect.stringMatching(/cut short/),
    });
  });

  it.each([
    ['Dear all,\n\tnothing to start here.\r\n', /^a text$/],
    ['Äpfel, 果物 and \u{1f34f}\n', /^a text$/],
    ['<!doctype html><title>404</title>', /web page/],
    ['\n <html>', /web page/],
    ['{\n  "type": "snowglobe-image",', /manifest of a published disk/],
    ['#!/bin/sh\n', /script/],
    [':020000040800F2\n', /Intel/],
    ['S00600004844521B\n', /Motorola/],
    ['FILE "game.bin" BINARY\n', /tracks: drop the image/],
  ])('a text: %j', (text, reason) => {
    const content = Buffer.from(text);
    expect(fileUse('vmlinux', content.length, content)).toEqual({ foreign: expect.stringMatching(reason) });
  });

  it('a long text whose letters lie across what is looked at, and texts of two bytes a letter', () => {
    const long = Buffer.from(`.${'é'.repeat(40_000)}`);
    expect(fileUse('x', long.length, long)).toEqual({ foreign: 'a text' });
    expect(fileUse('x', 6, Buffer.from('\xff\xfea\0b\0', 'latin1'))).toEqual({ foreign: 'a text' });
  });

  it('only a person can tell what bytes without any mark are', () => {
    const noise = Uint8Array.from(
      { length: 65536 },
      (_, at) => (Math.imul(at + 7, 2654435761) >>> 13) & 0xff,
    );
    expect(fileUse('noise', noise.length, noise)).toEqual(UNKNOWN);
    expect(fileUse('kernel.bin', noise.length, noise)).toEqual(UNKNOWN);
    expect(fileUse('initrd.img', noise.length, noise)).toEqual(UNKNOWN);
    expect(fileUse('x.img', 1001, bytes(1001, {}))).toEqual(UNKNOWN);
    expect(fileUse('x', 3, bytes(3, {}))).toEqual(UNKNOWN);
  });

  it('a compressed file is what it holds', async () => {
    const file = (name: string, inside: Uint8Array) => new File([gzipSync(inside)], name);
    expect(await sniff(file('x.gz', bytes(1 << 16, { 0: '070701' })))).toEqual({ kind: 'initrd' });
    expect(await sniff(file('Image.gz', riscvImage(4096)))).toEqual({ kind: 'kernel', arch: 'riscv64' });
    const disk = await sniff(file('disk.img.gz', bytes(1 << 16, { 0: 'QFI\xfb' })));
    expect(disk).toEqual({ foreign: expect.stringMatching(/compressed image: unpack/) });
    const cut = new File([gzipSync(bytes(4096, {})).subarray(0, 12)], 'initrd.gz');
    expect(await sniff(cut)).toEqual({ kind: 'initrd' });
    expect(await sniff(new File([], 'x'))).toEqual({ foreign: 'empty' });
  });
});

it('what cannot be read, as a folder that was dropped, is named', async () => {
  const folder = new (class extends File {
    override slice(): Blob {
      throw new DOMException('', 'NotFoundError');
    }
  })([''], 'photos');
  const [{ use }] = await lookAt([folder]);
  expect(use).toEqual({ foreign: expect.stringMatching(/^a folder, or was moved or changed:/) });
});

/** Files that the formats' own tools make. */
describe('files of real tools', () => {
  const has = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;
  const ofFile = (name: string) => sniff(new File([readFileSync(path(name))], name));
  const text = (): void => writeFileSync(path('letter.txt'), 'Dear all\n');

  it.runIf(has('tar'))('tar, plain and compressed', async () => {
    text();
    execFileSync('tar', ['-C', path(''), '-cf', path('stuff.tar'), 'letter.txt']);
    expect(await ofFile('stuff.tar')).toEqual({ foreign: expect.stringMatching(/tar archive/) });
    writeFileSync(path('stuff.tgz'), gzipSync(readFileSync(path('stuff.tar'))));
    expect(await ofFile('stuff.tgz')).toEqual({ foreign: expect.stringMatching(/compressed.*tar archive/) });
  });

  it.runIf(has('xz'))('xz', async () => {
    text();
    writeFileSync(path('letter.xz'), execFileSync('xz', ['-c', path('letter.txt')]));
    expect(await ofFile('letter.xz')).toEqual({ foreign: expect.stringMatching(/compressed with xz/) });
  });

  it.runIf(has('mkfs.ext4'))('a file system without a boot signature', async () => {
    execFileSync('mkfs.ext4', ['-q', path('fs'), '2M'], { stdio: 'ignore' });
    expect(await ofFile('fs')).toEqual({ kind: 'hda' });
  });

  it.runIf(has('qemu-img'))('every disk format of qemu-img', async () => {
    for (const format of ['qcow2', 'vmdk', 'vdi', 'vpc', 'vhdx']) {
      execFileSync('qemu-img', ['create', '-q', '-f', format, path(`disk-${format}`), '1M']);
      expect(await ofFile(`disk-${format}`), format).toEqual({ kind: 'hda' });
    }
    execFileSync('qemu-img', ['create', '-q', '-f', 'vpc', '-o', 'subformat=fixed', path('fixed'), '1M']);
    expect(await ofFile('fixed')).toEqual({ kind: 'hda' });
  });

  it('a program of this host', async () => {
    const use = await sniff(new File([readFileSync(process.execPath).subarray(0, 1 << 17)], 'node'));
    expect(use).toEqual({ foreign: expect.stringMatching(/^a program for /) });
  });
});
