/** `x` and `xp`: memory in QEMU's formats, `/count format size`. */
/** More than this at once is no dump that anybody reads. */
const COUNT_LIMIT = 4096;
const SIZES = { b: 1, h: 2, w: 4, g: 8 };
/** Values in a line, by their size: as QEMU lays them out. */
const PER_LINE = { 1: 8, 2: 8, 4: 4, 8: 2 };
/** `/4xw`, `/8b` or nothing; null: it is no format. */
export function parseFormat(text) {
  const match = /^(?:\/(\d*)([xduoc]?)([bhwg]?)([xduoc]?))?$/.exec(text);
  if (!match) return null;
  const [, count = '', before = '', size = '', after = ''] = match;
  if (before && after) return null;
  const format = before || after || 'x';
  const wanted = count === '' ? 1 : Number(count);
  if (wanted < 1 || wanted > COUNT_LIMIT) return null;
  return { count: wanted, format, size: format === 'c' ? 1 : (SIZES[size] ?? 4) };
}
function valueText(value, { format, size }) {
  switch (format) {
    case 'x':
      return `0x${value.toString(16).padStart(size * 2, '0')}`;
    case 'o':
      return `0${value.toString(8).padStart(Math.ceil((size * 8) / 3), '0')}`;
    case 'u':
      return value.toString().padStart(DECIMAL_WIDTH[size]);
    case 'd':
      return BigInt.asIntN(size * 8, value)
        .toString()
        .padStart(DECIMAL_WIDTH[size] + 1);
    case 'c':
      return value >= 0x20n && value < 0x7fn
        ? `'${String.fromCharCode(Number(value))}'`
        : `'\\x${value.toString(16).padStart(2, '0')}'`;
  }
}
const DECIMAL_WIDTH = { 1: 3, 2: 5, 4: 10, 8: 20 };
/**
 * @param read bytes at an address; null: nobody answers
 * @param digits of the addresses
 */
export function dump(format, start, read, digits) {
  const { count, size } = format;
  const lines = [];
  for (let done = 0; done < count; done += PER_LINE[size]) {
    const number = Math.min(PER_LINE[size], count - done);
    const at = BigInt.asUintN(64, start + BigInt(done * size));
    const values = [];
    for (let i = 0; i < number; i++) {
      const bytes = read(BigInt.asUintN(64, at + BigInt(i * size)), size);
      if (!bytes) {
        lines.push(
          ...(values.length > 0 ? [`${address(at, digits)}: ${values.join(' ')}`] : []),
          `Cannot access memory at address 0x${BigInt.asUintN(64, at + BigInt(i * size)).toString(16)}`,
        );
        return lines;
      }
      let value = 0n;
      for (let byte = size - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(bytes[byte]);
      values.push(valueText(value, format));
    }
    lines.push(`${address(at, digits)}: ${values.join(' ')}`);
  }
  return lines;
}
const address = (at, digits) => at.toString(16).padStart(digits, '0');
//# sourceMappingURL=dump.js.map
