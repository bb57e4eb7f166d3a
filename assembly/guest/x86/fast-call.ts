/**
 * SYSCALL, SYSRET, SYSENTER, SYSEXIT: SDM 2; SDM 3, 5.8.7 and 5.8.8. The helpers are called with callg and return the linear address to go on at.
 */
import { x86ReadFlags, x86WriteFlags } from './cc';
import * as X from './cpu';
import { cplOf, interruptFlagChanged, isCanonical, isCode64, isLongMode, isReal, linearOfEip } from './mode';
import { codeSegmentChanged, setSegment } from './segment';
import { fault } from './system-memory';

const FLAT_CODE: u32 =
  X.SEGMENT_PRESENT |
  X.SEGMENT_S |
  X.SEGMENT_CODE |
  X.SEGMENT_READABLE |
  X.SEGMENT_ACCESSED |
  X.SEGMENT_GRANULAR;
const FLAT_DATA: u32 =
  X.SEGMENT_PRESENT |
  X.SEGMENT_S |
  X.SEGMENT_WRITABLE |
  X.SEGMENT_ACCESSED |
  X.SEGMENT_GRANULAR |
  X.SEGMENT_BIG;

/** SYSRET sets every flag but RF and VM from R11. */
const SYSRET_FLAGS: u32 = 0x3c7fd7;

/** Loads CS and SS with flat segments of a level, and returns where execution goes on. */
function enterFlat(cpu: usize, code: u32, stack: u32, cpl: u32, long: bool, eip: u64): u64 {
  const dpl = cpl << X.SEGMENT_DPL_SHIFT;
  const width = long ? X.SEGMENT_LONG : X.SEGMENT_BIG;
  setSegment(cpu, X.SEG_CS, (code & 0xfffc) | cpl, 0, 0xffffffff, FLAT_CODE | width | dpl);
  setSegment(cpu, X.SEG_SS, (stack & 0xfffc) | cpl, 0, 0xffffffff, FLAT_DATA | dpl);
  store<u32>(cpu, cpl, X.X86_CPL);
  codeSegmentChanged(cpu);
  return linearOfEip(cpu, eip);
}

function failed(cpu: usize, vector: u32): u64 {
  fault(cpu, vector, 0);
  return 0;
}

/** b = RIP of the next instruction. As on Intel's processors, in 64-bit code only. */
export function helperSyscall(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if ((load<u32>(cpu, X.X86_EFER) & X.EFER_SCE) == 0 || !isCode64(cpu)) return failed(cpu, X.EXC_UD);
  const eflags = x86ReadFlags(cpu);
  store<u64>(cpu, b, X.RCX);
  store<u64>(cpu, eflags & ~X.FLAG_RF, X.GPR + 11 * 8);
  x86WriteFlags(cpu, 0, (load<u32>(cpu, X.X86_FMASK) | X.FLAG_RF) & X.FLAGS_ALL);
  const selector = <u32>(load<u64>(cpu, X.X86_STAR) >> 32) & 0xffff;
  return enterFlat(cpu, selector, (selector & 0xfffc) + 8, 0, true, load<u64>(cpu, X.X86_LSTAR));
}

/** immediate = 1 with a 64-bit operand. */
export function helperSysret(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if ((load<u32>(cpu, X.X86_EFER) & X.EFER_SCE) == 0 || !isCode64(cpu)) return failed(cpu, X.EXC_UD);
  const wide = immediate != 0;
  const target = load<u64>(cpu, X.RCX);
  if (cplOf(cpu) != 0 || (wide && !isCanonical(target))) return failed(cpu, X.EXC_GP);
  const before = load<u32>(cpu, X.X86_EFLAGS);
  x86WriteFlags(cpu, load<u32>(cpu, X.GPR + 11 * 8) & SYSRET_FLAGS, X.FLAGS_ALL);
  interruptFlagChanged(cpu, before);
  const selector = <u32>(load<u64>(cpu, X.X86_STAR) >> 48);
  return enterFlat(
    cpu,
    wide ? selector + 16 : selector,
    selector + 8,
    3,
    wide,
    wide ? target : target & 0xffffffff,
  );
}

export function helperSysenter(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  const selector = load<u32>(cpu, X.X86_SYSENTER_CS) & 0xfffc;
  if (isReal(cpu) || selector == 0) return failed(cpu, X.EXC_GP);
  const long = isLongMode(cpu);
  const mask: u64 = long ? 0xffffffffffffffff : 0xffffffff;
  store<u64>(cpu, load<u32>(cpu, X.X86_EFLAGS) & ~(X.FLAG_VM | X.FLAG_IF | X.FLAG_RF), X.X86_EFLAGS);
  store<u64>(cpu, load<u64>(cpu, X.X86_SYSENTER_ESP) & mask, X.RSP);
  return enterFlat(cpu, selector, selector + 8, 0, long, load<u64>(cpu, X.X86_SYSENTER_EIP) & mask);
}

/** immediate = 1 with a 64-bit operand. */
export function helperSysexit(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const selector = load<u32>(cpu, X.X86_SYSENTER_CS) & 0xfffc;
  if (isReal(cpu) || selector == 0 || cplOf(cpu) != 0) return failed(cpu, X.EXC_GP);
  const wide = immediate != 0;
  const target = load<u64>(cpu, X.RDX);
  const pointer = load<u64>(cpu, X.RCX);
  if (wide && (!isCanonical(target) || !isCanonical(pointer))) return failed(cpu, X.EXC_GP);
  const first: u32 = wide ? 32 : 16;
  const mask: u64 = wide ? 0xffffffffffffffff : 0xffffffff;
  store<u64>(cpu, pointer & mask, X.RSP);
  return enterFlat(cpu, selector + first, selector + first + 8, 3, wide, target & mask);
}
