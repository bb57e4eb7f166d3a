/** What the tests of the interrupt controllers call. */
import { CPU_STATE, VCPU_BASE, VCPU_STRIDE } from '../../layout';
import { STATE_ICOUNT, STATE_INDEX, STATE_LOADED } from '../../vcpu/state';

export * from '../pc';
export { recordStart, recordStop, replayStart } from '../../softmmu/record';
export { pmTimerClearStatus, pmTimerDeadline, pmTimerStatus } from '../pm-timer';

export function stateOf(index: u32): usize {
  return VCPU_BASE + index * VCPU_STRIDE + CPU_STATE;
}

/** Makes a vCPU's state what a reset makes of it, as far as the chips look at it. */
export function prepare(index: u32): void {
  store<u32>(stateOf(index), index, STATE_INDEX);
}

/** Under -icount with shift 0 the guest's clock is the number of retired instructions. */
export function setNow(index: u32, ns: i64): void {
  store<i64>(stateOf(index), ns, STATE_ICOUNT);
}

export function loaded(index: u32): u64 {
  return load<u64>(stateOf(index), STATE_LOADED);
}
