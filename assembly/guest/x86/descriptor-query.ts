/** Instructions that look at descriptors: LAR, LSL, VERR, VERW, ARPL, LLDT, LTR. SDM 2. All of them are helpers, called with callg. */
import { x86WriteFlags } from './cc';
import * as X from './cpu';
import { cplOf, isLongMode, isProtected } from './mode';
import {
  descriptorAddress,
  descriptorAttributes,
  descriptorBase,
  descriptorLimit,
  dplOf,
  isCode,
  isConforming,
  isInTable,
  isNull,
  isPresent,
  isSystem,
  selectorError,
  typeOf,
} from './segment';
import { fault, loaded, readSystem, writeSystem } from './system-memory';
import { isCanonical } from './mode';

/** Kinds of helperQuery. */
export const QUERY_LAR: u32 = 0;
export const QUERY_LSL: u32 = 1;
export const QUERY_VERR: u32 = 2;
export const QUERY_VERW: u32 = 3;

/** Types of system segments that LAR takes: TSS, LDT, call and task gates; in long mode those of 16 bits and the task gate do not exist. */
const LAR_TYPES: u32 = 0x1a3e;
const LAR_TYPES_LONG: u32 = 0x1a04;
/** LSL: TSS and LDT. */
const LSL_TYPES: u32 = 0x0a0e;
const LSL_TYPES_LONG: u32 = 0x0a04;

/**
 * b = selector, c = the destination's value, immediate = QUERY_*. Sets ZF and returns the rights or the limit if the descriptor can be seen from here;
 * else clears ZF and returns c. An exception may come from the table's pages.
 */
export function helperQuery(cpu: usize, b: u64, c: u64, _third: u64, immediate: u32): u64 {
  if (!isProtected(cpu)) {
    fault(cpu, X.EXC_UD, 0);
    return c;
  }
  const selector = <u32>b & 0xffff;
  let descriptor: u64 = 0;
  let visible = false;
  if (!isNull(selector) && isInTable(cpu, selector, 8)) {
    if (!readSystem(cpu, descriptorAddress(cpu, selector), 8)) return c;
    descriptor = loaded(cpu);
    visible = isVisible(cpu, selector, descriptorAttributes(descriptor), immediate);
  }
  x86WriteFlags(cpu, visible ? X.FLAG_ZF : 0, X.FLAG_ZF);
  if (!visible) return c;
  if (immediate == QUERY_LAR) return (descriptor >> 32) & X.SEGMENT_MASK;
  return immediate == QUERY_LSL ? descriptorLimit(descriptor) : c;
}

function isVisible(cpu: usize, selector: u32, attributes: u32, query: u32): bool {
  if (isSystem(attributes)) {
    const long = isLongMode(cpu);
    let types: u32 = 0;
    if (query == QUERY_LAR) types = long ? LAR_TYPES_LONG : LAR_TYPES;
    else if (query == QUERY_LSL) types = long ? LSL_TYPES_LONG : LSL_TYPES;
    if (((types >> typeOf(attributes)) & 1) == 0) return false;
  } else if (query == QUERY_VERR) {
    if (isCode(attributes) && (attributes & X.SEGMENT_READABLE) == 0) return false;
  } else if (query == QUERY_VERW) {
    if (isCode(attributes) || (attributes & X.SEGMENT_WRITABLE) == 0) return false;
  }
  if (isCode(attributes) && isConforming(attributes)) return true;
  const dpl = dplOf(attributes);
  return dpl >= cplOf(cpu) && dpl >= (selector & 3);
}

/** b = destination, c = source: raises the destination's RPL to the source's, and says so in ZF. #UD outside protected mode. */
export function helperArpl(cpu: usize, b: u64, c: u64, _third: u64, _immediate: u32): u64 {
  if (!isProtected(cpu)) {
    fault(cpu, X.EXC_UD, 0);
    return 0;
  }
  return (b & 3) < (c & 3) ? (b & ~3) | (c & 3) : b;
}

/** Reads the descriptor of a system segment, 16 bytes in long mode: returns its base. What is wrong with it is #GP or #NP with the selector. */
function readSystemSegment(cpu: usize, selector: u32, register: u32, types: u32): bool {
  const error = selectorError(selector, 0);
  const long = isLongMode(cpu);
  if (selector & 4 || !isInTable(cpu, selector, long ? 16 : 8)) return fault(cpu, X.EXC_GP, error);
  const address = descriptorAddress(cpu, selector);
  let high: u64 = 0;
  if (long) {
    if (!readSystem(cpu, address + 8, 8)) return false;
    high = loaded(cpu);
  }
  if (!readSystem(cpu, address, 8)) return false;
  const descriptor = loaded(cpu);
  const attributes = descriptorAttributes(descriptor);
  if (!isSystem(attributes) || ((types >> typeOf(attributes)) & 1) == 0 || (high >> 40) & 0x1f)
    return fault(cpu, X.EXC_GP, error);
  if (!isPresent(attributes)) return fault(cpu, X.EXC_NP, error);
  const base = descriptorBase(descriptor) | (high << 32);
  if (!isCanonical(base)) return fault(cpu, X.EXC_GP, error);
  if (register == X.X86_TR) {
    const busy = (descriptor >> 40) | 2;
    if (!writeSystem(cpu, address + 5, busy, 1)) return false;
  }
  store<u64>(cpu + register, selector, X.SEG_SELECTOR);
  store<u32>(cpu + register, descriptorLimit(descriptor), X.SEG_LIMIT);
  const kept = register == X.X86_TR ? attributes | (2 << X.SEGMENT_TYPE_SHIFT) : attributes;
  store<u32>(cpu + register, kept, X.SEG_ATTRIBUTES);
  store<u64>(cpu + register, base, X.SYSTEM_BASE);
  return true;
}

/** b = selector, at privilege 0 in protected mode. */
export function helperLldt(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  const selector = <u32>b & 0xffff;
  if (isNull(selector)) {
    store<u64>(cpu, selector, X.X86_LDTR + X.SEG_SELECTOR);
    store<u32>(cpu, 0, X.X86_LDTR + X.SEG_ATTRIBUTES);
    return 0;
  }
  readSystemSegment(cpu, selector, X.X86_LDTR, 1 << X.TYPE_LDT);
  return 0;
}

export function helperLtr(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  const selector = <u32>b & 0xffff;
  if (isNull(selector)) {
    fault(cpu, X.EXC_GP, 0);
    return 0;
  }
  const types: u32 = (1 << X.TYPE_TSS32) | (isLongMode(cpu) ? 0 : 1 << X.TYPE_TSS16);
  readSystemSegment(cpu, selector, X.X86_TR, types);
  return 0;
}
