/**
 * Zba, Zbb and Zbs (bit-manipulation extension 1.0.0, chapter 2).
 * @type {import('./index.mjs').InstructionRow[]}
 */
export const ZBA = [
  ['add.uw', 'rd rs1 rs2', 0x0800003b],
  ['sh1add', 'rd rs1 rs2', 0x20002033],
  ['sh2add', 'rd rs1 rs2', 0x20004033],
  ['sh3add', 'rd rs1 rs2', 0x20006033],
  ['sh1add.uw', 'rd rs1 rs2', 0x2000203b],
  ['sh2add.uw', 'rd rs1 rs2', 0x2000403b],
  ['sh3add.uw', 'rd rs1 rs2', 0x2000603b],
  ['slli.uw', 'rd rs1 shamt6', 0x0800101b],
];

/** @type {import('./index.mjs').InstructionRow[]} */
export const ZBB = [
  ['andn', 'rd rs1 rs2', 0x40007033],
  ['orn', 'rd rs1 rs2', 0x40006033],
  ['xnor', 'rd rs1 rs2', 0x40004033],
  ['clz', 'rd rs1', 0x60001013],
  ['ctz', 'rd rs1', 0x60101013],
  ['cpop', 'rd rs1', 0x60201013],
  ['sext.b', 'rd rs1', 0x60401013],
  ['sext.h', 'rd rs1', 0x60501013],
  ['clzw', 'rd rs1', 0x6000101b],
  ['ctzw', 'rd rs1', 0x6010101b],
  ['cpopw', 'rd rs1', 0x6020101b],
  ['zext.h', 'rd rs1', 0x0800403b],
  ['max', 'rd rs1 rs2', 0x0a006033],
  ['maxu', 'rd rs1 rs2', 0x0a007033],
  ['min', 'rd rs1 rs2', 0x0a004033],
  ['minu', 'rd rs1 rs2', 0x0a005033],
  ['rol', 'rd rs1 rs2', 0x60001033],
  ['ror', 'rd rs1 rs2', 0x60005033],
  ['rolw', 'rd rs1 rs2', 0x6000103b],
  ['rorw', 'rd rs1 rs2', 0x6000503b],
  ['rori', 'rd rs1 shamt6', 0x60005013],
  ['roriw', 'rd rs1 shamt5', 0x6000501b],
  ['orc.b', 'rd rs1', 0x28705013],
  ['rev8', 'rd rs1', 0x6b805013],
];

/** @type {import('./index.mjs').InstructionRow[]} */
export const ZBS = [
  ['bclr', 'rd rs1 rs2', 0x48001033],
  ['bclri', 'rd rs1 shamt6', 0x48001013],
  ['bext', 'rd rs1 rs2', 0x48005033],
  ['bexti', 'rd rs1 shamt6', 0x48005013],
  ['binv', 'rd rs1 rs2', 0x68001033],
  ['binvi', 'rd rs1 shamt6', 0x68001013],
  ['bset', 'rd rs1 rs2', 0x28001033],
  ['bseti', 'rd rs1 shamt6', 0x28001013],
];
