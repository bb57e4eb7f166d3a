/** Commands that move no data: settings, seeks and questions. */
import { COMMAND } from './i82077-commands.ts';
import { type I82077Core, NO_SEEK } from './i82077-core.ts';
import {
  DOR_SELECT,
  ST0_ABNORMAL,
  ST0_INVALID,
  ST0_NO_TRACK_0,
  ST0_READY_CHANGED,
  ST0_SEEK_END,
  ST3_FIXED,
  ST3_TRACK_0,
  ST3_WRITE_PROTECTED,
} from './i82077-registers.ts';

/** Carries out the command at hand, one that is not of ON_MEDIUM. */
export function executeControl(core: I82077Core): void {
  const { n, command } = core;
  const select = command[1] & DOR_SELECT;
  const drive = core.drives[select];
  switch (core.operation) {
    case COMMAND.SPECIFY:
      [n.specify1, n.specify2] = [command[1], command[2]];
      return core.finish([], false);
    case COMMAND.SENSE_DRIVE: {
      const status = ST3_FIXED | (drive?.track === 0 ? ST3_TRACK_0 : 0);
      const guarded = drive?.node?.readOnly ? ST3_WRITE_PROTECTED : 0;
      return core.finish([status | guarded | (command[1] & 7)], false);
    }
    case COMMAND.RECALIBRATE:
      return seek(core, select, 0);
    case COMMAND.SEEK:
      return seek(core, command[1] & 7, command[2]);
    case COMMAND.SENSE_INTERRUPT:
      return senseInterrupt(core);
    case COMMAND.VERSION:
    case COMMAND.PART_ID:
      return core.finish([core.operation === COMMAND.VERSION ? 0x90 : 0x41], false);
    case COMMAND.PERPENDICULAR:
      if (command[1] & 0x80) n.perpendicular = command[1] & 0x7f;
      return core.finish([], false);
    case COMMAND.CONFIGURE:
      [n.configure1, n.configure2] = [command[2], command[3]];
      return core.finish([], false);
    case COMMAND.LOCK:
      n.locked = command[0] >> 7;
      return core.finish([n.locked << 4], false);
    case COMMAND.DUMP_REGISTERS: {
      const tracks = [0, 1, 2, 3].map((index) => core.drives[index]?.track ?? 0);
      const geometry = core.selected?.geometry;
      const rest = [
        geometry?.sectors ?? 0,
        (n.locked << 7) | (n.perpendicular << 2),
        n.configure1,
        n.configure2,
      ];
      return core.finish([...tracks, n.specify1, n.specify2, ...rest], false);
    }
  }
}

function seek(core: I82077Core, select: number, track: number): void {
  const { n } = core;
  const drive = core.drives[select & DOR_SELECT];
  const recalibrate = core.operation === COMMAND.RECALIBRATE;
  n.seekEnd = ST0_SEEK_END | (select & 7);
  if (drive) {
    // A step with a medium in the drive says that the change was noticed.
    if (drive.node) drive.changed = false;
    drive.track = track;
  } else if (recalibrate) n.seekEnd |= ST0_ABNORMAL | ST0_NO_TRACK_0;
  core.finish([], true);
}

function senseInterrupt(core: I82077Core): void {
  const { n } = core;
  const { resets, seekEnd } = n;
  n.pending = 0;
  core.updateIrq();
  if (resets > 0) {
    const index = 4 - resets;
    n.resets = resets - 1;
    return core.finish([ST0_READY_CHANGED | index, core.drives[index]?.track ?? 0], false);
  }
  // Nothing to be told of is an invalid command.
  if (seekEnd === NO_SEEK) return core.finish([ST0_INVALID], false);
  n.seekEnd = NO_SEEK;
  core.finish([seekEnd, core.drives[seekEnd & DOR_SELECT]?.track ?? 0], false);
}
