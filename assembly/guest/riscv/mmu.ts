/** Address translation: Sv39, Sv48 and Sv57 with hardware update of A and D, and physical memory protection. Volume II, 3.7 and 4.3. */
import {
  PAGE_BITS,
  REGION_BASE,
  REGION_KIND,
  REGION_KIND_RAM,
  REGION_KIND_ROM,
  REGION_LINEAR,
} from '../../layout';
import {
  ACCESS_FETCH,
  ACCESS_MISALIGNED_ATOMIC,
  ACCESS_STORE,
  PERM_EXECUTE,
  PERM_READ,
  PERM_WRITE,
} from '../../softmmu/hook';
import { regionFind } from '../../softmmu/region';
import { blockWriteHook } from '../../tb/invalidate';
import { raise } from '../../vcpu/exception';
import {
  STATE_ACCESS_SIZE,
  STATE_WALK_GLOBAL,
  STATE_WALK_PERMISSIONS,
  STATE_WALK_PHYSICAL,
  STATE_WALK_SIZE,
} from '../../vcpu/state';
import * as H from './cpu';
import { pmpCheck, pmpIsUniform } from './pmp';

const PTE_V: u64 = 1;
const PTE_R: u64 = 2;
const PTE_W: u64 = 4;
const PTE_X: u64 = 8;
const PTE_U: u64 = 16;
const PTE_G: u64 = 32;
const PTE_A: u64 = 64;
const PTE_D: u64 = 128;
/** Reserved (54-60), PBMT (61-62) and N (63): none of them is implemented, so all must be 0. */
const PTE_RESERVED: u64 = 0xffc0000000000000;
const PTE_PPN: u64 = 0x003ffffffffffc00;

/** The fetch's MMU index follows the privilege mode; SUM does not concern it. */
export function riscvFetchMmu(flags: u32): u32 {
  return flags & H.FLAG_PRIV_MASK;
}

export function riscvDataMmu(flags: u32): u32 {
  return (flags >> H.FLAG_MMU_SHIFT) & 3;
}

/** Page-table levels of a satp mode; 0: bare. */
function levelsOf(satp: u64): i32 {
  const mode = <u32>(satp >> 60);
  return mode == 8 ? 3 : mode == 9 ? 4 : mode == 10 ? 5 : 0;
}

/** Handler of STATE_HOOK_WALK: see softmmu/hook.ts. */
export function riscvPageWalk(cpu: usize, va: u64, access: u32, mmu: u32): u32 {
  const mode = mmu == H.MMU_S_SUM ? H.PRV_S : mmu;
  const satp = load<u64>(cpu, H.HART_SATP);
  const levels = mode == H.PRV_M ? 0 : levelsOf(satp);
  store<u32>(cpu, 1, STATE_WALK_GLOBAL);
  if (levels == 0) return finish(cpu, va, va, access, mode, PERM_READ | PERM_WRITE | PERM_EXECUTE, 63);

  const bits = <u32>(levels * 9 + PAGE_BITS);
  const top = <i64>va >> (bits - 1);
  if (top != 0 && top != -1) return pageFault(cpu, va, access);
  let global: u64 = 0;
  let table = (satp & 0x00000fffffffffff) << PAGE_BITS;
  for (let level = levels - 1; level >= 0; level--) {
    const shift = <u32>(level * 9) + PAGE_BITS;
    const address = table + ((va >> shift) & 0x1ff) * 8;
    if (!pmpCheck(cpu, address, 8, H.PRV_S, PERM_READ)) return accessFault(cpu, va, access);
    const region = regionFind(cpu, address);
    if (
      region == 0 ||
      (load<u32>(region, REGION_KIND) != REGION_KIND_RAM && load<u32>(region, REGION_KIND) != REGION_KIND_ROM)
    )
      return accessFault(cpu, va, access);
    const linear: usize = load<u32>(region, REGION_LINEAR) + <u32>(address - load<u64>(region, REGION_BASE));
    for (;;) {
      const pte = atomic.load<u64>(linear);
      if ((pte & PTE_V) == 0 || (pte & (PTE_R | PTE_W)) == PTE_W || pte & PTE_RESERVED)
        return pageFault(cpu, va, access);
      // In a pointer, G makes everything below it global (4.3.1).
      global |= pte & PTE_G;
      if ((pte & (PTE_R | PTE_X)) == 0) {
        if (pte & (PTE_A | PTE_D | PTE_U)) return pageFault(cpu, va, access);
        table = (pte & PTE_PPN) << 2;
        break;
      }
      const permissions = leafPermissions(cpu, pte, mode, mmu);
      if ((permissions & wanted(access)) == 0) return pageFault(cpu, va, access);
      const page = (pte & PTE_PPN) << 2;
      const within = ((<u64>1) << shift) - 1;
      if (page & within) return pageFault(cpu, va, access);
      const update = pte | PTE_A | (access == ACCESS_STORE ? PTE_D : 0);
      if (update != pte) {
        if (
          load<u32>(region, REGION_KIND) != REGION_KIND_RAM ||
          !pmpCheck(cpu, address, 8, H.PRV_S, PERM_WRITE)
        )
          return accessFault(cpu, va, access);
        blockWriteHook(cpu, linear, 8);
        if (atomic.cmpxchg<u64>(linear, pte, update) != pte) continue;
      }
      store<u32>(cpu, global != 0 ? 1 : 0, STATE_WALK_GLOBAL);
      // A clean page gets its write tag at its first store, which sets D.
      const cached = update & PTE_D ? permissions : permissions & ~PERM_WRITE;
      return finish(cpu, va, page | (va & within), access, mode, cached, shift);
    }
  }
  return pageFault(cpu, va, access);
}

