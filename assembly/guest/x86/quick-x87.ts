/**
 * The quick functions of x87 instructions (OP_CALLQ): what programs do nearly always. No exception is pending, every register that is read is in use and every
 * one that is pushed is empty, numbers are normal or zero, the control word masks PE. It rounds to nearest with 64 bits most often, on some systems with 53
 * (BSD, Windows). Everything else is the helpers', which say what the instructions do. Immediates are theirs. Tags spare most looks at the numbers: helpers leave TAG_ANY behind, and whoever finds a
 * normal number there notes it, which the guest cannot see.
 */
import * as F from '../../fpu/f80/format';
import * as Q from '../../fpu/f80/quick';
import { mulHigh } from '../../fpu/wide';
import { memDirect } from '../../softmmu/access';
import { ACCESS_STORE } from '../../softmmu/hook';
import * as X from './cpu';
import {
  ABSOLUTE,
  CHANGE_SIGN,
  ROUND,
  SQUARE_ROOT,
  SUBTRACT,
  SUBTRACT_REVERSED,
  TO_FLAGS,
} from './helpers-x87-arith';
import { CONTROL_FIXED, CONTROL_MASK, STATUS_C1, STATUS_ES, STATUS_EXCEPTIONS } from './helpers-x87-control';
import { AS_EXTENDED, AS_FLOAT, AS_INTEGER } from './helpers-x87-move';
import * as S from './x87';

const NOT_QUICK: u64 = 0xffffffffffffffff;
/** Rounding, precision and PE of the control word, and what they are. */
const CONTROL_USED: u32 = 0xf20;
const CONTROL_USUAL: u32 = 0x320;
const ROUNDING: u32 = 0xc00;
const DOWN: u32 = F.DOWN << 10;
const CONDITIONS: u32 = F.C0 | F.C2 | F.C3;
const PAGE_OFFSET: u32 = 0xfff;

/** What forbids quick arithmetic. */
const BARS: u32 = STATUS_ES | F.PE;

/** Not 0 unless arithmetic is quick with this status word, and rounds to nearest with 64 bits. */
function hindrance(cpu: usize, status: u32): u32 {
  return (status & STATUS_ES) | ((load<u32>(cpu, X.X87_CONTROL) & CONTROL_USED) ^ CONTROL_USUAL);
}

function controlOf(cpu: usize): u32 {
  return load<u32>(cpu, X.X87_CONTROL);
}

function statusOf(cpu: usize): u32 {
  return load<u32>(cpu, X.X87_STATUS);
}

function isClear(cpu: usize): bool {
  return (statusOf(cpu) & STATUS_ES) == 0;
}

function top(cpu: usize): u32 {
  return load<u32>(cpu, X.X87_TOP);
}

/** Number of the physical register of ST(field), with the top at `first`. */
function numberAt(first: u32, immediate: u32, at: u32): u32 {
  return (first + (immediate >> at)) & 7;
}

function tag(cpu: usize, number: u32): u32 {
  return load<u8>(cpu + number, X.X87_TAGS);
}

function setTag(cpu: usize, number: u32, to: u32): void {
  store<u8>(cpu + number, <u8>to, X.X87_TAGS);
}

function register(cpu: usize, number: u32): usize {
  return cpu + X.X87_REG + (number << 4);
}

function topOf(at: usize): u32 {
  return load<u16>(at, 8);
}

/** Notes exceptions, and C1, of a completed instruction. */
function settle(cpu: usize, status: u32, found: u32): void {
  store<u64>(cpu, (status & ~STATUS_C1) | found, X.X87_STATUS);
}

/** Ends an instruction whose result, in a register, may be zero. */
function settleAny(cpu: usize, to: u32, status: u32, found: i32, first: u32, immediate: u32): u64 {
  if (found < 0) return NOT_QUICK;
  setTag(cpu, to, X.TAG_ANY);
  settle(cpu, status, found);
  pop(cpu, first, immediate);
  return 0;
}

