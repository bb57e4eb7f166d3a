/**
 * The arithmetic flags, computed only when somebody looks. Instructions leave their operands in CC_DST and CC_SRC and say in CC_OP how the
 * flags follow from them; a store that nobody reads is removed by the passes.
 *
 * CC_OP has three fields. Bits 0 to 7 say how CC_DST and CC_SRC give all flags: a kind plus log2 of the operand's bytes. They are zero-extended
 * from that size, unless stated otherwise:
 *
 *   kind              CC_DST           CC_SRC                                     CC_SRC2
 *   CC_EFLAGS         –                the flags, at their places in EFLAGS       –
 *   CC_ADD, CC_ADC    result           second operand                             carry in (CC_ADC)
 *   CC_SUB, CC_SBB    first operand    second operand                             borrow in (CC_SBB)
 *   CC_LOGIC          result           –                                          –
 *   CC_SHL            result           operand shifted by count - 1: CF is its highest bit
 *   CC_SHR, CC_SAR    result           operand shifted by count - 1: CF is its lowest bit
 *   CC_MUL            low result       not 0 if the high result matters
 *   CC_BLSR, CC_BLSI  result           source: CF if it is 0 (CC_BLSR, and BLSMSK), if it is not (CC_BLSI)
 *
 * Instructions that keep some flags leave these operands alone and put what they change into another field, so that nothing has to be
 * computed. Bits 8 to 15: CC_INC or CC_DEC with a size, or 0; SF ZF AF PF and OF follow from the result in CC_STEP. Bits 16 to 19:
 * CC_CARRY, or CC_LEFT or CC_RIGHT with a size, or 0; CF, and after a rotate OF too, follow from CC_ROTATED. CC_STEPPED says that
 * INC or DEC came after the rotate, so that OF is theirs.
 *
 * Flags that the manual leaves undefined come out as is easiest. SDM 1, 3.4.3.1; SDM 2 for each instruction.
 */
import * as X from './cpu';

export const CC_EFLAGS: u32 = 0 << 2;
export const CC_ADD: u32 = 1 << 2;
export const CC_SUB: u32 = 2 << 2;
export const CC_LOGIC: u32 = 3 << 2;
export const CC_INC: u32 = 4 << 2;
export const CC_DEC: u32 = 5 << 2;
export const CC_SHL: u32 = 6 << 2;
export const CC_SHR: u32 = 7 << 2;
export const CC_SAR: u32 = 8 << 2;
export const CC_MUL: u32 = 9 << 2;
export const CC_ADC: u32 = 10 << 2;
export const CC_SBB: u32 = 11 << 2;
export const CC_BLSR: u32 = 12 << 2;
export const CC_BLSI: u32 = 13 << 2;
export const CC_KIND_MASK: u32 = 0x3c;
export const CC_SIZE_MASK: u32 = 3;

export const CC_ALL_MASK: u32 = 0xff;
export const CC_STEP_MASK: u32 = 0xff00;
export const CC_STEP_SHIFT: u32 = 8;
/** CF is bit 0 of CC_ROTATED. */
export const CC_CARRY: u32 = 1 << 18;
/** CC_ROTATED is the result of ROL or ROR, zero-extended from the size. */
export const CC_LEFT: u32 = 2 << 18;
export const CC_RIGHT: u32 = 3 << 18;
export const CC_ROTATE_MASK: u32 = 15 << 16;
export const CC_ROTATE_SHIFT: u32 = 16;
export const CC_STEPPED: u32 = 1 << 20;
export const CC_OP_MASK: u32 = 0x1fffff;

/** OF SF ZF AF PF CF at their places in EFLAGS, as the first field of CC_OP says. */
export function ccFlags(op: u32, dst: u64, src: u64, carry: u64): u32 {
  const kind = op & CC_KIND_MASK;
  if (kind == CC_EFLAGS) return <u32>src & X.FLAGS_ARITHMETIC;
  const top: u32 = ((<u32>8) << (op & CC_SIZE_MASK)) - 1;
  const mask: u64 = 0xffffffffffffffff >> (63 - top);
  let result = dst & mask;
  let flags: u32 = 0;
  let over: u64 = 0;
  let adjust: u32 = 0;
  switch (kind) {
    case CC_ADD:
    case CC_ADC: {
      if (kind == CC_ADD) carry = 0;
      const b = src & mask;
      const a = (result - b - carry) & mask;
      if (result < b || (carry != 0 && result == b)) flags = X.FLAG_CF;
      over = (a ^ result) & (b ^ result);
      adjust = <u32>(a ^ b ^ result);
      break;
    }
    case CC_SUB:
    case CC_SBB: {
      if (kind == CC_SUB) carry = 0;
      const a = result;
      const b = src & mask;
      result = (a - b - carry) & mask;
      if (a < b || (carry != 0 && a == b)) flags = X.FLAG_CF;
      over = (a ^ b) & (a ^ result);
      adjust = <u32>(a ^ b ^ result);
      break;
    }
    case CC_SHL:
      flags = <u32>(src >> top) & 1;
      over = src ^ result;
      break;
    case CC_SHR:
    case CC_SAR:
      flags = <u32>src & 1;
      over = src ^ result;
      break;
    case CC_MUL:
      if (src != 0) {
        flags = X.FLAG_CF;
        over = (<u64>1) << top;
      }
      break;
    case CC_BLSR:
      if ((src & mask) == 0) flags = X.FLAG_CF;
      break;
    case CC_BLSI:
      if ((src & mask) != 0) flags = X.FLAG_CF;
      break;
  }
  if ((over >> top) & 1) flags |= X.FLAG_OF;
  return flags | ofResult(result, top) | (adjust & X.FLAG_AF);
}

