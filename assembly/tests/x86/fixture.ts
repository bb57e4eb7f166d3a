/**
 * The instruction fixtures: a program and what a real x86-64 CPU left in its result area.
 *
 * A file is gzip of one JSON object (`FixtureFile`). The program has one loop a section: it takes each row of an operand table, runs the section's
 * instructions and stores a row of results, whose columns follow each other without gaps. Only the first rows are kept in full, byte
 * column by byte column; of the others a 16-bit hash is kept. Bits that the manual leaves undefined are masked in both.
 * `scripts/gen-x86-fixtures.mjs` writes the files; with --show it prints a case in full.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

// As in scripts/x86-fixtures/layout.mjs and rom.mjs.
export const FAULT = 0x0010_0008n;
export const VECTOR = 0x0010_0010n;
export const MODE = 0x0010_0018n;
export const PROGRAM_BASE = 0x0020_0000n;
export const RESULT_BASE = 0x0100_0000n;
export const ROM_BASE = 0xffff_0000n;
export const ROM_BYTES = 0x10000;

interface TableFile {
  readonly columns: [string, number][];
  readonly count: number;
  readonly address: number;
  readonly data: string;
}

/** Results that the manual gives to a tolerance: 80-bit columns by units in the last place, single-precision lanes by relative error. */
interface Tolerance {
  readonly columns: string[];
  readonly ulp?: number;
  readonly relative?: number;
}

interface SectionFile {
  readonly title: string;
  readonly table: string;
  readonly count: number;
  readonly columns: [string, number][];
  /** Defined bits of each column: null all, hexadecimal little-endian bytes, or such bytes for each row. */
  readonly masks: (string | { each: string } | null)[];
  readonly exact: number;
  readonly tolerance?: Tolerance;
  readonly expected: string;
  readonly hashes: string;
}

interface FixtureFile {
  readonly group: string;
  readonly bits: 32 | 64;
  readonly note: string;
  readonly program: string;
  readonly tables: Record<string, TableFile>;
  readonly sections: SectionFile[];
}

/** The cases of one instruction form. */
export interface Section {
  readonly title: string;
  readonly count: number;
  /** Differences from the expectation as readable lines, at most `most`; `results` begins with the section's first row. */
  mismatches(results: Uint8Array, most: number): { count: number; lines: string[] };
  /** Bytes of all its results. */
  readonly bytes: number;
  /** Offset of its results in the result area. */
  readonly at: number;
}

export interface Fixture {
  readonly group: string;
  readonly bits: 32 | 64;
  readonly note: string;
  readonly program: Uint8Array;
  readonly tables: readonly { address: bigint; data: Uint8Array }[];
  readonly sections: readonly Section[];
}

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