function popTwice(cpu: usize, first: u32, immediate: u32): void {
  const pops = (immediate >> S.IMM_POPS) & 3;
  if (pops == 0) return;
  setTag(cpu, first, X.TAG_EMPTY);
  if (pops == 2) setTag(cpu, (first + 1) & 7, X.TAG_EMPTY);
  store<u64>(cpu, (first + pops) & 7, X.X87_TOP);
}

function pop(cpu: usize, first: u32, immediate: u32): void {
  if ((immediate & (1 << S.IMM_POPS)) == 0) return;
  setTag(cpu, first, X.TAG_EMPTY);
  store<u64>(cpu, (first + 1) & 7, X.X87_TOP);
}

/** `kind` is the tag of the value. */
function push(cpu: usize, status: u32, t: u32, m: u64, kind: u32): u64 {
  const number = (top(cpu) + 7) & 7;
  if (tag(cpu, number) != X.TAG_EMPTY || (status & STATUS_ES) != 0) return NOT_QUICK;
  const at = register(cpu, number);
  store<u64>(at, m);
  store<u16>(at, <u16>t, 8);
  setTag(cpu, number, kind);
  store<u64>(cpu, number, X.X87_TOP);
  settle(cpu, status, 0);
  return 0;
}

/** Memory operands are doubles most often: those are converted inline. */
function isDouble(immediate: u32): bool {
  return (immediate & (3 << S.IMM_FORMAT)) == S.FORMAT_DOUBLE << S.IMM_FORMAT;
}

function otherTop(value: u64, immediate: u32): u32 {
  const format = (immediate >> S.IMM_FORMAT) & 3;
  if (format == S.FORMAT_SINGLE) return Q.singleTop(<u32>value);
  return Q.integerTop(format == S.FORMAT_INT16 ? <i64>(<i16>value) : <i64>(<i32>value));
}

function otherSignificand(value: u64, immediate: u32): u64 {
  const format = (immediate >> S.IMM_FORMAT) & 3;
  if (format == S.FORMAT_SINGLE) return Q.singleSignificand(<u32>value);
  return Q.integerSignificand(format == S.FORMAT_INT16 ? <i64>(<i16>value) : <i64>(<i32>value));
}

/** FADD, FSUB, FSUBR. */
export function quickX87Add(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const first = top(cpu);
  const to = numberAt(first, immediate, S.IMM_TO);
  const at = register(cpu, to);
  const status = statusOf(cpu);
  let tags = tag(cpu, to);
  let t: u32;
  let m: u64;
  if (immediate & S.IMM_MEMORY) {
    t = isDouble(immediate) ? Q.doubleTop(b) : otherTop(b, immediate);
    m = isDouble(immediate) ? Q.doubleSignificand(b) : otherSignificand(b, immediate);
    tags |= Q.isMiddle(t) ? 0 : X.TAG_ANY;
  } else {
    const from = numberAt(first, immediate, S.IMM_FROM);
    tags |= tag(cpu, from);
    t = topOf(register(cpu, from));
    m = load<u64>(register(cpu, from));
  }
  const operation = immediate & 7;
  t ^= operation == SUBTRACT ? Q.SIGN : 0;
  const ta = topOf(at) ^ (operation == SUBTRACT_REVERSED ? Q.SIGN : 0);
  const ma = load<u64>(at);
  const hinders = hindrance(cpu, status);
  if ((hinders | tags) != 0) {
    if ((hinders & BARS) != 0 || (tags & X.TAG_EMPTY) != 0) return NOT_QUICK;
    if (!Q.isNormal(ta, ma) || !Q.isNormal(t, m))
      return settleAny(cpu, to, status, Q.addZero(controlOf(cpu), at, ta, ma, t, m), first, immediate);
    setTag(cpu, to, X.TAG_NORMAL);
  }
  // The operand with the smaller magnitude is shifted to the other's place; `low` are 64 more bits, the last one sticky.
  let exponent = <i32>(ta & Q.MASK);
  let by = exponent - <i32>(t & Q.MASK);
  const swaps = by < 0 || (by == 0 && m > ma);
  const sign = select<u32>(t, ta, swaps) & Q.SIGN;
  let high = select<u64>(m, ma, swaps);
  let other = select<u64>(ma, m, swaps);
  exponent = select<i32>(exponent - by, exponent, swaps);
  by = select<i32>(0 - by, by, swaps);
  let low: u64;
  if (by < 64) {
    low = (other << 1) << (63 - by);
    other >>= by;
  } else {
    low = Q.farRest(other, by);
    other = 0;
  }
  if (((ta ^ t) & Q.SIGN) == 0) {
    high += other;
    const carry = <u64>(high < other);
    low = (low >> carry) | (low & carry) | ((high & carry) << 63);
    high = (high >> carry) | (carry << 63);
    exponent += <i32>carry;
  } else {
    high -= other + <u64>(low != 0);
    low = 0 - low;
    if (high == 0) {
      // What is left of a cancellation behind the last bit is rare; nothing left is not. It is -0 when rounding down.
      if (low != 0 || (hinders & ROUNDING) == DOWN) return NOT_QUICK;
      return settleAny(cpu, to, status, Q.put(at, 0, 0), first, immediate);
    }
    const places = clz(high);
    high = (high << places) | ((low >> 1) >> (63 - places));
    low <<= places;
    exponent -= <i32>places;
  }
  const found =
    hinders == 0
      ? Q.round(at, sign, exponent, high, low)
      : Q.roundAs(controlOf(cpu), at, sign, exponent, high, low);
  if (found < 0) return NOT_QUICK;
  settle(cpu, status, found);
  pop(cpu, first, immediate);
  return 0;
}

