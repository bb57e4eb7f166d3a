/**
 * The PC's two 8237A DMA controllers with their page registers: channels 0 to 3 move bytes, 5 to 7 words, 4 is the cascade.
 * Specification: Intel 8237A datasheet; Intel 82371SB (PIIX3) datasheet, section 2.5.1 (DMA registers) and table 2-4 (page registers).
 *
 * A device moves its data when it has them, in one piece, through its channel: no bus cycles are modelled, so demand, single and block
 * mode are the same here. Memory-to-memory transfers, rotating priority and compressed timing are not there, as in QEMU.
 */
import type { Log } from '../../core/log.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import { type Device, type MmioRegion, type SavedState, StateReader } from '../device.ts';

/** Registers above those of the channels. */
const COMMAND = 0x8;
const REQUEST = 0x9;
const SINGLE_MASK = 0xa;
const MODE = 0xb;
const CLEAR_FLIP_FLOP = 0xc;
const MASTER_CLEAR = 0xd;
const CLEAR_MASK = 0xe;
const ALL_MASK = 0xf;

const COMMAND_DISABLE = 0x04;
const MODE_TRANSFER = 0x0c;
const TRANSFER_TO_MEMORY = 0x04;
const TRANSFER_FROM_MEMORY = 0x08;
const MODE_AUTOINIT = 0x10;
const MODE_DECREMENT = 0x20;

/** Which channel of its controller a page register belongs to, by offset from 0x80 (or 0x88). */
const PAGE_CHANNELS: Readonly<Record<number, number>> = { 1: 2, 2: 3, 3: 1, 7: 0 };

const PAGE_BLOCKS = [
  { controller: 0, first: 1, size: 3 },
  { controller: 0, first: 7, size: 1 },
  { controller: 1, first: 1, size: 3 },
  { controller: 1, first: 7, size: 1 },
] as const;

const VERSION = 1;
/** Bytes that a controller's state takes. */
const CONTROLLER_BYTES = 5 + 4 * 11;

/** What a device sees of its channel. */
export interface DmaChannel {
  /** The guest lets the channel work: the controller is on, the channel is not masked. */
  readonly ready: boolean;
  /** Calls back when the channel has become ready. */
  onReady(listener: () => void): void;
  /**
   * Device to memory. Takes as many of the bytes as the channel's count has room for; where the guest has set up a verify, they are counted and
   * dropped. @returns bytes taken, and whether that was the last of the count (terminal count)
   */
  toMemory(bytes: Uint8Array): { moved: number; terminal: boolean };
  /** Memory to device: at most `length` bytes, fewer at the terminal count. */
  fromMemory(length: number): { bytes: Uint8Array; terminal: boolean };
}

interface Channel {
  baseAddress: number;
  baseCount: number;
  address: number;
  /** Transfers left, less one; 0xffff after the last. */
  count: number;
  mode: number;
  page: number;
  /** Bits 24 to 31 of the address. */
  highPage: number;
}

interface Controller {
  channels: Channel[];
  command: number;
  /** Bits 0 to 3: terminal counts reached. */
  status: number;
  request: number;
  mask: number;
  flipFlop: boolean;
}

function resetController(): Controller {
  const zero = { baseAddress: 0, baseCount: 0, address: 0, count: 0, mode: 0, page: 0, highPage: 0 };
  const channel = (): Channel => ({ ...zero });
  const channels = Array.from({ length: 4 }, channel);
  return { channels, command: 0, status: 0, request: 0, mask: 0xf, flipFlop: false };
}

export class Dma8237 implements Device {
  readonly name = 'dma8237';
  /** Registers of the first (0x00) and second (0xc0) controller, then page registers: 0x81-0x83, 0x87, 0x89-0x8b, 0x8f, and the same from 0x481. */
  readonly regions: readonly MmioRegion[];
  private readonly memory: GuestMemory;
  private readonly log: Log;
  private readonly listeners = new Map<number, () => void>();
  private controllers = [resetController(), resetController()];

