/**
 * The quick functions of x87 instructions (OP_CALLQ): what programs do nearly always. No exception is pending, every register that is read is in use and every
 * one that is pushed is empty, numbers are normal or zero, the control word masks PE and rounds to nearest with 64 bits. Everything else is the
 * helpers', which say what the instructions do. Immediates are theirs.
 */
import * as F from '../../fpu/f80/format';
import * as Q from '../../fpu/f80/quick';
import { memDirect } from '../../softmmu/access';
import { ACCESS_STORE } from '../../softmmu/hook';
import * as X from './cpu';
import {
  ABSOLUTE,
  CHANGE_SIGN,
  SQUARE_ROOT,
  SUBTRACT,
  SUBTRACT_REVERSED,
  TO_FLAGS,
} from './helpers-x87-arith';
import { CONTROL_FIXED, CONTROL_MASK, STATUS_C1, STATUS_ES, STATUS_EXCEPTIONS } from './helpers-x87-control';
import { AS_EXTENDED, AS_FLOAT, AS_INTEGER } from './helpers-x87-move';
import * as S from './x87';

const NOT_QUICK: u64 = 0xffffffffffffffff;
const SIGN: u32 = 0x8000;
/** Rounding, precision and PE of the control word, and what they are. */
const CONTROL_USED: u32 = 0xf20;
const CONTROL_USUAL: u32 = 0x320;
const ROUNDING: u32 = 0xc00;
const CONDITIONS: u32 = F.C0 | F.C2 | F.C3;
const PAGE_OFFSET: u32 = 0xfff;

function isUsual(cpu: usize): bool {
  return (
    (load<u32>(cpu, X.X87_CONTROL) & CONTROL_USED) == CONTROL_USUAL &&
    (load<u32>(cpu, X.X87_STATUS) & STATUS_ES) == 0
  );
}

function isClear(cpu: usize): bool {
  return (load<u32>(cpu, X.X87_STATUS) & STATUS_ES) == 0;
}

function top(cpu: usize): u32 {
  return load<u32>(cpu, X.X87_TOP);
}

/** Number of the physical register of ST(field). */
function numberAt(cpu: usize, immediate: u32, at: u32): u32 {
  return (top(cpu) + (immediate >> at)) & 7;
}

function isEmpty(cpu: usize, number: u32): bool {
  return load<u8>(cpu + number, X.X87_EMPTY) != 0;
}

function register(cpu: usize, number: u32): usize {
  return cpu + X.X87_REG + (number << 4);
}

function topOf(at: usize): u32 {
  return load<u16>(at, 8);
}

/** Notes exceptions, and C1, of a completed instruction. */
function settle(cpu: usize, found: u32): void {
  store<u64>(cpu, (load<u32>(cpu, X.X87_STATUS) & ~STATUS_C1) | found, X.X87_STATUS);
}

function popTwice(cpu: usize, immediate: u32): void {
  const pops = (immediate >> S.IMM_POPS) & 3;
  if (pops == 0) return;
  const first = top(cpu);
  store<u8>(cpu + first, 1, X.X87_EMPTY);
  if (pops == 2) store<u8>(cpu + ((first + 1) & 7), 1, X.X87_EMPTY);
  store<u64>(cpu, (first + pops) & 7, X.X87_TOP);
}

function pop(cpu: usize, immediate: u32): void {
  if ((immediate & (1 << S.IMM_POPS)) == 0) return;
  const first = top(cpu);
  store<u8>(cpu + first, 1, X.X87_EMPTY);
  store<u64>(cpu, (first + 1) & 7, X.X87_TOP);
}

function push(cpu: usize, t: u32, m: u64): u64 {
  const number = (top(cpu) + 7) & 7;
  if (!isEmpty(cpu, number)) return NOT_QUICK;
  const at = register(cpu, number);
  store<u64>(at, m);
  store<u16>(at, <u16>t, 8);
  store<u8>(cpu + number, 0, X.X87_EMPTY);
  store<u64>(cpu, number, X.X87_TOP);
  settle(cpu, 0);
  return 0;
}