/** FMUL. */
export function quickX87Multiply(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const first = top(cpu);
  const to = numberAt(first, immediate, S.IMM_TO);
  const at = register(cpu, to);
  const status = statusOf(cpu);
  let tags = tag(cpu, to);
  let t: u32;
  let m: u64;
  if (immediate & S.IMM_MEMORY) {
    t = isDouble(immediate) ? Q.doubleTop(b) : otherTop(b, immediate);
    m = isDouble(immediate) ? Q.doubleSignificand(b) : otherSignificand(b, immediate);
    tags |= Q.isMiddle(t) ? 0 : X.TAG_ANY;
  } else {
    const from = numberAt(first, immediate, S.IMM_FROM);
    tags |= tag(cpu, from);
    t = topOf(register(cpu, from));
    m = load<u64>(register(cpu, from));
  }
  const ta = topOf(at);
  const ma = load<u64>(at);
  const hinders = hindrance(cpu, status);
  if ((hinders | tags) != 0) {
    if ((hinders & BARS) != 0 || (tags & X.TAG_EMPTY) != 0) return NOT_QUICK;
    if (!Q.isNormal(ta, ma) || !Q.isNormal(t, m))
      return settleAny(cpu, to, status, Q.multiplyZero(at, ta, ma, t, m), first, immediate);
    setTag(cpu, to, X.TAG_NORMAL);
  }
  const high = mulHigh(ma, m);
  const low = ma * m;
  // The product of two significands has one leading zero or none.
  const by = ~high >> 63;
  const exponent = <i32>((ta & Q.MASK) + (t & Q.MASK)) - F.BIAS + 1 - <i32>by;
  const sign = (ta ^ t) & Q.SIGN;
  const whole = (high << by) | ((low >> 63) & by);
  const found =
    hinders == 0
      ? Q.round(at, sign, exponent, whole, low << by)
      : Q.roundAs(controlOf(cpu), at, sign, exponent, whole, low << by);
  if (found < 0) return NOT_QUICK;
  settle(cpu, status, found);
  pop(cpu, first, immediate);
  return 0;
}

