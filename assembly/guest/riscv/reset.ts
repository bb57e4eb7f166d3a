/** Reset state of a hart. Volume II, 3.4; what it leaves open is as QEMU's. */
import { STATE_EXCEPTION, STATE_FFLAGS, STATE_HOOK_BUS_ERROR, STATE_HOOK_WALK } from '../../vcpu/state';
import * as H from './cpu';
import { riscvBusError, riscvPageWalk } from './mmu';
import { riscvUpdateFlags } from './trap';

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
  store<u64>(cpu, 0, STATE_EXCEPTION);
  store<u32>(cpu, 0, STATE_FFLAGS);
  store<u32>(cpu, riscvPageWalk.index, STATE_HOOK_WALK);
  store<u32>(cpu, riscvBusError.index, STATE_HOOK_BUS_ERROR);
  riscvUpdateFlags(cpu);
}
