/**
 * What ATA disks and ATAPI drives have in common: the task file, data through the data register, and the state of a command that is
 * being carried out. Specification: ATA/ATAPI-7, volume 1, clause 5; volume 2, clause 11.
 */
import { type Eventually, whenDone } from '../../block/block-node.ts';
import type { StateReader } from '../device.ts';
import * as A from './ata.ts';

/** What a drive's channel does for it. */
export interface DriveHost {
  /** The drive wants an interrupt. */
  interrupt(): void;
  /** The drive has data to move by DMA: calls `drive.moveDma()` now, or when the bus master starts. */
  requestDma(): void;
  /** Gives the page a chance to do something else, in the midst of a long transfer; null: it goes on at once. */
  breathe(): Eventually<null>;
  /** Something that was waited for has come: what registers read may have changed. */
  settled(): void;
}

/** The memory side of a DMA transfer. */
export interface DmaWindow {
  /**
   * Room that the descriptors give, from the place reached on, at most `max` bytes; null: the descriptors lie outside of memory. Less than `max`
   * where they end (`ended`), and where they are so many small ones that the page would stand still for all of them: then some 4 KiB or more.
   */
  room(max: number): number | null;
  /** The descriptors that `room` looked at last were the last. */
  readonly ended: boolean;
  /** Moves bytes to memory, and the place on. False: some of it lies outside of memory. */
  put(bytes: Uint8Array): boolean;
  /** Takes bytes from memory, and moves the place on. */
  take(length: number): Uint8Array | null;
  /**
   * The drive has moved all it had to; or stopped, as it does where the medium fails or the descriptors are too short; or bytes did not get to
   * memory or from it, which alone is an error of the bus master's.
   */
  finish(how: 'done' | 'stopped' | 'error'): void;
}

/** Largest piece of a DMA command that is read or written at once, bytes. */
export const DMA_PIECE = 1024 * 1024;

/** Numbers that the guest can see or that decide what it will see, and their width in bits. */
const FIELDS = {
  feature: 8,
  hobFeature: 8,
  error: 8,
  count: 8,
  hobCount: 8,
  lbaLow: 8,
  hobLbaLow: 8,
  lbaMid: 8,
  hobLbaMid: 8,
  lbaHigh: 8,
  hobLbaHigh: 8,
  device: 8,
  status: 8,
  /** What happens when the data in the buffer has been moved, or what is being waited for: the drive's own PHASE_*. */
  phase: 8,
  /** Next byte of the buffer that the data register gives or takes. */
  at: 32,
} as const;

type Registers = Record<keyof typeof FIELDS, number>;

/** No command is being carried out. */
export const PHASE_IDLE = 0;
/** Largest data block, bytes. */
const BUFFER_MAX = 128 * 1024;

