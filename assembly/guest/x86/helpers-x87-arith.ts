/** Helpers of x87 arithmetic and comparisons. SDM 2. All are callx and raise #MF first if an exception is pending. */
import { f80Add, f80Divide, f80Multiply, f80Remainder, f80SquareRoot } from '../../fpu/f80/arith';
import {
  f80Compare,
  f80Extract,
  f80FromInteger,
  f80RoundToInteger,
  f80Scale,
  f80WidenDouble,
  f80WidenSingle,
  UNORDERED,
} from '../../fpu/f80/convert';
import * as F from '../../fpu/f80/format';
import * as X from './cpu';
import { STATUS_ES } from './helpers-x87-control';
import { raise } from '../../vcpu/exception';
import * as S from './x87';

/** IMM_OPERATION of arithmetic: the reg field of its opcode. */
export const ADD: u32 = 0;
export const MULTIPLY: u32 = 1;
export const SUBTRACT: u32 = 4;
export const SUBTRACT_REVERSED: u32 = 5;
export const DIVIDE: u32 = 6;
export const DIVIDE_REVERSED: u32 = 7;

/** IMM_OPERATION of comparisons: FCOMI and FUCOMI, which leave C0, C2 and C3 alone. */
export const TO_FLAGS: u32 = 1;

const CONDITIONS: u32 = F.C0 | F.C2 | F.C3;

/** Raises #MF if an exception of an earlier instruction is pending. A memory operand has been loaded by then: the order of faults is free. SDM 3, table 6-2. */
export function isPending(cpu: usize): bool {
  if ((load<u32>(cpu, X.X87_STATUS) & STATUS_ES) == 0) return false;
  if ((load<u32>(cpu, X.X86_CR0) & X.CR0_NE) == 0) return false;
  raise(cpu, X.EXC_MF, 0);
  return true;
}

function compute(cpu: usize, operation: u32, a: usize, b: usize): void {
  const control = S.controlOf(cpu);
  const to = S.resultAt(cpu);
  const found = S.foundAt(cpu);
  switch (operation) {
    case ADD:
      f80Add(to, a, b, false, control, found);
      break;
    case MULTIPLY:
      f80Multiply(to, a, b, control, found);
      break;
    case SUBTRACT:
      f80Add(to, a, b, true, control, found);
      break;
    case SUBTRACT_REVERSED:
      f80Add(to, b, a, true, control, found);
      break;
    case DIVIDE:
      f80Divide(to, a, b, control, found);
      break;
    default:
      f80Divide(to, b, a, control, found);
  }
}

/** Writes the result to ST(TO) and pops, unless an unmasked exception says no. */
function finish(cpu: usize, immediate: u32): void {
  if (S.report(cpu)) deliver(cpu, immediate);
}

function deliver(cpu: usize, immediate: u32): void {
  const to = S.field(immediate, S.IMM_TO);
  F.copy(S.st(cpu, to), S.resultAt(cpu));
  S.setUsed(cpu, to);
  S.pop(cpu, S.popsOf(immediate));
}

function finishUnderflow(cpu: usize, immediate: u32): u64 {
  if (!S.underflow(cpu)) return 0;
  F.putIndefinite(S.resultAt(cpu));
  deliver(cpu, immediate);
  return 0;
}

/** ST(TO) = ST(TO) op ST(FROM) */
export function helperX87Arith(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const to = S.field(immediate, S.IMM_TO);
  const from = S.field(immediate, S.IMM_FROM);
  if (S.isEmpty(cpu, to) || S.isEmpty(cpu, from)) return finishUnderflow(cpu, immediate);
  S.clearFound(cpu);
  compute(cpu, S.field(immediate, S.IMM_OPERATION), S.st(cpu, to), S.st(cpu, from));
  finish(cpu, immediate);
  return 0;
}

