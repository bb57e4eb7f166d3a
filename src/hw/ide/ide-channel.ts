/**
 * An ATA channel: two places for drives, their shared registers, and the interrupt.
 * Specification: ATA/ATAPI-7 volume 2, clause 9; volume 1, clause 5.
 *
 * Reach: a command takes a driver some thirty accesses, of which four are exits. The task file only means something to the command that is
 * written after it, so its writes wait for that; so do those to the bus master's registers but for its start and stop. Status is read from
 * shadows, unless reading it would take the interrupt back. The drive that is selected changes what Status is, and is no write that waits.
 */
import type { IrqLine } from '../../core/irq.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { MmioRegion, RegisterSpec, StateReader } from '../device.ts';
import * as A from './ata.ts';
import { BM_COMMAND, BM_STATUS, BusMaster, DESCRIPTORS_AT_ONCE } from './bus-master.ts';
import type { DriveHost, IdeDrive } from './ide-drive.ts';

const DATA = 0;
const ERROR_FEATURE = 1;
const COUNT = 2;
const LBA_LOW = 3;
const LBA_MID = 4;
const LBA_HIGH = 5;
const DEVICE = 6;
const STATUS_COMMAND = 7;

/** Where a channel publishes its shadows. */
export type IdeBlock = 'registers' | 'control' | 'busMaster';

/** Registers that hold what was written last and, behind HOB, what was written before: ATA/ATAPI-7 volume 1, 5.8. */
const PAIRS: Readonly<Record<number, readonly [keyof IdeDrive['r'], keyof IdeDrive['r']]>> = {
  [ERROR_FEATURE]: ['feature', 'hobFeature'],
  [COUNT]: ['count', 'hobCount'],
  [LBA_LOW]: ['lbaLow', 'hobLbaLow'],
  [LBA_MID]: ['lbaMid', 'hobLbaMid'],
  [LBA_HIGH]: ['lbaHigh', 'hobLbaHigh'],
};

/** What is published, in the order of publishAll. */
const SHADOWS: readonly (readonly [IdeBlock, number])[] = [
  ['control', 0],
  ['registers', STATUS_COMMAND],
  ['registers', DEVICE],
  ['busMaster', BM_COMMAND],
  ['busMaster', BM_STATUS],
];

const FIELDS = {
  /** The selected drive. */
  selected: 1,
  control: 8,
  /** The drives' interrupt, whether or not nIEN lets it out. */
  pending: 1,
  /** Task file of a channel without drives, which still holds what is written. */
  device: 8,
} as const;

export interface IdeChannelOptions {
  /** Name in the regions' names: `ide0`. */
  name: string;
  irq: IrqLine;
  memory: GuestMemory;
  /** As DriveHost's; null: long transfers go on at once. */
  breathe: DriveHost['breathe'] | null;
  /** Takes the shadow of the register at byte `offset` of a block. */
  publish(block: IdeBlock, offset: number, value: number | null): void;
  /** Builds the drive of a place, 0 (master) or 1, or none. */
  drive(place: number, host: DriveHost): IdeDrive | null;
}

export class IdeChannel {
  /** Eight registers (0x1f0), and the control register (0x3f6). */
  readonly regions: readonly [MmioRegion, MmioRegion];
  readonly busMaster: BusMaster;
  readonly drives: readonly (IdeDrive | null)[];
  private readonly irq: IrqLine;
  private readonly publish: IdeChannelOptions['publish'];
  private readonly shown: (number | null)[] = [];
  private readonly s: Record<keyof typeof FIELDS, number> = {
    selected: 0,
    control: 0,
    pending: 0,
    device: 0,
  };

