/**
 * The board `pc-1.0`: a PC with Intel's 440FX and PIIX chipset, after QEMU 7.2's `pc`, address for address.
 * Specification: Intel 82441FX (PMC), 82371SB (PIIX3) and 82371AB (PIIX4) datasheets; QEMU documentation, "i440fx PC".
 *
 * Firmware (SeaBIOS) runs from the ROM below 4 GiB. A kernel starts without it: what firmware does to the chipset before it starts one, the
 * code at the reset vector does.
 */
import { VmError } from '../core/errors.ts';
import type { Ns16550a } from '../hw/char/ns16550a.ts';
import { Dma8237 } from '../hw/dma/dma8237.ts';
import { FwCfg } from '../hw/firmware/fw-cfg.ts';
import type { VirtioBalloon } from '../hw/virtio/virtio-balloon.ts';
import type { Mc146818 } from '../hw/rtc/mc146818.ts';
import * as L from '../memory/layout.gen.ts';
import { pcAcpiTables, RSDP_ADDRESS } from './acpi/pc-acpi.ts';
import type { Board, BoardDisplay, BoardDrive, BoardEnv, BoardInput, BoardModel } from './board.ts';
import { BootStore } from './boot/boot-store.ts';
import { findFont } from './boot/pc-text-mode.ts';
import { ACPI_BYTES, planPcBoot } from './boot/pc-boot.ts';
import { pcResetVector, RESET_ROM } from './boot/pc-reset-vector.ts';
import type { BootImages, LoadPiece } from './boot/riscv-boot.ts';
import { attachChipset, firmwareWrites, SharedA20 } from './pc-chipset.ts';
import { type BootOptions, DEFAULT_BOOT } from './firmware/boot-options.ts';
import { NO_SMBIOS_OVERRIDES } from './firmware/smbios-options.ts';
import { addLinux, LINUXBOOT_ROM } from './firmware/linux-loader.ts';
import { addPcFirmwareFiles } from './firmware/pc-firmware.ts';
import { bootOrderBytes, pcCmos } from './pc-cmos.ts';
import { attachFlash, FLASH_MAX, flashDrives } from './pc-flash.ts';
import { atPort, type PcContext } from './pc-context.ts';
import { attachDisks, attachFloppies } from './pc-disks.ts';
import { attachRamfb } from './display-devices.ts';
import { attachVga, attachVgaWindow, type PcDisplay, VGA_ROMS, vgaSlots } from './pc-display.ts';
import { attachClock, attachDebugPorts, attachKeyboard, attachSerialPorts } from './pc-isa.ts';
import { PC_MAP, PC_PORTS } from './pc-map.ts';
import type { SlotRequest } from '../memory/slots.ts';
import {
  attachPciDevices,
  bootOrder,
  noParts,
  serialInput,
  virtioInput,
  type VirtioSerial,
} from './virtio-devices.ts';
import { Wiring } from './wiring.ts';

/** Where an x86 processor starts (Intel SDM volume 3, section 9.1.4). */
const RESET_VECTOR = 0xfffffff0;
/** What CPUID describes: MODEL_* of assembly/guest/x86/cpu.ts. */
const MODEL_QEMU64 = 0;
const MODEL_MAX = 1;
const MODEL_QEMU32 = 2;
const MODEL_MAX32 = 3;
/** The firmware's size is a multiple of this. */
const FIRMWARE_UNIT = 0x10000;
/** PCI slots for devices that do not say where they go; the graphics card's is one of them where there is none. */
const FIRST_PCI_SLOT = 2;
/** Slots that are always where they belong. */
const MAPPED_SLOTS: readonly string[] = ['ram', 'ram.high'];

export const PC_1_0: BoardModel = {
  names: ['pc-1.0', 'pc'],
  memoryMin: 2,
  memoryDefault: 128,
  memoryMax: 2048,
  smpMax: 1,
  processors: {
    i386: { qemu32: MODEL_QEMU32, max: MODEL_MAX32 },
    x86_64: { qemu64: MODEL_QEMU64, max: MODEL_MAX },
  },
  firmware: { name: 'SeaBIOS', withKernel: false, roms: [LINUXBOOT_ROM, ...Object.values(VGA_ROMS)] },
  drives: ['ide', 'floppy', 'pflash', 'virtio'],
  virtio: ['pci'],
  graphics: true,
  speaker: true,
  slots: (ramBytes, romBytes = [], vga) => [
    { name: 'ram', kind: 'ram', guestBase: PC_MAP.lowRam.base, size: PC_MAP.lowRam.size },
    { name: 'ram.high', kind: 'ram', guestBase: PC_MAP.highRam.base, size: ramBytes - PC_MAP.highRam.base },
    { name: 'ram.pam', kind: 'ram', guestBase: PC_MAP.pam.base, size: PC_MAP.pam.size },
    { name: 'smram', kind: 'ram', guestBase: null, size: PC_MAP.vga.size },
    ...romSlots(romBytes),
    ...vgaSlots(vga ?? 'none'),
  ],
  build: (env) => new PcBoard(env),
};

