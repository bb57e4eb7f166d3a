/**
 * Flattened device trees, version 17.
 * Specification: Devicetree Specification 0.4, chapter 5.
 */

const MAGIC = 0xd00dfeed;
const VERSION = 17;
const LAST_COMPATIBLE_VERSION = 16;
const HEADER_BYTES = 40;

const FDT_BEGIN_NODE = 1;
const FDT_END_NODE = 2;
const FDT_PROP = 3;
const FDT_END = 9;

/** One node: properties and children in the order in which they were added. */
export class FdtNode {
  readonly name: string;
  readonly properties = new Map<string, Uint8Array>();
  readonly children: FdtNode[] = [];

  /** @param name with unit address, if it has one: `serial@10000000`; empty for the root */
  constructor(name = '') {
    this.name = name;
  }

  child(name: string): FdtNode {
    const node = new FdtNode(name);
    this.children.push(node);
    return node;
  }

  /** 32-bit cells. A value of more than 32 bits is given as two cells: see {@link cells64}. */
  cells(property: string, ...values: number[]): this {
    const bytes = new Uint8Array(values.length * 4);
    const view = new DataView(bytes.buffer);
    values.forEach((value, i) => {
      view.setUint32(i * 4, value);
    });
    return this.bytes(property, bytes);
  }

  /** One string, or a list of strings. */
  strings(property: string, ...values: string[]): this {
    return this.bytes(property, new TextEncoder().encode(values.map((value) => `${value}\0`).join('')));
  }

  /** A property without a value: true by being there. */
  flag(property: string): this {
    return this.bytes(property, new Uint8Array(0));
  }

  bytes(property: string, value: Uint8Array): this {
    this.properties.set(property, value);
    return this;
  }
}

/** The two cells of each 64-bit number, most significant first: for `reg` with two address and two size cells. */
export function cells64(...values: number[]): number[] {
  return values.flatMap((value) => [Math.floor(value / 2 ** 32), value % 2 ** 32]);
}

/**
 * Encodes a tree as a blob (DTB) with an empty memory reservation block.
 * @param bootCpu physical id of the CPU that boots
 */
export function encodeFdt(root: FdtNode, bootCpu = 0): Uint8Array<ArrayBuffer> {
  const strings = new StringBlock();
  const structure: number[] = [];
  encodeNode(root, structure, strings);
  pushCell(structure, FDT_END);

  const reservations = HEADER_BYTES;
  const structureAt = reservations + 16;
  const stringsAt = structureAt + structure.length;
  const blob = new Uint8Array(align4(stringsAt + strings.bytes.length));
  const view = new DataView(blob.buffer);
  const header = [
    MAGIC,
    blob.length,
    structureAt,
    stringsAt,
    reservations,
    VERSION,
    LAST_COMPATIBLE_VERSION,
    bootCpu,
    strings.bytes.length,
    structure.length,
  ];
  header.forEach((value, i) => {
    view.setUint32(i * 4, value);
  });
  blob.set(structure, structureAt);
  blob.set(strings.bytes, stringsAt);
  return blob;
}

function encodeNode(node: FdtNode, out: number[], strings: StringBlock): void {
  pushCell(out, FDT_BEGIN_NODE);
  pushPadded(out, new TextEncoder().encode(`${node.name}\0`));
  for (const [name, value] of node.properties) {
    pushCell(out, FDT_PROP);
    pushCell(out, value.length);
    pushCell(out, strings.offset(name));
    pushPadded(out, value);
  }
  for (const child of node.children) encodeNode(child, out, strings);
  pushCell(out, FDT_END_NODE);
}

/** Property names, each once. */
class StringBlock {
  readonly bytes: number[] = [];
  private readonly offsets = new Map<string, number>();

  offset(name: string): number {
    const known = this.offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.bytes.length;
    this.offsets.set(name, offset);
    this.bytes.push(...new TextEncoder().encode(`${name}\0`));
    return offset;
  }
}

function pushCell(out: number[], value: number): void {
  out.push((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

function pushPadded(out: number[], bytes: Uint8Array): void {
  for (const byte of bytes) out.push(byte);
  while (out.length % 4 !== 0) out.push(0);
}

function align4(value: number): number {
  return Math.ceil(value / 4) * 4;
}
