// The fixture's file format: gzip of one JSON object, described in assembly/tests/riscv/fixture.ts.
import { gzipSync } from 'node:zlib';
import { wordsToBuffer } from './program.mjs';

/** Column-major words compress better than row-major ones: a column of flags is mostly constant. */
function columns(rows, width) {
  const out = [];
  for (let column = 0; column < width; column += 1) for (const row of rows) out.push(row[column]);
  return wordsToBuffer(out).toString('hex');
}

/** @param {bigint[]} expected all result words in program order */
export function encodeFixture(program, binary, expected) {
  const tables = {};
  for (const [name, { labels, rows }] of program.tables) {
    tables[name] = { labels, count: rows.length, data: columns(rows, labels.length) };
  }
  const sections = program.sections.map(({ title, labels, names, table, variants, count, first }) => {
    const rows = [];
    for (let i = 0; i < count; i += 1) {
      const at = first + i * labels.length;
      rows.push(expected.slice(at, at + labels.length));
    }
    return { title, labels, names, table, variants, count, expected: columns(rows, labels.length) };
  });
  const json = JSON.stringify({
    group: program.group,
    note: program.note,
    program: binary.toString('hex'),
    tables,
    sections,
  });
  // Hex, since gzip finds repeated words in it at any alignment; zlib writes mtime 0, so the file is deterministic.
  return gzipSync(json, { level: 9 });
}
