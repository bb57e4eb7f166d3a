import { VmError } from '../../core/errors.ts';
import { isElf } from './elf.ts';
import { compression, looksLikeHtml } from './kernel-formats.ts';

/**
 * Linux's kernel for x86.
 * Specification: Linux, Documentation/arch/x86/boot.rst (the boot protocol).
 */
const SECTOR = 512;
const SETUP_SECTS = 0x1f1;
const SYSSIZE = 0x1f4;
const BOOT_FLAG = 0x1fe;
const JUMP_LENGTH = 0x201;
const HEADER = 0x202;
const VERSION = 0x206;
const LOADFLAGS = 0x211;
const INITRD_ADDR_MAX = 0x22c;
const XLOADFLAGS = 0x236;
const CMDLINE_SIZE = 0x238;
const PREF_ADDRESS = 0x258;
const INIT_SIZE = 0x260;
/** The header ends where the jump at its start goes to; the smallest that is taken ends here. */
const HEADER_END_MIN = 0x230;

const HDRS = 0x53726448;
const LOADED_HIGH = 0x01;
const XLF_KERNEL_64 = 0x01;
const XLF_CAN_BE_LOADED_ABOVE_4G = 0x02;

/** Linux 2.6.14: the first whose header says how long the kernel is. */
const VERSION_MIN = 0x0204;

export interface BzImage {
  /** Protocol version: 0x020f is 2.15. */
  version: number;
  /** The setup header, to be copied to the same offset (0x1f1) of the zero page. */
  header: Uint8Array;
  /** The protected-mode kernel. */
  kernel: Uint8Array;
  /** It has an entry in 64-bit mode at +0x200. */
  is64: boolean;
  /** Bytes of command line that it takes, without the final zero. */
  commandLineMax: number;
  /** Highest address that the initrd's last byte may have. */
  initrdMax: number;
  /** Where it moves itself before it unpacks itself; 0: it stays where it is. */
  preferredAddress: number;
  /** Bytes that it needs from there on until it has memory management of its own. */
  initSize: number;
}

/**
 * Parses a bzImage.
 * @throws VmError bad-image for anything else, saying what it is
 */
export function parseBzImage(bytes: Uint8Array, arch: string): BzImage {
  const bad = (message: string): VmError => new VmError('bad-image', message);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number): number => (at + 4 <= bytes.length ? view.getUint32(at, true) : 0);
  if (bytes.length === 0) throw bad('The kernel is empty: choose another file.');
  if (u32(HEADER) !== HDRS) throw bad(whatItIs(bytes, u32, arch));
  const version = bytes.length >= VERSION + 2 ? view.getUint16(VERSION, true) : 0;
  if (bytes.length < 2 * SECTOR) throw truncated(bytes.length, 2 * SECTOR);
  if (view.getUint16(BOOT_FLAG, true) !== 0xaa55) {
    throw bad('The kernel is damaged: its boot sector lacks the signature. Download it again.');
  }
  if (version < VERSION_MIN) {
    throw bad(
      `This kernel speaks boot protocol ${protocol(version)}, from before 2005: a kernel with ${protocol(VERSION_MIN)} or newer (Linux 2.6.14) is needed.`,
    );
  }
  if (!(bytes[LOADFLAGS] & LOADED_HIGH)) {
    throw bad('This is a zImage, which loads below 640 KiB: a bzImage is needed (make bzImage).');
  }
  const setup = ((bytes[SETUP_SECTS] || 4) + 1) * SECTOR;
  const length = u32(SYSSIZE) * 16;
  if (bytes.length < setup + length) throw truncated(bytes.length, setup + length);
  const headerEnd = Math.max(HEADER_END_MIN, HEADER + bytes[JUMP_LENGTH]);
  const since = (minimum: number, at: number): number => (version >= minimum ? u32(at) : 0);
  const xloadflags = since(0x020c, XLOADFLAGS) & 0xffff;
  const is64 = (xloadflags & XLF_KERNEL_64) !== 0;
  if (is64 && arch === 'i386') {
    throw bad(
      'This is a 64-bit kernel (x86_64): an i386 machine cannot run it. Choose the architecture x86_64.',
    );
  }
  const above4G = (xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G) !== 0;
  const kernel = bytes.subarray(setup);
  return {
    version,
    header: bytes.slice(SETUP_SECTS, headerEnd),
    kernel,
    is64,
    commandLineMax: since(0x0206, CMDLINE_SIZE) || 255,
    initrdMax: above4G ? 0xffff_ffff : u32(INITRD_ADDR_MAX),
    preferredAddress: version >= 0x020a ? Number(view.getBigUint64(PREF_ADDRESS, true)) : 0,
    initSize: since(0x020a, INIT_SIZE) || kernel.length,
  };
}

const protocol = (version: number): string => `${version >> 8}.${String(version & 0xff).padStart(2, '0')}`;

function truncated(length: number, expected: number): VmError {
  return new VmError(
    'bad-image',
    `The kernel is truncated: it has ${length} bytes of at least ${expected}. Download it again.`,
  );
}

/** Why a file is no bzImage, for people. */
function whatItIs(bytes: Uint8Array, u32: (at: number) => number, arch: string): string {
  const needed = `${/^[ai]/.test(arch) ? 'an' : 'a'} ${arch} machine needs an x86 kernel (bzImage)`;
  if (isElf(bytes)) {
    return `This is an ELF file, perhaps a vmlinux: ${needed}, the file that is installed as /boot/vmlinuz.`;
  }
  if (u32(56) === 0x05435352) return `This is a RISC-V kernel: ${needed}.`;
  if (u32(56) === 0x644d5241) return `This is a 64-bit Arm (aarch64) kernel: ${needed}.`;
  if (u32(0) === 0x56190527) return `The kernel is a U-Boot uImage: ${needed}.`;
  const packed = compression(bytes);
  if (packed) return `The kernel is compressed with ${packed}: unpack it first. Only gzip is unpacked here.`;
  if (looksLikeHtml(bytes)) return 'The kernel is a web page, not a kernel: check its address.';
  return `This is not a Linux kernel for x86 (it has no "HdrS" at 0x202): ${needed}.`;
}
