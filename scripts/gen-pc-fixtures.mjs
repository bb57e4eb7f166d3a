/**
 * Records what other tools make of a PC's reset vector and what QEMU's PCI functions look like, so that our tests need none of them.
 * Needs Debian's binutils on x86 and qemu-system-x86. Usage: node scripts/gen-pc-fixtures.mjs
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

/** Places on QEMU's `pc`, slot * 8 + function. */
const PCI_FUNCTIONS = { i440fx: 0x00, piix3: 0x08, 'piix4-pm': 0x0b };

/** Configuration spaces after reset, and which of their bits a guest can change, in dwords, through QEMU's qtest protocol. */
function pciFunctions() {
  const offsets = Array.from({ length: 64 }, (_, i) => 4 * i);
  const at = (devfn, offset) => `outl 0xcf8 ${0x80000000 + (devfn << 8) + offset}`;
  const commands = [];
  for (const devfn of Object.values(PCI_FUNCTIONS)) {
    for (const offset of offsets) commands.push(at(devfn, offset), 'inl 0xcfc');
    for (const offset of offsets) {
      commands.push(at(devfn, offset), 'outl 0xcfc 0xffffffff', 'inl 0xcfc', 'outl 0xcfc 0', 'inl 0xcfc');
    }
  }
  const options = ['-M', 'pc,accel=tcg', '-S', '-nodefaults', '-display', 'none'];
  const output = execFileSync(
    'qemu-system-i386',
    [...options, '-qtest', 'stdio', '-qtest-log', '/dev/null'],
    {
      input: `${commands.join('\n')}\n`,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  const values = [...output.matchAll(/^OK (0x[0-9a-f]+)/gm)].map(([, value]) => Number(value));
  const hex = (value) => (value >>> 0).toString(16).padStart(8, '0');
  return Object.fromEntries(
    Object.keys(PCI_FUNCTIONS).map((name, i) => {
      const own = values.slice(i * 192, (i + 1) * 192);
      return [
        name,
        {
          reset: own.slice(0, 64).map(hex),
          writable: offsets.map((_, k) => hex(own[64 + 2 * k] & ~own[65 + 2 * k])),
        },
      ];
    }),
  );
}

try {
  const fixtures = {
    resetVector: { protected: resetVector(SYMBOLS), long: resetVector({ ...SYMBOLS, LONG: 1 }) },
    pci: pciFunctions(),
  };
  writeFileSync(local('../src/machine/fixtures/pc.json'), `${JSON.stringify(fixtures, null, 2)}\n`);
} finally {
  rmSync(dir, { recursive: true });
}
