import {
  CONFIG_ADDRESS,
  CONFIG_DATA,
  CONFIG_ECAM,
  REACH_ACK_LINE,
  REACH_ACK_STATUS,
  REACH_ACKNOWLEDGE,
  REACH_DECISIVE,
  REACH_DEFERRED,
  REACH_DEFERRED_WIDTH,
  REACH_DOORBELL,
  REACH_DOORBELL_COUNT,
  REACH_DOORBELL_FIRST,
  REACH_EXIT,
  REACH_POSTED,
  REACH_READ,
  REACH_SHADOW,
  REACH_SHADOW_VALUE,
  REACH_STALE_MASK,
  REACH_STRIDE,
  REACH_TABLES,
  REACH_TABLES_END,
  REACH_WRITE,
  DOORBELL_COUNT,
  REGION_BASE,
  REGION_CONFIG,
  REGION_DEVICE,
  REGION_KIND,
  REGION_KIND_FLASH,
  REGION_KIND_LOCAL,
  REGION_KIND_MMIO,
  REGION_KIND_RAM,
  REGION_KIND_ROM,
  REGION_LINEAR,
  REGION_MAX,
  REGION_REACH,
  REGION_REACH_COUNT,
  REGION_SIZE,
  REGION_SPACING,
  REGION_STRIDE,
  REGION_TABLE,
  VM_ICOUNT_SHIFT,
  VM_REGION_COUNT,
} from './layout.gen.ts';
import { IrqLatch } from './irq-latch.ts';
import type { MemorySlot } from './slots.ts';
import type { VmMemory } from './vm-memory.ts';

/** How the vCPU reaches one register; the layout's reach record in words. */
export interface RegisterReach {
  /** Byte offset in the region, a multiple of the spacing. */
  offset: number;
  read: 'shadow' | 'exit';
  /** Of a shadow, until another one is published. */
  value?: number;
  write: 'posted' | 'deferred' | 'doorbell' | 'acknowledge' | 'exit';
  /** Of `deferred`: bits whose change makes a write an exit, and the widest write in bytes that is none (absent: the spacing). */
  decisive?: number;
  width?: number;
  /** Offsets of registers that a posted or deferred write makes stale. */
  stale?: readonly number[];
  /** Number of doorbells: value v rings number min(v, count - 1). */
  doorbells?: number;
  /** Offset of the status register that an `acknowledge` register clears bits of. */
  status?: number;
}

const CONFIG_KINDS = { address: CONFIG_ADDRESS, data: CONFIG_DATA, ecam: CONFIG_ECAM } as const;
/** CONFIG_ADDRESS or CONFIG_DATA of a PC, or PCI Express's memory from bus 0 on. */
export type PciConfigAccess = keyof typeof CONFIG_KINDS;

/** What the vCPU must know of a device's registers. */
export interface RegionReach {
  size: number;
  accessMin: number;
  accessMax: number;
  /** Distance of registers in bytes, a power of two. */
  spacing: number;
  registers: readonly RegisterReach[];
  /** The vCPU answers what it can from PCI_CONFIG. */
  config?: PciConfigAccess;
}

/** What a guest-physical range leads to. */
export type MappedAs =
  | { kind: 'ram' | 'rom'; linear: number }
  /** Nobody answers, or an earlier region does. */
  | null;

/** A region whose place the guest can change: a BAR, or a window of the chipset. */
export interface MovableRegion {
  /** Puts it at a guest-physical address, or nowhere. The vCPUs must be stopped, or in an exit. */
  move(base: number | null): void;
}

/** A range of guest-physical addresses whose memory the guest can exchange. */
export interface ShadowedMemory {
  /** The vCPUs must be stopped, or in an exit. */
  show(as: MappedAs): void;
}

/** Where a region's registers went: what the page needs to publish shadows and to dispatch doorbells. */
export interface PlacedReach extends MovableRegion {
  /** Publishes the shadow of the register at `offset`; null: a read has a side effect just now, so it must be an exit. */
  publish(offset: number, value: number | null): void;
  /** The guest's reads find the memory at `linear`, and only its writes reach the device; null: both do. The vCPUs must be stopped, or in an exit. */
  showMemory(linear: number | null): void;
  /**
   * The latch behind the `acknowledge` register at `offset`: its status register is a shadow that the vCPU clears bits of.
   * @param line the IRQ line, which nothing else drives
   */
  latch(offset: number, line: number): IrqLatch;
  /** First doorbell number and count for each register with doorbells, by register offset. */
  doorbells: ReadonlyMap<number, { first: number; count: number }>;
}

