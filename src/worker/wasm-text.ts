/**
 * Text of the functions in a module that tier 1 emitted, one instruction a line, with addresses in the vCPU's area by name, so that a golden
 * file does not change when the memory map does. It knows Wasm's MVP with sign extension, tail calls and what tier 1 uses of the
 * others; anything else throws.
 */
import * as L from '../memory/layout.gen.ts';

const CONTROL: Record<number, string> = {
  ...{ 0: 'unreachable', 1: 'nop', 2: 'block', 3: 'loop', 4: 'if', 5: 'else', 11: 'end' },
  ...{ 12: 'br', 13: 'br_if', 15: 'return', 16: 'call', 17: 'call_indirect' },
  ...{ 18: 'return_call', 19: 'return_call_indirect', 26: 'drop', 27: 'select' },
  ...{ 32: 'local.get', 33: 'local.set', 34: 'local.tee' },
};
const MEMORY =
  'i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32'.split(
    ' ',
  );
const COMPARE = (type: string) =>
  'eqz eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'.split(' ').map((n) => `${type}.${n}`);
const COMPARE_F = (type: string) => 'eq ne lt gt le ge'.split(' ').map((n) => `${type}.${n}`);
const INTEGER = (type: string) =>
  'clz ctz popcnt add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr'
    .split(' ')
    .map((n) => `${type}.${n}`);
const FLOAT = (type: string) =>
  'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign'
    .split(' ')
    .map((n) => `${type}.${n}`);
const CONVERT =
  'i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64 f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32 i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64 i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s'.split(
    ' ',
  );
/** From 0x45 on. */
const NUMERIC = [
  ...COMPARE('i32'),
  ...COMPARE('i64'),
  ...COMPARE_F('f32'),
  ...COMPARE_F('f64'),
  ...INTEGER('i32'),
  ...INTEGER('i64'),
  ...FLOAT('f32'),
  ...FLOAT('f64'),
  ...CONVERT,
];
const TYPES: Record<number, string> = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64', 64: '' };

/** Parts of a vCPU's area, the last first. */
const AREAS: readonly (readonly [number, string])[] = [
  [L.CPU_REGIONS, 'region'],
  [L.CPU_TB_ARENA, 'ir'],
  [L.CPU_JUMP_CACHE, 'jumps'],
  [L.CPU_TLB, 'tlb'],
  [L.CPU_COMM, 'comm'],
  [L.CPU_STATE, 'cpu'],
];

function address(value: number): string {
  const offset = value - L.VCPU_BASE;
  if (offset < 0 || offset >= L.VCPU_STRIDE) return String(value);
  const [start, name] = AREAS.find(([from]) => offset >= from) ?? [0, 'cpu'];
  return `${name}+0x${(offset - start).toString(16)}`;
}

class Reader {
  readonly bytes: Uint8Array;
  at = 0;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  byte(): number {
    return this.bytes[this.at++] as number;
  }
  u(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }
  s(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return byte & 0x40 ? value - (1n << (shift + 7n)) : value;
    }
  }
}

export interface FunctionText {
  readonly text: string;
  /** Instructions, without those that only end or begin a label. */
  readonly operations: number;
  readonly bytes: number;
}

function instruction(reader: Reader): string {
  const opcode = reader.byte();
  if (opcode in CONTROL) {
    const name = CONTROL[opcode];
    if (opcode >= 0x02 && opcode <= 0x04) return `${name} ${TYPES[reader.byte()]}`.trim();
    if ([0x0c, 0x0d, 0x10, 0x12, 0x20, 0x21, 0x22].includes(opcode)) return `${name} ${reader.u()}`;
    if (opcode === 0x11 || opcode === 0x13) return `${name} type ${reader.u()} table ${reader.u()}`;
    return name;
  }
  if (opcode === 0x0e) {
    const labels = Array.from({ length: reader.u() + 1 }, () => reader.u());
    return `br_table ${labels.join(' ')}`;
  }
  if (opcode >= 0x28 && opcode <= 0x3e) {
    reader.u();
    const offset = reader.u();
    return `${MEMORY[opcode - 0x28]}${offset ? ` ${address(offset)}` : ''}`;
  }
  if (opcode === 0x41) return `i32.const ${address(Number(reader.s()))}`;
  if (opcode === 0x42) {
    const value = reader.s();
    return `i64.const ${value >= 0x10000n ? `0x${value.toString(16)}` : value}`;
  }
  const numeric = NUMERIC[opcode - 0x45];
  if (numeric) return numeric;
  throw new Error(`opcode 0x${opcode.toString(16)} at ${reader.at - 1}: add it to wasm-text.ts`);
}

const HINTS = 'metadata.code.branch_hint';

/** Branch hints of each function, by the offset of its branch in the function's body. Modules of tier 1 have an entry for every function. */
function branchHints(reader: Reader): Map<number, string>[] {
  return Array.from({ length: reader.u() }, () => {
    reader.u();
    const hints = new Map<number, string>();
    for (let left = reader.u(); left > 0; left--) {
      const offset = reader.u();
      if (reader.u() !== 1) throw new Error('a branch hint is one byte');
      hints.set(offset, reader.byte() === 1 ? 'likely' : 'unlikely');
    }
    return hints;
  });
}

/** Texts of all functions of a module, in order. Branches with a hint say so at their end. */
export function wasmText(module: Uint8Array): FunctionText[] {
  const reader = new Reader(module);
  reader.at = 8;
  let hints: Map<number, string>[] = [];
  while (reader.at < module.length) {
    const section = reader.byte();
    const size = reader.u();
    if (section !== 10) {
      const after = reader.at + size;
      if (
        section === 0 &&
        new TextDecoder().decode(module.slice(reader.at + 1, reader.at + 1 + HINTS.length)) === HINTS
      ) {
        reader.at += 1 + HINTS.length;
        hints = branchHints(reader);
      }
      reader.at = after;
      continue;
    }
    return Array.from({ length: reader.u() }, (_, index) => {
      const bytes = reader.u();
      const start = reader.at;
      const end = reader.at + bytes;
      const locals: string[] = [];
      for (let groups = reader.u(); groups > 0; groups--)
        locals.push(`${reader.u()} ${TYPES[reader.byte()]}`);
      const lines = [`locals ${locals.join(', ')}`];
      let depth = 0;
      let operations = 0;
      while (reader.at < end) {
        const hint = hints[index]?.get(reader.at - start);
        const text = instruction(reader);
        const isLabel = /^(block|loop|if|else|end)\b/.test(text);
        if (/^(end|else)/.test(text)) depth -= 1;
        lines.push('  '.repeat(Math.max(depth, 0)) + text + (hint ? ` ;; ${hint}` : ''));
        if (isLabel && text !== 'end') depth += 1;
        if (!isLabel || text.startsWith('if')) operations += 1;
      }
      return { text: lines.join('\n'), operations, bytes };
    });
  }
  return [];
}
