/**
 * Builds ACPI Machine Language. Each function returns the bytes of one term, to be put into another.
 * Specification: ACPI 6.5, chapter 20 (AML) and section 6.4 (resource descriptors).
 */
export type Aml = readonly number[];

const word = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff];
const dword = (value: number): number[] => [...word(value), ...word(value >>> 16)];
const ascii = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

/** An object's contents behind the length that counts itself (section 20.2.4). */
function pkg(contents: Aml): number[] {
  for (let bytes = 1; bytes <= 4; bytes++) {
    const length = contents.length + bytes;
    if (bytes === 1 && length < 0x40) return [length, ...contents];
    if (bytes > 1 && length < 2 ** (4 + 8 * (bytes - 1))) {
      const rest = Array.from({ length: bytes - 1 }, (_, i) => (length >>> (4 + 8 * i)) & 0xff);
      return [((bytes - 1) << 6) | (length & 0x0f), ...rest, ...contents];
    }
  }
  throw new RangeError('an AML object of 256 MiB or more');
}

/** A name or path such as `PCI0`, `\_SB` or `\_SB.PCI0.ISA.PRQ0` (section 20.2.2). */
export function path(text: string): Aml {
  const root = text.startsWith('\\');
  const segments = (root ? text.slice(1) : text).split('.');
  const names = segments.flatMap((segment) => {
    if (!/^[A-Z_][A-Z0-9_]{0,3}$/.test(segment)) throw new RangeError(`"${segment}" is no ACPI name`);
    return ascii(segment.padEnd(4, '_'));
  });
  const prefix = segments.length === 1 ? [] : segments.length === 2 ? [0x2e] : [0x2f, segments.length];
  return [...(root ? [0x5c] : []), ...prefix, ...names];
}

/** An unsigned number of at most 32 bits, in the shortest form. */
export function integer(value: number): Aml {
  if (value === 0 || value === 1) return [value];
  if (value <= 0xff) return [0x0a, value];
  if (value <= 0xffff) return [0x0b, ...word(value)];
  return [0x0c, ...dword(value)];
}

export const string = (text: string): Aml => [0x0d, ...ascii(text), 0];

/** A Plug and Play identifier such as `PNP0A03`, as a number (section 19.6.37). */
export function eisaId(id: string): Aml {
  const letter = (i: number): number => id.charCodeAt(i) - 0x40;
  const value = (letter(0) << 26) | (letter(1) << 21) | (letter(2) << 16) | Number.parseInt(id.slice(3), 16);
  return [0x0c, ...dword(value).reverse()];
}

export const name = (where: string, value: Aml): Aml => [0x08, ...path(where), ...value];
export const scope = (where: string, ...terms: Aml[]): Aml => [
  0x10,
  ...pkg([...path(where), ...terms.flat()]),
];
export const device = (where: string, ...terms: Aml[]): Aml => [
  ...[0x5b, 0x82],
  ...pkg([...path(where), ...terms.flat()]),
];
export const packageOf = (...elements: Aml[]): Aml => [0x12, ...pkg([elements.length, ...elements.flat()])];

export function method(where: string, args: number, serialized: boolean, ...terms: Aml[]): Aml {
  return [0x14, ...pkg([...path(where), args | (serialized ? 0x08 : 0), ...terms.flat()])];
}

export const arg = (index: number): Aml => [0x68 + index];
export const returns = (value: Aml): Aml => [0xa4, ...value];
export const ifTrue = (condition: Aml, ...terms: Aml[]): Aml => [
  0xa0,
  ...pkg([...condition, ...terms.flat()]),
];
/** Bitwise and, its result kept nowhere. */
export const and = (a: Aml, b: Aml): Aml => [0x7b, ...a, ...b, 0];
export const less = (a: Aml, b: Aml): Aml => [0x95, ...a, ...b];
export const store = (value: Aml, target: Aml): Aml => [0x70, ...value, ...target];
/** Names the dword at a byte offset of a buffer. */
export const dwordField = (buffer: Aml, offset: number, field: string): Aml => [
  ...[0x8a, ...buffer],
  ...[...integer(offset), ...path(field)],
];

/** A range of PCI's configuration space of the device that it stands in, and names for its bytes. */
export function configBytes(region: string, offset: number, fields: readonly string[]): Aml {
  const PCI_CONFIG = 0x02;
  const BYTE_ACCESS = 0x01;
  return [
    ...[0x5b, 0x80, ...path(region), PCI_CONFIG, ...integer(offset), ...integer(fields.length)],
    ...[
      0x5b,
      0x81,
      ...pkg([...path(region), BYTE_ACCESS, ...fields.flatMap((field) => [...path(field), 8])]),
    ],
  ];
}

/** A buffer of resource descriptors, with the tag that ends them. */
export function resources(...descriptors: Aml[]): Aml {
  const bytes = [...descriptors.flat(), 0x79, 0x00];
  return [0x11, ...pkg([...integer(bytes.length), ...bytes])];
}

/** I/O ports at a fixed place, all 16 bits of the address decoded (section 6.4.2.5). */
export const ioPorts = (base: number, size: number): Aml => [
  0x47,
  0x01,
  ...word(base),
  ...word(base),
  1,
  size,
];
/** One ISA interrupt, edge-triggered (section 6.4.2.1). */
export const isaIrq = (line: number): Aml => [0x22, ...word(1 << line)];
/** A channel of the ISA's 8-bit DMA, with compatible timing, no bus master (section 6.4.2.2). */
export const isaDma = (channel: number): Aml => [0x2a, 1 << channel, 0];
/** Level-triggered, active-high, shared interrupts, of which one is used (section 6.4.3.6). */
export const levelInterrupt = (...lines: number[]): Aml => [
  ...[0x89, ...word(2 + 4 * lines.length)],
  ...[0x09, lines.length],
  ...lines.flatMap(dword),
];
/** Read-only memory at a fixed place (section 6.4.3.4). */
export const fixedMemory = (base: number, size: number): Aml => [
  0x86,
  ...word(9),
  0,
  ...dword(base),
  ...dword(size),
];

/** What a bridge passes on: fixed, positively decoded (section 6.4.3.5). */
const PRODUCED = 0x0c;
const RANGE_MEMORY = 0;
const RANGE_IO = 1;
const RANGE_BUS = 2;

export const busNumbers = (first: number, last: number): Aml => wordRange(RANGE_BUS, 0, first, last);
export const ioRange = (first: number, last: number): Aml => wordRange(RANGE_IO, 0x03, first, last);

function wordRange(kind: number, flags: number, first: number, last: number): Aml {
  return [0x88, ...word(13), kind, PRODUCED, flags, ...[0, first, last, 0, last - first + 1].flatMap(word)];
}

export function memoryRange(first: number, last: number, cacheable: boolean): Aml {
  const flags = cacheable ? 0x03 : 0x01;
  const size = last - first + 1;
  return [0x87, ...word(23), RANGE_MEMORY, PRODUCED, flags, ...[0, first, last, 0, size].flatMap(dword)];
}
