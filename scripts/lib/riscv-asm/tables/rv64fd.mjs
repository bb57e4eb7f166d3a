/**
 * F and D extensions (unprivileged ISA 20191213, chapters 11 and 12). `rm` may be left out and is then `dyn`;
 * conversions that are always exact have no `rm` operand and encode it as zero, as GNU as does.
 */

/**
 * Rows that exist in both precisions: single precision as listed, double with the fmt field (bit 25) set.
 * [mnemonic without the precision suffix, operand kinds, encoding]
 */
const BOTH_PRECISIONS = /** @type {const} */ ([
  ['fmadd', 'frd frs1 frs2 frs3 rm', 0x00000043],
  ['fmsub', 'frd frs1 frs2 frs3 rm', 0x00000047],
  ['fnmsub', 'frd frs1 frs2 frs3 rm', 0x0000004b],
  ['fnmadd', 'frd frs1 frs2 frs3 rm', 0x0000004f],
  ['fadd', 'frd frs1 frs2 rm', 0x00000053],
  ['fsub', 'frd frs1 frs2 rm', 0x08000053],
  ['fmul', 'frd frs1 frs2 rm', 0x10000053],
  ['fdiv', 'frd frs1 frs2 rm', 0x18000053],
  ['fsqrt', 'frd frs1 rm', 0x58000053],
  ['fsgnj', 'frd frs1 frs2', 0x20000053],
  ['fsgnjn', 'frd frs1 frs2', 0x20001053],
  ['fsgnjx', 'frd frs1 frs2', 0x20002053],
  ['fmin', 'frd frs1 frs2', 0x28000053],
  ['fmax', 'frd frs1 frs2', 0x28001053],
  ['feq', 'rd frs1 frs2', 0xa0002053],
  ['flt', 'rd frs1 frs2', 0xa0001053],
  ['fle', 'rd frs1 frs2', 0xa0000053],
  ['fclass', 'rd frs1', 0xe0001053],
]);

/** @type {import('./index.mjs').InstructionRow[]} */
export const RV64FD = [
  ...['.s', '.d'].flatMap((suffix, fmt) =>
    BOTH_PRECISIONS.map(
      ([name, operands, bits]) =>
        /** @type {import('./index.mjs').InstructionRow} */ ([
          name + suffix,
          operands,
          (bits | (fmt << 25)) >>> 0,
        ]),
    ),
  ),
  ['flw', 'frd mem', 0x00002007],
  ['fld', 'frd mem', 0x00003007],
  ['fsw', 'frs2 memstore', 0x00002027],
  ['fsd', 'frs2 memstore', 0x00003027],
  ['fcvt.w.s', 'rd frs1 rm', 0xc0000053],
  ['fcvt.wu.s', 'rd frs1 rm', 0xc0100053],
  ['fcvt.l.s', 'rd frs1 rm', 0xc0200053],
  ['fcvt.lu.s', 'rd frs1 rm', 0xc0300053],
  ['fcvt.s.w', 'frd rs1 rm', 0xd0000053],
  ['fcvt.s.wu', 'frd rs1 rm', 0xd0100053],
  ['fcvt.s.l', 'frd rs1 rm', 0xd0200053],
  ['fcvt.s.lu', 'frd rs1 rm', 0xd0300053],
  ['fcvt.w.d', 'rd frs1 rm', 0xc2000053],
  ['fcvt.wu.d', 'rd frs1 rm', 0xc2100053],
  ['fcvt.l.d', 'rd frs1 rm', 0xc2200053],
  ['fcvt.lu.d', 'rd frs1 rm', 0xc2300053],
  ['fcvt.d.w', 'frd rs1', 0xd2000053],
  ['fcvt.d.wu', 'frd rs1', 0xd2100053],
  ['fcvt.d.l', 'frd rs1 rm', 0xd2200053],
  ['fcvt.d.lu', 'frd rs1 rm', 0xd2300053],
  ['fcvt.s.d', 'frd frs1 rm', 0x40100053],
  ['fcvt.d.s', 'frd frs1', 0x42000053],
  ['fmv.x.w', 'rd frs1', 0xe0000053],
  ['fmv.w.x', 'frd rs1', 0xf0000053],
  ['fmv.x.d', 'rd frs1', 0xe2000053],
  ['fmv.d.x', 'frd rs1', 0xf2000053],
];
