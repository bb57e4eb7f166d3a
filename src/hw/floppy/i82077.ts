/**
 * Floppy controller 82077AA with two drives. Specification: Intel 82077AA datasheet (order number 290166).
 *
 * Not there: FM recording, sectors of other sizes than 512 bytes, deleted data marks (they are read and written as ordinary data), the
 * scan commands, tape. Seeks take no time.
 */
import { type BlockNode, type BlockResult, type Eventually, whenDone } from '../../block/block-node.ts';
import type { IrqLine } from '../../core/irq.ts';
import type { Log } from '../../core/log.ts';
import { type Device, type MmioRegion, type SavedState, StateReader } from '../device.ts';
import type { DmaChannel } from '../dma/dma8237.ts';
import { type FloppyGeometry, floppyGeometry } from './floppy-geometry.ts';

const SECTOR = 512;

const DOR_SELECT = 0x03;
const DOR_RUN = 0x04;
const DOR_DMA = 0x08;
const MSR_RQM = 0x80;
const MSR_DIO = 0x40;
const MSR_NON_DMA = 0x20;
const MSR_BUSY = 0x10;
const DSR_RESET = 0x80;
const DIR_CHANGED = 0x80;

const ST0_ABNORMAL = 0x40;
const ST0_INVALID = 0x80;
const ST0_READY_CHANGED = 0xc0;
const ST0_SEEK_END = 0x20;
const ST0_NO_TRACK_0 = 0x10;
const ST1_MISSING_MARK = 0x01;
const ST1_NOT_WRITABLE = 0x02;
const ST1_NO_DATA = 0x04;
const ST1_DATA_ERROR = 0x20;
const ST1_END_OF_CYLINDER = 0x80;
const ST2_WRONG_CYLINDER = 0x10;
const ST3_WRITE_PROTECTED = 0x40;
const ST3_TRACK_0 = 0x10;
/** Ready and two-sided. */
const ST3_FIXED = 0x28;

const MULTI_TRACK = 0x80;
const COMMAND_MASK = 0x1f;
const C = {
  READ_TRACK: 0x02,
  SPECIFY: 0x03,
  SENSE_DRIVE: 0x04,
  WRITE: 0x05,
  READ: 0x06,
  RECALIBRATE: 0x07,
  SENSE_INTERRUPT: 0x08,
  WRITE_DELETED: 0x09,
  READ_ID: 0x0a,
  READ_DELETED: 0x0c,
  FORMAT: 0x0d,
  DUMP_REGISTERS: 0x0e,
  SEEK: 0x0f,
  VERSION: 0x10,
  PERPENDICULAR: 0x12,
  CONFIGURE: 0x13,
  LOCK: 0x14,
  VERIFY: 0x16,
  PART_ID: 0x18,
} as const;

/** Bytes that follow the command's own. */
const PARAMETERS: Readonly<Record<number, number>> = {
  [C.READ_TRACK]: 8,
  [C.SPECIFY]: 2,
  [C.SENSE_DRIVE]: 1,
  [C.WRITE]: 8,
  [C.READ]: 8,
  [C.RECALIBRATE]: 1,
  [C.SENSE_INTERRUPT]: 0,
  [C.WRITE_DELETED]: 8,
  [C.READ_ID]: 1,
  [C.READ_DELETED]: 8,
  [C.FORMAT]: 5,
  [C.DUMP_REGISTERS]: 0,
  [C.SEEK]: 2,
  [C.VERSION]: 0,
  [C.PERPENDICULAR]: 1,
  [C.CONFIGURE]: 3,
  [C.LOCK]: 0,
  [C.VERIFY]: 8,
  [C.PART_ID]: 0,
};

const PHASE_COMMAND = 0;
/** A sector, or the sectors' names of FORMAT, are being read, written, or moved by DMA. */
const PHASE_EXECUTE = 1;
/** A sector's bytes go through the data register. */
const PHASE_DATA = 2;
const PHASE_RESULT = 3;

