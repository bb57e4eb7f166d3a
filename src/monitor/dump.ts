/** `x` and `xp`: memory in QEMU's formats, `/count format size`. */

export interface DumpFormat {
  count: number;
  format: 'x' | 'd' | 'u' | 'o' | 'c';
  size: 1 | 2 | 4 | 8;
}

/** More than this at once is no dump that anybody reads. */
const COUNT_LIMIT = 4096;
const SIZES: Record<string, DumpFormat['size']> = { b: 1, h: 2, w: 4, g: 8 };
/** Values in a line, by their size: as QEMU lays them out. */
const PER_LINE: Record<DumpFormat['size'], number> = { 1: 8, 2: 8, 4: 4, 8: 2 };

/** `/4xw`, `/8b` or nothing; null: it is no format. */
export function parseFormat(text: string): DumpFormat | null {
  const match = /^(?:\/(\d*)([xduoc]?)([bhwg]?)([xduoc]?))?$/.exec(text);
  if (!match) return null;
  const [, count = '', before = '', size = '', after = ''] = match;
  if (before && after) return null;
  const format = (before || after || 'x') as DumpFormat['format'];
  const wanted = count === '' ? 1 : Number(count);
  if (wanted < 1 || wanted > COUNT_LIMIT) return null;
  return { count: wanted, format, size: format === 'c' ? 1 : (SIZES[size] ?? 4) };
}

function valueText(value: bigint, { format, size }: DumpFormat): string {
  switch (format) {
    case 'x':
      return `0x${value.toString(16).padStart(size * 2, '0')}`;
    case 'o':
      return `0${value.toString(8)}`.padStart(Math.ceil((size * 8) / 3));
    case 'u':
      return value.toString().padStart(DECIMAL_WIDTH[size]);
    case 'd':
      // QEMU widens without a sign: only values of eight bytes are ever negative.
      return BigInt.asIntN(64, value).toString().padStart(DECIMAL_WIDTH[size]);
    case 'c':
      return characterText(Number(value));
  }
}

const ESCAPES: Readonly<Record<number, string>> = { 10: '\\n', 13: '\\r', 39: "\\'", 92: '\\\\' };

function characterText(code: number): string {
  const printable = code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : null;
  return `'${ESCAPES[code] ?? printable ?? `\\x${code.toString(16).padStart(2, '0')}`}'`;
}

const DECIMAL_WIDTH: Record<DumpFormat['size'], number> = { 1: 3, 2: 5, 4: 10, 8: 20 };

/**
 * @param read bytes at an address; null: nobody answers
 * @param digits of the addresses
 */
export function dump(
  format: DumpFormat,
  start: bigint,
  read: (address: bigint, length: number) => Uint8Array | null,
  digits: number,
): string[] {
  const { count, size } = format;
  const lines: string[] = [];
  for (let done = 0; done < count; done += PER_LINE[size]) {
    const number = Math.min(PER_LINE[size], count - done);
    const at = BigInt.asUintN(64, start + BigInt(done * size));
    const bytes = read(at, number * size);
    if (!bytes) {
      lines.push(`${address(at, digits)}: Cannot access memory`);
      return lines;
    }
    const values = Array.from({ length: number }, (_, i) => {
      let value = 0n;
      for (let byte = size - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(bytes[i * size + byte]);
      return valueText(value, format);
    });
    lines.push(`${address(at, digits)}: ${values.join(' ')}`);
  }
  return lines;
}

const address = (at: bigint, digits: number): string => at.toString(16).padStart(digits, '0');
