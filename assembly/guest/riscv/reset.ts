/** Reset state of a hart. Volume II, 3.4; what it leaves open is as QEMU's. */
import { hostFmaIsFused } from '../../fpu/index';
import { localRead, localWrite } from '../../irqchip/local';
import * as S from '../../vcpu/state';
import * as H from './cpu';
import { riscvDeadline, riscvHasWakeup, riscvTryInterrupt, riscvUpdateLines } from './irq';
import { riscvBusError, riscvDataMmu, riscvFetchMmu, riscvPageWalk } from './mmu';
import { riscvEndBlock, riscvTranslate } from './translate';
import { riscvDeliverException, riscvUpdateFlags } from './trap';

/** RV64 with I, M, A, F, D, C, S and U. */
const MISA: u64 =
  (2 << 62) | (1 << 0) | (1 << 2) | (1 << 3) | (1 << 5) | (1 << 8) | (1 << 12) | (1 << 18) | (1 << 20);

/** The state area is zero when this is called. */
export function riscvReset(cpu: usize, hart: u64): void {
  store<u32>(cpu, H.PRV_M, H.HART_PRIV);
  store<u64>(cpu, MISA, H.HART_MISA);
  store<u64>(cpu, hart, H.HART_ID);
  store<u64>(cpu, 0xffffffffffffffff, H.HART_RESERVATION);
  store<u64>(cpu, 0xffffffffffffffff, H.HART_STIMECMP);
  store<u64>(cpu, 0, S.STATE_EXCEPTION);
  store<u32>(cpu, 0, S.STATE_FFLAGS);
  store<u32>(cpu, H.HART_FRM, S.STATE_ROUNDING_AT);
  store<u32>(cpu, hostFmaIsFused() ? 1 : 0, S.STATE_HOST_FMA);
  setHooks(cpu);
  riscvUpdateFlags(cpu);
}

function setHooks(cpu: usize): void {
  store<u32>(cpu, riscvPageWalk.index, S.STATE_HOOK_WALK);
  store<u32>(cpu, riscvBusError.index, S.STATE_HOOK_BUS_ERROR);
  store<u32>(cpu, riscvTranslate.index, S.STATE_GUEST_TRANSLATE);
  store<u32>(cpu, riscvEndBlock.index, S.STATE_GUEST_END_BLOCK);
  store<u32>(cpu, riscvFetchMmu.index, S.STATE_GUEST_FETCH_MMU);
  store<u32>(cpu, riscvDataMmu.index, S.STATE_GUEST_DATA_MMU);
  store<u32>(cpu, riscvUpdateLines.index, S.STATE_GUEST_UPDATE_LINES);
  store<u32>(cpu, riscvTryInterrupt.index, S.STATE_GUEST_TAKE_INTERRUPT);
  store<u32>(cpu, riscvHasWakeup.index, S.STATE_GUEST_HAS_WAKEUP);
  store<u32>(cpu, riscvDeadline.index, S.STATE_GUEST_DEADLINE);
  store<u32>(cpu, riscvDeliverException.index, S.STATE_GUEST_DELIVER);
  store<u32>(cpu, localRead.index, S.STATE_GUEST_LOCAL_READ);
  store<u32>(cpu, localWrite.index, S.STATE_GUEST_LOCAL_WRITE);
  store<u32>(cpu, 0, S.STATE_GUEST_WIDE);
}
