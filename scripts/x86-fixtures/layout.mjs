// Where the programs of the x86 fixtures live, in the guest and, mapped at the same addresses, in the process that records what the host's
// CPU does. assembly/tests/x86/fixture.ts repeats the numbers that the runner needs.

/** Control words, a scratch buffer for memory operands, and the stack. */
export const CONTROL = 0x0010_0000;
/** u64: where an exception goes on. */
export const RESUME = CONTROL + 0x00;
/** u8: 0, or 0x80 | vector of the exception since the last store of the column `fault`. */
export const FAULT = CONTROL + 0x08;
/** u32: the vector that the guest's handlers are about. */
export const VECTOR = CONTROL + 0x10;
/** u32, read by the guest's firmware: 32 or 64. */
export const MODE = CONTROL + 0x18;
export const CURSOR_IN = CONTROL + 0x20;
export const CURSOR_OUT = CONTROL + 0x28;
export const COUNT = CONTROL + 0x30;
export const SAVED_FLAGS = CONTROL + 0x38;
export const SAVED_BP = CONTROL + 0x40;
export const SAVED_SP = CONTROL + 0x48;
export const BUFFER = CONTROL + 0x800;
export const STACK = CONTROL + 0x8000;

export const PROGRAM_BASE = 0x0020_0000;
export const TABLE_BASE = 0x0060_0000;
export const RESULT_BASE = 0x0100_0000;
/** End of what is mapped. */
export const MEMORY_END = 0x0400_0000;
