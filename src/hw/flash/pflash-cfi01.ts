/**
 * Parallel flash memory with Intel's command set, eight bits wide.
 * Specification: JEDEC JESD68.01 (Common Flash Interface) with Intel's Basic Command Set (AP-646); the device is QEMU's `cfi.pflash01`: commands are
 * done at once, the status starts as ready, and a program command stores what it is given, ones included.
 *
 * While it shows its contents, reads reach memory and writes the device. After a command reads reach the device too, until the guest asks for the
 * contents again (0xff). Blocks cannot be locked.
 */
import type { BlockNode, BlockResult } from '../../block/block-node.ts';
import type { Log } from '../../core/log.ts';
import { type Device, type MmioRegion, type SavedState, StateReader } from '../device.ts';

export const FLASH_BLOCK = 4096;
/** Bytes that are written to the image together. */
const UNIT = 512;
/** Bytes that a buffered write takes: 2 to the power of the table's byte 0x2a. */
const BUFFER_BITS = 8;

const PROGRAM = 0x10;
const PROGRAM_ALSO = 0x40;
const ERASE = 0x20;
const CLEAR_STATUS = 0x50;
const LOCK = 0x60;
const READ_STATUS = 0x70;
const READ_ID = 0x90;
const QUERY = 0x98;
const BUFFERED = 0xe8;
const CONFIRM = 0xd0;
const LOCK_CONFIRM = 0x01;
const READ_ARRAY = 0xff;

const STATUS_READY = 0x80;
const STATUS_ERASE_ERROR = 0x20;
const STATUS_PROGRAM_ERROR = 0x10;

const MANUFACTURER = 0x89;
const DEVICE = 0x18;

const VERSION = 1;

/** Where the contents lie while the machine runs. */
export interface FlashMemory {
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  /** Reads of the guest find the contents, or reach the device. */
  show(contents: boolean): void;
}

interface State {
  /** The command in work, or whose answer reads give; READ_ARRAY: the contents. */
  command: number;
  /** Writes of it that came already. */
  cycle: number;
  status: number;
  /** Bytes that a buffered write still takes, less one. */
  left: number;
}

const resetState = (): State => ({ command: READ_ARRAY, cycle: 0, status: STATUS_READY, left: 0 });

export interface PflashOptions {
  name: string;
  memory: FlashMemory;
  /** The image, to which goes what the guest changes; null or read-only: the guest cannot change it. */
  node: BlockNode | null;
  log: Log;
}

export class PflashCfi01 implements Device {
  readonly name: string;
  readonly regions: readonly MmioRegion[];
  private readonly memory: FlashMemory;
  private readonly node: BlockNode | null;
  private readonly log: Log;
  private readonly table: Uint8Array;
  /** Units that the image does not have yet. */
  private readonly dirty = new Set<number>();
  private state = resetState();

  constructor({ name, memory, node, log }: PflashOptions) {
    this.name = name;
    this.memory = memory;
    this.node = node;
    this.log = log;
    this.table = queryTable(memory.size);
    this.regions = [
      {
        name,
        size: memory.size,
        accessMin: 1,
        accessMax: 1,
        spacing: 1,
        // Every byte is like the first one.
        registers: [{ offset: 0, name: 'ARRAY', read: 'exit', write: 'exit' }],
        read: (offset) => this.read(offset),
        write: (offset, _size, value) => this.write(offset, value & 0xff),
      },
    ];
  }

  private get writable(): boolean {
    return this.node !== null && !this.node.readOnly;
  }

  private read(offset: number): number {
    const { command, status } = this.state;
    if (command === READ_ARRAY) return this.memory.read(offset, 1)[0];
    if (command === READ_ID) return [MANUFACTURER, DEVICE][offset & 0xff] ?? 0;
    if (command === QUERY) return this.table[offset] ?? 0;
    return status;
  }

  private write(offset: number, value: number): void {
    const { state } = this;
    if (state.cycle === 0) this.begin(offset, value);
    else this.go(offset, value);
    this.memory.show(state.command === READ_ARRAY);
    if (state.command === READ_ARRAY) this.writeBack();
  }

  private begin(offset: number, value: number): void {
    const { state } = this;
    state.command = value;
    if (value === ERASE) {
      const start = offset - (offset % FLASH_BLOCK);
      this.change(start, new Uint8Array(FLASH_BLOCK).fill(0xff), STATUS_ERASE_ERROR);
    }
    if (value === PROGRAM || value === PROGRAM_ALSO || value === ERASE || value === LOCK) {
      state.cycle = 1;
    } else if (value === BUFFERED) {
      state.status |= STATUS_READY;
      state.cycle = 1;
    } else if (value === CLEAR_STATUS) {
      state.status = 0;
      state.command = READ_ARRAY;
    } else if (value !== READ_STATUS && value !== READ_ID && value !== QUERY) {
      this.readArray(value !== READ_ARRAY && value !== 0 && value !== 0xf0);
    }
  }