/** Stale masks have 64 bits. */
const STALE_REGISTERS = 64;

/** Fills in the machine's region table and reach tables (layout.ts). Overlapping regions: the later entry wins. */
export class RegionTable {
  private readonly vm: VmMemory;
  /**
   * Under -icount every write is an exit: the page handles a posted one at some later instruction, and an interrupt that
   * follows from it would come at another one in each run.
   */
  private readonly repeatable: boolean;
  private count = 0;
  private reachEnd = REACH_TABLES;
  private doorbellEnd = 0;

  constructor(vm: VmMemory) {
    this.vm = vm;
    this.repeatable = vm.load(VM_ICOUNT_SHIFT) >= 0;
  }

  /** Maps a slot where it belongs; one without a place is not mapped. */
  addSlot(slot: MemorySlot): void {
    if (slot.guestBase === null) return;
    const kind = slot.kind === 'ram' ? REGION_KIND_RAM : REGION_KIND_ROM;
    this.addEntry(slot.guestBase, slot.size, kind, slot.linear);
  }

  /** A part of a slot, at another place or under other rules than the slot itself. */
  addMemory(base: number, size: number): ShadowedMemory {
    const entry = this.addEntry(base, 0, REGION_KIND_RAM, 0);
    return {
      show: (as) => {
        const { view } = this.vm;
        const linear = as?.linear ?? 0;
        const kind = as?.kind === 'rom' ? REGION_KIND_ROM : REGION_KIND_RAM;
        const shown = BigInt(as === null ? 0 : size);
        if (
          view.getBigUint64(entry + REGION_SIZE, true) === shown &&
          view.getUint32(entry + REGION_LINEAR, true) === linear &&
          view.getUint32(entry + REGION_KIND, true) === kind
        )
          return;
        view.setBigUint64(entry + REGION_SIZE, shown, true);
        view.setUint32(entry + REGION_KIND, kind, true);
        view.setUint32(entry + REGION_LINEAR, linear, true);
        this.vm.mapChanged();
      },
    };
  }

  /** A whole slot that the guest moves; nowhere yet. */
  addMovable(slot: MemorySlot, kind: 'ram' | 'rom'): MovableRegion {
    const entry = this.addEntry(0, 0, kind === 'ram' ? REGION_KIND_RAM : REGION_KIND_ROM, slot.linear);
    return { move: (to) => this.move(entry, to, slot.size) };
  }

  /**
   * @param base null: nowhere yet
   * @param local LOCAL_*: which device of the worker answers
   */
  addLocal(base: number | null, size: number, local: number): MovableRegion {
    const entry = this.addEntry(base ?? 0, base === null ? 0 : size, REGION_KIND_LOCAL, local);
    return { move: (to) => this.move(entry, to, size) };
  }

