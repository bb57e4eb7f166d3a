import { describe, expect, it } from 'vitest';
import { pcAcpiTables } from './pc-acpi.ts';
import { RSDP_FILE, TABLES_FILE, tableLoaderFiles } from './table-loader.ts';

const BASE = 0x07ff_e000;

/** What firmware does with the commands (QEMU, hw/acpi/bios-linker-loader.c), each file put where `places` says. */
function execute(
  script: Uint8Array,
  files: Record<string, Uint8Array>,
  places: Record<string, number>,
): void {
  const allocated = new Set<string>();
  for (let at = 0; at < script.length; at += 128) {
    const view = new DataView(script.buffer, at, 128);
    const name = (offset: number): string =>
      Buffer.from(script.subarray(at + offset, at + offset + 56))
        .toString('latin1')
        .replace(/\0.*$/s, '');
    const code = view.getUint32(0, true);
    const file = name(4);
    if (code === 1) {
      expect(places[file] % view.getUint32(60, true)).toBe(0);
      allocated.add(file);
      continue;
    }
    expect(allocated).toContain(file);
    const target = new DataView(files[file].buffer, files[file].byteOffset);
    if (code === 2) {
      const [offset, size] = [view.getUint32(116, true), view.getUint8(120)];
      if (size === 4) target.setUint32(offset, target.getUint32(offset, true) + places[name(60)], true);
      else target.setBigUint64(offset, target.getBigUint64(offset, true) + BigInt(places[name(60)]), true);
    } else {
      expect(code).toBe(3);
      const [offset, start, length] = [60, 64, 68].map((field) => view.getUint32(field, true));
      const sum = files[file].subarray(start, start + length).reduce((a, b) => a + b, 0);
      // SeaBIOS subtracts the sum from what is there, OVMF puts its complement there: only from 0 both give the same.
      expect(files[file][offset]).toBe(0);
      files[file][offset] = -sum & 0xff;
    }
  }
}

describe('the table loader', () => {
  it('gives the tables that are placed by ourselves when there is no firmware', () => {
    const { tables, rsdp, script } = tableLoaderFiles(pcAcpiTables(0, { vcpus: 1, vga: true }));
    execute(
      script,
      { [TABLES_FILE]: tables, [RSDP_FILE]: rsdp },
      { [TABLES_FILE]: BASE, [RSDP_FILE]: 0xf0000 },
    );
    for (const { name, address, bytes } of pcAcpiTables(BASE, { vcpus: 1, vga: true })) {
      const loaded = name === 'RSDP' ? rsdp : tables.subarray(address - BASE, address - BASE + bytes.length);
      expect(Buffer.from(loaded).toString('hex'), name).toBe(Buffer.from(bytes).toString('hex'));
    }
  });
});
