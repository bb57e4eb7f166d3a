/**
 * QEMU's firmware configuration device with its DMA interface, memory-mapped or at I/O ports.
 * Specification: QEMU documentation, docs/specs/fw_cfg.
 *
 * Items are read-only unless they are made writable: a write through DMA is answered with the error bit then; a write through the data register is always
 * ignored, both as QEMU does.
 */
import type { Log } from '../../core/log.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import { type Device, type MmioRegion, type SavedState, type ShadowPort, StateReader } from '../device.ts';

const DATA = 0x00;
const SELECTOR = 0x08;
const DMA_HIGH = 0x10;
const DMA_LOW = 0x14;

export const FW_CFG_SIGNATURE = 0x00;
export const FW_CFG_ID = 0x01;
export const FW_CFG_UUID = 0x02;
export const FW_CFG_RAM_SIZE = 0x03;
export const FW_CFG_NOGRAPHIC = 0x04;
export const FW_CFG_NB_CPUS = 0x05;
export const FW_CFG_BOOT_MENU = 0x0e;
export const FW_CFG_MAX_CPUS = 0x0f;
export const FW_CFG_FILE_DIR = 0x19;
export const FW_CFG_FILE_FIRST = 0x20;

/** FW_CFG_ID: the traditional interface, and DMA. */
const ID_FEATURES = 3;
/** The selector's bits beside the item number: architecture-specific items, and the write channel. */
const SELECTOR_WRITE = 0x4000;
const NO_ITEM = 0xffff;

const CONTROL_ERROR = 0x01;
const CONTROL_READ = 0x02;
const CONTROL_SKIP = 0x04;
const CONTROL_SELECT = 0x08;
const CONTROL_WRITE = 0x10;

/** "QEMU CFG", what a driver looks for in the DMA register. */
const DMA_SIGNATURE = [0x51454d55, 0x20434647] as const;
const FILE_NAME_MAX = 55;
/**
 * Bytes that one DMA command may fill with zeros past an item's end. The copy happens while the vCPU waits and the page
 * stands still, so it must be short; no driver asks for more than it was told the item has.
 */
const FILL_MAX = 16 * 1024 * 1024;

const VERSION = 1;

interface State {
  /** Selected item, or NO_ITEM. */
  item: number;
  /** Next byte of it. */
  position: number;
  /** High word of a DMA address, kept until the low word starts the command. */
  dmaHigh: number;
}

function resetState(): State {
  return { item: FW_CFG_SIGNATURE, position: 0, dmaHigh: 0 };
}

export interface FwCfgOptions {
  memory: GuestMemory;
  shadow: ShadowPort;
  log: Log;
  ramBytes: number;
  vcpus: number;
  /** `memory`: one block of registers, the selector big-endian. `ports`: selector (little-endian) and data share two ports; the DMA register is a block of its own. */
  layout?: 'memory' | 'ports';
}

export class FwCfg implements Device {
  readonly name = 'fw-cfg';
  readonly regions: readonly MmioRegion[];
  private readonly memory: GuestMemory;
  private readonly log: Log;
  private readonly items = new Map<number, Uint8Array>();
  /** Who is told of writes, by the file's bytes. */
  private readonly writable = new Map<Uint8Array, () => void>();
  private readonly files: { name: string; bytes: Uint8Array; renew?: () => Uint8Array }[] = [];
  private state = resetState();

  constructor(options: FwCfgOptions) {
    this.memory = options.memory;
    this.log = options.log;
    this.items.set(FW_CFG_SIGNATURE, new TextEncoder().encode('QEMU'));
    this.items.set(FW_CFG_ID, littleEndian(ID_FEATURES, 4));
    this.items.set(FW_CFG_UUID, new Uint8Array(16));
    this.items.set(FW_CFG_RAM_SIZE, littleEndian(options.ramBytes, 8));
    this.items.set(FW_CFG_NOGRAPHIC, littleEndian(1, 2));
    this.items.set(FW_CFG_NB_CPUS, littleEndian(options.vcpus, 2));
    this.items.set(FW_CFG_BOOT_MENU, littleEndian(0, 2));
    this.items.set(FW_CFG_MAX_CPUS, littleEndian(options.vcpus, 2));
    this.items.set(FW_CFG_FILE_DIR, new Uint8Array(4));
    this.regions = options.layout === 'ports' ? this.portRegions() : [this.memoryRegion()];
    if (options.layout === 'ports') return;
    options.shadow.publish(DMA_HIGH, swap32(DMA_SIGNATURE[0]));
    options.shadow.publish(DMA_LOW, swap32(DMA_SIGNATURE[1]));
  }

