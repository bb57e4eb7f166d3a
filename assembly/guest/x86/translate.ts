/** One x86 instruction at a time to IR: what tb/ calls. */
import { EMIT_ALONE, EMIT_CPU, EMIT_ENDED, EMIT_FLAGS, EMIT_LENGTH, EMIT_PC, emit } from '../../ir/builder';
import { OP_CALLX, OP_FENCE } from '../../ir/ops.gen';
import { EXIT_AGAIN, STATE_GUEST_INSN } from '../../vcpu/state';
import * as X from './cpu';
import { helperStepBegin } from './debug';
import { x86Decode } from './decode';
import { x86TranslateNumber } from './dispatch.gen';
import {
  emitAgain,
  emitCall,
  emitConstant,
  emitExit,
  emitGoto,
  emitRaise,
  has,
  INSN_LINEAR,
  thisEip,
} from './emit';
import { modelIsMax } from './features';
import {
  INSN_LENGTH_MAX,
  INSN_MAP,
  INSN_NUMBER,
  INSN_PREFIXES,
  MAP_0F38,
  PREFIX_LOCK,
  PREFIX_VEX,
} from './insn';
import { helperShadowBegin, helperUndefined } from './segment';

/** Handler of STATE_GUEST_TRANSLATE: see vcpu/guest.ts. */
export function x86Translate(e: usize, source: usize, available: u32): u32 {
  const cpu: usize = load<u32>(e, EMIT_CPU);
  const length = x86Decode(cpu, source, available, load<u32>(e, EMIT_FLAGS));
  if (length == 0) return 0;
  if (has(e, X.BLOCK_STEP)) {
    store<u32>(e, 1, EMIT_ALONE);
    emitCall(e, OP_CALLX, helperStepBegin.index, emitConstant(e, load<u64>(e, EMIT_PC)), 0, 0, 0);
  }
  if (has(e, X.BLOCK_SHADOW)) emitCall(e, OP_CALLX, helperShadowBegin.index, 0, 0, 0, 0);
  // Too long, or beyond the limit of CS. Other limits than that of real mode are checked where a jump leads, not where execution arrives.
  if (length > INSN_LENGTH_MAX || (has(e, X.BLOCK_CODE_64K) && thisEip(e) + length > 0x10000)) {
    store<u32>(e, INSN_LENGTH_MAX, EMIT_LENGTH);
    emitRaise(e, X.EXC_GP, 0);
    return INSN_LENGTH_MAX;
  }
  store<u32>(e, length, EMIT_LENGTH);
  const i = cpu + STATE_GUEST_INSN;
  store<u16>(i, 0, INSN_LINEAR);
  // Orders what other agents see (SDM volume 3, 8.2.3.9): devices read rings while the guest runs. Kernels for one processor patch the prefix away but in barriers.
  if (load<u16>(i, INSN_PREFIXES) & PREFIX_LOCK) emit(e, OP_FENCE, 0, 0, 0, 0);
  if (!isOffered(cpu, i) || !x86TranslateNumber(load<u16>(i, INSN_NUMBER), e, i)) {
    emitCall(e, OP_CALLX, helperUndefined.index, 0, 0, 0, 0);
    emitExit(e, EXIT_AGAIN, load<u64>(e, EMIT_PC));
  }
  if (has(e, X.BLOCK_STEP | X.BLOCK_SHADOW) && load<u32>(e, EMIT_ENDED) == 0) emitAgain(e);
  return length;
}

/** Whether the model has the instruction's opcode map: those of three bytes came with SSSE3, VEX with what BMI1 and BMI2 use of it. */
function isOffered(cpu: usize, i: usize): bool {
  const isLate = load<u8>(i, INSN_MAP) >= MAP_0F38 || (load<u16>(i, INSN_PREFIXES) & PREFIX_VEX) != 0;
  return !isLate || modelIsMax(cpu);
}

/** Handler of STATE_GUEST_END_BLOCK: ends a block that is cut for its length. */
export function x86EndBlock(e: usize): void {
  emitGoto(e, 0, load<u64>(e, EMIT_PC));
}
