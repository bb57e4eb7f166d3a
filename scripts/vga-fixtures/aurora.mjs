/** The frame at which the picture of images/aurora is compared with QEMU's, and the program that stops there. */
import { fileURLToPath } from 'node:url';
import { assembleFile } from '../lib/riscv-asm/index.mjs';

export const AURORA_FRAME = 45;

/** The options of the machine that count, as QEMU and we spell them. */
export const AURORA_DISPLAY = 'bochs-display';

/** @returns {Uint8Array} the program as a raw kernel, which stands still at AURORA_FRAME */
export function stoppedAurora() {
  const source = fileURLToPath(new URL('../../images/aurora/aurora.s', import.meta.url));
  const { flat, symbols, entry } = assembleFile(source);
  const program = Uint8Array.from(flat);
  const at = Number(/** @type {bigint} */ (symbols.get('last_frame')) - entry);
  new DataView(program.buffer).setUint32(at, AURORA_FRAME, true);
  return program;
}
