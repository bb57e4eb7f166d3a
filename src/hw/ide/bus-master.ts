/**
 * One channel of the PIIX3's bus master: moves a drive's data to and from memory along a table of descriptors.
 * Specification: Programming Interface for Bus Master IDE Controller, revision 1.0; Intel 82371SB (PIIX3) datasheet, section 2.7.
 */
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { StateReader } from '../device.ts';
import type { DmaWindow } from './ide-drive.ts';

export const BM_COMMAND = 0;
export const BM_STATUS = 2;
export const BM_TABLE = 4;

export const COMMAND_START = 0x01;
const COMMAND_MASK = 0x09;
const STATUS_ACTIVE = 0x01;
const STATUS_ERROR = 0x02;
const STATUS_INTERRUPT = 0x04;
/** Whether drives can do DMA: only software cares. */
const STATUS_CAPABLE = 0x60;

/** Eight bytes: address, count (0 is 64 KiB) and the mark of the last one. */
const DESCRIPTOR = 8;
const END_OF_TABLE = 0x8000;
const COUNT_ZERO = 0x10000;
/** A table does not cross 64 KiB (section 1.2): what follows the last descriptor there is the first one. */
const TABLE_SPAN = 0x10000;

/** So many are looked at in one go, which takes a millisecond or two; drivers take some hundred for a command. */
export const DESCRIPTORS_AT_ONCE = 2048;

const FIELDS = {
  command: 8,
  status: 8,
  /** Descriptor table. */
  table: 32,
  /** The next descriptor. */
  next: 32,
  /** Address and bytes left of the descriptor in hand, and whether it is the last one. */
  address: 32,
  left: 17,
  last: 1,
} as const;

interface Descriptor {
  address: number;
  count: number;
  last: boolean;
}

export class BusMaster implements DmaWindow {
  private readonly memory: GuestMemory;
  private readonly atOnce: number;
  private readonly s: Record<keyof typeof FIELDS, number>;
  ended = false;
  /** The drive that waits for the start, or moves data. */
  onStart: () => void = () => {};
  /** The guest stopped a transfer before its end. */
  onStop: () => void = () => {};

  /** @param atOnce descriptors that `room` looks at in one go */
  constructor(memory: GuestMemory, atOnce: number) {
    this.memory = memory;
    this.atOnce = atOnce;
    this.s = { command: 0, status: 0, table: 0, next: 0, address: 0, left: 0, last: 0 };
  }

  get active(): boolean {
    return (this.s.status & STATUS_ACTIVE) !== 0;
  }

  /** The channel's interrupt has been raised. */
  interrupted(): void {
    this.s.status |= STATUS_INTERRUPT;
  }

  readByte(offset: number): number {
    const { s } = this;
    if (offset === BM_COMMAND) return s.command;
    if (offset === BM_STATUS) return s.status;
    return offset >= BM_TABLE ? Math.floor(s.table / 2 ** (8 * (offset - BM_TABLE))) & 0xff : 0xff;
  }

  writeByte(offset: number, value: number): void {
    const { s } = this;
    if (offset === BM_COMMAND) this.writeCommand(value & COMMAND_MASK);
    else if (offset === BM_STATUS) {
      const cleared = s.status & ~(value & (STATUS_ERROR | STATUS_INTERRUPT));
      s.status = (cleared & ~STATUS_CAPABLE) | (value & STATUS_CAPABLE);
    } else if (offset >= BM_TABLE) {
      const at = 2 ** (8 * (offset - BM_TABLE));
      const kept = s.table - (Math.floor(s.table / at) & 0xff) * at;
      s.table = kept + (offset === BM_TABLE ? value & 0xfc : value) * at;
    }
  }

  private writeCommand(value: number): void {
    const { s } = this;
    const started = value & ~s.command & COMMAND_START;
    const stopped = s.command & ~value & COMMAND_START;
    s.command = value;
    if (stopped && this.active) {
      s.status &= ~STATUS_ACTIVE;
      this.onStop();
    } else if (started && !this.active) {
      s.status |= STATUS_ACTIVE;
      s.next = s.table;
      s.left = 0;
      s.last = 0;
      this.onStart();
    }
  }

  private descriptor(at: number): Descriptor | null {
    const bytes = this.memory.read(at, DESCRIPTOR);
    if (!bytes) return null;
    const view = new DataView(bytes.buffer);
    return {
      address: view.getUint32(0, true) & ~1,
      count: view.getUint16(4, true) & 0xfffe || COUNT_ZERO,
      last: (view.getUint16(6, true) & END_OF_TABLE) !== 0,
    };
  }

  private after(at: number): number {
    return at - (at % TABLE_SPAN) + ((at + DESCRIPTOR) % TABLE_SPAN);
  }

  room(max: number): number | null {
    const { s } = this;
    let room = s.left;
    let { next } = s;
    this.ended = s.last === 1;
    for (let i = 0; room < max && !this.ended && i < this.atOnce; next = this.after(next), i++) {
      const descriptor = this.descriptor(next);
      if (!descriptor) {
        s.status |= STATUS_ERROR;
        return null;
      }
      room += descriptor.count;
      this.ended = descriptor.last;
    }
    return Math.min(room, max);
  }

  /** Takes up the next descriptor if the one in hand is used up; false if there is none. */
  private load(): boolean {
    const { s } = this;
    if (s.left > 0) return true;
    const descriptor = s.last === 1 ? null : this.descriptor(s.next);
    if (!descriptor) return false;
    s.next = this.after(s.next);
    s.address = descriptor.address >>> 0;
    s.left = descriptor.count;
    s.last = descriptor.last ? 1 : 0;
    return true;
  }

  private each(length: number, move: (address: number, at: number, count: number) => boolean): boolean {
    const { s } = this;
    for (let at = 0; at < length; ) {
      const count = this.load() ? Math.min(length - at, s.left) : 0;
      if (count === 0 || !move(s.address, at, count)) {
        s.status |= STATUS_ERROR;
        return false;
      }
      s.address = (s.address + count) % 2 ** 32;
      s.left -= count;
      at += count;
    }
    return true;
  }

  put(bytes: Uint8Array): boolean {
    return this.each(bytes.length, (address, at, count) =>
      this.memory.write(address, bytes.subarray(at, at + count)),
    );
  }

  take(length: number): Uint8Array | null {
    const bytes = new Uint8Array(length);
    const whole = this.each(length, (address, at, count) => {
      const part = this.memory.read(address, count);
      if (part) bytes.set(part, at);
      return part !== null;
    });
    return whole ? bytes : null;
  }

  finish(how: 'done' | 'stopped' | 'error'): void {
    const { s } = this;
    if (how === 'error') s.status |= STATUS_ERROR;
    // A table with more room than the drive had data leaves the master active: section 3.1.
    if (how !== 'done' || (s.left === 0 && s.last === 1)) s.status &= ~STATUS_ACTIVE;
  }

  reset(): void {
    for (const name of Object.keys(FIELDS) as (keyof typeof FIELDS)[]) this.s[name] = 0;
  }

  save(prefix: string): Record<string, number> {
    return Object.fromEntries(Object.entries(this.s).map(([name, value]) => [`${prefix}.${name}`, value]));
  }

  /** Reads and checks a saved state; the function it gives takes it over. */
  restorer(prefix: string, reader: StateReader): () => void {
    const values = Object.fromEntries(
      Object.entries(FIELDS).map(([name, bits]) => [name, reader.uint(`${prefix}.${name}`, bits)]),
    );
    return () => void Object.assign(this.s, values);
  }
}
