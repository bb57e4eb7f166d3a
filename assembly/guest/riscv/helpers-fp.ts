/** What the floating-point helpers share: rounding mode, accrued flags, NaN boxing. */
import { STATE_FFLAGS } from '../../vcpu/state';
import { HART_FRM } from './cpu';

/** The rm field of an instruction that takes the rounding mode from frm. */
export const RM_DYNAMIC: u32 = 7;
const RM_MASK: u32 = 7;

const BOX: u64 = 0xffffffff00000000;
const CANONICAL_NAN: u32 = 0x7fc00000;

/** Rounding mode that an rm field stands for, in the low bits of a helper's immediate. The translator refuses invalid ones. */
export function roundingMode(cpu: usize, immediate: u32): u32 {
  const rm = immediate & RM_MASK;
  return rm == RM_DYNAMIC ? load<u32>(cpu, HART_FRM) : rm;
}

/** Address of the accrued exception flags. */
export function flagsAddress(cpu: usize): usize {
  return cpu + STATE_FFLAGS;
}

/** Single-precision value of an f register; one that is not NaN-boxed reads as the canonical NaN (section 12.2). */
export function unbox(value: u64): u32 {
  return value >= BOX ? <u32>value : CANONICAL_NAN;
}

export function box(value: u32): u64 {
  return BOX | value;
}

/** A 32-bit integer as RV64 keeps it: sign-extended, unsigned ones too. */
export function signExtendWord(value: u32): u64 {
  return <u64>(<i64>(<i32>value));
}
