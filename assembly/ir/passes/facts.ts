/**
 * What the fold pass knows about the values of slots at one operation. A record of 16 bytes a slot:
 *
 *   +0 u64 constant (FACT_CONST), or version of the source slot      +8 u16 version: counts the writes to the slot
 *   +10 u8 kind (FACT_*)       +11 u8 shift (FACT_SHIFTED)           +12 u16 number of the source slot
 *   +14 u8 sext: the value is the sign extension of that many low bits   +15 u8 width: it is the zero extension of that many low bits
 *
 * A fact about a source slot holds while that slot's version is the same: so a write costs the same however many slots depend on it.
 */
import * as L from '../../layout';
import {
  FACT_SIZE as SIZE,
  FACT_SYSTEM,
  FACTS,
  FACTS_PENDING,
  FACTS_SAVED,
  FACTS_SAVED_SIZE as SAVED_SIZE,
  SLOT_COUNT,
  SLOT_GLOBALS,
} from '../../scratch';

/** Facts at the ends of nodes, registers only: what is known where the node's only successor by dominance begins. */
const SAVED: u32 = FACTS_SAVED;
/** The one constant that is known of system state: u64 value, u32 slot or 0. */
const SYSTEM: u32 = FACT_SYSTEM;
/** u32 for each slot: see pendingOf. */
const PENDING: u32 = FACTS_PENDING;

export const FACT_NONE: u32 = 0;
export const FACT_CONST: u32 = 1;
/** Equal to the source slot. */
export const FACT_COPY: u32 = 2;
/** The source slot shifted left. */
export const FACT_SHIFTED: u32 = 3;

const VALUE: u32 = 0;
const VERSION: u32 = 8;
const KIND: u32 = 10;
const SHIFT: u32 = 11;
const SOURCE: u32 = 12;
const SEXT: u32 = 14;
const WIDTH: u32 = 15;

function record(cpu: usize, number: u32): usize {
  return cpu - L.CPU_STATE + FACTS + number * SIZE;
}

/** Nothing is known, except that slot 0 is 0. */
export function factsClear(cpu: usize): void {
  memory.fill(record(cpu, 0), 0, SLOT_COUNT * SIZE);
  for (let number: u32 = 0; number < SLOT_COUNT; number++) store<u16>(record(cpu, number), 0x4040, SEXT);
  factConstant(cpu, 0, 0);
  systemSet(cpu, 0, 0);
  memory.fill(cpu - L.CPU_STATE + PENDING, 0, SLOT_COUNT * 4);
}

export function factsSave(cpu: usize, node: u32): void {
  const saved = cpu - L.CPU_STATE + SAVED + node * SAVED_SIZE;
  memory.copy(saved, record(cpu, 0), SLOT_GLOBALS * SIZE);
  memory.copy(saved + SLOT_GLOBALS * SIZE, cpu - L.CPU_STATE + SYSTEM, SIZE);
}

/** Goes on where the node ended. Temporaries do not outlive a node, and nothing that was saved depends on one. */
export function factsRestore(cpu: usize, node: u32): void {
  factsClear(cpu);
  const saved = cpu - L.CPU_STATE + SAVED + node * SAVED_SIZE;
  memory.copy(record(cpu, 0), saved, SLOT_GLOBALS * SIZE);
  memory.copy(cpu - L.CPU_STATE + SYSTEM, saved + SLOT_GLOBALS * SIZE, SIZE);
  for (let number: u32 = 0; number < SLOT_GLOBALS; number++) {
    const at = record(cpu, number);
    if (load<u8>(at, KIND) >= FACT_COPY && load<u16>(at, SOURCE) >= SLOT_GLOBALS)
      store<u8>(at, FACT_NONE, KIND);
  }
}

