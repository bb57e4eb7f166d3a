/** Helpers of x87 loads, stores and moves. SDM 2. All are callx; those without a memory operand raise #MF first if an exception is pending. */
import {
  f80FromDouble,
  f80FromInteger,
  f80FromSingle,
  f80ToDouble,
  f80ToInteger,
  f80ToSingle,
} from '../../fpu/f80/convert';
import * as F from '../../fpu/f80/format';
import { probeLinearWrite, writeLinear } from './system-memory';
import * as X from './cpu';
import { isPending } from './helpers-x87-arith';
import * as S from './x87';

/** IMM_OPERATION of loads and stores. */
export const AS_FLOAT: u32 = 0;
export const AS_INTEGER: u32 = 1;
export const AS_EXTENDED: u32 = 2;
export const AS_DECIMAL: u32 = 3;

const DECIMAL_DIGITS: u32 = 18;
const DECIMAL_LIMIT: u64 = 1000000000000000000;

/** Pushes the memory operand: b = its first 8 bytes, c = the two behind them; IMM_FROM = logarithm of its bytes. */
export function helperX87Load(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const to = S.operandAt(cpu);
  const size = S.field(immediate, S.IMM_FROM);
  S.clearFound(cpu);
  switch (S.field(immediate, S.IMM_OPERATION)) {
    case AS_FLOAT:
      if (size == 2) f80FromSingle(to, <u32>b, S.foundAt(cpu));
      else f80FromDouble(to, b, S.foundAt(cpu));
      break;
    case AS_INTEGER:
      f80FromInteger(to, size == 1 ? <i64>(<i16>b) : size == 2 ? <i64>(<i32>b) : <i64>b);
      break;
    case AS_EXTENDED:
      store<u64>(to, b);
      store<u16>(to, <u16>c, 8);
      break;
    default:
      fromDecimal(to, b, <u32>c);
  }
  S.pushChecked(cpu, to);
  return 0;
}

/** FBLD: 18 packed digits and a sign. */
function fromDecimal(to: usize, digits: u64, high: u32): void {
  let value: u64 = (high >> 4) & 15;
  value = value * 10 + (high & 15);
  for (let n = 15; n >= 0; n--) value = value * 10 + ((digits >> (n * 4)) & 15);
  f80FromInteger(to, value);
  if (high & 0x8000) store<u16>(to, load<u16>(to, 8) | 0x8000, 8);
}

function toDecimal(cpu: usize): void {
  const to = S.resultAt(cpu);
  const value = f80ToInteger(S.st(cpu, 0), 64, false, S.controlOf(cpu), S.foundAt(cpu));
  let magnitude: u64 = value < 0 ? 0 - <u64>value : <u64>value;
  if ((load<u32>(cpu, X.X87_FOUND) & F.IE) != 0 || magnitude >= DECIMAL_LIMIT) {
    store<u32>(cpu, F.IE, X.X87_FOUND);
    putDecimalIndefinite(to);
    return;
  }
  const sign = F.signOf(S.st(cpu, 0)) << 15;
  let low: u64 = 0;
  for (let n = 0; n < 16; n++) {
    low |= (magnitude % 10) << (n * 4);
    magnitude /= 10;
  }
  store<u64>(to, low);
  store<u64>(to, (magnitude % 10) | ((magnitude / 10) << 4) | sign, 8);
}

function putDecimalIndefinite(to: usize): void {
  store<u64>(to, 0xc000000000000000);
  store<u64>(to, 0xffff, 8);
}

/** Stores at the linear address b: the value is computed, then stored, which may fault, and only then exceptions are reported and the stack popped. */
export function helperX87Store(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const operation = S.field(immediate, S.IMM_OPERATION);
  const size = S.field(immediate, S.IMM_FROM);
  const control = S.controlOf(cpu);
  computeStored(cpu, operation, size, control, immediate);
  if ((load<u32>(cpu, X.X87_FOUND) & ~control & S.PREVENT_STORE) == 0) {
    const mmu = (immediate >> S.IMM_MMU) & 3;
    if (operation >= AS_EXTENDED) {
      if (!probeLinearWrite(cpu, b, 10, mmu)) return 0;
      if (!writeLinear(cpu, b, load<u64>(cpu, X.X87_RESULT), 8, mmu)) return 0;
      if (!writeLinear(cpu, b + 8, load<u16>(cpu, X.X87_RESULT + 8), 2, mmu)) return 0;
    } else if (!writeLinear(cpu, b, load<u64>(cpu, X.X87_RESULT), 1 << size, mmu)) return 0;
  }
  if (S.reportStore(cpu)) S.pop(cpu, S.popsOf(immediate));
  return 0;
}

