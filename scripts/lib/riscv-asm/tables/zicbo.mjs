/**
 * Zicbom and Zicboz (cache-block operations 1.0, chapter 6).
 * @type {import('./index.mjs').InstructionRow[]}
 */
export const ZICBO = [
  ['cbo.inval', 'memamo', 0x0000200f],
  ['cbo.clean', 'memamo', 0x0010200f],
  ['cbo.flush', 'memamo', 0x0020200f],
  ['cbo.zero', 'memamo', 0x0040200f],
];
