/** Helpers of multiplication and division: quotients with their overflow checks, and decimal adjustments. SDM 2, DIV, IDIV, AAA to DAS. */
import { raise } from '../../vcpu/exception';
import { ccNow, x86WriteFlags } from './cc';
import * as X from './cpu';

function divideError(cpu: usize): u64 {
  raise(cpu, X.EXC_DE, 0);
  return 0;
}

/** Helper (callx): b = dividend of twice the operand size, c = divisor, immediate = log2 of the operand's bytes, up to 2. Quotient, or #DE. */
export function helperDivide(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  if (c == 0) return divideError(cpu);
  const quotient = b / c;
  return quotient >> ((<u64>8) << immediate) != 0 ? divideError(cpu) : quotient;
}

/** The same with signs: both are sign-extended, and so is the quotient. */
export function helperDivideSigned(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  if (c == 0 || (c == 0xffffffffffffffff && b == 0x8000000000000000)) return divideError(cpu);
  const quotient = <i64>b / <i64>c;
  const unused = 64 - ((<i64>8) << immediate);
  return (quotient << unused) >> unused != quotient ? divideError(cpu) : quotient;
}

/** Helper (callx): b = low half, c = high half of the dividend, third = divisor. Quotient, or #DE. */
export function helperDivide128(cpu: usize, b: u64, c: u64, third: u64, _immediate: u32): u64 {
  if (c >= third) return divideError(cpu);
  return divide128(c, b, third);
}

/** The same with signs. */
export function helperDivideSigned128(cpu: usize, b: u64, c: u64, third: u64, _immediate: u32): u64 {
  let low = b;
  let high = c;
  const negativeDividend = <i64>high < 0;
  if (negativeDividend) {
    high = ~high + u64(low == 0);
    low = -low;
  }
  const negativeDivisor = <i64>third < 0;
  const divisor = negativeDivisor ? -third : third;
  if (high >= divisor) return divideError(cpu);
  const quotient = divide128(high, low, divisor);
  if (negativeDividend == negativeDivisor) return <i64>quotient < 0 ? divideError(cpu) : quotient;
  return quotient > 0x8000000000000000 ? divideError(cpu) : -quotient;
}

/** high:low / divisor for high < divisor. Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D with 32-bit digits. */
function divide128(high: u64, low: u64, divisor: u64): u64 {
  if (high == 0) return low / divisor;
  const shift = clz(divisor);
  const d = divisor << shift;
  const top = shift == 0 ? high : (high << shift) | (low >> (64 - shift));
  const rest = low << shift;
  const q1 = digit(top, rest >> 32, d);
  const middle = ((top << 32) | (rest >> 32)) - q1 * d;
  const q0 = digit(middle, rest & 0xffffffff, d);
  return (q1 << 32) + q0;
}

/** One digit of the quotient of top:next, where top < d and d is normalised. */
function digit(top: u64, next: u64, d: u64): u64 {
  const d1 = d >> 32;
  const d0 = d & 0xffffffff;
  let q = top / d1;
  let rest = top - q * d1;
  while (q > 0xffffffff || q * d0 > ((rest << 32) | next)) {
    q -= 1;
    rest += d1;
    if (rest > 0xffffffff) break;
  }
  return q;
}

export const ADJUST_DAA: u32 = 0;
export const ADJUST_DAS: u32 = 1;
export const ADJUST_AAA: u32 = 2;
export const ADJUST_AAS: u32 = 3;
export const ADJUST_AAM: u32 = 4;
export const ADJUST_AAD: u32 = 5;
/** The immediate byte of AAM and AAD, which is not 0 for AAM, is in the helper's immediate from here on. */
export const ADJUST_BASE_SHIFT: u32 = 8;

/** Helper (callg): adjusts AX and sets the flags; immediate = ADJUST_*. */
export function helperAdjust(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const ax = <u32>load<u16>(cpu, X.RAX);
  const kind = immediate & 0xff;
  const base = immediate >> ADJUST_BASE_SHIFT;
  const before = ccNow(cpu);
  let result: u32 = 0;
  let flags: u32 = 0;
  if (kind <= ADJUST_DAS) {
    const al = ax & 0xff;
    const sign: u32 = kind == ADJUST_DAA ? 1 : -1;
    let low = al;
    if ((al & 15) > 9 || before & X.FLAG_AF) {
      // DAS: a borrow from the low digit's correction sets CF too.
      if (kind == ADJUST_DAS && al < 6) flags |= X.FLAG_CF;
      low += 6 * sign;
      flags |= X.FLAG_AF;
    }
    if (al > 0x99 || before & X.FLAG_CF) {
      low += 0x60 * sign;
      flags |= X.FLAG_CF;
    }
    result = (ax & 0xff00) | (low & 0xff);
  } else if (kind <= ADJUST_AAS) {
    result = ax;
    if ((ax & 15) > 9 || before & X.FLAG_AF) {
      result = kind == ADJUST_AAA ? ax + 0x106 : ax - 0x106;
      flags = X.FLAG_AF | X.FLAG_CF;
    }
    result &= 0xff0f;
  } else if (kind == ADJUST_AAM) result = (((ax & 0xff) / base) << 8) | ((ax & 0xff) % base);
  else result = (ax + (ax >> 8) * base) & 0xff;
  const al = result & 0xff;
  if (al & 0x80) flags |= X.FLAG_SF;
  if (al == 0) flags |= X.FLAG_ZF;
  if ((popcnt<u32>(al) & 1) == 0) flags |= X.FLAG_PF;
  store<u16>(cpu, result, X.RAX);
  x86WriteFlags(cpu, flags, X.FLAGS_ARITHMETIC);
  return 0;
}
