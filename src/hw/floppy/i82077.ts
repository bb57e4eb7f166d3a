/**
 * Floppy controller 82077AA with two drives. Specification: Intel 82077AA datasheet (order number 290166).
 *
 * Not there: FM recording, sectors of other sizes than 512 bytes, deleted data marks (they are read and written as ordinary data), the
 * scan commands, tape. Seeks take no time.
 *
 * This file holds what the guest sees, i82077-core.ts what the parts share, i82077-control.ts and i82077-transfer.ts the commands.
 */
import type { BlockNode } from '../../block/block-node.ts';
import { type Device, type MmioRegion, type SavedState, StateReader } from '../device.ts';
import { floppyGeometry } from './floppy-geometry.ts';
import { COMMAND_MASK, ON_MEDIUM, PARAMETERS } from './i82077-commands.ts';
import { executeControl } from './i82077-control.ts';
import {
  CONFIGURE_RESET,
  FIELDS,
  I82077Core,
  type I82077Options,
  NO_SEEK,
  type Numbers,
  PHASE_COMMAND,
  PHASE_DATA,
  PHASE_EXECUTE,
  PHASE_RESULT,
} from './i82077-core.ts';
import { DIR_CHANGED, DOR_RUN, DSR_RESET, MSR, ST0_INVALID } from './i82077-registers.ts';
import { I82077Transfer } from './i82077-transfer.ts';

const VERSION = 1;

/** The controller as the guest sees it: its registers, the bytes of the data register, and its saved state. */
export class I82077 implements Device {
  readonly name = 'i82077';
  /** 0x3f0 to 0x3f5, and 0x3f7. */
  readonly regions: readonly MmioRegion[];
  private readonly core: I82077Core;
  private readonly transfer: I82077Transfer;

  constructor(options: I82077Options) {
    this.core = new I82077Core(options);
    this.transfer = new I82077Transfer(this.core);
    const register = (offset: number, name: string) => ({
      offset,
      name,
      read: name === 'MSR_DSR' ? ('shadow' as const) : ('exit' as const),
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
        read: (offset) => {
          const value = this.read(offset);
          this.core.publish();
          return value;
        },
        write: (offset, _size, value) => {
          this.write(offset, value & 0xff);
          this.core.publish();
        },
      },
      {
        ...bytes,
        name: 'fdc-dir',
        size: 1,
        registers: [register(0, 'DIR_CCR')],
        read: () => (this.core.selected?.changed ? DIR_CHANGED : 0),
        write: (_offset, _size, value) => {
          this.core.n.rate = value & 3;
        },
      },
    ];
  }

  /** Bytes of the medium in a drive; null: there is none. */
  sizeOf(drive: number): number | null {
    return this.core.drives[drive].node?.size ?? null;
  }

  /** Puts a medium into a drive, or takes it out. */
  changeMedium(index: number, node: BlockNode | null): void {
    const drive = this.core.drives[index];
    drive.node = node;
    drive.geometry = node && floppyGeometry(node.size);
    drive.changed = true;
  }

  private read(offset: number): number {
    const { n } = this.core;
    switch (offset) {
      case 0:
        return n.pending << 7;
      case 1:
        return 0xc0 | (n.dor & 0x30 ? 3 : 0);
      case 2:
        return n.dor;
      case 3:
        return n.tdr;
      case MSR:
        return this.core.status;
      default:
        return this.readFifo();
    }
  }

  private write(offset: number, value: number): void {
    const { n } = this.core;
    if (offset === 2) this.writeDor(value);
    else if (offset === 3) n.tdr = value & 3;
    else if (offset === MSR) {
      n.rate = value & 3;
      if (value & DSR_RESET) this.resetController();
    } else if (offset === 5) this.writeFifo(value);
  }

  private writeDor(value: number): void {
    const { n } = this.core;
    const before = n.dor;
    n.dor = value;
    if (!(value & DOR_RUN)) {
      this.core.stop();
      n.pending = 0;
    } else if (!(before & DOR_RUN)) this.resetController();
    this.core.updateIrq();
  }

