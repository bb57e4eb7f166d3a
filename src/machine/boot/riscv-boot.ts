/**
 * Where firmware, kernel, initrd and device tree go on a RISC-V board, and the code at the reset vector. Follows QEMU
 * 7.2's `hw/riscv/boot.c` address for address; the differences are named where they are.
 */
import { VmError } from '../../core/errors.ts';
import { type ElfSegment, EM_RISCV, isElf, parseElf } from './elf.ts';
import { parseRawKernel } from './riscv-image.ts';

const MIB = 1048576;
/** Kernels start on a 2 MiB boundary after the firmware: the largest page a 64-bit kernel maps itself with needs it. */
const KERNEL_ALIGNMENT = 2 * MIB;
const FDT_ALIGNMENT = 2 * MIB;
/** The device tree stays below 3 GiB, where a 32-bit guest and early firmware reach it. */
const FDT_LIMIT = 3072 * MIB;
/** The initrd lies this far above the kernel at most, so that it stays within what early page tables map. */
const INITRD_DISTANCE_MAX = 128 * MIB;

/** Bytes to be put at a guest-physical address. */
export interface LoadPiece {
  /** For messages: `kernel`. */
  what: string;
  address: number;
  bytes: Uint8Array;
  /** Bytes of zero after them. */
  zeros: number;
}

export interface BootImages {
  /** Raw or ELF; null for `-bios none`. */
  firmware: Uint8Array | null;
  kernel: Uint8Array | null;
  initrd: Uint8Array | null;
  /** BoardModel.firmware's `roms`, as far as they are there. */
  roms?: Readonly<Record<string, Uint8Array>>;
  /** Files for fw_cfg (-fw_cfg). */
  fwCfg?: readonly { name: string; bytes: Uint8Array }[];
}

export interface BootPlan {
  pieces: LoadPiece[];
  /** Address that the reset vector jumps to. */
  start: number;
  /** Entry of the kernel, for the firmware; 0 without a kernel. */
  kernelEntry: number;
  initrd: { start: number; end: number } | null;
}

/**
 * Places the images in RAM.
 * @throws VmError bad-image or too-large
 */
export function planBoot(images: BootImages, ramBase: number, ramBytes: number): BootPlan {
  const ram = { base: ramBase, end: ramBase + ramBytes };
  const pieces: LoadPiece[] = [];
  const add = (what: string, parts: Omit<LoadPiece, 'what'>[]): void => {
    for (const part of parts) pieces.push({ what, ...part });
  };

  let start = ramBase;
  let firmwareEnd = ramBase;
  if (images.firmware) {
    const firmware = loadFile(images.firmware, 'firmware', ramBase, ram);
    add('firmware', firmware.parts);
    start = firmware.entry;
    firmwareEnd = firmware.end;
  }

  let kernelEntry = 0;
  let kernelEnd = firmwareEnd;
  if (images.kernel) {
    const base = alignUp(firmwareEnd, KERNEL_ALIGNMENT);
    const kernel = loadFile(images.kernel, 'kernel', base, ram);
    add('kernel', kernel.parts);
    kernelEntry = kernel.entry;
    kernelEnd = kernel.end;
    // QEMU starts at the base of RAM here; an ELF file whose entry is elsewhere would not run there.
    if (!images.firmware) start = kernelEntry;
  }

  let initrd: BootPlan['initrd'] = null;
  if (images.initrd) {
    if (images.initrd.length === 0) {
      throw new VmError('bad-image', 'The initrd is empty: choose another file, or leave it out.');
    }
    // QEMU measures from the kernel's entry, even if the kernel reaches further than that.
    const wanted = (kernelEntry || ramBase) + Math.min(Math.floor(ramBytes / 2), INITRD_DISTANCE_MAX);
    const at = Math.max(wanted, alignUp(kernelEnd, 4096));
    if (at + images.initrd.length > ram.end) throw tooLarge('initrd', images.initrd.length, at, ram);
    add('initrd', [{ address: at, bytes: images.initrd, zeros: 0 }]);
    initrd = { start: at, end: at + images.initrd.length };
  }
  checkOverlaps(pieces);
  return { pieces, start, kernelEntry, initrd };
}

/**
 * Address of the device tree: as high as possible, so that nothing grows over it.
 * @throws VmError too-large if it would hit what is loaded already
 */
export function placeFdt(
  size: number,
  pieces: readonly LoadPiece[],
  ramBase: number,
  ramBytes: number,
): number {
  const top = Math.min(ramBase + ramBytes, FDT_LIMIT);
  const address = Math.floor((top - size) / FDT_ALIGNMENT) * FDT_ALIGNMENT;
  const hit = pieces.find((piece) => piece.address < address + size && pieceEnd(piece) > address);
  if (address < ramBase || hit) {
    throw new VmError(
      'too-large',
      `The images leave no room for the device tree in ${ramBytes / MIB} MiB of RAM: give the machine more memory (-m).`,
    );
  }
  return address;
}

