/**
 * Paging: none, 32-bit with PSE and PSE-36, PAE, 4-level. SDM 3, chapter 4. Accessed and dirty bits are set atomically; the walk is what softmmu/
 * calls when its TLB misses (softmmu/hook.ts).
 */
import {
  PAGE_BITS,
  REGION_BASE,
  REGION_KIND,
  REGION_KIND_RAM,
  REGION_KIND_FLASH,
  REGION_KIND_ROM,
  REGION_LINEAR,
  SMRAM_ALIAS,
  VM_A20_FORCED,
} from '../../layout';
import {
  ACCESS_FETCH,
  ACCESS_LOAD,
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
  STATE_ACCESS_WHOLE,
  STATE_LOADED,
  STATE_WALK_GLOBAL,
  STATE_WALK_PERMISSIONS,
  STATE_WALK_PHYSICAL,
  STATE_WALK_SIZE,
} from '../../vcpu/state';
import * as X from './cpu';
import { raiseNotCanonical } from './canonical';
import { breakpointsWatch } from './debug';
import { isCanonical, isLongMode } from './mode';
import { checkMarked, isMarked, unmarked } from './segment-range';

/** What system management mode sees at SMRAM_ALIAS. */
const SMRAM_FIRST: u64 = 0xa0000;
const SMRAM_LAST: u64 = 0xbffff;

const PTE_P: u64 = 0x01;
const PTE_W: u64 = 0x02;
const PTE_U: u64 = 0x04;
const PTE_A: u64 = 0x20;
const PTE_D: u64 = 0x40;
/** Page size in a directory. */
const PTE_PS: u64 = 0x80;
const PTE_G: u64 = 0x100;
const PTE_NX: u64 = 0x8000000000000000;
const ADDRESS_MASK: u64 = 0x000ffffffffff000;
/** Address bits that no physical address has: PHYSICAL_BITS and up. */
const ADDRESS_RESERVED: u64 = 0x000fff0000000000;
/** Ignored in 4-level entries, reserved in PAE ones. */
const PAE_RESERVED: u64 = 0x7ff0000000000000;
/** Reserved in page-directory-pointer entries of PAE paging: bits 1, 2, 5 to 8 and the address bits above the maximum. */
const PDPTE_RESERVED: u64 = 0xffffff00000001e6;

const ERROR_PRESENT: u32 = 1;
const ERROR_WRITE: u32 = 2;
const ERROR_USER: u32 = 4;
const ERROR_RESERVED: u32 = 8;
const ERROR_FETCH: u32 = 16;

/** Results of looking at an entry. */
const ENTRY_OK: u32 = 0;
const ENTRY_NOT_PRESENT: u32 = 1;
const ENTRY_RESERVED: u32 = 2;

/** The address on the bus: A20 forced to 0 while it is masked, SMRAM visible in system management mode. */
function busAddress(cpu: usize, physical: u64): u64 {
  const address = physical & ~(<u64>load<u32>(VM_A20_FORCED));
  if (load<u32>(cpu, X.X86_SMM) != 0 && address >= SMRAM_FIRST && address <= SMRAM_LAST)
    return address + SMRAM_ALIAS;
  return address;
}

/** Region entry of memory at a bus address, or 0. */
function memoryRegion(cpu: usize, address: u64): usize {
  const region = regionFind(cpu, address);
  if (region == 0) return 0;
  const kind = load<u32>(region, REGION_KIND);
  return kind == REGION_KIND_RAM || kind == REGION_KIND_ROM || kind == REGION_KIND_FLASH ? region : 0;
}

function linearIn(region: usize, address: u64): usize {
  return load<u32>(region, REGION_LINEAR) + <u32>(address - load<u64>(region, REGION_BASE));
}

/** Reads a paging-structure entry; where there is no memory, the bus floats high. */
function readEntry(cpu: usize, physical: u64, size: u32): u64 {
  const address = busAddress(cpu, physical);
  const region = memoryRegion(cpu, address);
  if (region == 0) return size == 8 ? 0xffffffffffffffff : 0xffffffff;
  const linear = linearIn(region, address);
  return size == 8 ? atomic.load<u64>(linear) : <u64>atomic.load<u32>(linear);
}