  /**
   * @param base null: nowhere yet
   * @param device number that exits and ring entries carry
   */
  addMmio(base: number | null, device: number, reach: RegionReach): PlacedReach {
    const { view } = this.vm;
    const { spacing } = reach;
    const records = 1 + Math.max(-1, ...reach.registers.map((r) => r.offset / spacing));
    const table = this.reachEnd;
    this.reachEnd += records * REACH_STRIDE;
    if (this.reachEnd > REACH_TABLES_END) throw new RangeError('reach tables are full');
    const record = (offset: number): number => table + (offset / spacing) * REACH_STRIDE;
    const doorbells = new Map<number, { first: number; count: number }>();
    for (const register of reach.registers) {
      const at = record(register.offset);
      view.setUint8(at + REACH_READ, register.read === 'shadow' ? REACH_SHADOW : REACH_EXIT);
      view.setUint8(at + REACH_WRITE, this.repeatable ? REACH_EXIT : writeKind(register));
      if (register.value) view.setBigUint64(at + REACH_SHADOW_VALUE, BigInt(register.value), true);
      view.setBigUint64(at + REACH_STALE_MASK, staleMask(register, spacing), true);
      if (register.write === 'deferred') {
        view.setUint8(at + REACH_DEFERRED_WIDTH, register.width ?? spacing);
        view.setUint32(at + REACH_DECISIVE, register.decisive ?? 0, true);
      }
      if (register.write !== 'doorbell') continue;
      const count = register.doorbells ?? 1;
      view.setUint32(at + REACH_DOORBELL_FIRST, this.doorbellEnd, true);
      view.setUint32(at + REACH_DOORBELL_COUNT, count, true);
      doorbells.set(register.offset, { first: this.doorbellEnd, count });
      this.doorbellEnd += count;
      if (this.doorbellEnd > DOORBELL_COUNT) throw new RangeError('more doorbells than DOORBELL_COUNT');
    }
    const entry = this.addEntry(base ?? 0, base === null ? 0 : reach.size, REGION_KIND_MMIO, 0);
    view.setUint32(entry + REGION_DEVICE, device, true);
    view.setUint32(entry + REGION_SPACING, spacing, true);
    view.setUint32(entry + REGION_REACH, table, true);
    view.setUint32(entry + REGION_REACH_COUNT, records, true);
    view.setUint32(entry + REGION_CONFIG, reach.config ? CONFIG_KINDS[reach.config] : 0, true);
    return {
      doorbells,
      latch: (offset, line) => {
        const register = reach.registers.find((one) => one.offset === offset);
        const status = record(register!.status!) + REACH_SHADOW_VALUE;
        view.setUint32(record(offset) + REACH_ACK_STATUS, status, true);
        view.setUint32(record(offset) + REACH_ACK_LINE, line, true);
        return new IrqLatch(this.vm, status, line);
      },
      move: (to) => this.move(entry, to, reach.size),
      showMemory: (linear) => {
        const kind = linear === null ? REGION_KIND_MMIO : REGION_KIND_FLASH;
        if (view.getUint32(entry + REGION_KIND, true) === kind) return;
        view.setUint32(entry + REGION_KIND, kind, true);
        view.setUint32(entry + REGION_LINEAR, linear ?? 0, true);
        this.vm.mapChanged();
      },
      publish: (offset, value) => {
        const at = record(offset);
        if (value === null) {
          // A vCPU that still reads the old shadow has read before the change, as far as anyone can tell.
          Atomics.store(this.vm.u8, at + REACH_READ, REACH_EXIT);
        } else {
          // The value first: a vCPU that sees the new kind must not see an old value.
          Atomics.store(this.vm.i64, (at + REACH_SHADOW_VALUE) / 8, BigInt(value));
          Atomics.store(this.vm.u8, at + REACH_READ, REACH_SHADOW);
        }
      },
    };
  }

  private move(entry: number, base: number | null, size: number): void {
    const { view } = this.vm;
    const [at, length] = base === null ? [0n, 0n] : [BigInt(base), BigInt(size)];
    if (
      view.getBigUint64(entry + REGION_BASE, true) === at &&
      view.getBigUint64(entry + REGION_SIZE, true) === length
    )
      return;
    view.setBigUint64(entry + REGION_BASE, at, true);
    view.setBigUint64(entry + REGION_SIZE, length, true);
    this.vm.mapChanged();
  }

  private addEntry(base: number, size: number, kind: number, linear: number): number {
    if (this.count >= REGION_MAX) throw new RangeError('more regions than REGION_MAX');
    const { view } = this.vm;
    const at = REGION_TABLE + this.count * REGION_STRIDE;
    view.setBigUint64(at + REGION_BASE, BigInt(base), true);
    view.setBigUint64(at + REGION_SIZE, BigInt(size), true);
    view.setUint32(at + REGION_KIND, kind, true);
    view.setUint32(at + REGION_LINEAR, linear, true);
    this.count++;
    this.vm.store(VM_REGION_COUNT, this.count);
    return at;
  }
}

function writeKind(register: RegisterReach): number {
  if (register.write === 'posted') return REACH_POSTED;
  if (register.write === 'acknowledge') return REACH_ACKNOWLEDGE;
  if (register.write === 'deferred') return REACH_DEFERRED;
  return register.write === 'doorbell' ? REACH_DOORBELL : REACH_EXIT;
}

function staleMask(register: RegisterReach, spacing: number): bigint {
  let mask = 0n;
  for (const offset of register.stale ?? []) {
    const index = offset / spacing;
    if (index >= STALE_REGISTERS)
      throw new RangeError('only the first 64 registers of a region can be stale');
    mask |= 1n << BigInt(index);
  }
  return mask;
}
