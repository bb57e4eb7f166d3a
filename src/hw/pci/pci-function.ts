/**
 * What PCI functions have in common: identity, base address registers, the interrupt pin.
 * Specification: PCI Local Bus Specification 3.0, sections 6.2 (configuration space) and 2.2.6 (interrupts).
 */
import type { IrqLine } from '../../core/irq.ts';
import type { MovableRegion } from '../../memory/region-table.ts';
import { type Device, type MmioRegion, type SavedState, type ShadowPort, StateReader } from '../device.ts';
import * as C from './config-space.ts';

const BAR_COUNT = 6;
const BAR_IO = 0x01;
const BAR_64 = 0x04;
const BAR_PREFETCHABLE = 0x08;
const ROM_ENABLE = 0x01;
const IO_LIMIT = 0x10000;

export type PciSpace = 'io' | 'memory';

export interface PciIdentity {
  vendor: number;
  device: number;
  revision: number;
  /** Class, subclass and programming interface: 0x060000 is a host bridge. */
  classCode: number;
  subsystemVendor: number;
  subsystem: number;
  /** Its device has other functions too. */
  multifunction?: boolean;
  /** 1 to 4 for INTA to INTD; 0 or absent: none. */
  interruptPin?: number;
}

export interface PciBarSpec {
  /** 0 to 5. */
  index: number;
  space: PciSpace;
  /** Bytes, a power of two: at least 4 for I/O, 16 for memory. */
  size: number;
  prefetchable?: boolean;
  /** A memory BAR of 64 bits, which takes the next index too. */
  is64?: boolean;
}

/** A block of the function's registers, or a memory slot by its name, and where the guest sees it. */
export type PciWindow =
  | { region: MmioRegion; space: PciSpace }
  | { slot: string; kind: 'ram' | 'rom'; space: 'memory' };

/** Takes interrupts that are writes of 32 bits: the processor's side of a bus. */
export type MessageSink = (address: number, data: number) => void;

/** What a function is connected to. */
export interface PciSlot {
  /** Its interrupt pin's line. */
  intx: IrqLine;
  /** Where the shadow registers of each of its fixed blocks are published, in their order. */
  shadows?: readonly ShadowPort[];
  /** Writes a message (MSI, MSI-X) to the bus; absent: nothing there takes messages. */
  message?: MessageSink;
  /** A place for each of its windows, in their order; the guest moves them. Those of registers take shadows too. */
  places: readonly (MovableRegion & Partial<ShadowPort>)[];
}

const VERSION = 1;

export abstract class PciFunction implements Device {
  abstract readonly name: string;
  readonly config = new C.PciConfigSpace();
  /** Registers that the guest gives a place, by BARs or otherwise. */
  readonly windows: PciWindow[] = [];
  /** Registers that are always at the same place. */
  readonly fixed: readonly MmioRegion[] = [];
  private readonly bars: (PciBarSpec & { window: number; offset: number })[] = [];
  private rom: { size: number; window: number } | null = null;
  private slot: PciSlot | null = null;
  private pinLevel = false;

  constructor(identity: PciIdentity) {
    const { config } = this;
    config.define(C.VENDOR_ID, 2, identity.vendor);
    config.define(C.DEVICE_ID, 2, identity.device);
    config.define(C.REVISION_ID, 1, identity.revision);
    config.define(C.CLASS_CODE, 3, identity.classCode);
    config.define(C.HEADER_TYPE, 1, identity.multifunction ? 0x80 : 0);
    config.define(C.SUBSYSTEM_VENDOR_ID, 2, identity.subsystemVendor);
    config.define(C.SUBSYSTEM_ID, 2, identity.subsystem);
    config.define(C.INTERRUPT_PIN, 1, identity.interruptPin ?? 0);
    const command =
      C.COMMAND_IO | C.COMMAND_MEMORY | C.COMMAND_MASTER | C.COMMAND_SERR | C.COMMAND_INTX_DISABLE;
    config.allow(C.COMMAND, 2, command);
    // Errors that were signalled; this bus never does.
    config.allow(C.STATUS, 2, 0xf900, 'clear');
    config.allow(C.CACHE_LINE_SIZE, 1, 0xff);
    config.allow(C.INTERRUPT_LINE, 1, 0xff);
    config.mark(C.CACHE_LINE_SIZE, 1, 'plain');
    config.mark(C.INTERRUPT_LINE, 1, 'plain');
    config.mark(C.BAR_0, 4 * BAR_COUNT, 'place');
    config.mark(C.ROM_BAR, 4, 'place');
  }

  get regions(): readonly MmioRegion[] {
    return [...this.fixed, ...this.windows.flatMap((window) => ('region' in window ? window.region : []))];
  }

  /** Adds registers that appear where `bar` says. Before the machine starts. */
  protected addBar(bar: PciBarSpec, region: MmioRegion): void {
    this.addWindow(bar, { region, space: bar.space });
  }

  /** As `addBar`, for memory: the guest reaches the slot itself. */
  protected addMemoryBar(bar: Omit<PciBarSpec, 'space'>, slot: string): void {
    this.addWindow({ ...bar, space: 'memory' }, { slot, kind: 'ram', space: 'memory' });
  }

  /** Adds an expansion ROM: a slot of `size` bytes, a power of two of at least 2048. */
  protected addRom(size: number, slot: string): void {
    this.config.allow(C.ROM_BAR, 4, 2 ** 32 - size + ROM_ENABLE);
    this.rom = { size, window: this.windows.length };
    this.windows.push({ slot, kind: 'rom', space: 'memory' });
  }

