/**
 * Which slots of the vCPU state are Wasm locals in a region: guest registers and temporaries that its operations name. Other slots (system
 * state that translated code writes) stay in memory. Slot 0 is no local either: it is the constant 0.
 */
import * as L from '../layout';
import * as C from '../scratch';
import * as O from '../ir/ops.gen';
import { OP_A, OP_B, OP_C, OP_IMM, OP_SIZE } from '../ir/builder';
import { nodeOpsEnd } from '../ir/passes/region';
import { graphCount, graphNode, NODE_OPS } from '../tb/graph';
import { STATE_TEMPS, STATE_VECTOR_TEMP_COUNT, STATE_VECTOR_TEMPS, STATE_ZERO } from '../vcpu/state';
import { putLocalGet, putLocalSet, putI32, putMemory, WASM_I64_LOAD, WASM_I64_STORE } from './wasm-bytes';
import { putVectorLoad, putVectorStore } from './wasm-vector';

/** Fixed locals: parameter, i32 scratch, i64 scratch; then slots of 8 bytes; and where vectors occur a v128 scratch and slots of 16. */
export const LOCAL_BUDGET: u32 = 0;
export const LOCAL_ENTRY: u32 = 1;
export const LOCAL_KIND: u32 = 2;
/** Linear addresses of groups of accesses: see ir/passes/probe.ts. */
export const LOCAL_PROBES: u32 = 3;
export const LOCAL_PC: u32 = LOCAL_PROBES + C.PROBE_LOCALS;
export const LOCAL_ADDRESS: u32 = LOCAL_PC + 1;
export const LOCAL_VALUE: u32 = LOCAL_PC + 2;
export const LOCAL_FIRST_REGISTER: u32 = LOCAL_PC + 3;

/** End of the guest's registers among the slots. */
const GLOBALS_END: u32 = 0x200;

/** u8 for each slot: 1 + its number among the locals of its type, or 0; whether it is written; whether it has 16 bytes. */
const NUMBERS: u32 = C.LOCAL_NUMBERS;
const WRITTEN: u32 = C.LOCALS_WRITTEN;
const VECTORS: u32 = C.LOCALS_VECTOR;
/** u32 cells. */
const COUNT: u32 = C.LOCAL_COUNTS;
const VECTOR_COUNT: u32 = C.LOCAL_COUNTS + 4;
const SLOTS: u32 = (STATE_VECTOR_TEMPS + STATE_VECTOR_TEMP_COUNT * 16) >> 3;
if (SLOTS > C.SLOTS_MAX) ERROR('Operations can name more slots than scratch.ts has room for.');

export function localsCount(cpu: usize): u32 {
  return load<u32>(cpu - L.CPU_STATE + COUNT);
}

/** The local that holds a slot, or 0 if the slot stays in memory. */
export function localOf(cpu: usize, slot: u32): u32 {
  if (slot >= SLOTS << 3) return 0;
  const number = <u32>load<u8>(cpu - L.CPU_STATE + NUMBERS + (slot >> 3));
  if (number == 0) return 0;
  return number - 1 + (isVector(cpu, slot) ? localVector(cpu) + 1 : LOCAL_FIRST_REGISTER);
}

/** Locals of type v128, the scratch included; 0 if the region has no vectors. */
export function localsVectorCount(cpu: usize): u32 {
  return load<u32>(cpu - L.CPU_STATE + VECTOR_COUNT);
}

/** The scratch of type v128. */
export function localVector(cpu: usize): u32 {
  return LOCAL_FIRST_REGISTER + localsCount(cpu);
}

function isVector(cpu: usize, slot: u32): bool {
  return load<u8>(cpu - L.CPU_STATE + VECTORS + (slot >> 3)) != 0;
}

