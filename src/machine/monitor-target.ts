/** A running machine as the monitor sees it. */
import type { ImageSource, Vm } from '../core/vm-api.ts';
import * as L from '../memory/layout.gen.ts';
import type { MapEntry, MonitorTarget, Registers } from '../monitor/target.ts';
import type { Session } from './session.ts';

const KINDS: Readonly<Record<number, MapEntry['kind']>> = {
  [L.REGION_KIND_RAM]: 'ram',
  [L.REGION_KIND_ROM]: 'rom',
  [L.REGION_KIND_MMIO]: 'i/o',
  [L.REGION_KIND_LOCAL]: 'i/o',
  [L.REGION_KIND_FLASH]: 'romd',
};

/** Devices of the worker, which the page has no other name of. */
const LOCAL_NAMES: Readonly<Record<number, string>> = {
  [L.LOCAL_ACLINT_MSWI_MTIMER]: 'riscv.aclint',
  [L.LOCAL_PLIC]: 'riscv.sifive.plic',
  [L.LOCAL_PIC_MASTER]: 'pic',
  [L.LOCAL_PIC_SLAVE]: 'pic',
  [L.LOCAL_PIC_ELCR]: 'elcr',
  [L.LOCAL_PIT]: 'pit',
  [L.LOCAL_PORT_61]: 'pcspk',
  [L.LOCAL_LAPIC]: 'apic-msi',
  [L.LOCAL_IOAPIC]: 'ioapic',
  [L.LOCAL_HPET]: 'hpet',
  [L.LOCAL_PM_TIMER]: 'acpi-tmr',
  [L.LOCAL_VGA_PORTS]: 'vga',
  [L.LOCAL_VGA_MMIO]: 'vga.mmio',
  [L.LOCAL_VGA_WINDOW]: 'vga-lowmem',
};

interface Entry extends MapEntry {
  linear: number;
}

function entries({ memory, board }: Session): Entry[] {
  const { view } = memory;
  const found: Entry[] = [];
  for (let i = 0; i < memory.load(L.VM_REGION_COUNT); i++) {
    const at = L.REGION_TABLE + i * L.REGION_STRIDE;
    const size = Number(view.getBigUint64(at + L.REGION_SIZE, true));
    const place = Number(view.getBigUint64(at + L.REGION_BASE, true));
    const kind = view.getUint32(at + L.REGION_KIND, true);
    const ports = place >= L.IO_PORT_BASE;
    // What only system management mode sees has an address of its own there.
    if (size === 0 || (!ports && place >= L.SMRAM_ALIAS)) continue;
    const linear = view.getUint32(at + L.REGION_LINEAR, true);
    const slot = memory.slots.find((one) => linear >= one.linear && linear < one.linear + one.size);
    const isMemory = kind === L.REGION_KIND_RAM || kind === L.REGION_KIND_ROM;
    const isLocal = kind === L.REGION_KIND_LOCAL;
    const region =
      isMemory || isLocal ? undefined : board.regions[view.getUint32(at + L.REGION_DEVICE, true)];
    const name = isLocal
      ? (LOCAL_NAMES[linear] ?? `local ${linear}`)
      : isMemory
        ? (slot?.name ?? 'memory')
        : (region?.name ?? 'device');
    const base = ports ? place - L.IO_PORT_BASE : place;
    found.push({ base, size, kind: KINDS[kind] ?? 'i/o', name, ports, linear, ...(region && { region }) });
  }
  return found;
}

/** `name value` pairs of the worker's dump. */
export function parseRegisters(dump: string): Registers {
  return new Map(
    [...dump.matchAll(/([\w.]+) +([\da-f]{8,16})\b/g)].map(([, name, value]) => [name, BigInt(`0x${value}`)]),
  );
}

/**
 * @param machine its memory is in MiB
 * @param describe stops the vCPU for a moment and gives its registers, as text
 * @param image what is in a drive
 */
export function monitorTarget(
  vm: Vm,
  { arch, memory: memoryMib }: { arch: string; memory: number },
  session: Session,
  describe: () => Promise<string>,
  image: (drive: string) => ImageSource | null,
): MonitorTarget {
  // One command sees one map.
  let seen: Entry[] | null = null;
  const map = (): Entry[] => {
    seen ??= entries(session);
    return seen;
  };
  return {
    arch,
    get state() {
      return vm.state;
    },
    devices: session.board.devices,
    get drives() {
      return vm.drives.map((drive) => ({ ...drive, image: imageName(image(drive.name)) }));
    },
    get queues() {
      return vm.queues;
    },
    get balloon() {
      return vm.balloon ? Math.floor(memoryMib - vm.balloon.actual) : null;
    },
    interrupts() {
      if (arch.startsWith('riscv')) return null;
      const { u8 } = session.memory;
      return {
        pics: u8.slice(L.PC_PIC_STATE, L.PC_IOAPIC_STATE),
        ioapic: u8.slice(L.PC_IOAPIC_STATE, L.PC_LAPIC_STATE),
      };
    },
    report: () => vm.report(),
    registers: async () => parseRegisters(await describe()),
    map,
    read(address, length) {
      const covers = ({ base, size, ports }: Entry): boolean =>
        !ports && address >= base && address + length <= base + size;
      const entry = map().findLast(covers);
      if (!entry || entry.kind === 'i/o') return null;
      const linear = entry.linear + address - entry.base;
      return session.memory.u8.slice(linear, linear + length);
    },
    pause: () => vm.pause(),
    resume: () => vm.resume(),
    reset: () => vm.reset(),
    powerOff: () => vm.powerOff(),
    eject: (drive) => vm.eject(drive),
    remove: (drive) => vm.changeMedium(drive, null),
    resize: (drive, size) => vm.resizeDrive(drive, size),
    setBalloon(mib) {
      // The device counts what the guest gives away; more than all cannot be left to it.
      if (vm.balloon) vm.balloon.target = Math.max(0, memoryMib - mib);
    },
    press(codes, holdMs) {
      if (holdMs === 0) return vm.input.press(codes);
      for (const code of codes) vm.input.key(code, true);
      setTimeout(() => {
        for (const code of codes.toReversed()) vm.input.key(code, false);
      }, holdMs);
    },
  };
}

function imageName(image: ImageSource | null): string | null {
  if (image === null) return null;
  if (typeof image === 'string') return image;
  return image instanceof Uint8Array
    ? `${image.length} bytes`
    : 'name' in image
      ? String(image.name)
      : 'file';
}
