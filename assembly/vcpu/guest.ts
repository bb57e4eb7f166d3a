/**
 * What the core asks of the guest architecture. The vCPU state holds the function indices (STATE_GUEST, written by the guest's reset), so
 * vcpu/, tb/ and softmmu/ import no guest and each entry (index.ts, index-x86.ts) links exactly one.
 *
 *   walk, busError      see softmmu/hook.ts
 *   translate(e, source, available) → length
 *                       emits the IR of the instruction at EMIT_PC whose bytes lie at `source`; of them `available` may be read. Stores
 *                       EMIT_LENGTH, and EMIT_ENDED if it ends the block. 0, and nothing emitted, if the instruction is longer than that.
 *   endBlock(e)         ends a block that is cut for its length: goes on at EMIT_PC
 *   fetchMmu(flags), dataMmu(flags) → MMU index of a block with these flags
 *   updateLines(cpu)    reads the interrupt controllers and timers of the machine
 *   takeInterrupt(cpu) → 1 if an interrupt was to be taken and has been entered
 *   hasWakeup(cpu) → 1 if a halted vCPU has a reason to go on
 *   deadline(cpu) → guest ns of the next event that updateLines has to notice; i64.MAX_VALUE: none
 *   deliver(cpu) → enters the handler of the pending exception; RESULT_SLICE, or the RESULT_* that run() ends with
 *   localRead(cpu, id, offset, size) → 1 with the value in STATE_LOADED, localWrite(cpu, id, offset, value, size) → 1: devices of REGION_KIND_LOCAL
 */
import {
  STATE_GUEST_DATA_MMU,
  STATE_GUEST_DEADLINE,
  STATE_GUEST_DELIVER,
  STATE_GUEST_END_BLOCK,
  STATE_GUEST_FETCH_MMU,
  STATE_GUEST_HAS_WAKEUP,
  STATE_GUEST_LOCAL_READ,
  STATE_GUEST_LOCAL_WRITE,
  STATE_GUEST_TAKE_INTERRUPT,
  STATE_GUEST_TRANSLATE,
  STATE_GUEST_UPDATE_LINES,
} from './state';

export function guestTranslate(cpu: usize, e: usize, source: usize, available: u32): u32 {
  return call_indirect<u32>(load<u32>(cpu, STATE_GUEST_TRANSLATE), e, source, available);
}

export function guestEndBlock(cpu: usize, e: usize): void {
  call_indirect<void>(load<u32>(cpu, STATE_GUEST_END_BLOCK), e);
}

export function guestFetchMmu(cpu: usize, flags: u32): u32 {
  return call_indirect<u32>(load<u32>(cpu, STATE_GUEST_FETCH_MMU), flags);
}

export function guestDataMmu(cpu: usize, flags: u32): u32 {
  return call_indirect<u32>(load<u32>(cpu, STATE_GUEST_DATA_MMU), flags);
}

export function guestUpdateLines(cpu: usize): void {
  call_indirect<void>(load<u32>(cpu, STATE_GUEST_UPDATE_LINES), cpu);
}

export function guestTakeInterrupt(cpu: usize): u32 {
  return call_indirect<u32>(load<u32>(cpu, STATE_GUEST_TAKE_INTERRUPT), cpu);
}

export function guestHasWakeup(cpu: usize): u32 {
  return call_indirect<u32>(load<u32>(cpu, STATE_GUEST_HAS_WAKEUP), cpu);
}

export function guestDeadline(cpu: usize): i64 {
  return call_indirect<i64>(load<u32>(cpu, STATE_GUEST_DEADLINE), cpu);
}

export function guestDeliver(cpu: usize): u32 {
  return call_indirect<u32>(load<u32>(cpu, STATE_GUEST_DELIVER), cpu);
}

export function guestLocalRead(cpu: usize, id: u32, offset: u32, size: u32): u32 {
  return call_indirect<u32>(load<u32>(cpu, STATE_GUEST_LOCAL_READ), cpu, id, offset, size);
}

export function guestLocalWrite(cpu: usize, id: u32, offset: u32, value: u64, size: u32): u32 {
  return call_indirect<u32>(load<u32>(cpu, STATE_GUEST_LOCAL_WRITE), cpu, id, offset, value, size);
}
