/** What the parts of the floppy controller share: its numbers, its drives, the command at hand with its phases, and its interrupt. */
import { type BlockNode, type Eventually, whenDone } from '../../block/block-node.ts';
import type { IrqLine } from '../../core/irq.ts';
import type { Log } from '../../core/log.ts';
import type { ShadowPort } from '../device.ts';
import type { DmaChannel } from '../dma/dma8237.ts';
import { type FloppyGeometry, floppyGeometry } from './floppy-geometry.ts';
import { COMMAND, COMMAND_MASK } from './i82077-commands.ts';
import {
  DOR_DMA,
  DOR_RUN,
  DOR_SELECT,
  MSR,
  MSR_BUSY,
  MSR_DIO,
  MSR_NON_DMA,
  MSR_RQM,
} from './i82077-registers.ts';

/** Bytes of a sector. */
export const SECTOR = 512;

export const PHASE_COMMAND = 0;
/** A sector, or the sectors' names of FORMAT, are being read, written, or moved by DMA. */
export const PHASE_EXECUTE = 1;
/** A sector's bytes go through the data register. */
export const PHASE_DATA = 2;
export const PHASE_RESULT = 3;

/** Numbers of the saved state, with their widths in bits. */
export const FIELDS = {
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

export type Numbers = Record<keyof typeof FIELDS, number>;

/** CONFIGURE's polling is on after power-up, and the FIFO off. */
export const CONFIGURE_RESET = 0x20;
/** `seekEnd` when there is none. */
export const NO_SEEK = 0xff;

export interface Drive {
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
  /** Of the first block of registers. */
  shadow: ShadowPort;
}

/** State of the controller and the ways a command ends; what a command does is the business of the files beside this one. */
export class I82077Core {
  readonly dma: DmaChannel;
  readonly log: Log;
  readonly drives: readonly Drive[];
  n: Numbers;
  /** Bytes of the command as far as they have come; it stays until its result is read. */
  command: number[] = [];
  /** Bytes that the guest has yet to read. */
  result: number[] = [];
  /** The sector, or FORMAT's list, that is being moved; `at` counts the bytes that went through the data register. */
  buffer = new Uint8Array(0);
  at = 0;
  private readonly irq: IrqLine;
  private readonly shadow: ShadowPort;
  private shown = -1;
  /** Changes when a command ends: what it still waits for is of no use then. */
  private epoch = 0;
  /** `epoch` while the medium takes its time; -1 otherwise. */
  private waiting = -1;

  constructor({ irq, dma, drives, log, shadow }: I82077Options) {
    this.irq = irq;
    this.shadow = shadow;
    this.dma = dma;
    this.log = log;
    this.drives = drives.map((node) => ({
      node,
      geometry: node && floppyGeometry(node.size),
      track: 0,
      changed: true,
    }));
    this.n = this.initial();
    this.publish();
  }

  private initial(): Numbers {
    const numbers = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, 0])) as Numbers;
    return { ...numbers, dor: DOR_RUN | DOR_DMA, seekEnd: NO_SEEK, configure1: CONFIGURE_RESET, sector: 1 };
  }

  /** The drive that DOR selects. */
  get selected(): Drive | undefined {
    return this.drives[this.n.dor & DOR_SELECT];
  }

  /** Code of the command at hand, without its option bits. */
  get operation(): number {
    return this.command[0] & COMMAND_MASK;
  }

  /** Whether the command at hand moves bytes from the guest to the medium. */
  get writing(): boolean {
    return [COMMAND.WRITE, COMMAND.WRITE_DELETED, COMMAND.FORMAT].includes(this.operation as 5);
  }

  /** Whether data go by DMA: the ND bit of SPECIFY is clear. */
  get byDma(): boolean {
    return (this.n.specify2 & 1) === 0;
  }

  /** Whether the command at hand waits for the medium: DMA has nothing to move meanwhile. */
  get onItsWay(): boolean {
    return this.waiting === this.epoch;
  }

  /** Puts all of the controller into its state after power-up; media stay. */
  reset(): void {
    this.stop();
    this.n = this.initial();
    for (const drive of this.drives) drive.track = 0;
    this.updateIrq();
  }

  /** Drops the command at hand. */
  stop(): void {
    this.epoch++;
    this.command = [];
    this.result = [];
    this.buffer = new Uint8Array(0);
    this.n.phase = PHASE_COMMAND;
  }

  /** The command is done; `result` is what the guest reads now. */
  finish(result: number[], interrupts: boolean): void {
    const { n } = this;
    this.epoch++;
    this.buffer = new Uint8Array(0);
    this.result = result;
    n.phase = PHASE_RESULT;
    if (result.length === 0) this.stop();
    if (interrupts) this.interrupt();
  }

  /** Raises the interrupt; DOR says whether the line follows. */
  interrupt(): void {
    this.n.pending = 1;
    this.updateIrq();
  }

  /** The main status register: section 3.1.5. */
  get status(): number {
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

  /** Publishes the main status register, at which drivers look before each byte: after whatever may have changed it. */
  publish(): void {
    const { status } = this;
    if (status === this.shown) return;
    this.shown = status;
    this.shadow.publish(MSR, status);
  }

  /** Sets the line after a change of `pending` or of DOR. */
  updateIrq(): void {
    this.publish();
    this.irq.set(this.n.pending === 1 && (this.n.dor & DOR_DMA) !== 0);
  }

  /** Goes on with a result unless the command has ended until then. */
  after<T>(result: Eventually<T>, next: (value: T) => void): void {
    const { epoch } = this;
    if (result instanceof Promise) this.waiting = epoch;
    void whenDone(result, (value: T) => {
      if (epoch !== this.epoch) return;
      this.waiting = -1;
      next(value);
      this.publish();
    });
  }
}