  constructor({ name, irq, memory, breathe, publish, drive }: IdeChannelOptions) {
    this.irq = irq;
    this.publish = publish;
    this.busMaster = new BusMaster(memory, breathe ? DESCRIPTORS_AT_ONCE : Number.POSITIVE_INFINITY);
    this.busMaster.onStart = () => this.moveDma();
    // A transfer that is cut short leaves the drive as it is: the guest resets it.
    this.busMaster.onStop = () => {
      for (const one of this.drives) if (one?.wantsDma) one.cancel();
    };
    this.drives = [0, 1].map((place) =>
      drive(place, {
        interrupt: () => this.raise(),
        requestDma: () => this.moveDma(),
        breathe: breathe ?? (() => null),
        settled: () => this.publishAll(),
      }),
    );
    const task = (offset: number, register: string, more: Partial<RegisterSpec> = {}): RegisterSpec => ({
      offset,
      name: register,
      read: 'exit',
      write: 'deferred',
      ...more,
    });
    const shadowed = { read: 'shadow', write: 'exit' } as const;
    this.regions = [
      {
        name,
        size: 8,
        accessMin: 1,
        accessMax: 4,
        spacing: 1,
        registers: [
          task(DATA, 'DATA', { write: 'exit' }),
          task(ERROR_FEATURE, 'ERROR_FEATURE'),
          task(COUNT, 'COUNT'),
          task(LBA_LOW, 'LBA_LOW'),
          task(LBA_MID, 'LBA_MID'),
          task(LBA_HIGH, 'LBA_HIGH'),
          task(DEVICE, 'DEVICE', { read: 'shadow', decisive: A.DEVICE_SLAVE, stale: ['DEVICE'] }),
          task(STATUS_COMMAND, 'STATUS_COMMAND', shadowed),
        ],
        read: (offset, size) => {
          const value = this.read(offset, size);
          this.publishAll();
          return value;
        },
        write: (offset, size, value) => {
          this.write(offset, size, value);
          this.publishAll();
        },
        readString: (offset, size, into) => {
          this.readString(offset, size, into);
          this.publishAll();
        },
        writeString: (offset, size, from) => {
          this.writeString(offset, size, from);
          this.publishAll();
        },
      },
      {
        name: `${name}-control`,
        size: 1,
        accessMin: 1,
        accessMax: 1,
        spacing: 1,
        registers: [task(0, 'ALTERNATE_STATUS_CONTROL', shadowed)],
        read: () => this.status(),
        write: (_offset, _size, value) => {
          this.writeControl(value & 0xff);
          this.publishAll();
        },
      },
    ];
    this.reset();
  }

  private get drive(): IdeDrive | null {
    return this.drives[this.s.selected];
  }

  private get empty(): boolean {
    return this.drives[0] === null && this.drives[1] === null;
  }

  private raise(): void {
    this.s.pending = 1;
    if (!(this.s.control & A.NIEN)) this.busMaster.interrupted();
    // A guest that is interrupted finds what the interrupt means.
    this.publishAll();
    this.updateIrq();
  }

  /**
   * Publishes what reads return that have no side effect: after whatever may have changed it.
   * @param again what nobody took when it was published
   */
  publishAll(again = false): void {
    const { busMaster, shown } = this;
    const status = this.status();
    const now = [
      status,
      this.s.pending === 1 ? null : status,
      this.readDevice(),
      busMaster.readByte(BM_COMMAND),
      busMaster.readByte(BM_STATUS),
    ];
    SHADOWS.forEach(([block, offset], i) => {
      if (now[i] === shown[i] && !again) return;
      shown[i] = now[i];
      this.publish(block, offset, now[i]);
    });
  }

  private updateIrq(): void {
    this.irq.set(this.s.pending === 1 && !(this.s.control & A.NIEN));
  }

  private moveDma(): void {
    const drive = this.drives.find((one) => one?.wantsDma);
    if (this.busMaster.active) drive?.moveDma(this.busMaster);
  }

  /** ATA/ATAPI-7 volume 2, 9.16: device 0 answers for a device 1 that is not there, with a status of 0. */
  private status(): number {
    return this.drive ? this.drive.r.status : 0;
  }

  private read(offset: number, size: number): number {
    if (offset === DATA) return this.drive?.readData(size) ?? 0;
    let value = 0;
    for (let i = 0; i < size; i++) value += this.readByte(offset + i) * 2 ** (8 * i);
    return value;
  }

  private readString(offset: number, size: number, into: Uint8Array): void {
    let at = 0;
    // A block may be followed by the next one at once.
    while (offset === DATA && at < into.length) {
      const count = this.drive?.readBlock(into.subarray(at)) ?? 0;
      if (count === 0) break;
      at += count;
    }
    for (; at < into.length; at += size) {
      const value = this.read(offset, size);
      for (let i = 0; i < size && at + i < into.length; i++)
        into[at + i] = Math.floor(value / 2 ** (8 * i)) & 0xff;
    }
  }

  private writeString(offset: number, size: number, from: Uint8Array): void {
    let at = 0;
    while (offset === DATA && at < from.length) {
      const count = this.drive?.writeBlock(from.subarray(at)) ?? 0;
      if (count === 0) break;
      at += count;
    }
    for (; at < from.length; at += size) {
      let value = 0;
      for (let i = size - 1; i >= 0; i--) value = value * 0x100 + (from[at + i] ?? 0);
      this.write(offset, size, value);
    }
  }

