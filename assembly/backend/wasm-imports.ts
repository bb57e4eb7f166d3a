/**
 * The frame of an emitted module: types, imports, table segment. Slow paths and arithmetic that Wasm lacks are imported from the core, so
 * that they are compiled once; the order here is the order of the import section, and the names are exports of assembly/index.ts.
 */
import { patchSize, patchU, put, putS, putU, reserveU, WASM_I32, WASM_I64 } from './wasm-bytes';
import { hintsPut } from './wasm-hints';

/** A region: (budget) → LEAVE_* code. */
export const TYPE_REGION: u32 = 0;
export const TYPE_LOAD: u32 = 1;
export const TYPE_STORE: u32 = 2;
export const TYPE_HELPER: u32 = 3;
export const TYPE_BINARY: u32 = 4;
export const TYPE_UNARY: u32 = 5;
export const TYPE_RMW: u32 = 6;
export const TYPE_FENCE: u32 = 7;
export const TYPE_VECTOR: u32 = 8;

export const IMPORT_LOAD: u32 = 0;
export const IMPORT_STORE: u32 = 1;
export const IMPORT_RMW: u32 = 2;
export const IMPORT_FAULT: u32 = 3;
export const IMPORT_FENCE: u32 = 4;
export const IMPORT_MULHU: u32 = 5;
export const IMPORT_MULHS: u32 = 6;
export const IMPORT_MULHSU: u32 = 7;
export const IMPORT_DIVS: u32 = 8;
export const IMPORT_DIVU: u32 = 9;
export const IMPORT_REMS: u32 = 10;
export const IMPORT_REMU: u32 = 11;
export const IMPORT_DIVS_32: u32 = 12;
export const IMPORT_DIVU_32: u32 = 13;
export const IMPORT_REMS_32: u32 = 14;
export const IMPORT_REMU_32: u32 = 15;
export const IMPORT_BSWAP: u32 = 16;
export const IMPORT_ORCB: u32 = 17;
export const IMPORT_VECTOR_LOAD: u32 = 18;
export const IMPORT_VECTOR_STORE: u32 = 19;
export const IMPORT_COUNT: u32 = 20;

/** Type of each imported function. The field names are single letters from 'a' on. */
const IMPORT_TYPES: usize = memory.data<u8>([
  1,
  2,
  6,
  0,
  7, // load, store, rmw, fault, fence
  4,
  4,
  4, // mulhu, mulhs, mulhsu
  4,
  4,
  4,
  4,
  4,
  4,
  4,
  4, // divisions
  5,
  5, // bswap, orcb
  8,
  8, // vector load, vector store
]);

function type(w: usize, parameters: u64, result: u32): void {
  put(w, 0x60);
  let count: u32 = 0;
  for (let rest = parameters; rest != 0; rest >>= 8) count += 1;
  putU(w, count);
  for (let rest = parameters; rest != 0; rest >>= 8) put(w, <u32>rest & 0xff);
  putU(w, result != 0 ? 1 : 0);
  if (result != 0) put(w, result);
}

function name(w: usize, letter: u32): void {
  put(w, 1);
  put(w, letter);
}

/** Writes everything up to the code section's size for `functions` regions, whose table slots begin at `base`. */
export function wasmModuleHead(cpu: usize, w: usize, functions: u32, base: u32, codeSize: u32): void {
  put(w, 0x00);
  put(w, 0x61);
  put(w, 0x73);
  put(w, 0x6d);
  put(w, 0x01);
  put(w, 0x00);
  put(w, 0x00);
  put(w, 0x00);

  put(w, 1);
  let section = reserveU(w);
  putU(w, 9);
  type(w, 0x7f, WASM_I32);
  type(w, 0x7f7f7e, WASM_I64);
  type(w, 0x7f7f7e7e, WASM_I32);
  type(w, 0x7f7e7e7e7f, WASM_I64);
  type(w, 0x7e7e, WASM_I64);
  type(w, 0x7e, WASM_I64);
  type(w, 0x7f7f7e7e, WASM_I64);
  type(w, 0, 0);
  type(w, 0x7f7f7e, WASM_I32);
  patchSize(w, section);

  put(w, 2);
  section = reserveU(w);
  putU(w, IMPORT_COUNT + 2);
  name(w, 0x65); // e
  name(w, 0x6d); // m
  put(w, 0x02);
  put(w, 0x03); // shared, with a maximum
  putU(w, 1);
  putU(w, 65536);
  name(w, 0x65);
  name(w, 0x74); // t
  put(w, 0x01);
  put(w, 0x70);
  put(w, 0x00);
  putU(w, 0);
  for (let i: u32 = 0; i < IMPORT_COUNT; i++) {
    name(w, 0x65);
    name(w, 0x41 + i); // A to T
    put(w, 0x00);
    putU(w, load<u8>(IMPORT_TYPES + i));
  }
  patchSize(w, section);

  put(w, 3);
  section = reserveU(w);
  putU(w, functions);
  for (let i: u32 = 0; i < functions; i++) put(w, TYPE_REGION);
  patchSize(w, section);

  put(w, 9);
  section = reserveU(w);
  putU(w, 1);
  put(w, 0x00);
  put(w, 0x41);
  putS(w, <i32>base);
  put(w, 0x0b);
  putU(w, functions);
  for (let i: u32 = 0; i < functions; i++) putU(w, IMPORT_COUNT + i);
  patchSize(w, section);

  hintsPut(cpu, w);

  put(w, 10);
  const size = reserveU(w);
  const count = reserveU(w);
  patchU(count, functions);
  patchU(size, codeSize + 5);
}
