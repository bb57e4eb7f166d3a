/**
 * Helpers of the single-precision instructions, in the form in which the IR calls them: operands and result are f or x
 * registers, `immediate` is the rm field where the instruction rounds.
 */
import {
  f32Add,
  f32Classify,
  f32Div,
  f32Eq,
  f32Fma,
  f32Le,
  f32Lt,
  f32Max,
  f32Min,
  f32Mul,
  f32Sqrt,
  f32Sub,
  f32ToI32,
  f32ToI64,
  f32ToU32,
  f32ToU64,
  i32ToF32,
  i64ToF32,
  INVALID_RISCV,
  u32ToF32,
  u64ToF32,
} from '../../fpu/index';
import { box, flagsAddress, roundingMode, signExtendWord, unbox } from './helpers-fp';

const SIGN: u32 = 1 << 31;

export function helperFaddS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(f32Add(unbox(b), unbox(c), roundingMode(cpu, immediate), flagsAddress(cpu)));
}

export function helperFsubS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(f32Sub(unbox(b), unbox(c), roundingMode(cpu, immediate), flagsAddress(cpu)));
}

export function helperFmulS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(f32Mul(unbox(b), unbox(c), roundingMode(cpu, immediate), flagsAddress(cpu)));
}

export function helperFdivS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(f32Div(unbox(b), unbox(c), roundingMode(cpu, immediate), flagsAddress(cpu)));
}

export function helperFsqrtS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(f32Sqrt(unbox(b), roundingMode(cpu, immediate), flagsAddress(cpu)));
}

export function helperFmaddS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(f32Fma(unbox(b), unbox(c), unbox(third), roundingMode(cpu, immediate), flagsAddress(cpu)));
}

export function helperFmsubS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(
    f32Fma(unbox(b), unbox(c), unbox(third) ^ SIGN, roundingMode(cpu, immediate), flagsAddress(cpu)),
  );
}

export function helperFnmsubS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(
    f32Fma(unbox(b) ^ SIGN, unbox(c), unbox(third), roundingMode(cpu, immediate), flagsAddress(cpu)),
  );
}

export function helperFnmaddS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(
    f32Fma(unbox(b) ^ SIGN, unbox(c), unbox(third) ^ SIGN, roundingMode(cpu, immediate), flagsAddress(cpu)),
  );
}

export function helperFsgnjS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box((unbox(b) & ~SIGN) | (unbox(c) & SIGN));
}

export function helperFsgnjnS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box((unbox(b) & ~SIGN) | (~unbox(c) & SIGN));
}

export function helperFsgnjxS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(unbox(b) ^ (unbox(c) & SIGN));
}

export function helperFminS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(f32Min(unbox(b), unbox(c), flagsAddress(cpu)));
}

export function helperFmaxS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(f32Max(unbox(b), unbox(c), flagsAddress(cpu)));
}

export function helperFleS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f32Le(unbox(b), unbox(c), flagsAddress(cpu));
}

export function helperFltS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f32Lt(unbox(b), unbox(c), flagsAddress(cpu));
}

export function helperFeqS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f32Eq(unbox(b), unbox(c), flagsAddress(cpu));
}

export function helperFclassS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f32Classify(unbox(b));
}

export function helperFcvtWS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return signExtendWord(f32ToI32(unbox(b), roundingMode(cpu, immediate), flagsAddress(cpu), INVALID_RISCV));
}

export function helperFcvtWuS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return signExtendWord(f32ToU32(unbox(b), roundingMode(cpu, immediate), flagsAddress(cpu), INVALID_RISCV));
}

export function helperFcvtLS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f32ToI64(unbox(b), roundingMode(cpu, immediate), flagsAddress(cpu), INVALID_RISCV);
}

export function helperFcvtLuS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f32ToU64(unbox(b), roundingMode(cpu, immediate), flagsAddress(cpu), INVALID_RISCV);
}

export function helperFcvtSW(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(i32ToF32(<i32>b, roundingMode(cpu, immediate), flagsAddress(cpu)));
}

export function helperFcvtSWu(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(u32ToF32(<u32>b, roundingMode(cpu, immediate), flagsAddress(cpu)));
}

export function helperFcvtSL(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(i64ToF32(<i64>b, roundingMode(cpu, immediate), flagsAddress(cpu)));
}

export function helperFcvtSLu(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(u64ToF32(b, roundingMode(cpu, immediate), flagsAddress(cpu)));
}
