/**
 * Records what other tools make of a PC's reset vector and of its ACPI source, and what QEMU's PCI functions and ACPI tables look
 * like, so that our tests need none of them.
 * Needs Debian's binutils on x86, acpica-tools and qemu-system-x86. Usage: node scripts/gen-pc-fixtures.mjs
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { qtest } from './lib/qtest.mjs';

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
const PCI_FUNCTIONS = { i440fx: 0x00, piix3: 0x08, 'piix4-pm': 0x0b, 'virtio-blk-pci': 0x28 };
/** A disk with one queue, in slot 5. */
const PCI_OPTIONS = [
  ...['-drive', 'if=none,id=disk,driver=null-co,size=1M'],
  ...['-device', 'virtio-blk-pci-non-transitional,drive=disk,addr=5,num-queues=1'],
];

/** Configuration spaces after reset, and which of their bits a guest can change, in dwords, through QEMU's qtest protocol. */
async function pciFunctions() {
  const offsets = Array.from({ length: 64 }, (_, i) => 4 * i);
  const at = (devfn, offset) => `outl 0xcf8 ${0x80000000 + (devfn << 8) + offset}`;
  const commands = [];
  for (const devfn of Object.values(PCI_FUNCTIONS)) {
    for (const offset of offsets) commands.push(at(devfn, offset), 'inl 0xcfc');
    for (const offset of offsets) {
      commands.push(at(devfn, offset), 'outl 0xcfc 0xffffffff', 'inl 0xcfc', 'outl 0xcfc 0', 'inl 0xcfc');
    }
  }
  const values = (await qtest(commands, PCI_OPTIONS)).filter((answer) => answer !== '').map(Number);
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

/** What iasl makes of a definition block, behind the table's header, in hex. */
function compileAsl(name, source) {
  writeFileSync(path(`${name}.asl`), source);
  // Without its own ideas: no folding of constants, no shorter paths.
  execFileSync('iasl', ['-on', '-of', '-p', path(name), path(`${name}.asl`)], { stdio: 'ignore' });
  return readFileSync(path(`${name}.aml`))
    .subarray(36)
    .toString('hex');
}

function dsdt() {
  const source = readFileSync(local('pc-fixtures/dsdt.asl'), 'utf8');
  const routing = [];
  for (let slot = 0; slot < 32; slot++) {
    for (let pin = 0; pin < 4; pin++) {
      // QEMU 7.2, hw/pci-host/i440fx.c: the pin's line is (pin + slot - 1) & 3.
      const address = `0x${slot.toString(16).padStart(4, '0')}FFFF`;
      routing.push(`Package () { ${address}, ${pin}, LNK${'DABC'[(slot + pin) & 3]}, Zero }`);
    }
  }
  const link = source.match(/^ {8}Device \(LNKA\)[\s\S]*?^ {8}\}$/m)[0];
  const others = [1, 2, 3].map((i) =>
    link
      .replaceAll('LNKA', `LNK${'ABCD'[i]}`)
      .replaceAll('PRQ0', `PRQ${i}`)
      .replace('_UID, 0x01', `_UID, 0x0${i + 1}`),
  );
  return compileAsl(
    'dsdt',
    source.replace('PRT_ENTRIES', routing.join(',\n')).replace('LINKS', others.join('\n')),
  );
}

/** Every key of -smbios that we have. */
const SMBIOS_TOLD = [
  'type=0,vendor=V,version=1.x,date=11/21/2026,release=2.3,uefi=on',
  'type=1,manufacturer=M,product=P,version=v,serial=S,,1,uuid=00112233-4455-6677-8899-aabbccddeeff',
  'type=1,sku=K,family=F',
  'type=2,manufacturer=M2,product=P2,version=v2,serial=S2,asset=A2,location=L2',
  'type=3,manufacturer=M3,version=v3,serial=S3,asset=A3,sku=K3',
  'type=11,value=one',
  'type=11,value=two',
];

/** ACPI tables that SeaBIOS has put into the memory of QEMU's `pc`, by signature, and its SMBIOS structures, in hex. */
async function qemuTables(options = []) {
  const child = spawn(
    'qemu-system-i386',
    ['-M', 'pc', '-m', '128', '-nodefaults', '-display', 'none', '-monitor', 'stdio', ...options],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  // SeaBIOS takes half a second to get that far.
  await new Promise((resolve) => setTimeout(resolve, 4000));
  child.stdin.end(
    `pmemsave 0x7fe0000 0x20000 "${path('memory')}"\npmemsave 0xf0000 0x10000 "${path('bios')}"\nquit\n`,
  );
  await ended;
  const memory = readFileSync(path('memory'));
  const tables = {};
  for (const signature of ['FACP', 'APIC', 'HPET']) {
    // The DSDT, which comes first, has the same letters in names.
    const at = memory.lastIndexOf(signature);
    tables[signature] = memory.subarray(at, at + memory.readUInt32LE(at + 4)).toString('hex');
  }
  const bios = readFileSync(path('bios'));
  const entry = bios.indexOf('_SM_');
  const smbios = bios.readUInt32LE(entry + 0x18) - 0xf0000;
  const length = bios.readUInt16LE(entry + 0x16);
  return { tables, smbios: bios.subarray(smbios, smbios + length).toString('hex') };
}

try {
  const firmware = await qemuTables();
  const told = await qemuTables(SMBIOS_TOLD.flatMap((option) => ['-smbios', option]));
  const fixtures = {
    resetVector: { protected: resetVector(SYMBOLS), long: resetVector({ ...SYMBOLS, LONG: 1 }) },
    pci: await pciFunctions(),
    acpi: {
      iasl: { dsdt: dsdt(), ssdt: compileAsl('ssdt', readFileSync(local('pc-fixtures/ssdt.asl'), 'utf8')) },
      qemu: firmware.tables,
    },
    smbios: firmware.smbios,
    smbiosTold: { options: SMBIOS_TOLD, tables: told.smbios },
  };
  writeFileSync(local('../src/machine/fixtures/pc.json'), `${JSON.stringify(fixtures, null, 2)}\n`);
} finally {
  rmSync(dir, { recursive: true });
}
