/**
 * ISA bridge of the PIIX3: routes PCI's interrupts to ISA's, and resets the machine (port 0xCF9).
 * Specification: Intel 82371SB (PIIX3) datasheet, sections 2.2.7 (PIRQ route control) and 2.5.6 (reset control). The other registers
 * keep what is written to them and do nothing.
 */
import type { IrqLine } from '../../core/irq.ts';
import type { MmioRegion, SavedState } from '../device.ts';
import * as C from './config-space.ts';
import { PciFunction } from './pci-function.ts';

const PIRQ_ROUTE = 0x60;
const ROUTE_OFF = 0x80;
const PIRQ_LINES = 4;

const RESET_CPU = 0x04;
const RESET_HARD = 0x02;

export class Piix3 extends PciFunction {
  readonly name = 'piix3';
  /** The reset control register, port 0xcf9. */
  override readonly fixed: readonly MmioRegion[];
  private readonly irqs: readonly IrqLine[];
  private readonly levels = [false, false, false, false];
  private resetControl = 0;

  /** @param options.irqs this bridge's end of ISA's 16 lines */
  constructor(options: { irqs: readonly IrqLine[]; reset: () => void }) {
    super({
      vendor: 0x8086,
      device: 0x7000,
      revision: 0,
      classCode: 0x060100,
      subsystemVendor: 0x1af4,
      subsystem: 0x1100,
      multifunction: true,
    });
    this.irqs = options.irqs;
    const { config } = this;
    for (let at = C.HEADER_END; at < C.CONFIG_BYTES; at++) config.allow(at, 1, 0xff);
    // Medium DEVSEL#, and the reset values of the datasheet that are not 0.
    config.define(C.STATUS, 2, 0x0200);
    for (const [at, value] of [
      [0x4c, 0x4d],
      [0x4e, 0x03],
      [0x60, 0x80],
      [0x61, 0x80],
      [0x62, 0x80],
      [0x63, 0x80],
      [0x69, 0x02],
      [0x70, 0x80],
      [0x76, 0x0c],
      [0x77, 0x0c],
      [0x78, 0x02],
      [0xa0, 0x08],
      [0xa8, 0x0f],
    ]) {
      config.define(at, 1, value);
    }
    this.fixed = [
      {
        name: 'reset-control',
        size: 1,
        accessMin: 1,
        accessMax: 1,
        spacing: 1,
        registers: [{ offset: 0, name: 'RCR', read: 'exit', write: 'exit' }],
        read: () => this.resetControl,
        write: (_offset, _size, value) => {
          this.resetControl = value & RESET_HARD;
          if (value & RESET_CPU) options.reset();
        },
      },
    ];
  }

  /** Drives PIRQA# to PIRQD#, 0 to 3. */
  setPirq(line: number, level: boolean): void {
    this.levels[line] = level;
    this.updateIrqs();
  }

  private updateIrqs(): void {
    let high = 0;
    for (let line = 0; line < PIRQ_LINES; line++) {
      const route = this.config.get(PIRQ_ROUTE + line, 1);
      if (this.levels[line] && !(route & ROUTE_OFF)) high |= 1 << (route & 15);
    }
    this.irqs.forEach((irq, i) => void irq.set((high & (1 << i)) !== 0));
  }

  protected override configChanged(): void {
    super.configChanged();
    this.updateIrqs();
  }

  override reset(): void {
    this.resetControl = 0;
    super.reset();
  }

  override save(): SavedState {
    return { ...super.save(), resetControl: this.resetControl, levels: this.levels.map(Number) };
  }

  override restore(state: SavedState): void {
    const reader = this.reader(state);
    const resetControl = reader.uint('resetControl', 8);
    const levels = reader.bytes('levels', PIRQ_LINES);
    if (levels.length !== PIRQ_LINES || levels.some((level) => level > 1))
      throw reader.error('levels', 'four bits');
    super.restore(state);
    this.resetControl = resetControl;
    levels.forEach((level, line) => {
      this.levels[line] = level === 1;
    });
    this.updateIrqs();
  }
}