function memoryTop(value: u64, immediate: u32): u32 {
  const format = (immediate >> S.IMM_FORMAT) & 3;
  if (format == S.FORMAT_DOUBLE) return Q.doubleTop(value);
  if (format == S.FORMAT_SINGLE) return Q.singleTop(<u32>value);
  return Q.integerTop(format == S.FORMAT_INT16 ? <i64>(<i16>value) : <i64>(<i32>value));
}

function memorySignificand(value: u64, immediate: u32): u64 {
  const format = (immediate >> S.IMM_FORMAT) & 3;
  if (format == S.FORMAT_DOUBLE) return Q.doubleSignificand(value);
  if (format == S.FORMAT_SINGLE) return Q.singleSignificand(<u32>value);
  return Q.integerSignificand(format == S.FORMAT_INT16 ? <i64>(<i16>value) : <i64>(<i32>value));
}

function finish(cpu: usize, found: i32, immediate: u32): u64 {
  if (found < 0) return NOT_QUICK;
  settle(cpu, found);
  pop(cpu, immediate);
  return 0;
}

/** FADD, FSUB, FSUBR. */
export function quickX87Add(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const to = numberAt(cpu, immediate, S.IMM_TO);
  if (!isUsual(cpu) || isEmpty(cpu, to)) return NOT_QUICK;
  const at = register(cpu, to);
  let t: u32;
  let m: u64;
  if (immediate & S.IMM_MEMORY) {
    t = memoryTop(b, immediate);
    m = memorySignificand(b, immediate);
  } else {
    const from = numberAt(cpu, immediate, S.IMM_FROM);
    if (isEmpty(cpu, from)) return NOT_QUICK;
    t = topOf(register(cpu, from));
    m = load<u64>(register(cpu, from));
  }
  const operation = immediate & 7;
  const ta = topOf(at) ^ (operation == SUBTRACT_REVERSED ? SIGN : 0);
  return finish(cpu, Q.quickAdd(at, ta, load<u64>(at), t ^ (operation == SUBTRACT ? SIGN : 0), m), immediate);
}

/** FMUL. */
export function quickX87Multiply(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const to = numberAt(cpu, immediate, S.IMM_TO);
  if (!isUsual(cpu) || isEmpty(cpu, to)) return NOT_QUICK;
  const at = register(cpu, to);
  let t: u32;
  let m: u64;
  if (immediate & S.IMM_MEMORY) {
    t = memoryTop(b, immediate);
    m = memorySignificand(b, immediate);
  } else {
    const from = numberAt(cpu, immediate, S.IMM_FROM);
    if (isEmpty(cpu, from)) return NOT_QUICK;
    t = topOf(register(cpu, from));
    m = load<u64>(register(cpu, from));
  }
  return finish(cpu, Q.quickMultiply(at, topOf(at), load<u64>(at), t, m), immediate);
}

/** FDIV, FDIVR. */
export function quickX87Divide(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const to = numberAt(cpu, immediate, S.IMM_TO);
  if (!isUsual(cpu) || isEmpty(cpu, to)) return NOT_QUICK;
  const at = register(cpu, to);
  let t: u32;
  let m: u64;
  if (immediate & S.IMM_MEMORY) {
    t = memoryTop(b, immediate);
    m = memorySignificand(b, immediate);
  } else {
    const from = numberAt(cpu, immediate, S.IMM_FROM);
    if (isEmpty(cpu, from)) return NOT_QUICK;
    t = topOf(register(cpu, from));
    m = load<u64>(register(cpu, from));
  }
  let ta = topOf(at);
  let ma = load<u64>(at);
  // The reversed ones have an odd number.
  if (immediate & 1) {
    const u = ta;
    ta = t;
    t = u;
    const n = ma;
    ma = m;
    m = n;
  }
  return finish(cpu, Q.quickDivide(at, ta, ma, t, m), immediate);
}

/** FCHS, FABS, FSQRT. */
export function quickX87Unary(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const number = top(cpu);
  if (!isClear(cpu) || isEmpty(cpu, number)) return NOT_QUICK;
  const at = register(cpu, number);
  const operation = immediate & 7;
  if (operation == SQUARE_ROOT)
    return isUsual(cpu) ? finish(cpu, Q.quickSquareRoot(at, topOf(at), load<u64>(at)), 0) : NOT_QUICK;
  if (operation == CHANGE_SIGN) store<u16>(at, <u16>(topOf(at) ^ SIGN), 8);
  else if (operation == ABSOLUTE) store<u16>(at, <u16>(topOf(at) & ~SIGN), 8);
  else return NOT_QUICK;
  settle(cpu, 0);
  return 0;
}