export abstract class IdeDrive {
  readonly r: Registers = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, 0])) as Registers;
  protected buffer = new Uint8Array(0);
  protected readonly host: DriveHost;
  /** Changes whenever what is on its way has lost its meaning. */
  private epoch = 0;

  constructor(host: DriveHost) {
    this.host = host;
  }

  /** Carries out a command that was written while the drive was neither busy nor moving data. */
  abstract execute(command: number): void;
  /** The guest moved all of the buffer through the data register. */
  protected abstract blockMoved(): void;
  /** Bus master and command are there: moves data until it waits for something, or is done. */
  abstract moveDma(window: DmaWindow): void;
  /** Goes on with what a restored phase waits for. */
  protected abstract resume(): void;
  /** Whether a software reset leaves DRDY set: not on packet devices (ATA/ATAPI-7, 9.2). */
  protected abstract readonly packetDevice: boolean;
  /** More of the state: numbers with their width in bits. */
  protected abstract readonly numbers: {
    values: Record<string, number>;
    widths: Readonly<Record<string, number>>;
  };

  /** Power-on and hardware reset. */
  reset(): void {
    this.cancel();
    for (const name of Object.keys(FIELDS) as (keyof Registers)[]) this.r[name] = 0;
    this.r.status = A.DRDY | A.DSC;
    this.r.device = A.DEVICE_ONES;
    this.signature();
  }

  /** Software reset, EXECUTE DEVICE DIAGNOSTIC and DEVICE RESET leave this: ATA/ATAPI-7 volume 1, 5.14 and 6.13. */
  softReset(): void {
    const { device } = this.r;
    this.reset();
    this.r.device = (device & A.DEVICE_SLAVE) | A.DEVICE_ONES;
    this.r.status = this.packetDevice ? 0 : A.DRDY | A.DSC;
    // Diagnostics: passed.
    this.r.error = 0x01;
  }

  /** The registers that tell what kind of device this is. */
  protected signature(): void {
    const { r } = this;
    r.count = 1;
    r.lbaLow = 1;
    r.lbaMid = this.packetDevice ? 0x14 : 0;
    r.lbaHigh = this.packetDevice ? 0xeb : 0;
    r.device &= 0xf0;
  }

  /** Forgets the command, and whatever comes of it later. */
  cancel(): void {
    this.epoch++;
    this.r.phase = PHASE_IDLE;
    this.buffer = new Uint8Array(0);
    this.r.at = 0;
  }

  get busy(): boolean {
    return (this.r.status & (A.BSY | A.DRQ)) !== 0;
  }

  /** Whether the command in hand moves its data by DMA and waits for the bus master. */
  abstract readonly wantsDma: boolean;

  /** Calls `next` with what a request gives, unless the command was given up meanwhile. */
  protected after<T>(result: Eventually<T>, next: (value: T) => void): void {
    const { epoch } = this;
    void whenDone(result, (value: T) => {
      if (epoch !== this.epoch) return;
      next(value);
      this.host.settled();
    });
  }

  /** Offers a block of data to the guest. */
  protected offer(bytes: Uint8Array, phase: number): void {
    this.buffer = bytes as Uint8Array<ArrayBuffer>;
    this.r.at = 0;
    this.r.phase = phase;
    this.r.status = (this.r.status & ~A.BSY) | A.DRQ;
  }

  /** Asks the guest for a block of data. */
  protected demand(length: number, phase: number): void {
    this.offer(new Uint8Array(length), phase);
  }

  /** The command is done. */
  protected complete(status = A.DRDY | A.DSC): void {
    this.cancel();
    this.r.status = status;
    this.host.interrupt();
  }

  protected abort(error = A.ABRT): void {
    this.r.error = error;
    this.complete(A.DRDY | A.ERR);
  }

  /** Whether the data register gives, or takes, data now. */
  protected abstract readonly direction: 'in' | 'out' | null;

  readData(size: number): number {
    const { r, buffer } = this;
    if (!(r.status & A.DRQ) || this.direction !== 'in') return 0;
    let value = 0;
    for (let i = 0; i < size; i++) value += (buffer[r.at + i] ?? 0) * 2 ** (8 * i);
    this.moved(size);
    return value;
  }

  writeData(size: number, value: number): void {
    const { r, buffer } = this;
    if (!(r.status & A.DRQ) || this.direction !== 'out') return;
    for (let i = 0; i < size && r.at + i < buffer.length; i++)
      buffer[r.at + i] = Math.floor(value / 2 ** (8 * i)) & 0xff;
    this.moved(size);
  }

  /** As so many reads of the data register as fill `into`, in one go as far as the block reaches; how many bytes that is. */
  readBlock(into: Uint8Array): number {
    const { r, buffer } = this;
    if (!(r.status & A.DRQ) || this.direction !== 'in') return 0;
    const count = Math.min(into.length, buffer.length - r.at);
    into.set(buffer.subarray(r.at, r.at + count));
    this.moved(count);
    return count;
  }

  /** The same for writes. */
  writeBlock(from: Uint8Array): number {
    const { r, buffer } = this;
    if (!(r.status & A.DRQ) || this.direction !== 'out') return 0;
    const count = Math.min(from.length, buffer.length - r.at);
    buffer.set(from.subarray(0, count), r.at);
    this.moved(count);
    return count;
  }

  private moved(size: number): void {
    this.r.at += size;
    if (this.r.at < this.buffer.length) return;
    this.r.at = this.buffer.length;
    this.r.status &= ~A.DRQ;
    this.blockMoved();
  }

  save(prefix: string): Record<string, number | number[]> {
    const saved: Record<string, number | number[]> = { [`${prefix}.buffer`]: [...this.buffer] };
    for (const [name, value] of Object.entries(this.r)) saved[`${prefix}.${name}`] = value;
    for (const [name, value] of Object.entries(this.numbers.values)) saved[`${prefix}.${name}`] = value;
    return saved;
  }

  /** Reads and checks a saved state; the function it gives takes it over. */
  restorer(prefix: string, reader: StateReader): () => void {
    const buffer = Uint8Array.from(reader.bytes(`${prefix}.buffer`, BUFFER_MAX));
    const read = (widths: Readonly<Record<string, number>>): Record<string, number> =>
      Object.fromEntries(
        Object.entries(widths).map(([name, bits]) => [name, reader.uint(`${prefix}.${name}`, bits)]),
      );
    const registers = read(FIELDS);
    const values = read(this.numbers.widths);
    if (registers['at'] > buffer.length) throw reader.error(`${prefix}.at`, 'within the buffer');
    this.checkRestored(prefix, reader, registers['phase'], values);
    return () => {
      this.cancel();
      this.buffer = buffer;
      Object.assign(this.r, registers);
      Object.assign(this.numbers.values, values);
      this.resume();
    };
  }

  /** @throws RestoreError for what no drive of this kind would have saved */
  protected abstract checkRestored(
    prefix: string,
    reader: StateReader,
    phase: number,
    values: Record<string, number>,
  ): void;
}
