/**
 * Zicsr (unprivileged ISA 20191213, chapter 9).
 * @type {import('./index.mjs').InstructionRow[]}
 */
export const ZICSR = [
  ['csrrw', 'rd csr rs1', 0x00001073],
  ['csrrs', 'rd csr rs1', 0x00002073],
  ['csrrc', 'rd csr rs1', 0x00003073],
  ['csrrwi', 'rd csr zimm', 0x00005073],
  ['csrrsi', 'rd csr zimm', 0x00006073],
  ['csrrci', 'rd csr zimm', 0x00007073],
];
