/**
 * Helpers of the double-precision instructions, in the form in which the IR calls them: operands and result are f or x
 * registers, `immediate` is the rm field where the instruction rounds.
 */
import {
  f32ToF64,
  f64Add,
  f64Classify,
  f64Div,
  f64Eq,
  f64Fma,
  f64Le,
  f64Lt,
  f64Max,
  f64Min,
  f64Mul,
  f64Sqrt,
  f64Sub,
  f64ToF32,
  f64ToI32,
  f64ToI64,
  f64ToU32,
  f64ToU64,
  i32ToF64,
  i64ToF64,
  INVALID_RISCV,
  u32ToF64,
  u64ToF64,
} from '../../fpu/index';
import { box, flagsAddress, roundingMode, signExtendWord, unbox } from './helpers-fp';

const SIGN: u64 = 1 << 63;

export function helperFaddD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Add(b, c, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFsubD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Sub(b, c, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFmulD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Mul(b, c, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFdivD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Div(b, c, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFsqrtD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Sqrt(b, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFmaddD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Fma(b, c, third, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFmsubD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Fma(b, c, third ^ SIGN, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFnmsubD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Fma(b ^ SIGN, c, third, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFnmaddD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Fma(b ^ SIGN, c, third ^ SIGN, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFminD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Min(b, c, flagsAddress(cpu));
}

export function helperFmaxD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Max(b, c, flagsAddress(cpu));
}

export function helperFleD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Le(b, c, flagsAddress(cpu));
}

export function helperFltD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Lt(b, c, flagsAddress(cpu));
}

export function helperFeqD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Eq(b, c, flagsAddress(cpu));
}

export function helperFclassD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64Classify(b);
}

export function helperFcvtWD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return signExtendWord(f64ToI32(b, roundingMode(cpu, immediate), flagsAddress(cpu), INVALID_RISCV));
}

export function helperFcvtWuD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return signExtendWord(f64ToU32(b, roundingMode(cpu, immediate), flagsAddress(cpu), INVALID_RISCV));
}

export function helperFcvtLD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64ToI64(b, roundingMode(cpu, immediate), flagsAddress(cpu), INVALID_RISCV);
}

export function helperFcvtLuD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f64ToU64(b, roundingMode(cpu, immediate), flagsAddress(cpu), INVALID_RISCV);
}

export function helperFcvtDW(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return i32ToF64(<i32>b);
}

export function helperFcvtDWu(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return u32ToF64(<u32>b);
}

export function helperFcvtDL(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return i64ToF64(<i64>b, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFcvtDLu(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return u64ToF64(b, roundingMode(cpu, immediate), flagsAddress(cpu));
}

export function helperFcvtSD(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return box(f64ToF32(b, roundingMode(cpu, immediate), flagsAddress(cpu)));
}

export function helperFcvtDS(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return f32ToF64(unbox(b), roundingMode(cpu, immediate), flagsAddress(cpu));
}
