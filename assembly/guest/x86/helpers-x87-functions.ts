/** Helpers of x87's transcendental instructions, with their special operands. SDM 2. All are callx. */
import * as F from '../../fpu/f80/format';
import {
  f80Arctangent,
  f80Exponential,
  f80Logarithm,
  f80LogarithmNear1,
  f80SineCosine,
  f80Tangent,
  TRIGONOMETRIC_LIMIT,
} from '../../fpu/f80/functions';
import { roundPackBits } from '../../fpu/f80/round';
import * as X from './cpu';
import { isPending } from './helpers-x87-arith';
import * as S from './x87';

/** IMM_OPERATION. */
export const SINE: u32 = 0;
export const COSINE: u32 = 1;
export const SINE_COSINE: u32 = 2;
export const TANGENT: u32 = 3;
export const ARCTANGENT: u32 = 4;
export const LOGARITHM: u32 = 5;
export const LOGARITHM_NEAR_1: u32 = 6;

const PI_HIGH: u64 = 0xc90fdaa22168c234;
const PI_LOW: u64 = 0xc4c6628b80dc1cd1;
const THREE_PI_HIGH: u64 = 0x96cbe3f9990e91a7;
const THREE_PI_LOW: u64 = 0x9394c9e8a0a5159d;

function workOf(cpu: usize): usize {
  return cpu + X.X87_WORK;
}

function setC2(cpu: usize, bits: u32): void {
  store<u64>(cpu, (load<u32>(cpu, X.X87_STATUS) & ~F.C2) | bits, X.X87_STATUS);
}

/** FSIN, FCOS, FSINCOS, FPTAN: the first result replaces ST, the second of the latter two is pushed. */
export function helperX87Trigonometric(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const operation = S.field(immediate, S.IMM_OPERATION);
  const first = S.resultAt(cpu);
  const second = S.operandAt(cpu);
  const pushes = operation >= SINE_COSINE;
  const empty = S.isEmpty(cpu, 0);
  S.clearFound(cpu);
  if (empty || (pushes && !S.isEmpty(cpu, 7))) {
    setC2(cpu, 0);
    if (!(empty ? S.underflow(cpu) : S.overflow(cpu))) return 0;
    F.putIndefinite(first);
    F.putIndefinite(second);
  } else {
    const a = S.st(cpu, 0);
    const kind = F.classOf(a);
    if (kind <= F.CLASS_NORMAL && F.exponentOf(a) - F.BIAS >= TRIGONOMETRIC_LIMIT) {
      S.report(cpu);
      setC2(cpu, F.C2);
      return 0;
    }
    setC2(cpu, 0);
    trigonometric(cpu, operation, first, second, a, kind);
    if (!S.report(cpu)) return 0;
  }
  F.copy(S.st(cpu, 0), first);
  S.setUsed(cpu, 0);
  if (pushes) S.push(cpu, second);
  return 0;
}

function trigonometric(cpu: usize, operation: u32, first: usize, second: usize, a: usize, kind: u32): void {
  const found = S.foundAt(cpu);
  if (F.takesOneNaN(first, a, found)) F.copy(second, first);
  else if (kind == F.CLASS_INFINITY) {
    F.invalid(first, found);
    F.putIndefinite(second);
  } else if (kind == F.CLASS_ZERO) {
    F.put(second, 0, F.BIAS, F.INTEGER_BIT);
    F.copy(first, operation == COSINE ? second : a);
  } else {
    const control = S.controlOf(cpu);
    const work = workOf(cpu);
    if (operation == TANGENT) {
      f80Tangent(first, a, work, control, found);
      F.put(second, 0, F.BIAS, F.INTEGER_BIT);
    } else if (operation == COSINE) f80SineCosine(0, first, a, work, control, found);
    else f80SineCosine(first, operation == SINE ? 0 : second, a, work, control, found);
  }
}

/** FPATAN, FYL2X, FYL2XP1: ST(1) = f(ST(1), ST), then pops. */
export function helperX87Binary(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const result = S.resultAt(cpu);
  S.clearFound(cpu);
  if (S.isEmpty(cpu, 0) || S.isEmpty(cpu, 1)) {
    if (!S.underflow(cpu)) return 0;
    F.putIndefinite(result);
  } else {
    const x = S.st(cpu, 0);
    const y = S.st(cpu, 1);
    if (!F.takesNaN(result, y, x, S.foundAt(cpu))) {
      const operation = S.field(immediate, S.IMM_OPERATION);
      if (operation == ARCTANGENT) arctangent(cpu, result, y, x);
      else if (operation == LOGARITHM) logarithm(cpu, result, y, x);
      else logarithmNear1(cpu, result, y, x);
    }
    if (!S.report(cpu)) return 0;
  }
  F.copy(S.st(cpu, 1), result);
  S.setUsed(cpu, 1);
  S.pop(cpu, 1);
  return 0;
}

