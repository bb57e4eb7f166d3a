/**
 * Writes Wasm's binary format (WebAssembly Core Specification 2.0 with threads and tail calls, chapter 5) into memory.
 * A writer is the address of a u32 cell that holds the cursor.
 */

export const WASM_I32: u32 = 0x7f;
export const WASM_I64: u32 = 0x7e;
export const WASM_V128: u32 = 0x7b;
export const WASM_VOID: u32 = 0x40;

export const WASM_UNREACHABLE: u32 = 0x00;
export const WASM_BLOCK: u32 = 0x02;
export const WASM_LOOP: u32 = 0x03;
export const WASM_IF: u32 = 0x04;
export const WASM_ELSE: u32 = 0x05;
export const WASM_END: u32 = 0x0b;
export const WASM_BR: u32 = 0x0c;
export const WASM_BR_IF: u32 = 0x0d;
export const WASM_RETURN: u32 = 0x0f;
export const WASM_CALL: u32 = 0x10;
export const WASM_CALL_INDIRECT: u32 = 0x11;
export const WASM_RETURN_CALL_INDIRECT: u32 = 0x13;
export const WASM_SELECT: u32 = 0x1b;
export const WASM_LOCAL_GET: u32 = 0x20;
export const WASM_LOCAL_SET: u32 = 0x21;
export const WASM_LOCAL_TEE: u32 = 0x22;
export const WASM_I32_LOAD: u32 = 0x28;
export const WASM_I64_LOAD: u32 = 0x29;
export const WASM_I64_LOAD8_S: u32 = 0x30;
export const WASM_I64_LOAD8_U: u32 = 0x31;
export const WASM_I64_LOAD16_S: u32 = 0x32;
export const WASM_I64_LOAD16_U: u32 = 0x33;
export const WASM_I64_LOAD32_S: u32 = 0x34;
export const WASM_I64_LOAD32_U: u32 = 0x35;
export const WASM_I32_STORE: u32 = 0x36;
export const WASM_I64_STORE: u32 = 0x37;
export const WASM_I64_STORE8: u32 = 0x3c;
export const WASM_I64_STORE16: u32 = 0x3d;
export const WASM_I64_STORE32: u32 = 0x3e;
export const WASM_I32_CONST: u32 = 0x41;
export const WASM_I64_CONST: u32 = 0x42;
export const WASM_I32_EQZ: u32 = 0x45;
export const WASM_I32_EQ: u32 = 0x46;
export const WASM_I32_LE_S: u32 = 0x4c;
export const WASM_I32_GT_S: u32 = 0x4a;
export const WASM_I64_EQ: u32 = 0x51;
export const WASM_I64_NE: u32 = 0x52;
export const WASM_I64_LT_S: u32 = 0x53;
export const WASM_I64_LT_U: u32 = 0x54;
export const WASM_I64_GT_S: u32 = 0x55;
export const WASM_I64_GT_U: u32 = 0x56;
export const WASM_I64_GE_S: u32 = 0x59;
export const WASM_I64_GE_U: u32 = 0x5a;
export const WASM_I32_CLZ: u32 = 0x67;
export const WASM_I32_CTZ: u32 = 0x68;
export const WASM_I32_POPCNT: u32 = 0x69;
export const WASM_I32_ADD: u32 = 0x6a;
export const WASM_I32_SUB: u32 = 0x6b;
export const WASM_I32_MUL: u32 = 0x6c;
export const WASM_I32_AND: u32 = 0x71;
export const WASM_I32_SHL: u32 = 0x74;
export const WASM_I32_SHR_S: u32 = 0x75;
export const WASM_I32_SHR_U: u32 = 0x76;
export const WASM_I32_ROTL: u32 = 0x77;
export const WASM_I32_ROTR: u32 = 0x78;
export const WASM_I64_CLZ: u32 = 0x79;
export const WASM_I64_CTZ: u32 = 0x7a;
export const WASM_I64_POPCNT: u32 = 0x7b;
export const WASM_I64_ADD: u32 = 0x7c;
export const WASM_I64_SUB: u32 = 0x7d;
export const WASM_I64_MUL: u32 = 0x7e;
export const WASM_I64_AND: u32 = 0x83;
export const WASM_I64_OR: u32 = 0x84;
export const WASM_I64_XOR: u32 = 0x85;
export const WASM_I64_SHL: u32 = 0x86;
export const WASM_I64_SHR_S: u32 = 0x87;
export const WASM_I64_SHR_U: u32 = 0x88;
export const WASM_I64_ROTL: u32 = 0x89;
export const WASM_I64_ROTR: u32 = 0x8a;
export const WASM_I32_WRAP: u32 = 0xa7;
export const WASM_I64_EXTEND_I32_S: u32 = 0xac;
export const WASM_I64_EXTEND_I32_U: u32 = 0xad;
export const WASM_I64_EXTEND8_S: u32 = 0xc2;
export const WASM_I64_EXTEND16_S: u32 = 0xc3;
export const WASM_I64_EXTEND32_S: u32 = 0xc4;

export function put(w: usize, byte: u32): void {
  const at = load<u32>(w);
  store<u8>(at, byte);
  store<u32>(w, at + 1);
}

/** Unsigned LEB128. */
export function putU(w: usize, value: u32): void {
  while (value >= 0x80) {
    put(w, (value & 0x7f) | 0x80);
    value >>= 7;
  }
  put(w, value);
}

/** Signed LEB128. */
export function putS(w: usize, value: i64): void {
  while (true) {
    const low = <u32>value & 0x7f;
    value >>= 7;
    if ((value == 0 && (low & 0x40) == 0) || (value == -1 && (low & 0x40) != 0)) {
      put(w, low);
      return;
    }
    put(w, low | 0x80);
  }
}

/** Reserves a size field of five bytes, to be filled in by patchU. Returns its address. */
export function reserveU(w: usize): usize {
  const at = load<u32>(w);
  store<u32>(w, at + 5);
  return at;
}

/** Fills a reserved field with the number of bytes written since. */
export function patchSize(w: usize, field: usize): void {
  patchU(field, load<u32>(w) - <u32>field - 5);
}

export function patchU(field: usize, value: u32): void {
  for (let i: u32 = 0; i < 4; i++) store<u8>(field + i, ((value >> (7 * i)) & 0x7f) | 0x80);
  store<u8>(field + 4, (value >> 28) & 0x7f);
}

export function putLocalGet(w: usize, local: u32): void {
  put(w, WASM_LOCAL_GET);
  putU(w, local);
}

export function putLocalSet(w: usize, local: u32): void {
  put(w, WASM_LOCAL_SET);
  putU(w, local);
}

export function putLocalTee(w: usize, local: u32): void {
  put(w, WASM_LOCAL_TEE);
  putU(w, local);
}

export function putI32(w: usize, value: u32): void {
  put(w, WASM_I32_CONST);
  putS(w, <i32>value);
}

export function putI64(w: usize, value: i64): void {
  put(w, WASM_I64_CONST);
  putS(w, value);
}

/** A load or store with its alignment hint (log2) and offset. */
export function putMemory(w: usize, opcode: u32, align: u32, offset: u32): void {
  put(w, opcode);
  putU(w, align);
  putU(w, offset);
}

export function putCall(w: usize, index: u32): void {
  put(w, WASM_CALL);
  putU(w, index);
}
