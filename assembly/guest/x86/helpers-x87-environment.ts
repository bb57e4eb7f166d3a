/**
 * Helpers of FLDENV, FNSTENV, FRSTOR, FNSAVE: the environment in its four formats, and the registers behind it. SDM 1, 8.1.10. The segment has been
 * checked; b is the linear address.
 *
 *   32 bits: seven words of 4 bytes    control, status, tags, instruction pointer, its selector and opcode, operand pointer, its selector
 *   16 bits: the same seven in 2 bytes each; real mode keeps linear pointers, whose high bits share a word with the opcode
 */
import { STATE_LOADED } from '../../vcpu/state';
import * as F from '../../fpu/f80/format';
import * as X from './cpu';
import { CONTROL_FIXED, CONTROL_MASK, x87Init, x87Summarise } from './helpers-x87-control';
import { isPending } from './helpers-x87-arith';
import { probeLinearWrite, readLinear, writeLinear } from './system-memory';
import * as S from './x87';

/** Immediate: MMU index, and how. */
export const ENVIRONMENT_MMU: u32 = 3;
export const ENVIRONMENT_WIDE: u32 = 4;
export const ENVIRONMENT_PROTECTED: u32 = 8;
/** With the registers: FRSTOR, FNSAVE. */
export const ENVIRONMENT_REGISTERS: u32 = 16;

const REGISTER_BYTES: u32 = 10;
const MASKS: u64 = 0x3f;
const NOTHING: u32 = 0xffff0000;

export function environmentBytes(how: u32): u32 {
  return (how & ENVIRONMENT_WIDE ? 28 : 14) + (how & ENVIRONMENT_REGISTERS ? 8 * REGISTER_BYTES : 0);
}

/** Tag word: 2 bits for each physical register: 0 valid, 1 zero, 2 special, 3 empty. */
export function x87Tags(cpu: usize): u32 {
  let tags: u32 = 0;
  for (let n = 0; n < 8; n++) {
    const kind = F.classOf(cpu + X.X87_REG + (n << 4));
    let tag: u32 = kind == F.CLASS_NORMAL ? 0 : kind == F.CLASS_ZERO ? 1 : 2;
    if (load<u8>(cpu + n, X.X87_TAGS) == X.TAG_EMPTY) tag = 3;
    tags |= tag << (n << 1);
  }
  return tags;
}

/** Of a tag word only what is empty counts. */
function setTags(cpu: usize, tags: u32): void {
  for (let n = 0; n < 8; n++)
    store<u8>(cpu + n, ((tags >> (n << 1)) & 3) == 3 ? X.TAG_EMPTY : X.TAG_ANY, X.X87_TAGS);
}

/** Status word with TOP. */
export function x87Status(cpu: usize): u32 {
  return load<u32>(cpu, X.X87_STATUS) | (load<u32>(cpu, X.X87_TOP) << 11);
}

export function setX87Status(cpu: usize, status: u32): void {
  store<u64>(cpu, status & 0x477f, X.X87_STATUS);
  store<u64>(cpu, (status >> 11) & 7, X.X87_TOP);
}