  /** Leaving reset: four drives are said to have changed, for SENSE INTERRUPT STATUS to ask for. Section 6.3. */
  private resetController(): void {
    const { n } = this.core;
    this.core.stop();
    if (!n.locked) n.configure1 = CONFIGURE_RESET;
    n.resets = 4;
    n.seekEnd = NO_SEEK;
    this.core.interrupt();
  }

  private readFifo(): number {
    const { core } = this;
    const { n } = core;
    if (n.phase === PHASE_DATA && !core.writing) {
      const byte = core.buffer[core.at++];
      if (core.at === core.buffer.length) this.transfer.blockMoved();
      return byte;
    }
    if (n.phase !== PHASE_RESULT) return 0;
    n.pending = 0;
    core.updateIrq();
    const byte = core.result.shift() ?? 0;
    if (core.result.length === 0) core.stop();
    return byte;
  }

  private writeFifo(value: number): void {
    const { core } = this;
    const { n } = core;
    if (!(n.dor & DOR_RUN)) return;
    if (n.phase === PHASE_DATA && core.writing) {
      core.buffer[core.at++] = value;
      if (core.at === core.buffer.length) this.transfer.blockMoved();
      return;
    }
    if (n.phase !== PHASE_COMMAND) {
      core.log.guestError(this.name, 'a byte was written while a result is waiting');
      return;
    }
    core.command.push(value);
    const parameters = PARAMETERS[core.operation];
    if (parameters === undefined) {
      core.log.guestError(this.name, `command 0x${value.toString(16)} is not there`);
      core.finish([ST0_INVALID], false);
    } else if (core.command.length > parameters) {
      n.phase = PHASE_EXECUTE;
      this.execute();
    }
  }

  private execute(): void {
    if (ON_MEDIUM.has(this.core.operation)) this.transfer.execute();
    else executeControl(this.core);
  }

  reset(): void {
    this.core.reset();
  }

  save(): SavedState {
    const { core } = this;
    return {
      version: VERSION,
      ...core.n,
      command: [...core.command],
      result: [...core.result],
      buffer: [...core.buffer],
      at: core.at,
      tracks: core.drives.map(({ track }) => track),
      changed: core.drives.map(({ changed }) => Number(changed)),
    };
  }

  restore(state: SavedState): void {
    const { core } = this;
    const reader = new StateReader(this.name, VERSION, state);
    const numbers = Object.fromEntries(
      Object.entries(FIELDS).map(([name, bits]) => [name, reader.uint(name, bits)]),
    ) as Numbers;
    const command = reader.bytes('command', 9);
    const result = reader.bytes('result', 10);
    const buffer = Uint8Array.from(reader.bytes('buffer', 4 * 0xff));
    const at = reader.uint('at', 10);
    const tracks = reader.bytes('tracks', core.drives.length);
    const changed = reader.bytes('changed', core.drives.length);
    const { phase, resets } = numbers;
    if (tracks.length !== core.drives.length) throw reader.error('tracks', 'one for each drive');
    if (changed.length !== core.drives.length) throw reader.error('changed', 'one for each drive');
    const needed = PARAMETERS[(command[0] ?? 0) & COMMAND_MASK];
    const whole = command.length > 0 && needed !== undefined && command.length === needed + 1;
    if (resets > 4) throw reader.error('resets', 'at most 4');
    if ((phase === PHASE_EXECUTE || phase === PHASE_DATA) && !whole)
      throw reader.error('command', 'a whole command');
    if (at > buffer.length || (phase === PHASE_DATA && at === buffer.length))
      throw reader.error('at', 'in the buffer');
    core.stop();
    Object.assign(core, { n: numbers, command, result, buffer, at });
    core.drives.forEach((drive, i) => Object.assign(drive, { track: tracks[i], changed: changed[i] !== 0 }));
    core.updateIrq();
    // What was on its way starts again.
    if (phase === PHASE_EXECUTE) this.execute();
  }
}
