/** The 440FX and PIIX chips of `pc-1.0`, and what they make of memory below 1 MiB, of PCI's interrupts and of the processor's A20 pin. */
import type { IrqLine } from '../core/irq.ts';
import { PciConfigPorts } from '../hw/pci/config-ports.ts';
import { type BridgeMemory, I440fx, PAM_SEGMENTS } from '../hw/pci/i440fx.ts';
import { PciBus } from '../hw/pci/pci-bus.ts';
import { Piix3 } from '../hw/pci/piix3.ts';
import { PM_TIMER_OFFSET, Piix4Pm } from '../hw/pci/piix4-pm.ts';
import type { A20Gate } from '../hw/misc/port92.ts';
import * as L from '../memory/layout.gen.ts';
import { pciAddressLatch, pciConfigPlace } from '../memory/pci-config.ts';
import type { MappedAs, MovableRegion, RegionTable, ShadowedMemory } from '../memory/region-table.ts';
import type { MemorySlot } from '../memory/slots.ts';
import type { VmMemory } from '../memory/vm-memory.ts';
import type { BoardEnv } from './board.ts';
import type { PortWrite } from './boot/pc-reset-vector.ts';
import { PC_DEVFN, PC_IRQ, PC_MAP, PC_PORTS } from './pc-map.ts';
import { deliverMessage } from './pc-msi.ts';
import type { Wiring } from './wiring.ts';

const ISA_LINES = 16;
const PAM_SMALL = 0x4000;
const PAM_BIOS = 0xf0000;
/** The bit of an address that a masked A20 line forces to 0. */
const A20 = 1 << 20;
/** VM_X86_EVENTS: a system management interrupt. */
const EVENT_SMI = 2;

export interface Chipset {
  bus: PciBus;
  pm: Piix4Pm;
}

/** Builds the chips and their PCI bus. */
export function attachChipset(env: BoardEnv | Omit<BoardEnv, 'images'>, wiring: Wiring): Chipset {
  const { vm, clock, timers, power, log } = env;
  const irqs: IrqLine[] = Array.from({ length: ISA_LINES }, (_, line) => wiring.irq(line));
  const isaBridge = new Piix3({ irqs, reset: () => power.reset() });
  const bus = new PciBus({
    // Slot 1's INTA is PIRQA; each further slot starts one line later (QEMU 7.2, hw/pci-host/i440fx.c).
    swizzle: (slot, pin) => (slot + pin + 3) & 3,
    route: (line, level) => isaBridge.setPirq(line, level),
    message: (address, data) => deliverMessage(vm, log, address, data),
    place: (devfn) => pciConfigPlace(vm, devfn),
  });
  const ports = [PC_PORTS.pciConfigAddress, PC_PORTS.pciConfigData];
  wiring.attach(
    ports.map((port) => L.IO_PORT_BASE + port),
    () => new PciConfigPorts({ bus, latch: pciAddressLatch(vm) }),
  );
  const memory = new PcMemory(vm, wiring.table);
  wiring.attachPci(bus, PC_DEVFN.hostBridge, [], new I440fx({ memory }));
  // Its reset port lies within the address port, and wins there.
  wiring.attachPci(bus, PC_DEVFN.isaBridge, [PC_PORTS.resetControl], isaBridge);
  const smi = (): void => {
    Atomics.or(vm.i32, L.VM_X86_EVENTS >> 2, EVENT_SMI);
    vm.kick(0);
  };
  const pm = new Piix4Pm({ sci: wiring.irq(PC_IRQ.sci), clock, timers, power, smi, log });
  const timer: { region: MovableRegion | null } = { region: null };
  wiring.attachPci(bus, PC_DEVFN.powerManagement, [PC_PORTS.apm, PC_PORTS.gpe], pm, (_, base) => {
    timer.region?.move(base === null ? null : base + PM_TIMER_OFFSET);
  });
  // Added after the block that it lies in, so that it wins there.
  timer.region = wiring.table.addLocal(null, 4, L.LOCAL_PM_TIMER);
  return { bus, pm };
}

/** The writes that set a register of PCI's configuration space. */
function config(devfn: number, offset: number, size: 1 | 2 | 4, value: number): PortWrite[] {
  return [
    { port: PC_PORTS.pciConfigAddress, size: 4, value: (0x8000_0000 | (devfn << 8) | (offset & ~3)) >>> 0 },
    { port: PC_PORTS.pciConfigData + (offset & 3), size, value },
  ];
}