/** SF ZF PF of a clean result whose highest bit is `top`. */
function ofResult(result: u64, top: u32): u32 {
  let flags: u32 = 0;
  if ((result >> top) & 1) flags |= X.FLAG_SF;
  if (result == 0) flags |= X.FLAG_ZF;
  if ((popcnt<u32>(<u32>result & 0xff) & 1) == 0) flags |= X.FLAG_PF;
  return flags;
}

/** `flags` with what the other fields of CC_OP change. */
export function ccChanged(op: u32, flags: u32, step: u64, rotated: u64): u32 {
  if (op & CC_STEP_MASK) {
    const how = op >> CC_STEP_SHIFT;
    const top: u32 = ((<u32>8) << (how & CC_SIZE_MASK)) - 1;
    const isInc = (how & CC_KIND_MASK) == CC_INC;
    const highest = (<u64>1) << top;
    flags = (flags & X.FLAG_CF) | ofResult(step, top);
    if (step == (isInc ? highest : highest - 1)) flags |= X.FLAG_OF;
    if ((step & 15) == (isInc ? 0 : 15)) flags |= X.FLAG_AF;
  }
  const rotate = op & CC_ROTATE_MASK;
  if (rotate == 0) return flags;
  const top: u32 = ((<u32>8) << ((rotate >> CC_ROTATE_SHIFT) & CC_SIZE_MASK)) - 1;
  const high = <u32>(rotated >> top) & 1;
  const kind = rotate & CC_RIGHT;
  const carry = kind == CC_RIGHT ? high : <u32>rotated & 1;
  flags = (flags & ~X.FLAG_CF) | carry;
  if (kind == CC_CARRY || op & CC_STEPPED) return flags;
  const other = kind == CC_RIGHT ? <u32>(rotated >> (top - 1)) & 1 : carry;
  return (flags & ~X.FLAG_OF) | (high != other ? X.FLAG_OF : 0);
}

/** Helper for `callp`: b CC_DST, c CC_SRC, third CC_OP with CC_SRC2 from bit 32 on. Flags as the first field of CC_OP says. */
export function helperFlags(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return ccFlags(<u32>third & CC_ALL_MASK, b, c, third >> 32);
}

/** Helper for `callp`: b CC_STEP, c CC_ROTATED, third CC_OP with the flags of helperFlags from bit 32 on. All flags. */
export function helperChangedFlags(cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  return ccChanged(<u32>third, <u32>(third >> 32), b, c);
}

/** The arithmetic flags as they are now. */
export function ccNow(cpu: usize): u32 {
  const op = load<u32>(cpu, X.CC_OP);
  const flags = ccFlags(
    op & CC_ALL_MASK,
    load<u64>(cpu, X.CC_DST),
    load<u64>(cpu, X.CC_SRC),
    load<u64>(cpu, X.CC_SRC2),
  );
  return ccChanged(op, flags, load<u64>(cpu, X.CC_STEP), load<u64>(cpu, X.CC_ROTATED));
}

/** All of EFLAGS. */
export function x86ReadFlags(cpu: usize): u32 {
  const down: u32 = load<i64>(cpu, X.DF) < 0 ? X.FLAG_DF : 0;
  return load<u32>(cpu, X.X86_EFLAGS) | ccNow(cpu) | down | X.FLAG_FIXED;
}

/** Replaces the flags in `mask`. Whoever changes more than arithmetic flags and DF recomputes the block flags. */
export function x86WriteFlags(cpu: usize, value: u32, mask: u32): void {
  const flags = (x86ReadFlags(cpu) & ~mask) | (value & mask);
  store<u64>(cpu, flags & X.FLAGS_ARITHMETIC, X.CC_SRC);
  store<u64>(cpu, CC_EFLAGS, X.CC_OP);
  store<i64>(cpu, flags & X.FLAG_DF ? -1 : 1, X.DF);
  store<u64>(cpu, flags & X.FLAGS_SYSTEM, X.X86_EFLAGS);
}
