/**
 * A extension (unprivileged ISA 20191213, chapter 8): each base row exists for .w and .d, and with the
 * ordering suffixes .aq (bit 26), .rl (bit 25) and .aqrl.
 */

/** [base mnemonic, operand kinds, encoding of the .w form] */
const BASE_ROWS = /** @type {const} */ ([
  ['lr', 'rd memamo', 0x1000202f],
  ['sc', 'rd rs2 memamo', 0x1800202f],
  ['amoswap', 'rd rs2 memamo', 0x0800202f],
  ['amoadd', 'rd rs2 memamo', 0x0000202f],
  ['amoxor', 'rd rs2 memamo', 0x2000202f],
  ['amoand', 'rd rs2 memamo', 0x6000202f],
  ['amoor', 'rd rs2 memamo', 0x4000202f],
  ['amomin', 'rd rs2 memamo', 0x8000202f],
  ['amomax', 'rd rs2 memamo', 0xa000202f],
  ['amominu', 'rd rs2 memamo', 0xc000202f],
  ['amomaxu', 'rd rs2 memamo', 0xe000202f],
]);

const WIDTHS = /** @type {const} */ ([
  ['.w', 0x0000],
  ['.d', 0x1000],
]);
const ORDERINGS = /** @type {const} */ ([
  ['', 0],
  ['.aq', 1 << 26],
  ['.rl', 1 << 25],
  ['.aqrl', 3 << 25],
]);

/** @type {import('./index.mjs').InstructionRow[]} */
export const RV64A = BASE_ROWS.flatMap(([name, operands, bits]) =>
  WIDTHS.flatMap(([width, funct3]) =>
    ORDERINGS.map(
      ([suffix, ordering]) =>
        /** @type {import('./index.mjs').InstructionRow} */ ([
          `${name}${width}${suffix}`,
          operands,
          (bits | funct3 | ordering) >>> 0,
        ]),
    ),
  ),
);