  /** The writes that follow a command. */
  private go(offset: number, value: number): void {
    const { state } = this;
    const { command, cycle } = state;
    if (command === PROGRAM || command === PROGRAM_ALSO) {
      this.change(offset, Uint8Array.of(value), STATUS_PROGRAM_ERROR);
      state.cycle = 0;
    } else if (command === BUFFERED && cycle === 1) {
      state.left = Math.min(value, (1 << BUFFER_BITS) - 1);
      state.cycle = 2;
    } else if (command === BUFFERED && cycle === 2) {
      this.change(offset, Uint8Array.of(value), STATUS_PROGRAM_ERROR);
      if (state.left-- === 0) Object.assign(state, { left: 0, cycle: 3 });
    } else if (value === CONFIRM || (command === LOCK && value === LOCK_CONFIRM)) {
      state.status |= STATUS_READY;
      state.cycle = 0;
    } else {
      this.readArray(value !== READ_ARRAY);
    }
  }

  private readArray(unknown: boolean): void {
    if (unknown)
      this.log.guestError(
        this.name,
        `there is no command that 0x${this.state.command.toString(16)} is part of`,
      );
    this.state.command = READ_ARRAY;
    this.state.cycle = 0;
  }

  private change(offset: number, bytes: Uint8Array, error: number): void {
    const { state } = this;
    state.status |= STATUS_READY;
    if (!this.writable) {
      state.status |= error;
      return;
    }
    this.memory.write(offset, bytes);
    for (let unit = offset - (offset % UNIT); unit < offset + bytes.length; unit += UNIT)
      this.dirty.add(unit);
  }

  /** Gives the image what has changed. */
  private writeBack(): void {
    const { node } = this;
    if (!node || this.dirty.size === 0) return;
    const done = (result: BlockResult): void => {
      if (!result.ok) this.log.warn(this.name, `what the guest changed is lost: ${result.error.message}`);
    };
    const when = (result: BlockResult | Promise<BlockResult>): void => {
      if (result instanceof Promise) result.then(done, (error) => this.log.warn(this.name, String(error)));
      else done(result);
    };
    const units = [...this.dirty].sort((a, b) => a - b);
    this.dirty.clear();
    for (let i = 0; i < units.length; ) {
      let end = i + 1;
      while (end < units.length && units[end] === units[end - 1] + UNIT) end++;
      when(node.write(units[i], this.memory.read(units[i], (end - i) * UNIT)));
      i = end;
    }
    when(node.flush());
  }

  /** A reset leaves the contents alone. */
  reset(): void {
    this.state = resetState();
    this.memory.show(true);
    this.writeBack();
  }

  save(): SavedState {
    return { version: VERSION, ...this.state };
  }

  restore(saved: SavedState): void {
    const reader = new StateReader(this.name, VERSION, saved);
    const next: State = {
      command: reader.uint('command', 8),
      cycle: reader.uint('cycle', 2),
      status: reader.uint('status', 8),
      left: reader.uint('left', BUFFER_BITS),
    };
    this.state = next;
    this.memory.show(next.command === READ_ARRAY);
  }
}

/** What the device tells about itself (JESD68.01, section 4.3), with Intel's extended table at 0x31. */
function queryTable(size: number): Uint8Array {
  const table = new Uint8Array(0x52);
  const blocks = size / FLASH_BLOCK;
  const put = (at: number, ...bytes: number[]): void => table.set(bytes, at);
  put(0x10, 0x51, 0x52, 0x59);
  // Intel's extended command set, its table, no other.
  put(0x13, 0x01, 0x00, 0x31, 0x00);
  // Voltages 4.5 to 5.5; typical times of a program, a buffered write and an erase, and how much longer they may be (powers of two).
  put(0x1b, 0x45, 0x55, 0, 0, 0x07, 0x07, 0x0a, 0x00, 0x04, 0x04, 0x04, 0x00);
  put(0x27, Math.ceil(Math.log2(size)), 0x02, 0x00, BUFFER_BITS, 0x00, 0x01);
  // One region of blocks: their number less one, their size in units of 256 bytes.
  put(0x2d, (blocks - 1) & 0xff, (blocks - 1) >> 8, (FLASH_BLOCK >> 8) & 0xff, FLASH_BLOCK >> 16);
  put(0x31, 0x50, 0x52, 0x49, 0x31, 0x30);
  put(0x3f, 0x01);
  return table;
}
