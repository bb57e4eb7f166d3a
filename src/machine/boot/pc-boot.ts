/**
 * Where a PC's kernel, initrd and boot parameters go when there is no firmware: Linux's 32-bit boot protocol, or the 64-bit one if
 * the kernel has it and the processor is 64-bit.
 * Specification: Linux, Documentation/arch/x86/boot.rst and zero-page.rst. Where the initrd goes follows QEMU 7.2, hw/i386/x86.c.
 */
import { VmError } from '../../core/errors.ts';
import { parseBzImage } from './bzimage.ts';
import { identityPageTables } from './pc-reset-vector.ts';
import { textScreenInfo } from './pc-text-mode.ts';
import type { LoadPiece } from './riscv-boot.ts';

const MIB = 1048576;
const PAGE = 4096;
/** The kernel's place: as QEMU's, and the one that every bzImage is linked for or moves itself from. */
const KERNEL = MIB;
const ENTRY_64 = 0x200;

/** Low memory, which no firmware uses here. */
const BIOS_DATA = 0x400;
const ZERO_PAGE = 0x7000;
const STACK = 0x8ff0;
const PAGE_TABLES = 0x9000;
const COMMAND_LINE = 0x20000;
/** The extended BIOS data area: the last KiB below 640 KiB. */
const EBDA = { base: 0x9fc00, size: 0x400 } as const;
const BIOS_SHADOW = { base: 0xf0000, size: 0x10000 } as const;

/** What stands in RAM's last bytes: the ACPI tables, which SeaBIOS puts there too. */
export const ACPI_BYTES = 0x20000;

const E820_RAM = 1;
const E820_RESERVED = 2;

/** Offsets in the zero page. */
const ACPI_RSDP_ADDR = 0x070;
const ALT_MEM_K = 0x1e0;
const E820_ENTRIES = 0x1e8;
const SETUP_HEADER = 0x1f1;
const VID_MODE = 0x1fa;
const TYPE_OF_LOADER = 0x210;
const RAMDISK_IMAGE = 0x218;
const RAMDISK_SIZE = 0x21c;
const CMD_LINE_PTR = 0x228;
const E820_TABLE = 0x2d0;

/** No boot loader of Linux's list. */
const LOADER_UNDEFINED = 0xff;
const VID_MODE_NORMAL = 0xffff;

export interface PcBootOptions {
  kernel: Uint8Array;
  initrd: Uint8Array | null;
  commandLine: string;
  /** i386 or x86_64. */
  arch: string;
  ramBytes: number;
  /** Guest-physical base of the ROM at the top of the first 4 GiB. */
  romBase: number;
  /** Guest-physical address of ACPI's root pointer. */
  rsdp: number;
  /** The screen is in text mode 3. */
  textScreen: boolean;
}

export interface PcBootPlan {
  pieces: LoadPiece[];
  entry: number;
  zeroPage: number;
  stack: number;
  /** Page tables to start on in 64-bit mode; null: in 32-bit mode. */
  pageTables: number | null;
}

/** Type 1: RAM, 2: reserved (ACPI specification, table 15.4). */
export interface E820Entry {
  base: number;
  size: number;
  type: number;
}

export function e820Map(ramBytes: number, romBase: number): E820Entry[] {
  const top = ramBytes - ACPI_BYTES;
  return [
    { base: 0, size: EBDA.base, type: E820_RAM },
    { base: EBDA.base, size: EBDA.size, type: E820_RESERVED },
    { base: BIOS_SHADOW.base, size: BIOS_SHADOW.size, type: E820_RESERVED },
    { base: MIB, size: top - MIB, type: E820_RAM },
    { base: top, size: ACPI_BYTES, type: E820_RESERVED },
    { base: romBase, size: 2 ** 32 - romBase, type: E820_RESERVED },
  ];
}

/**
 * Places kernel, initrd and boot parameters.
 * @throws VmError bad-image, bad-config or too-large
 */
