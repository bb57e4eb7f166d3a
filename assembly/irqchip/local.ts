/** Devices of `virt` that are answered in the worker: dispatch from the region table's local ids. See vcpu/guest.ts. */
import { LOCAL_ACLINT_MSWI_MTIMER, LOCAL_PLIC } from '../layout';
import { STATE_LEAVE, STATE_LOADED } from '../vcpu/state';
import { requestCheck } from '../vcpu/exception';
import { aclintRead, aclintWrite } from './aclint';
import { plicRead, plicWrite } from './plic';

export function localRead(cpu: usize, id: u32, offset: u32, size: u32): u32 {
  let value: u64 = 0;
  if (id == LOCAL_ACLINT_MSWI_MTIMER) value = aclintRead(cpu, offset, size);
  else if (id == LOCAL_PLIC) value = plicRead(cpu, offset, size);
  else return 0;
  store<u64>(cpu, value, STATE_LOADED);
  return 1;
}

/** A write may change what interrupts are pending: the block is left after it, and the run loop looks. */
export function localWrite(cpu: usize, id: u32, offset: u32, value: u64, size: u32): u32 {
  if (id == LOCAL_ACLINT_MSWI_MTIMER) aclintWrite(cpu, offset, value, size);
  else if (id == LOCAL_PLIC) plicWrite(cpu, offset, value, size);
  else return 0;
  store<u32>(cpu, 1, STATE_LEAVE);
  requestCheck(cpu);
  return 1;
}
