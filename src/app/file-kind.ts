/** What a file that the user drops on the page is good for. */

export type FileKind = 'kernel' | 'initrd' | 'bios';

/** Guesses by the name, as people name such files; whatever is not something else is a kernel. */
export function fileKind(name: string): FileKind {
  if (/initrd|initramfs|rootfs|\.cpio/i.test(name)) return 'initrd';
  if (/^(fw_|opensbi|u-boot|bios)|firmware/i.test(name)) return 'bios';
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
