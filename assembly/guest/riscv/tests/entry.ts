/** What the tests of the RISC-V frontend call. */
export { riscvDecode, riscvDecodeCompressed, riscvExpand } from '../decode.gen';
export { riscvDisassemble } from '../disas';
export { riscvEndBlock, riscvTranslateWord } from '../translate';