/** FCOM, FUCOM, FTST, FCOMI, FUCOMI: returns the flags. */
export function quickX87Compare(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const order = compare(cpu, b, immediate);
  if (order < 0) return NOT_QUICK;
  const status = load<u32>(cpu, X.X87_STATUS) & ~STATUS_C1;
  const flagsOnly = (immediate & 7) == TO_FLAGS;
  store<u64>(cpu, flagsOnly ? status : (status & ~CONDITIONS) | order, X.X87_STATUS);
  popTwice(cpu, immediate);
  return (order >> 8) & (X.FLAG_ZF | X.FLAG_PF | X.FLAG_CF);
}

function compare(cpu: usize, b: u64, immediate: u32): i32 {
  const number = top(cpu);
  if (!isClear(cpu) || isEmpty(cpu, number)) return Q.NOT_QUICK;
  const at = register(cpu, number);
  if (immediate & S.IMM_MEMORY)
    return Q.quickCompare(topOf(at), load<u64>(at), memoryTop(b, immediate), memorySignificand(b, immediate));
  const from = numberAt(cpu, immediate, S.IMM_FROM);
  if (isEmpty(cpu, from)) return Q.NOT_QUICK;
  return Q.quickCompare(topOf(at), load<u64>(at), topOf(register(cpu, from)), load<u64>(register(cpu, from)));
}

/** FLD and FILD of memory. */
export function quickX87Load(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  if (!isClear(cpu)) return NOT_QUICK;
  const size = (immediate >> S.IMM_FROM) & 7;
  let t: u32;
  let m: u64;
  if (immediate & S.IMM_MEMORY) {
    // FLD of a double or single.
    t = size == 3 ? Q.doubleTop(b) : Q.singleTop(<u32>b);
    m = size == 3 ? Q.doubleSignificand(b) : Q.singleSignificand(<u32>b);
    if (!Q.isNormal(t, m) && !Q.isZero(t, m)) return NOT_QUICK;
  } else if ((immediate & 7) == AS_INTEGER) {
    const value: i64 = size == 3 ? <i64>b : size == 2 ? <i64>(<i32>b) : <i64>(<i16>b);
    t = Q.integerTop(value);
    m = Q.integerSignificand(value);
  } else if ((immediate & 7) == AS_EXTENDED) {
    t = <u32>c;
    m = b;
  } else return NOT_QUICK;
  return push(cpu, t, m);
}

/** FLD ST(FROM). */
export function quickX87Duplicate(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const from = numberAt(cpu, immediate, S.IMM_FROM);
  if (!isClear(cpu) || isEmpty(cpu, from)) return NOT_QUICK;
  const at = register(cpu, from);
  return push(cpu, topOf(at), load<u64>(at));
}

/** FLD1 and FLDZ, and the others as they are rounded to nearest. */
export function quickX87Constant(cpu: usize, b: u64, c: u64, _third: u64, _immediate: u32): u64 {
  if (!isClear(cpu) || (load<u32>(cpu, X.X87_CONTROL) & ROUNDING) != 0) return NOT_QUICK;
  return push(cpu, <u32>c, b);
}

/** FST and FSTP ST(TO). */
export function quickX87Copy(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const from = top(cpu);
  if (!isClear(cpu) || isEmpty(cpu, from)) return NOT_QUICK;
  const to = numberAt(cpu, immediate, S.IMM_TO);
  const at = register(cpu, to);
  store<u64>(at, load<u64>(register(cpu, from)));
  store<u16>(at, load<u16>(register(cpu, from), 8), 8);
  store<u8>(cpu + to, 0, X.X87_EMPTY);
  settle(cpu, 0);
  pop(cpu, immediate);
  return 0;
}