  /** As `addBar`, for several blocks of registers, each at its own offset. */
  protected addBarParts(bar: PciBarSpec, parts: readonly { offset: number; region: MmioRegion }[]): void {
    parts.forEach(({ offset, region }) => this.addWindow(bar, { region, space: bar.space }, offset));
  }

  private addWindow(bar: PciBarSpec, window: PciWindow, offset = 0): void {
    const { config } = this;
    const at = C.BAR_0 + 4 * bar.index;
    if (bar.index + (bar.is64 ? 2 : 1) > BAR_COUNT) throw new RangeError(`there is no BAR ${bar.index}`);
    const flags =
      bar.space === 'io' ? BAR_IO : (bar.is64 ? BAR_64 : 0) | (bar.prefetchable ? BAR_PREFETCHABLE : 0);
    config.define(at, 4, flags);
    config.allow(at, 4, 2 ** 32 - bar.size);
    if (bar.is64) config.allow(at + 4, 4, 0xffff_ffff);
    this.bars.push({ ...bar, window: this.windows.length, offset });
    this.windows.push(window);
  }

  /** Connects the function: it maps its windows from then on. */
  connect(slot: PciSlot): void {
    this.slot = slot;
    this.configChanged();
  }

  /** Moves window `index` to an address of its space, or nowhere. */
  protected place(index: number, address: number | null): void {
    this.slot?.places[index].move(address);
  }

  /** Publishes a shadow register of fixed block `index`; from `configChanged` on, which the connection begins with. */
  protected publish(index: number, offset: number, value: number | null): void {
    this.slot?.shadows?.[index].publish(offset, value);
  }

  /** The same for the registers in window `index`. */
  protected publishWindow(index: number, offset: number, value: number | null): void {
    this.slot?.places[index].publish?.(offset, value);
  }

  /** Writes a message, if the function may master the bus. */
  protected sendMessage(address: number, data: number): void {
    if (this.config.get(C.COMMAND, 2) & C.COMMAND_MASTER) this.slot?.message?.(address, data);
  }

  /** Drives the interrupt pin. */
  protected setIntx(level: boolean): void {
    this.pinLevel = level;
    const { config } = this;
    const status = config.get(C.STATUS, 2) & ~C.STATUS_INTERRUPT;
    config.set(C.STATUS, 2, status | (level ? C.STATUS_INTERRUPT : 0));
    this.slot?.intx.set(level && (config.get(C.COMMAND, 2) & C.COMMAND_INTX_DISABLE) === 0);
  }

  configRead(offset: number, size: number): number {
    return this.config.get(offset, size);
  }

  /** A write of the guest, which waits in an exit: the memory map may change. */
  configWrite(offset: number, size: number, value: number): void {
    this.config.write(offset, size, value);
    this.configChanged();
  }

  /** The configuration space is another one, by a write, a reset or a restore: puts windows and interrupts where it says. */
  protected configChanged(): void {
    this.mapWindows();
    this.setIntx(this.pinLevel);
  }

  private mapWindows(): void {
    for (const bar of this.bars) {
      const address = this.barAddress(bar);
      this.place(bar.window, address === null ? null : address + bar.offset);
    }
    if (this.rom) this.place(this.rom.window, this.romAddress(this.rom.size));
  }

  /** Where the ROM's own register puts it (3.0, section 6.2.5.2). */
  private romAddress(size: number): number | null {
    const value = this.config.get(C.ROM_BAR, 4);
    const address = value - (value % size);
    const enabled = value & ROM_ENABLE && this.config.get(C.COMMAND, 2) & C.COMMAND_MEMORY;
    return enabled && address !== 0 && address + size <= 2 ** 32 - 1 ? address : null;
  }

  /** Where a BAR puts its window; null while decoding is off, or for an address with no room behind it. */
  private barAddress({ index, space, size, is64 }: PciBarSpec): number | null {
    const { config } = this;
    const enabled = config.get(C.COMMAND, 2) & (space === 'io' ? C.COMMAND_IO : C.COMMAND_MEMORY);
    const at = C.BAR_0 + 4 * index;
    const low = config.get(at, 4);
    const address = low - (low % size) + (is64 ? config.get(at + 4, 4) * 2 ** 32 : 0);
    if (!enabled || address === 0) return null;
    const limit = space === 'io' ? IO_LIMIT : is64 ? 2 ** 48 : 2 ** 32 - 1;
    return address + size <= limit ? address : null;
  }

  reset(): void {
    this.config.reset();
    this.pinLevel = false;
    this.configChanged();
  }

  save(): SavedState {
    return { version: VERSION, pinLevel: this.pinLevel, config: this.config.save() };
  }

  protected reader(state: SavedState): StateReader {
    return new StateReader(this.name, VERSION, state);
  }

  restore(state: SavedState): void {
    const reader = this.reader(state);
    const config = reader.bytes('config', C.CONFIG_BYTES);
    const pinLevel = reader.bool('pinLevel');
    if (config.length !== C.CONFIG_BYTES) throw reader.error('config', `${C.CONFIG_BYTES} bytes`);
    if (config.slice(0, 4).some((byte, i) => byte !== this.config.get(i, 1)))
      throw reader.error('config', 'of the same device');
    this.config.restore(config);
    this.pinLevel = pinLevel;
    this.configChanged();
  }
}
