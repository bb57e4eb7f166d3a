/** One RISC-V instruction at a time to IR: what tb/ calls. */
import { EMIT_LENGTH, EMIT_PC, emitTemp } from '../../ir/builder';
import { riscvDecode, riscvExpand } from './decode.gen';
import { riscvTranslateNumber } from './dispatch.gen';
import { emitCallEffect, emitGoto, emitUnreachable, ZERO } from './emit';
import { helperIllegal } from './trap';

/** Handler of STATE_GUEST_TRANSLATE: see vcpu/guest.ts. */
export function riscvTranslate(e: usize, source: usize, available: u32): u32 {
  const compressed = (load<u16>(source) & 3) != 3;
  const length: u32 = compressed ? 2 : 4;
  if (length > available) return 0;
  store<u32>(e, length, EMIT_LENGTH);
  riscvTranslateWord(e, compressed ? load<u16>(source) : load<u32>(source));
  return length;
}

/**
 * Emits the IR of the instruction `word` at EMIT_PC, EMIT_LENGTH bytes long (of a compressed one the low 16 bits count), and sets
 * EMIT_ENDED if it ends the block. An instruction that is illegal, or illegal under the block's flags, raises when it runs.
 */
export function riscvTranslateWord(e: usize, word: u32): void {
  const compressed = load<u32>(e, EMIT_LENGTH) == 2;
  const insn = compressed ? riscvExpand(word & 0xffff) : word;
  // 0 is what reserved compressed instructions expand to; as a 32-bit instruction it lacks the low bits.
  if ((insn & 3) == 3 && riscvTranslateNumber(riscvDecode(insn), e, insn)) return;
  const bits = compressed ? word & 0xffff : word;
  emitCallEffect(e, emitTemp(e), ZERO, ZERO, helperIllegal.index, bits);
  emitUnreachable(e);
}

/** Ends a block that is cut for its length: goes on at EMIT_PC. */
export function riscvEndBlock(e: usize): void {
  emitGoto(e, 0, load<u64>(e, EMIT_PC));
}
