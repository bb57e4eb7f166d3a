/** The last step of every operation: rounding to the precision of the control word, overflow, underflow. SDM 1, 4.8.4, 4.9.1 and 8.1.5. */
import * as F from './format';

/** Bits of the significand by the precision control, bits 8 and 9; the reserved value means 64. */
export function precisionBits(control: u32): u32 {
  const precision = (control >> 8) & 3;
  return precision == 0 ? 24 : precision == 2 ? 53 : 64;
}

const ROUNDING_AND_PRECISION: u32 = 0xf00;
const EXTENDED_NEAREST: u32 = 0x300;

/** What the exponent is changed by when overflow or underflow is not masked. */
export const ADJUST: i32 = 24576;

/**
 * Stores ±(high.low) × 2^(exponent - 16383 - 63) rounded: `high` is normalised, `low` are 64 more bits, the last one sticky. With the full range of
 * exponents, whatever the precision.
 */
export function roundPack(
  dst: usize,
  sign: u32,
  exponent: i32,
  high: u64,
  low: u64,
  control: u32,
  status: usize,
): void {
  if ((control & ROUNDING_AND_PRECISION) != EXTENDED_NEAREST || <u32>(exponent - 1) >= F.EXPONENT_MASK - 2) {
    roundPackBits(dst, sign, exponent, high, low, precisionBits(control), control, status);
    return;
  }
  // Neither overflow nor underflow, 64 bits to nearest even: what programs do all the time.
  if (low != 0) {
    const up = low >> 63 != 0 && (low << 1 != 0 || (high & 1) != 0);
    F.note(status, up ? F.PE | F.C1 : F.PE);
    if (up) {
      high += 1;
      if (high == 0) {
        high = F.INTEGER_BIT;
        exponent += 1;
      }
    }
  }
  F.put(dst, sign, exponent, high);
}

export function roundPackBits(
  dst: usize,
  sign: u32,
  exponent: i32,
  high: u64,
  low: u64,
  bits: u32,
  control: u32,
  status: usize,
): void {
  const drop: u64 = 64 - bits;
  let tiny = false;
  if (exponent <= 0) {
    // Tininess is what it would be with any exponent: just below the smallest normal number a value may round up to it.
    tiny = exponent < 0 || !carries(sign, high, low, drop, control);
    if (tiny && (control & F.UE) == 0) {
      exponent += ADJUST;
      F.note(status, F.UE);
      tiny = false;
    } else {
      const by = 1 - exponent;
      low = shiftLow(high, low, by);
      high = by > 63 ? 0 : high >> by;
      exponent = 0;
    }
  }
  const up = increments(sign, high, low, drop, control);
  const exact = isExact(high, low, drop);
  high = (high >> drop) << drop;
  if (up) {
    high += (<u64>1) << drop;
    if (high == 0) {
      high = F.INTEGER_BIT;
      exponent += 1;
    }
  }
  // A denormal that rounded up to a normal number.
  if (exponent == 0 && high & F.INTEGER_BIT) exponent = 1;
  if (!exact) F.note(status, F.PE | (tiny ? F.UE : 0) | (up ? F.C1 : 0));
  if (exponent >= <i32>F.EXPONENT_MASK) overflow(dst, sign, exponent, high, drop, control, status);
  else F.put(dst, sign, exponent, high);
}

function overflow(
  dst: usize,
  sign: u32,
  exponent: i32,
  high: u64,
  drop: u64,
  control: u32,
  status: usize,
): void {
  if ((control & F.OE) == 0) {
    F.note(status, F.OE);
    F.put(dst, sign, exponent - ADJUST, high);
    return;
  }
  F.note(status, F.OE | F.PE);
  const mode = F.roundingOf(control);
  if (mode == F.NEAREST || mode == (sign != 0 ? F.DOWN : F.UP)) {
    F.note(status, F.C1);
    F.putInfinity(dst, sign);
  } else {
    store<u32>(status, load<u32>(status) & ~F.C1);
    F.put(dst, sign, F.EXPONENT_MASK - 1, (0xffffffffffffffff >> drop) << drop);
  }
}

/** Low word of high.low shifted right, with what falls out kept in its last bit. */
function shiftLow(high: u64, low: u64, by: i32): u64 {
  if (by < 64) {
    const lost: u64 = low << (64 - by) != 0 ? 1 : 0;
    return (low >> by) | (high << (64 - by)) | lost;
  }
  const lost: u64 = low != 0 || (by > 64 && high << (128 - by < 0 ? 0 : 128 - by) != 0) ? 1 : 0;
  if (by == 64) return high | lost;
  return by > 127 ? 1 : (high >> (by - 64)) | lost;
}

function isExact(high: u64, low: u64, drop: u64): bool {
  return low == 0 && (drop == 0 || high << (64 - drop) == 0);
}

/** Whether the magnitude is rounded up. */
export function increments(sign: u32, high: u64, low: u64, drop: u64, control: u32): bool {
  if (isExact(high, low, drop)) return false;
  const mode = F.roundingOf(control);
  if (mode == F.DOWN) return sign != 0;
  if (mode == F.UP) return sign == 0;
  if (mode == F.ZERO) return false;
  if (drop == 0) return low >> 63 != 0 && (low << 1 != 0 || (high & 1) != 0);
  if (((high >> (drop - 1)) & 1) == 0) return false;
  const below = drop == 1 ? 0 : high << (65 - drop);
  return below != 0 || low != 0 || ((high >> drop) & 1) != 0;
}

/** Whether rounding a normalised significand gives the next power of two. */
function carries(sign: u32, high: u64, low: u64, drop: u64, control: u32): bool {
  return high >> drop == 0xffffffffffffffff >> drop && increments(sign, high, low, drop, control);
}
