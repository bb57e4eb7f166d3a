/** Commands on a drive's medium: sectors and FORMAT's lists, by DMA or through the data register. */
import type { BlockNode, BlockResult, Eventually } from '../../block/block-node.ts';
import type { FloppyGeometry } from './floppy-geometry.ts';
import { COMMAND, MULTI_TRACK } from './i82077-commands.ts';
import { type Drive, type I82077Core, PHASE_DATA, PHASE_EXECUTE, SECTOR } from './i82077-core.ts';
import {
  DOR_SELECT,
  ST0_ABNORMAL,
  ST1_DATA_ERROR,
  ST1_END_OF_CYLINDER,
  ST1_MISSING_MARK,
  ST1_NO_DATA,
  ST1_NOT_WRITABLE,
  ST2_WRONG_CYLINDER,
} from './i82077-registers.ts';

/** Carries out the commands of ON_MEDIUM; it keeps nothing of its own: all of its state is the core's. */
export class I82077Transfer {
  private readonly core: I82077Core;

  constructor(core: I82077Core) {
    this.core = core;
    core.dma.onReady(() => {
      this.dmaReady();
      core.publish();
    });
  }

  /** Begins the command at hand, one of ON_MEDIUM. */
  execute(): void {
    const { operation, command, drives } = this.core;
    const drive = drives[command[1] & DOR_SELECT];
    if (operation === COMMAND.READ_ID) this.readId(drive);
    else if (operation === COMMAND.FORMAT) this.format(drive);
    else this.transfer(drive);
  }

  /** The seven bytes that end a command with data. */
  private end(st0: number, st1 = 0, st2 = 0): void {
    const { n, command } = this.core;
    const status = st0 | (n.head << 2) | (command[1] & DOR_SELECT);
    this.core.finish([status, st1, st2, n.track, n.head, n.sector, 2], true);
  }

  /** Whether the drive's medium can be found at all at this data rate; ends the command otherwise. */
  private findsMedium(
    drive: Drive | undefined,
  ): drive is Drive & { node: BlockNode; geometry: FloppyGeometry } {
    const { n, command } = this.core;
    n.head = (command[1] >> 2) & 1;
    if (drive?.node && drive.geometry?.rates.includes(n.rate) && n.head < drive.geometry.heads) return true;
    this.end(ST0_ABNORMAL, ST1_MISSING_MARK);
    return false;
  }

  private readId(drive: Drive | undefined): void {
    const { n } = this.core;
    if (!this.findsMedium(drive)) return;
    n.track = drive.track;
    n.sector = (n.sector % drive.geometry.sectors) + 1;
    this.end(0);
  }

  private transfer(drive: Drive | undefined): void {
    const { n, command } = this.core;
    if (!this.findsMedium(drive)) return;
    n.track = command[2];
    n.head = command[3] & 1;
    n.sector = this.core.operation === COMMAND.READ_TRACK ? 1 : command[4];
    if (this.core.writing && drive.node.readOnly) return this.end(ST0_ABNORMAL, ST1_NOT_WRITABLE);
    // Implied seeks: CONFIGURE's EIS.
    if (n.configure1 & 0x40) drive.track = n.track;
    this.nextSector();
  }

  private get current(): Drive {
    return this.core.drives[this.core.command[1] & DOR_SELECT];
  }

