/**
 * M extension (unprivileged ISA 20191213, chapter 7).
 * @type {import('./index.mjs').InstructionRow[]}
 */
export const RV64M = [
  ['mul', 'rd rs1 rs2', 0x02000033],
  ['mulh', 'rd rs1 rs2', 0x02001033],
  ['mulhsu', 'rd rs1 rs2', 0x02002033],
  ['mulhu', 'rd rs1 rs2', 0x02003033],
  ['div', 'rd rs1 rs2', 0x02004033],
  ['divu', 'rd rs1 rs2', 0x02005033],
  ['rem', 'rd rs1 rs2', 0x02006033],
  ['remu', 'rd rs1 rs2', 0x02007033],
  ['mulw', 'rd rs1 rs2', 0x0200003b],
  ['divw', 'rd rs1 rs2', 0x0200403b],
  ['divuw', 'rd rs1 rs2', 0x0200503b],
  ['remw', 'rd rs1 rs2', 0x0200603b],
  ['remuw', 'rd rs1 rs2', 0x0200703b],
];
