import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as A from './aml.ts';
import { pcAcpiTables } from './pc-acpi.ts';
import { pcDsdt, pcProcessors } from './pc-dsdt.ts';

/** What iasl makes of the same source, and tables of QEMU's `pc` (scripts/gen-pc-fixtures.mjs). */
const { iasl, qemu } = JSON.parse(readFileSync(new URL('../fixtures/pc.json', import.meta.url), 'utf8')).acpi;

const HEADER = 36;
const hex = (bytes: Iterable<number>): string => Buffer.from([...bytes]).toString('hex');
const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);

const tables = pcAcpiTables(0x7fe_0000, { vcpus: 1, vga: false });
const find = (name: string) => tables.find((table) => table.name === name)!;
const view = (name: string): DataView => new DataView(find(name).bytes.buffer);

describe('AML', () => {
  it('is, byte for byte, what iasl compiles from the DSDT’s and the SSDT’s source', () => {
    expect(hex(pcDsdt())).toBe(iasl.dsdt);
    expect(hex(pcProcessors(2))).toBe(iasl.ssdt);
  });

  it('has lengths of one to four bytes (ACPI 6.5, 20.2.4)', () => {
    const length = (contents: number): string =>
      hex(A.scope('A', new Array<number>(contents - 4).fill(0)).slice(1, 5));
    expect(length(62)).toBe('3f415f5f');
    expect(length(63)).toBe('4104415f');
    expect(length(0xffd)).toBe('4fff415f');
    expect(length(0xffe)).toBe('81000141');
    expect(length(0xffffc)).toBe('8fffff41');
    expect(length(0xffffd)).toBe('c1000001');
  });

  it('takes the shortest form of a number', () => {
    expect(
      [0, 1, 2, 0xff, 0x100, 0xffff, 0x10000, 0xffff_ffff].map((value) => hex(A.integer(value))),
    ).toEqual(['00', '01', '0a02', '0aff', '0b0001', '0bffff', '0c00000100', '0cffffffff']);
  });

  it('refuses what is no name', () => {
    for (const wrong of ['a', 'TOOLONG', '', '1AB', 'A..B']) expect(() => A.path(wrong)).toThrow(RangeError);
  });
});

describe('the tables', () => {
  it('have checksums and lengths that are right', () => {
    for (const { name, bytes } of tables) {
      if (name === 'FACS') continue;
      expect(sum(bytes), name).toBe(0);
      if (name === 'RSDP') continue;
      expect(new DataView(bytes.buffer).getUint32(4, true), name).toBe(bytes.length);
    }
    const root = find('RSDP').bytes;
    expect([sum(root.subarray(0, 20)), Buffer.from(root.subarray(0, 8)).toString()]).toEqual([0, 'RSD PTR ']);
  });

  it('are found from the root pointer, through either table of tables', () => {
    const at = (address: number): string => tables.find((table) => table.address === address)!.name;
    expect(find('RSDP').address % 16).toBe(0);
    const [rsdt, xsdt] = [view('RSDP').getUint32(16, true), Number(view('RSDP').getBigUint64(24, true))];
    expect([at(rsdt), at(xsdt)]).toEqual(['RSDT', 'XSDT']);
    const names = ['FADT', 'MADT', 'HPET', 'SSDT'];
    expect(names.map((_, i) => at(view('RSDT').getUint32(HEADER + 4 * i, true)))).toEqual(names);
    expect(names.map((_, i) => at(Number(view('XSDT').getBigUint64(HEADER + 8 * i, true))))).toEqual(names);
    const facs = view('FADT').getUint32(36, true);
    expect([at(facs), at(view('FADT').getUint32(40, true)), facs % 64]).toEqual(['FACS', 'DSDT', 0]);
    expect(view('FADT').getBigUint64(140, true)).toBe(BigInt(view('FADT').getUint32(40, true)));
  });

  it('lie where they may, one behind the other', () => {
    const own = tables.filter(({ name }) => name !== 'RSDP');
    own.slice(1).forEach((next, i) => {
      expect(own[i].address + own[i].bytes.length).toBeLessThanOrEqual(next.address);
    });
    expect(own[0].address).toBe(0x7fe_0000);
    const last = own[own.length - 1];
    expect(last.address + last.bytes.length).toBeLessThan(0x800_0000);
  });

  it('describe interrupt controllers and HPET as QEMU does', () => {
    expect(hex(find('MADT').bytes.subarray(HEADER))).toBe(qemu.APIC.slice(2 * HEADER));
    expect(hex(find('HPET').bytes.subarray(HEADER))).toBe(qemu.HPET.slice(2 * HEADER));
  });

  it('describe the fixed hardware as QEMU does, whose table is of revision 1', () => {
    const theirs = Buffer.from(qemu.FACP, 'hex');
    const ours = Buffer.from(find('FADT').bytes);
    // Interrupt, SMI command and its values, blocks and their lengths; latencies; the century's byte.
    for (const [from, to] of [
      [45, 55],
      [56, 93],
      [96, 104],
      [108, 109],
    ]) {
      expect(ours.subarray(from, to).toString('hex'), `${from}`).toBe(
        theirs.subarray(from, to).toString('hex'),
      );
    }
  });

  it('say how to reset, and that there is no VGA', () => {
    const fadt = find('FADT').bytes;
    expect(hex(fadt.subarray(116, 129))).toBe('01080000f90c00000000000006');
    expect([view('FADT').getUint16(109, true) & 7, view('FADT').getUint32(112, true) & (1 << 10)]).toEqual([
      7,
      1 << 10,
    ]);
  });
});
