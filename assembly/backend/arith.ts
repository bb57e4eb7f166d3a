/** Arithmetic of the IR that Wasm has no single instruction for: ir/ops.def states the meaning. */

export function mulhu(b: u64, c: u64): u64 {
  const bl = b & 0xffffffff;
  const bh = b >> 32;
  const cl = c & 0xffffffff;
  const ch = c >> 32;
  const mid = bh * cl + ((bl * cl) >> 32);
  const low = bl * ch + (mid & 0xffffffff);
  return bh * ch + (mid >> 32) + (low >> 32);
}

export function mulhs(b: u64, c: u64): u64 {
  return mulhu(b, c) - (<i64>b < 0 ? c : 0) - (<i64>c < 0 ? b : 0);
}

export function mulhsu(b: u64, c: u64): u64 {
  return mulhu(b, c) - (<i64>b < 0 ? c : 0);
}

export function divs64(b: u64, c: u64): u64 {
  if (c == 0) return -1;
  if (c == <u64>-1) return 0 - b;
  return <u64>(<i64>b / <i64>c);
}

export function divu64(b: u64, c: u64): u64 {
  return c == 0 ? -1 : b / c;
}

export function rems64(b: u64, c: u64): u64 {
  if (c == 0) return b;
  if (c == <u64>-1) return 0;
  return <u64>(<i64>b % <i64>c);
}

export function remu64(b: u64, c: u64): u64 {
  return c == 0 ? b : b % c;
}

export function divs32(b: u64, c: u64): u64 {
  return <u64>(<i64>(<i32>divs64(<u64>(<i64>(<i32>b)), <u64>(<i64>(<i32>c)))));
}

export function divu32(b: u64, c: u64): u64 {
  const divisor = <u32>c;
  return <u64>(<i64>(<i32>(divisor == 0 ? -1 : <u32>b / divisor)));
}

export function rems32(b: u64, c: u64): u64 {
  return <u64>(<i64>(<i32>rems64(<u64>(<i64>(<i32>b)), <u64>(<i64>(<i32>c)))));
}

export function remu32(b: u64, c: u64): u64 {
  const divisor = <u32>c;
  return <u64>(<i64>(<i32>(divisor == 0 ? <u32>b : <u32>b % divisor)));
}

export function bswap64(b: u64): u64 {
  return bswap<u64>(b);
}

/** Spreads each byte's bits over the byte: first OR the byte's bits into its lowest one, then multiply it by 0xff. */
export function orcb64(b: u64): u64 {
  b |= (b >> 1) & 0x7f7f7f7f7f7f7f7f;
  b |= (b >> 2) & 0x3f3f3f3f3f3f3f3f;
  b |= (b >> 4) & 0x0f0f0f0f0f0f0f0f;
  return (b & 0x0101010101010101) * 0xff;
}
