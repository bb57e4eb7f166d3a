import { REGION_BASE, REGION_SIZE, REGION_STRIDE, REGION_TABLE, VM_REGION_COUNT } from '../layout';
import { STATE_LAST_REGION } from '../vcpu/state';

/** The region-table entry that holds a guest-physical address, or 0. Of overlapping entries the last wins. */
export function regionFind(cpu: usize, physical: u64): usize {
  const last = REGION_TABLE + load<u32>(cpu, STATE_LAST_REGION) * REGION_STRIDE;
  if (physical - load<u64>(last, REGION_BASE) < load<u64>(last, REGION_SIZE)) return last;
  let index = load<u32>(VM_REGION_COUNT);
  while (index != 0) {
    index -= 1;
    const entry = REGION_TABLE + index * REGION_STRIDE;
    if (physical - load<u64>(entry, REGION_BASE) < load<u64>(entry, REGION_SIZE)) {
      if (!regionIsOverlapped(index)) store<u32>(cpu, index, STATE_LAST_REGION);
      return entry;
    }
  }
  return 0;
}

/** Whether a later entry hides a part of this one, so that a hit here does not settle the matter. */
function regionIsOverlapped(index: u32): bool {
  const entry = REGION_TABLE + index * REGION_STRIDE;
  const base = load<u64>(entry, REGION_BASE);
  const size = load<u64>(entry, REGION_SIZE);
  for (let later = index + 1, end = load<u32>(VM_REGION_COUNT); later < end; later++) {
    const other = REGION_TABLE + later * REGION_STRIDE;
    const otherBase = load<u64>(other, REGION_BASE);
    const otherSize = load<u64>(other, REGION_SIZE);
    if (otherSize != 0 && (otherBase - base < size || base - otherBase < otherSize)) return true;
  }
  return false;
}