class PcBoard implements Board {
  readonly devices: Board['devices'];
  readonly regions: Board['regions'];
  readonly doorbells: Board['doorbells'];
  readonly displays: readonly BoardDisplay[];
  readonly resetPc = RESET_VECTOR;
  readonly input: BoardInput;
  readonly drives: readonly BoardDrive[];
  private readonly virtio = noParts();
  private readonly vga: PcDisplay | null;
  private readonly ramfb: { reset(): void } | null;
  private readonly env: Omit<BoardEnv, 'images'>;
  private readonly boot: BootOptions;
  private readonly clock: Mc146818;
  private readonly com1: Ns16550a;
  private readonly a20: SharedA20;
  private readonly store: BootStore;
  /** The VGA BIOS's font, for a kernel that starts without firmware. */
  private readonly font: Uint8Array | null;
  /** Loads what flash memory holds. */
  private readonly loadFlash: (() => Promise<void>) | null = null;
  /** It has been reset, as it is when it starts. */
  private started = false;

  constructor({ images, ...env }: BoardEnv) {
    this.env = env;
    const { vm, log, power, memory, ramBytes } = env;
    const boot = env.firmware?.boot ?? DEFAULT_BOOT;
    this.boot = boot;
    const flash = flashDrives(env.drives);
    const hasFirmware = images.firmware !== null || flash.length > 0;
    const vgaRom = env.vga === 'none' ? null : images.roms?.[VGA_ROMS[env.vga]];
    this.font = !hasFirmware && vgaRom ? findFont(vgaRom) : null;
    this.store = new BootStore(flash.length > 0 ? [] : bootPieces(images, env, this.font !== null));

    const wiring = new Wiring(vm);
    ({ devices: this.devices, regions: this.regions, doorbells: this.doorbells } = wiring);
    // The host bridge maps the others, flash memory those of the ROM.
    const mapped = flash.length > 0 ? MAPPED_SLOTS : [...MAPPED_SLOTS, 'rom'];
    for (const slot of vm.slots) if (mapped.includes(slot.name)) wiring.table.addSlot(slot);
    addLocals(wiring);
    const attach: PcContext['attach'] = (ports, create) => wiring.attach(ports.map(atPort), create);

    if (env.vga !== 'none') attachVgaWindow(wiring);
    const { bus, pm } = attachChipset(env, wiring);
    this.a20 = new SharedA20(vm);
    const fwCfg = attach([PC_PORTS.fwCfg, PC_PORTS.fwCfgDma], (shadow) => {
      return new FwCfg({ memory, shadow, log, ramBytes, vcpus: vm.vcpus, layout: 'ports' });
    });
    const context: PcContext = {
      env,
      wiring,
      bus,
      dma: attach(Dma8237.PORTS, () => new Dma8237({ memory, log })),
      fwCfg,
      a20: this.a20,
      cmos: pcCmos(ramBytes, vm.vcpus, boot.once ?? boot.order),
      reset: () => power.reset(),
      rom: (name) => images.roms?.[name] ?? null,
      attach,
    };
    this.vga = env.vga === 'none' ? null : attachVga(context, env.vga);
    attachPciDevices(env, wiring, bus, FIRST_PCI_SLOT, this.virtio);
    this.ramfb = attachRamfb(env, fwCfg, this.virtio.displays);
    this.displays = [...(this.vga ? [this.vga] : []), ...this.virtio.displays];
    this.drives = [...attachDisks(context), ...attachFloppies(context), ...this.virtio.drives];
    this.input = virtioInput(this.virtio, attachKeyboard(context));
    this.com1 = attachSerialPorts(context);
    attachDebugPorts(context);
    this.clock = attachClock(context);
    const order = bootOrder(this.virtio);
    if (order) fwCfg.addFile('bootorder', order);
    for (const { name, bytes } of images.fwCfg ?? []) fwCfg.addFile(name, bytes);
    if (flash.length > 0)
      this.loadFlash = attachFlash(
        context,
        vm.slots.filter(({ name }) => /^rom\d?$/.test(name)),
      );
    if (hasFirmware) this.tellFirmware(fwCfg, images, () => pm.base || PC_PORTS.pm);
  }

  private tellFirmware(
    fwCfg: FwCfg,
    { firmware: bios, kernel, initrd, roms }: BootImages,
    pmBase: () => number,
  ): void {
    const { ramBytes, vm, commandLine, arch, firmware } = this.env;
    const linuxboot = kernel && roms?.[LINUXBOOT_ROM];
    // Firmware in flash memory is not SeaBIOS, and needs no option ROM for it.
    if (kernel && bios && !linuxboot) {
      throw new VmError(
        'not-found',
        `Firmware starts a kernel (-kernel) by ${LINUXBOOT_ROM}, which is not here: run "npm start", which fetches it, or leave -bios out.`,
      );
    }
    if (kernel) addLinux(fwCfg, { kernel, initrd, commandLine, arch, ramBytes });
    addPcFirmwareFiles(fwCfg, {
      board: PC_1_0.names[0],
      ramBytes,
      vcpus: vm.vcpus,
      vga: this.vga !== null,
      nographic: firmware?.nographic ?? this.displays.length === 0,
      boot: this.boot,
      smbios: firmware?.smbios ?? NO_SMBIOS_OVERRIDES,
      pmBase,
      bootOrder: linuxboot ? [`/rom@genroms/${LINUXBOOT_ROM}`] : [],
      optionRoms: linuxboot ? [{ name: LINUXBOOT_ROM, bytes: linuxboot }] : [],
    });
  }