/** Sets bits of an entry that still is `old`; false: it changed, read it again. An entry in ROM stays as it is. */
function updateEntry(cpu: usize, physical: u64, old: u64, bits: u64, size: u32): bool {
  if ((old & bits) == bits) return true;
  const address = busAddress(cpu, physical);
  const region = memoryRegion(cpu, address);
  if (region == 0 || load<u32>(region, REGION_KIND) != REGION_KIND_RAM) return true;
  const linear = linearIn(region, address);
  blockWriteHook(cpu, linear, size);
  if (size == 8) return atomic.cmpxchg<u64>(linear, old, old | bits) == old;
  return atomic.cmpxchg<u32>(linear, <u32>old, <u32>(old | bits)) == <u32>old;
}

/** Handler of STATE_HOOK_WALK. */
export function x86PageWalk(cpu: usize, va: u64, access: u32, mmu: u32): u32 {
  if (!isMarked(cpu, va)) return walk(cpu, va, access, mmu);
  if (!checkMarked(cpu, va, access)) return 1;
  const status = walk(cpu, unmarked(va), access, mmu);
  store<u32>(cpu, 0, STATE_WALK_SIZE);
  return status;
}

function walk(cpu: usize, va: u64, access: u32, mmu: u32): u32 {
  const long = isLongMode(cpu);
  if (!long) va &= 0xffffffff;
  store<u32>(cpu, 1, STATE_WALK_GLOBAL);
  if ((load<u32>(cpu, X.X86_CR0) & X.CR0_PG) == 0)
    return finish(cpu, va, va, access, PERM_READ | PERM_WRITE | PERM_EXECUTE, 63);
  if (long && !isCanonical(va)) {
    raiseNotCanonical(cpu, va);
    return 1;
  }
  const cr3 = load<u64>(cpu, X.X86_CR3);
  if (long) return walkWide(cpu, va, access, mmu, cr3 & ADDRESS_MASK, 4);
  if (load<u32>(cpu, X.X86_CR4) & X.CR4_PAE) {
    const pdpte = load<u64>(cpu + X.X86_PDPTE + ((<usize>(va >> 30)) << 3));
    if ((pdpte & PTE_P) == 0) return pageFault(cpu, va, access, mmu, 0);
    return walkWide(cpu, va, access, mmu, pdpte & ADDRESS_MASK, 2);
  }
  return walkNarrow(cpu, va, access, mmu, cr3 & 0xfffff000);
}

/** PAE and 4-level paging: 64-bit entries, from the table of `level` on. SDM 3, 4.4 and 4.5. */
function walkWide(cpu: usize, va: u64, access: u32, mmu: u32, table: u64, level: u32): u32 {
  const mode = mmu == X.MMU_USER;
  let rights = PTE_W | PTE_U;
  let noExecute: u64 = 0;
  let reserved = ADDRESS_RESERVED;
  if (!isLongMode(cpu)) reserved |= PAE_RESERVED;
  if ((load<u32>(cpu, X.X86_EFER) & X.EFER_NXE) == 0) reserved |= PTE_NX;
  while (true) {
    const shift = PAGE_BITS + (level - 1) * 9;
    const address = table + ((va >> shift) & 0x1ff) * 8;
    const entry = readEntry(cpu, address, 8);
    const leaf = level == 1 || (level == 2 && (entry & PTE_PS) != 0);
    if ((entry & PTE_P) == 0) return pageFault(cpu, va, access, mmu, 0);
    // PS is reserved above directories: there are no pages of 1 GiB. Of a 2 MiB page the low address bits but PAT's are.
    const levelReserved: u64 = level > 2 ? PTE_PS : leaf && level == 2 ? 0x1fe000 : 0;
    if (entry & (reserved | levelReserved))
      return pageFault(cpu, va, access, mmu, ERROR_PRESENT | ERROR_RESERVED);
    rights &= entry;
    noExecute |= entry & PTE_NX;
    if (!leaf) {
      if (!updateEntry(cpu, address, entry, PTE_A, 8)) continue;
      table = entry & ADDRESS_MASK;
      level -= 1;
      continue;
    }
    const permissions = leafPermissions(cpu, mmu, rights, noExecute != 0);
    if ((permissions & wanted(access)) == 0) return pageFault(cpu, va, access, mmu, ERROR_PRESENT);
    const bits = access == ACCESS_STORE ? PTE_A | PTE_D : PTE_A;
    if (!updateEntry(cpu, address, entry, bits, 8)) continue;
    const within = ((<u64>1) << shift) - 1;
    return leafFound(
      cpu,
      va,
      access,
      entry | bits,
      (entry & ADDRESS_MASK & ~within) | (va & within),
      permissions,
      shift,
    );
  }
}