const FIELDS = {
  dor: 8,
  tdr: 2,
  rate: 2,
  phase: 2,
  /** Interrupts that SENSE INTERRUPT STATUS owes after a reset. */
  resets: 3,
  /** ST0 of a seek that nobody has asked for; 0xff: none. */
  seekEnd: 8,
  specify1: 8,
  specify2: 8,
  configure1: 8,
  configure2: 8,
  perpendicular: 8,
  locked: 1,
  pending: 1,
  /** The command's place: cylinder, head, sector. */
  track: 8,
  head: 1,
  sector: 8,
} as const;

type Numbers = Record<keyof typeof FIELDS, number>;

/** CONFIGURE's polling is on after power-up, and the FIFO off. */
const CONFIGURE_RESET = 0x20;
const NO_SEEK = 0xff;
const VERSION = 1;

interface Drive {
  node: BlockNode | null;
  geometry: FloppyGeometry | null;
  track: number;
  changed: boolean;
}

export interface I82077Options {
  irq: IrqLine;
  dma: DmaChannel;
  /** Images in the two drives; null: none in it. Absent: there is no such drive. */
  drives: readonly (BlockNode | null)[];
  log: Log;
}

export class I82077 implements Device {
  readonly name = 'i82077';
  /** 0x3f0 to 0x3f5, and 0x3f7. */
  readonly regions: readonly MmioRegion[];
  private readonly irq: IrqLine;
  private readonly dma: DmaChannel;
  private readonly log: Log;
  private readonly drives: Drive[];
  private n: Numbers;
  private command: number[] = [];
  private result: number[] = [];
  private buffer = new Uint8Array(0);
  private at = 0;
  private epoch = 0;

  constructor(options: I82077Options) {
    this.irq = options.irq;
    this.dma = options.dma;
    this.log = options.log;
    this.drives = options.drives.map((node) => ({
      node,
      geometry: node && floppyGeometry(node.size),
      track: 0,
      changed: true,
    }));
    this.n = this.initial();
    this.dma.onReady(() => this.dmaReady());
    const register = (offset: number, name: string) => ({
      offset,
      name,
      read: 'exit' as const,
      write: 'exit' as const,
    });
    const bytes = { accessMin: 1, accessMax: 1, spacing: 1 };
    this.regions = [
      {
        ...bytes,
        name: 'fdc',
        size: 6,
        registers: ['SRA', 'SRB', 'DOR', 'TDR', 'MSR_DSR', 'FIFO'].map((name, offset) =>
          register(offset, name),
        ),
        read: (offset) => this.read(offset),
        write: (offset, _size, value) => this.write(offset, value & 0xff),
      },
      {
        ...bytes,
        name: 'fdc-dir',
        size: 1,
        registers: [register(0, 'DIR_CCR')],
        read: () => (this.drive?.changed ? DIR_CHANGED : 0),
        write: (_offset, _size, value) => {
          this.n.rate = value & 3;
        },
      },
    ];
  }

