/** Small bare-metal programs as text, in the syntax of docs/riscv-asm.md. */
import { assembleText } from '../../../scripts/lib/riscv-asm/index.mjs';

export interface Program {
  readonly bytes: Uint8Array;
  /** Address of a label. */
  at(label: string): bigint;
}

/** Assembles for the address `base`. Throws on what the assembler does not know. */
export function assemble(base: bigint, source: string): Program {
  const { flat, symbols } = assembleText(source, { base });
  return {
    bytes: flat,
    at(label) {
      const address = symbols.get(label);
      if (address === undefined) throw new Error(`no label '${label}'`);
      return address;
    },
  };
}
