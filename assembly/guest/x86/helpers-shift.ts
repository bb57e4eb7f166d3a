/** Helpers of rotates through the carry flag. SDM 2, RCL/RCR/ROL/ROR. */

/** Bits of the immediate with the logarithm of the operand's bytes; the bit above asks for the carry instead of the result. */
export const SHIFT_SIZE: u32 = 3;

/** Helper (callp): b = clean operand, c = CF + count << 1, immediate = size, with 4 added for the carry out. */
export function helperRcl(_cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  const bits = (<u32>8) << (immediate & SHIFT_SIZE);
  return rotated(b, c & 1, <u32>(c >> 1) % (bits + 1), bits, immediate > SHIFT_SIZE);
}

/** The same to the right: to the left by what is missing to a whole turn. */
export function helperRcr(_cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  const bits = (<u32>8) << (immediate & SHIFT_SIZE);
  const count = <u32>(c >> 1) % (bits + 1);
  return rotated(b, c & 1, (bits + 1 - count) % (bits + 1), bits, immediate > SHIFT_SIZE);
}

/** Rotates carry:value, bits + 1 wide, to the left by a count of at most bits. */
function rotated(value: u64, carry: u64, count: u32, bits: u32, wantCarry: bool): u64 {
  if (count == 0) return wantCarry ? carry : value;
  const mask: u64 = 0xffffffffffffffff >> (64 - bits);
  if (wantCarry) return (value >> (bits - count)) & 1;
  const high = count == 64 ? 0 : value << count;
  const low = count == 1 ? 0 : value >> (bits + 1 - count);
  return (high | (carry << (count - 1)) | low) & mask;
}