  private readByte(offset: number): number {
    if (offset === STATUS_COMMAND) {
      this.s.pending = 0;
      this.updateIrq();
      return this.status();
    }
    const { drive } = this;
    if (offset === DEVICE) return this.readDevice();
    if (!drive) return 0;
    const { r } = drive;
    const high = (this.s.control & A.HOB) !== 0;
    if (offset === ERROR_FEATURE && !high) return r.error;
    const pair = PAIRS[offset];
    return pair ? r[pair[high ? 1 : 0]] : 0;
  }

  private readDevice(): number {
    return this.empty ? 0 : (this.drive?.r.device ?? this.s.device);
  }

  private write(offset: number, size: number, value: number): void {
    if (offset === DATA) {
      this.drive?.writeData(size, value);
      return;
    }
    if (offset === STATUS_COMMAND) {
      this.writeByte(offset, value & 0xff);
      return;
    }
    // A wide write goes to several registers, as on the ISA bus; but the last of them is never part of it, since it lowers the interrupt.
    for (let i = 0; i < size && offset + i < STATUS_COMMAND; i++) {
      this.writeByte(offset + i, Math.floor(value / 2 ** (8 * i)) & 0xff);
    }
  }

  private writeByte(offset: number, value: number): void {
    if (offset === DATA) return;
    // A write to any of these takes HOB back: ATA/ATAPI-7 volume 1, 5.8.
    this.s.control &= ~A.HOB;
    if (offset === STATUS_COMMAND) return this.command(value);
    if (this.drive?.busy) return;
    if (offset === DEVICE) {
      this.s.selected = value & A.DEVICE_SLAVE ? 1 : 0;
      this.s.device = value | A.DEVICE_ONES;
    }
    // Both drives take what is written, whichever is selected.
    for (const drive of this.drives) {
      if (!drive) continue;
      const { r } = drive;
      const pair = PAIRS[offset];
      if (pair) {
        const [last, before] = pair;
        r[before] = r[last];
        r[last] = value;
      } else if (offset === DEVICE) r.device = value | A.DEVICE_ONES;
    }
  }

  private command(value: number): void {
    this.s.pending = 0;
    this.updateIrq();
    if (value === A.COMMAND.EXECUTE_DIAGNOSTIC) {
      if (this.drive?.busy) return;
      // All drives carry it out; drive 0 answers for both.
      for (const drive of this.drives) drive?.softReset();
      this.select(0);
      if (this.drives[0]) this.raise();
      return;
    }
    const { drive } = this;
    if (!drive) return;
    if (drive.busy && value !== A.COMMAND.DEVICE_RESET) return;
    drive.execute(value);
  }

  private select(place: number): void {
    this.s.selected = place;
    this.s.device = A.DEVICE_ONES | (place << 4);
    for (const drive of this.drives) if (drive) drive.r.device = this.s.device;
  }

  private writeControl(value: number): void {
    const falling = this.s.control & ~value & A.SRST;
    const rising = value & ~this.s.control & A.SRST;
    this.s.control = value;
    if (rising) {
      for (const drive of this.drives) {
        if (!drive) continue;
        drive.cancel();
        drive.r.status = A.BSY;
      }
      this.s.pending = 0;
    }
    if (falling) {
      for (const drive of this.drives) drive?.softReset();
      this.select(0);
    }
    this.updateIrq();
  }

  reset(): void {
    Object.assign(this.s, { selected: 0, control: 0, pending: 0, device: A.DEVICE_ONES });
    for (const drive of this.drives) drive?.reset();
    this.busMaster.reset();
    this.publishAll();
    this.updateIrq();
  }

  save(prefix: string): Record<string, number | number[]> {
    const saved: Record<string, number | number[]> = this.busMaster.save(`${prefix}.bm`);
    for (const [name, value] of Object.entries(this.s)) saved[`${prefix}.${name}`] = value;
    this.drives.forEach((drive, place) => Object.assign(saved, drive?.save(`${prefix}.${place}`)));
    return saved;
  }

  /** Reads and checks a saved state; the function it gives takes it over. */
  restorer(prefix: string, reader: StateReader): () => void {
    const busMaster = this.busMaster.restorer(`${prefix}.bm`, reader);
    const values = Object.fromEntries(
      Object.entries(FIELDS).map(([name, bits]) => [name, reader.uint(`${prefix}.${name}`, bits)]),
    );
    const drives = this.drives.map((drive, place) => drive?.restorer(`${prefix}.${place}`, reader));
    return () => {
      busMaster();
      Object.assign(this.s, values);
      for (const restore of drives) restore?.();
      this.publishAll();
      this.updateIrq();
    };
  }
}