/** What firmware leaves in the chipset for a kernel; as SeaBIOS, where it matters. */
export function firmwareWrites(): PortWrite[] {
  const { hostBridge, isaBridge, ide, powerManagement } = PC_DEVFN;
  const [a, b, c, d] = PC_IRQ.pci;
  return [
    // The BIOS segment is read-only RAM, and so is what lies below it.
    ...config(hostBridge, 0x58, 4, 0x11111000),
    ...config(hostBridge, 0x5c, 4, 0x11111111),
    ...config(isaBridge, 0x60, 4, a | (b << 8) | (c << 16) | (d << 24)),
    // Both IDE channels are on, and the bus master has its place.
    ...config(ide, 0x40, 4, 0x80008000),
    ...config(ide, 0x20, 4, PC_PORTS.ideBusMaster),
    ...config(ide, 0x04, 2, 0x0005),
    ...config(powerManagement, 0x40, 4, PC_PORTS.pm | 1),
    ...config(powerManagement, 0x80, 1, 1),
    ...config(powerManagement, 0x3c, 1, PC_IRQ.sci),
    // Lines 9, 10 and 11, ACPI's and PCI's, are level-triggered.
    { port: PC_PORTS.elcr.base + 1, size: 1, value: 0x0e },
    { port: PC_PORTS.keyboardCommand, size: 1, value: WRITE_KEYBOARD_MODE },
    { port: PC_PORTS.keyboardData, size: 1, value: KEYBOARD_MODE },
  ];
}

/** The keyboard controller's mode as SeaBIOS leaves it: scan codes translated to set 1, the mouse off, IRQ 1 for keys. */
const KEYBOARD_MODE = 0x61;
const WRITE_KEYBOARD_MODE = 0x60;

/** Memory between 640 KiB and 1 MiB as the host bridge shows it. */
class PcMemory implements BridgeMemory {
  private readonly segments: ShadowedMemory[];
  private readonly pamRam: MemorySlot;
  private readonly rom: MemorySlot;
  private readonly smramSlot: MemorySlot;
  private readonly window: ShadowedMemory;
  private readonly smmWindow: ShadowedMemory;

  constructor(vm: VmMemory, table: RegionTable) {
    const slot = (name: string): MemorySlot => vm.slots.find((one) => one.name === name)!;
    this.pamRam = slot('ram.pam');
    this.rom = slot('rom');
    this.smramSlot = slot('smram');
    this.segments = Array.from({ length: PAM_SEGMENTS }, (_, segment) => {
      const { base, size } = segmentPlace(segment);
      return table.addMemory(base, size);
    });
    this.window = table.addMemory(PC_MAP.vga.base, PC_MAP.vga.size);
    this.smmWindow = table.addMemory(L.SMRAM_ALIAS + PC_MAP.vga.base, PC_MAP.vga.size);
  }

  pam(segment: number, readsRam: boolean, writesRam: boolean): void {
    this.segments[segment].show(this.segmentMemory(segment, readsRam, writesRam));
  }

  /** Reads from PCI with writes to RAM are taken as RAM, as in QEMU: firmware uses this state only on its way to copy itself. */
  private segmentMemory(segment: number, readsRam: boolean, writesRam: boolean): MappedAs {
    const { base } = segmentPlace(segment);
    const linear = this.pamRam.linear + base - PC_MAP.pam.base;
    if (writesRam) return { kind: 'ram', linear };
    if (readsRam) return { kind: 'rom', linear };
    if (base < PC_MAP.isaRom.base) return null;
    return {
      kind: 'rom',
      linear: this.rom.linear + this.rom.size - PC_MAP.isaRom.size + base - PC_MAP.isaRom.base,
    };
  }

  smram(open: boolean, enabled: boolean): void {
    const shown: MappedAs = { kind: 'ram', linear: this.smramSlot.linear };
    this.window.show(open ? shown : null);
    this.smmWindow.show(open || enabled ? shown : null);
  }
}

function segmentPlace(segment: number): { base: number; size: number } {
  if (segment === 0) return { base: PAM_BIOS, size: 0x10000 };
  return { base: PC_MAP.pam.base + (segment - 1) * PAM_SMALL, size: PAM_SMALL };
}

/** The processor's A20 pin, as a word of the shared memory. */
export class SharedA20 implements A20Gate {
  private readonly vm: VmMemory;
  private readonly listeners: (() => void)[] = [];

  constructor(vm: VmMemory) {
    this.vm = vm;
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  get enabled(): boolean {
    return this.vm.load(L.VM_A20_FORCED) === 0;
  }

  set enabled(on: boolean) {
    if (on === this.enabled) return;
    this.vm.store(L.VM_A20_FORCED, on ? 0 : A20);
    this.vm.mapChanged();
    for (const listener of this.listeners) listener();
  }
}