/**
 * The code at the reset vector and the structure for OpenSBI's fw_dynamic behind it.
 * Specification: OpenSBI, docs/firmware/fw_dynamic.md, struct fw_dynamic_info version 2.
 */
export function riscvResetVector(start: number, fdt: number, kernelEntry: number): Uint8Array {
  const bytes = new Uint8Array(0x58);
  const view = new DataView(bytes.buffer);
  const code = [
    0x00000297, // auipc t0, 0
    0x02828613, // addi  a2, t0, 0x28    a2 = &fw_dynamic_info
    0xf1402573, // csrr  a0, mhartid
    0x0202b583, // ld    a1, 0x20(t0)    a1 = device tree
    0x0182b283, // ld    t0, 0x18(t0)
    0x00028067, // jr    t0
  ];
  code.forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  view.setBigUint64(0x18, BigInt(start), true);
  view.setBigUint64(0x20, BigInt(fdt), true);
  const info = [
    0x4942534f, // magic: "OSBI"
    2, // version
    kernelEntry, // next_addr
    1, // next_mode: S
    0, // options
    0, // boot_hart
  ];
  info.forEach((value, i) => {
    view.setBigUint64(0x28 + i * 8, BigInt(value), true);
  });
  return bytes;
}

interface Ram {
  base: number;
  end: number;
}

interface LoadedFile {
  parts: { address: number; bytes: Uint8Array; zeros: number }[];
  entry: number;
  end: number;
}

function loadFile(bytes: Uint8Array, what: string, base: number, ram: Ram): LoadedFile {
  if (isElf(bytes)) return loadElf(bytes, what, ram);
  let memoryBytes = bytes.length;
  if (what === 'kernel') memoryBytes = parseRawKernel(bytes).memoryBytes;
  else if (bytes.length === 0) throw new VmError('bad-image', `The ${what} is empty: choose another file.`);
  if (base + memoryBytes > ram.end) throw tooLarge(what, memoryBytes, base, ram);
  // The kernel clears its zero-initialised data itself; clearing it here keeps everything else out of it.
  const zeros = memoryBytes - bytes.length;
  return { parts: [{ address: base, bytes, zeros }], entry: base, end: base + memoryBytes };
}

function loadElf(bytes: Uint8Array, what: string, ram: Ram): LoadedFile {
  const elf = parseElf(bytes, EM_RISCV, what);
  // As in QEMU, what would lie below RAM is left out: linkers put the ELF header there. The entry must be in RAM, though,
  // or there is nothing to run.
  const inside = elf.segments
    .filter((s) => s.address < ram.end && pieceEnd(s) > ram.base)
    .map(aboveBase(ram));
  for (const segment of inside) {
    const size = pieceEnd(segment) - segment.address;
    if (segment.address + size > ram.end) throw tooLarge(what, size, segment.address, ram);
  }
  if (!inside.some((s) => elf.entry >= s.address && elf.entry < pieceEnd(s))) {
    throw new VmError(
      'bad-image',
      `The ${what} starts at ${hex(elf.entry)}, where it loads nothing into RAM (${hex(ram.base)} to ${hex(ram.end - 1)}): ` +
        'link it for an address in RAM, or give the machine more memory (-m).',
    );
  }
  return { parts: inside, entry: elf.entry, end: Math.max(...inside.map(pieceEnd)) };
}

/** Cuts off what a segment has below RAM. */
function aboveBase(ram: Ram): (segment: ElfSegment) => ElfSegment {
  return (segment) => {
    const cut = Math.max(0, ram.base - segment.address);
    const fileCut = Math.min(cut, segment.bytes.length);
    return {
      address: segment.address + cut,
      bytes: segment.bytes.subarray(fileCut),
      zeros: segment.zeros - (cut - fileCut),
    };
  };
}

function checkOverlaps(pieces: readonly LoadPiece[]): void {
  const sorted = [...pieces].sort((a, b) => a.address - b.address);
  for (let i = 1; i < sorted.length; i++) {
    const [low, high] = [sorted[i - 1], sorted[i]];
    if (pieceEnd(low) <= high.address || low.what === high.what) continue;
    throw new VmError(
      'too-large',
      `The ${low.what} and the ${high.what} overlap at ${hex(high.address)}: link one of them for another address.`,
    );
  }
}

function tooLarge(what: string, size: number, at: number, ram: Ram): VmError {
  const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
  return new VmError(
    'too-large',
    `The ${what} needs ${mib(size)} MiB at ${hex(at)}, which does not fit ${mib(ram.end - ram.base)} MiB of RAM: ` +
      'give the machine more memory (-m).',
  );
}

function pieceEnd(piece: { address: number; bytes: Uint8Array; zeros: number }): number {
  return piece.address + piece.bytes.length + piece.zeros;
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