/** 32-bit paging. SDM 3, 4.3. */
function walkNarrow(cpu: usize, va: u64, access: u32, mmu: u32, table: u64): u32 {
  while (true) {
    const directory = table + (va >> 22) * 4;
    const pde = readEntry(cpu, directory, 4);
    if ((pde & PTE_P) == 0) return pageFault(cpu, va, access, mmu, 0);
    if (pde & PTE_PS && load<u32>(cpu, X.X86_CR4) & X.CR4_PSE) {
      // PSE-36: bits 13 to 20 are address bits 32 to 39; bit 21 is reserved.
      if (pde & 0x200000) return pageFault(cpu, va, access, mmu, ERROR_PRESENT | ERROR_RESERVED);
      const permissions = leafPermissions(cpu, mmu, pde, false);
      if ((permissions & wanted(access)) == 0) return pageFault(cpu, va, access, mmu, ERROR_PRESENT);
      const bits = access == ACCESS_STORE ? PTE_A | PTE_D : PTE_A;
      if (!updateEntry(cpu, directory, pde, bits, 4)) continue;
      const page = (pde & 0xffc00000) | ((pde & 0x1fe000) << 19);
      return leafFound(cpu, va, access, pde | bits, page | (va & 0x3fffff), permissions, 22);
    }
    if (!updateEntry(cpu, directory, pde, PTE_A, 4)) continue;
    const address = (pde & 0xfffff000) + ((va >> PAGE_BITS) & 0x3ff) * 4;
    const pte = readEntry(cpu, address, 4);
    if ((pte & PTE_P) == 0) return pageFault(cpu, va, access, mmu, 0);
    const permissions = leafPermissions(cpu, mmu, pde & pte, false);
    if ((permissions & wanted(access)) == 0) return pageFault(cpu, va, access, mmu, ERROR_PRESENT);
    const bits = access == ACCESS_STORE ? PTE_A | PTE_D : PTE_A;
    if (!updateEntry(cpu, address, pte, bits, 4)) continue;
    return leafFound(cpu, va, access, pte | bits, (pte & 0xfffff000) | (va & 0xfff), permissions, PAGE_BITS);
  }
}

/** What a page allows; `rights` is U and W of all levels together. SDM 3, 4.6. */
function leafPermissions(cpu: usize, mmu: u32, rights: u64, noExecute: bool): u32 {
  const cr4 = load<u32>(cpu, X.X86_CR4);
  if (mmu == X.MMU_USER) {
    if ((rights & PTE_U) == 0) return 0;
    return PERM_READ | (rights & PTE_W ? PERM_WRITE : 0) | (noExecute ? 0 : PERM_EXECUTE);
  }
  let permissions: u32 = PERM_READ;
  if (rights & PTE_W || (load<u32>(cpu, X.X86_CR0) & X.CR0_WP) == 0) permissions |= PERM_WRITE;
  if (!noExecute) permissions |= PERM_EXECUTE;
  if (rights & PTE_U) {
    if (cr4 & X.CR4_SMEP) permissions &= ~PERM_EXECUTE;
    if (cr4 & X.CR4_SMAP && mmu != X.MMU_SUPERVISOR_NO_SMAP) permissions &= PERM_EXECUTE;
  }
  return permissions;
}