export function planPcBoot(options: PcBootOptions): PcBootPlan {
  const { ramBytes, initrd, arch } = options;
  const image = parseBzImage(options.kernel, arch);
  const pieces: LoadPiece[] = [];
  const add = (what: string, address: number, bytes: Uint8Array): void => {
    pieces.push({ what, address, bytes, zeros: 0 });
  };
  const ramEnd = ramBytes - ACPI_BYTES;
  // It unpacks itself at the place that it prefers, or above the one it is at.
  const kernelEnd = Math.max(
    KERNEL + image.kernel.length,
    Math.max(KERNEL, image.preferredAddress) + image.initSize,
  );
  if (kernelEnd > ramEnd) {
    throw new VmError(
      'too-large',
      `The kernel needs memory up to ${mib(kernelEnd)} to unpack itself, and there are ${mib(ramEnd)}: give the machine at least ${Math.ceil((kernelEnd + ACPI_BYTES) / MIB)} MiB (-m).`,
    );
  }
  add('kernel', KERNEL, image.kernel);

  const zeroPage = new Uint8Array(PAGE);
  const view = new DataView(zeroPage.buffer);
  zeroPage.set(image.header, SETUP_HEADER);

  if (initrd) {
    if (initrd.length === 0) {
      throw new VmError('bad-image', 'The initrd is empty: choose another file, or leave it out.');
    }
    const last = Math.min(image.initrdMax, ramEnd - 1);
    const at = Math.floor((last + 1 - initrd.length) / PAGE) * PAGE;
    if (at < kernelEnd) {
      throw new VmError(
        'too-large',
        last + 1 < ramEnd
          ? `The initrd of ${mib(initrd.length)} does not fit between the kernel's end at ${mib(kernelEnd)} and ${mib(last + 1)}, where this kernel's memory for it ends: use a smaller initrd.`
          : `The initrd of ${mib(initrd.length)} does not fit above the kernel, which reaches up to ${mib(kernelEnd)}: give the machine at least ${Math.ceil((kernelEnd + initrd.length + PAGE + ACPI_BYTES) / MIB)} MiB (-m).`,
      );
    }
    add('initrd', at, initrd);
    view.setUint32(RAMDISK_IMAGE, at, true);
    view.setUint32(RAMDISK_SIZE, initrd.length, true);
  }

  const commandLine = new TextEncoder().encode(`${options.commandLine}\0`);
  if (commandLine.length - 1 > image.commandLineMax) {
    throw new VmError(
      'bad-config',
      `The kernel command line (-append) has ${commandLine.length - 1} bytes; this kernel takes ${image.commandLineMax}.`,
    );
  }
  add('command line', COMMAND_LINE, commandLine);

  if (options.textScreen) for (const { offset, value } of textScreenInfo()) zeroPage[offset] = value;
  view.setUint8(TYPE_OF_LOADER, LOADER_UNDEFINED);
  view.setUint16(VID_MODE, VID_MODE_NORMAL, true);
  view.setUint32(CMD_LINE_PTR, COMMAND_LINE, true);
  view.setBigUint64(ACPI_RSDP_ADDR, BigInt(options.rsdp), true);
  view.setUint32(ALT_MEM_K, (ramEnd - MIB) / 1024, true);
  const map = e820Map(ramBytes, options.romBase);
  view.setUint8(E820_ENTRIES, map.length);
  map.forEach(({ base, size, type }, i) => {
    view.setBigUint64(E820_TABLE + 20 * i, BigInt(base), true);
    view.setBigUint64(E820_TABLE + 20 * i + 8, BigInt(size), true);
    view.setUint32(E820_TABLE + 20 * i + 16, type, true);
  });
  add('zero page', ZERO_PAGE, zeroPage);
  add('BIOS data area', BIOS_DATA, biosDataArea());
  add('EBDA', EBDA.base, Uint8Array.of(EBDA.size / 1024));

  const is64 = arch === 'x86_64' && image.is64;
  if (is64) add('page tables', PAGE_TABLES, identityPageTables(PAGE_TABLES));
  return {
    pieces,
    entry: is64 ? KERNEL + ENTRY_64 : KERNEL,
    zeroPage: ZERO_PAGE,
    stack: STACK,
    pageTables: is64 ? PAGE_TABLES : null,
  };
}

/** What kernels read of a BIOS's data: the serial ports, the EBDA's segment, KiB of low memory (PC/AT Technical Reference, "BIOS data area"). */
function biosDataArea(): Uint8Array {
  const bytes = new Uint8Array(0x100);
  const view = new DataView(bytes.buffer);
  [0x3f8, 0x2f8, 0x3e8, 0x2e8].forEach((port, i) => {
    view.setUint16(2 * i, port, true);
  });
  view.setUint16(0x0e, EBDA.base >> 4, true);
  view.setUint16(0x10, 4 << 9, true);
  view.setUint16(0x13, EBDA.base / 1024, true);
  return bytes;
}

const mib = (bytes: number): string => `${(bytes / MIB).toFixed(bytes % MIB === 0 ? 0 : 1)} MiB`;
