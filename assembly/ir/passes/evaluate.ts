/** Operations on constants: the meaning that ir/ops.def states, for those that the fold pass computes itself. */
import * as O from '../ops.gen';

function sext32(value: u64): u64 {
  return <u64>(<i64>(<i32>value));
}

/** Whether the operation writes `a` and does nothing else. */
export function isPure(code: u32): bool {
  const signature = O.irSignature(code);
  return signature >> 12 == O.EFFECT_NONE && (signature & 7) == O.OPERAND_WRITE;
}

/** Whether `evaluate` knows a pure operation: all but those that take the backend's arithmetic, which compilers fold by themselves. */
export function canEvaluate(code: u32): bool {
  if (code >= O.OP_MULHU && code <= O.OP_REMU) return false;
  if (code >= O.OP_DIVS_32 && code <= O.OP_REMU_32) return false;
  if (code >= O.OP_SELECT && code <= O.OP_VSHUF) return false;
  if (code == O.OP_CALLP) return false;
  return code != O.OP_BSWAP && code != O.OP_ORCB;
}

/** Value of an operation that canEvaluate knows, on operands b and c and its immediate. */
export function evaluate(code: u32, b: u64, c: u64, imm: u64): u64 {
  switch (code) {
    case O.OP_MOV:
      return b;
    case O.OP_MOVI:
      return imm;
    case O.OP_ADD:
      return b + c;
    case O.OP_SUB:
      return b - c;
    case O.OP_AND:
      return b & c;
    case O.OP_OR:
      return b | c;
    case O.OP_XOR:
      return b ^ c;
    case O.OP_ANDN:
      return b & ~c;
    case O.OP_ORN:
      return b | ~c;
    case O.OP_XNOR:
      return ~(b ^ c);
    case O.OP_SHL:
      return b << (c & 63);
    case O.OP_SHR:
      return b >> (c & 63);
    case O.OP_SAR:
      return <u64>(<i64>b >> <i64>(c & 63));
    case O.OP_ROL:
      return rotl<u64>(b, c & 63);
    case O.OP_ROR:
      return rotr<u64>(b, c & 63);
    case O.OP_MUL:
      return b * c;
    case O.OP_LTS:
      return <u64>(<i64>b < <i64>c);
    case O.OP_LTU:
      return <u64>(b < c);
    case O.OP_MINS:
      return <i64>b < <i64>c ? b : c;
    case O.OP_MINU:
      return b < c ? b : c;
    case O.OP_MAXS:
      return <i64>b > <i64>c ? b : c;
    case O.OP_MAXU:
      return b > c ? b : c;
    case O.OP_SHADD:
      return (b << imm) + c;
    case O.OP_SHADDUW:
      return ((<u64>(<u32>b)) << imm) + c;
    case O.OP_ADDI:
      return b + imm;
    case O.OP_ANDI:
      return b & imm;
    case O.OP_ORI:
      return b | imm;
    case O.OP_XORI:
      return b ^ imm;
    case O.OP_SHLI:
      return b << imm;
    case O.OP_SHRI:
      return b >> imm;
    case O.OP_SARI:
      return <u64>(<i64>b >> <i64>imm);
    case O.OP_RORI:
      return rotr<u64>(b, imm);
    case O.OP_LTSI:
      return <u64>(<i64>b < <i64>imm);
    case O.OP_LTUI:
      return <u64>(b < imm);
    case O.OP_SHLIUW:
      return (<u64>(<u32>b)) << imm;
  }
  if (code >= O.OP_ADDU_32 && code <= O.OP_NEI) return evaluateUnsigned(code, b, c, imm);
  return evaluate32(code, b, c, imm);
}

function evaluateUnsigned(code: u32, b: u64, c: u64, imm: u64): u64 {
  switch (code) {
    case O.OP_ADDU_32:
      return <u32>(b + c);
    case O.OP_SUBU_32:
      return <u32>(b - c);
    case O.OP_MULU_32:
      return <u32>(b * c);
    case O.OP_SHLU_32:
      return (<u32>b) << (<u32>c & 31);
    case O.OP_SHRU_32:
      return <u32>b >> (<u32>c & 31);
    case O.OP_SARU_32:
      return <u32>(<i32>b >> (<i32>c & 31));
    case O.OP_ROLU_32:
      return rotl<u32>(<u32>b, <u32>c & 31);
    case O.OP_RORU_32:
      return rotr<u32>(<u32>b, <u32>c & 31);
    case O.OP_ADDIU_32:
      return <u32>(b + imm);
    case O.OP_SHLIU_32:
      return (<u32>b) << (<u32>imm & 31);
    case O.OP_SHRIU_32:
      return <u32>b >> (<u32>imm & 31);
    case O.OP_SARIU_32:
      return <u32>(<i32>b >> (<i32>imm & 31));
    case O.OP_RORIU_32:
      return rotr<u32>(<u32>b, <u32>imm & 31);
    case O.OP_EQ:
      return <u64>(b == c);
    case O.OP_NE:
      return <u64>(b != c);
    case O.OP_EQI:
      return <u64>(b == imm);
  }
  return <u64>(b != imm);
}

function evaluate32(code: u32, b: u64, c: u64, imm: u64): u64 {
  switch (code) {
    case O.OP_ADD_32:
      return sext32(b + c);
    case O.OP_SUB_32:
      return sext32(b - c);
    case O.OP_MUL_32:
      return sext32(b * c);
    case O.OP_SHL_32:
      return sext32((<u32>b) << (<u32>c & 31));
    case O.OP_SHR_32:
      return sext32(<u32>b >> (<u32>c & 31));
    case O.OP_SAR_32:
      return <u64>(<i64>(<i32>b >> (<i32>c & 31)));
    case O.OP_ROL_32:
      return sext32(rotl<u32>(<u32>b, <u32>c & 31));
    case O.OP_ROR_32:
      return sext32(rotr<u32>(<u32>b, <u32>c & 31));
    case O.OP_ADDI_32:
      return sext32(b + imm);
    case O.OP_SHLI_32:
      return sext32((<u32>b) << (<u32>imm & 31));
    case O.OP_SHRI_32:
      return sext32(<u32>b >> (<u32>imm & 31));
    case O.OP_SARI_32:
      return <u64>(<i64>(<i32>b >> (<i32>imm & 31)));
    case O.OP_RORI_32:
      return sext32(rotr<u32>(<u32>b, <u32>imm & 31));
    case O.OP_SEXT8:
      return <u64>(<i64>(<i8>b));
    case O.OP_SEXT16:
      return <u64>(<i64>(<i16>b));
    case O.OP_SEXT32:
      return sext32(b);
    case O.OP_ZEXT32:
      return <u64>(<u32>b);
    case O.OP_CLZ:
      return clz<u64>(b);
    case O.OP_CTZ:
      return ctz<u64>(b);
    case O.OP_POPCNT:
      return popcnt<u64>(b);
    case O.OP_CLZ_32:
      return <u64>clz<u32>(<u32>b);
    case O.OP_CTZ_32:
      return <u64>ctz<u32>(<u32>b);
    case O.OP_POPCNT_32:
      return <u64>popcnt<u32>(<u32>b);
  }
  unreachable();
  return 0;
}
/** Whether the branch is taken. */
export function evaluateBranch(code: u32, b: u64, c: u64): bool {
  switch (code) {
    case O.OP_BEQ:
      return b == c;
    case O.OP_BNE:
      return b != c;
    case O.OP_BLTS:
      return <i64>b < <i64>c;
    case O.OP_BGES:
      return <i64>b >= <i64>c;
    case O.OP_BLTU:
      return b < c;
  }
  return b >= c;
}
