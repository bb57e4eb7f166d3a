/** Shifts and products wider than 64 bits, returned a word at a time. */

/** `a >> count` for count >= 1, with every bit shifted out ORed into bit 0. */
export function shiftRightJam(a: u64, count: i32): u64 {
  if (count > 63) return a != 0 ? 1 : 0;
  return (a >> count) | (a << (64 - count) != 0 ? 1 : 0);
}

/** The high 64 bits of the 128-bit product a × b. */
export function mulHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  const carry = a0 * b1 + (middle & 0xffffffff);
  return a1 * b1 + (middle >> 32) + (carry >> 32);
}
