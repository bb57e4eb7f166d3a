/** A PCI bus: functions by their place, and their interrupt pins wired together. */
import type { IrqLine } from '../../core/irq.ts';
import type { PciConfigPlace } from '../../memory/pci-config.ts';
import type { MessageSink, PciFunction } from './pci-function.ts';

/** Interrupt lines from the bus to the chipset. */
const LINES = 4;

export class PciBus {
  private readonly functions = new Map<number, PciFunction>();
  private readonly holders: Set<number>[] = Array.from({ length: LINES }, () => new Set());
  private readonly route: (line: number, level: boolean) => void;
  /** Takes messages; null: interrupts are lines only. */
  readonly message: MessageSink | null;
  private readonly swizzle: (slot: number, pin: number) => number;
  private readonly place: ((devfn: number) => PciConfigPlace) | null;

  /**
   * @param options.swizzle line, 0 to 3, that pin (0 is INTA) of a slot is wired to
   * @param options.route drives one of the four lines
   * @param options.message takes what functions write as interrupts; absent: they have lines only
   * @param options.place where a function's configuration space is to lie, for the vCPU to answer for it; absent: the page answers alone
   */
  constructor(options: {
    swizzle: (slot: number, pin: number) => number;
    route: (line: number, level: boolean) => void;
    message?: MessageSink;
    place?: (devfn: number) => PciConfigPlace;
  }) {
    this.place = options.place ?? null;
    this.message = options.message ?? null;
    this.swizzle = options.swizzle;
    this.route = options.route;
  }

  /** @param devfn slot * 8 + function */
  add(devfn: number, pciFunction: PciFunction): void {
    if (this.functions.has(devfn)) throw new RangeError(`PCI place ${devfn} is taken`);
    this.functions.set(devfn, pciFunction);
    if (this.place) pciFunction.config.share(this.place(devfn));
  }

  at(devfn: number): PciFunction | undefined {
    return this.functions.get(devfn);
  }

  /** The first slot from `from` on that is free in all its functions; null: none is. */
  freeSlot(from: number): number | null {
    for (let slot = from; slot < 32; slot++) {
      if ([0, 1, 2, 3, 4, 5, 6, 7].every((fn) => !this.functions.has(slot * 8 + fn))) return slot;
    }
    return null;
  }

  /** The line of a function's pin (0 is INTA). Lines are shared: each is high while any pin drives it. */
  intx(devfn: number, pin: number): IrqLine {
    const line = this.swizzle(devfn >> 3, pin);
    const holders = this.holders[line];
    return {
      set: (level) => {
        const before = holders.size > 0;
        if (level) holders.add(devfn);
        else holders.delete(devfn);
        const after = holders.size > 0;
        if (before !== after) this.route(line, after);
      },
    };
  }
}
