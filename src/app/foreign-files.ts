/** Files that no machine starts, told by their content, and what they are in words that follow “is”. */
import { ascii } from '../core/ascii.ts';
import { machineName } from '../machine/boot/elf.ts';
import { compression } from '../machine/boot/kernel-formats.ts';

export const hasAt = (bytes: Uint8Array, at: number, magic: string): boolean =>
  ascii(bytes, at, magic.length) === magic;

const unpackIt = (what: string): string => `${what}: unpack it, and drop the image that is in it`;
const PICTURE = 'a picture';
const SOUND = 'a sound or music file';
const VIDEO = 'a video';
const FONT = 'a font';
const MAC_PROGRAM = 'a program for macOS, which none of these machines can run';
const OFFICE = 'an Office document';
const WEB_PAGE = 'a web page: the download was answered with that, perhaps';
const CAPTURE = 'a recording of network packets';

type Magic = readonly [offset: number, magic: string, what: string];

/** By the formats' specifications, as `file`'s magic(5) lists them. */
const MAGICS: readonly Magic[] = [
  [0, '\x89PNG', PICTURE],
  [0, '\xff\xd8\xff', PICTURE],
  [0, 'GIF8', PICTURE],
  [0, 'II*\0', PICTURE],
  [0, 'MM\0*', PICTURE],
  [0, '8BPS', PICTURE],
  [8, 'WEBP', PICTURE],
  [0, 'ID3', SOUND],
  [0, '\xff\xfb', SOUND],
  [0, '\xff\xf3', SOUND],
  [0, '\xff\xf2', SOUND],
  [0, '\xff\xf1', SOUND],
  [0, 'fLaC', SOUND],
  [0, 'OggS', 'a sound or video file'],
  [0, 'MThd', SOUND],
  [8, 'WAVE', SOUND],
  [8, 'AVI ', VIDEO],
  [4, 'ftypheic', PICTURE],
  [4, 'ftypavif', PICTURE],
  [4, 'ftypM4A', SOUND],
  [4, 'ftyp', VIDEO],
  [0, '\x1aE\xdf\xa3', VIDEO],
  [0, 'FLV\x01', VIDEO],
  [0, '\0\0\x01\xba', VIDEO],
  [0, '%PDF', 'a PDF document'],
  [0, '%!PS', 'a PostScript document'],
  [0, '{\\rtf', 'a text document (RTF)'],
  [0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', OFFICE],
  [0, 'SQLite format 3\0', 'a database (SQLite)'],
  [0, 'wOFF', FONT],
  [0, 'wOF2', FONT],
  [0, 'OTTO', FONT],
  [0, '7z\xbc\xaf\x27\x1c', unpackIt('a 7z archive')],
  [0, 'Rar!\x1a\x07', unpackIt('a RAR archive')],
  [257, 'ustar', unpackIt('a tar archive')],
  [0, 'MSCF', unpackIt('a Cabinet archive')],
  [0, 'xar!', 'an installer package for macOS'],
  [0, '!<arch>\n', 'a Debian package or a library, which a guest installs, not a machine'],
  [0, '\xed\xab\xee\xdb', 'an RPM package, which a guest installs, not a machine'],
  [0, '\xd0\x0d\xfe\xed', 'a device tree, which these machines make by themselves'],
  [0, '\x27\x05\x19\x56', 'a kernel or an initrd wrapped for U-Boot (uImage): take what it was made from'],
  [0, 'ANDROID!', 'a boot image for Android devices: take the kernel and the initrd that are in it'],
  [56, 'ARM\x64', 'a kernel for 64-bit Arm, which none of these machines is'],
  [0, '\0asm', 'a WebAssembly module, which a browser runs, not a machine'],
  [0, '\xfe\xed\xfa\xce', MAC_PROGRAM],
  [0, '\xfe\xed\xfa\xcf', MAC_PROGRAM],
  [0, '\xce\xfa\xed\xfe', MAC_PROGRAM],
  [0, '\xcf\xfa\xed\xfe', MAC_PROGRAM],
  [0, '\xca\xfe\xba\xbe', 'a Java class, or a program for macOS: none of these machines can run it'],
  [0, '\xd4\xc3\xb2\xa1', CAPTURE],
  [0, '\x0a\x0d\x0d\x0a', CAPTURE],
  [0, '\xff\xfe', 'a text'],
  [0, '\xfe\xff', 'a text'],
];

/** The name of the compression that a file has, other than gzip's: it may be an initrd, which its guest unpacks. */
export function packing(header: Uint8Array): string | null {
  return compression(header) ?? (hasAt(header, 0, '\x5d\0\0') ? 'lzma' : null);
}

/** Texts that are something in particular, before any other text. */
const TEXTS: readonly (readonly [pattern: RegExp, what: string])[] = [
  [
    /^\s*\{[\s\S]{0,400}"snowglobe-image"/,
    'the manifest of a published disk, whose data lies beside it on its server: start it by its address (“New machine…”)',
  ],
  [/^\s*(<!doctype html|<html)/i, WEB_PAGE],
  [/^#!/, 'a script, which is run in a machine, not by one'],
  [
    /^:[\dA-F]{10,}\r?\n/i,
    'a program in Intel’s HEX format: make it binary, as with “objcopy -I ihex -O binary”',
  ],
  [
    /^S0[\dA-F]{6,}\r?\n/i,
    'a program in Motorola’s S-record format: make it binary, as with “objcopy -I srec -O binary”',
  ],
  [
    /^\s*FILE\s+"?[^\n]+\s(BINARY|MOTOROLA|WAVE)/,
    'the list of a disc’s tracks: drop the image that it names',
  ],
];

/** Enough of a text to tell it by. */
const TEXT_BYTES = 4096;

/** What a text is; null: it is none. Texts are UTF-8 without control characters other than those that lay them out. */
function textKind(header: Uint8Array): string | null {
  if (header.length === 0) return null;
  const start = header.subarray(0, TEXT_BYTES);
  let text: string;
  try {
    // A character that the end cuts in two is waited for, not refused.
    text = new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
  } catch {
    return null;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells a text from other bytes
  if (/[\0-\x06\x0e-\x1a\x1c-\x1f\x7f]/.test(text)) return null;
  return TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'a text';
}

/** A ZIP archive by the name of its first file (APPNOTE 4.3.7). */
function zipKind(header: Uint8Array): string {
  const first = ascii(header, 30, 64);
  const isOffice =
    /^(\[Content_Types\]\.xml|_rels\/|word\/|xl\/|ppt\/|docProps\/|mimetypeapplication\/vnd\.oasis)/;
  if (isOffice.test(first)) return OFFICE;
  if (first.startsWith('mimetypeapplication/epub')) return 'an electronic book';
  if (/^META-INF\//.test(first)) return 'a Java archive';
  if (/^(AndroidManifest\.xml|classes\.dex)/.test(first)) return 'an app for Android';
  return unpackIt('a ZIP archive');
}

/** Subsystem of a program for UEFI (PE format, “Windows Subsystem”). */
const EFI_APPLICATION = 10;

/** A program whose file begins with DOS's header (PE format, “MS-DOS Stub”). */
function exeKind(header: Uint8Array): string {
  if (hasAt(header, 4, 'zimg'))
    return 'a compressed kernel for UEFI (vmlinuz.efi): take the Image or vmlinux that it was made from';
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const pe = header.length >= 64 ? view.getUint32(60, true) : 0;
  // The optional header begins after the mark and 20 bytes; what it is for has the same place in both its sizes.
  if (pe === 0 || !hasAt(header, pe, 'PE\0\0') || pe + 94 > header.length)
    return 'a program for DOS or Windows, which cannot be started by itself: put it on a disk';
  return view.getUint16(pe + 24 + 68, true) === EFI_APPLICATION
    ? 'a program for UEFI, which cannot be started by itself: put it on a disk'
    : 'a program for Windows, which cannot be started by itself: put it on a disk';
}

const ET_REL = 1;
const ET_CORE = 4;
const EM_RISCV = 243;
const EM_386 = 3;
const EM_X86_64 = 62;

export const isElf = (header: Uint8Array): boolean => hasAt(header, 0, '\x7fELF');

/** What an ELF file is that no machine starts; null: it may be a kernel or firmware for RISC-V. */
function elfKind(header: Uint8Array): string | null {
  if (header.length < 20) return 'a program that is cut short: download it again';
  const isLittle = header[5] === 1;
  const view = new DataView(header.buffer, header.byteOffset);
  const type = view.getUint16(16, isLittle);
  const machine = view.getUint16(18, isLittle);
  if (type === ET_REL) return 'an object file or a kernel module, which is linked or loaded, not started';
  if (type === ET_CORE) return 'a memory dump of a program';
  if (machine === EM_RISCV)
    return header[4] === 2 ? null : 'a program for 32-bit RISC-V, and these machines have 64 bits';
  const name = machineName(machine);
  if (machine === EM_386 || machine === EM_X86_64)
    return `a program for ${name} (ELF): of Linux, a PC starts the compressed kernel, the file that is installed as /boot/vmlinuz`;
  return `a program for ${name}, which none of these machines is`;
}

/** What a file is that no machine has a use for; null: its content does not tell. */
export function foreignKind(header: Uint8Array): string | null {
  if (isElf(header)) return elfKind(header);
  if (hasAt(header, 0, 'PK\x03\x04')) return zipKind(header);
  // A boot sector may begin with the same two letters as a picture (BMP), whose header has zeros there.
  if (hasAt(header, 0, 'BM') && hasAt(header, 6, '\0\0\0\0')) return PICTURE;
  const found = MAGICS.find(([offset, magic]) => hasAt(header, offset, magic));
  if (found) return found[2];
  if (hasAt(header, 0, 'MZ')) return exeKind(header);
  return textKind(header);
}
