/** Vector operations in tier 0: what the Wasm instruction of that number (ir/vector-ops.ts) computes. */
import { shuffleByte } from '../ir/shuffle';
import * as V from '../ir/vector-ops';

/** `a`, `b` and `c` are addresses of 16 bytes each. */
export function vectorBinary(number: u32, a: usize, b: usize, c: usize): void {
  v128.store(a, binary(number, v128.load(b), v128.load(c)));
}

function binary(number: u32, b: v128, c: v128): v128 {
  switch (number) {
    case V.V_I8X16_SWIZZLE:
      return i8x16.swizzle(b, c);
    case V.V_I8X16_EQ:
      return i8x16.eq(b, c);
    case V.V_I8X16_GT_S:
      return i8x16.gt_s(b, c);
    case V.V_I16X8_EQ:
      return i16x8.eq(b, c);
    case V.V_I16X8_GT_S:
      return i16x8.gt_s(b, c);
    case V.V_I32X4_EQ:
      return i32x4.eq(b, c);
    case V.V_I32X4_GT_S:
      return i32x4.gt_s(b, c);
    case V.V_V128_AND:
      return v128.and(b, c);
    case V.V_V128_ANDNOT:
      return v128.andnot(b, c);
    case V.V_V128_OR:
      return v128.or(b, c);
    case V.V_V128_XOR:
      return v128.xor(b, c);
    case V.V_I8X16_NARROW_I16X8_S:
      return i8x16.narrow_i16x8_s(b, c);
    case V.V_I8X16_NARROW_I16X8_U:
      return i8x16.narrow_i16x8_u(b, c);
    case V.V_I8X16_ADD:
      return i8x16.add(b, c);
    case V.V_I8X16_ADD_SAT_S:
      return i8x16.add_sat_s(b, c);
    case V.V_I8X16_ADD_SAT_U:
      return i8x16.add_sat_u(b, c);
    case V.V_I8X16_SUB:
      return i8x16.sub(b, c);
    case V.V_I8X16_SUB_SAT_S:
      return i8x16.sub_sat_s(b, c);
    case V.V_I8X16_SUB_SAT_U:
      return i8x16.sub_sat_u(b, c);
    case V.V_I8X16_MIN_S:
      return i8x16.min_s(b, c);
    case V.V_I8X16_MIN_U:
      return i8x16.min_u(b, c);
    case V.V_I8X16_MAX_S:
      return i8x16.max_s(b, c);
    case V.V_I8X16_MAX_U:
      return i8x16.max_u(b, c);
    case V.V_I8X16_AVGR_U:
      return i8x16.avgr_u(b, c);
    case V.V_I16X8_NARROW_I32X4_S:
      return i16x8.narrow_i32x4_s(b, c);
    case V.V_I16X8_NARROW_I32X4_U:
      return i16x8.narrow_i32x4_u(b, c);
    case V.V_I16X8_Q15MULR_SAT_S:
      return i16x8.q15mulr_sat_s(b, c);
    case V.V_I16X8_ADD:
      return i16x8.add(b, c);
    case V.V_I16X8_ADD_SAT_S:
      return i16x8.add_sat_s(b, c);
    case V.V_I16X8_ADD_SAT_U:
      return i16x8.add_sat_u(b, c);
    case V.V_I16X8_SUB:
      return i16x8.sub(b, c);
    case V.V_I16X8_SUB_SAT_S:
      return i16x8.sub_sat_s(b, c);
    case V.V_I16X8_SUB_SAT_U:
      return i16x8.sub_sat_u(b, c);
    case V.V_I16X8_MUL:
      return i16x8.mul(b, c);
    case V.V_I16X8_MIN_S:
      return i16x8.min_s(b, c);
    case V.V_I16X8_MIN_U:
      return i16x8.min_u(b, c);
    case V.V_I16X8_MAX_S:
      return i16x8.max_s(b, c);
    case V.V_I16X8_MAX_U:
      return i16x8.max_u(b, c);
    case V.V_I16X8_AVGR_U:
      return i16x8.avgr_u(b, c);
    case V.V_I16X8_EXTMUL_LOW_I8X16_S:
      return i16x8.extmul_low_i8x16_s(b, c);
    case V.V_I16X8_EXTMUL_HIGH_I8X16_S:
      return i16x8.extmul_high_i8x16_s(b, c);
    case V.V_I16X8_EXTMUL_LOW_I8X16_U:
      return i16x8.extmul_low_i8x16_u(b, c);
    case V.V_I16X8_EXTMUL_HIGH_I8X16_U:
      return i16x8.extmul_high_i8x16_u(b, c);
    case V.V_I32X4_ADD:
      return i32x4.add(b, c);
    case V.V_I32X4_SUB:
      return i32x4.sub(b, c);
    case V.V_I32X4_MUL:
      return i32x4.mul(b, c);
    case V.V_I32X4_MIN_S:
      return i32x4.min_s(b, c);
    case V.V_I32X4_MIN_U:
      return i32x4.min_u(b, c);
    case V.V_I32X4_MAX_S:
      return i32x4.max_s(b, c);
    case V.V_I32X4_MAX_U:
      return i32x4.max_u(b, c);
    case V.V_I32X4_DOT_I16X8_S:
      return i32x4.dot_i16x8_s(b, c);
    case V.V_I32X4_EXTMUL_LOW_I16X8_S:
      return i32x4.extmul_low_i16x8_s(b, c);
    case V.V_I32X4_EXTMUL_HIGH_I16X8_S:
      return i32x4.extmul_high_i16x8_s(b, c);
    case V.V_I32X4_EXTMUL_LOW_I16X8_U:
      return i32x4.extmul_low_i16x8_u(b, c);
    case V.V_I32X4_EXTMUL_HIGH_I16X8_U:
      return i32x4.extmul_high_i16x8_u(b, c);
    case V.V_I64X2_ADD:
      return i64x2.add(b, c);
    case V.V_I64X2_SUB:
      return i64x2.sub(b, c);
    case V.V_I64X2_MUL:
      return i64x2.mul(b, c);
    case V.V_I64X2_EQ:
      return i64x2.eq(b, c);
    case V.V_I64X2_GT_S:
      return i64x2.gt_s(b, c);
    case V.V_I64X2_EXTMUL_LOW_I32X4_S:
      return i64x2.extmul_low_i32x4_s(b, c);
    case V.V_I64X2_EXTMUL_HIGH_I32X4_S:
      return i64x2.extmul_high_i32x4_s(b, c);
    case V.V_I64X2_EXTMUL_LOW_I32X4_U:
      return i64x2.extmul_low_i32x4_u(b, c);
    case V.V_I64X2_EXTMUL_HIGH_I32X4_U:
      return i64x2.extmul_high_i32x4_u(b, c);
  }
  unreachable();
  return b;
}

