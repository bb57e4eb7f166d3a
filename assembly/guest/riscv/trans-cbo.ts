/** Zicbom and Zicboz: CMO extensions 1.0.0. */
import { emitTemp } from '../../ir/builder';
import { emitCallEffect, mmuIndex, slotRs1, ZERO } from './emit';
import { CBO_MMU_SHIFT, helperCboClean, helperCboInval, helperCboZero } from './helpers-cbo';

function emitCbo(e: usize, insn: u32, helper: u32): bool {
  emitCallEffect(e, emitTemp(e), slotRs1(insn), ZERO, helper, insn | (mmuIndex(e) << CBO_MMU_SHIFT));
  return true;
}

export function transCboInval(e: usize, insn: u32): bool {
  return emitCbo(e, insn, helperCboInval.index);
}

export function transCboClean(e: usize, insn: u32): bool {
  return emitCbo(e, insn, helperCboClean.index);
}

export function transCboFlush(e: usize, insn: u32): bool {
  return emitCbo(e, insn, helperCboClean.index);
}

export function transCboZero(e: usize, insn: u32): bool {
  return emitCbo(e, insn, helperCboZero.index);
}