function use(cpu: usize, slot: u32, written: bool, vector: bool): void {
  if (vector && localsVectorCount(cpu) == 0) store<u32>(cpu - L.CPU_STATE + VECTOR_COUNT, 1);
  if (slot == STATE_ZERO || !(slot < GLOBALS_END || (slot >= STATE_TEMPS && slot < SLOTS << 3))) return;
  const number = cpu - L.CPU_STATE + NUMBERS + (slot >> 3);
  if (load<u8>(number) == 0) {
    const counter = cpu - L.CPU_STATE + (vector ? VECTOR_COUNT : COUNT);
    const count = load<u32>(counter) + 1;
    store<u32>(counter, count);
    store<u8>(cpu - L.CPU_STATE + VECTORS + (slot >> 3), vector ? 1 : 0);
    // The first of the vectors is the scratch.
    store<u8>(number, <u8>(vector ? count - 1 : count));
  }
  if (written) store<u8>(cpu - L.CPU_STATE + WRITTEN + (slot >> 3), 1);
}

/** Numbers the slots that the graph's operations name. */
export function localsAssign(cpu: usize): void {
  memory.fill(cpu - L.CPU_STATE + NUMBERS, 0, SLOTS);
  memory.fill(cpu - L.CPU_STATE + WRITTEN, 0, SLOTS);
  memory.fill(cpu - L.CPU_STATE + VECTORS, 0, SLOTS);
  store<u32>(cpu - L.CPU_STATE + COUNT, 0);
  store<u32>(cpu - L.CPU_STATE + VECTOR_COUNT, 0);
  for (let i: u32 = 0; i < graphCount(cpu); i++) {
    const node = graphNode(cpu, i);
    const end = nodeOpsEnd(node);
    for (let op: usize = load<u32>(node, NODE_OPS); op < end; op += OP_SIZE) {
      const signature = O.irSignature(load<u16>(op));
      operand(cpu, signature & 7, load<u16>(op, OP_A));
      operand(cpu, (signature >> 3) & 7, load<u16>(op, OP_B));
      operand(cpu, (signature >> 6) & 7, load<u16>(op, OP_C));
      if (((signature >> 9) & 7) == O.IMM_HELPER)
        use(cpu, <u32>(load<u64>(op, OP_IMM) >> 16) & 0xffff, false, false);
    }
  }
}

function operand(cpu: usize, kind: u32, slot: u32): void {
  if (kind == O.OPERAND_READ) use(cpu, slot, false, false);
  else if (kind == O.OPERAND_WRITE) use(cpu, slot, true, false);
  else if (kind == O.OPERAND_VREAD) use(cpu, slot, false, true);
  else if (kind == O.OPERAND_VWRITE) use(cpu, slot, true, true);
}

/** Emits the loads of all guest registers that are locals. */
export function localsLoad(cpu: usize, w: usize): void {
  for (let slot: u32 = 8; slot < GLOBALS_END; slot += 8) {
    const local = localOf(cpu, slot);
    if (local == 0) continue;
    putI32(w, 0);
    if (isVector(cpu, slot)) putVectorLoad(w, <u32>cpu + slot);
    else putMemory(w, WASM_I64_LOAD, 3, <u32>cpu + slot);
    putLocalSet(w, local);
  }
}

/** Emits the stores of those that the region changes anywhere. */
export function localsStore(cpu: usize, w: usize): void {
  storeRange(cpu, w, 8, GLOBALS_END);
}

/** Emits the stores of temporaries, which what is left of an instruction may need when the region is left in its middle. */
export function localsStoreTemps(cpu: usize, w: usize): void {
  storeRange(cpu, w, STATE_TEMPS, SLOTS << 3);
}

function storeRange(cpu: usize, w: usize, from: u32, to: u32): void {
  for (let slot = from; slot < to; slot += 8) {
    if (load<u8>(cpu - L.CPU_STATE + WRITTEN + (slot >> 3)) == 0) continue;
    putI32(w, 0);
    putLocalGet(w, localOf(cpu, slot));
    if (isVector(cpu, slot)) putVectorStore(w, <u32>cpu + slot);
    else putMemory(w, WASM_I64_STORE, 3, <u32>cpu + slot);
  }
}
