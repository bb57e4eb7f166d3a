/**
 * Records what other tools make of a PC's reset vector, so that its tests need none of them.
 * Needs Debian's binutils on x86. Usage: node scripts/gen-pc-fixtures.mjs
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'pc-fixtures-'));
const path = (name) => join(dir, name);

/** As in pc-boot.test.ts. */
const SYMBOLS = { ENTRY: 0x100200, ZERO_PAGE: 0x7000, STACK: 0x8ff0, PAGE_TABLES: 0x9000 };

/** SHA-256 of the 64 KiB that GNU as makes. */
function resetVector(symbols) {
  const defines = Object.entries(symbols).flatMap(([name, value]) => ['--defsym', `${name}=${value}`]);
  execFileSync('as', ['--64', ...defines, '-o', path('r.o'), local('pc-fixtures/reset-vector.s')]);
  execFileSync('ld', ['--oformat=binary', '-Ttext=0', '-e0', '-o', path('r.bin'), path('r.o')]);
  return createHash('sha256')
    .update(readFileSync(path('r.bin')))
    .digest('hex');
}

try {
  const fixtures = {
    resetVector: { protected: resetVector(SYMBOLS), long: resetVector({ ...SYMBOLS, LONG: 1 }) },
  };
  writeFileSync(local('../src/machine/fixtures/pc.json'), `${JSON.stringify(fixtures, null, 2)}\n`);
} finally {
  rmSync(dir, { recursive: true });
}