  constructor(options: { memory: GuestMemory; log: Log }) {
    this.memory = options.memory;
    this.log = options.log;
    this.regions = [
      this.block(
        'dma1',
        16,
        (offset) => this.read(0, offset),
        (offset, value) => this.write(0, offset, value),
      ),
      this.block(
        'dma2',
        32,
        (offset) => this.read(1, offset >> 1),
        (offset, value) => this.write(1, offset >> 1, value),
      ),
      ...this.pageBlocks('page'),
      ...this.pageBlocks('highPage'),
    ];
  }

  /** Ports of `regions`, in their order. */
  static readonly PORTS: readonly number[] = [
    ...[0x00, 0xc0],
    ...[0x81, 0x87, 0x89, 0x8f],
    ...[0x481, 0x487, 0x489, 0x48f],
  ];

  private block(
    name: string,
    size: number,
    read: (offset: number) => number,
    write: (offset: number, value: number) => void,
  ): MmioRegion {
    return {
      ...{ name, size, accessMin: 1, accessMax: 1, spacing: 1, read },
      registers: Array.from({ length: size }, (_, offset) => ({
        ...{ offset, name: `${name}+${offset}`, read: 'exit' as const, write: 'posted' as const },
      })),
      write: (offset, _size, value) => write(offset, value & 0xff),
    };
  }

  private pageBlocks(field: 'page' | 'highPage'): MmioRegion[] {
    return PAGE_BLOCKS.map(({ controller, first, size }) => {
      const channel = (offset: number): Channel =>
        this.controllers[controller].channels[PAGE_CHANNELS[first + offset]];
      return this.block(
        `dma${controller + 1}-${field}-${first}`,
        size,
        (offset) => channel(offset)[field],
        (offset, value) => {
          channel(offset)[field] = value;
        },
      );
    });
  }

  /** @param number 0 to 3, 5 to 7 */
  channel(number: number): DmaChannel {
    const ready = (): boolean => this.isReady(number);
    return {
      get ready() {
        return ready();
      },
      onReady: (listener) => void this.listeners.set(number, listener),
      toMemory: (bytes) =>
        this.transfer(number, bytes.length, (address, at, length, type) => {
          if (type === TRANSFER_TO_MEMORY) return this.memory.write(address, bytes.subarray(at, at + length));
          return type === 0;
        }),
      fromMemory: (length) => {
        const bytes = new Uint8Array(length);
        const { moved, terminal } = this.transfer(number, length, (address, at, size, type) => {
          const part = type === TRANSFER_FROM_MEMORY ? this.memory.read(address, size) : new Uint8Array(size);
          if (part) bytes.set(part, at);
          return part !== null;
        });
        return { bytes: bytes.subarray(0, moved), terminal };
      },
    };
  }

  private isReady(number: number): boolean {
    const { command, mask } = this.controllers[number >> 2];
    return (command & COMMAND_DISABLE) === 0 && (mask & (1 << (number & 3))) === 0;
  }

  /** Moves up to `length` bytes in runs of rising addresses, and counts. */
  private transfer(
    number: number,
    length: number,
    move: (address: number, at: number, length: number, type: number) => boolean,
  ): { moved: number; terminal: boolean } {
    if (!this.isReady(number)) return { moved: 0, terminal: false };
    const wide = number >> 2;
    const controller = this.controllers[wide];
    const channel = controller.channels[number & 3];
    const unit = 1 << wide;
    const type = channel.mode & MODE_TRANSFER;
    const step = channel.mode & MODE_DECREMENT ? -1 : 1;
    const units = Math.min(Math.floor(length / unit), channel.count + 1);
    for (let done = 0; done < units; ) {
      // The address wraps within its 64 KiB (128 KiB) page.
      const run = step < 0 ? 1 : Math.min(units - done, 0x10000 - channel.address);
      const page = channel.highPage * 2 ** 24 + ((channel.page & ~wide) << 16);
      const address = page + channel.address * unit;
      if (!move(address, done * unit, run * unit, type))
        this.log.guestError(
          this.name,
          `channel ${number} cannot move ${run * unit} bytes at 0x${address.toString(16)}`,
        );
      channel.address = (channel.address + step * run) & 0xffff;
      done += run;
    }
    channel.count = (channel.count - units) & 0xffff;
    const terminal = units > 0 && channel.count === 0xffff;
    if (terminal) {
      controller.status |= 1 << (number & 3);
      if (channel.mode & MODE_AUTOINIT) {
        channel.address = channel.baseAddress;
        channel.count = channel.baseCount;
      } else {
        controller.mask |= 1 << (number & 3);
      }
    }
    return { moved: units * unit, terminal };
  }

