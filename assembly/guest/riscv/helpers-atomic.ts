/**
 * Load-reserved and store-conditional.
 *
 * A reservation is the address and the value that was read; the store succeeds while the memory still holds that value. A
 * value that changed and changed back (ABA) goes unnoticed: the specification would have the store fail. Guests do not
 * depend on it, since code that is exposed to ABA keeps a version beside its pointer, as for compare-and-swap.
 */
import { memCompareExchange, memLoad, STATUS_OK } from '../../softmmu/access';
import { raise } from '../../vcpu/exception';
import { STATE_LOADED } from '../../vcpu/state';
import { CAUSE_LOAD_MISALIGNED, CAUSE_STORE_MISALIGNED, HART_RESERVATION, HART_RESERVED_VALUE } from './cpu';

const NO_RESERVATION: u64 = u64.MAX_VALUE;

function signExtend(value: u64, size: u32): u64 {
  return size == 4 ? <u64>(<i64>(<i32>value)) : value;
}

/** Loads `immediate & 255` bytes at `address` through MMU index `immediate >> 8` and reserves them. */
export function helperLoadReserved(cpu: usize, address: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const size = immediate & 0xff;
  if (address & (size - 1)) {
    raise(cpu, CAUSE_LOAD_MISALIGNED, address);
    return 0;
  }
  if (memLoad(cpu, address, size, immediate >> 8) != STATUS_OK) return 0;
  const value = load<u64>(cpu, STATE_LOADED);
  store<u64>(cpu, address, HART_RESERVATION);
  store<u64>(cpu, value, HART_RESERVED_VALUE);
  return signExtend(value, size);
}

/** Stores to the reserved address; 0 if it did, 1 if not. Any store-conditional ends the reservation. */
export function helperStoreConditional(
  cpu: usize,
  address: u64,
  value: u64,
  _third: u64,
  immediate: u32,
): u64 {
  const size = immediate & 0xff;
  if (address & (size - 1)) {
    raise(cpu, CAUSE_STORE_MISALIGNED, address);
    return 0;
  }
  const reserved = load<u64>(cpu, HART_RESERVATION) == address;
  store<u64>(cpu, NO_RESERVATION, HART_RESERVATION);
  if (!reserved) return 1;
  const expected = load<u64>(cpu, HART_RESERVED_VALUE);
  return memCompareExchange(cpu, address, expected, value, size, immediate >> 8) == STATUS_OK ? 0 : 1;
}
