/** Physical memory protection, 16 entries. Volume II, 3.7. */
import { PAGE_SIZE } from '../../layout';
import * as H from './cpu';

export const PMP_ENTRIES: u32 = 16;

const CFG_MODE: u32 = 0x18;
const CFG_TOR: u32 = 0x08;
const CFG_NA4: u32 = 0x10;
export const PMP_LOCKED: u32 = 0x80;

export function pmpConfig(cpu: usize, entry: u32): u32 {
  return load<u8>(cpu + entry, H.HART_PMPCFG);
}

export function pmpAddress(cpu: usize, entry: u32): u64 {
  return load<u64>(cpu + entry * 8, H.HART_PMPADDR);
}

/** First byte that an entry covers. */
function first(cpu: usize, entry: u32): u64 {
  const mode = pmpConfig(cpu, entry) & CFG_MODE;
  const address = pmpAddress(cpu, entry);
  if (mode == CFG_TOR) return entry == 0 ? 0 : pmpAddress(cpu, entry - 1) << 2;
  if (mode == CFG_NA4) return address << 2;
  return (address & (address + 1)) << 2;
}

/** Last byte that an entry covers; less than the first one if it covers nothing. */
function last(cpu: usize, entry: u32): u64 {
  const mode = pmpConfig(cpu, entry) & CFG_MODE;
  const address = pmpAddress(cpu, entry);
  if (mode == CFG_TOR) return (address << 2) - 1;
  if (mode == CFG_NA4) return (address << 2) + 3;
  return ((address | (address + 1)) << 2) + 3;
}

/** Off, or a TOR entry that ends at 0 and so covers nothing. */
function isOff(cpu: usize, entry: u32): bool {
  const mode = pmpConfig(cpu, entry) & CFG_MODE;
  return mode == 0 || (mode == CFG_TOR && pmpAddress(cpu, entry) == 0);
}

/** Whether the lowest entry that matches any byte of the access matches all of them and allows it. `kind` is one PERM_* bit, R 1, W 2, X 4, as in pmpcfg. */
export function pmpCheck(cpu: usize, physical: u64, size: u32, mode: u32, kind: u32): bool {
  if (load<u32>(cpu, H.HART_PMP_ACTIVE) == 0) return mode == H.PRV_M;
  const end = physical + size - 1;
  for (let entry: u32 = 0; entry < PMP_ENTRIES; entry++) {
    if (isOff(cpu, entry)) continue;
    const low = first(cpu, entry);
    const high = last(cpu, entry);
    if (end < low || physical > high) continue;
    if (physical < low || end > high) return false;
    const config = pmpConfig(cpu, entry);
    if (mode == H.PRV_M && (config & PMP_LOCKED) == 0) return true;
    return (config & kind) != 0;
  }
  return mode == H.PRV_M;
}

/** Whether no entry begins or ends inside the page, so that one answer holds for all of it. */
export function pmpIsUniform(cpu: usize, page: u64): bool {
  if (load<u32>(cpu, H.HART_PMP_ACTIVE) == 0) return true;
  const end = page + PAGE_SIZE - 1;
  for (let entry: u32 = 0; entry < PMP_ENTRIES; entry++) {
    if (isOff(cpu, entry)) continue;
    const low = first(cpu, entry);
    const high = last(cpu, entry);
    if (end < low || page > high) continue;
    if (page < low || end > high) return false;
    return true;
  }
  return true;
}

/** Writes a configuration byte unless it is locked. */
export function pmpWriteConfig(cpu: usize, entry: u32, value: u32): void {
  if (pmpConfig(cpu, entry) & PMP_LOCKED) return;
  store<u8>(cpu + entry, <u8>(value & 0x9f), H.HART_PMPCFG);
  let active: u32 = 0;
  for (let i: u32 = 0; i < PMP_ENTRIES; i++) if (pmpConfig(cpu, i) & CFG_MODE) active += 1;
  store<u32>(cpu, active, H.HART_PMP_ACTIVE);
}

/** Writes an address register unless it, or a TOR entry that it bounds, is locked. 54 bits hold a 56-bit address. */
export function pmpWriteAddress(cpu: usize, entry: u32, value: u64): void {
  if (pmpConfig(cpu, entry) & PMP_LOCKED) return;
  if (entry + 1 < PMP_ENTRIES) {
    const next = pmpConfig(cpu, entry + 1);
    if (next & PMP_LOCKED && (next & CFG_MODE) == CFG_TOR) return;
  }
  store<u64>(cpu + entry * 8, value & 0x003fffffffffffff, H.HART_PMPADDR);
}
