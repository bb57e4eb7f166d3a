/** Bits of the registers and of the status bytes. Intel 82077AA datasheet (290166). */

export const DOR_SELECT = 0x03;
export const DOR_RUN = 0x04;
export const DOR_DMA = 0x08;
/** Offset of the main status register. */
export const MSR = 4;
export const MSR_RQM = 0x80;
export const MSR_DIO = 0x40;
export const MSR_NON_DMA = 0x20;
export const MSR_BUSY = 0x10;
export const DSR_RESET = 0x80;
export const DIR_CHANGED = 0x80;

export const ST0_ABNORMAL = 0x40;
export const ST0_INVALID = 0x80;
export const ST0_READY_CHANGED = 0xc0;
export const ST0_SEEK_END = 0x20;
export const ST0_NO_TRACK_0 = 0x10;
export const ST1_MISSING_MARK = 0x01;
export const ST1_NOT_WRITABLE = 0x02;
export const ST1_NO_DATA = 0x04;
export const ST1_DATA_ERROR = 0x20;
export const ST1_END_OF_CYLINDER = 0x80;
export const ST2_WRONG_CYLINDER = 0x10;
export const ST3_WRITE_PROTECTED = 0x40;
export const ST3_TRACK_0 = 0x10;
/** Ready and two-sided. */
export const ST3_FIXED = 0x28;
