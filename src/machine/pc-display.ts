/** The std VGA on the board: memory window, ports, video memory with its dirty log, option ROM, and the picture for the host. */
import {
  StdVga,
  VGA_MEMORY_BYTES,
  VGA_MEMORY_SLOT,
  VGA_MMIO_PORTS,
  VGA_ROM_BYTES,
  VGA_ROM_SLOT,
} from '../hw/display/std-vga.ts';
import { DirtyLog } from '../memory/dirty-log.ts';
import * as L from '../memory/layout.gen.ts';
import type { MovableRegion } from '../memory/region-table.ts';
import type { SlotRequest } from '../memory/slots.ts';
import type { BoardDisplay } from './board.ts';
import { setTextMode } from './boot/pc-text-mode.ts';
import type { PcContext } from './pc-context.ts';
import { PC_DEVFN, PC_MAP, PC_PORTS } from './pc-map.ts';
import type { Wiring } from './wiring.ts';

/** What 1280 by 800 is in QEMU: the monitor's size if nothing else is said. */
const PREFERRED = { width: 1280, height: 800 };

/** Characters and font of text mode. */
const TEXT_MEMORY_BYTES = 0x8000;

/** Its option ROM, beside the firmware. */
export const VGA_ROM = 'vgabios-stdvga.bin';

export const VGA_SLOTS: readonly SlotRequest[] = [
  { name: VGA_MEMORY_SLOT, kind: 'ram', guestBase: null, size: VGA_MEMORY_BYTES },
  { name: VGA_ROM_SLOT, kind: 'rom', guestBase: null, size: VGA_ROM_BYTES },
];

/** Before the chipset, which shows system management memory in the window's place. */
export function attachVgaWindow(wiring: Wiring): void {
  wiring.table.addLocal(PC_MAP.vga.base, PC_MAP.vga.size, L.LOCAL_VGA_WINDOW);
  wiring.table.addLocal(L.IO_PORT_BASE + PC_PORTS.vga.base, PC_PORTS.vga.size, L.LOCAL_VGA_PORTS);
}

export interface PcDisplay extends BoardDisplay {
  /** Sets text mode 3 with this font, as firmware does. */
  setText(font: Uint8Array): void;
}

export function attachVga({ env, wiring, bus, rom }: PcContext): PcDisplay {
  const { vm } = env;
  const slot = wiring.slot(VGA_MEMORY_SLOT);
  const dirty = new DirtyLog(vm, slot);
  vm.store(L.VGA_MEMORY, slot.linear);
  vm.store(L.VGA_MEMORY_SIZE, slot.size);
  const bios = rom(VGA_ROM);
  const fits = bios !== null && bios.length <= VGA_ROM_BYTES ? bios : null;
  const romSlot = wiring.slot(VGA_ROM_SLOT);
  if (fits) vm.u8.set(fits, romSlot.linear);
  const noteRegisters = (): void => {
    Atomics.or(vm.i32, L.VM_DISPLAY_EVENTS >> 2, L.DISPLAY_REGISTERS);
  };
  const vga = new StdVga({
    shared: vm.u8,
    memory: { linear: slot.linear, size: slot.size },
    changed: () => {
      vm.mapChanged();
      noteRegisters();
    },
    written: (bytes) => dirty.mark(0, bytes),
    preferred: env.monitor ?? PREFERRED,
    rom: fits !== null,
  });
  const ports: { region: MovableRegion | null } = { region: null };
  wiring.attachPci(bus, PC_DEVFN.vga, [PC_PORTS.dispi], vga, (window, base) => {
    if (window !== vga.mmioWindow) return;
    ports.region?.move(base === null ? null : base + VGA_MMIO_PORTS.offset);
  });
  ports.region = wiring.table.addLocal(null, VGA_MMIO_PORTS.size, L.LOCAL_VGA_MMIO);
  return {
    name: 'VGA',
    dirty,
    logged: true,
    scanout: () => vga.scanout(),
    setText: (font) => {
      setTextMode(vga.registers, vm.u8.subarray(slot.linear, slot.linear + slot.size), font);
      dirty.mark(0, TEXT_MEMORY_BYTES);
    },
  };
}