/** Converts a memory operand into X87_OPERAND; DE of a denormal one is noted unless the other operand goes before it. */
function convertOperand(cpu: usize, value: u64, immediate: u32): void {
  const to = S.operandAt(cpu);
  let found: u32 = 0;
  switch ((immediate >> S.IMM_FORMAT) & 3) {
    case S.FORMAT_SINGLE:
      found = f80WidenSingle(to, <u32>value);
      break;
    case S.FORMAT_DOUBLE:
      found = f80WidenDouble(to, value);
      break;
    case S.FORMAT_INT16:
      f80FromInteger(to, <i64>(<i16>value));
      break;
    default:
      f80FromInteger(to, <i64>(<i32>value));
  }
  store<u32>(cpu, found, X.X87_FOUND);
  if (found != 0 && F.classOf(S.st(cpu, 0)) >= F.CLASS_QUIET) S.clearFound(cpu);
}

/** ST = ST op b, of FORMAT. */
export function helperX87ArithMemory(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  if (S.isEmpty(cpu, 0)) return finishUnderflow(cpu, immediate);
  convertOperand(cpu, b, immediate);
  compute(cpu, S.field(immediate, S.IMM_OPERATION), S.st(cpu, 0), S.operandAt(cpu));
  finish(cpu, immediate);
  return 0;
}

function setConditions(cpu: usize, conditions: u32): void {
  store<u64>(cpu, (load<u32>(cpu, X.X87_STATUS) & ~CONDITIONS) | conditions, X.X87_STATUS);
}

/** Compares ST with the value at b. The conditions are set even if an unmasked exception keeps the stack from being popped, as AMD's processors do. */
function compareTop(cpu: usize, b: usize, immediate: u32): void {
  const order = f80Compare(S.st(cpu, 0), b, (immediate & S.IMM_FLAG) != 0, S.foundAt(cpu));
  const done = S.report(cpu);
  setConditions(cpu, order);
  if (done) S.pop(cpu, S.popsOf(immediate));
}

function compareUnderflow(cpu: usize, immediate: u32): u64 {
  const done = S.underflow(cpu);
  setConditions(cpu, UNORDERED);
  if (done) S.pop(cpu, S.popsOf(immediate));
  return 0;
}

/** FCOM and FUCOM with ST(FROM). */
export function helperX87Compare(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const from = S.field(immediate, S.IMM_FROM);
  if (S.isEmpty(cpu, 0) || S.isEmpty(cpu, from)) return compareUnderflow(cpu, immediate);
  S.clearFound(cpu);
  compareTop(cpu, S.st(cpu, from), immediate);
  return 0;
}

export function helperX87CompareMemory(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  if (S.isEmpty(cpu, 0)) return compareUnderflow(cpu, immediate);
  convertOperand(cpu, b, immediate);
  compareTop(cpu, S.operandAt(cpu), immediate);
  return 0;
}

/** FCOMI and FUCOMI with ST(FROM): returns the flags, which are set like the conditions of FCOM. */
export function helperX87CompareFlags(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const from = S.field(immediate, S.IMM_FROM);
  let order = UNORDERED;
  let done: bool;
  if (S.isEmpty(cpu, 0) || S.isEmpty(cpu, from)) done = S.underflow(cpu);
  else {
    S.clearFound(cpu);
    order = f80Compare(S.st(cpu, 0), S.st(cpu, from), (immediate & S.IMM_FLAG) != 0, S.foundAt(cpu));
    done = S.report(cpu);
  }
  if (done) S.pop(cpu, S.popsOf(immediate));
  // C3, C2, C0 have the places of ZF, PF, CF in a byte.
  return (order >> 8) & (X.FLAG_ZF | X.FLAG_PF | X.FLAG_CF);
}

/** FTST. */
export function helperX87Test(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  if (S.isEmpty(cpu, 0)) return compareUnderflow(cpu, immediate);
  S.clearFound(cpu);
  F.putZero(S.operandAt(cpu), 0);
  compareTop(cpu, S.operandAt(cpu), immediate);
  return 0;
}

