/** What a file that the user drops on the page is good for. */

export type FileKind = 'kernel' | 'initrd' | 'bios' | 'hda' | 'cdrom' | 'fda';

/** Bytes that imageKind() wants to see: up to the first descriptor of an ISO image. */
export const SNIFF_SIZE = 0x8006;

/** Sizes of floppies, bytes: 160 KiB to 2.88 MB. */
const FLOPPY_SIZES = [160, 180, 320, 360, 720, 1200, 1440, 1680, 1722, 2880].map((kib) => kib * 1024);
const BOOT_SIGNATURE_OFFSET = 510;
/** ISO 9660 (ECMA-119, 8.1) and UDF (ECMA-167, 2/9) mark the 16th sector. */
const ISO_OFFSET = 0x8001;
const ISO_MARKS = ['CD001', 'BEA01'];
/** Disk formats that are not built yet are disks all the same: the machine says what is wrong with them. */
const DISK_MAGICS = ['QFI\xfb', 'KDMV', 'COWD', '# Disk DescriptorFile', 'conectix', 'vhdxfile', '<<< '];
/** Linux's initramfs (cpio, "newc" with and without checksums), and RISC-V's kernel header (boot-image-header.rst, `magic2`). */
const CPIO_MAGICS = ['070701', '070702'];
const RISCV_MAGIC = 'RSC\x05';
const RISCV_MAGIC_OFFSET = 0x38;

/** Files that people drop by mistake, and what they are. */
const FOREIGN: readonly (readonly [magic: string, what: string])[] = [
  ['\x89PNG', 'a picture'],
  ['\xff\xd8\xff', 'a picture'],
  ['GIF8', 'a picture'],
  ['%PDF', 'a PDF document'],
  ['PK\x03\x04', 'a ZIP archive: unpack it, and drop the image that is in it'],
  ['7z\xbc\xaf', 'a 7z archive: unpack it, and drop the image that is in it'],
  ['Rar!', 'a RAR archive: unpack it, and drop the image that is in it'],
  ['!<arch>', 'a Debian package or a library, which a guest installs, not a machine'],
  ['\xd0\x0d\xfe\xed', 'a device tree, which these machines make by themselves'],
  ['MZ', 'a program for Windows or UEFI, which cannot be started by itself: put it on a disk'],
  ['<!DOCTYPE', 'a web page: the download was answered with that, perhaps'],
  ['<!doctype', 'a web page: the download was answered with that, perhaps'],
  ['<html', 'a web page: the download was answered with that, perhaps'],
];
const MANIFEST = /^\s*\{[\s\S]{0,400}"snowglobe-image"/;

const text = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length));

/** What a file is that no machine has a use for, in words that follow “is”; null: it may be of use. */
export function foreignKind(header: Uint8Array): string | null {
  // A kernel that UEFI can start begins as a program for it does.
  if (kernelArch(header) || text(header, RISCV_MAGIC_OFFSET, 4) === RISCV_MAGIC) return null;
  const found = FOREIGN.find(([magic]) => text(header, 0, magic.length) === magic);
  if (found) return found[1];
  return MANIFEST.test(text(header, 0, 512))
    ? 'the manifest of a published disk, whose data lies beside it on its server: start it by its address (“New machine…”)'
    : null;
}

/** Whether a file begins with lines of text, as no kernel, firmware or archive does. */
export function isText(header: Uint8Array): boolean {
  const start = header.subarray(0, 4096);
  if (start.some((byte) => byte < 0x20 && !(byte >= 9 && byte <= 13) && byte !== 0x1b)) return false;
  try {
    // The last character may be cut.
    new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * What a file is, by its first bytes and its size where they say so, else by its name.
 * @param header its first SNIFF_SIZE bytes, fewer if it has no more
 */
export function imageKind(name: string, size: number, header: Uint8Array): FileKind {
  if (kernelArch(header) || text(header, 0, 4) === '\x7fELF')
    return fileKind(name) === 'bios' ? 'bios' : 'kernel';
  if (text(header, RISCV_MAGIC_OFFSET, 4) === RISCV_MAGIC) return 'kernel';
  if (CPIO_MAGICS.includes(text(header, 0, 6))) return 'initrd';
  if (header[64] === 0x7f && text(header, 65, 3) === '\x10\xda\xbe') return 'hda';
  if (ISO_MARKS.includes(text(header, ISO_OFFSET, 5))) return 'cdrom';
  if (DISK_MAGICS.some((magic) => text(header, 0, magic.length) === magic)) return 'hda';
  const bootable = header[BOOT_SIGNATURE_OFFSET] === 0x55 && header[BOOT_SIGNATURE_OFFSET + 1] === 0xaa;
  if (FLOPPY_SIZES.includes(size) && (bootable || /\.(img|ima|vfd|flp|dsk|fd)$/i.test(name))) return 'fda';
  if (bootable && size % 512 === 0) return 'hda';
  if (/\.iso$/i.test(name)) return 'cdrom';
  if (/\.(raw|dd|hdd|vhd|qcow2?|vmdk|vdi)$/i.test(name)) return 'hda';
  return fileKind(name);
}

/** Guesses by the name, as people name such files; whatever is not something else is a kernel. */
export function fileKind(name: string): 'kernel' | 'initrd' | 'bios' {
  if (/initrd|initramfs|rootfs|\.cpio/i.test(name)) return 'initrd';
  if (/^(fw_|opensbi|u-boot|bios|ovmf)|firmware/i.test(name)) return 'bios';
  return 'kernel';
}

/** Where RAM begins on `virt`. Firmware, when there is any, has the first 2 MiB of it. */
const RAM_START = 0x8000_0000n;
const FIRMWARE_SIZE = 0x20_0000n;
const ELF_MAGIC = 0x464c457f;
const ELF_HEADER_SIZE = 64;

/** Linux's x86 boot protocol: its mark, and the flags that say whether the kernel is a 64-bit one. */
const HDRS = 0x53726448;
const HDRS_OFFSET = 0x202;
const XLOADFLAGS_OFFSET = 0x236;
const XLF_KERNEL_64 = 1;

/** Bytes that kernelArch() and runsWithoutFirmware() want to see. */
export const HEADER_SIZE = 0x240;

/**
 * The architecture of the machine that a kernel needs, where its header says so: that of a bzImage does.
 * @param header the file's first bytes
 */
export function kernelArch(header: Uint8Array): 'i386' | 'x86_64' | undefined {
  if (header.length < HEADER_SIZE) return undefined;
  const view = new DataView(header.buffer, header.byteOffset);
  if (view.getUint32(HDRS_OFFSET, true) !== HDRS) return undefined;
  return view.getUint16(XLOADFLAGS_OFFSET, true) & XLF_KERNEL_64 ? 'x86_64' : 'i386';
}

/**
 * Whether a kernel is a bare-metal program that takes the firmware's own place: a 64-bit ELF file whose entry point
 * lies where firmware would. It wants `-bios none`.
 * @param header the file's first bytes
 */
export function runsWithoutFirmware(header: Uint8Array): boolean {
  if (header.length < ELF_HEADER_SIZE) return false;
  const view = new DataView(header.buffer, header.byteOffset);
  const isElf64 = view.getUint32(0, true) === ELF_MAGIC && view.getUint8(4) === 2;
  const entry = view.getBigUint64(24, true);
  return isElf64 && entry >= RAM_START && entry < RAM_START + FIRMWARE_SIZE;
}
