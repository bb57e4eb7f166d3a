/**
 * The x87's extended format in memory: u64 significand with an explicit integer bit, u16 sign and exponent behind it. SDM 1, 4.2.2 and 8.2.
 *
 *   79  78       64  63                    0
 *   s   exponent     integer bit, fraction           value = significand × 2^(exponent - 16383 - 63)
 *
 * Operations take addresses of such records, the control word and the address of a u32 into which they OR the exceptions they find, with C1 if
 * the result was rounded up. Bits are those of the status word.
 */

export const IE: u32 = 1;
export const DE: u32 = 2;
export const ZE: u32 = 4;
export const OE: u32 = 8;
export const UE: u32 = 16;
export const PE: u32 = 32;
/** Stack fault. */
export const SF: u32 = 0x40;
export const C0: u32 = 0x100;
export const C1: u32 = 0x200;
export const C2: u32 = 0x400;
export const C3: u32 = 0x4000;

export const BIAS: i32 = 16383;
export const EXPONENT_MASK: u32 = 0x7fff;
export const INTEGER_BIT: u64 = 0x8000000000000000;
export const QUIET_BIT: u64 = 0x4000000000000000;

/** Rounding control, bits 10 and 11 of the control word. */
export const NEAREST: u32 = 0;
export const DOWN: u32 = 1;
export const UP: u32 = 2;
export const ZERO: u32 = 3;

export function roundingOf(control: u32): u32 {
  return (control >> 10) & 3;
}

export function significand(a: usize): u64 {
  return load<u64>(a);
}

export function signOf(a: usize): u32 {
  return <u32>load<u16>(a, 8) >> 15;
}

/** The biased exponent field. */
export function exponentField(a: usize): i32 {
  return <i32>load<u16>(a, 8) & EXPONENT_MASK;
}

export function put(at: usize, sign: u32, exponent: i32, value: u64): void {
  store<u64>(at, value);
  store<u16>(at, <u16>((sign << 15) | <u32>exponent), 8);
}

export function copy(to: usize, from: usize): void {
  const value = load<u64>(from);
  const top = load<u16>(from, 8);
  store<u64>(to, value);
  store<u16>(to, top, 8);
}

export function putZero(at: usize, sign: u32): void {
  put(at, sign, 0, 0);
}

export function putInfinity(at: usize, sign: u32): void {
  put(at, sign, EXPONENT_MASK, INTEGER_BIT);
}

/** The default NaN, "real indefinite". */
export function putIndefinite(at: usize): void {
  put(at, 1, EXPONENT_MASK, INTEGER_BIT | QUIET_BIT);
}

export const CLASS_ZERO: u32 = 0;
/** Also pseudo-denormals. */
export const CLASS_DENORMAL: u32 = 1;
export const CLASS_NORMAL: u32 = 2;
export const CLASS_INFINITY: u32 = 3;
export const CLASS_QUIET: u32 = 4;
export const CLASS_SIGNALLING: u32 = 5;
/** Encodings that the unit does not support: pseudo-NaNs, pseudo-infinities, unnormals. SDM 1, table 8-3. */
export const CLASS_UNSUPPORTED: u32 = 6;

export function classOf(a: usize): u32 {
  const exponent = exponentField(a);
  const value = significand(a);
  if (exponent == 0) return value == 0 ? CLASS_ZERO : CLASS_DENORMAL;
  if ((value & INTEGER_BIT) == 0) return CLASS_UNSUPPORTED;
  if (exponent != EXPONENT_MASK) return CLASS_NORMAL;
  if (value == INTEGER_BIT) return CLASS_INFINITY;
  return value & QUIET_BIT ? CLASS_QUIET : CLASS_SIGNALLING;
}

/** Whether it is CLASS_NORMAL. */
export function isNormal(a: usize): bool {
  return <i64>significand(a) < 0 && <u32>(exponentField(a) - 1) < EXPONENT_MASK - 1;
}

/** Exponent of a finite, nonzero value once its significand is normalised: may be below 1. */
export function exponentOf(a: usize): i32 {
  const field = exponentField(a);
  return field != 0 ? field : 1 - <i32>clz(significand(a));
}

/** Significand of a finite, nonzero value, normalised: its highest bit is set. */
export function normalised(a: usize): u64 {
  const value = significand(a);
  return value << clz(value);
}

/** The NaN, made quiet. */
function putQuiet(dst: usize, a: usize): void {
  const top = load<u16>(a, 8);
  store<u64>(dst, significand(a) | QUIET_BIT);
  store<u16>(dst, top, 8);
}

/**
 * Deals with operands that are NaNs or not supported: stores the result and returns true. Else notes denormal operands. SDM 1, table 4-7 and 8.5.1.2:
 * of two NaNs the one with the larger significand, of equal ones the positive one; a quiet one goes before a signalling one.
 */
export function takesNaN(dst: usize, a: usize, b: usize, status: usize): bool {
  const ca = classOf(a);
  const cb = classOf(b);
  if (ca == CLASS_UNSUPPORTED || cb == CLASS_UNSUPPORTED) {
    note(status, IE);
    putIndefinite(dst);
    return true;
  }
  if (ca < CLASS_QUIET && cb < CLASS_QUIET) {
    if (ca == CLASS_DENORMAL || cb == CLASS_DENORMAL) note(status, DE);
    return false;
  }
  if (ca == CLASS_SIGNALLING || cb == CLASS_SIGNALLING) note(status, IE);
  if (ca < CLASS_QUIET) putQuiet(dst, b);
  else if (cb < CLASS_QUIET) putQuiet(dst, a);
  else if (ca != cb) putQuiet(dst, ca == CLASS_QUIET ? a : b);
  else if (significand(a) != significand(b)) putQuiet(dst, significand(a) > significand(b) ? a : b);
  else putQuiet(dst, signOf(a) == 0 ? a : b);
  return true;
}

/** The same for one operand. */
export function takesOneNaN(dst: usize, a: usize, status: usize): bool {
  return takesNaN(dst, a, a, status);
}

export function invalid(dst: usize, status: usize): void {
  note(status, IE);
  putIndefinite(dst);
}

export function note(status: usize, bits: u32): void {
  store<u32>(status, load<u32>(status) | bits);
}

/** Takes back what was noted. */
export function clear(status: usize, bits: u32): void {
  store<u32>(status, load<u32>(status) & ~bits);
}