/** FNSTENV and FNSAVE. */
export function helperX87StoreEnvironment(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const mmu = immediate & ENVIRONMENT_MMU;
  const wide = (immediate & ENVIRONMENT_WIDE) != 0;
  const step: u32 = wide ? 4 : 2;
  if (!probeLinearWrite(cpu, b, environmentBytes(immediate), mmu)) return 0;
  const real = (immediate & ENVIRONMENT_PROTECTED) == 0;
  let ip = S.instructionOffset(cpu);
  let dp = load<u64>(cpu, X.X87_FDP);
  if (real) {
    ip += (<u64>load<u16>(cpu, X.X87_FCS)) << 4;
    dp += (<u64>load<u16>(cpu, X.X87_FDS)) << 4;
  }
  const opcode = S.instructionOpcode(cpu);
  // Halves of the wide formats that hold nothing are ones.
  putWord(cpu, b, 0, load<u32>(cpu, X.X87_CONTROL) | NOTHING, step, mmu);
  putWord(cpu, b, 1, x87Status(cpu) | NOTHING, step, mmu);
  putWord(cpu, b, 2, x87Tags(cpu) | NOTHING, step, mmu);
  let selector: u32;
  let dataSelector: u32;
  if (!real) {
    selector = <u32>load<u16>(cpu, X.X87_FCS) | (wide ? opcode << 16 : 0);
    dataSelector = <u32>load<u16>(cpu, X.X87_FDS) | NOTHING;
  } else {
    selector = opcode | ((<u32>ip >> 16) << 12);
    dataSelector = (<u32>dp >> 16) << 12;
  }
  putWord(cpu, b, 3, <u32>ip & (real ? 0xffff : 0xffffffff), step, mmu);
  putWord(cpu, b, 4, selector, step, mmu);
  putWord(cpu, b, 5, <u32>dp & (real ? 0xffff : 0xffffffff), step, mmu);
  putWord(cpu, b, 6, dataSelector, step, mmu);
  if (immediate & ENVIRONMENT_REGISTERS) {
    const at = b + 7 * step;
    for (let n: u32 = 0; n < 8; n++) {
      const from = S.st(cpu, n);
      if (!writeLinear(cpu, at + n * REGISTER_BYTES, load<u64>(from), 8, mmu)) return 0;
      if (!writeLinear(cpu, at + n * REGISTER_BYTES + 8, load<u16>(from, 8), 2, mmu)) return 0;
    }
    x87Init(cpu);
  } else {
    // FNSTENV masks everything.
    store<u64>(cpu, load<u64>(cpu, X.X87_CONTROL) | MASKS, X.X87_CONTROL);
    x87Summarise(cpu);
  }
  return 0;
}

function putWord(cpu: usize, base: u64, n: u32, value: u32, step: u32, mmu: u32): void {
  writeLinear(cpu, base + n * step, value, step, mmu);
}

function getWord(cpu: usize, base: u64, n: u32, step: u32, mmu: u32): u32 {
  readLinear(cpu, base + n * step, step, mmu);
  return load<u32>(cpu, STATE_LOADED);
}

/** FLDENV and FRSTOR. */
export function helperX87LoadEnvironment(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const mmu = immediate & ENVIRONMENT_MMU;
  const step: u32 = immediate & ENVIRONMENT_WIDE ? 4 : 2;
  if (isPending(cpu)) return 0;
  // Both ends: whatever faults does so before anything changes.
  if (!readLinear(cpu, b, 1, mmu)) return 0;
  if (!readLinear(cpu, b + environmentBytes(immediate) - 1, 1, mmu)) return 0;
  const control = getWord(cpu, b, 0, step, mmu);
  store<u64>(cpu, (control & CONTROL_MASK) | CONTROL_FIXED, X.X87_CONTROL);
  setX87Status(cpu, getWord(cpu, b, 1, step, mmu));
  x87Summarise(cpu);
  setTags(cpu, getWord(cpu, b, 2, step, mmu));
  let ip = getWord(cpu, b, 3, step, mmu);
  const selector = getWord(cpu, b, 4, step, mmu);
  let dp = getWord(cpu, b, 5, step, mmu);
  const dataSelector = getWord(cpu, b, 6, step, mmu);
  let opcode = S.instructionOpcode(cpu);
  if (immediate & ENVIRONMENT_PROTECTED) {
    store<u16>(cpu, selector, X.X87_FCS);
    store<u16>(cpu, dataSelector, X.X87_FDS);
    if (step == 4) opcode = (selector >> 16) & 0x7ff;
  } else {
    ip = (ip & 0xffff) | ((selector >> 12) << 16);
    dp = (dp & 0xffff) | ((dataSelector >> 12) << 16);
    store<u16>(cpu, 0, X.X87_FCS);
    store<u16>(cpu, 0, X.X87_FDS);
    opcode = selector & 0x7ff;
  }
  S.setInstruction(cpu, ip, opcode);
  store<u64>(cpu, dp, X.X87_FDP);
  if (immediate & ENVIRONMENT_REGISTERS) {
    const at = b + 7 * step;
    for (let n: u32 = 0; n < 8; n++) {
      if (!readLinear(cpu, at + n * REGISTER_BYTES, 8, mmu)) return 0;
      store<u64>(S.st(cpu, n), load<u64>(cpu, STATE_LOADED));
      if (!readLinear(cpu, at + n * REGISTER_BYTES + 8, 2, mmu)) return 0;
      store<u16>(S.st(cpu, n), load<u16>(cpu, STATE_LOADED), 8);
    }
  }
  return 0;
}