/** FXCH ST(FROM). */
export function quickX87Exchange(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const first = top(cpu);
  const second = numberAt(cpu, immediate, S.IMM_FROM);
  if (!isClear(cpu) || isEmpty(cpu, first) || isEmpty(cpu, second)) return NOT_QUICK;
  const at = register(cpu, first);
  const other = register(cpu, second);
  const m = load<u64>(at);
  const t = load<u16>(at, 8);
  store<u64>(at, load<u64>(other));
  store<u16>(at, load<u16>(other, 8), 8);
  store<u64>(other, m);
  store<u16>(other, t, 8);
  settle(cpu, 0);
  return 0;
}

/** FST, FSTP, FIST, FISTP, FISTTP to the linear address b. */
export function quickX87Store(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const number = top(cpu);
  const control = load<u32>(cpu, X.X87_CONTROL);
  if (!isClear(cpu) || isEmpty(cpu, number) || (control & F.PE) == 0) return NOT_QUICK;
  const operation = immediate & 7;
  const size: u32 = operation == AS_EXTENDED ? 4 : (immediate >> S.IMM_FROM) & 7;
  if ((<u32>b & PAGE_OFFSET) + (1 << size) > PAGE_OFFSET + 1) return NOT_QUICK;
  const at = register(cpu, number);
  const t = topOf(at);
  const m = load<u64>(at);
  let found: u32 = 0;
  let value: u64;
  if (operation == AS_FLOAT) {
    if (control & ROUNDING) return NOT_QUICK;
    const places: u64 = size == 3 ? 52 : 23;
    const bias: u32 = size == 3 ? 16383 - 1023 : 16383 - 127;
    const sign = (<u64>(t >> 15)) << (size == 3 ? 63 : 31);
    if (Q.isZero(t, m)) value = sign;
    else {
      if (!Q.isNormal(t, m) || !Q.isWithin(t, bias, size == 3 ? 0x7ff : 0xff)) return NOT_QUICK;
      const drop = 63 - places;
      const rest = m << (64 - drop);
      const up = (rest >> 63) & <u64>(((rest << 1) | ((m >> drop) & 1)) != 0);
      // The integer bit counts the exponent up.
      value = sign + ((<u64>((t & F.EXPONENT_MASK) - bias - 1)) << places) + (m >> drop) + up;
      if (rest != 0) found = F.PE | ((<u32>up) << 9);
    }
  } else if (operation == AS_INTEGER) {
    const truncates = (immediate & S.IMM_FLAG) != 0 || (control & ROUNDING) == ROUNDING;
    if (!truncates && control & ROUNDING) return NOT_QUICK;
    if (Q.isZero(t, m)) value = 0;
    else {
      // From 2^-63 on, and less than the greatest number of the format's last power of two.
      const by = F.BIAS + 63 - <i32>(t & F.EXPONENT_MASK);
      if (!Q.isNormal(t, m) || by > 126 || by < 66 - (8 << size)) return NOT_QUICK;
      let whole: u64 = 0;
      let rest = m;
      if (by < 64) {
        whole = m >> by;
        rest = by == 0 ? 0 : m << (64 - by);
      } else if (by > 64) rest = (m >> (by - 64)) | 1;
      const up: u64 = truncates ? 0 : (rest >> 63) & <u64>(((rest << 1) | (whole & 1)) != 0);
      whole += up;
      value = t & SIGN ? 0 - whole : whole;
      if (rest != 0) found = F.PE | ((<u32>up) << 9);
    }
  } else if (operation == AS_EXTENDED) value = m;
  else return NOT_QUICK;
  const linear = memDirect(cpu, b, (immediate >> S.IMM_MMU) & 3, ACCESS_STORE);
  if (linear == 0) return NOT_QUICK;
  if (size == 3) store<u64>(linear, value);
  else if (size == 2) store<u32>(linear, <u32>value);
  else if (size == 1) store<u16>(linear, <u16>value);
  else {
    store<u64>(linear, value);
    store<u16>(linear, <u16>t, 8);
  }
  settle(cpu, found);
  pop(cpu, immediate);
  return 0;
}

/** FLDCW of a control word that unmasks nothing that is pending. */
export function quickX87Control(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  const control = (<u32>b & <u32>CONTROL_MASK) | <u32>CONTROL_FIXED;
  if (!isClear(cpu) || load<u32>(cpu, X.X87_STATUS) & STATUS_EXCEPTIONS & ~control) return NOT_QUICK;
  store<u64>(cpu, control, X.X87_CONTROL);
  return 0;
}