function wanted(access: u32): u32 {
  return access == ACCESS_STORE ? PERM_WRITE : access == ACCESS_FETCH ? PERM_EXECUTE : PERM_READ;
}

function leafFound(
  cpu: usize,
  va: u64,
  access: u32,
  entry: u64,
  physical: u64,
  permissions: u32,
  size: u32,
): u32 {
  const global = (entry & PTE_G) != 0 && (load<u32>(cpu, X.X86_CR4) & X.CR4_PGE) != 0;
  store<u32>(cpu, global ? 1 : 0, STATE_WALK_GLOBAL);
  // A clean page gets its write tag at its first store, which sets D.
  return finish(cpu, va, physical, access, entry & PTE_D ? permissions : permissions & ~PERM_WRITE, size);
}

/** A page with a data breakpoint is not cached for data, so that each access comes here. */
function finish(cpu: usize, va: u64, physical: u64, access: u32, permissions: u32, size: u32): u32 {
  if (load<u32>(cpu, X.X86_DR7) & 0xff && breakpointsWatch(cpu, va, access)) {
    if (access == ACCESS_FETCH) permissions = PERM_EXECUTE;
    else size = 0;
  }
  store<u64>(cpu, busAddress(cpu, physical) & ~0xfff, STATE_WALK_PHYSICAL);
  store<u32>(cpu, permissions, STATE_WALK_PERMISSIONS);
  store<u32>(cpu, size, STATE_WALK_SIZE);
  return 0;
}

function pageFault(cpu: usize, va: u64, access: u32, mmu: u32, error: u32): u32 {
  const whole = load<u32>(cpu, STATE_ACCESS_WHOLE);
  if (whole != 0 && isLongMode(cpu) && !isCanonical(va + whole - 1)) {
    raiseNotCanonical(cpu, va);
    return 1;
  }
  if (access == ACCESS_STORE) error |= ERROR_WRITE;
  if (mmu == X.MMU_USER) error |= ERROR_USER;
  const cr4 = load<u32>(cpu, X.X86_CR4);
  const tellsFetch = (load<u32>(cpu, X.X86_EFER) & X.EFER_NXE && cr4 & X.CR4_PAE) || cr4 & X.CR4_SMEP;
  if (access == ACCESS_FETCH && tellsFetch) error |= ERROR_FETCH;
  store<u64>(cpu, va, X.X86_FAULT_ADDRESS);
  raise(cpu, X.EXC_PF, error);
  return 1;
}

/**
 * Handler of STATE_HOOK_BUS_ERROR. Where nothing answers, the bus floats high: data is all ones, and code is FF FF, an undefined instruction. A misaligned
 * vector is #GP(0).
 */
export function x86BusError(cpu: usize, _va: u64, access: u32): void {
  if (access == ACCESS_LOAD)
    store<u64>(cpu, 0xffffffffffffffff >> (64 - load<u32>(cpu, STATE_ACCESS_SIZE) * 8), STATE_LOADED);
  else if (access == ACCESS_FETCH) raise(cpu, X.EXC_UD, 0);
  else if (access != ACCESS_STORE) raise(cpu, X.EXC_GP, 0);
}

/** Loads the page-directory pointers of PAE paging from CR3's table; false: a reserved bit is set, and nothing was changed. SDM 3, 4.4.1. */
export function loadPdptes(cpu: usize, cr3: u64): bool {
  const table = cr3 & 0xffffffe0;
  for (let i: u32 = 0; i < 4; i++) {
    const entry = readEntry(cpu, table + i * 8, 8);
    if (entry & PTE_P && entry & PDPTE_RESERVED) return false;
  }
  for (let i: u32 = 0; i < 4; i++) store<u64>(cpu + X.X86_PDPTE + i * 8, readEntry(cpu, table + i * 8, 8));
  return true;
}
