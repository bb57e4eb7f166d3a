/**
 * ACLINT: MSWI (machine software interrupts) and MTIMER, laid out as SiFive's CLINT, which QEMU's virt has.
 * RISC-V Advanced Core Local Interruptor Specification 1.0-rc4, chapters 2 and 3.
 *
 *   0x0000 + 4 * hart   MSIP, bit 0         0x4000 + 8 * hart   MTIMECMP        0xbff8   MTIME, 10 MHz
 *
 * State at ACLINT_BASE: u64 MTIME offset in ticks, then for each hart u64 MTIMECMP and u64 MSIP.
 */
import { ACLINT_BASE, COMM_KICK, VCPU_BASE, VCPU_STRIDE, VM_VCPU_COUNT } from '../layout';
import { guestNow, guestTicks } from '../vcpu/clock';
import { STATE_INDEX } from '../vcpu/state';

/** Length of a tick in ns. */
export const TICK_NS: i64 = 100;

const MTIMECMP_BASE: u32 = 0x4000;
const MTIME: u32 = 0xbff8;

const STATE_OFFSET: u32 = ACLINT_BASE;
const STATE_MTIMECMP: u32 = ACLINT_BASE + 8;
const STATE_MSIP: u32 = ACLINT_BASE + 16;
const HART_STRIDE: u32 = 16;

export function aclintReset(): void {
  store<i64>(STATE_OFFSET, 0);
  for (let hart: u32 = 0; hart < load<u32>(VM_VCPU_COUNT); hart++) {
    store<u64>(STATE_MTIMECMP + hart * HART_STRIDE, 0xffffffffffffffff);
    store<u32>(STATE_MSIP + hart * HART_STRIDE, 0);
  }
}

/** MTIME as the guest reads it, in ticks. */
export function aclintTime(cpu: usize): u64 {
  return <u64>(guestTicks(cpu, TICK_NS) + load<i64>(STATE_OFFSET));
}

/** MTIME as timers compare it: the clock itself, without the steps that keep two readings apart. */
export function aclintTimeNow(cpu: usize): u64 {
  return <u64>(guestNow(cpu) / TICK_NS + load<i64>(STATE_OFFSET));
}

/** Guest ns at which MTIME reaches a value; far in the future for values that it will not reach. */
export function aclintDeadline(ticks: u64): i64 {
  const relative = ticks - <u64>load<i64>(STATE_OFFSET);
  return relative >= <u64>(i64.MAX_VALUE / TICK_NS) ? i64.MAX_VALUE : <i64>relative * TICK_NS;
}

export function aclintMtimecmp(cpu: usize): u64 {
  return load<u64>(STATE_MTIMECMP + load<u32>(cpu, STATE_INDEX) * HART_STRIDE);
}

export function aclintSoftware(cpu: usize): bool {
  return atomic.load<u32>(STATE_MSIP + load<u32>(cpu, STATE_INDEX) * HART_STRIDE) != 0;
}

/** Linear address of the 64-bit register at an offset, or 0. MTIME is handled apart. */
function timeCompare(offset: u32): usize {
  if (offset < MTIMECMP_BASE) return 0;
  const hart = (offset - MTIMECMP_BASE) >> 3;
  return hart < load<u32>(VM_VCPU_COUNT) ? <usize>(STATE_MTIMECMP + hart * HART_STRIDE) : 0;
}

export function aclintRead(cpu: usize, offset: u32, size: u32): u64 {
  let word: u64 = 0;
  if (offset >= MTIME && offset < MTIME + 8) word = aclintTime(cpu);
  else if (timeCompare(offset) != 0) word = load<u64>(timeCompare(offset));
  else if (offset >> 2 < load<u32>(VM_VCPU_COUNT))
    return (offset & 3) == 0 ? atomic.load<u32>(STATE_MSIP + (offset >> 2) * HART_STRIDE) : 0;
  word >>= (offset & 7) * 8;
  return size == 8 ? word : word & (((<u64>1) << (size * 8)) - 1);
}

export function aclintWrite(cpu: usize, offset: u32, value: u64, size: u32): void {
  if (offset >= MTIME && offset < MTIME + 8) {
    const now = aclintTimeNow(cpu);
    store<i64>(STATE_OFFSET, load<i64>(STATE_OFFSET) + <i64>(merge(now, offset & 7, value, size) - now));
  } else if (timeCompare(offset) != 0) {
    const register = timeCompare(offset);
    store<u64>(register, merge(load<u64>(register), offset & 7, value, size));
  } else if (offset >> 2 < load<u32>(VM_VCPU_COUNT) && (offset & 3) == 0) {
    const hart = offset >> 2;
    atomic.store<u32>(STATE_MSIP + hart * HART_STRIDE, <u32>value & 1);
    const kick = VCPU_BASE + hart * VCPU_STRIDE + COMM_KICK;
    atomic.add<i32>(kick, 1);
    atomic.notify(kick, 1);
  }
}

function merge(old: u64, at: u32, value: u64, size: u32): u64 {
  if (size == 8) return value;
  const mask = (((<u64>1) << (size * 8)) - 1) << (at * 8);
  return (old & ~mask) | ((value << (at * 8)) & mask);
}