/** What a store writes, into X87_RESULT; `size` is the logarithm of its bytes. */
function computeStored(cpu: usize, operation: u32, size: u32, control: u32, immediate: u32): void {
  const to = S.resultAt(cpu);
  const a = S.st(cpu, 0);
  const found = S.foundAt(cpu);
  S.clearFound(cpu);
  if (S.isEmpty(cpu, 0)) {
    S.noteFound(cpu, F.IE | F.SF);
    putIndefinite(to, operation, size);
  } else if (operation == AS_FLOAT) {
    store<u64>(to, size == 2 ? <u64>f80ToSingle(a, control, found) : f80ToDouble(a, control, found));
  } else if (operation == AS_INTEGER) {
    store<u64>(to, f80ToInteger(a, 8 << size, (immediate & S.IMM_FLAG) != 0, control, found));
  } else if (operation == AS_EXTENDED) F.copy(to, a);
  else toDecimal(cpu);
}

function putIndefinite(to: usize, operation: u32, size: u32): void {
  if (operation == AS_FLOAT) store<u64>(to, size == 2 ? 0xffc00000 : 0xfff8000000000000);
  else if (operation == AS_INTEGER) store<u64>(to, (<u64>1) << ((8 << size) - 1));
  else if (operation == AS_EXTENDED) F.putIndefinite(to);
  else putDecimalIndefinite(to);
}

/** FLD ST(FROM). */
export function helperX87Duplicate(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const from = S.field(immediate, S.IMM_FROM);
  S.clearFound(cpu);
  if (S.isEmpty(cpu, from)) {
    if (!S.underflow(cpu)) return 0;
    F.putIndefinite(S.resultAt(cpu));
    S.push(cpu, S.resultAt(cpu));
  } else S.pushChecked(cpu, S.st(cpu, from));
  return 0;
}

/** Pushes the constant b × 2^exponent, the exponent with its bias in c. */
export function helperX87Constant(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  S.clearFound(cpu);
  F.put(S.operandAt(cpu), 0, <i32>c, b);
  // All but 0 and 1 are rounded by the control word: FLAG says that the one given, the nearest, is above the number, OPERATION that it is inexact.
  if (S.field(immediate, S.IMM_OPERATION) != 0) {
    const mode = F.roundingOf(S.controlOf(cpu));
    const above = (immediate & S.IMM_FLAG) != 0;
    if (above && (mode == F.DOWN || mode == F.ZERO)) store<u64>(S.operandAt(cpu), b - 1);
    else if (!above && mode == F.UP) store<u64>(S.operandAt(cpu), b + 1);
  }
  S.pushChecked(cpu, S.operandAt(cpu));
  return 0;
}

/** FST and FSTP ST(TO). */
export function helperX87Copy(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const to = S.field(immediate, S.IMM_TO);
  S.clearFound(cpu);
  if (S.isEmpty(cpu, 0)) {
    if (!S.underflow(cpu)) return 0;
    F.putIndefinite(S.st(cpu, to));
  } else {
    S.report(cpu);
    F.copy(S.st(cpu, to), S.st(cpu, 0));
  }
  S.setUsed(cpu, to);
  S.pop(cpu, S.popsOf(immediate));
  return 0;
}

/** FXCH ST(FROM). */
export function helperX87Exchange(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const from = S.field(immediate, S.IMM_FROM);
  S.clearFound(cpu);
  if (S.isEmpty(cpu, 0) || S.isEmpty(cpu, from)) {
    if (!S.underflow(cpu)) return 0;
    fill(cpu, 0);
    fill(cpu, from);
  } else S.report(cpu);
  const a = S.st(cpu, 0);
  const b = S.st(cpu, from);
  F.copy(S.resultAt(cpu), a);
  F.copy(a, b);
  F.copy(b, S.resultAt(cpu));
  S.setUsed(cpu, 0);
  S.setUsed(cpu, from);
  return 0;
}

function fill(cpu: usize, n: u32): void {
  if (!S.isEmpty(cpu, n)) return;
  F.putIndefinite(S.st(cpu, n));
  S.setUsed(cpu, n);
}

/** FCMOVcc ST, ST(FROM): b = condition. The registers are looked at whatever it says. */
export function helperX87ConditionalMove(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const from = S.field(immediate, S.IMM_FROM);
  S.clearFound(cpu);
  if (S.isEmpty(cpu, 0) || S.isEmpty(cpu, from)) {
    if (!S.underflow(cpu)) return 0;
    F.putIndefinite(S.st(cpu, 0));
  } else {
    S.report(cpu);
    if (b != 0) F.copy(S.st(cpu, 0), S.st(cpu, from));
  }
  S.setUsed(cpu, 0);
  return 0;
}

/** FFREE and FFREEP ST(FROM). */
export function helperX87Free(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  S.setEmpty(cpu, S.field(immediate, S.IMM_FROM));
  S.pop(cpu, S.popsOf(immediate));
  return 0;
}

/** FINCSTP and FDECSTP: the top moves by OPERATION, modulo 8. */
export function helperX87Turn(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  S.clearFound(cpu);
  S.report(cpu);
  const by = S.field(immediate, S.IMM_OPERATION);
  store<u64>(cpu, (load<u32>(cpu, X.X87_TOP) + by) & 7, X.X87_TOP);
  return 0;
}