/** FDIV, FDIVR. */
export function quickX87Divide(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const first = top(cpu);
  const to = numberAt(first, immediate, S.IMM_TO);
  const at = register(cpu, to);
  const status = statusOf(cpu);
  let tags = tag(cpu, to);
  let t: u32;
  let m: u64;
  if (immediate & S.IMM_MEMORY) {
    t = isDouble(immediate) ? Q.doubleTop(b) : otherTop(b, immediate);
    m = isDouble(immediate) ? Q.doubleSignificand(b) : otherSignificand(b, immediate);
    tags |= Q.isMiddle(t) ? 0 : X.TAG_ANY;
  } else {
    const from = numberAt(first, immediate, S.IMM_FROM);
    tags |= tag(cpu, from);
    t = topOf(register(cpu, from));
    m = load<u64>(register(cpu, from));
  }
  if ((hindrance(cpu, status) & BARS) != 0 || (tags & X.TAG_EMPTY) != 0) return NOT_QUICK;
  // The reversed ones have an odd number.
  const reversed = (immediate & 1) != 0;
  const ta = topOf(at);
  const ma = load<u64>(at);
  const found = Q.quickDivide(
    controlOf(cpu),
    at,
    select<u32>(t, ta, reversed),
    select<u64>(m, ma, reversed),
    select<u32>(ta, t, reversed),
    select<u64>(ma, m, reversed),
  );
  return settleAny(cpu, to, status, found, first, immediate);
}

/** FCHS, FABS, FSQRT, FRNDINT. */
export function quickX87Unary(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const number = top(cpu);
  const status = statusOf(cpu);
  if (status & STATUS_ES || tag(cpu, number) == X.TAG_EMPTY) return NOT_QUICK;
  const at = register(cpu, number);
  const operation = immediate & 7;
  let found = 0;
  if (operation == SQUARE_ROOT || operation == ROUND) {
    if ((hindrance(cpu, status) & BARS) != 0) return NOT_QUICK;
    const control = controlOf(cpu);
    if (operation == ROUND) found = Q.quickRoundToInteger(control, at, topOf(at), load<u64>(at));
    else found = Q.quickSquareRoot(control, at, topOf(at), load<u64>(at));
    if (found < 0) return NOT_QUICK;
    // It may have become 0.
    if (operation == ROUND) setTag(cpu, number, X.TAG_ANY);
  } else if (operation == CHANGE_SIGN) store<u16>(at, <u16>(topOf(at) ^ Q.SIGN), 8);
  else if (operation == ABSOLUTE) store<u16>(at, <u16>(topOf(at) & ~Q.SIGN), 8);
  else return NOT_QUICK;
  settle(cpu, status, found);
  return 0;
}

/** FCOM, FUCOM, FTST, FCOMI, FUCOMI: returns the flags. */
export function quickX87Compare(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const first = top(cpu);
  const at = register(cpu, first);
  const status = statusOf(cpu);
  let tags = tag(cpu, first);
  let t: u32;
  let m: u64;
  if (immediate & S.IMM_MEMORY) {
    t = isDouble(immediate) ? Q.doubleTop(b) : otherTop(b, immediate);
    m = isDouble(immediate) ? Q.doubleSignificand(b) : otherSignificand(b, immediate);
    tags |= Q.isMiddle(t) ? 0 : X.TAG_ANY;
  } else {
    const from = numberAt(first, immediate, S.IMM_FROM);
    tags |= tag(cpu, from);
    t = topOf(register(cpu, from));
    m = load<u64>(register(cpu, from));
  }
  if (((status & STATUS_ES) | (tags & X.TAG_EMPTY)) != 0) return NOT_QUICK;
  const order = Q.quickCompare(topOf(at), load<u64>(at), t, m);
  if (order < 0) return NOT_QUICK;
  if ((immediate & 7) == TO_FLAGS) settle(cpu, status, 0);
  else settle(cpu, status & ~CONDITIONS, order);
  popTwice(cpu, first, immediate);
  return (order >> 8) & (X.FLAG_ZF | X.FLAG_PF | X.FLAG_CF);
}

/** FLD of a double. */
export function quickX87LoadDouble(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  const t = Q.doubleTop(b);
  const m = Q.doubleSignificand(b);
  if (Q.isMiddle(t)) return push(cpu, statusOf(cpu), t, m, X.TAG_NORMAL);
  return Q.isZero(t, m) ? push(cpu, statusOf(cpu), t, m, X.TAG_ANY) : NOT_QUICK;
}

