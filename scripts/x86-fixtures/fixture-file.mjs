// The fixture's file format: gzip of one JSON object, described in assembly/tests/x86/fixture.ts.
import { gzipSync } from 'node:zlib';

const EXACT_ROWS = 48;

/** 16 bits of FNV-1a, as assembly/tests/x86/fixture.ts computes it. */
export function rowHash(row) {
  let hash = 0x811c9dc5;
  for (const byte of row) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash ^ (hash >>> 16)) & 0xffff;
}

function littleEndian(value, size) {
  const out = Buffer.alloc(size);
  let rest = BigInt.asUintN(size * 8, BigInt(value));
  for (let i = 0; i < size; i += 1) {
    out[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return out;
}

/** Mask of each column: null for all bits, hex for one value, { each: hex } for one a row. */
function maskBytes({ mask, size }, rows) {
  if (mask === undefined) return null;
  if (typeof mask !== 'function') return littleEndian(mask, size).toString('hex');
  return { each: Buffer.concat(rows.map((row) => littleEndian(mask(row), size))).toString('hex') };
}

function encodeSection(program, section, results) {
  const rows = program.rows(section);
  const masks = section.columns.map((column) => maskBytes(column, rows));
  const masked = rows.map((_, index) => {
    const at = section.at + index * section.stride;
    const row = Buffer.from(results.subarray(at, at + section.stride));
    let offset = 0;
    section.columns.forEach(({ size }, c) => {
      const mask = masks[c];
      if (mask !== null) {
        const bytes = Buffer.from(
          typeof mask === 'string' ? mask : mask.each.slice(index * size * 2, (index + 1) * size * 2),
          'hex',
        );
        for (let i = 0; i < size; i += 1) row[offset + i] &= bytes[i];
      }
      offset += size;
    });
    return row;
  });
  const exact = Math.min(section.tolerance ? rows.length : (section.exact ?? EXACT_ROWS), rows.length);
  // Byte columns of the exact rows: a column of flags or high bytes is mostly constant.
  const columns = [];
  for (let byte = 0; byte < section.stride; byte += 1)
    for (const row of masked.slice(0, exact)) columns.push(row[byte]);
  const hashes = Buffer.alloc((rows.length - exact) * 2);
  masked.slice(exact).forEach((row, index) => {
    hashes.writeUInt16LE(rowHash(row), index * 2);
  });
  const { title, table, count, columns: described, tolerance } = section;
  return {
    title,
    table,
    count,
    columns: described.map(({ name, size }) => [name, size]),
    masks,
    exact,
    expected: Buffer.from(columns).toString('hex'),
    hashes: hashes.toString('hex'),
    tolerance,
  };
}

/** Hex, since gzip finds repeated bytes in it at any alignment; zlib writes mtime 0, so the file is deterministic. */
export const packed = (value) => gzipSync(JSON.stringify(value), { level: 9 });

/** @param {import('./program.mjs').Program} program  @param {Buffer} results the result area */
export function encodeFixture(program, binary, results) {
  const tables = {};
  for (const { name, columns, rows, address, data } of program.tables.values()) {
    tables[name] = { columns, count: rows.length, address, data: data.toString('hex') };
  }
  return packed({
    group: program.group,
    bits: program.bits,
    note: program.note,
    program: binary.toString('hex'),
    tables,
    sections: program.sections.map((section) => encodeSection(program, section, results)),
  });
}