/** A little-endian number in hexadecimal. */
function number(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes)
    .reverse()
    .toString('hex')
    .replace(/^0+(?=.)/, '')}`;
}

/** 16 bits of FNV-1a, as scripts/x86-fixtures/fixture-file.mjs computes it. */
export function rowHash(row: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of row) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash ^ (hash >>> 16)) & 0xffff;
}

/** The 80-bit pattern as a number that grows with the value. */
function ordered(bytes: Uint8Array): bigint {
  const pattern = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  const magnitude = pattern & ((1n << 79n) - 1n);
  // The integer bit is set in all but the smallest numbers: without it, neighbours differ by 1 across exponents too.
  const dense = ((magnitude >> 64n) << 63n) | (magnitude & ((1n << 63n) - 1n));
  return pattern >> 79n ? -dense : dense;
}

function isClose(a: Uint8Array, b: Uint8Array, { ulp, relative }: Tolerance): boolean {
  if (ulp !== undefined) {
    const distance = ordered(a) - ordered(b);
    return (distance < 0n ? -distance : distance) <= BigInt(ulp);
  }
  const [x, y] = [a, b].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset));
  for (let lane = 0; lane < a.length; lane += 4) {
    const [p, q] = [x.getFloat32(lane, true), y.getFloat32(lane, true)];
    const same = x.getUint32(lane, true) === y.getUint32(lane, true);
    // Both are within the tolerance of the exact value.
    if (!same && !(Math.abs(p - q) <= 2 * (relative ?? 0) * Math.abs(p))) return false;
  }
  return true;
}

function describeColumns(columns: [string, number][], row: Uint8Array): string {
  let offset = 0;
  return columns
    .map(([name, size]) => {
      const text = `${name} ${number(row.subarray(offset, offset + size))}`;
      offset += size;
      return text;
    })
    .join(', ');
}

function section(file: SectionFile, table: TableFile, at: number): Section {
  const stride = file.columns.reduce((sum, [, size]) => sum + size, 0);
  const masks = file.masks.map(
    (mask) => mask && (typeof mask === 'string' ? bytesOf(mask) : bytesOf(mask.each)),
  );
  const expected = bytesOf(file.expected);
  const hashes = bytesOf(file.hashes);
  const data = bytesOf(table.data);
  const inputs = data.length / table.count;
  /** Clears the undefined bits of a row. */
  const mask = (row: Uint8Array, index: number) => {
    let offset = 0;
    file.columns.forEach(([, size], column) => {
      const bytes = masks[column];
      if (bytes) {
        const from = bytes.length > size ? index * size : 0;
        for (let i = 0; i < size; i++) row[offset + i] &= bytes[from + i];
      }
      offset += size;
    });
  };
  const differs = (wanted: Uint8Array, row: Uint8Array) => {
    if (!file.tolerance) return Buffer.compare(wanted, row) !== 0;
    let offset = 0;
    return file.columns.some(([name, size]) => {
      const [a, b] = [wanted, row].map((bytes) => bytes.subarray(offset, offset + size));
      offset += size;
      return (
        Buffer.compare(a, b) !== 0 &&
        !(file.tolerance?.columns.includes(name) && isClose(a, b, file.tolerance))
      );
    });
  };
  const differing = (actual: Uint8Array, wanted: Uint8Array) => {
    let offset = 0;
    const parts: string[] = [];
    for (const [name, size] of file.columns) {
      const [is, should] = [actual, wanted].map((row) => number(row.subarray(offset, offset + size)));
      if (is !== should) parts.push(`${name} is ${is}, expected ${should}`);
      offset += size;
    }
    return parts.join('; ');
  };
  return {
    title: file.title,
    count: file.count,
    at,
    bytes: stride * file.count,
    mismatches(results, most) {
      const lines: string[] = [];
      let count = 0;
      const wanted = new Uint8Array(stride);
      for (let index = 0; index < file.count; index++) {
        const row = results.slice(index * stride, (index + 1) * stride);
        mask(row, index);
        let text: string;
        if (index < file.exact) {
          for (let i = 0; i < stride; i++) wanted[i] = expected[i * file.exact + index];
          if (!differs(wanted, row)) continue;
          text = differing(row, wanted);
        } else {
          const hash = (index - file.exact) * 2;
          if (rowHash(row) === (hashes[hash] | (hashes[hash + 1] << 8))) continue;
          text = `${describeColumns(file.columns, row)} (other hash)`;
        }
        count++;
        if (lines.length >= most) continue;
        const operands = describeColumns(table.columns, data.subarray(index * inputs, (index + 1) * inputs));
        lines.push(`${file.title}, row ${index} (${operands}): ${text}`);
      }
      return { count, lines };
    },
  };
}

export const unpack = <T>(name: string): T => {
  const path = new URL(`./fixtures/${name}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as T;
};

/** Reads `fixtures/<group>.json.gz`; throws when it is missing, since a missing expectation is a failure. */
export function loadFixture(group: string): Fixture {
  const file = unpack<FixtureFile>(group);
  let at = 0;
  const sections = file.sections.map((one) => {
    const made = section(one, file.tables[one.table], at);
    at += made.bytes;
    return made;
  });
  const tables = Object.values(file.tables).map(({ address, data }) => ({
    address: BigInt(address),
    data: bytesOf(data),
  }));
  return {
    group: file.group,
    bits: file.bits,
    note: file.note,
    program: bytesOf(file.program),
    tables,
    sections,
  };
}

/** The firmware of scripts/x86-fixtures/rom.mjs: ROM_BYTES that end at 4 GiB. */
export function loadRom(): Uint8Array {
  return bytesOf(unpack<{ rom: string }>('rom').rom);
}
