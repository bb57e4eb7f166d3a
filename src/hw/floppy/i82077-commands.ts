/** Codes of the commands, their lengths, and which of them go to the medium. Intel 82077AA datasheet (290166). */

export const MULTI_TRACK = 0x80;
export const COMMAND_MASK = 0x1f;

export const COMMAND = {
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
export const PARAMETERS: Readonly<Record<number, number>> = {
  [COMMAND.READ_TRACK]: 8,
  [COMMAND.SPECIFY]: 2,
  [COMMAND.SENSE_DRIVE]: 1,
  [COMMAND.WRITE]: 8,
  [COMMAND.READ]: 8,
  [COMMAND.RECALIBRATE]: 1,
  [COMMAND.SENSE_INTERRUPT]: 0,
  [COMMAND.WRITE_DELETED]: 8,
  [COMMAND.READ_ID]: 1,
  [COMMAND.READ_DELETED]: 8,
  [COMMAND.FORMAT]: 5,
  [COMMAND.DUMP_REGISTERS]: 0,
  [COMMAND.SEEK]: 2,
  [COMMAND.VERSION]: 0,
  [COMMAND.PERPENDICULAR]: 1,
  [COMMAND.CONFIGURE]: 3,
  [COMMAND.LOCK]: 0,
  [COMMAND.VERIFY]: 8,
  [COMMAND.PART_ID]: 0,
};

/** Commands that go to a drive's medium and end with seven result bytes; the others end at once. */
export const ON_MEDIUM: ReadonlySet<number> = new Set([
  COMMAND.READ_TRACK,
  COMMAND.WRITE,
  COMMAND.READ,
  COMMAND.WRITE_DELETED,
  COMMAND.READ_ID,
  COMMAND.READ_DELETED,
  COMMAND.FORMAT,
  COMMAND.VERIFY,
]);
