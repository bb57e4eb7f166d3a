/**
 * A Linux kernel that firmware starts: QEMU's option ROM linuxboot_dma.bin takes it, its initrd and its command line from fw_cfg, and jumps to its
 * real-mode entry.
 * Specification: Linux, Documentation/arch/x86/boot.rst; QEMU 7.2, hw/i386/x86.c (`x86_load_linux`), for the places.
 */
import { VmError } from '../../core/errors.ts';
import type { FwCfg } from '../../hw/firmware/fw-cfg.ts';
import { parseBzImage } from '../boot/bzimage.ts';
import { FW_CFG_LINUX as ITEM } from './items.ts';

const MIB = 1048576;
const PAGE = 4096;
const SECTOR = 512;
const SETUP = 0x10000;
const COMMAND_LINE = 0x20000;
const KERNEL = MIB;
/** Bytes at the end of RAM that firmware keeps for its tables. */
const TABLES_BYTES = 0x28000;

const SETUP_SECTS = 0x1f1;
const VID_MODE = 0x1fa;
const TYPE_OF_LOADER = 0x210;
const LOADFLAGS = 0x211;
const RAMDISK_IMAGE = 0x218;
const RAMDISK_SIZE = 0x21c;
const HEAP_END_PTR = 0x224;
const CMD_LINE_PTR = 0x228;

const LOADER_QEMU = 0xb0;
const CAN_USE_HEAP = 0x80;

/** What `vga=` on the command line may say beside a number. */
const VIDEO_MODES: Readonly<Record<string, number>> = { normal: 0xffff, ext: 0xfffe, ask: 0xfffd };

export const LINUXBOOT_ROM = 'linuxboot_dma.bin';

export interface LinuxFiles {
  kernel: Uint8Array;
  initrd: Uint8Array | null;
  commandLine: string;
  arch: string;
  ramBytes: number;
}

/**
 * Gives fw_cfg what the option ROM asks for.
 * @throws VmError bad-image, bad-config or too-large
 */
export function addLinux(fwCfg: FwCfg, { kernel, initrd, commandLine, arch, ramBytes }: LinuxFiles): void {
  const image = parseBzImage(kernel, arch);
  const setup = kernel.slice(0, ((kernel[SETUP_SECTS] || 4) + 1) * SECTOR);
  const view = new DataView(setup.buffer);
  const text = new TextEncoder().encode(`${commandLine}\0`);
  if (text.length - 1 > image.commandLineMax) {
    throw new VmError(
      'bad-config',
      `The kernel command line (-append) has ${text.length - 1} bytes; this kernel takes ${image.commandLineMax}.`,
    );
  }
  const mode = /(?:^|\s)vga=(\S+)/.exec(commandLine)?.[1];
  if (mode !== undefined) view.setUint16(VID_MODE, VIDEO_MODES[mode] ?? Number(mode), true);
  setup[TYPE_OF_LOADER] = LOADER_QEMU;
  setup[LOADFLAGS] |= CAN_USE_HEAP;
  view.setUint16(HEAP_END_PTR, COMMAND_LINE - SETUP - 0x200, true);
  view.setUint32(CMD_LINE_PTR, COMMAND_LINE, true);

  const kernelEnd = KERNEL + image.kernel.length;
  let initrdAt = 0;
  if (initrd) {
    if (initrd.length === 0)
      throw new VmError('bad-image', 'The initrd is empty: choose another file, or leave it out.');
    const last = Math.min(image.initrdMax, ramBytes - TABLES_BYTES - 1);
    initrdAt = Math.floor((last - initrd.length) / PAGE) * PAGE;
    view.setUint32(RAMDISK_IMAGE, initrdAt, true);
    view.setUint32(RAMDISK_SIZE, initrd.length, true);
  }
  if (kernelEnd > (initrd ? initrdAt : ramBytes - TABLES_BYTES)) {
    const needed = Math.ceil((kernelEnd + (initrd?.length ?? 0) + PAGE + TABLES_BYTES) / MIB);
    throw new VmError(
      'too-large',
      `Kernel and initrd do not fit into ${ramBytes / MIB} MiB of RAM: give the machine at least ${needed} MiB (-m).`,
    );
  }
  const part = (address: number, size: number, data: number, at: number, bytes: Uint8Array): void => {
    fwCfg.addNumber(address, at, 4);
    fwCfg.addNumber(size, bytes.length, 4);
    fwCfg.addItem(data, bytes);
  };
  part(ITEM.setupAddress, ITEM.setupSize, ITEM.setupData, SETUP, setup);
  part(ITEM.kernelAddress, ITEM.kernelSize, ITEM.kernelData, KERNEL, image.kernel);
  part(ITEM.commandLineAddress, ITEM.commandLineSize, ITEM.commandLineData, COMMAND_LINE, text);
  part(ITEM.initrdAddress, ITEM.initrdSize, ITEM.initrdData, initrdAt, initrd ?? new Uint8Array(0));
}