export function vectorUnary(number: u32, a: usize, b: usize): void {
  v128.store(a, unary(number, v128.load(b)));
}

function unary(number: u32, b: v128): v128 {
  switch (number) {
    case V.V_V128_NOT:
      return v128.not(b);
    case V.V_I8X16_ABS:
      return i8x16.abs(b);
    case V.V_I8X16_NEG:
      return i8x16.neg(b);
    case V.V_I8X16_POPCNT:
      return i8x16.popcnt(b);
    case V.V_I16X8_EXTADD_PAIRWISE_I8X16_S:
      return i16x8.extadd_pairwise_i8x16_s(b);
    case V.V_I16X8_EXTADD_PAIRWISE_I8X16_U:
      return i16x8.extadd_pairwise_i8x16_u(b);
    case V.V_I32X4_EXTADD_PAIRWISE_I16X8_S:
      return i32x4.extadd_pairwise_i16x8_s(b);
    case V.V_I32X4_EXTADD_PAIRWISE_I16X8_U:
      return i32x4.extadd_pairwise_i16x8_u(b);
    case V.V_I16X8_ABS:
      return i16x8.abs(b);
    case V.V_I16X8_NEG:
      return i16x8.neg(b);
    case V.V_I16X8_EXTEND_LOW_I8X16_S:
      return i16x8.extend_low_i8x16_s(b);
    case V.V_I16X8_EXTEND_HIGH_I8X16_S:
      return i16x8.extend_high_i8x16_s(b);
    case V.V_I16X8_EXTEND_LOW_I8X16_U:
      return i16x8.extend_low_i8x16_u(b);
    case V.V_I16X8_EXTEND_HIGH_I8X16_U:
      return i16x8.extend_high_i8x16_u(b);
    case V.V_I32X4_ABS:
      return i32x4.abs(b);
    case V.V_I32X4_NEG:
      return i32x4.neg(b);
    case V.V_I32X4_EXTEND_LOW_I16X8_S:
      return i32x4.extend_low_i16x8_s(b);
    case V.V_I32X4_EXTEND_HIGH_I16X8_S:
      return i32x4.extend_high_i16x8_s(b);
    case V.V_I32X4_EXTEND_LOW_I16X8_U:
      return i32x4.extend_low_i16x8_u(b);
    case V.V_I32X4_EXTEND_HIGH_I16X8_U:
      return i32x4.extend_high_i16x8_u(b);
    case V.V_I64X2_EXTEND_LOW_I32X4_S:
      return i64x2.extend_low_i32x4_s(b);
    case V.V_I64X2_EXTEND_HIGH_I32X4_S:
      return i64x2.extend_high_i32x4_s(b);
    case V.V_I64X2_EXTEND_LOW_I32X4_U:
      return i64x2.extend_low_i32x4_u(b);
    case V.V_I64X2_EXTEND_HIGH_I32X4_U:
      return i64x2.extend_high_i32x4_u(b);
    case V.V_F64X2_CONVERT_LOW_I32X4_S:
      return f64x2.convert_low_i32x4_s(b);
  }
  unreachable();
  return b;
}