  /** Byte of the sector at hand; null ends the command: there is none. */
  private place(): number | null {
    const { n } = this.core;
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
      this.core.command[5] !== 2
    ) {
      this.end(ST0_ABNORMAL, ST1_NO_DATA);
      return null;
    }
    return ((n.track * heads + n.head) * sectors + n.sector - 1) * SECTOR;
  }

  private nextSector(): void {
    const { core } = this;
    const { n } = core;
    const place = this.place();
    if (place === null) return;
    n.phase = PHASE_EXECUTE;
    const { node } = this.current;
    if (core.writing) {
      if (core.byDma) {
        this.dmaReady();
        return;
      }
      core.buffer = new Uint8Array(SECTOR);
      return this.offer();
    }
    core.after(node!.read(place, SECTOR), (result) => {
      if (!result.ok) {
        core.log.warn('floppy', `a read failed: ${result.error.message}`);
        return this.end(ST0_ABNORMAL, ST1_DATA_ERROR, ST1_DATA_ERROR);
      }
      core.buffer = result.value.slice();
      if (core.operation === COMMAND.VERIFY) return this.advance(false);
      if (core.byDma) this.dmaReady();
      else this.offer();
    });
  }

  private offer(): void {
    this.core.at = 0;
    this.core.n.phase = PHASE_DATA;
    this.core.interrupt();
  }

  /** The DMA channel can move what waits for it. */
  private dmaReady(): void {
    const { core } = this;
    const { n } = core;
    if (n.phase !== PHASE_EXECUTE || !core.byDma || !core.dma.ready || core.command.length === 0) return;
    if (core.onItsWay) return;
    if (core.operation === COMMAND.FORMAT) {
      this.formatTrack(core.dma.fromMemory(4 * core.command[3]).bytes);
    } else if (core.writing) {
      const { bytes, terminal } = core.dma.fromMemory(SECTOR);
      if (bytes.length === 0) return;
      // Less than a sector: the rest is zeros.
      core.buffer = new Uint8Array(SECTOR);
      core.buffer.set(bytes);
      this.store(terminal);
    } else if (core.buffer.length === SECTOR) {
      const { terminal } = core.dma.toMemory(core.buffer);
      this.advance(terminal);
    }
  }

  /** The guest moved all of a sector, or of FORMAT's list, through the data register. */
  blockMoved(): void {
    const { core } = this;
    core.n.phase = PHASE_EXECUTE;
    core.n.pending = 0;
    core.updateIrq();
    if (core.operation === COMMAND.FORMAT) this.formatTrack(core.buffer);
    else if (core.writing) this.store(false);
    else this.advance(false);
  }

  private store(terminal: boolean): void {
    const { core } = this;
    const place = this.place();
    if (place === null) return;
    core.after(this.current.node!.write(place, core.buffer), (result) => {
      if (!result.ok) {
        core.log.warn('floppy', `a write failed: ${result.error.message}`);
        return this.end(ST0_ABNORMAL, ST1_DATA_ERROR);
      }
      this.advance(terminal);
    });
  }

  /** Goes on behind a sector; at the terminal count the command ends well, behind the last sector without one it does not. */
  private advance(terminal: boolean): void {
    const { n, command } = this.core;
    this.core.buffer = new Uint8Array(0);
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
      const ended = this.core.operation === COMMAND.VERIFY ? 0 : ST1_END_OF_CYLINDER;
      return this.end(ended ? ST0_ABNORMAL : 0, ended);
    }
    this.nextSector();
  }

  private format(drive: Drive | undefined): void {
    const { n, command } = this.core;
    if (!this.findsMedium(drive)) return;
    n.track = drive.track;
    if (drive.node.readOnly) return this.end(ST0_ABNORMAL, ST1_NOT_WRITABLE);
    if (command[2] !== 2 || command[3] > drive.geometry.sectors) return this.end(ST0_ABNORMAL, ST1_NO_DATA);
    if (this.core.byDma) return this.dmaReady();
    this.core.buffer = new Uint8Array(4 * command[3]);
    if (command[3] === 0) this.formatTrack(this.core.buffer);
    else this.offer();
  }

  /** Fills the sectors that the list names (cylinder, head, sector, size) with a byte. */
  private formatTrack(list: Uint8Array): void {
    const { n, command } = this.core;
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
    this.core.after(allOf(writes), (results) => {
      const failed = results.some((result) => !result.ok);
      this.end(failed ? ST0_ABNORMAL : 0, failed ? ST1_DATA_ERROR : 0);
    });
  }
}

/** All results: at once if they are there. */
function allOf(results: Eventually<BlockResult>[]): Eventually<BlockResult[]> {
  return results.some((result) => result instanceof Promise)
    ? Promise.all(results)
    : (results as BlockResult[]);
}