/** Table 3-30 of FPATAN. */
function arctangent(cpu: usize, dst: usize, y: usize, x: usize): void {
  const kindY = F.classOf(y);
  const kindX = F.classOf(x);
  const sign = F.signOf(y);
  const left = F.signOf(x) != 0;
  const level = kindY == F.CLASS_ZERO || (kindX == F.CLASS_INFINITY && kindY != F.CLASS_INFINITY);
  if (level && !left) F.putZero(dst, sign);
  else if (level) angle(cpu, dst, sign, F.BIAS + 1, PI_HIGH, PI_LOW);
  else if (kindX == F.CLASS_INFINITY && left) angle(cpu, dst, sign, F.BIAS + 1, THREE_PI_HIGH, THREE_PI_LOW);
  else if (kindX == F.CLASS_INFINITY) angle(cpu, dst, sign, F.BIAS - 1, PI_HIGH, PI_LOW);
  else if (kindX == F.CLASS_ZERO || kindY == F.CLASS_INFINITY) angle(cpu, dst, sign, F.BIAS, PI_HIGH, PI_LOW);
  else f80Arctangent(dst, y, x, workOf(cpu), S.controlOf(cpu), S.foundAt(cpu));
}

function angle(cpu: usize, dst: usize, sign: u32, exponent: i32, high: u64, low: u64): void {
  roundPackBits(dst, sign, exponent, high, low, 64, S.controlOf(cpu), S.foundAt(cpu));
}

/** FYL2X: ST(1) × log2(ST). */
function logarithm(cpu: usize, dst: usize, y: usize, x: usize): void {
  const kindX = F.classOf(x);
  const kindY = F.classOf(y);
  const found = S.foundAt(cpu);
  const zeroY = kindY == F.CLASS_ZERO;
  if (kindX != F.CLASS_ZERO && F.signOf(x) != 0) {
    F.clear(found, F.DE);
    F.invalid(dst, found);
  } else if (kindX == F.CLASS_ZERO) {
    if (zeroY) F.invalid(dst, found);
    else {
      if (kindY != F.CLASS_INFINITY) {
        F.clear(found, F.DE);
        F.note(found, F.ZE);
      }
      F.putInfinity(dst, F.signOf(y) ^ 1);
    }
  } else if (kindX == F.CLASS_INFINITY) {
    if (zeroY) F.invalid(dst, found);
    else F.putInfinity(dst, F.signOf(y));
  } else if (zeroY || kindY == F.CLASS_INFINITY) {
    const one = F.exponentOf(x) == F.BIAS && F.normalised(x) == F.INTEGER_BIT;
    const negative: u32 = F.exponentOf(x) < F.BIAS ? 1 : 0;
    if (zeroY) F.putZero(dst, F.signOf(y) ^ negative);
    else if (one) F.invalid(dst, found);
    else F.putInfinity(dst, F.signOf(y) ^ negative);
  } else f80Logarithm(dst, y, x, workOf(cpu), S.controlOf(cpu), found);
}

/** FYL2XP1: ST(1) × log2(ST + 1). */
function logarithmNear1(cpu: usize, dst: usize, y: usize, x: usize): void {
  const kindX = F.classOf(x);
  const kindY = F.classOf(y);
  const found = S.foundAt(cpu);
  const sign = F.signOf(x) ^ F.signOf(y);
  if (F.signOf(x) != 0 && kindX != F.CLASS_ZERO && F.exponentOf(x) >= F.BIAS) F.invalid(dst, found);
  else if (kindX == F.CLASS_ZERO || kindY == F.CLASS_ZERO) {
    if (kindX == F.CLASS_INFINITY || kindY == F.CLASS_INFINITY) F.invalid(dst, found);
    else F.putZero(dst, sign);
  } else if (kindX == F.CLASS_INFINITY || kindY == F.CLASS_INFINITY) F.putInfinity(dst, sign);
  else f80LogarithmNear1(dst, y, x, workOf(cpu), S.controlOf(cpu), found);
}

/** F2XM1. Of ±1 exact; beyond ±1 undefined: the operand stays. */
export function helperX87Exponential(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const result = S.resultAt(cpu);
  S.clearFound(cpu);
  if (S.isEmpty(cpu, 0)) {
    if (!S.underflow(cpu)) return 0;
    F.putIndefinite(result);
  } else {
    const a = S.st(cpu, 0);
    const found = S.foundAt(cpu);
    const negative = F.signOf(a) != 0;
    const kind = F.classOf(a);
    if (!F.takesOneNaN(result, a, found)) {
      F.copy(result, a);
      if (kind == F.CLASS_INFINITY || (kind == F.CLASS_NORMAL && F.exponentOf(a) == F.BIAS)) {
        // 2^-∞ - 1, 2^-1 - 1
        if (negative) F.put(result, 1, kind == F.CLASS_INFINITY ? F.BIAS : F.BIAS - 1, F.INTEGER_BIT);
      } else if (kind != F.CLASS_ZERO && F.exponentOf(a) < F.BIAS)
        f80Exponential(result, a, workOf(cpu), S.controlOf(cpu), found);
    }
    if (!S.report(cpu)) return 0;
  }
  F.copy(S.st(cpu, 0), result);
  S.setUsed(cpu, 0);
  return 0;
}