/** What a leaf allows at this privilege: U, SUM and MXR applied. */
function leafPermissions(cpu: usize, pte: u64, mode: u32, mmu: u32): u32 {
  let permissions: u32 = 0;
  const mxr = load<u64>(cpu, H.HART_MSTATUS) & H.MSTATUS_MXR;
  if (pte & PTE_R || (mxr && pte & PTE_X)) permissions |= PERM_READ;
  if (pte & PTE_W) permissions |= PERM_WRITE;
  if (pte & PTE_X) permissions |= PERM_EXECUTE;
  if (mode == H.PRV_U) return pte & PTE_U ? permissions : 0;
  if (pte & PTE_U) return mmu == H.MMU_S_SUM ? permissions & ~PERM_EXECUTE : 0;
  return permissions;
}

function wanted(access: u32): u32 {
  return access == ACCESS_STORE ? PERM_WRITE : access == ACCESS_FETCH ? PERM_EXECUTE : PERM_READ;
}

/** Applies PMP to the page and stores the walk's results. A page that a PMP boundary cuts is not cached: WALK_SIZE 0. */
function finish(
  cpu: usize,
  va: u64,
  physical: u64,
  access: u32,
  mode: u32,
  permissions: u32,
  size: u32,
): u32 {
  const page = physical & ~0xfff;
  if (load<u32>(cpu, H.HART_PMP_ACTIVE) != 0 || mode != H.PRV_M) {
    if (pmpIsUniform(cpu, page)) {
      for (let kind = PERM_READ; kind <= PERM_EXECUTE; kind <<= 1)
        if (!pmpCheck(cpu, page, 4, mode, kind)) permissions &= ~kind;
      if ((permissions & wanted(access)) == 0) return accessFault(cpu, va, access);
    } else {
      const bytes: u32 = access == ACCESS_FETCH ? 2 : load<u32>(cpu, STATE_ACCESS_SIZE);
      if (!pmpCheck(cpu, physical, bytes, mode, wanted(access))) return accessFault(cpu, va, access);
      size = 0;
    }
  }
  store<u64>(cpu, page, STATE_WALK_PHYSICAL);
  store<u32>(cpu, permissions, STATE_WALK_PERMISSIONS);
  store<u32>(cpu, size, STATE_WALK_SIZE);
  return 0;
}

function pageFault(cpu: usize, va: u64, access: u32): u32 {
  raise(
    cpu,
    access == ACCESS_FETCH
      ? H.CAUSE_FETCH_PAGE
      : access == ACCESS_STORE
        ? H.CAUSE_STORE_PAGE
        : H.CAUSE_LOAD_PAGE,
    va,
  );
  return 1;
}

function accessFault(cpu: usize, va: u64, access: u32): u32 {
  riscvBusError(cpu, va, access);
  return 1;
}

/** Handler of STATE_HOOK_BUS_ERROR. */
export function riscvBusError(cpu: usize, va: u64, access: u32): void {
  if (access == ACCESS_MISALIGNED_ATOMIC) return raise(cpu, H.CAUSE_STORE_MISALIGNED, va);
  raise(
    cpu,
    access == ACCESS_FETCH
      ? H.CAUSE_FETCH_ACCESS
      : access == ACCESS_STORE
        ? H.CAUSE_STORE_ACCESS
        : H.CAUSE_LOAD_ACCESS,
    va,
  );
}
