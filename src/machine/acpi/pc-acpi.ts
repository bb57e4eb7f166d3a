/** The ACPI tables of `pc-1.0`, placed in guest memory. */
import { APM_ACPI_DISABLE, APM_ACPI_ENABLE } from '../../hw/pci/piix4-pm.ts';
import { PC_IRQ, PC_MAP, PC_PORTS } from '../pc-map.ts';
import { pcDsdt, pcProcessors } from './pc-dsdt.ts';
import { acpiTable, fadt, facs, hpetTable, madt, rsdp, rsdt, xsdt } from './tables.ts';

/** Where kernels look for the root pointer: on 16 bytes in the BIOS segment (ACPI 6.5, section 5.2.5.1). */
export const RSDP_ADDRESS = 0xf0000;

const FACS_ALIGNMENT = 64;
const TABLE_ALIGNMENT = 16;
const CENTURY_BYTE = 0x32;
/** Legacy devices, an 8042 (ACPI 6.5, table 5.11). */
const BOOT_FLAGS = 0x03;
const BOOT_NO_VGA = 0x04;
/** WBINVD, C1, no control method for the sleep button, RESET_REG_SUP (table 5.10). */
const FADT_FLAGS = 0x0425;
const RESET_VALUE = 0x06;
/** Intel, with three comparators of 64 bits and legacy replacement, revision 1. */
const HPET_ID = 0x8086_a201;

export interface PcAcpiOptions {
  vcpus: number;
  /** There is a VGA card. */
  vga: boolean;
  /** Port of the power management registers; default: where SeaBIOS puts them. */
  pm?: number;
}

/** Bytes at a guest-physical address. */
export interface PlacedTable {
  name: string;
  address: number;
  bytes: Uint8Array;
}

let builtDsdt: Uint8Array | undefined;

/** The same in every machine. */
function dsdtTable(): Uint8Array {
  builtDsdt ??= acpiTable('DSDT', 2, pcDsdt());
  return builtDsdt;
}

/**
 * The tables, the root pointer last.
 * @param base where they may lie: aligned to 64 bytes, in memory that the guest leaves alone
 */
export function pcAcpiTables(base: number, { vcpus, vga, pm = PC_PORTS.pm }: PcAcpiOptions): PlacedTable[] {
  const placed: PlacedTable[] = [];
  let next = base;
  const put = (name: string, bytes: Uint8Array, alignment = TABLE_ALIGNMENT): number => {
    const address = Math.ceil(next / alignment) * alignment;
    placed.push({ name, address, bytes });
    next = address + bytes.length;
    return address;
  };
  const facsAddress = put('FACS', facs(), FACS_ALIGNMENT);
  const dsdt = put('DSDT', dsdtTable());
  const tables = [
    put(
      'FADT',
      fadt({
        facs: facsAddress,
        dsdt,
        sci: PC_IRQ.sci,
        smiCommand: PC_PORTS.apm,
        acpiEnable: APM_ACPI_ENABLE,
        acpiDisable: APM_ACPI_DISABLE,
        pm,
        gpe: PC_PORTS.gpe,
        gpeBytes: 4,
        reset: { port: PC_PORTS.resetControl, value: RESET_VALUE },
        century: CENTURY_BYTE,
        bootFlags: BOOT_FLAGS | (vga ? 0 : BOOT_NO_VGA),
        flags: FADT_FLAGS,
      }),
    ),
    put(
      'MADT',
      madt({
        lapic: PC_MAP.lapic.base,
        ioapic: PC_MAP.ioapic.base,
        vcpus,
        overrides: [
          // The PIT is at input 2 of the I/O APIC; ACPI and PCI use the others by level.
          { line: 0, gsi: 2, levelHigh: false },
          ...[5, PC_IRQ.sci, 10, 11].map((line) => ({ line, gsi: line, levelHigh: true })),
        ],
      }),
    ),
    put('HPET', hpetTable(PC_MAP.hpet.base, HPET_ID)),
    put('SSDT', acpiTable('SSDT', 2, pcProcessors(vcpus))),
  ];
  const root = rsdp(put('RSDT', rsdt(tables)), put('XSDT', xsdt(tables)));
  placed.push({ name: 'RSDP', address: RSDP_ADDRESS, bytes: root });
  return placed;
}
