/** What the tests of the x86 frontend call. */
export { x86Decode } from '../decode';
export { x86Disassemble } from '../disas';