  get balloon(): VirtioBalloon | null {
    return this.virtio.balloon;
  }

  get virtioSerial(): VirtioSerial | null {
    return this.virtio.serial;
  }

  async reset(): Promise<void> {
    this.env.vm.store(L.VM_X86_EVENTS, 0);
    this.a20.enabled = true;
    for (const device of this.devices) device.reset();
    this.ramfb?.reset();
    // Without firmware nobody else sets a mode.
    if (this.font) this.vga?.setText(this.font);
    if (!this.started) await this.loadFlash?.();
    await this.store.load(this.env.memory);
    if (this.started && this.boot.once) this.clock.setContents(bootOrderBytes(this.boot.order));
    this.started = true;
  }

  serialReady(): void {
    serialInput(this.virtio, this.com1);
  }
}

/** The ROM below 4 GiB, which is larger for firmware that is; with two sizes the second lies below the first. */
function romSlots([romBytes = 0, ...others]: readonly number[]): SlotRequest[] {
  const slots: SlotRequest[] = [];
  let guestBase = 2 ** 32;
  for (const [i, size] of [Math.min(Math.max(romBytes, PC_MAP.rom.size), FLASH_MAX), ...others].entries()) {
    guestBase -= size;
    slots.push({ name: i === 0 ? 'rom' : `rom${i}`, kind: 'rom', guestBase, size });
  }
  return slots;
}

const bootPieces = (images: BootImages, env: Omit<BoardEnv, 'images'>, textScreen: boolean): LoadPiece[] =>
  images.firmware ? firmwarePieces(images.firmware) : kernelPieces(images, env, textScreen);

/** Firmware in the last bytes of the ROM, where the reset vector is. */
function firmwarePieces(firmware: Uint8Array): LoadPiece[] {
  const { length } = firmware;
  if (length === 0 || length > FLASH_MAX || length % FIRMWARE_UNIT !== 0) {
    throw new VmError(
      'bad-image',
      `The firmware (-bios) has ${length} bytes; a PC takes a multiple of 64 KiB up to 8 MiB, such as SeaBIOS's bios-256k.bin. UEFI firmware in two files goes into flash memory (-pflash).`,
    );
  }
  return [{ what: 'firmware', address: 2 ** 32 - length, bytes: firmware, zeros: 0 }];
}

/** A kernel, and what a kernel finds that firmware has started. */
function kernelPieces(
  { kernel, initrd }: BootImages,
  env: Omit<BoardEnv, 'images'>,
  textScreen: boolean,
): LoadPiece[] {
  if (!kernel)
    throw new VmError('bad-config', 'A PC without firmware (-bios none) needs a kernel (-kernel) to start.');
  const { commandLine, arch, ramBytes, vm } = env;
  const { pieces, ...plan } = planPcBoot({
    kernel,
    initrd,
    commandLine,
    arch,
    ramBytes,
    romBase: PC_MAP.rom.base,
    rsdp: RSDP_ADDRESS,
    textScreen,
  });
  const tables = pcAcpiTables(ramBytes - ACPI_BYTES, { vcpus: vm.vcpus, vga: env.vga !== 'none' });
  const rom = pcResetVector({ ...plan, writes: firmwareWrites() });
  return [
    ...pieces,
    ...tables.map(({ name, address, bytes }) => ({ what: `ACPI table ${name}`, address, bytes, zeros: 0 })),
    { what: 'reset vector', address: RESET_ROM.base, bytes: rom, zeros: 0 },
  ];
}

function addLocals({ table }: Wiring): void {
  const ports: [{ base: number; size: number }, number][] = [
    [PC_PORTS.picMaster, L.LOCAL_PIC_MASTER],
    [PC_PORTS.picSlave, L.LOCAL_PIC_SLAVE],
    [PC_PORTS.elcr, L.LOCAL_PIC_ELCR],
    [PC_PORTS.pit, L.LOCAL_PIT],
    [PC_PORTS.port61, L.LOCAL_PORT_61],
  ];
  for (const [{ base, size }, local] of ports) table.addLocal(atPort(base), size, local);
  table.addLocal(PC_MAP.ioapic.base, PC_MAP.ioapic.size, L.LOCAL_IOAPIC);
  table.addLocal(PC_MAP.hpet.base, PC_MAP.hpet.size, L.LOCAL_HPET);
  table.addLocal(PC_MAP.lapic.base, PC_MAP.lapic.size, L.LOCAL_LAPIC);
}
