/** Helpers of rare integer instructions of SSE4.1. */

/** Helper (callp) of PHMINPOSUW: b and c are the source's halves. The least word and, above it, its number. */
export function helperMinimumWord(_cpu: usize, b: u64, c: u64, _third: u64, _immediate: u32): u64 {
  let least: u64 = 0xffff;
  let at: u64 = 0;
  for (let n: u64 = 0; n < 8; n++) {
    const word = ((n < 4 ? b : c) >> ((n & 3) << 4)) & 0xffff;
    if (word >= least) continue;
    least = word;
    at = n;
  }
  return least | (at << 16);
}

/** Helper (callp) of MPSADBW: b and c are the halves of operand 0, third = 4 bytes. Four sums, from byte `immediate` of operand 0 on. */
export function helperSumsOfDifferences(_cpu: usize, b: u64, c: u64, third: u64, immediate: u32): u64 {
  let result: u64 = 0;
  for (let n: u32 = 0; n < 4; n++) {
    let sum: i32 = 0;
    for (let k: u32 = 0; k < 4; k++) {
      const at = immediate + n + k;
      const x = <i32>(((at < 8 ? b : c) >> ((at & 7) << 3)) & 0xff);
      sum += abs<i32>(x - <i32>((third >> (k << 3)) & 0xff));
    }
    result |= (<u64>sum) << (n << 4);
  }
  return result;
}
