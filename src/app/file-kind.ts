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

/** Bytes that runsWithoutFirmware() wants to see. */
export const HEADER_SIZE = 64;

/**
 * Whether a kernel is a bare-metal program that takes the firmware's own place: a 64-bit ELF file whose entry point
 * lies where firmware would. It wants `-bios none`.
 * @param header the file's first bytes
 */
export function runsWithoutFirmware(header: Uint8Array): boolean {
  if (header.length < HEADER_SIZE) return false;
  const view = new DataView(header.buffer, header.byteOffset);
  const isElf64 = view.getUint32(0, true) === ELF_MAGIC && view.getUint8(4) === 2;
  const entry = view.getBigUint64(24, true);
  return isElf64 && entry >= RAM_START && entry < RAM_START + FIRMWARE_SIZE;
}
