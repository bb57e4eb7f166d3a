/** What a file that the user drops on the page is good for. */

import { ascii } from '../core/ascii.ts';
import { foreignKind, hasAt, isElf, packing } from './foreign-files.ts';

export type FileKind = 'kernel' | 'initrd' | 'bios' | 'hda' | 'cdrom' | 'fda';

/** What becomes of a file: `foreign` says what it is, in words that follow “is”; with `unknown` only a person can tell. */
export type FileUse =
  | { kind: FileKind; arch?: 'i386' | 'x86_64' | 'riscv64' }
  | { foreign: string }
  | { unknown: true };

/** Bytes that fileUse() wants to see: up to the mark of Btrfs, and of the end. */
export const SNIFF_SIZE = 0x10048;
export const TAIL_SIZE = 512;

/** Sizes of floppies, bytes: 160 KiB to 2.88 MB. */
const FLOPPY_SIZES = [160, 180, 320, 360, 720, 1200, 1440, 1680, 1722, 2880].map((kib) => kib * 1024);
const BOOT_SIGNATURE_OFFSET = 510;
/** ISO 9660 (ECMA-119, 8.1) and UDF (ECMA-167, 2/9) mark the 16th sector. */
const ISO_OFFSET = 0x8001;
const ISO_MARKS = ['CD001', 'BEA01'];
/** Disk formats that are not built yet are disks all the same: the machine says what is wrong with them. */
const DISK_MAGICS = ['QFI\xfb', 'KDMV', 'COWD', '# Disk DescriptorFile', 'conectix', 'vhdxfile', '<<< '];
/** What raw disks begin with: partition tables, file systems and volumes, where no boot signature says it. */
const RAW_DISKS: readonly (readonly [offset: number, magic: string])[] = [
  [0x200, 'EFI PART'],
  [0x1000, 'EFI PART'],
  [54, 'FAT1'],
  [82, 'FAT32'],
  [3, 'NTFS    '],
  [3, 'EXFAT   '],
  [0, 'XFSB'],
  [0, 'hsqs'],
  [0x10040, '_BHRfS_M'],
  [0x400, '\x10\x20\xf5\xf2'],
  [0x200, 'LABELONE'],
  [0, 'LUKS\xba\xbe'],
  [4086, 'SWAPSPACE2'],
];
/** ext2 to ext4: their mark, and the logarithm of the block's size, of which there are seven (Linux, ext4/super.rst). */
const EXT_MAGIC_OFFSET = 0x438;
const EXT_BLOCK_SIZE_OFFSET = 0x418;
/** Linux's initramfs (cpio, "newc" with and without checksums), and RISC-V's kernel header (boot-image-header.rst, `magic2`). */
const CPIO_MAGICS = ['070701', '070702'];
const RISCV_MAGIC = 'RSC\x05';
const RISCV_MAGIC_OFFSET = 0x38;
/** Signature of a UEFI firmware volume (PI specification, 3.2.1). */
const FIRMWARE_VOLUME_OFFSET = 0x28;
/** A PC starts at a jump in its firmware's last 16 bytes: of a BIOS that is a far one into the segment that the BIOS has. */
const RESET_VECTOR_FROM_END = 16;
const BIOS_UNIT = 0x10000;
const BIOS_MAX = 16 << 20;

function isPcFirmware(size: number, header: Uint8Array, tail: Uint8Array): boolean {
  const reset = tail.subarray(-RESET_VECTOR_FROM_END);
  if (hasAt(header, FIRMWARE_VOLUME_OFFSET, '_FVH')) return reset.some((byte) => byte !== 0 && byte !== 0xff);
  return size % BIOS_UNIT === 0 && size <= BIOS_MAX && reset[0] === 0xea && hasAt(reset, 3, '\0\xf0');
}

function isRawDisk(header: Uint8Array): boolean {
  const isExt = hasAt(header, EXT_MAGIC_OFFSET, '\x53\xef') && header[EXT_BLOCK_SIZE_OFFSET] <= 6;
  return isExt || RAW_DISKS.some(([offset, magic]) => hasAt(header, offset, magic));
}

/**
 * What a file is, by its first and last bytes and its size where they say so. Its name decides only what the content leaves open: between kernel and firmware, and of
 * what has no mark of its own.
 * @param header its first SNIFF_SIZE bytes, fewer if it has no more
 * @param tail its last TAIL_SIZE bytes, as far as they are known
 */
export function fileUse(
  name: string,
  size: number,
  header: Uint8Array,
  tail: Uint8Array = new Uint8Array(),
): FileUse {
  const arch = kernelArch(header);
  if (arch) return { kind: isElf(header) ? fileKind(name) : 'kernel', arch };
  if (CPIO_MAGICS.includes(ascii(header, 0, 6))) return { kind: 'initrd' };
  if (header[64] === 0x7f && hasAt(header, 65, '\x10\xda\xbe')) return { kind: 'hda' };
  if (ISO_MARKS.includes(ascii(header, ISO_OFFSET, 5))) return { kind: 'cdrom' };
  if (DISK_MAGICS.some((magic) => hasAt(header, 0, magic)) || hasAt(tail, 0, 'conectix'))
    return { kind: 'hda' };
  const packed = packing(header);
  if (packed && fileKind(name) === 'initrd') return { kind: 'initrd' };
  if (packed) return { foreign: `compressed with ${packed}: unpack it first` };
  if (hasAt(tail, 0, 'koly'))
    return { foreign: 'a disk image of macOS (dmg): convert it, as with “qemu-img convert”' };
  const foreign = foreignKind(header);
  if (foreign) return { foreign };
  const isBootable = header[BOOT_SIGNATURE_OFFSET] === 0x55 && header[BOOT_SIGNATURE_OFFSET + 1] === 0xaa;
  const isDisk = isBootable || isRawDisk(header);
  const isFloppySize = FLOPPY_SIZES.includes(size);
  if (isFloppySize && (isDisk || /\.(img|ima|vfd|flp|dsk|fd)$/i.test(name))) return { kind: 'fda' };
  if (isDisk && size % 512 === 0) return { kind: 'hda' };
  if (isPcFirmware(size, header, tail)) return { kind: 'bios', arch: 'x86_64' };
  if (/\.iso$/i.test(name)) return { kind: 'cdrom' };
  if (/\.(raw|dd|hdd|vhd|qcow2?|vmdk|vdi)$/i.test(name)) return { kind: 'hda' };
  if (/\.img$/i.test(name) && size % 512 === 0 && fileKind(name) === 'kernel') return { kind: 'hda' };
  // Firmware for RISC-V is flat code without a header.
  return fileKind(name) === 'bios' ? { kind: 'bios' } : { unknown: true };
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
 * The architecture of the machine that a kernel needs, where its header says so: that of a bzImage, a RISC-V Image and a RISC-V ELF file does.
 * @param header the file's first bytes
 */
export function kernelArch(header: Uint8Array): 'i386' | 'x86_64' | 'riscv64' | undefined {
  if (isElf(header)) return foreignKind(header) === null ? 'riscv64' : undefined;
  if (hasAt(header, RISCV_MAGIC_OFFSET, RISCV_MAGIC)) return 'riscv64';
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