/** The slot is written with something unknown. */
export function factWrite(cpu: usize, number: u32): void {
  const at = record(cpu, number);
  store<u16>(at, load<u16>(at, VERSION) + 1, VERSION);
  store<u8>(at, FACT_NONE, KIND);
  store<u16>(at, 0x4040, SEXT);
}

/** A helper may have written any register. */
export function factsForgetGlobals(cpu: usize): void {
  for (let number: u32 = 1; number < SLOT_GLOBALS; number++) factWrite(cpu, number);
}

/** After factWrite: what it was written with. */
export function factConstant(cpu: usize, number: u32, value: i64): void {
  const at = record(cpu, number);
  store<u8>(at, FACT_CONST, KIND);
  store<i64>(at, value, VALUE);
  store<u8>(at, <u8>(65 - clz<i64>(value ^ (value >> 63))), SEXT);
  store<u8>(at, <u8>(64 - clz<i64>(value)), WIDTH);
}

export function factSource(cpu: usize, number: u32, kind: u32, source: u32, shift: u32): void {
  const at = record(cpu, number);
  store<u8>(at, kind, KIND);
  store<u8>(at, shift, SHIFT);
  store<u16>(at, source, SOURCE);
  store<u64>(at, load<u16>(record(cpu, source), VERSION), VALUE);
}

export function factRange(cpu: usize, number: u32, sext: u32, width: u32): void {
  const at = record(cpu, number);
  store<u8>(at, sext, SEXT);
  store<u8>(at, width, WIDTH);
}

export function isConstant(cpu: usize, number: u32): bool {
  return load<u8>(record(cpu, number), KIND) == FACT_CONST;
}

export function constantOf(cpu: usize, number: u32): i64 {
  return load<i64>(record(cpu, number), VALUE);
}

/** Whether the slot is the source slot, shifted or not, as this kind says, and the source has not been written since. */
export function isFrom(cpu: usize, number: u32, kind: u32): bool {
  const at = record(cpu, number);
  if (load<u8>(at, KIND) != kind) return false;
  return load<u64>(at, VALUE) == load<u16>(record(cpu, load<u16>(at, SOURCE)), VERSION);
}

export function sourceOf(cpu: usize, number: u32): u32 {
  return load<u16>(record(cpu, number), SOURCE);
}

export function shiftOf(cpu: usize, number: u32): u32 {
  return load<u8>(record(cpu, number), SHIFT);
}

/** The slot holds the sign extension of so many of its low bits, 64 if nothing is known. */
export function sextOf(cpu: usize, number: u32): u32 {
  return load<u8>(record(cpu, number), SEXT);
}

/** The slot holds the zero extension of so many of its low bits, 64 if nothing is known. */
export function widthOf(cpu: usize, number: u32): u32 {
  return load<u8>(record(cpu, number), WIDTH);
}

/** System state was written with a constant; slot 0: with something unknown, or by somebody else. */
export function systemSet(cpu: usize, slot: u32, value: i64): void {
  store<i64>(cpu - L.CPU_STATE + SYSTEM, value);
  store<u32>(cpu - L.CPU_STATE + SYSTEM, slot, 8);
}

export function systemHolds(cpu: usize, slot: u32, value: i64): bool {
  return load<u32>(cpu - L.CPU_STATE + SYSTEM, 8) == slot && load<i64>(cpu - L.CPU_STATE + SYSTEM) == value;
}

/** Address of the operation that wrote the slot as a shift of itself, if nobody has read it since and the region cannot have been left. */
export function pendingOf(cpu: usize, number: u32): usize {
  return load<u32>(cpu - L.CPU_STATE + PENDING + number * 4);
}

export function pendingSet(cpu: usize, number: u32, op: usize): void {
  store<u32>(cpu - L.CPU_STATE + PENDING + number * 4, <u32>op);
}

/** The region may be left here: registers are observable. */
export function pendingForget(cpu: usize): void {
  memory.fill(cpu - L.CPU_STATE + PENDING, 0, SLOT_COUNT * 4);
}