export function vectorShift(number: u32, a: usize, b: usize, by: i32): void {
  v128.store(a, shift(number, v128.load(b), by));
}

function shift(number: u32, b: v128, by: i32): v128 {
  switch (number) {
    case V.V_I8X16_SHL:
      return i8x16.shl(b, by);
    case V.V_I8X16_SHR_S:
      return i8x16.shr_s(b, by);
    case V.V_I8X16_SHR_U:
      return i8x16.shr_u(b, by);
    case V.V_I16X8_SHL:
      return i16x8.shl(b, by);
    case V.V_I16X8_SHR_S:
      return i16x8.shr_s(b, by);
    case V.V_I16X8_SHR_U:
      return i16x8.shr_u(b, by);
    case V.V_I32X4_SHL:
      return i32x4.shl(b, by);
    case V.V_I32X4_SHR_S:
      return i32x4.shr_s(b, by);
    case V.V_I32X4_SHR_U:
      return i32x4.shr_u(b, by);
    case V.V_I64X2_SHL:
      return i64x2.shl(b, by);
    case V.V_I64X2_SHR_S:
      return i64x2.shr_s(b, by);
    case V.V_I64X2_SHR_U:
      return i64x2.shr_u(b, by);
  }
  unreachable();
  return b;
}

export function vectorTest(number: u32, b: usize): u32 {
  const value = v128.load(b);
  switch (number) {
    case V.V_V128_ANY_TRUE:
      return <u32>v128.any_true(value);
    case V.V_I8X16_ALL_TRUE:
      return <u32>i8x16.all_true(value);
    case V.V_I8X16_BITMASK:
      return i8x16.bitmask(value);
    case V.V_I16X8_ALL_TRUE:
      return <u32>i16x8.all_true(value);
    case V.V_I16X8_BITMASK:
      return i16x8.bitmask(value);
    case V.V_I32X4_ALL_TRUE:
      return <u32>i32x4.all_true(value);
    case V.V_I32X4_BITMASK:
      return i32x4.bitmask(value);
    case V.V_I64X2_ALL_TRUE:
      return <u32>i64x2.all_true(value);
    case V.V_I64X2_BITMASK:
      return i64x2.bitmask(value);
  }
  unreachable();
  return 0;
}

/** See ir/shuffle.ts. `a` may be `b` or `c`. */
export function vectorShuffle(imm: u64, a: usize, b: usize, c: usize): void {
  let low: u64 = 0;
  let high: u64 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    low |= byteOf(b, c, shuffleByte(imm, i)) << (i << 3);
    high |= byteOf(b, c, shuffleByte(imm, i + 8)) << (i << 3);
  }
  store<u64>(a, low);
  store<u64>(a, high, 8);
}

function byteOf(b: usize, c: usize, index: u32): u64 {
  return load<u8>(index < 16 ? b + index : c + index - 16);
}