  private read(index: number, offset: number): number {
    const controller = this.controllers[index];
    if (offset < COMMAND) {
      const { address, count } = controller.channels[offset >> 1];
      const value = offset & 1 ? count : address;
      controller.flipFlop = !controller.flipFlop;
      return controller.flipFlop ? value & 0xff : value >> 8;
    }
    if (offset === COMMAND) {
      const { status, request } = controller;
      controller.status = 0;
      return status | (request << 4);
    }
    return offset === ALL_MASK ? controller.mask : 0;
  }

  private write(index: number, offset: number, value: number): void {
    const controller = this.controllers[index];
    const bit = 1 << (value & 3);
    if (offset < COMMAND) this.writeChannel(controller, offset, value);
    else if (offset === COMMAND) controller.command = value;
    else if (offset === REQUEST) controller.request = withBit(controller.request, bit, (value & 4) !== 0);
    else if (offset === SINGLE_MASK) controller.mask = withBit(controller.mask, bit, (value & 4) !== 0);
    else if (offset === MODE) controller.channels[value & 3].mode = value;
    else if (offset === CLEAR_FLIP_FLOP) controller.flipFlop = false;
    else if (offset === CLEAR_MASK) controller.mask = 0;
    else if (offset === ALL_MASK) controller.mask = value & 0xf;
    else if (offset === MASTER_CLEAR)
      Object.assign(controller, { command: 0, status: 0, request: 0, mask: 0xf, flipFlop: false });
    if (offset !== COMMAND && offset !== SINGLE_MASK && offset !== CLEAR_MASK && offset !== ALL_MASK) return;
    for (const [number, listener] of [...this.listeners]) {
      if (number >> 2 === index && this.isReady(number)) listener();
    }
  }

  private writeChannel(controller: Controller, offset: number, value: number): void {
    const channel = controller.channels[offset >> 1];
    const high = controller.flipFlop;
    controller.flipFlop = !high;
    const merge = (old: number): number => (high ? (old & 0xff) | (value << 8) : (old & 0xff00) | value);
    if (offset & 1) channel.count = channel.baseCount = merge(channel.baseCount);
    else channel.address = channel.baseAddress = merge(channel.baseAddress);
  }

  reset(): void {
    this.controllers = [resetController(), resetController()];
  }

  save(): SavedState {
    const words = this.controllers.flatMap(({ channels, command, status, request, mask, flipFlop }) => [
      ...[command, status, request, mask, Number(flipFlop)],
      ...channels.flatMap((c) => [
        ...[c.baseAddress, c.baseCount, c.address, c.count].flatMap((word) => [word & 0xff, word >> 8]),
        ...[c.mode, c.page, c.highPage],
      ]),
    ]);
    return { version: VERSION, registers: words };
  }

  restore(saved: SavedState): void {
    const reader = new StateReader(this.name, VERSION, saved);
    const bytes = reader.bytes('registers', 2 * CONTROLLER_BYTES);
    if (bytes.length !== 2 * CONTROLLER_BYTES)
      throw reader.error('registers', `${2 * CONTROLLER_BYTES} bytes`);
    this.controllers = [0, CONTROLLER_BYTES].map((start) => {
      const [command, status, request, mask, flipFlop] = bytes.slice(start, start + 5);
      const channels = [0, 1, 2, 3].map((i): Channel => {
        const at = start + 5 + 11 * i;
        const word = (index: number): number => bytes[at + 2 * index] | (bytes[at + 2 * index + 1] << 8);
        const [mode, page, highPage] = bytes.slice(at + 8, at + 11);
        return {
          ...{ baseAddress: word(0), baseCount: word(1), address: word(2), count: word(3) },
          ...{ mode, page, highPage },
        };
      });
      return {
        ...{ channels, command, status: status & 0xf, request: request & 0xf, mask: mask & 0xf },
        flipFlop: flipFlop !== 0,
      };
    });
  }
}

const withBit = (word: number, bit: number, on: boolean): number => (on ? word | bit : word & ~bit);