/** FLD and FILD of memory, but for doubles. */
export function quickX87Load(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  const size = (immediate >> S.IMM_FROM) & 7;
  const operation = immediate & 7;
  let t = <u32>c;
  let m = b;
  if (operation == AS_FLOAT) {
    t = Q.singleTop(<u32>b);
    m = Q.singleSignificand(<u32>b);
    if (!Q.isNormal(t, m) && !Q.isZero(t, m)) return NOT_QUICK;
  } else if (operation == AS_INTEGER) {
    const value: i64 = size == 3 ? <i64>b : size == 2 ? <i64>(<i32>b) : <i64>(<i16>b);
    t = Q.integerTop(value);
    m = Q.integerSignificand(value);
  } else if (operation != AS_EXTENDED) return NOT_QUICK;
  return push(cpu, statusOf(cpu), t, m, X.TAG_ANY);
}

/** FLD ST(FROM). */
export function quickX87Duplicate(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const from = numberAt(top(cpu), immediate, S.IMM_FROM);
  const kind = tag(cpu, from);
  if (kind == X.TAG_EMPTY) return NOT_QUICK;
  const at = register(cpu, from);
  return push(cpu, statusOf(cpu), topOf(at), load<u64>(at), kind);
}

/** FLD1 and FLDZ, and the others as they are rounded to nearest. */
export function quickX87Constant(cpu: usize, b: u64, c: u64, _third: u64, _immediate: u32): u64 {
  if ((load<u32>(cpu, X.X87_CONTROL) & ROUNDING) != 0) return NOT_QUICK;
  return push(cpu, statusOf(cpu), <u32>c, b, X.TAG_ANY);
}

/** FST and FSTP ST(TO). */
export function quickX87Copy(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const first = top(cpu);
  const status = statusOf(cpu);
  const kind = tag(cpu, first);
  if (status & STATUS_ES || kind == X.TAG_EMPTY) return NOT_QUICK;
  const to = numberAt(first, immediate, S.IMM_TO);
  const at = register(cpu, to);
  const from = register(cpu, first);
  store<u64>(at, load<u64>(from));
  store<u16>(at, load<u16>(from, 8), 8);
  setTag(cpu, to, kind);
  settle(cpu, status, 0);
  pop(cpu, first, immediate);
  return 0;
}

/** FXCH ST(FROM). */
export function quickX87Exchange(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const first = top(cpu);
  const second = numberAt(first, immediate, S.IMM_FROM);
  const status = statusOf(cpu);
  const kind = tag(cpu, first);
  const otherKind = tag(cpu, second);
  if (((status & STATUS_ES) | ((kind | otherKind) & X.TAG_EMPTY)) != 0) return NOT_QUICK;
  const at = register(cpu, first);
  const other = register(cpu, second);
  const m = load<u64>(at);
  const t = load<u16>(at, 8);
  store<u64>(at, load<u64>(other));
  store<u16>(at, load<u16>(other, 8), 8);
  store<u64>(other, m);
  store<u16>(other, t, 8);
  setTag(cpu, first, otherKind);
  setTag(cpu, second, kind);
  settle(cpu, status, 0);
  return 0;
}

/** FST and FSTP to a double at the linear address b. */
export function quickX87StoreDouble(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const first = top(cpu);
  const at = register(cpu, first);
  const status = statusOf(cpu);
  const control = controlOf(cpu);
  const t = topOf(at);
  const m = load<u64>(at);
  if (((status & STATUS_ES) | (tag(cpu, first) & X.TAG_EMPTY) | ((control & F.PE) ^ F.PE)) != 0)
    return NOT_QUICK;
  let value = (<u64>(t & Q.SIGN)) << 48;
  let found: u32 = 0;
  if (Q.isNormal(t, m) && Q.isWithin(t, Q.BIAS_DOUBLE, 0x7ff)) {
    const up =
      (control & ROUNDING) == 0
        ? <u64>((m & 0x7ff) + ((m >> 11) & 1) > 0x400)
        : Q.roundsUp(control, t & Q.SIGN, m << 53, 0);
    // The integer bit counts the exponent up.
    value += ((<u64>((t & F.EXPONENT_MASK) - Q.BIAS_DOUBLE - 1)) << 52) + (m >> 11) + up;
    found = (m & 0x7ff) != 0 ? F.PE | ((<u32>up) << 9) : 0;
  } else if (!Q.isZero(t, m)) return NOT_QUICK;
  const linear = storeAt(cpu, b, 8, immediate);
  if (linear == 0) return NOT_QUICK;
  store<u64>(linear, value);
  settle(cpu, status, found);
  pop(cpu, first, immediate);
  return 0;
}