  private memoryRegion(): MmioRegion {
    return {
      name: 'fw-cfg',
      size: 0x18,
      accessMin: 1,
      accessMax: 4,
      spacing: 4,
      registers: [
        { offset: DATA, name: 'DATA', read: 'exit', write: 'exit' },
        // Order with reads of DATA is kept, since those are exits.
        { offset: SELECTOR, name: 'SELECTOR', read: 'exit', write: 'deferred' },
        { offset: DMA_HIGH, name: 'DMA_HIGH', read: 'shadow', write: 'deferred' },
        // The driver polls the control word in its memory, so the command must be done when the store is.
        { offset: DMA_LOW, name: 'DMA_LOW', read: 'shadow', write: 'exit' },
      ],
      read: (offset, size) => this.read(offset, size),
      write: (offset, size, value) => this.write(offset, size, value),
    };
  }

  /** Either port of the first block takes selectors of two bytes, and data a byte at a time. */
  private portRegions(): MmioRegion[] {
    return [
      {
        name: 'fw-cfg',
        size: 2,
        accessMin: 1,
        accessMax: 2,
        spacing: 1,
        registers: [
          // Order with reads of the data is kept, since those are exits.
          { offset: 0, name: 'SELECTOR', read: 'exit', write: 'deferred', width: 2 },
          { offset: 1, name: 'DATA', read: 'exit', write: 'exit' },
        ],
        read: (_offset, size) => (size === 1 ? this.nextByte() : 0xffff),
        write: (offset, size, value) => {
          if (size === 2) this.select(value);
          else this.log.guestError(this.name, `ignored a byte written to port +${offset}`);
        },
      },
      {
        name: 'fw-cfg-dma',
        size: 8,
        accessMin: 1,
        accessMax: 4,
        spacing: 4,
        registers: [
          { offset: 0, name: 'DMA_HIGH', read: 'exit', write: 'deferred' },
          { offset: 4, name: 'DMA_LOW', read: 'exit', write: 'exit' },
        ],
        read: (offset, size) => this.read(DMA_HIGH + offset, size),
        write: (offset, size, value) => this.write(DMA_HIGH + offset, size, value),
      },
    ];
  }

  /** Sets an item by its number, before the machine starts. */
  addItem(number: number, bytes: Uint8Array): void {
    this.items.set(number, bytes);
  }

  /** As `addItem`: a number of `size` bytes, the low one first. */
  addNumber(number: number, value: number, size: number): void {
    this.addItem(number, littleEndian(value, size));
  }

  /**
   * Adds a named file, before the machine starts.
   * @param renew what it holds, of the same length, each time the guest selects it: for what depends on how the guest has set up its devices
   */
  addFile(name: string, bytes: Uint8Array, renew?: () => Uint8Array): void {
    if (name.length > FILE_NAME_MAX)
      throw new RangeError(`fw_cfg file name longer than ${FILE_NAME_MAX}: ${name}`);
    this.files.push({ name, bytes, ...(renew && { renew }) });
    this.files.sort((a, b) => (a.name < b.name ? -1 : 1));
    const directory = new Uint8Array(4 + 64 * this.files.length);
    const view = new DataView(directory.buffer);
    view.setUint32(0, this.files.length);
    this.files.forEach((file, i) => {
      const at = 4 + 64 * i;
      view.setUint32(at, file.bytes.length);
      view.setUint16(at + 4, FW_CFG_FILE_FIRST + i);
      directory.set(new TextEncoder().encode(file.name), at + 8);
      this.items.set(FW_CFG_FILE_FIRST + i, file.bytes);
    });
    this.items.set(FW_CFG_FILE_DIR, directory);
  }

  /**
   * Adds a file that the guest can write by DMA, before the machine starts. It keeps what was written over a reset.
   * @param written told after each write
   */
  addWritableFile(name: string, bytes: Uint8Array, written: () => void): void {
    this.addFile(name, bytes);
    this.writable.set(bytes, written);
  }

