/**
 * Immediates of `vshuf`: which of the 32 bytes of b (0-15) and c (16-31) goes to each byte of the result. Bits 0-7 say how:
 *
 *   SHUFFLE_32     four fields of 3 bits from bit 8 on: double word of b (0-3) or c (4-7) for each double word
 *   SHUFFLE_16     eight fields of 4 bits from bit 8 on: word of b (0-7) or c (8-15) for each word
 *   SHUFFLE_ALIGN  bits 8-15: byte of b that the result begins with, 0 to 16; c follows b
 *   SHUFFLE_LOW    bytes of b's low half and c's low half in turn
 *   SHUFFLE_HIGH   the same of the high halves
 */
export const SHUFFLE_32: u32 = 0;
export const SHUFFLE_16: u32 = 1;
export const SHUFFLE_ALIGN: u32 = 2;
export const SHUFFLE_LOW: u32 = 3;
export const SHUFFLE_HIGH: u32 = 4;

/** Number of the byte that goes to byte `i`. */
export function shuffleByte(imm: u64, i: u32): u32 {
  const fields = imm >> 8;
  switch (<u32>imm & 0xff) {
    case SHUFFLE_32:
      return ((<u32>(fields >> ((i >> 2) * 3)) & 7) << 2) + (i & 3);
    case SHUFFLE_16:
      return ((<u32>(fields >> ((i >> 1) << 2)) & 15) << 1) + (i & 1);
    case SHUFFLE_ALIGN:
      return (<u32>fields & 31) + i;
    case SHUFFLE_LOW:
      return (i >> 1) + ((i & 1) << 4);
  }
  return (i >> 1) + ((i & 1) << 4) + 8;
}
