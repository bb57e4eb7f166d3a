/**
 * Rounding modes, exception flags and NaN policies shared by every operation in `fpu/`.
 *
 * Numbers are those of RISC-V (unprivileged specification, chapter "F", frm and fflags); other guests map
 * theirs.
 *
 * Every operation takes `rm` and `flags`:
 *   rm     bits 2..0 rounding mode, bits 4..3 NaN policy (0 is RISC-V's)
 *   flags  linear-memory address of a u32 into which raised flags are ORed; flags are never cleared here
 *
 * Values are raw bit patterns: binary64 in a u64, binary32 in a u32.
 */

/** Round to nearest, ties to even. */
export const RNE: u32 = 0;
/** Round towards zero. */
export const RTZ: u32 = 1;
/** Round down, towards -infinity. */
export const RDN: u32 = 2;
/** Round up, towards +infinity. */
export const RUP: u32 = 3;
/** Round to nearest, ties to the larger magnitude. */
export const RMM: u32 = 4;
/** The bits of `rm` that hold the rounding mode. */
export const ROUNDING_MASK: u32 = 7;

/** Inexact. */
export const NX: u32 = 1;
/** Underflow: tiny after rounding, and inexact. */
export const UF: u32 = 2;
/** Overflow. */
export const OF: u32 = 4;
/** Division by zero. */
export const DZ: u32 = 8;
/** Invalid operation. */
export const NV: u32 = 16;

/** A NaN result is the positive quiet NaN with an empty payload. */
export const NAN_CANONICAL: u32 = 0;
/**
 * A NaN result is the first NaN operand, made quiet; an invalid operation gives the negative default NaN (x86
 * SSE).
 */
export const NAN_X86: u32 = 1 << 3;
/** The bits of `rm` that hold the NaN policy. */
export const NAN_POLICY_MASK: u32 = 3 << 3;

/** ORs `bits` into the accrued flags at `flags`. */
export function raise(flags: usize, bits: u32): void {
  store<u32>(flags, load<u32>(flags) | bits);
}
