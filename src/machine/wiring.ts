import type { IrqLine } from '../core/irq.ts';
import type { Device, IrqLatch, MmioRegion, ShadowPort } from '../hw/device.ts';
import { INTERRUPT_PIN } from '../hw/pci/config-space.ts';
import type { PciBus } from '../hw/pci/pci-bus.ts';
import type { PciFunction } from '../hw/pci/pci-function.ts';
import { IO_PORT_BASE } from '../memory/layout.gen.ts';
import { type MovableRegion, type PlacedReach, RegionTable } from '../memory/region-table.ts';
import type { MemorySlot } from '../memory/slots.ts';
import type { VmMemory } from '../memory/vm-memory.ts';

/** What connects a board's devices to the vCPUs: the memory map, shadow registers, doorbells, IRQ lines. */
export class Wiring {
  readonly table: RegionTable;
  readonly devices: Device[] = [];
  /** Register blocks by device number. */
  readonly regions: MmioRegion[] = [];
  readonly doorbells: { device: Device; offset: number; value: number }[] = [];
  private readonly vm: VmMemory;
  /** Who holds each line high, by line. */
  private readonly holders = new Map<number, Set<object>>();

  constructor(vm: VmMemory) {
    this.vm = vm;
    this.table = new RegionTable(vm);
  }

  /**
   * Builds a device and maps its regions, each at its own base (null: nowhere yet). Shadow registers are those of its
   * first region.
   * @param places filled with the places of its regions
   */
  attach<D extends Device>(
    bases: readonly (number | null)[],
    create: (shadow: ShadowPort) => D,
    places: PlacedReach[] = [],
  ): D {
    // The device publishes its first shadows from its constructor, before its registers have a place.
    const early = new Map<number, number | null>();
    const first: { placed: PlacedReach | null } = { placed: null };
    const device = create({
      publish: (offset, value) => {
        if (first.placed) first.placed.publish(offset, value);
        else early.set(offset, value);
      },
    });
    device.regions.forEach((region, i) => {
      const placed = this.place(device, region, bases[i]);
      places.push(placed);
      first.placed ??= placed;
    });
    for (const [offset, value] of early) first.placed?.publish(offset, value);
    this.devices.push(device);
    return device;
  }

  /**
   * Builds a device with one region, whose interrupt status is a latch on IRQ line `line`, and maps it.
   * @param acknowledge offset of the region's `acknowledge` register
   */
  attachLatched<D extends Device>(
    base: number,
    line: number,
    acknowledge: number,
    create: (shadow: ShadowPort, latch: IrqLatch) => D,
  ): D {
    // The latch lies in the reach table, which is made after the device.
    const placed: { latch: IrqLatch | null } = { latch: null };
    const latch: IrqLatch = {
      get bits() {
        return placed.latch?.bits ?? 0;
      },
      raise: (bits) => placed.latch?.raise(bits),
      acknowledge: (bits) => placed.latch?.acknowledge(bits),
    };
    const places: PlacedReach[] = [];
    const device = this.attach([base], (shadow) => create(shadow, latch), places);
    placed.latch = places[0].latch(acknowledge, line);
    return device;
  }

  /**
   * Puts a function on a PCI bus, its fixed registers at I/O ports, its windows where the guest moves them.
   * @param devfn slot * 8 + function
   * @param along told where the guest moved a window, by its number
   */
  attachPci<F extends PciFunction>(
    bus: PciBus,
    devfn: number,
    ports: readonly number[],
    device: F,
    along?: (window: number, base: number | null) => void,
  ): F {
    const shadows = device.fixed.map((region, i) => this.place(device, region, IO_PORT_BASE + ports[i]));
    const places = device.windows.map((window, i): MovableRegion & Partial<ShadowPort> => {
      const placed: MovableRegion & Partial<ShadowPort> =
        'region' in window
          ? this.place(device, window.region, null)
          : this.table.addMovable(this.slot(window.slot), window.kind);
      const origin = window.space === 'io' ? IO_PORT_BASE : 0;
      return {
        ...(placed.publish && { publish: placed.publish }),
        move: (address) => {
          const base = address === null ? null : origin + address;
          placed.move(base);
          along?.(i, base);
        },
      };
    });
    const pin = device.config.get(INTERRUPT_PIN, 1);
    const intx = pin === 0 ? UNCONNECTED : bus.intx(devfn, pin - 1);
    bus.add(devfn, device);
    device.connect({ intx, shadows, places, ...(bus.message && { message: bus.message }) });
    this.devices.push(device);
    return device;
  }

  /** The memory slot of this name. */
  slot(name: string): MemorySlot {
    const slot = this.vm.slots.find((one) => one.name === name);
    if (!slot) throw new RangeError(`the machine has no memory slot "${name}"`);
    return slot;
  }

  /** Maps one more block of registers of a device. */
  place(device: Device, region: MmioRegion, base: number | null): PlacedReach {
    const byName = new Map(region.registers.map((register) => [register.name, register.offset]));
    const placed = this.table.addMmio(base, this.regions.length, {
      ...region,
      registers: region.registers.map((register) => ({
        ...register,
        stale: register.stale?.map((name) => byName.get(name)!),
        ...(register.acknowledges !== undefined && { status: byName.get(register.acknowledges)! }),
      })),
    });
    for (const [offset, { first, count }] of placed.doorbells) {
      for (let value = 0; value < count; value++) this.doorbells[first + value] = { device, offset, value };
    }
    this.regions.push(region);
    return placed;
  }

  /** One device's end of a line, which is high while any of its devices drives it. */
  irq(line: number): IrqLine {
    let holders = this.holders.get(line);
    if (!holders) this.holders.set(line, (holders = new Set()));
    const all = holders;
    const self = {};
    return {
      set: (level) => {
        if (level) all.add(self);
        else all.delete(self);
        this.vm.setIrq(line, all.size > 0);
      },
    };
  }
}

const UNCONNECTED: IrqLine = { set() {} };