/** FXAM: C1 is the sign. SDM 2, FXAM. */
export function helperX87Examine(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const a = S.st(cpu, 0);
  let conditions = F.signOf(a) != 0 ? F.C1 : 0;
  if (S.isEmpty(cpu, 0)) conditions |= F.C3 | F.C0;
  else {
    const kind = F.classOf(a);
    if (kind == F.CLASS_ZERO) conditions |= F.C3;
    else if (kind == F.CLASS_DENORMAL) conditions |= F.C3 | F.C2;
    else if (kind == F.CLASS_NORMAL) conditions |= F.C2;
    else if (kind == F.CLASS_INFINITY) conditions |= F.C2 | F.C0;
    else if (kind != F.CLASS_UNSUPPORTED) conditions |= F.C0;
  }
  store<u64>(cpu, (load<u32>(cpu, X.X87_STATUS) & ~(CONDITIONS | F.C1)) | conditions, X.X87_STATUS);
  return 0;
}

/** IMM_OPERATION of helperX87Unary. */
export const CHANGE_SIGN: u32 = 0;
export const ABSOLUTE: u32 = 1;
export const SQUARE_ROOT: u32 = 2;
export const ROUND: u32 = 3;

/** ST = op ST */
export function helperX87Unary(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  if (S.isEmpty(cpu, 0)) return finishUnderflow(cpu, immediate);
  S.clearFound(cpu);
  const a = S.st(cpu, 0);
  const to = S.resultAt(cpu);
  switch (S.field(immediate, S.IMM_OPERATION)) {
    case CHANGE_SIGN:
      F.put(to, F.signOf(a) ^ 1, F.exponentField(a), F.significand(a));
      break;
    case ABSOLUTE:
      F.put(to, 0, F.exponentField(a), F.significand(a));
      break;
    case SQUARE_ROOT:
      f80SquareRoot(to, a, S.controlOf(cpu), S.foundAt(cpu));
      break;
    default:
      f80RoundToInteger(to, a, S.controlOf(cpu), S.foundAt(cpu));
  }
  finish(cpu, immediate);
  return 0;
}

/** FSCALE. */
export function helperX87Scale(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  if (S.isEmpty(cpu, 0) || S.isEmpty(cpu, 1)) return finishUnderflow(cpu, immediate);
  S.clearFound(cpu);
  f80Scale(S.resultAt(cpu), S.st(cpu, 0), S.st(cpu, 1), S.controlOf(cpu), S.foundAt(cpu));
  finish(cpu, immediate);
  return 0;
}

/** FPREM, or with IMM_FLAG FPREM1. */
export function helperX87Remainder(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  if (S.isEmpty(cpu, 0) || S.isEmpty(cpu, 1)) return finishUnderflow(cpu, immediate);
  S.clearFound(cpu);
  const nearest = (immediate & S.IMM_FLAG) != 0;
  const q = f80Remainder(
    S.resultAt(cpu),
    S.st(cpu, 0),
    S.st(cpu, 1),
    nearest,
    S.controlOf(cpu),
    S.foundAt(cpu),
  );
  if (!S.report(cpu)) return 0;
  deliver(cpu, immediate);
  if ((load<u32>(cpu, X.X87_FOUND) & F.IE) != 0) return 0;
  let conditions = F.C2;
  if (q >= 0) conditions = (q & 4 ? F.C0 : 0) | (q & 2 ? F.C3 : 0) | (q & 1 ? F.C1 : 0);
  setConditions(cpu, conditions);
  return 0;
}

/** FXTRACT: the exponent replaces ST, the significand is pushed. */
export function helperX87Extract(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (isPending(cpu)) return 0;
  const significand = S.operandAt(cpu);
  const exponent = S.resultAt(cpu);
  const empty = S.isEmpty(cpu, 0);
  if (empty || !S.isEmpty(cpu, 7)) {
    if (!(empty ? S.underflow(cpu) : S.overflow(cpu))) return 0;
    F.putIndefinite(significand);
    F.putIndefinite(exponent);
  } else {
    S.clearFound(cpu);
    f80Extract(exponent, significand, S.st(cpu, 0), S.foundAt(cpu));
    if (!S.report(cpu)) return 0;
  }
  F.copy(S.st(cpu, 0), exponent);
  S.setUsed(cpu, 0);
  S.push(cpu, significand);
  return 0;
}
