/** The std VGA on the board: memory window, ports, video memory with its dirty log, option ROM, and the picture for the host. */
import {
  StdVga,
  VGA_MEMORY_BYTES,
  VGA_MEMORY_SLOT,
  VGA_MMIO_PORTS,
  VGA_ROM_BYTES,
  VGA_ROM_SLOT,
} from '../hw/display/std-vga.ts';
import type { PciBus } from '../hw/pci/pci-bus.ts';
import type { VgaCoreOptions } from '../hw/display/vga-core.ts';
import { VIRTIO_VGA_MEMORY_BYTES, VirtioVga } from '../hw/display/virtio-vga.ts';
import { DirtyLog } from '../memory/dirty-log.ts';
import * as L from '../memory/layout.gen.ts';
import type { MovableRegion } from '../memory/region-table.ts';
import type { SlotRequest } from '../memory/slots.ts';
import type { BoardDisplay, BoardEnv, VgaKind } from './board.ts';
import { isOn } from './devices.ts';
import { createGpu } from './display-devices.ts';
import { setTextMode } from './boot/pc-text-mode.ts';
import type { PcContext } from './pc-context.ts';
import { PC_DEVFN, PC_MAP, PC_PORTS } from './pc-map.ts';
import type { Wiring } from './wiring.ts';

/** What 1280 by 800 is in QEMU: the monitor's size if nothing else is said. */
const PREFERRED = { width: 1280, height: 800 };

/** Characters and font of text mode. */
const TEXT_MEMORY_BYTES = 0x8000;

/** Their option ROMs, beside the firmware. */
export const VGA_ROMS = { std: 'vgabios-stdvga.bin', virtio: 'vgabios-virtio.bin' } as const;

/** The memory slots of a graphics card. */
export function vgaSlots(vga: VgaKind): SlotRequest[] {
  if (vga === 'none') return [];
  const size = vga === 'std' ? VGA_MEMORY_BYTES : VIRTIO_VGA_MEMORY_BYTES;
  return [
    { name: VGA_MEMORY_SLOT, kind: 'ram', guestBase: null, size },
    { name: VGA_ROM_SLOT, kind: 'rom', guestBase: null, size: VGA_ROM_BYTES },
  ];
}

/** Before the chipset, which shows system management memory in the window's place. */
export function attachVgaWindow(wiring: Wiring): void {
  wiring.table.addLocal(PC_MAP.vga.base, PC_MAP.vga.size, L.LOCAL_VGA_WINDOW);
  wiring.table.addLocal(L.IO_PORT_BASE + PC_PORTS.vga.base, PC_PORTS.vga.size, L.LOCAL_VGA_PORTS);
}

export interface PcDisplay extends BoardDisplay {
  /** Sets text mode 3 with this font, as firmware does. */
  setText(font: Uint8Array): void;
}

/** @param kind which card it is */
export function attachVga({ env, wiring, bus, rom }: PcContext, kind: 'std' | 'virtio'): PcDisplay {
  const { vm } = env;
  const slot = wiring.slot(VGA_MEMORY_SLOT);
  const dirty = new DirtyLog(vm, slot);
  vm.store(L.VGA_MEMORY, slot.linear);
  vm.store(L.VGA_MEMORY_SIZE, slot.size);
  const bios = rom(VGA_ROMS[kind]);
  const fits = bios !== null && bios.length <= VGA_ROM_BYTES ? bios : null;
  const romSlot = wiring.slot(VGA_ROM_SLOT);
  if (fits) vm.u8.set(fits, romSlot.linear);
  const noteRegisters = (): void => {
    Atomics.or(vm.i32, L.VM_DISPLAY_EVENTS >> 2, L.DISPLAY_REGISTERS);
  };
  const options: VgaCoreOptions = {
    shared: vm.u8,
    memory: { linear: slot.linear, size: slot.size },
    changed: () => {
      vm.mapChanged();
      noteRegisters();
    },
    written: (bytes) => dirty.mark(0, bytes),
    preferred: env.monitor ?? PREFERRED,
  };
  const card =
    kind === 'std' ? stdCard(options, fits !== null) : virtioCard(options, fits !== null, env, bus);
  const { device } = card;
  const ports: { region: MovableRegion | null } = { region: null };
  wiring.attachPci(bus, PC_DEVFN.vga, [PC_PORTS.dispi], device, (window, base) => {
    if (window !== device.mmioWindow) return;
    ports.region?.move(base === null ? null : base + VGA_MMIO_PORTS.offset);
  });
  ports.region = wiring.table.addLocal(null, VGA_MMIO_PORTS.size, L.LOCAL_VGA_MMIO);
  return {
    ...card.display(dirty),
    setText: (font) => {
      setTextMode(device.registers, vm.u8.subarray(slot.linear, slot.linear + slot.size), font);
      dirty.mark(0, TEXT_MEMORY_BYTES);
    },
  };
}

/** A card, and what the host sees of it. */
interface Card {
  device: StdVga | VirtioVga;
  display(dirty: DirtyLog): BoardDisplay;
}

function stdCard(options: VgaCoreOptions, rom: boolean): Card {
  const device = new StdVga({ ...options, rom });
  return {
    device,
    display: (dirty) => ({ name: 'VGA', dirty, logged: true, scanout: () => device.scanout() }),
  };
}

function virtioCard(options: VgaCoreOptions, rom: boolean, env: Omit<BoardEnv, 'images'>, bus: PciBus): Card {
  const plan = (env.devices ?? []).find(({ type }) => type === 'virtio-vga')!;
  const screens: BoardDisplay[] = [];
  const gpu = createGpu(plan, env, screens);
  const { memory, log, later } = env;
  const packed = isOn(plan, 'packed');
  const messages = bus.message !== null;
  const device = new VirtioVga({ gpu, vga: options, rom, memory, log, later, packed, messages });
  return {
    device,
    display: (dirty) => ({
      ...screens[0],
      name: device.name,
      dirty: { take: () => device.takeDamage(dirty) },
      get logged() {
        return !gpu.enabled;
      },
      scanout: () => device.scanout(),
    }),
  };
}
