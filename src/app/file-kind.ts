/** What a file that the user drops on the page is good for. */

export type FileKind = 'kernel' | 'initrd' | 'bios';

/** Guesses by the name, as people name such files; whatever is not something else is a kernel. */
export function fileKind(name: string): FileKind {
  if (/initrd|initramfs|rootfs|\.cpio/i.test(name)) return 'initrd';
  if (/^(fw_|opensbi|u-boot|bios)|firmware/i.test(name)) return 'bios';
  return 'kernel';
}