  private initial(): Numbers {
    const numbers = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, 0])) as Numbers;
    return { ...numbers, dor: DOR_RUN | DOR_DMA, seekEnd: NO_SEEK, configure1: CONFIGURE_RESET, sector: 1 };
  }

  /** The drive that DOR selects. */
  private get drive(): Drive | undefined {
    return this.drives[this.n.dor & DOR_SELECT];
  }

  /** Bytes of the medium in a drive; null: there is none. */
  sizeOf(drive: number): number | null {
    return this.drives[drive].node?.size ?? null;
  }

  /** Puts a medium into a drive, or takes it out. */
  changeMedium(index: number, node: BlockNode | null): void {
    const drive = this.drives[index];
    drive.node = node;
    drive.geometry = node && floppyGeometry(node.size);
    drive.changed = true;
  }

  private read(offset: number): number {
    const { n } = this;
    switch (offset) {
      case 0:
        return n.pending << 7;
      case 1:
        return 0xc0 | (n.dor & 0x30 ? 3 : 0);
      case 2:
        return n.dor;
      case 3:
        return n.tdr;
      case 4:
        return this.status();
      default:
        return this.readFifo();
    }
  }

  private status(): number {
    const { n } = this;
    if (!(n.dor & DOR_RUN)) return 0;
    switch (n.phase) {
      case PHASE_COMMAND:
        return MSR_RQM | (this.command.length > 0 ? MSR_BUSY : 0);
      case PHASE_RESULT:
        return MSR_RQM | MSR_DIO | MSR_BUSY;
      case PHASE_DATA:
        return MSR_RQM | MSR_NON_DMA | MSR_BUSY | (this.writing ? 0 : MSR_DIO);
      default:
        return MSR_BUSY | (this.byDma ? 0 : MSR_NON_DMA);
    }
  }

  private write(offset: number, value: number): void {
    const { n } = this;
    if (offset === 2) this.writeDor(value);
    else if (offset === 3) n.tdr = value & 3;
    else if (offset === 4) {
      n.rate = value & 3;
      if (value & DSR_RESET) this.resetController();
    } else if (offset === 5) this.writeFifo(value);
  }

  private writeDor(value: number): void {
    const { n } = this;
    const before = n.dor;
    n.dor = value;
    if (!(value & DOR_RUN)) {
      this.stop();
      n.pending = 0;
    } else if (!(before & DOR_RUN)) this.resetController();
    this.updateIrq();
  }

  /** Leaving reset: four drives are said to have changed, for SENSE INTERRUPT STATUS to ask for. Section 6.3. */
  private resetController(): void {
    const { n } = this;
    this.stop();
    if (!n.locked) n.configure1 = CONFIGURE_RESET;
    n.resets = 4;
    n.seekEnd = NO_SEEK;
    this.interrupt();
  }

  private stop(): void {
    this.epoch++;
    this.command = [];
    this.result = [];
    this.buffer = new Uint8Array(0);
    this.n.phase = PHASE_COMMAND;
  }

  private interrupt(): void {
    this.n.pending = 1;
    this.updateIrq();
  }

  private updateIrq(): void {
    this.irq.set(this.n.pending === 1 && (this.n.dor & DOR_DMA) !== 0);
  }

  private after<T>(result: Eventually<T>, next: (value: T) => void): void {
    const { epoch } = this;
    void whenDone(result, (value: T) => {
      if (epoch === this.epoch) next(value);
    });
  }

  // The data register

  private readFifo(): number {
    const { n } = this;
    if (n.phase === PHASE_DATA && !this.writing) {
      const byte = this.buffer[this.at++];
      if (this.at === this.buffer.length) this.blockMoved();
      return byte;
    }
    if (n.phase !== PHASE_RESULT) return 0;
    n.pending = 0;
    this.updateIrq();
    const byte = this.result.shift() ?? 0;
    if (this.result.length === 0) this.stop();
    return byte;
  }

  private writeFifo(value: number): void {
    const { n } = this;
    if (!(n.dor & DOR_RUN)) return;
    if (n.phase === PHASE_DATA && this.writing) {
      this.buffer[this.at++] = value;
      if (this.at === this.buffer.length) this.blockMoved();
      return;
    }
    if (n.phase !== PHASE_COMMAND) {
      this.log.guestError(this.name, 'a byte was written while a result is waiting');
      return;
    }
    this.command.push(value);
    const parameters = PARAMETERS[this.operation];
    if (parameters === undefined) {
      this.log.guestError(this.name, `command 0x${value.toString(16)} is not there`);
      this.finish([ST0_INVALID], false);
    } else if (this.command.length > parameters) {
      n.phase = PHASE_EXECUTE;
      this.execute();
    }
  }

  private get operation(): number {
    return this.command[0] & COMMAND_MASK;
  }

  private get writing(): boolean {
    return [C.WRITE, C.WRITE_DELETED, C.FORMAT].includes(this.operation as 5);
  }

  private get byDma(): boolean {
    return (this.n.specify2 & 1) === 0;
  }

  /** The command is done; `result` is what the guest reads now. */
  private finish(result: number[], interrupts: boolean): void {
    const { n } = this;
    this.epoch++;
    this.buffer = new Uint8Array(0);
    this.result = result;
    n.phase = PHASE_RESULT;
    if (result.length === 0) this.stop();
    if (interrupts) this.interrupt();
  }

  // Commands

  private execute(): void {
    const { n, command } = this;
    const select = command[1] & DOR_SELECT;
    const drive = this.drives[select];
    switch (this.operation) {
      case C.SPECIFY:
        [n.specify1, n.specify2] = [command[1], command[2]];
        return this.finish([], false);
      case C.SENSE_DRIVE: {
        const status = ST3_FIXED | (drive?.track === 0 ? ST3_TRACK_0 : 0);
        const guarded = drive?.node?.readOnly ? ST3_WRITE_PROTECTED : 0;
        return this.finish([status | guarded | (command[1] & 7)], false);
      }
      case C.RECALIBRATE:
        return this.seek(select, 0);
      case C.SEEK:
        return this.seek(command[1] & 7, command[2]);
      case C.SENSE_INTERRUPT:
        return this.senseInterrupt();
      case C.VERSION:
      case C.PART_ID:
        return this.finish([this.operation === C.VERSION ? 0x90 : 0x41], false);
      case C.PERPENDICULAR:
        if (command[1] & 0x80) n.perpendicular = command[1] & 0x7f;
        return this.finish([], false);
      case C.CONFIGURE:
        [n.configure1, n.configure2] = [command[2], command[3]];
        return this.finish([], false);
      case C.LOCK:
        n.locked = command[0] >> 7;
        return this.finish([n.locked << 4], false);
      case C.DUMP_REGISTERS: {
        const tracks = [0, 1, 2, 3].map((index) => this.drives[index]?.track ?? 0);
        const geometry = this.drive?.geometry;
        const rest = [
          geometry?.sectors ?? 0,
          (n.locked << 7) | (n.perpendicular << 2),
          n.configure1,
          n.configure2,
        ];
        return this.finish([...tracks, n.specify1, n.specify2, ...rest], false);
      }
      case C.READ_ID:
        return this.readId(drive);
      case C.FORMAT:
        return this.format(drive);
      default:
        return this.transfer(drive);
    }
  }

  private seek(select: number, track: number): void {
    const { n } = this;
    const drive = this.drives[select & DOR_SELECT];
    const recalibrate = this.operation === C.RECALIBRATE;
    n.seekEnd = ST0_SEEK_END | (select & 7);
    if (drive) {
      // A step with a medium in the drive says that the change was noticed.
      if (drive.node) drive.changed = false;
      drive.track = track;
    } else if (recalibrate) n.seekEnd |= ST0_ABNORMAL | ST0_NO_TRACK_0;
    this.finish([], true);
  }

  private senseInterrupt(): void {
    const { n } = this;
    const { resets, seekEnd } = n;
    n.pending = 0;
    this.updateIrq();
    if (resets > 0) {
      const index = 4 - resets;
      n.resets = resets - 1;
      return this.finish([ST0_READY_CHANGED | index, this.drives[index]?.track ?? 0], false);
    }
    // Nothing to be told of is an invalid command.
    if (seekEnd === NO_SEEK) return this.finish([ST0_INVALID], false);
    n.seekEnd = NO_SEEK;
    this.finish([seekEnd, this.drives[seekEnd & DOR_SELECT]?.track ?? 0], false);
  }

  /** The seven bytes that end a command with data. */
  private end(st0: number, st1 = 0, st2 = 0): void {
    const { n, command } = this;
    const status = st0 | (n.head << 2) | (command[1] & DOR_SELECT);
    this.finish([status, st1, st2, n.track, n.head, n.sector, 2], true);
  }

  /** Whether the drive's medium can be found at all at this data rate; ends the command otherwise. */
  private findsMedium(
    drive: Drive | undefined,
  ): drive is Drive & { node: BlockNode; geometry: FloppyGeometry } {
    const { n, command } = this;
    n.head = (command[1] >> 2) & 1;
    if (drive?.node && drive.geometry?.rates.includes(n.rate) && n.head < drive.geometry.heads) return true;
    this.end(ST0_ABNORMAL, ST1_MISSING_MARK);
    return false;
  }

  private readId(drive: Drive | undefined): void {
    const { n } = this;
    if (!this.findsMedium(drive)) return;
    n.track = drive.track;
    n.sector = (n.sector % drive.geometry.sectors) + 1;
    this.end(0);
  }

  private transfer(drive: Drive | undefined): void {
    const { n, command } = this;
    if (!this.findsMedium(drive)) return;
    n.track = command[2];
    n.head = command[3] & 1;
    n.sector = this.operation === C.READ_TRACK ? 1 : command[4];
    if (this.writing && drive.node.readOnly) return this.end(ST0_ABNORMAL, ST1_NOT_WRITABLE);
    // Implied seeks: CONFIGURE's EIS.
    if (n.configure1 & 0x40) drive.track = n.track;
    this.nextSector();
  }

  private get current(): Drive {
    return this.drives[this.command[1] & DOR_SELECT];
  }

  /** Byte of the sector at hand; null ends the command: there is none. */
  private place(): number | null {
    const { n } = this;
    const { geometry, track } = this.current;
    if (!geometry) {
      this.end(ST0_ABNORMAL, ST1_MISSING_MARK);
      return null;
    }
    const { sectors, heads, tracks } = geometry;
    if (n.track !== track) {
      this.end(ST0_ABNORMAL, ST1_NO_DATA, ST2_WRONG_CYLINDER);
      return null;
    }
    if (
      n.sector === 0 ||
      n.sector > sectors ||
      n.head >= heads ||
      n.track >= tracks ||
      this.command[5] !== 2
    ) {
      this.end(ST0_ABNORMAL, ST1_NO_DATA);
      return null;
    }
    return ((n.track * heads + n.head) * sectors + n.sector - 1) * SECTOR;
  }

  private nextSector(): void {
    const { n } = this;
    const place = this.place();
    if (place === null) return;
    n.phase = PHASE_EXECUTE;
    const { node } = this.current;
    if (this.writing) {
      if (this.byDma) {
        this.dmaReady();
        return;
      }
      this.buffer = new Uint8Array(SECTOR);
      return this.offer();
    }
    this.after(node!.read(place, SECTOR), (result) => {
      if (!result.ok) {
        this.log.warn('floppy', `a read failed: ${result.error.message}`);
        return this.end(ST0_ABNORMAL, ST1_DATA_ERROR, ST1_DATA_ERROR);
      }
      this.buffer = result.value.slice();
      if (this.operation === C.VERIFY) return this.advance(false);
      if (this.byDma) this.dmaReady();
      else this.offer();
    });
  }

  private offer(): void {
    this.at = 0;
    this.n.phase = PHASE_DATA;
    this.interrupt();
  }

  /** The DMA channel can move what waits for it. */
  private dmaReady(): void {
    const { n } = this;
    if (n.phase !== PHASE_EXECUTE || !this.byDma || !this.dma.ready || this.command.length === 0) return;
    if (this.operation === C.FORMAT) {
      this.formatTrack(this.dma.fromMemory(4 * this.command[3]).bytes);
    } else if (this.writing) {
      const { bytes, terminal } = this.dma.fromMemory(SECTOR);
      if (bytes.length === 0) return;
      // Less than a sector: the rest is zeros.
      this.buffer = new Uint8Array(SECTOR);
      this.buffer.set(bytes);
      this.store(terminal);
    } else if (this.buffer.length === SECTOR) {
      const { terminal } = this.dma.toMemory(this.buffer);
      this.advance(terminal);
    }
  }

  /** The guest moved all of a sector, or of FORMAT's list, through the data register. */
  private blockMoved(): void {
    this.n.phase = PHASE_EXECUTE;
    this.n.pending = 0;
    this.updateIrq();
    if (this.operation === C.FORMAT) this.formatTrack(this.buffer);
    else if (this.writing) this.store(false);
    else this.advance(false);
  }

  private store(terminal: boolean): void {
    const place = this.place();
    if (place === null) return;
    this.after(this.current.node!.write(place, this.buffer), (result) => {
      if (!result.ok) {
        this.log.warn('floppy', `a write failed: ${result.error.message}`);
        return this.end(ST0_ABNORMAL, ST1_DATA_ERROR);
      }
      this.advance(terminal);
    });
  }

  /** Goes on behind a sector; at the terminal count the command ends well, behind the last sector without one it does not. */
  private advance(terminal: boolean): void {
    const { n, command } = this;
    this.buffer = new Uint8Array(0);
    const last = n.sector >= command[6];
    const turns = last && (command[0] & MULTI_TRACK) !== 0 && n.head === 0;
    if (last) {
      n.sector = 1;
      if (turns) n.head = 1;
      else {
        n.track = (n.track + 1) & 0xff;
        if (command[0] & MULTI_TRACK) n.head = 0;
      }
    } else n.sector++;
    if (terminal) return this.end(0);
    // Without DMA nobody gives a terminal count: the last sector ends the command.
    if (last && !turns) {
      const ended = this.operation === C.VERIFY ? 0 : ST1_END_OF_CYLINDER;
      return this.end(ended ? ST0_ABNORMAL : 0, ended);
    }
    this.nextSector();
  }

  private format(drive: Drive | undefined): void {
    const { n, command } = this;
    if (!this.findsMedium(drive)) return;
    n.track = drive.track;
    if (drive.node.readOnly) return this.end(ST0_ABNORMAL, ST1_NOT_WRITABLE);
    if (command[2] !== 2 || command[3] > drive.geometry.sectors) return this.end(ST0_ABNORMAL, ST1_NO_DATA);
    if (this.byDma) return this.dmaReady();
    this.buffer = new Uint8Array(4 * command[3]);
    this.offer();
  }

  /** Fills the sectors that the list names (cylinder, head, sector, size) with a byte. */
  private formatTrack(list: Uint8Array): void {
    const { n, command } = this;
    const { geometry, node, track } = this.current;
    if (!geometry || !node) return this.end(ST0_ABNORMAL, ST1_MISSING_MARK);
    const filler = new Uint8Array(SECTOR).fill(command[5]);
    const writes: Eventually<BlockResult>[] = [];
    for (let i = 0; i + 4 <= list.length; i += 4) {
      const sector = list[i + 2];
      if (sector === 0 || sector > geometry.sectors) continue;
      const place = ((track * geometry.heads + n.head) * geometry.sectors + sector - 1) * SECTOR;
      if (place + SECTOR <= node.size) writes.push(node.write(place, filler));
    }
    this.after(allOf(writes), (results) => {
      const failed = results.some((result) => !result.ok);
      this.end(failed ? ST0_ABNORMAL : 0, failed ? ST1_DATA_ERROR : 0);
    });
  }

  reset(): void {
    this.stop();
    this.n = this.initial();
    for (const drive of this.drives) drive.track = 0;
    this.updateIrq();
  }

  save(): SavedState {
    return {
      version: VERSION,
      ...this.n,
      command: [...this.command],
      result: [...this.result],
      buffer: [...this.buffer],
      at: this.at,
      tracks: this.drives.map(({ track }) => track),
      changed: this.drives.map(({ changed }) => Number(changed)),
    };
  }

  restore(state: SavedState): void {
    const reader = new StateReader(this.name, VERSION, state);
    const numbers = Object.fromEntries(
      Object.entries(FIELDS).map(([name, bits]) => [name, reader.uint(name, bits)]),
    ) as Numbers;
    const command = reader.bytes('command', 9);
    const result = reader.bytes('result', 10);
    const buffer = Uint8Array.from(reader.bytes('buffer', 4 * 0xff));
    const at = reader.uint('at', 10);
    const tracks = reader.bytes('tracks', this.drives.length);
    const changed = reader.bytes('changed', this.drives.length);
    const { phase, resets } = numbers;
    if (tracks.length !== this.drives.length) throw reader.error('tracks', 'one for each drive');
    if (changed.length !== this.drives.length) throw reader.error('changed', 'one for each drive');
    const needed = PARAMETERS[(command[0] ?? 0) & COMMAND_MASK];
    const whole = command.length > 0 && needed !== undefined && command.length === needed + 1;
    if (resets > 4) throw reader.error('resets', 'at most 4');
    if ((phase === PHASE_EXECUTE || phase === PHASE_DATA) && !whole)
      throw reader.error('command', 'a whole command');
    if (at > buffer.length || (phase === PHASE_DATA && at === buffer.length))
      throw reader.error('at', 'in the buffer');
    this.stop();
    Object.assign(this, { n: numbers, command, result, buffer, at });
    this.drives.forEach((drive, i) => Object.assign(drive, { track: tracks[i], changed: changed[i] !== 0 }));
    this.updateIrq();
    // What was on its way starts again.
    if (phase === PHASE_EXECUTE) this.execute();
  }
}

/** All results: at once if they are there. */
function allOf(results: Eventually<BlockResult>[]): Eventually<BlockResult[]> {
  return results.some((result) => result instanceof Promise)
    ? Promise.all(results)
    : (results as BlockResult[]);
}