  private read(offset: number, size: number): number {
    if (offset < SELECTOR) {
      // The data register is a stream: its bytes come in order, whatever the width.
      let value = 0;
      for (let i = 0; i < size; i++) value += this.nextByte() * 2 ** (8 * i);
      return value;
    }
    if (offset < DMA_HIGH) return 0;
    const bytes = Uint8Array.from([...bigEndian(DMA_SIGNATURE[0]), ...bigEndian(DMA_SIGNATURE[1])]);
    let value = 0;
    for (let i = 0; i < size; i++) value += (bytes[offset - DMA_HIGH + i] ?? 0) * 2 ** (8 * i);
    return value;
  }

  private write(offset: number, size: number, value: number): void {
    if (offset === SELECTOR && size === 2) {
      this.select(((value & 0xff) << 8) | ((value >> 8) & 0xff));
    } else if (offset === DMA_HIGH && size === 4) {
      this.state.dmaHigh = swap32(value);
    } else if (offset === DMA_LOW && size === 4) {
      const address = this.state.dmaHigh * 2 ** 32 + swap32(value);
      this.state.dmaHigh = 0;
      this.command(address);
    } else {
      this.log.guestError(this.name, `ignored a ${size}-byte write at 0x${offset.toString(16)}`);
    }
  }

  private select(selector: number): void {
    const item = selector & ~SELECTOR_WRITE;
    this.state.item = this.items.has(item) ? item : NO_ITEM;
    this.state.position = 0;
    const file = this.files[item - FW_CFG_FILE_FIRST];
    if (file?.renew) this.items.set(item, file.renew());
  }

  private nextByte(): number {
    return this.items.get(this.state.item)?.[this.state.position++] ?? 0;
  }

  /** Runs the DMA command whose descriptor (control, length, address: big-endian) lies at a guest-physical address. */
  private command(descriptor: number): void {
    const bytes = this.memory.read(descriptor, 16);
    if (bytes === null) {
      this.log.guestError(this.name, `DMA descriptor outside of RAM at 0x${descriptor.toString(16)}`);
      return;
    }
    const view = new DataView(bytes.buffer);
    const control = view.getUint32(0);
    if (control & CONTROL_SELECT) this.select(control >>> 16);
    const ok = this.transfer(control, view.getUint32(4), view.getUint32(8) * 2 ** 32 + view.getUint32(12));
    if (!ok) this.log.guestError(this.name, `DMA command 0x${control.toString(16)} failed`);
    this.memory.write(descriptor, bigEndian(ok ? 0 : CONTROL_ERROR));
  }

  private transfer(control: number, length: number, address: number): boolean {
    const { state } = this;
    if (control & CONTROL_READ) {
      const item = this.items.get(state.item) ?? new Uint8Array(0);
      const part = item.subarray(state.position, state.position + length);
      const rest = length - part.length;
      if (rest > FILL_MAX) return false;
      if (!this.memory.write(address, part)) return false;
      if (rest > 0 && !this.memory.write(address + part.length, new Uint8Array(rest))) return false;
    } else if (control & CONTROL_WRITE) {
      return this.store(length, address);
    } else if (!(control & CONTROL_SKIP)) {
      return true;
    }
    state.position = Math.min(state.position + length, Number.MAX_SAFE_INTEGER);
    return true;
  }

  /** All of it fits in the item, or nothing is written. */
  private store(length: number, address: number): boolean {
    const { state } = this;
    const item = this.items.get(state.item);
    const written = item && this.writable.get(item);
    if (!written || state.position + length > item.length) return false;
    const bytes = this.memory.read(address, length);
    if (!bytes) return false;
    item.set(bytes, state.position);
    state.position += length;
    written();
    return true;
  }

  reset(): void {
    this.state = resetState();
  }

  save(): SavedState {
    return { version: VERSION, ...this.state };
  }

  restore(saved: SavedState): void {
    const reader = new StateReader(this.name, VERSION, saved);
    const next: State = {
      item: reader.uint('item', 16),
      position: reader.uint('position', 53),
      dmaHigh: reader.uint('dmaHigh', 32),
    };
    if (next.item !== NO_ITEM && !this.items.has(next.item))
      throw reader.error('item', 'an item this machine has');
    this.state = next;
  }
}

function littleEndian(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = Math.floor(value / 2 ** (8 * i)) & 0xff;
  return bytes;
}

function bigEndian(value: number): Uint8Array {
  return littleEndian(value, 4).reverse();
}

function swap32(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
