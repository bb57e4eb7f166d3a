/**
 * `li`: the instruction sequence for a 64-bit constant, the same that GNU as 2.40 chooses.
 */

/**
 * @param {string} rd
 * @param {bigint} constant any value of 64 bits, signed or unsigned
 * @returns {string[]} instructions
 */
export function loadConstant(rd, constant) {
  const value = BigInt.asIntN(64, constant);
  if (value === BigInt.asIntN(12, value)) return [`addi ${rd}, x0, ${value}`];
  const low = BigInt.asIntN(12, value);
  let upper = BigInt.asIntN(64, value - low);
  if (value === BigInt.asIntN(32, value)) {
    const lines = [];
    if (upper !== 0n) lines.push(`lui ${rd}, ${BigInt.asUintN(20, upper >> 12n)}`);
    if (low !== 0n || upper === 0n) lines.push(`addiw ${rd}, ${upper === 0n ? 'x0' : rd}, ${low}`);
    return lines;
  }
  let shift = 12n;
  while (((upper >> shift) & 1n) === 0n) shift++;
  upper >>= shift;
  const lines = [...loadShortened(rd, upper), `slli ${rd}, ${rd}, ${shift}`];
  if (low !== 0n) lines.push(`addi ${rd}, ${rd}, ${low}`);
  return lines;
}

/**
 * The head of a longer sequence: GNU as uses `addiw` from x0 here even for 12-bit values.
 * @param {string} rd
 * @param {bigint} value
 */
function loadShortened(rd, value) {
  if (value === BigInt.asIntN(12, value)) return [`addiw ${rd}, x0, ${value}`];
  return loadConstant(rd, value);
}