/** Linear address of so many bytes that may be written, or 0. */
function storeAt(cpu: usize, va: u64, bytes: u32, immediate: u32): usize {
  if ((<u32>va & PAGE_OFFSET) + bytes > PAGE_OFFSET + 1) return 0;
  return memDirect(cpu, va, (immediate >> S.IMM_MMU) & 3, ACCESS_STORE);
}

/** FST and FSTP of an extended number or a single, FIST, FISTP, FISTTP. */
export function quickX87Store(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const first = top(cpu);
  const status = statusOf(cpu);
  const control = controlOf(cpu);
  if (((status & STATUS_ES) | (tag(cpu, first) & X.TAG_EMPTY) | ((control & F.PE) ^ F.PE)) != 0)
    return NOT_QUICK;
  const at = register(cpu, first);
  const t = topOf(at);
  const m = load<u64>(at);
  const operation = immediate & 7;
  const size: u32 = (immediate >> S.IMM_FROM) & 7;
  let found: u32 = 0;
  let value = m;
  let bytes: u32 = 10;
  if (operation == AS_FLOAT) {
    bytes = 4;
    value = (t >> 15) << 31;
    if (Q.isNormal(t, m) && Q.isWithin(t, Q.BIAS_SINGLE, 0xff)) {
      const rest = m << 24;
      const up = Q.roundsUp(control, t & Q.SIGN, rest, (m >> 40) & 1);
      // The integer bit counts the exponent up.
      value += ((<u64>((t & F.EXPONENT_MASK) - Q.BIAS_SINGLE - 1)) << 23) + (m >> 40) + up;
      if (rest != 0) found = F.PE | ((<u32>up) << 9);
    } else if (!Q.isZero(t, m)) return NOT_QUICK;
  } else if (operation == AS_INTEGER) {
    bytes = 1 << size;
    const rounding = immediate & S.IMM_FLAG ? control | ROUNDING : control;
    if (Q.isZero(t, m)) value = 0;
    else {
      // From 2^-63 on, and less than half of what the format holds.
      const by = F.BIAS + 63 - <i32>(t & F.EXPONENT_MASK);
      if (!Q.isNormal(t, m) || by > 126 || by < 66 - <i32>(8 << size)) return NOT_QUICK;
      const whole: u64 = by < 64 ? m >> by : 0;
      const rest: u64 = by < 64 ? m << (64 - by) : by == 64 ? m : (m >> (by - 64)) | 1;
      const up = Q.roundsUp(rounding, t & Q.SIGN, rest, whole & 1);
      value = t & Q.SIGN ? 0 - (whole + up) : whole + up;
      if (rest != 0) found = F.PE | ((<u32>up) << 9);
    }
  } else if (operation != AS_EXTENDED) return NOT_QUICK;
  const linear = storeAt(cpu, b, bytes, immediate);
  if (linear == 0) return NOT_QUICK;
  if (bytes == 4) store<u32>(linear, <u32>value);
  else if (bytes == 2) store<u16>(linear, <u16>value);
  else {
    store<u64>(linear, value);
    if (bytes == 10) store<u16>(linear, <u16>t, 8);
  }
  settle(cpu, status, found);
  pop(cpu, first, immediate);
  return 0;
}

/** FLDCW of a control word that unmasks nothing that is pending. */
export function quickX87Control(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  const control = (<u32>b & <u32>CONTROL_MASK) | <u32>CONTROL_FIXED;
  if (!isClear(cpu) || load<u32>(cpu, X.X87_STATUS) & STATUS_EXCEPTIONS & ~control) return NOT_QUICK;
  store<u64>(cpu, control, X.X87_CONTROL);
  return 0;
}
