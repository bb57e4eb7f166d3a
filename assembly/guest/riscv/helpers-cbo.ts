/**
 * Cache-block operations (CMO extensions 1.0.0). Blocks are 64 bytes. There is no cache whose contents could differ from
 * memory, so the management operations check what they must and do nothing.
 *
 * `immediate` is the instruction with the MMU index in bits 7 to 9, where the instruction has zeros.
 */
import { ACCESS_LOAD, ACCESS_STORE } from '../../softmmu/hook';
import { memProbe, memStore, STATUS_OK } from '../../softmmu/access';
import { raise } from '../../vcpu/exception';
import { STATE_EXCEPTION } from '../../vcpu/state';
import { CAUSE_ILLEGAL, HART_MENVCFG, HART_PRIV, HART_SENVCFG, PRV_M, PRV_U } from './cpu';

export const CBO_MMU_SHIFT: u32 = 7;
const MMU_MASK: u32 = 0x1f << 7;

const BLOCK_SIZE: u64 = 64;

/** Fields of menvcfg and senvcfg: what a less privileged mode may do. */
const CBIE: u64 = 3 << 4;
const CBCFE: u64 = 1 << 6;
const CBZE: u64 = 1 << 7;

/** Section 1.6: menvcfg rules below M-mode, senvcfg also in U-mode. Raises illegal instruction if `field` is 0. */
function isPermitted(cpu: usize, field: u64, immediate: u32): bool {
  const privilege = load<u32>(cpu, HART_PRIV);
  const byMachine = privilege == PRV_M || (load<u64>(cpu, HART_MENVCFG) & field) != 0;
  const bySupervisor = privilege != PRV_U || (load<u64>(cpu, HART_SENVCFG) & field) != 0;
  if (byMachine && bySupervisor) return true;
  raise(cpu, CAUSE_ILLEGAL, immediate & ~MMU_MASK);
  return false;
}

/** Section 1.5.2: allowed wherever a load or a store is; otherwise it faults as a store. */
function checkAccess(cpu: usize, address: u64, immediate: u32): void {
  const mmu = (immediate & MMU_MASK) >> CBO_MMU_SHIFT;
  if (memProbe(cpu, address, 1, mmu, ACCESS_LOAD) == STATUS_OK) return;
  store<u64>(cpu, 0, STATE_EXCEPTION);
  memProbe(cpu, address, 1, mmu, ACCESS_STORE);
}

/** cbo.inval. CBIE = 1 asks for a flush instead: the same here. */
export function helperCboInval(cpu: usize, address: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPermitted(cpu, CBIE, immediate)) checkAccess(cpu, address, immediate);
  return 0;
}

/** cbo.clean and cbo.flush. */
export function helperCboClean(cpu: usize, address: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPermitted(cpu, CBCFE, immediate)) checkAccess(cpu, address, immediate);
  return 0;
}

/** cbo.zero: stores zeros into the block that holds `address`. A fault reports the address in rs1, not the block's. */
export function helperCboZero(cpu: usize, address: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (!isPermitted(cpu, CBZE, immediate)) return 0;
  const mmu = (immediate & MMU_MASK) >> CBO_MMU_SHIFT;
  if (memProbe(cpu, address, 1, mmu, ACCESS_STORE) != STATUS_OK) return 0;
  const block = address & ~(BLOCK_SIZE - 1);
  for (let offset: u64 = 0; offset < BLOCK_SIZE; offset += 8) {
    if (memStore(cpu, block + offset, 0, 8, mmu) != STATUS_OK) return 0;
  }
  return 0;
}
